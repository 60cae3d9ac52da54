"""What replies took, time, tokens and money: held to limits, and against what it bought."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tastemaker.experiment import Experiment
from tastemaker.gate import ResourceVerdict, hold_to
from tastemaker.stats.estimates import linear, scenario_means
from tastemaker.stats.panel import Floats, Panel
from tastemaker.stats.reported import Estimate, student
from tastemaker.stats.resources import QualityGained, quality_gained, resource_ratio
from tastemaker.tables import Arranged

UNITS = {"seconds": ("minute", 60.0), "cost": ("dollar", 1.0)}
"""What a gain in quality is divided by, and how much of the resource that is."""


Measured = Literal["calls", "seconds", "tokens", "cost"]
"""What a reply takes. Calls are of the model under test: the turns that it took."""
NO_REPLY = ("missing", "not_run", "error")
"""Reasons of rows behind which there is no reply."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a reply of one arm takes, in one eval or in all together."""

    eval: str | None
    """None: all evals together, weighed as the scores are."""
    arm: str
    resource: Measured
    mean: Estimate
    """Per reply, with Student's interval across clusters (STATS section 1)."""
    scenarios: int
    clusters: int


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What more time or money bought on one principle."""

    candidate: str
    principle: str
    unit: str
    """"minute" or "dollar", of one reply."""
    found: QualityGained


def spent_panel(arranged: Arranged, resource: str) -> Panel:
    """What each reply took of "seconds", "tokens" (in and out), "cost" or "calls".

    NaN where nobody knows, and where there is no reply: what a failure took is no reply's.
    """
    amounts = np.where(is_reply(arranged), _spent(arranged, resource), np.nan)
    return arranged.spent(resource, amounts)


def _spent(arranged: Arranged, resource: str) -> Floats:
    numbers = arranged.numbers
    if resource == "tokens":
        return numbers["input_tokens"] + numbers["output_tokens"]
    return numbers[resource]


def is_reply(arranged: Arranged) -> NDArray[np.bool_]:
    """(rows,) whether there is a reply behind each row of scores."""
    reason = arranged.texts["reason"]
    absent: NDArray[np.bool_] = np.logical_or.reduce([reason.equal(name) for name in NO_REPLY])
    return ~absent


def taken(experiment: Experiment, arranged: Arranged) -> tuple[Taken, ...]:
    """What a reply takes, by eval and arm; what nobody measured is not there."""
    return tuple(
        one
        for resource in get_args(Measured)
        for panel in [spent_panel(arranged, resource)]
        for home, inside in _homes(panel, arranged).items()
        for arm in panel.arms
        for one in _taken(experiment, panel, resource, home, inside, arm)
    )


def _homes(panel: Panel, arranged: Arranged) -> dict[str | None, NDArray[np.bool_]]:
    """(N,) masks of the scenarios of each eval; of several, those of all together come first."""
    traits = arranged.traits()
    of = np.array([traits[key].eval for key in panel.scenarios], dtype=object)
    names = dict.fromkeys(of.tolist())
    every = {None: np.ones(len(of), dtype=np.bool_)} if len(names) > 1 else {}
    return {**every, **{name: of == name for name in names}}


def _taken(
    experiment: Experiment,
    panel: Panel,
    resource: Measured,
    home: str | None,
    inside: NDArray[np.bool_],
    arm: str,
) -> Iterator[Taken]:
    means = scenario_means(panel.arm(arm)[inside])
    if np.isnan(means).all():
        return
    found = linear(means, panel.design.keep(inside))
    yield Taken(
        eval=home,
        arm=arm,
        resource=resource,
        mean=_not_negative(student(found, experiment.alpha)),
        scenarios=found.scenarios,
        clusters=found.clusters,
    )


def _not_negative(amount: Estimate) -> Estimate:
    """With an interval that ends at 0: no reply takes less."""
    return amount if amount.low is None else replace(amount, low=max(0.0, amount.low))


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
