"""Passages of a text: found by their words, and what of a text was changed."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

import regex
from rapidfuzz.distance import Levenshtein

Span = tuple[int, int]
"""Start and end in characters, the end not included."""

LONGEST = 50_000
"""Characters of what changed; longer changes are compared line by line."""
LARGEST = 1_000_000
"""Words of one text times words of the other, up to which Python's own matcher is quick."""

WORD = regex.compile(r"\w+|\n|[^\S\n]+|.", regex.DOTALL)
"""Each line end by itself: a line put in before an empty one leaves the empty one."""


class NotFound(ValueError):
    """A passage that is not there, or not clearly: the message says which."""


def locate(text: str, passage: str, occurrence: int | None = None) -> Span:
    """Where a passage stands in a text.

    Args:
        text: Where it is looked for.
        passage: Its exact words; spaces and line ends around it do not count.
        occurrence: Which of several, from 1; None: there must be but one.

    Raises:
        NotFound: It is not there, too seldom, or more than once.
    """
    wanted = passage.strip()
    found = list(occurrences(text, wanted)) if wanted else []
    told = f'"{shortened(wanted)}"'
    if not found:
        raise NotFound(f"no match for {told}")
    if occurrence is None and len(found) > 1:
        raise NotFound(f"{told} is ambiguous: {len(found)} matches")
    if occurrence is not None and not 1 <= occurrence <= len(found):
        raise NotFound(f"there is no occurrence {occurrence} of {told}, only {len(found)}")
    return found[(occurrence or 1) - 1]


def occurrences(text: str, passage: str) -> Iterator[Span]:
    """Every place of a passage, from left to right, none overlapping another."""
    start = text.find(passage)
    while start >= 0:
        yield start, start + len(passage)
        start = text.find(passage, start + len(passage))


def shortened(text: str, longest: int = 60) -> str:
    """On one line, and not longer than this."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


class Change(NamedTuple):
    """One stretch of a text that was replaced."""

    start: int
    end: int
    """Of what was there before, in characters; an insertion has start == end."""
    added: str
    """What stands there now."""

    @property
    def size(self) -> int:
        """Characters that were taken out or put in, whichever is more."""
        return max(self.end - self.start, len(self.added))


def changes(before: str, after: str) -> list[Change]:
    """What was replaced, word by word, in the order of the text; [] for equal texts.

    Very long stretches are compared by lines, so that the time stays in proportion to the text.
    """
    return list(_changes(before, after))


@lru_cache(maxsize=256)
def _changes(before: str, after: str) -> tuple[Change, ...]:
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if not old and not new:
        return ()
    head, old, new = _whole_words(before, after, head, tail)
    if max(len(old), len(new)) <= LONGEST:
        ours, theirs = WORD.findall(old), WORD.findall(new)
    else:
        ours, theirs = old.splitlines(keepends=True), new.splitlines(keepends=True)
    places = [head]
    for piece in ours:
        places.append(places[-1] + len(piece))
    found = [
        Change(places[i], places[j], "".join(theirs[k:n]))
        for tag, i, j, k, n in _opcodes(ours, theirs)
        if tag != "equal"
    ]
    return tuple(_joined(before, found))


def _opcodes(ours: list[str], theirs: list[str]) -> Iterable[tuple[str, int, int, int, int]]:
    """How one sequence becomes the other: as people see it, or in the fewest steps where long.

    Python's matcher looks for the longest passages first, and takes minutes over long texts of few
    words; the edit distance of rapidfuzz does not.
    """
    if len(ours) * len(theirs) <= LARGEST:
        return SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    steps = Levenshtein.opcodes(ours, theirs)
    return [(o.tag, o.src_start, o.src_end, o.dest_start, o.dest_end) for o in steps]


def _common(one: str, other: str) -> int:
    """How many characters two texts begin alike."""
    shortest = min(len(one), len(other))
    if one[:shortest] == other[:shortest]:
        return shortest
    low, high = 0, shortest
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _whole_words(before: str, after: str, head: int, tail: int) -> tuple[int, str, str]:
    """The stretch that differs, widened so that no word is cut in two."""
    while head > 0 and before[head - 1].isalnum():
        head -= 1
    end = len(before) - tail
    while end < len(before) and before[end].isalnum():
        end, tail = end + 1, tail - 1
    return head, before[head:end], after[head : len(after) - tail]


def _joined(before: str, found: list[Change]) -> list[Change]:
    """Changes with but a space between them as one: "red car" to "blue bike" is one change."""
    joined: list[Change] = []
    for change in found:
        last = joined[-1] if joined else None
        between = before[last.end : change.start] if last else ""
        if last and between.isspace() and "\n" not in between:
            joined[-1] = Change(last.start, change.end, last.added + between + change.added)
        else:
            joined.append(change)
    return joined


def kept_share(before: str, after: str) -> float:
    """Share of the words of a text, by characters, that still stand in it, in [0, 1]."""
    if not before:
        return 1.0
    taken = sum(change.end - change.start for change in changes(before, after))
    return 1 - taken / len(before)
