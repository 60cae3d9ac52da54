"""What a good reply looks like: principles, each with its criteria, and a reply's score."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from tastemaker.checks.arguments import Problem as CheckProblem
from tastemaker.checks.registry import CheckError, bind, checks, lookup
from tastemaker.content import Place, bases, fingerprint, open_reference
from tastemaker.environments.kinds import KINDS, tool_names
from tastemaker.errors import UserError
from tastemaker.reading import (
    BY_SHAPE,
    LIST,
    MAPPING,
    SCALAR,
    FileModel,
    Flag,
    Id,
    Label,
    Location,
    Name,
    Number,
    Share,
    Text,
    Whole,
    did_you_mean,
    read,
    refuse,
)
from tastemaker.records import Finding, Reply

HALF = 0.5
"""A `must` fails below this share: for yes or no that is "not satisfied"."""

YES, NO = "yes", "no"
"""What a criterion with `wanted` calls for and what was done: its question was met, or not."""

LIST_OF_SCENARIO = r"^expect(\.[^.]+)+$"

Sight = Literal["prompt", "reply", "original", "document", "reference", "transcript"]


class Not(FileModel):
    """A condition turned round: the label is none of these."""

    values: Annotated[Annotated[Label, SCALAR] | Annotated[tuple[Label, ...], LIST], BY_SHAPE] = (
        Field(alias="not")
    )


Condition = Annotated[
    Annotated[Label, SCALAR] | Annotated[tuple[Label, ...], LIST] | Annotated[Not, MAPPING],
    BY_SHAPE,
]
"""What a label must be: this value, any of these, or none of those."""


class Level(FileModel):
    """One level of a graded criterion."""

    value: Share
    anchors: tuple[Text, ...] = ()
    """Replies that show the level, for judge and rater."""


def _level(value: Any) -> Any:
    return {"value": value} if isinstance(value, int | float) else value


def _not_zero(weight: float) -> float:
    if weight == 0:
        refuse(((), "a weight of 0: give it a weight, or leave the criterion out"))
    return weight


class Criterion(FileModel):
    """One yes-or-no question about one reply (`ask`), or one check (`check` and `with`)."""

    ask: Text | None = None
    check: Text | None = None
    arguments: dict[str, Any] = Field(default={}, alias="with")
    weight: Annotated[Number, AfterValidator(_not_zero)] = 1.0
    """Negative where met is bad."""
    must: Flag = False
    """Whether failing it makes the principle 0 for the reply."""
    sees: tuple[Sight, ...] = Field(default=("prompt", "reply"), min_length=1)
    when: dict[Label, Condition] = Field(default={})
    """Labels that a scenario must have for the criterion to apply."""
    wanted: dict[Label, Condition] = Field(default={})
    """Labels of the scenarios that call for it: met is right there, and wrong everywhere else."""
    target: Literal["final-reply", "every-turn", "document"] = "final-reply"
    levels: dict[
        Id, Annotated[Level, BeforeValidator(_level, json_schema_input_type=Number | Level)]
    ] = Field(default={})
    """For what no yes-or-no can hold: answers by name with their value, two or more."""
    grader: Text | None = None
    """The model that grades this criterion instead of the experiment's grader."""
    note: str = ""
    """For judge and rater."""
    was: Id | None = None
    """Its former id, so that history joins."""
    met: tuple[Text, ...] = ()
    unmet: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _is_one_question(self) -> "Criterion":
        written = self.model_dump(exclude_unset=True, by_alias=True)
        if (self.ask is None) == (self.check is None):
            refuse(((), "a criterion is one `ask` or one `check`"))
        foreign = {"sees", "levels", "grader"} if self.check else {"with"}
        other = "check" if self.check else "ask"
        wrong = [
            (key, f"'{key}' has no meaning beside '{other}'") for key in foreign & set(written)
        ]
        if self.levels and len(self.levels) < 2:
            wrong.append(("levels", "expected at least 2 levels, found 1"))
        if self.wanted:
            wrong += _against_wanted(self)
        if wrong:
            refuse(*(((key, "[key]"), message) for key, message in sorted(wrong)))
        if self.check:
            _bind(self.check, self.arguments)
        return self

    def weight_for(self, labels: Mapping[str, str]) -> float:
        """The weight in a scenario with these labels: negative where met is bad there."""
        return -self.weight if self.calls_for(labels) == NO else self.weight

    def calls_for(self, labels: Mapping[str, str]) -> str | None:
        """Of a choice, what these labels call for: "yes" or "no"; None where it is no choice."""
        if not self.wanted:
            return None
        return YES if matches(self.wanted, labels) else NO


def _against_wanted(criterion: Criterion) -> list[tuple[str, str]]:
    """What has no meaning for a criterion whose right answer depends on the scenario."""
    wrong = []
    if criterion.weight < 0:
        wrong.append(
            ("weight", "a negative weight says that met is always bad, `wanted` where it is good")
        )
    if criterion.levels:
        wrong.append(("levels", "'levels' has no meaning beside 'wanted': a choice is yes or no"))
    return wrong


def _bind(check: str, arguments: Mapping[str, Any]) -> None:
    """Ask the registry whether there is such a check and whether it takes these arguments."""
    try:
        bound = bind(check, arguments)
    except CheckError as error:
        refuse(*(_located(check, problem) for problem in error.problems))
    named = bound.check.tools_named(bound.arguments)
    wrong = [(key, told) for key, names in named.items() for told in strange_tools(names)]
    if wrong:
        refuse(*((("with", key), f"{check}: {key}: {told}") for key, told in wrong))


def strange_tools(names: Iterable[str]) -> list[str]:
    """The tools that no environment has, in words: nothing can ever call them."""
    known = sorted({name for kind in KINDS for name in tool_names(kind)})
    return [
        f"no environment has a tool '{name}'{did_you_mean(name, known)}"
        for name in names
        if name not in known
    ]


def _located(check: str, problem: CheckProblem) -> tuple[Location, str]:
    """A problem of a check, at the argument where it stands, or at the check."""
    if problem.argument:
        return ("with", problem.argument, "[key]"), f"{check}: {problem}"
    return ("check",), str(problem)


class Principle(FileModel):
    """Something good behavior does, with the criteria that show it."""

    text: str = ""
    """Stated for people; "" until `load_rubric` takes it from `principles.yaml`."""
    weight: Annotated[Number, Field(gt=0)] = 1.0
    per: Annotated[str, Field(pattern=LIST_OF_SCENARIO)] | None = None
    """A list that the scenario brings (`expect.KEY`): the scenario counts once for each entry."""
    criteria: dict[Id, Criterion] = Field(min_length=1)

    @model_serializer(mode="wrap")
    def _as_written(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `per` where there is none, so that the hashes of such rubrics stay the same."""
        written: dict[str, Any] = usual(self)
        return {key: value for key, value in written.items() if key != "per" or value}

    def times(self, expect: Mapping[str, Any]) -> int:
        """How often a scenario that brings this counts; once where `per` finds no list."""
        entries = lookup(Reply(text="", expect=expect), self.per) if self.per else None
        return len(entries) if isinstance(entries, list | tuple) and entries else 1


class Rubric(FileModel):
    """The principles of one behavior: `rubrics/<name>.yaml`."""

    rubric: Name
    version: Annotated[Whole, Field(ge=1)] = 1
    about: str = ""
    scoring: Literal["mean", "points"] = "mean"
    """`mean`: the weighted share of criteria satisfied; `points`: HealthBench's rule."""
    principles: dict[Id, Principle] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_earn_points(self) -> "Rubric":
        if self.scoring == "points":
            problems: list[tuple[Location, str]] = [
                (("principles", name), "`scoring: points` needs a criterion of positive weight")
                for name, principle in self.principles.items()
                if all(criterion.weight < 0 for criterion in principle.criteria.values())
            ]
            problems += [
                (
                    ("principles", name, "criteria", key, "wanted", "[key]"),
                    "'wanted' has no meaning with `scoring: points`: a point is earned or lost, "
                    "never both; write two criteria, each with its `when`",
                )
                for name, principle in self.principles.items()
                for key, criterion in principle.criteria.items()
                if criterion.wanted
            ]
            if problems:
                refuse(*problems)
        return self

    @property
    def fingerprint(self) -> str:
        """The hash of everything in it: also texts of principles, and lists that checks read."""
        content = read_by(
            criterion
            for principle in self.principles.values()
            for criterion in principle.criteria.values()
        )
        return fingerprint([self, content]) if content else fingerprint(self)

    @property
    def questions(self) -> dict[str, str]:
        """The hash of what each judged criterion asks, by principle/criterion.

        An answer given once stays an answer while it is the same: anchors, notes and weights may
        change, the question and what may be answered may not.
        """
        return {
            f"{name}/{key}": fingerprint([one.ask, one.target, _values_of(one)])
            for name, principle in self.principles.items()
            for key, one in principle.criteria.items()
            if one.ask
        }

    def applicable(self, labels: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], Criterion]]:
        """The criteria that apply to a scenario with these labels, by (principle, criterion)."""
        for name, principle in self.principles.items():
            for key, criterion in principle.criteria.items():
                if applies(criterion, labels):
                    yield (name, key), criterion

    def only(self, principles: Collection[str]) -> "Rubric":
        """With these of its principles alone."""
        kept = {name: one for name, one in self.principles.items() if name in principles}
        return self.model_copy(update={"principles": kept})

    def extended(self, criteria: Mapping[str, Mapping[str, Criterion]]) -> "Rubric":
        """With more criteria for its principles, as one scenario brings them; itself with none.

        UserError for a principle that it does not have, or a criterion that it has already.
        """
        if not criteria:
            return self
        principles = dict(self.principles)
        for name, more in criteria.items():
            if name not in principles:
                hint = did_you_mean(name, principles)
                raise UserError(f"rubric {self.rubric} has no principle '{name}'{hint}")
            if taken := sorted(more.keys() & principles[name].criteria.keys()):
                raise UserError(f"rubric {self.rubric}, {name}: already has '{taken[0]}'")
            both = {**principles[name].criteria, **more}
            principles[name] = principles[name].model_copy(update={"criteria": both})
        return self.model_copy(update={"principles": principles})


def _values_of(criterion: Criterion) -> dict[str, float]:
    return {name: level.value for name, level in criterion.levels.items()}


def read_by(criteria: Iterable[Criterion]) -> dict[str, str]:
    """The hashes of the content files that their checks read, by check; mostly empty."""
    names = {criterion.check for criterion in criteria if criterion.check}
    return {name: read() for name in sorted(names) if (read := checks()[name].content)}


class PrinciplesFile(FileModel):
    """The texts of principles that stand in several rubrics: `rubrics/principles.yaml`."""

    principles: dict[Id, Text]


def load_rubric(reference: str | Path, place: Place | None = None) -> Rubric:
    """The rubric at a path or of a name; its principles' texts come from `principles.yaml`.

    A text in the rubric itself comes first, then the project's file, then the built-in one.
    UserError with every problem at once.
    """
    source, place = open_reference("rubric", reference, place)
    rubric = source.check(Rubric)
    known = shared_texts(place)
    principles = {
        name: principle.model_copy(update={"text": principle.text or known.get(name, "")})
        for name, principle in rubric.principles.items()
    }
    return rubric.model_copy(update={"principles": principles})


def shared_texts(place: Place) -> dict[str, str]:
    """The texts of the project's and the built-in `principles.yaml`, by principle."""
    texts: dict[str, str] = {}
    for base in reversed(bases("rubric", place)):
        path = base / "principles.yaml"
        if path.is_file():
            texts |= read(path, PrinciplesFile).principles
    return texts


def applies(criterion: Criterion, labels: Mapping[str, str]) -> bool:
    """Whether a scenario has the labels that the criterion is for.

    A label that the scenario does not have is equal to nothing: `{not: ...}` matches it.
    """
    return matches(criterion.when, labels)


def matches(conditions: Mapping[str, Condition], labels: Mapping[str, str]) -> bool:
    """Whether labels are what the conditions ask for; a label that is not there equals nothing."""
    return all(_matches(condition, labels.get(key)) for key, condition in conditions.items())


def with_choice(finding: Finding, criterion: Criterion, labels: Mapping[str, str]) -> Finding:
    """The finding with what was called for and what was done, where `wanted` makes it a choice.

    Its value stays what the check or the judge said. A panel split in two halves did neither.
    """
    should = criterion.calls_for(labels)
    if should is None:
        return finding
    if finding.value is None or finding.value == HALF:
        return replace(finding, should=should, did=None)
    return replace(finding, should=should, did=YES if finding.value > HALF else NO)


def _matches(condition: str | tuple[str, ...] | Not, label: str | None) -> bool:
    if isinstance(condition, Not):
        return not _matches(condition.values, label)
    return label in ((condition,) if isinstance(condition, str) else condition)


class Score(NamedTuple):
    """A principle's score for one reply."""

    value: float | None
    """In [0, 1]; None is unscored."""
    reason: str = ""
    """Why it is unscored, or which `must` made it 0."""


def score_reply(
    rubric: Rubric, findings: Mapping[tuple[str, str], Finding], labels: Mapping[str, str]
) -> dict[str, Score]:
    """The score of each principle for one reply; STATS section 1.

    `findings` answers criteria by (principle, criterion); `labels` are the scenario's. A principle
    without an applicable criterion is not in the result. An applicable criterion without a value,
    or without a finding, leaves its principle unscored.
    """
    questions: dict[str, dict[str, Criterion]] = {}
    for (principle, key), criterion in rubric.applicable(labels):
        questions.setdefault(principle, {})[key] = criterion
    scores = {}
    for principle, criteria in questions.items():
        found = {key: findings.get((principle, key), NO_FINDING) for key in criteria}
        weights = {key: criterion.weight_for(labels) for key, criterion in criteria.items()}
        score = _score(rubric.scoring, criteria, weights, found)
        if score is not None:
            scores[principle] = score
    return scores


def scores_by_grader(
    rubric: Rubric, findings: Mapping[tuple[str, str], Finding], labels: Mapping[str, str]
) -> dict[str, dict[str, float | None]]:
    """By principle, the score that each grader of a panel would have given the reply alone.

    What no panel answered (checks, criteria with a grader of their own) counts as it is. Only
    principles that a panel had a say in; several answers of one grader are no panel.
    """
    voted = {key: dict(finding.votes) for key, finding in findings.items()}
    voted = {key: votes for key, votes in voted.items() if len(votes) > 1}
    names = dict.fromkeys(name for votes in voted.values() for name in votes)
    judged = {principle for principle, _ in voted}
    scores: dict[str, dict[str, float | None]] = {}
    for name in names:
        alone = {key: _alone(finding, name) for key, finding in findings.items()}
        for principle, score in score_reply(rubric, alone, labels).items():
            if principle in judged:
                scores.setdefault(principle, {})[name] = score.value
    return scores


def _alone(finding: Finding, grader: str) -> Finding:
    votes = dict(finding.votes)
    return replace(finding, value=votes[grader]) if grader in votes else finding


NO_FINDING = Finding(value=None, reason="no finding")


def _score(
    scoring: str,
    criteria: Mapping[str, Criterion],
    weights: Mapping[str, float],
    found: Mapping[str, Finding],
) -> Score | None:
    """None when nothing that applies can earn a point (`scoring: points`)."""
    values: dict[str, float] = {}
    for key, finding in found.items():
        if finding.value is None:
            return Score(None, f"{key}: {finding.reason}")
        if not 0 <= finding.value <= 1:
            raise ValueError(f"{key}: a finding of {finding.value}, outside 0 to 1")
        values[key] = finding.value
    possible = sum(max(weight, 0) for weight in weights.values())
    if scoring == "points" and possible == 0:
        return None
    satisfied = {key: _satisfied(weights[key], value) for key, value in values.items()}
    for key, criterion in criteria.items():
        if criterion.must and satisfied[key] < HALF:
            return Score(0.0, f"must: {key}")
    if scoring == "points":
        earned = sum(weights[key] * value for key, value in values.items())
        return Score(min(max(earned / possible, 0.0), 1.0))
    total = sum(abs(weight) for weight in weights.values())
    return Score(sum(abs(weights[key]) * share for key, share in satisfied.items()) / total)


def _satisfied(weight: float, value: float) -> float:
    """The share satisfied: an undesirable criterion is satisfied by not being met."""
    return value if weight > 0 else 1.0 - value
