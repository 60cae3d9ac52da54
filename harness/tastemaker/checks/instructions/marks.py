"""Instructions about marks: hashtags, quotation marks, brackets, punctuation, digits."""

import re
from typing import Annotated

import regex  # it ships no type information
from pydantic import Field

from tastemaker.checks.arguments import Exactly, Max, Min, Texts, limits
from tastemaker.checks.counting import found, within
from tastemaker.checks.instructions.structure import count_words, lines
from tastemaker.checks.markdown import without_code
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

_HASHTAG = re.compile(r"(?<![\w&/#])#\w*[^\W\d_]\w*")
_QUOTATION = re.compile(r'"[^"\n]+"|“[^“”\n]+”|„[^„“”\n]+[“”]|«[^«»\n]+»|「[^「」\n]+」')
_BRACKET = re.compile(r"[()]")
_SIGN = regex.compile(r"[\p{P}\p{S}]")
_WITHIN_WORD = regex.compile(r"(?<=[\p{L}\p{N}])['’‐‑-](?=[\p{L}\p{N}])")
_DIGIT = regex.compile(r"\p{N}")


@check(
    "marks:hashtags",
    rules=[limits],
    example=Example(
        arguments={"exactly": 2, "at_end": True},
        met="The slip is closed.\n\n#harbour #Dienstag",
        unmet="The #harbour slip is closed. #Dienstag",
    ),
)
def hashtags(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    at_end: Annotated[
        bool, Field(description="whether they must fill the last line, and stand nowhere else")
    ] = False,
) -> Finding:
    """The reply has hashtags: at least one, unless a number is given.

    `#` and letters, without a space; headings and code are left out.
    """
    text = without_code(reply.text)
    tags = _HASHTAG.findall(text)
    if at_end and tags:
        last = lines(text)[-1]
        if _HASHTAG.sub("", last).strip() or len(_HASHTAG.findall(last)) < len(tags):
            return found(False, "not all of the hashtags, or not only they, fill the last line")
    quote = tags[0] if tags else ""
    return within(len(tags), "hashtag", min=min, max=max, exactly=exactly, quote=quote)


@check(
    "marks:quotations",
    rules=[limits],
    example=Example(
        arguments={"exactly": 1, "max_words": 3},
        met="The sign says “mind the step” in red.",
        unmet="The sign says “please do mind the step” in red.",
    ),
)
def quotations(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    max_words: Annotated[
        int | None, Field(ge=1, description="how many words one has at most")
    ] = None,
) -> Finding:
    """The reply has passages in double quotation marks: at least one, unless a number is given.

    `"so"`, `“so”`, `„so“`, `«so»` and `「so」`, each within a line.
    """
    passages = _QUOTATION.findall(reply.text)
    for passage in passages:
        if max_words is not None and count_words(passage) > max_words:
            return found(False, f"one has more than {max_words} words", passage)
    quote = passages[0] if passages else ""
    return within(len(passages), "quotation", min=min, max=max, exactly=exactly, quote=quote)


@check(
    "marks:parentheses",
    rules=[limits],
    example=Example(
        arguments={"exactly": 1},
        met="The slip (north side) is closed.",
        unmet="The slip (north side is closed.",
    ),
)
def parentheses(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """The reply has passages in round brackets, at least one unless a number is given.

    Each that is opened is closed, and the other way round. One inside another does not count.
    """
    depth = count = 0
    for match in _BRACKET.finditer(reply.text):
        depth += 1 if match[0] == "(" else -1
        count += match[0] == "(" and depth == 1
        if depth < 0:
            return found(False, "one is closed that was not opened")
    if depth:
        return found(False, "one is opened and not closed")
    return within(count, "bracketed passage", min=min, max=max, exactly=exactly)


@check(
    "marks:forbidden",
    example=Example(
        arguments={"marks": [";", "!"]},
        met="Closed on Tuesday. Sorry.",
        unmet="Closed on Tuesday; sorry.",
    ),
)
def forbidden(
    reply: Reply, *, marks: Annotated[Texts, Field(description="what must not stand there")]
) -> Finding:
    """None of these marks stands anywhere in the reply, code included."""
    used = next((mark for mark in marks if mark in reply.text), "")
    return found(not used, f"“{used}”" if used else f"no {' '.join(marks)}", used)


@check(
    "marks:only",
    example=Example(
        arguments={"marks": ["."]},
        met="It's closed. Ring the well-known bell.",
        unmet="It's closed. Ring the bell!",
    ),
)
def only(
    reply: Reply, *, marks: Annotated[Texts, Field(description="what may stand there")]
) -> Finding:
    """No punctuation or other sign stands in the reply but these.

    An apostrophe or hyphen inside a word is no punctuation; the marks of Markdown are.
    """
    text = _WITHIN_WORD.sub("a", reply.text)
    used = next((mark for mark in _SIGN.findall(text) if mark not in marks), "")
    return found(not used, f"“{used}”" if used else f"nothing but {' '.join(marks)}", used)


@check(
    "marks:no_digits",
    example=Example(met="Closed until three.", unmet="Closed until 3."),
)
def no_digits(reply: Reply) -> Finding:
    """The reply has no digit in any script, and no `½` or `²`."""
    match = _DIGIT.search(reply.text)
    return found(not match, f"“{match[0]}”" if match else "no digit", match[0] if match else "")
