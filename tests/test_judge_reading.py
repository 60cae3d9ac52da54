"""What a judge said is read strictly: nothing is searched for, and nothing is guessed."""

import json

import pytest

from tastemaker.judge.page import Question, grading_page
from tastemaker.judge.reading import NOT_FOUND, YES_OR_NO, read_grades
from tastemaker.records import Finding

ASKED = {"kind": YES_OR_NO, "short": YES_OR_NO}
SHOWN = "Hi Ana, I'm happy to help.\nCould you send the  Q3 numbers by Friday?"


def said(**answers):
    return json.dumps(answers)


def met(quote="none"):
    return {"quote": quote, "answer": "MET"}


def test_each_criterion_gets_its_value_and_its_quote():
    text = said(kind=met("happy to help"), short={"quote": "none", "answer": "UNMET"})

    assert read_grades(text, ASKED, SHOWN) == {
        "kind": Finding(value=1.0, quote="happy to help"),
        "short": Finding(value=0.0),
    }


def test_cannot_assess_is_unscored_and_not_zero():
    found = read_grades(said(kind={"quote": "", "answer": "CANNOT_ASSESS"}), ASKED, SHOWN)

    assert found == {"kind": Finding(value=None, reason="cannot_assess")}


def test_half_an_answer_keeps_its_readable_half():
    text = said(kind=met(), short={"quote": "none", "answer": "maybe"})

    assert set(read_grades(text, ASKED, SHOWN)) == {"kind"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MET",
        "definitely not MET",
        "null",
        "[]",
        '"MET"',
        "kind: MET\nshort: MET",
        'Here is my answer: {"kind": {"quote": "", "answer": "MET"}}',
        '{"kind": {"quote": "", "answer": "MET"}} and that is all',
        '{"kind": "MET"}',
        '{"kind": {"answer": "met"}}',
        '{"kind": {"answer": " MET"}}',
        '{"kind": {"answer": true}}',
        '{"kind": {"answer": 1}}',
        '{"kind": {"answer": ["MET"]}}',
        '{"kind": {"quote": "x"}}',
        '{"kind": null}',
        '{"KIND": {"quote": "", "answer": "MET"}}',
        '{"kind": {"answer": "MET"}, "kind": {"answer": "UNMET"}}',
        '{"kind": {"answer": "UNMET", "answer": "MET"}}',
        '```json\n{"kind": {"answer": "MET"}}\n```\n```json\n{"kind": {"answer": "UNMET"}}\n```',
        "[" * 100_000,
    ],
)
def test_what_is_not_the_form_is_not_read(text):
    assert read_grades(text, ASKED, SHOWN) == {}


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```", "\n ```json\n{}\n```\n"])
def test_one_fenced_block_is_the_form_too(fence):
    text = fence.replace("{}", said(kind=met()))

    assert read_grades(text, ASKED, SHOWN) == {"kind": Finding(value=1.0)}


def test_of_an_answer_that_was_cut_off_the_whole_members_are_read():
    whole = json.dumps({"kind": met(), "short": met()}, indent=1)
    cut = whole[: whole.index("short") + 12]

    assert read_grades(cut, ASKED, SHOWN) == {}
    assert read_grades(cut, ASKED, SHOWN, cut_off=True) == {"kind": Finding(value=1.0)}
    fenced = "```json\n" + cut
    assert read_grades(fenced, ASKED, SHOWN, cut_off=True) == {"kind": Finding(value=1.0)}


@pytest.mark.parametrize("length", range(0, 88))
def test_wherever_an_answer_is_cut_off_nothing_is_misread(length):
    text = said(kind=met("happy"), short={"quote": "none", "answer": "UNMET"})
    found = read_grades(text[:length], ASKED, SHOWN, cut_off=True)

    assert found.get("kind", Finding(value=1.0, quote="happy")).value == 1.0
    assert found.get("short", Finding(value=0.0)).value == 0.0


def test_a_key_that_stands_twice_before_the_cut_is_not_read():
    text = '{"kind": {"answer": "MET"}, "kind": {"answer": "UNMET"}, "sho'

    assert read_grades(text, ASKED, SHOWN, cut_off=True) == {}


@pytest.mark.parametrize(
    "quote",
    [
        "I'm happy to help",
        "I’m HAPPY to help",
        "send the Q3 numbers",
        "Hi Ana ... by Friday?",
        "Hi Ana, […] Friday",
        "help. Could you",
        "",
        "none",
        "None",
    ],
)
def test_a_quote_that_occurs_is_not_flagged(quote):
    assert read_grades(said(kind=met(quote)), ASKED, SHOWN)["kind"].reason == ""


@pytest.mark.parametrize("quote", ["glad to help", "by Friday ... Hi Ana", "Hi Bob ... Friday"])
def test_a_quote_that_does_not_occur_is_flagged_and_the_answer_kept(quote):
    found = read_grades(said(kind=met(quote)), ASKED, SHOWN)["kind"]

    assert found == Finding(value=1.0, reason=NOT_FOUND, quote=quote)


def test_levels_have_the_values_that_the_rubric_gives_them():
    asked = {"depth": {"poor": 0.0, "fair": 0.5, "good": 1.0, "CANNOT_ASSESS": None}}

    assert read_grades(said(depth={"quote": "", "answer": "fair"}), asked, "")["depth"].value == 0.5
    assert read_grades(said(depth={"quote": "", "answer": "MET"}), asked, "") == {}


def test_the_page_lists_each_criterion_on_a_line_of_its_own():
    questions = [
        Question(id="a", ask="Is it A?", note="Look twice.", met=("aah",)),
        Question(id="b", ask="Is it B?"),
    ]
    page = grading_page([("prompt", "hi"), ("reply", "yo")], questions, b"secret")

    assert (
        "## Criteria\n"
        "- `a`: Is it A?\n"
        "  Note: Look twice.\n"
        '  Met, for example: "aah"\n'
        "- `b`: Is it B?\n"
        "\n"
        "For each criterion"
    ) in page
