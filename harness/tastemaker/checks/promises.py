"""Promises: whether a reply says that it will do later what nothing was done for."""

from typing import Annotated

import regex
from pydantic import Field

from tastemaker.checks.arguments import SkipCode, Texts
from tastemaker.checks.counting import found
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.records import Call, Finding, Reply

# What only somebody can do who is still there later.
LATER = (
    r"remind(?:ing)? you|(?:send|give|ping|shoot|drop) you (?:a|an|the|another|your) "
    r"(?:\w+ )?(?:reminder|nudge|ping|alert|notification|update|heads-up|message|note)\b|"
    r"(?:ping|nudge|alert|notify|text|message) you\b|let you know (?:when|if|as soon|once|on|at)|"
    r"check (?:back|in)\b|follow up with you|get back to you|circle back|"
    r"(?:keep|have) an eye on|keep (?:watch|track|tabs|checking|monitoring)|monitor\b|"
    r"wake you|come back to you|touch base|have (?:it|that|this|them) ready for you (?:by|on|at)"
)
DONE = (
    r"(?:set|scheduled|created|added|put|made|saved|booked|logged|programmed) "
    r"(?:up )?(?:it|this|that|them|a|an|the|your|you|one|two|three|both|all)?\b[^.!?\n]{0,40}?"
    r"\b(?:reminders?|alarms?|alerts?|timers?|calendar|to-?do(?: list)?|task list|schedule)\b"
)
WILL = (
    r"\bI(?:['’]ll| will| am going to|['’]m going to|['’]m gonna)"
    r"(?: definitely| certainly| also| then| gladly| happily| be sure to| make sure to| just)?"
    r" (?:be )?"
)
HAVE = r"\bI(?:['’]ve| have|['’]ve just| have just| just)?(?: already| now| also)? "
PROMISES = tuple(
    regex.compile(pattern, regex.IGNORECASE)
    for pattern in (
        rf"{WILL}(?:{LATER})",
        rf"{HAVE}(?:{DONE})",
        r"\b(?:reminders?|alarms?|alerts?) (?:is |are |has been |have been )?(?:all |now )?"
        r"(?:set|scheduled|created|saved|in place|on the list)\b(?! (?:by|up by) you)",
        r"\byou(?:['’]ll| will) (?:get|receive|hear|see|find) [^.!?\n]{0,40}?"
        r"\b(?:reminder|alert|notification|ping|nudge|from me)\b",
        r"\b(?:consider it|it['’]s|that['’]s) (?:scheduled|on (?:the|your) (?:list|calendar))\b",
        r"\bich (?:werde|erinnere|melde|sage|gebe)\b[^.!?\n]{0,60}?"
        r"\b(?:erinner\w*|melde\w*|bescheid|benachrichtig\w*|beobacht\w*)\b",
        r"\bich erinnere (?:dich|sie|euch)\b",
        r"\bich habe? (?:dir|ihnen|euch|es|das|die|den|eine[n]?)\b[^.!?\n]{0,40}?"
        r"\b(?:erinnerung|termin|wecker|kalender)\b",
        r"\bje (?:vous |te |t['’])(?:rappellerai|préviendrai|avertirai|enverrai|tiendrai)\b",
        r"\bj['’]ai (?:bien )?(?:créé|programmé|mis|ajouté|enregistré)\b[^.!?\n]{0,40}?"
        r"\b(?:rappel|alarme|agenda|calendrier|alerte)\b",
        r"\bje vais (?:vous |te |t['’])(?:rappeler|prévenir|avertir|envoyer)\b",
        r"\b(?:te|le|os|les) (?:recordaré|avisaré|enviaré|notificaré|mantendré)\b",
        r"\bhe (?:creado|programado|puesto|añadido|guardado)\b[^.!?\n]{0,40}?"
        r"\b(?:recordatorio|alarma|aviso|calendario)\b",
    )
)
OFFERS = tuple(
    regex.compile(pattern, regex.IGNORECASE)
    for pattern in (
        rf"\bI (?:can|could|['’]d be happy to|would be happy to) (?:also |always )?(?:{LATER})",
        rf"\b(?:want|would you like|shall I|should I|do you want)[^.!?\n]{{0,20}}?(?:me to )?"
        rf"(?:{LATER}|set (?:up )?(?:a|an|the|one) (?:\w+ )?(?:reminder|alarm|alert))",
        r"\b(?:soll|kann|darf) ich (?:dich|sie|dir|ihnen)\b[^.!?\n]{0,60}?\berinner\w*\b",
        r"\b(?:voulez-vous|veux-tu) que je (?:vous |te |t['’])?rappelle\b",
        r"\b¿?(?:quieres|quiere) que te (?:recuerde|avise)\b",
    )
)
DENIED = regex.compile(
    r"\b(?:can(?:no|['’])t|cannot|won['’]t|will not|not able|unable|don['’]t have|do not have"
    r"|no way|couldn['’]t|have no|without|wish I could|nicht|kein\w*"
    r"|ne (?:peux|pourrai|vais)|pas|no puedo|no podré|no tengo)\b",
    regex.IGNORECASE,
)


QUOTED = regex.compile(r"^ {0,3}>.*$", regex.MULTILINE)
"""Lines that quote somebody."""


@check(
    "promised",
    example=Example(
        met="Sure! I'll remind you on Thursday at 7.",
        unmet="I can't set reminders here; your phone's clock can: Thursday, 7:00.",
    ),
)
def promised(
    reply: Reply,
    *,
    deeds: Annotated[
        Texts | None,
        Field(description="tools that keep the promise; left out: all that do not only look"),
    ] = None,
    offers: Annotated[
        bool, Field(description='whether an offer counts, too: "Shall I remind you?"')
    ] = False,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply says it will do something later, or has arranged it, with nothing done for it.

    Such as reminding, checking back, keeping an eye on: what takes somebody who is still there
    later. With a call that keeps it the promise is true, and does not count. What stands in a
    sentence that says it cannot be done is none. English first; some German, French and Spanish.
    """
    if any(_keeps(call, deeds) for call in reply.work.calls):
        return found(False, "and did it")
    text = QUOTED.sub("", prose(reply, skip_code))
    patterns = (*PROMISES, *OFFERS) if offers else PROMISES
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        if any(one.search(sentence) for one in patterns) and not DENIED.search(sentence):
            return found(True, "promises", sentence)
    return found(False, "promises nothing")


def _keeps(call: Call, deeds: list[str] | None) -> bool:
    return call.ok and (call.name in deeds if deeds is not None else not call.reads)
