"""Whether the instructions of a scenario were followed: all of them, or which share."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tastemaker.checks.arguments import Arguments, Problem
from tastemaker.checks.registry import BoundCheck, CheckError, Example, bind, check, is_blank
from tastemaker.records import Finding, Reply

FOLLOWING = "instructions"
"""The name of the check; a list of instructions in one of them would have no end."""


def instruction(written: Arguments) -> BoundCheck:
    """The check that an instruction is: its `id`, and beside it the arguments.

    Raises:
        CheckError: No such check, not one of a text, or arguments that it does not take.
    """
    name = written.get("id")
    if not isinstance(name, str):
        raise CheckError(FOLLOWING, [Problem(argument="id", message="is required")])
    found = bind(name, {key: value for key, value in written.items() if key != "id"})
    if name == FOLLOWING or found.check.deeds:
        what = f"{name!r} looks at more than the text of a reply: it cannot be an instruction"
        raise CheckError(name, [Problem(argument="", message=what)])
    return found


def _is_instruction(written: dict[str, Any]) -> dict[str, Any]:
    try:
        instruction(written)
    except CheckError as error:
        raise PydanticCustomError("instruction", "{text}", {"text": str(error)}) from error
    return written


Instructions = Annotated[
    list[Annotated[dict[str, Any], AfterValidator(_is_instruction)]],
    Field(min_length=1, description="the instructions, each `{id: CHECK, ARGUMENT: ...}`"),
]
Reading = Annotated[
    Literal["strict", "loose"],
    Field(description="`loose`: also where a first or last line, or asterisks, stand in the way"),
]


@check(
    FOLLOWING,
    example=Example(
        arguments={
            "of": [{"id": "punctuation:no_comma"}, {"id": "words", "max": 6}],
            "reading": "loose",
        },
        met="Here you are, as asked:\nClosed on Tuesday for the diver.",
        unmet="Closed on Tuesday, for the diver.",
    ),
)
def follows(
    reply: Reply,
    *,
    of: Instructions,
    reading: Reading = "strict",
    graded: Annotated[
        bool, Field(description="whether the value is the share of the instructions followed")
    ] = False,
) -> Finding:
    """The reply follows every one of these instructions.

    An instruction is any check that looks at the text of a reply, with its arguments. In a dataset
    they stand under the key `instructions` of a scenario, and the rubric asks for
    `of: {from: expect.instructions}`. The loose reading is IFEval's: an instruction is followed
    when the reply follows it as it is, without its first line, without its last, or without both;
    or any of these without asterisks.
    """
    findings = [_one(instruction(written), reply, reading) for written in of]
    failed = [
        f"{written['id']} ({finding.reason})"
        for written, finding in zip(of, findings, strict=True)
        if finding.value is not None and finding.value < 1
    ]
    unknown = next((finding for finding in findings if finding.value is None), None)
    if unknown is not None and (graded or not failed):
        return unknown
    followed = sum(finding.value == 1 for finding in findings)
    reason = f"{followed} of {len(of)} followed"
    return Finding(
        value=followed / len(of) if graded else float(not failed),
        reason=f"{reason}; not {', '.join(failed)}" if failed else reason,
        quote=next((finding.quote for finding in findings if finding.value == 0), ""),
    )


def _one(asked: BoundCheck, reply: Reply, reading: str) -> Finding:
    """What is found of one instruction; loosely read, the first variant that follows it."""
    strict = asked(reply)
    if reading == "strict" or strict.value == 1:
        return strict
    texts = (text for text in variants(reply.text) if not is_blank(text))
    loosely = (asked(replace(reply, text=text)) for text in texts)
    return next((finding for finding in loosely if finding.value == 1), strict)


def variants(text: str) -> Iterator[str]:
    """The other seven texts that the loose reading looks at, those that are equal once."""
    lines = text.split("\n")
    parts: Sequence[Sequence[str]] = (lines, lines[1:], lines[:-1], lines[1:-1])
    shorter = ["\n".join(part).strip() if part is not lines else text for part in parts]
    every = [*shorter, *(part.replace("*", "") for part in shorter)]
    yield from dict.fromkeys(every[1:])
