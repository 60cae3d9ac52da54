"""Grade one reply by a rubric: checks first, which cost nothing, then one call to the judge.

The same function serves a task's scorer, recorded replies and finished logs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tastemaker.checks.registry import BoundCheck, bind
from tastemaker.judge.grader import Grader, Question, panel_mean
from tastemaker.judge.reading import YES_OR_NO
from tastemaker.records import Finding, Reply
from tastemaker.rubric import Criterion, Rubric

Key = tuple[str, str]
"""Principle and criterion."""


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

    async def grade(self, reply: Reply, graders: Sequence[Grader]) -> dict[Key, Finding]:
        """A finding for every criterion that applies to the reply.

        Without a grader each judged criterion is unscored, `no_grader`. With several, its value is
        the mean over those that answered.
        """
        criteria = dict(self.rubric.applicable(reply.labels))
        findings = {
            key: _check(self._checks[key], criterion, reply)
            for key, criterion in criteria.items()
            if criterion.check
        }
        asked = {key: criterion for key, criterion in criteria.items() if criterion.ask}
        return findings | (await _judge(asked, reply, graders) if asked else {})


async def _judge(
    asked: Mapping[Key, Criterion], reply: Reply, graders: Sequence[Grader]
) -> dict[Key, Finding]:
    if not graders:
        return {key: Finding(value=None, reason="no_grader") for key in asked}
    names = question_names(list(asked))
    questions = [_question(names[key], criterion) for key, criterion in asked.items()]
    answers = panel_mean([await grader.grade(reply, questions) for grader in graders])
    return {key: answers[names[key]] for key in asked}


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
    sees = criterion.sees
    if criterion.target == "every-turn":
        sees = tuple(dict.fromkeys((*sees, "transcript")))
    if criterion.target == "document":
        sees = tuple(dict.fromkeys((*sees, "document")))
    return Question(
        id=name,
        ask=criterion.ask or "",
        sees=tuple(sorted(sees)),
        met=criterion.met,
        unmet=criterion.unmet,
        note="\n".join(filter(None, [criterion.note, *anchors])),
        answers={**levels, "CANNOT_ASSESS": None} if levels else YES_OR_NO,
    )


def _check(check: BoundCheck, criterion: Criterion, reply: Reply) -> Finding:
    """The finding for what the criterion looks at; of several turns, the worst."""
    if criterion.target == "document":
        if reply.document is None:
            return Finding(value=None, reason="there is no document")
        return check(replace(reply, text=reply.document))
    if criterion.target == "every-turn":
        turns = [message.text for message in reply.messages if message.role == "assistant"]
        findings = [check(replace(reply, text=turn)) for turn in turns or [reply.text]]
        return min(findings, key=lambda found: -1.0 if found.value is None else found.value)
    return check(reply)
