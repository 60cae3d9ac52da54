"""What people's marks have shown of a judge, and whether such a judge may gate. Pure.

`calibrate` finds it out and writes it beside the tables; the gate and reports read it there. The
rule is explained in `docs/decisions/0007-calibrated-judge.md`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from math import isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from tastemaker.content import file_fingerprint, fingerprint, inside
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment, Problems
from tastemaker.families import family
from tastemaker.marks import MARKS, MarkStore
from tastemaker.reading import file_near, shown
from tastemaker.record import grading
from tastemaker.stats.agreement import Agreement, Rate
from tastemaker.stats.intervals import t_cdf
from tastemaker.stats.paired import Difference, Paired
from tastemaker.stats.power import detectable_from_interval
from tastemaker.stats.reported import Estimate
from tastemaker.tables import REPLIES, SCORES, judged_principles

CALIBRATION = "calibration.json"

LEAST_AC1 = 0.6
LEAST_KAPPA = 0.4
"""The floors of STATS section 6.3."""
RARE_SHARE = 0.1
RARE_MARKS = 10
"""Where people give the rarer answer less often than this, kappa collapses though people and judge
agree (STATS section 6.3): there it decides nothing."""
QUOTABLE = 30
"""Marks of an answer from which the share that the judge gets right may be quoted (STATS 6.2)."""


# What was found ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Marks by people's answer and the judge's, as plain counts. Of binary criteria only."""

    met_met: int
    """People say met, and so does the judge."""
    met_unmet: int
    """People say met, the judge unmet."""
    unmet_met: int
    unmet_unmet: int


@dataclass(frozen=True, kw_only=True)
class ArmErrors:
    """How the judge errs on the replies of one arm."""

    marks: Confusion
    sensitivity: Rate
    """Share of what is met for people that the judge calls met; weighed by one over the chance."""
    specificity: Rate
    judge_minus_human: Estimate
    """On the scale of the scores, from -1 to 1: above 0 the judge is the more lenient."""


@dataclass(frozen=True, kw_only=True)
class Among:
    """How far people agree with each other, over every pair of raters of one question."""

    raters: int
    replies: int
    """That at least two raters answered about."""
    pairs: int
    pass_rate: float | None
    """Mean answer: kappa means little without it."""
    agreement: Estimate
    kappa: Estimate
    ac1: Estimate
    alpha: Estimate


@dataclass(frozen=True, kw_only=True)
class Against:
    """The judge held against people. Of a principle, answers are turned so that 1 is good."""

    replies: int
    """Marked by people and scored by the judge."""
    cannot_say: int
    """Marks by which people said that they cannot tell; not among the others."""
    unscored: int
    """Marks on what the judge left without an answer; not among the others."""
    found: Agreement
    by_arm: Mapping[str, ArmErrors]
    among: Among


@dataclass(frozen=True, kw_only=True)
class CriterionCalibration:
    """One criterion of one eval, over all arms."""

    eval: str
    principle: str
    criterion: str
    against: Against


@dataclass(frozen=True, kw_only=True)
class CorrectedDifference:
    """A difference as people would have scored it (STATS section 6.1)."""

    difference: float
    low: float | None
    high: float | None
    """None when one cluster alone is labelled."""
    lam: float
    """Lambda in [0, 1]: how much the judge is used; 0 is people's marks alone."""
    se: float | None
    df: float
    guarded: bool
    labelled: int
    """Scenarios with marks on the same seed of both arms."""
    unlabelled: int
    clusters: int
    """With a label."""
    effective_clusters: float
    informative_clusters: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Correction(CorrectedDifference):
    """The corrected difference of a principle, and how it stands with the marks it rests on."""

    labels_needed: int | None
    """Scenarios to label so that the gate would most likely certify an equal candidate; None where
    the margin is 0."""
    baseline_missing: float
    """Share of people's scores that the plan asked for and nobody gave: "cannot say", or not
    marked."""
    candidate_missing: float
    worst: CorrectedDifference | None
    """With each of them 0 for the candidate and 1 for the baseline; None where few are missing."""
    best: CorrectedDifference | None
    """The reverse."""


@dataclass(frozen=True, kw_only=True)
class PrincipleCalibration:
    """One principle (or principle@eval) of one candidate and the baseline."""

    candidate: str
    principle: str
    margin: float
    against: Against
    """Over the marks on all its judged criteria, of both arms."""
    judge_only: Estimate
    favour: Estimate
    """(judge - people) on the candidate less the same on the baseline; above 0 it is favoured."""
    own_family: Estimate | None
    """(judge - people) on the arm of the judge's family less the other arm's: self-preference
    (STATS section 6.4). None unless just one of the arms is of its family."""
    correction: Correction | None
    """None when no scenario has marks on both arms."""
    verdict: str
    """What the gate's ladder says of the corrected difference, in one family with the other
    principles; NOT_EVALUABLE below 50 labelled scenarios, and before the plan is finished."""
    judge_verdict: str
    may_gate: bool
    """By its corrected difference."""
    may_gate_alone: bool
    """Also without marks on the replies it judges: it leans to neither arm by a margin."""
    reason: str

    @property
    def labelled(self) -> int:
        """Scenarios with marks on the same seed of both arms."""
        return self.correction.labelled if self.correction else 0


@dataclass(frozen=True, kw_only=True)
class RubricSentence:
    """Whether the judge may gate the principles of one eval's rubric."""

    eval: str
    rubric: str
    may_gate: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Voice:
    """What one rater, or the judge, said."""

    who: str
    value: float | None
    """None: cannot say."""
    quote: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One question about one reply on which people and the judge differ."""

    eval: str
    scenario: str
    seed: int
    arm: str
    principle: str
    criterion: str
    size: float
    """|people - judge| times the criterion's share of its principle, in (0, 1]."""
    human: float
    """The agreed answer, or the mean of the raters'."""
    judge: Voice
    people: tuple[Voice, ...]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The plan that says what people mark, how far they are, and what was done before it."""

    kind: str
    replies: int
    """To be marked, once for each of their raters."""
    finished: int
    """Of these, with an answer to each judged question; "cannot say" is one."""
    looks: int
    """On how many different states of its marks a calibration was computed, this one included."""
    reseated: int
    """How often who rates was changed after the first mark."""
    given_up: int
    """Plans before it whose marks were set aside."""
    aside: int
    """The marks of these."""

    @property
    def lacking(self) -> str:
        """That it is not finished, as a part of a sentence; "" when it is.

        Who looks while marks come in, and stops when they please, finds what they wish for.
        """
        if self.finished >= self.replies:
            return ""
        return f"the plan is not finished: {self.finished} of {self.replies} replies are marked"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many marks there are, and what became of them."""

    raters: int
    marks: int
    """Standing marks of raters, the agreed ones apart."""
    consensus: int
    replies: int
    """With at least one mark."""
    cannot_say: int
    outside: int
    """About replies that the plan does not have: left out."""
    stale: int
    """About another text, or another question, than is there now: left out."""
    strange: int
    """About what the run does not have: left out."""
    on_checks: int
    """About criteria that a check decides: left out."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a calibration rests on, as hashes."""

    record: str
    judge: str
    """The judge's prompt."""
    grader: str
    rubrics: Mapping[str, str]
    """By eval."""
    scores: str
    replies: str
    marks: str
    """Of the answers that stand, and of the chances of the plan."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """All that `tastemaker calibrate` finds."""

    experiment: str
    basis: Basis
    min_labels: int
    """From which `may_gate` was told."""
    families: Mapping[str, bool]
    """By arm: whether a grader is of its model's family."""
    principles: tuple[PrincipleCalibration, ...]
    criteria: tuple[CriterionCalibration, ...]
    rubrics: tuple[RubricSentence, ...]
    disagreements: tuple[Disagreement, ...]
    """Worst first."""
    plan: Planned
    counts: Counts
    notes: tuple[str, ...]

    def of(self, candidate: str, principle: str) -> PrincipleCalibration | None:
        """The entry of a principle of a candidate."""
        for one in self.principles:
            if (one.candidate, one.principle) == (candidate, principle):
                return one
        return None


# The rule ----------------------------------------------------------------------------------------


class Sentence(NamedTuple):
    """Whether a judge may gate, and why, in one sentence."""

    may_gate: bool
    alone: bool
    reason: str


def sentence(
    against: Against,
    correction: Correction | None,
    favour: Estimate,
    margin: float,
    plan: Planned,
    min_labels: int,
) -> Sentence:
    """May this judge gate this principle? By its corrected difference, alone, or not at all."""
    lacking = shortcomings(against, correction, plan, min_labels)
    if lacking:
        return Sentence(False, False, f"This judge may not gate it: {'; '.join(lacking)}.")
    assert correction is not None
    found = against.found
    on = (
        f"{correction.labelled} scenarios are labelled, AC1 {_two(found.ac1.value)}, "
        f"kappa {_two(found.kappa.value)} at a pass rate of {_two(found.human_rate)}"
    )
    if plan.looks > 1:
        on += f", in the {_nth(plan.looks)} calibration of this plan"
    leaning = not_alone(against, correction, favour, margin)
    if leaning:
        return Sentence(
            True, False, f"This judge may gate it by the corrected difference: {on}; {leaning}."
        )
    return Sentence(
        True,
        True,
        f"This judge may gate it, corrected or alone: {on}, and it leans to neither arm by the "
        f"margin of {margin:g} ({_interval(favour)}).",
    )


def shortcomings(
    against: Against, correction: Correction | None, plan: Planned, min_labels: int
) -> tuple[str, ...]:
    """Why the judge is not good enough, or not known to be, in parts of a sentence."""
    if correction is None:
        return ("no scenario has marks on the same seed of both arms",)
    lacking = [plan.lacking] if plan.lacking else []
    if correction.labelled < min_labels:
        lacking.append(f"{correction.labelled} scenarios are labelled, {min_labels} are needed")
    if correction.low is None:
        lacking.append("its corrected difference has no interval")
    found = against.found
    if found.ac1.value is None or found.ac1.value < LEAST_AC1:
        lacking.append(f"AC1 with people is {_two(found.ac1.value)}, below {LEAST_AC1:g}")
    if _kappa_counts(against) and (found.kappa.value is None or found.kappa.value < LEAST_KAPPA):
        lacking.append(f"kappa with people is {_two(found.kappa.value)}, below {LEAST_KAPPA:g}")
    for arm, errors in against.by_arm.items():
        if no_better_than_chance(errors):
            lacking.append(
                f"on {arm} it is not known to be better than chance (sensitivity "
                f"{_two(errors.sensitivity.value)}, specificity {_two(errors.specificity.value)})"
            )
    return tuple(lacking)


def _kappa_counts(against: Against) -> bool:
    """Whether the rarer answer is common enough for kappa to mean something."""
    rate, counts = against.found.human_rate, [one.marks for one in against.by_arm.values()]
    if rate is None or not RARE_SHARE <= rate <= 1 - RARE_SHARE:
        return False
    met = sum(one.met_met + one.met_unmet for one in counts)
    unmet = sum(one.unmet_met + one.unmet_unmet for one in counts)
    # Levels are in no confusion; what is neither met nor unmet is no rare answer either.
    return met + unmet == 0 or min(met, unmet) >= RARE_MARKS


def no_better_than_chance(errors: ArmErrors) -> bool:
    """Whether sensitivity and specificity leave open that the judge guesses.

    With fewer than 10 marks of an answer nothing is said; below 30 the values are looked at; from
    30 on (STATS section 6.2) the lower ends of their intervals have to be better than chance.
    """
    rates = (errors.sensitivity, errors.specificity)
    if min(one.items for one in rates) < RARE_MARKS:
        return False
    if min(one.items for one in rates) < QUOTABLE:
        return sum(one.value or 0.0 for one in rates) <= 1
    return sum(one.low or 0.0 for one in rates) <= 1


def not_alone(
    against: Against, correction: Correction | None, favour: Estimate, margin: float
) -> str:
    """Why a judge that is good enough may not decide without people; "" when it may."""
    if correction is None or correction.worst is not None:
        return "too much of what people were asked has no answer to let it decide alone"
    return leans(favour, margin) or hardly_seen(against)


def hardly_seen(against: Against) -> str:
    """Why too little is known of both answers to let the judge decide alone; "" when enough is.

    Where hardly anything fails, a judge that says "met" to everything agrees with people, and
    leans to nobody. Its corrected difference is still right; without people's marks it is not. So
    each arm needs 30 marks of either answer (STATS section 6.2), and a judge that is certainly
    better than chance on them.
    """
    for arm, errors in against.by_arm.items():
        rates = (errors.sensitivity, errors.specificity)
        fewest = min(one.items for one in rates)
        if fewest < QUOTABLE:
            return (
                f"on {arm} it was seen with only {fewest} marks of one of the answers, and "
                f"{QUOTABLE} of each are needed to let it decide alone"
            )
        if sum(one.low or 0.0 for one in rates) <= 1:
            return f"on {arm} it is not certain to be better than chance"
    return ""


def leans(favour: Estimate, margin: float) -> str:
    """Why the judge's own difference cannot be taken as it is; "" when it can.

    The whole interval of (judge - people), candidate less baseline, has to lie inside the margin.
    """
    if favour.value is None or favour.low is None or favour.high is None:
        return "how far it leans to one arm is not known, so it may not gate alone"
    if -margin < favour.low and favour.high < margin:
        return ""
    to = "the candidate" if favour.value > 0 else "the baseline"
    how = "leans to" if favour.excludes(0) else "may lean to"
    return f"it {how} {to} ({_interval(favour)}), so it may not gate alone"


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 20 else ending}"


def _two(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _interval(estimate: Estimate) -> str:
    if estimate.value is None:
        return "unknown"
    limits = (
        ""
        if estimate.low is None or estimate.high is None
        else f", {estimate.low:+.3f} to {estimate.high:+.3f}"
    )
    return f"{estimate.value:+.3f}{limits}"


# What the gate decides on ------------------------------------------------------------------------


def corrected(paired: Paired, by: Correction, *, alpha: float = 0.05) -> Paired:
    """The comparison with its difference, interval and tests as people's marks correct them.

    `alpha` is that of the interval.

    STATS has no sign-flip test of a corrected difference: the p-values are Student's, with the
    interval's error and df. Clusters are those with a label, which all certainty rests on. The
    judge's scores that are missing shift it by as much as they shift the judge's own difference,
    which is the most they can; people's that are missing are filled before it is corrected. The
    means of the arms stay the judge's.
    """
    whole = replace(
        paired,
        **_adjusted(by),
        scenarios=by.labelled + by.unlabelled,
        minimum_detectable_effect=detectable_from_interval(_half_width(by), alpha=alpha),
        notes=by.notes,
    )
    if by.worst is None and not paired.too_much_missing:
        return whole
    lacking = {"scores": paired.too_much_missing, "labels": by.worst is not None}
    return replace(
        whole,
        too_much_missing=True,
        lacking=" or ".join(name for name, much in lacking.items() if much),
        baseline_missing=max(paired.baseline_missing, by.baseline_missing),
        candidate_missing=max(paired.candidate_missing, by.candidate_missing),
        worst_fill=_filled(whole, by.worst or by, _shift(paired, paired.worst_fill)),
        best_fill=_filled(whole, by.best or by, _shift(paired, paired.best_fill)),
    )


def _adjusted(by: CorrectedDifference, shift: float = 0.0) -> dict[str, Any]:
    """What a corrected difference, moved by a shift, puts in the place of the judge's."""
    difference, se = by.difference + shift, nan if by.se is None else by.se
    p_less = t_cdf(difference / se, by.df) if isfinite(se) and se > 0 else nan
    return {
        "difference": difference,
        "low": nan if by.low is None else by.low + shift,
        "high": nan if by.high is None else by.high + shift,
        "method": "guarded" if by.guarded else "t",
        "test": "student",
        "se": se,
        "df": by.df,
        "p_less": p_less,
        "p_greater": 1 - p_less,
        "clusters": by.clusters,
        "effective_clusters": by.effective_clusters,
        "informative_clusters": by.informative_clusters,
    }


def _half_width(by: CorrectedDifference) -> float:
    return nan if by.low is None or by.high is None else (by.high - by.low) / 2


def _shift(judged: Paired, fill: Difference | None) -> float:
    """By how much a fill of the judge's gaps moves the judge's difference."""
    if fill is None:
        return 0.0
    return fill.difference - (judged.difference if isfinite(judged.difference) else 0.0)


def _filled(whole: Paired, by: CorrectedDifference, shift: float) -> Difference:
    plain = Difference(**{one.name: getattr(whole, one.name) for one in fields(Difference)})
    return replace(plain, **_adjusted(by, shift))


# The file ----------------------------------------------------------------------------------------


@cache
def _file() -> TypeAdapter[Calibration]:
    return TypeAdapter(Calibration)


def basis_of(record: Mapping[str, Any], folder: Path) -> Basis:
    """What a calibration of a run rests on."""
    return Basis(
        record=record["record"],
        judge=record["judge"],
        grader=fingerprint(grading(record["grader"])),
        rubrics={
            name: one["rubric_hash"] for name, one in record["evals"].items() if one["rubric_hash"]
        },
        scores=file_fingerprint(folder / SCORES),
        replies=file_fingerprint(folder / REPLIES),
        marks=marks_of(folder),
    )


def marks_of(folder: Path) -> str:
    """The hash of people's marks on a run; "" where there are none."""
    path = folder / MARKS
    return MarkStore(path).fingerprint if path.is_file() else ""


def changed(before: Basis, now: Basis, *, carried: bool) -> list[str]:
    """What a calibration rests on that is not what the run rests on, in words.

    Args:
        before: Of the calibration.
        now: Of the run.
        carried: Whether it was made on the replies of another run, so that only what makes the
            judge has to be equal.
    """
    if carried:
        rubrics = [name for name, one in now.rubrics.items() if one not in before.rubrics.values()]
    else:
        names = before.rubrics.keys() | now.rubrics.keys()
        rubrics = [name for name in names if before.rubrics.get(name) != now.rubrics.get(name)]
    told = [f"the rubric of {name}" for name in sorted(rubrics)]
    told += ["the judge's prompt"] if before.judge != now.judge else []
    told += ["the grader"] if before.grader != now.grader else []
    if not carried:
        told += ["people's marks"] if before.marks != now.marks else []
        told += ["the replies"] if before.replies != now.replies else []
        told += ["the scores"] if before.scores != now.scores and not told else []
    return told


def write_calibration(folder: Path, found: Calibration) -> Path:
    """Into a folder; it appears whole or not at all."""
    path = folder / CALIBRATION
    partial = folder / f".{CALIBRATION}.partial"
    partial.write_bytes(_file().dump_json(found, indent=1))
    partial.replace(path)
    return path


def read_calibration(path: Path) -> Calibration | None:
    """From a file; None when there is none, a UserError when it is not ours."""
    try:
        return _file().validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, OSError) as error:  # ValidationError is a ValueError
        told = f"{error.error_count()} problem(s)" if isinstance(error, ValidationError) else error
        raise UserError(f"{shown(path)}: not a calibration of ours: {told}") from error


# What the gate asks ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a run has of people's marks, and what its gate requires of them."""

    calibration: Calibration | None
    """One that fits the run; None where there is none, or where it is stale."""
    problem: str
    """Why there is none, and what to do; "" where there is one."""
    required: bool
    min_labels: int
    carried: bool
    """Whether it comes from another run: then the judge decides alone."""
    judged: frozenset[str]
    """The principles that a judge has a part in; looked up only where it is required."""


def strange_origin(
    experiment: Experiment, rubrics: Mapping[str, str], *, judge: str | None = None
) -> Problems:
    """Why the calibration that `from` names could not let any judge of a run decide.

    Told before the run: afterwards all would have been paid for, and nothing could be said.

    Args:
        experiment: Whose `from`.
        rubrics: The hashes of its rubrics, by eval.
        judge: The hash of the judge's prompt; None leaves it out.
    """
    at, asked = experiment.origin, experiment.calibrated
    if at is None or asked is None or asked.origin is None:
        return []
    try:
        path = _path_of(asked.origin, experiment)
        found = read_calibration(path)
    except UserError as error:
        return [(at, str(error))]
    if found is None:
        named = experiment.place.folder / asked.origin
        hint = "" if named.exists() else file_near(named)
        return [(at, f"no calibration at '{asked.origin}'{hint or _TO_CALIBRATE}")]
    now = replace(
        found.basis,
        judge=judge or found.basis.judge,
        grader=fingerprint(grading(experiment.model_dump(mode="json", by_alias=True)["grader"])),
        rubrics=rubrics,
    )
    if different := changed(found.basis, now, carried=True):
        return [
            (
                at,
                f"{', '.join(different)} changed since {found.experiment} was calibrated: it says "
                "nothing of this judge any more",
            )
        ]
    if kin := _new_kin(found, experiment):
        return [
            (
                at,
                f"{found.experiment} had no arm of the judge's own family, as {', '.join(kin)} is: "
                "it says nothing of it",
            )
        ]
    return []


_TO_CALIBRATE = "; `tastemaker calibrate` makes one beside the tables of a run"


def _path_of(origin: str, experiment: Experiment) -> Path:
    """The file of another run's calibration; a UserError when it lies outside the project."""
    path = inside(experiment.place.folder / origin, experiment.place)
    return path / CALIBRATION if path.is_dir() else path


def standing(experiment: Experiment, record: Mapping[str, Any], folder: Path) -> Standing | None:
    """How a run stands with people's marks; None when nobody asks, and there are none."""
    required = experiment.calibrated
    origin = required.origin if required else None
    path = folder / CALIBRATION
    if origin is not None:
        path = _path_of(origin, experiment)
    found = read_calibration(path)
    if found is None and required is None:
        return None
    problem = _problem(found, record, folder, path, experiment, carried=origin is not None)
    return Standing(
        calibration=None if problem else found,
        problem=problem,
        required=required is not None,
        min_labels=required.min_labels if required else found.min_labels if found else 0,
        carried=origin is not None,
        judged=judged_principles(folder) if required else frozenset(),
    )


def _problem(
    found: Calibration | None,
    record: Mapping[str, Any],
    folder: Path,
    path: Path,
    experiment: Experiment,
    *,
    carried: bool,
) -> str:
    command = f"`tastemaker calibrate {experiment.reference or experiment.name}`"
    if carried:
        command = f"`tastemaker calibrate {found.experiment if found else '...'}`"
    if found is None:
        where = f" at {shown(path)}" if carried else ""
        return (
            f"The judge is not calibrated{where}: mark replies with `tastemaker rate`, then run "
            f"{command}."
        )
    different = changed(found.basis, basis_of(record, folder), carried=carried)
    if carried and (path.parent / MARKS).is_file() and marks_of(path.parent) != found.basis.marks:
        different.append("people's marks")
    if carried and not different:
        different = _new_kin(found, experiment)
        if different:
            return (
                f"The calibration of {found.experiment} does not cover {', '.join(different)}, of "
                "the judge's own family: no such arm was marked there."
            )
    if different:
        return (
            f"The calibration is stale, {', '.join(different)} changed since: run {command} again."
        )
    return ""


def _new_kin(found: Calibration, experiment: Experiment) -> list[str]:
    """The arms of the judge's own family, where no arm was when it was calibrated."""
    return (
        []
        if any(found.families.values())
        else [arm for arm, kin in kin_of(experiment).items() if kin]
    )


def kin_of(experiment: Experiment) -> dict[str, bool]:
    """By arm: whether a grader is of its model's family."""
    graders = {family(one.model) for one in experiment.graders}
    return {
        name: arm.model is not None and family(arm.model) in graders
        for name, arm in experiment.arms.items()
    }
