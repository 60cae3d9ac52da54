"""Run the arms of an experiment over its evals, and leave the two tables beside the logs."""

import contextlib
import gc
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inspect_ai import Epochs, Task, eval_set, task_with
from inspect_ai.log import EvalLog

from tastemaker.arm import ArmModel, arm_model, connections, honours_seed, open_model
from tastemaker.errors import UserError
from tastemaker.evaluation import LoadedEval, load_evals, refuse_self_grading
from tastemaker.experiment import Arm, Experiment
from tastemaker.families import self_preference
from tastemaker.grade import RubricGrader, calls_per_reply
from tastemaker.graders import GradeStore, open_panel
from tastemaker.journal import Journal, digest, endpoint
from tastemaker.judge.grader import template_hash
from tastemaker.logs import Cell, failures, forget_failed_grades, logs_by_identity, rows
from tastemaker.pin import bridge, bridge_lines, read_pin, verify_pin
from tastemaker.reading import did_you_mean
from tastemaker.record import RECORD, frozen
from tastemaker.recorded import RecordedReply, read_replies_file, score_rows
from tastemaker.records import Message, ReplyRow, ScoreRow
from tastemaker.tables import REPLIES, SCORES, reply_table, score_table, write_tables
from tastemaker.task import RubricTask, dressed, recorded

AT_ONCE = 32
"""Tasks run side by side: all arms of an eval, so that a provider's drift meets them alike."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer of a provider, as progress counts it."""

    arm: str
    """The arm, or "" for the grader."""
    replayed: bool
    """Whether it came from the journal and cost nothing."""
    cost: float | None


Listener = Callable[[Answered], None]

IN_FLIGHT = 1000
"""Replies in work side by side, over all tasks; each takes about 0.1 MB."""
MOST_ERRORS = 5
"""How many different errors of single replies a run tells; the table has them all."""
SELDOM = (50_000, 20, 100)
"""Thresholds of Python's cycle collector during a run; `gc.set_threshold` explains them."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run will do, before it does anything."""

    experiment: Experiment
    evals: tuple[LoadedEval, ...]
    seeds: int
    limit: int | None

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
    known = {principle for one in evals for principle in one.principles}
    if evals and (unknown := sorted(experiment.principles - known)):
        raise UserError(
            f"{experiment.name}: rules or tensions name {', '.join(unknown)}, "
            f"but the rubrics have {', '.join(sorted(known))}"
        )
    if evals:
        _refuse_strange_rules(experiment, evals)
    refuse_self_grading(experiment, evals)
    return Plan(
        experiment=experiment, evals=tuple(evals), seeds=seeds or experiment.seeds, limit=limit
    )


def _refuse_strange_rules(experiment: Experiment, evals: Sequence[LoadedEval]) -> None:
    """A rule for one eval that is not there, or that does not measure the principle."""
    measured = {one.name: one.principles for one in evals}
    for rule in experiment.rules:
        principle, at, name = rule.partition("@")
        if not at:
            continue
        if name not in measured:
            hint = did_you_mean(name, measured)
            raise UserError(f"{experiment.name}: the rule '{rule}' names no eval of it{hint}")
        if principle not in measured[name]:
            raise UserError(
                f"{experiment.name}: the rule '{rule}': {name} does not measure {principle}; it "
                f"measures {', '.join(measured[name])}"
            )


def _refuse_unsupported(experiment: Experiment) -> None:
    """What may be written already and does nothing yet is refused, not ignored."""
    asked = [
        f"{name}: {key}"
        for name, arm in experiment.arms.items()
        for key in ("tools", "solver", "format")
        if getattr(arm, key)
    ]
    asked += [key for key in ("formats", "early_stopping", "pairwise") if getattr(experiment, key)]
    for grader in experiment.graders:
        asked += ["grader: calibrated"] if grader.calibrated else []
    if asked:
        raise UserError(f"{experiment.name}: not supported yet: {', '.join(asked)}")


def run(
    plan: Plan,
    folder: Path,
    *,
    only: Sequence[str] = (),
    grades: Path | None = None,
    repin: bool = False,
    listener: Listener = lambda answered: None,
) -> None:
    """Run what is missing of a plan, and write the record and the tables into a folder.

    A baseline that was pinned there is held against the plan before any call. Where only the
    grader changed, its replies are graded again first, and the shift that the new grader alone
    causes (the bridge) is told on standard error.

    Args:
        plan: From `make_plan`.
        folder: Where the logs, the journal, `record.json` and the tables stand.
        only: The arms to call; what others have in the folder already is kept. All by default.
        grades: The folder of the grade store, which experiments may share; in `folder` by default.
        repin: Whether a pinned baseline may have changed, because it is to be pinned anew.
        listener: Told of each answer as it arrives.

    Raises:
        UserError: Something is wrong with the plan's models or files, or the pinned baseline no
            longer fits.
        KeyboardInterrupt: Stopped from outside; what has arrived is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.closing(Journal(folder / "journal.jsonl")) as journal,
        contextlib.closing(GradeStore(grades or folder / ".grades")) as store,
    ):
        session = _Session(plan, journal, store, listener)
        cells = session.cells()
        record = _record(plan, session, cells)
        pin = None if repin else read_pin(folder)
        regraded = pin is not None and verify_pin(pin, record)
        # Until the tables are written anew there is nothing to decide on: a run that is stopped
        # must not leave the scores of another under this record.
        for table in (SCORES, REPLIES):
            (folder / table).unlink(missing_ok=True)
        _write_record(folder, record)
        chosen = [one for one in cells if not only or one.arm in only]
        forget_failed_grades(chosen, str(folder))
        if pin is not None and regraded:
            baseline = [one for one in cells if one.arm == pin.baseline]
            _run_cells(session, baseline, folder, cells)
            for line in bridge_lines(bridge(folder, pin.baseline)):
                print(line, file=sys.stderr)
        _run_cells(session, chosen, folder, cells)


def _run_cells(
    session: "_Session", chosen: Sequence[Cell], folder: Path, cells: Sequence[Cell]
) -> None:
    """Run some cells, and write what all have by then, also when stopped."""
    tasks = [session.task(one) for one in chosen]
    logs: list[EvalLog] = []
    try:
        if tasks:
            logs = _run_tasks(session, tasks, chosen, folder)
    finally:
        errors = write_results(session.plan, folder, cells)
    for message in dict.fromkeys([*failures(logs), *errors[:MOST_ERRORS]]):
        print(message, file=sys.stderr)


def _run_tasks(
    session: "_Session", tasks: list[Task], chosen: Sequence[Cell], folder: Path
) -> list[EvalLog]:
    graders = session.panel.graders
    # Inspect reports on standard output, which is for results.
    with contextlib.redirect_stdout(sys.stderr), _seldom_collected():
        _, logs = eval_set(
            tasks,
            log_dir=str(folder),
            model_roles={"grader": [one.model for one in graders]} if graders else None,
            max_tasks=min(len(tasks), AT_ONCE),
            max_samples=_side_by_side(session, chosen),
            retry_attempts=1,
            fail_on_error=True,
            continue_on_fail=True,
            display="none",
            log_realtime=False,
            score_display=False,
            acp_server=False,
            ctl_server=False,
            log_dir_allow_dirty=True,
        )
    return logs


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for reference cycles seldom: as Python does it by itself, it takes a third of a run."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _side_by_side(session: "_Session", chosen: Sequence[Cell]) -> int | None:
    """How many replies of a task may be in work at once, so that no connection waits for one.

    Inspect goes by the connections of the task's own model, and a reply that waits for its judge
    holds one of its places. None, which is Inspect's choice, where somebody else's task may need
    a sandbox for each.
    """
    if any(cell.foreign for cell in chosen):
        return None
    judges = [*session.panel.graders, *session.panel.own.values()]
    arms = [session.models[cell.arm] for cell in chosen if cell.arm in session.models]
    wished = max((connections(arm) for arm in arms), default=0)
    wished += sum(connections(judge.model) for judge in judges)
    return max(min(wished, IN_FLIGHT // min(len(chosen), AT_ONCE)), 1)


class _Session:
    """The models and identities of one run."""

    def __init__(self, plan: Plan, journal: Journal, store: GradeStore, listener: Listener) -> None:
        self.plan = plan
        self.journal = journal
        self.listener = listener
        self.panel = open_panel(
            plan.experiment.graders,
            plan.own_graders,
            store,
            before=self._reserve,
            answered=lambda replayed, output: self._told("", replayed, output),
            failed=self._release,
        )
        self.replies = _recorded_replies(plan)
        self.models = {
            name: self._arm_model(name, arm)
            for name, arm in plan.experiment.arms.items()
            if arm.model
        }

    def _arm_model(self, name: str, arm: Arm) -> ArmModel:
        assert arm.model is not None
        return arm_model(
            arm.model,
            config=arm.config,
            base_seed=self.plan.experiment.base_seed(name),
            journal=self.journal,
            base_url=arm.base_url,
            system=arm.system,
            before=self._reserve,
            answered=lambda replayed, output: self._told(name, replayed, output),
            failed=self._release,
            grades=bool(self.plan.experiment.graders),
        )

    _calls = 0
    _cost = 0.0
    _under_way = 0
    _dearest = 0.0

    def _told(self, arm: str, replayed: bool, output: Any) -> None:
        cost = output.usage.total_cost if output.usage else None
        if not replayed:
            self._release()
            self._calls += 1
            self._cost += cost or 0.0
            self._dearest = max(self._dearest, cost or 0.0)
        self.listener(Answered(arm=arm, replayed=replayed, cost=cost))

    def _reserve(self) -> None:
        """Before a call: what is under way counts as spent, each as dear as the dearest so far.

        What a call costs is known only when it has been answered: the calls that are under way
        before the first answer can go beyond a budget of dollars, never one of calls.
        """
        budget = self.plan.experiment.budget
        if budget is not None:
            if budget.calls is not None and self._calls + self._under_way >= budget.calls:
                raise UserError(f"the budget of {budget.calls} calls is spent")
            cost = self._cost + (self._under_way + 1) * self._dearest
            if budget.cost is not None and (cost > budget.cost or self._cost >= budget.cost):
                raise UserError(f"the budget of ${budget.cost:g} is spent")
        self._under_way += 1

    def _release(self) -> None:
        """After a call, answered or not."""
        self._under_way -= 1

    def cells(self) -> list[Cell]:
        """Each eval under each arm that replies, all arms of an eval side by side."""
        return [
            self._cell(one, name, arm)
            for one in self.plan.evals
            for name, arm in self.plan.experiment.arms.items()
            if not arm.scores
        ]

    def _cell(self, loaded: LoadedEval, name: str, arm: Arm) -> Cell:
        experiment = self.plan.experiment
        judged = loaded.rubric is not None and RubricGrader(loaded.rubric).judged
        graders = [grader.model_dump(mode="json") for grader in experiment.graders]
        identity = digest(
            {
                "eval": loaded.name,
                "args": loaded.args,
                "dataset": loaded.data.fingerprint,
                "rubric": loaded.rubric.fingerprint if loaded.rubric else "",
                "judge": [template_hash(), graders] if judged or loaded.foreign else [],
                "version": version("tastemaker"),
                "endpoint": endpoint(self.models[name]) if name in self.models else None,
                "arm": arm.fingerprint,
                "seed": experiment.base_seed(name),
            }
        )
        return Cell(
            eval=loaded.name,
            arm=name,
            model=arm.model or "recorded",
            identity=f"sha256:{identity}",
            data=loaded.data,
            seeds=self.plan.seeds,
            rubric=loaded.rubric,
            foreign=loaded.foreign,
            grader=", ".join(grader.model for grader in experiment.graders),
            recorded=arm.model is None,
        )

    def task(self, cell: Cell) -> Task:
        """The eval's task, bound to the arm; its version is the identity of the cell.

        Inspect decides by a task's version, among others, whether a log has it already, and leaves
        the content of dataset, rubric and prompts out: so it stands in the version.
        """
        loaded = next(one for one in self.plan.evals if one.name == cell.eval)
        arm = self.plan.experiment.arms[cell.arm]
        task = loaded.task()
        options: dict[str, Any] = {}
        if cell.recorded:
            options["solver"] = recorded(self.replies[cell.arm, cell.eval])
            options["model"] = open_model("none/none", config={})
        else:
            options["model"] = self.models[cell.arm]
        if arm.template or arm.few_shot:
            few_shot = [Message(role=one.role, text=one.content) for one in arm.few_shot]
            setup = [*_listed(task.setup), dressed(arm.template, few_shot)]
            options["setup"] = setup
        if isinstance(task, RubricTask):
            task.panel = self.panel
        return task_with(
            task,
            epochs=Epochs(cell.seeds),
            version=cell.identity,
            tags=[cell.arm],
            metadata={**(task.metadata or {}), "eval": cell.eval, "arm": cell.arm},
            **options,
        )


def _listed(setup: Any) -> list[Any]:
    return [] if setup is None else list(setup) if isinstance(setup, Sequence) else [setup]


def _recorded_replies(plan: Plan) -> dict[tuple[str, str], dict[tuple[str, int], RecordedReply]]:
    """The replies of each recorded arm by arm and eval; a file serves the one eval there is."""
    replies = {}
    for name, arm in plan.experiment.arms.items():
        if arm.replies is None:
            continue
        if len(plan.evals) != 1 or plan.evals[0].rubric is None:
            raise UserError(
                f"{name}: recorded replies need an experiment of one eval with a rubric"
            )
        loaded = plan.evals[0]
        ids = [scenario.id for scenario in loaded.whole.scenarios]
        replies[name, loaded.name] = read_replies_file(Path(arm.replies), ids)
    return replies


def _record(plan: Plan, session: _Session, cells: Sequence[Cell]) -> dict[str, Any]:
    """What the results will rest on."""
    experiment = plan.experiment
    content = frozen(experiment) | {
        "seeds": plan.seeds,
        "limit": plan.limit,
        "judge": template_hash(),
        "evals": {
            one.name: {
                "dataset": one.data.name,
                "dataset_version": one.data.version,
                "dataset_hash": one.data.fingerprint,
                "rubric": one.rubric.rubric if one.rubric else None,
                "rubric_version": one.rubric.version if one.rubric else None,
                "rubric_hash": one.rubric.fingerprint if one.rubric else None,
                "scenarios": len(one.data.scenarios),
                "clusters": len({scenario.cluster for scenario in one.data.scenarios}),
            }
            for one in plan.evals
        },
    }
    return {
        "record": f"sha256:{digest(content)}",
        **content,
        "arms_shown": {name: arm.printable() for name, arm in experiment.arms.items()},
        "seeds_asked": {
            name: {"base": model.base_seed, "honoured": honours_seed(model)}
            for name, model in session.models.items()
        },
        "cells": [{"eval": c.eval, "arm": c.arm, "identity": c.identity} for c in cells],
        "versions": {name: version(name) for name in ("tastemaker", "inspect-ai")},
        "warnings": [w for one in plan.evals for w in one.data.warnings] + _self_preference(plan),
    }


def _write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Written before the first call; appears whole or not at all."""
    partial = folder / f".{RECORD}.partial"
    partial.write_text(json.dumps(record, indent=2), encoding="utf-8")
    partial.replace(folder / RECORD)


def _self_preference(plan: Plan) -> list[str]:
    graders = [grader.model for grader in plan.experiment.graders] + sorted(plan.own_graders)
    judged = any(one.rubric and RubricGrader(one.rubric).judged for one in plan.evals)
    arms = {name: arm.model for name, arm in plan.experiment.arms.items() if arm.model}
    return self_preference(graders, arms) if judged else []


def write_results(plan: Plan, folder: Path, cells: Sequence[Cell]) -> list[str]:
    """The two tables from what the logs hold by now, and from the files of scores.

    Returns:
        The distinct errors that single replies ended in.
    """
    logs = logs_by_identity(str(folder))
    scores: list[ScoreRow] = []
    replies: list[ReplyRow] = []
    for cell in cells:
        for of_reply, reply in rows(cell, logs.get(cell.identity)):
            scores += of_reply
            replies.append(reply)
    scores += _score_arms(plan)
    write_tables(folder, score_table(scores), reply_table(replies))
    errors = [reply.error for reply in replies if reply.error.startswith("error: ")]
    return list(dict.fromkeys(errors))


def _score_arms(plan: Plan) -> Iterator[ScoreRow]:
    """The rows of arms that bring scores, with what the datasets say of their scenarios."""
    known = {one.name: {s.id: s for s in one.data.scenarios} for one in plan.evals}
    whole = {one.name: [s.id for s in one.whole.scenarios] for one in plan.evals}
    loaded: Mapping[str, LoadedEval] = {one.name: one for one in plan.evals}
    for name, arm in plan.experiment.arms.items():
        if arm.scores is None:
            continue
        for row in score_rows(name, arm, scenarios=whole or None):
            if row.eval not in known:
                yield row
            elif row.scenario in known[row.eval] and row.seed <= plan.seeds:
                scenario, data = known[row.eval][row.scenario], loaded[row.eval].data
                yield replace(
                    row,
                    dataset=data.name,
                    dataset_version=data.version,
                    dataset_hash=data.fingerprint,
                    cluster=scenario.cluster,
                    stratum=scenario.stratum,
                    stratum_weight=data.strata.get(scenario.stratum),
                    scenario_weight=scenario.weight,
                    split=scenario.split,
                    labels=json.dumps(dict(scenario.labels)),
                )
