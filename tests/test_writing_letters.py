"""What the writing datasets say of themselves is so: labels, expectations and prompts agree."""

import pytest
from shipped import load_dataset, load_rubric

from tastemaker.checks.registry import bind
from tastemaker.experiment import load_experiment
from tastemaker.records import Reply

NAMES = ["writing/email", "writing/cover-letter", "writing/blog"]
RUBRICS = [*NAMES, "writing/thread-summary", "writing/fiction", "writing/revision"]
LABELLED = {
    "facts": ("facts", "given"),
    "withheld": ("trap", "withhold"),
    "derived": ("derived", "given"),
    "limit": ("length", "limited"),
    "sender": ("sender", "named"),
    "recipient": ("recipient", "named"),
    "employer": ("employer", "named"),
    "least": ("floor", "given"),
    "keeps": ("keeps", "given"),
    "avoid": ("avoid", "given"),
    "search": ("search", "given"),
}
"""What a scenario may expect, and the label that says it does."""


def scenarios(name):
    return load_dataset(name).scenarios


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_expects_what_its_labels_say_and_nothing_else(name):
    for one in scenarios(name):
        said = {key for key, (label, value) in LABELLED.items() if one.labels.get(label) == value}
        assert said == set(one.expect), one.id
        assert {"language"} <= one.labels.keys(), one.id


@pytest.mark.parametrize("name", NAMES)
def test_names_stand_in_the_prompt_and_lists_hold_texts(name):
    for one in scenarios(name):
        given = one.prompt.casefold()
        for key in {"sender", "recipient", "employer"} & one.expect.keys():
            names = one.expect[key] if isinstance(one.expect[key], list) else [one.expect[key]]
            assert any(wanted.casefold() in given for wanted in names), (one.id, key)
        for key in {"facts", "withheld", "derived", "keeps", "avoid", "search"} & one.expect.keys():
            assert all(isinstance(text, str) for text in one.expect[key]), (one.id, key)


def test_what_may_be_worked_out_is_not_given():
    """Else it would not have to be allowed: a sum, the next day, a weekday in full."""
    for one in scenarios("writing/email"):
        for text in one.expect.get("derived", []):
            found = bind("contains", {"text": text, "whole_words": True})(Reply(text=one.prompt))
            assert found.value == 0, (one.id, text)


@pytest.mark.parametrize("name", NAMES)
def test_no_fact_that_is_wanted_is_one_that_must_not_be_said(name):
    for one in scenarios(name):
        wanted = " ".join(one.expect.get("facts", []))
        for text in one.expect.get("withheld", []):
            found = bind("contains", {"text": text, "whole_words": True})(Reply(text=wanted or "-"))
            assert found.value == 0, (one.id, text)


def test_what_a_post_must_say_was_said_to_the_model_and_fits_its_limit():
    for one in scenarios("writing/blog"):
        given = "\n".join(message.text for message in one.messages).casefold()
        named = [one.expect.get(key, []) for key in ("facts", "keeps", "search")]
        missing = [text for texts in named for text in texts if text.casefold() not in given]
        assert not missing or one.labels["source"] == "translation", (one.id, missing)
        assert one.expect.get("least", 0) < one.expect.get("limit", 800), one.id


@pytest.mark.parametrize("name", RUBRICS)
def test_every_question_to_a_judge_has_an_example_of_each_answer(name):
    for principle in load_rubric(name).principles.values():
        for key, criterion in principle.criteria.items():
            assert not criterion.ask or (criterion.met and criterion.unmet), key


@pytest.mark.parametrize("name", RUBRICS)
def test_anchors_of_checks_are_graded_as_the_rubric_says(name):
    graded = 0
    for principle in load_rubric(name).principles.values():
        for key, criterion in principle.criteria.items():
            given = criterion.arguments.values()
            if not criterion.check or any(isinstance(value, dict) for value in given):
                continue
            for value, anchors in ((1.0, criterion.met), (0.0, criterion.unmet)):
                for anchor in anchors:
                    graded += 1
                    found = bind(criterion.check, criterion.arguments)(Reply(text=anchor))
                    assert found.value == value, (key, anchor, found)

    assert graded >= 2


def test_the_experiment_measures_each_writing_eval_with_the_margin_of_its_card():
    experiment = load_experiment("writing")

    assert set(experiment.evals) >= set(NAMES)
    assert experiment.rules["default"].margin == 0.1
