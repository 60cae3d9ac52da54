"""Which evals and criteria carry each value in each kind of situation, and where none does."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tastemaker.content import Place, names
from tastemaker.reading import did_you_mean
from tastemaker.rubric import Condition, Rubric, applies, load_rubric, matches
from tastemaker.scenario import Scenario, load_dataset
from tastemaker.values import Demand, Value, Values

FEWEST_CLUSTERS = 6
"""As many as a verdict needs; a test holds it against the gate's."""


class Criterion(NamedTuple):
    """One criterion that carries a value, in one eval."""

    principle: str
    name: str
    judged: bool
    """Whether a judge answers it; otherwise a check does."""


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """An eval that carries a value in a situation: what it asks there, of how many scenarios."""

    eval: str
    criteria: tuple[Criterion, ...]
    scenarios: int
    clusters: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value in a situation: what is demanded, and what carries it."""

    value: str
    situation: str
    demand: str
    carriers: tuple[Carrier, ...]
    hole: str = ""
    """The reason that the file gives for carrying nothing."""

    @property
    def clusters(self) -> int:
        """Independent stories in which it is looked for, over all evals."""
        return sum(one.clusters for one in self.carriers)

    @property
    def is_thin(self) -> bool:
        """Whether something carries it, on too few clusters to say anything."""
        return 0 < self.clusters < FEWEST_CLUSTERS


@dataclass(frozen=True, kw_only=True)
class Measured:
    """An eval, and which of its principles and criteria which values claim."""

    name: str
    claims: Mapping[str, int]
    """By value, the number of criteria that it claims."""
    unclaimed: tuple[str, ...]
    """The principles no criterion of which any value claims."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The table of values, situations and evals."""

    values: Values
    cells: tuple[Cell, ...]
    evals: tuple[Measured, ...]
    """Those that a situation takes scenarios from."""
    outside: tuple[str, ...]
    """Those of which no situation takes any."""
    problems: tuple[str, ...] = ()
    """What the file names that is not there, or says that is not so."""

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], Cell]:
        """The cells, by value and situation."""
        return {(one.value, one.situation): one for one in self.cells}

    @property
    def holes(self) -> tuple[Cell, ...]:
        """The demands that no eval covers."""
        return tuple(one for one in self.cells if not one.carriers)

    @property
    def thin(self) -> tuple[Cell, ...]:
        """The demands that are looked for in too few clusters."""
        return tuple(one for one in self.cells if one.is_thin)


class _Eval(NamedTuple):
    rubric: Rubric
    scenarios: Sequence[Scenario]


def cover(values: Values, place: Place) -> Coverage:
    """Hold values against the rubrics and datasets that can be referred to from a place.

    An eval is here a dataset with the rubric of its name. UserError when one cannot be read.
    """
    known = sorted(set(names("rubric", place)) & set(names("dataset", place)))
    meant = {name for situation in values.situations.values() for name in situation.where}
    evals = {
        name: _Eval(load_rubric(name, place), load_dataset(name, place).scenarios)
        for name in known
        if name in meant
    }
    cells = tuple(
        _cell(values, name, value, demand, evals)
        for name, value in values.values.items()
        for demand in value.demands
    )
    return Coverage(
        values=values,
        cells=cells,
        evals=tuple(_measured(name, one.rubric, values) for name, one in evals.items()),
        outside=tuple(name for name in known if name not in meant),
        problems=(*_unknown(values, evals, known, place), *_untrue(cells)),
    )


def told(coverage: Coverage) -> Iterator[str]:
    """What `check` warns of: problems, and how many demands no eval covers without a reason."""
    yield from coverage.problems
    if not coverage.values.situations:
        yield "no `situations`: what the evals cover cannot be counted"
        return
    open_ = [f"{one.value} in {one.situation}" for one in coverage.holes if not one.hole]
    if open_:
        yield (
            f"no eval covers {len(open_)} of {len(coverage.cells)} demands: {', '.join(open_)}; "
            "write one, or say why not under `hole`"
        )


def _claims(value: Value, rubric: str, principle: str, criterion: str) -> bool:
    return principle in value.principles or f"{rubric}/{principle}/{criterion}" in value.criteria


def _cell(
    values: Values, name: str, value: Value, demand: Demand, evals: Mapping[str, _Eval]
) -> Cell:
    situation = values.situations.get(demand.situation)
    found = (
        _carrier(value, key, evals[key], conditions)
        for key, conditions in (situation.where if situation else {}).items()
        if key in evals
    )
    return Cell(
        value=name,
        situation=demand.situation,
        demand=demand.demand,
        carriers=tuple(one for one in found if one.criteria),
        hole=demand.hole,
    )


def _carrier(value: Value, name: str, of: _Eval, where: Mapping[str, Condition]) -> Carrier:
    """What of an eval carries a value in a situation; without criteria it does not."""
    meant = [scenario for scenario in of.scenarios if matches(where, scenario.labels)]
    asked = {
        Criterion(principle, key, criterion.ask is not None): [
            scenario for scenario in meant if applies(criterion, scenario.labels)
        ]
        for principle, content in of.rubric.principles.items()
        for key, criterion in content.criteria.items()
        if _claims(value, name, principle, key)
    }
    covered = {one.id: one.cluster for scenarios in asked.values() for one in scenarios}
    return Carrier(
        eval=name,
        criteria=tuple(criterion for criterion, scenarios in asked.items() if scenarios),
        scenarios=len(covered),
        clusters=len(set(covered.values())),
    )


def _measured(name: str, rubric: Rubric, values: Values) -> Measured:
    claims: Counter[str] = Counter()
    unclaimed = []
    for principle, content in rubric.principles.items():
        claimed = Counter(
            value
            for value, content_of in values.values.items()
            for key in content.criteria
            if _claims(content_of, name, principle, key)
        )
        claims += claimed
        if not claimed:
            unclaimed.append(principle)
    return Measured(name=name, claims=dict(claims), unclaimed=tuple(unclaimed))


def _unknown(
    values: Values, evals: Mapping[str, _Eval], known: Sequence[str], place: Place
) -> Iterator[str]:
    """What the file names that no file has."""
    for name, situation in values.situations.items():
        for key, conditions in situation.where.items():
            if key not in evals:
                yield f"situation '{name}': no eval '{key}'{did_you_mean(key, known)}"
            elif not any(matches(conditions, one.labels) for one in evals[key].scenarios):
                yield f"situation '{name}': no scenario of {key} has these labels"
    named = {one.rsplit("/", 2)[0] for value in values.values.values() for one in value.criteria}
    rubrics = {name: one.rubric for name, one in evals.items()}
    rubrics |= {name: load_rubric(name, place) for name in named & set(known) - set(evals)}
    principles = {principle for rubric in rubrics.values() for principle in rubric.principles}
    criteria = {
        f"{name}/{principle}/{key}"
        for name, rubric in rubrics.items()
        for principle, content in rubric.principles.items()
        for key in content.criteria
    }
    for name, value in values.values.items():
        for one in value.principles:
            if one not in principles:
                yield f"value '{name}': no principle '{one}'{did_you_mean(one, principles)}"
        for one in value.criteria:
            if one not in criteria:
                yield f"value '{name}': no criterion '{one}'{did_you_mean(one, criteria)}"


def _untrue(cells: Sequence[Cell]) -> Iterator[str]:
    for one in cells:
        if one.hole and one.carriers:
            evals = ", ".join(carrier.eval for carrier in one.carriers)
            yield f"value '{one.value}' in '{one.situation}': called a hole, but covered by {evals}"
