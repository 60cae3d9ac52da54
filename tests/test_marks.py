"""The store of what people say: added to, never overwritten, safe when many write."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from tastemaker.errors import UserError
from tastemaker.marks import (
    CHANCES,
    CONSENSUS,
    MARKS,
    SET_ASIDE,
    Item,
    Mark,
    MarkStore,
    PairMark,
)

MARK = Mark(
    eval="email",
    scenario="s1",
    seed=1,
    arm="plain",
    criterion="clarity/ask",
    rater="ana",
    value=1.0,
    quote="Could you send it?",
    note="first line",
    made="2026-11-22T10:00:00Z",
)
PAIR = PairMark(
    eval="email", scenario="s1", seed=1, first="plain", second="warm", rater="ana", preference="b"
)


@pytest.fixture
def store(tmp_path):
    return MarkStore(tmp_path / MARKS)


def test_a_mark_comes_back_as_it_was_given(store):
    store.put([MARK])

    assert store.marks() == [MARK]


def test_a_later_answer_stands_in_the_place_of_the_earlier(store):
    store.put([MARK])
    store.put([replace(MARK, value=None, note="not sure any more")])

    assert [(one.value, one.note) for one in store.marks()] == [(None, "not sure any more")]


def test_an_answer_that_was_taken_back_brings_none_of_the_older_ones_back(store):
    store.put([MARK])
    store.put([replace(MARK, value=0.0)])
    store.withdraw([MARK])

    assert store.marks() == []
    store.put([MARK])
    assert store.marks() == [MARK]


def test_raters_and_the_consensus_do_not_overwrite_each_other(store):
    marks = [MARK, replace(MARK, rater="ben", value=0.0), replace(MARK, rater=CONSENSUS)]
    store.put(marks)

    assert store.marks() == marks
    assert store.marks("ben") == [marks[1]]
    assert store.marks(criterion="clarity/other") == []


def test_marks_that_are_set_aside_stand_no_more_and_are_taken_back_by_nobody(store):
    store.put([MARK])
    store.put_pairs([PAIR])
    store.assign([], {"kind": "random"}, set_aside=True)
    store.withdraw([MARK])

    assert (store.marks(), store.pairs(), store.said()["kind"]) == ([], [], "random")
    with closing(sqlite3.connect(store.path)) as connection:
        kept = connection.execute("select value, withdrawn from marks").fetchall()
    assert kept == [(1.0, SET_ASIDE)]


def test_the_fingerprint_is_of_answers_and_chances_and_of_nothing_else(store):
    item = Item(number=0, rater="ana", eval="email", scenario="s1", seed=1, arm="plain")
    store.assign([item])
    store.put([MARK])
    before = store.fingerprint
    store.put([replace(MARK, note="said better", quote="", made="")])
    store.say("page-key", "another")
    assert store.fingerprint == before

    store.put([replace(MARK, value=0.0)])
    assert store.fingerprint != before
    store.put([replace(MARK, about="sha256:other")])
    assert store.fingerprint != before
    store.put([MARK])
    assert store.fingerprint == before
    store.assign([replace(item, chance=0.5)])
    assert store.fingerprint != before
    store.assign([item], {CHANCES: "{}"})
    assert store.fingerprint != before


def test_looks_are_counted_once_for_each_state_of_the_marks(store):
    assert (store.looked(), store.looked()) == (1, 1)
    store.put([MARK])
    assert store.looked() == 2
    store.withdraw([MARK])

    assert store.looked() == 2  # the first state again


def test_a_file_of_an_earlier_layout_is_named(tmp_path):
    with closing(sqlite3.connect(tmp_path / MARKS)) as connection:
        connection.execute("create table marks (id integer primary key, about text)")

    with pytest.raises(UserError, match="does not say what its marks are about"):
        MarkStore(tmp_path / MARKS)


def test_preferences_are_kept_apart_by_order_and_principle(store):
    pairs = [PAIR, replace(PAIR, principle="warmth", preference="tie")]
    store.put_pairs(pairs)
    store.put_pairs([replace(PAIR, preference=None)])

    assert store.pairs("ana") == [pairs[1], replace(PAIR, preference=None)]


def test_a_plan_replaces_the_one_before(store):
    first = Item(number=0, rater="ana", eval="email", scenario="s1", seed=2, arm="plain")
    second = replace(first, number=1, scenario="s2", other="warm", chance=0.25)
    store.assign([first, second])
    store.assign([second])
    store.say("hash", "sha256:1")

    assert store.items("ana") == [second]
    assert store.items("ben") == []
    assert store.said() == {"hash": "sha256:1"}


def test_a_rater_is_known_by_a_secret_that_the_file_does_not_hold(store):
    store.add_rater("ana", "a-long-secret")

    assert store.rater("a-long-secret") == "ana"
    assert store.rater("another") is None
    assert b"a-long-secret" not in store.path.read_bytes()
    store.add_rater("ana", "a-new-secret")
    assert store.rater("a-long-secret") is None


def test_nobody_rates_as_the_consensus(store):
    with pytest.raises(UserError, match="cannot be named 'consensus'"):
        store.add_rater(CONSENSUS, "secret")


def test_sixteen_raters_at_once_lose_nothing(store):
    def rate(number):
        for seed in range(1, 26):
            MarkStore(store.path).put([replace(MARK, rater=f"r{number}", seed=seed)])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(rate, range(16)))

    assert len(store.marks()) == 16 * 25


def test_what_was_put_outlives_a_process_that_is_killed(store):
    code = (
        "import os, signal, sys; from pathlib import Path; "
        "from tastemaker.marks import Mark, MarkStore; "
        "MarkStore(Path(sys.argv[1])).put([Mark(eval='e', scenario='s', seed=1, arm='a', "
        "criterion='p/c', rater='ana', value=1.0)]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(store.path)], check=False)

    assert ended.returncode == -9
    assert [one.scenario for one in store.marks()] == ["s"]


def test_a_file_that_is_no_store_is_named(tmp_path):
    (tmp_path / MARKS).write_text("not a database at all, though it is long enough to look at")

    with pytest.raises(UserError, match=r"marks.sqlite: not a file of marks"):
        MarkStore(tmp_path / MARKS)


def test_while_it_is_kept_open_a_call_does_not_wait_for_the_log_to_be_folded_in(store):
    log = store.path.with_name(f"{store.path.name}-wal")
    with store.kept_open():
        store.put([MARK])
        assert log.exists()
        assert MarkStore(store.path).marks() == [MARK]

    assert not log.exists()
    assert store.marks() == [MARK]


def test_what_is_asked_for_narrows_before_the_last_answer_is_chosen(store):
    """Of two raters' answers each keeps its own last; the older ones never come back."""
    both = [MARK, replace(MARK, rater="ben", value=0.0)]
    store.put([*both, replace(MARK, value=0.0), replace(both[1], value=None)])

    assert [one.value for one in store.marks("ana", scenario="s1")] == [0.0]
    assert [one.value for one in store.marks("ben", note=MARK.note)] == [None]
    assert store.marks("ana", value=1.0) == []
