"""The embedded model takes every eval of the library that needs nothing but text.

The evals are found, not listed: one that is added joins by itself.
"""

import ast

import pandas as pd
import pytest
from shipped import ACTING, DATASETS, load_dataset, load_rubric
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.content import folder
from tastemaker.scenario import select
from tastemaker.task import task_name

TEXT = [name for name in DATASETS if name not in ACTING]
MAY_NOT_TELL = {"language"}
"""Checks that leave a reply of a dozen words unscored, as they should."""

# The other arm costs nothing: it says the same to everything.
EXPERIMENT = """
experiment: try
evals: [{name}]
baseline:
  small: {{model: local/smollm2-135m, config: {{temperature: 0.7, max_tokens: 12}}}}
candidates:
  terse: {{model: acted/terse}}
"""


def test_there_is_a_task_for_each_dataset_and_a_dataset_for_each_task():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder("evals").glob("*.py")]
    tasks = {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(one, ast.Name) and one.id == "task" for one in node.decorator_list)
    }

    assert tasks == set(map(task_name, DATASETS))


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXT)
def test_the_embedded_model_takes_it_and_every_criterion_is_answered(name, project, actor):
    actor.says("terse", "Yes, by Friday.")
    root = project({"try.yaml": EXPERIMENT.format(name=name)})
    run = CliRunner().invoke(app, ["run", "./try.yaml", "--limit", "2", "--seeds", "1"])

    assert run.exit_code in (3, 4), run.output  # a judge is missing, or two scenarios are too few
    replies = pd.read_parquet(root / "logs/try/replies.parquet")
    assert set(replies["error"]) == {""}
    rows = pd.read_parquet(root / "logs/try/scores.parquet")
    rows = rows[(rows["arm"] == "small") & rows["criterion"].notna()]
    found = {
        (row.scenario, row.principle, row.criterion): (row.value, row.reason)
        for row in rows.itertuples()
    }
    assert found == {key: _answered(found.get(key), one) for key, one in _asked(name).items()}


def _asked(name):
    """The criteria that apply to the scenarios of a run with `--limit 2`."""
    rubric, chosen = load_rubric(name), select(load_dataset(name), split="dev", limit=2)
    assert len(chosen.scenarios) == 2
    return {
        (scenario.id, *key): criterion
        for scenario in chosen.scenarios
        for key, criterion in rubric.extended(scenario.criteria).applicable(scenario.labels)
    }


def _answered(answer, criterion):
    """The answer itself where it is one; else what should be there."""
    if criterion.ask:
        return pytest.approx(float("nan"), nan_ok=True), "no_grader"
    value, reason = answer or (None, "no row")
    told = value is not None and 0 <= value <= 1
    return answer if told or criterion.check in MAY_NOT_TELL else (f"0 to 1, not {value}", reason)
