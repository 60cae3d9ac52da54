"""What the canvas datasets about documents say of themselves is so."""

import re

import pytest
from agents import Turn, idle, play, reference, scored
from shipped import load_dataset, load_rubric

from tastemaker.checks.length import sentence_spans
from tastemaker.checks.registry import bind
from tastemaker.checks.running import run_tests
from tastemaker.passages import kept_share, locate
from tastemaker.rubric import score_reply

EDITS = load_dataset("canvas/edit-or-rewrite").scenarios
COMMENTS = load_dataset("canvas/comments").scenarios
GIVEN = ("spans", "anchors", "spared", "contains", "lacks", "tests", "parses", "says", "called")


def kinds(scenario):
    told = scenario.expect["kind"]
    return told if isinstance(told, list) else [told]


@pytest.mark.parametrize("scenarios", [EDITS, COMMENTS], ids=["edit-or-rewrite", "comments"])
def test_labels_say_what_is_expected(scenarios):
    for one in scenarios:
        assert one.labels["kind"] == kinds(one)[0], one.id
        assert one.labels["selection"] == ("no" if one.selection is None else "yes"), one.id
        for key in GIVEN:
            assert (one.labels.get(key) == "given") == (key in one.expect), (one.id, key)


def test_what_may_not_be_changed_is_labelled_so():
    for one in EDITS:
        changes = {kind in ("edit", "rewrite") for kind in kinds(one)}

        assert changes == {one.labels["change"] == "yes"}, one.id


def test_what_wants_comments_is_labelled_so_and_has_a_reference():
    for one in COMMENTS:
        wants = {kind == "comment" for kind in kinds(one)}
        label = "either" if len(wants) == 2 else "yes" if wants == {True} else "no"

        assert one.labels["comment"] == label, one.id
        assert one.labels["kind"] != "comment" or one.reference, one.id


@pytest.mark.parametrize(
    "scenario",
    [one for one in (*EDITS, *COMMENTS) if "tests" in one.expect],
    ids=lambda one: one.id,
)
def test_a_program_fails_its_tests_until_it_is_mended(scenario):
    assert run_tests(scenario.document, scenario.expect["tests"])


def test_solutions_are_clear_edits_and_clear_rewrites():
    """As the card says: edits replace less than 0.38 of a text, rewrites of prose more than 0.5."""
    for one in EDITS:
        if len(kinds(one)) == 2 or one.labels["change"] == "no":
            continue
        replaced = 1 - kept_share(one.document.strip(), play(one, reference).document.strip())

        assert replaced < 0.39 if kinds(one) == ["edit"] else replaced > 0.5, (one.id, replaced)


@pytest.mark.parametrize("scenarios", [EDITS, COMMENTS], ids=["edit-or-rewrite", "comments"])
def test_twins_are_not_solved_alike(scenarios):
    """Of one document, no two requests are solved by the same calls."""
    for one in scenarios:
        for other in scenarios:
            if one.id < other.id and one.document == other.document:
                ours, theirs = one.expect["solution"], other.expect["solution"]

                assert ours.get("calls") != theirs.get("calls") or not ours.get("calls"), one.id


def rewriting(scenario, messages):
    """Leaves what the reference leaves, by one rewrite, without the line end at its end."""
    turn = reference(scenario, messages)
    if not turn.calls or turn.calls[0]["name"] != "edit_document":
        return turn
    content = play(scenario, reference).document.strip()
    return Turn(calls=[{"name": "rewrite_document", "arguments": {"content": content}}])


def on_sentences(scenario, messages):
    """Comments as the reference does, on the whole sentences or lines that the passages are in."""
    turn = reference(scenario, messages)
    if not turn.calls or turn.calls[0]["name"] != "comment_on_document":
        return turn
    made = turn.calls[0]["arguments"]["comments"]
    comments = [{**one, "anchor": sentence(scenario, one["anchor"])} for one in made]
    return Turn(calls=[{"name": "comment_on_document", "arguments": {"comments": comments}}])


def sentence(scenario, anchor):
    text = scenario.document
    start, end = locate(text, anchor)
    lines = [match.span() for match in re.finditer(r"[^\n]+", text)]
    places = [
        (max(a, first), min(b, last))
        for first, last in lines
        for a, b in (sentence_spans(text) if scenario.labels["form"] == "prose" else lines)
        if a < last and b > first
    ]
    inside = [(a, b) for a, b in places if a < end and b > start]
    found = text[inside[0][0] : inside[-1][1]].strip()
    return found if text.count(found) == 1 else anchor


@pytest.mark.parametrize("name", ["canvas/edit-or-rewrite", "canvas/comments"])
@pytest.mark.parametrize("agent", [rewriting, on_sentences])
def test_what_is_done_another_way_is_done_as_well(name, agent):
    rubric = load_rubric(name)
    wrong = {
        (one.id, key)
        for one in load_dataset(name).scenarios
        for key, value in scored(rubric, play(one, agent)).items()
        if value != 1.0
    }

    assert wrong == set()


@pytest.mark.parametrize(
    ("name", "principle"),
    [
        ("canvas/edit-or-rewrite", "aim"),
        ("canvas/comments", "pointing"),
        ("canvas/comments", "lands"),
    ],
)
def test_to_leave_the_rest_alone_earns_nothing_where_nothing_was_done(name, principle):
    rubric = load_rubric(name).only([principle])
    for one in load_dataset(name).scenarios:
        if one.labels["kind"] not in ("edit", "comment") or len(kinds(one)) > 1:
            continue
        reply = play(one, idle)
        findings = {
            key: bind(criterion.check, criterion.arguments)(reply)
            for key, criterion in rubric.applicable(one.labels)
        }
        for score in score_reply(rubric, findings, one.labels).values():
            assert score.value < 0.5, one.id
