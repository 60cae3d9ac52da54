"""Marks go out and come back in unchanged, hostile cells included, and mistakes are all told."""

import csv
import io
import json
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tastemaker.about import Now
from tastemaker.errors import UserError
from tastemaker.escaping import FORMULA, from_spreadsheet, spreadsheet
from tastemaker.marks import CONSENSUS, MARKS, Item, Mark, MarkStore, PairMark
from tastemaker.rating.exchange import (
    MARK_COLUMNS,
    PAIR_COLUMNS,
    Codes,
    Welcome,
    import_marks,
    mark_rows,
    pair_rows,
)
from tastemaker.rating.material import Material
from tastemaker.rating.packet import COLUMNS, OPEN_COLUMNS, Packet, open_rows
from tastemaker.rating.packet import PAIR_COLUMNS as PACKET_PAIR_COLUMNS
from tastemaker.rating.questions import Questions, answer_text, answer_value
from tastemaker.rating.ratable import Ratable, Setting
from tastemaker.rating.sheets import as_csv, as_text
from tastemaker.records import Message
from tastemaker.rubric import Rubric
from tastemaker.scenario import Scenario

RUBRIC = Rubric.model_validate(
    {
        "rubric": "email",
        "principles": {
            "clarity": {
                "text": "Clear.",
                "criteria": {
                    "ask": {"ask": "Is it asked?", "note": "Early.", "met": ["Could you?"]},
                    "tone": {"ask": "How is it?", "levels": {"poor": 0, "fair": 0.5, "good": 1}},
                },
            },
            "warmth": {"criteria": {"tone": {"ask": "Is it warm?", "weight": -1}}},
        },
    }
)
QUESTIONS = Questions(rubrics={"email": RUBRIC, "note": RUBRIC}, own={})
ASKED = {"clarity/ask": True, "clarity/tone": True, "warmth/tone": True}
HOMES = [("email", "s1"), ("email", "=s2"), ("note", "s1"), ("note", "s3")]
RATABLE = Ratable(
    arms=("old", "new"),
    replies={
        (*home, seed): frozenset(("old", "new"))
        - ({"new"} if (home[1], seed) == ("s3", 2) else set())
        for home in HOMES
        for seed in (1, 2)
    },
    questions=dict.fromkeys(HOMES, ASKED),
    settings=dict.fromkeys(
        HOMES, Setting(stratum="", stratum_weight=None, weight=1.0, split="dev")
    ),
    rows=pa.table({}),
)
NOW = Now(
    replies={
        (*spot, arm): f"sha256:{spot} {arm}"
        for spot, arms in RATABLE.replies.items()
        for arm in arms
    },
    questions={},
)
ANYBODY = Welcome(raters=("ana", "ben"))
MARK = Mark(
    eval="email", scenario="s1", seed=1, arm="old", criterion="clarity/ask", rater="ana", value=1.0
)
PAIR = PairMark(
    eval="email", scenario="s1", seed=1, first="old", second="new", rater="ana", preference="a"
)


def arrived(one):
    """An answer as it stands once it came in by a file."""
    place = (one.eval, one.scenario, one.seed)
    if isinstance(one, Mark):
        about = NOW.about((*place, one.arm), one.criterion)
    else:
        about = NOW.about_pair((*place, one.first), (*place, one.second), one.principle)
    return replace(one, about=about, imported=True)


@pytest.fixture
def store(tmp_path):
    return MarkStore(tmp_path / MARKS)


@pytest.fixture
def bring(tmp_path, store):
    """Import a file of this text, or of these rows."""

    def brought(text, name="marks.csv", welcome=ANYBODY):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_marks(path, store, RATABLE, QUESTIONS, NOW, welcome)

    return brought


# Cells -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", FORMULA)
def test_no_cell_begins_with_what_a_spreadsheet_would_run(start):
    cell = spreadsheet(f"{start}cmd|' /C calc'!A0")

    assert cell.startswith("'")
    assert from_spreadsheet(cell) == f"{start}cmd|' /C calc'!A0"


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\nab\"")))
def test_every_text_comes_back_from_its_cell(text):
    assert from_spreadsheet(spreadsheet(text)) == text
    assert not spreadsheet(text).startswith(FORMULA)


def test_an_apostrophe_that_guards_nothing_is_left_alone():
    assert spreadsheet("'tis so") == from_spreadsheet("'tis so") == "'tis so"


# Round trips -------------------------------------------------------------------------------------

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
NAMES = TEXTS.map(lambda text: "".join(filter(str.isprintable, text)).strip()).filter(
    lambda text: text not in ("", CONSENSUS)
)
MARKS_MADE = st.builds(
    Mark,
    eval=st.just("email"),
    scenario=st.sampled_from(["s1", "=s2"]),
    seed=st.sampled_from([1, 2]),
    arm=st.sampled_from(["old", "new"]),
    criterion=st.sampled_from(list(ASKED)),
    rater=NAMES,
    value=st.sampled_from([1.0, 0.0, None]),
    quote=TEXTS,
    note=TEXTS,
    made=st.sampled_from(["", "2026-11-22T10:00:00Z"]),
)
PAIRS_MADE = st.builds(
    PairMark,
    eval=st.just("note"),
    scenario=st.just("s1"),
    seed=st.sampled_from([1, 2]),
    first=st.just("new"),
    second=st.just("old"),
    principle=st.sampled_from(["", "clarity"]),
    rater=NAMES,
    preference=st.sampled_from(["a", "b", "tie", None]),
    note=TEXTS,
    made=st.just(""),
)


def standing(rows, key):
    return {key(one): one for one in rows}


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@given(marks=st.lists(MARKS_MADE, min_size=1, max_size=12))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_marks_come_back_as_they_went(tmp_path, ending, marks):
    marks = list(
        standing(marks, lambda m: (m.scenario, m.seed, m.arm, m.criterion, m.rater)).values()
    )
    path = tmp_path / f"marks.{ending}"
    rows = mark_rows(marks, [], QUESTIONS)
    path.write_bytes(as_text(path, MARK_COLUMNS, rows).encode())
    (tmp_path / MARKS).unlink(missing_ok=True)
    store = MarkStore(tmp_path / MARKS)
    welcome = Welcome(raters=[one.rater for one in marks])
    done = import_marks(path, store, RATABLE, QUESTIONS, NOW, welcome)

    assert store.marks() == list(map(arrived, marks))
    assert len(done.added) == len(marks)
    again = import_marks(path, store, RATABLE, QUESTIONS, NOW, Welcome())
    assert (again.added, again.unchanged) == ((), len(marks))


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@given(pairs=st.lists(PAIRS_MADE, min_size=1, max_size=6))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_preferences_come_back_as_they_went(tmp_path, ending, pairs):
    pairs = list(standing(pairs, lambda p: (p.seed, p.principle, p.rater)).values())
    path = tmp_path / f"pairs.{ending}"
    path.write_bytes(as_text(path, PAIR_COLUMNS, pair_rows(pairs)).encode())
    (tmp_path / MARKS).unlink(missing_ok=True)
    store = MarkStore(tmp_path / MARKS)
    welcome = Welcome(raters=[one.rater for one in pairs])
    import_marks(path, store, RATABLE, QUESTIONS, NOW, welcome)

    assert store.pairs() == list(map(arrived, pairs))
    assert import_marks(path, store, RATABLE, QUESTIONS, NOW, Welcome()).added == ()


def test_a_level_goes_out_by_its_name(store):
    mark = replace(MARK, criterion="clarity/tone", value=0.5)

    assert mark_rows([mark], [], QUESTIONS)[0]["value"] == "fair"


def test_the_chance_of_the_plan_goes_out_with_the_mark():
    item = Item(number=0, rater="ana", eval="email", scenario="s1", seed=1, arm="old", chance=0.25)

    assert mark_rows([MARK], [item], QUESTIONS)[0]["chance"] == 0.25


# What may be written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("MET", 1.0), ("unmet", 0.0), ("Cannot_Assess", None), ("1", 1.0), ("0", 0.0), (" 1.0 ", 1.0)],
)
def test_a_yes_or_no_question_takes_words_and_numbers(text, value):
    assert answer_value(text, {}) == value


@pytest.mark.parametrize(
    ("text", "value"), [("good", 1.0), ("FAIR", 0.5), ("0.5", 0.5), ("0", 0.0)]
)
def test_a_graded_question_takes_its_levels_by_name_and_number(text, value):
    levels = QUESTIONS.levels("email", "s1", "clarity/tone")

    assert answer_value(text, levels) == value
    assert answer_value(answer_text(value, levels), levels) == value


@pytest.mark.parametrize(
    ("text", "levels"), [("0.5", {}), ("yes", {}), ("MET", {"poor": 0, "good": 1}), ("nan", {})]
)
def test_what_is_no_answer_is_refused(text, levels):
    with pytest.raises(ValueError, match="expected"):
        answer_value(text, levels)


def test_the_fewest_columns_are_enough(bring, store):
    bring("scenario,seed,arm,criterion,rater,value\n=s2,1,new,ask,ben,MET\n".replace("=s2", "'=s2"))

    assert store.marks() == [arrived(replace(MARK, scenario="=s2", arm="new", rater="ben"))]


def test_a_spreadsheet_of_another_country_is_read(bring, store):
    text = "eval;scenario;seed;arm;criterion;rater;value;note\r\n"
    bring("﻿".encode() + f"{text}email;s1;1;old;ask;ana;1;so, so\r\n;;;;;;;\r\n".encode())

    assert store.marks() == [arrived(replace(MARK, note="so, so"))]


def test_rows_without_an_answer_are_counted_and_left_out(bring, store):
    done = bring(
        "eval,scenario,seed,arm,criterion,rater,value\n"
        "email,s1,1,old,ask,ana,MET\nemail,s1,1,new,ask,ana,\n"
    )

    assert (len(done.added), done.empty, done.raters) == (1, 1, ("ana",))


def test_what_was_made_before_what_stands_does_not_overwrite_it(bring, store):
    store.put([arrived(replace(MARK, made="2026-11-22T10:00:00Z"))])
    header = "eval,scenario,seed,arm,criterion,rater,value,made\n"
    older = bring(f"{header}email,s1,1,old,ask,ana,UNMET,2026-11-22T10:30:00+01:00\n")

    assert (older.older, store.marks()[0].value) == (1, 1.0)
    newer = bring(f"{header}email,s1,1,old,ask,ana,UNMET,2026-11-22T10:00:01Z\n")
    assert (len(newer.added), store.marks()[0].value) == (1, 0.0)


def test_every_mistake_is_told_at_once_and_nothing_is_taken_in(bring, store):
    with pytest.raises(UserError) as caught:
        bring(
            "eval,scenario,seed,arm,criterion,rater,value\n"
            "email,s1,1,old,ask,ana,MET\n"
            "email,s11,1,old,ask,ana,MET\n"
            "emial,s1,1,old,ask,ana,MET\n"
            ",s1,1,old,ask,ana,MET\n"
            "email,s1,3,old,ask,ana,MET\n"
            "email,s1,1,odl,tone,ana,yes\n"
            "note,s3,2,new,warmth/tone,,MET\n"
            "email,s1,1,old,clarity/ask,ana,UNMET\n"
            "email,s1,1,old,akk,ana ,MET\n"
            "email,s1,1,r-0123456789,ask,ana,0.5\n"
        )

    assert str(caught.value).splitlines() == [
        "marks.csv:3:2: scenario: email has no scenario 's11' that could be rated: "
        "did you mean 's1'?",
        "marks.csv:4:1: eval: no eval 'emial': did you mean 'email'?",
        "marks.csv:5:2: scenario: 's1' stands in email or note: say which in a column 'eval'",
        "marks.csv:6:3: seed: expected 1 or 2, found '3'",
        "marks.csv:7:4: arm: no arm 'odl': did you mean 'old'?",
        "marks.csv:7:5: criterion: 'tone' stands in several principles: "
        "write clarity/tone or warmth/tone",
        "marks.csv:8:4: arm: 'new' did not reply to this scenario in seed 2",
        "marks.csv:8:6: rater: nobody is named",
        "marks.csv:9:2: scenario: the same question as in line 2, answered a second time",
        "marks.csv:10:5: criterion: no criterion 'akk' of this scenario: did you mean 'ask'?",
        "marks.csv:10:6: rater: expected a name without blanks around it, "
        "of at most 200 printable characters",
        "marks.csv:11:4: arm: 'r-0123456789' is no reply's code here: "
        "was the packet made from another run?",
        "marks.csv:11:7: value: expected MET, UNMET, CANNOT_ASSESS, or 1 or 0, found '0.5'",
    ]
    assert store.marks() == []


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("scenario,seed\ns1,1\n", "m.csv", "the column 'arm' is missing"),
        ("scenario,sead,arm,criterion,rater,value\n" + "a," * 5 + "b\n", "m.csv",
         "m.csv:1:2: unknown column 'sead': did you mean 'seed'"),
        ("scenario,verdict\n1,2\n", "m.csv",
         "m.csv:1:2: unknown column 'verdict': expected scenario, seed, arm, criterion, rater, "
         "value, eval, quote, note, made"),
        ("a,a\n1,2\n", "m.csv", "m.csv:1:2: a second column 'a'"),
        ("a,b\n1\n", "m.csv", "m.csv:2:2: expected 2 cells, as in the header, found 1"),
        ('a,b\n"1,2\n', "m.csv", "m.csv:2:1: not CSV"),
        ("", "m.csv", "the file has no rows"),
        (b"\xff\xfe", "m.csv", "save the file as UTF-8"),
        ("{", "m.jsonl", "m.jsonl:1:2: not JSON"),
        ('{"value": 1, "value": 0}', "m.jsonl", "the key 'value' stands there twice"),
        ("[]", "m.jsonl", "expected an object of keys and values, found a list"),
        ('{"value": true}', "m.jsonl", "value: expected text or a number, found true"),
        ("x", "m.xlsx", "expected a file ending in .csv or .jsonl"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_says_where_and_why(bring, text, name, message):
    with pytest.raises(UserError) as caught:
        bring(text, name)

    assert message in str(caught.value)


def test_a_time_and_a_chance_are_read_strictly(bring):
    header = "eval,scenario,seed,arm,criterion,rater,value,made,chance\n"
    with pytest.raises(UserError) as caught:
        bring(
            f"{header}email,s1,1,old,ask,ana,1,yesterday,0\n"
            "email,s1,2,old,ask,ana,1,,0.5\nemail,s1,2,new,ask,ana,1,,0.25\n"
        )

    assert [line.partition(": ")[2] for line in str(caught.value).splitlines()] == [
        "made: expected a time like 2026-11-22T10:00:00Z, found 'yesterday'",
        "chance: expected above 0, at most 1, found '0'",
        "chance: expected 0.5, as in another row of this scenario",
    ]


def test_marks_with_chances_are_the_plan_where_there_is_none(bring, store):
    header = "eval,scenario,seed,arm,criterion,rater,value,chance\n"
    done = bring(f"{header}email,s1,1,old,ask,ana,1,0.25\nemail,s1,1,new,ask,ana,1,0.25\n")

    assert done.planned
    assert [(one.number, one.arm, one.chance) for one in store.items("ana")] == [
        (0, "old", 0.25),
        (1, "new", 0.25),
    ]
    again = bring(f"{header}email,s1,2,old,ask,ana,1,0.5\n")
    assert (again.planned, again.outside) == (False, 1)
    assert len(store.items()) == 2


# Preferences -------------------------------------------------------------------------------------


def test_a_preference_in_the_other_order_is_turned_round(bring, store):
    bring(
        "eval,scenario,seed,arm_a,arm_b,order,preference,rater\n"
        "email,s1,1,old,new,ba,a,ana\nemail,s1,2,old,new,ba,tie,ana\n"
    )

    assert [(one.first, one.second, one.preference) for one in store.pairs()] == [
        ("new", "old", "b"),
        ("new", "old", "tie"),
    ]


def test_mistakes_in_preferences_are_told(bring):
    with pytest.raises(UserError) as caught:
        bring(
            "eval,scenario,seed,arm_a,arm_b,order,principle,preference,rater\n"
            "email,s1,1,old,old,ab,,a,ana\nemail,s1,1,old,new,aa,clarty,c,ana\n"
        )

    assert [line.partition(": ")[2] for line in str(caught.value).splitlines()] == [
        "arm_b: 'old' is compared with itself",
        "order: expected ab or ba, found 'aa'",
        "principle: no principle 'clarty': did you mean 'clarity'?",
        "preference: expected a, b, tie or CANNOT_ASSESS, found 'c'",
    ]


# Packets -----------------------------------------------------------------------------------------

HOSTILE = '<script>alert(1)</script>\n=HYPERLINK("x")'


def scenario(name, *prompts, **fields):
    said = tuple(Message(role="user", text=text) for text in prompts or ["Write."])
    return Scenario(id=name, messages=said, dataset="d", stratum="", cluster=name, **fields)


def material(replies=None, **fields):
    """What raters are shown: the same reply everywhere, but for the texts that are given."""
    texts = {
        (*home, seed, arm): f"A reply, {seed}."
        for home in HOMES
        for seed in (1, 2)
        for arm in ("old", "new")
    } | (replies or {})
    usual = {
        "rubrics": {"email": RUBRIC, "note": RUBRIC},
        "scenarios": {home: scenario(home[1]) for home in HOMES},
        "replies": {
            key: conversation(reply) if isinstance(reply, str) else reply
            for key, reply in texts.items()
        },
    }
    return Material(**(usual | fields))


def conversation(text, *before, prompt="Write."):
    said = [*before, ("user", prompt), ("assistant", text)]
    messages = json.dumps([{"role": role, "text": words} for role, words in said])
    return {"reply": text, "messages": messages}


def packet(store, *items, **given):
    return Packet(items, material(**given), Codes(store, NOW))


def item(number=0, **fields):
    usual = {"rater": "ana", "eval": "email", "scenario": "s1", "seed": 1, "arm": "old"}
    return Item(number=number, **(usual | fields))


def test_a_packet_comes_back_filled_in(store, bring):
    made = packet(store, item(), item(1, arm="new"))
    rows = made.rows([MARK])
    for row in rows:
        row["value"] = row["value"] or ("UNMET" if row["criterion"] != "clarity/tone" else "fair")
    text = as_csv(COLUMNS, rows)
    done = bring("﻿" + text)

    assert len(done.added) == 6
    assert {(one.arm, one.criterion): one.value for one in store.marks("ana")} == {
        ("old", "clarity/ask"): 1.0,
        ("old", "clarity/tone"): 0.5,
        ("old", "warmth/tone"): 0.0,
        ("new", "clarity/ask"): 0.0,
        ("new", "clarity/tone"): 0.5,
        ("new", "warmth/tone"): 0.0,
    }


def test_a_packet_names_no_arm_and_its_codes_follow_none(store):
    made = packet(store, *(item(n, scenario=s, arm=a) for n, (s, a) in enumerate(
        [("s1", "old"), ("=s2", "old"), ("s1", "new")])))  # fmt: skip
    text = as_csv(COLUMNS, made.rows([]))
    codes = {row["arm"] for row in csv.DictReader(io.StringIO(text, newline=""))}

    assert len(codes) == 3
    for words in (text, made.html("ana")):
        assert "old" not in words
        assert "new" not in words


def test_codes_are_another_in_another_store(store, tmp_path):
    other = MarkStore(tmp_path / "other.sqlite")
    key = ("email", "s1", 1, "old")

    assert Codes(store, NOW).code(*key) == Codes(store, NOW).code(*key)
    assert Codes(store, NOW).code(*key) != Codes(other, NOW).code(*key)


def test_a_hostile_reply_neither_runs_in_a_packet_nor_breaks_it(store, bring):
    seeing = {"ask": "Well?", "sees": ["reply", "document", "reference"], "note": HOSTILE}
    rubric = {"rubric": "email", "principles": {"clarity": {"criteria": {"ask": seeing}}}}
    shown = scenario("s1", HOSTILE, HOSTILE, document=HOSTILE, reference=HOSTILE)
    made = packet(
        store,
        item(),
        rubrics={"email": Rubric.model_validate(rubric)},
        scenarios={("email", "s1"): shown},
        replies={("email", "s1", 1, "old"): conversation(HOSTILE, ("user", HOSTILE))},
    )
    html = made.html('"><script>')
    rows = made.rows([])
    text = as_csv(COLUMNS, rows)

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not any(cell.startswith(FORMULA) for cell in cells)
    assert bring(text).empty == 1


EXAMPLES = (("user", "EXAMPLE"), ("assistant", "LIKE THIS"))


@pytest.mark.parametrize("other", ["", "new"])
def test_a_packet_shows_no_more_of_an_arm_than_the_page_does(store, other):
    """Neither its example turns nor the words of its template: they would give it away."""
    replies = {
        ("email", "s1", 1, "old"): conversation("Here.", *EXAMPLES, prompt="In v11 style: Write.")
    }
    made = packet(store, item(other=other), replies=replies, examples={"old": 2})
    rows = made.pair_rows([]) if other else made.rows([])

    for words in (json.dumps(rows), made.html("ana")):
        assert "Here." in words
        assert "Write." in words
        assert not any(told in words for told in ("EXAMPLE", "LIKE THIS", "v11"))


def test_a_packet_holds_what_was_said_before_and_done_in_between(store):
    said = [
        {"role": "user", "text": "First."},
        {"role": "assistant", "text": "Sure."},
        {"role": "user", "text": "Second."},
        {"role": "assistant", "text": "", "tool_calls": [{"name": "look", "arguments": {}}]},
        {"role": "tool", "text": "42"},
        {"role": "assistant", "text": "It is 42."},
    ]
    reply = {"reply": "It is 42.", "messages": json.dumps(said)}
    two = {("email", "s1"): scenario("s1", "First.", "Second.")}
    made = packet(store, item(), scenarios=two, replies={("email", "s1", 1, "old"): reply})
    row = made.rows([])[0]

    assert row["prompt"] == "User: First.\n\nAssistant: Sure.\n\nUser: Second."
    assert row["reply"] == "Assistant: look({})\n\nTool: 42\n\nIt is 42."
    assert "look({})" in made.html("ana")


def test_a_packet_of_a_plan_with_checks_asks_about_them(store):
    short = {"check": "words", "with": {"max": 5}}
    rubric = Rubric.model_validate(
        {"rubric": "email", "principles": {"brevity": {"criteria": {"short": short}}}}
    )
    made = packet(store, item(), rubrics={"email": rubric}, checks=True)
    assert packet(store, item(), rubrics={"email": rubric}).pages == []
    assert made.rows([])[0]["question"] == (
        "Does it pass the check words (max: 5)?\nAnswer: MET, UNMET, CANNOT_ASSESS"
    )


def test_paper_shows_the_question_its_anchors_and_boxes(store):
    html = packet(store, item()).html("ana")

    for words in (
        "Is it asked?",
        "Early.",
        "Could you?",
        "<li>MET</li>",
        "<li>fair</li>",
        "1 of 1",
    ):
        assert words in html


def test_pairs_come_back_from_their_packet(store, bring):
    made = packet(store, item(arm="new", other="old"))
    rows = made.pair_rows([])
    assert [row["principle"] for row in rows] == ["", "clarity", "warmth"]
    for row, choice in zip(rows, ("a", "tie", ""), strict=True):
        row["preference"] = choice
    done = bring(as_csv(PACKET_PAIR_COLUMNS, rows))

    assert [(p.first, p.second, p.principle, p.preference) for p in store.pairs()] == [
        ("new", "old", "", "a"),
        ("new", "old", "clarity", "tie"),
    ]
    assert done.empty == 1
    assert "Reply B" in made.html("ana")
    assert [row["preference"] for row in made.pair_rows(store.pairs())] == ["a", "tie", ""]


def test_disagreements_come_back_settled(store, bring):
    from tastemaker.rating.adjudication import disagreements

    store.put([MARK, replace(MARK, rater="ben", value=0.0, quote="q", note="late")])
    (row,) = open_rows(disagreements(store), material(), Codes(store, NOW))
    assert row["answers"] == 'ana: MET\nben: UNMET "q" (late)'
    settling = Welcome(settling={("email", "s1", 1, "old", "clarity/ask")})
    bring(as_csv(OPEN_COLUMNS, [row | {"value": "MET"}]), welcome=settling)

    assert store.marks(CONSENSUS) == [arrived(replace(MARK, rater=CONSENSUS))]
    assert len(store.marks()) == 3
    assert disagreements(store) == []


def test_json_lines_are_plain_objects():
    line = as_text(io_path("m.jsonl"), MARK_COLUMNS, mark_rows([MARK], [], QUESTIONS))

    assert json.loads(line)["value"] == "MET"


def io_path(name):
    from pathlib import Path

    return Path(name)


# Whose answers a file may bring ------------------------------------------------------------------

HEADER = "eval,scenario,seed,arm,criterion,rater,value,about\n"


def refused(bring, text, **options):
    """What is told of the rows of a file that brings nothing, by line."""
    with pytest.raises(UserError) as caught:
        bring(text, **options)
    return {
        int(line.split(":")[1]): line.partition(" ")[2] for line in str(caught.value).splitlines()
    }


def test_a_file_speaks_for_those_alone_who_were_named(bring, store):
    rows = "email,s1,1,old,ask,ana,MET,\nemail,s1,1,new,ask,ben,MET,\nemail,s1,2,new,ask,cy,,\n"
    told = refused(bring, HEADER + rows, welcome=Welcome(raters=["ana"]))

    assert told == {3: "rater: 'ben' was not named: --raters ben takes in what is by them"}
    assert store.marks() == []


def test_what_is_wrong_alike_in_many_rows_is_told_of_three_with_the_number_of_the_others(bring):
    told = refused(bring, HEADER + "email,s1,1,old,ask,ana,yes,\n" * 8)

    said = "value: expected MET, UNMET, CANNOT_ASSESS, or 1 or 0, found 'yes'"
    assert told == {2: said, 3: said, 4: f"{said} (and so in 5 more rows)"}


@pytest.mark.parametrize("name", ["marks.csv", "pairs.csv"])
def test_nobody_brings_what_was_agreed_on_by_naming_the_consensus(bring, name):
    rows = {
        "marks.csv": f"{HEADER}email,s1,1,old,ask,{CONSENSUS},MET,\n",
        "pairs.csv": "eval,scenario,seed,arm_a,arm_b,order,preference,rater\n"
        f"email,s1,1,old,new,ab,a,{CONSENSUS}\n",
    }[name]
    told = refused(bring, rows, name=name, welcome=Welcome(raters=[CONSENSUS]))

    assert told == {2: "rater: what was agreed on comes in with --adjudicate --import"}


def test_an_answer_that_was_given_on_the_page_is_changed_on_the_page_alone(bring, store):
    page = [replace(arrived(one), imported=False) for one in (MARK, replace(MARK, arm="new"))]
    store.put(page)
    same = bring(f"{HEADER}email,s1,1,old,ask,ana,MET,\nemail,s1,2,old,ask,ana,UNMET,\n")
    assert (same.unchanged, len(same.added)) == (1, 1)
    rows = "email,s1,1,old,ask,ana,UNMET,\nemail,s1,2,old,ask,ana,MET,\n"

    assert refused(bring, HEADER + rows) == {
        2: "rater: ana has answered it on the page, where alone it can be changed"
    }
    assert [one.value for one in store.marks()] == [1.0, 1.0, 0.0]


def test_a_preference_that_was_given_on_the_page_is_changed_on_the_page_alone(bring, store):
    store.put_pairs([replace(arrived(PAIR), imported=False)])
    header = "eval,scenario,seed,arm_a,arm_b,order,preference,rater\n"

    assert bring(f"{header}email,s1,1,old,new,ab,a,ana\n").unchanged == 1
    told = refused(bring, f"{header}email,s1,1,old,new,ab,b,ana\n")
    assert told == {2: "rater: ana has answered it on the page, where alone it can be changed"}


def test_what_was_said_on_the_page_of_a_reply_that_is_gone_stands_in_nobodys_way(bring, store):
    store.put([replace(MARK, about="sha256:gone", value=0.0)])
    bring(f"{HEADER}email,s1,1,old,ask,ana,MET,\n")

    assert store.marks() == [arrived(MARK)]


def test_who_answers_by_files_alone_need_not_be_named_again(bring, store):
    bring(f"{HEADER}email,s1,1,old,ask,ana,MET,\n")
    assert len(bring(f"{HEADER}email,s1,2,old,ask,ana,MET,\n", welcome=Welcome()).added) == 1
    store.add_rater("ana", "a link of her own")
    told = refused(bring, f"{HEADER}email,s1,2,new,ask,ana,MET,\n", welcome=Welcome())

    assert told == {2: "rater: 'ana' was not named: --raters ana takes in what is by them"}


def test_only_what_people_differ_on_is_settled(bring, store):
    settling = Welcome(settling={("email", "s1", 1, "old", "clarity/ask")}, raters=["ana"])
    rows = [f"email,s1,{seed},old,ask,{CONSENSUS},MET,\n" for seed in (1, 2)]
    told = refused(bring, f"{HEADER}{''.join(rows)}email,s1,1,old,ask,ana,MET,\n", welcome=settling)

    assert told == {
        3: "rater: nobody differs on it, so there is nothing to settle",
        4: f"rater: what was agreed on is by '{CONSENSUS}', found 'ana'",
    }
    bring(HEADER + rows[0], welcome=settling)
    assert [(one.rater, one.seed) for one in store.marks()] == [(CONSENSUS, 1)]


def test_preferences_are_settled_by_no_file(bring):
    text = "eval,scenario,seed,arm_a,arm_b,order,preference,rater\nemail,s1,1,old,new,ab,a,ana\n"

    with pytest.raises(UserError, match="preferences are settled on the page alone"):
        bring(text, welcome=Welcome(settling=set()))


# What an answer is about -------------------------------------------------------------------------


def test_what_was_exported_about_another_reply_does_not_come_in_for_the_new_one(bring, store):
    known = arrived(MARK)
    other = replace(MARK, seed=2, about="sha256:another reply")
    rows = as_text(io_path("m.csv"), MARK_COLUMNS, mark_rows([known, other], [], QUESTIONS))
    told = refused(bring, rows)

    assert told == {3: "about: given about another reply, or another question, than is there now"}
    assert store.marks() == []


def test_the_code_of_a_reply_is_another_once_the_reply_or_a_question_is(store, bring):
    key = ("email", "s1", 1, "old")
    replies = {**NOW.replies, key: "sha256:another"}
    asked = {"email": {"clarity/ask": "sha256:asked otherwise"}}
    before = Codes(store, NOW).code(*key)
    for now in (replace(NOW, replies=replies), replace(NOW, questions=asked)):
        code = Codes(store, now).code(*key)
        assert code != before
        assert code[:12] == before[:12]
        told = refused(bring, f"{HEADER}email,s1,1,{code},ask,ana,MET,\n")
        assert "was replaced after the packet was made" in told[2]

    assert len(bring(f"{HEADER}email,s1,1,{before},ask,ana,MET,\n").added) == 1
