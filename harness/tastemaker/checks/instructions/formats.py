"""Instructions about forms: JSON, YAML, CSV, XML, code, dates, fields."""

import csv
import json
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import regex  # it ships no type information
import yaml
from pydantic import AfterValidator, Field

from tastemaker.checks.arguments import Exactly, Max, Min, Text, Texts, limits
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.instructions.structure import (
    ISO_DATE,
    OTHER_DATE,
    count_words,
    fenced,
    is_day,
    lines,
    plainly,
    undressed,
)
from tastemaker.checks.markdown import blocks, no_constant
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

LONGEST = 100_000
"""Characters; what is longer is no YAML or XML that anybody asked for."""
DEEPEST = 100
SECONDS = 2.0
"""For all patterns of a schema."""


def _is_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema that stands by itself; ValueError otherwise."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
        root = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
        for one in _references(schema):
            root.lookup(one)
        if next(_named(schema, "patternProperties"), None) is not None:
            raise ValueError("should be a JSON Schema without patternProperties")
        for one in _named(schema, "pattern"):
            if isinstance(one, str):
                regex.compile(one)
        Draft202012Validator(schema, registry=Registry()).is_valid(None)
    except SchemaError as error:
        raise ValueError(f"should be a JSON Schema ({error.message[:100]})") from error
    except regex.error as error:
        raise ValueError(
            f"should be a JSON Schema with patterns that can be read ({error})"
        ) from error
    except RecursionError as error:
        raise ValueError("should be a JSON Schema that does not go round in a circle") from error
    except Unresolvable as error:
        raise ValueError("should be a JSON Schema that refers to nothing outside it") from error
    return schema


def _references(schema: Any) -> Iterator[str]:
    """Everything that a schema refers to."""
    for key in ("$ref", "$dynamicRef"):
        yield from (one for one in _named(schema, key) if isinstance(one, str))


def _named(value: Any, key: str) -> Iterator[Any]:
    """Everything that stands under this key, however deep."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for below in value.values():
            yield from _named(below, key)
    elif isinstance(value, list):
        for below in value:
            yield from _named(below, key)


@check(
    "format:json_schema",
    example=Example(
        arguments={
            "matches": {
                "type": "object",
                "required": ["boat", "metres"],
                "properties": {"metres": {"type": "number", "exclusiveMinimum": 0}},
            }
        },
        met='{"boat": "Ida", "metres": 9.5}',
        unmet='{"boat": "Ida", "metres": "9.5"}',
    ),
)
def json_schema(
    reply: Reply,
    *,
    matches: Annotated[
        dict[str, Any],
        AfterValidator(_is_schema),
        Field(
            description="a JSON Schema, draft 2020-12, without references to elsewhere and without "
            "`patternProperties`"
        ),
    ],
) -> Finding:
    """The whole reply, or the one code block that it is, is JSON that matches this schema."""
    from jsonschema.exceptions import best_match

    text = fenced(reply.text)
    if len(text) > LONGEST:
        return found(False, f"longer than {LONGEST} characters")
    try:
        value = json.loads(text, parse_constant=no_constant)
        wrong = best_match(_validator(matches).iter_errors(value))
    except TimeoutError:
        return Finding(value=None, reason=f"its patterns take over {SECONDS:g} seconds")
    except OverflowError:
        return found(False, "a number that is too large to read")
    except ValueError as error:
        return found(False, f"not JSON: {str(error)[:100]}")
    except RecursionError:
        return found(False, "nested too deeply to read")
    if wrong is None:
        return found(True, "matches the schema")
    return found(False, f"{wrong.json_path}: {wrong.message[:200]}")


def _validator(schema: dict[str, Any]) -> Any:
    """What holds JSON against a schema, in a time that neither of the two can stretch.

    With a registry of its own it fetches nothing. Two keywords read otherwise than the package
    does: all patterns together have a limit of time, and what must be unique is compared by what
    it is written as, not each with each.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend
    from referencing import Registry

    until = time.monotonic() + SECONDS

    def pattern(validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
        left = max(until - time.monotonic(), 0.001)
        if isinstance(value, str) and not regex.search(wanted, value, timeout=left):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    made: Any = extend(Draft202012Validator, {"pattern": pattern, "uniqueItems": _unique})
    return made(schema, registry=Registry())


def _unique(validator: Any, wanted: bool, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if wanted and isinstance(value, list) and len(set(map(_written, value))) < len(value):
        yield ValidationError("has an item twice")


def _written(value: Any) -> str:
    """One text for all values that JSON Schema holds equal: 1 is 1.0, and true is not 1."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return value


@check(
    "format:yaml",
    example=Example(
        arguments={"keys": ["place", "closed"]},
        met="place: slip\nclosed: Tuesday",
        unmet="place: slip\nopen: Wednesday",
    ),
)
def yaml_mapping(
    reply: Reply, *, keys: Annotated[Texts, Field(description="what stands at the top, at least")]
) -> Finding:
    """The whole reply, or the one code block that it is, is YAML with these keys at the top.

    Plain YAML: without tags, anchors and aliases.
    """
    text = fenced(reply.text)
    try:
        _refuse_tricks(text)
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return found(False, f"not YAML: {' '.join(str(error).split())[:100]}")
    if not isinstance(value, dict):
        return found(False, "YAML, but without keys at its top")
    missing = [key for key in keys if key not in set(map(str, value))]
    return found(
        not missing, f"without {', '.join(missing)}" if missing else "YAML with these keys"
    )


def _refuse_tricks(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"longer than {LONGEST} characters")
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} levels deep")
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError("an anchor, an alias or a tag")


@check(
    "format:csv",
    rules=[limits],
    example=Example(
        arguments={"columns": ["boat", "metres"], "exactly": 2},
        met='boat,metres\nIda,9.5\n"Oda, the old one",11',
        unmet="boat,metres\nIda,9.5\nOda, the old one,11",
    ),
)
def csv_rows(
    reply: Reply,
    *,
    columns: Annotated[Texts, Field(description="the first line")],
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    delimiter: Annotated[
        str, Field(pattern=r'^[^"\r\n]$', description="the character that parts the cells")
    ] = ",",
) -> Finding:
    """The whole reply, or the one code block that it is, is CSV with these columns.

    Each row has as many cells as there are columns. The first line is no row; without a number at
    least one row is asked.
    """
    text = fenced(reply.text).strip()
    try:
        rows = [
            row for row in csv.reader(text.splitlines(), delimiter=delimiter, strict=True) if row
        ]
    except csv.Error as error:
        return found(False, f"not CSV: {error}")
    head, rest = next(iter(rows), []), rows[1:]
    if [cell.strip() for cell in head] != columns:
        return found(False, f"the first line is {', '.join(head)[:200]}")
    uneven = next((row for row in rest if len(row) != len(columns)), None)
    if uneven is not None:
        return found(False, f"a row has {plural(len(uneven), 'cell')}, exactly {len(columns)}")
    return within(len(rest), "row", min=min, max=max, exactly=exactly)


@check(
    "format:xml",
    example=Example(
        arguments={"root": "harbour", "elements": {"slip": 2}},
        met="<harbour><slip>north</slip><slip>south</slip></harbour>",
        unmet="<harbour><slip>north</slip></harbour>",
    ),
)
def xml(
    reply: Reply,
    *,
    root: Annotated[Text, Field(description="the name of the element around all")],
    elements: Annotated[
        dict[str, Annotated[int, Field(ge=0)]] | None,
        Field(description="how many elements of a name there are, wherever they stand"),
    ] = None,
) -> Finding:
    """The whole reply, or the one code block that it is, is well-formed XML with this root.

    Without a document type: entities could make it as long as they please.
    """
    text = fenced(reply.text).strip()
    if len(text) > LONGEST or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return found(False, "too long, or with a document type")
    try:
        top = ElementTree.fromstring(text.encode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return found(False, f"not XML: {str(error)[:100]}")
    if top.tag != root:
        return found(False, f"the root is {str(top.tag)[:60]}")
    counts = Counter(str(element.tag) for element in top.iter())
    for name, count in (elements or {}).items():
        if counts[name] != count:
            return found(False, f"{counts[name]} of <{name}>, exactly {count}")
    return found(True, f"XML, {root}")


@check(
    "format:code_only",
    example=Example(
        arguments={"language": "python"},
        met="```python\nprint(6 * 7)\n```",
        unmet="Here it is:\n```python\nprint(6 * 7)\n```",
    ),
)
def code_only(
    reply: Reply,
    *,
    language: Annotated[
        Text | None, Field(description="what the block is marked with; otherwise anything")
    ] = None,
) -> Finding:
    """The reply is one fenced code block with something in it, and nothing around it."""
    tokens = blocks(reply.text)
    if len(tokens) != 1 or tokens[0].type != "fence":
        return found(False, "not one code block alone")
    if not tokens[0].content.strip():
        return found(False, "the code block is empty")
    marked = next(iter(tokens[0].info.split()), "")
    same = language is None or marked.casefold() == language.casefold()
    return found(same, f"one code block, marked “{marked[:60]}”")


@check(
    "format:iso_dates",
    example=Example(
        arguments={"min": 2},
        met="Closed from 2026-03-03 to 2026-03-05.",
        unmet="Closed from 2026-03-03 to 5 March 2026.",
    ),
)
def iso_dates(
    reply: Reply, *, min: Annotated[int, Field(ge=1, description="at least this many")] = 1
) -> Finding:
    """Every date is written `2026-03-05` and is one of the calendar, and there are this many.

    Other dates are `5 March`, `Mar 5, 2026`, `5.3.2026` and `5/3/2026`; a year alone is none.
    """
    if other := OTHER_DATE.search(reply.text):
        return found(False, f"“{other[0]}” is written otherwise", other[0])
    days = list(ISO_DATE.finditer(reply.text))
    if impossible := next((one for one in days if not is_day(*one.groups())), None):
        return found(False, f"there is no {impossible[0]}", impossible[0])
    return within(len(days), "date", min=min, quote=days[0][0] if days else "")


@check(
    "format:fields",
    example=Example(
        arguments={"fields": ["Place", "Closed"]},
        met="Place: north slip\nClosed: Tuesday",
        unmet="Closed: Tuesday\nPlace: north slip",
    ),
)
def fields(
    reply: Reply,
    *,
    fields: Annotated[Texts, Field(description="what stands before the colons, in order")],
) -> Finding:
    """There is a line `Field: something` for each of these, once each and in this order.

    Bold, a bullet before it and case do not matter; other lines may stand between.
    """
    wanted = {plainly(field) for field in fields}
    labelled = [_label(line) for line in lines(reply.text)]
    there = [(name, value) for name, value in labelled if plainly(name) in wanted]
    if [plainly(name) for name, _ in there] != [plainly(field) for field in fields]:
        return found(
            False, f"the fields are {', '.join(name for name, _ in there)[:200] or 'none'}"
        )
    empty = next((name for name, value in there if not value), "")
    return found(not empty, f"“{empty}” has nothing after it" if empty else "every field once")


def _label(line: str) -> tuple[str, str]:
    """What stands before the first colon of a line, and what after it."""
    name, colon, value = undressed(line.lstrip("-•+>#* ")).partition(":")
    return (name.strip(), value.strip()) if colon else ("", "")


@check(
    "format:stated_words",
    example=Example(
        met="The slip is closed on Tuesday.\n\nWords: 6", unmet="The slip is closed.\n\nWords: 6"
    ),
)
def stated_words(reply: Reply) -> Finding:
    """The last line says in digits how many words stand above it; counted as in `words`."""
    text = reply.text.rstrip()
    above, _, last = text.rpartition("\n")
    said = _numbers_in(last)
    count = count_words(above)
    return found(
        said == [count], f"{plural(count, 'word')}, the last line says {said or 'nothing'}"
    )


def _numbers_in(text: str) -> list[int]:
    """The whole numbers in a line, whatever stands around them."""
    digits = "".join(one if one.isdecimal() else " " for one in text)
    return [int(one) for one in digits.split() if len(one) < 10]
