"""Finished and unfinished Inspect logs into the rows of the two tables."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from inspect_ai.log import (
    EvalLog,
    EvalSample,
    ProvenanceData,
    invalidate_samples,
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample_summaries,
    write_eval_log,
)
from inspect_ai.scorer import NOANSWER, Score

from tastemaker.arm import SPENT
from tastemaker.conversation import MISSING, plain_message
from tastemaker.errors import UserError
from tastemaker.experiment import TaskEval
from tastemaker.keys import without_keys
from tastemaker.records import NO_ANSWER, NOTHING_DONE, Finding, ReplyRow, ScoreRow, ToolCall
from tastemaker.rubric import Rubric, scores_by_grader
from tastemaker.scenario import Dataset, Scenario
from tastemaker.task import document_after, work_in

UNREAD = {"events", "attachments", "store", "timelines"}
LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's correct, partial, incorrect and no answer."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One eval under one arm: what a log must hold."""

    eval: str
    arm: str
    model: str
    identity: str
    """What the task's version says: the hash of all that can change the meaning of its results."""
    data: Dataset
    seeds: int
    rubric: Rubric | None = None
    """None for a foreign task."""
    foreign: TaskEval | None = None
    grader: str = ""
    recorded: bool = False
    look: int | None = None
    """The look that it is a part of, where the scenarios come in by looks."""
    dataset_hash: str = ""
    """Of the whole dataset, where `data` is a look's part of it; "": that of `data`."""
    rubric_hash: str = ""
    """Of the whole rubric, where `rubric` is without what is decided."""

    @property
    def principles(self) -> list[str]:
        """What it asks about."""
        if self.foreign:
            return [self.foreign.principle]
        return list(self.rubric.principles) if self.rubric else []


def logs_by_identity(folder: str) -> dict[str, EvalLog]:
    """The header of the log of each task in a folder; of several, the one that got furthest."""
    found: dict[str, EvalLog] = {}
    for info in list_eval_logs(folder):
        header = read_eval_log(info, header_only=True)
        identity = str(header.eval.task_version)
        if identity not in found or _progress(header) >= _progress(found[identity]):
            found[identity] = header
    return found


def _progress(log: EvalLog) -> tuple[bool, str]:
    return log.status == "success", log.eval.created


def whole_logs(cells: Iterable[Cell], folder: str) -> set[str]:
    """The identities of the cells whose log is there, whole, with all their seeds."""
    logs = logs_by_identity(folder)
    found = {cell.identity: logs.get(cell.identity) for cell in cells}
    seeds = {cell.identity: cell.seeds for cell in cells}
    return {
        identity
        for identity, log in found.items()
        if log is not None
        and log.status == "success"
        and not log.invalidated
        and log.eval.config.epochs == seeds[identity]
    }


def forget_failed_grades(cells: Iterable[Cell], folder: str) -> int:
    """Mark the replies whose grader failed as to be done again; how many they are.

    The next run of the task grades them anew. It asks no arm again, because the journal has what
    the arms said.
    """
    logs, found = logs_by_identity(folder), 0
    for cell in cells:
        header = logs.get(cell.identity)
        if header is None or header.status != "success" or header.invalidated:
            continue
        summaries = read_eval_log_sample_summaries(header.location)
        if not any(_grader_failed(one.scores) for one in summaries):
            continue
        log = read_eval_log(header.location)
        failed = [one.uuid for one in log.samples or [] if one.uuid and _grader_failed(one.scores)]
        note = ProvenanceData(author="tastemaker", reason="the grader failed")
        write_eval_log(invalidate_samples(log, failed, note), header.location)
        found += len(failed)
    return found


def _grader_failed(scores: Mapping[str, Score] | None) -> bool:
    """By the explanation, which a summary keeps: each unscored criterion has a line there."""
    score = (scores or {}).get("rubric")
    return score is not None and "unscored, grader_failed" in (score.explanation or "")


def rows(cell: Cell, log: EvalLog | None) -> Iterator[tuple[list[ScoreRow], ReplyRow]]:
    """The rows of each scenario and seed of a cell; what no log holds is there as missing.

    Raises:
        UserError: The task's score cannot be mapped to [0, 1].
    """
    samples: dict[tuple[str, int], EvalSample] = {}
    if log is not None:
        full = read_eval_log(log.location, exclude_fields=UNREAD)
        samples = {(str(sample.id), sample.epoch): sample for sample in full.samples or []}
    place = "" if log is None else log.location.rsplit("/", 1)[-1]
    tells = _tells_answers(cell, samples.values())
    for scenario in cell.data.scenarios:
        for seed in range(1, cell.seeds + 1):
            sample = samples.get((scenario.id, seed))
            base = _base(cell, scenario, seed, sample, place)
            scores = list(_scores(cell, scenario, sample, base, tells))
            yield scores, _reply(cell, scenario, seed, sample)


def _base(
    cell: Cell, scenario: Scenario, seed: int, sample: EvalSample | None, log: str
) -> ScoreRow:
    """A row with all but the score filled in."""
    spent, grading = _spent(sample), _grading(sample)
    strata = {name: weight for name, weight in cell.data.strata.items() if name}
    return ScoreRow(
        eval=cell.eval,
        dataset=cell.data.name,
        dataset_version=cell.data.version,
        dataset_hash=cell.dataset_hash or cell.data.fingerprint,
        rubric=cell.rubric.rubric if cell.rubric else "",
        rubric_version=cell.rubric.version if cell.rubric else 1,
        rubric_hash=cell.rubric_hash or (cell.rubric.fingerprint if cell.rubric else ""),
        arm=cell.arm,
        model=cell.model,
        scenario=scenario.id,
        cluster=scenario.cluster,
        stratum=scenario.stratum,
        stratum_weight=strata.get(scenario.stratum),
        scenario_weight=scenario.weight,
        split=scenario.split,
        labels=json.dumps(dict(scenario.labels)),
        seed=seed,
        provider_seed=spent.get("seed"),
        principle="",
        value=None,
        input_tokens=spent.get("input_tokens"),
        output_tokens=spent.get("output_tokens"),
        seconds=spent.get("seconds"),
        cost=spent.get("cost"),
        calls=spent.get("calls"),
        grader_calls=grading.get("calls"),
        grader_replayed=grading.get("replayed"),
        grader_input_tokens=grading.get("input_tokens"),
        grader_output_tokens=grading.get("output_tokens"),
        grader_cost=grading.get("cost"),
        grader_paid=grading.get("paid"),
        log=log,
    )


def _spent(sample: EvalSample | None) -> Mapping[str, Any]:
    """What the arm took: as noted by the arm, or as a recorded reply says."""
    if sample is None:
        return {}
    if SPENT in sample.metadata:
        spent: Mapping[str, Any] = sample.metadata[SPENT]
        return spent
    usage = sample.output.usage
    if usage is None:
        return {}
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}


def _grading(sample: EvalSample | None) -> Mapping[str, Any]:
    """What the judges took; empty where none was asked."""
    score = None if sample is None or not sample.scores else sample.scores.get("rubric")
    grading: Mapping[str, Any] = ((score.metadata or {}) if score else {}).get("grading") or {}
    return grading if grading.get("calls") else {}


def absence(sample: EvalSample | None) -> str:
    """Why a sample has no score: "not_run", "error", "missing"; "" when it has one."""
    if sample is None:
        return "not_run"
    if sample.error is not None or sample.output.error:
        return "error"
    if sample.metadata.get(MISSING):
        return "missing"
    return "" if sample.scores else "not_run"


def _scores(
    cell: Cell, scenario: Scenario, sample: EvalSample | None, base: ScoreRow, tells: bool
) -> Iterator[ScoreRow]:
    why = absence(sample)
    if cell.rubric is None:
        assert cell.foreign is not None
        value = None if why or sample is None else _foreign_value(cell.foreign, sample)
        reason = why or _foreign_reason(cell.foreign, sample, value, tells)
        yield replace(base, principle=cell.foreign.principle, value=value, reason=reason)
        return
    rubric = cell.rubric.extended(scenario.criteria)
    applicable = dict(rubric.applicable(scenario.labels))
    told = {} if why or sample is None else (sample.scores or {})["rubric"].metadata or {}
    alone = _scores_by_grader(rubric, told, scenario)
    for principle in dict.fromkeys(principle for principle, _ in applicable):
        score = told.get("principles", {}).get(principle)
        weight = scenario.weight_for(rubric, principle)
        one = replace(base, principle=principle, scenario_weight=weight)
        if score is None:
            yield replace(one, reason=why or "unscored")
        else:
            missing = [
                str(found["reason"])
                for key, found in told["findings"].items()
                if key.startswith(f"{principle}.") and found["value"] is None
            ]
            reason = principle_reason(score["reason"], missing)
            votes = json.dumps(list(alone[principle].items())) if principle in alone else None
            value = score["value"]
            yield replace(one, value=value, reason=reason, votes=votes)
    for (principle, name), criterion in applicable.items():
        found = told.get("findings", {}).get(f"{principle}.{name}") or {}
        value = found.get("value")
        yield replace(
            base,
            principle=principle,
            criterion=name,
            weight=criterion.weight_for(scenario.labels),
            grader="check" if criterion.check else criterion.grader or cell.grader,
            value=value,
            reason=why or ("" if value is not None else found.get("reason", "unscored")),
            should=found.get("should", criterion.calls_for(scenario.labels)),
            did=found.get("did"),
            votes=json.dumps(found["votes"]) if found.get("votes") else None,
        )


def _scores_by_grader(
    rubric: Rubric, told: Mapping[str, Any], scenario: Scenario
) -> dict[str, dict[str, float | None]]:
    """By principle, each grader's own score; empty without a panel, which is the usual case."""
    findings = told.get("findings", {})
    if not any(found.get("votes") for found in findings.values()):
        return {}
    read = {
        (principle, name): Finding(
            value=found["value"],
            reason=found["reason"],
            votes=tuple((grader, value) for grader, value in found.get("votes", ())),
        )
        for key, found in findings.items()
        for principle, _, name in [key.partition(".")]
    }
    return scores_by_grader(rubric, read, scenario.labels)


def principle_reason(told: str, missing: Iterable[str]) -> str:
    """Why a principle is unscored, as one of the reasons that tables count by.

    Args:
        told: The reason of its score.
        missing: The reasons of its criteria that have no value.
    """
    reasons = [reason.split(":")[0] for reason in missing]
    return next((reason for reason in reasons if reason in ("no_grader", "grader_failed")), told)


def _tells_answers(cell: Cell, samples: Iterable[EvalSample]) -> bool:
    """Whether a foreign task's scorer says which answer it found in a reply."""
    return cell.foreign is not None and any(
        score.answer for sample in samples for score in (sample.scores or {}).values()
    )


def _foreign_reason(
    reference: TaskEval, sample: EvalSample | None, value: float | None, tells: bool
) -> str:
    """Beside no value that there is none; beside 0 whether no answer was found in the reply."""
    if value is None:
        return "unscored"
    scores = (sample.scores if sample else None) or {}
    score = scores[reference.scorer or next(iter(scores))]
    none = score.value == NOANSWER or score.answer == "" or (tells and score.answer is None)
    return NO_ANSWER if value == 0 and none else ""


def _foreign_value(reference: TaskEval, sample: EvalSample) -> float | None:
    """The value of a foreign task's score in [0, 1]; None when Inspect left it unscored."""
    scores = sample.scores or {}
    name = reference.scorer or next(iter(scores))
    if name not in scores:
        known = ", ".join(scores)
        raise UserError(f"{reference.task}: no scorer '{name}'; there is {known}")
    value: Any = scores[name].value
    where = f"{reference.task}, scorer {name}"
    if isinstance(value, Mapping):
        if reference.key is None or reference.key not in value:
            known = ", ".join(map(str, value))
            raise UserError(f"{where}: gives several values; name one with `key`: {known}")
        value = value[reference.key]
    if isinstance(value, str):
        if value in LETTERS:
            return LETTERS[value]
        raise UserError(f"{where}: '{value}' is no score from 0 to 1, nor C, P, I or N")
    if not isinstance(value, bool | int | float):
        raise UserError(f"{where}: a {type(value).__name__} is no score from 0 to 1")
    number = float(value)
    if math.isnan(number):
        return None
    if not 0 <= number <= 1:
        raise UserError(
            f"{where}: {number:g} lies outside 0 to 1; name another scorer or key, or have the "
            "task give a share"
        )
    return number


def _reply(cell: Cell, scenario: Scenario, seed: int, sample: EvalSample | None) -> ReplyRow:
    said = [] if sample is None else [plain_message(one) for one in sample.messages]
    score = None if sample is None or not sample.scores else sample.scores.get("rubric")
    findings = ((score.metadata or {}) if score else {}).get("findings", {})
    work = NOTHING_DONE if sample is None else work_in(sample.metadata, sample.messages)
    return ReplyRow(
        eval=cell.eval,
        scenario=scenario.id,
        arm=cell.arm,
        seed=seed,
        prompt=scenario.prompt,
        messages=json.dumps(
            [
                {
                    "role": message.role,
                    "text": message.text,
                    "tool_calls": [_told(call) for call in message.tool_calls],
                }
                for message in said
            ],
            default=str,
        ),
        reply="" if sample is None else sample.output.completion,
        document=document_after(work, scenario.document),
        versions=json.dumps([vars(version) for version in work.versions]),
        findings=json.dumps(findings),
        labels=json.dumps(dict(scenario.labels)),
        error=absence(sample)
        if sample is None or sample.error is None
        else without_keys(f"error: {sample.error.message}"),
    )


def _told(call: ToolCall) -> dict[str, Any]:
    """A call as it is kept; that it could not be read is said only where it is so."""
    return {key: value for key, value in vars(call).items() if key != "unread" or value}


def failures(logs: Iterable[EvalLog]) -> list[str]:
    """The distinct messages of what went wrong in logs as a whole, without keys."""
    messages = [log.error.message for log in logs if log.error is not None]
    return list(dict.fromkeys(without_keys(message) for message in messages))
