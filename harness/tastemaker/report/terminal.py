"""Results on the terminal: readable at 80 columns, and without colour."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tastemaker.gate import Verdict
from tastemaker.report.beside import (
    limit_lines,
    slice_notes,
    slice_rows,
    tension_lines,
)
from tastemaker.report.graders import grading_lines, print_panel
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

STYLES = {"▼": "bold red", "▲": "green", "●": "green", "○": "yellow", "×": "yellow"}


VERDICT = len("× NOT_EVALUABLE,")
"""Columns of the longest verdict with its mark; what stands beside it goes to the next line."""
NUMBER = len("0.500")
ARM = 9
"""Columns for the name of an arm, which is folded, never a number under it."""


class PlainConsole(Console):
    """A console that leaves it to the command what a reader who has gone means."""

    def on_broken_pipe(self) -> None:
        """Rich would exit with 1, which is what a failed gate says."""
        raise BrokenPipeError


def print_report(results: Results, console: Console, *, slices: bool = False) -> None:
    """The verdicts of each candidate, what they rest on, and the outcome last."""
    baseline = results.experiment.baseline_name
    for candidate in results.experiment.candidates:
        verdicts = [v for v in results.decision.verdicts if v.candidate == candidate]
        if not verdicts:
            continue
        console.print()
        title = f"[bold]{escape(candidate)}[/bold] against {escape(baseline)}"
        console.print(f"{title} (baseline): {sizes(verdicts)}")
        console.print(_verdict_table(verdicts, baseline, candidate, level(results)))
        for verdict in verdicts:
            told = line(verdict)
            text = " ".join([told.reason, *told.beside])
            console.print(f"  [bold]{escape(told.principle)}[/bold]: {escape(text)}")
    for heading, lines in (("Limits", limit_lines), ("Tensions", tension_lines)):
        if told_lines := lines(results):
            console.print(f"\n[bold]{heading}[/bold]")
            for text in told_lines:
                console.print(f"  {escape(text)}")
    if slices:
        console.print()
        for text in slice_notes(results):
            console.print(text)
        console.print(_slice_table(results))
    print_panel(results, console, level(results))
    console.print()
    console.print(averages_note(results))
    console.print(_average_table(results))
    for text in (*spent_lines(results), *grading_lines(results), *seed_lines(results)):
        console.print(f"  {escape(text)}")
    for text in unscored_lines(results):
        console.print(f"  [yellow]Unscored[/yellow], {escape(text)}")
    for text in results.warnings:
        console.print(f"  [yellow]Warning:[/yellow] {escape(plain(text))}")
    console.print()
    console.print(f"[bold]{escape(headline(results))}[/bold]")
    for reason in results.decision.reasons:
        console.print(f"  {escape(plain(reason))}")


def _verdict_table(verdicts: list[Verdict], baseline: str, candidate: str, interval: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("principle", overflow="fold")
    # Columns of a fixed width: only the names of principles make room for the others.
    table.add_column("verdict", width=VERDICT)
    for arm in (baseline, candidate):
        width = max(NUMBER, min(ARM, len(arm)))
        table.add_column(escape(arm), justify="right", width=width, overflow="fold")
    table.add_column("diff.", justify="right", no_wrap=True)
    table.add_column(interval, no_wrap=True)
    superior = any(verdict.rule.superior for verdict in verdicts)
    table.add_column("margin", justify="right", width=len("superior" if superior else "margin"))
    for verdict in verdicts:
        told = line(verdict)
        style = STYLES[told.mark]
        table.add_row(
            escape(told.principle),
            f"[{style}]{told.mark} {told.verdict}[/{style}]",
            told.baseline,
            told.candidate,
            told.difference,
            told.interval,
            told.margin,
        )
    return table


def _slice_table(results: Results) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("candidate", "principle", "slice"):
        table.add_column(name, overflow="fold")
    table.add_column("diff.", justify="right", no_wrap=True)
    table.add_column(level(results), no_wrap=True)
    table.add_column("scenarios in clusters", justify="right", max_width=12)
    for row in slice_rows(results):
        table.add_row(*(escape(text) for text in row.values()))
    return table


def _average_table(results: Results) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("principle", "arm"):
        table.add_column(name, overflow="fold")
    for name in ("mean", level(results), RERUN_SD):
        table.add_column(name, justify="right", no_wrap=True)
    shown: set[tuple[str, str]] = set()
    for verdict in results.decision.verdicts:
        for arm, estimate in (
            (results.experiment.baseline_name, verdict.paired.baseline),
            (verdict.candidate, verdict.paired.candidate),
        ):
            if (verdict.principle, arm) in shown:
                continue
            shown.add((verdict.principle, arm))
            table.add_row(
                escape(plain(verdict.principle)),
                escape(arm),
                share(estimate.mean),
                arm_interval(estimate),
                share(estimate.rerun_sd),
            )
    return table
