"""What a reply is made of: lines, words, list items, sections, tables, numbers and dates."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

import regex  # it ships no type information
from markdown_it.token import Token

from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.length import word_spans
from tastemaker.checks.markdown import blocks, unfenced
from tastemaker.checks.phrases import unaccented
from tastemaker.records import Finding

_FIRST = regex.compile(r"[\p{L}\p{N}]")
_LAST = regex.compile(r"(?r)[\p{L}\p{N}\p{M}]")
_LETTERS = regex.compile(r"\p{L}")
_LINE_END = re.compile(r"\r\n?|\n")


def lines(text: str) -> list[str]:
    """The lines in which something stands, without the spaces around it."""
    return [line.strip() for line in _LINE_END.split(text) if line.strip()]


def words(text: str) -> list[str]:
    """The words as `words` counts them, without marks at their ends."""
    return [core(text[start:end]) for start, end in word_spans(text)]


def core(text: str) -> str:
    """From the first letter or digit to the last; "" where there is none."""
    if text[:1].isalnum() and text[-1:].isalnum():
        return text
    first, last = _FIRST.search(text), _LAST.search(text)
    return text[first.start() : last.end()] if first and last else ""


def count_words(text: str) -> int:
    """How many words there are, as `words` counts them."""
    return len(word_spans(text))


def letters(text: str) -> list[str]:
    """Its letters."""
    found: list[str] = _LETTERS.findall(text)
    return found


def nth(parts: Sequence[str], place: int) -> str | None:
    """The part at a place, from 1, or from the end with -1; None where there is none."""
    at = place - 1 if place > 0 else len(parts) + place
    return parts[at] if 0 <= at < len(parts) else None


def plainly(text: str) -> str:
    """In small letters without accents, for comparing."""
    return unaccented(text.casefold())[0]


def undressed(text: str) -> str:
    """Without asterisks and backticks, and without underscores around it: `**Total**` is Total."""
    return re.sub(r"[*`]+", "", text).strip().strip("_").strip()


def every(
    parts: Sequence[str],
    what: str,
    count: Callable[[str], int],
    unit: str,
    *,
    min: int | None,
    max: int | None,
    exactly: int | None,
) -> Finding:
    """Whether every part keeps to the limits of a count, and there is a part; the first that fails.

    Args:
        parts: Passages of the reply.
        what: Their name, `line`.
        count: How many units are in a part.
        unit: The name of what is counted, `word`.
        min: At least this many in each.
        max: At most this many.
        exactly: No more and no less.
    """
    for number, part in enumerate(parts, start=1):
        finding = within(count(part), unit, min=min, max=max, exactly=exactly, quote=part)
        if not finding.value:
            return found(False, f"{what} {number}: {finding.reason}", part)
    if not parts:
        return found(False, f"there is no {what}")
    return found(True, f"{plural(len(parts), what)}, each within the limits")


# Lists, sections, tables -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item of a list."""

    text: str
    """Its first paragraph."""
    number: int | None
    """None for a bullet."""
    items: list["Item"] = field(default_factory=list)
    """Of the lists inside it."""


def items(text: str) -> list[Item]:
    """The items of all lists that stand in no other, each with those inside it."""
    top: list[Item] = []
    open_items: list[Item] = []
    tokens = blocks(text)
    for place, token in enumerate(tokens):
        if token.type == "list_item_open":
            number = int(token.info) if token.info.isdigit() else None
            item = Item(text=_first_paragraph(tokens[place + 1 : place + 3]), number=number)
            (open_items[-1].items if open_items else top).append(item)
            open_items.append(item)
        elif token.type == "list_item_close":
            open_items.pop()
    return top


def _first_paragraph(tokens: Sequence[Token]) -> str:
    """What an item begins with, where that is a paragraph."""
    begins = [token.type for token in tokens] == ["paragraph_open", "inline"]
    return tokens[1].content if begins else ""


def flat(found: Sequence[Item]) -> Iterator[Item]:
    """These items and all inside them."""
    for item in found:
        yield item
        yield from flat(item.items)


def entries(text: str) -> list[str]:
    """What can be in an order: the items of the list; of a reply without a list, its lines."""
    listed = [item.text for item in items(text)]
    return [undressed(entry) for entry in listed or lines(text)]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with what stands under it, up to the next heading."""

    level: int
    title: str
    body: str


def sections(text: str) -> list[Section]:
    """The headings in order, each with its text."""
    tokens = blocks(text)
    at = [
        (place, token.map)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]
    rows = _LINE_END.split(text)
    ends = [start for _, (start, _) in at[1:]] + [len(rows)]
    return [
        Section(
            level=int(tokens[place].tag[1]),
            title=undressed(tokens[place + 1].content),
            body="\n".join(rows[below[1] : end]),
        )
        for (place, below), end in zip(at, ends, strict=False)  # of no headings there is one end
    ]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A Markdown table: cells as they stand, without marks for bold and code."""

    columns: list[str]
    rows: list[list[str]]

    def column(self, name: str) -> list[str] | None:
        """The cells below this head, whatever its case; None when there is no such column."""
        heads = [plainly(head) for head in self.columns]
        if plainly(name) not in heads:
            return None
        place = heads.index(plainly(name))
        return [row[place] for row in self.rows]


def tables(text: str) -> list[Table]:
    """The Markdown tables in order."""
    found: list[Table] = []
    tokens = blocks(text)
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            found.append(Table(columns=[], rows=[]))
        elif token.type == "tr_open" and found[-1].columns:
            found[-1].rows.append([])
        elif token.type == "th_open":
            found[-1].columns.append(undressed(tokens[place + 1].content))
        elif token.type == "td_open":
            found[-1].rows[-1].append(undressed(tokens[place + 1].content))
    return found


def fenced(text: str) -> str:
    """The content of the one code block that is the whole text; the text itself otherwise."""
    inner = unfenced(text)
    return text if inner is None else inner


# Numbers and dates -------------------------------------------------------------------------------

_NUMBER = re.compile(r"(?<![\w.,])[-−+]?\d{1,100}(?:[.,'’\u00a0\u202f]\d{1,100})*")
_GROUPED = re.compile(r"\d{1,3}(?:([,.'’\u00a0\u202f])\d{3})(?:\1\d{3})*")
_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_NO_VERBS = {"march": "mar|(?-i:M)arch", "may": "(?-i:M)ay"}
"""Months that are months only with a capital: pump 2 may fail, and 12 march on."""
_MONTH = "|".join(_NO_VERBS.get(name, f"{name[:3]}(?:{name[3:]})?") for name in _MONTHS) + "|sept"
_DAY = r"\d{1,2}(?:st|nd|rd|th|\.)?"
ISO_DATE = re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])")
OTHER_DATE = re.compile(
    rf"(?<!\w)(?:(?P<d1>{_DAY}) (?:of )?(?P<m1>{_MONTH})\.?(?:,? (?P<y1>\d{{4}}))?"
    rf"|(?P<m2>{_MONTH})\.? (?P<d2>{_DAY})(?:,? (?P<y2>\d{{4}}))?"
    r"|(?P<d3>\d{1,2})\.(?P<m3>\d{1,2})\.(?P<y3>\d{4}|\d{2})"
    r"|\d{1,4}/\d{1,2}/\d{1,4})(?!\w)",
    re.IGNORECASE,
)
_MONTH_OF = re.compile(rf"(?<!\w)({_MONTH})\.? (\d{{4}})(?!\w)", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\w.,-])([12]\d{3})(?![\w-])")


def number(text: str) -> Decimal | None:
    """The first number in a text; None where there is none, or its marks can mean two things.

    `1,200`, `1'200` and `1.200.000` are in thousands, `3.5` and `3,5` have a decimal part; `1.200`
    is 1.2, as in English.
    """
    match = _NUMBER.search(text)
    if match is None:
        return None
    sign = -1 if match[0][0] in "-−" else 1
    digits = match[0].lstrip("-−+")
    whole, dot, decimals = digits.rpartition(".")
    if dot and _GROUPED.fullmatch(whole) and "." not in whole:
        return sign * Decimal(re.sub(r"\D", "", whole) + "." + decimals)
    grouped = _GROUPED.fullmatch(digits)
    if grouped and (grouped[1] != "." or digits.count(".") > 1):
        return sign * Decimal(re.sub(r"\D", "", digits))
    marks = re.sub(r"\d", "", digits)
    return sign * Decimal(digits.replace(",", ".")) if marks in ("", ".", ",") else None


Day = tuple[int, int, int]
"""Year, month, day; 0 for what is not said."""


def day(text: str) -> Day | None:
    """The first date in a text: `2024-03-05`, `5 March 2024`, `Mar 5, 2024`, `5.3.2024`, a year.

    None where there is none, or it is written with slashes, which can mean two days.
    """
    if match := ISO_DATE.search(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := OTHER_DATE.search(text):
        return _day_of(match)
    if match := _MONTH_OF.search(text):
        return int(match[2]), _month(match[1]), 0
    year = _YEAR.search(text)
    return (int(year[1]), 0, 0) if year else None


def _day_of(match: re.Match[str]) -> Day | None:
    for form in "123":
        said = match[f"d{form}"]
        if said:
            year = int(match[f"y{form}"] or 0)
            return year, _month(match[f"m{form}"]), int(re.sub(r"\D", "", said))
    return None


def _month(name: str) -> int:
    if name.isdigit():
        return int(name)
    return [month[:3] for month in _MONTHS].index(name[:3].lower()) + 1


def is_day(year: str, month: str, of_month: str) -> bool:
    """Whether the calendar has it."""
    try:
        date(int(year), int(month), int(of_month))
    except ValueError:
        return False
    return True


# Order -------------------------------------------------------------------------------------------

By = Literal["text", "number", "date"]


def in_order(parts: Sequence[str], by: By, descending: bool) -> Finding:
    """Whether parts of a reply stand in an order; equal ones may stand beside one another."""
    keys = [_key(part, by) for part in parts]
    if len(parts) < 2:
        return found(False, f"{plural(len(parts), 'entry')}: there is nothing to put in order")
    for part, key in zip(parts, keys, strict=True):
        if key is None:
            return found(False, f"“{part[:60]}” has no {by} to go by")
    for place in range(1, len(parts)):
        pair = (keys[place - 1], keys[place])
        before, after = reversed(pair) if descending else pair
        if before > after:  # type: ignore[operator] # one kind of key for all of them
            return found(False, f"“{parts[place][:60]}” after “{parts[place - 1][:60]}”")
    return found(True, f"{plural(len(parts), 'entry')} in order")


def _key(part: str, by: By) -> str | Decimal | Day | None:
    if by == "text":
        return plainly(core(part))
    return number(part) if by == "number" else day(part)
