"""Arms in a row, as the checkpoints of a training run: trend, first regression, change, ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tastemaker.experiment import Experiment
from tastemaker.stats.estimates import linear, scenario_means
from tastemaker.stats.multiplicity import holm
from tastemaker.stats.paired import RNG_SEED
from tastemaker.stats.panel import Design, Floats, Panel
from tastemaker.stats.reported import Change, Estimate, known
from tastemaker.stats.series import (
    Changepoint,
    changepoint,
    first_regression,
    kendall,
    rank_intervals,
    shrink,
    trend,
)
from tastemaker.tables import Arranged


@dataclass(frozen=True, kw_only=True)
class Course:
    """One principle over the steps of a series."""

    principle: str
    means: tuple[float | None, ...]
    """Of each member."""
    slope: Change
    """Per unit of the step."""
    slope_p: float | None
    """Two-sided, adjusted by Holm over the principles."""
    tau: float | None
    """Kendall's tau-b of the means over the steps; a description, without a test."""
    changed: Changepoint | None
    """None: nothing moved, or there are not two members that share scenarios."""
    changed_p: float | None
    """Two-sided over all places, adjusted by Holm over the principles."""
    against: tuple[Estimate | None, ...]
    """Each compared member minus the baseline; None where they share no scenario."""
    p_adjusted: tuple[float | None, ...]
    """Of a loss, over all members and principles at once (max-T)."""
    shrunken: tuple[float | None, ...]
    """The same differences drawn towards 0 by how noisy they are: for display alone."""
    ranks: tuple[tuple[str, int, int], ...]
    """(arm, best, worst rank it may have), over all arms of the experiment."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """What is said of the arms that stand in a row."""

    by: str
    members: tuple[tuple[str, float], ...]
    """(arm, step), in the order of the steps."""
    left_out: tuple[str, ...]
    """Arms without the factor."""
    compared: tuple[str, ...]
    """The members that are held against the baseline."""
    courses: tuple[Course, ...] = ()
    first: str | None = None
    """The first member that lost on some principle; None: none is established."""
    lost: tuple[str, ...] = ()
    """The principles that it lost on."""
    problem: str | None = None
    """Why nothing is said."""


def series(
    experiment: Experiment, arranged: Arranged, panels: Mapping[str, Panel]
) -> Series | None:
    """The series that the experiment names, over its arms with that factor; None without one."""
    if experiment.series is None:
        return None
    steps = experiment.steps()
    members = tuple(sorted(steps.items(), key=lambda member: member[1]))
    said = Series(
        by=experiment.series.by,
        members=members,
        left_out=tuple(arm for arm in experiment.arms if arm not in steps),
        compared=tuple(arm for arm, _ in members if arm != experiment.baseline_name),
    )
    if len(members) < 2:
        return replace(
            said,
            problem=f"Only {members[0][0]} has the factor '{said.by}': a series needs two arms "
            "or more.",
        )
    return _followed(experiment, said, in_common(arranged, panels))


def in_common(arranged: Arranged, panels: Mapping[str, Panel]) -> dict[str, Panel]:
    """The panels that have scenarios, with clusters of which a code means the same in all."""
    there = {name: panel for name, panel in panels.items() if len(panel.scenarios)}
    shared = next(iter(arranged.together(list(there)).values()), None) if there else None
    if shared is None:
        return {}
    code = dict(zip(shared.scenarios, shared.design.clusters.tolist(), strict=True))
    return {name: replace(panel, design=_reclustered(panel, code)) for name, panel in there.items()}


def _reclustered(panel: Panel, code: Mapping[str, int]) -> Design:
    clusters = np.array([code[key] for key in panel.scenarios], dtype=np.intp)
    return replace(panel.design, clusters=clusters)


def _followed(experiment: Experiment, said: Series, panels: Mapping[str, Panel]) -> Series:
    if not panels:
        return replace(said, problem="No principle has a scenario that counts.")
    base = experiment.baseline_name
    means = {
        name: {arm: scenario_means(panel.arm(arm)) for arm in experiment.arms}
        for name, panel in panels.items()
    }
    differences = {
        name: np.stack([means[name][arm] - means[name][base] for arm in said.compared])
        for name in panels
    }
    designs = {name: panel.design for name, panel in panels.items()}
    found = first_regression(differences, designs, _rng())
    courses = [
        _course(
            name,
            said,
            means[name],
            designs[name],
            shrunken=_shrunken(differences[name], designs[name]),
            against=tuple(row[place] for row in found.differences),
            p_adjusted=_numbers(found.p_adjusted[:, place]),
        )
        for place, name in enumerate(found.principles)
    ]
    return replace(
        said,
        courses=tuple(_adjusted(courses)),
        first=None if found.first is None else said.compared[found.first],
        lost=found.lost,
    )


def _course(
    name: str,
    said: Series,
    means: Mapping[str, Floats],
    design: Design,
    *,
    shrunken: tuple[float | None, ...],
    against: tuple[Estimate | None, ...],
    p_adjusted: tuple[float | None, ...],
) -> Course:
    steps = np.array([step for _, step in said.members])
    scores = np.stack([means[arm] for arm, _ in said.members])
    averages = np.array([np.nan if np.isnan(y).all() else linear(y, design).mean for y in scores])
    slope, changed = trend(steps, scores, design, _rng()), changepoint(scores, design, _rng())
    ranks = rank_intervals(np.stack(list(means.values())), design, _rng())
    return Course(
        principle=name,
        means=_numbers(averages),
        slope=slope,
        slope_p=_two_sided(slope),
        tau=kendall(steps, averages),
        changed=changed,
        changed_p=None if changed is None else changed.p_value,
        against=against,
        p_adjusted=p_adjusted,
        shrunken=shrunken,
        ranks=tuple((arm, *rank) for arm, rank in zip(means, ranks, strict=True)),
    )


def _two_sided(found: Change) -> float | None:
    if found.p_less is None or found.p_greater is None:
        return None
    return min(1.0, 2 * min(found.p_less, found.p_greater))


def _adjusted(courses: Sequence[Course]) -> list[Course]:
    """The p-values of slopes and of changes, adjusted over the principles."""
    slopes = _numbers(holm([one.slope_p for one in courses]))
    changes = _numbers(holm([one.changed_p for one in courses]))
    return [
        replace(one, slope_p=slope, changed_p=change)
        for one, slope, change in zip(courses, slopes, changes, strict=True)
    ]


def _shrunken(differences: Floats, design: Design) -> tuple[float | None, ...]:
    found = [None if np.isnan(y).all() else linear(y, design) for y in differences]
    means = np.array([np.nan if one is None else one.mean for one in found])
    errors = np.array([np.nan if one is None else one.se for one in found])
    return _numbers(shrink(means, errors))


def _numbers(values: Floats) -> tuple[float | None, ...]:
    return tuple(known(value) for value in values.tolist())


def _rng() -> np.random.Generator:
    return np.random.default_rng(RNG_SEED)
