"""What carries each value where, and the holes; docs/values.md is what the shipped files make."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tastemaker import coverage, gate
from tastemaker.cli.main import app
from tastemaker.content import Place, folder
from tastemaker.coverage import Criterion, cover, told
from tastemaker.coverage_page import as_data, matrix, page, text
from tastemaker.validation import validate_file
from tastemaker.values import load_values

ROOT = Path(__file__).parents[1]
CONSTITUTION = folder("rubrics") / "constitution.yaml"

RUBRIC = """
rubric: letter
principles:
  honesty:
    criteria:
      made-up: {ask: Is a fact made up?, weight: -1, when: {kind: work}}
      placeholders: {check: no_placeholders}
  length:
    criteria:
      short: {check: words, with: {max: 9}, when: {kind: work}}
"""
DATASET = """
dataset: letter
strata:
  all:
    scenarios:
      - {id: a, prompt: One, labels: {kind: work}}
      - {id: b, cluster: c, prompt: Two, labels: {kind: work}}
      - {id: c, cluster: c, prompt: Three, labels: {kind: work}}
      - {id: d, prompt: Four, labels: {kind: home}}
"""
VALUES = """
situations:
  job: {text: At work., where: {letter: {kind: work}}}
  home: {text: At home., where: {letter: {kind: {not: work}}}}
  sea: {text: At sea.}
values:
  truth:
    text: Says what is so.
    principles: [honesty]
    demands:
      - {situation: job, demand: Make nothing up.}
      - {situation: home, demand: Leave no blank.}
      - {situation: sea, demand: Know where you are., hole: No ship yet.}
  time:
    text: Is short.
    criteria: [letter/length/short]
    demands:
      - {situation: home, demand: Be short.}
tensions: [[truth, time]]
"""


@pytest.fixture
def covered(project):
    """The coverage of the small project, with its values changed."""

    def make(**changes):
        written = VALUES
        for old, new in changes.values():
            assert old in written
            written = written.replace(old, new)
        files = {"rubrics/letter.yaml": RUBRIC, "datasets/letter.yaml": DATASET}
        root = project(files | {"rubrics/constitution.yaml": written})
        place = Place.at(root)
        return cover(load_values("constitution", place), place)

    return make


def test_a_cell_counts_the_scenarios_that_its_criteria_are_asked_of(covered):
    """Three work letters in two stories; at home only the check applies, to one letter."""
    job, home, _, _ = covered().cells

    assert [(one.scenarios, one.clusters) for one in job.carriers] == [(3, 2)]
    assert job.carriers[0].criteria == (
        Criterion("honesty", "made-up", True),
        Criterion("honesty", "placeholders", False),
    )
    assert [(one.scenarios, one.clusters) for one in home.carriers] == [(1, 1)]
    assert home.carriers[0].criteria == (Criterion("honesty", "placeholders", False),)


def test_a_hole_is_a_demand_of_which_no_criterion_is_asked(covered):
    """`short` is there, and is asked of letters at work alone."""
    found = covered()

    assert [(one.value, one.situation, one.hole) for one in found.holes] == [
        ("truth", "sea", "No ship yet."),
        ("time", "home", ""),
    ]


def test_check_counts_the_holes_that_give_no_reason(covered):
    assert list(told(covered())) == [
        "no eval covers 1 of 4 demands: time in home; write one, or say why not under `hole`"
    ]
    reason = ("Be short.}", "Be short., hole: Too seldom.}")
    assert list(told(covered(reason=reason))) == []


def test_a_hole_that_is_covered_is_no_hole(covered):
    [found, _] = told(covered(wrong=("Make nothing up.", "Make nothing up., hole: Later.")))

    assert found == "value 'truth' in 'job': called a hole, but covered by letter"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{letter: {kind: work}}", "{leter: {}}", "no eval 'leter': did you mean 'letter'?"),
        ("{kind: work}}", "{kind: wrok}}", "situation 'job': no scenario of letter has these"),
        ("[honesty]", "[honsety]", "no principle 'honsety': did you mean 'honesty'?"),
        ("length/short", "length/shrt", "no criterion 'letter/length/shrt': did you mean"),
    ],
)
def test_what_is_named_and_not_there_is_told(covered, old, new, problem):
    assert problem in "\n".join(covered(one=(old, new)).problems)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("situation: sea", "situation: see", "no situation 'see': did you mean 'sea'?"),
        ("situation: sea", "situation: job", "'truth' has a demand in 'job' already: say both"),
    ],
)
def test_a_demand_is_one_in_a_situation_that_is_there(project, old, new, problem):
    root = project({"rubrics/constitution.yaml": VALUES.replace(old, new)})
    found = validate_file(root / "rubrics/constitution.yaml", Place.at(root))

    assert problem in found.error


def test_values_whose_situations_are_only_words_cannot_be_counted(project):
    words = "values: {kind: {text: Kind., demands: [{situation: Always., demand: Be kind.}]}}"
    found = validate_file(project({"it.yaml": words}) / "it.yaml", Place.at(Path.cwd()))

    assert found.warnings == ("no `situations`: what the evals cover cannot be counted",)


def test_what_no_value_claims_is_told_by_eval(covered):
    [letter] = covered().evals
    [other] = covered(without=("criteria: [letter/length/short]", "principles: [clarity]")).evals

    assert (dict(letter.claims), letter.unclaimed) == ({"truth": 2, "time": 1}, ())
    assert (dict(other.claims), other.unclaimed) == ({"truth": 2}, ("length",))


def test_the_matrix_says_what_is_thin_what_only_checks_see_and_what_is_a_hole(covered):
    assert matrix(covered()) == [
        ["situation", "truth", "time"],
        ["job", "2 thin", ""],
        ["home", "1 thin checks", "hole"],
        ["sea", "hole", ""],
    ]


def test_a_cell_is_thin_below_the_clusters_that_a_verdict_needs():
    assert coverage.FEWEST_CLUSTERS == gate.FEWEST_CLUSTERS


def test_the_page_names_each_hole_and_its_reason(covered):
    written = page(covered())

    assert "- truth in sea: Know where you are. (No ship yet.)" in written
    assert "- time in home: Be short. (no reason is given)" in written
    assert "- `letter`, 3 scenarios in 2 clusters: honesty (made-up, *placeholders*)" in written
    assert "- **truth** and **time**: both demanded in home" in written


def test_the_command_prints_text_json_and_the_page(covered, tmp_path, monkeypatch):
    found = covered()
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke

    assert run(app, ["coverage"]).stdout == text(found)
    assert json.loads(run(app, ["coverage", "--json"]).stdout) == json.loads(
        json.dumps(as_data(found))
    )
    run(app, ["coverage", "--format", "markdown", "-o", "values.md"])
    assert (tmp_path / "values.md").read_text(encoding="utf-8") == page(found)


# The shipped values ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    place = Place.at(ROOT)
    return cover(load_values(CONSTITUTION, place), place)


def test_the_page_in_the_docs_is_what_the_shipped_files_make(shipped):
    """To write it again: `tastemaker coverage --format markdown -o docs/values.md`."""
    assert (ROOT / "docs" / "values.md").read_text(encoding="utf-8") == page(shipped)


def test_the_shipped_values_name_only_what_is_there_and_every_hole_has_its_reason(shipped):
    assert list(told(shipped)) == []


def test_every_principle_of_an_eval_that_is_taken_in_is_claimed_by_a_value(shipped):
    assert {one.name: one.unclaimed for one in shipped.evals if one.unclaimed} == {}


def test_both_values_of_a_pair_are_demanded_in_some_situation(shipped):
    for pair in shipped.values.tensions:
        situations = [{one.situation for one in shipped.cells if one.value == v} for v in pair]
        assert situations[0] & situations[1], pair
