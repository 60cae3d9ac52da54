"""From preferences to win rates, strengths of arms, and what the gate reads. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite

import numpy as np

from tastemaker.experiment import Experiment
from tastemaker.gate import Case, Verdict
from tastemaker.records import PreferenceRow, ScoreRow
from tastemaker.stats.bradley_terry import Strengths, bradley_terry
from tastemaker.stats.length import LengthControlled, length_controlled
from tastemaker.stats.paired import RNG_SEED, Comparing, Paired
from tastemaker.stats.pairwise import (
    Comparison,
    Pairs,
    WinRate,
    by_seed,
    gated,
    pairs,
    win_rate,
)
from tastemaker.stats.pairwise import preferences as win_rates
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.reported import Change, Estimate, change, divide, known
from tastemaker.tables import Arranged, scores_of_rows

PREFERENCE = "preference"
"""What the verdict on a preference is called; that of one principle is preference/principle."""
VALUES = {"a": 1.0, "b": 0.0, "tie": 0.5, None: None}
FORMS = ("characters", "words", "headings", "list_items", "bold")
LACKING = {
    "grader_failed": "could not be compared, because the grader failed",
    "not_run": "were not compared",
}
"""The reasons that make a gated preference incomplete, in words."""
ONE_ORDER = (
    "Each pair was judged in one order only, so a liking for the first place is in the numbers: "
    "nothing can be decided on them."
)


@dataclass(frozen=True, kw_only=True)
class Preference:
    """How often a candidate's replies are preferred to the baseline's, by one question."""

    candidate: str
    principle: str | None
    """None: all in all."""
    rate: WinRate
    paired: Paired
    """The same as the gate reads it: d = 2w - 1, at the experiment's level and by its method."""
    one_order: Change | None
    """2w - 1 of pairs that were judged in one order, where no pair was judged in both."""
    each: Floats
    """(N,), w of each scenario; NaN where there is no pair."""
    longer: Floats
    """(N,), characters of the candidate's reply minus the baseline's; NaN where not known."""
    design: Design
    """Of the N scenarios."""
    alpha: float
    forms: Mapping[str, tuple[float, float]]
    """Mean length and dress of the candidate's replies and the baseline's, by `FORMS`."""
    unscored: Mapping[str, int]
    """Answers without a preference, by reason."""

    @property
    def name(self) -> str:
        """What its verdict is called."""
        return PREFERENCE if self.principle is None else f"{PREFERENCE}/{self.principle}"

    @property
    def win_rate(self) -> Estimate:
        """w, in [0, 1]; one half is no preference."""
        found = self.paired
        value, low, high = (
            known(float(np.clip((1 + limit) / 2, 0.0, 1.0)))
            for limit in (found.difference, found.low, found.high)
        )
        return Estimate(value=value, low=low, high=high)

    @cached_property
    def length(self) -> LengthControlled | None:
        """The win rate at equal length; None where lengths are not known, or decide every pair."""
        if self.length_decides or np.isnan(self.each + self.longer).all():
            return None
        rng = np.random.default_rng(RNG_SEED)
        return length_controlled(self.each, self.longer, self.design, rng, alpha=self.alpha)

    @cached_property
    def length_decides(self) -> bool:
        """Whether every preference is a win or a loss, and a difference in length parts the two.

        Then no pair tells how replies of equal length would compare.
        """
        there = ~np.isnan(self.each + self.longer)
        won = self.longer[there & (self.each == 1)]
        lost = self.longer[there & (self.each == 0)]
        if not len(won) or not len(lost) or len(won) + len(lost) < there.sum():
            return False
        return bool(won.min() > lost.max() or won.max() < lost.min())

    @property
    def p(self) -> float | None:
        """Of the two-sided sign-flip test of no preference; not adjusted."""
        one_sided = min(self.paired.p_less, self.paired.p_greater)
        return min(1.0, 2 * one_sided) if isfinite(one_sided) else None


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Three or more arms by strength, by one question."""

    principle: str | None
    strengths: Strengths


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """All that the comparisons of replies say."""

    found: tuple[Preference, ...]
    asked: "Sequence[_Asked]"
    """The answers to each question."""

    @cached_property
    def rankings(self) -> tuple[Ranking, ...]:
        """All arms by strength, by each question that connects three or more."""
        return tuple(ranking for one in self.asked for ranking in one.rankings())

    def of(self, candidate: str) -> list[Preference]:
        """What is known of one candidate."""
        return [one for one in self.found if one.candidate == candidate]


def preferences(experiment: Experiment, rows: Sequence[PreferenceRow]) -> Preferences:
    """Every candidate against the baseline on every question, and all arms by strength."""
    by_question: dict[str | None, list[PreferenceRow]] = {}
    for row in rows:
        by_question.setdefault(row.principle, []).append(row)
    every = [_Asked(experiment, of_one) for of_one in by_question.values()]
    asked = [one for one in every if one.rows]  # the others stand in evals without weight
    return Preferences(
        found=tuple(one.preference(name) for name in experiment.candidates for one in asked),
        asked=asked,
    )


def cases(experiment: Experiment, found: Sequence[Preference]) -> list[Case]:
    """What the gate is to decide: nothing, where no rule is written."""
    rule = experiment.preference.rule if experiment.preference else None
    if rule is None:
        return []
    return [Case(principle=one.name, rule=rule, paired=one.paired, scores=False) for one in found]


def explained(verdict: Verdict, found: Sequence[Preference]) -> Verdict:
    """The verdict with a reason that says so where pairs were judged in one order only."""
    one_order = any(one.name == verdict.principle and one.one_order for one in found)
    if not one_order or verdict.scores:
        return verdict
    return replace(verdict, reason=ONE_ORDER, paired=replace(verdict.paired, notes=()))


def lacking(experiment: Experiment, found: Preferences) -> list[str]:
    """What of gated preferences should be there and is not, in sentences."""
    rule = experiment.preference.rule if experiment.preference else None
    if rule is None or not rule.blocking:
        return []
    if not found.found:
        return ["There is no preference at all."]
    return [
        f"{one.candidate}, {one.name}: {one.unscored[reason]} pairs of replies {told}."
        for one in found.found
        for reason, told in LACKING.items()
        if one.unscored.get(reason)
    ]


class _Asked:
    """The answers to one question, arranged."""

    def __init__(self, experiment: Experiment, rows: Sequence[PreferenceRow]) -> None:
        self.experiment = experiment
        self.places, self.design = _arranged(rows, experiment.weights)
        self.rows = [row for row in rows if (row.eval, row.scenario) in self.places]
        self.judged = self._pairs(self.rows)
        self.how = Comparing(
            alpha=experiment.alpha, method=experiment.ci_method, seed_kind=experiment.seed_kind
        )

    def _pairs(self, rows: Sequence[PreferenceRow]) -> Pairs:
        """The pairs, with the scenarios of all rows: the names are their numbers."""
        judged = pairs(self._comparison(row) for row in rows)
        place = np.array([int(name) for name in judged.scenario_names], dtype=np.intp)
        return replace(
            judged,
            scenario_names=tuple(map(str, range(len(self.places)))),
            scenario=place[judged.scenario],
            design=self.design,
        )

    def _comparison(self, row: PreferenceRow) -> Comparison:
        return Comparison(
            scenario=str(self.places[row.eval, row.scenario]),
            cluster=row.cluster,
            stratum=row.stratum,
            seed=row.seed,
            arm_a=row.arm_a,
            arm_b=row.arm_b,
            a_first=row.order == "ab",
            preference=VALUES[row.preference],
        )

    def preference(self, candidate: str) -> Preference:
        """One candidate against the baseline; with nothing but gaps where it was not compared."""
        baseline, alpha = self.experiment.baseline_name, self.experiment.alpha
        mine = [row for row in self.rows if {row.arm_a, row.arm_b} == {candidate, baseline}]
        judged = self.judged
        if not {candidate, baseline} <= set(judged.arms):
            judged = self._pairs([_nobody(self.rows[0], candidate, baseline)])
        forms = _Forms(mine, self.places, judged, candidate, baseline)
        w = by_seed(judged, candidate, baseline)
        rate = win_rate(judged, candidate, baseline, np.random.default_rng(RNG_SEED), alpha=alpha)
        return Preference(
            candidate=candidate,
            principle=self.rows[0].principle,
            rate=rate,
            paired=gated(w, self.design, how=self.how, max_missing=self.experiment.max_unscored),
            one_order=None if rate.pairs else self._in_one_order(judged, candidate),
            each=win_rates(judged, candidate, baseline),
            longer=np.subtract(*forms.by_scenario("characters")),
            design=self.design,
            alpha=alpha,
            forms=forms.means(self.design),
            unscored=Counter(
                row.reason.split(":")[0] or "unscored" for row in mine if row.preference is None
            ),
        )

    def _in_one_order(self, judged: Pairs, candidate: str) -> Change | None:
        w = win_rates(judged, candidate, self.experiment.baseline_name, either_order=True)
        rng = np.random.default_rng(RNG_SEED)
        found = change(2 * w - 1, self.design, rng, alpha=self.experiment.alpha)
        return found if found.scenarios else None

    def rankings(self) -> Iterator[Ranking]:
        """The strengths of the arms that comparisons connect, where they are three or more."""
        arms = _connected(self.judged, self.experiment.baseline_name)
        if len(arms) < 3:
            return
        judged = self.judged
        if arms < set(judged.arms):
            judged = self._pairs([row for row in self.rows if {row.arm_a, row.arm_b} <= arms])
        rng = np.random.default_rng(RNG_SEED)
        strengths = bradley_terry(judged, rng, alpha=self.experiment.alpha)
        yield Ranking(principle=self.rows[0].principle, strengths=strengths)


def _arranged(
    rows: Sequence[PreferenceRow], eval_weights: Mapping[str, float]
) -> tuple[dict[tuple[str, str], int], Design]:
    """The scenarios that have weight, numbered, and their design: that of a panel of scores."""
    first = {(row.eval, row.scenario): row for row in reversed(rows)}
    keys = list(dict.fromkeys((row.eval, row.scenario) for row in rows))
    scores = [_as_score(first[key], number) for number, key in enumerate(keys)]
    arranged = Arranged(scores_of_rows(scores), [PREFERENCE], eval_weights=eval_weights)
    panel = arranged.panels()[PREFERENCE]
    kept = [keys[int(name.rpartition("/")[2])] for name in panel.scenarios]
    return {key: number for number, key in enumerate(kept)}, panel.design


def _as_score(row: PreferenceRow, number: int) -> ScoreRow:
    """What a panel needs to know of a scenario."""
    return ScoreRow(
        eval=row.eval,
        dataset=row.dataset,
        arm=PREFERENCE,
        scenario=str(number),
        cluster=row.cluster,
        stratum=row.stratum,
        stratum_weight=row.stratum_weight,
        scenario_weight=row.scenario_weight,
        seed=1,
        principle=PREFERENCE,
        value=0.0,
    )


def _nobody(row: PreferenceRow, candidate: str, baseline: str) -> PreferenceRow:
    return replace(row, arm_a=candidate, arm_b=baseline, preference=None, reason="missing")


def _connected(judged: Pairs, baseline: str) -> set[str]:
    """The arms that a chain of judged pairs leads to from the baseline."""
    scored = ~np.isnan(judged.preference())
    edges = {
        (judged.arms[a], judged.arms[b])
        for a, b in zip(judged.arm_a[scored].tolist(), judged.arm_b[scored].tolist(), strict=True)
    }
    reached, waiting = {baseline}, [baseline]
    while waiting:
        arm = waiting.pop()
        beside = {one for edge in edges if arm in edge for one in edge} - reached
        reached |= beside
        waiting += beside
    return reached


class _Forms:
    """Length and dress of the replies of judged pairs, by scenario."""

    def __init__(
        self,
        rows: Sequence[PreferenceRow],
        places: Mapping[tuple[str, str], int],
        judged: Pairs,
        candidate: str,
        baseline: str,
    ) -> None:
        self.size = len(places)
        arms = [judged.arms.index(arm) for arm in (candidate, baseline)]
        there = ~np.isnan(judged.answered())
        there &= (judged.arm_a == min(arms)) & (judged.arm_b == max(arms))
        scored = set(zip(judged.scenario[there].tolist(), judged.seed[there].tolist(), strict=True))
        # Once for each pair: every order and grader says the same of it.
        pair_of = {(places[row.eval, row.scenario], row.seed): row for row in rows}
        kept = {key: row for key, row in pair_of.items() if key in scored}
        self.scenario = np.array([scenario for scenario, _ in kept], dtype=np.intp)
        sides = {True: ("a", "b"), False: ("b", "a")}
        values = [
            [[getattr(row, f"{name}_{side}") for name in FORMS] for side in sides[is_a]]
            for row in kept.values()
            for is_a in [row.arm_a == candidate]
        ]
        shape = (len(kept), 2, len(FORMS))
        self.values: Floats = np.array(values, dtype=np.float64).reshape(shape)
        """The candidate's and the baseline's, by `FORMS`; NaN unknown."""

    def by_scenario(self, name: str) -> tuple[Floats, Floats]:
        """(N,) means over seeds of the candidate's replies and the baseline's; NaN unknown."""
        both = self.values[:, :, FORMS.index(name)]
        there = ~np.isnan(both).any(axis=1)
        scenario, both = self.scenario[there], both[there]
        counts = np.bincount(scenario, minlength=self.size)
        ours, theirs = (
            divide(np.bincount(scenario, both[:, side], minlength=self.size), counts)
            for side in (0, 1)
        )
        return ours, theirs

    def means(self, design: Design) -> dict[str, tuple[float, float]]:
        """Over scenarios, as they are weighed; what is not known is left out."""
        found = {}
        for name in FORMS:
            ours, theirs = self.by_scenario(name)
            there = ~np.isnan(ours)
            if there.any():
                omega = design.keep(there).omega()
                found[name] = (float(omega @ ours[there]), float(omega @ theirs[there]))
        return found
