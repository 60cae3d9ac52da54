"""Grades are kept by content for all experiments, also when two run at the same time."""

from tastemaker.graders import GradeStore
from tastemaker.journal import Journal, digest
from tastemaker.judge.asking import Way


def test_two_holders_of_a_shared_journal_find_what_the_other_wrote(tmp_path):
    one = Journal(tmp_path / "grades.jsonl", shared=True)
    two = Journal(tmp_path / "grades.jsonl", shared=True)
    one.put(digest(1), {"output": "one"})
    two.put(digest(2), {"output": "two"})
    one.put(digest(3), {"output": "three"})

    for journal in (one, two):
        kept = [journal.get(digest(n))["output"] for n in (1, 2, 3)]
        assert kept == ["one", "two", "three"]
        journal.close()


def test_a_line_that_a_killed_writer_left_is_taken_away_before_the_next(tmp_path):
    path = tmp_path / "grades.jsonl"
    one = Journal(path, shared=True)
    one.put(digest(1), {"output": "one"})
    with open(path, "ab") as torn:
        torn.write(f'{{"key": "{digest(2)}", "outp'.encode())
    one.put(digest(3), {"output": "three"})
    one.close()

    again = Journal(path, shared=True)
    assert digest(2) not in again
    assert again.get(digest(3))["output"] == "three"
    assert len(again) == len(path.read_bytes().splitlines()) == 2
    again.close()


def test_a_torn_last_line_is_gone_for_good_in_a_journal_of_one_run(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(f'{{"key": "{digest(1)}", "outp'.encode())
    for _ in range(2):
        journal = Journal(path)
        assert journal.get(digest(1)) is None
        journal.close()


def test_the_way_a_judge_can_be_asked_in_is_remembered(tmp_path):
    store = GradeStore(tmp_path)
    store.manner("acted/judge", None).settle(Way.TOOL)
    store.close()

    again = GradeStore(tmp_path)
    assert again.manner("acted/judge", None).known is Way.TOOL
    assert again.manner("acted/judge", "http://elsewhere").known is None
    assert again.manner("acted/other", None).known is None
    again.close()


def test_the_secret_is_made_once(tmp_path):
    one, two = GradeStore(tmp_path), GradeStore(tmp_path)

    assert one.secret == two.secret
    assert len(one.secret) == 32
    one.close()
    two.close()
