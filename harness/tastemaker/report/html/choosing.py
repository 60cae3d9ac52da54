"""Sections on choices and preferences: matrices in heat, rates, win rates, strengths."""

from collections.abc import Iterator

from markupsafe import Markup

from tastemaker.choices import ArmChoices, ChoiceReport
from tastemaker.report.choosing import (
    CHOICES_NOTE,
    MOST_MATRICES,
    MOST_ROWS,
    choice_blocks,
    count,
    moved,
    rated,
)
from tastemaker.report.html.blocks import Block, Lines, Section, Side, Table
from tastemaker.report.html.plots import small_axis, small_row
from tastemaker.report.html.source import Source
from tastemaker.report.preferences import (
    PREDICTED,
    preference_lines,
    preference_notes,
    preference_rows,
)
from tastemaker.report.words import UNKNOWN, estimate, level, share
from tastemaker.results import Results

HEATS = 8
"""Steps of shading above none; the style sheet has a class for each."""
MOST_CLASSES = 40
"""A matrix of more classes is left to the JSON."""


# Choices -----------------------------------------------------------------------------------------


def choices(results: Results, source: Source) -> Section | None:
    """What scenarios called for and what was chosen, as matrices and as rates."""
    if not results.choices:
        return None
    told = choice_blocks(results)
    parts = [
        _choice(number, one, block["lines"])
        for number, (one, block) in enumerate(zip(results.choices, told, strict=True), 1)
    ]
    return Section(
        id="choices", title="What was called for, and what was chosen",
        lead=f"Matrices are in scenarios, outlined what is right. {CHOICES_NOTE}",
        parts=parts,
    )  # fmt: skip


def _choice(number: int, one: ChoiceReport, lines: list[str]) -> Section:
    blocks: list[Block] = [Lines(items=lines)]
    if len(one.panel.classes) <= MOST_CLASSES:
        blocks.append(Side(items=[_matrix(arm) for arm in one.arms[:MOST_MATRICES]]))
    blocks.append(_rates(one))
    if one.changes:
        blocks.append(_changes(one))
    return Section(id=f"choice-{number}", title=one.panel.name, blocks=blocks)


def _matrix(arm: ArmChoices) -> Table:
    """A row for each class that is called for, shaded by the share of the row."""
    classes, table = arm.found.classes, arm.found.table.tolist()
    rows = [
        [name, *(_heat(cell, sum(row), right=at == place) for at, cell in enumerate(row)),
         count(sum(row))]
        for place, (name, row) in enumerate(zip(classes, table, strict=True))
    ]  # fmt: skip
    return Table(
        title=f"{arm.arm}: right {rated(arm.found.accuracy)}",
        columns=["called for", *(f"chose {name}" for name in classes), "in all"],
        numbers=range(1, len(classes) + 2),
        rows=rows,
        form="matrix",
    )


def _heat(cell: float, total: float, *, right: bool) -> Markup:
    part = cell / total if total else 0.0
    step = max(1, round(part * HEATS)) if cell else 0
    outlined = " right" if right else ""
    text = Markup('<span class="heat heat-{}{}">{}</span>')
    return text.format(step, outlined, count(cell))


def _rates(one: ChoiceReport) -> Table:
    rows = [
        [
            arm.arm,
            scores.name,
            str(scores.support),
            count(scores.chosen),
            rated(scores.recall),
            rated(scores.false_trigger),
            UNKNOWN if scores.precision.value is None else share(scores.precision.value),
            UNKNOWN if scores.f1.value is None else share(scores.f1.value),
        ]
        for arm in one.arms
        for scores in arm.found.scores
    ]
    cut = len(rows) - MOST_ROWS
    return Table(
        title="Rates by class",
        columns=[
            "arm", "class", "called for", "chosen", "recall", "false triggers", "precision", "F1",
        ],
        numbers={2, 3, 6, 7},
        rows=rows[:MOST_ROWS],
        note=f"{cut} more rows; the JSON has all." if cut > 0 else "",
    )  # fmt: skip


def _changes(one: ChoiceReport) -> Table:
    rows = [
        [change.candidate, name, moved(recall), moved(false)]
        for change in one.changes
        for name, recall, false in zip(
            one.panel.classes, change.found.recall, change.found.false_trigger, strict=True
        )
    ]
    cut = len(rows) - MOST_ROWS
    return Table(
        title="What each candidate changed",
        columns=["candidate", "class", "recall", "false triggers"],
        rows=rows[:MOST_ROWS],
        note=f"{cut} more rows; the JSON has all." if cut > 0 else "",
    )


# Preferences -------------------------------------------------------------------------------------


def preferred(results: Results, source: Source) -> Section | None:
    """How often a candidate's replies are preferred, at equal length too, and arms by strength."""
    notes = preference_notes(results)
    if not notes:
        return None
    lines = preference_lines(results)
    blocks: list[Block] = list(_rate_tables(results))
    blocks += [Lines(items=lines, title="Lengths, and what is left out")] if lines else []
    return Section(
        id="preferences",
        title="Preferences",
        lead=" ".join(notes),
        blocks=[*blocks, *_strengths(results)],
    )


def _rate_tables(results: Results) -> Iterator[Table]:
    found = [one for one in results.preferences.found if one.rate.pairs]  # type: ignore[union-attr]
    if not found:
        return
    cells = preference_rows(results)
    axis = small_axis(one.paired for one in found)
    yield Table(
        title="How often the candidate is preferred",
        columns=["candidate", "question", "preferred", level(results), "plot", "p",
                 "at equal length", "pairs of scenarios in clusters"],
        numbers={2, 5},
        rows=[
            [row["candidate"], row["question"], row["preferred"], row["interval"],
             small_row(one.paired, axis), row["p"],
             UNKNOWN if one.length is None else estimate(one.length.win_rate, ".1%"), row["sizes"]]
            for row, one in zip(cells, found, strict=True)
        ],
        note="The line in the plot is 50%, no preference.",
    )  # fmt: skip
    yield Table(
        title="How the judge answered",
        columns=["candidate", "question", "won / tied / lost", "same in both orders",
                 "position bias"],
        numbers={2, 3},
        rows=[
            [row["candidate"], row["question"], row["answers"], row["consistency"], row["position"]]
            for row in cells
        ],
        note="Position bias: how often the reply shown first wins, minus one half.",
    )  # fmt: skip


def _strengths(results: Results) -> Iterator[Table]:
    rankings = results.preferences.rankings if results.preferences else ()
    for one in rankings:
        found = one.strengths
        listed = sorted(
            zip(found.arms, found.strengths, found.preferred.tolist(), strict=True),
            key=lambda row: -(row[1].value or 0.0),
        )
        places = [found.arms.index(arm) for arm, _, _ in listed]
        names = [arm for arm, _, _ in listed]
        added = (
            " Half a win and half a loss were added to every arm, as one never wins or loses."
            if found.virtual_opponent
            else ""
        )
        question = "all in all" if one.principle is None else one.principle
        yield Table(
            title=f"Strengths, {question}",
            columns=["arm", "strength", *(f"over {name}" for name in names)],
            numbers=range(2, len(names) + 2),
            rows=[
                [
                    arm,
                    moved(strength, 2),
                    *(UNKNOWN if arm == names[n] else share(chances[place], 2)
                      for n, place in enumerate(places)),
                ]
                for arm, strength, chances in listed
            ],
            note=f"{PREDICTED} Over: how often a reply is predicted to be preferred.{added}",
        )  # fmt: skip
