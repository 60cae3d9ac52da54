"""Grade one reply by a rubric: checks first, which cost nothing, then one call to the judge.

The same function serves a task's scorer, recorded replies and finished logs.
"""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tastemaker.checks.registry import BoundCheck, bind
from tastemaker.experiment import Grader as GraderEntry
from tastemaker.judge.grader import Graded, Grader, Usage, together, total
from tastemaker.judge.page import Question, Sees
from tastemaker.judge.panel import Reducer, reduced
from tastemaker.judge.reading import YES_OR_NO
from tastemaker.records import Finding, Reply
from tastemaker.rubric import Criterion, Rubric, with_choice

Key = tuple[str, str]
"""Principle and criterion."""


class Grading(NamedTuple):
    """What was found about one reply, and what the judges took."""

    findings: dict[Key, Finding]
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The graders of an experiment; none, one or several."""

    graders: tuple[Grader, ...] = ()
    reducer: Reducer = "mean"
    """How the answers of several become one."""
    own: Mapping[str, Grader] = field(default_factory=dict)
    """The graders that single criteria name, by model."""

    def graders_for(self, named: str | None) -> tuple[Grader, ...]:
        """The grader that a criterion names, or the panel where it names none."""
        if named is None:
            return self.graders
        return (self.own[named],) if named in self.own else ()


class RubricGrader:
    """A rubric made ready to grade many replies."""

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric
        self._checks: dict[Key, BoundCheck] = {
            (principle, name): bind(criterion.check, criterion.arguments)
            for principle, content in rubric.principles.items()
            for name, criterion in content.criteria.items()
            if criterion.check
        }

    @property
    def judged(self) -> bool:
        """Whether any criterion needs a judge."""
        return any(
            criterion.ask
            for principle in self.rubric.principles.values()
            for criterion in principle.criteria.values()
        )

    async def grade(self, reply: Reply, panel: Panel) -> Grading:
        """A finding for every criterion that applies to the reply.

        A judged criterion that no grader is there for is unscored, `no_grader`.
        """
        criteria = dict(self.rubric.applicable(reply.labels))
        findings = {
            key: _check(self._checks[key], criterion, reply)
            for key, criterion in criteria.items()
            if criterion.check
        }
        asked = {key: criterion for key, criterion in criteria.items() if criterion.ask}
        judged, usage = await _judge(asked, reply, panel) if asked else ({}, Usage())
        found = {
            key: with_choice(finding, criteria[key], reply.labels)
            for key, finding in (findings | judged).items()
        }
        return Grading(found, usage)

    def own_graders(self) -> set[str]:
        """The models that single criteria name instead of the experiment's grader."""
        return {
            criterion.grader
            for principle in self.rubric.principles.values()
            for criterion in principle.criteria.values()
            if criterion.grader
        }


def calls_per_reply(rubric: Rubric, graders: Sequence[GraderEntry]) -> int:
    """How many calls it takes to grade one reply to which every criterion applies."""
    asked = [
        criterion
        for principle in rubric.principles.values()
        for criterion in principle.criteria.values()
        if criterion.ask
    ]
    usual = graders[0] if graders else None
    calls = 0
    for own in {criterion.grader for criterion in asked}:
        group = [one for one in asked if one.grader == own]
        pages = len({_sees(criterion) for criterion in group})
        for grader in graders if own is None else [usual]:
            samples = grader.samples if grader else 1
            calls += samples * (len(group) if grader and grader.per_criterion else pages)
    return calls


async def _judge(asked: Mapping[Key, Criterion], reply: Reply, panel: Panel) -> Grading:
    """Each criterion put to the panel, or to the grader that it names."""
    names = question_names(list(asked))
    found: dict[Key, Finding] = {}
    tasks: list[Coroutine[Any, Any, Graded]] = []
    for own in dict.fromkeys(criterion.grader for criterion in asked.values()):
        group = {key: one for key, one in asked.items() if one.grader == own}
        graders = panel.graders_for(own)
        if not graders:
            found |= {key: Finding(value=None, reason="no_grader") for key in group}
            continue
        questions = [_question(names[key], criterion) for key, criterion in group.items()]
        tasks.append(_put(questions, reply, graders, panel.reducer))
    graded = await together(tasks) if tasks else []
    answers = {key: finding for one in graded for key, finding in one.findings.items()}
    found |= {key: answers[names[key]] for key in asked if names[key] in answers}
    return Grading({key: found[key] for key in asked}, total(one.usage for one in graded))


async def _put(
    questions: Sequence[Question], reply: Reply, graders: Sequence[Grader], reducer: Reducer
) -> Graded:
    answered = await together([grader.grade(reply, questions) for grader in graders])
    findings = reduced(
        [one.findings for one in answered], reducer, [grader.name for grader in graders]
    )
    return Graded(findings, total(one.usage for one in answered))


def question_names(keys: Sequence[Key]) -> dict[Key, str]:
    """What the judge calls each criterion: its id, with its principle's where two share an id."""
    ids = [name for _, name in keys]
    return {
        (principle, name): name if ids.count(name) == 1 else f"{principle}--{name}"
        for principle, name in keys
    }


def _question(name: str, criterion: Criterion) -> Question:
    levels = {level: graded.value for level, graded in criterion.levels.items()}
    anchors = [
        f"{level}: {anchor}"
        for level, graded in criterion.levels.items()
        for anchor in graded.anchors
    ]
    return Question(
        id=name,
        ask=criterion.ask or "",
        sees=_sees(criterion),
        met=criterion.met,
        unmet=criterion.unmet,
        note="\n".join(filter(None, [criterion.note, *anchors])),
        answers={**levels, "CANNOT_ASSESS": None} if levels else YES_OR_NO,
    )


def _sees(criterion: Criterion) -> Sees:
    """What a judge is shown for a criterion: what it names, and what it is about."""
    target = {"every-turn": "transcript", "document": "document"}.get(criterion.target)
    return tuple(sorted({*criterion.sees, *([target] if target else [])}))


def _check(check: BoundCheck, criterion: Criterion, reply: Reply) -> Finding:
    """The finding for what the criterion looks at; of several turns, the worst."""
    if criterion.target == "document":
        if reply.document is None:
            return Finding(value=None, reason="there is no document")
        return check(replace(reply, text=reply.document))
    if criterion.target == "every-turn":
        turns = _turns(reply)
        findings = [check(replace(reply, text=turn)) for turn in turns or [reply.text]]
        if any(found.value is None for found in findings):
            return next(found for found in findings if found.value is None)
        worst = max if criterion.weight_for(reply.labels) < 0 else min
        return worst(findings, key=lambda found: found.value or 0.0)
    return check(reply)


def _turns(reply: Reply) -> list[str]:
    """What the model said turn by turn, without what the scenario wrote in its place."""
    if reply.own:
        return [reply.messages[place].text for place in reply.own if reply.messages[place].text]
    return [message.text for message in reply.messages if message.role == "assistant"]
