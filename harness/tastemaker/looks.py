"""Looks: what is decided after each, and whether the rule asks for the next. Pure.

The levels are those of STATS section 5; how verdicts keep their error over several looks stands in
docs/decisions/0005-looks.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.cases import compared, each_eval, named_evals
from tastemaker.experiment import Experiment
from tastemaker.gate import (
    AtLook,
    Case,
    Outcome,
    ResourceVerdict,
    Verdict,
    conclude,
    decide,
)
from tastemaker.schedule import Schedule
from tastemaker.spending import resource_verdicts
from tastemaker.stats.early import look_alphas
from tastemaker.stats.panel import Codes
from tastemaker.tables import Arranged, Scores

Asked = frozenset[tuple[str, str]]
"""Pairs of a principle and an eval."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What the looks taken so far say."""

    at: AtLook
    """The last look that counts."""
    verdicts: tuple[Verdict, ...]
    """Of every candidate, each as it stood at the look that decided it, or at the last."""
    resources: tuple[ResourceVerdict, ...]
    wanted: bool
    """Whether the rule asks for the next look."""
    open: Asked
    """What the next look asks about: all that is not decided for every candidate."""
    scores: Scores
    """The rows that count."""


def examine(experiment: Experiment, schedule: Schedule, scores: Scores) -> Examined:
    """Take the looks that the scores hold one by one, up to the one that ends the run.

    Rows of looks after that one do not count: nothing is tested outside the schedule.
    """
    entry = row_looks(scores, schedule)
    course, last = _Course(experiment, schedule), int(entry.max(initial=1))
    for look in range(1, schedule.planned + 1):
        found = course.take(look, scores.keep(entry <= look))
        # A look that brings in nothing of what is open needs no rows to have been taken.
        if not found.wanted or (look >= last and schedule.brings(look + 1, found.open)):
            break
    return found


def row_looks(scores: Scores, schedule: Schedule) -> Codes:
    """(N,), the look at which the scenario of each row comes in; what is not planned, at once."""
    dataset, cluster = scores.texts["dataset"], scores.texts["cluster"]
    pairs = dataset.codes.astype(np.intp) * len(cluster.names) + cluster.codes
    known, place = np.unique(pairs, return_inverse=True)
    looks = [
        schedule.entry.get(str(dataset.names[code]), {}).get(str(cluster.names[rest]), 1)
        for code, rest in (divmod(pair, len(cluster.names)) for pair in known.tolist())
    ]
    return np.array(looks, dtype=np.intp)[place]


def at_look(experiment: Experiment, schedule: Schedule, look: int) -> AtLook:
    """A look with its level."""
    return AtLook(
        look=look,
        planned=schedule.planned,
        share=schedule.share(look),
        alpha=look_alphas(schedule.planned, alpha=experiment.alpha)[look - 1],
    )


class _Course:
    """The looks of one run in their order; what is decided stays as it was decided."""

    def __init__(self, experiment: Experiment, schedule: Schedule) -> None:
        self.experiment = experiment
        self.schedule = schedule
        self.decided: dict[tuple[str, str], Case] = {}
        self.limits: dict[tuple[str, str], ResourceVerdict] = {}

    def take(self, look: int, seen: Scores) -> Examined:
        """Examine what has come in by a look."""
        experiment, at = self.experiment, at_look(self.experiment, self.schedule, look)
        arranged = Arranged(seen, list(experiment.arms), eval_weights=experiment.weights)
        unseen = self._unseen(arranged)
        verdicts = _verdicts(experiment, arranged, at, self.decided, len(unseen))
        limits = [
            self.limits.get((one.candidate, one.resource), one)
            for one in resource_verdicts(experiment, arranged, alpha=at.alpha)
        ]
        if experiment.early_stopping:
            self._keep(verdicts, limits)
        done = self._done(verdicts, limits, unseen)
        return Examined(
            at=at,
            verdicts=tuple(verdicts),
            resources=tuple(limits),
            wanted=not done and not at.last,
            open=self._open(verdicts, limits),
            scores=seen,
        )

    def _unseen(self, arranged: Arranged) -> set[str]:
        """The cases of which no scenario has come in yet."""
        known = set(arranged.panels())
        planned = self.schedule.principles
        return {name for names in planned.values() for name in names if name not in known} | {
            f"{principle}@{home}"
            for principle, home in named_evals(self.experiment)
            if principle not in known or home not in arranged.evals_of(principle)
        }

    def _keep(self, verdicts: Iterable[Verdict], limits: Iterable[ResourceVerdict]) -> None:
        for verdict in verdicts:
            if verdict.settled:
                key = verdict.candidate, verdict.principle
                self.decided.setdefault(key, _case(verdict))
        for limit in limits:
            if limit.outcome != "inconclusive":
                self.limits.setdefault((limit.candidate, limit.resource), limit)

    def _done(
        self, verdicts: Sequence[Verdict], limits: Sequence[ResourceVerdict], unseen: set[str]
    ) -> bool:
        """Whether nothing that is still to come could change the outcome."""
        if self.experiment.early_stopping:
            return all(
                _settled(
                    [one for one in verdicts if one.candidate == candidate],
                    [one for one in limits if one.candidate == candidate and one.rule.blocking],
                    unseen,
                )
                for candidate in self.experiment.candidates
            )
        outcome = conclude(verdicts, limits).outcome
        return outcome is Outcome.FAIL or (outcome is Outcome.PASS and not unseen)

    def _open(self, verdicts: Sequence[Verdict], limits: Sequence[ResourceVerdict]) -> Asked:
        planned = {
            (name, home) for home, names in self.schedule.principles.items() for name in names
        }
        if not self.experiment.early_stopping:
            return frozenset(planned)
        open_cases = {one.principle for one in verdicts if not one.settled}
        seen = {one.principle for one in verdicts}
        left = {
            (name, home)
            for name, home in planned
            if name not in seen or name in open_cases or f"{name}@{home}" in open_cases
        }
        if any(one.rule.blocking and one.outcome == "inconclusive" for one in limits):
            # What replies take is still open, and a reply is asked only where it is graded.
            homes = {home for _, home in left}
            left |= {(name, home) for name, home in planned if home not in homes}
        return frozenset(left)


def _settled(
    verdicts: Sequence[Verdict], limits: Sequence[ResourceVerdict], unseen: set[str]
) -> bool:
    """Whether one candidate's gate is decided: one failure is enough, a pass needs them all."""
    blocking = [one for one in verdicts if one.rule.blocking]
    if any(one.breaks for one in blocking) or any(one.breaks for one in limits):
        return True
    held = all(one.settled for one in blocking or verdicts) and not unseen
    return held and all(one.holds for one in limits)


def _case(verdict: Verdict) -> Case:
    return Case(
        principle=verdict.principle, rule=verdict.rule, paired=verdict.paired, at=verdict.at
    )


def _verdicts(
    experiment: Experiment,
    arranged: Arranged,
    at: AtLook,
    decided: Mapping[tuple[str, str], Case],
    unseen: int,
) -> list[Verdict]:
    """A verdict for each case: as decided before, or at this look."""
    pooled = arranged.panels()
    apart = each_eval(arranged, pooled)
    named = named_evals(experiment)
    verdicts: list[Verdict] = []
    for candidate in experiment.candidates:
        known = {name: case for (arm, name), case in decided.items() if arm == candidate}
        wanted = {name for name in pooled if name not in known}
        wanted |= {name for name, home in named if f"{name}@{home}" not in known}
        found = compared(
            experiment,
            {name: panel for name, panel in pooled.items() if name in wanted},
            {key: panel for key, panel in apart.items() if key[0] in wanted},
            candidate,
            at=at,
        )
        fresh = {case.principle: case for case in found.cases} | known
        order = [*pooled, *(f"{name}@{home}" for name, home in named)]
        verdicts += decide(
            candidate,
            [fresh[name] for name in order if name in fresh],
            headroom_limit=experiment.headroom.baseline_at_most if experiment.headroom else None,
            unseen=unseen,
        )
    return verdicts


def as_seen(experiment: Experiment, schedule: Schedule, scores: Scores) -> Examined:
    """Arms of several runs over the looks that all of them took, each principle at its last.

    Nothing is drawn after such a comparison, so no look is asked for.
    """
    entry = row_looks(scores, schedule)
    last = _common_looks(scores, entry)
    allowed = np.zeros(len(entry), dtype=np.bool_)
    for (principle, home), look in last.items():
        of_both = scores.texts["principle"].equal(principle) & scores.texts["eval"].equal(home)
        allowed |= of_both & (entry <= look)
    kept = scores.keep(allowed)
    entry = row_looks(kept, schedule)
    stops: dict[str, int] = {}
    for (principle, home), look in last.items():
        stops[f"{principle}@{home}"] = look
        stops[principle] = max(look, stops.get(principle, 0))
    cases: dict[tuple[str, str], Case] = {}
    for look in sorted(set(stops.values())):
        seen = kept.keep(entry <= look)
        arranged = Arranged(seen, list(experiment.arms), eval_weights=experiment.weights)
        at = at_look(experiment, schedule, look)
        for verdict in _verdicts(experiment, arranged, at, {}, 0):
            if stops[verdict.principle] == look:
                cases[verdict.candidate, verdict.principle] = _case(verdict)
    at = at_look(experiment, schedule, max(stops.values(), default=1))
    arranged = Arranged(kept, list(experiment.arms), eval_weights=experiment.weights)
    return Examined(
        at=at,
        verdicts=tuple(_verdicts(experiment, arranged, at, cases, 0)),
        resources=tuple(resource_verdicts(experiment, arranged, alpha=at.alpha)),
        wanted=False,
        open=frozenset(),
        scores=kept,
    )


def _common_looks(scores: Scores, entry: Codes) -> dict[tuple[str, str], int]:
    """By principle and eval, the last look that every arm has which has any of it."""
    principle, home, arm = (scores.texts[name] for name in ("principle", "eval", "arm"))
    last: dict[tuple[str, str], int] = {}
    for name in principle.spoken():
        for place in home.spoken():
            both = principle.equal(name) & home.equal(place)
            arms = np.unique(arm.codes[both])
            if len(arms):
                looks = [int(entry[both & (arm.codes == code)].max()) for code in arms]
                last[str(name), str(place)] = min(looks)
    return last
