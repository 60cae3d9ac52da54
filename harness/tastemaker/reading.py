"""Read YAML strictly: plain data, checked by a model, every problem at once with its place.

Scalars are read as YAML 1.2 does: true and false, null, decimal numbers, and everything else is
text. Where a model wants text, the text that was written is taken: an id `007`, a label `no`.
"""

import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, Tag, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from tastemaker.errors import UserError

LARGEST_YAML = 32 * 2**20
LARGEST_TEXT = 1 * 2**20
DEEPEST = 50

ID = "^[a-z0-9][a-z0-9-]*$"
NAME = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$"
VARIABLE = "^[a-z][a-z0-9_]*$"
RULE = "^[a-z0-9][a-z0-9-]*(@[^@ ]+)?$"
PRINTABLE = r"\S"

PATTERNS = {
    ID: "small letters, digits and hyphens (like 'follow-up')",
    NAME: "small letters, digits and hyphens, parts joined by '/' (like 'writing/email')",
    VARIABLE: "small letters, digits and underscores (like 'user_name')",
    RULE: "'default', a principle, or 'principle@eval'",
    PRINTABLE: "text that is not blank",
}
"""What each pattern asks for, in words; `problems` falls back to the pattern itself."""

Id = Annotated[str, Field(pattern=ID, max_length=200)]
Name = Annotated[str, Field(pattern=NAME, max_length=200)]
Text = Annotated[str, Field(pattern=PRINTABLE)]
"""Text that says something."""
Label = Annotated[str, Field(pattern=PRINTABLE, max_length=200)]
"""A name that comes from outside, or a value of a label: any text up to 200 characters."""
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A finite number; no text that looks like one, no true or false."""
Share = Annotated[Number, Field(ge=0, le=1)]


class FileModel(BaseModel):
    """A part of a file: no key that it does not name, nothing that changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


Model = TypeVar("Model", bound=BaseModel)
Part = str | int
Location = tuple[Part, ...]
"""Where in a file: keys and list positions from the top."""


# What may be written in several shapes is told apart by the shape alone, so that a mistake inside
# one shape is reported for that shape only. The tags stand in brackets: no key of ours does.
SCALAR, LIST, MAPPING = Tag("(scalar)"), Tag("(list)"), Tag("(mapping)")
SHAPES = {"(scalar)": "text", "(list)": "a list", "(mapping)": "keys and values"}


def shape(value: Any) -> str:
    """The tag of a value's shape: a mapping (or a model), a list (or a tuple), or one scalar."""
    if isinstance(value, dict | BaseModel):
        return MAPPING.tag
    return LIST.tag if isinstance(value, list | tuple) else SCALAR.tag


BY_SHAPE = Discriminator(shape)


class Mark(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Node:
    """One value of a file with its place."""

    value: "str | int | float | bool | list[Node] | dict[str, Node] | None"
    mark: Mark
    name_mark: Mark
    """Where the key of this value stands; its own place when it has none."""
    text: str = ""
    """A scalar as it was written."""

    @property
    def place(self) -> Mark:
        """Where to point a reader: at a scalar itself, at the name of anything larger."""
        return self.name_mark if isinstance(self.value, list | dict) else self.mark

    def with_value(self, value: Any, text: str = "") -> "Node":
        """Another value at the same place."""
        return Node(value, self.mark, self.name_mark, text)


class Problem(NamedTuple):
    """One thing that is wrong in a file."""

    mark: Mark
    message: str


class Source(NamedTuple):
    """A file that was read: its values, and where each of them stands."""

    path: Path
    node: Node
    problems: Sequence["Problem"] = ()
    """What is not plain data in it."""

    def error(self, problems: Iterable[tuple[Location, str]]) -> UserError:
        """The error that says what is wrong at each location, in the order of the file."""
        return error(self.path, [Problem(find(self.node, at).place, text) for at, text in problems])

    def check(self, model: type[Model]) -> Model:
        """The file as a model; UserError with every problem at once."""
        result, problems = validate(self.node, model)
        if result is None or self.problems:
            raise error(self.path, [*self.problems, *problems])
        return result


def read(path: Path, model: type[Model]) -> Model:
    """Read a YAML file as a model; UserError with every problem at once, each with its place."""
    return parse(path).check(model)


def parse(path: Path) -> Source:
    """Read a YAML file, with what is not plain data in it; UserError when it is not YAML."""
    builder = _Builder(path, read_text(path, LARGEST_YAML))
    return Source(path, builder.document(), builder.problems)


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """The UTF-8 text of a file, without a byte order mark.

    UserError when it is missing, no regular file, larger than `largest` bytes, or not UTF-8.
    """
    content = read_bytes(path, largest)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = content[: problem.start]
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        mark = Mark(before.count(b"\n") + 1, column)
        raise error(path, [Problem(mark, "not UTF-8 text: save the file as UTF-8")]) from None


def read_bytes(path: Path, largest: int) -> bytes:
    """The content of a regular file of at most `largest` bytes; UserError otherwise."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UserError(f"{shown(path)}: not a file")
            content = file.read(largest + 1)
    except IsADirectoryError:
        raise UserError(f"{shown(path)}: a folder, not a file") from None
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file{file_near(path)}") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise UserError(f"{shown(path)}: cannot be read: {reason}") from None
    if len(content) > largest:
        raise UserError(f"{shown(path)}: larger than {largest // 2**20} MB")
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would wait for a writer


def file_near(path: Path) -> str:
    """The end of a message about a file that is not there: the one in its folder that was meant.

    It has the same ending and nearly the same name, or the same name and another ending.
    """
    try:
        names = [Path(name) for name in sorted(os.listdir(path.parent))]
    except OSError:
        return ""
    alike = {name.stem: name.name for name in names if name.stem == path.stem}
    alike |= {name.stem: name.name for name in names if name.suffix == path.suffix}
    stem = nearest(path.stem, alike)
    return f": did you mean '{alike[stem]}'?" if stem is not None else ""


def shown(path: Path) -> str:
    """A path as people see it: from the current folder when it lies below it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def delimiter(header: str) -> str:
    """What separates the cells of a CSV file; a spreadsheet writes what its country does."""
    return max(",;\t", key=header.count)


def error(path: Path, problems: Iterable[Problem]) -> UserError:
    """The error for a file: one line a problem, `path:line:column: message`, in their order."""
    lines = dict.fromkeys(
        f"{shown(path)}:{mark.line}:{mark.column}: {message}" for mark, message in sorted(problems)
    )
    return UserError("\n".join(map(printable, lines)))


def printable(text: str) -> str:
    """The text with what a terminal would obey, or cannot show, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant; None when nothing is near."""
    close = get_close_matches(word.lower(), list(names), n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name; "" when nothing is near."""
    name = nearest(word, names)
    return f": did you mean '{name}'?" if name else ""


def refuse(*problems: tuple[Location, str]) -> NoReturn:
    """Say in a validator what is wrong, each at its own location below the value."""
    raise ValidationError.from_exception_data(
        "problems",
        [
            InitErrorDetails(
                type=PydanticCustomError("problem", "{text}", {"text": text}), loc=at, input=None
            )
            for at, text in problems
        ],
    )


# Scalars -----------------------------------------------------------------------------------------

CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
# Numbers of a readable length: Python refuses to read whole numbers of thousands of digits.
WHOLE = re.compile(r"[-+]?[0-9]{1,300}")
DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[-+]?[0-9]+)?", re.IGNORECASE)

LOSES = re.compile(r"\+.*|-?0[0-9].*|-?[0-9]*\.[0-9]*0")


def scalar(text: str) -> str | int | float | bool | None:
    """What plain text stands for: a constant, a finite number, or itself."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def written_otherwise(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """The numbers below a node that may have been meant as text, each with its path of keys.

    A number has no leading zero, no plus sign and no zero at its end: 0800, +49 and 1.10 lose them.
    """
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from written_otherwise(child, f"{path}.{key}")
    elif isinstance(node.value, list):
        for number, child in enumerate(node.value):
            yield from written_otherwise(child, f"{path}.{number}")
    elif type(node.value) in (int, float) and LOSES.fullmatch(node.text):
        if node.text != str(node.value):
            yield path, node


# YAML --------------------------------------------------------------------------------------------

LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
PLAIN_DATA = "files here are plain data"


class _Builder:
    """Builds the values of one document from the events of the YAML parser.

    From events, not from PyYAML's nodes: an alias is seen where it stands, nothing is expanded,
    and the depth is bounded before Python's stack is.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text
        self.events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
        self.problems: list[Problem] = []

    def document(self) -> Node:
        """The values of the only document; UserError when there are none."""
        node = None
        try:
            for event in self.events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if node is not None:
                        self.problem(event, "a second document starts here; one file holds one")
                        break
                    node = self.value(next(self.events), None, 0)
        except yaml.YAMLError as problem:
            raise error(self.path, [*self.problems, self.syntax(problem)]) from None
        if node is None or (node.value is None and not self.problems):
            raise error(self.path, [Problem(Mark(1, 1), "the file is empty")])
        return node

    def value(self, event: Any, name_mark: Mark | None, depth: int) -> Node:
        """The value that starts with this event."""
        mark = _mark(event.start_mark)
        node = Node(None, mark, name_mark or mark)
        if isinstance(event, yaml.AliasEvent):
            self.problem(event, f"an alias (*{event.anchor}): {PLAIN_DATA}, write the value out")
            return node
        if event.anchor is not None:
            self.problem(event, f"an anchor (&{event.anchor}): {PLAIN_DATA}, write the value out")
        if event.tag is not None:
            self.problem(event, f"a tag ({event.tag}): {PLAIN_DATA}, leave it out")
        if isinstance(event, yaml.ScalarEvent):
            node.text = event.value
            node.value = scalar(event.value) if event.implicit[0] else event.value
        elif depth == DEEPEST:
            raise error(self.path, [Problem(mark, f"nested more than {DEEPEST} levels deep")])
        elif isinstance(event, yaml.SequenceStartEvent):
            node.value = self.items(depth)
        else:
            node.value = self.entries(depth)
        return node

    def items(self, depth: int) -> list[Node]:
        nodes = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            nodes.append(self.value(event, None, depth + 1))
        return nodes

    def entries(self, depth: int) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.value(event, None, depth + 1)
            value = self.value(next(self.events), key.mark, depth + 1)
            if isinstance(key.value, list | dict):
                self.problem(event, "a key must be text")
            elif key.text == "<<":
                self.problem(event, f"a merge key (<<): {PLAIN_DATA}, write the values out")
            elif key.text in nodes:
                first = nodes[key.text].name_mark.line
                self.problem(event, f"the key '{key.text}' stands here twice (also line {first})")
            else:
                nodes[key.text] = value
        return nodes

    def problem(self, event: Any, message: str) -> None:
        self.problems.append(Problem(_mark(event.start_mark), message))

    def syntax(self, problem: yaml.YAMLError) -> Problem:
        """What the YAML parser could not read, and where."""
        if isinstance(problem, yaml.MarkedYAMLError) and problem.problem_mark is not None:
            mark = _mark(problem.problem_mark)
            line = self.text.splitlines()[mark.line - 1 : mark.line]
            if line and line[0][mark.column - 1 : mark.column] == "\t":
                return Problem(mark, "a tab: YAML is indented with spaces")
            return Problem(mark, f"not YAML: {problem.problem}")
        before = self.text.encode()[: getattr(problem, "position", 0)].decode("utf-8", "replace")
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem(mark, "not YAML: a control character")


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


# Models ------------------------------------------------------------------------------------------


def data(node: Node) -> Any:
    """The plain value of a node."""
    if isinstance(node.value, dict):
        return {key: data(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [data(child) for child in node.value]
    return node.value


def find(node: Node, location: Iterable[Part]) -> Node:
    """The node at a location, or the nearest one that holds it."""
    for part in location:
        if isinstance(node.value, dict) and part in node.value:
            node = node.value[str(part)]
        elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
    return node


def validate(node: Node, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The values as a model, or None and everything that keeps them from being one.

    Where text is wanted and a number, true or false was read, the text as written is put in its
    place (in the node too) and the values are tried again.
    """
    while True:
        try:
            return model.model_validate(data(node)), []
        except ValidationError as invalid:
            details = invalid.errors(include_url=False)
        if not _take_as_written(node, details):
            return None, problems(node, model, details)


def _take_as_written(node: Node, details: Iterable[ErrorDetails]) -> bool:
    """Replace scalars by their text where text was wanted; whether there were any."""
    wanted = [find(node, detail["loc"]) for detail in details if detail["type"] == "string_type"]
    read_otherwise = [one for one in wanted if isinstance(one.value, bool | int | float)]
    for one in read_otherwise:
        one.value = one.text
    return bool(read_otherwise)


def problems(node: Node, model: type[BaseModel], details: Iterable[ErrorDetails]) -> list[Problem]:
    """What pydantic found, in plain words and with its place."""
    schema = model.model_json_schema()
    found = []
    for detail in details:
        location = _without_tags(node, detail["loc"])
        at = find(node, location)
        if detail["type"] == "too_short" and _has(at, detail["ctx"]["min_length"]):
            continue  # it is long enough; some of its entries have problems of their own
        of_key = detail["type"] == "extra_forbidden" or detail["loc"][-1:] == ("[key]",)
        message = _message(detail, location, schema)
        if at is not node and at.mark == node.mark and detail["type"] != "extra_forbidden":
            # A row of a data file: its cells have no places of their own.
            message = f"{'.'.join(map(str, location))}: {message}"
        found.append(Problem(at.name_mark if of_key else at.place, message))
    return found


def _has(node: Node, entries: int) -> bool:
    return isinstance(node.value, list | dict) and len(node.value) >= entries


def _without_tags(node: Node, location: Iterable[Part]) -> Location:
    """The location in the file: without what pydantic and the tags of shapes put between."""
    kept: list[Part] = []
    for part in location:
        here = find(node, kept).value
        if (
            isinstance(part, int)
            or part[0:1] not in ("(", "[")
            or (isinstance(here, dict) and part in here)
        ):
            kept.append(part)
    return tuple(kept)


WANTED = {
    "string_type": "text",
    "string_unicode": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}


def _message(detail: ErrorDetails, location: Location, schema: dict[str, Any]) -> str:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    key = str(location[-1]) if location else ""
    if kind == "problem":
        return str(context["text"])
    if kind == "missing" and isinstance(location[-1], int):
        return f"expected one more entry than {location[-1]}"
    if kind == "missing":
        return f"the key '{key}' is missing"
    if kind == "extra_forbidden":
        names = _allowed_keys(schema, location[:-1])
        return f"unknown key '{key}'" + (did_you_mean(key, names) or f": expected {listed(names)}")
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", context["expected"])
        hint = did_you_mean(str(value), choices)
        return f"expected {context['expected']}, found {described(value)}{hint}"
    if kind == "union_tag_invalid":
        tags = [words for tag, words in SHAPES.items() if f"'{tag}'" in context["expected_tags"]]
        return f"expected {listed(tags)}, found {described(value)}"
    if kind == "string_pattern_mismatch":
        wanted = PATTERNS.get(context["pattern"], f"text like {context['pattern']}")
        return f"expected {wanted}, found {described(value)}"
    if kind in ("too_short", "too_long"):
        limit = context.get("min_length", context.get("max_length"))
        bound = "at least" if kind == "too_short" else "at most"
        return f"expected {bound} {limit}, found {context['actual_length'] or 'none'}"
    if kind == "string_too_long":
        return f"expected at most {context['max_length']} characters, found {described(value)}"
    wanted = WANTED.get(kind) or detail["msg"].removeprefix("Input should be ")
    return f"expected {wanted}, found {described(value)}"


def without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads`: an object in which a key stands twice says two things, and neither."""
    entries: dict[str, Any] = {}
    for key, value in pairs:
        if key in entries:
            raise ValueError(f"the key '{key}' stands there twice")
        entries[key] = value
    return entries


def described(value: Any) -> str:
    """A value that was found, in words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"text '{value}'" if len(value) <= 60 else f"text '{value[:57]}...'"
        case list() | tuple():
            return "a list"
        case _:
            return "keys and values"


def listed(names: Iterable[str], joint: str = "or") -> str:
    """Names as people list them: `a, b or c`."""
    *rest, last = list(names) or ["nothing"]
    return f"{', '.join(rest)} {joint} {last}" if rest else last


def _allowed_keys(schema: dict[str, Any], location: Location) -> list[str]:
    """The keys that a JSON Schema knows at a location."""
    definitions = schema.get("$defs", {})
    here = list(_alternatives(schema, definitions))
    for part in location:
        below = [child for one in here for child in _children(one, part)]
        here = [one for child in below for one in _alternatives(child, definitions)]
    return list(dict.fromkeys(name for one in here for name in one.get("properties", {})))


def _alternatives(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas that a schema stands for: references followed, unions taken apart."""
    if "$ref" in schema:
        yield from _alternatives(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _alternatives(branch, definitions)
    if "$ref" not in schema:
        yield schema


def _children(schema: dict[str, Any], part: Part) -> Iterator[dict[str, Any]]:
    """The schemas of what may stand at a key or a position."""
    if isinstance(part, int):
        positions = schema.get("prefixItems", [])
        child = positions[part] if part < len(positions) else schema.get("items")
        if isinstance(child, dict):
            yield child
    elif part in schema.get("properties", {}):
        yield schema["properties"][part]
    else:
        yield from schema.get("patternProperties", {}).values()
        if isinstance(schema.get("additionalProperties"), dict):
            yield schema["additionalProperties"]
