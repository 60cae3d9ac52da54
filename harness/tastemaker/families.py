"""Which models are of one family, and where a judge may prefer its own."""

import re
from collections.abc import Iterable, Mapping

FAMILIES: Mapping[str, str] = {
    r"claude": "Claude",
    r"gpt|chatgpt|\bo[134]\b": "GPT",
    r"gemini": "Gemini",
    r"gemma": "Gemma",
    r"llama": "Llama",
    r"mistral|mixtral|codestral|ministral|magistral": "Mistral",
    r"qwen|qwq": "Qwen",
    r"deepseek": "DeepSeek",
    r"grok": "Grok",
    r"\bcommand\b|cohere|\baya\b": "Command",
    r"\bphi": "Phi",
    r"kimi|moonshot": "Kimi",
    r"\bglm": "GLM",
    r"\bnova\b": "Nova",
    r"smollm": "SmolLM",
}
"""The families of models whose names tell them, wherever they are served."""


def family(model: str) -> str:
    """The family of a model by its name; what is not known is a family of its own provider.

    The part of the name after the last "/" decides first: "bedrock/anthropic.claude-..." and
    "openrouter/anthropic/claude-..." are of one family, and "ollama/qwen3" is no Llama.
    """
    provider, *parts = model.lower().split("/")
    for part in reversed(parts):
        words = re.sub(r"[._:-]+", " ", part)
        for pattern, name in FAMILIES.items():
            if re.search(pattern, words):
                return name
    return provider


def self_preference(graders: Iterable[str], arms: Mapping[str, str]) -> list[str]:
    """A sentence for each arm that a grader of the same family judges.

    A judge tends to like what sounds like itself: with a grader of one arm's family a difference
    between arms may be the judge's taste (STATS section 6.4).

    Args:
        graders: The graders' models.
        arms: The arms' models by arm.
    """
    return [
        f"{grader} judges {arm} ({model}), a model of its own family: possible self-preference; "
        "compare with a judge of another family."
        for grader in dict.fromkeys(graders)
        for arm, model in arms.items()
        if family(grader) == family(model)
    ]
