"""What a mark is about: a reply and a question, by hash.

A mark says so from the moment it is given. When a run puts another reply in that place, or asks
another question, the mark is known to be about something else, and counts for nothing there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tastemaker.content import fingerprint
from tastemaker.marks import Mark, MarkStore, PairMark
from tastemaker.tables import ReplyKey, replies_at

SAID = ("messages", "reply", "document")
"""The columns of the replies table that make a reply what it is."""


def reply_hash(row: Mapping[str, Any]) -> str:
    """Of a reply with all that led to it, from its row of the replies table."""
    return fingerprint([row[name] for name in SAID])


@dataclass(frozen=True, kw_only=True)
class Now:
    """What there is now in a run that can be asked about."""

    replies: Mapping[ReplyKey, str]
    """The hash of each reply."""
    questions: Mapping[str, Mapping[str, str]]
    """By eval and principle/criterion, the hash of what is asked; of what single scenarios bring
    it is not known."""

    def about(self, reply: ReplyKey, criterion: str) -> str:
        """What an answer to a criterion is about; "" where there is no such reply."""
        if reply not in self.replies:
            return ""
        question = self.questions.get(reply[0], {}).get(criterion, "")
        return fingerprint([self.replies[reply], question])

    def about_pair(self, first: ReplyKey, second: ReplyKey, principle: str) -> str:
        """What a preference is about, in whichever order; "" where one reply is not there."""
        both = sorted(self.replies.get(one, "") for one in (first, second))
        return fingerprint([*both, principle]) if all(both) else ""

    def current(self, mark: Mark | PairMark) -> bool:
        """Whether a mark is about what is there now."""
        return bool(mark.about) and mark.about == self._of(mark)

    def _of(self, mark: Mark | PairMark) -> str:
        place = (mark.eval, mark.scenario, mark.seed)
        if isinstance(mark, Mark):
            return self.about((*place, mark.arm), mark.criterion)
        return self.about_pair((*place, mark.first), (*place, mark.second), mark.principle)


def now_of(
    record: Mapping[str, Any], folder: Path, replies: Collection[ReplyKey] | None = None
) -> Now:
    """What a run has now; with `replies` only of these.

    Raises:
        UserError: Its replies are not there, or were edited after the run.
    """
    rows = replies_at(folder, replies, SAID)
    return Now(
        replies={key: reply_hash(row) for key, row in rows.items()},
        questions=questions_of(record),
    )


def questions_of(record: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """The hash of each question of a run, by eval and principle/criterion."""
    return {name: one.get("questions", {}) for name, one in record["evals"].items()}


class Current:
    """The marks of a store that are about what a run has now, as if there were no others."""

    def __init__(self, store: MarkStore, now: Now) -> None:
        """Of a store, held against a run."""
        self.store, self.now = store, now

    def marks(self, rater: str | None = None) -> list[Mark]:
        """The standing marks of a rater, or of all."""
        return [one for one in self.store.marks(rater) if self.now.current(one)]

    def pairs(self, rater: str | None = None) -> list[PairMark]:
        """The standing preferences of a rater, or of all."""
        return [one for one in self.store.pairs(rater) if self.now.current(one)]
