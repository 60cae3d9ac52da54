"""What looks decide, from scores alone: when a run ends, and how often it is wrong."""

import runpy
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from tastemaker.experiment import Experiment
from tastemaker.gate import Outcome
from tastemaker.looks import as_seen, examine, row_looks
from tastemaker.records import ScoreRow
from tastemaker.report.contract import report_schema
from tastemaker.report.data import as_data
from tastemaker.report.html.page import as_html
from tastemaker.results import results
from tastemaker.scenario import Dataset, Scenario
from tastemaker.schedule import Schedule, draw
from tastemaker.tables import scores_of_rows

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "early_stopping.py"
SCENARIOS = 100
PER_LOOK = 20
IDS = [f"s{n}" for n in range(SCENARIOS)]


def experiment(**more):
    return Experiment.model_validate(
        {
            "experiment": "looks",
            "evals": [{"rubric": "./r.yaml", "dataset": "./d.yaml"}],
            "baseline": {"old": {"model": "a/b"}},
            "candidates": {"new": {"model": "a/c"}},
            "rules": {"default": {"margin": 0.2}},
            **more,
        }
    )


EARLY, EXTEND = experiment(early_stopping=True), experiment(on_inconclusive="extend")


def dataset(scenarios=SCENARIOS, strata=1):
    return Dataset(
        name="d",
        strata=dict.fromkeys((f"h{s}" for s in range(strata)), 1 / strata),
        scenarios=tuple(
            Scenario(
                id=f"s{n}", dataset="d", stratum=f"h{n % strata}", cluster=f"s{n}", messages=()
            )
            for n in range(scenarios)
        ),
    )


def planned(principles=("p",), seed=1):
    return draw({"d": dataset()}, seed, {"d": dict.fromkeys(principles, IDS)})


def scores(schedule, principles, looks=5, arms=("old", "new")):
    """Rows of the scenarios up to a look; `principles` gives (old, new) by principle and place.

    The place of a scenario is its place in the order in which the schedule brings them in.
    """
    order = sorted(schedule.entry["d"], key=lambda name: schedule.entry["d"][name])
    return scores_of_rows(
        [
            ScoreRow(
                eval="d",
                dataset="d",
                arm=arm,
                scenario=name,
                cluster=name,
                seed=1,
                principle=principle,
                value=float(value),
            )
            for principle, said in principles.items()
            for place, name in enumerate(order[: looks * PER_LOOK])
            for arm, value in zip(arms, said(place), strict=True)
        ]
    )


def same(place):
    return 1, 1


def worse(place):
    return 1, 0


def noise(place):
    return place % 2, (place + 1) % 2


# The schedule ------------------------------------------------------------------------------------


def test_each_look_brings_in_a_fifth_of_each_stratum():
    schedule = draw({"d": dataset(strata=2)}, 1)
    looks = {
        stratum: [schedule.look_of("d", f"s{n}") for n in range(SCENARIOS) if n % 2 == stratum]
        for stratum in (0, 1)
    }

    assert schedule.scenarios == (20, 20, 20, 20, 20)
    assert all(found.count(look) == 10 for found in looks.values() for look in range(1, 6))
    assert [schedule.share(look) for look in (1, 3, 5)] == [0.2, 0.6, 1.0]


def test_a_schedule_is_the_same_for_the_same_seed_whatever_the_order_of_the_file():
    data = dataset()
    turned = replace(data, scenarios=data.scenarios[::-1])

    assert draw({"d": data}, 1).entry == draw({"d": turned}, 1).entry
    assert draw({"d": data}, 1).entry != draw({"d": data}, 2).entry


def test_a_cluster_comes_in_at_one_look_in_all_evals_of_its_dataset():
    schedule = draw({"one": dataset(), "two": dataset()}, 1)

    assert schedule.scenarios == (40, 40, 40, 40, 40)
    assert set(schedule.entry) == {"d"}


def test_a_schedule_comes_back_from_the_record_as_it_was():
    schedule = planned()

    assert Schedule.from_data(schedule.as_data()) == schedule


# When a run ends ---------------------------------------------------------------------------------


def test_equal_arms_are_certified_at_the_second_look():
    """No change in 40 clusters: 1 - .00063^(1/40) = .168 < .2; in 20 it is .475 at look 1."""
    found = examine(EARLY, planned(), scores(planned(), {"p": same}))

    [verdict] = found.verdicts
    assert (found.at.look, found.wanted) == (2, False)
    assert (verdict.kind, verdict.at.look) == ("NON_INFERIOR", 2)
    assert verdict.paired.low == pytest.approx(-0.168, abs=5e-4)
    assert found.open == frozenset()


def test_rows_after_the_look_that_ended_a_run_do_not_count():
    schedule = planned()
    turns = {"p": lambda place: (1, 1) if place < 40 else (1, 0)}
    found = examine(EARLY, schedule, scores(schedule, turns))

    assert found.verdicts[0].kind == "NON_INFERIOR"
    assert set(row_looks(found.scores, schedule)) == {1, 2}


def test_what_is_decided_stays_as_it_was_decided_though_the_other_goes_on():
    schedule = planned(("p", "q"))
    turns = {"p": lambda place: (1, 1) if place < 40 else (1, 0), "q": noise}
    found = examine(EARLY, schedule, scores(schedule, turns))
    decided = {v.principle: (v.kind, v.at.look, v.paired.scenarios) for v in found.verdicts}

    assert decided["p"] == ("NON_INFERIOR", 2, 40)
    assert decided["q"][1:] == (5, 100)


def test_with_extend_every_principle_stands_as_the_last_look_finds_it():
    schedule = planned(("p", "q"))
    turns = {"p": lambda place: (1, 1) if place < 40 else (1, 0), "q": noise}
    found = examine(EXTEND, schedule, scores(schedule, turns))

    assert {v.principle: v.at.look for v in found.verdicts} == {"p": 3, "q": 3}
    assert {v.principle: v.kind for v in found.verdicts}["p"] == "REGRESSED"


def test_the_next_look_asks_only_about_what_is_open():
    schedule = planned(("p", "q"))
    found = examine(EARLY, schedule, scores(schedule, {"p": same, "q": noise}, looks=2))

    assert found.wanted
    assert found.open == {("q", "d")}
    extended = examine(EXTEND, schedule, scores(schedule, {"p": same, "q": noise}, looks=2))
    assert extended.open == {("p", "d"), ("q", "d")}


def test_a_principle_of_which_nothing_came_in_yet_keeps_a_run_going():
    schedule = planned(("p", "rare"))
    found = examine(EARLY, schedule, scores(schedule, {"p": same}, looks=2))

    assert found.wanted
    assert found.open == {("rare", "d")}


def test_a_principle_that_applies_to_nothing_more_is_not_waited_for():
    """Of "rare" look 1 has everything: looks 2 to 5 bring nothing in, and the run is over."""
    everywhere = planned(("p",))
    first = [name for name, look in everywhere.entry["d"].items() if look == 1]
    schedule = draw({"d": dataset()}, 1, {"d": {"p": IDS, "rare": first}})
    rows = scores(schedule, {"p": same, "rare": noise}, looks=2)
    rows = rows.keep(~rows.texts["principle"].equal("rare") | (row_looks(rows, schedule) == 1))
    found = examine(EARLY, schedule, rows)

    assert (found.at.look, found.wanted) == (5, False)
    assert {v.principle: v.at.look for v in found.verdicts} == {"p": 2, "rare": 5}


def test_a_principle_that_does_not_block_keeps_no_run_going():
    rules = {"default": {"margin": 0.2}, "q": {"blocking": False}}
    schedule = planned(("p", "q"))
    found = examine(
        experiment(early_stopping=True, rules=rules),
        schedule,
        scores(schedule, {"p": same, "q": noise}),
    )

    assert (found.at.look, found.wanted) == (2, False)


def test_a_candidate_that_fails_is_done_and_the_others_go_on():
    two = experiment(
        early_stopping=True, candidates={"bad": {"model": "a/d"}, "new": {"model": "a/c"}}
    )
    schedule = planned()
    rows = {"p": lambda place: (1, 0, place % 2)}
    arms = ("old", "bad", "new")
    alone = {"p": lambda place: (place % 2, 0, (place + 1) % 2)}
    found = examine(two, schedule, scores(schedule, rows, arms=arms))
    noisy = examine(two, schedule, scores(schedule, alone, arms=arms))

    assert {v.candidate: v.kind for v in found.verdicts} == {"bad": "REGRESSED", "new": "REGRESSED"}
    assert {v.candidate: v.at.look for v in noisy.verdicts}["new"] == 5
    assert {v.candidate: v.at.look for v in noisy.verdicts}["bad"] < 5


def test_a_limit_on_what_replies_take_keeps_a_run_and_its_grades_going():
    """Seconds are not known at all, so the limit is open and the replies are still asked for."""
    limited = experiment(early_stopping=True, resources={"seconds": {"ratio_at_most": 2.0}})
    schedule = planned()
    found = examine(limited, schedule, scores(schedule, {"p": same}, looks=2))

    assert found.wanted
    assert found.open == {("p", "d")}


# What a run says ---------------------------------------------------------------------------------


def told(asked, schedule, rows):
    return results(asked, {"record": "sha256:0", "looks": schedule.as_data()}, rows)


def test_a_run_that_ended_before_its_rule_allows_is_incomplete_and_not_inconclusive():
    schedule = planned(("p", "q"))
    for asked in (EARLY, EXTEND):
        found = told(asked, schedule, scores(schedule, {"p": same, "q": noise}, looks=2))

        assert found.decision.outcome is Outcome.INCOMPLETE
        assert found.decision.reasons[0].startswith("Look 3 of 5 is still to be taken")


def test_after_the_last_look_what_is_not_known_is_inconclusive():
    """A hundred differences of +1 and -1: 2.04 / 10 = .204, a hair more than the margin of .2."""
    schedule = planned()
    found = told(EXTEND, schedule, scores(schedule, {"p": noise}))

    assert found.decision.outcome is Outcome.INCONCLUSIVE
    assert found.decision.verdicts[0].paired.half_width == pytest.approx(0.207, abs=5e-3)


def test_means_of_arms_keep_the_level_of_the_experiment():
    schedule = planned()
    [verdict] = told(EARLY, schedule, scores(schedule, {"p": noise})).decision.verdicts

    assert verdict.at.alpha == pytest.approx(0.04135, abs=1e-5)
    assert verdict.paired.baseline.low == pytest.approx(0.4027, abs=2e-3)


def test_the_page_and_the_schema_know_the_looks():
    """Equal arms are decided at the second of five looks, with 40 of 100 scenarios."""
    schedule = planned()
    found = told(EARLY, schedule, scores(schedule, {"p": same}, looks=2))
    html = as_html(found)

    jsonschema.validate(as_data(found), report_schema(), jsonschema.Draft202012Validator)
    assert "Decided at look 2 of 5, 40% of the scenarios." in html
    looks = html.split('<section id="looks"')[1].split("</section>")[0]
    assert "Looks: 2 of 5, 40% of the scenarios." in looks
    assert "2 of 5</td>" in looks


def test_arms_of_two_runs_are_compared_over_the_looks_that_both_took():
    schedule = planned()
    first = scores(schedule, {"p": same}, looks=4)
    keep = first.texts["arm"].equal("old") | (row_looks(first, schedule) <= 2)
    found = as_seen(
        experiment(
            evals=[], baseline={"old": {"scores": "a"}}, candidates={"new": {"scores": "b"}}
        ),
        schedule,
        first.keep(keep),
    )

    [verdict] = found.verdicts
    assert (verdict.at.look, verdict.paired.scenarios, verdict.paired.unscored) == (2, 40, 0)
    assert not found.wanted


# How often it is wrong ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def benchmark():
    """The names of the benchmark, without running it."""
    return runpy.run_path(str(BENCHMARK))


@pytest.mark.slow
def test_a_clean_principle_uses_half_of_the_prompts_and_is_hardly_ever_red(benchmark):
    """STATS 5, `high`, n = 300: REGRESSED .01, NON_INFERIOR .99, share .52 (120 runs: SE .014)."""
    found = benchmark["outcomes"]("high 300", "NULL", 1, np.random.default_rng(1), 120)
    _, regressed, certified, asked, _ = found.mean(axis=0)

    assert regressed <= 0.08  # .05 at most, and three standard errors of a true .02
    assert certified >= 0.95
    assert asked == pytest.approx(0.52, abs=0.05)


@pytest.mark.slow
def test_a_collapse_stops_half_way_and_is_not_missed(benchmark):
    """STATS 5, `high`, n = 300, -10 points: REGRESSED 1.00, share .51 (60 runs: SE .015)."""
    found = benchmark["outcomes"]("high 300", "SPARSE_10", 1, np.random.default_rng(2), 60)
    _, regressed, _, asked, _ = found.mean(axis=0)

    assert regressed >= 0.95
    assert asked == pytest.approx(0.51, abs=0.06)


@pytest.mark.slow
def test_ten_clean_principles_over_five_looks_are_rarely_red(benchmark):
    """At most 5 % over all looks and principles (60 runs: SE .028)."""
    found = benchmark["outcomes"]("high 300", "NULL", 10, np.random.default_rng(3), 60)
    any_regressed, _, _, asked, judged = found.mean(axis=0)

    assert any_regressed <= 0.12
    assert judged < asked - 0.1
