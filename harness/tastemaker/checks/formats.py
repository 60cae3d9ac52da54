"""In which format a reply comes, and what its fields say: plain text, Markdown, XML, JSON."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import Share, Text
from tastemaker.checks.counting import found
from tastemaker.checks.fields import (
    LONGEST,
    Given,
    Unreadable,
    from_lines,
    json_value,
    plain_name,
    read,
    xml_value,
)
from tastemaker.checks.markdown import blocks
from tastemaker.checks.registry import Example, check
from tastemaker.passages import shortened
from tastemaker.records import Finding, Reply

Clothes = Annotated[
    Literal["plain text", "markdown", "xml", "json"],
    BeforeValidator(lambda value: value.casefold() if isinstance(value, str) else value),
    Field(description="plain text, markdown, xml or json"),
]
Rows = Annotated[
    list[dict[Text, Any]],
    Field(min_length=1, description="what it should say: for each record, a value for each field"),
]

_BLOCKS = {
    "bullet_list_open": "a list",
    "ordered_list_open": "a list",
    "heading_open": "a heading",
    "table_open": "a table",
}
_BOLD = re.compile(r"(?<!\*)\*\*(?!\s)[^*\n]+\*\*(?!\*)")
_PLAIN_MARKS = re.compile(
    r"^\s*#{1,6}\s|\*\*[^*\n]+\*\*|^\s*(?:```|~~~)|^\s*\|.*\|\s*$|`[^`\n]+`|</?\w[^>\n]*>", re.M
)


@check(
    "in_format",
    example=Example(
        arguments={"format": "json", "rows": [{"total": 12}]},
        met='{"total": 12}',
        unmet='Here you are:\n\n```json\n{"total": 12}\n```',
    ),
)
def in_format(
    reply: Reply,
    *,
    format: Clothes,
    rows: Rows,
    fenced: Annotated[
        bool, Field(description="whether a code block around all of it is allowed")
    ] = False,
    around: Annotated[
        bool, Field(description="whether words before and after it are allowed")
    ] = False,
) -> Finding:
    """The whole reply is in this format, and nothing stands around it.

    JSON and XML must be well-formed; a document type in XML is refused, and nothing in it is
    expanded. Markdown has a table, a list, a heading or something in bold. Plain text has none of
    Markdown's marks but the `-` or `1.` of a list, no tags, and is not JSON. In Markdown and plain
    text a line is "around" when it belongs to no record of `rows`; titles do not count. A numbered
    list is either.
    """
    text = reply.text.strip()
    if len(text) > LONGEST:
        return found(False, f"longer than {LONGEST} characters")
    if fenced or around:
        tokens = [token for token in blocks(text) if token.type == "fence"]
        alone = len(tokens) == 1 and (around or len(blocks(text)) == 1)
        text = tokens[0].content.strip() if alone else text
    wrong = _misdressed(text, format, tuple(rows[0]), around)
    return found(not wrong, wrong or f"is {format}, and nothing else")


def _misdressed(text: str, format: str, names: Sequence[str], around: bool) -> str:
    """Why a text is not in this format; "" when it is."""
    if format in ("json", "xml"):
        openings, closings = ("{[", "}]") if format == "json" else ("<", ">")
        inner = _between(text, openings, closings) if around else text
        try:
            (json_value if format == "json" else xml_value)(inner)
        except Unreadable as error:
            return str(error)
        return "" if inner[:1] in tuple(openings) else f"a bare value is no {format}"
    if text[:1] in "{[<" and _is_value(text):
        return "it is JSON or XML"
    if format == "markdown":
        if not around and any(token.type == "fence" for token in blocks(text)):
            return "a code block is around it"
        marked = any(token.type in _BLOCKS for token in blocks(text)) or _BOLD.search(text)
        wrong = "" if marked else "no table, list, heading or bold"
    else:
        mark = _PLAIN_MARKS.search(text)
        wrong = f"{shortened(mark[0])!r} is not plain text" if mark else ""
    strays = () if around else from_lines(text, names).strays
    return wrong or (f"around it: {shortened(strays[0])!r}" if strays else "")


def _between(text: str, openings: str, closings: str) -> str:
    starts = [place for place in map(text.find, openings) if place >= 0]
    end = max(map(text.rfind, closings))
    return text[min(starts) : end + 1] if starts and end > min(starts) else text


def _is_value(text: str) -> bool:
    for reading in (json_value, xml_value):
        try:
            reading(text)
        except Unreadable:
            continue
        return True
    return False


@check(
    "fields_named",
    example=Example(
        arguments={"rows": [{"vendor": "Olt & Sons", "total": 12}]},
        met="Vendor: Olt & Sons\nTotal: 12",
        unmet="Vendor: Olt & Sons\nTotal: 12\nNote: paid in cash",
    ),
)
def fields_named(reply: Reply, *, rows: Rows) -> Finding:
    """Each record has the fields that were asked for, by their names, and no other.

    Case, spaces and `_` in names do not matter. Rows of plain text without names have their fields
    in the order that was asked for, which is the order of `rows`.
    """
    given = read(reply.text, tuple(rows[0]))
    wanted = {plain_name(name) for name in rows[0]}
    if not given.records:
        return found(False, "none of the fields was found")
    if given.extra:
        return found(False, f"not asked for: {', '.join(given.extra[:3])}")
    missing = {name for record in given.records for name in wanted - set(record)}
    return found(not missing, f"missing: {', '.join(sorted(missing))}" if missing else "all there")


@check(
    "fields_say",
    example=Example(
        arguments={"rows": [{"who": "Ines", "hours": 7.5}, {"who": "Bo", "hours": 3}]},
        met="| who | hours |\n|---|---|\n| Ines | 7.50 |\n| Bo | 3 |",
        unmet="| who | hours |\n|---|---|\n| Ines | 7 |\n| Bo | 3 |",
    ),
)
def fields_say(
    reply: Reply,
    *,
    rows: Rows,
    ordered: Annotated[
        bool, Field(description="whether the records must come in this order")
    ] = False,
    share: Annotated[Share, Field(description="at least this share of the values is right")] = 1.0,
) -> Finding:
    """The fields of the reply say what they should, in whichever format it came.

    JSON, XML, tables, lists and lines are read alike, also from a code block or amid words, so that
    what a reply says is comparable between formats. Numbers are compared as numbers (`12.50`,
    `€ 12.5`, `1,200`), texts without case and outer quotation marks; a list of values gives
    several that are right. With `share` 1 there must also be no record too many.
    """
    given = read(reply.text, tuple(rows[0]))
    total = sum(len(row) for row in rows)
    hits = _hits(given, rows, ordered)
    too_many = len(given.records) - len(rows)
    reason = f"{hits} of {total} values"
    if too_many > 0:
        reason += f", {too_many} records too many"
    return found(hits >= share * total and (share < 1 or too_many <= 0), reason)


def _hits(given: Given, rows: Sequence[Mapping[str, Any]], ordered: bool) -> int:
    """How many values are right; without an order, each row takes the record that suits it best."""
    left = list(given.records)
    hits = 0
    for place, row in enumerate(rows):
        if not left:
            break
        fits = [sum(_same(one, name, value) for name, value in row.items()) for one in left]
        if ordered:
            hits += fits[0] if place < len(given.records) else 0
            left.pop(0)
        elif best := max(fits):
            hits += best
            left.pop(fits.index(best))
    return hits


def _same(record: Mapping[str, str], name: str, wanted: Any) -> bool:
    given = record.get(plain_name(name))
    return given is not None and same(given, wanted)


def same(given: str, wanted: Any) -> bool:
    """Whether a value is the one that is wanted, or one of them."""
    if isinstance(wanted, list):
        return any(same(given, one) for one in wanted)
    if isinstance(wanted, bool):
        return _plain(given) in (("true", "yes") if wanted else ("false", "no"))
    if isinstance(wanted, int | float):
        number = _number(given)
        return number is not None and abs(number - wanted) <= 1e-9 * max(1.0, abs(wanted))
    return _plain(given) == _plain(str(wanted))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip("\"'“”„«»`*_() ").rstrip(".,;")


_FIGURE = re.compile(r"[^\d.,+−-]*([+−-]?)\s?\D?\s?(\d[\d.,'’ \u00a0\u202f]*)\s*\D{0,12}")


def _number(text: str) -> float | None:
    """The number that a text is, with a unit or a currency beside it; None: it is none."""
    match = _FIGURE.fullmatch(text.strip())
    if match is None:
        return None
    digits = re.sub(r"[ '’\u00a0\u202f]", "", match[2]).rstrip(".,")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})*,\d{1,2}|\d+,\d{1,2}", digits):
        digits = digits.replace(".", "").replace(",", ".")
    try:
        number = float(digits.replace(",", ""))
    except ValueError:
        return None
    return -number if match[1] in ("-", "−") else number
