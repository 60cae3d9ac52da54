"""Every form of the example's report and card, from the record and the tables in `source/logs`.

    python reports/example/render.py

A test holds what is committed against what this gives.
"""

import json
from io import StringIO
from pathlib import Path

from tastemaker.card.forms import FORMS
from tastemaker.card.table import make_card
from tastemaker.card_spec import load_card
from tastemaker.experiment import load_experiment
from tastemaker.record import RECORD
from tastemaker.report.data import as_json
from tastemaker.report.forest import as_svg
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
        **{name: FORMS[form](card) for name, form in CARDS.items()},
    }


if __name__ == "__main__":
    for name, text in rendered().items():
        (HERE / name).write_text(text, encoding="utf-8")
