"""Whether an experiment asks enough independent scenarios for the margins that it wants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.cases import named_evals
from tastemaker.experiment import Experiment
from tastemaker.naming import Measured
from tastemaker.rubric import Rubric
from tastemaker.scenario import Dataset, Scenario
from tastemaker.stats.estimates import effective_number, group_sums
from tastemaker.stats.panel import Codes, Design
from tastemaker.stats.power import floor_clusters


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one eval of an experiment asks."""

    measured: Measured
    rubric: Rubric
    dataset: Dataset
    """Of it the scenarios that are asked."""

    def scenarios(self, principle: str) -> list[Scenario]:
        """Those that a principle applies to."""
        ids = set(self.measured.principles.get(principle, ()))
        return [one for one in self.dataset.scenarios if one.id in ids]

    def weight_of(self, scenario: Scenario, principle: str) -> float:
        """What a scenario counts for a principle, beside the others of its stratum."""
        asked = self.rubric.principles.get(principle)
        return scenario.weight * (asked.times(scenario.expect) if asked else 1)


def too_few(experiment: Experiment, parts: Sequence[Part], unknown: set[str]) -> Iterator[str]:
    """What blocks in an experiment and could certify no candidate (STATS 3.4), in words.

    A principle counts over all of its evals, and one with a rule of its own in an eval there, too.

    Args:
        experiment: With the rules.
        parts: Its evals.
        unknown: Principles that other tasks measure as well, whose scenarios are not known here.
    """
    names = dict.fromkeys(name for one in parts for name in one.measured.principles)
    cases = [
        (name, name, experiment.rule_for(name), parts) for name in names if name not in unknown
    ]
    cases += [
        (f"{name}@{home}", name, experiment.rule_for(name, home), [one])
        for name, home in named_evals(experiment)
        for one in parts
        if one.measured.eval == home and name in one.measured.principles
    ]
    for shown, name, rule, homes in cases:
        if not rule.blocking or not 0 < rule.margin < 1:
            continue
        there, worth = _clusters(name, homes, experiment.weights)
        least = floor_clusters(rule.margin)
        if worth < least - 1e-6:
            less = f", by their weights worth {worth:.1f}" if there >= least else ""
            yield f"{shown} ({there}{less}; a margin of {rule.margin:g} takes {least})"


def _clusters(
    principle: str, parts: Sequence[Part], weights: Mapping[str, float]
) -> tuple[int, float]:
    """How many clusters a principle is asked of, and how many equal ones they are worth.

    Weighed as `tables.Arranged` does: evals alike or by `weights`, in them strata by theirs.
    """
    asked = [(part, one) for part in parts for one in part.scenarios(principle)]
    strata, of_scenario = _coded([(part.measured.eval, one.stratum) for part, one in asked])
    homes = {(part.measured.eval, name): part for part in parts for name in part.dataset.strata}
    declared = [homes[key].dataset.strata[key[1]] for key in strata]
    totals: dict[str, float] = {}
    for (home, _), share in zip(strata, declared, strict=True):
        totals[home] = totals.get(home, 0.0) + share
    shares = [
        weights.get(home, 1.0) * share / totals[home] if totals[home] else 0.0
        for (home, _), share in zip(strata, declared, strict=True)
    ]
    if not any(shares):
        return 0, 0.0
    clusters, groups = _coded([(part.dataset.name, one.cluster) for part, one in asked])
    design = Design(
        strata=of_scenario,
        stratum_weights=np.array(shares),
        clusters=groups,
        weights=np.array([part.weight_of(one, principle) for part, one in asked]),
    )
    return len(clusters), effective_number(group_sums(groups, design.omega()))


def _coded(keys: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], Codes]:
    """The distinct keys, and of each the place among them."""
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return list(places), np.array([places[key] for key in keys], dtype=np.intp)
