"""Instructions about order and tables."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import Exactly, Max, Min, Text, Texts, limits
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.instructions.ifeval_words import as_word
from tastemaker.checks.instructions.structure import (
    By,
    Table,
    entries,
    in_order,
    number,
    plainly,
    tables,
)
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

Descending = Annotated[bool, Field(description="whether the order is turned round")]


@check(
    "order:alphabetical",
    example=Example(met="- Anchor\n- Éclair\n- rope", unmet="- rope\n- Anchor"),
)
def alphabetical(reply: Reply, *, descending: Descending = False) -> Finding:
    """The items of the list, or the lines where there is none, stand in alphabetical order.

    Case and accents do not matter.
    """
    return in_order(entries(reply.text), "text", descending)


@check(
    "order:numeric",
    example=Example(
        arguments={"descending": True},
        met="- Rope, 1,200 m\n- Chain, 90 m\n- Twine, 7.5 m",
        unmet="- Chain, 90 m\n- Rope, 1,200 m",
    ),
)
def numeric(reply: Reply, *, descending: Descending = False) -> Finding:
    """The items of the list, or the lines, stand in the order of the first number in each.

    The number of a list item itself is not one. `1,200` is in thousands.
    """
    return in_order(entries(reply.text), "number", descending)


@check(
    "order:dates",
    example=Example(
        met="- 1815: the first pier\n- 3 May 1902: the storm\n- 1987-11-05: the new slip",
        unmet="- 1902: the storm\n- 1815: the first pier",
    ),
)
def dates(reply: Reply, *, descending: Descending = False) -> Finding:
    """The items of the list, or the lines, stand in the order of the first date in each.

    A date is `1902-05-03`, `3 May 1902`, `May 3, 1902`, `3.5.1902`, `May 1902` or a year. One with
    slashes can mean two days, and is none.
    """
    return in_order(entries(reply.text), "date", descending)


@check(
    "order:sequence",
    example=Example(
        arguments={"items": ["ebb", "slack water", "flood"]},
        met="First the ebb, then slack water, then the flood.",
        unmet="First the flood, then slack water, then the ebb.",
    ),
)
def sequence(
    reply: Reply,
    *,
    items: Annotated[Texts, Field(description="what comes first, what comes then, and so on")],
) -> Finding:
    """These texts stand in the reply, each after the one before it; as words, in any case."""
    place = 0
    for item in items:
        match = as_word(item).search(reply.text, place)
        if match is None:
            return found(False, f"no “{item}” after the one before it")
        place = match.end()
    return found(True, "in this order")


def _one_table(text: str) -> Table | Finding:
    there = tables(text)
    if len(there) == 1:
        return there[0]
    return found(False, f"{plural(len(there), 'table')}, exactly 1")


def _column(text: str, name: str) -> list[str] | Finding:
    """The cells of a column of the only table, or what is wrong."""
    table = _one_table(text)
    if isinstance(table, Finding):
        return table
    cells = table.column(name)
    if not cells:
        what = "is empty" if cells is not None else f"is none of {', '.join(table.columns)[:200]}"
        return found(False, f"the column “{name}” {what}")
    return cells


Column = Annotated[Text, Field(description="its head, whatever its case")]


@check(
    "table:shape",
    rules=[limits],
    example=Example(
        arguments={"columns": ["Boat", "Length"], "exactly": 1},
        met="| Boat | Length |\n|---|---|\n| Ida | 9 m |",
        unmet="| Boat |\n|---|\n| Ida |",
    ),
)
def shape(
    reply: Reply,
    *,
    columns: Annotated[Texts, Field(description="the heads from left to right")],
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
) -> Finding:
    """There is one Markdown table with these columns, in this order, and this many rows.

    The head is no row. Without a number at least one row is asked.
    """
    table = _one_table(reply.text)
    if isinstance(table, Finding):
        return table
    if list(map(plainly, table.columns)) != list(map(plainly, columns)):
        return found(False, f"the columns are {', '.join(table.columns)[:200]}")
    return within(len(table.rows), "row", min=min, max=max, exactly=exactly)


@check(
    "table:values",
    example=Example(
        arguments={"column": "State", "values": ["open", "closed"]},
        met="| Place | State |\n|---|---|\n| slip | closed |\n| pier | open |",
        unmet="| Place | State |\n|---|---|\n| slip | shut |",
    ),
)
def values(
    reply: Reply,
    *,
    column: Column,
    values: Annotated[Texts, Field(description="what may stand in it, whatever its case")],
) -> Finding:
    """Every cell of this column of the reply's only table is one of these values."""
    cells = _column(reply.text, column)
    if isinstance(cells, Finding):
        return cells
    allowed = set(map(plainly, values))
    other = next((cell for cell in cells if plainly(cell) not in allowed), None)
    if other is not None:
        return found(False, f"“{other[:60]}” in the column “{column}”")
    return found(True, f"{plural(len(cells), 'cell')}, each one of them")


@check(
    "table:sorted",
    example=Example(
        arguments={"column": "Length", "by": "number", "descending": True},
        met="| Boat | Length |\n|---|---|\n| Ida | 11 m |\n| Oda | 9 m |",
        unmet="| Boat | Length |\n|---|---|\n| Oda | 9 m |\n| Ida | 11 m |",
    ),
)
def sorted_by(
    reply: Reply,
    *,
    column: Column,
    by: Annotated[By, Field(description="what its cells are compared as")] = "text",
    descending: Descending = False,
) -> Finding:
    """The rows of the reply's only table stand in the order of this column."""
    cells = _column(reply.text, column)
    return cells if isinstance(cells, Finding) else in_order(cells, by, descending)


@check(
    "table:total",
    example=Example(
        arguments={"column": "Boats"},
        met="| Pier | Boats |\n|---|---|\n| north | 4 |\n| south | 7 |\n| **Total** | **11** |",
        unmet="| Pier | Boats |\n|---|---|\n| north | 4 |\n| south | 7 |\n| **Total** | **12** |",
    ),
)
def total(reply: Reply, *, column: Column) -> Finding:
    """The last row of this column of the reply's only table is the sum of the rows above it."""
    cells = _column(reply.text, column)
    if isinstance(cells, Finding):
        return cells
    numbers = [number(cell) for cell in cells]
    known = [one for one in numbers if one is not None]
    if len(known) < len(numbers) or len(known) < 2:
        return found(False, f"“{column}” has fewer than two numbers, or a cell without one")
    above = sum(known[:-1], Decimal(0))
    return found(above == known[-1], f"the rows add up to {above}, the last says {known[-1]}")
