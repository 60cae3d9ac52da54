"""Where people differ, what they agree on, and agreed cases as anchors of the rubric."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tastemaker.about import Current, Now
from tastemaker.errors import UserError
from tastemaker.marks import CONSENSUS, MARKS, Mark, MarkStore
from tastemaker.rating.adjudication import disagreements
from tastemaker.rating.anchors import LONGEST, Case, agreed, choose, edited, quoted
from tastemaker.rating.questions import Questions
from tastemaker.reading import read
from tastemaker.records import Finding
from tastemaker.rubric import Rubric

MARK = Mark(
    eval="email", scenario="s1", seed=1, arm="old", criterion="clarity/ask", rater="ana", value=1.0
)
REPLY = ("email", "s1", 1, "old")


@pytest.fixture
def store(tmp_path):
    return MarkStore(tmp_path / MARKS)


def by(rater, value, **fields):
    return replace(MARK, rater=rater, value=value, **fields)


def judged(value, **fields):
    return {REPLY: {"clarity/ask": Finding(value=value, **fields)}}


# Disagreements -----------------------------------------------------------------------------------


def test_raters_who_differ_are_shown_with_quotes_and_notes(store):
    store.put([by("ben", 0.0, note="too late"), by("ana", 1.0, quote="Could you?")])
    (found,) = disagreements(store)

    assert (found.between, found.distance) == ("raters", 1.0)
    assert [(one.who, one.value, one.quote, one.note) for one in found.sides] == [
        ("ana", 1.0, "Could you?", ""),
        ("ben", 0.0, "", "too late"),
    ]


@pytest.mark.parametrize(
    ("values", "judge", "between"),
    [
        ([1.0, 1.0], None, None),
        ([1.0, 1.0], 1.0, None),
        ([1.0, 1.0], 0.0, "judge"),
        ([1.0], 0.5, "judge"),  # half of a panel
        ([1.0, 0.0], 1.0, "raters"),
        ([1.0, None], 1.0, "raters"),
        ([None, None], 1.0, None),  # they cannot say, so they say nothing else than the judge
    ],
)
def test_who_is_not_at_one(store, values, judge, between):
    store.put([by(f"r{place}", value) for place, value in enumerate(values)])
    found = disagreements(store, judged(judge))

    assert [one.between for one in found] == ([between] if between else [])


def test_the_farthest_apart_comes_first(store):
    store.put([by("ana", 1.0, scenario=name) for name in ("near", "far", "unsure")])
    store.put([by("ben", 0.5, scenario="near"), by("ben", 0.0, scenario="far")])
    store.put([by("ben", None, scenario="unsure")])

    assert [one.scenario for one in disagreements(store)] == ["far", "near", "unsure"]


def test_an_agreement_stands_beside_the_marks_and_settles_them(store):
    marks = [by("ana", 1.0), by("ben", 0.0)]
    store.put(marks)
    store.put([by(CONSENSUS, 1.0, note="seen together")])

    assert store.marks() == [*marks, by(CONSENSUS, 1.0, note="seen together")]
    assert disagreements(store) == []
    assert disagreements(store, settled=True)[0].consensus.value == 1.0


def test_what_was_said_of_another_reply_differs_from_nothing(store):
    """Ben's answer is about the reply that stood there before: he and Ana do not differ."""
    now = Now(replies={REPLY: "sha256:new"}, questions={})
    about = now.about(REPLY, "clarity/ask")
    store.put([by("ana", 1.0, about=about), by("ben", 0.0, about="sha256:old")])
    assert len(disagreements(store)) == 1

    assert disagreements(Current(store, now)) == []
    assert [one.rater for one in Current(store, now).marks()] == ["ana"]
    assert agreed(Current(store, now)) == []


def test_agreed_is_what_two_say_alike_or_what_was_adjudicated(store):
    store.put([by("ana", 1.0), by("ben", 1.0, quote="q")])
    store.put([by("ana", 1.0, scenario="alone")])
    store.put([by("ana", 1.0, scenario="apart"), by("ben", 0.0, scenario="apart")])
    store.put([by("ana", 0.0, scenario="open"), by("ben", 1.0, scenario="open")])
    store.put([by(CONSENSUS, 0.0, scenario="apart")])

    assert [(one.scenario, one.value, one.quote, source) for one, source in agreed(store)] == [
        ("s1", 1.0, "q", "agreement"),
        ("apart", 0.0, "", "consensus"),
    ]


# Which cases -------------------------------------------------------------------------------------

PLAIN = Rubric.model_validate(
    {
        "rubric": "email",
        "principles": {
            "clarity": {
                "criteria": {
                    "ask": {"ask": "Is it asked?", "met": ["There already."]},
                    "tone": {"ask": "How is it?", "levels": {"poor": 0, "good": 1}},
                    "short": {"check": "words", "with": {"max": 5}},
                }
            }
        },
    }
)
QUESTIONS = Questions(rubrics={"email": PLAIN}, own={})


def chosen(store, texts, findings=None, held_out=frozenset(), **options):
    replies = {("email", scenario, 1, "old"): text for scenario, text in texts.items()}
    return choose(store, findings or {}, replies, QUESTIONS, held_out, **options)


def both(store, scenario, value=1.0, **fields):
    store.put([by(rater, value, scenario=scenario, **fields) for rater in ("ana", "ben")])


def test_what_the_judge_got_wrong_is_the_first_choice(store):
    for scenario in ("s1", "s2"):
        both(store, scenario)
    findings = {
        ("email", "s1", 1, "old"): {"clarity/ask": Finding(value=1.0)},
        ("email", "s2", 1, "old"): {"clarity/ask": Finding(value=0.0)},
    }
    (case,) = chosen(store, {"s1": "Short.", "s2": "Rather longer."}, findings).cases

    assert (case.text, case.answer, case.judge_differs) == ("Rather longer.", "met", True)


def test_each_answer_gets_its_case(store):
    both(store, "s1")
    both(store, "s2", 0.0)
    both(store, "s2", 1.0, criterion="clarity/tone")
    cases = chosen(store, {"s1": "One.", "s2": "Two."}).cases

    assert {(one.criterion, one.answer, one.text) for one in cases} == {
        ("clarity/ask", "met", "One."),
        ("clarity/ask", "unmet", "Two."),
        ("clarity/tone", "good", "Two."),
    }


def test_of_a_long_reply_the_marked_passage_is_taken(store):
    long = "word " * LONGEST + "Could you send it?"
    both(store, "s1", quote="Could you send it?")
    both(store, "s2")
    found = chosen(store, {"s1": long, "s2": long})

    assert [one.text for one in found.cases] == ["Could you send it?"]
    assert list(found.skipped.values()) == [1]


def test_what_cannot_be_an_anchor_is_left_out_with_its_reason(store):
    both(store, "held")
    both(store, "s1", criterion="clarity/short")
    both(store, "s2", criterion="clarity/gone")
    both(store, "s3")
    texts = dict.fromkeys(("held", "s1", "s2"), "A text.") | {"s3": "There already."}
    found = chosen(store, texts, held_out={("email", "held")})

    assert found.cases == ()
    assert sum(found.skipped.values()) == 3
    assert any("held out" in why for why in found.skipped)
    assert any("a check" in why for why in found.skipped)


# The file ----------------------------------------------------------------------------------------


def case(answer="met", text="New.", criterion="clarity/ask"):
    return Case(
        eval="email",
        scenario="s1",
        seed=1,
        criterion=criterion,
        answer=answer,
        text=text,
        source="agreement",
        judge_differs=False,
    )


LAYOUTS = {
    "keys missing": (
        "rubric: email  # ours\nprinciples:\n  clarity:\n    criteria:\n"
        "      ask:\n        ask: Is it asked? # really\n        weight: 2\n",
        [
            "+version: 2",
            '+        met: ["New."]',
            '+        unmet: ["Old."]',
        ],
    ),
    "flow lists": (
        "rubric: email\nversion: 3 # counted\nprinciples:\n  clarity:\n    criteria:\n"
        "      ask:\n        ask: Is it asked?\n        met: [one, 'two'] # both\n"
        "        unmet: []\n",
        [
            "-version: 3 # counted",
            "+version: 4 # counted",
            "-        met: [one, 'two'] # both",
            "-        unmet: []",
            "+        met: [one, 'two', \"New.\"] # both",
            '+        unmet: ["Old."]',
        ],
    ),
    "block lists": (
        "rubric: email\nprinciples:\n  clarity:\n    criteria:\n"
        "      ask:\n        ask: >\n          Is it\n          asked?\n\n        unmet:\n"
        "        - |\n          Many\n          lines.\n\n        # the end\n  warmth:\n"
        "    criteria: {kind: {ask: Is it kind?}}\n",
        ["+version: 2", '+        - "Old."', '+        met: ["New."]'],
    ),
    "one line": (
        "{rubric: email, principles: {clarity: {criteria: {ask: {ask: 'Is it asked?'}}}}}",
        [
            "-{rubric: email, principles: {clarity: {criteria: {ask: {ask: 'Is it asked?'}}}}}",
            "+{rubric: email, version: 2, principles: {clarity: {criteria: "
            '{ask: {ask: \'Is it asked?\', met: ["New."], unmet: ["Old."]}}}}}',
        ],
    ),
    "no line end": (
        "rubric: email\nprinciples:\n  clarity:\n    criteria:\n      ask:\n"
        "        ask: Is it asked?",
        [
            "+version: 2",
            "-        ask: Is it asked?",
            "+        ask: Is it asked?",
            '+        met: ["New."]',
            '+        unmet: ["Old."]',
        ],
    ),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "﻿"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_what_is_added_changes_in_the_file(tmp_path, layout, mark, newline):
    text, changed = LAYOUTS[layout]
    path = tmp_path / "email.yaml"
    path.write_bytes((mark + text).replace("\n", newline).encode())
    edit = edited(path, [case(), case("unmet", "Old.")])
    lines = [line.lstrip("﻿") for line in edit.diff.splitlines()[2:]]

    changes = [line for line in lines if line[:1] in ("+", "-")]
    assert [one.replace("﻿", "") for one in changes] == changed
    assert edit.after.startswith(mark)
    if newline == "\r\n":
        assert "\n" not in edit.after.replace("\r\n", "")
    edit.write()
    rubric = read(path, Rubric)
    assert rubric.principles["clarity"].criteria["ask"].met[-1:] == ("New.",)
    assert rubric.version == edit.version


def test_levels_get_their_anchors(tmp_path):
    path = tmp_path / "email.yaml"
    path.write_text(
        "rubric: email\nprinciples:\n  clarity:\n    criteria:\n      tone:\n"
        "        ask: How is it?\n        levels:\n          poor: 0 # bad\n"
        "          fair: {value: 0.5, anchors: [so so]}\n          good:\n"
        "            value: 1\n"
    )
    names = ("poor", "fair", "good")
    edit = edited(path, [case(name, f"A {name} one.", "clarity/tone") for name in names])

    assert 'poor: {value: 0, anchors: ["A poor one."]} # bad' in edit.after
    assert 'fair: {value: 0.5, anchors: [so so, "A fair one."]}' in edit.after
    assert '            value: 1\n            anchors: ["A good one."]\n' in edit.after


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1).filter(str.strip))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_becomes_an_anchor_as_it_is(tmp_path, text):
    path = tmp_path / "email.yaml"
    path.write_text("rubric: email\nprinciples: {clarity: {criteria: {ask: {ask: 'Asked?'}}}}\n")
    edited(path, [case(text=text)]).write()

    assert read(path, Rubric).principles["clarity"].criteria["ask"].met == (text,)
    assert "\n" not in quoted(text)


def test_a_layout_that_cannot_be_added_to_is_left_alone(tmp_path):
    """A block that keeps its last empty lines would lose one of them to the line put below."""
    path = tmp_path / "email.yaml"
    text = (
        "rubric: email\nprinciples:\n  clarity:\n    criteria:\n      ask:\n"
        "        ask: |+\n          Asked?\n\n\n        weight: 2\n"
    )
    path.write_text(text)

    with pytest.raises(UserError, match=r"write these in by hand:\n  clarity/ask, met: \"New\.\""):
        edited(path, [case()])
    assert path.read_text() == text


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "email.yaml"
    path.write_text(LAYOUTS["flow lists"][0])
    edit = edited(path, [case()])
    path.write_text("rubric: other\n")

    with pytest.raises(UserError, match="was changed meanwhile"):
        edit.write()
    assert path.read_text() == "rubric: other\n"
    assert [one.name for one in Path(tmp_path).iterdir() if one.name != "home"] == ["email.yaml"]
