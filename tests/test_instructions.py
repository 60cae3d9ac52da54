"""What a reply must be to follow each kind of instruction, and how a list of them is followed."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tastemaker.checks.following import variants
from tastemaker.checks.instructions.structure import number
from tastemaker.checks.phrases import unaccented
from tastemaker.checks.registry import CheckError, bind, checks, is_blank
from tastemaker.errors import UserError
from tastemaker.records import Reply
from tastemaker.rubric import Principle
from tastemaker.scenario import load_dataset

CASES = {
    name: given if isinstance(given, list) else [given]
    for path in sorted((Path(__file__).parent / "instructions").glob("*.yaml"))
    for name, given in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}
KINDS = [name for name in checks() if ":" in name]
IFEVAL = """
keywords:existence keywords:frequency keywords:forbidden_words keywords:letter_frequency
language:response_language
length_constraints:number_sentences length_constraints:number_paragraphs
length_constraints:number_words length_constraints:nth_paragraph_first_word
detectable_content:number_placeholders detectable_content:postscript
detectable_format:number_bullet_lists detectable_format:constrained_response
detectable_format:number_highlighted_sections detectable_format:multiple_sections
detectable_format:json_format detectable_format:title
combination:two_responses combination:repeat_prompt
startend:end_checker startend:quotation
change_case:capital_word_frequency change_case:english_capital change_case:english_lowercase
punctuation:no_comma
""".split()


def test_there_are_the_25_kinds_of_ifeval_and_more_than_as_many_of_ours():
    assert len(IFEVAL) == 25
    assert set(IFEVAL) <= set(KINDS)
    assert len(set(KINDS) - set(IFEVAL)) >= 25
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_tried_on_three_replies_of_each_sort_with_unicode_and_code(name):
    met = [text for case in CASES[name] for text in case["met"]]
    unmet = [text for case in CASES[name] for text in case["unmet"]]

    for tried in (met, unmet):
        assert len(tried) >= 3
        assert any(not text.isascii() for text in tried)
        assert any("`" in text for text in tried)
    assert any("```" in text for text in (*met, *unmet))


def findings(name, which):
    """Each reply of one sort, with what was found of it."""
    return [
        (text, bind(name, case.get("with", {}))(Reply(text=text)))
        for case in CASES[name]
        for text in (["", " \n\t", "\u200b"] if which == "empty" else case[which])
    ]


@pytest.mark.parametrize("name", list(CASES))
def test_the_replies_that_follow_it_are_told_from_those_that_do_not(name):
    assert [(text, found.reason) for text, found in findings(name, "met") if not found.value] == []
    for which in ("unmet", "empty"):
        for text, found in findings(name, which):
            assert (text, found.value) == (text, 0.0), found.reason
            assert found.reason
            assert found.quote in text


# Lists of them


def follow(text, of, **how):
    return bind("instructions", {"of": of, **how})(Reply(text=text))


NO_COMMA, SLIP = {"id": "punctuation:no_comma"}, {"id": "keywords:existence", "keywords": "slip"}


@pytest.mark.parametrize(
    ("text", "all_of_them", "share"),
    [("The slip.", 1.0, 1.0), ("A pier.", 0.0, 0.5), ("A pier, then.", 0.0, 0.0)],
)
def test_all_are_followed_or_a_share_of_them(text, all_of_them, share):
    assert follow(text, [NO_COMMA, SLIP]).value == all_of_them
    assert follow(text, [NO_COMMA, SLIP], graded=True).value == share


def test_it_says_which_were_not_followed_and_why():
    finding = follow("A pier, then.", [NO_COMMA, {"id": "words", "max": 2}, SLIP])

    assert finding.reason.startswith("0 of 3 followed; not punctuation:no_comma (a comma), words (")
    assert "keywords:existence (does not say “slip”)" in finding.reason
    assert finding.quote == "A pier, then."


def test_any_check_of_a_text_is_an_instruction_also_the_same_one_twice():
    of = [{"id": "words", "min": 2}, {"id": "words", "max": 3}, {"id": "contains", "text": "pier"}]

    assert follow("A long pier", of).value == 1.0
    assert follow("pier", of, graded=True).value == pytest.approx(2 / 3)


def test_what_cannot_be_told_leaves_the_reply_unscored_unless_another_one_was_not_followed():
    unsure = {"id": "language", "is": "de"}  # three letters are too few for this check

    assert follow("Ja.", [unsure, NO_COMMA]).value is None
    assert follow("Ja.", [unsure, NO_COMMA], graded=True).value is None
    assert follow("Ja, ja.", [unsure, NO_COMMA]).value == 0.0


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ([], "at least 1 item"),
        ([{"id": "punctuation:no_coma"}], "(did you mean 'punctuation:no_comma'?)"),
        ([{"keywords": ["a"]}], "item 1: check 'instructions': id: is required"),
        ([NO_COMMA, {"id": "words"}], "item 2: check 'words': say min, max or exactly"),
        ([{"id": "words", "maxi": 3}], "maxi: no such argument"),
        ([{"id": "instructions", "of": [NO_COMMA]}], "looks at more than the text of a reply"),
        ([{"id": "tool"}], "check 'tool'"),
        ([{"id": "tool", "name": "canvas"}], "check 'tool'"),
        ([{"id": 3}], "id: is required"),
    ],
)
def test_what_is_no_instruction_is_refused_when_bound(of, message):
    with pytest.raises(CheckError) as caught:
        bind("instructions", {"of": of})

    assert message in str(caught.value)


def test_no_check_takes_an_argument_named_id_which_is_its_name_in_a_list():
    assert [name for name, one in checks().items() if "id" in one.model.model_fields] == []


CIRCLE, LOST, ELSEWHERE = (
    {"$ref": one} for one in ("#", "#/$defs/none", "https://example.org/schema.json")
)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("format:json_schema", {"matches": {"type": "text"}}, "should be a JSON Schema ("),
        ("format:json_schema", {"matches": CIRCLE}, "go round in a circle"),
        ("format:json_schema", {"matches": {"items": LOST}}, "refers to nothing outside it"),
        ("format:json_schema", {"matches": {"not": ELSEWHERE}}, "refers to nothing outside it"),
        ("format:json_schema", {"matches": []}, "should be a valid dictionary"),
        ("format:csv", {"columns": ["a"], "delimiter": ";;"}, "delimiter: "),
        ("format:csv", {"columns": ["a"], "delimiter": "\n"}, "delimiter: "),
        ("lines:words", {}, "say pattern, or min, max or exactly"),
        ("lines:words", {"pattern": [1], "max": 3}, "pattern: says it all"),
        ("lines:words", {"pattern": [0]}, "pattern: item 1: should be greater"),
        ("words:at", {"position": 0, "word": "a"}, "1 is the first, -1 the last"),
        ("sentences:contain", {"sentence": 0, "keyword": "a"}, "1 is the first, -1 the last"),
        ("table:sorted", {"column": "a", "by": "size"}, "by: should be 'text', 'number' or 'date'"),
        ("sections:depth", {"max_level": 7}, "less than or equal to 6"),
        ("language:response_language", {"language": "xx"}, "a language code"),
        ("paragraphs:languages", {"languages": ["en", "english"]}, "(did you mean 'en'?)"),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"},
            "3 is more than num_paragraphs, 2",
        ),
        (
            "keywords:frequency",
            {"keyword": "a", "frequency": 1, "relation": "at most"},
            "should be 'less than' or 'at least', not 'at most'",
        ),
    ],
)
def test_arguments_that_ask_for_nothing_possible_are_refused(name, arguments, message):
    with pytest.raises(CheckError) as caught:
        bind(name, arguments)

    assert message in str(caught.value)


# The loose reading


def test_the_eight_variants_are_those_of_ifeval():
    assert ["*a*\nb\n *c*", *variants("*a*\nb\n *c*")] == [
        "*a*\nb\n *c*",
        "b\n *c*",
        "*a*\nb",
        "b",
        "a\nb\n c",
        "b\n c",
        "a\nb",
    ]  # without both lines there is no asterisk: "b" stands for two of them


@pytest.mark.parametrize(
    ("instruction", "text", "loosely"),
    [
        ({"id": "startend:quotation"}, 'Here you are:\n"Closed."', 1.0),
        ({"id": "startend:quotation"}, 'Here:\n\n"Closed."\n\nAnything else?', 1.0),
        ({"id": "startend:quotation"}, '**"Closed."**', 1.0),
        ({"id": "startend:quotation"}, 'Well,\nhere you are:\n"Closed."', 0.0),
        ({"id": "startend:end_checker", "end_phrase": "Tschüß."}, "Zu. **Tschüß.**", 1.0),
        ({"id": "words", "exactly": 2}, "Two words:\none two", 1.0),
        ({"id": "words", "exactly": 2}, "one line of five words", 0.0),
        ({"id": "punctuation:no_comma"}, "Sure, here:\nclosed", 1.0),
        ({"id": "format:code_only"}, "So:\n```\nx\n```", 1.0),
        ({"id": "words", "max": 0}, "One line", 0.0),  # what is left of it is empty
    ],
)
def test_loosely_read_a_line_or_an_asterisk_may_stand_in_the_way(instruction, text, loosely):
    assert follow(text, [instruction]).value == 0.0
    assert follow(text, [instruction], reading="loose").value == loosely


def test_each_instruction_may_be_followed_by_a_variant_of_its_own():
    of = [{"id": "startend:quotation"}, {"id": "keywords:existence", "keywords": ["here"]}]
    text = 'Here you are:\n"Closed."'

    assert follow(text, of, reading="loose").value == 1.0
    assert follow(text, of, graded=True).value == 0.5


@pytest.mark.parametrize("name", list(CASES))
def test_whoever_follows_it_strictly_follows_it_loosely(name):
    for case in CASES[name]:
        of = [{"id": name, **case.get("with", {})}]
        for text in case["met"]:
            assert follow(text, of, reading="loose").value == 1.0


# In a dataset


@pytest.fixture
def dataset(tmp_path):
    """Read a dataset whose scenarios are given as YAML lines."""

    def read(scenarios):
        path = tmp_path / "d.yaml"
        path.write_text(f"dataset: d\nstrata:\n  all:\n{scenarios}", encoding="utf-8")
        return load_dataset(path)

    return read


def test_a_scenario_brings_its_instructions_to_the_checks(dataset):
    [one] = dataset("""\
    scenarios:
      - id: a
        prompt: x
        expect: {name: Ida}
        instructions:
          - {id: "keywords:existence", keywords: ["0800", tide]}
          - {id: words, max: 3}
""").scenarios

    assert one.expect == {
        "name": "Ida",
        "instructions": [
            {"id": "keywords:existence", "keywords": ["0800", "tide"]},
            {"id": "words", "max": 3},
        ],
    }


def test_a_template_fills_in_its_instructions(dataset):
    made = dataset("""\
    templates:
      - id: t
        prompt: "{n} words about {what}"
        vars: {n: ["3", "4"], what: [tides]}
        instructions:
          - {id: words, exactly: "{n}"}
          - {id: "keywords:existence", keywords: ["{what}"]}
""").scenarios

    assert [one.expect["instructions"][0]["exactly"] for one in made] == [3, 4]
    assert made[0].expect["instructions"][1]["keywords"] == ["tides"]


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ('{id: "startend:qoute"}', "8:18", "did you mean 'startend:quotation'?"),
        ("{id: words}", "8:18", "say min, max or exactly"),
        ("{id: words, maxi: 3}", "8:25", "maxi: no such argument"),
        ("{id: words, max: few}", "8:25", "max: should be a valid integer"),
        ("{max: 3}", "8:13", "the key 'id' is missing"),
        ("{id: tool, name: canvas}", "8:", "tool: "),
        ("words", "8:13", "expected keys and values"),
    ],
)
def test_a_wrong_instruction_is_refused_with_line_and_column(dataset, line, place, message):
    with pytest.raises(UserError) as caught:
        dataset(f"""\
    scenarios:
      - id: a
        prompt: x
        instructions:
          - {line}
""")

    assert message in str(caught.value)
    assert f"d.yaml:{place}" in str(caught.value)


def test_what_instructions_become_is_not_written_beside_them(dataset):
    with pytest.raises(UserError, match=r"d\.yaml:6:28: 'expect\.instructions' is what"):
        dataset("""\
    scenarios:
      - {id: a, prompt: x,
         expect: {name: x, instructions: [x]}, instructions: [{id: words, max: 3}]}
""")


def test_a_scenario_counts_for_a_principle_as_often_as_its_list_is_long():
    check = {"check": "words", "with": {"max": 3}}
    once = Principle.model_validate({"criteria": {"a": check}})
    each = Principle.model_validate({"per": "expect.instructions", "criteria": {"a": check}})

    assert [each.times({"instructions": given}) for given in ([1, 2, 3], [1], [], "abc")] == [
        3, 1, 1, 1,
    ]  # fmt: skip
    assert (each.times({}), once.times({"instructions": [1, 2]})) == (1, 1)


@pytest.mark.parametrize("source", ["labels.kind", "expect", "instructions", "reference", ""])
def test_a_list_that_no_scenario_can_bring_is_refused(source):
    with pytest.raises(ValidationError, match="per"):
        Principle.model_validate({"per": source, "criteria": {"a": {"check": "grammar"}}})


def test_a_rubric_without_it_says_nothing_of_it():
    """Or each rubric there is would be another one, by its hash."""
    plain = {"criteria": {"a": {"check": "grammar"}}}

    assert "per" not in Principle.model_validate(plain).model_dump()
    assert Principle.model_validate(plain | {"per": "expect.a"}).model_dump()["per"] == "expect.a"


# Whatever is written

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
LETTERS = st.text("abcdefghijklmnopqrstuvwxyzéß", min_size=1, max_size=8)
quickly = settings(max_examples=50, deadline=None)


@quickly
@given(text=TEXTS, letter=st.characters(codec="utf-8"), number=st.integers(0, 5))
def test_a_count_is_less_than_a_number_or_at_least_it(text, letter, number):
    """And never both; an empty reply is neither."""
    given = {"letter": letter, "let_frequency": number}
    both = [
        bind("keywords:letter_frequency", given | {"let_relation": relation})(Reply(text=text))
        for relation in ("less than", "at least")
    ]

    assert sum(found.value for found in both) == (0.0 if is_blank(text) else 1.0)


@quickly
@given(text=TEXTS, name=st.sampled_from(KINDS))
def test_whatever_is_followed_strictly_is_followed_loosely(text, name):
    of = [{"id": name, **checks()[name].example.arguments}]

    assert follow(text, of).value <= follow(text, of, reading="loose").value


@quickly
@given(words=st.lists(LETTERS, min_size=2, max_size=8))
def test_sorted_lines_are_in_order_and_in_no_other(words):
    up = bind("order:alphabetical", {})
    plain = sorted({unaccented(word.casefold())[0] for word in words})
    text = "\n".join(plain)

    assert up(Reply(text=text)).value == float(len(plain) > 1)
    assert up(Reply(text="\n".join(reversed(plain)))).value == 0.0


@quickly
@given(half=st.text("abcdé1", min_size=2, max_size=20))
def test_what_is_written_there_and_back_is_a_palindrome(half):
    there_and_back = f"{half}, {half[::-1]}!"

    assert bind("letters:palindrome", {})(Reply(text=there_and_back)).value == 1.0


@quickly
@given(words=st.lists(LETTERS, min_size=1, max_size=6))
def test_lines_spell_the_word_of_their_first_letters(words):
    firsts = "".join(word[0] for word in words)
    text = Reply(text="\n".join(words))

    assert bind("lines:acrostic", {"word": firsts})(text).value == 1.0
    assert bind("lines:acrostic", {"word": firsts + "x"})(text).value == 0.0


@quickly
@given(value=st.recursive(st.integers() | TEXTS | st.none(), st.lists, max_leaves=5))
def test_what_is_written_as_json_is_json(value):
    for text in (json.dumps(value), f"```json\n{json.dumps(value, indent=1)}\n```"):
        assert bind("detectable_format:json_format", {})(Reply(text=text)).value == 1.0


@quickly
@given(amount=st.integers(-(10**9), 10**9), decimals=st.integers(0, 99))
def test_a_number_is_read_as_it_was_written(amount, decimals):
    assert number(f"about {amount:,}") == amount
    assert number(f"{amount:,}.{decimals:02} m") == Decimal(f"{amount}.{decimals:02}")
