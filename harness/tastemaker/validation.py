"""Whether the files a user writes are valid, and what they yield; nothing is called."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from tastemaker.calibration import strange_origin
from tastemaker.card_spec import load_card
from tastemaker.checks.registry import checks
from tastemaker.checks.wording import PhraseList, stock_file
from tastemaker.content import Place, folder, open_reference, resolve
from tastemaker.coverage import cover, told
from tastemaker.enough import Part, too_few
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment, PlainEval, Problems, TaskEval, load_experiment
from tastemaker.foreign import lacks
from tastemaker.lint import (
    lint_conditions,
    lint_own,
    lint_rubric,
    lint_sources,
    lint_symptoms,
    lint_turns,
)
from tastemaker.naming import (
    Measured,
    measured,
    measured_by,
    missing_user,
    strange_names,
    strange_tools,
)
from tastemaker.reading import find, listed, parse, shown, written_otherwise
from tastemaker.recorded import read_replies_file, score_rows
from tastemaker.records import Reply, ScoreRow
from tastemaker.rubric import PrinciplesFile, Rubric, load_rubric
from tastemaker.scenario import Dataset, Scenario, load_dataset, select
from tastemaker.values import load_values

CONTENT = ("rubrics", "datasets", "evals")


@dataclass(frozen=True, kw_only=True)
class Validated:
    """What is wrong with one file."""

    path: Path
    kind: str
    error: str
    """"" when it is valid."""
    warnings: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The path as people know it."""
        return shown(self.path)


def find_files(paths: Sequence[Path] | None, place: Place) -> list[Path]:
    """The YAML files at paths; without any, the project's content, else the built-in content.

    UserError for a path that is not there, or when there is nothing to look at.
    """
    if paths:
        starts = [place.folder / path for path in paths]
    else:
        folders = [place.root / name for name in CONTENT if (place.root / name).is_dir()]
        loose = [path for path in sorted(place.folder.glob("*.yaml")) if _is_ours(path)]
        starts = [*folders, *loose] or [folder(n) for n in ("rubrics", "datasets", "evals")]
    found: dict[Path, None] = {}
    for start in starts:
        if not start.exists():
            raise UserError(f"{shown(start)}: no such file or folder")
        files = (
            [start] if start.is_file() else sorted((*start.rglob("*.yaml"), *start.rglob("*.yml")))
        )
        found |= dict.fromkeys(files)
    if not found:
        raise UserError(f"no YAML files in {', '.join(shown(start) for start in starts)}")
    return list(found)


def _is_ours(path: Path) -> bool:
    """Whether a file means to be one of ours, and not a pipeline's YAML that stands beside it."""
    try:
        return bool(_kind(path))
    except UserError:
        return False


def validate_file(path: Path, place: Place) -> Validated:
    """Read a file as what its top key says it is."""
    kind = ""
    try:
        kind = _kind(path)
        # A reader may be a generator: what is wrong shows only as it is read to its end.
        warnings = tuple(READERS[kind](path, place.beside(path)))
    except UserError as error:
        return Validated(path=path, kind=kind, error=str(error))
    return Validated(path=path, kind=kind, error="", warnings=warnings)


def _kind(path: Path) -> str:
    node = parse(path).node
    keys = list(node.value) if isinstance(node.value, Mapping) else []
    for kind in READERS:
        if kind in keys:
            # A rubric has `principles` too, and an experiment may be about values.
            return kind
    raise UserError(f"{shown(path)}:1:1: expected one of the keys {listed(READERS)} at the top")


def _rubric(path: Path, place: Place) -> Iterable[str]:
    rubric = load_rubric(path, place)
    yield from lint_rubric(rubric)
    yield from _numbers_as_text(rubric, path)


def _numbers_as_text(rubric: Rubric, path: Path) -> Iterator[str]:
    """Numbers that were perhaps meant as text, in arguments of checks that take both.

    Where an argument wants one of the two, the reader has it so, or has refused it.
    """
    node = parse(path).node
    for principle, content in rubric.principles.items():
        for name, criterion in content.criteria.items():
            if criterion.check is None:
                continue
            taken = checks()[criterion.check].model.model_fields
            at = ("principles", principle, "criteria", name, "with")
            for key in criterion.arguments.keys() & taken.keys():
                if not _takes_anything(taken[key].annotation):
                    continue
                for where, found in written_otherwise(find(node, (*at, key)), f"with.{key}"):
                    yield (
                        f"{shown(path)}:{found.mark.line}:{found.mark.column}: {where}: "
                        f"{found.text} is read as the number {found.value}; quote it if text is "
                        "meant"
                    )


def _takes_anything(annotation: Any) -> bool:
    return annotation is Any or any(map(_takes_anything, get_args(annotation)))


def _dataset(path: Path, place: Place) -> Iterable[str]:
    dataset = load_dataset(path, place)
    yield from dataset.warnings
    try:
        rubric = load_rubric(dataset.name, place)
    except UserError:
        return  # it has none of its name, or one with errors, which are told where they stand
    asked = _lint_turns(rubric, dataset.scenarios)
    yield from (f"rubric {dataset.name}, {told}" for told in asked)
    yield from _lint_sources(dataset.name, rubric, dataset, place)


def _lint_sources(reference: str, rubric: Rubric, dataset: Dataset, place: Place) -> Iterator[str]:
    """What a rubric takes from scenarios and they do not give, with its place in the rubric."""
    supplied = {
        one.id: Reply(text="", expect=one.expect, labels=one.labels, reference=one.reference)
        for one in dataset.scenarios
    }
    found = list(lint_sources(rubric, supplied))
    if not found:
        return
    source, _ = open_reference("rubric", reference, place)
    for at, problem in found:
        mark = find(source.node, at).place
        yield f"{shown(source.path)}:{mark.line}:{mark.column}: {at[1]}/{at[3]}: {problem}"


def _lint_turns(rubric: Rubric, scenarios: Sequence[Scenario]) -> list[str]:
    """What is asked about the request where the request is the last message of several."""
    conversations = {
        one.id: one.labels
        for one in scenarios
        if one.user is not None or sum(said.role != "system" for said in one.messages) > 1
    }
    return lint_turns(rubric, conversations)


def _experiment(path: Path, place: Place) -> Iterable[str]:
    """Rubric, dataset and what was recorded meet here alone: here they are held together."""
    experiment = load_experiment(path, place)
    asked: dict[str, tuple[Scenario, ...]] = {}
    foreign = False
    names: list[Measured] | None = []
    hashes: dict[str, str] = {}
    parts: list[Part] = []
    for reference in experiment.evals:
        if isinstance(reference, TaskEval):
            foreign = True  # its scenarios are known to Inspect alone
            found = Measured(eval=reference.task, principles={reference.principle: ()})
            names = None if names is None else [*names, found]
            if lacking := lacks(reference.task):
                yield f"task {reference.task}: {lacking}"
            continue
        rubric_name, dataset_name = _files(reference, experiment.place)
        dataset = load_dataset(dataset_name, experiment.place)
        name = reference if isinstance(reference, str) else dataset.name
        where = reference.where if isinstance(reference, PlainEval) else None
        chosen = select(dataset, split=experiment.split or "dev", where=where)
        asked[name] = chosen.scenarios
        if rubric_name is None:
            names = None  # its task file takes a rubric from anywhere
            continue
        rubric = load_rubric(rubric_name, experiment.place)
        hashes[name] = rubric.fingerprint
        # A rubric that is found by the dataset's name is held against it with the dataset itself.
        held = rubric_name == dataset.name
        warnings = [
            *_lint_pair(rubric, dataset, held=held),
            *_lint_rules(rubric, dataset.scenarios, experiment, name),
        ]
        yield from (f"{rubric_name}, {told}" for told in warnings)
        if not held:
            yield from _lint_sources(rubric_name, rubric, chosen, experiment.place)
        found = measured(name, rubric, chosen.scenarios)
        parts.append(Part(measured=found, rubric=rubric, dataset=chosen))
        names = None if names is None else [*names, found]
    theirs = {one.principle for one in experiment.evals if isinstance(one, TaskEval)}
    if names is not None and (short := list(too_few(experiment, parts, theirs))):
        yield f"too few clusters to find these non-inferior: {', '.join(short)}"
    rows = _open_recorded(experiment, None if foreign else asked)
    problems = strange_origin(experiment, hashes) + missing_user(experiment, asked)
    problems += _recorded_without_rubric(experiment)
    every = [scenario for scenarios in asked.values() for scenario in scenarios]
    problems += strange_tools(experiment, every, foreign=foreign)
    if names is not None:
        problems += strange_names(experiment, names if experiment.evals else measured_by(rows))
    if problems:
        raise experiment.error(problems)


def _lint_pair(rubric: Rubric, dataset: Dataset, *, held: bool) -> Iterator[str]:
    """What shows only where a rubric meets the scenarios that it is asked about."""
    yield from lint_conditions(rubric, [scenario.labels for scenario in dataset.scenarios])
    if not held:
        yield from _lint_turns(rubric, dataset.scenarios)
    for scenario in dataset.scenarios:
        yield from lint_own(rubric, scenario.id, scenario.labels, scenario.criteria)


def _lint_rules(
    rubric: Rubric, scenarios: Sequence[Scenario], experiment: Experiment, eval: str
) -> list[str]:
    """What shows only where a rubric meets the rules that decide by it."""
    return lint_symptoms(
        rubric,
        [(scenario.labels, scenario.criteria) for scenario in scenarios],
        lambda principle: experiment.rule_for(principle, eval).blocking,
    )


def _files(reference: str | PlainEval, place: Place) -> tuple[str | None, str]:
    """Rubric and dataset of an eval; one with a name mostly has a rubric of that name."""
    if isinstance(reference, PlainEval):
        return reference.rubric, reference.dataset
    try:
        resolve("rubric", reference, place)
    except UserError:
        return None, reference
    return reference, reference


def _recorded_without_rubric(experiment: Experiment) -> Problems:
    """The arms whose recorded replies would have to answer a task that no rubric grades."""
    foreign = [one.task for one in experiment.evals if isinstance(one, TaskEval)]
    if not foreign:
        return []
    return [
        (
            ("baseline" if name in experiment.baseline else "candidates", name, "replies"),
            f"recorded replies need a rubric, and {foreign[0]} has none",
        )
        for name, arm in experiment.arms.items()
        if arm.replies is not None
    ]


def _open_recorded(
    experiment: Experiment, asked: Mapping[str, Sequence[Scenario]] | None
) -> list[ScoreRow]:
    """Read the recorded replies and scores that arms bring, as a run would; returns the scores."""
    rows: list[ScoreRow] = []
    ids = {name: [one.id for one in scenarios] for name, scenarios in (asked or {}).items()}
    for name, arm in experiment.arms.items():
        if arm.replies is not None and ids:
            read_replies_file(Path(arm.replies), ids)
        if arm.scores is not None:
            rows += score_rows(name, arm, scenarios=ids or None)
    return rows


def _values(path: Path, place: Place) -> Iterable[str]:
    return told(cover(load_values(path, place), place))


def _principles(path: Path, place: Place) -> Iterable[str]:
    parse(path).check(PrinciplesFile)
    return ()


def _card(path: Path, place: Place) -> Iterable[str]:
    load_card(path, allow_outside=place.allow_outside)
    return ()


def _phrases(path: Path, place: Place) -> Iterable[str]:
    parse(path).check(PhraseList)
    if path.resolve() != stock_file().resolve():
        yield "no check reads this list: give house words to the check 'banned_phrases'"


READERS: Mapping[str, Callable[[Path, Place], Iterable[str]]] = {
    "rubric": _rubric,
    "dataset": _dataset,
    "experiment": _experiment,
    "values": _values,
    "principles": _principles,
    "phrases": _phrases,
    "card": _card,
}


def counts(dataset: Dataset) -> Iterator[str]:
    """How many scenarios and clusters there are: in all, by stratum, by split, by format."""
    scenarios = dataset.scenarios
    clusters = len({scenario.cluster for scenario in scenarios})
    size = f"{len(scenarios)} scenarios in {clusters} clusters"
    yield f"{dataset.name}, version {dataset.version}: {size}"
    by_stratum = Counter(scenario.stratum for scenario in scenarios)
    for name, weight in dataset.strata.items():
        yield f"  stratum {name}: {by_stratum[name]} scenarios, weight {weight:.3f}"
    for name, count in Counter(scenario.split for scenario in scenarios).items():
        yield f"  split {name}: {count} scenarios"
    yield f"  formats: {', '.join(dataset.formats)}"


def prompt_rows(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """The prompts as plain data, one object for each scenario, in the dataset's first format."""
    for scenario in dataset.scenarios:
        yield {
            "scenario": scenario.id,
            "stratum": scenario.stratum,
            "cluster": scenario.cluster,
            "split": scenario.split,
            "format": dataset.formats[0],
            "messages": [
                {"role": message.role, "content": message.text} for message in scenario.messages
            ],
            "labels": dict(scenario.labels),
        }
