"""What five looks save and what they cost: STATS 5 through the code that runs use.

    .venv/bin/python benchmarks/early_stopping.py > benchmarks/early_stopping.md

Each run draws scores as `false_alarms.py` does, and puts them through `looks.examine()` with
`early_stopping`. One principle a run is held against the published rows; ten show what Holm's
correction and the slowest principle make of it (docs/decisions/0005-looks.md).

Ours and the published rule differ on purpose: STATS 5 stops for REGRESSED by the interval alone,
2.5 % for each principle; here REGRESSED also has to be shown by the sign-flip test over all looks,
5 % for all principles together, and a certificate needs the floor of clusters.
"""

import argparse
import runpy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from math import sqrt
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tastemaker.experiment import Experiment
from tastemaker.gate import Kind
from tastemaker.looks import Examined, examine
from tastemaker.records import ScoreRow
from tastemaker.scenario import Dataset, Scenario
from tastemaker.schedule import Schedule, draw
from tastemaker.tables import Scores, scores_of_rows

Floats = NDArray[np.float64]

DATA = runpy.run_path(str(Path(__file__).with_name("false_alarms.py")))
SEED = 20250101
SEEDS = 5
CHUNKS = 20
PUBLISHED_RUNS = 800
"""STATS 5."""
REGIMES = {
    "high 100": DATA["HIGH"],
    "high 300": replace(DATA["HIGH"], scenarios=300),
    "ceiling 300": replace(DATA["CEILING"], scenarios=300),
    "clustered 300": DATA["CLUSTERED"],
}
"""By name, because a class of a file that was run cannot go to another process."""
ROWS = [
    ("high 100", "NULL", (0.01, 0.79, 0.89)),
    ("high 100", "SPARSE_10", (0.88, 0.00, 0.81)),
    ("high 300", "NULL", (0.01, 0.99, 0.52)),
    ("high 300", "SPARSE_5", (0.89, 0.05, 0.75)),
    ("high 300", "SPARSE_10", (1.00, 0.00, 0.51)),
    ("ceiling 300", "NULL", (0.00, 1.00, 0.44)),
    ("ceiling 300", "SPARSE_10", (1.00, 0.00, 0.47)),
]
"""Regime, truth, and what STATS 5 publishes: REGRESSED, NON_INFERIOR, share of prompts."""
TEN = [("high 300", "NULL"), ("high 300", "SPARSE_10"), ("clustered 300", "NULL")]

EXPERIMENT = Experiment.model_validate(
    {
        "experiment": "looks",
        "baseline": {"old": {"scores": "old.csv"}},
        "candidates": {"new": {"scores": "new.csv"}},
        "early_stopping": True,
    }
)


@cache
def schedule(name: str, principles: int, seed: int = 1) -> Schedule:
    """The looks of a regime's scenarios."""
    regime = REGIMES[name]
    scenarios = tuple(
        Scenario(
            id=f"s{n}",
            dataset="d",
            stratum="",
            cluster=f"c{n // regime.per_cluster}",
            messages=(),
        )
        for n in range(regime.scenarios)
    )
    everywhere = {f"p{number}": [one.id for one in scenarios] for number in range(principles)}
    data = Dataset(name="d", strata={"": 1.0}, scenarios=scenarios)
    return draw({"d": data}, seed, {"d": everywhere})


@cache
def empty(name: str, principles: int) -> Scores:
    """The rows of a run, by arm, principle, scenario and seed, without their values."""
    regime = REGIMES[name]
    shape = (2, principles, regime.scenarios, SEEDS)
    return scores_of_rows(
        [
            ScoreRow(
                eval="d", dataset="d", arm=("old", "new")[a], scenario=f"s{i}",
                cluster=f"c{i // regime.per_cluster}", seed=k + 1, principle=f"p{p}", value=0.0,
            )
            for a, p, i, k in np.ndindex(shape)
        ]
    )  # fmt: skip


def one_run(rng: np.random.Generator, name: str, effect: str, principles: int) -> Examined:
    """Draw a run and take its looks."""
    rates = DATA["pass_rates"](rng, REGIMES[name], principles, DATA[effect])
    passed = (rng.random((*rates.shape, SEEDS)) < rates[..., None]).astype(np.float64)
    rows = empty(name, principles)
    scores = replace(rows, numbers={**rows.numbers, "value": passed.ravel()})
    return examine(EXPERIMENT, schedule(name, principles), scores)


def outcomes(
    name: str, effect: str, principles: int, rng: np.random.Generator, runs: int
) -> Floats:
    """(runs, 5): any REGRESSED, the first REGRESSED, certified, share asked, share judged."""
    found = [one_run(rng, name, effect, principles) for _ in range(runs)]
    return np.array([_counted(one) for one in found], dtype=np.float64)


def _counted(found: Examined) -> tuple[float, ...]:
    kinds = [verdict.kind for verdict in found.verdicts]
    judged = [one.at.share for one in found.verdicts if one.at is not None]
    return (
        Kind.REGRESSED in kinds,
        kinds[0] is Kind.REGRESSED,
        np.mean([kind in (Kind.NON_INFERIOR, Kind.IMPROVED) for kind in kinds]),
        found.at.share,
        float(np.mean(judged)),
    )


Simulation = Callable[[np.random.Generator, int], Floats]


def simulate(simulations: Sequence[Simulation], runs: int, seed: int, cores: int) -> list[Floats]:
    """The outcomes of each simulation, in streams of their own, over several processes."""
    streams = np.random.SeedSequence(seed).spawn(len(simulations) * CHUNKS)
    share = -(-runs // CHUNKS)
    work = [
        (simulation, streams[number * CHUNKS + chunk], share)
        for number, simulation in enumerate(simulations)
        for chunk in range(CHUNKS)
    ]
    with Pool(cores) as pool:
        parts = pool.starmap(_stream, work, chunksize=1)
    return [
        np.concatenate(parts[number * CHUNKS : (number + 1) * CHUNKS])
        for number in range(len(simulations))
    ]


def _stream(simulation: Simulation, stream: np.random.SeedSequence, runs: int) -> Floats:
    return simulation(np.random.default_rng(stream), runs)


def single_table(found: Sequence[Floats]) -> Iterator[str]:
    """One principle a run, the published rows beside ours."""
    yield "| regime | n | truth | | REGRESSED | NON_INFERIOR | share of prompts used |"
    yield "|---|--:|---|---|--:|--:|--:|"
    for (name, effect, published), runs in zip(ROWS, found, strict=True):
        ours, errors = runs.mean(axis=0), runs.std(axis=0) / sqrt(len(runs))
        regime = REGIMES[name]
        start = f"| {regime.name} | {regime.scenarios} | {DATA[effect].name}"
        numbers = [f"{ours[column]:.3f} ± {errors[column]:.3f}" for column in (1, 2, 3)]
        yield f"{start} | published | " + " | ".join(f"{one:.2f}" for one in published) + " |"
        yield "| | | | ours | " + " | ".join(numbers) + " |"


def ten_table(found: Sequence[Floats]) -> Iterator[str]:
    """Ten principles a run."""
    yield "| regime | n (G) | truth | any REGRESSED | the first REGRESSED | share asked | judged |"
    yield "|---|---|---|--:|--:|--:|--:|"
    for (name, effect), runs in zip(TEN, found, strict=True):
        ours, errors = runs.mean(axis=0), runs.std(axis=0) / sqrt(len(runs))
        numbers = [f"{ours[column]:.3f} ± {errors[column]:.3f}" for column in (0, 1, 3, 4)]
        regime = REGIMES[name]
        size = f"{regime.scenarios} ({regime.clusters})"
        yield f"| {regime.name} | {size} | {DATA[effect].name} | " + " | ".join(numbers) + " |"


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=800, help="runs for each row")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--cores", type=int, default=2)
    asked = parser.parse_args()
    started = time.perf_counter()
    simulations: list[Simulation] = [
        *(partial(outcomes, name, effect, 1) for name, effect, _ in ROWS),
        *(partial(outcomes, name, effect, 10) for name, effect in TEN),
    ]
    found = simulate(simulations, asked.runs, asked.seed, asked.cores)
    took = time.perf_counter() - started
    print("# Five looks: what they save and what they cost\n")
    print("Made by `benchmarks/early_stopping.py`, which says how ours and the published rule")
    print("differ. Five seeds, margin .05; ± is the Monte-Carlo standard error.\n")
    print("## One principle a run (STATS 5, O'Brien-Fleming, 5 looks)\n")
    print("\n".join(single_table(found[: len(ROWS)])))
    print("\n## Ten principles a run\n")
    print(
        "`asked`: the share of scenarios that were run; `judged`: the mean over principles of the"
    )
    print("share that was judged. REGRESSED is held to 5 % over all looks and principles.\n")
    print("\n".join(ten_table(found[len(ROWS) :])))
    print(
        f"\n{len(found[0]):,} runs a row (published: {PUBLISHED_RUNS}); seed {asked.seed};", end=""
    )
    print(f" {took:.0f} s on {asked.cores} cores.")


if __name__ == "__main__":
    main()
