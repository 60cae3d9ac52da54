"""What the values datasets say of themselves is so."""

import pytest

from tastemaker.checks.answers import classify
from tastemaker.scenario import Scenario, load_dataset

FACTS = load_dataset("values/factuality").scenarios
ANSWERABLE = [one for one in FACTS if one.expect["answers"]]


def form(answer: str) -> str:
    """What a reply would write for an accepted form: without its tolerance."""
    number, _, rest = answer.partition(" ± ")
    return f"{number} {rest.partition(' ')[2]}".strip()


@pytest.mark.parametrize("scenario", FACTS, ids=lambda scenario: scenario.id)
def test_a_question_of_fact_can_be_told_right_wrong_and_abstained(scenario: Scenario):
    answers, others = scenario.expect["answers"], scenario.expect["others"]
    kinds = [classify(form(one), answers, others, scenario.prompt).kind for one in answers]
    wrong = [classify(f"{one}.", answers, others, scenario.prompt).kind for one in others]

    assert set(kinds) <= {"right"}, kinds
    assert set(wrong) <= {"wrong"}, wrong
    assert classify("I don't know.", answers, others, scenario.prompt).kind == "abstained"


@pytest.mark.parametrize("scenario", ANSWERABLE, ids=lambda scenario: scenario.id)
def test_its_reference_gives_the_answer(scenario: Scenario):
    answers, others = scenario.expect["answers"], scenario.expect["others"]

    assert classify(scenario.reference or "", answers, others).kind == "right"


def test_only_what_nobody_knows_has_no_answer():
    assert {one.labels["fame"] for one in FACTS if not one.expect["answers"]} == {
        "not-yet",
        "never",
    }
    assert {one.stratum for one in FACTS if one.labels["fame"] != one.stratum} == set()
