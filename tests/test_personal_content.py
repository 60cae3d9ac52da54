"""What the personal datasets say of themselves is so, and whole conversations are counted right."""

from pathlib import Path

import pytest
import yaml
from shipped import load_dataset

from tastemaker.checks.registry import bind
from tastemaker.checks.turns import Wish
from tastemaker.records import Message, Reply
from tastemaker.rubric import load_rubric
from tastemaker.scenario import Scenario

HERE = Path(__file__).parent
PREFERENCES = load_dataset("personal/preferences").scenarios
IMPLICIT = load_dataset("personal/implicit").scenarios
CONVERSATIONS = yaml.safe_load((HERE / "conversations.yaml").read_text(encoding="utf-8"))
RUBRICS = {name: load_rubric(f"personal/{name}") for name in ("preferences", "implicit")}
TURNS = 8
CHANGE = 5


def users(scenario: Scenario) -> list[str]:
    """What the person writes, turn by turn."""
    return [message.text for message in scenario.messages if message.role == "user"]


def wishes(scenario: Scenario, key: str = "kept") -> list[Wish]:
    """The wishes of a scenario, read as the check reads them."""
    return [Wish.model_validate(one) for one in scenario.expect[key]]


def in_force(scenario: Scenario, turn: int) -> list[tuple[str, str]]:
    """What is asked of a turn."""
    return [(w.check, str(w.arguments)) for w in wishes(scenario) if w.holds_in(turn)]


def found(scenario: Scenario, answers: list[str], principle: str, criterion: str) -> float | None:
    """What a check of the rubric finds when a model gives these answers."""
    notes = [message for message in scenario.messages if message.role == "system"]
    said = [
        message
        for asked, answer in zip(users(scenario), answers, strict=True)
        for message in (Message(role="user", text=asked), Message(role="assistant", text=answer))
    ]
    messages = (*notes, *said)
    reply = Reply(
        text=answers[-1],
        messages=messages,
        own=tuple(n for n, message in enumerate(messages) if message.role == "assistant"),
        expect=scenario.expect,
        labels=scenario.labels,
    )
    one = RUBRICS["preferences"].principles[principle].criteria[criterion]
    return bind(one.check or "", one.arguments)(reply).value


def test_every_conversation_has_eight_messages_and_no_answer_yet():
    for one in PREFERENCES:
        assert len(users(one)) == TURNS, one.id
        notes = [message.role for message in one.messages if message.role != "user"]
        assert notes == (["system"] if one.labels["said"] == "note" else []), one.id


def test_every_wish_can_be_asked_and_holds_within_the_conversation():
    for one in PREFERENCES:
        for wish in wishes(one) + wishes(one, "answers"):
            assert wish.first <= TURNS and (wish.last or TURNS) <= TURNS, one.id


def test_a_wish_holds_from_the_turn_in_which_it_is_said_and_in_the_last():
    for one in PREFERENCES:
        first = 2 if one.labels["said"] == "passing" else 1
        assert in_force(one, first) and in_force(one, TURNS), one.id
        assert first == 1 or not in_force(one, 1), one.id


def test_what_was_asked_for_once_leaves_no_trace_and_what_was_changed_for_good_stays_changed():
    for one in PREFERENCES:
        scope = one.labels["scope"]
        before, at, after = (in_force(one, turn) for turn in (CHANGE - 1, CHANGE, CHANGE + 1))
        assert one.expect.get("change") == (None if scope == "kept" else CHANGE), one.id
        if scope == "once":
            assert before == after != at, one.id
        if scope in ("replaced", "part"):
            assert before != at, one.id
        if scope == "replaced":
            assert before != in_force(one, TURNS), one.id


def test_twins_of_a_conversation_differ_in_one_message():
    by_id = {one.id: one for one in PREFERENCES}
    for one in PREFERENCES:
        other = by_id[one.twin or ""]
        pairs = list(zip(users(one), users(other), strict=True))
        assert sum(mine != theirs for mine, theirs in pairs) == 1, one.id
        assert one.labels["preference"] == other.labels["preference"], one.id


def test_the_message_that_tempts_is_answered_in_a_turn_in_which_the_wish_holds():
    by_id = {one.id: one for one in PREFERENCES}
    for one in PREFERENCES:
        if one.labels["tempted"] == "yes":
            pairs = zip(users(one), users(by_id[one.twin or ""]), strict=True)
            tempting = [turn for turn, (mine, theirs) in enumerate(pairs, 1) if mine != theirs]
            assert in_force(one, tempting[0]), one.id


def test_no_wish_is_kept_by_saying_nothing():
    for one in PREFERENCES:
        silent = ["\u200b"] * TURNS
        for credit in ("turns-kept", "until-broken", "every-turn"):
            assert found(one, silent, "keeping", credit) == 0, one.id
        assert found(one, silent, "usefulness", "names-what-is-asked") == 0, one.id


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_in_which_all_is_kept_has_every_point(name):
    scenario = next(one for one in PREFERENCES if one.id == name)
    answers = CONVERSATIONS[name]["answers"]

    for criterion in ("turns-kept", "until-broken", "every-turn"):
        assert found(scenario, answers, "keeping", criterion) == 1
    assert found(scenario, answers, "changing", "after-the-change") == 1
    assert found(scenario, answers, "usefulness", "names-what-is-asked") == 1
    assert found(scenario, answers, "lightness", "says-nothing-of-it") == 1


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_same_answers_where_the_change_was_for_good_are_broken_after_it(name):
    told = CONVERSATIONS[name]["elsewhere"]
    scenario = next(one for one in PREFERENCES if one.id == told["twin"])
    answers = CONVERSATIONS[name]["answers"]
    share = told["kept"] / told["of"]

    assert found(scenario, answers, "keeping", "turns-kept") == pytest.approx(share)
    assert found(scenario, answers, "keeping", "until-broken") == told["before-broken"] / told["of"]
    assert found(scenario, answers, "keeping", "every-turn") == 0
    assert found(scenario, answers, "changing", "after-the-change") == told["after-the-change"]


def test_one_lapse_costs_a_turn_and_a_remark_on_the_wish_costs_lightness():
    """A second list in turn 6: seven of eight turns, five before it; turns 3 to 8 are six."""
    scenario = next(one for one in PREFERENCES if one.id == "bullets-once")
    answers = list(CONVERSATIONS["bullets-once"]["answers"])
    answers[5] = "As you prefer it that way:\n\n- freeze two bottles\n- put the milk between"

    assert found(scenario, answers, "keeping", "turns-kept") == 7 / 8
    assert found(scenario, answers, "keeping", "until-broken") == 5 / 8
    assert found(scenario, answers, "changing", "after-the-change") == 3 / 4
    assert found(scenario, answers, "lightness", "says-nothing-of-it") == pytest.approx(5 / 6)


def test_what_only_the_earlier_days_give_stands_in_no_request():
    for one in IMPLICIT:
        uses, unsaid = one.expect["uses"], one.expect.get("unsaid", ["-"])
        request = Reply(text=one.prompt)
        assert bind("mentions", {"values": uses})(request).value == 0, one.id
        assert bind("absent", {"texts": unsaid})(request).value == 1, one.id
        assert all(type(text) is str for text in one.expect["names"]), one.id


def test_every_request_has_earlier_days_and_a_reference_for_the_judge():
    for one in IMPLICIT:
        assert len(one.history) >= 3 and one.reference, one.id
        assert (one.labels["use"] == "yes") == (one.labels["kind"] == "habit"), one.id
        assert (one.labels["unsaid"] == "yes") == ("unsaid" in one.expect), one.id
        assert one.labels["kind"] != "sensitive" or one.labels["unsaid"] == "yes", one.id


def test_twins_have_the_same_request_and_other_days():
    by_id = {one.id: one for one in IMPLICIT}
    for one in IMPLICIT:
        if one.twin:
            other = by_id[one.twin]
            assert one.prompt == other.prompt and one.history != other.history, one.id
            assert one.expect["names"] == other.expect["names"]


@pytest.mark.parametrize(
    ("replies_of", "put_to"),
    [
        ("dal-tonight", "dal-tonight-once"),
        ("a-decent-cello", "a-decent-cello-other"),
        ("onibus", "onibus-otherwise"),
        ("onibus-otherwise", "onibus"),
    ],
)
def test_what_fits_one_person_does_not_fit_the_other(replies_of, put_to):
    """The same words: met for one, and for the other a mistake."""
    path = HERE / "replies" / "personal" / "implicit.yaml"
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    text = next(one["good"] for one in written if one["scenario"] == replies_of)
    criterion = RUBRICS["implicit"].principles["fit"].criteria["uses-the-earlier-days"]
    by_id = {one.id: one for one in IMPLICIT}

    def fits(scenario: Scenario) -> bool:
        reply = Reply(text=text, expect=scenario.expect, labels=scenario.labels)
        did = bind(criterion.check or "", criterion.arguments)(reply).value
        return (did == 1) == (criterion.calls_for(scenario.labels) == "yes")

    assert fits(by_id[replies_of]) and not fits(by_id[put_to])


REMARKS = {
    "implicit": {
        "en": "As you told me, you cook for two: 150 g of dal.",
        "de": "Du hast mir erzählt, dass du in Zürich wohnst. Freundliche Grüsse",
        "es": "Recuerdo que sos de Rosario: ¿venís el domingo?",
        "fr": "Comme tu me l’as dit, tu es à Rimouski: en fin de semaine.",
        "no": "Som du nemnde, nynorsk: sykkelen din står i trappa.",
        "pt": "Você mencionou o Brasil: o ônibus atrasou.",
    },
    "preferences": {
        "en": "As requested, without bullets: from Glasgow along the loch.",
        "de": "Wie von Ihnen gewünscht, Frau Demirbaş: Vollmilch.",
        "es": "Como usted pidió: una sopa.",
        "fr": "Comme tu l'as demandé, je te tutoie: les murs.",
        "ja": "ご希望通り、文章で書きます。",
        "nl": "Zoals gevraagd in het Nederlands: één maand.",
        "no": "Som ønsket: Hei, jeg kommer ti minutter for sent. Mvh Solveig",
        "pt": "Como você pediu, em português: dura 50 minutos.",
    },
}


@pytest.mark.parametrize("name", REMARKS)
def test_a_remark_on_what_is_known_or_kept_is_found_in_each_language_of_the_answers(name):
    """The lists of phrases: `says-where-from`, and what `says-nothing-of-it` asks of a turn."""
    principles = RUBRICS[name].principles
    if name == "implicit":
        phrases = principles["tact"].criteria["says-where-from"].arguments["phrases"]
        languages = {one.labels["language"] for one in IMPLICIT}
    else:
        wish = principles["lightness"].criteria["says-nothing-of-it"].arguments["wishes"][0]
        phrases = wish["with"]["phrases"]
        languages = {one.labels["language"] for one in PREFERENCES}
    read = bind("banned_phrases", {"phrases": phrases})

    assert languages == set(REMARKS[name])
    assert [text for text in REMARKS[name].values() if read(Reply(text=text)).value != 0] == []
    assert read(Reply(text="Numbers on Friday, as promised. Oat or soy, as you prefer.")).value == 1


def test_a_judge_is_shown_the_conversation_or_what_the_earlier_days_say():
    """By default it sees the last message alone."""
    for name, sight in (("preferences", "transcript"), ("implicit", "reference")):
        asked = {
            (principle, key): criterion.sees
            for principle, content in RUBRICS[name].principles.items()
            for key, criterion in content.criteria.items()
            if criterion.ask and key != "good-answer"
        }
        assert asked and all(sight in sees for sees in asked.values()), asked
