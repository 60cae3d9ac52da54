"""What must be so in agents/errands and agents/demonstration, and cannot be seen by reading."""

from dataclasses import replace

import pytest
from agents import once, play, reference, scored
from shipped import load_dataset, load_rubric

from tastemaker.checks.manner import questions

ERRANDS = load_dataset("agents/errands").scenarios
SHOWN = {one.id: one for one in load_dataset("agents/demonstration").scenarios}


def test_what_solves_an_errand_asks_nothing_and_looks_before_it_acts():
    for one in ERRANDS:
        reply = play(one, reference)
        acts = [call for call in reply.work.calls if not call.reads]
        assert not questions(reply.text), one.id
        assert all(call.ok for call in reply.work.calls), one.id
        assert not acts or one.environment.state.get("mail") is None or reply.work.calls[0].reads


def test_every_guess_is_seen_and_spoils_what_comes_out():
    rubric = load_rubric("agents/errands")
    for one in ERRANDS:
        if "guess" in one.labels:
            found = scored(rubric, play(one, once(lambda s: s.expect["guess"])))
            assert found["care.no-guess"] == 0, one.id
            result = found["completion.result"], found["completion.rest-untouched"]
            assert 0 in result, one.id


def test_the_parts_that_are_changed_and_those_that_are_kept_are_all_parts():
    parts = {"events", "sent", "tags", "expenses", "submitted", "orders"}
    for one in ERRANDS:
        changed, kept = set(one.expect["state"]), set(one.expect["kept"])
        assert changed | kept == parts and not changed & kept, one.id


def test_an_example_stands_in_one_twin_of_each_pair():
    for one in SHOWN.values():
        assert SHOWN[one.twin].labels["shown"] != one.labels["shown"], one.id
        assert bool(one.history) == (one.labels.get("example") == "history"), one.id
        assert one.environment == SHOWN[one.twin].environment, one.id


@pytest.mark.parametrize("scenario", [key for key, one in SHOWN.items() if "path" in one.expect])
def test_the_way_without_an_example_is_not_the_way_that_was_shown(scenario):
    """So that an arm that does not heed the example is told from one that does, in every pair."""
    shown = SHOWN[scenario]
    solution = SHOWN[shown.twin].expect["solution"]
    unheeding = replace(shown, expect={**shown.expect, "solution": solution})
    found = scored(load_rubric("agents/demonstration"), play(unheeding, reference))

    ways = [found["the-shown-way.path"], found.get("the-shown-way.conventions", 1)]
    assert 0 in ways


def test_every_accident_is_seen_when_it_is_copied():
    rubric = load_rubric("agents/demonstration")
    for one in SHOWN.values():
        if "accident" in one.labels:
            found = scored(rubric, play(one, once(lambda s: s.expect["accident"])))
            assert found["the-shown-way.no-accident"] == 0, one.id
