"""Where people, or people and the judge, are not at one, and what they agree on afterwards."""

from dataclasses import dataclass
from typing import Literal

from tastemaker.about import Current
from tastemaker.calibration import Voice
from tastemaker.marks import CONSENSUS, Mark, Question
from tastemaker.rating.ratable import Findings

JUDGE = "judge"


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One criterion of one reply about which not all say the same."""

    eval: str
    scenario: str
    seed: int
    arm: str
    criterion: str
    """principle/criterion."""
    between: Literal["raters", "judge"]
    """`judge`: the raters are at one, and the judge says something else."""
    sides: tuple[Voice, ...]
    """The raters by name, then the judge where it has answered."""
    consensus: Mark | None = None
    """What was agreed; None where it is open."""

    @property
    def distance(self) -> float:
        """How far apart the values are, from 0 (somebody cannot say) to 1."""
        values = [one.value for one in self.sides if one.value is not None]
        return max(values) - min(values) if values else 0.0


def disagreements(
    store: Current, findings: Findings | None = None, *, settled: bool = False
) -> list[Disagreement]:
    """Where answers differ, the farthest apart first, raters before the judge.

    Raters differ when their values do; CANNOT_ASSESS differs from any value. The judge differs
    when it has a value, and the raters are at one on another. What an agreement settles is left
    out.

    Args:
        store: The marks that are about what the run has now.
        findings: The judge's answers; without them raters alone are compared.
        settled: Also those on which there is an agreement.
    """
    agreed = {_question(one): one for one in store.marks(CONSENSUS)}
    found = []
    for question, marks in marks_by_question(store).items():
        consensus = agreed.get(question)
        judge = (findings or {}).get(question[:4], {}).get(question[4])
        values = {one.value for one in marks}
        differs = judge is not None and judge.value is not None and {judge.value} != values
        if (consensus and not settled) or not (len(values) > 1 or (differs and values != {None})):
            continue
        sides = [
            Voice(who=one.rater, value=one.value, quote=one.quote, note=one.note) for one in marks
        ]
        if judge is not None and judge.value is not None:
            sides.append(Voice(who=JUDGE, value=judge.value, quote=judge.quote, note=judge.reason))
        found.append(
            Disagreement(
                eval=question[0],
                scenario=question[1],
                seed=question[2],
                arm=question[3],
                criterion=question[4],
                between="raters" if len(values) > 1 else "judge",
                sides=tuple(sides),
                consensus=consensus,
            )
        )
    return sorted(found, key=lambda one: (-one.distance, one.between == "judge"))


def marks_by_question(store: Current) -> dict[Question, list[Mark]]:
    """The standing marks of all raters on each question, by name; not the agreed ones."""
    by_question: dict[Question, list[Mark]] = {}
    for one in sorted(store.marks(), key=lambda one: one.rater):
        if one.rater != CONSENSUS:
            by_question.setdefault(_question(one), []).append(one)
    return by_question


def _question(one: Mark) -> Question:
    return one.eval, one.scenario, one.seed, one.arm, one.criterion
