"""What judging costs: calls, CPU time per reply, and wall time against the latency bound.

Run as `.venv/bin/python benchmarks/judge.py` (`--help` for the sizes). Two recorded arms are judged
by 8 criteria over a server on loopback that answers after a fixed latency. The arms' replies are
equal for half of the scenarios, so distinct replies are fewer than replies. Exits with 1 when a
distinct reply took more or less than one call, or when the second run makes any call.
"""

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.run import run

SERVER = Path(__file__).parents[1] / "tests" / "servers.py"
CRITERIA = [
    "Is the reply kind?",
    "Does the reply say what happens next?",
    "Does the reply name a date?",
    "Is every claim of the reply backed by the prompt?",
    "Does the reply stay on one topic?",
    "Would a busy reader know what to do?",
    "Does the reply avoid blaming anyone?",
    "Does the reply end with a clear request?",
]
SENTENCES = "Thanks for writing. I looked into it and the order left on Monday. "


def project(folder: Path, scenarios: int, seeds: int, url: str, connections: int) -> Path:
    """An experiment with two recorded arms; its path."""
    (folder / "tastemaker.toml").touch()
    criteria = {f"c{n}": {"ask": ask} for n, ask in enumerate(CRITERIA)}
    rubric = {"rubric": "bench", "principles": {"quality": {"criteria": criteria}}}
    asked = [{"id": f"s{n}", "prompt": f"Where is order {n}?"} for n in range(scenarios)]
    dataset = {"dataset": "bench", "strata": {"all": {"scenarios": asked}}}
    config = {"max_connections": connections, "max_retries": 0}
    experiment = {
        "experiment": "bench",
        "evals": [{"rubric": "./rubric.yaml", "dataset": "./dataset.yaml"}],
        "seeds": seeds,
        "baseline": {"old": {"replies": "./old.jsonl"}},
        "candidates": {"new": {"replies": "./new.jsonl"}},
        "grader": {"model": "openai-api/bench/judge", "config": config},
    }
    os.environ |= {"BENCH_API_KEY": "dummy", "BENCH_BASE_URL": f"{url}/v1"}
    for name, content in (("rubric", rubric), ("dataset", dataset), ("try", experiment)):
        # JSON is YAML.
        (folder / f"{name}.yaml").write_text(json.dumps(content), encoding="utf-8")
    for arm in ("old", "new"):
        lines = [
            json.dumps({"scenario": f"s{n}", "seed": seed, "reply": _reply(arm, n, seed)})
            for n in range(scenarios)
            for seed in range(1, seeds + 1)
        ]
        (folder / f"{arm}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "try.yaml"


def _reply(arm: str, scenario: int, seed: int) -> str:
    who = arm if scenario % 2 else "both"
    return SENTENCES * 10 + f"Order {scenario}, {who}, {seed}."


class Judge:
    """The server, in a process of its own so that its CPU time is not ours."""

    def __init__(self, latency: float) -> None:
        command = [sys.executable, str(SERVER), "--seconds", str(latency)]
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = self._said()

    def _said(self) -> str:
        assert self._server.stdout
        return self._server.stdout.readline().strip()

    def calls(self) -> int:
        """How often it was asked until now."""
        assert self._server.stdin
        print(file=self._server.stdin, flush=True)
        return int(self._said())

    def close(self) -> None:
        """Let it end."""
        self._server.communicate()


def timed(path: Path, logs: str) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    plan = make_plan(load_experiment(path))
    wall, cpu = time.perf_counter(), time.process_time()
    run(plan, path.parent / logs, grades=path.parent / "grades")
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    """Run twice, print what it took, and say by the exit code whether the counts are right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=1.0, help="Seconds to an answer.")
    parser.add_argument("--connections", type=int, default=64)
    sizes = parser.parse_args()
    replies = 2 * sizes.scenarios * sizes.seeds
    distinct = len(
        {
            _reply(arm, n, seed)
            for arm in ("old", "new")
            for n in range(sizes.scenarios)
            for seed in range(1, sizes.seeds + 1)
        }
    )
    bound = math.ceil(distinct / sizes.connections) * sizes.latency
    counted = []
    with tempfile.TemporaryDirectory() as name, contextlib.closing(Judge(sizes.latency)) as judge:
        path = project(Path(name), sizes.scenarios, sizes.seeds, judge.url, sizes.connections)
        for attempt in ("first run", "second run, other folder", "second run, same folder"):
            before = judge.calls()
            wall, cpu = timed(path, "again" if "other" in attempt else "logs")
            counted.append(judge.calls() - before)
            print(
                f"{attempt}: {replies} replies, {distinct} distinct, {counted[-1]} judge calls, "
                f"{cpu / replies * 1000:.1f} CPU ms per reply, wall {wall:.1f} s"
            )
            if len(counted) == 1:
                print(f"  latency bound {bound:.1f} s, {wall / bound:.2f} times that")
    return 0 if counted == [distinct, 0, 0] else 1


if __name__ == "__main__":
    sys.exit(main())
