"""What personal/form says of itself is so."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from shipped import load_dataset, load_rubric

from tastemaker.checks.forms import form_of
from tastemaker.checks.registry import bind
from tastemaker.records import Reply

SCENARIOS = {one.id: one for one in load_dataset("personal/form").scenarios}
REPLIES = Path(__file__).parent / "replies/personal/form.yaml"
PAIRS = yaml.safe_load(REPLIES.read_text(encoding="utf-8"))


def test_every_form_is_right_often_enough_to_be_looked_at_alone():
    right = Counter(one.labels["right"] for one in SCENARIOS.values())

    assert set(right) == {"text", "list", "table", "chart", "app"}
    assert min(right.values()) >= 15, right


def test_a_cluster_is_one_matter_with_more_than_one_right_form():
    """Whoever always answers in one form is right in at most half of every cluster."""
    forms = {}
    for one in SCENARIOS.values():
        forms.setdefault(one.cluster, []).append(one.labels["right"])

    assert all(len(found) == 2 == len(set(found)) for found in forms.values()), forms


def test_wishes_stand_where_the_labels_say():
    for one in SCENARIOS.values():
        wish, said = one.labels["wish"], one.labels["said"]
        assert (wish == "none") == (said == "-"), one.id
        assert (wish == "form") == ("never" in one.expect), one.id
        assert (wish == "looks") == ("looks" in one.expect), one.id
        assert (one.labels["facts"] == "given") == ("holds" in one.expect), one.id
        assert wish == "none" or (said == "earlier-session") == bool(one.history), one.id
        assert said != "before" or len(one.messages) > 1, one.id
        assert one.labels["right"] not in one.expect.get("never", []), one.id


def test_the_wishes_for_looks_are_known_to_the_check():
    for one in SCENARIOS.values():
        if "looks" in one.expect:
            bind("app_looks", {"wishes": one.expect["looks"]})
            assert one.labels["right"] == "app", one.id


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["scenario"])
def test_a_good_reply_takes_the_right_form_and_a_bad_one_errs_somewhere(pair):
    right = SCENARIOS[pair["scenario"]].labels["right"]

    assert form_of(pair["good"]) == right


APPS = [pair for pair in PAIRS if SCENARIOS[pair["scenario"]].labels["right"] == "app"]


@pytest.mark.slow
@pytest.mark.parametrize("pair", APPS, ids=lambda pair: pair["scenario"])
def test_a_good_app_meets_all_that_is_asked_of_apps_and_a_bad_one_does_not(pair):
    scenario = SCENARIOS[pair["scenario"]]
    found = {}
    for kind in ("good", "bad"):
        reply = Reply(text=pair[kind], expect=scenario.expect, labels=scenario.labels)
        found[kind] = {
            key: bind(criterion.check, criterion.arguments)(reply).value
            for (principle, key), criterion in load_rubric("personal/form").applicable(
                scenario.labels
            )
            if criterion.check and principle != "form-that-serves"
        }

    assert set(found["good"].values()) == {1}, found["good"]
    assert found["bad"]["looks"] == 0, found["bad"]
