"""The judge over Inspect's own providers, against a server that speaks their wire formats."""

import asyncio
import json

import pytest

from tastemaker.arm import open_model
from tastemaker.judge.asking import Manner
from tastemaker.judge.grader import Grader
from tastemaker.judge.page import Question
from tastemaker.records import Finding, Reply

pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")  # Anthropic's

REPLY = Reply(text="Sure, gladly.", prompt="Can you help?")
KIND = Question(id="kind", ask="Is it kind?")
SHORT = Question(id="short", ask="Is it short?")
QUICK = {"retry-after-ms": "1"}
"""What tells the clients not to wait long before they try again."""

PROVIDERS = {
    "chat": ("openai/gpt-4o", "/v1"),
    "responses": ("openai/gpt-5", "/v1"),
    "compatible": ("openai-api/own/model", "/v1"),
    "messages": ("anthropic/claude-sonnet-4-5", ""),
}


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OWN_API_KEY"):
        monkeypatch.setenv(name, "dummy")


@pytest.fixture(params=PROVIDERS)
def judge(request, wire):
    """A grader of each provider, pointed at the server."""
    name, path = PROVIDERS[request.param]
    config = {"max_tokens": 2000, "max_retries": 0}

    def make(**options):
        model = open_model(name, config=config | options, base_url=wire.url + path)
        return Grader(model=model, secret=b"secret", name=name, manner=Manner())

    make.api = request.param.replace("compatible", "chat")
    return make


def ask(grader, *questions):
    async def graded():
        try:
            return await grader.grade(REPLY, questions)
        finally:
            await grader.model.api.aclose()

    return asyncio.run(graded())


def test_a_schema_is_sent_and_its_answer_read(judge, wire):
    graded = ask(judge(), KIND, SHORT)

    assert graded.findings == {"kind": Finding(value=1.0), "short": Finding(value=1.0)}
    assert graded.usage[:3] == (1, 100, 20)
    (asked,) = wire.asked
    assert (asked.api, asked.way, asked.keys) == (judge.api, "schema", ["kind", "short"])
    assert not asked.body.get("stream")
    form = asked.form["properties"]["kind"]
    assert list(form["properties"]) == ["quote", "answer"]
    assert form["properties"]["answer"]["enum"] == ["MET", "UNMET", "CANNOT_ASSESS"]
    assert asked.form["additionalProperties"] is False
    assert sorted(asked.form["required"]) == ["kind", "short"]
    assert "Sure, gladly." in asked.page


def test_where_the_server_takes_no_schema_a_tool_is_called(judge, wire):
    answer = wire.module.Answer

    def script(asked):
        if asked.way == "schema":
            return answer(text="response_format is not supported", status=400)
        return wire.module.verdicts(asked, "UNMET")

    wire.script = script
    graded = ask(judge(), KIND)

    assert graded.findings == {"kind": Finding(value=0.0)}
    assert [asked.way for asked in wire.asked] == ["schema", "tool"]
    assert "tool_choice" in wire.asked[1].body


def test_where_the_server_takes_neither_the_page_alone_asks_for_json(judge, wire):
    answer = wire.module.Answer

    def script(asked):
        if asked.way != "text":
            return answer(text="not supported", status=400)
        return answer(text=f"```json\n{wire.module.verdicts(asked).text}\n```")

    wire.script = script
    graded = ask(judge(), KIND, SHORT)

    assert {found.value for found in graded.findings.values()} == {1.0}
    assert [asked.way for asked in wire.asked] == ["schema", "tool", "text"]


def test_half_an_answer_is_asked_for_the_other_half(judge, wire):
    answer, verdicts = wire.module.Answer, wire.module.verdicts

    def script(asked):
        if len(wire.asked) > 1:
            return verdicts(asked)
        half = {"kind": {"quote": "none", "answer": "UNMET"}, "short": "MET"}
        return answer(text=json.dumps(half))

    wire.script = script
    graded = ask(judge(), KIND, SHORT)

    assert graded.findings == {"kind": Finding(value=0.0), "short": Finding(value=1.0)}
    assert wire.asked[1].keys == ["short"]
    assert [role for role, _ in wire.asked[1].messages][-3:] == ["user", "assistant", "user"]
    assert graded.usage[:3] == (2, 200, 40)


def test_half_a_tool_call_is_answered_as_a_tool_and_asked_for_the_other_half(judge, wire):
    answer, verdicts = wire.module.Answer, wire.module.verdicts

    def script(asked):
        if asked.way == "schema":
            return answer(text="not supported", status=400)
        if len(wire.asked) > 2:
            return verdicts(asked)
        return answer(call={"kind": {"quote": "none", "answer": "UNMET"}})

    wire.script = script
    graded = ask(judge(), KIND, SHORT)

    assert graded.findings == {"kind": Finding(value=0.0), "short": Finding(value=1.0)}
    assert wire.asked[2].keys == ["short"]
    assert wire.asked[2].messages[-1][0] == "tool"
    assert "exactly these keys: short" in wire.asked[2].messages[-1][1]


def test_a_refusal_is_unscored_as_such_and_not_asked_again(judge, wire):
    wire.script = lambda asked: wire.module.Answer(refusal="I cannot do that.")
    graded = ask(judge(), KIND)

    assert graded.findings == {"kind": Finding(value=None, reason="refusal")}
    assert len(wire.asked) == 1


def test_an_empty_answer_is_no_response(judge, wire):
    wire.script = lambda asked: wire.module.Answer(text="")
    graded = ask(judge(), KIND)

    assert graded.findings == {"kind": Finding(value=None, reason="no_response")}


def test_a_cut_off_answer_keeps_what_is_whole(judge, wire):
    answer, verdicts = wire.module.Answer, wire.module.verdicts

    def script(asked):
        text = verdicts(asked, "UNMET").text
        return answer(text=text[:60], cut_off=True) if len(wire.asked) == 1 else answer(text=text)

    wire.script = script
    graded = ask(judge(), KIND, SHORT)

    assert graded.findings == {"kind": Finding(value=0.0), "short": Finding(value=0.0)}
    assert [asked.keys for asked in wire.asked] == [["kind", "short"], ["short"]]


@pytest.mark.parametrize("status", [429, 500, 529])
def test_a_server_that_is_busy_for_a_moment_is_asked_again(judge, wire, status):
    answer = wire.module.Answer

    def script(asked):
        if len(wire.asked) == 1:
            return answer(status=status, headers=QUICK | {"retry-after": "0.01"})
        return wire.module.verdicts(asked)

    wire.script = script
    graded = ask(judge(), KIND)

    assert graded.findings == {"kind": Finding(value=1.0)}
    assert len(wire.asked) == 2


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_server_that_stays_down_is_a_grader_that_failed(judge, wire, status):
    wire.script = lambda asked: wire.module.Answer(status=status, headers=QUICK)
    graded = ask(judge(), KIND)

    assert graded.findings["kind"].value is None
    assert graded.findings["kind"].reason.startswith("grader_failed: ")
    assert {asked.way for asked in wire.asked} == {"schema"}


def test_a_failure_does_not_say_the_key(judge, wire):
    wire.script = lambda asked: wire.module.Answer(
        status=401, text="Incorrect API key provided: dummy"
    )
    graded = ask(judge(), KIND)

    assert "dummy" not in graded.findings["kind"].reason


def test_a_server_that_says_nothing_in_time_is_a_grader_that_failed(judge, wire):
    wire.script = lambda asked: wire.module.Answer(text="late", seconds=3)
    graded = ask(judge(attempt_timeout=1), KIND)

    assert graded.findings["kind"].reason.startswith("grader_failed: ")
