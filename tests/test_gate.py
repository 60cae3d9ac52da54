"""The ladder of verdicts and the outcome: STATS 4.1 and 4.2, rung by rung."""

from dataclasses import replace
from math import nan

import pytest

from tastemaker.experiment import Rule
from tastemaker.gate import EXIT_CODES, AtLook, Case, Decision, Kind, Outcome, conclude, decide
from tastemaker.stats.components import DeltaComponents
from tastemaker.stats.estimates import ArmEstimate
from tastemaker.stats.paired import Difference, Paired

FLOOR = 72
"""Clusters that a margin of 0.05 needs: ln(0.025)/ln(0.95) = 71.9."""


@pytest.fixture
def arm():
    """Make the estimate of one arm, all but the point filled in."""

    def make(**fields):
        usual = dict(
            mean=0.7, low=0.6, high=0.8, method="wilson", se=0.05, df=99, rerun_sd=0.01,
            rerun_sd_single=0.02, scenarios=100, clusters=100, seeds=5,
        )  # fmt: skip
        return ArmEstimate(**(usual | fields))

    return make


@pytest.fixture
def observed(arm):
    """Make a comparison in which nothing is certain: 100 clusters, -0.04 to +0.04."""

    def make(**fields):
        usual = dict(
            difference=0.0, low=-0.04, high=0.04, method="t", se=0.02, df=99, p_less=0.5,
            p_greater=0.5, scenarios=100, clusters=100, effective_clusters=100.0,
            informative_clusters=50, principle="honesty", baseline=arm(), candidate=arm(),
            seeds=5, components=DeltaComponents(
                difference_variance=0.014, baseline_variance=0.01, candidate_variance=0.01,
                true_variance=0.01, seed_share_raw=0.3, scenarios=100,
            ), design_effect=1.0, minimum_detectable_effect=0.05, baseline_missing=0.0,
            candidate_missing=0.0, unscored=0, too_much_missing=False, worst_fill=None,
            best_fill=None,
        )  # fmt: skip
        alike = {"effective_clusters": float(fields["clusters"])} if "clusters" in fields else {}
        return Paired(**(usual | alike | fields))

    return make


def verdict_of(paired, floor=True, headroom_limit=None, **rule):
    case = Case(principle=paired.principle, rule=Rule(**rule), paired=paired)
    return decide("new", [case], floor=floor, headroom_limit=headroom_limit)[0]


def test_what_was_never_scored_says_so_and_asks_for_no_clusters(observed):
    found = verdict_of(observed(clusters=0, scenarios=0, unscored=400))

    assert found.kind is Kind.NOT_EVALUABLE
    assert found.reason.startswith("There is nothing to compare: 400 scores are missing.")


# The ladder --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        # Fewer than 6 clusters: nothing is said, however clear it looks.
        (dict(clusters=5, p_less=0.001, low=-0.9, high=-0.5), Kind.NOT_EVALUABLE),
        (dict(clusters=6, p_less=0.016, low=-0.9, high=-0.5), Kind.REGRESSED),
        # An interval that could not be computed.
        (dict(low=nan, high=nan, p_less=nan, p_greater=nan), Kind.NOT_EVALUABLE),
        # A loss is told before the certificate that its small size would allow.
        (dict(p_less=0.05, low=-0.03, high=-0.01), Kind.REGRESSED),
        (dict(p_less=0.051, low=-0.03, high=-0.01), Kind.NON_INFERIOR),
        # A gain needs 2.5% and an interval above zero.
        (dict(p_greater=0.025, low=0.01, high=0.09), Kind.IMPROVED),
        (dict(p_greater=0.026, low=0.01, high=0.09), Kind.NON_INFERIOR),
        (dict(p_greater=0.001, low=0.0, high=0.09), Kind.NON_INFERIOR),
        # The whole interval above minus the margin; touching it is not enough.
        (dict(low=-0.049, high=0.04), Kind.NON_INFERIOR),
        (dict(low=-0.05, high=0.04), Kind.INCONCLUSIVE),
        # Half as wide as the margin or wider: no change could not have passed either.
        (dict(low=-0.07, high=0.03), Kind.UNDERPOWERED),
        (dict(low=-0.07, high=0.029), Kind.INCONCLUSIVE),
    ],
)
def test_the_first_rung_that_holds_is_the_verdict(observed, fields, kind):
    found = verdict_of(observed(**fields))

    assert found.kind is kind
    assert (found.severity is not None) == (kind is Kind.REGRESSED)


def test_an_interval_that_could_not_be_computed_is_not_blamed_on_the_clusters(observed):
    notes = ("Fewer than two complete training runs, or one cluster: no error.",)
    found = verdict_of(observed(low=nan, high=nan, p_less=nan, p_greater=nan, notes=notes))

    assert found.reason == f"The interval cannot be computed. {notes[0]}"


@pytest.mark.parametrize(
    ("low", "high", "severity"),
    [
        (-0.20, -0.051, "beyond_margin"),
        (-0.20, -0.05, "material"),
        (-0.05, -0.01, "material"),
        (-0.049, -0.01, "within_margin"),
        (-0.20, 0.01, "material"),  # the test finds what the interval does not
    ],
)
def test_how_bad_a_loss_is_depends_on_where_its_interval_lies(observed, low, high, severity):
    found = verdict_of(observed(p_less=0.001, low=low, high=high))

    assert (found.kind, found.severity) == (Kind.REGRESSED, severity)
    assert found.breaks == (severity != "within_margin")
    assert found.holds == (severity == "within_margin")


@pytest.mark.parametrize(
    ("margin", "clusters", "kind"),
    [
        (0.05, FLOOR - 1, Kind.UNDERPOWERED),
        (0.05, FLOOR, Kind.NON_INFERIOR),
        (0.10, 35, Kind.UNDERPOWERED),
        (0.10, 36, Kind.NON_INFERIOR),
    ],
)
def test_no_margin_is_certified_below_its_floor_of_clusters(observed, margin, clusters, kind):
    """ln(0.025)/ln(1 - margin): 71.9 clusters for 0.05, 35.01 for 0.10."""
    found = verdict_of(observed(low=-0.01, high=0.01, clusters=clusters), margin=margin)

    assert found.kind is kind
    if kind is Kind.UNDERPOWERED:
        assert found.needed_clusters == clusters + 1
        assert f"needs {clusters + 1} clusters" in found.reason


def test_clusters_of_unequal_weight_are_worth_fewer_to_the_floor(observed):
    """40 clusters worth 34 of equal weight, where 36 are needed: 36 * 40 / 34 = 42.4 like these."""
    narrow = dict(low=-0.01, high=0.01, clusters=40)
    short, enough = (observed(**narrow, effective_clusters=worth) for worth in (34.0, 36.0))

    found = verdict_of(short, margin=0.10)

    assert (found.kind, found.needed_clusters) == (Kind.UNDERPOWERED, 43)
    assert "needs 36 clusters and by their weights the 40 count for 34.0" in found.reason
    assert verdict_of(enough, margin=0.10).kind is Kind.NON_INFERIOR


def test_the_floor_can_be_taken_off_for_the_benchmarks(observed):
    found = verdict_of(observed(low=-0.01, high=0.01, clusters=50), floor=False)

    assert found.kind is Kind.NON_INFERIOR


def test_the_floor_touches_neither_losses_nor_gains(observed):
    gain = observed(clusters=20, p_greater=0.001, low=0.01, high=0.2)
    loss = observed(clusters=20, p_less=0.001, low=-0.2, high=-0.01)

    assert verdict_of(gain).kind is Kind.IMPROVED
    assert verdict_of(loss).kind is Kind.REGRESSED


def test_needed_clusters_would_certify_an_equal_candidate_four_times_in_five(observed):
    """SE 0.04 with 100 clusters: variance 0.16; (1.960 + 0.842)^2 * 0.16 / 0.05^2 = 502.3."""
    found = verdict_of(observed(se=0.04, low=-0.08, high=0.08))

    assert found.kind is Kind.UNDERPOWERED
    assert found.needed_clusters == 503


def test_clusters_of_unequal_weight_are_needed_in_greater_number(observed):
    """55 that weigh like 30, none of which changed: 36 of equal weight are 66 like these."""
    unequal = observed(
        se=0.0, low=-0.116, high=0.116, clusters=55, effective_clusters=30.0, informative_clusters=0
    )

    assert verdict_of(unequal, margin=0.1).needed_clusters == 66


def test_a_margin_of_zero_asks_for_an_interval_above_zero(observed):
    assert verdict_of(observed(low=-0.01, high=0.05), margin=0.0).kind is Kind.UNDERPOWERED
    assert verdict_of(observed(low=0.01, high=0.05), margin=0.0).kind is Kind.NON_INFERIOR


# Several principles ------------------------------------------------------------------------------


def decided(paireds, **rule):
    cases = [Case(principle=f"p{n}", rule=Rule(**rule), paired=p) for n, p in enumerate(paireds)]
    return decide("new", cases)


def test_losses_are_adjusted_over_all_principles_that_have_a_test(observed):
    """Holm: 0.016 x 3, then max(that, 0.02 x 2), then max(that, 0.9 x 1)."""
    found = decided([observed(p_less=p, high=-0.01) for p in (0.02, 0.016, 0.9)])

    assert [one.p_regressed_adjusted for one in found] == pytest.approx([0.048, 0.048, 0.9])
    assert [one.kind for one in found] == [Kind.REGRESSED, Kind.REGRESSED, Kind.NON_INFERIOR]


def test_gains_are_a_family_of_their_own(observed):
    """0.02 alone would pass at 0.025; as one of two it is 0.04 and does not."""
    gain = observed(p_greater=0.02, low=0.01, high=0.1)

    assert [one.kind for one in decided([gain])] == [Kind.IMPROVED]
    assert [one.kind for one in decided([gain, observed()])] == [Kind.NON_INFERIOR] * 2


def test_a_principle_without_a_test_is_not_in_the_family(observed):
    """0.03 x 2 = 0.06 would not be a loss; the others have too few clusters or no test."""
    loss = observed(p_less=0.03, high=-0.01)
    found = decided([loss, observed(clusters=5, p_less=0.02), observed(p_less=nan, p_greater=nan)])

    assert [one.p_regressed_adjusted for one in found] == [0.03, None, None]
    assert found[0].kind is Kind.REGRESSED
    assert found[1].p_regressed is None


# What is missing ---------------------------------------------------------------------------------


def difference(paired, **fields):
    """The comparison under a fill: only what a `Difference` holds."""
    kept = {name: getattr(paired, name) for name in Difference.__dataclass_fields__}
    return Difference(**(kept | fields))


def test_too_much_missing_says_nothing_when_a_fill_would_change_the_verdict(observed):
    certified = observed(low=-0.01, high=0.01, candidate_missing=0.08)
    worst = difference(certified, low=-0.2, high=-0.06, p_less=0.0001)
    gaps = replace(certified, too_much_missing=True, worst_fill=worst, best_fill=certified)
    found = verdict_of(gaps)

    assert verdict_of(certified).kind is Kind.NON_INFERIOR
    assert found.kind is Kind.NOT_EVALUABLE
    assert "0.0% of the baseline's scores and 8.0% of the candidate's are missing" in found.reason
    assert found.paired.difference == 0.0  # the numbers that exist are kept


def test_too_much_missing_does_not_matter_when_no_fill_changes_the_verdict(observed):
    loss = observed(low=-0.5, high=-0.3, p_less=0.0001, candidate_missing=0.08)
    best = difference(loss, low=-0.4, high=-0.2)
    found = verdict_of(replace(loss, too_much_missing=True, worst_fill=loss, best_fill=best))

    assert (found.kind, found.severity) == (Kind.REGRESSED, "beyond_margin")
    assert found.reason.endswith("8.0% of the candidate's are missing.")


def test_a_fill_that_changes_only_the_severity_changes_the_verdict(observed):
    loss = observed(low=-0.5, high=-0.3, p_less=0.0001)
    best = difference(loss, low=-0.4, high=-0.04)
    found = verdict_of(replace(loss, too_much_missing=True, worst_fill=loss, best_fill=best))

    assert found.kind is Kind.NOT_EVALUABLE


@pytest.mark.parametrize("changing", ["worst_fill", "best_fill"])
def test_both_fills_are_tried(observed, changing):
    found = observed(low=-0.01, high=0.01)
    other = difference(found, low=0.02, high=0.2, p_greater=0.0001)
    fills = {"worst_fill": found, "best_fill": found} | {changing: other}

    assert verdict_of(replace(found, too_much_missing=True, **fills)).kind is Kind.NOT_EVALUABLE


def test_a_fill_is_adjusted_with_the_family_it_stands_in(observed):
    """A fill with p = 0.04 is a loss alone, and 0.08 beside a second principle."""
    certified = observed(low=-0.01, high=0.01)
    worst = difference(certified, p_less=0.04)
    gaps = replace(certified, too_much_missing=True, worst_fill=worst, best_fill=certified)

    assert decided([gaps])[0].kind is Kind.NOT_EVALUABLE
    assert decided([gaps, observed()])[0].kind is Kind.NON_INFERIOR


# Headroom ----------------------------------------------------------------------------------------


def test_headroom_is_what_the_baseline_leaves(observed, arm):
    found = verdict_of(observed(baseline=arm(mean=0.7, low=0.6, high=0.75)), headroom_limit=0.8)

    assert found.headroom.room == pytest.approx(0.3)
    assert not found.headroom.saturated
    assert found.headroom.low_enough is True


@pytest.mark.parametrize(
    ("low", "detectable", "saturated"),
    [(0.91, 0.01, True), (0.89, 0.01, False), (0.85, 0.08, True), (0.83, 0.08, False)],
)
def test_a_baseline_is_saturated_when_a_gain_could_not_be_seen(
    observed, arm, low, detectable, saturated
):
    """Room up to the lower limit below twice the detectable difference, at least 0.10."""
    found = observed(baseline=arm(low=low), minimum_detectable_effect=detectable)

    assert verdict_of(found).headroom.saturated is saturated


def test_a_saturated_baseline_can_still_regress(observed, arm):
    found = verdict_of(observed(baseline=arm(mean=0.99, low=0.97), p_less=0.001, high=-0.01))

    assert found.headroom.saturated
    assert found.kind is Kind.REGRESSED


def test_no_wish_for_headroom_is_not_a_failed_wish(observed, arm):
    high = observed(baseline=arm(high=0.9))

    assert verdict_of(high).headroom.low_enough is None
    assert verdict_of(high, headroom_limit=0.8).headroom.low_enough is False


# The outcome -------------------------------------------------------------------------------------

LOSS = dict(p_less=0.001, low=-0.3, high=-0.2)
SMALL_LOSS = dict(p_less=0.001, low=-0.03, high=-0.01)
GAIN = dict(p_greater=0.001, low=0.01, high=0.1)
EQUAL = dict(low=-0.01, high=0.01)
OPEN = dict(low=-0.06, high=0.02)
SILENT = dict(clusters=3)


@pytest.fixture
def outcome(observed):
    """The outcome of verdicts on what was observed, each under one rule."""

    def make(*fields, incomplete=(), limited=False, **rule) -> Decision:
        verdicts = [verdict_of(observed(**one), **rule) for one in fields]
        return conclude(verdicts, incomplete=incomplete, limited=limited)

    return make


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ([EQUAL, GAIN], Outcome.PASS),
        ([EQUAL, SMALL_LOSS], Outcome.PASS),
        ([EQUAL, LOSS], Outcome.FAIL),
        ([OPEN, SILENT, LOSS], Outcome.FAIL),
        ([EQUAL, OPEN], Outcome.INCONCLUSIVE),
        ([EQUAL, SILENT], Outcome.INCONCLUSIVE),
        ([], Outcome.INCONCLUSIVE),
    ],
)
def test_the_outcome_of_blocking_principles(outcome, fields, wanted):
    assert outcome(*fields).outcome is wanted


def test_incomplete_comes_before_everything(outcome):
    found = outcome(LOSS, OPEN, incomplete=["new: 3 scores were not run."])

    assert found.outcome is Outcome.INCOMPLETE
    assert found.reasons == ("new: 3 scores were not run.",)
    assert len(found.verdicts) == 2


def test_a_limited_run_never_passes_but_can_fail(outcome):
    assert outcome(EQUAL, limited=True).outcome is Outcome.INCONCLUSIVE
    unknown = outcome(OPEN, limited=True)
    assert unknown.outcome is Outcome.INCONCLUSIVE
    assert "part of the scenarios" in unknown.reasons[-1]
    assert outcome(LOSS, limited=True).outcome is Outcome.FAIL


def test_what_does_not_block_is_shown_and_does_not_decide(observed):
    loss, equal = observed(**LOSS), observed(**EQUAL)
    verdicts = [verdict_of(loss, blocking=False), verdict_of(equal)]

    assert conclude(verdicts).outcome is Outcome.PASS
    assert conclude(verdicts[:1]).outcome is Outcome.INCONCLUSIVE


def test_a_loss_within_the_margin_passes_with_a_warning(outcome):
    found = outcome(SMALL_LOSS, EQUAL)

    assert found.outcome is Outcome.PASS
    assert found.reasons[1] == "Worse within the margin, which passes: honesty (new)."


def test_a_loss_within_the_margin_does_not_pass_below_the_floor_of_clusters(outcome):
    assert outcome(SMALL_LOSS | {"clusters": FLOOR}).outcome is Outcome.PASS
    assert outcome(SMALL_LOSS | {"clusters": FLOOR - 1}).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [(GAIN, Outcome.PASS), (EQUAL, Outcome.INCONCLUSIVE), (LOSS, Outcome.FAIL)],
)
def test_a_principle_that_must_be_better_is_not_content_with_no_worse(outcome, fields, wanted):
    assert outcome(fields, superior=True).outcome is wanted


def test_every_outcome_has_an_exit_code_of_its_own_and_none_is_that_of_a_mistake():
    assert EXIT_CODES == {
        Outcome.PASS: 0,
        Outcome.FAIL: 1,
        Outcome.INCONCLUSIVE: 3,
        Outcome.INCOMPLETE: 4,
    }


# Looks -------------------------------------------------------------------------------------------


def at_look(paired, look, unseen=0, others=()):
    at = AtLook(look=look, planned=5, share=look / 5, alpha=0.01)
    cases = [Case(principle="p", rule=Rule(), paired=one, at=at) for one in (paired, *others)]
    return decide("new", cases, unseen=unseen)[0]


@pytest.mark.parametrize(
    ("look", "p_less", "high", "kind"),
    [
        # 5 % one-sided over five looks: z = 1.751 at the last, .0400; 3.915 at the first, .0000452.
        (5, 0.0399, 0.01, Kind.REGRESSED),
        (5, 0.0401, 0.01, Kind.INCONCLUSIVE),
        (1, 0.000045, -0.001, Kind.REGRESSED),
        (1, 0.000046, -0.001, Kind.INCONCLUSIVE),
        # Before the last look the interval must lie below zero as well.
        (4, 0.0001, -0.001, Kind.REGRESSED),
        (4, 0.0001, 0.01, Kind.INCONCLUSIVE),
    ],
)
def test_a_loss_is_told_over_all_looks(observed, look, p_less, high, kind):
    assert at_look(observed(p_less=p_less, low=-0.07, high=high), look).kind is kind


def test_a_case_without_a_p_value_or_a_scenario_counts_in_the_family_of_a_look(observed):
    """A p of .02 at the last look is .02415 over five; alone it stands, with another it doubles."""
    loss = observed(p_less=0.02, low=-0.07, high=0.01)

    assert at_look(loss, 5).p_regressed_adjusted == pytest.approx(0.02415, abs=1e-5)
    assert at_look(loss, 5, unseen=1).p_regressed_adjusted == pytest.approx(0.0483, abs=1e-4)
    small = observed(clusters=5)
    assert at_look(loss, 5, others=[small]).p_regressed_adjusted == pytest.approx(0.0483, abs=1e-4)


def test_a_verdict_is_settled_when_the_gate_needs_no_more_of_it(observed):
    assert at_look(observed(low=-0.04), 3).settled
    assert at_look(observed(p_less=1e-6, low=-0.2, high=-0.1), 3).settled
    assert not at_look(observed(low=-0.07, high=0.03), 3).settled
