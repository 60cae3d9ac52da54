"""From score files to verdicts: what a comparison finds, what it refuses, how often it is wrong."""

import csv
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tastemaker.errors import UserError
from tastemaker.experiment import Experiment, load_experiment
from tastemaker.gate import Outcome
from tastemaker.record import RECORD, frozen, read_record
from tastemaker.records import ScoreRow
from tastemaker.results import load_results, results
from tastemaker.rubric import load_rubric
from tastemaker.scenario import load_dataset
from tastemaker.tables import scores_of_rows

PRINCIPLES = ("clarity", "honesty", "warmth", "brevity")
SCENARIOS, SEEDS = 60, 5
EXPERIMENT = """
experiment: recorded
baseline: {old: {scores: ./old.csv}}
candidates: {new: {scores: ./new.csv}}
"""


def chances(rng):
    """(principles, scenarios): how often an arm that scores 0.8 or so meets each criterion."""
    return rng.beta(4, 1, size=(len(PRINCIPLES), SCENARIOS))


def drawn(rng, chance):
    """(principles, scenarios, seeds) scores of 0 and 1."""
    return rng.binomial(1, np.repeat(chance[..., None], SEEDS, axis=2)).astype(float)


def with_loss(chance, points):
    """The first principle worse by so many points: that share of its scenarios always fails."""
    worse = chance.copy()
    worse[0, : round(SCENARIOS * points / chance[0].mean())] = 0.0
    return worse


def write_csv(path, values):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("scenario", "seed", "principle", "value"))
        for (p, i, k), value in np.ndenumerate(values):
            writer.writerow((f"s{i}", k + 1, PRINCIPLES[p], value))


def kinds(found):
    return {verdict.principle: str(verdict.kind) for verdict in found.decision.verdicts}


@pytest.fixture
def recorded(project):
    """The results of two arms' scores, by way of files."""

    def make(old, new, experiment=EXPERIMENT):
        folder = project({"try.yaml": experiment})
        write_csv(folder / "old.csv", old)
        write_csv(folder / "new.csv", new)
        return load_results(load_experiment(folder / "try.yaml"), folder / "logs")

    return make


@pytest.fixture
def in_memory():
    """The results of two arms' scores, by way of nothing: the same rows, quickly."""
    experiment = Experiment.model_validate(
        {
            "experiment": "recorded",
            "baseline": {"old": {"scores": "old.csv"}},
            "candidates": {"new": {"scores": "new.csv"}},
        }
    )
    shape = (2, len(PRINCIPLES), SCENARIOS, SEEDS)
    rows = [
        ScoreRow(
            eval="scores", arm=("old", "new")[a], scenario=f"s{i}", cluster=f"s{i}", seed=k + 1,
            principle=PRINCIPLES[p], value=0.0,
        )
        for a, p, i, k in np.ndindex(shape)
    ]  # fmt: skip
    empty = scores_of_rows(rows)

    def make(old, new):
        values = np.stack([old, new]).ravel()
        scores = replace(empty, numbers={**empty.numbers, "value": values})
        return results(experiment, {"record": "sha256:0"}, scores)

    return make


# How often it is wrong ---------------------------------------------------------------------------


def test_a_loss_of_20_points_on_one_principle_of_four_is_told_on_that_one_alone(recorded):
    rng = np.random.default_rng(7)
    chance = chances(rng)
    found = recorded(drawn(rng, chance), drawn(rng, with_loss(chance, 0.2)))

    told = kinds(found)
    assert told.pop("clarity") == "REGRESSED"
    assert "REGRESSED" not in told.values()
    assert found.decision.outcome is Outcome.FAIL
    assert found.decision.reasons[0] == "Regressed: clarity (new)."
    assert found.decision.verdicts[0].paired.difference == pytest.approx(-0.2, abs=0.06)


def test_the_same_scores_twice_are_no_difference(recorded):
    rng = np.random.default_rng(8)
    scores = drawn(rng, chances(rng))
    verdicts = recorded(scores, scores).decision.verdicts

    assert {verdict.paired.difference for verdict in verdicts} == {0.0}
    assert {verdict.p_regressed_adjusted for verdict in verdicts} == {1.0}


def test_files_and_memory_find_the_same(recorded, in_memory):
    rng = np.random.default_rng(9)
    chance = chances(rng)
    old, new = drawn(rng, chance), drawn(rng, with_loss(chance, 0.1))
    one, other = (make(old, new).decision.verdicts for make in (recorded, in_memory))

    assert [v.paired.low for v in one] == [v.paired.low for v in other]
    assert [v.p_regressed for v in one] == [v.p_regressed for v in other]


@pytest.mark.slow
def test_two_identical_arms_are_seldom_told_apart(in_memory):
    """200 A/A experiments of 4 principles x 60 scenarios x 5 seeds.

    STATS 4.1 lets any REGRESSED stand in 5% of them and any IMPROVED in 2.5%: with 200, 10 and 5.
    A binomial count passes 20 and 13 in fewer than one simulation of a thousand.
    """
    rng = np.random.default_rng(20250101)
    told = {"REGRESSED": 0, "IMPROVED": 0}
    for _ in range(200):
        chance = chances(rng)
        found = set(kinds(in_memory(drawn(rng, chance), drawn(rng, chance))).values())
        told = {kind: count + (kind in found) for kind, count in told.items()}

    assert told["REGRESSED"] <= 20
    assert told["IMPROVED"] <= 13


def test_a_planted_loss_is_found_where_it_is_and_seldom_elsewhere(in_memory):
    """40 experiments; a false alarm elsewhere in 5%: 2, and 8 or more in one simulation of 1000."""
    rng = np.random.default_rng(11)
    found = elsewhere = 0
    for _ in range(40):
        chance = chances(rng)
        told = kinds(in_memory(drawn(rng, chance), drawn(rng, with_loss(chance, 0.2))))
        found += told.pop("clarity") == "REGRESSED"
        elsewhere += "REGRESSED" in told.values()

    assert found == 40
    assert elsewhere < 8


# What the numbers are of -------------------------------------------------------------------------

score = partial(
    ScoreRow, eval="email", dataset="email", arm="old", scenario="s1", cluster="s1", seed=1,
    principle="honesty", value=1.0,
)  # fmt: skip


def made(rows, record=None, **options):
    """The results of rows, all but the point of the experiment filled in."""
    arms = {"baseline": {"old": {"scores": "o.csv"}}, "candidates": {"new": {"scores": "n.csv"}}}
    experiment = Experiment.model_validate({"experiment": "try"} | arms | options)
    return results(experiment, {"record": "sha256:0"} | (record or {}), scores_of_rows(rows))


def both(clusters=80, **fields):
    """Equal scores of both arms in so many scenarios, alternately 0 and 1."""
    return [
        score(arm=arm, scenario=f"s{n}", cluster=f"s{n}", value=float(n % 2), **fields)
        for arm in ("old", "new")
        for n in range(clusters)
    ]


def test_equal_arms_pass_when_there_are_enough_clusters():
    assert made(both()).decision.outcome is Outcome.PASS
    assert made(both(clusters=30)).decision.outcome is Outcome.INCONCLUSIVE


def test_a_limited_run_does_not_pass():
    assert made(both(), record={"limit": 80}).decision.outcome is Outcome.INCONCLUSIVE


def test_a_principle_is_pooled_over_its_evals_and_shown_inside_each():
    rows = both(eval="one") + [
        replace(row, value=0.0) if row.arm == "new" else row for row in both(eval="two")
    ]
    found = made(rows)

    (verdict,) = found.decision.verdicts
    # Half of the scenarios of the second eval, and evals count alike.
    assert verdict.paired.difference == pytest.approx(-0.25)
    assert found.by_eval["new", "honesty", "one"].difference == 0.0
    assert found.by_eval["new", "honesty", "two"].difference == pytest.approx(-0.5)


def test_a_rule_for_one_eval_is_a_verdict_of_its_own_in_the_same_family():
    rows = both(eval="one") + both(eval="two")
    found = made(rows, rules={"honesty@two": {"margin": 0.1}}).decision.verdicts

    assert [(v.principle, v.rule.margin) for v in found] == [
        ("honesty", 0.05),
        ("honesty@two", 0.1),
    ]


def test_every_candidate_has_its_verdicts():
    rows = both() + [replace(row, arm="newer") for row in both() if row.arm == "new"]
    found = made(rows, candidates={"new": {"scores": "n.csv"}, "newer": {"scores": "m.csv"}})

    assert [v.candidate for v in found.decision.verdicts] == ["new", "newer"]


def test_a_principle_with_nothing_but_weightless_evals_is_not_evaluable():
    rows = both(eval="one") + both(eval="two", principle="warmth")
    found = made(rows, weights={"one": 0.0, "two": 1.0})

    assert kinds(found) == {"honesty": "NOT_EVALUABLE", "warmth": "NON_INFERIOR"}


def test_what_is_missing_is_counted_by_arm_and_reason():
    """An empty value, and a row that the other arm has and this one lacks, are missing alike."""
    rows = [row for row in both() if (row.arm, row.scenario) != ("new", "s3")]
    rows[0] = replace(rows[0], value=None, reason="missing")
    rows[1] = replace(rows[1], value=None, reason="invalid_response_format")
    found = made(rows)

    assert found.unscored == {
        "old": {"missing": 1, "invalid_response_format": 1},
        "new": {"missing": 1},
    }
    assert found.decision.verdicts[0].paired.unscored == 3
    assert found.decision.outcome is Outcome.PASS  # 1 and 2 of 80, and no fill changes it


def test_a_seed_that_an_arm_never_had_is_not_missing():
    rows = [replace(row, seed=k) for row in both() for k in (1, 2) if (row.arm, k) != ("new", 2)]

    assert made(rows).unscored == {"old": {}, "new": {}}


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("not_run", "new: 1 scores were not run."),
        ("error", "new: 1 scores ended in an error."),
        ("no_grader", "new: 1 scores need a judge, and the experiment names no grader."),
        ("grader_failed", "new: 1 scores could not be graded, because the grader failed."),
    ],
)
def test_what_should_be_there_and_is_not_makes_the_run_incomplete(reason, sentence):
    rows = both()
    rows[-1] = replace(rows[-1], value=None, reason=reason)
    decision = made(rows).decision

    assert decision.outcome is Outcome.INCOMPLETE
    assert decision.reasons == (sentence,)


def test_an_arm_without_any_score_makes_the_run_incomplete():
    decision = made([row for row in both() if row.arm == "old"]).decision

    assert decision.outcome is Outcome.INCOMPLETE
    assert decision.reasons == ("new: there is no score at all.",)


def test_many_missing_scores_are_not_evaluable_and_keep_their_numbers():
    rows = [
        replace(row, value=None, reason="missing") if row.arm == "new" and n % 8 == 0 else row
        for n, row in enumerate(both())
    ]
    (verdict,) = made(rows).decision.verdicts

    assert str(verdict.kind) == "NOT_EVALUABLE"
    assert verdict.paired.difference == 0.0
    assert verdict.paired.scenarios == 70


def test_a_reply_is_paid_for_once_however_many_principles_it_has():
    took = dict(input_tokens=10, output_tokens=5, seconds=2.0, cost=0.25)
    rows = [replace(row, **took) for row in both() + both(principle="warmth")]
    spent = made(rows).spent["new"]

    assert (spent.replies, spent.input_tokens, spent.output_tokens) == (80, 800, 400)
    assert (spent.seconds, spent.cost) == (2.0, 20.0)


def test_what_nobody_counted_is_unknown_and_not_zero():
    spent = made(both()).spent["old"]

    assert (spent.input_tokens, spent.seconds, spent.cost) == (None, None, None)


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rules": {"honsety": {"margin": 0.1}}}, "the rule 'honsety' names what has no scores"),
        ({"rules": {"honesty@chat": {}}}, "the rule 'honesty@chat' names what has no scores"),
        ({"weights": {"emial": 1.0}}, "weights name the eval 'emial': did you mean 'email'?"),
    ],
)
def test_a_rule_or_weight_that_names_nothing_is_refused(options, said):
    with pytest.raises(UserError) as error:
        made(both(), **options)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("column", "old", "new", "said"),
    [
        ("cluster", "story", "tale", "scenario 'a' has the cluster 'story' in arm old, seed 1, "
         "and 'tale' in arm new, seed 1"),
        ("stratum", "", "rare", "scenario 'a' has the stratum '' in arm old, seed 1, and 'rare'"),
        ("weight", "1", "2", "scenario 'a' has the scenario weight '1.0' in arm old, seed 1"),
    ],
)  # fmt: skip
def test_files_that_put_a_scenario_into_different_places_are_refused(
    project, column, old, new, said
):
    """The first file's cluster would stand for both, unseen, and the interval with it."""
    header = f"scenario,seed,principle,value,{column}\n"
    folder = project(
        {
            "try.yaml": EXPERIMENT,
            "old.csv": f"{header}a,1,clarity,1,{old}\n",
            "new.csv": f"{header}a,1,clarity,1,{new}\n",
        }
    )

    with pytest.raises(UserError) as error:
        load_results(load_experiment(folder / "try.yaml"), folder / "logs")
    assert said in str(error.value)


@pytest.mark.parametrize(
    "key",
    [
        "limit: 10",
        "early_stopping: true",
        "formats: [xml]",
        "on_inconclusive: extend",
    ],
)
def test_what_does_nothing_to_scores_that_are_there_is_refused_and_not_ignored(recorded, key):
    scores = np.ones((1, 6, 1))

    with pytest.raises(UserError, match=f"no meaning for files of scores: {key.split(':')[0]}"):
        recorded(scores, scores, EXPERIMENT + key)


# The record --------------------------------------------------------------------------------------


@pytest.fixture
def experiment(project):
    """An experiment of one eval, and the folder where its record stands."""
    folder = project(
        {
            "kind.yaml": "rubric: kind\nprinciples: {p: {criteria: {c: {ask: Is it kind?}}}}",
            "small.yaml": "dataset: small\nstrata: {all: {scenarios: [{id: a, prompt: Hi}]}}",
            "try.yaml": """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
""",
        }
    )
    return load_experiment(folder / "try.yaml"), folder


def written(folder, loaded):
    """Write the record that a run of the experiment leaves."""
    rubric, dataset = load_rubric(folder / "kind.yaml"), load_dataset(folder / "small.yaml")
    hashes = {"rubric_hash": rubric.fingerprint, "dataset_hash": dataset.fingerprint}
    content = {"record": "sha256:1", "limit": None, "evals": {"small": hashes}, **frozen(loaded)}
    (folder / RECORD).write_text(json.dumps(content))


def test_an_unchanged_experiment_has_its_record(experiment):
    loaded, folder = experiment
    written(folder, loaded)

    assert read_record(folder, loaded)["record"] == "sha256:1"


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("kind.yaml", "kind?", "warm?", "the rubric of small"),
        ("small.yaml", "prompt: Hi", "prompt: Hey", "the dataset of small"),
    ],
)
def test_a_rubric_or_dataset_that_changed_after_the_run_is_refused(
    experiment, name, old, new, told
):
    loaded, folder = experiment
    written(folder, loaded)
    (folder / name).write_text((folder / name).read_text().replace(old, new))

    with pytest.raises(UserError, match=f"try changed after its run, in {told}: run it again"):
        read_record(folder, loaded)


def test_a_folder_without_a_run_says_what_makes_one(experiment):
    loaded, folder = experiment

    with pytest.raises(UserError, match="no run of try there; `tastemaker run` makes one"):
        load_results(loaded, folder / "logs")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"record": "sha256:1"}'])
def test_a_record_that_is_none_is_refused(experiment, text):
    loaded, folder = experiment
    (folder / RECORD).write_text(text)

    with pytest.raises(UserError, match=r"record\.json: not a record of ours"):
        read_record(folder, loaded)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rules": {"default": {"margin": 0.2}}}, "rules"),
        ({"alpha": 0.1, "max_unscored": 0.5}, "alpha, max_unscored"),
        ({"seed": 2}, "seed"),
        ({"candidates": {"new": {"model": "acted/newer"}}}, "arms"),
        ({"grader": {"model": "acted/judge"}}, "grader"),
    ],
)
def test_what_decides_may_not_change_after_the_run(experiment, change, told):
    loaded, folder = experiment
    written(folder, loaded)
    changed = Experiment.model_validate(loaded.model_dump(exclude_unset=True) | change)

    with pytest.raises(UserError, match=f"try changed after its run, in {told}: run it again"):
        read_record(folder, changed)


CRITERIA = "".join(f"s{n},{k},p,easy,1,1\ns{n},{k},p,hard,1,0\n" for n in range(8) for k in (1, 2))


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        (
            CRITERIA.replace("hard,1", "hard,0.1"),
            r"'s0', p: base has the criteria easy \(1\), hard \(1\), and cand has easy \(1\), hard",
        ),
        (
            CRITERIA.replace("s3,1,p,hard,1,0\ns3,", "s3,").replace("s3,2,p,hard,1,0\n", ""),
            r"'s3', p: .* and cand has easy \(1\); leave the value empty",
        ),
        (
            CRITERIA.replace("s3,2,p,hard,1,", "s3,2,p,hard,0.1,"),
            "'s3', p: in arm cand the criterion 'hard' has the weight 1 in one seed and 0.1 in",
        ),
    ],
    ids=["weighed less", "left out where it fails", "weighed less in one seed"],
)
def test_a_principle_made_of_other_criteria_is_another_principle(project, candidate, told):
    """Without it, a candidate that leaves out the hard criterion would look improved."""
    columns = "scenario,seed,principle,criterion,weight,value\n"
    folder = project(
        {
            "base.csv": columns + CRITERIA,
            "cand.csv": columns + candidate,
            "try.yaml": "experiment: try\nbaseline: {base: {scores: ./base.csv}}\n"
            "candidates: {cand: {scores: ./cand.csv}}\n",
        }
    )

    with pytest.raises(UserError, match=told):
        load_results(load_experiment(folder / "try.yaml"), folder / "logs")
