"""Every form of the example's report, card and fleet, from the records and tables in `source/`.

    python reports/example/render.py

A test holds what is committed against what this gives.
"""

import contextlib
import json
from io import StringIO
from pathlib import Path

from tastemaker.card.forms import FORMS
from tastemaker.card.table import make_card
from tastemaker.card_spec import load_card
from tastemaker.experiment import load_experiment
from tastemaker.fleet import fleet
from tastemaker.record import RECORD
from tastemaker.report.annotations import as_annotations
from tastemaker.report.data import as_json
from tastemaker.report.fleet import as_fleet_json
from tastemaker.report.forest import as_svg
from tastemaker.report.html.fleet import as_fleet_html
from tastemaker.report.html.page import as_html
from tastemaker.report.html.source import read_source
from tastemaker.report.junit import as_junit
from tastemaker.report.markdown import as_markdown
from tastemaker.report.spreadsheet import as_csv
from tastemaker.report.terminal import PlainConsole, print_report
from tastemaker.results import results
from tastemaker.tables import read_scores

HERE = Path(__file__).resolve().parent
LOGS = HERE / "source" / "logs"


CARDS = {
    "card.md": "markdown",
    "card.tex": "latex",
    "card.html": "html",
    "card.csv": "csv",
    "card.json": "json",
    "model-index.yaml": "model-index",
}
"""The form of each file of the card."""


def rendered() -> dict[str, str]:
    """The text of each file, by its name."""
    experiment = load_experiment(HERE / "source" / "email.yaml")
    record = json.loads((LOGS / RECORD).read_text(encoding="utf-8"))
    found = results(experiment, record, read_scores(LOGS))
    terminal = StringIO()
    print_report(found, PlainConsole(file=terminal, width=80, emoji=False, highlight=False))
    card = make_card(load_card(HERE / "source" / "card.yaml"))
    return {
        "report.html": as_html(found, read_source({arm: (LOGS, arm) for arm in experiment.arms})),
        "report.md": as_markdown(found),
        "report.json": as_json(found),
        "report.xml": as_junit(found),
        "report.csv": as_csv(found),
        "report.txt": terminal.getvalue(),
        "forest.svg": as_svg(found),
        "annotations.txt": as_annotations(found),
        **_fleet(),
        **{name: FORMS[form](card) for name, form in CARDS.items()},
    }


def _fleet() -> dict[str, str]:
    # From beside it, so that the page names the folder and not where this checkout lies.
    with contextlib.chdir(HERE / "source"):
        found = fleet([Path("checkpoints")])
        return {"fleet.html": as_fleet_html(found), "fleet.json": as_fleet_json(found)}


if __name__ == "__main__":
    for name, text in rendered().items():
        (HERE / name).write_text(text, encoding="utf-8")
