"""Apps are opened in real Chromium, shut off from everything; they harm and hang nothing."""

import asyncio
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tastemaker.checks import chromium
from tastemaker.checks.apps import COLOURS, is_colour
from tastemaker.checks.registry import bind, checks
from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.lint import lint_rubric
from tastemaker.plan import make_plan
from tastemaker.records import Reply
from tastemaker.rubric import Rubric
from tastemaker.run import run

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title>
<style>{style}</style>{body}</html>"""


def page(body="<p>Hello there", style=""):
    return PAGE.format(body=body, style=style)


def renders(html):
    return bind("app_renders")(Reply(text=f"Here:\n\n```html\n{html}\n```"))


def looks(html, **wishes):
    return bind("app_looks", {"wishes": wishes})(Reply(text=f"```html\n{html}\n```"))


@pytest.mark.parametrize(
    "body",
    [
        "<p>Hello",
        "<p>Привет 👋🏽 <button>日本</button>",
        "<canvas id=c></canvas><script>c.getContext('2d').fillRect(0, 0, 50, 50)</script>",
        "<svg width=40 height=40><rect width=40 height=40 /></svg>",
        "<p id=p></p><script>localStorage.setItem('a', 1); p.textContent = localStorage.a</script>",
        "<p id=p></p><script>setTimeout(() => p.textContent = 'late', 50)</script>",
        "<p>a</p><script>console.warn('only a warning'); console.log('x')</script>",
        "<p>a</p><script>fetch('data:text/plain,x').then(r => r.text())</script>",
        "<link rel=icon href='data:,'><p>a</p>",
    ],
)
def test_what_works_alone_renders(body):
    assert renders(page(body)).value == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<p>a</p><script>nothing.there()</script>", "not defined"),
        ("<p>a</p><script>let x = ;</script>", "SyntaxError"),
        ("<p>a</p><script>console.error('bad luck')</script>", "bad luck"),
        ("<p>a</p><script>Promise.reject(new Error('later'))</script>", "later"),
        ("<p>a</p><script>setTimeout(() => nope(), 20)</script>", "not defined"),
        ("<p>a</p><script src='https://cdn.example.com/chart.js'></script>", "cdn.example.com"),
        ("<link rel=stylesheet href='//fonts.example.com/css?family=X'><p>a", "fonts.example.com"),
        ("<p>a</p><img src='cat.png'>", "cat.png"),
        ("<p>a</p><script>fetch('/api').catch(() => 0)</script>", "api"),
        ("<script>var x = 1</script>", "nothing is to be seen"),
        ("<div style='display:none'>hidden</div>", "nothing is to be seen"),
    ],
)
def test_an_error_a_request_and_an_empty_page_are_found(body, reason):
    found = renders(page(body))

    assert found.value == 0 and reason in found.reason, found


@pytest.mark.parametrize(
    "text", ["", "Just use a spreadsheet.", "```python\nprint(1)\n```", "\u200b"]
)
def test_without_a_page_nothing_renders(text):
    for one in (bind("app_renders"), bind("app_looks", {"wishes": {"fits": True}})):
        assert one(Reply(text=text)).value == 0


# Pages that mean harm --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "<script>while (true);</script>",
        "<p>a</p><script>addEventListener('load', () => { for (;;) alert(1) })</script>",
        "<p>a</p><script>onload = () => { while (1) document.body.append('x') }</script>",
        "<p>a</p><script>const f = () => { location.reload() }; f()</script>",
        "<script>const a = []; for (;;) a.push(new Array(1e6).fill(a.length))</script>",
        "<script>for (;;) console.log('x'.repeat(1e6))</script>",
        "<p>a</p><script>setInterval(() => { while (1); }, 30)</script>",
    ],
)
def test_a_page_that_hangs_is_ended_and_the_next_one_is_looked_at(body):
    assert chromium.look(page(body), seconds=3).wrong
    assert renders(page(f"<p>after {hash(body)}")).value == 1


@pytest.mark.slow
def test_frames_that_lie_too_deep_in_each_other_are_an_error_of_the_page():
    inner = "const i = d.createElement('iframe'); d.documentElement.append(i);"
    body = f"<script>let n = 0; const f = d => {{ {inner} n++ < 200 && f(i.contentDocument) }};"

    assert chromium.look(page(f"<p>a</p>{body} f(document)</script>"), seconds=60).wrong == (
        "its frames lie too deep in each other",
    )


def test_a_page_cannot_take_the_memory_of_the_machine():
    """What is in buffers is not in the heap of scripts, whose limit Chromium keeps by itself."""
    body = "<p>a</p><script>const a = new Uint8Array(2e9).fill(1)</script>"

    assert chromium.look(page(body)).wrong == ("error: RangeError: Array buffer allocation failed",)


@pytest.mark.parametrize(
    "body",
    [
        "<p>a</p><script>alert('hi'); confirm('sure?'); prompt('name?')</script>",
        "<p>a</p><script>onbeforeunload = () => 'stay'; window.print()</script>",
    ],
)
def test_dialogs_are_dismissed_and_are_no_error(body):
    assert renders(page(body)).value == 1


def test_another_address_is_refused_and_an_error():
    for address in ("https://example.com/", "file:///etc/hostname", "http://127.0.0.1/"):
        found = renders(page(f"<p>a</p><script>location.href = '{address}'</script>"))
        assert found.value == 0, address


def test_nothing_reaches_a_server_on_this_machine():
    """Not by a request, an image, a frame, a socket, a worker, a popup or a form."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        at = f"127.0.0.1:{server.getsockname()[1]}"
        renders(
            page(
                f"""<p>a</p><img src="http://{at}/i"><iframe src="http://{at}/f"></iframe>
                <form id=f action="http://{at}/s" target=_blank method=post></form>
                <a id=d href="http://{at}/x" download ping="http://{at}/ping">x</a>
                <script>
                const tries = [
                  () => fetch("http://{at}/a", {{mode: "no-cors"}}), () => new WebSocket("ws://{at}/w"),
                  () => navigator.sendBeacon("http://{at}/b"), () => window.open("http://{at}/p"),
                  () => new EventSource("http://{at}/e"), () => f.submit(), () => d.click(),
                  () => new Worker(URL.createObjectURL(new Blob(["fetch('http://{at}/k')"]))),
                  () => navigator.serviceWorker.register("sw.js"), () => import("http://{at}/m.js"),
                ];
                for (const one of tries)
                  try {{ Promise.resolve(one()).catch(() => 0) }} catch (e) {{}}
                </script>"""
            )
        )

        with pytest.raises(BlockingIOError):
            server.accept()


def test_files_of_this_machine_are_not_read(tmp_path):
    (tmp_path / "secret.txt").write_text("the word is sesame")
    path = (tmp_path / "secret.txt").as_uri()
    sight = chromium.look(
        page(
            f"<p>a</p><iframe src='{path}'></iframe><script>fetch('{path}').catch(() => 0)</script>"
        )
    )

    assert sight.wrong and "sesame" not in str(sight)


def test_a_download_leaves_no_file(tmp_path):
    renders(
        page("<a id=a download='own.txt' href='data:text/plain,x'>x</a><script>a.click()</script>")
    )

    assert not list(tmp_path.rglob("own.txt"))
    home = chromium._BROWSERS[os.getpid()].folder.name
    assert not [name for _, _, files in os.walk(home) for name in files if name == "own.txt"]


def test_a_page_sees_nothing_of_the_one_before():
    renders(page("<p>a</p><script>localStorage.setItem('left', 'behind')</script>"))
    sight = chromium.look(
        page("<p id=p></p><script>p.textContent = 'left: ' + localStorage.left</script>")
    )

    assert sight.wide["says"] == "left: undefined"


def test_a_page_cannot_lie_about_its_looks_by_changing_the_language():
    lie = "<script>getComputedStyle = () => ({}); Element.prototype.matches = () => true</script>"
    white = page(f"<p>a</p>{lie}", "body { background: white; color: black }")

    assert looks(white, ground="light").value == 1
    assert looks(white, has={"button": 1}).value == 0


def test_names_that_hide_those_of_the_document_are_no_way_out():
    """`<form name=body>` stands where the body should be."""
    for name in ("body", "getAnimations", "querySelectorAll", "createElement"):
        assert looks(
            page(f"<p>a</p><img name={name}><form name={name}></form>"), fits=True
        ).value in (0, 1)


def test_a_page_that_is_too_large_is_not_opened():
    assert "larger" in renders(page("<p>a</p>" + "x" * chromium.LARGEST)).reason


# Where it is asked -----------------------------------------------------------------------------


def test_equal_pages_are_looked_at_once_and_one_chromium_serves_all():
    chromium.look(page("<p>first"))
    browser, before = chromium._BROWSERS[os.getpid()], chromium.look.cache_info()
    chromium.look(page("<p>first"))
    chromium.look(page("<p>second"))
    after = chromium.look.cache_info()

    assert (after.hits - before.hits, after.misses - before.misses) == (1, 1)
    assert chromium._BROWSERS[os.getpid()] is browser


def test_it_works_inside_a_running_event_loop_and_in_threads():
    async def inside():
        return renders(page("<p>in a loop")).value

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: renders(page(f"<p>thread {n}")).value, range(4)))

    assert asyncio.run(inside()) == 1
    assert found == [1] * 4


def test_chromium_ends_when_it_is_stopped():
    browser = chromium.Browser()
    folder = browser.folder.name
    browser.stop()

    assert not browser.alive() and not os.path.exists(folder)
    browser.stop()  # twice is no error


def test_a_chromium_that_died_is_replaced():
    chromium.look(page("<p>alive"))
    chromium._BROWSERS[os.getpid()].process.kill()
    chromium._BROWSERS[os.getpid()].process.wait()

    assert renders(page("<p>and again")).value == 1


def test_without_chromium_the_reply_is_unscored_and_check_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    chromium.program.cache_clear()
    try:
        found = renders(page("<p>never looked at")) if not chromium._BROWSERS else None
        warned = lint_rubric(
            Rubric.model_validate(
                {"rubric": "x", "principles": {"p": {"criteria": {"c": {"check": "app_renders"}}}}}
            )
        )
        assert "Chromium" in checks()["app_renders"].missing()
    finally:
        chromium.program.cache_clear()

    assert found is None or found.value is None
    assert len(warned) == 1 and "not installed" in warned[0]


# How it looks ----------------------------------------------------------------------------------

GO = "<button>Go</button>"
WHITE_OVER = "<div style='position:fixed;inset:0;background:#fff'>a</div>"
MOVING = "@keyframes x { to { opacity: .5 } } p { animation: x 1s infinite }"
DARK_TEAL = """body { background: #111; color: #eee; font: 20px monospace }
button { background: teal; color: #fff; font: inherit; padding: 16px; border-radius: 9px }"""
TEXT = "<p>Some text to read.</p>"
LABELLED = """<label>x <input type=checkbox></label><label for=i>y</label><input id=i>
<input type=radio name=r><input type=radio name=r>
<button disabled style='color: #eee'>off</button><h1>a</h1>"""
LOOKS = [
    # style, body, wishes that are kept, wishes that are broken
    (
        DARK_TEAL,
        f"{TEXT}<h1>YLVA &amp; Bo</h1><input type=range>{GO}<div role=button tabindex=0>b</div>",
        dict(
            ground="dark",
            colour="teal",
            font="mono",
            font_px=20,
            contrast=4.5,
            fits=True,
            keyboard=True,
            still=True,
            has={"slider": 1, "button": 2},
            says=["Ylva", "go"],
            lacks=["obese"],
        ),
        dict(
            ground="light",
            colour="purple",
            font="sans",
            font_px=21,
            contrast=20,
            has={"slider": 2},
            says=["Nil"],
            lacks=["Ylva"],
            button_px=44,
            corners="round",
            keyboard=False,
        ),
    ),
    (
        f"{DARK_TEAL} body {{ background: #fff; color: #999 }} button {{ min-width: 44px }}",
        f"{TEXT}{GO}<div onclick='1'>b</div><b hidden>Nil</b>",
        dict(ground="light", button_px=44, corners="round", lacks=["Nil"]),
        dict(contrast=4.5, keyboard=True, has={"field": 1}, says=["Nil"]),
    ),
    (
        f"div {{ width: 900px }} button {{ border: 0 }} * {{ font-family: serif }} {MOVING}",
        f"{TEXT}<div>wide</div>{GO}<input><select><option>a</select><input type=hidden>",
        dict(ground="light", font="serif", corners="square", has={"field": 2}),
        dict(ground="dark", fits=True, still=True, button_px=44, has={"field": 3}),
    ),
    (
        "html { color-scheme: dark }",
        TEXT,
        dict(ground="dark", contrast=7),
        dict(colour="blue"),
    ),
    ("body { background: #111 }", WHITE_OVER, dict(ground="light"), dict(ground="dark")),
    (
        "body { background: linear-gradient(#111, #223); min-height: 100vh; color: #fff }",
        f"{TEXT}<svg width=9 height=9><circle r=4 fill=red /></svg>",
        dict(ground="dark", contrast=7, colour="red", keyboard=True),
        dict(ground="light", colour="green", button_px=10),
    ),
    (
        "p { color: #fff } div { background: #222 } label { cursor: pointer } h1 { color: navy }",
        f"<div><p>abc</p></div>{LABELLED}",
        dict(contrast=4.5, keyboard=True, colour="navy", has={"checkbox": 1, "radio": 2}),
        dict(colour="red"),
    ),
    (
        "p { color: #fff } div { background: #ddd }",
        "<div><p>abc</p></div><button tabindex=-1>a</button>",
        dict(lacks=["x"]),
        dict(contrast=4.5, keyboard=True),
    ),
    (
        "",
        "<p>a</p><script>onkeydown = e => e.preventDefault()</script><button>a</button>",
        dict(still=True),
        dict(keyboard=True),
    ),
]


@pytest.mark.parametrize(("style", "body", "kept", "broken"), LOOKS)
def test_each_wish_is_seen_kept_and_broken(style, body, kept, broken):
    html = page(body, style)

    told = {name: looks(html, **{name: wish}) for name, wish in kept.items()}
    assert {name: one.reason for name, one in told.items() if not one.value} == {}
    told = {name: looks(html, **{name: wish}) for name, wish in broken.items()}
    assert {name for name, one in told.items() if one.value} == set()


@pytest.mark.parametrize(("thing", "reached"), [("button", 1), ("div", 0)])
def test_more_things_than_keys_are_pressed_hide_none_that_no_key_reaches(thing, reached):
    many = page(f"<{thing} onclick='0'>a</{thing}>" * 70)

    assert looks(many, keyboard=True).value == reached


def test_all_wishes_must_be_kept_and_those_that_are_not_are_named():
    found = looks(
        page("<p>a", "body { background: #111; color: #eee }"),
        ground="dark",
        colour="teal",
        font="mono",
    )

    assert found.value == 0
    assert found.reason == "no teal is seen; 0% of the text is mono"


@pytest.mark.parametrize(
    ("rgb", "names"),
    [
        ((0, 128, 128), {"teal"}),
        ((64, 224, 208), {"teal", "turquoise"}),
        ((220, 20, 60), {"red", "pink"}),
        ((255, 165, 0), {"orange"}),
        ((255, 215, 0), {"yellow"}),
        ((20, 32, 77), {"blue", "navy"}),
        ((65, 105, 225), {"blue"}),
        ((139, 69, 19), {"brown"}),
        ((128, 0, 128), {"purple"}),
        ((255, 105, 180), {"pink"}),
        ((76, 175, 80), {"green"}),
        ((128, 128, 128), set()),
        ((255, 255, 255), set()),
        ((17, 17, 20), set()),
    ],
)
def test_a_colour_has_the_name_that_people_give_it(rgb, names):
    assert {name for name in COLOURS if is_colour(rgb, name)} == names


@pytest.mark.parametrize(
    "wishes",
    [
        {"ground": "black"},
        {"colour": "mauve"},
        {"font_px": "large"},
        {"has": {"gizmo": 1}},
        {"shape": "round"},
        {"contrast": 40},
        {},
    ],
)
def test_a_wish_that_nobody_knows_is_refused_when_the_rubric_is_read(wishes):
    with pytest.raises(ValueError, match="wishes"):
        bind("app_looks", {"wishes": wishes})


def test_it_ends_with_its_process():
    """A thread of its own may use it as well, and nothing is left when the test run ends."""
    found = []
    thread = threading.Thread(target=lambda: found.append(renders(page("<p>thread")).value))
    thread.start()
    thread.join()

    assert found == [1]


RUBRIC = "rubric: r\nprinciples: {p: {criteria: {c: {check: app_renders}}}}\n"
DATA = "dataset: d\nstrata: {s: {scenarios: [{id: one, prompt: a timer please}]}}\n"
EXPERIMENT = """
experiment: try
evals: [{rubric: ./r.yaml, dataset: ./d.yaml}]
baseline: {one: {model: acted/one}}
candidates: {two: {model: acted/two}}
"""


def test_a_run_that_could_not_be_graded_here_is_refused_before_the_first_call(
    project, actor, monkeypatch
):
    root = project({"r.yaml": RUBRIC, "d.yaml": DATA, "try.yaml": EXPERIMENT})
    plan = make_plan(load_experiment(root / "try.yaml"), seeds=1)
    monkeypatch.setenv("PATH", "")
    chromium.program.cache_clear()
    try:
        with pytest.raises(UserError, match=r"app_renders.*not installed here"):
            run(plan, root / "logs")
    finally:
        chromium.program.cache_clear()

    assert actor.asked == [] and not (root / "logs").exists()
