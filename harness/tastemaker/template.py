"""Templates: one written situation, many scenarios that differ in a few words.

Only `{name}` is filled in: no attributes, no formats, nothing is evaluated, and what was filled in
is not looked at again. `{{name}}` stands for the text `{name}`; all other braces are text.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence

from tastemaker.reading import Node, Problem, did_you_mean, scalar
from tastemaker.splits import in_hash_order

MOST_COMBINATIONS = 100_000
LONGEST_ID = 100

FIELD = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}")
FORMATTED = re.compile(r"\{([A-Za-z_]\w*)[.!:\[][^{}]*\}")
UNFILLED = {"vars", "sample"}
"""The keys of a template in which nothing is filled in."""

Values = Mapping[str, str]


def combinations(vars: Mapping[str, Sequence[str]], sample: int | None, seed: int) -> list[Values]:
    """Every combination of the values, or a sample without replacement, in their written order.

    The sample depends on the seed and on the values alone: two templates over the same values
    (twins) draw the same combinations, and a value added later keeps most of those drawn before.
    """
    every = [dict(zip(vars, values, strict=True)) for values in itertools.product(*vars.values())]
    if sample is None:
        return list(every)
    keyed = {"/".join(f"{len(v)}:{v}" for v in values.values()): values for values in every}
    drawn = set(in_hash_order(keyed, seed)[:sample])
    return [values for key, values in keyed.items() if key in drawn]


def count(vars: Mapping[str, Sequence[str]]) -> int:
    """How many combinations there are."""
    return math.prod(map(len, vars.values()))


def rendered(template: Node, values: Values) -> Node:
    """What a template makes of these values, without an id, each part at its own place."""
    assert isinstance(template.value, dict)
    kept = {key: child for key, child in template.value.items() if key not in UNFILLED | {"id"}}
    return _filled(Node(kept, template.mark, template.name_mark), values)


def _filled(node: Node, values: Values) -> Node:
    if isinstance(node.value, dict):
        return node.with_value({key: _filled(child, values) for key, child in node.value.items()})
    if isinstance(node.value, list):
        return node.with_value([_filled(child, values) for child in node.value])
    if not isinstance(node.value, str):
        return node
    text = fill(node.value, values)
    # A value that stands alone is read like any other: `{count: "{n}"}` may be a number.
    alone = FIELD.fullmatch(node.value) is not None and not node.value.startswith("{{")
    value = scalar(text) if alone else text
    return node.with_value(text if value is None else value, text)


def fill(text: str, values: Values) -> str:
    """The text with its fields filled in, once; KeyError for a field without a value."""
    return FIELD.sub(lambda m: f"{{{m[1]}}}" if m[1] else values[m[2]], text)


def identifier(pattern: str, values: Values, vars: Mapping[str, Sequence[str]]) -> str:
    """The id of one combination: the pattern filled in, then the values that it does not name."""
    named = {match[2] for match in FIELD.finditer(pattern)}
    unnamed = [values[name] for name in vars if name not in named and len(vars[name]) > 1]
    return slug("-".join([fill(pattern, values), *unnamed])) or "template"


def slug(text: str) -> str:
    """A valid id that is made of a text's small letters and digits; "" when it has none."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_ID].strip("-")


def problems(
    template: Node, vars: Mapping[str, Sequence[str]], sample: int | None
) -> list[Problem]:
    """What keeps a template from being filled in."""
    assert isinstance(template.value, dict)
    found, used = [], set()
    for node in _texts(template):
        names = {match[2] for match in FIELD.finditer(str(node.value)) if match[2]}
        used |= names
        for name in sorted(names - set(vars)):
            hint = did_you_mean(name, vars) or f"; write '{{{{{name}}}}}' for the text itself"
            found.append(Problem(node.mark, f"no variable '{name}'{hint}"))
        for match in FORMATTED.finditer(str(node.value)):
            if match[1] in vars:
                found.append(
                    Problem(node.mark, f"only '{{{match[1]}}}' is filled in: '{match[0]}'")
                )
    place = template.value["vars"]
    for name in vars:
        if name not in used and isinstance(place.value, dict):
            mark = place.value[name].name_mark
            found.append(Problem(mark, f"the variable '{name}' is not used: it would only repeat"))
    found += [
        Problem(place.name_mark, f"'{name}' has a value twice")
        for name, values in vars.items()
        if len(set(values)) < len(values)
    ]
    total = count(vars)
    if total > MOST_COMBINATIONS:
        found.append(Problem(place.place, f"{total} combinations; at most {MOST_COMBINATIONS}"))
    if sample is not None and sample > total:
        mark = template.value["sample"].place
        found.append(Problem(mark, f"a sample of {sample} from {total} combinations"))
    return found


def _texts(node: Node) -> Iterator[Node]:
    """The texts of a template in which fields are filled in."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            if key not in UNFILLED:
                yield from _texts(child)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _texts(child)
    elif isinstance(node.value, str):
        yield node
