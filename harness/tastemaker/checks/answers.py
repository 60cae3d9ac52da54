"""Whether a reply is right: against a reference, with wrong and not knowing kept apart."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import Share, Text, listed
from tastemaker.checks.counting import LONGEST_QUOTE
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.phrases import unaccented, whole_word
from tastemaker.checks.quantities import Span, dates, quantities
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

RIGHT, WRONG, ABSTAINED = "right", "wrong", "abstained"

Answers = Annotated[list[Text], BeforeValidator(listed)]


@dataclass(frozen=True, kw_only=True)
class Classified:
    """What a reply did with a question."""

    kind: str
    """right, wrong or abstained."""
    reason: str
    quote: str = ""


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """Where the answer stands in a reply, and what of its own kind stands there beside it."""

    right: tuple[Span, ...] = ()
    rival: tuple[Span, ...] = ()


@check(
    "answer",
    example=Example(
        arguments={"answers": {"from": "expect.answers"}, "others": {"from": "expect.others"}},
        met=Reply(
            text="It isn't Sydney, it's Canberra.",
            expect={"answers": ["Canberra"], "others": ["Sydney", "Melbourne"]},
        ),
        unmet=Reply(
            text="It's either Sydney or Canberra.",
            expect={"answers": ["Canberra"], "others": ["Sydney", "Melbourne"]},
        ),
    ),
    chooses=(RIGHT, WRONG, ABSTAINED),
)
def answer(
    reply: Reply,
    *,
    answers: Annotated[
        Answers,
        Field(description="the right answer in its accepted forms; `[]`: nobody can know"),
    ],
    others: Annotated[Answers | None, Field(description="wrong answers that tempt")] = None,
    abstained: Annotated[
        Share, Field(description="the value of not answering where there is an answer")
    ] = 0.0,
) -> Finding:
    """The reply gives the right answer, or says that it does not know where nobody can.

    Each reply is `right`, `wrong` or `abstained`. An accepted form is a name (`Canberra`: whole
    words, case and accents do not matter), a date (`1969-07-20`, `1969-07`: any usual way to write
    it, in six languages) or a number (`8849`, `8849 ± 10 m`, `37 ± 0.5 °C`: digits or English
    words, units converted; without `±` it must be exact).
    Right is an answer that is said and not denied. One of several guesses is wrong: "Sydney or
    Canberra", "maybe 1912, maybe 1914". Where the question names two ("Reno or Los Angeles?"), the
    first that the reply names is its choice. "I don't know" and its kin, in nine languages,
    abstain, unless a guess comes with them: then the guess counts. What neither answers nor
    abstains is wrong. The choice (`should`, `did`) is told with it; with `abstained: 1` there is
    none, for then either will do. `answers: []` asks for abstaining.
    """
    found = classify(reply.text, answers, others or (), reply.prompt)
    should = RIGHT if answers else ABSTAINED
    lenient = found.kind == ABSTAINED and found.kind != should
    value = abstained if lenient else float(found.kind == should)
    choice = (should, found.kind) if abstained == 0 else (None, None)
    return Finding(
        value=value,
        reason=f"{found.kind}: {found.reason}",
        quote=found.quote[:LONGEST_QUOTE],
        should=choice[0],
        did=choice[1],
    )


def classify(
    text: str, answers: Sequence[str], others: Sequence[str] = (), prompt: str = ""
) -> Classified:
    """Right, wrong or abstained, for a reply that is not empty.

    Args:
        text: The reply.
        answers: The right answer in its accepted forms, as `answer` takes them; none: nobody knows.
        others: Wrong answers that tempt, as names, dates or numbers.
        prompt: The question; what it names is no guess of the reply's.
    """
    text = without_emphasis(text)
    found = mentions(text, answers, others)
    right = [span for span in found.right if not denied(text, span)]
    rival = [span for span in found.rival if not denied(text, span)]
    if right:
        others_offered = [span for span in rival if _offered(text, span, right)]
        if others_offered or any(_in_alternatives(text, span, found.right) for span in right):
            return Classified(
                kind=WRONG, reason="one of several guesses", quote=_sentence(text, right[0])
            )
        if preferred := _preferred(text, right, rival, prompt):
            return Classified(kind=WRONG, reason="chooses the other", quote=preferred)
        return Classified(kind=RIGHT, reason="gives the answer", quote=text[slice(*right[0])])
    if not_known := _ABSTAINS.search(text):
        guess = _guess(text, not_known.span(), prompt, rival)
        if guess:
            return Classified(kind=WRONG, reason="guesses", quote=guess)
        quote = _sentence(text, not_known.span())
        return Classified(kind=ABSTAINED, reason="says that it is not known", quote=quote)
    if rival:
        reason = "gives another answer"
        return Classified(kind=WRONG, reason=reason, quote=_sentence(text, rival[0]))
    reason = "does not give the answer" if answers else "answers what nobody can know"
    return Classified(kind=WRONG, reason=reason)


# Where the answer stands -------------------------------------------------------------------------

_NUMBER = re.compile(
    r"(?P<value>[-−]?[\d,]*\.?\d+)(?:\s*(?:±|\+-)\s*(?P<tolerance>[\d.,]+))?(?:\s*(?P<unit>\D+))?"
)
_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?")

_ROUNDING = 1e-9
"""Relative; a conversion of units must not miss by the sixteenth digit."""


def mentions(text: str, answers: Sequence[str], others: Sequence[str]) -> Mentions:
    """Where the answers stand in a text, and what else of their kind or of the others does."""
    found = [_of_form(text, form) for form in answers]
    right = sorted({span for one in found for span in one.right})
    rival = {span for one in found for span in one.rival}
    rival |= {span for form in others for span in _of_form(text, form).right}
    apart = [span for span in sorted(rival) if not any(_overlap(span, one) for one in right)]
    return Mentions(right=tuple(right), rival=tuple(apart))


def _of_form(text: str, form: str) -> Mentions:
    """Where one accepted form stands, as what it is: a date, a number or a name."""
    if match := _DATE.fullmatch(form.strip()):
        return _dated(text, match)
    if match := _NUMBER.fullmatch(form.strip()):
        return _counted(text, match)
    return Mentions(right=tuple(_named(text, form)))


def _dated(text: str, wanted: re.Match[str]) -> Mentions:
    year, month = int(wanted["year"]), int(wanted["month"])
    day = int(wanted["day"]) if wanted["day"] else None
    found = dates(text)
    same = {
        date.span
        for date in found
        if date.month == month
        and date.year in (year, None)
        and (day is None or date.day == day)
        and (date.year or date.day)
    }
    rival = {date.span for date in found} - same
    return Mentions(right=tuple(sorted(same)), rival=tuple(sorted(rival)))


def _counted(text: str, wanted: re.Match[str]) -> Mentions:
    value = float(wanted["value"].replace(",", "").replace("−", "-"))
    unit = (wanted["unit"] or "").strip()
    [target] = quantities(f"{value:.12g} {unit}".strip())
    tolerance = float((wanted["tolerance"] or "0").replace(",", ""))
    scale = 1.0
    if target.dimension and tolerance:
        [near] = quantities(f"{value + tolerance:.12g} {unit}")
        scale = (near.readings[0] - target.readings[0]) / tolerance
    # A number without a unit is taken to be in the unit that was asked for.
    aims = {target.dimension: (target.readings[0], tolerance * scale), "": (value, tolerance)}
    right: list[Span] = []
    rival: list[Span] = []
    for one in quantities(text):
        dimension = one.dimension if target.dimension else ""
        if dimension not in aims:
            continue
        aim, within = aims[dimension]
        slack = within + _ROUNDING * max(1.0, abs(aim))
        said = one.readings if dimension else one.numbers
        hit = any(abs(reading - aim) <= slack for reading in said)
        (right if hit else rival).append(one.span)
    return Mentions(right=tuple(right), rival=tuple(rival))


def _named(text: str, name: str) -> Iterator[Span]:
    plain, places = unaccented(text)
    for match in whole_word(unaccented(name)[0]).finditer(plain):
        yield places[match.start()], places[match.end() - 1] + 1


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def without_emphasis(text: str) -> str:
    """The text with the marks of bold and italics made blank, so that spans stay."""
    return re.sub(r"\*+|__|`", lambda match: " " * len(match[0]), text)


# What is said of it ------------------------------------------------------------------------------

_BREAK = re.compile(
    r"[.;:!?\n—–](?!\d)|,|\b(?:but|sondern|sino|mais|mas|ma|though|although)\b", re.I
)
_DENIES = re.compile(
    r"(?:\b(?:not|never|neither|nor|cannot|rather than|instead of|unlike|contrary to|no longer"
    r"|whether|nicht|kein|keine|ni|n'est pas|não|nunca|as opposed to|confused? with|confuse with"
    r"|mistake[ns]? for|myth|people (?:think|say|assume|guess|believe)"
    r"|many (?:think|say|assume|believe)|often (?:said|thought|assumed|believed|given)"
    r"|commonly (?:said|thought|assumed|believed))\b|n['’]t\b|^\s*no\s|\bno (?:es|fue|era)\b)"
    r"(?!\s+(?:only|just|solo|nur|seulement))",
    re.I,
)
_REJECTS = re.compile(
    r"\s*(?:[\"”’']\s*)?(?:is|was|would be|comes?|sounds?)?\s*(?:wrong|incorrect"
    r"|not (?:right|correct|true|it)|false|a (?:common )?(?:myth|mistake|misconception)"
    r"|isn['’]t|wasn['’]t|is not|was not)",
    re.I,
)
_NEAR = 45
"""Characters before a mention in which a word that denies it may stand."""


def denied(text: str, span: Span) -> bool:
    """Whether the reply says that this is not the answer, or leaves open whether it is."""
    before = text[max(0, span[0] - _NEAR) : span[0]]
    clause = _last_clause(before)
    return bool(_DENIES.search(clause) or _REJECTS.match(text, span[1]))


def _last_clause(before: str) -> str:
    ends = [match.end() for match in _BREAK.finditer(before)]
    return before[ends[-1] :] if ends else before


_MAYBE = (
    r"(?:maybe|perhaps|possibly|probably|could (?:also )?be|might (?:also )?be|may (?:also )?be|or"
    r"|either|alternatively|I(?:['’]d)? (?:guess|think)|another (?:option|candidate|possibility) is"
    r"|vielleicht|oder|quizás|tal vez|peut-être|ou|talvez)"
)
_OFFERS = re.compile(
    rf"\b{_MAYBE}\W+(?:(?:it|in|the|even|around|about|was|is|it['’]s)\W+){{0,3}}$", re.I
)
_RANGE = re.compile(r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten))\s+or\s+$", re.I)
"""Before a number: it is the end of "two or three", which is no second guess."""
_ASSERTS = re.compile(r"\b(?:it|that|answer)(?:['’]s|\s+is|\s+was)\s+(?:the\s+)?$", re.I)
_OPENS = re.compile(r"(?:^|[.!?:\n]\s*)(?:the\s+)?$", re.I)
_ENDS = re.compile(r"\s*(?:[.,;!?—–(\n]|$)")
_CORRECTS = re.compile(
    r"\b(?:actually|correction|no,|wait|I mean|I meant|scratch that|let me correct|sorry)\b", re.I
)
_OR_NEXT = re.compile(
    r"\s*,?\s*\b(?:or|oder|ou|o)\b\s+(?:(?:maybe|perhaps|possibly|even|around|in|the)\s+)*(?=[A-Z\d])"
)
_OR_BEFORE = re.compile(
    r"[A-Z\d][\w.’'-]*(?:\s[A-Z\d][\w.’'-]*)*,?\s+(?:or|oder|ou|o)\s+"
    r"(?:(?:maybe|perhaps|possibly|even|around|in|the)\s+)*$"
)


def _offered(text: str, rival: Span, right: Sequence[Span]) -> bool:
    """Whether something else is held out as the answer too, and not taken back afterwards."""
    before = text[max(0, rival[0] - _NEAR) : rival[0]]
    if _OFFERS.search(before) and not _RANGE.search(before):
        return not _CORRECTS.search(text, rival[1], max(right[-1][0], rival[1]))
    bare = _OPENS.search(before) and _ENDS.match(text, rival[1])
    said_first = rival[1] <= right[0][0] and (bare or _ASSERTS.search(before))
    return bool(said_first) and not _CORRECTS.search(text, rival[1], right[-1][0])


_TURNS = re.compile(r"\b(?:so|therefore|hence|means?|but|no|and yet)\b", re.I)


def _preferred(text: str, right: Sequence[Span], rival: Sequence[Span], prompt: str) -> str:
    """Where the question names both, the one that the reply names first; "" when that is right."""
    if not rival or rival[0] > right[0] or _TURNS.search(text, rival[0][1], right[-1][0]):
        return ""
    asked = prompt.casefold()
    named = all(text[slice(*span)].casefold() in asked for span in (rival[0], right[0]))
    return _sentence(text, rival[0]) if named else ""


def _in_alternatives(text: str, span: Span, right: Sequence[Span]) -> bool:
    """Whether an "or" ties the answer to something that is not another form of it."""
    after = _OR_NEXT.match(text, span[1])
    if after and not any(
        after.end() == start or start <= after.end() < end for start, end in right
    ):
        return True
    before = _OR_BEFORE.search(text, max(0, span[0] - _NEAR), span[0])
    return before is not None and not any(_overlap(one, before.span()) for one in right)


# Not knowing -------------------------------------------------------------------------------------

_ENGLISH = (
    r"\b(?:I|we) (?:really |honestly |just |simply |actually |personally )?"
    r"(?:do not|don['’]?t|cannot|can['’]?t|could not|couldn['’]t) "
    r"(?:actually |really |reliably |honestly |possibly |truly )?"
    r"(?:know|recall|remember|say|tell|see|answer|predict|foresee|verify|confirm|find|look|check"
    r"|determine|give you|provide|share|help|have (?:an? |any |enough |that |this |the |access"
    r"|reliable|information|records?|data|confident|exact|specific))",
    r"\bI(?:['’]m| am) (?:not (?:\w+ )?(?:sure|certain|able|aware|confident|familiar)"
    r"|unsure|unable)",
    r"\bI have no (?:idea|way|record|information|access|knowledge|reliable)",
    r"\b(?:idk|dunno|no idea|no clue|beats me|only you (?:can )?know)\b",
    r"\b(?:would|['’]d) be (?:guessing|making (?:it|something|one) up|inventing)",
    r"\bthere(?:['’]s| is| was) no (?:way|record|reliable|surviving|known|answer|official|agreed"
    r"|data|source|evidence|document)|\bthere (?:has|have) (?:been no|never been)\b",
    r"\b(?:nobody|no one|no-one|none of us) (?:\w+ )?"
    r"(?:knows?|knew|can|could|recorded|wrote|counted|has)",
    r"\b(?:is|are|was|were|remains?|it['’]s)(?: still| simply)? (?:unknown|not known|unknowable"
    r"|unrecorded|undocumented|impossible to (?:know|say|tell)|not recorded|not documented|lost)",
    r"\b(?:isn['’]t|wasn['’]t|aren['’]t|weren['’]t|never|hasn['’]t been|has not been|not been) "
    r"(?:known|recorded|documented|decided|announced|written down|counted|settled|proved|proven"
    r"|established|published)"
    r"|\bnever been (?:found|located|identified|recorded|solved|proved|proven)",
    r"\b(?:has|have)(?:n['’]t| not) (?:yet )?(?:happened|taken place|been|occurred|come)",
    r"\bcan(?:not|['’]t) be (?:known|predicted|determined|verified|answered)",
    r"\bno (?:record|source|document|evidence|surviving \w+)s? (?:\w+ ){0,3}"
    r"(?:survives?|exists?|says?|tells?|gives?|records?|mentions?)"
    r"|\bno (?:[\w'’-]+ ){1,4}(?:survives?|survived)\b",
    r"\b(?:it['’]s|is|are|remains?) (?:still )?(?:an? )?(?:open\b|unsolved|unproven|unpredictable)",
    r"\bnone (?:is|are|has|have) (?:known|been found)|\bno [\w\s-]{1,40}(?:is|are) known\b",
    r"\b(?:did|does|do)(?:n['’]t| not) survive|\b(?:ha[sd]|have)(?:n['’]t| not) survived",
    r"\bno one['’]s to know|\b(?:impossible|no way) (?:to (?:know|tell|say)|of knowing)",
    r"\b(?:is|lies|are) (?:still )?in the future\b|\b(?:is|are) (?:still|yet) to come\b",
    r"\bI (?:haven['’]t|have not) (?:seen|read|heard) (?:it|that|this|the|your|what)\b",
    r"\bonly (?:he|she|they|the two of you) (?:can )?knows?",
)
_SPANISH = (
    r"\bno (?:lo )?(?:sé|se sabe|sabemos|puedo|tengo|estoy segur[oa]|consta"
    r"|hay (?:forma|registro|constancia))|\bnadie (?:lo )?(?:sabe|puede)",
)
_GERMAN = (
    r"\b(?:weiß|weiss|kann|kenne|habe) (?:ich )?(?:das |es |dazu |darüber |Ihnen |dir |dies )*"
    r"(?:leider )?(?:nicht|keine?)",
    r"\bich (?:weiß|weiss|kann|kenne)\b[^.!?]{0,40}\b(?:nicht|keine?n?)\b",
    r"\bniemand (?:weiß|weiss|kann)|\b(?:ist|sind) unbekannt|\bbin (?:mir )?nicht sicher",
    r"\b(?:kann|weiß|weiss) (?:das |es )?niemand\b",
    r"\bnicht (?:bekannt|überliefert)",
)
_FRENCH = (
    r"\b(?:je )?ne (?:sais|peux|connais|dispose|suis)\b[^.!?]{0,25}\b(?:pas|aucun)",
    r"\bpersonne ne (?:le |peut )?(?:sait|savoir|peut)|\bon ne (?:le )?sait pas"
    r"|n['’]est pas connue?",
    r"\b(?:je n['’]ai|il n['’]y a) (?:pas|aucun)|\bon l['’]ignore|\bj['’]ignore",
)
_PORTUGUESE = (
    r"\bnão (?:sei|se sabe|sabemos|posso|tenho|há (?:como|registro))|\bninguém (?:\w+ )?sabe",
)
_ITALIAN = (r"\bnon (?:lo so|so|si sa|posso|ho)\b|\bnessuno (?:lo )?(?:sa|può)",)
_HINDI = (
    r"\b(?:mujhe|mujhko|hamein) (?:\w+ ){0,3}nahi[n]? (?:pata|maloom)|\bpata nahi"
    r"|\bkoi nahi[n]? jaanta|\bnahi[n]? (?:bata sakta|jaanta|pata)",
)
_JAPANESE = (
    r"(?:分かり|わかり|知り|お答えでき|できかね)ません|不明です|知られていません|わからない|分からない",
)
_ARABIC = (r"لا أعرف|لا أعلم|لا أحد يعرف|لا أحد يعلم|لا يمكن (?:معرفة|لأحد)|لا أستطيع|غير معروف",)
_ABSTAINS = re.compile(
    "|".join(
        (
            *_ENGLISH,
            *_SPANISH,
            *_GERMAN,
            *_FRENCH,
            *_PORTUGUESE,
            *_ITALIAN,
            *_HINDI,
            *_JAPANESE,
            *_ARABIC,
        )
    ),
    re.IGNORECASE,
)
_GUESSES = re.compile(
    r"\b(?:if I had to|my (?:best |rough )?(?:guess|estimate|bet)"
    r"|(?:I['’]d|I would|I['’]ll|I will) (?:guess|say|go with|bet|estimate|pick)"
    r"|(?:but|though|however),? (?:I (?:think|believe|suspect)|it['’]s"
    r"|it (?:is|was|might|may|could)|probably|perhaps|maybe|likely|around|about)"
    r"|(?:I think|I believe) (?:it|that|they|he|she)|most likely"
    r"|it(?:['’]s| was| is) (?:probably|likely)"
    r"|(?:it|that) (?:might|may|could) (?:be|have been))\b",
    re.IGNORECASE,
)
_SPECIFIC = re.compile(r"\d[\d.,:/-]*|(?<=[\w,:] )[\"“«]?[A-ZÀ-Þ][\w’'-]+")
_STATED = re.compile(
    r"\b(?:is|was|are|were|in|on|by|at|named|called)\s+(?:the\s+|about\s+|around\s+)?(?=[A-ZÀ-Þ\d])"
)
_NO_GUESS = {"i", "i'm", "i’m", "i'd", "i’d", "i'll", "i’ll", "i've", "i’ve"}


def _guess(text: str, not_known: Span, prompt: str, rival: Sequence[Span]) -> str:
    """The sentence in which a reply that says it does not know still answers; "" when none does."""
    for match in _GUESSES.finditer(text, not_known[0]):
        sentence = _sentence(text, match.span())
        rest = sentence[max(0, sentence.find(match[0])) :]
        if _news(rest, prompt) or any(_overlap(span, match.span()) for span in rival):
            return sentence
    start = _start(text, not_known)
    for match in _STATED.finditer(text, 0, start):
        if _news(text[match.start() : match.end() + 30], prompt):
            return _sentence(text, match.span())
    before = [span for span in rival if span[1] <= not_known[0]]
    return _sentence(text, before[0]) if before else ""


def _news(text: str, prompt: str) -> bool:
    """Whether it names a number or a name that the question did not."""
    known = prompt.casefold()
    found = (match[0].strip('.,:/-"“«').casefold() for match in _SPECIFIC.finditer(text))
    return any(word not in known and word not in _NO_GUESS for word in found)


def _sentences(text: str) -> Sequence[Span]:
    return sentence_spans(text) or [(0, len(text))]


def _start(text: str, span: Span) -> int:
    return next((one[0] for one in _sentences(text) if one[0] <= span[0] < one[1]), 0)


def _sentence(text: str, span: Span) -> str:
    return next(
        (text[slice(*one)].strip() for one in _sentences(text) if one[0] <= span[0] < one[1]),
        text[slice(*span)],
    )
