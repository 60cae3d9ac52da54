"""What an arm did beside its reply: the tools it called, what was said, what became of a document.

`row` is always a row of `replies.parquet` with its JSON read.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tastemaker.report.html.texts import marked, merged, visible, word_changes

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text as it is shown."""

    text: str
    """Markup is shown as it is, anything else is escaped."""
    whole: int = 0
    """Characters that it has, where it was cut; 0 where nothing is left out."""


Cut = Callable[[str], Text]
"""Makes a text visible, and cuts it where that is wanted."""


def cutting(most: int | None) -> Cut:
    """Cut texts after so many characters; never, where it is None."""

    def cut(text: str) -> Text:
        if most is None or len(text) <= most:
            return Text(text=visible(text))
        return Text(text=visible(text[:most]), whole=len(text))

    return cut


# Tools and conversation --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a tool."""

    number: int
    name: str
    arguments: Sequence[tuple[str, Text]]
    """By name; of a call that is no object one without a name."""
    answer: Text | None
    """What the tool said; None where nothing is kept of it."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message of a conversation."""

    role: str
    text: Text
    calls: Sequence[str] = ()
    """The calls that it made, as "1 search"; of a tool's message the one that it answers."""


@dataclass
class _Made:
    """A call while its answer is looked for."""

    number: int
    call: Mapping[str, Any]
    answer: str | None = None

    @property
    def title(self) -> str:
        return f"{self.number} {self.call.get('name')}"


@dataclass
class _Told:
    """All calls of a conversation, and which of them each message made or answers."""

    made: list[_Made] = field(default_factory=list)
    by_message: list[list[_Made]] = field(default_factory=list)


def _told(messages: Sequence[Row]) -> _Told:
    """Calls with their answers: by their ids, and where there are none in the order of calls."""
    told, open_ones = _Told(), list[_Made]()
    for message in messages:
        calls = [
            _Made(len(told.made) + place, call)
            for place, call in enumerate(message.get("tool_calls") or (), 1)
        ]
        told.made += calls
        open_ones += calls
        if message.get("role") == "tool" and open_ones:
            wanted = message.get("tool_call_id")
            answered = next((o for o in open_ones if wanted and o.call.get("id") == wanted),
                            open_ones[0])  # fmt: skip
            answered.answer = str(message.get("text") or "")
            open_ones.remove(answered)
            calls = [answered]
        told.by_message.append(calls)
    return told


def calls(row: Row, cut: Cut) -> list[Call]:
    """The tools that were called, in order."""
    return [
        Call(
            number=one.number,
            name=str(one.call.get("name")),
            arguments=[(name, cut(text)) for name, text in _arguments(one.call.get("arguments"))],
            answer=None if one.answer is None else cut(one.answer),
        )
        for one in _told(row.get("messages") or ()).made
    ]


def _arguments(given: Any) -> Iterator[tuple[str, str]]:
    named = given if isinstance(given, Mapping) else {"": given}
    for name, value in named.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        yield str(name), text


def turns(row: Row, cut: Cut, *, confidential: bool) -> list[Turn]:
    """The conversation, where there was more than one question and its answer.

    What a tool answered stands beside its call and is not said again.
    """
    messages: Sequence[Row] = row.get("messages") or ()
    said = []
    for message, made in zip(messages, _told(messages).by_message, strict=True):
        role = str(message.get("role"))
        if confidential and role == "system":
            continue
        answer = role == "tool" and bool(made)
        text = "" if answer else str(message.get("text") or "")
        said.append(Turn(role=role, text=cut(text), calls=[one.title for one in made]))
    return said if sum(turn.role != "system" for turn in said) > 2 else []


# Documents ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Version:
    """A document after one change of it."""

    number: int
    by: str
    """The tool that made it; "" for what was there at the start."""
    text: Text
    """The first one whole; of every other what changed, and what stands around it."""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document of one arm, as it stands at the end, and what became of it."""

    name: str
    """Its id; "" where there is but the one that the scenario gave."""
    text: Text
    """With what the other arm's has not."""
    note: str
    """What is to be said of it and the other arm's together."""
    versions: Sequence[Version]
    """Every one against the one before; () where it never changed."""


History = Sequence[tuple[str, str]]
"""The versions of a document, oldest first: (the tool that made it, its text)."""


def documents(rows: Sequence[Row], cut: Cut) -> list[list[Document]]:
    """The documents of both arms, each held against the one of the same name, or the only one."""
    histories = [_histories(row) for row in rows]
    ends = [{name: cut(one[-1][1]) for name, one in of_arm.items()} for of_arm in histories]
    return [
        [
            _document(name, history, ends[place][name], _other(ends, place, name), place, cut)
            for name, history in of_arm.items()
        ]
        for place, of_arm in enumerate(histories)
    ]


def _histories(row: Row) -> dict[str, History]:
    """The versions of each document by its name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in row.get("versions") or ():
        listed = found.setdefault(str(one.get("document") or ""), [])
        listed.append((str(one.get("by") or ""), str(one.get("text") or "")))
    start = row.get("document")
    if not found:
        return {"": [("", start)]} if start else {}
    if len(found) == 1 and start is not None:
        (listed,) = found.values()
        if start not in [text for _, text in listed]:
            listed.insert(0, ("", start))  # kept apart from what became of it
    return dict(found)


def _other(ends: Sequence[Mapping[str, Text]], place: int, name: str) -> str | None:
    """How the other arm's document ends; None where it has none that this could be held against."""
    there = ends[1 - place]
    if name in there:
        return there[name].text
    alone = len(ends[0]) == len(ends[1]) == 1
    return next(iter(there.values())).text if alone else None


def _document(
    name: str, history: History, end: Text, other: str | None, place: int, cut: Cut
) -> Document:
    """An arm's document: what only the first arm has is `del`, what only the second has `ins`."""
    text, note = end, ""
    if other is not None:
        changes = word_changes(*((end.text, other) if place == 0 else (other, end.text)))
        spans, tag = ((changes.removed, "del"), (changes.added, "ins"))[place]
        text = replace(end, text=marked(end.text, spans, tag, ()))
        if changes.unlike:
            note = "It shares too few words with the other arm's for differences to be marked."
        elif not changes.pairs:
            note = "It is the same in both arms."
    return Document(name=name, text=text, note=note, versions=_versions(history, cut))


def _versions(history: History, cut: Cut) -> list[Version]:
    if len(history) < 2:
        return []
    (by, first), *later = history
    before = cut(first)
    found = [Version(number=1, by=by, text=before)]
    for number, (by, text) in enumerate(later, 2):
        after = cut(text)
        found.append(_changed(number, by, before, after))
        before = after
    return found


def _changed(number: int, by: str, before: Text, after: Text) -> Version:
    if before.text == after.text:
        return Version(number=number, by=by, text=Text(text=""), note="Nothing changed.")
    changes = word_changes(before.text, after.text)
    if changes.unlike:
        anew = "It shares too few words with the version before: it was written anew."
        return Version(number=number, by=by, text=after, note=anew)
    text = Text(text=merged(before.text, after.text, changes), whole=after.whole)
    return Version(number=number, by=by, text=text)
