"""What the arguments of checks may be: types, what they must be together, how they are told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

import regex  # it ships no type information
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import ErrorDetails

Arguments = Mapping[str, Any]

LONGEST_PATTERN = 1000
"""Characters; a longer pattern is a program."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with how a check is asked for."""

    argument: str
    """The name of the argument as written; "" where it is the check as a whole."""
    message: str
    suggestion: str = ""
    """The nearest valid name; "" when none is near."""

    def __str__(self) -> str:
        """One line for people: where, what, did you mean."""
        where = f"{self.argument}: " if self.argument else ""
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{where}{self.message}{hint}"


Rule = Callable[[Arguments], Problem | None]
"""What the arguments must be together, each valid by itself and defaults filled in."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a check, as the documentation tells it."""

    name: str
    type: str
    """In words: `number`, `list of texts`, `any, ordered or bulleted`."""
    required: bool
    default: Any
    """None when it is required, and where leaving it out means it does not apply."""
    description: str


def _compiles(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except RecursionError as error:
        raise ValueError("should be a regular expression that is nested less deeply") from error
    except (regex.error, ValueError) as error:
        raise ValueError(f"should be a regular expression ({error})") from error
    return pattern


def listed(value: Any) -> Any:
    """One text is a list of one."""
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Text], BeforeValidator(listed), Field(min_length=1)]
Pattern = Annotated[str, Field(max_length=LONGEST_PATTERN), AfterValidator(_compiles)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]

Min = Annotated[int | None, Field(ge=0, description="at least this many")]
Max = Annotated[int | None, Field(ge=0, description="at most this many")]
Exactly = Annotated[int | None, Field(ge=0, description="this many, no more and no less")]
MatchCase = Annotated[bool, Field(description="whether `Dana` and `dana` differ")]
WholeWords = Annotated[bool, Field(description="whether `art` in `start` is not a match")]
SkipCode = Annotated[bool, Field(description="whether code blocks and `code` are left out")]


def no_zero(argument: str) -> Rule:
    """The rule of an argument that counts places, from the front or from the end."""

    def rule(arguments: Arguments) -> Problem | None:
        zero = arguments[argument] == 0
        return Problem(argument=argument, message="1 is the first, -1 the last") if zero else None

    return rule


def some_limit(arguments: Arguments) -> Problem | None:
    """One of min, max and exactly is given, and they agree."""
    if all(arguments.get(name) is None for name in ("min", "max", "exactly")):
        names = "min, max or exactly" if "exactly" in arguments else "min or max"
        return Problem(argument="", message=f"say {names}")
    return limits(arguments)


def limits(arguments: Arguments) -> Problem | None:
    """Min, max and exactly agree where they are given."""
    low, high = arguments.get("min"), arguments.get("max")
    if arguments.get("exactly") is not None and (low, high) != (None, None):
        return Problem(argument="exactly", message="says it all; leave out min and max")
    if low is not None and high is not None and low > high:
        return Problem(argument="max", message=f"{high} is less than min, which is {low}")
    return None


def either(*names: str) -> Rule:
    """At least one of these arguments is given."""

    def rule(arguments: Arguments) -> Problem | None:
        if any(arguments.get(name) is not None for name in names):
            return None
        return Problem(argument="", message=f"say {' or '.join(names)}")

    return rule


def unknown(name: object, names: Iterable[str]) -> Problem:
    """The problem of an argument that a check does not take."""
    known = list(names)
    message = f"no such argument; there is {', '.join(known)}" if known else "takes no arguments"
    return Problem(argument=str(name), message=message, suggestion=nearest(str(name), known))


def invalid(details: ErrorDetails) -> Problem:
    """The problem that pydantic found with one argument."""
    argument, *inner = details["loc"]
    if details["type"] == "missing":
        return Problem(argument=str(argument), message="is required")
    positions = "".join(f"item {part + 1}: " for part in inner if isinstance(part, int))
    message = details["msg"].removeprefix("Value error, ").replace("Input should", "should")
    context = details.get("ctx", {})
    options = regex.findall(r"'([^']*)'", str(context.get("expected", "")))
    return Problem(
        argument=str(argument),
        message=f"{positions}{message}, not {short(details['input'])}",
        suggestion=context.get("near") or nearest(str(details["input"]), options),
    )


def nearest(name: str, names: Iterable[str]) -> str:
    """The most similar of these names; "" when none is similar."""
    return next(iter(get_close_matches(name.lower(), list(names), n=1, cutoff=0.6)), "")


def short(value: object) -> str:
    """The value as Python writes it, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def told(model: type[BaseModel]) -> tuple[Argument, ...]:
    """The fields of a model of arguments, in the order of the signature."""
    schema = model.model_json_schema()
    required = schema.get("required", [])
    return tuple(
        Argument(
            name=name,
            type=type_words(told),
            required=name in required,
            default=told.get("default"),
            description=told.get("description", ""),
        )
        for name, told in schema.get("properties", {}).items()
    )


NAMES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "yes or no",
    "object": "keys and values",
}


def type_words(schema: Mapping[str, Any]) -> str:
    """A JSON Schema of an argument in words."""
    if "anyOf" in schema:
        return " or ".join(type_words(s) for s in schema["anyOf"] if s.get("type") != "null")
    if "enum" in schema:
        *first, last = schema["enum"]
        return f"{', '.join(first)} or {last}"
    if schema.get("type") == "array":
        words = type_words(schema["items"])
        return f"list of {words}" if words.endswith("s") else f"list of {words}s"
    return NAMES.get(schema.get("type", ""), "anything")
