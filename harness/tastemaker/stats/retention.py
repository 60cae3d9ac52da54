"""How much of a feature's gain is left after it was merged with everything else."""

from dataclasses import dataclass

import numpy as np

from tastemaker.stats.estimates import scenario_means
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.ratios import ratio_of_means
from tastemaker.stats.reported import UNKNOWN, Change, Estimate, change


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Base, feature and merged arm on the scenarios that all three answered."""

    gain: Change
    """Feature minus base."""
    kept: Change
    """Merged minus base."""
    against_feature: Change
    """Merged minus feature: below 0 the merge lost some."""
    share: Estimate
    """Kept over gain: 1 all of it, 0 nothing, below 0 worse than before the feature. All None when
    the gain is not established: its interval must lie above 0."""


def retention(
    base: Floats, feature: Floats, merged: Floats, design: Design, rng: np.random.Generator
) -> Retention:
    """The share of a gain that a merge kept; Fieller's interval, variance as in STATS section 1.

    Args:
        base: (N, K) scores in [0, 1], NaN missing; seeds are averaged first.
        feature: (N, K'), the arm that has the feature alone.
        merged: (N, K''), the arm that has it among others.
        design: Of the scenarios.
        rng: For the sign-flip tests of the three differences.
    """
    means = [scenario_means(values) for values in (base, feature, merged)]
    complete = ~np.isnan(means[0] + means[1] + means[2])
    before, with_feature, after = (y[complete] for y in means)
    design = design.keep(complete)
    gain = change(with_feature - before, design, rng)
    established = gain.estimate.low is not None and gain.estimate.low > 0
    share = (
        ratio_of_means(after - before, with_feature - before, design) if established else UNKNOWN
    )
    return Retention(
        gain=gain,
        kept=change(after - before, design, rng),
        against_feature=change(after - with_feature, design, rng),
        share=share,
    )
