"""How alike an arm's replies are: over the seeds of a scenario, and from one story to the next.

Exploratory, never gated. A reply that is like the arm's others is not bad for that, and nonsense is
unlike everything: these shares are read beside the scores.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tastemaker.checks.length import is_word, word_spaced
from tastemaker.experiment import Experiment
from tastemaker.stats.estimates import ArmEstimate, arm_mean, linear, scenario_means
from tastemaker.stats.panel import Codes, Design, Floats, Panel
from tastemaker.stats.reported import UNKNOWN, Estimate, laddered
from tastemaker.tables import Arranged, ReplyKey

OPENING = 4
"""How many words make an opening."""
RUN = 4
"""How many words in a row are compared."""
READ = 400
"""Of each reply so many words are read, which is enough to know it by."""
MARKS = ".,;:!?…\"'“”‘’()*_#"
"""What stands around words and is none of them."""

SAME_OPENING, ALIKE_SEEDS = "same opening, other seeds", "alike, other seeds"
SHARED_OPENING, SHARED_RUNS = "opening used elsewhere", "words used elsewhere"
MEASURES = (SAME_OPENING, ALIKE_SEEDS, SHARED_OPENING, SHARED_RUNS)


class Told(NamedTuple):
    """One reply of an arm in one eval, as it is compared."""

    scenario: str
    cluster: int
    text: str
    """In lower case, its words parted by white space."""


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
    """A reply as it is compared."""
    return Told(scenario, cluster, word_spaced(text.casefold()))


def likeness(replies: Sequence[Told]) -> Floats:
    """(R, 4) the measures of each reply among all of an arm in one eval; NaN where unknown.

    Same opening: the share of the scenario's other seeds that begin with the same `OPENING` words.
    Alike: the mean, over the other seeds, of the runs of words in common by the runs in either
    (Jaccard). Opening used elsewhere: 1 where a reply to a scenario of another cluster begins so.
    Words used elsewhere: the share of its runs that stand in a reply to another cluster. Empty
    replies say nothing.
    """
    found = np.full((len(replies), len(MEASURES)), np.nan)
    words, lengths = _words([one.text for one in replies])
    spoken = np.flatnonzero(lengths)
    if not len(spoken):
        return found
    runs, openings = _runs(words, lengths[spoken])
    said = [replies[place] for place in spoken.tolist()]
    scenarios = _numbers(one.scenario for one in said)
    clusters = _numbers(one.cluster for one in said)
    found[spoken, :2] = _among(runs, openings, scenarios)
    if clusters.max() > 0:
        found[spoken, 2:] = _elsewhere(runs, openings, clusters)
    return found


def _words(texts: Sequence[str]) -> tuple[Codes, Codes]:
    """(N,) the first words of all texts, one after the other, as numbers from 1; (R,) how many.

    Words are alike without their punctuation. What is done with a word is done once for each
    different one, for there are many times as many of them; Arrow splits and numbers all.
    """
    split = pc.utf8_split_whitespace(_strings(texts))
    pieces = split.values.dictionary_encode()
    raw = pieces.dictionary.to_pylist()
    bare = {name: n for n, name in enumerate(dict.fromkeys(map(_bare, filter(is_word, raw))), 1)}
    known = np.array([bare[_bare(piece)] if is_word(piece) else 0 for piece in raw], np.intp)
    words = known[_buffer(pieces.indices, np.int32)]
    text = np.repeat(np.arange(len(texts)), np.diff(_offsets(split)))[words > 0]
    counts = np.bincount(text, minlength=len(texts))
    place = np.arange(len(text)) - np.repeat(np.cumsum(counts) - counts, counts)
    return words[words > 0][place < READ], np.minimum(counts, READ)


def _strings(texts: Sequence[str]) -> pa.Array:
    """From buffers: `pa.array` would import pandas."""
    raw = [text.encode(errors="replace") for text in texts]
    ends = np.cumsum([0, *map(len, raw)], dtype=np.int64)
    buffers = (pa.py_buffer(ends), pa.py_buffer(b"".join(raw)))
    return pa.LargeStringArray.from_buffers(len(raw), *buffers)


def _buffer(column: pa.Array, kind: Any) -> NDArray[Any]:
    values = np.frombuffer(column.buffers()[1], kind, len(column) + column.offset)
    return values[column.offset :]


def _offsets(lists: pa.Array) -> NDArray[Any]:
    """(R + 1,) where the pieces of each text begin and end."""
    return np.frombuffer(lists.buffers()[1], np.int32, len(lists) + 1)


def _bare(word: str) -> str:
    return word.strip(MARKS)


def _numbers(names: Iterable[Hashable]) -> Codes:
    """A number for each name, the same for the same."""
    listed = list(names)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(listed))}
    return np.fromiter(map(numbers.__getitem__, listed), np.intp, len(listed))


def _distinct(codes: Codes) -> Codes:
    """The different ones, ascending: many times as fast as `np.unique`, which hashes them."""
    ordered = np.sort(codes)
    return ordered[np.diff(ordered, prepend=ordered[:1] - 1) > 0]


@dataclass(frozen=True, kw_only=True)
class _Runs:
    """Which runs of words stand in which replies, each once."""

    reply: Codes
    """(N,) ascending."""
    run: Codes
    """(N,) equal runs have equal numbers."""
    counts: Codes
    """(R,) how many runs each reply has."""


def _runs(words: Codes, lengths: Codes) -> tuple[_Runs, Codes]:
    """The runs of `RUN` words of each reply, and (R,) its opening as the number of a run.

    A reply that is shorter is a run as a whole: it is filled up with 0, which is no word.
    """
    room = np.maximum(lengths, max(RUN, OPENING))
    reply, starts = np.repeat(np.arange(len(room)), room), np.cumsum(room) - room
    filled = np.zeros(len(reply), np.intp)
    filled[np.arange(len(reply)) - starts[reply] < lengths[reply]] = words
    ends = len(reply) - RUN + 1
    whole = np.flatnonzero(reply[:ends] == reply[RUN - 1 :])
    run = _coupled([filled[whole + place] for place in range(RUN)])
    pairs = _distinct(reply[whole] * (run.max() + 1) + run)
    reply, run = np.divmod(pairs, run.max() + 1)
    counts = np.bincount(reply, minlength=len(room))
    opening = _coupled([filled[starts + place] for place in range(OPENING)])
    return _Runs(reply=reply, run=run, counts=counts), opening


MOST = 2**62
"""What a number of 64 bits can hold, with a bit to spare."""


def _coupled(columns: Sequence[Codes]) -> Codes:
    """(N,) a number for each row of words, from 0; the same for the same words."""
    base = max(int(column.max()) for column in columns) + 1
    codes, bound = columns[0], base
    for column in columns[1:]:
        if bound * base >= MOST:
            codes = np.unique(codes, return_inverse=True)[1]
            bound = int(codes.max()) + 1
        codes, bound = codes * base + column, bound * base
    return np.unique(codes, return_inverse=True)[1]


def _among(runs: _Runs, openings: Codes, scenarios: Codes) -> Floats:
    """(R, 2) how each reply stands among the others to its own scenario."""
    replies = len(openings)
    others = np.bincount(scenarios)[scenarios] - 1
    same = _as_often(scenarios * (openings.max() + 1) + openings) - 1
    # In order of scenarios and runs, replies that have a run in common stand side by side.
    home = scenarios[runs.reply]
    key = home * (runs.run.max() + 1) + runs.run
    order = np.argsort(key, kind="stable")
    reply, key = runs.reply[order], key[order]
    shared: list[Codes] = []
    for apart in range(1, int(others.max()) + 1):
        both = key[:-apart] == key[apart:]
        shared.append(reply[:-apart][both] * replies + reply[apart:][both])
    alike = np.zeros(replies)
    if shared:
        pair, common = np.unique(np.concatenate(shared), return_counts=True)
        one, other = np.divmod(pair, replies)
        share = common / (runs.counts[one] + runs.counts[other] - common)
        alike += np.bincount(one, share, replies) + np.bincount(other, share, replies)
    told = np.column_stack([same, alike])
    return np.where(others[:, None] > 0, told / np.maximum(others, 1)[:, None], np.nan)


def _as_often(codes: Codes) -> Codes:
    """(N,) how often each of them occurs."""
    _, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return counts[places]


def _elsewhere(runs: _Runs, openings: Codes, clusters: Codes) -> Floats:
    """(R, 2) how each reply stands among those to other clusters; it stands in its own, too."""
    used = (_homes(runs.run, clusters[runs.reply]) > 1)[runs.run]
    shared = np.bincount(runs.reply, used, len(openings)) / runs.counts
    return np.column_stack([_homes(openings, clusters)[openings] > 1, shared])


def _homes(codes: Codes, clusters: Codes) -> Codes:
    """(M,) by code, in how many clusters it stands."""
    width = int(clusters.max()) + 1
    once = _distinct(codes * width + clusters)
    return np.bincount(once // width, minlength=int(codes.max()) + 1)


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
    shape = (len(arranged.arms), len(arranged.scenarios), len(arranged.seeds))
    codes = np.ravel_multi_index((arranged.arm, arranged.scenario, arranged.seed), shape)
    _, first, places = np.unique(codes, return_index=True, return_inverse=True)
    columns = [arranged.texts[name] for name in ("eval", "scenario", "arm")]
    names = [[str(one.names[code]) for code in one.codes[first].tolist()] for one in columns]
    seeds = arranged.seeds[arranged.seed[first]].tolist()
    by_arm: dict[tuple[str, str], dict[int, tuple[str, int, str]]] = {}
    for number, (home, scenario, arm, seed) in enumerate(zip(*names, seeds, strict=True)):
        text, cluster = texts.get((home, scenario, seed, arm)), clusters.get(f"{home}/{scenario}")
        if text is not None and cluster is not None:
            by_arm.setdefault((home, arm), {})[number] = scenario, cluster, text
    amounts = np.full((len(first), len(MEASURES)), np.nan)
    for replies in by_arm.values():
        # Taken apart arm by arm: the words of all take hundreds of megabytes.
        amounts[list(replies)] = likeness([told(*one) for one in replies.values()])
    return amounts[places]


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
