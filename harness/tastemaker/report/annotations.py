"""Results as GitHub's workflow commands: one annotation for each verdict that somebody must see."""

from tastemaker.escaping import plain
from tastemaker.gate import Kind, Outcome, Verdict
from tastemaker.report.beside import limit_lines
from tastemaker.report.words import headline, line
from tastemaker.results import Results


def as_annotations(results: Results) -> str:
    """Errors for what fails the gate, warnings for what may, a notice with the outcome.

    The outcome of an incomplete run is an error itself, for there is nothing else that says it.

    Nothing that stands in a text can be a command of its own: line ends and signs are escaped as
    GitHub's documentation of workflow commands asks.
    """
    outcome = "error" if results.decision.outcome is Outcome.INCOMPLETE else "notice"
    lines = [
        _command(outcome, headline(results), " ".join(map(plain, results.decision.reasons))),
        *(_annotation(verdict) for verdict in results.decision.verdicts if _matters(verdict)),
        *(_command("notice", "Limits on resources", text) for text in limit_lines(results)),
    ]
    return "\n".join(lines) + "\n"


def _matters(verdict: Verdict) -> bool:
    return not verdict.holds or verdict.kind is Kind.REGRESSED


def _annotation(verdict: Verdict) -> str:
    told = line(verdict)
    level = "error" if verdict.breaks and verdict.rule.blocking else "warning"
    text = f"{told.reason} Difference {told.difference}, {told.interval}; margin {told.margin}."
    return _command(level, f"{told.principle} ({verdict.candidate}): {told.verdict}", text)


def _command(level: str, title: str, text: str) -> str:
    title = _escaped(plain(title)).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={title}::{_escaped(plain(text))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
