"""Grade documents by a rubric: the table of documents and criteria, and its forms."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tastemaker.documents import Document
from tastemaker.errors import UserError
from tastemaker.escaping import markdown, spreadsheet
from tastemaker.grade import Key, Panel, RubricGrader
from tastemaker.judge.grader import Usage, together, total
from tastemaker.reading import printable, shown
from tastemaker.recorded import read_replies_file
from tastemaker.records import Finding, Reply
from tastemaker.rubric import Rubric, Score, score_reply
from tastemaker.scenario import Dataset

if TYPE_CHECKING:
    import rich.console

AT_ONCE = 200
"""Documents in work at the same time; how many calls that makes, Inspect decides."""


@dataclass(frozen=True, kw_only=True)
class GradedDocument:
    """One document with what was found."""

    name: str
    findings: Mapping[Key, Finding]
    scores: Mapping[str, Score]
    """By principle; of the rubric's principles those that apply."""
    usage: Usage


def recorded_documents(paths: Sequence[Path], dataset: Dataset) -> list[Document]:
    """Recorded replies as documents, each with the prompt of its scenario and what checks take.

    UserError for what `read_replies_file` refuses, and for a reply to a scenario of which more
    than that counts: only a run has the turns, deeds and criteria of its own.
    """
    known = {scenario.id: scenario for scenario in dataset.scenarios}
    documents = []
    for path in paths:
        replies = read_replies_file(path, {dataset.name: known})[dataset.name]
        for (name, seed), recorded in replies.items():
            scenario = known[name]
            if scenario.criteria or scenario.environment or len(scenario.messages) > 1:
                raise UserError(
                    f"{shown(path)}: scenario '{name}' is more than a prompt: grade its replies in "
                    "an experiment, as an arm of `replies`"
                )
            documents.append(
                Document(
                    name=f"{shown(path)}:{name}" + (f":{seed}" if seed > 1 else ""),
                    text=recorded.reply,
                    prompt=scenario.prompt,
                    reference=scenario.reference,
                    labels=scenario.labels,
                    expect=scenario.expect,
                )
            )
    return documents


async def grade_documents(
    rubric: Rubric, documents: Sequence[Document], panel: Panel
) -> list[GradedDocument]:
    """Each document graded by the rubric, as the reply and as the document that it is about."""
    grader = RubricGrader(rubric)

    async def graded(document: Document) -> GradedDocument:
        reply = Reply(
            text=document.text,
            prompt=document.prompt,
            document=document.text,
            reference=document.reference,
            expect=document.expect,
            labels=document.labels,
        )
        findings, usage = await grader.grade(reply, panel)
        scores = score_reply(rubric, findings, document.labels)
        return GradedDocument(name=document.name, findings=findings, scores=scores, usage=usage)

    done: list[GradedDocument] = []
    for start in range(0, len(documents), AT_ONCE):
        done += await together([graded(one) for one in documents[start : start + AT_ONCE]])
    return done


def mark(value: float | None) -> str:
    """A criterion's value as a sign: met, not met, unscored, or the share between."""
    if value is None:
        return "?"
    return {1.0: "yes", 0.0: "no"}.get(value, f"{value:.2f}")


def points(score: Score | None) -> str:
    """A principle's score in words: "" where it does not apply."""
    if score is None:
        return ""
    return "unscored" if score.value is None else f"{score.value:.2f}"


def as_data(rubric: Rubric, graded: Sequence[GradedDocument]) -> dict[str, Any]:
    """All of it as plain data."""
    usage = total(one.usage for one in graded)
    return {
        "rubric": rubric.rubric,
        "version": rubric.version,
        "rubric_hash": rubric.fingerprint,
        "documents": [
            {
                "document": one.name,
                "principles": {name: score._asdict() for name, score in one.scores.items()},
                "criteria": {
                    "/".join(key): {
                        "value": finding.value,
                        "reason": finding.reason,
                        "quote": finding.quote,
                    }
                    for key, finding in one.findings.items()
                },
            }
            for one in graded
        ],
        "grader": usage._asdict(),
    }


def as_json(rubric: Rubric, graded: Sequence[GradedDocument]) -> str:
    """As one JSON object."""
    return json.dumps(as_data(rubric, graded), indent=2, ensure_ascii=False) + "\n"


def as_csv(graded: Sequence[GradedDocument]) -> str:
    """One row for each principle and each criterion of each document; no text is a formula."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["document", "principle", "criterion", "value", "reason", "quote"])
    for one in graded:
        for principle, score in one.scores.items():
            rows.writerow(_cells(one.name, principle, "", score.value, score.reason, ""))
        for (principle, name), found in one.findings.items():
            rows.writerow(_cells(one.name, principle, name, found.value, found.reason, found.quote))
    return out.getvalue()


def _cells(*values: str | float | None) -> list[str | float | None]:
    return [spreadsheet(value) if isinstance(value, str) else value for value in values]


def as_markdown(rubric: Rubric, graded: Sequence[GradedDocument]) -> str:
    """Documents by principles, then each document's criteria with their quotes."""
    names = list(rubric.principles)
    lines = [
        f"# {markdown(rubric.rubric)}, version {rubric.version}",
        "",
        _row(["document", *names]),
        _row(["---", *["---:"] * len(names)]),
    ]
    lines += [
        _row([markdown(one.name), *(points(one.scores.get(name)) for name in names)])
        for one in graded
    ]
    for one in graded:
        lines += ["", f"## {markdown(one.name)}", "", _row(["criterion", "", "why", "quote"])]
        lines += [_row(["---"] * 4)]
        lines += [
            _row(["/".join(key), mark(found.value), markdown(found.reason), markdown(found.quote)])
            for key, found in one.findings.items()
        ]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def print_graded(
    rubric: Rubric, graded: Sequence[GradedDocument], console: "rich.console.Console"
) -> None:
    """Documents by principles, then what is not satisfied or unscored, with its quote."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(f"{rubric.rubric}, version {rubric.version}"))
    table.add_column("document", overflow="fold")
    for name in rubric.principles:
        table.add_column(Text(name), justify="right")
    for one in graded:
        told = [points(one.scores.get(name)) for name in rubric.principles]
        table.add_row(Text(one.name), *told)
    console.print(table)
    for one in graded:
        console.print(Text(f"\n{one.name}", style="bold"))
        for (principle, name), found in one.findings.items():
            why = ", ".join(filter(None, [found.reason, found.quote and f'"{found.quote}"']))
            line = f"  {mark(found.value):>4}  {principle}/{name}  {printable(why)}"
            console.print(Text(line), soft_wrap=True)
