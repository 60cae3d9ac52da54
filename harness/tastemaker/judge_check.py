"""The judge against itself: does it repeat itself, and what moves it that should not?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import numpy as np

from tastemaker.errors import UserError
from tastemaker.evaluation import LoadedEval, load_evals
from tastemaker.experiment import Experiment
from tastemaker.grade import Key, Panel, RubricGrader
from tastemaker.graders import GradeStore, open_panel
from tastemaker.judge.grader import Grader, together
from tastemaker.judge.pairwise import OVERALL
from tastemaker.judge.panel import ABSTAINED
from tastemaker.records import Finding, Reply
from tastemaker.regrade import FinishedReply, finished_replies
from tastemaker.rubric import Rubric
from tastemaker.side_by_side import Pair, ask, blank, context_of
from tastemaker.stats.agreement import Rate, rate, retest
from tastemaker.stats.estimates import linear
from tastemaker.stats.panel import Codes, Floats
from tastemaker.stats.reported import UNKNOWN, Estimate, student
from tastemaker.stats.resample import one_stratum

TIMES = 3
"""How often the same page is put to the judge (STATS section 6.4)."""
PADDING = (
    "To put it another way, all of the above is meant exactly as it stands above. "
    "I hope that this is of help, and I am glad to say the same thing again at any time. "
    "As was said before, nothing is added here to what was said before."
)
"""What says nothing and makes a reply longer."""


@dataclass(frozen=True, kw_only=True)
class SelfCheck:
    """One criterion as one grader answers it."""

    eval: str
    grader: str
    principle: str
    criterion: str
    replies: int
    flips: Rate
    """How often two answers about the same page differ: the mean of 2p(1 - p)."""
    order: Rate
    """Share of replies that get another answer when the criteria are asked in reverse order."""
    padded: Rate
    """Share of replies that get another answer when the reply is padded with empty sentences."""
    padding_gain: float | None
    """Mean value of the padded replies less that of the replies as they are, from -1 to 1."""
    cannot_assess: Rate
    """Share of answers that are CANNOT_ASSESS, of those that could be read."""
    met: Rate
    """Mean value."""

    @property
    def note(self) -> str:
        """Of ten replies or more, "never met" or "always met": then it tells nothing apart."""
        if self.met.items < 10 or self.met.value not in (0.0, 1.0):
            return ""
        return "never met" if self.met.value == 0.0 else "always met"


@dataclass(frozen=True, kw_only=True)
class PairCheck:
    """Pairs of two arms' replies to the same scenario and seed, as one grader compares them."""

    eval: str
    grader: str
    pairs: int
    """Of which an answer could be read in both orders."""
    consistency: Rate
    """Share of pairs that get the same answer in both orders."""
    position_bias: Estimate
    """How often the reply shown first wins, minus one half: from -0.5 to 0.5."""
    cannot_assess: Rate
    """Share of answers that are CANNOT_ASSESS, of those that could be read."""
    tie: Rate
    """Share of answers that are a tie."""


def judge_check(
    experiment: Experiment,
    folder: Path,
    store: GradeStore,
    *,
    replies: int = 50,
    seed: int = 1,
) -> list[SelfCheck]:
    """Put a sample of a run's replies to each grader again, changed in what should not matter.

    Each reply is asked about three times as it is, once with the criteria in reverse order, and
    once padded: five calls a reply and grader, of which the run has made one.

    Args:
        experiment: Names the graders.
        folder: The logs of its run.
        store: Where judges' answers are kept: checking again asks nothing again.
        replies: How many replies of each eval are drawn.
        seed: Of the draw.

    Raises:
        UserError: There is no grader, no run, or nothing that is judged and nothing compared.
    """
    found = _finished(experiment, folder)
    panel = open_panel(experiment.graders, (), store)
    rng = np.random.default_rng(seed)
    checks: list[SelfCheck] = []
    for loaded in load_evals(experiment):
        name, judged = loaded.name, _judged(loaded.rubric) if loaded.rubric else None
        all_of_eval = [one for one in found if one.eval == name]
        if judged is None or not all_of_eval:
            continue
        count = min(replies, len(all_of_eval))
        drawn = [all_of_eval[i] for i in sorted(rng.permutation(len(all_of_eval))[:count])]
        for grader in panel.graders:
            checks += anyio.run(_check, name, judged, grader, drawn)
    if not checks and experiment.preference is None:
        raise UserError(f"{experiment.name}: no criterion of its rubrics is judged by the grader")
    return checks


def pair_checks(
    experiment: Experiment,
    folder: Path,
    store: GradeStore,
    *,
    replies: int = 50,
    seed: int = 1,
) -> list[PairCheck]:
    """Put a sample of pairs of a run's replies to each grader, all in all, in both orders.

    Two calls a pair and grader; equal replies say nothing of a judge and are not drawn.

    Args:
        experiment: Names the graders.
        folder: The logs of its run.
        store: Where judges' answers are kept: what the run has compared is not asked again.
        replies: How many pairs of each eval are drawn.
        seed: Of the draw.

    Raises:
        UserError: There is no grader, or no run.
    """
    found = _finished(experiment, folder)
    panel = open_panel(experiment.graders, (), store)
    rng = np.random.default_rng(seed)
    checks: list[PairCheck] = []
    for loaded in load_evals(experiment):
        if loaded.rubric is None:
            continue
        pairs = _pairs(experiment, loaded, [one for one in found if one.eval == loaded.name])
        drawn = [pairs[i] for i in sorted(rng.permutation(len(pairs))[:replies])]
        for grader in panel.graders if drawn else ():
            checks.append(anyio.run(_check_pairs, loaded.name, grader, drawn))
    return checks


def _finished(experiment: Experiment, folder: Path) -> list[FinishedReply]:
    if not experiment.graders:
        raise UserError(f"{experiment.name}: names no grader to check")
    return finished_replies(folder)


def _pairs(
    experiment: Experiment, loaded: LoadedEval, found: Sequence[FinishedReply]
) -> list[Pair]:
    """Each candidate's replies beside the baseline's, where they differ."""
    scenarios = {one.id: one for one in loaded.data.scenarios}
    said = {(one.arm, one.scenario, one.seed): one.reply.text for one in found}
    pairs = []
    for (arm, name, seed), text in said.items():
        other = said.get((experiment.baseline_name, name, seed))
        if arm not in experiment.candidates or other in (None, text) or name not in scenarios:
            continue
        base = blank(loaded.name, loaded.data, scenarios[name])
        base = replace(base, seed=seed, arm_a=arm, arm_b=experiment.baseline_name)
        pairs.append(
            Pair(
                base=base,
                prompt=scenarios[name].prompt,
                context=context_of(scenarios[name]),
                question=OVERALL,
                a=text,
                b=other or "",
            )
        )
    return pairs


async def _check_pairs(name: str, grader: Grader, drawn: Sequence[Pair]) -> PairCheck:
    answers = await together([ask(pair, grader) for pair in drawn])
    clusters = np.unique([one.base.cluster for one in drawn], return_inverse=True)[1]
    orders = [[one.a_first, one.b_first] for one in answers]
    values = np.array([[_number(found.value) for found in both] for both in orders])
    unable = np.array([[_unable(found) for found in both] for both in orders])
    twice = np.repeat(clusters, 2)
    first = (values[:, 0] - values[:, 1]) / 2
    there = ~np.isnan(first)
    same = np.where(there, values[:, 0] == values[:, 1], np.nan)
    bias = UNKNOWN
    if there.any():
        bias = student(linear(first[there], one_stratum(clusters[there])))
    return PairCheck(
        eval=name,
        grader=grader.name,
        pairs=int(there.sum()),
        consistency=_rate(same, clusters),
        position_bias=bias,
        cannot_assess=_rate(unable.ravel(), twice),
        tie=_rate(np.where(np.isnan(values), np.nan, values == 0.5).ravel(), twice),
    )


def _unable(found: Finding) -> float:
    """1 for CANNOT_ASSESS, 0 for an answer, NaN for what could not be read."""
    return 0.0 if found.value is not None else 1.0 if found.reason == ABSTAINED else np.nan


def _judged(rubric: Rubric) -> Rubric | None:
    """The rubric's criteria that the experiment's grader answers; None when there is none."""
    principles = {}
    for name, principle in rubric.principles.items():
        kept = {key: one for key, one in principle.criteria.items() if one.ask and not one.grader}
        if kept:
            principles[name] = principle.model_copy(update={"criteria": kept})
    return rubric.model_copy(update={"principles": principles}) if principles else None


def _reversed(rubric: Rubric) -> Rubric:
    """The same with the criteria, and the principles, in reverse order."""
    principles = {
        name: principle.model_copy(update={"criteria": dict(reversed(principle.criteria.items()))})
        for name, principle in reversed(rubric.principles.items())
    }
    return rubric.model_copy(update={"principles": principles})


def _padded(reply: Reply) -> Reply:
    return replace(reply, text=f"{reply.text}\n\n{PADDING}")


Answered = list[dict[Key, Finding]]


async def _check(
    name: str, rubric: Rubric, grader: Grader, drawn: Sequence[FinishedReply]
) -> list[SelfCheck]:
    once = replace(grader, samples=1, order="written")
    replies = [one.reply for one in drawn]
    repeated = await _answers(rubric, replace(once, samples=TIMES), replies)
    plain = await _answers(rubric, once, replies)
    turned = await _answers(_reversed(rubric), once, replies)
    padded = await _answers(rubric, once, [_padded(reply) for reply in replies])
    clusters = np.unique([one.cluster for one in drawn], return_inverse=True)[1]
    return [
        _self_check(name, grader.name, key, repeated, plain, turned, padded, clusters)
        for key in dict.fromkeys(key for one in plain for key in one)
    ]


async def _answers(rubric: Rubric, grader: Grader, replies: Sequence[Reply]) -> Answered:
    made = RubricGrader(rubric)
    panel = Panel(graders=(grader,))
    graded = await together([made.grade(reply, panel) for reply in replies])
    return [one.findings for one in graded]


def _self_check(
    name: str,
    grader: str,
    key: Key,
    repeated: Answered,
    plain: Answered,
    turned: Answered,
    padded: Answered,
    clusters: Codes,
) -> SelfCheck:
    values = _values(plain, key)
    votes = np.array(
        [[_number(value) for _, value in one[key].votes] for one in repeated if key in one]
    )
    asked = np.array([key in one for one in repeated])
    means = _shares(votes) if len(votes) else np.zeros(0)
    order, length = _values(turned, key) - values, _values(padded, key) - values
    readable = np.array(
        [
            float(one[key].reason == "cannot_assess") if _readable(one, key) else np.nan
            for one in plain
        ]
    )
    gain = length[~np.isnan(length)]
    return SelfCheck(
        eval=name,
        grader=grader,
        principle=key[0],
        criterion=key[1],
        replies=retest(votes).replies if len(votes) else 0,
        flips=_rate(2 * means * (1 - means), clusters[asked]),
        order=_rate(_differs(order), clusters),
        padded=_rate(_differs(length), clusters),
        padding_gain=float(gain.mean()) if len(gain) else None,
        cannot_assess=_rate(readable, clusters),
        met=_rate(values, clusters),
    )


def _shares(votes: Floats) -> Floats:
    """(M,) mean of each reply's answers; NaN below two, because one alone cannot disagree."""
    answered = ~np.isnan(votes)
    count = answered.sum(axis=1)
    sums = np.where(answered, votes, 0.0).sum(axis=1)
    shares: Floats = np.divide(sums, count, out=np.full(len(votes), np.nan), where=count >= 2)
    return shares


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _values(answered: Sequence[Mapping[Key, Finding]], key: Key) -> Floats:
    """(M,), NaN where the criterion does not apply or is unscored."""
    return np.array([_number(one[key].value) if key in one else np.nan for one in answered])


def _differs(difference: Floats) -> Floats:
    """1 where it is not 0, NaN where it is NaN."""
    return np.where(np.isnan(difference), np.nan, (difference != 0).astype(float))


def _readable(one: Mapping[Key, Finding], key: Key) -> bool:
    return key in one and (one[key].value is not None or one[key].reason == "cannot_assess")


def _rate(values: Floats, clusters: Codes) -> Rate:
    there = ~np.isnan(values)
    if not there.any():
        return Rate(value=None, low=None, high=None, items=0)
    return rate(values[there], clusters[there])
