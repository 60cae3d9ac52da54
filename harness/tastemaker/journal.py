"""What has been paid for is kept: each answer of a provider is on disk as soon as it has arrived.

Inspect flushes finished samples in batches, its realtime log costs half of the CPU, and its cache
leaves the scenario out of the key, drops refusals and writes in place. So the answers are kept
here, below Inspect's retries and above the provider: one line of JSON an answer, appended in one
write, which outlives `kill -9`. `docs/decisions/0002-journal.md` has the reasons.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tastemaker.errors import UserError
from tastemaker.experiment import TRANSPORT
from tastemaker.keys import clean_error, cleaned

if TYPE_CHECKING:
    import anyio
    from inspect_ai.model import Model, ModelOutput

NOTE = "tastemaker"
"""The key of our note in the metadata of a kept output: {"seconds", "seed", "replayed"}."""


class Journal:
    """Answers by the content of their request, in one append-only file.

    One process at a time may hold it; a second one is refused with a UserError. A shared one may be
    held by several: each writes under a lock, and finds what the others have written. A last line
    that was cut short by a kill is taken away.
    """

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.shared = shared
        self._file = open(path, "a+b", buffering=0)
        self._places: dict[str, tuple[int, int]] = {}
        self._flights: dict[str, tuple[anyio.Lock, int]] = {}
        self._end = 0
        if not shared:
            self._hold()
        self._read_on()
        if not shared:
            self._file.truncate(self._end)

    def _hold(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UserError(
                f"{self.path}: another run is writing here; wait for it, or give --logs another "
                "folder"
            ) from None

    def _read_on(self) -> None:
        """Take in the whole lines that follow what is known."""
        with open(self.path, "rb") as lines:
            lines.seek(self._end)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                if line.startswith(b'{"key": "'):
                    self._places[line[9:73].decode("ascii", "replace")] = (self._end, len(line))
                self._end += len(line)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        if key not in self._places and self.shared:
            if os.fstat(self._file.fileno()).st_size > self._end:
                self._read_on()
        return key in self._places

    def get(self, key: str) -> dict[str, Any] | None:
        """The record kept under a key, or None."""
        if key not in self:
            return None
        place, length = self._places[key]
        self._file.seek(place)
        try:
            record: dict[str, Any] = json.loads(self._file.read(length))
        except ValueError:
            # Damaged on the disk: the answer is asked for again.
            del self._places[key]
            return None
        return record

    def put(self, key: str, record: dict[str, Any]) -> None:
        """Keep a record under a key of 64 hexadecimal digits; on disk when this returns."""
        line = json.dumps({"key": key} | record).encode("ascii") + b"\n"
        with self._writing():
            self._file.write(line)
            self._places[key] = (self._end, len(line))
            self._end += len(line)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone at the end of the file."""
        if not self.shared:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            self._read_on()
            self._file.truncate(self._end)
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @asynccontextmanager
    async def alone(self, key: str) -> AsyncIterator[None]:
        """Equal requests go one after the other, so that the second finds the first's answer."""
        import anyio

        lock, waiting = self._flights.get(key) or (anyio.Lock(), 0)
        self._flights[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._flights.pop(key)
            if waiting > 1:
                self._flights[key] = (lock, waiting - 1)


def digest(value: Any) -> str:
    """64 hexadecimal digits of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def endpoint(model: Model) -> str | None:
    """Where a model's requests go, also when the environment says so."""
    client = getattr(model.api, "client", None)
    address = model.api.base_url or getattr(client, "base_url", None)
    return None if address is None else str(address)


def _clean(error: BaseException | None, call: Any = None) -> None:
    """Take keys out of an error, and out of what Inspect has noted of the call by now."""
    from inspect_ai.log._samples import _active_model_event

    if error is not None:
        clean_error(error)
    event = _active_model_event.get()
    for noted in (call, event.call if event else None):
        if noted is not None and noted.response is not None:
            noted.response = cleaned(noted.response)


def keep_answers(
    model: Model,
    journal: Journal,
    *,
    scope: Callable[[], str],
    before: Callable[[], None] = lambda: None,
    answered: Callable[[bool, Any], None] = lambda replayed, output: None,
    failed: Callable[[], None] = lambda: None,
) -> None:
    """Make `model` answer from the journal where it can, and write there what it is told.

    Args:
        model: Made for this purpose (not memoized): its provider's `generate` is replaced.
        journal: Where answers are kept.
        scope: What, beyond the content of the request, makes it a request of its own at the time
            of the call; "" shares an answer between all equal requests. Equal requests inside one
            scope and one sample are told apart by their order.
        before: Called before a request goes to the provider; what it raises stops the request.
        answered: Told of each answer: whether it came from the journal, and the output.
        failed: Told of each request that went to the provider and brought no answer.

    What a provider says of a failure may hold the key that it was asked with: it is taken out
    here, before Inspect writes it into its logs.
    """
    from inspect_ai.log._samples import sample_active
    from inspect_ai.model import ModelOutput

    provider = model.api.generate
    name, base_url = str(model), endpoint(model)
    asked: dict[tuple[str, str], int] = {}

    def key_of(input: Any, tools: Any, tool_choice: Any, config: Any) -> str:
        request = {
            "model": name,
            "base_url": base_url,
            "messages": [m.model_dump(exclude={"id"}, exclude_none=True) for m in input],
            "tools": [tool.model_dump(exclude_none=True) for tool in tools],
            "tool_choice": tool_choice if isinstance(tool_choice, str) else vars(tool_choice),
            "config": config.model_dump(exclude=TRANSPORT, exclude_none=True),
            "scope": scope(),
        }
        key = digest(request)
        sample = sample_active()
        if not request["scope"] or sample is None:
            return key
        asked[sample.id, key] = order = asked.get((sample.id, key), -1) + 1
        return digest([key, order]) if order else key

    def tell(output: Any, seconds: float, seed: int | None, *, replayed: bool) -> Any:
        note = {"seconds": seconds, "seed": seed, "replayed": replayed}
        output.metadata = (output.metadata or {}) | {NOTE: note}
        answered(replayed, output)
        return output

    async def generate(input: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
        key = key_of(input, tools, tool_choice, config)
        async with journal.alone(key):
            kept = journal.get(key)
            if kept is not None:
                output = ModelOutput.model_validate(kept["output"])
                return tell(output, kept["seconds"], config.seed, replayed=True)
            before()
            began = time.monotonic()
            try:
                result = await provider(input, tools, tool_choice, config)
            except BaseException as error:
                failed()
                _clean(error)
                raise
            elapsed = time.monotonic() - began
            said, call = result if isinstance(result, tuple) else (result, None)
            if isinstance(said, Exception) or said.error:
                # What the provider could not finish is not an answer, and not kept as one.
                failed()
                _clean_failed(said, call)
                return result
            # A provider that knows leaves out what was spent waiting for its turn.
            seconds = (call.time if call else None) or said.time or elapsed
            journal.put(
                key,
                {"seconds": seconds, "output": said.model_dump(mode="json", exclude_none=True)},
            )
        tell(said, seconds, config.seed, replayed=False)
        return result

    model.api.generate = generate  # type: ignore[method-assign]


def _clean_failed(said: ModelOutput | Exception, call: Any) -> None:
    """Take keys out of what came in place of an answer: an error, or an output that names one."""
    if isinstance(said, Exception):
        _clean(said, call)
        return
    said.error = cleaned(said.error)
    _clean(None, call)
