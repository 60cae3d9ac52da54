"""A run that is killed loses nothing that was paid for, and goes on with what is missing."""

import asyncio
import json
import signal

import pytest
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model

from tastemaker.errors import UserError
from tastemaker.journal import Journal, digest, keep_answers

DATASET = "dataset: many\nstrata:\n  all:\n    scenarios:\n" + "".join(
    f'      - {{id: s{n}, prompt: "Number {n}"}}\n' for n in range(40)
)
RUBRIC = "rubric: kind\nprinciples: {brevity: {criteria: {short: {check: words, with: {max: 9}}}}}"
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./many.yaml}]
seeds: 2
baseline: {old: {model: slow/x, config: {max_connections: 2}}}
candidates: {new: {model: slow/x, system: "Hm.", config: {max_connections: 2}}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_stopped_makes_only_the_calls_that_are_missing(project, run_alone, how):
    folder = project({"kind.yaml": RUBRIC, "many.yaml": DATASET, "try.yaml": EXPERIMENT})
    asked, kept = run_alone(folder, at=25, by=how)
    after, whole = run_alone(folder)

    assert 21 <= kept < 160
    assert asked - kept <= 4  # only calls that were on their way are made again
    assert (whole, after - asked) == (160, 160 - kept)


def test_an_answer_is_on_disk_as_soon_as_it_is_put(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    key = digest("question")
    journal.put(key, {"output": "answer"})

    line = json.loads((tmp_path / "journal.jsonl").read_text())
    assert line == {"key": key, "output": "answer"}
    assert journal.get(key) == line
    journal.close()


def test_a_line_cut_short_by_a_kill_is_passed_over(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.put(digest(1), {"output": "one"})
    journal.put(digest(2), {"output": "two"})
    journal.close()
    path.write_bytes(path.read_bytes()[:-9])

    again = Journal(path)
    assert digest(1) in again
    assert digest(2) not in again
    again.put(digest(3), {"output": "three"})
    again.close()
    whole = Journal(path)
    assert whole.get(digest(3))["output"] == "three"
    assert whole.get(digest(1))["output"] == "one"
    whole.close()


def test_two_runs_cannot_write_into_one_folder(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(UserError, match="another run is writing here"):
        Journal(tmp_path / "journal.jsonl")
    journal.close()
    Journal(tmp_path / "journal.jsonl").close()


def test_equal_values_have_equal_digests_whatever_the_order_of_their_keys():
    assert digest({"a": 1, "b": [2, None]}) == digest({"b": [2, None], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_waiting_for_a_turn_is_not_counted_as_time_to_reply(tmp_path):
    """The provider says 0.25 s of a call; how long the call stood in a queue is another matter."""
    output = ModelOutput.from_content("m", "Hello.")
    output.usage, output.time = ModelUsage(), 0.25
    model: Model = get_model("mockllm/m", custom_outputs=[output], memoize=False)
    journal = Journal(tmp_path / "journal.jsonl")
    keep_answers(model, journal, scope=lambda: "")
    asyncio.run(model.generate("Hi"))
    journal.close()

    kept = json.loads((tmp_path / "journal.jsonl").read_text())
    assert kept["seconds"] == 0.25
