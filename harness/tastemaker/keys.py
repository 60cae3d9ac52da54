"""What looks like a key is taken out of what others said, before it is written anywhere."""

import os
import re
from typing import Any

NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
"""How the names of environment variables end that hold what nobody may see."""
SHORTEST = 8
LIKE_ONE = re.compile(
    r"\b(sk|pk|key|AIza|AKIA|gsk|xai|hf|r8|eyJ)[-_]?[A-Za-z0-9*_.-]{12,}"
    r"|(?<=Bearer )\S+|(?<=://)[^/\s@]+(?=@)"
)


def without_keys(text: str) -> str:
    """A text without the keys of this process and what looks like one."""
    for name, value in os.environ.items():
        if len(value) >= SHORTEST and name.upper().endswith(NAMES):
            text = text.replace(value, "[key]")
    return LIKE_ONE.sub("[key]", text)


def cleaned(value: Any) -> Any:
    """The same for the texts inside lists and mappings; anything else as it is."""
    if isinstance(value, str):
        return without_keys(value)
    if isinstance(value, dict):
        return {key: cleaned(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(cleaned, value)) if type(value) in (list, tuple) else value
    return value


def clean_error(error: BaseException) -> None:
    """Take keys out of an error and of those it came from, where it stands.

    It stays the same object, because its type decides whether a request is tried again.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.args = cleaned(one.args)
        for name, value in vars(one).items():
            if isinstance(value, str | dict | list):
                one.__dict__[name] = cleaned(value)
        waiting += [one.__cause__, one.__context__]
