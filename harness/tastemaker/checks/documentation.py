"""The checks, told: for `tastemaker checks` and for the page in the docs."""

import json
import sys
from dataclasses import dataclass, fields, is_dataclass
from itertools import groupby
from typing import Any

import yaml

from tastemaker.checks.arguments import Argument
from tastemaker.checks.registry import Check, checks
from tastemaker.records import Reply

INTRODUCTION = """\
# The checks

<!-- Written by `tastemaker.checks.documentation.page()`; a test compares. -->

A check decides one criterion about a reply without a model:

```yaml
length:
  check: words
  with: {max: 180}
```

- **The answer** is satisfied (1) or not (0), with a reason and, where one shows it, a passage of
  the reply.
- **Where a list is asked**, one text will do: `texts: sorry` is `texts: [sorry]`.
- **From the scenario**: any argument may be `{from: expect.KEY}` (or deeper,
  `expect.KEY.KEY`; a place in a list is its number, `expect.KEY.0`), `{from: labels.KEY}` or
  `{from: reference}`. A scenario that does not give it, or gives something
  of the wrong type, leaves the reply unscored.
- **An empty reply** satisfies no check, and so collects no points for what it did not say. Asking
  for silence is possible: `words` with `exactly: 0`. For what must not be there, ask for its
  absence (`absent`, `max: 0`) with a positive weight: a check of its presence with a negative
  weight would reward silence.
- **A symptom** is a sign and no fault: `stock_phrases` counts beside other criteria. `tastemaker
  check` warns where a principle that blocks rests on it alone, and where it is a `must`.
- **Unscored** is what cannot be told: it is counted and shown, and is never a 0.
"""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a person must know to use a check."""

    name: str
    family: str
    """The first line of its module: what the checks of this family have in common."""
    summary: str
    note: str
    arguments: tuple[Argument, ...]
    criterion: str
    """An example as it stands in a rubric: YAML."""
    met: str
    unmet: str
    """A reply that meets the example, one that does not: the text, or YAML when there is more."""


def describe() -> list[Description]:
    """Every check, family by family, by name within each."""
    told = [_description(check) for check in checks().values()]
    return sorted(told, key=lambda description: (description.family, description.name))


def page() -> str:
    """The page about the checks, in Markdown."""
    families = groupby(describe(), key=lambda description: description.family)
    sections = (
        f"## {family}\n\n" + "\n".join(map(_section, described)) for family, described in families
    )
    return INTRODUCTION + "\n" + "\n".join(sections)


def kinds() -> str:
    """The kinds of instruction as Markdown tables, those of IFEval first."""
    told = [description for description in describe() if ":" in description.name]
    families = groupby(told, key=lambda description: description.family)
    return "\n".join(
        f"### {family}\n\n" + "\n".join([*KIND_HEAD, *map(_kind, described)]) + "\n"
        for family, described in families
    )


KIND_HEAD = ("| id | arguments | what it asks |", "|---|---|---|")


def _kind(told: Description) -> str:
    anchor = told.name.replace(":", "")
    arguments = ", ".join(f"`{a.name}`" if a.required else f"`{a.name}`?" for a in told.arguments)
    summary = told.summary.replace("|", "\\|")
    return f"| [`{told.name}`](checks.md#{anchor}) | {arguments} | {summary} |"


def _description(check: Check) -> Description:
    family = (sys.modules[check.function.__module__].__doc__ or "").partition("\n")[0]
    return Description(
        name=check.name,
        family=family.removesuffix("."),
        summary=check.summary,
        note=check.note,
        arguments=check.arguments,
        criterion=_criterion(check),
        met=_shown(check.example.met),
        unmet=_shown(check.example.unmet),
    )


def _criterion(check: Check) -> str:
    arguments = dict(check.example.arguments)
    return f"check: {check.name}\n" + (f"with: {_inline(arguments)}\n" if arguments else "")


def _inline(value: Any) -> str:
    dumped = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1000
    )
    return str(dumped).strip()


def _shown(reply: Reply | str) -> str:
    """The text of a reply; with its scenario, where the check needs one."""
    if isinstance(reply, str):
        return reply
    lines = (f"{name}: {_plain(value)}" for name, value in _said(reply).items() if name != "text")
    return "\n".join([*lines, f"reply: {_plain(reply.text)}"])


def _said(record: Any) -> dict[str, Any]:
    """The fields of a record that say something, records inside it likewise."""
    given = {f.name: getattr(record, f.name) for f in fields(record)}
    usual = {f.name: f.default for f in fields(record)}
    return {
        name: _told(value)
        for name, value in given.items()
        if value != usual[name] and (value or isinstance(value, bool))
    }


def _told(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_told(one) for one in value]
    return _said(value) if is_dataclass(value) else value


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _section(told: Description) -> str:
    parts = [f"### {told.name}", told.summary, told.note, _table(told.arguments)]
    parts += [_fenced("yaml", told.criterion), "Met:", _fenced("text", told.met)]
    parts += ["Not met:", _fenced("text", told.unmet)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(arguments: tuple[Argument, ...]) -> str:
    if not arguments:
        return ""
    rows = (
        f"| `{a.name}` | {a.type} | {_default(a)} | {a.description} |".replace("  ", " ")
        for a in arguments
    )
    return "\n".join(["| argument | type | default | |", "|---|---|---|---|", *rows])


def _default(argument: Argument) -> str:
    if argument.required:
        return "required"
    return "" if argument.default is None else f"`{_plain(argument.default).strip(chr(34))}`"


def _fenced(language: str, text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
