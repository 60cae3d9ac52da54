"""What people say of replies, and the file it is kept in.

One SQLite file beside a run's tables. Marks are only ever added: a later one of the same rater on
the same question stands in the place of the earlier, and the earlier stays to be read.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from tastemaker.content import fingerprint
from tastemaker.errors import UserError
from tastemaker.reading import shown

MARKS = "marks.sqlite"
VERSION = 1
"""Of the file's layout; the first did not say of each mark what it is about."""
CHANCES = "chance_of"
"""The fact of a plan that holds the chance of every scenario, also of those not taken: JSON,
{eval: {scenario: chance}}."""
LOOKS = "looks"
"""The fact that holds the fingerprints of the marks that a calibration of the plan was computed on:
JSON, in their order."""
EARLIER = "earlier"
"""The fact about the plans that were given up, their marks set aside: JSON, for each its kind and
how many scenarios and marks it had."""
RESEATED = "reseated"
"""The fact that says how often who rates was changed after the first mark."""
CONSENSUS = "consensus"
"""The name under which adjudicated marks stand; no rater may have it."""

Answer = Literal["MET", "UNMET", "CANNOT_ASSESS"]
Choice = Literal["a", "b", "tie"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that one rater is asked to look at: a reply, or two side by side."""

    number: int
    """The place in the rater's own order, from 0."""
    rater: str
    eval: str
    scenario: str
    seed: int
    """The epoch, 1 to K: the same for both arms of a pair, and for all arms of a scenario."""
    arm: str
    """The reply's arm; of a pair the arm that is shown first."""
    other: str = ""
    """Of a pair the arm that is shown second; "" for check-marks."""
    chance: float = 1.0
    """The probability with which the plan took this scenario, in (0, 1]; marks weigh 1/chance."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One rater's answer to one criterion of one reply."""

    eval: str
    scenario: str
    seed: int
    arm: str
    criterion: str
    """principle/criterion, as in the findings of the replies table."""
    rater: str
    value: float | None
    """1 met, 0 not met, a level's value; as asked, so that a negative weight is not applied. None:
    cannot say."""
    quote: str = ""
    """The passage of the reply that shows it, verbatim."""
    note: str = ""
    made: str = ""
    """When, ISO 8601 in UTC; "" when it is not known."""
    about: str = ""
    """The hash of the reply and the question that were answered (`tastemaker.about`); "" is about
    nothing that is known, and counts nowhere."""
    imported: bool = False
    """Whether it came from a file, and was not given on the page."""


@dataclass(frozen=True, kw_only=True)
class PairMark:
    """One rater's preference between two replies to one scenario in one seed."""

    eval: str
    scenario: str
    seed: int
    first: str
    """The arm that was shown first."""
    second: str
    principle: str = ""
    """"" for the replies as a whole."""
    rater: str
    preference: Choice | None
    """"a" for the arm shown first, "b" for the second; None: cannot say."""
    note: str = ""
    made: str = ""
    about: str = ""
    """As of a mark: of both replies, and of the question."""
    imported: bool = False


Row = TypeVar("Row", Item, Mark, PairMark)

QUESTION = ("eval", "scenario", "seed", "arm", "criterion")
Question = tuple[str, str, int, str, str]
"""One criterion of one reply, by the columns of `QUESTION`."""
MARK_KEY = (*QUESTION, "rater")
PAIR_KEY = ("eval", "scenario", "seed", "first", "second", "principle", "rater")
STANDING, TAKEN_BACK, SET_ASIDE = range(3)
"""What became of a mark, in the column `withdrawn`: nothing; its rater took it back; the plan that
it was made for was given up."""

SCHEMA = f"""
begin immediate;
create table if not exists raters (name text primary key, token text not null unique);
create table if not exists plan (key text primary key, value text not null);
create table if not exists items (
  number integer not null, rater text not null, eval text not null, scenario text not null,
  seed integer not null, arm text not null, other text not null, chance real not null,
  primary key (rater, number));
create table if not exists marks (
  id integer primary key, eval text not null, scenario text not null, seed integer not null,
  arm text not null, criterion text not null, rater text not null, value real,
  quote text not null, note text not null, made text not null,
  about text not null default '', imported integer not null default 0,
  withdrawn integer not null default 0);
create index if not exists marks_of on marks (rater, eval, scenario, seed, arm, criterion);
create index if not exists marks_on on marks (eval, scenario, seed, arm, criterion);
create table if not exists pairs (
  id integer primary key, eval text not null, scenario text not null, seed integer not null,
  first text not null, second text not null, principle text not null, rater text not null,
  preference text, note text not null, made text not null,
  about text not null default '', imported integer not null default 0,
  withdrawn integer not null default 0);
create index if not exists pairs_of on pairs (rater, eval, scenario, seed, first, second);
pragma user_version = {VERSION};
commit;
"""


SAY = "insert into plan values (?, ?) on conflict (key) do update set value = excluded.value"


class MarkStore:
    """The marks of one experiment. Each call is one transaction, on disk when it returns.

    Safe with several processes and threads at once: every call opens a connection of its own.
    """

    def __init__(self, path: Path) -> None:
        """Open the store, and make it where there is none.

        Raises:
            UserError: The file is not a store of marks, or one of an earlier layout.
        """
        self.path = path
        try:
            with closing(self._connection()) as connection:
                connection.execute("pragma journal_mode = wal")
                ((tables,),) = connection.execute("select count(*) from sqlite_master")
                ((version,),) = connection.execute("pragma user_version")
                if not tables:
                    connection.executescript(SCHEMA)
                elif version != VERSION:
                    raise UserError(
                        f"{shown(path)}: was written by another version of Tastemaker, and does "
                        "not say what its marks are about: move it away, and rate again"
                    )
        except sqlite3.DatabaseError as error:
            raise UserError(f"{shown(path)}: not a file of marks: {error}") from error

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """While this lasts, a call takes a twentieth of the time, for a server's sake.

        The last connection that is closed folds the write-ahead log into the file and waits for
        the disk; so one stays open that does nothing.
        """
        with closing(self._connection()) as connection:
            connection.execute("select count(*) from plan").fetchall()
            yield

    def add_rater(self, name: str, token: str) -> None:
        """Let in a rater by a secret, of which only the hash is kept; a new secret ends the old."""
        if name == CONSENSUS:
            raise UserError(f"a rater cannot be named '{CONSENSUS}': agreed marks stand under it")
        self._write(
            "insert into raters values (?, ?) "
            "on conflict (name) do update set token = excluded.token",
            [(name, _hashed(token))],
        )

    def rater(self, token: str) -> str | None:
        """The rater who has this secret; None where nobody has."""
        found = self._read("select name from raters where token = ?", (_hashed(token),))
        return str(found[0][0]) if found else None

    def raters(self) -> list[str]:
        """Who was let in, by name."""
        return [name for (name,) in self._read("select name from raters order by name")]

    def say(self, key: str, value: str) -> None:
        """Keep a fact about the plan: its hash, its kind, its seed."""
        self._write(SAY, [(key, value)])

    def said(self) -> dict[str, str]:
        """What was kept with `say`."""
        return dict(self._read("select key, value from plan"))

    def assign(
        self,
        items: Sequence[Item],
        facts: Mapping[str, str] | None = None,
        *,
        set_aside: bool = False,
    ) -> None:
        """Put the items, and the facts about their plan, in the place of all there were.

        With `set_aside` the marks that stand do so no longer; they stay to be read. Without it
        they stay as they are.
        """
        with closing(self._connection()) as connection, connection:
            connection.execute("begin immediate")
            connection.execute("delete from items")
            connection.executemany(_insert("items", Item), map(astuple, items))
            connection.executemany(SAY, (facts or {}).items())
            for table in ("marks", "pairs") if set_aside else ():
                connection.execute(
                    f"update {table} set withdrawn = {SET_ASIDE} where withdrawn = {STANDING}"
                )

    def items(self, rater: str | None = None) -> list[Item]:
        """What a rater, or everybody, is asked to look at, in the rater's order."""
        return self._rows(Item, "items", {"rater": rater}, "rater, number")

    def put(self, marks: Iterable[Mark]) -> None:
        """Add marks, all or none."""
        self._write(_insert("marks", Mark), [astuple(one) for one in marks])

    def put_pairs(self, pairs: Iterable[PairMark]) -> None:
        """Add preferences, all or none."""
        self._write(_insert("pairs", PairMark), [astuple(one) for one in pairs])

    def withdraw(self, marks: Iterable[Mark]) -> None:
        """Take back the standing answers to these questions; they stay to be read as withdrawn."""
        self._withdraw("marks", MARK_KEY, marks)

    def withdraw_pairs(self, pairs: Iterable[PairMark]) -> None:
        """Take back the standing preferences between these replies."""
        self._withdraw("pairs", PAIR_KEY, pairs)

    def marks(self, rater: str | None = None, **where: str | int) -> list[Mark]:
        """The standing marks, one for each rater and question, oldest first.

        Args:
            rater: Only theirs. The agreed ones stand under `CONSENSUS`.
            **where: Only those with these values in columns of `Mark`.
        """
        asked = {"rater": rater, **where}
        return self._rows(Mark, _standing("marks", MARK_KEY, asked), asked, "id")

    @property
    def fingerprint(self) -> str:
        """The hash of all that a calibration takes from here: answers, and the plan's chances."""
        names = ", ".join((*MARK_KEY, "value", "about"))
        answers = self._read(f"select {names} from {_standing('marks', MARK_KEY, {})}")
        chances = self.said().get(CHANCES, "")
        return fingerprint([sorted(answers, key=repr), self.items(), chances])

    def looked(self) -> int:
        """Keep that a calibration was computed on the marks as they are.

        Gives on how many different states of the marks of this plan that has been done by now.
        """
        before, now = json.loads(self.said().get(LOOKS, "[]")), self.fingerprint
        if now not in before:
            before.append(now)
            self.say(LOOKS, json.dumps(before))
        return len(before)

    def pairs(self, rater: str | None = None, **where: str | int) -> list[PairMark]:
        """The standing preferences, as `marks`."""
        asked = {"rater": rater, **where}
        return self._rows(PairMark, _standing("pairs", PAIR_KEY, asked), asked, "id")

    def _withdraw(self, table: str, key: Sequence[str], rows: Iterable[Mark | PairMark]) -> None:
        wanted = " and ".join(f"{name} = ?" for name in key)
        self._write(
            f"update {table} set withdrawn = {TAKEN_BACK} "
            f"where withdrawn = {STANDING} and {wanted}",
            [tuple(getattr(one, name) for name in key) for one in rows],
        )

    def _rows(self, row: type[Row], table: str, where: dict[str, Any], order: str) -> list[Row]:
        names = [field.name for field in fields(row)]
        asked = {name: value for name, value in where.items() if value is not None}
        if unknown := asked.keys() - set(names):
            raise TypeError(f"no such column: {', '.join(sorted(unknown))}")
        condition = _conditions(asked) or "true"
        found = self._read(
            f"select {', '.join(names)} from {table} where {condition} order by {order}",
            asked,
        )
        return [row(**dict(zip(names, values, strict=True))) for values in found]

    def _read(
        self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        with closing(self._connection()) as connection:
            return connection.execute(statement, values).fetchall()

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with closing(self._connection()) as connection, connection:
            connection.execute("begin immediate")
            connection.executemany(statement, rows)

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        # With a write-ahead log, what is committed outlives the process; only a loss of power
        # could take the last of it.
        connection.execute("pragma synchronous = normal")
        return connection


def _insert(table: str, row: type) -> str:
    names = [field.name for field in fields(row)]
    return f"insert into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"


def _standing(table: str, key: Sequence[str], asked: Mapping[str, Any]) -> str:
    """The last row of each question that was not taken back.

    What is asked of the key is asked inside, where the index answers it: a page that shows one
    rater's marks does not read everybody's.
    """
    known = {name: value for name, value in asked.items() if name in key and value is not None}
    among = " and ".join(filter(None, [f"withdrawn = {STANDING}", _conditions(known)]))
    last = f"select max(id) from {table} where {among} group by {', '.join(key)}"
    return f"(select * from {table} where id in ({last}))"


def _conditions(names: Iterable[str]) -> str:
    return " and ".join(f"{name} = :{name}" for name in names)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
