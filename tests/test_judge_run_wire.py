"""Judged runs over Inspect's own providers: connections, batches, budgets, and keys in logs."""

import gc
import json
import threading
import zipfile

import pytest

from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.results import load_results
from tastemaker.run import run
from tastemaker.tables import SCORES, read_table

# Inspect drops the connections of an event loop that has ended, and leaves them to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"),
]

RUBRIC = """
rubric: kind
principles:
  warmth: {criteria: {kind: {ask: Is the reply kind?}}}
"""
EXPERIMENT = """
experiment: try
evals: [{{rubric: ./kind.yaml, dataset: ./small.yaml}}]
seeds: 1
baseline: {{old: {{replies: ./old.jsonl}}}}
candidates: {{new: {{replies: ./new.jsonl}}}}
grader: {grader}
{more}
"""
KEY = "sk-live-0123456789abcdefghij"


@pytest.fixture
def recorded(project, wire, monkeypatch):
    """Two recorded arms of so many scenarios each, judged over the server."""
    monkeypatch.setenv("OWN_BASE_URL", f"{wire.url}/v1")
    monkeypatch.setenv("OWN_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{wire.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def go(scenarios, grader="{model: openai-api/own/judge}", more=""):
        asked = [{"id": f"s{n}", "prompt": f"Question {n}."} for n in range(scenarios)]
        files = {
            "kind.yaml": RUBRIC,
            "small.yaml": json.dumps({"dataset": "small", "strata": {"all": {"scenarios": asked}}}),
            "try.yaml": EXPERIMENT.format(grader=grader, more=more),
        }
        for arm in ("old", "new"):
            lines = [
                json.dumps({"scenario": f"s{n}", "seed": 1, "reply": f"{arm} {n}"})
                for n in range(scenarios)
            ]
            files[f"{arm}.jsonl"] = "\n".join(lines)
        folder = project(files)
        run(make_plan(load_experiment(folder / "try.yaml")), folder / "logs")
        return folder

    yield go
    gc.collect()  # here, and not in a test that knows nothing of open connections


@pytest.mark.parametrize(
    ("grader", "at_once"),
    [
        # Inspect's adaptive connections start with 20; a provider's fixed number would be 10.
        ("{model: openai-api/own/judge}", 20),
        # More than the replies that Inspect by itself has in work, which is 20 for each arm.
        ("{model: openai-api/own/judge, config: {max_connections: 50}}", 50),
    ],
)
def test_the_judge_has_as_many_calls_under_way_as_its_connections_allow(
    recorded, wire, grader, at_once
):
    """The server answers nobody until so many have asked: fewer at once would never be answered."""
    gate = threading.Barrier(at_once)

    def together(asked):
        gate.wait(timeout=60)
        return wire.module.verdicts(asked)

    wire.script = together
    folder = recorded(at_once // 2, grader)

    assert len(wire.asked) == at_once
    rows = read_table(folder / "logs" / SCORES).to_pylist()
    assert {row["value"] for row in rows} == {1.0}


def test_a_batch_goes_through_the_providers_batch_api(recorded, wire):
    """The settings of batches may stand in the grader's config; the waits here are short."""
    batch = "{size: 4, send_delay: 0.05, tick: 0.05}"
    folder = recorded(4, f"{{model: openai/gpt-4o, batch: true, config: {{batch: {batch}}}}}")

    assert sum(wire.batches) == len(wire.asked) == 8
    rows = read_table(folder / "logs" / SCORES).to_pylist()
    assert {row["value"] for row in rows} == {1.0}


def test_calls_that_are_under_way_count_against_a_budget_of_calls(recorded, wire):
    wire.script = lambda asked: wire.module.Answer(
        text=wire.module.verdicts(asked).text, seconds=0.2
    )
    recorded(6, more="budget: {calls: 5}")

    assert len(wire.asked) == 5


def test_a_call_that_failed_does_not_count_against_a_budget_of_calls(recorded, wire):
    failed = []

    def busy_first(asked):
        if len(failed) < 2:
            failed.append(asked)
            return wire.module.Answer(status=429, headers={"retry-after-ms": "1"})
        return wire.module.verdicts(asked)

    wire.script = busy_first
    one_by_one = "{model: openai-api/own/judge, config: {max_connections: 1}}"
    folder = recorded(2, one_by_one, more="budget: {calls: 4}")

    rows = read_table(folder / "logs" / SCORES).to_pylist()
    assert {row["value"] for row in rows} == {1.0}


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_key_that_a_provider_echoes_stands_in_no_log(recorded, wire, status):
    wire.script = lambda asked: wire.module.Answer(
        status=status, text=f"Incorrect API key provided: {KEY}"
    )
    folder = recorded(1, "{model: openai-api/own/judge, config: {max_retries: 0}}")

    logs = sorted((folder / "logs").rglob("*"))
    texts = [path.read_bytes() for path in logs if path.is_file() and path.suffix != ".eval"]
    archives = [zipfile.ZipFile(path) for path in logs if path.suffix == ".eval"]
    texts += [archive.read(name) for archive in archives for name in archive.namelist()]
    assert len(archives) == 2
    assert any(b"[key]" in text for text in texts)
    assert not any(KEY.encode() in text for text in texts)


def test_the_report_tells_what_grading_took_and_what_had_been_answered_before(recorded, wire):
    folder = recorded(3)
    first = load_results(load_experiment(folder / "try.yaml"), folder / "logs").spent["new"]
    run(
        make_plan(load_experiment(folder / "try.yaml")),
        folder / "again",
        grades=folder / "logs/.grades",
    )
    second = load_results(load_experiment(folder / "try.yaml"), folder / "again").spent["new"]

    assert (first.grading.calls, first.grading.replayed) == (3, 0)
    assert (first.grading.input_tokens, first.grading.output_tokens) == (300, 60)
    assert (second.grading.calls, second.grading.replayed) == (3, 3)
    assert len(wire.asked) == 6
