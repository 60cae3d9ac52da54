"""Two arms of earlier runs, compared only where comparing them means something."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tastemaker.calibration import Standing
from tastemaker.content import fingerprint
from tastemaker.errors import UserError
from tastemaker.experiment import TRANSPORT, Experiment
from tastemaker.reading import did_you_mean, listed, shown
from tastemaker.record import LOOKS, RECORD, grading
from tastemaker.results import Results, results
from tastemaker.tables import joined, judged_principles, read_scores

OF_RUN = ("seeds", "limit", "split", "grader", "judge", "user", "seed_kind", "weights")
OF_RULES = (
    "rules",
    "choices",
    "weights",
    "resources",
    "tensions",
    "alpha",
    "ci_method",
    "max_unscored",
    "seed_kind",
    "headroom",
    "on_inconclusive",
)
"""What the second run decides by."""
OF_EVAL = ("dataset_version", "dataset_hash", "rubric_version", "rubric_hash")
OF_ARM = ("template", "few_shot", "format", "tools", "solver")


UNCALIBRATED = (
    "The second run requires a judge that people's marks have calibrated, and marks on one run say "
    "nothing of a comparison of two: run both arms in one experiment, and calibrate that."
)


@dataclass(frozen=True, kw_only=True)
class RunArm:
    """One arm of a run that is there."""

    folder: Path
    arm: str
    record: Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the record shows of the arm."""
        shown_settings: Mapping[str, Any] = self.record["arms_shown"][self.arm]
        return shown_settings


def open_arm(reference: str, *, candidate: bool) -> RunArm:
    """The arm that `DIR` or `DIR@ARM` stands for.

    Without an arm: the baseline, or for the second of a comparison the only candidate.
    UserError when there is no run, no such arm, or more than one candidate to choose from.
    """
    place, _, name = reference.partition("@")
    folder = Path(place)
    record = open_record(folder)
    arms = list(record["arms"])
    candidates = [one for one in arms if one != record["baseline"]]
    if name and name not in arms:
        raise UserError(f"{shown(folder)} has no arm '{name}'{did_you_mean(name, arms)}")
    if not name and candidate and len(candidates) != 1:
        raise UserError(f"{shown(folder)}: name one of its candidates, DIR@{listed(candidates)}")
    default = candidates[0] if candidate else record["baseline"]
    return RunArm(folder=folder, arm=name or default, record=record)


def open_record(folder: Path) -> dict[str, Any]:
    """The record of a run; UserError when there is none, or it is not one."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{shown(folder)}: {_no_run(folder)}") from None
    except ValueError as error:
        raise UserError(f"{shown(path)}: not a record of ours: {error}") from error
    if not isinstance(record, dict) or not {"arms", "arms_shown", "baseline"} <= record.keys():
        raise UserError(f"{shown(path)}: not a record of ours")
    return record


MOST_RUNS = 5
"""Runs named where a folder is none."""


def _no_run(folder: Path) -> str:
    """Why a folder is no run, and which runs were perhaps meant."""
    if folder.is_file():
        return "a file; a run is the folder of its logs"
    told = f"no run there: it has no {RECORD}"
    below = sorted(path.parent for path in folder.glob(f"*/{RECORD}"))
    if not below:
        return told
    more = len(below) - MOST_RUNS
    names = [shown(path) for path in below[:MOST_RUNS]] + ([f"{more} more"] if more > 0 else [])
    return f"{told}; below it {'lies' if len(below) == 1 else 'lie'} {listed(names, 'and')}"


def differences(one: RunArm, other: RunArm) -> dict[str, str]:
    """What makes two arms incomparable, by key, in words. Model and system prompt may differ."""
    return dict(_differences(one, other))


def _differences(one: RunArm, other: RunArm) -> Iterator[tuple[str, str]]:
    for key in OF_RUN:
        both = one.record.get(key), other.record.get(key)
        yield from _differ(key, *(map(grading, both) if key == "grader" else both))
    yield from _differ(LOOKS, *(_schedule(arm.record) for arm in (one, other)))
    evals = one.record.get("evals", {}), other.record.get("evals", {})
    if set(evals[0]) != set(evals[1]):
        yield "evals", f"evals: {listed(evals[0]) or 'none'} and {listed(evals[1]) or 'none'}"
    for name in evals[0].keys() & evals[1].keys():
        for key in OF_EVAL:
            both = evals[0][name].get(key), evals[1][name].get(key)
            yield from _differ(f"{name}.{key}", *both)
    if _gates_preference(other.record):
        told = "pairwise: the second run gates a preference; these two replies were never compared"
        yield "pairwise", told
    for key in OF_ARM:
        yield from _differ(key, one.settings.get(key), other.settings.get(key))
    configs = one.settings.get("config", {}), other.settings.get("config", {})
    for key in sorted((configs[0].keys() | configs[1].keys()) - TRANSPORT):
        yield from _differ(f"config.{key}", configs[0].get(key), configs[1].get(key))


def _gates_preference(record: Mapping[str, Any]) -> bool:
    """Whether a run decides by a preference, too."""
    rule = (record.get("pairwise") or {}).get("rule") or {}
    return bool(rule.get("blocking"))


def _schedule(record: Mapping[str, Any]) -> Any:
    """The hash of the schedule by which the scenarios came in; None where they came at once."""
    return (record.get(LOOKS) or {}).get("schedule")


def _differ(key: str, one: Any, other: Any) -> Iterator[tuple[str, str]]:
    if one != other:
        yield key, f"{key}: {brief(one)} and {brief(other)}"


def _without_preferences(one: RunArm, other: RunArm) -> list[str]:
    if not one.record.get("pairwise") and not other.record.get("pairwise"):
        return []
    return ["Preferences are left out: replies of two runs were not put side by side."]


def _people(one: RunArm, other: RunArm) -> Standing | None:
    """What bars the judged principles, where the second run lets only a calibrated judge decide."""
    written = other.record.get("grader")
    graders = [written] if isinstance(written, Mapping) else written or []
    if not any(grader.get("calibrated") for grader in graders):
        return None
    return Standing(
        calibration=None,
        problem=UNCALIBRATED,
        required=True,
        min_labels=0,
        carried=False,
        judged=judged_principles(one.folder) | judged_principles(other.folder),
    )


def brief(value: Any) -> str:
    """A setting in a few words; what is long as its hash."""
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= 60 else fingerprint(value)[:19]


def compare_arms(one: RunArm, other: RunArm, *, declared: Collection[str] = ()) -> Results:
    """The second arm against the first, by the rules of its run.

    Args:
        one: The baseline of the comparison.
        other: Its candidate.
        declared: Keys of `differences` that are meant, as an experiment would declare them.

    Raises:
        UserError: They differ in more than is declared; each difference is named.
    """
    found = differences(one, other)
    if unknown := sorted(set(declared) - set(found)):
        raise UserError(f"they do not differ in {', '.join(unknown)}")
    if open_ := [text for key, text in found.items() if key not in declared]:
        told = "\n".join(f"  {text}" for text in open_)
        raise UserError(
            f"{one.arm} and {other.arm} cannot be compared; they differ in\n{told}\n"
            "Run them alike, or pass --declare KEY for a difference that is meant."
        )
    names = (one.arm, other.arm) if one.arm != other.arm else (f"{one.arm}-a", f"{other.arm}-b")
    scores = joined(
        {
            names[0]: (read_scores(one.folder), one.arm),
            names[1]: (read_scores(other.folder), other.arm),
        }
    )
    experiment = Experiment.model_validate(
        {
            "experiment": "comparison",
            "baseline": {names[0]: {"scores": str(one.folder)}},
            "candidates": {names[1]: {"scores": str(other.folder)}},
            **{key: other.record[key] for key in OF_RULES if other.record.get(key) is not None},
        }
    )
    # Over unlike looks there is no common level: each difference is then taken as it stands.
    looks = None if LOOKS in declared else other.record.get(LOOKS)
    record = {
        LOOKS: looks,
        "record": fingerprint([one.record["record"], other.record["record"], *names]),
        "seeds": other.record["seeds"],
        "limit": other.record["limit"],
        "warnings": [
            *dict.fromkeys((*one.record.get("warnings", ()), *other.record.get("warnings", ()))),
            *(f"declared as meant: {found[key]}" for key in declared),
            *_without_preferences(one, other),
        ],
    }
    return results(experiment, record, scores, people=_people(one, other))
