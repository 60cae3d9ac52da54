"""Where raters sit: what each is asked, what each has answered, and how an answer is kept."""

import hashlib
import hmac
import secrets
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from tastemaker.errors import UserError
from tastemaker.marks import CONSENSUS, Item, MarkStore
from tastemaker.rating.answers import CHECK_MARKS, PREFERENCES, Said, key_of
from tastemaker.rating.material import Material, Option, Question, Shown

PAGE_KEY = "page-key"
"""Under this the store keeps what the names of pages are made with: a page keeps its name over
restarts, so that what a browser could not send yet still finds its place."""
BREAK = 600.0
"""Seconds after which a rater did something else, which is no part of the pace."""
FEWEST = 4
"""Items that must be finished before the pace says anything."""


@dataclass(frozen=True, kw_only=True)
class Reopened:
    """Questions about one reply, or one pair of them, that are to be agreed on."""

    eval: str
    scenario: str
    seed: int
    arm: str
    other: str = ""
    """Of a pair the arm that is shown second."""
    questions: tuple[str, ...]
    """principle/criterion; of a pair principles, "" for the replies as a whole."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What stands, or is to stand, for one question."""

    name: str
    """Of the option that was chosen."""
    label: str = ""
    quote: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One item as it lies before a rater."""

    name: str
    """Of its page; says nothing, and is another one for every rater, and for another reply."""
    number: int
    """From 1."""
    shown: Shown
    """With the questions that are asked here."""
    given: Mapping[str, Answer]
    """What stands already, by the question's id."""
    others: Mapping[str, Sequence[tuple[str, Answer]]]
    """To be agreed on: by question, what raters "A", "B", ... have answered."""
    before: str
    """The name of the page before it; "" for the first."""
    after: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a rater has come."""

    done: int
    total: int
    seconds: float | None
    """The median time of an item; None while it cannot be told."""
    open: str
    """The name of the first page with an open question; "" when there is none."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    """An item with the ids of its questions, on its way to a rater."""

    item: Item
    name: str
    questions: tuple[Question, ...]
    about: Mapping[str, str]
    """By the question's id what an answer to it is about: what is shown here, and nothing else."""


class Desk:
    """The work of all raters on one kind of page.

    All they say goes straight to the store: the process can be killed at any time.
    """

    def __init__(
        self,
        store: MarkStore,
        material: Material,
        items: Iterable[Item],
        *,
        wanted: Mapping[tuple[str, int], Sequence[str]] | None = None,
    ) -> None:
        """A desk for items of one kind.

        Args:
            store: Where answers go.
            material: What the items are about.
            items: Single replies, or pairs.
            wanted: For agreeing: by (rater, number of the item) the ids of the questions that are
                asked. What is answered stands under `CONSENSUS`.

        Raises:
            UserError: A question is wanted that is not asked of its item.
        """
        self.store, self.material, self.agreeing = store, material, wanted is not None
        self._key = _page_key(store)
        self._tasks: dict[str, dict[str, _Task]] = {}
        listed = list(items)
        for item in listed:
            asked = material.questions(item)
            if wanted is not None:
                asked = _wanted(asked, wanted[item.rater, item.number], item)
            about = {question.id: material.about(item, question.id) for question in asked}
            name = self._name(item, about)
            task = _Task(item=item, name=name, questions=tuple(asked), about=about)
            self._tasks.setdefault(item.rater, {})[task.name] = task
        pairs = any(item.other for item in listed)
        self._answers = PREFERENCES if pairs else CHECK_MARKS

    def rater(self, token: str) -> str | None:
        """Who has this secret and something to do here; None for nobody."""
        name = self.store.rater(token)
        return name if name in self._tasks else None

    def first(self, rater: str) -> str:
        """The name of a rater's first page."""
        return next(iter(self._tasks[rater]))

    def mark_of(self, rater: str) -> str:
        """What tells a rater's drafts in a browser from those of another; says nothing else."""
        return hmac.new(self._key, f"rater {rater}".encode(), hashlib.sha256).hexdigest()[:16]

    def progress(self, rater: str) -> Progress:
        """How far a rater has come."""
        made = {
            (said.item, said.question, said.about): said.made
            for said in self._answers.by(self.store, self._author(rater))
        }
        times, open_page = [], ""
        for task in self._tasks[rater].values():
            key = key_of(task.item)
            given = [made.get((key, name, about)) for name, about in task.about.items()]
            if None in given:
                open_page = open_page or task.name
            else:
                times.append(max(filter(None, given), default=""))
        return Progress(
            done=len(times), total=len(self._tasks[rater]), seconds=pace(times), open=open_page
        )

    def sheet(self, rater: str, name: str) -> Sheet | None:
        """The item of a rater that has this name; None where there is none."""
        tasks = self._tasks[rater]
        if name not in tasks:
            return None
        names, task = list(tasks), tasks[name]
        place = names.index(name)
        author = self._author(rater)
        said = self._answers.about(self.store, task.item, author)
        return Sheet(
            name=name,
            number=place + 1,
            shown=replace(self.material.shown(task.item), questions=task.questions),
            given=dict(_answers(task, said, author)),
            others=self._others(task) if self.agreeing else {},
            before=names[place - 1] if place else "",
            after=names[place + 1] if place + 1 < len(names) else "",
        )

    def keep(
        self, rater: str, name: str, question: str, answer: Answer | None, at: datetime
    ) -> bool:
        """Commit an answer, or take it back with None; it is on disk when this returns.

        False where the rater has no such page, the page no such question or the question no such
        answer; then nothing is kept.
        """
        task = self._tasks[rater].get(name)
        asked = next((q for q in task.questions if q.id == question), None) if task else None
        if task is None or asked is None:
            return False
        said = Said(
            author=self._author(rater), item=key_of(task.item), question=question, value=None
        )
        if answer is None:
            self._answers.withdraw(self.store, said)
            return True
        option = next((one for one in asked.options if one.name == answer.name), None)
        if option is None:
            return False
        self._answers.keep(
            self.store,
            replace(
                said,
                value=option.value,
                quote=answer.quote,
                note=answer.note,
                made=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
                about=task.about[question],
            ),
        )
        return True

    def _author(self, rater: str) -> str:
        """Under whose name answers stand: what was agreed on is nobody's own."""
        return CONSENSUS if self.agreeing else rater

    def _name(self, item: Item, about: Mapping[str, str]) -> str:
        """Made of what is shown, too: what a page left open sends finds no other reply."""
        said = repr((item.rater, key_of(item), self.agreeing, sorted(about.items())))
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()[:24]

    def _others(self, task: _Task) -> dict[str, list[tuple[str, Answer]]]:
        """What raters said, under letters that are dealt anew for each item."""
        said = self._answers.about(self.store, task.item, turned=True)
        raters = {one.author for one in said} - {CONSENSUS}
        order = sorted(raters, key=lambda rater: self._dealt(task.name, rater))
        found: dict[str, list[tuple[str, Answer]]] = {}
        for place, rater in enumerate(order):
            for question, answer in _answers(task, said, rater):
                found.setdefault(question, []).append((_letter(place), answer))
        return found

    def _dealt(self, name: str, rater: str) -> bytes:
        return hmac.digest(self._key, f"{name} {rater}".encode(), "sha256")


def _wanted(asked: Sequence[Question], wanted: Iterable[str], item: Item) -> list[Question]:
    """The questions that were reopened, in the order of the rubric."""
    known, chosen = {question.id for question in asked}, set(wanted)
    for name in sorted(chosen - known):
        raise UserError(f"{item.eval}, scenario {item.scenario}: nobody is asked '{name}' about it")
    return [question for question in asked if question.id in chosen]


def _page_key(store: MarkStore) -> bytes:
    if PAGE_KEY not in store.said():
        store.say(PAGE_KEY, secrets.token_urlsafe(32))
    return store.said()[PAGE_KEY].encode()


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def _answers(task: _Task, said: Iterable[Said], author: str) -> Iterator[tuple[str, Answer]]:
    """What one author has answered to what is shown, and not to what stood there before."""
    asked = {question.id: question for question in task.questions}
    for one in said:
        if one.author == author and one.about == task.about.get(one.question):
            option = _option(asked[one.question], one)
            if option is not None:
                yield (
                    one.question,
                    Answer(name=option.name, label=option.label, quote=one.quote, note=one.note),
                )


def _option(question: Question, said: Said) -> Option | None:
    return next((option for option in question.options if option.value == said.value), None)


def pace(times: Iterable[str]) -> float | None:
    """The median of seconds between one finished item and the next; None for too few.

    Args:
        times: When each was finished, ISO 8601; "" where it is not known.
    """
    known = sorted(datetime.fromisoformat(time) for time in times if time)
    if len(known) < FEWEST:
        return None
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(known)]
    working = [gap for gap in gaps if gap <= BREAK]
    return statistics.median(working) if working else None
