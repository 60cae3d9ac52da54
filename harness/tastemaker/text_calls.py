"""Tool calls as text, for models and providers that have no format for them.

The tools are described in a system message, a call is a JSON object between two tags, and what a
tool answers comes back as a message of the user's. A model that writes no such tags has called
nothing; what stands between tags and cannot be read is a call that failed, and the model is told.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
)
from inspect_ai.tool import ToolCall, ToolInfo

CALL = re.compile(r"<call>(.*?)(?:</call>|\Z)", re.DOTALL)

TYPES = {"string": "text", "integer": "number", "number": "number", "boolean": "true or false"}

TOLD = """You have these tools:

{tools}

To use one, write
<call>{{"name": "...", "arguments": {{...}}}}</call>
and stop; its result comes next. Without a tool, just answer."""


def with_tools(messages: Iterable[ChatMessage], tools: Sequence[ToolInfo]) -> list[ChatMessage]:
    """A conversation for a model without tool calls: the tools told first, the calls as text."""
    told = ChatMessageSystem(content=TOLD.format(tools="\n".join(map(_described, tools))))
    written = [_as_text(message) for message in messages]
    after = sum(1 for message in written if message.role == "system")
    return _turns([*written[:after], told, *written[after:]])


def _described(tool: ToolInfo) -> str:
    """A tool in a line or two: a schema would be longer than many a small model's attention."""
    schema = tool.parameters.model_dump(exclude_none=True)
    return f"- {tool.name}: {tool.description}\n  arguments: {_shape(schema)}"


def _shape(schema: Mapping[str, Any]) -> str:
    """A JSON schema as the value it asks for: `{"query": text, "limit"?: number}`."""
    if "properties" in schema:
        required = schema.get("required", [])
        fields = [
            f'"{name}"{"" if name in required else "?"}: {_shape(told)}'
            for name, told in schema["properties"].items()
        ]
        return f"{{{', '.join(fields)}}}"
    if options := [one for one in schema.get("anyOf", []) if one.get("type") != "null"]:
        return " or ".join(map(_shape, options))
    if "enum" in schema:
        return " or ".join(json.dumps(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_shape(schema.get('items', {}))}, ...]"
    return TYPES.get(str(schema.get("type")), "anything")


def _as_text(message: ChatMessage) -> ChatMessage:
    if isinstance(message, ChatMessageTool):
        said = message.error.message if message.error else message.text
        return ChatMessageUser(content=f"<result>{said}</result>")
    if isinstance(message, ChatMessageAssistant) and message.tool_calls:
        calls = [
            f"<call>{json.dumps({'name': call.function, 'arguments': call.arguments})}</call>"
            for call in message.tool_calls
        ]
        return ChatMessageAssistant(content="\n".join(filter(None, [message.text, *calls])))
    return message


def _turns(messages: Iterable[ChatMessage]) -> list[ChatMessage]:
    """Results that follow each other as one message: some models insist on taking turns."""
    turns: list[ChatMessage] = []
    for message in messages:
        last = turns[-1] if turns else None
        if isinstance(message, ChatMessageUser) and isinstance(last, ChatMessageUser):
            turns[-1] = ChatMessageUser(content=f"{last.text}\n{message.text}")
        else:
            turns.append(message)
    return turns


def read_calls(output: ModelOutput) -> ModelOutput:
    """The calls that an answer wrote as text, taken out of its text."""
    for choice in output.choices:
        text = choice.message.text
        written = CALL.findall(text)
        if written:
            choice.message = choice.message.model_copy(
                update={
                    "content": CALL.sub("", text).strip(),
                    "tool_calls": [_read(one) for one in written],
                }
            )
            choice.stop_reason = "tool_calls"
    output.completion = output.choices[0].message.text if output.choices else ""
    return output


def _read(written: str) -> ToolCall:
    try:
        call = json.loads(written)
        name, arguments = call["name"], call.get("arguments", {})
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise TypeError("a name and an object of arguments are needed")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        wrong = f'This is no call: {error}. Write {{"name": "...", "arguments": {{...}}}}.'
        return ToolCall(id=uuid4().hex, function="unreadable", arguments={}, parse_error=wrong)
    return ToolCall(id=uuid4().hex, function=name, arguments=arguments)
