"""What a reply picks out of several: whether it is exactly what fits."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tastemaker.checks.arguments import Text, Texts, listed
from tastemaker.checks.counting import found
from tastemaker.checks.length import sentence_spans
from tastemaker.checks.phrases import unaccented, whole_word
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

Fitting = Annotated[list[Text], BeforeValidator(listed)]
Measure = Literal["exact", "precision", "recall"]

CREW = ["Ines", "Tomasz", "Bao = Bao Linh", "Femi"]


@check(
    "chosen",
    example=Example(
        arguments={"candidates": CREW, "fits": ["Ines", "Bao"]},
        met="Ines and Bao Linh. Tomasz is away on Tuesday.",
        unmet="Ines, Bao and Femi.",
    ),
)
def chosen(
    reply: Reply,
    *,
    candidates: Annotated[
        Texts, Field(description="all there are; `Bao = Bao Linh` is one with two names")
    ],
    fits: Annotated[Fitting, Field(description="those to be chosen, by first name; `[]`: none")],
    measure: Annotated[
        Measure,
        Field(
            description="`exact`: all that fit and no other; `precision`: the share of those "
            "chosen that fit; `recall`: the share of those that fit that are chosen"
        ),
    ] = "exact",
) -> Finding:
    """The reply chooses those that fit, and no others.

    Chosen is a candidate that is named and not turned down. After a line that begins `Answer:` (or
    `Choice:`, `Antwort:`, `Respuesta:` and the like) only that line counts, or what stands below.
    Elsewhere a candidate is turned down where its line or sentence says so ("Tomasz is away", "not
    Femi", ✗), under a heading that does ("Not suitable:"), or struck through. That is a rough
    reading of prose: have the request say how to answer, such as with the names alone. Where
    nothing fits, the reply must say so ("none", "nobody"): English and seven other languages.
    """
    forms = [candidate.split(" = ") for candidate in candidates]
    names = {form[0]: form for form in forms}
    if foreign := [one for one in fits if one not in names]:
        return Finding(value=None, reason=f"{foreign[0]} fits and is no candidate")
    text = _answered(reply.text)
    picked = [name for name in names if name in _picked(text, names)]
    right = [name for name in picked if name in fits]
    if not fits:
        none = not picked and _NONE.search(text) is not None
        reason = "says that none fits" if none else "does not say that none fits"
        return found(none, f"chooses {', '.join(picked)}, and none fits" if picked else reason)
    values = {
        "exact": float(set(picked) == set(fits)),
        "precision": len(right) / len(picked) if picked else 0.0,
        "recall": len(right) / len(fits),
    }
    return Finding(value=values[measure], reason=_reason(picked, fits))


def _reason(picked: Sequence[str], fits: Sequence[str]) -> str:
    parts = [f"chooses {', '.join(picked) or 'none'}"]
    if wrong := [name for name in picked if name not in fits]:
        parts.append(f"does not fit: {', '.join(wrong)}")
    if missing := [name for name in fits if name not in picked]:
        parts.append(f"missing: {', '.join(missing)}")
    return "; ".join(parts)


_MARKER = re.compile(
    r"^[^\w\n]*(?:(?:final|my|the|die|la|mi|ma)\s+)?(?:answer|choice|pick|selection|shortlist"
    r"|antwort|auswahl|respuesta|elección|réponse|choix|resposta|escolha|risposta|scelta|antwoord"
    r"|keuze|回答)s?(?:\s+(?:is|are))?[^\w\n]*[:=：]",
    re.I | re.M,
)
_STRUCK = re.compile(r"~~[^~\n]*~~")
_NONE = re.compile(
    r"\b(?:none|nobody|no[ -]?one|nothing|neither"
    r"|no (?:\w+ )?(?:\w+ )?(?:fits?|qualif\w+|matche?s?|works?|meets?|suits?)"
    r"|there (?:is|are|isn['’]t|aren['’]t) (?:no|any)|keine?[rsm]?|niemand|nichts|ningun[oa]|ningún"
    r"|nadie|nada|aucune?|personne|rien|nenhuma?|ninguém|nessun[oa]?|niente|geen(?: enkele)?)\b"
    r"|なし|ありません|いません|該当なし",
    re.I,
)
_AGAINST = re.compile(
    r"[✗✘❌✖🚫]|\b(?:not|cannot|never|neither|nor|without|lacks?|lacking|fails?|failed|exclud\w+"
    r"|rul(?:ed|es) out|rejected|eliminated|unsuitable|unavailable|ineligible|disqualif\w+"
    r"|violates?|exceeds?|conflicts?|misses|missing|away|too\s+\w+|out|except|nicht|kein\w*|fällt"
    r"|zu (?:schwer|teuer|spät|weit|klein|groß|hoch|viel)|demasiado|falta|trop|pas|não|muito|troppo"
    r"|non(?!-)|niet|te (?:duur|laat|ver|klein|groot))\b|n['’]t\b|→\s*no\b|[:—–-]\s*no\b",
    re.I,
)
_FOR = re.compile(
    r"[✓✔✅]|\b(?:fits?|qualif(?:y|ies)|meets?|satisf(?:y|ies)|suitable|suits|works|passes|yes|ok|eligible|passt"
    r"|cumplen?|convient|serve)\b",
    re.I,
)


def _answered(text: str) -> str:
    """The part of the reply that is its answer: after the last `Answer:`, else all of it."""
    plain = _STRUCK.sub(" ", text)
    plain = re.sub(r"[*_`]", " ", plain)
    marks = list(_MARKER.finditer(plain))
    if not marks:
        return plain
    rest = plain[marks[-1].end() :]
    line, _, below = rest.partition("\n")
    return line if line.strip() else below.strip().split("\n\n")[0]


def _picked(text: str, names: dict[str, list[str]]) -> set[str]:
    """The candidates that are named and not turned down."""
    picked: set[str] = set()
    turned_down = False
    for line in text.splitlines():
        heading = line.strip().endswith((":", "：")) or line.lstrip().startswith("#")
        here = _named(line, names)
        if not line.strip() or (heading and not here):
            turned_down = heading and _against(line)
        elif not turned_down:
            for clause in _clauses(line):
                picked |= set() if _against(clause) else _named(clause, names)
    return picked


def _clauses(line: str) -> Iterator[str]:
    for start, end in sentence_spans(line) or [(0, len(line))]:
        yield from re.split(r";|,?\s+(?:but|while|whereas|aber|pero|mais|mas)\s+", line[start:end])


def _against(clause: str) -> bool:
    """Whether a clause turns down whom it names."""
    against = _AGAINST.search(clause)
    if against is None:
        return False
    return not _FOR.search(clause, 0, against.start())


def _named(text: str, names: dict[str, list[str]]) -> set[str]:
    """The candidates that a text names; a name inside a longer one does not count."""
    plain, _ = unaccented(text)
    forms = tuple((form, name) for name, forms in names.items() for form in forms)
    pattern, whose = _any_of(forms)
    return {whose[match.lastgroup or ""] for match in pattern.finditer(plain)}


@lru_cache(maxsize=256)
def _any_of(forms: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds any of these forms, the longest first, and whose each of its groups is."""
    longest_first = sorted(forms, key=lambda form: -len(form[0]))
    whose = {f"form{place}": name for place, (_, name) in enumerate(longest_first)}
    options = (
        f"(?P<form{place}>{whole_word(unaccented(form)[0]).pattern})"
        for place, (form, _) in enumerate(longest_first)
    )
    return re.compile("|".join(options), re.IGNORECASE), whose
