"""Which form an answer takes: text, list, table, chart or small app."""

import re
from typing import Annotated, Literal

from markdown_it.token import Token
from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import listed
from tastemaker.checks.counting import found
from tastemaker.checks.markdown import blocks, without_code
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

Form = Literal["text", "list", "table", "chart", "app"]
FORMS: tuple[Form, ...] = ("text", "list", "table", "chart", "app")

_PAGE = re.compile(r"<!doctype html|<html[\s>]", re.I)
_PAGE_END = re.compile(r"</html\s*>", re.I)
_WORKS = re.compile(r"<script[\s>]|<button[\s>]|<input[\s>]|<select[\s>]|<textarea[\s>]", re.I)
_DRAWN = re.compile(r"<svg[\s>]|<canvas[\s>]", re.I)
_SPARK = re.compile(r"[▁▂▃▄▅▆▇█]{5,}")
_BAR = re.compile(r"(?<![^\s|:\[(])([█▓▒░■▇▪●•*#=+xX▌▐─━])\1*(?=[\s\])|\d]|$)")
_PLOTTED = re.compile(
    r"\s{0,8}(?:[\w.,:%°€£$]+ {0,8}){0,2}[|│┤┼┃]([\s*•●○◦oxX+·─╭╮╯╰╱╲/\\_.█▇▓▒░■#\-]*)"
)
"""A line of a drawing with an axis: `29:30 |      *`."""
_POINT = re.compile(r"[*•●○◦oxX+╭╮╯╰╱╲/\\█▇▓▒░■#]")
_PLAIN_FENCES = ("", "text", "txt", "xml", "ascii", "plaintext")
_TICK = re.compile(r"^([ \t>]*)[☐☑□▢✓✔✅](?=\s+\w)", re.M)
_COLUMN = re.compile(r"\t+|\s{2,}|\s*[|│║┃]\s*")
_RULED = re.compile(r"[\s|│║┃+\-=_─━═┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝]*")
_FEWEST_BARS = 3
_FEWEST_ITEMS = 3
_FEWEST_ROWS = 3
_SHORT_LINE = 12
"""Words of a line that can be an item without a mark."""
_WORD = re.compile(r"\w+")


def page_of(text: str) -> str:
    """The HTML page in a reply, whole; "" where there is none. Of several, the longest."""
    found = [token.content for token in _fences(text) if _is_page(token)]
    if not found and (start := _PAGE.search(text)):
        end = _PAGE_END.search(text, start.end())
        found = [text[start.start() : end.end() if end else len(text)]]
    return max(found, key=len, default="")


def _fences(text: str) -> list[Token]:
    return [token for token in blocks(text) if token.type == "fence"]


def _marked(token: Token) -> str:
    return next(iter(token.info.split()), "").casefold()


def _is_page(token: Token) -> bool:
    marked, text = _marked(token), token.content
    if marked in ("html", "htm"):
        return bool(_PAGE.search(text) or _WORKS.search(text) or "<table" in text.casefold())
    return marked in ("", "xml") and bool(_PAGE.match(text.lstrip()))


def forms_in(text: str) -> set[Form]:
    """Every form that occurs in a reply; text alone where no other does."""
    text = _TICK.sub(r"\1-", text)  # a box to tick is the mark of an item
    page = page_of(text)
    has: dict[Form, bool] = {
        "app": bool(page and _WORKS.search(page)),
        "chart": _has_chart(text, page),
        "table": _has_table(text, page),
        "list": _listed(text) > 0,
    }
    return {form for form, there in has.items() if there} or {"text"}


def form_of(text: str) -> Form:
    """The form that a reply takes as a whole.

    What works comes before what is drawn, that before what stands in columns. A list makes a reply
    a list when it has three items and half of the words.
    """
    text = _TICK.sub(r"\1-", text)
    there = forms_in(text)
    for form in ("app", "chart", "table"):
        if form in there:
            return form
    words = len(_WORD.findall(without_code(text)))
    return (
        "list" if words and _items(text) >= _FEWEST_ITEMS and _listed(text) >= words / 2 else "text"
    )


def _items(text: str) -> int:
    return sum(token.type == "list_item_open" for token in blocks(text))


def _listed(text: str) -> int:
    """How many words stand in lists."""
    lines = without_code(text).splitlines()
    spans = [
        token.map
        for token in blocks(text)
        if token.type in ("bullet_list_open", "ordered_list_open") and token.map
    ]
    rows = {row for start, end in spans for row in range(start, min(end, len(lines)))}
    return sum(len(_WORD.findall(lines[row])) for row in rows)


def _in_short_lines(text: str) -> bool:
    """Whether a text stands in short lines, one under the other, as a list without marks does."""
    if "list" in forms_in(text):  # which has its own rule
        return False
    counts = [len(_WORD.findall(line)) for line in without_code(text).splitlines()]
    short = [count for count in counts if 0 < count <= _SHORT_LINE]
    return len(short) >= _FEWEST_ITEMS and sum(short) >= sum(counts) / 2


def _has_table(text: str, page: str) -> bool:
    if any(token.type == "table_open" for token in blocks(text)):
        return True
    if page:
        return not _WORKS.search(page) and "<table" in page.casefold()
    return any(
        _marked(token) in _PLAIN_FENCES and _columns(token.content) for token in _fences(text)
    )


def _columns(text: str) -> bool:
    """Whether lines of a code block stand in columns, as many in each line, and draw nothing."""
    rows = [line.strip(" \t|│║┃") for line in text.splitlines() if not _RULED.fullmatch(line)]
    counts = {len(_COLUMN.split(row)) for row in rows}
    return len(rows) >= _FEWEST_ROWS and len(counts) == 1 and counts != {1} and not _bars(text)


def _has_chart(text: str, page: str) -> bool:
    if page:
        return not _WORKS.search(page) and bool(_DRAWN.search(page))
    for token in _fences(text):
        marked = _marked(token)
        if marked in ("mermaid", "vega-lite", "vegalite", "vega", "svg"):
            return True
        if marked in ("json", "") and "vega.github.io/schema" in token.content:
            return True
        if marked in _PLAIN_FENCES and (
            "<svg" in token.content or _bars(token.content) or _plot(token.content)
        ):
            return True
    return "<svg" in without_code(text) or _bars(without_code(text))


def _bars(text: str) -> bool:
    """Whether lines draw something: a row of bars of different lengths, or a sparkline."""
    if _SPARK.search(text):
        return True
    drawn = [
        max((len(match[0]) for match in _BAR.finditer(line)), default=0)
        for line in text.splitlines()
        if _WORD.search(line) and not line.lstrip().startswith(("#", "* ", "+ ", "• "))
    ]
    long = [length for length in drawn if length]
    return len(long) >= _FEWEST_BARS and max(long) >= 4 and len(set(long)) > 1


def _plot(text: str) -> bool:
    """Whether lines with an axis have points in at least three places: a curve made of signs."""
    drawn = [match[1] for line in text.splitlines() if (match := _PLOTTED.fullmatch(line))]
    places = {point.start() for line in drawn for point in _POINT.finditer(line)}
    return len(drawn) >= _FEWEST_BARS and len(places) >= _FEWEST_BARS


@check(
    "form_choice",
    chooses=FORMS,
    example=Example(
        arguments={"should": "table"},
        met="| hall | price | seats |\n|---|--:|--:|\n| Anker | 240 | 60 |\n| Mole | 180 | 45 |",
        unmet="The Anker is 240 and seats 60, the Mole is 180 and seats 45.",
    ),
)
def form_choice(
    reply: Reply,
    *,
    should: Annotated[Form, Field(description="the form that serves")],
) -> Finding:
    """The answer takes the form that serves: text, list, table, chart or app.

    An app is an HTML page with a script or something to press or fill in. A chart is a Mermaid or
    Vega-Lite block, an SVG, a page that only draws, bars of at least three lines drawn with signs
    (`Mon ███`), or points beside an axis; a program that would draw one is none. A table is one in
    Markdown or HTML, or a code block in columns. A list has three items and half of the words; a
    box to tick is the mark of an item. Everything else is text. Short lines without marks are text
    or list, whichever is asked. Of several, the first in this order counts: app, chart, table,
    list. Reports make a matrix of what was right and what was chosen.
    """
    did = form_of(reply.text)
    if (should, did) == ("list", "text") and _in_short_lines(reply.text):
        did = "list"
    return Finding(value=float(did == should), reason=f"chose {did}", should=should, did=did)


@check(
    "without_form",
    example=Example(
        arguments={"forms": ["table"]},
        met="- Anker: 240, seats 60\n- Mole: 180, seats 45",
        unmet="Here:\n\n| hall | price |\n|---|--:|\n| Anker | 240 |",
    ),
)
def without_form(
    reply: Reply,
    *,
    forms: Annotated[
        list[Literal["list", "table", "chart", "app"]],
        BeforeValidator(listed),
        Field(min_length=1, description="the forms that must not occur: list, table, chart, app"),
    ],
) -> Finding:
    """None of these forms occurs in the reply, not even beside another.

    What is a list, a table, a chart or an app is told at `form_choice`; one item makes a list here.
    """
    there = [form for form in FORMS if form in forms_in(reply.text) and form in forms]
    return found(not there, f"there is a {there[0]}" if there else f"no {' or '.join(forms)}")
