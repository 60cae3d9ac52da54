"""From the stored tables to verdicts: what gate and every report show. Pure but for reading."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.gate import Case, Decision, Verdict, conclude, decide
from tastemaker.record import read_record, record_of_scores
from tastemaker.recorded import score_rows
from tastemaker.records import MISSING_RUN
from tastemaker.stats.paired import Paired, paired
from tastemaker.stats.panel import Panel
from tastemaker.tables import panels, read_scores, score_table


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one arm took, over all its replies."""

    replies: int
    input_tokens: int | None
    output_tokens: int | None
    seconds: float | None
    """Mean seconds to a reply."""
    cost: float | None
    """In dollars, all replies together."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that a report of an experiment says."""

    experiment: Experiment
    record: Mapping[str, Any]
    decision: Decision
    by_eval: Mapping[tuple[str, str, str], Paired]
    """(candidate, principle, eval): the comparison inside one eval; exploratory, not gated."""
    unscored: Mapping[str, Mapping[str, int]]
    """By arm: replies' principle scores that are missing, counted by reason."""
    spent: Mapping[str, Spent]
    warnings: tuple[str, ...]


def load_results(experiment: Experiment, folder: Path) -> Results:
    """The results of an experiment from its folder; of one with score files alone, from these.

    Raises:
        UserError: There is no run, or the experiment changed after it.
    """
    if not experiment.evals:
        rows = [row for name, arm in experiment.arms.items() for row in score_rows(name, arm)]
        return results(experiment, record_of_scores(experiment), score_table(rows))
    record = read_record(folder, experiment)
    return results(experiment, record, read_scores(folder))


def results(experiment: Experiment, record: Mapping[str, Any], scores: pa.Table) -> Results:
    """Compare every candidate with the baseline on every principle, and apply the rules."""
    arms = list(experiment.arms)
    pooled = panels(scores, arms, eval_weights=experiment.weights)
    apart = _by_eval(scores, arms)
    _refuse_unknown(experiment, pooled, apart)
    verdicts: list[Verdict] = []
    by_eval: dict[tuple[str, str, str], Paired] = {}
    for candidate in experiment.candidates:
        inside = {key: _paired(experiment, panel, candidate) for key, panel in apart.items()}
        by_eval |= {(candidate, *key): found for key, found in inside.items()}
        whole = {name: _paired(experiment, panel, candidate) for name, panel in pooled.items()}
        limit = experiment.headroom.baseline_at_most if experiment.headroom else None
        verdicts += decide(candidate, _cases(experiment, whole, inside), headroom_limit=limit)
    unscored = _unscored(scores, arms)
    return Results(
        experiment=experiment,
        record=record,
        decision=conclude(
            verdicts,
            incomplete=_incomplete(experiment, scores, unscored),
            limited=record.get("limit") is not None,
        ),
        by_eval=by_eval,
        unscored=unscored,
        spent={arm: _spent(scores, arm) for arm in arms},
        warnings=tuple(record.get("warnings", ())),
    )


def _cases(
    experiment: Experiment,
    whole: Mapping[str, Paired],
    inside: Mapping[tuple[str, str], Paired],
) -> list[Case]:
    """Every principle, and every principle of one eval that a rule names."""
    pooled = [
        Case(principle=name, rule=experiment.rule_for(name), paired=found)
        for name, found in whole.items()
    ]
    named = [rule.partition("@")[::2] for rule in experiment.rules if "@" in rule]
    return pooled + [
        Case(
            principle=f"{principle}@{name}",
            rule=experiment.rule_for(principle, name),
            paired=inside[principle, name],
        )
        for principle, name in named
    ]


def _by_eval(scores: pa.Table, arms: list[str]) -> dict[tuple[str, str], Panel]:
    """A panel for each principle of each eval."""
    evals = pc.unique(scores["eval"]).to_pylist()
    return {
        (principle, name): panel
        for name in evals
        for principle, panel in panels(scores.filter(pc.equal(scores["eval"], name)), arms).items()
    }


def _refuse_unknown(
    experiment: Experiment, pooled: Mapping[str, Panel], apart: Mapping[tuple[str, str], Panel]
) -> None:
    """A rule that names a principle or an eval without scores would decide nothing, unseen."""
    for rule in experiment.rules:
        principle, _, name = rule.partition("@")
        known = (principle, name) in apart if name else rule == "default" or principle in pooled
        if not known:
            raise UserError(
                f"{experiment.name}: the rule '{rule}' names what has no scores; there is "
                f"{', '.join(pooled)}"
            )


def _paired(experiment: Experiment, panel: Panel, candidate: str) -> Paired:
    return paired(
        panel,
        experiment.baseline_name,
        candidate,
        alpha=experiment.alpha,
        method=experiment.ci_method,
        seed_kind=experiment.seed_kind,
        max_missing=experiment.max_unscored,
    )


def _unscored(scores: pa.Table, arms: list[str]) -> dict[str, dict[str, int]]:
    absent = scores.filter(
        pc.and_(pc.is_null(scores["criterion"]), pc.is_null(scores["value"]))
    ).select(["arm", "reason"])
    counts = Counter(zip(absent["arm"].to_pylist(), absent["reason"].to_pylist(), strict=True))
    return {
        arm: {reason: n for (name, reason), n in sorted(counts.items()) if name == arm}
        for arm in arms
    }


SENTENCES = {
    "not_run": "were not run",
    "error": "ended in an error",
    "no_grader": "need a judge, and the experiment names no grader",
    "grader_failed": "could not be graded, because the grader failed",
}


def _incomplete(
    experiment: Experiment, scores: pa.Table, unscored: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """What should be there and is not, in sentences."""
    there = set(pc.unique(scores["arm"]).to_pylist())
    told = [f"{arm}: there is no score at all." for arm in experiment.arms if arm not in there]
    for arm, counts in unscored.items():
        told += [
            f"{arm}: {counts[reason]} scores {SENTENCES[reason]}."
            for reason in MISSING_RUN
            if counts.get(reason)
        ]
    return told


def _spent(scores: pa.Table, arm: str) -> Spent:
    """Each reply counts once, though its row stands once for every principle and criterion."""
    rows = scores.filter(pc.equal(scores["arm"], arm))
    if rows.num_rows == 0:
        return Spent(replies=0, input_tokens=None, output_tokens=None, seconds=None, cost=None)
    keys = ["eval", "scenario", "seed"]
    columns = ["input_tokens", "output_tokens", "seconds", "cost"]
    once = rows.select(keys + columns).group_by(keys).aggregate([(name, "max") for name in columns])
    replied = _total(once["seconds_max"])
    return Spent(
        replies=once.num_rows,
        input_tokens=_whole(_total(once["input_tokens_max"])),
        output_tokens=_whole(_total(once["output_tokens_max"])),
        seconds=None if replied is None else float(np.nanmean(_array(once["seconds_max"]))),
        cost=_total(once["cost_max"]),
    )


def _array(column: Any) -> Any:
    return column.to_numpy().astype(np.float64)


def _total(column: Any) -> float | None:
    values = _array(column)
    return None if np.isnan(values).all() else float(np.nansum(values))


def _whole(value: float | None) -> int | None:
    return None if value is None or isnan(value) else int(value)
