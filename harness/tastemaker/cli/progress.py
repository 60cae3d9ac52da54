"""How far a run is: on a terminal as a bar, elsewhere as plain lines."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tastemaker.plan import Plan
    from tastemaker.session import Answered, Listener

FEWEST_TO_TELL = 10
"""Calls from which the time for the others is told."""
EVERY = 10.0
"""Seconds between two plain lines."""


class Count:
    """What has arrived of what was planned."""

    def __init__(self, planned: int) -> None:
        self.planned = planned
        self.called = 0
        self.replayed = 0
        self.cost = 0.0
        self.began = time.monotonic()

    def add(self, answered: "Answered") -> None:
        """Count one answer."""
        if answered.replayed:
            self.replayed += 1
        else:
            self.called += 1
            self.cost += answered.cost or 0.0

    @property
    def left(self) -> int:
        """Calls that are still to be made, as far as the plan can tell."""
        return max(self.planned - self.called - self.replayed, 0)

    def told(self, *, ended: bool = False) -> str:
        """In words: calls made and left, cost so far, time left; `ended` when none is to come.

        How much time is left is not guessed from the first calls, which take up what starts.
        """
        parts = [f"{self.called} calls made"] + ([] if ended else [f"{self.left} left"])
        if self.replayed:
            parts.append(f"{self.replayed} kept from before")
        if self.cost:
            parts.append(f"${self.cost:.2f}")
        if self.called >= FEWEST_TO_TELL and self.left and not ended:
            seconds = (time.monotonic() - self.began) / self.called * self.left
            parts.append(f"about {_duration(seconds)} to go")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


@contextmanager
def progress(plan: "Plan") -> Iterator["Listener"]:
    """A listener for a run that shows how far it is, on standard error."""
    count = Count(plan.calls)
    arms = _many(len(plan.experiment.arms), "arm")
    evals = _many(len(plan.evals), "eval")
    looks = f", in up to {plan.schedule.planned} looks" if plan.schedule else ""
    print(
        f"{plan.experiment.name}: {arms} x {evals}, {_many(plan.seeds, 'seed')}, "
        f"{count.planned} calls at most{looks}",
        file=sys.stderr,
    )
    shown = _bar(count) if sys.stderr.isatty() else _lines(count)
    with shown as listener:
        yield listener
    # What was done before, and what looks leave out, was planned and is not asked for.
    print(f"{plan.experiment.name}: {count.told(ended=True)}", file=sys.stderr)


@contextmanager
def _lines(count: Count) -> Iterator["Listener"]:
    last = time.monotonic()

    def listener(answered: "Answered") -> None:
        nonlocal last
        count.add(answered)
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            print(f"  {count.told()}", file=sys.stderr, flush=True)

    yield listener


@contextmanager
def _bar(count: Count) -> Iterator["Listener"]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(count.told(), total=count.planned)

        def listener(answered: "Answered") -> None:
            count.add(answered)
            done = count.called + count.replayed
            bar.update(task, completed=done, description=count.told())

        yield listener
