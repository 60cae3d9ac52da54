"""What raters are shown of a run: conversations, replies and questions, and never an arm."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tastemaker.about import SAID, Now, questions_of, reply_hash
from tastemaker.experiment import Experiment
from tastemaker.marks import Item
from tastemaker.record import read_record
from tastemaker.rubric import Criterion, Rubric
from tastemaker.scenario import Scenario
from tastemaker.tables import REPLIES, read_table, refuse_edited

CANNOT_SAY = "CANNOT_ASSESS"
MET, UNMET = "MET", "UNMET"
TIE = "tie"
Key = tuple[str, str, int, str]
"""Eval, scenario, seed and arm: what tells replies apart."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer that can be given, and the key that gives it."""

    name: str
    label: str
    key: str
    value: float | str | None
    """What the store holds of it: a mark's number, a preference; None for "cannot say"."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that is asked about a reply, or about a pair of them."""

    id: str
    """principle/criterion; of a pair the principle, "" for the replies as a whole."""
    ask: str
    options: tuple[Option, ...]
    note: str = ""
    """What the rubric adds, for judge and rater."""
    anchors: tuple[tuple[str, str], ...] = ()
    """Examples from the rubric: what they are an example of, and the text."""
    principle: str = ""
    about: str = ""
    """The principle, as stated for people."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message that was said before the prompt."""

    role: str
    text: str
    calls: tuple[str, ...] = ()
    """Tools that were called, as they would be written."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One reply, with what was said and done before it."""

    text: str
    calls: tuple[str, ...] = ()
    """The tools that the reply itself called."""
    before: tuple[Turn, ...] = ()
    """Up to the prompt, without it."""
    steps: tuple[Turn, ...] = ()
    """Between the prompt and the reply: calls of tools and what they gave."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """All that a rater sees of one item."""

    prompt: str
    replies: tuple[Answered, ...]
    """One, or the two of a pair in the order in which they are shown."""
    documents: tuple[tuple[str, str], ...]
    """What else belongs to it: a name and a text."""
    questions: tuple[Question, ...]


@dataclass(frozen=True, kw_only=True)
class Material:
    """The replies of a run that items are about, with the questions of their rubrics."""

    rubrics: Mapping[str, Rubric]
    """By eval."""
    scenarios: Mapping[tuple[str, str], Scenario]
    """By eval and scenario."""
    replies: Mapping[Key, Mapping[str, Any]]
    """Of the replies table, what makes a reply (`SAID`); failed replies are not there."""
    examples: Mapping[str, int] = field(default_factory=dict)
    """By arm: how many example turns it adds to each conversation."""
    asked: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By eval and principle/criterion: the hash of what is asked."""
    checks: bool = False
    """Whether people are asked what checks decide, too."""

    def lacking(self, item: Item) -> str:
        """Why an item cannot be shown, or asks nothing; "" when all is there."""
        where = f"{item.eval}, scenario {item.scenario}, seed {item.seed}"
        again = "make a plan anew with --plan"
        if item.eval not in self.rubrics:
            return f"{item.eval}: the plan names it, and it has no rubric; {again}"
        if (item.eval, item.scenario) not in self.scenarios:
            return f"{where}: the plan names it, and the run has no such scenario; {again}"
        for key in keys_of([item]):
            if key not in self.replies:
                return f"{where}: the plan names it, and {key[3]} has no reply; {again}"
        if not self.questions(item):
            return (
                f"{where}: nothing for people to answer: no criterion with `ask` applies; "
                "rate the replies side by side, plan with --criteria all, or give the rubric a "
                "question"
            )
        return ""

    def shown(self, item: Item) -> Shown:
        """What a rater sees of an item."""
        scenario = self.scenarios[item.eval, item.scenario]
        replies = [self._answered(scenario, key) for key in keys_of([item])]
        return Shown(
            prompt=replies[0][0],
            replies=tuple(reply for _, reply in replies),
            documents=tuple(self._documents(item, scenario)),
            questions=tuple(self.questions(item)),
        )

    def questions(self, item: Item) -> list[Question]:
        """What is asked about an item."""
        labels = self.scenarios[item.eval, item.scenario].labels
        rubric = self._rubric(item)
        asked = preferences(rubric, labels) if item.other else criteria(rubric, labels, self.checks)
        return list(asked)

    @cached_property
    def now(self) -> Now:
        """What is shown, by hash."""
        hashes = {key: reply_hash(row) for key, row in self.replies.items()}
        return Now(replies=hashes, questions=self.asked)

    def about(self, item: Item, question: str) -> str:
        """What an answer to a question about an item is about, as it is shown here."""
        first, *second = keys_of([item])
        if second:
            return self.now.about_pair(first, second[0], question)
        return self.now.about(first, question)

    def _rubric(self, item: Item) -> Rubric:
        own = self.scenarios[item.eval, item.scenario].criteria
        return self.rubrics[item.eval].extended(own)

    def _documents(self, item: Item, scenario: Scenario) -> Iterator[tuple[str, str]]:
        """What a question asks to look at, beside prompt and reply."""
        asked = dict(self._rubric(item).applicable(scenario.labels)).values()
        seen = {n for one in asked if one.ask or self.checks for n in (*one.sees, one.target)}
        if scenario.document is not None and ("document" in seen or item.other):
            yield "Document", scenario.document
        if scenario.reference is not None and "reference" in seen:
            yield "Reference", scenario.reference

    def _answered(self, scenario: Scenario, key: Key) -> tuple[str, Answered]:
        """The prompt, and the reply with what led to it, without what the arm added.

        An arm adds its example turns after the system messages, and words around a prompt: what
        the user said is taken from the scenario.
        """
        row, arm = self.replies[key], key[3]
        said = json.loads(row["messages"])
        start = sum(message.role == "system" for message in scenario.messages)
        del said[start : start + self.examples.get(arm, 0)]
        words = iter([message.text for message in scenario.messages if message.role == "user"])
        turns = [_turn(message, words) for message in said]
        last = max((n for n, turn in enumerate(turns) if turn.role == "user"), default=-1)
        final = len(turns) - 1 if turns and turns[-1].role == "assistant" else len(turns)
        answered = Answered(
            text=row["reply"],
            calls=turns[-1].calls if final < len(turns) else (),
            before=tuple(turns[: max(last, 0)]),
            steps=tuple(turns[last + 1 : final]),
        )
        return (turns[last].text if last >= 0 else scenario.prompt), answered


def open_material(
    experiment: Experiment, folder: Path, items: Iterable[Item], *, checks: bool = False
) -> Material:
    """What a run has of the items; `Material.lacking` says of each what it has not.

    Raises:
        UserError: There is no run, or it changed since.
    """
    # Brings Inspect, which the command line would wait for.
    from tastemaker.evaluation import load_evals

    record = read_record(folder, experiment)
    evals = load_evals(experiment, limit=record["limit"])
    return Material(
        rubrics={one.name: one.rubric for one in evals if one.rubric is not None},
        scenarios={
            (one.name, scenario.id): scenario
            for one in evals
            if one.rubric is not None
            for scenario in one.data.scenarios
        },
        replies=_replies(folder, set(keys_of(items))),
        examples={name: len(arm.few_shot) for name, arm in experiment.arms.items()},
        asked=questions_of(record),
        checks=checks,
    )


def keys_of(items: Iterable[Item]) -> Iterator[Key]:
    """The replies that items are about, in the order in which they are shown."""
    for item in items:
        for arm in filter(None, (item.arm, item.other)):
            yield item.eval, item.scenario, item.seed, arm


def _replies(folder: Path, wanted: set[Key]) -> dict[Key, Mapping[str, Any]]:
    """The rows of the replies that are wanted and that are there."""
    import pyarrow as pa

    refuse_edited(folder, REPLIES)
    columns = ("eval", "scenario", "seed", "arm")
    path = folder / REPLIES
    names = read_table(path, [*columns, "error"])
    keys = list(zip(*(names[name].to_pylist() for name in columns), strict=True))
    errors = names["error"].to_pylist()
    rows = [n for n, key in enumerate(keys) if key in wanted and not errors[n]]
    texts = read_table(path, SAID).take(pa.array(rows, pa.int64()))
    return {keys[n]: text for n, text in zip(rows, texts.to_pylist(), strict=True)}


def _turn(message: Mapping[str, Any], words: Iterator[str]) -> Turn:
    """A message as it is shown; what a user said comes from the scenario's words while they last.

    A simulated user says more than the scenario holds.
    """
    text = message["text"]
    return Turn(
        role=message["role"],
        text=next(words, text) if message["role"] == "user" else text,
        calls=tuple(
            f"{call['name']}({json.dumps(call['arguments'], ensure_ascii=False)})"
            for call in message.get("tool_calls") or ()
        ),
    )


# Questions ---------------------------------------------------------------------------------------

YES_OR_NO = (
    Option(name=MET, label="Met", key="1", value=1.0),
    Option(name=UNMET, label="Not met", key="2", value=0.0),
    Option(name=CANNOT_SAY, label="Cannot say", key="0", value=None),
)
PREFERENCES = (
    Option(name="a", label="Reply 1", key="1", value="a"),
    Option(name="b", label="Reply 2", key="2", value="b"),
    Option(name=TIE, label="Tie", key="3", value=TIE),
    Option(name=CANNOT_SAY, label="Cannot say", key="0", value=None),
)


def criteria(rubric: Rubric, labels: Mapping[str, str], checks: bool) -> Iterator[Question]:
    """The criteria that apply to a scenario, as questions about one reply; with checks, or not."""
    for (principle, name), criterion in rubric.applicable(labels):
        if criterion.ask or checks:
            yield Question(
                id=f"{principle}/{name}",
                ask=criterion.ask or _of_check(criterion),
                options=_options(criterion),
                note=criterion.note,
                anchors=tuple(_anchors(criterion)),
                principle=_words(principle),
                about=rubric.principles[principle].text,
            )


def preferences(rubric: Rubric, labels: Mapping[str, str]) -> Iterator[Question]:
    """Which reply is better: as a whole, and by each principle that applies to the scenario."""
    yield Question(id="", ask="As a whole, which reply is better?", options=PREFERENCES)
    for principle in dict.fromkeys(principle for (principle, _), _ in rubric.applicable(labels)):
        yield Question(
            id=principle,
            ask=_words(principle),
            options=PREFERENCES,
            note=rubric.principles[principle].text,
        )


def _of_check(criterion: Criterion) -> str:
    arguments = ", ".join(f"{key}: {value}" for key, value in criterion.arguments.items())
    return f"Does it pass the check {criterion.check}{arguments and f' ({arguments})'}?"


def _options(criterion: Criterion) -> tuple[Option, ...]:
    if not criterion.levels:
        return YES_OR_NO
    levels = [
        Option(name=name, label=_words(name), key=str(n) if n < 10 else "", value=level.value)
        for n, (name, level) in enumerate(criterion.levels.items(), 1)
    ]
    return (*levels, YES_OR_NO[-1])


def _anchors(criterion: Criterion) -> Iterator[tuple[str, str]]:
    yield from (("Met", text) for text in criterion.met)
    yield from (("Not met", text) for text in criterion.unmet)
    for name, level in criterion.levels.items():
        yield from ((_words(name), text) for text in level.anchors)


def _words(name: str) -> str:
    """An id as people read it: `invented-facts`, Invented facts."""
    return name.replace("-", " ").capitalize()
