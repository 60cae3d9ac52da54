"""How long the verdicts of a large experiment take, and how much memory.

    .venv/bin/python benchmarks/scale.py > benchmarks/scale.md

5,000 scenarios x 5 seeds x 10 principles x 5 arms: 1.25 million scores in 8 strata and 1,000
clusters, as `scores.parquet`; from there to all verdicts. Each size runs in a process of its own,
cold, several times; the fastest counts, for the rest of the machine only ever adds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tastemaker.experiment import Arm, Experiment
from tastemaker.tables import SCORE_SCHEMA, SCORES

SEED = 20250101
SEEDS, PRINCIPLES, STRATA = 5, 10, 8
PER_CLUSTER = 5
ARMS = ("old", "new-1", "new-2", "new-3", "new-4")
SIZES = (2_500, 5_000, 10_000)


def experiment() -> Experiment:
    """Five arms, nothing else; what they are does not matter here."""
    arms = {name: Arm(model=f"mockllm/{name}") for name in ARMS}
    baseline = {ARMS[0]: arms.pop(ARMS[0])}
    return Experiment(experiment="scale", evals=("large",), baseline=baseline, candidates=arms)


def write(folder: Path, scenarios: int, rng: np.random.Generator) -> None:
    """The scores of every reply for every principle, as a run leaves them: reply by reply."""
    shape = (len(ARMS), scenarios, SEEDS, PRINCIPLES)
    ease = rng.beta(4, 1, size=(1, scenarios, 1, PRINCIPLES))
    values = (rng.random(shape) < ease).astype(np.float64)
    arm, scenario, seed, principle = (axis.ravel() for axis in np.indices(shape, dtype=np.int32))
    clusters, rows = scenarios // PER_CLUSTER, values.size
    stratum = scenario // PER_CLUSTER % STRATA
    reply = (arm * scenarios + scenario) * SEEDS + seed
    seconds = rng.gamma(4, 0.5, size=len(ARMS) * scenarios * SEEDS)[reply]
    columns = {
        "eval": _same("large", rows),
        "dataset": _same("large", rows),
        "arm": _coded(arm, ARMS),
        "scenario": _coded(scenario, [f"scenario-{n:05}" for n in range(scenarios)]),
        "cluster": _coded(scenario // PER_CLUSTER, [f"cluster-{n:04}" for n in range(clusters)]),
        "stratum": _coded(stratum, [f"stratum-{n}" for n in range(STRATA)]),
        "stratum_weight": pa.array(1.0 + stratum.astype(np.float64)),
        "seed": pa.array(seed.astype(np.int64) + 1),
        "principle": _coded(principle, [f"principle-{n}" for n in range(PRINCIPLES)]),
        "value": pa.array(values.ravel()),
        "seconds": pa.array(seconds),
        "output_tokens": pa.array(np.ceil(seconds * 60).astype(np.int64)),
        "cost": pa.array(seconds * 1e-4),
    }
    arrays = [columns.get(field.name, _usual(field, rows)) for field in SCORE_SCHEMA]
    pq.write_table(pa.table(arrays, schema=SCORE_SCHEMA), folder / SCORES, compression="zstd")


def _coded(codes: np.ndarray, names: list[str] | tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(codes, list(names)).cast(pa.string())


def _same(text: str, rows: int) -> pa.Array:
    return pa.repeat(text, rows)


def _usual(field: pa.Field, rows: int) -> pa.Array:
    """What a row holds where it does not matter."""
    if field.nullable:
        return pa.nulls(rows, field.type)
    usual = {"string": "", "int64": 1, "double": 1.0}[str(field.type)]
    return pa.repeat(pa.scalar(usual, field.type), rows)


def measure(folder: Path) -> dict[str, float]:
    """Seconds and peak memory of one reading and deciding, in this process."""
    from tastemaker.results import results
    from tastemaker.tables import read_scores

    plan = experiment()
    wall, cpu = time.perf_counter(), time.process_time()
    scores = read_scores(folder)
    read = time.perf_counter() - wall
    found = results(plan, {"record": "sha256:benchmark"}, scores)
    assert len(found.decision.verdicts) == (len(ARMS) - 1) * PRINCIPLES
    return {
        "rows": len(scores.numbers["value"]),
        "read": read,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(folder: Path, repeats: int) -> dict[str, float]:
    """Of several fresh processes the least of each number."""
    command = [sys.executable, __file__, "--folder", str(folder)]
    found = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    ]
    return {key: min(one[key] for one in found) for key in found[0]}


def main() -> None:
    """Measure every size and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="measure the table in a folder, as JSON")
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    if asked.folder:
        print(json.dumps(measure(asked.folder)))
        return
    print("# From 1.25 million scores to all verdicts\n")
    print("Made by `benchmarks/scale.py`, which says how. Wanted: 3 s and 600 MB at 1.25 million")
    print("rows, and that doubling the rows doubles the time at most (last column, of CPU time).\n")
    print("| scenarios | scores | read (s) | wall (s) | CPU (s) | peak (MB) | CPU, times before |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    before = None
    for scenarios in SIZES:
        with tempfile.TemporaryDirectory() as name:
            write(Path(name), scenarios, np.random.default_rng(SEED))
            one = measured(Path(name), asked.repeats)
        grown = "" if before is None else f"{one['cpu'] / before:.2f}"
        before = one["cpu"]
        numbers = f"{one['read']:.2f} | {one['wall']:.2f} | {one['cpu']:.2f} | {one['peak']:.0f}"
        print(f"| {scenarios:,} | {int(one['rows']):,} | {numbers} | {grown} |", flush=True)
    print(f"\nLeast of {asked.repeats}; load average {os.getloadavg()[0]:.1f}", end=" ")
    print(f"on {os.cpu_count()} cores at the end.")


if __name__ == "__main__":
    main()
