"""Asking: what is asked of the user, what only looks so, and whether the work is there already."""

import pytest

from tastemaker.checks.registry import bind
from tastemaker.conversation import scripted
from tastemaker.records import Message, Reply
from tastemaker.scenario import SimulatedUser


def finding(name, *turns, **arguments):
    """What a check finds in these messages of the assistant, each answered by the user."""
    said = [m for one in turns for m in (Message(role="assistant", text=one), USER)][:-1]
    own = tuple(n for n, one in enumerate(said) if one.role == "assistant")
    return bind(name, arguments)(Reply(text=turns[-1], messages=tuple(said), own=own))


USER = Message(role="user", text="for the agency")
LETTER = "Dear Ms Thorne, the boiler has been out since Sunday. When will somebody come?"


# ask_or_act


@pytest.mark.parametrize(
    ("text", "did"),
    [
        ("Is this for your landlord or the agency?", "ask"),
        ("Two things first:\n- Who is it for?\n- Since when?", "ask"),
        ("Happy to. Tell me who it is for and I'll write it.", "ask"),
        ("Let me know which flat it is.", "ask"),
        ("Sag mir kurz, an wen es geht.", "ask"),
        ("Next: il faut que tu ___ (venir).", "ask"),
        ("Explain the dance to me as you will to them.", "ask"),
        ("Explain it to them as a map.", "act"),
        (LETTER, "act"),
        (f"{LETTER}\n\nShall I make it firmer?", "act"),
        ("I'd just ring them.", "act"),
        ("I'd just ring them. Anything else?", "act"),
        ("I'd just ring them. Does that help?", "act"),
        ('Ask them: "When will somebody come?"', "act"),
        ("Let me know if you need anything else.", "act"),
        ("Qu'as-tu fait : vente, restauration, autre chose ?", "ask"),
        ("Voilà. Autre chose ?", "act"),
        ("Is it about the price or anything else?", "ask"),
        ("So, anything else?", "act"),
        ("何をしてくださったのでしょうか。", "ask"),
        ("どなた宛てですか", "ask"),
        ("そうですか。", "act"),
        ("何か一つ持っていきます。", "act"),
        ("Let me know how it goes.", "act"),
        ("```\nprint('why?')\n```", "act"),
    ],
)
def test_who_asks_beside_the_work_acted(text, did):
    for should in ("ask", "act"):
        found = finding("ask_or_act", text, should=should, work=["Dear Ms"])

        assert (found.did, found.should, found.value) == (did, should, float(did == should))


def test_the_first_message_is_the_choice_and_not_the_last():
    found = finding("ask_or_act", "For whom is it?", LETTER, should="ask", work="Dear Ms")

    assert found.did == "ask"


def test_120_words_beside_the_question_are_work_and_fewer_are_not():
    """The question has 4 words; `work` is nowhere in the reply."""
    for words, did in ((120, "ask"), (121, "act")):
        text = "so " * (words - 1) + "on. Who is it for?"

        assert finding("ask_or_act", text, should="ask", work="Dear Ms").did == did


def test_without_work_any_question_counts():
    assert finding("ask_or_act", f"{LETTER} Firmer?", should="act").did == "ask"


@pytest.mark.parametrize("text", ["", "\n", "\u200b"])
def test_silence_chose_nothing(text):
    found = finding("ask_or_act", text, should="act", work="Dear")

    assert (found.value, found.did) == (0, None)


# asks_user


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("What did she say?", 1),
        ("What did she say, and how did you answer?", 2),
        ("Do you swim, and do you like it?", 2),
        ("And how long does it last?", 1),
        ("Was it the left or the right?", 1),
        ("Where does it hurt when you sit and stand?", 1),
        ("Who was there? What for?", 2),
        ("Was war da los, und wie ging es weiter?", 2),
        ("¿Qué pasó y cómo terminó?", 2),
        ("Tell me about the lid.", 1),
        ('She asked "why me?" and left. What then?', 1),
    ],
)
def test_two_questions_in_one_sentence_are_two(text, count):
    assert finding("asks_user", text, max=count).value == 1
    assert count == 1 or finding("asks_user", text, max=count - 1).value == 0


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("What changed in March?", 1),
        ("And when you lift it, what do you hear?", 1),
        ("Which of the three would you miss?", 1),
        ("Tell me about the lid.", 1),
        ("Could you tell me what happened?", 1),
        ("Woran merkst du das?", 1),
        ("Was hast du da gesehen?", 1),
        ("Qu'est-ce qui a changé ?", 1),
        ("どんな音がしますか？", 1),
        ("Did anything change?", 0),
        ("Is that when it hurts?", 0),
        ("Was it what you hoped for?", 0),
        ("Do you know what changed?", 0),
        ("Have you tried turning it off?", 0),
    ],
)
def test_what_a_yes_would_answer_is_not_open(text, is_open):
    assert finding("asks_user", text, open=True).value == is_open


def test_a_question_is_about_what_it_names_and_not_about_what_is_known():
    text = "The lid, then. What does the seal look like? And how old is the jar?"

    assert finding("asks_user", text, about=["Seal"]).value == 1
    assert finding("asks_user", text, about=["lid"]).value == 0  # said, not asked
    assert finding("asks_user", text, about=["sea"]).value == 1  # the beginning of seal
    assert finding("asks_user", text, about=["eal"]).value == 0
    assert finding("asks_user", "三回目ですか？", about=["回目"]).value == 1
    assert finding("asks_user", text, not_about=["how old"]).reason.startswith("asks what is known")


def test_at_the_end_means_that_nothing_comes_after_it():
    assert finding("asks_user", "Noted. Which day?", where="end").value == 1
    assert finding("asks_user", "Noted. Tell me the day.", where="end").value == 1
    assert finding("asks_user", "Which day? I'd take Monday.", where="end").value == 0
    assert (
        finding("asks_user", 'Which day? Say: "Is it Monday?" and smile.', where="end").value == 0
    )


def test_the_first_turn_is_looked_at_where_it_is_asked_for():
    turns = ("Which day?", "Monday it is.")

    assert finding("asks_user", *turns, turn="first").value == 1
    assert finding("asks_user", *turns).value == 0


# The user by script


def test_a_script_answers_a_request_that_it_knows_and_no_other():
    user = SimulatedUser.model_validate(
        {"answers": [{"about": ["day"], "say": "Monday"}], "otherwise": "no idea"}
    )

    assert scripted(user, "Which day?") == "Monday"
    assert scripted(user, "Tell me the day and I'll write it.") == "Monday"
    assert scripted(user, "Tell me the colour.") == ""
    assert scripted(user, "Which colour?") == "no idea"
    assert scripted(user, "The day is Tuesday.") == ""
