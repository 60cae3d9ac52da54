"""The situations put to the models: prompt distributions, their strata, clusters and splits."""

import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, model_validator

from tastemaker.checks.following import instruction
from tastemaker.checks.registry import CheckError
from tastemaker.content import Place, fingerprint, local, open_reference
from tastemaker.environments.kinds import check_setting
from tastemaker.environments.world import Setting
from tastemaker.errors import UserError
from tastemaker.reading import (
    BY_SHAPE,
    MAPPING,
    SCALAR,
    VARIABLE,
    FileModel,
    Id,
    Label,
    Location,
    Mark,
    Name,
    Node,
    Number,
    Problem,
    Source,
    Text,
    Whole,
    did_you_mean,
    error,
    find,
    listed,
    refuse,
    shown,
    validate,
    written_otherwise,
)
from tastemaker.records import Message, Role, ToolCall
from tastemaker.rows import read_rows
from tastemaker.rubric import Condition, Criterion, Rubric, matches, read_by
from tastemaker.splits import apportion, assign, in_hash_order, joined
from tastemaker.template import combinations, identifier, rendered, slug
from tastemaker.template import problems as find_problems

Format = Literal["plain", "markdown", "xml", "json"]

DEV = "dev"
SPLITS = ("dev", "held-out")
FEW_CLUSTERS = 5
INSTRUCTIONS = "instructions"
"""Under which key of `expect` checks find a scenario's instructions."""

Located = tuple[Path, Problem]
"""A problem and the file it is in."""

# The file ----------------------------------------------------------------------------------------


class CallEntry(FileModel):
    """A tool call in a written conversation."""

    name: Text
    arguments: dict[str, Any] = Field(default={})
    id: str = ""


class MessageEntry(FileModel):
    """One message of a written conversation."""

    role: Role
    content: str
    tool_calls: tuple[CallEntry, ...] = ()
    tool_call_id: str = ""


class Environment(FileModel):
    """Where the scenario plays: a canvas, a task list, a shop."""

    kind: Id
    state: dict[str, Any] = Field(default={})


class EarlierSession(FileModel):
    """What was said on another day; the model is told of it, and answers none of it."""

    when: str = ""
    """As people would say it: "Tuesday evening", "2026-03-02"."""
    messages: tuple[MessageEntry, ...] = Field(min_length=1)


class Selection(FileModel):
    """A passage that stands in the document more than once, and which one is meant."""

    text: Text
    occurrence: Annotated[Whole, Field(ge=1)]


class ScriptedAnswer(FileModel):
    """What a simulated user says when asked about something."""

    about: tuple[Text, ...] = Field(min_length=1)
    """Words, any of which stands in the question, whatever their case."""
    say: Text


class SimulatedUser(FileModel):
    """Who sits on the other side, once the written turns are said."""

    persona: str = ""
    """Who they are and how they write."""
    goal: str = ""
    """What they are after; with it they stop when they have it."""
    reveals: tuple[Text, ...] = ()
    """What they tell only when they are asked."""
    answers: tuple[ScriptedAnswer, ...] = ()
    """A script instead of a model: what is answered to which question."""
    otherwise: Text | None = None
    """What the script says to any other question; None: nothing, and the conversation ends."""
    turns: Annotated[Whole, Field(ge=1, le=20)] = 3
    """How often they answer at most."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> "SimulatedUser":
        modelled = [key for key in ("persona", "goal", "reveals") if getattr(self, key)]
        if self.scripted and modelled:
            what = f"'{modelled[0]}' is for a model; with `answers` a script speaks"
            refuse(((modelled[0], "[key]"), what))
        if not self.scripted and not self.goal:
            refuse(((), "a simulated user has a `goal`, or a script: `answers` or `otherwise`"))
        return self

    @property
    def scripted(self) -> bool:
        """Whether no model is asked."""
        return bool(self.answers) or self.otherwise is not None


class Instruction(FileModel):
    """One instruction that can be verified: a check by its `id`, and beside it the arguments."""

    model_config = ConfigDict(extra="allow")

    id: Text


class Situation(FileModel):
    """What scenarios, templates and rows have in common."""

    prompt: Text | None = None
    messages: tuple[MessageEntry, ...] = ()
    """A conversation so far, instead of `prompt`; the model answers its last message."""
    cluster: Label | None = None
    weight: Annotated[Number, Field(gt=0)] = 1.0
    labels: dict[Label, Label] = Field(default={})
    expect: dict[str, Any] = Field(default={})
    """What checks take from the scenario."""
    instructions: tuple[Instruction, ...] = ()
    """What the prompt asks of the reply's form; checks take it from `expect.instructions`."""
    reference: str | None = None
    twin: Label | None = None
    document: str | None = None
    selection: (
        Annotated[Annotated[str, SCALAR] | Annotated[Selection, MAPPING], BY_SHAPE] | None
    ) = None
    """A passage of the document that the user has marked."""
    tools: tuple[Text, ...] = ()
    """Those of the environment's tools that the model is offered; default: all."""
    environment: Environment | None = None
    user: SimulatedUser | None = None
    history: tuple[EarlierSession, ...] = ()
    """Earlier sessions, oldest first."""
    now: str | None = None
    timezone: str | None = None
    attachments: tuple[Text, ...] = ()
    criteria: dict[Id, dict[Id, Criterion]] = Field(default={})
    """More criteria for a principle, for this scenario only."""
    provenance: Any = None
    split: Id | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> "Situation":
        if (self.prompt is None) == (not self.messages):
            refuse(((), "expected one `prompt` or one list of `messages`"))
        if self.messages and self.messages[-1].role not in ("user", "tool"):
            last = len(self.messages) - 1
            refuse((("messages", last, "role"), "the last message must be the user's or a tool's"))
        return self


class Row(Situation):
    """A scenario as it stands in a data file, or as a template makes it."""

    id: Label | None = None
    """Default: a hash of the row."""

    @model_validator(mode="after")
    def _tells_the_time(self) -> "Row":
        if self.now is not None and not _is_moment(self.now):
            refuse((("now",), f"expected a time like 2026-03-09T14:30, found text '{self.now}'"))
        if self.timezone is not None and not _is_timezone(self.timezone):
            what = f"expected a time zone like Europe/Berlin, found text '{self.timezone}'"
            refuse((("timezone",), what))
        return self

    @model_validator(mode="after")
    def _can_be_followed(self) -> "Row":
        wrong = [
            (("instructions", number, *place), message)
            for number, written in enumerate(self.instructions)
            for place, message in _wrong_in(written)
        ]
        if self.instructions and INSTRUCTIONS in self.expect:
            what = "'expect.instructions' is what 'instructions' becomes: write it there alone"
            wrong.append((("expect", INSTRUCTIONS, "[key]"), what))
        if wrong:
            refuse(*wrong)
        return self

    @model_validator(mode="after")
    def _plays_somewhere(self) -> "Row":
        if self.environment is None:
            foreign = [key for key in ("selection", "tools") if getattr(self, key)]
            if foreign:
                what = f"'{foreign[0]}' has no meaning without 'environment'"
                refuse(((foreign[0], "[key]"), what))
        else:
            check_setting(setting_of(self))
        return self


def _wrong_in(written: Instruction) -> list[tuple[Location, str]]:
    """What is wrong with an instruction, each at the argument where it stands, or at its id."""
    try:
        instruction(written.model_dump())
    except CheckError as error:
        return [
            (
                (problem.argument, "[key]") if problem.argument else ("id",),
                f"{written.id}: {problem}",
            )
            for problem in error.problems
        ]
    return []


def setting_of(of: "Row | Scenario") -> Setting:
    """What a scenario says of the world it plays in; it must have an environment."""
    assert of.environment is not None
    selection = of.selection
    return Setting(
        kind=of.environment.kind,
        state=of.environment.state,
        document=of.document,
        selection=selection.model_dump() if isinstance(selection, Selection) else selection,
        tools=of.tools or None,
        now=of.now,
        timezone=of.timezone,
    )


class ScenarioEntry(Row):
    """One scenario, written out."""

    id: Id


class Template(Situation):
    """Scenarios that differ in a few words: every combination of `vars`, or a sample of them."""

    id: Label
    vars: dict[
        Annotated[str, Field(pattern=VARIABLE)], Annotated[tuple[str, ...], Field(min_length=1)]
    ] = Field(min_length=1)
    sample: Annotated[Whole, Field(ge=1)] | None = None


class Stratum(FileModel):
    """One kind of situation, and the share of real use that it stands for."""

    weight: Annotated[Number, Field(ge=0)] | None = None
    scenarios: tuple[ScenarioEntry, ...] = ()
    templates: tuple[Template, ...] = ()
    file: Text | None = None
    """JSONL, CSV or Parquet, relative to this file."""
    columns: dict[str, str] = Field(default={})
    """Field to column of the file; default: the columns are named like the fields."""

    @model_validator(mode="after")
    def _holds_something(self) -> "Stratum":
        if not (self.scenarios or self.templates or self.file):
            refuse(((), "the stratum is empty: give it `scenarios`, `templates` or a `file`"))
        if self.columns and not self.file:
            refuse((("columns", "[key]"), "'columns' has no meaning without 'file'"))
        wrong = [key for key in self.columns if key.partition(".")[0] not in Row.model_fields]
        if wrong:
            refuse(
                *(
                    (
                        ("columns", key, "[key]"),
                        f"unknown field '{key}'{did_you_mean(key, Row.model_fields)}",
                    )
                    for key in wrong
                )
            )
        return self


class DatasetFile(FileModel):
    """A prompt distribution: `datasets/<name>.yaml`."""

    dataset: Name
    version: Annotated[Whole, Field(ge=1)] = 1
    about: str = ""
    source: str = ""
    license: str = ""
    canary: str = ""
    author: str = ""
    strata: dict[Id, Stratum] = Field(min_length=1)
    formats: tuple[Format, ...] = Field(default=("plain",), min_length=1)
    split: dict[Id, Annotated[Number, Field(gt=0)]] = Field(default={})
    seed: Whole = 1
    """Decides which combinations templates draw and which clusters fall into which split."""

    @model_validator(mode="after")
    def _weighs(self) -> "DatasetFile":
        without = [name for name, stratum in self.strata.items() if stratum.weight is None]
        if without and len(without) < len(self.strata):
            what = "the key 'weight' is missing: every stratum has one, or none has"
            refuse(*((("strata", name), what) for name in without))
        if not without and not any(stratum.weight for stratum in self.strata.values()):
            refuse((("strata",), "the weights of the strata sum to 0"))
        return self


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_timezone(text: str) -> bool:
    try:
        zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


# What is read from it ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One situation put to the models; a row of a dataset, a sample of Inspect."""

    id: str
    dataset: str
    stratum: str
    cluster: str
    split: str = DEV
    weight: float = 1.0
    """w_i: its weight inside its stratum."""
    messages: tuple[Message, ...]
    """What has been said so far; the last message is the user's, or a tool's."""
    labels: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)
    reference: str | None = None
    twin: str | None = None
    """The id of its minimally different opposite, in the same cluster; known to both."""
    document: str | None = None
    selection: str | Selection | None = None
    tools: tuple[str, ...] = ()
    environment: Environment | None = None
    user: SimulatedUser | None = None
    history: tuple[EarlierSession, ...] = ()
    now: str | None = None
    timezone: str | None = None
    attachments: tuple[str, ...] = ()
    """Paths as they were written, relative to the dataset's file."""
    criteria: Mapping[str, Mapping[str, Criterion]] = field(default_factory=dict)
    provenance: Any = None

    def weight_for(self, rubric: Rubric | None, principle: str) -> float:
        """What it counts for a principle, beside the others of its stratum."""
        asked = rubric.principles.get(principle) if rubric else None
        return self.weight * (asked.times(self.expect) if asked else 1)

    @property
    def prompt(self) -> str:
        """The last thing the user said; "" when the user has not spoken."""
        said = (message.text for message in reversed(self.messages) if message.role == "user")
        return next(said, "")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A prompt distribution, or the part of one that was selected."""

    name: str
    version: int = 1
    about: str = ""
    source: str = ""
    license: str = ""
    canary: str = ""
    author: str = ""
    path: Path | None = None
    """The file; None for a dataset made in code."""
    strata: Mapping[str, float]
    """W_h: the declared weights, normalised to sum to 1, in the order of the file."""
    scenarios: tuple[Scenario, ...]
    """In the order of the file."""
    formats: tuple[Format, ...] = ("plain",)
    splits: tuple[str, ...] = (DEV,)
    """The splits that were declared, in the order of the file."""
    seed: int = 1
    warnings: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """The hash of the scenarios that are in it and of what they stand for."""
        parts = [self.name, self.version, self.strata, self.formats, self.scenarios]
        content = read_by(
            criterion
            for scenario in self.scenarios
            for own in scenario.criteria.values()
            for criterion in own.values()
        )
        return fingerprint([*parts, content] if content else parts)


def load_dataset(reference: str | Path, place: Place | None = None) -> Dataset:
    """The dataset at a path or of a name: templates expanded, data files read, splits cut.

    UserError with every problem of every file, first of each entry, then of how they fit together.
    """
    source, place = open_reference("dataset", reference, place)
    file = source.check(DatasetFile)
    drafts = _drafts(file, source, place)
    clusters = _clusters(drafts)
    splits, warnings = _splits(file, source, drafts, clusters)
    total = sum(1.0 if s.weight is None else s.weight for s in file.strata.values())
    twins = {draft.entry.twin: draft.id for draft in drafts if draft.entry.twin}
    return Dataset(
        name=file.dataset,
        version=file.version,
        about=file.about,
        source=file.source,
        license=file.license,
        canary=file.canary,
        author=file.author,
        path=source.path,
        strata={
            name: (1.0 if stratum.weight is None else stratum.weight) / total
            for name, stratum in file.strata.items()
        },
        scenarios=tuple(
            _scenario(draft, file.dataset, cluster, splits[cluster], twins.get(draft.id))
            for draft, cluster in zip(drafts, clusters, strict=True)
        ),
        formats=file.formats,
        splits=tuple(file.split) or (DEV,),
        seed=file.seed,
        warnings=(*warnings, *_numbers_as_text(drafts)),
    )


class Draft(NamedTuple):
    """A scenario that is readable; how it fits the others is not known yet."""

    id: str
    stratum: str
    cluster: str
    entry: Row
    source: Source
    """Where it stands, for errors."""

    def problem(self, key: str, message: str) -> Located:
        """What is wrong with one of its keys."""
        return self.source.path, Problem(find(self.source.node, [key]).place, message)


def _numbers_as_text(drafts: Iterable[Draft]) -> Iterator[str]:
    """What checks take from scenarios as a number, and was perhaps meant as text; each place once.

    Elsewhere the file says what it wants: only `expect` takes both.
    """
    places: dict[tuple[Path, Mark, str], Node] = {}
    for draft in drafts:
        if draft.entry.expect:
            expect = find(draft.source.node, ["expect"])
            for key, node in written_otherwise(expect, "expect"):
                places.setdefault((draft.source.path, node.mark, key), node)
    for (path, mark, key), node in places.items():
        how = "in JSONL it can be text" if path.suffix == ".csv" else "quote it if text is meant"
        yield (
            f"{shown(path)}:{mark.line}:{mark.column}: {key}: {node.text} is read as the number "
            f"{node.value}; {how}"
        )


def _raise_any(problems: Iterable[Located]) -> None:
    """The error of all problems, file by file; nothing when there is none."""
    by_path: dict[Path, list[Problem]] = defaultdict(list)
    for path, problem in problems:
        by_path[path].append(problem)
    if by_path:
        raise UserError("\n".join(str(error(path, found)) for path, found in by_path.items()))


def _drafts(file: DatasetFile, source: Source, place: Place) -> list[Draft]:
    """Every scenario in the order of the file; UserError with every problem of every entry."""
    drafts: list[Draft] = []
    problems: list[Located] = []
    for name, stratum in file.strata.items():
        at: Location = ("strata", name)
        for number, entry in enumerate(stratum.scenarios):
            node = find(source.node, (*at, "scenarios", number))
            cluster = entry.cluster or entry.id
            drafts.append(Draft(entry.id, name, cluster, entry, Source(source.path, node)))
        for number, template in enumerate(stratum.templates):
            node = find(source.node, (*at, "templates", number))
            made = _from_template(template, Source(source.path, node), name, file.seed, problems)
            drafts.extend(made)
        if stratum.file is not None:
            sources = _rows(stratum, source, (*at, "file"), place, problems)
            drafts.extend(_from_rows(sources, name, problems))
    _raise_any(problems)
    return drafts


def _from_template(
    template: Template, source: Source, stratum: str, seed: int, problems: list[Located]
) -> Iterator[Draft]:
    """What a template makes; its cluster is the template unless it says otherwise."""
    wrong = find_problems(source.node, template.vars, template.sample)
    problems.extend((source.path, problem) for problem in wrong)
    if wrong:
        return
    seen: Counter[str] = Counter()
    for values in combinations(template.vars, template.sample, seed):
        name = identifier(template.id, values, template.vars)
        seen[name] += 1
        name = f"{name}-{seen[name]}" if seen[name] > 1 else name
        node = rendered(source.node, values)
        entry, invalid = validate(node, Row)
        problems.extend((source.path, problem) for problem in invalid)
        if entry is not None:
            twin = slug(entry.twin) if entry.twin else None
            entry = entry.model_copy(update={"twin": twin})
            cluster = entry.cluster or template.id
            yield Draft(name, stratum, cluster, entry, Source(source.path, node))


def _rows(
    stratum: Stratum, source: Source, at: Location, place: Place, problems: list[Located]
) -> list[Source]:
    """The rows of a stratum's data file; UserError when they cannot be read."""
    try:
        path = local(str(stratum.file), place)
    except UserError as wrong:
        problems.append((source.path, Problem(find(source.node, at).place, str(wrong))))
        return []
    return read_rows(path, stratum.columns)


def _from_rows(sources: Iterable[Source], stratum: str, problems: list[Located]) -> Iterator[Draft]:
    """The scenarios of a data file; a row without an id is known by a hash of what it says."""
    for source in sources:
        entry, invalid = validate(source.node, Row)
        problems.extend((source.path, problem) for problem in invalid)
        if entry is not None:
            name = entry.id or f"row-{fingerprint(entry)[7:19]}"
            yield Draft(name, stratum, entry.cluster or name, entry, source)


def _clusters(drafts: Sequence[Draft]) -> list[str]:
    """The cluster of each scenario, twins in one; UserError for ids and twins that do not fit."""
    by_id: dict[str, Draft] = {}
    problems: list[Located] = []
    for draft in drafts:
        first = by_id.setdefault(draft.id, draft)
        if first is not draft:
            where = f"{shown(first.source.path)}:{find(first.source.node, ['id']).place.line}"
            problems.append(draft.problem("id", f"the id '{draft.id}' stands also in {where}"))
    twins = [draft for draft in drafts if draft.entry.twin]
    for draft in twins:
        if draft.entry.twin == draft.id:
            problems.append(draft.problem("twin", f"'{draft.id}' cannot be its own twin"))
        elif draft.entry.twin not in by_id:
            hint = did_you_mean(str(draft.entry.twin), by_id)
            problems.append(draft.problem("twin", f"no scenario '{draft.entry.twin}'{hint}"))
    _raise_any(problems)
    pairs = [(draft.cluster, by_id[str(draft.entry.twin)].cluster) for draft in twins]
    names = joined([draft.cluster for draft in drafts], pairs)
    return [names[draft.cluster] for draft in drafts]


def _splits(
    file: DatasetFile, source: Source, drafts: Sequence[Draft], clusters: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The split of each cluster, and what to warn of."""
    told = _told(file, drafts, clusters)
    homes: dict[str, str] = {}
    for draft, cluster in zip(drafts, clusters, strict=True):
        homes.setdefault(cluster, draft.stratum)
    splits = assign(homes, told, file.split or {DEV: 1.0}, file.seed)
    problems, warnings = [], []
    for stratum in file.strata:
        present = {c for d, c in zip(drafts, clusters, strict=True) if d.stratum == stratum}
        counts = Counter(splits[cluster] for cluster in present)
        for split in file.split:
            if not counts[split]:
                what = f"no cluster for the split '{split}': {len(present)} in all, write more"
                problems.append((("strata", stratum), what))
            elif counts[split] < FEW_CLUSTERS:
                have = "1 cluster" if counts[split] == 1 else f"{counts[split]} clusters"
                warnings.append(f"stratum '{stratum}', split '{split}': only {have}")
    if problems:
        raise source.error(problems)
    return splits, tuple(warnings)


def _told(file: DatasetFile, drafts: Sequence[Draft], clusters: Sequence[str]) -> dict[str, str]:
    """The split of each cluster in which a scenario names one; UserError when two do not agree."""
    allowed = tuple(file.split) or SPLITS
    told: dict[str, Draft] = {}
    problems: list[Located] = []
    for draft, cluster in zip(drafts, clusters, strict=True):
        split = draft.entry.split
        if split is None:
            continue
        first = told.setdefault(cluster, draft)
        if split not in allowed:
            hint = did_you_mean(split, allowed) or f": expected {listed(allowed)}"
            problems.append(draft.problem("split", f"no split '{split}'{hint}"))
        elif first.entry.split != split:
            what = f"'{first.id}' of the same cluster is told to stand in '{first.entry.split}'"
            problems.append(draft.problem("split", f"'{draft.id}' in '{split}', but {what}"))
    _raise_any(problems)
    return {cluster: str(draft.entry.split) for cluster, draft in told.items()}


def _scenario(
    draft: Draft, dataset: str, cluster: str, split: str, twin_of: str | None
) -> Scenario:
    entry = draft.entry
    written = entry.messages or (MessageEntry(role="user", content=entry.prompt or ""),)
    return Scenario(
        id=draft.id,
        dataset=dataset,
        stratum=draft.stratum,
        cluster=cluster,
        split=split,
        weight=entry.weight,
        messages=tuple(map(_message, written)),
        labels=entry.labels,
        expect=_expected(entry),
        reference=entry.reference,
        twin=entry.twin or twin_of,
        document=entry.document,
        selection=entry.selection,
        tools=entry.tools,
        environment=entry.environment,
        user=entry.user,
        history=entry.history,
        now=entry.now,
        timezone=entry.timezone,
        attachments=entry.attachments,
        criteria=entry.criteria,
        provenance=entry.provenance,
    )


def _expected(entry: Row) -> dict[str, Any]:
    """What checks take from a scenario: what it expects, and what it was told to do."""
    if not entry.instructions:
        return entry.expect
    return {**entry.expect, INSTRUCTIONS: [one.model_dump() for one in entry.instructions]}


def _message(entry: MessageEntry) -> Message:
    return Message(
        role=entry.role,
        text=entry.content,
        tool_calls=tuple(
            ToolCall(name=call.name, arguments=call.arguments, id=call.id)
            for call in entry.tool_calls
        ),
        tool_call_id=entry.tool_call_id,
    )


# Parts of it -------------------------------------------------------------------------------------


def select(
    dataset: Dataset,
    split: str | None = None,
    limit: int | None = None,
    where: Mapping[str, Condition] | None = None,
) -> Dataset:
    """The scenarios of one split (None: all) with these labels, at most `limit` (1 or more).

    Under a limit the strata keep their shares of the scenarios (largest remainder), and clusters
    take turns, so that a quick look sees many of them. The same call gives the same scenarios.
    UserError for a split without scenarios, and where none has the labels.
    """
    kept = [one for one in dataset.scenarios if split in (None, one.split)]
    if not kept:
        splits = sorted({one.split for one in dataset.scenarios})
        hint = did_you_mean(str(split), splits) or f": there is {listed(splits)}"
        raise UserError(f"dataset {dataset.name} has no split '{split}'{hint}")
    asked = [one for one in kept if matches(where or {}, one.labels)]
    if not asked:
        raise UserError(
            f"dataset {dataset.name}: no scenario has the labels that `where` asks for"
            f"{_unmet(where or {}, kept)}"
        )
    kept = asked
    if limit is not None and limit < len(kept):
        chosen = _chosen(kept, limit, dataset.seed)
        kept = [one for one in kept if one.id in chosen]
    return replace(dataset, scenarios=tuple(kept))


def _unmet(where: Mapping[str, Condition], scenarios: Sequence[Scenario]) -> str:
    """The first label that none of these meets by itself, and what they have instead."""
    for label, condition in where.items():
        if any(matches({label: condition}, one.labels) for one in scenarios):
            continue
        values = sorted({one.labels[label] for one in scenarios if label in one.labels})
        if values:
            return f": {label} is {listed(values)}"
        names = {name for one in scenarios for name in one.labels}
        return f": there is no label '{label}'{did_you_mean(label, names)}"
    return ""


def _chosen(scenarios: Sequence[Scenario], limit: int, seed: int) -> set[str]:
    strata: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        strata[scenario.stratum].append(scenario)
    quotas = apportion(limit, [len(members) for members in strata.values()])
    return {
        scenario.id
        for members, quota in zip(strata.values(), quotas, strict=True)
        for scenario in _in_turns(members, seed)[:quota]
    }


def _in_turns(scenarios: Sequence[Scenario], seed: int) -> list[Scenario]:
    """The first of each cluster, then the second of each, clusters in hash order."""
    clusters: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        clusters[scenario.cluster].append(scenario)
    ordered = [clusters[name] for name in in_hash_order(clusters, seed)]
    rounds = zip_longest(*ordered)
    return [scenario for turn in rounds for scenario in turn if scenario is not None]
