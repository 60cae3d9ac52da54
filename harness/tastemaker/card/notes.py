"""The footnotes of a figure: what it rests on, how it was asked for, what is left out."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from tastemaker.card.measured import Measured
from tastemaker.card_spec import Row
from tastemaker.comparison import OF_ARM, RunArm, brief
from tastemaker.experiment import TRANSPORT
from tastemaker.tables import judged_principles


def said(found: Measured, row: Row) -> Iterator[str]:
    """What must be known of a measured figure, in sentences."""
    estimate = found.estimate
    evals = ", ".join(_versioned(found.run, name) for name in found.evals)
    times = "once" if estimate.seeds == 1 else f"in {estimate.seeds} runs"
    yield (
        f"{estimate.scenarios} scenarios in {estimate.clusters} clusters of {evals}, asked {times}"
        f"{''.join(_asked(found.run))}; {_by_whom(found.run, row)}."
    )
    if found.run.record.get("limit") is not None:
        yield "Only a part of the scenarios was asked (a limited run)."
    yield from not_shown(found)
    if found.stands and found.unscored:
        yield f"Unscored and left out: {_counted(found)}."
    if found.format_failures is not None:
        share = found.format_failures / found.replies if found.replies else 0.0
        yield (
            f"Failures of format, counted as wrong: {found.format_failures} of {found.replies} "
            f"replies ({share:.1%})."
        )


def not_shown(found: Measured) -> Iterator[str]:
    """Why a figure is not shown; nothing where it is."""
    if found.incomplete:
        yield f"Not shown, the run is incomplete: {', '.join(found.incomplete)}."
    elif not found.stands:
        yield f"Not shown, too much is unscored: {_counted(found)}."


def _versioned(run: RunArm, name: str) -> str:
    """An eval with the versions of what it is made of."""
    told = run.record.get("evals", {}).get(name, {})
    parts = [
        f"{what} version {told[f'{what}_version']}"
        for what in ("dataset", "rubric")
        if told.get(what) and told.get(f"{what}_version") is not None
    ]
    return f"{name} ({', '.join(parts)})" if parts else name


def _asked(run: RunArm) -> Iterator[str]:
    """How replies were sampled, asked for and judged, as far as the run says it."""
    config = run.settings.get("config") or {}
    for key in sorted(config.keys() - TRANSPORT):
        yield f", {key.replace('_', ' ')} {brief(config[key])}"
    for key in OF_ARM:
        if run.settings.get(key):
            yield f", {'shots' if key == 'few_shot' else key} {brief(run.settings[key])}"
    if run.record.get("split") not in (None, "dev"):
        yield f", split {run.record['split']}"


def _by_whom(run: RunArm, row: Row) -> str:
    """Who decided: judges have a part in some principles, and in others none."""
    named = graders(run.record.get("grader"))
    judged = named and row.principle in _judged(run.folder)
    return f"judged by {named}" if judged else "scored without a judge"


@lru_cache(maxsize=64)
def _judged(folder: Path) -> frozenset[str]:
    return judged_principles(folder)


def _counted(found: Measured) -> str:
    parts = ", ".join(
        f"{count} {reason.replace('_', ' ')}" for reason, count in found.unscored.items()
    )
    return f"{sum(found.unscored.values())} of {found.replies} replies ({parts})"


def graders(grader: Any) -> str:
    """The judges of a run, by their models; "" where there is none."""
    listed = grader if isinstance(grader, list) else [grader] if grader else []
    return ", ".join(one["model"] for one in listed)
