"""The judge against people, in words: JSON, Markdown and the terminal."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tastemaker.calibration import (
    Against,
    ArmErrors,
    Calibration,
    Disagreement,
    PrincipleCalibration,
    Voice,
)
from tastemaker.escaping import markdown as cell
from tastemaker.escaping import plain
from tastemaker.report.data import correction_data
from tastemaker.report.words import MARKS, UNKNOWN, corrected, estimate
from tastemaker.stats.agreement import Rate
from tastemaker.stats.reported import Estimate

WORST = 20
"""Disagreements shown where a person reads; the JSON has all."""
QUOTED = 240
"""Signs of a quote or note that are shown; the JSON has all."""


# JSON --------------------------------------------------------------------------------------------


def as_data(found: Calibration) -> dict[str, Any]:
    """Plain data with the keys of DESIGN section 3; what is not known is None."""
    return {
        "experiment": found.experiment,
        "record": found.basis.record,
        "min_labels": found.min_labels,
        "principles": [_principle(one) for one in found.principles],
        "criteria": [
            {"eval": one.eval, "principle": one.principle, "criterion": one.criterion}
            | _against(one.against)
            for one in found.criteria
        ],
        "rubrics": [asdict(one) for one in found.rubrics],
        "disagreements": [asdict(one) for one in found.disagreements],
        "plan": asdict(found.plan),
        "counts": asdict(found.counts),
        "families": dict(found.families),
        "notes": list(found.notes),
    }


def as_json(found: Calibration) -> str:
    """`as_data` as indented JSON; strict, so without NaN."""
    return json.dumps(as_data(found), indent=2, allow_nan=False) + "\n"


def _principle(one: PrincipleCalibration) -> dict[str, Any]:
    return {
        "candidate": one.candidate,
        "principle": one.principle,
        "margin": one.margin,
        **_against(one.against),
        "favour": asdict(one.favour),
        "self_preference": asdict(one.own_family) if one.own_family else None,
        "judge_only": {
            "difference": one.judge_only.value,
            "low": one.judge_only.low,
            "high": one.judge_only.high,
            "verdict": one.judge_verdict,
        },
        "corrected": correction_data(one.correction, one.verdict),
        "may_gate": one.may_gate,
        "may_gate_alone": one.may_gate_alone,
        "reason": one.reason,
    }


def _against(one: Against) -> dict[str, Any]:
    found = one.found
    estimates: dict[str, Estimate | Rate] = {
        "agreement": found.agreement,
        "kappa": found.kappa,
        "ac1": found.ac1,
        "alpha": found.alpha,
        "sensitivity": found.sensitivity,
        "specificity": found.specificity,
    }
    return {
        "n": found.items,
        "replies": one.replies,
        "clusters": found.clusters,
        "cannot_say": one.cannot_say,
        "unscored": one.unscored,
        "human_rate": found.human_rate,
        "judge_rate": found.judge_rate,
        **{name: value.value for name, value in estimates.items()},
        "intervals": {name: [value.low, value.high] for name, value in estimates.items()},
        "judge_minus_human": {
            arm: errors.judge_minus_human.value for arm, errors in one.by_arm.items()
        },
        "by_arm": {arm: asdict(errors) for arm, errors in one.by_arm.items()},
        "raters": asdict(one.among),
    }


# Words -------------------------------------------------------------------------------------------


def _stacked(one: Estimate | Rate, form: str = ".2f") -> str:
    """A number with its interval under it."""
    if one.low is None or one.high is None:
        return estimate(one, form)
    between = "–" if one.low >= 0 and "+" not in form else " to "
    return f"{one.value:{form}}\n{one.low:{form}}{between}{one.high:{form}}"


AGREEMENT = ("", "marks", "met", "agree", "kappa", "AC1", "alpha")


def _agreement_row(name: str, one: Against) -> list[str]:
    found = one.found
    return [
        name,
        str(found.items),
        UNKNOWN if found.human_rate is None else f"{found.human_rate:.2f}",
        *(_stacked(number) for number in (found.agreement, found.kappa, found.ac1, found.alpha)),
    ]


def _among_row(name: str, one: Against) -> list[str]:
    among = one.among
    return [
        name,
        str(among.replies),
        UNKNOWN if among.pass_rate is None else f"{among.pass_rate:.2f}",
        *(_stacked(number) for number in (among.agreement, among.kappa, among.ac1, among.alpha)),
    ]


ERRORS = ("", "arm", "both met", "people", "judge", "none",
          "sens.", "spec.", "judge - people")  # fmt: skip
"""Counts of marks: both say met, people alone, the judge alone, neither."""


def _error_rows(name: str, one: Against) -> list[list[str]]:
    def row(arm: str, errors: ArmErrors) -> list[str]:
        marks = errors.marks
        counts = (marks.met_met, marks.met_unmet, marks.unmet_met, marks.unmet_unmet)
        return [
            name,
            arm,
            *map(str, counts),
            _stacked(errors.sensitivity),
            _stacked(errors.specificity),
            _stacked(errors.judge_minus_human, "+.3f"),
        ]

    return [row(arm, errors) for arm, errors in one.by_arm.items()]


VERDICTS = ("principle", "", "judge alone", "corrected", "lambda", "labelled", "would need")


def _verdict_rows(one: PrincipleCalibration) -> list[str]:
    by = one.correction
    judge = f"{MARKS[one.judge_verdict]} {one.judge_verdict}\n{_stacked(one.judge_only, '+.3f')}"
    if by is None:
        return [one.principle, one.candidate, judge, UNKNOWN, UNKNOWN, "0", UNKNOWN]
    return [
        one.principle,
        one.candidate,
        judge,
        f"{MARKS[one.verdict]} {one.verdict}\n{_stacked(corrected(by), '+.3f')}",
        f"{by.lam:.2f}",
        f"{by.labelled} of {by.labelled + by.unlabelled}",
        UNKNOWN if by.labels_needed is None else str(by.labels_needed),
    ]


def _labels(found: Calibration) -> list[tuple[str, Against]]:
    """Principles, by candidate where there are several, and then criteria."""
    several = len({one.candidate for one in found.principles}) > 1
    return [
        (f"{one.principle} ({one.candidate})" if several else one.principle, one.against)
        for one in found.principles
    ] + _criteria(found)


def _criteria(found: Calibration) -> list[tuple[str, Against]]:
    """Those of principles with several: of one alone the principle says the same."""
    several = Counter(one.principle for one in found.criteria)
    evals = len({one.eval for one in found.criteria}) > 1
    return [
        (f"{one.principle}/{one.criterion}" + (f" in {one.eval}" if evals else ""), one.against)
        for one in found.criteria
        if several[one.principle] > 1
    ]


def _all_errors(found: Calibration) -> list[list[str]]:
    """Each arm once: the baseline's errors are the same for every candidate."""
    rows = [
        row
        for one in found.principles
        for row in (*_error_rows(one.principle, one.against), _favour_row(one))
    ]
    rows += [row for one in _criteria(found) for row in _error_rows(*one)]
    return list({(row[0], row[1]): row for row in rows}.values())


def _favour_row(one: PrincipleCalibration) -> list[str]:
    """By how much more the judge exceeds people on the candidate than on the baseline."""
    arms = " - ".join(reversed(list(one.against.by_arm)))
    return [one.principle, arms, *[""] * (len(ERRORS) - 3), _stacked(one.favour, "+.3f")]


def count_lines(found: Calibration) -> list[str]:
    """What there is, and what was left out, in words."""
    counts, plan = found.counts, found.plan
    lines = [
        f"{counts.marks} marks of {counts.raters} {'rater' if counts.raters == 1 else 'raters'} "
        f"on {counts.replies} replies, {counts.consensus} agreed afterwards; of the "
        f"{plan.replies} readings that the plan asks for, {plan.finished} are finished. "
        f"Cannot say: {counts.cannot_say}; it counts as neither met nor unmet.",
        *found.notes,
    ]
    for one in found.principles:
        if one.own_family is not None:
            lines.append(
                f"Self-preference on {one.principle} ({one.candidate}), judge - people on the arm "
                "of the judge's family less the same on the other arm: "
                f"{estimate(one.own_family, '+.3f')}."
            )
        if one.correction:
            lines += [f"{one.principle} ({one.candidate}): {n}" for n in one.correction.notes]
    return lines


ASSUMED = (
    "Corrected by tuned prediction-powered inference: marks on one seed of both arms, the judge on "
    "all seeds of the other scenarios. Assumed: scenarios were drawn with the plan's chances. "
    "P-values are Student's, Holm's family is the gate's."
)


def _value(value: float | None) -> str:
    words = {None: "cannot say", 1.0: "met", 0.0: "unmet"}
    return words.get(value, "" if value is None else f"{value:g}")


def _voice(one: Voice) -> str:
    parts = [f"{one.who}: {_value(one.value)}"]
    parts += [f"“{_short(one.quote)}”"] if one.quote else []
    parts += [f"({_short(one.note)})"] if one.note else []
    return " ".join(parts)


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= QUOTED else f"{one_line[: QUOTED - 1]}…"


def _place(one: Disagreement) -> str:
    return f"{one.principle}/{one.criterion}, {one.eval} {one.scenario}, {one.arm}, seed {one.seed}"


# Terminal ----------------------------------------------------------------------------------------


def print_calibration(found: Calibration, console: Console) -> None:
    """Whether the judge may gate comes first and last; in between, what it rests on."""
    for text in count_lines(found):
        console.print(escape(plain(text)))
    console.print()
    console.print(_table("Verdicts, judge alone and corrected", VERDICTS, _rows_of_verdicts(found)))
    console.print(f"{ASSUMED}\n", style="dim")
    labels = _labels(found)
    console.print(
        _table("Judge against people", AGREEMENT, [_agreement_row(*one) for one in labels])
    )
    console.print()
    rows = _all_errors(found)
    console.print(
        _table(
            "Errors by arm; marks that both, people or the judge alone, or none call met",
            ERRORS,
            rows,
        )
    )
    console.print()
    doubly = [_among_row(*one) for one in labels if one[1].among.replies]
    if doubly:
        header = ("", "replies", *AGREEMENT[2:])
        console.print(_table("People among themselves", header, doubly))
    else:
        console.print("People among themselves: no reply is marked by two raters.")
    console.print()
    _print_disagreements(found, console)
    for principle in found.principles:
        name, rest = principle.principle, f" ({principle.candidate}): {principle.reason}"
        console.print(f"[bold]{escape(plain(name))}[/bold]{escape(plain(rest))}")
    for rubric in found.rubrics:
        console.print(f"[bold]{escape(plain(rubric.reason))}[/bold]")


def _rows_of_verdicts(found: Calibration) -> list[list[str]]:
    return [_verdict_rows(one) for one in found.principles]


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.header_style = "dim"
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(
            *("\n".join(escape(plain(line)) for line in text.split("\n")) for text in row)
        )
    return table


def _print_disagreements(found: Calibration, console: Console) -> None:
    if not found.disagreements:
        return
    console.print(_heading(found))
    for one in found.disagreements[:WORST]:
        console.print(f"  {escape(plain(_place(one)))}")
        for voice in (*one.people, one.judge):
            console.print(f"    {escape(plain(_voice(voice)))}")
    console.print()


def _heading(found: Calibration) -> str:
    there, shown = len(found.disagreements), min(WORST, len(found.disagreements))
    which = "" if shown == there else f", the {shown} worst"
    return f"Disagreements: {there}{which} (all in --json)"


# Markdown ----------------------------------------------------------------------------------------


def as_markdown(found: Calibration) -> str:
    """The calibration; ends with one line end."""
    labels = _labels(found)
    blocks = [
        f"# Calibration: {cell(found.experiment)}",
        "\n".join(f"- {cell(one.reason)}" for one in found.rubrics),
        "\n".join(
            f"- **{cell(one.principle)}** ({cell(one.candidate)}): {cell(one.reason)}"
            for one in found.principles
        ),
        "\n".join(f"- {cell(text)}" for text in count_lines(found)),
        "## Verdicts, judge alone and corrected",
        _markdown_table(VERDICTS, _rows_of_verdicts(found)),
        ASSUMED,
        "## Judge against people",
        _markdown_table(AGREEMENT, [_agreement_row(*one) for one in labels]),
        "## Errors by arm",
        "Marks that both, people alone, the judge alone, or none call met; then shares and means.",
        _markdown_table(ERRORS, _all_errors(found)),
        "## People among themselves",
        _markdown_table(
            ("", "replies", *AGREEMENT[2:]),
            [_among_row(*one) for one in labels if one[1].among.replies],
        )
        if any(one.among.replies for _, one in labels)
        else "No reply is marked by two raters.",
        f"## {_heading(found)}" if found.disagreements else "",
        "\n".join(
            f"- {cell(_place(one))}\n"
            + "\n".join(f"  - {cell(_voice(voice))}" for voice in (*one.people, one.judge))
            for one in found.disagreements[:WORST]
        ),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[cell(" ".join(text.split("\n"))) for text in line] for line in (header, *rows)]
    lines.insert(1, ["---"] * len(header))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
