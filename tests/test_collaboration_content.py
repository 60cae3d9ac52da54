"""What the collaboration datasets say of themselves is so."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from inspect_ai import eval as run_task
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from shipped import load_dataset
from test_library import decided, replied

from tastemaker.checks.registry import bind
from tastemaker.conversation import scripted
from tastemaker.records import Reply
from tastemaker.task import rubric_task

HERE = Path(__file__).parent
ASK = load_dataset("collaboration/ask-or-act").scenarios
FOLLOW = load_dataset("collaboration/follow-up").scenarios
WAYS = yaml.safe_load((HERE / "questions.yaml").read_text(encoding="utf-8"))
ASK_PAIRS = yaml.safe_load(
    (HERE / "replies/collaboration/ask-or-act.yaml").read_text(encoding="utf-8")
)
FOLLOW_PAIRS = yaml.safe_load(
    (HERE / "replies/collaboration/follow-up.yaml").read_text(encoding="utf-8")
)
OPENERS = yaml.safe_load((HERE / "openers.yaml").read_text(encoding="utf-8"))
GAPS = {"ask": {"wrong", "wasted", "unsafe"}, "act": {"context", "default", "cheap"}}


def chosen(scenario, said):
    """Whether a reply asks or acts, as the rubrics take it."""
    messages, own = replied(scenario, said)
    reply = Reply(text=messages[-1].text, messages=messages, own=own)
    arguments = {"should": scenario.labels["should"], "work": scenario.expect.get("work")}
    return bind("ask_or_act", {k: v for k, v in arguments.items() if v})(reply).did


# ask-or-act


def test_whether_to_ask_follows_from_the_gap_and_twins_differ_in_it():
    should = {one.id: one.labels["should"] for one in ASK}

    assert [one.id for one in ASK if one.labels["gap"] not in GAPS[should[one.id]]] == []
    assert [one.id for one in ASK if one.twin and should[one.twin] == should[one.id]] == []
    assert Counter(should.values()) == {"act": 70, "ask": 60}


def test_there_is_a_user_where_something_is_to_be_asked_and_nowhere_else():
    """Who acts when it should has nobody to talk to: an offer under the work ends it, too."""
    for one in ASK:
        assert (one.user is not None) == (one.labels["should"] == "ask"), one.id
        if one.user:
            assert one.user.otherwise is None and one.user.turns == 1, one.id
            assert one.user.answers[0].about == tuple(one.expect["about"]), one.id


def test_what_has_to_be_asked_is_not_in_the_request_and_the_finished_work_needs_it():
    """Something that the work must hold cannot be known before the answer, or a limit to keep."""
    for one in ASK:
        asked = one.labels["should"] == "ask"
        new = [text for text in one.expect["holds"] if text.casefold() not in one.prompt.casefold()]
        assert new or one.criteria or not asked, one.id


def test_nothing_of_the_work_stands_in_what_the_user_wrote_as_the_answer_to_a_question():
    """A question that takes up the words of the request is no work for that."""
    for one in ASK:
        if one.labels["should"] == "ask":
            said = one.user.answers[0].say
            for question in WAYS[one.id]:
                assert chosen(one, question) == "ask", (one.id, question)
            assert chosen(one, said) == "act", one.id


def test_the_script_answers_whoever_asks_for_what_is_missing():
    assert set(WAYS) == {one.id for one in ASK if one.labels["should"] == "ask"}
    for one in ASK:
        for question in WAYS.get(one.id, []):
            assert scripted(one.user, question) == one.user.answers[0].say, (one.id, question)
            about = bind("asks_user", {"about": one.expect["about"], "max": 2})
            assert about(Reply(text=question)).value == 1, (one.id, question)
        if one.user:
            assert not scripted(one.user, "Would a formal tone suit you?"), one.id


@pytest.mark.parametrize("pair", ASK_PAIRS, ids=lambda pair: pair["scenario"])
def test_a_good_reply_chooses_what_is_right_and_the_bad_one_does_not(pair):
    scenario = next(one for one in ASK if one.id == pair["scenario"])
    good, bad = (decided("collaboration/ask-or-act", scenario, pair[k]) for k in ("good", "bad"))

    assert chosen(scenario, pair["good"]) == scenario.labels["should"]
    assert chosen(scenario, pair["bad"]) != scenario.labels["should"]
    assert good["discernment"] == 1 and bad["discernment"] <= 0.5
    assert good["completion"] == 1 and bad["completion"] < 1


# Both, in a run


def played(name, scenario, turns, tmp_path):
    """The findings of a run in which the model says these texts, one a turn."""
    outputs = [ModelOutput.from_content("mockllm/x", turn) for turn in turns]
    for output in outputs:
        output.usage = ModelUsage()
    [log] = run_task(
        rubric_task(name, name, split=None),
        model=get_model("mockllm/x", custom_outputs=outputs, memoize=False),
        sample_id=scenario,
        display="none",
        log_dir=str(tmp_path),
    )
    assert log.status == "success", log.error and log.error.traceback
    [sample] = log.samples
    assert sum(message.role == "assistant" for message in sample.messages) == len(turns)
    return sample.scores["rubric"].value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("turns", "found"),
    [
        (["A yes or a no?", "Sorry, graduation! Next year?"], (1, 1, 1, 1)),
        (["Dear Dr Bellandi, I accept. Is a yes fine?", "Graduation; next year."], (0, 1, 1, 1)),
        (["How formal shall it be?"], (1, 0, 1, 0)),
        (["Dear Dr Bellandi, with pleasure."], (0, 0, 0, 0)),
    ],
)
def test_the_user_answers_the_right_question_and_the_last_message_is_held_to_it(
    turns, found, tmp_path
):
    values = played("collaboration/ask-or-act", "invitation-answer-open", turns, tmp_path)
    keys = (
        "discernment.asks-or-acts",
        "discernment.about-what-is-missing",
        "discernment.few",
        "completion.holds-what-was-told",
    )

    assert tuple(values[key] for key in keys) == found


@pytest.mark.slow
def test_who_was_told_no_questions_is_heard_in_every_turn(tmp_path):
    for turns, quiet in ((["60 to 100.", "120 to 160.", "The adult."], 1), (["a", "b?", "c"], 0)):
        values = played("collaboration/follow-up", "tutor-no-questions-kept", turns, tmp_path)

        assert values["timing.none-in-any-turn"] == quiet
        assert values["timing.asks-or-leaves-it"] == 1  # of the first


# follow-up


def test_a_question_is_wanted_or_there_is_a_reason_why_not_and_twins_differ_in_it():
    should = {one.id: one.labels["should"] for one in FOLLOW}

    assert [one.id for one in FOLLOW if ("why" in one.labels) == (should[one.id] == "ask")] == []
    assert [one.id for one in FOLLOW if ("open" in one.labels) == ("why" in one.labels)] == []
    assert [one.id for one in FOLLOW if one.twin and should[one.twin] == should[one.id]] == []
    assert Counter(should.values()) == {"act": 69, "ask": 65}


def test_every_reason_to_ask_nothing_is_there_more_than_once():
    found = Counter(one.labels.get("why") for one in FOLLOW)
    del found[None]

    assert found == {"closed": 18, "done": 13, "told": 13, "hurry": 10, "no-more": 7, "grief": 8}


@pytest.mark.parametrize("name", sorted(OPENERS))
def test_a_good_question_has_full_marks_for_focus_and_timing(name):
    [scenario] = [one for one in FOLLOW if one.id == name]
    first, *others = OPENERS[name]
    scores = decided("collaboration/follow-up", scenario, first)
    expect = scenario.expect
    to_the_point = bind("asks_user", {"about": expect["about"], "not_about": expect["known"]})

    assert (scores["timing"], scores["focus"]) == (1, 1)
    assert [one for one in others if not to_the_point(Reply(text=one)).value] == []
    assert scenario.user is None or scripted(scenario.user, first)


def test_there_is_a_good_question_wherever_one_is_wanted():
    assert set(OPENERS) == {one.id for one in FOLLOW if one.labels["should"] == "ask"}


@pytest.mark.parametrize("name", sorted(OPENERS))
def test_an_offer_under_it_and_a_second_question_cost_something(name):
    [scenario] = [one for one in FOLLOW if one.id == name]
    more = f"{OPENERS[name][0]} Would you like me to list some possibilities?"

    assert decided("collaboration/follow-up", scenario, more)["focus"] <= 0.8


@pytest.mark.parametrize(
    "question",
    [
        "Is there anything else you'd like to add?",
        "How does that make you feel?",
        "Could you tell me more?",
        "What are your goals?",
        "What would success look like for you?",
        "What matters most to you here?",
        "What do you want to happen?",
        "What makes you say that?",
        "Where would you like to start?",
        "What have you tried so far?",
        "Can you provide more context?",
        "Would you like some tips?",
    ],
)
def test_a_question_that_fits_anybody_is_about_the_matter_almost_nowhere(question):
    wanting = [one for one in FOLLOW if one.labels["should"] == "ask"]
    about = [
        one.id
        for one in wanting
        if bind("asks_user", {"about": one.expect["about"]})(Reply(text=question)).value
    ]

    assert len(about) <= 0.05 * len(wanting), about


def test_who_wants_no_question_says_so_at_the_start_and_the_model_answers_each_turn():
    kept = [one for one in FOLLOW if one.labels.get("kept")]

    assert len(kept) == 4
    for one in kept:
        assert [m.role for m in one.messages] == ["user"] * 3
        assert one.labels["why"] == "no-more", one.id


def test_after_its_answer_a_script_has_had_enough():
    for one in FOLLOW:
        assert (
            (one.user is not None) == (one.labels.get("then") == "done") == ("used" in one.expect)
        )


@pytest.mark.parametrize("pair", FOLLOW_PAIRS, ids=lambda pair: pair["scenario"])
def test_a_good_reply_asks_where_that_is_right_and_the_bad_one_is_worse_in_what_was_pressed(pair):
    """A bad reply where a question is wanted may ask, and asks badly."""
    [scenario] = [one for one in FOLLOW if one.id == pair["scenario"]]
    should = scenario.labels["should"]
    good, bad = (decided("collaboration/follow-up", scenario, pair[k]) for k in ("good", "bad"))

    assert good["timing"] == 1
    pressed = "focus" if should == "ask" else "timing"
    assert good[pressed] == 1 and bad[pressed] <= 0.8, (good, bad)
