"""What a reply made up: numbers, dates, names and contact details that nobody gave it."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field

from tastemaker.checks.arguments import Texts
from tastemaker.checks.counting import found, plural
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

Kind = Literal["numbers", "dates", "names", "contacts"]

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,:’']\d+)*(?=\D|$)")
_GIVEN_NUMBER = re.compile(r"\d+(?:[.,:’']\d+)*")
_HOUR = re.compile(r"\b(\d{1,2})(?:[:.]\d\d)? ?([ap])\.?m\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"(\d+(?:\.\d+)?) ?k\b", re.IGNORECASE)
_ITEM = re.compile(r"^[ \t>]*(?:#+ *)?(?:\*\*)?\d+[.):]\s", re.MULTILINE)
_ENTRY = re.compile(r"(?:[-*•+]|\d+[.)])\s")
_IDIOM = re.compile(r"24/7|50/50|9-to-5|(?<!\w)101(?!\w)")
_SPELLED = {
    word: str(number)
    for number, word in chain(
        enumerate(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen".split()
        ),
        zip(
            range(20, 100, 10),
            "twenty thirty forty fifty sixty seventy eighty ninety".split(),
            strict=True,
        ),
        zip(
            range(1, 10),
            "first second third fourth fifth sixth seventh eighth ninth".split(),
            strict=True,
        ),
        [(100, "hundred"), (1000, "thousand"), (12, "dozen"), (12, "noon")],
        [(1, "once"), (2, "twice"), (2, "both"), (2, "couple"), (0, "midnight")],
    )
}
"""English words that give a number, so that "two weeks" and "2 weeks" are one fact."""

_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_CALENDAR = [*_DAYS, *_MONTHS]
_SHORT = {"tues": "tuesday", "weds": "wednesday", "thur": "thursday", "thurs": "thursday"}
_SHORT |= {"sept": "september"} | {name[:3]: name for name in _CALENDAR}
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NAME = re.compile(r"(?<![\w@./'’-])[A-ZÀ-ÖØ-Þ][^\W\d_]*[a-zß-öø-ÿ][^\W\d_]*(?:-[A-Z][a-z]+)*")
_OPENERS = '.!?:;…\n"“”(*_#>|[—–-•'
_CONTACT = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]+|(?:https?://|\bwww\.)\S+"
    r"|(?<![\w-])[\w-]{1,64}\.(?:com|org|net|io|de)\b"
    r"|(?<!\d)(?:\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]\d{3,4}[ .-]?\d{3,4}(?!\d)",
    re.IGNORECASE,
)
# Capitals that name nobody: roles in a greeting, titles, what English always writes large.
_NOBODY = set(
    "dear hi hello hey good morning afternoon evening best kind warm warmest kindest regards "
    "wishes sincerely yours faithfully truly thanks thank cheers warmly respectfully subject re "
    "fwd hiring manager team all everyone committee recruiter recruitment recruiting panel "
    "sir madam mr mrs ms mx dr prof professor miss mister cover letter application the to and of "
    "a an in for i i'm i'd i'll i've english internet web christmas easter ps p.s department human "
    "resources director head chair colleague colleagues neighbor neighbour friends folks internet "
    "god german french spanish european american british phd monday-friday excel powerpoint word "
    "pdf wifi wi-fi google zoom teams slack ok okay mum mom dad hr whom it may concern customer "
    "customers client clients support service services care valued parents carers guardians board "
    "members member admissions office officer selection residents tenants landlord editor editors "
    "headteacher headmaster principal council authority master owner owners management supervisor "
    "staff crew volunteers guests students pupils families readers subscribers housing planning "
    "complaints billing accounts press reception receptionist secretary treasurer president "
    "chairman chairwoman coordinator organiser organisers organizer organizers trustees governors "
    "registrar claims returns delivery finance founder".split()
)


@check(
    "invented_facts",
    example=Example(
        met=Reply(
            prompt="tell Dana the invoice of 14 march is still open, two weeks now. Priya",
            text="Hi Dana,\n\nThe invoice of March 14 has been open for 2 weeks.\n\nPriya",
        ),
        unmet=Reply(
            prompt="tell Dana the invoice of 14 march is still open, two weeks now. Priya",
            text="Hi Dana,\n\nInvoice 4471 was due on Monday. Call Mr. Thompson.\n\nPriya",
        ),
    ),
)
def invented_facts(
    reply: Reply,
    *,
    kinds: Annotated[
        list[Kind] | None,
        Field(min_length=1, description="what to look for; otherwise all four"),
    ] = None,
    max: Annotated[int, Field(ge=0, description="how many may stand in the reply")] = 0,
    allow: Annotated[
        Texts | None, Field(description="what may stand though nobody gave it, as words or numbers")
    ] = None,
) -> Finding:
    """The reply states at most this many facts that nobody gave it.

    Facts are what can be recognised: numbers in digits, weekdays and months, names of people,
    places and firms (words with a capital within a sentence, or in a greeting or signature), and
    addresses, links and phone numbers. Given is what stands in the conversation before the reply.
    `2` and "two", `3 p.m.` and `15:00`, `thurs` and `Thursday` are alike. A number that was
    computed from what was given counts as made up, and a story without names or numbers escapes:
    ask a judge beside it. Weekdays, months and names are English; where nouns have capitals
    (German), leave `names` out.
    """
    given = "\n".join([reply.prompt, *(m.text for m in reply.messages[:-1]), *(allow or ())])
    made_up = [
        fact
        for kind in kinds or _FINDERS
        for fact in dict.fromkeys(_FINDERS[kind](reply.text, given))
    ]
    if not made_up:
        return found(True, "nothing was made up that can be recognised")
    told = ", ".join(f"“{fact}”" for fact in made_up[:5])
    reason = f"{plural(len(made_up), 'fact')} not given, at most {max}: {told}"
    return found(len(made_up) <= max, reason, made_up[0])


def _numbers(text: str, given: str) -> Iterator[str]:
    known = set(_known_numbers(given))
    text = _CONTACT.sub(" ", _IDIOM.sub(" ", _ITEM.sub("\n", text)))
    for match in _NUMBER.finditer(text):
        parts = re.split(r"[.,:’']", match[0])
        alike = {_plain(match[0]), *_clock(parts)}
        if not alike & known and not all(_plain(part) in known for part in parts):
            yield match[0]


def _known_numbers(given: str) -> Iterator[str]:
    for match in _GIVEN_NUMBER.finditer(given):
        yield _plain(match[0])
        parts = re.split(r"[.,:’']", match[0])
        yield from map(_plain, parts)
        if int(parts[0]) > 12:
            yield str(int(parts[0]) - 12)
    for hour, half in _HOUR.findall(given):
        yield str(int(hour) % 12 + (12 if half.lower() == "p" else 0))
    for amount in _THOUSANDS.findall(given):
        yield f"{float(amount) * 1000:g}"
    for word in _WORD.findall(given.casefold()):
        yield from (_SPELLED[part] for part in word.split("-") if part in _SPELLED)
        tens, _, ones = word.partition("-")
        if tens in _SPELLED and ones in _SPELLED:
            yield str(int(_SPELLED[tens]) + int(_SPELLED[ones]))
    yield "00"


def _plain(number: str) -> str:
    """Without separators of thousands, cents of zero and leading zeros: `1,200.00` is 1200."""
    number = re.sub(r"[.,]00?$", "", number)
    number = re.sub(r"[.,’'](?=\d{3}(?:\D|$))", "", number)
    return number.lstrip("0") or "00"


def _clock(parts: list[str]) -> Iterator[str]:
    """The hour of a full hour on the clock, on either dial: `15:00` is 15 and 3."""
    if len(parts) == 2 and parts[1] == "00":
        yield str(int(parts[0]))


def _dates(text: str, given: str) -> Iterator[str]:
    known = {_SHORT.get(word, word) for word in map(_singular, _WORD.findall(given.casefold()))}
    for match in re.finditer(r"\b[A-Z][a-z]+\b", text):
        name = match[0].casefold()
        name = _SHORT.get(name, name) if name not in ("mar", "sun", "sat") else name
        if name not in _CALENDAR or name in known:
            continue
        if name in ("may", "march") and not _beside_number(text, match):
            continue
        yield match[0]


def _singular(word: str) -> str:
    word = word.replace("’", "'").removesuffix("'s")
    return word[:-1] if word.endswith("s") and word[:-1] in _CALENDAR else word


def _beside_number(text: str, match: re.Match[str]) -> bool:
    around = text[: match.start()][-6:] + "~" + text[match.end() :][:6]
    return bool(re.search(r"\d(?:st|nd|rd|th)?(?: of)? ?~|~ \d", around))


def _names(text: str, given: str) -> Iterator[str]:
    known = set(map(_bare, chain.from_iterable(map(_pieces, _WORD.findall(given)))))
    small = {word for word in _WORD.findall(text) if word.islower()}
    for line, closing in _name_lines(text):
        for match in _NAME.finditer(line):
            words = [part for part in _pieces(match[0]) if part.casefold() not in _NOBODY]
            usual = match[0].casefold() in small or match[0].casefold() in {*_CALENDAR, *_SHORT}
            if usual or not words or (_opens(line, match.start()) and not closing):
                continue
            if not all(_is_known(_bare(word), known) for word in words):
                yield match[0]


def _pieces(word: str) -> list[str]:
    whole = re.sub(r"['’]s?$", "", word)
    return whole.split("-")


def _bare(word: str) -> str:
    """Without case, accents and the s of a genitive."""
    flat = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in flat if not unicodedata.combining(c)).replace("ß", "ss")


def _is_known(word: str, known: set[str]) -> bool:
    return bool({word, word.removesuffix("s"), f"{word}s"} & known)


def _name_lines(text: str) -> Iterator[tuple[str, bool]]:
    """The lines in which a capital means a name, and whether the line is a signature."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        words = _WORD.findall(line)
        titled = sum(word[0].isupper() for word in words) > len(words) / 2 and len(words) > 1
        greeting = line.endswith((",", ":")) and len(words) <= 6
        closing = (
            number > 0 and number >= len(lines) - 3 and len(words) <= 3 and line[-1:] not in ".,!?:"
        ) and not _ENTRY.match(line)
        ends = line[-1:] in ".!?" and len(words) > 3
        if greeting or closing or ends or not titled:
            yield line, closing


def _opens(line: str, position: int) -> bool:
    """Whether a sentence, a quote or an item begins there: then a capital says nothing."""
    # Only what stands right before, or a reply of one long line would take minutes.
    before = line[position - 8 if position > 8 else 0 : position].rstrip(" ")
    if re.search(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St)\.$", before):
        return False
    return not before or before[-1] in _OPENERS


def _contacts(text: str, given: str) -> Iterator[str]:
    known = given.casefold()
    for match in _CONTACT.finditer(text):
        if match[0].casefold().rstrip(".,;)") not in known:
            yield match[0]


_FINDERS: dict[Kind, Callable[[str, str], Iterable[str]]] = {
    "numbers": _numbers,
    "dates": _dates,
    "names": _names,
    "contacts": _contacts,
}
