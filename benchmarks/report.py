"""How long the HTML report of a large run takes, and how large it gets.

    .venv/bin/python benchmarks/report.py > benchmarks/report.md

1,000 scenarios x 5 seeds x 2 arms: 10,000 replies of about 1,600 characters, graded on 6 principles
of 2 criteria each with quotes, in 200 clusters. From the stored tables to the file on disk, how
alike the replies are included, in processes of their own, cold, with imports; the fastest counts,
for the rest of the machine only ever adds.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tastemaker.experiment import Arm, Experiment
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.tables import reply_table, score_table, write_tables

SEED = 20250101
SCENARIOS, SEEDS, PRINCIPLES = 1_000, 5, 6
ARMS = ("prompted", "candidate")
WORDS = (
    "the report numbers meeting Friday please could you send review draft before noon because "
    "client asked again about invoice we need decide whether budget allows another week of work "
    "thanks for your patience and let me know if anything is unclear"
).split()


def experiment() -> Experiment:
    """Two arms, nothing else; what they are does not matter here."""
    arms = {name: Arm(model=f"mockllm/{name}") for name in ARMS}
    baseline = {ARMS[0]: arms.pop(ARMS[0])}
    return Experiment(experiment="large", evals=("mail",), baseline=baseline, candidates=arms)


def sentences() -> list[str]:
    """What replies are put together from: some sentences stand in both arms' replies."""
    rng = random.Random(SEED)
    return [" ".join(rng.choices(WORDS, k=rng.randint(8, 22))).capitalize() for _ in range(60)]


POOL = sentences()


def text(rng: random.Random) -> str:
    """A reply of four paragraphs, another one each time."""
    return "\n\n".join(". ".join(rng.choices(POOL, k=5)) + "." for _ in range(4))


def rows() -> Iterator[tuple[list[ScoreRow], ReplyRow]]:
    """The scores and the reply of each arm, scenario and seed."""
    for arm in ARMS:
        rng = random.Random(f"{SEED}/{arm}")
        for n in range(SCENARIOS):
            for seed in range(1, SEEDS + 1):
                yield reply(rng, arm, n, seed)


def reply(rng: random.Random, arm: str, n: int, seed: int) -> tuple[list[ScoreRow], ReplyRow]:
    """One reply with its scores; one in five differs between arms and seeds."""
    said, prompt = text(rng), f"Write the email number {n}, and keep it friendly."
    common = {
        "eval": "mail", "arm": arm, "scenario": f"scenario-{n:04}", "seed": seed,
        "labels": json.dumps({"kind": ("request", "report", "apology")[n % 3]}),
    }  # fmt: skip
    scores, findings = [], {}
    for p in range(PRINCIPLES):
        name = f"principle-{p}"
        values = [float(rng.random() > 0.1 + 0.02 * p) for _ in range(2)]
        more = {
            "dataset": "mail", "cluster": f"cluster-{n // 5:03}", "stratum": f"stratum-{n % 8}",
            "principle": name, "seconds": rng.gammavariate(4, 0.4), "cost": 0.002,
            "input_tokens": 200, "output_tokens": 400, "log": "2025-01-01T00-00-00_mail.eval",
        }  # fmt: skip
        scores.append(ScoreRow(**common, **more, value=sum(values) / 2))
        for c, value in enumerate(values):
            scores.append(ScoreRow(**common, **more, criterion=f"criterion-{c}", value=value))
            findings[f"{name}.criterion-{c}"] = {
                "value": value, "reason": "", "quote": rng.choice(said.split(". ")),
            }  # fmt: skip
    messages = [{"role": "user", "text": prompt}, {"role": "assistant", "text": said}]
    return scores, ReplyRow(
        **common,
        prompt=prompt,
        reply=said,
        messages=json.dumps(messages),
        findings=json.dumps(findings),
    )


def write(folder: Path) -> None:
    """The two tables, as a run leaves them."""
    made = list(rows())
    scores = (score for of_reply, _ in made for score in of_reply)
    write_tables(folder, score_table(scores), reply_table(reply for _, reply in made))


def measure(folder: Path, full: bool) -> dict[str, float]:
    """Seconds, bytes and peak memory of one report, in this process."""
    from tastemaker.report.html.page import as_html
    from tastemaker.report.html.source import read_source
    from tastemaker.results import results
    from tastemaker.tables import read_scores

    plan, start = experiment(), time.perf_counter()
    found = results(plan, {"record": "sha256:benchmark"}, read_scores(folder))
    found = replace(found, folder=folder)  # as `load_results` does: likeness is read from replies
    decided = time.perf_counter()
    source = read_source({arm: (folder, arm) for arm in ARMS})
    html = as_html(found, source, full=full)
    (folder / "report.html").write_text(html, encoding="utf-8")
    return {
        "decide": decided - start,
        "page": time.perf_counter() - decided,
        "cpu": time.process_time(),
        "bytes": (folder / "report.html").stat().st_size,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(folder: Path, full: bool, repeats: int) -> dict[str, float]:
    """Of several fresh processes the least of each number."""
    command = [sys.executable, __file__, "--folder", str(folder), *(["--full"] if full else [])]
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout) | {"wall": time.perf_counter() - start})
    return {key: min(one[key] for one in found) for key in found[0]}


def main() -> None:
    """Measure both kinds of page and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="measure the tables in a folder, as JSON")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--write", type=Path, help="write the tables into a folder")
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    if asked.write:
        write(asked.write)
        return
    if asked.folder:
        print(json.dumps(measure(asked.folder, asked.full)))
        return
    print("# From stored tables to one HTML file\n")
    print("Made by `benchmarks/report.py`, which says how. 1,000 scenarios x 5 seeds x 2 arms, 6")
    print(
        "principles, 12 criteria. Wanted: 5 s and 2 MB for the usual page. On a machine with other"
    )
    print("work to do the CPU time is the number to look at; it includes starting Python.\n")
    print(
        "| page | size (MB) | verdicts (s) | page (s) | wall, all (s) | CPU, all (s) | peak (MB) |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        # In a process of its own: what this one holds would count as the peak of its children.
        subprocess.run([sys.executable, __file__, "--write", name], check=True)
        for full in (False, True):
            one = measured(Path(name), full, asked.repeats)
            numbers = f"{one['bytes'] / 1e6:.2f} | {one['decide']:.2f} | {one['page']:.2f}"
            rest = f"{one['wall']:.2f} | {one['cpu']:.2f} | {one['peak']:.0f}"
            print(f"| {'`--full`' if full else 'usual'} | {numbers} | {rest} |", flush=True)
    print(f"\nLeast of {asked.repeats}; load average {os.getloadavg()[0]:.1f}", end=" ")
    print(f"on {os.cpu_count()} cores at the end.")


if __name__ == "__main__":
    main()
