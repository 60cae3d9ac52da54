"""The judges of an experiment, opened: their models, and the store that keeps what they said."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from inspect_ai.model import Model

from tastemaker.arm import open_model
from tastemaker.experiment import Grader as GraderEntry
from tastemaker.grade import Panel
from tastemaker.journal import Journal, digest, keep_answers
from tastemaker.judge.asking import Manner, Way
from tastemaker.judge.grader import Grader
from tastemaker.judge.panel import Reducer


class GradeStore:
    """What judges said, by the content of what they were asked; shared between experiments.

    The key of an answer is the whole request: the page with reply, rubric and judge prompt, the
    model and its settings. So what changed is asked again, and nothing else. The secret of the
    fences stands beside it, because another fence makes another request.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(folder / "grades.jsonl", shared=True)
        self.secret = _secret(folder / "fence.key")

    def close(self) -> None:
        """Let go of the file."""
        self.journal.close()

    def manner(self, model: str, base_url: str | None) -> Manner:
        """Which way a model can be asked in, as far as it was found out before."""
        key = digest(["way", model, base_url])
        kept = self.journal.get(key)
        return Manner(
            known=Way(kept["way"]) if kept else None,
            remember=lambda way: self.journal.put(key, {"way": str(way)}),
        )


def _secret(path: Path) -> bytes:
    """The secret in a file: made once, whole or not at all, readable by its owner alone."""
    if not path.exists():
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_hex(32), encoding="ascii")
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.link(partial, path)
        partial.unlink()
    return bytes.fromhex(path.read_text(encoding="ascii"))


Before = Callable[[], None]
Answered = Callable[[bool, Any], None]


def open_panel(
    entries: Sequence[GraderEntry],
    own: Iterable[str],
    store: GradeStore,
    *,
    before: Before = lambda: None,
    answered: Answered = lambda replayed, output: None,
    failed: Before = lambda: None,
) -> Panel:
    """The graders of an experiment, and those that single criteria name, answering from the store.

    Args:
        entries: As the experiment writes them; several are a panel.
        own: The models that criteria name; each has the settings of the first entry but its model
            and its config.
        store: Where answers are kept.
        before: Called before a request goes to a provider; what it raises stops the request.
        answered: Told of each answer: whether it came from the store, and the output.
        failed: Told of each request that went to a provider and brought no answer.

    Raises:
        UserError: A model cannot be opened.
    """

    def opened(entry: GraderEntry, name: str = "") -> Grader:
        model = _model(entry)
        keep_answers(
            model, store.journal, scope=lambda: "", before=before, answered=answered, failed=failed
        )
        return _grader(entry, name or entry.model, model, store)

    usual = entries[0] if entries else GraderEntry(model="none")
    return Panel(
        graders=tuple(map(opened, entries, grader_names(entries))),
        reducer=panel_reducer(entries),
        own={
            name: opened(usual.model_copy(update={"model": name, "config": {}}))
            for name in sorted(own)
        },
    )


def panel_reducer(entries: Sequence[GraderEntry]) -> Reducer:
    """How the answers of a panel become one: as all its graders say; the mean when there is none.

    An experiment whose graders differ in it is refused when it is read.
    """
    return entries[0].reducer if entries else "mean"


def grader_names(entries: Sequence[GraderEntry]) -> list[str]:
    """What reports call the graders: their models, numbered where a model stands there twice."""
    models = [entry.model for entry in entries]
    return [
        model if models.count(model) == 1 else f"{model} ({models[: place + 1].count(model)})"
        for place, model in enumerate(models)
    ]


def _model(entry: GraderEntry) -> Model:
    # A config may say more of batches than whether: their size, how often they are looked after.
    config = ({"batch": True} if entry.batch else {}) | entry.config
    return open_model(entry.model, config=config)


def _grader(entry: GraderEntry, name: str, model: Model, store: GradeStore) -> Grader:
    return Grader(
        model=model,
        secret=store.secret,
        name=name,
        per_criterion=entry.per_criterion,
        order=entry.order,
        samples=entry.samples,
        reducer=entry.reducer,
        manner=store.manner(str(model), model.api.base_url),
    )
