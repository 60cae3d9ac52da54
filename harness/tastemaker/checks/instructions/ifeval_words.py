"""IFEval: words, letters, case and language."""

import re
from functools import lru_cache
from typing import Annotated

import regex  # it ships no type information
from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import Text, Texts
from tastemaker.checks.counting import found
from tastemaker.checks.instructions.relations import Count, Relation, related
from tastemaker.checks.language import Language, likeliest
from tastemaker.checks.phrases import named
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

# The languages that the recogniser of the original knows. Among all 140 of ours a short text in
# English is often taken for Pidgin, and one in Chinese for Cantonese.
COMMON = frozenset(
    "af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr "
    "ne nl no pa pl pt ro ru sk sl so sq sv sw ta te th tl tr uk ur vi zh".split()
)
_CHINESE = {"zh-cn": "zh", "zh-tw": "zh"}
_CAPITALS = regex.compile(r"[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}&/.'’-]*[\p{L}\p{N}\p{M}])?")
_CONTRACTED = re.compile(r"['’](?:s|m|re|ve|ll|d)$|n['’]t$", re.IGNORECASE)


@lru_cache(maxsize=512)
def _anywhere(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text), re.IGNORECASE)


@lru_cache(maxsize=512)
def as_word(text: str) -> re.Pattern[str]:
    """What finds a text as a word of its own, whatever its case."""
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE)


@check(
    "keywords:existence",
    example=Example(
        arguments={"keywords": ["tide", "lantern"]},
        met="Hang a lantern where the Tide turns.",
        unmet="Hang a lamp where the tide turns.",
    ),
)
def existence(
    reply: Reply, *, keywords: Annotated[Texts, Field(description="what must be there")]
) -> Finding:
    """Every keyword stands in the reply, whatever its case; also inside a longer word."""
    missing = [word for word in keywords if not _anywhere(word).search(reply.text)]
    return found(
        not missing, f"does not say {named(missing)}" if missing else f"says {named(keywords)}"
    )


@check(
    "keywords:frequency",
    example=Example(
        arguments={"keyword": "rain", "frequency": 2, "relation": "at least"},
        met="Rain all week. The rainy season is here.",
        unmet="Rain all week.",
    ),
)
def frequency(
    reply: Reply,
    *,
    keyword: Annotated[Text, Field(description="what is counted")],
    frequency: Count,
    relation: Relation,
) -> Finding:
    """The keyword stands there less than, or at least, so many times; also inside longer words."""
    uses = _anywhere(keyword.strip()).findall(reply.text)
    return related(len(uses), f"“{keyword}”", relation, frequency, uses[0] if uses else "")


@check(
    "keywords:forbidden_words",
    example=Example(
        arguments={"forbidden_words": ["cheap", "deal"]},
        met="The dealer cut the price.",
        unmet="A cheap way to get there.",
    ),
)
def forbidden_words(
    reply: Reply, *, forbidden_words: Annotated[Texts, Field(description="what must not be there")]
) -> Finding:
    """None of these stands in the reply as a word of its own, whatever its case."""
    said = [match for word in forbidden_words if (match := as_word(word).search(reply.text))]
    if said:
        return found(False, f"says {named([match[0] for match in said])}", said[0][0])
    return found(True, f"does not say {named(forbidden_words)}")


@check(
    "keywords:letter_frequency",
    example=Example(
        arguments={"letter": "q", "let_frequency": 2, "let_relation": "at least"},
        met="Quite a quiet quarter.",
        unmet="Quite calm.",
    ),
)
def letter_frequency(
    reply: Reply,
    *,
    letter: Annotated[Text, Field(description="what is counted; any character")],
    let_frequency: Count,
    let_relation: Relation,
) -> Finding:
    """The letter, or any other character, stands there less than, or at least, so many times.

    Capitals count too. What is no letter (`#`, `!`, a digit) is counted as it stands.
    """
    count = reply.text.lower().count(letter.lower())
    return related(count, f"“{letter}”", let_relation, let_frequency)


@check(
    "language:response_language",
    example=Example(
        arguments={"language": "de"},
        met="Am Dienstag bleibt das Hafenbüro geschlossen.",
        unmet="The harbour office is closed on Tuesday.",
    ),
)
def response_language(
    reply: Reply,
    *,
    language: Annotated[
        Language,
        BeforeValidator(lambda code: _CHINESE.get(code, code) if isinstance(code, str) else code),
        Field(description="a code such as de; zh-cn and zh-tw are zh"),
    ],
) -> Finding:
    """The reply is in this language.

    By py3langid: of 55 common languages and this one it is the likeliest. A reply of fewer than
    eight letters is too short to tell, and counts as followed.
    """
    code = likeliest(reply.text, COMMON | {language})
    return found(code in (language, ""), _told(code))


@check(
    "change_case:capital_word_frequency",
    example=Example(
        arguments={"capital_frequency": 2, "capital_relation": "at least"},
        met="READ this before TUESDAY.",
        unmet="Read this before TUESDAY.",
    ),
)
def capital_word_frequency(
    reply: Reply, *, capital_frequency: Count, capital_relation: Relation
) -> Finding:
    """Less than, or at least, so many words are all in capitals.

    A word of one capital letter (`A`, `I`) is one of them, and so is the `I` of `I'm`.
    """
    words = (_CONTRACTED.sub("", word) for word in _CAPITALS.findall(reply.text))
    capitals = [word for word in words if word.isupper()]
    quote = capitals[0] if capitals else ""
    noun = "capital word"
    return related(len(capitals), noun, capital_relation, capital_frequency, quote)


@check(
    "change_case:english_capital",
    example=Example(met="THE OFFICE IS CLOSED TODAY.", unmet="THE OFFICE IS CLOSED today."),
)
def english_capital(reply: Reply) -> Finding:
    """The reply is in English, and in capital letters alone."""
    return _in_english(reply.text.isupper(), "in capitals", reply.text)


@check(
    "change_case:english_lowercase",
    example=Example(met="the office is closed today.", unmet="The office is closed today."),
)
def english_lowercase(reply: Reply) -> Finding:
    """The reply is in English, and in small letters alone."""
    return _in_english(reply.text.islower(), "in small letters", reply.text)


def _in_english(case: bool, how: str, text: str) -> Finding:
    if not case:
        return found(False, f"not all of it is {how}")
    code = likeliest(text.lower(), COMMON)
    return found(code in ("en", ""), f"{how}; {_told(code)}")


def _told(code: str) -> str:
    return f"the language is {code}" if code else "too short to tell the language"
