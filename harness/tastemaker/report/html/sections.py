"""The sections of the page, each a function of what is known; `ABOVE` and `BELOW` list them.

A new section is a function here, or in a module of its own, and its name in one of the lists.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from markupsafe import Markup

from tastemaker.experiment import as_seen
from tastemaker.gate import Verdict
from tastemaker.report.beside import (
    ALIKE,
    ALL_PASS,
    EXPLORATORY,
    MOST_OPPOSED,
    MOST_SLICES,
    alike_rows,
    all_pass_columns,
    all_pass_rows,
    gain_lines,
    limit_lines,
    slice_notes,
    taken_columns,
    taken_rows,
    variance_rows,
)
from tastemaker.report.graders import ABOUT as GRADERS_ABOUT
from tastemaker.report.graders import (
    alone_rows,
    grading_lines,
    mean_lines,
    pair_lines,
    vote_rows,
)
from tastemaker.report.html.asked import rubrics
from tastemaker.report.html.blocks import Block, Figure, Figures, Lines, Section, Table, Texts
from tastemaker.report.html.choosing import choices, preferred
from tastemaker.report.html.entries import TINY, anchor
from tastemaker.report.html.plots import (
    CLASSES,
    arm_key,
    quality_plane,
    small_axis,
    small_row,
    tension_plane,
)
from tastemaker.report.html.source import Source
from tastemaker.report.html.texts import visible
from tastemaker.report.html.training import ablation, looks, retention, series
from tastemaker.report.words import (
    MARKS,
    RERUN_SD,
    UNKNOWN,
    arm_interval,
    averages_note,
    gravity,
    home,
    interval,
    level,
    many,
    seed_lines,
    share,
    signed,
)
from tastemaker.results import Results
from tastemaker.rubric import Criterion, Rubric
from tastemaker.stats.estimates import scenario_means

MOST_MOVED = 8
"""Scenarios named under a principle."""

Maker = Callable[[Results, Source], Section | None]


# Per principle -----------------------------------------------------------------------------------


def principles(results: Results, source: Source) -> Section | None:
    """Each principle in words, its criteria and its slices."""
    asked = rubrics(results)
    worst = {
        name: min(map(gravity, _verdicts(results, name)), default=(9, 0, 0.0))
        for name in results.panels
    }
    names = sorted(worst, key=lambda name: worst[name])
    parts = [_principle(results, asked, name) for name in names]
    return Section(id="principles", title="Principles", parts=parts) if parts else None


def _verdicts(results: Results, name: str) -> list[Verdict]:
    """Of a principle, in all its evals together, in one alone, and of its choices."""
    return [v for v in results.decision.verdicts if home(results, v) == name]


def _principle(results: Results, asked: list[Rubric], name: str) -> Section:
    said = [one.principles[name].text for one in asked if name in one.principles]
    verdicts = _verdicts(results, name)
    lines = [
        f"{MARKS[str(v.kind)]} {v.candidate}{_part(v, name)}: {v.kind}. {v.reason}"
        for v in verdicts
    ]
    blocks: list[Block] = [Lines(items=lines)]
    tables = [
        *_criteria(results, asked, name),
        *_by_eval(results, name),
        *_slices(results, name),
    ]
    several = len(results.experiment.candidates) > 1
    blocks += [table if several else table.without("candidate") for table in tables]
    blocks[-1:-1] = _most_moved(results, name)
    return Section(
        id=f"principle-{list(results.panels).index(name) + 1}",
        title=name,
        lead=next((text for text in said if text), ""),
        blocks=blocks,
        data={
            "principle": name,
            "verdicts": " ".join(sorted({str(v.kind) for v in verdicts})),
            "tone": CLASSES[str(verdicts[0].kind)] if verdicts else "void",
        },
    )


def _part(verdict: Verdict, name: str) -> str:
    """Which part of a principle a verdict is about: an eval, or a choice."""
    part = verdict.principle.removeprefix(name)
    return f", in {part[1:]}" if part.startswith("@") else f", {part[1:]}" if part else ""


def _criteria(results: Results, asked: list[Rubric], name: str) -> Iterator[Table]:
    found = [one for one in results.criteria if one.principle == name]
    if not found:
        return
    known = {
        key: criterion
        for rubric in reversed(asked)
        if name in rubric.principles
        for key, criterion in rubric.principles[name].criteria.items()
    }
    axis = small_axis(one.difference for one in found)
    yield Table(
        title="Criteria",
        columns=[
            "criterion",
            "asks",
            "candidate",
            "before",
            "now",
            "difference",
            level(results),
            "plot",
        ],
        numbers={3, 4, 5, 6},
        rows=[
            [
                one.criterion,
                _asks(known.get(one.criterion)),
                one.candidate,
                share(one.baseline_mean),
                share(one.candidate_mean),
                signed(one.difference.difference),
                interval(*one.difference.limits),
                small_row(one.difference, axis),
            ]
            for one in found
        ],
        note=f"Share of replies that meet each criterion as it is asked. {EXPLORATORY}",
    )


def _most_moved(results: Results, name: str) -> Iterator[Lines]:
    """Links to the scenarios that moved most on a principle, for each candidate."""
    panel = results.panels[name]
    several = len(results.experiment.candidates) > 1
    home = _only_home(results)
    before = scenario_means(panel.arm(results.experiment.baseline_name))
    for candidate in results.experiment.candidates:
        moved = scenario_means(panel.arm(candidate)) - before
        pairs = zip(moved.tolist(), panel.scenarios, strict=True)
        known = sorted((-abs(by), by, key) for by, key in pairs if isfinite(by) and abs(by) > TINY)
        if known:
            yield Lines(
                title=f"Moved most: {candidate}" if several else "Moved most",
                items=[
                    Markup("{} {}").format(_link(candidate, key, home), _moved(by))
                    for _, by, key in known[:MOST_MOVED]
                ],
                inline=True,
            )


def _only_home(results: Results) -> str:
    """What the keys of all scenarios begin with, where there is but one eval."""
    evals = {home for _, _, home in results.by_eval}
    return f"{min(evals)}/" if len(evals) == 1 else ""


def _link(candidate: str, key: str, home: str) -> Markup:
    link = Markup('<a href="#{}">{}</a>')
    return link.format(anchor(candidate, key), visible(key.removeprefix(home)))


def _moved(by: float) -> Markup:
    tone = "worse" if by < 0 else "better"
    return Markup('<b class="{}">{}</b>').format(tone, signed(by, 2))


def _asks(criterion: Criterion | None) -> str:
    if criterion is None:
        return UNKNOWN
    said = criterion.ask or f"check: {criterion.check} {_plain(criterion.arguments)}"
    more = [f"weight {criterion.weight:g}"] if criterion.weight != 1 else []
    more += ["met is bad"] if criterion.weight < 0 else []
    more += ["must"] if criterion.must else []
    return said.strip() + (f" ({', '.join(more)})" if more else "")


def _by_eval(results: Results, name: str) -> Iterator[Table]:
    rows = [
        [
            home, candidate, signed(one.difference), interval(*one.limits),
            f"{one.scenarios} in {one.clusters}",
        ]
        for (candidate, principle, home), one in results.by_eval.items()
        if principle == name
    ]  # fmt: skip
    if len({row[0] for row in rows}) > 1:
        yield Table(
            title="By eval",
            columns=["eval", "candidate", "difference", level(results), "scenarios in clusters"],
            numbers={2},
            rows=rows,
            note=EXPLORATORY,
            folded=True,
        )


def _slices(results: Results, name: str) -> Iterator[Table]:
    found = [one for one in results.slices.found if one.principle == name][:MOST_SLICES]
    if not found:
        return
    axis = small_axis(one.difference for one in found)
    yield Table(
        title=f"Slices: {len(found)} by stratum, label, split and format",
        columns=[
            "slice",
            "candidate",
            "difference",
            level(results),
            "plot",
            "scenarios in clusters",
        ],
        numbers={2, 3},
        rows=[
            [
                one.part.words,
                one.candidate,
                signed(one.difference.difference),
                interval(*one.difference.limits),
                small_row(one.difference, axis),
                f"{one.difference.scenarios} in {one.difference.clusters}",
            ]
            for one in found
        ],
        note=" ".join(slice_notes(results)),
        folded=True,
    )


# Beside the verdicts -----------------------------------------------------------------------------


def limits(results: Results, source: Source) -> Section | None:
    """The limits on seconds, tokens and cost."""
    lines = limit_lines(results)
    return Section(id="limits", title="Limits", blocks=[Lines(items=lines)]) if lines else None


def tensions(results: Results, source: Source) -> Section | None:
    """Values that pull against each other, on two axes."""
    if not results.tensions:
        return None
    pairs = dict.fromkeys((p.first.principle, p.second.principle) for p in results.tensions)
    figures = [
        Figure(
            title=f"{first} against {second}",
            svg=tension_plane(
                [p for p in results.tensions if (p.first.principle, p.second.principle) == pair]
            ),
            note="Dashed: the margins. The outline holds both differences together.",
        )
        for pair in pairs
        for first, second in [pair]
    ]
    rows = [
        [
            p.candidate,
            f"{p.first.principle} against {p.second.principle}",
            p.label,
            signed(p.tension.first) if p.tension else UNKNOWN,
            signed(p.tension.second) if p.tension else UNKNOWN,
            UNKNOWN
            if p.tension is None or p.tension.correlation is None
            else f"{p.tension.correlation:+.2f}",
        ]
        for p in results.tensions
    ]
    table = Table(
        title="Both differences",
        columns=["candidate", "values", "together", "first", "second", "correlation"],
        numbers={3, 4, 5},
        rows=rows,
    )
    return Section(
        id="tensions",
        title="Values that pull against each other",
        blocks=[Figures(items=figures), table, *_paid(results)],
    )


def _paid(results: Results) -> Iterator[Lines]:
    """Links to the scenarios on which one value gained what the other lost."""
    home = _only_home(results)
    for pull in results.tensions:
        found = pull.tension
        if found is None or not found.opposed:
            continue
        first, second = pull.first.principle, pull.second.principle
        several = f"{pull.candidate}: " if len(results.experiment.candidates) > 1 else ""
        shown = found.opposed[:MOST_OPPOSED]
        more = len(found.opposed) - len(shown)
        # Twins measure one value each: then it is clusters that are named, and they have no entry.
        names = [
            _link(pull.candidate, key, home) if found.unit == "scenario" else key for key in shown
        ]
        yield Lines(
            title=f"{several}{first} gained and {second} lost on "
            + many(len(found.opposed), found.unit),
            items=[*names, *([f"and {more} more"] if more else [])],
            inline=True,
        )


# Below -------------------------------------------------------------------------------------------


def cost(results: Results, source: Source) -> Section | None:
    """What each arm took, and what it bought."""
    spent = results.spent
    rows = [
        [
            arm,
            f"{one.replies:,}",
            UNKNOWN if one.calls is None else f"{one.calls:,}",
            UNKNOWN if one.input_tokens is None else f"{one.input_tokens:,}",
            UNKNOWN if one.output_tokens is None else f"{one.output_tokens:,}",
            UNKNOWN if one.seconds is None else f"{one.seconds:.2f}",
            UNKNOWN if one.cost is None else f"${one.cost:.2f}",
            UNKNOWN if one.cost is None or not one.replies else f"${one.cost / one.replies:.4f}",
        ]
        for arm, one in spent.items()
    ]
    table = Table(
        title="What each arm took",
        columns=[
            "arm",
            "replies",
            "calls",
            "tokens in",
            "tokens out",
            "seconds a reply",
            "cost",
            "a reply",
        ],
        numbers=range(1, 8),
        rows=rows,
    )
    unknown = [
        name
        for place, name in enumerate(table.columns)
        if all(row[place] == UNKNOWN for row in rows)
    ]
    for name in unknown:
        table = table.without(name)
    if len(table.columns) == len(("arm", "replies")):
        table = replace(table, note="Nothing is known of their calls, tokens, time or cost.")
    blocks: list[Block] = [table, *_taken(results), *_quality(results)]
    if graded := grading_lines(results):
        blocks.insert(1, Lines(items=graded, title="What grading took"))
    if gained := gain_lines(results):
        blocks.append(Lines(items=gained, title="What more of it bought"))
    return Section(id="cost", title="Cost and latency", blocks=blocks)


def _taken(results: Results) -> Iterator[Table]:
    if rows := taken_rows(results):
        columns = ["eval", "arm", *taken_columns(results)]
        yield Table(
            title="What a reply takes",
            columns=columns,
            numbers=range(2, len(columns)),
            rows=rows,
            note=f"Means with their {level(results)} over scenarios. Calls are turns of the model; "
            "cost is in dollars.",
        )


def _amounts(results: Results) -> tuple[str, dict[str, float]]:
    """What a reply of each arm takes: in dollars, else seconds, else tokens, if all are known."""
    spent = {arm: one for arm, one in results.spent.items() if one.replies}
    for unit, amounts in (
        ("dollars a reply", {a: s.cost / s.replies for a, s in spent.items() if s.cost}),
        ("seconds a reply", {a: s.seconds for a, s in spent.items() if s.seconds}),
        (
            "tokens a reply",
            {a: s.output_tokens / s.replies for a, s in spent.items() if s.output_tokens},
        ),
    ):
        if len(amounts) == len(results.spent):
            return unit, amounts
    return "", {}


def _quality(results: Results) -> Iterator[Block]:
    unit, amounts = _amounts(results)
    if not amounts:
        return
    listed = list(amounts.items())
    yield Figures(
        items=[
            Figure(title=name, svg=quality_plane(results, name, listed, unit))
            for name in results.panels
        ]
    )
    yield Table(
        title="Which mark is which arm",
        columns=["arm", "mark", unit],
        numbers={2},
        rows=[[arm, arm_key(n), f"{amount:.4g}"] for n, (arm, amount) in enumerate(listed)],
        note="Scores with their intervals, over what one reply takes: up and left is better.",
    )


def graders(results: Results, source: Source) -> Section | None:
    """How far several graders agree, and what each alone would say."""
    if not results.votes:
        return None
    votes = Table(
        title="How far they agree",
        columns=["criterion", "replies", "disagree", "kappa", "AC1", "alpha", "panel"],
        numbers={1, 3, 4, 5, 6},
        rows=[list(row.values()) for row in vote_rows(results)],
        note=GRADERS_ABOUT,
    )
    alone = Table(
        title="Each of them alone",
        columns=["candidate", "principle", "grader", "difference", level(results), "verdict"],
        numbers={3},
        rows=[list(row.values()) for row in alone_rows(results)],
    )
    told = Lines(items=[*mean_lines(results), *pair_lines(results)])
    blocks: list[Table | Lines] = [votes, told, *([alone] if alone.rows else [])]
    return Section(id="graders", title="Graders", blocks=blocks)


def likeness(results: Results, source: Source) -> Section | None:
    """How alike each arm's replies are, over seeds and from one story to the next."""
    rows = [list(row.values()) for row in alike_rows(results)]
    if not rows:
        return None
    table = Table(
        title="Shares, by eval and measure",
        columns=[
            "eval",
            "measure",
            "arm",
            "mean",
            level(results),
            "from the baseline",
            "scenarios in clusters",
        ],
        numbers={3},
        rows=rows,
        note=ALIKE,
    )
    return Section(id="likeness", title="How alike the replies are", blocks=[table])


def averages(results: Results, source: Source) -> Section | None:
    """Means of each arm, and where the variance comes from."""
    rows: dict[tuple[str, str], list[str]] = {}
    for verdict in results.decision.verdicts:
        if not verdict.scores:
            continue
        for arm, one in (
            (results.experiment.baseline_name, verdict.paired.baseline),
            (verdict.candidate, verdict.paired.candidate),
        ):
            rows[verdict.principle, arm] = [
                verdict.principle, arm, share(one.mean), arm_interval(one), share(one.rerun_sd),
            ]  # fmt: skip
    means = Table(
        title="Means over all seeds",
        columns=["principle", "arm", "mean", level(results), RERUN_SD],
        numbers={2, 4},
        rows=list(rows.values()),
        note=averages_note(results),
    )
    variance = Table(
        title="Where the variance comes from",
        columns=["principle", "arm", "between scenarios", "between seeds", "judge's share", "ICC"],
        numbers={2, 3, 4, 5},
        rows=[
            [row["principle"], row["arm"], row["scenarios"], row["seeds"], row["judge"], row["icc"]]
            for row in variance_rows(results)
        ],
        note="Standard deviations of scores; none of these is an error bar.",
        folded=True,
    )
    columns = all_pass_columns(results)
    passed = Table(
        title="How often all of k replies pass: pass^k",
        columns=["principle", "arm", *columns],
        numbers=range(2, 2 + len(columns)),
        rows=all_pass_rows(results),
        note=ALL_PASS,
        folded=True,
    )
    return Section(id="averages", title="Averages", blocks=[means, variance, passed])


def basis(results: Results, source: Source) -> Section | None:
    """What the results rest on: settings, content, seeds, grader, what is missing, rules."""
    facts = Table(
        title="Run",
        columns=["what", "value"],
        rows=list(_facts(results, source)),
    )
    blocks = [facts, *_content(results), *_missing(results), _rules(results), *_settings(results)]
    return Section(id="basis", title="What this rests on", blocks=blocks)


def _facts(results: Results, source: Source) -> Iterator[list[str]]:
    record = results.record
    yield ["record", str(record["record"])]
    if source.dates:
        ends = dict.fromkeys((source.dates[0], source.dates[-1]))
        yield ["logs begun", " to ".join(ends)]
    for name, number in record.get("versions", {}).items():
        yield [name, str(number)]
    for key in ("seeds", "limit", "split", "seed", "judge"):
        if record.get(key) is not None:
            yield ["judge prompt" if key == "judge" else key.replace("_", " "), str(record[key])]
    for number, line in enumerate(seed_lines(results)):
        yield ["" if number else "seeds asked", line]
    graders = results.experiment.graders
    named = [f"{one.model} {_plain(one.config)}".strip() for one in graders]
    yield ["grader", "; ".join(named) or "none: checks only"]
    for warning in results.warnings:
        yield ["warning", warning]


def _content(results: Results) -> Iterator[Table]:
    evals: Mapping[str, Mapping[str, Any]] = results.record.get("evals", {})
    if evals:
        yield Table(
            title="Evals",
            columns=["eval", "dataset", "rubric", "scenarios", "clusters", "hashes"],
            numbers={3, 4},
            rows=[
                [
                    name,
                    f"{one['dataset']} v{one['dataset_version']}",
                    f"{one['rubric']} v{one['rubric_version']}" if one["rubric"] else UNKNOWN,
                    str(one["scenarios"]),
                    str(one["clusters"]),
                    f"dataset {one['dataset_hash']}, rubric {one['rubric_hash']}",
                ]
                for name, one in evals.items()
            ],
        )


def _missing(results: Results) -> Iterator[Table]:
    rows = [
        [arm, reason.replace("_", " ") or "unscored", f"{count:,}"]
        for arm, counts in results.unscored.items()
        for reason, count in counts.items()
    ]
    yield Table(
        title="Scores that are missing",
        columns=["arm", "why", "scores"],
        numbers={2},
        rows=rows or [[arm, "nothing is missing", "0"] for arm in results.unscored],
    )


def _rules(results: Results) -> Table:
    experiment = results.experiment
    rows = [
        [
            v.principle,
            f"{v.rule.margin:g}",
            "must be better" if v.rule.superior else "must not be worse",
            "yes" if v.rule.blocking else "no",
        ]
        for v in results.decision.verdicts
        if v.candidate == next(iter(experiment.candidates))
    ]
    told = [f"alpha {experiment.alpha:g}", f"at most {experiment.max_unscored:.0%} unscored"]
    told += [f"intervals by {experiment.ci_method}"] if experiment.ci_method else []
    told += [f"seeds are {experiment.seed_kind} seeds"] if experiment.seed_kind else []
    if experiment.weights:
        told.append("weights " + ", ".join(f"{n} {w:g}" for n, w in experiment.weights.items()))
    for name, limit in experiment.resources.items():
        told.append(f"{name} at most {limit.ratio_at_most:g} times the baseline's")
    for first, second in experiment.tensions:
        told.append(f"{first} pulls against {second}")
    if experiment.headroom:
        told.append(f"headroom {_plain(experiment.headroom.model_dump(mode='json'))}")
    if experiment.on_inconclusive:
        told.append(f"inconclusive counts as {experiment.on_inconclusive}")
    return Table(
        title="Rules, frozen before the run",
        columns=["principle", "margin", "the candidate", "blocking"],
        numbers={1},
        rows=rows,
        note="; ".join(told) + ".",
    )


LONG = 120
"""A setting with more characters is folded."""


def _settings(results: Results) -> Iterator[Block]:
    shown: Mapping[str, Mapping[str, Any]] = results.record.get("arms_shown", {})
    arms = results.experiment.arms
    settings = {name: as_seen(shown.get(name) or arm.printable()) for name, arm in arms.items()}
    hashes: Mapping[str, str] = results.record.get("arms", {})
    rows, texts = [], []
    for name, found in settings.items():
        role = "baseline" if name == results.experiment.baseline_name else "candidate"
        rows.append([name, role, "settings", hashes.get(name, UNKNOWN)])
        for key, value in found.items():
            text = value if isinstance(value, str) else _plain(value)
            if len(text) > LONG or "\n" in text.strip():
                texts.append((f"{name}: {key}", text))
                text = f"{len(text):,} characters, below"
            rows.append([name, role, key, text])
    yield Table(title="Arms", columns=["arm", "role", "setting", "value"], rows=rows)
    if texts:
        yield Texts(items=texts)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


ABOVE: list[Maker] = [
    looks,
    limits,
    preferred,
    choices,
    tensions,
    retention,
    series,
    ablation,
    principles,
]
"""Between the verdicts and the scenarios."""
BELOW: list[Maker] = [graders, likeness, cost, averages, basis]
"""After the scenarios."""
