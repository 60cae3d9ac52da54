"""The command: its exit codes, where it writes, and what it says when it is given something bad."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tastemaker.cli.main import BROKEN, INTERRUPTED, MISTAKE, UNREAD, Commands, app
from tastemaker.errors import UserError
from tastemaker.gate import EXIT_CODES
from tastemaker.tables import REPLIES, SCORES, read_table

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = sorted(typer.main.get_command(app).commands)

RUBRIC = """
rubric: kind
principles:
  thanks:
    criteria:
      thanked: {check: contains, with: {text: thank}}
"""
JUDGED = RUBRIC + "  warmth: {criteria: {warm: {ask: Is it warm?}}}\n"
DATASET = """
dataset: small
strata:
  all:
    scenarios:
      - {id: rain, prompt: It rains.}
      - {id: snow, prompt: It snows.}
      - {id: hail, prompt: It hails.}
"""
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
seeds: 2
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
"""
RECORDED = """
experiment: recorded
baseline: {old: {scores: ./old.csv}}
candidates: {new: {scores: ./new.csv}}
"""
GOOD = {
    "kind.yaml": RUBRIC,
    "small.yaml": DATASET,
    "try.yaml": EXPERIMENT + "rules: {default: {blocking: false}}\n",
}


def call(*arguments):
    """Run a command in this process; a traceback of ours fails the test."""
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


def score_file(share, scenarios=80):
    """Scores of 1 in a share of the scenarios, and 0 in the others."""
    rows = [f"s{n},1,honesty,{int(n < share * scenarios)}" for n in range(scenarios)]
    return "\n".join(["scenario,seed,principle,value", *rows])


@pytest.fixture
def recorded(project):
    """A project of two score files, and the name of its experiment."""

    def make(old=0.5, new=0.5, scenarios=80, more=""):
        files = {"old.csv": score_file(old, scenarios), "new.csv": score_file(new, scenarios)}
        project({"try.yaml": RECORDED + more, **files})
        return "try.yaml"

    return make


# Exit codes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["gate", "run"])
@pytest.mark.parametrize(
    ("made", "word", "code"),
    [
        ({}, "pass", 0),
        ({"new": 0.2}, "fail", 1),
        ({"scenarios": 20}, "inconclusive", 3),
        ({"scenarios": 20, "more": "on_inconclusive: warn\n"}, "inconclusive", 0),
        ({"scenarios": 20, "more": "on_inconclusive: fail\n"}, "inconclusive", 1),
    ],
)
def test_the_outcome_is_the_exit_code(recorded, command, made, word, code):
    result = call(command, recorded(**made), "--json")

    assert result.exit_code == code
    assert json.loads(result.stdout)["outcome"] == word
    assert json.loads(result.stdout)["exit_code"] == code
    assert result.stderr == ""


def test_gate_says_the_outcome_in_words(recorded):
    result = call("gate", recorded(new=0.2))

    assert result.stdout.split("\n")[:3] == [
        "FAIL: recorded",
        "  Regressed: honesty (new).",
        "  ▼ new, honesty: REGRESSED (beyond margin)",
    ]


def test_gate_prints_the_warnings_of_the_run(project, actor):
    actor.says("old", "Thank you.")
    actor.says("new", "Thank you.")
    project(GOOD)
    call("run", "./try.yaml", "--seeds", "1")
    told = "Warning: Seeds: the run has 1, and try says 2."

    assert told in call("gate", "./try.yaml").stdout
    assert told in call("report", "./try.yaml").stdout
    call("run", "./try.yaml")
    assert "Warning" not in call("gate", "./try.yaml").stdout
    changed = Path("try.yaml").read_text().replace("seeds: 2", "seeds: 3")
    Path("try.yaml").write_text(changed)
    assert "Seeds: the run has 2, and try says 3." in call("gate", "./try.yaml").stdout


def test_report_exits_with_0_when_it_has_been_written_whatever_it_says(recorded):
    assert call("report", recorded(new=0.2)).exit_code == 0


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("terminal", "\nnew against old"),
        ("markdown", "# FAIL"),
        ("json", "{\n"),
        ("junit", '<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="recorded"'),
        ("csv", "candidate,principle,verdict,"),
    ],
)
def test_a_report_goes_to_a_file_whole_and_nothing_to_standard_output(
    recorded, tmp_path, form, begins
):
    name, file = recorded(new=0.2), tmp_path / "deep" / "report"
    shown = call("report", name, "--format", form)
    result = call("report", name, "--format", form, "-o", file)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert file.read_text(encoding="utf-8") == shown.stdout
    assert shown.stdout.startswith(begins)


def test_the_html_report_goes_to_its_place_and_says_where(recorded, tmp_path):
    name = recorded(new=0.2)
    result = call("report", name, "--format", "html")
    (path,) = re.findall(r"^HTML report: (.*)$", result.stdout, re.MULTILINE)

    assert path == "reports/out/recorded/report.html"
    html = (tmp_path / path).read_text(encoding="utf-8")
    told = json.loads(call("gate", name, "--json").stdout)
    (numbers,) = re.findall(r'<script type="application/json" id="numbers">(.*?)</script>', html)
    assert json.loads(numbers)["verdicts"] == told["verdicts"]


def test_a_report_does_not_say_where_somebodys_folders_are(recorded, tmp_path):
    call("report", recorded(new=0.2), "--format", "html", "-o", tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert '<td dir="auto">scores</td><td dir="auto">new.csv</td>' in html
    assert str(tmp_path) not in html


def test_the_names_of_files_say_their_forms(recorded, tmp_path):
    begins = {
        "a.html": "<!doctype html>",
        "b.xml": "<?xml",
        "c.csv": "candidate,",
        "d.md": "# ",
        "e.json": "{",
        "f.svg": "<svg",
    }
    result = call("report", recorded(), *(word for name in begins for word in ("-o", name)))

    assert (result.exit_code, result.stdout) == (0, "")
    for name, start in begins.items():
        assert (tmp_path / name).read_text(encoding="utf-8").lstrip().startswith(start), name


@pytest.mark.parametrize("more", [["--json"], ["--format", "csv"], ["--fleet"]])
def test_several_files_have_no_form_but_that_of_their_names(recorded, more):
    result = call("report", recorded(), *more, "-o", "a.html", "-o", "b.xml")

    assert result.exit_code == MISTAKE
    assert "several files take their forms from their names" in result.stderr


@pytest.mark.parametrize("command", ["report", "calibrate"])
def test_a_file_whose_name_says_no_form_is_not_written(recorded, tmp_path, command):
    result = call(command, recorded(), "-o", tmp_path / "out.pdf")

    assert result.exit_code == MISTAKE
    assert "'.pdf' is none of .md, " in result.stderr
    assert not (tmp_path / "out.pdf").exists()


def test_only_html_can_be_full(recorded):
    result = call("report", recorded(), "--full")

    assert result.exit_code == MISTAKE
    assert "--full goes with --format html" in result.stderr


def test_a_run_leaves_a_page_with_the_replies(project, actor):
    actor.says("old", "Gladly, and thank you for asking.")
    actor.says("new", "Never! <script>alert(1)</script>")
    folder = project(GOOD)
    result = call("run", "try.yaml")
    (path,) = re.findall(r"^HTML report: (.*)$", result.stdout, re.MULTILINE)
    html = (folder / path).read_text(encoding="utf-8")

    assert "All 3 scenarios with both arms' replies" in html.replace("&#39;", "'")
    assert "Never! &lt;script&gt;" in html
    assert re.search(r"logs begun</th><td[^>]*>\d{4}-\d\d-\d\d<", html)
    compared = call("compare", "logs/try@old", "logs/try@new", "-o", folder / "both.html")
    assert compared.exit_code in (0, 1, 3)
    assert "Never! &lt;script&gt;" in (folder / "both.html").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_a_mistake_in_the_call(recorded, tmp_path):
    result = call("report", recorded(), "--json", "-o", tmp_path)

    assert result.exit_code == MISTAKE
    assert re.fullmatch(r"error: .*: cannot be written: Is a directory\n", result.stderr)


def test_run_leaves_the_markdown_report_where_it_says(recorded, tmp_path):
    result = call("run", recorded())
    (path,) = re.findall(r"^Markdown report: (.*)$", result.stdout, re.MULTILINE)

    assert (tmp_path / path).read_text(encoding="utf-8").startswith("# PASS: recorded")
    assert result.stdout.endswith("Gate: pass\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["gate"],
        ["gate", "try.yaml", "--jsn"],
        ["gaet", "try.yaml"],
        ["run", "try.yaml", "--seeds", "0"],
        ["report", "try.yaml", "--format", "pdf"],
        ["schema", "rubrick"],
    ],
)
def test_a_call_that_cannot_be_understood_exits_with_2(recorded, arguments):
    recorded()
    result = call(*arguments)

    assert (result.exit_code, result.stdout) == (MISTAKE, "")
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (UserError("a.yaml:1:1: no\nb.yaml:2:2: no \x1b[31m"), MISTAKE,
         "error: a.yaml:1:1: no\nb.yaml:2:2: no \\x1b[31m\n"),
        (KeyboardInterrupt(), INTERRUPTED,
         "stopped; what has arrived is kept, the same command goes on\n"),
    ],
)  # fmt: skip
def test_how_a_command_ends_is_told_without_a_traceback(raised, code, told):
    commands = typer.Typer(cls=Commands)

    @commands.command()
    def one() -> None:
        raise raised

    @commands.command()
    def other() -> None: ...

    result = CliRunner().invoke(commands, ["one"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", told)


def test_output_that_nobody_reads_is_neither_a_pass_nor_a_fail():
    command = [sys.executable, "-c", "from tastemaker.cli.main import main; main()"]
    process = subprocess.Popen(
        [*command, "schema", "experiment"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()

    assert process.wait() == UNREAD
    assert told == b""


# Help and docs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "gate", "compare"])
def test_the_help_of_a_command_that_decides_names_its_exit_codes(name):
    words = " ".join(call(name, "--help").stdout.split())

    for outcome, code in EXIT_CODES.items():
        assert f"{code} {outcome}" in words


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_what_its_options_are(name):
    result = call(name, "--help")

    assert result.exit_code == 0
    assert "None" not in result.stdout
    options = re.findall(r"^  (-.*?)(?:  +|$)(.*)$", result.stdout, re.MULTILINE)
    assert options[-1] == ("--help", "Show this message and exit.")


def test_check_says_when_it_exits_with_2():
    assert "with 2 when a file is not valid" in " ".join(call("check", "--help").stdout.split())


def test_the_readme_mentions_every_command_and_every_exit_code():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    codes = [*EXIT_CODES.values(), MISTAKE, BROKEN, INTERRUPTED, UNREAD]
    missing = [name for name in COMMANDS if not re.search(rf"`tastemaker {name}\b(?!-)", text)]
    missing += [str(code) for code in codes if not re.search(rf"^\|.*\b{code}\b", text, re.M)]

    assert missing == []


# The files ---------------------------------------------------------------------------------------


def test_check_of_good_files_exits_with_0(project):
    project(GOOD)
    result = call("check", "kind.yaml", "small.yaml", "try.yaml")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("3 files, 0 with errors, 0 warnings\n")


def test_check_counts_warnings_only_when_it_is_strict(project):
    project({"small.yaml": DATASET + "split: {dev: 1}\n"})

    assert call("check", "small.yaml").exit_code == 0
    assert "warning: small.yaml: stratum 'all'" in call("check", "small.yaml").stdout
    assert call("check", "small.yaml", "--strict").exit_code == MISTAKE


def test_check_goes_on_after_a_bad_file_and_tells_json(project):
    project(GOOD | {"bad.yaml": "rubric: bad\n"})
    result = call("check", "bad.yaml", "kind.yaml", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == MISTAKE
    assert (told["errors"], told["warnings"]) == (1, 0)
    assert [(file["path"], file["kind"], bool(file["error"])) for file in told["files"]] == [
        ("bad.yaml", "rubric", True),
        ("kind.yaml", "rubric", False),
    ]


def test_prompts_show_what_a_terminal_would_obey_as_escapes(project):
    project({"small.yaml": DATASET.replace("It rains.", '"Red \\e[31m\\nand two"')})
    result = call("prompts", "small.yaml")

    assert "\n[all] rain\n  user: Red \\x1b[31m\n    and two\n" in result.stdout


def test_prompts_as_json_have_every_prompt(project):
    project(GOOD)
    told = json.loads(call("prompts", "./small.yaml", "--json").stdout)

    assert told["dataset"] == "small"
    assert [row["scenario"] for row in told["prompts"]] == ["rain", "snow", "hail"]


def test_schema_and_checks_print_json(tmp_path):
    assert call("schema", "rubric", "-o", tmp_path / "rubric.json").stdout == ""
    assert "principles" in json.loads((tmp_path / "rubric.json").read_text())["properties"]
    assert "words" in [one["check"] for one in json.loads(call("checks", "--json").stdout)]


# Bad input: one clear message and exit code 2 ----------------------------------------------------

BOMB = "rubric: bomb\na: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
BAD = {
    "an unknown key": ("kind.yaml", RUBRIC.replace("criteria", "critera"),
        "kind.yaml:5:5: unknown key 'critera': did you mean 'criteria'?"),
    "a wrong type": ("try.yaml", EXPERIMENT.replace("seeds: 2", "seeds: many"),
        "try.yaml:4:8: expected a whole number, found text 'many'"),
    "a duplicate id": ("small.yaml", DATASET.replace("id: hail", "id: rain"),
        "small.yaml:8:14: the id 'rain' stands also in small.yaml:6"),
    "an empty stratum": ("small.yaml", DATASET + "  none: {weight: 1}\n",
        "small.yaml:9:3: the stratum is empty: give it `scenarios`, `templates` or a `file`"),
    "weights of strata that sum to 0":
        ("small.yaml", DATASET.replace("  all:\n", "  all:\n    weight: 0\n"),
        "small.yaml:3:1: the weights of the strata sum to 0"),
    "weights of evals that sum to 0": ("try.yaml", EXPERIMENT + "weights: {small: 0}\n",
        "try.yaml:7:1: the weights sum to 0"),
    "twins in two splits": ("small.yaml", DATASET.replace(
        "It snows.}", "It snows., split: dev}").replace(
        "It hails.}", "It hails., split: held-out, twin: snow}"),
        "small.yaml:8:46: 'hail' in 'held-out', but 'snow' of the same cluster is told to stand "
        "in 'dev'"),
    "a rubric without criteria": ("kind.yaml", "rubric: kind\nprinciples: {thanks: {text: x}}\n",
        "kind.yaml:2:14: the key 'criteria' is missing"),
    "a principle with no criterion":
        ("kind.yaml", "rubric: kind\nprinciples: {thanks: {criteria: {}}}\n",
        "kind.yaml:2:23: expected at least 1, found none"),
    "an arm without a model": ("try.yaml", EXPERIMENT.replace("model: acted/new", ""),
        "try.yaml:6:14: an arm is a `model`, or recorded `replies`, or `scores`"),
    "an unknown check": ("kind.yaml", RUBRIC.replace("contains", "contians"),
        "kind.yaml:6:24: there is no check 'contians'; `tastemaker checks` lists them "
        "(did you mean 'contains'?)"),
    "an unknown argument": ("kind.yaml", RUBRIC.replace("text: thank", "txt: thank"),
        "kind.yaml:6:41: contains: txt: no such argument"),
    "a missing rubric": ("try.yaml", EXPERIMENT.replace("kind.yaml", "knd.yaml"),
        "try.yaml:3:18: no file './knd.yaml': did you mean 'kind.yaml'?"),
    "a missing prompt file": ("try.yaml",
        EXPERIMENT.replace("model: acted/new", "model: acted/new, system: ./new.md"),
        "try.yaml:6:46: no file './new.md'"),
    "anchors that explode": ("kind.yaml", BOMB,
        "kind.yaml:2:4: an anchor (&a): files here are plain data, write the value out"),
    "no YAML": ("kind.yaml", "rubric: [kind\n",
        "kind.yaml:2:1: "),
    "a control character": ("kind.yaml", 'rubric: "\\e[2Jkind"\n',
        "kind.yaml:1:9: expected small letters, digits and hyphens, parts joined by '/' (like "
        "'writing/email'), found text '\\x1b[2Jkind'"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_told_in_one_clear_message(project, what):
    name, text, message = BAD[what]
    project(GOOD | {name: text})
    result = call("check", name)

    assert result.exit_code == MISTAKE
    *problems, last = result.stdout.removeprefix("error: ").rstrip("\n").split("\n")
    assert [problem for problem in problems if problem.startswith(message)], problems
    assert all(re.match(rf"{name}:\d+:\d+: ", problem) for problem in problems)
    assert last == "1 file, 1 with errors, 0 warnings"
    assert result.stderr == ""


def test_a_missing_file_is_told_with_the_name_that_was_meant(project):
    project(GOOD)
    result = call("gate", "./ty.yaml")

    assert (result.exit_code, result.stdout) == (MISTAKE, "")
    assert result.stderr == "error: no file './ty.yaml': did you mean 'try.yaml'?\n"


def test_a_file_that_is_not_utf_8_is_told_with_its_place(project):
    (project(GOOD) / "kind.yaml").write_bytes(b"rubric: kind\nabout: caf\xe9\n")
    result = call("check", "kind.yaml")

    assert result.exit_code == MISTAKE
    assert "error: kind.yaml:2:11: not UTF-8 text: save the file as UTF-8\n" in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("acted/new", "acme/new", "error: model acme/new: "),
        ("model: acted/new", "model: acted/new, config: {temprature: 1}",
         "acted/new, config: unknown setting 'temprature': did you mean 'temperature'?"),
        ("model: acted/new", "model: acted/new, config: {top_p: high}",
         "error: model acted/new, config: top_p: Input should be a valid number"),
        ("model: acted/new", "replies: ./other.jsonl",
         "error: other.jsonl:1: unknown scenario 'rian': did you mean 'rain'?\n"
         "other.jsonl:2: unknown scenario 'invoice'\n"),
        ("seeds: 2", "rules: {thnks: {margin: 0.1}}",
         "error: try.yaml:4:9: no principle 'thnks': did you mean 'thanks'?\n"),
    ],
)  # fmt: skip
def test_a_mistake_that_only_a_run_sees_is_told_before_anything_is_asked(
    project, actor, old, new, message
):
    other = "".join(
        json.dumps({"scenario": name, "seed": 1, "reply": "Thank you."}) + "\n"
        for name in ("rian", "invoice")
    )
    project(GOOD | {"try.yaml": EXPERIMENT.replace(old, new), "other.jsonl": other})
    result = call("run", "./try.yaml")

    assert (result.exit_code, result.stdout) == (MISTAKE, "")
    assert message in result.stderr
    assert actor.asked == []


def test_an_arm_that_is_not_there_is_told_before_anything_is_asked(project, actor):
    project(GOOD)
    result = call("run", "./try.yaml", "--only", "nwe")

    assert result.exit_code == MISTAKE
    assert result.stderr == "error: try has no arm 'nwe': did you mean 'new'?\n"


# Runs --------------------------------------------------------------------------------------------

KEYS = ("sk-proj-abcdef0123456789", "AIzaSyA1234567890abcdef", "0123456789abcdef-of-this-process")


def test_a_model_that_always_fails_makes_the_run_incomplete_and_tells_no_key(
    project, actor, monkeypatch
):
    folder = project(GOOD)
    monkeypatch.setenv("ACTED_API_KEY", KEYS[2])
    actor.says("old", "Thank you.")
    actor.says("new", lambda messages, config: ValueError(f"bad key: {', '.join(KEYS)}"))
    result = call("run", "./try.yaml", "--json", "--seeds", 1)

    told = json.loads(result.stdout)
    replies = read_table(folder / "logs/try" / REPLIES).to_pylist()
    assert (result.exit_code, told["outcome"]) == (4, "incomplete")
    assert told["reasons"] == ["new: 3 scores ended in an error."]
    errors = {row["arm"]: row["error"] for row in replies}
    assert errors == {"old": "", "new": "error: ValueError('bad key: [key], [key], [key]')"}
    report = (folder / "reports/out/try/report.md").read_text()
    tables = "".join(
        str(read_table(folder / "logs/try" / n).to_pylist()) for n in (SCORES, REPLIES)
    )
    for key in KEYS:
        assert key not in result.output + report + tables
    # What the baseline said was paid for, and is there.
    assert {row["reply"] for row in replies if row["arm"] == "old"} == {"Thank you."}


def test_a_grader_that_answers_nonsense_scores_nothing_and_loses_no_reply(project, actor):
    folder = project(
        GOOD | {"kind.yaml": JUDGED, "try.yaml": EXPERIMENT + "grader: {model: acted/judge}\n"}
    )
    actor.says("old", "Thank you.")
    actor.says("new", "Thanks.")
    actor.says("judge", "It is definitely MET, ten out of ten!")
    result = call("run", "./try.yaml")

    rows = read_table(folder / "logs/try" / SCORES).to_pylist()
    warm = [row for row in rows if row["criterion"] == "warm"]
    assert {(row["value"], row["reason"]) for row in warm} == {(None, "invalid_response_format")}
    thanked = {row["arm"]: row["value"] for row in rows if row["criterion"] == "thanked"}
    assert thanked == {"old": 1.0, "new": 1.0}
    replies = read_table(folder / "logs/try" / REPLIES).to_pylist()
    assert {(row["arm"], row["reply"]) for row in replies} == {
        ("old", "Thank you."),
        ("new", "Thanks."),
    }
    assert result.exit_code == 3
    assert "Unscored, old: 6 warm: invalid response format" in result.stdout
    assert "try: 2 arms x 1 eval, 2 seeds" in result.stderr
    assert "arms x" not in result.stdout

    # The gate reads what the run left, says the same, and asks nobody; nor does another run.
    asked = len(actor.asked)
    assert "try: 0 calls made\n" in call("run", "./try.yaml").stderr
    gate = call("gate", "./try.yaml", "--json")
    verdicts = {one["principle"]: one for one in json.loads(gate.stdout)["verdicts"]}
    assert gate.exit_code == 3
    assert verdicts["warmth"]["verdict"] == "NOT_EVALUABLE"
    assert verdicts["warmth"]["unscored"] == 12
    assert verdicts["thanks"]["baseline"]["mean"] == 1.0
    assert len(actor.asked) == asked


def test_gate_before_a_run_says_what_makes_one(project):
    project(GOOD)
    result = call("gate", "./try.yaml")

    assert (result.exit_code, result.stdout) == (MISTAKE, "")
    assert result.stderr == "error: logs/try: no run of try there; `tastemaker run` makes one\n"
