"""How long a reply is: words, characters, sentences."""

import re
from collections.abc import Iterator

import regex  # it ships no type information

from tastemaker.checks.arguments import Exactly, Max, Min, SkipCode, some_limit
from tastemaker.checks.counting import found, within
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check, is_blank
from tastemaker.records import Finding, Reply

Span = tuple[int, int]

# Chinese and Japanese write no spaces: each character counts as a word, as in word processors.
# Thai, Lao, Khmer and Burmese write none either, and a run of theirs counts as one.
_EACH = r"[\p{Han}\p{Hiragana}\p{Katakana}ー]"
_TOKEN = regex.compile(rf"{_EACH}|(?:(?!--|{_EACH})[^\s—―…])+")
_UNSPACED = regex.compile(_EACH)
_OTHERWISE = ("--", "\x1c", "\x1d", "\x1e", "\x1f")
"""What parts words and is no white space, or is white space to `str.split` and parts none."""
_UNSEEN_SPACE = dict.fromkeys(map(ord, _OTHERWISE[1:]), "\x1a")
_LETTER = regex.compile(r"[\p{L}\p{N}]")
_LIST_NUMBER = re.compile(r"^[ \t>]*\d{1,3}[.)](?=\s)", re.MULTILINE)
# Lines that may have one are found much faster than what is not on any line.
_NUMBERED = re.compile(r"\n[ \t>]*\d")
_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})[^\n`]*$", re.MULTILINE)

_STARTS_BLOCK = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)]|>|#{1,6})\s|\s*\|")
_ONE_LINE = re.compile(r"\s*#{1,6}\s|\s*\|")
# Possessive, and only from the first mark on: a long row of dots is read once.
_END = regex.compile(
    r"""(?<![.!?…؟।])(?P<mark>[.!?…؟।]++)["'”’»)\]*_]*+(?=\s|$)"""
    r"""|(?P<mark>[。！？]++)["'”’」』）)*_]*+"""
)
# English ones, and some of other languages that are no words of English.
_TITLES = frozenset(
    "mr mrs ms dr prof st rev gen sen vs e.g i.e cf fig approx"
    " z.b d.h u.a bzw vgl bspw hr sr sra srta dra mme mlle".split()
)
_ABBREVIATIONS = frozenset(
    "etc inc ltd co corp jr a.m p.m u.s u.k dept est no usw ca ej ex".split()
)
_NUMBERS = frozenset("no nr ca".split())
_LETTERS = regex.compile(r"\p{Ll}|\p{L}{1,2}\.")
_DAY_OF_WEEK = regex.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|tue|wed|thu|fri|sat|sun)\b", regex.I
)
_MONTH = regex.compile(
    r"(?:januar|jänner|februar|märz|april|mai|juni|juli|august|(?:septem|okto|novem|dezem)ber)\b",
    regex.I,
)


def word_spans(text: str) -> list[Span]:
    """Where the words stand: what spaces and long dashes separate, with a letter or digit in it."""
    text = _without_markers(text)
    return [match.span() for match in _TOKEN.finditer(text) if _LETTER.search(match[0])]


def word_spaced(text: str) -> str:
    """The text with white space between the words that `word_spans` finds, and around all else.

    Split at it, the pieces that `is_word` are these words, but for four control characters that
    only some take for white space. Many times as fast where white space and dashes part words.
    """
    otherwise = any(mark in text for mark in _OTHERWISE)
    if otherwise or (not text.isascii() and _UNSPACED.search(text)):
        words = (text[start:end] for start, end in word_spans(text))
        return " ".join(words).translate(_UNSEEN_SPACE)
    spaced = _without_markers(text)
    for mark in "—―…":
        spaced = spaced.replace(mark, " ")
    return spaced


def is_word(piece: str) -> bool:
    """Whether it has a letter or a digit."""
    return _LETTER.search(piece) is not None


def _without_markers(text: str) -> str:
    """With spaces for the numbers of lists and the fences of code, which are no words."""
    if _NUMBERED.search(f"\n{text}"):
        text = _LIST_NUMBER.sub(_blank, text)
    return _FENCE.sub(_blank, text) if "```" in text or "~~~" in text else text


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def sentence_spans(text: str) -> list[Span]:
    """Where the sentences stand, without the spaces around them.

    One ends at . ! ? … 。 and the like, and at the end of a paragraph, list item or heading. A
    comma ends none, so that a greeting runs on into what follows it. Titles and abbreviations
    (`Dr.`, `e.g.`), initials and numbers are not ends.
    """
    pieces = ((start, text[start:end]) for start, end in _pieces(text))
    return [
        (start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
        for start, piece in pieces
        if _LETTER.search(piece)
    ]


def _pieces(text: str) -> Iterator[Span]:
    for first, last in _block_spans(text):
        start = first
        number = _LIST_NUMBER.match(text, first)
        for match in _END.finditer(text, number.end() if number else first, last):
            if _is_end(text, match.start(), match["mark"], match.end()):
                yield start, match.end()
                start = match.end()
        yield start, last


def _block_spans(text: str) -> Iterator[Span]:
    """Paragraphs, list items, headings and rows of tables."""
    start = position = 0
    runs_on = False
    for line in text.splitlines(keepends=True):
        end = position + len(line)
        blank = not line.strip()
        if (blank and not runs_on) or _STARTS_BLOCK.match(line):
            yield start, position
            start = position
        if _ONE_LINE.match(line):
            yield start, end
            start = end
        position = end
        runs_on = runs_on if blank else line.rstrip().endswith(",")
    yield start, len(text)


def _is_end(text: str, position: int, mark: str, after: int) -> bool:
    """Whether a full stop at a position ends a sentence; other marks always do."""
    if mark.strip(".…"):
        return True
    following = text[after : after + 40].lstrip()
    if mark != ".":
        return not following[:1].islower()
    word = re.split(r"[\s(\[\"“']", text[max(0, position - 20) : position])[-1]
    return not (following and _runs_on(word, following))


def _runs_on(word: str, following: str) -> bool:
    """Whether a word with a full stop goes on: `Dr. Ames`, `z. B. so`, `am 3. Mai`, `No. 5`."""
    plain = word.casefold()
    if plain in _TITLES or (len(word) == 1 and word.isupper() and word != "I"):
        return True
    if len(word) == 1 and word.islower():
        return _LETTERS.match(following) is not None
    if plain in ("a.m", "p.m") and _DAY_OF_WEEK.match(following):
        return True
    if len(word) < 3 and word.isdecimal():
        return _MONTH.match(following) is not None
    if plain in _NUMBERS and following[0].isdecimal():
        return True
    return plain in _ABBREVIATIONS and following[0].islower()


@check(
    "words",
    rules=[some_limit],
    needs_text=False,
    example=Example(
        arguments={"max": 6},
        met="Please send the report by Friday.",
        unmet="Could you please send the report by Friday?",
    ),
)
def words(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    skip_code: SkipCode = False,
) -> Finding:
    """The reply has this many words.

    Spaces and long dashes separate words, and a word has a letter or a digit: `don't`,
    `state-of-the-art` and `https://a.b/c` are one each; the number of a list item and the mark of a
    code block are none. Each Chinese or Japanese character is one; for Thai, Lao, Khmer and Burmese
    use `characters`.
    An empty reply passes only when none are allowed: `max: 0` or `exactly: 0`.
    """
    count = len(word_spans(prose(reply, skip_code)))
    return _length(reply, count, "word", min, max, exactly)


@check(
    "characters",
    rules=[some_limit],
    needs_text=False,
    example=Example(arguments={"max": 10}, met="On my way!", unmet="I am on my way!"),
)
def characters(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    skip_code: SkipCode = False,
) -> Finding:
    """The reply has this many characters, as a reader counts them.

    Spaces and line ends count, those before and after the text do not. A letter with its accents is
    one, and so is an emoji. An empty reply passes only with `max: 0` or `exactly: 0`.
    """
    count = len(regex.findall(r"\X", prose(reply, skip_code).strip()))
    return _length(reply, count, "character", min, max, exactly)


def _length(
    reply: Reply, count: int, noun: str, min: int | None, max: int | None, exactly: int | None
) -> Finding:
    if is_blank(reply.text) and 0 not in (max, exactly):
        return found(False, "the reply is empty")
    return within(count, noun, min=min, max=max, exactly=exactly)


@check(
    "sentences",
    rules=[some_limit],
    example=Example(
        arguments={"exactly": 2},
        met="Dr. Lee is out until 3 p.m. on Monday. Shall I book Tuesday?",
        unmet="Dr. Lee is out until 3 p.m. on Monday.",
    ),
)
def count_sentences(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply has this many sentences.

    One ends at . ! ? … 。 and the like, and where a paragraph, list item or heading ends. A comma
    ends none, so that a greeting runs on into what follows it. `Dr.`, `e.g.`, initials and numbers
    are not ends.
    """
    count = len(sentence_spans(prose(reply, skip_code)))
    return within(count, "sentence", min=min, max=max, exactly=exactly)
