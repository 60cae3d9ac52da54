"""What an experiment names of its evals (rules, choices, tools ...), held against them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tastemaker.checks.registry import checks
from tastemaker.environments.kinds import tool_names
from tastemaker.experiment import DEFAULT, Experiment, Problems
from tastemaker.reading import Location, did_you_mean, listed
from tastemaker.records import ScoreRow
from tastemaker.rubric import NO, YES, Criterion, Rubric
from tastemaker.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one eval measures, as far as names go."""

    eval: str
    principles: Mapping[str, Collection[str]]
    """The scenarios that each principle applies to, by their ids."""
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By name, what can be called for or chosen."""


def measured(name: str, rubric: Rubric, scenarios: Iterable[Scenario]) -> Measured:
    """What an eval with a rubric measures: what applies to no scenario is not measured."""
    principles: dict[str, list[str]] = {}
    choices: dict[str, Collection[str]] = {}
    for scenario in scenarios:
        extended = rubric.extended(scenario.criteria)
        applied: dict[str, None] = {}
        for (principle, key), criterion in extended.applicable(scenario.labels):
            applied[principle] = None
            if answers := _answers(criterion):
                choices[f"{principle}/{key}"] = answers
        for principle in applied:
            principles.setdefault(principle, []).append(scenario.id)
    ordered = {key: principles[key] for key in rubric.principles if key in principles}
    return Measured(eval=name, principles=ordered, choices=choices)


def _answers(criterion: Criterion) -> Collection[str]:
    """What can be chosen, where a criterion is a choice."""
    if criterion.wanted:
        return (YES, NO)
    return checks()[criterion.check].choices(criterion.arguments) if criterion.check else ()


def measured_by(rows: Iterable[ScoreRow]) -> list[Measured]:
    """What evals measure of which there are scores alone."""
    principles: dict[str, dict[str, dict[str, None]]] = {}
    choices: dict[str, dict[str, dict[str, None]]] = {}
    for row in rows:
        principles.setdefault(row.eval, {}).setdefault(row.principle, {})[row.scenario] = None
        if row.should is not None:
            name = row.principle if row.criterion is None else f"{row.principle}/{row.criterion}"
            answers = choices.setdefault(row.eval, {}).setdefault(name, {})
            answers |= dict.fromkeys(filter(None, (row.should, row.did)))
    return [
        Measured(eval=name, principles=found, choices=choices.get(name, {}))
        for name, found in principles.items()
    ]


def strange_names(experiment: Experiment, evals: Sequence[Measured]) -> Problems:
    """Where an experiment names what its evals do not have: it would decide nothing, unseen."""
    problems = list(_strange_rules(experiment, {one.eval: one.principles for one in evals}))
    if not experiment.evals or not any(arm.scores for arm in experiment.arms.values()):
        # Beside evals a file of scores may bring choices of its own.
        problems += _strange_choices(experiment, evals)
    return problems


def _strange_rules(
    experiment: Experiment, principles: Mapping[str, Mapping[str, Collection[str]]]
) -> Iterator[tuple[Location, str]]:
    known = list(dict.fromkeys(name for found in principles.values() for name in found))
    for rule in experiment.rules:
        principle, at, name = rule.partition("@")
        place: Location = ("rules", rule)
        if at and name not in principles:
            yield place, f"no eval '{name}'{did_you_mean(name, principles) or _there(principles)}"
        elif at and principle not in principles[name]:
            yield (
                place,
                f"{name} does not measure '{principle}'"
                + (did_you_mean(principle, principles[name]) or _there(principles[name])),
            )
        elif not at and principle not in (DEFAULT, *known):
            yield place, _no_principle(principle, known)
    for number, pair in enumerate(experiment.tensions):
        for side, principle in enumerate(pair):
            if principle not in known:
                yield ("tensions", number, side), _no_principle(principle, known)
    for name in experiment.weights:
        if name not in principles:
            hint = did_you_mean(name, principles) or _there(principles)
            yield ("weights", name, "[key]"), f"no eval '{name}'{hint}"


def _no_principle(name: str, known: Collection[str]) -> str:
    return f"no principle '{name}'{did_you_mean(name, known) or _there(known)}"


def _there(names: Iterable[str]) -> str:
    return f"; there is {listed(names)}"


def _strange_choices(
    experiment: Experiment, evals: Sequence[Measured]
) -> Iterator[tuple[Location, str]]:
    known: dict[str, dict[str, None]] = {}
    for one in evals:
        for name, answers in one.choices.items():
            known.setdefault(name, {}).update(dict.fromkeys(answers))
    for name, rules in experiment.choices.items():
        if name not in known:
            hint = did_you_mean(name, known) or (_there(known) if known else "; there is none")
            yield ("choices", name), f"no choice '{name}'{hint}"
            continue
        for kind, of_class in (("recall", rules.recall), ("false_trigger", rules.false_trigger)):
            for answer in of_class:
                if answer not in known[name]:
                    hint = did_you_mean(answer, known[name]) or _there(known[name])
                    yield ("choices", name, kind, answer), f"nothing chooses '{answer}'{hint}"


def strange_tools(
    experiment: Experiment, scenarios: Iterable[Scenario], *, foreign: bool = False
) -> Problems:
    """The tools of arms that no environment of the scenarios has: they would offer nothing.

    Args:
        experiment: Whose arms.
        scenarios: Of all its evals.
        foreign: Whether a task of Inspect is among them, which has tools of its own.
    """
    kinds = {scenario.environment.kind for scenario in scenarios if scenario.environment}
    known = sorted({name for kind in kinds for name in tool_names(kind)})
    problems: Problems = []
    for name, arm in experiment.arms.items():
        at: Location = ("baseline" if name in experiment.baseline else "candidates", name, "tools")
        if arm.tools is not None and foreign:
            what = (
                "`tools` chooses among the tools of environments, and a task of Inspect has its own"
            )
            problems.append(((*at, "[key]"), what))
            continue
        for number, tool in enumerate(arm.tools or ()):
            if tool not in known:
                hint = did_you_mean(tool, known) or (_there(known) if known else "")
                what = f"no environment of these evals has the tool '{tool}'{hint}"
                problems.append(((*at, number), what))
    return problems


def plays_users(scenarios: Iterable[Scenario]) -> bool:
    """Whether a model is asked to play the user of one of the scenarios."""
    return any(one.user is not None and not one.user.scripted for one in scenarios)


def missing_user(experiment: Experiment, evals: Mapping[str, Iterable[Scenario]]) -> Problems:
    """Users whom scenarios describe need a model that plays them; it is never an arm."""
    if experiment.user is not None or not any(arm.model for arm in experiment.arms.values()):
        return []
    how = "its users are played by a model; add `user: {model: ...}` to the experiment"
    return [
        (("evals",), f"{name}: {how}")
        for name, scenarios in evals.items()
        if plays_users(scenarios)
    ]
