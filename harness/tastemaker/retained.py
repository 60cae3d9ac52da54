"""How much of a feature's gain a merge kept, for every merge that an experiment names."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tastemaker.experiment import Experiment, Merge
from tastemaker.stats.paired import RNG_SEED
from tastemaker.stats.panel import Panel
from tastemaker.stats.retention import Retention, retention


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One merge on one principle."""

    merge: Merge
    principle: str
    found: Retention


def retentions(experiment: Experiment, panels: Mapping[str, Panel]) -> tuple[Kept, ...]:
    """The share of the gain over the baseline that each merge kept, for every principle."""
    return tuple(
        Kept(
            merge=merge,
            principle=name,
            found=retention(
                panel.arm(experiment.baseline_name),
                panel.arm(merge.feature),
                panel.arm(merge.merged),
                panel.design,
                np.random.default_rng(RNG_SEED),
            ),
        )
        for merge in experiment.retention
        for name, panel in panels.items()
    )
