"""The command `rate`, from a finished run to marks, packets, agreement and anchors."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import MISTAKE, app
from tastemaker.experiment import load_experiment
from tastemaker.marks import CONSENSUS, MARKS, MarkStore
from tastemaker.plan import make_plan
from tastemaker.rating.links import Links, write_links
from tastemaker.run import run

RUBRIC = """# Our letters.
rubric: letter
version: 4
principles:
  warmth:
    criteria:
      kind: {ask: Is it kind?, unmet: [Go away.]}
      even: {ask: Is the number even?}
      short: {check: words, with: {max: 5}}
"""
DATASET = "dataset: asked\nstrata:\n  all:\n    scenarios:\n" + "".join(
    f'      - {{id: s{n}, prompt: "Number {n}."}}\n' for n in range(10)
)
EXPERIMENT = """
experiment: try
evals: [{rubric: ./letter.yaml, dataset: ./asked.yaml}]
seeds: 2
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
grader: {model: acted/judge}
"""


def judging(messages, config):
    """Everything is kind; the number is even when it is."""
    number = int(re.search(r"Number (\d+)", messages[0].text)[1])
    answers = {"kind": "MET", "even": "UNMET" if number % 2 else "MET"}
    keys = config.response_schema.json_schema.properties
    return json.dumps({key: {"quote": "Number", "answer": answers[key]} for key in keys})


@pytest.fixture
def finished(project, actor):
    """A finished run of two arms over ten scenarios."""
    actor.says("old", lambda messages, config: f"Elder: {messages[-1].text}")
    actor.says("new", lambda messages, config: f"=Fresh: {messages[-1].text}")
    actor.says("judge", judging)
    folder = project({"letter.yaml": RUBRIC, "asked.yaml": DATASET, "try.yaml": EXPERIMENT})
    run(make_plan(load_experiment(Path("try.yaml"))), folder / "logs/try", grades=folder / "grades")
    return folder


def rate(*arguments, **options):
    """Run the command; a traceback of ours fails the test."""
    call = ["rate", "./try.yaml", *map(str, arguments)]
    return CliRunner().invoke(app, call, catch_exceptions=False, **options)


def rated(*arguments):
    """What the command prints, when it succeeds."""
    done = rate(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def store():
    return MarkStore(Path("logs/try") / MARKS)


def rows_of(path):
    text = Path(path).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def write_rows(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_from_a_plan_to_anchors(finished):
    """Two raters fill in their packets, settle what they differ on, and teach the rubric."""
    told = rated("--plan", "random", "--count", 4, "--raters", "ana,ben", "--overlap", 2)
    assert "Plan: random, seed 1: 4 of 10 scenarios" in told
    assert len(store().items()) == 4 * 2 * 2
    assert {item.chance for item in store().items()} == {0.4}

    for rater in ("ana", "ben"):
        rated("--packet", f"{rater}.csv", "--raters", rater)
        rows = rows_of(f"{rater}.csv")
        assert len(rows) == 4 * 2 * 2
        for row in rows:
            row["value"] = "MET"
            if row["criterion"] == "warmth/even" and rater == "ben":
                row["value"] = "UNMET"
        write_rows(f"{rater}.csv", rows)
        told = rated("--import", f"{rater}.csv", "--raters", rater)
        assert "16 marks taken in.\nNew raters: " in told
    assert "0 marks taken in, 16 stood there already." in rated("--import", "ben.csv")

    told = rated("--disagreements")
    assert "8 open: 8 between raters, 0 between raters and judge" in told
    assert "  ana: MET\n  ben: UNMET\n  judge: " in told
    assert not re.search(r"\b(old|new)\b", told)

    rated("--disagreements", "--packet", "open.csv")
    rows = rows_of("open.csv")
    assert {row["rater"] for row in rows} == {CONSENSUS}
    write_rows("open.csv", [row | {"value": "UNMET"} for row in rows])
    refused = rate("--import", "open.csv")
    assert refused.exit_code == MISTAKE
    what = "what was agreed on comes in with --adjudicate --import"
    assert refused.stderr.count(what) == 3
    assert f"{what} (and so in 5 more rows)" in refused.stderr
    rated("--adjudicate", "--import", "open.csv")
    assert len(store().marks(CONSENSUS)) == 8
    assert len(store().marks()) == 40
    assert "between raters, " in (left := rated("--disagreements"))
    assert left.startswith("0 open")

    shown = rated("--anchors")
    assert Path("letter.yaml").read_text() == RUBRIC
    assert "-version: 4\n+version: 5" in shown
    assert "letter.yaml is version 5 now." in rated("--anchors", "--yes")
    text = Path("letter.yaml").read_text()
    assert text.startswith("# Our letters.\nrubric: letter\nversion: 5\n")
    assert re.search(r'kind: \{ask: Is it kind\?, unmet: \[Go away\.\], met: \[".*Number', text)
    # The judge says MET of even numbers, so what people call UNMET there teaches it most.
    assert re.search(r'even: \{ask: Is the number even\?, unmet: \[".*Number [02468]\."\]\}', text)


def test_marks_go_out_and_come_back(finished):
    rated("--plan", "random", "--count", 2, "--raters", "ana")
    rated("--packet", "ana.csv")
    rows = rows_of("ana.csv")
    write_rows("ana.csv", [row | {"value": "1", "note": "=1+1"} for row in rows])
    rated("--import", "ana.csv", "--raters", "ana")
    before = store().marks()
    for name in ("marks.csv", "marks.jsonl"):
        rated("--export", name)
        assert "0 marks taken in, 8 stood there already." in rated("--import", name)

    assert store().marks() == before
    assert {row["arm"] for row in rows_of("marks.csv")} == {"old", "new"}
    assert {row["note"] for row in rows_of("marks.csv")} == {"'=1+1"}
    assert {row["chance"] for row in rows_of("marks.csv")} == {"0.2"}


def test_side_by_side_from_packet_to_export(finished):
    rated("--plan", "random", "--count", 3, "--side-by-side")
    rated("--packet", "pairs.csv")
    rows = rows_of("pairs.csv")
    assert [row["principle"] for row in rows] == ["", "warmth"] * 3
    write_rows("pairs.csv", [row | {"preference": "tie"} for row in rows])
    assert "6 preferences taken in." in rated("--import", "pairs.csv", "--raters", "rater")
    rated("--export", "out.csv", "--side-by-side")

    assert {row["preference"] for row in rows_of("out.csv")} == {"tie"}
    assert {row["order"] for row in rows_of("out.csv")} == {"ab"}
    assert "try --side-by-side" in rate("--export", "none.csv").stderr


def test_a_packet_made_before_the_replies_changed_brings_nothing(finished, actor):
    """The candidate is run anew: of each scenario the packet's rows about it are refused."""
    rated("--plan", "random", "--count", 2, "--raters", "ana")
    rated("--packet", "ana.csv")
    rows = [row | {"value": "1"} for row in rows_of("ana.csv")]
    write_rows("ana.csv", rows)
    actor.says("new", lambda messages, config: f"Kinder: {messages[-1].text}")
    path = Path("try.yaml")
    path.write_text(EXPERIMENT.replace("acted/new}", "acted/new, system: Be kind.}"))
    run(make_plan(load_experiment(path)), finished / "logs/try", grades=finished / "grades")
    done = rate("--import", "ana.csv", "--raters", "ana")

    told = done.stderr.splitlines()
    assert (done.exit_code, len(told), store().marks()) == (MISTAKE, 4, [])
    assert all("was replaced after the packet was made" in line for line in told)
    write_rows("ana.csv", [row for row in rows if row["arm"] not in done.stderr])
    assert "4 marks taken in." in rated("--import", "ana.csv", "--raters", "ana")


def test_marks_are_not_weighed_anew_by_another_plan(finished):
    rated("--plan", "failures", "--count", 4, "--raters", "ana")
    rated("--packet", "ana.csv")
    write_rows("ana.csv", [row | {"value": "1"} for row in rows_of("ana.csv")])
    rated("--import", "ana.csv", "--raters", "ana")
    refused = rate("--plan", "random", "--count", 4)

    assert refused.exit_code == MISTAKE
    assert "16 marks stand there, made for a plan (failures, 4 scenarios)" in refused.stderr
    told = rated("--plan", "random", "--count", 4, "--set-aside")
    assert "16 marks of the plan before are set aside: they count no more." in told
    assert "have marks already" not in told
    assert store().marks() == []


def test_paper_names_no_arm_and_escapes_replies(finished):
    rated("--plan", "random", "--count", 2)
    rated("--packet", "paper.html")
    html = Path("paper.html").read_text(encoding="utf-8")

    assert html.count("<section") == 4
    assert "Is it kind?" in html
    assert "Go away." in html
    assert "acted" not in html


def test_a_plan_as_json(finished):
    told = json.loads(rated("--plan", "failures", "--count", 4, "--json", "--raters", "ana,ben"))

    assert (told["kind"], told["scenarios"], told["frame"]) == ("failures", 4, 10)
    assert (told["raters"], told["side_by_side"]) == (["ana", "ben"], False)
    assert all(0 < chance < 1 for eval in told["chance_of"].values() for chance in eval.values())
    assert told["hash"].startswith("sha256:")
    assert sum(one["items"] for one in told["loads"].values()) >= 8
    assert set(told["judge_fails"]) == {"warmth/kind", "warmth/even"}
    assert told["labels_needed"]["warmth"] == {"good_judge": 139, "noisy_judge": 298}


def test_a_list_is_a_plan(finished):
    Path("list.csv").write_text("scenario,seed\ns1,1\ns2,2\n")
    told = rated("--list", "list.csv")

    assert "Plan: list, seed 1: 2 listed scenarios" in told
    assert "rater: 4 replies of 2 scenarios" in told
    assert {(one.scenario, one.seed) for one in store().items()} == {("s1", 1), ("s2", 2)}


REFUSED = [
    (["--export", "a.csv", "--import", "b.csv"], "one thing at a time: --export or --import"),
    (["--plan", "list"], "name the file with --list FILE"),
    (["--plan", "random", "--list", "x.csv"], "--list is a plan of its own"),
    (["--plan", "random", "--only", "nwe"], "no arm 'nwe': did you mean 'new'?"),
    (["--plan", "random", "--raters", "ana", "--overlap", "2"], "more than the raters there are"),
    (["--packet", "a.csv"], "has no plan yet; --plan random makes one"),
    (["--packet", "a.pdf"], "a packet ends in .csv or .html"),
    (["--export", "a.csv"], "there are no marks to export"),
    (["--import", "a.csv"], "no such file"),
    (["--adjudicate"], "say who settles it, with --raters NAME"),
    (["--anchors"], "no agreed case to add"),
    (["--links"], "no link is known; `tastemaker rate ./try.yaml` serves the page"),
    (["--links", "--raters", "ana"], "'ana' was given no link"),
    (
        ["--export", "a.csv", "--count", "10"],
        "--count has no meaning beside --export; --plan makes",
    ),
    (["--plan", "random", "--port", "80"], "--port has no meaning beside --plan"),
    (["--anchors", "--json"], "--json has no meaning beside --anchors"),
    (["--disagreements", "--yes"], "--yes has no meaning beside --disagreements"),
]


def test_what_cannot_be_done_is_said(finished):
    for arguments, message in REFUSED:
        done = rate(*arguments)

        assert (done.exit_code, done.stdout) == (MISTAKE, ""), arguments
        assert message in done.stderr


def test_what_belongs_to_a_plan_is_not_dropped_by_the_page(finished):
    rated("--plan", "random")
    for name, value in (("--count", 10), ("--overlap", 2), ("--seed", 2), ("--half-width", 0.1),
                        ("--criteria", "all"), ("--only", "old")):  # fmt: skip
        done = rate(name, value)

        assert (done.exit_code, done.stdout) == (MISTAKE, "")
        assert f"{name} has no meaning beside the page of the plan that there is" in done.stderr
        assert "--plan makes another" in done.stderr


def test_links_are_shown_again(finished):
    rated("--plan", "random", "--raters", "ana,ben")
    for name in ("ana", "ben"):
        store().add_rater(name, f"secret-of-{name}")
    write_links(
        Path("logs/try"), Links(base="http://127.0.0.1:8765", tokens={"ana": "secret-of-ana"})
    )
    done = rate("--links")

    assert done.stdout == "ana\thttp://127.0.0.1:8765/in/secret-of-ana\n"
    assert "ben: this link is not known any more; --raters ben gives a new one" in done.stderr


def test_a_packet_is_for_one_rater_who_is_known(finished):
    rated("--plan", "random", "--raters", "ana,ben")

    assert "--raters with one of ana, ben" in rate("--packet", "a.csv").stderr
    assert "did you mean 'ana'?" in rate("--packet", "a.csv", "--raters", "anna").stderr


def test_a_rubric_that_changed_after_the_run_is_not_rated(finished):
    rated("--plan", "random")
    Path("letter.yaml").write_text(RUBRIC.replace("Is it kind?", "Is it warm?"))

    for arguments in (["--plan", "random"], ["--packet", "a.csv"]):
        assert "changed after its run" in rate(*arguments).stderr


def test_without_a_run_there_is_nothing_to_rate(project):
    project({"letter.yaml": RUBRIC, "asked.yaml": DATASET, "try.yaml": EXPERIMENT})
    done = rate("--plan", "random")

    assert done.exit_code == MISTAKE
    assert "no run of try there; `tastemaker run` makes one" in done.stderr
    assert not Path("logs").exists()


def test_scores_alone_have_no_replies(project):
    project({
        "try.yaml": "experiment: try\nbaseline: {old: {scores: ./o.csv}}\n"
        "candidates: {new: {scores: ./n.csv}}\n",
        "o.csv": "scenario,seed,principle,value\ns1,1,warmth,1\n",
        "n.csv": "scenario,seed,principle,value\ns1,1,warmth,1\n",
    })  # fmt: skip
    done = rate("--plan", "random")

    assert (done.exit_code, "has scores alone" in done.stderr) == (MISTAKE, True)
