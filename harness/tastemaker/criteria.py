"""The comparisons on single criteria: exploratory, never gated, no p-value adjusted."""

from dataclasses import dataclass

import numpy as np

from tastemaker.experiment import Experiment
from tastemaker.stats.estimates import linear, scenario_means
from tastemaker.stats.paired import Comparing, Difference, compare
from tastemaker.stats.panel import Panel
from tastemaker.tables import Column, Scores, panels, weighed_as_principles

BETWEEN = "\0"
"""Stands in no name."""


@dataclass(frozen=True, kw_only=True)
class CriterionChange:
    """What one candidate changed on one criterion, over the evals that ask it."""

    candidate: str
    principle: str
    criterion: str
    baseline_mean: float
    """The weighted share of replies that satisfy it as it is asked; NaN where none was scored."""
    candidate_mean: float
    difference: Difference


def criterion_changes(experiment: Experiment, scores: Scores) -> tuple[CriterionChange, ...]:
    """Every criterion of every candidate against the baseline.

    A criterion of negative weight counts as it is asked: more of it is worse. A scenario weighs
    what it does for the criterion's principle.
    """
    how = Comparing(alpha=experiment.alpha, seed_kind=experiment.seed_kind)
    base = experiment.baseline_name
    found = panels(_as_principles(scores), list(experiment.arms), eval_weights=experiment.weights)
    return tuple(
        CriterionChange(
            candidate=candidate,
            principle=name.split(BETWEEN)[0],
            criterion=name.split(BETWEEN)[1],
            baseline_mean=_mean(panel, base),
            candidate_mean=_mean(panel, candidate),
            difference=compare(panel.arm(base), panel.arm(candidate), panel.design, how),
        )
        for name, panel in found.items()
        for candidate in experiment.candidates
    )


def _mean(panel: Panel, arm: str) -> float:
    means = scenario_means(panel.arm(arm))
    return float("nan") if np.isnan(means).all() else linear(means, panel.design).mean


def _as_principles(scores: Scores) -> Scores:
    """The rows of criteria, each under a principle of its own, so that panels can be cut."""
    rows = scores.keep(~scores.texts["criterion"].equal(None))
    principle, criterion = rows.texts["principle"], rows.texts["criterion"]
    pairs = principle.codes.astype(np.intp) * len(criterion.names) + criterion.codes
    found, codes = np.unique(pairs, return_inverse=True)
    names = tuple(
        f"{principle.names[pair // len(criterion.names)]}{BETWEEN}"
        f"{criterion.names[pair % len(criterion.names)]}"
        for pair in found.tolist()
    )
    none = Column(codes=np.zeros(len(codes), dtype=np.intp), names=(None,))
    texts = {**rows.texts, "principle": Column(codes=codes, names=names), "criterion": none}
    return Scores(texts=texts, numbers=weighed_as_principles(scores, rows).numbers)
