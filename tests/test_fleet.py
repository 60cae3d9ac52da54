"""Fleets: many arms on many principles marked together; runs joined only where comparable."""

import importlib.util
import json
import re
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.errors import UserError
from tastemaker.fleet import Mark, fleet
from tastemaker.records import ScoreRow
from tastemaker.report.fleet import as_fleet_json, fleet_data, headline, terminal_lines
from tastemaker.report.html.fleet import as_fleet_html
from tastemaker.tables import SCORE_SCHEMA, reply_table, score_table, write_tables

HOSTILE = (
    "</td></table></script><script>window.ran = 1</script>"
    '<img src="http://127.0.0.1:9/x.png" onerror="window.ran = 1">\x1b[31m\u202eesrever'
)
GOOD = {
    "old": {"honesty": 30, "warmth": 20},
    "early": {"honesty": 30, "warmth": 30},
    "middle": {"honesty": 15, "warmth": 20},
    "late": {"honesty": 10, "warmth": 20},
}
"""How many of forty scenarios, from the first, each arm answers well."""
STEPS = {"old": 0, "early": 100, "middle": 200, "late": 300}


def finished(
    folder, good=GOOD, *, reasons=None, baseline="old", factors=True, scenarios=40, **more
):
    """The folder of a run as `tastemaker run` leaves it, of two seeds, without the logs.

    `reasons` has a reason for each (arm, principle, scenario) that has no score.
    """
    folder.mkdir(parents=True)
    known = {"eval": "mail", "dataset": "mail"}
    rows = [
        ScoreRow(
            **known
            | {"arm": arm, "scenario": f"s{n}", "cluster": f"s{n}", "seed": seed}
            | {"stratum": "short" if n < 20 else "long", "principle": principle}
            | {"value": None if reason else float(n < count), "reason": reason or ""}
        )
        for arm, counts in good.items()
        for principle, count in counts.items()
        for n in range(scenarios)
        for seed in (1, 2)
        for reason in [(reasons or {}).get((arm, principle, n))]
    ]
    write_tables(folder, score_table(rows), reply_table([]))
    shown = {arm: {"model": f"acted/{arm}"} for arm in good}
    for arm in good:
        if factors and arm in STEPS:
            shown[arm]["factors"] = {"step": STEPS[arm]}
    version = {"dataset_version": 1, "dataset_hash": "2", "rubric_version": 1, "rubric_hash": "3"}
    record = {
        "record": f"sha256:{folder.name}",
        "experiment": folder.name,
        "grader": None,
        "seeds": 2,
        "limit": None,
        "judge": None,
        "baseline": baseline,
        "arms": {arm: f"sha256:{arm}" for arm in good},
        "arms_shown": shown,
        "evals": {"mail": version},
    }
    (folder / "record.json").write_text(json.dumps(record | more))
    return folder


def only(*arms):
    return {arm: GOOD[arm] for arm in arms}


# Numbers -----------------------------------------------------------------------------------------


def test_each_cell_is_the_difference_to_the_baseline_of_the_run(tmp_path):
    """15 of 40 instead of 30: -0.375, on 15 clusters that changed; 30 instead of 20: +0.25."""
    found = fleet([finished(tmp_path / "one")])

    cell = found.cells["middle", "honesty"]
    assert cell.difference.value == pytest.approx(-0.375)
    assert cell.difference.low < -0.375 < cell.difference.high < 0
    assert (cell.scenarios, cell.clusters, cell.informative_clusters) == (40, 40, 15)
    assert found.cells["early", "warmth"].difference.value == pytest.approx(0.25)
    assert [one.name for one in found.baselines] == ["old"]
    assert [one.name for one in found.arms] == ["early", "middle", "late"]


def test_marks_are_established_over_all_cells_at_once(tmp_path):
    """15 losses in 15 changed clusters: one flip in 2^15; cells in which nothing changed get 1."""
    found = fleet([finished(tmp_path / "one")])

    marks = {key: str(cell.mark) for key, cell in found.cells.items()}
    assert marks == {
        ("early", "honesty"): "open", ("early", "warmth"): "gained",
        ("middle", "honesty"): "lost", ("middle", "warmth"): "open",
        ("late", "honesty"): "lost", ("late", "warmth"): "open",
    }  # fmt: skip
    assert found.cells["early", "honesty"].p_lost == 1
    assert found.cells["middle", "honesty"].p_lost < 0.001
    assert found.tests == 6


def test_what_one_test_would_find_is_not_found_in_a_family(tmp_path):
    """Five losses alone have p = 1/32 = 0.031. Beside 19 like them on other scenarios, 0.05 is far.

    A column is as low as five losses make it in one of 32 flips; that none of 20 is has a chance
    of (31/32)^20 = 0.53.
    """

    def p_of(folder, arms):
        good = {"old": {"honesty": 0}} | {f"a{n}": {"honesty": 0} for n in range(arms)}
        rows = [
            ScoreRow(
                **{"eval": "mail", "dataset": "mail", "arm": arm, "principle": "honesty"},
                **{"scenario": f"s{n}", "cluster": f"s{n}", "seed": 1},
                value=0.0 if arm != "old" and n // 5 == int(arm[1:]) else 1.0,
            )
            for arm in good
            for n in range(100)
        ]
        finished(folder, good)
        write_tables(folder, score_table(rows), reply_table([]))
        return fleet([folder]).cells["a0", "honesty"]

    assert p_of(tmp_path / "one", 1).p_lost == pytest.approx(1 / 32, abs=0.006)
    assert p_of(tmp_path / "one-more", 1).mark is Mark.LOST
    many = p_of(tmp_path / "many", 20)
    assert many.p_lost == pytest.approx(1 - (31 / 32) ** 20, abs=0.02)
    assert many.mark is Mark.OPEN


def test_ranks_are_intervals_over_arms_and_baselines(tmp_path):
    """30, 30 | 15, 10 of 40: five changed clusters cannot part the last two, 2 / 2^5 = 0.06."""
    found = fleet([finished(tmp_path / "one")])

    ranks = {arm: found.standings[arm, "honesty"].ranks for arm in GOOD}
    assert ranks == {"old": (1, 2), "early": (1, 2), "middle": (3, 4), "late": (3, 4)}
    assert found.standings["late", "honesty"].mean == 0.25


def test_trend_and_first_loss_follow_the_steps(tmp_path):
    """Means .75 .75 .375 .25: slope (-1.5 * .75 - .5 * .75 + .5 * .375 + 1.5 * .25) / 500."""
    found = fleet([finished(tmp_path / "one")])

    course = next(one for one in found.courses if one.principle == "honesty")
    assert course.means == (0.75, 0.75, 0.375, 0.25)
    assert course.slope.estimate.value == pytest.approx(-0.001875)
    assert course.p_adjusted < 0.01
    assert [(one.arm, one.step, one.principles) for one in found.firsts] == [
        ("middle", 200, ("honesty",))
    ]


def test_arms_with_other_factors_stand_in_other_rows(tmp_path):
    folder = finished(tmp_path / "one")
    record = json.loads((folder / "record.json").read_text())
    for arm, factors in (
        ("early", {"step": 1, "size": "small"}), ("middle", {"step": 2, "size": "small"}),
        ("late", {"step": 3, "size": "large"}),
    ):  # fmt: skip
        record["arms_shown"][arm]["factors"] = factors
    (folder / "record.json").write_text(json.dumps(record))

    found = fleet([folder])
    assert {one.line: one.arms for one in found.courses} == {"size: small": ("early", "middle")}
    assert fleet([folder], by="step").by == "step"
    with pytest.raises(UserError, match=r"numeric factor 'steps': did you mean 'step'\?"):
        fleet([folder], by="steps")


def test_a_marked_cell_names_the_slices_that_moved_most(tmp_path):
    """Of honesty `middle` loses scenarios 15 to 29: 5 of the 20 short ones, 10 of the 20 long."""
    cell = fleet([finished(tmp_path / "one")]).cells["middle", "honesty"]

    moved = [(one.part.value, one.difference.value, one.clusters) for one in cell.moved]
    assert moved == [("long", pytest.approx(-0.5), 20), ("short", pytest.approx(-0.25), 20)]


# What is not there -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "count", "told"),
    [
        ("error", 1, "Of the arm: 2 scores ended in an error."),
        ("cannot_assess", 3, "Of the arm: 7.5% of the scores are missing."),
        ("cannot_assess", 1, "Of the baseline 0.0% of the scores are missing, of the arm 2.5%."),
    ],
)
def test_a_cell_that_lacks_scores_is_void_and_in_no_test(tmp_path, reason, count, told):
    gone = {("late", "honesty", n): reason for n in range(count)}
    found = fleet([finished(tmp_path / "one", reasons=gone)])

    cell = found.cells["late", "honesty"]
    assert (cell.mark, cell.p_lost, cell.reason) == (Mark.VOID, None, told)
    assert cell.unscored == 2 * count
    assert found.tests == 5
    assert (found.standings["late", "honesty"].ranks is None) == (count != 1 or reason == "error")


def test_a_gap_of_the_baseline_voids_all_arms_held_against_it(tmp_path):
    gone = {("old", "honesty", 0): "not_run"}
    found = fleet([finished(tmp_path / "one", reasons=gone)])

    marks = {found.cells[arm.name, "honesty"].mark for arm in found.arms}
    assert marks == {Mark.VOID}
    assert found.cells["late", "honesty"].reason == "Of the baseline: 2 scores were not run."


def test_five_clusters_are_too_few_for_a_mark(tmp_path):
    found = fleet([finished(tmp_path / "one", scenarios=5)])

    assert found.count(Mark.VOID) == 6
    assert headline(found) == "Nothing can be compared"
    assert "5 clusters: at least 6 are needed" in found.cells["late", "warmth"].reason


# Several runs ------------------------------------------------------------------------------------


def test_a_baseline_that_runs_share_stands_once_and_each_arm_keeps_its_own_run(tmp_path):
    """The second run of the baseline was worse on honesty: 20 of 40, from which `late` lost 10."""
    again = {"old": {"honesty": 20, "warmth": 20}, "late": GOOD["late"]}
    one = finished(tmp_path / "one", only("old", "early", "middle"))
    found = fleet([one, finished(tmp_path / "two", again)])

    assert [one.name for one in found.baselines] == ["old"]
    assert [(one.name, one.run, one.baseline) for one in found.arms] == [
        ("early", 0, "old"), ("middle", 0, "old"), ("late", 1, "old"),
    ]  # fmt: skip
    assert found.cells["late", "honesty"].difference.value == pytest.approx(-0.25)
    assert found.cells["middle", "honesty"].difference.value == pytest.approx(-0.375)
    assert found.notes == ()


def test_two_runs_give_what_one_run_of_all_arms_gives(tmp_path):
    whole = fleet([finished(tmp_path / "whole")])
    parted = fleet(
        [
            finished(tmp_path / "one", only("old", "early")),
            finished(tmp_path / "two", only("old", "middle", "late")),
        ]
    )

    assert parted.cells == whole.cells
    assert parted.standings == whole.standings
    assert parted.firsts == whole.firsts


def test_arms_of_one_name_are_called_by_their_folder_too(tmp_path):
    good = only("old", "late")
    other = finished(tmp_path / "two", good, arms={"old": "sha256:other", "late": "sha256:late"})
    found = fleet([finished(tmp_path / "one", good), other])

    assert [one.name for one in found.arms] == ["one@late", "two@late"]
    assert [one.baseline for one in found.arms] == ["one@old", "two@old"]
    assert found.notes[0].startswith("The baselines differ (one@old, two@old): each arm is held")


def test_runs_that_are_not_comparable_are_refused_with_every_difference(tmp_path):
    one = finished(tmp_path / "one")
    version = {"dataset_version": 1, "dataset_hash": "2", "rubric_version": 2, "rubric_hash": "3"}
    two = finished(tmp_path / "two", seeds=3, evals={"mail": version})
    three = finished(tmp_path / "three", limit=7)

    with pytest.raises(UserError) as refused:
        fleet([one, two, three])
    told = str(refused.value).replace(f"{tmp_path}/", "")
    assert told == (
        "these runs cannot stand side by side:\n"
        "  one and two differ in\n"
        "    seeds: 2 and 3\n"
        "    mail.rubric_version: 1 and 2\n"
        "  one and three differ in\n"
        "    limit: null and 7\n"
        "Run them alike, or make one fleet of each kind."
    ).replace("null", "nothing")


def test_a_folder_that_is_no_run_or_comes_twice_is_refused(tmp_path):
    one = finished(tmp_path / "one")
    broken = finished(tmp_path / "broken")
    (broken / "record.json").write_text("{")

    with pytest.raises(UserError, match=r"named twice"):
        fleet([one, tmp_path / "." / "one"])
    with pytest.raises(UserError, match=r"no run there: it has no record.json"):
        fleet([one, tmp_path / "nowhere"])
    with pytest.raises(UserError, match=r"record.json: not a record of ours"):
        fleet([broken])


# The command -------------------------------------------------------------------------------------


@pytest.fixture
def logs(project):
    """A project with a run of four arms in logs/nightly."""
    folder = project({})
    finished(folder / "logs" / "nightly")
    return folder


def call(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_the_command_writes_the_page_and_says_what_it_found(logs):
    said = call("--fleet", "logs/nightly")

    assert said.exit_code == 0
    assert said.stdout.splitlines() == [
        "2 of 3 arms lost on some principle.",
        "3 arms on 2 principles: 2 cells lost, 1 gained, 3 open, 0 not evaluable.",
        "The first to lose is middle (step 200), on honesty.",
        "Fleet view: reports/out/fleet.html",
    ]
    assert "<!doctype html>" in (logs / "reports" / "out" / "fleet.html").read_text()


def test_json_has_the_numbers_of_the_page(logs):
    told = json.loads(call("--fleet", "logs/nightly", "--json").stdout)

    assert told == json.loads(as_fleet_json(fleet([logs / "logs" / "nightly"])))
    assert told["first_regressed"][0]["arm"] == "middle"
    cell = next(
        one for one in told["cells"] if (one["arm"], one["principle"]) == ("late", "honesty")
    )
    assert (cell["mark"], cell["difference"]) == ("lost", pytest.approx(-0.5))


def test_the_page_links_to_the_report_of_the_same_record_alone(logs):
    report = logs / "reports" / "out" / "nightly" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text('{"record":"sha256:nightly"}')
    call("--fleet", "logs/nightly", "-o", "pages/fleet.html")
    linked = (logs / "pages" / "fleet.html").read_text()
    report.write_text('{"record":"sha256:of-another-day"}')
    call("--fleet", "logs/nightly", "-o", "pages/fleet.html")

    assert 'href="../reports/out/nightly/report.html"' in linked
    assert "Report with replies" not in (logs / "pages" / "fleet.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["one", "two"], "--fleet takes folders"),
        (["one", "--by", "step"], "--by goes with --fleet"),
        (["logs/nightly", "--fleet", "--format", "junit"], "a fleet is html or json"),
        (["logs/nightly", "--fleet", "--logs", "logs"], "name the folders themselves"),
    ],
)
def test_options_that_do_not_go_together_are_refused(logs, arguments, told):
    said = call(*arguments)

    assert said.exit_code == 2
    assert told in re.sub(r"[\s│]+", " ", said.output)


# Large -------------------------------------------------------------------------------------------


def large(folder, arms=101, principles=40, scenarios=100):
    """A run with a score for each; every tenth arm loses most of the first principle."""
    names = ["old", *(f"step-{n:03}" for n in range(1, arms))]
    good = {name: {} for name in names}
    finished(folder, good, factors=False)
    rng = np.random.default_rng(7)
    shape = (arms, principles, scenarios)
    values = (rng.random(shape) < 0.8).astype(float)
    values[10::10, 0, :60] = 0.0
    codes = dict(zip(("arm", "principle", "scenario"), np.indices(shape), strict=True))
    words = {
        "arm": names,
        "principle": [f"principle {n}" for n in range(principles)],
        "scenario": [f"s{n}" for n in range(scenarios)],
    }
    words["cluster"], codes["cluster"] = words["scenario"], codes["scenario"]
    words["stratum"], codes["stratum"] = ["long", "short"], codes["scenario"] % 2
    usual = ScoreRow(
        **{"eval": "mail", "dataset": "mail", "arm": "", "scenario": "", "cluster": "", "seed": 1},
        **{"principle": "", "value": None},
    )
    columns = {}
    for field in SCORE_SCHEMA:
        if field.name in words:
            picked = np.array(words[field.name])[codes[field.name].ravel()]
            columns[field.name] = pa.array(picked.tolist(), field.type)
        elif field.name == "value":
            columns[field.name] = pa.array(values.ravel())
        else:
            same = [getattr(usual, field.name)] * values.size
            columns[field.name] = pa.array(same, field.type)
    write_tables(folder, pa.table(columns, schema=SCORE_SCHEMA), reply_table([]))
    record = json.loads((folder / "record.json").read_text())
    for place, name in enumerate(names):
        record["arms_shown"][name]["factors"] = {"step": place}
    (folder / "record.json").write_text(json.dumps(record))
    return folder


@pytest.mark.slow
def test_a_hundred_arms_on_forty_principles_take_seconds_and_less_than_three_megabytes(tmp_path):
    folder = large(tmp_path / "large")
    start = time.perf_counter()
    found = fleet([folder])
    page = as_fleet_html(found)
    took = time.perf_counter() - start
    print(f"100 arms x 40 principles x 100 scenarios: {took:.1f} s, {len(page.encode()):,} bytes")

    assert found.tests == 4000
    lost = {arm for (arm, name), cell in found.cells.items()
            if name == "principle 0" and cell.mark is Mark.LOST}  # fmt: skip
    assert lost >= {f"step-{n:03}" for n in range(10, 101, 10)}
    assert len(page.encode()) < 3_000_000
    assert took < 60


# In a browser ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page_text(tmp_path_factory):
    """The page of two runs with hostile names, a void cell, and a link to a report."""
    folder = tmp_path_factory.mktemp("fleet")
    one = finished(folder / "one", reasons={("early", "honesty", 0): "error"})
    hostile = {"old": GOOD["old"], HOSTILE: GOOD["late"]}
    two = finished(folder / "two", hostile, experiment=HOSTILE, warnings=[HOSTILE])
    return as_fleet_html(fleet([one, two]), {0: "nightly/report.html"})


def shown(page, selector):
    """The texts of what can be seen."""
    return page.evaluate(
        "wanted => [...document.querySelectorAll(wanted)].filter(one => "
        "one.checkVisibility({visibilityProperty: true})).map(one => one.textContent)",
        selector,
    )


CELLS = ".map td a"


def test_the_map_says_sign_shape_and_number(page_text, opened):
    page = opened(page_text)

    assert shown(page, CELLS)[:6] == ["×", "▲+.25", "▼−.38", ".00", "▼−.50", ".00"]
    said = page.locator(CELLS).nth(2).get_attribute("title")
    assert re.fullmatch(r"-0\.375 \(-0\.\d{3} to -0\.\d{3}\), lost", said)


def test_filters_narrow_the_map_by_arm_principle_mark_and_run(page_text, opened):
    page = opened(page_text)
    count = page.locator(".count")
    expect(count).to_have_text("8 cells")
    page.locator("#f-mark").select_option("lost")
    expect(count).to_have_text("3 of 8 cells fit the filter")
    assert shown(page, CELLS) == ["▼−.38", "▼−.50", "▼−.50"]
    page.locator("#f-arm").fill("MIDDLE")
    expect(count).to_have_text("1 of 8 cells fit the filter")
    page.locator("button[type=reset]").click()
    page.locator("#f-principle").select_option("1")
    expect(count).to_have_text("4 of 8 cells fit the filter")
    assert shown(page, ".principle > summary b") == ["warmth"]
    page.locator("#f-run").select_option("1")
    expect(count).to_have_text("1 of 8 cells fit the filter")
    page.locator("#f-mark").select_option("lost")
    expect(count).to_have_text("0 of 8 cells fit the filter")
    assert shown(page, ".empty") == ["No cell fits the filter."]


def test_a_cell_opens_with_all_its_numbers_and_the_way_to_its_report(page_text, opened):
    page = opened(page_text)
    page.locator(CELLS).nth(2).click()

    dialog = page.locator("#cell")
    assert dialog.locator("h2").inner_text() == "middle, honesty"
    told = dict(zip(*(dialog.locator(tag).all_inner_texts() for tag in ("dt", "dd")), strict=True))
    assert told["Difference"] == "-0.375"
    assert told["Scenarios in clusters"] == "40 in 40"
    assert told["Remarks"] == "stratum: long -0.500; stratum: short -0.250"
    links = [link.get_attribute("href") for link in dialog.locator("a").all()]
    assert links[0] == "#p0"
    assert links[1].endswith("/nightly/report.html")
    dialog.locator("a").first.click()
    expect(page.locator("#p0")).to_have_attribute("open", "")


def test_a_link_to_a_cell_opens_it_and_a_void_one_says_why(page_text, opened):
    page = opened(page_text, "#c0-0")

    assert page.locator("#cell-mark").inner_text() == "× not evaluable"
    assert page.locator("#cell dd").last.inner_text() == "Of the arm: 2 scores ended in an error."


def test_the_map_is_walked_by_keys(page_text, opened):
    page = opened(page_text)
    now = "document.activeElement.getAttribute('href')"
    page.locator(CELLS).first.focus()
    seen = []
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "End", "Home", "n", "p", "p"):
        page.keyboard.press(key)
        seen.append(page.evaluate(now))
    assert seen == ["#c0-1", "#c1-1", "#c1-0", "#c1-1", "#c1-0", "#c2-0", "#c1-0", "#c0-1"]

    page.keyboard.press("Enter")
    assert page.locator("#cell-title").inner_text() == "early, warmth"
    page.keyboard.press("Escape")
    assert page.evaluate(now) == "#c0-1"
    page.keyboard.press("/")
    page.keyboard.type("n")
    assert page.locator("#f-arm").input_value() == "n"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()


def test_one_stop_of_the_tab_key_for_the_whole_map(page_text, opened):
    page = opened(page_text)

    stops = page.evaluate(
        "[...document.querySelectorAll('.map td a')].filter(a => !a.tabIndex).length"
    )
    assert stops == 1


def test_without_script_the_table_is_there_and_no_idle_control(page_text, opened):
    page = opened(page_text, java_script_enabled=False)

    assert page.locator(CELLS).count() == 8
    assert not page.locator(".bar").is_visible()
    page.locator("#p0 > summary").click()
    assert "-0.375" in page.locator("#c1-0").inner_text()


@pytest.mark.parametrize("width", [380, 800, 1280])
def test_no_page_is_wider_than_its_window(page_text, opened, width):
    page = opened(page_text, viewport={"width": width, "height": 800})
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_every_principle_is_open(page_text, opened):
    page = opened(page_text)
    numbers = page.locator(".principle table").first
    seen = "one => one.checkVisibility({contentVisibilityAuto: true})"

    assert not numbers.evaluate(seen)
    page.emulate_media(media="print")
    assert numbers.evaluate(seen)


def test_the_lines_of_a_trend_are_told_apart_beside_their_words(tmp_path, opened):
    """Two kinds of training make two rows of arms: a full line and a dashed one."""
    arms = ("old", "early", "late")
    folder = finished(tmp_path / "one", {**only(*arms), "other-early": GOOD["early"],
                                          "other-late": GOOD["middle"]})  # fmt: skip
    record = json.loads((folder / "record.json").read_text())
    for name, step in (("other-early", 100), ("other-late", 300)):
        record["arms_shown"][name]["factors"] = {"step": step, "kind": "other"}
    (folder / "record.json").write_text(json.dumps(record))
    page = opened(as_fleet_html(fleet([folder])))

    keys = page.locator("#trends figure").first.locator(".note .key path")
    dashes = [one.evaluate("one => getComputedStyle(one).strokeDasharray") for one in keys.all()]
    assert dashes[0] == "none" and dashes[1] != "none"


def test_dark_as_the_system_and_by_the_switch(page_text, opened):
    page = opened(page_text, color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.locator("#b-theme").click()

    assert page.evaluate(colour) != dark


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(page_text, opened, scheme):
    page = opened(page_text, color_scheme=scheme)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    faults = Axe().run(page).response["violations"]
    page.locator(CELLS).nth(2).click()
    faults += Axe().run(page).response["violations"]

    assert [
        (fault["id"], fault["nodes"][0]["html"][:200])
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ] == []


def test_hostile_names_are_text(page_text, opened):
    page = opened(page_text)
    page.locator(CELLS).nth(6).click()

    assert page.evaluate("window.ran") is None
    assert page.locator("img, iframe").count() == 0
    assert page.locator("#cell-title").inner_text().startswith("</td></table></script><script>")
    assert "⟨U+202E⟩" in page.locator("#cell-title").inner_text()


SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
hostile = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(hostile)


@pytest.mark.parametrize("text", hostile.EVERY.values(), ids=hostile.EVERY)
def test_a_fleet_withstands_hostile_texts_in_every_form(tmp_path, text):
    """As arm, principle, factor, reason and stratum; in the record also half a surrogate pair."""
    name = text[:200].replace("\ud800", "?")
    counts = {"honesty": 10, name: 20}
    one = finished(tmp_path / "one", {"old": {"honesty": 30, name: 30}, name: counts},
                   reasons={(name, "honesty", 0): name})  # fmt: skip
    record = json.loads((one / "record.json").read_text())
    record |= {"experiment": text, "warnings": [text], "record": text}
    for step, arm in enumerate(record["arms_shown"].values()):
        arm["factors"] = {"step": step, "kind": text}
    (one / "record.json").write_text(json.dumps(record))
    found = fleet([one])
    html, told = as_fleet_html(found, {0: "a/report.html"}), as_fleet_json(found)

    tags = re.findall(r"<(/?[a-zA-Z][\w-]*)([^>]*)>", html)
    assert not {tag.lower() for tag, _ in tags} & {"img", "iframe", "object", "embed", "base"}
    assert sum(tag == "script" for tag, _ in tags) == 1
    assert all(not re.search(r"\s(on\w+|srcdoc|style)\s*=", re.sub(r'"[^"]*"', '""', inner))
               for _, inner in tags)  # fmt: skip
    assert all(c in "\n\t" or c.isprintable() or ord(c) == 0xAD for c in html)
    html.encode()
    told.encode()
    assert {one["principle"] for one in json.loads(told)["cells"]} == {"honesty", name}
    assert all(c.isprintable() for line in terminal_lines(found) for c in line)


def test_the_data_and_the_page_say_the_same(tmp_path):
    found = fleet([finished(tmp_path / "one")])
    page = as_fleet_html(found)

    for number, one in enumerate(fleet_data(found)["cells"]):
        arm, principle = divmod(number, 2)
        row = re.search(rf'<tr id="c{arm}-{principle}">(.*?)</tr>', page)[1]
        assert f"<td>{one['difference']:+.3f}</td>" in row
