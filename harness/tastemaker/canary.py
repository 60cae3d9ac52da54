"""Two replies that deserve nothing, graded by a rubric: what likes them measures something else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import anyio

from tastemaker.grade import Panel, RubricGrader
from tastemaker.judge.grader import together
from tastemaker.records import Message, Reply
from tastemaker.rubric import Condition, Not, Rubric, score_reply

PROMPT = "Please do what we talked about, with the three facts from my last message."
CANARIES = {
    "empty": "",
    "bluff": (
        "Thank you for this important request. I have considered every aspect of it with great "
        "care, and the result below is accurate, complete, honest, kind and clearly organised. "
        "All of the requirements are met, each of the points is addressed in depth, and nothing "
        "that matters is left out. I am confident that this fully satisfies what was asked."
    ),
}
"""By name; the bluff praises itself and says nothing."""
HIGHEST = 0.5
"""The score above which a canary counts as let through."""


@dataclass(frozen=True, kw_only=True)
class Canary:
    """What a rubric made of one of the two."""

    rubric: str
    canary: str
    score: float | None
    """The mean of its principles' scores, by their weights; None when none could be scored."""
    unscored: tuple[str, ...]
    """The principles that could not be scored."""

    @property
    def let_through(self) -> bool:
        """Whether it scored higher than it may."""
        return self.score is not None and self.score > HIGHEST

    @property
    def told(self) -> str:
        """In a sentence."""
        if self.score is None:
            return f"the {self.canary} reply could not be scored: {', '.join(self.unscored)}"
        verdict = "is let through" if self.let_through else "scores"
        missing = f" (unscored: {', '.join(self.unscored)})" if self.unscored else ""
        return f"the {self.canary} reply {verdict} with {self.score:.2f}{missing}"


def fly(rubrics: Sequence[Rubric], panel: Panel) -> list[Canary]:
    """Grade both canaries by each rubric, under all labels for which other criteria apply.

    The highest score of a canary counts. Criteria with `wanted` are left out: which answer is
    right depends on the scenario. Without a grader judged criteria are unscored, and so is
    every principle that has one.
    """
    return anyio.run(_fly, rubrics, panel)


async def _fly(rubrics: Sequence[Rubric], panel: Panel) -> list[Canary]:
    plain = [left for rubric in rubrics if (left := _without_choices(rubric)) is not None]
    pairs = [(rubric, name) for rubric in plain for name in CANARIES]
    return await together([_one(rubric, name, panel) for rubric, name in pairs]) if pairs else []


def _without_choices(rubric: Rubric) -> Rubric | None:
    """The rubric without the criteria that have `wanted`; None when nothing is left."""
    principles = {}
    for name, principle in rubric.principles.items():
        kept = {key: one for key, one in principle.criteria.items() if not one.wanted}
        if kept:
            principles[name] = principle.model_copy(update={"criteria": kept})
    return rubric.model_copy(update={"principles": principles}) if principles else None


async def _one(rubric: Rubric, name: str, panel: Panel) -> Canary:
    found = await together(
        [_with_labels(rubric, name, panel, labels) for labels in label_sets(rubric)]
    )
    return max(found, key=lambda one: -1.0 if one.score is None else one.score)


def label_sets(rubric: Rubric) -> list[dict[str, str]]:
    """Labels of scenarios to which different criteria apply: none, and those of each `when`."""
    sets: list[dict[str, str]] = []
    applied: list[set[tuple[str, str]]] = []
    for labels in [{}, *map(_labels, _conditions(rubric))]:
        keys = {key for key, _ in rubric.applicable(labels)}
        if keys and keys not in applied:
            sets.append(labels)
            applied.append(keys)
    return sets or [{}]


def _conditions(rubric: Rubric) -> Iterator[Mapping[str, Condition]]:
    for principle in rubric.principles.values():
        yield from (criterion.when for criterion in principle.criteria.values() if criterion.when)


def _labels(when: Mapping[str, Condition]) -> dict[str, str]:
    """Labels that meet a condition: what it turns round is met by having no such label."""
    return {
        key: condition if isinstance(condition, str) else condition[0]
        for key, condition in when.items()
        if not isinstance(condition, Not) and condition
    }


async def _with_labels(
    rubric: Rubric, name: str, panel: Panel, labels: Mapping[str, str]
) -> Canary:
    text = CANARIES[name]
    said = (Message(role="user", text=PROMPT), Message(role="assistant", text=text))
    reply = Reply(text=text, prompt=PROMPT, messages=said, document=text, labels=labels)
    findings, _ = await RubricGrader(rubric).grade(reply, panel)
    scores = score_reply(rubric, findings, reply.labels)
    weights = {key: rubric.principles[key].weight for key in scores}
    scored = {key: score.value for key, score in scores.items() if score.value is not None}
    total = sum(weights[key] for key in scored)
    return Canary(
        rubric=rubric.rubric,
        canary=name,
        score=sum(weights[key] * value for key, value in scored.items()) / total
        if scored
        else None,
        unscored=tuple(key for key in scores if key not in scored),
    )
