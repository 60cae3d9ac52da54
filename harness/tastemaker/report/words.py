"""The words and cells that every form of a report shares."""

from dataclasses import dataclass
from math import isfinite, isnan

from tastemaker.calibration import CorrectedDifference, PrincipleCalibration
from tastemaker.escaping import plain
from tastemaker.gate import AtLook, Headroom, Verdict
from tastemaker.results import Results
from tastemaker.stats.agreement import Rate
from tastemaker.stats.estimates import ArmEstimate
from tastemaker.stats.reported import Estimate

UNKNOWN = "–"

MARKS = {
    "REGRESSED": "▼",
    "IMPROVED": "▲",
    "NON_INFERIOR": "●",
    "UNDERPOWERED": "○",
    "INCONCLUSIVE": "○",
    "NOT_EVALUABLE": "×",
}
"""A shape for each verdict, so that nothing is said by colour alone."""

RERUN_SD = "re-run SD"
LITTLE_ROOM = 0.1
"""Less than this is little, however many scenarios there are (STATS 9.1)."""

ORDER = ("REGRESSED", "NOT_EVALUABLE", "INCONCLUSIVE", "UNDERPOWERED", "NON_INFERIOR", "IMPROVED")
SEVERITIES = ("beyond_margin", "material", "within_margin", None)
"""Both from what is to be looked at first."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One principle of one candidate, in cells."""

    principle: str
    verdict: str
    mark: str
    difference: str
    interval: str
    margin: str
    baseline: str
    candidate: str
    reason: str
    beside: tuple[str, ...]
    """What stands beside the verdict: headroom, power, notes."""


def gravity(verdict: Verdict) -> tuple[int, int, float]:
    """A key to sort verdicts by: the worst first, of equal ones the larger loss."""
    difference = verdict.paired.difference
    return (
        ORDER.index(str(verdict.kind)),
        SEVERITIES.index(verdict.severity),
        difference if isfinite(difference) else 0.0,
    )


def home(results: Results, verdict: Verdict) -> str:
    """The principle that a verdict belongs to, also in one eval or as a choice; "" where none."""
    name = verdict.principle
    if name in results.panels:
        return name
    if not verdict.scores:
        return ""
    whole = [one for one in results.panels if name.startswith((f"{one}@", f"{one}/"))]
    return max(whole, key=len, default="")


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign."""
    return f"{value:+.{digits}f}" if isfinite(value) else UNKNOWN


def share(value: float, digits: int = 3) -> str:
    """A score in [0, 1]."""
    return f"{value:.{digits}f}" if isfinite(value) else UNKNOWN


def interval(low: float, high: float) -> str:
    """Two limits of a difference."""
    return f"{signed(low)} to {signed(high)}" if isfinite(low) else UNKNOWN


def corrected(one: CorrectedDifference) -> Estimate:
    """A corrected difference as it is shown: its interval lies between -1 and 1."""
    return Estimate(value=one.difference, low=_within_one(one.low), high=_within_one(one.high))


def _within_one(limit: float | None) -> float | None:
    return limit if limit is None or not isfinite(limit) else min(max(limit, -1.0), 1.0)


def arm_interval(estimate: ArmEstimate) -> str:
    """Two limits of a mean."""
    return f"{share(estimate.low)} to {share(estimate.high)}" if isfinite(estimate.low) else UNKNOWN


def line(verdict: Verdict) -> Line:
    """A verdict in cells."""
    paired, kind = verdict.paired, str(verdict.kind)
    severity = f" ({verdict.severity.replace('_', ' ')})" if verdict.severity else ""
    return Line(
        principle=plain(verdict.principle),
        verdict=kind + severity + ("" if verdict.rule.blocking else ", not blocking"),
        mark=MARKS[kind],
        difference=signed(paired.difference),
        interval=interval(*paired.limits),
        margin=f"{verdict.rule.margin:g}" + (", superior" if verdict.rule.superior else ""),
        baseline=share(paired.baseline.mean),
        candidate=share(paired.candidate.mean),
        reason=verdict.reason,
        beside=tuple(_beside(verdict)),
    )


def headroom_told(headroom: Headroom) -> str:
    """How much headroom there is, and whether an improvement could show in it."""
    if isnan(headroom.room):
        return UNKNOWN
    told = f"{max(0.0, headroom.room):.3f}"
    if not headroom.saturated:
        return told
    few = " with so few scenarios" if headroom.room >= LITTLE_ROOM else ""
    return f"{told}, too little to show an improvement{few}"


def _beside(verdict: Verdict) -> list[str]:
    """Headroom, power, what would decide, seeds and notes: each a few words."""
    paired, headroom = verdict.paired, verdict.headroom
    told = _rests_on(verdict)
    if isfinite(headroom.room):
        told.append(f"Headroom {headroom_told(headroom)}.")
    if headroom.low_enough is False:
        told.append("The baseline is not established to fail this.")
    if paired.minimum_detectable_effect < 1:
        told.append(f"Could detect {paired.minimum_detectable_effect:.3f} (80% power).")
    if verdict.needed_clusters is not None and verdict.needed_clusters > paired.clusters:
        told.append(f"Needs about {verdict.needed_clusters} clusters, has {paired.clusters}.")
    if isfinite(paired.seed_share):
        told.append(f"Seeds {paired.seed_share:.0%} of the variance.")
    return told + remarks(verdict)


def _rests_on(verdict: Verdict) -> list[str]:
    told = [] if verdict.scores else ["The means are shares of pairs won, ties counting half."]
    return told + ([] if verdict.at is None else [_at_look(verdict, verdict.at)])


def remarks(verdict: Verdict, *, whole: bool = False) -> list[str]:
    """Notes on a verdict: what people's marks say, what is wanting; `whole` adds its basis."""
    told = _rests_on(verdict) if whole else []
    if verdict.people is not None:
        told.append(plain(people_sentence(verdict.people, decides=verdict.judged is not None)))
    return told + [plain(note) for note in verdict.paired.notes]


def people_sentence(people: PrincipleCalibration, *, decides: bool) -> str:
    """What people's marks say beside a verdict; `decides` when it rests on their correction."""
    by = people.correction
    if by is None:
        return "People's marks do not correct it."
    if decides:
        return (
            f"Corrected by people's marks on {by.labelled} scenarios (lambda {by.lam:.2f}); the "
            f"judge alone says {estimate(people.judge_only, '+.3f')}, {people.judge_verdict}."
        )
    numbers = estimate(corrected(by), "+.3f")
    return (
        f"People's marks on {by.labelled} scenarios correct it to {numbers}, "
        f"{people.verdict}; that does not decide here."
    )


def estimate(one: Estimate | Rate, form: str = ".2f") -> str:
    """A number with its interval."""
    if one.value is None:
        return UNKNOWN
    if one.low is None or one.high is None:
        return f"{one.value:{form}}"
    return f"{one.value:{form}} ({one.low:{form}} to {one.high:{form}})"


def _at_look(verdict: Verdict, at: AtLook) -> str:
    what = "Decided at" if verdict.settled else "Not decided at"
    return f"{what} look {at.look} of {at.planned}, {at.share:.0%} of the scenarios."


def look_lines(results: Results) -> list[str]:
    """How many looks were taken and what that means for the intervals, in words."""
    looks = results.looks
    if looks is None:
        return []
    at = looks.at
    return [
        f"Looks: {at.look} of {at.planned}, {at.share:.0%} of the scenarios. Each interval of a "
        f"difference is as wide as its look demands: {level(results)} over all looks together."
    ]


def level(results: Results) -> str:
    """What the columns of intervals are called: their level."""
    return f"{100 * (1 - results.experiment.alpha):g}% CI"


def averages_note(results: Results) -> str:
    """What the numbers of the averages mean."""
    return (
        f"Means over all seeds. The {level(results)} says how well the mean is known over "
        f"scenarios like these. The {RERUN_SD} is only the noise of asking the same scenarios "
        "again: not an error bar."
    )


def headline(results: Results) -> str:
    """The outcome and its first reason."""
    decision = results.decision
    return f"{decision.outcome.upper()}: {plain(results.experiment.name)}"


def sizes(verdicts: list[Verdict]) -> str:
    """How much a candidate's verdicts rest on."""
    scenarios = max(verdict.paired.scenarios for verdict in verdicts)
    clusters = max(verdict.paired.clusters for verdict in verdicts)
    seeds = max(verdict.paired.seeds for verdict in verdicts)
    return f"{many(scenarios, 'scenario')} in {many(clusters, 'cluster')}, {many(seeds, 'seed')}"


def many(count: int, thing: str) -> str:
    """A count of things, in words."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def spent_lines(results: Results) -> list[str]:
    """What each arm took, in words."""
    lines = []
    for arm, spent in results.spent.items():
        parts = [many(spent.replies, "reply").replace("replys", "replies")]
        if spent.calls is not None and spent.replies:
            parts.append(f"{many(spent.calls, 'call')}, {spent.calls / spent.replies:.2f} a reply")
        if spent.input_tokens is not None:
            parts.append(f"{spent.input_tokens:,} tokens in, {spent.output_tokens or 0:,} out")
        if spent.seconds is not None:
            parts.append(f"{spent.seconds:.2f} s a reply")
        if spent.cost is not None:
            parts.append(f"${spent.cost:.2f}")
        lines.append(f"{plain(arm)}: {', '.join(parts)}.")
    return lines


def seed_lines(results: Results) -> list[str]:
    """Which seeds were asked for, and whether the provider hands them on."""
    words = {
        True: "handed to the model",
        False: "not taken by the provider",
        None: "whether the provider takes them is not known",
    }
    return [
        f"{plain(arm)}: seeds {asked['base']} to {asked['base'] + results.record['seeds'] - 1}, "
        f"{words[asked['honoured']]}."
        for arm, asked in results.record.get("seeds_asked", {}).items()
    ]


def unscored_lines(results: Results) -> list[str]:
    """What is missing, by arm and reason."""
    return [
        f"{plain(arm)}: "
        + ", ".join(
            f"{n} {plain(reason).replace('_', ' ') or 'unscored'}" for reason, n in c.items()
        )
        for arm, c in results.unscored.items()
        if c
    ]
