"""What a result rests on, written before the first call and held against the files afterwards."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tastemaker.content import file_fingerprint, fingerprint
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment, PlainEval, TaskEval
from tastemaker.reading import shown
from tastemaker.rubric import Condition, Rubric, load_rubric
from tastemaker.scenario import Dataset, load_dataset, select
from tastemaker.schedule import Schedule, draw

RECORD = "record.json"

FROZEN = (
    "experiment",
    "rules",
    "choices",
    "split",
    "weights",
    "seed",
    "grader",
    "resources",
    "tensions",
    "alpha",
    "seed_kind",
    "ci_method",
    "max_unscored",
    "headroom",
    "on_inconclusive",
)
"""The keys of an experiment that may not change between its run and its gate."""
EARLY = "early_stopping"
LOOKS = "looks"

ADDED: Mapping[str, Any] = {"choices": {}}
"""What the records of earlier versions do not say, and what it was then."""


def frozen(experiment: Experiment) -> dict[str, Any]:
    """What of an experiment decides, as plain data; arms and evals by what they are made of."""
    written = experiment.model_dump(mode="json", by_alias=True)
    # A run without looks keeps the hash that it had before there were any.
    looks = {EARLY: True} if experiment.early_stopping else {}
    played = {"user": written["user"]} if experiment.user else {}
    return {
        **{key: written[key] for key in FROZEN},
        **looks,
        **played,
        "baseline": experiment.baseline_name,
        "arms": {name: arm.fingerprint for name, arm in experiment.arms.items()},
        "named_evals": [_as_named(one) for one in written["evals"]],
        "pairwise": _pairwise(experiment),
    }


def _as_named(reference: Any) -> Any:
    """An eval as it is hashed: one that asks all its scenarios keeps the hash it always had."""
    if not isinstance(reference, dict) or reference.get("where"):
        return reference
    return {key: value for key, value in reference.items() if key != "where"}


def _pairwise(experiment: Experiment) -> dict[str, Any] | None:
    """How replies are compared side by side; a file of preferences by its content."""
    asked = experiment.preference
    if asked is None:
        return None
    file = None if asked.preferences is None else file_fingerprint(Path(asked.preferences))
    return asked.model_dump(mode="json") | {"preferences": file}


def record_of_scores(experiment: Experiment) -> dict[str, Any]:
    """The record of an experiment of scores alone: the hash of the experiment and its files."""
    content = frozen(experiment) | {"seeds": None, "limit": None}
    return {"record": fingerprint(content), **content}


def read_record(folder: Path, experiment: Experiment) -> dict[str, Any]:
    """The record of a run; UserError when there is none, or when the experiment changed since."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"{shown(folder)}: no run of {experiment.name} there; `tastemaker run` makes one"
        ) from None
    except ValueError as error:
        raise UserError(f"{shown(path)}: not a record of ours: {error}") from error
    if not isinstance(record, dict) or not {"record", "evals", "limit"} <= record.keys():
        raise UserError(f"{shown(path)}: not a record of ours")
    changed = _changes(record, json.loads(json.dumps(frozen(experiment))))
    changed = changed or list(_changed_content(record, experiment))
    if experiment.in_looks and not changed:
        changed = list(_changed_schedule(record, experiment))
    if changed:
        raise UserError(
            f"{experiment.name} changed after its run, in {', '.join(changed)}: "
            "run it again (replies that are still valid are kept), or undo the change"
        )
    return record


def grading(grader: Any) -> Any:
    """What of the grader (or panel, or none) of a record can change a grade.

    Whether it has to be calibrated before it may gate does not.
    """
    if isinstance(grader, Mapping):
        return {**grader, "calibrated": False}
    return [grading(one) for one in grader] if grader else grader


def schedule_of(record: Mapping[str, Any]) -> Schedule | None:
    """The look schedule of a run, None without one; UserError when it is not what was drawn."""
    return Schedule.from_data(record[LOOKS]) if record.get(LOOKS) else None


def _changed_schedule(record: Mapping[str, Any], experiment: Experiment) -> Iterator[str]:
    """The look schedule where it is not the one that the experiment's seed draws, in words."""
    kept = schedule_of(record)
    datasets = {name: _asked(experiment, one) for name, one in _own_evals(record, experiment)}
    # The scenarios of a foreign task stand in no file that is read here.
    whole = len(datasets) == len(record["evals"]) and all(datasets.values())
    known = {name: data for name, data in datasets.items() if data is not None}
    if kept is None or (whole and draw(known, experiment.seed).entry != kept.entry):
        yield "the look schedule"


def _own_evals(
    record: Mapping[str, Any], experiment: Experiment
) -> Iterator[tuple[str, PlainEval | str]]:
    """The evals that are not foreign tasks: what they are called, and the reference or dataset."""
    for reference, (name, ran) in zip(experiment.evals, record["evals"].items(), strict=True):
        if not isinstance(reference, TaskEval):
            yield name, reference if isinstance(reference, PlainEval) else ran["dataset"]


def _asked(experiment: Experiment, reference: PlainEval | str) -> Dataset | None:
    """The scenarios of an eval that a run asks; None for a dataset that has no file here."""
    name = reference.dataset if isinstance(reference, PlainEval) else reference
    try:
        dataset = load_dataset(name, experiment.place)
    except UserError:
        if isinstance(reference, PlainEval):
            raise
        return None  # a task file of the user's own may take it from anywhere
    return select(dataset, experiment.split or "dev", where=_where(reference))


def _where(reference: PlainEval | str) -> Mapping[str, Condition]:
    return reference.where if isinstance(reference, PlainEval) else {}


def contents(
    record: Mapping[str, Any], experiment: Experiment
) -> Iterator[tuple[str, Rubric, Dataset]]:
    """Each eval of a run by name, with its rubric and the scenarios that were asked.

    A task file of the user's own may take them from anywhere: then it is left out, unless they
    are found by their names.
    """
    for reference, (name, ran) in zip(experiment.evals, record["evals"].items(), strict=True):
        if isinstance(reference, TaskEval):
            continue
        files = (
            (reference.rubric, reference.dataset)
            if isinstance(reference, PlainEval)
            else (ran["rubric"], ran["dataset"])
        )
        try:
            rubric = load_rubric(files[0], experiment.place)
            dataset = load_dataset(files[1], experiment.place)
        except UserError:
            if isinstance(reference, PlainEval):
                raise
            continue
        split, limit = experiment.split or "dev", record["limit"]
        yield name, rubric, select(dataset, split, limit, _where(reference))


def _changed_content(record: Mapping[str, Any], experiment: Experiment) -> Iterator[str]:
    """The rubrics and datasets whose content is not what was run, in words."""
    for name, rubric, asked in contents(record, experiment):
        ran = record["evals"][name]
        if rubric.fingerprint != ran["rubric_hash"]:
            yield f"the rubric of {name}"
        if asked.fingerprint != ran["dataset_hash"]:
            yield f"the dataset of {name}"


def _changes(record: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        key
        for key in dict.fromkeys([*now, EARLY])
        if record.get(key, ADDED.get(key)) != now.get(key, ADDED.get(key))
    ]
