"""The page of a fleet: a heat map of arms and principles, and every number in a table below it.

The page is whole without its script, which filters, walks the map by keys, and shows the row of a
cell on the spot. It asks for nothing: see `page`.
"""

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any

from markupsafe import Markup, escape

from tastemaker.fleet import Cell, Course, Fleet, Mark, Member, Standing
from tastemaker.reading import shown
from tastemaker.report.fleet import (
    differing,
    family,
    first_sentence,
    headline,
    slice_words,
    summary,
)
from tastemaker.report.html.frame import pages, policy_hash, template_file
from tastemaker.report.html.plots import Axis
from tastemaker.report.html.texts import visible
from tastemaker.report.words import UNKNOWN, share, signed

SHAPES = {Mark.LOST: "▼", Mark.GAINED: "▲", Mark.OPEN: "", Mark.VOID: "×"}
WORDS = {
    Mark.LOST: "lost",
    Mark.GAINED: "gained",
    Mark.OPEN: "open",
    Mark.VOID: "not evaluable",
}
BOUNDS = (0.01, 0.03, 0.06, 0.12, 0.25)
"""From which difference on a cell is how dark."""
TREND = (300, 150)
NAMES, RANKS, STEP = 150, 300, 13
"""The drawing of ranks: width of the names, of the lines, height of a row."""
LONGEST = 24
"""Characters of a name in a drawing; it stands whole in the table."""
DASHES = 4
"""How many lines of a trend are told apart by their dashes."""


def as_fleet_html(found: Fleet, links: Mapping[int, str] | None = None) -> str:
    """One HTML file that needs nothing else.

    Args:
        found: What to show.
        links: By run, the address of its report, as the page should link to it.
    """
    css = template_file("report.css") + template_file("fleet.css")
    js = template_file("fleet.js")
    page = {
        "css": css,
        "js": js,
        "css_hash": policy_hash(css),
        "js_hash": policy_hash(js),
        "headline": headline(found),
        "kicker": f"Tastemaker fleet · {_against(found)}",
        "summary": list(summary(found)),
        "family": family(found),
        "principles": found.principles,
        "arms": found.arms,
        "marks": [(mark, WORDS[mark]) for mark in Mark if found.count(mark)],
        "rows": [_map_row(found, number) for number in range(len(found.arms))],
        "bounds": BOUNDS,
        "details": [_details(found, number) for number in range(len(found.principles))],
        "by": found.by,
        "firsts": [(one, first_sentence(one, found.by or "")) for one in found.firsts],
        "runs": [_run(found, number, links or {}) for number in range(len(found.runs))],
        "several": len(found.runs) > 1,
        "notes": found.notes,
    }
    return pages().get_template("fleet.html.jinja").render(page)


def _against(found: Fleet) -> str:
    names = [one.name for one in found.baselines]
    return f"{len(found.arms)} arms against {names[0] if len(names) == 1 else 'their baselines'}"


# The map -----------------------------------------------------------------------------------------


def _map_row(found: Fleet, number: int) -> dict[str, Any]:
    arm = found.arms[number]
    cells = [found.cells[arm.name, name] for name in found.principles]
    return {
        "arm": arm,
        "number": number,
        "lost": sum(cell.mark is Mark.LOST for cell in cells),
        "cells": [
            {
                "kind": f"{cell.mark}{_depth(cell)}",
                "shape": SHAPES[cell.mark],
                "text": _short(cell),
                "title": _title(cell),
            }
            for cell in cells
        ],
    }


def _depth(cell: Cell) -> str:
    """The class of a cell's colour: `n` or `p` by sign, and how far from 0."""
    value = cell.difference.value
    if value is None or cell.mark is Mark.VOID:
        return ""
    far = sum(abs(value) >= bound for bound in BOUNDS)
    return f" {'n' if value < 0 else 'p'}{far}" if far else ""


def _short(cell: Cell) -> str:
    """A difference in two digits, without the zero before the point."""
    value = cell.difference.value
    if value is None or cell.mark is Mark.VOID:
        return ""
    text = f"{value:+.2f}".replace("-", "−")
    return ".00" if text[1:] == "0.00" else text.replace("0.", ".", 1)


def _title(cell: Cell) -> str:
    value, interval = differing(cell.difference)
    if cell.mark is Mark.VOID:
        return WORDS[cell.mark]
    return f"{value} ({interval}), {WORDS[cell.mark]}"


# Principles --------------------------------------------------------------------------------------


def _details(found: Fleet, number: int) -> dict[str, Any]:
    name = found.principles[number]
    numbered = {one.name: place for place, one in enumerate(found.arms)}
    members = [*found.baselines, *found.arms]
    standings = {one.name: found.standings[one.name, name] for one in members}
    members.sort(key=lambda one: _order(standings[one.name]))
    return {
        "number": number,
        "name": name,
        "counts": _counts(found, name),
        "rows": [
            _row(one, standings[one.name], found.cells.get((one.name, name)), numbered)
            for one in members
        ],
        "ranks": _ranks(members, standings),
        "trend": _trend(found, name),
    }


def _order(standing: Standing) -> tuple[int, int, float]:
    if standing.ranks is None or standing.mean is None:
        return 1, 0, 0.0
    return 0, standing.ranks[0], -standing.mean


def _counts(found: Fleet, name: str) -> str:
    marks = [found.cells[arm.name, name].mark for arm in found.arms]
    told = [f"{marks.count(mark)} {WORDS[mark]}" for mark in Mark if mark in marks]
    return ", ".join(told)


def _row(
    member: Member, standing: Standing, cell: Cell | None, numbered: Mapping[str, int]
) -> dict[str, Any]:
    mean = share(nan if standing.mean is None else standing.mean)
    ranks = UNKNOWN if standing.ranks is None else "–".join(map(str, dict.fromkeys(standing.ranks)))
    if cell is None:
        return {"number": None, "name": member.name, "cells": [mean, ranks, "baseline", *[""] * 7]}
    difference, interval = differing(cell.difference)
    return {
        "number": numbered[member.name],
        "name": member.name,
        "cells": [
            mean,
            ranks,
            difference,
            interval,
            f"{SHAPES[cell.mark]} {WORDS[cell.mark]}".strip(),
            _p(cell.p_lost),
            _p(cell.p_gained),
            f"{cell.scenarios} in {cell.clusters}",
            str(cell.unscored),
            cell.reason or "; ".join(map(slice_words, cell.moved)),
        ],
    }


def _p(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return "under 0.001" if value < 0.001 else f"{value:.3f}"


def _ranks(members: Sequence[Member], standings: Mapping[str, Standing]) -> Markup:
    """A line from the best to the worst rank of each arm; the numbers stand in the table."""
    ranked = [(one, ranks) for one in members if (ranks := standings[one.name].ranks)]
    width, height = NAMES + RANKS, 22 + STEP * len(ranked)
    axis = Axis(low=1, high=max(len(ranked), 2), start=NAMES + 8, end=width - 8)
    ticks = sorted({1, *(int(tick) for tick in axis.ticks() if tick >= 1), len(ranked)})
    parts = [
        f'<text x="{axis.at(tick):g}" y="11" text-anchor="middle">{tick}</text>'
        for tick in ticks
        if tick in (1, len(ranked)) or 0.06 * len(ranked) < tick < 0.94 * len(ranked)
    ]
    lines = []
    for place, (one, (best, worst)) in enumerate(ranked):
        y = 22 + STEP * place
        name = one.name if len(one.name) <= LONGEST else one.name[: LONGEST - 1] + "…"
        parts.append(
            f'<text x="{NAMES}" y="{y + 4}" text-anchor="end">{escape(visible(name))}</text>'
        )
        lines.append(f"M{axis.at(best) - 2.5:g} {y}H{axis.at(worst) + 2.5:g}")
    return Markup(  # numbers of ours, and names that were escaped
        f'<svg class="ranks" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Ranks that each arm may have; the numbers stand in the table">'
        f'{"".join(parts)}<path d="{"".join(lines)}"/></svg>'
    )


# Trends ------------------------------------------------------------------------------------------


def _trend(found: Fleet, name: str) -> dict[str, Any] | None:
    """The lines of a principle over the steps, with the slope of each in words."""
    courses = [one for one in found.courses if one.principle == name]
    if not courses:
        return None
    return {
        "svg": _lines(found, name, courses),
        "slopes": [
            (_key(number), _slope(one, found.by or "")) for number, one in enumerate(courses)
        ],
    }


def _slope(one: Course, by: str) -> str:
    """In words, over the whole row: a unit of the step is often too small to be read."""
    span = one.steps[-1] - one.steps[0]
    value, low, high = (
        nan if number is None else number * span
        for number in (one.slope.estimate.value, one.slope.estimate.low, one.slope.estimate.high)
    )
    row = f"{one.line}: " if one.line else ""
    if not isfinite(value):
        return f"{row}no slope can be told."
    between = f" ({signed(low)} to {signed(high)})" if isfinite(low) else ""
    return f"{row}{signed(value)}{between} from {by} {one.steps[0]:g} to {one.steps[-1]:g}, " + (
        f"adjusted p {_p(one.p_adjusted)}"
    )


def _lines(found: Fleet, name: str, courses: Sequence[Course]) -> Markup:
    width, height = TREND
    steps = [step for one in courses for step in one.steps]
    means = [mean for one in courses for mean in one.means if mean is not None] or [0.0]
    low, high = min(means), max(means)
    room = max(0.08 * (high - low), 0.02)
    x = Axis(low=min(steps), high=max(steps), start=40, end=width - 14)
    y = Axis(low=low - room, high=high + room, start=height - 22, end=10)
    parts = [f'<path class="edge" d="M40 10V{height - 22}H{width - 14}"/>']
    parts += [
        f'<text x="{x.at(tick):g}" y="{height - 7}" text-anchor="middle">{tick:g}</text>'
        for tick in x.ticks(4)
    ]
    parts += [
        f'<text x="35" y="{y.at(tick) + 3.5:g}" text-anchor="end">{tick:g}</text>'
        for tick in y.ticks(4)
    ]
    for number, one in enumerate(courses):
        parts += _line(found, one, number, x, y)
    told = "; ".join(_slope(one, found.by or "") for one in courses)
    return Markup(  # numbers of ours, and words that were escaped
        f'<svg class="trend" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(visible(f"{name}: {told}"))}">{"".join(parts)}</svg>'
    )


def _key(number: int) -> Markup:
    """How the line of a row is dashed, beside its words."""
    return Markup(  # numbers of ours
        '<svg class="key" viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">'
        f'<path class="course dash-{number % DASHES}" d="M0 4H28"/></svg>'
    )


def _line(found: Fleet, one: Course, number: int, x: Axis, y: Axis) -> list[str]:
    points = [
        (x.at(step), y.at(mean), arm)
        for arm, step, mean in zip(one.arms, one.steps, one.means, strict=True)
        if mean is not None
    ]
    path = "L".join(f"{px:g} {py:g}" for px, py, _ in points)
    parts = [f'<path class="course dash-{number % DASHES}" d="M{path}"/>'] if points else []
    marks = "".join(
        f"M{px - 4:g} {py - 3.5:g}h8l-4 7z"
        for px, py, arm in points
        if (cell := found.cells.get((arm, one.principle))) and cell.mark is Mark.LOST
    )
    return parts + ([f'<path class="mark worse" d="{marks}"/>'] if marks else [])


# Runs --------------------------------------------------------------------------------------------


def _run(found: Fleet, number: int, links: Mapping[int, str]) -> dict[str, Any]:
    run = found.runs[number]
    return {
        "number": number,
        "experiment": run.experiment,
        "folder": shown(run.folder),
        "baseline": run.baseline,
        "arms": [one.name for one in found.arms if one.run == number],
        "record": str(run.record.get("record") or "")[:19],
        "link": links.get(number),
    }
