"""From panels to the cases that the gate decides: each candidate on each principle."""

from collections.abc import Mapping
from dataclasses import dataclass

from tastemaker.experiment import Experiment
from tastemaker.gate import AtLook, Case
from tastemaker.stats.paired import Paired, paired
from tastemaker.stats.panel import Panel
from tastemaker.tables import Arranged, panels

Apart = dict[tuple[str, str], Panel]
"""By principle and eval."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One candidate against the baseline."""

    cases: list[Case]
    """Every principle, and every principle of one eval that a rule names."""
    inside: Mapping[tuple[str, str], Paired]
    """By principle and eval."""


def compared(
    experiment: Experiment,
    pooled: Mapping[str, Panel],
    apart: Apart,
    candidate: str,
    *,
    at: AtLook | None = None,
) -> Compared:
    """A candidate on all principles, at the level of a look where there are looks."""
    whole = {name: pair(experiment, panel, candidate, at) for name, panel in pooled.items()}
    inside = {
        (name, home): whole[name]
        if panel is pooled[name]
        else pair(experiment, panel, candidate, at)
        for (name, home), panel in apart.items()
    }
    return Compared(cases=_cases(experiment, whole, inside, at), inside=inside)


def _cases(
    experiment: Experiment,
    whole: Mapping[str, Paired],
    inside: Mapping[tuple[str, str], Paired],
    at: AtLook | None,
) -> list[Case]:
    pooled = [
        Case(principle=name, rule=experiment.rule_for(name), paired=found, at=at)
        for name, found in whole.items()
    ]
    return pooled + [
        Case(
            principle=f"{principle}@{name}",
            rule=experiment.rule_for(principle, name),
            paired=inside[principle, name],
            at=at,
        )
        for principle, name in named_evals(experiment)
        if (principle, name) in inside
    ]


def named_evals(experiment: Experiment) -> list[tuple[str, str]]:
    """The principles of one eval that have a rule of their own, as (principle, eval)."""
    parts = [rule.partition("@") for rule in experiment.rules if "@" in rule]
    return [(principle, name) for principle, _, name in parts]


def each_eval(arranged: Arranged, pooled: Mapping[str, Panel]) -> Apart:
    """A panel for each principle of each eval; the pooled one where it stands in one alone."""
    homes = {name: arranged.evals_of(name) for name in pooled}
    several = [
        name for name, evals in homes.items() if len(evals) > 1 or not pooled[name].scenarios
    ]
    rows = arranged.rows
    apart = {
        (principle, home): panel
        for home in dict.fromkeys(home for name in several for home in homes[name])
        for principle, panel in panels(
            rows.keep(rows.texts["eval"].equal(home)), arranged.arms
        ).items()
    }
    return {
        (name, home): apart[name, home] if name in several else pooled[name]
        for name, evals in homes.items()
        for home in evals
    }


def pair(experiment: Experiment, panel: Panel, candidate: str, at: AtLook | None = None) -> Paired:
    """A candidate against the baseline on one panel, as the experiment wants it computed."""
    return paired(
        panel,
        experiment.baseline_name,
        candidate,
        alpha=experiment.alpha if at is None else at.alpha,
        arm_alpha=experiment.alpha,
        method=experiment.ci_method,
        seed_kind=experiment.seed_kind,
        max_missing=experiment.max_unscored,
        fine=at is not None,
    )
