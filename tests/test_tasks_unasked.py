"""What must be so in tasks/proactive and tasks/composition, and cannot be seen by reading."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from agents import idle, play, reference
from shipped import load_dataset
from test_acting_library import BAD

from tastemaker.checks.registry import bind
from tastemaker.conversation import scripted
from tastemaker.recurrence import read_schedule

PROACTIVE = load_dataset("tasks/proactive").scenarios
COMPOSITION = load_dataset("tasks/composition").scenarios


def calls_of(one):
    return [call["name"] for call in one.expect["solution"].get("calls", [])]


# Offers


def test_labels_say_what_a_scenario_gives():
    for one in PROACTIVE:
        labels, has_list = one.labels, one.environment.state.get("tasks")
        assert (labels["history"] == "given") == bool(one.history), one.id
        assert (labels["list"] == "given") == bool(has_list), one.id
        assert (labels.get("says") == "given") == ("says" in one.expect), one.id
        assert (labels["user"] == "silent") == (one.user is None), one.id
        assert (labels["user"] == "accepts") == (set(calls_of(one)) == {"create_task"}), one.id


def test_only_a_welcome_offer_is_answered_and_twins_differ_in_whether_it_is_welcome():
    offer = {one.id: one.labels["offer"] for one in PROACTIVE}

    assert {one.labels["offer"] for one in PROACTIVE if one.user} == {"welcome"}
    assert [one.id for one in PROACTIVE if one.twin and offer[one.twin] == offer[one.id]] == []


@pytest.mark.parametrize(
    ("agent", "right"), [(idle, "nuisance"), (BAD["offers always"], "welcome")]
)
def test_who_offers_never_or_always_is_right_in_half_of_them(agent, right):
    offered = bind("offered", {})
    met = [one for one in PROACTIVE if offered(play(one, agent)).value == (right == "welcome")]

    assert len(met) == len(PROACTIVE)
    assert 0.45 < Counter(one.labels["offer"] for one in met)[right] / len(met) < 0.55


WAYS = {
    "en": [
        "Shall I remind you?",
        "Would you like me to set a reminder for that?",
        "Want a nudge the day before?",
        "Should I put it on your list?",
        "Do you want me to create a task for it?",
        "Shall I do that every time by myself?",
    ],
    "de": ["Soll ich dich daran erinnern?", "Soll ich das auf deine Liste setzen?"],
    "es": ["¿Quieres que te lo recuerde?", "¿Te pongo un aviso?"],
    "pt": ["Quer que eu lhe lembre?"],
    "nl": ["Zal ik je eraan herinneren?"],
}


def test_the_user_answers_an_offer_in_whatever_words_and_says_when():
    for one in PROACTIVE:
        for question in WAYS[one.labels["language"]] if one.user else []:
            assert scripted(one.user, question), (one.id, question)
            assert not scripted(one.user, question.replace("?", "."))


def test_what_is_to_be_set_lies_ahead():
    for one in PROACTIVE:
        for wanted in one.expect.get("schedules", []):
            assert one.now < wanted["start"], one.id
            assert read_schedule(wanted["start"], wanted.get("rrule", ""), one.timezone)


# What comes due


TOOLS = {
    "search": {"search_web"},
    "python": {"run_python"},
    "image": {"generate_image"},
    "canvas": {"create_document", "edit_document", "rewrite_document", "comment_on_document"},
    "list": {"create_task", "update_task", "delete_task"},
}


def test_what_is_needed_is_what_solves_it():
    for one in COMPOSITION:
        for label, tools in TOOLS.items():
            needed = one.labels[label]
            assert needed == "either" or (needed == "needed") == bool(tools & set(calls_of(one)))


def test_the_task_that_fires_is_due_that_minute_and_says_what_the_user_turn_says():
    for one in COMPOSITION:
        fires = one.environment.state["tasks"][0]
        zone = ZoneInfo(one.timezone)
        now = datetime.fromisoformat(one.now).replace(tzinfo=zone)
        due = read_schedule(fires["start"], fires.get("rrule", ""), one.timezone)
        head, _, told = one.prompt.strip().partition("\n\n")

        assert due.due(now - timedelta(minutes=1))[0] == now, one.id
        assert told == fires["prompt"], one.id
        assert f"({fires['id']}) fires now, {now:%A}, {now.day} {now:%B %Y, %H:%M}." in head


def test_what_a_criterion_looks_for_is_given_where_its_label_says_so():
    for one in COMPOSITION:
        for key in ("steps", "state", "gone", "holds", "says", "lacks"):
            assert (one.labels.get(key) == "given") == (key in one.expect), (one.id, key)


def test_twins_come_to_something_else():
    left = {one.id: play(one, reference).work for one in COMPOSITION}
    done = {name: [call.name for call in work.calls] for name, work in left.items()}
    alike = [one.id for one in COMPOSITION if one.twin and done[one.id] == done[one.twin]]

    assert set(alike) == {"ferry-off", "ferry-on", "okko-tell", "okko-write"}  # only words differ
