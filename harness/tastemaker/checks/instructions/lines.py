"""Instructions about lines; blank ones do not count."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import (
    Arguments,
    Exactly,
    MatchCase,
    Max,
    Min,
    Problem,
    Text,
    Texts,
    some_limit,
)
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.instructions.structure import count_words, every, letters, lines, plainly
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply


@check(
    "lines:count",
    rules=[some_limit],
    example=Example(
        arguments={"exactly": 2},
        met="The pier waits\n\nthe tide turns",
        unmet="The pier waits, the tide turns",
    ),
)
def count(reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None) -> Finding:
    """The reply has this many lines."""
    return within(len(lines(reply.text)), "line", min=min, max=max, exactly=exactly)


def _pattern_or_limit(arguments: Arguments) -> Problem | None:
    if arguments["pattern"] is None:
        problem = some_limit(arguments)
        says = "say pattern, or min, max or exactly"
        return problem and (problem if problem.argument else Problem(argument="", message=says))
    if any(arguments[name] is not None for name in ("min", "max", "exactly")):
        return Problem(argument="pattern", message="says it all; leave out min, max and exactly")
    return None


@check(
    "lines:words",
    rules=[_pattern_or_limit],
    example=Example(
        arguments={"pattern": [2, 3, 2]},
        met="Low water\nropes hang slack\nnobody calls",
        unmet="Low water\nropes hang\nnobody calls",
    ),
)
def words_in_lines(
    reply: Reply,
    *,
    pattern: Annotated[
        list[Annotated[int, Field(ge=1)]] | None,
        Field(min_length=1, description="the words of the first line, the second, and so on"),
    ] = None,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
) -> Finding:
    """Every line has this many words, or the lines have those of a pattern, such as 5, 7, 5."""
    parts = lines(reply.text)
    if pattern is None:
        return every(parts, "line", count_words, "word", min=min, max=max, exactly=exactly)
    counts = [count_words(part) for part in parts]
    told = ", ".join(map(str, counts[:20]))
    return found(counts == pattern, f"{told} words, asked {', '.join(map(str, pattern))}")


@check(
    "lines:characters",
    rules=[some_limit],
    example=Example(
        arguments={"max": 14},
        met="The pier waits\nno one comes",
        unmet="The pier waits\nand no one comes",
    ),
)
def characters_in_lines(
    reply: Reply, *, min: Min = None, max: Max = None, exactly: Exactly = None
) -> Finding:
    """Every line has this many characters, spaces between words included."""
    return every(lines(reply.text), "line", len, "character", min=min, max=max, exactly=exactly)


def _alike(text: str, match_case: bool) -> str:
    return text if match_case else text.casefold()


@check(
    "lines:start_with",
    example=Example(
        arguments={"texts": "Because"},
        met="Because the tide is out\nbecause the key is lost",
        unmet="Because the tide is out\nand the key is lost",
    ),
)
def start_with(
    reply: Reply,
    *,
    texts: Annotated[Texts, Field(description="each line begins with one of these")],
    match_case: MatchCase = False,
) -> Finding:
    """Every line begins with one of these texts."""
    starts = tuple(_alike(text, match_case) for text in texts)
    return _each(reply, lambda line: _alike(line, match_case).startswith(starts), "begins")


@check(
    "lines:end_with",
    example=Example(
        arguments={"texts": ["!", "?"]},
        met="Who has the key?\nThe tide is out!",
        unmet="Who has the key?\nThe tide is out.",
    ),
)
def end_with(
    reply: Reply,
    *,
    texts: Annotated[Texts, Field(description="each line ends with one of these")],
    match_case: MatchCase = False,
) -> Finding:
    """Every line ends with one of these texts."""
    ends = tuple(_alike(text, match_case) for text in texts)
    return _each(reply, lambda line: _alike(line, match_case).endswith(ends), "ends")


def _each(reply: Reply, fits: Callable[[str], bool], how: str) -> Finding:
    parts = lines(reply.text)
    wrong = next((line for line in parts if not fits(line)), None)
    if wrong is None:
        return found(True, f"{plural(len(parts), 'line')}, each {how} as asked")
    return found(False, f"a line {how} otherwise", wrong)


@check(
    "lines:acrostic",
    example=Example(
        arguments={"word": "SALT"},
        met="Slack water\nAll quiet\nLow gulls\nTar",
        unmet="Slack water\nAll quiet\nLow gulls",
    ),
)
def acrostic(
    reply: Reply, *, word: Annotated[Text, Field(description="what the first letters spell")]
) -> Finding:
    """The first letters of the lines spell this word; accents and case do not matter."""
    firsts = ["".join(letters(line)[:1]) for line in lines(reply.text)]
    spelt = plainly("".join(firsts))
    wanted = plainly("".join(letters(word)))
    return found(spelt == wanted and all(firsts), f"the first letters spell “{spelt[:60]}”")


@check(
    "lines:unique",
    example=Example(met="The tide turns\nthe pier waits", unmet="The tide turns\nthe tide turns"),
)
def unique(reply: Reply) -> Finding:
    """No line stands there twice; case and accents do not matter."""
    seen: set[str] = set()
    for line in lines(reply.text):
        if plainly(line) in seen:
            return found(False, "a line stands there twice", line)
        seen.add(plainly(line))
    return found(True, f"{plural(len(seen), 'line')}, all different")


@check(
    "lines:indentation",
    example=Example(
        arguments={"spaces": 2},
        met="- slip\n  - key\n    - spare",
        unmet="- slip\n   - key",
    ),
)
def indentation(
    reply: Reply,
    *,
    spaces: Annotated[int, Field(ge=1, description="spaces of one step")],
) -> Finding:
    """Lines are indented by steps of this many spaces, some by one; none by a tab or half."""
    parts = [line for line in reply.text.split("\n") if line.strip()]
    indents = [line[: len(line) - len(line.lstrip())] for line in parts]
    for line, indent in zip(parts, indents, strict=True):
        if indent.strip(" ") or len(indent) % spaces:
            what = (
                "something else than spaces" if indent.strip(" ") else plural(len(indent), "space")
            )
            return found(False, f"a line is indented by {what}", line)
    least = min((len(indent) for indent in indents if indent), default=0)
    return found(least == spaces, f"the least indented line has {plural(least, 'space')}")
