"""Several graders: how far they agree, and what each alone would conclude."""

import json

import pytest

from tastemaker.experiment import Experiment
from tastemaker.records import ScoreRow
from tastemaker.report.data import as_data
from tastemaker.report.markdown import as_markdown
from tastemaker.results import results
from tastemaker.tables import scores_of_rows
from tastemaker.votes import by_grader, criterion_votes

RECORD = {"record": "sha256:0", "limit": None, "seeds": 1}


def criterion_row(scenario, votes, **fields):
    values = [value for _, value in votes if value is not None]
    usual = {"arm": "old", "eval": "e", "cluster": scenario, "seed": 1, "principle": "warmth"}
    return ScoreRow(
        **(usual | fields),
        scenario=scenario,
        criterion="kind",
        value=sum(values) / len(values) if values else None,
        votes=json.dumps(votes),
    )


def two(one, other):
    return [["strict", one], ["mild", other]]


def test_agreement_of_two_graders_by_hand():
    """Both yes 2, both no 1, only mild yes 1: they agree on 3 of 4.

    strict says yes to 1/2, mild to 3/4: chance 1/2 * 3/4 + 1/2 * 1/4 = 1/2, kappa
    (3/4 - 1/2) / (1/2) = 1/2. AC1: mean share 5/8, chance 2 * 5/8 * 3/8 = 15/32, so
    (24/32 - 15/32) / (17/32) = 9/17.
    """
    answers = [two(1.0, 1.0), two(1.0, 1.0), two(0.0, 0.0), two(0.0, 1.0), two(None, 1.0)]
    rows = [criterion_row(f"s{n}", votes) for n, votes in enumerate(answers)]
    (found,) = criterion_votes(scores_of_rows(rows))

    (pair,) = found.pairs
    assert found.replies == 4
    assert found.disagree.value == 0.25
    assert 0 < found.disagree.low < 0.25 < found.disagree.high < 1
    assert found.means == {"strict": 0.5, "mild": 0.8}
    assert pair.found.agreement.value == 0.75
    assert pair.found.kappa.value == pytest.approx(0.5)
    assert pair.found.ac1.value == pytest.approx(9 / 17)


def test_the_reliability_of_a_panel_is_spearman_browns():
    """Alpha is the reliability of one: of three it is 3a / (1 + 2a)."""
    answers = [(1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 0.0, 0.0)]
    rows = [
        criterion_row(f"s{n}", [[name, v] for name, v in zip("abc", given, strict=True)])
        for n, given in enumerate(answers)
    ]
    (found,) = criterion_votes(scores_of_rows(rows))

    alpha = found.alpha.value
    assert len(found.pairs) == 3
    assert found.reliability == pytest.approx(3 * alpha / (1 + 2 * alpha))


def test_several_answers_of_one_grader_are_told_apart_and_are_no_panel():
    rows = [criterion_row(f"s{n}", [["judge", 1.0], ["judge", float(n % 2)]]) for n in range(6)]
    (found,) = criterion_votes(scores_of_rows(rows))

    assert found.graders == ("judge, answer 1", "judge, answer 2")
    assert found.disagree.value == 0.5


def test_one_answer_to_each_criterion_leaves_nothing_to_compare():
    rows = [
        ScoreRow(
            arm="old", eval="e", scenario="s", cluster="s", seed=1, principle="p",
            criterion="c", value=1.0,
        )
    ]  # fmt: skip

    assert criterion_votes(scores_of_rows(rows)) == ()


def experiment(**more):
    arms = {"baseline": {"old": {"scores": "a.csv"}}, "candidates": {"new": {"scores": "b.csv"}}}
    rules = {"rules": {"default": {"margin": 0.1}}}
    return Experiment.model_validate({"experiment": "try", **arms, **rules, **more})


def graded(strict, mild, scenarios=60, home="e"):
    """The baseline gets 0.5 from both; of the candidate each grader thinks what it thinks."""
    return scores_of_rows(graded_rows(strict, mild, scenarios, home))


def graded_rows(strict, mild, scenarios, home):
    rows = []
    for n in range(scenarios):
        for arm, votes in (("old", two(0.5, 0.5)), ("new", two(strict, mild))):
            fields = {"arm": arm, "eval": home, "scenario": f"s{n}", "cluster": f"s{n}", "seed": 1}
            value = sum(value for _, value in votes) / 2
            rows.append(
                ScoreRow(**fields, principle="warmth", value=value, votes=json.dumps(votes))
            )
            rows.append(criterion_row(f"s{n}", votes, arm=arm, eval=home))
    return rows


def test_each_grader_alone_has_its_own_difference_and_verdict():
    alone = by_grader(experiment(), graded(0.0, 1.0)).cases()["new", "warmth"]

    assert {name: str(one.kind) for name, one in alone.items()} == {
        "strict": "REGRESSED",
        "mild": "IMPROVED",
    }
    assert {name: one.paired.difference for name, one in alone.items()} == {
        "strict": -0.5,
        "mild": 0.5,
    }


def test_graders_that_contradict_each_other_make_a_pass_inconclusive():
    """The mean of the two says: no change at all."""
    found = results(experiment(), RECORD, graded(0.0, 1.0))

    assert str(found.decision.verdicts[0].kind) == "NON_INFERIOR"
    assert found.decision.outcome == "inconclusive"
    assert "the graders contradict each other" in found.decision.reasons[0]
    assert any("REGRESSED by strict, IMPROVED by mild" in told for told in found.warnings)


def test_graders_that_contradict_each_other_in_one_eval_are_noticed_where_a_rule_names_it():
    """On e and f together each says no change; on e alone strict sees a loss, mild a gain."""
    rows = graded_rows(0.0, 1.0, 60, "e") + graded_rows(1.0, 0.0, 60, "f")
    rules = {"default": {"margin": 0.1}, "warmth@e": {"margin": 0.1}}
    found = results(experiment(rules=rules), RECORD, scores_of_rows(rows))

    assert {str(one.kind) for one in found.decision.verdicts} == {"NON_INFERIOR"}
    assert found.decision.outcome == "inconclusive"
    assert found.decision.reasons == (
        "warmth@e (new): the graders contradict each other: REGRESSED by strict, IMPROVED by mild.",
    )
    pooled = results(experiment(), RECORD, scores_of_rows(rows))
    assert pooled.decision.outcome == "pass"


def test_a_fail_stays_a_fail_whatever_one_grader_liked():
    found = results(experiment(), RECORD, graded(0.0, 0.6))

    assert str(found.decision.verdicts[0].kind) == "REGRESSED"
    assert found.decision.outcome == "fail"


def test_what_does_not_block_is_warned_of_and_changes_no_outcome():
    shown = experiment(rules={"default": {"margin": 0.1, "blocking": False}})
    found = results(shown, RECORD, graded(0.0, 1.0))

    assert found.alone.contradictions == ()
    assert any("come to different verdicts" in told for told in found.warnings)


def test_graders_of_one_mind_leave_the_outcome_alone():
    found = results(experiment(), RECORD, graded(0.5, 0.5))

    assert found.decision.outcome == "pass"
    assert found.warnings == ()


def test_reports_show_agreement_and_each_grader_alone():
    found = results(experiment(), RECORD, graded(0.0, 1.0))
    data, text = as_data(found)["panel"], as_markdown(found)

    assert data["graders"] == ["strict", "mild"]
    assert data["criteria"][0]["disagree"]["value"] == 0.5  # all of the candidate's
    assert {(one["grader"], one["difference"]) for one in data["alone"]} == {
        ("strict", -0.5),
        ("mild", 0.5),
    }
    assert "<details><summary>Graders: how far they agree, and what each alone" in text
    assert "| new | warmth | strict | -0.500 |" in text


def test_without_several_graders_reports_have_no_such_section():
    rows = [
        ScoreRow(
            arm=arm, eval="e", scenario=f"s{n}", cluster=f"s{n}", seed=1, principle="p", value=1.0
        )
        for arm in ("old", "new")
        for n in range(40)
    ]
    found = results(experiment(), RECORD, scores_of_rows(rows))

    assert as_data(found)["panel"] is None
    assert "Graders:" not in as_markdown(found)
