"""Estimates and rules into verdicts, and verdicts into an outcome. Pure.

The ladder of verdicts and the outcome are STATS section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite, nan
from typing import Literal, NamedTuple, Protocol

from tastemaker.calibration import PrincipleCalibration
from tastemaker.experiment import Resource, Rule
from tastemaker.stats.early import overall_p
from tastemaker.stats.multiplicity import holm
from tastemaker.stats.paired import Difference, Paired
from tastemaker.stats.power import floor_clusters, scenarios_for_noninferiority
from tastemaker.stats.protocol import headroom
from tastemaker.stats.resources import ResourceRatio, ratio_at_most

FEWEST_CLUSTERS = 6
"""Below this many clusters no sign-flip test can reach the 2.5% level."""

REGRESSION_LEVEL = 0.05
IMPROVEMENT_LEVEL = 0.025
"""Stricter on purpose: it is a claim in the candidate's favour (STATS 4.1)."""


class Kind(StrEnum):
    """What the evidence says of one principle."""

    REGRESSED = "REGRESSED"
    IMPROVED = "IMPROVED"
    NON_INFERIOR = "NON_INFERIOR"
    UNDERPOWERED = "UNDERPOWERED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


Severity = Literal["beyond_margin", "material", "within_margin"]


class Outcome(StrEnum):
    """What the gate says."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INCOMPLETE = "incomplete"


EXIT_CODES = {
    Outcome.PASS: 0,
    Outcome.FAIL: 1,
    Outcome.INCONCLUSIVE: 3,
    Outcome.INCOMPLETE: 4,
}


@dataclass(frozen=True, kw_only=True)
class AtLook:
    """The look at which something was examined."""

    look: int
    """From 1."""
    planned: int
    share: float
    """Of all scenarios of the experiment, how many came in up to this look, in [0, 1]."""
    alpha: float
    """One minus the level of this look's own two-sided intervals."""

    @property
    def last(self) -> bool:
        return self.look == self.planned


@dataclass(frozen=True, kw_only=True)
class Case:
    """One principle of one candidate, with the rule that decides it."""

    principle: str
    """The principle, or principle@eval where the rule names one eval."""
    rule: Rule
    paired: Paired
    scores: bool = True
    """Whether it compares scores; otherwise it is a preference, and there is no headroom."""
    barred: str = ""
    """Why nothing may be said of it, whatever the numbers; "" when something may."""
    people: PrincipleCalibration | None = None
    """What people's marks say of its judge, where they do."""
    judged: Paired | None = None
    """The judge's own comparison, where `paired` is corrected by people's marks."""
    at: AtLook | None = None
    """Where the scenarios come in by looks: the one whose level `paired` has."""


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """What the baseline leaves to gain: without room no improvement can show (STATS 9.1)."""

    room: float
    """1 minus the baseline's mean."""
    saturated: bool
    """Too little room to measure a gain in; a loss can still be measured."""
    low_enough: bool | None
    """Whether the baseline is established to lie below the wished limit; None: none wished."""


NO_HEADROOM = Headroom(room=nan, saturated=False, low_enough=None)
"""Of a preference: it is relative, and has no best that the baseline could stand at."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the evidence says of one principle of one candidate, with its rule and its numbers."""

    candidate: str
    principle: str
    kind: Kind
    severity: Severity | None
    rule: Rule
    paired: Paired
    p_regressed: float | None
    p_regressed_adjusted: float | None
    """Over all looks, where there are several, and over all principles."""
    p_improved: float | None
    p_improved_adjusted: float | None
    headroom: Headroom
    needed_clusters: int | None
    """Clusters that would decide it, were the candidate equal; None: decided, or not known."""
    reason: str
    scores: bool = True
    """Whether scores were compared, and not the preference between replies."""
    people: PrincipleCalibration | None = None
    """What people's marks say of its judge, where they do."""
    judged: Paired | None = None
    """The judge's own comparison, where `paired` is corrected by people's marks and decides."""
    at: AtLook | None = None
    """The look it rests on, where the scenarios come in by looks."""

    @property
    def settled(self) -> bool:
        """Whether more scenarios could not change what the gate makes of it."""
        return self.holds or self.breaks

    @property
    def holds(self) -> bool:
        """Whether the gate may pass with it: green, or worse only within the margin."""
        if self.rule.superior:
            return self.kind is Kind.IMPROVED
        within = self.kind is Kind.REGRESSED and self.severity == "within_margin"
        if within and 0 < self.rule.margin < 1:
            # A loss certifies no more than no change would on so few clusters.
            within = enough(self.paired, floor_clusters(self.rule.margin))
        return within or self.kind in (Kind.IMPROVED, Kind.NON_INFERIOR)

    @property
    def breaks(self) -> bool:
        """Whether the gate fails with it, where it is blocking."""
        return self.kind is Kind.REGRESSED and self.severity != "within_margin"


def decide(
    candidate: str,
    cases: Sequence[Case],
    *,
    headroom_limit: float | None = None,
    floor: bool = True,
    unseen: int = 0,
) -> list[Verdict]:
    """A verdict for each case, in their order.

    The Holm families (one for losses, one for gains) are all cases that have a p-value; what is
    barred has none. The p-value of a case that was examined at a look is first made one over all
    looks (docs/decisions/0005-looks.md).

    Args:
        candidate: The arm the cases belong to.
        cases: Every principle (and principle@eval) that the gate looks at.
        headroom_limit: The score at which the baseline leaves too little to gain, if any is wished.
        floor: Whether a certificate needs the floor of clusters; `docs/decisions/0003-floor.md`.
        unseen: Cases of which nothing has come in by this look; they count in both families.
    """
    tests = _tests([_Seen(case.paired, case.at, case.barred) for case in cases], unseen)
    return [
        Verdict(
            candidate=candidate,
            principle=case.principle,
            **_settled(index, cases, tests, floor, unseen)._asdict(),
            rule=case.rule,
            paired=case.paired,
            **tests[index]._asdict(),
            headroom=_headroom(case.paired, headroom_limit) if case.scores else NO_HEADROOM,
            scores=case.scores,
            people=case.people,
            judged=case.judged,
            at=case.at,
        )
        for index, case in enumerate(cases)
    ]


class _Tests(NamedTuple):
    p_regressed: float | None
    p_regressed_adjusted: float | None
    p_improved: float | None
    p_improved_adjusted: float | None


class _Seen(NamedTuple):
    """What of a case is tested."""

    found: Difference
    at: AtLook | None
    barred: str


def _tests(seen: Sequence[_Seen], unseen: int) -> list[_Tests]:
    losses = [None if one.barred else _p_value(one.found, one.found.p_less) for one in seen]
    gains = [None if one.barred else _p_value(one.found, one.found.p_greater) for one in seen]
    looks = [one.at for one in seen]
    return [
        _Tests(*numbers)
        for numbers in zip(
            losses,
            _adjusted(losses, looks, unseen),
            gains,
            _adjusted(gains, looks, unseen),
            strict=True,
        )
    ]


def _p_value(difference: Difference, p: float) -> float | None:
    return p if difference.clusters >= FEWEST_CLUSTERS and isfinite(p) else None


def _adjusted(
    p_values: Sequence[float | None], looks: Sequence[AtLook | None], unseen: int
) -> list[float | None]:
    """Holm's, of p-values over all looks where there are looks.

    There a case without a p-value counts as one of 1: it may have one at the next look, and a
    family that grew would take back what was decided.
    """
    overall = [
        p if at is None else 1.0 if p is None else overall_p(p, at.look, at.planned)
        for p, at in zip(p_values, looks, strict=True)
    ]
    adjusted = holm([*overall, *[1.0] * unseen])[: len(p_values)]
    return [
        float(new) if p is not None and isfinite(new) else None
        for p, new in zip(p_values, adjusted, strict=True)
    ]


class _Ruling(NamedTuple):
    kind: Kind
    severity: Severity | None
    reason: str
    needed_clusters: int | None = None


def _settled(
    index: int, cases: Sequence[Case], tests: Sequence[_Tests], floor: bool, unseen: int
) -> _Ruling:
    """The ruling on what was observed; with too much missing, only if no filling changes it."""
    case = cases[index]
    paired = case.paired
    if case.barred:
        return _Ruling(Kind.NOT_EVALUABLE, None, case.barred)
    ruling = _ladder(case, paired, tests[index], floor)
    if not paired.too_much_missing or ruling.kind is Kind.NOT_EVALUABLE:
        return ruling
    missing = (
        f"{paired.baseline_missing:.1%} of the baseline's {paired.lacking} and "
        f"{paired.candidate_missing:.1%} of the candidate's are missing"
    )
    for fill in (paired.worst_fill, paired.best_fill):
        assert fill is not None, "paired() fills when too much is missing"
        family = [_Seen(other.paired, other.at, other.barred) for other in cases]
        family[index] = _Seen(fill, case.at, case.barred)
        if _ladder(case, fill, _tests(family, unseen)[index], floor)[:2] != ruling[:2]:
            reason = f"Too much is missing: {missing}, and that could change the verdict."
            return _Ruling(Kind.NOT_EVALUABLE, None, reason)
    stands = f"This stands however the gaps are filled: {missing}."
    return ruling._replace(reason=f"{ruling.reason} {stands}")


def _ladder(case: Case, found: Difference, tests: _Tests, floor: bool) -> _Ruling:
    """The first rung that holds (STATS 4.1); `found` may be a filled form of the case's own."""
    margin, interval = case.rule.margin, _shown(found)
    if not found.clusters and case.paired.unscored:
        reason = f"There is nothing to compare: {case.paired.unscored} scores are missing."
        return _Ruling(Kind.NOT_EVALUABLE, None, reason)
    if found.clusters < FEWEST_CLUSTERS:
        reason = f"{_count(found.clusters)}: at least {FEWEST_CLUSTERS} are needed to say anything."
        return _Ruling(Kind.NOT_EVALUABLE, None, reason)
    if not isfinite(found.low):
        reason = " ".join(["The interval cannot be computed.", *found.notes])
        return _Ruling(Kind.NOT_EVALUABLE, None, reason)
    # Before the last look the interval must say it too: STATS 5 stops there by the interval.
    may_regress = case.at is None or case.at.last or found.high < 0
    loss = tests.p_regressed_adjusted if may_regress else None
    if loss is not None and loss <= REGRESSION_LEVEL:
        severity, how = _severity(found, margin)
        p = f"exact sign-flip test over {found.informative_clusters} clusters that changed"
        p = p if found.test == "sign_flip" else f"Student's t over {found.clusters} clusters"
        looks = f" over {case.at.planned} looks" if case.at else ""
        reason = f"{how} ({p}, Holm's p = {loss:.2g}{looks})."
        return _Ruling(Kind.REGRESSED, severity, reason)
    if (
        tests.p_improved_adjusted is not None
        and tests.p_improved_adjusted <= IMPROVEMENT_LEVEL
        and found.low > 0
    ):
        return _Ruling(Kind.IMPROVED, None, f"The whole interval, {interval}, lies above zero.")
    if found.low > -margin:
        least = floor_clusters(margin) if floor and 0 < margin < 1 else 0
        if enough(found, least):
            reason = f"The interval, {interval}, lies above the margin of -{margin:g}."
            return _Ruling(Kind.NON_INFERIOR, None, reason)
        there = f"there are {found.clusters}"
        if found.clusters >= least:
            there = (
                f"by their weights the {found.clusters} count for {found.effective_clusters:.1f}"
            )
        reason = (
            f"The interval, {interval}, lies above the margin of -{margin:g}, but that margin "
            f"needs {least} clusters and {there}."
        )
        wanted = ceil(least * found.clusters / found.effective_clusters - 1e-6)
        return _Ruling(Kind.UNDERPOWERED, None, reason, wanted)
    needed = clusters_needed(found, margin, floor=floor)
    if found.half_width >= margin:
        reason = (
            f"The interval, {interval}, is wider than the margin of {margin:g} allows: even no "
            f"change at all could not have shown it."
        )
        return _Ruling(Kind.UNDERPOWERED, None, reason, needed)
    reason = f"The interval, {interval}, holds both no change and the margin of -{margin:g}."
    return _Ruling(Kind.INCONCLUSIVE, None, reason, needed)


def _shown(found: Difference) -> str:
    low, high = found.limits
    return f"{low:+.3f} to {high:+.3f}"


def _severity(found: Difference, margin: float) -> tuple[Severity, str]:
    interval = f"interval {_shown(found)}"
    if found.high < -margin:
        return "beyond_margin", f"Worse, and by more than the margin of {margin:g}: {interval}"
    if found.low > -margin:
        return "within_margin", f"Worse, but by less than the margin of {margin:g}: {interval}"
    return "material", f"Worse, and it may be by more than the margin of {margin:g}: {interval}"


class Found(Protocol):
    """What is known of a difference that was found."""

    @property
    def se(self) -> float | None: ...
    @property
    def clusters(self) -> int: ...
    @property
    def effective_clusters(self) -> float: ...


def enough(found: Found, least: int) -> bool:
    """Whether clusters are worth as many equal ones: a heavy one may collapse unseen."""
    return found.effective_clusters >= least - 1e-6


def clusters_needed(found: Found, margin: float, *, floor: bool = True) -> int | None:
    """Clusters with which an equal candidate would be certified, four times in five.

    They are clusters like those there are: of unequal weight it takes more.

    Args:
        found: The difference, with its error and its clusters.
        margin: Of the rule; with none there is no such number.
        floor: Whether a certificate needs the floor of clusters.
    """
    if not 0 < margin < 1:
        return None
    variance = nan if found.se is None else found.se**2 * found.effective_clusters
    if not isfinite(variance):
        return floor_clusters(margin)
    wanted = scenarios_for_noninferiority(variance, margin)
    wanted = max(wanted, floor_clusters(margin)) if floor else wanted
    # A hair less, so that equal weights, whose quotient is 1 but for rounding, round up nothing.
    return ceil(wanted * found.clusters / found.effective_clusters - 1e-9)


def _count(clusters: int) -> str:
    return f"Only {clusters} cluster{'' if clusters == 1 else 's'}"


def _headroom(paired: Paired, limit: float | None) -> Headroom:
    baseline = paired.baseline
    found = headroom(
        baseline.low,
        baseline.high,
        paired.minimum_detectable_effect,
        at_most=1.0 if limit is None else limit,
    )
    return Headroom(
        room=1 - baseline.mean,
        saturated=found.saturated,
        low_enough=None if limit is None else found.must_fail,
    )


@dataclass(frozen=True, kw_only=True)
class ResourceVerdict:
    """Whether a candidate takes no more of a resource than its limit allows."""

    candidate: str
    resource: str
    """"seconds", "tokens", "cost" or "calls"."""
    rule: Resource
    found: ResourceRatio
    outcome: Literal["pass", "fail", "inconclusive"]
    reason: str

    @property
    def holds(self) -> bool:
        return self.outcome == "pass"

    @property
    def breaks(self) -> bool:
        """Whether the gate fails with it, where it is blocking."""
        return self.outcome == "fail"


def hold_to(candidate: str, resource: str, rule: Resource, found: ResourceRatio) -> ResourceVerdict:
    """The whole interval at or below the limit holds, the whole interval above it breaks it."""
    check = ratio_at_most(found, rule.ratio_at_most)
    return ResourceVerdict(
        candidate=candidate,
        resource=resource,
        rule=rule,
        found=found,
        outcome=check.outcome,
        reason=check.reason,
    )


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the gate says, and the verdicts it rests on."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    reasons: tuple[str, ...]
    """Why, in sentences; the first is the headline."""
    resources: tuple[ResourceVerdict, ...] = ()


def conclude(
    verdicts: Sequence[Verdict],
    resources: Sequence[ResourceVerdict] = (),
    *,
    incomplete: Sequence[str] = (),
    limited: bool = False,
) -> Decision:
    """The outcome of a run: STATS 4.2, DESIGN section 3.

    Args:
        verdicts: Of every candidate.
        resources: Of every candidate, for the limits that the experiment sets.
        incomplete: What should be there and is not, in sentences; any makes the run incomplete.
        limited: Whether only a part of the scenarios was asked: such a run never passes.
    """
    outcome, reasons = _concluded(verdicts, resources, incomplete, limited)
    within = [v for v in verdicts if v.rule.blocking and v.holds and v.kind is Kind.REGRESSED]
    if outcome is not Outcome.INCOMPLETE:
        reasons += _told("Worse within the margin, which passes", within)
    return Decision(
        outcome=outcome,
        verdicts=tuple(verdicts),
        reasons=tuple(reasons),
        resources=tuple(resources),
    )


def _concluded(
    verdicts: Sequence[Verdict],
    resources: Sequence[ResourceVerdict],
    incomplete: Sequence[str],
    limited: bool,
) -> tuple[Outcome, list[str]]:
    blocking = [verdict for verdict in verdicts if verdict.rule.blocking]
    limits = [verdict for verdict in resources if verdict.rule.blocking]
    if incomplete:
        return Outcome.INCOMPLETE, list(incomplete)
    worse, over = [v for v in blocking if v.breaks], [v for v in limits if v.breaks]
    if worse or over:
        return Outcome.FAIL, _told("Regressed", worse) + _told("Over the limit", over)
    both: list[Verdict | ResourceVerdict] = [*blocking, *limits]
    reason = "Only a part of the scenarios was asked (--limit): such a run never passes."
    part = [reason] if limited else []
    if unknown := [one for one in both if not one.holds]:
        return Outcome.INCONCLUSIVE, [*_told("Not known yet", unknown), *part]
    if not blocking:
        return Outcome.INCONCLUSIVE, ["No blocking principle to decide on.", *part]
    if limited:
        return Outcome.INCONCLUSIVE, part
    reason = "Every blocking principle is improved or no worse than the margin allows."
    kept = ["Every blocking resource stays within its limit."] if limits else []
    return Outcome.PASS, [reason, *kept]


def _told(what: str, verdicts: Sequence[Verdict | ResourceVerdict]) -> list[str]:
    names = [
        f"{one.principle if isinstance(one, Verdict) else one.resource} ({one.candidate})"
        for one in verdicts
    ]
    return [f"{what}: {', '.join(names)}."] if names else []
