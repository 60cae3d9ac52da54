"""What most tests need: a project of their own, and a model that only pretends."""

import gc
import importlib.util
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

Said = str | Exception | dict[str, Any]
"""What a pretended model says: text, an error to raise, or keyword arguments of its output."""


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspect's caches and traces, and whatever a command writes, stay inside the test's folder."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "INSPECT_CACHE_DIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("INSPECT_EVAL_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Make a project folder out of file names and their texts."""

    def make(files: dict[str, str]) -> Path:
        (tmp_path / "tastemaker.toml").touch()
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return make


class Actor:
    """The pretended models of one test: what each says, and what each was asked."""

    def __init__(self) -> None:
        self.scripts: dict[str, Callable[[Any, Any], Said]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        """(model, the conversation as text, settings) of each call, in order."""

    def says(self, model: str, script: Callable[[Any, Any], Said] | str) -> None:
        """Let a model answer with a text, or with what a function of (messages, config) gives."""
        self.scripts[model] = script if callable(script) else lambda messages, config: script

    def calls(self, model: str) -> int:
        """How often a model was called."""
        return sum(name == model for name, _, _ in self.asked)


@pytest.fixture
def actor() -> Iterator[Actor]:
    """Models named `acted/...` that say what the test wants; usage is given, so no tokenizer."""
    from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, modelapi

    stage = Actor()

    @modelapi(name="acted")
    class Acted(ModelAPI):  # type: ignore[misc]
        async def generate(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
            text = "\n".join(f"[{message.role}] {message.text}" for message in input)
            stage.asked.append((self.model_name, text, config))
            said = stage.scripts[self.model_name](input, config)
            if isinstance(said, Exception):
                raise said
            options = {"content": said} if isinstance(said, str) else said
            output = ModelOutput.from_content(self.model_name, **options)
            output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
            return output

    yield stage


@pytest.fixture
def wire() -> Iterator[Any]:
    """A server on loopback that speaks OpenAI and Anthropic; see `servers.py` beside this file.

    `wire.script` is a function of what was asked; `wire.module` has the classes it needs.
    """
    spec = importlib.util.spec_from_file_location("servers", Path(__file__).with_name("servers.py"))
    assert spec is not None and spec.loader is not None
    servers = importlib.util.module_from_spec(spec)
    sys.modules["servers"] = servers
    spec.loader.exec_module(servers)
    gc.freeze()  # what stood before the test is not looked through again
    with servers.Server() as server:
        server.module = servers
        yield server
        gc.collect()  # what clients left open is found here, and not in the next test
    gc.unfreeze()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; a test that needs it fails where it is not there."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "the tests of pages need Chromium: `make outside` installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Open a page from a file; nothing may be asked for or go wrong until the test ends."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(html: str, fragment: str = "", **options: Any) -> Any:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        address = path.as_uri()
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda one: wrong.append(f"console: {one.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        context.on(
            "request",
            lambda asked: (
                asked.url.split("#")[0] in (address, "data:,")
                or wrong.append(f"request: {asked.url}")
            ),
        )
        page.goto(address + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


ALONE = """
import os, signal, sys
from pathlib import Path

import anyio
from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, modelapi

from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.run import run

at, by = map(int, sys.argv[1:])
# What runs in the background inherits that Ctrl-C is ignored; a run that somebody sits at does not.
signal.signal(signal.SIGINT, signal.default_int_handler)

@modelapi(name="slow")
class Slow(ModelAPI):
    async def generate(self, input, tools, tool_choice, config):
        with open("calls.txt", "a+") as calls:
            calls.write("called\\n")
            calls.seek(0)
            if len(calls.readlines()) == at:
                os.kill(os.getpid(), by)
        await anyio.sleep(0.01)  # so that others are on their way
        output = ModelOutput.from_content("slow", "Thanks.")
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

try:
    run(make_plan(load_experiment(Path("try.yaml"))), Path("logs"))
except KeyboardInterrupt:
    sys.exit("stopped")
"""


@pytest.fixture
def run_alone() -> Callable[..., tuple[int, int]]:
    """Run `try.yaml`, whose models are `slow/...`, in a process of its own: (calls made, kept).

    `at` is the call from the beginning at which it gets the signal `by`.
    """

    def run(folder: Path, at: int = 0, by: int = 0) -> tuple[int, int]:
        command = [sys.executable, "-c", ALONE, str(at), str(by)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        ended = {0: 0, signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 1}
        assert done.returncode == ended[by], done.stderr
        made = (folder / "calls.txt").read_text().count("\n")
        return made, (folder / "logs" / "journal.jsonl").read_bytes().count(b"\n")

    return run


RATED_RUBRIC = """
rubric: letters
principles:
  clarity:
    text: The reader knows within ten seconds what is asked of them, and by when.
    criteria:
      ask-first:
        ask: Does the email state its main point in its first two sentences?
        note: A greeting does not count as a sentence.
        met: ["Hi Ana, could you send me the Q3 numbers by Friday?"]
        unmet: ["Hi Ana, I hope this finds you well. As you may recall ..."]
      deadline: {ask: Does it name a date or a time by which something should happen?}
  honesty:
    criteria:
      invented-facts:
        ask: Does the email assert a name, date or number that the request does not supply?
        weight: -3
      tone: {ask: How warm is it?, levels: {cold: 0, fair: 0.5, warm: 1}}
  brevity: {criteria: {short: {check: words, with: {max: 120}}}}
"""
RATED = """
experiment: email-v11
evals: [{rubric: ./letters.yaml, dataset: ./mail.yaml}]
seeds: 1
baseline: {prompted-baseline: {model: acted/old}}
candidates: {zeta-candidate: {model: acted/new}}
"""


@pytest.fixture
def rated(project: Callable[[dict[str, str]], Path]) -> Callable[..., tuple[Any, Path]]:
    """Make a run to be rated out of replies: (experiment, folder of its logs).

    Each pair of texts is what the two arms replied to a scenario s0, s1, ... in seed 1. The judged
    criteria are ask-first, deadline, invented-facts (yes or no) and tone (three levels).
    """

    def make(pairs: Sequence[tuple[str, str]]) -> tuple[Any, Path]:
        from tastemaker.experiment import load_experiment
        from tastemaker.record import RECORD, frozen
        from tastemaker.records import ReplyRow, ScoreRow
        from tastemaker.rubric import load_rubric
        from tastemaker.scenario import load_dataset, select
        from tastemaker.tables import reply_table, score_table, write_tables

        prompts = [f"Ask Dana for invoice {n}, and keep it friendly." for n in range(len(pairs))]
        listed = "".join(f"      - {{id: s{n}, prompt: '{p}'}}\n" for n, p in enumerate(prompts))
        files = {"letters.yaml": RATED_RUBRIC, "rated.yaml": RATED}
        files["mail.yaml"] = f"dataset: mail\nstrata:\n  all:\n    scenarios:\n{listed}"
        folder = project(files)
        logs = folder / "logs" / "email-v11"
        logs.mkdir(parents=True)
        plan = load_experiment(folder / "rated.yaml")
        rubric, data = load_rubric(folder / "letters.yaml"), load_dataset(folder / "mail.yaml")
        hashes = {
            "rubric_hash": rubric.fingerprint,
            "dataset_hash": select(data, "dev").fingerprint,
        }
        record = {"record": "sha256:test", **frozen(plan), "limit": None, "evals": {"mail": hashes}}
        (logs / RECORD).write_text(json.dumps(record))
        rows = [
            ReplyRow(
                eval="mail",
                scenario=f"s{n}",
                arm=arm,
                seed=1,
                prompt=prompts[n],
                messages=json.dumps(
                    [
                        {"role": "user", "text": prompts[n], "tool_calls": []},
                        {"role": "assistant", "text": text, "tool_calls": []},
                    ]
                ),
                reply=text,
            )
            for n, pair in enumerate(pairs)
            for arm, text in zip(plan.arms, pair, strict=True)
        ]
        scores: list[ScoreRow] = []
        write_tables(logs, score_table(scores), reply_table(rows))
        return plan, logs

    return make


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """Serve an ASGI application on a loopback port, from a thread: gives its address."""
    import uvicorn

    running: list[tuple[Any, threading.Thread]] = []

    def start(app: Any, port: int = 0) -> str:
        listening = socket.create_server(("127.0.0.1", port))
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser come last: its driver holds the event loop of the thread from then on.

    A test after them that starts a loop of its own, as every run does, would be refused.
    """
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
