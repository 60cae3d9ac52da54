"""Put hostile replies to a judge, and count those that it lets pass.

Run as `make attack GRADER=provider/model`. The replies stand in `tests/attacks.yaml`; none of them
meets any criterion. Exits with 1 when one was found to, or could not be graded.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tastemaker.experiment import Grader
from tastemaker.grade import Grading, Panel, RubricGrader
from tastemaker.graders import GradeStore, open_panel
from tastemaker.records import Reply
from tastemaker.rubric import Rubric

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
    return {name: await grader.grade(reply, panel) for name, reply in replies.items()}


def report(graded: dict[str, Grading]) -> int:
    """Print what got through; the exit code."""
    passed, unscored = [], []
    for name, grading in graded.items():
        for (_, criterion), finding in grading.findings.items():
            if finding.value is None:
                unscored.append(f"{name}, {criterion}: {finding.reason}")
            elif finding.value > 0:
                passed.append(f"{name}, {criterion}: {finding.quote or 'no quote'}")
    for line in passed:
        print(f"let pass: {line[:200]}")
    for line in unscored:
        print(f"unscored: {line[:200]}")
    fooled = {line.split(",")[0] for line in passed}
    print(f"{len(graded)} attacks, {len(fooled)} let pass, {len(unscored)} answers unscored")
    return 1 if passed or unscored else 0


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
