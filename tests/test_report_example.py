"""The committed example says what its tables say, in every form."""

import importlib.util
import re
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[1] / "reports" / "example"
LONG = re.compile(r"-?\d+\.\d{9,}(?:e-?\d+)?")


@pytest.fixture(scope="module")
def rendered():
    spec = importlib.util.spec_from_file_location("render", EXAMPLE / "render.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rendered()


def steady(text):
    """Byte for byte, but for digits that another processor may round otherwise."""
    return LONG.sub(lambda found: f"{float(found[0]):.8f}", text)


@pytest.mark.parametrize(
    "name",
    [
        *(f"report.{suffix}" for suffix in ("html", "md", "json", "xml", "csv", "txt")),
        *(f"card.{suffix}" for suffix in ("md", "tex", "html", "csv", "json")),
        "fleet.html",
        "fleet.json",
        "annotations.txt",
        "forest.svg",
        "model-index.yaml",
    ],
)
def test_the_example_is_what_its_tables_give(rendered, name):
    committed = (EXAMPLE / name).read_text(encoding="utf-8")

    assert steady(rendered[name]) == steady(committed), "python reports/example/render.py"


def test_the_example_has_every_form_and_nothing_else(rendered):
    assert {path.name for path in EXAMPLE.iterdir() if path.is_file()} == {*rendered, "render.py"}
