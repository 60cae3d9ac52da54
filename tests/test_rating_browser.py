"""The rating page in a real browser: keys, two raters, a dead server, hostile replies.

What a page saved is read from the store, not from the page.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tastemaker.about import now_of
from tastemaker.marks import CONSENSUS, MARKS, Item, Mark, MarkStore
from tastemaker.rating.app import make_app
from tastemaker.rating.desk import Reopened
from tastemaker.rating.serve import open_desk
from tastemaker.record import RECORD

OLD, NEW = "prompted-baseline", "zeta-candidate"
LETTER = """Hi Dana,

could you send me the **invoice** by Friday? It is the second time I ask.

1. Reply with the PDF, or
2. tell me whom to ask.

Best,
Ana"""
# What runs in the background inherits that Ctrl-C is ignored; a server in a terminal does not.
SERVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from tastemaker.experiment import load_experiment
from tastemaker.rating.serve import serve

folder, port, *names = sys.argv[1:]
serve(load_experiment(Path("rated.yaml")), Path(folder), host="127.0.0.1", port=int(port),
      names=names, side_by_side=False)
"""


class Rater:
    """A rater at a browser of their own, who has nothing but keys."""

    def __init__(self, browser, base, token, **options):
        usual = {"viewport": {"width": 1280, "height": 800}}
        self.context = browser.new_context(**(usual | options))
        self.page = self.context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.set_default_timeout(10_000)
        self.enter(f"{base}/in/{token}")

    def enter(self, link):
        self.page.goto(link)
        self.page.wait_for_url("**/item/*")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def on(self, key="Enter"):
        """Leave the page by a key, once all is saved."""
        before = self.page.url
        self.press(key)
        self.page.wait_for_url(lambda url: url != before, wait_until="load")

    def sees(self, text):
        self.page.get_by_text(text).first.wait_for()

    def is_saved(self):
        """Until the page says that nothing is on its way."""
        self.page.wait_for_selector("body[data-unsaved='0']")


@pytest.fixture
def room(rated, serving, browser):
    """A run of replies, a store, and raters who sit down at its page."""

    class Room:
        def __init__(self):
            self.raters = []

        def replies(self, pairs, *, side_by_side=False, raters=("ana",)):
            self.plan, self.logs = rated(pairs)
            self.store = MarkStore(self.logs / MARKS)
            other = NEW if side_by_side else ""
            self.store.assign(
                [
                    Item(
                        number=n, rater=rater, eval="mail", scenario=f"s{n}", seed=1, arm=OLD,
                        other=other,
                    )
                    for rater in raters
                    for n in range(len(pairs))
                ]
            )  # fmt: skip
            desk, _ = open_desk(self.plan, self.logs, self.store, [], side_by_side)
            self.base = serving(make_app(desk, cookie="rating-test", hosts=["localhost"]))
            return self

        def settle(self, name, marks):
            """Open the page again for somebody who settles what raters differ on."""
            self.put(marks)
            one = marks[0]
            again = Reopened(
                eval=one.eval, scenario=one.scenario, seed=1, arm=OLD, questions=(one.criterion,)
            )
            desk, _ = open_desk(self.plan, self.logs, self.store, [name], False, [again])
            self.base = serving(make_app(desk, cookie="rating-again", hosts=["localhost"]))
            return self.sit(name)

        def put(self, marks):
            """Keep marks as the page would, about what it shows."""
            now = now_of(json.loads((self.logs / RECORD).read_text()), self.logs)
            self.store.put(
                replace(
                    one,
                    about=now.about((one.eval, one.scenario, one.seed, one.arm), one.criterion),
                )
                for one in marks
            )

        def sit(self, name="ana", **options):
            self.store.add_rater(name, f"token-of-{name}")
            rater = Rater(browser, self.base, f"token-of-{name}", **options)
            self.raters.append(rater)
            return rater

        def values(self, rater=None):
            marks = self.store.marks(rater)
            return {(m.scenario, m.criterion.partition("/")[2]): m.value for m in marks}

    made = Room()
    yield made
    for rater in made.raters:
        rater.context.close()
        assert rater.errors == []


# Rating by keys ----------------------------------------------------------------------------------


def test_ten_replies_are_rated_by_keyboard_alone(room):
    rater = room.replies([(LETTER, LETTER)] * 10).sit()
    for n in range(10):
        if n == 0:
            rater.press("q", "ArrowRight", "Shift+ArrowRight", "Enter")
            rater.press("n")
            rater.page.keyboard.type("Ask 1, 2 and u? Yes. ")
            rater.press("Escape")
        rater.press("1", "2" if n % 2 else "1", "0", "3")
        rater.on()

    assert "All done" in rater.page.inner_text("h1")
    answers = {"ask-first": 1.0, "invented-facts": None, "tone": 1.0}
    assert room.values() == {
        (f"s{n}", question): value
        for n in range(10)
        for question, value in (answers | {"deadline": float(n % 2 == 0)}).items()
    }
    first = room.store.marks(scenario="s0", criterion="clarity/ask-first")[0]
    assert first.quote == ("could you send me the invoice by Friday? It is the second time I ask.")
    assert first.note == "Ask 1, 2 and u? Yes. "


def test_ten_pairs_are_rated_side_by_side_by_keyboard_alone(room):
    rater = room.replies([(f"One {n}", f"Two {n}") for n in range(10)], side_by_side=True).sit()
    for n in range(10):
        assert rater.page.inner_text(".replies").index(f"One {n}") < rater.page.inner_text(
            ".replies"
        ).index(f"Two {n}")
        rater.press(*("1", "2", "3", "0"))
        rater.on()

    said = Counter((p.principle, p.preference, p.first) for p in room.store.pairs())
    expected = [("", "a"), ("clarity", "b"), ("honesty", "tie"), ("brevity", None)]
    assert said == {(principle, choice, OLD): 10 for principle, choice in expected}


def test_two_raters_at_once_do_not_meet(room):
    room.replies([("A", "B")] * 3, raters=("ana", "ben"))
    ana, ben = room.sit("ana"), room.sit("ben")
    for _ in range(3):
        ana.press("1", "1", "1", "1")
        ben.press("2", "2", "2", "2")
        ana.on()
        ben.on()

    assert {mark.value for mark in room.store.marks("ana")} == {1.0, 0.0}
    assert room.values("ana")["s2", "ask-first"] == 1.0
    assert room.values("ben")["s2", "ask-first"] == 0.0
    assert len(room.store.marks()) == 24


def test_each_answer_is_saved_before_the_page_is_left_and_a_reload_shows_it(room):
    rater = room.replies([(LETTER, "B")] * 2).sit()
    rater.press("2", "1", "k", "n")
    rater.page.keyboard.type("late")
    rater.press("Escape")
    rater.is_saved()
    rater.page.reload()

    assert rater.page.locator("input[type=radio]:checked").evaluate_all(
        "all => all.map(one => one.value)"
    ) == [
        *("UNMET", "MET"),
    ]
    assert rater.page.input_value("#noted-2") == "late"
    assert room.values() == {("s0", "ask-first"): 0.0, ("s0", "deadline"): 1.0}


def test_keys_do_nothing_but_type_while_a_note_is_written(room):
    rater = room.replies([("A", "B")] * 2).sit()
    url = rater.page.url
    rater.press("1", "k", "n")
    rater.page.keyboard.type("1 2 0 jk budtx? ")
    rater.press("Enter")
    rater.page.keyboard.type("end")
    rater.press("Escape")
    rater.is_saved()
    rater.page.reload()

    assert rater.page.url == url
    assert rater.page.input_value("#noted-1") == "1 2 0 jk budtx? \nend"
    assert room.values() == {("s0", "ask-first"): 1.0}


def test_single_keys_can_be_turned_off(room):
    rater = room.replies([("A", "B")]).sit()
    rater.press("?")
    rater.page.locator("#keys-on").press("Space")
    rater.press("Escape", "1", "2", "Enter")
    rater.page.reload()
    rater.press("1")

    assert room.values() == {}
    rater.page.get_by_role("radio", name="Met", exact=True).first.check()
    rater.is_saved()
    assert room.values() == {("s0", "ask-first"): 1.0}


def test_undo_brings_back_what_was_there_also_on_the_page_before(room):
    rater = room.replies([("A", "B")] * 2).sit()
    first = rater.page.url
    rater.press("1", "1", "1", "2")
    rater.on()
    rater.on("u")
    assert rater.page.url == first
    assert room.values() == {
        ("s0", name): 1.0 for name in ("ask-first", "deadline", "invented-facts")
    }

    rater.press("k", "k", "k", "k", "2")
    rater.is_saved()
    rater.press("u")
    rater.sees("Undone.")
    assert room.values()["s0", "ask-first"] == 1.0


def test_a_passage_selected_with_the_mouse_becomes_the_quote(room):
    rater = room.replies([(LETTER, "B")]).sit()
    rater.page.locator(".prose strong").dblclick()
    rater.press("q", "1")
    rater.is_saved()

    assert [mark.quote for mark in room.store.marks()] == ["invoice"]
    rater.press("k", "k", "x")
    rater.page.wait_for_function("document.querySelector('.quoted').hidden")
    rater.is_saved()
    rater.page.reload()
    assert [(mark.quote, mark.value) for mark in room.store.marks()] == [("", 1.0)]


def test_a_note_before_the_answer_is_kept_over_a_reload_and_saved_with_it(room):
    rater = room.replies([("A", "B")]).sit()
    rater.press("n")
    rater.page.keyboard.type("not sure")
    rater.press("Escape")
    rater.sees("Kept here until you answer")
    rater.page.reload()
    assert room.store.marks() == []

    rater.press("1")
    rater.is_saved()
    assert [(mark.value, mark.note) for mark in room.store.marks()] == [(1.0, "not sure")]


def test_an_open_question_is_mentioned_once_before_the_page_is_left(room):
    rater = room.replies([("A", "B")] * 2).sit()
    rater.press("1", "Enter")
    rater.sees("3 questions are open. Again to go on.")
    rater.on()
    rater.press(*"1111")
    rater.on()

    assert rater.page.inner_text("h1") == "Reply 1 of 2"  # what was left open comes back


# When saving fails -------------------------------------------------------------------------------


def test_the_page_says_when_saving_failed_stays_and_saves_on_demand(room):
    rater = room.replies([("A", "B")] * 2).sit()
    url = rater.page.url
    rater.context.set_offline(True)
    rater.press("1", "2")
    rater.sees(
        "2 answers are not saved. The server does not answer. They are kept in this browser."
    )
    rater.press("Enter")
    rater.sees("Not everything is saved yet.")
    assert rater.page.url == url
    assert room.store.marks() == []

    rater.context.set_offline(False)
    rater.press("r")
    rater.sees("Everything is saved.")
    assert rater.page.locator("#failure").is_hidden()
    assert room.values() == {("s0", "ask-first"): 1.0, ("s0", "deadline"): 0.0}


def serving_process(logs, port, *names):
    """A server in a process of its own, once it has said where it is."""
    command = [sys.executable, "-c", SERVER, str(logs), str(port), *names]
    folder = logs.parents[1]
    source = str(Path(__file__).resolve().parents[1] / "harness")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": source},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip().partition("\t")[2]


def end(process, how=signal.SIGINT):
    process.send_signal(how)
    process.communicate(timeout=20)


@pytest.mark.slow
def test_killing_the_server_loses_nothing_that_was_answered(rated, browser):
    _, logs = rated([("A", "B")] * 3)
    store = MarkStore(logs / MARKS)
    store.assign(
        [
            Item(number=n, rater="ana", eval="mail", scenario=f"s{n}", seed=1, arm=OLD)
            for n in range(3)
        ]
    )
    process, link = serving_process(logs, 0, "ana")
    base, _, token = link.partition("/in/")
    port = int(base.rpartition(":")[2])
    rater = Rater(browser, base, token)
    rater.press(*"1111")
    rater.on()
    rater.press("2")
    rater.is_saved()
    end(process, signal.SIGKILL)
    assert len(store.marks()) == 5

    rater.press("1", "n")
    rater.page.keyboard.type("typed while it was dead")
    rater.press("Escape")
    rater.sees("1 answer is not saved.")
    process, same = serving_process(logs, port)
    assert same == link
    rater.press("r")
    rater.sees("Everything is saved.")
    assert len(store.marks()) == 6

    rater.press("1")
    rater.is_saved()
    end(process, signal.SIGKILL)
    rater.press("3")
    rater.sees("1 answer is not saved.")
    process, link = serving_process(logs, port, "ana")
    rater.page.once("dialog", lambda dialog: dialog.accept())
    rater.enter(link)
    rater.sees("Saved")
    rater.is_saved()
    values = {(m.scenario, m.criterion): (m.value, m.note) for m in store.marks()}
    assert len(values) == 8
    assert values["s1", "honesty/tone"] == (1.0, "")
    rater.on()
    assert rater.page.inner_text("h1") == "Reply 3 of 3"
    rater.context.close()
    end(process)
    assert process.returncode in (-signal.SIGINT, 130, 1)


# Getting in --------------------------------------------------------------------------------------


def test_the_link_works_from_a_page_of_another_site(room, browser):
    """A mail program in the browser is another site: its request carries no strict cookie."""
    room.replies([("A", "B")])
    room.store.add_rater("ana", "secret")
    context = browser.new_context()
    page = context.new_page()
    elsewhere = room.base.replace("127.0.0.1", "localhost")
    page.goto(f"{elsewhere}/")
    page.evaluate(
        "link => { const a = document.createElement('a'); a.href = link; a.textContent = 'go';"
        " document.body.append(a) }",
        f"{room.base}/in/secret",
    )
    page.get_by_text("go", exact=True).click()
    page.wait_for_url("**/item/*")

    assert page.inner_text("h1") == "Reply 1 of 1"
    assert "secret" not in page.url
    assert page.evaluate("document.cookie") == ""
    page.go_back()
    assert "/in/" not in page.url
    context.close()


# Hostile replies ---------------------------------------------------------------------------------

HOSTILE = """Look:

<script>window.hit = 1</script>
<script src="http://tracker.example/x.js"></script>
<img src="http://tracker.example/1.png" onerror="window.hit = 1">
<svg onload="window.hit = 1"></svg>
<iframe src="http://tracker.example/"></iframe>
<iframe srcdoc="<script>parent.hit = 1</script>"></iframe>
<a href="javascript:window.hit = 1">first</a>
<body onpageshow="window.hit = 1"><details open ontoggle="window.hit = 1">
<meta http-equiv="refresh" content="0;url=http://tracker.example/">
<link rel="stylesheet" href="http://tracker.example/x.css">
<form action="http://tracker.example/"><button data-do="next">Next</button></form>

![pixel](http://tracker.example/2.png) [second](javascript:window.hit=1)
[third](http://tracker.example/link) <http://tracker.example/auto>
[fourth](data:text/html,<script>window.hit=1</script>)

`</code><img src=x onerror=window.hit=1>`

</div></section></main><h1>Reply 9 of 9</h1>
"""


@pytest.mark.parametrize("side_by_side", [False, True])
def test_a_hostile_reply_neither_runs_nor_loads_anything(room, browser, side_by_side):
    room.replies([(HOSTILE, HOSTILE)], side_by_side=side_by_side)
    room.store.add_rater("ana", "secret")
    context = browser.new_context()
    page = context.new_page()
    asked, dialogs, refused = [], [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: refused.append(message.text))
    page.goto(f"{room.base}/in/secret")
    page.wait_for_url("**/item/*")
    for word in ("first", "second", "third", "fourth"):
        page.get_by_text(word).first.click()
    page.keyboard.press("t")
    page.wait_for_load_state("networkidle")

    assert page.evaluate("window.hit") is None
    assert dialogs == []
    assert [url for url in asked if not url.startswith((room.base, "data:image/svg+xml"))] == []
    # Nothing even reached the policy: there was no element that could have asked.
    assert [text for text in refused if "Content Security Policy" in text] == []
    assert page.locator("main :is(script, img, svg, iframe, a, form, object, link)").count() == 0
    assert page.locator("h1").count() == 1
    assert page.locator("[data-do=next]").count() == 1
    assert len(context.pages) == 1
    context.close()


def test_the_policy_stops_a_script_that_would_get_through_all_the_same(room):
    rater = room.replies([("A", "B")]).sit()
    rater.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        " document.body.append(s); const d = document.createElement('div');"
        " d.innerHTML = '<img src=x onerror=\"window.hit = 1\">'; document.body.append(d) }"
    )
    rater.page.wait_for_load_state("networkidle")

    assert rater.page.evaluate("window.hit") is None


# For everybody -----------------------------------------------------------------------------------

WIDE = f"""{"unbroken" * 40}

| {" | ".join("a column" for _ in range(40))} |
|{"---|" * 40}
| {" | ".join("1234567890" for _ in range(40))} |

```
{"code " * 60}
```

<https://example.com/{"a" * 300}>
"""


@pytest.mark.parametrize("side_by_side", [False, True])
@pytest.mark.parametrize("width", [380, 320])
def test_a_narrow_screen_needs_no_sideways_scroll(room, side_by_side, width):
    room.replies([(WIDE, WIDE)], side_by_side=side_by_side)
    rater = room.sit(viewport={"width": width, "height": 700})
    rater.press("e", "n")
    for key in ("Escape", "t"):
        assert rater.page.evaluate("document.documentElement.scrollWidth") == width
        boxes = rater.page.evaluate(
            "[...document.querySelectorAll('main *, header *, footer *')]"
            ".filter(one => one.checkVisibility() && !one.closest('.hidden, table'))"
            ".map(one => one.getBoundingClientRect().right)"
        )
        assert max(boxes) <= width
        rater.press(key)


def test_what_frames_the_page_stays_at_its_edges(room):
    """Of a short reply the footer is at the bottom; what is not saved is told below the header."""
    room.replies([("Short.", "B")], side_by_side=True)
    rater = room.sit(viewport={"width": 1280, "height": 1600})
    edge = "one => one.getBoundingClientRect()"
    footer = rater.page.locator("footer").evaluate(edge)
    assert (footer["bottom"], footer["left"], footer["right"]) == (1600, 0, 1280)
    rater.context.set_offline(True)
    rater.press("1")
    rater.sees("1 answer is not saved.")
    rater.page.set_viewport_size({"width": 1280, "height": 400})
    rater.page.evaluate("window.scrollTo(0, 300)")

    header = rater.page.locator("header").evaluate(edge)
    assert rater.page.locator("#failure").evaluate(edge)["top"] == header["bottom"]
    rater.context.set_offline(False)
    rater.press("r")
    rater.sees("Everything is saved.")


def test_the_list_of_keys_opens_at_its_top_on_a_small_screen(room):
    room.replies([("A", "B")])
    rater = room.sit(viewport={"width": 380, "height": 500})
    rater.press("?")
    rater.page.wait_for_selector("dialog[open]")

    assert rater.page.evaluate("document.querySelector('dialog').scrollTop") == 0
    assert rater.page.get_by_role("heading", name="Keys").evaluate(
        "one => one === document.activeElement"
    )


def test_a_reply_that_is_not_formatted_can_be_read_quoted_and_rated(room):
    huge = "Look.\n\n" + f"|{'a|' * 50}\n|{'-|' * 50}\n" + f"|{'1|' * 50}\n" * 200
    rater = room.replies([(huge, "B")]).sit()
    rater.sees("Too large to be formatted")
    rater.press("q", "Enter", "1")
    rater.is_saved()

    assert [mark.quote for mark in room.store.marks()] == ["Look."]
    assert rater.page.locator("td").count() == 0
    rater.press("t")
    assert rater.page.locator("pre.raw").inner_text().startswith("Look.")


def test_touch_targets_are_large_enough_for_fingers(room):
    room.replies([("A", "B")])
    rater = room.sit(viewport={"width": 380, "height": 700}, has_touch=True, is_mobile=True)
    heights = rater.page.evaluate(
        "[...document.querySelectorAll('button, .option')].filter(one => one.checkVisibility())"
        ".map(one => one.getBoundingClientRect().height)"
    )

    assert min(heights) >= 44
    rater.page.get_by_label("Not met").first.tap()
    rater.is_saved()
    assert room.values() == {("s0", "ask-first"): 0.0}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("side_by_side", [False, True])
def test_axe_finds_no_serious_fault(room, side_by_side, scheme):
    room.replies([(LETTER + "\n\n# Head\n\n| a |\n|---|\n| 1 |", "B")], side_by_side=side_by_side)
    rater = room.sit(color_scheme=scheme)
    rater.press("1", "n")
    rater.page.keyboard.type("a note")
    rater.press("Escape", "k", "e", "n", "Escape")
    rater.is_saved()
    found = faults(rater.page)
    rater.press("?")
    found += faults(rater.page)
    rater.press("Escape")
    rater.page.set_viewport_size({"width": 380, "height": 700})
    found += faults(rater.page)
    rater.context.set_offline(True)
    rater.press("2")
    rater.sees("1 answer is not saved.")
    found += faults(rater.page)

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_on_the_other_pages(room, browser, scheme):
    room.replies([("A", "B")])
    rater = room.sit(color_scheme=scheme)
    rater.press(*"1111")
    rater.on()
    found = faults(rater.page)
    rater.page.goto(f"{room.base}/in/nobody")
    found += faults(rater.page)

    assert found == []


def test_what_raters_differ_on_is_settled_by_keys_on_a_page_without_serious_faults(room):
    room.replies([(LETTER, "B")])
    marks = [
        Mark(eval="mail", scenario="s0", seed=1, arm=OLD, criterion="honesty/tone", rater=rater,
             value=value, note="a note", quote="invoice")
        for rater, value in (("ana", 0.0), ("ben", 1.0))
    ]  # fmt: skip
    rater = room.settle("cleo", marks)
    found = faults(rater.page)
    rater.page.set_viewport_size({"width": 380, "height": 700})
    found += faults(rater.page)
    assert found == []
    assert rater.page.evaluate("document.documentElement.scrollWidth") == 380

    rater.press("2")
    rater.on()
    assert "All done" in rater.page.inner_text("h1")
    assert {mark.rater: mark.value for mark in room.store.marks()} == {
        "ana": 0.0, "ben": 1.0, CONSENSUS: 0.5,
    }  # fmt: skip


def faults(page):
    """What axe calls serious or critical, and where."""
    results = Axe().run(page).response["violations"]
    return [
        (fault["id"], node["target"], node.get("failureSummary"))
        for fault in results
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def test_questions_are_named_groups_and_changes_are_announced(room):
    rater = room.replies([("A", "B")]).sit()
    group = rater.page.get_by_role("group", name="Does it name a date or a time")

    assert group.get_by_role("radio").count() == 3
    assert rater.page.get_by_role("radio", name="Not met").count() == 3
    assert rater.page.get_by_role("status").count() == 1
    rater.press("1")
    assert group.get_attribute("aria-current") == "true"
    assert group.evaluate("one => one === document.activeElement")


def test_light_or_dark_is_the_systems_until_it_is_chosen(room):
    rater = room.replies([("A", "B")] * 2).sit(color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = rater.page.evaluate(paper)
    rater.press("d")
    light = rater.page.evaluate(paper)
    rater.page.reload()

    assert dark != light
    assert rater.page.evaluate(paper) == light
    rater.press("d")
    assert rater.page.evaluate(paper) == dark


def test_the_progress_and_the_pace_are_shown(room):
    rater = room.replies([("A", "B")] * 10).sit()
    made = [datetime(2026, 1, 2, 12, 0, 25 * n, tzinfo=UTC) for n in (0, 1, 2)]
    made.append(datetime(2026, 1, 2, 12, 1, 15, tzinfo=UTC))
    for n, at in enumerate(made):
        for question in ("clarity/ask-first", "clarity/deadline", "honesty/invented-facts",
                         "honesty/tone"):  # fmt: skip
            mark_at(room, n, question, at)
    rater.page.reload()

    assert rater.page.inner_text(".told") == "4 of 10 done, about 25 s each, 2 min left"


def mark_at(room, n, question, at):
    room.put(
        [
            Mark(
                eval="mail", scenario=f"s{n}", seed=1, arm=OLD, criterion=question, rater="ana",
                value=1.0, made=at.isoformat(),
            )
        ]
    )  # fmt: skip
