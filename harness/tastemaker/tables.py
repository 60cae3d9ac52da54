"""The two tables of a run, scores and replies, and the panels that statistics start from."""

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tastemaker.errors import UserError
from tastemaker.reading import shown
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.stats.panel import Codes, Design, Floats, Panel

SCORES = "scores.parquet"
REPLIES = "replies.parquet"


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
        partial = folder / f".{name}.partial"
        pq.write_table(table, partial, compression="zstd")
        partial.replace(folder / name)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A text column of N rows: codes into names."""

    codes: Codes
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
        return Scores(
            texts={name: column.keep(mask) for name, column in self.texts.items()},
            numbers={name: values[mask] for name, values in self.numbers.items()},
        )

    def of_principles(self) -> "Scores":
        """The rows that statistics read: a principle's score of a reply, not a criterion's."""
        return self.keep(self.texts["criterion"].equal(None))


READ_TEXTS = (
    "eval",
    "dataset",
    "arm",
    "scenario",
    "cluster",
    "stratum",
    "principle",
    "criterion",
    "reason",
)
READ_NUMBERS = (
    "seed",
    "value",
    "stratum_weight",
    "scenario_weight",
    "input_tokens",
    "output_tokens",
    "seconds",
    "cost",
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
    """The scores of a run, as columns; a UserError when there are none."""
    table = read_table(folder / SCORES, [*READ_TEXTS, *READ_NUMBERS], read_dictionary=READ_TEXTS)
    return Scores(
        texts={name: _column(table[name]) for name in READ_TEXTS},
        numbers={name: _floats(table[name]) for name in READ_NUMBERS},
    )


def read_table(path: Path, columns: Sequence[str] | None = None, **options: Any) -> pa.Table:
    """One of the two tables, whole; a UserError when it is not there or not ours."""
    if not path.is_file():
        raise UserError(f"{shown(path)}: not there; `tastemaker run` writes it")
    try:
        return pq.read_table(path, columns=columns, **options)
    except pa.ArrowInvalid as error:
        raise UserError(f"{shown(path)}: not a table of ours: {error}") from error


def _column(chunks: pa.ChunkedArray) -> Column:
    column = chunks.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no rows at all
        return Column(codes=np.zeros(0, np.intp), names=())
    names: list[str | None] = column.dictionary.to_pylist()
    codes = column.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
    return Column(codes=codes.astype(np.intp), names=(*names, None))


def _floats(chunks: pa.ChunkedArray) -> Floats:
    column = chunks.cast(pa.float64()).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        return np.zeros(0)
    values: Floats = column.fill_null(float("nan")).to_numpy(zero_copy_only=False)
    return values


def panels(
    scores: Scores, arms: Sequence[str], *, eval_weights: Mapping[str, float] | None = None
) -> dict[str, Panel]:
    """A panel for every principle, pooled over the evals it stands in, in order of appearance.

    A stratum of a panel is a stratum of one eval. Evals count alike unless `eval_weights` says
    otherwise; inside an eval strata count by their declared weight, and where none is declared by
    the number of their scenarios. A cluster is one of a dataset (of an eval without one).
    Every scenario that any arm has a row for stands in the panel; what is not there is NaN.
    """
    rows = scores.of_principles()
    principle = rows.texts["principle"]
    order = np.argsort(principle.codes, kind="stable")
    bounds = np.searchsorted(principle.codes[order], np.arange(len(principle.names) + 1))
    columns = _Keys(rows, arms)
    made = {}
    for name in principle.spoken():
        assert name is not None, "every row has a principle"
        code = principle.names.index(name)
        index = order[bounds[code] : bounds[code + 1]]
        made[name] = columns.panel(name, index, eval_weights or {})
    return made


class _Keys:
    """What tells the rows apart, as arrays over them."""

    def __init__(self, rows: Scores, arms: Sequence[str]) -> None:
        self.arms = tuple(arms)
        texts = rows.texts
        place = {name: code for code, name in enumerate(arms)}
        self.arm = _recoded(
            texts["arm"], [place.get(name or "", -1) for name in texts["arm"].names]
        )
        self.eval, self.evals = texts["eval"].codes, texts["eval"].names
        self.scenario_names = texts["scenario"].names
        dataset = texts["dataset"]
        own = _recoded(dataset, [int(not name) for name in dataset.names])
        home = np.where(own == 1, self.eval + len(dataset.names), dataset.codes)
        self.scenario = self.eval * len(self.scenario_names) + texts["scenario"].codes
        self.cluster = home * len(texts["cluster"].names) + texts["cluster"].codes
        self.stratum = self.eval * len(texts["stratum"].names) + texts["stratum"].codes
        self.seed = rows.numbers["seed"].astype(np.intp)
        self.value = rows.numbers["value"]
        self.stratum_weight = rows.numbers["stratum_weight"]
        self.weight = rows.numbers["scenario_weight"]

    def panel(self, name: str, index: Codes, eval_weights: Mapping[str, float]) -> Panel:
        index = index[self.arm[index] >= 0]
        keys, first, scenario = np.unique(
            self.scenario[index], return_index=True, return_inverse=True
        )
        seeds, seed = np.unique(self.seed[index], return_inverse=True)
        values = np.full((len(self.arms), len(keys), len(seeds)), np.nan)
        values[self.arm[index], scenario, seed] = self.value[index]
        names = self.scenario_names
        return Panel(
            principle=name,
            arms=self.arms,
            scenarios=[f"{self.evals[k // len(names)]}/{names[k % len(names)]}" for k in keys],
            values=values,
            design=self._design(index[first], eval_weights),
        )

    def _design(self, rows: Codes, eval_weights: Mapping[str, float]) -> Design:
        """The design of scenarios, each given by the first of its rows."""
        keys, first, strata = np.unique(self.stratum[rows], return_index=True, return_inverse=True)
        clusters = np.unique(self.cluster[rows], return_inverse=True)[1]
        weights = self.weight[rows]
        declared = self.stratum_weight[rows[first]]
        counted = np.bincount(strata, weights, minlength=len(keys))
        shares = np.where(np.isnan(declared), counted, declared)
        home = self.eval[rows[first]]
        totals = np.bincount(home, shares, minlength=len(self.evals))
        weighed = np.array([eval_weights.get(name or "", 1.0) for name in self.evals])
        of_eval = np.divide(weighed, totals, out=np.zeros_like(totals), where=totals > 0)
        return Design(
            strata=strata,
            stratum_weights=shares * of_eval[home],
            clusters=clusters,
            weights=weights,
        )


def _recoded(column: Column, codes: Sequence[int]) -> Codes:
    return np.array([*codes, 0], dtype=np.intp)[column.codes]
