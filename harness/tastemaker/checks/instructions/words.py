"""Instructions about words and letters."""

from typing import Annotated

import regex  # it ships no type information
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
from tastemaker.checks.instructions.structure import every, letters, nth, plainly, words
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

_KEPT = regex.compile(r"[\p{L}\p{N}]")


@check(
    "words:unique",
    example=Example(
        arguments={"allow": ["the"]},
        met="The tide takes the pier.",
        unmet="The tide takes the tide.",
    ),
)
def unique(
    reply: Reply,
    *,
    allow: Annotated[
        list[Text] | None, Field(description="words that may stand there again")
    ] = None,
) -> Finding:
    """No word is used twice; case and accents do not matter."""
    free, seen = {plainly(word) for word in allow or ()}, set[str]()
    for word in words(reply.text):
        plain = plainly(word)
        if plain in seen and plain not in free:
            return found(False, f"“{word}” stands there twice", word)
        seen.add(plain)
    return found(bool(seen), f"{plural(len(seen), 'different word')}")


@check(
    "words:length",
    rules=[some_limit],
    example=Example(
        arguments={"max": 5}, met="The tide takes the pier.", unmet="The tide washes the pier."
    ),
)
def length(reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None) -> Finding:
    """Every word has this many letters; a word of digits has none."""
    parts = words(reply.text)
    return every(
        parts, "word", lambda word: len(letters(word)), "letter", min=min, max=max, exactly=exactly
    )


@check(
    "words:start_with",
    example=Example(
        arguments={"letters": ["s"]}, met="Seven silent sailors sleep.", unmet="Six men sleep."
    ),
)
def start_with(
    reply: Reply,
    *,
    letters: Annotated[Texts, Field(description="each word begins with one of these")],
) -> Finding:
    """Every word begins with one of these letters; case and accents do not matter."""
    starts = tuple(plainly(letter) for letter in letters)
    parts = words(reply.text)
    wrong = next((word for word in parts if not plainly(word).startswith(starts)), None)
    if wrong is not None:
        return found(False, f"“{wrong[:60]}” begins otherwise", wrong)
    return found(bool(parts), f"{plural(len(parts), 'word')}, each begins as asked")


@check(
    "words:at",
    rules=[no_zero("position")],
    example=Example(
        arguments={"position": -1, "word": "ashore"},
        met="Nobody came ashore.",
        unmet="Nobody came ashore that night.",
    ),
)
def at(
    reply: Reply,
    *,
    position: Annotated[int, Field(description="from 1; -1 is the last, -2 the one before")],
    word: Annotated[Text, Field(description="what stands there, whatever its case")],
) -> Finding:
    """The word at this position is this one."""
    parts = words(reply.text)
    said = nth(parts, position)
    if said is None:
        return found(False, f"{plural(len(parts), 'word')}: there is none at {position}")
    return found(said.casefold() == word.casefold(), f"word {position} is “{said[:60]}”", said)


@check(
    "words:growing",
    example=Example(met="I do see ever wider ranges.", unmet="I see it all again."),
)
def growing(reply: Reply) -> Finding:
    """Each word has more letters than the one before it; there are two or more."""
    parts = words(reply.text)
    sizes = [len(letters(word)) for word in parts]
    for place in range(1, len(parts)):
        if sizes[place] <= sizes[place - 1]:
            return found(False, f"“{parts[place][:60]}” is no longer than the word before it")
    return found(len(parts) > 1, f"{plural(len(parts), 'word')}, each longer than the one before")


@check(
    "letters:lipogram",
    example=Example(
        arguments={"letters": ["e"]}, met="A ship without a port.", unmet="The ship has no port."
    ),
)
def lipogram(
    reply: Reply,
    *,
    letters: Annotated[Texts, Field(description="what must not stand there")],
) -> Finding:
    """None of these letters stands anywhere; `É` is an `e` too."""
    banned = [plainly(letter) for letter in letters]
    for word in words(reply.text):
        if used := next((letter for letter in banned if letter in plainly(word)), None):
            return found(False, f"“{used}” in “{word[:60]}”", word)
    return found(True, f"no {', '.join(banned)}")


@check(
    "letters:palindrome",
    example=Example(met="Was it a car or a cat I saw?", unmet="Was it a bus or a cat I saw?"),
)
def palindrome(
    reply: Reply,
    *,
    min_letters: Annotated[int, Field(ge=2, description="at least so many letters")] = 3,
) -> Finding:
    """The letters and digits of the reply read the same backwards; all else is left out."""
    kept = _KEPT.findall(plainly(reply.text))
    if len(kept) < min_letters:
        return found(False, f"{plural(len(kept), 'letter')}, at least {min_letters}")
    same = kept == kept[::-1]
    return found(same, "the same backwards" if same else "not the same backwards")


@check(
    "case:title",
    example=Example(met="Closed For The Diver", unmet="Closed for the Diver"),
)
def title_case(reply: Reply) -> Finding:
    """Every word begins with a capital letter, or with what has no case."""
    parts = words(reply.text)
    small = next((word for word in parts if word[:1].islower()), None)
    if small is not None:
        return found(False, f"“{small[:60]}” begins with a small letter", small)
    return found(bool(parts), f"{plural(len(parts), 'word')}, each begins with a capital")
