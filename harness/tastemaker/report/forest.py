"""Results as one SVG: the forest plot as a file, for a pull request, a slide or a paper.

It rests on nothing outside it, and runs nothing. Its ground is light, so that it can be read in
the dark too.
"""

from collections.abc import Iterator, Sequence

from markupsafe import escape

from tastemaker.gate import Verdict
from tastemaker.report.html.plots import CLASSES, Axis, forest_axis, shape, whisker
from tastemaker.report.html.texts import visible
from tastemaker.report.words import UNKNOWN, gravity, headline, level, line
from tastemaker.results import Results

MOST_ROWS = 60
"""Verdicts in one drawing, the gravest; how many there are besides is said."""
LONGEST = 30
"""Characters of a name; more are cut, and all of them stand in the row's title."""
HEIGHT, TOP, MARGIN = 24, 54, 16
NAME, VERDICT, NUMBERS = MARGIN, 236, 700
"""Where the columns begin; the plot lies between verdict and numbers."""
PLOT = (374, 684)
WIDTH = 884

STYLE = """
.ground { fill: #ffffff; stroke: #dcdcd8; }
text { font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
text { fill: #1c1d20; }
.head { font-size: 15px; font-weight: 650; } .arm { font-weight: 650; }
.soft { fill: #5c5f66; font-size: 11px; }
.worse { color: #b3261e; } .better { color: #0b6e3b; } .fine { color: #2456c9; }
.unknown { color: #825400; } .void { color: #5c5f66; }
.word { fill: currentColor; font-weight: 600; font-size: 11px; }
.zero { stroke: #8a8d94; } .rule { stroke: #ececea; }
.margin { stroke: #b3261e; stroke-width: 1.2; stroke-dasharray: 3 3; }
.whisker { stroke: currentColor; stroke-width: 1.6; }
.mark { fill: currentColor; stroke: #ffffff; }
.mark.hollow { fill: #ffffff; stroke: currentColor; stroke-width: 1.8; }
.mark.stroke { fill: none; stroke: currentColor; stroke-width: 2; }
"""


def as_svg(results: Results) -> str:
    """The differences of all verdicts with interval and margin, the gravest first.

    Well-formed XML that a browser, an `img` element and a drawing program read alike.
    """
    verdicts = sorted(results.decision.verdicts, key=gravity)
    shown, rest = verdicts[:MOST_ROWS], len(verdicts) - MOST_ROWS
    axis = _axis(shown)
    parts, y = [_text(MARGIN, 28, headline(results), "head")], TOP
    parts += _scale(results, axis, y)
    y += 8
    for candidate in results.experiment.candidates:
        of_candidate = [one for one in shown if one.candidate == candidate]
        if of_candidate:
            against = f"{candidate} against {results.experiment.baseline_name}"
            parts.append(_text(NAME, y + 16, _cut(against, 3 * LONGEST), "arm"))
            y += HEIGHT
        for verdict in of_candidate:
            parts += _row(verdict, axis, y)
            y += HEIGHT
    if rest > 0:
        parts.append(_text(NAME, y + 16, f"{rest} more, none graver: the other reports have all."))
        y += HEIGHT
    note = "Bar: interval. Solid line: no change. Dashed: the margin, the largest loss accepted."
    parts.append(_text(NAME, y + 20, note, "soft"))
    return _drawing(results, parts, y + 36)


def _drawing(results: Results, parts: Sequence[str], height: int) -> str:
    title = escape(visible(headline(results)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
        f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _axis(verdicts: Sequence[Verdict]) -> Axis:
    axis = forest_axis(verdicts)
    return Axis(low=axis.low, high=axis.high, start=PLOT[0], end=PLOT[1])


def _scale(results: Results, axis: Axis, y: int) -> Iterator[str]:
    for x, text in ((NAME, "principle"), (VERDICT, "verdict")):
        yield _text(x, y, text, "soft")
    yield _text(NUMBERS, y, f"difference ({level(results)})", "soft")
    for tick in axis.ticks(6):
        yield _text(axis.at(tick), y, f"{tick:+g}" if tick else "0", "soft", middle=True)


def _row(verdict: Verdict, axis: Axis, y: int) -> Iterator[str]:
    told, kind = line(verdict), str(verdict.kind)
    tone, middle, found = CLASSES[kind], y + HEIGHT / 2, verdict.paired
    limits = "" if told.interval == UNKNOWN else f" ({told.interval})"
    title = (
        f"{verdict.candidate}, {verdict.principle}: {told.verdict}; difference "
        f"{told.difference}{limits}, margin {told.margin}"
    )
    yield f"<g><title>{escape(visible(title))}</title>"
    yield f'<line class="rule" x1="{NAME}" y1="{y}" x2="{WIDTH - MARGIN}" y2="{y}"/>'
    yield _text(NAME, y + 16, _cut(verdict.principle, LONGEST))
    yield f'<g class="{tone}">{_text(VERDICT, y + 16, f"{told.mark} {kind}", "word")}</g>'
    for x, name in ((axis.at(0), "zero"), (axis.at(-verdict.rule.margin), "margin")):
        yield f'<line class="{name}" x1="{x:g}" y1="{y}" x2="{x:g}" y2="{y + HEIGHT}"/>'
    yield from whisker(axis, found, middle, tone)
    if told.difference != UNKNOWN:
        yield shape(kind, axis.at(found.difference), middle, 5)
    yield _text(NUMBERS, y + 16, f"{told.difference}{limits}")
    yield "</g>"


def _cut(text: str, most: int) -> str:
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _text(x: float, y: float, text: str, name: str = "", *, middle: bool = False) -> str:
    kind = f' class="{name}"' if name else ""
    anchor = ' text-anchor="middle"' if middle else ""
    # Isolated, so that a name from right to left does not turn what stands beside it.
    return (
        f'<text{kind} x="{x:g}" y="{y:g}"{anchor} unicode-bidi="isolate">'
        f"{escape(visible(text))}</text>"
    )
