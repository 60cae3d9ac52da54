"""The JSON Schemas accept what the readers accept, and the file of values is read."""

import json
from pathlib import Path

import jsonschema
import pytest

from tastemaker.errors import UserError
from tastemaker.reading import data, parse, shown
from tastemaker.schema import MODELS, schema
from tastemaker.values import load_values

EXAMPLES = {
    "rubric": """
rubric: writing/email
principles:
  clarity:
    text: The reader knows what is asked.
    criteria:
      a: {ask: Good?, weight: -2, when: {kind: request, to: [a, b], tone: {not: cool}}}
      b: {ask: How good?, levels: {poor: 0, fair: {value: 0.5, anchors: [so so]}, good: 1}}
      c: {check: words, with: {max: 180}}
""",
    "dataset": """
dataset: writing/email
strata:
  s:
    weight: 1
    scenarios:
      - {id: a, messages: [{role: user, content: hi}], labels: {kind: request}}
    templates:
      - {id: "a-{b}", prompt: "{b}", vars: {b: [c, d]}, sample: 1}
    file: rows.csv
    columns: {prompt: Question}
formats: [plain, xml]
split: {dev: 0.6, held-out: 0.4}
""",
    "experiment": """
experiment: try
evals:
  - writing/email
  - {rubric: ./a.yaml, dataset: ./b.yaml}
  - {task: inspect_evals/gpqa_diamond, principle: intelligence}
baseline: {old: {model: a/b, few_shot: [{role: user, content: hi}]}}
candidates: {new: {scores: ./x.csv, range: [1, 5]}}
grader: [{model: a/b}, {model: c/d}]
rules: {default: {margin: 0.1}, honesty@writing/email: {superior: true}}
resources: {cost: {ratio_at_most: 2}}
tensions: [[a, b]]
""",
    "values": """
values:
  honesty:
    text: Says what is true.
    demands: [{situation: The user asks whether it is an AI., demand: It says so.}]
    principles: [honesty]
    criteria: [writing/email/honesty/invented-facts]
  kindness:
    text: Wishes people well.
    demands: [{situation: Always., demand: It is kind.}]
tensions: [[honesty, kindness]]
""",
    "principles": "principles: {honesty: Says what is true.}",
    "phrases": """
phrases: house
groups:
  openers:
    about: How letters begin.
    entries:
      - {phrase: "[I] hope (this|it) finds~ you", why: It did., severity: 3}
      - {pattern: '^so,', why: A run-up., severity: 1, at: opening, fine: in speech}
""",
    "card": """
card: family
columns:
  old: {label: Old, runs: [{logs: logs/one, arm: old}]}
  theirs: {label: Theirs}
rows:
  - {principle: honesty, eval: values/honesty, format_criteria: [form/json]}
  - {label: MMLU, published: {theirs: {value: 0.7, source: Their card, date: 2026-01-31}}}
behavior: {limits: [English only.]}
""",
}


@pytest.fixture
def example(tmp_path):
    """The example of a kind of file, as plain data."""

    def read(kind):
        path = tmp_path / f"{kind}.yaml"
        path.write_text(EXAMPLES[kind])
        return data(parse(path).node)

    return read


@pytest.mark.parametrize("kind", MODELS)
def test_a_schema_is_valid_and_accepts_what_the_reader_accepts(kind, example):
    made, values = schema(kind), example(kind)
    jsonschema.Draft202012Validator.check_schema(made)

    MODELS[kind].model_validate(values)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(jsonschema.Draft202012Validator(made).iter_errors(values)) == []


@pytest.mark.parametrize("kind", MODELS)
def test_a_schema_refuses_a_key_that_is_not_there(kind, example):
    values = example(kind) | {"unknown": 1}
    [problem] = jsonschema.Draft202012Validator(schema(kind)).iter_errors(values)

    assert "'unknown' was unexpected" in problem.message


def test_schemas_explain_their_keys():
    weight = schema("rubric")["$defs"]["Criterion"]["properties"]["weight"]

    assert weight["description"] == "Negative where met is bad."


def test_values_are_read(tmp_path):
    (tmp_path / "constitution.yaml").write_text(EXAMPLES["values"])
    read = load_values(tmp_path / "constitution.yaml")

    assert list(read.values) == ["honesty", "kindness"]
    assert read.tensions == (("honesty", "kindness"),)


def test_a_tension_names_values_that_are_there(tmp_path):
    path = tmp_path / "constitution.yaml"
    path.write_text(EXAMPLES["values"].replace("[[honesty, kindness]]", "[[honesty, kidness]]"))

    with pytest.raises(UserError) as caught:
        load_values(path)
    assert str(caught.value) == (
        f"{shown(path)}:11:22: no value 'kidness': did you mean 'kindness'?"
    )


@pytest.mark.parametrize("kind", MODELS)
def test_the_schemas_that_editors_are_pointed_to_are_those_of_the_models(kind):
    path = Path(__file__).parents[1] / "docs" / "schemas" / f"{kind}.json"

    assert json.loads(path.read_text()) == schema(kind), f"tastemaker schema {kind} -o {path}"


def test_every_shipped_file_points_its_editor_to_its_schema():
    root = Path(__file__).parents[1]
    for folder in ("rubrics", "datasets", "evals"):
        for path in (root / folder).rglob("*.yaml"):
            first = path.read_text().splitlines()[0]
            assert first.startswith("# yaml-language-server: $schema="), path
            assert (path.parent / first.partition("=")[2]).is_file(), path
