"""Questions, exclamations, emoji, capitals; and what a reply left to be filled in."""

import pytest

from tastemaker.checks.registry import bind
from tastemaker.records import Reply

CODE = "See:\n\n```\nif (a != b) WARNING? ✅!\n```\n"


def ask(name, text, /, prompt="", **arguments):
    return bind(name, arguments)(Reply(text=text, prompt=prompt))


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("Shall I? Good.", {}, 1.0),
        ("Fine. Shall I?", {"where": "end", "exactly": 1}, 1.0),
        ("(Really?)", {"where": "end"}, 1.0),
        ("本当ですか？", {"where": "end"}, 1.0),
        ("هل هذا صحيح؟", {}, 1.0),
        ("What?! Why??", {"exactly": 2}, 1.0),
        ("**Shall we?**", {"where": "end"}, 1.0),
        ("See https://a.b/?c=d now.", {"max": 0}, 1.0),
        (CODE, {"max": 0}, 1.0),
        ("Shall I? Good.", {"where": "end"}, 0.0),
        ("No.", {}, 0.0),
        ("Why? How?", {"max": 1}, 0.0),
        (CODE, {}, 0.0),
        ("```\nx?\n```", {"where": "end"}, 0.0),
    ],
)
def test_questions_are_sentences_that_end_with_a_question_mark(text, arguments, value):
    assert ask("question", text, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("Thanks!", {"max": 1}, 1.0),
        ("すごい！", {"exactly": 1}, 1.0),
        ("a != b ![x](y.png)", {"max": 0}, 1.0),
        (CODE, {"max": 0}, 1.0),
        ("Great!!!", {"max": 2}, 0.0),
        ("Thanks.", {}, 0.0),
        (CODE, {"skip_code": False, "max": 0}, 0.0),
    ],
)
def test_each_exclamation_mark_counts(text, arguments, value):
    assert ask("exclamations", text, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("plain ✓ © ™ → 3 #", 0),
        ("👍🏽", 1),
        ("👨‍👩‍👧 🇨🇭 1️⃣", 3),
        ("❤️ 🏳️‍🌈", 2),
        ("🎉🎉", 2),
        (CODE, 0),
    ],
)
def test_an_emoji_is_what_is_shown_as_one(text, count):
    assert ask("emoji", text, exactly=count).value == 1.0
    assert ask("emoji", text, min=count + 1).value == 0.0


def test_emoji_in_code_count_when_asked_for():
    assert ask("emoji", CODE, max=0, skip_code=False).value == 0.0


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("NASA and HTML are fine", {"max": 0}, 1.0),
        ("UNESCO", {"max": 0, "allow": "UNESCO"}, 1.0),
        ("COVID19 and McDONALD", {"max": 0}, 1.0),
        (CODE, {"max": 0}, 1.0),
        ("DRINGEND ÄRGERLICH", {"exactly": 2}, 1.0),
        ("Reply IMMEDIATELY", {"max": 0}, 0.0),
        ("STOP", {"max": 0, "letters": 4}, 0.0),
        ("nothing", {}, 0.0),
        ("СРОЧНО", {"max": 0}, 0.0),
        (CODE, {"max": 0, "skip_code": False}, 0.0),
    ],
)
def test_shouted_words(text, arguments, value):
    assert ask("all_caps", text, **arguments).value == value


@pytest.mark.parametrize(
    "placeholder",
    [
        "[Your Name]",
        "[your name here]",
        "[Recipient’s Name]",
        "[Hiring Manager]",
        "[Previous Employer]",
        "[Director of Sales]",
        "[COMPANY_NAME]",
        "[insert date]",
        "[X]",
        "[Client]",
        "[Ihr Name]",
        "<name>",
        "<Your Company>",
        "<INSERT_LINK>",
        "{{company}}",
        "{{ first_name }}",
        "{first_name}",
        "${AMOUNT}",
        "XX/XX",
        "XX/XX/XXXX",
        "DD.MM.YYYY",
        "$XX",
        "$X,XXX",
        "XX%",
        "INSERT DATE",
        "YOUR NAME HERE",
        "lorem ipsum",
    ],
)
def test_placeholders_are_found(placeholder):
    finding = ask("no_placeholders", f"Hi there, {placeholder} it is.")

    assert finding.value == 0.0
    assert placeholder in finding.quote or finding.quote in placeholder


def test_a_blank_to_write_on_is_a_placeholder_and_a_rule_is_not():
    assert ask("no_placeholders", "Signed: ________").value == 0.0
    assert ask("no_placeholders", "Above\n\n________\n\nbelow").value == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "See [the invoice](https://a.b/c) and [Client Portal](x).",
        "As shown [1], [2] and [^note].",
        "- [ ] Call the client\n- [x] Email\n* [X] Your name",
        "The [Client Portal][1] is up.\n\n[1]: https://a.b",
        "Read [Our Pricing].\n\n[Our Pricing]: https://a.b",
        "![Company Logo](logo.png)",
        "He said “I [was] there” [sic] [...] [laughs].",
        "[Chorus]\nLa la la\n[Verse 2]",
        "Use `[Your Name]` or `{{name}}`.",
        "```\nHi [Your Name], {{company}}\n```",
        "<b>bold</b> and <br> and <https://a.b> and <ana@b.c>",
        "<name>Dana</name> <email>d@e.f</email>",
        r"The area is \frac{a}{b} and x_{name}, f\text{name}.",
        "The set {a, b} and {x}.",
        "INSERT INTO people; Louis XX; the XX chromosome",
        "It costs $40 at 10/12, x<y and y>z.",
        "list[name] = a[0]",
        "東京［名前］です",
        "1 < name and name > 2",
    ],
)
def test_what_only_looks_like_a_placeholder_is_left_alone(text):
    finding = ask("no_placeholders", text)

    assert finding.value == 1.0, finding.reason


def test_placeholders_may_be_allowed():
    text = "Dear [Client], from [Your Name]"

    assert ask("no_placeholders", text).reason == "2 placeholders: [Client], [Your Name]"
    assert ask("no_placeholders", text, allow=["[client]", "[Your Name]"]).value == 1.0
    assert ask("no_placeholders", text, allow="[Client]").value == 0.0
    prompt = "Fix this template: Dear [Client], from [Your Name]"
    assert ask("no_placeholders", text, prompt=prompt, from_prompt=True).value == 1.0
    assert ask("no_placeholders", text, prompt=prompt).value == 0.0
    assert ask("no_placeholders", "`[Your Name]`", skip_code=False).value == 0.0
