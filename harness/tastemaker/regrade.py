"""Grade finished logs anew, by another rubric or judge, without new replies."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from tastemaker.content import Place
from tastemaker.errors import UserError
from tastemaker.experiment import Grader as GraderEntry
from tastemaker.grade import Grading, RubricGrader
from tastemaker.graders import GradeStore, open_panel
from tastemaker.journal import digest
from tastemaker.judge.grader import template_hash, together
from tastemaker.logs import UNREAD, absence, logs_by_identity, principle_reason
from tastemaker.reading import shown
from tastemaker.record import RECORD, schedule_of
from tastemaker.recorded import RECORDED_MODEL, told_malformed
from tastemaker.records import Call, Reply, ReplyRow, ScoreRow
from tastemaker.rubric import Criterion, Rubric, Score, load_rubric, score_reply, scores_by_grader
from tastemaker.tables import (
    REPLIES,
    SCHEMAS,
    SCORES,
    read_table,
    reply_table,
    score_table,
    write_tables,
)
from tastemaker.task import own_criteria, reply_of_sample
from tastemaker.template import slug

SIDECAR = "regraded"
ABOUT = "regrade.json"
AT_ONCE = 200
UNSCORED = Score(None, "unscored")
"""Of a principle that nothing which applies could earn a point for."""
Place4 = tuple[str, str, str, int]
"""Eval, arm, scenario and seed: what tells replies apart."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """How one principle of one arm came out before and now, over the replies scored both times."""

    eval: str
    arm: str
    principle: str
    before: float | None
    after: float | None
    replies: int
    changed: int
    """Of these, how many have another score now."""


@dataclass(frozen=True, kw_only=True)
class Regraded:
    """What came of it, and where it stands."""

    folder: Path
    replies: int
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()
    """What may be wrong with the replies themselves."""


def regrade(
    folder: Path,
    store: GradeStore,
    place: Place,
    *,
    rubric: Rubric | None = None,
    graders: Sequence[GraderEntry] | None = None,
) -> Regraded:
    """Grade the replies in a folder of logs, and write the tables into a folder of their own in it.

    The logs and the tables of the run stay as they are. Criteria that a scenario brought itself
    are graded with the rubric's; under another rubric, those of principles that it has too. What
    is not in a log (scores from a file, replies that are missing) is taken over from the run's
    tables, so that an unchanged rubric and judge give the same tables again.

    Args:
        folder: Where logs stand, of a run or of `inspect eval`.
        store: Where judges' answers are kept.
        place: Where the names of rubrics are looked up.
        rubric: For all logs; by default each eval's own, by its name in the record of the run.
        graders: Who judges; by default those of the record.

    Raises:
        UserError: There is no finished log, or it is not known by what to grade it.
    """
    record = _record(folder)
    headers = [one for one in _headers(folder, record) if _has_rubric(_eval(one), record)]
    if graders is None:
        graders = _graders_of(record)
    rubrics = {name: rubric or _rubric_of(name, record, place) for name in map(_eval, headers)}
    known, told = _known_rows(folder, SCORES), _known_rows(folder, REPLIES)
    scores: dict[Place4, list[ScoreRow]] = {}
    replies: dict[Place4, ReplyRow] = {}
    made: dict[str, list[tuple[str, int, Call]]] = {}
    for header in headers:
        samples = _samples(header, record)
        rubric_of_log = _still_asked(rubrics[_eval(header)], header, record)
        for sample, mine, reply, graded in _graded(samples, rubric_of_log, graders, store):
            base = _base(header, sample, rubric_of_log, known)
            place4 = (base.eval, base.arm, base.scenario, base.seed)
            scores[place4] = list(_score_rows(base, mine, reply, graded, graders))
            if str(header.eval.model) == RECORDED_MODEL:
                calls = ((base.scenario, base.seed, call) for call in reply.work.calls)
                made.setdefault(base.arm, []).extend(calls)
            replies[place4] = _reply_row(base, reply, graded, told.get(place4))
    about = {
        "rubrics": {
            name: [one.rubric, one.version, one.fingerprint] for name, one in rubrics.items()
        },
        "graders": [one.model_dump(mode="json") for one in graders],
        "judge": template_hash(),
        "logs": sorted({header.location.rsplit("/", 1)[-1] for header in headers}),
    }
    rows = [row for some in scores.values() for row in some]
    all_scores = _taken_over(known, scores, ScoreRow)
    all_replies = _taken_over(told, {key: [row] for key, row in replies.items()}, ReplyRow)
    written = _write(folder, about, all_scores, all_replies)
    return Regraded(
        folder=written,
        replies=len(replies),
        changes=tuple(_changes(known, rows)),
        warnings=tuple(told for arm, calls in made.items() for told in told_malformed(arm, calls)),
    )


Row = TypeVar("Row", ScoreRow, ReplyRow)


def _taken_over(
    known: Mapping[Place4, Sequence[Mapping[str, Any]]],
    graded: Mapping[Place4, Sequence[Row]],
    kind: type[Row],
) -> list[Row]:
    """The rows of the run's table in its order, with those of what was graded again put in."""
    rows: list[Row] = []
    for place in dict.fromkeys([*known, *graded]):
        rows += graded[place] if place in graded else [kind(**row) for row in known[place]]
    return rows


@dataclass(frozen=True, kw_only=True)
class FinishedReply:
    """One reply of a finished log."""

    eval: str
    arm: str
    scenario: str
    seed: int
    cluster: str
    reply: Reply


def finished_replies(folder: Path) -> list[FinishedReply]:
    """The replies of the logs in a folder; UserError when there are none."""
    return [
        FinishedReply(
            eval=_eval(header),
            arm=_arm(header),
            scenario=str(sample.id),
            seed=sample.epoch,
            cluster=str(sample.metadata.get("cluster", sample.id)),
            reply=reply_of_sample(sample),
        )
        for record in [_record(folder)]
        for header in _headers(folder, record)
        for sample in _samples(header, record)
    ]


def _record(folder: Path) -> Mapping[str, Any]:
    path = folder / RECORD
    record: Mapping[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return record


def _headers(folder: Path, record: Mapping[str, Any]) -> list[EvalLog]:
    """Of a run, the logs that its record names; else all that ended well."""
    if not folder.is_dir():
        raise UserError(f"{shown(folder)}: no such folder")
    if record:
        found = logs_by_identity(str(folder))
        cells = [cell for cell in record["cells"] if cell["identity"] in found]
        headers = [_named(found[cell["identity"]], cell) for cell in cells]
    else:
        infos = list_eval_logs(str(folder))
        headers = [read_eval_log(info, header_only=True) for info in infos]
    finished = [header for header in headers if header.status == "success" or record]
    if not finished:
        raise UserError(f"{shown(folder)}: no finished log there")
    return finished


def _named(header: EvalLog, cell: Mapping[str, Any]) -> EvalLog:
    """The header with the names that its eval and arm have now: an arm may have been renamed.

    And with the look that it serves, and what that asked: one log may serve several looks.
    """
    names = {key: cell[key] for key in ("eval", "arm", "look", "principles") if key in cell}
    metadata = {**(header.eval.metadata or {}), **names}
    about = header.eval.model_copy(update={"metadata": metadata})
    return header.model_copy(update={"eval": about})


def _samples(header: EvalLog, record: Mapping[str, Any]) -> list[EvalSample]:
    """The samples of a log that have a reply; of a run in looks, those that its look brought in."""
    log = read_eval_log(header.location, exclude_fields=UNREAD)
    samples = [one for one in log.samples or [] if not absence(one)]
    schedule, look = schedule_of(record), (header.eval.metadata or {}).get("look")
    if schedule is None or look is None:
        return samples
    dataset = record["evals"][_eval(header)]["dataset"]
    return [
        one
        for one in samples
        if schedule.look_of(dataset, str(one.metadata.get("cluster", one.id))) == look
    ]


def _still_asked(rubric: Rubric, header: EvalLog, record: Mapping[str, Any]) -> Rubric:
    """The rubric without the principles that were decided before the look of a log."""
    schedule, asked = schedule_of(record), (header.eval.metadata or {}).get("principles")
    if schedule is None or asked is None:
        return rubric
    decided = set(schedule.principles[_eval(header)]) - set(asked)
    return rubric.only([name for name in rubric.principles if name not in decided])


def _eval(header: EvalLog) -> str:
    return str((header.eval.metadata or {}).get("eval", header.eval.task))


def _arm(header: EvalLog) -> str:
    return str((header.eval.metadata or {}).get("arm", header.eval.model))


def _graders_of(record: Mapping[str, Any]) -> list[GraderEntry]:
    written = record.get("grader") or []
    listed = written if isinstance(written, list) else [written]
    return [GraderEntry.model_validate(one) for one in listed]


def _has_rubric(name: str, record: Mapping[str, Any]) -> bool:
    """Whether an eval was graded by a rubric; somebody else's task was not."""
    evals: Mapping[str, Any] = record.get("evals", {})
    return name not in evals or bool(evals[name]["rubric"])


def _rubric_of(name: str, record: Mapping[str, Any], place: Place) -> Rubric:
    told = record.get("evals", {}).get(name, {}).get("rubric")
    if not told:
        raise UserError(f"{name}: the logs do not name a rubric; give one with --rubric")
    try:
        return load_rubric(told, place)
    except UserError as error:
        raise UserError(f"{error}\n{name}: give the rubric's file with --rubric") from error


def _known_rows(folder: Path, name: str) -> dict[Place4, list[dict[str, Any]]]:
    """What one of the run's own tables says of each reply; empty where there is none."""
    if not (folder / name).is_file():
        return {}
    rows: dict[Place4, list[dict[str, Any]]] = {}
    for row in read_table(folder / name, SCHEMAS[name].names).to_pylist():
        rows.setdefault((row["eval"], row["arm"], row["scenario"], row["seed"]), []).append(row)
    return rows


def _graded(
    samples: Sequence[EvalSample],
    rubric: Rubric,
    entries: Sequence[GraderEntry],
    store: GradeStore,
) -> Iterator[tuple[EvalSample, Rubric, Reply, Grading]]:
    """Each sample with the rubric that holds for it, its reply, and what was found."""
    import anyio

    usual = RubricGrader(rubric)
    graders = [_extended(usual, own_criteria(sample)) for sample in samples]
    own = usual.own_graders().union(*(one.own_graders() for one in graders))
    panel = open_panel(entries, own, store)
    for start in range(0, len(samples), AT_ONCE):
        batch = samples[start : start + AT_ONCE]
        by = graders[start : start + AT_ONCE]
        replies = [reply_of_sample(one) for one in batch]
        tasks = [one.grade(reply, panel) for one, reply in zip(by, replies, strict=True)]
        found = anyio.run(together, tasks)
        yield from zip(batch, [one.rubric for one in by], replies, found, strict=True)


def _extended(usual: RubricGrader, own: Mapping[str, Mapping[str, Criterion]]) -> RubricGrader:
    """With a scenario's own criteria, but for those that the rubric has no place for."""
    principles = usual.rubric.principles
    fitting = {
        principle: {
            name: criterion
            for name, criterion in criteria.items()
            if name not in principles[principle].criteria
        }
        for principle, criteria in own.items()
        if principle in principles
    }
    return RubricGrader(usual.rubric.extended(fitting)) if any(fitting.values()) else usual


def _base(
    header: EvalLog,
    sample: EvalSample,
    rubric: Rubric,
    known: Mapping[Place4, Sequence[Mapping[str, Any]]],
) -> ScoreRow:
    """A row with all but the score filled in: as the run's table has it, else as the log says."""
    place = (_eval(header), _arm(header), str(sample.id), sample.epoch)
    metadata = sample.metadata
    row = ScoreRow(
        eval=place[0],
        arm=place[1],
        model=str(header.eval.model),
        scenario=place[2],
        cluster=str(metadata.get("cluster", sample.id)),
        stratum=str(metadata.get("stratum", "")),
        split=str(metadata.get("split", "dev")),
        seed=place[3],
        principle="",
        value=None,
        log=header.location.rsplit("/", 1)[-1],
    )
    if place in known:
        # The last is a criterion's, which has the scenario's own weight; a principle's may have
        # that many times.
        row = ScoreRow(**known[place][-1])
    return replace(
        row,
        rubric=rubric.rubric,
        rubric_version=rubric.version,
        rubric_hash=rubric.fingerprint,
        principle="",
        criterion=None,
        weight=1.0,
        grader="",
        value=None,
        reason="",
        should=None,
        did=None,
        votes=None,
    )


def _score_rows(
    base: ScoreRow,
    rubric: Rubric,
    reply: Reply,
    graded: Grading,
    graders: Sequence[GraderEntry],
) -> Iterator[ScoreRow]:
    usage = graded.usage
    base = replace(
        base,
        grader_calls=usage.calls or None,
        grader_replayed=usage.replayed if usage.calls else None,
        grader_input_tokens=usage.input_tokens if usage.calls else None,
        grader_output_tokens=usage.output_tokens if usage.calls else None,
        grader_cost=usage.cost,
        grader_paid=usage.paid,
    )
    applicable = dict(rubric.applicable(reply.labels))
    alone = scores_by_grader(rubric, graded.findings, reply.labels)
    scored = score_reply(rubric, graded.findings, reply.labels)
    for name in dict.fromkeys(principle for principle, _ in applicable):
        value, told = scored.get(name, UNSCORED)
        why = [
            found.reason
            for key, found in graded.findings.items()
            if key[0] == name and found.value is None
        ]
        votes = json.dumps(list(alone[name].items())) if name in alone else None
        reason = principle_reason(told, why)
        weight = base.scenario_weight * rubric.principles[name].times(reply.expect)
        yield replace(
            base,
            principle=name,
            scenario_weight=weight,
            value=value,
            reason=reason,
            votes=votes,
        )
    usual = ", ".join(one.model for one in graders)
    for (principle, name), criterion in applicable.items():
        found = graded.findings[principle, name]
        yield replace(
            base,
            principle=principle,
            criterion=name,
            weight=criterion.weight_for(reply.labels),
            grader="check" if criterion.check else criterion.grader or usual,
            value=found.value,
            reason="" if found.value is not None else found.reason,
            should=found.should,
            did=found.did,
            votes=json.dumps(found.votes) if found.votes else None,
        )


def _reply_row(
    base: ScoreRow, reply: Reply, graded: Grading, known: Sequence[Mapping[str, Any]] | None
) -> ReplyRow:
    """The row of the run with what was found now; without a run, as far as the log says it."""
    findings = {".".join(key): vars(found) for key, found in graded.findings.items()}
    if known:
        return ReplyRow(**{**known[0], "findings": json.dumps(findings)})
    messages = [
        {
            "role": message.role,
            "text": message.text,
            "tool_calls": [vars(call) for call in message.tool_calls],
        }
        for message in reply.messages
    ]
    return ReplyRow(
        eval=base.eval,
        scenario=base.scenario,
        arm=base.arm,
        seed=base.seed,
        prompt=reply.prompt,
        messages=json.dumps(messages, default=str),
        reply=reply.text,
        document=reply.document,
        versions=json.dumps([vars(version) for version in reply.work.versions]),
        findings=json.dumps(findings),
        labels=json.dumps(dict(reply.labels)),
    )


def _write(
    folder: Path,
    about: Mapping[str, Any],
    scores: Iterable[ScoreRow],
    replies: Iterable[ReplyRow],
) -> Path:
    """The tables into a folder named by who graded, and by the hash of all that decided."""
    graders = slug("-".join(one["model"] for one in about["graders"])) or "checks"
    place = folder / SIDECAR / f"{graders}-{digest(about)[:8]}"
    place.mkdir(parents=True, exist_ok=True)
    write_tables(place, score_table(scores), reply_table(replies))
    (place / ABOUT).write_text(json.dumps(about, indent=2), encoding="utf-8")
    return place


def _changes(
    known: Mapping[Place4, Sequence[Mapping[str, Any]]], scores: Iterable[ScoreRow]
) -> Iterator[Change]:
    """Each principle of each arm, before and now; before is None where there was no score."""
    before = {
        (place, row["principle"]): row["value"]
        for place, rows in known.items()
        for row in rows
        if row["criterion"] is None
    }
    pairs: dict[tuple[str, str, str], list[tuple[float | None, float | None]]] = {}
    for row in scores:
        if row.criterion is None:
            was = before.get(((row.eval, row.arm, row.scenario, row.seed), row.principle))
            pairs.setdefault((row.eval, row.arm, row.principle), []).append((was, row.value))
    for (name, arm, principle), values in pairs.items():
        both = [(was, now) for was, now in values if was is not None and now is not None]
        scored = [now for _, now in values if now is not None]
        yield Change(
            eval=name,
            arm=arm,
            principle=principle,
            before=sum(was for was, _ in both) / len(both) if both else None,
            after=sum(scored) / len(scored) if scored else None,
            replies=len(both),
            changed=sum(was != now for was, now in both),
        )
