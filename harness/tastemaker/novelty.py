"""How alike an arm's replies are: over the seeds of a scenario, and from one story to the next.

Exploratory, never gated. A reply that is like the arm's others is not bad for that, and nonsense is
unlike everything: these shares are read beside the scores.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tastemaker.checks.length import word_spans
from tastemaker.experiment import Experiment
from tastemaker.stats.estimates import ArmEstimate, arm_mean, linear, scenario_means
from tastemaker.stats.panel import Design, Floats, Panel
from tastemaker.stats.reported import UNKNOWN, Estimate, laddered
from tastemaker.tables import Arranged, ReplyKey

OPENING = 4
"""How many words make an opening."""
RUN = 4
"""How many words in a row are compared."""
READ = 400
"""Of each reply so many words are read, which is enough to know it by."""

SAME_OPENING, ALIKE_SEEDS = "same opening, other seeds", "alike, other seeds"
SHARED_OPENING, SHARED_RUNS = "opening used elsewhere", "words used elsewhere"
MEASURES = (SAME_OPENING, ALIKE_SEEDS, SHARED_OPENING, SHARED_RUNS)

Run = tuple[str, ...]


class Told(NamedTuple):
    """One reply of an arm in one eval, as it is compared."""

    scenario: str
    cluster: int
    opening: Run
    """Its first words; empty for an empty reply."""
    runs: frozenset[Run]
    """Its runs of `RUN` words; the whole reply where it is shorter."""


@dataclass(frozen=True, kw_only=True)
class Alike:
    """One measure of one arm in one eval; a share in [0, 1], and more is more alike."""

    eval: str
    measure: str
    arm: str
    found: ArmEstimate
    difference: Estimate | None
    """From the baseline, on the scenarios that both have; None for the baseline itself."""


def told(scenario: str, cluster: int, text: str) -> Told:
    """A reply taken apart: words by `words` of the checks, in lower case, without punctuation."""
    spans = word_spans(text)[:READ]
    words = [text[start:end].casefold().strip(".,;:!?…\"'“”‘’()*_#") for start, end in spans]
    runs = [tuple(words[at : at + RUN]) for at in range(max(len(words) - RUN + 1, 1))]
    return Told(scenario, cluster, tuple(words[:OPENING]), frozenset(run for run in runs if run))


def likeness(replies: Sequence[Told]) -> Floats:
    """(R, 4) the measures of each reply among all of an arm in one eval; NaN where unknown.

    Same opening: the share of the scenario's other seeds that begin with the same `OPENING` words.
    Alike: the mean, over the other seeds, of the runs of words in common by the runs in either
    (Jaccard). Opening used elsewhere: 1 where a reply to a scenario of another cluster begins so.
    Words used elsewhere: the share of its runs that stand in a reply to another cluster. Empty
    replies say nothing.
    """
    spoken = [one for one in replies if one.opening]
    by_scenario: dict[str, list[Told]] = defaultdict(list)
    for one in spoken:
        by_scenario[one.scenario].append(one)
    openings = _homes((one.cluster, [one.opening]) for one in spoken)
    runs = _homes((one.cluster, one.runs) for one in spoken)
    several = len({one.cluster for one in spoken}) > 1
    return np.array(
        [
            [*_among(one, by_scenario[one.scenario]), *_elsewhere(one, openings, runs, several)]
            if one.opening
            else [np.nan] * len(MEASURES)
            for one in replies
        ]
    ).reshape(-1, len(MEASURES))


def _homes(said: Iterable[tuple[int, Iterable[Run]]]) -> Counter[Run]:
    """In how many clusters each run of words stands."""
    homes = {(cluster, run) for cluster, runs in said for run in runs}
    return Counter(run for _, run in homes)


def _among(one: Told, seeds: Sequence[Told]) -> tuple[float, float]:
    """How it stands among the replies to its own scenario, of which it is one."""
    others = len(seeds) - 1
    if not others:
        return np.nan, np.nan
    same = sum(other.opening == one.opening for other in seeds) - 1
    alike = sum(len(one.runs & other.runs) / len(one.runs | other.runs) for other in seeds) - 1
    return same / others, alike / others


def _elsewhere(
    one: Told, openings: Mapping[Run, int], runs: Mapping[Run, int], several: bool
) -> tuple[float, float]:
    """How it stands among the replies to other clusters; it stands in its own, so more than 1."""
    if not several:
        return np.nan, np.nan
    shared = sum(runs[run] > 1 for run in one.runs)
    return float(openings[one.opening] > 1), shared / len(one.runs)


def alike(
    experiment: Experiment, arranged: Arranged, texts: Mapping[ReplyKey, str]
) -> tuple[Alike, ...]:
    """Every measure by eval and arm, over the scenarios as they are weighed, with intervals.

    Args:
        experiment: Names the baseline and the level of the intervals.
        arranged: The rows of the scores.
        texts: The replies that are there, by eval, scenario, seed and arm.
    """
    frame = arranged.spent("", np.zeros(len(arranged.arm)))
    amounts = _amounts(
        arranged, texts, dict(zip(frame.scenarios, frame.design.clusters, strict=True))
    )
    traits = arranged.traits()
    homes = [traits[key].eval for key in frame.scenarios]
    return tuple(
        one
        for home in dict.fromkeys(homes)
        for place, name in enumerate(MEASURES)
        for panel in [arranged.spent(name, amounts[:, place])]
        for one in _compared(experiment, name, home, panel, np.array(homes) == home)
    )


def _amounts(
    arranged: Arranged, texts: Mapping[ReplyKey, str], clusters: Mapping[str, int]
) -> Floats:
    """(rows, 4) the measures of the reply that each row of scores is about; NaN without one."""
    columns = [arranged.texts[name] for name in ("eval", "scenario", "arm")]
    names = [[str(column.names[code]) for code in column.codes.tolist()] for column in columns]
    seeds = arranged.seeds[arranged.seed].tolist()
    rows: dict[tuple[str, str], dict[ReplyKey, list[int]]] = {}
    for row, (home, scenario, seed, arm) in enumerate(
        zip(*names[:2], seeds, names[2], strict=True)
    ):
        key = (home, scenario, seed, arm)
        if key in texts and f"{home}/{scenario}" in clusters:
            rows.setdefault((home, arm), {}).setdefault(key, []).append(row)
    amounts = np.full((len(seeds), len(MEASURES)), np.nan)
    for of_arm in rows.values():
        replies = [told(key[1], clusters[f"{key[0]}/{key[1]}"], texts[key]) for key in of_arm]
        for found, places in zip(likeness(replies), of_arm.values(), strict=True):
            amounts[places] = found
    return amounts


def _compared(
    experiment: Experiment, measure: str, home: str, panel: Panel, mask: NDArray[np.bool_]
) -> list[Alike]:
    """One measure of every arm that has replies in this eval, beside the baseline."""
    design = panel.design.keep(mask)
    values = {arm: panel.arm(arm)[mask] for arm in panel.arms}
    means = {arm: scenario_means(found) for arm, found in values.items()}
    baseline = experiment.baseline_name
    return [
        Alike(
            eval=home,
            measure=measure,
            arm=arm,
            found=arm_mean(values[arm], design, alpha=experiment.alpha),
            difference=None
            if arm == baseline
            else _difference(means[arm] - means[baseline], design, experiment.alpha),
        )
        for arm, known in means.items()
        if not np.isnan(known).all()
    ]


def _difference(y: Floats, design: Design, alpha: float) -> Estimate:
    if np.isnan(y).all():
        return UNKNOWN
    return laddered(linear(y, design), alpha)
