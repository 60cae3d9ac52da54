"""Serve the rating page to the raters of an experiment until Ctrl-C."""

import hashlib
import ipaddress
import secrets
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.marks import MARKS, Item, MarkStore
from tastemaker.rating.desk import Desk, Reopened
from tastemaker.rating.links import Links, read_links, write_links
from tastemaker.rating.material import Material, open_material
from tastemaker.reading import did_you_mean, listed, printable

THIS_COMPUTER = ("localhost",)
WARNING = (
    "warning: anybody who can reach this computer can reach this page, and what travels is not "
    "encrypted: a rater's link is all that keeps others out. Use it in a network you trust, or "
    "leave out --host and let raters come through an SSH tunnel."
)


def serve(
    experiment: Experiment,
    folder: Path,
    *,
    host: str,
    port: int,
    names: list[str],
    side_by_side: bool,
    reopened: Sequence[Reopened] = (),
) -> None:
    """Serve the page until Ctrl-C, after printing every rater's link on standard output.

    Args:
        experiment: Whose replies are rated.
        folder: Its logs, with the tables of the run and the marks.
        host: The address to listen at; other than this computer's own it is warned of.
        port: 0 for any that is free.
        names: The raters who get a new link, which ends the one they had; links of other raters
            of the plan stay good. Empty: those who have none yet.
        side_by_side: Whether the pairs of the plan are rated, instead of the single replies.
        reopened: With these, no plan is needed: the raters named agree on them instead, see what
            others have answered, and their answers stand as the consensus.

    Raises:
        UserError: No plan, a plan of something else, a rater it does not know, no run, or a port
            that is taken.
    """
    import uvicorn

    from tastemaker.rating.app import make_app

    store = MarkStore(folder / MARKS)
    desk, raters = open_desk(experiment, folder, store, names, side_by_side, reopened)
    invited = _invited(store, names, raters)
    listening = _listen(host, port)
    try:
        if not is_loopback(host):
            print(WARNING, file=sys.stderr, flush=True)
        before = read_links(folder, store)
        base = address(host, listening.getsockname()[1])
        links = Links(base=base, tokens={**before.tokens, **invited})
        write_links(folder, links)
        _tell(links, raters)
        app = make_app(desk, cookie=cookie_of(folder), hosts=hosts_of(host))
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # addresses hold raters' secrets
            server_header=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
        with store.kept_open():
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


def open_desk(
    experiment: Experiment,
    folder: Path,
    store: MarkStore,
    names: Sequence[str],
    side_by_side: bool,
    reopened: Sequence[Reopened] = (),
) -> tuple[Desk, list[str]]:
    """The desk at which raters sit, and who they are; arguments and errors as `serve`."""
    if reopened:
        items, wanted = _to_agree_on(reopened, names, side_by_side)
        # Whoever differs on a check settles that, too; what is asked is what was reopened.
        material = _material(experiment, folder, items, checks=True)
        return Desk(store, material, items, wanted=wanted), list(names)
    planned = store.items()
    items = [item for item in planned if bool(item.other) == side_by_side]
    if not items:
        raise UserError(_no_items(experiment.name, planned, side_by_side))
    raters = list(dict.fromkeys(item.rater for item in items))
    for name in names:
        if name not in raters:
            hint = did_you_mean(name, raters)
            raise UserError(
                f"the plan has nothing for a rater '{name}'{hint or f'; it has {listed(raters)}'}"
                "; --plan makes one for other raters"
            )
    checks = store.said().get("criteria") == "all"
    return Desk(store, _material(experiment, folder, items, checks=checks), items), raters


def _material(
    experiment: Experiment, folder: Path, items: Sequence[Item], *, checks: bool
) -> Material:
    """What the items are about; a UserError when the run has not all of it any more."""
    material = open_material(experiment, folder, items, checks=checks)
    for item in items:
        if lacking := material.lacking(item):
            raise UserError(lacking)
    return material


def _no_items(name: str, planned: Sequence[Item], side_by_side: bool) -> str:
    if not planned:
        return f"{name}: no plan says what to rate; make one with --plan"
    if side_by_side:
        return f"{name}: the plan has no pairs to rate side by side; make one with --plan"
    return f"{name}: the plan has pairs only; rate them side by side, or make another with --plan"


def _to_agree_on(
    reopened: Sequence[Reopened], names: Sequence[str], side_by_side: bool
) -> tuple[list[Item], dict[tuple[str, int], Sequence[str]]]:
    """What was reopened as items for each who adjudicates, and the questions of each."""
    if not names:
        raise UserError("say who adjudicates: name a rater")
    open_again = [one for one in reopened if bool(one.other) == side_by_side]
    if not open_again:
        raise UserError("nothing to agree on: what was reopened is of the other kind")
    items: list[Item] = []
    wanted: dict[tuple[str, int], Sequence[str]] = {}
    for name in names:
        for number, one in enumerate(open_again):
            items.append(
                Item(
                    number=number,
                    rater=name,
                    eval=one.eval,
                    scenario=one.scenario,
                    seed=one.seed,
                    arm=one.arm,
                    other=one.other,
                )
            )
            wanted[name, number] = one.questions
    return items, wanted


def _invited(store: MarkStore, names: Sequence[str], raters: Sequence[str]) -> dict[str, str]:
    """New secrets, by rater: for those who were named, else for those who have none."""
    known = store.raters()
    chosen = names or [name for name in raters if name not in known]
    fresh = {name: secrets.token_urlsafe(32) for name in dict.fromkeys(chosen)}
    for name, token in fresh.items():
        store.add_rater(name, token)
    return fresh


def _tell(links: Links, raters: Iterable[str]) -> None:
    """The links, one a line, for people and scripts alike."""
    unknown = tell_links(links, raters)
    if unknown:
        told = ", ".join(map(printable, unknown))
        print(f"Links given before are still good: {told}.", file=sys.stderr, flush=True)
    print("Each rater opens their own link. Ctrl-C stops; marks are kept.", file=sys.stderr)


def tell_links(links: Links, raters: Iterable[str]) -> list[str]:
    """Print a line for each rater, name and link; returns those whose link is not known."""
    unknown = []
    for name in raters:
        if name in links.tokens:
            print(f"{printable(name)}\t{links.of(name)}", flush=True)
        else:
            unknown.append(name)
    return unknown


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; a UserError when the address is not to be had."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UserError(f"--host {host}: no such address: {error}") from error
    family, kind, protocol, _, place = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise UserError(
            f"cannot listen at {host}, port {port}: {error.strerror}; choose another with --port"
        ) from error
    return listening


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def hosts_of(host: str) -> set[str]:
    """The names under which a page that listens at an address may be asked for."""
    names = {*THIS_COMPUTER, host}
    return names if is_loopback(host) else names | {socket.gethostname(), socket.getfqdn()}


def address(host: str, port: int) -> str:
    """Where a browser finds a page that listens at a host: of all addresses, by the own name."""
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if number.is_unspecified:
        return f"http://{socket.gethostname()}:{port}"
    return f"http://[{host}]:{port}" if number.version == 6 else f"http://{host}:{port}"


def cookie_of(folder: Path) -> str:
    """The cookie's name: browsers share cookies between the ports of a computer."""
    return "rating-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]
