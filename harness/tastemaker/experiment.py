"""What is compared: a baseline, its candidates, the evals they take, and the rules that decide."""

import glob
from collections.abc import Iterator, Mapping
from itertools import combinations
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    model_validator,
)

from tastemaker.content import (
    Kind,
    Place,
    file_fingerprint,
    fingerprint,
    inside,
    local,
    open_reference,
    resolve,
)
from tastemaker.errors import UserError
from tastemaker.reading import (
    BY_SHAPE,
    LIST,
    MAPPING,
    RULE,
    SCALAR,
    FileModel,
    Flag,
    Id,
    Label,
    Location,
    Name,
    Number,
    Share,
    Source,
    Text,
    Whole,
    did_you_mean,
    listed,
    read_text,
    refuse,
    shape,
    shown,
)
from tastemaker.rubric import Condition
from tastemaker.scenario import Format, MessageEntry
from tastemaker.template import slug

Problems = list[tuple[Location, str]]

DEFAULT = "default"
TRANSPORT = {
    "max_retries",
    "timeout",
    "attempt_timeout",
    "stream_idle_timeout",
    "max_connections",
    "adaptive_connections",
    "batch",
    "cache",
    "cache_prompt",
}
"""Settings of an arm's `config` that cannot change what the model says."""
SEED_STEP = 1000
"""Between the base seeds of arms with equal settings; also the most seeds there can be."""

# Arms --------------------------------------------------------------------------------------------


class Arm(FileModel):
    """One of the things compared: everything that makes replies differ."""

    model: Text | None = None
    """As Inspect names it: `provider/model`."""
    system: str | None = None
    """The system prompt, or a path to it; after `load_experiment` always the text."""
    template: str | None = None
    """Text around the prompt, which stands at `{prompt}`; or a path to it, as `system`."""
    few_shot: tuple[MessageEntry, ...] = ()
    tools: tuple[Text, ...] | None = None
    """Of the environments' tools those that this arm offers; `[]`: none. Default: all."""
    tool_calls: Literal["native", "text"] = "native"
    """`text`: tools are told, called and answered in plain text, for models without tool calls."""
    solver: Text | None = None
    config: dict[str, Any] = Field(default={})
    """Inspect's generation settings: temperature, max_tokens, ..."""
    base_url: Text | None = None
    format: Format | None = None
    elicitation: str | None = None
    """How the model was brought to do its best, for the settings appendix."""
    factors: dict[Label, Any] = Field(default={})
    """For ablations: what the arms vary, by name."""
    confidential: Flag = False
    """Whether its texts are shown as hashes only."""
    replies: Text | None = None
    """A file of recorded replies; no model is called."""
    scores: Text | None = None
    """A file of scores; nothing is graded."""
    range: tuple[Number, Number] | None = None
    """The lowest and the highest value in `scores`; default 0 and 1."""

    @model_validator(mode="after")
    def _has_one_origin(self) -> "Arm":
        written = {key for key in self.model_fields_set if getattr(self, key) is not None}
        origins = [key for key in ("model", "replies", "scores") if key in written]
        if not origins:
            refuse(((), "an arm is a `model`, or recorded `replies`, or `scores`"))
        meaningful = MEANINGFUL.get(origins[0], set(Arm.model_fields) - {"range", *MEANINGFUL})
        foreign = sorted(written - {origins[0], *meaningful})
        if foreign:
            refuse(
                *(
                    ((key, "[key]"), f"'{key}' has no meaning beside '{origins[0]}'")
                    for key in foreign
                )
            )
        if self.range is not None and self.range[0] >= self.range[1]:
            refuse((("range",), "expected the lowest value, then the highest"))
        return self

    @property
    def fingerprint(self) -> str:
        """The hash of all that makes replies differ; of recorded ones, the content of the file.

        Names, factors and confidentiality are not in it: arms that differ in these alone are equal.
        """
        settings = self._hashed("factors", "confidential")
        for key in ("replies", "scores"):
            if settings[key] is not None:
                settings[key] = file_fingerprint(Path(settings[key]))
        return fingerprint(settings)

    @property
    def request(self) -> str:
        """The hash of what the model is asked with: equal for arms that only look different.

        1 and 1.0 are one temperature; the number of connections and a template that adds nothing
        change no request.
        """
        settings = self._hashed("factors", "confidential", "elicitation")
        settings["config"] = {
            key: float(value) if type(value) is int else value
            for key, value in self.config.items()
            if key not in TRANSPORT
        }
        if self.template == "{prompt}":
            settings["template"] = None
        return fingerprint(settings)

    def _hashed(self, *without: str) -> dict[str, Any]:
        """The settings as they are hashed: what came later changes no hash while it is not used."""
        settings = self.model_dump(mode="json", exclude=set(without))
        settings["tools"] = [] if self.tools is None else {"only": settings["tools"]}
        if self.tool_calls == "native":
            del settings["tool_calls"]
        return settings

    def printable(self) -> dict[str, Any]:
        """The settings that were written, for reports; those of a confidential arm as hashes.

        Of a confidential arm `model`, `format`, `factors` and `config` are shown as they are.
        """
        settings = self.model_dump(mode="json", exclude_unset=True, exclude={"confidential"})
        if not self.confidential:
            return settings
        return {
            key: value if key in SHOWN else fingerprint(value) for key, value in settings.items()
        }


MEANINGFUL = {
    "replies": {"factors", "confidential"},
    "scores": {"factors", "confidential", "range"},
}
"""What may be said of an arm that was recorded elsewhere, beside its file."""
SHOWN = {"model", "format", "factors", "config", "replies", "scores", "range"}


class UserModel(FileModel):
    """The model that plays the users whom scenarios describe."""

    model: Text
    config: dict[str, Any] = Field(default={})


def as_seen(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Printable settings with files as paths from the current folder, where they lie below it.

    What is published should not say how somebody's folders are called.
    """
    files = {key: shown(Path(settings[key])) for key in MEANINGFUL if key in settings}
    return {**settings, **files}


# Evals -------------------------------------------------------------------------------------------


class PlainEval(FileModel):
    """A rubric measured on a dataset by the plain solver, without Python."""

    rubric: Text
    dataset: Text
    where: dict[Label, Condition] = Field(default={})
    """Labels that a scenario must have to be asked, as a criterion's `when`; default: all are."""


class TaskEval(FileModel):
    """Any Inspect task, as one principle."""

    task: Text
    args: dict[str, Any] = Field(default={})
    principle: Id
    scorer: Text | None = None
    key: Text | None = None
    """Which of a scorer's values, where it gives several."""
    cluster: Text | None = None
    """The metadata field that holds the cluster."""


def _eval_shape(value: Any) -> str:
    is_task = isinstance(value, TaskEval) or (isinstance(value, dict) and "task" in value)
    return "(task)" if is_task else shape(value)


EvalReference = Annotated[
    Annotated[Name, SCALAR] | Annotated[PlainEval, MAPPING] | Annotated[TaskEval, Tag("(task)")],
    Discriminator(_eval_shape),
]

# Rules -------------------------------------------------------------------------------------------


class Rule(FileModel):
    """What must hold of one principle for a candidate to pass."""

    margin: Share = 0.05
    """The largest loss accepted as harmless, on the scale from 0 to 1."""
    superior: Flag = False
    """Whether it must be better, not only no worse."""
    blocking: Flag = True
    """Whether it decides the outcome; otherwise it is only shown."""


class Pairwise(FileModel):
    """Replies of two arms to the same scenario and seed, put side by side to a judge."""

    by: Literal["overall", "principles", "both"] = "overall"
    """What is asked: which reply is better all in all, by each principle alone, or both."""
    arms: Literal["baseline", "all"] = "baseline"
    """Every candidate against the baseline, or every pair of arms."""
    rule: Rule | None = None
    """What must hold of the preference, as d = 2w - 1 with w the win rate: 0 is no preference,
    and a margin of 0.1 lets the win rate be as low as 0.45. Without a rule nothing is gated."""
    preferences: Text | None = None
    """A file of preferences made elsewhere; no judge is asked."""

    @model_validator(mode="after")
    def _has_one_origin(self) -> "Pairwise":
        if self.preferences is not None:
            foreign = sorted(self.model_fields_set & {"by", "arms"})
            if foreign:
                refuse(
                    *(
                        ((key, "[key]"), f"'{key}' has no meaning beside 'preferences'")
                        for key in foreign
                    )
                )
        return self


class Resource(FileModel):
    """What must hold of a resource: candidate over baseline, paired by scenario."""

    ratio_at_most: Annotated[Number, Field(gt=0)]
    blocking: Flag = True


class Headroom(FileModel):
    """How low the baseline must score for an improvement to be able to show; STATS section 9.1."""

    baseline_at_most: Share = 0.8


class Budget(FileModel):
    """What a run may use; it stops before it uses more."""

    cost: Annotated[Number, Field(gt=0)] | None = None
    """In dollars."""
    calls: Annotated[Whole, Field(gt=0)] | None = None


class Calibrated(FileModel):
    """What has to be known of a grader from people's marks before it may gate."""

    min_labels: Annotated[Whole, Field(ge=50)] = 50
    """Scenarios with marks on both arms; fewer than 50 cannot correct a difference, a release asks
    for 100 (STATS section 6.2)."""
    origin: Text | None = Field(default=None, alias="from")
    """The calibration of another run: its folder, or the file; None: this run's own."""


class Grader(FileModel):
    """The model that applies the rubrics."""

    model: Text
    config: dict[str, Any] = Field(default={})
    per_criterion: Flag = False
    """One call a criterion, instead of one call a reply."""
    order: Literal["written", "shuffled"] = "written"
    """The order in which criteria are asked."""
    samples: Annotated[Whole, Field(ge=1)] = 1
    """How often each question is asked."""
    reducer: Literal["mean", "majority"] = "mean"
    """How several answers become one: those of its samples, and those of a panel."""
    batch: Flag = False
    """Through the provider's batch API: cheaper, and slow."""
    calibrated: Annotated[Annotated[Flag, SCALAR] | Annotated[Calibrated, MAPPING], BY_SHAPE] = (
        False
    )
    """Whether only what was calibrated against people may gate, and from how many labels on."""

    @property
    def grading(self) -> dict[str, Any]:
        """What of it can change a grade, as plain data: who may gate does not."""
        return self.model_copy(update={"calibrated": False}).model_dump(mode="json")


class ChoiceRules(FileModel):
    """What must hold of a choice, class by class: what was called for, and what was chosen."""

    recall: dict[Label, Rule] = Field(default={})
    """How often the class is chosen where it is called for."""
    false_trigger: dict[Label, Rule] = Field(default={})
    """How often it is chosen where it is not; the margin is the largest rise accepted."""

    @model_validator(mode="after")
    def _holds_something(self) -> "ChoiceRules":
        if not self.recall and not self.false_trigger:
            refuse(((), "expected rules under `recall`, `false_trigger` or both"))
        return self


class Merge(FileModel):
    """A feature trained alone, and the arm that it was merged into; the base is the baseline."""

    feature: Id
    merged: Id

    @model_validator(mode="after")
    def _are_two(self) -> "Merge":
        if self.feature == self.merged:
            refuse((("merged",), f"'{self.merged}' is the feature already: name the merged arm"))
        return self


class Steps(FileModel):
    """What puts arms in a row."""

    by: Label
    """The factor that says where each arm stands: training steps, or any number that grows."""


RuleKey = Annotated[str, Field(pattern=RULE, max_length=400)]
"""`default`, a principle, or `principle@eval`."""

# The experiment ----------------------------------------------------------------------------------


def _one_baseline(arms: dict[str, Arm]) -> dict[str, Arm]:
    if len(arms) != 1:
        refuse(((), f"expected exactly one baseline, found {listed(arms) if arms else 'none'}"))
    return arms


class Experiment(FileModel):
    """A baseline and its candidates, the evals they take, and the rules that decide."""

    experiment: Name
    about: str = ""
    evals: tuple[EvalReference, ...] = ()
    seeds: Annotated[Whole, Field(ge=1, le=SEED_STEP)] = 5
    """K: how often each scenario is put to each arm."""
    seed: Whole = 1
    """The seed asked for in the first epoch; the next epoch asks for the next."""
    baseline: Annotated[dict[Id, Arm], AfterValidator(_one_baseline)]
    candidates: Annotated[dict[Id, Arm], Field(min_length=1)]
    grader: (
        Annotated[Annotated[Grader, MAPPING] | Annotated[tuple[Grader, ...], LIST], BY_SHAPE] | None
    ) = None
    """One, or a list: a panel."""
    user: UserModel | None = None
    """Who plays the users of scenarios with a `goal`; a script needs nobody."""
    rules: dict[RuleKey, Rule] = Field(default={})
    choices: dict[Label, ChoiceRules] = Field(default={})
    """By `principle/criterion`, or by principle where a file of scores has no criteria."""
    resources: dict[Literal["seconds", "tokens", "cost", "calls"], Resource] = Field(default={})
    tensions: tuple[tuple[Id, Id], ...] = ()
    retention: tuple[Merge, ...] = ()
    """Merges of which to say how much of a feature's gain they kept."""
    series: Steps | None = None
    """Whether the arms are checkpoints in a row."""
    ablation: tuple[Label, ...] = ()
    """Factors of the arms, of two values each, of which to say what they add."""
    headroom: Headroom | None = None
    budget: Budget | None = None
    split: Id | None = None
    """Which split of the datasets; None: `dev`."""
    formats: tuple[Format, ...] = ()
    weights: dict[Label, Annotated[Number, Field(ge=0)]] = Field(default={})
    """By eval; default: all equal."""
    seed_kind: Literal["sampling", "training"] = "sampling"
    ci_method: Literal["ladder", "gaffke"] = "ladder"
    alpha: Annotated[Number, Field(gt=0, le=0.5)] = 0.05
    on_inconclusive: Literal["fail", "warn", "extend"] | None = None
    """`extend`: a run asks a fifth of the scenarios, then the next while it is inconclusive."""
    early_stopping: Flag = False
    """Whether a run looks five times, and stops judging a principle once it is decided."""
    max_unscored: Share = 0.05
    pairwise: Annotated[Annotated[Flag, SCALAR] | Annotated[Pairwise, MAPPING], BY_SHAPE] = False
    """Whether replies are also compared side by side; `true` is every candidate with the baseline,
    all in all, shown and not gated."""
    limit: Annotated[Whole, Field(ge=1)] | None = None
    """Scenarios per eval, for a quick look."""

    _place: Place | None = PrivateAttr(default=None)
    _source: Source | None = PrivateAttr(default=None)
    _reference: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _fits_together(self) -> "Experiment":
        problems: list[tuple[Location, str]] = [
            (("candidates", name, "[key]"), f"'{name}' is the baseline's name already")
            for name in self.candidates.keys() & self.baseline.keys()
        ]
        if not self.evals and any(arm.scores is None for arm in self.arms.values()):
            problems.append((("evals",), "the key 'evals' is missing"))
        for number, reference in enumerate(self.evals):
            if reference in self.evals[:number]:
                problems.append((("evals", number), "this eval stands in the list twice"))
        for number, (one, other) in enumerate(self.tensions):
            if one == other:
                problems.append((("tensions", number), f"'{one}' cannot pull against itself"))
        problems += self._twice()
        if len({grader.reducer for grader in self.graders}) > 1:
            problems.append((("grader",), "the graders of a panel differ in `reducer`"))
        if len({fingerprint(one) for one in self._calibrations}) > 1:
            problems.append((("grader",), "the graders of a panel differ in `calibrated`"))
        if self._calibrations and self.seed_kind == "training":
            problems.append(
                (("seed_kind",), "people's marks cannot correct what training runs differ in")
            )
        if self.weights and not any(self.weights.values()):
            problems.append((("weights",), "the weights sum to 0"))
        if self.preference is not None and self.preference.preferences is None:
            problems += self._cannot_be_judged()
        if problems:
            refuse(*problems)
        return self

    def _twice(self) -> Problems:
        """What stands twice where once is enough."""
        merges = [
            (("retention", number), "this merge stands in the list twice")
            for number, merge in enumerate(self.retention)
            if merge in self.retention[:number]
        ]
        factors = [
            (("ablation", number), f"'{name}' stands in the list twice")
            for number, name in enumerate(self.ablation)
            if name in self.ablation[:number]
        ]
        return [*merges, *factors]

    def steps(self) -> dict[str, float]:
        """Where each arm of the series stands, by arm; arms without the factor are not in it."""
        by = self.series.by if self.series else None
        return {name: arm.factors[by] for name, arm in self.arms.items() if by in arm.factors}

    def has_factors(self, arm: str) -> bool:
        """Whether an arm has every factor of the ablation."""
        return set(self.ablation) <= self.arms[arm].factors.keys()

    def factor_values(self) -> dict[str, tuple[Any, Any]]:
        """The two values of each factor of the ablation: without it, and with it.

        Of numbers the larger is with it, and true; of texts the one that the first arm lacks.
        """
        return {name: self._two_values(name) for name in self.ablation}

    def _two_values(self, factor: str) -> tuple[Any, Any]:
        values = [arm.factors[factor] for arm in self.arms.values() if factor in arm.factors]
        first, second = dict.fromkeys(values)
        if all(isinstance(value, int | float) for value in (first, second)):
            return min(first, second), max(first, second)
        return first, second

    def _cannot_be_judged(self) -> Problems:
        """Why replies cannot be put side by side, though that is asked for."""
        instead = "or name a file: `pairwise: {preferences: FILE}`"
        without = [name for name, arm in self.arms.items() if arm.scores is not None]
        if without:
            what = f"{', '.join(without)}: an arm of scores has no replies to compare"
            return [(("pairwise",), f"{what}: leave it out, {instead}")]
        if not self.graders:
            told = "nobody is named to judge: add `grader: {model: ...}`"
            return [(("pairwise",), f"{told}, {instead}")]
        return []

    @property
    def preference(self) -> Pairwise | None:
        """How replies are compared side by side; None when they are not."""
        if isinstance(self.pairwise, Pairwise):
            return self.pairwise
        return Pairwise() if self.pairwise else None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of arms whose replies are compared; the baseline stands second in its own."""
        if self.preference is None:
            return []
        pairs = [(name, self.baseline_name) for name in self.candidates]
        if self.preference.arms == "all":
            pairs += combinations(self.candidates, 2)
        return pairs

    @property
    def name(self) -> str:
        """Its name, as people and folders know it."""
        return self.experiment

    @property
    def arms(self) -> dict[str, Arm]:
        """All arms by name, the baseline first, candidates in the order of the file."""
        return {**self.baseline, **self.candidates}

    @property
    def baseline_name(self) -> str:
        """The name of the one baseline."""
        return next(iter(self.baseline))

    @property
    def graders(self) -> tuple[Grader, ...]:
        """The grader, or the panel; empty when there is none."""
        if isinstance(self.grader, tuple):
            return self.grader
        return () if self.grader is None else (self.grader,)

    @property
    def _calibrations(self) -> list[Calibrated]:
        asked = [grader.calibrated for grader in self.graders]
        return [Calibrated() if one is True else one for one in asked if one]

    @property
    def calibrated(self) -> Calibrated | None:
        """What its gate requires to be known of the judge; None: nothing."""
        return next(iter(self._calibrations), None)

    @property
    def in_looks(self) -> bool:
        """Whether its scenarios come in by planned looks, with a decision after each."""
        return self.early_stopping or self.on_inconclusive == "extend"

    @property
    def place(self) -> Place:
        """Where its references to rubrics and datasets start."""
        return self._place or Place.at(Path.cwd())

    @property
    def reference(self) -> str:
        """What a command takes to mean this experiment, as it was called; "" when it was not."""
        return self._reference

    def error(self, problems: Problems) -> UserError:
        """The error that says what is wrong at each location, with line and column of its file."""
        if self._source is not None:
            return self._source.error(problems)
        places = [(".".join(str(part) for part in at), text) for at, text in problems]
        return UserError("\n".join(f"{self.name}: {place}: {text}" for place, text in places))

    @property
    def origin(self) -> Location | None:
        """Where it names the calibration of another run; None where it names none."""
        for number, grader in enumerate(self.graders):
            if isinstance(grader.calibrated, Calibrated) and grader.calibrated.origin is not None:
                at = ("grader", number) if isinstance(self.grader, tuple) else ("grader",)
                return (*at, "calibrated", "from")
        return None

    def rule_for(self, principle: str, eval: str | None = None) -> Rule:
        """The rule of a principle, or of one of its evals.

        What `principle@eval` does not say, the principle's rule says, and then the default.
        """
        keys = [DEFAULT, principle] + ([f"{principle}@{eval}"] if eval else [])
        said: dict[str, Any] = {}
        for key in keys:
            if key in self.rules:
                said |= self.rules[key].model_dump(exclude_unset=True)
        return Rule(**said)

    def base_seed(self, arm: str) -> int:
        """The seed that an arm asks for in its first epoch.

        Arms share it, so that they meet the same luck; but of arms with equal settings (an A/A
        run) each has its own, or the provider would say the same twice.
        """
        arms = self.arms
        before = list(arms)[: list(arms).index(arm)]
        equal = sum(arms[name].request == arms[arm].request for name in before)
        return self.seed + SEED_STEP * equal


def load_experiment(reference: str | Path, place: Place | None = None) -> Experiment:
    """The experiment at a path or of a name: prompts read, globs of replies made into arms.

    `replies` and `scores` become absolute paths. Rubrics and datasets must exist and are not read
    yet. UserError with every problem at once.
    """
    source, place = open_reference("experiment", reference, place)
    experiment = source.check(Experiment)
    problems: Problems = list(_missing_evals(experiment, place))
    baseline = _read_arms(experiment.baseline, "baseline", place, problems)
    candidates = _read_arms(experiment.candidates, "candidates", place, problems)
    problems += [
        (("candidates",), f"two arms would be named '{name}'")
        for name in baseline.keys() & candidates.keys()
    ]
    pairwise = _with_preferences(experiment.pairwise, place, problems)
    if problems:
        raise source.error(problems)
    update = {"baseline": baseline, "candidates": candidates, "pairwise": pairwise}
    read = experiment.model_copy(update=update)
    # Only now: a glob of files has become arms of their own names.
    if problems := [*_wrong_merges(read), *_wrong_series(read), *_wrong_factors(read)]:
        raise source.error(problems)
    read._place, read._source = place, source
    called = shown(Path(reference)) if Path(reference).is_absolute() else str(reference)
    # A report does not tell where on a computer somebody works.
    read._reference = "" if Path(called).is_absolute() else called
    return read


def _wrong_merges(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    """The merges that name no arm, or the baseline, which has no gain over itself."""
    for number, merge in enumerate(experiment.retention):
        for key in ("feature", "merged"):
            name, at = getattr(merge, key), ("retention", number, key)
            if name == experiment.baseline_name:
                yield at, f"'{name}' is the baseline, from which gains are measured"
            elif name not in experiment.arms:
                yield at, f"no arm '{name}'{did_you_mean(name, experiment.arms)}"


def _wrong_series(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    """A series by a factor that no arm has, or steps that are no numbers, or equal."""
    if experiment.series is None:
        return
    by, stood = experiment.series.by, dict[float, str]()
    for name, step in experiment.steps().items():
        at = _of_arm(experiment, name, by)
        if isinstance(step, bool) or not isinstance(step, int | float) or not isfinite(step):
            yield at, f"expected a number, for the series by '{by}', found {step!r}"
        elif step in stood:
            yield at, f"{stood[step]} stands at {step:g} already: a series has one arm a step"
        else:
            stood[step] = name
    if not experiment.steps():
        yield ("series", "by"), _no_factor(experiment, by)


def _wrong_factors(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    """The factors of an ablation that do not have two values, or that no two arms have in full."""
    for number, factor in enumerate(experiment.ablation):
        at, found = ("ablation", number), list[Any]()
        for arm in experiment.arms.values():
            value = arm.factors.get(factor)
            if factor in arm.factors and value not in found:
                found.append(value)
        told = ", ".join(_written(value) for value in found)
        if not found:
            yield at, _no_factor(experiment, factor)
        elif any(isinstance(value, list | dict) for value in found):
            yield at, f"the values of '{factor}' are no single values: {told}"
        elif len(found) == 1:
            yield at, f"'{factor}' is {told} in every arm that has it: nothing to compare"
        elif len(found) > 2:
            yield at, f"'{factor}' has {len(found)} values ({told}): an ablation compares two"


def _written(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _no_factor(experiment: Experiment, name: str) -> str:
    known = list(dict.fromkeys(key for arm in experiment.arms.values() for key in arm.factors))
    there = f"; there is {', '.join(known)}" if known else ": give arms their `factors`"
    return f"no arm has the factor '{name}'{did_you_mean(name, known)}{there}"


def _of_arm(experiment: Experiment, name: str, factor: str) -> Location:
    """Where an arm's factor stands; at the candidates where a glob made the arm."""
    key = "baseline" if name in experiment.baseline else "candidates"
    return (key, name, "factors", factor)


def _with_preferences(
    written: bool | Pairwise, place: Place, problems: Problems
) -> bool | Pairwise:
    """The same with the absolute path of its file."""
    if not isinstance(written, Pairwise) or written.preferences is None:
        return written
    try:
        path = local(written.preferences, place)
    except UserError as wrong:
        problems.append((("pairwise", "preferences"), str(wrong)))
        return written
    return written.model_copy(update={"preferences": str(path)})


def _missing_evals(experiment: Experiment, place: Place) -> Iterator[tuple[Location, str]]:
    """The references of evals that lead to no file; an eval has the name of its dataset."""
    for number, reference in enumerate(experiment.evals):
        at: Location = ("evals", number)
        if isinstance(reference, str):
            yield from _unresolved("dataset", reference, at, place)
        elif isinstance(reference, PlainEval):
            yield from _unresolved("rubric", reference.rubric, (*at, "rubric"), place)
            yield from _unresolved("dataset", reference.dataset, (*at, "dataset"), place)


def _unresolved(
    kind: Kind, reference: str, at: Location, place: Place
) -> Iterator[tuple[Location, str]]:
    try:
        resolve(kind, reference, place)
    except UserError as wrong:
        yield at, str(wrong)


def _read_arms(
    arms: Mapping[str, Arm], key: str, place: Place, problems: Problems
) -> dict[str, Arm]:
    """The arms with their texts read and their files found."""
    read: dict[str, Arm] = {}
    for name, arm in arms.items():
        at: Location = (key, name)
        try:
            arm = _with_texts(arm, place)
            found = dict(_with_files(name, arm, place))
        except _Wrong as wrong:
            problems.append(((*at, wrong.key), wrong.message))
            continue
        if key == "baseline" and len(found) > 1:
            problems.append((at, f"expected one baseline, found {len(found)} files"))
        problems.extend(
            (at, f"two arms would be named '{twice}'") for twice in found.keys() & read.keys()
        )
        read |= found
    return read


class _Wrong(Exception):
    """What keeps one key of an arm from being read."""

    def __init__(self, key: str, message: object) -> None:
        super().__init__(str(message))
        self.key, self.message = key, str(message)


def _with_texts(arm: Arm, place: Place) -> Arm:
    """The arm with the texts that its paths lead to."""
    texts: dict[str, str] = {}
    for key in ("system", "template"):
        written = getattr(arm, key)
        if written is not None and written.startswith(("./", "../", "/")):
            try:
                texts[key] = read_text(local(written.strip(), place))
            except UserError as wrong:
                raise _Wrong(key, wrong) from None
    template = texts.get("template", arm.template)
    if template is not None and "{prompt}" not in template:
        raise _Wrong("template", "'{prompt}' does not stand in it: the prompt would not be seen")
    return arm.model_copy(update=texts) if texts else arm


def _with_files(name: str, arm: Arm, place: Place) -> Iterator[tuple[str, Arm]]:
    """The arm with the absolute path of its file; one arm a file where a glob finds several."""
    for key in ("replies", "scores"):
        written = getattr(arm, key)
        if written is None:
            continue
        try:
            paths = _found(written, place)
        except UserError as wrong:
            raise _Wrong(key, wrong) from None
        for path in paths:
            its_name = name if len(paths) == 1 else f"{name}-{slug(path.stem)}"
            yield its_name, arm.model_copy(update={key: str(path)})
        return
    yield name, arm


def _found(written: str, place: Place) -> list[Path]:
    """The file at a path, or those that a glob finds, sorted; UserError when there is none."""
    if (place.folder / written).is_file() or not glob.has_magic(written):
        return [local(written, place)]
    names = sorted(glob.glob(written, root_dir=place.folder, recursive=True))
    paths = [inside(place.folder / name, place) for name in names]
    if files := [path for path in paths if path.is_file()]:
        return files
    raise UserError(f"no file '{written}'")
