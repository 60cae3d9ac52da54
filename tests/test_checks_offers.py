"""Offers: what asks whether to do something later, and what only sounds so."""

import pytest

from tastemaker.checks.registry import bind
from tastemaker.records import Message, Reply


def offers(*texts, **arguments):
    """Whether these messages of the assistant, each answered by the user, hold an offer."""
    said = [m for one in texts for m in (Message(role="assistant", text=one), USER)][:-1]
    own = tuple(n for n, one in enumerate(said) if one.role == "assistant")
    return bind("offered", arguments)(Reply(text=texts[-1], messages=tuple(said), own=own)).value


USER = Message(role="user", text="hm")


@pytest.mark.parametrize(
    "text",
    [
        "Shall I remind you on Sunday evening?",
        "Would you like me to set a reminder for the 14th?",
        "Want a nudge the day before?",
        "Would a reminder on the 28th be any use?",
        "Should I put that on your list for Thursday?",
        "Do you want me to send you the tide times every morning before you ask?",
        "Shall I do this by myself every Friday at 4?",
        "Want this every Monday?",
        "I'll ping you at 6, ok?",
        "How about I check in with you next week?",
        "Can I wake you at five?",
        "A reminder on the evening before, perhaps?",
        "Would you like me to set up recurring reminders for the evening dose?",
        "Want me to create a task for that?",
        "Do you want me to add this to your tasks?",
        "Shall I automate this for you?",
        "Would it help to have a reminder the day before?",
        "I can also schedule daily reminders.",
        "I can remind you on the days that count.",
        "If you like, I'll put it on your list for the 3rd.",
        "Let me know if you'd like a reminder the day before.",
        "Say the word and I'll remind you on the first.",
        "Just let me know if you want me to remind you.",
        "If you'd like a nudge on the day, just say so.",
        "I can't ring the vet for you, but shall I remind you at nine?",
        "Soll ich dich erinnern, damit du es nicht vergisst?",
        "Wenn du magst, erinnere ich dich am Sonntag.",
        "Soll ich Ihnen den Wasserstand jeden Morgen schicken?",
        "Veux-tu que je te le rappelle, pour ne pas oublier ?",
        "¿Quieres que te lo recuerde el lunes?",
        "Quer que eu te lembre na sexta?",
        "Vuoi che te lo ricordi domenica?",
        "Zal ik je er zondag aan herinneren?",
        "Would it help if I checked in with you on Monday?",
        "I'd be glad to set reminders for 7:00 and 19:00 so you don't have to keep track.",
    ],
)
def test_to_ask_whether_to_do_it_later_is_an_offer(text):
    assert offers(f"It takes three weeks. {text}") == 1


@pytest.mark.parametrize(
    "text",
    [
        "I'll remind you on Sunday.",
        "I've set a reminder for Sunday.",
        "Set an alarm on your phone.",
        "If you want to be safe, set yourself a reminder.",
        "I can't remind you, sorry.",
        "Shall I draft the letter?",
        "Shall I make it a table?",
        "Want me to add the total to your list of costs?",
        "Do you have a reminder for it already?",
        "Shall I tell you more about him?",
        "Would you like to check in online?",
        "Which reminder do you mean?",
        "Let me know when you have taken it, and make it a habit daily.",
        "If you like, I can write it out in full.",
        "If you want a reminder, your phone has one.",
        "Did the alarm wake you?",
        "How often do you water it, every day?",
        "Should the total be for each day?",
        "Does he remind you of somebody?",
        "> Shall I remind you?",
        "`remind_you()` returns `None`?",
        "There is a reminder on your list already.",
        "Remember to take it with food.",
        "Möchtest du davon erzählen?",
        "Tu veux m'en parler ?",
        "¿Quieres que lo escriba más corto?",
    ],
)
def test_what_is_done_at_once_or_by_somebody_else_is_no_offer(text):
    assert offers(f"It takes three weeks.\n\n{text}") == 0


def test_messages_with_an_offer_are_counted_and_not_sentences():
    once = "Shall I remind you on Sunday? Or put it on your list for Monday?"

    assert offers(once, max=1) == 1
    assert offers(once, "Fine.", max=1) == 1
    assert offers("Every second day.", once, "Done.") == 1
    assert offers(once, "Fine. Would you like a nudge on Monday instead?", max=1) == 0
    assert offers(once, "Fine.", exactly=0) == 0


def test_a_reply_without_messages_is_read_as_one():
    assert bind("offered", {})(Reply(text="Want a reminder?")).value == 1
    assert bind("offered", {"max": 1})(Reply(text="")).value == 0
