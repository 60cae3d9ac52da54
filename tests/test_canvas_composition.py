"""What canvas/composition says of itself is so: labels, what is scripted, other ways to do it."""

import io
import re
from contextlib import redirect_stdout

import pytest
from agents import Turn, play, reference, scored
from shipped import load_dataset, load_rubric

from tastemaker.environments.kinds import tool_names

NAME = "canvas/composition"
SCENARIOS = load_dataset(NAME).scenarios
TOOLS = {"search": "search_web", "python": "run_python", "image": "generate_image"}
GIVEN = ("spans", "anchors", "contains", "lacks", "tests", "parses", "called", "images", "says")


def calls(scenario):
    return scenario.expect["solution"].get("calls", [])


def kinds(scenario):
    told = scenario.expect["kind"]
    return told if isinstance(told, list) else [told]


def test_labels_say_what_is_expected():
    for one in SCENARIOS:
        assert one.labels["kind"] == kinds(one)[0], one.id
        assert one.labels["writes"] == (
            "yes" if one.labels["kind"] in ("edit", "create") else "no"
        ), one.id
        assert one.labels["canvas"] == ("open" if one.document else "empty"), one.id
        assert one.labels["selection"] == ("yes" if one.selection else "no"), one.id
        for key in (*GIVEN, "also"):
            assert (one.labels.get(key) == "given") == (key in one.expect), (one.id, key)


def test_steps_are_those_of_the_solution_in_its_order():
    homes = {tool: step for step, tool in TOOLS.items()}
    for one in SCENARIOS:
        made = [homes[call["name"]] for call in calls(one) if call["name"] in homes]
        last = {"none": "answer"}.get(one.labels["kind"], one.labels["kind"])

        assert one.labels["steps"].split("-") == [*dict.fromkeys(made), last], one.id
        for step in TOOLS:
            assert (one.labels[step] == "yes") == (step in made), (one.id, step)


def test_what_is_needless_is_all_that_neither_solves_it_nor_may_be_used():
    other_ways = {"edit": {"rewrite_document"}, "create": {"edit_document", "rewrite_document"}}
    for one in SCENARIOS:
        may = {tool for step, tool in TOOLS.items() if one.labels[step] == "may"}
        may |= {"comment_on_document"} if "comment" in kinds(one) else set()
        used = {call["name"] for call in calls(one)}
        wanted = used | may | other_ways.get(one.labels["kind"], set())

        assert set(one.expect["needless"]) == set(tool_names("workspace")) - wanted, one.id


def test_twins_differ_in_what_is_done_or_in_what_is_found():
    known = {one.id: one for one in SCENARIOS}
    for one in SCENARIOS:
        if one.twin:
            other = known[one.twin]

            assert one.environment.kind == other.environment.kind == "workspace"
            assert one.labels["steps"] != other.labels["steps"], one.id


def test_no_call_of_a_solution_is_refused_or_comes_back_empty():
    for one in SCENARIOS:
        for call in play(one, reference).work.calls:
            assert call.ok and call.answer, one.id
            assert call.answer not in ("No results.", "The code ran and printed nothing."), one.id


def figures(text):
    return [float(one) for one in re.findall(r"(?<![\w:.])\d+(?:\.\d+)?(?![\w:.])", text)]


@pytest.mark.parametrize(
    "scenario", [one for one in SCENARIOS if one.labels["python"] == "yes"], ids=lambda one: one.id
)
def test_what_python_is_scripted_to_print_is_what_the_program_prints(scenario):
    """But for rounding to the cent, and for lines that only other programs would print."""
    [code] = [call["arguments"]["code"] for call in calls(scenario) if call["name"] == "run_python"]
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(code, {})  # our own programs, written in the dataset
    scripted = scenario.environment.state["python"]
    told = set(re.findall(r"\d+:\d\d", scripted))

    assert set(re.findall(r"\d+:\d\d", printed.getvalue())) == told
    assert figures(printed.getvalue())
    for figure in figures(printed.getvalue()):
        assert any(abs(figure - one) < 0.006 for one in figures(scripted)), figure


def test_a_searched_figure_stands_on_the_page_that_is_found():
    """Numbers that a document holds afterwards and did not hold before come from a result."""
    for one in SCENARIOS:
        if one.labels["steps"] != "search-edit" or one.id == "loom-hours-wrong":  # 17:00 is 5 pm
            continue
        reply = play(one, reference)
        found = "\n".join(call.answer for call in reply.work.calls)
        new = set(re.findall(r"\d+", reply.document)) - set(re.findall(r"\d+", one.document))

        assert new <= set(re.findall(r"\d+", found)), one.id


def rewriting(scenario, messages):
    """Does what solves it, but writes the document anew instead of editing it."""
    turn = reference(scenario, messages)
    if not turn.calls or turn.calls[0]["name"] != "edit_document":
        return turn
    content = play(scenario, reference).document.strip()
    return Turn(calls=[{"name": "rewrite_document", "arguments": {"content": content}}])


def searching_twice(scenario, messages):
    """Looks again before it goes on, where it has to look at all."""
    made = [call for one in messages for call in one.tool_calls if call.name == "search_web"]
    if scenario.labels["search"] == "yes" and not made:
        return Turn(calls=[calls(scenario)[0]])
    steps = [one for one in messages[len(scenario.messages) :] if one.tool_calls]
    left = calls(scenario)[max(0, len(steps) - (scenario.labels["search"] == "yes")) :]
    return Turn(calls=left[:1]) if left else Turn(say=scenario.expect["solution"]["say"])


@pytest.mark.parametrize("agent", [rewriting, searching_twice])
def test_what_is_done_another_way_is_done_as_well(agent):
    rubric = load_rubric(NAME)
    wrong = {
        (one.id, key)
        for one in SCENARIOS
        for key, value in scored(rubric, play(one, agent)).items()
        if value != 1.0
    }

    assert wrong == set()


def puts_it_in(scenario, messages):
    """Does what solves it, and puts what it then says above the document, asked or not."""
    turn = reference(scenario, messages)
    if turn.calls or any(c.name == "edit_document" for one in messages for c in one.tool_calls):
        return turn
    edit = {"start": 0, "end": 0, "replacement": f"{turn.say}\n\n"}
    return Turn(calls=[{"name": "edit_document", "arguments": {"edits": [edit]}}])


def test_what_was_only_asked_about_and_is_put_in_all_the_same_fails():
    rubric = load_rubric(NAME)
    only_asked = [one for one in SCENARIOS if one.labels["kind"] == "none" and one.document]

    assert len(only_asked) >= 12
    for one in only_asked:
        found = scored(rubric, play(one, puts_it_in))
        for key in (
            "tools-in-play.writes",
            "tools-in-play.nothing-needless",
            "put-where-it-belongs.kind",
        ):
            assert found[key] == 0, (one.id, key)


def chooses_silently(scenario, messages):
    """Does what solves it, and names only the first of two figures."""
    turn = reference(scenario, messages)
    return turn if turn.calls else Turn(say=f"It is {scenario.expect['says'][0]}.")


def test_who_names_one_of_two_sources_is_found_out():
    rubric = load_rubric(NAME)
    asked = [one for one in SCENARIOS if "also" in one.expect and one.labels["finding"] != "none"]

    assert len([one for one in asked if one.labels["finding"] == "disagree"]) >= 3
    for one in asked:
        found = scored(rubric, play(one, chooses_silently))

        assert found["told-in-the-chat.answers"] == 1
        assert found["told-in-the-chat.the-other-half"] == 0, one.id
