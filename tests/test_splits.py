"""Shares of a total, clusters that are joined, and the splits they fall into."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastemaker.splits import apportion, assign, in_hash_order, joined

WEIGHTS = st.lists(st.floats(0, 100), min_size=1, max_size=8).filter(lambda w: sum(w) > 0.001)


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (10, [0.6, 0.4], [6, 4]),
        (10, [0.7, 0.3], [7, 3]),
        (3, [0.6, 0.4], [2, 1]),
        (5, [1, 1], [3, 2]),
        (7, [0.5, 0.3, 0.2], [4, 2, 1]),
        (4, [0.9, 0.1], [4, 0]),
        (0, [1, 2], [0, 0]),
    ],
)
def test_a_total_is_shared_by_largest_remainder(total, weights, shares):
    assert apportion(total, weights) == shares


@settings(deadline=None)
@given(st.integers(0, 500), WEIGHTS)
def test_shares_sum_to_the_total_and_miss_their_quota_by_less_than_one(total, weights):
    shares = apportion(total, weights)

    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * weight / sum(weights)) < 1 + 1e-6


@settings(deadline=None)
@given(st.sets(st.text(), max_size=20), st.text(), st.integers())
def test_a_key_that_is_added_does_not_move_the_others(keys, new, seed):
    order = in_hash_order(keys | {new}, seed)

    assert [key for key in order if key in keys - {new}] == in_hash_order(keys - {new}, seed)


def test_clusters_of_pairs_become_one_named_by_its_first():
    names = joined(["a", "b", "c", "d", "e"], [("d", "b"), ("e", "d")])

    assert names == {"a": "a", "b": "b", "c": "c", "d": "b", "e": "b"}


def test_clusters_are_cut_at_the_quota_inside_each_stratum():
    homes = {f"{stratum}{i}": stratum for stratum in "xy" for i in range(10)}
    splits = assign(homes, {}, {"dev": 0.6, "held-out": 0.4}, seed=1)

    for stratum in "xy":
        assert [splits[c] for c in homes if homes[c] == stratum].count("dev") == 6


def test_a_cluster_that_was_told_its_split_counts_towards_the_quota():
    homes = {str(i): "x" for i in range(10)}
    told = {"0": "held-out", "1": "held-out", "2": "held-out"}
    splits = assign(homes, told, {"dev": 0.6, "held-out": 0.4}, seed=1)

    assert splits.items() >= told.items()
    assert list(splits.values()).count("held-out") == 4


def test_another_seed_cuts_otherwise():
    homes = {str(i): "x" for i in range(20)}
    one, other = (assign(homes, {}, {"dev": 1, "held-out": 1}, seed) for seed in (1, 2))

    assert one != other


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=3), st.sampled_from("xyz"), min_size=1),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=3),
    st.data(),
)
def test_every_cluster_has_one_split_and_what_was_told_holds(homes, shares, data):
    by_name = {f"s{i}": share for i, share in enumerate(shares)}
    told = data.draw(
        st.dictionaries(st.sampled_from(sorted(homes)), st.sampled_from([*by_name, "other"]))
    )
    splits = assign(homes, told, by_name, seed=1)

    assert splits.keys() == homes.keys()
    assert splits.items() >= told.items()
    assert set(splits.values()) <= {*by_name, *told.values()}
