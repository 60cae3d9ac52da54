"""From preferences to win rates, strengths of arms, and what the gate reads. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    length: LengthControlled | None
    """None where lengths are not known."""
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
        low, high = known((1 + found.low) / 2), known((1 + found.high) / 2)
        return Estimate(value=known((1 + found.difference) / 2), low=low, high=high)

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
    rankings: tuple[Ranking, ...]
    rows: Sequence[PreferenceRow]

    def of(self, candidate: str) -> list[Preference]:
        """What is known of one candidate."""
        return [one for one in self.found if one.candidate == candidate]


def preferences(experiment: Experiment, rows: Sequence[PreferenceRow]) -> Preferences:
    """Every candidate against the baseline on every question, and all arms by strength."""
    found: list[Preference] = []
    rankings: list[Ranking] = []
    for principle in dict.fromkeys(row.principle for row in rows):
        asked = _Asked(experiment, [row for row in rows if row.principle == principle])
        if not asked.rows:
            continue  # they stand in evals without weight
        found += [asked.preference(name) for name in experiment.candidates]
        rankings += asked.rankings()
    order = list(experiment.candidates)
    found.sort(key=lambda one: order.index(one.candidate))
    return Preferences(found=tuple(found), rankings=tuple(rankings), rows=rows)


def cases(experiment: Experiment, found: Sequence[Preference]) -> list[Case]:
    """What the gate is to decide: nothing, where no rule is written."""
    rule = experiment.preference.rule if experiment.preference else None
    if rule is None:
        return []
    return [Case(principle=one.name, rule=rule, paired=one.paired, scores=False) for one in found]


def explained(verdict: Verdict, found: Sequence[Preference]) -> Verdict:
    """The verdict with a reason that says so where pairs were judged in one order only."""
    one_order = any(one.name == verdict.principle and one.one_order for one in found)
    return replace(verdict, reason=ONE_ORDER) if one_order and not verdict.scores else verdict


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
        baseline = self.experiment.baseline_name
        mine = [row for row in self.rows if {row.arm_a, row.arm_b} == {candidate, baseline}]
        judged = self._pairs(mine or [_nobody(self.rows[0], candidate, baseline)])
        w = by_seed(judged, candidate, baseline)
        paired = gated(w, self.design, how=self.how, max_missing=self.experiment.max_unscored)
        rng, alpha = np.random.default_rng(RNG_SEED), self.experiment.alpha
        forms = _Forms(mine, self.places, candidate, judged)
        rate = win_rate(judged, candidate, baseline, rng, alpha=alpha)
        return Preference(
            candidate=candidate,
            principle=self.rows[0].principle,
            rate=rate,
            paired=paired,
            one_order=None if rate.pairs else self._in_one_order(judged, candidate),
            length=self._at_equal_length(judged, candidate, forms),
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

    def _at_equal_length(
        self, judged: Pairs, candidate: str, forms: "_Forms"
    ) -> LengthControlled | None:
        w = win_rates(judged, candidate, self.experiment.baseline_name)
        ours, theirs = forms.by_scenario("characters")
        if np.isnan(w + ours - theirs).all():
            return None
        rng = np.random.default_rng(RNG_SEED)
        alpha = self.experiment.alpha
        return length_controlled(w, ours - theirs, self.design, rng, alpha=alpha)

    def rankings(self) -> Iterator[Ranking]:
        """The strengths of the arms that comparisons connect, where they are three or more."""
        arms = _connected(self.judged, self.experiment.baseline_name)
        if len(arms) < 3:
            return
        rows = [row for row in self.rows if {row.arm_a, row.arm_b} <= arms]
        rng = np.random.default_rng(RNG_SEED)
        strengths = bradley_terry(self._pairs(rows), rng, alpha=self.experiment.alpha)
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
        candidate: str,
        judged: Pairs,
    ) -> None:
        self.size = len(places)
        there = ~np.isnan(judged.answered())
        scored = set(zip(judged.scenario[there].tolist(), judged.seed[there].tolist(), strict=True))
        # Once for each pair: every order and grader says the same of it.
        pair_of = {(places[row.eval, row.scenario], row.seed): row for row in rows}
        self.rows = {key: row for key, row in pair_of.items() if key in scored}
        self.candidate = candidate

    def by_scenario(self, name: str) -> tuple[Floats, Floats]:
        """(N,) means over seeds of the candidate's replies and the baseline's; NaN unknown."""
        sums, counts = np.zeros((2, self.size)), np.zeros(self.size)
        for (scenario, _), row in self.rows.items():
            both = [getattr(row, f"{name}_{side}") for side in "ab"]
            if None in both:
                continue
            sums[:, scenario] += both if row.arm_a == self.candidate else both[::-1]
            counts[scenario] += 1
        ours, theirs = divide(sums, counts)
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
