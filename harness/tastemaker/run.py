"""Run the arms of an experiment over its evals, and leave the tables beside the logs."""

import contextlib
import gc
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
from inspect_ai import Epochs, Task, eval_set, task_with
from inspect_ai.log import EvalLog

from tastemaker.arm import ArmModel, arm_model, connections, honours_seed, open_model
from tastemaker.calibration import bind_marks
from tastemaker.errors import UserError
from tastemaker.evaluation import LoadedEval, load_evals, refuse_self_grading
from tastemaker.experiment import Arm, Experiment
from tastemaker.families import self_preference
from tastemaker.gate import Verdict
from tastemaker.grade import Panel, RubricGrader, calls_per_reply
from tastemaker.graders import GradeStore, open_panel
from tastemaker.journal import Journal, digest, endpoint
from tastemaker.judge.grader import template_hash
from tastemaker.judge.pairwise import pair_hash
from tastemaker.logs import (
    Cell,
    failures,
    forget_failed_grades,
    logs_by_identity,
    rows,
    whole_logs,
)
from tastemaker.looks import Asked, Examined, examine
from tastemaker.pin import bridge, bridge_lines, read_pin, verify_pin
from tastemaker.reading import did_you_mean, printable, shown
from tastemaker.record import LOOKS, RECORD, frozen
from tastemaker.recorded import RecordedReply, preference_rows, read_replies_file, score_rows
from tastemaker.records import Message, PreferenceRow, ReplyRow, ScoreRow
from tastemaker.results import gaps
from tastemaker.rubric import NO, YES, Criterion
from tastemaker.scenario import Scenario
from tastemaker.schedule import Schedule, draw, refuse_empty, small
from tastemaker.side_by_side import Pair, blank, calls_of, compare, pairs_of, unasked
from tastemaker.tables import (
    PREFERENCES,
    REPLIES,
    SCORES,
    read_scores,
    read_table,
    reply_table,
    score_table,
    write_preferences,
    write_tables,
)
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
    known = {principle for one in evals for principle in one.principles}
    if evals and (unknown := sorted(experiment.principles - known)):
        raise UserError(
            f"{experiment.name}: rules or tensions name {', '.join(unknown)}, "
            f"but the rubrics have {', '.join(sorted(known))}"
        )
    _refuse_unknown_choices(experiment, evals)
    if evals:
        _refuse_strange_rules(experiment, evals)
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
        _recorded_preferences(plan)  # what is wrong there is told before anything is called
    return plan


def _refuse_unknown_choices(experiment: Experiment, evals: Sequence[LoadedEval]) -> None:
    """Rules on choices that no criterion makes, or on answers that a question does not have.

    What a check calls a choice shows only in its findings, and so what a file of scores does.
    """
    if not experiment.choices or any(arm.scores for arm in experiment.arms.values()):
        return
    known = dict(_possible_choices(evals))
    for name, rules in experiment.choices.items():
        if name not in known:
            raise UserError(
                f"{experiment.name}: choices name '{name}'{did_you_mean(name, known)}; a choice is "
                "a check, or a question with `wanted`, named as principle/criterion"
            )
        strange = {*rules.recall, *rules.false_trigger} - {YES, NO} if known[name].wanted else ()
        for answer in sorted(strange):
            raise UserError(
                f"{experiment.name}: choices.{name} names '{answer}'; a question with `wanted` is "
                f"answered {YES} or {NO}"
            )


def _possible_choices(evals: Sequence[LoadedEval]) -> Iterator[tuple[str, Criterion]]:
    """The checks, and the questions with `wanted`, that apply to some scenario."""
    for one in evals:
        for scenario in one.whole.scenarios if one.rubric else ():
            assert one.rubric is not None
            rubric = one.rubric.extended(scenario.criteria)
            for (principle, key), criterion in rubric.applicable(scenario.labels):
                if criterion.wanted or criterion.check:
                    yield f"{principle}/{key}", criterion


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
    asked += ["formats"] if experiment.formats else []
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

    Where the scenarios come in by looks, each look is run, written and examined before the next is
    asked for; a look that is not complete is not examined. The baseline alone is run whole, and
    serves every look.

    Args:
        plan: From `make_plan`.
        folder: Where the logs, the journal, `record.json` and the tables stand.
        only: The arms to call; what others have in the folder already is kept. All by default.
        grades: The folder of the grade store, which experiments may share; in `folder` by default.
        repin: Whether a pinned baseline may have changed, because it is to be pinned anew.
        listener: Told of each answer as it arrives.

    Raises:
        UserError: Something is wrong with the plan's models or files, or the pinned baseline no
            longer fits, or looks were taken there by another schedule.
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
        before = _looks_taken(folder)
        _refuse_other_looks(folder, before, record)
        if plan.schedule is not None:
            record[TAKEN] = before.get(TAKEN, 0)
        pin = None if repin else read_pin(folder)
        regraded = pin is not None and verify_pin(pin, record)
        # People's marks are about the replies that are there now, and not about the next ones.
        bind_marks(folder)
        # Until the tables are written anew there is nothing to decide on: a run that is stopped
        # must not leave the scores of another under this record.
        for table in (SCORES, REPLIES, PREFERENCES):
            (folder / table).unlink(missing_ok=True)
        _write_record(folder, record)
        chosen = [one for one in cells if not only or one.arm in only]
        forget_failed_grades(chosen, str(folder))
        if pin is not None and regraded:
            baseline = [one for one in cells if one.arm == pin.baseline]
            _run_cells(session, baseline, folder, cells)
            for line in bridge_lines(bridge(folder, pin.baseline)):
                print(line, file=sys.stderr)
        if plan.schedule is None or list(only) == [plan.experiment.baseline_name]:
            _run_cells(session, chosen, folder, cells)
            _compare_replies(session, folder)
        else:
            _run_looks(session, plan.schedule, folder, cells, only, record)


def _run_cells(
    session: "_Session",
    chosen: Sequence[Cell],
    folder: Path,
    cells: Sequence[Cell],
    parts: "Sequence[Part] | None" = None,
) -> None:
    """Run some cells, and write what all have by then, also when stopped."""
    tasks = [session.task(one) for one in chosen]
    logs: list[EvalLog] = []
    try:
        if tasks:
            logs = _run_tasks(session, tasks, chosen, folder)
    finally:
        errors = write_results(session.plan, folder, cells, parts)
    for message in dict.fromkeys([*failures(logs), *errors[:MOST_ERRORS]]):
        print(message, file=sys.stderr)


TAKEN = "looks_taken"
"""The key of a record for how many looks were examined; it is no part of the record's hash."""
Part = LoadedEval
"""What one look asks of one eval."""


def _looks_taken(folder: Path) -> dict[str, Any]:
    """The record of a run in this folder that examined at least one look; {} when there is none."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:
        return {}
    return record if isinstance(record, dict) and record.get(TAKEN) else {}


def _refuse_other_looks(folder: Path, before: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """What was looked at by one schedule is not tested again by another, nor with more seeds."""
    if not before:
        return
    names = {LOOKS: "the look schedule", "seeds": "the seeds"}
    now = json.loads(json.dumps({key: record.get(key) for key in names}))
    changed = [told for key, told in names.items() if before.get(key) != now[key]]
    if changed:
        raise UserError(
            f"{shown(folder)}: {before[TAKEN]} of {before[LOOKS]['planned']} looks were taken "
            f"here, and {' and '.join(changed)} changed since; testing the same replies again by "
            "another plan makes false alarms likely. Undo the change, or run into another folder "
            "with --logs."
        )


def _run_looks(
    session: "_Session",
    schedule: Schedule,
    folder: Path,
    whole: Sequence[Cell],
    only: Sequence[str],
    record: dict[str, Any],
) -> None:
    """Take the looks one by one, those that are there already without a call."""
    served = whole_logs(whole, str(folder))
    asked: Asked = frozenset(
        (name, home) for home, names in schedule.principles.items() for name in names
    )
    cells: list[Cell] = []
    parts: list[Part] = []
    for look in range(1, schedule.planned + 1):
        new = list(session.parts(schedule, look, asked))
        if not new:
            continue
        of_look = session.look_cells(look, new, whole, served)
        parts, cells = [*parts, *new], [*cells, *of_look]
        _write_record(folder, record | {"cells": _shown_cells(cells)})
        chosen = [
            one for one in of_look if one.identity not in served and (not only or one.arm in only)
        ]
        forget_failed_grades(chosen, str(folder))
        _run_cells(session, chosen, folder, cells, parts)
        found = _examined(session.plan.experiment, schedule, folder)
        if found is None:
            print(f"Look {look} of {schedule.planned} is not complete.", file=sys.stderr)
            return
        record[TAKEN] = max(look, record[TAKEN])
        _write_record(folder, record | {"cells": _shown_cells(cells)})
        for line in look_lines(found):
            print(line, file=sys.stderr)
        if not found.wanted:
            return
        asked = found.open


def _examined(experiment: Experiment, schedule: Schedule, folder: Path) -> Examined | None:
    """What the looks so far say; None when something that should be there is not."""
    scores = read_scores(folder)
    if gaps(experiment, scores):
        return None
    return examine(experiment, schedule, scores)


def look_lines(found: Examined) -> list[str]:
    """What a look has decided and whether the next is asked for, in words."""
    at = found.at
    lines = [f"Look {at.look} of {at.planned}: {at.share:.0%} of the scenarios."]
    settled = [one for one in found.verdicts if one.settled]
    undecided = [one for one in found.verdicts if not one.settled]
    if settled:
        lines.append(f"  Decided: {', '.join(f'{_named(one)} {one.kind}' for one in settled)}.")
    if undecided:
        lines.append(f"  Not decided: {', '.join(_named(one) for one in undecided)}.")
    lines.append("  Going on." if found.wanted else "  No further look is asked for.")
    return lines


def _named(verdict: Verdict) -> str:
    return f"{printable(verdict.principle)} ({verdict.candidate})"


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
        self.store = store
        self._loaded: dict[str, LoadedEval] = {}
        """By identity of a cell, the eval or the part of it that the cell asks."""
        self.panel = self.open_panel()
        self.replies = _recorded_replies(plan)
        self.models = {
            name: self._arm_model(name, arm)
            for name, arm in plan.experiment.arms.items()
            if arm.model
        }

    def open_panel(self) -> Panel:
        """The graders, opened anew: a client serves the event loop it was first used in."""
        return open_panel(
            self.plan.experiment.graders,
            self.plan.own_graders,
            self.store,
            before=self._reserve,
            answered=lambda replayed, output: self._told("", replayed, output),
            failed=self._release,
        )

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

    def parts(self, schedule: Schedule, look: int, asked: Asked) -> Iterator[Part]:
        """What a look asks of each eval: nothing where all is decided or nothing comes in."""
        for one in self.plan.evals:
            names = {name for name, home in asked if home == one.name}
            part = one.at_look(schedule, look, names)
            if names and part.data.scenarios:
                yield part

    def look_cells(
        self, look: int, parts: Iterable[Part], whole: Iterable[Cell], served: Collection[str]
    ) -> list[Cell]:
        """The cells of a look; where the log of the whole eval is there, that serves."""
        entire = {(one.eval, one.arm): one for one in whole}
        cells = []
        for part in parts:
            for name, arm in self.plan.experiment.arms.items():
                if arm.scores:
                    continue
                cell, of_all = self._cell(part, name, arm), entire[part.name, name]
                cells.append(
                    replace(
                        cell,
                        identity=of_all.identity if of_all.identity in served else cell.identity,
                        look=look,
                        dataset_hash=of_all.data.fingerprint,
                        rubric_hash=of_all.rubric.fingerprint if of_all.rubric else "",
                    )
                )
        return cells

    def _cell(self, loaded: LoadedEval, name: str, arm: Arm) -> Cell:
        experiment = self.plan.experiment
        judged = loaded.rubric is not None and RubricGrader(loaded.rubric).judged
        graders = [grader.grading for grader in experiment.graders]
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
        self._loaded[f"sha256:{identity}"] = loaded
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
        loaded = self._loaded[cell.identity]
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
    content = frozen(experiment) | _pair_words(experiment)
    content |= {
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
                "questions": one.rubric.questions if one.rubric else {},
                "scenarios": len(one.data.scenarios),
                "clusters": len({scenario.cluster for scenario in one.data.scenarios}),
            }
            for one in plan.evals
        },
    }
    looks = [] if plan.schedule is None or not experiment.early_stopping else small(plan.schedule)
    if plan.schedule is not None:
        content[LOOKS] = plan.schedule.as_data()
    return {
        "record": f"sha256:{digest(content)}",
        **content,
        "principles": {
            name: principle.text
            for one in plan.evals
            if one.rubric
            for name, principle in one.rubric.principles.items()
            if principle.text
        },
        "arms_shown": {name: arm.printable() for name, arm in experiment.arms.items()},
        "seeds_asked": {
            name: {"base": model.base_seed, "honoured": honours_seed(model)}
            for name, model in session.models.items()
        },
        "cells": _shown_cells(cells),
        "versions": {name: version(name) for name in ("tastemaker", "inspect-ai")},
        "warnings": [w for one in plan.evals for w in one.data.warnings]
        + _self_preference(plan)
        + looks,
    }


def _pair_words(experiment: Experiment) -> dict[str, str]:
    """The hash of the words that a pair of replies is put to a judge in, where one is."""
    asked = experiment.preference
    return {"pair": pair_hash()} if asked and asked.preferences is None else {}


def _shown_cells(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """What names the logs of a run: with what each look asked of them, where there are looks."""
    return [
        {"eval": one.eval, "arm": one.arm, "identity": one.identity}
        | ({} if one.look is None else {"look": one.look, "principles": one.principles})
        for one in cells
    ]


def _write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Written before the first call; appears whole or not at all."""
    partial = folder / f".{RECORD}.partial"
    partial.write_text(json.dumps(record, indent=2), encoding="utf-8")
    partial.replace(folder / RECORD)


def _self_preference(plan: Plan) -> list[str]:
    graders = [grader.model for grader in plan.experiment.graders] + sorted(plan.own_graders)
    judged = any(one.rubric and RubricGrader(one.rubric).judged for one in plan.evals)
    judged = judged or plan.comparisons > 0
    arms = {name: arm.model for name, arm in plan.experiment.arms.items() if arm.model}
    return self_preference(graders, arms) if judged else []


def write_results(
    plan: Plan, folder: Path, cells: Sequence[Cell], parts: Sequence[Part] | None = None
) -> list[str]:
    """The tables from what the logs hold by now, and from the files of scores and preferences.

    Replies that are still to be compared stand among the preferences as not run. `parts` is what
    the looks so far have asked; None: all scenarios and principles.

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
    scores += _score_arms(plan, plan.evals if parts is None else parts)
    write_tables(folder, score_table(scores), reply_table(replies))
    if plan.experiment.preference is not None:
        write_preferences(folder, list(_preferences_so_far(plan, replies)))
    errors = [reply.error for reply in replies if reply.error.startswith("error: ")]
    return list(dict.fromkeys(errors))


def _preferences_so_far(plan: Plan, replies: Sequence[ReplyRow]) -> Iterable[PreferenceRow]:
    """Those of the experiment's file; else every comparison that is still to be made."""
    if plan.experiment.preference and plan.experiment.preference.preferences is not None:
        return _recorded_preferences(plan)
    names = [grader.model for grader in plan.experiment.graders]
    pairs = pairs_of(plan.experiment, plan.evals, replies, plan.seeds)
    return [row for pair in pairs for row in _not_run(pair, names)]


def _not_run(pair: Pair, graders: Sequence[str]) -> list[PreferenceRow]:
    return unasked(pair, graders, pair.lacking or "not_run")


def _compare_replies(session: "_Session", folder: Path) -> None:
    """Put the replies that the logs hold side by side, and write what judges prefer.

    Also when it is stopped: what was not asked stands there as not run.
    """
    plan, asked = session.plan, session.plan.experiment.preference
    if asked is None or asked.preferences is not None:
        return
    pairs = list(pairs_of(plan.experiment, plan.evals, _replies(folder), plan.seeds))
    panel, done = session.open_panel(), list[list[PreferenceRow]]()
    try:
        anyio.run(compare, pairs, panel, done.append)
    finally:
        names = [grader.name for grader in panel.graders]
        left = [_not_run(pair, names) for pair in pairs[len(done) :]]
        write_preferences(folder, [row for rows in (*done, *left) for row in rows])


def _replies(folder: Path) -> Iterator[ReplyRow]:
    """What of the replies is needed to compare them."""
    columns = ["eval", "scenario", "arm", "seed", "prompt", "reply", "error"]
    for row in read_table(folder / REPLIES, columns).to_pylist():
        yield ReplyRow(**row, messages="[]")


def _recorded_preferences(plan: Plan) -> list[PreferenceRow]:
    """The rows of the file of preferences, of the scenarios and seeds that are asked."""
    asked = plan.experiment.preference
    assert asked is not None and asked.preferences is not None
    whole = {
        (one.name, scenario.id): blank(one.name, one.data, scenario)
        for one in plan.evals
        for scenario in one.whole.scenarios
    }
    kept = {(one.name, scenario.id) for one in plan.evals for scenario in one.data.scenarios}
    rows = preference_rows(
        Path(asked.preferences),
        arms=plan.experiment.arms,
        known=whole,
        principles={name for one in plan.evals for name in one.principles},
        whole=True,
    )
    return [row for row in rows if (row.eval, row.scenario) in kept and row.seed <= plan.seeds]


def _score_arms(plan: Plan, parts: Sequence[Part]) -> Iterator[ScoreRow]:
    """The rows of arms that bring scores, with what the datasets say of their scenarios."""
    known: dict[str, dict[str, Scenario]] = {one.name: {} for one in plan.evals}
    asked: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        known[part.name] |= {one.id: one for one in part.data.scenarios}
        asked |= {(part.name, one.id): part.principles for one in part.data.scenarios}
    by_look = plan.schedule is not None
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
                if by_look and row.principle not in asked[row.eval, row.scenario]:
                    continue
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
