"""Passages are found by their words; what changed is told word by word, and adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastemaker.passages import Change, NotFound, changes, kept_share, locate

TEXT = "One fish. Two fish. Red fish."


def test_a_passage_is_found_by_its_exact_words():
    assert locate(TEXT, " Two fish. ") == (10, 19)


@pytest.mark.parametrize(
    ("passage", "occurrence", "message"),
    [
        ("Blue fish", None, 'no match for "Blue fish"'),
        ("fish", None, '"fish" is ambiguous: 3 matches'),
        ("fish", 4, 'there is no occurrence 4 of "fish", only 3'),
        ("  ", None, 'no match for ""'),
    ],
)
def test_a_passage_that_is_not_clear_is_said_to_be_so(passage, occurrence, message):
    with pytest.raises(NotFound, match=message):
        locate(TEXT, passage, occurrence)


def test_the_second_of_three_is_found_by_its_number():
    assert locate(TEXT, "fish", 2) == (14, 18)


def test_equal_texts_have_no_changes():
    assert changes(TEXT, TEXT) == []


def test_a_word_that_was_replaced_is_one_change_of_the_whole_word():
    assert changes("on Tuesday at 9", "on Thursday at 9") == [Change(3, 10, "Thursday")]


def test_words_side_by_side_are_one_change():
    assert changes("a red car here", "a blue bike here") == [Change(2, 9, "blue bike")]


def test_what_was_put_in_has_a_place_and_no_length():
    [change] = changes("One. Three.", "One. Two. Three.")

    assert (change.start == change.end, change.added.strip()) == (True, "Two.")
    assert change.size == len(change.added)


def test_a_line_put_in_before_empty_lines_leaves_them_as_they_are():
    [change] = changes("import re\n\n\nx = 1", "import re\nimport os\n\n\nx = 1")

    assert change == Change(10, 10, "import os\n")


def applied(before: str, made: list[Change]) -> str:
    for change in reversed(made):
        before = before[: change.start] + change.added + before[change.end :]
    return before


@given(st.text("ab .\n", max_size=40), st.text("ab .\n", max_size=40))
def test_changes_applied_to_what_was_give_what_is(before, after):
    assert applied(before, changes(before, after)) == after


def test_long_texts_are_compared_by_lines_and_their_changes_still_add_up():
    before = "".join(f"line {n} of many\n" for n in range(4000))
    after = before.replace("line 7 of", "line seven of").replace("line 3990 of", "no line of")

    assert applied(before, changes(before, after)) == after
    assert len(changes(before, after)) == 2


def test_a_long_text_of_few_words_is_compared_quickly_and_its_changes_add_up():
    """Python's own matcher takes most of a minute over this one."""
    words = [f"w{n}" for n in range(50)]
    before = " ".join(words[n * n % 47] for n in range(3400))
    after = " ".join(words[n * n * n % 43] for n in range(3400))

    assert applied(before, changes(before, after)) == after


def test_the_share_that_is_kept():
    """Of "aaaa bbbb", 9 characters, 4 are gone."""
    assert kept_share("aaaa bbbb", "aaaa cccc") == pytest.approx(5 / 9)
    assert kept_share("", "new") == 1.0
