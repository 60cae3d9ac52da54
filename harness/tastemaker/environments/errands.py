"""Errands: a calendar, mail, receipts, an expense form and a shop, small and deterministic.

Everything is in the scenario's state. Reading changes nothing; sending mail, submitting a form and
placing an order cannot be undone.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from tastemaker.environments.tasks import UTC, Nothing
from tastemaker.environments.world import Arguments, Part, Refused, Setting, tool
from tastemaker.reading import FileModel, Id, Number, Text, Whole, refuse


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        refuse(((), f"expected a time like 2026-03-09T14:30, found text '{text}'"))
    return text


Moment = Annotated[str, AfterValidator(_moment)]

When = Annotated[str, Field(description="Local time: 2026-03-09T14:30.")]


def _time(text: str, zone: ZoneInfo) -> str:
    """The same moment as everybody writes it, in local time, or a refusal."""
    try:
        moment = datetime.fromisoformat(text)
        local = moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise Refused(f"Expected a time like 2026-03-09T14:30, not {text!r}.") from error
    return local.isoformat(timespec="minutes")


def _address(text: str) -> str:
    """The address in "Ana Lima <ana@lima.example>"; anything else as it is."""
    match = re.fullmatch(r"[^<>]*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*", text)
    return match[1] if match else text


def _found(entries: Mapping[str, dict[str, Any]], name: str, what: str) -> dict[str, Any]:
    if name not in entries:
        raise Refused(f"There is no {what} {name}.")
    return entries[name]


def _matching(entries: Iterable[dict[str, Any]], words: str) -> list[dict[str, Any]]:
    """The entries that hold all the words somewhere, whatever their case."""
    wanted = words.casefold().split()
    return [one for one in entries if all(word in str(one).casefold() for word in wanted)]


# Calendar -----------------------------------------------------------------------------------------


class EventEntry(FileModel):
    """Something in the calendar."""

    id: Id
    title: Text
    start: Moment
    end: Moment
    with_: tuple[Text, ...] = Field(default=(), alias="with")
    """Who else is invited."""
    place: str = ""


class CalendarState(FileModel):
    """What stands in the calendar."""

    events: tuple[EventEntry, ...] = ()


class Between(Arguments):
    """Arguments of `list_events`."""

    start: Annotated[str, Field(description="From this local time: 2026-03-09T00:00,")]
    end: Annotated[str, Field(description="to this.")]


class NewEvent(Arguments):
    """Arguments of `create_event`."""

    title: Annotated[str, Field(min_length=1, description="What it is.")]
    start: When
    end: When
    invite: Annotated[
        list[str], Field(default_factory=list, description="Who is invited, by name or address.")
    ]
    place: Annotated[str, Field(description="Where.")] = ""


class MovedEvent(Arguments):
    """Arguments of `move_event`."""

    id: Annotated[str, Field(description="The event's id.")]
    start: When
    end: When


class EventId(Arguments):
    """Arguments of `cancel_event`."""

    id: Annotated[str, Field(description="The event's id.")]


class Calendar(Part):
    """Events of one person."""

    State = CalendarState

    def __init__(self, state: CalendarState, setting: Setting) -> None:
        self._zone = ZoneInfo(setting.timezone or UTC)
        self._events: dict[str, dict[str, Any]] = {
            one.id: {
                "title": one.title,
                "start": _time(one.start, self._zone),
                "end": _time(one.end, self._zone),
                "with": list(one.with_),
                "place": one.place,
            }
            for one in state.events
        }
        self._made = 0

    @tool(reads=True)
    def list_events(self, arguments: Between) -> str:
        """See what is in the calendar between two times."""
        start, end = _time(arguments.start, self._zone), _time(arguments.end, self._zone)
        found = [
            f"{name}: {_told(one)}"
            for name, one in sorted(self._events.items(), key=lambda item: item[1]["start"])
            if one["start"] < end and one["end"] > start
        ]
        return "\n".join(found) or "Nothing."

    @tool()
    def create_event(self, arguments: NewEvent) -> str:
        """Put an event into the calendar; who is invited gets an invitation."""
        self._made += 1
        name = f"new-{self._made}"
        self._events[name] = {
            "title": arguments.title,
            **self._span(arguments.start, arguments.end),
            "with": list(map(_address, arguments.invite)),
            "place": arguments.place,
        }
        return f"Created {name}: {_told(self._events[name])}"

    @tool()
    def move_event(self, arguments: MovedEvent) -> str:
        """Move an event to another time."""
        event = _found(self._events, arguments.id, "event")
        event |= self._span(arguments.start, arguments.end)
        return f"Moved {arguments.id}: {_told(event)}"

    @tool(irreversible=True)
    def cancel_event(self, arguments: EventId) -> str:
        """Cancel an event for everybody who is in it. This cannot be undone."""
        event = _found(self._events, arguments.id, "event")
        del self._events[arguments.id]
        return f"Cancelled: {event['title']}."

    def _span(self, start: str, end: str) -> dict[str, str]:
        span = {"start": _time(start, self._zone), "end": _time(end, self._zone)}
        if span["start"] >= span["end"]:
            raise Refused("It must end after it starts.")
        return span

    def data(self) -> Mapping[str, Any]:
        """The events by id."""
        return {"events": {name: dict(one) for name, one in self._events.items()}}


def _told(event: Mapping[str, Any]) -> str:
    people = f", with {', '.join(event['with'])}" if event["with"] else ""
    place = f", {event['place']}" if event["place"] else ""
    return f"{event['start']} to {event['end']}, {event['title']}{people}{place}"


# Mail ---------------------------------------------------------------------------------------------


class MailEntry(FileModel):
    """A message in the mailbox."""

    id: Id
    from_: Text = Field(alias="from")
    subject: Text
    date: Moment
    text: Text


class MailState(FileModel):
    """What is in the mailbox."""

    mail: tuple[MailEntry, ...] = ()
    contacts: dict[Text, Text] = Field(default={})
    """Addresses by name."""


class Words(Arguments):
    """Arguments of a search."""

    words: Annotated[str, Field(description='All of these must stand in it; "" finds everything.')]


class MailId(Arguments):
    """Arguments of `read_mail`."""

    id: Annotated[str, Field(description="The message's id.")]


class NewMail(Arguments):
    """Arguments of `send_mail`."""

    to: Annotated[list[str], Field(min_length=1, description="Addresses, or names of contacts.")]
    subject: Annotated[str, Field(description="The subject.")]
    text: Annotated[str, Field(min_length=1, description="The whole message.")]


class Mail(Part):
    """One mailbox and what was sent from it."""

    State = MailState

    def __init__(self, state: MailState, setting: Setting) -> None:
        self._mail = {
            one.id: {
                "id": one.id,
                "from": one.from_,
                "subject": one.subject,
                "date": one.date,
                "text": one.text,
            }
            for one in state.mail
        }
        self._contacts = dict(state.contacts)
        self._sent: list[dict[str, Any]] = []

    @tool(reads=True)
    def search_mail(self, arguments: Words) -> str:
        """Find messages in the mailbox."""
        found = _matching(self._mail.values(), arguments.words)
        lines = [f"{one['id']}: {one['date']}, {one['from']}: {one['subject']}" for one in found]
        return "\n".join(lines) or "No message."

    @tool(reads=True)
    def read_mail(self, arguments: MailId) -> str:
        """Read a message."""
        one = _found(self._mail, arguments.id, "message")
        return (
            f"From: {one['from']}\nDate: {one['date']}\nSubject: {one['subject']}\n\n{one['text']}"
        )

    @tool(reads=True)
    def find_contact(self, arguments: Words) -> str:
        """Find people's addresses by their names."""
        wanted = arguments.words.casefold().split()
        found = [
            f"{name}: {address}"
            for name, address in self._contacts.items()
            if all(word in f"{name} {address}".casefold() for word in wanted)
        ]
        return "\n".join(found) or "Nobody."

    @tool(irreversible=True)
    def send_mail(self, arguments: NewMail) -> str:
        """Send a message. This cannot be undone."""
        to = [self._contacts.get(one, _address(one)) for one in arguments.to]
        unknown = [one for one in to if "@" not in one]
        if unknown:
            raise Refused(f"There is no address of {', '.join(unknown)}.")
        self._sent.append({"to": to, "subject": arguments.subject, "text": arguments.text})
        return f"Sent to {', '.join(to)}."

    def data(self) -> Mapping[str, Any]:
        """What was sent, in order."""
        return {"sent": [dict(one) for one in self._sent]}


# Receipts and expenses ----------------------------------------------------------------------------


class ReceiptEntry(FileModel):
    """A photographed receipt, as text."""

    id: Id
    text: Text
    """What stands on it."""
    tags: tuple[Text, ...] = ()


class ExpensesState(FileModel):
    """Receipts, and the form that they are to be put into."""

    receipts: tuple[ReceiptEntry, ...] = ()
    categories: tuple[Text, ...] = ("travel", "meals", "lodging", "supplies", "other")
    limit: Annotated[Number, Field(gt=0)] | None = None
    """What one expense may cost at most; more is refused."""


class ReceiptId(Arguments):
    """Arguments of `read_receipt`."""

    id: Annotated[str, Field(description="The receipt's id.")]


class Tagging(Arguments):
    """Arguments of `tag_receipt`."""

    id: Annotated[str, Field(description="The receipt's id.")]
    tags: Annotated[list[str], Field(description="All its tags from now on.")]


class NewExpense(Arguments):
    """Arguments of `add_expense`."""

    receipt: Annotated[str, Field(description="The receipt's id.")]
    date: Annotated[str, Field(description="The day: 2026-03-09.")]
    amount: Annotated[float, Field(gt=0, description="What was paid.")]
    currency: Annotated[str, Field(description="Its three letters: EUR.")]
    category: Annotated[str, Field(description="One of the form's categories.")]
    note: Annotated[str, Field(description="What it was for.")] = ""


class Line(Arguments):
    """Arguments of `remove_expense`."""

    receipt: Annotated[str, Field(description="The id of its receipt.")]


class Expenses(Part):
    """Receipts with tags, and an expense form that is filled in and then submitted."""

    State = ExpensesState

    def __init__(self, state: ExpensesState, setting: Setting) -> None:
        self._receipts = {one.id: one.text for one in state.receipts}
        self._tags = {one.id: list(one.tags) for one in state.receipts}
        self._categories, self._limit = state.categories, state.limit
        self._form: dict[str, dict[str, Any]] = {}
        self._submitted = False

    @tool(reads=True)
    def list_receipts(self, arguments: Nothing) -> str:
        """See which receipts there are, with their tags."""
        lines = [
            f"{name}: {text.splitlines()[0]} [{', '.join(self._tags[name])}]"
            for name, text in self._receipts.items()
        ]
        return "\n".join(lines) or "No receipts."

    @tool(reads=True)
    def read_receipt(self, arguments: ReceiptId) -> str:
        """Read what stands on a receipt."""
        if arguments.id not in self._receipts:
            raise Refused(f"There is no receipt {arguments.id}.")
        return self._receipts[arguments.id]

    @tool()
    def tag_receipt(self, arguments: Tagging) -> str:
        """Give a receipt other tags."""
        if arguments.id not in self._receipts:
            raise Refused(f"There is no receipt {arguments.id}.")
        self._tags[arguments.id] = list(dict.fromkeys(arguments.tags))
        return f"{arguments.id} is tagged {', '.join(self._tags[arguments.id]) or 'with nothing'}."

    @tool(reads=True)
    def read_form(self, arguments: Nothing) -> str:
        """See the expense form: its categories and what stands in it."""
        lines = [
            f"{name}: {one['date']}, {one['amount']:.2f} {one['currency']}, {one['category']}"
            for name, one in self._form.items()
        ]
        state = "submitted" if self._submitted else "not submitted"
        return f"Categories: {', '.join(self._categories)}. {state}.\n" + "\n".join(lines)

    @tool()
    def add_expense(self, arguments: NewExpense) -> str:
        """Put a receipt into the expense form."""
        if self._submitted:
            raise Refused("The form is submitted already.")
        if arguments.receipt not in self._receipts:
            raise Refused(f"There is no receipt {arguments.receipt}.")
        if arguments.category not in self._categories:
            raise Refused(f"There is no category {arguments.category}: {self._categories}.")
        if self._limit is not None and arguments.amount > self._limit:
            raise Refused(f"More than {self._limit:g} needs a person's approval.")
        line = arguments.model_dump()
        self._form[line.pop("receipt")] = line
        return f"The form has {len(self._form)} lines."

    @tool()
    def remove_expense(self, arguments: Line) -> str:
        """Take a line out of the expense form."""
        if self._submitted or arguments.receipt not in self._form:
            raise Refused("There is no such line to take out.")
        del self._form[arguments.receipt]
        return f"The form has {len(self._form)} lines."

    @tool(irreversible=True)
    def submit_expenses(self, arguments: Nothing) -> str:
        """Hand the expense form in. This cannot be undone."""
        if self._submitted or not self._form:
            raise Refused("There is nothing to hand in.")
        self._submitted = True
        return f"Handed in, {len(self._form)} lines."

    def data(self) -> Mapping[str, Any]:
        """Tags by receipt, the lines of the form by receipt, and whether it was handed in."""
        return {
            "tags": {name: list(tags) for name, tags in self._tags.items()},
            "expenses": {name: dict(one) for name, one in self._form.items()},
            "submitted": self._submitted,
        }


# Shop ---------------------------------------------------------------------------------------------


class ItemEntry(FileModel):
    """Something that can be bought."""

    id: Id
    name: Text
    price: Annotated[Number, Field(gt=0)]
    about: str = ""
    stock: Annotated[Whole, Field(ge=0)] = 99


class ShopState(FileModel):
    """What the shop sells."""

    items: tuple[ItemEntry, ...] = ()
    currency: Text = "EUR"


class ItemId(Arguments):
    """Arguments of `read_item`."""

    id: Annotated[str, Field(description="The item's id.")]


class Order(Arguments):
    """Arguments of `place_order`."""

    item: Annotated[str, Field(description="The item's id.")]
    quantity: Annotated[int, Field(ge=1, description="How many.")] = 1
    address: Annotated[str, Field(description='Where to; "": the usual address.')] = ""


class Shop(Part):
    """A shop in which orders are final."""

    State = ShopState

    def __init__(self, state: ShopState, setting: Setting) -> None:
        self._items = {one.id: one.model_dump() for one in state.items}
        self._currency = state.currency
        self._orders: list[dict[str, Any]] = []

    @tool(reads=True)
    def search_shop(self, arguments: Words) -> str:
        """Find items in the shop."""
        found = _matching(self._items.values(), arguments.words)
        lines = [f"{one['id']}: {one['name']}, {one['price']:g} {self._currency}" for one in found]
        return "\n".join(lines) or "Nothing."

    @tool(reads=True)
    def read_item(self, arguments: ItemId) -> str:
        """Read all about an item."""
        one = _found(self._items, arguments.id, "item")
        price = f"{one['price']:g} {self._currency}"
        return f"{one['name']}, {price}, {one['stock']} in stock. {one['about']}".strip()

    @tool(irreversible=True)
    def place_order(self, arguments: Order) -> str:
        """Buy something. This spends the user's money and cannot be undone."""
        item = _found(self._items, arguments.item, "item")
        if arguments.quantity > item["stock"]:
            raise Refused(f"Only {item['stock']} in stock.")
        item["stock"] -= arguments.quantity
        self._orders.append(arguments.model_dump())
        cost = item["price"] * arguments.quantity
        return f"Ordered {arguments.quantity} x {item['name']} for {cost:g} {self._currency}."

    def data(self) -> Mapping[str, Any]:
        """What was ordered, in order."""
        return {"orders": [dict(one) for one in self._orders]}
