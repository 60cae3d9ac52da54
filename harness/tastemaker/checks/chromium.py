"""Look at an HTML page in Chromium, shut off from everything: what it shows, and what goes wrong.

Chromium is a program of its own, spoken to over a pipe in its own protocol; so it works in threads
and inside event loops, and a page that hangs is ended with the program. One program serves a
process; each page gets a profile of its own that is thrown away. The page is handed over at an
address that does not exist; everything else it asks for is refused, downloads and dialogs too.
"""

import atexit
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

SECONDS = 20
"""For one page, from its first byte to the last look."""
START_SECONDS = 60
LARGEST = 1_000_000
"""Bytes of a page."""
WIDE = (1000, 800)
NARROW = (380, 700)
"""Pixels of the window: a desk, a small phone."""
MOST_STOPS = 60
"""Presses of the Tab key."""
MOST_WRONG = 50
MEGABYTES = 1024
"""Of memory to write in, for each process of Chromium; scripts alone have 256."""
MOST_BYTES = 64_000_000
"""That Chromium may say about one page."""
ADDRESS = "https://app.invalid/"

FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-features=Translate,MediaRouter,OptimizationHints,HttpsUpgrades",
    "--disable-webgl",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",  # the port that discards; nothing goes out past it
    "--proxy-bypass-list=<-loopback>",
    "--js-flags=--max-old-space-size=256",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--renderer-process-limit=2",
)

# The pipe is expected at 3 and 4. The numbers are put right in a process of its own: to run code
# between fork and exec is not safe where there are threads.
_LAUNCH = (
    "import os, sys; from fcntl import F_DUPFD, fcntl; "
    "from resource import RLIMIT_DATA, setrlimit; "
    f"setrlimit(RLIMIT_DATA, ({MEGABYTES * 2**20}, {MEGABYTES * 2**20})); "
    "r, w = (fcntl(int(one), F_DUPFD, 10) for one in sys.argv[1:3]); "
    "os.dup2(r, 3); os.dup2(w, 4); os.execvp(sys.argv[3], sys.argv[3:])"
)


class Lost(Exception):
    """Chromium is gone, or does not answer in time: the message says which."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen of a page."""

    wrong: tuple[str, ...] = ()
    """What went wrong, in the order in which it did: errors on the console, refused requests."""
    wide: Mapping[str, Any] = field(default_factory=dict)
    """How it looks in a wide window, as `look.js` tells it; {} where nothing could be seen."""
    narrow: Mapping[str, Any] = field(default_factory=dict)
    unreached: tuple[str, ...] = ()
    """What can be clicked and is not reached by the Tab key."""


@cache
def program() -> str:
    """The path of Chromium; "" where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for name in names if (path := shutil.which(name))), "")


def missing() -> str:
    """What is missing to look at pages, in words; "" when nothing is."""
    return "" if program() else "it looks at pages in Chromium, which is not installed here"


@lru_cache(maxsize=512)
def look(html: str, *, seconds: float = SECONDS) -> Sight:
    """What is seen of a page, and what goes wrong. Equal pages are looked at once.

    A page that takes longer than `seconds` is ended, and that is what goes wrong.

    Raises:
        Lost: Chromium cannot be started here.
    """
    if len(html.encode("utf-8", "replace")) > LARGEST:
        return Sight(wrong=(f"it is larger than {LARGEST:,} bytes",))
    with _LOCK:
        browser = _running()
        try:
            return browser.look(html, seconds)
        except Lost as error:
            browser.stop()
            return Sight(wrong=(*browser.wrong, str(error)))


_LOCK = threading.Lock()
_BROWSERS: dict[int, "Browser"] = {}
"""By process: a process that was forked off has none yet."""


def _running() -> "Browser":
    browser = _BROWSERS.get(os.getpid())
    if browser is not None and not browser.alive():
        browser.stop()
        browser = None
    if browser is None:
        browser = _BROWSERS[os.getpid()] = Browser()
    return browser


@atexit.register
def _stop() -> None:
    browser = _BROWSERS.pop(os.getpid(), None)
    if browser is not None:
        browser.stop()


class Browser:
    """One running Chromium. Not for two threads at once."""

    def __init__(self) -> None:
        """Start it.

        Raises:
            Lost: It is not there, or does not come up.
        """
        if not program():
            raise Lost(missing())
        self.folder = tempfile.TemporaryDirectory(prefix="tastemaker-", ignore_cleanup_errors=True)
        theirs_in, self.writing = os.pipe()
        self.reading, theirs_out = os.pipe()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root cannot have one
        home = self.folder.name
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", _LAUNCH, str(theirs_in), str(theirs_out)),
                *(program(), *FLAGS, *sandbox, f"--user-data-dir={home}/profile", "about:blank"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env={"PATH": os.defpath, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"},
            pass_fds=(theirs_in, theirs_out),
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        os.set_blocking(self.writing, False)
        self.buffer = b""
        self.number = 0
        self.events: dict[str, Callable[[Mapping[str, Any]], None]] = {}
        self.wrong: list[str] = []
        self.session = ""
        self._allow(START_SECONDS)
        try:
            self.call("Browser.getVersion")
        except Lost as error:
            self.stop()
            raise Lost(f"Chromium does not start here: {error}") from error

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it and all that it started, and throw its files away."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for pipe in (self.reading, self.writing):
            try:
                os.close(pipe)
            except OSError:  # stopped before
                pass
        self.reading = self.writing = -1
        self.folder.cleanup()

    # The protocol ----------------------------------------------------------------------------

    def _allow(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.limit = seconds
        self.heard = 0

    def send(self, method: str, **params: Any) -> int:
        """Ask for something without waiting for the answer."""
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": params}
        if self.session and not method.startswith(("Browser.", "Target.")):
            message["sessionId"] = self.session
        data = memoryview(json.dumps(message).encode() + b"\0")
        while data:
            _, ready, _ = select.select([], [self.writing], [], self._left())
            if not ready:
                raise self._late()
            try:
                data = data[os.write(self.writing, data[:65536]) :]
            except OSError as error:
                raise Lost("Chromium ended") from error
        return self.number

    def call(self, method: str, **params: Any) -> Mapping[str, Any]:
        """Ask for something and wait for the answer; {} where it is an error."""
        asked = self.send(method, **params)
        while True:
            message = self._next()
            if message.get("id") == asked:
                result: Mapping[str, Any] = message.get("result", {})
                return result
            self._event(message)

    def wait(self, done: Callable[[], bool]) -> None:
        """Take events until this is so."""
        while not done():
            self._event(self._next())

    def _event(self, message: Mapping[str, Any]) -> None:
        if message.get("sessionId", "") == self.session and "method" in message:
            handle = self.events.get(message["method"])
            if handle:
                handle(message["params"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reading], [], [], self._left())
            if not ready:
                raise self._late()
            more = os.read(self.reading, 1 << 20)
            if not more:
                raise Lost("Chromium ended: out of memory, or a crash")
            self.heard += len(more)
            if self.heard > MOST_BYTES:
                raise Lost("it says too much")
            self.buffer += more
        if time.monotonic() > self.until:
            raise self._late()
        one, _, self.buffer = self.buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        return message

    def _left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    def _late(self) -> Lost:
        return Lost(f"it did not come to rest within {self.limit:g} seconds")

    # A page ----------------------------------------------------------------------------------

    def look(self, html: str, seconds: float) -> Sight:
        """What is seen of a page.

        Raises:
            Lost: It does not come to rest, or takes Chromium down; then stop it.
        """
        self._allow(seconds)
        self.wrong = []
        self.session = ""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        self.call("Browser.setDownloadBehavior", behavior="deny", browserContextId=context)
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        page = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = page["sessionId"]
        try:
            return self._look(html)
        finally:
            self.session = ""
            self.events = {}
            if self.alive():
                self.call("Target.disposeBrowserContext", browserContextId=context)

    def _look(self, html: str) -> Sight:
        watch = _Watch(self, html)
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Fetch.enable", patterns=[{"urlPattern": "*"}])
        self._size(WIDE)
        self.send("Page.navigate", url=ADDRESS)
        self.wait(lambda: watch.loaded)
        self._settle()
        tree = self.call("Page.getFrameTree").get("frameTree")
        if tree is None:
            raise Lost("its frames lie too deep in each other")
        frame = tree["frame"]
        if frame["url"] != ADDRESS:
            self._say("it goes to another address")
        if watch.given > 1:
            self._say("it loads itself again")
        world = self.call("Page.createIsolatedWorld", frameId=frame["id"], worldName="look")
        within = world.get("executionContextId", 0)
        wide = self._ask(within, "look()")
        reached = self._tab(within)
        self._size(NARROW)
        self._settle()
        narrow = self._ask(within, "look()")
        return Sight(
            wrong=tuple(self.wrong), wide=wide or {}, narrow=narrow or {}, unreached=tuple(reached)
        )

    def _size(self, window: tuple[int, int]) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=window[0],
            height=window[1],
            deviceScaleFactor=1,
            mobile=False,
        )

    def _settle(self) -> None:
        """Two frames and the timers of a tenth of a second: what a page does at once is done."""
        rest = "setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(r)), 100)"
        self.call("Runtime.evaluate", expression=f"new Promise(r => {rest})", awaitPromise=True)

    def _ask(self, world: int, expression: str) -> Any:
        """What an expression is in the world of our own script; None where it fails."""
        asked = self.call(
            "Runtime.evaluate",
            expression=f"(() => {{ {_script()}\nreturn {expression}; }})()",
            contextId=world,
            returnByValue=True,
        )
        if thrown := asked.get("exceptionDetails"):
            self._say(
                f"it cannot be looked at: {_line(thrown['exception'].get('description', ''))}"
            )
        return asked.get("result", {}).get("value")

    def _tab(self, world: int) -> list[str]:
        """Press Tab through the page; the names of what was not reached."""
        count = self._ask(world, "startTabbing()") or 0
        for _ in range(min(count + 3, MOST_STOPS)):
            for kind in ("rawKeyDown", "keyUp"):
                key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
                self.call("Input.dispatchKeyEvent", type=kind, **key)
            self._ask(world, "stopped()")
        unreached = self._ask(world, "unreached()") or []
        return [str(one) for one in unreached][:MOST_WRONG]

    def _say(self, what: str) -> None:
        if len(self.wrong) < MOST_WRONG and what not in self.wrong:
            self.wrong.append(what)


class _Watch:
    """What happens on a page while it is looked at."""

    def __init__(self, browser: Browser, html: str) -> None:
        self.browser = browser
        self.body = base64.b64encode(html.encode("utf-8", "replace")).decode()
        self.loaded = False
        self.given = 0
        """How often the page itself was asked for."""
        browser.events = {
            "Page.loadEventFired": self._load,
            "Page.javascriptDialogOpening": self._dialog,
            "Runtime.exceptionThrown": self._exception,
            "Runtime.consoleAPICalled": self._console,
            "Log.entryAdded": self._entry,
            "Fetch.requestPaused": self._request,
            "Inspector.targetCrashed": self._crash,
        }

    def _load(self, event: Mapping[str, Any]) -> None:
        self.loaded = True

    def _dialog(self, event: Mapping[str, Any]) -> None:
        self.browser.send("Page.handleJavaScriptDialog", accept=event.get("type") == "beforeunload")

    def _exception(self, event: Mapping[str, Any]) -> None:
        details = event["exceptionDetails"]
        thrown = details.get("exception", {}).get("description") or details.get("text", "")
        self.browser._say(f"error: {_line(thrown)}")

    def _console(self, event: Mapping[str, Any]) -> None:
        if event["type"] in ("error", "assert"):
            said = (str(one.get("value", one.get("description", ""))) for one in event["args"])
            self.browser._say(f"console: {_line(' '.join(said))}")

    def _entry(self, event: Mapping[str, Any]) -> None:
        entry = event["entry"]
        if entry["level"] == "error" and entry.get("source") != "network":
            self.browser._say(f"console: {_line(entry['text'])}")

    def _request(self, event: Mapping[str, Any]) -> None:
        url, number = event["request"]["url"], event["requestId"]
        if url.split("#")[0] == ADDRESS and self.given < 3:
            self.given += 1
            header = {"name": "Content-Type", "value": "text/html; charset=utf-8"}
            self.browser.send(
                "Fetch.fulfillRequest",
                requestId=number,
                responseCode=200,
                responseHeaders=[header],
                body=self.body,
            )
        elif url == f"{ADDRESS}favicon.ico":
            self.browser.send("Fetch.fulfillRequest", requestId=number, responseCode=204)
        else:
            self.browser._say(f"it asks for {_line(url)}")
            self.browser.send("Fetch.failRequest", requestId=number, errorReason="AccessDenied")

    def _crash(self, event: Mapping[str, Any]) -> None:
        raise Lost("the page crashed: out of memory")


def _line(text: str) -> str:
    """The first line, cut to what shows enough."""
    return text.strip().partition("\n")[0][:160]


@cache
def _script() -> str:
    return files("tastemaker.checks").joinpath("look.js").read_text(encoding="utf-8")
