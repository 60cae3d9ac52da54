"""Ask a model about a reply: one call for all criteria that see the same things."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from tastemaker.judge.reading import YES_OR_NO, Answers, read_grades
from tastemaker.records import Finding, Message, Reply

if TYPE_CHECKING:
    import jinja2
    from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput

Sees = tuple[str, ...]
AGAIN = (
    "That could not be read. Answer once more with one JSON object and nothing else, with exactly "
    'these keys: {ids}. Each value is {{"quote": "...", "answer": "..."}}, and the answer is one '
    "of those that its criterion allows."
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One criterion as the judge is asked about it."""

    id: str
    ask: str
    sees: Sees = ("prompt", "reply")
    met: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    note: str = ""
    answers: Answers = field(default_factory=lambda: YES_OR_NO)
    """What may be answered, and the value of each; None is "cannot tell"."""


@dataclass(frozen=True, kw_only=True)
class Grader:
    """A model with what it needs to grade."""

    model: "Model"
    secret: bytes
    """Makes the fence around what the judge sees: stable, so that equal requests are asked once,
    and unknown to whoever wrote the reply."""

    async def grade(self, reply: Reply, questions: Sequence[Question]) -> dict[str, Finding]:
        """A finding for every question; unscored with its reason where there is no usable answer.

        Reasons: cannot_assess, invalid_response_format (after asking once more), refusal,
        no_response, grader_failed.
        """
        findings: dict[str, Finding] = {}
        alike = sorted(questions, key=lambda question: question.sees)
        for sees, group in groupby(alike, key=lambda question: question.sees):
            findings |= await self._ask(sections(reply, sees), list(group))
        return findings

    async def _ask(
        self, shown: Sequence[tuple[str, str]], questions: Sequence[Question]
    ) -> dict[str, Finding]:
        from inspect_ai.model import ChatMessageUser

        text = "\n".join(part for _, part in shown)
        page = grading_page(shown, questions, self.secret)
        findings: dict[str, Finding] = {}
        messages: list[ChatMessage] = [ChatMessageUser(content=page)]
        for _ in range(2):
            asked = {q.id: q.answers for q in questions if q.id not in findings}
            output = await self._generate(messages, asked)
            failure = output if isinstance(output, str) else _silence(output)
            if isinstance(output, str) or failure:
                return findings | {key: Finding(value=None, reason=failure) for key in asked}
            findings |= read_grades(output.completion, asked, text)
            missing = [key for key in asked if key not in findings]
            if not missing:
                return findings
            again = ChatMessageUser(content=AGAIN.format(ids=", ".join(missing)))
            messages = [*messages, output.message, again]
        return findings | {
            key: Finding(value=None, reason="invalid_response_format") for key in missing
        }

    async def _generate(
        self, messages: "list[ChatMessage]", asked: Mapping[str, Answers]
    ) -> "ModelOutput | str":
        """The output, or "grader_failed: ..." when the provider gave up.

        Whatever a provider raises here means a grade that is missing, not a reply that is: letting
        it through would make Inspect run the whole sample again.
        """
        from inspect_ai.util import LimitExceededError

        try:
            return await self.model.generate(messages, config=answer_shape(asked))
        except LimitExceededError:
            raise
        except Exception as error:  # noqa: BLE001 - see the docstring
            return f"grader_failed: {type(error).__name__}"


def _silence(output: "ModelOutput") -> str:
    if output.stop_reason == "content_filter":
        return "refusal"
    return "" if output.completion.strip() else "no_response"


def sections(reply: Reply, sees: Sees) -> list[tuple[str, str]]:
    """What a judge is shown, in a fixed order; sections a scenario does not have are left out."""
    parts: dict[str, str | None] = {
        "prompt": reply.prompt,
        "transcript": _transcript(reply.messages),
        "document": reply.document,
        "reference": reply.reference,
        "reply": reply.text,
    }
    return [(name, part) for name, part in parts.items() if name in sees and part is not None]


def _transcript(messages: Iterable[Message]) -> str:
    return "\n\n".join(f"[{message.role}]\n{message.text}" for message in messages)


def grading_page(
    shown: Sequence[tuple[str, str]], questions: Sequence[Question], secret: bytes
) -> str:
    """The page put to the judge. Equal contents and secret give an equal page."""
    content = repr((shown, questions)).encode("utf-8", "surrogatepass")
    fence = "-----" + hmac.new(secret, content, hashlib.sha256).hexdigest()[:24]
    return _template().render(sections=shown, questions=questions, fence=fence, yes_or_no=YES_OR_NO)


@cache
def _template() -> "jinja2.Template":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tastemaker.judge", ""),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("grade.md.jinja")


def template_hash() -> str:
    """What the grading page is made from, as part of what a grade rests on."""
    from importlib.resources import files

    page = files("tastemaker.judge").joinpath("grade.md.jinja").read_bytes()
    return "sha256:" + hashlib.sha256(page + AGAIN.encode()).hexdigest()


def answer_shape(asked: Mapping[str, Answers]) -> "GenerateConfig":
    """The settings that ask for one object with a required property for each criterion."""
    from inspect_ai.model import GenerateConfig, ResponseSchema
    from inspect_ai.util import JSONSchema

    def thing(properties: dict[str, JSONSchema]) -> JSONSchema:
        return JSONSchema(
            type="object",
            properties=properties,
            required=list(properties),
            additionalProperties=False,
        )

    shape = thing(
        {
            key: thing(
                {
                    "quote": JSONSchema(type="string"),
                    "answer": JSONSchema(type="string", enum=list(answers)),
                }
            )
            for key, answers in asked.items()
        }
    )
    return GenerateConfig(
        response_schema=ResponseSchema(name="grades", json_schema=shape, strict=True)
    )


def panel_mean(findings: Sequence[Mapping[str, Finding]]) -> dict[str, Finding]:
    """The mean over the judges that answered; unscored when none did."""
    merged: dict[str, Finding] = {}
    for key in {key: None for one in findings for key in one}:
        answers = [one[key] for one in findings if key in one]
        values = [answer.value for answer in answers if answer.value is not None]
        first = next((answer for answer in answers if answer.value is not None), answers[0])
        merged[key] = replace(first, value=sum(values) / len(values)) if values else first
    return merged
