"""Results as Markdown: the comment under a pull request."""

import re

import jinja2

from tastemaker.content import folder
from tastemaker.report.beside import (
    gain_lines,
    limit_lines,
    slice_notes,
    slice_rows,
    tension_lines,
    variance_rows,
)
from tastemaker.report.graders import ABOUT as GRADERS_ABOUT
from tastemaker.report.graders import (
    alone_rows,
    grading_lines,
    mean_lines,
    pair_lines,
    vote_rows,
)
from tastemaker.report.words import (
    RERUN_SD,
    arm_interval,
    averages_note,
    headline,
    level,
    line,
    plain,
    seed_lines,
    share,
    sizes,
    spent_lines,
    unscored_lines,
)
from tastemaker.results import Results

SPECIAL = re.compile(r"([\\`*_\[\]|~#!$])")
CALLS = re.compile(r"@|(?<=:)//|(?<=www)\.", re.IGNORECASE)
"""What makes a bare name a mention, or a bare address a link, where comments are shown."""


def as_markdown(results: Results) -> str:
    """The report; ends with one line end."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("reports") / "templates"),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = cell
    verdicts = results.decision.verdicts
    blocks = [
        {
            "candidate": candidate,
            "sizes": sizes(of_candidate),
            "lines": [line(verdict) for verdict in of_candidate],
        }
        for candidate in results.experiment.candidates
        if (of_candidate := [v for v in verdicts if v.candidate == candidate])
    ]
    text = environment.get_template("report.md.jinja").render(
        headline=headline(results),
        reasons=results.decision.reasons,
        baseline=results.experiment.baseline_name,
        blocks=blocks,
        limits=limit_lines(results),
        tensions=tension_lines(results),
        slices=slice_rows(results),
        slice_notes=slice_notes(results),
        variance=variance_rows(results),
        votes=vote_rows(results),
        votes_about=GRADERS_ABOUT,
        vote_lines=[*mean_lines(results), *pair_lines(results)],
        alone=alone_rows(results),
        averages_note=averages_note(results),
        level=level(results),
        rerun_sd=RERUN_SD,
        averages=_averages(results),
        facts=[
            *spent_lines(results),
            *grading_lines(results),
            *gain_lines(results),
            *seed_lines(results),
            *(f"Unscored, {text}" for text in unscored_lines(results)),
            *results.warnings,
        ],
        record=results.record["record"],
    )
    return text.strip() + "\n"


def _averages(results: Results) -> list[dict[str, str]]:
    rows = {}
    for verdict in results.decision.verdicts:
        for arm, estimate in (
            (results.experiment.baseline_name, verdict.paired.baseline),
            (verdict.candidate, verdict.paired.candidate),
        ):
            rows[verdict.principle, arm] = {
                "principle": verdict.principle,
                "arm": arm,
                "mean": share(estimate.mean),
                "interval": arm_interval(estimate),
                "rerun_sd": share(estimate.rerun_sd),
            }
    return list(rows.values())


def cell(text: str) -> str:
    """Text that came from outside, inert in Markdown: no markup, no HTML, one line."""
    inert = SPECIAL.sub(r"\\\1", plain(str(text)))
    inert = inert.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return CALLS.sub(lambda found: f"&#8203;{found[0]}&#8203;", inert)
