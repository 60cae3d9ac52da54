"""The content that ships, read once for all test files of a process."""

from functools import cache

from tastemaker import rubric, scenario
from tastemaker.content import folder

DATASETS = sorted(
    path.relative_to(folder("datasets")).with_suffix("").as_posix()
    for path in folder("datasets").rglob("*.yaml")
)
load_dataset = cache(scenario.load_dataset)
load_rubric = cache(rubric.load_rubric)
ACTING = [name for name in DATASETS if any(one.environment for one in load_dataset(name).scenarios)]
"""Those that play in an environment."""
