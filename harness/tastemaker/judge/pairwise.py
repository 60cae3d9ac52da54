"""Ask a model which of two replies does better, in both orders (STATS section 7)."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

from tastemaker.judge.asking import AGAIN, TOOL_ABOUT
from tastemaker.judge.grader import Graded, Grader, Usage, together
from tastemaker.judge.page import Shown, fence_for, sendable, template
from tastemaker.judge.reading import Answers
from tastemaker.records import Finding

ASKED = "preference"
OVERALL = "Which reply serves the person who wrote the prompt better, all in all?"
BY_PRINCIPLE = "Which reply does better by this principle alone: {}"
EQUAL = "equal replies"
"""The reason of a tie that no judge was asked about."""
FIRST: Answers = {"FIRST": 1.0, "SECOND": 0.0, "TIE": 0.5, "CANNOT_ASSESS": None}
SECOND: Answers = {"FIRST": 0.0, "SECOND": 1.0, "TIE": 0.5, "CANNOT_ASSESS": None}
"""What each answer is worth to the reply that is shown first, and to the one shown second."""


class Form(NamedTuple):
    """What a judge may like in a reply apart from what it says; kept to be controlled for."""

    characters: int
    words: int
    headings: int
    list_items: int
    bold: int


@dataclass(frozen=True, kw_only=True)
class Preferred:
    """One pair of replies, a and b, as one judge sees it."""

    a_first: Finding
    """1 for a, 0 for b, 0.5 for a tie, when a was shown first; the quote is the reason."""
    b_first: Finding
    """The same, still counted for a, when b was shown first."""
    form_a: Form
    form_b: Form
    usage_a_first: Usage
    usage_b_first: Usage

    @property
    def usage(self) -> Usage:
        """What both orders took."""
        return self.usage_a_first.plus(self.usage_b_first)


def question_for(principle: str) -> str:
    """The question about one principle, by its text."""
    return BY_PRINCIPLE.format(principle)


def pair_hash() -> str:
    """What the words about a pair are made from, as part of what a preference rests on."""
    page = files("tastemaker.judge").joinpath("pair.md.jinja").read_text(encoding="utf-8")
    words = "\n".join([page, OVERALL, BY_PRINCIPLE, AGAIN, TOOL_ABOUT])
    return "sha256:" + hashlib.sha256(words.encode()).hexdigest()


async def prefer(
    grader: Grader,
    prompt: str,
    a: str,
    b: str,
    *,
    question: str = OVERALL,
    context: Shown = (),
    sample: int = 0,
) -> Preferred:
    """Compare two replies to a prompt in both orders: two calls.

    Equal replies are a tie and are not put to the judge. A preference that could not be had is
    unscored with its reason, as a criterion is.

    Args:
        grader: Who is asked.
        prompt: The last thing the user said.
        a: One reply.
        b: The other.
        question: What is asked about them.
        context: More sections that belong to the prompt, shown before it.
        sample: Which time it is asked, from 0: asking again is a request of its own.
    """
    forms = {"form_a": form(a), "form_b": form(b)}
    if a == b:
        tie, none = Finding(value=0.5, reason=EQUAL), Usage()
        return Preferred(a_first=tie, b_first=tie, usage_a_first=none, usage_b_first=none, **forms)
    asked = (*context, ("prompt", prompt))

    async def put(first: str, second: str, answers: Answers) -> Graded:
        shown = [*asked, ("first reply", first), ("second reply", second)]
        return await _put(grader, shown, answers, question, sample)

    ahead, behind = await together([put(a, b, FIRST), put(b, a, SECOND)])
    return Preferred(
        a_first=ahead.findings[ASKED],
        b_first=behind.findings[ASKED],
        usage_a_first=ahead.usage,
        usage_b_first=behind.usage,
        **forms,
    )


async def _put(
    grader: Grader, sections: Shown, answers: Answers, question: str, sample: int
) -> Graded:
    shown = [(name, sendable(text)) for name, text in sections]
    fence = fence_for((shown, question) + ((sample,) if sample else ()), grader.secret)
    page = template("pair").render(sections=shown, question=question, fence=fence)
    return await grader.converse(page, "\n".join(text for _, text in shown), {ASKED: answers})


def form(text: str) -> Form:
    """How long a reply is, and how much of Markdown's dress it wears."""
    return Form(
        characters=len(text),
        words=len(text.split()),
        headings=len(re.findall(r"^#{1,6}\s", text, re.MULTILINE)),
        list_items=len(re.findall(r"^\s*(?:[-*+]|\d+[.)])\s", text, re.MULTILINE)),
        bold=len(re.findall(r"\*\*[^*\n]+\*\*|__[^_\n]+__", text)),
    )
