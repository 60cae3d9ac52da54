"""What stands beside the verdicts: slices, limits on resources, tensions, variance."""

import json
from io import StringIO

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.criteria import criterion_changes
from tastemaker.errors import UserError
from tastemaker.experiment import Arm, Experiment
from tastemaker.gate import Outcome
from tastemaker.records import ScoreRow
from tastemaker.report.beside import all_pass_rows
from tastemaker.report.data import as_data, as_json
from tastemaker.report.html.page import as_html
from tastemaker.report.html.source import Source
from tastemaker.report.markdown import as_markdown
from tastemaker.report.terminal import PlainConsole, print_report
from tastemaker.results import results
from tastemaker.slices import Part, parts
from tastemaker.stats.estimates import linear
from tastemaker.tables import Arranged, Trait, scores_of_rows

ARMS = ("old", "new")


@pytest.fixture
def found():
    """Results of 40 scenarios by 3 seeds; `score` gives a row's fields by arm, number and seed."""

    def make(score=lambda arm, number, seed: {}, principles=("honesty",), **keys):
        rng = np.random.default_rng(5)
        rows = [
            ScoreRow(
                **(
                    {
                        "eval": "writing",
                        "arm": arm,
                        "scenario": f"s{number}",
                        "cluster": f"c{number}",
                        "seed": seed,
                        "principle": principle,
                        "value": float(rng.random() < 0.8),
                    }
                    | score(arm, number, seed)
                )
            )
            for arm in ARMS
            for number in range(40)
            for seed in (1, 2, 3)
            for principle in principles
        ]
        return decided(rows, **keys)

    return make


def decided(rows, **keys):
    experiment = Experiment(
        experiment="try",
        evals=("writing",),
        baseline={"old": Arm(model="mockllm/old")},
        candidates={"new": Arm(model="mockllm/new")},
        **keys,
    )
    return results(experiment, {"record": "sha256:0"}, scores_of_rows(rows))


def labelled(arm, number, seed):
    """The first half is asked by clients and gets worse, the second by friends and stays."""
    client = number < 20
    worse = client and arm == "new"
    return {
        "labels": json.dumps({"audience": "client" if client else "friend"}),
        "stratum": "odd" if number % 2 else "even",
        "value": 0.0 if worse else 1.0,
    }


# What a reply takes, and pass^k ------------------------------------------------------------------


def turns(arm, number, seed):
    """The baseline takes 2 turns; the candidate 2 and 4 by scenario, and one more in seed 3."""
    more = {"old": 0, "new": 2 * (number % 2)}[arm] + (seed == 3)
    return {"calls": 2 + more, "value": 1.0}


def test_turns_of_a_reply_have_students_interval_over_scenarios(found):
    """Seeds 2, 2, 3 and 4, 4, 5 average 7/3 and 13/3, twenty times each: mean 10/3, SD 1.0127."""
    told = found(turns).taken

    (new,) = [one for one in told if one.arm == "new"]
    half = stats.t.ppf(0.975, 39) * (40 / 39) ** 0.5 / 40**0.5
    assert (new.eval, new.resource, new.scenarios) == ("writing", "calls", 40)
    assert new.mean.value == pytest.approx(10 / 3)
    assert (new.mean.low, new.mean.high) == pytest.approx((10 / 3 - half, 10 / 3 + half))


def test_turns_stand_by_eval_and_together_and_without_any_they_are_absent(found):
    def score(arm, number, seed):
        return turns(arm, number, seed) | {"eval": "talk" if number < 20 else "writing"}

    homes = [one.eval for one in found(score).taken if one.arm == "new"]

    assert homes == [None, "talk", "writing"]
    assert found().taken == ()
    assert found().spent["new"].calls is None


def test_a_reply_that_failed_has_no_turns_that_count(found):
    def score(arm, number, seed):
        failed = {"value": None, "reason": "error", "calls": 12}
        return failed if (arm, number, seed) == ("new", 1, 2) else {"calls": 1, "value": 1.0}

    told = found(score, resources={"calls": {"ratio_at_most": 2}})

    assert told.spent["new"].calls == 119
    assert {one.mean.value for one in told.taken} == {1.0}
    assert told.decision.resources[0].found.candidate == 1.0


def test_a_sum_over_a_part_of_the_replies_is_no_sum(found):
    """Two calls a reply where they were counted, in 60 of 120: not 120 calls, and not 1 a reply."""
    told = found(lambda arm, number, seed: {"calls": 2, "cost": 1.0} if number < 20 else {})

    assert (told.spent["new"].calls, told.spent["new"].cost) == (None, None)
    means = {(one.arm, one.resource): one.mean.value for one in told.taken}
    assert means["new", "calls"] == pytest.approx(2)


def test_no_reply_takes_less_than_nothing(found):
    """One scenario of forty takes 4,000 seconds, the others none: mean 100, half-width 202."""
    told = found(lambda arm, number, seed: {"seconds": 4000.0 * (number == 0)}).taken

    assert told[0].mean.value == pytest.approx(100)
    assert (told[0].mean.low, told[0].mean.high) == (0.0, pytest.approx(302.3, abs=0.1))


def test_turns_can_be_held_to_a_limit_like_seconds(found):
    """Scenarios of 2 and 4 turns against 2: the ratios 1 and about 2 have a mean of 2 ** 0.5."""
    limit = {"calls": {"ratio_at_most": 1.2}}
    (told,) = found(
        lambda a, n, s: {"calls": 2 + 2 * (a == "new" and n % 2)}, resources=limit
    ).decision.resources

    assert told.found.ratio.value == pytest.approx(2**0.5)
    assert told.outcome == "fail"


def test_pass_hat_k_falls_with_k_and_decides_nothing(found):
    """The candidate fails one seed of every other scenario: pass^1 5/6, pass^2 2/3, pass^3 1/2."""

    def score(arm, number, seed):
        return {"value": 0.5 if arm == "new" and number % 2 and seed == 2 else 1.0}

    told = found(score)

    passed = [one.mean for one in told.all_pass["honesty", "new"]]
    assert passed == pytest.approx([5 / 6, 2 / 3, 1 / 2])
    assert [one.mean for one in told.all_pass["honesty", "old"]] == [1.0, 1.0, 1.0]
    assert [one.principle for one in told.decision.verdicts] == ["honesty"]


def test_pass_hat_k_says_over_how_many_scenarios_it_is_where_some_lack_seeds(found):
    """Half of them fail two seeds and lack the third: without these pass^3 would look like 1."""

    def score(arm, number, seed):
        if arm == "old" or number % 2:
            return {"value": 1.0}
        return {"value": None, "reason": "unscored"} if seed == 3 else {"value": 0.0}

    told = found(score)
    [line] = [row for row in all_pass_rows(told) if row[1] == "new"]

    assert [one.mean for one in told.all_pass["honesty", "new"]] == pytest.approx([0.5, 0.5, 1.0])
    assert line[3].endswith(")")
    assert (line[4][:6], line[4][-11:]) == ("1.00 (", "), 20 of 40")
    assert "), 20 of 40 |" in as_markdown(told)


def test_turns_and_pass_hat_k_stand_in_every_form_for_people(found):
    told = found(turns)

    text, terminal = as_markdown(told), StringIO()
    print_report(told, PlainConsole(file=terminal, width=200))
    page = as_html(told, Source(tables={}))
    assert "| writing | new | 3.33 (3.01 to 3.66) |" in text
    assert "| honesty | new | 1.00 (0.91 to 1.00) | 1.00 (0.91 to 1.00) |" in text
    assert "new: 120 replies, 400 calls, 3.33 a reply." in terminal.getvalue()
    assert "3.33 (3.01 to 3.66)" in page
    assert "pass^3" in page


def test_no_form_shows_a_difference_beyond_what_is_possible():
    """Six clusters of which five lose all: guarded, the interval reaches below -1."""
    rows = [
        ScoreRow(
            eval="writing",
            arm=arm,
            scenario=f"s{n}",
            cluster=f"c{n}",
            seed=1,
            principle="honesty",
            value=float(arm == "old" and n > 0),
        )
        for arm in ARMS
        for n in range(6)
    ]
    told = decided(rows)

    (verdict,) = told.decision.verdicts
    assert verdict.paired.low < -1
    assert as_data(told)["verdicts"][0]["low"] == -1.0
    assert "-1.000 to " in as_markdown(told)
    assert "-1.000 to " in verdict.reason
    assert f"{verdict.paired.low:.3f}" not in as_markdown(told) + as_html(told) + as_json(told)


# Slices ------------------------------------------------------------------------------------------


def test_a_slice_compares_only_the_scenarios_of_its_label(found):
    told = {one.part: one.difference for one in found(labelled).slices.found}

    assert told[Part("labels.audience", "client", None)].difference == pytest.approx(-1.0)
    assert told[Part("labels.audience", "friend", None)].difference == 0.0
    assert told[Part("labels.audience", "client", None)].scenarios == 20
    assert told[Part("stratum", "odd", "writing")].difference == pytest.approx(-0.5)


def test_what_all_scenarios_share_is_no_slice():
    same = Trait(eval="e", stratum="s", split="dev", format="plain", labels={"kind": "request"})
    other = same._replace(labels={"kind": "chat"})

    assert parts([same, same]) == {}
    assert parts([same, other, same]) == {
        Part("labels.kind", "request", None): [0, 2],
        Part("labels.kind", "chat", None): [1],
    }


def test_strata_of_one_name_in_two_evals_are_two_slices():
    first = Trait(eval="a", stratum="s", split="dev", format="plain", labels={})

    assert set(parts([first, first._replace(eval="b")])) == {
        Part("stratum", "s", "a"),
        Part("stratum", "s", "b"),
    }


def test_slices_with_fewer_clusters_than_a_verdict_needs_are_counted_and_left_out(found):
    def score(arm, number, seed):
        return {"labels": json.dumps({"kind": "rare" if number < 5 else "common"})}

    slices = found(score).slices

    assert [one.part.value for one in slices.found] == ["common"]
    assert slices.too_small == 1


def test_slices_change_no_verdict_and_are_marked_in_every_report(found):
    data = as_data(found(labelled))

    assert [one["principle"] for one in data["verdicts"]] == ["honesty"]
    assert "nothing here is gated" in data["slices"]["note"]
    assert "p" not in data["slices"]["found"][0]
    assert "nothing here is gated" in as_markdown(found(labelled))
    assert "<details><summary>Slices" in as_markdown(found(labelled))


# Resources ---------------------------------------------------------------------------------------

LIMIT = {"seconds": {"ratio_at_most": 1.25}}


def times(factor):
    """The candidate takes `factor` times as long, give or take a tenth by scenario."""

    def score(arm, number, seed):
        usual = 1.0 + number / 40
        bump = factor * (1.1 if number % 2 else 1 / 1.1)
        return {"seconds": usual * bump if arm == "new" else usual, "value": 1.0}

    return score


@pytest.mark.parametrize(
    ("factor", "outcome"), [(1.0, "pass"), (1.25, "inconclusive"), (1.6, "fail")]
)
def test_a_limit_is_decided_by_the_interval_of_the_ratio(found, factor, outcome):
    """The geometric mean of factor * 1.1 and factor / 1.1, in equal number, is the factor."""
    (told,) = found(times(factor), resources=LIMIT).decision.resources

    assert told.found.ratio.value == pytest.approx(factor)
    assert told.outcome == outcome


def test_a_broken_limit_fails_a_run_in_which_nothing_regressed(found):
    rules = {"default": {"margin": 0.2}}
    kept = found(times(1.0), resources=LIMIT, rules=rules).decision
    broken = found(times(1.6), resources=LIMIT, rules=rules).decision

    assert kept.outcome is Outcome.PASS
    assert kept.reasons[-1] == "Every blocking resource stays within its limit."
    assert broken.outcome is Outcome.FAIL
    assert broken.reasons == ("Over the limit: seconds (new).",)


def test_a_limit_on_what_was_never_measured_is_not_known_and_never_a_pass(found):
    decision = found(
        lambda arm, number, seed: {"value": 1.0},
        resources={"cost": {"ratio_at_most": 2}},
        rules={"default": {"margin": 0.2}},
    ).decision

    assert decision.outcome is Outcome.INCONCLUSIVE
    assert decision.reasons == ("Not known yet: cost (new).",)


def test_a_limit_that_does_not_block_is_only_shown(found):
    limit = {"seconds": {"ratio_at_most": 1.25, "blocking": False}}
    shown = found(times(1.6), resources=limit, rules={"default": {"margin": 0.2}})

    assert shown.decision.outcome is Outcome.PASS
    assert as_data(shown)["resources"][0]["outcome"] == "fail"


def test_a_reply_counts_once_though_it_has_a_row_for_every_principle(found):
    """120 replies of each arm at 2 s; two principles give each of them two rows."""
    told = found(
        lambda arm, number, seed: {"seconds": 2.0, "cost": 0.01, "input_tokens": 7},
        principles=("honesty", "warmth"),
    ).spent["new"]

    assert told.replies == 120
    assert told.seconds == 2.0
    assert told.cost == pytest.approx(1.2)
    assert told.input_tokens == 840


def test_quality_gained_is_told_by_the_minute_of_a_reply(found):
    """From 0 to 1 on all scenarios, for 30 s more of each reply: 2 a minute."""

    def score(arm, number, seed):
        new = arm == "new"
        return {"value": float(new), "seconds": 10.0 + 30.0 * new + 0.1 * (number % 2) * new}

    (told,) = found(score).gains

    assert told.unit == "minute"
    assert told.found.per_unit.value == pytest.approx(60 / 30.05)


# Tensions ----------------------------------------------------------------------------------------


def test_a_candidate_that_buys_one_value_with_the_other_is_a_trade_off():
    """31 scenarios gain helpfulness and lose harmlessness; 9 measure harmlessness alone."""
    rows = [
        ScoreRow(
            eval="writing",
            arm=arm,
            scenario=f"s{number}",
            cluster=f"c{number}",
            seed=1,
            principle=principle,
            value=float((arm == "new") == (principle == "helpfulness") or number > 30),
        )
        for arm in ARMS
        for number in range(40)
        for principle in ("helpfulness", "harmlessness")
        if principle == "harmlessness" or number <= 30
    ]
    (pull,) = decided(rows, tensions=(("helpfulness", "harmlessness"),)).tensions

    assert pull.label == "trade-off"
    assert pull.tension.first == pytest.approx(1.0)
    assert pull.tension.second == pytest.approx(-31 / 40)
    assert pull.tension.unit == "scenario"
    assert len(pull.tension.opposed) == 31


def test_values_measured_on_different_scenarios_are_joined_by_their_clusters(found):
    """Twins: even numbers measure one value, odd ones the other; each pair shares a cluster."""
    rows = [
        ScoreRow(
            eval="twins",
            arm=arm,
            scenario=f"s{number}",
            cluster=f"c{number // 2}",
            seed=1,
            principle="harmlessness" if number % 2 else "helpfulness",
            value=float((number // 4 + (arm == "new")) % 2),
        )
        for arm in ARMS
        for number in range(40)
    ]
    (pull,) = decided(rows, tensions=(("helpfulness", "harmlessness"),)).tensions

    assert pull.tension.unit == "cluster"
    assert pull.tension.correlation == pytest.approx(1.0)


def test_a_tension_with_a_principle_without_scores_is_refused(found):
    with pytest.raises(UserError, match="tensions name 'warmth'"):
        found(tensions=(("honesty", "warmth"),))


# Variance, and the reports as a whole ------------------------------------------------------------


def test_the_variance_of_scenarios_and_of_seeds_is_told_apart(found):
    """Every scenario always the same: all variance is between scenarios and the ICC is 1."""
    told = found(lambda arm, number, seed: {"value": float(number % 2)}).variance["honesty", "new"]

    assert told.within_ms == 0.0
    assert told.icc_single == 1.0
    assert told.between_variance == pytest.approx(40 / 39 / 4)


def test_every_exploratory_number_is_strict_json_and_stands_in_the_markdown(found):
    told = found(times(1.6), resources=LIMIT, principles=("honesty", "warmth"))
    data, text = json.loads(as_json(told)), as_markdown(told)

    assert data["resources"][0]["ratio"] == pytest.approx(1.6)
    assert "ratio 1.5" in text
    assert {one["arm"] for one in data["variance"]} == set(ARMS)
    assert data["verdicts"][0]["seed_advice"]
    assert "None of these is an error bar." in text


def test_hostile_labels_are_inert_in_the_report(found):
    def score(arm, number, seed):
        bad = "x|y\n<script>" if number < 20 else "plain"
        return {"labels": json.dumps({"kind": bad})}

    text = as_markdown(found(score))

    assert "<script>" not in text
    assert "x\\|y" in text


def test_a_principle_of_one_eval_is_compared_once_and_shown_in_both_places(found):
    told = found()

    assert told.by_eval["new", "honesty", "writing"] is told.decision.verdicts[0].paired


def test_panels_of_two_principles_together_share_their_scenarios_and_design():
    rows = [
        ScoreRow(eval="e", arm="old", scenario=s, cluster=s, seed=1, principle=p, value=1.0)
        for p, s in [("a", "one"), ("a", "two"), ("b", "two"), ("b", "three")]
    ]
    both = Arranged(scores_of_rows(rows), ["old"]).together(["a", "b"])

    assert both["a"].scenarios == both["b"].scenarios == ["e/one", "e/two", "e/three"]
    assert np.isnan(both["a"].values[0, :, 0]).tolist() == [False, False, True]
    assert np.isnan(both["b"].values[0, :, 0]).tolist() == [True, False, False]


def test_two_principles_together_keep_the_weights_that_each_has_alone():
    """Both are of one and two; `b` counts two three times (`per`), and three only for itself."""
    rows = [
        ScoreRow(
            eval="e", arm="old", scenario=s, cluster=s, stratum=h, seed=1, principle=p,
            value=v, scenario_weight=w,
        )
        for p, s, h, v, w in [
            ("a", "one", "x", 1.0, 1.0), ("a", "two", "x", 0.0, 1.0), ("a", "four", "y", 1.0, 1.0),
            ("b", "one", "x", 1.0, 1.0), ("b", "two", "x", 0.0, 3.0), ("b", "three", "y", 1.0, 4.0),
        ]
    ]  # fmt: skip
    arranged = Arranged(scores_of_rows(rows), ["old"])
    both, alone = arranged.together(["a", "b"]), arranged.panels()

    means = {name: linear(panel.values[0, :, 0], panel.design) for name, panel in both.items()}

    assert means["a"].mean == pytest.approx(2 / 3)
    assert means["b"].mean == pytest.approx((1 * 1 + 3 * 0 + 4 * 1) / 8)
    for name, panel in alone.items():
        own = linear(panel.values[0, :, 0], panel.design)
        assert (means[name].mean, means[name].se) == pytest.approx((own.mean, own.se))


def test_a_criterion_weighs_scenarios_as_its_principle_does():
    """s0 counts three times for the principle: with 1 on it and 0 on s1 and s2 the mean is 3/5."""
    rows = [
        ScoreRow(
            eval="e", arm=arm, scenario=f"s{n}", cluster=f"s{n}", seed=1, principle="share",
            criterion=criterion, value=float(n == 0),
            scenario_weight=3.0 if n == 0 and criterion is None else 1.0,
        )
        for arm in ("old", "new") for n in range(3) for criterion in (None, "followed")
    ]  # fmt: skip
    experiment = Experiment(
        experiment="x",
        evals=["e"],
        baseline={"old": Arm(model="mockllm/a")},
        candidates={"new": Arm(model="mockllm/b")},
    )

    [change] = criterion_changes(experiment, scores_of_rows(rows))

    assert (change.baseline_mean, change.candidate_mean) == pytest.approx((0.6, 0.6))


SCENARIOS = "".join(
    f"      - {{id: s{n}, prompt: Say {n}., labels: {{audience: {('client', 'friend')[n % 2]}}}}}\n"
    for n in range(16)
)
FILES = {
    "kind.yaml": """
rubric: kind
principles:
  brevity: {criteria: {short: {check: words, with: {max: 5}}}}
  thanks: {criteria: {thanked: {check: contains, with: {text: thank}}}}
""",
    "small.yaml": f"dataset: small\nstrata:\n  all:\n    scenarios:\n{SCENARIOS}",
    "try.yaml": """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
seeds: 1
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
resources: {tokens: {ratio_at_most: 1.5, blocking: false}}
tensions: [[thanks, brevity]]
""",
}


def test_from_a_run_to_slices_limits_and_tensions_on_the_terminal(project, actor):
    """The candidate says thanks and is long: a trade-off.

    The pretended models take 15 tokens a reply, always, and ratios that do not vary say nothing
    about their error: not known, and not a pass.
    """
    actor.says("old", "No.")
    actor.says("new", "I would like to thank you very much for asking me.")
    project(FILES)
    run = CliRunner().invoke(app, ["run", "./try.yaml", "--json"])
    report = CliRunner().invoke(app, ["report", "./try.yaml", "--slices"])
    plain = CliRunner().invoke(app, ["report", "./try.yaml"])

    data = json.loads(run.stdout)
    assert run.exit_code == 1
    assert {(one["by"], one["value"]) for one in data["slices"]["found"]} == {
        ("labels.audience", "client"),
        ("labels.audience", "friend"),
    }
    assert data["tensions"][0]["label"] == "trade-off"
    assert data["resources"][0]["outcome"] == "inconclusive"
    assert "Exploratory" in report.output and "label audience" in report.output
    assert "tokens: inconclusive, not blocking" in report.output
    assert "label audience" not in plain.output
