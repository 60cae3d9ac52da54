"""Which of several acts was chosen, and which was right: the routing matrix (STATS section 8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.stats.agreement import Rate, rate
from tastemaker.stats.panel import Codes, Design, Floats
from tastemaker.stats.reported import Estimate, divide
from tastemaker.stats.resample import Resamples, resample


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """One class of a choice; precision, recall and F1 are None without support (not 0)."""

    name: str
    support: int
    """Scenarios in which this class was right."""
    chosen: float
    """Scenarios in which it was chosen; a scenario counts its share of seeds."""
    precision: Estimate
    recall: Estimate
    f1: Estimate
    false_trigger: Estimate
    """Share of the scenarios of other classes in which this one was chosen."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Which class was right and which was chosen, for one arm (STATS section 8)."""

    classes: tuple[str, ...]
    table: Floats
    """(C, C): right by chosen, in scenarios."""
    scores: tuple[ClassScores, ...]
    accuracy: Estimate
    macro_f1: Estimate
    """Mean F1 of the classes with support."""
    mcc: Estimate
    scenarios: int
    clusters: int


@dataclass(frozen=True, kw_only=True)
class ChoicesChange:
    """Candidate minus baseline, on the scenarios that both answered."""

    accuracy: Estimate
    macro_f1: Estimate
    mcc: Estimate
    recall: tuple[Estimate, ...]
    """One for each class."""
    false_trigger: tuple[Estimate, ...]


def choices(
    right: Codes,
    chosen: Codes,
    classes: Sequence[str],
    design: Design,
    rng: np.random.Generator,
) -> Choices:
    """The confusion matrix of one arm and what follows from it, with bootstrap intervals (STATS 8).

    Recall and false-trigger rate take Wilson's interval across clusters where the bootstrap has
    none: at exactly 0 or 1, which no resample moves.

    Args:
        right: (N,), the class that each scenario calls for, 0..C-1; "none" is a class too.
        chosen: (N, K), the class that the arm chose, -1 where there is no answer.
        classes: C names.
        design: Of the N scenarios; its weights are not used, its strata and clusters are.
        rng: Where the resamples are drawn from.
    """
    cells = _confusion_cells(right, chosen, len(classes))
    answered = cells.sum(axis=(1, 2)) > 0
    cells, right, design = cells[answered], right[answered], design.keep(answered)
    draws = resample(design.clusters, rng, strata=design.strata)
    table, tables = cells.sum(axis=0), draws.totals(cells)
    point, drawn = _rates(table), _rates(tables)
    return Choices(
        classes=tuple(classes),
        table=table,
        scores=tuple(
            _class_scores(k, name, cells.sum(axis=1), right, design.clusters, (point, drawn), draws)
            for k, name in enumerate(classes)
        ),
        accuracy=draws.estimate(float(point.accuracy), drawn.accuracy),
        macro_f1=draws.estimate(float(point.macro_f1), drawn.macro_f1),
        mcc=draws.estimate(float(point.mcc), drawn.mcc),
        scenarios=len(right),
        clusters=draws.counts.shape[1],
    )


def choices_change(
    right: Codes,
    baseline: Codes,
    candidate: Codes,
    classes: Sequence[str],
    design: Design,
    rng: np.random.Generator,
) -> ChoicesChange:
    """The difference of two arms, each resample taken for both (STATS section 8).

    Arguments as for `choices`; a scenario that one arm did not answer is left out for both.
    """
    cells = [_confusion_cells(right, chosen, len(classes)) for chosen in (baseline, candidate)]
    both = (cells[0].sum(axis=(1, 2)) > 0) & (cells[1].sum(axis=(1, 2)) > 0)
    draws = resample(design.clusters[both], rng, strata=design.strata[both])
    before, after = (_rates(c[both].sum(axis=0)) for c in cells)
    drawn_before, drawn_after = (_rates(draws.totals(c[both])) for c in cells)

    def change(of: Callable[[_Rates], Floats]) -> Estimate:
        return draws.estimate(float(of(after) - of(before)), of(drawn_after) - of(drawn_before))

    def change_by_class(of: Callable[[_Rates], Floats]) -> tuple[Estimate, ...]:
        found, drawn = of(after) - of(before), of(drawn_after) - of(drawn_before)
        return tuple(draws.estimate(float(found[k]), drawn[:, k]) for k in range(len(classes)))

    return ChoicesChange(
        accuracy=change(lambda rates: rates.accuracy),
        macro_f1=change(lambda rates: rates.macro_f1),
        mcc=change(lambda rates: rates.mcc),
        recall=change_by_class(lambda rates: rates.recall),
        false_trigger=change_by_class(lambda rates: rates.false_trigger),
    )


def _confusion_cells(right: Codes, chosen: Codes, classes: int) -> Floats:
    """(N, C, C), right by chosen: each scenario spreads one count over its answered seeds."""
    picked = (chosen[:, :, None] == np.arange(classes)).astype(float)
    if (~picked.any(axis=2) & (chosen != -1)).any() or not np.isin(right, range(classes)).all():
        raise ValueError(f"A class is not one of 0 to {classes - 1}.")
    answers = picked.sum(axis=(1, 2))
    shares = picked.sum(axis=1) / np.maximum(answers, 1)[:, None]
    cells: Floats = (right[:, None] == np.arange(classes))[:, :, None] * shares[:, None, :]
    return cells


@dataclass(frozen=True, kw_only=True)
class _Rates:
    """What follows from (..., C, C) tables; NaN where undefined."""

    precision: Floats
    recall: Floats
    f1: Floats
    false_trigger: Floats
    accuracy: Floats
    macro_f1: Floats
    mcc: Floats


def _rates(table: Floats) -> _Rates:
    total = table.sum(axis=(-2, -1))
    hit = np.diagonal(table, axis1=-2, axis2=-1)
    right, chosen = table.sum(axis=-1), table.sum(axis=-2)
    supported = right > 0
    f1 = np.where(supported, f_score(hit, chosen - hit, right - hit), np.nan)
    return _Rates(
        precision=np.where(supported, divide(hit, chosen), np.nan),
        recall=divide(hit, right),
        f1=f1,
        false_trigger=divide(chosen - hit, total[..., None] - right),
        accuracy=divide(hit.sum(axis=-1), total),
        macro_f1=divide(np.where(supported, f1, 0.0).sum(axis=-1), supported.sum(axis=-1)),
        mcc=matthews(table),
    )


def f_score(
    true_positive: Floats, false_positive: Floats, missed: Floats, beta: float = 1
) -> Floats:
    """F_beta from counts of any shape: beta above 1 weighs recall, below 1 precision (STATS 8)."""
    hit = (1 + beta**2) * np.asarray(true_positive, dtype=float)
    return divide(hit, hit + beta**2 * np.asarray(missed) + np.asarray(false_positive))


def matthews(table: Floats) -> Floats:
    """MCC of (..., C, C) counts, for any number of classes (STATS 8); NaN undefined."""
    total = table.sum(axis=(-2, -1))
    hit = np.trace(table, axis1=-2, axis2=-1)
    right, chosen = table.sum(axis=-1), table.sum(axis=-2)
    spread = (total**2 - (right**2).sum(axis=-1)) * (total**2 - (chosen**2).sum(axis=-1))
    return divide(hit * total - (right * chosen).sum(axis=-1), np.sqrt(np.maximum(spread, 0.0)))


def _class_scores(
    k: int,
    name: str,
    chosen: Floats,
    right: Codes,
    clusters: Codes,
    rates: tuple[_Rates, _Rates],
    draws: Resamples,
) -> ClassScores:
    """One class; chosen is (N, C), the share of a scenario's seeds in which each was chosen."""
    point, drawn = rates
    mine = right == k

    def estimate(value: Floats, values: Floats) -> Estimate:
        return draws.estimate(float(value[k]), values[:, k])

    return ClassScores(
        name=name,
        support=int(mine.sum()),
        chosen=float(chosen[:, k].sum()),
        precision=estimate(point.precision, drawn.precision),
        recall=_or_wilson(
            estimate(point.recall, drawn.recall), rate(chosen[mine, k], clusters[mine])
        ),
        f1=estimate(point.f1, drawn.f1),
        false_trigger=_or_wilson(
            estimate(point.false_trigger, drawn.false_trigger),
            rate(chosen[~mine, k], clusters[~mine]),
        ),
    )


def _or_wilson(estimate: Estimate, share: Rate) -> Estimate:
    if estimate.low is None:
        return Estimate(value=estimate.value, low=share.low, high=share.high)
    return estimate
