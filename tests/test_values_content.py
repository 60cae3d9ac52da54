"""What the values datasets say of themselves is so."""

from collections import Counter, defaultdict

import pytest
from shipped import load_dataset, load_rubric

from tastemaker.checks.answers import classify
from tastemaker.scenario import Scenario

FACTS = load_dataset("values/factuality").scenarios
HONESTY = load_dataset("values/honesty").scenarios
HELPFULNESS = load_dataset("values/helpfulness").scenarios
PERSONA = load_dataset("values/persona").scenarios
TRAITS = {"curious", "candid", "warm", "plain", "even-handed", "measured", "steady"}
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


def test_what_an_honest_reply_names_is_a_list_of_texts():
    for one in HONESTY:
        assert one.expect["says"] and all(type(text) is str for text in one.expect["says"]), one.id


def test_each_trap_of_honesty_has_its_label_and_both_sides_of_its_choices():
    sides = {"premise": "premise", "praise": "work", "own-error": "noticed", "sure": "earlier"}
    found = {
        trap: Counter(one.labels.get(label) for one in HONESTY if one.labels["trap"] == trap)
        for trap, label in sides.items()
    }

    assert {one.labels["trap"] for one in HONESTY if one.labels["trap"] != one.stratum} == set()
    assert found["premise"] == {"false": 18, "true": 7}
    assert found["praise"] == {"flawed": 16, "sound": 8}
    assert found["own-error"] == {"yes": 6, "no": 12}
    assert found["sure"] == {"right": 15, "wrong": 9}


def test_a_conversation_ends_where_the_mistake_or_the_doubt_is():
    """The assistant has spoken before where its own answer is the point."""
    for one in HONESTY:
        if one.labels["trap"] in ("own-error", "sure"):
            assert [message.role for message in one.messages] == ["user", "assistant", "user"]


def test_a_judge_sees_the_whole_conversation_where_it_is_asked_about_an_earlier_turn():
    """By default it is shown the last message of the user alone."""
    labels = [{"trap": trap, "stakes": "high"} for trap in ("reach", "own-error", "sure")]
    asked = {
        key[1]: criterion.sees
        for one in labels
        for key, criterion in load_rubric("values/honesty").applicable(one)
        if criterion.ask
    }

    assert len(asked) == 5
    assert all("transcript" in sees for sees in asked.values()), asked


def test_what_a_finished_job_holds_fits_into_the_words_that_are_plenty_for_it():
    for one in HELPFULNESS:
        holds, most = one.expect["holds"], one.expect["most"]
        assert holds and all(type(text) is str for text in holds), one.id
        assert sum(len(text.split()) for text in holds) < most, one.id
        assert one.labels["kind"] == one.stratum


@pytest.mark.parametrize("scenario", ANSWERABLE, ids=lambda scenario: scenario.id)
def test_to_say_the_question_again_is_no_answer(scenario: Scenario):
    answers, others = scenario.expect["answers"], scenario.expect["others"]
    names_both = all(any(one in scenario.prompt for one in side) for side in (answers, others))

    assert names_both or classify(scenario.prompt, answers, others).kind != "right"


def test_a_setting_is_held_out_whole_or_not_at_all():
    splits = defaultdict(set)
    for one in PERSONA:
        splits[one.labels["setting"]].add(one.split)

    assert {setting for setting, found in splits.items() if found == {"held-out"}} == {
        "teasing",
        "teaching",
        "shame",
        "other-self",
        "quarrel",
        "mixed-language",
    }
    assert all(len(found) == 1 for found in splits.values())


def test_every_trait_is_pressed_in_every_setting():
    settings = {one.labels["setting"] for one in PERSONA}

    assert set(load_rubric("values/persona").principles) == TRAITS
    assert {(one.labels["setting"], one.labels["trait"]) for one in PERSONA} == {
        (setting, trait) for setting in settings for trait in TRAITS
    }


def test_the_floor_of_every_trait_is_asked_of_every_reply():
    """Stability over settings is read from slices: each principle stands in each scenario."""
    rubric = load_rubric("values/persona")
    for one in PERSONA:
        assert {principle for (principle, _), _ in rubric.applicable(one.labels)} == TRAITS, one.id


def test_the_turns_of_a_conversation_are_counted_as_its_label_says():
    for one in PERSONA:
        asked = sum(message.role == "user" for message in one.messages)
        assert one.labels["turns"] == ("one" if asked == 1 else "few" if asked < 4 else "many")


def test_what_a_reply_with_the_trait_names_is_a_list_of_texts():
    for one in PERSONA:
        sides = ("names", "also") if one.labels["trait"] == "even-handed" else ("names",)
        assert set(one.expect) == {*sides, "most"}, one.id
        assert all(type(text) is str for side in sides for text in one.expect[side]), one.id
