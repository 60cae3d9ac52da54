"""Drawings as inline SVG: colour by class, shape by verdict, and words for who sees neither."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, floor, isfinite, log10, pi, sin

from markupsafe import Markup, escape

from tastemaker.gate import Verdict
from tastemaker.report.html.texts import visible
from tastemaker.report.words import interval, share, signed
from tastemaker.results import Results
from tastemaker.stats.paired import Difference
from tastemaker.stats.tension import Ellipse
from tastemaker.tensions import Pull

ROW = (320, 28)
"""Width and height of one row of a forest plot."""
PLANE = 300
SMALL = (220, 150)

CLASSES = {
    "REGRESSED": "worse",
    "IMPROVED": "better",
    "NON_INFERIOR": "fine",
    "UNDERPOWERED": "unknown",
    "INCONCLUSIVE": "unknown",
    "NOT_EVALUABLE": "void",
}
"""The colour of each verdict, as a class of the style sheet."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Numbers onto a length, from `low` at `start` to `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a number, kept just inside."""
        part = (value - self.low) / (self.high - self.low)
        return round(self.start + min(max(part, -0.02), 1.02) * (self.end - self.start), 1)

    def ticks(self, most: int = 5) -> list[float]:
        """Round numbers, at most so many."""
        raw = (self.high - self.low) / most
        unit = 10.0 ** floor(log10(raw))
        step = next(unit * n for n in (1, 2, 5, 10) if unit * n >= raw * (1 - 1e-9))
        first = -floor(-self.low / step + 1e-9)
        return [
            round(n * step, 10) for n in range(first, first + most + 2) if n * step <= self.high
        ]


def _around(values: Iterable[float], start: float, end: float, *, least: float = 0.02) -> Axis:
    """An axis that holds the finite ones of some numbers, with a little room."""
    finite = [value for value in values if isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    room = max(0.06 * (high - low), least)
    return Axis(low=low - room, high=high + room, start=start, end=end)


def _drawing(width: int, height: int, label: str, inner: str, kind: str) -> Markup:
    text = escape(visible(label))
    return Markup(  # numbers, classes of ours, and a label that was escaped
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{text}">{inner}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(visible(text))}</text>'


def shape(kind: str, x: float, y: float, size: float = 5.5) -> str:
    """A verdict's mark: down, up, full, empty, crossed."""
    s, name = size, CLASSES[kind]
    if kind == "REGRESSED":
        return f'<path class="mark {name}" d="M{x - s:g} {y - s:g}h{2 * s:g}l{-s:g} {2 * s:g}z"/>'
    if kind == "IMPROVED":
        return f'<path class="mark {name}" d="M{x - s:g} {y + s:g}h{2 * s:g}l{-s:g} {-2 * s:g}z"/>'
    if kind == "NOT_EVALUABLE":
        cross = f"M{x - s:g} {y - s:g}l{2 * s:g} {2 * s:g}m0 {-2 * s:g}l{-2 * s:g} {2 * s:g}"
        return f'<path class="mark stroke {name}" d="{cross}"/>'
    empty = "" if kind == "NON_INFERIOR" else " hollow"
    return f'<circle class="mark{empty} {name}" cx="{x:g}" cy="{y:g}" r="{s:g}"/>'


# Forest plot -------------------------------------------------------------------------------------


def forest_axis(verdicts: Sequence[Verdict]) -> Axis:
    """One axis for all rows: every interval, every margin and zero are on it."""
    values = [0.0]
    for one in verdicts:
        values += [*one.paired.limits, one.paired.difference, -one.rule.margin]
    return _around(values, 10, ROW[0] - 10)


def forest_row(verdict: Verdict, axis: Axis) -> Markup:
    """The difference with its interval, zero, and the margin as a dashed line."""
    found, kind, (width, height) = verdict.paired, str(verdict.kind), ROW
    y = height / 2
    zero, margin = axis.at(0), axis.at(-verdict.rule.margin)
    parts = [_line(zero, 0, zero, height, "zero"), _line(margin, 0, margin, height, "margin")]
    parts += whisker(axis, found, y, CLASSES[kind])
    if isfinite(found.difference):
        parts.append(shape(kind, axis.at(found.difference), y))
    label = (
        f"{kind}: difference {signed(found.difference)}, interval "
        f"{interval(*found.limits)}, margin {signed(-verdict.rule.margin)}"
    )
    return _drawing(width, height, label, "".join(parts), "row")


def whisker(axis: Axis, found: Difference, y: float, kind: str) -> list[str]:
    """The interval of a difference as a bar with ends; nothing where it is not known."""
    if not isfinite(found.low):
        return []
    low, high = map(axis.at, found.limits)
    return [
        _line(low, y, high, y, f"whisker {kind}"),
        _line(low, y - 4, low, y + 4, f"whisker {kind}"),
        _line(high, y - 4, high, y + 4, f"whisker {kind}"),
    ]


def forest_scale(axis: Axis) -> Markup:
    """The numbers above the rows; said in cells too, so hidden from who hears the page."""
    inner = "".join(
        _text(axis.at(tick), 12, f"{tick:+g}" if tick else "0") for tick in axis.ticks(8)
    )
    width = ROW[0]
    return Markup(  # numbers of ours alone
        f'<svg class="row scale" viewBox="0 0 {width} 16" width="{width}" height="16" '
        f'aria-hidden="true">{inner}</svg>'
    )


def small_axis(found: Iterable[Difference]) -> Axis:
    """One axis for the rows of a table of differences."""
    values = [0.0]
    for one in found:
        values += [*one.limits, one.difference]
    return _around(values, 6, 114)


def small_row(found: Difference, axis: Axis) -> Markup:
    """A difference that is not gated: no margin and no verdict."""
    parts = [_line(axis.at(0), 0, axis.at(0), 18, "zero"), *whisker(axis, found, 9, "plain")]
    if isfinite(found.difference):
        parts.append(
            f'<circle class="mark plain" cx="{axis.at(found.difference):g}" cy="9" r="3"/>'
        )
    label = f"{signed(found.difference)}, {interval(*found.limits)}"
    return _drawing(120, 18, label, "".join(parts), "spark")


def course_row(means: Sequence[float | None], steps: Sequence[float]) -> Markup:
    """The means of arms in a row over their steps; where there is none, the line is broken."""
    there = [(step, mean) for step, mean in zip(steps, means, strict=True) if mean is not None]
    x = _around(steps, 6, 114, least=1e-9)
    y = _around([mean for _, mean in there], 20, 4)
    parts, before = [], None
    for step, mean in zip(steps, means, strict=True):
        here = None if mean is None else (x.at(step), y.at(mean))
        if here and before:
            parts.append(_line(*before, *here, "whisker plain"))
        if here:
            parts.append(f'<circle class="mark plain" cx="{here[0]:g}" cy="{here[1]:g}" r="2.5"/>')
        before = here
    label = ", ".join(f"{step:g}: {share(mean)}" for step, mean in there)
    return _drawing(120, 24, label or "no score", "".join(parts), "spark")


# Planes ------------------------------------------------------------------------------------------


def _frame(x: Axis, y: Axis) -> str:
    left, right, bottom, top = x.start, x.end, y.start, y.end
    parts = [_line(left, bottom, right, bottom, "edge"), _line(left, bottom, left, top, "edge")]
    for tick in x.ticks(4):
        parts += [_line(x.at(tick), bottom, x.at(tick), bottom + 4, "edge"),
                  _text(x.at(tick), bottom + 15, f"{tick:g}")]  # fmt: skip
    for tick in y.ticks(4):
        parts += [_line(left - 4, y.at(tick), left, y.at(tick), "edge"),
                  _text(left - 7, y.at(tick) + 3.5, f"{tick:g}", "end")]  # fmt: skip
    return "".join(parts)


def tension_plane(pulls: Sequence[Pull]) -> Markup:
    """Two differences of each candidate with their joint region, and both margins."""
    known = [(pull, pull.tension) for pull in pulls if pull.tension is not None]
    margins = [(-pull.first.rule.margin, -pull.second.rule.margin) for pull in pulls]
    horizontal, vertical = [0.0, *(m for m, _ in margins)], [0.0, *(m for _, m in margins)]
    outlines = {pull.candidate: _outline(found.ellipse) for pull, found in known}
    for pull, found in known:
        horizontal += [found.first, *(p for p, _ in outlines[pull.candidate])]
        vertical += [found.second, *(q for _, q in outlines[pull.candidate])]
    x, y = _around(horizontal, 52, PLANE - 12), _around(vertical, PLANE - 34, 12)
    parts = [_frame(x, y)]
    parts += [_line(x.at(0), y.start, x.at(0), y.end, "zero")]
    parts += [_line(x.start, y.at(0), x.end, y.at(0), "zero")]
    for p, q in dict.fromkeys(margins):
        parts += [_line(x.at(p), y.start, x.at(p), y.end, "margin")]
        parts += [_line(x.start, y.at(q), x.end, y.at(q), "margin")]
    for pull, found in known:
        points = " ".join(f"{x.at(p):g},{y.at(q):g}" for p, q in outlines[pull.candidate])
        worse = next((v for v in (pull.first, pull.second) if v.kind == "REGRESSED"), pull.first)
        kind = str(worse.kind)
        if points:
            parts.append(f'<polygon class="region {CLASSES[kind]}" points="{points}"/>')
        parts.append(shape(kind, x.at(found.first), y.at(found.second)))
        parts.append(_text(x.at(found.first), y.at(found.second) - 10, pull.candidate))
    first, second = pulls[0].first.principle, pulls[0].second.principle
    parts.append(_text((x.start + x.end) / 2, PLANE - 3, f"{first}, difference"))
    parts.append(_upright(10, (y.start + y.end) / 2, f"{second}, difference"))
    label = "; ".join(
        f"{pull.candidate}: {first} {signed(found.first)}, {second} {signed(found.second)}"
        for pull, found in known
    )
    return _drawing(PLANE, PLANE, label or f"{first} against {second}", "".join(parts), "plane")


def _upright(x: float, y: float, text: str) -> str:
    return (
        f'<text transform="rotate(-90 {x:g} {y:g})" x="{x:g}" y="{y:g}" '
        f'text-anchor="middle">{escape(visible(text))}</text>'
    )


def _outline(ellipse: Ellipse | None) -> list[tuple[float, float]]:
    """Points around the joint region; [] where there is none."""
    if ellipse is None:
        return []
    (cx, cy), (a, b), angle = ellipse.centre, ellipse.half_axes, ellipse.angle
    turns = [2 * pi * n / 48 for n in range(48)]
    return [
        (
            cx + a * cos(t) * cos(angle) - b * sin(t) * sin(angle),
            cy + a * cos(t) * sin(angle) + b * sin(t) * cos(angle),
        )
        for t in turns
    ]


SHAPES = ("circle", "square", "diamond", "up", "down", "ring", "box", "cross")
"""One for each arm, the baseline first; after the last they begin anew."""


def arm_shape(number: int, x: float, y: float, size: float = 5) -> str:
    """The mark of an arm, told apart by its form."""
    s, name = size, SHAPES[number % len(SHAPES)]
    kind = f"arm arm-{min(number, 1)}"
    paths = {
        "square": f"M{x - s:g} {y - s:g}h{2 * s:g}v{2 * s:g}h{-2 * s:g}z",
        "diamond": f"M{x:g} {y - s:g}l{s:g} {s:g}l{-s:g} {s:g}l{-s:g} {-s:g}z",
        "up": f"M{x - s:g} {y + s:g}h{2 * s:g}l{-s:g} {-2 * s:g}z",
        "down": f"M{x - s:g} {y - s:g}h{2 * s:g}l{-s:g} {2 * s:g}z",
    }
    if name in paths:
        return f'<path class="{kind}" d="{paths[name]}"/>'
    if name == "box":
        d = f"M{x - s:g} {y - s:g}h{2 * s:g}v{2 * s:g}h{-2 * s:g}z"
        return f'<path class="{kind} hollow" d="{d}"/>'
    if name == "cross":
        d = f"M{x - s:g} {y - s:g}l{2 * s:g} {2 * s:g}m0 {-2 * s:g}l{-2 * s:g} {2 * s:g}"
        return f'<path class="{kind} stroke" d="{d}"/>'
    hollow = " hollow" if name == "ring" else ""
    return f'<circle class="{kind}{hollow}" cx="{x:g}" cy="{y:g}" r="{s:g}"/>'


def arm_key(number: int) -> Markup:
    """An arm's mark on its own, for a legend."""
    inner = arm_shape(number, 7, 7)
    return Markup(  # numbers of ours alone
        f'<svg class="key" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">{inner}'
        "</svg>"
    )


def quality_plane(
    results: Results, principle: str, spent: Sequence[tuple[str, float]], unit: str
) -> Markup:
    """Score of each arm over what one reply of it takes: up and to the left is better."""
    found = {}
    for verdict in results.decision.verdicts:
        if verdict.principle == principle:
            found[results.experiment.baseline_name] = verdict.paired.baseline
            found[verdict.candidate] = verdict.paired.candidate
    width, height = SMALL
    limits = [n for one in found.values() for n in (one.low, one.high, one.mean)]
    amounts = [amount for _, amount in spent]
    x = _around([0.0, *amounts], 40, width - 10, least=max(amounts, default=1.0) * 0.08 or 1.0)
    y = _around(limits, height - 34, 10)
    parts = [_frame(x, y), _text((x.start + x.end) / 2, height - 3, unit)]
    told = []
    for number, (arm, amount) in enumerate(spent):
        one = found.get(arm)
        if one is None or not isfinite(one.mean):
            continue
        place = x.at(amount)
        if isfinite(one.low):
            parts.append(_line(place, y.at(one.low), place, y.at(one.high), "whisker plain"))
        parts.append(arm_shape(number, place, y.at(one.mean), 4))
        told.append(f"{arm}: {share(one.mean)} at {amount:.4g} {unit}")
    return _drawing(width, height, "; ".join(told), "".join(parts), "plane")
