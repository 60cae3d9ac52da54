"""What a reply left to be filled in: `[Your Name]`, `{{company}}`, `XX/XX`."""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import SkipCode, Texts
from tastemaker.checks.counting import found, plural
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

# A word that names what is missing; none of them alone makes plain text a placeholder.
_NAMING = re.compile(
    r"\b(?:your|my|our|their|insert|enter|add|fill|replace|specify|name|first ?name|last ?name|"
    r"date|time|day|month|year|company|organi[sz]ation|employer|position|job|role|title|address|"
    r"street|city|state|country|zip|phone|number|email|e-mail|recipient|sender|manager|client|"
    r"customer|product|project|team|department|amount|price|id|link|url|topic|reason|signature|"
    r"placeholder|here|university|school|event|venue|location|deadline|field|details?)\b",
    re.IGNORECASE,
)
# What writers put in brackets and mean: songs, plays, transcripts, edits.
_MEANT = re.compile(
    r"(?:chorus|verse|bridge|outro|intro|hook|refrain|scene|act|music|applause|laughter|laughs|"
    r"pause|silence|sic|image|video|audio|photo|edit|update|note|redacted|citation|source|fig|"
    r"figure|table|appendix|ref|ok|pass|fail|done|done:|todo|wip|x)\b",
    re.IGNORECASE,
)

_SQUARE = re.compile(r"(?<![\]!\w\\])\[([^\[\]\n^]{1,60})\](?![(\[:])")
_CHECKBOX = re.compile(r"^[ \t>]*(?:[-*+•]|\d+[.)])\s+\[[ xX]\]", re.MULTILINE)
_DEFINED = re.compile(r"^ {0,3}\[([^\]\n]{1,60})\]:", re.MULTILINE)
_ANGLE = re.compile(r"<([A-Za-z][^<>\n=/@:]{0,58})>")
_CLOSED = re.compile(r"</([A-Za-z][\w-]*)\s*>")
_DOUBLE = re.compile(r"\{\{[^{}\n]{1,60}\}\}")
_SINGLE = re.compile(r"(?<![\w\\{}_^])\$?\{([A-Za-z][\w ]{0,40})\}(?!\})")
_SPELLED = re.compile(
    r"\b(?:X{2,}|DD|MM|YYYY)(?:[/.:-](?:X{2,}|DD|MM|YYYY|YY)){1,3}\b"  # XX/XX, DD.MM.YYYY
    r"|[$€£]X+(?:,X+)*(?:\.X+)?\b|\bX{2,}%"  # $XX, XX%
    r"|\bINSERT (?!INTO\b)[A-Z]+(?: [A-Z]+){0,5}\b|\bYOUR [A-Z]{3,}(?: [A-Z]+){0,3} HERE\b"
    r"|(?<=[\w:] )_{4,}|(?<=:)_{4,}|\b[Ll]orem ipsum\b"
)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_ ]+")
_TITLE = re.compile(r"(?:[A-Z][\w'’.-]*|of|the|and|or|a|an|for|to|in|/)(?:[ /](?!$)|$)")


@check(
    "no_placeholders",
    example=Example(
        met="Hi Dana,\n\nThe [invoice](https://example.com/7) is attached [1].\n\nAna",
        unmet="Hi [Recipient's Name],\n\nThe invoice is attached.\n\n[Your Name]",
    ),
)
def no_placeholders(
    reply: Reply,
    *,
    allow: Annotated[
        Texts | None, Field(description="placeholders that may stand, with their brackets")
    ] = None,
    from_prompt: Annotated[
        bool, Field(description="whether those that stand in the prompt may stay")
    ] = False,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply leaves nothing to be filled in.

    `[Your Name]`, `[Company]`, `[X]`, `<name>`, `{{company}}`, `{first_name}`, `$XX`, `DD/MM/YYYY`,
    `INSERT DATE` and blanks to write on are placeholders. Links, footnotes, checkboxes, HTML and
    XML elements, formulas, `[sic]`, `[Chorus]` and code are not.
    """
    text = prose(reply, skip_code)
    spans = sorted({*_square(text), *_angle(text), *_braces(text), *_spelled(text)})
    allowed = {phrase.casefold() for phrase in allow or ()}
    passages = [reply.text[start:end] for start, end in spans]
    seen = [
        passage
        for passage in passages
        if passage.casefold() not in allowed and not (from_prompt and passage in reply.prompt)
    ]
    which = f": {', '.join(dict.fromkeys(seen))}" if seen else ""
    return found(not seen, plural(len(seen), "placeholder") + which, seen[0] if seen else "")


Span = tuple[int, int]


def _square(text: str) -> Iterator[Span]:
    boxes = {match.end() for match in _CHECKBOX.finditer(text)}
    defined = {match[1].casefold() for match in _DEFINED.finditer(text)}
    for match in _SQUARE.finditer(text):
        inside = match[1].strip()
        if match.end() not in boxes and inside.casefold() not in defined and _asks(inside):
            yield match.span()


def _asks(inside: str) -> bool:
    """Whether what stands in square brackets is to be filled in."""
    if re.fullmatch(r"[XYZN]|X{2,}", inside):
        return True
    if _MEANT.match(inside) or not re.search(r"[^\W\d_]", inside):
        return False
    if _NAMING.search(inside.replace("_", " ")) or _CAPITALS.fullmatch(inside):
        return True
    return inside[0].isupper() and _is_title(inside)


def _is_title(inside: str) -> bool:
    """Whether each word has a capital: `Hiring Manager`, not `I think so`."""
    position = 0
    while position < len(inside) and (match := _TITLE.match(inside, position)):
        position = match.end()
    return position == len(inside)


def _angle(text: str) -> Iterator[Span]:
    closed = {match[1].casefold() for match in _CLOSED.finditer(text)}
    for match in _ANGLE.finditer(text):
        inside = match[1].replace("_", " ")
        element = inside.split()[0].casefold() in closed
        if not element and (_NAMING.search(inside) or _CAPITALS.fullmatch(inside)):
            yield match.span()


def _braces(text: str) -> Iterator[Span]:
    for match in _DOUBLE.finditer(text):
        yield match.span()
    for match in _SINGLE.finditer(text):
        inside = match[1].replace("_", " ")
        if _NAMING.search(inside) or _CAPITALS.fullmatch(inside) or "_" in match[1]:
            yield match.span()


def _spelled(text: str) -> Iterator[Span]:
    for match in _SPELLED.finditer(text):
        yield match.span()
