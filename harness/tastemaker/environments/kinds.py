"""The kinds of environment by name, and a world of one kind opened for a scenario."""

from collections.abc import Collection, Mapping
from functools import cache

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from tastemaker.environments.canvas import Canvas, selection_span
from tastemaker.environments.errands import Calendar, Expenses, Mail, Shop
from tastemaker.environments.tasks import Tasks
from tastemaker.environments.workspace import Workspace
from tastemaker.environments.world import Part, Setting, World
from tastemaker.passages import NotFound
from tastemaker.reading import FileModel, Location, did_you_mean, refuse

KINDS: Mapping[str, tuple[type[Part], ...]] = {
    "canvas": (Canvas,),
    "workspace": (Canvas, Workspace),
    "tasks": (Tasks,),
    "assistant": (Canvas, Workspace, Tasks),
    "errands": (Calendar, Mail, Expenses, Shop),
}
"""The parts of each kind of environment, in the order their tools are offered."""


@cache
def state_model(kind: str) -> type[FileModel]:
    """What a scenario may say under `environment.state`: the fields of all parts together."""
    bases = tuple(part.State for part in KINDS[kind])
    return type(f"{kind.title()}State", bases, {"__doc__": f"The state of a {kind}."})


@cache
def tool_names(kind: str) -> tuple[str, ...]:
    """The names of all tools of a kind."""
    return tuple(one.name for part in KINDS[kind] for one in part.tools())


def open_world(setting: Setting) -> World:
    """The world as it is before the model's first call; the setting must be without problems."""
    state = state_model(setting.kind).model_validate(dict(setting.state))
    parts = [part(state, setting) for part in KINDS[setting.kind]]
    return World(parts, setting.tools)


def check_setting(setting: Setting) -> None:
    """Refuse, each where it stands, what a scenario says of an environment and cannot be.

    Raises:
        ValidationError: As `refuse` does, for a pydantic validator of a scenario.
    """
    if setting.kind not in KINDS:
        what = f"no environment '{setting.kind}'{_hint(setting.kind, KINDS)}"
        refuse((("environment", "kind"), what))
    _check_state(setting)
    problems = [*_wrong_tools(setting), *_wrong_selection(setting)]
    if problems:
        refuse(*problems)


def _check_state(setting: Setting) -> None:
    try:
        state_model(setting.kind).model_validate(dict(setting.state))
    except ValidationError as error:
        known = state_model(setting.kind).model_fields
        details = [_below(("environment", "state"), one, known) for one in error.errors()]
        raise ValidationError.from_exception_data("problems", details) from error


def _below(at: Location, error: ErrorDetails, known: Collection[str]) -> InitErrorDetails:
    """The same error of a value that stands deeper in the file."""
    where, given = (*at, *error["loc"]), error["input"]
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        name = str(error["loc"][0])
        what = PydanticCustomError(
            "problem", "{text}", {"text": f"unknown key '{name}'{_hint(name, known)}"}
        )
        return InitErrorDetails(type=what, loc=(*where, "[key]"), input=given)
    if error["type"] in ("problem", "value_error"):
        what = PydanticCustomError("problem", "{text}", {"text": error["msg"]})
        return InitErrorDetails(type=what, loc=where, input=given)
    details = InitErrorDetails(type=error["type"], loc=where, input=given)
    return {**details, "ctx": error["ctx"]} if "ctx" in error else details


def _wrong_tools(setting: Setting) -> list[tuple[Location, str]]:
    known = tool_names(setting.kind)
    return [
        (("tools", number), f"a {setting.kind} has no tool '{name}'{_hint(name, known)}")
        for number, name in enumerate(setting.tools or ())
        if name not in known
    ]


def _hint(name: str, known: Collection[str]) -> str:
    return did_you_mean(name, known) or f": there is {', '.join(known)}"


def _wrong_selection(setting: Setting) -> list[tuple[Location, str]]:
    if setting.selection is None:
        return []
    if setting.document is None:
        return [(("selection", "[key]"), "'selection' has no meaning without 'document'")]
    try:
        selection_span(setting.document, setting.selection)
    except NotFound as wrong:
        return [(("selection",), f"the selection is not clear: {wrong}")]
    return []
