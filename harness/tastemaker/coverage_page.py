"""The coverage of values, told: for the terminal, as a page in Markdown, and as plain data."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from tastemaker.coverage import FEWEST_CLUSTERS, Carrier, Cell, Coverage

INTRODUCTION = f"""\
# Values

<!-- Written by `tastemaker coverage --format markdown -o docs/values.md`; a test compares. -->

What the shipped evals are for, from `rubrics/constitution.yaml`: values, what each demands in which
kind of situation, and the evals and criteria that carry it there. **Holes are named**: a demand
that nothing looks for stands here with its reason.

How to read it:

- A number counts **clusters**, the independent stories in which a value is looked for in a
  situation, over all evals and splits.
- `thin` beside it: fewer than {FEWEST_CLUSTERS}, too few for a verdict on this cell alone.
- `checks` beside it: no judge is asked, so a floor is all that is seen.
- `hole`: demanded, and covered by no eval. An empty cell: not demanded there.
- Among criteria, those in *italics* are checks; the others need a judge.
"""


def matrix(coverage: Coverage) -> list[list[str]]:
    """Situations by values, with names at the top and at the left."""
    values = list(coverage.values.values)
    rows = [["situation", *values]]
    for situation in coverage.values.situations:
        cells = (coverage.by_place.get((value, situation)) for value in values)
        rows.append([situation, *(_short(cell) if cell else "" for cell in cells)])
    return rows


def text(coverage: Coverage) -> str:
    """The matrix with the holes and what is thin below it, for a terminal."""
    rows = list(zip(*matrix(coverage), strict=True))  # values down: names are wide, numbers narrow
    lines = []
    for value, *cells in rows[1:]:
        given = (f"{of} {cell}" for of, cell in zip(rows[0][1:], cells, strict=True) if cell)
        lines.append(f"{value}: {', '.join(given)}")
    for heading, found in (("Holes", coverage.holes), ("Thin", coverage.thin)):
        lines += ["", f"{heading}: {len(found)} of {len(coverage.cells)} demands"]
        lines += [f"  {_named(cell)}" for cell in found]
    unclaimed = [f"{one.name}/{principle}" for one in coverage.evals for principle in one.unclaimed]
    lines += ["", f"Carried by no value: {', '.join(unclaimed) or 'nothing'}"]
    lines += [f"Evals in no situation: {', '.join(coverage.outside) or 'none'}"]
    return "\n".join(lines) + "\n"


def page(coverage: Coverage) -> str:
    """The page about the values, in Markdown."""
    parts = [INTRODUCTION, "## Values by situations", _table(matrix(coverage))]
    parts += ["## Holes", _bullets(coverage.holes), "## Thin", _bullets(coverage.thin)]
    parts += ["## Pairs that pull against each other", "\n".join(_tensions(coverage))]
    parts += ["## The situations", "\n".join(_situations(coverage))]
    for name, cells in groupby(coverage.cells, key=lambda cell: cell.value):
        value = coverage.values.values[name]
        parts += [f"## {name}", value.text.strip(), *map(_section, cells)]
    parts += ["## By eval", _table(_evals(coverage))]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def as_data(coverage: Coverage) -> dict[str, Any]:
    """All of it as plain data."""
    return {
        "demands": [
            asdict(cell)
            | {
                "carriers": [
                    asdict(one) | {"criteria": [criterion._asdict() for criterion in one.criteria]}
                    for one in cell.carriers
                ],
                "clusters": cell.clusters,
                "thin": cell.is_thin,
            }
            for cell in coverage.cells
        ],
        "evals": [asdict(one) for one in coverage.evals],
        "tensions": coverage.values.tensions,
        "outside": coverage.outside,
        "problems": coverage.problems,
        "holes": len(coverage.holes),
    }


def _short(cell: Cell) -> str:
    if not cell.carriers:
        return "hole"
    judged = any(criterion.judged for one in cell.carriers for criterion in one.criteria)
    return " ".join([str(cell.clusters), *["thin"] * cell.is_thin, *["checks"] * (not judged)])


def _named(cell: Cell) -> str:
    why = cell.hole.strip() or ("" if cell.carriers else "no reason is given")
    return f"{cell.value} in {cell.situation}: {cell.demand.strip()}" + (f" ({why})" if why else "")


def _bullets(cells: tuple[Cell, ...]) -> str:
    return "\n".join(f"- {_named(cell)}" for cell in cells) or "None."


def _tensions(coverage: Coverage) -> Iterator[str]:
    for one, other in coverage.values.tensions:
        both = [
            situation
            for situation in coverage.values.situations
            if all((value, situation) in coverage.by_place for value in (one, other))
        ]
        yield f"- **{one}** and **{other}**: both demanded in {', '.join(both) or 'no situation'}"


def _situations(coverage: Coverage) -> Iterator[str]:
    for name, situation in coverage.values.situations.items():
        evals = ", ".join(f"`{one}`" for one in situation.where) or "no eval yet"
        yield f"- **{name}**: {situation.text.strip()} ({evals})"


def _section(cell: Cell) -> str:
    if not cell.carriers:
        return f"**{cell.situation}**: {cell.demand.strip()}\n\n- Hole: {cell.hole.strip()}"
    return f"**{cell.situation}**: {cell.demand.strip()}\n\n" + "\n".join(
        f"- `{one.eval}`, {_counted(one)}: {_criteria(one)}" for one in cell.carriers
    )


def _counted(one: Carrier) -> str:
    scenarios = "1 scenario" if one.scenarios == 1 else f"{one.scenarios} scenarios"
    clusters = "1 cluster" if one.clusters == 1 else f"{one.clusters} clusters"
    return f"{scenarios} in {clusters}"


def _criteria(carrier: Carrier) -> str:
    return "; ".join(
        f"{principle} ("
        + ", ".join(one.name if one.judged else f"*{one.name}*" for one in criteria)
        + ")"
        for principle, criteria in groupby(carrier.criteria, key=lambda one: one.principle)
    )


def _evals(coverage: Coverage) -> list[list[str]]:
    rows = [["eval", "values it carries (criteria)", "principles of no value"]]
    for one in coverage.evals:
        claims = ", ".join(f"{value} {count}" for value, count in one.claims.items())
        rows.append([f"`{one.name}`", claims, ", ".join(one.unclaimed)])
    return rows + [[f"`{name}`", "in no situation", ""] for name in coverage.outside]


def _table(rows: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])
