"""A judge is held against itself: steady ones come out clean, and each weakness shows."""

import itertools
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.graders import GradeStore
from tastemaker.judge_check import PADDING, judge_check
from tastemaker.plan import make_plan
from tastemaker.run import run

RUBRIC = """
rubric: letter
principles:
  warmth:
    criteria:
      kind: {ask: Is it kind?}
      even: {ask: Is the number even?}
      short: {check: words, with: {max: 5}}
"""
DATASET = "dataset: asked\nstrata:\n  all:\n    scenarios:\n" + "".join(
    f'      - {{id: s{n}, prompt: "Number {n}."}}\n' for n in range(12)
)
EXPERIMENT = """
experiment: try
evals: [{rubric: ./letter.yaml, dataset: ./asked.yaml}]
seeds: 1
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
grader: {model: acted/judge}
"""


def judging(kind):
    """A judge that finds evenness by the number, and kindness as a function of the page says."""

    def script(messages, config):
        page = messages[0].text
        keys = list(config.response_schema.json_schema.properties)
        number = int(re.search(r"Number (\d+)", page)[1])
        answers = {"even": "UNMET" if number % 2 else "MET", "kind": kind(page, keys)}
        return json.dumps({key: {"quote": "none", "answer": answers[key]} for key in keys})

    return script


@pytest.fixture
def finished(project, actor):
    """A finished run of a steady judge."""
    actor.says("old", lambda messages, config: f"Old: {messages[-1].text}")
    actor.says("new", lambda messages, config: f"New: {messages[-1].text}")
    actor.says("judge", judging(lambda page, keys: "MET"))
    folder = project({"letter.yaml": RUBRIC, "asked.yaml": DATASET, "try.yaml": EXPERIMENT})
    run(make_plan(load_experiment(Path("try.yaml"))), folder / "logs", grades=folder / "grades")
    return folder


@pytest.fixture
def check(finished):
    """The self-checks by criterion."""
    store = GradeStore(finished / "grades")

    def checked(**options):
        found = judge_check(load_experiment(Path("try.yaml")), finished / "logs", store, **options)
        return {one.criterion: one for one in found}

    yield checked
    store.close()


def test_a_steady_judge_neither_flips_nor_minds_order_or_length(check, actor):
    before = actor.calls("judge")
    found = check()

    assert set(found) == {"kind", "even"}  # a check is no judge
    assert actor.calls("judge") == before + 24 * 4  # two more of the same, reversed, padded
    even = found["even"]
    assert (even.flips.value, even.order.value, even.padded.value) == (0.0, 0.0, 0.0)
    assert (even.met.value, even.met.items, even.note) == (0.5, 24, "")
    assert (found["kind"].met.value, found["kind"].note) == (1.0, "always met")
    assert 0 < even.met.low < 0.5 < even.met.high < 1


def test_checking_again_asks_nothing_again(check, actor):
    check()
    before = actor.calls("judge")
    check()

    assert actor.calls("judge") == before


def test_only_as_many_replies_are_drawn_as_are_asked_for(check):
    assert check(replies=5)["even"].met.items == 5


def test_a_judge_that_flips_shows_it(check, actor):
    turns = itertools.count()
    actor.says("judge", judging(lambda page, keys: "MET" if next(turns) % 2 else "UNMET"))
    found = check()

    # Of three answers the run's own is MET, and of the other two, asked one after the other, one.
    assert found["kind"].flips.value == pytest.approx(4 / 9)
    assert found["even"].flips.value == 0.0


def test_a_judge_that_minds_the_order_shows_it(check, actor):
    actor.says("judge", judging(lambda page, keys: "MET" if keys[0] == "kind" else "UNMET"))
    found = check()

    assert found["kind"].order.value == 1.0
    assert found["kind"].flips.value == 0.0


def test_a_judge_that_likes_length_shows_how_much(check, actor, finished):
    actor.says("judge", judging(lambda page, keys: "MET" if PADDING in page else "UNMET"))
    (finished / "letter.yaml").write_text(RUBRIC.replace("Is it kind?", "Is it really kind?"))
    found = check()

    assert found["kind"].padded.value == 1.0
    assert found["kind"].padding_gain == 1.0
    assert found["even"].padding_gain == 0.0
    assert found["kind"].note == "never met"


def test_a_judge_that_cannot_tell_shows_how_often(check, actor, finished):
    actor.says(
        "judge", judging(lambda page, keys: "CANNOT_ASSESS" if "Number 1" in page else "MET")
    )
    (finished / "letter.yaml").write_text(RUBRIC.replace("Is it kind?", "Is it really kind?"))
    found = check()

    assert found["kind"].cannot_assess.value == pytest.approx(6 / 24)  # 1, 10 and 11, two arms
    assert found["kind"].met.items == 18


def test_without_a_grader_or_a_run_there_is_nothing_to_check(finished):
    store = GradeStore(finished / "grades")
    bare = EXPERIMENT.replace("grader: {model: acted/judge}", "")
    Path("bare.yaml").write_text(bare)
    with pytest.raises(UserError, match="names no grader"):
        judge_check(load_experiment(Path("bare.yaml")), finished / "logs", store)
    with pytest.raises(UserError, match="no such folder"):
        judge_check(load_experiment(Path("try.yaml")), finished / "nowhere", store)
    store.close()


def test_the_command_prints_a_table_whose_numbers_are_whole_at_80_columns(finished):
    arguments = ["judge-check", "./try.yaml", "--logs", "logs", "--grades", "grades"]
    shown = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"})
    told = CliRunner().invoke(app, [*arguments, "--json"])

    assert shown.exit_code == told.exit_code == 0, told.output
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "warmth/kind " in shown.stdout
    assert "always met" in shown.stdout
    numbers = re.findall(r"[\d.]*\.[\d.]*", shown.stdout)
    assert numbers and all(re.fullmatch(r"\d\.\d\d", one) for one in numbers)
    criteria = json.loads(told.stdout)["criteria"]
    assert {one["criterion"]: one["note"] for one in criteria} == {"kind": "always met", "even": ""}
