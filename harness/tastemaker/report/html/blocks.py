"""What sections of the page are made of: lines, tables and figures, shown by one template.

To add a section, write a function of (results, source) that gives a `Section`, or None where there
is nothing to say, and name it in `sections.py`. Cells and lines may be any text: the template
escapes them. `Markup` is taken as it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from markupsafe import Markup

STACKED = 5
"""Columns that are too many for the width of a telephone."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A list of sentences."""

    kind: ClassVar[str] = "lines"
    items: Sequence[str]
    title: str = ""
    inline: bool = False
    """Whether they are short and stand side by side."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; the first cell of a row is its heading."""

    kind: ClassVar[str] = "table"
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Markup]]
    numbers: Collection[int] = ()
    """Which columns are numbers, from 0."""
    note: str = ""
    folded: bool = False
    form: str = ""
    """How it looks: `matrix` where all cells are short; "" for any other."""

    @property
    def stacked(self) -> bool:
        """Whether its rows become blocks on a narrow page."""
        return len(self.columns) >= STACKED and not self.form

    def without(self, column: str) -> "Table":
        """The same without the column of a name."""
        gone = list(self.columns).index(column)
        return replace(
            self,
            columns=[name for place, name in enumerate(self.columns) if place != gone],
            rows=[[cell for place, cell in enumerate(row) if place != gone] for row in self.rows],
            numbers={place - (place > gone) for place in self.numbers if place != gone},
        )


@dataclass(frozen=True, kw_only=True)
class Side:
    """Tables side by side, where there is room."""

    kind: ClassVar[str] = "side"
    items: Sequence[Table]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing with its words; what it shows stands in a table too."""

    title: str
    svg: Markup
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Drawings side by side."""

    kind: ClassVar[str] = "figures"
    items: Sequence[Figure]


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Long texts, each folded under its title."""

    kind: ClassVar[str] = "texts"
    items: Sequence[tuple[str, str]]


Block = Lines | Table | Side | Figures | Texts


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page with a heading of its own."""

    id: str
    """Its fragment."""
    title: str
    lead: str = ""
    blocks: Sequence[Block] = ()
    parts: Sequence["Section"] = ()
    """Below it."""
    data: Mapping[str, str] = field(default_factory=dict)
    """What filters go by: `data-` attributes."""
    folded: bool = False
