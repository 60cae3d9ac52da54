"""The parts of an email: subject, greeting, sign-off."""

import re
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import Text, Texts
from tastemaker.checks.counting import found, within
from tastemaker.checks.length import word_spans
from tastemaker.checks.phrases import mentions
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

FIRST_LINES = 12
"""Lines with text in which an email must begin; before it may stand a remark about the draft."""
LAST_LINES = 8
"""Lines with text in which it must end; after it may stand a signature or an offer to change it."""

_SUBJECT = re.compile(
    r"(?:subject(?: line)?|re|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|temat|тема)"
    r"[*_]*\s*:[*_ ]*(?P<text>.*)|(?:件名|主题|主旨|제목)[*_]*\s*[:：][*_ ]*(?P<cjk>.*)",
    re.IGNORECASE,
)
# One row a language, each an alternative of a regular expression.
_GREETINGS = (
    r"hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)|to whom it may concern",
    r"hallo|liebe[rs]?|sehr geehrte[rs]?|guten (?:morgen|tag|abend)|moin|servus|grüezi",
    r"bonjour|bonsoir|salut|cher|chère|madame|monsieur",
    r"hola|buen[oa]s (?:días|tardes|noches)|estimad[oa]s?|querid[oa]s?",
    r"ciao|buongiorno|buonasera|salve|gentile|egregio|car[oaie]",
    r"olá|oi|bom dia|boa (?:tarde|noite)|prezad[oa]s?|caríssim[oa]",
    r"beste|geachte|goedemorgen|goedemiddag",
    r"hej|hei|kära|bästa|kære",
    r"cześć|dzień dobry|szanown[aiy]",
    r"здравствуйте|добрый день|привет|уважаем(?:ый|ая|ые)",
    r"merhaba|sayın",
)
_GREETING = re.compile(
    rf"(?:{'|'.join(_GREETINGS)})\b"
    r"|こんにちは|おはようございます|お世話になって|拝啓|您好|你好|尊敬的|亲爱的|안녕하세요|नमस्ते"
    r"|.{1,20}(?:様|さん|先生|님)[、,，]?$",
    re.IGNORECASE,
)
# A name alone is a greeting too: `Dana,` or `Dana Smith,`.
_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’.-]*(?: [A-ZÀ-ÖØ-Þ][\w'’.-]*){0,2},$")
_PARTINGS = (
    r"(?:all (?:the )?|my |with |very )?best(?: regards| wishes)?",
    r"(?:(?:with )?(?:kind|kindest|warm|warmest|many) )?regards",
    r"(?:yours |very )?(?:sincerely|faithfully|truly)(?: yours)?|yours|respectfully|cordially",
    r"(?:many |warm )?thanks(?: again| so much| a lot| in advance)?",
    r"thank you(?: again| so much| very much| in advance| for your time)?",
    r"with (?:thanks|gratitude|love)|cheers|warmly|take care|(?:lots of )?love",
    r"talk (?:to you )?soon|see you(?: soon| then)?",
    r"(?:mit )?(?:freundlich|viel|best|lieb|herzlich|schön)e[nr]? grü(?:ß|ss)en?",
    r"(?:vielen )?dank|lg|mfg",
    r"(?:bien )?cordialement|bien à (?:vous|toi)|amicalement|merci",
    r"(?:un )?(?:saludos?|abrazo)(?: cordial(?:es)?)?|atentamente|gracias",
    r"(?:cordiali |distinti )?saluti|grazie",
    r"atenciosamente|(?:um )?abraços?|obrigad[oa]",
    r"met vriendelijke groet(?:en)?|groet(?:en|jes)?",
    r"(?:med )?(?:vänliga|vennlig|venlig) (?:hälsningar|hilsen)",
    r"pozdrawiam|z poważaniem",
    r"с уважением",
    r"saygılarımla",
)
_SIGN_OFF = re.compile(
    rf"(?:(?:{'|'.join(_PARTINGS)})(?!\w)"
    r"|敬具|よろしくお願い(?:いた|致)?します|此致|敬上|祝好|감사합니다)(?P<rest>.*)$",
    re.IGNORECASE,
)

Name = Annotated[Texts | None, Field(description="a name that must stand in it, or any of these")]


def _lines(text: str) -> list[str]:
    """The lines with text, without quote marks, emphasis and heading signs around them."""
    stripped = (line.strip().lstrip(" \t>*_#`").rstrip(" \t*_`") for line in text.splitlines())
    return [line for line in stripped if line]


@check(
    "subject_line",
    example=Example(
        arguments={"max_words": 6},
        met="Subject: Invoice 7 is two weeks late\n\nHi Dana, could you look into it?",
        unmet="Hi Dana, could you look into invoice 7?",
    ),
)
def subject_line(
    reply: Reply,
    *,
    max_words: Annotated[int | None, Field(ge=1, description="at most this many words")] = None,
    max_characters: Annotated[
        int | None, Field(ge=1, description="at most this many characters")
    ] = None,
) -> Finding:
    """The email has a subject line that is not empty.

    `Subject: ...` near the top, plain or in bold, in English and a dozen other languages.
    """
    subjects = (_SUBJECT.match(line) for line in _lines(reply.text)[:FIRST_LINES])
    match = next(filter(None, subjects), None)
    subject = (match["text"] or match["cjk"] or "") if match else ""
    if not subject:
        return found(False, "there is no subject line")
    count = len(word_spans(subject))
    limits = [(count, "word", max_words), (len(subject), "character", max_characters)]
    sizes = [within(size, noun, max=most) for size, noun, most in limits if most is not None]
    reason = "; ".join(size.reason for size in sizes) or "there is a subject line"
    return found(all(size.value for size in sizes), reason, subject)


@check(
    "greeting",
    example=Example(
        arguments={"name": {"from": "expect.recipient"}},
        met=Reply(text="Hi Dana,\n\nthe invoice is late.", expect={"recipient": "Dana"}),
        unmet=Reply(text="Hello,\n\nthe invoice is late.", expect={"recipient": "Dana"}),
    ),
)
def greeting(reply: Reply, *, name: Name = None) -> Finding:
    """The email opens with a greeting.

    A line near the top that begins like one (`Hi`, `Dear`, `Liebe`, `Hola`, `您好` ...) or is only
    a name with a comma.
    """
    for line in _lines(reply.text)[:FIRST_LINES]:
        if _GREETING.match(line) or (_NAME.match(line) and not _SIGN_OFF.match(line)):
            return _named(line, name, "greets")
    return found(False, "there is no greeting")


@check(
    "sign_off",
    example=Example(
        arguments={"name": "Ana"},
        met="The invoice is late.\n\nBest regards,\nAna",
        unmet="The invoice is late. Please call me.",
    ),
)
def sign_off(reply: Reply, *, name: Name = None) -> Finding:
    """The email ends with a sign-off.

    A short line near the end that begins like one (`Best`, `Thanks`, `Viele Grüße`, `Saludos` ...);
    the name is looked for from there on.
    """
    lines = _lines(reply.text)[-LAST_LINES:]
    for number in range(len(lines) - 1, -1, -1):
        match = _SIGN_OFF.match(lines[number])
        if match and _is_short(match["rest"]):
            return _named("\n".join(lines[number:]), name, "signs off")
    return found(False, "there is no sign-off")


def _is_short(rest: str) -> bool:
    """Whether what follows the words of parting is nothing, a name, or a few words and a comma."""
    if rest.endswith(","):
        return len(rest.split()) <= 5
    return len(rest.split()) <= 3 and not re.match(r"\s*[^\s,.!–—-]", rest)


def _named(passage: str, names: list[Text] | None, does: str) -> Finding:
    """Whether one of the names stands in the greeting or sign-off."""
    quote = passage.partition("\n")[0]
    if names and not mentions(Reply(text=passage), values=names).value:
        return found(False, f"{does}, but not with {' or '.join(names)}", quote)
    return found(True, does, quote)
