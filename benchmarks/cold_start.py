"""How long the command takes to answer, cold: what a person and a CI job wait for.

    .venv/bin/python benchmarks/cold_start.py > benchmarks/cold_start.md

`--help`, and `gate` on a stored table of 25,000 scores: 2 arms x 500 scenarios x 5 seeds x 5
principles in 100 clusters. Each is a process of its own, several times; the fastest counts, for
the rest of the machine only ever adds. The CPU time is what it would take on a quiet one.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tastemaker.content import Place
from tastemaker.experiment import load_experiment
from tastemaker.record import RECORD, frozen
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.rubric import load_rubric
from tastemaker.scenario import load_dataset, select
from tastemaker.tables import reply_table, score_table, write_tables

SEED = 20250101
SCENARIOS, SEEDS, PRINCIPLES, PER_CLUSTER = 500, 5, 5, 5
HELP, GATE = 0.3, 1.5
"""Seconds wanted."""

RUBRIC = "rubric: kind\nprinciples:\n" + "".join(
    f"  p{n}: {{criteria: {{short: {{check: words, with: {{max: 50}}}}}}}}\n"
    for n in range(PRINCIPLES)
)
EXPERIMENT = """
experiment: cold
evals: [{rubric: ./kind.yaml, dataset: ./many.yaml}]
baseline: {old: {model: mockllm/old}}
candidates: {new: {model: mockllm/new}}
"""


def write_project(folder: Path) -> None:
    """A project whose run is there: its files, its record and its tables."""
    scenarios = "".join(f"      - {{id: s{n}, prompt: Say {n}.}}\n" for n in range(SCENARIOS))
    files = {
        "tastemaker.toml": "",
        "kind.yaml": RUBRIC,
        "many.yaml": f"dataset: many\nstrata:\n  all:\n    scenarios:\n{scenarios}",
        "cold.yaml": EXPERIMENT,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    logs = folder / "logs" / "cold"
    logs.mkdir(parents=True)
    plan = load_experiment(folder / "cold.yaml", Place.at(folder))
    rubric, dataset = load_rubric(folder / "kind.yaml"), load_dataset(folder / "many.yaml")
    hashes = {
        "rubric_hash": rubric.fingerprint,
        "dataset_hash": select(dataset, "dev").fingerprint,
    }
    record = {
        "record": "sha256:benchmark",
        **frozen(plan),
        "seeds": SEEDS,
        "limit": None,
        "evals": {"many": hashes},
    }
    (logs / RECORD).write_text(json.dumps(record), encoding="utf-8")
    replies: list[ReplyRow] = []
    write_tables(logs, scores(), reply_table(replies))


def scores() -> pa.Table:
    """The scores of two arms that are alike."""
    rng = np.random.default_rng(SEED)
    ease = rng.beta(4, 1, size=(SCENARIOS, PRINCIPLES))
    return score_table(
        ScoreRow(
            eval="many",
            dataset="many",
            arm=arm,
            scenario=f"s{scenario}",
            cluster=f"c{scenario // PER_CLUSTER}",
            stratum="all",
            seed=seed,
            principle=f"p{principle}",
            value=float(rng.random() < ease[scenario, principle]),
            seconds=1.0,
        )
        for arm in ("old", "new")
        for scenario in range(SCENARIOS)
        for seed in range(1, SEEDS + 1)
        for principle in range(PRINCIPLES)
    )


@dataclass(frozen=True, kw_only=True)
class Took:
    """What one process took, in seconds."""

    wall: float
    cpu: float
    code: int


def take(command: list[str], folder: Path) -> Took:
    """One run of a command, cold."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(done.stderr.decode())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall=wall, cpu=cpu, code=done.returncode)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    program = str(Path(sys.executable).with_name("tastemaker"))
    print("# Cold starts\n")
    print("Made by `benchmarks/cold_start.py`, which says how; the fastest of", end=" ")
    print(f"{asked.repeats}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    print("| command | wanted (s) | wall (s) | CPU (s) | exit code |")
    print("|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()):
        folder = Path(name)
        write_project(folder)
        for words, wanted in (("--help", HELP), ("gate ./cold.yaml --json", GATE)):
            runs = [take([program, *words.split()], folder) for _ in range(asked.repeats)]
            wall, cpu = min(run.wall for run in runs), min(run.cpu for run in runs)
            row = f"{wanted} | {wall:.2f} | {cpu:.2f} | {runs[0].code}"
            print(f"| `tastemaker {words}` | {row} |", flush=True)


if __name__ == "__main__":
    main()
