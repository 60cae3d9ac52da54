"""The evals of an experiment, found and loaded: our own, plain ones, and any Inspect task."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from inspect_ai import Task, list_tasks, task_with
from inspect_ai._util.error import PrerequisiteError
from inspect_ai._util.registry import registry_info, registry_params
from inspect_ai.dataset import MemoryDataset, Sample
from tenacity import RetryError

from tastemaker.content import Place, file_fingerprint, inside
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment, PlainEval, TaskEval
from tastemaker.foreign import lacks, why_not
from tastemaker.naming import Measured, measured
from tastemaker.reading import did_you_mean
from tastemaker.records import Message
from tastemaker.rubric import Rubric
from tastemaker.scenario import Dataset, Scenario, select
from tastemaker.schedule import Schedule
from tastemaker.task import RubricTask, rubric_task, task_name


@dataclass(frozen=True, kw_only=True)
class LoadedEval:
    """One eval of an experiment, ready to be bound to arms."""

    name: str
    make: Callable[[], Task]
    """A fresh task: binding one to an arm changes it."""
    whole: Dataset
    """All its scenarios, of the split that is asked."""
    data: Dataset
    """Those that are asked: fewer in a limited run."""
    rubric: Rubric | None = None
    foreign: TaskEval | None = None
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def principles(self) -> list[str]:
        """What it measures."""
        if self.foreign:
            return [self.foreign.principle]
        return list(self.rubric.principles) if self.rubric else []

    def task(self) -> Task:
        """A fresh task over the scenarios that are asked."""
        task = self.make()
        if len(self.data.scenarios) == len(self.whole.scenarios):
            return task
        if isinstance(task, RubricTask) and self.rubric is not None:
            return task.narrowed(self.rubric, self.data)
        asked = {scenario.id for scenario in self.data.scenarios}
        numbered = [
            sample if sample.id is not None else sample.model_copy(update={"id": number})
            for number, sample in enumerate(task.dataset, 1)
        ]
        kept = [sample for sample in numbered if str(sample.id) in asked]
        return task_with(task, dataset=MemoryDataset(kept, name=task.dataset.name))

    def at_look(self, schedule: Schedule, look: int, principles: Collection[str]) -> "LoadedEval":
        """What of it one look brings in: the principles still asked, and where they apply."""
        wanted = set().union(*(ids for name, ids in self.measured.items() if name in principles))
        chosen = [
            replace(one, criteria={key: c for key, c in one.criteria.items() if key in principles})
            for one in self.whole.scenarios
            if schedule.look_of(self.whole.name, one.cluster) == look and one.id in wanted
        ]
        return replace(
            self,
            data=replace(self.whole, scenarios=tuple(chosen)),
            rubric=self.rubric.only(principles) if self.rubric else None,
        )

    @cached_property
    def names(self) -> Measured:
        """What rules and choices may name of it."""
        if self.rubric is not None:
            return measured(self.name, self.rubric, self.whole.scenarios)
        ids = [one.id for one in self.whole.scenarios]
        return Measured(eval=self.name, principles=dict.fromkeys(self.principles, ids))

    @property
    def measured(self) -> Mapping[str, Collection[str]]:
        """The ids of the scenarios that each principle applies to; none that applies to none."""
        return self.names.principles


def load_evals(experiment: Experiment, *, limit: int | None = None) -> list[LoadedEval]:
    """The evals an experiment names, in its order; UserError for what cannot be found or read."""
    tasks_of_others = [one.task for one in experiment.evals if isinstance(one, TaskEval)]
    if missing := [f"task {name}: {why}" for name in tasks_of_others if (why := lacks(name))]:
        raise UserError("\n".join(missing))  # before others are loaded, over a network perhaps
    loaded = [_load(reference, experiment) for reference in experiment.evals]
    names = [one.name for one in loaded]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{experiment.name}: stands twice among the evals: {', '.join(twice)}")
    tasks = [task_name(name) for name in names]
    if twice := sorted({name for name in names if tasks.count(task_name(name)) > 1}):
        raise UserError(f"{experiment.name}: Inspect would call these alike: {', '.join(twice)}")
    return [replace(one, data=_limited(one, limit)) for one in loaded] if limit else loaded


def _limited(loaded: LoadedEval, limit: int) -> Dataset:
    if loaded.rubric is not None:
        return select(loaded.whole, limit=limit)
    return replace(loaded.whole, scenarios=loaded.whole.scenarios[:limit])


def _load(reference: Any, experiment: Experiment) -> LoadedEval:
    if isinstance(reference, TaskEval):
        return _foreign(reference, experiment.place)
    split, code = experiment.split or "dev", ""
    if isinstance(reference, PlainEval):

        def make() -> Task:
            return rubric_task(
                reference.rubric,
                reference.dataset,
                split=split,
                where=reference.where,
                place=experiment.place,
            )

    else:
        make, code = _named(reference, split, experiment.place)
    task = make()
    if not isinstance(task, RubricTask):
        raise UserError(
            f"{reference}: that task has no rubric; write "
            f"{{task: {reference}, principle: ...}} to take its own score"
        )
    return LoadedEval(
        name=reference if isinstance(reference, str) else task.data.name,
        make=make,
        whole=task.data,
        data=task.data,
        rubric=task.rubric,
        args={"split": split, "code": code, **_where(reference)},
    )


def _where(reference: Any) -> dict[str, Any]:
    """Which scenarios alone are asked, where that was said."""
    if not isinstance(reference, PlainEval) or not reference.where:
        return {}
    return {"where": reference.model_dump(mode="json", by_alias=True)["where"]}


def _named(name: str, split: str, place: Place) -> tuple[Callable[[], Task], str]:
    """The task of an eval's name and its code's hash: the project's own, else a built-in one."""
    wanted = task_name(name)
    folder = place.root / "evals"
    found = list_tasks([], absolute=True, root_dir=folder) if folder.is_dir() else []
    own = [inside(Path(info.file), place) for info in found if info.name == wanted]
    if not own:
        return lambda: _one(f"tastemaker/{wanted}", {"split": split}, name), version("tastemaker")
    return lambda: _one(f"{own[0]}@{wanted}", {"split": split}), file_fingerprint(own[0])


MISTAKES = (PrerequisiteError, FileNotFoundError, ModuleNotFoundError, LookupError)
"""What Inspect raises for a task that is not there or cannot be had."""
LACKS = (*MISTAKES, AssertionError, ImportError, OSError, RetryError)
"""How a package's task fails where an extra, the network, a token or leave is missing."""


def _packaged(spec: str, args: Mapping[str, Any]) -> Task:
    """The task of a package of somebody else's; UserError says in a sentence what it lacks."""
    return _one(spec, args, mistakes=LACKS, why=why_not)


def _one(
    spec: str,
    args: Mapping[str, Any],
    name: str = "",
    *,
    mistakes: tuple[type[Exception], ...] = MISTAKES,
    why: Callable[[BaseException], str] = str,
) -> Task:
    """The one task that a spec of Inspect's stands for."""
    from inspect_ai._eval.loader import load_tasks
    from inspect_ai._util.entrypoints import ensure_entry_points

    ensure_entry_points(spec.split("/")[0])
    try:
        tasks = load_tasks([spec], dict(args))
    except mistakes as error:
        raise UserError(f"task {spec}: {why(error)}") from error
    if len(tasks) != 1:
        shown = name or spec
        hint = did_you_mean(shown, _built_in_evals()) if name else ""
        found = "no such task" if not tasks else f"{len(tasks)} tasks; name one with @"
        raise UserError(f"eval {shown}: {found}{hint}")
    return tasks[0]


def _built_in_evals() -> Sequence[str]:
    from tastemaker.content import Place, names

    return names("dataset", Place.at(Path.cwd()))


def _foreign(reference: TaskEval, place: Place) -> LoadedEval:
    spec, load = reference.task, _packaged
    file, _, name = spec.partition("@")
    path = place.folder / file
    if file.endswith(".py") or file.startswith((".", "/")) or path.exists():
        path = inside(path, place)
        if not path.is_file():
            raise UserError(f"task {spec}: name one file of tasks, as ./tasks.py@name")
        spec = f"{path}" + (f"@{name}" if name else "")
        load = _one

    def make() -> Task:
        return load(spec, reference.args)

    task = make()
    data = Dataset(
        name=reference.task,
        strata={"": 1.0},
        scenarios=tuple(
            _scenario(number, sample, reference) for number, sample in enumerate(task.dataset, 1)
        ),
    )
    return LoadedEval(
        name=reference.task,
        make=make,
        whole=data,
        data=data,
        foreign=reference,
        args={
            **reference.model_dump(mode="json"),
            "version": str(task.version),
            "code": _code(spec),
        },
    )


def _code(spec: str) -> str:
    """What of a task's code can be known: the content of its file, or its package's version."""
    path = Path(spec.partition("@")[0])
    if path.is_file():
        return file_fingerprint(path)
    try:
        return version(spec.split("/")[0].replace("_", "-"))
    except PackageNotFoundError:
        return ""


MODEL_GRADED = ("model_graded_qa", "model_graded_fact")
"""Inspect's scorers that ask a model: the one of role "grader", and without one the arm itself."""


def refuse_self_grading(experiment: Experiment, evals: Sequence[LoadedEval]) -> None:
    """Somebody else's task that asks a grader needs one: Inspect would take the arm for it.

    What a scorer of their own asks shows only when it does: `ArmModel` refuses to be its judge.
    """
    if experiment.graders:
        return
    for one in evals:
        for scorer in (one.make().scorer or []) if one.foreign else []:
            name = registry_info(scorer).name.rsplit("/", 1)[-1]
            params = registry_params(scorer)
            if name in MODEL_GRADED and not params.get("model"):
                raise UserError(
                    f"{one.name}: its scorer {name} asks a model, and without a grader each arm "
                    "would judge itself; add `grader: {model: ...}` to the experiment"
                )


def _scenario(number: int, sample: Sample, reference: TaskEval) -> Scenario:
    """What we need to know of a foreign sample; without an id it gets Inspect's, its number."""
    name = str(number if sample.id is None else sample.id)
    cluster = name
    if reference.cluster is not None:
        if reference.cluster not in (sample.metadata or {}):
            raise UserError(
                f"{reference.task}: sample {name} has no metadata field '{reference.cluster}'"
                f"{did_you_mean(reference.cluster, sample.metadata or {})}"
            )
        cluster = str((sample.metadata or {})[reference.cluster])
    turns = [] if isinstance(sample.input, str) else sample.input
    said = "\n".join(turn.text for turn in turns) if turns else str(sample.input)
    target = sample.target if isinstance(sample.target, str) else "\n".join(sample.target)
    return Scenario(
        id=name,
        dataset=reference.task,
        stratum="",
        cluster=cluster,
        messages=(Message(role="user", text=said),),
        reference="\n".join([target, *(sample.choices or [])]),
    )
