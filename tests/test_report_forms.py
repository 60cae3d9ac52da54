"""JUnit, CSV and HTML: the numbers of the JSON, and whole whatever the texts are."""

import csv
import json
import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from io import StringIO
from xml.etree import ElementTree

import pytest
from junitparser import JUnitXml

from tastemaker.experiment import Experiment, load_experiment
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.report.data import as_data
from tastemaker.report.html.entries import MOST_CHARACTERS, anchor
from tastemaker.report.html.page import MOST_BYTES, as_html
from tastemaker.report.html.source import Source
from tastemaker.report.html.texts import Searched, marked, visible, word_changes
from tastemaker.report.junit import as_junit
from tastemaker.report.spreadsheet import as_csv, cell
from tastemaker.report.words import plain
from tastemaker.results import results
from tastemaker.tables import reply_table, scores_of_rows

HOSTILE = {
    "html": "</script></style><script>window.ran=1</script><img src=//evil.example onerror=ran=1>",
    "attribute": "\" onmouseover=window.ran=1 x='",
    "comment": "<!-- <![CDATA[ ]]> -->",
    "template": "{{ 7 * 7 }}{% raw %}",
    "ansi": "\x1b[31mred\x1b]8;;https://evil.example\x07",
    "control": "a\x00b\x08c\x7fd\x0b\x0c\r\n\r",
    "override": "\u202egnp.exe\u2066\u200b\u2028",
    "nonchar": "\ufffe\uffff\ufdd0",
    "line": "x" * 1_000_000,
    "formula": "=cmd|' /C calc'!A0",
    "entity": "&lt;b&gt;&#60;&xxe;",
}
SURROGATE = "half \ud800 a pair"
score = partial(ScoreRow, eval="email", scenario="s1", cluster="s1", seed=1)


def stored(replies):
    """Replies as a source of all their arms."""
    table = reply_table(replies)
    return Source(tables={arm: (table, arm) for arm in {one.arm for one in replies}})


@pytest.fixture
def reported():
    """Results and replies of some scenarios: the candidate loses one in four, and says so."""

    def make(*, scenarios=40, seeds=2, reply=None, name="honesty", scenario="s{}", arms=None,
             record=None, missing=(), **options):  # fmt: skip
        reply = reply or (lambda arm, n, seed: f"Reply {n} of {arm} with seed {seed}.")
        old, new = arms or ("old", "new")
        scores, replies = [], []
        for arm in (old, new):
            for n in range(scenarios):
                for seed in range(1, seeds + 1):
                    lost = arm == new and n % 4 == 0
                    gone = (arm, n, seed) in missing
                    key = scenario.format(n)
                    scores.append(score(
                        arm=arm, scenario=key, cluster=key, seed=seed, principle=name,
                        value=None if gone else float(not lost), reason="error" if gone else "",
                        stratum="asked" if n % 2 else "told", cost=0.01, seconds=1.0,
                        labels=json.dumps({"kind": "request" if n % 3 else "chat"}),
                    ))  # fmt: skip
                    text = reply(arm, n, seed)
                    replies.append(ReplyRow(
                        eval="email", scenario=key, arm=arm, seed=seed, prompt=f"Prompt {n}",
                        messages=json.dumps([{"role": "user", "text": f"Prompt {n}"},
                                             {"role": "assistant", "text": text}]),
                        reply="" if gone else text, error="error: gone" if gone else "",
                        findings=json.dumps({f"{name}.said": {"value": float(not lost),
                                             "reason": text[:60], "quote": text[:30]}}),
                    ))  # fmt: skip
        experiment = Experiment.model_validate(
            {"experiment": "try", "baseline": {old: {"scores": "o.csv"}},
             "candidates": {new: {"scores": "n.csv"}}} | options
        )  # fmt: skip
        found = results(experiment, {"record": "sha256:0"} | (record or {}), scores_of_rows(scores))
        return found, stored(replies)

    return make


class Page(HTMLParser):
    """The elements of a page, the text of its JSON, and whatever could run or load."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.active, self.text, self.numbers, self.inside = [], [], [], "", None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.tags.append((tag, told))
        if tag in ("script", "style"):
            self.inside = told.get("type") or tag
        if tag in ("img", "iframe", "object", "embed", "base") or any(
            name.startswith("on") or name in ("src", "style", "srcdoc", "action") for name in told
        ):
            self.active.append((tag, told))
        if tag == "a" and not told["href"].startswith("#"):
            self.active.append((tag, told))

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside = None

    def handle_data(self, data):
        if self.inside == "application/json":
            self.numbers += data
        elif self.inside is None:
            self.text.append(data)

    def all(self, tag, **wanted):
        return [a for t, a in self.tags if t == tag and wanted.items() <= a.items()]


def test_html_has_the_numbers_of_the_json_in_cells_and_whole(reported):
    found, source = reported()
    page, told = Page(as_html(found, source)), as_data(found)

    embedded = json.loads(page.numbers)
    assert embedded == json.loads(json.dumps(told | {"slices": None}))
    (verdict,) = told["verdicts"]
    (difference,) = page.all("span", **{"class": "number difference"})
    (interval,) = page.all("span", **{"class": "interval"})
    means = [float(a["data-value"]) for a in page.all("span", **{"class": "number mean"})]
    assert float(difference["data-value"]) == verdict["difference"] == -0.25
    assert [float(interval["data-low"]), float(interval["data-high"])] == [
        verdict["low"],
        verdict["high"],
    ]
    assert means == [verdict["baseline"]["mean"], verdict["candidate_score"]["mean"]]


def test_csv_has_the_numbers_of_the_json(reported):
    found, _ = reported()
    (row,) = csv.DictReader(StringIO(as_csv(found)))
    (told,) = as_data(found)["verdicts"]

    for key in ("difference", "low", "high", "margin", "p_regressed", "seed_share"):
        assert float(row[key]) == told[key]
    assert float(row["baseline_mean"]) == told["baseline"]["mean"] == 1.0
    assert float(row["candidate_mean"]) == told["candidate_score"]["mean"] == 0.75
    assert (row["verdict"], row["scenarios"]) == ("REGRESSED", "40")


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({}, "failure"),
        ({"rules": {"default": {"blocking": False}}}, "skipped"),
        ({"rules": {"default": {"margin": 0.6}}}, None),
        ({"scenarios": 4}, "error"),
        ({"scenarios": 4, "on_inconclusive": "warn"}, "skipped"),
    ],
)
def test_junit_fails_where_the_gate_does(reported, options, outcome):
    """A loss within a margin of 0.6 passes; four scenarios decide nothing."""
    root = ElementTree.fromstring(as_junit(reported(**options)[0]).encode())
    (case,) = root.iter("testcase")
    kinds = {child.tag for child in case} - {"system-out"}

    assert kinds == ({outcome} if outcome else set())
    assert (case.get("name"), case.get("classname")) == ("honesty", "try.new")


def test_junit_says_the_numbers_and_counts_what_failed(reported):
    found, _ = reported()
    (suite,) = JUnitXml.fromstring(as_junit(found).encode())
    (case,) = suite

    (verdict,) = as_data(found)["verdicts"]
    assert (suite.name, suite.tests, suite.failures) == ("new", 1, 1)
    assert f"difference {verdict['difference']:+.3f}" in case.result[0].text
    assert f"{verdict['low']:+.3f} to {verdict['high']:+.3f}" in case.result[0].text


def test_junit_of_an_incomplete_run_has_an_error_of_its_own(reported):
    found, _ = reported(missing={("new", 1, 1)})
    root = ElementTree.fromstring(as_junit(found))

    case = next(one for one in root.iter("testcase") if one.get("name") == "complete")
    assert case.find("error").text == "new: 1 scores ended in an error."


# Texts from outside ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_reply_is_text_in_a_whole_page(reported, text):
    found, source = reported(scenarios=8, reply=lambda arm, n, seed: f"{arm} {n} {text}")
    html = as_html(found, source)
    page = Page(html)

    assert page.active == []
    assert len(page.all("script")) == 2
    assert all(c in "\n\t" or c.isprintable() or ord(c) == 0xAD for c in html)
    assert json.loads(page.numbers)["outcome"] == "inconclusive"
    assert visible(text)[:200] in "".join(page.text)
    assert len(html.encode()) < 2_000_000


@pytest.mark.parametrize("text", [*HOSTILE.values(), SURROGATE], ids=[*HOSTILE, "surrogate"])
def test_a_hostile_name_stands_in_every_form_and_does_nothing(reported, text):
    name = text[:150]
    if name == SURROGATE:
        found, source = reported(name="honesty", record={"warnings": [name]})
    else:
        found, source = reported(name=name, scenario=name.replace("{", "").replace("}", "") + " {}",
                                 record={"warnings": [name]})  # fmt: skip
    html = as_html(found, source)
    page = Page(html)
    root = ElementTree.fromstring(as_junit(found).encode())
    (row,) = csv.DictReader(StringIO(as_csv(found)))

    assert page.active == []
    html.encode()
    assert visible(name) in "".join(page.text)
    if name != SURROGATE:
        # XML makes spaces of line ends in attributes; of control characters nothing is left.
        assert next(root.iter("testcase")).get("name") == plain(name)
        assert row["principle"].removeprefix("'") == plain(name)
    assert not row["principle"].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_half_a_surrogate_pair_in_a_finding_is_shown_as_its_number(reported):
    found, source = reported(scenarios=8)
    rows = next(iter(source.tables.values()))[0].to_pylist()
    rows[0]["findings"] = json.dumps({"honesty.said": {"value": 1.0, "reason": SURROGATE}})
    source = stored([ReplyRow(**row) for row in rows])
    html = as_html(found, source)

    html.encode()
    assert "half ⟨U+D800⟩ a pair" in html


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "＝1"])
def test_no_cell_of_a_spreadsheet_is_a_formula(text):
    assert cell(text).startswith("'")
    assert cell("plain") == "plain"


def test_a_confidential_arm_shows_no_system_prompt(reported):
    found, source = reported(scenarios=8)
    rows = next(iter(source.tables.values()))[0].to_pylist()
    said = [{"role": "system", "text": "SECRET"}, *({"role": "user", "text": "Hi"},) * 3]
    for row in rows:
        row["messages"] = json.dumps(said)
    source = stored([ReplyRow(**row) for row in rows])
    assert "SECRET" in as_html(found, source)
    for arm in found.experiment.arms.values():
        arm.__dict__["confidential"] = True

    assert "SECRET" not in as_html(found, source)


# What is kept ------------------------------------------------------------------------------------


def words(arm, n, seed):
    """A reply of 1,500 characters or so, another for each arm, scenario and seed."""
    return " ".join(f"word{(n * 7 + seed * 3 + k * (2 + (arm == 'new'))) % 97}" for k in range(230))


def test_a_large_page_keeps_the_texts_that_matter_and_says_which(reported):
    """200 scenarios moved 50; the drawn ones are always the same."""
    found, source = reported(scenarios=300, seeds=5, reply=words)
    html = as_html(found, source)
    page = Page(html)

    whole = page.all("details", **{"class": "entry whole"})
    bare = page.all("div", **{"class": "entry"})
    assert len(html.encode()) < MOST_BYTES + 50_000
    assert len(whole) + len(bare) == 300
    assert f"the replies of {len(whole)} are in this file: " in "".join(page.text)
    assert "drawn at random (seed 1)" in "".join(page.text)
    moved = {anchor("new", f"email/s{n}") for n in range(0, 300, 4)}
    kept = {one["id"] for one in whole}
    assert kept & moved and kept - moved
    assert html == as_html(found, source)


def test_with_full_all_texts_are_there_whole(reported):
    long = "word " * 4000
    found, source = reported(scenarios=8, reply=lambda arm, n, seed: f"{arm} {long} end{n}")
    short, full = as_html(found, source), as_html(found, source, full=True)

    assert "end7" not in short
    assert f"Cut here; it has {len('old ' + long + ' end7'):,} characters" in short
    assert len(long) > MOST_CHARACTERS
    assert "end7" in full
    assert "characters. With --full" not in full


def test_a_page_that_lacks_replies_names_the_command_as_it_was_typed(
    reported, tmp_path, monkeypatch
):
    """A comparison of two runs, or an experiment made in code, has no command to name."""
    monkeypatch.chdir(tmp_path)
    for name in ("o.csv", "n.csv"):
        (tmp_path / name).write_text("scenario,seed,principle,value\ns0,1,honesty,1\n")
    (tmp_path / "mine.yaml").write_text(
        "experiment: try\nbaseline: {old: {scores: ./o.csv}}\n"
        "candidates: {new: {scores: ./n.csv}}\n"
    )
    found, source = reported(scenarios=120, reply=lambda arm, n, seed: f"{arm} " * 2_400)
    named = replace(found, experiment=load_experiment("./mine.yaml"))

    unnamed, page = ("".join(Page(as_html(one, source)).text) for one in (found, named))
    assert "are in this file" in unnamed and "All of them" not in unnamed
    assert "All of them: tastemaker report ./mine.yaml --format html --full" in page
    assert load_experiment(tmp_path / "mine.yaml").reference == "mine.yaml"
    monkeypatch.chdir(tmp_path.parent)
    assert load_experiment(tmp_path / "mine.yaml").reference == f"{tmp_path.name}/mine.yaml"
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert load_experiment(tmp_path / "mine.yaml").reference == ""


def test_what_nobody_knows_of_costs_is_no_column(reported):
    """Cost and seconds are known here, tokens are not; without all three a note says so."""
    found, source = reported(scenarios=8)
    known = "".join(Page(as_html(found, source)).text)
    nothing = {arm: replace(one, cost=None, seconds=None) for arm, one in found.spent.items()}
    unknown = "".join(Page(as_html(replace(found, spent=nothing), source)).text)

    assert "tokens in" not in known and "seconds a reply" in known
    assert "Nothing is known of their calls, tokens" not in known
    assert "Nothing is known of their calls, tokens, time or cost." in unknown


def test_scores_alone_make_a_page_that_says_there_are_no_replies(reported):
    found, _ = reported()
    text = "".join(Page(as_html(found)).text)

    assert "40 scenarios, what moved most first. There are scores alone" in text


def test_a_reply_that_is_not_there_is_not_an_empty_reply(reported):
    found, source = reported(scenarios=8, missing={("new", 4, 2)})

    assert "No reply: error: gone" in "".join(Page(as_html(found, source)).text)


# Differences and quotes --------------------------------------------------------------------------


def parts(text, spans):
    return [text[start:end] for start, end in spans]


def test_words_that_only_one_text_has_are_found():
    first = "Could you please send the report by Friday at noon?"
    second = "Could you please send the numbers by Friday at noon, Ana?"
    changes = word_changes(first, second)

    assert parts(first, changes.removed) == ["report"]
    assert parts(second, changes.added) == ["numbers", ", Ana"]


def test_texts_without_common_words_are_not_compared():
    assert word_changes("Hurry up now", "No rush at all").unlike
    assert not word_changes("", "No rush at all").unlike


def test_very_long_texts_are_compared_at_their_ends():
    first, second = ("a " * 6000 + "{}" + " b" * 6000).format("x"), "a " * 6000 + "y" + " b" * 6000
    changes = word_changes(first, second)

    assert (parts(first, changes.removed), parts(second, changes.added)) == (["x"], ["y"])


def test_equal_texts_have_no_differences():
    assert word_changes("the same", "the same").removed == ()


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("send the report", ["send the report"]),
        ("SEND  the\nreport", ["send the report"]),
        ("it's “due”", ['it’s "due"']),
        ("Please … due", ["Please", "due"]),
        ("never said", []),
        ("  ", []),
    ],
)
def test_quotes_are_found_as_judges_copy_them(quote, found):
    text = 'Please send the report, it’s "due".'

    assert parts(text, Searched(text).find(quote)) == found


def test_changes_and_quotes_stand_in_one_text_and_nothing_is_lost():
    html = marked("a <b> c & d", [(2, 5)], "ins", [((4, 9), 2)])

    assert html == (
        'a <ins>&lt;b</ins><ins><mark>&gt;</mark></ins><mark data-n="2"> c &amp;</mark> d'
    )
    assert re.sub("<[^>]*>", "", html) == "a &lt;b&gt; c &amp; d"
