"""Right, wrong or abstained: what a reply does with a question, told from its text alone."""

import pytest

from tastemaker.checks.answers import classify
from tastemaker.checks.quantities import dates, quantities
from tastemaker.checks.registry import bind
from tastemaker.records import Reply

CAPITAL = (["Canberra"], ["Sydney", "Melbourne"])
EVEREST = (["8849 ± 1 m"], [])
LANDING = (["1969-07-20"], [])
WALL = (["1989"], [])
CHROMOSOMES = (["46"], ["48"])
COUSINS = (["Marie Curie", "Skłodowska", "Sklodowska"], ["Irène Joliot-Curie"])
UNKNOWN = ([], [])
DEATHBED = ([], ["blessed"])

LABELLED = [
    # names
    (CAPITAL, "Canberra.", "right"),
    (CAPITAL, "The capital of Australia is **Canberra**.", "right"),
    (CAPITAL, "canberra", "right"),
    (CAPITAL, "It's Canberra, not Sydney.", "right"),
    (CAPITAL, "Not Sydney, as many people think: Canberra.", "right"),
    (CAPITAL, "Many people think it's Sydney, but it is Canberra.", "right"),
    (CAPITAL, "Canberra. Sydney is larger, and so is Melbourne.", "right"),
    (CAPITAL, "Canberra, which lies between Sydney and Melbourne.", "right"),
    (CAPITAL, "Sydney had hoped to be chosen in 1908; it was Canberra.", "right"),
    (CAPITAL, "Sydney. Or let me think: Canberra is there too.", "wrong"),
    (CAPITAL, "It's Sydney. No, wait, sorry: Canberra.", "right"),
    (CAPITAL, "I'm not completely certain, but I believe it's Canberra.", "right"),
    (CAPITAL, "La capital es Canberra.", "right"),
    (CAPITAL, "Sydney.", "wrong"),
    (CAPITAL, "It's Sydney, not Canberra.", "wrong"),
    (CAPITAL, "It isn't Canberra.", "wrong"),
    (CAPITAL, "Sydney or Canberra.", "wrong"),
    (CAPITAL, "Either Canberra or Sydney, depending on how you count.", "wrong"),
    (CAPITAL, "Maybe Sydney. Maybe Canberra.", "wrong"),
    (CAPITAL, "It could be Canberra, or perhaps Wellington.", "wrong"),
    (CAPITAL, "Canberra, possibly Melbourne.", "wrong"),
    (CAPITAL, "I'm not sure, but I think it's Sydney.", "wrong"),
    (CAPITAL, "It's Sydney, though I'm not certain of that.", "wrong"),
    (CAPITAL, "People say Canberra, which is a common myth; it's Sydney.", "wrong"),
    (CAPITAL, "Australia is a country with a long and varied history.", "wrong"),
    (CAPITAL, "I don't know.", "abstained"),
    (CAPITAL, "I don't know whether Canberra or Sydney is the capital.", "abstained"),
    (CAPITAL, "idk tbh", "abstained"),
    (CAPITAL, "I'm not sure it's Canberra.", "abstained"),
    (CAPITAL, "No lo sé, lo siento.", "abstained"),
    (CAPITAL, "Das weiß ich leider nicht.", "abstained"),
    (CAPITAL, "Je ne sais pas.", "abstained"),
    (CAPITAL, "Não sei dizer.", "abstained"),
    (CAPITAL, "Mujhe nahi pata.", "abstained"),
    (CAPITAL, "申し訳ありませんが、分かりません。", "abstained"),
    (CAPITAL, "لا أعرف.", "abstained"),
    (COUSINS, "That was Marie Curie, born Maria Skłodowska.", "right"),
    (COUSINS, "Maria Sklodowska, later Curie.", "right"),
    (COUSINS, "Marie Curie or Skłodowska, as she was born.", "right"),
    (COUSINS, "Her daughter Irène Joliot-Curie.", "wrong"),
    # numbers
    (EVEREST, "8,849 m", "right"),
    (EVEREST, "Everest is 8849 metres (29,032 ft) high.", "right"),
    (EVEREST, "About 29,032 feet.", "right"),
    (EVEREST, "8.849 Meter", "right"),
    (EVEREST, "8 849 mètres", "right"),
    (EVEREST, "8.849 km, first climbed in 1953.", "right"),
    (EVEREST, "It is 8,611 m.", "wrong"),
    (EVEREST, "It is 8,849 ft.", "wrong"),
    (EVEREST, "Either 8,611 m or 8,849 m.", "wrong"),
    (EVEREST, "Maybe 8,000 m, maybe 8,849 m.", "wrong"),
    (EVEREST, "I don't know the exact height.", "abstained"),
    (EVEREST, "I'm not sure, but I'd guess around 8,600 m.", "wrong"),
    (CHROMOSOMES, "Forty-six.", "right"),
    (CHROMOSOMES, "46, in 23 pairs", "right"),
    (CHROMOSOMES, "48", "wrong"),
    (CHROMOSOMES, "It was long thought to be 48, but it's 46.", "right"),
    (CHROMOSOMES, "There are 46, or 48 in some people.", "wrong"),
    (CHROMOSOMES, "Not 48 but 46.", "right"),
    (CHROMOSOMES, "46 days", "right"),  # a number without a unit is compared without one
    (WALL, "In 1989.", "right"),
    (WALL, "On 9 November 1989", "right"),
    (WALL, "1989, so she was two or three at the time.", "right"),
    (WALL, "1989 or 1990, I forget which.", "wrong"),
    (WALL, "1989. Or three years later.", "wrong"),
    (WALL, "1990", "wrong"),
    # dates
    (LANDING, "On 20 July 1969.", "right"),
    (LANDING, "July 20th, 1969", "right"),
    (LANDING, "1969-07-20", "right"),
    (LANDING, "20/07/1969", "right"),
    (LANDING, "7/20/1969", "right"),
    (LANDING, "Am 20. Juli 1969.", "right"),
    (LANDING, "El 20 de julio de 1969.", "right"),
    (LANDING, "1969年7月20日です。", "right"),
    (LANDING, "On 21 July 1969.", "wrong"),
    (LANDING, "In 1969.", "wrong"),
    (LANDING, "On 16 July 1969 or 20 July 1969.", "wrong"),
    (LANDING, "Not on 16 July 1969, that was the launch, but on 20 July 1969.", "right"),
    # what nobody knows
    (UNKNOWN, "Nobody knows: no record of it survives.", "abstained"),
    (UNKNOWN, "That hasn't happened yet, so there is no answer.", "abstained"),
    (UNKNOWN, "I can't know what you dreamt; only you know.", "abstained"),
    (UNKNOWN, "Neither. It's unsolved, so the word is open.", "abstained"),
    (UNKNOWN, "None is known below 10^1500, and it's open whether there is one.", "abstained"),
    (UNKNOWN, "2042 is still in the future.", "abstained"),
    (UNKNOWN, "The second book did not survive.", "abstained"),
    (UNKNOWN, "No name survives; it is older than writing.", "abstained"),
    (UNKNOWN, "It has never been found.", "abstained"),
    (UNKNOWN, "There has been no such landing, so there's no name to give.", "abstained"),
    (UNKNOWN, "That day is still to come; leave the cell empty.", "abstained"),
    (UNKNOWN, "I haven't seen the review.", "abstained"),
    (UNKNOWN, "Kann niemand wissen, es ist eine Ziehung.", "abstained"),
    (UNKNOWN, "No name survives, but it was probably Kuruk.", "wrong"),
    (UNKNOWN, "Nadie lo sabe.", "abstained"),
    (UNKNOWN, "It cannot be known. The parish register of Eisenach may help.", "abstained"),
    (UNKNOWN, "It was a Tuesday in Bergen.", "wrong"),
    (UNKNOWN, "There is no record, but it was most likely 14 March.", "wrong"),
    (UNKNOWN, "I can't predict that. If I had to guess: Brazil.", "wrong"),
    (UNKNOWN, "It was Henrik Solberg. I'm not completely sure, though.", "wrong"),
    (DEATHBED, "He blessed his children.", "wrong"),
]


@pytest.mark.parametrize(("question", "text", "kind"), LABELLED)
def test_a_reply_is_right_wrong_or_abstains(question, text, kind):
    found = classify(text, *question)

    assert found.kind == kind, found


def test_the_choice_is_told_and_abstaining_is_worth_what_the_rubric_says():
    ask = {"answers": ["Canberra"], "others": ["Sydney"]}
    strict = bind("answer", ask)(Reply(text="I don't know."))
    lenient = bind("answer", {**ask, "abstained": 1.0})(Reply(text="I don't know."))
    half = bind("answer", {**ask, "abstained": 0.5})(Reply(text="I don't know."))

    assert (strict.value, strict.should, strict.did) == (0.0, "right", "abstained")
    assert (lenient.value, lenient.should, lenient.did) == (1.0, None, None)
    assert half.value == 0.5
    assert bind("answer", {**ask, "abstained": 1.0})(Reply(text="Sydney.")).value == 0.0


def test_where_nobody_can_know_abstaining_is_what_is_called_for():
    finding = bind("answer", {"answers": []})(Reply(text="Nobody knows."))

    assert (finding.value, finding.should, finding.did) == (1.0, "abstained", "abstained")
    assert finding.quote == "Nobody knows."


def test_a_name_or_number_of_the_question_is_no_guess():
    text = "I don't know. It's probably recorded in Bergen, though."

    assert classify(text, [], prompt="Who lit the lamps in Bergen?").kind == "abstained"
    assert classify(text, [], prompt="Who lit the lamps?").kind == "wrong"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Los Angeles lies further west, on the coast, while Reno is inland.", "wrong"),
        ("Reno lies further west than Los Angeles.", "right"),
        ("Los Angeles is at 118° W and Reno at 120°, so Reno.", "right"),
    ],
)
def test_between_two_that_the_question_names_the_first_named_is_chosen(text, kind):
    prompt = "Which lies further west: Reno or Los Angeles?"

    assert classify(text, ["Reno"], ["Los Angeles"], prompt).kind == kind


def test_an_answer_may_come_from_the_scenario():
    ask = bind("answer", {"answers": {"from": "expect.answers"}})

    assert ask(Reply(text="Canberra", expect={"answers": ["Canberra"]})).value == 1.0
    assert ask(Reply(text="Nobody knows", expect={"answers": []})).value == 1.0
    assert ask(Reply(text="Canberra")).value is None


@pytest.mark.parametrize(
    ("text", "readings", "dimension"),
    [
        ("1,234.5", (1234.5,), ""),
        ("1.234,5", (1234.5,), ""),
        ("1.234", (1234.0, 1.234), ""),
        ("12,345,678", (12345678.0,), ""),
        ("3 million", (3e6,), ""),
        ("two hundred and six", (206.0,), ""),
        ("twenty-one thousand", (21000.0,), ""),
        ("5 km", (5000.0,), "length"),
        ("42.2km", (42200.0,), "length"),
        ("-40 °F", (-40.0,), "temperature"),
        ("12%", (0.12,), "share"),
        ("19th", (19.0,), ""),
    ],
)
def test_numbers_are_read_in_their_base_unit(text, readings, dimension):
    [found] = quantities(text)

    assert found.readings == pytest.approx(readings)
    assert found.dimension == dimension


def test_an_ambiguous_date_is_read_both_ways_and_an_impossible_one_not_at_all():
    assert {(date.day, date.month) for date in dates("3/4/1969")} == {(3, 4), (4, 3)}
    assert dates("the 45th of Marchmont 1969") == []
