"""Which replies were preferred: as data, as cells, and in words."""

from dataclasses import asdict
from math import isfinite
from typing import Any

from tastemaker.escaping import plain
from tastemaker.preferences import ONE_ORDER, Preference, Ranking
from tastemaker.report.words import UNKNOWN, level, signed
from tastemaker.results import Results
from tastemaker.stats.reported import Change, Estimate

NOTE = (
    "How often a candidate's reply is preferred to the baseline's to the same scenario and seed: a "
    "tie counts one half, and 50% is no preference."
)
BOTH_ORDERS = "Every pair is judged in both orders, and only pairs with both answers count."
NOT_GATED = "Not gated: `pairwise: {rule: {margin: ...}}` would make it decide."
PREDICTED = "Bradley-Terry log odds that sum to 0; a difference of 1 is preferred in 73% of pairs."
LENGTH_DECIDES = (
    "Length alone parts all wins from all losses: how it would be at equal length cannot be told."
)


# As data -----------------------------------------------------------------------------------------


def pairwise_data(results: Results) -> dict[str, Any] | None:
    """All of it; None where replies were not compared."""
    asked, compared = results.experiment.preference, results.preferences
    if asked is None or compared is None:
        return None
    return {
        "by": asked.by,
        "arms": asked.arms,
        "rule": asked.rule.model_dump() if asked.rule else None,
        "found": [_found(one, results.experiment.baseline_name) for one in compared.found],
        "strengths": [_ranking(one) for one in compared.rankings],
    }


def _found(one: Preference, baseline: str) -> dict[str, Any]:
    rate, paired = one.rate, one.paired
    return {
        "candidate": one.candidate,
        "baseline": baseline,
        "principle": one.principle,
        "win_rate": asdict(one.win_rate),
        "method": paired.method,
        "difference": _known(paired.difference),
        "low": _known(paired.limits[0]),
        "high": _known(paired.limits[1]),
        "p": one.p,
        "p_less": _known(paired.p_less),
        "p_greater": _known(paired.p_greater),
        "win": rate.win,
        "tie": rate.tie,
        "loss": rate.loss,
        "net": rate.net,
        "consistency": rate.consistency,
        "position_bias": asdict(rate.position_bias),
        "length_controlled": None if one.length is None else _length(one),
        "length_decides": one.length_decides,
        "replies": {
            name: {"candidate": means[0], "baseline": means[1]} for name, means in one.forms.items()
        },
        "scenarios": paired.scenarios,
        "clusters": paired.clusters,
        "seeds": paired.seeds,
        "pairs": rate.pairs,
        "half_judged": rate.half_judged,
        "one_order": None if one.one_order is None else asdict(_as_rate(one.one_order)),
        "unscored": dict(one.unscored),
    }


def _length(one: Preference) -> dict[str, Any]:
    assert one.length is not None
    return {**asdict(one.length.win_rate), "raw": one.length.raw, "psi": one.length.psi}


def _ranking(one: Ranking) -> dict[str, Any]:
    found = one.strengths
    return {
        "principle": one.principle,
        "arms": [
            {"arm": arm, **asdict(strength)}
            for arm, strength in zip(found.arms, found.strengths, strict=True)
        ],
        "preferred": [[_known(p) for p in row] for row in found.preferred.tolist()],
        "wins": found.wins.tolist(),
        "virtual_opponent": found.virtual_opponent,
    }


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _as_rate(found: Change) -> Estimate:
    """From 2w - 1 back to w."""
    limits = (found.estimate.value, found.estimate.low, found.estimate.high)
    value, low, high = (None if limit is None else (1 + limit) / 2 for limit in limits)
    return Estimate(value=value, low=low, high=high)


# For people --------------------------------------------------------------------------------------


def preference_rows(results: Results) -> list[dict[str, str]]:
    """A row for each candidate and question, in cells."""
    return [_row(one) for one in _of(results) if one.rate.pairs]


def _of(results: Results) -> tuple[Preference, ...]:
    return results.preferences.found if results.preferences else ()


def _row(one: Preference) -> dict[str, str]:
    rate = one.rate
    return {
        "candidate": plain(one.candidate),
        "question": _question(one.principle),
        "preferred": _percent(one.win_rate.value),
        "interval": _limits(one.win_rate),
        "p": UNKNOWN if one.p is None else f"{one.p:.2g}",
        "answers": f"{_whole(rate.win)} / {_whole(rate.tie)} / {_whole(rate.loss)}",
        "consistency": _whole(rate.consistency),
        "position": _signed(rate.position_bias),
        "sizes": f"{rate.pairs} of {one.paired.scenarios} in {one.paired.clusters}",
    }


def _question(principle: str | None) -> str:
    return "all in all" if principle is None else plain(principle)


def preference_notes(results: Results) -> list[str]:
    """What is to be known before they are read; nothing where nothing was compared."""
    asked = results.experiment.preference
    if asked is None or results.preferences is None:
        return []
    if not results.preferences.found:
        return ["No replies were compared."]
    both = any(one.rate.pairs for one in results.preferences.found)
    told = [NOTE, BOTH_ORDERS] if both else [NOTE]
    return told + ([NOT_GATED] if asked.rule is None else [])


def preference_lines(results: Results) -> list[str]:
    """What does not fit in cells: lengths, what is left out, one order only."""
    return [line for one in _of(results) for line in _lines(one, level(results))]


def _lines(one: Preference, interval_level: str) -> list[str]:
    name = f"{plain(one.candidate)}, {_question(one.principle)}"
    lines = []
    if one.one_order is not None:
        rate = _as_rate(one.one_order)
        told = f"preferred in {_percent(rate.value)} of pairs ({interval_level} {_limits(rate)})."
        lines.append(f"{name}: {told} {ONE_ORDER}")
    if "characters" in one.forms:
        ours, theirs = one.forms["characters"]
        told = f"{ours:,.0f} characters a reply, the baseline's {theirs:,.0f}."
        if one.length is not None and one.rate.pairs:
            told += f" At equal length preferred in {_estimate(one.length.win_rate)} of pairs."
        if one.length_decides:
            told += " " + LENGTH_DECIDES
        lines.append(f"{name}: {told}")
    if one.unscored:
        counts = ", ".join(f"{n} {plain(reason)}" for reason, n in one.unscored.items())
        left_out = "" if one.one_order else f"{one.rate.half_judged} pairs are left out; "
        lines.append(f"{name}: {left_out}answers without a preference: {counts}.")
    return lines


def order_lines(results: Results) -> list[str]:
    """What the order of two replies did to the judge, in words."""
    return [
        f"{plain(one.candidate)}, {_question(one.principle)}: the same answer in both orders for "
        f"{_whole(one.rate.consistency)} of pairs; position bias "
        f"{_signed(one.rate.position_bias)}."
        for one in _of(results)
        if one.rate.pairs
    ]


def strength_lines(results: Results) -> list[str]:
    """Three or more arms by strength, the strongest first, in words."""
    rankings = results.preferences.rankings if results.preferences else ()
    return [_strengths(one) for one in rankings] + ([PREDICTED] if rankings else [])


def _strengths(one: Ranking) -> str:
    found = sorted(
        zip(one.strengths.arms, one.strengths.strengths, strict=True),
        key=lambda pair: -(pair[1].value or 0.0),
    )
    told = ", ".join(f"{plain(arm)} {_signed(strength)}" for arm, strength in found)
    added = ""
    if one.strengths.virtual_opponent:
        added = " Half a win and half a loss were added to every arm, as one never wins or loses."
    return f"Strengths, {_question(one.principle)}: {told}.{added}"


def _signed(found: Estimate) -> str:
    if found.value is None:
        return UNKNOWN
    if found.low is None or found.high is None:
        return signed(found.value, 2)
    return f"{signed(found.value, 2)} ({signed(found.low, 2)} to {signed(found.high, 2)})"


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.1f}%"


def _whole(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.0f}%"


def _limits(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return UNKNOWN
    return f"{_percent(found.low)} to {_percent(found.high)}"


def _estimate(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return _percent(found.value)
    return f"{_percent(found.value)} ({_limits(found)})"
