from dataclasses import replace

import numpy as np
import pytest
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

from tastemaker.stats.ppi import (
    corrected_difference,
    corrected_mean,
    labelled_differences,
    labels_needed,
)
from tastemaker.stats.reported import Estimate
from tastemaker.stats.resample import one_stratum

NAN = float("nan")
ALL_SEEDS = 5


def pool(labelled_human, labelled_judge, other_judge):
    """Human and judge columns over all scenarios, and their design: no clusters, no strata."""
    human = np.concatenate([labelled_human, np.full(len(other_judge), NAN)])
    judge = np.concatenate([labelled_judge, other_judge])
    return human, judge, one_stratum(np.arange(len(human)))


@pytest.fixture
def vector_seven():
    y = np.array([1, 1, 0, 1, 0, 1, 1, 0, 1, 1], dtype=float)
    f = np.array([1, 1, 1, 1, 0, 1, 1, 0, 1, 0], dtype=float)
    return y, f, np.concatenate([np.ones(31), np.zeros(9)])


def test_vector_seven_with_lambda_one(vector_seven):
    found = corrected_mean(*pool(*vector_seven), lam=1.0)

    assert found.corrected.value == pytest.approx(0.775)
    assert found.se == pytest.approx(0.1633810762, abs=1e-10)
    assert found.df == 9
    assert found.corrected.low == pytest.approx(0.4054063282, abs=1e-10)
    assert found.corrected.high == pytest.approx(1.1445936718, abs=1e-10)


def test_vector_seven_tuned(vector_seven):
    found = corrected_mean(*pool(*vector_seven))

    assert found.lam == pytest.approx(0.4395773295, abs=1e-10)
    assert found.corrected.value == pytest.approx(0.7329682997, abs=1e-10)
    assert found.se == pytest.approx(0.1340176165, abs=1e-10)
    assert found.corrected.low == pytest.approx(0.4297993886, abs=1e-10)
    assert found.corrected.high == pytest.approx(1.0361372108, abs=1e-10)


def test_vector_seven_of_the_other_implementation(vector_seven):
    """The numbers that STATS gives for ppi-python: the same data, so the oracle is the same."""
    y, f, u = vector_seven
    low, high = ppi_mean_ci(y, f, u, alpha=0.05, lam=1)

    assert float(ppi_mean_pointestimate(y, f, u, lam=1)[0]) == pytest.approx(0.775)
    assert float(low[0]) == pytest.approx(0.4690988134, abs=1e-9)
    assert float(high[0]) == pytest.approx(1.0809011866, abs=1e-9)
    assert float(ppi_mean_pointestimate(y, f, u)[0]) == pytest.approx(0.7354605263, abs=1e-9)


@pytest.mark.parametrize("lam", [0.0, 0.3, 1.0])
def test_the_estimate_at_any_lambda_is_that_of_ppi_python(lam):
    rng = np.random.default_rng(8)
    y, f, u = rng.random(40), rng.random(40), rng.random(200)

    found = corrected_mean(*pool(y, f, u), lam=lam)

    assert found.corrected.value == pytest.approx(
        float(ppi_mean_pointestimate(y, f, u, lam=lam)[0])
    )
    # ppi-python divides variances by n; with n = 40 and 200 ours by n - 1.
    ours = (y - lam * f).var(ddof=1) / 40 + lam**2 * u.var(ddof=1) / 200
    assert found.se == pytest.approx(np.sqrt(ours))


def test_the_tuned_estimate_tends_to_that_of_ppi_python():
    """Conventions differ by terms of 1/n: with thousands of labels they vanish."""
    rng = np.random.default_rng(9)
    truth = rng.random(24_000)
    scores = truth + rng.normal(0, 0.2, size=24_000)
    y, f, u = truth[:4000], scores[:4000], scores[4000:]

    found = corrected_mean(*pool(y, f, u))
    low, high = ppi_mean_ci(y, f, u, alpha=0.05)

    assert found.corrected.value == pytest.approx(
        float(ppi_mean_pointestimate(y, f, u)[0]), abs=1e-4
    )
    assert found.corrected.low == pytest.approx(float(low[0]), abs=1e-4)
    assert found.corrected.high == pytest.approx(float(high[0]), abs=1e-4)


def test_lambda_makes_the_error_smallest():
    rng = np.random.default_rng(10)
    h = rng.choice([-1.0, 0.0, 1.0], size=120)
    j = np.where(rng.random(120) < 0.6, h, rng.choice([-1.0, 0.0, 1.0], size=120))
    columns = pool(h[:40], j[:40], j[40:])

    best = corrected_mean(*columns)

    for nearby in (best.lam - 0.05, best.lam + 0.05):
        assert corrected_mean(*columns, lam=nearby).se > best.se


def test_a_constant_judge_is_not_used():
    h = np.array([1.0, 0.0, 1.0, -1.0] * 10)

    found = corrected_difference(*pool(h, np.zeros(40), np.zeros(100)))

    assert found.lam == 0.0
    assert found.corrected.value == pytest.approx(0.25)


def test_with_every_scenario_labelled_the_judge_is_not_needed():
    h = np.array([1.0, 0.0, 0.0, -1.0, 1.0, 1.0] * 10)

    found = corrected_mean(*pool(h, np.ones(60), np.array([])))

    assert (found.lam, found.unlabelled) == (0.0, 0)
    assert found.corrected.value == pytest.approx(h.mean())
    assert found.se == pytest.approx(h.std(ddof=1) / np.sqrt(60))


def test_the_guard_adds_two_rectifiers_of_plus_and_minus_one():
    """Rectifiers all 0 but one of 1 among 30: with the two added, 32 values with sum 1."""
    h = np.array([1.0] + [0.0] * 29)

    found = corrected_difference(*pool(h, np.zeros(30), np.zeros(70)))

    assert found.guarded
    assert found.corrected.value == pytest.approx(1 / 32)
    values = np.concatenate([h, [1.0, -1.0]])
    assert found.se == pytest.approx(values.std() / np.sqrt(32))
    assert found.df == 31


def test_twenty_labels_that_differ_need_no_guard():
    h = np.array([1.0, -1.0] * 10 + [0.0] * 40)

    assert not corrected_difference(*pool(h, np.zeros(60), np.zeros(10))).guarded


def test_fewer_than_fifty_labels_are_not_enough():
    rng = np.random.default_rng(0)

    assert not corrected_difference(
        *pool(rng.random(49), rng.random(49), rng.random(9))
    ).enough_labels
    assert corrected_difference(*pool(rng.random(50), rng.random(50), rng.random(9))).enough_labels


def test_repeated_scenarios_in_clusters_give_the_error_of_one():
    """Each scenario five times in one cluster: the error is that of the scenarios alone."""
    rng = np.random.default_rng(12)
    h, j, u = rng.random(30), rng.random(30), rng.random(90)
    alone = corrected_mean(*pool(h, j, u))
    human, judge, _ = pool(*(np.repeat(x, 5) for x in (h, j, u)))

    found = corrected_mean(human, judge, one_stratum(np.repeat(np.arange(120), 5)))

    assert found.corrected.value == pytest.approx(alone.corrected.value)
    assert found.se == pytest.approx(alone.se)
    assert found.df == alone.df


def test_clusters_with_labels_and_without_widen_the_interval():
    rng = np.random.default_rng(13)
    common = rng.normal(0, 0.3, size=30)
    # The human moves with the cluster and the judge less so: rectifier and rest go together.
    h, j = common + rng.normal(0, 0.1, 30), 0.5 * common + rng.normal(0, 0.1, 30)
    u = 0.5 * common + rng.normal(0, 0.1, 30)
    human, judge, apart = pool(h, j, u)
    together = one_stratum(np.tile(np.arange(30), 2))

    free = corrected_mean(human, judge, apart, lam=0.5)
    tied = corrected_mean(human, judge, together, lam=0.5)

    assert tied.se > free.se


def test_oversampled_labels_are_weighted_back():
    """Judge-fails are labelled at 0.6, the rest at 0.1; the judge misses half of the true fails."""
    rng = np.random.default_rng(14)
    truth = (rng.random(20_000) < 0.8).astype(float)
    judge = np.where((truth == 0) & (rng.random(20_000) < 0.5), 1.0, truth)
    chance = np.where(judge == 0, 0.6, 0.1)
    human = np.where(rng.random(20_000) < chance, truth, NAN)
    design = one_stratum(np.arange(20_000))

    weighted = corrected_mean(human, judge, design, chance=chance)
    naive = corrected_mean(human, judge, design)

    assert weighted.corrected.low < truth.mean() < weighted.corrected.high
    assert abs(naive.corrected.value - truth.mean()) > 0.02


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_chance_of_zero_or_one_is_refused(chance):
    human, judge, design = pool(np.ones(3), np.ones(3), np.ones(3))

    with pytest.raises(ValueError, match="above 0 and below 1"):
        corrected_mean(human, judge, design, chance=np.full(6, chance))


def test_no_label_at_all_is_refused():
    with pytest.raises(ValueError, match="No scenario has both"):
        corrected_difference(np.full(4, NAN), np.ones(4), one_stratum(np.arange(4)))


def test_one_labelled_cluster_has_no_interval():
    human, judge, design = pool(np.array([1.0, 0.0]), np.array([1.0, 1.0]), np.zeros(4))

    found = corrected_mean(human, judge, replace(design, clusters=np.array([0, 0, 1, 2, 3, 4])))

    assert found.corrected == Estimate(value=found.corrected.value, low=None, high=None)
    assert found.se is None


def test_strata_without_labels_are_noted():
    human, judge, design = pool(np.ones(3), np.ones(3), np.ones(3))
    strata = np.array([0, 0, 0, 0, 1, 1])

    found = corrected_mean(human, judge, replace(design, strata=strata, stratum_weights=np.ones(2)))

    assert "1 strata have no label" in found.notes[0]


def test_people_score_the_same_seed_of_both_arms():
    """Scenario 1 is labelled on seed 2 (candidate 1, baseline 0); scenario 2 on one arm only."""
    human = (np.array([[NAN, 0.0], [1.0, NAN]]), np.array([[NAN, 1.0], [NAN, NAN]]))
    judge = (np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]]))

    h, j = labelled_differences(human, judge)

    assert h == pytest.approx([1.0, NAN], nan_ok=True)
    assert j.tolist() == [0.0, 0.5]


@pytest.mark.parametrize(
    ("sd", "half_width", "labels"),
    [
        (0.30, 0.05, 139),  # (1.96 * 6)^2 = 138.3: a good judge at mid rates
        (0.44, 0.05, 298),  # a noisy judge
        (0.13, 0.05, 72),  # at the ceiling the rule of three binds
        (0.05, 0.20, 50),
    ],
)
def test_labels_needed(sd, half_width, labels):
    assert labels_needed(sd, half_width) == labels


def lenient_study(rng, scenarios=300, labels=100, rate=0.75):
    """Arms of equal quality, K = 5; the judge passes a bad reply at 10 %, of the candidate at 45 %.

    Scenario difficulty is shared by the arms. People label the first seed of both arms, right.
    """
    p = np.clip(rate + rng.normal(0, 0.15, scenarios), 0.02, 0.98)[:, None]
    truth = [(rng.random((scenarios, ALL_SEEDS)) < p).astype(float) for _ in range(2)]
    judge = []
    for good, lenience in zip(truth, (0.10, 0.45), strict=True):
        noise = rng.random(good.shape)
        judge.append(np.where(good == 1, noise < 0.97, noise < lenience).astype(float))
    human = []
    for good in truth:
        seen = np.full(good.shape, NAN)
        seen[:labels, 0] = good[:labels, 0]
        human.append(seen)
    return (human[0], human[1]), (judge[0], judge[1])


@pytest.mark.slow
def test_the_corrected_interval_covers_where_the_judges_does_not():
    """A judge lenient to the candidate, N 300 / n 100: PPI in [.92, .98], judge alone below .05."""
    rng = np.random.default_rng(2024)
    design = one_stratum(np.arange(300))
    corrected, judged, runs = 0, 0, 1500
    for _ in range(runs):
        h, j = labelled_differences(*lenient_study(rng))
        found = corrected_difference(h, j, design)
        corrected += not found.corrected.excludes(0)
        judged += not found.judge_only.excludes(0)

    assert 0.92 <= corrected / runs <= 0.98
    assert judged / runs < 0.05
