"""Arms that were trained: retention, checkpoint series and ablations, from files to the report."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tastemaker.checkpoints import in_common
from tastemaker.cli.main import app
from tastemaker.records import ScoreRow
from tastemaker.stats import permutation
from tastemaker.stats.estimates import linear, together
from tastemaker.stats.panel import Design
from tastemaker.stats.permutation import flipped_sums, max_t
from tastemaker.stats.series import _complete_pair_tests, _pair_test
from tastemaker.tables import Arranged, scores_of_rows


def call(*arguments):
    """Run a command in this process; a traceback of ours fails the test."""
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


def gated(name="try.yaml"):
    result = call("gate", name, "--json")
    assert result.stderr == "", result.stderr
    return json.loads(result.stdout)


def refused():
    result = call("gate", "try.yaml")
    assert result.exit_code == 2
    return " ".join(result.stderr.split())


def scores(**principles):
    """A file of scores of one seed: the values of scenarios s0, s1, ... of each principle."""
    rows = [
        f"s{n},1,{name},{value}" for name, values in principles.items()
        for n, value in enumerate(values)
    ]  # fmt: skip
    return "\n".join(["scenario,seed,principle,value", *rows]) + "\n"


def arms(baseline, more="", **candidates):
    """An experiment of arms that are files of their name, with the factors that are given."""
    told = "".join(
        f"  {name}: {{scores: ./{name}.csv, factors: {json.dumps(factors)}}}\n"
        for name, factors in candidates.items()
    )
    base = f"{{scores: ./base.csv, factors: {json.dumps(baseline)}}}"
    return f"experiment: try\nbaseline: {{base: {base}}}\ncandidates:\n{told}{more}\n"


# Retention ---------------------------------------------------------------------------------------

MERGED = "retention: [{feature: feature, merged: merged}]"
GAINS = {
    "base.csv": scores(skill=[0.1, 0.3, 0.2, 0.2] * 8, kind=[0.5, 0.7] * 16),
    "feature.csv": scores(skill=[0.6, 0.6, 0.7, 0.5] * 8, kind=[0.5, 0.7] * 16),
    "merged.csv": scores(skill=[0.4, 0.5, 0.4, 0.3] * 8, kind=[0.5, 0.7] * 16),
}


def test_the_share_of_a_gain_that_a_merge_kept(project):
    """Means 0.2, 0.6, 0.4: 0.2 kept of 0.4. Of no gain there is no share."""
    project({"try.yaml": arms({}, MERGED, feature={}, merged={}), **GAINS})
    skill, kind = gated()["retention"]

    assert (skill["feature"], skill["merged"], skill["principle"]) == ("feature", "merged", "skill")
    assert skill["gain"]["value"] == pytest.approx(0.4)
    assert skill["kept"]["value"] == pytest.approx(0.2)
    assert skill["share"]["value"] == pytest.approx(0.5)
    assert skill["share"]["low"] < 0.5 < skill["share"]["high"]
    assert kind["share"] == {"value": None, "low": None, "high": None}


def test_retention_is_told_in_words(project):
    project({"try.yaml": arms({}, MERGED, feature={}, merged={}), **GAINS})
    told = " ".join(call("report", "try.yaml").stdout.split())

    assert "skill: merged kept 50% (" in told
    assert (
        "kind: feature gained +0.000 (-0.109 to +0.109) over base, which establishes no gain"
        in told
    )
    assert "merged kept 50%" in call("report", "try.yaml", "--format", "markdown").stdout


@pytest.mark.parametrize(
    ("merge", "said"),
    [
        ("{feature: featrue, merged: merged}",
         "try.yaml:6:23: no arm 'featrue': did you mean 'feature'?"),
        ("{feature: base, merged: merged}", "6:23: 'base' is the baseline, from which gains are"),
        ("{feature: merged, merged: merged}", "6:39: 'merged' is the feature already"),
        ("{feature: feature, merged: merged}, {feature: feature, merged: merged}",
         "6:49: this merge stands in the list twice"),
    ],
)  # fmt: skip
def test_a_merge_that_means_nothing_is_refused(project, merge, said):
    project({"try.yaml": arms({}, f"retention: [{merge}]", feature={}, merged={}), **GAINS})

    assert said in refused()


# Series ------------------------------------------------------------------------------------------

SERIES = "series: {by: step}"
EVEN, STEADY = [0.9, 0.7] * 16, [1.0, 0.0] * 16


def falling(points):
    """Every scenario has lost so many points."""
    return [round(value - points, 6) for value in EVEN]


STEPS = {
    "base.csv": scores(skill=EVEN, kind=STEADY),
    "one.csv": scores(skill=EVEN, kind=STEADY),
    "two.csv": scores(skill=falling(0.2), kind=STEADY),
    "three.csv": scores(skill=falling(0.3), kind=STEADY),
}
STEPPED = dict(three={"step": 3000}, one={"step": 1000}, two={"step": 2000})


def test_a_series_has_its_slope_and_its_first_loss(project):
    """Means 0.8, 0.6, 0.5 at 1000, 2000, 3000: the slope is (0.5 - 0.8) / 2000."""
    project({"try.yaml": arms({}, SERIES, **STEPPED), **STEPS})
    series = gated()["series"]

    assert [(one["arm"], one["step"]) for one in series["arms"]] == [
        ("one", 1000), ("two", 2000), ("three", 3000),
    ]  # fmt: skip
    assert series["left_out"] == ["base"]
    assert (series["first_regressed"], series["lost"]) == ("two", ["skill"])
    skill, kind = series["principles"]
    assert skill["means"] == pytest.approx([0.8, 0.6, 0.5])
    assert skill["slope"]["value"] == pytest.approx(-0.00015)
    assert skill["slope"]["p_adjusted"] < 0.01
    assert skill["kendall_tau"] == pytest.approx(-1.0)
    assert skill["changepoint"]["at"] == "two"
    assert skill["changepoint"]["shift"]["value"] == pytest.approx(-0.25)
    assert [one["arm"] for one in skill["against_baseline"]] == ["one", "two", "three"]
    assert skill["against_baseline"][1]["difference"]["value"] == pytest.approx(-0.2)
    assert kind["slope"]["value"] == 0.0
    assert (kind["kendall_tau"], kind["changepoint"]) == (None, None)
    assert skill["ranks"] == [
        {"arm": "base", "best": 1, "worst": 2},
        {"arm": "three", "best": 4, "worst": 4},
        {"arm": "one", "best": 1, "worst": 2},
        {"arm": "two", "best": 3, "worst": 3},
    ]


def test_the_baseline_may_be_the_first_step(project):
    project({"try.yaml": arms({"step": 0}, SERIES, **STEPPED), **STEPS})
    series = gated()["series"]

    assert [one["arm"] for one in series["arms"]] == ["base", "one", "two", "three"]
    assert series["left_out"] == []
    assert [one["arm"] for one in series["principles"][0]["against_baseline"]] == [
        "one", "two", "three",
    ]  # fmt: skip


def test_a_series_changes_no_verdict_and_no_outcome(project):
    files = {**STEPS, "try.yaml": arms({}, SERIES, **STEPPED)}
    project(files)
    followed = gated()
    project({"try.yaml": arms({}, "", **STEPPED)})
    alone = gated()

    assert followed["verdicts"] == alone["verdicts"]
    assert (alone["series"], alone["ablation"], alone["retention"]) == (None, None, [])
    assert followed["record"] == alone["record"]


def test_a_series_is_told_in_words_and_in_markdown(project):
    project({"try.yaml": arms({}, SERIES, **STEPPED), **STEPS})
    told = " ".join(call("report", "try.yaml").stdout.split())
    markdown = call("report", "try.yaml", "--format", "markdown").stdout

    assert "First to lose against base: two (step 2000), on skill." in told
    assert "Without the factor 'step', so not in the series: base." in told
    assert "skill changed most at two" in told
    assert "| skill | 0.800 | 0.500 | -0.300 |" in markdown.replace("\\", "")
    assert "| skill | three | 4 |" in markdown


def test_one_checkpoint_is_no_series_yet(project):
    """The gate works all the same, so that a series can grow."""
    project({"try.yaml": arms({}, SERIES, one={"step": 1000}, two={}), **STEPS})
    series = gated()["series"]

    assert series["problem"] == ("Only one has the factor 'step': a series needs two arms or more.")
    assert series["left_out"] == ["base", "two"]
    assert "Only one has the factor" in call("report", "try.yaml").stdout


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        (dict(one={"stop": 1}, two={"stop": 2}),
         "6:14: no arm has the factor 'step': did you mean 'stop'?; there is stop"),
        (dict(one={}, two={}), "no arm has the factor 'step': give arms their `factors`"),
        (dict(one={"step": "early"}, two={"step": 2}),
         "4:46: expected a number, for the series by 'step', found 'early'"),
        (dict(one={"step": True}, two={"step": 2}), "found True"),
        (dict(one={"step": 5}, two={"step": 5.0}), "one stands at 5 already: a series has one arm"),
    ],
)  # fmt: skip
def test_steps_that_put_arms_in_no_order_are_refused(project, factors, said):
    project({"try.yaml": arms({}, SERIES, **factors), **STEPS})

    assert said in refused()


def test_principles_of_other_scenarios_share_the_codes_of_their_clusters():
    """One flip turns a cluster in every column: the codes must mean the same in all panels."""
    row = dict(eval="e", arm="old", seed=1, value=1.0)
    rows = [
        ScoreRow(scenario="a", cluster="x", principle="p", **row),
        ScoreRow(scenario="b", cluster="y", principle="p", **row),
        ScoreRow(scenario="b", cluster="y", principle="q", **row),
        ScoreRow(scenario="c", cluster="z", principle="q", **row),
    ]
    arranged = Arranged(scores_of_rows(rows), ["old"])
    found = in_common(arranged, arranged.panels())

    (_, in_p), (in_q, other) = (found[name].design.clusters.tolist() for name in ("p", "q"))
    assert in_p == in_q
    assert other not in found["p"].design.clusters.tolist()


# Ablations ---------------------------------------------------------------------------------------


def ablated(project, factors, more, gain=0.2):
    """Arms a0, a1, ...: `mix` in adds the gain in every scenario, give or take 0.01 by arm."""
    files = {"base.csv": scores(skill=EVEN)}
    for number, (name, factor) in enumerate(factors.items()):
        wobble = 0.01 if number % 3 else -0.01
        values = [round(v - 0.3 + wobble + gain * bool(factor.get("mix")), 6) for v in EVEN]
        files[f"{name}.csv"] = scores(skill=values)
    return project({"try.yaml": arms({}, more, **factors), **files})


def test_an_effect_over_many_arms_has_a_verdict(project):
    """12 arms, half with the mix: 0.2 more with it, and 12 - 2 = 10 degrees of freedom."""
    ablated(project, {f"a{n}": {"mix": n % 2 == 1} for n in range(12)}, "ablation: [mix]")
    found = gated()["ablation"]

    assert found["factors"] == {"mix": {"without": False, "with": True}}
    assert (found["df"], found["conditional"], found["left_out"]) == (10, False, ["base"])
    [effect] = found["effects"]
    assert effect["effect"]["value"] == pytest.approx(0.2)
    assert effect["verdict"] == "raises"
    assert effect["p_adjusted"] < 0.001


def test_few_arms_are_conditional_on_these_checkpoints_and_have_no_verdict(project):
    factors = {"a": {"mix": False}, "b": {"mix": True}, "c": {"mix": True}, "d": {}}
    ablated(project, factors, "ablation: [mix]")
    found = gated()["ablation"]
    told = " ".join(call("report", "try.yaml").stdout.split())

    assert (found["df"], found["conditional"]) == (1, True)
    assert [one["verdict"] for one in found["effects"]] == [None]
    assert "3 arms, 1 factor: 1 degree of freedom; conditional on these checkpoints" in told
    assert "Without all of these factors, so left out: base, d." in told
    assert "skill: mix true instead of false +0.2" in told


def test_factors_that_always_change_together_cannot_be_told_apart(project):
    factors = {
        f"a{n}": {"mix": n % 2 == 1, "size": "large" if n % 2 else "small"} for n in range(8)
    }
    ablated(project, factors, "ablation: [mix, size]")
    found = gated()["ablation"]

    assert found["effects"] == []
    assert found["problems"][0].startswith("The arms do not tell mix, size apart")


@pytest.mark.parametrize(
    ("values", "without", "with_it"),
    [([2, 1], 1, 2), ([True, False], False, True), (["web", "books"], "web", "books")],
)
def test_which_of_two_values_is_with_it(project, values, without, with_it):
    """Of numbers the larger and of flags true; of texts the one that the first arm lacks."""
    ablated(project, {f"a{n}": {"mix": values[n % 2]} for n in range(6)}, "ablation: [mix]")

    assert gated()["ablation"]["factors"]["mix"] == {"without": without, "with": with_it}


@pytest.mark.parametrize(
    ("factors", "ablation", "said"),
    [
        (dict(a={"mix": 1}, b={"mix": 2}), "[mx]", "6:12: no arm has the factor 'mx': did you"),
        (dict(a={"mix": 1}, b={"mix": 1}), "[mix]", "'mix' is 1 in every arm that has it"),
        (dict(a={"mix": 1}, b={"mix": 2}, c={"mix": 3}), "[mix]", "'mix' has 3 values (1, 2, 3)"),
        (dict(a={"mix": [1]}, b={"mix": 2}), "[mix]", "the values of 'mix' are no single values"),
        (dict(a={"mix": 1}, b={"mix": 2}), "[mix, mix]", "'mix' stands in the list twice"),
    ],
)  # fmt: skip
def test_a_factor_that_cannot_be_compared_is_refused(project, factors, ablation, said):
    ablated(project, factors, f"ablation: {ablation}")

    assert said in refused()


# From a run --------------------------------------------------------------------------------------

RUN = {
    "kind.yaml": "rubric: kind\nprinciples: {thanks: {criteria: "
    "{thanked: {check: contains, with: {text: thank}}}}}",
    "small.yaml": "dataset: small\nstrata:\n  all:\n    scenarios:\n"
    + "".join(f"      - {{id: s{n}, prompt: Number {n}.}}\n" for n in range(8)),
    "try.yaml": """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
seeds: 1
baseline: {old: {model: acted/old, factors: {step: 0, mix: false}}}
candidates:
  middle: {model: acted/middle, factors: {step: 1, mix: true}}
  late: {model: acted/late, factors: {step: 2, mix: true}}
retention: [{feature: middle, merged: late}]
series: {by: step}
ablation: [mix]
""",
}


def test_a_run_has_retention_series_and_ablation_too(project, actor):
    """Nobody thanks at first, then all do, then half: half of the gain is kept."""
    actor.says("old", "No.")
    actor.says("middle", "I thank you.")
    actor.says("late", lambda messages, _: f"{'thank' * (int(messages[-1].text[7]) % 2)} you")
    project(RUN)
    data = json.loads(call("run", "./try.yaml", "--json").stdout)

    assert data["retention"][0]["share"]["value"] == pytest.approx(0.5)
    assert data["series"]["principles"][0]["means"] == [0.0, 1.0, 0.5]
    assert data["ablation"]["effects"][0]["effect"]["value"] == pytest.approx(0.75)


# What makes them quick ---------------------------------------------------------------------------


def test_all_pairs_at_once_are_the_pairs_one_by_one():
    rng = np.random.default_rng(4)
    for several in (False, True):
        strata = rng.integers(3, size=80)
        clusters = (
            rng.integers(30, size=80) if several else strata * 100 + rng.integers(15, size=80)
        )
        design = Design(
            strata=strata, stratum_weights=rng.random(3), clusters=clusters, weights=rng.random(80)
        )
        values = rng.binomial(1, 0.7, size=(5, 80)).astype(float)
        values[1] = values[0]
        together_ = _complete_pair_tests(values, design, np.random.default_rng(1))
        flips = np.random.default_rng(1)
        alone = [
            _pair_test(values[i] - values[j], design, flips)
            for i in range(5)
            for j in range(i + 1, 5)
        ]

        assert [ahead for _, ahead in together_] == [ahead for _, ahead in alone]
        assert [p for p, _ in together_] == pytest.approx([p for p, _ in alone], abs=1e-9)


def test_the_difference_of_two_means_made_together_is_that_of_linear():
    """Differences 1, 1 | 0, 0 in two clusters: mean 0.5, SE = sqrt(2 * 2) / 4."""
    design = Design(
        strata=np.zeros(4, dtype=np.intp), stratum_weights=np.ones(1),
        clusters=np.array([0, 0, 1, 1]), weights=np.ones(4),
    )  # fmt: skip
    values = np.array([[1.0, 1, 0, 0], [0, 0, 0, 0]])
    contributions, errors, dfs = together(values, design).less(0, slice(1, None))

    assert contributions.sum() == 0.5
    assert (errors[0], dfs[0]) == (0.5, 1.0)
    assert linear(values[0] - values[1], design).se == pytest.approx(0.5)


def test_signs_looked_up_and_signs_multiplied_give_the_same_sums():
    values = np.random.default_rng(0).normal(size=(37, 101))
    multiplied = flipped_sums(values, rng=np.random.default_rng(1), flips=50)
    looked_up = np.concatenate(
        [flipped_sums(part, rng=np.random.default_rng(1), flips=50)
         for part in (values[:, :50], values[:, 50:])], axis=1,
    )  # fmt: skip

    assert values.shape[1] > permutation.MANY_COLUMNS >= 51
    assert multiplied == pytest.approx(looked_up, abs=1e-12)


def test_a_joint_test_of_many_columns_takes_its_flips_in_parts():
    """One column that always loses among 2,000 of noise, whatever fits in memory at once."""
    contributions = np.random.default_rng(2).normal(size=(60, 2000))
    contributions[:, 7] = -np.abs(contributions[:, 7])

    p = max_t(contributions, rng=np.random.default_rng(3), flips=2500)
    assert p[7] == pytest.approx(1 / 2501)
    assert np.median(p) > 0.5
