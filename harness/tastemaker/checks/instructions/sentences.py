"""Instructions about sentences and paragraphs."""

import re
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import (
    Exactly,
    Max,
    Min,
    Text,
    Texts,
    no_zero,
    some_limit,
)
from tastemaker.checks.counting import found, plural
from tastemaker.checks.instructions.ifeval_words import COMMON, as_word
from tastemaker.checks.instructions.structure import count_words, every, nth, plainly, words
from tastemaker.checks.language import Language, likeliest
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.markdown import paragraph_spans
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

_CLOSING = "\"'”’»)]*_`"


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def _paragraphs(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in paragraph_spans(text)]


@check(
    "sentences:words",
    rules=[some_limit],
    example=Example(
        arguments={"max": 5},
        met="The slip is closed. Mind the step.",
        unmet="The slip is closed on Tuesday. Mind the step.",
    ),
)
def sentence_words(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """Every sentence has this many words."""
    parts = _sentences(reply.text)
    return every(parts, "sentence", count_words, "word", min=min, max=max, exactly=exactly)


@check(
    "sentences:openings",
    example=Example(
        met="The slip is closed. Mind the step.", unmet="The slip is closed. The step is wet."
    ),
)
def openings(reply: Reply) -> Finding:
    """No two sentences begin with the same word; case and accents do not matter."""
    seen: set[str] = set()
    for sentence in _sentences(reply.text):
        opening = next(iter(words(sentence)), "")  # the mark of a code block is no word
        if plainly(opening) in seen:
            return found(False, f"two sentences begin with “{opening}”", sentence)
        seen.add(plainly(opening))
    return found(bool(seen), f"{plural(len(seen), 'sentence')}, all begin otherwise")


@check(
    "sentences:end_with",
    example=Example(
        arguments={"texts": "?"},
        met="Is the slip closed? Who has the key?",
        unmet="Is the slip closed? Ask the harbour master.",
    ),
)
def end_with(
    reply: Reply,
    *,
    texts: Annotated[Texts, Field(description="each sentence ends with one of these")],
) -> Finding:
    """Every sentence ends with one of these marks; closing quotes and brackets are left out."""
    parts = _sentences(reply.text)
    ends = tuple(texts)
    kept = (part for part in parts if not part.endswith(ends))
    wrong = next((part for part in kept if not part.rstrip(_CLOSING).endswith(ends)), None)
    if wrong is not None:
        return found(False, "a sentence ends otherwise", wrong)
    return found(bool(parts), f"{plural(len(parts), 'sentence')}, each ends as asked")


@check(
    "sentences:contain",
    rules=[no_zero("sentence")],
    example=Example(
        arguments={"sentence": 2, "keyword": "key"},
        met="The slip is closed. Bring the key back.",
        unmet="Bring the key back. The slip is closed.",
    ),
)
def contain(
    reply: Reply,
    *,
    sentence: Annotated[int, Field(description="from 1; -1 is the last, -2 the one before")],
    keyword: Annotated[Text, Field(description="a word or phrase, whatever its case")],
) -> Finding:
    """This sentence has this word in it, as a word of its own."""
    parts = _sentences(reply.text)
    part = nth(parts, sentence)
    if part is None:
        return found(False, f"{plural(len(parts), 'sentence')}: there is none at {sentence}")
    said = as_word(keyword).search(part) is not None
    has = "has" if said else "does not have"
    return found(said, f"sentence {sentence} {has} “{keyword}”", part)


@check(
    "paragraphs:sentences",
    rules=[some_limit],
    example=Example(
        arguments={"exactly": 2},
        met="The slip is closed. Mind the step.\n\nThe café is open. Come in.",
        unmet="The slip is closed. Mind the step.\n\nThe café is open.",
    ),
)
def paragraph_sentences(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """Every paragraph has this many sentences; lists, headings and code are no paragraphs."""
    return every(
        _paragraphs(reply.text),
        "paragraph",
        lambda text: len(sentence_spans(text)),
        "sentence",
        min=min,
        max=max,
        exactly=exactly,
    )


@check(
    "paragraphs:words",
    rules=[some_limit],
    example=Example(
        arguments={"max": 4},
        met="The slip is closed.\n\nThe café is open.",
        unmet="The slip is closed on Tuesday.\n\nThe café is open.",
    ),
)
def paragraph_words(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """Every paragraph has this many words; lists, headings and code are no paragraphs."""
    parts = _paragraphs(reply.text)
    return every(parts, "paragraph", count_words, "word", min=min, max=max, exactly=exactly)


@check(
    "paragraphs:contain",
    example=Example(
        arguments={"keyword": "slip"},
        met="The slip is closed.\n\nUse the north slip.",
        unmet="The slip is closed.\n\nUse the north pier.",
    ),
)
def each_contains(
    reply: Reply,
    *,
    keyword: Annotated[Text, Field(description="a word or phrase, whatever its case")],
) -> Finding:
    """Every paragraph has this word in it, as a word of its own."""
    parts = _paragraphs(reply.text)
    without = next((part for part in parts if not as_word(keyword).search(part)), None)
    if without is not None:
        return found(False, f"a paragraph without “{keyword}”", without)
    return found(bool(parts), f"“{keyword}” in {plural(len(parts), 'paragraph')}")


@check(
    "paragraphs:first_words",
    example=Example(
        arguments={"words": ["First", "Last"]},
        met="First, call the diver.\n\nLast, clear the slip.",
        unmet="First, call the diver.\n\nThen clear the slip.",
    ),
)
def first_words(
    reply: Reply,
    *,
    words: Annotated[
        Texts, Field(description="what the first paragraph begins with, the second, and so on")
    ],
) -> Finding:
    """The paragraphs begin with these words, one each and in this order; case does not matter."""
    parts = [part.lstrip(_CLOSING + "“‘«„([") for part in _paragraphs(reply.text)]
    if len(parts) != len(words):
        return found(False, f"{plural(len(parts), 'paragraph')}, exactly {len(words)}")
    for part, word in zip(parts, words, strict=True):
        if not re.match(rf"{re.escape(word)}(?!\w)", part, re.IGNORECASE):
            return found(False, f"a paragraph does not begin with “{word}”", part)
    return found(True, "the paragraphs begin as asked")


@check(
    "paragraphs:languages",
    example=Example(
        arguments={"languages": ["en", "de"]},
        met="The harbour office is closed today.\n\nDas Hafenbüro ist heute geschlossen.",
        unmet="The harbour office is closed today.\n\nThe café is open until six.",
    ),
)
def languages(
    reply: Reply,
    *,
    languages: Annotated[
        list[Language],
        Field(min_length=1, description="the language of the first paragraph, and so on"),
    ],
) -> Finding:
    """The paragraphs are in these languages, one each and in this order.

    Recognised as in `language:response_language`; a paragraph too short to tell counts.
    """
    parts = _paragraphs(reply.text)
    if len(parts) != len(languages):
        return found(False, f"{plural(len(parts), 'paragraph')}, exactly {len(languages)}")
    for part, language in zip(parts, languages, strict=True):
        code = likeliest(part, COMMON | set(languages))
        if code not in (language, ""):
            return found(False, f"a paragraph is in {code}, not in {language}", part)
    return found(True, f"the paragraphs are in {', '.join(languages)}")
