"""What makes a rubric hard to grade is named, and a rubric without faults gets no warning."""

import json

import pytest
from shipped import DATASETS
from typer.testing import CliRunner

from tastemaker.checks.registry import checks
from tastemaker.cli.main import app
from tastemaker.content import SHARED, Place, folder
from tastemaker.lint import lint_conditions, lint_rubric, lint_symptoms, lint_turns
from tastemaker.rubric import Rubric, load_rubric
from tastemaker.validation import validate_file


def rubric(**criteria):
    for criterion in criteria.values():
        if "ask" in criterion:
            criterion.setdefault("met", ["An example."])
    return Rubric.model_validate({"rubric": "r", "principles": {"p": {"criteria": criteria}}})


def warnings(ask, **more):
    return lint_rubric(rubric(c={"ask": ask, **more}))


@pytest.mark.parametrize(
    ("ask", "more", "told"),
    [
        ("Is the reply kind and/or short?", {}, "asks two things at once ('and/or')"),
        ("Does it name a date and does it name a place?", {}, "('and does')"),
        ("Does it greet the reader and state the request?", {}, "('and state')"),
        ("Is it both kind and short?", {}, "asks two things at once"),
        ("Is the tone appropriate?", {"met": []}, "'appropriate' means something else"),
        ("Is it well organised?", {"met": []}, "'well' means something else"),
        ("Does it not answer?", {"weight": -1}, "double negation"),
        ("Does it fail to answer?", {"weight": -2}, "'fail to'"),
        ("Is it without a date?", {"weight": -2}, "'without'"),
        ("Does that reply not answer?", {"weight": -2}, "'not'"),
        ("Does it not name what was asked for?", {"weight": -2}, "'not'"),
        (
            "Does it name a date that was not asked for, and never a place?",
            {"weight": -2},
            "'never'",
        ),
        ("Is it at most 120 words long?", {}, "the check 'words'"),
        ("Has it fewer than five sentences?", {}, "the check 'sentences'"),
        ("Are there placeholders left?", {}, "the check 'no_placeholders'"),
        ("Does the email have a greeting?", {}, "the check 'greeting'"),
        ("Does it name the date?", {"met": []}, "no anchor"),
    ],
)
def test_a_fault_is_named(ask, more, told):
    found = warnings(ask, **more)

    assert any(told in warning for warning in found), found
    assert all(warning.startswith("p/c: ") for warning in found)


@pytest.mark.parametrize(
    ("ask", "more"),
    [
        ("Does the email state its main point in its first two sentences?", {}),
        ("Is the tone appropriate?", {}),  # an anchor says what that means
        ("Does the reply name Ana and Tom?", {}),
        ("Does it not answer?", {}),
        ("Does the email assert a date that the request does not supply?", {"weight": -3}),
        ("Does it name a firm which wasn't mentioned?", {"weight": -3}),
        ("Does it thank somebody who has never helped?", {"weight": -1}),
        ("Does the greeting fit how the two know each other?", {}),
        ("Do the words fit the reader?", {}),
    ],
)
def test_what_is_fine_gets_no_warning(ask, more):
    assert warnings(ask, **more) == []


def test_a_check_is_not_linted():
    assert lint_rubric(rubric(c={"check": "words", "with": {"max": 5}})) == []


def test_criteria_that_ask_nearly_the_same_are_named_once():
    found = lint_rubric(
        rubric(
            one={"ask": "Does the email name a date?"},
            two={"ask": "Does the email name the date?"},
            three={"ask": "Is the email kind to its reader?"},
        )
    )

    assert len(found) == 1
    assert found[0].startswith("p/one and p/two ask nearly the same")


def test_the_same_question_under_other_conditions_is_no_double():
    ask = {"ask": "Does the email name a date?"}
    one, two = ask | {"when": {"kind": "a"}}, ask | {"when": {"kind": "b"}}

    assert lint_rubric(rubric(one=one, two=two)) == []


def test_a_condition_that_no_scenario_meets_is_named():
    made = rubric(
        always={"ask": "A?"},
        there={"ask": "B?", "when": {"kind": ["request", "thanks"]}},
        gone={"ask": "C?", "when": {"kind": "complaint"}},
        unlabelled={"ask": "D?", "when": {"tone": "warm"}},
        both={"ask": "E?", "when": {"kind": "request", "who": "boss"}},
        other={"ask": "F?", "when": {"kind": {"not": "request"}}},
    )
    found = lint_conditions(made, [{"kind": "request"}, {"kind": "chat", "who": "boss"}])

    assert found == [
        "p/gone: `when` never matches: kind is never complaint (chat, request)",
        "p/unlabelled: `when` never matches: tone is never warm (no scenario with that label)",
        "p/both: `when` never matches: no scenario has all its labels at once",
    ]


def test_without_scenarios_nothing_is_said_about_conditions():
    assert lint_conditions(rubric(c={"ask": "A?", "when": {"kind": "x"}}), []) == []


def test_a_question_about_the_request_must_see_the_turns_before_the_last():
    told = lint_turns(
        rubric(
            blind={"ask": "Is what was asked there?"},
            whole={"ask": "Is what was asked there?", "sees": ["transcript", "reply"]},
            turns={"ask": "Is what was asked there?", "target": "every-turn"},
            alone={"ask": "Does the reply rhyme?", "sees": ["reply"]},
            elsewhere={"ask": "Is what was asked there?", "when": {"kind": "letter"}},
            checked={"check": "words", "with": {"max": 5}},
        ),
        {"third-try": {"kind": "chat"}, "again": {}},
    )

    assert len(told) == 1
    assert told[0].startswith("p/blind: asked of 2 with earlier turns (third-try)")


def test_without_conversations_nothing_is_said_about_turns():
    assert lint_turns(rubric(c={"ask": "Is what was asked there?"}), {}) == []


@pytest.mark.parametrize(
    ("scenario", "warned"),
    [
        ("prompt: Hi", False),
        ("messages: [{role: assistant, content: Hello}, {role: user, content: Hi}]", True),
        ("messages: [{role: user, content: Hi}]", False),
        ("prompt: Hi, user: {goal: a refund}", True),  # the turns come while it runs
    ],
)
def test_check_holds_a_dataset_against_the_rubric_of_its_name(project, scenario, warned):
    project(
        {
            "rubrics/talk.yaml": "rubric: talk\nprinciples: {p: {criteria: {c: "
            "{ask: Is it kind?, met: [Yes.]}}}}",
            "datasets/talk.yaml": "dataset: talk\nstrata: {all: {scenarios: "
            f"[{{id: a, {scenario}}}]}}}}",
        }
    )
    shown = CliRunner().invoke(app, ["check", "--strict"])
    told = "talk.yaml: rubric talk, p/c: asked of 1 with earlier turns (a)"

    assert (told in " ".join(shown.output.split())) == warned, shown.output
    assert shown.exit_code == (2 if warned else 0)


@pytest.mark.parametrize("name", DATASETS)
def test_no_judge_of_a_shipped_eval_is_asked_about_turns_that_it_cannot_see(name):
    path = folder("datasets") / f"{name}.yaml"
    checked = validate_file(path, Place.at(path.parent))

    assert checked.error == ""
    assert not [told for told in checked.warnings if "earlier turns" in told]


STOCK = {"check": "stock_phrases"}
SHORT = {"check": "words", "with": {"max": 90}}


def rests(blocks=True, labels=({},), own=None, **criteria):
    situations = [(one, own or {}) for one in labels]
    return lint_symptoms(rubric(**criteria), situations, lambda principle: blocks)


def test_a_blocking_principle_on_a_list_of_phrases_alone_is_named():
    [told] = rests(c=STOCK)

    assert told.startswith("p: rests on stock_phrases alone, and blocks: ")


@pytest.mark.parametrize(
    "criteria",
    [
        {"c": STOCK, "d": SHORT},
        {"c": STOCK, "d": {"ask": "Is it this person's own?"}},
        {"c": SHORT},
    ],
)
def test_in_company_a_list_of_phrases_may_block(criteria):
    assert rests(**criteria) == []


def test_what_is_only_shown_may_rest_on_a_list_of_phrases():
    assert rests(blocks=False, c=STOCK) == []


def test_the_scenarios_in_which_a_list_of_phrases_is_left_alone_are_counted():
    of_letters = SHORT | {"when": {"kind": "letter"}}
    labels = [{"kind": "letter"}, {"kind": "mail"}, {"kind": "chat"}]

    [told] = rests(labels=labels, c=STOCK, d=of_letters)
    assert "alone in 2 scenarios, and blocks" in told
    assert rests(labels=labels[:1], c=STOCK, d=of_letters) == []


def test_a_criterion_of_the_scenario_itself_is_company_too():
    short = rubric(d=SHORT).principles["p"].criteria["d"]

    assert rests(own={"p": {"own": short}}, c=STOCK) == []


def test_a_list_of_phrases_as_a_must_decides_alone():
    [told] = lint_rubric(rubric(c=STOCK | {"must": True}, d=SHORT))

    assert told.startswith("p/c: `must` lets 'stock_phrases' decide alone")
    assert lint_rubric(rubric(c=STOCK, d=SHORT | {"must": True})) == []


@pytest.mark.parametrize("path", sorted(folder("rubrics").rglob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_rubrics_have_no_double_questions(path):
    if path.stem in SHARED:
        pytest.skip("no rubric")
    found = lint_rubric(load_rubric(path))

    assert not [warning for warning in found if "ask nearly the same" in warning], found


def test_check_shows_what_lint_finds_and_strict_refuses_it(project):
    project(
        {
            "rubrics/letter.yaml": "rubric: letter\nprinciples: {p: {criteria: {c: "
            "{ask: 'Is it good?', when: {kind: none}}}}}",
            "datasets/asked.yaml": "dataset: asked\nstrata: {all: {scenarios: "
            "[{id: a, prompt: Hi, labels: {kind: x}}]}}",
            "evals/experiments/try.yaml": "experiment: try\nevals: [{rubric: letter, dataset: "
            "asked}]\nbaseline: {old: {model: a/b}}\ncandidates: {new: {model: a/c}}\n",
        }
    )
    shown = CliRunner().invoke(app, ["check"])
    strict = CliRunner().invoke(app, ["check", "--strict"])

    assert shown.exit_code == 0
    assert "p/c: 'good' means something else to everyone" in shown.stdout
    assert "p/c: `when` never matches: kind is never none (x)" in shown.stdout
    assert strict.exit_code == 2


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        ("Does the reply use more than one exclamation mark?", "exclamations"),
        ("Is the reply valid JSON?", "valid_json"),
        ("Does the reply contain the word refund?", "contains"),
        ("Does the reply start with the words Dear Ana?", "starts_with"),
        ("Does the reply use emoji?", "emoji"),
    ],
)
def test_what_a_shipped_check_answers_is_named(ask, named):
    (told,) = lint_rubric(rubric(c={"ask": ask, "met": ["Yes."]}))

    assert f"the check '{named}' answers this exactly" in told
    assert named in checks()


def test_a_condition_that_nothing_can_meet_needs_no_dataset_to_be_named():
    (told,) = lint_rubric(rubric(c={"check": "words", "with": {"max": 5}, "when": {"kind": []}}))

    assert told == "p/c: `when` never matches: kind is none of an empty list"


OWN = """
dataset: small
strata:
  all:
    scenarios:
      - id: one
        prompt: Hi
        labels: {kind: chat}
        criteria:
          p: {own: {ask: Is it good and does it end?, when: {kind: request}}}
"""
PAIR = """
experiment: try
evals: [{rubric: ./r.yaml, dataset: ./small.yaml}]
baseline: {old: {model: none/none}}
candidates: {new: {replies: ./new.jsonl}}
"""
ONE = "rubric: r\nprinciples: {p: {criteria: {c: {check: words, with: {max: 5}}}}}"


def checked(folder, *options):
    return CliRunner().invoke(app, ["check", str(folder / "try.yaml"), *options]).output


def test_check_reads_the_criteria_of_single_scenarios(project):
    folder = project({"r.yaml": ONE, "small.yaml": OWN, "try.yaml": PAIR, "new.jsonl": ""})
    told = checked(folder)

    assert "scenario one, p/own: asks two things at once" in told
    assert "scenario one, p/own: `when` never matches: the scenario itself" in told

    (folder / "small.yaml").write_text(OWN.replace("p: {own", "q: {own"))
    assert "error: scenario one: rubric r has no principle 'q'" in checked(folder)


def test_check_refuses_recorded_replies_to_a_task_without_a_rubric(project):
    more = "evals: [{task: theirs/quiz, principle: wits}, "
    folder = project({"r.yaml": ONE, "small.yaml": OWN, "new.jsonl": ""})
    (folder / "try.yaml").write_text(PAIR.replace("evals: [", more))

    told = "try.yaml:5:29: recorded replies need a rubric, and theirs/quiz has none"
    assert told in checked(folder)


def test_check_opens_the_replies_and_scores_that_an_experiment_names(project):
    lines = [{"scenario": name, "seed": 1, "reply": "a"} for name in ("one", "two")]
    replies = "\n".join(map(json.dumps, lines))
    files = {"r.yaml": ONE, "small.yaml": OWN, "try.yaml": PAIR, "new.jsonl": replies}
    folder = project(files)
    assert "new.jsonl:2: unknown scenario 'two'" in checked(folder)

    (folder / "try.yaml").write_text(PAIR.replace("replies: ./new.jsonl", "scores: ./new.csv"))
    (folder / "new.csv").write_text("scenario,seed,principle,value\none,1,p,1.5\n")
    assert "new.csv:2: expected a value from 0 to 1, found '1.5'" in checked(folder)
