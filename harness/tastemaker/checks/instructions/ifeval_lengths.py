"""IFEval: how long the reply and its parts are."""

import re
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import Arguments, Problem, Text
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.instructions.relations import Count, Relation, related
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

_WORD = re.compile(r"\w+")
_STARS = re.compile(r"\s?\*\*\*\s?")
_STOPS = re.compile(r"[.,?!'\"]")


@check(
    "length_constraints:number_sentences",
    example=Example(
        arguments={"num_sentences": 2, "relation": "at least"},
        met="The diver comes at ten. Keep the slip clear.",
        unmet="The diver comes at ten.",
    ),
)
def number_sentences(reply: Reply, *, num_sentences: Count, relation: Relation) -> Finding:
    """The reply has less than, or at least, so many sentences; counted as in `sentences`."""
    return related(len(sentence_spans(reply.text)), "sentence", relation, num_sentences)


@check(
    "length_constraints:number_paragraphs",
    example=Example(
        arguments={"num_paragraphs": 2},
        met="The diver comes at ten.\n***\nKeep the slip clear.",
        unmet="The diver comes at ten.\n\nKeep the slip clear.",
    ),
)
def number_paragraphs(reply: Reply, *, num_paragraphs: Count) -> Finding:
    """The reply has exactly so many paragraphs, parted by `***`, none of them empty.

    There may be a divider before the first and after the last.
    """
    parts = _STARS.split(reply.text)
    if not all(part.strip() for part in parts[1:-1]):
        return found(False, "two dividers have nothing between them")
    return within(sum(bool(part.strip()) for part in parts), "paragraph", exactly=num_paragraphs)


@check(
    "length_constraints:number_words",
    example=Example(
        arguments={"num_words": 5, "relation": "less than"},
        met="Keep the slip clear.",
        unmet="Keep the slip clear, don't park.",
    ),
)
def number_words(reply: Reply, *, num_words: Count, relation: Relation) -> Finding:
    """The reply has less than, or at least, so many words.

    A word is a run of letters, digits and underscores: `don't` is two, and so is `e-mail`. The
    check `words` counts as people do.
    """
    return related(len(_WORD.findall(reply.text)), "word", relation, num_words)


def _nth_of_them(arguments: Arguments) -> Problem | None:
    nth, count = arguments["nth_paragraph"], arguments["num_paragraphs"]
    if nth <= count:
        return None
    return Problem(argument="nth_paragraph", message=f"{nth} is more than num_paragraphs, {count}")


@check(
    "length_constraints:nth_paragraph_first_word",
    rules=[_nth_of_them],
    example=Example(
        arguments={"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "keep"},
        met="The diver comes at ten.\n\nKeep the slip clear.",
        unmet="Keep the slip clear.\n\nThe diver comes at ten.",
    ),
)
def nth_paragraph_first_word(
    reply: Reply,
    *,
    num_paragraphs: Annotated[int, Field(ge=1, description="how many there are")],
    nth_paragraph: Annotated[int, Field(ge=1, description="which one, from 1")],
    first_word: Annotated[Text, Field(description="the word it begins with, whatever its case")],
) -> Finding:
    """There are exactly so many paragraphs, and a certain one begins with this word.

    Blank lines part them. A word ends at a space or at one of `. , ? ! ' "`.
    """
    parts = [part.strip() for part in reply.text.split("\n\n") if part.strip()]
    if len(parts) != num_paragraphs:
        return found(False, f"{plural(len(parts), 'paragraph')}, exactly {num_paragraphs}")
    word = _opening(parts[nth_paragraph - 1])
    return found(word == _opening(first_word), f"paragraph {nth_paragraph} begins with “{word}”")


def _opening(text: str) -> str:
    """The first word in small letters, without quotes before it and what a stop cuts off."""
    return _STOPS.split(text.split(maxsplit=1)[0].lstrip("'\""), maxsplit=1)[0].lower()
