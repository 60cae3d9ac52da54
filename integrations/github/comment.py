"""Write a report under a pull request: one comment for each experiment, updated from then on.

Asks for nothing but Python: comment.py NAME REPORT, with GITHUB_API_URL, GITHUB_REPOSITORY,
GITHUB_EVENT_PATH and GITHUB_TOKEN in the environment, as GitHub gives them. A comment that cannot
be written (a pull request from a fork may not) is a warning: the gate has its own exit code.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

LONGEST = 65_536
"""Characters that GitHub takes in a comment."""
CUT = "\n\nThe rest is cut off here; the whole report is among the run's artifacts.\n"
SECONDS = 30


def main(name: str, report: Path) -> None:
    """Write or update the comment, and say which."""
    with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
        event = json.load(file)
    place = f"repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    mark = f"<!-- tastemaker: {re.sub('[^A-Za-z0-9._-]', '-', name)} -->"
    body = {"body": shortened(f"{mark}\n{report.read_text(encoding='utf-8')}")}
    try:
        number = int(event["pull_request"]["number"])
        earlier = next(own_comments(f"{place}/{number}/comments?per_page=100", mark), None)
        if earlier is None:
            ask("POST", address(f"{place}/{number}/comments"), body)
        else:
            ask("PATCH", address(f"{place}/comments/{earlier}"), body)
    except HTTPError as error:
        with error:
            print(f"::warning title=Tastemaker::No comment written: {error.code} {error.reason}")
    except (URLError, KeyError) as error:
        print(f"::warning title=Tastemaker::No comment written: {type(error).__name__}")
    else:
        print("comment written" if earlier is None else "comment updated")


def own_comments(path: str, mark: str) -> Iterator[int]:
    """The comments that begin with our mark and were written by a bot, as we are one.

    Somebody who quotes the mark has written another comment, which is not ours to change.
    """
    page: str | None = address(path)
    while page:
        comments, page = ask("GET", page)
        for comment in comments:
            bot = (comment.get("user") or {}).get("type") == "Bot"
            if bot and str(comment.get("body") or "").startswith(mark):
                yield int(comment["id"])


def address(path: str) -> str:
    """An address of the API."""
    return f"{os.environ['GITHUB_API_URL'].rstrip('/')}/{path}"


def ask(method: str, url: str, body: dict[str, str] | None = None) -> tuple[Any, str | None]:
    """What the API answers, and the address of the next page where there is one."""
    request = Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urlopen(request, timeout=SECONDS) as response:
        following = re.search(r'<([^>]+)>;\s*rel="next"', response.headers.get("Link") or "")
        found = following[1] if following else None
        if found and urlsplit(found).netloc != urlsplit(url).netloc:
            found = None  # the token goes nowhere else
        return json.loads(response.read()), found


def shortened(text: str) -> str:
    """A text that GitHub takes: cut at the end of a line, and saying so."""
    if len(text) <= LONGEST:
        return text
    kept = text[: LONGEST - len(CUT) - len("\n\n</details>")]
    kept = kept[: kept.rfind("\n")]
    open_ones = kept.count("<details>") - kept.count("</details>")
    return kept + "\n\n</details>" * min(open_ones, 1) + CUT


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
