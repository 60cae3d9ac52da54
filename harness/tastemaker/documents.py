"""Documents to be graded: Markdown, text, JSON Lines, Word and PDF files, and folders of them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tastemaker.errors import UserError
from tastemaker.reading import shown, without_duplicates

TEXTS = (".md", ".markdown", ".txt", ".text")
KINDS = (*TEXTS, ".jsonl", ".docx", ".pdf")
TEXT_KEYS = ("reply", "text", "document")
"""The keys of a line of JSON Lines that may hold its text, the first that is there."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One text to be graded."""

    name: str
    """The path as people know it; of JSON Lines, with the line's `id`, or its number."""
    text: str
    prompt: str = ""
    """What it answers, where that is known."""
    reference: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)


def read_documents(paths: Sequence[Path]) -> list[Document]:
    """The documents at paths, those of a folder in the order of their names.

    Files of other kinds in a folder are passed over. UserError for a file that is not there, is of
    another kind or cannot be read, with the line where a line is wrong, and when there is none.
    """
    documents = [one for path in paths for file in _files(path) for one in _read(file)]
    if not documents:
        raise UserError(f"no documents in {', '.join(map(shown, paths))}: {_kinds()}")
    return documents


def _kinds() -> str:
    return f"expected {', '.join(KINDS[:-1])} or {KINDS[-1]} files"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in KINDS)
        return [file for file in files if file.is_file()]
    if not path.is_file():
        raise UserError(f"{shown(path)}: no such file or folder")
    if path.suffix.lower() not in KINDS:
        raise UserError(f"{shown(path)}: {_kinds()}")
    return [path]


def _read(path: Path) -> Iterable[Document]:
    match path.suffix.lower():
        case ".jsonl":
            return _lines(path)
        case ".docx":
            return [Document(name=shown(path), text=_word(path))]
        case ".pdf":
            return [Document(name=shown(path), text=_pdf(path))]
        case _:
            return [Document(name=shown(path), text=_text(path))]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{shown(path)}: not UTF-8, at byte {error.start}") from error


def _lines(path: Path) -> Iterator[Document]:
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if line.strip():
            yield _line(line, f"{shown(path)}:{number}")


def _line(line: str, where: str) -> Document:
    try:
        row = json.loads(line, object_pairs_hook=without_duplicates)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: no JSON: {getattr(error, 'msg', error)}") from error
    key = next((key for key in TEXT_KEYS if key in row), None) if isinstance(row, dict) else None
    if key is None:
        raise UserError(f"{where}: expected an object with one of {', '.join(TEXT_KEYS)}")
    texts = {name: row.get(name) for name in (key, "prompt", "reference", "id")}
    if wrong := [name for name, text in texts.items() if not isinstance(text, str | None)]:
        raise UserError(f"{where}: '{wrong[0]}' is no text")
    if wrong := [name for name in ("labels", "expect") if not isinstance(row.get(name, {}), dict)]:
        raise UserError(f"{where}: '{wrong[0]}' is no object")
    return Document(
        name=f"{where.rpartition(':')[0]}:{row['id']}" if row.get("id") else where,
        text=row[key] or "",
        prompt=row.get("prompt") or "",
        reference=row.get("reference"),
        labels={str(label): str(value) for label, value in row.get("labels", {}).items()},
        expect=row.get("expect", {}),
    )


def _word(path: Path) -> str:
    """The paragraphs and tables of a Word file in their order; a row's cells parted by tabs."""
    try:
        import docx
        from docx.opc.exceptions import PackageNotFoundError
        from docx.table import Table
    except ImportError as error:
        raise _missing(path) from error
    try:
        content = docx.Document(str(path))
    except (PackageNotFoundError, KeyError, ValueError) as error:
        raise UserError(f"{shown(path)}: cannot be read as a Word file: {error}") from error
    parts: list[str] = []
    for block in content.iter_inner_content():
        if isinstance(block, Table):
            parts += ["\t".join(cell.text for cell in row.cells) for row in block.rows]
        else:
            parts.append(block.text)
    return "\n\n".join(part for part in parts if part.strip())


def _pdf(path: Path) -> str:
    """The text of a PDF file, page by page; UserError when it holds none, as scanned pages do."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise _missing(path) from error
    try:
        text = "\n\n".join(page.extract_text() for page in PdfReader(path).pages)
    except PyPdfError as error:
        raise UserError(f"{shown(path)}: cannot be read as a PDF file: {error}") from error
    if not text.strip():
        raise UserError(f"{shown(path)}: holds no text; scanned pages need a text layer first")
    return text


def _missing(path: Path) -> UserError:
    return UserError(f"{shown(path)}: needs a reader: pip install 'tastemaker[documents]'")
