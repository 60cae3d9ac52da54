"""Raters' own links, to be shown again: the store keeps only hashes of them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tastemaker.marks import MarkStore

LINKS = "links.json"


@dataclass(frozen=True, kw_only=True)
class Links:
    """The secrets of raters, and where the page was last served."""

    base: str = ""
    """The address of the page; "" when it was never served."""
    tokens: Mapping[str, str] = field(default_factory=dict)

    def of(self, rater: str) -> str:
        """A rater's link."""
        return f"{self.base}/in/{self.tokens[rater]}"


def read_links(folder: Path, store: MarkStore) -> Links:
    """Those that are still good; a file that is damaged holds none."""
    try:
        known = json.loads((folder / LINKS).read_text(encoding="utf-8"))
        base, tokens = str(known["base"]), dict(known["tokens"])
    except (OSError, ValueError, KeyError, TypeError):
        return Links()
    good = {name: token for name, token in tokens.items() if store.rater(str(token)) == name}
    return Links(base=base, tokens=good)


def write_links(folder: Path, links: Links) -> None:
    """Keep them in a file that nobody else on this computer may read."""
    partial = folder / f".{LINKS}.partial"
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"base": links.base, "tokens": dict(links.tokens)}, file, indent=1)
    partial.replace(folder / LINKS)
