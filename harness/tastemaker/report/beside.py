"""What stands beside the verdicts: limits, tensions, variance, slices; as data and as cells."""

from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from typing import Any

from tastemaker.escaping import plain
from tastemaker.gate import ResourceVerdict
from tastemaker.novelty import OPENING, RUN, Alike
from tastemaker.report.words import UNKNOWN, arm_interval, estimate, interval, share, signed
from tastemaker.results import Results
from tastemaker.slices import Slice
from tastemaker.stats.estimates import ArmEstimate
from tastemaker.stats.reported import Estimate
from tastemaker.tensions import Pull

EXPLORATORY = "Exploratory: nothing here is gated, and no p-value was adjusted for so many looks."
ALIKE = (
    f"Same opening: the share of a scenario's other seeds that begin with the same {OPENING} "
    f"words. Alike: the runs of {RUN} words that two seeds share, divided by those in either. Used "
    f"elsewhere: how often the arm begins a story of another cluster so, and what share of a "
    f"reply's runs of {RUN} words stands in one. More is more alike, which is neither good nor bad "
    "by itself; nothing here is gated."
)
MOST_SLICES = 200
"""How many rows a report for people shows; the JSON has all."""
MOST_OPPOSED = 10
LIMIT_MARKS = {"pass": "●", "fail": "▼", "inconclusive": "○"}


# As data -----------------------------------------------------------------------------------------


def resource_data(results: Results) -> list[dict[str, Any]]:
    """The limits on resources; ratios are candidate over baseline."""
    return [
        {
            "candidate": one.candidate,
            "resource": one.resource,
            "outcome": one.outcome,
            "blocking": one.rule.blocking,
            "ratio_at_most": one.rule.ratio_at_most,
            "ratio": one.found.ratio.value,
            "low": one.found.ratio.low,
            "high": one.found.ratio.high,
            "baseline_mean": one.found.baseline,
            "candidate_mean": one.found.candidate,
            "scenarios": one.found.scenarios,
            "clusters": one.found.clusters,
            "left_out": one.found.zeros + one.found.missing,
            "reason": one.reason,
        }
        for one in results.decision.resources
    ]


def look_data(results: Results) -> dict[str, Any] | None:
    """The looks of a run whose scenarios came in by looks; None for any other.

    `decided` says at which look a candidate's principle was decided; what is not, is not in it.
    """
    looks = results.looks
    if looks is None:
        return None
    decided: dict[str, dict[str, int]] = {}
    for verdict in results.decision.verdicts:
        if verdict.settled and verdict.at is not None:
            decided.setdefault(verdict.candidate, {})[verdict.principle] = verdict.at.look
    return {
        "planned": looks.at.planned,
        "used": looks.at.look,
        "share": looks.at.share,
        "next_is_asked_for": looks.wanted,
        "decided": decided,
    }


def gain_data(results: Results) -> list[dict[str, Any]]:
    """What more time or money bought; `extra` is of one reply, `per_unit` per minute or dollar."""
    return [
        {
            "candidate": one.candidate,
            "principle": one.principle,
            "unit": one.unit,
            "gained": asdict(one.found.gained),
            "extra": asdict(one.found.extra),
            "per_unit": asdict(one.found.per_unit),
        }
        for one in results.gains
    ]


def taken_data(results: Results) -> list[dict[str, Any]]:
    """What a reply takes, by eval (null: all together), arm and resource."""
    return [
        {
            "eval": one.eval,
            "arm": one.arm,
            "resource": one.resource,
            "mean": asdict(one.mean),
            "scenarios": one.scenarios,
            "clusters": one.clusters,
        }
        for one in results.taken
    ]


def all_pass_data(results: Results) -> list[dict[str, Any]]:
    """pass^k of each principle and arm: how often k replies in a row meet all that is asked."""
    return [
        {
            "principle": principle,
            "arm": arm,
            "k": k,
            "value": _known(one.mean),
            "low": _known(one.low),
            "high": _known(one.high),
            "scenarios": one.scenarios,
            "clusters": one.clusters,
        }
        for (principle, arm), found in results.all_pass.items()
        for k, one in enumerate(found, 1)
    ]


def tension_data(results: Results) -> list[dict[str, Any]]:
    """Two values together, with the region of both differences and who pays for whom."""
    return [_tension(pull) for pull in results.tensions]


def _tension(pull: Pull) -> dict[str, Any]:
    found = pull.tension
    covariance = None if found is None else found.covariance
    ellipse = None if found is None else found.ellipse
    return {
        "candidate": pull.candidate,
        "values": [pull.first.principle, pull.second.principle],
        "verdicts": [str(pull.first.kind), str(pull.second.kind)],
        "label": pull.label,
        "differences": None if found is None else [found.first, found.second],
        "covariance": None if covariance is None else covariance.tolist(),
        "ellipse": None if ellipse is None else asdict(ellipse),
        "correlation": None if found is None else found.correlation,
        "unit": None if found is None else found.unit,
        "opposed": [] if found is None else list(found.opposed),
    }


def variance_data(results: Results) -> list[dict[str, Any]]:
    """Where the variance of each arm's scores comes from (STATS 3.1)."""
    return [
        {
            "principle": principle,
            "arm": arm,
            "between_scenarios": _known(found.between_variance),
            "between_seeds": _known(found.within_ms),
            "judge_share": _known(found.judge_share),
            "icc": _known(found.icc_single),
            "icc_of_mean": _known(found.icc_mean),
            "rerun_sd": _known(found.rerun_sd),
            "rerun_sd_single": _known(found.rerun_sd_single),
            "scenarios": found.scenarios,
            "seeds": found.seeds,
        }
        for (principle, arm), found in results.variance.items()
    ]


def slice_data(results: Results) -> dict[str, Any]:
    """The comparisons on parts of the scenarios, and how many were too small to say anything."""
    return {
        "note": EXPLORATORY,
        "too_small": results.slices.too_small,
        "found": [
            {
                "candidate": one.candidate,
                "principle": one.principle,
                "by": one.part.by,
                "value": one.part.value,
                "eval": one.part.eval,
                "difference": _known(one.difference.difference),
                "low": _known(one.difference.limits[0]),
                "high": _known(one.difference.limits[1]),
                "method": one.difference.method,
                "scenarios": one.difference.scenarios,
                "clusters": one.difference.clusters,
            }
            for one in results.slices.found
        ],
    }


def alike_data(results: Results) -> dict[str, Any]:
    """How alike each arm's replies are, by eval and measure; shares, and more is more alike."""
    return {
        "note": ALIKE,
        "found": [
            {
                "eval": one.eval,
                "measure": one.measure,
                "arm": one.arm,
                "mean": _known(one.found.mean),
                "low": _known(one.found.low),
                "high": _known(one.found.high),
                "difference": None if one.difference is None else asdict(one.difference),
                "scenarios": one.found.scenarios,
                "clusters": one.found.clusters,
                "seeds": one.found.seeds,
            }
            for one in results.alike
        ],
    }


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


# For people --------------------------------------------------------------------------------------


def limit_lines(results: Results) -> list[str]:
    """The limits on resources, in words."""
    return [_limit(one) for one in results.decision.resources]


def _limit(one: ResourceVerdict) -> str:
    blocking = "" if one.rule.blocking else ", not blocking"
    mean = ""
    if one.found.baseline is not None and one.found.candidate is not None:
        mean = f" ({one.found.baseline:.4g} before, {one.found.candidate:.4g} now, a reply)"
    return (
        f"{LIMIT_MARKS[one.outcome]} {plain(one.candidate)}, {one.resource}: {one.outcome}"
        f"{blocking}; {one.reason}{mean}."
    )


def gain_lines(results: Results) -> list[str]:
    """What more time or money bought, where it is established that there was more of it."""
    return [
        f"{plain(one.candidate)}, {plain(one.principle)}: {_amount(one.found.per_unit)} for each "
        f"{one.unit} more."
        for one in results.gains
        if one.found.per_unit.value is not None
    ]


def _amount(one: Estimate) -> str:
    if one.value is None or one.low is None or one.high is None:
        return UNKNOWN if one.value is None else signed(one.value)
    return f"{signed(one.value)} ({interval(one.low, one.high)})"


def tension_lines(results: Results) -> list[str]:
    """Two values together, in words."""
    return [" ".join(_tension_parts(pull)) for pull in results.tensions]


def _tension_parts(pull: Pull) -> Iterator[str]:
    first, second = plain(pull.first.principle), plain(pull.second.principle)
    yield f"{plain(pull.candidate)}, {first} against {second}: {pull.label}."
    found = pull.tension
    if found is None:
        yield "One of the two was not measured in both arms."
        return
    yield f"Differences {signed(found.first)} and {signed(found.second)}."
    if found.correlation is not None:
        yield f"Over {found.unit}s they correlate {found.correlation:+.2f}."
    if found.opposed:
        shown = ", ".join(plain(name) for name in found.opposed[:MOST_OPPOSED])
        more = len(found.opposed) - MOST_OPPOSED
        rest = f" and {more} more" if more > 0 else ""
        yield f"{first} gained and {second} lost on {shown}{rest}."


def variance_rows(results: Results) -> list[dict[str, str]]:
    """Where the variance comes from, in cells; standard deviations, on the scale of the scores."""
    return [
        {
            "principle": principle,
            "arm": arm,
            "scenarios": _deviation(found.between_variance),
            "seeds": _deviation(found.within_ms),
            "judge": share(found.judge_share, 2),
            "icc": share(found.icc_single, 2),
        }
        for (principle, arm), found in results.variance.items()
    ]


TAKEN = {"calls": ".2f", "seconds": ".2f", "tokens": ",.0f", "cost": ".4f"}
"""The resources in the order of their columns, with the form of their numbers."""


def taken_columns(results: Results) -> list[str]:
    """The resources that anybody measured."""
    measured = {one.resource for one in results.taken}
    return [name for name in TAKEN if name in measured]


def taken_rows(results: Results) -> list[list[str]]:
    """What a reply takes, in cells: eval, arm, and a mean with its interval for each column."""
    columns = taken_columns(results)
    rows: dict[tuple[str | None, str], dict[str, str]] = {}
    for one in results.taken:
        cells = rows.setdefault((one.eval, one.arm), {})
        cells[one.resource] = estimate(one.mean, TAKEN[one.resource])
    return [
        [
            "all together" if home is None else plain(home),
            plain(arm),
            *(cells.get(name, UNKNOWN) for name in columns),
        ]
        for (home, arm), cells in rows.items()
    ]


ALL_PASS = (
    "pass^k: how often k replies to one scenario all meet the whole principle (a score of 1); from "
    "c of n scored seeds C(c, k) / C(n, k), averaged over scenarios. Scenarios with fewer than k "
    "scored seeds are left out: a cell then says how many are in it, and those may be the easier "
    "ones. Not gated."
)


def all_pass_columns(results: Results) -> list[str]:
    """One for each k, up to the most seeds that a principle has."""
    most = max((len(found) for found in results.all_pass.values()), default=0)
    return [f"pass^{k}" for k in range(1, most + 1)]


def all_pass_rows(results: Results) -> list[list[str]]:
    """pass^k in cells: principle, arm, and a value with its interval for each k."""
    most = len(all_pass_columns(results))
    return [
        [plain(principle), plain(arm), *cells, *[UNKNOWN] * (most - len(cells))]
        for (principle, arm), found in results.all_pass.items()
        for scenarios in [len(results.panels[principle].scenarios)]
        for cells in [[_passed(one, scenarios) for one in found]]
    ]


def _passed(one: ArmEstimate, scenarios: int) -> str:
    cell = share(one.mean, 2)
    if isfinite(one.low):
        cell += f" ({share(one.low, 2)} to {share(one.high, 2)})"
    if 0 < one.scenarios < scenarios:
        cell += f", {one.scenarios} of {scenarios}"
    return cell


def _deviation(variance: float) -> str:
    return share(variance**0.5) if isfinite(variance) else UNKNOWN


def slice_rows(results: Results) -> list[dict[str, str]]:
    """The first slices, in cells."""
    return [_slice(one) for one in results.slices.found[:MOST_SLICES]]


def _slice(one: Slice) -> dict[str, str]:
    return {
        "candidate": plain(one.candidate),
        "principle": plain(one.principle),
        "slice": plain(one.part.words),
        "difference": signed(one.difference.difference),
        "interval": interval(*one.difference.limits),
        "sizes": f"{one.difference.scenarios} in {one.difference.clusters}",
    }


def alike_rows(results: Results) -> list[dict[str, str]]:
    """How alike each arm's replies are, in cells."""
    return [_alike(one) for one in results.alike]


def _alike(one: Alike) -> dict[str, str]:
    return {
        "eval": plain(one.eval),
        "measure": one.measure,
        "arm": plain(one.arm),
        "mean": share(one.found.mean, 2),
        "interval": arm_interval(one.found),
        "difference": "baseline" if one.difference is None else _amount(one.difference),
        "sizes": f"{one.found.scenarios} in {one.found.clusters}",
    }


def slice_notes(results: Results) -> list[str]:
    """What is to be known before slices are read."""
    notes = [EXPLORATORY]
    if results.slices.too_small:
        notes.append(f"{results.slices.too_small} slices have too few clusters to say anything.")
    if len(results.slices.found) > MOST_SLICES:
        notes.append(f"The first {MOST_SLICES} of {len(results.slices.found)}; the JSON has all.")
    return notes
