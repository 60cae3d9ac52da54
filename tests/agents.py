"""Agents for scenarios that play in an environment: one that solves each, and others that do not.

An agent is asked, turn by turn, what it says and calls; it is told the scenario and what has been
said. `play` leads it through a scenario without Inspect: the world is the real one, and what comes
out is the reply that checks see. `model` makes an Inspect model of it, `script` what a server on
loopback answers.

What solves a scenario stands in it, under `expect.solution`:

    solution:
      look: [{name: search_mail, arguments: {words: rota}}]   # perhaps, and before it asks
      ask: Which week do you mean?           # perhaps, and before anything is done
      calls: [{name: edit_document, arguments: {edits: [...]}}]
      say: The meeting is on Thursday now.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model
from inspect_ai.tool import ToolCall as InspectToolCall

from tastemaker.conversation import context, scripted
from tastemaker.environments.kinds import open_world
from tastemaker.grade import Panel, RubricGrader
from tastemaker.records import Message, Reply, ToolCall
from tastemaker.rubric import Rubric
from tastemaker.scenario import Scenario, setting_of
from tastemaker.task import document_after


@dataclass(frozen=True)
class Turn:
    """What an agent does when it is asked: it calls, or it says and is done."""

    say: str = ""
    calls: Sequence[Mapping[str, Any]] = field(default=())


Agent = Callable[[Scenario, Sequence[Message]], Turn]


def reference(scenario: Scenario, messages: Sequence[Message]) -> Turn:
    """Does what the scenario says solves it."""
    solution = scenario.expect["solution"]
    said = [one for one in messages[len(scenario.messages) :] if one.role == "assistant"]
    asked = any(one.text == solution.get("ask") for one in said)
    steps = [one for one in said if one.tool_calls]
    look = solution.get("look", [])
    if len(steps) < len(look):
        return Turn(calls=[look[len(steps)]])
    if solution.get("ask") and not asked:
        return Turn(say=solution["ask"])
    calls = [*look, *solution.get("calls", [])]
    if len(steps) < len(calls):
        return Turn(calls=[calls[len(steps)]])
    return Turn(say=solution.get("say", "Done."))


def once(call: Callable[[Scenario], Mapping[str, Any] | None], say: str = "Done.") -> Agent:
    """Makes the same kind of call whatever is asked, once, and says so."""

    def agent(scenario: Scenario, messages: Sequence[Message]) -> Turn:
        made = call(scenario)
        if made is None or messages[-1].role == "tool":
            return Turn(say=say)
        return Turn(calls=[made])

    return agent


def idle(scenario: Scenario, messages: Sequence[Message]) -> Turn:
    """Never acts."""
    return Turn(say="Sure, I could do that for you.")


def play(scenario: Scenario, agent: Agent, rounds: int = 12) -> Reply:
    """The reply of an agent to a scenario whose user is a script or says no more."""
    setting = setting_of(scenario)
    world, fresh = open_world(setting), open_world(setting)
    messages = list(scenario.messages)
    for message in messages:
        for call in message.tool_calls:
            world.call(call.name, call.arguments)
    own, turn, answered = [], Turn(), 0
    for _ in range(rounds):
        turn = agent(scenario, messages)
        calls = tuple(
            ToolCall(name=one["name"], arguments=one.get("arguments", {}), id=f"c{len(messages)}")
            for one in turn.calls
        )
        own.append(len(messages))
        messages.append(Message(role="assistant", text=turn.say, tool_calls=calls))
        for call in calls:
            answer = world.call(call.name, call.arguments).answer
            messages.append(Message(role="tool", text=answer, tool_call_id=call.id))
        if calls:
            continue
        user = scenario.user
        if user is None or not user.scripted or answered == user.turns:
            break
        reply = scripted(user, turn.say)
        if not reply:
            break
        answered += 1
        messages.append(Message(role="user", text=reply))
    work = fresh.replay(messages, own)
    return Reply(
        text=turn.say,
        prompt=scenario.prompt,
        messages=tuple(messages),
        own=tuple(own),
        document=document_after(work, scenario.document),
        reference=scenario.reference,
        expect=scenario.expect,
        labels=scenario.labels,
        work=work,
    )


def model(agent: Agent, scenarios: Sequence[Scenario]) -> Model:
    """An Inspect model that does what the agent does; it knows a scenario by what is said."""

    def answer(input: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        said = [_plain(one) for one in input if one.role != "system"]
        told = "\n".join(one.text for one in input if one.role == "system")
        turn = agent(recognised(scenarios, told, said), said)
        output = ModelOutput.from_content("mockllm/agent", turn.say)
        output.usage = ModelUsage()
        if turn.calls:
            output.choices[0].message.tool_calls = [
                InspectToolCall(
                    id=f"c{len(said)}", function=one["name"], arguments=dict(one["arguments"])
                )
                for one in turn.calls
            ]
        return output

    return get_model("mockllm/agent", custom_outputs=answer, memoize=False)


def recognised(scenarios: Sequence[Scenario], told: str, messages: Sequence[Message]) -> Scenario:
    """The scenario whose user says this, and of which the model is told the most.

    Twins may say the same: on another day, with something on the list, after other sessions.
    """
    said = [one.text.strip() for one in messages if one.role == "user"]
    fitting = {}
    for scenario in scenarios:
        written = [one.text.strip() for one in scenario.messages if one.role == "user"]
        if said[: len(written)] == written and (shown := _told(scenario)) in told:
            fitting[len(shown)] = scenario
    if not fitting:
        raise LookupError(f"no scenario says {said}")
    return fitting[max(fitting)]


def _told(scenario: Scenario) -> str:
    given = {
        "history": [one.model_dump() for one in scenario.history],
        "now": scenario.now,
        "timezone": scenario.timezone,
    }
    return context(given, open_world(setting_of(scenario)))


def _plain(message: Any) -> Message:
    calls = tuple(
        ToolCall(name=one.function, arguments=one.arguments, id=one.id)
        for one in getattr(message, "tool_calls", None) or ()
    )
    return Message(role=message.role, text=message.text, tool_calls=calls)


def scored(rubric: Rubric, reply: Reply) -> dict[str, float | None]:
    """What the checks of a rubric say of a reply, satisfied from 0 to 1, by principle.criterion."""
    graded = asyncio.run(RubricGrader(rubric).grade(reply, Panel()))
    found = {}
    for (principle, name), criterion in rubric.applicable(reply.labels):
        if criterion.check:
            value = graded.findings[principle, name].value
            turned = criterion.weight_for(reply.labels) < 0 and value is not None
            found[f"{principle}.{name}"] = 1 - value if turned else value
    return found
