"""What the behavior is for: values, what they demand, and the principles that carry them."""

from pathlib import Path

from pydantic import Field, model_validator

from tastemaker.content import Place, open_reference
from tastemaker.reading import FileModel, Id, Location, Text, did_you_mean, refuse


class Demand(FileModel):
    """What a value demands in one kind of situation."""

    situation: Text
    demand: Text


class Value(FileModel):
    """One value, and what carries it."""

    text: Text
    demands: tuple[Demand, ...] = Field(min_length=1)
    principles: tuple[Id, ...] = ()
    """The principles that carry it, in whatever rubric they stand."""
    criteria: tuple[Text, ...] = ()
    """Single criteria that carry it, as `rubric/principle/criterion`."""


class Values(FileModel):
    """A constitution: `rubrics/constitution.yaml`."""

    values: dict[Id, Value] = Field(min_length=1)
    about: str = ""
    tensions: tuple[tuple[Id, Id], ...] = ()
    """The pairs of values that pull against each other."""

    @model_validator(mode="after")
    def _pulls_between_values(self) -> "Values":
        problems: list[tuple[Location, str]] = [
            (("tensions", number, side), f"no value '{name}'{did_you_mean(name, self.values)}")
            for number, pair in enumerate(self.tensions)
            for side, name in enumerate(pair)
            if name not in self.values
        ]
        if problems:
            refuse(*problems)
        return self


def load_values(reference: str | Path, place: Place | None = None) -> Values:
    """The values at a path, or of a name among the rubrics; UserError with every problem."""
    source, _ = open_reference("rubric", reference, place)
    return source.check(Values)
