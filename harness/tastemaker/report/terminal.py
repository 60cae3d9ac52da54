"""Results on the terminal: readable at 80 columns, and without colour."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tastemaker.escaping import plain
from tastemaker.gate import Verdict
from tastemaker.report.beside import (
    gain_lines,
    limit_lines,
    slice_notes,
    slice_rows,
    tension_lines,
)
from tastemaker.report.choosing import CHOICES_NOTE, choice_blocks
from tastemaker.report.graders import grading_lines, print_panel
from tastemaker.report.preferences import (
    order_lines,
    preference_lines,
    preference_notes,
    preference_rows,
    strength_lines,
)
from tastemaker.report.training import (
    SCENARIOS_ONLY,
    ablation_lines,
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
    look_lines,
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
    _print_preferences(results, console)
    for heading, lines in (("Limits", limit_lines), ("Tensions", tension_lines)):
        if told_lines := lines(results):
            console.print(f"\n[bold]{heading}[/bold]")
            for text in told_lines:
                console.print(f"  {escape(text)}")
    _print_choices(results, console)
    _print_training(results, console)
    if slices:
        console.print()
        for text in slice_notes(results):
            console.print(text)
        console.print(_slice_table(results))
    print_panel(results, console, level(results))
    console.print()
    for text in look_lines(results):
        console.print(text)
    console.print(averages_note(results))
    console.print(_average_table(results))
    spent = (*spent_lines(results), *grading_lines(results), *gain_lines(results))
    for text in (*spent, *seed_lines(results)):
        console.print(f"  {escape(text)}")
    for text in unscored_lines(results):
        console.print(f"  [yellow]Unscored[/yellow], {escape(text)}")
    for text in results.warnings:
        console.print(f"  [yellow]Warning:[/yellow] {escape(plain(text))}")
    console.print()
    console.print(f"[bold]{escape(headline(results))}[/bold]")
    for reason in results.decision.reasons:
        console.print(f"  {escape(plain(reason))}")


def _print_choices(results: Results, console: Console) -> None:
    """Each choice: its rates by class, then what they come to."""
    blocks = choice_blocks(results)
    for block in blocks:
        console.print(f"\n[bold]Choice {escape(block['choice'])}[/bold]")
        table = _plain_table(
            ("arm", "class"), ("called\nfor", "chosen", "recall", "false triggers")
        )
        for row in block["rows"]:
            table.add_row(*(escape(text) for text in list(row.values())[:6]))
        console.print(table)
        for text in block["lines"]:
            console.print(f"  {escape(text)}")
    if blocks:
        console.print(CHOICES_NOTE)


def _print_training(results: Results, console: Console) -> None:
    """Retention, series and ablation, where the experiment asks for them."""
    sections = (
        ("What merges kept", retention_lines(results)),
        ("The arms as a series", series_lines(results)),
        ("What the factors add", ablation_lines(results)),
    )
    for heading, lines in sections:
        if lines:
            console.print(f"\n[bold]{heading}[/bold]")
        for text in lines:
            console.print(f"  {escape(text)}")
        if heading == "The arms as a series" and (rows := series_rows(results)):
            columns = ("first", "last", "trend", "95% CI", "Holm's p", "tau")
            table = _plain_table(("principle",), columns)
            for row in rows:
                table.add_row(*(escape(text) for text in row.values()))
            console.print(table)
    if sections[0][1] or sections[1][1]:
        console.print(SCENARIOS_ONLY)


def _plain_table(names: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    """Columns of names, which are folded, and of numbers, which are not."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _print_preferences(results: Results, console: Console) -> None:
    notes = preference_notes(results)
    if not notes:
        return
    console.print("\n[bold]Preferences[/bold]")
    for text in notes:
        console.print(text, markup=False)
    if rows := preference_rows(results):
        console.print(_preference_table(results, rows))
    lines = (*order_lines(results), *preference_lines(results), *strength_lines(results))
    for text in lines:
        console.print(f"  {escape(text)}")


def _preference_table(results: Results, rows: list[dict[str, str]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("candidate", "question"):
        table.add_column(name, overflow="fold")
    # Numbers keep to their line; where there is no room, it is the names that are folded.
    table.add_column("preferred", justify="right", no_wrap=True)
    table.add_column(level(results), no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("won/tied/lost", no_wrap=True)
    for row in rows:
        table.add_row(
            escape(row["candidate"]),
            escape(row["question"]),
            row["preferred"],
            row["interval"],
            row["p"],
            row["answers"].replace(" ", ""),
        )
    return table


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
        if not verdict.scores:
            continue
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
