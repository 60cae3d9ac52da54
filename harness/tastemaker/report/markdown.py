"""Results as Markdown: the comment under a pull request."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import jinja2

from tastemaker.content import folder
from tastemaker.escaping import markdown
from tastemaker.gate import Verdict
from tastemaker.report.beside import (
    ALIKE,
    ALL_PASS,
    alike_rows,
    all_pass_columns,
    all_pass_rows,
    gain_lines,
    limit_lines,
    slice_notes,
    slice_rows,
    taken_columns,
    taken_rows,
    tension_lines,
    variance_rows,
)
from tastemaker.report.choosing import CHOICES_NOTE, choice_blocks
from tastemaker.report.graders import ABOUT as GRADERS_ABOUT
from tastemaker.report.graders import (
    alone_rows,
    grading_lines,
    mean_lines,
    pair_lines,
    vote_rows,
)
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
    ORDER,
    RERUN_SD,
    arm_interval,
    averages_note,
    gravity,
    headline,
    level,
    line,
    look_lines,
    many,
    seed_lines,
    share,
    sizes,
    spent_lines,
    unscored_lines,
)
from tastemaker.results import Results

MOST_VISIBLE = 60
"""Lines outside of what is folded, a summary counted as one."""
MOST_GRAVE, FEWEST_GRAVE = 30, 8
"""Rows of the table of the gravest verdicts, where all would take too much room."""
MOST_REASONS, LONGEST_REASON = 5, 500
"""Of the outcome; what is longer is cut, and stands below in whole."""
MOST_CHOICES = 3
"""Choices with a fold of their own; more stand in one."""


def as_markdown(results: Results) -> str:
    """The report: the verdict first, and at most `MOST_VISIBLE` lines that are not folded.

    Whatever there is, nothing is left out: what has no room is folded, and its summary says what
    it is and how much. Ends with one line end.
    """
    write = _writer(results)
    always = _always_folded(results, write)
    sections = _sections(results, write)
    top = [_said(write.head())]
    top += _more_reasons(results, write)
    left = MOST_VISIBLE - _visible(top) - 2 * len(sections) - 2 * len(always)
    parts = [*top, *_verdicts(results, write, left)]
    for number, (title, text, size) in enumerate(sections, 1):
        later = [*always, *("" for _ in sections[number:])]
        whole = f"## {title}\n\n{text}"
        room = MOST_VISIBLE - _visible(parts) - 2 * len(later)
        fits = _visible([whole]) + 1 <= room
        parts.append(whole if fits else _said(write.folded(f"{title}: {size}", text)))
    return "\n\n".join([*parts, *always]) + "\n"


def _writer(results: Results) -> Any:
    """The macros of the template, which know the results."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("reports") / "templates"),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = markdown
    return environment.get_template("report.md.jinja").make_module(
        {
            "headline": headline(results),
            "reasons": [_shortened(text) for text in results.decision.reasons[:MOST_REASONS]],
            "baseline": results.experiment.baseline_name,
            "looks": look_lines(results),
            "preferences": preference_rows(results),
            "preference_notes": preference_notes(results),
            "preference_lines": [*preference_lines(results), *strength_lines(results)],
            "choices_note": CHOICES_NOTE,
            "retention": retention_lines(results),
            "series": series_lines(results),
            "series_rows": series_rows(results),
            "ranks": rank_rows(results),
            "scenarios_only": SCENARIOS_ONLY,
            "slices": slice_rows(results),
            "slice_notes": slice_notes(results),
            "variance": variance_rows(results),
            "all_pass_note": ALL_PASS,
            "all_pass_columns": all_pass_columns(results),
            "all_pass": all_pass_rows(results),
            "taken_columns": taken_columns(results),
            "taken": taken_rows(results),
            "alike": alike_rows(results),
            "alike_note": ALIKE,
            "votes": vote_rows(results),
            "votes_about": GRADERS_ABOUT,
            "vote_lines": [*mean_lines(results), *pair_lines(results)],
            "alone": alone_rows(results),
            "averages_note": averages_note(results),
            "level": level(results),
            "rerun_sd": RERUN_SD,
            "averages": _averages(results),
            "facts": [
                *spent_lines(results),
                *grading_lines(results),
                *gain_lines(results),
                *seed_lines(results),
                *(f"Unscored, {text}" for text in unscored_lines(results)),
                *results.warnings,
            ],
            "record": results.record["record"],
        }
    )


def _said(text: str) -> str:
    return text.strip("\n")


def _visible(parts: Iterable[str]) -> int:
    """Lines that are seen before anything is opened; parts stand a line apart."""
    depth, seen = 0, 0
    for line_of_text in "\n\n".join(parts).split("\n"):
        seen += depth == 0
        depth += line_of_text.startswith("<details>") - line_of_text.startswith("</details>")
    return seen


def _shortened(reason: str) -> str:
    if len(reason) <= LONGEST_REASON:
        return reason
    return f"{reason[:LONGEST_REASON].rpartition(', ')[0] or reason[:LONGEST_REASON]}, …"


def _more_reasons(results: Results, write: Any) -> list[str]:
    """The reasons in whole, where they are too many or too long for the top."""
    reasons = results.decision.reasons
    if len(reasons) <= MOST_REASONS and all(len(text) <= LONGEST_REASON for text in reasons):
        return []
    title = f"All of it: {many(len(reasons), 'reason')}"
    return [_said(write.folded(title, _said(write.items(reasons))))]


def _verdicts(results: Results, write: Any, room: int) -> list[str]:
    """All verdicts by candidate where there is room, else the gravest and the rest folded."""
    verdicts = results.decision.verdicts
    blocks = []
    for candidate in results.experiment.candidates:
        of_candidate = [one for one in verdicts if one.candidate == candidate]
        if of_candidate:
            told = {
                "candidate": candidate,
                "sizes": sizes(of_candidate),
                "lines": [line(one) for one in of_candidate],
            }
            blocks.append(_said(write.candidate(told)))
    if _visible(["", *blocks]) <= room:
        return blocks
    rows = max(FEWEST_GRAVE, min(MOST_GRAVE, room - 11))
    grave = sorted(verdicts, key=gravity)[:rows]
    table = write.gravest([(one.candidate, line(one)) for one in grave], _counted(verdicts))
    rest = len(verdicts) - len(grave)
    title = f"All {many(len(verdicts), 'verdict')} by candidate, and why"
    title += f": {rest} of them only here" if rest else ""
    return [_said(table), _said(write.folded(title, "\n\n".join(blocks)))]


def _counted(verdicts: Sequence[Verdict]) -> str:
    counts = Counter(str(one.kind) for one in verdicts)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ORDER if counts[kind])
    return f"{many(len(verdicts), 'verdict')}: {told}. The gravest first."


def _sections(results: Results, write: Any) -> list[tuple[str, str, str]]:
    """What is shown where there is room: its title, its text, and how much it is."""
    limits, tensions, added = limit_lines(results), tension_lines(results), ablation_lines(results)
    retained, course = retention_lines(results), series_lines(results)
    preferred = preference_notes(results)
    found = [
        ("Limits on resources", limits and write.items(limits), many(len(limits), "limit")),
        (
            "Preferences",
            preferred and write.preferred(),
            many(len(preference_rows(results)), "row"),
        ),
        (
            "Values that pull against each other",
            tensions and write.items(tensions),
            many(len(tensions), "pair"),
        ),
        ("What merges kept", retained and write.kept(), many(len(retained), "line")),
        (
            "The arms as a series",
            course and write.course(),
            many(len(series_rows(results)), "principle"),
        ),
        ("What the factors add", added and write.items(added), many(len(added), "line")),
    ]
    return [(title, _said(text), size) for title, text, size in found if text]


def _always_folded(results: Results, write: Any) -> list[str]:
    """What only who looks for it reads."""
    choices = choice_blocks(results)
    named = [
        _said(
            write.folded(
                f"Choice {markdown(one['choice'])}: what was called for, and what was chosen",
                _said(write.chosen(one)),
            )
        )
        for one in choices
    ]
    if len(named) > MOST_CHOICES:
        named = [_said(write.folded(many(len(named), "choice"), "\n\n".join(named)))]
    if slice_rows(results):
        title = "Slices: by stratum, label, split and format"
        named.append(_said(write.folded(title, _said(write.sliced()))))
    if alike_rows(results):
        named.append(_said(write.folded("How alike the replies are", _said(write.likeness()))))
    if vote_rows(results):
        alone = ", and what each alone would say" if alone_rows(results) else ""
        named.append(
            _said(write.folded(f"Graders: how far they agree{alone}", _said(write.graded())))
        )
    named.append(
        _said(
            write.folded(
                "Where the variance comes from, and pass^k over seeds", _said(write.varied())
            )
        )
    )
    title = "Averages, cost and what this rests on"
    return [*named, _said(write.folded(title, _said(write.averaged())))]


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
