"""How a model is led through a scenario: its turns, its tools, the user on the other side."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import (
    ToolCall as InspectToolCall,
)
from inspect_ai.tool import (
    ToolCallContent,
    ToolCallView,
    ToolDef,
    ToolError,
    ToolParams,
)
from inspect_ai.util import JSONSchema, json_schema, store

from tastemaker.checks.asking import asked_before, go_aheads
from tastemaker.checks.manner import questions
from tastemaker.environments.kinds import open_world
from tastemaker.environments.world import Arguments, Setting, Tool, World
from tastemaker.recorded import RecordedReply
from tastemaker.records import Message, ToolCall
from tastemaker.scenario import SimulatedUser

GIVEN = "given"
"""The metadata key of a sample for what checks, judges and tools are given of its scenario."""
MISSING = "missing"
"""The metadata key of a sample that a recorded arm has no reply for."""
OFFERED = "offered"
"""The metadata key of a sample for the tools that its arm offers; absent: all."""
ADDED = "tastemaker"
"""The metadata key of messages that no graders see: an arm's examples, what is shown at first."""
FROM_ARM = {ADDED: "arm"}
FROM_ENVIRONMENT = {ADDED: "environment"}
ROUNDS = 12
"""Calls of the model for one turn of the user; who goes on calling tools is stopped there."""
USER = "user"
"""Inspect's role of the model that plays the user."""
DONE = "DONE"
"""What the model that plays the user writes when it has nothing more to say."""

# Messages, theirs and ours ------------------------------------------------------------------------


def chat_message(message: Message) -> ChatMessage:
    """One of our messages as Inspect's."""
    match message.role:
        case "system":
            return ChatMessageSystem(content=message.text)
        case "user":
            return ChatMessageUser(content=message.text)
        case "tool":
            return ChatMessageTool(content=message.text, tool_call_id=message.tool_call_id or None)
        case _:
            calls = [
                InspectToolCall(id=call.id, function=call.name, arguments=dict(call.arguments))
                for call in message.tool_calls
            ]
            return ChatMessageAssistant(content=message.text, tool_calls=calls or None)


def plain_message(message: ChatMessage) -> Message:
    """One of Inspect's messages as ours; a tool that failed says why."""
    calls = message.tool_calls if isinstance(message, ChatMessageAssistant) else None
    tool_call_id = message.tool_call_id if isinstance(message, ChatMessageTool) else None
    return Message(
        role=message.role,
        text=message.text or _error(message),
        tool_calls=tuple(
            ToolCall(
                name=call.function,
                arguments=call.arguments,
                id=call.id,
                unread=call.parse_error or "",
            )
            for call in calls or ()
        ),
        tool_call_id=tool_call_id or "",
    )


def _error(message: ChatMessage) -> str:
    """Why a tool did nothing, which Inspect keeps beside the text of its message."""
    error = message.error if isinstance(message, ChatMessageTool) else None
    return error.message if error else ""


class Seen(NamedTuple):
    """A conversation as graders see it: without what the arm or the environment added to it."""

    messages: tuple[Message, ...]
    own: tuple[int, ...]
    """Places of the messages that the model made."""


def seen(messages: Iterable[ChatMessage]) -> Seen:
    """What graders see of a conversation."""
    shown = [m for m in messages if ADDED not in (m.metadata or {})]
    return Seen(
        tuple(plain_message(message) for message in shown),
        tuple(
            place
            for place, message in enumerate(shown)
            if message.role == "assistant" and message.source == "generate"
        ),
    )


# What the model is shown and may use --------------------------------------------------------------


def setting_in(metadata: Mapping[str, Any]) -> Setting | None:
    """The world of a sample by its metadata; None where its scenario plays in none."""
    given = metadata.get(GIVEN, {})
    environment = given.get("environment")
    if environment is None:
        return None
    tools = given.get("tools")
    setting = Setting(
        kind=environment["kind"],
        state=environment.get("state", {}),
        document=given.get("document"),
        selection=given.get("selection"),
        tools=None if tools is None else tuple(tools),
        now=given.get("now"),
        timezone=given.get("timezone"),
    )
    return setting.offering(metadata.get(OFFERED))


def context(given: Mapping[str, Any], world: World | None) -> str:
    """What the model is told before the user speaks: earlier sessions, the time, what is open."""
    sessions = [_session(one) for one in given.get("history", ())]
    earlier = "Earlier conversations with this user:\n\n" + "\n\n".join(sessions)
    parts = [
        earlier if sessions else "",
        _moment(given.get("now"), given.get("timezone")),
        world.shown() if world else "",
        given.get("document") or "" if world is None else "",
    ]
    return "\n\n".join(filter(None, parts))


def _session(session: Mapping[str, Any]) -> str:
    when = f"[{session['when']}]\n" if session.get("when") else ""
    said = [f"{one['role']}: {one['content']}" for one in session["messages"]]
    return when + "\n".join(said)


def _moment(now: str | None, timezone: str | None) -> str:
    if now is None:
        return f"The user's time zone is {timezone}." if timezone else ""
    moment = datetime.fromisoformat(now)
    told = f"It is {moment:%A}, {moment.day} {moment:%B %Y, %H:%M}"
    return f"{told} ({timezone})." if timezone else f"{told}."


def inspect_tools(world: World) -> list[ToolDef]:
    """The tools of a world as Inspect's; each call changes the world and the sample's store."""
    return [_inspect_tool(world, one) for one in world.tools]


def _inspect_tool(world: World, tool: Tool) -> ToolDef:
    async def execute(**kwargs: Any) -> str:
        answer, ok = world.call(tool.name, kwargs)
        store().set("environment", world.data())
        if not ok:
            raise ToolError(answer)
        return answer

    schema = _schema(tool.arguments)
    return ToolDef(
        execute,
        name=tool.name,
        description=tool.about,
        parameters=ToolParams(properties=schema.properties or {}, required=schema.required or []),
        viewer=readable,
        max_output=0,
    )


@cache
def _schema(arguments: type[Arguments]) -> JSONSchema:
    """Made once for each tool: it takes longer than all the rest of a sample's set-up."""
    return json_schema(arguments)


def readable(call: InspectToolCall) -> ToolCallView:
    """A call as people read it in `inspect view`: an edit as what goes and what comes."""
    shown = [_field(name, value) for name, value in call.arguments.items()]
    content = "\n\n".join(shown)
    return ToolCallView(
        call=ToolCallContent(title=call.function, format="markdown", content=content)
    )


def _field(name: str, value: Any) -> str:
    if name == "content" and isinstance(value, str):
        return f"~~~~\n{value}\n~~~~"
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return "\n\n".join(
            _replaced(one) if "replacement" in one else _listed(one) for one in value
        )
    return f"**{name}**: {value}"


def _replaced(edit: Mapping[str, Any]) -> str:
    gone = str(edit.get("pattern", f"characters {edit.get('start')} to {edit.get('end')}"))
    lines = [f"- {line}" for line in gone.splitlines()]
    lines += [f"+ {line}" for line in str(edit["replacement"]).splitlines()]
    return "~~~~diff\n" + "\n".join(lines) + "\n~~~~"


def _listed(fields: Mapping[str, Any]) -> str:
    return "\n".join(f"- **{name}**: {value}" for name, value in fields.items())


# Solvers ------------------------------------------------------------------------------------------


@solver
def converse() -> Solver:
    """Let the model answer every turn of the user that the scenario has not answered itself.

    Where the scenario plays in an environment, the model has its tools, up to 12 rounds a turn.
    Where it has a simulated user, that answers after the last written turn.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        given = state.metadata.get(GIVEN, {})
        setting = setting_in(state.metadata)
        world = open_world(setting) if setting else None
        if world is not None:
            state.tools = [tool.as_tool() for tool in inspect_tools(world)]
            store().set("environment", world.data())
        written = _told_first(state.messages, context(given, world))
        state.messages = []
        for message, following in zip(written, [*written[1:], None], strict=True):
            state.messages.append(message)
            if world and isinstance(message, ChatMessageAssistant):
                for call in message.tool_calls or ():
                    world.call(call.function, call.arguments)
            unanswered = message.role in ("user", "tool")
            if unanswered and (following is None or following.role == "user"):
                state = await _answered(state, generate)
        if given.get("user"):
            state = await _with_user(state, generate, SimulatedUser.model_validate(given["user"]))
        return state

    return solve


def _told_first(messages: Sequence[ChatMessage], told: str) -> list[ChatMessage]:
    """The conversation with the context after its system messages, where there is any."""
    if not told:
        return list(messages)
    after = sum(1 for message in messages if message.role == "system")
    context = ChatMessageSystem(content=told, metadata=dict(FROM_ENVIRONMENT))
    return [*messages[:after], context, *messages[after:]]


async def _answered(state: TaskState, generate: Generate) -> TaskState:
    """The model's whole turn: it calls tools until it is done, or out of rounds."""
    for _ in range(ROUNDS):
        state = await generate(state, tool_calls="single")
        if state.completed or not state.output.message.tool_calls:
            break
    return state


async def _with_user(state: TaskState, generate: Generate, user: SimulatedUser) -> TaskState:
    """The user answers until nothing is left to say, or the turns are used up."""
    model = None if user.scripted else get_model(role=USER, required=True)
    for _ in range(user.turns):
        if state.completed or state.output.error:
            break
        said = (
            await _played(user, state.messages, model)
            if model
            else scripted(user, state.output.completion)
        )
        if not said:
            break
        state.messages.append(ChatMessageUser(content=said))
        state = await _answered(state, generate)
    return state


def scripted(user: SimulatedUser, reply: str) -> str:
    """What a script answers to what a reply asks; "" when nothing was asked.

    A request ("Tell me the day.") is answered where the script knows it; only a question, and a
    wish for a yes ("Please confirm."), get what it says otherwise.
    """
    questioned = questions(reply) or go_aheads(reply)
    asked = " ".join(asked_before(reply)).casefold()
    found = [one.say for one in user.answers if any(word.casefold() in asked for word in one.about)]
    return " ".join(found) or (user.otherwise or "" if questioned else "")


PLAYED = """You play a user who is talking to an assistant. You are not the assistant.

Who you are: {persona}
What you want: {goal}
{reveals}
Write only what this person types next: short, in their own manner, nothing about yourself that is
not written here. Do not help the assistant, and do not praise it for being polite. When you have
what you want, or there is nothing left to say, write only DONE."""


async def _played(user: SimulatedUser, messages: Sequence[ChatMessage], model: Model) -> str:
    """What a model says in the user's place; "" when it is done."""
    output = await model.generate(script_of(user, messages))
    said = output.completion.strip()
    return "" if said.rstrip(".!").upper() == DONE else said


def script_of(user: SimulatedUser, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The conversation as the user sees it: the assistant speaks to them, and they answer."""
    reveals = "".join(f"Only if you are asked, you tell: {one}\n" for one in user.reveals)
    told = PLAYED.format(persona=user.persona or "a user", goal=user.goal, reveals=reveals)
    turned: list[ChatMessage] = [ChatMessageSystem(content=told)]
    for message in messages:
        if ADDED in (message.metadata or {}) or not message.text:
            continue
        if message.role == "user":
            turned.append(ChatMessageAssistant(content=message.text))
        elif message.role == "assistant":
            turned.append(ChatMessageUser(content=message.text))
    if not isinstance(turned[-1], ChatMessageUser):
        turned.append(
            ChatMessageUser(content="(The assistant did what it had to and said nothing.)")
        )
    return turned


def recorded(replies: Mapping[tuple[str, int], RecordedReply]) -> Solver:
    """Answer with replies made elsewhere; what is not there is marked as missing."""

    # Without arguments: Inspect writes those of a solver into the header of the log, twice.
    @solver(name="recorded")
    def recorded() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            reply = replies.get((str(state.sample_id), state.epoch))
            if reply is None:
                state.metadata[MISSING] = True
            else:
                state.messages += _recorded_calls(reply, setting_in(state.metadata))
                state.output = ModelOutput.from_content(reply.model, reply.reply)
                state.output.usage = ModelUsage(**reply.usage) if reply.usage else None
                state.messages.append(state.output.message)
            state.completed = True
            return state

        return solve

    return recorded()


def _recorded_calls(reply: RecordedReply, setting: Setting | None) -> list[ChatMessage]:
    """The calls of a recorded reply, as the message that made them, and what the tools answer."""
    if not reply.calls:
        return []
    calls = [
        InspectToolCall(id=f"call-{number}", function=call.name, arguments=dict(call.arguments))
        for number, call in enumerate(reply.calls, 1)
    ]
    made: list[ChatMessage] = [
        ChatMessageAssistant(content="", tool_calls=calls, source="generate")
    ]
    if setting is not None:
        world = open_world(setting)
        for call in calls:
            answer = world.call(call.function, call.arguments).answer
            told = ChatMessageTool(content=answer, tool_call_id=call.id, function=call.function)
            made.append(told)
    return made


@solver
def dressed(
    template: str | None, few_shot: Sequence[Message], tools: Sequence[str] | None = None
) -> Solver:
    """What an arm adds to a scenario: example turns, words around the prompt, which tools."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        examples = [chat_message(message) for message in few_shot]
        for example in examples:
            example.metadata = dict(FROM_ARM)
        after_system = sum(1 for message in state.messages if message.role == "system")
        state.messages[after_system:after_system] = examples
        if template:
            state.user_prompt.text = template.replace("{prompt}", state.user_prompt.text)
        if tools is not None:
            state.metadata[OFFERED] = list(tools)
        return state

    return solve
