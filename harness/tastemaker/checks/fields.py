"""What fields a reply gives and what stands in them, whether in JSON, XML, Markdown or plain text.

One reading for all: what is asked for is known, so that the same record is found in
`{"total": 12}`, `<total>12</total>`, `| total | 12 |` and `Total: 12`. What does not belong to a
record is told apart, as strays: words of greeting, words of explanation.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from tastemaker.checks.markdown import blocks, no_constant

LONGEST = 100_000
"""Characters of a reply that are read; a longer one gives no fields."""
DEEPEST = 60
MOST_ELEMENTS = 20_000
MOST_WORDS = 8
"""In a field of a row that only its place names."""
MOST_BARE = 3
"""Fields of a row that nothing but spaces parts: more of them are a sentence."""

Record = Mapping[str, str]
"""A value for each field, by the field's plain name."""


class Unreadable(ValueError):
    """Not in this format: the message says why."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a text gives."""

    records: tuple[Record, ...] = ()
    strays: tuple[str, ...] = ()
    """Lines that belong to no record."""
    extra: tuple[str, ...] = ()
    """Fields that nobody asked for."""


NOTHING = Given()


def plain_name(name: str) -> str:
    """A field's name without case, spaces and what joins words: `Due date` is `due_date`."""
    return re.sub(r"[\W_]+", "", name.casefold())


@lru_cache(maxsize=64)
def read(text: str, names: tuple[str, ...]) -> Given:
    """The records of these fields in a text, in whichever format they stand; also amid words."""
    if len(text) > LONGEST:
        return NOTHING
    for part in _parts(text):
        for reading in (json_value, xml_value):
            try:
                given = from_value(reading(part), names)
            except Unreadable:
                continue
            if given.records:
                return given
    return max((from_lines(part, names) for part in _unwrapped(text)), key=_fits)


def _fits(given: Given) -> tuple[int, int]:
    return sum(len(record) for record in given.records), -len(given.strays)


def _unwrapped(text: str) -> list[str]:
    """The text, and what stands in its code blocks."""
    return [text, *(token.content for token in blocks(text) if token.type == "fence")]


def _parts(text: str) -> Iterator[str]:
    """Where a value of JSON or XML may stand: all of it, its code blocks, from mark to mark."""
    yield from reversed(_unwrapped(text))
    for opening, closing in (("{", "}"), ("[", "]"), ("<", ">")):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            yield text[start : end + 1]


# JSON and XML ------------------------------------------------------------------------------------


def json_value(text: str) -> Any:
    """What a text of JSON says, strictly: no comments, no NaN, no name twice in one object.

    Raises:
        Unreadable: It is not JSON.
    """
    try:
        return json.loads(
            text, parse_constant=no_constant, parse_float=str, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def xml_value(text: str) -> dict[str, Any]:
    """A text of XML as nested values: attributes and elements by name, repeated ones as a list.

    Nothing is looked up and nothing expanded: a document type is refused before its first entity.

    Raises:
        Unreadable: It is not well-formed, declares a document type, or is too deep or too large.
    """
    reading = _Elements()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reading.doctype
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.data
    try:
        parser.Parse(text.strip(), True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise Unreadable(f"not XML: {error}") from error
    return reading.root


class _Elements:
    """The elements that are open, from the outermost, while a parser goes through a text."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.open: list[tuple[str, dict[str, Any], list[str]]] = [("", self.root, [])]
        self.count = 0

    def doctype(self, *_: Any) -> None:
        raise Unreadable("not read: it declares a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) > DEEPEST or self.count > MOST_ELEMENTS:
            raise Unreadable("not read: too many elements, or too deep")
        self.open.append((name, dict(attributes), []))

    def end(self, name: str) -> None:
        _, children, said = self.open.pop()
        text = "".join(said).strip()
        value: Any = {**children, "": text} if children and text else children or text
        parent = self.open[-1][1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def data(self, text: str) -> None:
        self.open[-1][2].append(text)


def from_value(value: Any, names: Sequence[str]) -> Given:
    """The records in nested values: objects that have some of the fields, lists of one field."""
    wanted = {plain_name(name) for name in names}
    records: list[Record] = []
    extra: set[str] = set()
    _walk(value, wanted, records, extra)
    return Given(records=tuple(records), extra=tuple(sorted(extra)))


def _walk(
    value: Any, wanted: set[str], records: list[Record], extra: set[str], depth: int = 0
) -> None:
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        if len(wanted) == 1 and all(not isinstance(one, dict | list) for one in value):
            records.extend({next(iter(wanted)): _text(one)} for one in value)
            return
        for one in value:
            _walk(one, wanted, records, extra, depth + 1)
    elif isinstance(value, dict):
        told = {plain_name(name): one for name, one in value.items() if name}
        record = {
            name: _text(one)
            for name, one in told.items()
            if name in wanted and not isinstance(one, dict | list)
        }
        if record:
            records.append(record)
            extra.update(name for name in told if name not in wanted)
        else:
            for one in value.values():
                _walk(one, wanted, records, extra, depth + 1)


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return str(value)


# Lines -------------------------------------------------------------------------------------------

_MARK = re.compile(r"^\s*(?:>\s*)*(?P<heading>#{1,6}\s+)?(?P<bullet>(?:[-*+•]|\d{1,3}[.)])\s+)?")
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_RULE = re.compile(r"(?=.*?--)[\s:|-]+|\s*[-=*_]{3,}\s*")
_PAIR = re.compile(r"\s*([^:=\n]{1,60}?)\s*(?::|=|：)\s*(.*)$")
_BETWEEN = (
    r"\t+",
    r"\s*;\s*",
    r"\s*\|\s*",
    r"\s*,\s+",
    r",",
    r"\s+[-–—]+>?\s+",
    r"\s*[:=：]\s+",
    r"\s*→\s*",
    r"\)\s+",
    r"\s{2,}",
    r"\s+(?=\d\S*$)",
)
"""What parts the fields of a row, the surest first; the last two do not part a heading."""
_HEAD = re.compile(r"(.+?)(?:\s*[:：]\s+|\s+[-–—]+>?\s+)(?=\S)")
_SERIES = re.compile(r"\s*(?:,\s|;|→|>)\s*")
_FENCE = re.compile(r"\s*(?:```|~~~)")


@dataclass
class _Lines:
    """The records that lines have given so far."""

    names: tuple[str, ...]
    """The plain names, in the order in which they were asked for."""
    records: list[dict[str, str]]
    strays: list[str]
    extra: set[str]
    order: tuple[str, ...]
    """The names in the order of the last line that names them all."""
    header: tuple[str, ...] = ()
    """The names in the first line of the table that is open."""
    titled: bool = False
    """The last record has nothing yet but a name that a heading or item gave it."""
    closed: bool = True
    """Nothing is added to the last record any more."""
    paired: bool = False
    """Fields come by name: a name that was not asked for is no row of two."""

    def pair(self, name: str, value: str) -> None:
        if self.titled and name == self.names[0]:
            self.records.pop()
            self.closed = True
        if self.closed or name in self.records[-1]:
            self.records.append({})
        self.records[-1][name] = value
        self.titled = self.closed = False
        self.paired = True

    def row(self, record: dict[str, str]) -> None:
        if self.titled:
            self.records.pop()
        self.records.append(record)
        self.closed, self.titled = True, False


def from_lines(text: str, names: Sequence[str]) -> Given:
    """The records in lines: `name: value`, rows of a table, rows parted by signs, items of a list.

    A line without a sign that says which field it is gives one only where a single field is asked.
    """
    plain = tuple(plain_name(name) for name in names)
    found = _Lines(names=plain, records=[], strays=[], extra=set(), order=plain)
    lines = _lines(text, plain)
    listed = any(match["bullet"] for line in lines if (match := _MARK.match(line)))
    for line in lines:
        if not line.strip():
            found.header = ()
            found.closed = found.closed or set(found.records[-1]) >= set(plain)
        elif not _RULE.fullmatch(line):
            _line(line, found, listed)
    if found.titled:
        found.strays.append(found.records.pop()[plain[0]])
    records = tuple(record for record in found.records if record)
    return Given(records=records, strays=tuple(found.strays), extra=tuple(sorted(found.extra)))


def _lines(text: str, names: Sequence[str]) -> list[str]:
    """The lines outside the marks of code blocks; items on one line, parted by commas, as lines."""
    lines = [line for line in text.splitlines() if line.strip() and not _FENCE.match(line)]
    if len(names) == 1 and len(lines) == 1:
        pair = _PAIR.match(lines[0])
        lead = [f"{pair[1]}:"] if pair else []
        items = [item for item in _SERIES.split(pair[2] if pair else lines[0]) if item]
        if len(items) > 1 and all(len(item.split()) <= MOST_WORDS for item in items):
            return [*lead, *items]
    return [line for line in text.splitlines() if not _FENCE.match(line)]


def _line(line: str, found: _Lines, listed: bool) -> None:
    mark = _MARK.match(line)
    assert mark is not None
    said = _EMPHASIS.sub("", line[mark.end() :]).strip()
    # What parts fields is looked for from each space on: long runs of them are made short.
    said = re.sub(r"\s{2,}", lambda run: "\t" if "\t" in run[0] else "  ", said)
    if said.startswith("|") or said.endswith("|"):
        _cells([cell.strip() for cell in said.strip("|").split("|")], line, found)
        return
    named = _named_pieces(said, found.names)
    pair = _PAIR.match(said)
    if named:
        found.row(named)
    elif pair and plain_name(pair[1]) in found.names and (pair[2] or len(found.names) > 1):
        found.pair(plain_name(pair[1]), pair[2].strip())
    elif bare := _bare_pair(said, found.names):
        found.pair(*bare)
    elif len(found.names) == 1:
        _item(said, bool(mark["bullet"]), bool(mark["heading"]), listed, found)
    else:
        _row(said, line, mark, found)


def _bare_pair(said: str, names: Sequence[str]) -> tuple[str, str] | None:
    """A field and its value in `total 12`; None for the head of a table, or where one is asked."""
    words = said.split()
    for count in range(1, min(len(words), 4)) if len(names) > 1 else ():
        name = plain_name("".join(words[:count]))
        value = words[count:]
        heads = any(plain_name("".join(value[:end])) in names for end in (1, 2, 3))
        if name in names and not heads:
            return name, " ".join(value)
    return None


def _item(said: str, bullet: bool, heading: bool, listed: bool, found: _Lines) -> None:
    """A line where one field is asked for: an item, unless it leads in to some or heads them."""
    if not found.records and plain_name(said) == found.names[0]:
        return
    if said.rstrip().endswith((":", "：")) or (listed and not bullet) or heading:
        if not heading:
            found.strays.append(said)
    else:
        found.row({found.names[0]: said})


def _row(said: str, line: str, mark: re.Match[str], found: _Lines) -> None:
    opens, pair = bool(mark["heading"] or mark["bullet"]), _PAIR.match(said)
    pieces = _pieces(said, len(found.names), surely=bool(mark["heading"]))
    if found.paired and pair and 0 < len(pair[2].split()) <= MOST_WORDS:
        found.extra.add(plain_name(pair[1]))
    elif pieces and {plain_name(piece) for piece in pieces} == set(found.names):
        found.order = tuple(plain_name(piece) for piece in pieces)
    elif pieces:
        found.row(dict(zip(found.order, pieces, strict=True)))
    elif opens and said and not _PAIR.match(said.rstrip(":：")):
        if found.titled:
            found.strays.append(found.records.pop()[found.names[0]])
        found.records.append({found.names[0]: said.rstrip(":：")})
        found.titled, found.closed = True, False
    elif opens and pair and pair[2]:
        found.extra.add(plain_name(pair[1]))
    else:
        found.strays.append(line.strip())


def _named_pieces(said: str, names: Sequence[str]) -> dict[str, str]:
    """The fields of `name: Ana, score: 3`; {} where they do not all stand on the line."""
    if len(names) < 2:
        return {}
    for between in _BETWEEN[:4]:
        pairs = [_PAIR.match(piece) for piece in re.split(between, said)]
        told = {plain_name(pair[1]): pair[2].strip() for pair in pairs if pair}
        if len(pairs) == len(told) == len(names) and set(told) == set(names):
            return told
    return {}


def _pieces(said: str, count: int, *, surely: bool) -> list[str]:
    """A line parted into as many pieces as there are fields; [] where no sign does it.

    A sentence with a comma in it is no row: its pieces are too long. Spaces alone part a short one.
    """
    for pieces in _partings(said.strip(), count, surely=surely):
        if len(pieces) == count and all(0 < len(one.split()) <= MOST_WORDS for one in pieces):
            return pieces
    return []


def _partings(said: str, count: int, *, surely: bool) -> Iterator[list[str]]:
    for between in _BETWEEN[:-2] if surely else _BETWEEN:
        yield re.split(between, said)
    if head := _HEAD.match(said):  # `Ines: gravel, Wednesday`
        for between in _BETWEEN[:6]:
            yield [head[1], *re.split(between, said[head.end() :])]
    if not surely and count <= MOST_BARE and said[-1:] not in ":.!?,：。！":
        yield said.split()


def _cells(cells: list[str], line: str, found: _Lines) -> None:
    """A line of a table: its header, a row under it, or a field and its value."""
    names = tuple(plain_name(cell) for cell in cells)
    known = set(found.names)
    if not found.header and len(set(names) & known) >= min(2, len(known)):
        found.header = names
        found.extra.update(name for name in names if name and name not in known)
    elif known <= set(found.header) and len(cells) == len(found.header):
        row = zip(found.header, cells, strict=True)
        found.row({name: cell for name, cell in row if name in known})
    elif len(cells) == 2 and names[0] in known:
        found.pair(names[0], cells[1])
    elif not found.header:
        found.header = names or ("",)
    elif len(cells) == len(found.names):
        found.extra.update(found.header)
        found.row(dict(zip(found.names, cells, strict=True)))
    else:
        found.strays.append(line.strip())
