"""What became of a document: what was changed, how much of it, and where comments point."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args
from xml.etree import ElementTree

import yaml
from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import Share, Text, Texts, either, listed
from tastemaker.checks.counting import found, plural
from tastemaker.checks.registry import Example, check
from tastemaker.checks.running import run_tests
from tastemaker.passages import Change, NotFound, Span, changes, kept_share, locate, shortened
from tastemaker.records import Comment, Finding, Reply, Version, Work

Kind = Literal["none", "comment", "edit", "rewrite", "create"]
Kinds = Annotated[list[Kind], BeforeValidator(listed), Field(min_length=1)]


def _span_shape(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Passage = Annotated[dict[str, Any], BeforeValidator(_span_shape)]
Passages = Annotated[
    list[Passage],
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    Field(
        min_length=1,
        description="passages of the document as it was: their words, or "
        "`{text, occurrence}`; `{after: words}` and `{before: words}` are places to insert at, "
        "`{end: true}` its end",
    ),
]
DocumentName = Annotated[
    Text | None, Field(description="its id; left out: the first that the scenario gave")
]


def _example(after: str, **fields: Any) -> Reply:
    """A reply that left a document so, for examples."""
    before = "Dear Mr Osei,\nthe meeting is on Tuesday at 9.\nBest, Ruth"
    versions = (
        Version(document="document", text=before),
        Version(document="document", by="edit_document", text=after),
    )
    return Reply(text="Done.", work=Work(versions=versions), **fields)


MOVED = _example("Dear Mr Osei,\nthe meeting is on Thursday at 9.\nBest, Ruth")
REWORDED = _example("Hello Mr Osei,\nwe will meet on Thursday at 9.\nKind regards, Ruth")


@check(
    "edit_span",
    deeds=True,
    example=Example(
        arguments={"spans": "the meeting is on Tuesday at 9."}, met=MOVED, unmet=REWORDED
    ),
)
def edit_span(
    reply: Reply,
    *,
    spans: Passages,
    precision: Annotated[
        Share, Field(description="at least this share of what changed lies in the passages")
    ] = 0.9,
    recall: Annotated[
        Share, Field(description="at least this share of the passages was replaced")
    ] = 0.0,
    document: DocumentName = None,
) -> Finding:
    """The edit changed what it was asked to change: something in each passage, and little else.

    Compared are the document as it was and as it is now, word by word, in characters; how it came
    about does not matter. Text put in counts where it was put. Line ends (CRLF or LF), Unicode
    forms, and spaces and line ends around the whole are no difference.
    """
    compared = _compared(reply.work, document, spans)
    if isinstance(compared, str):
        return Finding(value=None, reason=compared)
    text, made, wanted = compared
    if not made:
        return found(False, "nothing was changed")
    untouched = [span for span in wanted if not any(_touches(one, span) for one in made)]
    if untouched:
        start, end = untouched[0]
        return found(False, "a passage was left as it is", text[start:end])
    inside = sum(_inside(one, wanted) for one in made)
    hit = inside / sum(one.size for one in made)
    covered = _covered(made, wanted)
    reason = f"precision {hit:.2f}, recall {covered:.2f}"
    return found(hit >= precision and covered >= recall, reason)


@check(
    "collateral",
    deeds=True,
    example=Example(
        arguments={"spans": "the meeting is on Tuesday at 9."}, met=MOVED, unmet=REWORDED
    ),
)
def collateral(
    reply: Reply,
    *,
    spans: Passages,
    max: Annotated[Share, Field(description="at most this share of the rest changed")] = 0.02,
    document: DocumentName = None,
) -> Finding:
    """What lies outside the passages was left as it is.

    The share is of the characters outside them, as the document was. A document that nobody
    changed has no collateral change: ask for the change itself by `edit_span`.
    """
    compared = _compared(reply.work, document, spans)
    if isinstance(compared, str):
        return Finding(value=None, reason=compared)
    text, made, wanted = compared
    outside = len(text) - sum(end - start for start, end in wanted)
    changed = sum(one.size - _inside(one, wanted) for one in made)
    share = min(changed / outside, 1.0) if outside > 0 else 0.0
    worst = min(made, key=lambda one: _inside(one, wanted) - one.size, default=None)
    quote = text[worst.start : worst.end] or worst.added if worst and share > max else ""
    return found(share <= max, f"{share:.1%} of the rest changed", quote)


@check(
    "edit_kind",
    chooses=get_args(Kind),
    deeds=True,
    example=Example(arguments={"should": "edit"}, met=MOVED, unmet=REWORDED),
)
def edit_kind(
    reply: Reply,
    *,
    should: Annotated[
        Kinds,
        Field(description="what was called for; of several any will do, and the first is best"),
    ],
    rewrite_from: Annotated[
        Share, Field(description="from this share of the document replaced it is a rewrite")
    ] = 0.5,
    document: DocumentName = None,
) -> Finding:
    """The model did to the document what was called for: nothing, comment, edit, or rewrite it.

    By what actually changed, not by the tool: a rewrite that leaves all but a word as it was is an
    edit. `create` is a new document beside it (or the first one). An edit with comments is an edit.
    The choice is told (should, did).
    """
    did = _kind(reply.work, document, rewrite_from)
    right = did in should
    best = should[0]
    return Finding(value=float(right), reason=did, should=best, did=best if right else did)


def _kind(work: Work, document: str | None, rewrite_from: float) -> Kind:
    before, after = _first(work, document), _last(work, document)
    if before is not None and after is not None and before.by == "":
        was, now = _seen(before.text), _seen(after.text)
        if was != now:
            return "rewrite" if 1 - kept_share(was, now) >= rewrite_from else "edit"
    if any(version.by == "create_document" for version in work.versions):
        return "create"
    return "comment" if work.comments else "none"


@check(
    "document",
    deeds=True,
    rules=[either("exact", "contains", "lacks", "min_words", "parses", "tests")],
    example=Example(
        arguments={"contains": "Thursday", "lacks": "Tuesday"}, met=MOVED, unmet=_example("")
    ),
)
def document(
    reply: Reply,
    *,
    exact: Annotated[
        Text | None, Field(description="the whole text; spaces and line ends at its ends aside")
    ] = None,
    contains: Annotated[Texts | None, Field(description="all of these stand in it")] = None,
    lacks: Annotated[
        list[Text] | None, BeforeValidator(listed), Field(description="none of these does")
    ] = None,
    min_words: Annotated[
        int | None, Field(ge=1, description="it is no shorter: a stub is no document")
    ] = None,
    parses: Annotated[
        Literal["json", "yaml", "xml", "python"] | None, Field(description="it is well-formed")
    ] = None,
    tests: Annotated[
        Text | None,
        Field(description="Python that runs after the document's own, and asserts what must hold"),
    ] = None,
    document: Annotated[
        Text | None, Field(description="its id; left out: the one that was last worked on")
    ] = None,
) -> Finding:
    """The document, as it stands at the end, is what it should be.

    `contains` and `lacks` look at words as they are written, whatever their case. `tests` runs
    the document as a Python program, and then the tests, in a process of their own: 5 seconds,
    256 MB, no files, no network, no other programs. That keeps accidents in; it is no prison
    for code that was written to break out.
    """
    last = _last(reply.work, document) if document else _latest(reply.work)
    if last is None:
        return found(False, "there is no document")
    text, said = last.text, _seen(last.text).casefold()
    if exact is not None and (made := changes(_seen(exact), _seen(text))):
        return found(False, "differs", made[0].added)
    missing = [one for one in contains or () if _seen(one).casefold() not in said]
    if missing:
        return found(False, f'does not contain "{shortened(missing[0])}"')
    there = [one for one in lacks or () if _seen(one).casefold() in said]
    if there:
        return found(False, f'contains "{shortened(there[0])}"')
    words = len(text.split())
    if min_words is not None and words < min_words:
        return found(False, plural(words, "word"))
    if parses and (wrong := _malformed(text, parses)):
        return found(False, f"is no {parses}: {shortened(wrong, 120)}")
    if tests and (wrong := run_tests(text, tests)):
        return found(False, f"fails its tests: {shortened(wrong, 120)}")
    return found(True, "as asked")


def _malformed(text: str, language: str) -> str:
    """Why a text is not in a language; "" when it is."""
    try:
        match language:
            case "json":
                json.loads(text)
            case "yaml":
                _read_yaml(text)
            case "xml":
                if "<!DOCTYPE" in text or "<!ENTITY" in text:
                    return "it declares entities"
                ElementTree.fromstring(text)
            case _:
                compile(text, "document", "exec", dont_inherit=True)
    except (ValueError, SyntaxError, RecursionError, MemoryError, yaml.YAMLError) as error:
        return str(error) or type(error).__name__
    return ""


def _read_yaml(text: str) -> None:
    try:
        yaml.safe_load(text)
    except (AttributeError, KeyError) as error:  # PyYAML's own, of `!!bool x`, `!!timestamp x`
        raise ValueError("a value that is not of its tag") from error


COMMENTED = Reply(
    text="I left a comment.",
    work=Work(
        versions=(Version(document="document", text="We sold 40 tickets. Everybody was happy."),),
        comments=(
            Comment(document="document", start=20, end=40, anchor="Everybody was happy.", text="?"),
        ),
    ),
)


@check(
    "comment_anchor",
    deeds=True,
    example=Example(
        arguments={"anchors": "Everybody was happy."},
        met=COMMENTED,
        unmet=Reply(text="Who is everybody?", work=Work(versions=COMMENTED.work.versions)),
    ),
)
def comment_anchor(
    reply: Reply,
    *,
    anchors: Passages,
    recall: Annotated[
        Share, Field(description="at least this share of the passages has a comment")
    ] = 1.0,
    precision: Annotated[
        Share, Field(description="at least this share of the comments is on the passages")
    ] = 0.5,
    tight: Annotated[
        float | None,
        Field(ge=1, description="a comment counts if its passage is at most so many times as long"),
    ] = 5.0,
    document: DocumentName = None,
) -> Finding:
    """Comments point at the passages that are meant.

    A comment is on a passage when they overlap, and it does not hang on a stretch many times as
    long: a comment on everything points at nothing.
    """
    before = _first(reply.work, document)
    if before is None:
        return Finding(value=None, reason="there is no document")
    text = _seen(before.text)
    wanted = _places(text, anchors)
    if isinstance(wanted, str):
        return Finding(value=None, reason=wanted)
    made = [one for one in reply.work.comments if one.document == before.document]
    if not made:
        return found(False, "there is no comment")
    places = [_place_of(one, before.text, text) for one in made]
    met = [any(_on(one, span, tight) for one in places) for span in wanted]
    on = [any(_on(one, span, tight) for span in wanted) for one in places]
    reason = f"{sum(met)} of {len(met)} passages have a comment, {sum(on)} of {len(on)} point there"
    enough = sum(met) / len(met) >= recall and sum(on) / len(on) >= precision
    missed = [text[slice(*span)] for span, is_met in zip(wanted, met, strict=True) if not is_met]
    return found(enough, reason, missed[0] if missed and not enough else "")


def _place_of(comment: Comment, before: str, text: str) -> Span | None:
    """Where a comment stands in the document as it was; None when its words do not stand there.

    The document may have been changed before the comment was made: then its words are looked for.
    """
    anchor = _seen(comment.anchor)
    if before[comment.start : comment.end] == comment.anchor:
        start = len(_seen(before[: comment.start] + "|")) - 1
        return start, start + len(anchor)
    found_at = text.find(anchor)
    return (found_at, found_at + len(anchor)) if anchor and found_at >= 0 else None


def _on(comment: Span | None, passage: Span, tight: float | None) -> bool:
    if comment is None:
        return False
    (start, end), (first, last) = comment, passage
    meets = start <= first <= end if first == last else max(start, first) < min(end, last)
    return meets and (tight is None or end - start <= tight * max(last - first, SHORTEST))


SHORTEST = 20
"""Characters; a shorter passage counts as long as this when it is asked how tight a comment is."""


@check(
    "comment_says",
    deeds=True,
    example=Example(
        arguments={"words": ["who", "everybody"]},
        met=Reply(
            text="I left a comment.",
            work=Work(
                versions=COMMENTED.work.versions,
                comments=(replace(COMMENTED.work.comments[0], text="Who is everybody?"),),
            ),
        ),
        unmet=COMMENTED,
    ),
)
def comment_says(
    reply: Reply,
    *,
    words: Annotated[Texts, Field(description="one of these stands in a comment")],
) -> Finding:
    """Some comment on a document says one of these words.

    As they are written, whatever their case; the passage that a comment hangs on is not what it
    says. `?` asks for a question.
    """
    for comment in reply.work.comments:
        said = _seen(comment.text).casefold()
        if any(_seen(word).casefold() in said for word in words):
            return found(True, "says so")
    return found(False, "no comment says so" if reply.work.comments else "there is no comment")


# Documents, passages and changes ------------------------------------------------------------------


def _first(work: Work, document: str | None) -> Version | None:
    """A document as it was at first."""
    named = (one for one in work.versions if document in (None, one.document))
    return next(named, None)


def _last(work: Work, document: str | None) -> Version | None:
    """The same document as it stands at the end."""
    first = _first(work, document)
    if first is None:
        return None
    return next(one for one in reversed(work.versions) if one.document == first.document)


def _seen(text: str) -> str:
    """As a reader sees it: one kind of line end, letters in one form, nothing around the whole."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines).strip()


def _compared(
    work: Work, document: str | None, passages: Sequence[Mapping[str, Any]]
) -> tuple[str, list[Change], list[Span]] | str:
    """The document as it was, what was changed in it, and where the passages stand; or why not."""
    before, after = _first(work, document), _last(work, document)
    if before is None or after is None:
        return "there is no document"
    text = _seen(before.text)
    wanted = _places(text, passages)
    if isinstance(wanted, str):
        return wanted
    made = changes(text, _seen(after.text))
    return text, [_settled(text, one, wanted) for one in made], wanted


def _latest(work: Work) -> Version | None:
    """The document that was last worked on."""
    return work.versions[-1] if work.versions else None


def _places(text: str, passages: Sequence[Mapping[str, Any]]) -> list[Span] | str:
    """Where the passages stand, apart from each other; or what is wrong with one."""
    try:
        spans = sorted(_place(text, passage) for passage in passages)
    except NotFound as wrong:
        return f"the scenario names a passage that is not clear: {wrong}"
    merged: list[Span] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _place(text: str, passage: Mapping[str, Any]) -> Span:
    known = {"text", "occurrence", "after", "before", "end"}
    if not set(passage) <= known or not passage:
        raise NotFound(f"say {', '.join(sorted(known))}, not {', '.join(map(str, passage))}")
    which = passage.get("occurrence")
    if passage.get("end"):
        return len(text), len(text)
    if "after" in passage:
        _, end = locate(text, _seen(str(passage["after"])), which)
        return end, end
    if "before" in passage:
        start, _ = locate(text, _seen(str(passage["before"])), which)
        return start, start
    return locate(text, _seen(str(passage["text"])), which)


SLACK = 2
"""Characters around a passage that belong to it: the space or line end beside it."""


def _settled(text: str, change: Change, spans: Sequence[Span]) -> Change:
    """The same change told as of the place where most of it lies in the passages.

    Where a line of a list was put in or taken out, it can be told in several ways: "- salt" and
    the line end after it, or the line end before it and "- salt".
    """
    return max(
        _tellings(text, change), key=lambda one: (_inside(one, spans), _covered([one], spans))
    )


def _tellings(text: str, change: Change) -> Iterator[Change]:
    """A change in every way in which it can be told: what was only put in or taken out can move."""
    yield change
    start, end, added = change
    moved = added or text[start:end]
    if added and start != end:
        return
    for n in range(1, min(len(moved), start) + 1):
        if text[start - n] != moved[-n]:
            break
        yield Change(start - n, end - n, added and moved[-n:] + moved[:-n])
    for n in range(1, min(len(moved), len(text) - end) + 1):
        if text[end + n - 1] != moved[n - 1]:
            break
        yield Change(start + n, end + n, added and moved[n:] + moved[:n])


def _touches(change: Change, span: Span) -> bool:
    start, end = span[0] - SLACK, span[1] + SLACK
    return change.start <= end and change.end >= start


def _inside(change: Change, spans: Iterable[Span]) -> float:
    """Of the size of a change, what lies in the passages."""
    return _share(change, [(start - SLACK, end + SLACK) for start, end in spans]) * change.size


def _share(change: Change, spans: Sequence[Span]) -> float:
    if change.start == change.end:
        return float(any(start <= change.start <= end for start, end in spans))
    length, reached, covered = change.end - change.start, change.start, 0
    for start, end in spans:
        start, end = max(start, reached), min(end, change.end)
        covered, reached = covered + max(end - start, 0), max(reached, end)
    return covered / length


def _covered(made: Iterable[Change], spans: Sequence[Span]) -> float:
    """Of the characters of the passages, the share that was replaced; 1 for places to insert at."""
    length = sum(end - start for start, end in spans)
    if not length:
        return 1.0
    hit = sum(
        max(min(end, one.end) - max(start, one.start), 0) for one in made for start, end in spans
    )
    return hit / length
