"""Schedules: when something is due, once or again and again, by the clock of a time zone."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

COMPARED = 50
"""Occurrences from now on that two schedules are compared by."""
LONGEST_RULE = 500
"""Characters."""
FREQUENCIES = {"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
"""Those of tasks for people."""
PARTS = re.compile(r"[A-Z]+=[\w+,-]+(?:;[A-Z]+=[\w+,-]+)*", re.ASCII)
YEARS = range(1900, 2300)
"""When a schedule may start."""
LATER = 7_600
"""Years by which rules are moved while they are counted out.

Many a rule never comes to an occurrence (30 February), and dateutil looks for one until the year
9999. From there it has not far to go. In 400 years the calendar repeats, weekdays and all.
"""


class Unreadable(ValueError):
    """A schedule that is none; `field` says which part: "start", "rrule" or "timezone"."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When something is due."""

    start: datetime
    """Local time, without a zone."""
    rule: str
    """RFC 5545 without DTSTART; "" for once."""
    zone: str

    @property
    def told(self) -> str:
        """In words, for tools."""
        repeats = f", {self.rule}" if self.rule else ""
        return f"{self.start:%a %d %b %Y %H:%M} {self.zone}{repeats}"

    def local(self) -> Iterator[datetime]:
        """Each time it is due, in local time, from the first on."""
        if not self.rule:
            yield self.start
            return
        yield from _occurrences(self.rule, self.start)

    def due(self, after: datetime) -> list[datetime]:
        """The next 50 times it is due after a moment (with a zone), in UTC; fewer if it ends."""
        return list(_due(self, after))


# What a scenario wants is counted out for every reply to it.
@lru_cache(maxsize=1024)
def _due(schedule: Schedule, after: datetime) -> tuple[datetime, ...]:
    zone = ZoneInfo(schedule.zone)
    moments = (one.replace(tzinfo=zone).astimezone(UTC) for one in schedule.local())
    coming = (one for one in islice(moments, 20_000) if one > after)
    return tuple(islice(coming, COMPARED))


def read_schedule(start: str, rule: str, zone: str) -> Schedule:
    """A schedule from its three texts; Unreadable says which of them is wrong, and why."""
    try:
        if zone == "localtime":  # whatever this machine's clock shows
            raise ValueError(zone)
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise Unreadable("timezone", f"there is no time zone {zone!r}") from error
    try:
        moment = datetime.fromisoformat(start)
    except ValueError as error:
        raise Unreadable(
            "start", f"expected a time like 2026-03-09T14:30, not {start!r}"
        ) from error
    if moment.tzinfo is not None:
        moment = _in_zone(moment, zone)
    if moment.year not in YEARS:
        raise Unreadable("start", f"expected a year from 1900 to 2299, not {start!r}")
    plain = _plain(rule, moment)
    if plain:
        _check(plain)
        _occurrences(plain, moment)
    return Schedule(start=moment, rule=plain, zone=zone)


def _plain(rule: str, start: datetime) -> str:
    """The rule alone: a DTSTART beside it may only say again when it starts."""
    lines = [line.strip() for line in rule.strip().splitlines()]
    starts = [line for line in lines if line.upper().startswith("DTSTART")]
    for line in starts:
        if re.sub(r"\D", "", line.rpartition(":")[2]) != f"{start:%Y%m%d%H%M%S}":
            raise Unreadable("rrule", f"{line} is not the start")
    kept = "\n".join(line for line in lines if line and line not in starts)
    parts = kept.removeprefix("RRULE:").split(";")
    return ";".join(part.strip() for part in parts).rstrip(";")


def _in_zone(moment: datetime, zone: str) -> datetime:
    try:
        return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except OverflowError as error:
        raise Unreadable("start", f"there is no such time in {zone}") from error


def _check(rule: str) -> None:
    """Refuse what is no single rule, and what dateutil would take and never come to an end of."""
    if len(rule) > LONGEST_RULE or not PARTS.fullmatch(rule.upper()):
        raise Unreadable("rrule", "one rule of at most 500 characters, without DTSTART")
    pairs = [part.split("=") for part in rule.upper().split(";")]
    parts = {name: value for name, value in pairs}
    if len(parts) < len(pairs):
        raise Unreadable("rrule", "a part stands twice")
    if parts.get("FREQ") in ("SECONDLY", "MINUTELY"):
        raise Unreadable("rrule", "a task is due hourly at most")
    if parts.get("FREQ") not in FREQUENCIES:
        raise Unreadable("rrule", f"FREQ is one of {', '.join(sorted(FREQUENCIES))}")
    if not re.fullmatch("0*[1-9][0-9]{0,5}", parts.get("INTERVAL", "1")):
        raise Unreadable("rrule", "INTERVAL is a number from 1 on")
    if "BYEASTER" in parts:  # unknown to RFC 5545, and Easter does not repeat with the calendar
        raise Unreadable("rrule", "there is no BYEASTER")
    most = 53 if parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts else 5
    if any(int(one) > most for one in re.findall("[0-9]{1,9}", parts.get("BYDAY", ""))):
        raise Unreadable("rrule", f"BYDAY counts to {most} here")


def _occurrences(rule: str, start: datetime) -> Iterator[datetime]:
    """Each time a rule comes to, from its start on."""
    later = start.replace(year=start.year + LATER)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # dateutil's own utcfromtimestamp
            parsed = rrulestr(_until_later(_without_zone(rule)), dtstart=later)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable("rrule", f"no RFC 5545 rule: {error}") from error
    return (one.replace(year=one.year - LATER) for one in parsed)


def _until_later(rule: str) -> str:
    """The same rule with its end moved; an end after the calendar's is none."""
    parts = []
    for part in rule.split(";"):
        until = re.fullmatch("UNTIL=([0-9]{4})([0-9T]*)", part, re.IGNORECASE)
        if until and int(until[1]) + LATER <= MAXYEAR:
            parts.append(f"UNTIL={int(until[1]) + LATER}{until[2]}")
        elif not until:
            parts.append(part)
    return ";".join(parts)


def _without_zone(rule: str) -> str:
    """An UNTIL in UTC as local time: rules and their start speak of the same clock here."""
    parts = rule.split(";")
    return ";".join(
        part.rstrip("Zz") if part.upper().startswith("UNTIL=") else part for part in parts
    )
