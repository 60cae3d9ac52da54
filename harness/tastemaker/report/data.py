"""Results as one JSON object: what `gate --json` prints."""

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

from tastemaker.calibration import Correction
from tastemaker.gate import EXIT_CODES, Outcome, Verdict
from tastemaker.report.beside import (
    alike_data,
    all_pass_data,
    gain_data,
    look_data,
    resource_data,
    slice_data,
    taken_data,
    tension_data,
    variance_data,
)
from tastemaker.report.choosing import choice_data
from tastemaker.report.graders import panel_data
from tastemaker.report.preferences import pairwise_data
from tastemaker.report.training import ablation_data, retention_data, series_data
from tastemaker.report.words import corrected
from tastemaker.results import Results, Spent
from tastemaker.stats.components import advice
from tastemaker.stats.estimates import ArmEstimate


def exit_code(results: Results) -> int:
    """The exit code of the outcome, as the experiment wishes inconclusive to count."""
    wished = {"fail": Outcome.FAIL, "warn": Outcome.PASS}
    outcome = results.decision.outcome
    if outcome is Outcome.INCONCLUSIVE:
        outcome = wished.get(results.experiment.on_inconclusive or "", outcome)
    return EXIT_CODES[outcome]


def as_data(results: Results) -> dict[str, Any]:
    """Plain data with the keys of DESIGN section 3; what cannot be computed is None."""
    return {
        "outcome": str(results.decision.outcome),
        "exit_code": exit_code(results),
        "experiment": results.experiment.name,
        "record": results.record["record"],
        "reasons": list(results.decision.reasons),
        "limited": results.record.get("limit") is not None,
        "looks": look_data(results),
        "verdicts": [_verdict(verdict) for verdict in results.decision.verdicts],
        "by_eval": [
            {
                "candidate": candidate,
                "principle": principle,
                "eval": name,
                "difference": _number(paired.difference),
                "low": _number(paired.limits[0]),
                "high": _number(paired.limits[1]),
                "scenarios": paired.scenarios,
                "clusters": paired.clusters,
            }
            for (candidate, principle, name), paired in results.by_eval.items()
        ],
        "pairwise": pairwise_data(results),
        "resources": resource_data(results),
        "tensions": tension_data(results),
        "choices": choice_data(results),
        "retention": retention_data(results),
        "series": series_data(results),
        "ablation": ablation_data(results),
        "taken": taken_data(results),
        "gains": gain_data(results),
        "variance": variance_data(results),
        "all_pass": all_pass_data(results),
        "slices": slice_data(results),
        "alike": alike_data(results),
        "unscored": {arm: dict(counts) for arm, counts in results.unscored.items()},
        "spent": {arm: _spent(spent) for arm, spent in results.spent.items()},
        "panel": panel_data(results),
        "warnings": list(results.warnings),
    }


def as_json(results: Results) -> str:
    """`as_data` as indented JSON; strict, so without NaN."""
    return json.dumps(as_data(results), indent=2, allow_nan=False) + "\n"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    paired = verdict.paired
    return {
        "candidate": verdict.candidate,
        "principle": verdict.principle,
        "verdict": str(verdict.kind),
        "severity": verdict.severity,
        "blocking": verdict.rule.blocking,
        "superior": verdict.rule.superior,
        "difference": _number(paired.difference),
        "low": _number(paired.limits[0]),
        "high": _number(paired.limits[1]),
        "method": paired.method,
        "margin": verdict.rule.margin,
        "p_regressed": verdict.p_regressed,
        "p_regressed_adjusted": verdict.p_regressed_adjusted,
        "p_improved": verdict.p_improved,
        "p_improved_adjusted": verdict.p_improved_adjusted,
        "baseline": _arm(paired.baseline),
        "candidate_score": _arm(paired.candidate),
        "scenarios": paired.scenarios,
        "clusters": paired.clusters,
        "informative_clusters": paired.informative_clusters,
        "seeds": paired.seeds,
        "unscored": paired.unscored,
        "seed_share": _number(paired.seed_share),
        "seed_advice": advice(paired.seed_share),
        "variance_of_difference": {
            "total": _number(paired.components.difference_variance),
            "scenarios": _number(paired.components.true_variance),
            "baseline_seed": _number(paired.components.baseline_variance),
            "candidate_seed": _number(paired.components.candidate_variance),
        },
        "detectable": _number(paired.minimum_detectable_effect),
        "needed_clusters": verdict.needed_clusters,
        "look": verdict.at.look if verdict.at else None,
        "interval_level": 1 - verdict.at.alpha if verdict.at else None,
        "headroom": {
            "room": _number(verdict.headroom.room),
            "saturated": verdict.headroom.saturated,
            "baseline_low_enough": verdict.headroom.low_enough,
        },
        "notes": list(paired.notes),
        "calibrated": _calibrated(verdict),
        "reason": verdict.reason,
    }


def _calibrated(verdict: Verdict) -> dict[str, Any] | None:
    """What people's marks say of the judge of a verdict, where they do."""
    people = verdict.people
    if people is None:
        return None
    return {
        "decides": verdict.judged is not None,
        "corrected": correction_data(people.correction, people.verdict),
        "judge_only": {
            "difference": people.judge_only.value,
            "low": people.judge_only.low,
            "high": people.judge_only.high,
            "verdict": people.judge_verdict,
        },
        "may_gate": people.may_gate,
        "may_gate_alone": people.may_gate_alone,
        "reason": people.reason,
    }


def correction_data(one: Correction | None, verdict: str) -> dict[str, Any] | None:
    """A corrected difference with its verdict."""
    if one is None:
        return None
    shown = corrected(one)
    return {
        "difference": shown.value,
        "low": shown.low,
        "high": shown.high,
        "lambda": one.lam,
        "verdict": verdict,
        "labelled": one.labelled,
        "unlabelled": one.unlabelled,
        "clusters": one.clusters,
        "labels_needed": one.labels_needed,
        "baseline_missing": one.baseline_missing,
        "candidate_missing": one.candidate_missing,
        "guarded": one.guarded,
        "notes": list(one.notes),
    }


def _arm(estimate: ArmEstimate) -> dict[str, float | None]:
    return {
        "mean": _number(estimate.mean),
        "low": _number(estimate.low),
        "high": _number(estimate.high),
        "rerun_sd": _number(estimate.rerun_sd),
        "rerun_sd_single": _number(estimate.rerun_sd_single),
    }


def _spent(spent: Spent) -> dict[str, Any]:
    return {
        name: _number(value) if isinstance(value, float) else value
        for name, value in asdict(spent).items()
    }


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None
