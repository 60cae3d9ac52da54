"""Every scenario of every candidate: how far it moved, and both arms' replies side by side."""

import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from markupsafe import Markup

from tastemaker.report.html.acts import (
    Call,
    Document,
    Text,
    Turn,
    calls,
    cutting,
    documents,
    turns,
)
from tastemaker.report.html.asked import Turned
from tastemaker.report.html.source import Source, Spot
from tastemaker.report.html.texts import (
    Changes,
    Searched,
    Span,
    marked,
    visible,
    word_changes,
)
from tastemaker.report.words import share
from tastemaker.results import Results
from tastemaker.stats.estimates import scenario_means

MOST_CHARACTERS = 12_000
"""Of one reply or document in a report that does not keep all."""
MOST_BESIDE = 4_000
"""Of a message, of what a tool was given or said, and of a finding's words."""
SAMPLE_SEED = 1
TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One principle on one scenario; NaN where an arm has no score."""

    principle: str
    baseline: float
    candidate: float

    @property
    def difference(self) -> float:
        return self.candidate - self.baseline


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One scenario of one candidate."""

    anchor: str
    """The fragment of its link."""
    candidate: str
    key: str
    """"eval/scenario"."""
    eval: str
    scenario: str
    stratum: str
    split: str
    labels: Mapping[str, str]
    moved: tuple[Moved, ...]
    prompt: str
    failed: bool
    """Whether a reply or a score of it is not there, or the candidate scored below one half."""

    @property
    def largest(self) -> float:
        """The difference that is furthest from zero; of equal ones the loss."""
        known = [one.difference for one in self.moved if isfinite(one.difference)]
        return min(known, key=lambda d: (-abs(d), d), default=0.0)

    @property
    def changed(self) -> bool:
        return abs(self.largest) > TINY

    @property
    def chips(self) -> list[Moved]:
        """The principles that moved, losses first."""
        known = [one for one in self.moved if isfinite(one.difference)]
        moved = [one for one in known if abs(one.difference) > TINY]
        return sorted(moved, key=lambda one: one.difference)


def anchor(candidate: str, key: str) -> str:
    """A fragment that a link can hold: readable letters, and a hash that makes it unique."""
    letters = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[-24:].strip("-")
    own = hashlib.sha256(f"{candidate}\0{key}".encode(errors="surrogatepass")).hexdigest()[:8]
    return f"s-{letters}-{own}"


def entries(results: Results, source: Source) -> list[Entry]:
    """All of them, what moved most first, of equal moves the losses."""
    traits = results.arranged.traits()
    made = []
    for candidate in results.experiment.candidates:
        for key, moved in _moves(results, candidate).items():
            trait = traits[key]
            low = any(one.candidate < 0.5 or not isfinite(one.difference) for one in moved)
            made.append(
                Entry(
                    anchor=anchor(candidate, key),
                    candidate=candidate,
                    key=key,
                    eval=trait.eval,
                    scenario=key.removeprefix(f"{trait.eval}/"),
                    stratum=trait.stratum,
                    split=trait.split,
                    labels=trait.labels,
                    moved=tuple(moved),
                    prompt=source.prompts.get(key, ""),
                    failed=low or key in source.failed,
                )
            )
    return sorted(made, key=lambda one: (-abs(one.largest), one.largest))


def _moves(results: Results, candidate: str) -> dict[str, list[Moved]]:
    moves: dict[str, list[Moved]] = {}
    for name, panel in results.panels.items():
        old, new = (
            scenario_means(panel.arm(arm)).tolist()
            for arm in (results.experiment.baseline_name, candidate)
        )
        for key, before, after in zip(panel.scenarios, old, new, strict=True):
            moves.setdefault(key, []).append(
                Moved(principle=name, baseline=before, candidate=after)
            )
    return moves


def queues(all_entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Whose texts matter, by why: what moved, what failed, and the rest in a drawn order."""
    rest = [one for one in all_entries if not one.changed and not one.failed]
    random.Random(SAMPLE_SEED).shuffle(rest)
    return {
        "moved": [one for one in all_entries if one.changed],
        "failed": [one for one in all_entries if not one.changed and one.failed],
        "drawn": rest,
    }


# Texts -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The answer to one criterion, as it stands under a reply."""

    number: int
    principle: str
    criterion: str
    value: float | None
    """As it is asked."""
    reason: str
    quote: str
    turned: bool = False
    """Whether it counts against the reply where it is met."""
    placed: bool = False
    """Whether the quote is marked in the reply."""

    @property
    def kind(self) -> str:
        """What it looks like: how good it is, not what was answered."""
        if self.value is None:
            return "unscored"
        good = 1 - self.value if self.turned else self.value
        return {1.0: "good", 0.0: "bad"}.get(good, "partly")

    @property
    def word(self) -> str:
        if self.value is None:
            return "unscored"
        word = {1.0: "met", 0.0: "not met"}.get(self.value, f"{self.value:.2f}")
        return f"{word}, which counts against it" if self.turned and self.value else word


@dataclass(frozen=True, kw_only=True)
class Pane:
    """One arm's reply with one seed."""

    arm: str
    text: Markup
    cut: int
    """Characters that the text has, where it was cut; 0 where it is whole."""
    error: str
    scores: Sequence[tuple[str, str]] = ()
    """(principle, score or why there is none)."""
    findings: Sequence[Shown] = ()
    calls: Sequence[Call] = ()
    turns: Sequence[Turn] = ()
    """Of a conversation that is more than a prompt and a reply."""
    documents: Sequence[Document] = ()


@dataclass(frozen=True, kw_only=True)
class Seed:
    """Both arms' replies with one seed."""

    number: int
    panes: tuple[Pane, Pane]
    unlike: bool
    """Whether the replies share too few words for their differences to be marked."""
    sign: int
    """Whether the scores of this seed fell (-1), rose (1) or neither (0), over all principles."""


class Texts:
    """What is shown of the replies of an entry."""

    def __init__(self, results: Results, source: Source, turned: Turned, *, full: bool) -> None:
        self.results, self.source, self.full, self.turned = results, source, full, turned
        self.scores = _scores(results)
        self.cut = cutting(None if full else MOST_BESIDE)
        self.cut_document = cutting(None if full else MOST_CHARACTERS)

    def prompt(self, entry: Entry) -> Text:
        """What was asked."""
        return self.cut_document(entry.prompt)

    def seeds(self, entry: Entry) -> list[Seed]:
        """Both arms' replies to an entry's scenario, by seed; [] where there is none."""
        arms = (self.results.experiment.baseline_name, entry.candidate)
        places = [self.source.places.get(Spot(arm, entry.key), {}) for arm in arms]
        numbers = sorted({*places[0], *places[1]})
        wanted = [row for of_arm in places for row in of_arm.values()]
        rows = dict(zip(wanted, self.source.rows(wanted), strict=True)) if wanted else {}
        return [
            self._seed(
                entry, number, arms, [rows[one[number]] if number in one else {} for one in places]
            )
            for number in numbers
        ]

    def _seed(
        self, entry: Entry, number: int, arms: tuple[str, str], rows: Sequence[Mapping[str, Any]]
    ) -> Seed:
        whole = [visible(row.get("reply") or "") for row in rows]
        texts = [text if self.full else text[:MOST_CHARACTERS] for text in whole]
        changes = word_changes(*texts)
        worked_on = documents(rows, self.cut_document)
        found = [self.scores.get((arm, entry.key, number), {}) for arm in arms]
        panes = []
        for place, row in enumerate(rows):
            findings, quotes = self._found(entry, texts[place], row)
            changed, tag = _marks(changes, place)
            panes.append(
                Pane(
                    arm=arms[place],
                    text=marked(texts[place], changed, tag, quotes),
                    cut=len(whole[place]) if len(texts[place]) < len(whole[place]) else 0,
                    error=row.get("error") or ("" if row else "not there"),
                    scores=[(name, _told(*one)) for name, one in found[place].items()],
                    findings=findings,
                    calls=calls(row, self.cut),
                    turns=turns(row, self.cut, confidential=self._confidential(arms[place])),
                    documents=worked_on[place],
                )
            )
        total = [sum(value for value, _ in one.values() if isfinite(value)) for one in found]
        return Seed(
            number=number,
            panes=(panes[0], panes[1]),
            unlike=changes.unlike,
            sign=int(np.sign(round(total[1] - total[0], 9))),
        )

    def _found(
        self, entry: Entry, text: str, row: Mapping[str, Any]
    ) -> tuple[list[Shown], list[tuple[Span, int]]]:
        """What was found of a reply, and where in it the quotes stand."""
        searched, shown, quotes = Searched(text), list[Shown](), list[tuple[Span, int]]()
        told = row.get("findings", {}).items()
        for number, (key, one) in enumerate(
            ((key, one) for key, one in told if isinstance(one, Mapping)), 1
        ):
            principle, _, criterion = key.partition("." if "." in key else "/")
            quote = visible(str(one.get("quote") or ""))
            spans = searched.find(quote)
            quotes += [(span, number) for span in spans]
            shown.append(
                Shown(
                    number=number,
                    principle=principle,
                    criterion=criterion,
                    value=one.get("value"),
                    reason=str(one.get("reason") or "")[:MOST_BESIDE],
                    quote=quote[:MOST_BESIDE],
                    turned=self.turned(principle, criterion, entry.labels),
                    placed=bool(spans),
                )
            )
        return shown, quotes

    def _confidential(self, arm: str) -> bool:
        return self.results.experiment.arms[arm].confidential


def _marks(changes: Changes, place: int) -> tuple[Sequence[Span], str]:
    """What of the text at a place only that one has, and the tag that says so."""
    return (changes.removed, "del") if place == 0 else (changes.added, "ins")


def _scores(results: Results) -> dict[tuple[str, str, int], dict[str, tuple[float, str]]]:
    """By arm, scenario and seed: the score of each principle, with why there is none."""
    arranged = results.arranged
    principle, reason = arranged.texts["principle"], arranged.texts["reason"]
    columns = (
        arranged.arm, arranged.scenario, arranged.seeds[arranged.seed], principle.codes,
        arranged.numbers["value"], reason.codes,
    )  # fmt: skip
    found: dict[tuple[str, str, int], dict[str, tuple[float, str]]] = {}
    for arm, scenario, seed, name, value, why in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        of_reply = found.setdefault((arranged.arms[arm], arranged.scenarios[scenario], seed), {})
        of_reply[str(principle.names[name])] = (value, reason.names[why] or "")
    return found


def _told(value: float, reason: str) -> str:
    return share(value, 2) if isfinite(value) else reason.replace("_", " ") or "unscored"
