"""Marks as files: out for analysis, and in from wherever else people have rated."""

import hmac
import json
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar, get_args

from tastemaker.about import Now
from tastemaker.errors import UserError
from tastemaker.marks import CONSENSUS, Choice, Item, Mark, MarkStore, PairMark, Question
from tastemaker.rating.places import Places
from tastemaker.rating.questions import CANNOT_ASSESS, Questions, answer_text, answer_value
from tastemaker.rating.ratable import Ratable, Spot
from tastemaker.rating.sheets import Row, Sheet, Value
from tastemaker.reading import did_you_mean, listed

MARK_COLUMNS = (
    "eval",
    "scenario",
    "seed",
    "arm",
    "criterion",
    "rater",
    "value",
    "quote",
    "note",
    "made",
    "chance",
    "about",
)
NEEDED = ("scenario", "seed", "arm", "criterion", "rater", "value")
PAIR_COLUMNS = (
    "eval",
    "scenario",
    "seed",
    "arm_a",
    "arm_b",
    "order",
    "principle",
    "preference",
    "rater",
    "note",
    "made",
    "about",
)
PAIRS_NEEDED = ("scenario", "seed", "arm_a", "arm_b", "order", "rater", "preference")
PACKET_ONLY = ("number", "prompt", "reply", "reply_a", "reply_b", "question", "answers")
"""Columns of a packet that are there to be read by people."""
LONGEST_NAME = 200
PACKET_KEY = "packet_key"

One = TypeVar("One", Mark, PairMark)


@dataclass(frozen=True, kw_only=True)
class Imported(Generic[One]):
    """What came of a file of marks."""

    added: tuple[One, ...]
    unchanged: int
    """Rows that say what stands already."""
    empty: int
    """Rows without an answer."""
    older: int
    """Rows that were made before what stands now, which therefore stays."""
    raters: tuple[str, ...]
    """Raters of whom there was no mark before."""
    planned: bool
    """Whether the file's replies were taken as the plan, because there was none."""
    outside: int
    """Of what was added, how much is about replies that the plan does not have: it does not
    count."""


# Opaque names ------------------------------------------------------------------------------------


class Codes:
    """Names of replies that tell nothing of the arm, for what raters see outside the page.

    A reply's code is a keyed hash of its place, and one of what stands there and is asked; the key
    stays in the store, so a packet alone tells nothing.
    """

    def __init__(self, store: MarkStore, now: Now) -> None:
        """Take the store's key, and give it one where there is none."""
        key = store.said().get(PACKET_KEY)
        if key is None:
            key = secrets.token_hex(16)
            store.say(PACKET_KEY, key)
        self._key, self._now = bytes.fromhex(key), now

    def code(self, home: str, scenario: str, seed: int, arm: str) -> str:
        """The code of a reply: "r-", ten hexadecimal digits of its place and eight of its text."""
        questions = sorted(self._now.questions.get(home, {}).items())
        said = self._hash(self._now.replies.get((home, scenario, seed, arm)), questions)
        return f"{self._place(home, scenario, seed, arm)}-{said[:8]}"

    def arm(self, home: str, scenario: str, seed: int, name: str, arms: Iterable[str]) -> str:
        """The arm of a code; any other name as it is."""
        matches = (arm for arm in arms if self.code(home, scenario, seed, arm) == name)
        return next(matches, name)

    def is_former(
        self, home: str, scenario: str, seed: int, name: str, arms: Iterable[str]
    ) -> bool:
        """Whether it was the code of a reply at this place, in whose place another stands now."""
        return any(name.startswith(self._place(home, scenario, seed, arm)) for arm in arms)

    def _place(self, *place: str | int) -> str:
        return f"r-{self._hash(*place)[:10]}"

    def _hash(self, *words: object) -> str:
        return hmac.new(self._key, repr(words).encode(), "sha256").hexdigest()


# Out ---------------------------------------------------------------------------------------------


def mark_rows(
    marks: Iterable[Mark], items: Iterable[Item], questions: Questions
) -> list[dict[str, Value]]:
    """Marks as rows of `MARK_COLUMNS`, with the chance of the plan where it has the scenario."""
    chances = {(one.eval, one.scenario, one.seed): one.chance for one in items}
    return [
        {
            "eval": one.eval,
            "scenario": one.scenario,
            "seed": one.seed,
            "arm": one.arm,
            "criterion": one.criterion,
            "rater": one.rater,
            "value": answer_text(
                one.value, questions.levels(one.eval, one.scenario, one.criterion)
            ),
            "quote": one.quote,
            "note": one.note,
            "made": one.made,
            "chance": chances.get((one.eval, one.scenario, one.seed)),
            "about": one.about,
        }
        for one in marks
    ]


def pair_rows(pairs: Iterable[PairMark]) -> list[dict[str, Value]]:
    """Preferences as rows of `PAIR_COLUMNS`: `arm_a` was shown first, so the order is "ab"."""
    return [
        {
            "eval": one.eval,
            "scenario": one.scenario,
            "seed": one.seed,
            "arm_a": one.first,
            "arm_b": one.second,
            "order": "ab",
            "principle": one.principle,
            "preference": one.preference or CANNOT_ASSESS,
            "rater": one.rater,
            "note": one.note,
            "made": one.made,
            "about": one.about,
        }
        for one in pairs
    ]


# In ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """Whose answers a file may bring."""

    raters: Collection[str] = ()
    """Who was named. Others may come in again who never answered but by files."""
    settling: Collection[Question] | None = None
    """With these the file brings what was agreed on, on these questions and on nothing else."""


def import_marks(
    path: Path,
    store: MarkStore,
    ratable: Ratable,
    questions: Questions,
    now: Now,
    welcome: Welcome,
) -> Imported[Mark] | Imported[PairMark]:
    """Take in a file of marks, or of preferences if it has a column of that name: all or nothing.

    Importing a file twice changes nothing. Arms may be named by a packet's codes. What was given
    on the page, and what is about another reply than is there now, is refused.

    Raises:
        UserError: Something is wrong in the file; every problem at once, with line and column (in
            CSV the number of the cell).
    """
    sheet = Sheet(path)
    reader = _Reader(sheet, ratable, questions, Codes(store, now), now, _Doorkeeper(store, welcome))
    if "preference" in sheet.columns:
        if welcome.settling is not None:
            raise UserError(f"{sheet.path.name}: preferences are settled on the page alone")
        sheet.expect(PAIRS_NEEDED, (*PAIR_COLUMNS, *PACKET_ONLY))
        sheet.checked()
        pairs = reader.read(reader.pair, _comparison)
        return _kept_pairs(store, pairs, reader)
    sheet.expect(NEEDED, (*MARK_COLUMNS, *PACKET_ONLY))
    sheet.checked()
    marks = reader.read(reader.mark, _question)
    return _kept_marks(store, marks, reader)


def _kept_marks(store: MarkStore, marks: Sequence[Mark], reader: "_Reader") -> Imported[Mark]:
    before = store.marks()
    standing = {_question(one): one for one in before}
    new, unchanged, older = _changes(marks, standing, _question)
    planned = bool(marks) and not store.items()
    if planned:
        items = _as_plan(marks, reader.chances)
        store.assign(items, _facts(items))
    store.put(new)
    places = {(one.eval, one.scenario, one.seed, one.arm) for one in store.items()}
    return Imported(
        added=tuple(new),
        unchanged=unchanged,
        empty=reader.empty,
        older=older,
        raters=_strangers(new, before),
        planned=planned,
        outside=sum((one.eval, one.scenario, one.seed, one.arm) not in places for one in new),
    )


def _kept_pairs(
    store: MarkStore, pairs: Sequence[PairMark], reader: "_Reader"
) -> Imported[PairMark]:
    before = store.pairs()
    standing = {_comparison(one): one for one in before}
    new, unchanged, older = _changes(pairs, standing, _comparison)
    store.put_pairs(new)
    return Imported(
        added=tuple(new),
        unchanged=unchanged,
        empty=reader.empty,
        older=older,
        raters=_strangers(new, before),
        planned=False,
        outside=0,
    )


class _Doorkeeper:
    """Tells which rows of a file may come in, by who speaks and by what stands already."""

    def __init__(self, store: MarkStore, welcome: Welcome) -> None:
        self.settling = welcome.settling
        there: list[Mark | PairMark] = [*store.marks(), *store.pairs()]
        self.standing = {_key(one): one for one in there}
        elsewhere = {one.rater for one in there if one.imported}
        self.raters = (elsewhere - set(store.raters()) | set(welcome.raters)) - {CONSENSUS}

    def stranger(self, rater: str) -> str:
        """Why nobody of this name may speak in the file; "" when they may."""
        if self.settling is not None and rater != CONSENSUS:
            return f"what was agreed on is by '{CONSENSUS}', found '{rater}'"
        if self.settling is None and rater == CONSENSUS:
            return "what was agreed on comes in with --adjudicate --import"
        if self.settling is None and rater not in self.raters:
            return f"'{rater}' was not named: --raters {rater} takes in what is by them"
        return ""

    def refused(self, one: Mark | PairMark) -> str:
        """Why an answer may not come in; "" when it may."""
        if isinstance(one, Mark) and self.settling is not None:
            question = (one.eval, one.scenario, one.seed, one.arm, one.criterion)
            if question not in self.settling:
                return "nobody differs on it, so there is nothing to settle"
        stands = self.standing.get(_key(one))
        if stands is None or stands.imported or stands.about != one.about:
            return ""
        if _same(one, stands) or _earlier(one.made, stands.made):
            return ""
        return f"{one.rater} has answered it on the page, where alone it can be changed"


def _key(one: Mark | PairMark) -> tuple[str | int, ...]:
    return _question(one) if isinstance(one, Mark) else _comparison(one)


def _question(one: Mark) -> tuple[str | int, ...]:
    return one.eval, one.scenario, one.seed, one.arm, one.criterion, one.rater


def _comparison(one: PairMark) -> tuple[str | int, ...]:
    return one.eval, one.scenario, one.seed, one.first, one.second, one.principle, one.rater


def _changes(
    given: Iterable[One],
    standing: Mapping[tuple[str | int, ...], One],
    key: Callable[[One], tuple[str | int, ...]],
) -> tuple[list[One], int, int]:
    """What is new, how many rows say what stands, and how many are older than what stands."""
    new: list[One] = []
    unchanged = older = 0
    for one in given:
        stands = standing.get(key(one))
        if stands is not None and _same(one, stands):
            unchanged += 1
        elif stands is not None and _earlier(one.made, stands.made):
            older += 1
        else:
            new.append(one)
    return new, unchanged, older


def _same(one: Mark | PairMark, stands: Mark | PairMark) -> bool:
    """Whether it says what stands, whenever and by which way it came."""
    return replace(one, made=stands.made, imported=stands.imported) == stands


def _earlier(one: str, other: str) -> bool:
    """Whether the first was made before the second; False where it is not known."""
    return bool(one and other) and _instant(one) < _instant(other)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _strangers(new: Iterable[One], before: Iterable[One]) -> tuple[str, ...]:
    known = {CONSENSUS, *(one.rater for one in before)}
    return tuple(dict.fromkeys(one.rater for one in new if one.rater not in known))


def _as_plan(marks: Iterable[Mark], chances: Mapping[Spot, float]) -> list[Item]:
    """The replies that were rated elsewhere as a plan, each rater's in the order of the file."""
    seen = dict.fromkeys(
        (one.rater, one.eval, one.scenario, one.seed, one.arm)
        for one in marks
        if one.rater != CONSENSUS
    )
    numbers: Counter[str] = Counter()
    items = []
    for rater, home, scenario, seed, arm in seen:
        items.append(
            Item(
                number=numbers[rater],
                rater=rater,
                eval=home,
                scenario=scenario,
                seed=seed,
                arm=arm,
                chance=chances.get((home, scenario, seed), 1.0),
            )
        )
        numbers[rater] += 1
    return items


def _facts(items: Sequence[Item]) -> dict[str, str]:
    """What the store keeps about a plan that is what somebody rated elsewhere."""
    return {
        "kind": "imported",
        "raters": json.dumps(list(dict.fromkeys(one.rater for one in items))),
        "scenarios": str(len({(one.eval, one.scenario) for one in items})),
        "items": str(len(items)),
    }


def proper_name(name: str) -> bool:
    """Whether a rater may be called so: printable, no blanks around it, at most 200 characters."""
    return bool(name) and name == name.strip() and name.isprintable() and len(name) <= LONGEST_NAME


class _Reader:
    """Makes marks of the rows of a sheet, and notes what is wrong in them."""

    def __init__(
        self,
        sheet: Sheet,
        ratable: Ratable,
        questions: Questions,
        codes: Codes,
        now: Now,
        door: _Doorkeeper,
    ) -> None:
        self.sheet, self.ratable, self.questions, self.codes = sheet, ratable, questions, codes
        self.now, self.door = now, door
        self.places = Places(sheet, ratable)
        self.empty = 0
        self.chances: dict[Spot, float] = {}

    def read(
        self, make: Callable[[Row], One | None], key: Callable[[One], tuple[str | int, ...]]
    ) -> list[One]:
        """The marks of all rows that have an answer; UserError with every problem at once."""
        made: list[One] = []
        lines: dict[tuple[str | int, ...], int] = {}
        for row in self.sheet.rows:
            one = make(row)
            if one is None:
                continue
            if key(one) in lines:
                what = f"the same question as in line {lines[key(one)]}, answered a second time"
                self.sheet.wrong(row, "scenario", what)
            lines.setdefault(key(one), row.line)
            made.append(one)
        self.sheet.checked()
        return made

    def mark(self, row: Row) -> Mark | None:
        """The mark of a row; None where it has no answer, or something is wrong with it."""
        problems = len(self.sheet.problems)
        spot, rater, made = self.places.spot(row), self._rater(row), self._made(row)
        if spot is None:
            return None
        arm = self._arm(row, "arm", spot)
        criterion = self._criterion(row, spot)
        self._chance(row, spot)
        given, value = row.cells.get("value", "").strip(), None
        if given and criterion:
            try:
                value = answer_value(given, self.questions.levels(spot[0], spot[1], criterion))
            except ValueError as wrong:
                self.sheet.wrong(row, "value", f"{wrong}, found '{given}'")
        if len(self.sheet.problems) > problems:
            return None
        if not given:
            self.empty += 1
            return None
        mark = Mark(
            eval=spot[0],
            scenario=spot[1],
            seed=spot[2],
            arm=arm,
            criterion=criterion,
            rater=rater,
            value=value,
            quote=row.cells.get("quote", ""),
            note=row.cells.get("note", ""),
            made=made,
            about=self.now.about((*spot, arm), criterion),
            imported=True,
        )
        return self._welcomed(row, mark)

    def pair(self, row: Row) -> PairMark | None:
        """The preference of a row; None where it has none, or something is wrong with it."""
        problems = len(self.sheet.problems)
        spot, rater, made = self.places.spot(row), self._rater(row), self._made(row)
        if spot is None:
            return None
        arms = [self._arm(row, column, spot) for column in ("arm_a", "arm_b")]
        if arms[0] and arms[0] == arms[1]:
            self.sheet.wrong(row, "arm_b", f"'{arms[0]}' is compared with itself")
        order = self._one_of(row, "order", ("ab", "ba"))
        principle = self._principle(row, spot)
        given = row.cells.get("preference", "").strip()
        said = self._one_of(row, "preference", (*get_args(Choice), CANNOT_ASSESS)) if given else ""
        if len(self.sheet.problems) > problems:
            return None
        if not given:
            self.empty += 1
            return None
        # In the store "a" is the reply that was shown first, in a file that of `arm_a`.
        turned = {"a": "b", "b": "a"} if order == "ba" else {}
        preferred = turned.get(said, said)
        first, second = arms if order == "ab" else arms[::-1]
        pair = PairMark(
            eval=spot[0],
            scenario=spot[1],
            seed=spot[2],
            first=first,
            second=second,
            principle=principle,
            rater=rater,
            preference=CHOICES.get(preferred),
            note=row.cells.get("note", ""),
            made=made,
            about=self.now.about_pair((*spot, first), (*spot, second), principle),
            imported=True,
        )
        return self._welcomed(row, pair)

    def _welcomed(self, row: Row, one: One) -> One | None:
        """The answer of a row, if it is about what is there now and nothing forbids it."""
        about = row.cells.get("about", "")
        if about and about != one.about:
            what = "given about another reply, or another question, than is there now"
            self.sheet.wrong(row, "about", what)
        elif why := self.door.stranger(one.rater) or self.door.refused(one):
            self.sheet.wrong(row, "rater", why)
        else:
            return one
        return None

    def _arm(self, row: Row, column: str, spot: Spot) -> str:
        replied = self.ratable.replies.get(spot, frozenset())
        arm = self.codes.arm(*spot, row.cells[column], sorted(replied))
        if arm in replied:
            return arm
        if arm in self.ratable.arms:
            what = f"'{arm}' did not reply to this scenario in seed {spot[2]}"
        elif self.codes.is_former(*spot, arm, self.ratable.arms):
            what = (
                f"the reply of '{arm}', or a question about it, was replaced after the packet was "
                "made: what was said of it does not count for the new one"
            )
        elif arm.startswith("r-"):
            what = f"'{arm}' is no reply's code here: was the packet made from another run?"
        else:
            what = f"no arm '{arm}'{did_you_mean(arm, self.ratable.arms)}"
        self.sheet.wrong(row, column, what)
        return ""

    def _criterion(self, row: Row, spot: Spot) -> str:
        """As principle/criterion; "" where it is not to be found."""
        given, known = row.cells["criterion"], self.ratable.questions[spot[:2]]
        matches = [name for name in known if given in (name, name.partition("/")[2])]
        if len(matches) == 1:
            return matches[0]
        if matches:
            what = f"'{given}' stands in several principles: write {listed(matches)}"
        else:
            bare = [name.partition("/")[2] for name in known]
            what = f"no criterion '{given}' of this scenario{did_you_mean(given, [*known, *bare])}"
        self.sheet.wrong(row, "criterion", what)
        return ""

    def _principle(self, row: Row, spot: Spot) -> str:
        given = row.cells.get("principle", "")
        known = {name.partition("/")[0] for name in self.ratable.questions[spot[:2]]}
        if given and given not in known:
            what = f"no principle '{given}'{did_you_mean(given, known)}"
            self.sheet.wrong(row, "principle", what)
        return given

    def _rater(self, row: Row) -> str:
        given = row.cells["rater"]
        if not given.strip():
            self.sheet.wrong(row, "rater", "nobody is named")
        elif not proper_name(given):
            what = "expected a name without blanks around it, of at most 200 printable characters"
            self.sheet.wrong(row, "rater", what)
        return given

    def _made(self, row: Row) -> str:
        given = row.cells.get("made", "")
        try:
            if given:
                _instant(given)
        except ValueError:
            what = f"expected a time like 2026-11-22T10:00:00Z, found '{given}'"
            self.sheet.wrong(row, "made", what)
        return given

    def _chance(self, row: Row, spot: Spot) -> None:
        chance = self.places.chance(row)
        if chance is not None and self.chances.setdefault(spot, chance) != chance:
            what = f"expected {self.chances[spot]:g}, as in another row of this scenario"
            self.sheet.wrong(row, "chance", what)

    def _one_of(self, row: Row, column: str, words: Sequence[str]) -> str:
        given = row.cells.get(column, "").strip()
        match = next((word for word in words if word.upper() == given.upper()), "")
        if not match:
            what = f"expected {listed(words)}, found '{given}'{did_you_mean(given, words)}"
            self.sheet.wrong(row, column, what)
        return match


CHOICES: Mapping[str, Choice] = {"a": "a", "b": "b", "tie": "tie"}
