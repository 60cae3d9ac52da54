"""How alike an arm's replies are: over seeds, and from one story to the next."""

import json
import random
from itertools import permutations

import numpy as np
import pytest
from typer.testing import CliRunner

from tastemaker.checks.length import word_spans
from tastemaker.cli.main import app
from tastemaker.experiment import Arm, Experiment
from tastemaker.novelty import ALIKE_SEEDS, MEASURES, SAME_OPENING, alike, likeness, told
from tastemaker.records import ScoreRow
from tastemaker.tables import Arranged, scores_of_rows


def measured(*replies):
    """By reply, its four measures; a reply is (scenario, cluster, text)."""
    found = likeness([told(*one) for one in replies])
    return [dict(zip(MEASURES, row, strict=True)) for row in found.tolist()]


def test_the_same_opening_five_times_of_five_is_one():
    """The fifth word differs, so the openings are the same and most runs of words are not."""
    found = measured(*(("s", 1, f"In the quiet town {n} people slept.") for n in range(5)))

    assert [one[SAME_OPENING] for one in found] == [1.0] * 5


def test_an_opening_that_one_other_seed_of_four_has_is_a_quarter():
    texts = ["The hens knew it first.", "the hens, knew IT last", "A", "B b b b", "C c c c"]
    found = measured(*(("s", 1, text) for text in texts))

    assert [one[SAME_OPENING] for one in found] == [0.25, 0.25, 0.0, 0.0, 0.0]


def test_seeds_are_alike_by_the_share_of_runs_that_both_have():
    """Runs abcd, bcde against abcd, bcdx: one of three in common."""
    first, second = measured(("s", 1, "a b c d e"), ("s", 1, "a b c d x"))

    assert first[ALIKE_SEEDS] == second[ALIKE_SEEDS] == pytest.approx(1 / 3)


def test_words_used_elsewhere_are_counted_across_clusters_and_not_inside_one():
    """Of the runs abcd and bcde one stands in the other cluster; a twin is no other."""
    first, twin, other = measured(
        ("s", 1, "a b c d e"), ("twin", 1, "a b c d e"), ("t", 2, "z b c d e")
    )

    assert (first["words used elsewhere"], first["opening used elsewhere"]) == (0.5, 0.0)
    assert twin["words used elsewhere"] == other["words used elsewhere"] == 0.5


def test_an_opening_used_for_another_story_is_seen():
    first, other, own = measured(
        ("s", 1, "Once upon a time, hens."), ("t", 2, "Once upon a time: a fox."), ("u", 3, "No.")
    )

    assert [one["opening used elsewhere"] for one in (first, other, own)] == [1.0, 1.0, 0.0]


def test_an_empty_reply_and_a_single_seed_say_nothing():
    empty, alone = measured(("s", 1, " "), ("s", 1, "Hello."))

    assert all(np.isnan(value) for value in empty.values())
    assert all(np.isnan(value) for value in alone.values())


def by_sets(replies):
    """The four measures by sets of words, one reply after the other: slow, and easy to read."""
    texts = [text.casefold().split() for _, _, text in replies]
    runs = [{tuple(words[n : n + 4]) for n in range(max(len(words) - 3, 1))} for words in texts]
    found = []
    for me, (scenario, cluster, _) in enumerate(replies):
        own = [n for n, one in enumerate(replies) if one[0] == scenario and n != me and texts[n]]
        other = [n for n, one in enumerate(replies) if one[1] != cluster and texts[n]]
        shared = [len(runs[me] & runs[n]) / len(runs[me] | runs[n]) for n in own]
        elsewhere = set().union(*(runs[n] for n in other))
        found.append([
            np.mean([texts[n][:4] == texts[me][:4] for n in own]) if own else np.nan,
            np.mean(shared) if own else np.nan,
            float(any(texts[n][:4] == texts[me][:4] for n in other)),
            len(runs[me] & elsewhere) / len(runs[me]),
        ] if texts[me] else [np.nan] * 4)  # fmt: skip
    return np.array(found)


@pytest.mark.parametrize("seed", range(20))
def test_counting_by_numbers_is_counting_by_sets(seed):
    """Replies of none to nine words of a tiny language, so that runs and openings recur."""
    rng = random.Random(seed)
    replies = [
        (f"s{n}", n // 2, " ".join(rng.choices("ab", k=rng.choice([0, 1, 3, 4, 9]))))
        for n in range(6)
        for _ in range(3)
    ]
    found = likeness([told(*one) for one in replies])

    assert found == pytest.approx(by_sets(replies), nan_ok=True)
    for order in list(permutations(range(3)))[:3]:  # which reply comes first does not matter
        again = [replies[3 * n + place] for n in range(6) for place in order]
        assert likeness([told(*one) for one in again]) == pytest.approx(by_sets(again), nan_ok=True)


def test_words_are_those_of_the_checks_whatever_stands_between_them():
    """Two replies are wholly alike where, and only where, they have the same words."""
    for between in [*map(chr, range(0x250)), *"\u1680\u2003\u2028\u2014\u2026\u3000漢ー😀"]:
        text = f"{between} one two{between}three 4 {between}five{between}"
        words = [text[start:end] for start, end in word_spans(text)]
        first, _ = measured(("s", 1, text), ("s", 1, "  ".join(words)))

        assert first[ALIKE_SEEDS] == 1.0, repr(between)


def test_without_any_reply_there_is_nothing_to_say():
    assert likeness([]).shape == (0, 4)


def test_arms_are_compared_by_eval_over_scenarios_as_they_are_weighed():
    """The old arm repeats itself in half of the scenarios, the new one never: 0.5 and 0."""
    rows, texts = [], {}
    for arm in ("old", "new"):
        for number in range(40):
            for seed in (1, 2):
                key = ("e", f"s{number}", seed, arm)
                repeats = arm == "old" and number % 2
                texts[key] = f"{arm}{number} says {'it' if repeats else seed} again and again."
                rows += [
                    ScoreRow(
                        eval="e",
                        arm=arm,
                        scenario=f"s{number}",
                        cluster=f"c{number}",
                        seed=seed,
                        principle=principle,
                        value=1.0,
                    )
                    for principle in ("kind", "short")
                ]
    experiment = Experiment(
        experiment="try",
        evals=("e",),
        baseline={"old": Arm(model="mockllm/old")},
        candidates={"new": Arm(model="mockllm/new")},
    )
    arranged = Arranged(scores_of_rows(rows), ["old", "new"])
    found = {(one.measure, one.arm): one for one in alike(experiment, arranged, texts)}
    old, new = found[SAME_OPENING, "old"], found[SAME_OPENING, "new"]

    assert (old.found.mean, old.found.scenarios, old.difference) == (0.5, 40, None)
    assert (new.found.mean, new.difference.value) == (0.0, pytest.approx(-0.5))
    assert new.difference.low < -0.5 < new.difference.high < 0


SCENARIOS = "".join(f"      - {{id: s{n}, prompt: Tell me of {n}.}}\n" for n in range(8))
FILES = {
    "kind.yaml": "rubric: k\nprinciples: {b: {criteria: {s: {check: words, with: {max: 9}}}}}\n",
    "small.yaml": f"dataset: small\nstrata:\n  all:\n    scenarios:\n{SCENARIOS}",
    "try.yaml": """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
seeds: 5
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
""",
}


def test_a_report_of_a_run_says_that_an_arm_always_opens_alike(project, actor):
    actor.says("old", "Once upon a time it rained.")
    actor.says("new", "Once upon a time it rained.")
    project(FILES)
    run = CliRunner().invoke(app, ["run", "./try.yaml", "--json"])
    report = CliRunner().invoke(app, ["report", "./try.yaml", "--format", "markdown"])

    found = json.loads(run.stdout)["alike"]["found"]
    assert {(one["measure"], one["arm"]) for one in found} == {
        (name, arm) for name in MEASURES for arm in ("old", "new")
    }
    assert {one["mean"] for one in found} == {1.0}
    assert "How alike the replies are" in report.output
    assert "| same opening, other seeds | old | 1.00 |" in report.output.replace("\\", "")
