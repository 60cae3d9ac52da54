"""Tasks for later: reminders and schedules, with a clock that the scenario fixes."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from tastemaker.environments.world import Arguments, Part, Refused, Setting, tool
from tastemaker.reading import FileModel, Id, Text, refuse
from tastemaker.recurrence import Schedule, Unreadable, read_schedule

UTC = "UTC"


class TaskEntry(FileModel):
    """A task that is there already."""

    id: Id
    title: Text
    prompt: str = ""
    start: Text
    """Local time: 2026-03-09T14:30."""
    rrule: str = ""
    """RFC 5545, without DTSTART: FREQ=WEEKLY;BYDAY=MO. "": once."""
    timezone: str = ""
    """Default: the scenario's."""


class TasksState(FileModel):
    """What a scenario says of the task list."""

    tasks: tuple[TaskEntry, ...] = ()

    @model_validator(mode="after")
    def _can_be_read(self) -> "TasksState":
        for number, one in enumerate(self.tasks):
            try:
                read_schedule(one.start, one.rrule, one.timezone or UTC)
            except Unreadable as wrong:
                refuse((("tasks", number, wrong.field), str(wrong)))
        return self


Start = Annotated[
    str, Field(description="When it is due first, in local time: 2026-03-09T14:30.", min_length=1)
]
Rule = Annotated[
    str,
    Field(description="How it repeats, as an RFC 5545 rule: FREQ=WEEKLY;BYDAY=MO. Left out: once."),
]
Zone = Annotated[
    str, Field(description="Time zone, such as Europe/Berlin. Left out: the user's own.")
]


class NewTask(Arguments):
    """Arguments of `create_task`."""

    title: Annotated[str, Field(min_length=1, description="What the user sees in the list.")]
    prompt: Annotated[str, Field(description="What you will be told to do when it is due.")]
    start: Start
    rrule: Rule = ""
    timezone: Zone = ""


class ChangedTask(Arguments):
    """Arguments of `update_task`."""

    id: Annotated[str, Field(description="The task's id.")]
    title: Annotated[str | None, Field(description="A new title.")] = None
    prompt: Annotated[str | None, Field(description="A new prompt.")] = None
    start: Annotated[str | None, Field(description="A new first time, in local time.")] = None
    rrule: Annotated[str | None, Field(description='A new rule; "" for once.')] = None
    timezone: Annotated[str | None, Field(description="A new time zone.")] = None


class TaskId(Arguments):
    """Arguments of `delete_task`."""

    id: Annotated[str, Field(description="The task's id.")]


class Nothing(Arguments):
    """A tool that takes no arguments."""


class Tasks(Part):
    """The list of what is to be done later."""

    State = TasksState

    def __init__(self, state: TasksState, setting: Setting) -> None:
        self._zone = setting.timezone or UTC
        self._now = setting.now
        self._tasks: dict[str, dict[str, str]] = {}
        self._made = 0
        for one in state.tasks:
            self._keep(one.id, one.model_dump(exclude={"id"}))

    def _keep(self, name: str, fields: Mapping[str, str]) -> Schedule:
        zone = fields["timezone"] or self._zone
        try:
            schedule = read_schedule(fields["start"], fields["rrule"], zone)
        except Unreadable as wrong:
            raise Refused(f"{wrong.field}: {wrong}.") from wrong
        self._tasks[name] = {**fields, "timezone": zone}
        return schedule

    @tool()
    def create_task(self, arguments: NewTask) -> str:
        """Put something on the user's task list, to be done by you at a time or again and again."""
        self._made += 1
        name = f"task-{self._made}"
        schedule = self._keep(name, arguments.model_dump())
        return f"Created {name}: {arguments.title}, {schedule.told}."

    @tool()
    def update_task(self, arguments: ChangedTask) -> str:
        """Change the title, the prompt or the schedule of a task."""
        before = self._found(arguments.id)
        given = arguments.model_dump(exclude={"id"}, exclude_none=True)
        if not given:
            raise Refused("Nothing to change was given.")
        schedule = self._keep(arguments.id, {**before, **given})
        return f"Changed {arguments.id}: {self._tasks[arguments.id]['title']}, {schedule.told}."

    @tool()
    def delete_task(self, arguments: TaskId) -> str:
        """Take a task off the list."""
        title = self._found(arguments.id)["title"]
        del self._tasks[arguments.id]
        return f"Deleted {arguments.id}: {title}."

    @tool(reads=True)
    def list_tasks(self, arguments: Nothing) -> str:
        """See what is on the list."""
        return self._listed() or "The list is empty."

    def _found(self, name: str) -> dict[str, str]:
        if name not in self._tasks:
            raise Refused(f"There is no task {name}.")
        return self._tasks[name]

    def _listed(self) -> str:
        return "\n".join(
            f"{name}: {one['title']}, "
            f"{read_schedule(one['start'], one['rrule'], one['timezone']).told}"
            for name, one in self._tasks.items()
        )

    def shown(self) -> str:
        """What is on the list already; nothing for an empty list."""
        listed = self._listed()
        return f"On the user's task list:\n{listed}" if listed else ""

    def data(self) -> Mapping[str, Any]:
        """The tasks by id, and the clock."""
        return {
            "tasks": {name: dict(one) for name, one in self._tasks.items()},
            "now": self._now,
            "timezone": self._zone,
        }
