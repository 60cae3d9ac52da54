"""The graders in reports: what they took, how far they agree, what each alone would say."""

from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tastemaker.escaping import plain
from tastemaker.report.words import UNKNOWN, interval, share, signed
from tastemaker.results import Grading, Results
from tastemaker.stats.agreement import Rate
from tastemaker.stats.reported import Estimate
from tastemaker.votes import CriterionVotes, Pair

ABOUT = (
    "Disagree: share of replies about which the graders do not all say the same. Kappa and AC1 "
    "are agreement beyond chance, of the pair that agrees least; kappa falls where nearly all "
    "answers are the same, AC1 does not. Alpha: over all of them. Panel: reliability of their mean."
)

# As data -----------------------------------------------------------------------------------------


def panel_data(results: Results) -> dict[str, Any] | None:
    """Agreement by criterion, and each grader's own verdicts; None where one answered once."""
    if not results.votes:
        return None
    return {
        "graders": [one.grader for one in results.alone.graders],
        "criteria": [_criterion(one) for one in results.votes],
        "alone": [
            {
                "candidate": verdict.candidate,
                "principle": verdict.principle,
                "grader": one.grader,
                "verdict": str(verdict.kind),
                "difference": _known(verdict.paired.difference),
                "low": _known(verdict.paired.limits[0]),
                "high": _known(verdict.paired.limits[1]),
            }
            for one in results.alone.graders
            for verdict in one.verdicts
        ],
        "contradictions": list(results.alone.contradictions),
    }


def _criterion(one: CriterionVotes) -> dict[str, Any]:
    return {
        "eval": one.eval,
        "principle": one.principle,
        "criterion": one.criterion,
        "graders": list(one.graders),
        "replies": one.replies,
        "disagree": asdict(one.disagree),
        "means": dict(one.means),
        "pairs": [
            {
                "graders": [pair.one, pair.other],
                "replies": pair.found.items,
                "agreement": asdict(pair.found.agreement),
                "kappa": asdict(pair.found.kappa),
                "ac1": asdict(pair.found.ac1),
            }
            for pair in one.pairs
        ],
        "alpha": asdict(one.alpha),
        "reliability": one.reliability,
    }


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


# For people --------------------------------------------------------------------------------------


def grading_lines(results: Results) -> list[str]:
    """What the judges took for each arm's replies, in words."""
    took = {arm: spent.grading for arm, spent in results.spent.items() if spent.grading}
    return [f"Grading {plain(arm)}: {', '.join(_took(one))}." for arm, one in took.items()]


def _took(grading: Grading) -> Iterator[str]:
    kept = f", {grading.replayed:,} of them answered before" if grading.replayed else ""
    yield f"{grading.calls:,} call{'' if grading.calls == 1 else 's'}{kept}"
    yield f"{grading.input_tokens:,} tokens in, {grading.output_tokens:,} out"
    if grading.cost is not None:
        paid = grading.cost if grading.paid is None else grading.paid
        now = f" (${paid:.2f} of it now)" if grading.replayed else ""
        yield f"${grading.cost:.2f}{now}"


def vote_rows(results: Results) -> list[dict[str, str]]:
    """Agreement by criterion, in cells."""
    return [_row(one) for one in results.votes]


def _row(one: CriterionVotes) -> dict[str, str]:
    least = one.lowest
    return {
        "criterion": plain(f"{one.eval} {one.principle}/{one.criterion}"),
        "replies": str(one.replies),
        "disagree": _rate(one.disagree),
        "kappa": _value(least.found.kappa) if least else UNKNOWN,
        "ac1": _value(least.found.ac1) if least else UNKNOWN,
        "alpha": _value(one.alpha),
        "reliability": share(one.reliability, 2) if one.reliability is not None else UNKNOWN,
    }


def _rate(found: Rate) -> str:
    if found.value is None:
        return UNKNOWN
    limits = (
        "" if found.low is None or found.high is None else f" ({found.low:.2f}-{found.high:.2f})"
    )
    return f"{found.value:.2f}{limits}"


def _value(found: Estimate) -> str:
    return UNKNOWN if found.value is None else f"{found.value:.2f}"


def mean_lines(results: Results) -> list[str]:
    """Each grader's own mean of each criterion, in words."""
    return [
        plain(f"{one.eval} {one.principle}/{one.criterion}: mean ")
        + ", ".join(f"{_mean(value)} by {plain(name)}" for name, value in one.means.items())
        + "."
        for one in results.votes
    ]


def _mean(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"


def pair_lines(results: Results) -> list[str]:
    """Each pair of graders on each criterion, in words; of two graders the table has said it."""
    return [
        plain(f"{one.eval} {one.principle}/{one.criterion}, {pair.one} and {pair.other}: ")
        + _pair(pair)
        for one in results.votes
        if len(one.pairs) > 1
        for pair in one.pairs
    ]


def _pair(pair: Pair) -> str:
    found = pair.found
    return (
        f"agree on {_limits(found.agreement)} of {found.items} replies, "
        f"kappa {_limits(found.kappa)}, AC1 {_limits(found.ac1)}."
    )


def _limits(found: Estimate) -> str:
    limits = (
        "" if found.low is None or found.high is None else f" ({found.low:.2f} to {found.high:.2f})"
    )
    return _value(found) + limits


def alone_rows(results: Results) -> list[dict[str, str]]:
    """What each grader alone would say of each principle, in cells."""
    return [
        {
            "candidate": plain(candidate),
            "principle": plain(principle),
            "grader": plain(grader),
            "difference": signed(verdict.paired.difference),
            "interval": interval(*verdict.paired.limits),
            "verdict": str(verdict.kind),
        }
        for (candidate, principle), verdicts in results.alone.cases().items()
        for grader, verdict in verdicts.items()
    ]


def print_panel(results: Results, console: Console, interval: str) -> None:
    """How far the graders agree and what each alone would say; nothing where one answered once."""
    if not results.votes:
        return
    console.print("\n[bold]Graders[/bold]")
    console.print(ABOUT)
    console.print(_agreement_table(results))
    for text in mean_lines(results):
        console.print(f"  {escape(text)}")
    if results.alone.graders:
        console.print("Each grader alone; what decides is the panel as a whole:")
        console.print(_alone_table(results, interval))


def _agreement_table(results: Results) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("criterion", overflow="fold")
    for name in ("replies", "disagree", "kappa", "AC1", "alpha", "panel"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in vote_rows(results):
        table.add_row(*(escape(text) for text in row.values()))
    return table


def _alone_table(results: Results, interval: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("candidate", "principle", "grader"):
        table.add_column(name, overflow="fold")
    table.add_column("diff.", justify="right", no_wrap=True)
    table.add_column(interval, no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in alone_rows(results):
        table.add_row(*(escape(text) for text in row.values()))
    return table
