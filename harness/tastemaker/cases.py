"""From panels to the cases that the gate decides: each candidate on each principle."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tastemaker.calibration import (
    Calibration,
    Standing,
    corrected,
    not_alone,
    shortcomings,
)
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


def named_panels(experiment: Experiment, arranged: Arranged) -> dict[str, Panel]:
    """What verdicts are about: a panel for each principle, and each principle@eval of a rule."""
    pooled = arranged.panels()
    apart = each_eval(arranged, pooled)
    named = named_evals(experiment)
    return pooled | {f"{principle}@{home}": apart[principle, home] for principle, home in named}


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


def with_people(case: Case, candidate: str, people: Standing, alpha: float) -> Case:
    """The case with what people's marks say of its judge, and decided as they allow."""
    found, (principle, _, _) = people.calibration, case.principle.partition("@")
    if found is not None and not people.carried:
        case = replace(case, people=found.of(candidate, case.principle))
    if not people.required or principle not in people.judged:
        return case
    if found is None:
        return replace(case, barred=people.problem)
    if people.carried:
        return replace(case, barred=_not_alone(case, found, people.min_labels))
    here = case.people
    if here is None:
        return replace(case, barred=f"Nobody has marked the replies of {candidate} for it.")
    if lacking := shortcomings(here.against, here.correction, found.plan, people.min_labels):
        return replace(case, barred=f"The judge may not gate it: {'; '.join(lacking)}.")
    assert here.correction is not None, "without one there are shortcomings"
    paired = corrected(case.paired, here.correction, alpha=alpha)
    return replace(case, paired=paired, judged=case.paired)


def _not_alone(case: Case, found: Calibration, min_labels: int) -> str:
    """Why the judge, as another run has shown it, may not decide by itself; "" when it may.

    It has to have been good enough there against every candidate that was marked.
    """
    whole = case.principle.partition("@")[0]
    there = [one for one in found.principles if one.principle == case.principle] or [
        one for one in found.principles if one.principle == whole
    ]
    if not there:
        return f"The calibration of {found.experiment} says nothing of {whole}."
    for one in there:
        lacking = shortcomings(one.against, one.correction, found.plan, min_labels)
        alone = not_alone(one.against, one.correction, one.favour, case.rule.margin)
        if why := "; ".join(lacking) or alone:
            return f"In {found.experiment}, against {one.candidate}: {why}."
    return ""
