"""What makes a rubric hard to grade, found by reading it; nothing is called."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from rapidfuzz import fuzz

from tastemaker.checks.registry import BoundCheck, bind, checks, lookup
from tastemaker.errors import UserError
from tastemaker.reading import Location, did_you_mean
from tastemaker.records import Reply
from tastemaker.rubric import YES, Criterion, Not, Rubric, applies, strange_tools

LIKENESS = 88
"""From 0 to 100; questions that are more alike than this ask the same thing twice."""

JOINED = re.compile(r"\band/or\b|\bas well as\b|\bboth\b.*\band\b", re.IGNORECASE)
VERBS = (
    "is are was were does do did has have can could would should will may must state name "
    "give say use avoid include mention ask offer explain answer end begin keep stay"
).split()
TWO_QUESTIONS = re.compile(rf"\b(?:and|or)\s+(?:{'|'.join(VERBS)})\b", re.IGNORECASE)
VAGUE = re.compile(
    r"\b(good|bad|nice|great|appropriate(?:ly)?|suitable|reasonabl[ey]|adequate(?:ly)?|proper(?:ly)?"
    r"|sufficient(?:ly)?|relevant|natural(?:ly)?|effective(?:ly)?|engaging|high[- ]quality|well)\b",
    re.IGNORECASE,
)
NEGATION = re.compile(
    r"\b(not|never|no|without|avoids?|fails? to|lacks?|n't|refrains? from|omits?)\b|n't\b",
    re.IGNORECASE,
)
SUBCLAUSE = re.compile(
    r"\b(?:that|which|who|whom|whose|where)\b[^,;?]*?"
    r"\b(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may)"
    r"(?:n't|\s+(?:not|never))\b",
    re.IGNORECASE,
)
"""What is denied of a thing alone: "a date that the request does not supply" is asked for."""
COUNTABLE: Mapping[str, re.Pattern[str]] = {
    "words": re.compile(
        r"\b(?:under|over|fewer than|less than|more than|at most|at least|within|exactly)"
        r"\s+\w+\s+words\b|\bword (?:count|limit)\b",
        re.IGNORECASE,
    ),
    "sentences": re.compile(
        r"\b(?:fewer than|less than|more than|at most|at least|exactly)\s+\w+\s+sentences\b",
        re.IGNORECASE,
    ),
    "no_placeholders": re.compile(r"\bplaceholders?\b", re.IGNORECASE),
    "greeting": re.compile(
        r"^(?:does|is there)\b.{0,25}\b(?:greeting|salutation)\b\W*$", re.IGNORECASE
    ),
    "sign_off": re.compile(r"^(?:does|is there)\b.{0,25}\bsign-?off\b\W*$", re.IGNORECASE),
    "exclamations": re.compile(r"\bexclamation (?:mark|point)s?\b", re.IGNORECASE),
    "emoji": re.compile(r"\bemojis?\b", re.IGNORECASE),
    "valid_json": re.compile(r"\bvalid json\b", re.IGNORECASE),
    "all_caps": re.compile(r"\b(?:all caps|in capitals|capital letters)\b", re.IGNORECASE),
    "contains": re.compile(
        r"\b(?:contains?|includes?|uses?) the (?:words?|phrase|text|string)\b", re.IGNORECASE
    ),
    "starts_with": re.compile(r"\b(?:starts?|begins?) with the (?:words?|phrase)\b", re.IGNORECASE),
    "ends_with": re.compile(r"\bends? with the (?:words?|phrase)\b", re.IGNORECASE),
}
"""What the wording of a question shows that a shipped check answers exactly."""

Labels = Mapping[str, Collection[str]]
"""By label, the values that occur in a dataset; a scenario without the label counts as ""."""


Own = Mapping[str, Mapping[str, Criterion]]
"""Criteria that a scenario brings, by principle and id."""


def lint_rubric(rubric: Rubric) -> list[str]:
    """Warnings about a rubric, each with the criterion that it is about, in the rubric's order."""
    found = []
    for principle, content in rubric.principles.items():
        for name, criterion in content.criteria.items():
            found += [f"{principle}/{name}: {told}" for told in _criterion(criterion)]
    return found + list(_alike(rubric))


def lint_own(
    rubric: Rubric, scenario: str, labels: Mapping[str, str], criteria: Own
) -> Iterator[str]:
    """Warnings about the criteria that one scenario brings; UserError where they do not fit."""
    try:
        rubric.extended(criteria)
    except UserError as error:
        raise UserError(f"scenario {scenario}: {error}") from None
    for principle, own in criteria.items():
        for name, criterion in own.items():
            where = f"scenario {scenario}, {principle}/{name}"
            yield from (f"{where}: {told}" for told in _criterion(criterion))
            if not applies(criterion, labels):
                yield f"{where}: `when` never matches: the scenario itself has other labels"


def _criterion(criterion: Criterion) -> Iterator[str]:
    for key, condition in criterion.when.items():
        if condition == ():
            yield f"`when` never matches: {key} is none of an empty list"
    if criterion.must and _is_symptom(criterion):
        yield f"`must` lets '{criterion.check}' decide alone: it finds symptoms, leave `must` out"
    if criterion.check and (lacking := checks()[criterion.check].lacks):
        yield f"'{criterion.check}' leaves replies unscored here: {lacking}"
    ask = criterion.ask
    if ask is None:
        return
    anchored = bool(
        criterion.met
        or criterion.unmet
        or any(level.anchors for level in criterion.levels.values())
    )
    if joined := JOINED.search(ask) or TWO_QUESTIONS.search(ask):
        yield f"asks two things at once ('{joined[0]}'): make it two criteria"
    if (vague := VAGUE.search(ask)) and not anchored:
        yield f"'{vague[0]}' means something else to everyone: say what shows it, or give anchors"
    if criterion.weight < 0 and (negation := NEGATION.search(SUBCLAUSE.sub("", ask))):
        yield (
            f"a negative weight on a question with '{negation[0]}' is a double negation: "
            "ask for what is bad, or turn the weight"
        )
    for check, pattern in COUNTABLE.items():
        if pattern.search(ask):
            yield f"the check '{check}' answers this exactly and costs nothing"
    if not anchored:
        yield "no anchor: one example under `met` or `unmet` steadies the judge"


def _alike(rubric: Rubric) -> Iterator[str]:
    asked = [
        (f"{principle}/{name}", criterion)
        for principle, content in rubric.principles.items()
        for name, criterion in content.criteria.items()
        if criterion.ask
    ]
    for (one, first), (other, second) in combinations(asked, 2):
        if (first.when, first.wanted) != (second.when, second.wanted):
            continue
        likeness = fuzz.token_sort_ratio((first.ask or "").lower(), (second.ask or "").lower())
        if likeness > LIKENESS:
            yield f"{one} and {other} ask nearly the same ({likeness:.0f} % alike): it counts twice"


def lint_conditions(rubric: Rubric, labels: Iterable[Mapping[str, str]]) -> list[str]:
    """Warnings about criteria whose `when` matches no scenario, or whose `wanted` is one-sided.

    Args:
        rubric: The rubric.
        labels: The labels of each scenario of the dataset that it is measured on.
    """
    scenarios = list(labels)
    known: dict[str, set[str]] = {}
    for one in scenarios:
        for key, value in one.items():
            known.setdefault(key, set()).add(value)
    found = []
    applied = {key for one in scenarios for key, _ in rubric.applicable(one)}
    for principle, content in rubric.principles.items():
        for name, criterion in content.criteria.items():
            if (principle, name) not in applied and scenarios:
                found.append(f"{principle}/{name}: {_unmatched(criterion, known)}")
                continue
            called = {criterion.calls_for(one) for one in scenarios if applies(criterion, one)}
            if len(called) == 1 and None not in called:
                found.append(f"{principle}/{name}: {_one_sided(YES in called)}")
    return found


def lint_turns(rubric: Rubric, conversations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Warnings about questions put to a judge who is not shown what they are about.

    `prompt` is the last message of the user alone. A criterion that sees it sees the request, and
    where there were earlier turns it sees a part. One that sees the reply alone asks about nothing
    else, and is left alone.

    Args:
        rubric: The rubric.
        conversations: The labels of the scenarios of several turns, by id.
    """
    found = []
    for principle, content in rubric.principles.items():
        for name, criterion in content.criteria.items():
            sees = {*criterion.sees, *(["transcript"] if criterion.target == "every-turn" else [])}
            if criterion.ask is None or "transcript" in sees or "prompt" not in sees:
                continue
            asked = [one for one, labels in conversations.items() if applies(criterion, labels)]
            if asked:
                found.append(f"{principle}/{name}: {_last_turn_only(asked)}")
    return found


def _last_turn_only(asked: list[str]) -> str:
    return (
        f"asked of {len(asked)} with earlier turns ({asked[0]}), but `prompt` is the last message "
        "alone: let it see [transcript, reply], or [reply] if it is about nothing else"
    )


def lint_sources(rubric: Rubric, scenarios: Mapping[str, Reply]) -> Iterator[tuple[Location, str]]:
    """What checks take from scenarios (`{from: ...}`) and scenarios do not give, or misspell.

    Args:
        rubric: The rubric.
        scenarios: By id, what each scenario supplies, as a reply that says nothing.
    """
    for principle, content in rubric.principles.items():
        for name, criterion in content.criteria.items():
            if criterion.check is None:
                continue
            bound = bind(criterion.check, criterion.arguments)
            asked = {key: one for key, one in scenarios.items() if applies(criterion, one.labels)}
            for argument, source in bound.sources.items():
                at: Location = ("principles", principle, "criteria", name, "with", argument)
                given = {key: lookup(one, source) for key, one in asked.items()}
                yield from ((at, told) for told in _not_given(source, given, asked))
                if argument in bound.check.tools:
                    yield from ((at, told) for told in _strange(source, argument, bound, given))


def _not_given(source: str, given: Mapping[str, Any], asked: Mapping[str, Reply]) -> Iterator[str]:
    without = [key for key, value in given.items() if value is None]
    if not without:
        return
    if len(without) < len(given):
        yield (
            f"{len(without)} of {_many(given)} do not give {source} ({without[0]}): unscored there"
        )
        return
    root, _, rest = source.partition(".")
    there = {str(key) for one in asked.values() for key in getattr(one, root) or ()} if rest else ()
    hint = did_you_mean(rest.partition(".")[0], there)
    yield f"none of {_many(given)} gives {source}{hint}: unscored everywhere"


def _many(scenarios: Collection[str]) -> str:
    return f"{len(scenarios)} scenario{'' if len(scenarios) == 1 else 's'} that it is asked of"


def _strange(
    source: str, argument: str, bound: BoundCheck, given: Mapping[str, Any]
) -> Iterator[str]:
    """The tools that scenarios name and no environment has; each name once."""
    first: dict[str, str] = {}
    for key, value in given.items():
        named = bound.check.tools_named({argument: value}).get(argument, [])
        for told in strange_tools(named):
            first.setdefault(told, key)
    yield from (f"{source} of {key}: {told}" for told, key in first.items())


def lint_symptoms(
    rubric: Rubric,
    situations: Iterable[tuple[Mapping[str, str], Own]],
    blocking: Callable[[str], bool],
) -> list[str]:
    """Warnings about principles that gate on nothing but a symptom, as a list of phrases finds it.

    Args:
        rubric: The rubric.
        situations: The labels and the own criteria of each scenario that it is measured on.
        blocking: Whether a principle decides the outcome.
    """
    asked_of = [
        [(name, one) for (name, _), one in rubric.extended(own).applicable(labels)]
        for labels, own in situations
    ]
    found = []
    for name in rubric.principles:
        asked = [[one for home, one in criteria if home == name] for criteria in asked_of]
        alone = [one for one in asked if one and all(map(_is_symptom, one))]
        if alone and blocking(name):
            checks = ", ".join(sorted({str(one.check) for criteria in alone for one in criteria}))
            often = "" if len(alone) == sum(map(bool, asked)) else f" in {len(alone)} scenarios"
            found.append(
                f"{name}: rests on {checks} alone{often}, and blocks: that finds symptoms, so add "
                "a criterion that sees the fault, or make the rule `blocking: false`"
            )
    return found


def _is_symptom(criterion: Criterion) -> bool:
    return criterion.check is not None and checks()[criterion.check].symptom


def _one_sided(always: bool) -> str:
    if always:
        return "`wanted` matches every scenario: leave it out, or add some that do not call for it"
    return "`wanted` matches no scenario: give it a negative weight, or add some that call for it"


def _unmatched(criterion: Criterion, known: Labels) -> str:
    """Why `when` never matches: the first label that no scenario has so, or their combination."""
    for key, condition in criterion.when.items():
        if isinstance(condition, Not):
            continue
        wanted = (condition,) if isinstance(condition, str) else condition
        if not set(wanted) & set(known.get(key, ())):
            there = ", ".join(sorted(known.get(key, ()))) or "no scenario with that label"
            return f"`when` never matches: {key} is never {' or '.join(wanted)} ({there})"
    return "`when` never matches: no scenario has all its labels at once"
