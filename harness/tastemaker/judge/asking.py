"""How a model is brought to answer in a form: a response schema, a tool call, or a plain request.

Inspect hands a response schema on where its provider has them. Where a provider does not have them
it leaves the schema out (the page asks for JSON anyway), and where the model or the server behind
a provider does not, the request comes back as HTTP 400. Then a tool call is tried, then plain text.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from tastemaker.judge.reading import Answers

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, ModelOutput, ResponseSchema
    from inspect_ai.util import JSONSchema

AGAIN = (
    "That could not be read. Answer once more with one JSON object and nothing else, with exactly "
    'these keys: {ids}. Each value is {{"quote": "...", "answer": "..."}}, and the answer is one '
    "of those that its criterion allows."
)
TOOL = "record_grades"
TOOL_ABOUT = "Record the quote and the answer for every criterion. Call it once."
REJECTED = (400, 404, 405, 415, 422, 501)
"""HTTP statuses that say: not in this form."""


class Way(StrEnum):
    """A way to ask for a form, the strictest first."""

    SCHEMA = "schema"
    TOOL = "tool"
    TEXT = "text"


class Manner:
    """Which way a judge can be asked in: found out by asking, then remembered."""

    def __init__(
        self, known: Way | None = None, remember: Callable[[Way], None] = lambda way: None
    ) -> None:
        self.known = known
        self._remember = remember

    def worth_trying(self) -> list[Way]:
        """The ways that are not known to be refused."""
        ways = list(Way)
        return ways if self.known is None else ways[ways.index(self.known) :]

    def settle(self, way: Way) -> None:
        """The judge took a request in this way."""
        if way != self.known:
            self.known = way
            self._remember(way)


Asked = tuple[tuple[str, tuple[str, ...]], ...]
"""Criteria with the answers each may have, as what a form is made of."""


def request(way: Way, asked: Mapping[str, Answers]) -> dict[str, Any]:
    """What goes with the messages: arguments of Inspect's `Model.generate`."""
    if way is Way.TEXT:
        return {}
    return dict(_requested(way, tuple((key, tuple(answers)) for key, answers in asked.items())))


@lru_cache(maxsize=1024)
def _requested(way: Way, asked: Asked) -> dict[str, Any]:
    """The same for all replies that are asked about alike: making it takes longer than sending."""
    from inspect_ai.model import GenerateConfig
    from inspect_ai.tool import ToolFunction, ToolInfo, ToolParams

    form = answer_form(dict(asked))
    if way is Way.SCHEMA:
        schema = _shared_schema()(name="grades", json_schema=form, strict=True)
        return {"config": GenerateConfig(response_schema=schema)}
    parameters = ToolParams(properties=form.properties or {}, required=form.required or [])
    tool = ToolInfo(name=TOOL, description=TOOL_ABOUT, parameters=parameters)
    return {"tools": [tool], "tool_choice": ToolFunction(name=TOOL)}


@cache
def _shared_schema() -> "type[ResponseSchema]":
    from inspect_ai.model import ResponseSchema

    class SharedSchema(ResponseSchema):
        """Inspect copies a call's settings in depth, twice; nobody changes the schema in them."""

        def __deepcopy__(self, memo: dict[int, Any] | None = None) -> "SharedSchema":
            return self

    return SharedSchema


def answer_form(asked: Mapping[str, Iterable[str]]) -> "JSONSchema":
    """One object with a required property for each criterion: the quote first, then the answer."""
    from inspect_ai.util import JSONSchema

    def thing(properties: dict[str, JSONSchema]) -> JSONSchema:
        return JSONSchema(
            type="object",
            properties=properties,
            required=list(properties),
            additionalProperties=False,
        )

    return thing(
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


def said(output: "ModelOutput") -> str:
    """The text to be read: the arguments of the one tool call, or what the judge wrote."""
    calls = output.message.tool_calls or []
    if not calls:
        return output.completion
    if len(calls) > 1 or calls[0].function != TOOL or calls[0].parse_error:
        return "(no readable call)"
    return json.dumps(calls[0].arguments)


def asked_again(output: "ModelOutput", missing: Sequence[str]) -> "list[ChatMessage]":
    """What follows an answer that could not be read, in full or in part."""
    from inspect_ai.model import ChatMessageTool, ChatMessageUser

    text = AGAIN.format(ids=", ".join(missing))
    calls = output.message.tool_calls or []
    if not calls:
        return [output.message, ChatMessageUser(content=text)]
    answers = [
        ChatMessageTool(content=text, tool_call_id=call.id, function=call.function)
        for call in calls
    ]
    return [output.message, *answers]


def failure(output: "ModelOutput") -> str:
    """Why there is nothing to read: "refusal", "no_response", "grader_failed: ..."; else ""."""
    if output.stop_reason == "content_filter" or _refused(output):
        return "refusal"
    if output.stop_reason == "model_length":
        return "grader_failed: too long for the grader"
    if output.message.tool_calls or output.completion.strip():
        return ""
    return "no_response"


def _refused(output: "ModelOutput") -> bool:
    content = output.message.content
    return not isinstance(content, str) and any(getattr(one, "refusal", None) for one in content)


def status_of(error: BaseException) -> int | None:
    """The HTTP status that a provider's error carries, if any."""
    for name in ("status_code", "code"):
        status = getattr(error, name, None)
        if isinstance(status, int):
            return status
    return None
