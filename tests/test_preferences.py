"""Preferences made elsewhere, from a file to the gate; the numbers can be followed by hand."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.report.data import as_data
from tastemaker.report.markdown import as_markdown
from tastemaker.report.terminal import print_report
from tastemaker.results import load_results
from tastemaker.stats.pairwise import gated
from tastemaker.stats.resample import one_stratum

EXPERIMENT = """
experiment: try
baseline: {old: {scores: ./old.csv}}
candidates: {new: {scores: ./new.csv}}
pairwise: {preferences: ./liked.csv}
"""
COLUMNS = ("scenario", "seed", "arm_a", "arm_b", "order", "preference")
BY_HAND = [("a", "a")] * 4 + [("a", "b"), ("tie", "tie"), ("b", "b"), ("tie", "a")]
"""Of eight scenarios: the answers when the reply of `new` stood first, and when it stood second."""


def written(rows, columns=COLUMNS):
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue()


def both_orders(answers, arms=("new", "old"), seed=1):
    """Rows of a file: two answers for each scenario s0, s1, ..."""
    return [
        (f"s{i}", seed, *arms, order, answer)
        for i, pair in enumerate(answers)
        for order, answer in zip(("ab", "ba"), pair, strict=True)
    ]


@pytest.fixture
def results(project):
    """The results of an experiment of scores that are all alike, and a file of preferences."""

    def make(rows, experiment=EXPERIMENT, columns=COLUMNS, arms=("old", "new"), scenarios=60):
        folder = project({"try.yaml": experiment, "liked.csv": written(rows, columns)})
        scores = [(f"s{i}", 1, "clarity", i % 2) for i in range(scenarios)]
        for arm in arms:
            text = written(scores, ("scenario", "seed", "principle", "value"))
            (folder / f"{arm}.csv").write_text(text)
        return load_results(load_experiment(folder / "try.yaml"), folder / "logs")

    return make


def only(found):
    [one] = found.preferences.found
    return one


# The numbers -------------------------------------------------------------------------------------


def test_a_file_of_preferences_is_counted_as_by_hand(results):
    """w: 1 1 1 1, 1/2 (each order its first), 1/2, 0, 3/4; d = 2w - 1 sums to 3.5.

    Of 2^6 signs for 1 1 1 1 -1 0.5, seven sum to 3.5 or more: all ones up (2), one down and the
    half up (5).
    """
    found = only(results(both_orders(BY_HAND)))

    assert found.win_rate.value == 5.75 / 8
    assert found.paired.difference == pytest.approx(3.5 / 8)
    assert found.rate.net == pytest.approx(3.5 / 8)
    assert (found.rate.win, found.rate.tie, found.rate.loss) == (10 / 16, 3 / 16, 3 / 16)
    assert found.rate.consistency == 6 / 8
    assert found.rate.position_bias.value == pytest.approx((0.5 - 0.25) / 8)
    assert found.paired.p_greater == 7 / 64
    assert found.p == 14 / 64
    assert found.win_rate.low < 0.5 < found.win_rate.value < found.win_rate.high <= 1


def test_it_is_the_same_file_whichever_arm_is_called_a(results):
    turned = {"a": "b", "b": "a", "tie": "tie"}
    rows = [
        (scenario, seed, "old", "new", {"ab": "ba", "ba": "ab"}[order], turned[answer])
        for scenario, seed, _, _, order, answer in both_orders(BY_HAND)
    ]
    found = only(results(rows))

    assert found.win_rate.value == 5.75 / 8
    assert found.rate.position_bias.value == pytest.approx(0.25 / 8)


def test_vector_eight_win_rate_by_way_of_a_file(results):
    """12 wins, 5 ties, 8 losses: .58, net .16; d has twice the SE of w, .0898146239."""
    answers = [("a", "a")] * 12 + [("tie", "tie")] * 5 + [("b", "b")] * 8
    found = only(results(both_orders(answers)))

    assert found.win_rate.value == pytest.approx(0.58)
    assert found.rate.net == pytest.approx(0.16)
    assert found.paired.se == pytest.approx(2 * 0.0898146239, abs=1e-9)


THREE = """
experiment: try
baseline: {zero: {scores: ./zero.csv}}
candidates: {one: {scores: ./one.csv}, two: {scores: ./two.csv}}
pairwise: {preferences: ./liked.csv}
"""


def test_vector_eight_strengths_by_way_of_a_file(results):
    """Wins [[0,7,9],[3,0,6],[1,4,0]], each battle a scenario of its own."""
    wins = {("zero", "one"): (7, 3), ("zero", "two"): (9, 1), ("one", "two"): (6, 4)}
    battles = [
        (arms, "a" if n < won else "b") for arms, (won, _) in wins.items() for n in range(10)
    ]
    rows = [
        (f"s{i}", 1, *arms, order, answer)
        for i, (arms, answer) in enumerate(battles)
        for order in ("ab", "ba")
    ]
    found = results(rows, THREE, arms=("zero", "one", "two"))
    [ranking] = found.preferences.rankings
    strengths = dict(zip(ranking.strengths.arms, ranking.strengths.strengths, strict=True))

    assert strengths["zero"].value == pytest.approx(0.94360585, abs=1e-7)
    assert strengths["one"].value == pytest.approx(-0.16016070, abs=1e-7)
    assert strengths["two"].value == pytest.approx(-0.78344515, abs=1e-7)
    assert strengths["two"].low < strengths["two"].value < strengths["two"].high
    assert not ranking.strengths.virtual_opponent
    assert as_data(found)["pairwise"]["strengths"][0]["arms"][0]["arm"] in strengths


def test_two_arms_are_not_ranked(results):
    assert results(both_orders(BY_HAND)).preferences.rankings == ()


def test_weights_of_strata_and_scenarios_count_as_they_do_for_scores(results):
    """One stratum of weight 3 + 1 scenarios and one of 1: w = (3 * 1 + 1 * 0 + 1 * 0) / 5."""
    rows = [
        (*row, "arena", stratum, weight)
        for row, (stratum, weight) in zip(
            both_orders([("a", "a"), ("b", "b"), ("b", "b")]),
            [("x", 3), ("x", 3), ("x", 1), ("x", 1), ("y", 1), ("y", 1)],
            strict=True,
        )
    ]
    found = only(results(rows, columns=(*COLUMNS, "eval", "stratum", "weight")))

    assert found.win_rate.value == pytest.approx(3 / 5)


@pytest.mark.parametrize("order", [("clarity", "steps"), ("steps", "clarity")])
def test_a_scenario_that_counts_several_times_for_one_principle_is_compared_once(project, order):
    """s0 counts seven times for steps alone (`per`), and wins: w = (1 + 0) / 2, not 7 / 8."""
    folder = project(
        {
            "try.yaml": EXPERIMENT,
            "liked.csv": written(both_orders([("a", "a"), ("b", "b")])),
        }
    )
    weights = {"clarity": (1, 1), "steps": (7, 1)}
    scores = [
        (f"s{i}", 1, name, 1, weight) for name in order for i, weight in enumerate(weights[name])
    ]
    for arm in ("old", "new"):
        text = written(scores, ("scenario", "seed", "principle", "value", "weight"))
        (folder / f"{arm}.csv").write_text(text)
    found = only(load_results(load_experiment(folder / "try.yaml"), folder / "logs"))

    assert found.win_rate.value == 0.5


def test_clusters_of_the_file_make_one_observation_of_their_scenarios(results):
    answers = [("a", "a")] * 12
    rows = [(*row, "arena", f"c{number // 4}") for number, row in enumerate(both_orders(answers))]
    found = only(results(rows, columns=(*COLUMNS, "eval", "cluster")))

    assert (found.paired.scenarios, found.paired.clusters) == (12, 6)
    assert found.paired.p_greater == 1 / 2**6


def test_seeds_are_averaged_before_scenarios_are(results):
    """s0 wins and loses over its two seeds, s1 wins: w = (1/2 + 1) / 2."""
    rows = both_orders([("a", "a"), ("a", "a")]) + both_orders([("b", "b")], seed=2)
    found = only(results(rows))

    assert found.win_rate.value == 0.75
    assert found.rate.pairs == 3


def test_an_unscored_order_takes_its_pair_along(results):
    found = only(results(both_orders([*BY_HAND, ("a", "")]), scenarios=9))

    assert found.win_rate.value == 5.75 / 8
    assert found.rate.half_judged == 1
    assert found.unscored == {"missing": 1}


def test_at_equal_length_a_taste_for_length_counts_no_more(results):
    """The longer of two replies wins four times in five, whose ever it is.

    The candidate's is longer in 45 pairs of 60: it wins 36 + 3, that is 65%; at equal length half.
    """
    rows = []
    for i in range(60):
        longer = 200 if i < 45 else -200
        answer = "a" if (longer > 0) == (i % 5 > 0) else "b"
        for order in ("ab", "ba"):
            rows.append((f"s{i}", 1, "new", "old", order, answer, 500 + longer, 500))
    found = only(results(rows, columns=(*COLUMNS, "length_a", "length_b")))

    assert found.win_rate.value == pytest.approx(0.65)
    assert found.length.raw == pytest.approx(0.65)
    assert found.length.win_rate.value == pytest.approx(0.5, abs=1e-3)
    assert found.length.win_rate.low < 0.5 < found.length.win_rate.high
    assert found.length.psi < 0
    assert found.forms["characters"] == pytest.approx((600, 500))


def test_seeds_of_a_preference_are_noise_of_its_own(results):
    """Where w is 1 on one seed and 0 on the other: the variance of d, 2, is all seeds'."""
    w = np.array([[1.0, 0.0], [0.0, 1.0]] * 5)
    found = gated(w, one_stratum(np.arange(10)))

    assert found.difference == 0.0
    assert found.components.candidate_variance == pytest.approx(2.0)
    assert found.components.baseline_variance == 0.0


# The gate ----------------------------------------------------------------------------------------

GATED = EXPERIMENT.replace("liked.csv}", "liked.csv, rule: {margin: 0.2}}")


def verdict(found):
    [one] = [v for v in found.decision.verdicts if v.principle == "preference"]
    return one


def test_without_a_rule_a_preference_is_shown_and_decides_nothing(results):
    found = results(both_orders([("b", "b")] * 60))

    assert [v.principle for v in found.decision.verdicts] == ["clarity"]
    assert found.decision.outcome != "fail"


def test_with_a_rule_it_is_a_verdict_in_the_candidates_family(results):
    """The scores are all alike, so its p is 1; Holm doubles the other of two."""
    found = results(both_orders([("b", "b")] * 60), GATED)
    one = verdict(found)

    assert (str(one.kind), one.severity) == ("REGRESSED", "beyond_margin")
    assert one.p_regressed_adjusted == pytest.approx(2 * one.p_regressed)
    assert found.decision.outcome == "fail"
    assert "preference (new)" in found.decision.reasons[0]
    assert one.paired.baseline.mean == 1.0
    assert one.paired.candidate.mean == 0.0


def test_even_preferences_are_non_inferior(results):
    answers = [("a", "a"), ("b", "b")] + [("tie", "tie")] * 58
    one = verdict(results(both_orders(answers), GATED))

    assert str(one.kind) == "NON_INFERIOR"
    assert one.paired.difference == 0.0


def test_a_gated_preference_in_one_order_decides_nothing_and_says_so(results):
    rows = [row for row in both_orders([("a", "a")] * 45 + [("b", "b")] * 15) if row[4] == "ab"]
    found = results(rows, GATED)
    one = verdict(found)

    assert str(one.kind) == "NOT_EVALUABLE"
    assert "one order only" in one.reason
    assert found.decision.outcome == "inconclusive"
    data = as_data(found)["pairwise"]["found"][0]
    assert data["win_rate"]["value"] is None
    assert data["one_order"]["value"] == pytest.approx(0.75)
    assert "preferred in 75.0% of pairs" in as_markdown(found).replace("\\", "")


def test_a_candidate_that_was_not_compared_is_not_evaluable(results):
    experiment = THREE.replace("liked.csv}", "liked.csv, rule: {}}")
    rows = both_orders([("a", "a")] * 60, arms=("one", "zero"))
    found = results(rows, experiment, arms=("zero", "one", "two"))
    kinds = {
        v.candidate: str(v.kind) for v in found.decision.verdicts if v.principle == "preference"
    }

    assert kinds == {"one": "IMPROVED", "two": "NOT_EVALUABLE"}


def test_too_much_missing_is_not_evaluable_when_it_could_change_the_verdict(results):
    answers = [("a", "a"), ("b", "b")] * 27 + [("a", "")] * 6
    one = verdict(results(both_orders(answers), GATED))

    assert str(one.kind) == "NOT_EVALUABLE"
    assert "Too much is missing" in one.reason


def test_what_a_file_leaves_out_is_unscored_and_not_unseen(results):
    """36 wins certify a gain; with 24 losses left out nobody knows."""
    won, lost = [("a", "a")] * 36, [("b", "b")] * 24
    whole = results(both_orders(won), GATED, scenarios=36)
    assert str(verdict(whole).kind) == "IMPROVED"

    for left_out in ([], [("a", "")] * 24):
        found = results(both_orders([*won, *left_out]), GATED)
        assert str(verdict(found).kind) == "NOT_EVALUABLE"
        assert "40.0%" in verdict(found).reason
        assert only(found).unscored == {"missing": 24}
    assert str(verdict(results(both_orders([*won, *lost]), GATED)).kind) != "IMPROVED"


def test_a_seed_that_one_pair_of_arms_lacks_is_counted_for_it(results):
    """Of `one` both seeds are compared, of `two` the first alone, of `zero` and `two` 60 less."""
    experiment = THREE.replace("liked.csv}", "liked.csv, rule: {}}")
    even = [("a", "b")] * 60
    rows = [
        row
        for arm, seeds in (("one", (1, 2)), ("two", (1,)))
        for seed in seeds
        for row in both_orders(even, arms=(arm, "zero"), seed=seed)
    ]
    found = results(rows, experiment, arms=("zero", "one", "two")).preferences.found

    assert [dict(one.unscored) for one in found] == [{}, {"missing": 60}]
    assert "60 pairs are left out" in preference_lines_of(rows, results, experiment)


def preference_lines_of(rows, results, experiment):
    from tastemaker.report.preferences import preference_lines

    return "\n".join(preference_lines(results(rows, experiment, arms=("zero", "one", "two"))))


def test_a_principle_may_be_asked_about_alone(results):
    rows = [(*row, "clarity") for row in both_orders([("a", "a")] * 60)]
    found = results(rows, GATED, columns=(*COLUMNS, "principle"))

    assert only(found).principle == "clarity"
    assert [v.principle for v in found.decision.verdicts] == ["clarity", "preference/clarity"]


# Reports -----------------------------------------------------------------------------------------


def test_every_report_says_what_was_preferred(results):
    found = results(both_orders(BY_HAND))
    console = Console(file=io.StringIO(), width=80, emoji=False, highlight=False)
    print_report(found, console)
    shown, markdown = console.file.getvalue(), as_markdown(found)

    for text in (shown, markdown):
        assert "71.9%" in text
        assert "Not gated" in text
    assert "62%/19%/19%" in shown
    assert "| new | all in all | 71.9% |" in markdown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_gate_prints_them_as_json(results):
    results(both_orders(BY_HAND))
    told = CliRunner().invoke(app, ["gate", "./try.yaml", "--json"])
    data = json.loads(told.stdout)["pairwise"]

    assert data["rule"] is None
    [one] = data["found"]
    assert one["win_rate"]["value"] == 5.75 / 8
    assert (one["candidate"], one["baseline"], one["principle"]) == ("new", "old", None)


def test_without_comparisons_reports_say_nothing_of_them(results):
    found = results(both_orders(BY_HAND), EXPERIMENT.replace("pairwise:", "#"))

    assert as_data(found)["pairwise"] is None
    assert "Preferences" not in as_markdown(found)


# What is refused ---------------------------------------------------------------------------------


def test_every_mistake_of_a_file_is_told_at_once_with_its_line(results):
    rows = [
        ("s0", 1, "new", "old", "ab", "a"),
        ("s0", 1, "old", "new", "ba", "b"),  # the same answer, told the other way round
        ("s99", 1, "new", "old", "ab", "a"),
        ("s1", 1, "newer", "old", "ab", "a"),
        ("s1", 1, "new", "new", "ab", "a"),
        ("s1", 0, "new", "old", "ab", "a"),
        ("s1", 1, "new", "old", "first", "a"),
        ("s1", 1, "new", "old", "ab", "A"),
    ]
    with pytest.raises(UserError) as caught:
        results(rows)

    assert str(caught.value).splitlines() == [
        "liked.csv:3: scenario 's0', seed 1: old and new stand twice in this order",
        "liked.csv:4: unknown scenario 's99': did you mean 's9'?",
        "liked.csv:5: unknown arm 'newer' in 'arm_a': did you mean 'new'?",
        "liked.csv:6: arm 'new' is compared with itself",
        "liked.csv:7: expected a seed of 1 or more, found '0'",
        "liked.csv:8: expected the order 'ab' (the reply of arm_a was shown first) or 'ba', "
        "found 'first'",
        "liked.csv:9: expected the preference 'a', 'b', 'tie' or nothing, found 'A'",
    ]


@pytest.mark.parametrize(
    ("columns", "cells", "told"),
    [
        (("eval", "cluster"), [("x", "c"), ("x", "d")], "the cluster 'd', and 'c' before"),
        (("cluster",), [("s0",), ("d",)], "liked.csv:3: .* the cluster 'd', and 's0' in the score"),
        (("stratum",), [("",), ("x",)], "has the stratum 'x', and '' in the scores"),
        (("weight",), [(1,), (0.01,)], "has the weight '0.01', and '1.0' in the scores"),
        (("weight",), [(0,), (0,)], "expected a weight above 0, found '0'"),
        (("principle",), [("clarty",), ("",)], "unknown principle 'clarty'"),
        (("length_a", "length_b"), [(3, ""), (3, 3)], "expected both lengths, or none"),
        (("winner",), [("a",), ("b",)], "unknown column 'winner'"),
    ],
)
def test_what_a_row_may_not_say(results, columns, cells, told):
    rows = [(*row, *more) for row, more in zip(both_orders([("a", "a")]), cells, strict=True)]
    with pytest.raises(UserError, match=told):
        results(rows, columns=(*COLUMNS, *columns))


def test_a_file_may_bring_an_eval_of_its_own(results):
    rows = [(f"arena-{row[0]}", *row[1:], "arena") for row in both_orders(BY_HAND)]
    found = only(results(rows, columns=(*COLUMNS, "eval")))

    assert found.win_rate.value == 5.75 / 8


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("true", "an arm of scores has no replies to compare"),
        ("{by: both, preferences: ./liked.csv}", "'by' has no meaning beside 'preferences'"),
        ("{preferences: ./likes.csv}", "no file './likes.csv': did you mean 'liked.csv'?"),
        ("{rule: {margn: 0.1}}", "margn"),
        ("maybe", "expected true or false"),
    ],
)
def test_what_the_key_may_not_say(results, key, told):
    with pytest.raises(UserError, match=told):
        results(
            both_orders(BY_HAND),
            EXPERIMENT.replace("{preferences: ./liked.csv}", key),
        )


def test_a_principle_called_like_the_verdict_is_refused(results):
    rows = [(f"s{i}", 1, "new", "old", order, "a") for i in range(6) for order in ("ab", "ba")]
    results(rows, GATED)
    for arm in ("old", "new"):
        path = Path(f"{arm}.csv")
        path.write_text(path.read_text().replace("clarity", "preference"))
    with pytest.raises(UserError, match="a principle is called 'preference'"):
        load_results(load_experiment(Path("try.yaml")), Path("logs"))


def test_a_changed_file_changes_the_record(results):
    one = results(both_orders(BY_HAND)).record["record"]
    other = results(both_orders(BY_HAND[:-1])).record["record"]

    assert one != other
