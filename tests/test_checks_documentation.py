"""What is told about the checks is complete and true, and the committed page is up to date."""

from dataclasses import asdict
from json import dumps
from pathlib import Path

import yaml

from tastemaker.checks.documentation import describe, kinds, page
from tastemaker.checks.registry import bind, checks

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"


def test_every_check_is_described():
    assert {told.name for told in describe()} == set(checks())
    assert all(told.family and told.met != told.unmet for told in describe())


def test_the_example_criteria_are_yaml_that_can_be_bound():
    for told in describe():
        criterion = yaml.safe_load(told.criterion)

        assert set(criterion) <= {"check", "with"}
        assert bind(criterion["check"], criterion.get("with")).check.name == told.name


def test_descriptions_can_be_printed_as_json():
    [words] = [asdict(told) for told in describe() if told.name == "words"]

    assert dumps(words)
    assert words["arguments"][1] == {
        "name": "max",
        "type": "whole number",
        "required": False,
        "default": None,
        "description": "at most this many",
    }


def test_required_arguments_and_defaults_are_shown():
    assert "| `text` | text | required |" in page()
    assert "| `kind` | any, ordered or bulleted | `any` | which lists count |" in page()
    assert "| `min` | number | `0.8` | the least similarity that passes |" in page()


def test_a_reply_that_needs_a_scenario_is_shown_with_it():
    [told] = [told for told in describe() if told.name == "mentions"]

    assert yaml.safe_load(told.met) == {
        "expect": {"recipient": "José"},
        "reply": "Hi Jose, the invoice is attached.",
    }


def test_the_page_in_the_docs_is_the_one_that_the_checks_make():
    """To write it again: `print(page(), end="")` into docs/checks.md."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_page_about_instructions_ends_with_the_table_of_their_kinds():
    """To write it again: replace what stands under "The kinds" from the first table on."""
    text = (PAGE.parent / "instructions.md").read_text(encoding="utf-8")

    assert text.endswith(kinds())
    assert kinds().count("\n| [`") == sum(":" in name for name in checks())
