"""Results as Markdown: the comment under a pull request."""

import jinja2

from tastemaker.content import folder
from tastemaker.escaping import markdown
from tastemaker.report.beside import (
    ALIKE,
    alike_rows,
    gain_lines,
    limit_lines,
    slice_notes,
    slice_rows,
    tension_lines,
    variance_rows,
)
from tastemaker.report.choosing import CHOICES_NOTE, choice_blocks
from tastemaker.report.preferences import (
    preference_lines,
    preference_notes,
    preference_rows,
    strength_lines,
)
from tastemaker.report.training import (
    SCENARIOS_ONLY,
    ablation_lines,
    rank_rows,
    retention_lines,
    series_lines,
    series_rows,
)
from tastemaker.report.words import (
    RERUN_SD,
    arm_interval,
    averages_note,
    headline,
    level,
    line,
    seed_lines,
    share,
    sizes,
    spent_lines,
    unscored_lines,
)
from tastemaker.results import Results


def as_markdown(results: Results) -> str:
    """The report; ends with one line end."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("reports") / "templates"),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = markdown
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
        preferences=preference_rows(results),
        preference_notes=preference_notes(results),
        preference_lines=[*preference_lines(results), *strength_lines(results)],
        limits=limit_lines(results),
        tensions=tension_lines(results),
        choices=choice_blocks(results),
        choices_note=CHOICES_NOTE,
        retention=retention_lines(results),
        series=series_lines(results),
        series_rows=series_rows(results),
        ranks=rank_rows(results),
        ablation=ablation_lines(results),
        scenarios_only=SCENARIOS_ONLY,
        slices=slice_rows(results),
        slice_notes=slice_notes(results),
        alike=alike_rows(results),
        alike_note=ALIKE,
        variance=variance_rows(results),
        averages_note=averages_note(results),
        level=level(results),
        rerun_sd=RERUN_SD,
        averages=_averages(results),
        facts=[
            *spent_lines(results),
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
        if not verdict.scores:
            continue
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
