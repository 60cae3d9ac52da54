"""A fleet as one JSON object, and as a few sentences."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from math import nan
from typing import Any

from tastemaker.escaping import plain
from tastemaker.fleet import Cell, Course, FirstLoss, Fleet, Mark, Moved
from tastemaker.gate import IMPROVEMENT_LEVEL, REGRESSION_LEVEL
from tastemaker.reading import shown
from tastemaker.report.words import UNKNOWN, interval, signed
from tastemaker.slices import Part
from tastemaker.stats.reported import Estimate


def fleet_data(found: Fleet) -> dict[str, Any]:
    """All numbers as plain data; what cannot be computed is None."""
    return {
        "runs": [
            {
                "folder": shown(run.folder),
                "experiment": run.experiment,
                "record": run.record.get("record"),
                "baseline": run.baseline,
            }
            for run in found.runs
        ],
        "principles": list(found.principles),
        "baselines": [one.name for one in found.baselines],
        "arms": [
            {
                "name": one.name,
                "arm": one.arm,
                "run": one.run,
                "baseline": one.baseline,
                "step": one.step,
                "line": one.line,
            }
            for one in found.arms
        ],
        "tests": found.tests,
        "levels": {"lost": REGRESSION_LEVEL, "gained": IMPROVEMENT_LEVEL},
        "cells": [
            {"arm": arm, "principle": principle, **_cell(cell)}
            for (arm, principle), cell in found.cells.items()
        ],
        "standings": [
            {
                "arm": arm,
                "principle": principle,
                "mean": one.mean,
                "best": one.ranks and one.ranks[0],
                "worst": one.ranks and one.ranks[1],
            }
            for (arm, principle), one in found.standings.items()
        ],
        "by": found.by,
        "trends": [_course(one) for one in found.courses],
        "first_regressed": [asdict(one) for one in found.firsts],
        "notes": list(found.notes),
    }


def as_fleet_json(found: Fleet) -> str:
    """`fleet_data` as indented JSON; strict, so without NaN."""
    return json.dumps(fleet_data(found), indent=2, allow_nan=False) + "\n"


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "mark": str(cell.mark),
        "difference": cell.difference.value,
        "low": cell.difference.low,
        "high": cell.difference.high,
        "p_lost": cell.p_lost,
        "p_gained": cell.p_gained,
        "scenarios": cell.scenarios,
        "clusters": cell.clusters,
        "informative_clusters": cell.informative_clusters,
        "unscored": cell.unscored,
        "reason": cell.reason,
        "slices": [_slice(one) for one in cell.moved],
    }


def _slice(one: Moved) -> dict[str, Any]:
    part = {"by": one.part.by, "value": one.part.value, "eval": one.part.eval}
    return {**part, **asdict(one.difference), "clusters": one.clusters}


def _course(one: Course) -> dict[str, Any]:
    return {
        "principle": one.principle,
        "line": one.line,
        "arms": list(one.arms),
        "steps": list(one.steps),
        "means": list(one.means),
        "slope": asdict(one.slope.estimate),
        "p_adjusted": one.p_adjusted,
    }


# In words ----------------------------------------------------------------------------------------


def headline(found: Fleet) -> str:
    """How many arms lost on something."""
    losers = {arm for (arm, _), cell in found.cells.items() if cell.mark is Mark.LOST}
    if not found.tests:
        return "Nothing can be compared"
    if not losers:
        return "No loss is established"
    return f"{len(losers)} of {_many(len(found.arms), 'arm')} lost on some principle"


def summary(found: Fleet) -> Iterator[str]:
    """What was looked at, what is established, and which arm lost first."""
    yield (
        f"{_many(len(found.arms), 'arm')} on {_many(len(found.principles), 'principle')}: "
        f"{_many(found.count(Mark.LOST), 'cell')} lost, {found.count(Mark.GAINED)} gained, "
        f"{found.count(Mark.OPEN)} open, {found.count(Mark.VOID)} not evaluable."
    )
    for one in found.firsts:
        yield first_sentence(one, found.by or "")


def family(found: Fleet) -> str:
    """How marks are made."""
    return (
        f"Marks are joint over all {found.tests} cells (max-T, shared sign flips): lost where the "
        f"adjusted p of a decline is at most {REGRESSION_LEVEL:g}, gained where that of a rise is "
        f"at most {IMPROVEMENT_LEVEL:g} and the interval lies above 0. Each interval is its own "
        "95% CI, not adjusted."
    )


def first_sentence(one: FirstLoss, by: str) -> str:
    """The first arm of a row that lost, in words."""
    row = f"{one.line}: " if one.line else ""
    if one.arm is None:
        start = f"{row}no" if row else "No"
        return f"{start} loss is established along {by}, in {_many(one.arms, 'arm')}."
    start = f"{row}the" if row else "The"
    return (
        f"{start} first to lose is {one.arm} ({by} {one.step:g}), on {', '.join(one.principles)}."
    )


def terminal_lines(found: Fleet) -> list[str]:
    """Headline, summary and notes, safe for a terminal."""
    told = (f"{headline(found)}.", *summary(found), *found.notes)
    return [plain(text) for text in told]


def differing(one: Estimate) -> tuple[str, str]:
    """A difference and its interval, in cells."""
    value = nan if one.value is None else one.value
    if one.low is None or one.high is None:
        return signed(value), UNKNOWN
    return signed(value), interval(one.low, one.high)


def slice_words(one: Moved) -> str:
    """A slice that moved, in words."""
    return f"{part_words(one.part)} {differing(one.difference)[0]}"


def part_words(part: Part) -> str:
    """What the scenarios of a slice have in common."""
    return f"{part.by.removeprefix('labels.')}: {part.value or 'none'}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
