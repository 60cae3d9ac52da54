"""What the model asks the user: back, instead of doing the work, and further, where that helps."""

from functools import cache
from typing import Annotated, Literal, get_args

import regex  # it ships no type information
from pydantic import Field

from tastemaker.checks.arguments import Texts
from tastemaker.checks.counting import found, plural
from tastemaker.checks.length import sentence_spans, word_spans
from tastemaker.checks.manner import questions
from tastemaker.checks.markdown import without_code
from tastemaker.checks.registry import Example, check, is_blank
from tastemaker.records import Finding, Reply

Choice = Literal["ask", "act"]
Turn = Annotated[
    Literal["last", "first"],
    Field(description="`first`: the first message that the model itself made, not the reply"),
]

ROOM = 120
"""Words beside its questions: who has written more has begun with the work."""

# No mark twice in what is quoted, and possessive: a mark that nothing closes is read over once.
_QUOTED = regex.compile(
    r"\"[^\".?!\n]*+[.?!][^\"\n]*+\"|“[^“”.?!\n]*+[.?!][^“”\n]*+”|"
    r"„[^„“”.?!\n]*+[.?!][^„“”\n]*+[“”]|«[^«».?!\n]*+[.?!][^«»\n]*+»|"
    r"「[^「」。？！\n]*+[。？！][^「」\n]*+」|^>.*$",
    regex.MULTILINE,
)
"""Whole sentences; a word in quotation marks may be what a question is about."""
_REQUEST = regex.compile(
    r"\b(?:tell|give|send|show) me (?!if\b|when (?:you|it)\b|a (?:shout|moment|second)\b)"
    r"|\blet me know (?:which|what|who|where|whether|when (?!you\b)|how (?!(?:it|that|things) )|"
    r"the|your)\b"
    r"|\b(?:let me know|tell me|give me|send me)[*_]*:"
    r"|\bI(?:['’]ll)? (?:still |just |only )?need (?:the|your|to know|one thing|two things|a few"
    r" (?:details|things))\b[^.!?\n]{0,60}(?:\bbefore I\b|\bfirst\b|:)"
    r"|\b(?:walk|talk) me through\b|\b(?:explain|describe)\b[^.!?\n]{0,40} (?:to|for) me\b|_{2,}"
    r"|\bI(?:['’]d| would|['’]ll)? (?:still |just )?need to know (?!if you need)"
    r"|\b(?:sag|sagen Sie|nenn|nennen Sie|schick|schicken Sie) mir\b|\bdites?-moi\b"
    r"|\b(?:dime|dígame|dígeme|dimmi|mi dica|diga-me|me diga|me diz)\b"
    r"|教えて(?:ください|くれ)"
    r"|(?<!そう)(?:です|ます|ました|ません|でした|でしょう|ましょう)か[。．]?\s*$",
    regex.IGNORECASE,
)
_DEED = r"(?:go|send|order|book|place|submit|cancel|do (?:it|this|that)|proceed)"
_GO_AHEAD = regex.compile(
    r"\bplease confirm\b|\bconfirm(?: this| that| it)?,? (?:and|so|then) I\b|\bsay the word\b"
    r"|\b(?:once|until|when|as soon as) you(?:['’]ve)? (?:confirm|approve|say (?:yes|so|go)|give)"
    r"|\b(?:say|reply|answer|type|respond)(?: with)?[\s\"“'‘*_]*(?:yes|ok(?:ay)?|go|confirm)\b"
    r"|\b(?:let me know|tell me|say so) (?:if|whether) (?:I (?:should|can|may)\b"
    rf"|you(?:['’]d like| would like| want) me to {_DEED}"
    r"|(?:that|this|it|everything)(?:['’]s| is| looks| sounds| works))"
    r"|\b(?:give me|waiting for|wait for|awaiting) (?:the|your) "
    r"(?:go[- ]ahead|ok(?:ay)?|confirmation|yes)"
    r"|\bsay so (?:and|,)|\b(?:bitte )?bestätig\w*,? (?:dann|und)\b|\bbescheid,? dann\b"
    r"|\b(?:dime|confírma\w*|avísa\w*) (?:si|y)\b|\bconfirmez?(?:-moi)? et\b"
    r"|\bconfirma\w* (?:e|que)\b",
    regex.IGNORECASE,
)
"""What asks for a yes before something is done, and is no question: "Please confirm."."""
_POINTS = regex.compile(
    r":\W*$|\b(?:these|those|following|below|above|details|information)\b", regex.IGNORECASE
)
_ITEM = regex.compile(r"^[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t]+(.+)$", regex.MULTILINE)
_SECOND = regex.compile(
    r"(?=\w)(?<=\w[\s,;:–—-]+)\b(?:and|plus|also|und|et|y|e|en)(?: also)?,? (?:"
    r"(?:what|how|why|when|where|which|who|whom|whose)\b|"
    r"(?:is|are|was|were|do|does|did|have|has|can|could|would|will|should)"
    r" (?:it|you|they|he|she|there|that|this|the|your)\b|"
    r"(?:was|wie|warum|wann|wo|welche[nrs]?|wer|hast du|haben Sie|ist|sind)\b|"
    r"(?:comment|pourquoi|quand|où|quel(?:le)?s?|combien|est-ce)\b|"
    r"(?:qué|cómo|por qué|cuándo|dónde|cuál|quién)\b|"
    r"(?:o que|como|por que|quando|onde|qual|quem|cosa|perché|dove|quale)\b)",
    regex.IGNORECASE,
)
_OPEN = regex.compile(
    r"\b(?:what|how|why)(?:['’]\w+)?\b|\b(?:tell me|(?:walk|talk) me through)\b|"
    r"(?:^|[,:;–—-]\s*|\b(?:and|so|but|about|at|to|from|for|on|of|in) )"
    r"(?:which|who|whose|where|when)\b|^\W*che\b|"
    r"\b(?:was|wie|warum|wieso|wo(?:ran|mit|von|rauf|für|bei)?|wann|wer|welche[nrsm]?|"
    r"qu(?:e|oi|el|elle|els|elles|and)|comment|pourquoi|où|"
    r"qué|cómo|cuál|cuándo|dónde|quién|"
    r"o que|como|qual|quais|onde|quem|cosa|come|quale|dove|perché|"
    r"wat|hoe|waarom|welke?)\b|\bqu['’]|"
    r"何|どう|どんな|どの|なぜ|いつ|どこ|誰",
    regex.IGNORECASE,
)
_AUXILIARY = regex.compile(
    r"^\W*(?:and |so |but )?"
    r"(?:is|are|was(?= (?:it|he|she|that|this|the|there|your|any)\b)|were|do|does|did|have|has|had|"
    r"can|could|would|will|should)(?:n['’]t)? (?!you (?:tell|say|describe|walk|talk)\b)",
    regex.IGNORECASE,
)
_COURTESY = regex.compile(
    r"\bany(?:thing)? (?:more|other (?:questions?|changes?))\b|\b(?:need|like|want) anything\b|"
    r"\bany (?:questions|changes)\b|"
    r"\b(?:does|is) (?:that|this) (?:help|work|all|ok(?:ay)?|clear)\b|"
    r"\b(?:sounds? (?:good|right|ok)|make sense)\b|"
    r"\b(?=any|noch|autre|algo|mais|serve|qualcos)(?<!\b(?:or|oder|ou|o),? |:[^.?!\n]{0,80}, )"
    r"(?:anything else|noch (?:etwas|was|Fragen)|"
    r"autre chose|algo más|mais alguma coisa|(?:serve|qualcos['’]) ?altro)\b",
    regex.IGNORECASE,
)
"""What stands under finished work out of habit, and asks for nothing that it would need.

The last of several possibilities is none: "Is it the price, the date, or anything else?"."""


def requests(text: str) -> list[str]:
    """The sentences that ask the user for something and are no questions: "Tell me the day."."""
    sentences = (text[start:end] for start, end in sentence_spans(text))
    return [one for one in sentences if _REQUEST.search(one) and not questions(one)]


def go_aheads(text: str) -> list[str]:
    """The sentences that ask for a yes and are no questions: "Please confirm."."""
    sentences = (text[start:end] for start, end in sentence_spans(text))
    return [one for one in sentences if _GO_AHEAD.search(one) and not questions(one)]


def asked_before(text: str) -> list[str]:
    """What a text asks before something is done: by question, by request or for a go-ahead.

    Where it points at a list ("Could you send me these?"), with what the list holds.
    """
    plain = _unquoted(text)
    asked = questions(plain) + requests(plain) or go_aheads(plain)
    items = "\n".join(_ITEM.findall(plain))
    return [f"{one}\n{items}" if items and _POINTS.search(one) else one for one in asked]


def asked_of_user(text: str) -> list[str]:
    """What a text asks whoever reads it, by question or request; not what it quotes."""
    plain = _unquoted(text)
    return questions(plain) + requests(plain)


def _unquoted(text: str) -> str:
    """The text with its code and what it quotes made blank; everything else stays in place."""
    return str(_QUOTED.sub(lambda match: " " * len(match[0]), without_code(text)))


def _said(reply: Reply, turn: str) -> str:
    if turn == "first" and reply.own:
        return reply.messages[reply.own[0]].text
    return reply.text


def _about(asked: str, words: list[str]) -> bool:
    """Whether one of these stands in it, at the beginning of a word where words are set apart."""
    return any(_begins(word).search(asked) for word in words)


@cache
def _begins(word: str) -> regex.Pattern[str]:
    apart = r"(?<![\p{Latin}\p{N}])" if word[0].isascii() else ""
    return regex.compile(apart + regex.escape(word), regex.IGNORECASE)


@check(
    "ask_or_act",
    chooses=get_args(Choice),
    needs_text=False,
    example=Example(
        arguments={"should": "ask", "work": ["Dear"]},
        met="Is this for your landlord or for the agency?",
        unmet="Dear Sir or Madam, the boiler is out again. Shall I make it firmer?",
    ),
)
def ask_or_act(
    reply: Reply,
    *,
    should: Annotated[Choice, Field(description="what is right: `ask` or `act`")],
    work: Annotated[
        Texts | None, Field(description="texts, one of which stands in any version of the work")
    ] = None,
) -> Finding:
    """The model asks the user before it does the work, or does it without asking.

    A choice between `ask` and `act`, of the first message that the model made. Who asks beside the
    work acted: a text of `work` stands there, or more than 120 words beside the questions; a
    courtesy ("Anything else?") asks for nothing. Without `work` any question counts as asking. A
    request ("Tell me the day.") is a question; one that is quoted is none. A reply without any text
    chose nothing.
    """
    text = _said(reply, "first")
    if is_blank(text):
        return Finding(value=0.0, reason="the reply is empty", should=should)
    did, reason, quote = _chosen(text, work)
    return Finding(
        value=float(did == should), reason=reason, quote=quote[:200], should=should, did=did
    )


def _chosen(text: str, work: list[str] | None) -> tuple[Choice, str, str]:
    """What was chosen, why one may say so, and the passage that shows it."""
    asked = asked_of_user(text)
    if work is not None:
        asked = [one for one in asked if not _COURTESY.search(one)]
    if not asked:
        return "act", "asks nothing", ""
    if work is None:
        return "ask", "asks", asked[0]
    done = next((one for one in work if one.casefold() in text.casefold()), None)
    if done is not None:
        return "act", f"asks beside the work ({done!r})", done
    beside = len(word_spans(text)) - sum(len(word_spans(one)) for one in asked)
    if beside > ROOM:
        return "act", f"{plural(beside, 'word')} beside what it asks", asked[0]
    return "ask", "asks and waits", asked[0]


@check(
    "asks_user",
    example=Example(
        arguments={"about": ["knee", "stairs"], "max": 1, "open": True},
        met="That rules out the shoes. What does the knee do on stairs?",
        unmet="What does the knee do on stairs, and do you stretch?",
    ),
)
def asks_user(
    reply: Reply,
    *,
    about: Annotated[
        Texts | None,
        Field(description="words or beginnings of words, one of which a question must hold"),
    ] = None,
    not_about: Annotated[
        Texts | None,
        Field(description="the same for what no question may hold: what is known already"),
    ] = None,
    max: Annotated[int | None, Field(ge=1, description="at most so many questions")] = None,
    open: Annotated[
        bool, Field(description="whether one of them must ask for more than a yes or a no")
    ] = False,
    where: Annotated[
        Literal["anywhere", "end"], Field(description="`end`: the last sentence must ask")
    ] = "anywhere",
    turn: Turn = "last",
) -> Finding:
    """The reply asks the user something: about this, and not about that.

    By question or by request ("Tell me the day."); what is quoted is not put to the user. Two
    questions in one sentence ("Who was there, and what did they say?") are two, "this or that?" is
    one. What is open is told by its words, `what`, `how`, `why` and their like, in English, German,
    French, Spanish, Portuguese, Italian, Dutch and Japanese.
    """
    text = _said(reply, turn)
    asked = asked_of_user(text)
    if not asked:
        return found(False, "asks nothing")
    count = len(asked) + sum(len(_SECOND.findall(one)) for one in asked)
    if max is not None and count > max:
        return found(False, plural(count, "question"), asked[0])
    if about is not None and not any(_about(one, about) for one in asked):
        return found(False, "asks about something else", asked[0])
    known = [one for one in asked if not_about is not None and _about(one, not_about)]
    if known:
        return found(False, "asks what is known or will not help", known[0])
    if open and not any(_OPEN.search(one) and not _AUXILIARY.search(one) for one in asked):
        return found(False, "can be answered with yes or no", asked[0])
    if where == "end" and _last_sentence(text) not in asked:
        return found(False, "does not end with what it asks", asked[0])
    return found(True, plural(count, "question"), asked[0])


def _last_sentence(text: str) -> str:
    plain = _unquoted(text)
    spans = sentence_spans(plain)
    return plain[slice(*spans[-1])] if spans else ""
