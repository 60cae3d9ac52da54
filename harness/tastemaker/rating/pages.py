"""The pages as HTML."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from tastemaker.rating.desk import Progress, Sheet
from tastemaker.rating.markup import rendered, too_large

if TYPE_CHECKING:
    import jinja2

KINDS = {"page.css": "text/css", "theme.js": "text/javascript", "page.js": "text/javascript"}
"""The files that pages load, and what each is."""
LONGEST = 4000
"""Characters of a note, and of a quote."""


@cache
def static(name: str) -> bytes | None:
    """A file that pages load; None where there is no such file."""
    if name not in KINDS:
        return None
    return files("tastemaker.rating").joinpath("static", name).read_bytes()


@cache
def static_version() -> str:
    """Stands in the addresses of static files, so that a new version is never taken for the old."""
    content = b"".join(static(name) or b"" for name in KINDS)
    return hashlib.sha256(content).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who looks at a page."""

    desk: str
    """Another one for each rater and experiment; tells the drafts in one browser apart."""
    csrf: str


def sheet_page(sheet: Sheet, progress: Progress, reader: Reader, *, agreeing: bool) -> str:
    """The page on which a rater answers the questions about one item."""
    return _template("sheet.html.jinja").render(
        sheet=sheet,
        shown=sheet.shown,
        replies=sheet.shown.replies,
        together=_together(sheet),
        progress=progress,
        told=told(progress),
        reader=reader,
        agreeing=agreeing,
        longest=LONGEST,
    )


def _together(sheet: Sheet) -> bool:
    """Whether what was said before is the same for all replies, and need be shown only once."""
    return len({repr(reply.before) for reply in sheet.shown.replies}) == 1


def done_page(progress: Progress, first: str, *, agreeing: bool) -> str:
    """The page that says that all is done."""
    return _template("done.html.jinja").render(progress=progress, first=first, agreeing=agreeing)


def message_page(title: str, text: str) -> str:
    """A page that says something and asks nothing."""
    return _template("message.html.jinja").render(title=title, text=text)


def welcome_page() -> str:
    """The page behind a rater's own link, which goes on to the work at once.

    Not an answer that redirects: a browser that comes from another site, a mail for instance,
    would not send the new cookie along.
    """
    return _template("welcome.html.jinja").render()


def told(progress: Progress) -> str:
    """Progress and pace in words: "34 of 120, about 25 s each, 36 min left"."""
    words = [f"{progress.done} of {progress.total} done"]
    left = progress.total - progress.done
    if progress.seconds and left:
        words.append(f"about {_spoken(progress.seconds)} each")
        words.append(f"{_spoken(progress.seconds * left)} left")
    return ", ".join(words)


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


@cache
def _template(name: str) -> "jinja2.Template":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tastemaker.rating", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"rendered": rendered, "too_large": too_large}
    environment.globals["version"] = static_version()
    return environment.get_template(name)
