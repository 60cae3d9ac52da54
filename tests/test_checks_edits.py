"""What became of a document: facts about each check that can be worked out by hand."""

import unicodedata

import pytest

from tastemaker.checks.edits import _malformed
from tastemaker.checks.registry import CheckError, bind
from tastemaker.checks.running import run_tests
from tastemaker.records import Comment, Reply, Version, Work

LETTER = "Dear Mr Osei,\nthe meeting is on Tuesday at 9.\nBest, Ruth"
MOVED = LETTER.replace("Tuesday", "Thursday")
SHOPPING = "- flour\n- eggs\n- butter"


def made(before, after=None, by="rewrite_document", comments=()):
    """A reply that found a document so, and left it so."""
    versions = [Version(document="document", text=before)]
    if after is not None:
        versions.append(Version(document="document", by=by, text=after))
    return Reply(text="Done.", work=Work(versions=tuple(versions), comments=tuple(comments)))


def finding(name, reply, /, **arguments):
    return bind(name, arguments)(reply)


def value(name, reply, /, **arguments):
    return finding(name, reply, **arguments).value


def span(before, after, spans, **arguments):
    return value("edit_span", made(before, after), spans=spans, **arguments)


def rest(before, after, spans, **arguments):
    return value("collateral", made(before, after), spans=spans, **arguments)


# edit_span and collateral


def test_precision_and_recall_are_of_characters():
    """Only "aaaa" was meant, and "bbbb" was changed, too: 4 of 8 characters lie inside."""
    told = finding("edit_span", made("aaaa cc bbbb", "xx cc yyyy"), spans="aaaa", precision=0.5)

    assert told.value == 1
    assert told.reason == "precision 0.50, recall 1.00"
    assert span("aaaa cc bbbb", "xx cc yyyy", "aaaa", precision=0.51) == 0


def test_half_of_a_passage_replaced_is_a_recall_of_one_half():
    told = finding("edit_span", made("one: aaaa. two", "one: bbbb. two"), spans="one: aaaa.")

    assert told.reason == "precision 1.00, recall 0.40"


def test_an_edit_elsewhere_has_missed_however_small_it_is():
    assert span(LETTER, LETTER.replace("Ruth", "R."), "Tuesday") == 0
    assert span(LETTER, LETTER, "Tuesday") == 0


def test_several_passages_must_all_be_touched():
    both = LETTER.replace("Tuesday", "Thursday").replace("9", "10")

    assert span(LETTER, both, ["Tuesday", "9"]) == 1
    assert span(LETTER, MOVED, ["Tuesday", "9"]) == 0
    assert finding("edit_span", made(LETTER, MOVED), spans=["Tuesday", "9"]).quote == "9"


def test_neighbours_that_are_replaced_in_one_go_lie_in_both_passages():
    assert span("a red car here", "a blue bike here", ["red", "car"]) == 1
    assert rest("a red car here", "a blue bike here", ["red", "car"], max=0) == 1


@pytest.mark.parametrize(
    "after",
    [
        "- flour\n- salt\n- eggs\n- butter",  # told as "- salt\n" or as "salt\n- "
        "- flour\n- salt\n- yeast\n- eggs\n- butter",
    ],
)
def test_a_line_put_into_a_list_is_put_in_where_it_was_asked_for(after):
    assert span(SHOPPING, after, {"after": "- flour"}) == 1
    assert span(SHOPPING, after, {"before": "- eggs"}) == 1
    assert rest(SHOPPING, after, {"after": "- flour"}, max=0) == 1
    assert span(SHOPPING, after, {"end": True}) == 0


def test_a_line_taken_out_of_a_list_is_the_line_and_its_end():
    assert span(SHOPPING, "- flour\n- butter", "- eggs", recall=1) == 1
    assert rest(SHOPPING, "- flour\n- butter", "- eggs", max=0) == 1
    assert span(SHOPPING, "- flour\n- butter", "- flour") == 0


def test_what_is_added_at_the_end_is_added_at_the_end():
    assert span(SHOPPING, SHOPPING + "\n- salt", {"end": True}) == 1
    assert span(SHOPPING, "- salt\n" + SHOPPING, {"end": True}) == 0


def test_a_passage_that_stands_there_twice_is_meant_by_its_number():
    second = "one fish, two fish"

    assert span(second, "one fish, two cats", {"text": "fish", "occurrence": 2}) == 1
    assert span(second, "one cat, two fish", {"text": "fish", "occurrence": 2}) == 0


@pytest.mark.parametrize(
    "spans", ["Monday", "e", {"text": "Tuesday", "occurrence": 2}, {"words": "Tuesday"}]
)
def test_a_passage_that_is_not_clear_is_the_scenarios_fault_and_unscored(spans):
    assert span(LETTER, MOVED, spans) is None
    assert rest(LETTER, MOVED, spans) is None


def test_collateral_is_a_share_of_what_lies_outside():
    """12 characters lie outside of 16; 4 of them, "gggg", were changed: a third."""
    before, after = "aaaa eeee gggg hh"[:16], "xxxx eeee iiii hh"[:16]

    assert rest(before, after, "aaaa", max=0.34) == 1
    assert rest(before, after, "aaaa", max=0.33) == 0
    assert finding("collateral", made(before, after), spans="aaaa").quote == "gggg"


def test_nothing_changed_is_no_collateral_change_and_no_edit():
    assert rest(LETTER, None, "Tuesday") == 1
    assert span(LETTER, None, "Tuesday") == 0


def test_a_passage_that_is_the_whole_document_leaves_no_rest():
    assert rest("aaaa", "bbbb", "aaaa", max=0) == 1


def test_line_ends_and_what_surrounds_the_whole_are_no_change():
    windows = LETTER.replace("\n", "\r\n") + "\r\n"

    assert span(windows, MOVED, "Tuesday") == 1
    assert rest(windows, MOVED, "Tuesday", max=0) == 1
    assert span(windows, MOVED, "Dear Mr Osei,\r\nthe meeting is on Tuesday at 9.") == 1


def test_letters_in_two_parts_are_the_letters():
    """é is one character or two; whoever copies the text may write either."""
    menu = "Crème brûlée: 6 €\nThé à la menthe: 3 €"
    apart = unicodedata.normalize("NFD", menu)

    assert span(apart, menu.replace("6", "7"), "Crème brûlée: 6 €") == 1
    assert rest(apart, menu.replace("6", "7"), "Crème brûlée: 6 €", max=0) == 1


def test_signs_beyond_the_plain_ones_are_counted_as_one_character_each():
    told = finding("edit_span", made("😀😀 ok 火曜日", "😀😀 ok 木曜日"), spans="火曜日")

    assert told.reason == "precision 1.00, recall 1.00"


def test_an_empty_document_can_be_written_into():
    assert span("", "Dear Ruth,", {"end": True}) == 1
    assert rest("", "Dear Ruth,", {"end": True}) == 1
    assert value("edit_kind", made("", "Dear Ruth,"), should="edit") == 1


def test_without_a_document_nothing_can_be_said_of_its_passages():
    assert value("edit_span", Reply(text="Done."), spans="x") is None
    assert value("collateral", Reply(text="Done."), spans="x") is None
    assert value("comment_anchor", Reply(text="Done."), anchors="x") is None


# edit_kind


COMMENT = Comment(document="document", start=0, end=4, anchor="Dear", text="Formal?")


@pytest.mark.parametrize(
    ("reply", "did"),
    [
        (made(LETTER), "none"),
        (made(LETTER, comments=[COMMENT]), "comment"),
        (made(LETTER, MOVED, by="edit_document"), "edit"),
        (made(LETTER, MOVED, by="rewrite_document"), "edit"),
        (made(LETTER, MOVED, comments=[COMMENT]), "edit"),
        (made(LETTER, "See you Thursday", by="edit_document"), "rewrite"),
        (made(LETTER, "", by="edit_document"), "rewrite"),
        (made(LETTER, LETTER + " Please come in time. " * 9), "edit"),
        (made(LETTER, LETTER + "\n"), "none"),
        (made(LETTER, LETTER.replace("\n", "\r\n")), "none"),
    ],
)
def test_what_was_done_is_told_by_what_has_changed_and_not_by_the_tool(reply, did):
    kinds = {"none", "comment", "edit", "rewrite", "create"}
    values = {kind: value("edit_kind", reply, should=kind) for kind in kinds}

    assert values == {kind: float(kind == did) for kind in kinds}


def test_a_document_changed_and_changed_back_was_not_changed():
    there_and_back = Work(
        versions=tuple(
            Version(document="document", by=by, text=text)
            for by, text in (("", LETTER), ("edit_document", MOVED), ("edit_document", LETTER))
        )
    )

    assert value("edit_kind", Reply(text="Done.", work=there_and_back), should="none") == 1


def test_a_new_document_is_created_beside_the_old_one_or_where_there_was_none():
    new = Version(document="document-2", by="create_document", text="Agenda")
    beside = (*made(LETTER).work.versions, new)
    changed = (*made(LETTER, MOVED).work.versions, new)

    for versions, did in ((beside, "create"), ((new,), "create"), (changed, "edit")):
        reply = Reply(text="Done.", work=Work(versions=versions))
        assert finding("edit_kind", reply, should="none").did == did


def test_from_which_share_on_it_is_a_rewrite_can_be_said():
    """Of "aaaa bbbb cccc", 14 characters, 4 are replaced: 0.29."""
    reply = made("aaaa bbbb cccc", "aaaa xxxx cccc")

    assert value("edit_kind", reply, should="edit") == 1
    assert value("edit_kind", reply, should="rewrite", rewrite_from=0.28) == 1
    assert value("edit_kind", reply, should="rewrite", rewrite_from=0.29) == 0


def test_a_rewrite_that_keeps_most_of_it_is_an_edit():
    """Only the salutation is new: 4 of 57 characters."""
    assert finding("edit_kind", made(LETTER, "Hello" + LETTER[4:]), should="rewrite").did == "edit"


def test_where_several_will_do_the_first_is_what_was_called_for():
    either = ["comment", "none"]
    left, commented = made(LETTER), made(LETTER, comments=[COMMENT])

    assert [value("edit_kind", one, should=either) for one in (left, commented)] == [1, 1]
    assert finding("edit_kind", left, should=either).did == "comment"
    assert finding("edit_kind", made(LETTER, MOVED), should=either).did == "edit"
    with pytest.raises(CheckError):
        bind("edit_kind", {"should": []})


# document


def holds(text, **arguments):
    return value("document", made("was", text), **arguments)


def test_exact_is_exact_but_for_line_ends_and_what_surrounds_it():
    assert holds("a\r\nb\n\n", exact="a\nb") == 1
    assert holds("a\n\nb", exact="a\nb") == 0
    assert finding("document", made("was", "we meet Tuesday"), exact="we meet").quote == " Tuesday"


def test_words_are_found_whatever_their_case_and_their_accents_parts():
    text = unicodedata.normalize("NFD", "Rendez-vous à l'Épicerie")

    assert holds(text, contains="épicerie") == 1
    assert holds(text, lacks="ÉPICERIE") == 0
    assert holds(text, contains=["Rendez-vous", "mardi"]) == 0
    assert holds(text, lacks=["mardi", "jeudi"]) == 1


def test_the_document_is_the_one_that_was_last_worked_on():
    versions = (
        *made(LETTER).work.versions,
        Version(document="document-2", by="create_document", text="Agenda"),
    )
    reply = Reply(text="Done.", work=Work(versions=versions))

    assert value("document", reply, contains="Agenda") == 1
    assert value("document", reply, contains="Osei", document="document") == 1
    assert value("document", reply, contains="x", document="document-3") == 0
    assert value("document", Reply(text="Done."), lacks="x") == 0


@pytest.mark.parametrize(
    ("language", "right", "wrong"),
    [
        ("json", '{"a": [1, 2]}', "{'a': 1}"),
        ("yaml", "a: [1, 2]", "a: [1, 2"),
        ("xml", "<p>a &amp; b</p>", "<p>a</q>"),
        ("xml", "<p/>", '<!DOCTYPE p [<!ENTITY a "b">]><p>&a;</p>'),
        ("python", "def f():\n    return 1", "def f():\nreturn 1"),
    ],
)
def test_what_is_well_formed(language, right, wrong):
    assert (holds(right, parses=language), holds(wrong, parses=language)) == (1, 0)


def test_a_document_must_be_asked_for_something():
    with pytest.raises(CheckError):
        bind("document", {})


DOUBLE = "def double(n):\n    return n * 2\n"


def test_tests_run_in_the_scope_of_the_document():
    assert holds(DOUBLE, tests="assert double(4) == 8") == 1
    assert holds(DOUBLE.replace("\n", "\r\n"), tests="assert double(4) == 8") == 1
    told = finding(
        "document", made("", DOUBLE), tests="assert double(4) == 8\nassert double(1) == 3"
    )
    assert (told.value, told.reason) == (0, "fails its tests: line 2 of the tests: AssertionError:")


def test_a_document_may_use_the_standard_library_and_letters_of_any_script():
    text = "import math, json, re\nname = 'Ångström 火'\n"

    assert holds(text, tests="assert len(name) == 10 and math.sqrt(4) == 2") == 1


def test_a_document_is_a_module_to_its_own_dataclasses():
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n\n"
        "@dataclass\nclass Item:\n    text: str\n    done: bool = False\n"
    )

    assert holds(text, tests="assert Item('a') == Item('a', False)") == 1


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys\nsys.exit(0)", "SystemExit"),
        ("import os\nos._exit(0)", "ended before its tests"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("open('/etc/passwd').read()", "no files here"),
        ("open('out.txt', 'w')", "no files here"),
        ("import os\nos.remove('x')", "not here: os.remove"),
        ("import subprocess\nsubprocess.run(['true'])", "not here: "),
        ("import socket\nsocket.socket()", "not here: socket"),
        ("x = bytearray(2**30)", "MemoryError"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("import pytest", "ModuleNotFoundError"),
        ("import tastemaker", "ModuleNotFoundError"),
        ("x = (", "SyntaxError"),
        ("print(input())", "RuntimeError"),
    ],
)
def test_a_program_that_exits_or_reaches_out_has_not_passed(program, said):
    told = finding("document", made("", program), tests="pass")

    assert told.value == 0
    assert said in told.reason


def test_a_program_cannot_pass_by_what_it_prints_or_redefines():
    """The tests themselves are run, and what `assert` does is not for the document to say."""
    text = "import builtins\nprint('ok')\nbuiltins.AssertionError = ValueError\nassert True\n"

    assert holds(text, tests="assert False") == 0


@pytest.mark.slow
def test_a_program_that_loops_for_ever_is_ended():
    told = finding("document", made("", "while True: pass"), tests="pass")

    assert (told.value, "it ended before its tests did" in told.reason) == (0, True)


# comment_anchor


REPORT = "We sold 40 tickets. Everybody was happy. The hall was cold, and the tea ran out at nine."


def comment(anchor, text="?", where=None, before=REPORT):
    start = before.index(anchor) if where is None else where
    return Comment(
        document="document", start=start, end=start + len(anchor), anchor=anchor, text=text
    )


def anchored(comments, anchors, before=REPORT, after=None, **arguments):
    reply = made(before, after, comments=comments)
    return value("comment_anchor", reply, anchors=anchors, **arguments)


@pytest.mark.parametrize(
    ("anchor", "is_on"),
    [
        ("Everybody was happy.", 1),
        ("Everybody", 1),
        ("happy. The hall", 1),
        ("The hall was cold", 0),
        (REPORT, 1),  # 88 characters are less than five times 20
    ],
)
def test_a_comment_is_on_a_passage_that_it_overlaps(anchor, is_on):
    assert anchored([comment(anchor)], "Everybody was happy.") == is_on


def test_a_comment_on_everything_points_at_nothing():
    long = REPORT + " And so on." * 5

    assert anchored([comment(long, before=long)], "Everybody was happy.", before=long) == 0
    assert anchored([comment(long, before=long)], "Everybody", before=long, tight=None) == 1


def test_recall_is_of_passages_and_precision_of_comments():
    """Two of three passages have a comment; two of four comments are on a passage."""
    passages = ["40 tickets", "Everybody was happy.", "the tea ran out"]
    comments = [comment(one) for one in ("40", "Everybody", "hall", "cold")]

    assert anchored(comments, passages, recall=0.6, precision=0.5) == 1
    assert anchored(comments, passages, recall=0.7, precision=0.5) == 0
    assert anchored(comments, passages, recall=0.6, precision=0.51) == 0


def test_the_place_counts_and_not_only_the_words():
    """The first "fish" is not the second."""
    before = "one fish, two fish"
    second = {"text": "fish", "occurrence": 2}

    assert anchored([comment("fish", where=14, before=before)], second, before=before) == 1
    assert anchored([comment("one fish", before=before)], second, before=before) == 0


def test_a_comment_made_after_a_change_is_found_by_its_words():
    after = "Dear all. " + REPORT
    late = comment("Everybody", before=after)

    assert anchored([late], "Everybody was happy.", after=after) == 1
    gone = comment("Dear all", before=after)
    assert anchored([gone], "Everybody was happy.", after=after) == 0


def test_a_comment_can_stand_at_a_place_where_something_is_missing():
    place = {"after": "40 tickets."}

    assert anchored([comment("40 tickets.")], place) == 1
    assert anchored([comment("Everybody")], place) == 0


def test_comments_in_a_document_with_other_line_ends_and_letters():
    before = unicodedata.normalize("NFD", "Bonjour Aimée,\r\nà mardi.\r\nZoé")
    made_there = comment(unicodedata.normalize("NFD", "à mardi."), before=before)

    assert anchored([made_there], "à mardi.", before=before) == 1
    assert anchored([made_there], "Zoé", before=before) == 0


def test_no_comment_is_no_comment_and_one_on_another_document_is_on_another_document():
    elsewhere = Comment(document="other", start=20, end=29, anchor="Everybody", text="?")

    assert anchored([], "Everybody") == 0
    assert anchored([elsewhere], "Everybody") == 0


# comment_says


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("who", 1),
        (["when", "WHO"], 1),
        ("?", 1),
        ("happy", 0),  # stands in the passage, not in the comment
        ("when", 0),
    ],
)
def test_what_a_comment_says_is_its_own_words(words, expected):
    reply = made(REPORT, comments=[comment("The hall"), comment("Everybody was happy.", "Who?")])

    assert value("comment_says", reply, words=words) == expected
    assert value("comment_says", made(REPORT), words=words) == 0


@pytest.mark.parametrize(
    "program",
    [
        "import __main__\n__main__.prefixes = __main__.roots = ('/',)\nopen('/etc/passwd')",
        "import __main__, os\n__main__.denied = ()\nos.mkdir('/tmp/escaped')",
        "class S(str):\n    def startswith(self, *a):\n        return True\nopen(S('/etc/passwd'))",
        "import os\nopen(os.path.dirname(os.__file__) + '/../../../../../../etc/passwd')",
        "import os\nos.open(os.__file__, os.O_WRONLY)",
        "import os\nos.listdir('/')",
        "import sys\ndel sys.modules['_posixsubprocess']\nimport _posixsubprocess",
    ],
)
def test_a_program_does_not_get_round_the_watch(program: str) -> None:
    assert "PermissionError" in run_tests(program, "")


@pytest.mark.parametrize("text", ["a: !!bool x", "a: !!timestamp x"])
def test_a_yaml_value_that_is_not_of_its_tag_is_malformed(text: str) -> None:
    assert _malformed(text, "yaml")
