"""What the instructions datasets say of themselves is so."""

from collections import Counter

from shipped import load_dataset, load_rubric

from tastemaker.checks.registry import bind
from tastemaker.records import Reply

STEPS = load_dataset("instructions/multi-step").scenarios
SELECTION = load_dataset("instructions/selection").scenarios
CLEAR = {one.id: one for one in SELECTION if one.labels["wording"] == "clear"}


def ideal(step: object) -> str:
    """A line that is nothing but the result of a step."""
    if isinstance(step, dict) and "words" in step:
        said = step["says"] if isinstance(step["says"], str) else step["says"][0]
        filled = [*said.split(), *["umbrella"] * step["words"]]
        return " ".join(filled[: step["words"]])
    says = step["says"] if isinstance(step, dict) else step
    return says if isinstance(says, str) else says[0]


def ask(check: str, text: str, **arguments: object) -> float | None:
    return bind(check, arguments)(Reply(text=text)).value


def test_the_results_alone_are_everything_that_was_asked():
    for one in STEPS:
        steps, without = one.expect["steps"], one.expect.get("without", [])
        results = "\n".join(map(ideal, steps))

        assert 3 <= len(steps) <= 8, one.id
        assert ask("steps_done", results, steps=steps) == 1.0, one.id
        assert ask("in_order", results, steps=steps) == 1.0, one.id
        assert ask("in_order", "\n".join(map(ideal, steps[::-1])), steps=steps) == 0.0, one.id
        assert not without or ask("absent", results, texts=without, whole_words=True) == 1.0


def test_no_step_is_done_by_the_results_of_the_others():
    for one in STEPS:
        steps = one.expect["steps"]
        for number, step in enumerate(steps, 1):
            others = "\n".join(ideal(other) for other in steps if other is not step)
            assert ask("steps_done", others, steps=steps, only=number) == 0.0, (one.id, number)


def test_to_say_the_request_again_is_no_way_to_do_it():
    """Forms and short answers quote what may be written; little of it is right by being there."""
    shares = [
        ask("steps_done", one.prompt, steps=one.expect["steps"], graded=True) for one in STEPS
    ]

    assert max(shares) <= 0.6
    assert sum(shares) / len(shares) < 0.2


def test_the_labels_of_a_request_in_steps_say_what_is_in_it():
    rubric = load_rubric("instructions/multi-step")
    for one in STEPS:
        count = len(one.expect["steps"])
        asked = [key for (principle, key), _ in rubric.applicable(one.labels) if key[:4] == "step"]
        assert one.labels["steps"] == str(count)
        assert asked == [f"step-{number}" for number in range(1, count + 1)], one.id
        assert ("without" in one.expect) == (one.labels.get("omits") == "given"), one.id


def test_every_list_is_asked_about_clearly_and_vaguely_with_one_answer():
    vague = [one for one in SELECTION if one.labels["wording"] == "vague"]

    assert len(vague) == len(CLEAR) == 60
    for one in vague:
        twin = CLEAR[one.twin or ""]
        same = [line for line in one.prompt.splitlines() if line in twin.prompt.splitlines()]
        assert one.expect == twin.expect, one.id
        assert len([line for line in same if line]) >= len(one.expect["candidates"]), one.id


def test_an_answer_of_the_names_alone_is_right_and_everybody_is_wrong():
    for one in SELECTION:
        asked = {key: one.expect[key] for key in ("candidates", "fits")}
        names = [candidate.split(" = ")[0] for candidate in asked["candidates"]]

        assert ask("chosen", ", ".join(asked["fits"]) or "none", **asked) == 1.0, one.id
        assert ask("chosen", "\n".join(names), **asked) == 0.0, one.id
        assert all(name in one.prompt for name in names), one.id


def test_the_label_counts_those_who_fit():
    for one in SELECTION:
        count = {0: "none", 1: "one"}.get(len(one.expect["fits"]), "several")
        assert one.labels["fits"] == count, one.id

    assert Counter(one.labels["fits"] for one in CLEAR.values()) == {
        "none": 8,
        "one": 16,
        "several": 36,
    }
