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
_FEWEST_BARS = 3
_FEWEST_ITEMS = 3
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
    page = page_of(text)
    has: dict[Form, bool] = {
        "app": bool(page and _WORKS.search(page)),
        "chart": _has_chart(text, page),
        "table": any(token.type == "table_open" for token in blocks(text))
        or bool(page and not _WORKS.search(page) and "<table" in page.casefold()),
        "list": _listed(text) > 0,
    }
    return {form for form, there in has.items() if there} or {"text"}


def form_of(text: str) -> Form:
    """The form that a reply takes as a whole.

    What works comes before what is drawn, that before what stands in columns. A list makes a reply
    a list when it has three items and half of the words.
    """
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


def _has_chart(text: str, page: str) -> bool:
    if page:
        return not _WORKS.search(page) and bool(_DRAWN.search(page))
    for token in _fences(text):
        marked = _marked(token)
        if marked in ("mermaid", "vega-lite", "vegalite", "vega", "svg"):
            return True
        if marked in ("json", "") and "vega.github.io/schema" in token.content:
            return True
        if marked in ("", "text", "txt", "xml", "ascii", "plaintext") and (
            "<svg" in token.content or _bars(token.content)
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
    Vega-Lite block, an SVG, a page that only draws, or bars of at least three lines drawn with
    signs (`Mon ███`); a program that would draw one is none. A table is one in Markdown or HTML. A
    list has three items and half of the words. Everything else is text. Of several, the first in
    this order counts. Reports make a matrix of what was right and what was chosen.
    """
    did = form_of(reply.text)
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
