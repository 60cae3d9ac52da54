"""The checks by name: each a function of a reply and typed keyword arguments.

A check is registered by decorator and found by its name in a rubric:

    @check("words", example=Example(arguments={"max": 2}, met="On it.", unmet="I am on it."))
    def words(reply: Reply, *, max: Annotated[int | None, Field(ge=0)] = None) -> Finding: ...

Its arguments are validated against its signature when the rubric is read, not when it runs.
An argument may come from the scenario, `{from: expect.span}`; that one is validated at each reply,
and a reply whose scenario does not supply it is unscored.

What is true of an empty reply is decided here, once: a check of text answers 0 to a reply in which
nothing can be seen, "the reply is empty". Saying nothing must not collect the points of everything
that was left unsaid. Only a check registered with `needs_text=False` is asked about an empty reply,
and one of deeds (`deeds=True`) where a tool was called.
"""

import pkgutil
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from inspect import Parameter, getdoc, signature
from keyword import iskeyword
from re import compile as pattern
from types import MappingProxyType
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from tastemaker import checks as families
from tastemaker.checks.arguments import (
    Argument,
    Arguments,
    Problem,
    Rule,
    invalid,
    nearest,
    short,
    told,
    unknown,
)
from tastemaker.records import Finding, Reply

Function = Callable[..., Finding]

SOURCE = pattern(r"reference|(expect|labels)(\.[^.]+)+")


class CheckError(ValueError):
    """A check that cannot be asked for like this; whoever knows the file says where it stands."""

    def __init__(self, check: str, problems: Sequence[Problem]) -> None:
        """All problems of one criterion, in the order of its arguments."""
        super().__init__(f"check {check!r}: " + "; ".join(map(str, problems)))
        self.check = check
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A criterion with a reply that meets it and one that does not; told in the docs, and tested.

    A str stands for a reply of that text to no prompt.
    """

    met: Reply | str
    unmet: Reply | str
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One registered check."""

    name: str
    function: Function
    example: Example
    model: type[BaseModel]
    """The arguments with types, defaults and descriptions: one field for each keyword."""
    rules: tuple[Rule, ...] = ()
    needs_text: bool = True
    """Whether a reply without visible text is answered 0 without asking the function."""
    deeds: bool = False
    """Whether it looks at what was done: then only one that also called no tool is answered 0."""
    chooses: Callable[[Arguments], Sequence[str]] | Sequence[str] = ()
    """What its findings may call for or have chosen, where they are choices; where the arguments
    name it, a function of them."""
    symptom: bool = False
    """Whether what it finds is a sign and no fault: a principle must not rest on it alone."""
    content: Callable[[], str] | None = None
    """The hash of a content file that decides beside the arguments; None: nothing does."""
    missing: Callable[[], str] | None = None
    """What is not here that it needs, in words, "" when all is; None: it needs nothing."""
    tools: tuple[str, ...] = ()
    """The arguments that name tools."""

    @property
    def lacks(self) -> str:
        """What it needs and does not find on this machine, in words; "" when nothing."""
        return self.missing() if self.missing else ""

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (getdoc(self.function) or "").partition("\n")[0]

    @property
    def note(self) -> str:
        """The rest of the docstring; "" when there is no more."""
        return (getdoc(self.function) or "").partition("\n")[2].strip()

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The arguments in words, in the order of the signature."""
        return told(self.model)

    def tools_named(self, arguments: Arguments) -> dict[str, list[str]]:
        """The tools that these arguments name, by argument."""
        return {key: list(_names(arguments[key])) for key in self.tools if key in arguments}

    def choices(self, arguments: Arguments) -> tuple[str, ...]:
        """What can be called for or chosen with these arguments; () where it is no choice."""
        return tuple(self.chooses(arguments) if callable(self.chooses) else self.chooses)

    def validate(self, arguments: Arguments) -> dict[str, Any]:
        """The keyword arguments of the function, defaults filled in.

        Raises:
            CheckError: With every problem.
        """
        if problems := self.problems(arguments):
            raise CheckError(self.name, problems)
        return {_keyword(name): value for name, value in self._validated(arguments).items()}

    def problems(self, arguments: Arguments, later: Collection[str] = ()) -> list[Problem]:
        """What is wrong with these arguments.

        Those named in `later` are given at the reply; until then no rule can be applied. Nor is
        one applied when an argument has a name that is unknown: it may be the one that is missing.
        """
        fields = self.model.model_fields
        found = [unknown(name, fields) for name in (*arguments, *later) if name not in fields]
        try:
            validated = self._validated({n: v for n, v in arguments.items() if n in fields})
        except ValidationError as error:
            wrong = [invalid(details) for details in error.errors()]
            return found + [problem for problem in wrong if problem.argument not in later]
        broken = [] if later or found else [rule(validated) for rule in self.rules]
        return found + [problem for problem in broken if problem]

    def _validated(self, arguments: Arguments) -> dict[str, Any]:
        model = self.model.model_validate(dict(arguments))
        return {name: getattr(model, name) for name in self.model.model_fields}


@dataclass(frozen=True, kw_only=True)
class BoundCheck:
    """A check with its arguments: a function of a reply."""

    check: Check
    arguments: Arguments
    """As given in the rubric, without those that come from the scenario."""
    keywords: Mapping[str, Any]
    """The validated arguments; empty while some come from the scenario."""
    sources: Mapping[str, str]
    """Argument to where in the scenario it comes from: `{"span": "expect.span"}`."""

    def __call__(self, reply: Reply) -> Finding:
        """The finding; its value is None when the scenario does not supply an argument."""
        idle = self.check.needs_text or (self.check.deeds and not reply.work.calls)
        if idle and is_blank(reply.text):
            return Finding(value=0.0, reason="the reply is empty")
        if not self.sources:
            return self.check.function(reply, **self.keywords)
        supplied = {name: lookup(reply, source) for name, source in self.sources.items()}
        missing = [self.sources[name] for name, value in supplied.items() if value is None]
        if missing:
            return Finding(value=None, reason=f"the scenario does not give {', '.join(missing)}")
        try:
            keywords = self.check.validate({**self.arguments, **supplied})
        except CheckError as error:
            return Finding(value=None, reason="; ".join(map(self._blame, error.problems)))
        return self.check.function(reply, **keywords)

    def _blame(self, problem: Problem) -> str:
        source = self.sources.get(problem.argument)
        return f"{problem} (from {source})" if source else str(problem)


_REGISTRY: dict[str, Check] = {}


def check(
    name: str,
    *,
    example: Example,
    rules: Sequence[Rule] = (),
    needs_text: bool = True,
    deeds: bool = False,
    chooses: Callable[[Arguments], Sequence[str]] | Sequence[str] = (),
    symptom: bool = False,
    content: Callable[[], str] | None = None,
    missing: Callable[[], str] | None = None,
    tools: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Register a check under the name that rubrics use.

    The function takes a Reply and keyword arguments, each annotated with what pydantic validates
    (strictly) and describes. `is_` in Python is `is` in YAML.

    Raises:
        ValueError: Two checks of one name.
    """

    def register(function: Function) -> Function:
        if name in _REGISTRY:
            raise ValueError(f"two checks are named {name!r}")
        _REGISTRY[name] = Check(
            name=name,
            function=function,
            example=example,
            model=_model(name, function),
            rules=tuple(rules),
            needs_text=needs_text and not deeds,
            deeds=deeds,
            chooses=chooses,
            symptom=symptom,
            content=content,
            missing=missing,
            tools=tools,
        )
        return function

    return register


@cache
def checks() -> Mapping[str, Check]:
    """Every check by name, sorted. Loads all families: the modules beside and below this one."""
    for module in pkgutil.walk_packages(families.__path__, prefix=f"{families.__name__}."):
        import_module(module.name)
    return MappingProxyType(dict(sorted(_REGISTRY.items())))


def bind(name: str, arguments: Arguments | None = None) -> BoundCheck:
    """A check with its arguments, ready for replies.

    Args:
        name: The name of the check, as a criterion gives it.
        arguments: What stands under `with`; None where nothing does. An argument `{from: SOURCE}`
            is taken from the scenario of each reply; SOURCE is `expect.KEY` (or deeper,
            `expect.KEY.KEY`, `expect.KEY.0`), `labels.KEY` or `reference`.

    Raises:
        CheckError: No such check, or arguments that it does not take; with every problem.
    """
    found = checks().get(name)
    if found is None:
        message = f"there is no check {short(name)}; `tastemaker checks` lists them"
        near = nearest(name, checks())
        raise CheckError(name, [Problem(argument="", message=message, suggestion=near)])
    given = dict(arguments or {})
    sources = {argument: value["from"] for argument, value in given.items() if _is_source(value)}
    fixed = {argument: value for argument, value in given.items() if argument not in sources}
    if problems := found.problems(fixed, sources) + _wrong_sources(sources):
        raise CheckError(name, problems)
    keywords = {} if sources else found.validate(fixed)
    return BoundCheck(check=found, arguments=fixed, keywords=keywords, sources=sources)


def _names(value: Any) -> Iterator[str]:
    """The names in one, several, steps (`{name, arguments}`) or classes (a list by name)."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in [value["name"]] if "name" in value else value.values():
            yield from _names(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _names(one)


def lookup(reply: Reply, source: str) -> Any:
    """What the scenario gives at `expect.KEY[.KEY]`, `labels.KEY` or `reference`, or None.

    A place in a list is its number: `expect.KEY.0`.
    """
    root, *keys = source.split(".")
    value: Any = getattr(reply, root)
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list | tuple) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def is_blank(text: str) -> bool:
    """Whether nothing in it can be seen: only spaces, line ends, controls and format characters."""
    return all(unicodedata.category(character) in _UNSEEN for character in text)


_UNSEEN = {"Zs", "Zl", "Zp", "Cc", "Cf"}


def _keyword(argument: str) -> str:
    return f"{argument}_" if iskeyword(argument) else argument


def _model(name: str, function: Function) -> type[BaseModel]:
    """The keyword arguments of a function as a strict model."""
    hints = get_type_hints(function, include_extras=True)
    parameters = signature(function).parameters.values()
    fields: dict[str, Any] = {
        p.name.removesuffix("_"): (
            hints[p.name],
            ... if p.default is Parameter.empty else p.default,
        )
        for p in parameters
        if p.kind is Parameter.KEYWORD_ONLY
    }
    config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
    return create_model(name, __config__=config, **fields)


def _is_source(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {"from"}


def _wrong_sources(sources: Arguments) -> list[Problem]:
    message = "say from: expect.KEY, labels.KEY or reference"
    return [
        Problem(argument=str(argument), message=f"{message}, not {short(source)}")
        for argument, source in sources.items()
        if not (isinstance(source, str) and SOURCE.fullmatch(source))
    ]
