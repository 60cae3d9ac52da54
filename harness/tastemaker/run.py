"""Run the arms of an experiment over its evals, and leave the tables beside the logs."""

import contextlib
import gc
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
from inspect_ai import Task, eval_set
from inspect_ai.log import EvalLog

from tastemaker.arm import connections, honours_seed
from tastemaker.checks.registry import checks
from tastemaker.conversation import USER
from tastemaker.errors import UserError
from tastemaker.evaluation import LoadedEval
from tastemaker.experiment import Experiment
from tastemaker.families import self_preference
from tastemaker.gate import Verdict
from tastemaker.grade import RubricGrader
from tastemaker.graders import GradeStore
from tastemaker.journal import Journal, digest
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
from tastemaker.plan import Part, Plan, recorded_preferences
from tastemaker.reading import printable, shown
from tastemaker.record import LOOKS, RECORD, frozen
from tastemaker.recorded import score_rows
from tastemaker.records import PreferenceRow, ReplyRow, ScoreRow
from tastemaker.results import gaps
from tastemaker.scenario import Scenario
from tastemaker.schedule import Schedule, small
from tastemaker.session import Listener, Session
from tastemaker.side_by_side import Pair, compare, pairs_of, unasked
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

AT_ONCE = 32
"""Tasks run side by side: all arms of an eval, so that a provider's drift meets them alike."""


IN_FLIGHT = 1000
"""Replies in work side by side, over all tasks; each takes about 0.1 MB."""
MOST_ERRORS = 5
"""How many different errors of single replies a run tells; the table has them all."""
SELDOM = (50_000, 20, 100)
"""Thresholds of Python's cycle collector during a run; `gc.set_threshold` explains them."""


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
    _refuse_checks_without_their_programs(plan)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.closing(Journal(folder / "journal.jsonl")) as journal,
        contextlib.closing(GradeStore(grades or folder / ".grades")) as store,
    ):
        session = Session(plan, journal, store, listener)
        cells = session.cells()
        record = _record(plan, session, cells)
        before = _looks_taken(folder)
        _refuse_other_looks(folder, before, record)
        if plan.schedule is not None:
            record[TAKEN] = before.get(TAKEN, 0)
        pin = None if repin else read_pin(folder)
        regraded = pin is not None and verify_pin(pin, record)
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


def _refuse_checks_without_their_programs(plan: Plan) -> None:
    """No reply is paid for that could not be graded here."""
    rubrics = [one.rubric for one in plan.evals if one.rubric]
    lacking = {
        f"the check '{criterion.check}' of {rubric.rubric}: {told}"
        for rubric in rubrics
        for principle in rubric.principles.values()
        for criterion in principle.criteria.values()
        if criterion.check and (told := checks()[criterion.check].lacks)
    }
    if lacking:
        raise UserError("\n".join(sorted(lacking)))


def _run_cells(
    session: Session,
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
    session: Session,
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
    session: Session, tasks: list[Task], chosen: Sequence[Cell], folder: Path
) -> list[EvalLog]:
    # Inspect reports on standard output, which is for results.
    with contextlib.redirect_stdout(sys.stderr), _seldom_collected():
        _, logs = eval_set(
            tasks,
            log_dir=str(folder),
            model_roles=_roles(session) or None,
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
    # Who stops Inspect with Ctrl-C is given the logs of what had ended, as if that were all.
    if len(logs) < len(tasks):
        raise KeyboardInterrupt
    return logs


def _roles(session: Session) -> dict[str, Any]:
    """Who grades, and who plays users, by Inspect's names of roles."""
    graders = session.panel.graders
    roles: dict[str, Any] = {"grader": [one.model for one in graders]} if graders else {}
    return roles | ({USER: session.user} if session.user else {})


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for reference cycles seldom: as Python does it by itself, it takes a third of a run."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _side_by_side(session: Session, chosen: Sequence[Cell]) -> int | None:
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


def _record(plan: Plan, session: Session, cells: Sequence[Cell]) -> dict[str, Any]:
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
        + session.warnings
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
        return recorded_preferences(plan)
    names = [grader.model for grader in plan.experiment.graders]
    pairs = pairs_of(plan.experiment, plan.evals, replies, plan.seeds)
    return [row for pair in pairs for row in _not_run(pair, names)]


def _not_run(pair: Pair, graders: Sequence[str]) -> list[PreferenceRow]:
    return unasked(pair, graders, pair.lacking or "not_run")


def _compare_replies(session: Session, folder: Path) -> None:
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
    rubrics = {
        (one.name, scenario.id): (
            one.rubric.extended(scenario.criteria),
            scenario.labels,
        )
        for one in plan.evals
        if one.rubric
        for scenario in one.whole.scenarios
    }
    for name, arm in plan.experiment.arms.items():
        if arm.scores is None:
            continue
        for row in score_rows(name, arm, scenarios=whole or None, rubrics=rubrics):
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
                    scenario_weight=scenario.weight_for(loaded[row.eval].rubric, row.principle),
                    split=scenario.split,
                    labels=json.dumps(dict(scenario.labels)),
                )
