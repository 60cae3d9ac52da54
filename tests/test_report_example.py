"""The committed example says what its tables say, in every form."""

import csv
import importlib.util
import json
import re
from io import StringIO
from pathlib import Path

import pytest
import yaml

from tastemaker.experiment import load_experiment
from tastemaker.record import RECORD
from tastemaker.report.data import as_data
from tastemaker.results import results
from tastemaker.tables import read_scores

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


# One set of numbers ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gate():
    """What `gate --json` prints of the two experiments, by name."""

    def told(name, folder):
        logs = EXAMPLE / "source" / folder
        record = json.loads((logs / RECORD).read_text(encoding="utf-8"))
        experiment = load_experiment(EXAMPLE / "source" / name)
        return as_data(results(experiment, record, read_scores(logs)))

    return {"email": told("email.yaml", "logs"), "steps": told("checkpoints.yaml", "checkpoints")}


@pytest.fixture(scope="module")
def means(gate):
    """(mean, low, high) of each arm and principle, as the gate tells them."""
    return {
        (arm, verdict["principle"]): (told["mean"], told["low"], told["high"])
        for verdict in gate["email"]["verdicts"]
        for arm, told in (("v10", verdict["baseline"]), ("v11", verdict["candidate_score"]))
    }


def test_the_card_says_the_means_of_the_gate(rendered, means):
    """In CSV and JSON whole, in the Hub's index to six digits, elsewhere in percent to a tenth."""
    measured = {
        (row["column"], row["principle"]): tuple(
            float(row[key]) for key in ("value", "low", "high")
        )
        for row in csv.DictReader(StringIO(rendered["card.csv"]))
        if row["origin"] == "measured"
    }
    listed = {
        (cell["column"], cell["principle"]): (cell["value"], cell["low"], cell["high"])
        for row in json.loads(rendered["card.json"])["rows"]
        for cell in row["cells"]
        if cell["origin"] == "measured"
    }
    index = yaml.safe_load(rendered["model-index.yaml"])["model-index"][0]["results"]

    assert measured == listed == means
    for result in index:
        (metric,) = result["metrics"]
        if ("v11", metric["type"]) in means:
            mean, low, high = means["v11", metric["type"]]
            assert metric["value"] == round(mean, 6)
            assert metric["args"]["interval"] == [round(low, 6), round(high, 6)]
    assert {m["type"] for r in index for m in r["metrics"]} >= {name for _, name in means}


@pytest.mark.parametrize("name", ["card.md", "card.html", "card.tex"])
def test_every_form_of_the_card_has_these_means_in_their_rows(rendered, means, name):
    text = rendered[name].replace(r"\_", "_")
    starts = {"card.md": r"\| {}[ <]", "card.html": '<th scope="row">{}<', "card.tex": r"(?m)^{}"}

    for principle in {key for _, key in means}:
        row = re.split(starts[name].format(principle.title()), text, maxsplit=1)[1]
        row = re.split(r"\n\||</tr>|\[2pt\]", row)[0]
        shown = [row.index(f"{100 * n:.1f}") for arm in ("v10", "v11")
                 for n in means[arm, principle][:1]]  # fmt: skip
        assert shown == sorted(shown)
        for arm in ("v10", "v11"):
            _, low, high = means[arm, principle]
            assert f"{100 * low:.1f} to {100 * high:.1f}" in row


def test_the_fleet_says_the_differences_of_the_gate(rendered, gate):
    """Marks are joint and not the gate's; differences, intervals and means are the same."""
    told = json.loads(rendered["fleet.json"])
    cells = {(one["arm"], one["principle"]): one for one in told["cells"]}
    means = {(one["arm"], one["principle"]): one["mean"] for one in told["standings"]}

    assert len(gate["steps"]["verdicts"]) == len(cells) == 20
    for one in gate["steps"]["verdicts"]:
        key = one["candidate"], one["principle"]
        for name in ("difference", "low", "high"):
            assert cells[key][name] == pytest.approx(one[name], abs=1e-12)
        assert cells[key]["scenarios"] == one["scenarios"]
        assert means[key] == pytest.approx(one["candidate_score"]["mean"], abs=1e-12)
        row = f"<td>{one['difference']:+.3f}</td><td>{one['low']:+.3f} to {one['high']:+.3f}</td>"
        assert row in rendered["fleet.html"]
