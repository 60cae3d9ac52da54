"""What form a reply takes, told by what it is made of."""

import time

import pytest

from tastemaker.checks.forms import form_of, forms_in, page_of
from tastemaker.checks.registry import bind
from tastemaker.records import Reply

TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"
APP = "<!doctype html><html><body><button>Go</button><script>1</script></body></html>"
MERMAID = '```mermaid\npie\n  "a" : 1\n```'
BARS = "```\nMon  ███ 3\nTue  ███████ 7\nWed  ██ 2\n```"

FORMS = [
    ("text", "The Anker: 240, and it has a kitchen."),
    ("text", "Noor 93, Teo 62, you 31."),
    ("text", "Two things: it is late, and\n\nI am tired.\n\n- Goodnight"),
    (
        "text",
        "Here is a long explanation of everything that matters here and more.\n\n- a\n- b\n- c",
    ),
    ("text", "```python\nimport matplotlib.pyplot as plt\nplt.bar([1], [2])\n```"),
    ("text", "Let x = 3, y === 4 and z --- well."),
    ("text", "Use `<svg>` for that, or `<table>`."),
    ("text", "привет, всё хорошо 🙂"),
    ("list", "- socks\n- map\n- stove"),
    ("list", "Take:\n\n1. socks\n2. map\n3. stove\n\nGood night."),
    ("list", "• méli\n• γάλα\n• 蜂蜜"),
    ("list", "* **bold** ** item\n* another one\n* a third ***"),
    ("list", "1. x = 4\n2. y == 5\n3. z === 6"),
    ("list", "☐ passport\n☐ 2 photos\n☐ letter with a stamp"),
    ("table", TABLE),
    ("table", "```\nYear   Members  Change\n2019   84\n```\n\n" + TABLE),
    ("table", "```\nYear   Members\n2019   84\n2020   102\n```"),
    (
        "table",
        "```\n┌──────┬─────┐\n│ 2019 │  84 │\n│ 2020 │ 102 │\n│ 2021 │ 131 │\n└──────┴─────┘\n```",
    ),
    ("text", "```\nfor x in y:\n    print(x)\n    go(x)\n```"),
    ("table", f"Some words before it.\n\n{TABLE}\n\n- one\n- two\n- three"),
    ("table", "```html\n<html><body><table><tr><td>1</td></tr></table></body></html>\n```"),
    ("chart", MERMAID),
    ("chart", f"{TABLE}\n\n{MERMAID}"),
    ("chart", BARS),
    ("chart", "Mon | ###\nTue | #######\nWed | ##"),
    (
        "chart",
        "```\n31:40 |     *\n30:55 |  *\n29:58 |        *\n28:47 |\n      +--------- run\n```",
    ),
    ("chart", "```\n9|   █\n7|   █ █\n4| █ █ █\n  Mo Tu We\n```"),
    ("chart", "▁▂▅▇▆▃ over six months"),
    (
        "chart",
        '```json\n{"$schema": "https://vega.github.io/schema/vega-lite/v5.json"}\n```',
    ),
    ("chart", '<svg width="10" height="10"><rect width="5" height="9"/></svg>'),
    ("chart", "```svg\n<svg></svg>\n```"),
    ("chart", "```html\n<html><body><svg><rect/></svg></body></html>\n```"),
    ("app", f"```html\n{APP}\n```"),
    ("app", f"Save it:\n\n{APP}\n\nThen open it."),
    ("app", f"{MERMAID}\n\n```html\n{APP}\n```\n\n{TABLE}"),
    ("app", f"```\n{APP}\n```"),
    ("app", "```html\n<input type=range><script>1</script>\n```"),
    ("app", "```html\n<!doctype html><html><body><button>cut short"),
]


@pytest.mark.parametrize(("form", "text"), FORMS)
def test_a_reply_has_one_form(form, text):
    assert form_of(text) == form


@pytest.mark.parametrize(("form", "text"), FORMS)
def test_the_choice_is_told_with_what_was_right(form, text):
    right = bind("form_choice", {"should": form})(Reply(text=text))
    wrong = bind("form_choice", {"should": "list" if form != "list" else "app"})(Reply(text=text))

    assert (right.value, right.should, right.did) == (1, form, form)
    assert (wrong.value, wrong.did) == (0, form)


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Hello.", {"text"}),
        (f"{TABLE}\n\n- one item", {"table", "list"}),
        (f"{BARS}\n\n{TABLE}", {"chart", "table"}),
        (f"```html\n{APP}\n```", {"app"}),
    ],
)
def test_every_form_that_occurs_is_seen(text, there):
    assert forms_in(text) == there
    for form in ("list", "table", "chart", "app"):
        assert bind("without_form", {"forms": form})(Reply(text=text)).value == (form not in there)


@pytest.mark.parametrize(
    ("text", "either"),
    [
        ("Chives\nMint\nThyme", True),
        ("Two dishes:\n\nBeet soup, cold\nPears in red wine, warm", True),
        ("Chives and mint.\n\nThyme too.", False),
        ("It gurgles.\nAir is in it.\nSo:\n" + "let it out with the key, " * 9, False),
    ],
)
def test_short_lines_without_marks_are_text_or_list_as_asked(text, either):
    assert bind("form_choice", {"should": "text"})(Reply(text=text)).value == 1
    assert bind("form_choice", {"should": "list"})(Reply(text=text)).value == either
    assert bind("form_choice", {"should": "table"})(Reply(text=text)).did == "text"


def test_a_box_to_tick_is_a_list_also_where_none_may_be():
    assert bind("without_form", {"forms": ["list"]})(Reply(text="☐ map\n☐ socks")).value == 0


@pytest.mark.parametrize("text", ["", "   \n", "\u200b"])
def test_an_empty_reply_has_no_form(text):
    assert bind("form_choice", {"should": "text"})(Reply(text=text)).value == 0
    assert bind("without_form", {"forms": ["table"]})(Reply(text=text)).value == 0


def test_of_several_pages_the_longest_counts_and_words_around_it_do_not():
    long = APP.replace("Go", "Go on, go on")

    assert page_of(f"```html\n{APP}\n```\n\n```html\n{long}\n```").strip() == long
    assert page_of(f"Before {APP} after") == APP
    assert page_of("```css\nbody { color: red }\n```") == ""


@pytest.mark.parametrize(
    "text",
    ["#" * 50_000, "█ " * 30_000, "- " * 30_000, "<html" * 20_000, "| " * 30_000, "= a\n" * 20_000],
)
def test_large_replies_are_told_in_a_moment(text):
    start = time.process_time()
    form_of(text)

    assert time.process_time() - start < 2
