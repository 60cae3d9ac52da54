"""What every page of ours is rendered with: templates that escape, and a policy by hashes."""

import base64
import hashlib
from typing import Any

import jinja2
from markupsafe import Markup

from tastemaker.content import folder
from tastemaker.report.html.texts import visible
from tastemaker.report.words import share, signed


def pages() -> jinja2.Environment:
    """The templates of pages: every text they show is made visible, then escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("reports") / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": share, "signed": signed}
    return environment


def _harmless(value: Any) -> Any:
    """Nothing reaches the page but through here: text is made visible, then escaped by Jinja."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def template_file(name: str) -> Markup:
    """A style sheet or script of ours, as it is."""
    text = (folder("reports") / "templates" / name).read_text(encoding="utf-8")
    return Markup(text)  # a file of ours


def policy_hash(text: str) -> str:
    """What the policy of a page calls a style sheet or script by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
