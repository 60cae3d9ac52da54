"""How prose sounds: hedges, the rhythm of sentences and paragraphs, and lists in place of prose."""

import pytest

from tastemaker.checks.markdown import running_text
from tastemaker.checks.registry import CheckError, bind
from tastemaker.records import Reply


def ask(name, text, /, **arguments):
    return bind(name, arguments)(Reply(text=text))


# Hedging


@pytest.mark.parametrize(
    "text",
    [
        "It may rain.",
        "Perhaps it rains.",
        "It seems wet.",
        "I think so.",
        "I'm not sure.",
        "In some cases it rains.",
        "It could be the pump.",
        "Rain is likely.",
        "It depends.",
        "It is sort of wet.",
    ],
)
def test_a_hedge_is_seen(text):
    assert ask("hedging", text).value == 0.0
    assert ask("hedging", text, max=1).value == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "It rained in May.",
        "May I come in?",
        "You may leave at noon.",
        "Could you close the window?",
        "Might it be the pump?",
        "It often rains.",
        "A kind of owl lives there.",
        "Rain is less likely than snow.",
        "The flag is `perhaps`.",
        "```\nmaybe\n```\nDone.",
        "He thinks so.",
    ],
)
def test_what_is_no_hedge_is_not(text):
    assert ask("hedging", text).value == 1.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It may rain. It rains.", 1.0),
        ("It may rain. Perhaps it snows.", 1.0),
        ("It may rain, or snow. It might hail.", 1.0),
        ("It may perhaps rain.", 0.0),
        ("I think it might rain.", 0.0),
        ("Fine. It could potentially rain.", 0.0),
    ],
)
def test_two_hedges_in_one_sentence_are_stacked(text, value):
    assert ask("hedging", text, max=5, stacked=0).value == value


def test_a_long_text_may_hedge_more_often():
    text = "It may rain. Perhaps it snows. " + "Bread. " * 94

    assert ask("hedging", text, max=1).value == 0.0  # 100 words
    assert ask("hedging", text, max=1, per_100_words=1).value == 1.0


def test_the_sentence_that_hedges_most_is_quoted():
    assert ask("hedging", "It may rain. It might perhaps hail.").quote == "It might perhaps hail."


# Rhythm

EVEN = "I bake the bread. I sell the rolls. I clean the oven. I count the till."
UNEVEN = (
    "I bake. The rolls are sold by ten, on most days, to the same nine people. Why? Nobody knows."
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (UNEVEN, 1.0),
        ("I bake bread. I sell rolls. I count.", 1.0),  # three sentences have no rhythm yet
        ("- one two\n- one two\n- one two\n- one two", 1.0),  # nor has a list
        (EVEN, 0.0),
        (EVEN.replace("till.", "whole till."), 0.0),
        (f"# Work\n\n{EVEN}\n\n- the long last item of a list that nobody reads to its end", 0.0),
    ],
)
def test_sentences_of_one_length_are_monotonous(text, value):
    assert ask("sentence_rhythm", text, variation=0.3).value == value


def test_the_variation_is_the_deviation_by_the_mean():
    """Lengths 2, 4, 4, 6: mean 4, SD root of 2, which is 0.354 of it."""
    text = "I bake. I sell the rolls. I clean the oven. I count it all at noon."

    assert ask("sentence_rhythm", text, variation=0.35).value == 1.0
    assert ask("sentence_rhythm", text, variation=0.36).reason == "variation 0.35, at least 0.36"


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (EVEN, {"same_start": 4}, 1.0),
        ("I bake. You sell. I bake. You sell.", {"same_start": 1}, 1.0),
        ("One two three.", {"max_words": 3}, 1.0),
        (EVEN, {"same_start": 3}, 0.0),
        ("“I bake.” I sell.", {"same_start": 1}, 0.0),
        ("One two three four.", {"max_words": 3}, 0.0),
    ],
)
def test_sentences_in_a_row_that_begin_alike_and_long_ones(text, arguments, value):
    assert ask("sentence_rhythm", text, **arguments).value == value


def test_what_was_missed_stands_first_in_the_reason():
    finding = ask("sentence_rhythm", EVEN, variation=0.01, max_words=4, same_start=2)

    assert finding.reason.startswith("variation 0.00, at least 0.01; 4 in a row begin alike")
    assert finding.quote == EVEN


SHORT = "One.\n\nTwo.\n\nThree.\n\nFour."
MIXED = "One two. Three four.\n\nFive six. Seven.\n\nEight.\n\nNine."


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (MIXED, {"single": 0.5}, 1.0),
        ("One.\n\nTwo.\n\nThree.", {"single": 0.0}, 1.0),
        (MIXED, {"variation": 0.5}, 1.0),  # 4, 3, 1 and 1 words
        (f"One two\n\n- {'word ' * 50}", {"max_words": 2}, 1.0),
        (SHORT, {"single": 0.9}, 0.0),
        (SHORT, {"variation": 0.1}, 0.0),
        ("One two three", {"max_words": 2}, 0.0),
    ],
)
def test_paragraphs_of_one_sentence_of_one_length_and_long_ones(text, arguments, value):
    assert ask("paragraph_rhythm", text, **arguments).value == value


@pytest.mark.parametrize("name", ["sentence_rhythm", "paragraph_rhythm"])
def test_a_rhythm_is_asked_for_by_some_limit(name):
    with pytest.raises(CheckError, match="say variation or max_words or"):
        bind(name, {})


def test_running_text_is_paragraphs_where_they_stood():
    text = "# A\n\nOne `x` two.\n\n- three\n\n| a |\n|---|\n\n```\nfour\n```\nFive."
    kept = running_text(text)

    assert len(kept) == len(text)
    assert kept.split() == ["One", "two.", "Five."]


# Lists

HALF = "Two things are open:\n\n- the deposit\n- the keys"
LED = "- **Deposit:** open\n- **Keys**: gone\n1. **Who** – nobody\n- **bold** start"


@pytest.mark.parametrize(
    ("text", "share", "value"),
    [
        (HALF, 0.5, 1.0),  # four of eight words
        ("No list at all.", 0.0, 1.0),
        ("```\n- a\n- b\n```\nText.", 0.0, 1.0),
        (HALF, 0.49, 0.0),
        ("## A heading\n\nText", 0.5, 0.0),
        ("| a | b |\n|---|---|\n| c | d |\n\nText", 0.5, 0.0),
        ("- a\n  - b\n  - c\n\nText", 0.7, 0.0),
    ],
)
def test_the_share_of_words_in_lists_tables_and_headings(text, share, value):
    assert ask("list_share", text, max=share).value == value


@pytest.mark.parametrize(("most", "value"), [(3, 1.0), (4, 1.0), (2, 0.0), (0, 0.0)])
def test_items_that_begin_in_bold_with_a_colon_or_dash(most, value):
    assert ask("list_share", LED, max=1.0, lead_ins=most).value == value
