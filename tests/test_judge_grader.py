"""A judge is asked once about all criteria, and what it does not answer is unscored."""

import asyncio
import json
import re

import pytest
from inspect_ai.model import get_model

from tastemaker.experiment import Grader as GraderEntry
from tastemaker.grade import Panel, RubricGrader, calls_per_reply
from tastemaker.judge.asking import Manner, Way
from tastemaker.judge.grader import Grader, Usage, template_hash
from tastemaker.judge.page import REPLY_BELOW, Question, grading_page, sections, shuffled
from tastemaker.judge.panel import reduced
from tastemaker.records import Finding, Message, Reply, ToolCall, Version, Work
from tastemaker.rubric import Rubric

REPLY = Reply(text="Sure, gladly.", prompt="Can you help?")
KIND = Question(id="kind", ask="Is it kind?")
SHORT = Question(id="short", ask="Is it short?")


def answers(**given):
    return json.dumps({key: {"quote": "none", "answer": value} for key, value in given.items()})


def keys_asked(text):
    """The criteria that the last word to the judge asks for, in their order."""
    line = re.findall(r"exactly these keys: ([^\n]*?)\. Each", text)[-1]
    return re.findall(r"[a-z0-9-]+", line)


def always(answer):
    """A judge that gives every criterion it is asked about the same answer."""
    return lambda messages, config: answers(**dict.fromkeys(keys_asked(messages[-1].text), answer))


class Rejected(Exception):
    status_code = 400


@pytest.fixture
def judge(actor):
    """A grader whose model says what the test wants."""

    def make(script=None, name="judge", **options):
        actor.says(name, script or always("MET"))
        model = get_model(f"acted/{name}", memoize=False)
        return Grader(model=model, secret=b"secret", name=name, **options)

    return make


def ask(grader, *questions, reply=REPLY):
    return asyncio.run(grader.grade(reply, questions))


def test_all_criteria_that_see_the_same_are_asked_in_one_call(judge, actor):
    graded = ask(judge(), KIND, SHORT)

    assert actor.calls("judge") == 1
    assert graded.findings == {"kind": Finding(value=1.0), "short": Finding(value=1.0)}
    assert graded.usage == Usage(calls=1, input_tokens=10, output_tokens=5)


def test_criteria_that_see_other_things_are_asked_apart_and_see_only_these(judge, actor):
    blind = Question(id="blind", ask="Is it short?", sees=("reply",))
    ask(judge(), KIND, blind)

    pages = [text for _, text, _ in actor.asked]
    assert len(pages) == 2
    assert ["Can you help?" in page for page in pages].count(True) == 1
    assert all("Sure, gladly." in page for page in pages)


def test_the_form_asks_for_the_quote_before_the_answer(judge, actor):
    ask(judge(), KIND)

    form = actor.asked[0][2].response_schema.json_schema.properties["kind"]
    assert list(form.properties) == form.required == ["quote", "answer"]
    assert form.properties["answer"].enum == ["MET", "UNMET", "CANNOT_ASSESS"]


def test_per_criterion_asks_one_call_each(judge, actor):
    ask(judge(per_criterion=True), KIND, SHORT)

    assert [keys_asked(text) for _, text, _ in actor.asked] in (
        [["kind"], ["short"]],
        [["short"], ["kind"]],
    )


def test_the_written_order_is_kept(judge, actor):
    ask(judge(), SHORT, KIND)

    assert keys_asked(actor.asked[0][1]) == ["short", "kind"]


def test_the_shuffled_order_is_the_same_for_the_same_reply_and_differs_between_replies(judge):
    questions = [Question(id=f"q{n}", ask="?") for n in range(6)]
    orders = {
        text: [q.id for q in shuffled(sections(Reply(text=text), ("reply",)), questions)]
        for text in "abcdefgh"
    }

    again = shuffled(sections(Reply(text="a"), ("reply",)), questions[::-1])
    assert [q.id for q in again] == orders["a"]
    assert len({tuple(order) for order in orders.values()}) > 4


def test_a_shuffled_judge_is_asked_in_that_order(judge, actor):
    questions = [Question(id=f"q{n}", ask="?") for n in range(6)]
    ask(judge(order="shuffled"), *questions)

    order = shuffled(sections(REPLY, ("prompt", "reply")), questions)
    assert keys_asked(actor.asked[0][1]) == [q.id for q in order]


def test_what_could_not_be_read_is_asked_once_more_and_the_rest_is_kept(judge, actor):
    def half(messages, config):
        if len(messages) == 1:
            return answers(kind="MET", short="perhaps")
        return answers(short="UNMET")

    graded = ask(judge(half), KIND, SHORT)

    assert graded.findings == {"kind": Finding(value=1.0), "short": Finding(value=0.0)}
    assert actor.calls("judge") == 2
    again = actor.asked[1][1]
    assert "exactly these keys: short." in again
    assert list(actor.asked[1][2].response_schema.json_schema.properties) == ["short"]
    assert graded.usage == Usage(calls=2, input_tokens=20, output_tokens=10)


def test_what_cannot_be_read_twice_is_unscored_and_not_asked_a_third_time(judge, actor):
    graded = ask(judge("Both are definitely MET!"), KIND, SHORT)

    expected = Finding(value=None, reason="invalid_response_format")
    assert graded.findings == {"kind": expected, "short": expected}
    assert actor.calls("judge") == 2


@pytest.mark.parametrize(
    ("said", "reason", "calls"),
    [
        ("", "no_response", 1),
        ("  \n", "no_response", 1),
        ({"content": "I cannot.", "stop_reason": "content_filter"}, "refusal", 1),
        ({"content": "Too long.", "stop_reason": "model_length"}, "grader_failed", 1),
        (ValueError("down"), "grader_failed", 1),
    ],
)
def test_a_judge_that_says_nothing_leaves_the_criterion_unscored(judge, actor, said, reason, calls):
    graded = ask(judge(lambda messages, config: said), KIND)

    assert graded.findings["kind"].value is None
    assert graded.findings["kind"].reason.split(":")[0] == reason
    assert actor.calls("judge") == calls


def test_what_was_read_before_a_failure_is_kept(judge):
    def fails(messages, config):
        return answers(kind="MET") if len(messages) == 1 else ValueError("down")

    findings = ask(judge(fails), KIND, SHORT).findings

    assert findings["kind"] == Finding(value=1.0)
    assert findings["short"].reason == "grader_failed: ValueError"


def test_an_answer_cut_off_keeps_its_whole_members_and_is_asked_for_the_rest(judge, actor):
    def cut(messages, config):
        if len(messages) > 1:
            return answers(short="MET")
        return {"content": answers(kind="UNMET", short="MET")[:60], "stop_reason": "max_tokens"}

    findings = ask(judge(cut), KIND, SHORT).findings

    assert findings == {"kind": Finding(value=0.0), "short": Finding(value=1.0)}


def test_where_a_schema_is_refused_a_tool_is_tried_and_then_plain_text(judge, actor):
    def refuses_schema(messages, config):
        return Rejected() if config.response_schema else always("MET")(messages, config)

    found = []
    manner = Manner(remember=found.append)
    grader = judge(refuses_schema, manner=manner)
    assert ask(grader, KIND).findings["kind"].value == 1.0
    assert ask(grader, SHORT).findings["short"].value == 1.0

    # Schema and tool for the first reply; the second is asked by tool at once.
    assert [bool(config.response_schema) for _, _, config in actor.asked] == [True, False, False]
    assert found == [Way.TOOL]


def test_a_request_that_is_refused_in_every_way_failed_and_nothing_is_learned(judge, actor):
    manner = Manner()
    graded = ask(judge(lambda messages, config: Rejected(), manner=manner), KIND)

    assert graded.findings["kind"].reason == "grader_failed: Rejected 400"
    assert actor.calls("judge") == len(Way)
    assert manner.known is None


def test_samples_ask_as_often_each_a_request_of_its_own(judge, actor):
    said = iter(["MET", "UNMET", "MET"])
    graded = ask(judge(lambda messages, config: answers(kind=next(said)), samples=3), KIND)

    assert graded.findings["kind"].value == pytest.approx(2 / 3)
    assert sorted(value for _, value in graded.findings["kind"].votes) == [0.0, 1.0, 1.0]
    assert len({text for _, text, _ in actor.asked}) == 3
    assert graded.usage.calls == 3


def test_the_majority_of_samples(judge):
    said = iter(["MET", "UNMET", "MET"])
    grader = judge(lambda messages, config: answers(kind=next(said)), samples=3, reducer="majority")

    assert ask(grader, KIND).findings["kind"].value == 1.0


# Panels ------------------------------------------------------------------------------------------


def votes(*values):
    return [
        {"kind": Finding(value=value, reason="" if value is not None else "cannot_assess")}
        for value in values
    ]


@pytest.mark.parametrize(
    ("values", "mean", "majority"),
    [
        ((1.0, 1.0, 0.0), 2 / 3, 1.0),
        ((1.0, 0.0), 0.5, None),
        ((1.0, None), 1.0, None),
        ((0.0, None, None), 0.0, None),
        ((None, None), None, None),
        ((0.5, 0.5, 1.0), 2 / 3, 0.5),
    ],
)
def test_several_answers_become_one(values, mean, majority):
    names = ["g"] * len(values)

    assert reduced(votes(*values), "mean", names)["kind"].value == mean
    assert reduced(votes(*values), "majority", names)["kind"].value == majority


def test_the_majority_says_why_it_has_no_answer():
    assert reduced(votes(1.0, 0.0), "majority", "ab")["kind"].reason == "no_majority"
    assert reduced(votes(1.0, None, None), "majority", "abc")["kind"].reason == "cannot_assess"


def test_an_answer_that_failed_has_no_vote():
    failed = [{"kind": Finding(value=None, reason="grader_failed: X")}] * 2
    found = reduced([*failed, *votes(1.0)], "majority", "abc")["kind"]

    assert found.value == 1.0
    assert found.votes == (("a", None), ("b", None), ("c", 1.0))


RUBRIC = Rubric.model_validate(
    {
        "rubric": "r",
        "principles": {
            "warmth": {"criteria": {"kind": {"ask": "Is it kind?"}, "same": {"ask": "Same?"}}},
            "form": {
                "criteria": {
                    "same": {"ask": "Also?"},
                    "own": {"ask": "Own?", "grader": "acted/own"},
                    "short": {"check": "words", "with": {"max": 3}},
                    "deep": {"ask": "How deep?", "levels": {"poor": 0, "fair": 0.5, "good": 1}},
                }
            },
        },
    }
)


def leveled(messages, config):
    return answers(
        **{key: "fair" if key == "deep" else "MET" for key in keys_asked(messages[-1].text)}
    )


def test_a_rubric_is_graded_by_checks_the_panel_and_a_criterions_own_grader(judge, actor):
    panel = Panel(
        graders=(judge(leveled, "one"), judge(leveled, "two")),
        own={"acted/own": judge(always("UNMET"), "own")},
    )
    findings, usage = asyncio.run(RubricGrader(RUBRIC).grade(REPLY, panel))

    assert {key: found.value for key, found in findings.items()} == {
        ("warmth", "kind"): 1.0,
        ("warmth", "same"): 1.0,
        ("form", "same"): 1.0,
        ("form", "own"): 0.0,
        ("form", "short"): 1.0,
        ("form", "deep"): 0.5,
    }
    assert findings["warmth", "kind"].votes == (("one", 1.0), ("two", 1.0))
    assert findings["form", "own"].votes == ()
    assert (actor.calls("one"), actor.calls("two"), actor.calls("own")) == (1, 1, 1)
    assert usage.calls == 3
    pages = {model: text for model, text, _ in actor.asked}
    assert keys_asked(pages["own"]) == ["own"]
    assert sorted(keys_asked(pages["one"])) == ["deep", "form--same", "kind", "warmth--same"]


def test_without_a_grader_what_is_judged_is_unscored_and_what_is_checked_is_not():
    findings, usage = asyncio.run(RubricGrader(RUBRIC).grade(REPLY, Panel()))

    assert findings["form", "short"].value == 1.0
    assert findings["form", "own"] == Finding(value=None, reason="no_grader")
    assert findings["warmth", "kind"] == Finding(value=None, reason="no_grader")
    assert usage.calls == 0


def test_the_calls_a_reply_takes_are_known_before_they_are_made():
    one = GraderEntry(model="acted/one")
    each = GraderEntry(model="acted/two", per_criterion=True, samples=2)

    assert calls_per_reply(RUBRIC, [one]) == 2  # the panel's page, and the criterion's own
    assert calls_per_reply(RUBRIC, [one, one]) == 3
    assert calls_per_reply(RUBRIC, [each]) == 2 * 4 + 2
    assert calls_per_reply(RUBRIC, []) == 1


# The page ----------------------------------------------------------------------------------------


def test_anchors_notes_and_levels_stand_on_the_page():
    question = Question(
        id="kind",
        ask="Is it kind?",
        met=("Gladly!",),
        unmet=("No.",),
        note="Sarcasm is not.",
        answers={"poor": 0.0, "good": 1.0, "CANNOT_ASSESS": None},
    )
    page = grading_page([("reply", "Sure.")], [question], b"secret")

    assert 'Met, for example: "Gladly!"' in page
    assert 'Not met, for example: "No."' in page
    assert "Note: Sarcasm is not." in page
    assert '"poor", "good", "CANNOT_ASSESS"' in page


def test_a_fence_depends_on_the_secret_and_on_all_that_is_shown():
    def fence(text, secret=b"secret", sample=0):
        page = grading_page([("reply", text)], [KIND], secret, sample=sample)
        return re.search(r"-----[0-9a-f]{24}", page)[0]

    assert fence("a") == fence("a")
    assert len({fence("a"), fence("b"), fence("a", b"other"), fence("a", sample=1)}) == 4


def test_sections_that_a_scenario_does_not_have_are_left_out():
    reply = Reply(
        text="Done.",
        prompt="Do it.",
        document="",
        messages=(Message(role="user", text="Do it."), Message(role="assistant", text="Done.")),
    )
    shown = sections(reply, ("reply", "reference", "document", "transcript"))

    assert [name for name, _ in shown] == ["transcript", "document", "reply"]
    assert shown[0][1] == f"[user]\nDo it.\n\n[assistant]\n{REPLY_BELOW}"


@pytest.mark.parametrize(
    ("text", "transcript"),
    [
        ("Done.", f"[assistant]\nWhich?\n\n[user]\nA.\n\n[assistant]\n{REPLY_BELOW}"),
        ("Done. And more.", f"[assistant]\nWhich?\n\n[user]\nA.\n\n[assistant]\n{REPLY_BELOW}"),
        ("Else.", "[assistant]\nWhich?\n\n[user]\nA.\n\n[assistant]\nDone."),
    ],
    ids=["as it was", "made longer", "another"],
)
def test_a_judge_is_shown_a_reply_once_and_an_earlier_turn_where_it_was(text, transcript):
    """With the transcript alone the reply stands in it."""
    said = (("assistant", "Which?"), ("user", "A."), ("assistant", "Done."))
    messages = tuple(Message(role=role, text=said) for role, said in said)
    reply = Reply(text=text, messages=messages)

    assert dict(sections(reply, ("reply", "transcript"))) == {
        "transcript": transcript,
        "reply": text,
    }
    assert dict(sections(reply, ("transcript",)))["transcript"].endswith("[assistant]\nDone.")


def test_a_reply_that_calls_a_tool_keeps_its_call_in_the_transcript():
    call = ToolCall(name="list_tasks", arguments={})
    messages = (Message(role="assistant", text="Let me look.", tool_calls=(call,)),)
    shown = sections(Reply(text="Let me look.", messages=messages), ("reply", "transcript"))

    assert shown[0] == ("transcript", f"[assistant]\n{REPLY_BELOW}\nlist_tasks({{}})")


def test_an_original_is_the_document_before_the_reply_and_no_document_of_the_models_own():
    versions = (
        Version(document="document", text="on Tuesday"),
        Version(document="document", by="edit_document", text="on Thursday"),
    )
    reply = Reply(text="Done.", document="on Thursday", work=Work(versions=versions))
    new = Reply(text="Done.", work=Work(versions=versions[1:]))

    assert sections(reply, ("document", "original")) == [
        ("original", "on Tuesday"),
        ("document", "on Thursday"),
    ]
    assert sections(new, ("original",)) == []


def test_a_transcript_shows_what_was_called_with_what():
    """A comment on a document is said nowhere else."""
    call = ToolCall(name="comment_on_document", arguments={"text": "Wer ist Zoë?"})
    messages = (
        Message(role="assistant", text="", tool_calls=(call,)),
        Message(role="tool", text="1 comment made."),
    )
    [(_, shown)] = sections(Reply(text="Done.", messages=messages), ("transcript",))

    assert shown == (
        '[assistant]\ncomment_on_document({"text": "Wer ist Zoë?"})\n\n[tool]\n1 comment made.'
    )


def test_what_no_provider_takes_is_replaced_in_what_is_sent():
    assert sections(Reply(text="a\ud800b\x00c\U0001f600"), ("reply",)) == [
        ("reply", "a\ufffdb\ufffdc\U0001f600")
    ]


def test_the_hash_of_the_judges_words_is_a_hash():
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", template_hash())
