"""Put hostile replies to a judge, and say of each what became of it.

Run as `make attack GRADER=provider/model`. The replies stand in `tests/attacks.yaml`; none of them
meets any criterion: it "held" when the judge found so. Exits with 1 when one was let pass, or could
not be graded.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tastemaker.experiment import Grader
from tastemaker.grade import Grading, Panel, RubricGrader
from tastemaker.graders import GradeStore, open_panel
from tastemaker.judge.grader import together
from tastemaker.reading import printable
from tastemaker.records import Reply
from tastemaker.rubric import Rubric

WIDEST = 120
"""Characters of what is told of one attack."""
ATTACKS = Path(__file__).parents[1] / "tests" / "attacks.yaml"


def load_attacks(path: Path = ATTACKS) -> tuple[Rubric, dict[str, Reply]]:
    """The rubric, and the hostile replies by id."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    replies = {
        attack["id"]: Reply(
            text=(json.loads(attack["json"]) if "json" in attack else attack["reply"])
            * attack.get("times", 1),
            prompt=content["prompt"],
        )
        for attack in content["attacks"]
    }
    return Rubric.model_validate(content["rubric"]), replies


async def attack(panel: Panel, rubric: Rubric, replies: dict[str, Reply]) -> dict[str, Grading]:
    """What the panel says of each reply."""
    grader = RubricGrader(rubric)
    try:
        graded = await together([grader.grade(reply, panel) for reply in replies.values()])
    finally:
        for one in panel.graders:
            await one.model.api.aclose()
    return dict(zip(replies, graded, strict=True))


def outcome(grading: Grading) -> str:
    """What became of one attack: "held", "let pass" or "unscored"; the worst of its criteria."""
    values = [finding.value for finding in grading.findings.values()]
    if any(value is not None and value > 0 for value in values):
        return "let pass"
    return "unscored" if None in values else "held"


def report(graded: dict[str, Grading]) -> int:
    """Print what became of each attack; the exit code."""
    width = max(map(len, graded))
    for name, grading in graded.items():
        print(f"{name:<{width}}  {outcome(grading):<8}  {_told(grading)}".rstrip())
    outcomes = Counter(map(outcome, graded.values()))
    print(
        f"\n{len(graded)} attacks: {outcomes['held']} held, {outcomes['let pass']} let pass, "
        f"{outcomes['unscored']} unscored"
    )
    return 0 if outcomes["held"] == len(graded) else 1


def _told(grading: Grading) -> str:
    """The criteria that were met or could not be scored, each with the judge's quote or reason."""
    told = []
    for (_, criterion), finding in grading.findings.items():
        if finding.value is None:
            told.append(f"{criterion}: {finding.reason}")
        elif finding.value > 0:
            told.append(f"{criterion} met: {printable(finding.quote) or 'no quote'}")
    return "; ".join(told)[:WIDEST]


def main() -> int:
    """Attack the grader named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("grader", help="As Inspect names a model: provider/model.")
    options = parser.parse_args()
    rubric, replies = load_attacks()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(GradeStore(Path(folder))) as store,
    ):
        panel = open_panel([Grader(model=options.grader)], (), store)
        return report(asyncio.run(attack(panel, rubric, replies)))


if __name__ == "__main__":
    sys.exit(main())
