"""What a design can see, and what it takes to see a given effect (STATS 3.3 and 3.4).

Effects and margins are on the score scale, so 0.05 is five percentage points. Counts come back as
real numbers: round up where scenarios are drawn. A `design_effect` is the squared ratio of the
clustered to the unclustered standard error; with clusters of one it is 1.
"""

from collections.abc import Callable
from math import ceil, inf, isinf, log, nan, sqrt

from scipy import special

from tastemaker.stats.intervals import normal_quantile, t_quantile

SMALL = 40
"""Below this many scenarios Student's quantiles replace the normal ones."""


def difference_variance(*, true_variance: float, seed_noise: float, seeds: float) -> float:
    """Variance of one scenario's difference: omega^2 + (sigma^2_A + sigma^2_B)/K.

    Args:
        true_variance: omega^2, the variance of the true differences over scenarios.
        seed_noise: sigma^2_A + sigma^2_B, the variance of one reply of each arm.
        seeds: K, the same for both arms; infinity gives the floor no number of seeds can pass.
    """
    return true_variance + (0.0 if isinf(seeds) else seed_noise / seeds)


def minimum_detectable_effect(
    variance: float,
    scenarios: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> float:
    """The smallest true difference that a two-sided test at alpha finds with the given power."""
    se = sqrt(design_effect * variance / scenarios)
    return _quantiles(alpha / 2, power, scenarios) * se


def detectable_from_interval(
    half_width: float, *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """The smallest true difference that the data at hand could find, from its interval.

    The interval's half-width is a quantile times a standard error, whichever way it was made;
    finding an effect takes the power's quantile on top of it.
    """
    return half_width * (1 + normal_quantile(power) / normal_quantile(1 - alpha / 2))


def scenarios_for_effect(
    variance: float,
    effect: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> float:
    """How many scenarios find a true difference of `effect`, two-sided at alpha."""
    return _solve(
        lambda n: (_quantiles(alpha / 2, power, n) / effect) ** 2, variance * design_effect
    )


def scenarios_for_noninferiority(
    variance: float,
    margin: float,
    *,
    difference: float = 0.0,
    alpha: float = 0.025,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> float:
    """How many scenarios certify NON_INFERIOR when the true difference is `difference`.

    One-sided at alpha. Infinite when the difference is at or below minus the margin. No fewer
    clusters than `floor_clusters` can certify, whatever this says.
    """
    room = margin + difference
    if room <= 0:
        return inf
    return _solve(lambda n: (_quantiles(alpha, power, n) / room) ** 2, variance * design_effect)


def noninferiority_power(
    se: float, margin: float, *, difference: float = 0.0, alpha: float = 0.025
) -> float:
    """The chance that a true difference is certified NON_INFERIOR: Phi((margin + d)/SE - z)."""
    if se <= 0:
        return 1.0 if margin + difference > 0 else 0.0
    return float(special.ndtr((margin + difference) / se - normal_quantile(1 - alpha)))


def power_for_each(power: float, principles: int) -> float:
    """The power each of P independent principles needs so that all pass with `power`."""
    return float(power ** (1 / principles))


def floor_clusters(margin: float, *, alpha: float = 0.025) -> int:
    """Clusters below which no margin this small can be certified, even with no change observed.

    The smallest G with (1 - margin)^G <= alpha: ln(alpha)/ln(1 - margin), rounded up.
    """
    if not 0 < margin < 1:
        raise ValueError("The margin must lie between 0 and 1.")
    return ceil(log(alpha) / log(1 - margin))


def cost_optimal_seeds(
    *, true_variance: float, seed_noise: float, scenario_cost: float, sample_cost: float
) -> float:
    """Seeds per scenario that see most for the money: sqrt(sigma^2/omega^2 * costs); at least 1.

    Args:
        true_variance: omega^2; where it is 0 only seeds matter and the answer is infinite.
        seed_noise: sigma^2_A + sigma^2_B.
        scenario_cost: What one more scenario costs, whoever writes and checks it.
        sample_cost: What one more seed of one scenario costs, in the same money.
    """
    if seed_noise <= 0:
        return 1.0
    if true_variance <= 0:
        return inf
    return max(1.0, sqrt(seed_noise / true_variance * scenario_cost / sample_cost))


def design_effect(clustered_se: float, unclustered_se: float) -> float:
    """How many times clusters inflate the variance; NaN where there is none to inflate."""
    return (clustered_se / unclustered_se) ** 2 if unclustered_se > 0 else nan


def upper_variance(pilot_variance: float, df: float, *, level: float = 0.8) -> float:
    """The upper limit of a variance estimated with df degrees of freedom: s^2 df / chi^2_{1-level}.

    A pilot is small, and a plan made with a variance that is too low is too small as well.
    """
    return float(pilot_variance * df / (2 * special.gammaincinv(df / 2, 1 - level)))


def _quantiles(tail: float, power: float, scenarios: float) -> float:
    """The quantiles of the test and of its power, added; Student's for few scenarios."""
    df = scenarios - 1 if scenarios < SMALL else inf
    return t_quantile(1 - tail, df) + t_quantile(power, df)


def _solve(per_variance: Callable[[float], float], variance: float) -> float:
    """Scenarios by normal quantiles and, when that gives few, once more by Student's."""
    scenarios = per_variance(inf) * variance
    # Fewer than two scenarios have no variance to speak of.
    return per_variance(max(scenarios, 2.0)) * variance
