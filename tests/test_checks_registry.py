"""How a check is asked for: names, arguments, arguments from the scenario, empty replies."""

import time
from dataclasses import replace
from typing import Annotated

import pytest
from pydantic import Field

from tastemaker.checks.registry import BoundCheck, CheckError, Example, bind, check, checks
from tastemaker.records import Finding, Reply, Work

BLANK = ["", " ", "\n\t\r\n", "\u200b\ufeff", "\u00a0\u3000"]


def problems(name, arguments):
    with pytest.raises(CheckError) as caught:
        bind(name, arguments)
    return {
        problem.argument: (problem.message, problem.suggestion) for problem in caught.value.problems
    }


def example_reply(name):
    met = checks()[name].example.met
    return met if isinstance(met, Reply) else Reply(text=met)


def test_checks_are_sorted_and_each_is_told_in_one_line():
    assert list(checks()) == sorted(checks())
    assert [c.name for c in checks().values() if not c.summary.endswith(".")] == []
    assert all(len(c.summary) < 90 for c in checks().values())


@pytest.mark.parametrize("name", list(checks()))
def test_what_a_check_calls_for_and_has_chosen_is_among_what_it_says_it_chooses(name):
    """Rules on choices are held against it before a run."""
    found, bound = checks()[name], bind(name, checks()[name].example.arguments)
    told = {
        choice
        for reply in (found.example.met, found.example.unmet)
        for finding in [bound(reply if isinstance(reply, Reply) else Reply(text=reply))]
        for choice in (finding.should, finding.did)
    }

    assert told - {None} <= set(found.choices(found.example.arguments))


def test_every_argument_has_a_description_and_a_type():
    arguments = [a for c in checks().values() for a in c.arguments]

    assert [a.name for a in arguments if not (a.type and a.description)] == []


def test_a_check_that_does_not_exist_names_the_nearest():
    [(message, suggestion)] = problems("wrods", {"max": 3}).values()

    assert "no check 'wrods'" in message
    assert suggestion == "words"


def test_a_check_unlike_any_other_gets_no_suggestion():
    assert problems("zzzzzz", {})[""][1] == ""


@pytest.mark.parametrize(
    ("name", "arguments", "argument", "message", "suggestion"),
    [
        ("words", {"maxx": 180}, "maxx", "no such argument", "max"),
        ("words", {"max": "180"}, "max", "valid integer, not '180'", ""),
        ("words", {"max": True}, "max", "valid integer, not True", ""),
        ("words", {"max": 1.5}, "max", "valid integer", ""),
        ("words", {"max": -1}, "max", "greater than or equal to 0, not -1", ""),
        ("words", {"min": 5, "max": 3}, "max", "3 is less than min, which is 5", ""),
        ("words", {"exactly": 5, "max": 9}, "exactly", "leave out min and max", ""),
        ("words", {}, "", "say min, max or exactly", ""),
        ("words", None, "", "say min, max or exactly", ""),
        ("readability", {}, "", "say min or max", ""),
        ("readability", {"min": float("nan")}, "min", "finite number", ""),
        ("contains", None, "text", "is required", ""),
        ("contains", {"text": ""}, "text", "at least 1 character", ""),
        ("contains", {"text": 42}, "text", "valid string, not 42", ""),
        ("contains", {"text": "a", "match_case": "yes"}, "match_case", "valid boolean", ""),
        ("absent", {"texts": []}, "texts", "at least 1 item", ""),
        ("absent", {"texts": ["a", 3]}, "texts", "item 2: ", ""),
        ("list_of", {"kind": "orderd"}, "kind", "'any', 'ordered' or 'bulleted'", "ordered"),
        ("headings", {"levels": [7]}, "levels", "less than or equal to 6", ""),
        ("regex", {"pattern": "(a"}, "pattern", "a regular expression (missing )", ""),
        ("regex", {"pattern": "("}, "pattern", "a regular expression", ""),
        ("regex", {"pattern": "(" * 400 + ")" * 400}, "pattern", "nested less deeply", ""),
        ("regex", {"pattern": "a" * 1001}, "pattern", "at most 1000 characters", ""),
        ("language", {}, "", "say is or is_not", ""),
        ("language", {"is": "english"}, "is", "a language code such as en", "en"),
        ("language", {"is": ["de", "xx"]}, "is", "item 2: ", ""),
        ("language", {"is": "de", "is_not": "de"}, "is_not", "asked for and ruled out", ""),
        ("similar_to", {"min": 1.5}, "min", "less than or equal to 1", ""),
    ],
)
def test_wrong_arguments_are_told_when_bound(name, arguments, argument, message, suggestion):
    found = problems(name, arguments)

    assert list(found) == [argument]
    assert message in found[argument][0]
    assert found[argument][1] == suggestion


def test_all_problems_are_told_at_once():
    found = problems("words", {"mini": 3, "max": "many", "skip_code": 1})

    assert set(found) == {"mini", "max", "skip_code"}
    assert found["mini"][1] == "min"


def test_the_message_of_the_error_reads_as_one_line():
    with pytest.raises(CheckError, match=r"^check 'words': maxx: no such argument; .*'max'\?\)$"):
        bind("words", {"maxx": 3})


def test_two_checks_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two checks are named 'words'"):

        @check("words", example=Example(met="a", unmet="b"))
        def other(reply: Reply, *, n: Annotated[int, Field(ge=0)] = 0) -> Finding:
            return Finding(value=1.0)


# Arguments that come from the scenario


@pytest.mark.parametrize(
    "source", ["expect", "expect.", "labels", "prompt", "expct.name", "reference.x", 3, None]
)
def test_a_source_that_does_not_exist_is_told_when_bound(source):
    found = problems("contains", {"text": {"from": source}})

    assert "say from: expect.KEY, labels.KEY or reference" in found["text"][0]


def test_a_misspelled_argument_from_the_scenario_is_told_when_bound():
    found = problems("words", {"maxx": {"from": "expect.max"}})

    assert found["maxx"][1] == "max"


def test_other_arguments_are_checked_although_one_comes_later():
    found = problems("words", {"max": {"from": "expect.max"}, "min": "a"})

    assert list(found) == ["min"]


def test_a_required_argument_may_come_from_the_scenario():
    bound = bind("contains", {"text": {"from": "expect.city.name"}})

    assert isinstance(bound, BoundCheck)
    assert bound.sources == {"text": "expect.city.name"}
    reply = Reply(text="It is Bern.", expect={"city": {"name": "Bern"}})
    assert bound(reply).value == 1.0
    assert bound(replace(reply, text="It is Basel.")).value == 0.0


@pytest.mark.parametrize(("place", "value"), [(0, 1.0), (1, 0.0), (2, None)])
def test_a_place_in_a_list_is_its_number(place, value):
    bound = bind("contains", {"text": {"from": f"expect.cities.{place}.name"}})
    cities = [{"name": "Bern"}, {"name": "Basel"}]

    assert bound(Reply(text="It is Bern.", expect={"cities": cities})).value == value


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("expect.place", {"expect": {"place": "Bern"}}),
        ("labels.place", {"labels": {"place": "Bern"}}),
        ("reference", {"reference": "Bern"}),
    ],
)
def test_each_source_supplies_the_argument(source, given):
    bound = bind("contains", {"text": {"from": source}})

    assert bound(Reply(text="in Bern", **given)).value == 1.0
    assert bound(Reply(text="in Basel", **given)).value == 0.0


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("expect.max", {}),
        ("expect.max", {"expect": {"max": None}}),
        ("expect.max.words", {"expect": {"max": 3}}),
        ("labels.max", {}),
        ("reference", {}),
    ],
)
def test_what_the_scenario_does_not_give_leaves_the_reply_unscored(source, given):
    finding = bind("words", {"max": {"from": source}})(Reply(text="one two", **given))

    assert finding == Finding(value=None, reason=f"the scenario does not give {source}")


def test_what_the_scenario_gives_wrongly_leaves_the_reply_unscored():
    finding = bind("words", {"max": {"from": "expect.max"}})(
        Reply(text="one two", expect={"max": "many"})
    )

    assert finding.value is None
    assert finding.reason == "max: should be a valid integer, not 'many' (from expect.max)"


def test_limits_that_contradict_each_other_at_the_reply_leave_it_unscored():
    bound = bind("words", {"min": 3, "max": {"from": "expect.max"}})

    assert bound(Reply(text="one two", expect={"max": 1})).value is None
    assert bound(Reply(text="one two three", expect={"max": 3})).value == 1.0


# Every check


@pytest.mark.parametrize("name", [name for name, one in checks().items() if not one.deeds])
@pytest.mark.parametrize("text", BLANK)
def test_an_empty_reply_satisfies_no_check(name, text):
    example = example_reply(name)
    said = tuple(
        replace(one, text=text) if place in example.own else one
        for place, one in enumerate(example.messages)
    )
    reply = replace(example, text=text, messages=said)

    assert bind(name, checks()[name].example.arguments)(reply).value == 0.0


@pytest.mark.parametrize("name", [name for name, one in checks().items() if one.deeds])
def test_where_what_was_done_counts_an_empty_reply_that_did_nothing_earns_nothing(name):
    nothing = replace(example_reply(name), text="", work=Work(), messages=(), own=())

    assert bind(name, checks()[name].example.arguments)(nothing).value == 0.0


@pytest.mark.parametrize("name", checks())
def test_every_example_is_met_and_not_met_as_it_says(name):
    example = checks()[name].example
    bound = bind(name, example.arguments)
    met, unmet = (
        reply if isinstance(reply, Reply) else Reply(text=reply)
        for reply in (example.met, example.unmet)
    )

    assert bound(met).value == 1.0, bound(met).reason
    assert bound(unmet).value == 0.0, bound(unmet).reason
    assert bound(unmet).reason


# 50,000 characters each: a pattern that tries again at each of them takes 2 to 20 seconds by then.
HOSTILE = {
    "prose": "Dear Dana, the [Your Name] invoice isn’t here — is it? Call me! " * 780,
    "one word": "a" * 50_000,
    "capitals": "A" * 49_999 + "a",
    "dots": "." * 49_999 + "x",
    "question marks": "?" * 49_999 + "x",
    "spaces": "a" + " " * 49_998 + "b",
    "lines": "a,\n\n" * 12_500,
    "backticks": "a ``b ```c ````d " * 3_000,
    "stars": "**a " * 12_500,
    "underscores": "_" * 49_999 + "x",
    "square brackets": "[" * 50_000,
    "placeholders": "[Your Name " * 4_500,
    "braces": '{"a":' * 10_000,
    "kanji": "漢字かな。" * 3_300,
    "families": "👨‍👩‍👧" * 2_800,
    "accents apart": "e\u0301" * 25_000,
    "items": "- a\n" * 12_500,
    "quotes": "> " * 25_000,
    "rows": "|a|b|\n|-|-|\n" + "|a|b|\n" * 8_300,
    "insert": "INSERT A YOUR AB " * 3_000,
    "half characters": "\ud83d x" * 17_000,
    "no characters": "\0" * 49_999 + "a",
}
MOST_SECONDS = 2.0
"""Of this process for one check; the slowest, grammar aside, takes about half of one."""


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_every_check_is_soon_done_with_a_huge_reply_and_quotes_verbatim(text):
    for name, found in checks().items():
        reply = replace(example_reply(name), text=text, prompt=text[:5000])
        bound, began = bind(name, found.example.arguments), time.process_time()
        finding = bound(reply)
        took = time.process_time() - began

        # The time of `grammar` is its library's, and bounded by the characters that it reads.
        assert name == "grammar" or took < MOST_SECONDS, (name, took)
        assert isinstance(finding, Finding)
        said = [text, *(message.text for message in reply.messages)]
        held = [version.text for version in reply.work.versions]
        titles = [one["title"] for one in reply.work.state.get("tasks", {}).values()]
        assert any(finding.quote in one for one in (*said, *held, *titles)), name
        assert finding.reason, name
