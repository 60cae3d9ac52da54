"""Earlier runs are compared only where that means something, and a pinned baseline is held to."""

import json
from dataclasses import replace
from datetime import date

import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.comparison import compare_arms, differences, open_arm
from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.pin import PIN, age, read_pin

RUBRIC = """
rubric: kind
principles:
  brevity: {criteria: {short: {check: words, with: {max: 5}}}}
  warmth: {criteria: {warm: {ask: Is it warm?}}}
"""
DATASET = "dataset: many\nstrata:\n  all:\n    scenarios:\n" + "".join(
    f'      - {{id: s{n}, prompt: "Number {n}"}}\n' for n in range(8)
)
EXPERIMENT = """
experiment: try
evals: [{{rubric: ./kind.yaml, dataset: ./many.yaml}}]
seeds: 1
baseline: {{old: {{model: acted/old, config: {{temperature: 0.5}}}}}}
candidates: {{new: {{model: acted/new, config: {{temperature: 0.5}}}}}}
grader: {{model: acted/{grader}}}
rules: {{default: {{margin: 0.2}}}}
"""


def met(answer):
    return f'{{"warm": {{"quote": "none", "answer": "{answer}"}}}}'


@pytest.fixture
def folder(project, actor):
    actor.says("old", "Sure, thank you.")
    actor.says("new", "I shall gladly do all of that for you.")
    actor.says("kindly", met("MET"))
    actor.says("harsh", met("UNMET"))
    return project(
        {
            "kind.yaml": RUBRIC,
            "many.yaml": DATASET,
            "try.yaml": EXPERIMENT.format(grader="kindly"),
        }
    )


def tastemaker(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)


def test_arms_of_two_runs_are_compared_by_the_rules_of_the_second(folder):
    assert tastemaker("run", "try.yaml", "--logs", "one").exit_code == 1
    assert tastemaker("run", "try.yaml", "--logs", "two").exit_code == 1

    results = compare_arms(
        open_arm("one@old", candidate=False), open_arm("two@new", candidate=True)
    )
    brevity = results.decision.verdicts[0]
    assert (brevity.paired.baseline.mean, brevity.paired.candidate.mean) == (1.0, 0.0)
    assert brevity.rule.margin == 0.2
    assert tastemaker("compare", "one", "two").exit_code == 1
    same = compare_arms(open_arm("one@old", candidate=False), open_arm("two@old", candidate=True))
    assert same.decision.verdicts[0].paired.difference == 0.0


def test_runs_that_differ_in_what_matters_are_refused_with_each_difference(folder):
    tastemaker("run", "try.yaml", "--logs", "one")
    text = EXPERIMENT.format(grader="harsh").replace("temperature: 0.5", "temperature: 1.0")
    (folder / "try.yaml").write_text(text)
    (folder / "many.yaml").write_text(DATASET.replace("Number 7", "Number seven"))
    tastemaker("run", "try.yaml", "--logs", "two", "--seeds", "2")
    one, two = open_arm("one", candidate=False), open_arm("two", candidate=True)

    found = differences(one, two)
    assert set(found) == {"seeds", "grader", "many.dataset_hash", "config.temperature"}
    with pytest.raises(UserError, match=r"config.temperature: 0.5 and 1.0") as refused:
        compare_arms(one, two, declared=["seeds"])
    assert "grader" in str(refused.value)
    assert "seeds" not in str(refused.value)
    declared = compare_arms(one, two, declared=list(found))
    meant = [text for text in declared.warnings if text.startswith("declared as meant")]
    assert len(meant) == 4


def test_arms_that_talked_to_other_users_are_not_compared(folder):
    tastemaker("run", "try.yaml", "--logs", "one")
    one, two = open_arm("one", candidate=False), open_arm("one", candidate=True)
    played = replace(two, record={**two.record, "user": {"model": "acted/guest", "config": {}}})

    assert set(differences(one, played)) == {"user"}


def test_a_judge_that_had_to_be_calibrated_decides_no_comparison(folder):
    """Forty equal replies pass; not where only a judge that people have calibrated may decide."""
    many = DATASET + "".join(f'      - {{id: t{n}, prompt: "More {n}"}}\n' for n in range(32))
    (folder / "many.yaml").write_text(many)
    tastemaker("run", "try.yaml", "--logs", "one")
    tastemaker("run", "try.yaml", "--logs", "two")
    assert tastemaker("compare", "one@old", "two@old").exit_code == 0

    text = EXPERIMENT.format(grader="kindly").replace("kindly}", "kindly, calibrated: true}")
    (folder / "try.yaml").write_text(text)
    tastemaker("run", "try.yaml", "--logs", "two")
    compared = tastemaker("compare", "one@old", "two@old", "--json")
    assert compared.exit_code == 3
    verdicts = {one["principle"]: one for one in json.loads(compared.stdout)["verdicts"]}
    assert verdicts["brevity"]["verdict"] == "NON_INFERIOR"
    assert verdicts["warmth"]["verdict"] == "NOT_EVALUABLE"
    assert "marks on one run say nothing of a comparison" in verdicts["warmth"]["reason"]


def test_what_is_declared_must_be_a_difference(folder):
    tastemaker("run", "try.yaml", "--logs", "one")
    one, other = open_arm("one", candidate=False), open_arm("one", candidate=True)

    with pytest.raises(UserError, match="do not differ in split"):
        compare_arms(one, other, declared=["split"])
    with pytest.raises(UserError, match="no arm 'nwe': did you mean 'new'"):
        open_arm("one@nwe", candidate=False)
    with pytest.raises(UserError, match="no run there"):
        open_arm("nowhere", candidate=False)


def test_a_pinned_baseline_is_paid_for_once(folder, actor):
    pinned = tastemaker("run", "try.yaml", "--only", "baseline")
    assert pinned.exit_code == 0
    assert "Pinned: old" in pinned.output
    assert (actor.calls("old"), actor.calls("new")) == (8, 0)

    tastemaker("run", "try.yaml")
    assert (actor.calls("old"), actor.calls("new")) == (8, 8)


def test_a_baseline_that_is_not_complete_is_not_pinned(folder, actor):
    actor.says("old", lambda messages, config: ValueError("down"))
    result = tastemaker("run", "try.yaml", "--only", "baseline")

    assert result.exit_code == 4
    assert not (folder / "logs" / "try" / PIN).exists()


def test_a_pin_that_no_longer_fits_is_refused_before_any_call(folder, actor):
    tastemaker("run", "try.yaml", "--only", "baseline")
    (folder / "kind.yaml").write_text(RUBRIC.replace("max: 5", "max: 6"))
    before = len(actor.asked)
    refused = tastemaker("run", "try.yaml")

    assert refused.exit_code == 2
    assert "no longer fits; changed: many: rubric_hash" in refused.stderr
    assert len(actor.asked) == before
    assert tastemaker("run", "try.yaml", "--only", "baseline", "--repin").exit_code == 0
    assert tastemaker("run", "try.yaml").exit_code == 1


def test_a_new_grader_grades_the_pinned_replies_again_and_tells_the_shift(folder, actor):
    tastemaker("run", "try.yaml", "--only", "baseline")
    (folder / "try.yaml").write_text(EXPERIMENT.format(grader="harsh"))
    bridged = tastemaker("run", "try.yaml")

    assert "warmth: the new grader alone moves the baseline by -1.000" in bridged.stderr
    assert "brevity: the new grader alone moves the baseline by +0.000" in bridged.stderr
    assert actor.calls("old") == 8


def test_the_pin_says_what_it_rests_on(folder):
    tastemaker("run", "try.yaml", "--only", "baseline")
    pin = read_pin(folder / "logs" / "try")

    assert pin.baseline == "old"
    assert pin.parts["settings"] == load_experiment(folder / "try.yaml").arms["old"].fingerprint
    assert pin.parts["seeds"] == 1


def test_an_old_pin_is_called_old(folder):
    tastemaker("run", "try.yaml", "--only", "baseline")
    pin = replace(read_pin(folder / "logs" / "try"), pinned_on=date(2026, 1, 1))

    assert age(pin, date(2026, 1, 21)) == "Baseline old as pinned on 2026-01-01, 20 days ago."
    assert "45 days ago: hosted models drift" in age(pin, date(2026, 2, 15))
