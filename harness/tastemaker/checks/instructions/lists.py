"""Instructions about lists and sections."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import Exactly, Max, Min, Texts, some_limit
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.instructions.structure import (
    Section,
    count_words,
    every,
    flat,
    items,
    plainly,
    sections,
)
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply


@check(
    "lists:numbered",
    example=Example(
        arguments={"items": 3},
        met="1. Rope\n2. Key\n3. Lamp",
        unmet="1. Rope\n2. Key\n4. Lamp",
    ),
)
def numbered(
    reply: Reply,
    *,
    items: Annotated[
        int | None, Field(ge=1, description="how many there are; otherwise at least one")
    ] = None,
    start: Annotated[int, Field(ge=0, description="the number of the first")] = 1,
) -> Finding:
    """The numbers of the reply's list go up one by one, without a gap or a number twice.

    The numbers as they are written; those of lists inside items do not count. Two lists that each
    begin at 1 are not one.
    """
    numbers = _numbers(reply.text)
    expected = list(range(start, start + len(numbers)))
    if numbers != expected:
        return found(False, f"numbered {', '.join(map(str, numbers[:20]))}")
    return within(len(numbers), "numbered item", exactly=items)


def _numbers(text: str) -> list[int]:
    return [item.number for item in items(text) if item.number is not None]


@check(
    "lists:nested",
    example=Example(
        arguments={"items": 2, "subitems": 1},
        met="- Slip\n  - closed\n- Pier\n  - open",
        unmet="- Slip\n  - closed\n- Pier",
    ),
)
def nested(
    reply: Reply,
    *,
    items: Annotated[int, Field(ge=1, description="how many items there are")],
    subitems: Annotated[int, Field(ge=1, description="how many are inside each of them")],
) -> Finding:
    """The reply lists exactly so many items, each with exactly so many inside it."""
    return _nested(reply.text, items, subitems)


def _nested(text: str, count: int, inside: int) -> Finding:
    top = items(text)
    for item in top:
        if len(item.items) != inside:
            told = f"{plural(len(item.items), 'item')} inside, exactly {inside}"
            return found(False, told, item.text.partition("\n")[0])
    return within(len(top), "item", exactly=count)


@check(
    "lists:item_words",
    rules=[some_limit],
    example=Example(
        arguments={"max": 3},
        met="- Coil the rope\n- Find the key",
        unmet="- Coil the rope\n- Find the key first",
    ),
)
def item_words(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """Every item of the reply's lists has this many words, those inside other items too."""
    texts = [item.text for item in flat(items(reply.text))]
    for number, text in enumerate(texts, start=1):
        finding = within(count_words(text), "word", min=min, max=max, exactly=exactly)
        if not finding.value:
            return found(False, f"item {number}: {finding.reason}", text.partition("\n")[0])
    return found(bool(texts), f"{plural(len(texts), 'item')} within the limits")


def _filled(text: str) -> list[Section]:
    """The sections with something of their own; a title above others has nothing."""
    return [section for section in sections(text) if section.body.strip()]


@check(
    "sections:bullets",
    example=Example(
        arguments={"sections": 2, "bullets": 2, "max_words": 3},
        met="## Slip\n- closed Tuesday\n- ring first\n\n## Pier\n- open\n- mind the step",
        unmet="## Slip\n- closed Tuesday\n- ring first\n\n## Pier\n- open",
    ),
)
def bullets(
    reply: Reply,
    *,
    sections: Annotated[int, Field(ge=1, description="how many sections there are")],
    bullets: Annotated[int, Field(ge=1, description="how many list items each has")],
    max_words: Annotated[
        int | None, Field(ge=1, description="how many words an item has at most")
    ] = None,
) -> Finding:
    """There are so many sections, each with so many list items of at most so many words.

    A section is a Markdown heading with something under it, up to the next heading.
    """
    filled = _filled(reply.text)
    for section in filled:
        texts = [item.text for item in items(section.body)]
        if len(texts) != bullets:
            told = f"{plural(len(texts), 'item')}, exactly {bullets}"
            return found(False, f"“{section.title[:60]}” has {told}")
        if told := _too_long(texts, max_words):
            return found(False, f"“{section.title[:60]}”: {told}")
    return within(len(filled), "section", exactly=sections)


def _too_long(texts: Sequence[str], most: int | None) -> str:
    longest = max(map(count_words, texts), default=0)
    return "" if most is None or longest <= most else f"an item of {longest} words, at most {most}"


@check(
    "sections:titles",
    example=Example(
        arguments={"titles": ["What is closed", "What is open"]},
        met="## What is closed\nThe slip.\n\n## What is open\nThe pier.",
        unmet="## What is open\nThe pier.\n\n## What is closed\nThe slip.",
    ),
)
def titles(
    reply: Reply,
    *,
    titles: Annotated[Texts, Field(description="the headings from first to last")],
) -> Finding:
    """The headings are these, all of them, in this order and no others; case does not matter."""
    named = [section.title for section in sections(reply.text)]
    same = [plainly(name) for name in named] == [plainly(title) for title in titles]
    return found(same, f"headed {', '.join(named)[:200]}" if named else "there is no heading")


@check(
    "sections:depth",
    example=Example(
        arguments={"max_level": 3},
        met="# Harbour\n\n## Slip\n\n### Hours\n\nNine to five.",
        unmet="# Harbour\n\n### Hours\n\nNine to five.",
    ),
)
def depth(
    reply: Reply,
    *,
    max_level: Annotated[int, Field(ge=1, le=6, description="the deepest heading: 3 is `###`")],
) -> Finding:
    """No heading is deeper than this, and none skips a level; there is at least one heading."""
    before = None
    for section in sections(reply.text):
        if section.level > max_level:
            return found(False, f"“{section.title[:60]}” is at level {section.level}")
        if before is not None and section.level > before + 1:
            return found(False, f"“{section.title[:60]}” skips level {before + 1}")
        before = section.level
    return found(before is not None, "there is no heading" if before is None else "none too deep")


@check(
    "sections:words",
    rules=[some_limit],
    example=Example(
        arguments={"max": 4},
        met="# Harbour\n\n## Slip\nClosed on Tuesday.\n\n## Pier\nOpen.",
        unmet="## Slip\nClosed on Tuesday for the diver.\n\n## Pier\nOpen.",
    ),
)
def section_words(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """Every section has this many words under its heading; a title above others is no section."""
    bodies = [section.body for section in _filled(reply.text)]
    finding = every(bodies, "section", count_words, "word", min=min, max=max, exactly=exactly)
    return found(finding.value == 1, finding.reason)
