"""Other people's evals guard a change: the shipped file, their real code, invented questions.

What stands outside is replaced: the places that data are loaded from, and a package that no
index has. The tasks, their solvers, their scorers and the gate are the ones that decide.
"""

import csv
import hashlib
import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.content import folder
from tastemaker.errors import UserError
from tastemaker.evaluation import load_evals
from tastemaker.experiment import load_experiment
from tastemaker.foreign import lacks, why_not
from tastemaker.tables import SCORES, read_table

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what they import

SHIPPED = folder("evals") / "experiments/guards.yaml"
QUESTIONS = 9
SUBJECTS = ("biology", "history", "law")

# The package that IFEval scores by, as far as these prompts need it; the real one is not to be had.
IFEVAL = """
from dataclasses import dataclass

@dataclass
class InputExample:
    key: int
    instruction_id_list: list
    prompt: str
    kwargs: dict

@dataclass
class OutputExample:
    follow_all_instructions: bool
    follow_instruction_list: list

def ensure_nltk_resource():
    pass

KINDS = {
    "punctuation:no_comma": lambda reply: "," not in reply,
    "keywords:existence": lambda reply, keywords: all(one in reply for one in keywords),
}

def test_instruction_following(example, reply, strict):
    replies = [reply] if strict else [reply, reply.partition("\\n")[2]]
    followed = [
        any(one.strip() and KINDS[kind](one, **example.kwargs[n]) for one in replies)
        for n, kind in enumerate(example.instruction_id_list)
    ]
    return OutputExample(all(followed), followed)
"""
NOTES = {
    "rubric.yaml": "rubric: notes\nprinciples:\n  brevity:\n    criteria:\n"
    "      short: {check: words, with: {max: 3}}\n",
    "notes.yaml": "dataset: notes\nstrata:\n  all:\n    scenarios:\n"
    + "".join(f"      - {{id: n{n}, prompt: A note about {n}.}}\n" for n in range(QUESTIONS)),
}


def installed(site, name, files=(), needs=()):
    """A package as an installer leaves it."""
    told = site / f"{name}-1.0.dist-info"
    told.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    (told / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {n}" for n in needs)]))
    for path, text in dict(files).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def ifeval(site, monkeypatch):
    name = "instruction_following_eval"
    files = {f"{name}/__init__.py": "", f"{name}/evaluation.py": IFEVAL}
    installed(site, name, files)
    installed(site, "langdetect")
    yield
    for loaded in [one for one in sys.modules if one.startswith(name)]:
        monkeypatch.delitem(sys.modules, loaded)


def sums(start):
    """Questions with one right answer, in no benchmark."""
    for n in range(start, start + QUESTIONS):
        yield n, f"How much is {n} + {n + 3}?", [str(2 * n + 3 + off) for off in (0, 1, -2, 10)]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Where data are loaded from, with invented rows of the shape that is there."""
    import datasets
    from inspect_evals.gpqa import gpqa

    path = tmp_path / "gpqa.csv"
    with path.open("w", newline="") as file:
        columns = ["Record ID", "Question", "Correct Answer"]
        columns += [*(f"Incorrect Answer {n}" for n in (1, 2, 3)), "High-level domain", "Subdomain"]
        writer = csv.writer(file)
        writer.writerow(columns)
        for n, question, options in sums(100):
            writer.writerow([f"rec{n}", question, *options, "Physics", "Optics and Acoustics"])
    monkeypatch.setattr(gpqa, "GPQA_DIAMOND_CACHE_PATH", path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(gpqa, "GPQA_DIAMOND_DATASET_SHA256", digest)

    rows = {
        "TIGER-Lab/MMLU-Pro": [
            {
                "question_id": n,
                "question": question,
                "options": [*reversed(options), "none of these"],
                "answer": "D",
                "category": SUBJECTS[n % 3],
                "cot_content": "",
            }
            for n, question, options in sums(300)
        ],
        "google/IFEval": [
            {
                "key": n,
                "prompt": f"Say something about the number {n} without commas; say 'odd' or so.",
                "instruction_id_list": ["punctuation:no_comma", "keywords:existence"],
                "kwargs": [{"keywords": None}, {"keywords": ["odd"]}],
            }
            for n in range(QUESTIONS)
        ],
    }
    asked = []

    def load_dataset(path, split, revision, **options):
        asked.append((path, split, len(revision)))
        return datasets.Dataset.from_list(rows[path])

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return asked


def scholar(messages, config):
    """Knows sums, and does as it is told."""
    said = messages[-1].text
    asked = re.search(r"How much is (\d+) \+ (\d+)\?", said)
    if not asked:
        return "Numbers are odd things"
    right = str(int(asked[1]) + int(asked[2]))
    letter = re.search(rf"^([A-J])\) {right}$", said, re.MULTILINE)[1]
    return f"I add them up.\nANSWER: {letter}"


def terse(messages, config):
    """Short notes, and no sums: what an eval climbed alone makes of a scholar."""
    return "Odd" if "How much" in messages[-1].text else "odd, so"


@pytest.fixture
def guarded(project, actor, hub, ifeval):
    """The shipped guards beside an eval that two words climb."""
    actor.says("scholar", scholar)
    actor.says("terse", terse)
    shipped = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    guards = [one for one in shipped["evals"] if isinstance(one, dict)]
    rules = {one["principle"]: shipped["rules"][one["principle"]] for one in guards}
    written = {
        "experiment": "guards",
        "evals": [{"rubric": "./rubric.yaml", "dataset": "./notes.yaml"}, *guards],
        "seeds": shipped["seeds"],
        "baseline": {"old": {"model": "acted/scholar", "system": "Be kind."}},
        "candidates": {"new": {"model": "acted/terse"}},
        "rules": {"default": {"margin": 0.1}, **rules},
    }
    project({**NOTES, "guards.yaml": yaml.safe_dump(written)})
    return CliRunner()


@pytest.mark.slow
def test_what_climbs_one_eval_and_loses_the_guards_is_stopped(guarded, actor, hub):
    ran = guarded.invoke(app, ["run", "./guards.yaml"])

    assert ran.exit_code == 1, ran.output
    told = json.loads(guarded.invoke(app, ["gate", "./guards.yaml", "--json"]).output)
    found = {one["principle"]: one for one in told["verdicts"]}
    assert {name: one["verdict"] for name, one in found.items()} == {
        "brevity": "IMPROVED",
        "science": "REGRESSED",
        "instructions": "REGRESSED",
        "knowledge": "REGRESSED",
    }
    # Each guard has its five-seed average with its interval, for both arms.
    assert {one["seeds"] for one in found.values()} == {5}
    assert [found["science"][arm]["mean"] for arm in ("baseline", "candidate_score")] == [1, 0]
    for one in found.values():
        for arm in ("baseline", "candidate_score"):
            assert one[arm]["low"] <= one[arm]["mean"] <= one[arm]["high"]
    # Biology and history are asked and law is not: 6 of 9. All else is asked whole, five times.
    sizes = {name: one["scenarios"] for name, one in found.items()}
    assert sizes == {"brevity": 9, "science": 9, "instructions": 9, "knowledge": 6}
    assert actor.calls("scholar") == actor.calls("terse") == 5 * (9 + 9 + 9 + 6)
    assert {config.seed for _, _, config in actor.asked} == {1, 2, 3, 4, 5}
    # The arm's own prompt stands before each question of each guard.
    assert all("[system] Be kind." in text for name, text, _ in actor.asked if name == "scholar")
    # "Odd" is no letter: counted as wrong, and kept apart from a wrong answer.
    rows = read_table(Path("logs/guards") / SCORES).to_pylist()
    lost = [row["reason"] for row in rows if row["arm"] == "new" and row["principle"] == "science"]
    assert lost == ["no_answer"] * 45
    # The data are those of one commit of the hub's.
    assert set(hub) == {("google/IFEval", "train", 40), ("TIGER-Lab/MMLU-Pro", "test", 40)}

    # So a reader of the report sees it, too.
    shown = guarded.invoke(app, ["report", "./guards.yaml", "--format", "markdown"]).output
    for guard in ("science", "instructions", "knowledge"):
        assert re.search(rf"^\| {guard} \| old \| 1\.000 \| .*\d\.\d.* \|", shown, re.MULTILINE)
        assert re.search(rf"^\| {guard} \| new \| 0\.000 \| .*\d\.\d.* \|", shown, re.MULTILINE)
    assert "5 seeds" in shown


def test_the_shipped_file_is_checked_without_a_network(monkeypatch):
    def unplugged(*args, **kwargs):
        raise AssertionError("check called somebody")

    monkeypatch.setattr("socket.socket.connect", unplugged)
    monkeypatch.setattr("socket.getaddrinfo", unplugged)
    checked = CliRunner().invoke(app, ["check", str(SHIPPED)])

    assert checked.exit_code == 0, checked.output
    assert "1 file, 0 with errors" in checked.output


QUIZ = {
    "quizzes/__init__.py": "",
    "quizzes/rivers/eval.yaml": "dependency: maps\ntasks: [{name: rivers}, {name: rivers_long}]\n",
    "quizzes/kings/eval.yaml": "tasks: [{name: kings}]\n",
}


def test_what_a_task_lacks_is_read_from_its_packages_list_of_extras(site):
    needs = ['old_maps>=2; extra == "maps"', 'globe ; extra == "maps"', 'crown; extra == "x"']
    installed(site, "quizzes", QUIZ, needs)
    installed(site, "globe")

    told = "it needs old_maps, not installed here: `pip install old_maps`"
    assert lacks("quizzes/rivers") == lacks("quizzes/rivers_long") == told
    assert lacks("quizzes/kings") == lacks("quizzes/unknown") == ""
    installed(site, "old_maps")
    assert lacks("quizzes/rivers") == ""


def test_a_package_that_is_not_there_is_named_with_its_command():
    told = "its package no_quizzes is not installed: `pip install no-quizzes`"
    assert lacks("no_quizzes/rivers") == told
    assert lacks("./tasks.py@rivers") == lacks("/abs/tasks.py") == ""


def test_a_run_says_what_is_missing_before_anything_is_called(project, actor):
    """Of IFEval, where its two packages are not there: they come with nothing that tests need."""
    project(
        {
            "try.yaml": "experiment: try\n"
            "evals: [{task: inspect_evals/ifeval, principle: p, key: prompt_level_strict}]\n"
            "baseline: {a: {model: acted/a}}\ncandidates: {b: {model: acted/b}}\n"
        }
    )
    wanted = "pip install git+https://github.com/josejg/instruction_following_eval langdetect"
    checked = CliRunner().invoke(app, ["check", "./try.yaml"])
    ran = CliRunner().invoke(app, ["run", "./try.yaml"])

    assert (checked.exit_code, ran.exit_code) == (0, 2)
    assert wanted in " ".join(checked.output.split())
    assert wanted in " ".join(ran.output.split())
    assert actor.asked == []


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (
            "datasets.exceptions.DatasetNotFoundError('It is a gated dataset on the Hub.')",
            "HF_TOKEN",
        ),
        ("ConnectionError('Couldn\\'t reach the Hub')", "cannot be reached from here"),
        ("PermissionError('401 Client Error')", "its data want a token: name yours in HF_TOKEN"),
    ],
)
def test_why_data_are_not_there_is_told_in_a_sentence(raised, told, hub, project, monkeypatch):
    import datasets

    def refuse(**options):
        raise eval(raised, {"datasets": datasets})

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    folder = project(
        {
            "try.yaml": "experiment: try\n"
            "evals: [{task: inspect_evals/mmlu_pro, principle: knowledge}]\n"
            "baseline: {a: {model: acted/a}}\ncandidates: {b: {model: acted/b}}\n"
        }
    )
    with pytest.raises(UserError, match=f"^task inspect_evals/mmlu_pro: .*{told}") as found:
        load_evals(load_experiment(folder / "try.yaml"))

    assert "\n" not in str(found.value)


def test_of_many_tries_the_last_ones_reason_counts():
    from tenacity import Future, RetryError

    last = Future(3)
    last.set_exception(ConnectionError("Name or service not known"))

    assert "cannot be reached from here (Name or service not known)" in why_not(RetryError(last))
