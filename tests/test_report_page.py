"""The HTML report in a real browser: the committed example, and one full of hostile texts."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tastemaker.experiment import Experiment
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.report.html.page import as_html
from tastemaker.report.html.source import Source
from tastemaker.results import results
from tastemaker.tables import reply_table, scores_of_rows

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = (
    "</div></details></script><script>window.ran = 1</script>"
    '<img src="http://127.0.0.1:9/x.png" onerror="window.ran = 1"><iframe src="//evil.example">'
    '<style>body{display:none}</style><a href="javascript:window.ran=1">press</a>'
    "\x1b[31m\x00\u202eesrever\u2066 {{ 7 * 7 }} ${window.ran=1} <svg onload=window.ran=1>"
)


@pytest.fixture(scope="module")
def example():
    """The example as the tables give it now: a change of the page is tested before it is kept."""
    path = ROOT / "reports" / "example" / "render.py"
    spec = importlib.util.spec_from_file_location("render_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rendered()["report.html"]


@pytest.fixture(scope="module")
def large():
    """120 scenarios of two candidates, with one reply of a million characters and hostile texts."""
    arms, scores, replies = ("old", "new-a", "new-b"), [], []
    for arm in arms:
        for n in range(120):
            lost = {"old": False, "new-a": n % 5 == 0, "new-b": n % 7 == 0}[arm]
            text = f"{HOSTILE} {arm} says {n}" if n % 10 == 0 else f"An answer, number {n}."
            text = "x" * 1_000_000 if n == 5 else text
            labels = json.dumps({"kind": "request" if n % 2 else HOSTILE[:60]})
            common = dict(eval="email", scenario=f"<b>s{n}</b>", arm=arm, seed=1, labels=labels)
            for principle in ("honesty", "warmth"):
                scores.append(
                    ScoreRow(**common, cluster=f"c{n}", stratum=f"part {n % 3}",
                             principle=principle, value=float(not lost))
                )  # fmt: skip
            found = {"honesty.said": {"value": 1.0, "reason": HOSTILE, "quote": HOSTILE[:40]}}
            replies.append(
                ReplyRow(**common, prompt=f"{HOSTILE} {n}", reply=text, findings=json.dumps(found),
                         messages=json.dumps([{"role": HOSTILE, "text": HOSTILE, "tool_calls": [
                             {"name": HOSTILE, "arguments": {"a": HOSTILE}}]}] * 3),
                         document=HOSTILE + arm)
            )  # fmt: skip
    experiment = Experiment.model_validate(
        {"experiment": "try", "baseline": {"old": {"scores": "o.csv"}},
         "candidates": {name: {"scores": "n.csv"} for name in arms[1:]},
         "tensions": [["honesty", "warmth"]]}
    )  # fmt: skip
    record = {"record": "sha256:0", "warnings": [HOSTILE]}
    found = results(experiment, record, scores_of_rows(scores))
    table = reply_table(replies)
    return as_html(found, Source(tables={arm: (table, arm) for arm in arms}))


@pytest.fixture(scope="module")
def made():
    """What makes results of every kind."""
    spec = importlib.util.spec_from_file_location("varied", Path(__file__).with_name("varied.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def varied(made, tmp_path_factory):
    """Choices, preferences, retention, series and ablation of three candidates."""
    folder = tmp_path_factory.mktemp("varied")
    (folder / "tastemaker.toml").touch()
    return as_html(made.found(folder))


@pytest.fixture(scope="module")
def graded(made, tmp_path_factory):
    """A panel's grades and likeness; replies with tool calls and versions of a document."""
    return as_html(*made.graded(tmp_path_factory.mktemp("graded")))


def shown(page, selector=".entry"):
    """The texts of what can be seen."""
    return page.evaluate(
        "wanted => [...document.querySelectorAll(wanted)]"
        ".filter(one => one.checkVisibility()).map(one => one.textContent)",
        selector,
    )


def says(page, words):
    """Wait until the count of scenarios begins with some words, a pattern."""
    expect(page.locator(".count")).to_have_text(re.compile(f"^{words}"))


def count(page):
    return page.locator(".count").inner_text()


# Looking -----------------------------------------------------------------------------------------


def test_the_verdict_is_the_first_thing_said(example, opened):
    page = opened(example)

    assert page.title() == "FAIL: email-v11"
    assert page.locator("h1").inner_text().split() == ["▼", "Fail", "email-v11"]
    rows = page.locator(".verdict .what b").all_inner_texts()
    assert rows == ["honesty", "warmth", "brevity", "clarity"]  # by severity


@pytest.mark.slow
@pytest.mark.parametrize(
    ("html", "scheme"),
    [
        ("example", "light"),
        ("large", "dark"),
        ("varied", "light"),
        ("varied", "dark"),
        ("graded", "light"),
        ("graded", "dark"),
    ],
)
def test_no_serious_fault_of_accessibility(request, opened, html, scheme):
    """With three scenarios, of which one is open: the others are made alike, and take minutes."""
    page = opened(request.getfixturevalue(html), color_scheme=scheme)
    page.evaluate(
        "for (const one of document.querySelectorAll('.entry:nth-child(n+4)')) one.remove();"
        "for (const one of document.querySelectorAll('.fold')) one.open = true"
    )
    if html != "varied":  # scores alone: there is nothing to open
        page.locator(".whole summary").first.click()

    faults = Axe().run(page).response["violations"]
    assert [
        (fault["id"], fault["nodes"][0]["html"][:200])
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ] == []


@pytest.mark.parametrize("html", ["example", "large", "varied", "graded"])
@pytest.mark.parametrize("width", [380, 800, 1280])
def test_no_page_is_wider_than_its_window(request, opened, html, width):
    page = opened(request.getfixturevalue(html), viewport={"width": width, "height": 800})
    page.evaluate("for (const one of [...document.querySelectorAll('details')].slice(0, 40)) "
                  "one.open = true")  # fmt: skip

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_as_the_system_and_by_the_switch(example, opened):
    page = opened(example, color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.locator("#b-theme").click()
    light = page.evaluate(colour)
    page.reload()

    assert page.evaluate(colour) == light != dark
    assert page.locator("#b-theme").inner_text() == "Theme: light"
    page.locator("#b-theme").click()
    assert page.evaluate(colour) == dark


def test_without_script_all_is_there_and_no_idle_control(example, opened):
    page = opened(example, java_script_enabled=False)

    assert len(shown(page)) == 40
    assert shown(page, ".bar") == []
    page.locator(".whole summary").first.click()
    first = page.locator(".whole").first
    assert [one.is_visible() for one in first.locator(".seed").all()] == [True] * 5


def test_print_shows_every_seed_and_no_control(example, opened):
    page = opened(example)
    page.locator(".whole summary").first.click()
    page.emulate_media(media="print")

    first = page.locator(".whole").first
    assert [one.is_visible() for one in first.locator(".seed").all()] == [True] * 5
    assert shown(page, ".bar") == []


def test_on_paper_every_section_is_whole_and_of_the_scenarios_what_was_opened(example, opened):
    page = opened(example)
    page.locator(".whole summary").first.click()
    page.emulate_media(media="print")
    seen = "one => one.checkVisibility({contentVisibilityAuto: true})"

    slices = page.locator("#principles .fold table").first
    assert slices.evaluate("one => one.closest('details').open") is False
    assert slices.evaluate(seen)
    bodies = page.locator(".whole > .body")
    assert [one.evaluate(seen) for one in bodies.all()[:2]] == [True, False]


def test_on_paper_stands_what_fits_the_filter_on_whatever_page(large, opened):
    """120 scenarios of two candidates; 18 are worse with new-b, and 50 stand on a page."""
    page = opened(large)
    page.emulate_media(media="print")
    assert len(shown(page)) == 240

    page.select_option("#f-candidate", label="new-b", force=True)
    page.select_option("#f-moved", "-1", force=True)
    says(page, "18 of 240")
    page.wait_for_function("document.querySelectorAll('.entry:not(.out)').length === 18")
    assert len(shown(page)) == 18
    assert {one.strip() for one in shown(page, ".against b:first-child")} == {"new-b"}


@pytest.mark.parametrize("html", ["example", "graded"])
def test_on_a_telephone_no_row_of_numbers_needs_scrolling(request, opened, html):
    """Wide tables become blocks, each cell with the name of its column; they stay tables."""
    page = opened(request.getfixturevalue(html), viewport={"width": 380, "height": 800})
    page.evaluate("for (const one of document.querySelectorAll('.fold')) one.open = true")

    tables = page.locator(".stacked").all()
    assert len(tables) > 2
    for table in tables:
        box = table.evaluate("one => [one.scrollWidth, one.parentElement.clientWidth]")
        assert box[0] <= box[1]
    cell = page.locator(".stacked td").first
    name = cell.evaluate("one => getComputedStyle(one, '::before').content")
    assert name.startswith(f'"{cell.get_attribute("data-name")}"')
    heads = page.locator("#principles .stacked").first.get_by_role("columnheader")
    assert heads.all_inner_texts()[0].lower() == "criterion"


def test_the_edge_of_a_table_lies_in_shade_where_there_is_more_to_that_side(example, opened):
    """What stands in the table is hidden, so that nothing but its ground is seen."""
    page = opened(example, viewport={"width": 380, "height": 800})
    wide = page.get_by_role("region", name="Run", exact=True)
    fits = page.get_by_role("region", name="Scores that are missing", exact=True)
    page.evaluate(
        "document.querySelectorAll('.scroll > *').forEach(one => one.style.visibility = 'hidden')"
    )

    def edges(one):
        one.scroll_into_view_if_needed()
        box = one.bounding_box()
        part = dict(y=box["y"] + 2, width=4, height=20)
        places = (box["x"], box["x"] + box["width"] / 2, box["x"] + box["width"] - 4)
        left, middle, right = (page.screenshot(clip={"x": x, **part}) for x in places)
        return left != middle, right != middle

    assert edges(fits) == (False, False)
    assert edges(wide) == (False, True)
    wide.evaluate("one => one.scrollLeft = 100")
    assert edges(wide) == (True, True)
    wide.evaluate("one => one.scrollLeft = 10000")
    assert edges(wide) == (True, False)


# Filter ------------------------------------------------------------------------------------------


def test_filters_narrow_the_scenarios_together(example, opened):
    page = opened(example)
    assert count(page) == "40 scenarios"

    page.select_option("#f-stratum", label="apology")
    says(page, "10 of 40")
    page.select_option("#f-label", label="audience: team")
    says(page, "3 of 40")
    page.fill("#f-text", "birthday")
    says(page, "1 of 40")
    assert shown(page, ".name b") == ["forgot-birthday"]
    page.locator("button[type=reset]").click()
    says(page, "40 scenarios")


def test_a_principle_or_a_verdict_narrows_all_sections(example, opened):
    page = opened(example)
    page.select_option("#f-verdict", "IMPROVED")
    page.wait_for_selector(".verdict[data-principle=honesty]", state="hidden")
    assert len(shown(page, ".verdict")) == 2
    assert len(shown(page, "[data-verdicts]")) == 2

    page.locator("button[type=reset]").click()
    says(page, "40 scenarios")
    page.select_option("#f-principle", label="honesty")
    page.select_option("#f-moved", "-1")
    says(page, r"\d+ of 40")
    assert len(shown(page, ".verdict")) == 1
    assert all("honesty -" in chips for chips in shown(page, ".chips"))
    page.select_option("#f-verdict", "IMPROVED")
    page.wait_for_selector(".empty", state="visible")


def test_a_principle_shows_the_verdicts_of_its_choices_too(varied, opened):
    """Of each candidate: on routing, on the recall of canvas, and on no false search."""
    page = opened(varied)
    page.select_option("#f-candidate", label="tuned")
    page.select_option("#f-principle", label="routing")
    says(page, "60 of 180")  # as before: the candidate alone has left as many
    expect(page.locator(".verdict:not([hidden])")).to_have_count(3)

    assert page.locator(".verdict:not([hidden]) .what b").all_inner_texts() == [
        "routing/tool: recall of canvas",
        "routing",
        "routing/tool: no false search",
    ]
    page.select_option("#f-verdict", "UNDERPOWERED")  # the recall is, the principle is not
    expect(page.locator(".verdict:not([hidden])")).to_have_count(1)
    says(page, "60 of 180")


def test_a_matrix_is_a_table_with_heat_and_numbers(varied, opened):
    page = opened(varied)
    table = page.locator("#choices .matrix").first
    ground = "one => getComputedStyle(one).backgroundColor"

    rows = [one.split() for one in table.locator("tbody tr").all_inner_texts()]
    assert rows == [
        ["canvas", "17", "3", "0", "20"],
        ["search", "0", "17.5", "2.5", "20"],
        ["none", "2.5", "0", "17.5", "20"],
    ]
    heats = [one.evaluate(ground) for one in table.locator(".heat").all()[:3]]
    assert len(set(heats)) == 3


def test_text_is_found_in_replies_too(example, opened):
    page = opened(example)
    page.fill("#f-text", "marta from finance")
    says(page, r"\d+ of 40")

    assert 0 < len(shown(page)) < 40
    assert all("Marta from finance" in text for text in shown(page))


def test_many_scenarios_come_in_pages_and_by_candidate(large, opened):
    page = opened(large)
    assert count(page) == "240 comparisons"
    assert len(shown(page)) == 50
    assert page.locator("#p-where").inner_text() == "Page 1 of 5"
    page.locator("#p-next").click()
    assert page.locator("#p-where").inner_text() == "Page 2 of 5"

    page.select_option("#f-candidate", label="new-b")
    page.select_option("#f-moved", "-1")
    says(page, "18 of 240")
    assert shown(page, ".pages") == []


# Scenarios ---------------------------------------------------------------------------------------


def test_seeds_stand_in_tabs(example, opened):
    page = opened(example)
    entry = page.locator(".whole").first
    entry.locator("summary").first.click()
    tabs, panels = entry.get_by_role("tab"), entry.locator(".seed")
    assert [one.is_visible() for one in panels.all()] == [True] + [False] * 4

    tabs.nth(2).click()
    assert [one.is_visible() for one in panels.all()] == [False, False, True, False, False]
    page.keyboard.press("ArrowRight")
    assert panels.nth(3).is_visible()
    assert tabs.nth(3).get_attribute("aria-selected") == "true"
    assert tabs.nth(3).evaluate("one => one === document.activeElement")


def test_differences_and_quotes_are_marked_and_can_be_put_away(example, opened):
    page = opened(example)
    entry = page.locator(".whole").first
    entry.locator("summary").first.click()
    panes = entry.locator(".seed").first.locator(".reply")
    line = "one => getComputedStyle(one).textDecorationLine"

    assert panes.nth(0).locator("del").count() > 0
    assert panes.nth(1).locator("ins").count() > 0
    assert panes.nth(1).locator("mark").count() > 0
    assert panes.nth(1).locator("ins").first.evaluate(line) == "underline"
    page.locator("#b-diff").click()
    assert panes.nth(1).locator("ins").first.evaluate(line) == "none"
    assert page.locator("#b-diff").get_attribute("aria-pressed") == "false"


def test_tool_calls_and_what_became_of_a_document_stand_under_a_reply(graded, opened):
    page = opened(graded)
    entry = page.locator(".whole").first
    entry.locator("summary").first.click()
    old, new = entry.locator(".seed").first.locator(".pane").all()

    call = old.locator(".calls li").first
    assert call.locator("> b").inner_text() == "edit_document"
    assert call.locator("dt").all_inner_texts() == ["find", "replace", "all"]
    assert call.locator(".text").all_inner_texts() == [
        "ten to four", "eleven to five", "false", "Saved.",
    ]  # fmt: skip
    changed = old.locator(".version").last
    assert changed.is_visible()
    assert changed.locator("del").all_inner_texts() == ["ten to four"]
    assert changed.locator("ins").all_inner_texts() == ["eleven to five"]
    assert "it was written anew" in new.inner_text()
    assert not old.locator(".document").is_visible()
    page.keyboard.press("d")
    assert changed.locator("ins").evaluate("one => getComputedStyle(one).backgroundColor") == (
        "rgba(0, 0, 0, 0)"
    )


def test_a_link_leads_to_its_scenario_and_opens_it(example, opened):
    anchor = re.findall(r'<details class="entry whole" id="([^"]+)"', example)[-1]
    page = opened(example, f"#{anchor}")
    entry = page.locator(f"#{anchor}")

    assert entry.get_attribute("open") is not None
    top = entry.bounding_box()["y"]
    assert 0 <= top < 900
    assert entry.locator("summary").first.evaluate("one => one === document.activeElement")


def test_a_link_leads_to_another_page_and_out_of_a_filter(large, opened):
    anchor = re.findall(r'class="entry[^"]*" id="([^"]+)"', large)[180]
    page = opened(large)
    page.fill("#f-text", "no such text")
    says(page, "0 of 240")
    page.evaluate(f"location.hash = '{anchor}'")
    page.wait_for_selector(f"#{anchor}", state="visible")

    assert page.locator("#p-where").inner_text() == "Page 4 of 5"


def test_links_of_a_principle_lead_to_its_scenarios(example, opened):
    page = opened(example)
    link = page.locator("#principles .inline a").first
    name = link.inner_text()
    link.click()
    page.wait_for_selector(".entry:target[open]")

    assert page.locator(".entry:target .name b").first.inner_text() == name


# Keyboard ----------------------------------------------------------------------------------------


def test_everything_can_be_reached_and_done_by_keys(example, opened):
    page = opened(example)
    focused = "document.activeElement.id || document.activeElement.textContent.trim()"
    page.keyboard.press("/")
    assert page.evaluate(focused) == "f-text"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    first = page.locator(".entry").first
    assert first.get_attribute("open") is not None
    page.keyboard.press("]")
    assert first.locator(".seed").nth(1).is_visible()
    page.keyboard.press("[")
    assert first.locator(".seed").nth(0).is_visible()
    page.keyboard.press("d")
    assert "plainly" in page.locator("html").get_attribute("class")
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") == "light"
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_the_first_tab_skips_to_the_scenarios_and_no_control_is_left_out(example, opened):
    page = opened(example)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"

    reached = page.evaluate(
        "[...document.querySelectorAll('button, input, select, summary, a')]"
        ".filter(one => one.checkVisibility() && !one.disabled && one.tabIndex < 0).length"
    )
    assert reached == 0


def test_letters_typed_into_the_search_are_text(example, opened):
    page = opened(example)
    page.locator("#f-text").click()
    page.keyboard.type("dt?j")

    assert page.input_value("#f-text") == "dt?j"
    assert not page.locator("#help").is_visible()


# Texts from outside ------------------------------------------------------------------------------


def test_hostile_texts_neither_run_nor_load_nor_break_the_page(large, opened):
    page = opened(large)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    assert page.evaluate("window.ran") is None
    assert page.locator("img, iframe, object, [onerror], [onload]").count() == 0
    assert page.locator("script").count() == 2
    assert page.locator("h2").first.is_visible()
    said = page.locator(".whole .reply").first.text_content()
    assert "<script>window.ran = 1</script>" in said
    assert said.count("⟨U+202E⟩") == 1


def test_the_policy_of_the_page_refuses_scripts_styles_and_requests(example, opened):
    page = opened(example)
    policy = page.locator("meta[http-equiv]").get_attribute("content")

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.search(r"script-src 'sha256-[^']+'", policy)


def test_the_page_is_small_and_the_numbers_in_it_are_those_of_the_json(example, opened):
    told = json.loads((ROOT / "reports" / "example" / "report.json").read_text())
    page = opened(example)
    numbers = page.evaluate("JSON.parse(document.querySelector('#numbers').textContent)")

    assert len(example.encode()) < 2_000_000
    assert [one["difference"] for one in numbers["verdicts"]] == pytest.approx(
        [one["difference"] for one in told["verdicts"]]
    )
    cells = {
        row.get_attribute("data-principle"): row.locator(".difference").get_attribute("data-value")
        for row in page.locator(".verdict").all()
    }
    assert {name: float(value) for name, value in cells.items()} == pytest.approx(
        {one["principle"]: one["difference"] for one in told["verdicts"]}
    )
