import choix
import evalica
import numpy as np
import pytest

from tastemaker.stats.bradley_terry import bradley_terry, connected, log_strengths
from tastemaker.stats.pairwise import Comparison, pairs

VECTOR = np.array([[0, 7, 9], [3, 0, 6], [1, 4, 0]], dtype=float)


def contest(wins, cluster_size=1):
    """Comparisons that give the wins of row over column; a scenario each, both orders agreeing."""
    games = [
        (str(i), str(j))
        for i, row in enumerate(wins)
        for j, count in enumerate(row)
        for _ in range(int(count))
    ]
    return pairs(
        Comparison(
            scenario=f"s{n}",
            cluster=f"c{n // cluster_size}",
            seed=1,
            arm_a=winner,
            arm_b=loser,
            a_first=a_first,
            preference=1.0,
        )
        for n, (winner, loser) in enumerate(games)
        for a_first in (True, False)
    )


def random_wins(seed, arms=5):
    return np.random.default_rng(seed).integers(1, 9, size=(arms, arms)) * (1.0 - np.eye(arms))


def test_vector_eight_strengths():
    found = bradley_terry(contest(VECTOR), np.random.default_rng(0), draws=200)

    values = [strength.value for strength in found.strengths]
    assert values == pytest.approx([0.94360585, -0.16016070, -0.78344515], abs=5e-9)
    assert found.preferred[0, 1] == pytest.approx(0.7509651776, abs=1e-10)
    assert found.preferred[0, 2] == pytest.approx(0.8490348223, abs=1e-10)
    assert found.wins == pytest.approx(VECTOR)
    assert not found.virtual_opponent


@pytest.mark.parametrize("seed", range(4))
def test_strengths_are_those_of_choix(seed):
    wins = random_wins(seed)
    games = [(i, j) for i in range(5) for j in range(5) for _ in range(int(wins[i, j]))]

    theirs = choix.opt_pairwise(5, games, alpha=1e-12, tol=1e-12)

    assert log_strengths(wins) == pytest.approx(theirs - theirs.mean(), abs=1e-6)


def test_strengths_with_ties_are_those_of_evalica():
    rng = np.random.default_rng(5)
    xs, ys = rng.integers(0, 4, size=(2, 300))
    xs, ys = xs[xs != ys], ys[xs != ys]
    outcomes = rng.choice([0.0, 0.5, 1.0], size=len(xs))
    wins = np.zeros((4, 4))
    np.add.at(wins, (xs, ys), outcomes)
    np.add.at(wins, (ys, xs), 1 - outcomes)
    kinds = {0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw, 1.0: evalica.Winner.X}

    theirs = evalica.bradley_terry(
        [str(x) for x in xs],
        [str(y) for y in ys],
        [kinds[outcome] for outcome in outcomes],
        tolerance=1e-12,
        limit=10_000,
    ).scores

    logs = np.log(theirs.loc[["0", "1", "2", "3"]].to_numpy())
    assert log_strengths(wins) == pytest.approx(logs - logs.mean(), abs=1e-6)


def test_two_arms_have_the_log_odds_of_the_wins():
    """8 wins to 2: log 4 apart."""
    strengths = log_strengths(np.array([[0.0, 8.0], [2.0, 0.0]]))

    assert strengths == pytest.approx([np.log(4) / 2, -np.log(4) / 2])


def test_an_arm_that_never_wins_meets_a_virtual_opponent():
    """3 wins to 0. By symmetry V is at 0 and the arms at +-b with 3 s(2b) + s(b) = 3.5."""
    wins = np.array([[0.0, 3.0], [0.0, 0.0]])
    found = bradley_terry(contest(wins), np.random.default_rng(0), draws=50)
    b = found.strengths[0].value

    assert found.virtual_opponent
    assert found.strengths[1].value == pytest.approx(-b)
    assert 3 / (1 + np.exp(-2 * b)) + 1 / (1 + np.exp(-b)) == pytest.approx(3.5)


def test_two_groups_that_never_met_are_not_connected():
    wins = np.zeros((4, 4))
    wins[0, 1] = wins[1, 0] = wins[2, 3] = wins[3, 2] = 1.0

    assert not connected(wins)
    assert np.isfinite(log_strengths(wins)).all()


@pytest.mark.parametrize("arms", [2, 3, 8, 9])
def test_a_circle_of_wins_connects_all(arms):
    circle = np.roll(np.eye(arms), 1, axis=1)

    assert connected(circle)
    assert not connected(circle * (np.arange(arms) > 0)[:, None])


def test_an_arm_compared_with_none_has_no_strength():
    wins = np.zeros((3, 3))
    wins[0, 1], wins[1, 0] = 3.0, 1.0

    strengths = log_strengths(wins)

    assert np.isnan(strengths[2])
    assert strengths[:2].sum() == pytest.approx(0.0)


def test_many_tables_are_fitted_like_one():
    tables = np.stack([VECTOR, VECTOR.T, np.array([[0, 3, 3], [0, 0, 3], [0, 0, 0.0]])])

    assert log_strengths(tables) == pytest.approx(np.stack([log_strengths(t) for t in tables]))


def test_all_ties_make_all_arms_equal():
    ties = 2.0 * (1 - np.eye(4))

    assert log_strengths(ties) == pytest.approx(np.zeros(4), abs=1e-12)


def test_repeated_scenarios_in_clusters_widen_the_interval():
    wins = random_wins(1, arms=3) * 8

    free = bradley_terry(contest(wins), np.random.default_rng(0), draws=400)
    tied = bradley_terry(contest(wins, cluster_size=4), np.random.default_rng(0), draws=400)

    width = [s.strengths[0].high - s.strengths[0].low for s in (free, tied)]
    assert width[1] > 1.3 * width[0]


def test_the_interval_of_two_arms_is_near_the_large_sample_one():
    """Half the log odds of 120 to 80: SE = sqrt(1/120 + 1/80)/2."""
    found = bradley_terry(
        contest(np.array([[0.0, 120.0], [80.0, 0.0]])), np.random.default_rng(0)
    ).strengths[0]

    half = 1.96 * np.sqrt(1 / 120 + 1 / 80) / 2
    assert found.low == pytest.approx(np.log(1.5) / 2 - half, abs=0.03)
    assert found.high == pytest.approx(np.log(1.5) / 2 + half, abs=0.03)


def test_nothing_judged_is_refused():
    with pytest.raises(ValueError, match="No pair"):
        bradley_terry(pairs([]), np.random.default_rng(0))


def test_one_cluster_gives_strengths_without_intervals():
    found = bradley_terry(contest(VECTOR, cluster_size=99), np.random.default_rng(0), draws=20)

    assert found.strengths[0].value == pytest.approx(0.94360585, abs=5e-9)
    assert found.strengths[0].low is None
