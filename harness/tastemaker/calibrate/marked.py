"""People's marks beside what the judge said of the same replies."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tastemaker.about import now_of
from tastemaker.calibration import Counts, Planned, Voice
from tastemaker.experiment import Experiment
from tastemaker.marks import CHANCES, CONSENSUS, EARLIER, RESEATED, Item, Mark, MarkStore
from tastemaker.record import contents
from tastemaker.records import Finding
from tastemaker.rubric import Criterion, Rubric, score_reply
from tastemaker.scenario import Dataset
from tastemaker.stats.agreement import BINARY
from tastemaker.stats.panel import Codes, Floats
from tastemaker.tables import ReplyKey, Scores, replies_at

Key = tuple[str, str]
"""Principle and criterion."""
Raters = Mapping[str, Mark]


class Asked(NamedTuple):
    """One judged criterion of one reply."""

    reply: ReplyKey
    key: Key

    @property
    def scenario(self) -> str:
        """As panels call it."""
        return f"{self.reply[0]}/{self.reply[1]}"


@dataclass(frozen=True, kw_only=True)
class Held:
    """What people and the judge say of one criterion of one reply."""

    asked: Asked
    criterion: Criterion
    share: float
    """Of its principle, for this reply: 1 for a `must`."""
    judge: float | None
    raters: Raters
    """The standing marks by rater, the agreed one apart."""
    agreed: Mark | None
    """The consensus, which stands for people in the place of the raters."""

    @property
    def heard(self) -> list[Mark]:
        """Who speaks for people: the consensus, or else the raters."""
        return [self.agreed] if self.agreed else list(self.raters.values())

    @property
    def said(self) -> list[float]:
        """The answers that speak for people; of several the mean is their answer."""
        return [mark.value for mark in self.heard if mark.value is not None]

    @property
    def human(self) -> float | None:
        """People's answer, in [0, 1]."""
        return float(np.mean(self.said)) if self.said else None

    @property
    def classes(self) -> tuple[float, ...]:
        """What may be answered, ascending."""
        return classes_of(self.criterion)

    def turned(self, value: float) -> float:
        """The share satisfied: an undesirable criterion is satisfied by not being met."""
        return value if self.criterion.weight > 0 else 1.0 - value


def classes_of(criterion: Criterion) -> tuple[float, ...]:
    """The values that an answer to it may have, ascending."""
    levels = {level.value for level in criterion.levels.values()}
    return tuple(sorted(levels)) if levels else BINARY


@dataclass(frozen=True, kw_only=True)
class Marked:
    """All that people's marks on a run say, joined with the judge's answers."""

    held: tuple[Held, ...]
    scores: Mapping[tuple[ReplyKey, str], float]
    """People's score of a principle for each reply of the plan, where a judge has a part in it; NaN
    where not all judged criteria are answered."""
    chances: Mapping[str, float]
    """By scenario, as panels call it: how likely it was to be marked; only where it is known."""
    plan: Planned
    judge: Mapping[Asked, Voice]
    """What the judge quoted and noted."""
    counts: Counts
    rubrics: Mapping[str, Rubric]
    """By eval."""
    not_found: tuple[str, ...]
    """Evals whose rubric is not found by its name, so that their marks cannot be read."""


@dataclass
class _Reply:
    """A marked reply: what the judge and the checks found, and the labels of its scenario."""

    labels: Mapping[str, str]
    values: dict[Key, float | None] = field(default_factory=dict)


def marked(
    experiment: Experiment,
    record: Mapping[str, Any],
    scores: Scores,
    store: MarkStore,
    folder: Path,
) -> Marked:
    """Join the standing marks of a run with its tables.

    Only replies of the plan count: it says with which chance they were drawn. What is about
    another text or question than is there now is left out and counted, and so is what the run does
    not have, and what a check decides.
    """
    found = {name: (rubric, data) for name, rubric, data in contents(record, experiment)}
    items = [one for one in store.items() if not one.other]
    planned = {_reply_of(one) for one in items}
    given = store.marks()
    inside = [mark for mark in given if _reply_of(mark) in planned]
    now = now_of(record, folder, planned)
    marks = [mark for mark in inside if now.current(mark)]
    graded = _graded(scores, planned)
    rubrics = dict(_rubric_of_each(found, graded))
    asked = {reply: _judged(reply, rubrics, graded) for reply in planned}
    strange, on_checks, said = _sorted(marks, rubrics, graded)
    held = tuple(_held(said, rubrics, graded))
    readable = [one for one in items if one.eval in found]
    return Marked(
        held=held,
        scores=_human_scores(held, rubrics, graded),
        chances=_chances(items, store.said()),
        plan=_planned(readable, asked, said, store.said()),
        judge=_judge_voices(held, folder),
        counts=_counted(marks, held, strange, on_checks, len(given), len(inside)),
        rubrics={name: rubric for name, (rubric, _) in found.items()},
        not_found=tuple(
            name for name, one in record["evals"].items() if one["rubric"] and name not in found
        ),
    )


def _reply_of(one: Mark | Item) -> ReplyKey:
    return one.eval, one.scenario, one.seed, one.arm


def _key(mark: Mark) -> Key:
    principle, _, criterion = mark.criterion.partition("/")
    return principle, criterion


# What the judge said -----------------------------------------------------------------------------


def rows_of(scores: Scores, replies: Collection[ReplyKey]) -> Codes:
    """The rows of a table that are about some replies."""
    columns = [scores.texts[name] for name in ("eval", "scenario", "arm")]
    places = [{name: code for code, name in enumerate(column.names)} for column in columns]
    seeds = scores.numbers["seed"].astype(np.intp)
    sizes = [*(len(column.names) for column in columns), int(seeds.max(initial=0)) + 1]
    wanted = [
        (*(place[name] for place, name in zip(places, names, strict=True)), seed)
        for home, scenario, seed, arm in replies
        for names in [(home, scenario, arm)]
        if all(name in place for place, name in zip(places, names, strict=True))
        and 0 <= seed < sizes[-1]
    ]
    if not wanted:
        return np.zeros(0, dtype=np.intp)
    codes = np.ravel_multi_index(
        [*(column.codes.astype(np.intp) for column in columns), seeds], sizes
    )
    return np.flatnonzero(np.isin(codes, np.ravel_multi_index(np.array(wanted).T, sizes)))


def named(scores: Scores, rows: Codes) -> Iterator[tuple[int, ReplyKey, str, str | None]]:
    """Of each of some rows: its number, reply, principle and criterion."""
    texts = scores.texts
    for row in rows.tolist():
        home, scenario, arm, principle, criterion = (
            texts[name].names[texts[name].codes[row]]
            for name in ("eval", "scenario", "arm", "principle", "criterion")
        )
        reply = (str(home), str(scenario), int(scores.numbers["seed"][row]), str(arm))
        yield row, reply, str(principle), criterion


def _graded(scores: Scores, replies: Collection[ReplyKey]) -> dict[ReplyKey, _Reply]:
    """What was found about each reply of the plan that the run has."""
    labels = scores.texts["labels"]
    graded: dict[ReplyKey, _Reply] = {}
    for row, reply, principle, criterion in named(scores, rows_of(scores, replies)):
        one = graded.setdefault(
            reply, _Reply(labels=json.loads(labels.names[labels.codes[row]] or "{}"))
        )
        if criterion is not None:
            value = scores.numbers["value"][row]
            one.values[principle, criterion] = None if np.isnan(value) else float(value)
    return graded


def _rubric_of_each(
    found: Mapping[str, tuple[Rubric, Dataset]], graded: Mapping[ReplyKey, _Reply]
) -> Iterator[tuple[tuple[str, str], Rubric]]:
    """The rubric of each planned scenario, with the criteria that the scenario brings."""
    extra = {
        (name, one.id): one.criteria for name, (_, data) in found.items() for one in data.scenarios
    }
    for home in {reply[:2] for reply in graded}:
        if home[0] in found:
            rubric = found[home[0]][0]
            yield home, rubric.extended(extra.get(home, {}))


# What people said --------------------------------------------------------------------------------


def _sorted(
    marks: Iterable[Mark],
    rubrics: Mapping[tuple[str, str], Rubric],
    graded: Mapping[ReplyKey, _Reply],
) -> tuple[int, int, dict[Asked, dict[str, Mark]]]:
    """How many marks are about nothing there, and about checks; the others by question."""
    strange = on_checks = 0
    said: dict[Asked, dict[str, Mark]] = defaultdict(dict)
    for mark in marks:
        asked = Asked(_reply_of(mark), _key(mark))
        criterion = _criterion(asked, rubrics, graded)
        if criterion is None:
            strange += 1
        elif criterion.check:
            on_checks += 1
        elif mark.value is not None and mark.value not in classes_of(criterion):
            strange += 1
        else:
            said[asked][mark.rater] = mark
    return strange, on_checks, said


def _criterion(
    asked: Asked,
    rubrics: Mapping[tuple[str, str], Rubric],
    graded: Mapping[ReplyKey, _Reply],
) -> Criterion | None:
    """The criterion of a question; None where the run has no such reply, or does not ask it."""
    rubric, reply = rubrics.get(asked.reply[:2]), graded.get(asked.reply)
    if rubric is None or reply is None:
        return None
    return dict(rubric.applicable(reply.labels)).get(asked.key)


def _judged(
    reply: ReplyKey,
    rubrics: Mapping[tuple[str, str], Rubric],
    graded: Mapping[ReplyKey, _Reply],
) -> list[Key] | None:
    """The criteria that people are asked about a reply; None where there is none in the run."""
    rubric, found = rubrics.get(reply[:2]), graded.get(reply)
    if rubric is None or found is None:
        return None
    return [key for key, one in rubric.applicable(found.labels) if one.ask]


def _held(
    said: Mapping[Asked, Mapping[str, Mark]],
    rubrics: Mapping[tuple[str, str], Rubric],
    graded: Mapping[ReplyKey, _Reply],
) -> Iterator[Held]:
    for asked, raters in said.items():
        reply = graded[asked.reply]
        criteria = dict(rubrics[asked.reply[:2]].applicable(reply.labels))
        criterion = criteria[asked.key]
        whole = sum(abs(c.weight) for (p, _), c in criteria.items() if p == asked.key[0])
        yield Held(
            asked=asked,
            criterion=criterion,
            share=1.0 if criterion.must else abs(criterion.weight) / whole,
            judge=reply.values.get(asked.key),
            raters={name: mark for name, mark in raters.items() if name != CONSENSUS},
            agreed=raters.get(CONSENSUS),
        )


def _human_scores(
    held: Iterable[Held],
    rubrics: Mapping[tuple[str, str], Rubric],
    graded: Mapping[ReplyKey, _Reply],
) -> dict[tuple[ReplyKey, str], float]:
    """The rubric's score of each reply from people's answers, and from the checks' own values.

    NaN where a judged criterion has no answer. What checks alone decide is no score of people's.
    """
    answers: dict[ReplyKey, dict[Key, Finding]] = defaultdict(dict)
    for one in held:
        answers[one.asked.reply][one.asked.key] = Finding(value=one.human, reason="cannot say")
    scores = {}
    for reply, found in graded.items():
        if (rubric := rubrics.get(reply[:2])) is None:
            continue
        criteria = dict(rubric.applicable(found.labels))
        said = {
            key: Finding(value=found.values.get(key))
            if one.check
            else answers[reply].get(key, Finding(value=None, reason="not marked"))
            for key, one in criteria.items()
        }
        of_people = {principle for (principle, _), one in criteria.items() if one.ask}
        for name, score in score_reply(rubric, said, found.labels).items():
            if name in of_people:
                scores[reply, name] = np.nan if score.value is None else score.value
    return scores


def _judge_voices(held: Iterable[Held], folder: Path) -> dict[Asked, Voice]:
    """What the judge quoted and noted, where people differ with it."""
    differing = [one for one in held if one.human is not None and one.human != one.judge]
    rows = replies_at(folder, {one.asked.reply for one in differing})
    read = {reply: json.loads(row["findings"] or "{}") for reply, row in rows.items()}
    voices = {}
    for one in differing:
        told = read.get(one.asked.reply, {}).get(".".join(one.asked.key)) or {}
        voices[one.asked] = Voice(
            who="judge",
            value=one.judge,
            quote=told.get("quote", ""),
            note=told.get("reason", ""),
        )
    return voices


# Chances and counts ------------------------------------------------------------------------------


def _chances(items: Iterable[Item], said: Mapping[str, str]) -> dict[str, float]:
    stored = json.loads(said.get(CHANCES, "{}"))
    known = {
        f"{name}/{scenario}": float(chance)
        for name, scenarios in stored.items()
        for scenario, chance in scenarios.items()
    }
    return known | {f"{one.eval}/{one.scenario}": one.chance for one in items}


def _planned(
    items: Sequence[Item],
    asked: Mapping[ReplyKey, Sequence[Key] | None],
    said: Mapping[Asked, Mapping[str, Mark]],
    facts: Mapping[str, str],
) -> Planned:
    """How far the plan is. Where something was agreed on, it answers for every rater."""

    def finished(item: Item) -> bool:
        reply = _reply_of(item)
        keys = asked[reply]
        heard = [said.get(Asked(reply, key), {}).keys() for key in keys or ()]
        return keys is not None and all(item.rater in one or CONSENSUS in one for one in heard)

    earlier = json.loads(facts.get(EARLIER, "[]"))
    return Planned(
        kind=facts.get("kind", ""),
        replies=len(items),
        finished=sum(map(finished, items)),
        looks=0,
        reseated=int(facts.get(RESEATED, "0")),
        given_up=len(earlier),
        aside=sum(one["marks"] for one in earlier),
    )


def _counted(
    marks: Sequence[Mark],
    held: Sequence[Held],
    strange: int,
    on_checks: int,
    given: int,
    inside: int,
) -> Counts:
    of_raters = [mark for mark in marks if mark.rater != CONSENSUS]
    return Counts(
        raters=len({mark.rater for mark in of_raters}),
        marks=len(of_raters),
        consensus=len(marks) - len(of_raters),
        replies=len({one.asked.reply for one in held}),
        cannot_say=sum(mark.value is None for one in held for mark in one.heard),
        outside=given - inside,
        stale=inside - len(marks),
        strange=strange,
        on_checks=on_checks,
    )


def human_values(rows: Scores, scores: Mapping[tuple[ReplyKey, str], float]) -> Floats:
    """(R,) people's score for each row of principles' scores; NaN where there is none."""
    values = np.full(len(rows.numbers["value"]), np.nan)
    for row, reply, principle, _ in named(rows, rows_of(rows, {reply for reply, _ in scores})):
        values[row] = scores.get((reply, principle), np.nan)
    return values


def with_values(rows: Scores, values: Floats) -> Scores:
    """The same rows with other values."""
    return replace(rows, numbers={**rows.numbers, "value": values})
