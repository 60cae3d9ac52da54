"""A pinned baseline: run once, compared with many candidates, and verified before each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tastemaker.errors import UserError
from tastemaker.reading import shown
from tastemaker.record import grading
from tastemaker.stats.paired import Paired, paired
from tastemaker.tables import SCORES, joined, panels, read_scores

PIN = "pin.json"
PINNED_SCORES = "pinned"
OLD_AFTER = 30
"""Days after which a pin is called old: hosted models drift."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """What a baseline was run as."""

    baseline: str
    pinned_on: date
    parts: Mapping[str, Any]
    """What its results rest on, by name: its settings, each eval's hashes, grader, seeds."""

    def changes(self, parts: Mapping[str, Any]) -> list[str]:
        """The names of what is different now, sorted."""
        names = self.parts.keys() | parts.keys()
        return sorted(name for name in names if self.parts.get(name) != parts.get(name))


def parts_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the baseline of a record rests on; evals by name, so that a new eval is a change."""
    evals = {
        f"{name}: {key}": value
        for name, content in record["evals"].items()
        for key, value in content.items()
        if key in ("dataset_version", "dataset_hash", "rubric_version", "rubric_hash")
    }
    return {
        "settings": record["arms"][record["baseline"]],
        "seeds": record["seeds"],
        "seed": record["seed"],
        "split": record["split"],
        "limit": record["limit"],
        GRADER: [grading(record["grader"]), record["judge"]],
        **evals,
    }


GRADER = "grader"


def write_pin(folder: Path, record: Mapping[str, Any], today: date) -> None:
    """Pin the baseline of a run that is there, with its scores."""
    pin = {
        "baseline": record["baseline"],
        "pinned_on": today.isoformat(),
        "parts": parts_of(record),
    }
    kept = folder / PINNED_SCORES
    kept.mkdir(exist_ok=True)
    (kept / SCORES).write_bytes((folder / SCORES).read_bytes())
    (folder / PIN).write_text(json.dumps(pin, indent=2), encoding="utf-8")


def read_pin(folder: Path) -> Pin | None:
    """The pin of a folder; None when nothing is pinned there."""
    path = folder / PIN
    if not path.is_file():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Pin(
            baseline=stored["baseline"],
            pinned_on=date.fromisoformat(stored["pinned_on"]),
            parts=stored["parts"],
        )
    except (json.JSONDecodeError, KeyError, ValueError) as error:
        raise UserError(f"{shown(path)}: not a pin of ours: {error}") from error


def age(pin: Pin, today: date) -> str:
    """When a baseline was pinned, in words; an old pin is called old."""
    days = (today - pin.pinned_on).days
    drift = ": hosted models drift, consider --only baseline --repin" if days > OLD_AFTER else ""
    return f"Baseline {pin.baseline} as pinned on {pin.pinned_on}, {days} days ago{drift}."


def verify_pin(pin: Pin, record: Mapping[str, Any]) -> bool:
    """Whether only the grader changed since the pin, so that a bridge is called for.

    UserError when anything else changed: the pinned baseline is not the baseline any more.
    """
    now = json.loads(json.dumps(parts_of(record)))
    changed = pin.changes(now)
    if others := [name for name in changed if name != GRADER]:
        raise UserError(
            f"the pinned baseline of {pin.pinned_on} no longer fits; changed: {', '.join(others)}. "
            "Pin it anew with --only baseline --repin, or undo the change."
        )
    return bool(changed)


def bridge(folder: Path, baseline: str) -> dict[str, Paired]:
    """The shift that a new grader alone causes: the same pinned replies, graded by both.

    By principle: the new grades minus the pinned ones.
    """
    both = {
        "pinned grader": (read_scores(folder / PINNED_SCORES), baseline),
        "new grader": (read_scores(folder), baseline),
    }
    names = list(both)
    return {
        principle: paired(panel, *names) for principle, panel in panels(joined(both), names).items()
    }


def bridge_lines(shifts: Mapping[str, Paired]) -> Sequence[str]:
    """The bridge in words."""
    return [
        f"{principle}: the new grader alone moves the baseline by {shift.difference:+.3f} "
        f"(95% CI {shift.low:+.3f} to {shift.high:+.3f})."
        for principle, shift in shifts.items()
    ]
