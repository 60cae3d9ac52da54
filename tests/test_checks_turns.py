"""Wishes kept over many turns: which turns count, what a broken one costs."""

import pytest

from tastemaker.checks.registry import CheckError, bind
from tastemaker.records import Message, Reply
from tastemaker.rubric import Criterion

NO_MARKS = {"check": "exclamations", "with": {"max": 0}}
SHORT = {"check": "words", "with": {"max": 3}}


def conversation(*said, taken=None):
    """A reply after as many turns; `taken` are those that the model took, by number."""
    messages, own = [], []
    for number, text in enumerate(said, 1):
        messages.append(Message(role="user", text=f"question {number}"))
        if taken is None or number in taken:
            own.append(len(messages))
            messages.append(Message(role="assistant", text=text))
    return Reply(text=said[-1], messages=tuple(messages), own=tuple(own))


def found(reply, *wishes, **more):
    """What the check says of these wishes."""
    return bind("turns_kept", {"wishes": list(wishes), **more})(reply)


LAPSE = conversation("Hi!", "Yes.", "No.", "Well!", "At nine.")
"""A mark in turns 1 and 4 of five."""


@pytest.mark.parametrize(
    ("wish", "credit", "value"),
    [
        ({}, "share", 3 / 5),
        ({}, "all", 0),
        ({}, "until_broken", 0),
        ({"from": 2}, "share", 3 / 4),
        ({"from": 2}, "until_broken", 2 / 4),
        ({"from": 2, "to": 3}, "all", 1),
        ({"from": 2, "to": 3}, "until_broken", 1),
        ({"from": 5}, "share", 1),
        ({"from": 4, "to": 4}, "share", 0),
    ],
)
def test_only_the_turns_in_which_a_wish_holds_count(wish, credit, value):
    assert found(LAPSE, {**NO_MARKS, **wish}, credit=credit).value == pytest.approx(value)


def test_a_wish_that_changes_midway_is_two_wishes():
    """Marks are unwelcome up to turn 2 and in turn 4; in turn 3 one is asked for."""
    wishes = [
        {**NO_MARKS, "to": 2},
        {"from": 3, "to": 3, "check": "exclamations", "with": {"exactly": 1}},
        {**NO_MARKS, "from": 4},
    ]

    assert found(conversation("Yes.", "No.", "Hurray!", "Fine."), *wishes).value == 1
    assert found(conversation("Yes.", "No.", "Fine.", "Fine."), *wishes).value == 3 / 4
    assert found(conversation("Yes.", "No.", "Hurray!", "Fine!"), *wishes, since=3).value == 1 / 2


def test_a_turn_is_as_good_as_the_worst_wish_in_it():
    """Turn 1 breaks one wish, turn 2 both, turn 3 none: one turn of three is kept."""
    reply = conversation("Yes!", "I think that it is!", "Yes.")

    assert found(reply, NO_MARKS, SHORT).value == pytest.approx(1 / 3)


def test_graded_checks_give_a_turn_their_share():
    """Half of the texts in the second turn: (1 + 1/2) / 2."""
    wish = {"check": "contains_all", "with": {"texts": ["tea", "milk"], "graded": True}}
    reply = conversation("Tea with milk.", "Tea.")

    assert found(reply, wish).value == 3 / 4
    assert found(reply, wish, credit="all").value == 0
    assert found(reply, wish, credit="until_broken").value == 1 / 2


def test_the_reason_names_the_first_turn_that_broke_it():
    finding = found(LAPSE, {**NO_MARKS, "from": 2})

    assert finding.reason == "kept in 3 of 4; turn 4: 1 exclamation mark, at most 0"
    assert finding.quote == "Well!"


def test_of_a_recorded_reply_the_last_turn_is_judged_alone():
    """What was said before is not known: nothing is concluded from it."""
    reply = conversation("", "", "", "Fine!", taken={4})

    assert found(reply, NO_MARKS).value == 0
    assert found(reply, {**NO_MARKS, "to": 3}).value is None


def test_what_the_scenario_wrote_in_the_models_place_is_not_its_turn():
    messages = (
        Message(role="user", text="a"),
        Message(role="assistant", text="Written!"),
        Message(role="user", text="b"),
        Message(role="assistant", text="Fine."),
    )

    assert found(Reply(text="Fine.", messages=messages, own=(3,)), NO_MARKS).value == 1
    assert found(Reply(text="Fine.", messages=messages), NO_MARKS).value == 1 / 2


def test_what_is_said_before_and_after_a_tool_call_is_one_turn():
    messages = (
        Message(role="user", text="a"),
        Message(role="assistant", text="Let me look!"),
        Message(role="tool", text="9:00"),
        Message(role="assistant", text="At nine."),
        Message(role="user", text="b"),
        Message(role="assistant", text="Yes."),
    )

    assert found(Reply(text="Yes.", messages=messages, own=(1, 3, 5)), NO_MARKS).value == 1 / 2


def test_a_turn_of_silence_keeps_nothing_and_one_that_cannot_be_told_is_left_out():
    portuguese = {"check": "language", "with": {"is": "pt"}}

    assert found(conversation("Yes.", "", "\u200b"), NO_MARKS).value == pytest.approx(1 / 3)
    assert found(conversation("42", "O mercado abre às nove da manhã."), portuguese).value == 1
    assert found(conversation("42", "7"), portuguese).value is None


def test_marks_in_code_and_in_other_scripts_are_told_as_the_inner_check_tells_them():
    reply = conversation("Use `!x`.", "```c\nif (!x) return;\n```\nDone.", "好的！")

    assert found(reply, NO_MARKS).value == pytest.approx(2 / 3)


def test_an_inner_check_sees_the_conversation_as_it_stood():
    """Similar to nothing later: the prompt of a turn is the message that it answers."""
    reply = conversation("question 1", "something else")
    repeats = {"check": "repeats_prompt", "with": {"max": 0.5}}

    assert found(reply, repeats).reason.startswith("kept in 1 of 2; turn 1")


def test_without_a_conversation_the_reply_is_the_first_turn():
    assert found(Reply(text="Fine."), {**NO_MARKS, "to": 1}).value == 1


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"check": "exclamation", "with": {"max": 0}}, "there is no check 'exclamation'"),
        ({"check": "words", "with": {"most": 3}}, "no such argument"),
        ({"check": "words", "with": {"max": 3}, "from": 4, "to": 2}, "ends before"),
        ({"check": "words", "with": {"max": 3}, "form": 4}, "Extra inputs"),
        ({"with": {"max": 3}}, "check: Field required"),
        ({"check": "words", "with": {"max": 3}, "from": 0}, "greater than or equal to 1"),
    ],
)
def test_a_wish_that_cannot_be_asked_is_told_when_the_rubric_is_read(wish, problem):
    with pytest.raises(CheckError, match=problem):
        bind("turns_kept", {"wishes": [NO_MARKS, wish]})
    with pytest.raises(ValueError, match="wish 2"):
        Criterion(check="turns_kept", **{"with": {"wishes": [NO_MARKS, wish]}})


def test_wishes_may_come_from_the_scenario_and_a_wrong_one_leaves_it_unscored():
    ask = bind("turns_kept", {"wishes": {"from": "expect.kept"}})
    reply = conversation("Hi!", "Yes.")

    def told(**expect):
        return ask(Reply(text=reply.text, messages=reply.messages, own=reply.own, expect=expect))

    assert told(kept=[NO_MARKS]).value == 1 / 2
    assert told(kept=[{"check": "nothing"}]).value is None
    assert told().reason == "the scenario does not give expect.kept"
