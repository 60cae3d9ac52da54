"""Agreed cases as anchors of a rubric: chosen, written into its YAML in place, and checked."""

import difflib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import yaml

from tastemaker.about import Current
from tastemaker.content import resolve
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment, PlainEval, TaskEval
from tastemaker.marks import CONSENSUS, Mark
from tastemaker.rating.adjudication import marks_by_question
from tastemaker.rating.questions import Questions
from tastemaker.rating.ratable import Findings, Home
from tastemaker.reading import LARGEST_YAML, LOADER, read, read_bytes, shown
from tastemaker.rubric import Criterion, Level, Rubric

LONGEST = 600
"""Characters of a reply that may be an anchor whole; of a longer one the marked passage is."""
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A reply, or a passage of one, on whose answer people agree."""

    eval: str
    scenario: str
    seed: int
    criterion: str
    """principle/criterion."""
    answer: str
    """`met`, `unmet`, or the name of a level."""
    text: str
    source: Literal["consensus", "agreement"]
    judge_differs: bool
    """Whether the judge answered something else: then it has most to learn from it."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The cases that become anchors, and why others do not."""

    cases: tuple[Case, ...]
    skipped: Mapping[str, int]
    """How many agreed cases were left out, by reason."""


def choose(
    store: Current,
    findings: Findings,
    replies: Mapping[tuple[str, str, int, str], str],
    questions: Questions,
    held_out: Set[Home],
) -> Chosen:
    """What of the agreed cases shows each answer best.

    Agreed is what stands under `CONSENSUS`, and what two raters or more answered alike. Cases in
    which the judge differs come first, then those that were adjudicated, then the shorter ones.
    Scenarios that are held out are never used: their answers would stand in the judge's page.
    """
    skipped: Counter[str] = Counter()
    cases = []
    for mark, source in agreed(store):
        criterion = questions.criterion(mark.eval, mark.scenario, mark.criterion)
        reply = replies.get((mark.eval, mark.scenario, mark.seed, mark.arm))
        answer = _answer(mark, criterion)
        if reply is None or criterion is None or answer is None:
            skipped["their criterion is not in the rubric, or their reply not in the run"] += 1
            continue
        text = _passage(mark, reply)
        if why := _unfit(mark, criterion, questions, held_out, text):
            skipped[why] += 1
        elif text not in _anchors(criterion, answer):
            key = (mark.eval, mark.scenario, mark.seed, mark.arm)
            judge = findings.get(key, {}).get(mark.criterion)
            cases.append(
                Case(
                    eval=mark.eval,
                    scenario=mark.scenario,
                    seed=mark.seed,
                    criterion=mark.criterion,
                    answer=answer,
                    text=text,
                    source=source,
                    judge_differs=judge is not None and judge.value != mark.value,
                )
            )
    return Chosen(cases=tuple(_best(cases, questions)), skipped=skipped)


def agreed(store: Current) -> list[tuple[Mark, Literal["consensus", "agreement"]]]:
    """The answers on which people agree: adjudicated, or given alike by two raters or more."""
    adjudicated = {
        (one.eval, one.scenario, one.seed, one.arm, one.criterion): one
        for one in store.marks(CONSENSUS)
    }
    found: list[tuple[Mark, Literal["consensus", "agreement"]]] = []
    for question, marks in marks_by_question(store).items():
        settled = adjudicated.pop(question, None)
        if settled is None and len(marks) > 1 and len({one.value for one in marks}) == 1:
            quoted = next((one for one in marks if one.quote), marks[0])
            found.append((quoted, "agreement"))
        elif settled is not None:
            found.append((settled, "consensus"))
    return [*found, *((one, "consensus") for one in adjudicated.values())]


def _answer(mark: Mark, criterion: Criterion | None) -> str | None:
    if criterion is None:
        return None
    words = {name: one.value for name, one in criterion.levels.items()} or {
        "met": 1.0,
        "unmet": 0.0,
    }
    return next((name for name, value in words.items() if value == mark.value), None)


def _passage(mark: Mark, reply: str) -> str:
    """The whole reply when it is short, else the passage that was marked in it; "" for neither."""
    if len(reply.strip()) <= LONGEST:
        return reply.strip()
    return mark.quote.strip() if len(mark.quote) <= LONGEST and mark.quote in reply else ""


def _unfit(
    mark: Mark, criterion: Criterion, questions: Questions, held_out: Set[Home], text: str
) -> str:
    """Why a case cannot be an anchor; "" when it can."""
    principle, _, key = mark.criterion.partition("/")
    rubric = questions.rubrics[mark.eval].principles.get(principle)
    if rubric is None or key not in rubric.criteria:
        return "their criterion is not in the rubric, or their reply not in the run"
    if criterion.check:
        return "they answer a check, which has no use for anchors"
    if (mark.eval, mark.scenario) in held_out:
        return "their scenarios are held out, and what decides must not be shown to the judge"
    return "" if text else f"their reply is longer than {LONGEST} characters and no passage marked"


def _anchors(criterion: Criterion, answer: str) -> tuple[str, ...]:
    if criterion.levels:
        return criterion.levels[answer].anchors
    return criterion.met if answer == "met" else criterion.unmet


def _best(cases: Iterable[Case], questions: Questions) -> list[Case]:
    """The best case for each answer to each criterion of each rubric.

    One is enough: an anchor lengthens every page the judge reads.
    """
    taken: dict[tuple[str, str, str], Case] = {}
    order = sorted(
        cases, key=lambda one: (not one.judge_differs, one.source != "consensus", len(one.text))
    )
    for one in order:
        taken.setdefault((questions.rubrics[one.eval].rubric, one.criterion, one.answer), one)
    return list(taken.values())


# The file ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A rubric's file as it is and as it would be."""

    path: Path
    before: str
    after: str
    version: int
    """The new one."""

    @property
    def diff(self) -> str:
        """What changes, as a unified diff."""
        name = shown(self.path)
        return "".join(
            line if line.endswith("\n") else f"{line}\n"
            for line in difflib.unified_diff(
                self.before.splitlines(keepends=True),
                self.after.splitlines(keepends=True),
                name,
                f"{name} (version {self.version})",
            )
        )

    def write(self) -> None:
        """Put the new text in the place of the old, whole or not at all.

        Raises:
            UserError: The file was changed in the meantime, or cannot be written.
        """
        if _text(self.path) != self.before:
            raise UserError(f"{shown(self.path)}: was changed meanwhile; try again")
        partial = self.path.with_name(f".{self.path.name}.partial")
        try:
            partial.write_bytes(self.after.encode())
            partial.chmod(self.path.stat().st_mode & 0o777)
            os.replace(partial, self.path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise UserError(f"{shown(self.path)}: cannot be written: {error.strerror}") from None


def edited(path: Path, cases: Sequence[Case]) -> Edit:
    """A rubric's file with the cases as anchors and the next version, all else as it stands.

    The text is changed only where something is added; comments and layout stay. What comes out is
    read again, and must be the same rubric with just these anchors more.

    Raises:
        UserError: The file is not a rubric, or its layout is one that cannot be added to.
    """
    before = _text(path)
    rubric = read(path, Rubric)
    wanted = _extended(rubric, cases)
    after = _written(before, cases, wanted.version)
    with TemporaryDirectory() as folder:
        trial = Path(folder) / path.name
        trial.write_bytes(after.encode())
        try:
            same = read(trial, Rubric).fingerprint == wanted.fingerprint
        except UserError:
            same = False
    if not same:
        listed = "\n".join(f"  {one.criterion}, {one.answer}: {quoted(one.text)}" for one in cases)
        raise UserError(
            f"{shown(path)}: its layout cannot be added to without changing more; "
            f"write these in by hand:\n{listed}"
        )
    return Edit(path=path, before=before, after=after, version=wanted.version)


def _text(path: Path) -> str:
    """With its byte order mark and its line ends, as it stands."""
    return read_bytes(path, LARGEST_YAML).decode()


def _extended(rubric: Rubric, cases: Iterable[Case]) -> Rubric:
    """The rubric as it is to be: these anchors after those it has, and the next version."""
    principles = dict(rubric.principles)
    for one in cases:
        name, _, key = one.criterion.partition("/")
        criteria = dict(principles[name].criteria)
        criteria[key] = _with_anchor(criteria[key], one)
        principles[name] = principles[name].model_copy(update={"criteria": criteria})
    return rubric.model_copy(update={"principles": principles, "version": rubric.version + 1})


def _with_anchor(criterion: Criterion, one: Case) -> Criterion:
    if criterion.levels:
        level = criterion.levels[one.answer]
        longer = Level(value=level.value, anchors=(*level.anchors, one.text))
        return criterion.model_copy(update={"levels": {**criterion.levels, one.answer: longer}})
    anchors = (*_anchors(criterion, one.answer), one.text)
    return criterion.model_copy(update={one.answer: anchors})


Change = tuple[int, int, str]
"""From, to, and what stands there instead."""


def _written(text: str, cases: Sequence[Case], version: int) -> str:
    """The text with the changes, each at the place the parser gives."""
    mark = text.startswith(BYTE_ORDER_MARK)
    body = text[mark:]
    root: Any = yaml.compose(body, Loader=LOADER)
    newline = "\r\n" if "\r\n" in body else "\n"
    if not (root.flow_style or body.endswith("\n")):
        body += newline
    grouped: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in cases:
        grouped[one.criterion, one.answer].append(one.text)
    writer = _Writer(body, newline)
    writer.version(root, version)
    added = []
    for (criterion, answer), texts in grouped.items():
        principle, _, key = criterion.partition("/")
        node = _at(root, "principles", principle, "criteria", key)
        levels = _entry(node, "levels")
        if levels is not None:
            writer.add_to_level(_entry_of(levels, answer), texts)
        else:
            added.append((_entry(node, answer) is None, answer, node, texts))
    # What is added to a list comes before a key that is put below that list.
    for _, answer, node, texts in sorted(added, key=lambda one: one[:2]):
        writer.add(node, answer, texts, after=("met", "unmet", "ask"))
    return text[:mark] + writer.done()


class _Writer:
    """Adds to a text of YAML, and touches nothing else of it."""

    def __init__(self, text: str, newline: str) -> None:
        self.text, self.newline = text, newline
        self.changes: list[Change] = []

    def done(self) -> str:
        """The text with all changes, from the last to the first, so that places stay true."""
        text = self.text
        # Of two at one place the one that was asked for first comes first in the text.
        for start, end, new in reversed(sorted(self.changes, key=lambda one: one[0])):
            text = text[:start] + new + text[end:]
        return text

    def version(self, root: Any, number: int) -> None:
        """Another version; a file without one gets it below its name."""
        node = _entry(root, "version")
        if node is not None:
            self.changes.append((node.start_mark.index, node.end_mark.index, str(number)))
        else:
            self.put_entry(root, "version", str(number), after=("rubric",))

    def add(self, mapping: Any, key: str, texts: Sequence[str], after: Sequence[str]) -> None:
        """More entries in the list under a key; where there is none, it is made."""
        listed = _entry(mapping, key)
        if listed is None:
            self.put_entry(mapping, key, f"[{', '.join(map(quoted, texts))}]", after)
        elif listed.flow_style:
            new = ", ".join(map(quoted, texts))
            if listed.value:
                place, new = listed.value[-1].end_mark.index, f", {new}"
            else:
                place = listed.start_mark.index + 1
            self.changes.append((place, place, new))
        else:
            indent = " " * listed.start_mark.column
            self.put_lines(listed.value[-1], [f"{indent}- {quoted(text)}" for text in texts])

    def add_to_level(self, node: Any, texts: Sequence[str]) -> None:
        """Anchors of a level; one that is a number alone becomes keys and values."""
        if isinstance(node, yaml.ScalarNode):
            start, end = node.start_mark.index, node.end_mark.index
            anchors = ", ".join(map(quoted, texts))
            new = f"{{value: {self.text[start:end]}, anchors: [{anchors}]}}"
            self.changes.append((start, end, new))
        else:
            self.add(node, "anchors", texts, after=("value",))

    def put_entry(self, mapping: Any, key: str, value: str, after: Sequence[str]) -> None:
        """A key and its value, behind the first of some keys that there is."""
        found = next(node for name in after if (node := _entry(mapping, name)) is not None)
        if mapping.flow_style:
            place = found.end_mark.index
            self.changes.append((place, place, f", {key}: {value}"))
        else:
            self.put_lines(found, [f"{' ' * mapping.start_mark.column}{key}: {value}"])

    def put_lines(self, behind: Any, lines: Sequence[str]) -> None:
        """Lines below the one on which a value ends, its comment included."""
        start, end = behind.start_mark.index, behind.end_mark.index
        # The end of a block of text lies behind the empty lines that follow it.
        last = start + len(self.text[start:end].rstrip())
        below = self.text.index("\n", last) + 1
        self.changes.append((below, below, "".join(f"{line}{self.newline}" for line in lines)))


def _entry(mapping: Any, key: str) -> Any:
    """The value under a key of a mapping; None where there is none."""
    return next((value for name, value in mapping.value if name.value == key), None)


def _entry_of(mapping: Any, key: str) -> Any:
    found = _entry(mapping, key)
    assert found is not None
    return found


def _at(node: Any, *keys: str) -> Any:
    for key in keys:
        node = _entry_of(node, key)
    return node


def quoted(text: str) -> str:
    """The text in double quotes on one line of YAML, whatever is in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{"".join(map(_escaped, escaped))}"'


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return f"\\U{ord(character):08X}" if ord(character) > 0xFFFF else f"\\u{ord(character):04X}"


def rubric_files(
    experiment: Experiment, questions: Questions, cases: Iterable[Case]
) -> dict[Path, list[Case]]:
    """The files of the rubrics that the cases belong to.

    Raises:
        UserError: A rubric's file cannot be found by its name, or is one of the built-in ones.
    """
    references = {
        name: reference.rubric if isinstance(reference, PlainEval) else rubric.rubric
        for reference, (name, rubric) in zip(
            (one for one in experiment.evals if not isinstance(one, TaskEval)),
            questions.rubrics.items(),
            strict=True,
        )
    }
    files: defaultdict[Path, list[Case]] = defaultdict(list)
    for one in cases:
        path = resolve("rubric", references[one.eval], experiment.place)
        if not path.is_relative_to(experiment.place.root.resolve()):
            name = questions.rubrics[one.eval].rubric
            raise UserError(
                f"{name} is a built-in rubric: copy it to rubrics/{name}.yaml in your project first"
            )
        files[path].append(one)
    return dict(files)
