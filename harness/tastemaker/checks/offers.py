"""Offers: whether a reply asks if it should do something later, instead of doing it or not."""

import regex

from tastemaker.checks.arguments import Exactly, Max, Min, SkipCode, limits
from tastemaker.checks.counting import within
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.markdown import without_code
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Message, Reply

NUDGE = r"(?:reminders?|nudges?|pings?|prods?|pokes?|heads-up)"
A_NUDGE = rf"(?:a|an|one|another|some) (?:[\w'’-]+ ){{0,3}}?{NUDGE}\b"
TELL = (
    r"(?:remind|nudge|ping|prod|poke|alert|notify|wake|text) (?:you|both of you)\b|"
    r"(?:check|checked) in (?:with|on) you\b|set (?:up )?(?:reminders|alarms)\b|"
    r"(?:tell you|let you know|speak up|say something) (?:when|once|as soon|if|on|at|before|the)\b|"
    rf"(?:send|give|drop|shoot) you [^.!?\n]{{0,40}}?\b{NUDGE}\b|"
    r"check (?:back|in) (?:with|on) you\b|check back\b|follow up with you\b|"
    r"bring (?:it|this|that) (?:back )?up again\b"
)
PUT = (
    r"(?:set|put|add|create|make|pop|stick|leave|keep|save|schedule)\b[^.!?\n]{0,60}?"
    rf"\b(?:{NUDGE}|alarms?|timers?|recurring|"
    r"(?:on|to|in|into) your (?:(?:task|to-?do|reminder) ?)?"
    r"(?:list(?! of)|tasks|calendar|diary))\b|"
    r"(?:set up|add|create|make) (?:(?:this|that|it) as )?(?:a|an|some|two) "
    r"(?:[\w'’-]+ ){0,3}?tasks?\b|"
    r"schedule (?:it|this|that|these|them|a|an|one|both|all)\b"
)
OFTEN = (
    r"(?:(?<!\bfor )(?:every|each) (?:single |other |second |third |\d+ )?"
    r"(?:day|morning|evening|night|week|fortnight|month|quarter|year|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?|"
    r"daily|weekly|monthly|automatically|by myself|on my own|unprompted|from now on|"
    r"on a schedule|without (?:you|your|being)|before you (?:ask|wake|get up|sit down))"
)
ROUTINE = (
    r"automate (?:it|this|that)\b|"
    r"(?:do|run|send|post|bring|have|fetch|tell|give|take|repeat|look|check|prepare|draft|write|make"
    rf"|ask|work|put|pull|log|track|keep|handle)\b[^.!?\n]{{0,70}}?\b{OFTEN}\b"
)
DEED = rf"(?:{TELL}|{PUT}|{ROUTINE})"
ASKING = (
    r"\b(?:(?:want|like|prefer|need|have) me to|(?:would|do) you (?:like|want) to|"
    r"shall I|should I|may I|can I|could I|how about|what if I|ok(?:ay)? if I|help if I|"
    r"useful if I|I['’]ll|I will)\b"
)
WISHING = (
    r"\b(?:want|would you like|do you want|would|like|fancy|need|how about|what about|care for|use)"
)
QUESTIONS = tuple(
    regex.compile(pattern, regex.IGNORECASE)
    for pattern in (
        rf"{ASKING}[^.!?\n]{{0,60}}?\b{DEED}",
        rf"(?:{WISHING}|\bhelp to have) {A_NUDGE}",
        rf"^\W*(?:{A_NUDGE}|{NUDGE}\b)",
        rf"^\W*(?:do you )?want (?:this|that|it|them|the [\w ]+?) [^.!?\n]{{0,40}}?\b{OFTEN}\b",
        # German
        r"\b(?:soll|kann|darf|möchte\w*|willst|wollen|magst|mögen|brauchst|wie wäre)\b[^?]{0,90}?"
        r"\b(?:erinner\w*|anstups\w*|stups\w*|bescheid|auf (?:die|deine|ihre|eure) (?:\w+)?liste|"
        r"melde\w*|jede[nrs]?|täglich|wöchentlich|automatisch|von selbst|von mir aus)\b",
        # French
        r"\b(?:veux-tu|voulez-vous|tu veux|vous voulez|souhaitez-vous|souhaites-tu|je peux|puis-je|"
        r"dois-je|je vous|je te|ça vous|ça t)\b[^?]{0,90}?"
        r"\b(?:rappel\w*|préviens|prévienne|alerte|sur (?:ta|votre) liste|chaque|"
        r"tous les|toutes les|d['’]office)\b",
        # Spanish
        r"\b(?:quieres|quiere|queréis|te gustaría|le gustaría|puedo|te pongo|le pongo|te apunto|"
        r"necesitas|te hago|te lo)\b[^?]{0,90}?"
        r"\b(?:recuerd\w*|recordator\w*|recordar\w*|avis\w*|en (?:tu|su) lista|cada|todos los|"
        r"todas las)\b",
        # Portuguese
        r"\b(?:quer|queres|gostaria|posso|devo)\b[^?]{0,90}?"
        r"\b(?:lembr\w*|avis\w*|na (?:sua|tua) lista|cada|todos os|todas as|toda)\b",
        # Italian
        r"\b(?:vuoi|vuole|volete|posso|ti serve|ti va|devo)\b[^?]{0,90}?"
        r"\b(?:ricord\w*|promemoria|avvis\w*|nella (?:tua|sua) lista|ogni|tutti i|tutte le)\b",
        # Dutch
        r"\b(?:zal ik|wil je|wilt u|kan ik|moet ik|heb je)\b[^?]{0,90}?"
        r"\b(?:herinner\w*|seintje|waarschuw\w*|op (?:je|uw) lijst\w*|elke|iedere|elk|ieder)\b",
    )
)
LEAVE = regex.compile(
    r"\b(?:if you(?:['’]d)? (?:like|want|wish|prefer)|if you would like|if (?:that|it) (?:helps"
    r"|would help)|just say|say (?:so|the word)|let me know|tell me|whenever you want)\b",
    regex.IGNORECASE,
)
# Offers where the sentence leaves it to the user: as one pattern it would search again from each
# character of a long sentence.
IF_LEFT = regex.compile(
    rf"\bI(?:['’]ll| will| can| could)(?: also| gladly| happily)? {DEED}", regex.IGNORECASE
)
SAY_SO = r"\b(?:let me know|tell me|say so|say the word|just say|just ask)\b"
STATEMENTS = tuple(
    regex.compile(pattern, regex.IGNORECASE)
    for pattern in (
        r"\b(?:I can|I could|I['’]d be happy to|I would be happy to|I['’]m happy to|happy to|"
        rf"glad to|be glad to)(?: also| always| gladly| easily| certainly| of course)? {DEED}",
        rf"{SAY_SO}[^.!?\n]{{0,20}}\b(?:want|like|need|prefer) (?:me to {DEED}|{A_NUDGE})",
        rf"\b(?:want|like|need|prefer) (?:me to {DEED}|{A_NUDGE})[^.!?\n]{{0,40}}{SAY_SO}",
        r"\bich\b[^.!?\n]{0,40}\berinner\w*[^.!?\n]{0,60}\b(?:wenn|falls) (?:du|sie|ihr)\b|"
        r"\b(?:wenn|falls) (?:du|sie|ihr)\b[^.!?\n]{0,40}\bich\b[^.!?\n]{0,60}\berinner\w*|"
        r"\b(?:wenn|falls) (?:du|sie|ihr)\b[^.!?\n]{0,40}\berinner\w* ich\b|"
        r"\bich kann (?:dich|sie|euch|dir|ihnen)\b[^.!?\n]{0,60}\berinner\w*",
        r"\bsi (?:tu veux|vous voulez|vous le souhaitez|tu le souhaites|ça vous arrange)\b"
        r"[^.!?\n]{0,60}\brappel\w*|\bje peux (?:vous|te) (?:le |la )?rappeler\b",
        r"\bsi (?:quieres|quiere|te parece|lo prefieres)\b[^.!?\n]{0,60}\b(?:recuerd|recordar|avis)"
        r"\w*|\bpuedo recordar\w*",
        r"\bse (?:vuoi|vuole)\b[^.!?\n]{0,60}\b(?:ricord|promemoria|avvis)\w*",
        r"\bse (?:quiser|quiseres)\b[^.!?\n]{0,60}\b(?:lembr|avis)\w*",
        r"\bals (?:je|u) (?:wil|wilt)\b[^.!?\n]{0,60}\b(?:herinner|waarschuw)\w*",
    )
)
DENIED = regex.compile(
    r"\b(?:can(?:no|['’])t|cannot|won['’]t|will not|not able|unable|(?:don['’]t|do not) have"
    r"(?! to\b))\b"
    r"|\bkann\b[^.!?\n]{0,40}\bnicht\b|\bne (?:peux|pourrai)\b|\bno puedo\b|\bnon posso\b",
    regex.IGNORECASE,
)
ENDS_ASKING = regex.compile(r"[?？][\"'”’»)\]*_ !]*$")


@check(
    "offered",
    rules=[limits],
    example=Example(
        met="Every second day until the 30th. Shall I remind you on the days that count?",
        unmet="Every second day until the 30th. I'll remind you.",
    ),
)
def offered(
    reply: Reply,
    *,
    min: Min = None,
    max: Max = None,
    exactly: Exactly = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The model offers to do something later, or again and again: to remind, to look, to send.

    Counted are its messages with an offer, those before the last one, too: at least one, unless a
    number is given; `max: 1` asks that it offers but once. A promise is none ("I'll remind you"),
    nor is advice ("set an alarm"), nor the offer of what can be done at once ("Shall I draft it?").
    English first; some German, French, Spanish, Portuguese, Italian and Dutch.
    """
    messages = [reply.messages[place] for place in reply.own]
    texts = [one.text for one in messages or [Message(role="assistant", text=reply.text)]]
    found_in = [offer for text in texts if (offer := _offer(text, skip_code))]
    quote = found_in[-1] if found_in and found_in[-1] in reply.text else ""
    return within(len(found_in), "offer", min=min, max=max, exactly=exactly, quote=quote)


def _offer(text: str, skip_code: bool) -> str:
    """The first sentence of a text that offers something; "" when none does."""
    plain = without_code(text) if skip_code else text
    sentences = [plain[start:end] for start, end in sentence_spans(plain)]
    return next((one for one in sentences if not one.startswith(">") and _is_offer(one)), "")


def _is_offer(sentence: str) -> bool:
    if ENDS_ASKING.search(sentence) and any(one.search(sentence) for one in QUESTIONS):
        return True
    if DENIED.search(sentence):
        return False
    left = LEAVE.search(sentence) is not None and IF_LEFT.search(sentence) is not None
    return left or any(one.search(sentence) for one in STATEMENTS)
