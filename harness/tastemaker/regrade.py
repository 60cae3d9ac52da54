"""Grade finished logs anew, by another rubric or judge, without new replies."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from tastemaker.content import Place
from tastemaker.errors import UserError
from tastemaker.experiment import Grader as GraderEntry
from tastemaker.grade import Grading, Panel, RubricGrader
from tastemaker.graders import GradeStore, open_panel
from tastemaker.journal import digest
from tastemaker.judge.grader import template_hash, together
from tastemaker.logs import UNREAD, absence, logs_by_identity
from tastemaker.reading import shown
from tastemaker.record import RECORD, schedule_of
from tastemaker.records import Reply, ReplyRow, ScoreRow
from tastemaker.rubric import Rubric, load_rubric, score_reply
from tastemaker.tables import (
    SCORES,
    read_table,
    reply_table,
    score_table,
    write_tables,
)
from tastemaker.task import reply_of_sample
from tastemaker.template import slug

SIDECAR = "regraded"
ABOUT = "regrade.json"
AT_ONCE = 200
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
    are not graded again: a log does not hold them.

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
    headers = _headers(folder, record)
    if graders is None:
        graders = _graders_of(record)
    rubrics = {name: rubric or _rubric_of(name, record, place) for name in map(_eval, headers)}
    own = {name for one in rubrics.values() for name in RubricGrader(one).own_graders()}
    panel = open_panel(graders, own, store)
    known = _known_rows(folder)
    scores: list[ScoreRow] = []
    replies: list[ReplyRow] = []
    for header in headers:
        samples = _samples(header, record)
        mine = _still_asked(rubrics[_eval(header)], header, record)
        for sample, reply, graded in _graded(samples, mine, panel):
            base = _base(header, sample, mine, known)
            scores += _score_rows(base, mine, reply, graded, graders)
            replies.append(_reply_row(base, reply, graded))
    about = {
        "rubrics": {
            name: [one.rubric, one.version, one.fingerprint] for name, one in rubrics.items()
        },
        "graders": [one.model_dump(mode="json") for one in graders],
        "judge": template_hash(),
        "logs": sorted({header.location.rsplit("/", 1)[-1] for header in headers}),
    }
    written = _write(folder, about, scores, replies)
    return Regraded(folder=written, replies=len(replies), changes=tuple(_changes(known, scores)))


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


def _rubric_of(name: str, record: Mapping[str, Any], place: Place) -> Rubric:
    told = record.get("evals", {}).get(name, {}).get("rubric")
    if not told:
        raise UserError(f"{name}: the logs do not name a rubric; give one with --rubric")
    try:
        return load_rubric(told, place)
    except UserError as error:
        raise UserError(f"{error}\n{name}: give the rubric's file with --rubric") from error


def _known_rows(folder: Path) -> dict[Place4, list[dict[str, Any]]]:
    """What the run's own table says of each reply; empty where there is none."""
    if not (folder / SCORES).is_file():
        return {}
    rows: dict[Place4, list[dict[str, Any]]] = {}
    for row in read_table(folder / SCORES).to_pylist():
        rows.setdefault((row["eval"], row["arm"], row["scenario"], row["seed"]), []).append(row)
    return rows


def _graded(
    samples: Sequence[EvalSample], rubric: Rubric, panel: Panel
) -> Iterator[tuple[EvalSample, Reply, Grading]]:
    import anyio

    grader = RubricGrader(rubric)
    for start in range(0, len(samples), AT_ONCE):
        batch = samples[start : start + AT_ONCE]
        replies = [reply_of_sample(one) for one in batch]
        tasks = [grader.grade(reply, panel) for reply in replies]
        yield from zip(batch, replies, anyio.run(together, tasks), strict=True)


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
        row = ScoreRow(**known[place][0])
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
        grader_input_tokens=usage.input_tokens if usage.calls else None,
        grader_output_tokens=usage.output_tokens if usage.calls else None,
        grader_cost=usage.cost,
    )
    for name, score in score_reply(rubric, graded.findings, reply.labels).items():
        yield replace(base, principle=name, value=score.value, reason=score.reason)
    usual = ", ".join(one.model for one in graders)
    for (principle, name), criterion in rubric.applicable(reply.labels):
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
        )


def _reply_row(base: ScoreRow, reply: Reply, graded: Grading) -> ReplyRow:
    messages = [
        {
            "role": message.role,
            "text": message.text,
            "tool_calls": [vars(call) for call in message.tool_calls],
        }
        for message in reply.messages
    ]
    findings = {".".join(key): vars(found) for key, found in graded.findings.items()}
    return ReplyRow(
        eval=base.eval,
        scenario=base.scenario,
        arm=base.arm,
        seed=base.seed,
        prompt=reply.prompt,
        messages=json.dumps(messages, default=str),
        reply=reply.text,
        document=reply.document,
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
