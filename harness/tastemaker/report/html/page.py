"""The page: what goes in, how large it gets, and why it can do no harm.

Everything from outside is escaped, and what is unseen is made visible, by one function that every
value of the templates passes. The page asks for nothing: its policy allows no request, and only
the one style sheet and the one script whose hashes it names.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import jinja2
from markupsafe import Markup

from tastemaker.gate import FEWEST_CLUSTERS, Verdict
from tastemaker.report.data import as_data
from tastemaker.report.html.asked import rubrics, turned
from tastemaker.report.html.entries import SAMPLE_SEED, TINY, Entry, Texts, entries, queues
from tastemaker.report.html.frame import pages, policy_hash, template_file
from tastemaker.report.html.plots import CLASSES, forest_axis, forest_row, forest_scale
from tastemaker.report.html.sections import ABOVE, BELOW, Maker
from tastemaker.report.html.source import NO_REPLIES, Source
from tastemaker.report.words import (
    ORDER,
    UNKNOWN,
    gravity,
    headroom_told,
    home,
    level,
    line,
    remarks,
    signed,
    sizes,
)
from tastemaker.results import Results

MOST_BYTES = 1_900_000
"""Of a page that does not keep all texts."""
LEAST_FOR_TEXTS = 300_000
"""What texts may take however long the rest is."""
SHARES = {"moved": 0.7, "failed": 0.85, "drawn": 1.0}
"""Up to which part of the room each kind of entry may fill it."""
PROMPT = 110
"""Characters of a prompt beside the scenario's name."""
MOST_CHIPS = 6

OUTCOMES = {"pass": "●", "fail": "▼", "inconclusive": "○", "incomplete": "×"}


def as_html(results: Results, source: Source = NO_REPLIES, *, full: bool = False) -> str:
    """One HTML file that needs nothing else; with `full` the texts of every reply are in it."""
    environment = pages()
    above, below = ([*_made(makers, results, source)] for makers in (ABOVE, BELOW))
    found = entries(results, source)
    page = _frame(results, above, below, found)
    template = environment.get_template("report.html.jinja")
    css, js = (template_file(name) for name in ("report.css", "report.js"))
    page |= {"css": css, "js": js, "css_hash": policy_hash(css), "js_hash": policy_hash(js)}
    bare = template.render(page | {"entries": "", "kept": ""})
    room = inf if full else MOST_BYTES - len(bare.encode())
    listed, kept = _listed(environment, results, source, found, room, full=full)
    return template.render(page | {"entries": listed, "kept": kept})


def _made(makers: Iterable[Maker], results: Results, source: Source) -> Iterable[Any]:
    return (section for make in makers if (section := make(results, source)) is not None)


# The frame ---------------------------------------------------------------------------------------


def _frame(
    results: Results, above: Sequence[Any], below: Sequence[Any], found: Sequence[Entry]
) -> dict[str, Any]:
    outcome = str(results.decision.outcome)
    data = as_data(results)
    kinds = {str(v.kind) for v in results.decision.verdicts}
    return {
        "outcome": outcome,
        "outcome_mark": OUTCOMES[outcome],
        "experiment": results.experiment.name,
        "kicker": f"Tastemaker report · {_against(results)}",
        "reasons": results.decision.reasons,
        "limited": data["limited"],
        "level": level(results),
        "contents": [
            ("verdicts", "Verdicts"),
            *((one.id, one.title) for one in above),
            ("scenarios", "Scenarios"),
            *((one.id, one.title) for one in below),
        ],
        "candidates": list(results.experiment.candidates),
        "principles": list(results.panels),
        "kinds": [kind for kind in ORDER if kind in kinds],
        "strata": list(_strata(found)),
        "labels": list(_labels(found)),
        "forests": _forests(results, data["verdicts"]),
        "above": above,
        "below": below,
        "numbers": embedded(data | {"slices": None}),
    }


def _against(results: Results) -> str:
    names = list(results.experiment.candidates)
    first = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{first} against {results.experiment.baseline_name}"


def embedded(data: Any) -> Markup:
    """JSON that can stand in a script element: strict, in ASCII, without what could end it."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # no character of it means anything in HTML


def _forests(results: Results, told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    verdicts = results.decision.verdicts
    axis = forest_axis(verdicts)
    numbered = sorted(zip(verdicts, told, strict=True), key=lambda pair: gravity(pair[0]))
    forests = []
    for number, candidate in enumerate(results.experiment.candidates):
        rows = [
            {
                "number": number,
                "base": home(results, verdict),
                "kind": str(verdict.kind),
                "tone": CLASSES[str(verdict.kind)],
                "line": line(verdict),
                "told": data,
                "svg": forest_row(verdict, axis),
                "facts": _facts(verdict),
                "notes": remarks(verdict, whole=True),
            }
            for verdict, data in numbered
            if verdict.candidate == candidate
        ]
        if rows:
            forests.append(
                {
                    "candidate": candidate,
                    "baseline": results.experiment.baseline_name,
                    "sizes": sizes([v for v in verdicts if v.candidate == candidate]),
                    "scale": forest_scale(axis),
                    "rows": rows,
                }
            )
    return forests


def _facts(verdict: Verdict) -> list[tuple[str, str]]:
    """What stands beside a verdict: what it rests on, and what would decide it."""
    paired, headroom = verdict.paired, verdict.headroom
    left = headroom_told(headroom)
    if headroom.low_enough is False:
        left += "; the baseline is not established to fail this"
    facts = [
        ("Margin", line(verdict).margin),
        *([("Headroom", left)] if verdict.scores else []),
        ("Seed share", f"{paired.seed_share:.0%}" if isfinite(paired.seed_share) else UNKNOWN),
        ("Scenarios", f"{paired.scenarios} in {paired.clusters} clusters, "
                      f"{paired.informative_clusters} changed; {paired.seeds} seeds"),
        ("Unscored", str(paired.unscored)),
        ("Could detect", f"{paired.minimum_detectable_effect:.3f}, 80% power"
         if paired.minimum_detectable_effect < 1 else UNKNOWN),
    ]  # fmt: skip
    return [*facts, ("What would decide", _deciding(verdict))]


def _deciding(verdict: Verdict) -> str:
    needed, has = verdict.needed_clusters, verdict.paired.clusters
    if needed is None:
        if verdict.kind != "NOT_EVALUABLE":
            return "it is decided"
        if 0 < has < FEWEST_CLUSTERS:
            return f"more than {FEWEST_CLUSTERS - 1} clusters, has {has}"
        return "scores that are not there yet"
    if needed > has:
        return f"about {needed} clusters, has {has}"
    return "a fresh run, or a little more of the same"


# Scenarios ---------------------------------------------------------------------------------------


def _strata(found: Iterable[Entry]) -> dict[str, int]:
    names = sorted({one.stratum for one in found})
    return {name: number for number, name in enumerate(names)}


def _labels(found: Iterable[Entry]) -> dict[str, int]:
    names = sorted({f"{key}: {value}" for one in found for key, value in one.labels.items()})
    return {name: number for number, name in enumerate(names)}


class _Lines:
    """The line of each entry, and what filters go by."""

    def __init__(self, results: Results, found: Sequence[Entry]) -> None:
        self.candidates = list(results.experiment.candidates)
        self.principles = {name: number for number, name in enumerate(results.panels)}
        self.baseline = results.experiment.baseline_name
        self.strata, self.labels = _strata(found), _labels(found)
        self.evals = len({one.eval for one in found})

    def facts(self, entry: Entry) -> dict[str, Any]:
        tone, mark, word = _way(entry)
        chips = entry.chips
        where = [entry.eval] if self.evals > 1 else []
        where += [entry.stratum] if len(self.strata) > 1 and entry.stratum else []
        prompt = " ".join(entry.prompt[: 4 * PROMPT].split())
        return {
            "tone": tone,
            "mark": mark,
            "word": word,
            "several": len(self.candidates) > 1,
            "where": " · ".join(where),
            "chips": [
                {"name": one.principle, "moved": signed(one.difference, 2),
                 "tone": "worse" if one.difference < 0 else "better"}
                for one in chips[:MOST_CHIPS]
            ],
            "more": max(0, len(chips) - MOST_CHIPS),
            "prompt": prompt[:PROMPT].rstrip() + ("…" if len(prompt) > PROMPT else ""),
            "labels": [f"{key}: {value}" for key, value in entry.labels.items()],
            "baseline": self.baseline,
            "data": self._data(entry),
        }  # fmt: skip

    def _data(self, entry: Entry) -> Markup:
        """Candidate, stratum and labels by number; principles with the way they moved."""
        moved = " ".join(
            f"{self.principles[one.principle]}:{_sign(one.difference)}" for one in entry.moved
        )
        labels = " ".join(str(self.labels[f"{k}: {v}"]) for k, v in entry.labels.items())
        numbers = f' data-c="{self.candidates.index(entry.candidate)}"'
        numbers += f' data-s="{self.strata[entry.stratum]}" data-m="{moved}"'
        return Markup(numbers + (f' data-l="{labels}"' if labels else ""))  # numbers


def _sign(difference: float) -> str:
    if not isfinite(difference):
        return "x"
    return "0" if abs(difference) <= TINY else "-1" if difference < 0 else "1"


def _way(entry: Entry) -> tuple[str, str, str]:
    if entry.changed:
        both = {one.difference > 0 for one in entry.chips}
        if len(both) == 2:
            return "mixed", "◆", "better and worse"
        return ("better", "▲", "better") if both == {True} else ("worse", "▼", "worse")
    if any(not isfinite(one.difference) for one in entry.moved):
        return "void", "×", "not scored in both arms"
    return "same", "·", "unchanged"


@dataclass
class _Room:
    """How many bytes are left for texts."""

    total: float
    taken: int = 0

    def take(self, size: int, part: float) -> bool:
        """Whether so many bytes still fit into a part of the whole; if so they are taken."""
        if self.taken + size > part * self.total:
            return False
        self.taken += size
        return True


def _listed(
    environment: jinja2.Environment,
    results: Results,
    source: Source,
    found: Sequence[Entry],
    room: float,
    *,
    full: bool,
) -> tuple[Markup, str]:
    """Every entry as HTML, those that matter with their texts, and in words which these are."""
    macros: Any = environment.get_template("report-entry.html.jinja").module
    lines = _Lines(results, found)
    bare = {one.anchor: macros.without(one, lines.facts(one)) for one in found}
    space = _Room(max(room - sum(len(text.encode()) for text in bare.values()), LEAST_FOR_TEXTS))
    texts = Texts(results, source, turned(rubrics(results)), full=full)
    whole = _whole(macros.whole, lines, texts, found, space)
    html = Markup("").join(whole.get(one.anchor, bare[one.anchor]) for one in found)
    return html, _kept(results, source, found, whole, full=full)


def _whole(
    render: Callable[..., Markup],
    lines: _Lines,
    texts: Texts,
    found: Sequence[Entry],
    space: _Room,
) -> dict[str, Markup]:
    """The entries that fit, by anchor: each kind up to its share, then again whatever is left."""
    whole: dict[str, Markup] = {}
    waiting = queues(found)
    for name, part in (*SHARES.items(), *((name, 1.0) for name in SHARES)):
        refused = 0
        for entry in waiting[name]:
            if entry.anchor in whole or refused >= MOST_REFUSED:
                continue
            seeds = texts.seeds(entry)
            if not seeds:
                continue
            html = render(entry, lines.facts(entry), texts.prompt(entry), seeds)
            if space.take(len(html.encode()), part):
                whole[entry.anchor] = html
            else:
                refused += 1
    return whole


MOST_REFUSED = 3
"""Entries in a row that may be too long before a kind is left: a short one may still fit."""


def _kept(
    results: Results,
    source: Source,
    found: Sequence[Entry],
    whole: Mapping[str, Markup],
    *,
    full: bool,
) -> str:
    """Which texts are in the page, in words."""
    if not source.tables:
        return (
            f"{_counted(found)}, what moved most first. There are scores alone: "
            "no replies were kept."
        )
    if full or len(whole) == len(found):
        return f"All {_counted(found)} with both arms' replies, what moved most first."
    counts = [
        (sum(one.anchor in whole for one in of_kind), len(of_kind), word)
        for of_kind, word in zip(
            queues(found).values(),
            (
                "that moved",
                "unchanged that failed or lack a score",
                f"others, drawn at random (seed {SAMPLE_SEED})",
            ),
            strict=True,
        )
    ]
    told = "; ".join(f"{kept:,} of the {total:,} {word}" for kept, total, word in counts if total)
    text = (
        f"{_counted(found)}, what moved most first; the replies of {len(whole):,} are in "
        f"this file: {told}."
    )
    # A comparison of two runs is no experiment that could be named to the command.
    known = results.experiment.reference
    return f"{text} All of them: tastemaker report {known} --format html --full" if known else text


def _counted(found: Sequence[Entry]) -> str:
    """How many entries there are: with several candidates a scenario has one for each of them."""
    scenarios = len({one.key for one in found})
    candidates = len({one.candidate for one in found})
    if candidates < 2:
        return f"{scenarios:,} scenarios"
    return f"{len(found):,} comparisons ({scenarios:,} scenarios, {candidates} candidates)"
