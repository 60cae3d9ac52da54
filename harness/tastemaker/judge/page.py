"""The page that is put to a judge: what it is shown, fenced, and what it is asked."""

import hashlib
import hmac
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from tastemaker.judge.reading import YES_OR_NO, Answers
from tastemaker.records import Message, Reply

if TYPE_CHECKING:
    import jinja2

Sees = tuple[str, ...]
Shown = Sequence[tuple[str, str]]
"""The sections of a page: name and text."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One criterion as the judge is asked about it."""

    id: str
    ask: str
    sees: Sees = ("prompt", "reply")
    met: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    note: str = ""
    answers: Answers = field(default_factory=lambda: YES_OR_NO)
    """What may be answered, and the value of each; None is "cannot tell"."""


def sections(reply: Reply, sees: Sees) -> list[tuple[str, str]]:
    """What a judge is shown, in a fixed order; sections a scenario does not have are left out."""
    parts: dict[str, str | None] = {
        "prompt": reply.prompt,
        "transcript": _transcript(_without_reply(reply) if "reply" in sees else reply.messages),
        "original": _original(reply),
        "document": reply.document,
        "reference": reply.reference,
        "reply": reply.text,
    }
    return [
        (name, sendable(part)) for name, part in parts.items() if name in sees and part is not None
    ]


REPLY_BELOW = "(The reply that is graded, which stands below.)"


def _without_reply(reply: Reply) -> Sequence[Message]:
    """The conversation with a word in place of the reply, which the page shows by itself.

    By how it begins: the reply may have been made longer since, to see what that does to a judge.
    """
    for place in range(len(reply.messages) - 1, -1, -1):
        last = reply.messages[place]
        if last.role == "assistant":
            if not last.text or not reply.text.startswith(last.text):
                break
            changed = replace(last, text=REPLY_BELOW)
            return [*reply.messages[:place], changed, *reply.messages[place + 1 :]]
    return reply.messages


def _original(reply: Reply) -> str | None:
    """The first document as the scenario gave it, which the reply may have changed."""
    return next((one.text for one in reply.work.versions if one.by == ""), None)


def _transcript(messages: Iterable[Message]) -> str:
    return "\n\n".join(f"[{message.role}]\n{_said(message)}" for message in messages)


def _said(message: Message) -> str:
    """What a message says, and what it calls: a comment on a document stands nowhere else."""
    calls = [
        f"{call.name}({json.dumps(dict(call.arguments), ensure_ascii=False)})"
        for call in message.tool_calls
    ]
    return "\n".join([message.text, *calls] if message.text or not calls else calls)


def sendable(text: str) -> str:
    """The text without what no provider takes: halves of surrogate pairs, and NUL."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def grading_page(
    shown: Shown, questions: Sequence[Question], secret: bytes, *, sample: int = 0
) -> str:
    """The page put to the judge. Equal arguments give an equal page.

    The fence is a keyed hash of all that stands on the page: whoever wrote the reply can neither
    guess it nor have seen it. `sample` enters it, so that asking again is a request of its own.
    """
    fence = fence_for((shown, questions) + ((sample,) if sample else ()), secret)
    return template("grade").render(
        sections=shown, questions=questions, fence=fence, yes_or_no=YES_OR_NO
    )


def fence_for(content: object, secret: bytes) -> str:
    """The line between which the material of a page stands."""
    return "-----" + hmac.new(secret, repr(content).encode(), hashlib.sha256).hexdigest()[:24]


def shuffled(shown: Shown, questions: Sequence[Question], *, sample: int = 0) -> list[Question]:
    """The questions in an order drawn by what is shown and asked: random, and always the same."""
    ids = sorted(question.id for question in questions)
    seed = hashlib.sha256(repr((shown, ids, sample)).encode()).digest()
    order = sorted(questions, key=lambda question: question.id)
    random.Random(seed).shuffle(order)
    return order


@cache
def template(name: str) -> "jinja2.Template":
    """One of the pages of this package."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tastemaker.judge", ""),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{name}.md.jinja")


def page_source() -> bytes:
    """What the pages are made from, to be hashed into what a grade rests on."""
    from importlib.resources import files

    return files("tastemaker.judge").joinpath("grade.md.jinja").read_bytes()
