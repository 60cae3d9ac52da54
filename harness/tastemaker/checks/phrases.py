"""What a reply says: words and passages that must or must not stand in it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated

import regex  # it ships no type information
from pydantic import Field
from rapidfuzz.distance import Indel

from tastemaker.checks.arguments import (
    MatchCase,
    Max,
    Min,
    Pattern,
    Share,
    SkipCode,
    Text,
    Texts,
    WholeWords,
    limits,
)
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.length import word_spans
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

SECONDS = 1.0
"""For one regular expression on one reply: a pattern may take exponential time."""

Phrases = Annotated[Texts, Field(description="what to look for")]

# What is the same to a reader, however it was typed.
_ALIKE = {
    **dict.fromkeys("'’ʼ‘", "['’ʼ‘]"),
    **dict.fromkeys('"“”„', '["“”„]'),
    **dict.fromkeys("-‐‑–−", "[-‐‑–−]"),
}
_GAP = r"[*_]{0,3}\s+[*_]{0,3}"
"""Between two words of a phrase, of which one may be emphasized: `is **not** here`."""
_DENIAL = re.compile(r"(?<=n['’]t|not) ", re.IGNORECASE)
_ADVERB = _GAP + r"(?:(?:actually|really|currently|directly|personally)\s+)?"
"""After a denial: `I can't actually see it`."""
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,?\d{3})+(?![\d,])")
_BETWEEN, _AFTER = "\0", "\1"
_GROUPED = "[,.'’\u00a0\u2009\u202f ]?"


# In these scripts the next word, or a particle, follows without a space: no end of a word is seen,
# neither of their own words nor of a Latin one among them.
_UNSPACED = "".join(
    (
        r"\u0e00-\u0eff",  # Thai, Lao
        r"\u1000-\u109f\u1780-\u17ff",  # Myanmar, Khmer
        r"\u3005-\u3007\u3040-\u30ff\uff66-\uff9f",  # Hiragana, Katakana and their marks
        r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",  # Han
        r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",  # Hangul
    )
)
_SPACED = re.compile(rf"(?-i:[^\W{_UNSPACED}])")
"""Caseless: with case ignored, `re` would look at each of 100,000 characters, for every phrase."""
_ANY_UNSPACED = re.compile(f"[{_UNSPACED}]")


# More than a dataset asks for: what one scenario wants is compiled once for all its replies.
@lru_cache(maxsize=4096)
def _literal(
    phrases: tuple[str, ...],
    match_case: bool,
    whole_words: bool,
    at_end: bool = False,
    letter: str = _SPACED.pattern,
) -> re.Pattern[str]:
    """What finds any of these phrases, the longest first."""
    forms = {form for phrase in phrases for form in _forms(phrase)}
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    options = (_spelled(form, whole_words, letter) for form in ordered)
    end = r"\Z" if at_end else ""
    return re.compile(f"(?:{'|'.join(options)}){end}", 0 if match_case else re.IGNORECASE)


def _forms(phrase: str) -> Iterable[str]:
    """An accented letter may be one character or two."""
    words = phrase.strip() or phrase
    return unicodedata.normalize("NFC", words), unicodedata.normalize("NFD", words)


def _letter(text: str) -> str:
    """What continues a word in this text: where all words are set apart, what compiles at once."""
    return _SPACED.pattern if _ANY_UNSPACED.search(text) else r"\w"


def _spelled(phrase: str, whole_words: bool, letter: str) -> str:
    alike = {**_ALIKE, " ": _GAP, _AFTER: _ADVERB, _BETWEEN: _GROUPED}
    text = _DENIAL.sub(_AFTER, _THOUSANDS.sub(_apart, re.sub(r"\s+", " ", phrase)))
    spelled = "".join(alike.get(c, re.escape(c)) for c in text)
    before = f"(?<!{letter})" if whole_words and _SPACED.match(phrase[0]) else ""
    after = f"(?!{letter})" if whole_words and _SPACED.match(phrase[-1]) else ""
    return f"{before}{spelled}{after}"


def _apart(number: re.Match[str]) -> str:
    """A number with a mark wherever its thousands may be set apart."""
    digits = number[0].replace(",", "")
    return re.sub(r"\B(?=(?:\d{3})+\Z)", _BETWEEN, digits)


def whole_word(phrase: str) -> re.Pattern[str]:
    """What finds a phrase as whole words, in whatever case."""
    return _literal((phrase,), False, True)


def _first(text: str, phrase: str, match_case: bool, whole_words: bool) -> str | None:
    """The phrase as it first stands in the text."""
    match = _literal((phrase,), match_case, whole_words).search(text)
    return match[0] if match else None


def named(phrases: Iterable[str]) -> str:
    """Each in quotation marks."""
    return ", ".join(f"“{phrase}”" for phrase in phrases)


@check(
    "contains",
    example=Example(
        arguments={"text": "by Friday"},
        met="Could you send it by Friday?",
        unmet="Could you send it soon?",
    ),
)
def contains(
    reply: Reply,
    *,
    text: Annotated[Text, Field(description="what to look for")],
    match_case: MatchCase = False,
    whole_words: WholeWords = False,
    skip_code: SkipCode = False,
) -> Finding:
    """The reply contains this text.

    Straight and curly quotes, kinds of hyphen, and any run of spaces and line ends are alike; so
    are `1,450`, `1450` and `1 450`; `is **not** here` and `is not actually here` are `is not here`.
    """
    return contains_any(
        reply, texts=[text], match_case=match_case, whole_words=whole_words, skip_code=skip_code
    )


@check(
    "contains_any",
    example=Example(
        arguments={"texts": ["sorry", "apologies"]},
        met="My apologies for the delay.",
        unmet="The report is attached.",
    ),
)
def contains_any(
    reply: Reply,
    *,
    texts: Phrases,
    match_case: MatchCase = False,
    whole_words: WholeWords = False,
    skip_code: SkipCode = False,
) -> Finding:
    """The reply contains at least one of these texts, compared as in `contains`."""
    match = _literal(tuple(texts), match_case, whole_words).search(prose(reply, skip_code))
    if match:
        return found(True, f"says {named([match[0]])}", match[0])
    return found(False, f"does not say {named(texts)}")


@check(
    "contains_all",
    example=Example(
        arguments={"texts": ["Monday", "10:30"]},
        met="We meet on Monday at 10:30.",
        unmet="We meet on Monday.",
    ),
)
def contains_all(
    reply: Reply,
    *,
    texts: Phrases,
    match_case: MatchCase = False,
    whole_words: WholeWords = False,
    skip_code: SkipCode = False,
    graded: Annotated[
        bool, Field(description="whether the value is the share of the texts that are there")
    ] = False,
) -> Finding:
    """The reply contains every one of these texts, compared as in `contains`."""
    text = prose(reply, skip_code)
    missing = [phrase for phrase in texts if not _first(text, phrase, match_case, whole_words)]
    share = 1 - len(missing) / len(texts)
    reason = f"does not say {named(missing)}" if missing else "says all of it"
    return Finding(value=share if graded else float(not missing), reason=reason)


@check(
    "absent",
    example=Example(
        arguments={"texts": ["as an AI"]},
        met="I would call them first.",
        unmet="As an AI, I would call them first.",
    ),
)
def absent(
    reply: Reply,
    *,
    texts: Phrases,
    match_case: MatchCase = False,
    whole_words: WholeWords = False,
    skip_code: SkipCode = False,
) -> Finding:
    """The reply contains none of these texts, compared as in `contains`."""
    match = _literal(tuple(texts), match_case, whole_words).search(prose(reply, skip_code))
    if match:
        return found(False, f"says {named([match[0]])}", match[0])
    return found(True, f"does not say {named(texts)}")


@check(
    "banned_phrases",
    example=Example(
        arguments={"phrases": ["I hope this finds you well", "delve", "circle back"], "max": 1},
        met="Let us circle back on Monday.",
        unmet="I hope this finds you well. Let us circle back on Monday.",
    ),
)
def banned_phrases(
    reply: Reply,
    *,
    phrases: Phrases,
    max: Annotated[int, Field(ge=0, description="how many may stand in the reply")] = 0,
    match_case: MatchCase = False,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply uses at most this many of these phrases; each use counts.

    Whole words only, compared as in `contains`.
    """
    pattern = _literal(tuple(phrases), match_case, True)
    uses = [match[0] for match in pattern.finditer(prose(reply, skip_code))]
    reason = f"{plural(len(uses), 'banned phrase')}, at most {max}"
    which = f": {named(dict.fromkeys(use.casefold() for use in uses))}" if uses else ""
    return found(len(uses) <= max, reason + which, uses[0] if uses else "")


@check(
    "mentions",
    example=Example(
        arguments={"values": {"from": "expect.recipient"}},
        met=Reply(text="Hi Jose, the invoice is attached.", expect={"recipient": "José"}),
        unmet=Reply(text="Hi there, the invoice is attached.", expect={"recipient": "José"}),
    ),
)
def mentions(
    reply: Reply,
    *,
    values: Annotated[Texts, Field(description="names, or anything else to look for")],
    all: Annotated[bool, Field(description="whether every one of them must be there")] = False,
    any_word: Annotated[
        bool, Field(description="whether one word of a value is enough: `Dana` for `Dana Smith`")
    ] = False,
) -> Finding:
    """The reply names at least one of these, such as the recipient that the scenario gives.

    Whole words; case and accents do not matter. Where words are not set apart by spaces (Chinese,
    Japanese, Thai, Korean particles) a value may stand anywhere, and a Latin one right beside them.
    """
    plain, places = unaccented(reply.text)
    letter = _letter(plain)
    spans = {}
    for value in values:
        options = tuple(unaccented(o)[0] for o in (value.split() if any_word else [value]))
        match = _literal(options, False, True, letter=letter).search(plain)
        if match:
            spans[value] = (places[match.start()], places[match.end() - 1] + 1)
    missing = [value for value in values if value not in spans]
    satisfied = not missing if all else bool(spans)
    reason = f"does not name {named(missing)}" if missing else f"names {named(values)}"
    quotes = (reply.text[start:end] for start, end in spans.values())
    return found(satisfied, reason, next(quotes, ""))


def unaccented(text: str) -> tuple[str, Sequence[int]]:
    """The text in plain letters, and where each of them stands in the text."""
    if text.isascii():
        return text, range(len(text))
    letters = [(plain, i) for i, c in enumerate(text) if (plain := _plain(c))]
    return "".join(plain for plain, _ in letters), [i for _, i in letters]


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """The letter without what stands above or below it; "" for an accent of its own."""
    # Classes from 200 on are the accents of Latin, Greek and Cyrillic letters. Marks of other
    # scripts (voiced kana, vowel points) make another letter, and stay.
    decomposed = unicodedata.normalize("NFD", character)
    kept = [c for c in decomposed if unicodedata.combining(c) < 200]
    return character if len(kept) > 1 else "".join(kept)


@check(
    "starts_with",
    example=Example(
        arguments={"texts": ["Yes", "No"], "whole_words": True},
        met="No, the shop is closed on Mondays.",
        unmet="Not on Mondays.",
    ),
)
def starts_with(
    reply: Reply,
    *,
    texts: Phrases,
    match_case: MatchCase = False,
    whole_words: WholeWords = False,
) -> Finding:
    """The reply starts with one of these texts; spaces before it do not matter."""
    text = reply.text.strip()
    match = _literal(tuple(texts), match_case, whole_words).match(text)
    return found(match is not None, f"starts with {named([text[:40]])}", text[:40])


@check(
    "ends_with",
    example=Example(
        arguments={"texts": "Ana"},
        met="See you on Monday. Ana",
        unmet="See you on Monday.",
    ),
)
def ends_with(
    reply: Reply,
    *,
    texts: Phrases,
    match_case: MatchCase = False,
    whole_words: WholeWords = False,
) -> Finding:
    """The reply ends with one of these texts; spaces after it do not matter."""
    text = reply.text.strip()
    match = _literal(tuple(texts), match_case, whole_words, at_end=True).search(text)
    return found(match is not None, f"ends with {named([text[-40:]])}", text[-40:])


IgnoreCase = Annotated[bool, Field(description="whether upper and lower case are alike")]
Multiline = Annotated[
    bool, Field(description="whether `^` and `$` match at every line, not only at the ends")
]
DotAll = Annotated[bool, Field(description="whether `.` matches a line end too")]
PatternText = Annotated[Pattern, Field(description="a regular expression")]


@check(
    "regex",
    rules=[limits],
    example=Example(
        arguments={"pattern": r"\b\d{1,2}:\d{2}\b", "max": 1},
        met="We meet at 10:30.",
        unmet="We meet at 10:30 or 11:00.",
    ),
)
def matches(
    reply: Reply,
    *,
    pattern: PatternText,
    min: Min = None,
    max: Max = None,
    ignore_case: IgnoreCase = False,
    multiline: Multiline = False,
    dot_all: DotAll = False,
    skip_code: SkipCode = False,
) -> Finding:
    r"""A regular expression matches somewhere: at least once, unless a number is given.

    Python's syntax and Unicode classes such as `\p{Lu}`. A pattern that has not finished after one
    second leaves the criterion unscored.
    """
    text = prose(reply, skip_code)
    try:
        spans = _matches(text, pattern, _flags(ignore_case, multiline, dot_all), max)
    except TimeoutError:
        return Finding(value=None, reason=f"the pattern took more than {SECONDS:g} s")
    quote = reply.text[slice(*spans[0])] if spans else ""
    return within(len(spans), "match", min=min, max=max, quote=quote)


@check(
    "no_regex",
    example=Example(
        arguments={"pattern": r"\$\d+", "skip_code": True},
        met="The price is on the last page; `$1` is an argument.",
        unmet="It costs $40.",
    ),
)
def matches_nowhere(
    reply: Reply,
    *,
    pattern: PatternText,
    ignore_case: IgnoreCase = False,
    multiline: Multiline = False,
    dot_all: DotAll = False,
    skip_code: SkipCode = False,
) -> Finding:
    """A regular expression matches nowhere in the reply; otherwise as `regex`."""
    return matches(
        reply,
        pattern=pattern,
        max=0,
        ignore_case=ignore_case,
        multiline=multiline,
        dot_all=dot_all,
        skip_code=skip_code,
    )


def _flags(ignore_case: bool, multiline: bool, dot_all: bool) -> int:
    chosen = {regex.IGNORECASE: ignore_case, regex.MULTILINE: multiline, regex.DOTALL: dot_all}
    return sum(flag for flag, wanted in chosen.items() if wanted)


def _matches(text: str, pattern: str, flags: int, max: int | None) -> list[tuple[int, int]]:
    """Where it matches; one more than the limit is enough to know."""
    spans = []
    for match in regex.finditer(pattern, text, flags=flags, timeout=SECONDS):
        spans.append(match.span())
        if max is not None and len(spans) > max:
            break
    return spans


OtherText = Annotated[
    Text | None, Field(description="what to compare with; otherwise the reference of the scenario")
]


@check(
    "equals",
    needs_text=False,
    example=Example(
        arguments={"text": "Canberra", "match_case": False},
        met="canberra\n",
        unmet="The capital is Canberra.",
    ),
)
def equals(reply: Reply, *, text: OtherText = None, match_case: MatchCase = True) -> Finding:
    """The whole reply is this text, or the reference; spaces before and after do not matter."""
    wanted = reply.reference if text is None else text
    if wanted is None:
        return Finding(value=None, reason="the scenario has no reference")
    one, other = (unicodedata.normalize("NFC", t).strip() for t in (reply.text, wanted))
    same = one == other if match_case else one.casefold() == other.casefold()
    return found(same, "the same text" if same else f"not {named([other[:40]])}", reply.text)


@check(
    "similar_to",
    example=Example(
        arguments={"min": 0.8},
        met=Reply(
            text="The invoice is due on the first of May.",
            reference="The invoice is due on the 1st of May.",
        ),
        unmet=Reply(text="Call me.", reference="The invoice is due on the 1st of May."),
    ),
)
def similar_to(
    reply: Reply,
    *,
    text: OtherText = None,
    min: Annotated[Share, Field(description="the least similarity that passes")] = 0.8,
    graded: Annotated[bool, Field(description="whether the value is the similarity")] = False,
) -> Finding:
    """The reply is much like this text, or like the reference, word for word.

    Similarity is 1 minus the share of words that must be deleted or inserted to make one of the
    other (Indel): 1 the same words in the same order, 0 no word shared. Case does not matter.
    """
    wanted = reply.reference if text is None else text
    if wanted is None:
        return Finding(value=None, reason="the scenario has no reference")
    one, other = _words(reply.text), _words(wanted)
    similarity = Indel.normalized_similarity(one, other) if one or other else 1.0
    reason = f"similarity {similarity:.2f}, at least {min:g}"
    return Finding(value=similarity if graded else float(similarity >= min), reason=reason)


def _words(text: str) -> list[str]:
    return [
        text[start:end].casefold().strip(".,;:!?…\"'“”‘’()*_") for start, end in word_spans(text)
    ]


@check(
    "repeats_prompt",
    example=Example(
        arguments={"max": 0.3, "run": 4},
        met=Reply(prompt="What is the capital of Australia?", text="Canberra."),
        unmet=Reply(
            prompt="What is the capital of Australia?",
            text="You asked: what is the capital of Australia? It is Canberra.",
        ),
    ),
)
def repeats_prompt(
    reply: Reply,
    *,
    max: Annotated[Share, Field(description="the largest share of the prompt that passes")] = 0.3,
    run: Annotated[int, Field(ge=1, description="words in a row that count as copied")] = 5,
) -> Finding:
    """The reply copies at most this share of the prompt.

    The share of the prompt's words that stand in the reply within a run of at least `run` words
    (of all its words, where the prompt has fewer). Case and punctuation do not matter.
    """
    spans = word_spans(reply.text)
    asked, said = _words(reply.prompt), _words(reply.text)
    if not asked:
        return Finding(value=None, reason="there is no prompt")
    size = min(run, len(asked))
    starts = {tuple(said[i : i + size]): i for i in range(len(said) - size, -1, -1)}
    runs = [i for i in range(len(asked) - size + 1) if tuple(asked[i : i + size]) in starts]
    copied = {i + offset for i in runs for offset in range(size)}
    share = len(copied) / len(asked)
    first = starts[tuple(asked[runs[0] : runs[0] + size])] if runs else None
    quote = "" if first is None else reply.text[spans[first][0] : spans[first + size - 1][1]]
    return found(share <= max, f"{share:.0%} of the prompt is copied, at most {max:.0%}", quote)
