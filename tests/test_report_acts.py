"""What stands beside a reply: tool calls with their answers, and a document version by version."""

import html
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment, load_experiment
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.report.html.acts import calls, cutting, documents, turns
from tastemaker.report.html.page import as_html
from tastemaker.report.html.source import Source, read_source
from tastemaker.report.html.texts import BESIDE, merged, word_changes
from tastemaker.results import results
from tastemaker.tables import (
    REPLIES,
    SEAL,
    reply_table,
    score_table,
    scores_of_rows,
    write_tables,
)

WHOLE = cutting(None)
DRAFT = "The fair begins at ten. If you can spare two hours, write to the office."


def asked(*calls):
    return {
        "role": "assistant",
        "text": "",
        "tool_calls": [
            {"name": name, "arguments": arguments, "id": name} for name, arguments in calls
        ],
    }


def answered(text, call=""):
    return {"role": "tool", "text": text, "tool_calls": [], "tool_call_id": call}


def said(role, text):
    return {"role": role, "text": text, "tool_calls": []}


# Tools -------------------------------------------------------------------------------------------


def test_calls_stand_with_the_answers_that_were_given_to_them():
    """Two at once: answered out of order where ids say so, and in order where there are none."""
    messages = [
        said("user", "Move both."),
        asked(("list", {}), ("move", {"to": "11:00", "days": [1, 3]})),
        answered("Moved.", "move"),
        answered("Two dates."),
        asked(("check", "all of it")),
        said("assistant", "Done."),
    ]
    found = calls({"messages": messages}, WHOLE)

    assert [(one.number, one.name) for one in found] == [(1, "list"), (2, "move"), (3, "check")]
    assert [one.answer and one.answer.text for one in found] == ["Two dates.", "Moved.", None]
    assert [(name, given.text) for name, given in found[1].arguments] == [
        ("to", "11:00"),
        ("days", "[\n 1,\n 3\n]"),
    ]
    assert [(name, given.text) for name, given in found[2].arguments] == [("", "all of it")]


def test_a_conversation_names_calls_and_does_not_say_their_answers_again():
    messages = [
        said("system", "SECRET"),
        said("user", "Look it up."),
        asked(("search", {"q": "fair"})),
        answered("At ten."),
        said("assistant", "At ten."),
    ]
    row = {"messages": messages}

    assert [(t.role, t.text.text, list(t.calls)) for t in turns(row, WHOLE, confidential=True)] == [
        ("user", "Look it up.", []),
        ("assistant", "", ["1 search"]),
        ("tool", "", ["1 search"]),
        ("assistant", "At ten.", []),
    ]
    assert turns(row, WHOLE, confidential=False)[0].text.text == "SECRET"


def test_a_question_and_its_answer_are_no_conversation():
    row = {"messages": [said("system", "Be kind."), said("user", "Hi"), said("assistant", "Hi")]}

    assert turns(row, WHOLE, confidential=False) == []
    assert calls(row, WHOLE) == []


def test_an_answer_to_nothing_is_said_in_the_conversation():
    row = {"messages": [said("user", "Hi"), answered("lost"), said("assistant", "Hi")]}

    assert [turn.text.text for turn in turns(row, WHOLE, confidential=False)][1] == "lost"


def test_long_words_are_cut_and_say_how_long_they_are():
    row = {"messages": [asked(("write", {"text": "x" * 1_000_000}))]}
    (found,) = calls(row, cutting(100))

    (_, given) = found.arguments[0]
    assert (given.text, given.whole) == ("x" * 100, 1_000_000)


# Documents ---------------------------------------------------------------------------------------


def document(*texts, start=None, by="edit", name=""):
    listed = [{"document": name, "by": by, "text": text} for text in texts]
    return {"document": start, "versions": listed}


def became(row):
    """The versions of the only document of a row."""
    (found,) = documents([row, {}], WHOLE)[0]
    return found.versions


def test_what_became_of_a_document_is_one_change_after_the_other():
    second = DRAFT.replace("ten", "eleven")
    third = second.replace("two hours", "an hour")
    row = {"document": third, "versions": [
        {"document": "draft", "by": "", "text": DRAFT, "form": "prose"},
        {"document": "draft", "by": "edit", "text": second, "form": "prose"},
        {"document": "draft", "by": "patch", "text": third, "form": "prose"},
    ]}  # fmt: skip
    (found,) = documents([row, {}], WHOLE)[0]
    first, edit, patch = found.versions

    assert (found.name, found.text.text) == ("draft", third)
    assert (first.number, first.by, first.text.text) == (1, "", DRAFT)
    assert edit.text.text == DRAFT.replace("ten", "<del>ten</del><ins>eleven</ins>")
    assert (patch.by, patch.text.text) == (
        "patch",
        second.replace("two hours", "<del>two hours</del><ins>an hour</ins>"),
    )


def test_several_documents_have_each_their_own_versions():
    """Changed in turns: the plan twice, the list once."""
    row = {"versions": [
        {"document": "plan", "by": "", "text": "one two three"},
        {"document": "list", "by": "create", "text": "milk"},
        {"document": "plan", "by": "edit", "text": "one two four"},
    ]}  # fmt: skip
    other = {"versions": [{"document": "plan", "by": "", "text": "one two three"}]}
    (plan, shopping), (theirs,) = documents([row, other], WHOLE)

    assert (plan.name, [one.by for one in plan.versions]) == ("plan", ["", "edit"])
    assert plan.text.text == "one two <del>four</del>"
    assert theirs.text.text == "one two <ins>three</ins>"
    assert (shopping.name, shopping.versions, shopping.text.text) == ("list", [], "milk")


def test_the_only_documents_of_both_arms_are_compared_whatever_they_are_called():
    rows = [document("one two three", name=name) for name in ("plan", "draft")]
    ((old,), (new,)) = documents(rows, WHOLE)

    assert old.note == new.note == "It is the same in both arms."


def test_what_a_document_began_with_is_the_first_version_though_no_tool_made_it():
    changed = DRAFT + " Thanks."
    first, second = became(document(changed, start=DRAFT))

    assert (first.by, first.text.text) == ("", DRAFT)
    assert second.text.text == f"{DRAFT}<ins> Thanks.</ins>"


def test_a_document_that_never_changed_has_no_versions():
    assert became(document(start=DRAFT)) == []
    assert became(document(DRAFT, start=DRAFT)) == []
    assert documents([{}, document(start="")], WHOLE) == [[], []]


def test_a_document_that_is_written_anew_says_so_and_stands_whole():
    _, second = became(document("Come all! Cake, music, fun.", start=DRAFT))

    assert second.note.endswith("it was written anew.")
    assert second.text.text == "Come all! Cake, music, fun."


def test_a_change_that_changes_nothing_says_so():
    _, second = became(document(DRAFT, DRAFT))

    assert (second.note, second.text.text) == ("Nothing changed.", "")


def test_of_a_long_document_only_what_stands_around_a_change_is_shown():
    """1,000 characters on either side, of which at most `BESIDE` are shown, in whole words."""
    first, second = (f"{'word ' * 200}{middle}{' last' * 200}" for middle in ("old", "new"))
    found = str(merged(first, second, word_changes(first, second)))
    gaps = [int(n) for n in re.findall(r"⋯ (\d+) characters as before", found)]
    shown = re.sub(r"<[^>]+>", "", re.sub('<span class="gap">.*?</span>', "", found))

    assert "<del>old</del><ins>new</ins>" in found
    assert shown.strip().startswith("word word") and shown.endswith("last ")
    assert sum(gaps) + len(shown) == 1_000 + len("oldnew") + 1_000
    assert BESIDE - 5 <= (len(shown) - len("oldnew")) / 2 <= BESIDE


TEXTS = st.text(alphabet="ab <&\n", max_size=30)


@given(TEXTS, TEXTS)
@settings(max_examples=200, deadline=None)
def test_with_what_went_it_is_the_first_text_and_with_what_came_the_second(first, second):
    changes = word_changes(first, second)
    found = str(merged(first, second, changes))
    without = {
        tag: html.unescape(re.sub(rf"<{tag}>.*?</{tag}>|</?(?:del|ins)>", "", found, flags=re.S))
        for tag in ("del", "ins")
    }

    if not changes.unlike:
        assert without == {"ins": first, "del": second}


# The page ----------------------------------------------------------------------------------------


def page(replies, **options):
    """The page of two arms; `new` fails everywhere. `replies` has fields of a row by arm."""
    rows, scores = [], []
    for arm, fields in replies.items():
        for n in range(8):
            common = dict(eval="canvas", scenario=f"s{n}", arm=arm, seed=1)
            scores.append(ScoreRow(**common, cluster=f"c{n}", principle="restraint",
                                   value=float(arm == "old")))  # fmt: skip
            rows.append(ReplyRow(**{**common, "prompt": "Fix it.", "messages": "[]",
                                    "reply": "Done."} | fields))  # fmt: skip
    experiment = Experiment.model_validate(
        {"experiment": "try", "baseline": {"old": {"scores": "o.csv"}},
         "candidates": {"new": {"scores": "n.csv"}}}
    )  # fmt: skip
    table = reply_table(rows)
    found = results(experiment, {"record": "sha256:0"}, scores_of_rows(scores))
    return as_html(found, Source(tables={arm: (table, arm) for arm in replies}), **options)


def listed(*texts):
    return json.dumps([{"by": "edit_document", "text": text} for text in texts])


def test_the_page_shows_calls_answers_and_versions():
    edited = DRAFT.replace("ten", "eleven")
    messages = [
        said("user", "Eleven now."),
        asked(("edit_document", {"find": "ten", "replace": "eleven"})),
        answered("1 place changed."),
        said("assistant", "Done."),
    ]
    old = {"messages": json.dumps(messages), "document": DRAFT, "versions": listed(edited)}
    new = {"document": DRAFT, "versions": listed("Come all! Cake, music, fun.")}
    text = page({"old": old, "new": new})

    assert '<li value="1"><b dir="auto">edit_document</b>' in text
    assert '<dt dir="auto">find</dt><dd><div class="text code" dir="auto">ten</div>' in text
    assert "1 place changed." in text
    assert 'What became of the document<span dir="auto"></span>, in 2 versions' in text
    assert "<del>ten</del><ins>eleven</ins>" in text
    assert "it was written anew" in text
    assert "It shares too few words with the other arm&#39;s" in text
    assert 'Document<span dir="auto"></span> at the end' in text


def test_documents_that_are_alike_are_said_to_be_so():
    text = page({"old": {"document": DRAFT}, "new": {"document": DRAFT}})

    assert "It is the same in both arms." in text
    assert "What became of the document" not in text


def test_documents_of_a_million_characters_do_not_cost_the_entry_its_texts():
    x, y, z = ("x" * 1_000_000, "y" * 1_000_000, "z" * 1_000_000)
    messages = [said("user", x), asked(("write", {"text": y})), answered(z), said("assistant", x)]
    huge = {"document": x, "versions": listed(y, z), "messages": json.dumps(messages)}
    text = page({"old": huge, "new": huge})

    assert len(re.findall('<details class="entry whole"', text)) == 8
    assert "Cut here; it has 1,000,000 characters. With --full it is whole." in text
    assert len(text.encode()) < 2_000_000


def test_a_criterion_where_met_is_bad_is_not_ticked_off_as_good(project):
    folder = project({
        "tone.yaml": "rubric: tone\nprinciples: {honesty: {criteria: {invented: {ask: Is it made "
                     "up?, weight: -1}, kind: {ask: Is it kind?}}}}\n",
        "mail.yaml": "dataset: mail\nstrata: {all: {scenarios: [{id: s1, prompt: Hi}]}}\n",
        "try.yaml": "experiment: try\nevals: [{rubric: ./tone.yaml, dataset: ./mail.yaml}]\n"
                    "baseline: {old: {model: acted/a}}\ncandidates: {new: {model: acted/b}}\n",
    })  # fmt: skip
    findings = {name: {"value": 1.0, "reason": "", "quote": ""}
                for name in ("honesty.invented", "honesty.kind")}  # fmt: skip
    common = [dict(eval="mail", scenario="s1", arm=arm, seed=1) for arm in ("old", "new")]
    scores = [ScoreRow(**one, cluster="s1", principle="honesty", value=0.5) for one in common]
    table = reply_table(
        ReplyRow(**one, prompt="Hi", messages="[]", reply="Hi", findings=json.dumps(findings))
        for one in common
    )
    record = {"record": "sha256:0", "evals": {"mail": {
        "dataset": "mail", "dataset_version": 1, "dataset_hash": "1", "rubric": "tone",
        "rubric_version": 1, "rubric_hash": "2", "scenarios": 1, "clusters": 1}}}  # fmt: skip
    found = results(load_experiment(folder / "try.yaml"), record, scores_of_rows(scores))
    text = as_html(found, Source(tables={arm: (table, arm) for arm in ("old", "new")}))

    assert '<li class="bad"><b>honesty / invented</b> met, which counts against it</li>' in text
    assert '<li class="good"><b>honesty / kind</b> met</li>' in text


ON_CANVAS = {
    "tone.yaml": "rubric: tone\nprinciples: {brevity: {criteria: {short: {check: words, with: "
    "{max: 9}}}}}\n",
    "fair.yaml": f"dataset: fair\nstrata: {{all: {{scenarios: [{{id: s1, prompt: Eleven now., "
    f"document: '{DRAFT}', environment: {{kind: canvas}}}}]}}}}\n",
    "try.yaml": "experiment: try\nevals: [{rubric: ./tone.yaml, dataset: ./fair.yaml}]\nseeds: 1\n"
    "baseline: {old: {model: drafting/old}}\ncandidates: {new: {model: drafting/new}}\n",
}


@pytest.mark.slow
def test_from_a_run_in_a_canvas_to_the_page(project):
    """The old arm changes the draft; the new one looks for words that are not there."""
    from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, modelapi

    folder = project(ON_CANVAS)

    @modelapi(name="drafting")
    class Drafting(ModelAPI):
        async def generate(self, input, tools, tool_choice, config):
            wanted = "ten" if "old" in self.model_name else "noon"
            edits = {"edits": [{"pattern": wanted, "replacement": "eleven"}]}
            output = (
                ModelOutput.from_content(self.model_name, "Done.")
                if any(message.role == "tool" for message in input)
                else ModelOutput.for_tool_call(self.model_name, "edit_document", edits)
            )
            output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
            return output

    run = CliRunner().invoke(app, ["run", "try.yaml"])
    text = (folder / "reports" / "out" / "try" / "report.html").read_text("utf-8")

    assert run.exit_code == 3, run.output
    assert "<del>ten</del><ins>eleven</ins>" in text
    assert len(re.findall("What became of the document", text)) == 1
    assert len(re.findall('<li value="1"><b dir="auto">edit_document</b>', text)) == 2
    assert "Not done." in text and "noon" in text


# Tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("older", [True, False])
def test_tables_from_before_there_were_versions_are_read_still(tmp_path, older):
    common = dict(eval="canvas", scenario="s1", arm="old", seed=1)
    row = ReplyRow(**common, prompt="Hi", messages="[]", reply="Hi", versions=listed("a", "b"))
    score = ScoreRow(**common, cluster="c", principle="restraint", value=1.0)
    write_tables(tmp_path, score_table([score]), reply_table([row]))
    if older:
        path = tmp_path / REPLIES
        path.with_name(f"{REPLIES}{SEAL}").unlink()  # those tables had none
        with pq.ParquetFile(path) as file:
            table = file.read()
        pq.write_table(table.drop_columns(["versions"]), path)
        assert "versions" not in pq.read_schema(path).names
    source = read_source({"old": (tmp_path, "old")})
    (found,) = source.rows(one for rows in source.places.values() for one in rows.values())

    kept = [{"by": "edit_document", "text": text} for text in "ab"]
    assert found["versions"] == ([] if older else kept)
    assert isinstance(source.tables["old"][0], pa.Table)


def test_replies_that_were_edited_after_the_run_are_not_shown(tmp_path):
    common = dict(eval="canvas", scenario="s1", arm="old", seed=1)
    score = ScoreRow(**common, cluster="c", principle="restraint", value=1.0)
    rows = [ReplyRow(**common, prompt="Hi", messages="[]", reply=text) for text in ("Hi", "Better")]
    write_tables(tmp_path, score_table([score]), reply_table(rows[:1]))
    pq.write_table(reply_table(rows[1:]), tmp_path / REPLIES)

    with pytest.raises(UserError, match="was edited after it was written"):
        read_source({"old": (tmp_path, "old")})
