"""No reply makes a check of its form take longer than its length allows."""

import time

import pytest

from tastemaker.checks.registry import CheckError, bind
from tastemaker.records import Reply

SECONDS = 5.0
"""Of the processor. Each of these took more, mostly minutes, or would never have ended."""
MOVED = {"was": ["381"], "now": ["391"]}
CREW = {"candidates": ["Ines", "Tomasz"], "fits": ["Ines"]}
WHO = {"rows": [{"who": "Ines", "hours": 7.5}]}
PLAIN = {"format": "plain text", **WHO}
UNIQUE = {"matches": {"uniqueItems": True}}
TEXTS = {
    "quotations that nobody closes": ("asks_user", {}, "“a. " * 50_000),
    "lines before a concession": ("changed_mind", MOVED, "a" + "\n" * 199_000 + "b"),
    "spaces after a name": ("chosen", CREW, "Ines" + " " * 199_000 + "b"),
    "spaces and no field": ("fields_say", WHO, "a" + " " * 99_000 + "b: c"),
    "spaces in a number": ("fields_say", WHO, '{"hours": "1' + " " * 90_000 + "x" * 14 + '"}'),
    "empty lines in plain text": ("in_format", PLAIN, "a" + "\n" * 99_000 + "b"),
    "tags that nobody closes": ("in_format", PLAIN, "a: <a" * 19_000),
    "nothing twice": ("words:unique", {}, " ".join(f"w{n}" for n in range(28_000))),
    "objects, all different": (
        "format:json_schema",
        UNIQUE,
        "[" + ",".join(f'{{"a":{n}}}' for n in range(9_000)) + "]",
    ),
    "a pattern that explodes": (
        "format:json_schema",
        {"matches": {"pattern": "^(a|a)+$"}},
        '"' + "a" * 60 + '!"',
    ),
}


@pytest.mark.parametrize(("name", "arguments", "text"), TEXTS.values(), ids=TEXTS)
def test_a_long_reply_is_read_in_time(name, arguments, text):
    began = time.process_time()

    bind(name, arguments)(Reply(text=text))

    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("depth", [900, 5_000, 40_000])
def test_nesting_without_end_is_no_record(depth):
    nested = '{"a":' * depth + "1" + "}" * depth

    assert bind("fields_say", WHO)(Reply(text=nested)).value == 0
    assert bind("fields_say", WHO)(Reply(text="[" * depth + "]" * depth)).value == 0


@pytest.mark.parametrize(
    ("text", "unique"),
    [
        ('[1, true, "1", [1], {"a": 2}]', 1),
        ("[1, 1.0]", 0),
        ('[{"a": [2.0], "b": 0}, {"b": 0, "a": [2]}]', 0),
        ('"not a list"', 1),
    ],
)
def test_items_are_unique_as_json_schema_means_it(text, unique):
    assert bind("format:json_schema", UNIQUE)(Reply(text=text)).value == unique


def test_a_pattern_stands_anywhere_in_a_text():
    found = bind("format:json_schema", {"matches": {"items": {"pattern": "^a|z$"}}})

    assert found(Reply(text='["ab", "xyz", 3]')).value == 1
    assert found(Reply(text='["ab", "xyzt"]')).value == 0


def test_a_number_too_large_for_a_schema_is_no_crash():
    found = bind("format:json_schema", {"matches": {"multipleOf": 0.1}})

    assert found(Reply(text="1e400")).value == 0
    assert found(Reply(text="1" + "0" * 4000)).value == 0


@pytest.mark.parametrize(
    "schema", [{"pattern": "("}, {"items": {"patternProperties": {"^(a+)+$": True}}}]
)
def test_a_schema_whose_patterns_cannot_be_held_to_a_time_is_refused(schema):
    with pytest.raises(CheckError, match=r"pattern|regex"):
        bind("format:json_schema", {"matches": schema})


def test_a_rule_between_rows_is_no_line_of_its_own():
    """A table of lines keeps its rules, whatever the spaces around them."""
    for rule in ("---", " | :--- | ---: | ", "=====", "  - - -- "):
        text = f"who: Ines\n{rule}\nhours: 7.5"

        assert bind("fields_say", WHO)(Reply(text=text)).value == 1, rule
