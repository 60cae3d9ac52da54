"""Evals that play in an environment: one agent solves every scenario, bad ones fail as they should.

What solves a scenario stands in it (`expect.solution`; see agents.py). Every dataset with
environments is found here by itself; how each bad agent must fail stands in `FAILS`.
"""

from dataclasses import replace
from functools import cache

import pytest
from agents import Turn, idle, once, play, recognised, reference, scored
from inspect_ai import eval as run_task

from tastemaker.arm import open_model
from tastemaker.content import folder
from tastemaker.records import Message, ToolCall
from tastemaker.rubric import load_rubric
from tastemaker.scenario import load_dataset
from tastemaker.task import rubric_task

# Inspect drops the connections of an event loop that has ended, and leaves them to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The model:DeprecationWarning"),  # Anthropic's
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"),
]

dataset = cache(load_dataset)
rubric = cache(load_rubric)
DATASETS = [
    name
    for name in sorted(
        path.relative_to(folder("datasets")).with_suffix("").as_posix()
        for path in folder("datasets").rglob("*.yaml")
    )
    if any(scenario.environment for scenario in dataset(name).scenarios)
]


def asks(scenario, messages):
    """Asks back, whatever it is told."""
    return Turn(say="Could you tell me a bit more about what you have in mind?")


def solving(change):
    """Does what solves a scenario, but for what is changed in it."""

    def agent(scenario, messages):
        solution = {**scenario.expect["solution"], **change(scenario.expect)}
        return reference(
            replace(scenario, expect={**scenario.expect, "solution": solution}), messages
        )

    return agent


def rash(expect):
    """The calls of who does not look or listen: those that solve it, where none are given."""
    return expect.get("rash", expect["solution"].get("calls", []))


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
    "asks nothing": solving(lambda expect: {"ask": None}),
    "acts at once": solving(lambda expect: {"ask": None, "calls": rash(expect)}),
    "goes on after a no": solving(lambda expect: {"calls": rash(expect)}),
    "looks nothing up": solving(lambda expect: {"look": []}),
    "forgets the last": solving(lambda expect: {"calls": expect["solution"].get("calls", [])[:-1]}),
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
}
"""By dataset and bad agent, the criteria that it must fail: mostly 0, in more than half of those
scenarios to which the criterion applies."""


@cache
def results(name, agent):
    """By criterion, what the checks say of an agent in each scenario it applies to."""
    play_as = {"reference": reference, **BAD}[agent]
    found = {}
    for scenario in dataset(name).scenarios:
        graded = rubric(name).extended(scenario.criteria) if scenario.criteria else rubric(name)
        for key, value in scored(graded, play(scenario, play_as)).items():
            found.setdefault(key, {})[scenario.id] = value
    return found


@pytest.mark.parametrize("name", DATASETS)
def test_the_reference_agent_solves_every_scenario(name):
    wrong = {
        (scenario, key): value
        for key, values in results(name, "reference").items()
        for scenario, value in values.items()
        if value != 1.0
    }

    assert wrong == {}


@pytest.mark.parametrize("name", DATASETS)
def test_every_check_is_failed_by_some_agent_in_some_scenario(name):
    failed = {
        key
        for agent in BAD
        for key, values in results(name, agent).items()
        if any(value is not None and value < 0.5 for value in values.values())
    }

    assert set(results(name, "reference")) - failed == set()


@pytest.mark.parametrize(("name", "agent"), FAILS)
def test_a_bad_agent_fails_in_the_way_that_is_known_of_it(name, agent):
    for key in FAILS[name, agent]:
        values = [v for v in results(name, agent)[key].values() if v is not None]

        assert sum(values) / len(values) < 0.5, (key, values)


@pytest.mark.parametrize("name", DATASETS)
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
@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("api", PROVIDERS)
def test_every_scenario_is_solved_over_the_wire(name, api, wire, tmp_path, monkeypatch):
    """The reference agent behind a server that speaks the provider's own tool calls."""
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(key, "dummy")
    scenarios = [one for one in dataset(name).scenarios if one.environment]

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
    [log] = run_task(
        task, model=arm, display="none", log_dir=str(tmp_path), log_realtime=False, score=True
    )
    assert log.status == "success", log.error and log.error.traceback
    checks = {
        f"{principle}.{key}"
        for principle, one in rubric(name).principles.items()
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
    weight = rubric(name).principles[principle].criteria[criterion]
    value = sample.scores["rubric"].value[key]
    return 1 - value if weight.weight_for(sample.metadata["labels"]) < 0 else value
