"""No check refuses a good reply for being written as strong models write.

The checks were tried on short replies at first; these are long, with headings, bold and lists.
"""

from pathlib import Path

import pytest
import yaml
from test_library import decided

from tastemaker.scenario import load_dataset

REPLIES = yaml.safe_load((Path(__file__).parent / "long_replies.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted({one["eval"] for one in REPLIES}))
def test_a_good_long_reply_meets_all_that_needs_no_judge(name):
    scenarios = {scenario.id: scenario for scenario in load_dataset(name).scenarios}
    missed = {
        one["scenario"]: short
        for one in REPLIES
        if one["eval"] == name
        and (short := _short_of_full(name, scenarios[one["scenario"]], one["says"]))
    }

    assert missed == {}


def _short_of_full(name, scenario, says):
    scores = decided(name, scenario, says[0] if len(says) == 1 else says)
    return {principle: score for principle, score in scores.items() if score != 1}
