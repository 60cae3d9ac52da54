"""How many marks the rating page takes: fifty raters at once, against the real server.

    .venv/bin/python benchmarks/rating.py > benchmarks/rating.md

The server is a process of its own, as `tastemaker rate` starts it, on loopback; the raters are one
more. Each rater has a connection, opens the page of an item, gives the marks of its four criteria
and goes on to the next. Paced: a mark every 0.8 s each, faster than people are; flat out: the
next request as soon as the last is answered. A mark counts when the server has said that it is
saved, which it says after the commit.
"""

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tastemaker.content import Place
from tastemaker.experiment import load_experiment
from tastemaker.marks import MARKS, Item, MarkStore
from tastemaker.record import RECORD, frozen
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.rubric import load_rubric
from tastemaker.scenario import load_dataset, select
from tastemaker.tables import reply_table, score_table, write_tables

RATERS, ITEMS = 50, 120
CRITERIA = ("first", "second", "third", "fourth")
WANTED_MARKS, WANTED_P95 = 50.0, 100.0
"""Marks a second, and milliseconds."""
PACE = 0.8
"""Seconds from one mark of a rater to the next."""
PARAGRAPH = (
    "A reply of the usual length, with **some** words set apart and a list:\n\n- one\n- two\n\n"
)
RUBRIC = "rubric: kind\nprinciples:\n  kindness:\n    criteria:\n" + "".join(
    f"      {name}: {{ask: Is the {name} thing true of the reply?}}\n" for name in CRITERIA
)
EXPERIMENT = """
experiment: rating
evals: [{rubric: ./kind.yaml, dataset: ./many.yaml}]
seeds: 1
baseline: {old: {model: mockllm/old}}
candidates: {new: {model: mockllm/new}}
"""
SERVER = """
import sys
from pathlib import Path
from tastemaker.experiment import load_experiment
from tastemaker.rating.serve import serve

serve(load_experiment(Path("rating.yaml")), Path("logs/rating"), host="127.0.0.1", port=0,
      names=[], side_by_side=False)
"""


def write_project(folder: Path) -> None:
    """A project whose run is there, with a plan for the raters."""
    scenarios = "".join(f"      - {{id: s{n}, prompt: Say {n}.}}\n" for n in range(ITEMS))
    files = {
        "tastemaker.toml": "",
        "kind.yaml": RUBRIC,
        "many.yaml": f"dataset: many\nstrata:\n  all:\n    scenarios:\n{scenarios}",
        "rating.yaml": EXPERIMENT,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    logs = folder / "logs" / "rating"
    logs.mkdir(parents=True)
    plan = load_experiment(folder / "rating.yaml", Place.at(folder))
    data = select(load_dataset(folder / "many.yaml"), "dev")
    hashes = {
        "rubric_hash": load_rubric(folder / "kind.yaml").fingerprint,
        "dataset_hash": data.fingerprint,
    }
    record = {"record": "sha256:benchmark", **frozen(plan), "limit": None}
    (logs / RECORD).write_text(json.dumps(record | {"evals": {"many": hashes}}), encoding="utf-8")
    scores: list[ScoreRow] = []
    write_tables(logs, score_table(scores), reply_table(map(reply, range(ITEMS))))
    MarkStore(logs / MARKS).assign(
        [
            Item(number=n, rater=f"rater-{rater}", eval="many", scenario=f"s{n}", seed=1, arm="old")
            for rater in range(RATERS)
            for n in range(ITEMS)
        ]
    )


def reply(n: int) -> ReplyRow:
    """What the arm said to one scenario: some three hundred words."""
    text = f"Reply {n}. " + PARAGRAPH * 18
    said = [{"role": "user", "text": f"Say {n}."}, {"role": "assistant", "text": text}]
    return ReplyRow(
        eval="many",
        scenario=f"s{n}",
        arm="old",
        seed=1,
        prompt=f"Say {n}.",
        messages=json.dumps(said),
        reply=text,
    )


@dataclass
class Took:
    """What the requests of one kind took, in seconds."""

    marks: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)


class Connection:
    """One rater's connection, which is kept open: a plain client takes little of the two cores."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie

    async def __aenter__(self) -> "Connection":
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Hang up."""
        self.writer.close()
        await self.writer.wait_closed()

    async def ask(
        self, path: str, posted: object = None, csrf: str = ""
    ) -> tuple[int, dict[str, str], str]:
        """The status, headers and body that a request is answered with."""
        host = f"127.0.0.1:{self.port}"
        lines = [f"{'GET' if posted is None else 'POST'} {path} HTTP/1.1", f"host: {host}"]
        lines += [f"cookie: {self.cookie}"] if self.cookie else []
        body = b"" if posted is None else json.dumps(posted).encode()
        if posted is not None:
            lines += [f"origin: http://{host}", f"x-csrf-token: {csrf}"]
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        named = [line.partition(": ") for line in head[1:] if line]
        headers = {name.lower(): value for name, _, value in named}
        text = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, text.decode()


async def rate(port: int, token: str, until: float, pace: float, took: Took) -> None:
    """One rater: a page, its marks, the next page, until it is time to stop."""
    async with Connection(port, "") as connection:
        _, headers, _ = await connection.ask(f"/in/{token}")
        connection.cookie = headers["set-cookie"].partition(";")[0]
        _, headers, _ = await connection.ask("/")
        path = headers["location"]
        await asyncio.sleep(random.random() * pace)
        while time.perf_counter() < until:
            started = time.perf_counter()
            status, _, page = await connection.ask(path)
            took.pages.append(time.perf_counter() - started)
            assert status == 200, page
            csrf = found(r'data-csrf="(\w+)"', page)
            for name in CRITERIA:
                due = started = time.perf_counter()
                answer = random.choice(("MET", "UNMET", "CANNOT_ASSESS"))
                posted = {"question": f"kindness/{name}", "answer": answer}
                status, _, text = await connection.ask(path, posted, csrf)
                took.marks.append(time.perf_counter() - started)
                assert status == 200, text
                await asyncio.sleep(max(due + pace - time.perf_counter(), 0))
            after = found(r'data-after="(\w*)"', page) or found(r'data-item="(\w+)"', page)
            path = f"/item/{after}"


def found(pattern: str, page: str) -> str:
    """What a pattern finds on a page."""
    match = re.search(pattern, page)
    assert match, page
    return match.group(1)


async def phase(port: int, tokens: list[str], seconds: float, pace: float) -> tuple[Took, float]:
    """All raters at once; what it took, and for how long they went on."""
    took, started = Took(), time.perf_counter()
    until = started + seconds
    await asyncio.gather(*(rate(port, token, until, pace, took) for token in tokens))
    return took, time.perf_counter() - started


def line(name: str, took: list[float], seconds: float) -> str:
    """One row of the table."""
    cut = statistics.quantiles(took, n=100)
    milliseconds = " | ".join(f"{1000 * cut[place - 1]:.1f}" for place in (50, 95, 99))
    return f"| {name} | {len(took) / seconds:.0f} | {milliseconds} |"


def main() -> None:
    """Measure and print; exit with 1 when it is not fast enough."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder)
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdout
        try:
            links = [server.stdout.readline().strip().partition("\t")[2] for _ in range(RATERS)]
            port = int(links[0].split(":")[2].partition("/")[0])
            tokens = [link.rpartition("/")[2] for link in links]
            paced = asyncio.run(phase(port, tokens, asked.seconds, PACE))
            flat = asyncio.run(phase(port, tokens, asked.seconds, 0.0))
        finally:
            server.kill()
            server.communicate()

        kept = len(MarkStore(folder / "logs" / "rating" / MARKS).marks())
    p95 = 1000 * statistics.quantiles(paced[0].marks, n=100)[94]
    rate_of = len(paced[0].marks) / paced[1]
    print("# The rating page\n")
    print(f"Made by `benchmarks/rating.py`, which says how: {RATERS} raters at once,", end=" ")
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    beside = "; other work ran beside it" if load > cores else ""
    print(f"{ITEMS} items each, load average {load:.1f} on {cores} cores{beside}.\n")
    print("| requests | a second | p50 (ms) | p95 (ms) | p99 (ms) |")
    print("|---|--:|--:|--:|--:|")
    for words, (took, seconds) in (("paced", paced), ("flat out", flat)):
        print(line(f"marks, {words}", took.marks, seconds))
        print(line(f"pages, {words}", took.pages, seconds))
    print(
        f"\nWanted: {WANTED_MARKS:.0f} marks a second with a p95 under {WANTED_P95:.0f} ms.",
        end=" ",
    )
    print(f"{kept} marks stand in the store.")
    sys.exit(0 if rate_of >= WANTED_MARKS and p95 < WANTED_P95 else 1)


if __name__ == "__main__":
    main()
