"""Worlds: what their tools do, what they refuse, and that calls alone make them what they are."""

import json

import pytest
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool
from inspect_ai.tool import ToolCall as InspectToolCall
from inspect_ai.tool import ToolCallError

from tastemaker.conversation import plain_message, seen
from tastemaker.environments.kinds import KINDS, open_world, tool_names
from tastemaker.environments.world import Setting
from tastemaker.errors import UserError
from tastemaker.judge.page import sections
from tastemaker.records import Message, Reply, ToolCall
from tastemaker.scenario import load_dataset

LETTER = "Dear Mr Osei,\nthe meeting is on Tuesday at 9.\nBest, Ruth"


def canvas(document=LETTER, **fields):
    return open_world(Setting(kind="canvas", document=document, **fields))


def edits(*made):
    return {"edits": [dict(zip(("pattern", "replacement"), one, strict=True)) for one in made]}


def texts(world):
    return [version.text for version in world.work(()).versions]


# Canvas


def test_an_edit_replaces_a_passage_and_leaves_the_rest():
    world = canvas()

    assert world.call("edit_document", edits(("Tuesday", "Thursday"))) == (
        "document is now in version 2.",
        True,
    )
    assert texts(world) == [LETTER, LETTER.replace("Tuesday", "Thursday")]


def test_the_edits_of_a_call_are_done_in_order_each_on_what_the_last_left():
    world = canvas()
    world.call("edit_document", edits(("Tuesday", "Thursday"), ("Thursday at 9", "Friday")))

    assert "on Friday." in texts(world)[-1]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("edit_document", edits(("Monday", "x")), 'Edit 1: no match for "Monday"'),
        ("edit_document", edits(("Tuesday", "x"), ("e", "y")), 'Edit 2: "e" is ambiguous'),
        ("edit_document", edits(("Tuesday", "Tuesday")), "leaves the document as it is"),
        ("edit_document", {"edits": [{"replacement": "x"}]}, "give a pattern, or start and end"),
        ("edit_document", {"edits": [{"start": 3, "end": 999, "replacement": ""}]}, "not in it"),
        ("edit_document", {"edits": []}, "edits: "),
        ("edit_document", {"edits": "Tuesday"}, "edits: "),
        ("edit_document", edits(("Tuesday", "x")) | {"document": "other"}, "no document other"),
        (
            "edit_document",
            {"edits": [{"pattern": "(", "replacement": "", "regex": True}]},
            "no regular expression",
        ),
        (
            "edit_document",
            {"edits": [{"pattern": "(\\w+)", "replacement": "", "regex": True}]},
            "ambiguous: 12 matches",
        ),
        ("rewrite_document", {"content": LETTER}, "leaves the document as it is"),
        ("rewrite_document", {}, "content: Field required"),
        ("comment_on_document", {"comments": [{"anchor": "Monday", "text": "?"}]}, "Comment 1"),
        ("comment_on_document", {"comments": [{"anchor": "Best", "text": ""}]}, "text: "),
        ("delete_document", {}, "There is no tool delete_document"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_has_changed(name, arguments, said):
    world = canvas()
    answer, ok = world.call(name, arguments)

    assert (ok, said in answer) == (False, True), answer
    assert texts(world) == [LETTER]
    assert world.work(()).comments == ()


def test_a_pattern_that_searches_for_ever_is_stopped():
    world = canvas("a" * 60 + "b")
    edit = {"pattern": "(a|aa|aaa)+c?$", "replacement": "", "regex": True}
    answer, ok = world.call("edit_document", {"edits": [edit]})

    assert (ok, "takes too long" in answer) == (False, True)


def test_multiple_replaces_every_match_and_a_regular_expression_keeps_its_groups():
    world = canvas("tel 12-34, tel 56-78")
    edit = {"pattern": r"(\d+)-(\d+)", "replacement": r"\2-\1", "regex": True, "multiple": True}
    world.call("edit_document", {"edits": [edit]})
    plain = {"pattern": "tel", "replacement": "phone", "multiple": True}
    world.call("edit_document", {"edits": [plain]})

    assert texts(world)[-1] == "phone 34-12, phone 78-56"


def test_characters_can_be_named_by_their_places():
    world = canvas("abcdef")
    world.call("edit_document", {"edits": [{"start": 2, "end": 4, "replacement": "--"}]})

    assert texts(world)[-1] == "ab--ef"


def test_a_comment_hangs_on_its_passage_and_changes_nothing():
    world = canvas()
    world.call("comment_on_document", {"comments": [{"anchor": "at 9", "text": "am or pm?"}]})
    [comment] = world.work(()).comments

    assert LETTER[comment.start : comment.end] == comment.anchor == "at 9"
    assert texts(world) == [LETTER]


def test_a_new_document_is_opened_and_the_next_edit_is_of_it():
    world = canvas()
    world.call("create_document", {"title": "Agenda", "content": "1. Budget"})
    world.call("edit_document", edits(("Budget", "Roof")))
    work = world.work(())

    assert [(one.document, one.by) for one in work.versions] == [
        ("document", ""),
        ("document-2", "create_document"),
        ("document-2", "edit_document"),
    ]
    assert work.state["documents"]["document-2"]["text"] == "1. Roof"


def test_where_nothing_is_open_nothing_can_be_edited():
    world = canvas(document=None)

    assert world.call("rewrite_document", {"content": "x"}).answer == (
        "Not done. No document is open."
    )
    assert world.shown() == "No document is open in the canvas."


def test_what_is_open_and_selected_is_shown():
    shown = canvas(selection="Tuesday", state={"title": "Mail"}).shown()

    assert shown.startswith('Open in the canvas: document ("Mail")\n<document>\nDear')
    assert shown.endswith("The user has selected:\n<selection>\nTuesday\n</selection>")


# Worlds of any kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_tool_is_told_in_words_and_every_argument_too(kind):
    for tool in open_world(Setting(kind=kind)).tools:
        schema = tool.arguments.model_json_schema()

        assert tool.about.endswith(".")
        assert all(told.get("description") for told in schema["properties"].values()), tool.name


@pytest.mark.parametrize("kind", KINDS)
def test_what_tools_answer_to_hostile_arguments_is_an_answer(kind):
    hostile = [{}, {"a": 1}, {"content": None}, {"edits": [[]]}, {"title": {"x": ["\ud800"]}}]
    world = open_world(Setting(kind=kind))
    for name in tool_names(kind):
        for arguments in hostile:
            answer, ok = world.call(name, arguments)
            assert isinstance(answer, str)
            assert not ok or arguments == {}


def test_an_arm_that_offers_fewer_tools_offers_no_others():
    setting = Setting(kind="workspace", document=LETTER, tools=("edit_document", "search_web"))

    assert [one.name for one in open_world(setting.offering(("search_web",))).tools] == [
        "search_web"
    ]
    assert open_world(setting.offering(())).tools == []
    assert open_world(setting).call("rewrite_document", {"content": "x"}).ok is False


def test_results_are_what_the_scenario_says():
    state = {
        "search": [{"about": ["tide", "high water"], "result": "14:10"}, {"result": "nothing new"}],
        "python": "4",
    }
    world = open_world(Setting(kind="workspace", state=state))

    assert world.call("search_web", {"query": "Tide times Whitby"}).answer == "14:10"
    assert world.call("search_web", {"query": "news"}).answer == "nothing new"
    assert world.call("run_python", {"code": "print(2 + 2)"}).answer == "4"
    assert world.call("generate_image", {"prompt": "a gull"}).answer == "Made image-1."
    assert world.data()["images"] == ["a gull"]


def test_the_same_calls_leave_the_same_world_and_only_the_models_own_are_told():
    """The first call was written out by the scenario, the second is the model's."""

    def message(name, arguments):
        return Message(
            role="assistant", text="", tool_calls=(ToolCall(name=name, arguments=arguments),)
        )

    messages = [
        Message(role="user", text="move it"),
        message("edit_document", edits(("Tuesday", "Monday"))),
        Message(role="user", text="no, Thursday"),
        message("edit_document", edits(("Monday", "Thursday"))),
        message("edit_document", edits(("Monday", "Friday"))),
    ]
    work = canvas().replay(messages, own=(3, 4))

    assert [(call.message, call.ok) for call in work.calls] == [(3, True), (4, False)]
    assert work.versions[-1].text == LETTER.replace("Tuesday", "Thursday")
    assert work == canvas().replay(messages, own=(3, 4))
    assert json.dumps(dict(work.state))


# What a scenario may say


def dataset(project, scenario):
    path = project({"d.yaml": f"dataset: d\nstrata:\n  s:\n    scenarios:\n      - {scenario}\n"})
    return load_dataset(path / "d.yaml")


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (
            "{id: a, prompt: x, environment: {kind: canvass}}",
            "no environment 'canvass': did you mean 'canvas'?",
        ),
        (
            "{id: a, prompt: x, environment: {kind: canvas, state: {titel: T}}}",
            "unknown key 'titel': did you mean 'title'?",
        ),
        (
            "{id: a, prompt: x, environment: {kind: workspace, state: {search: [{about: [a]}]}}}",
            "the key 'result' is missing",
        ),
        (
            "{id: a, prompt: x, tools: [edit], environment: {kind: canvas}}",
            "a canvas has no tool 'edit': there is create_document, edit",
        ),
        ("{id: a, prompt: x, tools: [search_web]}", "'tools' has no meaning without 'environment'"),
        (
            "{id: a, prompt: x, selection: x, environment: {kind: canvas}}",
            "'selection' has no meaning without 'document'",
        ),
        (
            "{id: a, prompt: x, document: a b a, selection: a, environment: {kind: canvas}}",
            'the selection is not clear: "a" is ambiguous: 2 matches',
        ),
        ("{id: a, prompt: x, user: {persona: brisk}}", "a simulated user has a `goal`"),
        (
            "{id: a, prompt: x, user: {goal: g, otherwise: yes}}",
            "'goal' is for a model; with `answers` a script speaks",
        ),
    ],
)
def test_what_a_scenario_says_of_its_environment_is_checked_when_it_is_read(
    project, scenario, said
):
    with pytest.raises(UserError) as error:
        dataset(project, scenario)

    assert said in str(error.value)
    assert "d.yaml:5:" in str(error.value)


def test_a_number_where_text_is_wanted_is_read_as_it_is_written(project):
    found = dataset(
        project, "{id: a, prompt: x, environment: {kind: workspace, state: {python: 0800}}}"
    )

    assert found.scenarios[0].environment.state["python"] == "0800"


def test_edits_that_grow_a_document_without_end_are_refused_and_quick():
    grown = [{"pattern": "a", "multiple": True, "replacement": "a" * 10}] * 7
    world = canvas("a")

    answer, ok = world.call("edit_document", {"edits": grown})

    assert (ok, texts(world)) == (False, ["a"])
    assert "Edit 6: a document has at most 500000 characters" in answer


def test_a_pattern_that_takes_long_to_compile_is_refused():
    pattern = "|".join(f"a{number}(b|c)*" for number in range(1000))
    edit = {"pattern": pattern, "regex": True, "replacement": ""}

    assert not canvas("aaa").call("edit_document", {"edits": [edit]}).ok


def test_arguments_that_no_json_can_hold_are_refused():
    nested: list = []
    for _ in range(5000):
        nested = [nested]

    assert not canvas().call("rewrite_document", {"content": nested}).ok
    assert not canvas().call("rewrite_document", {"content": 10**5000}).ok


def test_what_a_tool_says_when_it_fails_stands_in_the_transcript_that_judges_see():
    """Inspect keeps it beside the message, whose own text is empty."""
    wrong = ToolCallError("unknown", "There is no tool send_mial.")
    told = [
        ChatMessageAssistant(content="It is sent.", source="generate"),
        ChatMessageTool(content="", tool_call_id="1", error=wrong),
    ]
    messages = seen(told).messages
    [(_, transcript)] = sections(Reply(text="It is sent.", messages=messages), ("transcript",))

    assert transcript == "[assistant]\nIt is sent.\n\n[tool]\nThere is no tool send_mial."


def test_a_call_that_could_not_be_read_is_not_done_when_it_is_played_again():
    said = InspectToolCall(id="1", function="list_tasks", arguments={}, parse_error="no JSON")
    message = plain_message(ChatMessageAssistant(content="", tool_calls=[said]))

    done = open_world(Setting(kind="tasks")).replay([message], {0})

    assert [(one.ok, one.answer) for one in done.calls] == [(False, "no JSON")]


def test_a_time_with_an_offset_is_that_moment_on_the_users_clock():
    world = open_world(Setting(kind="errands", timezone="Europe/Lisbon"))
    for start, end in (
        ("2026-07-02T14:00", "2026-07-02T15:00:00"),
        ("2026-07-02T14:00:00+01:00", "2026-07-02T14:00:00Z"),
    ):
        world.call("create_event", {"title": "Lunch", "start": start, "end": end})

    events = list(world.data()["events"].values())
    assert {(one["start"], one["end"]) for one in events} == {
        ("2026-07-02T14:00", "2026-07-02T15:00")
    }
    asked = {"start": "2026-07-02T14:30:00+01:00", "end": "2026-07-02T14:40"}
    assert "Lunch" in world.call("list_events", asked).answer


def test_a_name_with_its_address_in_angles_is_that_address():
    state = {"contacts": {"Ana Lima": "ana@lima.example"}}
    world = open_world(Setting(kind="errands", state=state))
    to = ["Ana Lima <ana@lima.example>", "Ana Lima", "bo@lima.example"]
    world.call("send_mail", {"to": to, "subject": "Hi", "text": "Hello."})
    invite = {"title": "Lunch", "start": "2026-07-02T14:00", "end": "2026-07-02T15:00"}
    world.call("create_event", {**invite, "invite": to[:2]})

    data = world.data()
    assert data["sent"][0]["to"] == ["ana@lima.example", "ana@lima.example", "bo@lima.example"]
    assert [one["with"] for one in data["events"].values()] == [["ana@lima.example", "Ana Lima"]]
    assert not world.call("send_mail", {"to": ["Cy <nobody>"], "subject": "", "text": "x"}).ok
