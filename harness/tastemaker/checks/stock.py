"""Stock phrases: what arrives before the thought does, by the project's own graded list."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import regex  # it ships no type information
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from tastemaker.checks.arguments import SkipCode, Text, listed, nearest
from tastemaker.checks.counting import LONGEST_QUOTE, found, plural
from tastemaker.checks.length import sentence_spans, word_spans
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.checks.wording import Listed, Token, stock, stock_fingerprint, stock_index, tokens
from tastemaker.records import Finding, Reply

SECONDS = 1.0
"""For one pattern of the list on one reply."""
COST = 0.2
"""What a use beyond the limit takes from a graded value, by point of severity."""
TOLD = 4
"""How many phrases a reason gives with their why; the rest is counted."""

Place = Literal["sentence", "opening", "closing"]

# Between the words of one phrase: spaces, marks of emphasis, a comma; no end of a paragraph.
_JOINED = regex.compile(r"(?!\s*\n\s*\n)[\s*_,/‐‑-]*")
_STRAIGHT = str.maketrans("’ʼ‘“”„", "'''\"\"\"")
_OPENS, _CLOSES = "\"“„«‹'‘", "\"”“»›'’"


class Hit(NamedTuple):
    """A phrase of the list where it stands in a text."""

    listed: Listed
    start: int
    end: int

    @property
    def severity(self) -> int:
        """That of its entry."""
        return self.listed.entry.severity


@lru_cache(maxsize=64)  # several criteria look at one reply
def hits(text: str) -> tuple[Hit, ...]:
    """The phrases of the list in a text, in order; where they overlap, the first and longest.

    TimeoutError when a pattern takes too long.
    """
    words = tokens(text)
    places = _Places(text, words)
    kept: list[Hit] = []
    for hit in sorted(_every(text, words), key=lambda hit: (hit.start, -hit.end)):
        free = not kept or hit.start >= kept[-1].end
        if free and places.fits(hit) and not _is_named(text, hit):
            kept.append(hit)
    return tuple(kept)


@lru_cache(maxsize=64)  # five seeds of each arm reply to one prompt
def entries(text: str) -> frozenset[Listed]:
    """Every entry of the list that stands in a text, also inside another, wherever it counts."""
    return frozenset(hit.listed for hit in _every(text, tokens(text)))


def _every(text: str, words: Sequence[Token]) -> Iterator[Hit]:
    yield from _phrases(text, words)
    yield from _patterns(text)


def _phrases(text: str, words: Sequence[Token]) -> Iterator[Hit]:
    """Every wording that stands in the text, also those inside others."""
    index, reach = stock_index(), _reach(text, words)
    said = [token.word for token in words]
    for at, word in enumerate(said):
        for length in index.lengths.get(word, ()):
            if length <= reach[at]:
                listed_as = index.wordings.get(tuple(said[at : at + length]))
                if listed_as:
                    yield Hit(listed_as, words[at].start, words[at + length - 1].end)


def _reach(text: str, words: Sequence[Token]) -> list[int]:
    """How many words from each on stand together, with nothing but spaces between them."""
    reach = [1] * len(words)
    for at in range(len(words) - 2, -1, -1):
        if _JOINED.fullmatch(text, words[at].end, words[at + 1].start):
            reach[at] = reach[at + 1] + 1
    return reach


def _patterns(text: str) -> Iterator[Hit]:
    straight = text.translate(_STRAIGHT)
    for pattern, listed_as in stock_index().patterns:
        for match in pattern.finditer(straight, timeout=SECONDS):
            yield Hit(listed_as, *match.span())


def _is_named(text: str, hit: Hit) -> bool:
    """Whether the phrase alone stands in quotation marks: it is spoken of, and not used."""
    before, after = text[: hit.start][-1:], text[hit.end :].lstrip(".,!?…")[:1]
    return before != "" and before in _OPENS and after != "" and after in _CLOSES


class _Places:
    """Where sentences start in a text: all of them, those of its first and of its last line."""

    def __init__(self, text: str, words: Sequence[Token]) -> None:
        self._text, self._starts = text, [token.start for token in words]
        self._found: dict[Place, set[int]] | None = None

    def fits(self, hit: Hit) -> bool:
        """Whether a phrase stands where its entry counts."""
        at = hit.listed.entry.at
        if at == "anywhere":
            return True
        if self._found is None:  # few texts have a phrase that asks for it
            self._found = self._find()
        return hit.start in self._found[at]

    def _find(self) -> dict[Place, set[int]]:
        lines = list(_line_spans(self._text))
        sentences = {self._word_from(start) for start, _ in sentence_spans(self._text)}
        places: dict[Place, set[int]] = {"sentence": sentences}
        ends: dict[Place, int] = {"opening": 0, "closing": -1}
        for place, number in ends.items():
            start, end = lines[number] if lines else (0, 0)
            within = {at for at in sentences if start <= at < end}
            places[place] = within | {self._word_from(start)}
        return places

    def _word_from(self, position: int) -> int:
        after = bisect_left(self._starts, position)
        return self._starts[after] if after < len(self._starts) else -1


def _line_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the lines with text stand."""
    position = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            yield position, position + len(line)
        position += len(line)


def _known_group(name: str) -> str:
    groups = stock().groups
    if name not in groups:
        says = f"should be one of {', '.join(groups)}"
        raise PydanticCustomError("group", "{says}", {"says": says, "near": nearest(name, groups)})
    return name


def _known_phrase(phrase: str) -> str:
    if not entries(phrase):
        raise PydanticCustomError("phrase", "should be a phrase of the list")
    return phrase


Groups = Annotated[
    list[Annotated[str, AfterValidator(_known_group)]],
    BeforeValidator(listed),
    Field(min_length=1),
]
Allowed = Annotated[
    list[Annotated[Text, AfterValidator(_known_phrase)]],
    BeforeValidator(listed),
    Field(min_length=1),
]
Allow = Annotated[Allowed | None, Field(description="phrases of the list that may stand")]


def _given(reply: Reply) -> set[Listed]:
    """The entries that stand in the conversation, in words that are not the model's own."""
    others = [message.text for message in reply.messages if message.role != "assistant"]
    return _entries([reply.prompt, *others])


def _entries(texts: Collection[str] | None) -> set[Listed]:
    return {listed for text in dict.fromkeys(texts or ()) for listed in entries(text)}


@check(
    "stock_phrases",
    symptom=True,
    content=stock_fingerprint,
    example=Example(
        arguments={"severity": 2, "max": 1},
        met="I hope this helps. The gate code is 4410, and the dog is harmless.",
        unmet="I hope this email finds you well. Let's delve into the figures.",
    ),
)
def stock_phrases(
    reply: Reply,
    *,
    severity: Annotated[
        int, Field(ge=1, le=3, description="count only phrases that are at least so bad, 1 to 3")
    ] = 1,
    max: Annotated[int, Field(ge=0, description="how many uses may stand")] = 0,
    per_100_words: Annotated[
        float | None,
        Field(gt=0, description="for long texts: how many more may stand for each hundred words"),
    ] = None,
    groups: Annotated[
        Groups | None, Field(description="only these groups of the list; otherwise all")
    ] = None,
    allow: Allow = None,
    from_prompt: Annotated[
        bool, Field(description="whether those that stand in the conversation may come back")
    ] = True,
    graded: Annotated[
        bool, Field(description="whether uses beyond the limit cost 0.2 by point of severity each")
    ] = False,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply uses at most this many stock phrases; each use counts.

    The list is `rubrics/stock-phrases.yaml`: groups of phrases in English, with the most frequent
    in German, French, Spanish and Portuguese, each with its reason and a severity from 1 (a good
    word used up) to 3 (hardly written by anybody who has something to say). A phrase is found in
    its forms (`delve`, `delving`). Not blamed are phrases that the user wrote first (so a draft
    that keeps them goes free: ask with `from_prompt: false` there), and a phrase alone in quotation
    marks. Graded, three mild uses too many cost as much as one of severity 3; the mildest are those
    that may stand. It is a symptom: give it company in its principle.
    """
    text = prose(reply, skip_code)
    try:
        spared = _entries(allow) | (_given(reply) if from_prompt else set())
        seen = [hit for hit in hits(text) if hit.severity >= severity and hit.listed not in spared]
    except TimeoutError:
        return Finding(value=None, reason=f"a pattern of the list took more than {SECONDS:g} s")
    used = [hit for hit in seen if groups is None or hit.listed.group in groups]
    room = max + int((per_100_words or 0) * len(word_spans(text)) / 100)
    worst = sorted(used, key=lambda hit: -hit.severity)
    cost = COST * sum(hit.severity for hit in worst[: len(worst) - room] if len(worst) > room)
    value = round(1 - cost, 6) if cost < 1 else 0.0
    reason = f"{plural(len(used), 'stock phrase')}, at most {room}{_told(reply.text, worst)}"
    quote = reply.text[worst[0].start : worst[0].end] if worst else ""
    return Finding(
        value=value if graded else float(len(used) <= room),
        reason=reason,
        quote=quote[:LONGEST_QUOTE],
    )


def _told(text: str, worst: Sequence[Hit]) -> str:
    """The phrases, each once, with severity and why; the worst first."""
    once = {hit.listed.entry: hit for hit in reversed(worst)}
    ordered = sorted(once.values(), key=lambda hit: (-hit.severity, hit.start))
    told = [
        f"“{_plain(text[hit.start : hit.end])}” ({hit.severity}: {hit.listed.entry.why})"
        for hit in ordered[:TOLD]
    ]
    if len(ordered) > TOLD:
        told.append(f"and {len(ordered) - TOLD} more")
    return f": {'; '.join(told)}" if told else ""


def _plain(passage: str) -> str:
    """On one line, without marks of emphasis inside it."""
    return " ".join(passage.replace("*", "").replace("_", "").split())


@check(
    "formulas",
    content=stock_fingerprint,
    example=Example(
        arguments={"where": "both"},
        met="Hi Efrem,\n\nCould you bring the drill back this week?\n\nMoira",
        unmet="Sure! Here's a short email:\n\nHi Efrem, ...\n\nLet me know if you'd like changes.",
    ),
)
def formulas(
    reply: Reply,
    *,
    where: Annotated[
        Literal["both", "opening", "closing"], Field(description="which end of the reply")
    ] = "both",
    allow: Allow = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply opens and closes with what was asked for, without a formula before or after it.

    `Sure! Here's a draft:`, `Great question!`, `Let me know if you'd like ...`: the entries of
    `rubrics/stock-phrases.yaml` that count `at: opening` or `at: closing`, in English, German,
    French and Spanish. Looked for where a sentence starts in the first and in the last line.
    """
    ends = {"opening", "closing"} if where == "both" else {where}
    spared = _entries(allow)
    try:
        every = hits(prose(reply, skip_code))
    except TimeoutError:
        return Finding(value=None, reason=f"a pattern of the list took more than {SECONDS:g} s")
    said = [hit for hit in every if hit.listed.entry.at in ends and hit.listed not in spared]
    if not said:
        return found(True, "no formula at its ends" if where == "both" else f"no {where} formula")
    first = said[0]
    reason = f"{plural(len(said), 'formula')}{_told(reply.text, said)}"
    return found(False, reason, reply.text[first.start : first.end])
