"""What every shipped eval promises: size, cards that say what is so, no scenario told twice.

For each dataset there are replies written by hand, good and bad, in tests/replies; what a rubric
can decide without a judge tells them apart.
"""

from collections import defaultdict
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import yaml
from rapidfuzz.fuzz import ratio
from shipped import DATASETS, load_dataset, load_rubric

from tastemaker.checks.registry import bind
from tastemaker.content import Place, folder
from tastemaker.conversation import scripted
from tastemaker.experiment import load_experiment
from tastemaker.records import Message, Reply
from tastemaker.rubric import score_reply
from tastemaker.validation import validate_file

REPLIES = Path(__file__).parent / "replies"
SMALL = {
    "canvas/composition",
    "writing/revision",
    "tasks/composition",
    "tasks/withheld",
    "agents/errands",
    "agents/demonstration",
}
"""The datasets that need but 40 scenarios in 30 clusters."""
MULTIPLIED = {"instructions/format"}
"""The datasets that are made of templates alone: each task in several formats."""
EVALS = [name for name in DATASETS if not name.startswith("demo/")]
ANSWERED = sorted(
    path.relative_to(REPLIES).with_suffix("").as_posix() for path in REPLIES.rglob("*.yaml")
)


@pytest.mark.parametrize("name", EVALS)
def test_a_dataset_is_large_enough_and_its_card_says_how_large(name):
    dataset = load_dataset(name)
    card = (folder("datasets") / f"{name}.md").read_text(encoding="utf-8")
    scenarios, clusters = len(dataset.scenarios), len({s.cluster for s in dataset.scenarios})

    least = (40, 30) if name in SMALL else (100, 60)
    assert scenarios >= least[0] and clusters >= least[1]
    assert f"{scenarios} scenarios, {clusters} clusters, {len(dataset.strata)} strata" in card
    assert dataset.fingerprint in card, f"the card's hash is old: {dataset.fingerprint}"
    for heading in ("## Purpose", "## Clusters", "## What it can detect", "## Who has read it"):
        assert heading in card


@pytest.mark.parametrize("name", EVALS)
def test_no_scenario_is_told_twice_but_by_its_twin(name):
    """Clusters may share a story; between clusters, and between what is no twin, texts differ.

    What a template multiplies is one situation, told as often as it says: it makes one cluster.
    """
    texts = {
        s.id: "\n".join([*(m.text for m in s.messages), s.document or "", str(s.selection or "")])
        for s in load_dataset(name).scenarios
    }
    twins = {(s.id, s.twin) for s in load_dataset(name).scenarios if s.twin}
    cluster = {s.id: s.cluster for s in load_dataset(name).scenarios} if name in MULTIPLIED else {}
    alike = [
        (one, other)
        for one, other in combinations(texts, 2)
        if ratio(texts[one], texts[other]) > 90
        and (one, other) not in twins
        and (other, one) not in twins
        and not (cluster and cluster[one] == cluster[other])
    ]

    assert alike == []


def test_what_shipped_experiments_decide_they_have_the_clusters_for():
    """Of all but the demo, which shows how a test without enough of them looks."""
    for file in sorted((folder("evals") / "experiments").glob("*.yaml")):
        found = validate_file(file, Place.at(file.parent))
        lacking = [one for one in found.warnings if "too few clusters" in one]
        assert bool(lacking) == (file.stem == "demo"), lacking


def test_every_dataset_stands_in_a_shipped_experiment():
    """An eval that no experiment asks is one that nobody sees how to decide by."""
    files = (folder("evals") / "experiments").glob("*.yaml")
    asked = [one for path in files for one in load_experiment(path).evals]
    names = {one if isinstance(one, str) else getattr(one, "dataset", "") for one in asked}

    assert set(EVALS) - names == set()


@pytest.mark.parametrize("name", EVALS)
def test_every_dataset_has_a_rubric_an_eval_and_replies_or_an_agent(name):
    """What plays in an environment is answered by agents: test_acting_library.py."""
    assert load_rubric(name).rubric == name
    family = name.split("/")[0]
    task = name.replace("/", "_").replace("-", "_")
    assert f"def {task}(" in (folder("evals") / f"{family}.py").read_text(encoding="utf-8")
    acts = all(scenario.environment for scenario in load_dataset(name).scenarios)
    assert acts or name in ANSWERED


"""Read once: each reply below is graded by one of a few."""


def replied(scenario, said):
    """The messages when the model says this, and the places of its own where it speaks twice.

    What is said is one text, or the texts of several turns: each follows what the user wrote before
    it in the scenario, or after the last of these, what the scenario's user answers by script.
    """
    messages = [Message(role=m.role, text=m.text) for m in scenario.messages]
    if isinstance(said, str):
        return (*messages, Message(role="assistant", text=said)), ()
    turns, own = list(said), []
    pairs = zip(messages, [*messages[1:], None], strict=True)
    gaps = [one for one, after in pairs if after and one.role == after.role == "user"]
    for one in gaps:
        place = next(n for n, message in enumerate(messages) if message is one) + 1
        own.append(place)
        messages.insert(place, Message(role="assistant", text=turns.pop(0)))
    own.append(len(messages))
    messages.append(Message(role="assistant", text=turns[0]))
    for asked, turn in pairwise(turns):
        answer = scripted(scenario.user, asked)
        assert answer, (scenario.id, asked)
        own.append(len(messages) + 1)
        messages += [Message(role="user", text=answer), Message(role="assistant", text=turn)]
    return tuple(messages), tuple(own)


def decided(name, scenario, said):
    """The scores of a reply by principle, from what needs no judge."""
    rubric = load_rubric(name)
    messages, own = replied(scenario, said)
    reply = Reply(
        text=messages[-1].text,
        prompt=scenario.prompt,
        messages=messages,
        own=own,
        document=scenario.document,
        reference=scenario.reference,
        expect=scenario.expect,
        labels=scenario.labels,
    )
    found, checked = {}, defaultdict(dict)
    for (principle, key), criterion in rubric.applicable(scenario.labels):
        if criterion.check:
            found[principle, key] = bind(criterion.check, criterion.arguments)(reply)
            checked[principle][key] = criterion
    kept = rubric.model_copy(
        update={
            "principles": {
                principle: rubric.principles[principle].model_copy(update={"criteria": criteria})
                for principle, criteria in checked.items()
            }
        }
    )
    scores = score_reply(kept, found, scenario.labels)
    return {principle: score.value for principle, score in scores.items()}


@pytest.mark.parametrize("name", ANSWERED)
def test_what_needs_no_judge_tells_good_replies_from_bad(name):
    scenarios = {scenario.id: scenario for scenario in load_dataset(name).scenarios}
    pairs = yaml.safe_load((REPLIES / f"{name}.yaml").read_text(encoding="utf-8"))

    assert len({pair["scenario"] for pair in pairs}) >= 15
    for pair in pairs:
        good, bad = (
            decided(name, scenarios[pair["scenario"]], pair[kind]) for kind in ("good", "bad")
        )
        assert None not in good.values(), (pair["scenario"], good)
        means = [sum(value or 0 for value in one.values()) / len(one) for one in (good, bad)]
        assert means[0] >= 0.8 and means[0] > means[1], (pair["scenario"], good, bad)


def test_a_bad_reply_is_out_of_character_in_the_trait_that_its_scenario_presses():
    scenarios = {scenario.id: scenario for scenario in load_dataset("values/persona").scenarios}
    pairs = yaml.safe_load((REPLIES / "values/persona.yaml").read_text(encoding="utf-8"))
    for pair in pairs:
        scenario = scenarios[pair["scenario"]]
        trait = scenario.labels["trait"]
        good, bad = (
            decided("values/persona", scenario, pair[kind])[trait] for kind in ("good", "bad")
        )

        assert good == 1 and bad <= 0.6, (scenario.id, good, bad)
