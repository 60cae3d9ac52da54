"""The web application: who may come in, what they get, and how an answer arrives."""

import hmac
import ipaddress
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from tastemaker.rating.desk import Answer, Desk
from tastemaker.rating.pages import (
    KINDS,
    LONGEST,
    Reader,
    done_page,
    message_page,
    sheet_page,
    static,
    static_version,
    welcome_page,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

LARGEST = 64 * 1024
"""Bytes of a request's body."""
MONTH = 30 * 24 * 3600
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NO_STORE = "no-store"
STRANGER = (
    "Your own link is needed",
    "This page opens by a rater's own link. Ask whoever started it for yours; a link that was "
    "given anew ends the one before. What you typed and could not send is kept in this browser, "
    "and is sent when you come back by the new link.",
)

Scope = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Any], Any]


class Posted(BaseModel):
    """What the page sends when an answer is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str = Field(max_length=500)
    answer: str | None = Field(max_length=200)
    """The name of an option; None takes the answer back."""
    quote: str = Field(default="", max_length=LONGEST)
    note: str = Field(default="", max_length=LONGEST)


def csrf_of(token: str) -> str:
    """What a request that changes something must carry, beside the cookie.

    Made from the rater's secret, so that a page that is open when the server starts again goes on.
    """
    return hmac.digest(token.encode(), b"csrf", "sha256").hex()


def make_app(
    desk: Desk,
    *,
    cookie: str,
    hosts: Collection[str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> "FastAPI":
    """The application.

    Args:
        desk: The work of the raters.
        cookie: The name of the cookie, another one for each page on this computer.
        hosts: The names under which the page may be asked for; addresses in numbers always may.
        now: Gives the time at which an answer was made.
    """
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, hosts=frozenset(hosts))

    def who(request: Request) -> tuple[str, str] | None:
        """The rater and the secret of a request; None for a stranger."""
        token = request.cookies.get(cookie, "")
        rater = desk.rater(token) if token else None
        return (rater, token) if rater is not None else None

    def stranger() -> Response:
        return HTMLResponse(message_page(*STRANGER), status_code=403)

    def refused(status: int, reason: str) -> Response:
        return JSONResponse({"error": reason}, status_code=status)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> Response:
        # FastAPI's own answer repeats what was sent, and breaks where that is no text.
        return refused(400, "This is no answer that the page could have sent.")

    @app.get("/in/{token}")
    def enter(token: str) -> Response:
        if desk.rater(token) is None:
            return stranger()
        response = HTMLResponse(welcome_page())
        response.set_cookie(
            cookie, token, max_age=MONTH, path="/", httponly=True, samesite="strict"
        )
        return response

    @app.get("/")
    def home(request: Request) -> Response:
        known = who(request)
        if known is None:
            return stranger()
        progress = desk.progress(known[0])
        if progress.open:
            return RedirectResponse(f"/item/{progress.open}", status_code=303)
        return HTMLResponse(done_page(progress, desk.first(known[0]), agreeing=desk.agreeing))

    @app.get("/item/{name}")
    def item(name: str, request: Request) -> Response:
        known = who(request)
        if known is None:
            return stranger()
        rater, token = known
        sheet = desk.sheet(rater, name)
        if sheet is None:
            return HTMLResponse(message_page("No such page", "Go back to your work."), 404)
        reader = Reader(desk=desk.mark_of(rater), csrf=csrf_of(token))
        page = sheet_page(sheet, desk.progress(rater), reader, agreeing=desk.agreeing)
        return HTMLResponse(page)

    @app.post("/item/{name}")
    def answer(name: str, posted: Posted, request: Request) -> Response:
        known = who(request)
        if known is None:
            return refused(403, STRANGER[1])
        rater, token = known
        if not hmac.compare_digest(
            request.headers.get("x-csrf-token", "").encode(), csrf_of(token).encode()
        ):
            return refused(403, "This page is out of date: load it again.")
        given = posted.answer and Answer(name=posted.answer, quote=posted.quote, note=posted.note)
        if not desk.keep(rater, name, posted.question, given or None, now()):
            return refused(404, "There is no such question here any more: load the page again.")
        return JSONResponse({"saved": True})

    @app.get("/static/{version}/{name}")
    def static_file(version: str, name: str) -> Response:
        content = static(name)
        if content is None or version != static_version():
            return Response(status_code=404)
        lasting = {"cache-control": "private, max-age=86400, immutable"}
        return Response(content, media_type=KINDS[name], headers=lasting)

    return app


class Guard:
    """What holds for every request: its size, where it comes from, and the headers of the answer.

    A page under a name that is not ours is refused, or a foreign site whose name was made to lead
    to this computer could read it (DNS rebinding).
    """

    def __init__(self, app: Any, hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        guarded = _with_headers(send)
        if reason := self._wrong(scope["method"], headers):
            await _refuse(guarded, 403, reason)
            return
        body = await _body(headers, receive)
        if body is None:
            await _refuse(guarded, 413, f"More than {LARGEST} bytes.")
            return
        await self.app(scope, _again(body, receive), guarded)

    def _wrong(self, method: str, headers: dict[str, str]) -> str:
        """Why a request is refused; "" when it is not."""
        host = headers.get("host", "")
        if not is_ours(host, self.hosts):
            return "This page does not answer to that name."
        if method in ("GET", "HEAD"):
            return ""
        if headers.get("origin", "") not in (f"http://{host}", f"https://{host}"):
            return "Answers are taken from the page itself only."
        return ""


def is_ours(host: str, hosts: Iterable[str]) -> bool:
    """Whether a Host header names this page: by a name of ours, or by an address in numbers."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.lower() in {one.lower() for one in hosts}
    return True


async def _body(headers: dict[str, str], receive: Receive) -> bytes | None:
    """The body of a request; None when it is too large."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST:
        return None
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST:
            return None
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read already, and then whatever else happens."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Any:
        return waiting.pop() if waiting else await receive()

    return give


def _with_headers(send: Send) -> Send:
    """What sends an answer with our headers."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            ours = HEADERS | ({} if b"cache-control" in there else {"cache-control": NO_STORE})
            more = [(name.encode(), value.encode()) for name, value in ours.items()]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending


async def _refuse(send: Send, status: int, reason: str) -> None:
    text = reason.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    headers.append((b"content-length", str(len(text)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
