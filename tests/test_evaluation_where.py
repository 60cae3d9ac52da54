"""An eval may ask a part of its scenarios: those with certain labels."""

import pytest

from tastemaker.errors import UserError
from tastemaker.evaluation import load_evals
from tastemaker.experiment import load_experiment
from tastemaker.record import frozen
from tastemaker.scenario import load_dataset, select

DATASET = """\
dataset: d
strata:
  s:
    scenarios:
      - {id: a, prompt: one, labels: {kind: edit}}
      - {id: b, prompt: two, labels: {kind: rewrite}}
      - {id: c, prompt: three}
"""
EXPERIMENT = """\
experiment: e
evals: [{{rubric: ./r.yaml, dataset: ./d.yaml{where}}}]
baseline: {{x: {{model: none/none}}}}
candidates: {{y: {{model: none/none, system: z}}}}
"""


@pytest.fixture
def experiment(project):
    def make(where=""):
        folder = project(
            {
                "d.yaml": DATASET,
                "r.yaml": "rubric: r\nprinciples: {p: {criteria: {c: {ask: Is it short?}}}}\n",
                "e.yaml": EXPERIMENT.format(where=where),
            }
        )
        return load_experiment(folder / "e.yaml")

    return make


@pytest.mark.parametrize(
    ("where", "asked"),
    [
        ("", ["a", "b", "c"]),
        (", where: {kind: edit}", ["a"]),
        (", where: {kind: [edit, rewrite]}", ["a", "b"]),
        (", where: {kind: {not: edit}}", ["b", "c"]),
    ],
)
def test_the_scenarios_with_the_labels_are_asked(experiment, where, asked):
    [loaded] = load_evals(experiment(where))

    assert [one.id for one in loaded.data.scenarios] == asked


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("kind: comment", "asks for: kind is edit or rewrite$"),
        ("knid: edit", "asks for: there is no label 'knid': did you mean 'kind'\\?$"),
    ],
)
def test_labels_that_no_scenario_has_are_refused_with_those_that_are_there(experiment, where, said):
    with pytest.raises(UserError, match=said):
        load_evals(experiment(f", where: {{{where}}}"))


def test_what_is_asked_stands_in_the_record_and_changes_no_hash_where_all_is(experiment):
    assert "where" not in frozen(experiment())["named_evals"][0]
    assert frozen(experiment(", where: {kind: edit}"))["named_evals"][0]["where"] == {
        "kind": "edit"
    }


def test_a_limit_is_taken_from_what_has_the_labels(project):
    folder = project({"d.yaml": DATASET})
    chosen = select(load_dataset(folder / "d.yaml"), limit=1, where={"kind": "rewrite"})

    assert [one.id for one in chosen.scenarios] == ["b"]
