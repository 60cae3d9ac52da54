"""Every form of a report: the same numbers, the published schema, and harmless whatever is said."""

import csv
import importlib.util
import json
import re
from functools import cache, partial
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from markdown_it import MarkdownIt
from rich.console import Console
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.experiment import Experiment
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.report.annotations import as_annotations
from tastemaker.report.contract import report_schema
from tastemaker.report.data import as_data, as_json
from tastemaker.report.forest import MOST_ROWS, as_svg
from tastemaker.report.html.page import as_html
from tastemaker.report.html.source import Source
from tastemaker.report.junit import as_junit
from tastemaker.report.markdown import MOST_VISIBLE, as_markdown
from tastemaker.report.spreadsheet import as_csv
from tastemaker.report.terminal import print_report
from tastemaker.results import results
from tastemaker.tables import reply_table, scores_of_rows

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("varied", Path(__file__).with_name("varied.py"))
varied = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(varied)
SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
hostile = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(hostile)

SVG = "{http://www.w3.org/2000/svg}"
score = partial(ScoreRow, eval="email", seed=1)


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """Results with everything in them that a report can say, looks and calibration left out."""
    folder = tmp_path_factory.mktemp("varied")
    (folder / "tastemaker.toml").touch()
    return varied.found(folder)


def compared(
    principles, *, arms=("old", "new"), scenario="s{}", warnings=(), fields=None, **options
):
    """Results in which every candidate loses one scenario of four on every principle."""
    old, *new = arms
    rows = [
        score(**{"arm": arm, "scenario": scenario.format(n), "cluster": f"c{n}",
                 "principle": principle, "value": float(arm == old or n % 4 > 0)} | (fields or {}))
        for arm in arms for principle in principles for n in range(12)
    ]  # fmt: skip
    experiment = Experiment.model_validate(
        {"experiment": "try", "baseline": {old: {"scores": "o.csv"}},
         "candidates": {name: {"scores": "n.csv"} for name in new}} | options
    )  # fmt: skip
    record = {"record": "sha256:0", "warnings": list(warnings)}
    return results(experiment, record, scores_of_rows(rows))


def on_terminal(found, width=200):
    file = StringIO()
    print_report(found, Console(file=file, width=width, emoji=False, highlight=False))
    return file.getvalue()


def cells(markdown):
    """The rows of all tables of a Markdown text."""
    found, inside = [], False
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        if token.type in ("tr_open", "tr_close"):
            inside = token.type == "tr_open"
            found += [[]] if inside else []
        elif token.type == "inline" and inside:
            found[-1].append("".join(child.content for child in token.children))
    return found


def unfolded(markdown):
    """The lines that are seen before anything is opened, a summary counted as one."""
    depth, seen = 0, []
    for line in markdown.rstrip("\n").split("\n"):
        if depth == 0:
            seen.append(line)
        depth += line.count("<details>") - line.count("</details>")
    assert depth == 0
    return seen


# The same numbers --------------------------------------------------------------------------------


def shown(told):
    """The cells of a verdict of `gate --json`."""
    return [
        f"{told['difference']:+.3f}",
        f"{told['low']:+.3f} to {told['high']:+.3f}",
        f"{told['baseline']['mean']:.3f}",
        f"{told['candidate_score']['mean']:.3f}",
    ]


def test_there_are_18_verdicts_of_every_sort(rich):
    """Three candidates on three principles, two classes of a choice, and a preference."""
    names = [one["principle"] for one in as_data(rich)["verdicts"]]

    assert len(names) == 18
    assert names[:6] == ["skill", "kindness", "routing", "routing/tool: recall of canvas",
                         "routing/tool: no false search", "preference"]  # fmt: skip


def test_html_has_the_numbers_of_the_json(rich):
    html = as_html(rich)
    rows = re.split(r'<div class="verdict ', html)[1:]
    told = {(one["candidate"], one["principle"]): one for one in as_data(rich)["verdicts"]}

    assert len(rows) == len(told) == 18
    candidates = list(rich.experiment.candidates)
    for row in rows:
        candidate = candidates[int(re.search(r'data-candidate="(\d+)"', row)[1])]
        name = re.search(r'<b dir="auto">([^<]+)</b>', row)[1]
        one = told.pop((candidate, name))
        assert all(text in row for text in shown(one))
        values = [float(v) for v in re.findall(r'data-(?:value|low|high)="([^"]+)"', row)]
        assert values == [one["baseline"]["mean"], one["candidate_score"]["mean"],
                          one["difference"], one["low"], one["high"]]  # fmt: skip


def test_markdown_has_the_numbers_of_the_json(rich):
    rows = cells(as_markdown(rich))

    for one in as_data(rich)["verdicts"]:
        difference, interval, before, now = shown(one)
        own = [r for r in rows if r[:2] == [one["candidate"], one["principle"]] and len(r) == 8]
        assert [row[3:7] for row in own] == [[before, now, difference, interval]]
        assert [one["principle"], before, now, difference, interval] in [
            [row[0], *row[2:6]] for row in rows if len(row) == 7
        ]


def test_the_terminal_has_the_numbers_of_the_json(rich):
    lines = on_terminal(rich).split("\n")

    for one in as_data(rich)["verdicts"]:
        difference, interval, before, now = shown(one)
        wanted = rf"{re.escape(one['principle'])}.*{before} +{now} +{re.escape(difference)} +"
        assert any(re.match(wanted + re.escape(interval), line) for line in lines)


def test_csv_has_the_numbers_of_the_json(rich):
    rows = list(csv.DictReader(StringIO(as_csv(rich))))

    for row, one in zip(rows, as_data(rich)["verdicts"], strict=True):
        assert (row["candidate"], row["principle"]) == (one["candidate"], one["principle"])
        for key in ("difference", "low", "high", "margin"):
            assert float(row[key]) == one[key]
        assert float(row["baseline_mean"]) == one["baseline"]["mean"]
        assert float(row["candidate_mean"]) == one["candidate_score"]["mean"]


def test_junit_has_the_numbers_of_the_json(rich):
    cases = {
        (case.get("classname"), case.get("name")): "".join(case.itertext())
        for case in ElementTree.fromstring(as_junit(rich).encode()).iter("testcase")
    }

    for one in as_data(rich)["verdicts"]:
        text = cases[f"varied.{one['candidate']}", one["principle"]]
        assert all(number in text for number in shown(one))


def test_svg_has_the_numbers_of_the_json(rich):
    """In words, and as lengths: the bar of the interval is as long as its ends are apart."""
    root = ElementTree.fromstring(as_svg(rich).encode())
    groups = {g.find(f"{SVG}title").text: g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}title")
              is not None}  # fmt: skip
    scales = set()
    for one in as_data(rich)["verdicts"]:
        difference, interval, _, _ = shown(one)
        (group,) = [g for title, g in groups.items()
                    if title.startswith(f"{one['candidate']}, {one['principle']}: ")]  # fmt: skip
        assert f"{difference} ({interval})" in [text.text for text in group.iter(f"{SVG}text")]
        bar = next(e for e in group.iter(f"{SVG}line") if "whisker" in e.get("class"))
        length = float(bar.get("x2")) - float(bar.get("x1"))
        scales.add(round(length / (one["high"] - one["low"]) / 20))
    assert len(scales) == 1


def test_annotations_have_the_numbers_of_the_json(rich):
    text = as_annotations(rich)

    for one in as_data(rich)["verdicts"]:
        if one["verdict"] in ("REGRESSED", "UNDERPOWERED", "INCONCLUSIVE"):
            difference, interval, _, _ = shown(one)
            assert f"Difference {difference}, {interval}; margin" in text


def test_the_sections_of_the_page_have_the_numbers_of_the_json(rich):
    html, told = as_html(rich), as_data(rich)

    def section(name):
        return re.split(rf'<section id="{name}"', html)[1].split("\n</section>")[0]

    choices = section("choices")
    for arm in told["choices"][0]["arms"]:
        assert all(f"{one['recall']['value']:.3f} (" in choices for one in arm["classes"])
        cells_of = [f"{cell:.1f}".removesuffix(".0") for row in arm["table"] for cell in row]
        assert (
            cells_of
            == re.findall(r'class="heat [^>]*>([^<]*)<', choices.split(f"{arm['arm']}: right")[-1])[
                : len(cells_of)
            ]
        )
    for one in told["pairwise"]["found"]:
        assert f"{one['win_rate']['value']:.1%}" in section("preferences")
        assert f"{one['length_controlled']['value']:.1%}" in section("preferences")
    for arm in told["pairwise"]["strengths"][0]["arms"]:
        assert f"{arm['value']:+.2f}" in section("preferences")
    for one in told["retention"]:
        assert f"{one['gain']['value']:+.3f}" in section("retention")
    for one in told["series"]["principles"]:
        assert f"{one['kendall_tau']:+.2f}" in section("series")
    for one in told["ablation"]["effects"]:
        assert f"{one['effect']['value']:+.3f}" in section("ablation")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Results of a panel of two graders, with the replies, and their source."""
    return varied.graded(tmp_path_factory.mktemp("graded"))


def rows_of(html, section):
    """The cells of every row in a section of the page."""
    text = re.split(rf'<section id="{section}"', html)[1].split("\n</section>")[0]
    return [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", text)
    ]


def test_the_page_has_the_panel_of_the_json(graded):
    """The new arm pleases the strict grader in two of three replies, the mild in five of six."""
    found, source = graded
    told = as_data(found)["panel"]
    rows = rows_of(as_html(found, source), "graders")

    (one,) = told["criteria"]
    assert list(one["means"].values()) == pytest.approx([11 / 12, 5 / 6])
    assert rows[1][0] == "canvas restraint/kept"
    assert rows[1][1] == str(one["replies"]) == "96"
    assert rows[1][2].startswith(f"{one['disagree']['value']:.2f}")
    (pair,) = one["pairs"]
    assert rows[1][4] == f"{pair['ac1']['value']:.2f}"
    assert rows[1][6] == f"{one['reliability']:.2f}"
    alone = {row[2]: row for row in rows if row[:2] == ["new", "restraint"]}
    for each in told["alone"]:
        interval = f"{each['low']:+.3f} to {each['high']:+.3f}"
        assert alone[each["grader"]][3:] == [
            f"{each['difference']:+.3f}",
            interval,
            each["verdict"],
        ]
    assert [float(alone[name][3]) for name in varied.GRADERS] == [-0.167, -0.333]


def test_the_page_has_the_likeness_of_the_json(graded):
    found, source = graded
    rows = rows_of(as_html(found, source), "likeness")[1:]

    told = as_data(found)["alike"]["found"]
    assert len(rows) == len(told) == 8
    for row, one in zip(rows, told, strict=True):
        assert row[:4] == [one["eval"], one["measure"], one["arm"], f"{one['mean']:.2f}"]
        assert row[4] == f"{one['low']:.3f} to {one['high']:.3f}"
        change = one["difference"]
        assert row[5] == ("baseline" if change is None else f"{change['value']:+.3f} "
                          f"({change['low']:+.3f} to {change['high']:+.3f})")  # fmt: skip
        assert row[6] == f"{one['scenarios']} in {one['clusters']}"


def test_the_page_says_what_grading_took(graded):
    found, source = graded
    html = as_html(found, source)

    spent = as_data(found)["spent"]["new"]["grading"]
    assert (spent["calls"], spent["input_tokens"]) == (96, 9600)
    assert "Grading new: 96 calls, 9,600 tokens in, 960 out, $0.10." in html


def test_where_no_panel_graded_and_no_reply_was_kept_the_page_has_no_such_section(rich):
    html = as_html(rich)

    assert 'id="graders"' not in html
    assert 'id="likeness"' not in html


def test_a_preference_is_no_principle_and_breaks_no_link(rich):
    html = as_html(rich)
    ids = re.findall(r'\bid="([^"]+)"', html)

    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    homes = re.findall(r'data-candidate="0" data-principle="([^"]*)"', html)
    assert sorted(homes) == ["", "kindness", "routing", "routing", "routing", "skill"]
    averages = html.split('<section id="averages"')[1].split("</section>")[0]
    assert "preference" not in averages


# The schema --------------------------------------------------------------------------------------


@cache
def validator():
    return jsonschema.Draft202012Validator(report_schema())


def problems(data):
    return [(list(one.absolute_path), one.message) for one in validator().iter_errors(data)]


def test_the_published_schema_is_that_of_the_types():
    path = ROOT / "docs" / "schemas" / "report.json"
    printed = CliRunner().invoke(app, ["schema", "report"])

    jsonschema.Draft202012Validator.check_schema(report_schema())
    assert json.loads(path.read_text()) == report_schema(), f"tastemaker schema report -o {path}"
    assert json.loads(printed.stdout) == report_schema()


def test_real_reports_fit_the_schema(rich):
    told = json.loads(as_json(rich))

    assert problems(told) == []
    assert problems(json.loads((ROOT / "reports/example/report.json").read_text())) == []
    assert problems(json.loads(as_json(compared(["honesty"], arms=("old", "a", "b"))))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"outcome": "maybe"},
        {"exit_code": 2},
        {"verdicts": [{"principle": "honesty"}]},
        {"choices": [{}]},
        {"spent": {"old": {"replies": "many"}}},
    ],
)
def test_the_schema_refuses_what_a_report_never_says(rich, change):
    told = json.loads(as_json(rich))

    assert problems(told | change) != []


def test_every_key_of_a_report_is_required(rich):
    told = json.loads(as_json(rich))
    for key in told:
        assert problems({name: value for name, value in told.items() if name != key})


# Length ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidates", "principles"), [(1, 3), (1, 40), (3, 5), (3, 40), (30, 4), (1, 200)]
)
def test_a_comment_shows_at_most_60_lines(candidates, principles):
    arms = ("old", *(f"new-{n}" for n in range(candidates)))
    names = [f"principle-{n}" for n in range(principles)]
    found = compared(names, arms=arms, tensions=[names[:2]])
    markdown = as_markdown(found)
    seen = unfolded(markdown)

    assert seen[0].startswith("# ")
    assert len(seen) <= MOST_VISIBLE == 60
    rows = [row for row in cells(markdown) if len(row) == 7 and row[0] in names and "0.05" in row]
    assert len(rows) == candidates * principles
    shown_rows = [line for line in seen if "principle-" in line and line.startswith("| ")]
    hidden = candidates * principles - len(shown_rows)
    assert not hidden or f"by candidate, and why: {hidden} of them only here" in markdown


def test_of_many_verdicts_the_gravest_are_shown():
    """Only new-1 loses on p-3, by half of the scenarios; among 120 verdicts it comes first."""
    arms = ("old", "new-0", "new-1", "new-2")
    rows = [
        score(arm=arm, scenario=f"s{n}", cluster=f"s{n}", principle=f"p-{p}",
              value=float(not (arm == "new-1" and p == 3 and n % 2)))
        for arm in arms for p in range(40) for n in range(40)
    ]  # fmt: skip
    experiment = Experiment.model_validate(
        {"experiment": "try", "baseline": {"old": {"scores": "o.csv"}},
         "candidates": {name: {"scores": "n.csv"} for name in arms[1:]}}
    )  # fmt: skip
    markdown = as_markdown(results(experiment, {"record": "sha256:0"}, scores_of_rows(rows)))
    first = next(line for line in unfolded(markdown) if line.startswith("| new-"))

    assert first.startswith("| new-1 | p-3 | ▼ REGRESSED")
    assert "120 verdicts: 1 REGRESSED, 119 " in markdown
    assert unfolded(markdown)[2] == "Regressed: p-3 (new-1)."


def test_everything_at_once_keeps_to_60_lines(rich):
    markdown = as_markdown(rich)

    assert len(unfolded(markdown)) <= 60
    for title in ("Preferences", "What merges kept", "The arms as a series", "Choice routing/tool",
                  "What the factors add", "Values that pull against each other"):  # fmt: skip
        assert title in markdown


def test_a_drawing_of_many_verdicts_says_how_many_it_leaves_out():
    found = compared([f"p-{n}" for n in range(100)])
    root = ElementTree.fromstring(as_svg(found).encode())

    assert sum("whisker" in e.get("class", "") for e in root.iter(f"{SVG}line")) == 3 * MOST_ROWS
    assert "40 more, none graver: the other reports have all." in list(root.itertext())


# Texts from outside ------------------------------------------------------------------------------


def html_is_inert(found):
    text = as_html(found)
    tags = re.findall(r"<(/?[a-zA-Z][\w-]*)([^>]*)>", text)
    assert not {name.lower() for name, _ in tags} & {"img", "iframe", "object", "embed", "base"}
    assert sum(name == "script" for name, _ in tags) == 2
    assert all(not re.search(r"\s(on\w+|srcdoc|style)\s*=", re.sub(r'"[^"]*"', '""', attributes))
               for _, attributes in tags)  # fmt: skip
    assert all(c in "\n\t" or c.isprintable() or ord(c) == 0xAD for c in text)
    text.encode()


def json_is_strict(found):
    def refuse(constant):
        raise ValueError(constant)

    told = json.loads(as_json(found), parse_constant=refuse)
    assert problems(told) == []
    assert [one["principle"] for one in told["verdicts"]] == list(found.panels)


def junit_is_xml(found):
    root = ElementTree.fromstring(as_junit(found).encode())
    assert len(list(root.iter("testcase"))) == len(found.decision.verdicts)


def svg_is_inert_xml(found):
    text = as_svg(found)
    root = ElementTree.fromstring(text.encode())
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        "svg", "title", "style", "rect", "text", "line", "g", "path", "circle",
    }  # fmt: skip
    assert not any(
        name.startswith("on") or "href" in name for one in root.iter() for name in one.attrib
    )
    assert len(text) < 40_000 + 10 * max(map(len, found.panels))
    assert max(len(one.text) for one in root.iter(f"{SVG}text")) < 120


def csv_has_no_formula(found):
    rows = list(csv.reader(StringIO(as_csv(found))))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == len(found.decision.verdicts) + 1
    for cell in (cell for row in rows for cell in row):
        number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)
        assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def markdown_is_whole(found):
    text = as_markdown(found)
    assert all(c == "\n" or c.isprintable() for c in text)
    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inner = [child for token in parsed for child in token.children or ()]
    html = {t.content.strip() for t in (*parsed, *inner) if t.type.startswith("html")}
    assert all(re.match(r"</?(details|summary)>", one) for one in html)
    assert not {t.type for t in (*parsed, *inner)} & {"link_open", "image", "fence", "code_block"}
    widths = [len(row) for row in cells(text)]
    assert widths.count(7) >= 2
    assert len(unfolded(text)) <= MOST_VISIBLE


def annotations_are_lines(found):
    lines = as_annotations(found).removesuffix("\n").split("\n")
    alarming = [v for v in found.decision.verdicts if not v.holds or v.kind == "REGRESSED"]
    assert len(lines) == 1 + len(alarming)
    for line in lines:
        assert re.match(r"::(notice|warning|error) title=[^:,]*::", line)
        assert all(c.isprintable() for c in line)


def terminal_is_not_steered(found):
    assert all(c == "\n" or c.isprintable() for c in on_terminal(found))


FORMS = [html_is_inert, json_is_strict, junit_is_xml, svg_is_inert_xml, csv_has_no_formula,
         markdown_is_whole, annotations_are_lines, terminal_is_not_steered]  # fmt: skip


of_every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
of_every_text = pytest.mark.parametrize("text", hostile.TEXTS.values(), ids=hostile.TEXTS)
LONGEST = 5_000
"""Of the line of a million characters as much stands in names."""


@of_every_form
@of_every_text
def test_a_form_withstands_a_hostile_name(form, text):
    """As principle, scenario and warning."""
    name = text[:LONGEST]
    scenario = name.replace("{", "").replace("}", "") + " {}"
    form(compared([name, "honesty"], scenario=scenario, warnings=[name]))


@of_every_form
@of_every_text
def test_a_form_withstands_hostile_words_around_a_score(form, text):
    """As eval, cluster, stratum, split, label, its value, and why a score is not there."""
    name = text[:LONGEST]
    fields = {"eval": name, "stratum": name, "split": name, "reason": name,
              "labels": json.dumps({name: name})}  # fmt: skip
    form(compared(["honesty"], fields=fields))
    gone = {"eval": name, "cluster": name, "value": None, "reason": name}
    form(compared(["honesty"], fields=gone))


@of_every_form
def test_a_form_withstands_half_a_surrogate_pair(form):
    form(compared(["honesty"], warnings=[hostile.SURROGATE]))


@pytest.mark.parametrize("text", hostile.EVERY.values(), ids=hostile.EVERY)
def test_a_hostile_reply_is_inert_where_replies_are_shown(text):
    """Replies, findings, calls, answers, roles, documents: they stand on the page, nowhere else."""
    stored = text.replace("\ud800", "?")
    found = compared(["honesty"])
    said = {"reason": text, "quote": text[:50], "value": 1.0}
    call = {"name": text[:99], "arguments": {text[:99]: text, "number": 1}}
    messages = [{"role": text[:99], "text": text, "tool_calls": [call]},
                {"role": "tool", "text": text, "tool_calls": []}] * 2  # fmt: skip
    name = text[:99]
    versions = [{"document": name, "by": name, "text": f"{text} {n}"} for n in ("one", "two")]
    versions.append({"document": "another", "by": name, "text": text})
    rows = [
        ReplyRow(
            eval="email", scenario=f"s{n}", arm=arm, seed=1, prompt=stored, reply=stored + arm,
            document=stored, error="", findings=json.dumps({f"honesty.{text[:99]}": said}),
            messages=json.dumps(messages), versions=json.dumps(versions),
        )
        for arm in ("old", "new") for n in range(2)
    ]  # fmt: skip
    table = reply_table(rows)
    html = as_html(found, Source(tables={arm: (table, arm) for arm in ("old", "new")}))

    assert re.findall(r"<(img|iframe|object|embed|base)\b", html) == []
    assert len(re.findall(r"<script\b", html)) == 2
    assert all(c in "\n\t" or c.isprintable() or ord(c) == 0xAD for c in html)
    assert len(re.findall("(?s)What became of the document.{0,999}?, in 2 versions", html)) == 4
    assert html.count(" another</span></summary>") == 4
    assert html.encode()


@of_every_text
def test_an_arm_cannot_have_a_hostile_name(text):
    with pytest.raises(ValueError, match="candidates"):
        compared(["honesty"], arms=("old", text[:201]))
