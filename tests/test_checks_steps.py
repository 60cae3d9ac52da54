"""Whether steps have left their results, in order, and who was chosen of several."""

import pytest

from tastemaker.checks.registry import CheckError, bind
from tastemaker.records import Reply


def ask(name, text, /, **arguments):
    return bind(name, arguments)(Reply(text=text))


# Steps: one result


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("basil dill mint", "basil, dill, mint"),
        ("basil dill mint", "Sorted:\n\n1. Basil\n2. Dill\n3. Mint"),
        ("basil dill mint", "- **basil**\n- *dill*\n- `mint`"),
        ("basil dill mint", "basil, dill and mint"),
        ("basil dill mint", "| basil |\n|---|\n| dill |\n| mint |"),
        ("Übung Größe", "ÜBUNG; GRÖSSE"),
        ("total 1250", "Total: 1,250"),
        ("3 5 8", "3,5,8"),
        ("75.49", "It comes to €75.49."),
        ("14:30", "at 14:30, then"),
        ("don't go", "Don’t go!"),
        ("まとめ", "まとめ"),
        (["four", "4 left"], "Step 2: 4 left"),
        ({"says": "LOUD", "match_case": True}, "so LOUD"),
        ({"words": 4}, "Step 3: The cat sat down."),
        ({"words": 4}, "3. The cat sat down. It purred."),
        ({"words": 4}, "**Sentence:** The cat sat down."),
        ({"words": 4}, "E. The cat sat down."),
        ({"words": 4}, "(d) The cat sat down"),
        ({"words": 4}, "**(4)** The cat sat down"),
        ({"words": 4}, "iv) The cat sat down"),
        ("XXVI", "Gap: 26\nXXVI.\nDone"),
        ("XXVI", "Gap: 26\n**XXVI.**\nDone"),
        ({"words": 4, "says": "cat"}, "A dog ran off. The cat sat down."),
        ("x = 3", "```\nx = 3\n```"),
    ],
)
def test_a_result_is_found_however_it_is_set(step, text):
    assert ask("steps_done", text, steps=[step]).value == 1.0


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("basil dill mint", "basil, mint, dill"),
        ("basil dill mint", "basil, dill, parsley, mint"),
        ("mint", "peppermint"),
        ("4", "4. The end"),
        ("2", "Step 2: nothing"),
        ("d", "d) nothing"),
        ("1250", "1250.5"),
        ("25", "1,250"),
        ("Größe", "Groesse"),
        ({"says": "LOUD", "match_case": True}, "so loud"),
        ({"words": 4}, "The cat sat."),
        ({"words": 4, "says": "dog"}, "The cat sat down. A dog barked."),
        ("x = 3", "```\nx = 4\n```"),
        ("basil", ""),
        ({"words": 1}, " \n"),
    ],
)
def test_what_is_not_there_is_not_found(step, text):
    assert ask("steps_done", text, steps=[step]).value == 0.0


STEPS = ["red", "green", {"says": "blue", "words": 3}, "black"]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("red, green. It is blue. Black.", 1.0),
        ("black, green. It is blue. Red.", 1.0),
        ("red, green. Blue. Black.", 0.75),
        ("red", 0.25),
        ("No idea.", 0.0),
        ("", 0.0),
    ],
)
def test_credit_is_given_by_the_step(text, share):
    assert ask("steps_done", text, steps=STEPS, graded=True).value == share
    assert ask("steps_done", text, steps=STEPS).value == float(share == 1.0)


def test_what_is_missing_is_named():
    reason = ask("steps_done", "red, black", steps=STEPS).reason

    assert reason == "does not give “green” (missing: 2, 3)"


def test_one_step_of_a_scenario_may_be_asked_alone():
    bound = bind("steps_done", {"steps": {"from": "expect.steps"}, "only": 2})

    assert bound(Reply(text="green", expect={"steps": STEPS})).value == 1.0
    assert bound(Reply(text="red", expect={"steps": STEPS})).value == 0.0
    assert bound(Reply(text="red", expect={"steps": ["red", ["green", "lime"]]})).value == 0.0
    assert bound(Reply(text="red", expect={"steps": ["red"]})).value is None


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([], "at least 1"),
        ([{}], "step 1: say what its result says"),
        (["red", {"say": "x"}], "step 2: has says, words and match_case, no say"),
        ([{"words": 0}], "step 1: words should be a whole number"),
        ([3], "step 1: should be a text"),
        (["..."], "step 1: says should be a text with words"),
    ],
)
def test_a_step_that_cannot_be_meant_is_refused(steps, problem):
    with pytest.raises(CheckError, match=problem):
        bind("steps_done", {"steps": steps})


# Steps: their order


@pytest.mark.parametrize(
    "text",
    [
        "red, green. It is blue. Black.",
        "1. red\n2. green\n3. It is blue.\n4. black",
        "```\nred\n```\n\ngreen\n\nblack",
        "red, then black",
        "green: I say red, green, and black last; it is black",
    ],
)
def test_results_stand_in_the_order_that_was_asked(text):
    assert ask("in_order", text, steps=STEPS).value == 1.0


@pytest.mark.parametrize(
    "text",
    ["black, red", "green, red, black", "It is blue. red, green", "red", "GRÜN, SCHWARZ", ""],
)
def test_results_in_another_order_or_too_few_have_none(text):
    assert ask("in_order", text, steps=STEPS).value == 0.0


def test_the_step_that_stands_too_early_is_named():
    assert ask("in_order", "black, red", steps=STEPS).reason == (
        "the result of step 4 stands before that of step 1"
    )


# Who was chosen

CREW = ["Ines", "Tomasz", "Bao = Bao Linh", "Femi", "José"]


@pytest.mark.parametrize(
    "text",
    [
        "Ines, José",
        "jose\nINES",
        "- **Ines**\n- **José**",
        "Ines and José.",
        "Bao has no licence, Femi is away.\n\nAnswer: Ines, José",
        "**Answer:** Ines and José\n\nTomasz and Femi are on leave, Bao asked for a day off.",
        "Answer:\nInes\nJosé\n\nBao was close.",
        "Ines and José. Tomasz isn't free on Tuesday; Bao is not licensed.",
        "Ines ✓\nTomasz ✗\nBao ✗\nFemi ✗\nJosé ✓",
        "Ines: fits\nJosé: fits, not on leave\nFemi: does not fit",
        "Suitable:\n- Ines\n- José\n\nNot suitable:\n- Femi\n- Bao Linh",
        "Ines, José, ~~Femi~~",
        "Ines, and José too. Femi is too far away.",
        "Ines: non-smoker, fits\nJosé: fits",
        "```\nInes, José\n```",
        "Antwort: Ines und José",
    ],
)
def test_exactly_those_who_fit_are_chosen(text):
    assert ask("chosen", text, candidates=CREW, fits=["Ines", "José"]).value == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "Ines",
        "Ines, José, Femi",
        "Femi",
        "All of them: Ines, Tomasz, Bao, Femi, José",
        "Ines and José look right.\n\nAnswer: Ines, Femi",
        "Ines is out, so José.",
        "None of them.",
        "Inesita, Joséphine",
        "",
    ],
)
def test_one_too_few_or_too_many_is_not_exact(text):
    assert ask("chosen", text, candidates=CREW, fits=["Ines", "José"]).value == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "None.",
        "Nobody fits.",
        "Answer: none",
        "Keiner passt.",
        "Ninguno",
        "該当なし",
        "Nobody: Ines is away.",
    ],
)
def test_that_nobody_fits_is_said(text):
    assert ask("chosen", text, candidates=CREW, fits=[]).value == 1.0


@pytest.mark.parametrize("text", ["Ines", "Hard to say.", "None but Femi.", ""])
def test_where_nobody_fits_anything_else_is_wrong(text):
    for measure in ("exact", "precision", "recall"):
        found = ask("chosen", text, candidates=CREW, fits=[], measure=measure)
        assert found.value == 0.0


def test_precision_and_recall_are_shares():
    """Two fit; three are chosen, one of them rightly."""
    said = {"candidates": CREW, "fits": ["Ines", "José"]}

    precision = ask("chosen", "Ines, Bao, Femi", **said, measure="precision")
    recall = ask("chosen", "Ines, Bao, Femi", **said, measure="recall")

    assert precision.value == pytest.approx(1 / 3)
    assert recall.value == 0.5
    assert recall.reason == "chooses Ines, Bao, Femi; does not fit: Bao, Femi; missing: José"


def test_a_name_inside_a_longer_one_is_not_that_name():
    rooms = ["Lime", "Lime Hall", "Elm"]

    assert ask("chosen", "Lime Hall", candidates=rooms, fits=["Lime Hall"]).value == 1.0
    assert (
        ask("chosen", "Lime Hall, Lime", candidates=rooms, fits=["Lime", "Lime Hall"]).value == 1.0
    )


def test_who_fits_must_be_a_candidate():
    assert ask("chosen", "Ines", candidates=CREW, fits=["Ana"]).value is None


@pytest.mark.parametrize("text", ["**" * 20000, "~" * 20000, "# " * 20000, "Ines not. " * 2000])
def test_what_is_read_in_time_that_grows_with_the_reply(text):
    """Tens of thousands of marks are read at once, not each from every other."""
    assert ask("in_order", text, steps=["red", "blue"]).value == 0.0
    assert ask("chosen", text, candidates=CREW, fits=["Ines"]).value == 0.0
