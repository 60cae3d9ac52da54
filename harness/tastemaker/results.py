"""From the stored tables to verdicts: what gate and every report show. Pure but for reading."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.ablations import Ablation, ablation
from tastemaker.calibration import (
    Calibration,
    Standing,
    corrected,
    leans,
    shortcomings,
    standing,
)
from tastemaker.checkpoints import Series, series
from tastemaker.choices import ChoicePanel, ChoiceReport, Held, choice_panels, choice_reports, held
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.gate import Case, Decision, Verdict, conclude, decide
from tastemaker.novelty import Alike, alike
from tastemaker.preferences import Preferences, cases, explained, lacking, preferences
from tastemaker.reading import did_you_mean
from tastemaker.record import read_record, record_of_scores
from tastemaker.recorded import blank_of_score, preference_rows, score_rows
from tastemaker.records import PreferenceRow, ScoreRow
from tastemaker.retained import Kept, retentions
from tastemaker.slices import Slices, slices
from tastemaker.spending import Gain, gains, resource_verdicts
from tastemaker.stats.components import Components, one_arm
from tastemaker.stats.paired import Paired, paired
from tastemaker.stats.panel import Panel
from tastemaker.tables import (
    REPLIES,
    Arranged,
    Scores,
    panels,
    read_preferences,
    read_scores,
    reply_texts,
    scores_of_rows,
)
from tastemaker.tensions import Pull, pulls


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one arm took, over all its replies."""

    replies: int
    input_tokens: int | None
    output_tokens: int | None
    seconds: float | None
    """Mean seconds to a reply."""
    cost: float | None
    """In dollars, all replies together."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that a report of an experiment says."""

    experiment: Experiment
    record: Mapping[str, Any]
    decision: Decision
    by_eval: Mapping[tuple[str, str, str], Paired]
    """(candidate, principle, eval): the comparison inside one eval; exploratory, not gated."""
    unscored: Mapping[str, Mapping[str, int]]
    """By arm: replies' principle scores that are missing, counted by reason."""
    spent: Mapping[str, Spent]
    tensions: tuple[Pull, ...]
    warnings: tuple[str, ...]
    panels: Mapping[str, Panel]
    """By principle, pooled over its evals."""
    arranged: Arranged
    chosen: Mapping[str, ChoicePanel] = field(default_factory=dict)
    """By name: what was called for and what was chosen, where scores say it."""
    preferences: Preferences | None = None
    """None where replies were not compared side by side."""
    folder: Path | None = None
    """Where the replies of the run are; None where there are only scores."""

    @cached_property
    def choices(self) -> tuple[ChoiceReport, ...]:
        """Routing and detection: each arm's choices, and what each candidate changed."""
        return choice_reports(self.experiment, self.chosen)

    @cached_property
    def retention(self) -> tuple[Kept, ...]:
        """How much of a feature's gain each merge kept; reported, never gated."""
        return retentions(self.experiment, self.panels)

    @cached_property
    def series(self) -> Series | None:
        """The arms as checkpoints in a row, where the experiment says so; never gated."""
        return series(self.experiment, self.arranged, self.panels)

    @cached_property
    def ablation(self) -> Ablation | None:
        """What the factors of the arms add, where the experiment asks; never gated."""
        return ablation(self.experiment, self.panels)

    @cached_property
    def slices(self) -> Slices:
        """The comparisons on parts of the scenarios; exploratory, computed when asked for."""
        return slices(self.experiment, self.panels, self.arranged.traits())

    @cached_property
    def alike(self) -> tuple[Alike, ...]:
        """How alike each arm's replies are; exploratory, computed when asked for."""
        if self.folder is None or not (self.folder / REPLIES).is_file():
            return ()
        return alike(self.experiment, self.arranged, reply_texts(self.folder))

    @cached_property
    def gains(self) -> tuple[Gain, ...]:
        """Quality gained per minute and per dollar; exploratory."""
        return gains(self.experiment, self.arranged, self.panels)

    @cached_property
    def variance(self) -> Mapping[tuple[str, str], Components]:
        """Where the variance of each principle's scores comes from, by (principle, arm)."""
        return {
            (name, arm): one_arm(panel.arm(arm))
            for name, panel in self.panels.items()
            for arm in panel.arms
        }


def load_results(experiment: Experiment, folder: Path) -> Results:
    """The results of an experiment from its folder; of one with score files alone, from these.

    Raises:
        UserError: There is no run, or the experiment changed after it, or score files disagree.
    """
    if not experiment.evals:
        _refuse_idle(experiment)
        rows = [row for name, arm in experiment.arms.items() for row in score_rows(name, arm)]
        _refuse_strangers(experiment, rows)
        _refuse_other_criteria(rows)
        _refuse_disagreement(rows)
        preferred = _preferences_beside(experiment, rows)
        return results(experiment, record_of_scores(experiment), scores_of_rows(rows), preferred)
    record = read_record(folder, experiment)
    preferred = read_preferences(folder) if experiment.preference else []
    people = standing(experiment, record, folder)
    found = results(experiment, record, read_scores(folder), preferred, people)
    return replace(found, folder=folder)


def _preferences_beside(experiment: Experiment, rows: Iterable[ScoreRow]) -> list[PreferenceRow]:
    """The file of preferences, with what the scores say of their scenarios."""
    if experiment.preference is None or experiment.preference.preferences is None:
        return []
    listed = list(rows)
    return preference_rows(
        Path(experiment.preference.preferences),
        arms=experiment.arms,
        known={(row.eval, row.scenario): blank_of_score(row) for row in reversed(listed)},
        principles={row.principle for row in listed},
        whole=False,
    )


def _refuse_idle(experiment: Experiment) -> None:
    """What would change the verdicts of a run and does nothing to scores that are there."""
    idle = [
        key
        for key in ("limit", "formats", "early_stopping", "calibrated")
        if getattr(experiment, key)
    ]
    if idle:
        raise UserError(f"{experiment.name}: has no meaning for files of scores: {', '.join(idle)}")


def _refuse_strangers(experiment: Experiment, rows: Iterable[ScoreRow]) -> None:
    """What the baseline does not have cannot be compared with it, and was mostly misspelt."""
    known: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in experiment.arms}
    for row in rows:
        known[row.arm][0].add(row.principle)
        known[row.arm][1].add(row.scenario)
    principles, scenarios = known[experiment.baseline_name]
    for name in experiment.candidates:
        if strange := sorted(known[name][0] - principles):
            hint = did_you_mean(strange[0], principles)
            raise UserError(f"{name}: the baseline has no principle '{strange[0]}'{hint}")
        if strange := sorted(known[name][1] - scenarios):
            hint = did_you_mean(strange[0], scenarios)
            more = f" (and {len(strange) - 1} more)" if len(strange) > 1 else ""
            raise UserError(f"{name}: the baseline has no scenario '{strange[0]}'{more}{hint}")


def _refuse_other_criteria(rows: Iterable[ScoreRow]) -> None:
    """A principle made of other criteria, or weighed otherwise, is another principle."""
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.criterion is not None:
            arms = found.setdefault((row.eval, row.principle), {})
            arms.setdefault(row.arm, {})[row.criterion] = row.weight
    for (_, principle), arms in found.items():
        (first, criteria), *others = arms.items()
        for arm, other in others:
            if other != criteria:
                raise UserError(
                    f"{principle}: {first} has the criteria {_weighed(criteria)}, and {arm} has "
                    f"{_weighed(other)}"
                )


def _weighed(criteria: Mapping[str, float]) -> str:
    return ", ".join(f"{name} ({weight:g})" for name, weight in sorted(criteria.items()))


def _refuse_disagreement(rows: Iterable[ScoreRow]) -> None:
    """A scenario has one cluster, stratum and weight: who disagrees on them compares nothing."""
    first: dict[tuple[str, str, str], ScoreRow] = {}
    for row in rows:
        if row.criterion is not None:
            continue
        one = first.setdefault((row.eval, row.scenario, row.principle), row)
        for name in ("cluster", "stratum", "scenario_weight"):
            here, before = getattr(row, name), getattr(one, name)
            if here != before:
                raise UserError(
                    f"scenario '{row.scenario}' has the {name.replace('_', ' ')} '{before}' in arm "
                    f"{one.arm}, seed {one.seed}, and '{here}' in arm {row.arm}, seed {row.seed}"
                )


def results(
    experiment: Experiment,
    record: Mapping[str, Any],
    scores: Scores,
    preferred: Sequence[PreferenceRow] = (),
    people: Standing | None = None,
) -> Results:
    """Compare every candidate with the baseline on every principle, and apply the rules.

    `people` is what is known of the judge from people's marks; without it the judge decides.
    """
    arms = list(experiment.arms)
    arranged = Arranged(scores, arms, eval_weights=experiment.weights)
    pooled = arranged.panels()
    apart = _by_eval(arranged, pooled)
    _refuse_unknown(experiment, pooled, apart)
    chosen = choice_panels(scores, arms, eval_weights=experiment.weights)
    unscored = _unscored(arranged)
    incomplete = _incomplete(arms, scores, unscored)
    limited = record.get("limit") is not None
    rated = held(experiment, chosen, partial=limited or bool(incomplete))
    compared = preferences(experiment, preferred) if experiment.preference else None
    _refuse_taken(experiment, compared, pooled)
    verdicts: list[Verdict] = []
    by_eval: dict[tuple[str, str, str], Paired] = {}
    for candidate in experiment.candidates:
        whole = {name: _paired(experiment, panel, candidate) for name, panel in pooled.items()}
        inside = {
            (name, home): whole[name]
            if panel is pooled[name]
            else _paired(experiment, panel, candidate)
            for (name, home), panel in apart.items()
        }
        by_eval |= {(candidate, *key): found for key, found in inside.items()}
        limit = experiment.headroom.baseline_at_most if experiment.headroom else None
        liked = compared.of(candidate) if compared else []
        asked = _cases(experiment, whole, inside)
        if people is not None:
            asked = [_with_people(case, candidate, people, experiment.alpha) for case in asked]
        barred = {case.principle: case.barred for case in asked}
        asked += [
            replace(case, barred=barred.get(case.principle.partition("/")[0], ""))
            for case in _choice_cases(experiment, rated, candidate)
        ]
        asked += cases(experiment, liked)
        decided = decide(candidate, asked, headroom_limit=limit)
        verdicts += [explained(verdict, liked) for verdict in decided]
    return Results(
        experiment=experiment,
        record=record,
        decision=conclude(
            verdicts,
            resource_verdicts(experiment, arranged),
            incomplete=incomplete
            + _too_much_missing(experiment, arranged, unscored)
            + (lacking(experiment, compared) if compared else []),
            limited=record.get("limit") is not None,
        ),
        by_eval=by_eval,
        unscored=unscored,
        spent={arm: _spent(arranged, arm) for arm in arms},
        tensions=pulls(experiment, arranged, verdicts),
        warnings=(*record.get("warnings", ()), *_fewer_seeds(experiment, arranged)),
        panels=pooled,
        arranged=arranged,
        chosen=chosen,
        preferences=compared,
    )


def _choice_cases(experiment: Experiment, rated: Iterable[Held], candidate: str) -> list[Case]:
    """Every class of a choice that a rule names: in one Holm family with the principles."""
    return [
        Case(principle=one.name, rule=one.rule, paired=_paired(experiment, one.panel, candidate))
        for one in rated
    ]


def _cases(
    experiment: Experiment,
    whole: Mapping[str, Paired],
    inside: Mapping[tuple[str, str], Paired],
) -> list[Case]:
    """Every principle, and every principle of one eval that a rule names."""
    pooled = [
        Case(principle=name, rule=experiment.rule_for(name), paired=found)
        for name, found in whole.items()
    ]
    named = [rule.partition("@")[::2] for rule in experiment.rules if "@" in rule]
    return pooled + [
        Case(
            principle=f"{principle}@{name}",
            rule=experiment.rule_for(principle, name),
            paired=inside[principle, name],
        )
        for principle, name in named
    ]


def _with_people(case: Case, candidate: str, people: Standing, alpha: float) -> Case:
    """The case with what people's marks say of its judge, and decided as they allow."""
    found, (principle, _, _) = people.calibration, case.principle.partition("@")
    if found is not None and not people.carried:
        case = replace(case, people=found.of(candidate, case.principle))
    if not people.required or principle not in people.judged:
        return case
    if found is None:
        return replace(case, barred=people.problem)
    if people.carried:
        return replace(case, barred=_not_alone(case, found, people.min_labels))
    here = case.people
    if here is None:
        return replace(case, barred=f"Nobody has marked the replies of {candidate} for it.")
    if lacking := shortcomings(here.against, here.correction, people.min_labels):
        return replace(case, barred=f"The judge may not gate it: {'; '.join(lacking)}.")
    assert here.correction is not None, "without one there are shortcomings"
    paired = corrected(case.paired, here.correction, alpha=alpha)
    return replace(case, paired=paired, judged=case.paired)


def _not_alone(case: Case, found: Calibration, min_labels: int) -> str:
    """Why the judge, as another run has shown it, may not decide by itself; "" when it may.

    It has to have been good enough there against every candidate that was marked.
    """
    whole = case.principle.partition("@")[0]
    there = [one for one in found.principles if one.principle == case.principle] or [
        one for one in found.principles if one.principle == whole
    ]
    if not there:
        return f"The calibration of {found.experiment} says nothing of {whole}."
    for one in there:
        lacking = shortcomings(one.against, one.correction, min_labels)
        leaning = leans(one.favour, case.rule.margin)
        if why := "; ".join(lacking) or leaning:
            return f"In {found.experiment}, against {one.candidate}: {why}."
    return ""


def named_panels(experiment: Experiment, arranged: Arranged) -> dict[str, Panel]:
    """What verdicts are about: a panel for each principle, and each principle@eval of a rule."""
    pooled = arranged.panels()
    apart = _by_eval(arranged, pooled)
    named = [rule for rule in experiment.rules if "@" in rule]
    homes = [rule.partition("@")[::2] for rule in named]
    return pooled | {name: apart[home] for name, home in zip(named, homes, strict=True)}


def _by_eval(arranged: Arranged, pooled: Mapping[str, Panel]) -> dict[tuple[str, str], Panel]:
    """A panel for each principle of each eval; the pooled one where it stands in one alone."""
    homes = {name: arranged.evals_of(name) for name in pooled}
    several = [
        name for name, evals in homes.items() if len(evals) > 1 or not pooled[name].scenarios
    ]
    rows = arranged.rows
    apart = {
        (principle, home): panel
        for home in dict.fromkeys(home for name in several for home in homes[name])
        for principle, panel in panels(
            rows.keep(rows.texts["eval"].equal(home)), arranged.arms
        ).items()
    }
    return {
        (name, home): apart[name, home] if name in several else pooled[name]
        for name, evals in homes.items()
        for home in evals
    }


def _refuse_unknown(
    experiment: Experiment, pooled: Mapping[str, Panel], apart: Mapping[tuple[str, str], Panel]
) -> None:
    """A rule that names a principle or an eval without scores would decide nothing, unseen."""
    names = {name for _, name in apart}
    for name in experiment.weights:
        if name not in names:
            raise UserError(
                f"{experiment.name}: weights name the eval '{name}'{did_you_mean(name, names)}"
            )
    for name in {name for pair in experiment.tensions for name in pair} - pooled.keys():
        raise UserError(
            f"{experiment.name}: tensions name '{name}', which has no scores; there is "
            f"{', '.join(pooled)}"
        )
    for rule in experiment.rules:
        principle, _, name = rule.partition("@")
        known = (principle, name) in apart if name else rule == "default" or principle in pooled
        if not known:
            raise UserError(
                f"{experiment.name}: the rule '{rule}' names what has no scores; there is "
                f"{', '.join(pooled)}"
            )


def _refuse_taken(
    experiment: Experiment, compared: Preferences | None, pooled: Mapping[str, Panel]
) -> None:
    """A principle that is called as the verdict on a preference would be taken for it."""
    for case in cases(experiment, compared.found if compared else ()):
        if case.principle in pooled:
            raise UserError(
                f"{experiment.name}: a principle is called '{case.principle}', as the verdict of "
                "`pairwise: {rule: ...}` would be: rename it, or leave out the rule"
            )


def _paired(experiment: Experiment, panel: Panel, candidate: str) -> Paired:
    return paired(
        panel,
        experiment.baseline_name,
        candidate,
        alpha=experiment.alpha,
        method=experiment.ci_method,
        seed_kind=experiment.seed_kind,
        max_missing=experiment.max_unscored,
    )


def _unscored(arranged: Arranged) -> dict[str, dict[str, int]]:
    """Scores that are missing, by arm and reason: without a value, or without a row."""
    rows = arranged.rows
    absent = rows.keep(np.isnan(rows.numbers["value"]))
    reasons = absent.texts["reason"]
    counts: dict[str, dict[str, int]] = {}
    for arm, gaps in zip(arranged.arms, arranged.without_row().tolist(), strict=True):
        of_arm = absent.texts["arm"].equal(arm)
        counts[arm] = {
            str(reason): int((of_arm & reasons.equal(reason)).sum())
            for reason in reasons.keep(of_arm).spoken()
        }
        if gaps:
            counts[arm]["missing"] = counts[arm].get("missing", 0) + gaps
    return counts


# The reasons that make a run incomplete, in words: what should be there is not.
SENTENCES = {
    "not_run": "were not run",
    "error": "ended in an error",
    "no_grader": "need a judge, and the experiment names no grader",
    "grader_failed": "could not be graded, because the grader failed",
}


def baseline_gaps(experiment: Experiment, folder: Path) -> list[str]:
    """What the baseline of a run should have and has not, in sentences."""
    scores, arms = read_scores(folder), [experiment.baseline_name]
    return _incomplete(arms, scores, _unscored(Arranged(scores, arms)))


def _incomplete(
    arms: Iterable[str], scores: Scores, unscored: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """What should be there and is not, in sentences."""
    there = set(scores.texts["arm"].spoken())
    told = [f"{arm}: there is no score at all." for arm in arms if arm not in there]
    for arm, counts in unscored.items():
        told += [
            f"{arm}: {counts[reason]} scores {told_of}."
            for reason, told_of in SENTENCES.items()
            if counts.get(reason)
        ]
    return told


def _too_much_missing(
    experiment: Experiment, arranged: Arranged, unscored: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """Recorded arms that lack more than the experiment tolerates, in sentences."""
    told = []
    for code, (arm, counts) in enumerate(unscored.items()):
        scored = int(((arranged.arm == code) & ~np.isnan(arranged.numbers["value"])).sum())
        missing = counts.get("missing", 0)
        asked = scored + sum(counts.values())
        if missing > experiment.max_unscored * asked:
            told.append(f"{arm}: {missing} of {asked} scores are missing.")
        mine = arranged.arm == code
        there = mine & ~np.isnan(arranged.numbers["value"])
        empty = np.setdiff1d(arranged.seed[mine], arranged.seed[there])
        if len(empty) and there.any():
            told.append(f"{arm}: not one score of seed {int(arranged.seeds[empty[0]])} is there.")
    return told


def _fewer_seeds(experiment: Experiment, arranged: Arranged) -> list[str]:
    """The arms that have scores for fewer seeds than were asked for, in sentences."""
    there = ~np.isnan(arranged.numbers["value"])
    seeds = {
        arm: len(np.unique(arranged.seed[there & (arranged.arm == code)]))
        for code, arm in enumerate(arranged.arms)
    }
    asked = experiment.seeds if "seeds" in experiment.model_fields_set else 0
    most = max(asked if not experiment.evals else 0, *seeds.values())
    return [
        f"{arm} has scores for {count} of {most} seeds."
        for arm, count in seeds.items()
        if count < most
    ]


def _spent(arranged: Arranged, arm: str) -> Spent:
    """Each reply counts once, though it has a row for every principle."""
    reason = arranged.texts["reason"]
    absent = np.logical_or.reduce([reason.equal(name) for name in ("missing", "not_run", "error")])
    mine = (arranged.arm == arranged.arms.index(arm)) & ~absent
    once = arranged.replies[mine[arranged.replies]]
    numbers = arranged.numbers

    def total(name: str) -> float | None:
        values = numbers[name][once]
        return None if np.isnan(values).all() else float(np.nansum(values))

    tokens = [total("input_tokens"), total("output_tokens")]
    seconds, timed = total("seconds"), (~np.isnan(numbers["seconds"][once])).sum()
    return Spent(
        replies=len(once),
        input_tokens=None if tokens[0] is None else int(tokens[0]),
        output_tokens=None if tokens[1] is None else int(tokens[1]),
        seconds=None if seconds is None else seconds / int(timed),
        cost=total("cost"),
    )
