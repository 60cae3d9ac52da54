"""The language of a reply, and how hard it is to read."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import regex  # it ships no type information
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from tastemaker.checks.arguments import (
    Arguments,
    Problem,
    Share,
    SkipCode,
    either,
    listed,
    some_limit,
)
from tastemaker.checks.counting import asked, found
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

FEW_LETTERS = 8
"""Fewer are too few to tell a language by."""
LONGEST_WORD = 40
"""Letters; what is longer is no word of a language."""

_ADDRESS = re.compile(r"(?<!\S)\S*(?:://|@)\S*")
_LETTER = regex.compile(r"\p{L}")
# The e at the end of `late`, `rule`, `called`, `makes`; not that of `table`, `wanted`, `boxes`.
_SILENT = re.compile(
    r"(?:(?<=[^aeiouyl])|(?<=[aeiouy]l))e$|(?<=[^aeiouydt])e(?=d$)|(?<=[^aeiouyscxzgh])e(?=s$)"
)
_LATIN_WORD = regex.compile(r"\p{Latin}+(?:['’]\p{Latin}+)*")


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def without_addresses(text: str) -> str:
    """The text with a space for each web and mail address, which is in no language."""
    return _ADDRESS.sub(" ", text)


def likeliest(text: str, among: Collection[str]) -> str:
    """Which of these languages a text is most probably in; "" where it is too short to tell."""
    text = without_addresses(text)
    if len(_LETTER.findall(text)) < FEW_LETTERS:
        return ""
    return next(str(code) for code, _ in _identifier().rank(text) if code in among)


def _known(code: str) -> str:
    """The code, when it is one that can be recognised; a pydantic error otherwise."""
    labels = _identifier().labels
    if code not in labels:
        near = code[:2].lower() if code[:2].lower() in labels else ""
        says = "should be a language code such as en, de or zh"
        raise PydanticCustomError("language", says, {"near": near})
    return code


Language = Annotated[str, AfterValidator(_known)]
Languages = Annotated[list[Language], BeforeValidator(listed), Field(min_length=1)]


def _disjoint(arguments: Arguments) -> Problem | None:
    both = set(arguments["is"] or ()) & set(arguments["is_not"] or ())
    message = f"{', '.join(sorted(both))} cannot be asked for and ruled out"
    return Problem(argument="is_not", message=message) if both else None


@check(
    "language",
    rules=[either("is", "is_not"), _disjoint],
    example=Example(
        arguments={"is": "de"},
        met="Vielen Dank für Ihre Nachricht, ich melde mich morgen.",
        unmet="Thank you for your message, I will be in touch tomorrow.",
    ),
)
def language(
    reply: Reply,
    *,
    is_: Annotated[
        Languages | None, Field(description="the language, or any of these: ISO 639-1 codes")
    ] = None,
    is_not: Annotated[Languages | None, Field(description="none of these languages")] = None,
    min_letters: Annotated[
        int, Field(ge=1, description="a reply with fewer letters is too short to tell: unscored")
    ] = FEW_LETTERS,
    confidence: Annotated[
        Share, Field(description="how sure the recogniser must be; otherwise unscored")
    ] = 0.5,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply is in this language, mostly.

    Recognised by py3langid among 140 languages; web and mail addresses are left out. A reply too
    short or too mixed to tell is unscored, not wrong. Near relatives (`no` and `nn`, `hr` and `sr`)
    are often taken for one another: list them together.
    """
    text = without_addresses(prose(reply, skip_code))
    letters = len(_LETTER.findall(text))
    if letters < min_letters:
        return Finding(value=None, reason=f"{letters} letters are too few to tell the language")
    code, certainty = _identifier().classify(text)
    if certainty < confidence:
        return Finding(value=None, reason=f"the language is not clear: {code} at {certainty:.0%}")
    satisfied = code in (is_ or [code]) and code not in (is_not or ())
    return found(satisfied, f"the language is {code} ({certainty:.0%})")


@check(
    "readability",
    rules=[some_limit],
    example=Example(
        arguments={"formula": "flesch_kincaid_grade", "max": 8},
        met="The bill is late. Please pay it by Friday.",
        unmet=(
            "Notwithstanding previous correspondence, outstanding obligations necessitate "
            "immediate reconciliation."
        ),
    ),
)
def readability(
    reply: Reply,
    *,
    formula: Annotated[
        Literal["flesch_reading_ease", "flesch_kincaid_grade"],
        Field(description="100 is easy and 0 hard; or the school grade, where high is hard"),
    ] = "flesch_reading_ease",
    min: Annotated[float | None, Field(description="at least this score")] = None,
    max: Annotated[float | None, Field(description="at most this score")] = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply is as easy to read as asked: for English.

    Flesch (1948): 206.835 - 1.015 words per sentence - 84.6 syllables per word. Kincaid (1975):
    0.39 words per sentence + 11.8 syllables per word - 15.59. Syllables come from the hyphenation
    rules of pyphen and from groups of vowels, whichever finds more. The formulas were made for
    passages of a hundred words; for less they jump. A reply without words is unscored.
    """
    text = without_addresses(prose(reply, skip_code))
    words = [word for word in _LATIN_WORD.findall(text) if len(word) <= LONGEST_WORD]
    if not words:
        return Finding(value=None, reason="there are no words to measure")
    length = len(words) / len(sentence_spans(text))
    score = _score(formula, length, sum(map(syllables, words)) / len(words))
    satisfied = (min is None or score >= min) and (max is None or score <= max)
    return found(satisfied, f"{formula} {score:.1f}, {asked(min, max)}")


def _score(formula: str, words_per_sentence: float, syllables_per_word: float) -> float:
    if formula == "flesch_reading_ease":
        return 206.835 - 1.015 * words_per_sentence - 84.6 * syllables_per_word
    return 0.39 * words_per_sentence + 11.8 * syllables_per_word - 15.59


@lru_cache(maxsize=1)
def _hyphenation() -> Any:
    import pyphen

    return pyphen.Pyphen(lang="en_US")


@lru_cache(maxsize=50_000)
def syllables(word: str) -> int:
    """The syllables of an English word, at least 1.

    Hyphens stand only between syllables, but not between all of them (`idea`): alone they find 0.09
    syllables a word too few, which is 7 points of reading ease. Vowel groups find most of the rest.
    Together they are right for 97 of 100 words of running text, by the CMU pronouncing dictionary.
    """
    lower = word.casefold()
    return max(len(_hyphenation().positions(lower)) + 1, _vowel_groups(lower))


def _vowel_groups(word: str) -> int:
    spoken = _SILENT.sub("", re.sub(r"['’]", "", word))
    return len(re.findall(r"[aeiouy]+", spoken))
