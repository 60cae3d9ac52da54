"""What scenarios called for and what arms chose: routing and detection, and the rules on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tastemaker.errors import UserError
from tastemaker.experiment import DEFAULT, Experiment, Rule
from tastemaker.reading import did_you_mean
from tastemaker.stats.agreement import Rate, rate
from tastemaker.stats.choices import Choices, ChoicesChange, choices, choices_change
from tastemaker.stats.detection import (
    Discrimination,
    DiscriminationChange,
    discrimination,
    discrimination_change,
)
from tastemaker.stats.paired import RNG_SEED
from tastemaker.stats.panel import Codes, Design, Floats, Panel
from tastemaker.tables import Arranged, Column, Scores, weighed_as_principles

MOST_CLASSES = 50
"""With more, a confusion matrix shows nothing and its resamples fill the memory."""
REFRAINING = ("none", "no")
"""What is chosen by doing nothing: it comes last, and the other of two classes is the act."""


@dataclass(frozen=True, kw_only=True)
class ChoicePanel:
    """One choice: what N scenarios call for, and what A arms chose in K seeds."""

    name: str
    """The principle, or "principle/criterion"."""
    classes: tuple[str, ...]
    """C names, all that were called for or chosen."""
    arms: tuple[str, ...]
    scenarios: Sequence[str]
    right: Codes
    """(N,), 0..C-1."""
    chosen: Codes
    """(A, N, K), -1 where there is no answer."""
    design: Design

    def arm(self, name: str) -> Codes:
        """(N, K), what one arm chose."""
        chosen: Codes = self.chosen[self.arms.index(name)]
        return chosen

    @property
    def act(self) -> str | None:
        """Of two classes the one that is doing something; None when there are not two."""
        return self.classes[0] if len(self.classes) == 2 else None


@dataclass(frozen=True, kw_only=True)
class ArmChoices:
    """One choice as one arm made it."""

    arm: str
    found: Choices
    detection: Discrimination | None
    """Of a choice between two classes."""
    same: Rate
    """Share of scenarios whose choice is the same in all seeds, of those with two or more."""
    missing: int
    """Replies without a choice."""


@dataclass(frozen=True, kw_only=True)
class ChoiceChange:
    """What a candidate changed, on the scenarios that both arms answered."""

    candidate: str
    found: ChoicesChange
    detection: DiscriminationChange | None


@dataclass(frozen=True, kw_only=True)
class ChoiceReport:
    """All that is said of one choice."""

    panel: ChoicePanel
    support: Mapping[str, int]
    """Scenarios that call for each class."""
    arms: tuple[ArmChoices, ...]
    changes: tuple[ChoiceChange, ...]
    problems: tuple[str, ...]
    """What could not be said, and why, in sentences."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """One class of a choice that a rule holds candidates to, as scores of 0 and 1."""

    name: str
    """As verdicts call it: "tool/opens: recall of canvas"."""
    rule: Rule
    panel: Panel
    """1 is right: chosen where it is called for, or not chosen where it is not."""


# From rows to panels -----------------------------------------------------------------------------


def choice_panels(
    scores: Scores, arms: Sequence[str], *, eval_weights: Mapping[str, float] | None = None
) -> dict[str, ChoicePanel]:
    """A panel for every choice in a table, by name, in order of appearance; mostly none.

    Raises:
        UserError: A scenario calls for one thing in one row and for another in the next.
    """
    rows = scores.keep(~scores.texts["should"].equal(None))
    if not len(rows.numbers["value"]):
        return {}
    names = list(dict.fromkeys([*rows.texts["should"].spoken(), *rows.texts["did"].spoken()]))
    known = [name for name in names if name is not None]
    rows = weighed_as_principles(scores, rows)
    rows = replace(rows, texts={**rows.texts, **_choice_names(rows)})
    called, chose = (
        Arranged(
            replace(rows, numbers={**rows.numbers, "value": _coded(rows.texts[column], known)}),
            arms,
            eval_weights=eval_weights,
        ).panels()
        for column in ("should", "did")
    )
    return {name: _choice_panel(called[name], chose[name], known) for name in called}


def _choice_names(rows: Scores) -> dict[str, Column]:
    """The choice of each row in the place of its principle, and no criterion any more."""
    principle, criterion = rows.texts["principle"], rows.texts["criterion"]
    pairs = principle.codes.astype(np.intp) * len(criterion.names) + criterion.codes
    keys, first, codes = np.unique(pairs, return_index=True, return_inverse=True)
    names = [
        f"{principle.names[key // len(criterion.names)]}" + ("" if part is None else f"/{part}")
        for key in keys.tolist()
        for part in [criterion.names[key % len(criterion.names)]]
    ]
    order = np.argsort(np.argsort(first))
    in_order = [name for _, name in sorted(zip(order.tolist(), names, strict=True))]
    return {
        "principle": Column(codes=order[codes], names=tuple(in_order)),
        "criterion": Column(codes=np.zeros(len(codes), np.intp), names=(None,)),
    }


def _coded(column: Column, known: Sequence[str]) -> Floats:
    """(N,), the place of each row's name among the known; NaN where it says nothing."""
    places = {name: float(place) for place, name in enumerate(known)}
    codes = [np.nan if name is None else places.get(name, np.nan) for name in column.names]
    coded: Floats = np.array([*codes, np.nan])[column.codes]
    return coded


def _choice_panel(called: Panel, chose: Panel, known: Sequence[str]) -> ChoicePanel:
    right = np.nanmax(called.values, axis=(0, 2), initial=-1.0)
    _refuse_two_answers(called, right, known)
    chosen = np.where(np.isnan(chose.values), -1.0, chose.values).astype(np.intp)
    codes = {int(code) for code in [*right, *np.unique(chosen)] if code >= 0}
    used = {known[code] for code in codes}
    classes = sorted(used, key=lambda name: (name in REFRAINING, name))
    places = np.array([classes.index(name) if name in used else -1 for name in known] + [-1])
    return ChoicePanel(
        name=called.principle,
        classes=tuple(classes),
        arms=called.arms,
        scenarios=called.scenarios,
        right=places[right.astype(np.intp)],
        chosen=places[chosen],
        design=called.design,
    )


def _refuse_two_answers(called: Panel, right: Floats, known: Sequence[str]) -> None:
    differs = (~np.isnan(called.values) & (called.values != right[:, None])).any(axis=(0, 2))
    for place in np.flatnonzero(differs):
        values = called.values[:, place]
        told = [known[int(code)] for code in np.unique(values[~np.isnan(values)]).tolist()]
        scenario = called.scenarios[int(place)]
        raise UserError(
            f"{called.principle}: scenario '{scenario}' calls for '{told[0]}' in one row and for "
            f"'{told[1]}' in another; a scenario calls for one of them"
        )


# What is reported --------------------------------------------------------------------------------


def choice_reports(
    experiment: Experiment, panels: Mapping[str, ChoicePanel]
) -> tuple[ChoiceReport, ...]:
    """Every choice: each arm by itself, and each candidate against the baseline (STATS 8)."""
    return tuple(_report(experiment, panel) for panel in panels.values())


def _report(experiment: Experiment, panel: ChoicePanel) -> ChoiceReport:
    support = {name: int((panel.right == place).sum()) for place, name in enumerate(panel.classes)}
    answering = [arm for arm in experiment.arms if (panel.arm(arm) >= 0).any()]
    small = len(panel.classes) <= MOST_CLASSES
    base = experiment.baseline_name
    paired = [arm for arm in answering if arm != base and small and _share(panel, base, arm)]
    return ChoiceReport(
        panel=panel,
        support=support,
        arms=tuple(_arm_choices(panel, arm) for arm in answering if small),
        changes=tuple(_change(panel, base, arm) for arm in paired),
        problems=tuple(_problems(experiment, panel, support, answering)),
    )


def _share(panel: ChoicePanel, base: str, candidate: str) -> bool:
    """Whether some scenario was answered by both."""
    both = (panel.arm(base) >= 0).any(axis=1) & (panel.arm(candidate) >= 0).any(axis=1)
    return bool(both.any())


def _problems(
    experiment: Experiment,
    panel: ChoicePanel,
    support: Mapping[str, int],
    answering: Sequence[str],
) -> Iterator[str]:
    if len(panel.classes) > MOST_CLASSES:
        yield f"{len(panel.classes)} classes: more than {MOST_CLASSES} are not shown as a matrix."
        return
    for name, scenarios in support.items():
        if not scenarios:
            yield f"No scenario calls for {name}: it has no recall, precision or F1."
    if len(panel.classes) == 1:
        yield f"{panel.classes[0]} was always right and always chosen: nothing is told apart."
    for arm in experiment.arms:
        if arm not in answering:
            yield f"{arm}: no choice of it is recorded."
        elif arm != experiment.baseline_name and experiment.baseline_name in answering:
            if not _share(panel, experiment.baseline_name, arm):
                yield f"{arm}: no scenario was answered by it and by the baseline."


def _arm_choices(panel: ChoicePanel, arm: str) -> ArmChoices:
    chosen = panel.arm(arm)
    answered = (chosen >= 0).sum(axis=1)
    several = answered >= 2
    lowest = np.where(chosen >= 0, chosen, len(panel.classes)).min(axis=1)
    same = (lowest == chosen.max(axis=1)).astype(float)
    asked = (chosen >= 0).any(axis=0).sum() * len(chosen)
    return ArmChoices(
        arm=arm,
        found=choices(panel.right, chosen, panel.classes, panel.design, _rng()),
        detection=discrimination(_acted(panel, arm), panel.right == 0) if panel.act else None,
        same=rate(same[several], panel.design.clusters[several]),
        missing=int(asked - answered.sum()),
    )


def _change(panel: ChoicePanel, base: str, candidate: str) -> ChoiceChange:
    before, after = panel.arm(base), panel.arm(candidate)
    detection = None
    if panel.act:
        acts = _acted(panel, base), _acted(panel, candidate)
        detection = discrimination_change(*acts, panel.right == 0, panel.design, _rng())
    return ChoiceChange(
        candidate=candidate,
        found=choices_change(panel.right, before, after, panel.classes, panel.design, _rng()),
        detection=detection,
    )


def _acted(panel: ChoicePanel, arm: str, place: int = 0) -> Floats:
    """(N, K), 1 where the arm chose a class, 0 where another, NaN where there is no answer."""
    chosen = panel.arm(arm)
    return np.where(chosen < 0, np.nan, (chosen == place).astype(float))


def _rng() -> np.random.Generator:
    """The same resamples for every arm and every candidate."""
    return np.random.default_rng(RNG_SEED)


# What is gated -----------------------------------------------------------------------------------


def held(
    experiment: Experiment, panels: Mapping[str, ChoicePanel], *, partial: bool = False
) -> list[Held]:
    """The classes that the experiment's `choices` hold candidates to; decision 0006.

    Recall over the scenarios that call for the class; false triggers over all others, turned
    round, so that more is better for both.

    Args:
        experiment: Names the classes.
        panels: Every choice in the scores.
        partial: Only a part of the replies is there, so that a class may be absent by chance: then
            it is held on no scenario, and nobody can say anything of it.

    Raises:
        UserError: A rule names a choice or a class that is not there, or one nothing calls for.
    """
    found = []
    for name, rules in experiment.choices.items():
        if name not in panels and partial:
            continue
        if name not in panels:
            there = f"there is {', '.join(panels)}" if panels else "no score is a choice"
            hint = did_you_mean(name, panels)
            raise UserError(f"{experiment.name}: choices name '{name}'{hint}; {there}")
        for kind, of_class in (("recall", rules.recall), ("false_trigger", rules.false_trigger)):
            for wanted, rule in of_class.items():
                found.append(_held(experiment, panels[name], kind, wanted, rule, partial))
    return found


def _held(
    experiment: Experiment,
    panel: ChoicePanel,
    kind: str,
    wanted: str,
    rule: Rule,
    partial: bool,
) -> Held:
    where = f"{experiment.name}: choices.{panel.name}.{kind}"
    if wanted not in panel.classes and not partial:
        hint = did_you_mean(wanted, panel.classes)
        raise UserError(
            f"{where} names '{wanted}'{hint}; what is called for or chosen is "
            f"{', '.join(panel.classes)}"
        )
    place = panel.classes.index(wanted) if wanted in panel.classes else len(panel.classes)
    recall = kind == "recall"
    mask = (panel.right == place) == recall
    if not mask.any() and not partial:
        calls = f"no scenario calls for '{wanted}'" if recall else f"every one calls for '{wanted}'"
        raise UserError(f"{where}: {calls}, so there is nothing to measure it on")
    triggered = np.stack([_acted(panel, arm, place)[mask] for arm in panel.arms])
    label = f"recall of {wanted}" if recall else f"no false {wanted}"
    usual = experiment.rules.get(DEFAULT, Rule()).model_dump(exclude_unset=True)
    return Held(
        name=f"{panel.name}: {label}",
        rule=Rule(**usual | rule.model_dump(exclude_unset=True)),
        panel=Panel(
            principle=f"{panel.name}: {label}",
            arms=panel.arms,
            scenarios=[key for key, kept in zip(panel.scenarios, mask, strict=True) if kept],
            values=triggered if recall else 1 - triggered,
            design=panel.design.keep(mask),
        ),
    )
