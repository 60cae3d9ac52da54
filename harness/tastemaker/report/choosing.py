"""Choices in a report: routing matrices, rates by class, discrimination; as data and as cells."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tastemaker.choices import ArmChoices, ChoiceChange, ChoiceReport
from tastemaker.escaping import plain
from tastemaker.report.words import UNKNOWN, share, signed
from tastemaker.results import Results
from tastemaker.stats.agreement import Rate
from tastemaker.stats.choices import ClassScores
from tastemaker.stats.reported import Estimate

CHOICES_NOTE = (
    "Intervals are at 95%, by resampling whole clusters, so that twins stay together. A class that "
    "nothing calls for has no recall. Only what `choices` rules name is gated. Here scenarios count"
    " alike; verdicts on choices weigh them and their strata, as all verdicts do, and may differ."
)
MOST_ROWS = 60
"""How many rows of a table a report for people shows; the JSON has all."""
MOST_MATRICES = 6


# As data -----------------------------------------------------------------------------------------


def choice_data(results: Results) -> list[dict[str, Any]]:
    """Every choice: `table` is right by chosen, in scenarios; a scenario counts its seeds' shares.

    A number that cannot be computed is None, and so are both ends of an interval.
    """
    return [
        {
            "choice": one.panel.name,
            "classes": list(one.panel.classes),
            "act": one.panel.act,
            "support": dict(one.support),
            "arms": [_arm(found) for found in one.arms],
            "changes": [_change(found, one.panel.classes) for found in one.changes],
            "problems": list(one.problems),
        }
        for one in results.choices
    ]


def _arm(one: ArmChoices) -> dict[str, Any]:
    return {
        "arm": one.arm,
        "scenarios": one.found.scenarios,
        "clusters": one.found.clusters,
        "missing": one.missing,
        "table": one.found.table.tolist(),
        "accuracy": asdict(one.found.accuracy),
        "macro_f1": asdict(one.found.macro_f1),
        "mcc": asdict(one.found.mcc),
        "same_in_all_seeds": asdict(one.same),
        "classes": [asdict(scores) for scores in one.found.scores],
        "detection": None if one.detection is None else asdict(one.detection),
    }


def _change(one: ChoiceChange, classes: tuple[str, ...]) -> dict[str, Any]:
    found, detection = one.found, one.detection
    return {
        "candidate": one.candidate,
        "accuracy": asdict(found.accuracy),
        "macro_f1": asdict(found.macro_f1),
        "mcc": asdict(found.mcc),
        "recall": {name: asdict(e) for name, e in zip(classes, found.recall, strict=True)},
        "false_trigger": {
            name: asdict(e) for name, e in zip(classes, found.false_trigger, strict=True)
        },
        "detection": None
        if detection is None
        else {
            "dprime": asdict(detection.dprime),
            "criterion": asdict(detection.criterion),
            "clusters": detection.clusters,
            "message": detection.message,
        },
    }


# For people --------------------------------------------------------------------------------------


def choice_blocks(results: Results) -> list[dict[str, Any]]:
    """Each choice in cells: its name, lines of words, rates by class, and the first matrices."""
    return [_block(one, results.experiment.baseline_name) for one in results.choices]


def _block(one: ChoiceReport, baseline: str) -> dict[str, Any]:
    rows = [_class_row(arm.arm, scores) for arm in one.arms for scores in arm.found.scores]
    lines = [text for arm in one.arms[:MOST_ROWS] for text in _arm_lines(arm, one.panel.act)]
    for change in one.changes[:MOST_ROWS]:
        lines += list(_change_lines(change, one.panel.classes, one.panel.act, baseline))
    cut = len(rows) - MOST_ROWS
    return {
        "choice": plain(one.panel.name),
        "classes": [plain(name) for name in one.panel.classes],
        "rows": rows[:MOST_ROWS],
        "lines": [
            *(plain(text) for text in one.problems),
            *lines,
            *([f"{cut} more rows of classes; the JSON has all."] if cut > 0 else []),
        ],
        "matrices": [_matrix(arm) for arm in one.arms[:MOST_MATRICES]],
    }


def _class_row(arm: str, scores: ClassScores) -> dict[str, str]:
    return {
        "arm": plain(arm),
        "class": plain(scores.name),
        "called_for": str(scores.support),
        "chosen": count(scores.chosen),
        "recall": rated(scores.recall),
        "false_trigger": rated(scores.false_trigger),
        "precision": _value(scores.precision),
        "f1": _value(scores.f1),
    }


def _matrix(arm: ArmChoices) -> dict[str, Any]:
    return {
        "arm": plain(arm.arm),
        "rows": [
            [plain(name), *(count(cell) for cell in row)]
            for name, row in zip(arm.found.classes, arm.found.table.tolist(), strict=True)
        ],
    }


def _arm_lines(one: ArmChoices, act: str | None) -> Iterator[str]:
    name, found = plain(one.arm), one.found
    missing = f"; {one.missing} replies without a choice" if one.missing else ""
    yield (
        f"{name}: right {rated(found.accuracy)}, macro-F1 {rated(found.macro_f1)}, MCC "
        f"{rated(found.mcc)}; {_same(one.same)}{missing}."
    )
    if one.detection is not None and one.detection.dprime is not None:
        detection = one.detection
        yield (
            f"{name}: {plain(act or '')} in {count(detection.hits)} of {detection.signals} that "
            f"call for it and in {count(detection.false_alarms)} of {detection.noises} that do "
            f"not: d' {share(detection.dprime or 0.0, 2)}, criterion "
            f"{signed(detection.criterion or 0.0, 2)}."
        )


def _same(rate: Rate) -> str:
    if rate.value is None:
        return "one seed a scenario"
    return f"the same choice in all seeds in {rate.value:.0%} of {rate.items} scenarios"


def _change_lines(
    one: ChoiceChange, classes: tuple[str, ...], act: str | None, baseline: str
) -> Iterator[str]:
    against = f"{plain(one.candidate)} against {plain(baseline)}"
    if one.detection is not None:
        yield (
            f"{against}: d' {moved(one.detection.dprime, 2)}, criterion "
            f"{moved(one.detection.criterion, 2)}: {one.detection.message}."
        )
    told = [
        f"{what} {plain(name)} {moved(estimate)}"
        for what, estimates in (
            ("recall of", one.found.recall),
            ("false triggers of", one.found.false_trigger),
        )
        # Of two classes the second says the same again, turned round.
        for name, estimate in list(zip(classes, estimates, strict=True))[: 1 if act else None]
        if estimate.excludes(0)
    ]
    rest = "; ".join(told) or "no rate of a class is established to have moved"
    yield f"{against}: macro-F1 {moved(one.found.macro_f1)}, MCC {moved(one.found.mcc)}; {rest}."


def rated(estimate: Estimate) -> str:
    """A share with its interval, as far as they are known."""
    if estimate.value is None:
        return UNKNOWN
    if estimate.low is None or estimate.high is None:
        return share(estimate.value)
    return f"{share(estimate.value)} ({share(estimate.low)} to {share(estimate.high)})"


def moved(estimate: Estimate, digits: int = 3) -> str:
    """A difference with its interval, as far as they are known."""
    if estimate.value is None:
        return UNKNOWN
    if estimate.low is None or estimate.high is None:
        return signed(estimate.value, digits)
    low, high = signed(estimate.low, digits), signed(estimate.high, digits)
    return f"{signed(estimate.value, digits)} ({low} to {high})"


def _value(estimate: Estimate) -> str:
    return UNKNOWN if estimate.value is None else share(estimate.value)


def count(scenarios: float) -> str:
    """Scenarios, of which one may count by its seeds' shares."""
    return f"{scenarios:.1f}".removesuffix(".0")
