"""The same edits by patches and by rewriting: what the experiment's rubric makes of each."""

from collections.abc import Mapping

import pytest
from agents import Turn, play, reference, scored
from shipped import load_rubric

from tastemaker.content import folder
from tastemaker.environments.kinds import open_world
from tastemaker.evaluation import load_evals
from tastemaker.experiment import load_experiment
from tastemaker.scenario import setting_of

FILE = folder("evals") / "experiments" / "patch-or-rewrite.yaml"


@pytest.fixture(scope="module")
def scenarios():
    [loaded] = load_evals(load_experiment(FILE))
    return loaded.data.scenarios


def rewriting(spoil=lambda text: text):
    """Writes the document as the patches would have left it, perhaps with a slip."""

    def agent(scenario, messages):
        if messages[-1].role == "tool":
            return Turn(say="Done.")
        world = open_world(setting_of(scenario))
        for call in scenario.expect["solution"]["calls"]:
            world.call(call["name"], call["arguments"])
        text = world.work(()).versions[-1].text
        return Turn(calls=[{"name": "rewrite_document", "arguments": {"content": spoil(text)}}])

    return agent


def careless(scenario, messages):
    """Hands in one patch whose passage stands nowhere, then the right ones."""
    made = [one for one in messages[len(scenario.messages) :] if one.role == "assistant"]
    if not made:
        wrong = {"edits": [{"pattern": "no such words at all", "replacement": "x"}]}
        return Turn(calls=[{"name": "edit_document", "arguments": wrong}])
    first = len(scenario.messages)
    return reference(scenario, [*messages[:first], *messages[first + 2 :]])


def means(scenarios, agent) -> Mapping[str, float]:
    rubric, found = load_rubric("canvas/patch"), {}
    for scenario in scenarios:
        for key, value in scored(rubric, play(scenario, agent)).items():
            found.setdefault(key, []).append(value)
    return {key: sum(values) / len(values) for key, values in found.items()}


def test_the_experiment_forces_each_arm_through_one_tool():
    experiment = load_experiment(FILE)

    assert [arm.tools for arm in experiment.arms.values()] == [
        ("rewrite_document",),
        ("edit_document",),
    ]
    assert len({arm.system for arm in experiment.arms.values()}) == 1


def test_enough_edits_are_asked_to_certify_a_margin_of_ten_points(scenarios):
    """STATS 3.4: it takes 36 clusters, even when nothing differs."""
    assert len({one.cluster for one in scenarios}) >= 36


def test_patches_and_a_faithful_rewrite_are_both_right(scenarios):
    assert set(means(scenarios, reference).values()) == {1.0}
    assert set(means(scenarios, rewriting()).values()) == {1.0}


CLOSING = "\n)）"


def ends_the_document(scenario):
    """Whether a passage that was meant is the last: what is put after it is part of it."""
    spans = [{"text": one} if isinstance(one, str) else one for one in scenario.expect["spans"]]
    passages = [
        one[key].rstrip(CLOSING) for one in spans for key in ("text", "after") if key in one
    ]
    return scenario.document.rstrip(CLOSING).endswith(tuple(passages))


def test_a_rewrite_that_betters_what_nobody_asked_about_is_seen(scenarios):
    agent = rewriting(lambda text: f"{text.rstrip()} (checked)\n")
    elsewhere = [one for one in scenarios if not ends_the_document(one)]

    assert means(scenarios, agent)["correct.lands"] == 1.0
    assert len(elsewhere) >= 0.85 * len(scenarios)
    assert means(elsewhere, agent)["untouched.rest"] == 0.0


def test_a_patch_that_does_not_apply_counts_though_the_next_one_does(scenarios):
    found = means(scenarios, careless)

    assert found["correct.lands"] == 1.0
    assert 0.4 < found["applies.carried-out"] < 0.8
