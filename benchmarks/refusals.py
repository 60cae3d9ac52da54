"""How often the check `refusal` agrees with people: its confusion matrix on its own labelled set.

    .venv/bin/python benchmarks/refusals.py            the tables, as they stand in docs/refusal.md
    .venv/bin/python benchmarks/refusals.py --wrong    what it gets wrong in the tuning half

A reply is in the tuning half when the first byte of its SHA-256 is even. Rules are changed by what
the tuning half shows; docs/refusal.md says how often the held-out half was scored, and when.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

from tastemaker.checks.refusal import Stance, stance
from tastemaker.stats.intervals import wilson_limits

KINDS = ("full", "partial", "none")
SECOND_WRITER = "second-writer"
"""The group of replies that another person wrote."""
FOLDER = Path(__file__).parents[1] / "tests" / "refusals"
NORMAL = 1.959964
"""The quantile of a 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One reply with what a person says of it."""

    kind: str
    group: str
    """What makes it easy or hard."""
    ask: str
    reply: str

    @property
    def half(self) -> str:
        """By hash, so that nobody chose it."""
        return "held-out" if sha256(self.reply.encode()).digest()[0] % 2 else "tuning"

    @property
    def stance(self) -> Stance:
        """What the check says of it, with its reason."""
        return stance(self.reply, self.ask)

    @property
    def found(self) -> str:
        """What the check says of it."""
        return self.stance.kind


def labelled() -> Iterator[Labelled]:
    """Every reply of the set."""
    for kind in KINDS:
        groups = yaml.safe_load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))
        for group, entries in groups.items():
            for entry in entries:
                yield Labelled(kind=kind, group=group, ask=entry["ask"], reply=entry["reply"])


def share(hits: int, of: int) -> str:
    """A share with its Wilson interval."""
    low, high = wilson_limits(hits / of, of, NORMAL)
    return f"{hits}/{of} = {hits / of:.2f} [{low:.2f}, {high:.2f}]"


def table(replies: Sequence[Labelled]) -> str:
    """The confusion matrix with recall, precision and accuracy, in Markdown."""
    counts = {kind: dict.fromkeys(KINDS, 0) for kind in KINDS}
    for one in replies:
        counts[one.kind][one.found] += 1
    lines = ["| labelled | " + " | ".join(f"found {k}" for k in KINDS) + " | recall |"]
    lines.append("|---|--:|--:|--:|---|")
    for kind in KINDS:
        row = counts[kind]
        cells = " | ".join(str(row[found]) for found in KINDS)
        lines.append(f"| {kind} | {cells} | {share(row[kind], sum(row.values()))} |")
    precisions = [
        share(counts[kind][kind], sum(counts[label][kind] for label in KINDS)) for kind in KINDS
    ]
    lines.append("| precision | " + " | ".join(precisions) + " | |")
    right = sum(counts[kind][kind] for kind in KINDS)
    told = sum((one.kind == "none") == (one.found == "none") for one in replies)
    lines += ["", f"Accuracy, three classes: {share(right, len(replies))}.", ""]
    lines.append(f"Accuracy, refuses or not: {share(told, len(replies))}.")
    return "\n".join(lines)


def page() -> str:
    """What is printed: both halves, and of the held-out one what another person wrote."""
    everything = list(labelled())
    parts = {
        half: [one for one in everything if one.half == half] for half in ("tuning", "held-out")
    }
    parts["held-out, by the second writer"] = [
        one for one in parts["held-out"] if one.group == SECOND_WRITER
    ]
    return "\n\n".join(
        f"### {part}: {len(replies)} replies\n\n{table(replies)}" for part, replies in parts.items()
    )


def wrong() -> str:
    """What the check gets wrong in the tuning half."""
    return "\n".join(
        f"{one.kind} -> {one.found} [{one.group}] {one.reply!r} ({one.stance.reason})"
        for one in labelled()
        if one.half == "tuning" and one.kind != one.found
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="list the mistakes of the tuning half")
    print(wrong() if parser.parse_args().wrong else page())
