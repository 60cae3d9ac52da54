"""Packets: what one rater is to rate, as a spreadsheet or on paper, without the arms' names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tastemaker.calibration import Voice
from tastemaker.marks import CONSENSUS, Item, Mark, PairMark
from tastemaker.rating.adjudication import Disagreement
from tastemaker.rating.exchange import Codes
from tastemaker.rating.questions import ANSWERS, CANNOT_ASSESS, Questions, answer_text
from tastemaker.rating.ratable import Criteria, Ratable, Read
from tastemaker.rating.sheets import Value
from tastemaker.rubric import Criterion

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
PREFERENCES = ("A is better", "equally good", "B is better", "cannot say")
TEMPLATE = Path(__file__).parent / "templates" / "packet.html"

Replies = Mapping[tuple[str, str, int, str], Read]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question as it is printed."""

    name: str
    text: str
    note: str = ""
    answers: tuple[str, ...]
    anchors: tuple[tuple[str, str], ...] = ()
    """(answer, a reply that shows it)."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One reply, or two side by side, with the questions about it."""

    number: int
    item: Item
    code: str
    other_code: str = ""
    read: Read
    other: Read | None = None
    questions: tuple[Question, ...]

    @property
    def scenario(self) -> str:
        """Its id."""
        return self.item.scenario

    @property
    def seed(self) -> int:
        """The epoch."""
        return self.item.seed


class Packet:
    """What one rater is to rate."""

    def __init__(
        self,
        items: Iterable[Item],
        replies: Replies,
        ratable: Ratable,
        questions: Questions,
        codes: Codes,
        criteria: Criteria,
    ) -> None:
        """Of a rater's items; those whose reply is no longer there are left out."""
        self.ratable, self.questions, self.codes = ratable, questions, codes
        self.criteria: Criteria = criteria
        self.pages = [
            self._page(item, replies)
            for item in items
            if _key(item, item.arm) in replies
            and (not item.other or _key(item, item.other) in replies)
        ]

    def _page(self, item: Item, replies: Replies) -> Page:
        other = item.other
        asked = self._pair_questions(item) if other else self._questions(item)
        code = self.codes.code(*_key(item, item.arm))
        other_code = self.codes.code(*_key(item, other)) if other else ""
        return Page(
            number=item.number + 1,
            item=item,
            code=f"{code} {other_code}".strip(),
            other_code=other_code,
            read=replies[_key(item, item.arm)],
            other=replies[_key(item, other)] if other else None,
            questions=tuple(asked),
        )

    def _questions(self, item: Item) -> Iterator[Question]:
        for name in self.ratable.asked((item.eval, item.scenario), self.criteria):
            criterion = self.questions.criterion(item.eval, item.scenario, name)
            yield printed(name, criterion)

    def _pair_questions(self, item: Item) -> Iterator[Question]:
        yield Question(name="", text="As a whole, which reply is better?", answers=PREFERENCES)
        asked = self.ratable.asked((item.eval, item.scenario), self.criteria)
        rubric = self.questions.rubrics.get(item.eval)
        for name in dict.fromkeys(one.partition("/")[0] for one in asked):
            known = rubric.principles.get(name) if rubric else None
            text = known.text if known and known.text else f"Which is better in {name}?"
            yield Question(name=name, text=text, answers=PREFERENCES)

    def rows(self, marks: Iterable[Mark]) -> list[dict[str, Value]]:
        """As rows of `COLUMNS`, one a criterion; what the rater has answered already stands there.

        Prompt and reply stand in the first row of each reply alone.
        """
        said = {(*_key(one, one.arm), one.criterion): one for one in marks}
        rows: list[dict[str, Value]] = []
        for page in self.pages:
            for place, question in enumerate(page.questions):
                item, texts = page.item, place == 0
                mark = said.get((*_key(item, item.arm), question.name))
                levels = self.questions.levels(item.eval, item.scenario, question.name)
                rows.append(
                    _base(page)
                    | {
                        "arm": page.code,
                        "prompt": prompt_text(page.read) if texts else "",
                        "reply": page.read.reply if texts else "",
                        "criterion": question.name,
                        "question": question_text(question),
                        "value": answer_text(mark.value, levels) if mark else "",
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
            for place, question in enumerate(page.questions):
                item, texts = page.item, place == 0
                mark = said.get((*_key(item, item.arm), item.other, question.name))
                rows.append(
                    _base(page)
                    | {
                        "arm_a": page.code.split()[0],
                        "arm_b": page.other_code,
                        "order": "ab",
                        "prompt": prompt_text(page.read) if texts else "",
                        "reply_a": page.read.reply if texts else "",
                        "reply_b": page.other.reply if texts and page.other else "",
                        "principle": question.name,
                        "question": f"{question.text} a, b, tie or {CANNOT_ASSESS}",
                        "preference": (mark.preference or CANNOT_ASSESS) if mark else "",
                        "note": mark.note if mark else "",
                    }
                )
        return rows

    def html(self, rater: str) -> str:
        """As a page to print, one reply (or pair) a sheet; everything in it is escaped."""
        from jinja2 import Environment, StrictUndefined

        environment = Environment(autoescape=True, undefined=StrictUndefined)
        template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
        pairs = any(page.other for page in self.pages)
        return template.render(rater=rater, pages=self.pages, pairs=pairs)


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


def printed(name: str, criterion: Criterion | None) -> Question:
    """A criterion as it is printed; of one that the rubric no longer has, the name."""
    if criterion is None:
        return Question(name=name, text=name, answers=tuple(ANSWERS))
    answers = (*criterion.levels, CANNOT_ASSESS) if criterion.levels else tuple(ANSWERS)
    anchors = [
        *(("MET", text) for text in criterion.met),
        *(("UNMET", text) for text in criterion.unmet),
        *((level, text) for level, one in criterion.levels.items() for text in one.anchors),
    ]
    arguments = ", ".join(f"{key}: {value}" for key, value in criterion.arguments.items())
    text = criterion.ask or f"Does it pass the check {criterion.check} ({arguments})?"
    return Question(
        name=name, text=text, note=criterion.note, answers=answers, anchors=tuple(anchors)
    )


def question_text(question: Question) -> str:
    """A question with its note, its answers and its anchors, as the text of one cell."""
    lines = [question.text, question.note, f"Answer: {', '.join(question.answers)}"]
    lines += [f"{answer}: {text}" for answer, text in question.anchors]
    return "\n".join(line.strip() for line in lines if line.strip())


def prompt_text(read: Read) -> str:
    """The prompt with what was said before it, and the document, as the text of one cell."""
    before = [f"{role.capitalize()}: {text}" for role, text in read.before]
    last = f"User: {read.prompt}" if before else read.prompt
    document = [] if read.document is None else [f"Document:\n{read.document}"]
    return "\n\n".join([*before, last, *document])


def open_rows(
    found: Sequence[Disagreement], replies: Replies, questions: Questions, codes: Codes
) -> list[dict[str, Value]]:
    """Disagreements as rows of `OPEN_COLUMNS`, to be settled: the rater is the consensus."""
    rows: list[dict[str, Value]] = []
    for number, one in enumerate(found, 1):
        key = (one.eval, one.scenario, one.seed, one.arm)
        read = replies.get(key)
        if read is None:
            continue
        question = printed(
            one.criterion, questions.criterion(one.eval, one.scenario, one.criterion)
        )
        levels = questions.levels(one.eval, one.scenario, one.criterion)
        rows.append(
            {
                "number": number,
                "eval": one.eval,
                "scenario": one.scenario,
                "seed": one.seed,
                "arm": codes.code(*key),
                "rater": CONSENSUS,
                "prompt": prompt_text(read),
                "reply": read.reply,
                "criterion": one.criterion,
                "question": question_text(question),
                "answers": "\n".join(side_text(side, levels) for side in one.sides),
            }
        )
    return rows


def side_text(side: Voice, levels: Mapping[str, float]) -> str:
    """What one side says, in a line: the answer, the quote, the note."""
    quote = f' "{side.quote}"' if side.quote else ""
    note = f" ({side.note})" if side.note else ""
    return f"{side.who}: {answer_text(side.value, levels)}{quote}{note}"
