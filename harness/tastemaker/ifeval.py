"""Prompts and replies in IFEval's own format, as a dataset of ours and as recorded replies."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import Field

from tastemaker.checks.following import instruction
from tastemaker.checks.registry import CheckError
from tastemaker.content import file_fingerprint
from tastemaker.errors import UserError
from tastemaker.reading import (
    NAME,
    FileModel,
    Mark,
    Problem,
    Source,
    Text,
    error,
    find,
    shown,
    validate,
)
from tastemaker.rows import read_rows
from tastemaker.scenario import Dataset
from tastemaker.template import slug

LONGEST = 200_000
"""Characters of a prompt or a reply; what is longer is no prompt that anybody wrote."""

Line = TypeVar("Line", bound=FileModel)
LongText = Annotated[str, Field(max_length=LONGEST)]


class _Prompt(FileModel):
    """A line of a file of prompts."""

    key: Annotated[Text, Field(max_length=60)]
    """Mostly a number."""
    prompt: Annotated[Text, Field(max_length=LONGEST)]
    instruction_id_list: Annotated[tuple[Text, ...], Field(min_length=1)]
    kwargs: tuple[dict[str, Any], ...]


class _Answer(FileModel):
    """A line of a file of replies."""

    prompt: Text
    response: LongText


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """What a file of prompts holds, ready to be written as a dataset."""

    name: str
    source: str
    scenarios: tuple[dict[str, Any], ...]


def read_prompts(path: Path, name: str | None = None) -> Prompts:
    """The prompts of an IFEval file: JSON Lines of key, prompt, instruction_id_list and kwargs.

    An argument that is null was not given. UserError with every line that is not like that, that
    names an instruction or an argument that does not exist, or that repeats a key or a prompt.
    """
    if name is not None and not re.fullmatch(NAME, name):
        raise UserError(f"expected a name like values/ifeval, found text '{name}'")
    problems: list[Problem] = []
    scenarios: list[dict[str, Any]] = []
    first: dict[str, int] = {}
    for source, row in _read(path, _Prompt, problems):
        line = source.node.mark.line
        scenario = _scenario(row, source, problems)
        for what, said in (("key", scenario["id"]), ("prompt", row.prompt)):
            before = first.setdefault(f"{what} {said}", line)
            if before != line:
                told = f"the {what} of line {before} again: each stands there once"
                problems.append(Problem(source.node.mark, told))
        scenarios.append(scenario)
    if problems:
        raise error(path, problems)
    return Prompts(
        name=name or slug(path.stem) or "ifeval",
        source=f"{path.name}, {file_fingerprint(path)}",
        scenarios=tuple(scenarios),
    )


def _read(path: Path, model: type[Line], problems: list[Problem]) -> Iterator[tuple[Source, Line]]:
    """The lines of a file that are like the model, each with its place."""
    if path.suffix != ".jsonl":
        raise UserError(f"{shown(path)}: expected a file that ends in .jsonl")
    for source in read_rows(path, {}):
        row, wrong = validate(source.node, model)
        problems += wrong
        if row is not None:
            yield source, row


def _scenario(row: _Prompt, source: Source, problems: list[Problem]) -> dict[str, Any]:
    """The scenario that a line makes; what is wrong with its instructions becomes problems."""
    names, arguments = row.instruction_id_list, row.kwargs
    if len(names) != len(arguments):
        told = f"{len(names)} in instruction_id_list, and {len(arguments)} in kwargs"
        problems.append(Problem(source.node.mark, told))
    asked = []
    for name, given in zip(names, arguments, strict=False):
        kept = {key: _whole(value) for key, value in given.items() if value is not None}
        problems += [Problem(source.node.mark, f"{name}: {told}") for told in _wrong(name, kept)]
        asked.append({"id": name, **kept})
    return {"id": slug(row.key) or "key", "prompt": row.prompt, "instructions": asked}


def _wrong(name: str, arguments: dict[str, Any]) -> list[str]:
    """What keeps an instruction from being one."""
    if "id" in arguments:
        return ["no argument is called 'id'"]
    try:
        instruction({"id": name, **arguments})
    except CheckError as wrong:
        return list(map(str, wrong.problems))
    return []


def _whole(value: Any) -> Any:
    """A whole number that some tool wrote as 3.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# As a dataset ------------------------------------------------------------------------------------


class _Quoting(yaml.SafeDumper):
    """Writes text so that it is read as text, whatever it looks like."""


_PLAIN = re.compile(r"[a-z][a-z_-]*")
_CONSTANTS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if _PLAIN.fullmatch(text) and text not in _CONSTANTS:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text)
    style = "|" if "\n" in text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Quoting.add_representer(str, _text)


def as_dataset(prompts: Prompts) -> str:
    """The prompts as the YAML of a dataset."""
    data = {
        "dataset": prompts.name,
        "about": "Prompts in IFEval's format, each with instructions that a program can verify.",
        "source": prompts.source,
        "strata": {"prompts": {"scenarios": list(prompts.scenarios)}},
    }
    written: str = yaml.dump(
        data, Dumper=_Quoting, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return written


# As recorded replies -----------------------------------------------------------------------------


def read_answers(paths: Sequence[Path], dataset: Dataset) -> list[dict[str, Any]]:
    """The replies of IFEval files as recorded replies: JSON Lines of prompt and response.

    A reply belongs to the scenario with its prompt. The first file is seed 1, the second seed 2.
    UserError with every line whose prompt is not in the dataset, or stood there before.
    """
    known = _by_prompt(dataset)
    rows = []
    for seed, path in enumerate(paths, start=1):
        problems: list[Problem] = []
        first: dict[str, Mark] = {}
        for source, row in _read(path, _Answer, problems):
            scenario = known.get(row.prompt)
            mark = find(source.node, ["prompt"]).place
            before = first.setdefault(row.prompt, mark)
            if scenario is None:
                problems.append(Problem(mark, f"no prompt of {dataset.name} is like this one"))
            elif before != mark:
                problems.append(
                    Problem(mark, f"a second reply to the prompt of line {before.line}")
                )
            else:
                rows.append({"scenario": scenario, "seed": seed, "reply": row.response})
        if problems:
            raise error(path, problems)
    return rows


def _by_prompt(dataset: Dataset) -> dict[str, str]:
    """The scenario of each prompt; UserError when two have the same."""
    known: dict[str, str] = {}
    for scenario in dataset.scenarios:
        other = known.setdefault(scenario.prompt, scenario.id)
        if other != scenario.id:
            raise UserError(
                f"dataset {dataset.name}: '{other}' and '{scenario.id}' have the same prompt, so "
                "replies cannot be told apart by it"
            )
    return known


def as_lines(rows: Sequence[dict[str, Any]]) -> str:
    """Plain data as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
