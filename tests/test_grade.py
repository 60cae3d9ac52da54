"""What a criterion looks at: the final reply, every turn, or the document."""

import asyncio

import pytest

from tastemaker.grade import Panel, RubricGrader
from tastemaker.reading import parse
from tastemaker.records import Message, Reply
from tastemaker.rubric import Rubric, score_reply

RUBRIC = """
rubric: talk
principles:
  manner:
    criteria:
      said: {check: contains, with: {text: sorry}, target: every-turn, weight: WEIGHT}
"""


def score(tmp_path, weight, *turns):
    path = tmp_path / "talk.yaml"
    path.write_text(RUBRIC.replace("WEIGHT", str(weight)))
    rubric = parse(path).check(Rubric)
    messages = tuple(Message(role="assistant", text=turn) for turn in turns)
    reply = Reply(text=turns[-1], messages=messages)
    findings = asyncio.run(RubricGrader(rubric).grade(reply, Panel())).findings
    return score_reply(rubric, findings, {})["manner"].value


@pytest.mark.parametrize(
    ("weight", "turns", "value"),
    [
        (1, ("sorry", "fine"), 0.0),  # it has to be said in every turn
        (1, ("sorry", "so sorry"), 1.0),
        (-1, ("sorry", "fine"), 0.0),  # one turn that says it is one too many
        (-1, ("well", "fine"), 1.0),
    ],
)
def test_of_several_turns_the_worst_counts_whatever_the_sign(tmp_path, weight, turns, value):
    assert score(tmp_path, weight, *turns) == value
