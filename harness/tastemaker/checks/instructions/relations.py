"""What IFEval's instructions have in common."""

from typing import Annotated, Literal

from pydantic import Field

from tastemaker.checks.counting import within
from tastemaker.records import Finding

Relation = Annotated[
    Literal["less than", "at least"], Field(description="how the count compares to the number")
]
Count = Annotated[int, Field(ge=0, description="the number")]


def related(count: int, noun: str, relation: str, number: int, quote: str = "") -> Finding:
    """Whether a count is less than a number, or at least it."""
    if relation == "less than":
        return within(count, noun, max=number - 1, quote=quote)
    return within(count, noun, min=number, quote=quote)
