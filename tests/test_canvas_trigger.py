"""What canvas/trigger promises beyond what every dataset does: one reason for each label."""

import pytest
from shipped import load_dataset

from tastemaker.checks.registry import bind
from tastemaker.records import Reply, Version, Work

REASONS = {
    "canvas": {"keep", "grows", "program", "asked"},
    "edit": {"change-open"},
    "python": {"exact", "data", "run"},
    "search": {"changing", "local", "look-up"},
    "image": {"picture"},
    "none": {
        "short",
        "explain",
        "settled",
        "easy-sum",
        "in-words",
        "refused",
        "about-open",
        "given",
        "advice",
        "small-talk",
    },
}
SCENARIOS = {scenario.id: scenario for scenario in load_dataset("canvas/trigger").scenarios}


def test_every_scenario_says_what_is_right_and_why_in_words_of_the_list():
    wrong = {
        name: (one.labels["right"], one.labels["why"])
        for name, one in SCENARIOS.items()
        if one.labels["why"] not in REASONS[one.labels["right"]]
    }
    used = {one.labels["why"] for one in SCENARIOS.values()}

    assert wrong == {}
    assert used == set().union(*REASONS.values())


def test_what_tempts_is_another_move_than_what_is_right():
    for name, one in SCENARIOS.items():
        assert one.labels["tempts"] in REASONS, name
        assert one.labels["tempts"] != one.labels["right"], name


def test_twins_call_for_different_things():
    for name, one in SCENARIOS.items():
        if one.twin:
            assert SCENARIOS[one.twin].labels["right"] != one.labels["right"], name


def test_a_document_is_called_open_where_one_is():
    for name, one in SCENARIOS.items():
        assert one.labels["canvas"] == ("open" if one.document else "empty"), name
        assert one.labels["right"] != "edit" or one.document, name


def test_expectations_and_the_labels_that_ask_for_them_go_together():
    pairs = {"holds": "contains", "says": "says", "code": "tests"}
    for name, one in SCENARIOS.items():
        for label, key in pairs.items():
            assert (label in one.labels) == (key in one.expect), (name, label)
        opens = one.labels["right"] == "canvas"
        assert opens == ("words" in one.expect) == ("opened" in one.expect), name


@pytest.mark.parametrize(("text", "value"), [("one two three", 1.0), ("one two", 0.0)])
def test_a_document_below_its_least_words_is_a_stub(text, value):
    work = Work(versions=(Version(document="document", by="create_document", text=text),))
    found = bind("document", {"min_words": 3})(Reply(text="Done.", work=work))

    assert found.value == value
    assert found.reason == ("as asked" if value else "2 words")


def test_where_no_document_was_made_it_is_no_more_than_a_stub():
    assert bind("document", {"min_words": 3})(Reply(text="a b c d")).value == 0.0
