"""A card in each of its forms; none of them computes anything."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

from tastemaker.card.table import Card, Cell, Line
from tastemaker.card.words import elicitation, headings, interval, mark, marks, percent, reading
from tastemaker.content import folder
from tastemaker.escaping import latex, markdown, plain, spreadsheet

if TYPE_CHECKING:
    import jinja2


def as_markdown(card: Card) -> str:
    """The card as Markdown."""
    return _rendered(card, "card.md.jinja", markdown)


def as_latex(card: Card) -> str:
    r"""The card as LaTeX to be `\input`; asks for the packages booktabs and textcomp."""
    return _rendered(card, "card.tex.jinja", latex)


def as_html(card: Card) -> str:
    """The card as one page that needs nothing else."""
    return _rendered(card, "card.html.jinja", None)


def _rendered(card: Card, name: str, escape: Callable[[str], str] | None) -> str:
    environment = _environment(escape)
    text = environment.get_template(name).render(
        card=card,
        headings=headings(card),
        reading=reading(card),
        elicitation=elicitation(card),
        footnotes=[(mark(number), text) for number, text in enumerate(card.footnotes, start=1)],
    )
    return text.strip() + "\n"


def _environment(escape: Callable[[str], str] | None) -> "jinja2.Environment":
    """For HTML everything is escaped; else what comes from outside goes through the filter `e`."""
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("reports") / "templates"),
        autoescape=escape is None,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Braces and percent signs mean something to LaTeX.
        **(LATEX_SIGNS if escape is latex else {}),  # type: ignore[arg-type]
    )
    found.filters["text"] = plain if escape is None else escape
    found.filters |= {"marks": marks, "percent": percent, "interval": interval}
    return found


LATEX_SIGNS = {
    "block_start_string": "<%",
    "block_end_string": "%>",
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}

COLUMNS = (
    "row",
    "principle",
    "eval",
    "column",
    "elicitation",
    "value",
    "low",
    "high",
    "level",
    "best",
    "origin",
    "scenarios",
    "clusters",
    "seeds",
    "replies",
    "unscored",
    "format_failures",
    "source",
    "date",
    "notes",
)


def as_csv(card: Card) -> str:
    """One row a cell; values as shares in [0, 1], and no text is a formula."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for line in card.lines:
        for number, cell in enumerate(line.cells):
            facts = _facts(card, line, number, cell) | {
                "notes": " ".join(card.footnotes[note - 1] for note in cell.notes)
            }
            rows.writerow([_written(facts[name]) for name in COLUMNS])
    return out.getvalue()


def _written(value: Any) -> Any:
    return spreadsheet(plain(value)) if isinstance(value, str) else value


def as_json(card: Card) -> str:
    """One JSON object with all that the other forms show."""
    content = {
        "card": card.spec.card,
        "title": card.title,
        "elicitation": card.spec.elicitation,
        "level": card.level,
        "columns": [vars(one) for one in card.headings],
        "rows": [
            {
                "row": line.title,
                "principle": line.principle,
                "eval": line.eval,
                "notes": list(line.notes),
                "cells": [
                    _facts(card, line, number, cell) | {"notes": list(cell.notes)}
                    for number, cell in enumerate(line.cells)
                ],
            }
            for line in card.lines
        ],
        "footnotes": list(card.footnotes),
        "principles": dict(card.principles),
        "changes": list(card.changes),
        "behavior": card.spec.behavior.model_dump(mode="json"),
        "appendix": [
            {"column": one.column, "run": one.run, "settings": dict(one.settings)}
            for one in card.appendix
        ],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _facts(card: Card, line: Line, number: int, cell: Cell) -> dict[str, Any]:
    """A cell as plain data; what is not known is None."""
    heading, found, published = card.headings[number], cell.measured, cell.published
    estimate = cell.estimate
    return {
        "row": line.title,
        "principle": line.principle,
        "eval": line.eval,
        "column": heading.key,
        "elicitation": heading.elicitation,
        "value": cell.value,
        "low": _finite(cell.low),
        "high": _finite(cell.high),
        "level": card.level if found else None,
        "best": cell.best,
        "origin": "measured" if found else "published" if published else None,
        "scenarios": estimate.scenarios if estimate else None,
        "clusters": estimate.clusters if estimate else None,
        "seeds": estimate.seeds if estimate else None,
        "replies": found.replies if found else None,
        "unscored": sum(found.unscored.values()) if found else None,
        "format_failures": found.format_failures if found else None,
        "source": published.source if published else None,
        "date": published.date if published else None,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def as_model_index(card: Card) -> str:
    """The `model-index` block of a Hugging Face model card, for the card's subject.

    The keys are those of the Hub's model card metadata: results with task, dataset and metrics,
    and a source where a figure was published elsewhere.
    """
    import yaml

    results = list(_index_results(card))
    index = {"model-index": [{"name": plain(card.subject.label), "results": results}]}
    return yaml.safe_dump(index, sort_keys=False, allow_unicode=True, width=100)


def _index_results(card: Card) -> Iterator[dict[str, Any]]:
    place = card.headings.index(card.subject)
    for line in card.lines:
        cell = line.cells[place]
        if cell.value is None:
            continue
        name = plain(line.title)
        metric: dict[str, Any] = {"type": line.principle or "score", "name": name}
        metric["value"] = round(cell.value, 6)
        if cell.low is not None and _finite(cell.low) is not None and cell.high is not None:
            metric["args"] = {
                "interval": [round(cell.low, 6), round(cell.high, 6)],
                "level": card.level,
            }
        result: dict[str, Any] = {
            "task": {"type": "text-generation"},
            "dataset": _index_dataset(line, cell),
            "metrics": [metric],
        }
        # The Hub takes a source only with its address.
        if cell.published and cell.published.url:
            result["source"] = {
                "name": plain(cell.published.source),
                "url": plain(cell.published.url),
            }
        yield result


def _index_dataset(line: Line, cell: Cell) -> dict[str, str]:
    if cell.measured is None:
        return {"type": "other", "name": plain(line.title)}
    evals = cell.measured.run.record["evals"]
    name = ", ".join(cell.measured.evals)
    hashes = [str(evals[one]["dataset_hash"]) for one in cell.measured.evals if one in evals]
    dataset = {"type": plain(name), "name": plain(name)}
    return dataset | ({"revision": hashes[0]} if len(hashes) == 1 else {})


FORMS: dict[str, Callable[[Card], str]] = {
    "markdown": as_markdown,
    "latex": as_latex,
    "html": as_html,
    "csv": as_csv,
    "model-index": as_model_index,
    "json": as_json,
}
