"""What a run will do, before it does anything: loaded, counted, and refused where it cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tastemaker.calibration import strange_origin
from tastemaker.errors import UserError
from tastemaker.evaluation import (
    LoadedEval,
    load_evals,
    refuse_self_grading,
)
from tastemaker.experiment import Experiment
from tastemaker.grade import RubricGrader, calls_per_reply
from tastemaker.judge.grader import template_hash
from tastemaker.naming import missing_user, strange_names, strange_tools
from tastemaker.recorded import preference_rows, with_gaps
from tastemaker.records import PreferenceRow
from tastemaker.schedule import Schedule, draw, refuse_empty
from tastemaker.side_by_side import blank, calls_of

Part = LoadedEval
"""What one look asks of one eval."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run will do, before it does anything."""

    experiment: Experiment
    evals: tuple[LoadedEval, ...]
    seeds: int
    limit: int | None
    schedule: Schedule | None = None
    """The looks at which the scenarios come in; None: all at once."""

    @property
    def replies(self) -> int:
        """How many replies are asked for, over all arms that call a model."""
        arms = [arm for arm in self.experiment.arms.values() if arm.model]
        return len(arms) * self.seeds * sum(len(one.data.scenarios) for one in self.evals)

    @property
    def grades(self) -> int:
        """How many calls judges are asked for, over all arms, when every reply is readable."""
        arms = [arm for arm in self.experiment.arms.values() if not arm.scores]
        replies = len(arms) * self.seeds
        return replies * sum(
            len(one.data.scenarios) * calls_per_reply(one.rubric, self.experiment.graders)
            for one in self.evals
            if one.rubric
        )

    @property
    def comparisons(self) -> int:
        """How many calls judges are asked for to compare replies, when no two are equal."""
        return calls_of(self.experiment, self.evals, self.seeds)

    @property
    def calls(self) -> int:
        """How many calls the run makes at most, unless an answer must be asked for again."""
        return self.replies + self.grades + self.comparisons

    @property
    def own_graders(self) -> set[str]:
        """The models that criteria name instead of the experiment's grader."""
        rubrics = [
            one.rubric.extended(scenario.criteria)
            for one in self.evals
            if one.rubric
            for scenario in one.data.scenarios
            if scenario.criteria
        ] + [one.rubric for one in self.evals if one.rubric]
        return {name for rubric in rubrics for name in RubricGrader(rubric).own_graders()}


def make_plan(
    experiment: Experiment, *, seeds: int | None = None, limit: int | None = None
) -> Plan:
    """Load what an experiment names; a UserError with what is wrong or not there yet."""
    _refuse_unsupported(experiment)
    limit = limit or experiment.limit
    evals = load_evals(experiment, limit=limit)
    _refuse_strange(experiment, evals)
    refuse_self_grading(experiment, evals)
    asked = experiment.preference
    if asked and asked.preferences is None and not any(one.rubric for one in evals):
        raise UserError(
            f"{experiment.name}: pairwise compares replies to evals with a rubric, and there is "
            "none: leave it out, or name a file: `pairwise: {preferences: FILE}`"
        )
    plan = Plan(
        experiment=experiment,
        evals=tuple(evals),
        seeds=seeds or experiment.seeds,
        limit=limit,
        schedule=_schedule(experiment, evals, limit) if experiment.in_looks else None,
    )
    if asked and asked.preferences:
        recorded_preferences(plan)  # what is wrong there is told before anything is called
    return plan


def _refuse_strange(experiment: Experiment, evals: Sequence[LoadedEval]) -> None:
    """What would be refused, or decide nothing, only after all was called and paid for."""
    names = [one.names for one in evals]
    hashes = {one.name: one.rubric.fingerprint for one in evals if one.rubric is not None}
    problems = strange_names(experiment, names) if evals else []
    problems += strange_origin(experiment, hashes, judge=template_hash())
    problems += missing_user(experiment, {one.name: one.whole.scenarios for one in evals})
    scenarios = [scenario for one in evals for scenario in one.whole.scenarios]
    foreign = any(one.foreign for one in evals)
    problems += strange_tools(experiment, scenarios, foreign=foreign)
    if problems:
        raise experiment.error(problems)


def _schedule(
    experiment: Experiment, evals: Sequence[LoadedEval], limit: int | None
) -> Schedule | None:
    """The looks of an experiment; a UserError for what cannot go with them."""
    key = "early_stopping" if experiment.early_stopping else "on_inconclusive: extend"
    why: dict[str, Any] = {
        "pairwise: which replies there will be to compare is known only at the end": (
            experiment.preference
        ),
        "rules on choices: a class may come in with any look": experiment.choices,
        "grader: calibrated, because people mark the replies of a whole run": (
            experiment.calibrated
        ),
        "a limit: it asks a part of the scenarios for a quick look, and looks are planned over "
        "all of them": limit,
        "ci_method: gaffke, whose 20,000 draws do not reach the level of an early look": (
            experiment.ci_method == "gaffke"
        ),
        "arms that are all scores: there is nothing to stop asking": all(
            arm.scores for arm in experiment.arms.values()
        ),
    }
    for what, wrong in why.items():
        if wrong:
            raise UserError(f"{experiment.name}: {key} does not go with {what}")
    schedule = draw(
        {one.name: one.whole for one in evals},
        experiment.seed,
        {one.name: one.measured for one in evals},
    )
    refuse_empty(schedule, experiment.name)
    return schedule


def _refuse_unsupported(experiment: Experiment) -> None:
    """What may be written already and does nothing yet is refused, not ignored."""
    asked = [
        f"{name}: {key}"
        for name, arm in experiment.arms.items()
        for key in ("solver", "format")
        if getattr(arm, key)
    ]
    asked += ["formats"] if experiment.formats else []
    if asked:
        raise UserError(f"{experiment.name}: not supported yet: {', '.join(asked)}")


def recorded_preferences(plan: Plan) -> list[PreferenceRow]:
    """The rows of the file of preferences, of the scenarios and seeds that are asked."""
    asked = plan.experiment.preference
    assert asked is not None and asked.preferences is not None
    whole = {
        (one.name, scenario.id): blank(one.name, one.data, scenario)
        for one in plan.evals
        for scenario in one.whole.scenarios
    }
    rows = preference_rows(
        Path(asked.preferences),
        arms=plan.experiment.arms,
        known=whole,
        principles={name for one in plan.evals for name in one.principles},
        whole=True,
    )
    kept = {(one.name, scenario.id) for one in plan.evals for scenario in one.data.scenarios}
    rows = [row for row in rows if (row.eval, row.scenario) in kept and row.seed <= plan.seeds]
    measured: dict[tuple[str, str], set[str]] = {key: set() for key in kept}
    for one in plan.evals:
        for principle, scenarios in one.measured.items():
            for key in kept & {(one.name, scenario) for scenario in scenarios}:
                measured[key].add(principle)
    # What a good reply to somebody else's task is, no rubric says: nobody compares its replies.
    judged = {one.name for one in plan.evals if one.rubric is not None}
    known = {key: base for key, base in whole.items() if key in kept and key[0] in judged}
    return with_gaps(rows, known, measured, list(plan.experiment.arms))
