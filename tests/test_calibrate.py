"""The judge against people's marks, from marks and tables to corrected verdicts and the gate."""

import importlib.util
import json
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from tastemaker.calibrate.judging import calibrate
from tastemaker.calibration import CALIBRATION, read_calibration
from tastemaker.cli.main import app
from tastemaker.comparison import compare_arms, open_arm
from tastemaker.content import Place
from tastemaker.errors import UserError
from tastemaker.experiment import Calibrated, Experiment
from tastemaker.marks import CHANCES, CONSENSUS, EARLIER, MARKS, RESEATED
from tastemaker.plan import make_plan
from tastemaker.record import grading
from tastemaker.report.contract import report_schema
from tastemaker.results import load_results
from tastemaker.stats.ppi import FEWEST_LABELS, corrected_difference, labelled_differences
from tastemaker.stats.resample import one_stratum
from tastemaker.tables import SCORES, read_table
from tastemaker.validation import validate_file

SPEC = importlib.util.spec_from_file_location("studies", Path(__file__).with_name("studies.py"))
studies = importlib.util.module_from_spec(SPEC)
sys.modules["studies"] = studies
SPEC.loader.exec_module(studies)

NAN = float("nan")
WARM = "warmth/warm"
REQUIRED = studies.EXPERIMENT.replace("claude-judge}", "claude-judge, calibrated: true}")


def call(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture
def study(tmp_path):
    """Make a judged run with everything but the answers filled in."""

    def make(scenarios=60, experiment=studies.EXPERIMENT, rubric=studies.RUBRIC, folder=""):
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        return studies.Study(root, scenarios, experiment, rubric)

    return make


def judged(one, values):
    """The judge's answers to the one criterion there is."""
    one.judge({arm: {WARM: answers} for arm, answers in values.items()})


@pytest.fixture
def favoured(study):
    """A judge that is lenient to the candidate; 100 of 300 scenarios are marked."""

    def make(experiment=studies.EXPERIMENT, marked=100, seed=3, **options):
        one = study(300, experiment, **options)
        truth, judge = studies.lenient(np.random.default_rng(seed), seeds=2)
        judged(one, judge)
        one.people(truth, range(marked))
        one.truth, one.answers = truth, judge
        return one

    return make


def held(one):
    """The only principle of a calibration."""
    return calibrate(one.experiment, one.folder).principles[0]


def table(rows):
    """People's and the judge's answers that give [[neither, judge only], [people only, both]]."""
    cells = [(h, j) for h in (0, 1) for j in (0, 1) for _ in range(rows[h][j])]
    return np.array(cells, dtype=float).T


# Agreement ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "kappa", "ac1", "alpha", "sensitivity", "specificity"),
    [
        ([[40, 9], [6, 45]], 0.6995192308, 0.7007481297, 0.7007518797, 45 / 51, 40 / 49),
        ([[92, 3], [4, 1]], 0.1860465116, 0.9234177561, 0.1896451425, 1 / 5, 92 / 95),
    ],
)
def test_vector_six_through_the_command(
    study, tmp_path, rows, kappa, ac1, alpha, sensitivity, specificity
):
    """The 100 marks of STATS V6, half of them on the replies of each arm."""
    one = study(50)
    human, judge = (answers.reshape(2, 50, 1) for answers in table(rows))
    judged(one, dict(zip(studies.ARMS, judge, strict=True)))
    one.people(dict(zip(studies.ARMS, human, strict=True)), range(50))
    done = call("calibrate", tmp_path / "try.yaml", "--json")
    told = json.loads(done.stdout)

    assert done.exit_code == 0
    for entry in (told["principles"][0], told["criteria"][0]):
        assert entry["n"] == 100
        assert entry["kappa"] == pytest.approx(kappa, abs=1e-10)
        assert entry["ac1"] == pytest.approx(ac1, abs=1e-10)
        assert entry["alpha"] == pytest.approx(alpha, abs=1e-10)
        assert entry["sensitivity"] == pytest.approx(sensitivity)
        assert entry["specificity"] == pytest.approx(specificity)


def test_the_tuned_lambda_of_vector_seven_through_the_tables(study):
    """Of V7, with a baseline that people and judge always fail: the differences are y and f.

    The interval is another one, because differences are guarded below 20 informative labels.
    """
    one = study(50)
    y = np.array([1, 1, 0, 1, 0, 1, 1, 0, 1, 1.0])
    f = np.array([1, 1, 1, 1, 0, 1, 1, 0, 1, 0.0, *[1.0] * 31, *[0.0] * 9])
    nothing = np.zeros((50, 1))
    judged(one, {"old": nothing, "new": f[:, None]})
    one.people({"old": nothing, "new": y[:, None]}, range(10))
    found = held(one).correction

    assert found.lam == pytest.approx(0.4395773295, abs=1e-10)
    assert (found.labelled, found.unlabelled, found.guarded) == (10, 40, True)


def test_the_errors_of_each_arm_by_hand(study):
    """Old: the judge is right of 6 met and 4 unmet. New: it calls 3 of 4 unmet ones met.

    Sensitivity 1 and 1, specificity 1 and 1/4; judge - people 0 and +3/10; it favours new by 0.3.
    """
    one = study(10)
    human = np.array([1.0] * 6 + [0.0] * 4)[:, None]
    lenient = np.array([1.0] * 9 + [0.0])[:, None]
    judged(one, {"old": human, "new": lenient})
    one.people({"old": human, "new": human}, range(10))
    found = held(one)
    old, new = found.against.by_arm["old"], found.against.by_arm["new"]

    assert vars(old.marks) == dict(met_met=6, met_unmet=0, unmet_met=0, unmet_unmet=4)
    assert vars(new.marks) == dict(met_met=6, met_unmet=0, unmet_met=3, unmet_unmet=1)
    assert (old.specificity.value, new.specificity.value, new.specificity.items) == (1.0, 0.25, 4)
    assert old.judge_minus_human.value == 0.0
    assert new.judge_minus_human.value == pytest.approx(0.3)
    assert found.favour.value == pytest.approx(0.3)


def test_who_cannot_say_says_neither_met_nor_unmet(study):
    one = study(10)
    answers = np.ones((10, 1))
    judged(one, {"old": answers, "new": answers})
    unsure = answers.copy()
    unsure[:4] = NAN
    one.people({"old": answers, "new": unsure}, range(10))
    found = held(one)

    assert found.against.cannot_say == 4
    assert found.against.found.items == 16
    assert found.labelled == 6
    assert found.against.found.human_rate == 1.0


def test_what_the_judge_left_open_is_counted_apart(study):
    one = study(10)
    human, judge = np.ones((10, 1)), np.ones((10, 1))
    judge[:3] = NAN
    judged(one, {"old": human, "new": judge})
    one.people({"old": human, "new": human}, range(10))
    found = held(one)

    assert (found.against.unscored, found.against.found.items, found.labelled) == (3, 17, 7)


def test_raters_of_one_reply_share_its_weight_and_their_mean_is_peoples_score(study):
    """Ana and Ben differ on s0 of new: people's score is 0.5, so judge - people is 0.5/10."""
    one = study(10)
    answers = np.ones((10, 1))
    judged(one, {"old": answers, "new": answers})
    one.people({"old": answers, "new": answers}, range(10))
    one.people({"new": answers * 0}, [0], rater="ben")
    found = held(one)

    assert found.against.by_arm["new"].judge_minus_human.value == pytest.approx(0.05)
    # 19 replies agree wholly, one by half.
    assert found.against.found.agreement.value == pytest.approx(19.5 / 20)
    assert found.against.found.items == 21


def test_a_consensus_stands_for_people_and_never_among_raters(study):
    one = study(10)
    answers = np.ones((10, 1))
    judged(one, {"old": answers, "new": answers})
    one.people({"old": answers, "new": answers}, range(10))
    one.people({"new": answers * 0}, [0, 1], rater="ben")
    one.people({"new": answers * 0}, [0], rater=CONSENSUS)
    found = calibrate(one.experiment, one.folder)
    new = found.principles[0].against

    assert vars(new.by_arm["new"].marks)["unmet_met"] == 2  # s0 agreed, s1 by Ben alone
    assert new.by_arm["new"].marks.met_met == 9  # Ana's, but not on s0
    assert (new.among.replies, new.among.agreement.value) == (2, 0.0)
    assert (found.counts.marks, found.counts.consensus) == (22, 1)
    worst = found.disagreements[0]
    assert (worst.scenario, worst.human, worst.size) == ("s0", 0.0, 1.0)
    assert [voice.who for voice in worst.people] == ["ana", "ben", CONSENSUS]
    assert worst.judge.quote == "Reply 0"


def test_two_raters_among_themselves_are_vector_six(study):
    one = study(100)
    first, second = (answers[:, None] for answers in table([[40, 9], [6, 45]]))
    judged(one, {"old": first, "new": first})
    one.people({"new": first}, range(100))
    one.people({"new": second}, range(100), rater="ben")
    among = held(one).against.among

    assert (among.raters, among.replies, among.pairs) == (2, 100, 100)
    assert among.kappa.value == pytest.approx(0.6995192308, abs=1e-10)
    assert among.ac1.value == pytest.approx(0.7007481297, abs=1e-10)
    assert among.alpha.value == pytest.approx(0.7007518797, abs=1e-10)
    assert among.pass_rate == pytest.approx((0.51 + 0.54) / 2)


def test_raters_who_never_meet_have_no_agreement(study):
    one = study(10)
    answers = np.ones((10, 1))
    judged(one, {"old": answers, "new": answers})
    one.people({"old": answers, "new": answers}, range(5))
    one.people({"old": answers, "new": answers}, range(5, 10), rater="ben")
    among = held(one).against.among

    assert (among.replies, among.agreement.value, among.alpha.value) == (0, None, None)
    assert held(one).labelled == 10


RUBRIC = """
rubric: kind
principles:
  warmth:
    criteria:
      warm: {ask: Is the reply warm?, weight: 2}
      rude: {ask: Is the reply rude?, weight: -1}
      short: {check: words, with: {max: 50}}
  brevity:
    criteria:
      brief: {check: words, with: {max: 9}}
"""


def test_peoples_score_is_the_rubrics_with_the_checks_own_values(study):
    """New: warm 0 (of 2), rude met (of -1: bad), short 1 (of 1): 1/4. Old: all good: 1.

    The judge calls new warm: 3/4. Its differences are -0.25, people's -0.75.
    """
    one = study(10, rubric=RUBRIC)
    yes, no = np.ones((10, 1)), np.zeros((10, 1))
    checks = {"warmth/short": yes, "brevity/brief": yes}
    one.judge(
        {
            "old": {WARM: yes, "warmth/rude": no, **checks},
            "new": {WARM: yes, "warmth/rude": yes, **checks},
        }
    )
    one.people({"old": yes, "new": no}, range(10))
    assert held(one).correction is None  # half of the questions are open
    one.people({"old": no, "new": yes}, range(10), criterion="warmth/rude")
    found = calibrate(one.experiment, one.folder)
    (warmth,) = found.principles

    assert warmth.against.by_arm["new"].judge_minus_human.value == pytest.approx(0.5)
    assert warmth.against.by_arm["old"].judge_minus_human.value == 0.0
    # Turned, "rude" met is unmet: of new's 20 marks people call none satisfied.
    assert warmth.against.by_arm["new"].sensitivity.items == 0
    assert warmth.against.by_arm["new"].specificity.value == 0.5
    rude = next(one for one in found.criteria if one.criterion == "rude")
    assert rude.against.by_arm["new"].sensitivity.value == 1.0  # as it is asked
    assert found.disagreements[0].size == pytest.approx(2 / 4)


def test_marks_on_checks_and_on_what_is_not_there_are_left_out_and_counted(study):
    one = study(10, rubric=RUBRIC)
    yes, no = np.ones((10, 1)), np.zeros((10, 1))
    answers = {WARM: yes, "warmth/rude": no, "warmth/short": yes, "brevity/brief": yes}
    one.judge({"old": answers, "new": answers})
    one.people({"old": yes, "new": yes}, range(10))
    one.people({"new": no}, range(3), criterion="brevity/brief")
    one.people({"new": no}, range(2), criterion="warmth/charming")
    one.people({"newer": no}, range(1), planned=False)
    one.people({"new": yes * 0.5}, [5])  # no answer to a yes-or-no question
    counts = calibrate(one.experiment, one.folder).counts

    assert (counts.on_checks, counts.strange, counts.outside) == (3, 3, 1)


# Corrected verdicts ------------------------------------------------------------------------------


def test_tables_and_marks_give_what_the_formula_gives(favoured):
    one = favoured()
    human = tuple(np.full((300, 2), NAN) for _ in studies.ARMS)
    for seen, arm in zip(human, studies.ARMS, strict=True):
        seen[:100, 0] = one.truth[arm][:100, 0]
    h, j = labelled_differences(human, (one.answers["old"], one.answers["new"]))
    wanted = corrected_difference(h, j, one_stratum(np.arange(300)))
    found = held(one).correction

    assert (found.labelled, found.unlabelled) == (100, 200)
    assert found.lam == pytest.approx(wanted.lam)
    assert (found.difference, found.low, found.high) == pytest.approx(
        (wanted.corrected.value, wanted.corrected.low, wanted.corrected.high)
    )


def test_a_judge_that_favours_the_candidate_improves_nothing_once_corrected(favoured):
    """Arms of equal quality: the judge alone says IMPROVED, and passes; people do not."""
    one = favoured()
    found = held(one)

    assert found.judge_verdict == "IMPROVED"
    assert found.verdict not in ("IMPROVED", "NON_INFERIOR")
    assert found.correction.low < 0 < found.correction.high
    assert found.favour.low > 0
    assert (found.may_gate, found.may_gate_alone) == (True, False)
    assert "it leans to the candidate (+0.110" in found.reason


@pytest.mark.slow
def test_corrected_verdicts_cover_the_truth_where_the_judges_do_not(favoured):
    """40 whole studies, N 300, n 100, no true difference: from marks and tables to intervals.

    At 95% fewer than 35 of 40 cover in one simulation of a hundred. The formula alone is
    simulated 1,500 times in test_stats_ppi.
    """
    one = favoured()
    rng = np.random.default_rng(2024)
    corrected = alone = 0
    for _ in range(40):
        truth, judge = studies.lenient(rng, seeds=2)
        judged(one, judge)
        one.store.path.unlink()
        one.people(truth, range(100))
        found = held(one)
        corrected += found.correction.low <= 0 <= found.correction.high
        alone += found.judge_only.low <= 0 <= found.judge_only.high

    assert corrected >= 35
    assert alone <= 4


@pytest.mark.parametrize("known", [True, False])
def test_an_oversampled_plan_with_its_chances_recovers_the_truth(study, known):
    """40 scenarios are lost for people, 160 unchanged: truth -0.2.

    20 of the 40 and 20 of the 160 are marked, with chances 1/2 and 1/8: without weights -0.5.
    The judge sees no difference, so that lambda is 0 in either case.
    """
    one = study(200)
    yes = np.ones((200, 1))
    lost = yes.copy()
    lost[:40] = 0.0
    judged(one, {"old": yes, "new": yes})
    taken = [*range(20), *range(40, 60)]
    chances = {i: 0.5 if i < 40 else 0.125 for i in range(200)}
    one.plan({i: chances[i] for i in taken}, chances if known else None)
    one.people({"old": yes, "new": lost}, taken)
    found = held(one)

    assert found.correction.difference == pytest.approx(-0.2)
    assert found.against.by_arm["new"].judge_minus_human.value == pytest.approx(0.2)
    assert found.against.by_arm["new"].specificity.value == 0.0
    assert found.against.found.human_rate == pytest.approx(0.9)  # 0.8 on new, 1 on old
    assert any("used alone" in note for note in found.correction.notes) is not known


def test_chances_make_the_judges_other_answers_stand_for_all(study):
    """A perfect judge, 40 of 200 lost: -0.2 by labels and by the others, each weighed."""
    one = study(200)
    yes = np.ones((200, 1))
    lost = yes.copy()
    lost[:40] = 0.0
    judged(one, {"old": yes, "new": lost})
    chances = {i: 0.5 if i < 40 else 0.125 for i in range(200)}
    taken = [*range(20), *range(40, 60)]
    one.plan({i: chances[i] for i in taken}, chances)
    one.people({"old": yes, "new": lost}, taken)
    found = held(one).correction

    assert found.lam > 0
    assert found.difference == pytest.approx(-0.2)


def test_one_arm_without_marks_has_agreement_and_no_correction(study):
    one = study(60)
    answers = np.ones((60, 1))
    judged(one, {"old": answers, "new": answers})
    one.people({"new": answers}, range(60))
    found = held(one)

    assert found.against.found.items == 60
    assert found.correction is None
    assert not found.may_gate
    assert "no scenario has marks on the same seed of both arms" in found.reason


def test_a_rule_for_one_eval_is_corrected_by_itself(favoured):
    one = favoured(studies.EXPERIMENT + "rules: {warmth@small: {margin: 0.1}}\n")
    whole, inside = calibrate(one.experiment, one.folder).principles

    assert (whole.principle, inside.principle) == ("warmth", "warmth@small")
    assert (whole.margin, inside.margin) == (0.05, 0.1)
    assert inside.correction.difference == whole.correction.difference
    assert inside.correction.labels_needed < whole.correction.labels_needed


@pytest.mark.parametrize(
    ("arm", "sign"), [("claude-old", -1), ("claude-new", 1)], ids=["baseline", "candidate"]
)
def test_self_preference_is_told_for_the_arm_of_the_judges_family(favoured, arm, sign):
    one = favoured(studies.EXPERIMENT.replace(arm.replace("claude", "gpt"), arm))
    found = held(one)

    assert found.own_family.value == pytest.approx(sign * found.favour.value)
    assert held(favoured(folder="other")).own_family is None


# What people were asked and did not say ----------------------------------------------------------

WIDE = "rules: {default: {margin: 0.1}}\n"


def unsure(study, experiment=studies.EXPERIMENT, lost=0, old=(), new=()):
    """100 scenarios, all marked; of the candidate's replies people cannot tell of some.

    The candidate's first `lost` replies are bad, and the judge sees it; all others are good.
    """
    one = study(100, experiment + WIDE)
    answers = {arm: np.ones((100, 1)) for arm in studies.ARMS}
    answers["new"][:lost] = 0.0
    judged(one, answers)
    said = {arm: seen.copy() for arm, seen in answers.items()}
    said["old"][list(old)], said["new"][list(new)] = NAN, NAN
    one.people(said, range(100))
    return one


def test_bad_replies_of_which_nobody_can_say_do_not_let_a_candidate_pass(study):
    """Eight of a hundred are lost, and just of these nobody says so: what was said is flawless.

    Filled with 0 the difference is -0.08, with 1 it is 0: certain only by what is not known.
    """
    one = unsure(study, REQUIRED, lost=8, new=range(8))
    found = held(one)
    by = found.correction

    assert (by.difference, by.labelled) == (0.0, 92)
    assert (by.baseline_missing, by.candidate_missing) == pytest.approx((0.0, 0.08))
    # -0.08 and 0.0 over 100 clusters, drawn to zero by two pseudo-rectifiers +1 and -1.
    assert by.worst.difference == pytest.approx(-0.08 * 100 / 102)
    assert by.best.difference == 0.0
    assert found.verdict == "NOT_EVALUABLE"
    decided = verdict(calibrated(one))
    assert str(decided.kind) == "NOT_EVALUABLE"
    assert decided.reason == (
        "Too much is missing: 0.0% of the baseline's labels and 8.0% of the candidate's "
        "are missing, and that could change the verdict."
    )
    assert "People gave no answer for 0.0% of the baseline's" in found.correction.notes[-1]


@pytest.mark.parametrize(
    ("old", "new", "filled"),
    [
        ((0, 1), (2, 3), False),  # 2% and 2%
        (range(5), range(5, 10), False),  # 5% of each is not above 5%
        (range(6), range(6, 12), True),
        ((), (0, 1), False),  # a difference of two points is not above two
        ((), (0, 1, 2), True),
        ((0, 1, 2), (), True),
    ],
)
def test_what_may_be_missing_is_a_twentieth_or_two_points_between_arms(study, old, new, filled):
    found = held(unsure(study, old=old, new=new)).correction

    assert (found.worst is not None, found.best is not None) == (filled, filled)
    assert found.difference == 0.0


def test_a_loss_that_no_filling_can_undo_is_one(study):
    """60 of 100 are lost for people; of ten more nobody can say."""
    found = verdict(calibrated(unsure(study, REQUIRED, lost=60, new=range(60, 70))))

    assert str(found.kind) == "REGRESSED"
    assert "however the gaps are filled" in found.reason


def test_what_is_missing_counts_by_what_it_stands_for(study):
    """Two of 100 replies, of scenarios that were drawn with a tenth of the others' chance.

    2% of the replies, and 2 * 10/(98 + 2 * 10) = 17% of what they stand for.
    """
    one = unsure(study, new=(0, 1))
    chances = {i: 0.05 if i < 2 else 0.5 for i in range(100)}
    one.plan(chances, chances)
    found = held(one).correction

    assert found.candidate_missing == pytest.approx(20 / 118)
    assert found.worst is not None


def test_a_mark_that_the_plan_asks_for_and_nobody_made_is_missing_too(study):
    """60 scenarios are asked, of eight the candidate's reply has no mark: 8/60."""
    one = study(100, studies.EXPERIMENT + WIDE)
    yes = np.ones((100, 1))
    judged(one, dict.fromkeys(studies.ARMS, yes))
    one.people({"old": yes}, range(60))
    one.people({"new": yes}, range(8, 60))
    one.ask([("ana", f"s{i}", 1, "new") for i in range(8)])
    found = held(one)

    assert (found.correction.labelled, found.correction.unlabelled) == (52, 40)
    assert found.correction.candidate_missing == pytest.approx(8 / 60)
    assert found.verdict == "NOT_EVALUABLE"


def test_a_judge_that_was_not_answered_by_people_may_not_decide_alone(fair):
    """200 scenarios are marked; of 20 of the candidate's replies people could not tell."""
    assert held(fair).may_gate_alone
    unclear = {"new": np.full((300, 1), NAN)}
    fair.people(unclear, range(0, 200, 10))
    found = held(calibrated(fair))
    assert (found.may_gate, found.may_gate_alone) == (True, False)
    assert "too much of what people were asked has no answer" in found.reason

    fair.write(carried("logs/try"))
    judged(fair, fair.answers)
    assert "too much of what people were asked has no answer" in verdict(fair).reason


# The plan ----------------------------------------------------------------------------------------


def test_marks_outside_the_plan_count_for_nothing_and_are_told_of(favoured):
    """Ana marks 40 scenarios more than she was asked: neither numbers nor agreement change."""
    one = favoured(marked=60)
    before = held(one)
    one.people(dict.fromkeys(studies.ARMS, np.ones((300, 2))), range(60, 100), planned=False)
    found = calibrate(one.experiment, one.folder)

    assert found.principles[0].correction == before.correction
    assert found.principles[0].against.found == before.against.found
    assert (found.counts.marks, found.counts.outside) == (120, 80)
    assert any("80 marks are about replies outside the plan" in note for note in found.notes)


def test_a_seed_that_the_plan_does_not_have_is_outside_it(favoured):
    one = favoured(marked=60)
    one.people(one.truth, range(60), seed=2, planned=False)

    assert calibrate(one.experiment, one.folder).counts.outside == 120


def test_without_a_plan_nothing_counts(favoured):
    one = favoured(marked=60)
    one.store.assign([])
    found = calibrate(one.experiment, one.folder)

    assert (found.principles, found.counts.outside) == ((), 120)


def test_until_the_plan_is_finished_there_are_numbers_and_the_judge_may_not_gate(favoured):
    one = favoured(REQUIRED, marked=100)
    one.ask([("ben", "s7", 1, "new")])
    found = calibrate(one.experiment, one.folder)
    (entry,) = found.principles

    assert (found.plan.finished, found.plan.replies) == (200, 201)
    assert (entry.correction.labelled, entry.verdict) == (100, "NOT_EVALUABLE")
    told = "the plan is not finished: 200 of 201 replies are marked"
    assert entry.reason == f"This judge may not gate it: {told}."
    assert told in verdict(calibrated(one)).reason
    one.people({"new": np.full((300, 2), NAN)}, [7], rater="ben")  # who cannot say has answered
    assert held(calibrated(one)).may_gate
    assert str(verdict(one).kind) != "NOT_EVALUABLE"


def test_what_was_agreed_on_finishes_a_reply_for_every_rater(favoured):
    one = favoured(marked=60)
    one.ask([("ben", "s7", 1, "new")])
    one.people({"new": np.ones((300, 2))}, [7], rater=CONSENSUS)

    assert calibrate(one.experiment, one.folder).plan.lacking == ""


def test_marks_on_a_reply_that_was_replaced_leave_the_plan_unfinished(favoured):
    one = favoured(marked=60)
    one.judge({arm: {WARM: one.answers[arm]} for arm in studies.ARMS}, text="Another")

    assert calibrate(one.experiment, one.folder).plan.finished == 0


def test_a_plan_that_cannot_be_kept_up_by_looking_is_told_how_often_it_was_looked_at(favoured):
    one = favoured(marked=60)
    assert "calibration of this plan" not in held(one).reason
    held(one)
    one.people({"new": 1 - one.truth["new"]}, [3])
    found = calibrate(one.experiment, one.folder)

    assert found.plan.looks == 2
    assert "in the 2nd calibration of this plan" in found.principles[0].reason
    assert "The marks of this plan were calibrated at 2 different states of them." in found.notes


def test_plans_that_were_given_up_are_told_of(favoured):
    one = favoured(marked=60)
    history = [{"kind": "failures", "scenarios": "40", "marks": 80}]
    one.store.say(EARLIER, json.dumps(history))
    one.store.say(RESEATED, "2")
    notes = calibrate(one.experiment, one.folder).notes

    assert "1 plan before this one was given up, and 80 marks set aside with it." in notes
    assert "Who rates was changed 2 times after the first mark." in notes


@pytest.mark.parametrize(("kind", "told"), [("imported", 1), ("list", 1), ("random", 0)])
def test_a_plan_that_says_no_chances_is_taken_for_a_random_draw_and_says_so(favoured, kind, told):
    one = favoured(marked=60)
    one.store.say("kind", kind)
    notes = calibrate(one.experiment, one.folder).notes

    assert sum(
        "says no chances: its scenarios are taken for a random draw" in n for n in notes
    ) == (told)


@pytest.mark.parametrize("decides", [True, False])
def test_what_is_to_be_known_of_marks_stands_with_the_verdicts_they_decide(favoured, decides):
    """Hand-picked replies correct nothing: who reads "passed" should see how they were taken."""
    one = favoured(REQUIRED if decides else studies.EXPERIMENT)
    one.store.say("kind", "imported")
    found = load_results(one.experiment, calibrated(one).folder)

    told = "The plan says no chances: its scenarios are taken for a random draw."
    assert (told in found.warnings) == decides


def test_what_a_certificate_would_need_is_what_the_gate_says(favoured):
    one = calibrated(favoured(REQUIRED))
    found = verdict(one)

    assert str(found.kind) == "UNDERPOWERED"
    assert found.people.correction.labels_needed == found.needed_clusters > 100


def test_labels_needed_by_hand(study):
    """Of 60 marked scenarios 6 are lost and 6 won: the SE is sqrt(12)/60 * sqrt(60/59).

    The guard adds +1 and -1: variance * 60 clusters = (12 + 2)/62 * 60/62, and (1.96 + 0.84)^2
    of it over 0.1^2 is 172.
    """
    one = study(60, studies.EXPERIMENT + WIDE)
    old, new = np.ones((60, 1)), np.ones((60, 1))
    new[:6], old[6:12] = 0.0, 0.0
    judged(one, {"old": np.ones((60, 1)), "new": np.ones((60, 1))})
    one.people({"old": old, "new": new}, range(60))
    found = held(one).correction

    assert (found.guarded, found.lam) == (True, 0.0)
    assert found.se**2 * 60 == pytest.approx(14 / 62 * 60 / 62)
    assert found.labels_needed == 172


# The gate ----------------------------------------------------------------------------------------


def verdict(one):
    return load_results(one.experiment, one.folder).decision.verdicts[0]


def calibrated(one):
    done = call("calibrate", one.root / "try.yaml", "--logs", one.folder)
    assert done.exit_code == 0
    return one


def test_a_gate_decides_on_the_judge_and_shows_what_people_say_beside(favoured):
    one = calibrated(favoured())
    done = call("gate", one.root / "try.yaml", "--logs", one.folder, "--json")
    (told,) = json.loads(done.stdout)["verdicts"]

    assert (done.exit_code, told["verdict"]) == (0, "IMPROVED")
    assert told["calibrated"]["decides"] is False
    assert told["calibrated"]["corrected"]["verdict"] == "UNDERPOWERED"
    assert told["calibrated"]["judge_only"]["difference"] == told["difference"]


def test_a_gate_that_requires_it_decides_on_the_corrected_difference(favoured):
    one = calibrated(favoured(REQUIRED))
    done = call("gate", one.root / "try.yaml", "--logs", one.folder, "--json")
    (told,) = json.loads(done.stdout)["verdicts"]

    assert (done.exit_code, told["verdict"]) == (3, "UNDERPOWERED")
    assert told["calibrated"]["decides"] is True
    assert told["difference"] == told["calibrated"]["corrected"]["difference"]
    assert told["clusters"] == 100
    report = call("report", one.root / "try.yaml", "--logs", one.folder).stdout
    assert "Corrected by people's marks on 100 scenarios" in " ".join(report.split())


@pytest.mark.parametrize("experiment", [studies.EXPERIMENT, REQUIRED])
def test_the_page_and_the_schema_know_what_people_say(favoured, experiment):
    one = calibrated(favoured(experiment))
    told, page, table = (
        call("report", one.root / "try.yaml", "--logs", one.folder, "-o", one.root / name)
        and (one.root / name).read_text()
        for name in ("r.json", "r.html", "r.csv")
    )

    jsonschema.validate(json.loads(told), report_schema(), jsonschema.Draft202012Validator)
    row = page.split('<div class="verdict ')[1].split('class="section')[0]
    people = "marks on 100 scenarios"
    assert f"Corrected by people&#39;s {people}" in row or f"People&#39;s {people}" in row
    assert "calibrated" not in table.splitlines()[0]


def test_a_corrected_loss_is_a_regression_by_students_t(study):
    """Of every five scenarios people lose two and the judge misses one of them in ten."""
    one = study(100, REQUIRED)
    old = np.ones((100, 1))
    new = np.array([1, 1, 1, 0, 0] * 20, dtype=float)[:, None]
    judge = new.copy()
    judge[[3, 23, 43, 63]] = 1.0
    old[::10] = 0.0
    judged(one, {"old": old, "new": judge})
    one.people({"old": old, "new": new}, range(80))
    found = verdict(calibrated(one))

    assert str(found.kind) == "REGRESSED"
    assert found.paired.test == "student"
    assert "Student's t over 80 clusters" in found.reason
    assert found.judged.difference > found.paired.difference


def test_a_gate_that_requires_it_says_nothing_without_a_calibration(favoured):
    found = verdict(favoured(REQUIRED))

    assert str(found.kind) == "NOT_EVALUABLE"
    assert found.p_regressed is None
    assert found.reason == (
        "The judge is not calibrated: mark replies with `tastemaker rate`, then run "
        "`tastemaker calibrate try.yaml`."
    )


def test_too_few_labels_are_told_with_what_is_needed(favoured):
    required = "calibrated: {min_labels: 120}}"
    one = calibrated(favoured(REQUIRED.replace("calibrated: true}", required)))

    assert "100 scenarios are labelled, 120 are needed" in verdict(one).reason
    assert str(verdict(one).kind) == "NOT_EVALUABLE"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("rubric", "the rubric of small"),
        ("judge", "the judge's prompt"),
        ("grader", "the grader"),
        ("replies", "the replies"),
        ("marks", "people's marks"),
        ("chances", "people's marks"),
    ],
)
def test_a_stale_calibration_is_told_with_what_changed(favoured, change, told):
    one = calibrated(favoured(REQUIRED))
    if change == "rubric":
        text = studies.RUBRIC.replace("reply warm?", "reply warm?, note: As a friend would be.")
        (one.root / "kind.yaml").write_text(text)
        one.record()
    elif change == "judge":
        one.record(judge="sha256:another")
    elif change == "grader":
        one.write(REQUIRED.replace("claude-judge", "claude-other"))
    elif change == "marks":
        one.people({"new": 1 - one.truth["new"]}, [3])
    elif change == "chances":
        one.store.say(CHANCES, json.dumps({"small": {"s3": 0.01}}))
    else:
        one.judge({arm: {WARM: one.answers[arm]} for arm in studies.ARMS}, text="Another")
    found = verdict(one)

    assert str(found.kind) == "NOT_EVALUABLE"
    assert told in found.reason
    assert "`tastemaker calibrate try.yaml`" in found.reason


def test_a_note_that_is_said_better_makes_no_calibration_stale(favoured):
    one = calibrated(favoured(REQUIRED))
    one.people(one.truth, [3], note="As a friend would.")

    assert verdict(one).judged is not None


def test_scores_that_were_edited_after_the_run_decide_nothing(favoured):
    """Every verdict of the candidate is turned to met, by a hand that knows the format."""
    one = calibrated(favoured())
    table = read_table(one.folder / SCORES)
    value = np.where(np.array(table["arm"]) == "new", 1.0, np.array(table["value"]))
    place = table.schema.get_field_index("value")
    pq.write_table(table.set_column(place, "value", [value]), one.folder / SCORES)

    for command in ("gate", "report", "calibrate"):
        done = call(command, one.root / "try.yaml", "--logs", one.folder)
        assert done.exit_code == 2
        assert "scores.parquet: was edited after it was written" in done.stderr


def test_requiring_it_afterwards_makes_no_calibration_stale(favoured):
    one = calibrated(favoured())
    one.write(REQUIRED)

    assert verdict(one).judged is not None


def test_a_judge_that_guesses_may_not_gate(study):
    one = study(60, REQUIRED)
    rng = np.random.default_rng(5)
    people, judge = (
        {arm: rng.binomial(1, 0.5, (60, 1)).astype(float) for arm in studies.ARMS} for _ in "12"
    )
    judged(one, judge)
    one.people(people, range(60))
    found = verdict(calibrated(one))

    assert str(found.kind) == "NOT_EVALUABLE"
    assert "below 0.6" in found.reason
    assert "below 0.4" in found.reason


def test_a_judge_that_passes_everything_may_not_gate_however_often_it_agrees(study):
    """People fail one in five: AC1 is 0.76 all the same, kappa 0 and specificity 0 tell."""
    one = study(100)
    people = np.array(([1.0] * 4 + [0.0]) * 20)[:, None]
    judged(one, dict.fromkeys(studies.ARMS, np.ones((100, 1))))
    one.people(dict.fromkeys(studies.ARMS, people), range(100))
    found = held(one)

    assert found.against.found.ac1.value > 0.6
    assert not found.may_gate
    assert "kappa with people is 0.00, below 0.4" in found.reason
    assert "on old it is not known to be better than chance" in found.reason


def test_near_the_ceiling_a_low_kappa_alone_refuses_no_judge(study):
    """V6: agreement 0.93, kappa 0.19, AC1 0.92; five rare answers say nothing of specificity."""
    one = study(50)
    human, judge = (1 - answers.reshape(2, 50, 1) for answers in table([[92, 3], [4, 1]]))
    judged(one, dict(zip(studies.ARMS, judge, strict=True)))
    one.people(dict(zip(studies.ARMS, human, strict=True)), range(50))
    found = held(one)

    assert found.against.found.kappa.value == pytest.approx(0.186, abs=1e-3)
    assert found.may_gate


def test_principles_of_checks_alone_need_no_people(study):
    one = study(80, REQUIRED, RUBRIC)
    yes = np.ones((80, 1))
    answers = {WARM: yes, "warmth/rude": yes * 0, "warmth/short": yes, "brevity/brief": yes}
    one.judge({"old": answers, "new": answers})
    kinds = {
        v.principle: str(v.kind) for v in load_results(one.experiment, one.folder).decision.verdicts
    }

    assert kinds == {"warmth": "NOT_EVALUABLE", "brevity": "NON_INFERIOR"}


def test_scores_that_are_missing_move_a_corrected_difference_as_far_as_the_judges(favoured):
    """6% of the candidate's replies are unscored: filled with 0 or 1 the verdict may not differ."""
    one = favoured(REQUIRED)
    one.answers["new"][280:] = NAN
    judged(one, one.answers)
    found = verdict(calibrated(one))

    shift = found.judged.worst_fill.difference - found.judged.difference
    assert found.paired.worst_fill.low == pytest.approx(found.paired.low + shift)
    assert shift < 0


# Carried over ------------------------------------------------------------------------------------


def carried(path):
    return REQUIRED.replace("calibrated: true}", f"calibrated: {{from: {path}}}}}").replace(
        "experiment: try", "experiment: later"
    )


@pytest.fixture
def fair(study):
    """A judge that calls 6 of 300 replies wrong, the same of both arms; 200 scenarios are marked.

    People find both arms alike on these, so that the judge leans to neither.
    """
    one = study(300)
    rng = np.random.default_rng(8)
    truth = {arm: rng.binomial(1, 0.7, (300, 1)).astype(float) for arm in studies.ARMS}
    truth["new"][::50] = truth["old"][::50]
    answers = {arm: seen.copy() for arm, seen in truth.items()}
    for seen in answers.values():
        seen[::50] = 1 - seen[::50]
    judged(one, answers)
    one.people(truth, range(200))
    one.answers = answers
    return calibrated(one)


def test_a_judge_that_was_good_in_an_earlier_run_decides_a_later_one_alone(fair):
    assert held(fair).may_gate_alone
    fair.write(carried("logs/try"))
    judged(fair, fair.answers)
    found = verdict(fair)

    assert fair.folder.name == "later"
    assert str(found.kind) != "NOT_EVALUABLE"
    assert found.judged is None  # the judge's own difference decides


def test_a_judge_that_leans_to_an_arm_may_not_decide_a_later_run_alone(favoured):
    one = calibrated(favoured())
    one.write(carried("logs/try/calibration.json"))
    judged(one, one.answers)
    found = verdict(one)

    assert str(found.kind) == "NOT_EVALUABLE"
    assert found.reason.startswith("In try, against new: it leans to the candidate (+0.110")


def test_an_earlier_run_with_another_judge_says_nothing(fair):
    fair.write(carried("logs/try"))
    fair.record(judge="sha256:another")
    judged(fair, fair.answers)

    assert "stale, the judge's prompt changed" in verdict(fair).reason


def test_marks_that_changed_since_an_earlier_run_was_calibrated_are_told_of(fair):
    folder = fair.folder
    fair.people({"new": np.full((300, 1), NAN)}, [0])
    fair.write(carried("logs/try"))
    judged(fair, fair.answers)
    assert "stale, people's marks changed since: run `tastemaker calibrate try`" in (
        verdict(fair).reason
    )

    (folder / MARKS).unlink()  # the calibration alone was carried there
    assert str(verdict(fair).kind) != "NOT_EVALUABLE"


def test_an_arm_of_the_judges_own_family_is_not_covered_by_others(fair):
    fair.write(carried("logs/try").replace("gpt-new", "claude-new"))
    judged(fair, fair.answers)

    assert "does not cover new, of the judge's own family" in verdict(fair).reason


def test_a_calibration_that_is_not_there_is_named(fair):
    fair.write(carried("logs/tyr"))
    judged(fair, fair.answers)

    assert "not calibrated at logs/tyr" in verdict(fair).reason


def checked(one):
    """What `check` says of the experiment, and what a run says before it calls anything."""
    found = validate_file(one.root / "try.yaml", Place.at(one.root)).error
    try:
        make_plan(one.experiment)
    except UserError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("logs/tyr", "no calibration at 'logs/tyr': did you mean 'try'?"),
        ("logs", "no calibration at 'logs'; `tastemaker calibrate` makes one beside the tables"),
        ("kind.yaml", "kind.yaml: not a calibration of ours"),
        ("/etc/hostname", "lies outside the project"),
    ],
)
def test_an_earlier_calibration_that_cannot_be_read_is_told_before_the_run(fair, origin, told):
    fair.write(carried(origin))

    for found in checked(fair):
        assert found.startswith("try.yaml:6:56: ")
        assert told in found


def test_an_earlier_calibration_of_another_judge_is_told_before_the_run(fair):
    """Nothing in the files is another; the judge's prompt was, when the study was made."""
    fair.write(carried("logs/try"))
    assert checked(fair) == (
        "",
        "try.yaml:6:56: the judge's prompt changed since try was calibrated: it says nothing of "
        "this judge any more",
    )

    (fair.root / "kind.yaml").write_text(studies.RUBRIC.replace("warm?", "kind?"))
    fair.write(carried("logs/try").replace("claude-judge", "gpt-judge"))
    assert checked(fair)[0] == (
        "try.yaml:6:53: the rubric of small, the grader changed since try was calibrated: it says "
        "nothing of this judge any more"
    )


def test_an_arm_of_the_judges_family_that_was_never_marked_is_told_before_the_run(fair):
    fair.write(carried("logs/try").replace("gpt-new", "claude-new"))

    assert "had no arm of the judge's own family, as new is" in checked(fair)[0]


# Marks that are about what is no more there ------------------------------------------------------


def test_marks_on_a_reply_that_was_replaced_are_left_out_until_it_is_marked_again(favoured):
    one = favoured()
    assert held(one).labelled == 100
    one.judge({arm: {WARM: one.answers[arm]} for arm in studies.ARMS}, text="Another")
    found = calibrate(one.experiment, one.folder)
    assert (found.counts.stale, found.principles) == (200, ())
    one.people(one.truth, range(60))

    again = calibrate(one.experiment, one.folder)
    assert again.principles[0].labelled == 60
    assert again.counts.stale == 80


def test_marks_outlive_a_new_anchor_and_not_a_new_question(favoured):
    one = favoured()
    calibrate(one.experiment, one.folder)

    def asked(text):
        (one.root / "kind.yaml").write_text(studies.RUBRIC.replace("Is the reply warm?", text))
        one.record()
        return calibrate(one.experiment, one.folder).counts.stale

    assert asked("Is the reply warm?, met: [Dear friend]") == 0
    assert asked("Is the reply cold?") == 200


# What is written and refused ---------------------------------------------------------------------


def test_without_a_mark_there_is_nothing_to_hold_the_judge_against(study):
    one = study(10)
    judged(one, dict.fromkeys(studies.ARMS, np.ones((10, 1))))
    done = call("calibrate", one.root / "try.yaml")

    assert done.exit_code == 2
    assert "nobody has marked a reply of try yet; `tastemaker rate try.yaml`" in done.stderr
    assert not (one.folder / CALIBRATION).exists()


def test_before_a_run_there_is_nothing_to_hold(study):
    one = study(10)
    (one.folder / "record.json").unlink()

    with pytest.raises(UserError, match="no run of try there"):
        calibrate(one.experiment, one.folder)


def test_the_file_reads_back_as_it_was_written(favoured):
    one = calibrated(favoured())

    assert read_calibration(one.folder / CALIBRATION) == calibrate(one.experiment, one.folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"experiment": "try"}'])
def test_a_file_that_is_no_calibration_is_named(favoured, text):
    one = favoured()
    (one.folder / CALIBRATION).write_text(text)

    with pytest.raises(UserError, match=r"calibration.json: not a calibration of ours"):
        load_results(one.experiment, one.folder)


def test_text_of_raters_and_judges_does_nothing_in_a_report(study):
    one = study(10)
    yes = np.ones((10, 1))
    hostile = "<script>alert(1)</script> [x](javascript:y) \x1b[31m[bold]|"
    one.judge({arm: {WARM: yes} for arm in studies.ARMS}, text=hostile)
    one.people({"old": yes, "new": yes * 0}, range(10), rater=hostile, quote=hostile, note=hostile)
    markdown = call("calibrate", one.root / "try.yaml", "--format", "markdown").stdout
    terminal = call("calibrate", one.root / "try.yaml").stdout

    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    kinds = {token.type for block in parsed for token in (block, *(block.children or ()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}
    assert "\x1b" not in markdown + terminal
    assert "[bold]|" in terminal


def test_how_much_more_the_judge_exceeds_people_on_the_candidate_is_shown(favoured):
    """Also where it may not gate, so that no sentence says it."""
    one = favoured(marked=40)
    found = held(one)
    markdown = call("calibrate", one.root / "try.yaml", "--format", "markdown").stdout

    assert not found.may_gate
    (row,) = [line for line in markdown.splitlines() if "| new - old |" in line]
    assert f"{found.favour.value:+.3f} {found.favour.low:+.3f} to {found.favour.high:+.3f}" in row


def test_every_form_is_written_where_it_is_asked_for(favoured, tmp_path):
    one = favoured()
    for name, start in (("a.md", "# Calibration: try"), ("a.json", "{"), ("a.txt", "200 marks")):
        done = call("calibrate", one.root / "try.yaml", "-o", tmp_path / name)
        assert (done.exit_code, done.stdout) == (0, "")
        assert (tmp_path / name).read_text().startswith(start)


def made(**grader):
    return Experiment.model_validate(
        {
            "experiment": "try",
            "evals": ["a"],
            "baseline": {"old": {"model": "a/b"}},
            "candidates": {"new": {"model": "a/c"}},
            "grader": {"model": "c/d", **grader},
        }
    )


def test_calibrated_may_be_said_in_two_ways():
    assert made().calibrated is None
    assert made(calibrated=True).calibrated == Calibrated()
    assert made(calibrated={"min_labels": 100}).calibrated.min_labels == 100
    assert Calibrated().min_labels == FEWEST_LABELS


def test_fewer_than_fifty_labels_cannot_be_asked_for():
    with pytest.raises(ValueError, match="greater than or equal to 50"):
        made(calibrated={"min_labels": 20})


def test_who_may_gate_changes_no_grade():
    (plain,), (strict,) = made().graders, made(calibrated={"min_labels": 100}).graders

    assert plain.grading == strict.grading


@pytest.mark.parametrize("panel", [False, True])
def test_a_pin_and_a_comparison_do_not_mind_who_may_gate(panel):
    plain = {"model": "c/d", "samples": 1, "calibrated": False}
    strict = plain | {"calibrated": {"min_labels": 50, "from": None}}
    other = plain | {"samples": 2}
    plain, strict, other = ([one] if panel else one for one in (plain, strict, other))

    assert grading(plain) == grading(strict) == plain
    assert grading(other) != grading(plain)
    assert grading(None) is None


def test_a_comparison_of_runs_is_not_decided_by_a_judge_that_had_to_be_calibrated(favoured):
    one = favoured(REQUIRED)
    shown = {arm: {} for arm in studies.ARMS}
    one.record(arms_shown=shown)
    found = compare_arms(
        open_arm(f"{one.folder}@old", candidate=False), open_arm(str(one.folder), candidate=True)
    )

    [verdict] = found.decision.verdicts
    assert (str(verdict.kind), verdict.p_improved) == ("NOT_EVALUABLE", None)
    assert "say nothing of a comparison of two" in verdict.reason
    assert found.decision.outcome == "inconclusive"


def test_training_runs_cannot_be_corrected():
    fields = made(calibrated=True).model_dump(by_alias=True, exclude_unset=True)

    with pytest.raises(ValueError, match="people's marks cannot correct what training runs"):
        Experiment.model_validate({**fields, "seed_kind": "training"})


def test_graders_of_a_panel_agree_on_what_may_gate():
    fields = made().model_dump(by_alias=True, exclude_unset=True)
    panel = [{"model": "c/d", "calibrated": True}, {"model": "e/f"}]
    assert Experiment.model_validate({**fields, "grader": panel}).calibrated == Calibrated()
    panel[1]["calibrated"] = {"min_labels": 99}

    with pytest.raises(ValueError, match="differ in `calibrated`"):
        Experiment.model_validate({**fields, "grader": panel})


def test_marks_are_bound_to_the_replies_that_a_run_replaces(project, actor, tmp_path):
    """The candidate's prompt changes: marks on its former replies are stale, the others stand."""
    actor.says("gpt-old", lambda messages, config: f"Old {messages[-1].text}")
    actor.says("gpt-new", lambda messages, config: f"New {messages[0].text} {messages[-1].text}")
    verdict = json.dumps({"warm": {"quote": "none", "answer": "MET"}})
    actor.says("claude-judge", verdict)
    one = studies.Study(tmp_path, 3, studies.EXPERIMENT + "seeds: 1\n", studies.RUBRIC)
    (one.folder / "record.json").unlink()
    file = tmp_path / "try.yaml"
    assert call("run", file).exit_code == 3
    one.people(dict.fromkeys(studies.ARMS, np.ones((3, 1))), range(3))
    file.write_text(file.read_text().replace("gpt-new}", "gpt-new, system: Be nice.}"))
    call("run", file)
    done = call("calibrate", file, "--json")

    assert json.loads(done.stdout)["counts"]["stale"] == 3
    assert json.loads(done.stdout)["counts"]["marks"] == 3


def test_a_judge_that_was_hardly_seen_to_fail_anything_may_not_decide_a_later_run_alone(study):
    """It says "met" to everything; of the 300 replies of each arm people find 6 that are not."""
    one = study(300)
    truth = {arm: np.ones((300, 1)) for arm in studies.ARMS}
    for seen in truth.values():
        seen[::50] = 0.0
    judged(one, {arm: np.ones((300, 1)) for arm in studies.ARMS})
    one.people(truth, range(200))
    calibrated(one)
    assert not held(one).may_gate_alone

    one.write(carried("logs/try"))
    judged(one, {arm: np.ones((300, 1)) for arm in studies.ARMS})
    found = verdict(one)
    assert str(found.kind) == "NOT_EVALUABLE"
    assert "seen with only 4 marks of one of the answers" in found.reason
