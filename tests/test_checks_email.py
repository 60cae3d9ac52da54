"""Subject, greeting and sign-off, in several languages and in spite of remarks about the draft."""

import pytest

from tastemaker.checks.registry import bind
from tastemaker.records import Reply

DRAFT = """Here's a draft:

**Subject:** Invoice 7, due in May

Hi Dana,

could you look into invoice 7? Best would be this week.

Thanks for your help,
Ana

Let me know if you want it shorter."""


def ask(name, text, /, **arguments):
    return bind(name, arguments)(Reply(text=text))


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (DRAFT, {}, 1.0),
        (DRAFT, {"max_words": 5, "max_characters": 21}, 1.0),
        ("Betreff: Rückfrage zu Ärger\n\nHallo", {"max_words": 4}, 1.0),
        ("```\nSubject: Invoice\n\nHi\n```", {}, 1.0),
        ("件名：請求書について", {}, 1.0),
        (DRAFT, {"max_words": 4}, 0.0),
        (DRAFT, {"max_characters": 20}, 0.0),
        ("Subject:\n\nHi Dana", {}, 0.0),
        ("The subject: invoices.", {}, 0.0),
        ("line\n" * 30 + "Subject: late", {}, 0.0),
    ],
)
def test_subject_line(text, arguments, value):
    assert ask("subject_line", text, **arguments).value == value


def test_the_subject_is_quoted_with_its_size():
    finding = ask("subject_line", DRAFT, max_words=4)

    assert finding.quote == "Invoice 7, due in May"
    assert finding.reason == "5 words, at most 4"


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (DRAFT, {}, 1.0),
        (DRAFT, {"name": ["Dan", "Dana"]}, 1.0),
        ("Dana,\n\nthe invoice is late.", {"name": "Dana"}, 1.0),
        ("Sehr geehrte Frau Müller,\n\n...", {"name": "Muller"}, 1.0),
        ("```\nHello team!\n```", {}, 1.0),
        ("田中様\n\nお世話になっております。", {"name": "田中"}, 1.0),
        ("田中様\n\nお世話になっております。", {}, 1.0),
        ("Добрый день, Анна!", {"name": "Анна"}, 1.0),
        (DRAFT, {"name": "Dan"}, 0.0),
        ("The invoice is late.\n\nBest,\nAna", {}, 0.0),
        ("田中様\n\nお世話になっております。", {"name": "中村"}, 0.0),
        ("History repeats itself.", {}, 0.0),
        ("line\n" * 30 + "Hi Dana,", {}, 0.0),
    ],
)
def test_greeting(text, arguments, value):
    assert ask("greeting", text, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (DRAFT, {}, 1.0),
        (DRAFT, {"name": "Ana"}, 1.0),
        ("Text.\n\n**Best regards,**\n\nAna Lee\nHead of Sales", {"name": "Ana"}, 1.0),
        ("Text.\n\nBest, Ana", {"name": "Ana"}, 1.0),
        ("Text.\n\nCheers!\nAna", {}, 1.0),
        ("Text.\n\nViele Grüße\nÄnne", {"name": "Anne"}, 1.0),
        ("Texto.\n\nUn saludo,\nAna", {}, 1.0),
        ("```\nText.\n\nThanks\n```", {}, 1.0),
        (DRAFT, {"name": "Tom"}, 0.0),
        ("Thanks for your message. The invoice is late.", {}, 0.0),
        ("Best of luck with the launch.", {}, 0.0),
        ("Best,\nAna\n" + "line\n" * 20, {}, 0.0),
    ],
)
def test_sign_off(text, arguments, value):
    assert ask("sign_off", text, **arguments).value == value
