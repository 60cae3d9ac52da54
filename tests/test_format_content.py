"""What instructions/format says of itself is so: each task can be done in each of its clothes."""

import json
from xml.sax.saxutils import escape

import pytest
from shipped import load_dataset, load_rubric

from tastemaker.checks.registry import bind
from tastemaker.records import Reply

SCENARIOS = load_dataset("instructions/format").scenarios
CLOTHES = {"plain text", "Markdown", "XML", "JSON"}


def values(rows):
    """The rows with one value for each field, as text."""
    first = [{k: v[0] if isinstance(v, list) else v for k, v in row.items()} for row in rows]
    spoken = {True: "yes", False: "no"}
    return [
        {k: spoken[v] if isinstance(v, bool) else str(v) for k, v in row.items()} for row in first
    ]


def told(rows, format):
    """A right reply in a format, as models write them."""
    names = list(rows[0])
    if format == "JSON":
        return json.dumps(rows if len(rows) > 1 else rows[0], ensure_ascii=False, indent=2)
    if format == "XML":
        fields = [
            "".join(
                f"<{n.replace(' ', '_')}>{escape(row[n])}</{n.replace(' ', '_')}>" for n in names
            )
            for row in rows
        ]
        return f"<answer>{''.join(f'<entry>{one}</entry>' for one in fields)}</answer>"
    if format == "Markdown":
        lines = [names, ["---"] * len(names), *([row[n] for n in names] for row in rows)]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    if len(names) == 1:
        return "\n".join(row[names[0]] for row in rows)
    return "\n\n".join("\n".join(f"{n}: {row[n]}" for n in names) for row in rows)


def answers(scenario, text):
    reply = Reply(text=text, expect=scenario.expect, labels=scenario.labels)
    return {
        key: bind(criterion.check, criterion.arguments)(reply).value
        for key, criterion in load_rubric("instructions/format").applicable(scenario.labels)
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_a_right_reply_in_its_format_meets_everything(scenario):
    text = told(values(scenario.expect["rows"]), scenario.labels["format"])

    assert set(answers(scenario, text).values()) == {1}, text


@pytest.mark.parametrize("scenario", SCENARIOS[::4], ids=lambda scenario: scenario.cluster)
def test_the_same_content_counts_in_every_format_and_wrong_content_in_none(scenario):
    rows = values(scenario.expect["rows"])
    wrong = [{name: f"{value}x1" for name, value in row.items()} for row in rows]
    for format in CLOTHES:
        right = answers(scenario, told(rows, format))
        assert right["right-content", "all-right"] == 1, format
        assert right["in-format", "nothing-around"] == (format == scenario.labels["format"])
        assert answers(scenario, told(wrong, format))["right-content", "mostly-right"] == 0, format


def test_each_task_is_asked_for_once_in_each_format():
    formats = {}
    for one in SCENARIOS:
        formats.setdefault(one.cluster, []).append(one.labels["format"])
        assert one.labels["format"] in one.messages[-1].text
        assert one.labels["kind"] == one.stratum

    assert len(formats) == 62
    assert all(sorted(found) == sorted(CLOTHES) for found in formats.values())


def test_the_answer_does_not_stand_in_the_prompt_in_the_order_asked_for():
    """A list that is to be put in order is not in that order already."""
    for one in SCENARIOS:
        if one.expect["ordered"]:
            name = next(iter(one.expect["rows"][0]))
            places = [one.prompt.find(row[name]) for row in one.expect["rows"]]
            assert places != sorted(places), one.id


def test_the_label_says_in_which_clothes_the_material_comes():
    for one in SCENARIOS:
        given, text = one.labels["given"], one.prompt
        assert (given == "json") == ('{"' in text), one.id
        assert (given == "xml") == ("</" in text or "/>" in text), one.id
        assert given != "markdown" or any(mark in text for mark in ("|---", "**", "\n- ")), one.id
