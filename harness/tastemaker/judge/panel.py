"""Several answers to the same questions, made into one (STATS section 6.4)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from tastemaker.records import Finding

Reducer = Literal["mean", "majority"]
NO_MAJORITY = "no_majority"
ABSTAINED = "cannot_assess"


def reduced(
    rounds: Sequence[Mapping[str, Finding]], reducer: Reducer, names: Sequence[str]
) -> dict[str, Finding]:
    """One finding for each question, out of those of several graders or samples.

    `mean`: the mean of the values there are. `majority`: the answer that most gave, CANNOT_ASSESS
    being one; `no_majority` when two are as frequent. Answers that failed have no vote. Unscored
    when nobody answered, with the first reason. Where there was more than one, the single answers
    are kept as votes.

    Args:
        rounds: The findings by question, one mapping a grader or sample.
        reducer: How they become one.
        names: Who gave each round; for the votes.
    """
    if len(rounds) == 1:
        return dict(rounds[0])
    return {
        key: _one(
            [one[key] for one in rounds if key in one],
            reducer,
            [name for name, one in zip(names, rounds, strict=True) if key in one],
        )
        for key in dict.fromkeys(key for one in rounds for key in one)
    }


def _one(findings: Sequence[Finding], reducer: Reducer, names: Sequence[str]) -> Finding:
    # A grader that was itself asked several times votes once, with what it came to.
    votes = tuple((name, one.value) for name, one in zip(names, findings, strict=True))
    values = [one.value for one in findings if one.value is not None]
    if not values:
        return replace(findings[0], votes=votes)
    if reducer == "mean":
        first = next(one for one in findings if one.value is not None)
        return replace(first, value=sum(values) / len(values), votes=votes)
    return replace(_majority(findings), votes=votes)


def _majority(findings: Sequence[Finding]) -> Finding:
    """The first of those that gave the most frequent answer."""
    voters = [one for one in findings if one.value is not None or one.reason == ABSTAINED]
    ranked = Counter(one.value for one in voters).most_common(2)
    if len(ranked) == 2 and ranked[0][1] == ranked[1][1]:
        return Finding(value=None, reason=NO_MAJORITY)
    return next(one for one in voters if one.value == ranked[0][0])
