"""What the demo says of itself is so: its dataset, rubric, card and experiment agree."""

import pytest
from shipped import load_dataset, load_rubric

from tastemaker.checks.registry import bind
from tastemaker.content import folder
from tastemaker.experiment import load_experiment
from tastemaker.records import Finding, Reply
from tastemaker.rubric import Criterion, applies, score_reply
from tastemaker.scenario import Dataset, Scenario

NAME = "demo/email"
LABELLED = {"sender", "days", "figures"}
"""What only some scenarios expect; a label of the same name says which."""


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset(NAME)


@pytest.fixture(scope="module")
def card() -> str:
    return (folder("datasets") / f"{NAME}.md").read_text(encoding="utf-8")


def scenario(dataset: Dataset, wanted: str) -> Scenario:
    return next(one for one in dataset.scenarios if one.id == wanted)


def findings(text: str, situation: Scenario) -> dict[tuple[str, str], Finding]:
    """What the demo's rubric finds in a reply to one of its scenarios."""
    reply = Reply(text=text, expect=situation.expect, labels=situation.labels)
    return {
        (name, key): _bound(criterion)(reply)
        for name, principle in load_rubric(NAME).principles.items()
        for key, criterion in principle.criteria.items()
        if applies(criterion, situation.labels)
    }


def _bound(criterion: Criterion):
    assert criterion.check
    return bind(criterion.check, criterion.arguments)


def scores(text: str, situation: Scenario) -> dict[str, float | None]:
    found = findings(text, situation)
    return {
        name: score.value
        for name, score in score_reply(load_rubric(NAME), found, situation.labels).items()
    }


def test_the_dataset_is_of_the_size_that_its_card_says(dataset, card):
    clusters = {one.cluster for one in dataset.scenarios}

    assert (len(dataset.scenarios), len(clusters), len(dataset.strata)) == (24, 20, 4)
    assert "24 scenarios, 20 clusters, 4 strata" in card


def test_the_card_carries_the_version_and_hash_of_the_dataset(dataset, card):
    assert f"| version | {dataset.version} |" in card
    assert f"`{dataset.fingerprint}`" in card, "datasets/demo/email.yaml changed: so must its card"


def test_every_stratum_has_five_clusters_and_nothing_is_held_out(dataset):
    clusters = {
        stratum: {one.cluster for one in dataset.scenarios if one.stratum == stratum}
        for stratum in dataset.strata
    }

    assert {stratum: len(found) for stratum, found in clusters.items()} == dict.fromkeys(
        dataset.strata, 5
    )
    assert {one.split for one in dataset.scenarios} == {"dev"}
    assert dataset.warnings == ()


def test_labels_say_what_a_scenario_expects(dataset):
    for one in dataset.scenarios:
        assert {"recipient", "subject"} <= one.expect.keys()
        assert one.labels.keys() == one.expect.keys() & LABELLED, one.id


def test_nothing_is_expected_that_the_prompt_does_not_give(dataset):
    for one in dataset.scenarios:
        given = one.prompt.casefold()
        names = [one.expect[key] for key in ("recipient", "sender") if key in one.expect]
        facts = [*one.expect.get("days", []), *one.expect.get("figures", [])]
        missing = [wanted for wanted in [*names, *facts] if wanted.casefold() not in given]
        assert not missing, one.id


def test_every_criterion_is_a_check_with_a_reason_under_four_principles():
    principles = load_rubric(NAME).principles

    assert list(principles) == ["readiness", "brevity", "faithfulness", "plainness"]
    for principle in principles.values():
        assert 2 <= len(principle.criteria) <= 4
        for criterion in principle.criteria.values():
            assert criterion.check and criterion.note


def test_anchors_are_graded_as_the_rubric_says():
    told = [
        (anchor, value, criterion)
        for principle in load_rubric(NAME).principles.values()
        for criterion in principle.criteria.values()
        if not any(isinstance(argument, dict) for argument in criterion.arguments.values())
        for value, anchors in ((1.0, criterion.met), (0.0, criterion.unmet))
        for anchor in anchors
    ]

    assert len(told) >= 8
    for anchor, value, criterion in told:
        assert _bound(criterion)(Reply(text=anchor)).value == value, anchor


def test_an_email_written_by_hand_satisfies_every_principle(dataset):
    """Twenty-six words with the recipient, the day, both figures of time and the sender's name."""
    situation = scenario(dataset, "leave-august")
    email = (
        "Hi Ingrid,\n\nI'd like to take August 10 to 21 off as vacation. Sam will cover the "
        "phones. Is that all right with you?\n\nThanks,\nBente"
    )

    assert scores(email, situation) == dict.fromkeys(load_rubric(NAME).principles, 1.0)


def test_a_template_reply_loses_what_the_weights_say(dataset):
    """Readiness keeps 1 of 5 (signs off), faithfulness 1 of 4, plainness 2 of 4, brevity all."""
    situation = scenario(dataset, "leave-august")
    email = (
        "Dear [Manager],\n\nI hope this email finds you well. I am writing to request some days "
        "for myself.\n\nBest regards,\n[Your Name]"
    )

    assert scores(email, situation) == pytest.approx(
        {"readiness": 1 / 5, "brevity": 1.0, "faithfulness": 1 / 4, "plainness": 2 / 4}
    )


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("lease-unsigned", "Hi Marcus,\n\nPlease call me by Thursday."),  # "lease" in "please"
        ("running-late", "Hi Bea,\n\nI'm 20 minutes late."),  # for what?
        ("leave-august", "Hi Ingrid,\n\nThe office is closed from August 10 to 21."),
    ],
)
def test_a_word_inside_another_is_not_the_subject(dataset, wanted, text):
    found = findings(text, scenario(dataset, wanted))

    assert found["faithfulness", "subject-kept"].value == 0.0


def test_the_experiment_compares_three_arms_that_differ_only_in_their_prompt():
    experiment = load_experiment("demo")
    arms = experiment.arms

    assert list(arms) == ["prompted", "revised", "bare"]
    assert (experiment.seeds, experiment.evals, experiment.graders) == (5, (NAME,), ())
    assert {arm.model for arm in arms.values()} == {"local/smollm2-135m"}
    assert arms["prompted"].config == arms["revised"].config == arms["bare"].config
    assert arms["bare"].system is None and not arms["bare"].few_shot


def test_the_example_in_the_revised_prompt_follows_the_rubric():
    _, answered = load_experiment("demo").arms["revised"].few_shot
    situation = Scenario(
        id="example",
        dataset=NAME,
        stratum="scheduling",
        cluster="example",
        messages=(),
        labels={"sender": "named", "days": "given", "figures": "given"},
        expect={
            "recipient": "Omar",
            "sender": "Lena",
            "subject": ["guest list"],
            "days": ["April"],
            "figures": ["14"],
        },
    )

    assert set(scores(answered.content, situation).values()) == {1.0}


def test_copying_the_example_gains_nothing_in_faithfulness(dataset):
    """Only the made-up contact details that it does not have: nothing that a scenario gives."""
    _, answered = load_experiment("demo").arms["revised"].few_shot

    for one in dataset.scenarios:
        found = findings(answered.content, one)
        kept = {
            key: finding.value
            for (principle, key), finding in found.items()
            if principle == "faithfulness"
        }
        assert kept.pop("no-made-up-contact") == 1.0
        assert not any(kept.values()), one.id
        assert found["readiness", "greets-by-name"].value == 0.0
