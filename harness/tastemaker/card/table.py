"""The card as one object: table, footnotes, settings appendix and behavioral section."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tastemaker.card.measured import Measured, measured, open_runs, side_by_side
from tastemaker.card.notes import graders, not_shown, said
from tastemaker.card_spec import CardSpec, Elicitation, Published, Row
from tastemaker.comparison import RunArm, brief, compare_arms, differences
from tastemaker.content import fingerprint
from tastemaker.errors import UserError
from tastemaker.experiment import as_seen
from tastemaker.gate import FEWEST_CLUSTERS, IMPROVEMENT_LEVEL, Kind
from tastemaker.stats.estimates import ArmEstimate
from tastemaker.stats.paired import Difference, paired

LONGEST = 400
"""Characters of a setting that the appendix shows; a longer one stands as its hash."""

LONGEST_WORDS = 4_000
"""Characters of a principle in words, as many as the card's own file may say of one."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """One model of the table."""

    key: str
    label: str
    elicitation: Elicitation
    measured: bool
    """Whether any of its figures were measured here; otherwise all are published ones."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One figure, with what must be known to read it."""

    value: float | None
    """In [0, 1]; None where there is none, or none that stands."""
    low: float | None = None
    high: float | None = None
    best: bool = False
    """Whether its difference from the next best of the row is established."""
    published: Published | None = None
    measured: Measured | None = None
    notes: tuple[int, ...] = ()
    """The numbers of its footnotes, from 1."""

    @property
    def estimate(self) -> ArmEstimate | None:
        """The estimate behind a measured figure."""
        return self.measured.estimate if self.measured else None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table."""

    title: str
    principle: str | None
    eval: str | None
    cells: tuple[Cell, ...]
    notes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Appendix:
    """How one column of the table was measured in one run, setting by setting."""

    column: str
    run: str
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that the forms of a card show."""

    spec: CardSpec
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    footnotes: tuple[str, ...]
    """Footnote n stands at n - 1."""
    principles: Mapping[str, str]
    """The principles of the rows, in words."""
    changes: tuple[str, ...]
    """What the model gained and lost against the baselines of its runs, in sentences."""
    appendix: tuple[Appendix, ...]

    @property
    def title(self) -> str:
        return self.spec.title or self.spec.card

    @property
    def level(self) -> str:
        """What the intervals are called."""
        return f"{100 * (1 - self.spec.alpha):g}% CI"

    @property
    def subject(self) -> Heading:
        """The model that the card is about."""
        return next(one for one in self.headings if one.key == self.spec.subject)


@dataclass
class _Footnotes:
    """Footnotes in the order in which they are first called for; equal ones are one."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def make_card(spec: CardSpec) -> Card:
    """Measure every cell, hold it against its row, and gather what is to be said.

    Raises:
        UserError: A run or an arm is not there, a row is found nowhere, or the card is strict and
            a cell is not comparable with its row or does not stand: every such cell is named.
    """
    runs, footnotes = open_runs(spec), _Footnotes()
    problems: list[str] = []
    lines = [_line(spec, row, runs, footnotes, problems) for row in spec.rows]
    if problems:
        told = "\n".join(f"  {one}" for one in problems)
        raise UserError(f"{spec.card}: {len(problems)} cells cannot stand in a strict card\n{told}")
    return Card(
        spec=spec,
        headings=tuple(
            Heading(
                key=name,
                label=column.label or name,
                elicitation=spec.elicitation_of(name),
                measured=bool(column.runs),
            )
            for name, column in spec.columns.items()
        ),
        lines=tuple(lines),
        footnotes=tuple(footnotes.texts),
        principles=_principles(spec, runs),
        changes=tuple(_changes(runs[spec.subject])),
        appendix=tuple(_appendix(runs)),
    )


def _line(
    spec: CardSpec,
    row: Row,
    runs: Mapping[str, list[RunArm]],
    footnotes: _Footnotes,
    problems: list[str],
) -> Line:
    found: dict[str, Measured] = {}
    if row.principle is not None:
        for name in spec.columns:
            if name not in row.published and (one := measured(spec, row, name, runs[name])):
                found[name] = one
        if not found and not row.published:
            raise UserError(f"{spec.card}: no run of any column has scores for '{row.title}'")
    unlike = _unlike(spec, found)
    standing = {name: one for name, one in found.items() if one.stands}
    others = [one.value for one in row.published.values()]
    others += [one.estimate.mean for name, one in standing.items() if unlike[name]]
    alike = {name: one for name, one in standing.items() if not unlike[name]}
    best = _best(spec, row, alike, max(others, default=0.0))
    title_notes = [footnotes.number(row.note)] if row.note else []
    cells = []
    for name in spec.columns:
        if name in row.published:
            cells.append(_published(row.published[name], footnotes))
        elif name in found:
            texts = [*unlike[name], *said(found[name], row)]
            if spec.strict and (why := [*unlike[name], *not_shown(found[name])]):
                problems.append(f"{row.title}, {name}: {' '.join(why)}")
            cells.append(_cell(found[name], name in best, texts, footnotes))
        else:
            cells.append(Cell(value=None))
    return Line(
        title=row.title,
        principle=row.principle,
        eval=row.eval,
        cells=tuple(cells),
        notes=tuple(title_notes),
    )


def _cell(found: Measured, best: bool, texts: Sequence[str], footnotes: _Footnotes) -> Cell:
    notes = tuple(footnotes.number(text) for text in texts)
    if not found.stands:
        return Cell(value=None, measured=found, notes=notes)
    estimate = found.estimate
    return Cell(
        value=estimate.mean,
        low=estimate.low,
        high=estimate.high,
        best=best,
        measured=found,
        notes=notes,
    )


def _published(one: Published, footnotes: _Footnotes) -> Cell:
    where = f"{one.source}, {one.date}"
    text = f"Published elsewhere, not measured here: {where}."
    return Cell(
        value=one.value,
        low=one.low,
        high=one.high,
        published=one,
        notes=(footnotes.number(f"{text} {one.note}".strip()),),
    )


def _unlike(spec: CardSpec, found: Mapping[str, Measured]) -> dict[str, list[str]]:
    """For each column, in words, the settings in which it differs from most of its row.

    A setting that a column asked its own way leaves free is not held against the others.
    """
    told: dict[str, list[str]] = {name: [] for name in found}
    keys = dict.fromkeys(key for one in found.values() for key in one.settings)
    for key in keys:
        of_arm = key in _OWN_WAY
        sides = {
            name: one.settings.get(key)
            for name, one in found.items()
            if not of_arm or spec.elicitation_of(name) == "uniform"
        }
        usual = _usual(list(sides.values()))
        for name, value in sides.items():
            if value != usual:
                told[name].append(f"{key}: {brief(value)}; in the rest of the row {brief(usual)}")
    return {
        name: [f"Not comparable with its row. {'. '.join(texts)}."] if texts else []
        for name, texts in told.items()
    }


_OWN_WAY = ("system prompt", "template", "shots", "format", "tools", "solver")


def _usual(values: Sequence[Any]) -> Any:
    """The value that most have; of several the first."""
    return max(values, key=values.count) if values else None


def _best(spec: CardSpec, row: Row, found: Mapping[str, Measured], beside: float) -> set[str]:
    """Of each way of asking the column that is better than the next, where that is established.

    Nothing is the best below the highest figure `beside`, which cannot be compared with it.
    """
    best = set()
    for way in ("uniform", "per-model"):
        ranked = sorted(
            (name for name in found if spec.elicitation_of(name) == way),
            key=lambda name: -found[name].estimate.mean,
        )
        if len(ranked) < 2:
            continue
        first, second = ranked[:2]
        if found[first].estimate.mean < beside:
            continue
        panel = side_by_side(row, {name: found[name] for name in (second, first)})
        gain = paired(panel, second, first, alpha=spec.alpha)
        # With too much missing it has to hold in the worst case, too (STATS 1).
        if _established(gain) and (gain.worst_fill is None or _established(gain.worst_fill)):
            best.add(first)
    return best


def _established(gain: Difference) -> bool:
    enough = gain.clusters >= FEWEST_CLUSTERS and gain.low > 0
    return enough and gain.p_greater <= IMPROVEMENT_LEVEL


def _principles(spec: CardSpec, runs: Mapping[str, list[RunArm]]) -> dict[str, str]:
    """The rows' principles in words: the card's own, else those of the rubrics that were run."""
    known: dict[str, str] = {}
    for of_column in runs.values():
        for run in of_column:
            known = {**run.record.get("principles", {}), **known}
    known |= spec.behavior.principles
    rows = dict.fromkeys(row.principle for row in spec.rows if row.principle)
    wanted = [*rows, *(name for name in spec.behavior.principles if name not in rows)]
    return {name: _cut(known[name]) for name in wanted if known.get(name)}


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else f"{words[:LONGEST_WORDS]}…"


def _changes(runs: Sequence[RunArm]) -> Iterator[str]:
    """What is established of the model against the baseline of each of its runs."""
    for run in runs:
        baseline = str(run.record["baseline"])
        if run.arm == baseline:
            continue
        one = RunArm(folder=run.folder, arm=baseline, record=run.record)
        decision = compare_arms(one, run, declared=_declared(one, run)).decision
        for verdict in decision.verdicts:
            if verdict.kind in (Kind.IMPROVED, Kind.REGRESSED):
                verb = "improved" if verdict.kind is Kind.IMPROVED else "regressed"
                low, high = verdict.paired.limits
                yield (
                    f"Against {baseline} ({run.record['experiment']}), {verdict.principle} {verb}: "
                    f"{100 * verdict.paired.difference:+.1f} points "
                    f"({100 * low:+.1f} to {100 * high:+.1f})."
                )


def _declared(one: RunArm, other: RunArm) -> list[str]:
    """Two arms of one experiment differ in what the experiment is about."""
    return list(differences(one, other))


def _appendix(runs: Mapping[str, list[RunArm]]) -> Iterator[Appendix]:
    for column, of_column in runs.items():
        for run in of_column:
            yield Appendix(
                column=column,
                run=str(run.record["experiment"]),
                settings=tuple(
                    (name, _shown(value))
                    for name, value in _facts(run)
                    if value not in (None, {}, [], "")
                ),
            )


def _shown(value: Any) -> str:
    """A setting on one line; of a long text its length and its hash."""
    if not isinstance(value, str):
        return brief(value)
    if len(value) <= LONGEST:
        return " ".join(value.split())
    return f"{len(value):,} characters, {fingerprint(value)[:19]}"


def _facts(run: RunArm) -> Iterator[tuple[str, Any]]:
    record = run.record
    yield "arm", run.arm
    for key, value in as_seen(run.settings).items():
        if key != "config":
            yield key.replace("_", " "), value
    for key, value in sorted((run.settings.get("config") or {}).items()):
        yield key.replace("_", " "), value
    asked = record.get("seeds_asked", {}).get(run.arm, {})
    yield "seeds", record.get("seeds")
    if asked:
        taken = {True: ", handed to the model", False: ", not taken by the provider"}
        yield "first seed", f"{asked['base']}{taken.get(asked['honoured'], '')}"
    yield "limit", record.get("limit")
    yield "split", record.get("split") or "dev"
    for name, one in record.get("evals", {}).items():
        yield f"dataset of {name}", f"version {one['dataset_version']}, {one['dataset_hash'][:19]}"
        if one.get("rubric"):
            yield f"rubric of {name}", f"version {one['rubric_version']}, {one['rubric_hash'][:19]}"
    yield "grader", graders(record.get("grader"))
    yield "judge prompt", str(record.get("judge") or "")[:19]
    yield "versions", ", ".join(f"{k} {v}" for k, v in record.get("versions", {}).items())
    yield "record", record["record"][:19]
