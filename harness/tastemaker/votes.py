"""How far several graders agree, and what each of them alone would have concluded. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np

from tastemaker.cases import compared, each_eval
from tastemaker.experiment import Experiment
from tastemaker.gate import Decision, Outcome, Verdict, decide
from tastemaker.stats.agreement import (
    BINARY,
    Agreement,
    Rate,
    agreement,
    krippendorff,
    panel_reliability,
    rate,
)
from tastemaker.stats.panel import Codes, Floats
from tastemaker.stats.reported import Estimate
from tastemaker.stats.resample import resample
from tastemaker.tables import Arranged, Scores

# How far they agree ------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Two graders held against each other."""

    one: str
    other: str
    found: Agreement


@dataclass(frozen=True, kw_only=True)
class CriterionVotes:
    """One criterion as several graders, or one grader several times, answer it."""

    eval: str
    principle: str
    criterion: str
    graders: tuple[str, ...]
    """By name; several answers of one grader are told apart by their number."""
    replies: int
    """Replies, over all arms and seeds, that at least two of them answered."""
    disagree: Rate
    """Share of these replies about which they do not all say the same, across clusters."""
    means: Mapping[str, float | None]
    """By grader, the mean of its own answers."""
    pairs: tuple[Pair, ...]
    alpha: Estimate
    """Krippendorff's, over all of them."""
    reliability: float | None
    """Of the mean of them all: Spearman-Brown with alpha as the reliability of one (STATS 6.4)."""

    @property
    def lowest(self) -> Pair | None:
        """The pair that agrees least beyond chance, by AC1, which is known where kappa is not."""
        known = [pair for pair in self.pairs if pair.found.ac1.value is not None]
        return min(known, key=lambda pair: pair.found.ac1.value or 0.0, default=None)


def criterion_votes(scores: Scores) -> tuple[CriterionVotes, ...]:
    """Agreement on every criterion that was answered more than once, in the table's order."""
    texts = scores.texts
    several = ~texts["criterion"].equal(None) & ~texts["votes"].equal(None)
    rows = scores.keep(several)
    names = [rows.texts[name] for name in ("eval", "principle", "criterion")]
    places: dict[tuple[str, ...], list[int]] = {}
    for row, codes in enumerate(zip(*(column.codes.tolist() for column in names), strict=True)):
        key = tuple(str(column.names[code]) for column, code in zip(names, codes, strict=True))
        places.setdefault(key, []).append(row)
    votes, clusters = rows.texts["votes"], rows.texts["cluster"].codes
    said = [[] if name is None else json.loads(name) for name in votes.names]
    return tuple(
        _agreed(key, [said[code] for code in votes.codes[found]], clusters[found].astype(np.intp))
        for key, found in places.items()
    )


Votes = Sequence[tuple[str, float | None]]
SEED = 1
"""Of the resamples that the intervals rest on."""


def _agreed(key: tuple[str, ...], votes: Sequence[Votes], clusters: Codes) -> CriterionVotes:
    graders = _told_apart([name for name, _ in votes[0]])
    ratings = np.full((len(votes), len(graders)), np.nan)
    for row, given in enumerate(votes):
        for column, (_, value) in enumerate(given[: len(graders)]):
            ratings[row, column] = np.nan if value is None else value
    answered = ~np.isnan(ratings)
    both = answered.sum(axis=1) >= 2
    highest = np.where(answered, ratings, -np.inf).max(axis=1)
    unlike = highest > np.where(answered, ratings, np.inf).min(axis=1)
    classes = _classes(ratings)
    alpha = krippendorff(ratings, resample(clusters, np.random.default_rng(SEED)), classes=classes)
    return CriterionVotes(
        eval=key[0],
        principle=key[1],
        criterion=key[2],
        graders=graders,
        replies=int(both.sum()),
        disagree=rate(unlike[both].astype(float), clusters[both]),
        means={
            name: float(column[~np.isnan(column)].mean()) if (~np.isnan(column)).any() else None
            for name, column in zip(graders, ratings.T, strict=True)
        },
        pairs=tuple(
            Pair(graders[one], graders[other], _pair(ratings, one, other, clusters, classes))
            for one, other in combinations(range(len(graders)), 2)
        ),
        alpha=alpha,
        reliability=None
        if alpha.value is None or alpha.value < 0
        else panel_reliability(alpha.value, len(graders)),
    )


def _pair(
    ratings: Floats, one: int, other: int, clusters: Codes, classes: Sequence[float]
) -> Agreement:
    rng = np.random.default_rng(SEED)
    return agreement(ratings[:, one], ratings[:, other], clusters, rng, classes=classes)


def _told_apart(names: Sequence[str]) -> tuple[str, ...]:
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{name}, answer {place}" for place, name in enumerate(names, 1))


def _classes(ratings: Floats) -> tuple[float, ...]:
    """The answers there can be: yes and no, or the values of levels that occur."""
    found = tuple(float(value) for value in np.unique(ratings[~np.isnan(ratings)]))
    return BINARY if set(found) <= set(BINARY) else found


# What each alone would say -----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GraderAlone:
    """The verdicts as they would be if one grader of a panel were the only one."""

    grader: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, kw_only=True)
class Alone:
    """All graders of a panel, each alone; empty where there is no panel."""

    graders: tuple[GraderAlone, ...] = ()

    def cases(self) -> dict[tuple[str, str], dict[str, Verdict]]:
        """By (candidate, principle), each grader's verdict."""
        found: dict[tuple[str, str], dict[str, Verdict]] = {}
        for one in self.graders:
            for verdict in one.verdicts:
                key = verdict.candidate, verdict.principle
                found.setdefault(key, {})[one.grader] = verdict
        return found

    @cached_property
    def contradictions(self) -> tuple[str, ...]:
        """Where a blocking rule holds by one grader alone and breaks by another, in sentences.

        The difference may then be a grader's taste, self-preference above all (STATS 6.4).
        """
        return tuple(
            f"{principle} ({candidate}): the graders contradict each other: {_by(verdicts)}."
            for (candidate, principle), verdicts in self.cases().items()
            if any(one.rule.blocking for one in verdicts.values())
            and any(one.holds for one in verdicts.values())
            and any(one.breaks for one in verdicts.values())
        )

    @cached_property
    def disagreements(self) -> tuple[str, ...]:
        """Where the gate would make something else of one grader than of another, in sentences."""
        return tuple(
            f"{principle} ({candidate}): the graders alone come to different verdicts: "
            f"{_by(verdicts)}."
            for (candidate, principle), verdicts in self.cases().items()
            if len({(one.holds, one.breaks) for one in verdicts.values()}) > 1
        )

    def held_against(self, decision: Decision) -> Decision:
        """The decision, but for a pass that graders contradict: that is inconclusive.

        A fail stays one: what is `warn` on inconclusive must not let a regression through because
        one grader of a panel liked it (docs/decisions/0008-panel.md).
        """
        if decision.outcome is not Outcome.PASS or not self.contradictions:
            return decision
        return replace(decision, outcome=Outcome.INCONCLUSIVE, reasons=self.contradictions)


def _by(verdicts: Mapping[str, Verdict]) -> str:
    return ", ".join(f"{one.kind} by {grader}" for grader, one in verdicts.items())


def by_grader(experiment: Experiment, scores: Scores) -> Alone:
    """All that the gate decides of scores, decided by each grader of the panel alone.

    Every principle of every candidate, and every principle@eval that a rule names.
    What no panel graded (checks, scores from a file) counts for each as it is.
    """
    whole = scores.keep(scores.texts["criterion"].equal(None))
    said = [{} if name is None else dict(json.loads(name)) for name in whole.texts["votes"].names]
    graders = list(dict.fromkeys(grader for votes in said for grader in votes))
    if len(graders) < 2:
        return Alone()
    return Alone(
        graders=tuple(
            GraderAlone(grader=name, verdicts=tuple(_verdicts(experiment, _as(name, whole, said))))
            for name in graders
        )
    )


def _as(grader: str, whole: Scores, said: Sequence[Mapping[str, float | None]]) -> Scores:
    """The scores as one grader gives them."""
    codes = whole.texts["votes"].codes
    voted = np.array([grader in votes for votes in said] or [False])[codes]
    own = np.array([_number(votes.get(grader)) for votes in said] or [np.nan])[codes]
    values = np.where(voted, own, whole.numbers["value"])
    return Scores(texts=whole.texts, numbers={**whole.numbers, "value": values})


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _verdicts(experiment: Experiment, scores: Scores) -> Iterator[Verdict]:
    arranged = Arranged(scores, list(experiment.arms), eval_weights=experiment.weights)
    pooled = arranged.panels()
    apart = each_eval(arranged, pooled)
    for candidate in experiment.candidates:
        yield from decide(candidate, compared(experiment, pooled, apart, candidate).cases)
