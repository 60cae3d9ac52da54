"""The language of a reply and its readability, against worked examples."""

import pytest

from tastemaker.checks.language import syllables
from tastemaker.checks.registry import bind
from tastemaker.records import Reply

GERMAN = "Vielen Dank für Ihre Nachricht. Ich melde mich morgen bei Ihnen."
ENGLISH = "Thank you for your message. I will get back to you tomorrow."
JAPANESE = "今日はとても良い天気ですね。"


def ask(name, text, /, **arguments):
    return bind(name, arguments)(Reply(text=text))


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (GERMAN, {"is": "de"}, 1.0),
        (ENGLISH, {"is": ["de", "en"]}, 1.0),
        (JAPANESE, {"is": "ja"}, 1.0),
        (ENGLISH, {"is_not": "de"}, 1.0),
        (f"{GERMAN}\n\n```\n{ENGLISH * 3}\n```", {"is": "de"}, 1.0),
        (f"{GERMAN} https://example.com/this/is/the/very/long/address", {"is": "de"}, 1.0),
        (GERMAN, {"is": "en"}, 0.0),
        (ENGLISH, {"is": ["de", "fr"]}, 0.0),
        (JAPANESE, {"is_not": ["ja", "zh"]}, 0.0),
        (f"{GERMAN}\n\n```\n{ENGLISH * 3}\n```", {"is": "de", "skip_code": False}, 0.0),
        ("OK", {"is": "en"}, None),
        ("42 👍", {"is": "en"}, None),
        ("```\nprint('hello world')\n```", {"is": "en"}, None),
        (GERMAN, {"is": "de", "min_letters": 500}, None),
        (f"{GERMAN[:15]} {ENGLISH[:15]}", {"is": "de", "confidence": 1.0}, None),
    ],
)
def test_language_is_told_or_the_reply_is_unscored(text, arguments, value):
    finding = ask("language", text, **arguments)

    assert finding.value == value, finding.reason
    assert finding.reason


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("the", 1),
        ("make", 1),
        ("makes", 1),
        ("called", 1),
        ("wanted", 2),
        ("table", 2),
        ("boxes", 2),
        ("idea", 2),  # one too few: no rule sees that the vowels part
        ("reading", 2),
        ("don't", 1),
        ("beautiful", 3),
        ("created", 3),
        ("Communication", 5),
        ("rhythm", 1),
        ("tsk", 1),
    ],
)
def test_syllables(word, count):
    assert syllables(word) == count


def test_reading_ease_by_hand():
    """Six words, six syllables, one sentence: 206.835 - 1.015 * 6 - 84.6 * 1 = 116.145."""
    text = "The cat sat on the mat."

    assert ask("readability", text, min=116.1, max=116.2).value == 1.0
    assert ask("readability", text, min=116.2).value == 0.0
    assert ask("readability", text, max=116.1).value == 0.0
    assert ask("readability", text, min=116.1).reason == "flesch_reading_ease 116.1, at least 116.1"


def test_grade_by_hand():
    """Four words, twelve syllables, two sentences: 0.39 * 2 + 11.8 * 3 - 15.59 = 20.59."""
    text = "Communication helps. Communication works."

    limits = {"min": 20.58, "max": 20.60}
    assert ask("readability", text, formula="flesch_kincaid_grade", **limits).value == 1.0
    assert ask("readability", text, formula="flesch_kincaid_grade", max=20.0).value == 0.0


def test_readability_leaves_out_code_and_addresses():
    text = "The cat sat on the mat."
    more = f"{text} https://example.com/incomprehensibility\n\n```\nincomprehensible()\n```"

    assert ask("readability", more, min=110).value == 1.0
    assert ask("readability", more, min=110, skip_code=False).value == 0.0


@pytest.mark.parametrize("text", ["42", "今日は", "```\ncode\n```", "👍"])
def test_without_words_there_is_nothing_to_measure(text):
    assert ask("readability", text, min=0).value is None
