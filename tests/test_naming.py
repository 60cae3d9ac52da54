"""What an experiment names and no eval has is told before anything is called, with its place."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import MISTAKE, app

RUBRIC = """
rubric: kind
principles:
  warmth: {criteria: {kind: {ask: Is it kind?}, named: {ask: Named?, wanted: {name: asked}}}}
  refusal: {criteria: {stance: {check: refusal, with: {expect: [none]}}}}
  brevity: {criteria: {short: {check: words, with: {max: 9}}}}
  absent: {criteria: {never: {check: words, with: {max: 9}, when: {kind: odd}}}}
"""
DATASET = """
dataset: small
strata: {all: {scenarios: [{id: a, prompt: Hi, labels: {name: asked}}, {id: b, prompt: Hello}]}}
"""
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
seeds: 1
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
grader: {model: acted/judge}
"""
SCORES = """
experiment: try
baseline: {old: {scores: ./old.csv}}
candidates: {new: {scores: ./old.csv}}
"""
ROWS = """eval,scenario,seed,principle,value,should,did
mail,a,1,warmth,1,,
mail,b,1,warmth,0,,
chat,c,1,tool,1,canvas,search
"""
WRONG = """
rules:
  warmht: {margin: 0.1}
  warmth@smal: {margin: 0.1}
  wamth@small: {margin: 0.1}
  absent: {margin: 0.1}
choices:
  warmth/kind: {recall: {'yes': {}}}
  brevity/short: {recall: {'yes': {}}}
  warmth/nmed: {recall: {'yes': {}}}
  warmth/named: {recall: {maybe: {}}}
  refusal/stance: {false_trigger: {fulll: {}}}
tensions: [[warmth, brevty]]
weights: {smal: 1}
"""
TOLD = """
try.yaml:10:3: no principle 'warmht': did you mean 'warmth'?
try.yaml:11:3: no eval 'smal': did you mean 'small'?
try.yaml:12:3: small does not measure 'wamth': did you mean 'warmth'?
try.yaml:13:3: no principle 'absent'; there is warmth, refusal or brevity
try.yaml:15:3: no choice 'warmth/kind': did you mean 'warmth/named'?
try.yaml:16:3: no choice 'brevity/short'; there is warmth/named or refusal/stance
try.yaml:17:3: no choice 'warmth/nmed': did you mean 'warmth/named'?
try.yaml:18:27: nothing chooses 'maybe'; there is yes or no
try.yaml:19:36: nothing chooses 'fulll': did you mean 'full'?
try.yaml:20:21: no principle 'brevty': did you mean 'brevity'?
try.yaml:21:17: no eval 'smal': did you mean 'small'?
""".strip()
RIGHT = """
rules: {default: {margin: 0.1}, warmth: {}, warmth@small: {margin: 0.2}, brevity: {}}
choices:
  warmth/named: {recall: {'yes': {}}, false_trigger: {'yes': {}}}
  refusal/stance: {recall: {none: {}}, false_trigger: {full: {}, refuses: {}}}
tensions: [[warmth, refusal]]
weights: {small: 1}
"""


def call(*arguments):
    return CliRunner().invoke(app, [*arguments], catch_exceptions=False)


@pytest.fixture
def written(project, actor):
    """Make an experiment over a rubric, or over scores, with these keys more."""

    def write(more, start=EXPERIMENT):
        project({"kind.yaml": RUBRIC, "small.yaml": DATASET, "try.yaml": start + more})
        project({"old.csv": ROWS})
        return actor

    return write


def test_check_and_run_name_all_that_no_eval_has(written):
    actor = written(WRONG)
    check, run = call("check", "try.yaml"), call("run", "./try.yaml")

    assert (check.exit_code, run.exit_code) == (MISTAKE, MISTAKE)
    assert check.stdout.startswith(f"error: {TOLD}\n")
    assert run.stderr == f"error: {TOLD}\n"
    assert actor.asked == []


def test_what_every_eval_has_may_be_named(written):
    written(RIGHT)

    assert call("check", "try.yaml").exit_code == 0


def test_names_are_held_against_files_of_scores_too(written):
    rules = "rules: {wamth: {}, warmth@mial: {}, tool@mail: {}}\n"
    written(f"{rules}choices: {{tool: {{recall: {{image: {{}}}}}}}}\n", SCORES)
    told = """try.yaml:5:9: no principle 'wamth': did you mean 'warmth'?
try.yaml:5:20: no eval 'mial': did you mean 'mail'?
try.yaml:5:37: mail does not measure 'tool'; there is warmth
try.yaml:6:27: nothing chooses 'image'; there is canvas or search
"""
    for command in (["check", "try.yaml"], ["run", "./try.yaml"], ["gate", "./try.yaml"]):
        done = call(*command)
        assert done.exit_code == MISTAKE
        assert told in done.stdout + done.stderr


def test_a_task_of_somebody_else_has_the_principle_that_it_was_given(written):
    task = EXPERIMENT.replace("evals: [", "evals: [{task: ./t.py@one, principle: wit}, ")
    written("rules: {wit: {}, wit@./t.py@one: {}, warmth: {}}\n", task)
    told = call("check", "try.yaml").stdout
    assert "no principle" not in told

    written("rules: {wits: {}}\n", task)
    assert (
        "try.yaml:8:9: no principle 'wits': did you mean 'wit'?" in call("check", "try.yaml").stdout
    )


def test_a_limited_run_may_lack_what_a_rule_names(written):
    """Only b is of the kind that the principle is about; a comes first."""
    odd = RUBRIC.replace("when: {kind: odd}", "when: {name: {not: asked}}")
    actor = written("rules: {absent: {margin: 0.1}}\ntensions: [[absent, brevity]]\n")
    Path("kind.yaml").write_text(odd)
    for model in ("old", "new"):
        actor.says(model, "Hi there.")
    met = {name: {"quote": "Hi", "answer": "MET"} for name in ("kind", "named")}
    actor.says("judge", json.dumps(met))

    assert call("run", "./try.yaml", "--limit", "1").exit_code == 3
