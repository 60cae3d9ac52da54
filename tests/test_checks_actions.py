"""What the model did: facts about each check of tool calls that can be worked out by hand."""

import pytest

from tastemaker.checks.registry import CheckError, bind
from tastemaker.records import Call, Message, Reply, ToolCall, Version, Work


def call(name, message=0, ok=True, reads=False, **arguments):
    return Call(name=name, arguments=arguments, message=message, ok=ok, reads=reads)


def did(*calls, text="Done.", versions=()):
    """A reply of one turn that made these calls."""
    return Reply(
        text=text,
        messages=(Message(role="assistant", text=text),),
        own=(0,),
        work=Work(calls=calls, versions=tuple(versions)),
    )


def finding(name, reply, /, **arguments):
    return bind(name, arguments)(reply)


def value(name, reply, /, **arguments):
    return finding(name, reply, **arguments).value


SEARCH = call("search_web", reads=True, query="tide times")
CREATE = call("create_document", title="Rota", content="Mon: Ines")
EDIT = call("edit_document", edits=[{"pattern": "Mon", "replacement": "Tue"}])


# tool


@pytest.mark.parametrize(
    ("calls", "arguments", "expected"),
    [
        ([SEARCH], {}, 1),
        ([], {}, 0),
        ([SEARCH], {"name": "search_web"}, 1),
        ([SEARCH], {"name": "create_document"}, 0),
        ([SEARCH], {"name": ["create_document", "search_web"]}, 1),
        ([SEARCH, SEARCH], {"name": "search_web", "exactly": 1}, 0),
        ([SEARCH, SEARCH], {"name": "search_web", "min": 2, "max": 2}, 1),
        ([SEARCH, SEARCH, SEARCH], {"max": 2}, 0),
        ([], {"exactly": 0}, 1),
        ([SEARCH], {"exactly": 0}, 0),
        ([SEARCH], {"name": "create_document", "exactly": 0}, 1),
    ],
)
def test_calls_are_counted(calls, arguments, expected):
    assert value("tool", did(*calls), **arguments) == expected


@pytest.mark.parametrize(
    ("calls", "arguments", "expected"),
    [
        ([SEARCH, CREATE], {"name": "search_web", "before": "create_document"}, 1),
        ([CREATE, SEARCH], {"name": "search_web", "before": "create_document"}, 0),
        ([CREATE, SEARCH, CREATE], {"name": "search_web", "before": "create_document"}, 0),
        ([SEARCH], {"name": "search_web", "before": "create_document"}, 1),
        ([CREATE], {"name": "search_web", "before": "create_document"}, 0),
        ([CREATE, SEARCH], {"name": "search_web", "after": "create_document"}, 1),
        ([SEARCH, CREATE, SEARCH], {"name": "search_web", "after": "create_document"}, 0),
        ([SEARCH], {"name": "search_web", "after": "create_document"}, 0),
        ([EDIT, SEARCH, CREATE], {"name": "search_web", "after": "edit_document"}, 1),
    ],
)
def test_the_first_call_of_each_decides_the_order(calls, arguments, expected):
    assert value("tool", did(*calls), **arguments) == expected


def test_a_call_that_was_refused_was_made_and_is_not_done():
    refused = call("edit_document", ok=False)

    assert value("tool", did(refused), name="edit_document") == 1
    assert value("tool", did(refused), name="edit_document", done=True) == 0
    assert value("tool", did(refused, EDIT), name="edit_document", done=True, exactly=1) == 1


def test_numbers_that_do_not_agree_are_refused():
    with pytest.raises(CheckError):
        bind("tool", {"min": 2, "max": 1})
    with pytest.raises(CheckError):
        bind("tool", {"exactly": 1, "min": 1})


def test_a_reply_that_only_acts_is_not_an_empty_one():
    assert value("tool", did(SEARCH, text=""), name="search_web") == 1


# tool_choice


CLASSES = {"canvas": ["create_document", "edit_document"], "search": "search_web"}


@pytest.mark.parametrize(
    ("calls", "choice"),
    [
        ([], "none"),
        ([SEARCH], "search"),
        ([EDIT], "canvas"),
        ([SEARCH, CREATE], "search"),
        ([call("run_python"), CREATE], "canvas"),
        ([call("run_python")], "none"),
        ([call("create_document", ok=False)], "canvas"),
    ],
)
def test_the_first_call_that_stands_in_a_class_is_the_choice(calls, choice):
    for should in (*CLASSES, "none"):
        told = finding("tool_choice", did(*calls), classes=CLASSES, should=should)

        assert (told.value, told.should, told.did) == (float(should == choice), should, choice)


def test_what_should_be_chosen_is_one_of_the_classes_or_none():
    with pytest.raises(CheckError, match="none of the classes: canvas, search, none"):
        bind("tool_choice", {"classes": CLASSES, "should": "image"})


# tool_arguments


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"query": "tide times"}, 1),
        ({"query": "  TIDE\ntimes "}, 1),
        ({"query": "tide"}, 0),
        ({"query": {"contains": "tide"}}, 1),
        ({"query": {"contains": ["times", "TIDE"]}}, 1),
        ({"query": {"contains": ["tide", "moon"]}}, 0),
        ({"query": {"any": ["moon", "tide"]}}, 1),
        ({"query": {"any": ["moon", "sun"]}}, 0),
        ({"query": {"contains": "tide", "any": ["moon", "times"]}}, 1),
        ({"where": "Whitby"}, 0),
        ({"query.0": "t"}, 0),
    ],
)
def test_texts_are_equal_whatever_their_case_and_spaces(arguments, expected):
    assert value("tool_arguments", did(SEARCH), name="search_web", arguments=arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"edits.0.replacement": "Tue"}, 1),
        ({"edits.1.replacement": "Tue"}, 0),
        ({"edits.0.pattern": "Tue"}, 0),
        ({"edits": {"contains": "Mon"}}, 1),
        ({"edits": [{"pattern": "Mon", "replacement": "Tue"}]}, 1),
        ({"edits.first": "Tue"}, 0),
    ],
)
def test_what_lies_deeper_is_named_with_dots(arguments, expected):
    assert value("tool_arguments", did(EDIT), name="edit_document", arguments=arguments) == expected


def test_numbers_and_truth_are_themselves():
    made = did(call("book", seats=2, window=True))

    assert value("tool_arguments", made, name="book", arguments={"seats": 2, "window": True}) == 1
    assert value("tool_arguments", made, name="book", arguments={"seats": "2"}) == 0
    assert value("tool_arguments", made, name="book", arguments={"seats": 3}) == 0
    assert value("tool_arguments", made, name="book", arguments={"window": 1}) == 0
    assert value("tool_arguments", made, name="book", arguments={"seats": {"any": 2}}) == 1


@pytest.mark.parametrize(
    ("which", "expected"), [("any", 1), ("every", 0), ("first", 0), ("last", 1)]
)
def test_which_of_several_calls_must_fit(which, expected):
    made = did(call("search_web", query="moon"), call("search_web", query="tide"))
    wanted = {"query": "tide"}

    assert (
        value("tool_arguments", made, name="search_web", arguments=wanted, which=which) == expected
    )


def test_a_tool_that_was_not_called_had_no_arguments():
    for which in ("any", "every", "first", "last"):
        assert (
            value("tool_arguments", did(), name="search_web", arguments={"query": "x"}, which=which)
            == 0
        )


# asked_first


def talked(*turns, calls=()):
    """A conversation: ("user" | "assistant", text), and calls made in some of its messages."""
    made = {one.message for one in calls}
    messages = tuple(
        Message(
            role=role,
            text=text,
            tool_calls=(ToolCall(name="x", arguments={}),) if place in made else (),
        )
        for place, (role, text) in enumerate(turns)
    )
    own = tuple(place for place, (role, _) in enumerate(turns) if role == "assistant")
    return Reply(text=turns[-1][1], messages=messages, own=own, work=Work(calls=tuple(calls)))


ORDER = ("user", "move it to the other day?")


def test_a_question_that_waits_for_its_answer_comes_first():
    asked = talked(
        ORDER,
        ("assistant", "Which day?"),
        ("user", "friday"),
        ("assistant", ""),
        calls=[call("edit_document", message=3)],
    )

    assert finding("asked_first", asked).quote == "Which day?"
    assert value("asked_first", asked) == 1
    assert value("asked_first", asked, about=["day", "when"]) == 1
    assert value("asked_first", asked, about="place") == 0


def test_what_is_asked_while_acting_or_after_it_is_asked_too_late():
    acting = talked(ORDER, ("assistant", "Which day?"), calls=[call("edit_document", message=1)])
    after = talked(
        ORDER,
        ("assistant", ""),
        ("assistant", "Done. Was it Friday?"),
        calls=[call("edit_document", message=1)],
    )

    assert (value("asked_first", acting), value("asked_first", after)) == (0, 0)


def test_the_users_question_is_not_the_models():
    assert value("asked_first", talked(ORDER, ("assistant", "No."))) == 0


def test_looking_something_up_is_no_act():
    looked = [
        call("search_web", message=1, reads=True),
        call("edit_document", message=4),
    ]
    turns = [
        ORDER,
        ("assistant", ""),
        ("assistant", "Which day?"),
        ("user", "friday"),
        ("assistant", ""),
    ]

    assert value("asked_first", talked(*turns, calls=looked)) == 1
    assert value("asked_first", talked(*turns, calls=looked), acts="search_web") == 0


def test_where_nothing_was_done_having_asked_is_enough():
    assert value("asked_first", talked(ORDER, ("assistant", "Which day?"))) == 1
    assert value("asked_first", Reply(text="Which day?")) == 1
    assert value("asked_first", Reply(text="Tell me the day.")) == 1
    assert value("asked_first", Reply(text="I'll move it to Monday.")) == 0


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("14 shirts, 21,000 KES. Please confirm, and I'll order them.", 1),
        ("Reply **yes** and I'll send it.", 1),
        ("Once you confirm, I'll submit the form.", 1),
        ("Let me know if you'd like me to go ahead.", 1),
        ("I need the date before I can add it.", 1),
        ("Bitte bestätige, dann bestelle ich.", 1),
        ("Dime si lo pido.", 1),
        ("Done. Let me know if you'd like me to change anything.", 0),
        ("She said yes and went home. I confirmed the order.", 0),
    ],
)
def test_a_wish_for_a_yes_asks_without_a_question_mark(text, asks):
    assert value("asked_first", Reply(text=text)) == asks
    assert value("question_quality", Reply(text=text)) == asks


def test_a_question_is_about_the_list_that_it_points_at():
    told = "Two things are missing:\n\n- the date\n- who comes\n\nCould you send me those?"
    apart = "I found:\n\n- the date\n- who comes\n\nWhich Anna is it?"

    assert value("question_quality", Reply(text=told), about=["date"]) == 1
    assert value("question_quality", Reply(text=apart), about=["date"]) == 0


# reply_to_user


def test_saying_nothing_tells_the_user_nothing():
    for text in ("", " \n", "\u200b"):
        assert value("reply_to_user", did(EDIT, text=text)) == 0
    assert value("reply_to_user", did(EDIT, text="Done.")) == 1


@pytest.mark.parametrize(("words", "expected"), [(1, 0), (2, 1), (4, 1), (5, 0)])
def test_words_are_counted_from_at_least_to_at_most(words, expected):
    told = did(text=" ".join(["word"] * words))

    assert value("reply_to_user", told, min_words=2, max_words=4) == expected


def test_sentences_that_stand_in_a_document_say_it_again():
    """Of two sentences of four or more words one stands there: a half; "Done." is too short."""
    text = "Done. We meet on Friday at ten. Tell me if that is too early."
    versions = [Version(document="document", text="Hi,\nwe meet on friday\nat ten. Ruth")]
    told = did(text=text, versions=versions)

    assert value("reply_to_user", told, repeats=0.5) == 1
    assert value("reply_to_user", told, repeats=0.49) == 0
    assert finding("reply_to_user", told, repeats=0).reason == "50% of it stands in the document"
    assert value("reply_to_user", did(text=text), repeats=0) == 1
