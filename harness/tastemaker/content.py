"""Find content: the built-in folders, the user's project, and what a reference points to."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from pydantic import BaseModel

from tastemaker.errors import UserError
from tastemaker.reading import NAME, PATTERNS, Source, did_you_mean, file_near, find, parse, shown

PACKAGE = Path(__file__).resolve().parent
ROOT_MARKS = ("tastemaker.toml", "pyproject.toml", ".git")

Folder = Literal["rubrics", "datasets", "evals", "reports"]
Kind = Literal["rubric", "dataset", "experiment"]

FOLDERS: Mapping[Kind, tuple[Folder, str]] = {
    "rubric": ("rubrics", ""),
    "dataset": ("datasets", ""),
    "experiment": ("evals", "experiments"),
}
"""The content folder of each kind of file, and the folder inside it."""

SHARED = {"principles", "constitution", "stock-phrases"}
"""Files among the rubrics that are none."""


def folder(name: Folder) -> Path:
    """The built-in content folder: inside the package in a wheel, else at the top of a checkout."""
    bundled = PACKAGE / "_content" / name
    return bundled if bundled.is_dir() else PACKAGE.parents[1] / name


def project_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that marks a project; `start` when there is none.

    Marks are `tastemaker.toml`, `pyproject.toml` and `.git`.
    """
    start = start.resolve()
    for candidate in (start, *start.parents):
        if any((candidate / mark).exists() for mark in ROOT_MARKS):
            return candidate
    return start


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a reference stands: paths start at `folder`, names are looked up in the project."""

    folder: Path
    root: Path
    """The project root; nothing outside it is read unless `allow_outside`."""
    allow_outside: bool = False

    @classmethod
    def at(cls, folder: Path, *, allow_outside: bool = False) -> "Place":
        """The place of a folder, in the project that holds it."""
        return cls(folder=folder, root=project_root(folder), allow_outside=allow_outside)

    def beside(self, path: Path) -> "Place":
        """The place of a file that was found from here: its folder, in the same project."""
        root = self.root if _is_inside(path, self.root) else project_root(path.parent)
        return Place(folder=path.parent, root=root, allow_outside=self.allow_outside)


def is_path(reference: str) -> bool:
    """Whether a reference is a path; otherwise it is a name."""
    return reference.endswith((".yaml", ".yml")) or reference.startswith(("./", "../", "/"))


def resolve(kind: Kind, reference: str, place: Place) -> Path:
    """The file that a reference stands for: a path from its place, or a name.

    A name is looked up in the project's folders, then among the built-ins. UserError when there is
    no such file (with the name that was probably meant), or when it lies outside the project.
    """
    if is_path(reference):
        return local(reference, place)
    if not re.search(NAME, reference):
        raise UserError(f"expected a path or {PATTERNS[NAME]}, found '{reference}'")
    for base in bases(kind, place):
        path = base / f"{reference}.yaml"
        if path.is_file():
            return inside(path, place)
    if (place.folder / f"{reference}.yaml").is_file():
        raise UserError(f"no {kind} is called '{reference}'; the file here is ./{reference}.yaml")
    raise UserError(f"no {kind} '{reference}'{did_you_mean(reference, names(kind, place))}")


def open_reference(
    kind: Kind, reference: str | Path, place: Place | None = None
) -> tuple[Source, Place]:
    """Read the file that a reference stands for, with the place of what the file refers to.

    A `Path` is taken as it is: it comes from the command line or from code. Without a place the
    current folder is meant. A file found by its name must give itself that name.
    """
    here = place or Place.at(Path.cwd())
    path = reference if isinstance(reference, Path) else resolve(kind, reference, here)
    source = parse(path)
    if isinstance(reference, str) and not is_path(reference):
        name = find(source.node, [kind])
        if isinstance(name.value, str) and name.value != reference:
            message = f"expected '{reference}', as the file is named, found '{name.value}'"
            raise source.error([((kind,), message)])
    return source, here.beside(path)


def local(reference: str, place: Place) -> Path:
    """The existing file at a path, relative to its place; UserError as `resolve`."""
    path = inside(place.folder / reference, place)
    if not path.is_file():
        raise UserError(f"no file '{reference}'{file_near(path)}")
    return path


def inside(path: Path, place: Place) -> Path:
    """The path, links followed; UserError when it leaves the project and the built-in content."""
    real = path.resolve()
    allowed = [place.root, *(folder(name) for name in ("rubrics", "datasets", "evals", "reports"))]
    if place.allow_outside or any(_is_inside(real, base) for base in allowed):
        return real
    raise UserError(
        f"'{real}' lies outside the project {place.root}: move it inside, or pass --allow-outside"
    )


def _is_inside(path: Path, base: Path) -> bool:
    return path.resolve().is_relative_to(base.resolve())


def bases(kind: Kind, place: Place) -> list[Path]:
    """The folders where names of this kind are looked up: the project's first."""
    name, below = FOLDERS[kind]
    return list(dict.fromkeys([place.root / name / below, folder(name) / below]))


def names(kind: Kind, place: Place) -> list[str]:
    """Every name of this kind that can be referred to from here, sorted."""
    return sorted(
        {
            path.relative_to(base).with_suffix("").as_posix()
            for base in bases(kind, place)
            for path in base.rglob("*.yaml")
            if path.stem not in SHARED
        }
    )


def fingerprint(value: Any) -> str:
    """`sha256:` and the hash of the canonical JSON of a value: models, records, plain data.

    Equal content has equal fingerprints, whatever the order of its keys; TypeError for a value
    that is no data, ValueError for a number that is not finite.
    """
    canonical = json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
    )
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def file_fingerprint(path: Path) -> str:
    """`sha256:` and the hash of a file's content; UserError when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as problem:
        raise UserError(f"{shown(path)}: cannot be read: {problem.strerror}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    raise TypeError(f"no fingerprint of {type(value).__name__}")
