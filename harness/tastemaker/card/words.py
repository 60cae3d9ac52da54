"""The words that every form of a card shares."""

from string import ascii_lowercase

from tastemaker.card.table import Card, Cell

NOTHING = "–"

ELICITATION = {
    "uniform": "All models were asked in the same way, with the same prompt and output format; "
    "where one was not, a footnote says so.",
    "per-model": "Each model was asked in the way that suits it best: prompts and output formats "
    "differ, and stand in the appendix.",
    "both": "Columns marked uniform were asked in the same way, with the same prompt and output "
    "format; columns marked per-model each in the way that suits the model best.",
}


def mark(note: int) -> str:
    """The sign of a footnote, from 1: a to z, then aa, ab and so on."""
    letters = ""
    while note > 0:
        note, rest = divmod(note - 1, 26)
        letters = ascii_lowercase[rest] + letters
    return letters


def marks(notes: tuple[int, ...]) -> str:
    """The signs of several footnotes."""
    return ", ".join(mark(note) for note in notes)


def percent(value: float | None) -> str:
    """A share in percent, to a tenth."""
    return NOTHING if value is None else f"{100 * value:.1f}"


def interval(cell: Cell) -> str:
    """The limits of a figure; "" where it has none."""
    if cell.value is None or cell.low is None or cell.high is None:
        return ""
    if cell.low != cell.low:  # NaN: one cluster
        return ""
    return f"{percent(cell.low)} to {percent(cell.high)}"


def reading(card: Card) -> str:
    """How the figures are to be read."""
    return (
        f"Figures are percentages, the mean over all seeds, each with its {card.level} over "
        "scenarios like these. Bold: better than the next best of the row, with the difference "
        "itself established on the same scenarios; where nothing is bold, that is not so."
    )


def elicitation(card: Card) -> str:
    """What is claimed of how the models were asked."""
    return ELICITATION[card.spec.elicitation]


def headings(card: Card) -> list[str]:
    """The columns' headings, with the way of asking where they differ in it."""
    both = card.spec.elicitation == "both"
    return [
        f"{one.label} ({one.elicitation})" if both and one.measured else one.label
        for one in card.headings
    ]
