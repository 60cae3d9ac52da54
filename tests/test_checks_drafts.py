"""A model that criticises its own draft: what it faulted is gone from the next, or it is not."""

import pytest

from tastemaker.checks.registry import bind
from tastemaker.records import Message, Reply

DRAFT = "Please be advised that the heating will be off. We apologise for any inconvenience."


def value(*turns, **arguments):
    """The finding on these turns of the model, each after one of the user's."""
    messages = [
        Message(role=role, text=text)
        for said in turns
        for role, text in (("user", "Go on."), ("assistant", said))
    ]
    own = tuple(range(1, len(messages), 2))
    reply = Reply(text=turns[-1], messages=tuple(messages), own=own)
    return bind("acts_on_critique", arguments)(reply).value


@pytest.mark.parametrize(
    "critique",
    [
        'Stiff: "Please be advised" and "any inconvenience".',
        "Stiff: “please be advised”, “Any inconvenience.”",
        "- `Please be advised`\n- `any inconvenience`",
        "'Please be advised' is a lawyer's; so is 'any inconvenience'.",
        "«Please be advised» et «any inconvenience»",
    ],
)
def test_words_that_were_quoted_and_are_gone_however_they_were_quoted(critique):
    assert value(DRAFT, critique, "The heating will be off. Sorry.") == 1
    assert value(DRAFT, critique, DRAFT.replace("We", "We do")) == 0


def test_three_of_four_gone_is_enough_and_one_of_two_is_not():
    critique = '"Please be advised" "the heating" "We apologise" "any inconvenience"'

    assert value(DRAFT, critique, "No heating. We apologise.") == 1
    assert value(DRAFT, critique, "No heating. We apologise.", share=1.0) == 0
    assert value(DRAFT, critique, "Please be advised: no warmth. We apologise.") == 0


@pytest.mark.parametrize(
    "turns",
    [
        (DRAFT,),
        (DRAFT, "Better now: the heating is off."),
        (DRAFT, "It could be warmer overall.", "The heating will be off. Sorry."),
        (DRAFT, 'I would drop "dear valued customer".', "The heating will be off. Sorry."),
    ],
)
def test_a_critique_that_quotes_nothing_of_the_draft_has_faulted_nothing(turns):
    assert value(*turns) == 0


def test_more_passages_may_be_asked_for():
    turns = (DRAFT, 'Only "Please be advised".', "The heating will be off. Sorry.")

    assert (value(*turns), value(*turns, quotes=2)) == (1, 0)


def test_an_apostrophe_ends_no_quotation():
    draft = "It's the kind of day that doesn't end. We're sorry."

    assert value(draft, "Weak: 'the kind of day that doesn't end'", "A long day. We're sorry.") == 1
