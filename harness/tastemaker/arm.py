"""An arm as an Inspect model: its settings, a seed of its own for every epoch, its answers kept."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from inspect_ai.event import SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.log._samples import sample_active
from inspect_ai.model import GenerateConfig, Model, ModelOutput, get_model
from inspect_ai.model._call_tools import get_tools_info, resolve_tools
from inspect_ai.solver._task_state import sample_state
from inspect_ai.util._span import SCORERS_SPAN_NAME
from pydantic import ValidationError

from tastemaker.errors import UserError
from tastemaker.journal import NOTE, Journal, keep_answers
from tastemaker.reading import did_you_mean
from tastemaker.text_calls import read_calls, with_tools

SECRET = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)

SPENT = "spent"
"""The metadata key of a sample under which stands what its arm's calls took."""

# Which providers hand a seed on, as inspect-ai 0.3.285 documents and its source shows. A provider
# that stands in neither set is reported as unknown.
SEEDED = {
    "azureai", "grok", "groq", "hf", "llama-cpp-python", "local", "mistral", "ollama",
    "openai", "openai-api", "openrouter", "sagemaker", "sglang", "together", "vllm",
}  # fmt: skip
UNSEEDED = {"anthropic", "bedrock", "mockllm", "none"}


class ArmModel(Model):
    """A model that asks for seed base + epoch - 1; Inspect itself sends one seed to all epochs.

    A model and not a solver, so that any Inspect task, whatever its solver, runs under the arm.
    """

    def __init__(
        self, inner: Model, base_seed: int, *, grades: bool = True, text_calls: bool = False
    ) -> None:
        super().__init__(inner.api, inner.config, inner.model_args)
        self._explicit_base_url = inner.explicit_base_url
        self.base_seed = base_seed
        self.grades = grades
        """Whether a scorer may ask it; not where nobody else is named to grade."""
        self.text_calls = text_calls
        """Whether tools are told and called in plain text."""

    async def generate(  # type: ignore[override]
        self,
        input: Any,
        tools: Any = (),
        tool_choice: Any = None,
        config: GenerateConfig | None = None,
        **options: Any,
    ) -> ModelOutput:
        """As `Model.generate`, with the seed of the epoch that the running sample stands in."""
        config = config or GenerateConfig()
        sample = sample_active()
        if self.text_calls and tools and not isinstance(input, str):
            told = with_tools(input, get_tools_info(await resolve_tools(tools)))
            return read_calls(await self.generate(told, (), None, config, **options))
        if sample is None:
            return await super().generate(input, tools, tool_choice, config, **options)
        if not self.grades and _scoring():
            raise UserError(
                f"{sample.task}: its scorer asks a model, and without a grader the arm would judge "
                "itself; add `grader: {model: ...}` to the experiment"
            )
        seed = self.base_seed + sample.epoch - 1
        config = config.merge(GenerateConfig(seed=seed))
        output = await super().generate(input, tools, tool_choice, config, **options)
        _note(output, seed)
        return output


def _scoring() -> bool:
    """Whether the running sample has come to its scorers."""
    # They come last, so that the span is open where it was ever begun.
    return any(
        isinstance(event, SpanBeginEvent) and event.name == SCORERS_SPAN_NAME
        for event in reversed(transcript().events)
    )


def _note(output: ModelOutput, seed: int) -> None:
    """Add to the sample's metadata what the arm asked for and what it took."""
    state = sample_state()
    if state is None:
        return
    spent = state.metadata.get(SPENT) or {"calls": 0, "seconds": 0.0, "seed": seed}
    usage, kept = output.usage, (output.metadata or {}).get(NOTE, {})
    state.metadata[SPENT] = {
        "calls": spent["calls"] + 1,
        "seconds": spent["seconds"] + kept.get("seconds", 0.0),
        "seed": seed,
        "input_tokens": spent.get("input_tokens", 0) + (usage.input_tokens if usage else 0),
        "output_tokens": spent.get("output_tokens", 0) + (usage.output_tokens if usage else 0),
        "cost": _sum(spent.get("cost"), usage.total_cost if usage else None),
    }


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other


def open_model(
    name: str, *, config: Mapping[str, Any], base_url: str | None = None, system: str | None = None
) -> Model:
    """A fresh Inspect model.

    Raises:
        UserError: Its settings are not Inspect's, or its provider is unknown or cannot start.
    """
    from inspect_ai._util.error import PrerequisiteError

    settings = _settings(name, config)
    if system:
        settings = settings.merge(GenerateConfig(system_message=system))
    try:
        return get_model(name, config=settings, base_url=base_url, memoize=False)
    except (ValueError, ImportError, PrerequisiteError) as error:
        raise UserError(f"model {name}: {_plain(error)}") from error


def _settings(name: str, config: Mapping[str, Any]) -> GenerateConfig:
    """Inspect's generation settings; UserError with every one that is unknown or has no sense."""
    known = GenerateConfig.model_fields
    problems = [
        f"unknown setting '{key}'{did_you_mean(key, known)}" for key in config if key not in known
    ]
    headers = config.get("extra_headers")
    problems += [
        f"the header '{header}' looks like a key: give keys by the provider's environment "
        "variable, so that they stand in no file or log"
        for header in (headers if isinstance(headers, Mapping) else ())
        if SECRET.search(str(header))
    ]
    settings = GenerateConfig()
    try:
        settings = GenerateConfig(**{key: config[key] for key in config if key in known})
    except ValidationError as error:
        problems += [
            f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors()
        ]
    if problems:
        raise UserError(f"model {name}, config: {'; '.join(problems)}")
    return settings


def arm_model(
    name: str,
    *,
    config: Mapping[str, Any],
    base_seed: int,
    journal: Journal,
    base_url: str | None = None,
    system: str | None = None,
    before: Callable[[], None] = lambda: None,
    answered: Callable[[bool, Any], None] = lambda replayed, output: None,
    failed: Callable[[], None] = lambda: None,
    grades: bool = True,
    text_calls: bool = False,
) -> ArmModel:
    """The model of one arm. Each of its answers is kept for one scenario and epoch of one eval.

    Inspect's cache leaves the scenario out of its key, so that two scenarios with the same words
    would share their replies; here they never do.
    """
    model = open_model(name, config=config, base_url=base_url, system=system)
    keep_answers(model, journal, scope=_scope, before=before, answered=answered, failed=failed)
    return ArmModel(model, base_seed, grades=grades, text_calls=text_calls)


def user_model(
    name: str,
    *,
    config: Mapping[str, Any],
    journal: Journal,
    before: Callable[[], None] = lambda: None,
    answered: Callable[[bool, Any], None] = lambda replayed, output: None,
    failed: Callable[[], None] = lambda: None,
) -> Model:
    """The model that plays users. Its answers are kept, so that what was said stays said."""
    model = open_model(name, config=config)
    keep_answers(model, journal, scope=_scope, before=before, answered=answered, failed=failed)
    return model


def _scope() -> str:
    """What an answer is kept for: one scenario and epoch of one eval."""
    sample = sample_active()
    return f"{sample.task}/{sample.sample.id}/{sample.epoch}" if sample else "outside"


def connections(model: Model) -> int:
    """How many requests a model may come to have under way at once, by its settings."""
    from inspect_ai._util.constants import DEFAULT_MAX_CONNECTIONS_BATCH
    from inspect_ai.util._concurrency import adaptive_active, resolve_adaptive

    config = model.config
    if config.max_connections is not None:
        return config.max_connections
    if config.batch:
        return DEFAULT_MAX_CONNECTIONS_BATCH
    if adaptive_active(config.adaptive_connections, None, None):
        return int(resolve_adaptive(config.adaptive_connections).max)
    return int(model.api.max_connections())


def honours_seed(model: Model) -> bool | None:
    """Whether the provider hands the seed on to its API; None when it is not known."""
    provider = str(model).split("/")[0]
    if getattr(model.api, "responses_api", False):
        return False
    return True if provider in SEEDED else False if provider in UNSEEDED else None


def _plain(error: BaseException) -> str:
    """The message of an Inspect error without its console markup."""
    from rich.errors import MarkupError
    from rich.text import Text

    try:
        return Text.from_markup(str(error)).plain.strip()
    except MarkupError:
        return str(error).strip()
