"""What most tests need: a project of their own, and a model that only pretends."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
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
    with servers.Server() as server:
        server.module = servers
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The Chromium of the machine, as Playwright drives it; a test fails where there is none."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is not installed: `make browser` installs it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser come last: its driver holds the event loop of the thread from then on.

    A test after them that starts a loop of its own, as every run does, would be refused.
    """
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
