"""Which models are of one family, and what is said when a judge meets its own."""

import pytest

from tastemaker.families import family, self_preference


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4o", "GPT"),
        ("openai/ft:gpt-4o-mini:us::abc", "GPT"),
        ("openai/o3-mini", "GPT"),
        ("anthropic/claude-sonnet-4-5", "Claude"),
        ("bedrock/anthropic.claude-3-haiku", "Claude"),
        ("openrouter/anthropic/claude-sonnet-4.5", "Claude"),
        ("together/meta-llama/Llama-3.3-70B", "Llama"),
        ("ollama/qwen3", "Qwen"),
        ("vllm/my-own", "vllm"),
        ("mockllm/model", "mockllm"),
    ],
)
def test_a_family_is_told_by_the_name_wherever_it_is_served(model, expected):
    assert family(model) == expected


def test_a_grader_of_an_arms_family_is_named():
    notes = self_preference(
        ["anthropic/claude-sonnet-4-5"],
        {"old": "openai/gpt-4o", "new": "bedrock/anthropic.claude-3-haiku"},
    )

    assert len(notes) == 1
    assert "judges new (bedrock/anthropic.claude-3-haiku)" in notes[0]
    assert "self-preference" in notes[0]


def test_a_grader_of_another_family_is_not():
    assert self_preference(["google/gemini-2.5-pro"], {"old": "openai/gpt-4o"}) == []
