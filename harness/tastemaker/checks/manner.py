"""How a reply is put: questions, exclamations, emoji, shouting."""

import re
from typing import Annotated, Literal

import regex  # it ships no type information
from pydantic import Field

from tastemaker.checks.arguments import Exactly, Max, Min, SkipCode, Texts, limits
from tastemaker.checks.counting import found, within
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

_CLOSING = "\"'”’»)]*_」』） "
_ENDING = "?!？！؟"
_EXCLAMATION = re.compile(r"(?<!\[)[!！](?![\[=])")
_EMOJI = regex.compile(
    r"\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3"
    r"|(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F)\p{Emoji_Modifier}?"
    r"(?:\u200D\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?)*"
)
_CAPITALS = regex.compile(r"(?<![\w])\p{Lu}[\p{Lu}\p{M}'’]+(?![\w])")


@check(
    "question",
    rules=[limits],
    example=Example(
        arguments={"where": "end", "max": 1},
        met="I can move it. Which day suits you?",
        unmet="Which day suits you? I can move it.",
    ),
)
def question(
    reply: Reply,
    *,
    where: Annotated[
        Literal["anywhere", "end"], Field(description="`end`: the last sentence must be one")
    ] = "anywhere",
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply asks questions: at least one, unless a number is given.

    A question is a sentence that ends with a question mark. `max: 0` asks for none.
    """
    text = prose(reply, skip_code)
    spans = sentence_spans(text)
    questions = [(start, end) for start, end in spans if _asks(text[start:end])]
    if where == "end" and questions[-1:] != spans[-1:]:
        return found(False, "does not end with a question", reply.text[slice(*spans[-1])])
    quote = reply.text[slice(*questions[-1])] if questions else ""
    return within(len(questions), "question", min=min, max=max, exactly=exactly, quote=quote)


def questions(text: str) -> list[str]:
    """The sentences of a text that end with a question mark."""
    sentences = (text[start:end] for start, end in sentence_spans(text))
    return [sentence for sentence in sentences if _asks(sentence)]


def _asks(sentence: str) -> bool:
    """Whether there is a question mark among the marks at its end."""
    marked = sentence.rstrip(_CLOSING)
    return any(mark in "?？؟" for mark in marked[len(marked.rstrip(_ENDING)) :])


@check(
    "exclamations",
    rules=[limits],
    example=Example(
        arguments={"max": 1},
        met="Congratulations on the launch!",
        unmet="Congratulations!! What a launch!",
    ),
)
def exclamations(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply has exclamation marks: at least one, unless a number is given.

    Each mark counts, `!!!` is three; `!=` and images (`![...]`) are none. `max: 0` asks for none.
    """
    spans = [match.span() for match in _EXCLAMATION.finditer(prose(reply, skip_code))]
    quote = reply.text[: spans[0][1]].splitlines()[-1][-60:] if spans else ""
    return within(len(spans), "exclamation mark", min=min, max=max, exactly=exactly, quote=quote)


@check(
    "emoji",
    rules=[limits],
    example=Example(arguments={"max": 1}, met="Done 👍🏽", unmet="Done 👍🏽 🎉"),
)
def emoji(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply has emoji: at least one, unless a number is given.

    A family, a flag and a skin tone are one emoji. Signs that are text (✓ © ™ →) are none.
    `max: 0` asks for none.
    """
    seen = [match[0] for match in _EMOJI.finditer(prose(reply, skip_code))]
    # "emoji" is its own plural.
    asked = within(len(seen), "emoji", min=min, max=max, exactly=exactly)
    return found(bool(asked.value), asked.reason.replace("emojis", "emoji"), "".join(seen[:1]))


@check(
    "all_caps",
    rules=[limits],
    example=Example(
        arguments={"max": 0, "allow": ["UNESCO"]},
        met="UNESCO needs the form by Friday, and PDF is fine.",
        unmet="Send the form IMMEDIATELY.",
    ),
)
def all_caps(
    reply: Reply,
    *,
    max: Max = None,
    min: Min = None,
    exactly: Exactly = None,
    letters: Annotated[
        int, Field(ge=2, description="the shortest word that counts; shorter ones are acronyms")
    ] = 5,
    allow: Annotated[Texts | None, Field(description="words that may be in capitals")] = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply has words in capitals: at least one, unless a number is given.

    `max: 0` asks for none.
    """
    allowed = set(allow or ())
    capitals = (match[0] for match in _CAPITALS.finditer(prose(reply, skip_code)))
    seen = [word for word in capitals if len(word) >= letters and word not in allowed]
    quote = seen[0] if seen else ""
    return within(len(seen), "shouted word", min=min, max=max, exactly=exactly, quote=quote)
