"""An experiment in which everything that a report can say is said, made of files of scores."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tastemaker.experiment import Experiment, load_experiment
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.report.html.source import Source, read_source
from tastemaker.results import Results, load_results, results
from tastemaker.tables import read_scores, reply_table, score_table, write_tables

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


# Graded by a panel, with tools and documents -----------------------------------------------------

DRAFT = """# Spring fair

The fair takes place on Saturday, 12 April, from ten to four, in the yard behind the school.

If you can spare two hours for the cake stand, write to the office. Parking is by the pool.
"""
EDITED = DRAFT.replace("ten to four", "eleven to five")
GRADERS = ("mild", "strict")


def votes(arm: str, n: int) -> dict[str, float]:
    """The old arm pleases both; the new one the strict in two of three, the mild in five of six."""
    return {"mild": float(arm == "old" or n % 6 > 0), "strict": float(arm == "old" or n % 3 > 0)}


def conversation(arm: str, n: int) -> list[dict[str, object]]:
    """The old arm edits a document, the new one writes it anew."""
    done = (
        ("edit_document", {"find": "ten to four", "replace": "eleven to five", "all": False})
        if arm == "old"
        else ("write_document", {"text": "Come to our fair! Cake, music, fun."})
    )
    call = {"name": done[0], "arguments": done[1], "id": "1"}
    return [
        {"role": "user", "text": "the fair is from eleven to five now", "tool_calls": []},
        {"role": "assistant", "text": "", "tool_calls": [call]},
        {"role": "tool", "text": "Saved.", "tool_calls": []},
        {"role": "assistant", "text": f"{arm.title()} says: done, number {n}.", "tool_calls": []},
    ]


def graded(folder: Path) -> tuple[Results, Source]:
    """A panel of two graders over the replies of two arms, which called tools; two seeds."""
    scores, replies = [], []
    for arm in ("old", "new"):
        for n in range(24):
            for seed in (1, 2):
                key = {"eval": "canvas", "scenario": f"s{n}", "arm": arm, "seed": seed}
                given = votes(arm, n)
                more = {"cluster": f"s{n}", "principle": "restraint", "grader": "a panel",
                        "value": sum(given.values()) / 2, "votes": json.dumps(list(given.items())),
                        "grader_calls": 2, "grader_input_tokens": 200, "grader_output_tokens": 20,
                        "grader_cost": 0.002}  # fmt: skip
                scores += [ScoreRow(**key, **more),
                           ScoreRow(**key, **more, criterion="kept")]  # fmt: skip
                text = EDITED if arm == "old" else "Come to our fair! Cake, music, fun."
                done = "edit_document" if arm == "old" else "write_document"
                messages = conversation(arm, n)
                replies.append(
                    ReplyRow(
                        **key,
                        prompt=str(messages[0]["text"]),
                        messages=json.dumps(messages),
                        reply=str(messages[-1]["text"]),
                        document=text,
                        versions=json.dumps(
                            [
                                {"document": "fair", "by": by, "text": version}
                                for by, version in (("", DRAFT), (done, text))
                            ]
                        ),
                    )
                )
    write_tables(folder, score_table(scores), reply_table(replies))
    experiment = Experiment.model_validate(
        {"experiment": "graded", "baseline": {"old": {"scores": "o.csv"}},
         "candidates": {"new": {"scores": "n.csv"}}, "rules": {"default": {"margin": 0.1}}}
    )  # fmt: skip
    whole = results(experiment, {"record": "sha256:0"}, read_scores(folder))
    return replace(whole, folder=folder), read_source({a: (folder, a) for a in ("old", "new")})
