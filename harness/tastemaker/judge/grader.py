"""Ask a model about a reply: one call for all criteria that see the same things."""

import hashlib
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from tastemaker.journal import NOTE
from tastemaker.judge.asking import (
    AGAIN,
    REJECTED,
    TOOL_ABOUT,
    Manner,
    asked_again,
    failure,
    request,
    said,
    status_of,
)
from tastemaker.judge.page import Question, Shown, grading_page, page_source, sections, shuffled
from tastemaker.judge.panel import Reducer, reduced
from tastemaker.judge.reading import Answers, read_grades
from tastemaker.records import Finding, Reply

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, Model, ModelOutput

T = TypeVar("T")


class Usage(NamedTuple):
    """What grading took; of a grade that was kept from before, what it took then."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    """In dollars; None where no price is known."""
    replayed: int = 0
    """How many of the calls were answered by what had been kept from before."""
    paid: float | None = None
    """In dollars, without the replayed calls; None where no price is known."""

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            _sum(self.cost, other.cost),
            self.replayed + other.replayed,
            _sum(self.paid, other.paid),
        )


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other


def total(usages: Iterable[Usage]) -> Usage:
    """All together."""
    return reduce(Usage.plus, usages, Usage())


class Graded(NamedTuple):
    """What a judge found, by the id of the question, and what it took."""

    findings: dict[str, Finding]
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Grader:
    """A model with what it needs to grade."""

    model: "Model"
    secret: bytes
    """Makes the fence around what the judge sees: stable, so that equal requests are asked once,
    and unknown to whoever wrote the reply."""
    name: str = ""
    """As votes and reports call it."""
    per_criterion: bool = False
    order: Literal["written", "shuffled"] = "written"
    samples: int = 1
    reducer: Reducer = "mean"
    manner: Manner = field(default_factory=Manner)

    async def grade(self, reply: Reply, questions: Sequence[Question]) -> Graded:
        """A finding for every question; unscored with its reason where there is no usable answer.

        Reasons: cannot_assess, invalid_response_format (after asking once more), refusal,
        no_response, grader_failed. With several samples each question is asked that often, and
        the answers are reduced to one.
        """
        alike = sorted(questions, key=lambda question: question.sees)
        groups = [list(group) for _, group in groupby(alike, key=lambda question: question.sees)]
        if self.per_criterion:
            groups = [[question] for group in groups for question in group]
        asked = [
            self._ask(sections(reply, group[0].sees), group, sample)
            for sample in range(self.samples)
            for group in groups
        ]
        answered = await together(asked)
        rounds = [
            {
                key: finding
                for one in answered[start : start + len(groups)]
                for key, finding in one.findings.items()
            }
            for start in range(0, len(answered), len(groups) or 1)
        ]
        findings = reduced(rounds, self.reducer, [self.name] * self.samples)
        return Graded(findings, total(one.usage for one in answered))

    async def _ask(self, shown: Shown, questions: Sequence[Question], sample: int) -> Graded:
        if self.order == "shuffled":
            questions = shuffled(shown, questions, sample=sample)
        page = grading_page(shown, questions, self.secret, sample=sample)
        text = "\n".join(part for _, part in shown)
        return await self.converse(page, text, {q.id: q.answers for q in questions})

    async def converse(self, page: str, shown: str, questions: Mapping[str, Answers]) -> Graded:
        """Put a page to the judge, and ask once more for what could not be read.

        Args:
            page: What it is told and asked.
            shown: The material on the page; a quote that does not occur there is flagged.
            questions: By id, the answers there can be and the value of each.
        """
        from inspect_ai.model import ChatMessageUser

        findings: dict[str, Finding] = {}
        usage = Usage()
        messages: list[ChatMessage] = [ChatMessageUser(content=page)]
        for _ in range(2):
            asked = {key: answers for key, answers in questions.items() if key not in findings}
            output = await self._generate(messages, asked)
            if isinstance(output, str):
                return Graded(findings | _unscored(asked, output), usage)
            usage = usage.plus(_usage(output))
            if reason := failure(output):
                return Graded(findings | _unscored(asked, reason), usage)
            cut_off = output.stop_reason == "max_tokens"
            findings |= read_grades(said(output), asked, shown, cut_off=cut_off)
            missing = [key for key in asked if key not in findings]
            if not missing:
                return Graded(findings, usage)
            messages = [*messages, *asked_again(output, missing)]
        return Graded(findings | _unscored(missing, "invalid_response_format"), usage)

    async def _generate(
        self, messages: "list[ChatMessage]", asked: Mapping[str, Answers]
    ) -> "ModelOutput | str":
        """The output, or "grader_failed: ..." when the provider gave up.

        Whatever a provider raises here means a grade that is missing, not a reply that is: letting
        it through would make Inspect run the whole sample again.
        """
        from inspect_ai.util import LimitExceededError

        reason = ""
        for way in self.manner.worth_trying():
            try:
                output = await self.model.generate(messages, **request(way, asked))
            except LimitExceededError:
                raise
            except Exception as error:  # noqa: BLE001 - see the docstring
                status = status_of(error)
                reason = f"grader_failed: {type(error).__name__}" + (f" {status}" if status else "")
                if status not in REJECTED:
                    break
            else:
                self.manner.settle(way)
                return output
        return reason


def _unscored(keys: Mapping[str, Any] | Sequence[str], reason: str) -> dict[str, Finding]:
    return {key: Finding(value=None, reason=reason) for key in keys}


def _usage(output: "ModelOutput") -> Usage:
    usage = output.usage
    kept = bool((output.metadata or {}).get(NOTE, {}).get("replayed"))
    if usage is None:
        return Usage(calls=1, replayed=int(kept))
    cost = usage.total_cost
    paid = None if cost is None else 0.0 if kept else cost
    return Usage(1, usage.input_tokens, usage.output_tokens, cost, int(kept), paid)


async def together(tasks: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of coroutines that run side by side."""
    from inspect_ai.util import collect

    # A single one needs no span of its own in the transcript, which costs time.
    return [await tasks[0]] if len(tasks) == 1 else await collect(*tasks)


def template_hash() -> str:
    """What the words put to a judge are made from, as part of what a grade rests on."""
    content = page_source() + AGAIN.encode() + TOOL_ABOUT.encode()
    return "sha256:" + hashlib.sha256(content).hexdigest()
