"""Any Inspect task as a principle, under the same arms, seeds and gate."""

import pytest

from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.results import load_results
from tastemaker.run import run
from tastemaker.tables import SCORES, read_table

TASKS = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, accuracy, includes, mean, scorer
from inspect_ai.solver import generate, system_message

@task
def capitals(hard: bool = False):
    pairs = [("France", "Paris"), ("Peru", "Lima"), ("Japan", "Tokyo")]
    return Task(
        dataset=[
            Sample(input=f"Capital of {land}?", target=city, metadata={"region": land[0]})
            for land, city in pairs
        ],
        solver=[system_message("Answer in one word."), generate()],
        scorer=includes(),
    )

@scorer(metrics=[mean()])
def length():
    async def score(state, target):
        return Score(value=len(state.output.completion))
    return score

@task
def lengths():
    return Task(dataset=[Sample(input="Say something.", target="")], scorer=length())

@scorer(metrics={"*": [mean()]})
def several():
    async def score(state, target):
        return Score(value={"kind": 1, "brief": 0.25})
    return score

@task
def many():
    return Task(dataset=[Sample(id="a", input="Say something.")], scorer=several())
"""
SELF_GRADED = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import Score, mean, model_graded_qa, scorer
from inspect_ai.solver import generate

@task
def known():
    return Task(dataset=[Sample(input="Say.", target="x")], solver=generate(),
                scorer=model_graded_qa())

@scorer(metrics=[mean()])
def asks():
    async def score(state, target):
        output = await get_model(role="grader").generate("Is it good?")
        return Score(value=1.0 if output.completion == "yes" else 0.0)
    return score

@task
def own():
    return Task(dataset=[Sample(input="Say.", target="x")], solver=generate(), scorer=asks())
"""
EXPERIMENT = """
experiment: try
evals: [{{task: ./tasks.py@{task}, principle: knowledge{more}}}]
seeds: 2
baseline: {{old: {{model: acted/old, system: "Be kind."}}}}
candidates: {{new: {{model: acted/new}}}}
"""


def go(folder, task, more=""):
    (folder / "try.yaml").write_text(EXPERIMENT.format(task=task, more=more))
    experiment = load_experiment(folder / "try.yaml")
    run(make_plan(experiment), folder / "logs")
    return load_results(experiment, folder / "logs")


@pytest.fixture
def folder(project, actor):
    actor.says("old", "Paris or Lima")
    actor.says("new", "Paris")
    return project({"tasks.py": TASKS})


def test_the_first_scorers_letters_become_scores_of_the_principle(folder, actor):
    results = go(folder, "capitals")

    verdict = results.decision.verdicts[0]
    assert verdict.principle == "knowledge"
    assert verdict.paired.baseline.mean == pytest.approx(2 / 3)
    assert verdict.paired.candidate.mean == pytest.approx(1 / 3)
    assert actor.calls("old") == actor.calls("new") == 6


def test_arm_and_seed_reach_a_task_that_knows_nothing_of_them(folder, actor):
    go(folder, "capitals")

    asked = [text for model, text, _ in actor.asked if model == "old"]
    assert all("[system] Be kind." in text and "Answer in one word." in text for text in asked)
    assert {config.seed for _, _, config in actor.asked} == {1, 2}


def test_a_metadata_field_gives_the_clusters(folder):
    go(folder, "capitals", ", cluster: region")

    rows = read_table(folder / "logs" / SCORES).to_pylist()
    assert {row["cluster"] for row in rows} == {"F", "P", "J"}


def test_a_missing_cluster_field_is_named(folder):
    with pytest.raises(UserError, match=r"no metadata field 'regoin'.*did you mean 'region'"):
        go(folder, "capitals", ", cluster: regoin")


def test_a_value_outside_0_to_1_is_refused_with_its_reason(folder):
    with pytest.raises(UserError, match="13 lies outside 0 to 1"):
        go(folder, "lengths")


def test_of_several_values_one_must_be_named(folder):
    with pytest.raises(UserError, match="name one with `key`: kind, brief"):
        go(folder, "many")
    results = go(folder, "many", ", key: brief")

    assert results.decision.verdicts[0].paired.baseline.mean == 0.25


def test_an_unknown_task_is_a_clear_mistake(folder):
    with pytest.raises(UserError, match="capitols"):
        go(folder, "capitols")


@pytest.mark.filterwarnings("default")  # of what inspect_evals imports
def test_a_benchmark_of_inspect_evals_enters_the_same_gate(project, actor):
    """One of the few that bring their data along; 10 samples, two values, tools and all."""
    actor.says("old", "Ten days a year.")
    actor.says("new", "I cannot say.")
    folder = project({})
    (folder / "try.yaml").write_text(
        """
experiment: try
evals:
  - task: inspect_evals/agent_threat_bench_memory_poison
    principle: steadfastness
    key: security
seeds: 1
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
"""
    )
    experiment = load_experiment(folder / "try.yaml")
    run(make_plan(experiment, limit=3), folder / "logs")

    verdict = load_results(experiment, folder / "logs").decision.verdicts[0]
    assert verdict.principle == "steadfastness"
    assert verdict.paired.scenarios == 3
    assert 0 <= verdict.paired.baseline.mean <= 1


def test_a_task_that_a_model_grades_is_refused_without_a_grader(project, actor):
    folder = project({"tasks.py": SELF_GRADED})

    with pytest.raises(UserError, match="each arm would judge itself; add `grader"):
        go(folder, "known")
    assert actor.asked == []


def test_an_arm_is_never_its_own_judge(project, actor, capsys):
    """What a scorer of the task's own asks shows only when it asks."""
    actor.says("old", "yes")
    actor.says("new", "yes")
    found = go(project({"tasks.py": SELF_GRADED}), "own")

    assert actor.calls("old") == actor.calls("new") == 2  # the replies, and no judgement
    assert found.decision.outcome == "incomplete"
    assert "the arm would judge itself" in capsys.readouterr().err


def test_a_named_grader_judges_a_task_of_somebody_elses(project, actor):
    actor.says("old", "no")
    actor.says("new", "no")
    actor.says("judge", "yes")
    folder = project({"tasks.py": SELF_GRADED})
    text = EXPERIMENT.format(task="own", more="") + "grader: {model: acted/judge}\n"
    (folder / "try.yaml").write_text(text)
    run(make_plan(load_experiment(folder / "try.yaml")), folder / "logs")

    assert {row["value"] for row in read_table(folder / "logs" / SCORES).to_pylist()} == {1.0}
