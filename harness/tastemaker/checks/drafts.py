"""Drafts of the model's own: whether what it faulted in one is gone from the next."""

from collections.abc import Sequence
from typing import Annotated

import regex
from pydantic import Field

from tastemaker.checks.arguments import Share
from tastemaker.checks.counting import found, plural
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Message, Reply

QUOTED = regex.compile(
    r"[\"“„]([^\"“”„\n]{3,300})[\"”“]|[«»]([^«»\n]{3,300})[«»]|`([^`\n]{3,300})`"
    r"|(?<![\w])[‘']([^‘’'\n]{3,300}(?:['’]\w[^‘’'\n]{0,300})?)[’'](?![\w])"
    r"|「([^」\n]{2,200})」"
)
"""Words between quotation marks."""


def _turns(*texts: str) -> Reply:
    """A reply of several turns of the model, for examples."""
    messages = [
        message
        for said in texts
        for message in (
            Message(role="user", text="Go on."),
            Message(role="assistant", text=said),
        )
    ]
    own = tuple(range(1, len(messages), 2))
    return Reply(text=texts[-1], messages=tuple(messages), own=own)


DRAFT = "The sea was a mirror. Gulls wheeled overhead. Ines counted her coins and had four."


@check(
    "acts_on_critique",
    example=Example(
        met=_turns(
            DRAFT,
            'Weak: "a mirror" is everybody\'s, "wheeled overhead" too.',
            "The sea lay like poured tin. Ines counted her coins and had four.",
        ),
        unmet=_turns(DRAFT, "It could be more vivid overall.", f"{DRAFT} It was a fine day."),
    ),
)
def acts_on_critique(
    reply: Reply,
    *,
    share: Annotated[
        Share, Field(description="at least this share of the quoted words is gone")
    ] = 0.75,
    quotes: Annotated[int, Field(ge=1, description="at least so many passages are quoted")] = 1,
) -> Finding:
    """The model quotes what is weak in its own draft, and the next draft is without it.

    Its first turn is the draft, its last the next one, those between the critique. What stands in
    quotation marks there and in the draft, whatever the case, is what it faulted. A critique that
    quotes nothing of the draft faults nothing that anybody could check.
    """
    texts = [reply.messages[place].text for place in reply.own]
    if len(texts) < 3:
        return found(False, "there is no draft with a critique after it")
    draft, last = _plain(texts[0]), _plain(texts[-1])
    named = [one for one in _quoted(texts[1:-1]) if one in draft]
    if len(named) < quotes:
        return found(False, f"quotes {plural(len(named), 'passage')} of its draft")
    left = [one for one in named if one in last]
    gone = 1 - len(left) / len(named)
    reason = f"{len(named) - len(left)} of {plural(len(named), 'passage')} it faulted are gone"
    return found(gone >= share, reason)


def _quoted(texts: Sequence[str]) -> list[str]:
    passages = [next(filter(None, match)) for text in texts for match in QUOTED.findall(text)]
    return list(dict.fromkeys(_plain(one).strip(" .,;:!?…") for one in passages))


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())
