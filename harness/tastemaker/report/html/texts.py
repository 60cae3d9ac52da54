"""Texts from outside, made harmless and comparable: what is unseen, what differs, what is quoted.

Spans are pairs of places in a text, from and to, as Python counts characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise

from markupsafe import Markup, escape
from rapidfuzz.distance import LCSseq

from tastemaker.judge.reading import LEFT_OUT

Span = tuple[int, int]

UNUSUAL = re.compile(r"[^\n\t -~]")
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
JOINERS = {"\u200c", "\u200d", "\u00ad"}
"""Unseen, and needed: Persian, emoji and hyphenation are written with them."""
PICTURES = 0x2400
"""Where Unicode has a picture for each of the first 32 control characters."""

TOKENS = re.compile(r"\w+(?:['’\-]\w+)*|\n|[^\S\n]+|.", re.DOTALL)
MOST_PAIRS = 60_000_000
"""Tokens of one text times tokens of the other, beyond which only the ends are compared."""
LEAST_SHARED = 0.15
"""Share of the shorter text's words; with fewer in common two texts are not versions of one."""
SHORT_RUN = 1
"""Words between two changes that are too few to be read as unchanged."""

QUOTATION_MARKS = {"‘": "'", "’": "'", "“": '"', "”": '"'}


def visible(text: str) -> str:
    """Text with a picture or the number of what steers a page and is not seen itself.

    Escape codes, control characters, direction overrides, lone surrogates and noncharacters
    become text; line ends are made alike.
    """
    return UNUSUAL.sub(_seen, text.replace("\r\n", "\n"))


def _seen(found: re.Match[str]) -> str:
    return _picture(found[0])


@lru_cache(maxsize=4096)
def _picture(character: str) -> str:
    code = ord(character)
    odd = unicodedata.category(character) in UNSEEN or code & 0xFFFE == 0xFFFE
    if (not odd and not 0xFDD0 <= code <= 0xFDEF) or character in JOINERS:
        return character
    if code < 0x20:
        return chr(PICTURES + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


# What differs ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What two texts do not share."""

    pairs: tuple[tuple[Span, Span], ...]
    """Of each place where they differ, what stands in the first and what in the second; one of the
    two may be empty."""
    unlike: bool = False
    """Whether they share too little for a comparison word by word."""

    @property
    def removed(self) -> tuple[Span, ...]:
        """What only the first text has."""
        return tuple(span for span, _ in self.pairs if span[0] < span[1])

    @property
    def added(self) -> tuple[Span, ...]:
        """What only the second text has."""
        return tuple(span for _, span in self.pairs if span[0] < span[1])


def word_changes(first: str, second: str) -> Changes:
    """The words that only one of two texts has, by their longest common subsequence.

    Single shared words between two changes count as changed; texts that share next to nothing are
    not compared.
    """
    one, two = TOKENS.findall(first), TOKENS.findall(second)
    head, tail = _common_ends(one, two)
    inner = one[head : len(one) - tail], two[head : len(two) - tail]
    if len(inner[0]) * len(inner[1]) > MOST_PAIRS:
        runs = [(head, head, len(inner[0]), len(inner[1]))]
    else:
        runs = _runs(inner[0], inner[1], head)
    if _too_unlike(one, two, runs):
        return Changes(pairs=(), unlike=True)
    before = _spans(one, [(place, size) for place, _, size, _ in runs])
    after = _spans(two, [(place, size) for _, place, _, size in runs])
    return Changes(pairs=tuple(zip(before, after, strict=True)))


def _common_ends(one: Sequence[str], two: Sequence[str]) -> tuple[int, int]:
    most = min(len(one), len(two))
    head = next((n for n in range(most) if one[n] != two[n]), most)
    most -= head
    tail = next((n for n in range(most) if one[-1 - n] != two[-1 - n]), most)
    return head, tail


Run = tuple[int, int, int, int]
"""Tokens that differ: where in each text, and how many of each."""


def _runs(one: Sequence[str], two: Sequence[str], offset: int) -> list[Run]:
    """The changed runs, those with next to nothing shared between them joined into one."""
    runs: list[Run] = []
    for block in LCSseq.opcodes(one, two):
        if block.tag == "equal":
            continue
        start, end = block.src_start + offset, block.src_end + offset
        there, until = block.dest_start + offset, block.dest_end + offset
        if runs:
            place, other, size, _ = runs[-1]
            between = one[place + size - offset : block.src_start]
            if sum(token[0].isalnum() for token in between) <= SHORT_RUN and "\n" not in between:
                runs[-1] = (place, other, end - place, until - other)
                continue
        runs.append((start, there, end - start, until - there))
    return runs


def _too_unlike(one: Sequence[str], two: Sequence[str], runs: Iterable[Run]) -> bool:
    first, second = _words(one), _words(two)
    changed = sum(_words(one[place : place + size]) for place, _, size, _ in runs)
    least = min(first, second)
    return least > 0 and first - changed < LEAST_SHARED * least


def _words(tokens: Iterable[str]) -> int:
    return sum([token[0].isalnum() for token in tokens])


def _spans(tokens: Sequence[str], runs: Iterable[tuple[int, int]]) -> list[Span]:
    starts = [0, *accumulate(map(len, tokens))]
    return [(starts[place], starts[place + size]) for place, size in runs]


# What is quoted ----------------------------------------------------------------------------------


class Searched:
    """A text in which quotes are looked for as judges copy them: words, not white space or curls.

    The same freedom as `judge.reading` allows, so that what was accepted there is found here.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self, quote: str) -> tuple[Span, ...]:
        """Where the parts of a quote stand; () when one of them does not."""
        if not quote.strip():
            return ()
        place = self.text.find(quote)
        if place >= 0:
            return ((place, place + len(quote)),)
        return self._parts(LEFT_OUT.split(quote)) or self._parts([quote])

    def _parts(self, parts: Sequence[str]) -> tuple[Span, ...]:
        squeezed, places = self._squeezed
        spans, after = [], 0
        for part in parts:
            wanted = _squeeze(part)[0]
            if not wanted:
                continue
            start = squeezed.find(wanted, after)
            if start < 0:
                return ()
            after = start + len(wanted)
            spans.append((places[start], places[after - 1] + 1))
        return tuple(spans)

    @cached_property
    def _squeezed(self) -> tuple[str, list[int]]:
        return _squeeze(self.text)


def _squeeze(text: str) -> tuple[str, list[int]]:
    """The text in one line, straight and without case, and where each character comes from."""
    characters: list[str] = []
    places: list[int] = []
    for word in re.finditer(r"\S+", text):
        if characters:
            characters.append(" ")
            places.append(word.start())
        for place, character in enumerate(word[0], word.start()):
            folded = QUOTATION_MARKS.get(character, character).casefold()
            characters += folded
            places += [place] * len(folded)
    return "".join(characters), places


# Both in one text --------------------------------------------------------------------------------


def marked(
    text: str, changed: Sequence[Span], tag: str, quotes: Sequence[tuple[Span, int]]
) -> Markup:
    """The text as HTML: changes as `del` or `ins`, quotes as `mark` with the finding's number."""
    edges = {0, len(text), *(edge for span in changed for edge in span)}
    edges |= {edge for span, _ in quotes for edge in span}
    places = sorted(edges)
    parts = []
    pending, changes = sorted(quotes), iter(sorted(changed))
    change = next(changes, None)
    for start, end in pairwise(places):
        piece = str(escape(text[start:end]))
        while change is not None and change[1] <= start:
            change = next(changes, None)
        here = [number for (low, high), number in pending if low <= start < high]
        if here:
            ends = ",".join(str(n) for (_, high), n in pending if n in here and high == end)
            label = f' data-n="{ends}"' if ends else ""
            piece = f"<mark{label}>{piece}</mark>"
        if change is not None and change[0] <= start:
            piece = f"<{tag}>{piece}</{tag}>"
        parts.append(piece)
    return Markup("".join(parts))  # every piece was escaped above


BESIDE = 160
"""Characters that are shown of what did not change, before and after a change."""
START, END = re.compile(r".*\s", re.DOTALL), re.compile(r"\s.*", re.DOTALL)
"""Up to the last white space, and from the first."""


def merged(first: str, second: str, changes: Changes) -> Markup:
    """What became of a text, in one: what went as `del`, what came as `ins`, the rest shortened."""
    parts, done = [], 0
    for (start, end), (low, high) in changes.pairs:
        parts.append(_between(first[done:start], before=done > 0, after=True))
        parts += [f"<del>{escape(first[start:end])}</del>"] if start < end else []
        parts += [f"<ins>{escape(second[low:high])}</ins>"] if low < high else []
        done = end
    parts.append(_between(first[done:], before=bool(changes.pairs), after=False))
    return Markup("".join(parts))  # every piece was escaped above


def _between(text: str, *, before: bool, after: bool) -> str:
    """What two changes leave alone, or what stands before the first or after the last one."""
    if len(text) <= BESIDE * (before + after + 1):
        return str(escape(text))
    # Words are not cut through, unless they are as long as all that is shown.
    head = START.match(text[:BESIDE]) if before else None
    tail = END.search(text[-BESIDE:]) if after else None
    first, last = (one[0] if one else "" for one in (head, tail))
    left = len(text) - len(first) - len(last)
    gone = f'<span class="gap"> ⋯ {left:,} characters as before ⋯ </span>'
    return f"{escape(first)}{gone}{escape(last)}"
