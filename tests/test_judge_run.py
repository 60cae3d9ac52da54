"""Judged runs: what is asked once, what is asked again, and what the tables say of it."""

import json
import re

import pytest

from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.results import load_results
from tastemaker.run import run
from tastemaker.tables import REPLIES, SCORES, read_table

RUBRIC = """
rubric: kind
principles:
  warmth:
    criteria:
      kind: {ask: Is the reply kind?, met: ["Gladly!"]}
      rude: {ask: Is the reply rude?, weight: -1}
  brevity:
    criteria:
      short: {check: words, with: {max: 5}}
"""
DATASET = """
dataset: small
strata:
  all:
    scenarios:
      - {id: one, prompt: "First."}
      - {id: two, prompt: "Second."}
      - {id: three, prompt: "Third."}
"""
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
seeds: 2
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
grader: {model: acted/judge}
"""


def keys_asked(text):
    line = re.findall(r"exactly these keys: ([^\n]*?)\. Each", text)[-1]
    return re.findall(r"[a-z0-9-]+", line)


def kind(messages, config):
    """Kind is what says gladly; nothing is rude."""
    page = messages[0].text
    reply = page[page.index("## reply") : page.index("## Criteria")]
    verdicts = {"kind": "MET" if "gladly" in reply else "UNMET", "rude": "UNMET"}
    keys = keys_asked(messages[-1].text)
    return json.dumps({key: {"quote": "none", "answer": verdicts[key]} for key in keys})


def numbered(text):
    """An arm whose reply to each scenario and seed is another one."""
    return lambda messages, config: f"{text} {messages[-1].text} {config.seed}"


@pytest.fixture
def small(project, actor):
    actor.says("old", numbered("No."))
    actor.says("new", numbered("Yes, gladly."))
    actor.says("judge", kind)
    return project({"kind.yaml": RUBRIC, "small.yaml": DATASET, "try.yaml": EXPERIMENT})


def write(folder, text):
    (folder / "try.yaml").write_text(text)


def go(folder, logs="logs", **options):
    plan = make_plan(load_experiment(folder / "try.yaml"))
    run(plan, folder / logs, grades=folder / "grades", **options)
    return plan


def scores(folder, **wanted):
    rows = read_table(folder / "logs" / SCORES).to_pylist()
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def test_each_distinct_reply_is_judged_once_and_the_verdict_follows(small, actor):
    plan = go(small)

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    warmth = next(v for v in results.decision.verdicts if v.principle == "warmth")
    assert plan.grades == actor.calls("judge") == 12
    assert warmth.paired.baseline.mean == 0.5  # not rude, and not kind
    assert warmth.paired.candidate.mean == 1.0


def test_a_second_run_asks_no_judge(small, actor):
    go(small)
    before = len(actor.asked)
    go(small)

    assert len(actor.asked) == before


def test_equal_replies_to_equal_prompts_are_judged_once(small, actor):
    actor.says("old", "Gladly.")
    actor.says("new", "Gladly.")
    go(small)

    assert actor.calls("judge") == 3  # prompts; two arms and two seeds say the same


def test_grades_are_shared_between_experiments(small, actor):
    go(small)
    before = actor.calls("judge")
    write(small, EXPERIMENT.replace("experiment: try", "experiment: other"))
    go(small, "other-logs")

    assert actor.calls("old") == 12  # each experiment asks its own arms
    assert actor.calls("judge") == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("kind.yaml", "Is the reply kind?", "Is the reply warm?"),
        ("kind.yaml", "Gladly!", "With pleasure!"),
        ("try.yaml", "acted/judge", "acted/other"),
        ("try.yaml", "acted/judge", "acted/judge, config: {temperature: 0}"),
    ],
)
def test_a_changed_rubric_or_grader_is_never_served_from_the_store(small, actor, file, old, new):
    actor.says("other", kind)
    go(small)
    before = actor.calls("judge") + actor.calls("other")
    (small / file).write_text((small / file).read_text().replace(old, new))
    go(small)

    assert actor.calls("judge") + actor.calls("other") == before + 12
    assert actor.calls("old") == 6


def test_a_changed_check_asks_no_judge_again(small, actor):
    go(small)
    before = len(actor.asked)
    (small / "kind.yaml").write_text(RUBRIC.replace("max: 5", "max: 50"))
    go(small)

    assert len(actor.asked) == before


def test_what_the_judges_took_stands_in_the_table(small):
    go(small)

    row = scores(small, arm="new", scenario="one", seed=1, criterion="kind")[0]
    assert (row["grader"], row["value"]) == ("acted/judge", 1.0)
    assert (row["grader_calls"], row["grader_input_tokens"], row["grader_output_tokens"]) == (
        1,
        10,
        5,
    )


def test_a_panel_is_the_mean_and_keeps_its_votes(small, actor):
    actor.says("strict", lambda m, c: kind(m, c).replace('"MET"', '"UNMET"'))
    text = EXPERIMENT.replace(
        "{model: acted/judge}", "[{model: acted/judge}, {model: acted/strict}]"
    )
    write(small, text)
    go(small)

    assert {row["value"] for row in scores(small, arm="new", criterion="kind")} == {0.5}
    replies = read_table(small / "logs" / REPLIES).to_pylist()
    findings = json.loads(next(row for row in replies if row["arm"] == "new")["findings"])
    assert findings["warmth.kind"]["votes"] == [["acted/judge", 1.0], ["acted/strict", 0.0]]


def test_the_votes_of_a_panel_stand_in_the_table_with_each_graders_own_score(small, actor):
    """Kind counts by one of two graders, not rude by both: 1 by the mild one, 0.5 by the other."""
    actor.says("strict", lambda m, c: kind(m, c).replace('"MET"', '"UNMET"'))
    panel = "[{model: acted/judge}, {model: acted/strict}]"
    write(small, EXPERIMENT.replace("{model: acted/judge}", panel))
    go(small)

    (asked,) = scores(small, arm="new", scenario="one", seed=1, criterion="kind")
    assert json.loads(asked["votes"]) == [["acted/judge", 1.0], ["acted/strict", 0.0]]
    (whole,) = scores(small, arm="new", scenario="one", seed=1, principle="warmth", criterion=None)
    assert whole["value"] == 0.75
    assert json.loads(whole["votes"]) == [["acted/judge", 1.0], ["acted/strict", 0.5]]
    assert {row["votes"] for row in scores(small, principle="brevity")} == {None}


def test_a_model_that_stands_twice_in_a_panel_is_told_apart(small):
    panel = "[{model: acted/judge}, {model: acted/judge, config: {temperature: 0}}]"
    write(small, EXPERIMENT.replace("{model: acted/judge}", panel))
    go(small)

    (asked,) = scores(small, arm="new", scenario="one", seed=1, criterion="kind")
    assert [name for name, _ in json.loads(asked["votes"])] == [
        "acted/judge (1)",
        "acted/judge (2)",
    ]


def test_what_was_answered_before_is_told_apart_in_the_table(small, actor):
    actor.says("old", "Gladly.")
    actor.says("new", "Gladly.")
    go(small)

    rows = scores(small, criterion="kind")
    assert sum(row["grader_calls"] for row in rows) == 12
    assert sum(row["grader_replayed"] for row in rows) == 9  # three prompts were asked about


def test_a_rule_for_an_eval_that_is_not_there_is_refused_before_anything_is_called(small, actor):
    write(small, EXPERIMENT + "rules: {warmth@smal: {margin: 0.1}}\n")
    with pytest.raises(UserError, match=r"try\.yaml:8:9: no eval 'smal': did you mean 'small'"):
        go(small)

    write(small, EXPERIMENT + "rules: {calm@small: {margin: 0.1}}\n")
    with pytest.raises(UserError, match="calm"):
        go(small)
    assert actor.asked == []


def test_a_panel_has_one_reducer(small):
    panel = "[{model: acted/judge}, {model: acted/strict, reducer: majority}]"
    write(small, EXPERIMENT.replace("{model: acted/judge}", panel))

    with pytest.raises(UserError, match="differ in `reducer`"):
        load_experiment(small / "try.yaml")


def test_a_criterion_may_name_its_own_grader(small, actor):
    actor.says("own", lambda m, c: kind(m, c).replace('"UNMET"', '"MET"'))
    own = "ask: Is the reply rude?, grader: acted/own"
    (small / "kind.yaml").write_text(RUBRIC.replace("ask: Is the reply rude?", own))
    plan = go(small)

    assert plan.grades == 24
    assert (actor.calls("judge"), actor.calls("own")) == (12, 12)
    rude = scores(small, arm="new", criterion="rude")
    assert {(row["grader"], row["value"]) for row in rude} == {("acted/own", 1.0)}


def test_samples_order_and_one_call_a_criterion_are_options(small, actor):
    options = "{model: acted/judge, samples: 2, per_criterion: true, order: shuffled}"
    write(small, EXPERIMENT.replace("{model: acted/judge}", options))
    plan = go(small)

    assert plan.grades == actor.calls("judge") == 12 * 2 * 2
    assert scores(small, arm="new", scenario="one", seed=1)[0]["grader_calls"] == 4


def test_batch_is_handed_to_inspect(small, actor):
    write(small, EXPERIMENT.replace("acted/judge", "acted/judge, batch: true"))
    go(small)

    assert {config.batch for model, _, config in actor.asked if model == "judge"} == {True}
    assert {config.batch for model, _, config in actor.asked if model != "judge"} == {None}


def test_a_reply_whose_grader_failed_is_incomplete_and_the_next_run_grades_it(small, actor):
    def fails_on_second(messages, config):
        return ValueError("down") if "Second." in messages[0].text else kind(messages, config)

    actor.says("judge", fails_on_second)
    go(small)
    experiment = load_experiment(small / "try.yaml")
    failed = scores(small, scenario="two", principle="warmth", criterion=None)
    assert {row["reason"] for row in failed} == {"grader_failed"}
    assert {row["value"] for row in scores(small, scenario="two", criterion="short")} == {1.0}
    assert load_results(experiment, small / "logs").decision.outcome == "incomplete"

    actor.says("judge", kind)
    asked = (actor.calls("old"), actor.calls("new"), actor.calls("judge"))
    go(small)

    assert (actor.calls("old"), actor.calls("new")) == asked[:2]
    assert actor.calls("judge") == asked[2] + 4
    assert load_results(experiment, small / "logs").decision.outcome != "incomplete"


def test_an_unreadable_grade_is_unscored_for_its_principle_alone(small, actor):
    actor.says("judge", "I think it is rather kind.")
    go(small)

    warmth = scores(small, principle="warmth", criterion=None)
    assert {row["value"] for row in warmth} == {None}
    assert {row["value"] for row in scores(small, principle="brevity", criterion=None)} == {1.0}
    assert {row["reason"] for row in scores(small, criterion="kind")} == {"invalid_response_format"}


def test_a_grader_of_an_arms_family_is_named_in_the_record(small):
    go(small)

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert sum("possible self-preference" in warning for warning in results.warnings) == 2


def test_the_secret_of_the_fences_is_its_owners_alone(small):
    go(small)

    assert (small / "grades" / "fence.key").stat().st_mode & 0o077 == 0
