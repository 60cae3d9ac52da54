"""From files to verdict with a model that only pretends, and where Inspect bites."""

import json
from collections import Counter
from math import isnan
from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log

from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.results import load_results
from tastemaker.run import run
from tastemaker.tables import REPLIES, SCORES, read_table

RUBRIC = """
rubric: kind
principles:
  brevity:
    criteria:
      short: {check: words, with: {max: 5}}
  thanks:
    criteria:
      thanked: {check: contains, with: {text: thank}, when: {kind: request}}
"""
DATASET = """
dataset: small
strata:
  asked:
    weight: 3
    scenarios:
      - {id: one, prompt: "First, please.", labels: {kind: request}}
      - {id: two, prompt: "Second, please.", labels: {kind: request}}
      - {id: three, prompt: "Second, please.", labels: {kind: chat}}
  told:
    weight: 1
    scenarios:
      - {id: four, prompt: "It rains."}
      - {id: five, prompt: "It snows."}
      - {id: six, prompt: "It hails."}
"""
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
seeds: 2
baseline: {old: {model: acted/old, system: "Be brief."}}
candidates: {new: {model: acted/new}}
"""


@pytest.fixture
def small(project, actor):
    """A small project with two arms that answer."""
    actor.says("old", "Sure, thank you.")
    actor.says("new", "I shall gladly do that for you, and more besides.")
    return project({"kind.yaml": RUBRIC, "small.yaml": DATASET, "try.yaml": EXPERIMENT})


def go(folder: Path, **options):
    plan = make_plan(load_experiment(folder / "try.yaml"), **options.pop("plan", {}))
    run(plan, folder / "logs", **options)
    return plan


def test_from_files_to_verdict(small, actor):
    go(small)

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    brevity = next(v for v in results.decision.verdicts if v.principle == "brevity")
    assert actor.calls("old") == actor.calls("new") == 12
    assert brevity.paired.baseline.mean == 1.0
    assert brevity.paired.candidate.mean == 0.0
    assert brevity.paired.difference == -1.0


def test_the_turns_of_an_arm_are_counted_by_reply_and_a_recorded_arm_has_none(small):
    """Two turns of the user that nobody answered yet: the model is asked twice."""
    twice = """
      - id: one
        messages: [{role: user, content: First.}, {role: user, content: Then?}]
        labels: {kind: request}"""
    dataset = DATASET.replace(DATASET.split("\n")[6], twice.strip("\n"))
    (small / "small.yaml").write_text(dataset)
    said = {"scenario": "one", "seed": 1, "reply": "Thank you kindly."}
    (small / "said.jsonl").write_text(json.dumps(said))
    (small / "try.yaml").write_text(
        EXPERIMENT.replace("acted/new}}", "acted/new}, past: {replies: ./said.jsonl}}")
    )
    go(small)

    table = read_table(small / "logs" / SCORES).to_pylist()
    calls = {(one["arm"], one["scenario"]): one["calls"] for one in table}
    spent = load_results(load_experiment(small / "try.yaml"), small / "logs").spent
    assert (calls["new", "one"], calls["new", "two"], calls["past", "one"]) == (2, 1, None)
    assert (spent["new"].replies, spent["new"].calls) == (12, 14)
    assert spent["past"].calls is None


def test_each_epoch_asks_for_a_seed_of_its_own(small, actor):
    go(small)

    seeds = Counter(config.seed for _, _, config in actor.asked)
    assert seeds == {1: 12, 2: 12}
    assert set(read_table(small / "logs" / SCORES)["provider_seed"].to_pylist()) == {1, 2}


def test_arms_with_equal_settings_get_seeds_of_their_own_and_share_no_reply(small, actor):
    text = EXPERIMENT.replace('model: acted/old, system: "Be brief."', "model: acted/new")
    (small / "try.yaml").write_text(text)
    go(small)

    assert actor.calls("new") == 24
    assert {config.seed for _, _, config in actor.asked} == {1, 2, 1001, 1002}


def test_the_system_prompt_of_an_arm_reaches_its_model_and_no_other(small, actor):
    go(small)

    assert all("[system] Be brief." in text for model, text, _ in actor.asked if model == "old")
    assert not any("[system]" in text for model, text, _ in actor.asked if model == "new")


def test_scenarios_with_the_same_words_do_not_share_a_reply(small, actor):
    go(small)

    asked = Counter(text for model, text, _ in actor.asked if model == "new")
    assert asked["[user] Second, please."] == 4  # two scenarios, two seeds


def test_a_second_run_calls_nothing(small, actor):
    go(small)
    before = len(actor.asked)
    go(small)

    assert len(actor.asked) == before


def test_more_seeds_ask_only_for_the_seeds_that_are_missing(small, actor):
    go(small)
    go(small, plan={"seeds": 3})

    assert actor.calls("old") == 18
    assert set(read_table(small / "logs" / SCORES)["seed"].to_pylist()) == {1, 2, 3}


def test_a_changed_prompt_is_not_served_by_an_old_log(small, actor):
    go(small)
    (small / "small.yaml").write_text(DATASET.replace("It rains.", "It pours."))
    go(small)

    assert actor.calls("old") == 12 + 2  # the one new prompt, two seeds
    assert sum("It pours." in text for _, text, _ in actor.asked) == 4
    assert "It pours." in read_table(small / "logs" / REPLIES)["prompt"].to_pylist()


def test_a_changed_rubric_grades_again_without_asking_again(small, actor):
    go(small)
    before = len(actor.asked)
    (small / "kind.yaml").write_text(RUBRIC.replace("max: 5", "max: 50"))
    go(small)

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    brevity = next(v for v in results.decision.verdicts if v.principle == "brevity")
    assert len(actor.asked) == before
    assert brevity.paired.candidate.mean == 1.0


def test_a_criterion_that_does_not_apply_is_absent_and_not_zero(small):
    go(small)

    scores = read_table(small / "logs" / SCORES).to_pylist()
    thanked = {row["scenario"] for row in scores if row["principle"] == "thanks"}
    assert thanked == {"one", "two"}


def test_a_reply_that_failed_is_missing_and_the_run_incomplete(small, actor):
    def fails_on_rain(messages, config):
        return ValueError("no") if "rains" in messages[-1].text else "Thank you."

    actor.says("new", fails_on_rain)
    go(small)

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    rows = [
        row for row in read_table(small / "logs" / SCORES).to_pylist() if row["scenario"] == "four"
    ]
    assert results.decision.outcome == "incomplete"
    assert {(row["arm"], row["value"]) for row in rows if row["criterion"] is None} == {
        ("old", 1.0),
        ("new", None),
    }


def test_what_failed_is_asked_again_and_nothing_else(small, actor):
    actor.says("new", lambda messages, config: ValueError("down"))
    go(small)
    actor.says("new", "Thank you.")
    old, new = actor.calls("old"), actor.calls("new")
    go(small)

    assert actor.calls("old") == old
    assert actor.calls("new") == new + 12
    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert results.decision.outcome != "incomplete"


def test_a_limited_run_never_passes(small, actor):
    actor.says("new", "Sure, thank you.")
    go(small, plan={"limit": 2})

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert actor.calls("new") == 4
    assert results.record["limit"] == 2
    assert results.decision.outcome == "inconclusive"


def test_only_one_arm_is_called_when_only_one_is_named(small, actor):
    go(small, only=["old"])

    assert actor.calls("old") == 12
    assert actor.calls("new") == 0
    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert results.decision.outcome == "incomplete"


def test_a_changed_rule_after_the_run_is_refused(small):
    go(small)
    (small / "try.yaml").write_text(EXPERIMENT + "rules: {default: {margin: 0.5}}\n")

    with pytest.raises(UserError, match="changed after its run, in rules"):
        load_results(load_experiment(small / "try.yaml"), small / "logs")


def test_a_budget_of_calls_is_not_passed(small, actor):
    (small / "try.yaml").write_text(EXPERIMENT + "budget: {calls: 5}\n")
    go(small)

    assert len(actor.asked) == 5
    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert results.decision.outcome == "incomplete"


def test_what_is_not_built_yet_is_refused_and_not_ignored(small):
    (small / "try.yaml").write_text(EXPERIMENT + "formats: [xml]\n")

    with pytest.raises(UserError, match="not supported yet: formats"):
        make_plan(load_experiment(small / "try.yaml"))


def test_the_record_stands_before_the_first_call(small, actor):
    seen = []

    def looks(messages, config):
        seen.append(json.loads((small / "logs" / "record.json").read_text())["record"])
        return "Thank you."

    actor.says("old", looks)
    go(small)

    assert seen[0].startswith("sha256:")


TASK = """
from inspect_ai import Task, task
from tastemaker.task import rubric_task

@task
def talk_small(split: str = "dev") -> Task:
    return rubric_task(rubric="talk/small", dataset="talk/small", split=split)
"""


def test_an_eval_is_found_by_its_name_in_the_projects_own_folders(small, actor):
    for folder, name, text in (
        ("rubrics/talk", "small.yaml", RUBRIC.replace("rubric: kind", "rubric: talk/small")),
        ("datasets/talk", "small.yaml", DATASET.replace("dataset: small", "dataset: talk/small")),
        ("evals", "talk.py", TASK),
    ):
        (small / folder).mkdir(parents=True, exist_ok=True)
        (small / folder / name).write_text(text)
    named = EXPERIMENT.replace("{rubric: ./kind.yaml, dataset: ./small.yaml}", "talk/small")
    (small / "try.yaml").write_text(named)
    plan = go(small)

    assert [one.name for one in plan.evals] == ["talk/small"]
    assert actor.calls("old") == 12


def test_a_criterion_that_only_later_scenarios_have_is_not_dropped_from_the_log(small):
    """Inspect takes the keys of a dict score from the first sample; a later key would vanish."""
    turned = DATASET.replace("- {id: one", "- {id: zero, prompt: Rain?}\n      - {id: one")
    (small / "small.yaml").write_text(turned)
    go(small)

    info = next(iter(list_eval_logs(str(small / "logs"))))
    log = read_eval_log(info)
    names = {score.name for score in log.results.scores}
    assert names == {"brevity.short", "thanks.thanked"}
    first = next(sample for sample in log.samples if sample.id == "zero")
    assert isnan(first.scores["rubric"].value["thanks.thanked"])


def test_a_scorer_that_fails_does_not_make_the_candidate_reply_again(small, actor):
    judged = RUBRIC + "  warmth: {criteria: {warm: {ask: Is it warm?}}}\n"
    (small / "kind.yaml").write_text(judged)
    (small / "try.yaml").write_text(EXPERIMENT + "grader: {model: acted/judge}\n")
    actor.says("judge", lambda messages, config: ValueError("down"))
    go(small)

    rows = read_table(small / "logs" / SCORES).to_pylist()
    warm = [row for row in rows if row["criterion"] == "warm"]
    assert actor.calls("old") == actor.calls("new") == 12
    assert {row["value"] for row in warm} == {None}
    assert {row["reason"].split(":")[0] for row in warm} == {"grader_failed"}
    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert results.decision.outcome == "incomplete"


def test_recorded_replies_are_graded_like_any_arm_and_what_is_missing_is_counted(small, actor):
    lines = [
        {"scenario": name, "seed": seed, "reply": "Thank you kindly.", "model": "older"}
        for name in ("one", "two", "three", "four", "five")
        for seed in (1, 2)
    ]
    (small / "said.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    (small / "try.yaml").write_text(
        EXPERIMENT.replace("{new: {model: acted/new}}", "{past: {replies: ./said.jsonl}}")
    )
    go(small)

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    brevity = next(v for v in results.decision.verdicts if v.principle == "brevity")
    assert actor.calls("new") == 0
    assert brevity.paired.candidate.mean == 1.0
    assert brevity.paired.candidate_missing == pytest.approx(2 / 12)
    assert results.unscored["past"] == {"missing": 2}


def test_scores_of_criteria_make_what_the_evals_rubric_makes_of_them(small, actor):
    """A file of scores can neither leave out a criterion that fails, nor weigh away a `must`."""
    must = "short: {check: words, with: {max: 5}}\n      sure: {check: contains, with: {text: sure}"
    rubric = RUBRIC.replace("short: {check: words, with: {max: 5}}", f"{must}, must: true}}", 1)
    (small / "kind.yaml").write_text(rubric)
    lines = [
        "one,1,brevity,short,1,1",
        "one,1,brevity,sure,1,1",
        "two,1,brevity,short,1,9",
        "two,1,brevity,sure,0,1",
        "three,1,brevity,short,1,1",
    ]
    (small / "told.csv").write_text(
        "\n".join(["scenario,seed,principle,criterion,value,weight", *lines])
    )
    (small / "try.yaml").write_text(
        EXPERIMENT.replace("{new: {model: acted/new}}", "{told: {scores: ./told.csv}}")
    )
    go(small)

    found = {
        row["scenario"]: row["value"]
        for row in read_table(small / "logs" / SCORES).to_pylist()
        if row["arm"] == "told" and row["criterion"] is None
    }
    assert found == {"one": 1.0, "two": 0.0, "three": None}


def test_a_run_that_is_stopped_leaves_no_scores_of_another_under_its_record(small, actor):
    go(small)

    def stops(messages, config):
        raise KeyboardInterrupt

    (small / "try.yaml").write_text(EXPERIMENT.replace("acted/new", "acted/worse"))
    actor.says("worse", stops)
    with pytest.raises(KeyboardInterrupt):
        go(small)

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert results.decision.outcome == "incomplete"


@pytest.mark.parametrize(
    "file, change", [("kind.yaml", ("max: 5", "max: 4")), ("small.yaml", ("It rains", "It pours"))]
)
def test_the_gate_notices_a_rubric_or_dataset_that_changed_after_the_run(small, file, change):
    go(small)
    (small / file).write_text((small / file).read_text().replace(*change))

    with pytest.raises(UserError, match=r"changed after its run, in the (rubric|dataset) of small"):
        load_results(load_experiment(small / "try.yaml"), small / "logs")


@pytest.mark.parametrize(
    "settings",
    [
        "config: {temperature: 1.0, max_connections: 9}",
        "config: {temperature: 1}, elicitation: x",
        'config: {temperature: 1}, template: "{prompt}"',
    ],
)
def test_arms_that_only_look_different_share_no_reply(small, actor, settings):
    text = EXPERIMENT.replace(
        'model: acted/old, system: "Be brief."', "model: acted/new, config: {temperature: 1}"
    )
    (small / "try.yaml").write_text(
        text.replace("new: {model: acted/new}", "new: {model: acted/new, " + settings + "}")
    )
    go(small)

    assert actor.calls("new") == 24


def test_an_output_that_the_provider_could_not_finish_is_an_error_and_not_kept(small, actor):
    actor.says("new", lambda messages, config: {"content": "", "error": "exploded"})
    go(small)
    before = actor.calls("new")

    results = load_results(load_experiment(small / "try.yaml"), small / "logs")
    assert results.decision.outcome == "incomplete"
    assert results.unscored["new"]["error"] > 0
    actor.says("new", "Thank you.")
    (small / "kind.yaml").write_text(RUBRIC.replace("max: 5", "max: 6"))
    go(small)
    assert actor.calls("new") == before + 12


def test_a_key_in_the_settings_of_an_arm_is_refused(small):
    secret = "model: acted/new, config: {extra_headers: {Authorization: Bearer abc}}"
    (small / "try.yaml").write_text(EXPERIMENT.replace("model: acted/new", secret))

    with pytest.raises(UserError, match="looks like a key"):
        go(small)
