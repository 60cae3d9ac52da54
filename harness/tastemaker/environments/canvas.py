"""The canvas: documents of prose and code beside a chat, edited, rewritten and commented on."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import regex
from pydantic import Field, model_validator

from tastemaker.environments.world import Arguments, Part, Refused, Setting, tool
from tastemaker.passages import NotFound, Span, locate, occurrences, shortened
from tastemaker.reading import FileModel, Id, refuse
from tastemaker.records import Comment, Version

Form = Literal["prose", "code"]

MAIN = "document"
"""The id of the document that a scenario gives under `document`."""
LONGEST = 500_000
"""Characters of a document after an edit: seven edits of "a" to ten of them make ten million."""
LONGEST_PATTERN = 2_000
"""Characters of a regular expression: there is no time limit while it is compiled."""
REGEX_SECONDS = 0.5
"""How long a pattern of a model's may search."""


class DocumentEntry(FileModel):
    """A document that stands in the canvas already."""

    id: Id = MAIN
    title: str = ""
    form: Form = "prose"
    language: str = ""
    """Of code: python, css, ..."""
    text: str


class CanvasState(FileModel):
    """What a scenario says of its canvas; the text of one document may stand under `document`."""

    title: str = ""
    form: Form = "prose"
    language: str = ""
    documents: tuple[DocumentEntry, ...] = ()
    """Several documents, instead of one `document`; the first is open."""

    @model_validator(mode="after")
    def _has_ids_of_its_own(self) -> "CanvasState":
        ids = [one.id for one in self.documents]
        if twice := [n for n, name in enumerate(ids) if name in ids[:n]]:
            where = ("documents", twice[0], "id")
            refuse((where, f"the document '{ids[twice[0]]}' stands twice"))
        return self


class NewDocument(Arguments):
    """Arguments of `create_document`."""

    title: Annotated[str, Field(description="What the document is called.")]
    content: Annotated[str, Field(description="The whole text.")]
    form: Annotated[Form, Field(description="prose or code")] = "prose"
    language: Annotated[str, Field(description="Of code: its language, such as python.")] = ""


class Edit(Arguments):
    """One replacement."""

    pattern: Annotated[
        str | None,
        Field(description="The exact text to replace; it must stand in the document once."),
    ] = None
    start: Annotated[int | None, Field(ge=0, description="Instead of a pattern: from here,")] = None
    end: Annotated[int | None, Field(ge=0, description="to here, in characters.")] = None
    replacement: Annotated[str, Field(description="What stands there afterwards.")]
    multiple: Annotated[bool, Field(description="Replace every match.")] = False
    regex: Annotated[
        bool, Field(description="The pattern is a regular expression; `\\1` stands for a group.")
    ] = False


class Edits(Arguments):
    """Arguments of `edit_document`."""

    edits: Annotated[
        list[Edit], Field(min_length=1, description="Done in order; all of them or none.")
    ]
    document: Annotated[str | None, Field(description="Its id; by default the open one.")] = None


class Rewrite(Arguments):
    """Arguments of `rewrite_document`."""

    content: Annotated[str, Field(description="The whole new text.")]
    document: Annotated[str | None, Field(description="Its id; by default the open one.")] = None


class NewComment(Arguments):
    """One comment."""

    anchor: Annotated[
        str, Field(description="The exact passage it is about; it must stand there once.")
    ]
    text: Annotated[str, Field(min_length=1, description="What you have to say about it.")]


class Comments(Arguments):
    """Arguments of `comment_on_document`."""

    comments: Annotated[
        list[NewComment], Field(min_length=1, description="One or more; all are made, or none.")
    ]
    document: Annotated[str | None, Field(description="Its id; by default the open one.")] = None


class Document:
    """One document with its history."""

    def __init__(self, entry: DocumentEntry, by: str = "") -> None:
        self.entry = entry
        self.versions = [self._version(entry.text, by)]

    def _version(self, text: str, by: str) -> Version:
        return Version(document=self.entry.id, by=by, text=text, form=self.entry.form)

    @property
    def text(self) -> str:
        """As it stands."""
        return self.versions[-1].text

    def write(self, text: str, by: str) -> str:
        """Add a version; what the tool answers."""
        self.versions.append(self._version(text, by))
        return f"{self.named} is now in version {len(self.versions)}."

    @property
    def named(self) -> str:
        """How tools speak of it."""
        return f'"{self.entry.title}" ({self.entry.id})' if self.entry.title else self.entry.id


class Canvas(Part):
    """Documents, one of them open, a passage perhaps selected."""

    State = CanvasState

    def __init__(self, state: CanvasState, setting: Setting) -> None:
        entries = list(state.documents)
        if setting.document is not None:
            one = DocumentEntry(
                title=state.title,
                form=state.form,
                language=state.language,
                text=setting.document,
            )
            entries.insert(0, one)
        self._documents = {entry.id: Document(entry) for entry in entries}
        self._order: list[Document] = list(self._documents.values())
        self._history = [document.versions[0] for document in self._order]
        self._comments: list[Comment] = []
        self._open = entries[0].id if entries else None
        self._selection = _passage(setting.selection)

    @tool()
    def create_document(self, arguments: NewDocument) -> str:
        """Open a new document in the canvas, beside the chat, for the user to read and edit."""
        _refuse_long(arguments.content)
        number = len(self._documents) + 1
        name = MAIN if MAIN not in self._documents else f"{MAIN}-{number}"
        entry = DocumentEntry(
            id=name,
            title=arguments.title,
            form=arguments.form,
            language=arguments.language,
            text=arguments.content,
        )
        self._documents[name] = Document(entry, "create_document")
        self._history.append(self._documents[name].versions[0])
        self._open = name
        return f"Created {self._documents[name].named}."

    @tool()
    def edit_document(self, arguments: Edits) -> str:
        """Replace passages of the document and leave the rest as it is."""
        document = self._document(arguments.document)
        text = document.text
        for number, edit in enumerate(arguments.edits, 1):
            try:
                text = _edited(text, edit)
                if len(text) > LONGEST:
                    raise NotFound(f"a document has at most {LONGEST} characters")
            except NotFound as wrong:
                raise Refused(f"Edit {number}: {wrong}. The document is unchanged.") from wrong
        return self._write(document, text, "edit_document")

    @tool()
    def rewrite_document(self, arguments: Rewrite) -> str:
        """Replace the whole text of the document."""
        document = self._document(arguments.document)
        _refuse_long(arguments.content)
        return self._write(document, arguments.content, "rewrite_document")

    @tool()
    def comment_on_document(self, arguments: Comments) -> str:
        """Leave comments at passages of the document and change nothing in it."""
        document = self._document(arguments.document)
        made = []
        for number, comment in enumerate(arguments.comments, 1):
            try:
                start, end = locate(document.text, comment.anchor)
            except NotFound as wrong:
                raise Refused(f"Comment {number}: {wrong}. No comment was made.") from wrong
            made.append(
                Comment(
                    document=document.entry.id,
                    start=start,
                    end=end,
                    anchor=document.text[start:end],
                    text=comment.text,
                )
            )
        self._comments += made
        return f"{len(made)} comment{'s' if len(made) > 1 else ''} made on {document.named}."

    def _document(self, name: str | None) -> Document:
        wanted = name if name is not None else self._open
        if wanted is None:
            raise Refused("No document is open.")
        if wanted not in self._documents:
            raise Refused(f"There is no document {wanted}; there is {', '.join(self._documents)}.")
        self._open = wanted
        return self._documents[wanted]

    def _write(self, document: Document, text: str, by: str) -> str:
        if text == document.text:
            raise Refused("That leaves the document as it is.")
        said = document.write(text, by)
        self._history.append(document.versions[-1])
        return said

    def shown(self) -> str:
        """The documents that are open, and what the user has selected."""
        if not self._documents:
            return "No document is open in the canvas."
        told = [_shown(document, document.entry.id == self._open) for document in self._order]
        if self._selection is not None:
            told.append(f"The user has selected:\n<selection>\n{self._selection}\n</selection>")
        return "\n\n".join(told)

    def data(self) -> Mapping[str, Any]:
        """The documents as they stand, by id, and the comments on them."""
        return {
            "documents": {
                name: {
                    "title": document.entry.title,
                    "form": document.entry.form,
                    "language": document.entry.language,
                    "text": document.text,
                    "versions": len(document.versions),
                }
                for name, document in self._documents.items()
            },
            "comments": [vars(comment) for comment in self._comments],
        }

    def versions(self) -> Sequence[Version]:
        """Every version of every document, in the order they were made."""
        return self._history

    def comments(self) -> Sequence[Comment]:
        """In the order they were made."""
        return self._comments


def _shown(document: Document, is_open: bool) -> str:
    entry = document.entry
    about = [f'"{entry.title}"'] if entry.title else []
    about += [entry.language or "code"] if entry.form == "code" else []
    where = "Open in the canvas" if is_open else "Also in the canvas"
    named = f"{where}: {entry.id}" + (f" ({', '.join(about)})" if about else "")
    return f"{named}\n<document>\n{entry.text}\n</document>"


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST:
        raise Refused(f"A document has at most {LONGEST} characters.")


def _edited(text: str, edit: Edit) -> str:
    if edit.pattern is None:
        return _spliced(text, edit)
    if edit.regex:
        return _replaced(text, edit.pattern, edit)
    spans = list(occurrences(text, edit.pattern)) if edit.pattern else []
    if not spans or (len(spans) > 1 and not edit.multiple):
        spans = [locate(text, edit.pattern)]
    if len(spans) > 1:
        return text.replace(edit.pattern, edit.replacement)
    start, end = spans[0]
    return text[:start] + edit.replacement + text[end:]


def _spliced(text: str, edit: Edit) -> str:
    if edit.start is None or edit.end is None:
        raise NotFound("give a pattern, or start and end")
    if not edit.start <= edit.end <= len(text):
        raise NotFound(f"characters {edit.start} to {edit.end} are not in it: it has {len(text)}")
    return text[: edit.start] + edit.replacement + text[edit.end :]


def _replaced(text: str, pattern: str, edit: Edit) -> str:
    if len(pattern) > LONGEST_PATTERN:
        raise NotFound(f"a pattern has at most {LONGEST_PATTERN} characters")
    try:
        compiled = regex.compile(pattern, regex.MULTILINE)
        found = sum(1 for _ in compiled.finditer(text, timeout=REGEX_SECONDS))
        if not found:
            raise NotFound(f"no match for the pattern {shortened(pattern)}")
        if found > 1 and not edit.multiple:
            raise NotFound(f"the pattern {shortened(pattern)} is ambiguous: {found} matches")
        return str(compiled.sub(edit.replacement, text, timeout=REGEX_SECONDS))
    except (regex.error, IndexError, RecursionError) as error:
        raise NotFound(f"no regular expression: {shortened(pattern)} ({error})") from error
    except TimeoutError as error:
        raise NotFound(f"the pattern {shortened(pattern)} takes too long") from error


def _passage(selection: Any) -> str | None:
    """The selected text; a scenario gives it as it stands, or as {text, occurrence}."""
    return str(selection["text"]) if isinstance(selection, Mapping) else selection


def selection_span(document: str, selection: Any) -> Span:
    """Where a selection stands in its document; NotFound when it does not."""
    if isinstance(selection, Mapping):
        return locate(document, str(selection.get("text", "")), selection.get("occurrence"))
    return locate(document, str(selection))
