"""Schedules: when something is due, once or again and again, by the clock of a time zone."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rruleset, rrulestr

COMPARED = 50
"""Occurrences from now on that two schedules are compared by."""
LONGEST_RULE = 500
"""Characters."""
SOONEST = {"SECONDLY", "MINUTELY"}
"""Frequencies of no task for people; some of their rules never come to an occurrence."""


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
        yield from _parsed(self.rule, self.start)

    def due(self, after: datetime) -> list[datetime]:
        """The next 50 times it is due after a moment (with a zone), in UTC; fewer if it ends."""
        zone = ZoneInfo(self.zone)
        moments = (one.replace(tzinfo=zone).astimezone(UTC) for one in self.local())
        coming = (one for one in islice(moments, 20_000) if one > after)
        return list(islice(coming, COMPARED))


def read_schedule(start: str, rule: str, zone: str) -> Schedule:
    """A schedule from its three texts; Unreadable says which of them is wrong, and why."""
    try:
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
        moment = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    plain = rule.strip().removeprefix("RRULE:").strip().rstrip(";")
    if plain:
        _parsed(plain, moment)
    return Schedule(start=moment, rule=plain, zone=zone)


def _parsed(rule: str, start: datetime) -> "rrule | rruleset":
    if len(rule) > LONGEST_RULE or "\n" in rule:
        raise Unreadable("rrule", "one rule of at most 500 characters, without DTSTART")
    frequency = rule.upper().partition("FREQ=")[2].partition(";")[0]
    if frequency in SOONEST:
        raise Unreadable("rrule", "a task is due hourly at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # dateutil's own utcfromtimestamp
            return rrulestr(_without_zone(rule), dtstart=start)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable("rrule", f"no RFC 5545 rule: {error}") from error


def _without_zone(rule: str) -> str:
    """An UNTIL in UTC as local time: rules and their start speak of the same clock here."""
    parts = rule.split(";")
    return ";".join(
        part.rstrip("Zz") if part.upper().startswith("UNTIL=") else part for part in parts
    )
