"""Numbers, dates, names and contacts that nobody gave; and mistakes of grammar."""

import pytest

from tastemaker.checks.registry import bind
from tastemaker.records import Message, Reply


def made_up(prompt, text, *kinds, **arguments):
    arguments |= {"kinds": list(kinds)} if kinds else {}
    return bind("invented_facts", arguments)(Reply(prompt=prompt, text=text))


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("it's been two weeks", "It has been 2 weeks."),
        ("meet at 3pm", "We meet at 15:00."),
        ("meet at 15:00", "We meet at 3 p.m."),
        ("budget 5k", "The budget is $5,000."),
        ("€1.200,00 due", "The 1,200 euros are due."),
        ("twenty-five guests", "There will be 25 guests."),
        ("on the third", "On the 3rd it is."),
        ("two things", "1. The roof leaks.\n2. The door sticks."),
        ("we're always open", "We are here 24/7."),
    ],
)
def test_a_number_written_otherwise_is_the_number_that_was_given(prompt, text):
    assert made_up(prompt, text, "numbers").value == 1.0


@pytest.mark.parametrize(
    ("prompt", "text", "fact"),
    [
        ("chase the invoice", "Invoice 4471 is open.", "4471"),
        ("a raise please", "I raised sales by 35% last year.", "35"),
        ("meet at 3pm", "We meet at 3:30 p.m.", "3:30"),
    ],
)
def test_a_number_that_nobody_gave_is_made_up(prompt, text, fact):
    finding = made_up(prompt, text, "numbers")

    assert (finding.value, finding.quote) == (0.0, fact)


@pytest.mark.parametrize(
    ("prompt", "text", "value"),
    [
        ("by thurs", "Please send it by Thursday.", 1.0),
        ("mondays review", "The review on Monday moves.", 1.0),
        ("sept 4", "On 4 September we close.", 1.0),
        ("soon", "You may call me. March on.", 1.0),
        ("soon", "We start on 3 May.", 0.0),
        ("by thurs", "Please send it by Friday.", 0.0),
    ],
)
def test_days_and_months_are_held_against_what_was_given(prompt, text, value):
    assert made_up(prompt, text, "dates").value == value


@pytest.mark.parametrize(
    ("prompt", "text", "value"),
    [
        ("tell dana no. Priya", "Hi Dana,\n\nSorry, no.\n\nBest regards,\nPriya", 1.0),
        ("josé's flat", "We saw Jose's flat. Lovely place.", 1.0),
        ("apply for the job", "Dear Hiring Manager,\n\nI would like the job.\n\nSincerely,", 1.0),
        ("ask the harbour", "Dear Harbour Master,\n\nCould we?\n\nYours faithfully,", 1.0),
        ("ask them", "To Whom It May Concern,\n\nCould we?", 1.0),
        ("ask them", "Dear Customer Support Team,\n\nCould we?", 1.0),
        ("ask them", "Dear Quill Support Team,\n\nCould we?", 0.0),
        ("a letter. Ana", "Tell me:\n1. Who you are\n- What you did\n3. Where", 1.0),
        ("a post on bread", "# How To Bake Good Bread At Home\n\nFlour first. Then water.", 1.0),
        ("a post on bread", "My aunt Rosalind taught me in Lisbon.", 0.0),
        ("tell them no", "Dear Mr. Thompson,\n\nNo.", 0.0),
        ("tell them no", "Sorry, no.\n\nBest regards,\nSarah Johnson", 0.0),
        ("tell dana no", "Hi Dana,\n\nTalk to Marcus about it.", 0.0),
    ],
)
def test_a_capital_within_a_sentence_a_greeting_or_a_signature_is_a_name(prompt, text, value):
    assert made_up(prompt, text, "names").value == value


def test_addresses_links_and_phone_numbers_must_have_been_given():
    assert made_up("x", "Write to a@b.org or call 555-123-4567.", "contacts").value == 0.0
    assert made_up("mail a@b.org", "Write to a@b.org.", "contacts").value == 1.0


def test_what_was_said_earlier_and_what_is_allowed_counts_as_given():
    told = (
        Message(role="user", text="I'm Ilse"),
        Message(role="user", text="now write it"),
        Message(role="assistant", text="Hi,\n\nSorry.\n\nIlse"),
    )
    reply = Reply(prompt="now write it", messages=told, text="Hi,\n\nSorry.\n\nIlse")

    assert bind("invented_facts")(reply).value == 1.0
    assert made_up("x", "We flew to Porto.", allow=["Porto"]).value == 1.0
    assert made_up("x", "We flew to Porto.", max=1).value == 1.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("He doesn't know, and we were there yesterday.", 1.0),
        ("Hi Ortrud,\n\nThe boiler's off; Wexley & Sons come at 9.\n\nThanks,\nBram", 1.0),
        ("He don't know.", 0.0),
        ("We was there, and there van is is red.", 0.0),
        ("`he don't know` is what the log said.", 1.0),
        ("I could of called.", 0.0),
    ],
)
def test_mistakes_of_grammar_are_found_and_names_are_none(text, value):
    assert bind("grammar")(Reply(text=text)).value == value


def test_a_long_text_may_hold_more_mistakes_and_a_quote_is_none():
    long = "He don't know. " + "The bread rose slowly in the cold kitchen. " * 15

    assert bind("grammar", {"per_100_words": 1.0})(Reply(text=long)).value == 1.0
    assert bind("grammar", {"allow": ["don't"]})(Reply(text="He don't know.")).value == 1.0
