from math import inf, isnan

import pytest
from scipy.stats import chi2, norm, t

from tastemaker.stats.power import (
    cost_optimal_seeds,
    design_effect,
    detectable_from_interval,
    difference_variance,
    floor_clusters,
    minimum_detectable_effect,
    noninferiority_power,
    power_for_each,
    scenarios_for_effect,
    scenarios_for_noninferiority,
    upper_variance,
)


def test_millers_worked_sample_size():
    """STATS V3: omega^2 = 1/9, no seed noise, effect .03."""
    assert scenarios_for_effect(1 / 9, 0.03) == pytest.approx(968.9974980678, abs=1e-9)


@pytest.mark.parametrize(("seeds", "effect"), [(1, 0.1327333279), (10, 0.0756696393)])
def test_millers_worked_minimum_detectable_effects(seeds, effect):
    """STATS V3: 198 scenarios, omega^2 = 1/9, sigma^2 = 1/6 in each arm."""
    variance = difference_variance(true_variance=1 / 9, seed_noise=2 / 6, seeds=seeds)

    assert minimum_detectable_effect(variance, 198) == pytest.approx(effect, abs=1e-9)


@pytest.mark.parametrize(("seeds", "share"), [(2, 2 / 3), (4, 1 / 2), (6, 4 / 9)])
def test_more_seeds_shrink_the_variance_as_published(seeds, share):
    """STATS 11: (1 + 2/K)/3 when each arm's noise equals the true variance."""
    one, many = (
        difference_variance(true_variance=1.0, seed_noise=2.0, seeds=k) for k in (1, seeds)
    )

    assert many / one == pytest.approx(share)
    assert difference_variance(true_variance=1.0, seed_noise=2.0, seeds=inf) == 1


@pytest.mark.parametrize(("margin", "clusters"), [(0.02, 183), (0.03, 122), (0.05, 72), (0.10, 36)])
def test_fewer_clusters_than_the_floor_certify_no_margin(margin, clusters):
    """STATS V3."""
    assert floor_clusters(margin) == clusters
    assert (1 - margin) ** clusters <= 0.025 < (1 - margin) ** (clusters - 1)


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1])
def test_the_floor_needs_a_margin_between_0_and_1(margin):
    with pytest.raises(ValueError, match="margin"):
        floor_clusters(margin)


@pytest.mark.parametrize(("sd", "scenarios"), [(0.25, 196.2220), (0.15, 70.6399)])
def test_scenarios_to_certify_non_inferiority(sd, scenarios):
    """STATS V3: one-sided .025, power .8, margin .05."""
    assert scenarios_for_noninferiority(sd**2, 0.05) == pytest.approx(scenarios, abs=1e-4)


def test_a_true_loss_of_the_margin_can_never_be_certified():
    assert scenarios_for_noninferiority(0.04, 0.05, difference=-0.05) == inf
    assert scenarios_for_noninferiority(0.04, 0.05, difference=-0.02) > (
        scenarios_for_noninferiority(0.04, 0.05)
    )


def test_the_planned_number_of_scenarios_has_the_planned_power():
    scenarios = scenarios_for_noninferiority(0.0625, 0.05, difference=-0.01)

    assert noninferiority_power(
        (0.0625 / scenarios) ** 0.5, 0.05, difference=-0.01
    ) == pytest.approx(0.8)
    assert noninferiority_power(0.0, 0.05) == 1
    assert noninferiority_power(0.0, 0.05, difference=-0.06) == 0


def test_ten_principles_need_twice_the_scenarios_of_one():
    """STATS 3.4: .8^(1/10) = .978, and (1.96 + 2.01)^2 / (1.96 + .84)^2 = 2.01."""
    each = power_for_each(0.8, 10)

    assert each == pytest.approx(0.978, abs=5e-4)
    assert scenarios_for_noninferiority(0.0625, 0.05, power=each) == pytest.approx(
        2.01 * 196.222, rel=0.005
    )


def test_few_scenarios_are_planned_with_students_quantiles_once():
    """By z 31.4; t with 30.4 degrees of freedom then gives a little more."""
    variance, effect = 0.04, 0.1
    by_z = (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * variance / effect**2
    by_t = (t.ppf(0.975, by_z - 1) + t.ppf(0.8, by_z - 1)) ** 2 * variance / effect**2

    assert by_z < 40
    assert scenarios_for_effect(variance, effect) == pytest.approx(by_t)
    assert minimum_detectable_effect(variance, 20) == pytest.approx(
        (t.ppf(0.975, 19) + t.ppf(0.8, 19)) * (variance / 20) ** 0.5
    )


def test_clusters_cost_scenarios_in_proportion_to_the_design_effect():
    assert design_effect(0.03, 0.02) == pytest.approx(2.25)
    assert isnan(design_effect(0.0, 0.0))
    assert scenarios_for_effect(0.1, 0.05, design_effect=2.25) == pytest.approx(
        2.25 * scenarios_for_effect(0.1, 0.05)
    )


def test_the_detectable_effect_of_an_interval_is_that_of_its_standard_error():
    half_width = norm.ppf(0.975) * 0.02

    assert detectable_from_interval(half_width) == pytest.approx(
        (norm.ppf(0.975) + norm.ppf(0.8)) * 0.02
    )


def test_cost_optimal_seeds_balance_noise_against_the_price_of_a_scenario():
    prices = {"scenario_cost": 9.0, "sample_cost": 1.0}

    assert cost_optimal_seeds(true_variance=0.04, seed_noise=0.16, **prices) == pytest.approx(6)
    assert cost_optimal_seeds(true_variance=0.0, seed_noise=0.16, **prices) == inf
    assert cost_optimal_seeds(true_variance=0.04, seed_noise=0.0, **prices) == 1


def test_a_pilot_of_ten_is_planned_with_its_upper_limit():
    assert upper_variance(0.05, 9) == pytest.approx(0.05 * 9 / chi2.ppf(0.2, 9))
    assert upper_variance(0.05, 9) > 0.05
