"""Run the example's two experiments on scripted models, and keep what reports need.

    python reports/example/source/make.py

Writes `logs/` and `checkpoints/` beside this file: the record and the tables, as `tastemaker run`
leaves them; of the checkpoints without their replies, which a fleet does not show.
The scripts know which scenario they are asked; what they write depends on it, on the arm and on
the seed alone.
"""

import json
import random
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml
from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, modelapi

from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.record import RECORD
from tastemaker.run import run
from tastemaker.tables import REPLIES, SCORES

HERE = Path(__file__).resolve().parent
SCENARIOS = {
    one["prompt"].strip(): {**one, "stratum": name}
    for name, stratum in yaml.safe_load((HERE / "dataset.yaml").read_text())["strata"].items()
    for one in stratum["scenarios"]
}
COURTESIES = (
    "I hope this finds you well.",
    "I hope your week has started well, and that the last few days were not too hectic.",
    "Thank you again for your time last week; it is much appreciated on our side.",
)
BRIDGES = (
    "I am writing because {matter}. I know there is a lot on your plate at the moment, so I shall "
    "keep this as short as I can.",
    "As you may remember, {matter}. It would help us a great deal to have this settled, so that "
    "everybody can plan the next steps.",
    "A quick word about something that has been open for a while: {matter}.",
)
CLOSES = (
    "Thank you so much for your help, {to}. I know how busy you are, and I appreciate it.",
    "No rush beyond that, {to}, and do call me if anything is unclear. Have a good week.",
    "Thanks, {to}. If something stands in the way, tell me and we shall find another way.",
)
CURT = (
    "Thanks.",
    "Thank you, {to}. I know this is short notice, so thanks for making room for it.",
)
INVENTED = (
    "We last spoke about this on {day}, when you confirmed that it was under way.",
    "Our records show that this was first raised {n} weeks ago.",
    "Marta from finance has already signed off on her part.",
    "This is the {n}th item on the list that is still open.",
)
PROMISES = (
    "I will call you tomorrow morning to go through it.",
    "In return we will waive the fee for this month.",
)
DAYS = ("Monday the 3rd", "Tuesday afternoon", "the 14th", "last Thursday")


def taught(one: dict[str, Any], writer: str) -> str:
    """Which of the two arms writes like a checkpoint: the later it is, the more often the new."""
    if not writer.startswith("step-"):
        return writer
    share = int(writer.removeprefix("step-")) / 400
    return "v11" if random.Random(one["id"]).random() < share else "v10"


def write(one: dict[str, Any], arm: str, seed: int) -> str:
    """An email for a scenario; one seed differs from the next by its wording."""
    facts, rng = one["expect"], random.Random(f"{one['id']}/{arm}/{seed}")
    # How an arm takes a scenario is the scenario's own, not the seed's.
    own = random.Random(f"{one['id']}/{arm}")
    tempted, clear = own.random(), own.random()
    to, ask, by, matter = facts["to"], facts["ask"], facts["by"], facts["matter"]
    wish = f"could you {ask} by {by}?"
    if arm == "v10":
        body = [
            rng.choice(COURTESIES),
            rng.choice(BRIDGES).format(matter=matter),
            f"With that in mind, {wish} That would let us move on without any further delay.",
        ]
        if clear > 0.7:
            body = [body[0], f"In short, {wish}", body[1]]
        if clear < 0.2:
            wider = (
                f"what you think about {one['stratum']} more broadly, and whether we should meet"
            )
            body.append(f"It would also be good to hear {wider}.")
        body.append(rng.choice(CLOSES).format(to=to))
    else:
        body = [f"{wish[0].upper()}{wish[1:]}"]
        points = [f"**What:** {ask}", f"**By:** {by}", f"**Why:** {matter}"]
        body.append("\n".join(f"- {point}" for point in points))
        if tempted < 0.45 and rng.random() < 0.7:
            claim = rng.choice(INVENTED)
            body.insert(1, claim.format(day=rng.choice(DAYS), n=rng.randint(3, 6)))
        body.append(CURT[int(own.random() < 0.72)].format(to=to))
    if rng.random() < 0.04:
        body.insert(-1, rng.choice(PROMISES))
    subject = f"{facts['matter'].split(',')[0][:1].upper()}{facts['matter'].split(',')[0][1:]}"
    text = f"Subject: {subject}\n\nHi {to},\n\n" + "\n\n".join(body)
    return f"{text}\n\nBest regards,\nAlex"


def pattern(text: str) -> str:
    """A sentence of ours with anything in its gaps."""
    return re.sub(r"\\{.*?\\}", ".+?", re.escape(text))


def passage(reply: str, sentences: tuple[str, ...]) -> str:
    """The first of some sentences that stands in a reply; "" when none does."""
    found = (re.search(pattern(one), reply) for one in sentences)
    return next((one[0] for one in found if one), "")


def judged(reply: str) -> dict[str, tuple[str, bool]]:
    """The quote and the answer to each question, read off what the writers' scripts do."""
    sentences = re.findall(r"[^.?!\n][^.?!\n]+[.?!]", reply.split("\n\n", 2)[2])
    request = next((one.strip() for one in sentences if "could you" in one.lower()), "")
    first = any("could you" in one.lower() for one in sentences[:2])
    more = passage(reply, ("It would also be good to hear what you think.+?meet.",))
    invented, promise = passage(reply, INVENTED), passage(reply, PROMISES)
    close = passage(reply, CLOSES) or passage(reply, CURT[1:])
    return {
        "ask-first": (request if first else sentences[0].strip(), first),
        "one-ask": (more or request, not more),
        "invented-facts": (invented or "none", bool(invented)),
        "no-promises": (promise or "none", bool(promise)),
        "kind-close": (close or "Thanks.", bool(close)),
    }


@modelapi(name="scripted")
class Scripted(ModelAPI):
    """The writers and the judge of the example."""

    async def generate(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        """What the script says, with what it would have taken."""
        if self.model_name == "judge":
            text = answer(input[0].text)
        else:
            asked = next(message.text for message in reversed(input) if message.role == "user")
            one = SCENARIOS[asked.strip()]
            arm = taught(one, self.model_name.removeprefix("writer-"))
            text = write(one, arm, config.seed)
        output = ModelOutput.from_content(self.model_name, text)
        spent = len(text) // 4
        output.usage = ModelUsage(
            input_tokens=180, output_tokens=spent, total_tokens=180 + spent,
            total_cost=round((180 + 5 * spent) * 3e-6, 6),
        )  # fmt: skip
        output.time = round(0.4 + spent / 90 + random.Random(text).random() / 3, 3)
        return output


def answer(page: str) -> str:
    """The judge's answer; one page in fifty it cannot assess."""
    reply = re.search(r"## reply\n(-----\w+)\n(.*?)\n\1\n", page, re.DOTALL)
    assert reply is not None
    line = re.findall(r"exactly these keys: ([^\n]*?)\. Each", page)[-1]
    keys = re.findall(r"[a-z-]+", line)
    found = judged(reply[2])
    rng = random.Random(reply[2])
    given = {
        key: {"quote": found[key][0], "answer": "MET" if found[key][1] else "UNMET"} for key in keys
    }
    if rng.random() < 0.015:
        given[keys[0]] = {"quote": "none", "answer": "CANNOT_ASSESS"}
    return json.dumps(given)


KEPT = {
    "email.yaml": ("logs", (RECORD, SCORES, REPLIES)),
    "checkpoints.yaml": ("checkpoints", (RECORD, SCORES)),
}
"""Of each experiment the folder, and what is kept in it."""


def main() -> None:
    """Run both in folders of their own, and keep their records and tables."""
    for name, (folder, files) in KEPT.items():
        with tempfile.TemporaryDirectory() as place:
            logs, grades = Path(place) / "logs", Path(place) / "grades"
            run(make_plan(load_experiment(HERE / name)), logs, grades=grades)
            (HERE / folder).mkdir(exist_ok=True)
            for file in files:
                shutil.copyfile(logs / file, HERE / folder / file)


if __name__ == "__main__":
    main()
