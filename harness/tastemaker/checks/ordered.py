"""Steps that a request asks for: whether each left its result in the reply, and in what order."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any

import regex  # it ships no type information
from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import listed
from tastemaker.checks.counting import found
from tastemaker.checks.length import Span, sentence_spans, word_spans
from tastemaker.checks.registry import Example, check
from tastemaker.passages import shortened
from tastemaker.records import Finding, Reply

Step = Mapping[str, Any]
"""`says`: texts, one of which is its result; `words`: how many its sentence has; `match_case`."""

_SAID = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:(?:['’]|(?<=\p{N})[.:](?=\p{N}))[\p{L}\p{M}\p{N}]+)*")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
# Possessive: a line of ten thousand asterisks is read once.
_LABEL = re.compile(
    r"^[ \t>|#*_]*+(?:[-+•][ \t*_]*+)?(?:\(?\d{1,2}[.)](?=[\s*_])"
    r"|\(?(?:[a-z]|[ivx]{2,4})[.)](?=[ \t*_]++\S)"
    r"|(?:step|schritt|paso|étape|passo)[ \t]*\d{1,2}\b)[*_]*",
    re.I | re.MULTILINE,
)
_LEAD = re.compile(r"[^:\n]{1,40}:\s+")
_PASSED_OVER = {"and"}


def _shaped(value: Any) -> Any:
    """Steps, each a text, texts or a mapping, as mappings."""
    steps = listed(value)
    return [_step(*one) for one in enumerate(steps, 1)] if isinstance(steps, list) else steps


def _step(number: int, value: Any) -> Step:
    if isinstance(value, str | list):
        value = {"says": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"step {number}: should be a text, a list of texts or keys and values")
    if foreign := set(value) - {"says", "words", "match_case"}:
        raise ValueError(f"step {number}: has says, words and match_case, no {min(foreign)}")
    says = value.get("says", [])
    says = [says] if isinstance(says, str) else says
    if not isinstance(says, list) or not all(isinstance(one, str) and _words(one) for one in says):
        raise ValueError(f"step {number}: says should be a text with words, or a list of these")
    words = value.get("words")
    if words is not None and (type(words) is not int or words < 1):
        raise ValueError(f"step {number}: words should be a whole number from 1 on")
    if not says and words is None:
        raise ValueError(f"step {number}: say what its result says, or how many words it has")
    return {"says": says, "words": words, "match_case": value.get("match_case") is True}


Steps = Annotated[
    list[Any],
    BeforeValidator(_shaped),
    Field(
        min_length=1,
        description="the results in order, each a text, a list of texts (any will do), or "
        "`{says, words, match_case}`: a sentence of just so many words that says it",
    ),
]

HERBS = ["basil dill mint", ["3 herbs", "three herbs"], {"says": "garden", "words": 3}]


@check(
    "steps_done",
    example=Example(
        arguments={"steps": HERBS},
        met="1. basil, dill, mint\n2. That is three herbs.\n3. The garden waits.",
        unmet="1. basil, mint, dill\n2. That is three herbs.\n3. The garden waits.",
    ),
)
def steps_done(
    reply: Reply,
    *,
    steps: Steps,
    graded: Annotated[
        bool, Field(description="whether the value is the share of the steps that are done")
    ] = False,
    only: Annotated[
        int | None, Field(ge=1, description="the number of the one step to look for, from 1")
    ] = None,
) -> Finding:
    """Each step has left its result in the reply.

    A result is a run of words: case and what stands between them (commas, line ends, list marks,
    emphasis, "and") do not matter, so that a list is a list in any form. The numbers and letters
    of list items and labels such as "Step 2" are no words of it; `1,250` is `1250`. With `words`,
    a sentence or line of exactly so many words is looked for, a label before a colon aside. Where
    the results stand is asked by `in_order`.
    """
    if only is not None:
        if only > len(steps):
            return Finding(value=None, reason=f"there is no step {only}, only {len(steps)}")
        steps = [steps[only - 1]]
    missing = [n for n, step in enumerate(steps, 1) if not _spans(reply.text, step)]
    share = 1 - len(missing) / len(steps)
    if missing:
        first = _told(steps[missing[0] - 1])
        more = f" (missing: {', '.join(map(str, missing))})" if len(steps) > 1 else ""
        return Finding(value=share if graded else 0.0, reason=f"does not give {first}{more}")
    start, end = _spans(reply.text, steps[-1])[-1]
    return found(True, "gives it" if len(steps) == 1 else "gives all", reply.text[start:end])


@check(
    "in_order",
    example=Example(
        arguments={"steps": HERBS},
        met="basil, dill, mint. Three herbs. The garden waits.",
        unmet="Three herbs: basil, dill, mint. The garden waits.",
    ),
)
def in_order(reply: Reply, *, steps: Steps) -> Finding:
    """The results of the steps stand in the reply in this order, each after the one before.

    Results are found as `steps_done` finds them; one that stands in several places may be read
    where it fits. Steps that are missing are passed over, but two must be there: one alone has no
    order.
    """
    there = [(n, spans) for n, step in enumerate(steps, 1) if (spans := _spans(reply.text, step))]
    if len(there) < 2:
        return found(False, f"{len(there)} of {len(steps)} results, too few for an order")
    end = 0
    for (before, _), (number, spans) in pairwise([(0, [(0, 0)]), *there]):
        after = [span for span in spans if span[0] >= end]
        if not after:
            start, stop = spans[-1]
            reason = f"the result of step {number} stands before that of step {before}"
            return found(False, reason, reply.text[start:stop])
        end = min(stop for _, stop in after)
    return found(True, f"{len(there)} results in order")


def _told(step: Step) -> str:
    named = f"“{shortened(step['says'][0], 60)}”" if step["says"] else "what it should"
    return f"{named} in a sentence of {step['words']} words" if step["words"] else named


def _spans(text: str, step: Step) -> list[Span]:
    """Where the result of a step stands, place by place."""
    plain = _without_labels(text)
    if step["words"] is None:
        return _runs(plain, step["says"], step["match_case"])
    return [
        (start, end)
        for start, end in _units(plain)
        if len(word_spans(plain[start:end])) == step["words"]
        and (not step["says"] or _runs(plain[start:end], step["says"], step["match_case"]))
    ]


def _without_labels(text: str) -> str:
    """With spaces for list numbers and letters, "Step 2" where a line starts, and emphasis."""
    blanked = _LABEL.sub(lambda label: " " * len(label[0]), text)
    return re.sub(r"[*_`~]", " ", blanked)


def _units(text: str) -> list[Span]:
    """Sentences and lines, each also without a label before a colon."""
    lines = [(one.start(), one.end()) for one in re.finditer(r"[^\n]+", text)]
    whole = sorted({*sentence_spans(text), *lines})
    leads = ((start, end, _LEAD.match(text, start, end)) for start, end in whole)
    return sorted({*whole, *((lead.end(), end) for _, end, lead in leads if lead)})


def _words(text: str, match_case: bool = False) -> list[tuple[str, int, int]]:
    """The words of a text as they are compared, with their places."""
    joined = _THOUSANDS.sub(lambda found: found[0].replace(",", "\ufffc"), text)
    words = []
    for match in regex.finditer(_NUMBER_OR_WORD, joined):
        word = match[0].replace("\ufffc", "").replace("’", "'")
        words.append((word if match_case else word.casefold(), *match.span()))
    return [one for one in words if one[0].casefold() not in _PASSED_OVER]


_NUMBER_OR_WORD = regex.compile(rf"\d{{1,3}}(?:\ufffc\d{{3}})+(?:\.\d+)?|{_SAID.pattern}")


def _runs(text: str, says: Sequence[str], match_case: bool) -> list[Span]:
    """Where one of these texts stands, word for word."""
    words = _words(text, match_case)
    spans = []
    for wanted in ([word for word, _, _ in _words(one, match_case)] for one in says):
        size = len(wanted)
        spans += [
            (words[place][1], words[place + size - 1][2])
            for place in range(len(words) - size + 1)
            if [word for word, _, _ in words[place : place + size]] == wanted
        ]
    return sorted(spans)
