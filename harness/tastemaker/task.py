"""Scenarios, solver, checks and judge as an Inspect task."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from inspect_ai import Task, task_with
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage, Model, get_model, model_roles
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Solver, TaskState

from tastemaker.content import Place
from tastemaker.conversation import GIVEN, MISSING, chat_message, converse, seen, setting_in
from tastemaker.environments.kinds import open_world
from tastemaker.grade import Grading, Key, Panel, RubricGrader
from tastemaker.judge.grader import Grader, Usage
from tastemaker.records import NOTHING_DONE, Finding, Reply, Work
from tastemaker.rubric import Condition, Criterion, Rubric, load_rubric, score_reply
from tastemaker.rubric import Score as PrincipleScore
from tastemaker.scenario import Dataset, Scenario, load_dataset, select, setting_of


class RubricTask(Task):
    """An Inspect task that knows the rubric and the scenarios it was made of."""

    def __init__(self, rubric: Rubric, data: Dataset, **options: Any) -> None:
        self.rubric = rubric
        self.data = data
        self.panel: Panel | None = None
        """Who judges; a run brings its own. None: the models of Inspect's role "grader"."""
        options.setdefault("solver", converse())
        options.setdefault("name", task_name(data.name))
        super().__init__(
            dataset=MemoryDataset(samples(data), name=data.name),
            scorer=rubric_scorer(rubric, data, lambda: self.panel),
            **options,
        )

    def narrowed(self, rubric: Rubric, data: Dataset) -> "RubricTask":
        """This task with some of its scenarios, or some of its principles, alone."""
        self.rubric, self.data = rubric, data
        task_with(
            self,
            dataset=MemoryDataset(samples(data), name=data.name),
            scorer=rubric_scorer(rubric, data, lambda: self.panel),
        )
        return self


def task_name(eval: str) -> str:
    """What Inspect calls the task of an eval: writing/thread-summary, writing_thread_summary."""
    return eval.replace("/", "_").replace("-", "_")


def rubric_task(
    rubric: str,
    dataset: str,
    *,
    split: str | None = "dev",
    where: Mapping[str, Condition] | None = None,
    solver: Solver | Sequence[Solver] | None = None,
    place: Place | None = None,
    **options: Any,
) -> RubricTask:
    """A rubric measured on a dataset.

    Args:
        rubric: Name or path of the rubric.
        dataset: Name or path of the dataset.
        split: The part of the dataset to ask; None asks all of it.
        where: Labels that a scenario must have to be asked.
        solver: How the model is led through a scenario; default: it answers what the user says.
        place: Where paths and names start; default: the current folder.
        options: Further arguments of Inspect's `Task`.

    Raises:
        UserError: With every problem of the files.
    """
    data = select(load_dataset(dataset, place), split=split, where=where)
    extra = {"solver": solver} if solver else {}
    return RubricTask(load_rubric(rubric, place), data, **extra, **options)


def samples(data: Dataset) -> list[Sample]:
    """Each scenario as a sample: its conversation as input, what reports need as metadata."""
    return [
        Sample(
            id=scenario.id,
            input=[chat_message(message) for message in scenario.messages],
            target=scenario.reference or "",
            metadata={
                "stratum": scenario.stratum,
                "cluster": scenario.cluster,
                "split": scenario.split,
                "labels": dict(scenario.labels),
                GIVEN: _given(scenario),
            },
        )
        for scenario in data.scenarios
    ]


def _given(scenario: Scenario) -> dict[str, Any]:
    """What a grade rests on beside the conversation: with it, a log can be graded by itself."""
    criteria = {
        principle: {
            name: criterion.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for name, criterion in own.items()
        }
        for principle, own in scenario.criteria.items()
    }
    given: dict[str, Any] = {
        "prompt": scenario.prompt,
        "document": scenario.document,
        "expect": dict(scenario.expect),
        "criteria": criteria,
        "now": scenario.now,
        "timezone": scenario.timezone,
        "history": [one.model_dump(mode="json") for one in scenario.history],
        "user": scenario.user and scenario.user.model_dump(mode="json"),
    }
    if scenario.environment is not None:
        setting = setting_of(scenario)
        given["environment"] = {"kind": setting.kind, "state": dict(setting.state)}
        given["selection"] = setting.selection
        given["tools"] = None if setting.tools is None else list(setting.tools)
    return {key: value for key, value in given.items() if value not in (None, "", [], {})}


def rubric_scorer(rubric: Rubric, data: Dataset, panel: Callable[[], Panel | None]) -> Scorer:
    """A scorer of one value for every criterion of the rubric, under "principle.criterion".

    Every sample has every key, because Inspect takes the keys of the first sample for all: NaN
    where a criterion does not apply or is unscored. Why stands in the metadata.
    """
    scenarios = {scenario.id: scenario for scenario in data.scenarios}
    graders = _rubric_graders(rubric, data.scenarios)
    keys = list(dict.fromkeys(key for grader in graders.values() for key in _keys(grader.rubric)))
    own = set().union(*(grader.own_graders() for grader in graders.values()))
    secret = os.urandom(32)

    @scorer(name="rubric", metrics={"*": [mean(), stderr()]})
    def rubric_scorer() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            scenario = scenarios[str(state.sample_id)]
            if state.metadata.get(MISSING):
                return _score(keys, Grading({}, Usage()), {})
            grader = graders.get(scenario.id, graders[""])
            reply = reply_of(state, scenario)
            graded = await grader.grade(reply, panel() or _bound(own, secret))
            principles = score_reply(grader.rubric, graded.findings, scenario.labels)
            return _score(keys, graded, principles)

        return score

    return rubric_scorer()


def _rubric_graders(rubric: Rubric, scenarios: Iterable[Scenario]) -> dict[str, RubricGrader]:
    """The grader of the rubric under "", and one for each scenario that brings criteria."""
    own = {s.id: RubricGrader(rubric.extended(s.criteria)) for s in scenarios if s.criteria}
    return {"": RubricGrader(rubric), **own}


def _keys(rubric: Rubric) -> list[Key]:
    return [
        (name, criterion)
        for name, principle in rubric.principles.items()
        for criterion in principle.criteria
    ]


def _bound(own: Iterable[str], secret: bytes) -> Panel:
    """The models bound to Inspect's role "grader"; never the arm by default."""
    bound = model_roles().get("grader", [])
    models = bound if isinstance(bound, list) else [bound]
    return Panel(
        graders=tuple(_plain_grader(model, secret) for model in models),
        own={name: _plain_grader(get_model(name), secret) for name in own},
    )


def _plain_grader(model: Model, secret: bytes) -> Grader:
    return Grader(model=model, secret=secret, name=str(model))


def _score(keys: Sequence[Key], graded: Grading, principles: Mapping[str, PrincipleScore]) -> Score:
    findings = graded.findings
    values: dict[str, Any] = {}
    for principle, criterion in keys:
        finding = findings.get((principle, criterion))
        value = finding.value if finding else None
        values[f"{principle}.{criterion}"] = float("nan") if value is None else value
    told = [
        f"{'.'.join(key)}: {_told(finding)}" for key, finding in findings.items() if finding.reason
    ]
    # A summary of a log keeps the beginning alone: there stands what the next run must know.
    told.sort(key=lambda line: "grader_failed" not in line)
    return Score(
        value=values,
        explanation="\n".join(told),
        metadata={
            "findings": {".".join(key): vars(finding) for key, finding in findings.items()},
            "principles": {name: score._asdict() for name, score in principles.items()},
            "grading": graded.usage._asdict(),
        },
    )


def _told(finding: Finding) -> str:
    answer = "unscored" if finding.value is None else f"{finding.value:g}"
    return f"{answer}, {finding.reason}"


def reply_of(state: TaskState, scenario: Scenario) -> Reply:
    """What checks and judges look at, without what the arm added to the conversation."""
    (messages, own), work = seen(state.messages), work_in(state.metadata, state.messages)
    return Reply(
        text=state.output.completion,
        prompt=scenario.prompt,
        messages=messages,
        own=own,
        document=document_after(work, scenario.document),
        reference=scenario.reference,
        expect=scenario.expect,
        labels=scenario.labels,
        work=work,
    )


def work_in(metadata: Mapping[str, Any], messages: Iterable[ChatMessage]) -> Work:
    """What was done in a sample's environment, played again from its messages."""
    setting = setting_in(metadata)
    return open_world(setting).replay(*seen(messages)) if setting else NOTHING_DONE


def document_after(work: Work, given: str | None) -> str | None:
    """The document that was last worked on, as it stands; without any, what the scenario gave."""
    return work.versions[-1].text if work.versions else given


def reply_of_sample(sample: EvalSample) -> Reply:
    """The same from a finished log, as far as the log says it."""
    given = sample.metadata.get(GIVEN, {})
    said = (
        [] if isinstance(sample.input, str) else [m.text for m in sample.input if m.role == "user"]
    )
    prompt = sample.input if isinstance(sample.input, str) else (said or [""])[-1]
    target = sample.target if isinstance(sample.target, str) else "\n".join(sample.target)
    (messages, own), work = seen(sample.messages), work_in(sample.metadata, sample.messages)
    return Reply(
        text=sample.output.completion,
        prompt=given.get("prompt", prompt),
        messages=messages,
        own=own,
        document=document_after(work, given.get("document")),
        reference=target or None,
        expect=given.get("expect", {}),
        labels=sample.metadata.get("labels", {}),
        work=work,
    )


def own_criteria(sample: EvalSample) -> dict[str, dict[str, Criterion]]:
    """The criteria that the sample's scenario brings itself, by principle and id."""
    given = sample.metadata.get(GIVEN, {}).get("criteria", {})
    return {
        principle: {name: Criterion.model_validate(one) for name, one in own.items()}
        for principle, own in given.items()
    }
