"""What stands beside a canvas: running Python, searching the web, making images. All scripted.

Nothing is run or looked up. The scenario says what comes back, so that every arm meets the same
world, and a reply's code or queries never leave it.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from tastemaker.environments.world import Arguments, Part, Setting, tool
from tastemaker.reading import BY_SHAPE, LIST, SCALAR, FileModel, Text


class Scripted(FileModel):
    """What comes back when a call speaks of something."""

    about: tuple[Text, ...] = ()
    """Words, any of which must stand in the call, whatever their case; none: every call."""
    result: str


Results = Annotated[
    Annotated[str, SCALAR] | Annotated[tuple[Scripted, ...], LIST],
    BY_SHAPE,
]
"""A text alone is what every call gets."""


class WorkspaceState(FileModel):
    """What the tools beside the canvas answer; the first that fits."""

    python: Results = ""
    search: Results = ""
    images: Results = ""


class Code(Arguments):
    """Arguments of `run_python`."""

    code: Annotated[str, Field(min_length=1, description="The program.")]


class Query(Arguments):
    """Arguments of `search_web`."""

    query: Annotated[str, Field(min_length=1, description="What to look for.")]


class Picture(Arguments):
    """Arguments of `generate_image`."""

    prompt: Annotated[str, Field(min_length=1, description="What the image shows.")]


class Workspace(Part):
    """Python, a search engine and an image generator."""

    State = WorkspaceState

    def __init__(self, state: WorkspaceState, setting: Setting) -> None:
        self._state = state
        self._images: list[str] = []

    @tool(reads=True)
    def run_python(self, arguments: Code) -> str:
        """Run Python code and get what it prints, for what has to be computed exactly."""
        return _answer(self._state.python, arguments.code) or "The code ran and printed nothing."

    @tool(reads=True)
    def search_web(self, arguments: Query) -> str:
        """Search the web, for what is recent or has to be looked up."""
        return _answer(self._state.search, arguments.query) or "No results."

    @tool()
    def generate_image(self, arguments: Picture) -> str:
        """Make an image from a description; you get its name, and the user sees it in the chat."""
        self._images.append(arguments.prompt)
        name = f"image-{len(self._images)}"
        told = _answer(self._state.images, arguments.prompt)
        return f"Made {name}.{f' {told}' if told else ''}"

    def data(self) -> Mapping[str, Any]:
        """The prompts of the images that were made."""
        return {"images": list(self._images)}


def _answer(results: str | tuple[Scripted, ...], asked: str) -> str:
    if isinstance(results, str):
        return results
    said = asked.casefold()
    for one in results:
        if not one.about or any(word.casefold() in said for word in one.about):
            return one.result
    return ""
