"""The form of a reply: what counts as a paragraph, a heading, a list item, a table, code, JSON."""

import pytest

from tastemaker.checks.markdown import without_code
from tastemaker.checks.registry import bind
from tastemaker.records import Reply

FENCED = "Run:\n\n```py\n# no heading\n- no item\n**no bold**\n```\n"


def ask(name, text, /, **arguments):
    return bind(name, arguments)(Reply(text=text))


def test_code_becomes_blank_and_everything_else_stays_in_its_place():
    text = "a `b` c\r\n~~~\r\ncode é\r\n~~~\r\nd ``e`f`` g"

    assert without_code(text) == "a     c\r\n   \r\n      \r\n   \r\nd         g"


@pytest.mark.parametrize(
    "text", ["\0`a`\r", "a\rb\u2028c", "```", "\n\n```\nx", "- a\n  ```\n  x\n  ```\n", "`" * 9]
)
def test_code_becomes_blank_without_a_change_of_length(text):
    assert len(without_code(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One\nline", 1),
        ("One\n\n\nTwo", 2),
        ("Hi Ana,\r\n\r\nText\r\n\r\nBest,\r\nTom", 3),
        ("# Title\n\nText\n\n- item\n- item\n\n---\n\nEnd", 2),
        ("Text\n\n| a |\n|---|\n| b |", 1),
        ("第一段\n\n第二段", 2),
        (FENCED, 1),
        ("    indented\n\nnot code", 2),
        ("<name>\n\nText", 2),
        ("> quoted", 1),
    ],
)
def test_paragraphs_are_blocks_of_running_text(text, count):
    assert ask("paragraphs", text, exactly=count).value == 1.0
    assert ask("paragraphs", text, max=count - 1).value == 0.0
    assert ask("paragraphs", text, min=count + 1).value == 0.0


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("# A\n\n## B", {"exactly": 2}, 1.0),
        ("# Über uns", {}, 1.0),
        ("# A\n## B\n## C", {"levels": [2], "exactly": 2}, 1.0),
        (FENCED, {"max": 0}, 1.0),
        ("#hashtag", {"max": 0}, 1.0),
        ("Title\n-----\n", {"max": 0}, 1.0),  # dashes below a line are a rule
        ("**Title**\n\nText", {}, 0.0),
        ("# A", {"levels": [2, 3]}, 0.0),
        ("# A", {"max": 0}, 0.0),
        (FENCED, {}, 0.0),
    ],
)
def test_headings(text, arguments, value):
    assert ask("headings", text, **arguments).value == value


def test_a_heading_is_quoted_as_it_stands():
    assert ask("headings", "Intro\n\n## Über uns ##\n", max=0).quote == "## Über uns ##"


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("**Friday**", {}, 1.0),
        ("__größer__ als **das**", {"exactly": 2}, 1.0),
        (FENCED, {"max": 0}, 1.0),
        ("`**x**` and snake__case__name", {"max": 0}, 1.0),
        ("2 ** 3 ** 4", {"max": 0}, 1.0),
        ("*italic*", {}, 0.0),
        ("**Friday**", {"max": 0}, 0.0),
        ("**not\nclosed", {}, 0.0),
        (FENCED, {}, 0.0),
    ],
)
def test_bold(text, arguments, value):
    assert ask("bold", text, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |", {}, 1.0),
        ("Größe | Preis\n---|---\n1 | 2", {"columns": 2}, 1.0),
        ("a | b", {"max": 0}, 1.0),
        ("| a |\n|---|\n\ntext\n\n| b |\n|---|\n", {"exactly": 2}, 1.0),
        ("a | b", {}, 0.0),
        ("| a | b |\n|---|---|", {"columns": 3}, 0.0),
        ("```\n| a |\n|---|\n```", {}, 0.0),
        ("| a |\n|---|", {"max": 0}, 0.0),
    ],
)
def test_tables(text, arguments, value):
    assert ask("table", text, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (FENCED, {}, 1.0),
        (FENCED, {"language": "PY", "exactly": 1}, 1.0),
        ("~~~\né\n~~~\n\n```\nx\n```", {"exactly": 2}, 1.0),
        ("- item\n  ```sh\n  ls\n  ```", {"language": "sh"}, 1.0),
        ("`inline`", {"max": 0}, 1.0),
        ("`inline`", {}, 0.0),
        ("    indented", {}, 0.0),
        (FENCED, {"language": "js"}, 0.0),
        (FENCED, {"max": 0}, 0.0),
    ],
)
def test_code_blocks(text, arguments, value):
    assert ask("code_block", text, **arguments).value == value


NESTED = "- a\n  - a1\n  - a2\n- b\n"


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (NESTED, {"exactly": 2}, 1.0),
        ("1. a\n\n   more\n\n2. b", {"kind": "ordered", "exactly": 2}, 1.0),
        ("1. a\n\nbetween\n\n2. b", {"exactly": 2}, 1.0),
        ("1) eins\n2) zwölf", {"kind": "ordered", "min": 2}, 1.0),
        ("• Brot\n• Käse\n", {"kind": "bulleted", "exactly": 2}, 1.0),
        ("> * a\n> * b", {"exactly": 2}, 1.0),
        ("- a\n\n1. b", {"kind": "ordered", "exactly": 1}, 1.0),
        (FENCED, {"max": 0}, 1.0),
        (NESTED, {"exactly": 4}, 0.0),
        (NESTED, {"kind": "ordered"}, 0.0),
        ("1. a\n2. b", {"kind": "bulleted"}, 0.0),
        ("-not an item\n1.nor this", {}, 0.0),
        ("- a", {"max": 0}, 0.0),
        (FENCED, {}, 0.0),
    ],
)
def test_list_items_count_unless_they_stand_in_other_items(text, arguments, value):
    assert ask("list_of", text, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ('{"a": 1}', {}, 1.0),
        (' [1, "é"]\n', {"kind": "array"}, 1.0),
        ('{"größe": {"b": null}}', {"kind": "object", "required": ["größe"]}, 1.0),
        ("1" * 5000, {}, 1.0),
        ('```json\n{"a": 1}\n```', {"fenced": True}, 1.0),
        ('{"a": 1}', {"fenced": True}, 1.0),
        ('```json\n{"a": 1}\n```', {}, 0.0),
        ('Here:\n```json\n{"a": 1}\n```', {"fenced": True}, 0.0),
        ("{'a': 1}", {}, 0.0),
        ('{"a": 1,}', {}, 0.0),
        ('{"a": NaN}', {}, 0.0),
        ("[" * 100_000, {}, 0.0),
        ("[1]", {"kind": "object"}, 0.0),
        ("[1]", {"required": ["a"]}, 0.0),
        ('{"a": 1}', {"required": ["a", "b"]}, 0.0),
    ],
)
def test_json_is_the_whole_reply_strictly(text, arguments, value):
    assert ask("valid_json", text, **arguments).value == value


def test_json_says_what_is_wrong():
    assert "line 2 column 1" in ask("valid_json", '{"a": 1,\n}').reason
    assert ask("valid_json", "[1]", kind="object").reason == "JSON, but its top is not an object"
    missing = ask("valid_json", '{"a": 1}', required=["a", "b", "c"])
    assert missing.reason == "JSON, but without b, c"
