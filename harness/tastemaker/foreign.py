"""Somebody else's Inspect task: what it lacks on this machine, said in one sentence."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tastemaker.passages import shortened

LONGEST = 200
"""Characters of an error that are told."""

NEEDED = re.compile(r"""^\s*(?P<name>[\w.-]+)[^;]*;.*\bextra\s*==\s*["'](?P<extra>[^"']+)["']""")
"""A requirement that an extra brings, as package metadata writes it."""

INDEXLESS = {
    "instruction-following-eval": "git+https://github.com/josejg/instruction_following_eval",
}
"""What an extra asks for by a name that the package index does not know, and where it is."""


def lacks(task: str) -> str:
    """What a packaged task such as `inspect_evals/ifeval` lacks, and what brings it; "" if nothing.

    Nothing is imported and nothing called: it goes by what is installed, and by the list of extras
    that `inspect_evals` keeps beside each of its evals.
    """
    package, _, name = task.partition("/")
    if not package.isidentifier() or not name.replace("_", "").isalnum():
        return ""  # a file of tasks
    found = find_spec(package)
    if found is None:
        return f"its package {package} is not installed: `pip install {package.replace('_', '-')}`"
    absent = [
        need
        for place in found.submodule_search_locations or ()
        for extra in _extras(Path(place), name)
        for need in _brought(package.replace("_", "-"), extra)
        if not _installed(need)
    ]
    if not absent:
        return ""
    wanted = " ".join(INDEXLESS.get(_plain(need), need) for need in absent)
    return f"it needs {' and '.join(absent)}, not installed here: `pip install {wanted}`"


def _extras(package: Path, name: str) -> Iterator[str]:
    """The extra that a task's eval names, in the file beside its code."""
    for file in package.glob("*/eval.yaml"):
        text = file.read_text(encoding="utf-8")
        if name in text:
            told: dict[str, Any] = yaml.safe_load(text)
            tasks = [one["name"] for one in told.get("tasks") or ()]
            if name in tasks and told.get("dependency"):
                yield str(told["dependency"])


def _brought(package: str, extra: str) -> list[str]:
    try:
        needs = [NEEDED.match(need) for need in requires(package) or ()]
    except PackageNotFoundError:
        return []
    return [one["name"] for one in needs if one and _plain(one["extra"]) == _plain(extra)]


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


GATED = (
    "its data are behind a gate: accept their terms on the data set's page, then name your token "
    "in HF_TOKEN"
)
UNREACHED = (
    "its data could not be loaded, for their place cannot be reached from here ({why}); what was "
    "loaded once is kept for later runs"
)


def why_not(error: BaseException) -> str:
    """Why a packaged task could not be made, in one sentence a person can act on."""
    attempt = getattr(error, "last_attempt", None)  # of many tries, the last one
    cause = (attempt.exception() if attempt is not None else None) or error
    said = " ".join(str(cause).split()) or type(cause).__name__
    chain = _names(cause)
    if "gated" in said.lower() or "GatedRepoError" in chain:
        return GATED
    if re.search(r"\b401\b|authenticat", said, re.IGNORECASE):
        return f"its data want a token: name yours in HF_TOKEN ({shortened(said, LONGEST)})"
    if chain & {"ConnectionError", "TransportError", "LocalEntryNotFoundError", "URLError"}:
        return UNREACHED.format(why=shortened(said, LONGEST))
    return shortened(said, LONGEST)


def _names(error: BaseException) -> set[str]:
    """The names of an error's classes: its own package may not be installed here."""
    return {one.__name__ for one in type(error).__mro__}
