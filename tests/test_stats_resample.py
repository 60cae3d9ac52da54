import numpy as np
import pytest

from tastemaker.stats.resample import Resamples, one_stratum, resample


def test_every_resample_draws_as_many_clusters_as_there_are_in_each_stratum():
    clusters = np.array([0, 0, 1, 2, 3, 3, 4])
    strata = np.array([0, 0, 0, 1, 1, 1, 1])

    drawn = resample(clusters, np.random.default_rng(1), strata=strata, draws=50)

    assert (drawn.counts[:, :2].sum(axis=1) == 2).all()
    assert (drawn.counts[:, 2:].sum(axis=1) == 3).all()


def test_the_rows_of_a_cluster_are_drawn_together():
    drawn = resample(np.array([5, 9, 5]), np.random.default_rng(1), draws=30)
    rows = np.concatenate(list(drawn.chunks()))

    assert (rows[:, 0] == rows[:, 2]).all()
    assert rows[:, 0].min() == 0 and rows[:, 0].max() == 2


def test_chunks_are_all_resamples_in_order_whatever_the_size():
    drawn = resample(np.arange(40_000) // 4, np.random.default_rng(0), draws=60)
    parts = list(drawn.chunks())

    assert len(parts) > 1
    assert [len(part) for part in parts] == [25, 25, 10]
    assert (np.concatenate(parts)[:, ::4] == drawn.counts).all()


def test_totals_are_sums_over_the_rows_drawn():
    """Cluster 0 (rows 1 and 2) twice, cluster 1 (row 4) never: 2 * (1 + 2) = 6."""
    drawn = Resamples(clusters=np.array([0, 0, 1]), counts=np.array([[2.0, 0.0], [1.0, 1.0]]))

    assert drawn.totals(np.array([1.0, 2.0, 4.0])).tolist() == [6.0, 7.0]
    assert drawn.totals(np.ones((3, 2, 2)))[0].tolist() == [[4.0, 4.0], [4.0, 4.0]]


def test_clusters_that_span_strata_are_drawn_from_one_group():
    drawn = resample(
        np.array([0, 0, 1, 2]), np.random.default_rng(0), strata=np.array([0, 1, 1, 1]), draws=200
    )

    assert drawn.counts.sum(axis=1).tolist() == [3.0] * 200
    assert drawn.counts[:, 0].max() > 1


def test_a_stratum_with_one_cluster_joins_the_smallest_other():
    clusters, strata = np.arange(6), np.array([0, 1, 1, 2, 2, 2])

    drawn = resample(clusters, np.random.default_rng(0), strata=strata, draws=200)

    assert (drawn.counts[:, :3].sum(axis=1) == 3).all()
    assert drawn.counts[:, 0].std() > 0


def test_the_percentile_interval_of_a_mean_is_near_its_normal_interval():
    rng = np.random.default_rng(4)
    y = rng.normal(size=400)
    drawn = resample(np.arange(400), rng, draws=4000)

    found = drawn.estimate(y.mean(), drawn.totals(y) / 400)

    half = 1.96 * y.std(ddof=1) / 20
    assert found.low == pytest.approx(y.mean() - half, abs=0.01)
    assert found.high == pytest.approx(y.mean() + half, abs=0.01)


def test_one_cluster_has_no_interval():
    drawn = resample(np.zeros(8, dtype=int), np.random.default_rng(0), draws=20)

    found = drawn.estimate(0.5, drawn.totals(np.ones(8)))

    assert (found.value, found.low, found.high) == (0.5, None, None)


def test_a_statistic_undefined_in_many_resamples_has_no_interval():
    drawn = resample(np.arange(4), np.random.default_rng(0), draws=100)
    values = np.where(np.arange(100) < 80, np.arange(100), np.nan)

    assert drawn.estimate(1.0, values).low is None
    assert drawn.estimate(1.0, np.nan_to_num(values, nan=95.0)).low is not None


def test_the_same_generator_state_gives_the_same_draws():
    clusters = np.arange(30)

    first, second = (resample(clusters, np.random.default_rng(7), draws=9) for _ in range(2))

    assert (first.counts == second.counts).all()


def test_nothing_to_draw_from_is_no_error():
    drawn = resample(np.array([], dtype=int), np.random.default_rng(0), draws=5)

    assert drawn.totals(np.zeros((0, 3))).shape == (5, 3)


def test_one_stratum_weighs_every_item_the_same():
    assert one_stratum(np.array([3, 3, 8])).omega() == pytest.approx([1 / 3] * 3)
