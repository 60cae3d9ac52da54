"""How many tokens a second the embedded model writes: by slots, by threads, beside other programs.

    .venv/bin/python benchmarks/local_model.py > benchmarks/local_model.md

Every row is measured in a process of its own, and the rows take turns, several rounds; the best
round counts, for the rest of the machine only ever adds. Speeds differ between machines, ratios
less: every row is also given as a multiple of one slot on one thread, in the same run. Processor
time is what hardly changes when the machine is busy.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from inspect_ai.model import GenerateConfig, get_model

import tastemaker.providers.local  # noqa: F401 - registers the provider

ROWS = [(slots, threads) for threads in (1, 2) for slots in (1, 4, 8) if slots >= threads]
BESIDE = (8, 2)
"""The row that is measured once more beside busy programs."""
TOKENS = 80
SYSTEM = "You write work emails. Be clear, polite and concise. Include a greeting and a sign-off."


def measure(slots: int, threads: int) -> tuple[float, float]:
    """Seconds and processor seconds a token, for prompts that share a beginning as an arm's do."""
    model = get_model("local/smollm2-135m", slots=slots, threads=threads, context=512)
    config = GenerateConfig(
        max_tokens=TOKENS, system_message=SYSTEM, extra_body={"ignore_eos": True}
    )
    replies = max(2 * slots, 6)

    async def ask(n: int) -> None:
        await model.generate(f"email client {n} about invoice {n}, second time", config=config)

    async def ask_all() -> None:
        async with anyio.create_task_group() as group:
            for n in range(replies):
                group.start_soon(ask, n)

    anyio.run(ask, -1)  # loads the model
    start, start_processor = time.perf_counter(), time.process_time()
    anyio.run(ask_all)
    seconds, processor = time.perf_counter() - start, time.process_time() - start_processor
    return seconds / (replies * TOKENS), processor / (replies * TOKENS)


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """So many other programs that each want a core."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def in_a_process(slots: int, threads: int, programs: int) -> tuple[float, float]:
    """`measure` in a fresh process, beside so many busy programs."""
    command = [sys.executable, __file__, "--row", str(slots), str(threads)]
    with busy(programs):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, processor = json.loads(done.stdout)
    return seconds, processor


def table(rounds: int) -> Iterator[str]:
    """The result as Markdown, line by line."""
    cores = os.cpu_count() or 1
    rows = [*((slots, threads, 0) for slots, threads in ROWS), (*BESIDE, cores)]
    measured = [[in_a_process(*row) for row in rows] for _ in range(rounds)]
    best = [tuple(map(min, zip(*row, strict=True))) for row in zip(*measured, strict=True)]
    yield f"{cores} cores, {rounds} rounds, replies of {TOKENS} tokens.\n"
    yield "| slots | threads | busy programs beside | tokens/s | ratio | processor ms a token |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for (slots, threads, programs), (seconds, processor) in zip(rows, best, strict=True):
        speed = f"{1 / seconds:.0f} | {best[0][0] / seconds:.2f} | {1000 * processor:.1f}"
        yield f"| {slots} | {threads} | {programs} | {speed} |"


def main() -> None:
    """Read arguments, print the table or one row's number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--row", type=int, nargs=2, metavar=("SLOTS", "THREADS"))
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(*arguments.row)))
    else:
        for line in table(arguments.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
