"""Which ingredient did it: what the factors that an ablation names add to each principle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tastemaker.experiment import Experiment
from tastemaker.stats.ablation import FEWEST_DF, Attribution, FactorEffect, factor_effects
from tastemaker.stats.multiplicity import holm
from tastemaker.stats.panel import Floats, Panel
from tastemaker.stats.reported import known

LEVEL = 0.05
"""Of the adjusted p-value below which an effect is established."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one factor adds to one principle."""

    principle: str
    found: FactorEffect
    p_adjusted: float | None
    """By Holm over all factors and principles; None: conditional on these checkpoints."""

    @property
    def verdict(self) -> str | None:
        """Whether it "raises" or "lowers", or "no effect established"; None without a test."""
        if self.p_adjusted is None or self.found.effect.value is None:
            return None
        if self.p_adjusted > LEVEL:
            return "no effect established"
        return "raises" if self.found.effect.value > 0 else "lowers"


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """What is said of the factors."""

    values: Mapping[str, tuple[Any, Any]]
    """By factor: what it is without, and with."""
    arms: tuple[str, ...]
    left_out: tuple[str, ...]
    """Arms that lack one of the factors."""
    df: int
    """Arms minus parameters."""
    conditional: bool
    """Too few arms to be the units: nothing is tested, and there is no verdict."""
    note: str
    """What the intervals mean."""
    effects: tuple[Effect, ...]
    problems: tuple[str, ...]
    """Why something is not said, in sentences."""


def ablation(experiment: Experiment, panels: Mapping[str, Panel]) -> Ablation | None:
    """The effects of the factors that the experiment names; None when it names none.

    The arms are the units where enough of them are left (STATS section 9.6).
    """
    if not experiment.ablation:
        return None
    values = experiment.factor_values()
    arms = [arm for arm in experiment.arms if experiment.has_factors(arm)]
    factors = np.array(
        [
            [
                float(experiment.arms[arm].factors[name] == with_it)
                for name, (_, with_it) in values.items()
            ]
            for arm in arms
        ]
    )
    found: dict[str, Attribution] = {}
    problems: dict[str, list[str]] = {}
    for name, panel in panels.items():
        try:
            found[name] = _attributed(factors, list(values), panel, arms)
        except ValueError as problem:
            problems.setdefault(str(problem), []).append(name)
    return Ablation(
        values=values,
        arms=tuple(arms),
        left_out=tuple(arm for arm in experiment.arms if arm not in arms),
        df=len(arms) - len(values) - 1,
        conditional=len(arms) - len(values) - 1 < FEWEST_DF,
        note=next((one.note for one in found.values()), ""),
        effects=_effects(found),
        problems=tuple(_told(text, names, len(panels)) for text, names in problems.items()),
    )


def _attributed(factors: Floats, names: list[str], panel: Panel, arms: list[str]) -> Attribution:
    return factor_effects(factors, names, np.stack([panel.arm(arm) for arm in arms]), panel.design)


def _effects(found: Mapping[str, Attribution]) -> tuple[Effect, ...]:
    pairs = [(name, effect) for name, one in found.items() for effect in one.effects]
    adjusted = holm([effect.p_value for _, effect in pairs])
    return tuple(
        Effect(principle=name, found=effect, p_adjusted=known(p))
        for (name, effect), p in zip(pairs, adjusted.tolist(), strict=True)
    )


def _told(text: str, principles: list[str], of_all: int) -> str:
    return text if len(principles) == of_all else f"{', '.join(principles)}: {text}"
