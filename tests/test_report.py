"""Reports: the same numbers in every form, strict JSON, and names from outside that do nothing."""

import json
import re
from dataclasses import replace
from functools import partial
from io import StringIO
from math import isfinite, nan

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from tastemaker.escaping import markdown as cell
from tastemaker.escaping import plain
from tastemaker.experiment import Experiment
from tastemaker.gate import Headroom
from tastemaker.records import ScoreRow
from tastemaker.report.data import as_data, as_json, exit_code
from tastemaker.report.markdown import as_markdown
from tastemaker.report.terminal import print_report
from tastemaker.report.words import headroom_told
from tastemaker.results import results
from tastemaker.tables import scores_of_rows

VERDICT_KEYS = {
    "candidate", "principle", "verdict", "severity", "blocking", "difference", "low", "high",
    "method", "margin", "p_regressed", "p_regressed_adjusted", "p_improved",
    "p_improved_adjusted", "baseline", "candidate_score", "scenarios", "clusters",
    "informative_clusters", "seeds", "unscored", "seed_share", "reason",
}  # fmt: skip
"""What `gate --json` promises of each verdict."""

HOSTILE = [
    "a | b || c",
    "one\ntwo\r\n# three",
    "<script>alert(1)</script>",
    "<!-- gone",
    "[link](javascript:alert(1))",
    "![pixel](https://evil.example/x.png)",
    "<https://evil.example>",
    "https://evil.example and www.evil.example",
    "thanks @everyone, see #1",
    "`code` **bold** _under_ ~~struck~~ $x^2$",
    "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07there\x07",
    "\u202egnp.exe\u2066 \u200b",
    "line\u2028paragraph\u2029end",
    "[bold red]rich[/bold red] :smile: \\",
    "&lt;b&gt; &amp; &#8203;",
    "=1+1",
]

score = partial(ScoreRow, eval="email", arm="old", scenario="s1", cluster="s1", seed=1)


@pytest.fixture
def reported():
    """Results over 80 scenarios and two seeds, in which the candidate lost one scenario in four."""

    def make(*principles, record=None, rows=(), arms=("old", "new"), missing="", **options):
        made = [
            score(
                arm=arm, scenario=f"s{n}", cluster=f"s{n}", seed=seed, principle=principle,
                value=float((n + seed) % 3 > 0 and (a == 0 or n % 4 > 0)), input_tokens=10,
                output_tokens=5, seconds=0.5, cost=0.01,
            )
            for a, arm in enumerate(arms)
            for principle in principles or ("honesty",)
            for n in range(80)
            for seed in (1, 2)
        ]  # fmt: skip
        if missing:
            made[0] = replace(made[0], value=None, reason=missing)
        old, new = arms
        experiment = Experiment.model_validate(
            {"experiment": "try", "baseline": {old: {"scores": "o.csv"}}}
            | {"candidates": {new: {"scores": "n.csv"}}}
            | options
        )
        table = scores_of_rows([*made, *rows])
        return results(experiment, {"record": "sha256:0"} | (record or {}), table)

    return make


def strict(text):
    """JSON without NaN and Infinity."""

    def refuse(constant):
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def on_terminal(found, width=80):
    file = StringIO()
    print_report(found, Console(file=file, width=width, emoji=False, highlight=False))
    return file.getvalue()


def tokens(markdown):
    """All tokens, block and inline, as a reader of pull-request comments sees them."""
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        yield token
        yield from token.children or ()


def tables(markdown):
    """The cells of every table, row by row, as text."""
    found, row = [], None
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
            row = found[-1][-1]
        elif token.type == "tr_close":
            row = None
        elif token.type == "inline" and row is not None:
            row.append("".join(child.content for child in token.children))
    return found


def signed(number):
    return f"{number:+.3f}"


def interval(told, shown=signed):
    return f"{shown(told['low'])} to {shown(told['high'])}"


# JSON --------------------------------------------------------------------------------------------


def test_json_has_the_promised_keys(reported):
    told = strict(as_json(reported("honesty", "warmth")))

    assert {"outcome", "exit_code", "experiment", "record", "verdicts"} <= told.keys()
    assert (told["outcome"], told["exit_code"], told["experiment"]) == ("fail", 1, "try")
    assert [verdict["principle"] for verdict in told["verdicts"]] == ["honesty", "warmth"]
    for verdict in told["verdicts"]:
        assert verdict.keys() >= VERDICT_KEYS
        assert verdict["baseline"].keys() >= {"mean", "low", "high", "rerun_sd"}
        assert verdict["candidate_score"].keys() >= {"mean", "low", "high", "rerun_sd"}


def test_json_has_the_numbers_of_the_results(reported):
    found = reported()
    (verdict,), (paired,) = as_data(found)["verdicts"], [found.decision.verdicts[0].paired]

    assert verdict["verdict"] == "REGRESSED"
    assert verdict["difference"] == paired.difference
    assert (verdict["low"], verdict["high"]) == (paired.low, paired.high)
    assert verdict["baseline"]["mean"] == paired.baseline.mean == pytest.approx(107 / 160)
    assert verdict["baseline"]["rerun_sd"] == paired.baseline.rerun_sd
    assert (verdict["scenarios"], verdict["clusters"], verdict["seeds"]) == (80, 80, 2)


def test_json_is_strict_where_numbers_cannot_be_computed(reported):
    """A principle that only the baseline has: no difference, no interval, no test."""
    alone = [score(scenario=f"s{n}", principle="warmth", value=1.0) for n in range(3)]
    told = strict(as_json(reported(rows=alone)))["verdicts"][1]

    assert told["verdict"] == "NOT_EVALUABLE"
    assert (told["difference"], told["low"], told["p_regressed"]) == (None, None, None)
    assert told["baseline"]["mean"] == 1.0
    assert told["candidate_score"]["mean"] is None


def test_json_of_hostile_names_reads_back_as_it_was(reported):
    told = strict(as_json(reported(*HOSTILE)))

    assert [verdict["principle"] for verdict in told["verdicts"]] == HOSTILE


@pytest.mark.parametrize(
    ("wish", "code"), [({}, 3), ({"on_inconclusive": "fail"}, 1), ({"on_inconclusive": "warn"}, 0)]
)
def test_inconclusive_counts_as_the_experiment_wishes_and_keeps_its_word(reported, wish, code):
    """A margin of 0.3 would pass; a limited run does not."""
    found = reported(record={"limit": 80}, rules={"default": {"margin": 0.4}}, **wish)

    assert exit_code(found) == code
    assert as_data(found)["outcome"] == "inconclusive"
    assert "INCONCLUSIVE" in as_markdown(found)


# The same numbers everywhere ---------------------------------------------------------------------


def test_markdown_has_the_numbers_of_the_json(reported):
    found = reported("honesty", "warmth")
    verdicts, averages = (
        next(table for table in tables(as_markdown(found)) if wanted in table[0])
        for wanted in ("verdict", "mean")
    )
    for told, row in zip(as_data(found)["verdicts"], verdicts[1:], strict=True):
        baseline, candidate = told["baseline"], told["candidate_score"]
        assert row[0] == told["principle"]
        assert told["verdict"] in row[1]
        assert row[2:] == [
            f"{baseline['mean']:.3f}",
            f"{candidate['mean']:.3f}",
            signed(told["difference"]),
            interval(told),
            "0.05",
        ]
    rows = [
        [told["principle"], arm, f"{one['mean']:.3f}", interval(one, "{:.3f}".format),
         f"{one['rerun_sd']:.3f}"]
        for told in as_data(found)["verdicts"]
        for arm, one in (("old", told["baseline"]), ("new", told["candidate_score"]))
    ]  # fmt: skip
    assert averages[1:] == rows


def test_the_terminal_has_the_numbers_of_the_json_on_one_line_each(reported):
    """At 80 columns, with names as long as they may be: names are folded, numbers never."""
    arms = ("a-prompted-baseline-of-last-year", "a-fine-tuned-candidate-of-this-week")
    found = reported("honesty", "an-uncommonly-long-name-for-what-is-but-one-principle", arms=arms)
    lines = on_terminal(found).split("\n")

    assert max(map(len, lines)) <= 80
    for told in as_data(found)["verdicts"]:
        line = next(line for line in lines if interval(told) in line)
        assert f"{told['baseline']['mean']:.3f} " in line
        assert f"{told['candidate_score']['mean']:.3f} " in line
        assert f"{signed(told['difference'])} {interval(told)}" in line
        assert line.rstrip().endswith("0.05")
        for one in (told["baseline"], told["candidate_score"]):
            shown = rf"{one['mean']:.3f}\s+{interval(one, '{:.3f}'.format)}\s+{one['rerun_sd']:.3f}"
            assert any(re.search(shown, line) for line in lines)


@pytest.mark.parametrize("name", ["honesty", "an-uncommonly-long-name-for-a-principle"])
def test_a_principle_that_must_be_better_says_so_without_breaking_a_number(reported, name):
    text = on_terminal(
        reported(name, rules={"default": {"margin": 0.125, "superior": True, "blocking": False}})
    )

    assert re.search(r"0\.125,( superior)?\s*$", text, re.MULTILINE)
    assert "superior" in text


def test_the_level_of_the_intervals_is_the_experiments(reported):
    for text in (as_markdown(reported(alpha=0.1)), on_terminal(reported(alpha=0.1))):
        assert "90% CI" in text
        assert "95% CI" not in text


@pytest.mark.parametrize(
    ("room", "saturated", "told"),
    [
        (0.3, False, "0.300"),
        (0.02, True, "0.020, too little to show an improvement"),
        (1.0, True, "1.000, too little to show an improvement with so few scenarios"),
        (-1e-9, True, "0.000, too little to show an improvement"),
        (nan, False, "–"),
    ],
)
def test_headroom_that_is_not_little_is_so_for_the_scenarios_alone(room, saturated, told):
    assert headroom_told(Headroom(room=room, saturated=saturated, low_enough=None)) == told


def test_a_rerun_sd_is_never_shown_as_an_error_bar(reported):
    found = reported()
    for text in (as_markdown(found), on_terminal(found)):
        words = " ".join(text.split())
        assert "re-run SD is only the noise of asking the same scenarios again" in words
        assert "not an error bar" in words
        assert "±" not in text
        assert f"re-run SD {found.decision.verdicts[0].paired.baseline.rerun_sd:.3f}" not in words


def test_every_verdict_is_told_by_a_word_and_a_shape_not_by_colour_alone(reported):
    text = on_terminal(reported())

    assert "\x1b" not in text
    assert "▼ REGRESSED" in text


def test_a_form_that_cannot_be_computed_shows_a_dash(reported):
    alone = [score(scenario=f"s{n}", principle="warmth", value=1.0) for n in range(3)]
    found = reported(rows=alone)
    row = next(row for table in tables(as_markdown(found)) for row in table if row[0] == "warmth")

    assert row[1:6] == ["× NOT_EVALUABLE", "1.000", "–", "–", "–"]
    assert not any(isfinite(v.paired.difference) for v in found.decision.verdicts[1:])


def test_what_is_missing_is_shown_by_arm_and_reason(reported):
    found = reported(missing="invalid_response_format")

    assert "old: 1 invalid response format" in as_markdown(found)
    assert "Unscored, old: 1 invalid response format" in on_terminal(found)


# Names from outside ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_one_cell_of_text_in_markdown(name):
    (table,) = tables(f"| a | b |\n|---|---|\n| {cell(name)} | next |")

    assert table[1] == [plain(name).strip().replace("@", "\u200b@\u200b")
                        .replace("://", ":\u200b//\u200b").replace("www.", "www\u200b.\u200b"),
                        "next"]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_holds_no_markup_from_outside(reported, name):
    markdown = as_markdown(reported(name, missing=name, record={"warnings": [name]}))

    found = list(tokens(markdown))
    html = {token.content.strip() for token in found if token.type.startswith("html")}
    assert all(re.match(r"</?(details|summary)>", one) for one in html)
    kinds = {token.type for token in found}
    assert not kinds & {"link_open", "image", "strong_strikethrough", "fence", "code_block"}
    assert {t.content for t in found if t.type == "code_inline"} == {"sha256:0"}
    assert all("evil" not in t.content for t in found if t.type == "strong_open")
    assert "://" not in markdown
    assert not re.search(r"@\w", markdown)
    assert all(character == "\n" or character.isprintable() for character in markdown)
    assert all(len({len(row) for row in table}) == 1 for table in tables(markdown))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_is_not_steered_from_outside(reported, name):
    text = on_terminal(reported(name, missing=name, record={"warnings": [name]}), width=400)

    assert all(character == "\n" or character.isprintable() for character in text)
    assert f"Warning: {plain(name)}" in text
    assert f"  {plain(name)}: Worse" in text
    assert "Regressed: " + plain(name) in text


def test_plain_text_is_not_changed():
    text = "Ünïcödé, 漢字, emoji 🙂 and (punctuation)!"

    assert plain(text) == text
