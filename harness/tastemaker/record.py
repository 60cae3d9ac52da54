"""What a result rests on, written before the first call and held against the files afterwards."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tastemaker.content import fingerprint
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.reading import shown

RECORD = "record.json"

FROZEN = (
    "experiment",
    "rules",
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


def frozen(experiment: Experiment) -> dict[str, Any]:
    """What of an experiment decides, as plain data; arms and evals by what they are made of."""
    written = experiment.model_dump(mode="json", by_alias=True)
    return {
        **{key: written[key] for key in FROZEN},
        "baseline": experiment.baseline_name,
        "arms": {name: arm.fingerprint for name, arm in experiment.arms.items()},
        "named_evals": written["evals"],
    }


def record_of_scores(experiment: Experiment) -> dict[str, Any]:
    """The record of an experiment of scores alone: the hash of the experiment and its files."""
    content = frozen(experiment) | {"seeds": None, "limit": None}
    return {"record": fingerprint(content), **content}


def read_record(folder: Path, experiment: Experiment) -> dict[str, Any]:
    """The record of a run; UserError when there is none, or when the experiment changed since."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"{shown(folder)}: no run of {experiment.name} there; `tastemaker run` makes one"
        ) from None
    except ValueError as error:
        raise UserError(f"{shown(path)}: not a record of ours: {error}") from error
    if not isinstance(record, dict) or "record" not in record:
        raise UserError(f"{shown(path)}: not a record of ours")
    changed = list(_changes(record, json.loads(json.dumps(frozen(experiment)))))
    if changed:
        raise UserError(
            f"{experiment.name} changed after its run, in {', '.join(changed)}: "
            "run it again (replies that are still valid are kept), or undo the change"
        )
    return record


def _changes(record: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [key for key, value in now.items() if record.get(key) != value]
