"""The list of stock phrases as people edit it: `rubrics/stock-phrases.yaml`."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import regex  # it ships no type information
from pydantic import AfterValidator, Field, model_validator

from tastemaker.checks.arguments import LONGEST_PATTERN
from tastemaker.content import file_fingerprint, folder
from tastemaker.reading import FileModel, Id, Location, Name, Text, Whole, read, refuse

MOST_WORDINGS = 5000
"""Of one phrase; more alternatives are several phrases."""

Words = tuple[str, ...]

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’ʼ‘][\p{L}\p{M}\p{N}]+)*~?")
_PIECE = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]|([^\s()\[\]|]+)|\s+")
_DOUBLED = re.compile(r"[^aeiou][aeiou][bdgklmnprt]$")


class Token(NamedTuple):
    """One word of a text."""

    word: str
    """As it is compared: lower case, accents composed, straight apostrophes."""
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of a text; a hyphen ends one, an apostrophe between letters does not."""
    return [Token(_plain(match[0].rstrip("~")), *match.span()) for match in _WORD.finditer(text)]


def _plain(word: str) -> str:
    plain = unicodedata.normalize("NFC", word).casefold()
    return re.sub("[’ʼ‘]", "'", plain)


@lru_cache(maxsize=2048)
def wordings(phrase: str) -> tuple[Words, ...]:
    """Every way in which a phrase may be written, in words.

    `(a|b c)` is one of these, `[a|b]` one of these or nothing, `delve~` any form of the word.
    ValueError says what is wrong.
    """
    choices, position = [], 0
    while position < len(phrase):
        piece = _PIECE.match(phrase, position)
        if piece is None:
            raise ValueError(f"a bracket that is not closed, or one inside another: '{phrase}'")
        one_of, perhaps, plain = piece.groups()
        if any(part is not None for part in piece.groups()):
            written = (one_of or perhaps or plain or "").split("|")
            options = [words for part in written for words in _forms_of(part)]
            choices.append([*options, ()] if perhaps is not None else options)
        position = piece.end()
    count = 1
    for options in choices:
        count *= len(options)
    if count > MOST_WORDINGS:
        raise ValueError(f"{count} ways to write it, at most {MOST_WORDINGS}: make it several")
    found = [tuple(chain.from_iterable(chosen)) for chosen in product(*choices)]
    if () in found:
        raise ValueError("nothing in it must be there")
    return tuple(dict.fromkeys(found))


def _forms_of(part: str) -> list[Words]:
    """The wordings of one alternative; of words marked `~`, in every form."""
    words = [match[0] for match in _WORD.finditer(part)]
    if not words:
        raise ValueError(f"an alternative without a word: '{part}'")
    spelled = [forms(_plain(w[:-1])) if w.endswith("~") else [_plain(w)] for w in words]
    return list(product(*spelled))


def forms(word: str) -> list[str]:
    """The regular forms of an English word: `delve`, `delves`, `delved`, `delving`."""
    stems = [word]
    if word.endswith("e"):
        plural, stems = f"{word}s", [word[:-1]]
    elif re.search(r"[^aeiou]y$", word):
        plural = f"{word[:-1]}ies"
        return [word, plural, f"{word[:-1]}ied", f"{word}ing"]
    else:
        plural = f"{word}es" if re.search(r"(?:[sxz]|[cs]h)$", word) else f"{word}s"
    if _DOUBLED.search(word):
        stems.append(word + word[-1])
    return [word, plural, *(stem + ending for stem in stems for ending in ("ed", "ing"))]


At = Literal["anywhere", "sentence", "opening", "closing"]


def _is_phrase(phrase: str) -> str:
    try:
        wordings(phrase)
    except ValueError as wrong:
        refuse(((), str(wrong)))
    return phrase


def _is_pattern(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError) as wrong:
        refuse(((), f"no regular expression: {wrong}"))
    return pattern


class Entry(FileModel):
    """One phrase, why it is a stock phrase, and how much it says where it stands."""

    phrase: Annotated[Text, AfterValidator(_is_phrase)] | None = None
    """Words, with `(a|b)` for one of these, `[a|b]` for one of these or nothing, `word~` for any
    form of the word."""
    pattern: (
        Annotated[Text, Field(max_length=LONGEST_PATTERN), AfterValidator(_is_pattern)] | None
    ) = None
    """A regular expression, where words are not enough; quotes are straight, case is ignored."""
    why: Annotated[Text, Field(max_length=120)]
    """What it does to a reader, in a few words."""
    severity: Annotated[Whole, Field(ge=1, le=3)]
    """1 a good word used up, 2 worn, 3 hardly written by anybody who has something to say."""
    fine: Text | None = None
    """Where it may stand."""
    at: At = "anywhere"
    """Where it counts: anywhere, at the start of a sentence, or there in the first or last line."""

    @model_validator(mode="after")
    def _is_one(self) -> "Entry":
        if (self.phrase is None) == (self.pattern is None):
            refuse(((), "expected one `phrase` or one `pattern`"))
        return self

    @property
    def told(self) -> str:
        """Its phrase or pattern, as it is written."""
        return self.phrase or self.pattern or ""


class Group(FileModel):
    """Phrases of one kind."""

    about: Text
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]


class PhraseList(FileModel):
    """A list of stock phrases: `rubrics/stock-phrases.yaml`."""

    phrases: Name
    version: Annotated[Whole, Field(ge=1)] = 1
    about: str = ""
    groups: dict[Id, Group] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> "PhraseList":
        seen: dict[Words, str] = {}
        problems: list[tuple[Location, str]] = []
        for name, number, entry in self._entries():
            for words in wordings(entry.phrase) if entry.phrase else ():
                if words in seen:
                    text = f"'{' '.join(words)}' stands in {seen[words]} already"
                    problems.append((("groups", name, "entries", number), text))
                    break
            else:
                place = f"{name}, '{entry.told}'"
                seen |= dict.fromkeys(wordings(entry.phrase) if entry.phrase else (), place)
        if problems:
            refuse(*problems)
        return self

    def _entries(self) -> Iterator[tuple[str, int, Entry]]:
        for name, group in self.groups.items():
            for number, entry in enumerate(group.entries):
                yield name, number, entry


class Listed(NamedTuple):
    """An entry with its group: what a finding names."""

    group: str
    entry: Entry


class Index(NamedTuple):
    """The list made ready to find its phrases in a text."""

    wordings: dict[Words, Listed]
    lengths: dict[str, list[int]]
    """By first word, how many words the phrases have that begin with it; the longest first."""
    patterns: list[tuple["regex.Pattern[str]", Listed]]


def indexed(phrases: PhraseList) -> Index:
    """A list made ready to be searched for."""
    index = Index({}, {}, [])
    for name, _, entry in phrases._entries():
        listed = Listed(name, entry)
        for pattern in _spelled(entry.pattern or ""):
            index.patterns.append((regex.compile(pattern, regex.IGNORECASE), listed))
        for words in wordings(entry.phrase) if entry.phrase else ():
            index.wordings[words] = listed
            lengths = index.lengths.setdefault(words[0], [])
            if len(words) not in lengths:
                lengths.append(len(words))
    for lengths in index.lengths.values():
        lengths.sort(reverse=True)
    return index


def _spelled(pattern: str) -> set[str]:
    """An accented letter of a text may be one character or two; none without a pattern."""
    return {unicodedata.normalize(form, pattern) for form in ("NFC", "NFD")} - {""}


def stock_file() -> Path:
    """Where the project's own list stands."""
    return folder("rubrics") / "stock-phrases.yaml"


@cache
def stock() -> PhraseList:
    """The project's own list; UserError when the file is not valid."""
    return read(stock_file(), PhraseList)


@cache
def stock_fingerprint() -> str:
    """The hash of the list: with another list, replies have other scores."""
    return file_fingerprint(stock_file())


@cache
def stock_index() -> Index:
    """The project's own list, made ready."""
    return indexed(stock())
