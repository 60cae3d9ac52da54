"""What is kept over many turns: wishes that were said once, each from one turn to another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from tastemaker.checks.registry import BoundCheck, Example, bind, check
from tastemaker.records import Finding, Message, Reply


class Wish(BaseModel):
    """A check, and the turns in which it must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    first: int = Field(default=1, ge=1, alias="from")
    """The turn that answers the user's first message is 1."""
    last: int | None = Field(default=None, ge=1, alias="to")
    """None: to the end."""
    check: str
    arguments: dict[str, Any] = Field(default={}, alias="with")

    @model_validator(mode="after")
    def _can_be_asked(self) -> "Wish":
        if self.last is not None and self.last < self.first:
            raise ValueError(f"to turn {self.last} ends before from turn {self.first}")
        bind(self.check, self.arguments)  # CheckError is a ValueError
        return self

    def holds_in(self, turn: int) -> bool:
        """Whether the wish is in force in this turn."""
        return self.first <= turn and (self.last is None or turn <= self.last)


def _wishes(written: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same list, when each entry can be read as a wish."""
    for number, one in enumerate(written, 1):
        try:
            Wish.model_validate(one)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            message = first["msg"].removeprefix("Value error, ")
            raise ValueError(f"wish {number}: {where}{': ' if where else ''}{message}") from error
    return [dict(one) for one in written]


class Turn(NamedTuple):
    """What the model said in answer to one message of the user."""

    number: int
    """Of the user's message, from 1."""
    reply: Reply
    """The conversation as it stood then, with what was said in this turn as its text."""


def turns(reply: Reply) -> Iterator[Turn]:
    """The turns that the model took; of a recorded reply without the others, that one."""
    said = [place for place, m in enumerate(reply.messages) if m.role == "assistant"]
    places = list(reply.own) or said
    users = [place for place, m in enumerate(reply.messages) if m.role == "user"]
    if not places:
        yield Turn(max(len(users), 1), reply)
        return
    for number, start in enumerate(users, 1):
        end = users[number] if number < len(users) else len(reply.messages)
        own = [place for place in places if start < place < end]
        if own:
            yield Turn(number, _as_it_stood(reply, reply.messages[start], own))


def _as_it_stood(reply: Reply, asked: Message, own: Sequence[int]) -> Reply:
    said = [reply.messages[place].text for place in own]
    return replace(
        reply,
        text="\n\n".join(filter(None, said)),
        prompt=asked.text,
        messages=reply.messages[: own[-1] + 1],
        own=tuple(place for place in reply.own if place <= own[-1]),
    )


@check(
    "turns_kept",
    needs_text=False,
    example=Example(
        arguments={"wishes": [{"from": 2, "check": "exclamations", "with": {"max": 0}}]},
        met=Reply(
            text="At nine.",
            messages=(
                Message(role="user", text="hi"),
                Message(role="assistant", text="Hello!"),
                Message(role="user", text="no exclamation marks please. when do we meet?"),
                Message(role="assistant", text="At nine."),
            ),
            own=(1, 3),
        ),
        unmet=Reply(
            text="At nine!",
            messages=(
                Message(role="user", text="hi"),
                Message(role="assistant", text="Hello."),
                Message(role="user", text="no exclamation marks please. when do we meet?"),
                Message(role="assistant", text="At nine!"),
            ),
            own=(1, 3),
        ),
    ),
)
def turns_kept(
    reply: Reply,
    *,
    wishes: Annotated[
        list[dict[str, Any]],
        Field(min_length=1, description="each `{from: 2, to: 8, check: ..., with: {...}}`"),
        AfterValidator(_wishes),
    ],
    credit: Annotated[
        Literal["share", "all", "until_broken"],
        Field(description="the share of turns kept, whether all were, or how long none was broken"),
    ] = "share",
    since: Annotated[
        int | None, Field(ge=1, description="only this turn and those after it count")
    ] = None,
) -> Finding:
    """What the user wished is kept, in every turn in which it holds.

    Turn 1 answers the user's first message. A wish without `from` holds from the first turn,
    without `to` until the last; it may stand several times. A turn is as good as the worst wish
    that holds in it. `until_broken` is the share of turns before the first that breaks one. Turns
    that the model did not take, in which nothing holds, or in which a check cannot tell, are left
    out; where none is left the reply is unscored.
    """
    read = [Wish.model_validate(one) for one in wishes]
    bound = [(one, bind(one.check, one.arguments)) for one in read]
    found = [
        (turn.number, worst)
        for turn in turns(reply)
        if turn.number >= (since or 1) and (worst := _worst(turn, bound)) is not None
    ]
    if not found:
        return Finding(value=None, reason="no turn of the model in which a wish holds")
    values = [finding.value or 0.0 for _, finding in found]
    broken = next((place for place, value in enumerate(values) if value < 1), len(values))
    if broken == len(values):
        return Finding(value=1.0, reason=f"kept in all {len(values)}")
    value = {
        "share": sum(values) / len(values),
        "all": 0.0,
        "until_broken": broken / len(values),
    }[credit]
    kept = sum(value == 1 for value in values)
    number, first = found[broken]
    reason = f"kept in {kept} of {len(values)}; turn {number}: {first.reason}"
    return Finding(value=value, reason=reason, quote=first.quote)


def _worst(turn: Turn, wishes: Sequence[tuple[Wish, BoundCheck]]) -> Finding | None:
    """The worst finding of a turn; None where no wish holds or none can be told."""
    found = [ask(turn.reply) for wish, ask in wishes if wish.holds_in(turn.number)]
    told = [finding for finding in found if finding.value is not None]
    return min(told, key=lambda finding: finding.value or 0.0, default=None)
