"""Replies side by side: each pair of arms' replies put to the judge, in both orders."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tastemaker.evaluation import LoadedEval
from tastemaker.experiment import Experiment
from tastemaker.grade import Panel
from tastemaker.judge.grader import Grader, Usage, together
from tastemaker.judge.page import Shown
from tastemaker.judge.pairwise import OVERALL, Form, Preferred, prefer, question_for
from tastemaker.records import Finding, PreferenceRow, ReplyRow
from tastemaker.rubric import Rubric
from tastemaker.scenario import Dataset, Scenario

AT_ONCE = 200
"""Pairs in work at the same time; how many calls that makes, Inspect decides."""
ANSWERS: Mapping[float | None, str | None] = {1.0: "a", 0.0: "b", 0.5: "tie", None: None}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two arms' replies to one scenario and seed, with a question about them."""

    base: PreferenceRow
    """A row with all but the answer."""
    prompt: str
    context: Shown
    """What else belongs to the prompt: what was said before, a document."""
    question: str
    a: str
    b: str
    lacking: str = ""
    """Why there is nothing to compare; "" when both replies are there."""


def asked_of(
    experiment: Experiment, rubric: Rubric, scenario: Scenario
) -> list[tuple[str | None, str]]:
    """The questions about two replies to a scenario: (principle, or None; its words)."""
    by = experiment.preference.by if experiment.preference else "overall"
    overall: list[tuple[str | None, str]] = [(None, OVERALL)] if by != "principles" else []
    if by == "overall":
        return overall
    rubric = rubric.extended(scenario.criteria)
    names = dict.fromkeys(principle for (principle, _), _ in rubric.applicable(scenario.labels))
    return overall + [(name, question_for(_words(rubric, name))) for name in names]


def _words(rubric: Rubric, name: str) -> str:
    """A principle in words: its text, else what its criteria ask."""
    principle = rubric.principles[name]
    asked = [criterion.ask for criterion in principle.criteria.values() if criterion.ask]
    return principle.text or " ".join([f"{name}.", *asked])


def calls_of(experiment: Experiment, evals: Iterable[LoadedEval], seeds: int) -> int:
    """How many calls judges are asked for, when no replies are equal and all can be read."""
    if experiment.preference is None or experiment.preference.preferences is not None:
        return 0
    questions = sum(
        len(asked_of(experiment, one.rubric, scenario))
        for one in evals
        if one.rubric
        for scenario in one.data.scenarios
    )
    orders = 2 * sum(grader.samples for grader in experiment.graders)
    return len(experiment.pairs) * questions * seeds * orders


def pairs_of(
    experiment: Experiment,
    evals: Iterable[LoadedEval],
    replies: Iterable[ReplyRow],
    seeds: int,
) -> Iterator[Pair]:
    """Every pair of replies that the experiment compares, with every question about it.

    Inspect tasks with scores of their own are left out: what a good reply is there, no rubric says.
    """
    said = {(row.eval, row.scenario, row.seed, row.arm): row for row in replies}
    for one in evals:
        if one.rubric is None:
            continue
        for scenario in one.data.scenarios:
            questions = asked_of(experiment, one.rubric, scenario)
            for seed in range(1, seeds + 1):
                for arms in experiment.pairs:
                    both = [said.get((one.name, scenario.id, seed, arm)) for arm in arms]
                    base = replace(blank(one.name, one.data, scenario), seed=seed)
                    base = replace(base, arm_a=arms[0], arm_b=arms[1])
                    yield from _pairs(base, scenario, questions, both)


def _pairs(
    base: PreferenceRow,
    scenario: Scenario,
    questions: Sequence[tuple[str | None, str]],
    replies: Sequence[ReplyRow | None],
) -> Iterator[Pair]:
    texts = [reply.reply if reply else "" for reply in replies]
    for principle, question in questions:
        yield Pair(
            base=replace(base, principle=principle),
            prompt=scenario.prompt,
            context=context_of(scenario),
            question=question,
            a=texts[0],
            b=texts[1],
            lacking=_lacking((base.arm_a, base.arm_b), replies),
        )


def _lacking(arms: Sequence[str], replies: Sequence[ReplyRow | None]) -> str:
    """Why there is nothing to compare, as the reason of an unscored row."""
    why = {
        arm: "not_run" if reply is None else reply.error.split(":")[0]
        for arm, reply in zip(arms, replies, strict=True)
    }
    gone = {arm: reason for arm, reason in why.items() if reason}
    return "no_reply: " + ", ".join(f"{a} ({why})" for a, why in gone.items()) if gone else ""


def blank(name: str, data: Dataset, scenario: Scenario) -> PreferenceRow:
    """What a dataset says of a scenario, as a row with all but the answer."""
    strata = {stratum: weight for stratum, weight in data.strata.items() if stratum}
    return PreferenceRow(
        eval=name,
        dataset=data.name,
        dataset_version=data.version,
        dataset_hash=data.fingerprint,
        scenario=scenario.id,
        cluster=scenario.cluster,
        stratum=scenario.stratum,
        stratum_weight=strata.get(scenario.stratum),
        scenario_weight=scenario.weight,
        split=scenario.split,
        labels=json.dumps(dict(scenario.labels)),
        seed=1,
        arm_a="",
        arm_b="",
        order="ab",
        preference=None,
    )


def context_of(scenario: Scenario) -> Shown:
    """What belongs to a scenario's prompt beside it: what was said before, and its document."""
    messages = scenario.messages
    messages = messages[:-1] if messages[-1].role == "user" else messages
    before = [f"[{message.role}]\n{message.text}" for message in messages]
    shown = [("what was said before", "\n\n".join(before))] if before else []
    return shown + ([("document", scenario.document)] if scenario.document else [])


def unasked(pair: Pair, graders: Sequence[str], reason: str) -> list[PreferenceRow]:
    """The rows of a pair that no judge was asked about."""
    return [
        replace(pair.base, order=order, grader=grader, preference=None, reason=reason)
        for grader in graders
        for order in ("ab", "ba")
    ]


async def compare(
    pairs: Sequence[Pair], panel: Panel, keep: Callable[[list[PreferenceRow]], None]
) -> None:
    """Put pairs to a panel, in their order.

    Args:
        pairs: What is compared.
        panel: Who judges; its models are closed at the end.
        keep: Given the rows of each pair, an answer for each grader, sample and order.
    """
    try:
        for start in range(0, len(pairs), AT_ONCE):
            batch = pairs[start : start + AT_ONCE]
            for rows in await together([_compared(one, panel) for one in batch]):
                keep(rows)
    finally:
        for grader in panel.graders:
            await grader.model.api.aclose()


async def _compared(pair: Pair, panel: Panel) -> list[PreferenceRow]:
    if pair.lacking:
        return unasked(pair, [grader.name for grader in panel.graders], pair.lacking)
    asked = [(grader, number) for grader in panel.graders for number in range(grader.samples)]
    answers = await together([ask(pair, grader, number) for grader, number in asked])
    return [
        row
        for (grader, number), found in zip(asked, answers, strict=True)
        for row in _rows(pair, grader.name, number + 1, found)
    ]


async def ask(pair: Pair, grader: Grader, sample: int = 0) -> Preferred:
    """What one grader says of a pair, in both orders."""
    return await prefer(
        grader,
        pair.prompt,
        pair.a,
        pair.b,
        question=pair.question,
        context=pair.context,
        sample=sample,
    )


def _rows(pair: Pair, grader: str, sample: int, found: Preferred) -> list[PreferenceRow]:
    base = replace(pair.base, grader=grader, sample=sample, **_forms(found.form_a, found.form_b))
    return [
        _row(base, "ab", found.a_first, found.usage_a_first),
        _row(base, "ba", found.b_first, found.usage_b_first),
    ]


def _forms(a: Form, b: Form) -> dict[str, Any]:
    both = (("a", a), ("b", b))
    return {f"{name}_{side}": getattr(form, name) for side, form in both for name in form._fields}


def _row(base: PreferenceRow, order: str, found: Finding, usage: Usage) -> PreferenceRow:
    asked = usage.calls > 0
    return replace(
        base,
        order=order,
        preference=ANSWERS[found.value],
        reason=found.reason,
        quote=found.quote,
        grader_calls=usage.calls if asked else None,
        grader_input_tokens=usage.input_tokens if asked else None,
        grader_output_tokens=usage.output_tokens if asked else None,
        grader_cost=usage.cost,
    )
