"""Ask a model which of two replies does better, in both orders (STATS section 7)."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from tastemaker.judge.grader import Graded, Grader, Usage, together
from tastemaker.judge.page import fence_for, sendable, template
from tastemaker.judge.reading import Answers
from tastemaker.records import Finding

ASKED = "preference"
OVERALL = "Which reply serves the person who wrote the prompt better, all in all?"
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
    usage: Usage


def question_for(principle: str) -> str:
    """The question about one principle, by its text."""
    return f"Which reply does better by this principle alone: {principle}"


async def prefer(
    grader: Grader, prompt: str, a: str, b: str, *, question: str = OVERALL
) -> Preferred:
    """Compare two replies to a prompt in both orders: two calls.

    Equal replies are a tie and are not put to the judge. A preference that could not be had is
    unscored with its reason, as a criterion is.
    """
    forms = {"form_a": form(a), "form_b": form(b)}
    if a == b:
        tie = Finding(value=0.5, reason="equal replies")
        return Preferred(a_first=tie, b_first=tie, usage=Usage(), **forms)
    ahead, behind = await together(
        [
            _put(grader, prompt, (a, b), FIRST, question),
            _put(grader, prompt, (b, a), SECOND, question),
        ]
    )
    return Preferred(
        a_first=ahead.findings[ASKED],
        b_first=behind.findings[ASKED],
        usage=ahead.usage.plus(behind.usage),
        **forms,
    )


async def _put(
    grader: Grader, prompt: str, replies: tuple[str, str], answers: Answers, question: str
) -> Graded:
    names = ("prompt", "first reply", "second reply")
    shown = list(zip(names, map(sendable, (prompt, *replies)), strict=True))
    fence = fence_for((shown, question), grader.secret)
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
