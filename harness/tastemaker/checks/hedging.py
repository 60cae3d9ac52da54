"""How sure a reply sounds: hedges."""

import re
from typing import Annotated

from pydantic import Field

from tastemaker.checks.arguments import Max, SkipCode
from tastemaker.checks.counting import LONGEST_QUOTE, plural
from tastemaker.checks.length import sentence_spans, word_spans
from tastemaker.checks.markdown import prose
from tastemaker.checks.registry import Example, check
from tastemaker.records import Finding, Reply

# Lower case where a capital is something else: the month, a name. Permissions ("you may leave"),
# requests ("could you") and how often something happens ("often") are no hedges.
_HEDGES = (
    r"(?<![Yy]ou )may(?! (?:I|we)\b)|might",
    r"(?i:perhaps|maybe|possibly|probably|presumably|conceivably)",
    r"(?i:arguably|apparently|seemingly|supposedly)|seem(?:s|ed)?|appear(?:s|ed)? to",
    r"tend(?:s|ed)? to|(?<!more )(?<!less )(?<!most )(?<!least )likely",
    r"could (?:also |well )?(?:be|have|mean|suggest|indicate|imply|help)",
    r"could(?= (?:potentially|possibly|perhaps|conceivably))",
    r"potentially|somewhat|relatively|more or less|sort of",
    r"(?<!(?i:a) )(?<!(?i:the|any|one) )(?<!(?i:this|that|what|some|each) )kind of",
    r"(?i:generally|typically|in general|as a rule)",
    r"I (?:think|believe|guess|suppose|would say|would think|feel that|assume|suspect)",
    r"I(?:'m| am) not (?:entirely |completely |quite |really )?(?:sure|certain)",
    r"(?i:in my (?:view|opinion|experience)|as far as I (?:know|can tell|can see))",
    r"(?i:to (?:some|a certain|a degree|an) (?:extent|degree)|in a (?:sense|way))",
    r"(?i:in (?:some|many|most|certain) (?:cases|ways|situations|instances|respects))",
    r"(?i:it (?:all )?depends)|(?:can|may|might) vary|varies",
)
_HEDGE = re.compile(rf"(?<![\w'’-])(?:{'|'.join(_HEDGES)})(?![\w'’-])")


@check(
    "hedging",
    example=Example(
        arguments={"max": 1, "stacked": 0},
        met="The pump is probably the cause. Close the valve, then listen: if it stops, order one.",
        unmet="It could potentially be the pump. It might perhaps help to close the valve.",
    ),
)
def hedging(
    reply: Reply,
    *,
    max: Annotated[int, Field(ge=0, description="how many sentences may hedge")] = 0,
    per_100_words: Annotated[
        float | None,
        Field(gt=0, description="for long texts: how many more may hedge for each hundred words"),
    ] = None,
    stacked: Annotated[Max, Field(description="how many sentences may hedge twice or more")] = None,
    skip_code: SkipCode = True,
) -> Finding:
    """The reply hedges in at most this many sentences: for English.

    Hedges are `may`, `might`, `perhaps`, `probably`, `seems`, `tends to`, `could be`, `likely`,
    `generally`, `I think`, `in some cases`, `it depends` and their like. Questions do not hedge,
    nor do permissions (`you may leave`), the month, requests (`could you`) and frequencies
    (`often`). Doubt is honest where there is some: allow a few, and ask a judge whether they stand
    where the doubt is. Two in one sentence (`stacked`) are seldom about the matter.
    """
    text = prose(reply, skip_code)
    statements = [span for span in sentence_spans(text) if not _asks(text[slice(*span)])]
    counted = [(len(_HEDGE.findall(text[slice(*span)])), span) for span in statements]
    hedged = [(count, span) for count, span in counted if count]
    twice = sum(count > 1 for count, _ in hedged)
    room = max + int((per_100_words or 0) * len(word_spans(text)) / 100)
    satisfied = len(hedged) <= room and (stacked is None or twice <= stacked)
    reason = f"{plural(len(hedged), 'sentence')} with a hedge, at most {room}"
    if stacked is not None:
        reason += f"; {twice} with two or more, at most {stacked}"
    worst = sorted(hedged, key=lambda one: -one[0])[:1]
    quote = "".join(reply.text[slice(*span)] for _, span in worst)
    return Finding(value=float(satisfied), reason=reason, quote=quote[:LONGEST_QUOTE])


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'”’»)*_ ").endswith("?")
