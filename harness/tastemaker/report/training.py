"""What reports say of arms that were trained: retention, series, ablations; as data and words."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tastemaker.ablations import Ablation, Effect
from tastemaker.checkpoints import Course, Series
from tastemaker.escaping import plain
from tastemaker.report.choosing import moved
from tastemaker.report.words import UNKNOWN, share, signed
from tastemaker.results import Results
from tastemaker.retained import Kept
from tastemaker.stats.ablation import CONDITIONAL
from tastemaker.stats.reported import Change

SCENARIOS_ONLY = (
    "Intervals at 95% say what other scenarios like these would show, not what training again "
    "would. Reported, never gated."
)
MOST_LINES = 60
"""How many lines a report for people shows of a kind; the JSON has all."""
LEVEL = 0.05
"""Of adjusted p-values below which a change is told as established."""


# As data -----------------------------------------------------------------------------------------


def retention_data(results: Results) -> list[dict[str, Any]]:
    """The share of a feature's gain that a merge kept; differences from the baseline beside it."""
    return [
        {
            "feature": one.merge.feature,
            "merged": one.merge.merged,
            "principle": one.principle,
            "share": asdict(one.found.share),
            "gain": _tested(one.found.gain),
            "kept": _tested(one.found.kept),
            "against_feature": _tested(one.found.against_feature),
        }
        for one in results.retention
    ]


def _tested(found: Change) -> dict[str, Any]:
    return {
        **asdict(found.estimate),
        "p_less": found.p_less,
        "p_greater": found.p_greater,
        "scenarios": found.scenarios,
        "clusters": found.clusters,
    }


def series_data(results: Results) -> dict[str, Any] | None:
    """The arms in a row; None where the experiment names no series."""
    found = results.series
    if found is None:
        return None
    return {
        "by": found.by,
        "arms": [{"arm": arm, "step": step} for arm, step in found.members],
        "left_out": list(found.left_out),
        "first_regressed": found.first,
        "lost": list(found.lost),
        "problem": found.problem,
        "note": SCENARIOS_ONLY,
        "principles": [_course(one, found) for one in found.courses],
    }


def _course(one: Course, of: Series) -> dict[str, Any]:
    against = zip(of.compared, one.against, one.p_adjusted, one.shrunken, strict=True)
    return {
        "principle": one.principle,
        "means": list(one.means),
        "slope": {**_tested(one.slope), "p_adjusted": one.slope_p},
        "kendall_tau": one.tau,
        "changepoint": None
        if one.changed is None
        else {
            "at": of.members[one.changed.at][0],
            "shift": asdict(one.changed.shift),
            "p": one.changed.p_value,
            "p_adjusted": one.changed_p,
        },
        "against_baseline": [
            {
                "arm": arm,
                "difference": None if estimate is None else asdict(estimate),
                "p_regressed_adjusted": p,
                "shrunken": shrunken,
            }
            for arm, estimate, p, shrunken in against
        ],
        "ranks": [{"arm": arm, "best": best, "worst": worst} for arm, best, worst in one.ranks],
    }


def ablation_data(results: Results) -> dict[str, Any] | None:
    """What factors add; None where the experiment names none."""
    found = results.ablation
    if found is None:
        return None
    return {
        "factors": {name: {"without": w, "with": i} for name, (w, i) in found.values.items()},
        "arms": list(found.arms),
        "left_out": list(found.left_out),
        "df": found.df,
        "conditional": found.conditional,
        "note": found.note,
        "effects": [
            {
                "principle": one.principle,
                "factor": one.found.factor,
                "effect": asdict(one.found.effect),
                "p": one.found.p_value,
                "p_adjusted": one.p_adjusted,
                "verdict": one.verdict,
            }
            for one in found.effects
        ],
        "problems": list(found.problems),
    }


# For people --------------------------------------------------------------------------------------


def retention_lines(results: Results) -> list[str]:
    """What each merge kept, in words."""
    return _cut([_retained(one, results.experiment.baseline_name) for one in results.retention])


def _retained(one: Kept, base: str) -> str:
    found, feature = one.found, plain(one.merge.feature)
    merged, principle = plain(one.merge.merged), plain(one.principle)
    gain = f"{feature} gained {moved(found.gain.estimate)} over {plain(base)}"
    if found.gain.estimate.value is None:
        return f"{principle}: no scenario is scored in {plain(base)}, {feature} and {merged}."
    if found.share.value is None:
        return f"{principle}: {gain}, which establishes no gain: no share of it can be kept."
    return (
        f"{principle}: {merged} kept {_percent(found.share.value)}"
        f"{_between(found.share.low, found.share.high)} of what {feature} gained; {gain}, "
        f"{merged} {moved(found.kept.estimate)}."
    )


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({_percent(low)} to {_percent(high)})"


def series_lines(results: Results) -> list[str]:
    """What happened over the series, in words, without what stands in `series_rows`."""
    found = results.series
    if found is None:
        return []
    return [plain(text) for text in _series(found, results.experiment.baseline_name)]


def _series(found: Series, baseline: str) -> Iterator[str]:
    if found.left_out:
        shown = ", ".join(found.left_out[:10])
        more = len(found.left_out) - 10
        rest = f" and {more} more" if more > 0 else ""
        yield f"Without the factor '{found.by}', so not in the series: {shown}{rest}."
    if found.problem is not None:
        yield found.problem
        return
    (_, start), (_, end) = found.members[0], found.members[-1]
    yield (
        f"The trend is what a straight line through each scenario's scores gains from {found.by} "
        f"{start:g} to {end:g}."
    )
    if found.first is None:
        yield f"No member is established to have lost against {baseline} on any principle."
    else:
        step = dict(found.members)[found.first]
        yield (
            f"First to lose against {baseline}: {found.first} ({found.by} {step:g}), on "
            f"{', '.join(found.lost)}."
        )
    for one in found.courses:
        if one.changed is not None and one.changed_p is not None and one.changed_p <= LEVEL:
            yield (
                f"{one.principle} changed most at {found.members[one.changed.at][0]}: "
                f"{moved(one.changed.shift)} (the place was picked for being large)."
            )


def series_rows(results: Results) -> list[dict[str, str]]:
    """A principle a row: from the first step to the last."""
    found = results.series
    if found is None:
        return []
    run = found.members[-1][1] - found.members[0][1]
    return [_row(one, run) for one in found.courses[:MOST_LINES]]


def _row(one: Course, run: float) -> dict[str, str]:
    slope = one.slope.estimate
    limits = UNKNOWN
    if slope.low is not None and slope.high is not None:
        limits = f"{signed(slope.low * run)} to {signed(slope.high * run)}"
    return {
        "principle": plain(one.principle),
        "first": _known(one.means[0]),
        "last": _known(one.means[-1]),
        "trend": UNKNOWN if slope.value is None else signed(slope.value * run),
        "interval": limits,
        "p": UNKNOWN if one.slope_p is None else f"{one.slope_p:.2g}",
        "tau": UNKNOWN if one.tau is None else f"{one.tau:+.2f}",
    }


def _known(value: float | None) -> str:
    return UNKNOWN if value is None else share(value)


def rank_rows(results: Results) -> list[dict[str, str]]:
    """An arm and principle a row: the ranks it may have, and its shrunken difference."""
    found = results.series
    if found is None:
        return []
    rows = []
    for one in found.courses:
        shrunken = dict(zip(found.compared, one.shrunken, strict=True))
        for arm, best, worst in one.ranks:
            value = shrunken.get(arm)
            rows.append(
                {
                    "principle": plain(one.principle),
                    "arm": plain(arm),
                    "rank": str(best) if best == worst else f"{best} to {worst}",
                    "shrunken": UNKNOWN if value is None else signed(value),
                }
            )
    return rows


def ablation_lines(results: Results) -> list[str]:
    """What the factors add, in words."""
    found = results.ablation
    return [] if found is None else [plain(text) for text in _ablation(found)]


def _ablation(found: Ablation) -> Iterator[str]:
    factors = len(found.values)
    yield (
        f"{len(found.arms)} arms, {factors} factor{'' if factors == 1 else 's'}: {found.df} "
        f"degree{'' if found.df == 1 else 's'} of freedom; "
        f"{CONDITIONAL if found.conditional else 'the arms are the units'}."
    )
    if found.left_out:
        yield f"Without all of these factors, so left out: {', '.join(found.left_out)}."
    yield from found.problems
    yield from _cut([_effect(one, found) for one in found.effects])


def _effect(one: Effect, of: Ablation) -> str:
    without, with_it = of.values[one.found.factor]
    verdict = f": {one.verdict}, Holm's p {one.p_adjusted:.2g}" if one.verdict else ""
    return (
        f"{one.principle}: {one.found.factor} {written(with_it)} instead of {written(without)} "
        f"{moved(one.found.effect)}{verdict}."
    )


def written(value: Any) -> str:
    """A value of a factor, as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return lines[:MOST_LINES] + ([f"... and {more} more; the JSON has all."] if more > 0 else [])
