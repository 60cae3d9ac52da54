"""A judge's answer, read strictly: what cannot be read is not a low score."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tastemaker.records import Finding

Answers = Mapping[str, float | None]
YES_OR_NO: Answers = {"MET": 1.0, "UNMET": 0.0, "CANNOT_ASSESS": None}
FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)


def read_grades(text: str, asked: Mapping[str, Answers], shown: str) -> dict[str, Finding]:
    """The findings that can be read in `text`, by criterion id; the others are absent.

    The whole text must be one JSON object, or one fenced block that holds it. There is no
    searching for words: "definitely not MET" is unreadable, not met.

    Args:
        text: What the judge said.
        asked: The criteria it was asked about with the answers each may have; other keys in the
            text are ignored.
        shown: What the judge was shown; a quote that does not occur there is flagged.
    """
    fenced = FENCED.match(text)
    try:
        answers = json.loads(fenced[1] if fenced else text, object_pairs_hook=_once)
    except (json.JSONDecodeError, _RepeatedKey, RecursionError):
        return {}
    if not isinstance(answers, dict):
        return {}
    readable = {
        key: _finding(answers[key], allowed, shown)
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


def _finding(given: Any, allowed: Answers, shown: str) -> Finding | None:
    if not isinstance(given, Mapping):
        return None
    answer, quote = given.get("answer"), given.get("quote")
    if not isinstance(answer, str) or answer not in allowed:
        return None
    value = allowed[answer]
    quote = quote if isinstance(quote, str) and quote.strip().lower() not in ("", "none") else ""
    if value is None:
        return Finding(value=None, reason="cannot_assess", quote=quote)
    reason = "" if not quote or _squeezed(quote) in _squeezed(shown) else "quote not found"
    return Finding(value=value, reason=reason, quote=quote)


def _squeezed(text: str) -> str:
    """Judges copy words, not white space or the curl of a quotation mark."""
    straight = text.translate(str.maketrans("‘’“”", "''\"\""))
    return " ".join(straight.split()).casefold()
