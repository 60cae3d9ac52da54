"""How a model is led through a scenario, by Inspect itself: tools, users, text, the wire."""

import json

import pytest
from agents import idle, model, play, reference, scored
from inspect_ai import eval as run_task
from inspect_ai.model import ChatMessageUser, ModelOutput, ModelUsage, get_model

from tastemaker.arm import ArmModel, open_model
from tastemaker.cli.main import main
from tastemaker.conversation import script_of
from tastemaker.recorded import read_replies_file
from tastemaker.rubric import load_rubric
from tastemaker.scenario import SimulatedUser, load_dataset
from tastemaker.tables import read_table
from tastemaker.task import reply_of_sample, rubric_task

# Inspect drops the connections of an event loop that has ended, and leaves them to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The model:DeprecationWarning"),  # Anthropic's
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"),
]

RUBRIC = """\
rubric: mail
principles:
  targeted:
    criteria:
      kind: {check: edit_kind, with: {should: {from: expect.kind}}}
      span: {check: edit_span, with: {spans: {from: expect.spans}}, when: {edit: 'yes'}}
      told: {check: reply_to_user}
  asks:
    criteria:
      first: {check: asked_first, when: {gap: 'yes'}}
"""
DATASET = """\
dataset: mail
strata:
  all:
    scenarios:
      - id: thursday
        prompt: make it thursday pls
        document: |
          Dear Mr Osei,
          the meeting is on Tuesday at 9.
          Best, Ruth
        environment: {kind: canvas, state: {title: Mail}}
        labels: {edit: 'yes'}
        expect:
          kind: edit
          spans: Tuesday
          solution:
            calls:
              - name: edit_document
                arguments: {edits: [{pattern: Tuesday, replacement: Thursday}]}
            say: It is on Thursday now.
      - id: who
        prompt: who is it to?
        document: "Dear Mr Osei, hello."
        environment: {kind: workspace}
        expect: {kind: none, solution: {say: To Mr Osei.}}
      - id: which
        prompt: move the meeting to the other day we said
        document: "We meet on Monday."
        environment: {kind: canvas}
        now: 2026-03-09T14:30
        timezone: Europe/Berlin
        history:
          - when: last week
            messages: [{role: user, content: my week starts on sundays}]
        user:
          answers: [{about: [which day, what day], say: wednesday}]
          otherwise: no idea
        labels: {edit: 'yes', gap: 'yes'}
        expect:
          kind: edit
          spans: Monday
          solution:
            ask: Which day did you say?
            calls:
              - name: edit_document
                arguments: {edits: [{pattern: Monday, replacement: Wednesday}]}
            say: Moved to Wednesday.
"""


@pytest.fixture
def mail(project):
    return project({"mail.yaml": RUBRIC, "prompts.yaml": DATASET})


def task(folder):
    return rubric_task(str(folder / "mail.yaml"), str(folder / "prompts.yaml"))


def run(folder, arm, **options):
    [log] = run_task(task(folder), model=arm, display="none", log_dir=str(folder), **options)
    assert log.status == "success", log.error and log.error.traceback
    return {sample.id: sample for sample in log.samples}


def values(sample):
    found = sample.scores["rubric"].value.items()
    return {key: value for key, value in found if value == value}


def scenarios(folder):
    return load_dataset(folder / "prompts.yaml").scenarios


def test_the_reference_solves_every_scenario_and_one_that_never_acts_does_not(mail):
    solved = run(mail, model(reference, scenarios(mail)))
    left = run(mail, model(idle, scenarios(mail)))

    assert [set(values(one).values()) for one in solved.values()] == [{1.0}] * 3
    assert values(left["thursday"]) == {
        "targeted.kind": 0,
        "targeted.span": 0,
        "targeted.told": 1,
    }
    assert values(left["which"])["asks.first"] == 0


def test_a_reply_without_inspect_is_the_one_that_inspect_leads_to(mail):
    played = [play(scenario, reference) for scenario in scenarios(mail)]
    led = run(mail, model(reference, scenarios(mail)))

    for one in played:
        [other] = [s for s in led.values() if s.metadata["given"]["prompt"] == one.prompt]
        reply = reply_of_sample(other)
        assert [m.text for m in reply.messages] == [m.text for m in one.messages]
        assert (reply.work, reply.own, reply.document) == (one.work, one.own, one.document)
        rubric = load_rubric(mail / "mail.yaml")
        assert scored(rubric, reply) == values(other)


def test_a_log_shows_the_document_and_what_an_edit_took_out_and_put_in(mail):
    sample = run(mail, model(reference, scenarios(mail)))["thursday"]
    [event] = [one for one in sample.events if one.event == "tool"]

    assert sample.store["environment"]["documents"]["document"]["text"].splitlines()[1] == (
        "the meeting is on Thursday at 9."
    )
    assert event.view.content == "~~~~diff\n- Tuesday\n+ Thursday\n~~~~"


def test_the_model_is_told_the_time_earlier_sessions_and_what_is_open_and_graders_are_not(mail):
    sample = run(mail, model(reference, scenarios(mail)))["which"]
    told = sample.messages[0].text

    assert told.splitlines()[:4] == [
        "Earlier conversations with this user:",
        "",
        "[last week]",
        "user: my week starts on sundays",
    ]
    assert "It is Monday, 9 March 2026, 14:30 (Europe/Berlin)." in told
    assert "Open in the canvas: document\n<document>\nWe meet on Monday.\n</document>" in told
    assert reply_of_sample(sample).messages[0].role == "user"


def test_a_user_by_script_answers_what_is_asked_and_no_more(mail):
    sample = run(mail, model(reference, scenarios(mail)))["which"]

    assert [one.text for one in sample.messages if one.role == "user"] == [
        "move the meeting to the other day we said",
        "wednesday",
    ]


def replied(text):
    output = ModelOutput.from_content("mockllm/x", text)
    output.usage = ModelUsage()
    return output


def test_a_user_played_by_a_model_sees_the_conversation_from_their_side(project):
    folder = project(
        {
            "mail.yaml": """\
rubric: mail
principles: {kind: {criteria: {some: {check: words, with: {min: 1}}}}}
""",
            "prompts.yaml": """\
dataset: mail
strata:
  all:
    scenarios:
      - id: a
        prompt: plan my day
        user: {persona: a baker, goal: a plan that begins at 3, reveals: [sleeps at 7 pm]}
""",
        }
    )
    asked = []

    def baker(input, tools, tool_choice, config):
        asked.append([(one.role, one.text) for one in input])
        return replied("i start at 3" if len(asked) == 1 else "DONE.")

    player = get_model("mockllm/user", custom_outputs=baker, memoize=False)
    assistant = get_model(
        "mockllm/x", custom_outputs=[replied("When do you start?"), replied("3: ovens on.")]
    )
    sample = run(folder, assistant, model_roles={"user": player})["a"]

    assert [(m.role, m.text) for m in sample.messages] == [
        ("user", "plan my day"),
        ("assistant", "When do you start?"),
        ("user", "i start at 3"),
        ("assistant", "3: ovens on."),
    ]
    assert asked[1][1:] == [
        ("assistant", "plan my day"),
        ("user", "When do you start?"),
        ("assistant", "i start at 3"),
        ("user", "3: ovens on."),
    ]
    assert "Who you are: a baker" in asked[0][0][1]
    assert "Only if you are asked, you tell: sleeps at 7 pm" in asked[0][0][1]


def test_where_the_assistant_said_nothing_the_user_is_told_so():
    user = SimulatedUser(goal="g")

    assert [m.role for m in script_of(user, [ChatMessageUser(content="hi")])] == [
        "system",
        "assistant",
        "user",
    ]


def test_a_model_that_calls_tools_for_ever_is_stopped_after_twelve_rounds(mail):
    def restless(input, tools, tool_choice, config):
        output = ModelOutput.for_tool_call("mockllm/x", "search_web", {"query": "x"})
        output.usage = ModelUsage()
        return output

    sample = run(mail, get_model("mockllm/x", custom_outputs=restless))["who"]

    assert sum(one.role == "assistant" for one in sample.messages) == 12


# Tool calls as text


def test_calls_written_as_text_are_calls_and_what_cannot_be_read_is_told(mail):
    """The first answer is no JSON, the second calls, the third speaks."""
    answers = iter(
        [
            'Sure. <call>{"name": "edit_document"</call>',
            '<call>{"name": "edit_document", "arguments": {"edits": [{"pattern": "Tuesday", '
            '"replacement": "Thursday"}]}}</call>',
            "It is on Thursday now.",
        ]
    )
    seen = []

    def speaks(input, tools, tool_choice, config):
        seen.append(input)
        assert tools == []
        return replied(next(answers))

    inner = get_model("mockllm/x", custom_outputs=speaks, memoize=False)
    arm = ArmModel(inner, base_seed=1, text_calls=True)
    sample = run(mail, arm, sample_id="thursday")["thursday"]

    assert values(sample) == {"targeted.kind": 1, "targeted.span": 1, "targeted.told": 1}
    assert "- edit_document: Replace passages" in seen[0][1].text
    assert [m.role for m in seen[2]] == ["system", "system", "user"] + ["assistant", "user"] * 2
    assert "This is no call" in seen[1][-1].text
    assert seen[2][-1].text == '<result>"Mail" (document) is now in version 2.</result>'


# A whole run


EXPERIMENT = """\
experiment: mail
evals: [{rubric: ./mail.yaml, dataset: ./prompts.yaml}]
seeds: 1
baseline: {full: {replies: ./full.jsonl}}
candidates: {idle: {replies: ./idle.jsonl}}
"""


def command(monkeypatch, *arguments):
    """The exit code of the command."""
    monkeypatch.setattr("sys.argv", ["tastemaker", *arguments])
    with pytest.raises(SystemExit) as exit:
        main()
    return exit.value.code


def recorded(folder, name, agent):
    lines = []
    for scenario in scenarios(folder):
        reply = play(scenario, agent)
        calls = [{"name": c.name, "arguments": c.arguments} for c in reply.work.calls]
        line = {"scenario": scenario.id, "seed": 1, "reply": reply.text, "calls": calls}
        lines.append(json.dumps(line))
    (folder / name).write_text("\n".join(lines))


def test_replies_recorded_elsewhere_bring_their_calls_and_are_graded_by_them(mail, monkeypatch):
    recorded(mail, "full.jsonl", reference)
    recorded(mail, "idle.jsonl", idle)
    (mail / "exp.yaml").write_text(EXPERIMENT)
    command(monkeypatch, "run", "exp.yaml", "--logs", "logs")
    rows = read_table(mail / "logs" / "replies.parquet").to_pylist()
    [row] = [r for r in rows if (r["scenario"], r["arm"]) == ("thursday", "full")]

    assert [one["by"] for one in json.loads(row["versions"])] == ["", "edit_document"]
    assert "Thursday" in row["document"]
    [edit, said] = [m for m in json.loads(row["messages"]) if m["role"] == "assistant"]
    assert (edit["tool_calls"][0]["name"], said["text"]) == (
        "edit_document",
        "It is on Thursday now.",
    )
    [answer] = [m["text"] for m in json.loads(row["messages"]) if m["role"] == "tool"]
    assert answer == '"Mail" (document) is now in version 2.'
    scores = read_table(mail / "logs" / "scores.parquet").to_pylist()
    chosen = {(s["arm"], s["scenario"]): (s["should"], s["did"]) for s in scores if s["should"]}
    assert chosen["full", "thursday"] == ("edit", "edit")
    assert chosen["idle", "thursday"] == ("edit", "none")


def test_recorded_calls_that_no_tool_could_take_are_warned_of(mail, monkeypatch, capsys):
    """One that the world refuses (no such passage) is no mistake of the file: it is not counted."""
    recorded(mail, "full.jsonl", reference)
    calls = [
        {
            "name": "edit_document",
            "arguments": {"edits": [{"pattern": "Zebra", "replacement": ""}]},
        },
        {"name": "edit_documents", "arguments": {"text": "Thursday"}},
        {"name": "rewrite_document", "arguments": {"text": "Thursday"}},
    ]
    line = {"scenario": "thursday", "seed": 1, "reply": "Done.", "calls": calls}
    (mail / "idle.jsonl").write_text(json.dumps(line))
    (mail / "exp.yaml").write_text(EXPERIMENT)
    command(monkeypatch, "run", "exp.yaml", "--logs", "logs")
    ran = json.loads((mail / "logs" / "record.json").read_text())["warnings"]
    capsys.readouterr()
    command(monkeypatch, "grade", "--logs", "logs", "--rubric", "./mail.yaml")

    told = (
        "idle: 2 of 3 recorded calls could not be taken by any tool and changed nothing; the "
        'first, of thursday, seed 1: edit_documents({"text": "Thursday"}): There is no tool '
        "edit_documents."
    )
    assert told in ran
    assert not any(one.startswith("full:") for one in ran)
    assert f"warning: {told}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "calls", ['"x"', "[1]", '[{"arguments": {}}]', '[{"name": "a", "arguments": 3}]']
)
def test_recorded_calls_that_are_none_are_named_with_their_line(tmp_path, calls):
    path = tmp_path / "r.jsonl"
    path.write_text(f'{{"scenario": "a", "seed": 1, "reply": "x", "calls": {calls}}}')

    with pytest.raises(Exception, match="expected calls as a list"):
        read_replies_file(path, {"e": ["a"]})


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("tools: [edit_documents]", "no environment of these evals has the tool 'edit_documents'"),
        ("tools: [search_web], tool_calls: loud", "expected 'native' or 'text'"),
    ],
)
def test_tools_that_an_arm_cannot_offer_are_refused_before_the_run(
    mail, monkeypatch, capsys, addition, said
):
    arm = f"{{model: mockllm/x, {addition}}}"
    (mail / "exp.yaml").write_text(EXPERIMENT.replace("{replies: ./idle.jsonl}", arm))
    recorded(mail, "full.jsonl", reference)

    assert command(monkeypatch, "run", "exp.yaml") == 2
    assert said in capsys.readouterr().err


def test_users_without_a_model_to_play_them_are_refused_before_the_run(mail, monkeypatch, capsys):
    text = (mail / "prompts.yaml").read_text()
    (mail / "prompts.yaml").write_text(
        text.replace("environment: {kind: workspace}", "user: {goal: to know}")
    )
    (mail / "exp.yaml").write_text(EXPERIMENT.replace("replies: ./idle.jsonl", "model: none/none"))
    (mail / "full.jsonl").touch()

    assert command(monkeypatch, "run", "exp.yaml") == 2
    assert "its users are played by a model; add `user: {model: ...}`" in capsys.readouterr().err


# The wire


PROVIDERS = {
    "chat": ("openai/gpt-4o", "/v1"),
    "responses": ("openai/gpt-5", "/v1"),
    "messages": ("anthropic/claude-sonnet-4-5", ""),
}


@pytest.mark.parametrize("api", PROVIDERS)
def test_tools_are_offered_and_called_in_each_wire_format(api, mail, wire, monkeypatch):
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(key, "dummy")
    name, path = PROVIDERS[api]

    def script(asked):
        results = [text for role, text in asked.messages if role == "tool"]
        if results:
            return wire.module.Answer(text="It is on Thursday now.")
        edit = {"pattern": "Tuesday", "replacement": "Thursday"}
        return wire.module.Answer(call={"edits": [edit]}, tool="edit_document")

    wire.script = script
    arm = open_model(name, config={"max_retries": 0, "max_tokens": 2000}, base_url=wire.url + path)
    sample = run(mail, arm, sample_id="thursday")["thursday"]

    assert values(sample) == {"targeted.kind": 1, "targeted.span": 1, "targeted.told": 1}
    assert len(wire.asked) == 2
    assert "is now in version 2" in wire.asked[1].messages[-1][1]


@pytest.mark.slow
def test_smollm2_is_led_through_an_environment(mail):
    """It is too small to do well: what counts is that the run ends and every check has answered."""
    arm = open_model("local/smollm2-135m", config={"max_tokens": 24, "temperature": 0.0})
    samples = run(mail, arm, sample_id=["thursday", "which"])

    assert len(samples) == 2
    assert all(values(sample) for sample in samples.values())
    assert all(sample.output.completion or sample.messages[-1].text for sample in samples.values())
