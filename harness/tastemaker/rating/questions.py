"""The questions of an experiment's rubrics, as people are asked them."""

from collections.abc import Mapping
from dataclasses import dataclass

from tastemaker.evaluation import load_evals
from tastemaker.experiment import Experiment
from tastemaker.rubric import Criterion, Rubric

ANSWERS: Mapping[str, float | None] = {"MET": 1.0, "UNMET": 0.0, "CANNOT_ASSESS": None}
CANNOT_ASSESS = "CANNOT_ASSESS"


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The rubrics of an experiment's evals, and what single scenarios add to them."""

    rubrics: Mapping[str, Rubric]
    """By eval."""
    own: Mapping[tuple[str, str], Mapping[str, Mapping[str, Criterion]]]
    """By eval and scenario: the criteria that it brings, by principle."""

    def criterion(self, home: str, scenario: str, name: str) -> Criterion | None:
        """The criterion of a principle/criterion name; None where there is none."""
        principle, _, key = name.partition("/")
        brought = self.own.get((home, scenario), {}).get(principle, {})
        if key in brought:
            return brought[key]
        rubric = self.rubrics.get(home)
        known = rubric.principles.get(principle) if rubric else None
        return known.criteria.get(key) if known else None

    def levels(self, home: str, scenario: str, name: str) -> dict[str, float]:
        """The levels of a graded criterion by name; empty for a yes-or-no question."""
        found = self.criterion(home, scenario, name)
        return {key: level.value for key, level in found.levels.items()} if found else {}


def load_questions(experiment: Experiment) -> Questions:
    """The questions of an experiment; UserError for what cannot be found or read."""
    evals = [one for one in load_evals(experiment) if one.rubric is not None]
    return Questions(
        rubrics={one.name: one.rubric for one in evals if one.rubric is not None},
        own={
            (one.name, scenario.id): scenario.criteria
            for one in evals
            for scenario in one.whole.scenarios
            if scenario.criteria
        },
    )


def answer_text(value: float | None, levels: Mapping[str, float]) -> str:
    """A mark's value in words: MET, UNMET, CANNOT_ASSESS, a level's name, or the number."""
    if value is None:
        return CANNOT_ASSESS
    words = levels or {"MET": 1.0, "UNMET": 0.0}
    return next((name for name, one in words.items() if one == value), repr(float(value)))


def answer_value(text: str, levels: Mapping[str, float]) -> float | None:
    """What an answer stands for: a word, a level's name, or one of their numbers.

    Raises:
        ValueError: It is none of these; with what was expected.
    """
    words = {"MET": 1.0, "UNMET": 0.0} if not levels else dict(levels)
    by_word = {name.upper(): value for name, value in words.items()}
    given = text.strip().upper()
    if given == CANNOT_ASSESS:
        return None
    if given in by_word:
        return by_word[given]
    try:
        number = float(given)
    except ValueError:
        number = None
    if number in words.values():
        return number
    numbers = [f"{value:g}" for value in words.values()]
    raise ValueError(f"expected {', '.join([*words, CANNOT_ASSESS])}, or {' or '.join(numbers)}")
