"""A judged run made without models: tables, record and marks from arrays of answers."""

import json
from pathlib import Path

import numpy as np

from tastemaker.about import Now, now_of
from tastemaker.experiment import load_experiment
from tastemaker.marks import CONSENSUS, MARKS, Item, Mark, MarkStore
from tastemaker.record import RECORD, frozen
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.rubric import load_rubric
from tastemaker.scenario import load_dataset, select
from tastemaker.tables import reply_table, score_table, write_tables

RUBRIC = """
rubric: kind
principles:
  warmth:
    criteria:
      warm: {ask: Is the reply warm?}
"""
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
baseline: {old: {model: acted/gpt-old}}
candidates: {new: {model: acted/gpt-new}}
grader: {model: acted/claude-judge}
"""
ARMS = ("old", "new")


class Study:
    """One experiment in a folder, with `judge` and `people` to fill it."""

    def __init__(self, root: Path, scenarios: int, experiment: str, rubric: str) -> None:
        self.root, self.scenarios = root, scenarios
        (root / "tastemaker.toml").touch()
        (root / "kind.yaml").write_text(rubric)
        listed = "".join(f"      - {{id: s{n}, prompt: Ask {n}.}}\n" for n in range(scenarios))
        (root / "small.yaml").write_text(
            f"dataset: small\nstrata:\n  all:\n    scenarios:\n{listed}"
        )
        self.write(experiment)

    def write(self, experiment: str) -> None:
        """The experiment's file, and the record of a run of it."""
        (self.root / "try.yaml").write_text(experiment)
        self.experiment = load_experiment(self.root / "try.yaml")
        self.folder = self.root / "logs" / self.experiment.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.record()

    def record(self, **changes: object) -> None:
        """Write the record of the run, with some of its parts changed."""
        self.rubric = load_rubric(self.root / "kind.yaml")
        data = select(load_dataset(self.root / "small.yaml"), "dev")
        told = json.loads(json.dumps(frozen(self.experiment))) | {
            "record": "sha256:1",
            "seeds": 5,
            "limit": None,
            "judge": "sha256:prompt",
            "evals": {
                "small": {
                    "dataset": "small",
                    "dataset_version": 1,
                    "dataset_hash": data.fingerprint,
                    "scenarios": self.scenarios,
                    "clusters": self.scenarios,
                    "rubric": "kind",
                    "rubric_version": 1,
                    "rubric_hash": self.rubric.fingerprint,
                    "questions": self.rubric.questions,
                }
            },
        }
        (self.folder / RECORD).write_text(json.dumps(told | changes))

    def judge(self, values: dict[str, dict[str, np.ndarray]], text: str = "Reply") -> None:
        """The tables: (N, K) answers by arm and "principle/criterion"; NaN is unscored.

        A principle's score is the mean of its criteria, undesirable ones turned round.
        """
        scores: list[ScoreRow] = []
        replies: list[ReplyRow] = []
        for arm, answers in values.items():
            shape = next(iter(answers.values())).shape
            for i, k in np.ndindex(shape):
                place = dict(eval="small", scenario=f"s{i}", arm=arm, seed=k + 1)
                scores += self._rows({name: one[i, k] for name, one in answers.items()}, place)
                findings = {
                    name.replace("/", "."): {"value": one[i, k], "quote": f"{text} {i}"}
                    for name, one in answers.items()
                    if not np.isnan(one[i, k])
                }
                replies.append(
                    ReplyRow(
                        **place, prompt=f"Ask {i}.", messages="[]", reply=f"{text} {i} {k} {arm}",
                        findings=json.dumps(findings),
                    )
                )  # fmt: skip
        write_tables(self.folder, score_table(scores), reply_table(replies))

    def _rows(self, answers, place):
        base = dict(place, dataset="small", cluster=place["scenario"], stratum="all")
        for principle, content in self.rubric.principles.items():
            asked = {name: answers[f"{principle}/{name}"] for name in content.criteria}
            turned = [
                value if content.criteria[name].weight > 0 else 1 - value
                for name, value in asked.items()
            ]
            weights = [abs(one.weight) for one in content.criteria.values()]
            whole = float(np.average(turned, weights=weights))
            yield ScoreRow(**base, principle=principle, value=_none(whole))
            for name, value in asked.items():
                criterion = content.criteria[name]
                yield ScoreRow(
                    **base, principle=principle, criterion=name, weight=criterion.weight,
                    grader="check" if criterion.check else "acted/claude-judge",
                    value=_none(float(value)), reason="" if not np.isnan(value) else "refusal",
                )  # fmt: skip

    @property
    def store(self) -> MarkStore:
        """Where the marks are."""
        return MarkStore(self.folder / MARKS)

    @property
    def now(self) -> Now:
        """What there is to be marked."""
        return now_of(json.loads((self.folder / RECORD).read_text()), self.folder)

    def people(
        self,
        values,
        scenarios,
        rater="ana",
        seed=1,
        criterion="warmth/warm",
        planned=True,
        **fields,
    ):
        """Marks of one rater: (N, K) answers by arm, on some scenarios in one seed.

        With `planned` the plan asks the rater just these replies, beside what it has already.
        """
        now = self.now
        marks = [
            Mark(
                eval="small", scenario=f"s{i}", seed=seed, arm=arm, criterion=criterion,
                rater=rater, value=_none(float(answers[i, seed - 1])),
                about=now.about(("small", f"s{i}", seed, arm), criterion), **fields,
            )
            for arm, answers in values.items()
            for i in scenarios
        ]  # fmt: skip
        self.store.put(marks)
        if planned:
            self.ask(
                [
                    (one.rater, one.scenario, one.seed, one.arm)
                    for one in marks
                    if rater != CONSENSUS
                ]
            )

    def ask(self, places, chance=1.0):
        """Let the plan ask raters about more replies: (rater, scenario, seed, arm)."""
        there = self.store.items()
        known = {(one.rater, one.scenario, one.seed, one.arm) for one in there}
        new = [one for one in dict.fromkeys(places) if one not in known]
        self.store.assign(
            [
                *there,
                *(
                    Item(
                        number=len(there) + n, rater=rater, eval="small", scenario=scenario,
                        seed=seed, arm=arm, chance=chance,
                    )
                    for n, (rater, scenario, seed, arm) in enumerate(new)
                ),
            ]
        )  # fmt: skip

    def plan(self, chances: dict[int, float], everyone: dict[int, float] | None = None) -> None:
        """The items of one rater with their chances, and the chances of all scenarios."""
        self.store.assign(
            [
                Item(
                    number=n, rater="ana", eval="small", scenario=f"s{i}", seed=1, arm=arm,
                    chance=chance,
                )
                for n, (i, chance, arm) in enumerate(
                    (i, chance, arm) for i, chance in chances.items() for arm in ARMS
                )
            ]
        )  # fmt: skip
        if everyone:
            told = {"small": {f"s{i}": chance for i, chance in everyone.items()}}
            self.store.say("chance_of", json.dumps(told))


def _none(value: float) -> float | None:
    return None if np.isnan(value) else value


def lenient(rng, scenarios=300, seeds=5, rate=0.75, lenience=(0.10, 0.45)):
    """Arms of equal quality; the judge passes a bad reply at 10 %, of the candidate at 45 %.

    A scenario's difficulty is shared by the arms (STATS section 6.1, judge lenient to B). Gives
    the truth and the judge's answers, (N, K) by arm.
    """
    p = np.clip(rate + rng.normal(0, 0.15, scenarios), 0.02, 0.98)[:, None]
    truth = {arm: (rng.random((scenarios, seeds)) < p).astype(float) for arm in ARMS}
    judge = {}
    for arm, passing in zip(ARMS, lenience, strict=True):
        noise = rng.random((scenarios, seeds))
        judge[arm] = np.where(truth[arm] == 1, noise < 0.97, noise < passing).astype(float)
    return truth, judge
