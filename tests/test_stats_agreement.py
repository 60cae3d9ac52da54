import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from tastemaker.stats.agreement import (
    ac1,
    agreement,
    judge_favour,
    judge_minus_human,
    kappa,
    krippendorff_alpha,
    observed,
    panel_reliability,
    rate,
    retest,
    rogan_gladen,
)
from tastemaker.stats.resample import one_stratum

NAN = float("nan")


def answers(table):
    """Human and judge answers that give the table, rows human 0 and 1, columns judge 0 and 1."""
    cells = [(h, j) for h in (0, 1) for j in (0, 1) for _ in range(table[h][j])]
    return np.array(cells, dtype=float).T


def judged(table):
    human, judge = answers(table)
    return agreement(human, judge, np.arange(len(human)), np.random.default_rng(0))


def test_vector_six_with_ordinary_rates():
    found = judged([[40, 9], [6, 45]])

    assert found.agreement.value == pytest.approx(0.85)
    assert found.kappa.value == pytest.approx(0.6995192308, abs=1e-10)
    assert found.ac1.value == pytest.approx(0.7007481297, abs=1e-10)
    assert found.alpha.value == pytest.approx(0.7007518797, abs=1e-10)
    assert found.sensitivity.value == pytest.approx(45 / 51)
    assert found.specificity.value == pytest.approx(40 / 49)
    assert rogan_gladen(0.6, 45 / 51, 40 / 49) == pytest.approx(0.5958762887, abs=1e-10)


def test_vector_six_near_the_ceiling_where_kappa_collapses():
    found = judged([[92, 3], [4, 1]])

    assert found.agreement.value == pytest.approx(0.93)
    assert found.kappa.value == pytest.approx(0.1860465116, abs=1e-10)
    assert found.ac1.value == pytest.approx(0.9234177561, abs=1e-10)
    assert found.alpha.value == pytest.approx(0.1896451425, abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_statsmodels(seed):
    table = np.random.default_rng(seed).integers(1, 30, size=(3, 3))

    assert float(kappa(table)) == pytest.approx(cohens_kappa(table).kappa)


def test_the_kappa_interval_is_near_the_large_sample_one():
    found = judged([[400, 90], [60, 450]])
    interval = cohens_kappa(np.array([[400, 90], [60, 450]]))

    assert found.kappa.low == pytest.approx(interval.kappa_low, abs=0.01)
    assert found.kappa.high == pytest.approx(interval.kappa_upp, abs=0.01)


def test_alpha_of_several_raters_with_missing_answers():
    """Items 11-, 01-, 111, 1--: pairable counts (1, 6), unlike pairs 2/1 of the second item.

    Expected 2 * 1 * 6 / 6 = 2, observed 2: alpha = 1 - 2/2 = 0.
    """
    ratings = np.array([[1, 1, NAN], [0, 1, NAN], [1, 1, 1], [1, NAN, NAN]])

    assert krippendorff_alpha(ratings) == pytest.approx(0.0)


def test_alpha_matches_a_count_of_all_pairs():
    """By definition: pairs inside items, weighted by 1/(m - 1), against pairs of all answers."""
    rng = np.random.default_rng(3)
    ratings = rng.choice([0.0, 1.0, 2.0, NAN], size=(25, 4), p=[0.3, 0.3, 0.2, 0.2])
    unlike, pooled = 0.0, []
    for item in ratings:
        given = item[~np.isnan(item)].tolist()
        if len(given) < 2:
            continue
        pooled += given
        pairs = [(a, b) for i, a in enumerate(given) for k, b in enumerate(given) if i != k]
        unlike += sum(a != b for a, b in pairs) / (len(given) - 1)
    n = len(pooled)
    chance = sum(a != b for a in pooled for b in pooled) / (n - 1)

    assert krippendorff_alpha(ratings, classes=(0, 1, 2)) == pytest.approx(1 - unlike / chance)


def test_all_answers_alike_leave_kappa_and_alpha_unknown_but_not_ac1():
    found = judged([[0, 0], [0, 20]])

    assert found.agreement.value == 1.0
    assert found.agreement.low == pytest.approx(0.8205, abs=1e-3)  # Wilson with t, 20 of 20
    assert found.kappa.value is None
    assert found.alpha.value is None
    assert found.ac1.value == 1.0
    assert found.specificity.value is None


def test_items_that_one_rater_left_out_are_dropped():
    human, judge = np.array([1, 0, NAN, 1]), np.array([1, 0, 1, NAN])

    found = agreement(human, judge, np.arange(4), np.random.default_rng(0))

    assert found.items == 2


def test_nothing_rated_by_both_is_unknown():
    found = agreement(
        np.array([1, NAN]), np.array([NAN, 1]), np.arange(2), np.random.default_rng(0)
    )

    assert found.items == 0
    assert found.agreement.value is None
    assert found.kappa.value is None
    assert found.sensitivity.value is None


def test_repeats_of_one_scenario_widen_the_intervals():
    human, judge = (np.repeat(a, 5) for a in answers([[40, 9], [6, 45]]))
    alone, together = np.arange(500), np.repeat(np.arange(100), 5)

    free = agreement(human, judge, alone, np.random.default_rng(0))
    tied = agreement(human, judge, together, np.random.default_rng(0))

    ratio = (tied.kappa.high - tied.kappa.low) / (free.kappa.high - free.kappa.low)
    assert ratio == pytest.approx(np.sqrt(5), rel=0.1)


def test_an_answer_outside_the_classes_is_refused():
    with pytest.raises(ValueError, match="not one of 0, 1"):
        agreement(np.array([0.5]), np.array([1.0]), np.arange(1), np.random.default_rng(0))


def test_tables_are_read_along_the_last_axes():
    tables = np.array([[[40, 9], [6, 45]], [[92, 3], [4, 1]]])

    assert observed(tables) == pytest.approx([0.85, 0.93])
    assert ac1(tables) == pytest.approx([0.7007481297, 0.9234177561])


def test_a_judge_no_better_than_chance_corrects_nothing():
    assert rogan_gladen(0.7, 0.5, 0.5) is None
    assert rogan_gladen(0.05, 0.9, 0.9) == 0.0


def test_a_rate_has_wilsons_interval():
    """Of independent items nearly the textbook interval: only the t quantile differs."""
    hits = np.array([1.0] * 900 + [0.0] * 100)

    found = rate(hits, np.arange(1000))

    textbook = stats.binomtest(900, 1000).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((textbook.low, textbook.high), abs=1e-4)


def test_a_rate_from_one_cluster_has_no_interval():
    found = rate(np.array([1.0, 0.0, 1.0]), np.zeros(3, dtype=int))

    assert found.value == pytest.approx(2 / 3)
    assert found.low is None


def test_judge_minus_human_counts_only_replies_with_both():
    """Scenario 1: judge 1, human 0 on the labelled seed: +1; scenario 2: 0. Mean 0.5."""
    human = np.array([[0, NAN], [1, 1]], dtype=float)
    judge = np.array([[1, 0], [1, 1]], dtype=float)

    assert judge_minus_human(human, judge, one_stratum(np.arange(2))).value == 0.5


def test_a_judge_that_favours_the_candidate_is_found():
    rng = np.random.default_rng(5)
    human = rng.integers(0, 2, size=(2, 60, 1)).astype(float)
    lenient = human[1].copy()
    lenient[:30] = 1.0

    found = judge_favour((human[0], human[1]), (human[0], lenient), one_stratum(np.arange(60)))

    assert found.value == pytest.approx((1 - human[1][:30]).sum() / 60)
    assert found.low > 0


def test_without_labels_the_judges_error_is_unknown():
    judge = np.ones((3, 2))

    found = judge_minus_human(np.full((3, 2), NAN), judge, one_stratum(np.arange(3)))

    assert found.value is None


def test_retest_variance_and_flip_rate():
    """Reply 1: 1, 1, 0: variance 1/3, 2pq = 4/9. Reply 2 never flips. Reply 3 was asked once."""
    found = retest(np.array([[1, 1, 0], [1, 1, 1], [1, NAN, NAN]]))

    assert found.replies == 2
    assert found.variance == pytest.approx(1 / 6)
    assert found.flip_rate == pytest.approx(2 / 9)
    assert retest(np.array([[1, NAN]])).variance is None


def test_three_judges_of_reliability_half_reach_three_quarters():
    assert panel_reliability(0.5, 3) == pytest.approx(0.75)


def test_an_item_of_weight_two_counts_as_two_items():
    human, judge = answers([[8, 3], [2, 9]])
    weights = np.where(human == 0, 2.0, 1.0)
    twice = [i for i in range(22) for _ in range(int(weights[i]))]
    clusters = np.arange(22)

    weighed = agreement(human, judge, clusters, np.random.default_rng(0), weights=10 * weights)
    repeated = agreement(human[twice], judge[twice], clusters[twice], np.random.default_rng(0))

    for name in ("agreement", "kappa", "ac1", "sensitivity", "specificity"):
        assert getattr(weighed, name).value == pytest.approx(getattr(repeated, name).value)
    assert weighed.human_rate == pytest.approx(11 / 33)
    assert weighed.kappa.low == pytest.approx(repeated.kappa.low)
    assert weighed.items == 22
