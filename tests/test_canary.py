"""A reply that says nothing must not pass: where it does, the rubric measures something else."""

import json

import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import app

STRICT = """
rubric: strict
principles:
  facts: {criteria: {named: {check: contains, with: {text: Ana}}}}
  form: {criteria: {short: {check: words, with: {max: 5}}}}
"""
LENIENT = (
    "rubric: lenient\nprinciples: {form: {criteria: {short: {check: words, with: {max: 500}}}}}"
)
JUDGED = (
    "rubric: judged\nprinciples: {facts: {criteria: {true: {ask: Are the three facts there?}}}}"
)


@pytest.fixture
def check(project):
    def run(text, *options):
        project({"r.yaml": text})
        result = CliRunner().invoke(app, ["check", "r.yaml", "--canary", "--strict", *options])
        return result.exit_code, result.stdout + result.stderr

    return run


def test_a_rubric_that_asks_for_something_lets_neither_through(check):
    code, said = check(STRICT)

    assert code == 0
    assert "the empty reply scores with 0.00" in said
    assert "the bluff reply scores with 0.00" in said


def test_a_rubric_that_asks_for_nothing_is_told_so(check):
    code, said = check(LENIENT)

    assert code == 2
    assert "the empty reply scores with 0.00" in said  # no check is satisfied by nothing
    assert "warning: r.yaml: the bluff reply is let through with 1.00" in said


@pytest.mark.parametrize(("answer", "told"), [("MET", "is let through"), ("UNMET", "scores")])
def test_a_judge_that_falls_for_the_bluff_shows_it(check, actor, answer, told):
    actor.says("judge", json.dumps({"true": {"quote": "none", "answer": answer}}))
    _, said = check(JUDGED, "--grader", "acted/judge")

    assert f"the bluff reply {told}" in said
    assert actor.calls("judge") == 2


def test_without_a_judge_a_judged_rubric_is_not_scored(check):
    _, said = check(JUDGED)

    assert "the bluff reply could not be scored: facts" in said


def test_without_canary_nothing_is_called(project, actor):
    project({"r.yaml": JUDGED})
    result = CliRunner().invoke(app, ["check", "r.yaml"])

    assert result.exit_code == 0
    assert actor.asked == []


def test_criteria_that_apply_to_some_scenarios_alone_are_tried_too(check):
    """What has no such label is fine; what has it lets everything through."""
    _, told = check(
        "rubric: r\nprinciples: {p: {criteria: {"
        "never: {check: words, with: {max: 0}, when: {kind: {not: mail}}}, "
        "any: {check: words, with: {max: 900}, when: {kind: [mail, note]}}}}}"
    )

    assert "the bluff reply is let through with 1.00" in told
