"""Answers of the page as marks of the store, and back: the same for check-marks and for pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, cast

from tastemaker.marks import Choice, Item, Mark, MarkStore, PairMark

Value = float | str | None
"""What the store holds of an answer: a mark's number, a preference; None is "cannot say"."""
ItemKey = tuple[str, str, int, str, str]
"""Eval, scenario, seed, arm, and of a pair the other arm."""
TURNED: dict[Value, Value] = {"a": "b", "b": "a"}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody answered to one question about one item."""

    author: str
    item: ItemKey
    question: str
    value: Value
    quote: str = ""
    note: str = ""
    made: str = ""
    """When, ISO 8601 in UTC."""
    about: str = ""
    """What was answered, as `tastemaker.about` tells it."""


def key_of(item: Item) -> ItemKey:
    """What an item is about."""
    return item.eval, item.scenario, item.seed, item.arm, item.other


class Answers(Protocol):
    """One of the two kinds of answers, as the store keeps them."""

    def by(self, store: MarkStore, author: str) -> list[Said]:
        """All that somebody has answered."""

    def about(
        self, store: MarkStore, item: Item, author: str | None = None, *, turned: bool = False
    ) -> list[Said]:
        """What somebody, or anybody, has answered about an item.

        With `turned` also what was said of a pair that was shown the other way round, as if it had
        been shown this way.
        """

    def keep(self, store: MarkStore, said: Said) -> None:
        """Commit an answer."""

    def withdraw(self, store: MarkStore, said: Said) -> None:
        """Take the answer to a question back."""


class CheckMarks:
    """Answers to criteria, about one reply."""

    def by(self, store: MarkStore, author: str) -> list[Said]:
        """All that somebody has answered."""
        return _of_marks(store.marks(author))

    def about(
        self, store: MarkStore, item: Item, author: str | None = None, *, turned: bool = False
    ) -> list[Said]:
        """What somebody, or anybody, has answered about an item."""
        found = store.marks(
            author, eval=item.eval, scenario=item.scenario, seed=item.seed, arm=item.arm
        )
        return _of_marks(found)

    def keep(self, store: MarkStore, said: Said) -> None:
        """Commit an answer."""
        store.put([_mark(said)])

    def withdraw(self, store: MarkStore, said: Said) -> None:
        """Take the answer to a question back."""
        store.withdraw([_mark(said)])


class Preferences:
    """Answers about two replies side by side. They have no quote."""

    def by(self, store: MarkStore, author: str) -> list[Said]:
        """All that somebody has answered, in the order in which it was shown."""
        return _of_pairs(store.pairs(author))

    def about(
        self, store: MarkStore, item: Item, author: str | None = None, *, turned: bool = False
    ) -> list[Said]:
        """What somebody, or anybody, has answered about the two replies."""
        found = _of_pairs(
            store.pairs(author, eval=item.eval, scenario=item.scenario, seed=item.seed)
        )
        straight = [said for said in found if said.item == key_of(item)]
        other_way = [said for said in found if said.item[3:] == (item.other, item.arm)]
        return straight + [_turned(said, item) for said in other_way if turned]

    def keep(self, store: MarkStore, said: Said) -> None:
        """Commit an answer."""
        store.put_pairs([_pair(said)])

    def withdraw(self, store: MarkStore, said: Said) -> None:
        """Take the answer to a question back."""
        store.withdraw_pairs([_pair(said)])


def _turned(said: Said, item: Item) -> Said:
    return replace(said, item=key_of(item), value=TURNED.get(said.value, said.value))


def _of_marks(marks: Iterable[Mark]) -> list[Said]:
    return [
        Said(
            author=mark.rater,
            item=(mark.eval, mark.scenario, mark.seed, mark.arm, ""),
            question=mark.criterion,
            value=mark.value,
            quote=mark.quote,
            note=mark.note,
            made=mark.made,
            about=mark.about,
        )
        for mark in marks
    ]


def _mark(said: Said) -> Mark:
    home, scenario, seed, arm, _ = said.item
    return Mark(
        eval=home,
        scenario=scenario,
        seed=seed,
        arm=arm,
        criterion=said.question,
        rater=said.author,
        value=None if said.value is None else float(said.value),
        quote=said.quote,
        note=said.note,
        made=said.made,
        about=said.about,
    )


def _of_pairs(pairs: Iterable[PairMark]) -> list[Said]:
    return [
        Said(
            author=pair.rater,
            item=(pair.eval, pair.scenario, pair.seed, pair.first, pair.second),
            question=pair.principle,
            value=pair.preference,
            note=pair.note,
            made=pair.made,
            about=pair.about,
        )
        for pair in pairs
    ]


def _pair(said: Said) -> PairMark:
    home, scenario, seed, first, second = said.item
    return PairMark(
        eval=home,
        scenario=scenario,
        seed=seed,
        first=first,
        second=second,
        principle=said.question,
        rater=said.author,
        preference=cast(Choice | None, said.value),
        note=said.note,
        made=said.made,
        about=said.about,
    )
