"""How a number becomes a finding, and how a passage becomes a quote."""

from tastemaker.records import Finding

LONGEST_QUOTE = 200
"""Characters; the beginning of a longer passage shows enough."""


def found(satisfied: bool, reason: str, quote: str = "") -> Finding:
    """Yes or no, why, and the passage that shows it."""
    return Finding(value=float(satisfied), reason=reason, quote=quote[:LONGEST_QUOTE])


def within(
    count: int,
    noun: str,
    *,
    min: int | None = None,
    max: int | None = None,
    exactly: int | None = None,
    quote: str = "",
) -> Finding:
    """Whether a count keeps to its limits; with no limit, whether there is one at all."""
    if (min, max, exactly) == (None, None, None):
        min = 1
    low, high = (min, max) if exactly is None else (exactly, exactly)
    satisfied = (low is None or count >= low) and (high is None or count <= high)
    return found(satisfied, f"{plural(count, noun)}, {asked(low, high)}", quote)


def plural(count: int, noun: str) -> str:
    """`1 word`, `2 words`."""
    if count == 1:
        return f"{count} {noun}"
    if noun.endswith("ry"):
        return f"{count} {noun[:-1]}ies"
    return f"{count} {noun}{'es' if noun.endswith('ch') else 's'}"


def asked(low: float | None, high: float | None) -> str:
    """What was asked for, in words: one of the two limits is given."""
    if low == high:
        return f"exactly {_told(low)}"
    if low is None:
        return f"at most {_told(high)}"
    return f"at least {_told(low)}" if high is None else f"{_told(low)} to {_told(high)}"


def _told(number: float | None) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)
