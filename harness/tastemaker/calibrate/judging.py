"""The judge against people: agreement, errors by arm, corrected verdicts, and what may gate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tastemaker.calibrate.marked import (
    Held,
    Marked,
    human_values,
    marked,
    with_values,
)
from tastemaker.calibration import (
    Against,
    Among,
    ArmErrors,
    Calibration,
    Confusion,
    CorrectedDifference,
    Correction,
    CriterionCalibration,
    Disagreement,
    Planned,
    PrincipleCalibration,
    RubricSentence,
    Voice,
    basis_of,
    corrected,
    kin_of,
    sentence,
)
from tastemaker.cases import named_panels
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.gate import Case, Kind, Verdict, clusters_needed, decide
from tastemaker.marks import MARKS, MarkStore
from tastemaker.reading import shown
from tastemaker.record import read_record
from tastemaker.results import Results, results
from tastemaker.stats.agreement import (
    BINARY,
    Rate,
    agreement,
    judge_favour,
    judge_minus_human,
    krippendorff,
    rate,
)
from tastemaker.stats.paired import MAX_MISSING_GAP, RNG_SEED, Mask
from tastemaker.stats.panel import Codes, Design, Floats, Panel
from tastemaker.stats.ppi import (
    FEWEST_LABELS,
    Corrected,
    corrected_difference,
    labelled_differences,
)
from tastemaker.stats.reported import UNKNOWN, Estimate
from tastemaker.stats.resample import one_stratum, resample
from tastemaker.tables import Arranged, ReplyKey, read_scores

CERTAIN = 1 - 1e-9
"""Stands for a chance of 1, which the correction cannot take."""


def calibrate(experiment: Experiment, folder: Path) -> Calibration:
    """Hold the judge of a run against the marks that people made on its replies.

    Raises:
        UserError: There is no run, the experiment changed after it, or nobody has marked anything.
    """
    if not experiment.evals:
        raise UserError(
            f"{experiment.name}: has files of scores alone, no replies that people could mark"
        )
    record, scores = read_record(folder, experiment), read_scores(folder)
    if not (folder / MARKS).is_file():
        raise UserError(_no_marks(experiment, folder))
    store = MarkStore(folder / MARKS)
    found = marked(experiment, record, scores, store, folder)
    counts = found.counts
    if not counts.marks + counts.consensus + counts.stale + counts.outside:
        raise UserError(_no_marks(experiment, folder))
    found = replace(found, plan=replace(found.plan, looks=store.looked()))
    required = experiment.calibrated
    least = required.min_labels if required else FEWEST_LABELS
    bench = _Bench(experiment, found, results(experiment, record, scores), least)
    principles = tuple(bench.principles())
    return Calibration(
        experiment=experiment.name,
        basis=basis_of(record, folder),
        min_labels=least,
        families=kin_of(experiment),
        principles=principles,
        criteria=tuple(bench.criteria()),
        rubrics=tuple(_rubric_sentences(found, principles)),
        disagreements=tuple(_disagreements(found)),
        plan=found.plan,
        counts=counts,
        notes=tuple(_notes(found, experiment)),
    )


def _no_marks(experiment: Experiment, folder: Path) -> str:
    return (
        f"{shown(folder)}: nobody has marked a reply of {experiment.name} yet; "
        f"`tastemaker rate {experiment.reference or experiment.name}` asks people to"
    )


@dataclass(frozen=True, kw_only=True)
class _Both:
    """People's scores and the judge's of one principle, as panels of one shape."""

    human: Panel
    judge: Panel
    asked: Panel
    """1 where the plan asks for people's score, else NaN."""

    def pair(self, baseline: str, candidate: str) -> "_Pair":
        human, judge, asked = (
            (one.arm(baseline), one.arm(candidate)) for one in (self.human, self.judge, self.asked)
        )
        return _Pair(human=human, judge=judge, drawn=~np.isnan(asked[0] + asked[1]))


Arms = tuple[Floats, Floats]
"""(N, K) scores of the baseline, and of the candidate."""


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """What people and the judge say of the baseline and of a candidate, by scenario and seed."""

    human: Arms
    judge: Arms
    drawn: Mask
    """(N, K) where the plan asks for people's score of both arms."""

    @property
    def missing(self) -> tuple[Mask, Mask]:
        """Of each arm, where people's score is asked for and not there, though the judge's is."""
        baseline, candidate = (self._comparable & np.isnan(one) for one in self.human)
        return baseline, candidate

    def missing_shares(self, design: Design) -> tuple[float, float]:
        """Of each arm: of what was asked, and of what it stands for, the larger (STATS 1)."""
        asked = self._comparable.sum(axis=1)
        rows = asked > 0
        if not rows.any():
            return 0.0, 0.0
        asked, omega = asked[rows], design.keep(rows).omega()
        baseline, candidate = (
            float(max(gaps.sum() / asked.sum(), (omega * gaps / asked).sum()))
            for gaps in (where[rows].sum(axis=1) for where in self.missing)
        )
        return baseline, candidate

    @property
    def _comparable(self) -> Mask:
        comparable: Mask = self.drawn & ~np.isnan(self.judge[0] + self.judge[1])
        return comparable

    def filled(self, baseline: float, candidate: float) -> Arms:
        """People's scores, with what is missing set to a score for each arm."""
        (old, new), (no_old, no_new) = self.human, self.missing
        return np.where(no_old, baseline, old), np.where(no_new, candidate, new)


class _Bench:
    """What all principles and criteria of one run are computed from."""

    def __init__(
        self, experiment: Experiment, found: Marked, judged: Results, min_labels: int
    ) -> None:
        self.experiment, self.found, self.judged = experiment, found, judged
        self.min_labels = min_labels
        human, asked = (
            self._panels(values) for values in (found.scores, dict.fromkeys(found.scores, 1.0))
        )
        self.both = {
            name: _Both(human=human[name], judge=panel, asked=asked[name])
            for name, panel in named_panels(experiment, judged.arranged).items()
        }
        self.clusters = {
            name: dict(zip(both.judge.scenarios, both.judge.design.clusters.tolist(), strict=True))
            for name, both in self.both.items()
        }
        self.rng = np.random.default_rng(RNG_SEED)

    def _panels(self, scores: Mapping[tuple[ReplyKey, str], float]) -> dict[str, Panel]:
        """Panels as the judge's, of other scores by reply and principle."""
        arranged = self.judged.arranged
        rows = with_values(arranged.rows, human_values(arranged.rows, scores))
        weights = self.experiment.weights
        return named_panels(self.experiment, Arranged(rows, arranged.arms, eval_weights=weights))

    def principles(self) -> Iterator[PrincipleCalibration]:
        """One for each principle of each candidate that somebody has marked."""
        for candidate in self.experiment.candidates:
            verdicts = [v for v in self.judged.decision.verdicts if v.candidate == candidate]
            marked_ones = {v.principle: found for v in verdicts if (found := self._of(v))}
            corrections = {name: self._correction(candidate, name) for name in marked_ones}
            would = {
                verdict.principle: verdict
                for verdict in decide(
                    candidate, [self._case(one, corrections.get(one.principle)) for one in verdicts]
                )
            }
            for verdict in verdicts:
                name = verdict.principle
                if held := marked_ones.get(name):
                    correction = corrections[name]
                    enough = correction is not None and correction.labelled >= FEWEST_LABELS
                    known = enough and not self.found.plan.lacking
                    kind = would[name].kind if known else Kind.NOT_EVALUABLE
                    yield self._principle(verdict, held, correction, str(kind))

    def criteria(self) -> Iterator[CriterionCalibration]:
        """One for each criterion of each eval that somebody has marked."""
        groups: dict[tuple[str, str, str], list[Held]] = {}
        for one in self.found.held:
            groups.setdefault((one.asked.reply[0], *one.asked.key), []).append(one)
        for (home, principle, criterion), held in groups.items():
            yield CriterionCalibration(
                eval=home,
                principle=principle,
                criterion=criterion,
                against=self._against(principle, held, list(self.experiment.arms), turned=False),
            )

    def _of(self, verdict: Verdict) -> list[Held]:
        """The answers on a principle (of one eval) and on the arms that a verdict compares."""
        principle, _, home = verdict.principle.partition("@")
        arms = (self.experiment.baseline_name, verdict.candidate)
        return [
            one
            for one in self.found.held
            if one.asked.key[0] == principle
            and one.asked.reply[3] in arms
            and home in ("", one.asked.reply[0])
        ]

    def _case(self, verdict: Verdict, correction: Correction | None) -> Case:
        """What the gate would decide on, were the judge corrected wherever it can be."""
        paired = verdict.paired
        if correction is not None and correction.labelled >= FEWEST_LABELS:
            paired = corrected(paired, correction, alpha=self.experiment.alpha)
        return Case(principle=verdict.principle, rule=verdict.rule, paired=paired)

    def _principle(
        self, verdict: Verdict, held: list[Held], correction: Correction | None, would: str
    ) -> PrincipleCalibration:
        name, candidate = verdict.principle, verdict.candidate
        baseline, margin = self.experiment.baseline_name, verdict.rule.margin
        against = self._against(name, held, [baseline, candidate], turned=True)
        pair = self.both[name].pair(baseline, candidate)
        favour = judge_favour(pair.human, pair.judge, self._weighed(name))
        told = sentence(against, correction, favour, margin, self.found.plan, self.min_labels)
        paired = verdict.paired
        return PrincipleCalibration(
            candidate=candidate,
            principle=name,
            margin=margin,
            against=against,
            judge_only=Estimate(
                value=_number(paired.difference), low=_number(paired.low), high=_number(paired.high)
            ),
            favour=favour,
            own_family=self._own_family(candidate, favour),
            correction=correction,
            verdict=would,
            judge_verdict=str(verdict.kind),
            may_gate=told.may_gate,
            may_gate_alone=told.alone,
            reason=told.reason,
        )

    def _own_family(self, candidate: str, favour: Estimate) -> Estimate | None:
        kin = kin_of(self.experiment)
        baseline = self.experiment.baseline_name
        if kin[candidate] == kin[baseline]:
            return None
        return favour if kin[candidate] else _negative(favour)

    # The difference, corrected ---------------------------------------------------------------

    def _correction(self, candidate: str, name: str) -> Correction | None:
        """The corrected difference, and what it would be with people's gaps filled."""
        pair = self.both[name].pair(self.experiment.baseline_name, candidate)
        found = self._corrected(name, pair, pair.human)
        if found is None:
            return None
        shares = pair.missing_shares(self._weighed(name))
        most = self.experiment.max_unscored
        too_many = max(shares) > most or abs(shares[0] - shares[1]) > MAX_MISSING_GAP
        worst = self._corrected(name, pair, pair.filled(1.0, 0.0)) if too_many else None
        best = self._corrected(name, pair, pair.filled(0.0, 1.0)) if too_many else None
        verdict = next(v for v in self.judged.decision.verdicts if v.principle == name)
        if too_many:
            note = f"People gave no answer for {shares[0]:.1%} of the baseline's replies"
            note = f"{note} and {shares[1]:.1%} of the candidate's that the plan asks about."
            found = replace(found, notes=(*found.notes, note))
        return Correction(
            **vars(found),
            labels_needed=_labels_needed(found, verdict.rule.margin),
            baseline_missing=shares[0],
            candidate_missing=shares[1],
            worst=worst,
            best=best,
        )

    def _corrected(self, name: str, pair: "_Pair", human: Arms) -> CorrectedDifference | None:
        """By these scores of people's; None where they have none on both arms."""
        h, j = labelled_differences(human, pair.judge)
        # What was drawn and has no answer stands neither for the labelled nor for the others.
        j = np.where(pair.drawn.any(axis=1) & np.isnan(h), np.nan, j)
        if not (~np.isnan(h) & ~np.isnan(j)).any():
            return None
        panel = self.both[name].judge
        chance = np.array([self.found.chances.get(key, np.nan) for key in panel.scenarios])
        drawn = _drawn(chance, panel.design)
        found = corrected_difference(
            h, j, panel.design, chance=drawn.chance, lam=drawn.lam, alpha=self.experiment.alpha
        )
        return _as_correction(found, drawn.notes)

    def _weighed(self, name: str) -> Design:
        """The design of the marked scenarios, each standing for as many as its chance says."""
        panel = self.both[name].judge
        weights = np.array([self._weight(key) for key in panel.scenarios])
        return replace(panel.design, weights=panel.design.weights * weights)

    def _weight(self, scenario: str) -> float:
        return 1.0 / self.found.chances.get(scenario, 1.0)

    # Agreement -------------------------------------------------------------------------------

    def _against(
        self, name: str, held: Sequence[Held], arms: Sequence[str], *, turned: bool
    ) -> Against:
        """People and the judge on some questions, each answer of a rater an item.

        Several raters of one question share its weight. A judge that gives a mean of several
        answers counts for the nearest answer there is.
        """
        clusters = self.clusters[name]
        inside = [one for one in held if one.asked.scenario in clusters]
        items = [item for one in inside for item in self._items(one, turned)]
        human, judge, weights, arm, binary = _columns(items)
        codes = np.array([clusters[one.asked.scenario] for one, *_ in items], dtype=np.intp)
        classes = sorted({c for one in inside for c in _turned_classes(one, turned)}) or BINARY
        by_arm = {
            name_of_arm: ArmErrors(
                marks=_confusion(human[mine], judge[mine]),
                sensitivity=_rate(judge == 1, mine & (human == 1), codes, weights),
                specificity=_rate(judge == 0, mine & (human == 0), codes, weights),
                judge_minus_human=self._judge_minus_human(name, name_of_arm, inside, turned),
            )
            for name_of_arm in arms
            for mine in [binary & (arm == name_of_arm)]
        }
        return Against(
            replies=len({one.asked.reply for one, *_ in items}),
            cannot_say=sum(mark.value is None for one in inside for mark in one.heard),
            unscored=sum(len(one.said) for one in inside if one.judge is None),
            found=agreement(human, judge, codes, self.rng, classes=classes, weights=weights),
            by_arm=by_arm,
            among=self._among(inside, clusters, classes, turned),
        )

    def _items(self, one: Held, turned: bool) -> Iterator[tuple[Held, float, float, float]]:
        """(question, people's answer, the judge's, weight) of each mark that the judge answers."""
        if one.judge is None:
            return
        judge = _nearest(one.judge, one.classes)
        weight = self._weight(one.asked.scenario) / max(1, len(one.said))
        for value in one.said:
            both = (one.turned(value), one.turned(judge)) if turned else (value, judge)
            yield one, *both, weight

    def _judge_minus_human(
        self, name: str, arm: str, held: Sequence[Held], turned: bool
    ) -> Estimate:
        """Of a principle on the scale of its score, over strata; of a criterion as it is asked."""
        if turned:
            both = self.both[name]
            return judge_minus_human(both.human.arm(arm), both.judge.arm(arm), self._weighed(name))
        pairs = [
            (one.human, one.judge, one.asked.scenario)
            for one in held
            if one.asked.reply[3] == arm and one.human is not None and one.judge is not None
        ]
        if not pairs:
            return UNKNOWN
        human, judge, scenarios = zip(*pairs, strict=True)
        codes = np.array([self.clusters[name][scenario] for scenario in scenarios])
        weights = np.array([self._weight(scenario) for scenario in scenarios])
        design = replace(one_stratum(codes), weights=weights)
        return judge_minus_human(np.array([human]).T, np.array([judge]).T, design)

    def _among(
        self,
        held: Sequence[Held],
        clusters: Mapping[str, int],
        classes: Sequence[float],
        turned: bool,
    ) -> Among:
        """People among themselves: the raters' own answers, never the consensus."""
        answers = [
            (one, {n: one.turned(m.value) if turned else m.value for n, m in one.raters.items()
                   if m.value is not None})
            for one in held
        ]  # fmt: skip
        several = [(one, given) for one, given in answers if len(given) > 1]
        names = sorted({name for _, given in several for name in given})
        ratings = np.array(
            [[given.get(name, np.nan) for name in names] for _, given in several]
        ).reshape(len(several), len(names))
        codes = np.array([clusters[one.asked.scenario] for one, _ in several], dtype=np.intp)
        weights = np.array([self._weight(one.asked.scenario) for one, _ in several])
        pairs = _pairs(ratings, codes, weights)
        found = agreement(*pairs[:3], self.rng, classes=classes, weights=pairs[3])
        rates = (found.human_rate, found.judge_rate)
        alpha = UNKNOWN
        if len(several):
            alpha = krippendorff(
                ratings, resample(codes, self.rng), classes=classes, weights=weights
            )
        return Among(
            raters=len(names),
            replies=len({one.asked.reply for one, _ in several}),
            pairs=found.items,
            pass_rate=None if None in rates else sum(r for r in rates if r is not None) / 2,
            agreement=found.agreement,
            kappa=found.kappa,
            ac1=found.ac1,
            alpha=alpha,
        )


def _turned_classes(one: Held, turned: bool) -> Iterable[float]:
    return [one.turned(value) for value in one.classes] if turned else one.classes


def _columns(
    items: Sequence[tuple[Held, float, float, float]],
) -> tuple[Floats, Floats, Floats, NDArray[np.str_], Mask]:
    """People's answers, the judge's, weights, arms, and whether the question is yes or no."""
    numbers = np.array([item[1:] for item in items], dtype=float).reshape(len(items), 3)
    arms = np.array([one.asked.reply[3] for one, *_ in items], dtype=np.str_)
    binary = np.array([one.classes == BINARY for one, *_ in items], dtype=np.bool_)
    return numbers[:, 0], numbers[:, 1], numbers[:, 2], arms, binary


def _nearest(value: float, classes: Sequence[float]) -> float:
    """The answer nearest to a mean; of two the higher, as a `must` takes one half for met."""
    return min(reversed(classes), key=lambda one: abs(one - value))


def _confusion(human: Floats, judge: Floats) -> Confusion:
    def count(of_people: float, of_judge: float) -> int:
        return int(((human == of_people) & (judge == of_judge)).sum())

    return Confusion(
        met_met=count(1, 1), met_unmet=count(1, 0), unmet_met=count(0, 1), unmet_unmet=count(0, 0)
    )


def _rate(hits: Mask, mask: Mask, clusters: Codes, weights: Floats) -> Rate:
    return rate(hits[mask].astype(float), clusters[mask], weights[mask])


def _pairs(ratings: Floats, codes: Codes, weights: Floats) -> tuple[Floats, Floats, Codes, Floats]:
    """Every pair of raters of every question: both answers, cluster, and weight.

    The pairs of one question share its weight.
    """
    given = ~np.isnan(ratings)
    of_each = given.sum(axis=1) * (given.sum(axis=1) - 1) / 2
    parts = []
    for a, b in combinations(range(ratings.shape[1]), 2):
        both = given[:, a] & given[:, b]
        parts.append((ratings[both, a], ratings[both, b], codes[both], (weights / of_each)[both]))
    if not parts:
        nothing = np.zeros(0)
        return nothing, nothing, codes[:0], nothing
    first, second, clusters, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
    return first, second, clusters, shares


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """How the marked scenarios of a panel were drawn, as the correction takes it."""

    chance: Floats | None
    """None: all of a stratum alike."""
    lam: float | None
    """0 where only people's marks may be used; None: tuned."""
    notes: tuple[str, ...] = ()


def _drawn(chance: Floats, design: Design) -> _Drawn:
    """Chances that are the same in a stratum cancel out; where they differ all must be known."""
    known = ~np.isnan(chance)
    differ = any(
        np.ptp(chance[mine]) > 1e-9
        for stratum in np.unique(design.strata)
        for mine in [known & (design.strata == stratum)]
        if mine.any()
    )
    if not differ:
        return _Drawn(chance=None, lam=None)
    if known.all() and (chance < 1).all():
        return _Drawn(chance=chance, lam=None)
    note = (
        "Chances of being marked differ, and are not known (or 1) for some: people's marks are "
        "used alone, without the judge's other answers."
    )
    filled = np.where(known, np.minimum(chance, CERTAIN), 0.5)
    return _Drawn(chance=filled, lam=0.0, notes=(note,))


def _as_correction(found: Corrected, notes: tuple[str, ...]) -> CorrectedDifference:
    assert found.corrected.value is not None and found.lam is not None
    return CorrectedDifference(
        difference=found.corrected.value,
        low=found.corrected.low,
        high=found.corrected.high,
        lam=found.lam,
        se=found.se,
        df=float(found.df),
        guarded=found.guarded,
        labelled=found.labelled,
        unlabelled=found.unlabelled,
        clusters=found.clusters,
        effective_clusters=found.effective_clusters,
        informative_clusters=found.informative_clusters,
        notes=(*found.notes, *notes),
    )


def _labels_needed(found: CorrectedDifference, margin: float) -> int | None:
    """Scenarios to label so that the gate would most likely certify an equal candidate.

    As many for each cluster as there are now, and never fewer than 50 (STATS section 6.2).
    """
    clusters = clusters_needed(found, margin)
    if clusters is None:
        return None
    return max(ceil(clusters * found.labelled / found.clusters), FEWEST_LABELS)


def _negative(one: Estimate) -> Estimate:
    def minus(number: float | None) -> float | None:
        return None if number is None else -number

    return Estimate(value=minus(one.value), low=minus(one.high), high=minus(one.low))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _disagreements(found: Marked) -> list[Disagreement]:
    """Worst first: by how far people and the judge are apart, and how much the criterion weighs."""
    apart = [
        Disagreement(
            eval=one.asked.reply[0],
            scenario=one.asked.reply[1],
            seed=one.asked.reply[2],
            arm=one.asked.reply[3],
            principle=one.asked.key[0],
            criterion=one.asked.key[1],
            size=abs(one.human - one.judge) * one.share,
            human=one.human,
            judge=found.judge.get(one.asked, Voice(who="judge", value=one.judge)),
            people=tuple(
                Voice(who=mark.rater, value=mark.value, quote=mark.quote, note=mark.note)
                for mark in [*one.raters.values(), *([one.agreed] if one.agreed else [])]
            ),
        )
        for one in found.held
        if one.human is not None and one.judge is not None and one.human != one.judge
    ]
    return sorted(
        apart,
        key=lambda d: (-d.size, d.eval, d.principle, d.criterion, d.scenario, d.seed, d.arm),
    )


def _rubric_sentences(
    found: Marked, principles: Sequence[PrincipleCalibration]
) -> Iterator[RubricSentence]:
    """Whether the judge may gate a whole rubric: all its judged principles, for all candidates."""
    for name, rubric in found.rubrics.items():
        judged = [
            principle
            for principle, content in rubric.principles.items()
            if any(criterion.ask for criterion in content.criteria.values())
        ]
        if not judged:
            continue
        entries = [one for one in principles if one.principle in judged]
        unmarked = [one for one in judged if one not in {e.principle for e in entries}]
        refused = list(dict.fromkeys(e.principle for e in entries if not e.may_gate))
        may = not unmarked and not refused
        parts = [f"it may not gate {', '.join(refused)}"] if refused else []
        parts += [f"nobody has marked {', '.join(unmarked)}"] if unmarked else []
        reason = (
            f"This judge may gate {rubric.rubric}: every judged principle of it, by its corrected "
            "difference."
            if may
            else f"This judge may not gate all of {rubric.rubric}: {'; '.join(parts)}."
        )
        yield RubricSentence(eval=name, rubric=rubric.rubric, may_gate=may, reason=reason)


def _notes(found: Marked, experiment: Experiment) -> Iterator[str]:
    counts = found.counts
    if counts.stale:
        yield (
            f"{counts.stale} marks are about a text or a question that is no more there: "
            "they are left out; mark these replies again."
        )
    if counts.outside:
        yield (
            f"{counts.outside} marks are about replies outside the plan: with which chance these "
            "were chosen is not known, so they are left out."
        )
    if counts.strange:
        yield f"{counts.strange} marks are about what this run does not have: they are left out."
    if counts.on_checks:
        yield f"{counts.on_checks} marks are on criteria that a check decides: they are left out."
    if found.not_found:
        yield (
            f"The rubric of {', '.join(found.not_found)} is not found by its name: "
            "marks on it cannot be read."
        )
    yield from _of_plan(found.plan)
    if found.plan.kind in ("list", "imported") and set(found.chances.values()) == {1.0}:
        yield "The plan says no chances: its scenarios are taken for a random draw."
    if all(kin_of(experiment).values()):
        yield (
            "Every arm is of the judge's own family: self-preference cannot be measured; compare "
            "with a judge of another family."
        )


def _of_plan(plan: Planned) -> Iterator[str]:
    """What of a plan's story bears on how far its numbers can be trusted."""
    if plan.lacking:
        yield f"{plan.lacking[:1].upper()}{plan.lacking[1:]}; until it is, the judge may not gate."
    if plan.looks > 1:
        yield f"The marks of this plan were calibrated at {plan.looks} different states of them."
    if plan.reseated:
        times = "once" if plan.reseated == 1 else f"{plan.reseated} times"
        yield f"Who rates was changed {times} after the first mark."
    if plan.given_up:
        one = plan.given_up == 1
        plans = "1 plan before this one was" if one else f"{plan.given_up} plans before this were"
        them = "it" if one else "them"
        yield f"{plans} given up, and {plan.aside} marks set aside with {them}."
