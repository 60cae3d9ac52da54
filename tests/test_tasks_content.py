"""What must be so in tasks/trigger and tasks/withheld, and cannot be seen by reading."""

import gc

import pytest
from agents import play, reference
from inspect_ai import eval as run_task
from shipped import load_dataset, load_rubric

from tastemaker.arm import open_model
from tastemaker.environments.kinds import open_world
from tastemaker.recurrence import read_schedule
from tastemaker.scenario import setting_of
from tastemaker.task import rubric_task

# Inspect drops the connections of an event loop that has ended, and leaves them to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"),
]

TRIGGER = load_dataset("tasks/trigger").scenarios
WITHHELD = load_dataset("tasks/withheld").scenarios
MAKERS = {"create": "create_task", "change": "update_task", "delete": "delete_task"}


def test_the_label_the_tool_and_what_solves_it_say_the_same():
    for one in TRIGGER:
        act = one.labels["act"]
        made = {call["name"] for call in one.expect["solution"].get("calls", [])}

        assert one.expect["tool"] == act
        assert made & set(MAKERS.values()) == ({MAKERS[act]} if act in MAKERS else set()), one.id


def test_twins_differ_in_what_the_user_wants():
    acts = {one.id: one.labels["act"] for one in TRIGGER}
    asked = {one.id: one.labels["asked"] for one in WITHHELD}
    alike = [one.id for one in TRIGGER if one.twin and acts[one.twin] == acts[one.id]]
    other = [one.id for one in WITHHELD if one.twin and asked[one.twin] == asked[one.id]]

    assert alike == []
    assert other == ["history-says-so", "history-did-not-ring"]  # told of, or complained of


def test_what_is_to_be_set_lies_ahead():
    for one in TRIGGER:
        for wanted in one.expect.get("schedules", []):
            schedule = read_schedule(wanted["start"], wanted.get("rrule", ""), one.timezone)
            assert one.now < wanted["start"] or schedule.rule, one.id


def test_no_scenario_of_withheld_offers_a_tool_that_could_do_it():
    for one in WITHHELD:
        offered = {tool.name for tool in open_world(setting_of(one)).tools}
        assert not offered & {"create_task", "update_task"}, one.id
        assert ("delete_task" in offered) == (one.id == "list-move-by-half")


def test_the_reference_asks_only_where_the_time_is_left_open():
    asking = [one.id for one in TRIGGER if one.user]
    [said] = [play(one, reference).messages for one in TRIGGER if one.user]

    assert asking == ["stretch-at-work"]
    assert [m.text for m in said if m.role == "user"][1:] == ["at 11, monday to friday"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scenario"),
    [("tasks/trigger", "dentist-poke"), ("tasks/withheld", "list-read-only-add")],
)
def test_smollm2_takes_both_to_the_end(name, scenario, tmp_path):
    """It is too small to do well; what counts is that each check has an answer."""
    arm = open_model("local/smollm2-135m", config={"max_tokens": 12, "temperature": 0.0})
    [log] = run_task(
        rubric_task(name, name, split=None),
        model=arm,
        sample_id=scenario,
        display="none",
        log_dir=str(tmp_path),
    )

    assert log.status == "success", log.error and log.error.traceback
    [sample] = log.samples
    found = {key: value for key, value in sample.scores["rubric"].value.items() if value == value}
    asked = {
        f"{principle}.{key}"
        for (principle, key), one in load_rubric(name).applicable(sample.metadata["labels"])
        if one.check
    }
    assert set(found) == asked and set(found.values()) <= {0.0, 1.0}
    gc.collect()  # what other models left open is found here, and not in the next test
