"""Documents and finished logs are graded by the same rubric, and the table says what was found."""

import csv
import io
import json
import re
from pathlib import Path

import docx
import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.content import Place
from tastemaker.documents import read_documents
from tastemaker.errors import UserError
from tastemaker.experiment import Grader, load_experiment
from tastemaker.graders import GradeStore
from tastemaker.plan import make_plan
from tastemaker.regrade import regrade
from tastemaker.rubric import load_rubric
from tastemaker.run import run
from tastemaker.tables import REPLIES, SCORES, read_table

RUBRIC = """
rubric: letter
principles:
  warmth:
    criteria:
      kind: {ask: Is it kind?}
  brevity:
    criteria:
      short: {check: words, with: {max: 5}}
      named: {check: contains, with: {text: {from: expect.name}}, when: {kind: named}}
"""


def kind(messages, config):
    """Kind is what says gladly, and that is the quote."""
    page = messages[0].text
    reply = page[page.index("## reply") : page.index("## Criteria")]
    found = re.search("gladly", reply)
    return json.dumps(
        {"kind": {"quote": found[0] if found else "none", "answer": "MET" if found else "UNMET"}}
    )


@pytest.fixture
def folder(project, actor):
    actor.says("judge", kind)
    return project(
        {
            "letter.yaml": RUBRIC,
            "letters/a.md": "I will gladly help.",
            "letters/b.txt": "\ufeffNo. Not now, and not on any other day.",
            "letters/c.jsonl": "\n".join(
                [
                    json.dumps({"id": "one", "text": "Dear Ana.", "prompt": "Write to Ana."}),
                    "",
                    json.dumps(
                        {"reply": "Hi.", "labels": {"kind": "named"}, "expect": {"name": "Ana"}}
                    ),
                ]
            ),
            "letters/notes.log": "not a document",
        }
    )


def command(*arguments, code=0):
    result = CliRunner().invoke(app, ["grade", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout


def test_documents_of_a_folder_come_in_the_order_of_their_names(folder):
    documents = read_documents([folder / "letters"])

    names = [one.name.replace(f"{folder}/", "") for one in documents]
    assert names == ["letters/a.md", "letters/b.txt", "letters/c.jsonl:one", "letters/c.jsonl:3"]
    assert documents[1].text.startswith("No.")
    assert documents[2].prompt == "Write to Ana."
    assert documents[3].labels == {"kind": "named"}


def test_a_word_file_is_read_with_its_tables(tmp_path):
    file = docx.Document()
    file.add_paragraph("Dear Ana,")
    table = file.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Q3", "17"
    file.add_paragraph("Best, Tom")
    file.save(str(tmp_path / "letter.docx"))

    (document,) = read_documents([tmp_path / "letter.docx"])
    assert document.text == "Dear Ana,\n\nQ3\t17\n\nBest, Tom"


def write_pdf(path, drawn):
    """A page with a content stream in Helvetica."""
    writer = PdfWriter()
    page = writer.add_blank_page(300, 100)
    name, entries = NameObject, DictionaryObject
    font = {name("/Type"): name("/Font"), name("/Subtype"): name("/Type1")}
    font[name("/BaseFont")] = name("/Helvetica")
    fonts = entries({name("/F1"): entries(font)})
    page[name("/Resources")] = entries({name("/Font"): fonts})
    content = DecodedStreamObject()
    content.set_data(drawn.encode())
    page[name("/Contents")] = content
    writer.write(path)


def test_a_pdf_file_is_read_and_one_without_text_is_refused(tmp_path):
    write_pdf(tmp_path / "letter.pdf", "BT /F1 12 Tf 10 50 Td (Dear Ana) Tj ET")
    write_pdf(tmp_path / "scan.pdf", "0 0 m")

    assert read_documents([tmp_path / "letter.pdf"])[0].text.strip() == "Dear Ana"
    with pytest.raises(UserError, match="holds no text"):
        read_documents([tmp_path / "scan.pdf"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.doc", b"x", "expected .md"),
        ("a.txt", b"\xff\xfe\xfa", "not UTF-8"),
        ("a.docx", b"no zip", "cannot be read as a Word file"),
        ("a.pdf", b"no pdf", "cannot be read as a PDF file"),
        ("a.jsonl", b'{"text": "x"}\n{"text', "a.jsonl:2: no JSON"),
        ("a.jsonl", b'{"words": "x"}', "a.jsonl:1: expected an object with one of"),
        ("a.jsonl", b"[1]", "a.jsonl:1: expected an object with one of"),
        ("a.jsonl", b'{"text": 3}', "a.jsonl:1: 'text' is no text"),
        ("a.jsonl", b'{"text": "x", "labels": []}', "a.jsonl:1: 'labels' is no object"),
    ],
)
def test_a_file_that_cannot_be_graded_is_refused_with_its_place(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UserError, match=re.escape(message)):
        read_documents([tmp_path / name])


def test_a_file_that_is_not_there_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_documents([tmp_path / "none.md"])
    with pytest.raises(UserError, match="no documents"):
        read_documents([tmp_path])


def test_documents_are_graded_by_checks_and_a_judge(folder, actor):
    told = json.loads(command("./letter.yaml", "letters", "--grader", "acted/judge", "--json"))

    by_name = {one["document"]: one for one in told["documents"]}
    assert actor.calls("judge") == 4
    assert by_name["letters/a.md"]["principles"]["warmth"]["value"] == 1.0
    assert by_name["letters/a.md"]["criteria"]["warmth/kind"]["quote"] == "gladly"
    assert by_name["letters/b.txt"]["principles"] == {
        "warmth": {"value": 0.0, "reason": ""},
        "brevity": {"value": 0.0, "reason": ""},
    }
    assert set(by_name["letters/c.jsonl:one"]["criteria"]) == {"warmth/kind", "brevity/short"}
    assert by_name["letters/c.jsonl:3"]["criteria"]["brevity/named"]["value"] == 0.0
    assert told["grader"]["calls"] == 4


def test_a_second_time_the_judge_is_not_asked(folder, actor):
    for _ in range(2):
        command("./letter.yaml", "letters", "--grader", "acted/judge")

    assert actor.calls("judge") == 4


def test_without_a_grader_checks_are_made_and_the_rest_is_unscored(folder):
    told = json.loads(command("./letter.yaml", "letters/a.md", "--json"))

    assert told["documents"][0]["principles"] == {
        "warmth": {"value": None, "reason": "kind: no_grader"},
        "brevity": {"value": 1.0, "reason": ""},
    }


def test_the_terminal_shows_documents_scores_and_quotes(folder):
    shown = command("./letter.yaml", "letters/a.md", "--grader", "acted/judge")

    assert "letters/a.md" in shown
    assert re.search(r"yes +warmth/kind +\"gladly\"", shown)


def test_no_text_becomes_a_formula_in_a_spreadsheet(folder, actor):
    said = {"kind": {"quote": "=HYPERLINK(1)", "answer": "MET"}}
    actor.says("judge", json.dumps(said))
    (folder / "letters" / "=1+1.md").write_text("=HYPERLINK(1)")
    told = command(
        "./letter.yaml", folder / "letters", "--grader", "acted/judge", "--format", "csv"
    )

    rows = list(csv.reader(io.StringIO(told)))
    assert rows[0] == ["document", "principle", "criterion", "value", "reason", "quote"]
    assert ["'=HYPERLINK(1)" in row for row in rows].count(True) >= 1
    cells = [cell for row in rows[1:] for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r")]


def test_no_text_becomes_markup_in_markdown(folder, actor):
    said = {"kind": {"quote": "<img src=x> | [a](b)", "answer": "MET"}}
    actor.says("judge", json.dumps(said))
    target = folder / "out" / "table.md"
    command(
        "./letter.yaml",
        "letters/a.md",
        "--grader",
        "acted/judge",
        "--format",
        "markdown",
        "-o",
        target,
    )

    text = target.read_text()
    assert "| letters/a.md | 1.00 | 1.00 |" in text
    assert "<img" not in text
    assert "[a](b)" not in text


@pytest.mark.parametrize(
    ("name", "begins"), [("t.csv", "document,"), ("t.json", "{"), ("t.md", "# "), ("t.pdf", None)]
)
def test_the_name_of_a_file_says_the_form(folder, name, begins):
    target = folder / name
    result = CliRunner().invoke(app, ["grade", "./letter.yaml", "letters/a.md", "-o", str(target)])

    assert result.exit_code == (0 if begins else 2)
    assert target.exists() == bool(begins)
    if begins:
        assert target.read_text().startswith(begins)


@pytest.mark.parametrize(
    "arguments",
    [[], ["./letter.yaml"], ["--logs", "nowhere"], ["x.md", "--logs", "."], ["./no.yaml", "a.md"]],
)
def test_a_call_that_names_too_little_or_too_much_is_refused(folder, arguments):
    result = CliRunner().invoke(app, ["grade", *arguments])

    assert result.exit_code == 2
    assert "error: " in result.stderr


# Finished logs -----------------------------------------------------------------------------------

DATASET = """
dataset: asked
strata:
  all:
    scenarios:
      - {id: one, prompt: "First."}
      - {id: two, prompt: "Second.", labels: {kind: named}, expect: {name: Ana}}
"""
EXPERIMENT = """
experiment: try
evals: [{rubric: ./letter.yaml, dataset: ./asked.yaml}]
seeds: 2
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new, system: "Be kind."}}
grader: {model: acted/judge}
"""


@pytest.fixture
def finished(folder, actor):
    """A folder with a finished run."""
    actor.says("old", lambda messages, config: f"No, Ana. {messages[-1].text} {config.seed}")
    actor.says("new", lambda messages, config: f"Yes, gladly. {messages[-1].text} {config.seed}")
    (folder / "asked.yaml").write_text(DATASET)
    (folder / "try.yaml").write_text(EXPERIMENT)
    plan = make_plan(load_experiment(Path("try.yaml")))
    run(plan, folder / "logs", grades=folder / "grades")
    return folder


@pytest.fixture
def again(finished):
    """Grade the run's logs anew."""
    store = GradeStore(finished / "grades")
    place = Place.at(finished)
    yield lambda **options: regrade(finished / "logs", store, place, **options)
    store.close()


def letter(text=RUBRIC):
    Path("other.yaml").write_text(text)
    return load_rubric(Path("other.yaml"))


def test_another_judge_grades_the_same_replies(finished, again, actor):
    actor.says("strict", json.dumps({"kind": {"quote": "none", "answer": "UNMET"}}))
    before = actor.calls("old") + actor.calls("new")
    logs = {path: path.read_bytes() for path in (finished / "logs").glob("*") if path.is_file()}
    done = again(rubric=letter(), graders=[Grader(model="acted/strict")])

    assert actor.calls("old") + actor.calls("new") == before
    assert actor.calls("strict") == done.replies == 8
    assert {path: path.read_bytes() for path in logs} == logs
    warmth = {one.arm: one for one in done.changes if one.principle == "warmth"}
    assert (warmth["new"].before, warmth["new"].after, warmth["new"].changed) == (1.0, 0.0, 4)
    assert (warmth["old"].before, warmth["old"].after, warmth["old"].changed) == (0.0, 0.0, 0)


def test_the_same_rubric_and_judge_find_the_same_and_ask_nothing(finished, again, actor):
    before = len(actor.asked)
    done = again(rubric=letter())

    assert len(actor.asked) == before
    assert sum(one.changed for one in done.changes) == 0
    old = read_table(finished / "logs" / SCORES).to_pylist()
    new = read_table(done.folder / SCORES).to_pylist()
    key = (
        "arm",
        "scenario",
        "seed",
        "principle",
        "criterion",
        "value",
        "grader",
        "cluster",
        "cost",
    )
    assert sorted([str([row[k] for k in key]) for row in new]) == sorted(
        [str([row[k] for k in key]) for row in old]
    )
    assert read_table(done.folder / REPLIES).num_rows == 8


OWN = """
      - id: three
        prompt: "Third."
        criteria:
          warmth: {named: {ask: Is Ana named?, grader: acted/own}}
          brevity: {long: {check: words, with: {min: 3}, weight: 2}}
"""


@pytest.fixture
def own(finished, actor):
    """The run with a scenario that brings criteria of its own, one with its own grader."""
    actor.says("own", json.dumps({"named": {"quote": "none", "answer": "MET"}}))
    (finished / "asked.yaml").write_text(DATASET.rstrip() + OWN)
    run(make_plan(load_experiment(Path("try.yaml"))), finished / "logs", grades=finished / "grades")
    return finished


def test_an_unchanged_rubric_and_judge_give_the_same_tables_but_for_what_was_paid(
    own, again, actor
):
    """Criteria that a scenario brings, and their graders, are graded again with the others."""
    before = len(actor.asked)
    done = again(rubric=load_rubric(Path("letter.yaml")))

    def rows(folder, table):
        free = ("grader_replayed", "grader_paid")
        listed = read_table(folder / table).to_pylist()
        return [{key: row[key] for key in row if key not in free} for row in listed]

    assert len(actor.asked) == before
    assert rows(done.folder, SCORES) == rows(own / "logs", SCORES)
    assert rows(done.folder, REPLIES) == rows(own / "logs", REPLIES)
    mine = [row for row in rows(done.folder, SCORES) if row["scenario"] == "three"]
    assert {row["grader"] for row in mine if row["criterion"] == "named"} == {"acted/own"}
    assert {row["value"] for row in mine if row["criterion"] == "long"} == {1.0}


def test_another_rubric_takes_the_scenarios_criteria_of_principles_that_it_has_too(own, again):
    brief = "rubric: brief\nprinciples: {brevity: {criteria: {short: {check: words}}}}"
    done = again(rubric=letter(brief.replace("words}", "words, with: {max: 5}}")))

    rows = read_table(done.folder / SCORES).to_pylist()
    mine = [row for row in rows if row["scenario"] == "three"]
    assert {row["principle"] for row in mine} == {"brevity"}
    assert {row["criterion"] for row in mine} == {None, "short", "long"}


def test_what_no_log_holds_is_taken_over_from_the_runs_table(finished, actor):
    """Scores from a file are not graded again, and not lost."""
    lines = [f"{scenario},1,warmth,1.0" for scenario in ("one", "two")]
    Path("told.csv").write_text("\n".join(["scenario,seed,principle,value", *lines]))
    both = EXPERIMENT.replace("candidates: {", "candidates: {told: {scores: ./told.csv}, ")
    Path("try.yaml").write_text(both)
    run(make_plan(load_experiment(Path("try.yaml"))), finished / "logs", grades=Path("grades"))
    store = GradeStore(finished / "grades")
    done = regrade(finished / "logs", store, Place.at(finished), rubric=letter())
    store.close()

    told = [row for row in read_table(done.folder / SCORES).to_pylist() if row["arm"] == "told"]
    assert [(row["scenario"], row["value"]) for row in told] == [("one", 1.0), ("two", 1.0)]


def test_another_rubric_grades_what_the_scenario_supplies(again):
    done = again(rubric=letter(RUBRIC.replace("max: 5", "max: 2")))

    rows = read_table(done.folder / SCORES).to_pylist()
    named = [row for row in rows if row["criterion"] == "named"]
    assert {row["scenario"] for row in named} == {"two"}
    assert {(row["arm"], row["value"]) for row in named} == {("old", 1.0), ("new", 0.0)}
    assert {row["value"] for row in rows if row["criterion"] == "short"} == {0.0}


def test_two_regrades_stand_side_by_side(again):
    one, two = again(rubric=letter()), again(rubric=letter(RUBRIC.replace("max: 5", "max: 2")))

    assert one.folder != two.folder
    assert again(rubric=letter()).folder == one.folder


def test_the_command_grades_logs_and_says_what_changed(finished, actor):
    actor.says("strict", json.dumps({"kind": {"quote": "none", "answer": "UNMET"}}))
    told = command("--logs", "logs", "--rubric", "./letter.yaml", "--grader", "acted/strict")

    assert "asked, new, warmth: 1.000 before, 0.000 now, 4 of 4 replies changed" in told
    assert "8 replies graded; tables in logs/regraded/acted-strict-" in told


def test_logs_whose_rubric_has_no_name_ask_for_one(again):
    with pytest.raises(UserError, match="--rubric"):
        again()
