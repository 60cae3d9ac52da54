"""What the model did: which tools it called, with what, and whether it asked first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import (
    Arguments,
    Exactly,
    Max,
    Min,
    Problem,
    Share,
    Text,
    Texts,
    limits,
    listed,
)
from tastemaker.checks.asking import asked_before
from tastemaker.checks.counting import found, plural, within
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.manner import questions
from tastemaker.checks.registry import Example, check, is_blank
from tastemaker.passages import shortened
from tastemaker.records import Call, Finding, Message, Reply, Work

NONE = "none"
"""The class of a choice to call no tool."""

Names = Annotated[Texts | None, Field(description="the tools that count; left out: all")]
Classes = Annotated[
    dict[Text, Annotated[list[Text], BeforeValidator(listed)]],
    Field(min_length=1, description="a name for each choice, and the tools that make it"),
]


def _done(*calls: Call, messages: Sequence[Message] = (), **fields: Any) -> Reply:
    """A reply of these calls, for examples."""
    said = messages or [Message(role="assistant", text="")]
    own = tuple(place for place, one in enumerate(said) if one.role == "assistant")
    return Reply(messages=tuple(said), own=own, work=Work(calls=calls), **fields)


SEARCHED = Call(name="search_web", arguments={"query": "tide times Whitby"}, reads=True)
CREATED = Call(name="create_document", arguments={"title": "Rota", "content": "Mon: Ines"})


@check(
    "tool",
    rules=[limits],
    deeds=True,
    tools=("name", "before", "after"),
    example=Example(
        arguments={"name": "search_web", "before": "create_document"},
        met=_done(SEARCHED, CREATED, text="The plan is in the canvas."),
        unmet=_done(CREATED, text="The plan is in the canvas."),
    ),
)
def tool(
    reply: Reply,
    *,
    name: Names = None,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    before: Annotated[
        Text | None, Field(description="the first call comes before the first of this tool")
    ] = None,
    after: Annotated[
        Text | None, Field(description="the first call comes after the first of this tool")
    ] = None,
    done: Annotated[
        bool, Field(description="whether calls that the tool refused are left out")
    ] = False,
) -> Finding:
    """The model called a tool: at least once, unless a number is given.

    `exactly: 0` asks that it was not called. With `before` or `after` it must have been called,
    and in that order; a tool that was not called at all comes after everything.
    """
    calls = [call for call in reply.work.calls if call.ok or not done]
    names = [call.name for call in calls]
    places = [place for place, one in enumerate(names) if name is None or one in name]
    counted = within(
        len(places),
        f"call of {' or '.join(name)}" if name else "call",
        min=min,
        max=max,
        exactly=exactly,
    )
    if before is None and after is None:
        return counted
    if not counted.value or not places:
        return counted if places else found(False, "was not called")
    if before is not None and before in names and names.index(before) < places[0]:
        return found(False, f"comes after {before}")
    if after is not None and (after not in names or names.index(after) > places[0]):
        return found(False, f"does not come after {after}")
    return found(True, counted.reason)


def _known_class(arguments: Arguments) -> Problem | None:
    classes, should = arguments["classes"], arguments["should"]
    if should in classes or should == NONE:
        return None
    known = ", ".join([*classes, NONE])
    return Problem(argument="should", message=f"{should!r} is none of the classes: {known}")


@check(
    "tool_choice",
    rules=[_known_class],
    chooses=lambda arguments: [*arguments["classes"], NONE],
    deeds=True,
    tools=("classes",),
    example=Example(
        arguments={
            "classes": {"canvas": "create_document", "search": "search_web"},
            "should": "search",
        },
        met=_done(SEARCHED, text="High water is at 14:10."),
        unmet=_done(text="Around two, I think."),
    ),
)
def tool_choice(
    reply: Reply,
    *,
    classes: Classes,
    should: Annotated[Text, Field(description="the class that is right, or `none`")],
) -> Finding:
    """The model chose the right tool of several, or rightly none.

    The first call that stands in a class is the choice; `none` is to call none of them. What was
    right and what was chosen are told as a choice: reports make a matrix of it, and rules can hold
    recall and false triggers of each class.
    """
    homes = {tool: name for name, tools in classes.items() for tool in tools}
    did = next((homes[one.name] for one in reply.work.calls if one.name in homes), NONE)
    return Finding(value=float(did == should), reason=f"chose {did}", should=should, did=did)


@check(
    "tool_arguments",
    deeds=True,
    tools=("name",),
    example=Example(
        arguments={"name": "search_web", "arguments": {"query": {"contains": ["tide", "Whitby"]}}},
        met=_done(SEARCHED, text="High water is at 14:10."),
        unmet=_done(Call(name="search_web", arguments={"query": "tides"}), text="About two."),
    ),
)
def tool_arguments(
    reply: Reply,
    *,
    name: Annotated[Text, Field(description="the tool")],
    arguments: Annotated[
        dict[Text, Any], Field(min_length=1, description="what its arguments must be, by name")
    ],
    which: Annotated[
        Literal["any", "every", "first", "last"], Field(description="which calls must fit")
    ] = "any",
) -> Finding:
    """A tool was called with these arguments.

    An argument deeper inside is named with dots, list places with numbers: `edits.0.replacement`.
    It must be equal to what is given; texts may differ in case and spaces. `{contains: [...]}` asks
    that all of these stand in it, `{any: [...]}` that one of them does.
    """
    calls = [call for call in reply.work.calls if call.name == name]
    if not calls:
        return found(False, f"{name} was not called")
    asked = {"first": calls[:1], "last": calls[-1:]}.get(which, calls)
    wrong = [_unlike(call, arguments) for call in asked]
    fits = all(not one for one in wrong) if which == "every" else any(not one for one in wrong)
    return found(fits, "as asked" if fits else next(filter(None, wrong)))


def _unlike(call: Call, wanted: Mapping[str, Any]) -> str:
    """The first argument that is not as wanted, in words; "" when all are."""
    for path, value in wanted.items():
        given = at(call.arguments, path.split("."))
        if not fits(given, value):
            return f"{path} is {shortened(str(given))!r}"
    return ""


def at(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path of keys and list places; None where there is nothing."""
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value is as wanted: equal, texts but for case and spaces, or by what it holds."""
    if isinstance(wanted, Mapping) and set(wanted) <= {"contains", "any"}:
        said = _plain(given)
        contained = all(_plain(one) in said for one in _several(wanted.get("contains", [])))
        options = _several(wanted.get("any", []))
        return contained and (not options or any(_plain(one) in said for one in options))
    if isinstance(given, str) and isinstance(wanted, str):
        return _plain(given) == _plain(wanted)
    return isinstance(given, bool) == isinstance(wanted, bool) and bool(given == wanted)


def _several(value: Any) -> list[Any]:
    """A list, or one thing alone: a text, a year."""
    return value if isinstance(value, list) else [value]


def _plain(text: Any) -> str:
    return " ".join(str(text).casefold().split())


@check(
    "calls_applied",
    deeds=True,
    tools=("name",),
    example=Example(
        arguments={"name": "create_document"},
        met=_done(CREATED, text="The rota is in the canvas."),
        unmet=_done(
            Call(name="create_document", arguments={"title": "Rota"}, ok=False),
            text="The rota is in the canvas.",
        ),
    ),
)
def calls_applied(
    reply: Reply,
    *,
    name: Names = None,
) -> Finding:
    """The share of calls that the tool carried out: 1 when none was refused.

    A call is refused when it cannot be read, or asks for what is not there: a passage to replace
    that does not occur, or occurs twice. Without a call there is no share, and nothing was done: 0.
    """
    calls = [one for one in reply.work.calls if name is None or one.name in name]
    if not calls:
        return found(False, "no call was made")
    refused = [one for one in calls if not one.ok]
    share = 1 - len(refused) / len(calls)
    reason = f"{len(calls) - len(refused)} of {plural(len(calls), 'call')} carried out"
    return Finding(value=share, reason=reason, quote="")


ASKED = Message(role="assistant", text="Which week do you mean?")
ANSWERED = Message(role="user", text="the one of the 9th")
ACTED = Message(role="assistant", text="")


@check(
    "asked_first",
    deeds=True,
    tools=("acts",),
    example=Example(
        met=_done(
            Call(name="create_document", arguments={}, message=2),
            messages=[ASKED, ANSWERED, ACTED],
            text="The rota for that week is in the canvas.",
        ),
        unmet=_done(CREATED, text="Here is a rota. Which week did you mean?"),
    ),
)
def asked_first(
    reply: Reply,
    *,
    acts: Annotated[
        Texts | None, Field(description="the tools that act; left out: all that do not only look")
    ] = None,
    about: Annotated[
        Texts | None, Field(description="words, one of which a question must hold")
    ] = None,
) -> Finding:
    """The model asked the user before it acted, and waited for the answer.

    A question counts where its message calls no tool: what is asked while acting is asked too late.
    A request ("Tell me the day.") and a wish for a yes ("Please confirm.") are questions, too.
    Looking something up is no act. Where nothing was done, having asked is enough.
    """
    first = min((c.message for c in reply.work.calls if _acts(c, acts)), default=None)
    before = [place for place in reply.own if first is None or place < first]
    turns = [reply.messages[place] for place in before]
    texts = [m.text for m in turns if not m.tool_calls]
    if first is None and not texts:
        texts = [reply.text]
    asked = [one for text in texts for one in asked_before(text) if _about(one, about)]
    if asked:
        quote = asked[0].split("\n")[0]
        return found(True, "asked before acting" if first is not None else "asked", quote)
    return found(False, "acted without asking" if first is not None else "did not ask")


def _acts(call: Call, acts: Iterable[str] | None) -> bool:
    """Whether it changed something; what a tool refused did not."""
    return call.ok and (call.name in acts if acts is not None else not call.reads)


def _about(question: str, words: Iterable[str] | None) -> bool:
    said = question.casefold()
    return words is None or any(word.casefold() in said for word in words)


@check(
    "reply_to_user",
    deeds=True,
    example=Example(
        arguments={"max_words": 60, "repeats": 0.3},
        met=_done(CREATED, text="The rota is in the canvas; Friday is still open."),
        unmet=_done(CREATED, text=""),
    ),
)
def reply_to_user(
    reply: Reply,
    *,
    min_words: Annotated[int, Field(ge=1, description="at least this many words")] = 1,
    max_words: Annotated[int | None, Field(ge=1, description="at most this many words")] = None,
    repeats: Annotated[
        Share | None,
        Field(description="at most this share of its sentences stand in the document, too"),
    ] = None,
) -> Finding:
    """After what it did, the model tells the user, in the chat.

    With `repeats`, the chat does not say again what stands in the document.
    """
    if is_blank(reply.text):
        return found(False, "says nothing")
    words = len(reply.text.split())
    if words < min_words or (max_words is not None and words > max_words):
        return found(False, plural(words, "word"))
    if repeats is not None and reply.work.versions:
        share = _repeated(reply.text, [version.text for version in reply.work.versions])
        if share > repeats:
            return found(False, f"{share:.0%} of it stands in the document")
    return found(True, plural(words, "word"))


def _repeated(text: str, documents: Iterable[str]) -> float:
    """Share of the sentences of four or more words that stand in one of the documents."""
    held = _plain("\n".join(documents))
    sentences = [_plain(text[start:end]) for start, end in sentence_spans(text)]
    long = [one for one in sentences if len(one.split()) >= 4]
    return sum(one in held for one in long) / len(long) if long else 0.0


@check(
    "question_quality",
    deeds=True,
    tools=("acts",),
    example=Example(
        arguments={"about": ["which week", "what week"], "max": 1},
        met=Reply(text="Which week do you mean?", messages=(ASKED,), own=(0,)),
        unmet=Reply(text="Which week, what for, and how long should it be? Any wishes?"),
    ),
)
def question_quality(
    reply: Reply,
    *,
    about: Annotated[
        Texts | None, Field(description="words, one of which the question must hold")
    ] = None,
    not_about: Annotated[
        Texts | None, Field(description="words of what is known already, or does not matter")
    ] = None,
    max: Annotated[int, Field(ge=1, description="at most so many questions in one message")] = 1,
    acts: Annotated[
        Texts | None, Field(description="the tools that act; left out: all that do not only look")
    ] = None,
    shows: Annotated[
        list[Any],
        BeforeValidator(listed),
        Field(description="what the message must tell, each a text or `{any: [...]}`"),
    ] = [],  # noqa: B006 - never changed
) -> Finding:
    """The model asks a good question: about what is missing, few at once, before it acts.

    Looked at is the first message that asks something, also by a request ("Tell me the day.") or
    for a yes ("Please confirm."). A question that lists several things to be answered counts as
    one; so ask by `about` for what it, or a list that it points at, must be about. With `shows` the
    whole message, not only its question, tells what the answer is about: what would be bought, for
    how much.
    """
    first = min((c.message for c in reply.work.calls if _acts(c, acts)), default=None)
    said = [(place, reply.messages[place].text) for place in reply.own] or [(0, reply.text)]
    asking = next(((place, text) for place, text in said if asked_before(text)), None)
    if asking is None:
        return found(False, "asks nothing")
    place, text = asking
    asked = asked_before(text)
    quote = asked[0].split("\n")[0]
    if first is not None and place >= first:
        return found(False, "asks after acting", quote)
    number = len(questions(text)) or 1
    if number > max:
        return found(False, f"{number} questions at once", quote)
    if not any(_about(one, about) for one in asked):
        return found(False, "asks about something else", quote)
    needless = [one for one in asked if not_about and _about(one, not_about)]
    if needless:
        return found(False, "asks what is known", needless[0].split("\n")[0])
    untold = [one for one in shows if not fits(text, _held(one))]
    if untold:
        return found(False, f"does not tell {shortened(str(untold[0]))!r}", quote)
    return found(True, plural(number, "question"), quote)


def _held(wanted: Any) -> Any:
    return wanted if isinstance(wanted, Mapping) else {"contains": [wanted]}
