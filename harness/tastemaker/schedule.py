"""At which look each cluster comes in: drawn before the first call, kept, and held against later.

STATS section 5: whole clusters, in random order within their stratum, in five equal parts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tastemaker.content import fingerprint
from tastemaker.errors import UserError
from tastemaker.scenario import Dataset
from tastemaker.stats.early import WORTH_IT_FROM, entry_looks
from tastemaker.stats.panel import Design

LOOKS = 5
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One order of looks over all evals of an experiment."""

    entry: Mapping[str, Mapping[str, int]]
    """By dataset and cluster, the look from 1 to 5 at which its scenarios come in."""
    scenarios: tuple[int, ...]
    """How many scenarios come in at each look, over all evals."""
    principles: Mapping[str, Mapping[str, tuple[int, ...]]]
    """By eval and principle, to how many of the scenarios of each look it applies."""

    @property
    def planned(self) -> int:
        """How many looks there are."""
        return len(self.scenarios)

    def look_of(self, dataset: str, cluster: str) -> int:
        """The look at which a cluster comes in."""
        return self.entry[dataset][cluster]

    def share(self, look: int) -> float:
        """Of all scenarios, how many have come in by a look, in [0, 1]."""
        return sum(self.scenarios[:look]) / sum(self.scenarios)

    def brings(self, look: int, asked: Collection[tuple[str, str]]) -> bool:
        """Whether a look has a scenario for any of these pairs of a principle and an eval."""
        return any(self.principles[home][principle][look - 1] for principle, home in asked)

    def as_data(self) -> dict[str, Any]:
        """Plain data with its own hash, as the record of a run keeps it."""
        content = {
            "planned": self.planned,
            "entry": {name: dict(clusters) for name, clusters in self.entry.items()},
            "scenarios": list(self.scenarios),
            "principles": {
                home: {name: list(counts) for name, counts in known.items()}
                for home, known in self.principles.items()
            },
        }
        return {**content, "schedule": fingerprint(content)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Schedule":
        """From `as_data`; UserError when its hash says that it was changed since."""
        content = {key: value for key, value in data.items() if key != "schedule"}
        if fingerprint(content) != data.get("schedule"):
            raise UserError(
                "the look schedule in record.json is not the one that was drawn before the run: "
                "put the file back, or run again into another folder with --logs"
            )
        return cls(
            entry=data["entry"],
            scenarios=tuple(data["scenarios"]),
            principles={
                home: {name: tuple(counts) for name, counts in known.items()}
                for home, known in data["principles"].items()
            },
        )


def draw(
    datasets: Mapping[str, Dataset],
    seed: int,
    measured: Mapping[str, Mapping[str, Collection[str]]] | None = None,
) -> Schedule:
    """The schedule of an experiment's evals, the same for the same scenarios and seed.

    Args:
        datasets: By eval, the scenarios that are asked. A cluster of a dataset that several evals
            ask comes in at one look in all of them.
        seed: The experiment's.
        measured: By eval and principle, the ids of the scenarios that it applies to.
    """
    rows = sorted(
        ((name, one.stratum), (data.name, one.cluster))
        for name, data in datasets.items()
        for one in data.scenarios
    )
    strata, clusters = _codes([row[0] for row in rows]), _codes([row[1] for row in rows])
    design = Design(
        strata=strata,
        stratum_weights=np.ones(strata.max() + 1),
        clusters=clusters,
        weights=np.ones(len(rows)),
    )
    looks = entry_looks(design, LOOKS, rng=np.random.default_rng(seed)).tolist()
    entry: dict[str, dict[str, int]] = {}
    for (_, (dataset, cluster)), look in zip(rows, looks, strict=True):
        entry.setdefault(dataset, {})[cluster] = look
    at = {
        name: {one.id: entry[data.name][one.cluster] for one in data.scenarios}
        for name, data in datasets.items()
    }
    return Schedule(
        entry=entry,
        scenarios=_by_look(looks),
        principles={
            home: {name: _by_look([at[home][key] for key in ids]) for name, ids in known.items()}
            for home, known in (measured or {}).items()
        },
    )


def _by_look(looks: Sequence[int]) -> tuple[int, ...]:
    return tuple(looks.count(look) for look in range(1, LOOKS + 1))


def _codes(keys: list[Key]) -> Any:
    place = {key: code for code, key in enumerate(sorted(set(keys)))}
    return np.array([place[key] for key in keys], dtype=np.intp)


def refuse_empty(schedule: Schedule, name: str) -> None:
    """UserError when a look would bring nothing in."""
    empty = [look for look, count in enumerate(schedule.scenarios, start=1) if not count]
    if empty:
        raise UserError(
            f"{name}: look {empty[0]} of {schedule.planned} would bring in no scenario: each look "
            f"takes a fifth of the clusters of each stratum, and no stratum has {schedule.planned} "
            "clusters. Add clusters or merge strata, or leave `early_stopping` and "
            "`on_inconclusive: extend` out."
        )


def small(schedule: Schedule) -> list[str]:
    """A warning where stopping early saves next to nothing (STATS 5)."""
    count = sum(schedule.scenarios)
    if count >= WORTH_IT_FROM:
        return []
    return [
        f"early_stopping saves little with {count} scenarios: it is worth its looks from "
        f"{WORTH_IT_FROM} on."
    ]
