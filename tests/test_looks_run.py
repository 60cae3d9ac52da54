"""Runs whose scenarios come in by looks: what is asked, what is not, and where they end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.report.data import as_data, exit_code
from tastemaker.results import load_results
from tastemaker.run import make_plan, run
from tastemaker.tables import REPLIES, SCORES, read_table

SCENARIOS = 200
PER_LOOK = SCENARIOS // 5
RUBRIC = """
rubric: kind
principles:
  brevity:
    criteria:
      short: {ask: "Is it short?"}
  warmth:
    criteria:
      warm: {ask: "Is it warm?"}
"""
DATASET = "dataset: many\nstrata:\n  all:\n    scenarios:\n" + "".join(
    f'      - {{id: s{n}, prompt: "Number {n}."}}\n' for n in range(SCENARIOS)
)
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./many.yaml}]
seeds: 1
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
grader: {model: acted/judge}
rules: {default: {margin: 0.1}}
"""
EARLY = EXPERIMENT + "early_stopping: true\n"
EXTEND = EXPERIMENT + "on_inconclusive: extend\n"


def number_of(text):
    """The number of the scenario that a conversation is about."""
    return int(text.split("Number ")[1].split(".")[0])


def judge(verdicts):
    """A judge that says of a reply to scenario n what `verdicts(arm, criterion, n)` says."""

    def answer(messages, config):
        text = "\n".join(message.text for message in messages)
        arm, n = text.split("I am ")[1].split(" ")[0], number_of(text)
        asked = [name for name in ("short", "warm") if f"{name}" in text.split("I am ")[0] + text]
        asked = [name for name, words in WORDS.items() if words in text]
        return json.dumps(
            {
                name: {"quote": "", "answer": "MET" if verdicts(arm, name, n) else "UNMET"}
                for name in asked
            }
        )

    return answer


WORDS = {"short": "Is it short?", "warm": "Is it warm?"}


@pytest.fixture
def looked(project, actor):
    """Make a project of 200 scenarios and a judge that says what is wanted of each reply."""

    def make(verdicts=lambda arm, criterion, n: True, experiment=EARLY):
        for arm in ("old", "new"):
            actor.says(
                arm,
                lambda messages, config, arm=arm: (
                    f"I am {arm} and answer Number {number_of(messages[-1].text)}."
                ),
            )
        actor.says("judge", judge(verdicts))
        return project({"kind.yaml": RUBRIC, "many.yaml": DATASET, "try.yaml": experiment})

    return make


def go(folder, **options):
    plan = make_plan(load_experiment(folder / "try.yaml"), **options.pop("plan", {}))
    run(plan, folder / "logs", **options)
    return load_results(load_experiment(folder / "try.yaml"), folder / "logs")


def record(folder):
    return json.loads((folder / "logs" / "record.json").read_text())


def kinds(found):
    return {v.principle: (str(v.kind), v.at.look) for v in found.decision.verdicts}


def test_first(looked, actor):
    folder = looked(lambda arm, criterion, n: arm == "old" or criterion != "short")
    found = go(folder)
    print(json.dumps(as_data(found)["looks"]), kinds(found), found.decision)
    print(Counter(name for name, _, _ in actor.asked))
    assert 0
