"""Model cards: every cell held against its row, the same numbers in every form."""

import csv
import importlib.util
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from tastemaker.card.forms import FORMS
from tastemaker.card.table import make_card
from tastemaker.card.words import mark
from tastemaker.card_spec import load_card
from tastemaker.cli.main import app
from tastemaker.errors import UserError
from tastemaker.records import ScoreRow
from tastemaker.tables import reply_table, score_table, write_tables

CARD = """
card: family
title: The family
columns:
  old: {label: Old, runs: [{logs: logs/one, arm: old}]}
  new: {label: New, runs: [{logs: logs/one, arm: new}]}
  twin: {runs: [{logs: logs/one, arm: twin}]}
rows:
  - {principle: brevity, label: Short answers, note: At most five words.}
  - {principle: form}
"""
SHORT_OF_FORTY = {"old": 10, "new": 30, "twin": 29}
"""How many of forty scenarios each arm answers in few words, whatever the seed."""


def finished(
    folder,
    name,
    *,
    seeds=2,
    scenarios=40,
    system="Be kind.",
    limit=None,
    short_of=SHORT_OF_FORTY,
    unscored=(),
    evals=("many",),
    **more,
):
    """The folder of a run as `tastemaker run` leaves it, without the logs.

    `unscored` are the scenarios that the arm `new` has no score for, and `more` is of the record.
    """
    folder.mkdir(parents=True)
    known = {"dataset": "many", "cluster": "", "principle": ""}
    scores = [
        ScoreRow(
            **known
            | {"eval": home, "arm": arm, "scenario": f"s{n}", "cluster": f"s{n}", "seed": seed}
            | {"principle": principle, "criterion": criterion, "value": value}
        )
        for home in evals
        for arm, short in short_of.items()
        for n in range(scenarios)
        for seed in range(1, seeds + 1)
        for principle, names in (("brevity", (None, "short")), ("form", (None, "plain")))
        for criterion in names
        for there in [arm != "new" or n not in unscored]
        for value in [(1.0 if principle == "form" else float(n < short)) if there else None]
    ]
    write_tables(folder, score_table(scores), reply_table([]))
    arms = {arm: {"model": f"acted/{arm}", "system": "Be kind."} for arm in SHORT_OF_FORTY}
    arms["twin"]["system"] = system
    record = {
        "record": f"sha256:{name}",
        "experiment": name,
        "rules": {"default": {"margin": 0.1}},
        "grader": None,
        "seeds": seeds,
        "limit": limit,
        "judge": "sha256:0",
        "baseline": "old",
        "arms": {arm: "sha256:1" for arm in arms},
        "arms_shown": arms,
        "named_evals": [{"rubric": "./kind.yaml", "dataset": "./many.yaml"}],
        "evals": {
            home: {
                "dataset": "many",
                "dataset_version": 1,
                "dataset_hash": "sha256:2",
                "rubric": "kind",
                "rubric_version": 3,
                "rubric_hash": "sha256:3",
            }
            for home in evals
        },
        "principles": {"brevity": "An answer is as short as it can be."},
        "seeds_asked": {arm: {"base": 1, "honoured": True} for arm in arms},
        "versions": {"tastemaker": "0.1.0"},
    }
    (folder / "record.json").write_text(json.dumps(record | more))


@pytest.fixture
def made(project):
    """A project with a finished run; gives a function that makes the card from its text."""
    folder = project({})

    def run(name="one", **settings):
        finished(folder / "logs" / name, name, **settings)

    def card(text=CARD):
        (folder / "card.yaml").write_text(text)
        return make_card(load_card(folder / "card.yaml"))

    run()
    card.run, card.folder = run, folder
    return card


def test_a_cell_is_the_mean_of_the_seeds_with_its_interval_over_scenarios(made):
    line = made().lines[0]

    assert [cell.value for cell in line.cells] == pytest.approx([0.25, 0.75, 0.725])
    old = line.cells[0]
    assert old.low < 0.25 < old.high and old.high - old.low < 0.35
    assert old.estimate.seeds == 2
    assert made().footnotes[0] == "At most five words."
    assert made().footnotes[1] == (
        "40 scenarios in 40 clusters of many (dataset version 1, rubric version 3), asked in 2 "
        "runs; scored without a judge."
    )


def test_the_best_is_bold_only_where_its_lead_is_established(made):
    """29 and 30 of 40 differ in one scenario; 30 and 10 in twenty."""
    assert [cell.best for cell in made().lines[0].cells] == [False, False, False]
    two = CARD.replace("  twin: {runs: [{logs: logs/one, arm: twin}]}\n", "")
    assert [cell.best for cell in made(two).lines[0].cells] == [False, True]
    assert [cell.best for cell in made(two).lines[1].cells] == [False, False]


def test_nothing_is_bold_that_what_is_missing_could_undo(made):
    """Seven of forty won and none lost; two lost in the worst case, where `new` has no score."""
    two = CARD.replace("  twin: {runs: [{logs: logs/one, arm: twin}]}\n", "")
    close = {"old": 20, "new": 27, "twin": 0}
    made.run("whole", short_of=close)
    made.run("gaps", short_of=close, unscored=(0, 1))

    whole, gaps = (made(two.replace("logs/one", f"logs/{name}")) for name in ("whole", "gaps"))

    assert [cell.best for cell in whole.lines[0].cells] == [False, True]
    assert [cell.value is None for cell in gaps.lines[0].cells] == [False, False]
    assert [cell.best for cell in gaps.lines[0].cells] == [False, False]


def test_a_run_that_tolerates_nothing_unscored_shows_no_cell_with_a_gap(made):
    made.run("strict", unscored=(0,), max_unscored=0.0)
    card = made(CARD.replace("logs/one, arm: new", "logs/strict, arm: new"))

    assert card.lines[0].cells[1].value is None
    assert any("too much is unscored: 2 of 80 replies" in text for text in card.footnotes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"user": {"model": "acted/guest", "config": {}}}, "user: "),
        ({"weights": {"many": 3.0}}, 'weights: {"few": 0.25, "many": 0.75}; in the rest'),
        ({"weights": {"many": 2.0, "few": 2.0}}, ""),
    ],
    ids=["other users", "other weights", "the same weights"],
)
def test_users_and_the_weights_of_pooled_evals_must_be_equal(made, change, said):
    made.run("both", evals=("few", "many"))
    made.run("other", evals=("few", "many"), **change)
    text = CARD.replace("logs/one", "logs/both")
    card = made(text.replace("logs/both, arm: new", "logs/other, arm: new"))

    unlike = [one for one in card.footnotes if one.startswith("Not comparable with its row")]
    assert len(unlike) == (said != "")
    assert all(said in one for one in unlike)


def test_nothing_is_bold_below_a_published_figure_that_is_higher(made):
    row = """
  - principle: brevity
    label: With theirs
    published: {twin: {value: 0.9, source: Their card, date: 2026-01-31}}
"""
    card = made(CARD + row)

    cells = card.lines[2].cells
    assert [cell.best for cell in cells] == [False, False, False]
    assert (cells[2].value, cells[2].measured) == (0.9, None)
    said = card.footnotes[cells[2].notes[0] - 1]
    assert said == "Published elsewhere, not measured here: Their card, 2026-01-31."


def test_a_cell_whose_settings_differ_says_so_and_is_never_the_best(made):
    made.run("other", seeds=1, system="Be brief.")
    text = CARD.replace("logs/one, arm: new", "logs/other, arm: twin")
    card = made(text)

    new = card.lines[0].cells[1]
    said = card.footnotes[new.notes[0] - 1]
    assert "seeds: 1; in the rest of the row 2" in said
    assert 'system prompt: "Be brief."; in the rest of the row "Be kind."' in said
    assert [cell.best for cell in card.lines[0].cells] == [False, False, True]


def test_nothing_is_bold_below_an_unlike_cell_that_is_higher(made):
    made.run("other", seeds=1)
    card = made(CARD.replace("logs/one, arm: new", "logs/other, arm: new"))

    assert [cell.value for cell in card.lines[0].cells] == pytest.approx([0.25, 0.75, 0.725])
    assert not any(cell.best for cell in card.lines[0].cells)


def test_a_strict_card_is_refused_with_each_cell_that_is_not_comparable(made):
    made.run("other", seeds=1)
    with pytest.raises(UserError) as refused:
        made("strict: true\n" + CARD.replace("logs/one, arm: new", "logs/other, arm: new"))

    assert "2 cells cannot stand in a strict card" in str(refused.value)
    assert "Short answers, new: Not comparable with its row. seeds: 1" in str(refused.value)


def test_each_in_its_own_way_prompts_may_differ_and_seeds_may_not(made):
    made.run("other", seeds=1, system="Be brief.")
    text = CARD.replace("logs/one, arm: twin", "logs/other, arm: twin")
    card = made("elicitation: per-model\n" + text)

    said = " ".join(card.footnotes)
    assert "seeds: 1; in the rest of the row 2" in said
    assert "system prompt" not in said
    assert "way that suits it best" in FORMS["markdown"](card)


def test_both_ways_of_asking_stand_side_by_side_and_compete_apart(made):
    made.run("other", system="Be brief.")
    text = CARD.replace(
        "twin: {runs: [{logs: logs/one, arm: twin}]}",
        "twin: {runs: [{logs: logs/other, arm: twin}], elicitation: per-model}",
    )
    card = made("elicitation: both\n" + text)

    assert [cell.best for cell in card.lines[0].cells] == [False, True, False]
    assert "twin (per-model)" in FORMS["markdown"](card)
    assert not any("Not comparable" in text for text in card.footnotes)


def test_a_limited_run_is_said_to_be_one(made):
    made.run("part", limit=20, scenarios=20)
    card = made(CARD.replace("logs/one", "logs/part"))

    assert "Only a part of the scenarios was asked (a limited run)." in card.footnotes


def test_failures_of_format_are_counted_apart(made):
    """Every reply begins with a capital; 30 of old's 40 replies, twice asked, are too long."""
    text = CARD.replace("{principle: form}", "{principle: form, format_criteria: [form/plain]}")
    card = made(text)
    assert [cell.measured.format_failures for cell in card.lines[1].cells] == [0, 0, 0]

    text = CARD.replace("note: At most five words.", "format_criteria: [brevity/short]")
    old = made(text).lines[0].cells[0]
    assert old.measured.format_failures == 60
    with pytest.raises(UserError, match="a criterion 'brevity/shrt': did you mean 'brevity/short'"):
        made(text.replace("[brevity/short]", "[brevity/shrt]"))


def test_a_task_that_found_no_answer_tells_failures_of_format(project, actor):
    """Of three questions the model answers one rightly, one wrongly, and one without an answer.

    The way from a real run to the card: what `finished` writes by hand elsewhere stands in it too.
    """
    tasks = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import pattern

@task
def sums():
    return Task(
        dataset=[Sample(id=f"q{n}", input=f"{n} and {n}", target=str(2 * n)) for n in range(3)],
        scorer=pattern(r"ANSWER: (\\d+)"),
    )
"""
    said = ["ANSWER: 0", "ANSWER: 3", "Four, I think."]
    actor.says("one", lambda messages, config: said[int(messages[-1].text.split()[-1])])
    folder = project({"tasks.py": tasks})
    (folder / "sums.yaml").write_text(
        "experiment: sums\nevals: [{task: ./tasks.py@sums, principle: adding}]\nseeds: 1\n"
        "baseline: {a: {model: acted/one}}\ncandidates: {b: {model: acted/one}}\n"
    )
    CliRunner().invoke(app, ["run", "sums.yaml"])
    (folder / "card.yaml").write_text(
        "card: sums\ncolumns: {a: {runs: [{logs: logs/sums, arm: a}]}}\nrows: [{principle: adding}]"
    )
    cell = make_card(load_card(folder / "card.yaml")).lines[0].cells[0]

    assert cell.value == pytest.approx(1 / 3)
    assert cell.measured.format_failures == 1
    record = json.loads((folder / "logs/sums/record.json").read_text())
    made = folder / "made"
    finished(made, "made")
    assert json.loads((made / "record.json").read_text()).keys() <= record.keys()


def test_what_changed_is_told_against_the_baseline_of_the_run(made):
    card = made("model: new\n" + CARD)

    assert len(card.changes) == 1
    assert card.changes[0].startswith("Against old (one), brevity improved: +50.0 points (")
    assert card.principles == {"brevity": "An answer is as short as it can be."}


def test_no_change_is_told_beyond_what_is_possible(made):
    """Six clusters that lose all: guarded, the interval would reach to -130 points."""
    made.run("lost", scenarios=6, short_of={"old": 6, "new": 0, "twin": 0})
    card = made("model: new\n" + CARD.replace("logs/one", "logs/lost"))

    assert "brevity regressed: -100.0 points (-100.0 to " in card.changes[0]


def test_every_form_shows_the_same_numbers(made):
    card = made()
    cells = [cell for line in card.lines for cell in line.cells]

    rows = list(csv.DictReader(io.StringIO(FORMS["csv"](card))))
    assert [float(row["value"]) for row in rows] == [cell.value for cell in cells]
    assert [float(row["low"]) for row in rows] == [cell.low for cell in cells]
    data = json.loads(FORMS["json"](card))
    listed = [cell for row in data["rows"] for cell in row["cells"]]
    assert [(one["value"], one["high"]) for one in listed] == [(c.value, c.high) for c in cells]
    for form in ("markdown", "html", "latex"):
        text = FORMS[form](card)
        for cell in cells:
            assert f"{100 * cell.value:.1f}" in text
            assert f"{100 * cell.low:.1f} to {100 * cell.high:.1f}" in text


def test_the_hub_reads_the_model_index_back(made):
    from huggingface_hub.repocard_data import model_index_to_eval_results

    card = made("model: new\n" + CARD)
    index = yaml.safe_load(FORMS["model-index"](card))
    name, results = model_index_to_eval_results(index["model-index"])

    assert name == "New"
    assert [(one.metric_type, one.metric_value) for one in results] == [
        ("brevity", 0.75),
        ("form", 1.0),
    ]
    assert results[0].dataset_name == "many"


def test_the_appendix_and_the_table_come_from_one_object(made):
    text = FORMS["markdown"](made())

    assert "### old, run one" in text
    assert "| system | Be kind. |" in text
    assert "| model | acted/old |" in text


SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
hostile = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(hostile)
of_every_text = pytest.mark.parametrize("text", hostile.EVERY.values(), ids=hostile.EVERY)


@pytest.fixture(scope="module")
def said_by(tmp_path_factory):
    """A card that says a text wherever one can stand: in its file, and in the record of its run.

    The card of a text is made once.
    """
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "tastemaker.toml").touch()
    finished(folder / "logs" / "one", "one")
    place, cards = folder / "logs" / "one" / "record.json", {}
    plain = json.loads(place.read_text())

    def make(text):
        if text not in cards:
            place.write_text(json.dumps(spoilt(plain, text)))
            # What a file refuses, as it refuses control characters, cannot come from there.
            words = "".join(c for c in text[:200] if c.isprintable() or c in "\u202e\u2066")
            shown = json.dumps(words or "words", ensure_ascii=False)
            (folder / "card.yaml").write_text(
                f"about: {shown}\nbehavior: {{summary: {shown}, limits: [{shown}]}}\n"
                + CARD.replace("label: Old", f"label: {shown}")
                .replace("title: The family", f"title: {shown}")
                .replace("label: Short answers", f"label: {shown}")
                .replace("At most five words.", shown)
            )
            cards[text] = make_card(load_card(folder / "card.yaml"))
        return cards[text]

    return make


def spoilt(record, text):
    """A record in which everything that a card shows is a text."""
    name = text[:200]
    more = {"model": name, "system": text, "config": {name: text}, "template": text}
    return record | {
        "experiment": name,
        "grader": {"model": name},
        "judge": text,
        "split": name,
        "principles": {"brevity": text},
        "versions": {name: name},
        "arms_shown": {arm: told | more for arm, told in record["arms_shown"].items()},
    }


def html_is_inert(text, card):
    tags = re.findall(r"<(/?[a-zA-Z][\w-]*)([^>]*)>", text)
    assert {name.lower().lstrip("/") for name, _ in tags} <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "div",
        "table", "thead", "tbody", "tr", "th", "td", "sup", "small", "strong", "span", "ul", "li",
        "b", "dl", "dt", "dd", "details", "summary",
    }  # fmt: skip
    assert all(not re.search(r"\s(on\w+|style|src)\s*=", re.sub(r'"[^"]*"', '""', inner))
               for _, inner in tags)  # fmt: skip
    assert all(c == "\n" or c.isprintable() for c in text)


def markdown_is_whole(text, card):
    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inner = [child for token in parsed for child in token.children or ()]
    html = {t.content.strip() for t in (*parsed, *inner) if t.type.startswith("html")}
    assert all(re.match(r"</?sup>", one) for one in html)
    assert not {t.type for t in (*parsed, *inner)} & {"link_open", "image", "fence", "code_block"}
    assert [t.tag for t in parsed if t.type == "table_open"] == ["table"] * 4  # one an appendix
    assert all(c == "\n" or c.isprintable() for c in text)


def csv_has_no_formula(text, card):
    rows = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == 1 + sum(len(line.cells) for line in card.lines)
    for cell in (cell for row in rows for cell in row):
        assert re.fullmatch(r"-?\d+(\.\d+)?", cell) or not cell.startswith(
            ("=", "+", "-", "@", "\t", "\r", "\n")
        )


def json_reads_back(text, card):
    told = json.loads(text)
    assert told["title"] == card.title
    assert [row["row"] for row in told["rows"]] == [line.title for line in card.lines]


def model_index_reads_back(text, card):
    (index,) = yaml.safe_load(text)["model-index"]
    assert len(index["results"]) == 2
    assert all(c == "\n" or c.isprintable() for c in text)


def latex_is_ascii_and_balanced(text, card):
    """What TeX thinks of it: `test_hostile_text_compiles_in_latex`."""
    assert all(c == "\n" or c.isprintable() for c in text)
    bare = re.sub(r"\\[{}%]", "", re.sub("(?m)^%.*$", "", text))
    assert bare.count("{") == bare.count("}")
    assert r"\input" not in bare and r"\write" not in bare


READ_BACK = {
    "html": html_is_inert,
    "markdown": markdown_is_whole,
    "csv": csv_has_no_formula,
    "json": json_reads_back,
    "model-index": model_index_reads_back,
    "latex": latex_is_ascii_and_balanced,
}


@pytest.mark.parametrize("form", FORMS)
@of_every_text
def test_hostile_text_is_only_text_in_every_form(said_by, form, text):
    card = said_by(text)
    made = FORMS[form](card)

    made.encode()
    READ_BACK[form](made, card)
    assert len(made) < 100_000


@pytest.mark.slow
@of_every_text
def test_hostile_text_compiles_in_latex(said_by, text, tmp_path):
    compiled(FORMS["latex"](said_by(text)), tmp_path)


def compiled(fragment, folder):
    """Set a fragment with a real LaTeX, with nothing of it allowed to run; the log."""
    latex = shutil.which("pdflatex")
    assert latex, "the tests need LaTeX: `make test` installs it"
    (folder / "card.tex").write_text(fragment, encoding="utf-8")
    (folder / "whole.tex").write_text(
        "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{textcomp}"
        "\\usepackage{booktabs}\\begin{document}\\input{card}\\end{document}\n"
    )
    done = subprocess.run(
        [latex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "whole.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "whole.pdf").stat().st_size > 1000


@pytest.mark.slow
def test_the_latex_of_an_ordinary_card_compiles(made, tmp_path):
    compiled(FORMS["latex"](made()), tmp_path)


EXAMPLE = Path(__file__).resolve().parents[1] / "reports" / "example" / "card.html"


@pytest.mark.parametrize("width", [380, 1280])
def test_the_page_of_a_card_fits_its_window(opened, width):
    page = opened(EXAMPLE.read_text("utf-8"), viewport={"width": width, "height": 800})
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_card_has_no_serious_fault_of_accessibility(opened, scheme):
    page = opened(EXAMPLE.read_text("utf-8"), color_scheme=scheme)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    faults = Axe().run(page).response["violations"]

    assert [one["id"] for one in faults if one["impact"] in ("serious", "critical")] == []


def test_on_paper_a_card_has_its_settings(opened):
    page = opened(EXAMPLE.read_text("utf-8"))
    settings = page.locator(".settings").first
    seen = "one => one.checkVisibility({contentVisibilityAuto: true})"

    assert not settings.evaluate(seen)
    page.emulate_media(media="print")
    assert settings.evaluate(seen)


def test_footnotes_go_on_after_z():
    assert [mark(number) for number in (1, 26, 27, 52, 53)] == ["a", "z", "aa", "az", "ba"]


def test_mistakes_of_the_file_are_told_at_once(made):
    with pytest.raises(UserError) as refused:
        made(
            """
card: family
columns:
  a: {runs: [{logs: logs/nothing, arm: old}]}
rows: [{principle: brevity}]
"""
        )
    assert "no run at 'logs/nothing': it has no record.json" in str(refused.value)

    with pytest.raises(UserError) as refused:
        made(
            """
card: family
model: newest
columns: {new: {runs: [{logs: logs/one, arm: new}]}}
rows:
  - {label: MMLU, published: {nwe: {value: 78.1, source: Theirs, date: 2026-02-30}}}
  - {note: nothing}
"""
        )
    told = str(refused.value)
    assert "expected a number from 0 to 1, found 78.1" in told
    assert "'2026-02-30' is no day of the calendar" in told
    assert "a row is a `principle`, or has `published` figures" in told


def test_a_row_that_no_run_measured_is_refused(made):
    more = """  - {principle: brevty, label: Bravery}
  - {principle: form, eval: mny, label: Form again}
  - {principle: warmth}
"""
    with pytest.raises(UserError) as refused:
        made(CARD + more)
    assert str(refused.value).splitlines() == [
        "card.yaml:11:17: no run of any column has scores for 'brevty': did you mean 'brevity'?",
        "card.yaml:12:29: no run of any column has an eval 'mny': did you mean 'many'?",
        "card.yaml:13:17: no run of any column has scores for 'warmth'",
    ]


def test_the_command_writes_each_form(made):
    made()
    for form in FORMS:
        done = CliRunner().invoke(app, ["card", "card.yaml", "--format", form, "-o", f"out.{form}"])
        assert done.exit_code == 0, done.output
        assert (made.folder / f"out.{form}").stat().st_size > 100
