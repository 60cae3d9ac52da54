"""The comparisons on a part of the scenarios: exploratory, never gated, no p-value adjusted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tastemaker.experiment import Experiment
from tastemaker.gate import FEWEST_CLUSTERS
from tastemaker.stats.paired import Comparing, Difference, compare
from tastemaker.stats.panel import Panel
from tastemaker.tables import Trait


class Part(NamedTuple):
    """What the scenarios of a slice have in common."""

    by: str
    """"stratum", "split", "format", or "labels.kind" for the label `kind`."""
    value: str
    eval: str | None
    """The eval of a stratum; None for what means the same in all evals."""

    @property
    def words(self) -> str:
        """What they have in common, for people."""
        by = f"label {self.by[len(LABEL) :]}" if self.by.startswith(LABEL) else self.by
        return f"{by}: {self.value or 'none'}" + (f" in {self.eval}" if self.eval else "")


LABEL = "labels."


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One comparison on a part of the scenarios."""

    candidate: str
    principle: str
    part: Part
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class Slices:
    """All of them, and how many say nothing."""

    found: tuple[Slice, ...]
    too_small: int
    """Slices left out because they have fewer clusters than a verdict needs."""


def slices(
    experiment: Experiment, panels: Mapping[str, Panel], traits: Mapping[str, Trait]
) -> Slices:
    """Every comparison by stratum, label, split and format, where these tell scenarios apart.

    The interval is the ladder's, whatever the experiment's `ci_method`.
    """
    how = Comparing(alpha=experiment.alpha, seed_kind=experiment.seed_kind)
    found = [
        Slice(candidate=candidate, principle=name, part=part, difference=difference)
        for name, panel in panels.items()
        for part, members in parts([traits[key] for key in panel.scenarios]).items()
        for candidate in experiment.candidates
        for difference in [_compared(panel, members, experiment.baseline_name, candidate, how)]
    ]
    large = tuple(one for one in found if one.difference.clusters >= FEWEST_CLUSTERS)
    return Slices(found=large, too_small=len(found) - len(large))


def parts(traits: Sequence[Trait]) -> dict[Part, list[int]]:
    """Where the scenarios of each part stand; what holds all of them is not a part.

    All strata come first, then splits, formats, and one label after the other.
    """
    members: dict[Part, list[int]] = {}
    kinds = {"stratum": 0, "split": 1, "format": 2}
    for place, trait in enumerate(traits):
        for part in _parts_of(trait):
            members.setdefault(part, []).append(place)
            kinds.setdefault(part.by, len(kinds))
    return {
        part: members[part]
        for part in sorted(members, key=lambda part: kinds[part.by])
        if len(members[part]) < len(traits)
    }


def _parts_of(trait: Trait) -> Iterator[Part]:
    yield Part("stratum", trait.stratum, trait.eval)
    yield Part("split", trait.split, None)
    yield Part("format", trait.format, None)
    for label, value in trait.labels.items():
        yield Part(f"{LABEL}{label}", str(value), None)


def _compared(
    panel: Panel, members: Sequence[int], baseline: str, candidate: str, how: Comparing
) -> Difference:
    mask = np.zeros(len(panel.scenarios), dtype=np.bool_)
    mask[members] = True
    return compare(
        panel.arm(baseline)[mask], panel.arm(candidate)[mask], panel.design.keep(mask), how
    )
