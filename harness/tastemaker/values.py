"""What the behavior is for: values, what they demand, and the principles that carry them."""

from pathlib import Path

from pydantic import Field, model_validator

from tastemaker.content import Place, open_reference
from tastemaker.reading import FileModel, Id, Label, Location, Name, Text, did_you_mean, refuse
from tastemaker.rubric import Condition


class Situation(FileModel):
    """A kind of situation, and the scenarios that are of it."""

    text: Text
    where: dict[Name, dict[Label, Condition]] = Field(default={})
    """By eval, the labels that its scenarios of this kind have; `{}` takes all of them."""


class Demand(FileModel):
    """What a value demands in one kind of situation."""

    situation: Text
    """In words, or one of `situations` where the file has them."""
    demand: Text
    hole: str = ""
    """Why no eval covers it yet, where that is known."""


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
    situations: dict[Id, Situation] = Field(default={})
    """The kinds of situation, by name: what makes coverage countable."""
    tensions: tuple[tuple[Id, Id], ...] = ()
    """The pairs of values that pull against each other."""

    @model_validator(mode="after")
    def _names_what_is_there(self) -> "Values":
        problems: list[tuple[Location, str]] = [
            (("tensions", number, side), f"no value '{name}'{did_you_mean(name, self.values)}")
            for number, pair in enumerate(self.tensions)
            for side, name in enumerate(pair)
            if name not in self.values
        ]
        problems += [
            (
                ("values", name, "demands", number, "situation"),
                f"no situation '{one.situation}'{did_you_mean(one.situation, self.situations)}",
            )
            for name, value in self.values.items()
            for number, one in enumerate(value.demands)
            if self.situations and one.situation not in self.situations
        ]
        problems += [
            (
                ("values", name, "demands", number, "situation"),
                f"'{name}' has a demand in '{one.situation}' already: say both in one",
            )
            for name, value in self.values.items()
            for number, one in enumerate(value.demands)
            if one.situation in {earlier.situation for earlier in value.demands[:number]}
        ]
        if problems:
            refuse(*problems)
        return self


def load_values(reference: str | Path, place: Place | None = None) -> Values:
    """The values at a path, or of a name among the rubrics; UserError with every problem."""
    source, _ = open_reference("rubric", reference, place)
    return source.check(Values)
