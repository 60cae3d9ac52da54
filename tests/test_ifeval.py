"""IFEval's files: prompts become a dataset, replies recorded replies, and both are graded."""

import json

import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.errors import UserError
from tastemaker.ifeval import LONGEST, as_dataset, read_answers, read_prompts
from tastemaker.scenario import load_dataset

PROMPTS = [
    {
        "key": 1,
        "prompt": "A",
        "instruction_id_list": ["punctuation:no_comma", "keywords:existence"],
        "kwargs": [{}, {"keywords": ["tide"]}],
    },
    {
        "key": 2,
        "prompt": "B",
        "instruction_id_list": [
            "punctuation:no_comma",
            "startend:end_checker",
            "keywords:existence",
        ],
        "kwargs": [{}, {"end_phrase": "Mind the step."}, {"keywords": ["slip"]}],
    },
    {
        "key": 3,
        "prompt": "C",
        "instruction_id_list": ["detectable_format:title"],
        "kwargs": [{}],
    },
    {"key": 4, "prompt": "D", "instruction_id_list": ["startend:quotation"], "kwargs": [{}]},
]
ANSWERS = [
    {"prompt": "A", "response": "The tide turns."},
    {"prompt": "B", "response": "The slip is shut.\nMind the step.\nAnything else?"},
    {"prompt": "C", "response": "Slack Water"},
    {"prompt": "D", "response": '"Closed."'},
]
EXPERIMENT = """\
experiment: followed
evals: [{rubric: instructions/verifiable, dataset: ./ifeval.yaml}]
seeds: 1
baseline: {good: {replies: ./good-replies.jsonl}}
candidates: {bad: {replies: ./bad-replies.jsonl}}
rules: {default: {margin: 0.1}}
"""


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def call(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def prompts(tmp_path):
    """Write a file of prompts and read it."""

    def read(rows):
        path = tmp_path / "p.jsonl"
        path.write_text(rows if isinstance(rows, str) else lines(rows), encoding="utf-8")
        return read_prompts(path, "ifeval")

    return read


@pytest.fixture
def dataset(prompts, tmp_path):
    """Prompts written as a dataset and read again."""

    def read(rows):
        (tmp_path / "ifeval.yaml").write_text(as_dataset(prompts(rows)), encoding="utf-8")
        return load_dataset(tmp_path / "ifeval.yaml")

    return read


def a_prompt(**fields):
    return PROMPTS[3] | fields


# Prompts


def test_each_line_is_a_scenario_with_its_instructions(dataset):
    scenarios = dataset(PROMPTS).scenarios

    assert [(one.id, one.prompt) for one in scenarios] == [
        ("1", "A"), ("2", "B"), ("3", "C"), ("4", "D"),
    ]  # fmt: skip
    assert scenarios[1].expect["instructions"] == [
        {"id": "punctuation:no_comma"},
        {"id": "startend:end_checker", "end_phrase": "Mind the step."},
        {"id": "keywords:existence", "keywords": ["slip"]},
    ]


def test_a_null_is_an_argument_that_was_not_given_and_3_0_is_3(dataset):
    given = {"num_words": 3.0, "relation": "at least", "letter": None, "keywords": None}
    [one] = dataset(
        [a_prompt(instruction_id_list=["length_constraints:number_words"], kwargs=[given])]
    ).scenarios

    [asked] = one.expect["instructions"]
    assert asked == {
        "id": "length_constraints:number_words",
        "num_words": 3,
        "relation": "at least",
    }
    assert type(asked["num_words"]) is int


@pytest.mark.parametrize(
    "text",
    [
        "0800",
        "1e5",
        "null",
        "yes",
        "~",
        "- a: b",
        "x #y",
        "'",
        '"',
        "{a}",
        "a\nb\n",
        "\n\n  a \n\tb",
        "a\r\nb",
        "größe 🙂\u2028\x85é",
        "\\n",
        "a" * 2000 + " b",
    ],
)
def test_text_is_read_again_as_it_was_whatever_it_looks_like(dataset, text):
    asked = a_prompt(
        prompt=text, instruction_id_list=["keywords:existence"], kwargs=[{"keywords": [text]}]
    )
    [one] = dataset([asked]).scenarios

    assert one.prompt == text
    assert one.expect["instructions"][0]["keywords"] == [text]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object"),
        ('{"key": 1, "key": 2}', "'key' stands there twice"),
        ("[" * 100_000, "not JSON"),
        ('{"key": ' + "[" * 200 + "]" * 200 + "}", "levels deep"),
        ({"prompt": "D"}, "the key 'key' is missing"),
        (a_prompt(more=1), "unknown key 'more'"),
        (a_prompt(prompt=""), "prompt"),
        (a_prompt(prompt="a" * (LONGEST + 1)), f"at most {LONGEST} characters"),
        (a_prompt(kwargs=[]), "1 in instruction_id_list, and 0 in kwargs"),
        (a_prompt(kwargs=[{}, {}]), "1 in instruction_id_list, and 2 in kwargs"),
        (a_prompt(kwargs={}), "expected a list"),
        (a_prompt(kwargs=[3]), "expected keys and values"),
        (a_prompt(instruction_id_list=[], kwargs=[]), "at least 1"),
        (a_prompt(instruction_id_list=["startend:quotes"]), "did you mean 'startend:quotation'?"),
        (a_prompt(kwargs=[{"marks": 1}]), "startend:quotation: marks: takes no arguments"),
        (a_prompt(kwargs=[{"id": "words"}]), "startend:quotation: no argument is called 'id'"),
        (
            a_prompt(instruction_id_list=["length_constraints:number_words"]),
            "length_constraints:number_words: num_words: is required",
        ),
        (a_prompt(key=1), "the key of line 1 again"),
        (a_prompt(prompt="A"), "the prompt of line 1 again"),
    ],
)
def test_a_line_that_is_no_prompt_is_refused_with_its_number(prompts, row, message):
    second = row if isinstance(row, str) else json.dumps(row)

    with pytest.raises(UserError) as caught:
        prompts(lines(PROMPTS[:1]) + "\n" + second + "\n")

    told = str(caught.value).split("\n")
    assert any(message in line and "p.jsonl:3:" in line for line in told), told


def test_every_line_with_a_mistake_is_named_at_once(prompts):
    with pytest.raises(UserError) as caught:
        prompts([a_prompt(kwargs=[]), a_prompt(key=5, prompt="E", kwargs=[{"a": 1}])])

    assert [line.split("p.jsonl:")[1][0] for line in str(caught.value).split("\n")] == ["1", "2"]


def test_an_empty_file_and_a_foreign_one_are_refused(prompts, tmp_path):
    with pytest.raises(UserError, match="no rows"):
        prompts("\n\n")
    with pytest.raises(UserError, match=r"ends in \.jsonl"):
        read_prompts(tmp_path / "p.json")


# Replies


def test_replies_find_their_scenario_by_the_prompt_and_each_file_is_a_seed(dataset, tmp_path):
    made = dataset(PROMPTS)
    (tmp_path / "a.jsonl").write_text(lines(ANSWERS[::-1]), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(lines(ANSWERS[:1]), encoding="utf-8")

    rows = read_answers([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], made)

    assert [(row["scenario"], row["seed"]) for row in rows] == [
        ("4", 1), ("3", 1), ("2", 1), ("1", 1), ("1", 2),
    ]  # fmt: skip
    assert rows[0]["reply"] == '"Closed."'


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "Z", "response": "x"}, "no prompt of ifeval is like this one"),
        ({"prompt": "A", "response": "x"}, "a second reply to the prompt of line 1"),
        ({"prompt": "D"}, "the key 'response' is missing"),
        ({"prompt": "D", "response": None}, "expected text, found nothing"),
        ({"prompt": "D", "response": "x", "seed": 1}, "unknown key 'seed'"),
        ({"prompt": "D", "response": "x" * (LONGEST + 1)}, f"at most {LONGEST} characters"),
    ],
)
def test_a_line_that_is_no_reply_is_refused_with_its_number(dataset, tmp_path, row, message):
    made = dataset(PROMPTS)
    (tmp_path / "a.jsonl").write_text(lines([ANSWERS[0], row]), encoding="utf-8")

    with pytest.raises(UserError) as caught:
        read_answers([tmp_path / "a.jsonl"], made)

    assert message in str(caught.value)
    assert "a.jsonl:2:" in str(caught.value)


def test_replies_cannot_be_told_apart_where_two_scenarios_have_one_prompt(tmp_path):
    (tmp_path / "two.yaml").write_text(
        "dataset: two\nstrata: {all: {scenarios: [{id: a, prompt: X}, {id: b, prompt: X}]}}\n"
    )

    with pytest.raises(UserError, match="'a' and 'b' have the same prompt"):
        read_answers([], load_dataset(tmp_path / "two.yaml"))


# All the way, on the command line


@pytest.fixture
def files(project):
    """A project with prompts, replies of two arms, and an experiment about them."""
    worse = [ANSWERS[0] | {"response": "The, tide."}, *ANSWERS[1:]]
    return project(
        {
            "p.jsonl": lines(PROMPTS),
            "good.jsonl": lines(ANSWERS),
            "bad.jsonl": lines(worse),
            "try.yaml": EXPERIMENT,
        }
    )


@pytest.fixture
def imported(files):
    """The same, with the prompts imported as a dataset and the replies as recorded replies."""
    done = [call("import", "ifeval", "p.jsonl", "--name", "ifeval", "-o", "ifeval.yaml")]
    for arm in ("good", "bad"):
        to = f"{arm}-replies.jsonl"
        given = ("--dataset", "./ifeval.yaml", "-o", to)
        done.append(call("import", "ifeval-replies", f"{arm}.jsonl", *given))
    assert [one.exit_code for one in done] == [0, 0, 0], [one.output for one in done]
    assert "4 prompts with 7 instructions" in done[0].stderr
    return files


def test_both_accuracies_in_both_readings_come_out_as_calculated_by_hand(imported):
    """STATS V9: strict [[1,1],[1,0,1],[0],[1]], loose [[1,1],[1,1,1],[0],[1]].

    The other arm has a comma in its first reply: [[0,1],...].
    """
    assert call("check", "ifeval.yaml", "try.yaml").exit_code == 0
    run = call("run", "try.yaml", "--json")
    verdicts = {one["principle"]: one for one in json.loads(run.stdout)["verdicts"]}
    means = {
        name: (one["baseline"]["mean"], one["candidate_score"]["mean"])
        for name, one in verdicts.items()
    }

    assert means == {
        "followed-strict": (0.5, 0.25),
        "followed-loose": (0.75, 0.5),
        "instructions-strict": pytest.approx((5 / 7, 4 / 7)),
        "instructions-loose": pytest.approx((6 / 7, 5 / 7)),
    }
    assert "| instructions-loose | " in call("report", "try.yaml", "--format", "markdown").stdout
    assert "0.857 | 0.714" in call("report", "try.yaml", "--format", "markdown").stdout


def test_grading_the_logs_again_gives_the_same(imported):
    call("run", "try.yaml")
    result = call("grade", "--logs", "logs/followed", "--rubric", "instructions/verifiable")

    assert result.exit_code == 0, result.output
    assert result.stdout.count("0 of 4 replies changed") == 8


def test_grade_reads_the_recorded_replies_one_by_one(imported):
    given = ("--dataset", "./ifeval.yaml", "--json")
    result = call("grade", "instructions/verifiable", "good-replies.jsonl", *given)
    scores = {
        one["document"]: [score["value"] for score in one["principles"].values()]
        for one in json.loads(result.stdout)["documents"]
    }

    assert scores == {
        "good-replies.jsonl:1": [1.0, 1.0, 1.0, 1.0],
        "good-replies.jsonl:2": [0.0, 1.0, pytest.approx(2 / 3), 1.0],
        "good-replies.jsonl:3": [0.0, 0.0, 0.0, 0.0],
        "good-replies.jsonl:4": [1.0, 1.0, 1.0, 1.0],
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("messages: [{role: user, content: D}, {role: assistant, content: E}, "
         "{role: user, content: F}]", "more than a prompt"),
        ("prompt: D\n        criteria: {p: {c: {check: words, with: {max: 3}}}}",
         "more than a prompt"),
        ("prompt: D", "unknown scenario '1'"),
    ],
)  # fmt: skip
def test_grade_refuses_replies_of_which_more_counts_than_the_prompt(files, more, message):
    name = "b" if "unknown" in message else "1"
    (files / "d.yaml").write_text(
        f"dataset: d\nstrata:\n  all:\n    scenarios:\n      - id: '{name}'\n        {more}\n"
    )
    (files / "r.jsonl").write_text('{"scenario": "1", "seed": 1, "reply": "x"}\n')

    result = call("grade", "instructions/verifiable", "r.jsonl", "--dataset", "./d.yaml")

    assert (result.exit_code, message in result.stderr) == (2, True), result.output


def test_what_is_missing_is_said_and_counted(imported):
    (imported / "few.jsonl").write_text(lines(ANSWERS[:3]), encoding="utf-8")

    result = call("import", "ifeval-replies", "few.jsonl", "--dataset", "./ifeval.yaml")

    assert "3 replies; 1 are missing" in result.stderr
    assert len(result.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ifeval", "p.jsonl", "good.jsonl"], "one file"),
        (["ifeval", "p.jsonl", "--dataset", "./ifeval.yaml"], "needs no --dataset"),
        (["ifeval-replies", "good.jsonl"], "needs --dataset"),
        (["ifeval", "good.jsonl"], "good.jsonl:1:1"),
        (["ifeval-replies", "p.jsonl", "--dataset", "./none.yaml"], "none.yaml"),
        (["ifeval", "none.jsonl"], "no such file"),
        (["ifeval", "p.jsonl", "--name", "No Name"], "No Name"),
    ],
)
def test_a_mistake_in_the_call_exits_with_2(files, arguments, message):
    result = call("import", *arguments)

    assert result.exit_code == 2, result.output
    assert message in result.stderr
