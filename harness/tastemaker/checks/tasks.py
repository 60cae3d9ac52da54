"""Tasks for later: how many were made, and whether they come when they should."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import Exactly, Max, Min, Texts, limits
from tastemaker.checks.counting import found, within
from tastemaker.checks.registry import Example, check
from tastemaker.passages import shortened
from tastemaker.records import Finding, Reply, Work
from tastemaker.recurrence import Schedule, Unreadable, read_schedule

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _one(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


Schedules = Annotated[
    list[dict[str, Any]],
    BeforeValidator(_one),
    Field(
        min_length=1,
        description="one or several `{start, rrule, timezone}`; `between: ['07:00', '10:00']` "
        "takes any time of the day in there, `title: [...]` asks that one of these words stands in "
        "its title or prompt",
    ),
]


def _listed(start: str, rrule: str) -> Reply:
    """A reply that left one task so, for examples."""
    task = {"title": "Bins out", "prompt": "", "start": start, "rrule": rrule}
    task["timezone"] = "Europe/Berlin"
    state = {"tasks": {"task-1": task}, "now": "2026-03-09T14:30", "timezone": "Europe/Berlin"}
    return Reply(text="Every Thursday at 7.", work=Work(state=state))


@check(
    "schedule",
    deeds=True,
    example=Example(
        arguments={"schedules": {"start": "2026-03-12T07:00", "rrule": "FREQ=WEEKLY;BYDAY=TH"}},
        met=_listed("2026-03-12T07:00", "FREQ=WEEKLY"),
        unmet=_listed("2026-03-12T07:00", "FREQ=WEEKLY;INTERVAL=2"),
    ),
)
def schedule(
    reply: Reply,
    *,
    schedules: Schedules,
    others: Annotated[bool, Field(description="whether there may be further new tasks")] = False,
) -> Finding:
    """Each schedule that was wanted stands on the list, and is kept whatever the clocks do.

    Rules are compared by what they come to: the next 50 times from the scenario's `now` on, in
    UTC, so that `FREQ=WEEKLY;BYDAY=TH` from a Thursday is `FREQ=WEEKLY`, and a rule in UTC is none
    in Berlin once summer time begins. Looked at are the tasks that are new or were changed.
    """
    new, now = _new(reply.work), _now(reply.work)
    if not new:
        return found(False, "no task was made")
    left = list(new.items())
    for number, wanted in enumerate(schedules, 1):
        try:
            fit = next((one for one in left if _kept(one[1], wanted, now, reply.work)), None)
        except Unreadable as wrong:
            return Finding(value=None, reason=f"the scenario's schedule {number}: {wrong}")
        if fit is None:
            seen = ", ".join(_told(one) for _, one in left) or "none is left"
            return found(False, f"schedule {number} is not there: {shortened(seen, 160)}")
        left.remove(fit)
    if left and not others:
        return found(False, f"there is one too many: {_told(left[0][1])}")
    return found(True, f"all {len(schedules)} as asked" if len(schedules) > 1 else "as asked")


def _told(task: Mapping[str, Any]) -> str:
    repeats = f" {task['rrule']}" if task["rrule"] else ""
    return f"{task['title']}: {task['start']} {task['timezone']}{repeats}"


def _new(work: Work) -> dict[str, Mapping[str, Any]]:
    """The tasks that were not there before, or not like this."""
    before, after = work.before.get("tasks", {}), work.state.get("tasks", {})
    return {name: one for name, one in after.items() if before.get(name) != one}


def _now(work: Work) -> datetime:
    """The scenario's clock; without one, all that was ever due counts."""
    now = work.state.get("now")
    if now is None:
        return EPOCH
    return datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(work.state["timezone"]))


def _kept(task: Mapping[str, Any], wanted: Mapping[str, Any], now: datetime, work: Work) -> bool:
    unknown = set(wanted) - {"start", "rrule", "timezone", "between", "title"}
    if unknown or "start" not in wanted:
        raise Unreadable("start", "say start, and rrule, timezone, between or title")
    ours = read_schedule(task["start"], task["rrule"], task["timezone"])
    zone = wanted.get("timezone") or work.state.get("timezone", "UTC")
    theirs = read_schedule(str(wanted["start"]), str(wanted.get("rrule", "")), zone)
    return _named(task, wanted.get("title")) and _alike(ours, theirs, now, wanted.get("between"))


def _named(task: Mapping[str, Any], words: Any) -> bool:
    said = f"{task['title']} {task['prompt']}".casefold()
    options = [words] if isinstance(words, str) else words or []
    return not options or any(str(word).casefold() in said for word in options)


def _alike(ours: Schedule, theirs: Schedule, now: datetime, between: Sequence[str] | None) -> bool:
    mine, yours = ours.due(now), theirs.due(now)
    if between is None:
        return bool(mine) and mine == yours
    zone = ZoneInfo(theirs.zone)
    earliest, latest = (time.fromisoformat(str(one)) for one in between)
    local = [one.astimezone(zone) for one in mine]
    days = [one.astimezone(zone).date() for one in yours]
    inside = all(earliest <= one.time() <= latest for one in local)
    return bool(local) and inside and [one.date() for one in local] == days


@check(
    "tasks_created",
    deeds=True,
    rules=[limits],
    example=Example(
        arguments={"exactly": 1, "about": ["bins", "rubbish"]},
        met=_listed("2026-03-12T07:00", "FREQ=WEEKLY"),
        unmet=Reply(text="I will remind you.", work=Work(state={"tasks": {}})),
    ),
)
def tasks_created(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    about: Annotated[
        Texts | None, Field(description="words, one of which stands in its title or prompt")
    ] = None,
) -> Finding:
    """Tasks were put on the list and are still there: at least one, unless a number is given.

    A task that was there before and was only changed is no new one. `exactly: 0` asks for none.
    """
    before = reply.work.before.get("tasks", {})
    new = [one for name, one in reply.work.state.get("tasks", {}).items() if name not in before]
    counted = [one for one in new if _named(one, about)]
    return within(
        len(counted),
        "new task",
        min=min,
        max=max,
        exactly=exactly,
        quote=counted[0]["title"] if counted else "",
    )
