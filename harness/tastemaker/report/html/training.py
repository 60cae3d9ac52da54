"""Sections of the page on looks and on arms that were trained: retention, series, ablation."""

from collections.abc import Iterator

from tastemaker.report.beside import look_data
from tastemaker.report.choosing import moved, rated
from tastemaker.report.html.blocks import Block, Lines, Section, Table
from tastemaker.report.html.plots import course_row
from tastemaker.report.html.source import Source
from tastemaker.report.training import (
    MOST_LINES,
    SCENARIOS_ONLY,
    ablation_lines,
    rank_rows,
    retention_lines,
    series_lines,
    series_rows,
    written,
)
from tastemaker.report.words import UNKNOWN, look_lines
from tastemaker.results import Results


def looks(results: Results, source: Source) -> Section | None:
    """At which look what was decided."""
    data = look_data(results)
    if data is None:
        return None
    lines = look_lines(results)
    if data["next_is_asked_for"]:
        lines.append("The rule asks for the next look.")
    rows = [
        [candidate, principle, f"{look} of {data['planned']}"]
        for candidate, decided in data["decided"].items()
        for principle, look in decided.items()
    ]
    table = Table(
        title="Decided", columns=["candidate", "principle", "at look"], numbers={2}, rows=rows
    )
    blocks: list[Block] = [Lines(items=lines), *([table] if rows else [])]
    return Section(id="looks", title="Looks", blocks=blocks)


def retention(results: Results, source: Source) -> Section | None:
    """What each merge kept of what a feature gained."""
    if not results.retention:
        return None
    table = Table(
        title="Differences from the baseline, and the share that was kept",
        columns=["principle", "feature", "it gained", "merged", "it kept", "share kept"],
        rows=[
            [
                one.principle,
                one.merge.feature,
                moved(one.found.gain.estimate),
                one.merge.merged,
                moved(one.found.kept.estimate),
                rated(one.found.share),
            ]
            for one in results.retention[:MOST_LINES]
        ],
        note=SCENARIOS_ONLY,
    )
    lines = Lines(items=retention_lines(results))
    return Section(id="retention", title="What merges kept", blocks=[lines, table])


def series(results: Results, source: Source) -> Section | None:
    """The arms as checkpoints in a row."""
    if results.series is None:
        return None
    blocks: list[Block] = [Lines(items=series_lines(results)), *_courses(results)]
    return Section(id="series", title="The arms as a series", lead=SCENARIOS_ONLY, blocks=blocks)


def _courses(results: Results) -> Iterator[Table]:
    found, rows = results.series, series_rows(results)
    if found is None or not rows:
        return
    steps = [step for _, step in found.members]
    yield Table(
        title="From the first to the last",
        columns=["principle", "course", "first", "last", "trend", "95% CI", "Holm's p",
                 "Kendall's tau"],
        numbers={2, 3, 4, 6, 7},
        rows=[
            [row["principle"], course_row(one.means, steps), row["first"], row["last"],
             row["trend"], row["interval"], row["p"], row["tau"]]
            for row, one in zip(rows, found.courses, strict=False)
        ],
        note=f"Means of the arms over {found.by}; a gap is an arm without a score.",
    )  # fmt: skip
    if ranks := rank_rows(results):
        yield Table(
            title="Ranks, and differences drawn towards 0",
            columns=["principle", "arm", "rank", "shrunken difference"],
            numbers={2, 3},
            rows=[list(row.values()) for row in ranks],
            note="A rank interval holds every rank that paired tests of all pairs leave open. "
            "A shrunken difference is for reading many arms side by side; no verdict rests on it.",
            folded=True,
        )


def ablation(results: Results, source: Source) -> Section | None:
    """What the factors of the arms add."""
    found = results.ablation
    if found is None:
        return None
    table = Table(
        title="Effects of the factors",
        columns=["principle", "factor", "without", "with", "effect", "Holm's p", "verdict"],
        numbers={5},
        rows=[
            [
                one.principle,
                one.found.factor,
                *map(written, found.values[one.found.factor]),
                moved(one.found.effect),
                UNKNOWN if one.p_adjusted is None else f"{one.p_adjusted:.2g}",
                str(one.verdict or UNKNOWN),
            ]
            for one in found.effects[:MOST_LINES]
        ],
    )
    blocks: list[Block] = [Lines(items=ablation_lines(results))]
    return Section(
        id="ablation",
        title="What the factors add",
        blocks=[*blocks, *([table] if found.effects else [])],
    )
