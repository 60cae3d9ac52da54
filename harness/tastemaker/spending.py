"""What replies took, time, tokens and money: held to limits, and against what it bought."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tastemaker.experiment import Experiment
from tastemaker.gate import ResourceVerdict, hold_to
from tastemaker.stats.panel import Floats, Panel
from tastemaker.stats.resources import QualityGained, quality_gained, resource_ratio
from tastemaker.tables import Arranged

UNITS = {"seconds": ("minute", 60.0), "cost": ("dollar", 1.0)}
"""What a gain in quality is divided by, and how much of the resource that is."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What more time or money bought on one principle."""

    candidate: str
    principle: str
    unit: str
    """"minute" or "dollar", of one reply."""
    found: QualityGained


def spent_panel(arranged: Arranged, resource: str) -> Panel:
    """What each reply took of "seconds", "tokens" (in and out) or "cost"; NaN where not known."""
    numbers = arranged.numbers
    if resource == "tokens":
        return arranged.spent(resource, numbers["input_tokens"] + numbers["output_tokens"])
    return arranged.spent(resource, numbers[resource])


def resource_verdicts(
    experiment: Experiment, arranged: Arranged, *, alpha: float = 0.05
) -> list[ResourceVerdict]:
    """Every candidate held to every limit on a resource that the experiment names."""
    verdicts = []
    for resource, rule in experiment.resources.items():
        panel = spent_panel(arranged, resource)
        baseline = panel.arm(experiment.baseline_name)
        for candidate in experiment.candidates:
            ratio = resource_ratio(baseline, panel.arm(candidate), panel.design, alpha=alpha)
            verdicts.append(hold_to(candidate, resource, rule, ratio))
    return verdicts


def gains(
    experiment: Experiment, arranged: Arranged, panels: Mapping[str, Panel]
) -> tuple[Gain, ...]:
    """Quality gained per minute and per dollar, where these were measured."""
    spent = {resource: spent_panel(arranged, resource) for resource in UNITS}
    measured = {name: panel for name, panel in spent.items() if not np.isnan(panel.values).all()}
    base = experiment.baseline_name
    return tuple(
        Gain(
            candidate=candidate,
            principle=name,
            unit=unit,
            found=quality_gained(
                (panel.arm(base), panel.arm(candidate)),
                (amounts[base] / size, amounts[candidate] / size),
                panel.design,
            ),
        )
        for resource, of_all in measured.items()
        for unit, size in [UNITS[resource]]
        for name, panel in panels.items()
        for amounts in [_on(of_all, panel)]
        for candidate in experiment.candidates
    )


def _on(spent: Panel, panel: Panel) -> dict[str, Floats]:
    """By arm, what was spent on the scenarios of a panel, in their order."""
    place = {key: position for position, key in enumerate(spent.scenarios)}
    positions = [place[key] for key in panel.scenarios]
    return {arm: spent.arm(arm)[positions] for arm in spent.arms}
