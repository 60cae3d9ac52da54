"""What `gate --json` and `report --json` print, as types: the source of its published schema.

`report/data.py` makes it; tests hold real reports of every kind against the schema.
"""

from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from tastemaker.experiment import Rule
from tastemaker.gate import Kind, Outcome, Severity
from tastemaker.spending import Measured
from tastemaker.stats.agreement import Rate
from tastemaker.stats.choices import ClassScores
from tastemaker.stats.detection import Discrimination
from tastemaker.stats.reported import Estimate
from tastemaker.stats.tension import Ellipse

DIALECT = "https://json-schema.org/draft/2020-12/schema"
STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True)

Number = float | None
"""None where it cannot be computed."""


@with_config(STRICT)
class Arm(TypedDict):
    """The mean score of one arm over all seeds, with its interval over scenarios."""

    mean: Number
    low: Number
    high: Number
    rerun_sd: Number
    """Noise of asking the same scenarios again, of the mean over all seeds: not an error bar."""
    rerun_sd_single: Number
    """The same of a single seed."""


@with_config(STRICT)
class Room(TypedDict):
    """What the baseline leaves to gain."""

    room: Number
    saturated: bool
    baseline_low_enough: bool | None


@with_config(STRICT)
class DifferenceVariance(TypedDict):
    """Where the variance of the differences comes from."""

    total: Number
    scenarios: Number
    baseline_seed: Number
    candidate_seed: Number


_Lambda = TypedDict("_Lambda", {"lambda": float})
"""A key that is a keyword of Python: how far people's marks are trusted to correct the judge."""


@with_config(STRICT)
class Corrected(_Lambda):
    """A difference corrected by people's marks."""

    difference: float
    low: Number
    high: Number
    verdict: str
    labelled: int
    unlabelled: int
    clusters: int
    labels_needed: int | None
    baseline_missing: float
    """Share of the answers that people were asked for and did not give."""
    candidate_missing: float
    guarded: bool
    notes: list[str]


@with_config(STRICT)
class JudgeOnly(TypedDict):
    """What the judge says by itself."""

    difference: Number
    low: Number
    high: Number
    verdict: str


@with_config(STRICT)
class Calibrated(TypedDict):
    """What people's marks say of the judge of a verdict."""

    decides: bool
    corrected: Corrected | None
    judge_only: JudgeOnly
    may_gate: bool
    may_gate_alone: bool
    reason: str


@with_config(STRICT)
class Verdict(TypedDict):
    """What the evidence says of one principle of one candidate."""

    candidate: str
    principle: str
    """Also `principle@eval`, `principle/criterion: recall of class`, and `preference`."""
    verdict: Kind
    severity: Severity | None
    blocking: bool
    superior: bool
    difference: Number
    """Candidate minus baseline, paired by scenario."""
    low: Number
    high: Number
    method: str | None
    """How the interval was made; None where nothing could be compared."""
    margin: float
    p_regressed: Number
    p_regressed_adjusted: Number
    p_improved: Number
    p_improved_adjusted: Number
    baseline: Arm
    candidate_score: Arm
    scenarios: int
    clusters: int
    informative_clusters: int
    seeds: int
    unscored: int
    seed_share: Number
    """Of the variance of the differences, how much is the seeds', in [0, 1]."""
    seed_advice: str | None
    variance_of_difference: DifferenceVariance
    detectable: Number
    needed_clusters: int | None
    look: int | None
    interval_level: Number
    headroom: Room
    notes: list[str]
    calibrated: Calibrated | None
    reason: str


@with_config(STRICT)
class Inside(TypedDict):
    """The comparison inside one eval; not gated."""

    candidate: str
    principle: str
    eval: str
    difference: Number
    low: Number
    high: Number
    scenarios: int
    clusters: int


@with_config(STRICT)
class Looks(TypedDict):
    """The looks of a run whose scenarios came in by looks."""

    planned: int
    used: int
    share: float
    next_is_asked_for: bool
    decided: dict[str, dict[str, int]]
    """By candidate and principle: at which look."""


@with_config(STRICT)
class LengthControlled(TypedDict):
    """The win rate at equal length."""

    value: Number
    low: Number
    high: Number
    raw: Number
    psi: Number


@with_config(STRICT)
class Means(TypedDict):
    """A mean over the replies of both arms."""

    candidate: Number
    baseline: Number


@with_config(STRICT)
class Preferred(TypedDict):
    """How often a candidate's replies are preferred to the baseline's, by one question."""

    candidate: str
    baseline: str
    principle: str | None
    """None: all in all."""
    win_rate: Estimate
    method: str
    difference: Number
    low: Number
    high: Number
    p: Number
    p_less: Number
    p_greater: Number
    win: Number
    tie: Number
    loss: Number
    net: Number
    consistency: Number
    position_bias: Estimate
    length_controlled: LengthControlled | None
    length_decides: bool
    replies: dict[str, Means]
    scenarios: int
    clusters: int
    seeds: int
    pairs: int
    half_judged: int
    one_order: Estimate | None
    unscored: dict[str, int]


@with_config(STRICT)
class Strength(TypedDict):
    """The Bradley-Terry log strength of an arm."""

    arm: str
    value: Number
    low: Number
    high: Number


@with_config(STRICT)
class Strengths(TypedDict):
    """Three or more arms by strength; rows and columns of the tables are the arms in order."""

    principle: str | None
    arms: list[Strength]
    preferred: list[list[Number]]
    wins: list[list[float]]
    virtual_opponent: bool


@with_config(STRICT)
class Pairwise(TypedDict):
    """Preferences between replies to the same scenario."""

    by: str
    arms: str
    rule: Rule | None
    found: list[Preferred]
    strengths: list[Strengths]


@with_config(STRICT)
class Resource(TypedDict):
    """A limit on seconds, tokens, cost or calls; ratios are candidate over baseline."""

    candidate: str
    resource: str
    outcome: str
    blocking: bool
    ratio_at_most: float
    ratio: Number
    low: Number
    high: Number
    baseline_mean: Number
    candidate_mean: Number
    scenarios: int
    clusters: int
    left_out: int
    reason: str


@with_config(STRICT)
class Tension(TypedDict):
    """Two values together."""

    candidate: str
    values: list[str]
    verdicts: list[Kind]
    label: str
    differences: list[float] | None
    covariance: list[list[float]] | None
    ellipse: Ellipse | None
    correlation: Number
    unit: str | None
    opposed: list[str]


@with_config(STRICT)
class ArmChoices(TypedDict):
    """What an arm chose; `table` is right by chosen, in scenarios."""

    arm: str
    scenarios: int
    clusters: int
    missing: int
    table: list[list[float]]
    accuracy: Estimate
    macro_f1: Estimate
    mcc: Estimate
    same_in_all_seeds: Rate
    classes: list[ClassScores]
    detection: Discrimination | None


@with_config(STRICT)
class DetectionChange(TypedDict):
    """What a candidate changed in telling when to act."""

    dprime: Estimate
    criterion: Estimate
    clusters: int
    message: str


@with_config(STRICT)
class ChoiceChange(TypedDict):
    """What a candidate changed; rates by class."""

    candidate: str
    accuracy: Estimate
    macro_f1: Estimate
    mcc: Estimate
    recall: dict[str, Estimate]
    false_trigger: dict[str, Estimate]
    detection: DetectionChange | None


@with_config(STRICT)
class Choice(TypedDict):
    """What scenarios called for and what was chosen."""

    choice: str
    classes: list[str]
    act: str | None
    support: dict[str, int]
    arms: list[ArmChoices]
    changes: list[ChoiceChange]
    problems: list[str]


@with_config(STRICT)
class Tested(TypedDict):
    """A difference with its sign-flip tests."""

    value: Number
    low: Number
    high: Number
    p_less: Number
    p_greater: Number
    scenarios: int
    clusters: int


@with_config(STRICT)
class Retention(TypedDict):
    """The share of a feature's gain that a merge kept."""

    feature: str
    merged: str
    principle: str
    share: Estimate
    gain: Tested
    kept: Tested
    against_feature: Tested


@with_config(STRICT)
class Step(TypedDict):
    """A member of a series."""

    arm: str
    step: float


@with_config(STRICT)
class Slope(Tested):
    """The trend of a principle for each unit of the step."""

    p_adjusted: Number


@with_config(STRICT)
class Changepoint(TypedDict):
    """Where a principle changed most."""

    at: str
    shift: Estimate
    p: Number
    p_adjusted: Number


@with_config(STRICT)
class AgainstBaseline(TypedDict):
    """A member of a series against the baseline."""

    arm: str
    difference: Estimate | None
    p_regressed_adjusted: Number
    shrunken: Number


@with_config(STRICT)
class Rank(TypedDict):
    """Every rank that paired tests of all pairs leave open."""

    arm: str
    best: int
    worst: int


@with_config(STRICT)
class Course(TypedDict):
    """One principle over a series."""

    principle: str
    means: list[Number]
    slope: Slope
    kendall_tau: Number
    changepoint: Changepoint | None
    against_baseline: list[AgainstBaseline]
    ranks: list[Rank]


@with_config(STRICT)
class Series(TypedDict):
    """The arms as checkpoints in a row; not gated."""

    by: str
    arms: list[Step]
    left_out: list[str]
    first_regressed: str | None
    lost: list[str]
    problem: str | None
    note: str
    principles: list[Course]


@with_config(STRICT)
class Effect(TypedDict):
    """What a factor adds to a principle."""

    principle: str
    factor: str
    effect: Estimate
    p: Number
    p_adjusted: Number
    verdict: str | None


@with_config(STRICT)
class Ablation(TypedDict):
    """What the factors of the arms add; not gated."""

    factors: dict[str, dict[Literal["without", "with"], Any]]
    arms: list[str]
    left_out: list[str]
    df: int
    conditional: bool
    note: str
    effects: list[Effect]
    problems: list[str]


@with_config(STRICT)
class Taken(TypedDict):
    """What a reply of an arm takes, on average."""

    eval: str | None
    """None: all evals together."""
    arm: str
    resource: Measured
    """Calls are of the model under test: the turns that it took. Cost is in dollars."""
    mean: Estimate
    scenarios: int
    clusters: int


@with_config(STRICT)
class AllPass(TypedDict):
    """pass^k: how often k replies to one scenario all meet the whole principle; not gated."""

    principle: str
    arm: str
    k: int
    value: Number
    low: Number
    high: Number
    scenarios: int
    """Those with at least k scored seeds."""
    clusters: int


@with_config(STRICT)
class Gain(TypedDict):
    """What more time or money bought; `extra` is of one reply, `per_unit` per minute or dollar."""

    candidate: str
    principle: str
    unit: str
    gained: Estimate
    extra: Estimate
    per_unit: Estimate


@with_config(STRICT)
class Variance(TypedDict):
    """Where the variance of an arm's scores comes from."""

    principle: str
    arm: str
    between_scenarios: Number
    between_seeds: Number
    judge_share: Number
    icc: Number
    icc_of_mean: Number
    rerun_sd: Number
    """Each scenario counts once here; that of an arm's mean counts them by weight."""
    rerun_sd_single: Number
    scenarios: int
    seeds: int


@with_config(STRICT)
class Slice(TypedDict):
    """The comparison on a part of the scenarios."""

    candidate: str
    principle: str
    by: str
    value: str
    eval: str | None
    difference: Number
    low: Number
    high: Number
    method: str
    scenarios: int
    clusters: int


@with_config(STRICT)
class Slices(TypedDict):
    """All parts; exploratory."""

    note: str
    too_small: int
    found: list[Slice]


@with_config(STRICT)
class Likeness(TypedDict):
    """How alike an arm's replies to one eval are, by one measure: a share, more is more alike."""

    eval: str
    measure: str
    arm: str
    mean: Number
    low: Number
    high: Number
    difference: Estimate | None
    """From the baseline; null for the baseline itself, and where it cannot be computed."""
    scenarios: int
    clusters: int
    seeds: int


@with_config(STRICT)
class Alike(TypedDict):
    """How alike replies are, over seeds and from story to story; exploratory."""

    note: str
    found: list[Likeness]


@with_config(STRICT)
class Grading(TypedDict):
    """What the judges of one arm's replies took."""

    calls: int
    replayed: int
    """How many of the calls were answered by what had been kept from before."""
    input_tokens: int
    output_tokens: int
    cost: Number
    """In dollars, of all answers."""
    paid: Number
    """In dollars, without those kept from before."""


@with_config(STRICT)
class Spent(TypedDict):
    """What an arm took, over all its replies; `seconds` is the mean of one reply."""

    replies: int
    input_tokens: int | None
    output_tokens: int | None
    seconds: Number
    cost: Number
    """In dollars."""
    calls: int | None
    """How often the arm was asked, all replies together."""
    grading: Grading | None
    """What the judges of its replies took; null where none was asked."""


@with_config(STRICT)
class GraderPair(TypedDict):
    """How far two graders agree on a criterion, with and beyond chance."""

    graders: list[str]
    replies: int
    agreement: Estimate
    kappa: Estimate
    ac1: Estimate


@with_config(STRICT)
class CriterionVotes(TypedDict):
    """How far several answers to one criterion agree."""

    eval: str
    principle: str
    criterion: str
    graders: list[str]
    replies: int
    disagree: Rate
    means: dict[str, Number]
    """By grader."""
    pairs: list[GraderPair]
    alpha: Estimate
    reliability: Number
    """Of the mean of the panel, from 0 to 1."""


@with_config(STRICT)
class Alone(TypedDict):
    """What one grader of a panel alone would say of a principle."""

    candidate: str
    principle: str
    grader: str
    verdict: Kind
    difference: Number
    low: Number
    high: Number


@with_config(STRICT)
class Panel(TypedDict):
    """Several graders, or several answers of one, held against each other."""

    graders: list[str]
    criteria: list[CriterionVotes]
    alone: list[Alone]
    contradictions: list[str]


@with_config(STRICT)
class Report(TypedDict):
    """The results of an experiment, as `tastemaker gate --json` prints them."""

    outcome: Outcome
    exit_code: Literal[0, 1, 3, 4]
    experiment: str
    record: str
    """The hash of what the results rest on."""
    reasons: list[str]
    limited: bool
    """Whether only a part of the scenarios was asked."""
    looks: Looks | None
    verdicts: list[Verdict]
    by_eval: list[Inside]
    pairwise: Pairwise | None
    resources: list[Resource]
    tensions: list[Tension]
    choices: list[Choice]
    retention: list[Retention]
    series: Series | None
    ablation: Ablation | None
    taken: list[Taken]
    gains: list[Gain]
    variance: list[Variance]
    all_pass: list[AllPass]
    slices: Slices
    alike: Alike
    unscored: dict[str, dict[str, int]]
    """By arm and reason: scores that are missing."""
    spent: dict[str, Spent]
    panel: Panel | None
    warnings: list[str]


def report_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the report."""
    return {"$schema": DIALECT, **TypeAdapter(Report).json_schema(mode="serialization")}
