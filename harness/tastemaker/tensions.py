"""Values that pull against each other, seen together for each candidate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.experiment import Experiment
from tastemaker.gate import Verdict
from tastemaker.stats.estimates import scenario_means
from tastemaker.stats.panel import Floats, Panel
from tastemaker.stats.tension import Label, Tension, label, tension
from tastemaker.tables import Arranged


@dataclass(frozen=True, kw_only=True)
class Pull:
    """What a candidate did to two values that pull against each other (STATS section 8)."""

    candidate: str
    first: Verdict
    second: Verdict
    label: Label
    tension: Tension | None
    """None when one of the two was measured in no scenario of both arms."""


def pulls(
    experiment: Experiment, arranged: Arranged, verdicts: Sequence[Verdict]
) -> tuple[Pull, ...]:
    """The two-axis report of every candidate for every tension of the experiment."""
    by_name = {(verdict.candidate, verdict.principle): verdict for verdict in verdicts}
    return tuple(
        _pull(
            [panels[name] for name in pair],
            experiment.baseline_name,
            [by_name[candidate, name] for name in pair],
            experiment.alpha,
        )
        for pair in experiment.tensions
        for panels in [arranged.together(pair)]
        for candidate in experiment.candidates
    )


def _pull(
    panels: Sequence[Panel], baseline: str, verdicts: Sequence[Verdict], alpha: float
) -> Pull:
    first, second = verdicts
    kinds = (str(first.kind), str(second.kind))
    one, other = (_differences(panel, baseline, first.candidate) for panel in panels)
    found = None
    if not (np.isnan(one).all() or np.isnan(other).all()):
        found = tension(
            one,
            other,
            (panels[0].design, panels[1].design),
            scenarios=panels[0].scenarios,
            verdicts=kinds,
            alpha=alpha,
        )
    return Pull(
        candidate=first.candidate, first=first, second=second, label=label(*kinds), tension=found
    )


def _differences(panel: Panel, baseline: str, candidate: str) -> Floats:
    """(N,), candidate minus baseline, seeds averaged first."""
    difference: Floats = scenario_means(panel.arm(candidate)) - scenario_means(panel.arm(baseline))
    return difference
