"""A world is the tools of one scenario and the state that they change.

It is opened from what the scenario says, and changed by calls alone: the same calls in the same
order leave the same world. So what was done need not be stored. It is played again from the
messages of a reply, be it in a run, in a finished log or recorded elsewhere.

A world has parts (a canvas, a search engine, a calendar). A part is a class whose tools are its
methods marked with `@tool`; each takes one pydantic model, whose fields are the tool's arguments.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from inspect import getdoc, getmembers_static
from typing import Any, ClassVar, NamedTuple, Self, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError

from tastemaker.reading import FileModel
from tastemaker.records import Call, Comment, Message, Version, Work


class Refused(Exception):
    """What a tool answers when it cannot do what it is asked; nothing has changed."""


class Arguments(BaseModel):
    """The arguments of a tool: strict, as JSON gives them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What a model is told of a tool."""

    name: str
    about: str
    arguments: type[Arguments]
    irreversible: bool = False
    """Whether nothing undoes what it does: money spent, mail sent."""
    reads: bool = False
    """Whether it only looks."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a scenario says of the world it plays in."""

    kind: str
    state: Mapping[str, Any] = field(default_factory=dict)
    document: str | None = None
    selection: Any = None
    tools: tuple[str, ...] | None = None
    """Those of the world's tools that are offered; None: all."""
    now: str | None = None
    timezone: str | None = None

    def offering(self, tools: Collection[str] | None) -> Self:
        """With fewer tools: those that an arm offers, too."""
        if tools is None:
            return self
        kept = tuple(tools) if self.tools is None else tuple(t for t in self.tools if t in tools)
        return type(self)(**{**vars(self), "tools": kept})


Method = TypeVar("Method", bound=Callable[..., str])


def tool(*, reads: bool = False, irreversible: bool = False) -> Callable[[Method], Method]:
    """Mark a method of a part as a tool; its docstring is what models are told."""

    def mark(function: Method) -> Method:
        function.__tool__ = (reads, irreversible)  # type: ignore[attr-defined]
        return function

    return mark


class Part:
    """Some tools that belong together, and their state."""

    State: ClassVar[type[FileModel]] = FileModel
    """What a scenario may say of it under `environment.state`."""

    def __init__(self, state: Any, setting: Setting) -> None:
        """As the scenario gives it; `state` holds the fields of `State`, and of other parts."""

    def shown(self) -> str:
        """What the model is told of it before the user speaks; "" for nothing."""
        return ""

    def data(self) -> Mapping[str, Any]:
        """Its state as plain data, under names of its own."""
        return {}

    def versions(self) -> Sequence[Version]:
        """The documents that it holds, all their versions, oldest first."""
        return ()

    def comments(self) -> Sequence[Comment]:
        """The comments that were made on them."""
        return ()

    @classmethod
    @cache
    def tools(cls) -> tuple[Tool, ...]:
        """Its tools, in the order they are written in."""
        marked = [
            (name, member.__tool__, member)
            for name, member in getmembers_static(cls)
            if hasattr(member, "__tool__")
        ]
        written = sorted(marked, key=lambda one: one[2].__code__.co_firstlineno)
        return tuple(
            Tool(
                name=name,
                about=" ".join((getdoc(function) or "").split()),
                arguments=get_type_hints(function)["arguments"],
                reads=reads,
                irreversible=irreversible,
            )
            for name, (reads, irreversible), function in written
        )


class Outcome(NamedTuple):
    """What came of a call."""

    answer: str
    ok: bool


class World:
    """The parts of one scenario, changed by the calls of one reply."""

    def __init__(self, parts: Sequence[Part], offered: Collection[str] | None = None) -> None:
        """Its tools are those of its parts; with `offered`, only those that it names."""
        self.parts = tuple(parts)
        self._homes = {one.name: (part, one) for part in parts for one in part.tools()}
        self.tools = [
            one for _, one in self._homes.values() if offered is None or one.name in offered
        ]
        self._callable = {one.name for one in self.tools}
        self._before = self.data()

    def shown(self) -> str:
        """What the model is told of the world before the user speaks."""
        return "\n\n".join(filter(None, (part.shown() for part in self.parts)))

    def call(self, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Do what a tool does. A call that no tool takes, or that one refuses, changes nothing."""
        given = self._read(name, arguments)
        if isinstance(given, str):
            return Outcome(given, False)
        try:
            return Outcome(getattr(self._homes[name][0], name)(given), True)
        except Refused as refusal:
            return Outcome(f"Not done. {refusal}", False)

    def takes(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a tool takes a call of this form, be it that it then refuses what is asked."""
        return not isinstance(self._read(name, arguments), str)

    def _read(self, name: str, arguments: Mapping[str, Any]) -> Arguments | str:
        """The arguments as the tool takes them, or what it answers where it does not."""
        if name not in self._callable:
            return f"There is no tool {name}."
        _, one = self._homes[name]
        try:
            return one.arguments.model_validate_json(json.dumps(dict(arguments)))
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            return f"Not done. {'; '.join(wrong)}"
        except (RecursionError, TypeError, ValueError):  # nested too deeply, a number too long
            return "Not done. These arguments cannot be read."

    def only_reads(self, name: str) -> bool:
        """Whether a tool changes nothing; a tool that is not there changes nothing either."""
        return name not in self._homes or self._homes[name][1].reads

    def data(self) -> dict[str, Any]:
        """The state of all parts as plain data."""
        return {key: value for part in self.parts for key, value in part.data().items()}

    def work(self, calls: Iterable[Call]) -> Work:
        """What was done, once these calls have been made in it."""
        return Work(
            calls=tuple(calls),
            versions=tuple(version for part in self.parts for version in part.versions()),
            comments=tuple(comment for part in self.parts for comment in part.comments()),
            before=self._before,
            state=self.data(),
            irreversible=tuple(one.name for one in self.tools if one.irreversible),
        )

    def replay(self, messages: Sequence[Message], own: Collection[int]) -> Work:
        """Play the calls of a conversation in this world, which must be as it was at first.

        What the scenario itself wrote out as done is done, too; told is what the model did, in the
        messages at the places `own`.
        """
        made = []
        for place, message in enumerate(messages):
            for call in message.tool_calls:
                answer, ok = (
                    Outcome(call.unread, False)
                    if call.unread
                    else self.call(call.name, call.arguments)
                )
                if place in own:
                    made.append(
                        Call(
                            name=call.name,
                            arguments=call.arguments,
                            message=place,
                            ok=ok,
                            answer=answer,
                            reads=self.only_reads(call.name),
                            malformed=not ok
                            and (bool(call.unread) or not self.takes(call.name, call.arguments)),
                        )
                    )
        return self.work(made)
