"""The scores of one principle, as arrays: what every estimate and test starts from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Design:
    """How N scenarios were drawn: H strata with declared weights, clusters inside them."""

    strata: Codes
    """(N,), codes 0..H-1."""
    stratum_weights: Floats
    """(H,), W_h: not negative; normalised over the strata present where they are used."""
    clusters: Codes
    """(N,), codes of what is not independent; one of its own where nothing was declared."""
    weights: Floats
    """(N,), w_i: the weight of a scenario inside its stratum, usually 1."""

    def keep(self, mask: NDArray[np.bool_]) -> "Design":
        """The design of the scenarios where mask is true."""
        return Design(
            strata=self.strata[mask],
            stratum_weights=self.stratum_weights,
            clusters=self.clusters[mask],
            weights=self.weights[mask],
        )

    def omega(self) -> Floats:
        """(N,), the share of each scenario in the estimate: W_h w_i / sum of w in h; sums to 1.

        STATS section 1. Strata without a scenario left drop out and the others are renormalised.
        """
        totals = np.bincount(self.strata, self.weights, minlength=len(self.stratum_weights))
        totals = totals.astype(np.float64)  # of no scenarios at all NumPy makes whole numbers
        present = np.where(totals > 0, self.stratum_weights, 0.0)
        shares = np.divide(present, totals, out=np.zeros(len(totals)), where=totals > 0)
        shared: Floats = self.weights * shares[self.strata] / present.sum()
        return shared


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Scores of one principle: A arms x N scenarios x K seeds, and the design of the scenarios."""

    principle: str
    arms: tuple[str, ...]
    scenarios: Sequence[str]
    """N keys, unique; for display and for joining back to the replies."""
    values: Floats
    """(A, N, K), in [0, 1] (points mode may leave it); NaN is missing."""
    design: Design

    def arm(self, name: str) -> Floats:
        """The (N, K) values of one arm; KeyError when there is none of that name."""
        try:
            values: Floats = self.values[self.arms.index(name)]
        except ValueError:
            raise KeyError(name) from None
        return values
