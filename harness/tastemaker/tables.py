"""The two tables of a run, scores and replies, and the panels that statistics start from."""

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tastemaker.errors import UserError
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.stats.panel import Design, Panel

SCORES = "scores.parquet"
REPLIES = "replies.parquet"


def _schema(row: type) -> pa.Schema:
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    hints = typing.get_type_hints(row)
    fields = []
    for field in dataclasses.fields(row):
        kind = hints[field.name]
        options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
        fields.append(pa.field(field.name, kinds[options[0]], nullable=type(None) in options))
    return pa.schema(fields)


SCORE_SCHEMA = _schema(ScoreRow)
REPLY_SCHEMA = _schema(ReplyRow)
TEXTS = [field.name for field in SCORE_SCHEMA if pa.types.is_string(field.type)]


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


def read_scores(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The scores of a run; a UserError when there are none. Texts come dictionary-encoded."""
    return _read(folder / SCORES, columns, read_dictionary=TEXTS)


def read_replies(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The replies of a run; a UserError when there are none."""
    return _read(folder / REPLIES, columns)


def _read(path: Path, columns: Sequence[str] | None, **options: Any) -> pa.Table:
    if not path.is_file():
        raise UserError(f"{path}: not there; `tastemaker run` writes it")
    try:
        return pq.read_table(path, columns=columns, **options)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: not a table of ours: {error}") from error


def panels(
    scores: pa.Table, arms: Sequence[str], *, eval_weights: Mapping[str, float] | None = None
) -> dict[str, Panel]:
    """A panel for every principle, pooled over the evals it stands in, in order of appearance.

    A stratum of a panel is a stratum of one eval. Evals count alike unless `eval_weights` says
    otherwise; inside an eval strata count by their declared weight, and where none is declared by
    the number of their scenarios. A cluster is one of a dataset (of an eval without one).
    Every scenario that any arm has a row for stands in the panel; what is not there is NaN.
    """
    rows = scores.filter(pc.is_null(scores["criterion"]))
    principle, names = _codes(rows, "principle")
    order = np.argsort(principle, kind="stable")
    bounds = np.searchsorted(principle[order], np.arange(len(names) + 1))
    columns = _Columns(rows, arms)
    made = {}
    for code in dict.fromkeys(principle.tolist()):
        index = order[bounds[code] : bounds[code + 1]]
        made[names[code]] = columns.panel(names[code], index, eval_weights or {})
    return made


class _Columns:
    """The columns that panels are made from, as arrays over the rows."""

    def __init__(self, rows: pa.Table, arms: Sequence[str]) -> None:
        self.arms = tuple(arms)
        place = {name: code for code, name in enumerate(arms)}
        arm, arm_names = _codes(rows, "arm")
        self.arm = np.array([place.get(name, -1) for name in arm_names], dtype=np.intp)[arm]
        self.eval, self.evals = _codes(rows, "eval")
        scenario, self.scenario_names = _codes(rows, "scenario")
        cluster, cluster_names = _codes(rows, "cluster")
        stratum, stratum_names = _codes(rows, "stratum")
        dataset, dataset_names = _codes(rows, "dataset")
        own = np.array([not name for name in dataset_names] or [True])[dataset]
        home = np.where(own, self.eval + len(dataset_names), dataset)
        self.scenario = self.eval * len(self.scenario_names) + scenario
        self.cluster = home * len(cluster_names) + cluster
        self.stratum = self.eval * len(stratum_names) + stratum
        self.seed = rows["seed"].to_numpy().astype(np.intp)
        self.value = _floats(rows, "value")
        self.stratum_weight = _floats(rows, "stratum_weight")
        self.weight = _floats(rows, "scenario_weight")

    def panel(self, name: str, index: Any, eval_weights: Mapping[str, float]) -> Panel:
        index = index[self.arm[index] >= 0]
        keys, first, scenario = np.unique(
            self.scenario[index], return_index=True, return_inverse=True
        )
        seeds, seed = np.unique(self.seed[index], return_inverse=True)
        values = np.full((len(self.arms), len(keys), len(seeds)), np.nan)
        values[self.arm[index], scenario, seed] = self.value[index]
        rows = index[first]
        shown = [
            f"{self.evals[key // len(self.scenario_names)]}/"
            f"{self.scenario_names[key % len(self.scenario_names)]}"
            for key in keys
        ]
        return Panel(
            principle=name,
            arms=self.arms,
            scenarios=shown,
            values=values,
            design=self._design(rows, eval_weights),
        )

    def _design(self, rows: Any, eval_weights: Mapping[str, float]) -> Design:
        keys, first, strata = np.unique(self.stratum[rows], return_index=True, return_inverse=True)
        clusters = np.unique(self.cluster[rows], return_inverse=True)[1]
        weights = self.weight[rows]
        declared = self.stratum_weight[rows[first]]
        counted = np.bincount(strata, weights, minlength=len(keys))
        shares = np.where(np.isnan(declared), counted, declared)
        home = self.eval[rows[first]]
        totals = np.bincount(home, shares, minlength=len(self.evals))
        weighed = np.array([eval_weights.get(name, 1.0) for name in self.evals])
        of_eval = np.divide(weighed, totals, out=np.zeros_like(totals), where=totals > 0)
        return Design(
            strata=strata,
            stratum_weights=shares * of_eval[home],
            clusters=clusters,
            weights=weights,
        )


def _codes(rows: pa.Table, name: str) -> tuple[Any, list[str]]:
    """A text column as codes, and the texts they stand for."""
    column = rows[name].combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    return column.indices.to_numpy(zero_copy_only=False).astype(np.intp), (
        column.dictionary.to_pylist()
    )


def _floats(rows: pa.Table, name: str) -> Any:
    return rows[name].to_numpy().astype(np.float64)
