import numpy as np
import pytest

from tastemaker.stats.choices import choices, choices_change, f_score, matthews
from tastemaker.stats.resample import one_stratum

CLASSES = ("none", "canvas", "search")


def routed(table, classes=CLASSES):
    """The result of a table, right by chosen: one scenario for each count."""
    cells = [
        (i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)
    ]
    right, chosen = np.array(cells).T
    design = one_stratum(np.arange(len(cells)))
    return choices(right, chosen[:, None], classes, design, np.random.default_rng(0))


def test_vector_nine():
    """Hits 45, misses 5, false triggers 8, rest 42: class 1 is the positive one."""
    found = routed([[42, 8], [5, 45]], ("no", "yes"))
    yes = found.scores[1]

    assert yes.precision.value == pytest.approx(0.8490566038, abs=1e-10)
    assert yes.recall.value == pytest.approx(0.9)
    assert yes.f1.value == pytest.approx(90 / 103)
    assert yes.false_trigger.value == pytest.approx(8 / 50)
    assert found.mcc.value == pytest.approx(0.7413356072, abs=1e-10)
    assert float(f_score(45, 8, 5, beta=0.5)) == pytest.approx(0.8587786260, abs=1e-10)


def test_a_class_without_support_is_not_zero_but_unknown():
    """Search is never right, yet chosen twice: its false-trigger rate is what there is to say."""
    found = routed([[8, 1, 1], [1, 8, 1], [0, 0, 0]])
    search = found.scores[2]

    assert search.support == 0
    assert (search.precision.value, search.recall.value, search.f1.value) == (None, None, None)
    assert search.false_trigger.value == pytest.approx(0.1)
    both = [found.scores[k].f1.value for k in (0, 1)]
    assert found.macro_f1.value == pytest.approx(np.mean(both))


def test_a_class_never_chosen_has_no_precision_and_an_f1_of_zero():
    found = routed([[5, 0, 0], [0, 5, 0], [3, 2, 0]])

    assert found.scores[2].precision.value is None
    assert found.scores[2].recall.value == 0.0
    assert found.scores[2].f1.value == 0.0


def test_matthews_of_two_classes_is_a_correlation():
    rng = np.random.default_rng(2)
    right, chosen = rng.integers(0, 2, size=(2, 80))
    table = np.zeros((2, 2))
    np.add.at(table, (right, chosen), 1)

    assert float(matthews(table)) == pytest.approx(np.corrcoef(right, chosen)[0, 1])


def test_matthews_of_many_classes_is_a_correlation_of_indicators():
    rng = np.random.default_rng(3)
    right = rng.integers(0, 4, size=90)
    chosen = np.where(rng.random(90) < 0.5, right, rng.integers(0, 4, size=90))
    table = np.zeros((4, 4))
    np.add.at(table, (right, chosen), 1)
    x, y = (np.eye(4)[codes] - np.eye(4)[codes].mean(axis=0) for codes in (right, chosen))

    by_hand = (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())
    assert float(matthews(table)) == pytest.approx(by_hand)


def test_choosing_one_class_always_leaves_mcc_unknown():
    assert routed([[4, 0, 0], [6, 0, 0], [5, 0, 0]]).mcc.value is None


def test_a_rate_of_one_takes_wilsons_interval():
    """Recall 20 of 20 clusters: Wilson with t 19 df has the lower limit 1/(1 + t^2/20)."""
    found = routed([[20, 0, 0], [1, 20, 0], [0, 0, 3]])

    recall = found.scores[0].recall
    assert recall.value == 1.0
    assert recall.low == pytest.approx(1 / (1 + 2.0930240544**2 / 20))
    assert recall.high == 1.0


def test_seeds_share_the_count_of_their_scenario():
    right = np.array([1, 0])
    chosen = np.array([[1, 1, 0, -1], [-1, -1, -1, -1]])

    found = choices(right, chosen, CLASSES, one_stratum(np.arange(2)), np.random.default_rng(0))

    assert found.scenarios == 1
    assert found.table[1].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert found.scores[1].recall.low is None  # one cluster


def test_the_change_is_taken_on_scenarios_that_both_answered():
    right = np.array([0, 0, 1, 1])
    baseline = np.array([[0], [1], [1], [-1]])
    candidate = np.array([[0], [0], [1], [0]])

    found = choices_change(
        right,
        baseline,
        candidate,
        ("no", "yes"),
        one_stratum(np.arange(4)),
        np.random.default_rng(0),
    )

    assert found.accuracy.value == pytest.approx(1 / 3)
    assert found.recall[0].value == pytest.approx(1 / 2)
    assert found.false_trigger[1].value == pytest.approx(-1 / 2)


def test_a_clear_gain_in_recall_is_established():
    rng = np.random.default_rng(6)
    right = np.repeat([0, 1, 2], 60)
    baseline = np.where(rng.random((180, 3)) < 0.5, right[:, None], 0)
    candidate = np.where(rng.random((180, 3)) < 0.9, right[:, None], 0)

    found = choices_change(
        right, baseline, candidate, CLASSES, one_stratum(np.arange(180) // 3), rng
    )

    assert found.recall[1].low > 0.2
    assert found.macro_f1.low > 0
    assert found.mcc.low > 0


def test_a_class_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="0 to 2"):
        choices(
            np.array([0]),
            np.array([[3]]),
            CLASSES,
            one_stratum(np.arange(1)),
            np.random.default_rng(0),
        )


def test_no_answers_at_all_are_unknown():
    found = choices(
        np.array([0, 1]),
        np.full((2, 2), -1),
        CLASSES,
        one_stratum(np.arange(2)),
        np.random.default_rng(0),
    )

    assert found.scenarios == 0
    assert found.accuracy.value is None
    assert found.macro_f1.value is None
