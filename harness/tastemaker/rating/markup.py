"""Markdown that models wrote, as HTML that can do nothing."""

import re
from collections.abc import Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

DEEPER = 2
"""Headings of a reply stand below those of the page, or a screen reader would mix them up."""
TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("em", "strong", "s", "table", "thead", "tbody", "tr", "th", "td", "span"),
}
ATTRIBUTES = {"ol": {"start"}, "table": {"tabindex"}, "th": {"align"}, "td": {"align"}}
CLASSES = {"span": {"link", "address", "image"}}

LARGEST = 100_000
"""Characters of a text that is formatted."""
MOST_MARKS = 5_000
"""Line ends and characters that Markdown gives a meaning; each may cost some 50 µs."""
MOST_CELLS = 5_000
"""Cells of tables. A few characters ask for thousands: short rows are filled up."""
MARKS = re.compile(r"[\n\[\]()*_~`<>|!&#\\:-]")
DELIMITERS = "|:- \t>*+.0123456789"
"""Of what a line below the head of a table is made, also in a quote or a list."""


def too_large(text: str) -> bool:
    """Whether formatting the text would take so long that others wait for their page."""
    if len(text) > LARGEST or sum(1 for _ in MARKS.finditer(text)) > MOST_MARKS:
        return True
    lines = text.split("\n")
    columns = [line.count("|") + 1 for line in lines if "-" in line and not line.strip(DELIMITERS)]
    return max(columns, default=1) > 1 and max(columns) * len(lines) > MOST_CELLS


@lru_cache(maxsize=256)
def rendered(text: str) -> str:
    """The text as HTML of harmless elements; HTML in it is shown as the text it is.

    Links cannot be followed and images are not loaded: a link shows where it leads, an image its
    description. Lines end where they ended in the text, or a letter would lose its form. What is
    `too_large` stays as it was written.
    """
    if too_large(text):
        return f"<pre>{escapeHtml(text)}</pre>"
    tokens = _PARSER.parse(text)
    for token in tokens:
        _adapt(token)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, allowed_classes=CLASSES, url_schemes=set()
    )


def _adapt(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1:]) + DEEPER, 6)}"
    if token.type == "table_open":
        token.attrSet("tabindex", "0")  # a wide table scrolls, by keys too
    # As an attribute of its own: the page's policy forbids styles inside a tag.
    style = str(token.attrs.pop("style", ""))
    if style.startswith("text-align:"):
        token.attrSet("align", style.removeprefix("text-align:"))


def _link_open(
    self: object, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return '<span class="link">'


def _link_close(
    self: object, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    start = next(n for n in range(at, -1, -1) if tokens[n].type == "link_open")
    address = str(tokens[start].attrGet("href"))
    said = "".join(token.content for token in tokens[start + 1 : at])
    shown = "" if said == address else f' <span class="address">({escapeHtml(address)})</span>'
    return f"</span>{shown}"


def _image(
    self: object, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    about = tokens[at].content or str(tokens[at].attrGet("src"))
    return f'<span class="image">[image: {escapeHtml(about)}]</span>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(
        ["table", "strikethrough"]
    )
    for name, rule in (("link_open", _link_open), ("link_close", _link_close), ("image", _image)):
        parser.add_render_rule(name, rule)
    return parser


_PARSER = _parser()
