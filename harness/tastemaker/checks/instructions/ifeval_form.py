"""IFEval: marks, parts and forms that a program can find."""

import json
import re
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import Text
from tastemaker.checks.counting import found, within
from tastemaker.checks.instructions.relations import Count
from tastemaker.checks.markdown import no_constant
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

_BRACKETS = re.compile(r"\[[^\[\]\n]*\]")
_POSTSCRIPTS = {"P.P.S": re.compile(r"p\.\s?p\.\s?s", re.I), "P.S.": re.compile(r"p\.\s?s\.", re.I)}
_ITALIC = re.compile(r"\*([^\n*]*)\*")
_BOLD = re.compile(r"\*\*([^\n*]*)\*\*")
_CHOICES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_SIX_STARS = "******"
_FENCE = re.compile(r"```(?:json)?", re.IGNORECASE)


@check(
    "detectable_content:number_placeholders",
    example=Example(
        arguments={"num_placeholders": 2},
        met="Dear [name], your boat leaves on [date].",
        unmet="Dear [name], your boat leaves soon.",
    ),
)
def number_placeholders(reply: Reply, *, num_placeholders: Count) -> Finding:
    """The reply has at least so many placeholders in square brackets, such as `[address]`."""
    places = _BRACKETS.findall(reply.text)
    quote = places[0] if places else ""
    return within(len(places), "placeholder", min=num_placeholders, quote=quote)


@check(
    "detectable_content:postscript",
    example=Example(
        arguments={"postscript_marker": "P.S."},
        met="The slip is closed.\n\nP.S. Bring the key back.",
        unmet="The slip is closed. Bring the key back.",
    ),
)
def postscript(
    reply: Reply,
    *,
    postscript_marker: Annotated[Text, Field(description="how it begins: `P.S.`, `P.P.S`, other")],
) -> Finding:
    """The reply has a postscript that begins with this mark, whatever its case.

    In `P.S.` and `P.P.S` a space may stand after a full stop. It is found anywhere in the text.
    """
    usual = re.compile(re.escape(postscript_marker.strip()), re.IGNORECASE)
    match = _POSTSCRIPTS.get(postscript_marker.strip(), usual).search(reply.text)
    if match is None:
        return found(False, f"no “{postscript_marker}”")
    return found(True, f"“{match[0]}”", match[0])


@check(
    "detectable_format:number_bullet_lists",
    example=Example(
        arguments={"num_bullets": 2},
        met="To do:\n* call the diver\n- clear the slip",
        unmet="To do:\n1. call the diver\n2. clear the slip",
    ),
)
def number_bullet_lists(reply: Reply, *, num_bullets: Count) -> Finding:
    """The reply has exactly so many bullet points: lines that begin with `*` or `-`.

    A line that begins with `**` is none; `---` is one, as in the original.
    """
    lines = (line.strip() for line in reply.text.split("\n"))
    bullets = [one for one in lines if one.startswith("-") or re.match(r"\*[^*]", one)]
    return within(
        len(bullets), "bullet point", exactly=num_bullets, quote=bullets[0] if bullets else ""
    )


@check(
    "detectable_format:constrained_response",
    example=Example(met="My answer is maybe.", unmet="Maybe; the tide decides."),
)
def constrained_response(reply: Reply) -> Finding:
    """The reply says `My answer is yes.`, or `no.` or `maybe.` in its place."""
    said = next((choice for choice in _CHOICES if choice in reply.text), "")
    return found(bool(said), f"says “{said}”" if said else "says none of the three answers", said)


@check(
    "detectable_format:number_highlighted_sections",
    example=Example(
        arguments={"num_highlights": 2},
        met="Closed on *Tuesday* for the **diver**.",
        unmet="Closed on *Tuesday* for the diver.",
    ),
)
def number_highlighted_sections(reply: Reply, *, num_highlights: Count) -> Finding:
    """The reply has at least so many passages in `*single*` or `**double**` asterisks.

    A passage stands on one line and is not empty.
    """
    passages = [
        match[0]
        for pattern in (_ITALIC, _BOLD)
        for match in pattern.finditer(reply.text)
        if match[1].strip()
    ]
    quote = passages[0] if passages else ""
    return within(len(passages), "highlighted passage", min=num_highlights, quote=quote)


@check(
    "detectable_format:multiple_sections",
    example=Example(
        arguments={"section_spliter": "Part", "num_sections": 2},
        met="Part 1\nClear the slip.\n\nPart 2\nCall the diver.",
        unmet="Part one\nClear the slip.\n\nPart two\nCall the diver.",
    ),
)
def multiple_sections(
    reply: Reply,
    *,
    section_spliter: Annotated[Text, Field(description="what a section begins with: `Section`")],
    num_sections: Count,
) -> Finding:
    """The reply has at least so many sections, begun by this word and a number: `Section 1`.

    The word is spelt as given, case included.
    """
    marks = re.findall(rf"{re.escape(section_spliter.strip())}\s?\d+", reply.text)
    return within(len(marks), "section", min=num_sections, quote=marks[0] if marks else "")


@check(
    "detectable_format:json_format",
    example=Example(met='```json\n{"closed": "Tuesday"}\n```', unmet="closed: Tuesday"),
)
def json_format(reply: Reply) -> Finding:
    """The whole reply is JSON, perhaps inside a code block, and nothing else."""
    text = reply.text.strip()
    opening = _FENCE.match(text)
    text = text[opening.end() :] if opening else text
    try:
        json.loads(
            text.strip().removesuffix("```").strip(), parse_constant=no_constant, parse_int=float
        )
    except (ValueError, RecursionError) as error:
        return found(False, f"not JSON: {str(error)[:100]}")
    return found(True, "JSON")


@check(
    "detectable_format:title",
    example=Example(met="<<Slack Water>>\nThe pier waits.", unmet="Slack Water\nThe pier waits."),
)
def title(reply: Reply) -> Finding:
    """The reply has a title in double angular brackets, such as `<<Slack Water>>`."""
    titles = (_bracketed(line) for line in reply.text.split("\n"))
    named = next((one for one in titles if one.lstrip("<").rstrip(">").strip()), "")
    return found(bool(named), f"the title is {named[:80]}" if named else "no <<title>>", named)


def _bracketed(line: str) -> str:
    """From the first `<<` to the last `>>` of a line; "" where there are none."""
    start, end = line.find("<<"), line.rfind(">>")
    return line[start : end + 2] if 0 <= start and start + 2 < end else ""


@check(
    "combination:two_responses",
    example=Example(
        met="Closed on Tuesday.\n******\nWe open again on Wednesday.",
        unmet="Closed on Tuesday.\n******\nClosed on Tuesday.",
    ),
)
def two_responses(reply: Reply) -> Finding:
    """The reply holds two different responses, parted by six asterisks."""
    parts = [part.strip() for part in reply.text.split(_SIX_STARS)]
    said = [part for part in parts if part]
    if not all(parts[1:-1]) or len(said) != 2:
        return found(False, f"{len(said)} responses, exactly 2 and nothing empty between them")
    return found(said[0] != said[1], "two responses", said[0])


@check(
    "combination:repeat_prompt",
    example=Example(
        arguments={"prompt_to_repeat": "When does the ferry leave?"},
        met="When does the ferry leave?\nAt seven.",
        unmet="The ferry leaves at seven.",
    ),
)
def repeat_prompt(
    reply: Reply,
    *,
    prompt_to_repeat: Annotated[Text, Field(description="what the reply begins with")],
) -> Finding:
    """The reply begins with the prompt, word for word; case does not matter."""
    said = reply.text.strip().lower().startswith(prompt_to_repeat.strip().lower())
    return found(said, "begins with the prompt" if said else "does not begin with the prompt")


@check(
    "startend:end_checker",
    example=Example(
        arguments={"end_phrase": "Mind the step."},
        met='The slip is closed. Mind the step."',
        unmet="Mind the step. The slip is closed.",
    ),
)
def end_checker(
    reply: Reply, *, end_phrase: Annotated[Text, Field(description="the last words")]
) -> Finding:
    """The reply ends with this phrase; case and a closing `"` do not matter."""
    text = reply.text.strip().strip('"')
    ends = text.lower().endswith(end_phrase.strip().lower())
    return found(ends, f"ends with “{text[-60:]}”", text[-60:])


@check(
    "punctuation:no_comma",
    example=Example(met="Closed on Tuesday. Sorry.", unmet="Sorry, closed on Tuesday."),
)
def no_comma(reply: Reply) -> Finding:
    """The reply has no comma."""
    place = reply.text.find(",")
    if place < 0:
        return found(True, "no comma")
    return found(False, "a comma", reply.text[max(0, place - 30) : place + 30])


@check(
    "startend:quotation",
    example=Example(met='"Closed on Tuesday."', unmet='They said "closed on Tuesday".'),
)
def quotation(reply: Reply) -> Finding:
    """The whole reply is wrapped in straight double quotation marks."""
    text = reply.text.strip()
    wrapped = len(text) > 1 and text[0] == text[-1] == '"'
    return found(wrapped, "wrapped in quotation marks" if wrapped else "not wrapped in them")
