"""From the stored tables to verdicts: what gate and every report show. Pure but for reading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.gate import Case, Decision, Verdict, conclude, decide
from tastemaker.reading import did_you_mean
from tastemaker.record import read_record, record_of_scores
from tastemaker.recorded import score_rows
from tastemaker.records import MISSING_RUN, ScoreRow
from tastemaker.stats.paired import Paired, paired
from tastemaker.stats.panel import Codes, Panel
from tastemaker.tables import Scores, panels, read_scores, scores_of_rows


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
        UserError: There is no run, or the experiment changed after it, or score files disagree.
    """
    if not experiment.evals:
        rows = [row for name, arm in experiment.arms.items() for row in score_rows(name, arm)]
        _refuse_disagreement(rows)
        return results(experiment, record_of_scores(experiment), scores_of_rows(rows))
    record = read_record(folder, experiment)
    return results(experiment, record, read_scores(folder))


def _refuse_disagreement(rows: Iterable[ScoreRow]) -> None:
    """A scenario has one cluster, stratum and weight: who disagrees on them compares nothing."""
    first: dict[tuple[str, str, str], ScoreRow] = {}
    for row in rows:
        if row.criterion is not None:
            continue
        one = first.setdefault((row.eval, row.scenario, row.principle), row)
        for name in ("cluster", "stratum", "scenario_weight"):
            here, before = getattr(row, name), getattr(one, name)
            if here != before:
                raise UserError(
                    f"scenario '{row.scenario}' has the {name.replace('_', ' ')} '{before}' in arm "
                    f"{one.arm}, seed {one.seed}, and '{here}' in arm {row.arm}, seed {row.seed}"
                )


def results(experiment: Experiment, record: Mapping[str, Any], scores: Scores) -> Results:
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
    unscored = _unscored(scores.of_principles(), arms)
    return Results(
        experiment=experiment,
        record=record,
        decision=conclude(
            verdicts,
            incomplete=_incomplete(arms, scores, unscored),
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


def _by_eval(scores: Scores, arms: list[str]) -> dict[tuple[str, str], Panel]:
    """A panel for each principle of each eval."""
    evals = scores.texts["eval"]
    return {
        (principle, str(name)): panel
        for name in evals.spoken()
        for principle, panel in panels(scores.keep(evals.equal(name)), arms).items()
    }


def _refuse_unknown(
    experiment: Experiment, pooled: Mapping[str, Panel], apart: Mapping[tuple[str, str], Panel]
) -> None:
    """A rule that names a principle or an eval without scores would decide nothing, unseen."""
    names = {name for _, name in apart}
    for name in experiment.weights:
        if name not in names:
            raise UserError(
                f"{experiment.name}: weights name the eval '{name}'{did_you_mean(name, names)}"
            )
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


def _unscored(scores: Scores, arms: list[str]) -> dict[str, dict[str, int]]:
    """Scores that are missing, by arm and reason: without a value, or without a row."""
    absent = scores.keep(np.isnan(scores.numbers["value"]))
    reasons = absent.texts["reason"]
    counts: dict[str, dict[str, int]] = {}
    for arm, gaps in zip(arms, _without_row(scores, arms), strict=True):
        of_arm = absent.texts["arm"].equal(arm)
        counts[arm] = {
            str(reason): int((of_arm & reasons.equal(reason)).sum())
            for reason in reasons.keep(of_arm).spoken()
        }
        if gaps:
            counts[arm]["missing"] = counts[arm].get("missing", 0) + gaps
    return counts


def _without_row(scores: Scores, arms: list[str]) -> list[int]:
    """How many scores each arm has no row for, though another arm has the scenario.

    A run leaves a row for everything it asked; a file of scores may leave things out. Of the seeds
    only those count that the arm has at all.
    """
    principle, name = scores.texts["principle"].codes, scores.texts["scenario"]
    principles = len(scores.texts["principle"].names)
    place = scores.texts["eval"].codes * len(name.names) + name.codes
    seed = np.unique(scores.numbers["seed"], return_inverse=True)[1]

    def different(things: Codes, of: Codes) -> Codes:
        """(P,) how many different things each principle has."""
        size = int(things.max(initial=0)) + 1
        return np.bincount(np.unique(of * size + things) // size, minlength=principles)

    scenarios = different(place, principle)
    gaps = []
    for arm in arms:
        mine = scores.texts["arm"].equal(arm)
        asked = scenarios * different(seed[mine], principle[mine])
        gaps.append(int(asked.sum() - mine.sum()))
    return gaps


SENTENCES = {
    "not_run": "were not run",
    "error": "ended in an error",
    "no_grader": "need a judge, and the experiment names no grader",
    "grader_failed": "could not be graded, because the grader failed",
}


def baseline_gaps(experiment: Experiment, folder: Path) -> list[str]:
    """What the baseline of a run should have and has not, in sentences."""
    scores, arms = read_scores(folder), [experiment.baseline_name]
    return _incomplete(arms, scores, _unscored(scores.of_principles(), arms))


def _incomplete(
    arms: Iterable[str], scores: Scores, unscored: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """What should be there and is not, in sentences."""
    there = set(scores.texts["arm"].spoken())
    told = [f"{arm}: there is no score at all." for arm in arms if arm not in there]
    for arm, counts in unscored.items():
        told += [
            f"{arm}: {counts[reason]} scores {SENTENCES[reason]}."
            for reason in MISSING_RUN
            if counts.get(reason)
        ]
    return told


def _spent(scores: Scores, arm: str) -> Spent:
    """Each reply counts once, though it has a row for every principle and criterion."""
    rows = scores.keep(scores.texts["arm"].equal(arm))
    parts = [rows.texts["eval"].codes, rows.texts["scenario"].codes, rows.numbers["seed"]]
    once = np.unique(np.stack(parts), axis=1, return_index=True)[1]

    def total(name: str) -> float | None:
        values = rows.numbers[name][once]
        return None if np.isnan(values).all() else float(np.nansum(values))

    tokens = [total("input_tokens"), total("output_tokens")]
    seconds, timed = total("seconds"), (~np.isnan(rows.numbers["seconds"][once])).sum()
    return Spent(
        replies=len(once),
        input_tokens=None if tokens[0] is None else int(tokens[0]),
        output_tokens=None if tokens[1] is None else int(tokens[1]),
        seconds=None if seconds is None else seconds / int(timed),
        cost=total("cost"),
    )
