"""Packets: what one rater is to rate, as a spreadsheet or on paper, without the arms' names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tastemaker.calibration import Voice
from tastemaker.marks import CONSENSUS, Item, Mark, PairMark
from tastemaker.rating.adjudication import Disagreement
from tastemaker.rating.exchange import Codes
from tastemaker.rating.material import Answered, Material, Question, Shown, Turn, keys_of
from tastemaker.rating.questions import CANNOT_ASSESS, answer_text
from tastemaker.rating.sheets import Value

COLUMNS = (
    "number",
    "eval",
    "scenario",
    "seed",
    "arm",
    "rater",
    "prompt",
    "reply",
    "criterion",
    "question",
    "value",
    "quote",
    "note",
)
PAIR_COLUMNS = (
    "number",
    "eval",
    "scenario",
    "seed",
    "arm_a",
    "arm_b",
    "order",
    "rater",
    "prompt",
    "reply_a",
    "reply_b",
    "principle",
    "question",
    "preference",
    "note",
)
OPEN_COLUMNS = (*COLUMNS[:10], "answers", *COLUMNS[10:])
PREFERENCES = {"a": "A is better", "b": "B is better", "tie": "Equally good"}
"""What stands on paper for answers about the two replies of a page, which are called A and B."""
TEMPLATE = Path(__file__).parent / "templates" / "packet.html"


@dataclass(frozen=True, kw_only=True)
class Page:
    """One reply, or two side by side, with the questions about it."""

    item: Item
    codes: tuple[str, ...]
    """Of the reply, or of the two in the order in which they are shown."""
    shown: Shown

    @property
    def number(self) -> int:
        """The place in the rater's order, from 1."""
        return self.item.number + 1


class Packet:
    """What one rater is to rate: the same texts and questions as on the page."""

    def __init__(self, items: Iterable[Item], material: Material, codes: Codes) -> None:
        """Of a rater's items; those whose reply is no longer there are left out."""
        self.pages = [
            Page(
                item=item,
                codes=tuple(codes.code(*key) for key in keys_of([item])),
                shown=material.shown(item),
            )
            for item in items
            if not material.lacking(item)
        ]

    def rows(self, marks: Iterable[Mark]) -> list[dict[str, Value]]:
        """As rows of `COLUMNS`, one a criterion; what the rater has answered already stands there.

        Prompt and reply stand in the first row of each reply alone.
        """
        said = {(*_key(one, one.arm), one.criterion): one for one in marks}
        rows: list[dict[str, Value]] = []
        for page in self.pages:
            for place, question in enumerate(page.shown.questions):
                item, texts = page.item, place == 0
                mark = said.get((*_key(item, item.arm), question.id))
                rows.append(
                    _base(page)
                    | {
                        "arm": page.codes[0],
                        "prompt": prompt_text(page.shown) if texts else "",
                        "reply": reply_text(page.shown.replies[0]) if texts else "",
                        "criterion": question.id,
                        "question": question_text(question),
                        "value": answer_text(mark.value, levels(question)) if mark else "",
                        "quote": mark.quote if mark else "",
                        "note": mark.note if mark else "",
                    }
                )
        return rows

    def pair_rows(self, pairs: Iterable[PairMark]) -> list[dict[str, Value]]:
        """As rows of `PAIR_COLUMNS`, one for the whole and one a principle."""
        said = {(*_key(one, one.first), one.second, one.principle): one for one in pairs}
        rows: list[dict[str, Value]] = []
        for page in self.pages:
            for place, question in enumerate(page.shown.questions):
                item, texts = page.item, place == 0
                mark = said.get((*_key(item, item.arm), item.other, question.id))
                replies = [reply_text(one) if texts else "" for one in page.shown.replies]
                rows.append(
                    _base(page)
                    | {
                        "arm_a": page.codes[0],
                        "arm_b": page.codes[1],
                        "order": "ab",
                        "prompt": prompt_text(page.shown) if texts else "",
                        "reply_a": replies[0],
                        "reply_b": replies[1],
                        "principle": question.id,
                        "question": question_text(question, "a, b, tie"),
                        "preference": (mark.preference or CANNOT_ASSESS) if mark else "",
                        "note": mark.note if mark else "",
                    }
                )
        return rows

    def html(self, rater: str) -> str:
        """As a page to print, one reply (or pair) a sheet; everything in it is escaped."""
        from jinja2 import Environment, StrictUndefined

        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
        pairs = any(page.item.other for page in self.pages)
        return template.render(rater=rater, pages=self.pages, pairs=pairs, on_paper=PREFERENCES)


def _key(one: Item | Mark | PairMark, arm: str) -> tuple[str, str, int, str]:
    return one.eval, one.scenario, one.seed, arm


def _base(page: Page) -> dict[str, Value]:
    item = page.item
    return {
        "number": page.number,
        "eval": item.eval,
        "scenario": item.scenario,
        "seed": item.seed,
        "rater": item.rater,
    }


def levels(question: Question) -> dict[str, float]:
    """The answers to a question by name with their numbers, but for "cannot say"."""
    return {one.name: one.value for one in question.options if isinstance(one.value, float)}


def question_text(question: Question, answers: str = "") -> str:
    """A question with its note, its answers and its anchors, as the text of one cell."""
    answers = answers or ", ".join(levels(question))
    lines = [question.ask, question.note, f"Answer: {answers}, {CANNOT_ASSESS}"]
    lines += [f"{answer}: {text}" for answer, text in question.anchors]
    return "\n".join(line.strip() for line in lines if line.strip())


def prompt_text(shown: Shown) -> str:
    """The prompt with what was said before it, and what belongs to it, as the text of one cell.

    Of a pair in which the arms said something else before the prompt, what each of them said.
    """
    earlier = list(dict.fromkeys(_turns(reply.before) for reply in shown.replies))
    names = ("Before reply A:\n", "Before reply B:\n") if len(earlier) > 1 else ("",)
    before = [f"{name}{text}" for name, text in zip(names, earlier, strict=True) if text]
    last = f"User: {shown.prompt}" if before else shown.prompt
    documents = [f"{name}:\n{text}" for name, text in shown.documents]
    return "\n\n".join([*before, last, *documents])


def reply_text(reply: Answered) -> str:
    """A reply with what was done before it, as the text of one cell."""
    done = [_turns(reply.steps)] if reply.steps else []
    return "\n\n".join([*done, *filter(None, [reply.text]), *reply.calls])


def _turns(turns: Iterable[Turn]) -> str:
    return "\n\n".join(
        f"{turn.role.capitalize()}: {' '.join(filter(None, [turn.text, *turn.calls]))}"
        for turn in turns
    )


def open_items(found: Iterable[Disagreement]) -> list[Item]:
    """The replies that disagreements are about, to be settled: the rater is the consensus."""
    return [
        Item(
            number=number,
            rater=CONSENSUS,
            eval=one.eval,
            scenario=one.scenario,
            seed=one.seed,
            arm=one.arm,
        )
        for number, one in enumerate(found)
    ]


def open_rows(
    found: Sequence[Disagreement], material: Material, codes: Codes
) -> list[dict[str, Value]]:
    """Disagreements as rows of `OPEN_COLUMNS`; what the run does not have any more is left out.

    Args:
        found: What is to be settled.
        material: Of `open_items`, with checks.
        codes: Of replies.
    """
    rows: list[dict[str, Value]] = []
    for one, item in zip(found, open_items(found), strict=True):
        asked = [] if material.lacking(item) else material.questions(item)
        question = next((each for each in asked if each.id == one.criterion), None)
        if question is None:
            continue
        page = Page(
            item=item, codes=(codes.code(*_key(item, item.arm)),), shown=material.shown(item)
        )
        rows.append(
            _base(page)
            | {
                "arm": page.codes[0],
                "prompt": prompt_text(page.shown),
                "reply": reply_text(page.shown.replies[0]),
                "criterion": one.criterion,
                "question": question_text(question),
                "answers": "\n".join(side_text(side, levels(question)) for side in one.sides),
            }
        )
    return rows


def side_text(side: Voice, levels: Mapping[str, float]) -> str:
    """What one side says, in a line: the answer, the quote, the note."""
    quote = f' "{side.quote}"' if side.quote else ""
    note = f" ({side.note})" if side.note else ""
    return f"{side.who}: {answer_text(side.value, levels)}{quote}{note}"
