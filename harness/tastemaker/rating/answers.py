"""Answers of the page as marks of the store, and back: the same for check-marks and for pairs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

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


Row = TypeVar("Row", Mark, PairMark)


@dataclass(frozen=True, kw_only=True)
class Answers(Generic[Row]):
    """One of the two kinds of answers: how the store keeps them, and what they say."""

    stored: Callable[..., list[Row]]
    """`MarkStore.marks`, or `MarkStore.pairs`."""
    put: Callable[[MarkStore, Iterable[Row]], None]
    take_back: Callable[[MarkStore, Iterable[Row]], None]
    as_said: Callable[[Row], Said]
    as_row: Callable[[Said], Row]

    def by(self, store: MarkStore, author: str) -> list[Said]:
        """All that somebody has answered; of pairs in the order in which they were shown."""
        return [self.as_said(row) for row in self.stored(store, author)]

    def about(
        self, store: MarkStore, item: Item, author: str | None = None, *, turned: bool = False
    ) -> list[Said]:
        """What somebody, or anybody, has answered about an item.

        With `turned` also what was said of a pair that was shown the other way round, as if it had
        been shown this way.
        """
        rows = self.stored(store, author, eval=item.eval, scenario=item.scenario, seed=item.seed)
        found = [self.as_said(row) for row in rows]
        straight = [said for said in found if said.item == key_of(item)]
        other_way = [said for said in found if said.item[3:] == (item.other, item.arm)]
        return straight + [_turned(said, item) for said in other_way if turned]

    def keep(self, store: MarkStore, said: Said) -> None:
        """Commit an answer."""
        self.put(store, [self.as_row(said)])

    def withdraw(self, store: MarkStore, said: Said) -> None:
        """Take the answer to a question back."""
        self.take_back(store, [self.as_row(said)])


def _turned(said: Said, item: Item) -> Said:
    return replace(said, item=key_of(item), value=TURNED.get(said.value, said.value))


def _said_in_mark(mark: Mark) -> Said:
    return Said(
        author=mark.rater,
        item=(mark.eval, mark.scenario, mark.seed, mark.arm, ""),
        question=mark.criterion,
        value=mark.value,
        quote=mark.quote,
        note=mark.note,
        made=mark.made,
        about=mark.about,
    )


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


def _said_of_pair(pair: PairMark) -> Said:
    return Said(
        author=pair.rater,
        item=(pair.eval, pair.scenario, pair.seed, pair.first, pair.second),
        question=pair.principle,
        value=pair.preference,
        note=pair.note,
        made=pair.made,
        about=pair.about,
    )


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


CHECK_MARKS = Answers(
    stored=MarkStore.marks,
    put=MarkStore.put,
    take_back=MarkStore.withdraw,
    as_said=_said_in_mark,
    as_row=_mark,
)
"""Answers to criteria, about one reply."""
PREFERENCES = Answers(
    stored=MarkStore.pairs,
    put=MarkStore.put_pairs,
    take_back=MarkStore.withdraw_pairs,
    as_said=_said_of_pair,
    as_row=_pair,
)
"""Answers about two replies side by side. They have no quote."""
