"""The file that asks for a model card: which models, which rows, and what is said beside them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from tastemaker.content import Place, inside
from tastemaker.errors import UserError
from tastemaker.reading import (
    FileModel,
    Flag,
    Id,
    Label,
    Location,
    Name,
    Number,
    Source,
    Text,
    did_you_mean,
    parse,
    refuse,
)

Elicitation = Literal["uniform", "per-model"]
Words = Annotated[str, Field(max_length=4000)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Origin(FileModel):
    """One arm of one run that is there."""

    logs: Text
    """The run's folder, which holds `record.json` and the tables."""
    arm: Id


class Column(FileModel):
    """One model of the table: what it is called, and the runs its numbers come from."""

    label: Label | None = None
    """The heading; default: the column's id."""
    runs: tuple[Origin, ...] = ()
    """Several where a model took its evals in several experiments; none for published figures."""
    elicitation: Elicitation = "uniform"
    """Whether it was asked as all others were, or in the way that suits it best."""


class Published(FileModel):
    """A figure that somebody else measured and published."""

    value: Number
    """On the scale from 0 to 1, as all values of a card are."""
    low: Number | None = None
    high: Number | None = None
    source: Label
    url: Text | None = None
    date: Day
    note: Words = ""

    @model_validator(mode="after")
    def _is_a_share_on_a_day(self) -> Self:
        problems: list[tuple[Location, str]] = [
            ((name,), f"expected a number from 0 to 1, found {number:g}")
            for name in ("value", "low", "high")
            if (number := getattr(self, name)) is not None and not 0 <= number <= 1
        ]
        if (self.low is None) != (self.high is None):
            problems.append(((), "`low` and `high` go together"))
        try:
            date.fromisoformat(self.date)
        except ValueError:
            problems.append((("date",), f"'{self.date}' is no day of the calendar"))
        if problems:
            refuse(*problems)
        return self


class Row(FileModel):
    """One line of the table: a principle, pooled or in one eval, or published figures alone."""

    label: Label | None = None
    """The heading; default: the principle, with its eval where one is named."""
    principle: Id | None = None
    eval: Label | None = None
    """One eval of the runs; default: the principle pooled over all of a run's evals."""
    note: Words = ""
    """A footnote: shots, version, what is measured."""
    format_criteria: tuple[Text, ...] = ()
    """`principle/criterion` of this row's evals whose failing is a failure of format."""
    published: dict[Id, Published] = Field(default={})
    """By column: figures from elsewhere, marked as such."""

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if self.principle is None and not self.published:
            refuse(((), "a row is a `principle`, or has `published` figures"))
        if self.principle is None and self.label is None:
            refuse((("label",), "a row without a principle needs a label"))
        if self.principle is None and (self.eval or self.format_criteria):
            refuse(((), "`eval` and `format_criteria` have no meaning without a principle"))
        return self

    @property
    def title(self) -> str:
        """What the line is called."""
        return self.label or f"{self.principle}{f' ({self.eval})' if self.eval else ''}"


class Behavior(FileModel):
    """The behavioral section: what people should know beside the numbers."""

    summary: Words = ""
    principles: dict[Id, Words] = Field(default={})
    """Principles in words; what is not said here comes from the rubrics."""
    traded: tuple[Words, ...] = ()
    """What was given up for what."""
    limits: tuple[Words, ...] = ()
    """Known limits."""


class CardSpec(FileModel):
    """A model card to be made from finished runs."""

    card: Name
    title: Label | None = None
    about: Words = ""
    model: Id | None = None
    """The column that the card is about; default: the last one with runs."""
    columns: dict[Id, Column] = Field(min_length=1)
    rows: tuple[Row, ...] = Field(min_length=1)
    elicitation: Literal["uniform", "per-model", "both"] = "uniform"
    """What is claimed of the columns; `both` shows columns of either kind side by side."""
    strict: Flag = False
    """Whether a cell that is not comparable with its row refuses the card; else it is footnoted."""
    alpha: Annotated[Number, Field(gt=0, le=0.5)] = 0.05
    behavior: Behavior = Behavior()

    _place: Place | None = PrivateAttr(default=None)
    _source: Source | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems: list[tuple[Location, str]] = [
            (
                ("rows", number, "published", name, "[key]"),
                f"no column '{name}'{did_you_mean(name, self.columns)}",
            )
            for number, row in enumerate(self.rows)
            for name in row.published
            if name not in self.columns
        ]
        titles = [row.title for row in self.rows]
        problems += [
            (("rows", number), f"a second row is called '{title}'")
            for number, title in enumerate(titles)
            if title in titles[:number]
        ]
        problems += [
            (("columns", name, "elicitation"), f"the card says `elicitation: {self.elicitation}`")
            for name, column in self.columns.items()
            if self.elicitation != "both"
            and column.runs
            and "elicitation" in column.model_fields_set
            and column.elicitation != self.elicitation
        ]
        if self.model is not None and self.model not in self.columns:
            hint = did_you_mean(self.model, self.columns)
            problems.append((("model",), f"no column '{self.model}'{hint}"))
        if problems:
            refuse(*problems)
        return self

    def elicitation_of(self, column: str) -> Elicitation:
        """How a column was asked."""
        if self.elicitation != "both":
            return self.elicitation
        return self.columns[column].elicitation

    @property
    def place(self) -> Place:
        """Where its references start."""
        return self._place or Place.at(Path.cwd())

    def mistaken(self, problems: Sequence[tuple[Location, str]]) -> UserError:
        """The error for what shows only when the runs are read, by line and column of the file."""
        if self._source is not None:
            return self._source.error(problems)
        return UserError("\n".join(f"{self.card}: {text}" for _, text in problems))

    @property
    def subject(self) -> str:
        """The column that the card is about."""
        measured = [name for name, column in self.columns.items() if column.runs]
        return self.model or (measured or list(self.columns))[-1]


def load_card(path: Path, *, allow_outside: bool = False) -> CardSpec:
    """The card asked for by a file; folders of runs become absolute paths.

    Raises:
        UserError: with every problem of the file at once; also where it names a run outside the
            project and `allow_outside` is not given.
    """
    source = parse(path)
    spec = source.check(CardSpec)
    place = Place.at(path.parent, allow_outside=allow_outside)
    problems: list[tuple[Location, str]] = []
    columns = {}
    for name, column in spec.columns.items():
        runs = []
        for number, origin in enumerate(column.runs):
            try:
                folder = _run_folder(origin.logs, place)
            except UserError as error:
                problems.append((("columns", name, "runs", number, "logs"), str(error)))
                continue
            runs.append(origin.model_copy(update={"logs": str(folder)}))
        columns[name] = column.model_copy(update={"runs": tuple(runs)})
    if problems:
        raise source.error(problems)
    read = spec.model_copy(update={"columns": columns})
    read._place, read._source = place, source
    return read


def _run_folder(written: str, place: Place) -> Path:
    folder = inside(place.folder / written, place)
    if not (folder / "record.json").is_file():
        raise UserError(f"no run at '{written}': it has no record.json")
    return folder
