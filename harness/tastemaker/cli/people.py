"""The command for people who rate: plan, page, packets, exchange, adjudication."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastemaker.cli.options import (
    AllowOutside,
    AsJson,
    ExperimentName,
    Logs,
    emit,
    load,
    logs_of,
)
from tastemaker.errors import UserError

if TYPE_CHECKING:
    from tastemaker.about import Current, Now
    from tastemaker.experiment import Experiment
    from tastemaker.marks import Question
    from tastemaker.rating.adjudication import Disagreement
    from tastemaker.rating.anchors import Edit
    from tastemaker.rating.planning import Asked, Plan
    from tastemaker.rating.ratable import Criteria as CriteriaName
    from tastemaker.rating.ratable import Findings

SOMEBODY = "rater"
"""Who rates when nobody was named."""
BYTE_ORDER_MARK = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for something else."""
HOST, PORT = "127.0.0.1", 8765


class Kind(StrEnum):
    """How scenarios are chosen."""

    RANDOM = "random"
    STRATIFIED = "stratified"
    FAILURES = "failures"
    LIST = "list"


class Criteria(StrEnum):
    """Which criteria people are asked."""

    JUDGED = "judged"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(rate)


def rate(
    context: typer.Context,
    experiment: ExperimentName,
    logs: Logs = None,
    plan: Annotated[
        Kind | None,
        typer.Option(help="Choose what is rated: random, stratified, failures (of the judge)."),
    ] = None,
    list_file: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="Rate these: CSV of scenario, seed [, eval]."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Scenarios in the plan; 100, or all.")
    ] = None,
    raters: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Who rates, as ana,ben.")
    ] = None,
    overlap: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="Raters of each scenario (2), or the share that two see (0.2)."
        ),
    ] = None,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="Two replies beside each other, which is better.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the plan.")] = 1,
    half_width: Annotated[
        float, typer.Option(help="The interval you wish for, to tell how many labels it takes.")
    ] = 0.05,
    criteria: Annotated[
        Criteria, typer.Option(help="judged, or all: checks too.")
    ] = Criteria.JUDGED,
    set_aside: Annotated[
        bool,
        typer.Option("--set-aside", help="With a plan: marks made by now count no longer."),
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ARM", help="Plan this arm's replies; repeatable.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the marks: .csv or .jsonl.")
    ] = None,
    import_file: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Take in marks: .csv or .jsonl.")
    ] = None,
    packet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="One rater's replies to rate elsewhere: .csv or .html."),
    ] = None,
    disagreements: Annotated[
        bool, typer.Option("--disagreements", help="Where raters, or raters and judge, differ.")
    ] = False,
    adjudicate: Annotated[
        bool, typer.Option("--adjudicate", help="The page, to settle what raters differ on.")
    ] = False,
    anchors: Annotated[
        bool, typer.Option("--anchors", help="Write agreed cases into the rubric, after the diff.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --anchors: do not ask.")] = False,
    links: Annotated[bool, typer.Option("--links", help="Show the raters' links again.")] = False,
    host: Annotated[str, typer.Option(help="Where the page listens.")] = HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0 takes any.")] = PORT,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """People rate the replies of a run, blind: the page, and all that goes with it.

    Without --plan, --export, --import, --packet, --disagreements, --anchors or --links the page is
    served until Ctrl-C; where there is no plan yet, a random one is made.
    """
    kind = _kind(plan, list_file)
    asked_for = _one_thing(
        {
            "--plan": kind is not None,
            "--export": export is not None,
            "--import": import_file is not None,
            "--packet": packet is not None and not disagreements,
            "--disagreements": disagreements,
            "--adjudicate": adjudicate and import_file is None,
            "--anchors": anchors,
            "--links": links,
        }
    )
    desk = _Desk(load(experiment, allow_outside), logs)
    names = _names(raters)
    _refuse_idle(context, asked_for, planned=bool(desk.store.items()))
    if export is not None:
        _export(desk, export, names, side_by_side)
    elif import_file is not None:
        _import(desk, import_file, names, settle=adjudicate)
    elif disagreements:
        _disagreements(desk, packet, as_json)
    elif packet is not None:
        _packet(desk, packet, names)
    elif adjudicate:
        _adjudicate(desk, names, host, port)
    elif anchors:
        _anchors(desk, yes)
    elif links:
        _links(desk, names)
    elif kind is not None or not desk.store.items():
        from tastemaker.rating.planning import Asked

        asked = Asked(
            kind=(kind or Kind.RANDOM).value,
            count=count,
            raters=names or desk.raters or (SOMEBODY,),
            overlap=overlap,
            side_by_side=side_by_side,
            seed=seed,
            half_width=half_width,
            criteria=criteria.value,
            only=frozenset(only or ()),
            list_file=list_file,
        )
        _plan(desk, asked, as_json, err=kind is None, set_aside=set_aside)
        if kind is None:
            _serve(desk, names, host, port, side_by_side)
    else:
        _serve(desk, names, host, port, side_by_side)


class _Desk:
    """An experiment with its folder, its run and its marks."""

    def __init__(self, experiment: "Experiment", logs: Path | None) -> None:
        from tastemaker.marks import MARKS, MarkStore
        from tastemaker.reading import shown
        from tastemaker.tables import REPLIES

        if not experiment.evals:
            raise UserError(f"{experiment.name}: has scores alone, and no replies to rate")
        self.experiment, self.folder = experiment, logs_of(experiment, logs)
        if not (self.folder / REPLIES).is_file():
            raise UserError(
                f"{shown(self.folder)}: no run of {experiment.name} there; "
                "`tastemaker run` makes one"
            )
        self.store: MarkStore = MarkStore(self.folder / MARKS)

    @cached_property
    def record(self) -> dict[str, Any]:
        """Of the run; a UserError when the experiment changed since."""
        from tastemaker.record import read_record

        return read_record(self.folder, self.experiment)

    @cached_property
    def now(self) -> "Now":
        """What there is in the run that marks can be about."""
        from tastemaker.about import now_of

        return now_of(self.record, self.folder)

    @property
    def current(self) -> "Current":
        """The marks that are about what the run has now."""
        from tastemaker.about import Current

        return Current(self.store, self.now)

    @property
    def findings(self) -> "Findings":
        """What judges and checks say of the replies that have marks."""
        from tastemaker.rating.ratable import read_findings

        spots = {(one.eval, one.scenario, one.seed) for one in self.store.marks()}
        return read_findings(self.folder, spots, set(self.experiment.arms))

    @property
    def raters(self) -> tuple[str, ...]:
        """Those of the plan, in its order."""
        return tuple(json.loads(self.store.said().get("raters", "[]")))

    @property
    def criteria(self) -> "CriteriaName":
        """What the plan has people asked."""
        return "all" if self.store.said().get("criteria") == "all" else "judged"


def _kind(plan: Kind | None, list_file: Path | None) -> Kind | None:
    if list_file is not None and plan not in (None, Kind.LIST):
        raise UserError(f"--list is a plan of its own: leave out --plan {plan}")
    if plan is Kind.LIST and list_file is None:
        raise UserError("--plan list: name the file with --list FILE")
    return Kind.LIST if list_file is not None else plan


def _one_thing(asked: dict[str, bool]) -> str:
    """The one thing that is asked for; "" for the page."""
    named = [name for name, given in asked.items() if given]
    if len(named) > 1:
        raise UserError(f"one thing at a time: {' or '.join(named)}")
    return next(iter(named), "")


PLANNING = ("count", "overlap", "seed", "half_width", "criteria", "only", "set_aside")
USED = {
    "--plan": (*PLANNING, "raters", "side_by_side", "as_json"),
    "--export": ("raters", "side_by_side"),
    "--import": ("raters",),
    "--packet": ("raters",),
    "--disagreements": ("as_json",),
    "--adjudicate": ("raters", "host", "port"),
    "--anchors": ("yes",),
    "--links": ("raters",),
    "": ("raters", "side_by_side", "host", "port"),
}
"""What else may be said beside each thing that is asked for; "" is the page."""


def _refuse_idle(context: typer.Context, asked_for: str, *, planned: bool) -> None:
    """What was said and would do nothing is refused, or somebody counts on it."""
    used = USED[asked_for] if asked_for or planned else (*USED[""], *PLANNING)
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        given = source is not None and source.name == "COMMANDLINE"
        if given and name in {*PLANNING, *sum(USED.values(), ())} and name not in used:
            beside = asked_for or "the page of the plan that there is"
            hint = "; --plan makes another" if name in PLANNING else ""
            raise UserError(f"{parameter.opts[0]} has no meaning beside {beside}{hint}")


def _names(raters: str | None) -> tuple[str, ...]:
    return () if raters is None else tuple(name.strip() for name in raters.split(","))


def _say(text: str, *, err: bool = False) -> None:
    from tastemaker.reading import printable

    typer.echo(printable(text), err=err)


# Plan and page -----------------------------------------------------------------------------------


def _plan(desk: _Desk, asked: "Asked", as_json: bool, *, err: bool, set_aside: bool) -> None:
    from tastemaker.rating.planning import keep_plan, lines, make_plan
    from tastemaker.reading import did_you_mean

    arms = desk.experiment.arms
    for name in asked.only - set(arms):
        raise UserError(f"{desk.experiment.name} has no arm '{name}'{did_you_mean(name, arms)}")
    record = desk.record["record"]
    made = make_plan(desk.experiment, desk.folder, asked)
    aside = keep_plan(made, desk.store, record, set_aside=set_aside)
    marked = {(one.eval, one.scenario, one.seed) for one in desk.store.marks()}
    marked |= {(one.eval, one.scenario, one.seed) for one in desk.store.pairs()}
    again = sum(one.unit.spot in marked for one in made.drawn)
    if as_json:
        told = _plan_data(made, again) | {"set_aside": aside}
        typer.echo(json.dumps(told, indent=2), err=err)
        return
    for line in lines(made, again):
        _say(line, err=err)
    if aside:
        _say(f"{aside} marks of the plan before are set aside: they count no more.", err=err)


def _plan_data(plan: "Plan", marked: int) -> dict[str, Any]:
    from tastemaker.rating.planning import facts, needed

    # The store keeps each as text: what is a number or a list there is one here.
    asked, width = plan.asked, plan.asked.half_width
    said = facts(plan)
    return {
        **said,
        "seed": asked.seed,
        "side_by_side": asked.side_by_side,
        "arms": list(plan.arms),
        "raters": list(asked.raters),
        "frame": plan.frame,
        "scenarios": len(plan.drawn),
        "items": len(plan.items),
        "chances": json.loads(said["chances"]),
        "chance_of": plan.chance_of,
        "half_width": width,
        "loads": {
            rater: {
                "scenarios": len(mine),
                "items": sum(one.rater == rater for one in plan.items),
            }
            for rater, mine in plan.seats.items()
        },
        "marked_already": marked,
        "labels_needed": {
            name: dict(zip(("good_judge", "noisy_judge"), needed(rate, width), strict=True))
            for name, rate in plan.met.items()
        },
        "judge_fails": dict(plan.failed),
    }


def _serve(desk: _Desk, names: Sequence[str], host: str, port: int, side_by_side: bool) -> None:
    from tastemaker.rating.serve import serve

    pairs = any(one.other for one in desk.store.items())
    if side_by_side and not pairs:
        raise UserError(
            "the plan is of check-marks: --plan random --side-by-side makes one of pairs"
        )
    serve(
        desk.experiment,
        desk.folder,
        host=host,
        port=port,
        names=list(names),
        side_by_side=pairs,
    )


def _links(desk: _Desk, names: Sequence[str]) -> None:
    from tastemaker.rating.links import read_links
    from tastemaker.rating.serve import tell_links
    from tastemaker.reading import did_you_mean

    known = desk.store.raters()
    for name in names:
        if name not in known:
            raise UserError(f"'{name}' was given no link{did_you_mean(name, known)}")
    links = read_links(desk.folder, desk.store)
    if not links.tokens:
        raise UserError(
            f"{desk.experiment.name}: no link is known; "
            f"`tastemaker rate {desk.experiment.reference}` serves the page"
        )
    for name in tell_links(links, names or known):
        _say(f"{name}: this link is not known any more; --raters {name} gives a new one", err=True)


def _adjudicate(desk: _Desk, names: Sequence[str], host: str, port: int) -> None:
    """The page once more, with what raters differ on, for those who settle it."""
    from tastemaker.rating.adjudication import disagreements

    if not names:
        raise UserError("--adjudicate: say who settles it, with --raters NAME")
    open_again: dict[tuple[str, str, int, str], list[str]] = {}
    for one in disagreements(desk.current):
        reply = (one.eval, one.scenario, one.seed, one.arm)
        open_again.setdefault(reply, []).append(one.criterion)
    if not open_again:
        raise UserError(f"{desk.experiment.name}: there is nothing on which raters differ")
    from tastemaker.rating.desk import Reopened
    from tastemaker.rating.serve import serve

    serve(
        desk.experiment,
        desk.folder,
        host=host,
        port=port,
        names=list(names),
        side_by_side=False,
        reopened=[
            Reopened(eval=name, scenario=scenario, seed=seed, arm=arm, questions=tuple(criteria))
            for (name, scenario, seed, arm), criteria in open_again.items()
        ],
    )


# Exchange ----------------------------------------------------------------------------------------


def _export(desk: _Desk, path: Path, names: Sequence[str], side_by_side: bool) -> None:
    from tastemaker.rating.exchange import MARK_COLUMNS, PAIR_COLUMNS, mark_rows, pair_rows
    from tastemaker.rating.questions import load_questions
    from tastemaker.rating.sheets import as_text

    marks = [one for one in desk.store.marks() if not names or one.rater in names]
    pairs = [one for one in desk.store.pairs() if not names or one.rater in names]
    what, other = ("preferences", marks) if side_by_side else ("marks", pairs)
    if not (pairs if side_by_side else marks):
        hint = "" if not other else f"; {'leave out' if side_by_side else 'try'} --side-by-side"
        raise UserError(f"{desk.experiment.name}: there are no {what} to export{hint}")
    if side_by_side:
        emit_exact(path, as_text(path, PAIR_COLUMNS, pair_rows(pairs)))
    else:
        rows = mark_rows(marks, desk.store.items(), load_questions(desk.experiment))
        emit_exact(path, as_text(path, MARK_COLUMNS, rows))
    typer.echo(f"{len(pairs if side_by_side else marks)} {what} written to {path}", err=True)


def emit_exact(path: Path, text: str) -> None:
    """The text to a file, its line ends as they are; UserError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


def _import(desk: _Desk, path: Path, names: Sequence[str], *, settle: bool) -> None:
    from tastemaker.marks import Mark
    from tastemaker.rating.exchange import Welcome, import_marks
    from tastemaker.rating.questions import load_questions
    from tastemaker.rating.ratable import read_ratable

    ratable = read_ratable(desk.experiment, desk.folder)
    questions = load_questions(desk.experiment)
    welcome = Welcome(raters=names, settling=_open(desk) if settle else None)
    done = import_marks(path, desk.store, ratable, questions, desk.now, welcome)
    what = "marks" if not done.added or isinstance(done.added[0], Mark) else "preferences"
    told = [f"{len(done.added)} {what} taken in"]
    told += [f"{done.unchanged} stood there already"] if done.unchanged else []
    told += [f"{done.empty} rows have no answer"] if done.empty else []
    told += [f"{done.older} are older than what stands, which stays"] if done.older else []
    _say(", ".join(told) + ".")
    if done.raters:
        _say(f"New raters: {', '.join(done.raters)}.")
    if done.planned:
        _say("There was no plan: the replies of this file, with its chances, are the plan now.")
    if done.outside:
        _say(f"{done.outside} of them are about replies outside the plan: they do not count.")


def _open(desk: _Desk) -> "set[Question]":
    """The questions that people, or people and the judge, differ on; also those settled by now."""
    from tastemaker.rating.adjudication import disagreements

    return {
        (one.eval, one.scenario, one.seed, one.arm, one.criterion)
        for one in disagreements(desk.current, desk.findings, settled=True)
    }


# Packets and adjudication ------------------------------------------------------------------------


def _packet(desk: _Desk, path: Path, names: Sequence[str]) -> None:
    from tastemaker.rating.exchange import Codes
    from tastemaker.rating.material import open_material
    from tastemaker.rating.packet import COLUMNS, PAIR_COLUMNS, Packet
    from tastemaker.rating.sheets import as_csv
    from tastemaker.reading import did_you_mean

    if path.suffix.lower() not in (".csv", ".html"):
        raise UserError(f"{path}: a packet ends in .csv or .html")
    known = tuple(dict.fromkeys(one.rater for one in desk.store.items()))
    if not known:
        raise UserError(f"{desk.experiment.name}: has no plan yet; --plan random makes one")
    if len(names or known) != 1:
        raise UserError(f"a packet is for one rater: --raters with one of {', '.join(known)}")
    rater = (names or known)[0]
    if rater not in known:
        raise UserError(f"'{rater}' has nothing to rate in this plan{did_you_mean(rater, known)}")
    items = desk.store.items(rater)
    checks = desk.criteria == "all"
    material = open_material(desk.experiment, desk.folder, items, checks=checks)
    made = Packet(items, material, Codes(desk.store, desk.now))
    if path.suffix.lower() == ".html":
        emit(made.html(rater), path)
    elif any(one.other for one in items):
        rows = made.pair_rows(desk.current.pairs(rater))
        emit_exact(path, BYTE_ORDER_MARK + as_csv(PAIR_COLUMNS, rows))
    else:
        rows = made.rows(desk.current.marks(rater))
        emit_exact(path, BYTE_ORDER_MARK + as_csv(COLUMNS, rows))
    unit = "pairs" if any(one.other for one in items) else "replies"
    typer.echo(f"{len(made.pages)} {unit} for {rater} written to {path}", err=True)
    if len(made.pages) < len(items):
        typer.echo(f"{len(items) - len(made.pages)} are no longer in the run", err=True)


def _disagreements(desk: _Desk, packet: Path | None, as_json: bool) -> None:
    from tastemaker.rating.adjudication import disagreements

    found = disagreements(desk.current, desk.findings)
    if packet is not None:
        _packet_of_open(desk, packet, found)
        return
    told = _told(desk, found)
    if as_json:
        typer.echo(json.dumps({"disagreements": told}, indent=2, ensure_ascii=False))
        return
    for row in told:
        where = f"{row['eval']} {row['scenario']}, seed {row['seed']}, {row['reply']}"
        _say(f"{where}: {row['criterion']}")
        for answer in row["answers"]:
            _say(f"  {answer}")
    raters = sum(row["between"] == "raters" for row in told)
    typer.echo(
        f"{len(told)} open: {raters} between raters, {len(told) - raters} between raters and judge"
    )


def _packet_of_open(desk: _Desk, path: Path, found: "Sequence[Disagreement]") -> None:
    """What is to be settled, as a file for people who have nothing but a spreadsheet."""
    from tastemaker.rating.exchange import Codes
    from tastemaker.rating.material import open_material
    from tastemaker.rating.packet import OPEN_COLUMNS, open_items, open_rows
    from tastemaker.rating.sheets import as_csv

    if path.suffix.lower() != ".csv":
        raise UserError(f"{path}: a packet of disagreements ends in .csv")
    material = open_material(desk.experiment, desk.folder, open_items(found), checks=True)
    rows = open_rows(found, material, Codes(desk.store, desk.now))
    emit_exact(path, BYTE_ORDER_MARK + as_csv(OPEN_COLUMNS, rows))
    typer.echo(f"{len(rows)} disagreements written to {path}", err=True)


def _told(desk: _Desk, found: "Sequence[Disagreement]") -> list[dict[str, Any]]:
    from tastemaker.rating.exchange import Codes
    from tastemaker.rating.packet import side_text
    from tastemaker.rating.questions import load_questions

    codes, questions = Codes(desk.store, desk.now), load_questions(desk.experiment)
    return [
        {
            "eval": one.eval,
            "scenario": one.scenario,
            "seed": one.seed,
            "reply": codes.code(one.eval, one.scenario, one.seed, one.arm),
            "criterion": one.criterion,
            "between": one.between,
            "distance": one.distance,
            "answers": [
                side_text(side, questions.levels(one.eval, one.scenario, one.criterion))
                for side in one.sides
            ],
        }
        for one in found
    ]


def _anchors(desk: _Desk, yes: bool) -> None:
    from tastemaker.rating.anchors import choose, edited, rubric_files
    from tastemaker.rating.questions import load_questions
    from tastemaker.rating.ratable import read_ratable
    from tastemaker.tables import reply_texts

    ratable = read_ratable(desk.experiment, desk.folder)
    questions = load_questions(desk.experiment)
    held_out = {home for home, setting in ratable.settings.items() if setting.split == "held-out"}
    texts = reply_texts(desk.folder)
    chosen = choose(desk.current, desk.findings, texts, questions, held_out)
    for why, number in chosen.skipped.items():
        _say(f"{number} agreed cases left out: {why}.", err=True)
    if not chosen.cases:
        raise UserError(
            f"{desk.experiment.name}: no agreed case to add. Agreed is what two raters answered "
            "alike, or what was adjudicated (--disagreements)"
        )
    files = rubric_files(desk.experiment, questions, chosen.cases)
    edits = [edited(path, cases) for path, cases in files.items()]
    for edit in edits:
        for line in edit.diff.splitlines():
            _say(line)
    if _agreed_to(yes):
        _write(desk, edits)


def _agreed_to(yes: bool) -> bool:
    """Whether to write: asked on a terminal only."""
    if yes:
        return True
    if sys.stdin.isatty():
        return typer.confirm("Write this into the rubric?", err=True)
    typer.echo("Nothing is written: --yes writes it.", err=True)
    return False


def _write(desk: _Desk, edits: "Sequence[Edit]") -> None:
    from tastemaker.reading import shown

    for edit in edits:
        edit.write()
        _say(f"{shown(edit.path)} is version {edit.version} now.")
    _say(
        "The judge reads these anchors from the next run on: "
        f"`tastemaker run {desk.experiment.reference}` grades again without asking for replies "
        "again. Replies that are anchors no longer test the judge: calibrate it on others."
    )
