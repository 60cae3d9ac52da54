"""Numbers with their units, and dates, as replies write them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One number in a text."""

    numbers: tuple[float, ...]
    """What the number itself may be, its scale included, before any unit."""
    readings: tuple[float, ...]
    """In the base unit of its dimension: "1.234" may be 1234 or 1.234."""
    dimension: str
    """length, mass ...; "" without a unit that is known."""
    span: Span


@dataclass(frozen=True, kw_only=True)
class Date:
    """One date in a text; a part that is not given is None."""

    year: int | None
    month: int
    day: int | None
    span: Span


# Numbers -----------------------------------------------------------------------------------------

# By dimension: what one unit is in the base unit, and how it is written.
_UNITS: dict[str, dict[float, str]] = {
    "length": {
        0.001: "mm millimeter millimetre millimeters millimetres",
        0.01: "cm centimeter centimetre centimeters centimetres zentimeter centímetros",
        1.0: "m meter metre meters metres metros mètres metri",
        1000.0: "km kilometer kilometre kilometers kilometres kilómetros quilômetros kilomètres",
        0.0254: "inch inches",
        0.3048: "ft foot feet",
        0.9144: "yd yard yards",
        1609.344: "mi mile miles",
    },
    "mass": {
        0.001: "g gram grams gramm gramos",
        1.0: "kg kilo kilos kilogram kilograms kilogramm",
        1000.0: "t tonne tonnes",
        0.45359237: "lb lbs pound pounds",
        0.028349523125: "oz ounce ounces",
    },
    "time": {
        1.0: "s sec second seconds sekunden segundos secondes",
        60.0: "min minute minutes minuten minutos",
        3600.0: "h hr hour hours stunden horas heures",
        86400.0: "day days tage días dias jours",
        604800.0: "week weeks",
    },
    "speed": {1.0: "m/s", 1 / 3.6: "km/h kph", 0.44704: "mph"},
    "volume": {
        0.001: "ml milliliter millilitre milliliters millilitres",
        1.0: "l liter litre liters litres litros",
    },
    "share": {0.01: "% percent prozent"},
    "energy": {1.0: "kcal"},
}
_KNOWN = {
    word: (dimension, factor)
    for dimension, units in _UNITS.items()
    for factor, words in units.items()
    for word in words.split()
}
_DEGREES = {
    "c": (1.0, 0.0),
    "celsius": (1.0, 0.0),
    "f": (5 / 9, -32 * 5 / 9),
    "fahrenheit": (5 / 9, -32 * 5 / 9),
    "k": (1.0, -273.15),
    "kelvin": (1.0, -273.15),
}
_SCALES = {
    1e2: "hundred",
    1e3: "thousand mil tausend mille",
    1e6: "million millions millionen millones milhões milioni",
    1e9: "billion billions milliarde milliarden milliards",
    1e12: "trillion trillions billones",
}
_SCALE = {word: factor for factor, words in _SCALES.items() for word in words.split()}
_SMALL = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split(),
        range(20),
        strict=True,
    )
) | dict(
    zip(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),
        range(20, 100, 10),
        strict=True,
    )
)

_DIGITS = re.compile(
    r"(?<![\w.,])[-−]?(?:\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
    r"(?:st|nd|rd|th)?"
)
_WORDS = re.compile(
    rf"\b(?:{'|'.join(_SMALL)})(?:(?:[\s-]+(?:and\s+)?)(?:{'|'.join([*_SMALL, 'hundred'])})\b)*\b",
    re.IGNORECASE,
)
_SCALED = re.compile(rf"[\s\u00a0-]?({'|'.join(_SCALE)})\b", re.IGNORECASE)
_DEGREE = re.compile(
    r"\s?(?:°|º|degrees?\s*|grad\s*|grados\s*)?\s?(celsius|fahrenheit|kelvin|[cfk])\b", re.I
)
_UNIT = re.compile(
    rf"[\s\u00a0-]?({'|'.join(re.escape(word) for word in sorted(_KNOWN, key=len, reverse=True))})"
    r"(?![\w/])",
    re.IGNORECASE,
)


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text in their order, in digits or in English words, with units converted.

    Base units: meter, kilogram, second, meter a second, liter, one (for %), degree Celsius.
    """
    found = [_quantity(text, m.span(), _readings(m[0])) for m in _DIGITS.finditer(text)]
    found += [_quantity(text, m.span(), (_spelled(m[0]),)) for m in _WORDS.finditer(text)]
    return sorted(found, key=lambda quantity: quantity.span)


def _quantity(text: str, span: Span, readings: tuple[float, ...]) -> Quantity:
    """The number that stands at `span`, with the scale and the unit that follow it."""
    end = span[1]
    while scale := _SCALED.match(text, end):
        readings = tuple(reading * _SCALE[scale[1].lower()] for reading in readings)
        end = scale.end()
    dimension, factor, offset = "", 1.0, 0.0
    if unit := _UNIT.match(text, end):
        dimension, factor = _KNOWN[unit[1].lower()]
        end = unit.end()
    elif (unit := _DEGREE.match(text, end)) and (len(unit[1]) > 1 or unit[1].isupper()):
        (factor, offset), dimension, end = _DEGREES[unit[1].lower()], "temperature", unit.end()
    converted = tuple(reading * factor + offset for reading in readings)
    return Quantity(numbers=readings, readings=converted, dimension=dimension, span=(span[0], end))


def _readings(digits: str) -> tuple[float, ...]:
    """What digits with separators may mean: the English reading, the continental one, or both."""
    sign = -1.0 if digits[0] in "-−" else 1.0
    plain = re.sub(r"['’ \u00a0\u202f]|[-−]|[a-z]+$", "", digits)
    last = max(plain.rfind("."), plain.rfind(","))
    if last < 0:
        return (sign * float(plain),)
    whole = re.sub(r"[.,]", "", plain[:last])
    decimal = sign * float(f"{whole}.{plain[last + 1 :]}")
    joined = sign * float(whole + plain[last + 1 :])
    several, one_kind = len(re.findall(r"[.,]", plain)) > 1, len({*plain} & {".", ","}) == 1
    if several:
        return (joined,) if one_kind else (decimal,)
    return (joined, decimal) if len(plain) - last == 4 else (decimal,)


def _spelled(words: str) -> float:
    """The value of English number words below a thousand; scales come after."""
    total = 0.0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word == "hundred":
            total = max(total, 1.0) * 100
        elif word != "and":
            total += _SMALL[word]
    return total


# Dates -------------------------------------------------------------------------------------------

_MONTHS = (
    "january jan januar jänner enero janvier janeiro gennaio",
    "february feb februar febrero février fevereiro febbraio",
    "march mar märz marzo mars março",
    "april apr abril avril aprile",
    "may mai mayo maio maggio",
    "june jun juni junio juin junho giugno",
    "july jul juli julio juillet julho luglio",
    "august aug agosto août",
    "september sept sep septiembre septembre setembro settembre",
    "october oct oktober okt octubre octobre outubro ottobre",
    "november nov noviembre novembre novembro",
    "december dec dezember dez diciembre décembre dezembro dicembre",
)
_MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_NAME = "|".join(sorted(_MONTH, key=len, reverse=True))
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th|º|er|\.)?"
_YEAR = r"(?P<year>\d{4})"
_WRITTEN = (
    rf"\b{_DAY}\s+(?:of\s+|de\s+)?(?P<name>{_NAME})\b\.?(?:,?\s+(?:del?\s+)?{_YEAR}\b)?",
    rf"\b(?P<name>{_NAME})\b\.?\s+(?:the\s+)?{_DAY}(?!\d)(?:,?\s+(?:of\s+)?{_YEAR}\b)?",
    rf"\b(?P<name>{_NAME})\b\.?,?\s+(?:of\s+|del?\s+)?{_YEAR}\b",
    rf"\b{_YEAR}[-/](?P<month>[01]?\d)[-/](?P<day>[0-3]?\d)\b",
    rf"{_YEAR}年(?P<month>[01]?\d)月(?:(?P<day>[0-3]?\d)日)?",
    rf"\b(?P<day>[0-3]?\d)[./](?P<month>[01]?\d)[./]{_YEAR}\b",
    rf"\b(?P<month>[01]?\d)/(?P<day>[0-3]?\d)/{_YEAR}\b",
)
_DATES = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _WRITTEN)


def dates(text: str) -> list[Date]:
    """The dates of a text; one that can be read in two ways (3/4/1969) is there twice."""
    found = {date for pattern in _DATES for date in _read(pattern.finditer(text))}
    return sorted(found, key=lambda date: (date.span, date.month, date.day or 0))


def _read(found: Iterable[re.Match[str]]) -> Iterator[Date]:
    for match in found:
        parts = match.groupdict()
        month = _MONTH[parts["name"].lower()] if parts.get("name") else int(parts["month"])
        day = int(parts["day"]) if parts.get("day") else None
        if 1 <= month <= 12 and (day is None or 1 <= day <= 31):
            year = int(parts["year"]) if parts.get("year") else None
            yield Date(year=year, month=month, day=day, span=match.span())
