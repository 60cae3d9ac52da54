"""The rhythm of a reply: how long its sentences and paragraphs are, one after the other."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean, pstdev
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import Share, either
from tastemaker.checks.counting import found
from tastemaker.checks.length import Span, sentence_spans, word_spans
from tastemaker.checks.markdown import paragraph_spans, running_text
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

FEWEST = 4
"""Sentences or paragraphs; fewer have no rhythm yet, and cannot be monotonous."""

Variation = Annotated[
    float | None,
    Field(gt=0, description="the least variation of their lengths: SD over mean, in words"),
]
Longest = Annotated[
    int | None, Field(ge=1, description="how many words the longest of them may have")
]

Measured = tuple[bool, str]
"""Whether one limit is kept, and what was measured."""


@check(
    "sentence_rhythm",
    rules=[either("variation", "max_words", "same_start")],
    example=Example(
        arguments={"variation": 0.3, "same_start": 2},
        met="I get up at four. The ovens are hot by then, and Bruno has the radio on. Why bread? "
        "It is the one thing in town that nobody has complained about since my aunt sold up.",
        unmet="I have worked in a bakery. I have learned to make bread. I have managed a team. "
        "I have trained two apprentices.",
    ),
)
def sentence_rhythm(
    reply: Reply,
    *,
    variation: Variation = None,
    max_words: Longest = None,
    same_start: Annotated[
        int | None,
        Field(ge=1, description="how many sentences in a row may begin with the same word"),
    ] = None,
) -> Finding:
    """The sentences of the reply are not all alike, and none is too long.

    Only running text is read: headings, lists, tables and code have a rhythm of their own. The
    variation is the standard deviation of the sentences' lengths divided by their mean: letters and
    emails that this project's authors wrote by hand have 0.5 to 0.7. With fewer than four sentences
    it is kept. Lists of short facts are even and not dull: ask where there is prose.
    """
    text = running_text(reply.text)
    spans = sentence_spans(text)
    lengths = [len(word_spans(text[slice(*span)])) for span in spans]
    measured = _measured(lengths, "sentence", variation, max_words)
    quote = ""
    if same_start is not None:
        runs = [list(run) for _, run in groupby(spans, lambda span: _first_word(text, span))]
        longest = max(runs, key=len, default=[])
        kept = len(longest) <= same_start
        told = f"{len(longest)} in a row begin alike, at most {same_start}"
        measured.append((kept, told))
        quote = "" if kept else reply.text[longest[0][0] : longest[-1][1]]
    return _all(measured, quote)


def _first_word(text: str, span: Span) -> str:
    sentence = text[slice(*span)]
    first = next(iter(word_spans(sentence)), (0, 0))
    return sentence[slice(*first)].casefold().strip("\"'“”‘’(*_,")


@check(
    "paragraph_rhythm",
    rules=[either("variation", "max_words", "single")],
    example=Example(
        arguments={"max_words": 30, "single": 0.5},
        met="The pump failed on Sunday night. Nobody heard it, because the alarm was off.\n\n"
        "We have ordered a new one. It comes on Thursday.\n\nUntil then, no showers.\n\nTove",
        unmet="The pump failed.\n\nNobody heard it.\n\nWe learned something.\n\nAlarms matter.",
    ),
)
def paragraph_rhythm(
    reply: Reply,
    *,
    variation: Variation = None,
    max_words: Longest = None,
    single: Annotated[
        Share | None, Field(description="the largest share of paragraphs of a single sentence")
    ] = None,
) -> Finding:
    """The paragraphs of the reply are not all alike, none too long, not all one sentence.

    Paragraphs are what blank lines separate; headings, lists, tables and code are none, the
    greeting and the sign-off of an email are. Variation as in `sentence_rhythm`. With fewer than
    four paragraphs, variation and `single` are kept.
    """
    paragraphs = [reply.text[start:end] for start, end in paragraph_spans(reply.text)]
    lengths = [len(word_spans(paragraph)) for paragraph in paragraphs]
    measured = _measured(lengths, "paragraph", variation, max_words)
    if single is not None:
        alone = sum(len(sentence_spans(paragraph)) == 1 for paragraph in paragraphs)
        share = alone / len(paragraphs) if len(paragraphs) >= FEWEST else 0.0
        measured.append(
            (share <= single, f"{share:.0%} are a single sentence, at most {single:.0%}")
        )
    return _all(measured)


def _measured(
    lengths: Sequence[int], noun: str, variation: float | None, max_words: int | None
) -> list[Measured]:
    """The limits that sentences and paragraphs have in common."""
    measured: list[Measured] = []
    if variation is not None and len(lengths) < FEWEST:
        measured.append((True, f"{len(lengths)} {noun}s, too few for a rhythm"))
    elif variation is not None:
        spread = pstdev(lengths) / fmean(lengths)
        measured.append((spread >= variation, f"variation {spread:.2f}, at least {variation:g}"))
    if max_words is not None:
        longest = max(lengths, default=0)
        told = f"the longest {noun} has {longest} words, at most {max_words}"
        measured.append((longest <= max_words, told))
    return measured


def _all(measured: Sequence[Measured], quote: str = "") -> Finding:
    """Whether all limits are kept; those that are not stand first."""
    told = [what for _, what in sorted(measured, key=lambda one: one[0])]
    return found(all(kept for kept, _ in measured), "; ".join(told), quote)
