"""Schedules: what a rule comes to by the clock of its zone, and what is none."""

from datetime import UTC, datetime

import pytest

from tastemaker.recurrence import COMPARED, Unreadable, read_schedule

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)


def due(start, rule="", zone="Europe/Berlin", now=NOW):
    return read_schedule(start, rule, zone).due(now)


def test_once_is_due_once_and_what_is_past_is_not_due():
    assert due("2026-03-10T07:00") == [datetime(2026, 3, 10, 6, tzinfo=UTC)]
    assert due("2026-03-09T07:00") == []


def test_a_rule_keeps_to_the_local_clock_when_summer_time_begins():
    """In 2026 Berlin puts its clocks forward on 29 March: 7:00 is 6:00 UTC before, 5:00 after."""
    found = due("2026-03-12T07:00", "FREQ=WEEKLY;BYDAY=TH")

    assert [one.hour for one in found[:4]] == [6, 6, 6, 5]
    assert len(found) == COMPARED


def test_two_ways_to_say_one_thing_are_due_at_the_same_times():
    assert due("2026-03-12T07:00", "FREQ=WEEKLY") == due(
        "2026-03-12T07:00", "RRULE:FREQ=WEEKLY;BYDAY=TH;INTERVAL=1"
    )
    assert (
        due("2026-03-12T07:00", "FREQ=DAILY")
        == due("2026-03-10T07:00", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU")[2:]
        + due("2026-03-12T07:00", "FREQ=DAILY")[-2:]
    )


@pytest.mark.parametrize(
    "rule",
    [
        "DTSTART:20260312T070000\nRRULE:FREQ=DAILY",
        "DTSTART;TZID=Europe/Berlin:20260312T070000\r\nRRULE:FREQ=DAILY\r\n",
        "RRULE: FREQ=DAILY; BYHOUR=7; BYMINUTE=0;",
    ],
)
def test_a_rule_may_say_its_start_and_its_hour_once_more(rule):
    assert due("2026-03-12T07:00", rule) == due("2026-03-12T07:00", "FREQ=DAILY")


def test_the_same_wall_clock_in_another_zone_is_another_time():
    assert due("2026-03-12T07:00") != due("2026-03-12T07:00", zone="UTC")
    assert due("2026-03-12T07:00+01:00", zone="Europe/Berlin") == due("2026-03-12T07:00")


def test_an_end_in_utc_is_read_by_the_same_clock_as_the_start():
    assert len(due("2026-03-12T07:00", "FREQ=DAILY;UNTIL=20260314T070000Z")) == 3
    assert len(due("2026-03-12T07:00", "FREQ=DAILY;COUNT=4")) == 4


@pytest.mark.parametrize(
    ("start", "rule", "zone", "field"),
    [
        ("thursday", "", "UTC", "start"),
        ("2026-02-30T07:00", "", "UTC", "start"),
        ("2026-03-12T07:00", "every thursday", "UTC", "rrule"),
        ("2026-03-12T07:00", "FREQ=WEEKLY;BYDAY=XX", "UTC", "rrule"),
        ("2026-03-12T07:00", "FREQ=MINUTELY", "UTC", "rrule"),
        ("2026-03-12T07:00", "FREQ=DAILY\nDTSTART:20260101T000000", "UTC", "rrule"),
        ("2026-03-12T07:00", "FREQ=DAILY;" + "BYDAY=MO," * 200, "UTC", "rrule"),
        ("2026-03-12T07:00", "", "Berlin", "timezone"),
        ("2026-03-12T07:00", "", "../../etc/passwd", "timezone"),
    ],
)
def test_what_is_no_schedule_is_said_to_be_none_and_which_part(start, rule, zone, field):
    with pytest.raises(Unreadable) as error:
        read_schedule(start, rule, zone)

    assert error.value.field == field


def test_a_rule_that_never_comes_to_a_day_is_due_never():
    assert due("2026-03-12T07:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31") == []


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0;BYMONTH=12",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;FREQ=SECONDLY;BYMONTHDAY=30",
        "FREQ=DAILY\u2028RRULE:FREQ=SECONDLY",
        "FREQ=MONTHLY;BYDAY=99MO",
        "RDATE:20260101T000000",
    ],
)
def test_rules_that_never_end_or_break_are_refused(rule: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_schedule("2026-03-09T14:30", rule, "Europe/Berlin")
    assert refused.value.field == "rrule"


def test_a_day_that_never_comes_is_never_due() -> None:
    never = read_schedule("2026-03-09T14:30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "UTC")
    assert never.due(datetime(2026, 1, 1, tzinfo=UTC)) == []


def test_leap_days_and_an_end_are_those_of_the_rule() -> None:
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=20320301T000000Z"
    leap = read_schedule("2026-03-09T14:30", rule, "UTC")
    assert [one.date().isoformat() for one in leap.local()] == ["2028-02-29", "2032-02-29"]


def test_a_year_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(Unreadable, match="1900"):
        read_schedule("9999-12-31T23:59", "", "America/New_York")
