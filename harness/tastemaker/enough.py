"""Whether an experiment asks enough independent scenarios for the margins that it wants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tastemaker.cases import each_eval, named_evals
from tastemaker.experiment import Experiment
from tastemaker.gate import enough
from tastemaker.naming import Measured
from tastemaker.records import ScoreRow
from tastemaker.rubric import Rubric
from tastemaker.scenario import Dataset
from tastemaker.stats.estimates import linear
from tastemaker.stats.power import floor_clusters
from tastemaker.tables import Arranged, scores_of_rows

ANY = "any"
"""An arm: what is asked is asked of each."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one eval of an experiment asks."""

    measured: Measured
    rubric: Rubric
    dataset: Dataset
    """Of it the scenarios that are asked."""

    def rows(self) -> Iterator[ScoreRow]:
        """A row for each scenario that a principle applies to, scored 0."""
        known = {one.id: one for one in self.dataset.scenarios}
        for principle, ids in self.measured.principles.items():
            for scenario in map(known.__getitem__, ids):
                yield ScoreRow(
                    eval=self.measured.eval,
                    dataset=self.dataset.name,
                    arm=ANY,
                    scenario=scenario.id,
                    cluster=scenario.cluster,
                    stratum=scenario.stratum,
                    stratum_weight=self.dataset.strata[scenario.stratum],
                    scenario_weight=scenario.weight_for(self.rubric, principle),
                    seed=1,
                    principle=principle,
                    value=0.0,
                )


def too_few(experiment: Experiment, parts: Sequence[Part], unknown: set[str]) -> Iterator[str]:
    """What blocks in an experiment and could certify no candidate (STATS 3.4), in words.

    Args:
        experiment: With the rules.
        parts: Its evals.
        unknown: Principles that other tasks measure as well, whose scenarios are not known here.
    """
    rows = [row for part in parts for row in part.rows()]
    arranged = Arranged(scores_of_rows(rows), [ANY], eval_weights=experiment.weights)
    pooled = arranged.panels()
    apart = each_eval(arranged, pooled)
    cases = [
        (name, experiment.rule_for(name), panel)
        for name, panel in pooled.items()
        if name not in unknown
    ] + [
        (f"{name}@{home}", experiment.rule_for(name, home), apart[name, home])
        for name, home in named_evals(experiment)
        if (name, home) in apart
    ]
    for shown, rule, panel in cases:
        if not rule.blocking or not 0 < rule.margin < 1 or not panel.scenarios:
            continue
        found, least = linear(panel.values[0, :, 0], panel.design), floor_clusters(rule.margin)
        if not enough(found, least):
            worth = f", by their weights worth {found.effective_clusters:.1f}"
            there = f"{found.clusters}{worth if found.clusters >= least else ''}"
            yield f"{shown} ({there}; a margin of {rule.margin:g} takes {least})"
