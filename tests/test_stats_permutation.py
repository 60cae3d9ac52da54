from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from tastemaker.stats.permutation import flipped_sums, max_t, sign_flip


def rng():
    return np.random.default_rng(11)


def counted(values):
    """The share of all sign vectors whose sum is at most, and at least, the observed one."""
    signs = np.array(list(product([-1, 1], repeat=len(values))))
    sums = signs @ np.abs(values)
    return (sums <= values.sum() + 1e-9).mean(), (sums >= values.sum() - 1e-9).mean()


def test_nine_lost_and_three_won_is_mcnemars_exact_test():
    """STATS V4."""
    found = sign_flip(np.array([-1.0] * 9 + [1.0] * 3) / 100, rng=rng())

    assert found.two_sided == pytest.approx(0.14599609375, abs=1e-12)
    assert found.two_sided == pytest.approx(binomtest(3, 12).pvalue, abs=1e-12)


def test_fifty_skewed_deltas_have_five_informative_ones():
    """STATS V4."""
    found = sign_flip(np.array([-1, -1, -0.4, 0.2, 0.2] + [0] * 45) / 50, rng=rng())

    assert found.less == 0.15625
    assert (found.informative_clusters, found.exact) == (5, True)


@settings(deadline=None)
@given(st.lists(st.integers(-10, 10), min_size=1, max_size=10))
def test_the_exact_p_values_are_those_of_counting_every_sign_vector(tenths):
    """Tenths are not exact in floating point, so equal sums differ by rounding and must count."""
    values = np.array(tenths) / 10
    found = sign_flip(values, rng=rng())

    assert (found.less, found.greater) == pytest.approx(counted(values), abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_swapping_the_arms_swaps_the_tails(values):
    one, other = (sign_flip(sign * np.array(values), rng=rng()) for sign in (1, -1))

    assert one.two_sided == pytest.approx(other.two_sided, abs=0.03 * (not one.exact))
    assert one.less == pytest.approx(other.greater, abs=0.03 * (not one.exact))


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [1e-15]])
def test_with_no_change_the_p_values_are_one(values):
    found = sign_flip(np.array(values), rng=rng())

    assert (found.less, found.greater, found.two_sided) == (1, 1, 1)


def test_twenty_equal_losses_have_the_smallest_p_there_is():
    found = sign_flip(np.full(20, -0.01), rng=rng())

    assert found.exact
    assert found.less == 2**-20


def test_above_twenty_the_flips_are_random_and_p_is_never_zero():
    found = sign_flip(np.full(60, -0.01), rng=rng())

    assert not found.exact
    assert found.less == 1 / 10_001
    assert found.greater == 1


def test_random_flips_agree_with_the_normal_limit():
    """21 lost, 14 won: P(wins <= 14 of 35) by the binomial."""
    found = sign_flip(np.repeat([-0.1, 0.1], [21, 14]), rng=rng())

    assert found.less == pytest.approx(binomtest(14, 35, alternative="less").pvalue, abs=0.015)


def test_the_same_seed_gives_the_same_p_value():
    values = np.random.default_rng(3).normal(size=50)

    assert sign_flip(values, rng=rng()) == sign_flip(values, rng=rng())


def test_flipped_sums_share_their_signs_over_columns():
    values = np.random.default_rng(3).normal(size=(37, 1))
    sums = flipped_sums(np.hstack([values, values, -values]), rng=rng(), flips=200)

    assert sums[:, 0] == pytest.approx(sums[:, 1])
    assert sums[:, 0] == pytest.approx(-sums[:, 2])


def test_flipped_sums_have_the_variance_of_independent_signs():
    values = np.random.default_rng(3).normal(size=(101, 1))
    sums = flipped_sums(values, rng=rng(), flips=20_000)

    assert abs(sums.mean()) < 4 * np.sqrt((values**2).sum() / 20_000)
    assert sums.var() == pytest.approx((values**2).sum(), rel=0.05)


def test_a_joint_test_of_one_column_is_the_sign_flip_test():
    values = np.random.default_rng(3).normal(-0.2, 1, size=60)

    assert max_t(values[:, None], rng=rng())[0] == sign_flip(values, rng=rng()).less


def test_sums_equal_but_for_rounding_count_in_a_joint_test():
    """Tenths, many of whose signed sums are equal and few exactly so in floating point."""
    values = np.repeat([-0.1, 0.1, -0.3], [16, 14, 5])

    assert max_t(values[:, None], rng=rng())[0] == sign_flip(values, rng=rng()).less


def test_a_copied_column_costs_nothing_in_a_joint_test():
    values = np.random.default_rng(3).normal(-0.3, 1, size=60)

    together = max_t(np.column_stack([values] * 5), rng=rng())

    assert together == pytest.approx([sign_flip(values, rng=rng()).less] * 5)


def test_independent_columns_raise_the_p_values_of_a_joint_test():
    generator = np.random.default_rng(3)
    values = generator.normal(size=(60, 10))
    values[:, 0] -= 0.5

    joint = max_t(values, rng=rng())
    single = np.array([sign_flip(column, rng=rng()).less for column in values.T])

    assert (joint >= single - 1e-12).all()
    assert joint[0] < 0.05
    assert joint[1:].min() > 0.05


def test_a_column_without_change_is_not_significant_in_a_joint_test():
    values = np.column_stack([np.zeros(30), np.full(30, -0.1)])

    assert max_t(values, rng=rng()).tolist() == [1.0, 1 / 10_001]
    assert max_t(np.zeros((5, 2)), rng=rng()).tolist() == [1.0, 1.0]


def test_the_order_of_the_clusters_changes_no_p_value():
    """Forty clusters are more than can be counted out, so signs are drawn."""
    values = np.random.default_rng(3).normal(-0.2, 1, (40, 3))
    mixed = np.random.default_rng(4).permutation(values)
    one, other = (sign_flip(v[:, 0], rng=np.random.default_rng(5)) for v in (values, mixed))

    assert not one.exact
    assert one == other
    joint = [max_t(v, rng=np.random.default_rng(5)) for v in (values, mixed)]
    assert joint[0].tolist() == joint[1].tolist()


def test_where_no_flip_reaches_the_sum_more_are_drawn_and_then_a_bound_stands_in():
    """Forty clusters all worse by one: the exact p is 2^-40; Hoeffding's bound is exp(-20)."""
    worse = sign_flip(-np.ones(40), rng=np.random.default_rng(1))
    fine = sign_flip(-np.ones(40), rng=np.random.default_rng(1), then=50_000)

    assert worse.less == 1 / 10_001
    assert fine.less == pytest.approx(np.exp(-20))
    assert fine.greater == 1.0


def test_more_flips_are_drawn_only_where_they_are_needed():
    values = np.tile([1.0, 1.0, -1.0], 10)
    plain, fine = (
        sign_flip(values, rng=np.random.default_rng(1), then=then) for then in (None, 50_000)
    )

    assert plain == fine


def test_hoeffding_s_bound_is_never_below_the_exact_p_value():
    rng = np.random.default_rng(2)
    for _ in range(50):
        values = rng.normal(-0.5, 1, size=15)
        exact = sign_flip(values, rng=rng)
        bound = np.exp(-(values.sum() ** 2) / (2 * (values**2).sum()))
        assert min(exact.less, exact.greater) <= bound
