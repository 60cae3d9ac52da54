"""An experiment in which everything that a report can say is said, made of files of scores."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from tastemaker.experiment import load_experiment
from tastemaker.results import Results, load_results

EXPERIMENT = """
experiment: varied
baseline: {base: {scores: ./base.csv, factors: {step: 0, books: false}}}
candidates:
  feature: {scores: ./feature.csv, factors: {step: 100, books: true}}
  merged: {scores: ./merged.csv, factors: {step: 200, books: true}}
  tuned: {scores: ./tuned.csv, factors: {step: 300, books: false}}
rules: {default: {margin: 0.1}, kindness: {margin: 0.1, blocking: false}}
choices: {routing/tool: {recall: {canvas: {margin: 0.1}}, false_trigger: {search: {margin: 0.1}}}}
pairwise: {preferences: ./liked.csv, rule: {margin: 0.1}}
tensions: [[skill, kindness]]
retention: [{feature: feature, merged: merged}]
series: {by: step}
ablation: [books]
"""
ARMS = ("base", "feature", "merged", "tuned")
SKILL = {"base": 2, "feature": 6, "merged": 4, "tuned": 5}
"""Of ten replies, how many show skill."""
TOOLS = ("canvas", "search", "none")
SCENARIOS, SEEDS = 60, 2


def rows(arm: str) -> Iterator[dict[str, object]]:
    """The scores of one arm: skill rises, kindness falls, and tools are taken for one another."""
    for n in range(SCENARIOS):
        called = TOOLS[n % 3]
        for seed in range(1, SEEDS + 1):
            common = {"scenario": f"s{n}", "seed": seed, "cluster": f"s{n}"}
            skill = float((7 * n + 3 * seed) % 10 < SKILL[arm])
            kind = float((n + seed) % 5 > (arm == "tuned"))
            wrong = (n + 2 * ARMS.index(arm) + seed) % 7 == 0
            chosen = TOOLS[(n + wrong) % 3]
            yield common | {"principle": "skill", "value": skill}
            yield common | {"principle": "kindness", "value": kind}
            yield common | {"principle": "routing", "value": float(not wrong)}
            yield common | {
                "principle": "routing", "criterion": "tool", "value": float(not wrong),
                "should": called, "did": chosen,
            }  # fmt: skip


def liked() -> Iterator[dict[str, object]]:
    """Every candidate against the baseline in both orders; the longer reply wins more often."""
    for arm in ARMS[1:]:
        for n in range(SCENARIOS):
            for order in ("ab", "ba"):
                taste = (n + ARMS.index(arm) * (order == "ab")) % 4
                answer = "tie" if taste == 0 else "a" if taste > 1 else "b"
                yield {
                    "scenario": f"s{n}", "seed": 1, "arm_a": arm, "arm_b": "base",
                    "order": order, "preference": answer,
                    "length_a": 100 + n % 7 * 20, "length_b": 110,
                }  # fmt: skip


def table(found: list[dict[str, object]]) -> str:
    """Rows as CSV, with every column that any of them has."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in found for key in row)))
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


def write(folder: Path) -> Path:
    """The experiment and its files; gives the path of the experiment."""
    for arm in ARMS:
        (folder / f"{arm}.csv").write_text(table(list(rows(arm))))
    (folder / "liked.csv").write_text(table(list(liked())))
    (folder / "varied.yaml").write_text(EXPERIMENT)
    return folder / "varied.yaml"


def found(folder: Path) -> Results:
    """The results of it."""
    return load_results(load_experiment(write(folder)), folder / "logs")
