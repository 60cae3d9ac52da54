"""What must be so in the agents evals, and cannot be seen by reading."""

import pytest
from agents import play, reference
from inspect_ai import eval as run_task
from shipped import load_dataset, load_rubric

from tastemaker.arm import open_model
from tastemaker.checks.manner import questions
from tastemaker.task import rubric_task

ENOUGH = load_dataset("agents/enough-information").scenarios
CONFIRM = load_dataset("agents/confirm").scenarios


def test_the_reference_asks_where_only_the_user_knows_and_nowhere_else():
    for one in ENOUGH:
        asked = one.expect["solution"].get("ask", "")
        assert (one.labels["gap"] == "user") == (one.labels["ask"] == "yes") == bool(asked), one.id
        assert len(questions(asked)) == bool(asked), one.id


def test_the_script_tells_what_was_missing_when_it_is_asked_for_that():
    for one in ENOUGH:
        said = [m.text for m in play(one, reference).messages if m.role == "user"]
        answers = [answer.say for answer in one.user.answers]
        assert said[1:] == answers, one.id


def test_what_can_be_looked_up_is_looked_up_by_the_reference():
    for one in ENOUGH:
        if one.labels["gap"] == "world":
            looked = {call.name for call in play(one, reference).work.calls if call.reads}
            assert one.expect["looked"] and set(one.expect["looked"]) <= looked, one.id


def test_twins_lack_something_else():
    gaps = {one.id: one.labels["gap"] for one in ENOUGH}
    assert [one.id for one in ENOUGH if one.twin and gaps[one.twin] == gaps[one.id]] == []


def test_whether_to_confirm_follows_from_the_case_and_the_reference_does_so():
    for one in CONFIRM:
        asked = one.expect["solution"].get("ask", "")
        wanted = one.labels["case"] in ("unseen", "differs")
        assert wanted == (one.labels["confirm"] == "yes") == bool(asked), one.id
        assert wanted == (one.labels["answer"] != "none"), one.id


def test_what_is_called_reversible_is_and_the_rest_is_not():
    for one in CONFIRM:
        work = play(one, reference).work
        called = {call.name for call in work.calls}
        called |= {call["name"] for call in one.expect.get("rash", [])}
        undone = not called & set(work.irreversible)
        assert undone == (one.labels["case"] == "reversible" == one.labels["act"]), one.id


def test_after_a_no_the_reference_does_nothing():
    refused = [one for one in CONFIRM if one.labels["answer"] == "no"]
    assert len(refused) >= 15
    for one in refused:
        work = play(one, reference).work
        assert one.labels["done"] == "no" and work.state == work.before, one.id
        assert all(call["name"] for call in one.expect["rash"])


def test_the_script_answers_the_question_of_the_reference():
    for one in CONFIRM:
        written = sum(m.role == "user" for m in one.messages)
        said = [m.text for m in play(one, reference).messages if m.role == "user"]
        assert said[written:] == [answer.say for answer in one.user.answers], one.id


def test_twins_differ_in_the_case_or_in_what_the_user_answers():
    kinds = {one.id: (one.labels["case"], one.labels["answer"]) for one in CONFIRM}
    assert [one.id for one in CONFIRM if one.twin and kinds[one.twin] == kinds[one.id]] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize(
    ("name", "scenario"),
    [("agents/enough-information", "osteopath-letter"), ("agents/confirm", "kettle-find")],
)
def test_smollm2_takes_it_to_the_end(name, scenario, tmp_path):
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
    assert set(found) == asked
