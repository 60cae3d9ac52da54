import numpy as np
import pytest

from tastemaker.stats.estimates import linear
from tastemaker.stats.pairwise import Comparison, pairs, preferences, win_rate


@pytest.fixture
def compared():
    """Make a comparison with everything but the point of the test filled in."""

    def make(**fields):
        usual = {
            "scenario": "s1",
            "cluster": fields.get("scenario", "s1"),
            "seed": 1,
            "arm_a": "new",
            "arm_b": "old",
            "a_first": True,
            "preference": 1.0,
        }
        return Comparison(**(usual | fields))

    return make


@pytest.fixture
def both_orders(compared):
    """Two comparisons of one pair, the judge's answers for arm_a given in both orders."""

    def make(a_first, b_first, **fields):
        return [
            compared(a_first=True, preference=a_first, **fields),
            compared(a_first=False, preference=b_first, **fields),
        ]

    return make


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_vector_eight_win_rate(both_orders, rng):
    """12 wins, 5 ties, 8 losses: win rate 14.5/25, net 4/25."""
    outcomes = [1.0] * 12 + [0.5] * 5 + [0.0] * 8
    judged = pairs(c for i, w in enumerate(outcomes) for c in both_orders(w, w, scenario=f"s{i}"))

    found = win_rate(judged, "new", "old", rng)

    assert found.win_rate.value == pytest.approx(0.58)
    assert found.net == pytest.approx(0.16)
    assert (found.win, found.tie, found.loss) == pytest.approx((0.48, 0.2, 0.32))
    se = linear(preferences(judged, "new", "old"), judged.design).se
    assert se == pytest.approx(0.0898146239, abs=1e-10)
    assert found.consistency == 1.0
    assert found.position_bias.value == 0.0


def test_the_interval_is_that_of_the_difference(both_orders, rng):
    outcomes = [1.0] * 30 + [0.0] * 10
    judged = pairs(c for i, w in enumerate(outcomes) for c in both_orders(w, w, scenario=f"s{i}"))

    found = win_rate(judged, "new", "old", rng)

    half = 2.0226909 * np.std(outcomes, ddof=1) / np.sqrt(40)  # t with 39 df
    assert found.win_rate.low == pytest.approx(0.75 - half)
    assert found.difference.estimate.low == pytest.approx(0.5 - 2 * half)
    assert found.difference.informative_clusters == 40
    assert found.difference.p_greater < 0.01 < found.difference.p_less


def test_a_few_comparisons_take_the_guarded_interval(both_orders, rng):
    """Three wins of three: with pseudo-clusters +1 and -1 the low limit is far below one half."""
    judged = pairs(c for i in range(3) for c in both_orders(1.0, 1.0, scenario=f"s{i}"))

    found = win_rate(judged, "new", "old", rng)

    assert found.win_rate.low < 0.5
    assert found.difference.p_greater == pytest.approx(1 / 8)


def test_a_judge_that_always_takes_the_first_reply_prefers_nobody(both_orders, rng):
    judged = pairs(c for i in range(10) for c in both_orders(1.0, 0.0, scenario=f"s{i}"))

    found = win_rate(judged, "new", "old", rng)

    assert found.win_rate.value == 0.5
    assert found.consistency == 0.0
    assert found.position_bias.value == 0.5
    assert (found.win, found.tie, found.loss) == (0.5, 0.0, 0.5)


def test_all_ties(both_orders, rng):
    judged = pairs(c for i in range(30) for c in both_orders(0.5, 0.5, scenario=f"s{i}"))

    found = win_rate(judged, "new", "old", rng)

    assert (found.win_rate.value, found.net, found.tie) == (0.5, 0.0, 1.0)
    assert found.difference.p_greater == 1.0
    # Rule of three for 30 clusters without any change: b = 1 - 0.025^(1/30).
    b = 1 - 0.025 ** (1 / 30)
    assert found.win_rate.high == pytest.approx((1 + b) / 2)


def test_seeds_are_averaged_within_their_scenario(both_orders, rng):
    """Scenario 1 is won on one of two seeds, scenario 2 on its only seed: (1/2 + 1)/2."""
    judged = pairs(
        both_orders(1.0, 1.0, scenario="s1", seed=1)
        + both_orders(0.0, 0.0, scenario="s1", seed=2)
        + both_orders(1.0, 1.0, scenario="s2")
    )

    found = win_rate(judged, "new", "old", rng)

    assert found.win_rate.value == 0.75
    assert found.pairs == 3


def test_the_side_an_arm_is_named_on_does_not_matter(compared, rng):
    """The same judgements told from the other side."""
    told = [
        compared(a_first=True, preference=1.0),
        compared(a_first=False, preference=0.5),
    ]
    mirrored = [
        compared(arm_a="old", arm_b="new", a_first=False, preference=0.0),
        compared(arm_a="old", arm_b="new", a_first=True, preference=0.5),
    ]

    there, back = (win_rate(pairs(c), "new", "old", rng) for c in (told, mirrored))

    assert there == back
    assert there.win_rate.value == 0.75
    assert there.position_bias.value == pytest.approx(0.25)  # first wins 1, then half


def test_swapping_candidate_and_baseline_turns_the_win_rate(both_orders, rng):
    outcomes = [(1.0, 0.5), (1.0, 1.0), (0.0, 0.5), (1.0, 0.0)]
    judged = pairs(c for i, w in enumerate(outcomes) for c in both_orders(*w, scenario=f"s{i}"))

    there, back = win_rate(judged, "new", "old", rng), win_rate(judged, "old", "new", rng)

    assert there.win_rate.value == pytest.approx(1 - back.win_rate.value)
    assert there.win == back.loss
    assert there.position_bias == back.position_bias
    assert there.difference.p_less == pytest.approx(back.difference.p_greater)


def test_a_pair_with_one_order_unscored_is_left_out_and_counted(both_orders, compared, rng):
    judged = pairs(
        [
            *both_orders(0.0, 0.0, scenario="s1"),
            *both_orders(1.0, None, scenario="s2"),
            compared(scenario="s3", preference=1.0),
        ]
    )

    found = win_rate(judged, "new", "old", rng)

    assert (found.pairs, found.half_judged) == (1, 2)
    assert found.win_rate.value == 0.0


def test_several_judges_of_one_order_are_averaged(both_orders, rng):
    judged = pairs(both_orders(1.0, 1.0) + both_orders(0.0, 1.0))

    assert win_rate(judged, "new", "old", rng).win_rate.value == 0.75


def test_scenarios_of_one_cluster_count_as_one_informative_cluster(both_orders, rng):
    judged = pairs(
        c for i in range(12) for c in both_orders(1.0, 1.0, scenario=f"s{i}", cluster=f"c{i // 4}")
    )

    found = win_rate(judged, "new", "old", rng)

    assert found.difference.clusters == 3
    assert found.difference.p_greater == pytest.approx(1 / 8)


def test_one_cluster_establishes_nothing(both_orders, rng):
    judged = pairs(
        c for i in range(12) for c in both_orders(1.0, 1.0, scenario=f"s{i}", cluster="only")
    )

    found = win_rate(judged, "new", "old", rng)

    assert found.win_rate.low < 0.5 < found.win_rate.value
    assert found.difference.p_greater == 0.5
    assert found.position_bias.low is None


def test_strata_weigh_as_declared(both_orders, rng):
    judged = pairs(
        both_orders(1.0, 1.0, scenario="s1", stratum="email")
        + both_orders(0.0, 0.0, scenario="s2", stratum="chat")
        + both_orders(0.0, 0.0, scenario="s3", stratum="chat"),
        stratum_weights={"email": 3.0, "chat": 1.0},
    )

    assert win_rate(judged, "new", "old", rng).win_rate.value == 0.75


def test_nothing_scored_is_unknown(both_orders, rng):
    found = win_rate(pairs(both_orders(None, None)), "new", "old", rng)

    assert found.win_rate.value is None
    assert found.consistency is None
    assert (found.pairs, found.half_judged) == (0, 1)


def test_an_arm_that_was_never_compared_is_an_error(both_orders, rng):
    with pytest.raises(KeyError, match="newer"):
        win_rate(pairs(both_orders(1.0, 1.0)), "newer", "old", rng)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preference": 2.0}, "not 0 to 1"),
        ({"arm_b": "new"}, "compared with itself"),
        ({"cluster": "another"}, "two clusters"),
    ],
)
def test_comparisons_that_cannot_be_are_refused(compared, fields, message):
    with pytest.raises(ValueError, match=message):
        pairs([compared(), compared(**fields)])


def test_a_stratum_without_a_weight_is_refused(compared):
    with pytest.raises(ValueError, match="email"):
        pairs([compared(stratum="email")], stratum_weights={"chat": 1.0})
