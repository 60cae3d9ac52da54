"""A short, seeded form of benchmarks/false_alarms.py, whose long form is committed beside it."""

import runpy
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "false_alarms.py"


@pytest.fixture(scope="module")
def benchmark():
    """The names of the benchmark, without running it."""
    return runpy.run_path(str(BENCHMARK))


def rates(benchmark, regime, effect, runs, seed):
    """How often each counted thing happened without the floor, and what STATS 4.3 publishes."""
    counted = benchmark["CELLS"][benchmark[regime], benchmark[effect]]
    counts = tuple(count for _, count, _ in counted)
    outcomes = benchmark["cell"](
        benchmark[regime], benchmark[effect], counts, np.random.default_rng(seed), runs
    )
    names = [name for name, _, _ in counted]
    return dict(zip(names, outcomes.mean(axis=0).T.tolist(), strict=True))


@pytest.mark.slow
def test_clean_runs_of_ten_principles_are_rarely_red(benchmark):
    """STATS 12: at most .08; 4.3: REGRESSED .028, certified .82 (150 runs: SE .014 and .010)."""
    told = rates(benchmark, "HIGH", "NULL", 150, 1)

    assert told["any REGRESSED"][0] <= 0.08
    assert told["NON_INFERIOR per principle"][0] == pytest.approx(0.82, abs=0.03)
    assert told["any p < .025, uncorrected"][0] == pytest.approx(0.18, abs=0.1)


@pytest.mark.slow
def test_sixty_clusters_certify_without_the_floor_and_not_with_it(benchmark):
    """STATS 4.3, `clustered`: .44 per principle (80 runs: SE .018); the floor of 5 points is 72."""
    told = rates(benchmark, "CLUSTERED", "NULL", 80, 2)

    assert told["NON_INFERIOR per principle"][0] == pytest.approx(0.44, abs=0.06)
    assert told["NON_INFERIOR per principle"][1] <= 0.02
    assert told["any REGRESSED"][0] <= 0.125


@pytest.mark.slow
def test_an_unseen_collapse_near_the_ceiling_is_certified_by_t_and_not_by_the_gate(benchmark):
    """STATS 12: at most .03 where cluster t certifies .28 (1,000 runs: SE .014)."""
    by_t, by_ladder, by_gate = benchmark["certified_collapse"](np.random.default_rng(3), 1000).mean(
        axis=0
    )

    assert by_t == pytest.approx(0.28, abs=0.045)
    assert by_ladder <= 0.03
    assert by_gate == 0.0


@pytest.mark.slow
def test_a_lenient_judge_misleads_until_people_correct_it(benchmark):
    """STATS 12: the judge alone covers in less than .05, corrected in .92 to .98."""
    judge, corrected = benchmark["lenient_judge"](np.random.default_rng(4), 600).mean(axis=0)

    assert judge < 0.05
    assert 0.92 <= corrected <= 0.98


def test_the_skewed_candidate_loses_nothing_on_the_whole(benchmark):
    """4 % collapse and the rest gain: 4,000 principles of 100 scenarios, SE .0004."""
    before, after = benchmark["pass_rates"](
        np.random.default_rng(5), benchmark["HIGH"], 4000, benchmark["SKEWED"]
    )

    assert after.mean() - before.mean() == pytest.approx(0.0, abs=0.0015)
    assert (after == 0).mean() == pytest.approx(0.04, abs=0.002)
