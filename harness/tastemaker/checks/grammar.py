"""Whether a reply is grammatical: for English."""

import re
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tastemaker.checks.arguments import SkipCode, Texts
from tastemaker.checks.counting import found, plural
from tastemaker.checks.length import word_spans
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

if TYPE_CHECKING:
    from harper import Lint, Linter

KINDS = {"Agreement", "BoundaryError", "Eggcorn", "Grammar", "Malapropism", "Repetition", "Typo"}
"""Harper's kinds that are mistakes. Spelling (names), style, dialect and punctuation are none."""

DOUBTFUL = {
    "MassNouns",
    "MissingDeterminer",
    "MissingPreposition",
    "SplitWords",
    "ThereIsAgreement",
    "ThereToTheir",
}
"""Rules that are wrong too often in email and prose: clipped notes, trade words, `were there`."""

ALWAYS = {"ItsContraction", "ModalOf", "PronounContraction", "ThenThan", "ToTwoToo"}
"""Rules that find mistakes, though Harper files them under punctuation or choice of words."""

LONGEST = 20_000
"""Characters that are read: more than any reply has, and some oddities take time by the square."""

_HALF = re.compile("[\ud800-\udfff]")
_IN_USE = Lock()


@lru_cache(maxsize=1)
def _linter() -> "Linter":
    from harper import Linter

    linter = Linter()
    config = linter.get_lint_config()
    off = DOUBTFUL | {"SpellCheck"}
    linter.set_lint_config({rule: False if rule in off else on for rule, on in config.items()})
    return linter


def mistakes(text: str) -> "list[Lint]":
    """Harper's findings of the kinds that are mistakes, in the order of the text."""
    with _IN_USE:  # a linter serves one thread at a time, and making one takes a second
        by_rule = _linter().organized_lints(_HALF.sub("?", text[:LONGEST]))
    kept = {
        (lint.span.start, lint.span.end): lint
        for rule, lints in by_rule.items()
        for lint in lints
        if rule in ALWAYS or lint.lint_kind in KINDS
    }
    return [kept[span] for span in sorted(kept)]


@check(
    "grammar",
    example=Example(
        arguments={"max": 0},
        met="He doesn't have the keys, so his van is still here.",
        unmet="He don't have the keys, so so his van is still here.",
    ),
)
def grammar(
    reply: Reply,
    *,
    max: Annotated[int, Field(ge=0, description="how many mistakes may stand")] = 0,
    per_100_words: Annotated[
        float | None,
        Field(gt=0, description="for long texts: how many more may stand for each hundred words"),
    ] = None,
    allow: Annotated[
        Texts | None, Field(description="passages that are right as they stand: dialect, a quote")
    ] = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply has at most this many mistakes of grammar: for English.

    Found by the rules of Harper (harper-py): agreement, wrong word forms, words confused or
    repeated. Its rules on spelling, dialect, punctuation and style are left out: names and taste
    would drown the rest. Many mistakes escape any set of rules; what it finds is mostly one. Ask
    it only of English (`when: {language: en}`).
    """
    text = prose(reply, skip_code)
    fine = {passage.casefold() for passage in allow or ()}
    wrong = [lint for lint in mistakes(text) if lint.problem_text.casefold() not in fine]
    room = max + int((per_100_words or 0) * len(word_spans(text)) / 100)
    if not wrong:
        return found(True, "no mistake found")
    first = wrong[0]
    reason = f"{plural(len(wrong), 'mistake')}, at most {room}; “{first.problem_text}”"
    around = reply.text[_before(first.span.start) : first.span.end + 20].strip()
    return found(len(wrong) <= room, f"{reason}: {first.message}", around)


def _before(position: int) -> int:
    return position - 20 if position > 20 else 0
