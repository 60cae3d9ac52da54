"""A judge's answer, read strictly: what cannot be read is not a low score."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tastemaker.records import Finding

Answers = Mapping[str, float | None]
YES_OR_NO: Answers = {"MET": 1.0, "UNMET": 0.0, "CANNOT_ASSESS": None}
FENCED = re.compile(r"\A\s*```(?:json)?[ \t]*\n(.*)\n\s*```\s*\Z", re.DOTALL)
OPENED = re.compile(r"\A\s*(?:```(?:json)?[ \t]*\n\s*)?\{")
"""How an object begins that may be cut off before its end, and before the end of its fence."""
LEFT_OUT = re.compile(r"\[?(?:\.\.\.|…)\]?")
"""Where a quote leaves something out."""
NOT_FOUND = "quote not found"
"""The reason of a finding whose quote does not stand in what the judge was shown."""


def read_grades(
    text: str, asked: Mapping[str, Answers], shown: str, *, cut_off: bool = False
) -> dict[str, Finding]:
    """The findings that can be read in `text`, by criterion id; the others are absent.

    The whole text must be one JSON object, or one fenced block that holds it. There is no
    searching for words: "definitely not MET" is unreadable, not met.

    Args:
        text: What the judge said.
        asked: The criteria it was asked about with the answers each may have; other keys in the
            text are ignored.
        shown: What the judge was shown; a quote that does not occur there is flagged.
        cut_off: Whether the provider says that the text stops short of its end; then the members
            that are there whole are read.
    """
    answers = _whole(text)
    if answers is None and cut_off:
        answers = _whole_members(text)
    if not isinstance(answers, dict):
        return {}
    place = _Squeezed(shown)
    readable = {
        key: _finding(answers[key], allowed, place)
        for key, allowed in asked.items()
        if key in answers
    }
    return {key: finding for key, finding in readable.items() if finding}


class _RepeatedKey(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice says two things: neither is taken."""
    answers = dict(pairs)
    if len(answers) < len(pairs):
        raise _RepeatedKey
    return answers


def _whole(text: str) -> Any:
    """The one JSON value that the text is; None when it is not one."""
    fenced = FENCED.match(text)
    try:
        return json.loads(fenced[1] if fenced else text, object_pairs_hook=_once)
    except (json.JSONDecodeError, _RepeatedKey, RecursionError):
        return None


def _whole_members(text: str) -> dict[str, Any] | None:
    """The members of an object that stand whole before the point where it was cut off.

    None when it is no object, or when one of its keys stands twice.
    """
    opened = OPENED.match(text)
    if opened is None:
        return None
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    pairs: list[tuple[str, Any]] = []
    rest = text[opened.end() :].lstrip()
    try:
        while rest:
            key, end = decoder.raw_decode(rest)
            rest = rest[end:].lstrip()
            if not isinstance(key, str) or not rest.startswith(":"):
                break
            value, end = decoder.raw_decode(rest[1:].lstrip())
            rest = rest[1:].lstrip()[end:].lstrip()
            pairs.append((key, value))
            if not rest.startswith(","):
                break
            rest = rest[1:].lstrip()
    except json.JSONDecodeError:
        pass  # the member that the cut went through
    except (_RepeatedKey, RecursionError):
        return None
    try:
        return _once(pairs)
    except _RepeatedKey:
        return None


def _finding(given: Any, allowed: Answers, shown: "_Squeezed") -> Finding | None:
    if not isinstance(given, Mapping):
        return None
    answer, quote = given.get("answer"), given.get("quote")
    if not isinstance(answer, str) or answer not in allowed:
        return None
    value = allowed[answer]
    quote = quote if isinstance(quote, str) and quote.strip().lower() not in ("", "none") else ""
    if value is None:
        return Finding(value=None, reason="cannot_assess", quote=quote)
    return Finding(value=value, reason="" if shown.has(quote) else NOT_FOUND, quote=quote)


class _Squeezed:
    """What the judge was shown, squeezed at most once: replies may be long and criteria many."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.squeezed: str | None = None

    def has(self, quote: str) -> bool:
        """Whether the parts of a quote stand there, in their order."""
        if quote in self.shown:
            return True
        if self.squeezed is None:
            self.squeezed = _squeeze(self.shown)
        place = 0
        for part in LEFT_OUT.split(quote):
            squeezed = _squeeze(part)
            found = self.squeezed.find(squeezed, place)
            if found < 0:
                return _squeeze(quote) in self.squeezed
            place = found + len(squeezed)
        return True


def _squeeze(text: str) -> str:
    """Judges copy words, not white space or the curl of a quotation mark."""
    straight = text.translate(str.maketrans("‘’“”", "''\"\""))
    return " ".join(straight.split()).casefold()
