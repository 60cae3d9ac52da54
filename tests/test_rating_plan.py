"""What is drawn to be rated: with which chance, for whom, and in which order."""

import csv
import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.marks import EARLIER, LOOKS, MARKS, RESEATED, Mark, MarkStore
from tastemaker.rating.plan import (
    MOST,
    Drawn,
    Unit,
    bounded_shares,
    chances_of,
    draw,
    frame,
    in_order,
    overlapping,
    seated,
    systematic,
    with_signals,
)
from tastemaker.rating.planning import Asked, keep_plan, lines, make_plan, needed
from tastemaker.rating.ratable import read_findings, read_ratable
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.tables import (
    REPLIES,
    SCORES,
    read_table,
    reply_table,
    score_table,
    write_tables,
)


def unit(number=0, **fields):
    usual = {"eval": "email", "scenario": f"s{number}", "seed": 1, "arms": ("old", "new")}
    return Unit(**(usual | fields))


def some(count, **fields):
    return [unit(number, **fields) for number in range(count)]


def two_strata():
    """30 scenarios of a stratum that stands for 70%, 10 of one for 30%; every fifth is sought."""
    return [
        unit(
            number,
            stratum="often" if number < 30 else "rare",
            weight=0.7 / 30 if number < 30 else 0.3 / 10,
            sought=number % 5 == 0,
        )
        for number in range(40)
    ]


# Chances -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["random", "stratified", "failures"])
@pytest.mark.parametrize("count", [1, 2, 7, 20, 35, 39, 40])
def test_chances_sum_to_the_number_that_is_drawn(kind, count):
    chances = chances_of(two_strata(), kind, count)

    assert chances.sum() == pytest.approx(count, abs=1e-9)
    assert chances.min() > 0
    assert chances.max() <= max(MOST, count / 40) + 1e-12


def test_a_stratum_is_drawn_in_proportion_to_what_it_stands_for():
    """10 of 40: 7 of the 30 of 70%, 3 of the 10 of 30%."""
    chances = chances_of(two_strata(), "stratified", 10)

    assert chances[:30] == pytest.approx(np.full(30, 7 / 30))
    assert chances[30:] == pytest.approx(np.full(10, 3 / 10))
    for seed in range(20):
        drawn = draw(two_strata(), "stratified", 10, seed)
        assert Counter(one.unit.stratum for one in drawn) == {"often": 7, "rare": 3}


def test_every_stratum_has_one_where_there_are_enough_to_give():
    units = [*some(96, stratum="big", weight=0.96 / 96), unit(96, stratum="tiny", weight=0.0004)]
    units += [unit(97, stratum="tiny", weight=0.0004)]

    for seed in range(20):
        assert "tiny" in {one.unit.stratum for one in draw(units, "stratified", 5, seed)}


def test_what_the_judge_fails_is_four_times_as_likely():
    """8 of 40 are sought: n = 10 gives 4 * 10 / (8 * 4 + 32) = 0.625, and 0.15625 to the rest."""
    drawn = draw(two_strata(), "failures", 10, seed=3)

    assert {(one.unit.sought, round(one.chance, 5)) for one in drawn} <= {
        (True, 0.625),
        (False, 0.15625),
    }
    assert len(drawn) == 10


def test_nobody_is_certain_to_be_drawn_unless_all_are():
    """One sought among ten, nine drawn: it may not be certain, or none would stand for it."""
    units = [unit(0, sought=True), *(unit(number) for number in range(1, 10))]

    assert chances_of(units, "failures", 8)[0] == MOST
    assert set(chances_of(units, "failures", 10)) == {1.0}


def test_shares_meet_their_bounds_and_the_rest_is_divided():
    """Weights 8, 1, 1 of 5, at most 2 each: 2, 1.5, 1.5."""
    shares = bounded_shares(np.array([8.0, 1.0, 1.0]), 5.0, least=np.zeros(3), most=np.full(3, 2.0))

    assert shares == pytest.approx([2.0, 1.5, 1.5])


def test_systematic_sampling_draws_with_just_these_chances():
    """20,000 draws of 3 from five: each share within 4 standard errors of its chance."""
    chances = np.array([0.9, 0.7, 0.6, 0.5, 0.3])
    rng = np.random.default_rng(5)
    draws = [systematic(chances, rng) for _ in range(20_000)]
    counts = np.bincount(np.concatenate(draws), minlength=5) / 20_000

    assert {len(set(one)) for one in draws} == {3}
    assert np.abs(counts - chances).max() < 4 * np.sqrt(0.25 / 20_000)


@pytest.mark.parametrize("kind", ["random", "stratified", "failures"])
def test_a_mean_weighted_by_the_chances_is_unbiased(kind):
    """Horvitz-Thompson over 2,000 seeded plans; what is sought fails, the rest mostly does not.

    True mean 8/40 * 0.1 + 32/40 * 0.95 = 0.78 of the values below; the plain mean of the draws of
    `failures` would be 0.6 * 0.1 + 0.4 * 0.95 = 0.44.
    """
    units = two_strata()
    value = {one.name: 0.1 if one.sought else 0.95 for one in units}
    estimates = [
        sum(value[one.unit.name] / one.chance for one in draw(units, kind, 10, seed)) / len(units)
        for seed in range(2000)
    ]

    assert np.mean(list(value.values())) == pytest.approx(0.78)
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - 0.78) < 4 * max(error, 1e-9)


def test_a_larger_random_plan_takes_the_same_scenarios_and_more():
    small, large = (draw(some(50), "random", count, seed=4) for count in (10, 25))

    assert [one.unit for one in large[:10]] == [one.unit for one in small]
    assert [one.unit for one in draw(some(50), "random", 10, seed=5)] != [o.unit for o in small]
    assert {one.chance for one in small} == {0.2}


# Raters ------------------------------------------------------------------------------------------


def drawn(count, **fields):
    return [Drawn(unit=one, chance=0.5) for one in some(count, **fields)]


@pytest.mark.parametrize(
    ("overlap", "seats"),
    [(1, 20), (2, 40), (3, 60), (0.2, 24), (0.25, 25), (1.0, 40), (0.0, 20)],
)
def test_loads_are_balanced_and_the_overlap_is_as_asked(overlap, seats):
    found = seated(drawn(20), ["ana", "ben", "cy"], overlap, seed=1)
    loads = [len(mine) for mine in found.values()]
    seen = Counter(one.unit.name for mine in found.values() for one in mine)

    assert sum(loads) == seats
    assert max(loads) - min(loads) <= 1
    assert len(seen) == 20
    for mine in found.values():
        assert len({one.unit.name for one in mine}) == len(mine)


def test_more_scenarios_leave_the_first_with_the_same_raters():
    small, large = (seated(drawn(n), ["ana", "ben", "cy"], 0.2, seed=1) for n in (10, 30))

    for rater, mine in small.items():
        assert large[rater][: len(mine)] == mine


@pytest.mark.parametrize(
    ("text", "said"),
    [("2", 2), ("1", 1), ("0.2", 0.2), ("1.0", 1.0)],
)
def test_an_overlap_is_a_count_or_a_share(text, said):
    assert (overlapping(text, 3), type(overlapping(text, 3))) == (said, type(said))


@pytest.mark.parametrize(
    ("text", "raters", "message"),
    [
        ("4", 3, "more than the raters there are"),
        ("0.2", 1, "one rater alone cannot overlap"),
        ("1.5", 3, "expected how many raters"),
        ("0", 3, "expected how many raters"),
        ("-1", 3, "expected how many raters"),
        ("half", 3, "expected how many raters"),
        ("nan", 3, "expected how many raters"),
    ],
)
def test_an_overlap_that_means_nothing_is_refused(text, raters, message):
    with pytest.raises(UserError, match=message):
        overlapping(text, raters)


# Order -------------------------------------------------------------------------------------------


def gaps(items):
    """The smallest distance between two items of one scenario."""
    places = {}
    for place, one in enumerate(items):
        places.setdefault((one.eval, one.scenario), []).append(place)
    return min(b - a for mine in places.values() for a, b in itertools.pairwise(mine))


@pytest.mark.parametrize("count", range(2, 40))
@pytest.mark.parametrize("arms", [("old", "new"), ("old", "new", "newer", "newest")])
def test_replies_of_one_scenario_are_never_next_to_each_other(count, arms):
    items = in_order("ana", drawn(count, arms=arms))

    assert gaps(items) >= min(count, 4)
    assert [one.number for one in items] == list(range(count * len(arms)))
    shown = Counter((one.scenario, one.arm) for one in items)
    assert set(shown.values()) == {1}
    assert len(shown) == count * len(arms)


def test_a_scenario_alone_cannot_be_kept_apart():
    assert gaps(in_order("ana", drawn(1))) == 1


def test_whoever_stops_early_has_both_arms_of_what_was_done():
    """After 32 of 80 items 16 of 40 scenarios are done with both arms."""
    done = Counter(one.scenario for one in in_order("ana", drawn(40))[:32])

    assert list(done.values()) == [2] * 16


def test_neither_arm_comes_first_as_a_rule():
    first = {}
    for one in in_order("ana", drawn(400)):
        first.setdefault(one.scenario, one.arm)
    share = Counter(first.values())["old"] / 400

    assert abs(share - 0.5) < 4 * np.sqrt(0.25 / 400)
    assert in_order("ana", drawn(40)) != in_order("ana", drawn(40), seed=2)


def test_side_by_side_the_baseline_stands_first_half_of_the_time():
    items = in_order("ana", drawn(64), side_by_side=True)

    assert len(items) == 64
    assert {frozenset((one.arm, one.other)) for one in items} == {frozenset(("old", "new"))}
    assert Counter(one.arm for one in items) == {"old": 32, "new": 32}


def test_pairs_of_one_scenario_stand_apart_too():
    items = in_order("ana", drawn(9, arms=("old", "new", "newer")), side_by_side=True)

    assert len(items) == 18
    assert gaps(items) == 9
    assert all("old" in (one.arm, one.other) for one in items)


# From a run --------------------------------------------------------------------------------------

EXPERIMENT = Experiment.model_validate(
    {
        "experiment": "try",
        "evals": [{"rubric": "./r.yaml", "dataset": "./d.yaml"}],
        "baseline": {"old": {"model": "a/b"}},
        "candidates": {"new": {"model": "a/c"}, "scored": {"scores": "x.csv"}},
    }
)


@pytest.fixture
def tables(tmp_path):
    """A run's tables: 12 scenarios, 2 seeds, arms old and new, a judged criterion and a check.

    The judge fails s0 and s1 in both seeds; the panel splits over s2; s3 has no reply of new.
    """

    def value(scenario):
        return {0: 0.0, 1: 0.0, 2: 0.5}.get(scenario, 1.0)

    scores, replies = [], []
    for number in range(12):
        for seed in (1, 2):
            for arm in ("old", "new"):
                missing = number == 3 and arm == "new"
                base = {
                    "eval": "email",
                    "scenario": f"s{number}",
                    "cluster": f"s{number}",
                    "stratum": "often" if number < 8 else "rare",
                    "arm": arm,
                    "seed": seed,
                    "principle": "clarity",
                }
                score = None if missing else value(number)
                scores += [
                    ScoreRow(**base, value=score),
                    ScoreRow(**base, criterion="ask", grader="acted/judge", value=score),
                    ScoreRow(**base, criterion="short", grader="check", value=0.0),
                ]
                votes = [["a", 0.0], ["b", 1.0]] if number == 2 else [["a", 1.0], ["b", 1.0]]
                found = {"value": score, "reason": "", "quote": "", "votes": votes}
                replies.append(
                    ReplyRow(
                        eval="email",
                        scenario=f"s{number}",
                        arm=arm,
                        seed=seed,
                        prompt=f"Number {number}.",
                        messages="[]",
                        reply=f"{arm} {number}",
                        findings=json.dumps({"clarity.ask": found}),
                        error="error: gone" if missing else "",
                    )
                )
    write_tables(tmp_path, score_table(scores), reply_table(replies))
    return tmp_path


def test_only_judged_criteria_are_asked_unless_all_are(tables):
    ratable = read_ratable(EXPERIMENT, tables)

    assert ratable.arms == ("old", "new")
    assert ratable.asked(("email", "s0"), "judged") == ["clarity/ask"]
    assert ratable.asked(("email", "s0"), "all") == ["clarity/ask", "clarity/short"]


def test_a_scenario_without_all_replies_cannot_be_drawn(tables):
    units = frame(read_ratable(EXPERIMENT, tables))

    assert {one.scenario for one in units} == {f"s{n}" for n in range(12)} - {"s3"}
    assert {one.arms for one in units} == {("old", "new")}
    assert {one.seed for one in units} == {1, 2}
    assert sum(one.weight for one in units if one.stratum == "email/rare") == pytest.approx(4 / 12)


def test_failures_and_a_split_panel_are_sought(tables):
    ratable = read_ratable(EXPERIMENT, tables)
    units = frame(ratable)
    findings = read_findings(tables, {one.spot for one in units}, {"old", "new"})
    sought = {
        one.scenario for one in with_signals(units, ratable, findings, "judged") if one.sought
    }

    assert sought == {"s0", "s1", "s2"}


def test_what_the_judge_fails_mostly_is_not_sought(tables):
    """The check fails in all 11 scenarios: with all criteria still only two are sought."""
    ratable = read_ratable(EXPERIMENT, tables)
    units = with_signals(frame(ratable, criteria="all"), ratable, {}, "all")

    assert {one.scenario for one in units if one.sought} == {"s0", "s1"}


def ask(**fields):
    return Asked(**({"raters": ("ana", "ben")} | fields))


def test_a_plan_keeps_what_it_rests_on(tables):
    plan = make_plan(EXPERIMENT, tables, ask(kind="failures", count=5, overlap="2"))
    store = MarkStore(tables / MARKS)
    keep_plan(plan, store, "sha256:1")
    said = store.said()

    assert (plan.frame, plan.left_out, len(plan.items)) == (11, 1, 5 * 2 * 2)
    assert (said["kind"], said["scenarios"], said["record"]) == ("failures", "5", "sha256:1")
    assert said["hash"] == plan.fingerprint
    assert sorted(store.items(), key=lambda one: (one.rater, one.number)) == sorted(
        plan.items, key=lambda one: (one.rater, one.number)
    )
    # Three sought of eleven: 4 * 5 / (3 * 4 + 8) = 1, which is cut to 0.9, and (5 - 2.7)/8.
    assert {round(one.chance, 4) for one in plan.items} <= {0.9, 0.2875}


@pytest.fixture
def planned(tables):
    """Keep plans in one store, the first of them with a mark on each of its replies."""

    class Planned:
        store = MarkStore(tables / MARKS)

        def keep(self, set_aside=False, **fields):
            self.plan = make_plan(EXPERIMENT, tables, ask(**fields))
            return keep_plan(self.plan, self.store, "sha256:1", set_aside=set_aside)

        def mark(self):
            self.store.put(
                Mark(
                    eval=one.eval, scenario=one.scenario, seed=one.seed, arm=one.arm,
                    criterion="clarity/ask", rater=one.rater, value=1.0,
                )
                for one in self.store.items()
            )  # fmt: skip
            self.marks = self.store.marks()
            return self

    def made(**fields):
        one = Planned()
        one.keep(**fields)
        return one.mark()

    return made


OTHERS = [
    ({"count": 5, "seed": 2}, "the new plan draws others, or with other chances"),
    ({"count": 3}, "the new plan draws others, or with other chances"),
    ({"count": 11, "seed": 2}, "the new plan draws others, or with other chances"),
    ({"count": 5, "kind": "stratified"}, "the new plan is of another kind"),
    ({"count": 5, "criteria": "all"}, "the new plan is of another kind"),
    ({"count": 5, "only": frozenset({"old"})}, "the new plan is of another kind"),
    ({"count": 5, "side_by_side": True}, "the new plan is of another kind"),
]


@pytest.mark.parametrize(("fields", "why"), OTHERS)
def test_a_plan_with_other_chances_does_not_take_the_place_of_one_with_marks(planned, fields, why):
    one = planned(count=5)
    before = one.store.items(), one.store.said()
    with pytest.raises(UserError) as caught:
        one.keep(**fields)

    assert str(caught.value).startswith(
        f"{len(one.marks)} marks stand there, made for a plan (random, 5 scenarios), and {why}"
    )
    assert "--set-aside makes it all the same" in str(caught.value)
    assert (one.store.items(), one.store.said(), one.store.marks()) == (*before, one.marks)


@pytest.mark.parametrize("fields", [fields for fields, _ in OTHERS])
def test_what_is_set_aside_stands_no_more_and_is_told_of(planned, fields):
    one = planned(count=5)
    one.store.looked()

    assert one.keep(set_aside=True, **fields) == len(one.marks)
    assert one.store.marks() == []
    said = one.store.said()
    history = [{"kind": "random", "scenarios": "5", "marks": len(one.marks)}]
    assert (json.loads(said[EARLIER]), said[LOOKS]) == (history, "[]")
    one.mark()
    assert one.keep(set_aside=True, count=5) == len(one.marks)
    assert [entry["marks"] for entry in json.loads(one.store.said()[EARLIER])] == [
        history[0]["marks"],
        len(one.marks),
    ]


@pytest.mark.parametrize("kind", ["random", "failures"])
def test_the_same_draw_for_other_raters_keeps_the_marks(planned, kind):
    one = planned(count=5, kind=kind)
    one.store.looked()

    assert one.keep(count=5, kind=kind, raters=("cleo",)) == 0
    assert one.store.marks() == one.marks
    assert {item.rater for item in one.store.items()} == {"cleo"}
    assert (one.store.said()[RESEATED], len(json.loads(one.store.said()[LOOKS]))) == ("1", 1)


def test_a_random_plan_grows_until_somebody_has_seen_what_its_marks_say(planned):
    one = planned(count=4)
    one.keep(count=6)
    assert one.store.marks() == one.marks
    assert {item.chance for item in one.store.items()} == {6 / 11}
    assert "4 of these scenarios have marks already; they count." in lines(one.plan, 4)

    one.store.looked()
    with pytest.raises(UserError, match="a plan that was calibrated does not grow"):
        one.keep(count=8)
    assert {item.chance for item in one.store.items()} == {6 / 11}


def test_a_random_plan_over_other_scenarios_is_no_growth(planned, tables):
    """Another run has a scenario without a reply of new: what could be drawn are others."""
    one = planned(count=4)
    rows = [ReplyRow(**row) for row in read_table(tables / REPLIES).to_pylist()]
    gone = min({f"s{n}" for n in range(4, 12)} - {item.scenario for item in one.store.items()})
    rows = [row for row in rows if (row.scenario, row.arm) != (gone, "new")]
    write_tables(tables, read_table(tables / SCORES), reply_table(rows))

    with pytest.raises(UserError, match="draws others, or with other chances"):
        one.keep(count=6)


def test_a_plan_of_failures_does_not_grow(planned):
    one = planned(count=3, kind="failures")

    with pytest.raises(UserError, match="draws others, or with other chances"):
        one.keep(count=6, kind="failures")


def test_the_plan_says_in_words_what_it_takes(tables):
    told = "\n".join(lines(make_plan(EXPERIMENT, tables, ask(count=5)), 0))

    assert "Plan: random, seed 1: 5 of 11 scenarios, one seed each, check-marks" in told
    assert "ana: 6 replies of 3 scenarios, 1 scenario seen by others too" in told
    assert "Every scenario had a chance of 0.455" in told
    assert "This plan labels 5; it takes 50 to correct a verdict at all, 100 for a release" in told
    assert "The run has only 11 scenarios to rate: no plan of it can correct a verdict." in told
    assert "of clarity/ask" in told
    assert "1 scenario was left out" in told


def test_where_nothing_was_judged_a_plan_says_nothing_of_the_judge(tables):
    made = replace(make_plan(EXPERIMENT, tables, ask(count=5)), met={})
    told = "\n".join(lines(made, 0))

    assert "This plan labels 5; it takes 50" in told
    assert "a good judge" not in told
    assert "The judge fails" not in told


def test_a_plan_of_pairs_promises_no_correction(tables):
    told = "\n".join(lines(make_plan(EXPERIMENT, tables, ask(count=5, side_by_side=True)), 0))

    assert "5 of 11 scenarios, one seed each, side by side" in told
    assert "correct" not in told
    assert "specificity" not in told


@pytest.mark.parametrize(
    ("rate", "width", "labels"),
    [
        (0.75, 0.05, (139, 298)),  # (1.96 * 0.30 / 0.05)^2 = 138.3, (1.96 * 0.44 / 0.05)^2 = 297.5
        (0.92, 0.05, (89, 168)),
        (0.99, 0.05, (72, 72)),  # the rule of three
        (0.99, 0.20, (50, 50)),  # never fewer
        (0.08, 0.05, (89, 168)),  # nearly all bad varies as little as nearly all good
    ],
)
def test_labels_needed_are_those_of_the_table(rate, width, labels):
    assert needed(rate, width) == labels


def test_one_rater_of_one_scenario_is_told(tables):
    plan = make_plan(EXPERIMENT, tables, ask(count=1, raters=("ana",)))

    assert plan.touching == ["ana"]
    assert any("one after the other" in line for line in lines(plan, 0))


# A list ------------------------------------------------------------------------------------------


def listed(tables, *rows, header=("scenario", "seed")):
    path = tables / "list.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return make_plan(EXPERIMENT, tables, ask(kind="list", list_file=path))


def test_a_list_is_rated_as_it_stands_and_hashed(tables):
    one, other = listed(tables, ("s4", 2), ("s5", 1)), listed(tables, ("s5", 1), ("s4", 2))

    assert {one.unit.spot for one in one.drawn} == {("email", "s4", 2), ("email", "s5", 1)}
    assert {one.chance for one in one.drawn} == {1.0}
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != listed(tables, ("s4", 2), ("s5", 2)).fingerprint


def test_a_short_list_says_nothing_of_how_large_the_run_is(tables):
    told = "\n".join(lines(listed(tables, ("s4", 2)), 0))

    assert "1 listed scenario, one seed each" in told
    assert "to rate: no plan" not in told


def test_a_list_may_bring_its_chances(tables):
    plan = listed(tables, ("s4", 2, 0.5), ("s5", 1, 0.25), header=("scenario", "seed", "chance"))

    assert {one.unit.scenario: one.chance for one in plan.drawn} == {"s4": 0.5, "s5": 0.25}


def test_a_list_tells_every_mistake_at_once(tables):
    rows = [("s4", 9), ("s44", 1), ("s3", 1), ("s5", 1), ("s5", 2)]

    with pytest.raises(UserError) as caught:
        listed(tables, *rows)

    assert str(caught.value).splitlines() == [
        "list.csv:2:2: seed: expected 1 or 2, found '9'",
        "list.csv:3:1: scenario: the run has no scenario 's44' that could be rated: "
        "did you mean 's4'?",
        "list.csv:4:2: seed: in seed 1 there is no reply of new",
        "list.csv:6:1: scenario: 's5' stands here twice; one seed is rated",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"raters": ("ana", "ana")}, "ana stands there twice"),
        ({"raters": ("consensus",)}, "cannot be named 'consensus'"),
        ({"raters": ("",)}, "is no name"),
        ({"raters": ("ana;ben",)}, "'ana;ben' is one name; write several like ana,ben"),
        ({"half_width": 0.0}, "expected above 0 and below 1"),
        ({"side_by_side": True, "only": frozenset({"old"})}, "takes two arms"),
    ],
)
def test_what_does_not_fit_together_is_refused(tables, fields, message):
    with pytest.raises(UserError, match=message):
        make_plan(EXPERIMENT, tables, ask(**fields))


def test_a_run_of_checks_alone_needs_no_people(tables):
    scores = read_table(tables / SCORES).to_pylist()
    rows = [ScoreRow(**row) for row in scores if row["criterion"] != "ask"]
    replies = read_table(tables / "replies.parquet")
    write_tables(Path(tables), score_table(rows), replies)

    with pytest.raises(UserError, match="checks need no people; --criteria all"):
        make_plan(EXPERIMENT, tables, ask())
    assert len(make_plan(EXPERIMENT, tables, ask(criteria="all")).drawn) == 11


def test_the_store_keeps_the_chance_of_every_scenario_also_of_those_not_taken():
    """Six scenarios, one of them sought: four times as likely, so 4/9 and 1/9 of one drawn."""
    units = [
        Unit(eval="e", scenario=f"s{n}", seed=1, arms=("a", "b"), sought=n == 0) for n in range(6)
    ]

    assert chances_of(units, "failures", 1).tolist() == pytest.approx([4 / 9] + [1 / 9] * 5)
    assert chances_of(units, "random", 3).tolist() == [0.5] * 6
    assert chances_of(units, "failures", 6).tolist() == [1.0] * 6
