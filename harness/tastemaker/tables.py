"""The tables of a run (scores, replies, preferences), and the panels that statistics start from."""

import json
import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tastemaker.content import file_fingerprint
from tastemaker.errors import UserError
from tastemaker.reading import shown
from tastemaker.records import PreferenceRow, ReplyRow, ScoreRow
from tastemaker.stats.panel import Codes, Design, Floats, Panel

SCORES = "scores.parquet"
REPLIES = "replies.parquet"
PREFERENCES = "preferences.parquet"
SEAL = ".sha256"
"""Ends the name of the file beside a table that holds its hash as it was written."""


def _schema(row: type) -> pa.Schema:
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    hints = typing.get_type_hints(row)
    columns = []
    for field in fields(row):
        kind = hints[field.name]
        options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
        columns.append(pa.field(field.name, kinds[options[0]], nullable=type(None) in options))
    return pa.schema(columns)


SCORE_SCHEMA = _schema(ScoreRow)
REPLY_SCHEMA = _schema(ReplyRow)
PREFERENCE_SCHEMA = _schema(PreferenceRow)
SCHEMAS = {SCORES: SCORE_SCHEMA, REPLIES: REPLY_SCHEMA, PREFERENCES: PREFERENCE_SCHEMA}


def score_table(rows: Iterable[ScoreRow]) -> pa.Table:
    """The rows as a table, with the columns of `ScoreRow` in their order."""
    return _table(rows, SCORE_SCHEMA)


def reply_table(rows: Iterable[ReplyRow]) -> pa.Table:
    """The rows as a table, with the columns of `ReplyRow` in their order."""
    return _table(rows, REPLY_SCHEMA)


def _table(rows: Iterable[Any], schema: pa.Schema) -> pa.Table:
    listed = list(rows)
    columns = [[getattr(row, name) for row in listed] for name in schema.names]
    return pa.table(columns, schema=schema)


def write_tables(folder: Path, scores: pa.Table, replies: pa.Table) -> None:
    """Both tables into a folder; each appears whole or not at all."""
    for name, table in ((SCORES, scores), (REPLIES, replies)):
        _write(folder, name, table)


def write_preferences(folder: Path, rows: Iterable[PreferenceRow]) -> None:
    """The table of preferences into a folder; it appears whole or not at all."""
    _write(folder, PREFERENCES, _table(rows, PREFERENCE_SCHEMA))


def read_preferences(folder: Path) -> list[PreferenceRow]:
    """The preferences of a run; a UserError when there are none, or when they were edited."""
    refuse_edited(folder, PREFERENCES)
    table = read_table(folder / PREFERENCES, PREFERENCE_SCHEMA.names)
    return [PreferenceRow(**row) for row in table.to_pylist()]


def _write(folder: Path, name: str, table: pa.Table) -> None:
    """The table, then its seal: what is stopped in between has none, and is not refused."""
    seal, partial = folder / f"{name}{SEAL}", folder / f".{name}.partial"
    pq.write_table(table, partial, compression="zstd")
    seal.unlink(missing_ok=True)
    partial.replace(folder / name)
    seal.write_text(f"{_digest(folder / name)}  {name}\n", encoding="utf-8")


def refuse_edited(folder: Path, name: str) -> None:
    """A UserError when a table is not what its seal says; without a seal nothing is known.

    The seal is what `sha256sum` writes, so that `sha256sum --check` reads it.
    """
    path, seal = folder / name, folder / f"{name}{SEAL}"
    if not seal.is_file() or not path.is_file():
        return
    if seal.read_text(encoding="utf-8").split(maxsplit=1)[:1] != [_digest(path)]:
        raise UserError(
            f"{shown(path)}: was edited after it was written, so nothing may rest on it; "
            "`tastemaker run` writes it anew from its logs"
        )


def _digest(path: Path) -> str:
    return file_fingerprint(path).removeprefix("sha256:")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A text column of N rows: codes into names."""

    codes: NDArray[np.integer[Any]]
    names: tuple[str | None, ...]
    """None is what stands for a missing value."""

    def equal(self, name: str | None) -> Any:
        """(N,) whether each row says this."""
        wanted = self.names.index(name) if name in self.names else -1
        return self.codes == wanted

    def keep(self, mask: Any) -> "Column":
        """The rows where mask is true."""
        return Column(codes=self.codes[mask], names=self.names)

    def spoken(self) -> list[str | None]:
        """The names that occur, in order of first appearance."""
        found, first = np.unique(self.codes, return_index=True)
        return [self.names[code] for code in found[np.argsort(first)]]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """A scores table as columns of arrays: what statistics and reports read."""

    texts: Mapping[str, Column]
    numbers: Mapping[str, Floats]
    """NaN where the table has nothing."""

    def keep(self, mask: Any) -> "Scores":
        """The rows where mask is true."""
        if np.all(mask):
            return self
        return Scores(
            texts={name: column.keep(mask) for name, column in self.texts.items()},
            numbers={name: values[mask] for name, values in self.numbers.items()},
        )


READ_TEXTS = (
    "eval",
    "dataset",
    "arm",
    "scenario",
    "cluster",
    "stratum",
    "split",
    "format",
    "labels",
    "principle",
    "criterion",
    "reason",
    "should",
    "did",
    "votes",
)
ADDED = {"should", "did", "votes", "calls", "grader_replayed", "grader_paid"}
"""Columns that tables of earlier versions do not have: there they say nothing."""
READ_NUMBERS = (
    "seed",
    "value",
    "stratum_weight",
    "scenario_weight",
    "input_tokens",
    "output_tokens",
    "seconds",
    "cost",
    "calls",
    "grader_calls",
    "grader_replayed",
    "grader_input_tokens",
    "grader_output_tokens",
    "grader_cost",
    "grader_paid",
)


def scores_of_rows(rows: Sequence[ScoreRow]) -> Scores:
    """Rows as columns; as `read_scores` gives them from a file."""
    texts, numbers = {}, {}
    for name in READ_TEXTS:
        values = [getattr(row, name) for row in rows]
        codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
        texts[name] = Column(
            codes=np.fromiter((codes[value] for value in values), np.intp, len(rows)),
            names=tuple(codes),
        )
    for name in READ_NUMBERS:
        numbers[name] = np.array([getattr(row, name) for row in rows], dtype=np.float64)
    return Scores(texts=texts, numbers=numbers)


def read_scores(folder: Path) -> Scores:
    """The scores of a run, as columns; a UserError when there are none, or they were edited."""
    refuse_edited(folder, SCORES)
    path = folder / SCORES
    rows = read_table(path, []).num_rows
    old = ADDED - set(pq.read_schema(path).names)
    # One column at a time: all at once take twice the memory, and no less time.
    return Scores(
        texts={
            name: Column(codes=np.zeros(rows, np.int32), names=(None,))
            if name in old
            else _column(read_table(path, [name], read_dictionary=[name])[name])
            for name in READ_TEXTS
        },
        numbers={
            name: np.full(rows, np.nan) if name in old else _floats(read_table(path, [name])[name])
            for name in READ_NUMBERS
        },
    )


def weighed_as_principles(scores: Scores, rows: Scores) -> Scores:
    """Rows of criteria, with what their scenario weighs for their principle (`per`).

    So a principle of one criterion has the same mean as the criterion. Rows of what has no score
    of its principle keep their weight.
    """
    whole = scores.keep(scores.texts["criterion"].equal(None))
    own = rows.numbers["scenario_weight"]
    known, first = np.unique(_places(whole), return_index=True)
    if not len(known):
        return rows
    wanted = _places(rows)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    weights = whole.numbers["scenario_weight"][first[at]]
    weighed = np.where(known[at] == wanted, weights, own)
    return replace(rows, numbers={**rows.numbers, "scenario_weight": weighed})


def _places(rows: Scores) -> Codes:
    """A code for the eval, scenario and principle of each row."""
    home, scenario, principle = (rows.texts[name] for name in ("eval", "scenario", "principle"))
    places = home.codes.astype(np.intp) * len(scenario.names) + scenario.codes
    codes: Codes = places * len(principle.names) + principle.codes
    return codes


ReplyKey = tuple[str, str, int, str]
"""One reply: eval, scenario, seed, arm."""
REPLY_KEY = ("eval", "scenario", "seed", "arm")


def replies_at(
    folder: Path, keys: Collection[ReplyKey] | None = None, columns: Sequence[str] | None = None
) -> dict[ReplyKey, dict[str, Any]]:
    """Rows of the replies of a run, as plain data by reply; of `keys` those that are there.

    Raises:
        UserError: There are none, or they were edited after the run.
    """
    refuse_edited(folder, REPLIES)
    names = read_table(folder / REPLIES, REPLY_KEY)
    places = zip(*(names[name].to_pylist() for name in REPLY_KEY), strict=True)
    found = {key: row for row, key in enumerate(places) if keys is None or key in keys}
    if not found:
        return {}
    rows = read_table(folder / REPLIES, columns).take(list(found.values())).to_pylist()
    return dict(zip(found, rows, strict=True))


def reply_texts(folder: Path) -> dict[ReplyKey, str]:
    """What was said in a run, by reply; those that failed are left out."""
    refuse_edited(folder, REPLIES)
    columns = (*REPLY_KEY, "reply", "error")
    table = read_table(folder / REPLIES, columns)
    rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
    return {
        (home, scenario, seed, arm): reply
        for home, scenario, seed, arm, reply, error in rows
        if not error
    }


def judged_principles(folder: Path) -> frozenset[str]:
    """The principles of a run that a judge has a part in: not those of checks alone."""
    columns = {
        name: read_table(folder / SCORES, [name], read_dictionary=[name])[name]
        for name in ("principle", "criterion", "grader")
    }
    principle, criterion, grader = (_column(one) for one in columns.values())
    judged = ~criterion.equal(None) & ~grader.equal("check") & ~grader.equal("")
    return frozenset(str(name) for name in principle.keep(judged).spoken())


LATER = {"versions": "[]"}
"""Columns that tables of replies of earlier versions do not have, and what they would say there."""


def read_table(path: Path, columns: Sequence[str] | None = None, **options: Any) -> pa.Table:
    """One of the tables, or some of its columns; a UserError when it is not there or not ours."""
    if not path.is_file():
        raise UserError(f"{shown(path)}: not there; `tastemaker run` writes it")
    try:
        found, ours = pq.read_schema(path), SCHEMAS[path.name]
        missing = [name for name in columns or () if name in LATER and name not in found.names]
        there = columns if columns is None else [name for name in columns if name not in missing]
        for name in there or ():
            if name not in found.names or found.field(name).type != ours.field(name).type:
                raise UserError(f"{shown(path)}: not a table of ours: no proper column '{name}'")
        # Not `pq.read_table`, which imports pandas.
        with pq.ParquetFile(path, **options) as file:
            table = file.read(columns=there)
        for name in missing:
            usual = pa.array([LATER[name]] * len(table), ours.field(name).type)
            table = table.append_column(ours.field(name), usual)
        return table
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{shown(path)}: not a table of ours: {error}") from error


def _column(chunks: pa.ChunkedArray) -> Column:
    column = chunks.unify_dictionaries().combine_chunks()
    if not len(column):
        return Column(codes=np.zeros(0, np.int32), names=())
    names: list[str | None] = column.dictionary.to_pylist()
    return Column(codes=_values(column.indices, len(names)), names=(*names, None))


def _floats(chunks: pa.ChunkedArray) -> Floats:
    column = chunks.combine_chunks()
    return _values(column, np.nan).astype(np.float64, copy=False) if len(column) else np.zeros(0)


def _values(column: pa.Array, missing: float) -> NDArray[Any]:
    """(N,) numbers, from the buffer: `to_numpy` and `fill_null` would import pandas (0.3 s)."""
    kind = np.dtype(column.type.to_pandas_dtype())
    values = np.frombuffer(column.buffers()[1], kind, len(column), column.offset * kind.itemsize)
    if not column.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(column.buffers()[0], np.uint8), bitorder="little")
    return np.where(bits[column.offset : column.offset + len(column)] == 1, values, missing)


def panels(
    scores: Scores, arms: Sequence[str], *, eval_weights: Mapping[str, float] | None = None
) -> dict[str, Panel]:
    """The panels of `Arranged`, where nothing else is wanted of it."""
    return Arranged(scores, arms, eval_weights=eval_weights).panels()


class Trait(NamedTuple):
    """What is known of a scenario beside its scores."""

    eval: str
    stratum: str
    split: str
    format: str
    labels: Mapping[str, str]


class Arranged:
    """The rows that statistics read, arranged so that panels can be cut from them.

    A stratum of a panel is a stratum of one eval. Evals count alike unless `eval_weights` says
    otherwise; inside an eval strata count by their declared weight, and where none is declared by
    the number of their scenarios. A cluster is one of a dataset (of an eval without one).
    Every scenario that any arm has a row for stands in the panel, but for those without weight;
    what is not there is NaN.
    """

    def __init__(
        self,
        scores: Scores,
        arms: Sequence[str],
        *,
        eval_weights: Mapping[str, float] | None = None,
    ) -> None:
        place = {name: code for code, name in enumerate(arms)}
        arm = scores.texts["arm"]
        known = _recoded(arm, [int(name in place) for name in arm.names]) == 1
        self.rows = scores.keep(known & scores.texts["criterion"].equal(None))
        self.texts, self.numbers = self.rows.texts, self.rows.numbers
        self.arms, self.eval_weights = tuple(arms), eval_weights or {}
        arm, home, scenario = (self.texts[name] for name in ("arm", "eval", "scenario"))
        self.arm = _recoded(arm, [place.get(str(name), 0) for name in arm.names])
        self.eval, self.evals = home.codes, home.names
        self.scenario, keys = _numbered(_coupled(home, scenario))
        self.scenarios = [
            f"{home.names[key // len(scenario.names)]}/{scenario.names[key % len(scenario.names)]}"
            for key in keys.tolist()
        ]
        self.seed, self.seeds = _numbered(self.numbers["seed"].astype(np.intp))

    def panels(self) -> dict[str, Panel]:
        """A panel for every principle, pooled over its evals, in order of appearance."""
        return {
            name: self._panel(name, rows, self._frame(rows), self.numbers["value"])
            for name, rows in self._rows.items()
        }

    def together(self, principles: Sequence[str]) -> dict[str, Panel]:
        """Panels of some principles over the scenarios of all of them, with the same clusters.

        Weights are each principle's own, as in its own panel: a scenario may count more for one of
        them (`per`), and for one that does not stand in it a scenario counts nothing.
        """
        own = {name: self._frame(self._rows[name]) for name in principles}
        rows = self._first(np.concatenate([self._rows[name] for name in principles]))
        scenarios = np.unique(np.concatenate([one.scenarios for one in own.values()]))
        shared = _Frame(scenarios=scenarios, design=self._design(rows[scenarios]))
        return {
            name: self._panel(
                name, self._rows[name], shared.weighed(own[name]), self.numbers["value"]
            )
            for name in principles
        }

    def spent(self, name: str, amounts: Floats) -> Panel:
        """What each reply took, as a panel: `amounts` has a number for each of `numbers`' rows.

        A scenario weighs the least that it does for any principle: for some it may count several
        times (`per`), and its replies are no more for it.
        """
        lightest = np.argsort(self.numbers["scenario_weight"], kind="stable")
        return self._panel(name, np.arange(len(amounts)), self._frame(lightest), amounts)

    def evals_of(self, principle: str) -> list[str]:
        """The evals a principle stands in."""
        found = np.bincount(self.eval[self._rows[principle]])
        return [str(self.evals[code]) for code in np.flatnonzero(found)]

    def without_row(self) -> Codes:
        """(A,) how many scores each arm has no row for, though some arm has the scenario.

        A run leaves a row for everything it asked; a file of scores may leave things out. Of the
        seeds only those count that the arm has at all.
        """
        gaps = np.zeros(len(self.arms), dtype=np.intp)
        shape = (len(self.arms), len(self.seeds))
        for rows in self._rows.values():
            there = np.ravel_multi_index((self.arm[rows], self.seed[rows]), shape)
            counts = np.bincount(there, minlength=shape[0] * shape[1]).reshape(shape)
            scenarios = np.count_nonzero(self._first(rows) >= 0)
            gaps += scenarios * np.count_nonzero(counts, axis=1) - counts.sum(axis=1)
        return gaps

    @cached_property
    def replies(self) -> Codes:
        """A row for each reply, which has one for every principle."""
        shape = (len(self.arms), len(self.scenarios), len(self.seeds))
        reply, _ = _numbered(np.ravel_multi_index((self.arm, self.scenario, self.seed), shape))
        return np.flatnonzero(np.diff(np.maximum.accumulate(reply), prepend=-1) > 0)

    def traits(self) -> dict[str, Trait]:
        """What is known of each scenario, by its key in the panels."""
        first = self._first(np.arange(len(self.scenario)))
        columns = [self.texts[name] for name in ("eval", "stratum", "split", "format", "labels")]
        said = [[column.names[code] for code in column.codes[first].tolist()] for column in columns]
        read = {text: json.loads(str(text)) for text in set(said[-1])}
        return {
            key: Trait(str(home), str(stratum), str(split), str(form), read[labels])
            for key, home, stratum, split, form, labels in zip(self.scenarios, *said, strict=True)
        }

    @cached_property
    def _rows(self) -> dict[str, Codes]:
        """The rows of each principle, in order of appearance."""
        principle = self.texts["principle"]
        # Codes of one or two bytes are sorted in linear time.
        narrow = principle.codes.astype(np.min_scalar_type(len(principle.names)))
        order = np.argsort(narrow, kind="stable")
        counts = np.bincount(principle.codes, minlength=len(principle.names))
        bounds = [0, *np.cumsum(counts).tolist()]
        return {
            str(name): order[bounds[code] : bounds[code + 1]]
            for name in principle.spoken()
            for code in [principle.names.index(name)]
        }

    def _first(self, rows: Codes) -> Codes:
        """(S,) the first of the rows for each scenario; -1 where there is none."""
        first = np.full(len(self.scenarios), -1)
        first[self.scenario[rows[::-1]]] = rows[::-1]
        return first

    def _frame(self, rows: Codes) -> "_Frame":
        """The scenarios of some rows that have weight, with their design."""
        first = self._first(rows)
        scenarios = np.flatnonzero(first >= 0)
        design = self._design(first[scenarios])
        counts = design.weights * design.stratum_weights[design.strata] > 0
        return _Frame(scenarios=scenarios[counts], design=design.keep(counts))

    def _panel(self, name: str, rows: Codes, frame: "_Frame", amounts: Floats) -> Panel:
        asked = np.flatnonzero(np.bincount(self.seed[rows], minlength=len(self.seeds)))
        place = np.full(len(self.scenarios), -1)
        place[frame.scenarios] = np.arange(len(frame.scenarios))
        rows = rows[place[self.scenario[rows]] >= 0]
        values = np.full((len(self.arms), len(frame.scenarios), len(self.seeds)), np.nan)
        values[self.arm[rows], place[self.scenario[rows]], self.seed[rows]] = amounts[rows]
        return Panel(
            principle=name,
            arms=self.arms,
            scenarios=[self.scenarios[code] for code in frame.scenarios.tolist()],
            values=values[:, :, asked[np.argsort(self.seeds[asked])]],
            design=frame.design,
        )

    def _design(self, rows: Codes) -> Design:
        """The design of scenarios, each given by the first of its rows."""
        stratum = _coupled(self.texts["eval"], self.texts["stratum"], rows)
        keys, first, strata = np.unique(stratum, return_index=True, return_inverse=True)
        clusters = np.unique(self._clusters(rows), return_inverse=True)[1]
        weights = self.numbers["scenario_weight"][rows]
        declared = self.numbers["stratum_weight"][rows[first]]
        counted = np.bincount(strata, weights, minlength=len(keys))
        shares = np.where(np.isnan(declared), counted, declared)
        home = self.eval[rows[first]]
        totals = np.bincount(home, shares, minlength=len(self.evals))
        weighed = np.array([self.eval_weights.get(name or "", 1.0) for name in self.evals])
        of_eval = np.divide(weighed, totals, out=np.zeros_like(totals), where=totals > 0)
        return Design(
            strata=strata,
            stratum_weights=shares * of_eval[home],
            clusters=clusters,
            weights=weights,
        )

    def _clusters(self, rows: Codes) -> Codes:
        """The cluster of each row, told apart by dataset, or by eval where there is none."""
        dataset, cluster = self.texts["dataset"], self.texts["cluster"]
        own = _recoded(dataset, [int(not name) for name in dataset.names])[rows]
        home = np.where(own == 1, self.eval[rows] + len(dataset.names), dataset.codes[rows])
        clusters: Codes = home.astype(np.intp) * len(cluster.names) + cluster.codes[rows]
        return clusters


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """The scenarios of a panel, ascending, and how they were drawn."""

    scenarios: Codes
    design: Design

    def weighed(self, other: "_Frame") -> "_Frame":
        """With the weights of another frame, whose scenarios are all in this one."""
        place = np.searchsorted(self.scenarios, other.scenarios)
        weights = np.zeros(len(self.scenarios))
        weights[place] = other.design.weights
        shares = np.zeros(len(self.design.stratum_weights))
        shares[self.design.strata[place]] = other.design.stratum_weights[other.design.strata]
        return replace(self, design=replace(self.design, weights=weights, stratum_weights=shares))


def _coupled(first: Column, second: Column, rows: Any = slice(None)) -> Codes:
    """A code for each pair of names of two columns."""
    codes: Codes = first.codes[rows].astype(np.intp) * len(second.names) + second.codes[rows]
    return codes


def _numbered(keys: Codes) -> tuple[Codes, Codes]:
    """The keys as codes in order of appearance, and the key of each code; quicker than sorting."""
    # From the buffer: `pa.array` imports pandas.
    numbers = [None, pa.py_buffer(np.ascontiguousarray(keys, dtype=np.int64))]
    encoded = pa.Array.from_buffers(pa.int64(), len(keys), numbers).dictionary_encode()
    if not len(keys):
        return keys, keys
    return _values(encoded.indices, 0).astype(np.intp), _values(encoded.dictionary, 0)


def _recoded(column: Column, codes: Sequence[int]) -> Codes:
    recoded: Codes = np.array([*codes, 0], dtype=np.intp)[column.codes]
    return recoded


def joined(parts: Mapping[str, tuple[Scores, str]]) -> Scores:
    """One arm of each of several tables, under new names: {new name: (table, arm)}."""
    kept = {
        name: scores.keep(scores.texts["arm"].equal(arm)) for name, (scores, arm) in parts.items()
    }
    texts = {
        column: _stacked([scores.texts[column] for scores in kept.values()])
        for column in READ_TEXTS
        if column != "arm"
    }
    sizes = [len(scores.numbers["value"]) for scores in kept.values()]
    texts["arm"] = Column(codes=np.repeat(np.arange(len(sizes)), sizes), names=tuple(kept))
    numbers = {
        column: np.concatenate([scores.numbers[column] for scores in kept.values()])
        for column in READ_NUMBERS
    }
    return Scores(texts=texts, numbers=numbers)


def gathered(parts: Sequence[tuple[Scores, Mapping[str, str]]]) -> Scores:
    """Arms of several tables in one: (table, {arm: its new name}); other arms are left out."""
    kept = [_renamed(scores, names) for scores, names in parts]
    return Scores(
        texts={name: _stacked([one.texts[name] for one in kept]) for name in READ_TEXTS},
        numbers={
            name: np.concatenate([one.numbers[name] for one in kept]) for name in READ_NUMBERS
        },
    )


def _renamed(scores: Scores, names: Mapping[str, str]) -> Scores:
    arm = scores.texts["arm"]
    wanted = _recoded(arm, [int(name in names) for name in arm.names]) == 1
    kept = scores.keep(wanted)
    codes = kept.texts["arm"].codes
    renamed = Column(codes=codes, names=tuple(names.get(str(name)) for name in arm.names))
    return Scores(texts={**kept.texts, "arm": renamed}, numbers=kept.numbers)


def _stacked(columns: Sequence[Column]) -> Column:
    names = tuple(dict.fromkeys(name for column in columns for name in column.names))
    place = {name: code for code, name in enumerate(names)}
    codes = [_recoded(column, [place[name] for name in column.names]) for column in columns]
    return Column(codes=np.concatenate(codes), names=names)
