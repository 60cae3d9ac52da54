"""The form of a reply: headings, lists, tables, code and the like, as a reader would see them."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import Field

from tastemaker.checks.arguments import Exactly, Max, Min, Share, Text, limits, some_limit
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

# Only blocks are parsed: what stands inside a line is for regular expressions. Left out is what
# people do not mean in a chat: four spaces of indent as code, a line of dashes as a heading of the
# line above it, `<name>` as the start of HTML, `[a]: b` as a link that is not shown.
_PARSER = (
    MarkdownIt("commonmark")
    .enable("table")
    .disable(["inline", "code", "lheading", "html_block", "reference"])
)
Span = tuple[int, int]

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+$")
_BULLET = re.compile(r"^([ \t>]*)[•‣◦▪●∙](?=[ \t])", re.MULTILINE)
_INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`).{1,1000}?(?<!`)\1(?!`)")
_SEEN = re.compile(r"[^\r\n]")
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_LEAD_IN = re.compile(
    r"^[ \t>]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\*\*[^*\n]{1,60}|__[^_\n]{1,60})"
    r"(?::(?:\*\*|__)|(?:\*\*|__) ?[:–—-])",
    re.MULTILINE,
)
_PARTED = {"bullet_list_open", "ordered_list_open", "table_open", "heading_open"}
_LISTS = {"bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"}
_BOLD = re.compile(r"(?<!\*)\*\*(?![\s*])[^\n*]+(?<![\s*])\*\*(?!\*)|\b__(?!\s)[^\n_]+(?<!\s)__\b")


@lru_cache(maxsize=16)  # several checks look at one reply
def blocks(text: str) -> tuple[Token, ...]:
    """The Markdown blocks of a text in order; the text of each is unparsed. `•` is a bullet too."""
    return tuple(_PARSER.parse(_BULLET.sub(r"\1-", text)))


@lru_cache(maxsize=16)
def without_code(text: str) -> str:
    """The text with code blocks and `code` made blank; everything else stays where it was."""
    lines = _LINE.findall(text)
    fenced = "```" in text or "~~~" in text  # most replies have no code, and parsing takes time
    for token in blocks(text) if fenced else ():
        if token.type == "fence" and token.map:
            for number in range(token.map[0], min(token.map[1], len(lines))):
                lines[number] = _blank(lines[number])
    return _INLINE_CODE.sub(lambda match: _blank(match[0]), "".join(lines))


def _blank(text: str) -> str:
    return _SEEN.sub(" ", text)


def prose(reply: Reply, skip_code: bool) -> str:
    """What a check reads: the reply, or the reply with its code made blank."""
    return without_code(reply.text) if skip_code else reply.text


def paragraph_spans(text: str) -> list[Span]:
    """Where the paragraphs stand, without those in lists."""
    starts = [0]
    for line in _LINE.findall(text):
        starts.append(starts[-1] + len(line))
    last = len(starts) - 1
    return [
        (starts[min(token.map[0], last)], starts[min(token.map[1], last)])
        for token in _outside_lists(blocks(text))
        if token.type == "paragraph_open" and token.map
    ]


def running_text(text: str) -> str:
    """The text with all that is no paragraph made blank: lists, headings, tables, code."""
    whole = without_code(text)
    kept = list(_blank(whole))
    for start, end in paragraph_spans(text):
        kept[start:end] = whole[start:end]
    return "".join(kept)


def _quote(text: str, token: Token) -> str:
    """The first line of a block, as it stands in the reply."""
    return _LINE.findall(text)[token.map[0]].strip() if token.map else ""


def _outside_lists(tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        if token.type in _LISTS:
            depth += token.nesting
        elif depth == 0:
            yield token


@check(
    "paragraphs",
    rules=[some_limit],
    example=Example(
        arguments={"max": 2},
        met="Thanks for asking.\n\nThe invoice went out on Monday.",
        unmet="Thanks for asking.\n\nThe invoice went out on Monday.\n\nBest, Ana",
    ),
)
def paragraphs(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """The reply has this many paragraphs.

    Blank lines separate them. Headings, lists, tables, code and rules are not paragraphs; the
    greeting and the sign-off of an email are.
    """
    tokens = _outside_lists(blocks(reply.text))
    count = sum(token.type == "paragraph_open" for token in tokens)
    return within(count, "paragraph", min=min, max=max, exactly=exactly)


@check(
    "list_share",
    example=Example(
        arguments={"max": 0.7, "lead_ins": 1},
        met="Two things are open:\n\n- the deposit\n- who has the keys",
        unmet="- **Deposit:** it is open.\n- **Keys:** nobody has them.",
    ),
)
def list_share(
    reply: Reply,
    *,
    max: Annotated[
        Share, Field(description="the largest share of the words that may stand there")
    ] = 0.5,
    lead_ins: Annotated[
        int | None,
        Field(ge=0, description="how many items may begin with words in bold and a colon or dash"),
    ] = None,
) -> Finding:
    """At most this share of the reply's words stands in lists, tables and headings.

    What is an argument becomes a heap in a list: the words that hold it together are the first to
    go. Code counts for nothing on either side.
    """
    text = without_code(reply.text)
    lines = _LINE.findall(text)
    parts = [token.map for token in blocks(reply.text) if token.type in _PARTED and token.map]
    parted = {number for start, end in parts for number in range(start, min(end, len(lines)))}
    within_parts = sum(len(_WORD.findall(lines[number])) for number in parted)
    total = len(_WORD.findall(text))
    share = within_parts / total if total else 0.0
    reason = f"{share:.0%} of the words stand in lists, tables and headings, at most {max:.0%}"
    led = _LEAD_IN.findall(text)
    if lead_ins is not None:
        reason += f"; {plural(len(led), 'item')} with a bold lead-in, at most {lead_ins}"
    return found(share <= max and (lead_ins is None or len(led) <= lead_ins), reason)


Levels = Annotated[
    list[Annotated[int, Field(ge=1, le=6)]] | None,
    Field(description="only headings of these levels, 1 to 6; otherwise all"),
]


@check(
    "headings",
    rules=[limits],
    example=Example(
        arguments={"min": 2, "levels": [2]},
        met="# Plan\n\n## Before\n\nPack.\n\n## After\n\nRest.",
        unmet="# Plan\n\nPack, then rest.",
    ),
)
def headings(
    reply: Reply,
    *,
    levels: Levels = None,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
) -> Finding:
    """The reply has headings: at least one, unless a number is given.

    `# Title` is a heading; a line in bold is not. `max: 0` asks for none.
    """
    tags = {f"h{level}" for level in levels or range(1, 7)}
    tokens = [t for t in blocks(reply.text) if t.type == "heading_open" and t.tag in tags]
    quotes = (_quote(reply.text, token) for token in tokens)
    return within(len(tokens), "heading", min=min, max=max, exactly=exactly, quote=next(quotes, ""))


@check(
    "bold",
    rules=[limits],
    example=Example(
        arguments={"max": 1},
        met="The deadline is **Friday**.",
        unmet="The **deadline** is **Friday**.",
    ),
)
def bold(reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None) -> Finding:
    """The reply has passages in bold: at least one, unless a number is given.

    `**so**` and `__so__`, within a line and outside code. `max: 0` asks for none.
    """
    spans = [match.span() for match in _BOLD.finditer(without_code(reply.text))]
    quotes = (reply.text[start:end] for start, end in spans)
    return within(
        len(spans), "bold passage", min=min, max=max, exactly=exactly, quote=next(quotes, "")
    )


@check(
    "table",
    rules=[limits],
    example=Example(
        met="| city | people |\n|---|---|\n| Bern | 134,000 |",
        unmet="Bern | 134,000 people",
    ),
)
def table(
    reply: Reply,
    *,
    columns: Annotated[
        int | None, Field(ge=1, description="only tables of this many columns")
    ] = None,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
) -> Finding:
    """The reply has Markdown tables: at least one, unless a number is given."""
    tables = [width for width in _widths(blocks(reply.text)) if columns in (None, width)]
    return within(len(tables), "table", min=min, max=max, exactly=exactly)


def _widths(tokens: Sequence[Token]) -> list[int]:
    """The number of columns of each table."""
    widths: list[int] = []
    for token in tokens:
        if token.type == "table_open":
            widths.append(0)
        elif token.type == "th_open":
            widths[-1] += 1
    return widths


@check(
    "code_block",
    rules=[limits],
    example=Example(
        arguments={"language": "python"},
        met="Try this:\n\n```python\nprint(sum(numbers))\n```",
        unmet="Try `print(sum(numbers))`.",
    ),
)
def code_block(
    reply: Reply,
    *,
    language: Annotated[
        Text | None, Field(description="only blocks marked with this language")
    ] = None,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
) -> Finding:
    """The reply has fenced code blocks: at least one, unless a number is given."""
    fences = [token for token in blocks(reply.text) if token.type == "fence"]
    marked = [t for t in fences if language is None or _marked(t) == language.casefold()]
    quotes = (_quote(reply.text, token) for token in marked)
    return within(
        len(marked), "code block", min=min, max=max, exactly=exactly, quote=next(quotes, "")
    )


def _marked(fence: Token) -> str:
    return next(iter(fence.info.split()), "").casefold()


@check(
    "list_of",
    rules=[limits],
    example=Example(
        arguments={"exactly": 2, "kind": "bulleted"},
        met="- Call Dana\n  - about the invoice\n- Book the room",
        unmet="1. Call Dana\n2. Book the room",
    ),
)
def list_of(
    reply: Reply,
    *,
    kind: Annotated[
        Literal["any", "ordered", "bulleted"], Field(description="which lists count")
    ] = "any",
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
) -> Finding:
    """The reply lists this many items; at least one, unless a number is given.

    The items of all lists together; items of lists inside items do not count. `-`, `*`, `+` and `•`
    start a bulleted item, `1.` and `1)` an ordered one.
    """
    items = [token for token in _items(blocks(reply.text)) if kind in ("any", _kind(token))]
    quotes = (_quote(reply.text, token) for token in items)
    noun = "item" if kind == "any" else f"{kind} item"
    return within(len(items), noun, min=min, max=max, exactly=exactly, quote=next(quotes, ""))


def _items(tokens: Sequence[Token]) -> Iterator[Token]:
    """The items of lists that stand in no other list."""
    depth = 0
    for token in tokens:
        if token.type in _LISTS:
            depth += token.nesting
        elif token.type == "list_item_open" and depth == 1:
            yield token


def _kind(item: Token) -> str:
    # An ordered item carries its number.
    return "ordered" if item.info else "bulleted"


@check(
    "valid_json",
    example=Example(
        arguments={"kind": "object", "required": ["name"]},
        met='{"name": "Dana", "age": 41}',
        unmet='{"age": 41}',
    ),
)
def valid_json(
    reply: Reply,
    *,
    kind: Annotated[
        Literal["any", "object", "array"], Field(description="what stands at the top")
    ] = "any",
    required: Annotated[
        list[Text] | None, Field(description="keys that the object at the top must have")
    ] = None,
    fenced: Annotated[
        bool, Field(description="whether one code block around all of it is allowed")
    ] = False,
) -> Finding:
    """The whole reply is JSON and nothing else.

    Strictly: no comments, no trailing commas, no NaN.
    """
    inner = unfenced(reply.text.strip()) if fenced else None
    text = reply.text if inner is None else inner
    try:
        value = json.loads(text, parse_constant=no_constant, parse_int=float)
    except ValueError as error:
        return Finding(value=0.0, reason=f"not JSON: {error}")
    except RecursionError:
        return Finding(value=0.0, reason="nested too deeply to read")
    return found(*_shape(value, kind, required or []))


def no_constant(name: str) -> Any:
    """For `json.loads`: NaN and Infinity, which Python reads, are no JSON."""
    raise ValueError(f"{name} is not JSON")


def unfenced(text: str) -> str | None:
    """The content of the one code block that is the whole text; None where it is not."""
    tokens = blocks(text)
    return tokens[0].content if len(tokens) == 1 and tokens[0].type == "fence" else None


def _shape(value: Any, kind: str, required: Sequence[str]) -> tuple[bool, str]:
    top = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "value"
    wanted = "object" if required else kind
    if wanted not in ("any", top):
        return False, f"JSON, but its top is not an {wanted}"
    missing = [key for key in required if key not in value]
    return not missing, f"JSON, but without {', '.join(missing)}" if missing else f"JSON, {top}"
