"""Rubric files, when a criterion applies, and the score of one reply."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastemaker.content import file_fingerprint, fingerprint, folder
from tastemaker.errors import UserError
from tastemaker.records import Finding
from tastemaker.rubric import Criterion, Rubric, applies, load_rubric, score_reply

EMAIL = """\
rubric: writing/email
version: 2
about: What makes a work email good.
principles:
  clarity:
    text: The reader knows what is asked.
    criteria:
      ask-first:
        ask: Is the main point in the first two sentences?
        weight: 2
        met: ["Hi Ana, could you ..."]
        unmet: ["I hope this finds you well."]
      length:
        check: words
        with: {max: 180}
  honesty:
    criteria:
      invented-facts:
        ask: Does the email assert what the request does not supply?
        weight: -3
        must: true
        sees: [prompt, reply]
        when: {kind: request}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files into a project, which is also the current folder."""
    (tmp_path / "tastemaker.toml").touch()
    monkeypatch.chdir(tmp_path)

    def write(text, name="rubrics/try.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def criterion():
    """Make a criterion with everything but the point of the test filled in."""
    return lambda **fields: Criterion.model_validate({"ask": "Good?"} | fields)


@pytest.fixture
def rubric(criterion):
    """Make a rubric of one principle, `p`, from the fields of its criteria."""

    def make(scoring="mean", **criteria):
        parts = {key: {"ask": "Good?"} | fields for key, fields in criteria.items()}
        return Rubric.model_validate(
            {"rubric": "r", "scoring": scoring, "principles": {"p": {"criteria": parts}}}
        )

    return make


def findings(**values):
    """Findings of principle `p` by criterion; None is unscored."""
    return {
        ("p", key): Finding(value=value, reason="" if value is not None else "CANNOT_ASSESS")
        for key, value in values.items()
    }


def refused(text, project):
    """The lines of the error of a rubric file."""
    with pytest.raises(UserError) as caught:
        load_rubric(project(text))
    return str(caught.value).split("\n")


# Files


def test_the_example_of_the_design_is_read(project):
    project(EMAIL, "rubrics/writing/email.yaml")
    rubric = load_rubric("writing/email")
    length = rubric.principles["clarity"].criteria["length"]
    invented = rubric.principles["honesty"].criteria["invented-facts"]

    assert (rubric.version, rubric.scoring) == (2, "mean")
    assert (length.check, length.arguments, length.weight) == ("words", {"max": 180}, 1.0)
    assert (invented.weight, invented.must, invented.sees) == (-3.0, True, ("prompt", "reply"))
    assert invented.when == {"kind": "request"}


def test_texts_come_from_the_rubric_then_from_principles_yaml(project):
    project(
        "principles: {honesty: Says what is true., clarity: Unused.}", "rubrics/principles.yaml"
    )
    rubric = load_rubric(project(EMAIL))

    assert rubric.principles["honesty"].text == "Says what is true."
    assert rubric.principles["clarity"].text == "The reader knows what is asked."


def test_a_list_that_a_check_reads_is_part_of_the_fingerprint(project):
    """Another list gives other scores; a rubric that does not read it keeps the hash it had."""
    plain = load_rubric(project(EMAIL))
    stock = load_rubric(project(EMAIL.replace("check: words", "check: stock_phrases")))
    read = {"stock_phrases": file_fingerprint(folder("rubrics") / "stock-phrases.yaml")}

    assert plain.fingerprint == fingerprint(plain)
    assert stock.fingerprint == fingerprint([stock, read])


def test_a_changed_text_changes_the_fingerprint(project):
    before = load_rubric(project(EMAIL)).fingerprint
    project("principles: {honesty: Says what is true.}", "rubrics/principles.yaml")

    assert load_rubric(project(EMAIL)).fingerprint != before


def test_levels_are_numbers_or_numbers_with_anchors(criterion):
    levels = {"poor": 0, "fair": {"value": 0.5, "anchors": ["So so."]}, "good": 1}
    read = criterion(levels=levels).levels

    assert {name: level.value for name, level in read.items()} == {
        "poor": 0.0, "fair": 0.5, "good": 1.0,
    }  # fmt: skip
    assert read["fair"].anchors == ("So so.",)


def test_an_argument_may_come_from_the_scenario(project):
    text = EMAIL.replace("{max: 180}", "{max: {from: expect.words}}")

    read = load_rubric(project(text)).principles["clarity"].criteria["length"]
    assert read.arguments == {"max": {"from": "expect.words"}}


START = "rubric: try\nprinciples:\n  p:\n    criteria:\n      c:"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("principles: {p: {criteria: {c: {ask: x?}}}}",
         ["rubrics/try.yaml:1:1: the key 'rubric' is missing"]),
        ("rubric: try", ["rubrics/try.yaml:1:1: the key 'principles' is missing"]),
        ("rubric: try\nprinciples: {}", ["rubrics/try.yaml:2:1: expected at least 1, found none"]),
        ("rubric: try\nprinciples:\n  p:\n    criteria: {}",
         ["rubrics/try.yaml:4:5: expected at least 1, found none"]),
        ("rubric: try\nprinciples:\n  p:\n    text: x\n",
         ["rubrics/try.yaml:3:3: the key 'criteria' is missing"]),
        (f"{START} {{}}", ["rubrics/try.yaml:5:7: a criterion is one `ask` or one `check`"]),
        (f"{START} {{ask: x?, check: words}}",
         ["rubrics/try.yaml:5:7: a criterion is one `ask` or one `check`"]),
        (f"{START} {{ask: x?, weight: 0}}",
         ["rubrics/try.yaml:5:28: a weight of 0: give it a weight, or leave the criterion out"]),
        (f"{START} {{ask: x?, weight: .nan}}",
         ["rubrics/try.yaml:5:28: expected a number, found text '.nan'"]),
        (f"{START} {{ask: x?, weight: heavy}}",
         ["rubrics/try.yaml:5:28: expected a number, found text 'heavy'"]),
        (f"{START} {{ask: ' '}}",
         ["rubrics/try.yaml:5:16: expected text that is not blank, found text ' '"]),
        (f"{START} {{ask: x?, sees: [promt]}}",
         ["rubrics/try.yaml:5:27: expected 'prompt', 'reply', 'original', 'document', "
          "'reference' or 'transcript', found text 'promt': did you mean 'prompt'?"]),
        (f"{START} {{ask: x?, sees: []}}",
         ["rubrics/try.yaml:5:20: expected at least 1, found none"]),
        (f"{START} {{ask: x?, with: {{max: 3}}}}",
         ["rubrics/try.yaml:5:20: 'with' has no meaning beside 'ask'"]),
        (f"{START} {{check: words, with: {{max: 3}}, levels: {{a: 0, b: 1}}, sees: [reply]}}",
         ["rubrics/try.yaml:5:41: 'levels' has no meaning beside 'check'",
          "rubrics/try.yaml:5:63: 'sees' has no meaning beside 'check'"]),
        (f"{START} {{ask: x?, levels: {{good: 1}}}}",
         ["rubrics/try.yaml:5:20: expected at least 2 levels, found 1"]),
        (f"{START} {{ask: x?, levels: {{good: 2, bad: worse}}}}",
         ["rubrics/try.yaml:5:35: expected less than or equal to 1, found the number 2",
          "rubrics/try.yaml:5:43: expected keys and values, found text 'worse'"]),
        (f"{START} {{ask: x?, when: {{kind: {{nott: a}}}}}}",
         ["rubrics/try.yaml:5:27: the key 'not' is missing",
          "rubrics/try.yaml:5:34: unknown key 'nott': did you mean 'not'?"]),
        (f"{START} {{ask: x?, ask: y?}}",
         ["rubrics/try.yaml:5:20: the key 'ask' stands here twice (also line 5)"]),
        ("rubric: try\nscoring: ponits\nprinciples: {p: {criteria: {c: {ask: x?}}}}",
         ["rubrics/try.yaml:2:10: expected 'mean' or 'points', found text 'ponits': "
          "did you mean 'points'?"]),
        ("rubric: try\nscoring: points\nprinciples: {p: {criteria: {c: {ask: x?, weight: -1}}}}",
         ["rubrics/try.yaml:3:14: `scoring: points` needs a criterion of positive weight"]),
    ],
)  # fmt: skip
def test_each_mistake_is_one_clear_line(project, text, lines):
    assert refused(text, project) == lines


def test_unknown_checks_and_arguments_are_told_where_they_stand(project):
    text = """\
rubric: try
principles:
  p:
    wieght: 2
    criteria:
      a: {check: wrods, with: {max: 3}}
      b:
        check: words
        with:
          mx: 3
          min: few
      c: {check: words}
"""
    found = refused(text, project)

    assert found[0] == "rubrics/try.yaml:4:5: unknown key 'wieght': did you mean 'weight'?"
    assert [line.split(": ")[0] for line in found] == [
        "rubrics/try.yaml:4:5",
        "rubrics/try.yaml:6:18",
        "rubrics/try.yaml:10:11",
        "rubrics/try.yaml:11:11",
        "rubrics/try.yaml:12:18",
    ]
    assert "'wrods'" in found[1] and "did you mean 'words'?" in found[1]
    assert "mx" in found[2] and "did you mean 'max'?" in found[2]
    assert "min" in found[3] and "'few'" in found[3]


def test_errors_of_the_shared_texts_name_their_file(project):
    project("principels: {}", "rubrics/principles.yaml")

    assert refused(EMAIL, project) == [
        "rubrics/principles.yaml:1:1: the key 'principles' is missing",
        "rubrics/principles.yaml:1:1: unknown key 'principels': did you mean 'principles'?",
    ]


# When a criterion applies


@pytest.mark.parametrize(
    ("when", "labels", "expected"),
    [
        ({}, {}, True),
        ({"kind": "request"}, {"kind": "request"}, True),
        ({"kind": "request"}, {"kind": "reply"}, False),
        ({"kind": "request"}, {}, False),
        ({"kind": ["request", "reply"]}, {"kind": "reply"}, True),
        ({"kind": ["request", "reply"]}, {"kind": "chat"}, False),
        ({"kind": {"not": "request"}}, {"kind": "reply"}, True),
        ({"kind": {"not": "request"}}, {"kind": "request"}, False),
        ({"kind": {"not": "request"}}, {}, True),
        ({"kind": {"not": ["a", "b"]}}, {"kind": "b"}, False),
        ({"kind": "request", "tone": "warm"}, {"kind": "request", "tone": "cool"}, False),
    ],
)
def test_all_labels_must_match(criterion, when, labels, expected):
    assert applies(criterion(when=when), labels) is expected


# Scores


def test_the_score_is_the_weighted_share_of_criteria_satisfied(rubric):
    """(2 * 1 + 1 * 0 + 3 * (1 - 0)) / 6; the undesirable one is satisfied by not being met."""
    r = rubric(a={"weight": 2}, b={}, c={"weight": -3})

    assert score_reply(r, findings(a=1.0, b=0.0, c=0.0), {}) == {"p": (5 / 6, "")}


def test_a_level_counts_with_its_share(rubric):
    """(1 * 0.5 + 3 * 1) / 4."""
    assert (
        score_reply(rubric(a={}, b={"weight": 3}), findings(a=0.5, b=1.0), {})["p"].value == 0.875
    )


def test_what_does_not_apply_is_dropped_from_both_sums(rubric):
    r = rubric(a={}, b={"weight": 9, "when": {"kind": "x"}})

    assert score_reply(r, findings(a=1.0), {"kind": "y"}) == {"p": (1.0, "")}
    assert score_reply(r, findings(a=1.0, b=0.0), {"kind": "x"}) == {"p": (0.1, "")}


def test_a_principle_to_which_nothing_applies_is_absent_and_not_zero(rubric):
    assert score_reply(rubric(a={"when": {"kind": "x"}}), {}, {}) == {}


def test_one_unscored_criterion_leaves_the_principle_unscored(rubric):
    scores = score_reply(rubric(a={}, b={}), findings(a=1.0, b=None), {})

    assert scores == {"p": (None, "b: CANNOT_ASSESS")}


def test_an_applicable_criterion_without_a_finding_is_unscored_and_not_dropped(rubric):
    assert score_reply(rubric(a={}, b={}), findings(a=1.0), {}) == {"p": (None, "b: no finding")}


@pytest.mark.parametrize(
    ("weight", "value", "score"),
    [(1, 0.0, 0.0), (-1, 1.0, 0.0), (1, 1.0, 1.0), (-1, 0.0, 1.0), (1, 0.4, 0.0), (1, 0.5, 0.875)],
)
def test_failing_a_must_makes_the_principle_0(rubric, weight, value, score):
    r = rubric(a={"weight": 3}, b={"weight": weight, "must": True})
    result = score_reply(r, findings(a=1.0, b=value), {})["p"]

    assert result == (score, "" if score else "must: b")


def test_an_unscored_criterion_outweighs_a_failed_must(rubric):
    r = rubric(a={}, b={"must": True})

    assert score_reply(r, findings(a=None, b=0.0), {})["p"].value is None


def test_points_are_those_of_healthbench():
    """STATS V9: points 7, 5, 10, -6, met T, F, T, T: (7 + 10 - 6) / 22 = 0.5."""
    r = Rubric.model_validate(
        {
            "rubric": "r",
            "scoring": "points",
            "principles": {
                "p": {
                    "criteria": {
                        key: {"ask": "?", "weight": weight}
                        for key, weight in {"a": 7, "b": 5, "c": 10, "d": -6}.items()
                    }
                }
            },
        }
    )

    assert score_reply(r, findings(a=1.0, b=0.0, c=1.0, d=1.0), {}) == {"p": (0.5, "")}
    assert score_reply(r, findings(a=0.0, b=0.0, c=0.0, d=1.0), {}) == {"p": (0.0, "")}


def test_points_that_nothing_applicable_can_earn_leave_the_principle_out(rubric):
    r = rubric("points", a={"when": {"kind": "x"}}, b={"weight": -1})

    assert score_reply(r, findings(b=1.0), {}) == {}


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_finding_outside_0_to_1_is_our_bug(rubric, value):
    with pytest.raises(ValueError, match="outside 0 to 1"):
        score_reply(rubric(a={}), findings(a=value), {})


WEIGHTS = st.floats(0.1, 10) | st.floats(-10, -0.1)


@settings(deadline=None)
@given(st.lists(st.tuples(WEIGHTS, st.floats(0, 1)), min_size=1, max_size=8),
       st.sampled_from(["mean", "points"]))  # fmt: skip
def test_scores_lie_between_0_and_1(pairs, scoring):
    criteria = {f"c{i}": {"ask": "?", "weight": weight} for i, (weight, _) in enumerate(pairs)}
    criteria["last"] = {"ask": "?", "weight": 1}
    r = Rubric.model_validate(
        {"rubric": "r", "scoring": scoring, "principles": {"p": {"criteria": criteria}}}
    )
    values = {f"c{i}": value for i, (_, value) in enumerate(pairs)}
    score = score_reply(r, findings(last=1.0, **values), {})["p"].value

    assert 0.0 <= score <= 1.0


# More criteria for one scenario


def test_a_scenario_may_bring_criteria_of_its_own(rubric, criterion):
    more = rubric(a={}).extended({"p": {"b": criterion(weight=3)}})

    assert score_reply(more, findings(a=1.0, b=0.0), {}) == {"p": (0.25, "")}
    assert more.fingerprint != rubric(a={}).fingerprint


def test_criteria_for_what_the_rubric_does_not_have_are_refused(rubric, criterion):
    with pytest.raises(UserError, match=r"rubric r has no principle 'q'"):
        rubric(a={}).extended({"q": {"b": criterion()}})
    with pytest.raises(UserError, match=r"rubric r, p: already has 'a'"):
        rubric(a={}).extended({"p": {"a": criterion()}})
