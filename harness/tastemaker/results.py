"""From the stored tables to verdicts: what gate and every report show. Pure but for reading."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from tastemaker.ablations import Ablation, ablation
from tastemaker.calibration import Standing, standing
from tastemaker.cases import Apart, compared, each_eval, pair, with_people
from tastemaker.checkpoints import Series, series
from tastemaker.choices import ChoicePanel, ChoiceReport, Held, choice_panels, choice_reports, held
from tastemaker.criteria import CriterionChange, criterion_changes
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.gate import AtLook, Case, Decision, ResourceVerdict, Verdict, conclude, decide
from tastemaker.looks import Examined, as_seen, examine
from tastemaker.naming import measured_by, strange_names
from tastemaker.novelty import Alike, alike
from tastemaker.preferences import Preferences, explained, lacking, preferences
from tastemaker.preferences import cases as preference_cases
from tastemaker.reading import did_you_mean
from tastemaker.record import read_record, record_of_scores, schedule_of
from tastemaker.recorded import (
    blank_of_score,
    preference_rows,
    score_place,
    score_rows,
    with_gaps,
)
from tastemaker.records import PreferenceRow, ScoreRow
from tastemaker.retained import Kept, retentions
from tastemaker.schedule import Schedule
from tastemaker.slices import Slices, slices
from tastemaker.spending import Gain, Taken, gains, is_reply, resource_verdicts, taken
from tastemaker.stats.components import Components, one_arm
from tastemaker.stats.estimates import ArmEstimate
from tastemaker.stats.paired import Paired
from tastemaker.stats.panel import Panel
from tastemaker.stats.repeats import all_pass
from tastemaker.tables import (
    REPLIES,
    Arranged,
    Scores,
    read_preferences,
    read_scores,
    reply_texts,
    scores_of_rows,
)
from tastemaker.tensions import Pull, pulls
from tastemaker.votes import Alone, CriterionVotes, by_grader, criterion_votes


@dataclass(frozen=True, kw_only=True)
class Grading:
    """What the judges of one arm's replies took."""

    calls: int
    replayed: int
    """How many of the calls were answered by what had been kept from before."""
    input_tokens: int
    output_tokens: int
    cost: float | None
    """In dollars, of all answers; None where no price is known."""
    paid: float | None
    """In dollars, without those that had been kept from before."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one arm took, over all its replies."""

    replies: int
    input_tokens: int | None
    output_tokens: int | None
    seconds: float | None
    """Mean seconds to a reply."""
    cost: float | None
    """In dollars, all replies together; None, as for tokens and calls, where one reply lacks it."""
    calls: int | None = None
    """How often the arm was asked, all replies together."""
    grading: Grading | None = None
    """None where no judge was asked."""


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
    scores: Scores
    alone: Alone
    """What each grader of a panel alone would say; empty where there is no panel, or looks."""
    looks: Examined | None = None
    """What came of the looks, where the scenarios came in by looks."""
    chosen: Mapping[str, ChoicePanel] = field(default_factory=dict)
    """By name: what was called for and what was chosen, where scores say it."""
    preferences: Preferences | None = None
    """None where replies were not compared side by side."""
    folder: Path | None = None
    """Where the replies of the run are; None where there are only scores."""

    @cached_property
    def criteria(self) -> tuple[CriterionChange, ...]:
        """The comparisons on single criteria; exploratory, computed when asked for."""
        return criterion_changes(self.experiment, self.scores)

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
    def votes(self) -> tuple[CriterionVotes, ...]:
        """How far several graders, or several answers of one, agree on each criterion."""
        return criterion_votes(self.scores)

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
    def taken(self) -> tuple[Taken, ...]:
        """What a reply takes, by eval and arm; shown, and held to limits by `resources` alone."""
        return taken(self.experiment, self.arranged)

    @cached_property
    def all_pass(self) -> Mapping[tuple[str, str], tuple[ArmEstimate, ...]]:
        """By (principle, arm) pass^k for k = 1 to the seeds; never gated."""
        return {
            (name, arm): tuple(
                all_pass(panel.arm(arm), panel.design, k, alpha=self.experiment.alpha)
                for k in range(1, panel.values.shape[2] + 1)
            )
            for name, panel in self.panels.items()
            for arm in panel.arms
        }

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
        if problems := strange_names(experiment, measured_by(rows)):
            raise experiment.error(problems)
        _refuse_strangers(experiment, rows)
        _refuse_other_criteria(rows)
        _refuse_alike_choices(rows)
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
    known: dict[tuple[str, str], PreferenceRow] = {}
    measured: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        # A criterion has a weight of its own, and not its scenario's.
        if row.criterion is None:
            key = row.eval, row.scenario
            here, before = blank_of_score(row), known.get(key)
            # For some principles a scenario may count several times (`per`): once is the least.
            if before is None or here.scenario_weight < before.scenario_weight:
                known[key] = here
            measured.setdefault(key, set()).add(row.principle)
    read = preference_rows(
        Path(experiment.preference.preferences),
        arms=experiment.arms,
        known=known,
        principles=set().union(*measured.values()),
        whole=False,
    )
    return with_gaps(read, known, measured, list(experiment.arms))


def _refuse_idle(experiment: Experiment) -> None:
    """What would change the verdicts of a run and does nothing to scores that are there."""
    idle = [
        key
        for key in ("limit", "formats", "early_stopping", "calibrated")
        if getattr(experiment, key)
    ]
    if experiment.on_inconclusive == "extend":
        idle.append("on_inconclusive: extend")
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
            where = score_place(experiment.arms[name], strange[0])
            raise UserError(
                f"{where}: {name}: the baseline has no scenario '{strange[0]}'{more}{hint}"
            )


def _refuse_other_criteria(rows: Iterable[ScoreRow]) -> None:
    """A principle made of other criteria, or weighed otherwise, is another principle.

    Scenario by scenario: an arm could leave out a criterion, or weigh it less, where it fails it.
    """
    found: dict[tuple[str, str, str], dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.criterion is None:
            continue
        arms = found.setdefault((row.eval, row.scenario, row.principle), {})
        before = arms.setdefault(row.arm, {}).setdefault(row.criterion, row.weight)
        if row.weight != before:
            raise UserError(
                f"scenario '{row.scenario}', {row.principle}: in arm {row.arm} the criterion "
                f"'{row.criterion}' has the weight {before:g} in one seed and {row.weight:g} in "
                "another"
            )
    for (_, scenario, principle), arms in found.items():
        (first, criteria), *others = arms.items()
        for arm, other in others:
            if other != criteria:
                raise UserError(
                    f"scenario '{scenario}', {principle}: {first} has the criteria "
                    f"{_weighed(criteria)}, and {arm} has {_weighed(other)}; leave the value empty "
                    "where there is none"
                )


def _refuse_alike_choices(rows: Iterable[ScoreRow]) -> None:
    """Choices and classes that only look alike: a rule on one of them would not see the other."""
    choices: dict[str, tuple[str, str | None]] = {}
    classes: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.should is None:
            continue
        name = row.principle if row.criterion is None else f"{row.principle}/{row.criterion}"
        parts = row.principle, row.criterion
        if choices.setdefault(name, parts) != parts:
            raise UserError(f"two choices are called '{name}': rename a principle or a criterion")
        for said in filter(None, (row.should, row.did)):
            before = classes.setdefault(name, {}).setdefault(_as_read(said), said)
            if said != before:
                raise UserError(
                    f"{name}: '{before}' and '{said}' are two classes that look alike; write "
                    "them alike"
                )


def _as_read(word: str) -> str:
    """The same for what a reader takes for the same: case, blanks and Unicode forms aside."""
    return " ".join(normalize("NFKC", word).casefold().split())


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


@dataclass(frozen=True, kw_only=True)
class _Beside:
    """What the gate may look at beside the principles' scores."""

    rated: Sequence[Held]
    """The classes of choices that rules name."""
    preferred: Preferences | None
    people: Standing | None


def results(
    experiment: Experiment,
    record: Mapping[str, Any],
    scores: Scores,
    preferred: Sequence[PreferenceRow] = (),
    people: Standing | None = None,
) -> Results:
    """Compare every candidate with the baseline on every principle, and apply the rules.

    Args:
        experiment: Whose arms and rules.
        record: What the scores rest on.
        scores: Of all arms.
        preferred: Which replies were preferred, where they were compared side by side.
        people: What is known of the judge from people's marks; without it the judge decides.
    """
    schedule = schedule_of(record)
    looks = None if schedule is None else _looks(experiment, schedule, scores)
    scores = scores if looks is None else looks.scores
    arms = list(experiment.arms)
    arranged = Arranged(scores, arms, eval_weights=experiment.weights)
    pooled = arranged.panels()
    apart = each_eval(arranged, pooled)
    limited = record.get("limit") is not None
    if not limited:  # a part of the scenarios may lack what a rule names, and rightly
        _refuse_unknown(experiment, pooled, apart, schedule)
    chosen = choice_panels(scores, arms, eval_weights=experiment.weights)
    unscored = _unscored(arranged)
    incomplete = _gaps(experiment, arranged, scores, unscored) + _next_look(looks)
    beside = _Beside(
        rated=held(experiment, chosen, partial=limited or bool(incomplete)),
        preferred=preferences(experiment, preferred) if experiment.preference else None,
        people=people,
    )
    _refuse_taken(experiment, beside.preferred, pooled)
    by_eval, verdicts, limits = _decided(experiment, arranged, pooled, apart, looks, beside)
    if beside.preferred:
        incomplete += lacking(experiment, beside.preferred)
    # A panel's graders are held against each other on a whole run; a look decides by its own level.
    alone = Alone() if looks else by_grader(experiment, scores)
    decision = conclude(verdicts, limits, incomplete=incomplete, limited=limited)
    return Results(
        experiment=experiment,
        record=record,
        decision=alone.held_against(decision),
        by_eval=by_eval,
        unscored=unscored,
        spent={arm: _spent(arranged, arm) for arm in arms},
        tensions=pulls(_with_seen_tensions(experiment, pooled), arranged, verdicts),
        warnings=(
            *record.get("warnings", ()),
            *_other_seeds(experiment, record),
            *_fewer_seeds(experiment, arranged),
            *_of_people(people),
            *alone.disagreements,
        ),
        panels=pooled,
        arranged=arranged,
        looks=looks,
        chosen=chosen,
        preferences=beside.preferred,
        scores=scores,
        alone=alone,
    )


def _looks(experiment: Experiment, schedule: Schedule, scores: Scores) -> Examined:
    """A run goes by its schedule; a comparison of two runs takes what both have."""
    return (examine if experiment.evals else as_seen)(experiment, schedule, scores)


ByEval = dict[tuple[str, str, str], Paired]


def _decided(
    experiment: Experiment,
    arranged: Arranged,
    pooled: Mapping[str, Panel],
    apart: Apart,
    looks: Examined | None,
    beside: _Beside,
) -> tuple[ByEval, Sequence[Verdict], Sequence[ResourceVerdict]]:
    """The comparisons inside each eval, the verdicts, and what holds of limits."""
    by_eval: ByEval = {}
    verdicts: list[Verdict] = []
    at: AtLook | None = looks.at if looks else None
    for candidate in experiment.candidates:
        found = compared(experiment, pooled, apart, candidate, at=at)
        by_eval |= {(candidate, *key): one for key, one in found.inside.items()}
        if looks is None:
            verdicts += _verdicts(experiment, candidate, found.cases, beside)
    if looks is not None:
        return by_eval, looks.verdicts, looks.resources
    return by_eval, verdicts, resource_verdicts(experiment, arranged)


def _verdicts(
    experiment: Experiment, candidate: str, cases: Sequence[Case], beside: _Beside
) -> list[Verdict]:
    """On the principles, on the choices and the preference that have a rule: one Holm family."""
    if beside.people is not None:
        cases = [with_people(case, candidate, beside.people, experiment.alpha) for case in cases]
    barred = {case.principle: case.barred for case in cases}
    choices = [
        Case(
            principle=one.name,
            rule=one.rule,
            paired=pair(experiment, one.panel, candidate),
            barred=_uncorrected(one.name.partition("/")[0], barred, beside.people),
        )
        for one in beside.rated
    ]
    liked = beside.preferred.of(candidate) if beside.preferred else []
    preferred = preference_cases(experiment, liked)
    asked = experiment.preference
    if beside.people and beside.people.required and asked and asked.preferences is None:
        preferred = [replace(case, barred=NO_PEOPLE) for case in preferred]
    decided = decide(
        candidate,
        [*cases, *choices, *preferred],
        headroom_limit=experiment.headroom.baseline_at_most if experiment.headroom else None,
    )
    return [explained(verdict, liked) for verdict in decided]


NO_PEOPLE = (
    "The gate asks for a judge that people's marks have calibrated, and they say nothing of which "
    "reply it prefers: give people's preferences as a file, or take the rule out."
)


def _uncorrected(principle: str, barred: Mapping[str, str], people: Standing | None) -> str:
    """Why a choice that a judge may have seen cannot be gated; "" when it can.

    People's marks correct scores. A choice is what the judge saw, uncorrected: it may be gated
    only by a judge that may decide alone.
    """
    if people is None or not people.required or principle not in people.judged:
        return ""
    if barred.get(principle) or people.carried:
        return barred.get(principle, "")
    return (
        f"People's marks correct the scores of {principle}, not the choices that the judge saw in "
        "it: under `calibrated` they are shown, and decide nothing."
    )


def _next_look(looks: Examined | None) -> list[str]:
    """That a run ended before its rule allows it to, in a sentence."""
    if looks is None or not looks.wanted:
        return []
    return [
        f"Look {looks.at.look + 1} of {looks.at.planned} is still to be taken: the rule asks for "
        "it, and `tastemaker run` goes on with it."
    ]


def _with_seen_tensions(experiment: Experiment, pooled: Mapping[str, Panel]) -> Experiment:
    """Without the tensions of principles of which the looks so far brought in nothing."""
    seen = tuple(pair for pair in experiment.tensions if all(name in pooled for name in pair))
    return experiment.model_copy(update={"tensions": seen})


def _refuse_unknown(
    experiment: Experiment,
    pooled: Mapping[str, Panel],
    apart: Apart,
    schedule: Schedule | None,
) -> None:
    """A rule that names a principle or an eval without scores would decide nothing, unseen."""
    planned = schedule.principles if schedule else {}
    inside = apart.keys() | {(name, home) for home, known in planned.items() for name in known}
    seen, names = {name for name, _ in inside}, {name for _, name in inside}
    for name in experiment.weights:
        if name not in names:
            raise UserError(
                f"{experiment.name}: weights name the eval '{name}'{did_you_mean(name, names)}"
            )
    for name in {name for both in experiment.tensions for name in both} - seen:
        raise UserError(
            f"{experiment.name}: tensions name '{name}', which has no scores; there is "
            f"{', '.join(pooled)}"
        )
    for rule in experiment.rules:
        principle, _, name = rule.partition("@")
        known = (principle, name) in inside if name else rule == "default" or principle in seen
        if not known:
            raise UserError(
                f"{experiment.name}: the rule '{rule}' names what has no scores; there is "
                f"{', '.join(pooled)}"
            )


def _refuse_taken(
    experiment: Experiment, compared: Preferences | None, pooled: Mapping[str, Panel]
) -> None:
    """A principle that is called as the verdict on a preference would be taken for it."""
    for case in preference_cases(experiment, compared.found if compared else ()):
        if case.principle in pooled:
            raise UserError(
                f"{experiment.name}: a principle is called '{case.principle}', as the verdict of "
                "`pairwise: {rule: ...}` would be: rename it, or leave out the rule"
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


def gaps(experiment: Experiment, scores: Scores) -> list[str]:
    """What a run should have by now and has not, in sentences."""
    arranged = Arranged(scores, list(experiment.arms))
    return _gaps(experiment, arranged, scores, _unscored(arranged))


def _gaps(
    experiment: Experiment,
    arranged: Arranged,
    scores: Scores,
    unscored: Mapping[str, Mapping[str, int]],
) -> list[str]:
    return _incomplete(arranged.arms, scores, unscored) + _too_much_missing(
        experiment, arranged, unscored
    )


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


def _other_seeds(experiment: Experiment, record: Mapping[str, Any]) -> list[str]:
    """That a run asked other seeds than its file says, in a sentence: `--seeds` may have meant it.

    They are no part of what may not change after a run, and whoever reads the file should know.
    """
    ran, asked = record.get("seeds"), experiment.seeds
    if not experiment.evals or ran is None or ran == asked:
        return []
    return [f"Seeds: the run has {ran}, and {experiment.name} says {asked}."]


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


def _of_people(people: Standing | None) -> tuple[str, ...]:
    """What is to be known of the marks by which verdicts were corrected, in sentences."""
    if people is None or people.calibration is None or not people.required:
        return ()
    return people.calibration.notes


def _spent(arranged: Arranged, arm: str) -> Spent:
    """Each reply counts once, though it has a row for every principle."""
    mine = (arranged.arm == arranged.arms.index(arm)) & is_reply(arranged)
    once = arranged.replies[mine[arranged.replies]]
    numbers = arranged.numbers

    def known(name: str) -> float | None:
        values = numbers[name][once]
        return None if np.isnan(values).all() else float(np.nansum(values))

    def total(name: str) -> float | None:
        """A sum over a part of the replies would be taken for that of all."""
        return None if np.isnan(numbers[name][once]).any() else known(name)

    def counted(name: str) -> int | None:
        found = total(name)
        return None if found is None else int(found)

    seconds, timed = known("seconds"), (~np.isnan(numbers["seconds"][once])).sum()
    return Spent(
        replies=len(once),
        input_tokens=counted("input_tokens"),
        output_tokens=counted("output_tokens"),
        seconds=None if seconds is None else seconds / int(timed),
        cost=total("cost"),
        calls=counted("calls"),
        grading=_grading({name: known(f"grader_{name}") for name in Grading.__annotations__}),
    )


def _grading(took: Mapping[str, float | None]) -> Grading | None:
    if not took["calls"]:
        return None
    counts = ("calls", "replayed", "input_tokens", "output_tokens")
    return Grading(
        **{name: int(took[name] or 0) for name in counts}, cost=took["cost"], paid=took["paid"]
    )
