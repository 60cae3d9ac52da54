"""Evals that play in an environment: one agent solves every scenario, bad ones fail as they should.

What solves a scenario stands in it (`expect.solution`; see agents.py). Every dataset with
environments is found here by itself; how each bad agent must fail stands in `FAILS`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from agents import Turn, idle, once, play, recognised, reference, scored
from inspect_ai import eval as run_task
from shipped import ACTING, load_dataset, load_rubric

from tastemaker.arm import open_model
from tastemaker.environments.kinds import open_world
from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.records import Message, ToolCall
from tastemaker.run import run
from tastemaker.scenario import setting_of
from tastemaker.tables import SCORES, read_table
from tastemaker.task import rubric_task

# Inspect drops the connections of an event loop that has ended, and leaves them to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The model:DeprecationWarning"),  # Anthropic's
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"),
]


def asks(scenario, messages):
    """Asks back, whatever it is told."""
    return Turn(say="Could you tell me a bit more about what you have in mind?")


def meddles(scenario, messages):
    """Does what solves it, and then writes a line of its own below the document."""
    turn = reference(scenario, messages)
    added = any("P.S." in str(call.arguments) for one in messages for call in one.tool_calls)
    if turn.calls or added or scenario.document is None:
        return turn
    if turn.say == scenario.expect["solution"].get("ask"):
        return turn
    world = open_world(setting_of(scenario))
    for message in messages:
        for call in message.tool_calls:
            world.call(call.name, call.arguments)
    text = world.data()["documents"]["document"]["text"]
    line = "P.S. And may I add that this could hardly have been put better by anybody."
    arguments = {"content": f"{text}\n\n{line}\n", "document": "document"}
    return Turn(calls=[{"name": "rewrite_document", "arguments": arguments}])


def recites(scenario, messages):
    """Does what solves it, and says all of the document in the chat."""
    turn = reference(scenario, messages)
    if turn.calls or turn.say == scenario.expect["solution"].get("ask"):
        return turn
    return Turn(say=f"{turn.say} It now says: {scenario.document} " + "Anything else? " * 40)


def on_every_line(scenario):
    """A comment on each line that stands in the document once."""
    lines = [one.strip() for one in (scenario.document or "").splitlines()]
    once_there = [one for one in lines if one and (scenario.document or "").count(one) == 1]
    comments = [{"anchor": one, "text": "Consider rephrasing this."} for one in once_there]
    return {"name": "comment_on_document", "arguments": {"comments": comments}}


def points_only(scenario, messages):
    """Comments where it should, and says nothing there that is of use."""
    turn = reference(scenario, messages)
    calls = []
    for call in turn.calls:
        arguments = dict(call["arguments"])
        if "comments" in arguments:
            empty = {"text": "Maybe look at this once more."}
            arguments["comments"] = [{**one, **empty} for one in arguments["comments"]]
        calls.append({**call, "arguments": arguments})
    return Turn(say=turn.say, calls=calls)


def listed(scenario):
    """The tasks that a scenario begins with."""
    return scenario.environment.state.get("tasks", [])


def like_reference(calls=lambda call: call, say=None):
    """Does what solves a scenario, but for its calls or its last words."""

    def agent(scenario, messages):
        turn = reference(scenario, messages)
        if turn.calls:
            return Turn(calls=[calls(one) for one in turn.calls])
        asked = turn.say == scenario.expect["solution"].get("ask")
        return turn if asked or say is None else Turn(say=say)

    return agent


def resolving(change):
    """Does what solves a scenario, after its solution was changed."""

    def agent(scenario, messages):
        solution = change({"calls": [], **scenario.expect["solution"]})
        expect = {**scenario.expect, "solution": solution}
        return reference(replace(scenario, expect=expect), messages)

    return agent


def rash(asks):
    """Does what who does not look or does not listen would do; perhaps it asks all the same."""

    def agent(scenario, messages):
        solution = scenario.expect["solution"]
        calls = scenario.expect.get("rash", solution.get("calls", []))
        changed = {**solution, "calls": calls, "ask": asks and solution.get("ask")}
        expect = {**scenario.expect, "solution": changed}
        return reference(replace(scenario, expect=expect), messages)

    return agent


def offers(scenario, messages):
    """Offers a reminder, whatever is said, and offers it again."""
    return Turn(say="Noted. Would you like me to set a reminder for that?")


def shifted(**by):
    """Calls that set the same things at another time."""

    def later(call):
        arguments = call.get("arguments", {})
        if "start" not in arguments:
            return call
        start = datetime.fromisoformat(arguments["start"]) + timedelta(**by)
        return {**call, "arguments": {**arguments, "start": start.isoformat(timespec="minutes")}}

    return later


def merged(solution):
    """All new tasks in one, at the time of the first."""
    new = [call for call in solution["calls"] if call["name"] == "create_task"]
    if len(new) < 2:
        return solution
    title = ", ".join(one["arguments"]["title"] for one in new)
    together = {**new[0], "arguments": {**new[0]["arguments"], "title": title}}
    kept = [call for call in solution["calls"] if call not in new]
    return {**solution, "calls": [*kept, together]}


def over_again(scenario, messages):
    """Does what solves the scenario, and then writes the document into the chat as well."""
    turn = reference(scenario, messages)
    written = [
        call["arguments"]["content"]
        for call in scenario.expect["solution"].get("calls", [])
        if "content" in call["arguments"]
    ]
    return turn if turn.calls else Turn(say="\n\n".join([turn.say, *written]))


def twice(scenario, messages):
    """Opens two documents, neither of them finished, with words to the user in it."""
    if messages[-1].role == "tool":
        return Turn(say="Done.")
    content = "Here's your document!\n\n[Your text]\n\nLet me know if you'd like changes."
    opened = {"name": "create_document", "arguments": {"title": "Untitled", "content": content}}
    return Turn(calls=[opened, opened])


def hasty(scenario, messages):
    """Does what solves it the wrong way round: writes first, and looks afterwards."""
    calls = scenario.expect["solution"].get("calls", [])[::-1]
    made = sum(bool(one.tool_calls) for one in messages[len(scenario.messages) :])
    return Turn(calls=[calls[made]]) if made < len(calls) else Turn(say="Done.")


def as_without_example(scenario, messages):
    """Does the errand as if nothing had been shown: what solves the twin."""
    others = load_dataset(scenario.dataset).scenarios
    twin = next((one for one in others if one.id == scenario.twin), None)
    if twin is None:
        return idle(scenario, messages)
    expect = {**scenario.expect, "solution": twin.expect["solution"]}
    return reference(replace(scenario, expect=expect), messages)


BAD = {
    "never acts": idle,
    "asks always": asks,
    "opens the canvas always": once(
        lambda scenario: {
            "name": "create_document",
            "arguments": {"title": "Notes", "content": scenario.prompt},
        }
    ),
    "rewrites everything": once(
        lambda scenario: {
            "name": "rewrite_document",
            "arguments": {"content": (scenario.document or "").upper() + " ALL NEW."},
        }
    ),
    "comments on the first words": once(
        lambda scenario: {
            "name": "comment_on_document",
            "arguments": {
                "comments": [
                    {"anchor": (scenario.document or "").strip().split("\n")[0], "text": "Nice!"}
                ]
            },
        }
    ),
    "searches always": once(
        lambda scenario: {"name": "search_web", "arguments": {"query": scenario.prompt}}
    ),
    "runs code always": once(
        lambda scenario: {"name": "run_python", "arguments": {"code": "print(1)"}}
    ),
    "draws always": once(
        lambda scenario: {"name": "generate_image", "arguments": {"prompt": scenario.prompt}}
    ),
    "says nothing": lambda scenario, messages: Turn(say=""),
    "meddles": meddles,
    "comments on every line": once(on_every_line),
    "points and says nothing": points_only,
    "recites": recites,
    "talks on and on": lambda scenario, messages: Turn(say="Well, it depends, " * 100),
    "sets a reminder always": once(
        lambda scenario: {
            "name": "create_task",
            "arguments": {
                "title": "Reminder",
                "prompt": scenario.prompt,
                "start": "2030-01-01T09:00",
            },
        },
        say="I've set a reminder for you.",
    ),
    "deletes the last on the list": once(
        lambda scenario: (
            {"name": "delete_task", "arguments": {"id": listed(scenario)[-1]["id"]}}
            if listed(scenario)
            else None
        )
    ),
    "promises always": lambda scenario, messages: Turn(say="Sure! I'll remind you."),
    "cannot ever": lambda scenario, messages: Turn(say="I can't set reminders."),
    "wrong zone": like_reference(
        calls=lambda call: (
            {**call, "arguments": {**call["arguments"], "timezone": "UTC"}}
            if call["name"] in ("create_task", "update_task")
            else call
        )
    ),
    "confirms nothing": like_reference(say="Done."),
    "asks beside the point": resolving(
        lambda solution: {**solution, "ask": solution.get("ask") and "Shall I go ahead?"}
    ),
    "a day late": like_reference(calls=shifted(days=1)),
    "half a day late": like_reference(calls=shifted(hours=12)),
    "makes the last twice": resolving(lambda s: {**s, "calls": [*s["calls"], *s["calls"][-1:]]}),
    "merges all into one": resolving(merged),
    "tells only of the first": resolving(
        lambda s: {
            **s,
            "say": s["calls"][0]["arguments"].get("title", "Done.") if s["calls"] else "Done.",
        }
    ),
    "asks nothing": resolving(lambda solution: {**solution, "ask": ""}),
    "forgets the last": resolving(lambda s: {**s, "calls": s["calls"][:-1]}),
    "looks nothing up": resolving(lambda s: {**s, "look": []}),
    "acts at once": rash(asks=False),
    "goes on after a no": rash(asks=True),
    "books lunch always": once(
        lambda scenario: {
            "name": "create_event",
            "arguments": {
                "title": "Lunch",
                "start": "2026-01-01T12:00",
                "end": "2026-01-01T13:00",
            },
        }
    ),
    "offers always": offers,
    "asks for leave": resolving(
        lambda s: {**s, "calls": [], "say": f"{s['say']} Shall I go ahead with the rest?"}
    ),
    "says the document over again": over_again,
    "opens two documents": twice,
    "writes before it looks": hasty,
    "guesses": once(lambda scenario: scenario.expect.get("guess")),
    "does as without an example": as_without_example,
    "copies the accident": once(lambda scenario: scenario.expect.get("accident")),
    "looks and looks": lambda scenario, messages: Turn(
        calls=[{"name": "list_receipts", "arguments": {}}] * 5
    ),
}
"""Agents that fail in known ways."""

FAILS: dict[tuple[str, str], list[str]] = {
    ("agents/confirm", "acts at once"): [
        "consent.confirmed",
        "consent.no-is-no",
        "consent.what-was-agreed",
        "disclosure.shows",
    ],
    ("agents/confirm", "goes on after a no"): ["consent.no-is-no", "consent.what-was-agreed"],
    ("agents/confirm", "asks nothing"): ["consent.confirmed", "disclosure.shows"],
    ("agents/confirm", "asks always"): ["disclosure.shows", "completion.result"],
    ("agents/confirm", "never acts"): ["completion.result"],
    ("agents/confirm", "forgets the last"): ["completion.result"],
    ("agents/confirm", "books lunch always"): ["completion.rest-untouched"],
    ("agents/confirm", "says nothing"): ["report-back.brief"],
    ("agents/enough-information", "never acts"): ["completion.result"],
    ("agents/enough-information", "asks always"): ["discernment.asks", "completion.result"],
    ("agents/enough-information", "asks nothing"): ["discernment.question"],
    ("agents/enough-information", "looks nothing up"): ["resourcefulness.looked"],
    ("agents/enough-information", "forgets the last"): ["completion.result"],
    ("agents/enough-information", "books lunch always"): ["completion.rest-untouched"],
    ("agents/enough-information", "says nothing"): ["report-back.brief"],
    ("agents/demonstration", "never acts"): [
        "completion.result",
        "the-shown-way.path",
        "the-shown-way.conventions",
        "report.done",
    ],
    ("agents/demonstration", "does as without an example"): [
        "the-shown-way.path",
        "the-shown-way.conventions",
    ],
    ("agents/demonstration", "copies the accident"): [
        "the-shown-way.no-accident",
        "completion.result",
    ],
    ("agents/demonstration", "forgets the last"): ["completion.result", "the-shown-way.path"],
    ("agents/demonstration", "books lunch always"): ["completion.rest-untouched"],
    ("agents/demonstration", "looks and looks"): ["economy.steps", "report.brief"],
    ("agents/errands", "never acts"): ["completion.result", "care.named", "report.done"],
    ("agents/errands", "forgets the last"): ["completion.result"],
    ("agents/errands", "books lunch always"): ["completion.rest-untouched"],
    ("agents/errands", "guesses"): ["care.no-guess", "care.named"],
    ("agents/errands", "confirms nothing"): ["care.named", "report.done"],
    ("agents/errands", "looks and looks"): ["economy.steps", "report.brief"],
    ("canvas/comments", "never acts"): [
        "reach.kind",
        "reach.comments",
        "pointing.finds-some",
        "pointing.finds-all",
        "pointing.little-else",
        "pointing.not-everywhere",
        "lands.in-place",
        "saying.names-it",
        "telling.answers",
    ],
    ("canvas/comments", "rewrites everything"): [
        "reach.kind",
        "pointing.finds-some",
        "lands.rest-untouched",
        "lands.holds",
        "saying.names-it",
    ],
    ("canvas/comments", "comments on the first words"): ["pointing.finds-all", "saying.names-it"],
    ("canvas/comments", "comments on every line"): [
        "pointing.strays",
        "pointing.little-else",
        "saying.names-it",
    ],
    ("canvas/comments", "points and says nothing"): ["saying.names-it"],
    ("canvas/comments", "meddles"): ["reach.kind", "lands.rest-untouched"],
    ("canvas/comments", "recites"): ["telling.brief"],
    ("canvas/composition", "never acts"): [
        "tools-in-play.writes",
        "what-tools-are-given.query",
        "what-tools-are-given.code",
        "what-tools-are-given.picture",
        "what-tools-are-given.applied",
        "put-where-it-belongs.kind",
        "put-where-it-belongs.lands",
        "put-where-it-belongs.holds",
        "put-where-it-belongs.points-there",
        "put-where-it-belongs.comment-names-it",
        "told-in-the-chat.answers",
        "told-in-the-chat.the-other-half",
    ],
    ("canvas/composition", "writes before it looks"): [
        "looks-before-it-writes.after-searching",
        "looks-before-it-writes.after-computing",
        "looks-before-it-writes.after-drawing",
        "looks-before-it-writes.computes-after-searching",
    ],
    ("canvas/composition", "searches always"): [
        "tools-in-play.searches",
        "tools-in-play.nothing-needless",
    ],
    ("canvas/composition", "runs code always"): [
        "tools-in-play.computes",
        "tools-in-play.nothing-needless",
    ],
    ("canvas/composition", "draws always"): [
        "tools-in-play.draws",
        "tools-in-play.nothing-needless",
    ],
    ("canvas/composition", "opens the canvas always"): [
        "tools-in-play.nothing-needless",
        "put-where-it-belongs.kind",
    ],
    ("canvas/composition", "rewrites everything"): [
        "put-where-it-belongs.kind",
        "put-where-it-belongs.rest-untouched",
        "put-where-it-belongs.works",
    ],
    ("canvas/composition", "meddles"): ["put-where-it-belongs.rest-untouched"],
    ("canvas/composition", "recites"): ["told-in-the-chat.brief"],
    ("canvas/composition", "says nothing"): [
        "told-in-the-chat.says-something",
        "told-in-the-chat.answers",
    ],
    ("canvas/edit-or-rewrite", "never acts"): [
        "reach.kind",
        "reach.changes",
        "aim.lands",
        "aim.points-there",
        "result.holds",
        "telling.answers",
    ],
    ("canvas/edit-or-rewrite", "rewrites everything"): [
        "reach.kind",
        "aim.rest-untouched",
        "result.works",
        "result.well-formed",
    ],
    ("canvas/edit-or-rewrite", "comments on the first words"): ["reach.kind", "aim.points-there"],
    ("canvas/edit-or-rewrite", "opens the canvas always"): ["reach.kind", "result.holds"],
    ("canvas/edit-or-rewrite", "meddles"): ["aim.rest-untouched"],
    ("canvas/edit-or-rewrite", "recites"): ["telling.brief"],
    ("canvas/edit-or-rewrite", "says nothing"): ["telling.says-something", "telling.answers"],
    ("tasks/trigger", "never acts"): ["accuracy.schedule", "accuracy.taken-off"],
    ("tasks/trigger", "says nothing"): ["helpfulness.speaks", "report-back.when"],
    ("tasks/trigger", "sets a reminder always"): [
        "discernment.choice",
        "discernment.left-alone",
        "accuracy.schedule",
        "accuracy.taken-off",
    ],
    ("tasks/trigger", "promises always"): ["honesty.empty-promise", "helpfulness.answers"],
    ("tasks/trigger", "deletes the last on the list"): ["accuracy.others-kept"],
    ("tasks/trigger", "wrong zone"): ["accuracy.schedule"],
    ("tasks/trigger", "confirms nothing"): ["report-back.when", "report-back.what"],
    ("tasks/proactive", "never acts"): [
        "consent.asks-first",
        "follow-through.schedule",
        "answering.answers",
    ],
    ("tasks/proactive", "sets a reminder always"): [
        "consent.creates",
        "consent.left-alone",
        "consent.asks-first",
        "follow-through.schedule",
    ],
    ("tasks/proactive", "asks nothing"): ["consent.asks-first"],
    ("tasks/proactive", "offers always"): ["consent.once", "answering.answers"],
    ("tasks/proactive", "wrong zone"): ["follow-through.schedule"],
    ("tasks/proactive", "forgets the last"): ["follow-through.schedule"],
    ("tasks/proactive", "confirms nothing"): ["follow-through.when"],
    ("tasks/composition", "never acts"): [
        "right-tools.in-order",
        "outcome.left-so",
        "message.holds",
    ],
    ("tasks/composition", "asks for leave"): [
        "right-tools.in-order",
        "outcome.left-so",
        "alone.asks-nobody",
    ],
    ("tasks/composition", "forgets the last"): ["outcome.left-so"],
    ("tasks/composition", "confirms nothing"): ["message.holds", "message.says"],
    ("tasks/composition", "sets a reminder always"): [
        "right-tools.keeps-the-list",
        "outcome.list-untouched",
    ],
    ("tasks/composition", "opens the canvas always"): [
        "right-tools.writes",
        "outcome.documents-untouched",
    ],
    ("tasks/composition", "searches always"): ["outcome.left-so"],
    ("tasks/composition", "draws always"): ["right-tools.draws"],
    ("tasks/composition", "talks on and on"): ["message.brief"],
    ("tasks/schedule", "never acts"): ["accuracy.schedule", "accuracy.one-task"],
    ("tasks/schedule", "wrong zone"): ["accuracy.schedule"],
    ("tasks/schedule", "a day late"): ["accuracy.schedule", "accuracy.days"],
    ("tasks/schedule", "half a day late"): ["accuracy.schedule"],
    ("tasks/schedule", "makes the last twice"): ["accuracy.schedule", "accuracy.one-task"],
    ("tasks/schedule", "deletes the last on the list"): ["accuracy.rest-of-the-list"],
    ("tasks/schedule", "asks always"): ["asking.asks-first"],
    ("tasks/schedule", "asks nothing"): ["asking.asks-the-point"],
    ("tasks/schedule", "asks beside the point"): ["asking.asks-the-point"],
    ("tasks/schedule", "confirms nothing"): [
        "report-back.day",
        "report-back.hour",
        "report-back.which",
    ],
    ("tasks/schedule", "talks on and on"): ["report-back.brief"],
    ("tasks/several", "never acts"): [
        "completeness.acts",
        "completeness.all-and-no-more",
        "helpfulness.answers",
    ],
    ("tasks/several", "wrong zone"): ["completeness.all-and-no-more", "completeness.first"],
    ("tasks/several", "forgets the last"): ["completeness.all-and-no-more", "completeness.fourth"],
    ("tasks/several", "merges all into one"): [
        "completeness.all-and-no-more",
        "completeness.how-many",
        "completeness.second",
        "completeness.third",
    ],
    ("tasks/several", "makes the last twice"): [
        "completeness.all-and-no-more",
        "completeness.how-many",
    ],
    ("tasks/several", "sets a reminder always"): ["completeness.left-alone"],
    ("tasks/several", "deletes the last on the list"): ["completeness.rest-of-the-list"],
    ("tasks/several", "tells only of the first"): [
        "report-back.names-second",
        "report-back.names-third",
        "report-back.names-fourth",
        "helpfulness.answers",
    ],
    ("tasks/several", "talks on and on"): ["report-back.brief"],
    ("tasks/withheld", "promises always"): [
        "honesty.promised-or-offered",
        "honesty.says-it-cannot",
        "helpfulness.another-way",
    ],
    ("tasks/withheld", "never acts"): ["honesty.says-it-cannot", "helpfulness.makes-it"],
    ("tasks/withheld", "cannot ever"): ["helpfulness.another-way", "helpfulness.does-what-it-can"],
    ("tasks/withheld", "sets a reminder always"): ["honesty.promised-or-offered"],
    ("tasks/withheld", "talks on and on"): ["care.brief"],
    ("canvas/trigger", "never acts"): [
        "right-tool.choice",
        "whole-document.no-stub",
        "whole-document.opened-as-it-should",
        "tells-the-user.says-the-answer",
    ],
    ("canvas/trigger", "opens the canvas always"): [
        "right-tool.choice",
        "telling-apart.opens-the-canvas",
        "restraint.nothing-called",
        "restraint.no-document-beside-it",
        "whole-document.opened-as-it-should",
        "whole-document.no-stub",
    ],
    ("canvas/trigger", "opens two documents"): [
        "restraint.one-document",
        "whole-document.nothing-to-fill-in",
        "whole-document.no-chatter-inside",
        "whole-document.works",
    ],
    ("canvas/trigger", "says the document over again"): ["tells-the-user.not-over-again"],
    ("canvas/trigger", "rewrites everything"): [
        "right-tool.choice",
        "telling-apart.changes-the-document",
        "restraint.nothing-called",
    ],
    ("canvas/trigger", "searches always"): [
        "right-tool.choice",
        "telling-apart.searches",
        "restraint.nothing-called",
    ],
    ("canvas/trigger", "runs code always"): [
        "right-tool.choice",
        "telling-apart.runs-python",
        "restraint.nothing-called",
    ],
    ("canvas/trigger", "draws always"): [
        "right-tool.choice",
        "telling-apart.makes-an-image",
        "restraint.nothing-called",
        "restraint.no-picture-beside-it",
    ],
    ("canvas/trigger", "comments on the first words"): [
        "right-tool.choice",
        "restraint.nothing-called",
    ],
    ("canvas/trigger", "says nothing"): ["tells-the-user.says-something"],
}
"""By dataset and bad agent, the criteria that it must fail: mostly 0, in more than half of those
scenarios to which the criterion applies."""


@cache
def results(name, agent):
    """By criterion, what the checks say of an agent in each scenario it applies to."""
    play_as = {"reference": reference, **BAD}[agent]
    found = {}
    for scenario in load_dataset(name).scenarios:
        graded = load_rubric(name).extended(scenario.criteria)
        for key, value in scored(graded, play(scenario, play_as)).items():
            found.setdefault(key, {})[scenario.id] = value
    return found


@pytest.mark.parametrize("name", ACTING)
def test_the_reference_agent_solves_every_scenario(name):
    wrong = {
        (scenario, key): value
        for key, values in results(name, "reference").items()
        for scenario, value in values.items()
        if value != 1.0
    }

    assert wrong == {}


@pytest.mark.parametrize("name", ACTING)
def test_every_check_is_failed_by_some_agent_in_some_scenario(name):
    """Those that are known to fail here are asked first; the rest only while a check is left."""
    known = [agent for dataset, agent in FAILS if dataset == name]
    left = set(results(name, "reference"))
    for agent in dict.fromkeys([*known, *BAD]):
        left -= {
            key
            for key, values in results(name, agent).items()
            if any(value is not None and value < 0.5 for value in values.values())
        }
        if not left:
            break

    assert left == set()


@pytest.mark.parametrize(("name", "agent"), FAILS)
def test_a_bad_agent_fails_in_the_way_that_is_known_of_it(name, agent):
    for key in FAILS[name, agent]:
        values = [v for v in results(name, agent)[key].values() if v is not None]

        assert sum(values) / len(values) < 0.5, (key, values)


@pytest.mark.parametrize("name", ACTING)
def test_every_dataset_has_a_bad_agent_that_is_known_to_fail(name):
    assert any(dataset == name for dataset, _ in FAILS)


def asked_by(asked):
    """What a request tells: system texts and messages, in any of the wire formats."""
    system = asked.body.get("system") or asked.body.get("instructions") or ""
    texts = system if isinstance(system, str) else "\n".join(part["text"] for part in system)
    told = "\n".join([texts, *(t for r, t in asked.messages if r in ("system", "developer"))])
    said = [(r, t) for r, t in asked.messages if r not in ("system", "developer")]
    return told, [
        Message(role=role or "assistant", text=text, tool_calls=_calls(asked, place))
        for place, (role, text) in enumerate(said)
    ]


def _calls(asked, place):
    """One call, whatever it was, where a message of the conversation called a tool."""
    key = "input" if asked.api == "responses" else "messages"
    listed = [m for m in asked.body[key] if m.get("role") not in ("system", "developer")]
    one = listed[place]
    content = one.get("content")
    used = isinstance(content, list) and any(part.get("type") == "tool_use" for part in content)
    called = used or one.get("tool_calls") or one.get("type") == "function_call"
    return (ToolCall(name="called", arguments={}),) if called else ()


PROVIDERS = {
    "chat": ("openai/gpt-4o", "/v1"),
    "messages": ("anthropic/claude-sonnet-4-5", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTING)
@pytest.mark.parametrize("api", PROVIDERS)
def test_scenarios_are_solved_over_the_wire(name, api, wire, tmp_path, monkeypatch):
    """The reference agent behind a server that speaks the provider's own tool calls.

    Each scenario goes over the wire once: every other one to OpenAI, the rest to Anthropic.
    """
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(key, "dummy")
    scenarios = [one for one in load_dataset(name).scenarios if one.environment]

    def script(asked):
        told, said = asked_by(asked)
        turn = reference(recognised(scenarios, told, said), said)
        if turn.calls:
            [call] = turn.calls
            return wire.module.Answer(call=call["arguments"], tool=call["name"], text=turn.say)
        return wire.module.Answer(text=turn.say)

    wire.script = script
    provider, path = PROVIDERS[api]
    arm = open_model(
        provider, config={"max_retries": 0, "max_tokens": 2000}, base_url=wire.url + path
    )
    task = rubric_task(name, name, split=None)
    asked = [one.id for one in scenarios[list(PROVIDERS).index(api) :: len(PROVIDERS)]]
    [log] = run_task(
        task,
        model=arm,
        sample_id=asked,
        display="none",
        log_dir=str(tmp_path),
        log_realtime=False,
    )
    assert log.status == "success", log.error and log.error.traceback
    checks = {
        f"{principle}.{key}"
        for principle, one in load_rubric(name).principles.items()
        for key, criterion in one.criteria.items()
        if criterion.check
    }
    wrong = {
        (sample.id, key): value
        for sample in log.samples
        for key, value in sample.scores["rubric"].value.items()
        if key in checks and value == value and satisfied(name, sample, key) != 1.0
    }

    assert wrong == {}


def satisfied(name, sample, key):
    """A finding turned round where met is bad."""
    principle, _, criterion = key.partition(".")
    weight = load_rubric(name).principles[principle].criteria[criterion]
    value = sample.scores["rubric"].value[key]
    return 1 - value if weight.weight_for(sample.metadata["labels"]) < 0 else value


@pytest.mark.slow
@pytest.mark.parametrize("name", ["canvas/trigger", "canvas/comments"])
def test_smollm2_takes_evals_beside_a_canvas_to_the_end(name, project):
    """Whole runs, one scenario and seed for each of two arms; poor scores are fine."""
    folder_ = project({"try.yaml": SMALL.format(name=name)})
    experiment = load_experiment(folder_ / "try.yaml")
    run(make_plan(experiment, seeds=1, limit=1), folder_ / "logs")
    rows = read_table(folder_ / "logs" / SCORES).to_pylist()
    [scenario] = {row["scenario"] for row in rows}
    [chosen] = [one for one in load_dataset(name).scenarios if one.id == scenario]
    asked = {key for key, one in load_rubric(name).applicable(chosen.labels) if one.check}
    found = {
        (row["principle"], row["criterion"]): row["value"]
        for row in rows
        if row["grader"] == "check" and row["criterion"] and row["arm"] == "small"
    }

    assert set(found) == asked
    assert all(0 <= value <= 1 for value in found.values())


SMALL = """\
experiment: try
evals: [{name}]
baseline: {{small: {{model: local/smollm2-135m, config: {{max_tokens: 12}}}}}}
candidates:
  told: {{model: local/smollm2-135m, system: Use the tools., config: {{max_tokens: 12}}}}
"""
