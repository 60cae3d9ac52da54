"""Experiment files: arms, evals, rules, and every way to get them wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from tastemaker.errors import UserError
from tastemaker.experiment import Arm, Experiment, PlainEval, TaskEval, load_experiment

EMAIL = """\
experiment: email-v11
evals:
  - writing/email
  - {rubric: ./tone.yaml, dataset: ./support.yaml}
  - {task: inspect_evals/gpqa_diamond, principle: intelligence}
seeds: 5
baseline:
  prompted: {model: openai/gpt-4o, system: ./prompts/email.md, config: {temperature: 1.0}}
candidates:
  v11: {model: openai/gpt-4o-mini, config: {temperature: 1.0}}
  recorded: {replies: ./v10-replies.jsonl}
grader: {model: anthropic/claude-sonnet-4-5}
rules:
  default: {margin: 0.05}
  harmlessness: {margin: 0.02}
  creativity: {blocking: false}
  warmth: {superior: true}
resources: {seconds: {ratio_at_most: 1.25}}
tensions: [[helpfulness, harmlessness]]
headroom: {baseline_at_most: 0.8}
budget: {cost: 40, calls: 20000}
"""

DATASET = "dataset: {name}\nstrata: {{s: {{scenarios: [{{id: a, prompt: x}}]}}}}\n"

FILES = {
    "tastemaker.toml": "",
    "datasets/writing/email.yaml": DATASET.format(name="writing/email"),
    "tone.yaml": "rubric: tone\nprinciples: {warmth: {criteria: {a: {ask: Warm?}}}}\n",
    "support.yaml": DATASET.format(name="support"),
    "prompts/email.md": "Be brief.\n",
    "v10-replies.jsonl": "{}\n",
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write an experiment into a project that has what the example of the design refers to."""
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.chdir(root)

    def make(text, **files):
        for name, content in files.items():
            (root / name).write_text(content)
        path = root / "try.yaml"
        path.write_text(text)
        return path

    return make


@pytest.fixture
def experiment():
    """Make an experiment with everything but the point of the test filled in."""

    def make(**fields):
        usual = {
            "experiment": "try",
            "evals": ["writing/email"],
            "baseline": {"old": {"model": "m/old"}},
            "candidates": {"new": {"model": "m/new"}},
        }
        return Experiment.model_validate(usual | fields)

    return make


def refused(path):
    """The lines of the error of an experiment."""
    with pytest.raises(UserError) as caught:
        load_experiment(path)
    return str(caught.value).split("\n")


START = "experiment: try\nevals: [writing/email]\n"
ARMS = "baseline: {old: {model: m/old}}\ncandidates: {new: {model: m/new}}\n"


# Files


def test_the_example_of_the_design_is_read(write):
    read = load_experiment(write(EMAIL))

    assert read.name == "email-v11"
    assert read.evals == (
        "writing/email",
        PlainEval(rubric="./tone.yaml", dataset="./support.yaml"),
        TaskEval(task="inspect_evals/gpqa_diamond", principle="intelligence"),
    )
    assert list(read.arms) == ["prompted", "v11", "recorded"]
    assert read.baseline_name == "prompted"
    assert read.arms["prompted"].system == "Be brief.\n"
    assert read.arms["recorded"].replies == str(Path.cwd() / "v10-replies.jsonl")
    assert [grader.model for grader in read.graders] == ["anthropic/claude-sonnet-4-5"]
    assert (read.budget.cost, read.budget.calls) == (40.0, 20000)
    assert read.place.folder == Path.cwd()


def test_what_is_not_written_has_its_default(write):
    read = load_experiment(write(START + ARMS))

    assert (read.seeds, read.seed, read.alpha, read.max_unscored) == (5, 1, 0.05, 0.05)
    assert (read.seed_kind, read.ci_method, read.on_inconclusive) == ("sampling", "ladder", None)
    assert (read.graders, read.limit, read.early_stopping) == ((), None, False)


def test_an_experiment_is_found_by_its_name(write):
    path = write(START + ARMS)
    folder = path.parent / "evals/experiments"
    folder.mkdir(parents=True)
    path.rename(folder / "try.yaml")

    assert load_experiment("try").place.folder == folder


def test_a_list_of_graders_is_a_panel(experiment):
    read = experiment(grader=[{"model": "a/b"}, {"model": "c/d", "samples": 3}])

    assert [(grader.model, grader.samples) for grader in read.graders] == [("a/b", 1), ("c/d", 3)]


def test_arms_of_scores_alone_need_no_evals(write):
    text = "experiment: try\nbaseline: {a: {scores: a.csv}}\ncandidates: {b: {scores: b.csv}}\n"
    read = load_experiment(write(text, **{"a.csv": "", "b.csv": ""}))

    assert (read.evals, read.arms["b"].scores) == ((), str(Path.cwd() / "b.csv"))


def test_a_glob_of_replies_makes_an_arm_of_each_file(write):
    text = START + "baseline: {old: {model: m/old}}\ncandidates: {step: {replies: ./run-*.jsonl}}\n"
    files = {f"run-{n}.jsonl": "" for n in ("10", "20", "Best One")}
    read = load_experiment(write(text, **files))

    assert list(read.arms) == ["old", "step-run-10", "step-run-20", "step-run-best-one"]
    assert read.arms["step-run-20"].replies == str(Path.cwd() / "run-20.jsonl")


def test_a_glob_that_finds_one_file_keeps_the_name_of_the_arm(write):
    text = START + "baseline: {old: {model: m/old}}\ncandidates: {step: {replies: ./run-*.jsonl}}\n"

    assert list(load_experiment(write(text, **{"run-1.jsonl": ""})).arms) == ["old", "step"]


@pytest.mark.parametrize(
    ("arm", "line"),
    [
        ("{config: {temperature: 1}}",
         "3:12: an arm is a `model`, or recorded `replies`, or `scores`"),
        ("{model: null}", "3:12: an arm is a `model`, or recorded `replies`, or `scores`"),
        ("{model: m, replies: r}", "3:28: 'replies' has no meaning beside 'model'"),
        ("{replies: r, config: {}}", "3:30: 'config' has no meaning beside 'replies'"),
        ("{model: m, range: [0, 5]}", "3:28: 'range' has no meaning beside 'model'"),
        ("{scores: s, range: [5, 0]}", "3:29: expected the lowest value, then the highest"),
        ("{model: m, sistem: x}", "3:28: unknown key 'sistem': did you mean 'system'?"),
        ("{model: m, format: yaml}",
         "3:36: expected 'plain', 'markdown', 'xml' or 'json', found text 'yaml'"),
        ("{model: m, config: [1]}", "3:28: expected keys and values, found a list"),
        ("{model: m, confidential: yes}", "3:42: expected true or false, found text 'yes'"),
        ("{model: m, system: ./prompts/emial.md}",
         "3:36: no file './prompts/emial.md': did you mean 'email.md'?"),
        ("{model: m, template: Answer.}",
         "3:38: '{prompt}' does not stand in it: the prompt would not be seen"),
        ("{replies: ./none.jsonl}", "3:27: no file './none.jsonl'"),
        ("{replies: ./none-*.jsonl}", "3:27: no file './none-*.jsonl'"),
    ],
)  # fmt: skip
def test_each_mistake_in_an_arm_is_one_clear_line(write, arm, line):
    text = START + f"baseline: {{old: {arm}}}\ncandidates: {{new: {{model: m/new}}}}\n"

    assert refused(write(text)) == [f"try.yaml:{line}"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (ARMS, ["1:1: the key 'experiment' is missing"]),
        ("experiment: try\n" + ARMS, ["1:1: the key 'evals' is missing"]),
        (START, ["1:1: the key 'baseline' is missing", "1:1: the key 'candidates' is missing"]),
        (START + "baseline: {}\ncandidates: {}",
         ["3:1: expected exactly one baseline, found none",
          "4:1: expected at least 1, found none"]),
        (START + "baseline: {a: {model: m}, b: {model: n}}\ncandidates: {c: {model: o}}",
         ["3:1: expected exactly one baseline, found a or b"]),
        (START + "baseline: {a: {model: m}}\ncandidates: {a: {model: n}, b: {model: m}}",
         ["4:14: 'a' is the baseline's name already"]),
        (START + "baseline: {A b: {model: m}}\ncandidates: {c: {model: n}}",
         ["3:12: expected small letters, digits and hyphens (like 'follow-up'), found text 'A b'"]),
        (START + ARMS + "seeds: 0\n",
         ["5:8: expected greater than or equal to 1, found the number 0"]),
        (START + ARMS + "seeds: 2.5\n", ["5:8: expected a whole number, found the number 2.5"]),
        (START + ARMS + "rules: {default: {margn: 0.1}, kind: {margin: 2}, 'a@': {}}\n",
         ["5:19: unknown key 'margn': did you mean 'margin'?",
          "5:47: expected less than or equal to 1, found the number 2",
          "5:51: expected 'default', a principle, or 'principle@eval', found text 'a@'"]),
        (START + ARMS + "resources: {second: {ratio_at_most: 1}, cost: {ratio_at_most: 0}}\n",
         ["5:13: expected 'seconds', 'tokens', 'cost' or 'calls', found text 'second': "
          "did you mean 'seconds'?",
          "5:63: expected greater than 0, found the number 0"]),
        (START + ARMS + "tensions: [[a], [b, b]]\n", ["5:12: expected one more entry than 1"]),
        (START + ARMS + "tensions: [[b, b]]\n", ["5:12: 'b' cannot pull against itself"]),
        (START + ARMS + "weights: {writing/email: 0}\n", ["5:1: the weights sum to 0"]),
        (START + ARMS + "on_inconclusive: pass\n",
         ["5:18: expected 'fail', 'warn' or 'extend', found text 'pass'"]),
        (START + ARMS + "grader: anthropic/claude\n",
         ["5:9: expected a list or keys and values, found text 'anthropic/claude'"]),
        (START + ARMS + "grader: {modle: x}\n",
         ["5:1: the key 'model' is missing", "5:10: unknown key 'modle': did you mean 'model'?"]),
        (START + ARMS + "alpha: 1\nbudget: {cost: -1}\n",
         ["5:8: expected less than or equal to 0.5, found the number 1",
          "6:16: expected greater than 0, found the number -1"]),
        ("experiment: try\nevals: [writing/emial, writing/email, writing/email]\n" + ARMS,
         ["2:39: this eval stands in the list twice"]),
        ("experiment: try\nevals: [writing/emial, {rubric: ./tnoe.yaml, dataset: suport}]\n" + ARMS,
         ["2:9: no dataset 'writing/emial': did you mean 'writing/email'?",
          "2:33: no file './tnoe.yaml': did you mean 'tone.yaml'?",
          "2:55: no dataset 'suport'"]),
        ("experiment: try\nevals: [{rubric: a}, {task: t, prinicple: p}, [x]]\n" + ARMS,
         ["2:9: the key 'dataset' is missing", "2:22: the key 'principle' is missing",
          "2:32: unknown key 'prinicple': did you mean 'principle'?",
          "2:47: expected text or keys and values, found a list"]),
    ],
)  # fmt: skip
def test_each_mistake_in_an_experiment_is_one_clear_line(write, text, lines):
    assert refused(write(text)) == [f"try.yaml:{line}" for line in lines]


def test_a_glob_as_the_baseline_must_find_one_file(write):
    text = START + "baseline: {old: {replies: ./r*.jsonl}}\ncandidates: {new: {model: m}}\n"

    assert refused(write(text, **{"r1.jsonl": "", "r2.jsonl": ""})) == [
        "try.yaml:3:12: expected one baseline, found 2 files"
    ]


def test_two_arms_of_one_name_are_refused(write):
    text = START + (
        "baseline: {old: {model: m}}\n"
        "candidates: {step-r1: {model: n}, step: {replies: ./r*.jsonl}}\n"
    )

    assert refused(write(text, **{"r1.jsonl": "", "r2.jsonl": ""})) == [
        "try.yaml:4:35: two arms would be named 'step-r1'"
    ]


@pytest.mark.parametrize("key", ["system", "template", "replies", "scores"])
def test_a_file_outside_the_project_is_not_read(write, key):
    model = "" if key in ("replies", "scores") else "model: m, "
    text = (
        START
        + f"baseline: {{old: {{{model}{key}: ../secret}}}}\ncandidates: {{new: {{model: m}}}}\n"
    )
    path = write(text)
    (path.parent.parent / "secret").write_text("{prompt}")

    [line] = refused(path)
    assert "lies outside the project" in line
    assert line.startswith("try.yaml:3:")


# Arms


def test_the_fingerprint_of_an_arm_is_that_of_what_makes_replies_differ():
    arm = Arm(model="m", system="x", config={"temperature": 1.0})

    assert arm.fingerprint == Arm(
        model="m", system="x", config={"temperature": 1.0}, confidential=True, factors={"data": "a"}
    ).fingerprint  # fmt: skip
    for other in (
        {"system": "y"},
        {"config": {"temperature": 0.9}},
        {"model": "n"},
        {"format": "xml"},
    ):
        assert arm.fingerprint != arm.model_copy(update=other).fingerprint


def test_recorded_arms_with_equal_files_are_equal(tmp_path):
    for name, content in {"a": "same", "b": "same", "c": "other"}.items():
        (tmp_path / name).write_text(content)
    a, b, c = (Arm(replies=str(tmp_path / name)).fingerprint for name in "abc")

    assert a == b != c


def test_a_confidential_arm_shows_hashes_of_its_texts():
    arm = Arm.model_validate(
        {
            "model": "m",
            "system": "Top secret.",
            "few_shot": [{"role": "user", "content": "Top secret."}],
            "base_url": "https://secret.example",
            "config": {"temperature": 1.0},
            "confidential": True,
        }
    )
    shown = arm.printable()

    assert "secret" not in str(shown)
    assert (shown["model"], shown["config"]) == ("m", {"temperature": 1.0})
    assert shown["system"].startswith("sha256:")
    assert arm.model_copy(update={"confidential": False}).printable()["system"] == "Top secret."


def test_arms_share_their_seed_unless_their_settings_are_equal(experiment):
    same = {"model": "m", "config": {"temperature": 1.0}}
    read = experiment(
        seed=7, baseline={"a": same}, candidates={"b": {"model": "n"}, "c": same, "d": same}
    )

    assert [read.base_seed(arm) for arm in read.arms] == [7, 7, 1007, 2007]


# Rules


def test_the_rule_of_an_eval_fills_in_what_it_does_not_say(experiment):
    read = experiment(
        rules={
            "default": {"margin": 0.1, "blocking": False},
            "honesty": {"margin": 0.02},
            "honesty@writing/email": {"superior": True},
        }
    )

    def told(*names):
        rule = read.rule_for(*names)
        return rule.margin, rule.superior, rule.blocking

    assert told("clarity") == (0.1, False, False)
    assert told("honesty") == (0.02, False, False)
    assert told("honesty", "writing/email") == (0.02, True, False)
    assert told("honesty", "other") == (0.02, False, False)


def test_without_rules_the_margin_is_five_points_and_everything_blocks(experiment):
    rule = experiment().rule_for("honesty")

    assert (rule.margin, rule.superior, rule.blocking) == (0.05, False, True)


# Cost


def test_reading_an_experiment_imports_nothing_heavy(write):
    path = write(EMAIL)
    code = (
        "import sys, pathlib; from tastemaker.experiment import load_experiment;"
        f"load_experiment(pathlib.Path({str(path)!r}));"
        "heavy = {'pandas', 'pyarrow', 'inspect_ai', 'scipy', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
