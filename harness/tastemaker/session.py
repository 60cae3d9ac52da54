"""The models, judges and identities of one run, and what it has spent."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inspect_ai import Epochs, Task, task_with
from inspect_ai.model import Model

from tastemaker.arm import ArmModel, arm_model, open_model, user_model
from tastemaker.conversation import PLAYED, dressed, recorded
from tastemaker.environments.kinds import open_world
from tastemaker.errors import UserError
from tastemaker.evaluation import LoadedEval
from tastemaker.experiment import Arm
from tastemaker.grade import Panel, RubricGrader
from tastemaker.graders import GradeStore, open_panel
from tastemaker.journal import Journal, digest, endpoint
from tastemaker.judge.grader import template_hash
from tastemaker.logs import (
    Cell,
)
from tastemaker.looks import Asked
from tastemaker.naming import plays_users
from tastemaker.plan import Part, Plan
from tastemaker.recorded import RECORDED_MODEL, RecordedReply, read_replies_file, told_malformed
from tastemaker.records import Message, Work
from tastemaker.scenario import Scenario, setting_of
from tastemaker.schedule import Schedule
from tastemaker.task import RubricTask


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer of a provider, as progress counts it."""

    arm: str
    """The arm, or "" for the grader."""
    replayed: bool
    """Whether it came from the journal and cost nothing."""
    cost: float | None


Replies = dict[tuple[str, str], dict[tuple[str, int], RecordedReply]]
"""By arm and eval the recorded replies, by scenario and seed."""
Listener = Callable[[Answered], None]


class Session:
    """The models and identities of one run."""

    def __init__(self, plan: Plan, journal: Journal, store: GradeStore, listener: Listener) -> None:
        self.plan = plan
        self.journal = journal
        self.listener = listener
        self.store = store
        self._loaded: dict[str, LoadedEval] = {}
        """By identity of a cell, the eval or the part of it that the cell asks."""
        self.panel = self.open_panel()
        self.replies = _recorded_replies(plan)
        self.warnings = _malformed(plan, self.replies)
        self.user = self._user_model()
        self.models = {
            name: self._arm_model(name, arm)
            for name, arm in plan.experiment.arms.items()
            if arm.model
        }

    def open_panel(self) -> Panel:
        """The graders, opened anew: a client serves the event loop it was first used in."""
        return open_panel(
            self.plan.experiment.graders,
            self.plan.own_graders,
            self.store,
            before=self._reserve,
            answered=lambda replayed, output: self._told("", replayed, output),
            failed=self._release,
        )

    def _user_model(self) -> Model | None:
        """Who plays the users; its answers are kept like those of arms."""
        user = self.plan.experiment.user
        if user is None:
            return None
        return user_model(
            user.model,
            config=user.config,
            journal=self.journal,
            before=self._reserve,
            answered=lambda replayed, output: self._told("", replayed, output),
            failed=self._release,
        )

    def _arm_model(self, name: str, arm: Arm) -> ArmModel:
        assert arm.model is not None
        return arm_model(
            arm.model,
            config=arm.config,
            base_seed=self.plan.experiment.base_seed(name),
            journal=self.journal,
            base_url=arm.base_url,
            system=arm.system,
            before=self._reserve,
            answered=lambda replayed, output: self._told(name, replayed, output),
            failed=self._release,
            grades=bool(self.plan.experiment.graders),
            text_calls=arm.tool_calls == "text",
        )

    _calls = 0
    _cost = 0.0
    _under_way = 0
    _dearest = 0.0

    def _told(self, arm: str, replayed: bool, output: Any) -> None:
        cost = output.usage.total_cost if output.usage else None
        if not replayed:
            self._release()
            self._calls += 1
            self._cost += cost or 0.0
            self._dearest = max(self._dearest, cost or 0.0)
        self.listener(Answered(arm=arm, replayed=replayed, cost=cost))

    def _reserve(self) -> None:
        """Before a call: what is under way counts as spent, each as dear as the dearest so far.

        What a call costs is known only when it has been answered: the calls that are under way
        before the first answer can go beyond a budget of dollars, never one of calls.
        """
        budget = self.plan.experiment.budget
        if budget is not None:
            if budget.calls is not None and self._calls + self._under_way >= budget.calls:
                raise UserError(f"the budget of {budget.calls} calls is spent")
            cost = self._cost + (self._under_way + 1) * self._dearest
            if budget.cost is not None and (cost > budget.cost or self._cost >= budget.cost):
                raise UserError(f"the budget of ${budget.cost:g} is spent")
        self._under_way += 1

    def _release(self) -> None:
        """After a call, answered or not."""
        self._under_way -= 1

    def cells(self) -> list[Cell]:
        """Each eval under each arm that replies, all arms of an eval side by side."""
        return [
            self._cell(one, name, arm)
            for one in self.plan.evals
            for name, arm in self.plan.experiment.arms.items()
            if not arm.scores
        ]

    def parts(self, schedule: Schedule, look: int, asked: Asked) -> Iterator[Part]:
        """What a look asks of each eval: nothing where all is decided or nothing comes in."""
        for one in self.plan.evals:
            names = {name for name, home in asked if home == one.name}
            part = one.at_look(schedule, look, names)
            if names and part.data.scenarios:
                yield part

    def look_cells(
        self, look: int, parts: Iterable[Part], whole: Iterable[Cell], served: Collection[str]
    ) -> list[Cell]:
        """The cells of a look; where the log of the whole eval is there, that serves."""
        entire = {(one.eval, one.arm): one for one in whole}
        cells = []
        for part in parts:
            for name, arm in self.plan.experiment.arms.items():
                if arm.scores:
                    continue
                cell, of_all = self._cell(part, name, arm), entire[part.name, name]
                cells.append(
                    replace(
                        cell,
                        identity=of_all.identity if of_all.identity in served else cell.identity,
                        look=look,
                        dataset_hash=of_all.data.fingerprint,
                        rubric_hash=of_all.rubric.fingerprint if of_all.rubric else "",
                    )
                )
        return cells

    def _cell(self, loaded: LoadedEval, name: str, arm: Arm) -> Cell:
        experiment = self.plan.experiment
        judged = loaded.rubric is not None and RubricGrader(loaded.rubric).judged
        graders = [grader.grading for grader in experiment.graders]
        identity = digest(
            {
                "eval": loaded.name,
                "args": loaded.args,
                "dataset": loaded.data.fingerprint,
                "rubric": loaded.rubric.fingerprint if loaded.rubric else "",
                "judge": [template_hash(), graders] if judged or loaded.foreign else [],
                "version": version("tastemaker"),
                "endpoint": endpoint(self.models[name]) if name in self.models else None,
                "arm": arm.fingerprint,
                "seed": experiment.base_seed(name),
                **self._played(loaded),
            }
        )
        self._loaded[f"sha256:{identity}"] = loaded
        return Cell(
            eval=loaded.name,
            arm=name,
            model=arm.model or "recorded",
            identity=f"sha256:{identity}",
            data=loaded.data,
            seeds=self.plan.seeds,
            rubric=loaded.rubric,
            foreign=loaded.foreign,
            grader=", ".join(grader.model for grader in experiment.graders),
            recorded=arm.model is None,
        )

    def _played(self, loaded: LoadedEval) -> dict[str, Any]:
        """What the answers of simulated users rest on; nothing where no model plays one."""
        user = self.plan.experiment.user
        if user is None or not plays_users(loaded.whole.scenarios):
            return {}
        return {"user": [user.model_dump(mode="json"), digest({"words": PLAYED})]}

    def task(self, cell: Cell) -> Task:
        """The eval's task, bound to the arm; its version is the identity of the cell.

        Inspect decides by a task's version, among others, whether a log has it already, and leaves
        the content of dataset, rubric and prompts out: so it stands in the version.
        """
        loaded = self._loaded[cell.identity]
        arm = self.plan.experiment.arms[cell.arm]
        task = loaded.task()
        options: dict[str, Any] = {}
        if cell.recorded:
            options["solver"] = recorded(self.replies[cell.arm, cell.eval])
            options["model"] = open_model(RECORDED_MODEL, config={})
        else:
            options["model"] = self.models[cell.arm]
        if arm.template or arm.few_shot or arm.tools is not None:
            few_shot = [Message(role=one.role, text=one.content) for one in arm.few_shot]
            setup = [*_listed(task.setup), dressed(arm.template, few_shot, arm.tools)]
            options["setup"] = setup
        if isinstance(task, RubricTask):
            task.panel = self.panel
        return task_with(
            task,
            epochs=Epochs(cell.seeds),
            version=cell.identity,
            tags=[cell.arm],
            metadata={**(task.metadata or {}), "eval": cell.eval, "arm": cell.arm},
            **options,
        )


def _listed(setup: Any) -> list[Any]:
    return [] if setup is None else list(setup) if isinstance(setup, Sequence) else [setup]


def _malformed(plan: Plan, replies: Replies) -> list[str]:
    """Warnings about the calls of recorded replies that no tool could take."""
    homes = {one.name: {s.id: s for s in one.whole.scenarios} for one in plan.evals}
    return [
        told
        for (arm, name), found in replies.items()
        for told in told_malformed(
            arm,
            (
                (scenario, seed, call)
                for (scenario, seed), reply in found.items()
                if homes[name][scenario].environment is not None
                for call in _played(reply, homes[name][scenario]).calls
            ),
        )
    ]


def _played(reply: RecordedReply, scenario: Scenario) -> Work:
    said = Message(role="assistant", text="", tool_calls=reply.calls)
    return open_world(setting_of(scenario)).replay([said], {0})


def _recorded_replies(plan: Plan) -> Replies:
    """The replies of each recorded arm by arm and eval."""
    ids = {one.name: [scenario.id for scenario in one.whole.scenarios] for one in plan.evals}
    foreign = [one.name for one in plan.evals if one.rubric is None]
    replies = {}
    for name, arm in plan.experiment.arms.items():
        if arm.replies is None:
            continue
        if foreign:
            raise UserError(f"{name}: recorded replies need a rubric, and {foreign[0]} has none")
        for home, found in read_replies_file(Path(arm.replies), ids).items():
            replies[name, home] = found
    return replies
