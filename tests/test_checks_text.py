"""Length and phrases: what counts as a word or a sentence, what counts as said."""

import pytest

from tastemaker.checks.length import is_word, sentence_spans, word_spaced, word_spans
from tastemaker.checks.registry import bind
from tastemaker.records import Reply


def ask(name, text, /, **arguments):
    scenario = {key: arguments.pop(key) for key in ("prompt", "reference") if key in arguments}
    return bind(name, arguments)(Reply(text=text, **scenario))


def sentences(text):
    return [text[start:end] for start, end in sentence_spans(text)]


# Length


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("one two three", 3),
        ("don't stop, state-of-the-art e-mail", 4),
        ("It’s fast—really fast – today", 5),
        ("wait--what...", 2),
        ("see https://a.b/c?d=e now", 3),
        ("1. First\n2. Second", 2),  # numbers of list items are not words
        ("- [ ] milk\n- **eggs**", 2),
        ("It is 3.14 at 10:30", 5),
        ("* * *\n---\n| | |", 0),
        ("漢字かな", 4),
        ("コンピューター", 7),
        ("안녕하세요 여러분", 2),
        ("Grüße aus Köln", 3),
        ("cafe\u0301 noir", 2),
        ("один два", 2),
        ("👍 done 🎉", 1),
        ("a\u00a0b\tc\r\nd", 4),
    ],
)
def test_words_are_what_spaces_and_long_dashes_separate(text, count):
    finding = ask("words", text, exactly=count)

    assert finding.value == 1.0 or count == 0, finding.reason
    assert ask("words", text, min=count + 1).value == 0.0


def test_pieces_are_the_words_of_spans_whatever_stands_between():
    unseen = dict.fromkeys(range(0x1C, 0x20), "\x1a")
    for between in [*map(chr, range(0x250)), *"\u1680\u2003\u2014\u2015\u2026\u3000漢ー😀"]:
        for text in (f"one{between}two 3", f"1.{between}-{between}-- x{between}{between}y"):
            spans = [text[start:end].translate(unseen) for start, end in word_spans(text)]

            assert [one for one in word_spaced(text).split() if is_word(one)] == spans, repr(
                between
            )


def test_the_reason_gives_the_count_and_the_limit():
    assert ask("words", "word " * 212, max=180).reason == "212 words, at most 180"
    assert ask("words", "word", min=1, max=3).reason == "1 word, 1 to 3"
    assert ask("words", "word", exactly=1).reason == "1 word, exactly 1"


def test_code_counts_unless_it_is_skipped():
    text = "Run this:\n\n```sh\nrm -r build\n```\n\nor `make clean` now"

    assert ask("words", text, exactly=9, skip_code=False).value == 1.0
    assert ask("words", text, exactly=4, skip_code=True).value == 1.0


def test_only_a_limit_of_zero_asks_for_silence():
    assert ask("words", "", max=180).value == 0.0
    assert ask("words", "", max=0).value == 1.0
    assert ask("words", "", exactly=0).value == 1.0
    assert ask("characters", " \n", max=0).value == 1.0
    assert ask("words", "No.", exactly=0).value == 0.0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("abc", 3),
        ("  abc\n", 3),
        ("a b", 3),
        ("cafe\u0301", 4),
        ("👨‍👩‍👧 🇨🇭", 3),
        ("漢字", 2),
    ],
)
def test_characters_are_counted_as_a_reader_does(text, count):
    assert ask("characters", text, exactly=count).value == 1.0
    assert ask("characters", text, max=count - 1).value == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Lee met J. Smith. He left.", ["Dr. Lee met J. Smith.", "He left."]),
        ("It costs 3.50, e.g. in Bern. Fine.", ["It costs 3.50, e.g. in Bern.", "Fine."]),
        ("We open at 9 a.m. on Monday.", ["We open at 9 a.m. on Monday."]),
        ("We open at 9 a.m. Come early.", ["We open at 9 a.m.", "Come early."]),
        ("We open at 9 p.m. Thursday. Come.", ["We open at 9 p.m. Thursday.", "Come."]),
        ("We open at 9 a.m. Monkeys wake up.", ["We open at 9 a.m.", "Monkeys wake up."]),
        ("It is No. 5. He said no. Fine.", ["It is No. 5.", "He said no.", "Fine."]),
        ("Am 3. Mai, z. B. Montag. Gut.", ["Am 3. Mai, z. B. Montag.", "Gut."]),
        ("Es sind 3. Mehr nicht, d. h. alle.", ["Es sind 3.", "Mehr nicht, d. h. alle."]),
        ("La Sra. García come p. ej. pan. Sí.", ["La Sra. García come p. ej. pan.", "Sí."]),
        ("So do I. You too?", ["So do I.", "You too?"]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("He said “Stop!” Then he left.", ["He said “Stop!”", "Then he left."]),
        ("Hi Ana,\n\nCould you call me?", ["Hi Ana,\n\nCould you call me?"]),
        ("No full stop\n\nhere either", ["No full stop", "here either"]),
        ("1. Call Dana\n2. Book it. Now.", ["1. Call Dana", "2. Book it.", "Now."]),
        ("# Plan\nWe go.", ["# Plan", "We go."]),
        ("今日は。明日は？", ["今日は。", "明日は？"]),
        ("क्या हाल है? ठीक।", ["क्या हाल है?", "ठीक।"]),
        ("See https://a.b/c?d=e. Done.", ["See https://a.b/c?d=e.", "Done."]),
        ("A line\nbroken by hand. Next.", ["A line\nbroken by hand.", "Next."]),
        ("---\n🎉", []),
    ],
)
def test_sentences_end_at_marks_and_blocks_but_not_at_abbreviations(text, expected):
    assert sentences(text) == expected


def test_sentences_skip_code_unless_told_otherwise():
    text = "Run it.\n\n```\na. b. c.\n```"

    assert ask("sentences", text, exactly=1).value == 1.0
    assert ask("sentences", text, max=1, skip_code=False).value == 0.0
    assert ask("sentences", text, min=3).value == 0.0


# Phrases


@pytest.mark.parametrize(
    ("text", "phrase", "arguments", "value"),
    [
        ("Send it BY friday.", "by Friday", {}, 1.0),
        ("Send it by\n  Friday.", "by Friday", {}, 1.0),
        ("I don’t know", "don't know", {}, 1.0),
        ("It is **not** insulin.", "is not insulin", {}, 1.0),
        ("I can’t actually see it.", "can't see", {}, 1.0),
        ("I can’t yet see it.", "can't see", {}, 0.0),
        ("The **fee:** 40", "fee: 40", {}, 1.0),
        ("It is **not.** Insulin", "not insulin", {}, 0.0),
        ("2 * 3", "2 3", {}, 0.0),
        ("open 9–12, at −5", "open 9-12, at -5", {}, 1.0),
        ("1450, 1 450, 1.450", "1,450", {}, 1.0),
        ("1.450 €", "1450", {"whole_words": True}, 1.0),
        ("2 450 000", "2,450,000", {"whole_words": True}, 1.0),
        ("1,45 or 14.50", "1450", {}, 0.0),
        ("at 3,125 or 3125", "3.125", {}, 0.0),
        ("room 14 50", "1450", {}, 0.0),
        ("well‑known", "well-known", {}, 1.0),
        ("cafe\u0301", "café", {}, 1.0),
        ("price (net) is $5.", "(net) is $5.", {}, 1.0),
        ("東京に行く", "東京", {}, 1.0),
        ("Send it by friday.", "by Friday", {"match_case": True}, 0.0),
        ("start", "art", {"whole_words": True}, 0.0),
        ("start", "art", {}, 1.0),
        ("it is art.", "art", {"whole_words": True}, 1.0),
        ("use `print`", "print", {"skip_code": True}, 0.0),
        ("cafe", "café", {}, 0.0),
        ("pricexnet", "price.net", {}, 0.0),
    ],
)
def test_contains_compares_as_a_reader_does(text, phrase, arguments, value):
    finding = ask("contains", text, text=phrase, **arguments)
    opposite = ask("absent", text, texts=phrase, **arguments)

    assert finding.value == value
    assert opposite.value == 1 - value
    assert (finding.quote in text) and (bool(finding.quote) == (value == 1.0))


def test_contains_any_and_all_and_the_share():
    text = "We meet on Monday."

    assert ask("contains_any", text, texts=["Tuesday", "Monday"]).quote == "Monday"
    assert ask("contains_any", text, texts=["Tuesday", "Friday"]).value == 0.0
    assert ask("contains_any", text, texts="we").value == 1.0
    assert ask("contains_all", text, texts=["Monday", "We"]).value == 1.0
    assert ask("contains_all", text, texts=["Monday", "10:30"]).value == 0.0
    assert ask("contains_all", text, texts=["Monday", "10:30"], graded=True).value == 0.5
    assert ask("contains_all", text, texts=["Bern", "10:30"], graded=True).value == 0.0
    assert "“10:30”" in ask("contains_all", text, texts=["Monday", "10:30"]).reason


@pytest.mark.parametrize(
    ("text", "most", "value"),
    [
        ("Let us talk on Monday.", 0, 1.0),
        ("Delve into it, then circle  back.", 2, 1.0),
        ("They delved.", 0, 1.0),  # whole words only
        ("`delve()` is a function.", 0, 1.0),
        ("We delve.", 0, 0.0),
        ("We delve and delve.", 1, 0.0),
        ("CIRCLE\nBACK", 0, 0.0),
    ],
)
def test_banned_phrases_counts_each_use(text, most, value):
    assert ask("banned_phrases", text, phrases=["delve", "circle back"], max=most).value == value


def test_banned_phrases_says_which():
    finding = ask("banned_phrases", "We Delve.", phrases=["delve"])

    assert finding.reason == "1 banned phrase, at most 0: “delve”"
    assert finding.quote == "Delve"


@pytest.mark.parametrize(
    ("text", "values", "arguments", "value"),
    [
        ("Hi Jose,", "José", {}, 1.0),
        ("Hi José,", "Jose", {}, 1.0),
        ("Hi Jose\u0301,", "José", {}, 1.0),
        ("DANA's invoice", "Dana", {}, 1.0),
        ("Hi Dana", ["Ana", "Dana"], {}, 1.0),
        ("Dear Dana", "Dana Smith", {"any_word": True}, 1.0),
        ("한국은 좋다", "한국", {}, 1.0),
        ("東京に行く", "東京", {}, 1.0),
        ("わたしはAIなので", "AI", {}, 1.0),
        ("저는AI입니다", "AI", {}, 1.0),
        ("わたしはAIMではない", "AI", {}, 0.0),
        ("Hi Danas", "Dana", {}, 0.0),
        ("Dear Dana", "Dana Smith", {}, 0.0),
        ("Hi Dana", ["Ana", "Dana"], {"all": True}, 0.0),
        ("하국", "한국", {}, 0.0),  # another syllable, not an accent
        ("かき", "がき", {}, 0.0),
    ],
)
def test_mentions_ignores_case_and_accents_but_not_parts_of_words(text, values, arguments, value):
    finding = ask("mentions", text, values=values, **arguments)

    assert finding.value == value
    assert finding.quote in text


@pytest.mark.parametrize(
    "text", ["Hi Dana", "Danas", "un-Dana", "Dana's", "_Dana", "3Dana", "Dána"]
)
def test_a_word_ends_alike_where_a_script_without_spaces_stands_elsewhere(text):
    alone, beside = (ask("mentions", said, values="Dana").value for said in (text, f"{text} 東京"))

    assert alone == beside


@pytest.mark.parametrize(
    ("name", "text", "texts", "arguments", "value"),
    [
        ("starts_with", "  Yes, of course.", ["Yes", "No"], {}, 1.0),
        ("starts_with", "¿Qué tal?", "¿qué", {}, 1.0),
        ("starts_with", "```py\nx\n```", "```py", {}, 1.0),
        ("starts_with", "Yesterday", "yes", {"whole_words": True}, 0.0),
        ("starts_with", "yes", "Yes", {"match_case": True}, 0.0),
        ("starts_with", "Oh yes", "yes", {}, 0.0),
        ("ends_with", "See you.\nAna \n", "Ana", {}, 1.0),
        ("ends_with", "bis später", ["später", "bald"], {}, 1.0),
        ("ends_with", "a b a b", "a b", {}, 1.0),
        ("ends_with", "Ana.", "Ana", {}, 0.0),
        ("ends_with", "Susana", "ana", {"whole_words": True}, 0.0),
        ("ends_with", "ana", "Ana", {"match_case": True}, 0.0),
    ],
)
def test_starts_and_ends(name, text, texts, arguments, value):
    assert ask(name, text, texts=texts, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("at 10:30", {"pattern": r"\d+:\d+"}, 1.0),
        ("Ärger", {"pattern": r"^\p{Lu}"}, 1.0),
        ("a\nb", {"pattern": "^b$", "multiline": True}, 1.0),
        ("a\nb", {"pattern": "a.b", "dot_all": True}, 1.0),
        ("A", {"pattern": "a", "ignore_case": True}, 1.0),
        ("x x", {"pattern": "x", "min": 2, "max": 2}, 1.0),
        ("a\nb", {"pattern": "^b$"}, 0.0),
        ("a\nb", {"pattern": "a.b"}, 0.0),
        ("A", {"pattern": "a"}, 0.0),
        ("x x x", {"pattern": "x", "max": 2}, 0.0),
        ("`x`", {"pattern": "x", "skip_code": True}, 0.0),
    ],
)
def test_regex_counts_matches(text, arguments, value):
    assert ask("regex", text, **arguments).value == value


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("no numbers", {"pattern": r"\d"}, 1.0),
        ("`4`", {"pattern": r"\d", "skip_code": True}, 1.0),
        ("ärger", {"pattern": r"\p{Lu}"}, 1.0),
        ("4", {"pattern": r"\d"}, 0.0),
        ("`4`", {"pattern": r"\d"}, 0.0),
        ("a\nB", {"pattern": "^b", "multiline": True, "ignore_case": True}, 0.0),
    ],
)
def test_no_regex_is_the_opposite(text, arguments, value):
    assert ask("no_regex", text, **arguments).value == value


def test_a_pattern_that_never_ends_is_unscored():
    finding = ask("regex", "a" * 5000 + "b", pattern="(a+)+$|(a|aa)+$")

    assert finding.value is None
    assert finding.reason == "the pattern took more than 1 s"


@pytest.mark.parametrize(
    ("text", "arguments", "value"),
    [
        ("42\n", {"text": "42"}, 1.0),
        ("cafe\u0301", {"reference": "café"}, 1.0),
        ("STRASSE", {"text": "straße", "match_case": False}, 1.0),
        ("", {"reference": ""}, 1.0),
        ("42.", {"text": "42"}, 0.0),
        ("abc", {"text": "ABC"}, 0.0),
        ("", {"text": "42"}, 0.0),
        ("42", {}, None),
    ],
)
def test_equals_compares_the_whole_reply(text, arguments, value):
    assert ask("equals", text, **arguments).value == value


def test_similarity_is_the_share_of_words_that_can_stay():
    """Words a b c d against a b x d: two of eight change, so 1 - 2/8 = 0.75."""
    assert ask("similar_to", "a b c d", text="A b, x d.", graded=True).value == 0.75
    assert ask("similar_to", "a b c d", text="a b x d", min=0.75).value == 1.0
    assert ask("similar_to", "a b c d", text="a b x d", min=0.8).value == 0.0
    assert ask("similar_to", "a b c d", reference="A b, c d!", min=1).value == 1.0
    assert ask("similar_to", "東京", reference="東京", min=1).value == 1.0
    assert ask("similar_to", "x", reference="y", min=0.1).value == 0.0
    assert ask("similar_to", "```\nx\n```", reference="print it", min=0.1).value == 0.0
    assert ask("similar_to", "a").value is None


def test_copied_is_the_share_of_the_prompt_that_stands_in_long_runs():
    """Of the ten words of the prompt the reply takes the first four in a row, and two others."""
    prompt = "one two three four five six seven eight nine ten"
    text = "He says: one, two, THREE four. And nine ten."

    finding = ask("repeats_prompt", text, prompt=prompt, run=4, max=0.4)
    assert finding.value == 1.0
    assert finding.reason == "40% of the prompt is copied, at most 40%"
    assert finding.quote == "one, two, THREE four."
    assert ask("repeats_prompt", text, prompt=prompt, run=4, max=0.3).value == 0.0
    assert ask("repeats_prompt", text, prompt=prompt, run=5, max=0).value == 1.0
    assert ask("repeats_prompt", text, prompt=prompt, run=2, max=0.5).value == 0.0


def test_a_short_prompt_is_copied_when_all_of_it_is():
    assert ask("repeats_prompt", "Capital of Peru? Lima.", prompt="capital of Peru").value == 0.0
    assert ask("repeats_prompt", "The capital is Lima.", prompt="capital of Peru").value == 1.0
    assert ask("repeats_prompt", "東京です", prompt="首都は").value == 1.0
    assert ask("repeats_prompt", "Lima", prompt="").value is None
