"""The list of stock phrases, and what is found by it: forms, places, and whose words they are."""

import unicodedata
from time import perf_counter

import pytest

from tastemaker.checks.registry import CheckError, bind, is_blank
from tastemaker.checks.stock import entries, hits
from tastemaker.checks.wording import forms, stock, tokens, wordings
from tastemaker.records import Message, Reply

TEMPLATE = "I hope this email finds you well. Let's delve into it."
PLAIN = "The scaffold is still up. Which day does it come down?"


def ask(name, text, /, prompt="", messages=(), **arguments):
    return bind(name, arguments)(Reply(text=text, prompt=prompt, messages=tuple(messages)))


def seen(text):
    return [text[hit.start : hit.end] for hit in hits(text)]


def count(text, **arguments):
    """How many uses `stock_phrases` counts."""
    return int(ask("stock_phrases", text, **arguments).reason.split()[0])


def listed():
    return [(name, entry) for name, group in stock().groups.items() for entry in group.entries]


# The list ----------------------------------------------------------------------------------------


def test_the_list_is_long_and_in_four_languages_at_least():
    languages = {group.language for group in stock().groups.values()}
    english = [e for g in stock().groups.values() if g.language == "en" for e in g.entries]

    assert len(listed()) >= 500
    assert len(english) >= 450
    assert {"en", "de", "fr", "es"} <= languages
    for name in ("german", "french", "spanish"):
        assert len(stock().groups[name].entries) >= 20


def test_every_reason_is_one_line_and_no_sentence_of_a_report():
    assert all(not is_blank(entry.why) for _, entry in listed())
    assert [e.told for _, e in listed() if e.why.endswith(".") or "\n" in e.why] == []


def test_each_severity_is_used_and_the_worst_is_not_the_rule():
    by_severity = [sum(entry.severity == n for _, entry in listed()) for n in (1, 2, 3)]

    assert min(by_severity) >= 50
    assert by_severity[1] > by_severity[2]


@pytest.mark.parametrize("group", stock().groups)
def test_a_phrase_of_the_list_is_found_where_it_is_written(group):
    """Patterns have examples of their own, below."""
    for entry in stock().groups[group].entries:
        for words in wordings(entry.phrase) if entry.phrase else ():
            assert (group, entry) in entries(f"{' '.join(words).capitalize()}."), words


PATTERNS = [
    "Certainly! Here is the note.",
    "Of course, I'd do it so.",
    "Here's a polished version of your letter:",
    "In today's fast-paced digital world, bread is slow.",
    "In our ever-changing, noisy world, bread is slow.",
    "It’s not just a bakery, it’s a promise.",
    "They sell not only bread but also hope.",
    "Baking is less about flour and more about time.",
    "Whether you're a novice or a master, bake.",
    "From crusty rolls to soft brioche, there's bread.",
    "No yeast. No rush. Just flour.",
    "The result? Bread.",
    "And that's the beauty of it.",
    "This isn't about bread. It's about trust.",
    "He left not because he was tired, but because he was proud.",
    "Where tradition meets taste.",
    "I see you. Keep going.",
    "Natürlich! Hier ist der Brief:",
    "Bien sûr ! Voici la lettre :",
    "¡Claro! Aquí tienes la carta:",
]


@pytest.mark.parametrize("text", PATTERNS)
def test_patterns_find_what_they_are_for(text):
    assert any(hit.listed.entry.pattern for hit in hits(text)), seen(text)


def test_every_pattern_of_the_list_is_found_in_one_of_these_examples():
    found = {hit.listed.entry.told for text in PATTERNS for hit in hits(text)}

    assert {entry.told for _, entry in listed() if entry.pattern} <= found


@pytest.mark.parametrize(
    "text",
    [
        "Of course the dog had eaten it.",
        "It is not a bakery. The sign says so.",
        "They sell not bread but flour.",
        "Where the road meets the river there is a mill",
        "I see you have two cats, and I hear you are moving.",
        "She fell into the canal, and he painted a fence.",
        "I am sending you the file on Monday.",
        "We walked from Bern to Thun, and it rained.",
        "I'd think about it.",
    ],
)
def test_plain_sentences_that_look_like_one_are_none(text):
    assert seen(text) == []


# Words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("delve", {"delve", "delves", "delved", "delving"}),
        ("touch", {"touch", "touches", "touched", "touching"}),
        ("rely", {"rely", "relies", "relied", "relying"}),
        ("play", {"play", "plays", "played", "playing"}),
        ("drop", {"drop", "drops", "dropped", "dropping"}),
        ("look", {"look", "looks", "looked", "looking"}),
    ],
)
def test_regular_forms(word, expected):
    assert expected <= set(forms(word))


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("a (b|c d) e", {"a b e", "a c d e"}),
        ("[very] good", {"very good", "good"}),
        ("[I|we] hope", {"i hope", "we hope", "hope"}),
        ("win-win", {"win win"}),
        ("I’m here", {"i'm here"}),
    ],
)
def test_wordings(phrase, expected):
    assert {" ".join(words) for words in wordings(phrase)} == expected


@pytest.mark.parametrize("phrase", ["(a|b", "a)", "a (b (c))", "(a|)", "[a] [b]"])
def test_a_phrase_that_cannot_be_read_is_refused(phrase):
    with pytest.raises(ValueError, match=r"bracket|without a word|must be there"):
        wordings(phrase)


def test_a_phrase_with_too_many_alternatives_is_refused():
    ten = "(a|b|c|d|e|f|g|h|i|j)"

    with pytest.raises(ValueError, match="10000 ways to write it, at most 5000"):
        wordings(" ".join([ten] * 4))


def test_words_are_compared_without_case_accents_apart_and_kinds_of_apostrophe():
    assert [token.word for token in tokens("Ça, IT’S cafe\u0301")] == ["ça", "it's", "café"]


# What is found -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "We delve into it.",
        "She delves deeper.",
        "They DELVED into",
        "Delving is fun.",
        "“Delve into it!”",
    ],
)
def test_inflected_forms_are_found(text):
    assert len(seen(text)) == 1


@pytest.mark.parametrize("text", ["A delver came.", "Delvet is a town.", "He dwelled there."])
def test_other_words_with_the_same_letters_are_not(text):
    assert seen(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "I\u00a0hope this email finds\nyou well",
        "I HOPE THIS EMAIL FINDS YOU WELL",
        "I hope **this email** finds you well",
        "Il est important de noter que oui",
        unicodedata.normalize("NFD", "Für Rückfragen stehe ich"),
        unicodedata.normalize("NFD", "Natürlich! Hier ist der Brief:"),
        "a game‑changing day",
        "I’m reaching out",
    ],
)
def test_a_phrase_is_the_same_however_it_was_typed(text):
    assert len(seen(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "I hope. This email finds you well?",
        "I hope\n\nthis email finds you",
        "We touch. Base pay is up.",
    ],
)
def test_a_phrase_does_not_reach_over_the_end_of_a_sentence_or_a_paragraph(text):
    assert "I hope" not in " ".join(seen(text)) and "touch" not in " ".join(seen(text))


def test_of_phrases_inside_one_another_the_longest_counts_once():
    assert seen("We apologize for any inconvenience.") == ["apologize for any inconvenience"]
    assert seen("a rich tapestry of sounds") == ["a rich tapestry"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Moreover, it rained.", 1),
        ("It rained. Moreover, it was cold.", 1),
        ("It rained; it was, moreover, cold.", 0),
        ("Let me know if you'd like more.", 1),
        ("Bread.\n\nLet me know if you'd like more.", 1),
        ("Let me know if you'd like bread.\n\nMoira", 0),  # the last line is the name
        ("Great question! Bread.", 1),
        ("Bread.\nGreat question, that.", 0),
        ("Ovens are hot. **Moreover**, they are heavy.", 1),
    ],
)
def test_what_counts_only_in_a_place_counts_there(text, found):
    assert len(seen(text)) == found


# The check ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (PLAIN, {}, 1.0),
        (TEMPLATE, {"max": 2}, 1.0),
        ("Time will tell, as soon as possible.", {"severity": 3}, 1.0),
        (TEMPLATE, {}, 0.0),
        (TEMPLATE, {"max": 1}, 0.0),
        ("Only time will tell.", {"severity": 2}, 0.0),
    ],
)
def test_uses_are_counted_from_a_severity_on(text, arguments, value):
    assert ask("stock_phrases", text, **arguments).value == value


@pytest.mark.parametrize(
    ("words", "value"),
    [(98, 0.0), (99, 1.0), (198, 1.0)],  # with "delve into" 100 words, and 200
)
def test_a_long_text_may_have_more(words, value):
    text = "They delve into " + "bread " * (words - 2)

    assert ask("stock_phrases", text, per_100_words=1).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        (PLAIN, {}, 1.0),
        ("We delve into it.", {}, 0.4),  # one use of severity 3
        (TEMPLATE, {}, 0.0),  # two: 1 - 6 * 0.2, and no less than 0
        (TEMPLATE, {"max": 1}, 0.4),
        ("We circle back as soon as possible.", {}, 0.2),  # 3 and 1
        ("We circle back as soon as possible.", {"max": 1}, 0.4),  # the mild one may stand
        ("Please reply as soon as possible.", {}, 0.8),
    ],
)
def test_graded_a_use_beyond_the_limit_costs_by_its_severity(text, arguments, value):
    assert ask("stock_phrases", text, graded=True, **arguments).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("groups", "found"), [(["openers"], 1), (["assistant-openers", "fiction"], 1), ("corporate", 0)]
)
def test_only_the_groups_that_are_asked_for_count(groups, found):
    assert count(TEMPLATE, groups=groups) == found


def test_a_group_that_is_not_there_is_named_with_the_near_one():
    with pytest.raises(CheckError, match=r"should be one of openers, .*did you mean 'openers'\?"):
        bind("stock_phrases", {"groups": ["opener"]})


@pytest.mark.parametrize("allowed", ["delve into", "Delving", ["delved into", "circle back"]])
def test_a_phrase_that_may_stand_may_stand_in_all_its_forms(allowed):
    assert count("They delve into it. She delved deeper.", allow=allowed) == 0


@pytest.mark.parametrize("allowed", ["bread", "hope", ""])
def test_only_phrases_of_the_list_can_be_allowed(allowed):
    with pytest.raises(CheckError):
        bind("stock_phrases", {"allow": [allowed]})


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("what does 'circle back' mean?", "To circle back is to come again."),
        ("can you delve into this", "Delving is slow work."),
        ("Our sign: any inconvenience this may cause", "Leave out any inconvenience."),
    ],
)
def test_what_the_user_wrote_first_is_not_blamed(prompt, text):
    assert count(text, prompt=prompt) == 0
    assert count(text, prompt=prompt, from_prompt=False) == 1


def test_what_the_user_wrote_earlier_is_not_blamed_but_what_the_model_wrote_is():
    said = [
        Message(role="user", text="should we circle back?"),
        Message(role="assistant", text="We should touch base."),
        Message(role="user", text="and then?"),
        Message(role="assistant", text="Circle back, and touch base."),
    ]

    assert count(said[-1].text, prompt="and then?", messages=said) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Strike “circle back” there.", 0),
        ('Strike "touch base," please.', 0),
        ("Man schreibt nicht „mit großem Interesse“.", 0),
        ("“We circle back,” he said.", 1),
        ('He said: "circle back on Monday"', 1),
        ("It's a rock 'n' roll tapestry of sounds", 1),
    ],
)
def test_a_phrase_alone_in_quotation_marks_is_spoken_of_and_not_used(text, found):
    assert count(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Run this:\n\n```\ncircle back\n```\n", 0),
        ("The branch is `circle back`.", 0),
        ("~~~\nI hope this finds you well\n~~~\nThere.", 0),
        ("We circle back.\n\n```\nx\n```", 1),
    ],
)
def test_code_is_left_out_unless_it_is_asked_for(text, found):
    assert count(text) == found
    assert count(text, skip_code=False) == 1


def test_a_finding_says_which_and_why_the_worst_first():
    finding = ask("stock_phrases", "As soon as possible we **circle** back.")

    assert finding.reason == (
        "2 stock phrases, at most 0: “circle back” (3: comes again, and does not say when); "
        "“As soon as possible” (1: a promise with no day in it)"
    )
    assert finding.quote == "circle** back"


def test_a_reason_stays_short_however_many_there_are():
    text = "Delve, synergy, tapestry of, team player, circle back, touch base, delve."
    reason = ask("stock_phrases", text).reason

    assert reason.startswith("7 stock phrases")
    assert reason.endswith("; and 2 more")


def test_a_long_reply_is_read_at_once():
    text = f"{PLAIN} {TEMPLATE} Moreover, I am, it is, not just a, from a to b, in the. " * 1500
    started = perf_counter()
    found = hits(text)

    assert len(found) == 3 * 1500
    assert perf_counter() - started < 20  # 220,000 characters take about a second


# Formulas ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("Hi Efrem,\n\nCould you bring the drill back?\n\nMoira", {}, 1.0),
        ("Sure! Bread.\n\nThe end.", {"where": "closing"}, 1.0),
        ("Bread.\n\nLet me know if you'd like more.", {"where": "opening"}, 1.0),
        ("Sure, the drill is here.", {}, 1.0),
        ("He asked her.\n“Sure! Here is one.”\nShe left.", {}, 1.0),
        ("Sure! Here's one:\n\nHi", {}, 0.0),
        ("Great question! Bread.", {}, 0.0),
        ("Bread.\n\nWould you like me to bake it?", {}, 0.0),
        ("Bread. Let me know if you need any help.", {"where": "closing"}, 0.0),
        ("Gerne! Hier ist der Brief:\n\nLiebe Ana", {}, 0.0),
        ("Claro, aquí tienes:\n\nHola", {}, 0.0),
    ],
)
def test_a_reply_opens_and_closes_with_what_was_asked_for(text, arguments, value):
    assert ask("formulas", text, **arguments).value == value


def test_a_formula_that_may_stand():
    text = "Bread.\n\nWould you like me to bake it?"

    assert ask("formulas", text, allow="would you like me to").value == 1.0
    assert ask("formulas", text).quote == "Would you like me to"
