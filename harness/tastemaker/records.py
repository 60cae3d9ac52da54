"""The records that pass from stage to stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

NO_ANSWER = "no_answer"
"""The reason beside a score of 0 where the task found no answer in the reply at all."""

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """One call of a tool by the model."""

    name: str
    arguments: Mapping[str, Any]
    id: str = ""
    unread: str = ""
    """Why its arguments could not be read; then it was not carried out."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a conversation, as text."""

    role: Role
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    """For role "tool": the id of the call that this message answers."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a tool by the model in an environment, and what came of it."""

    name: str
    arguments: Mapping[str, Any]
    message: int = 0
    """Place in `Reply.messages` of the message that made it, from 0."""
    ok: bool = True
    """Whether the tool did what was asked; a call that was refused changed nothing."""
    answer: str = ""
    """What the tool said."""
    reads: bool = False
    """Whether the tool only looks; every other call is an act."""
    malformed: bool = False
    """Whether it was refused for its form: no such tool, or arguments that it does not take."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A document as one call left it."""

    document: str
    """Its id."""
    by: str = ""
    """The tool that made this version; "" as the scenario gave it."""
    text: str
    form: Literal["prose", "code"] = "prose"


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment of the model on a passage of a document."""

    document: str
    start: int
    end: int
    """The passage, in characters of the document as it stood when the comment was made."""
    anchor: str
    """The passage itself."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Work:
    """What was done in an environment while the model replied."""

    calls: tuple[Call, ...] = ()
    versions: tuple[Version, ...] = ()
    """All versions of all documents, oldest first."""
    comments: tuple[Comment, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    """The environment as the scenario gave it, as plain data."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """The environment at the end, in the same form."""
    irreversible: tuple[str, ...] = ()
    """The tools that were offered whose work nothing undoes."""


NOTHING_DONE = Work()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What checks and judges look at: one reply with what led to it."""

    text: str
    """The final reply of the model; "" when it said nothing."""
    prompt: str = ""
    """The last thing the user said before the reply."""
    messages: tuple[Message, ...] = ()
    """The whole conversation, without the arm's system prompt, the final reply included."""
    document: str | None = None
    """The document as it stands at the end, where the scenario has one."""
    reference: str | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)
    """What the scenario supplies for checks."""
    labels: Mapping[str, str] = field(default_factory=dict)
    own: tuple[int, ...] = ()
    """Places in `messages`, from 0, of those that the model made; the scenario wrote the others."""
    work: Work = NOTHING_DONE
    """What was done beside talking; nothing where the scenario plays in no environment."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer to one criterion for one reply."""

    value: float | None
    """Satisfied from 0 to 1 as asked (a negative weight is not applied yet); None when unscored."""
    reason: str = ""
    """Why, in a few words; for None one of the unscored reasons of STATS and DESIGN."""
    quote: str = ""
    """The passage of the reply that shows it, verbatim; "" when there is none."""
    votes: tuple[tuple[str, float | None], ...] = ()
    """(grader, value) of each answer that was reduced to this one; () when there was one alone."""
    should: str | None = None
    """Of a choice, what the scenario called for: a tool, "none", "yes"; None: no choice."""
    did: str | None = None
    """What was chosen; None where it is no choice, or nobody knows."""


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One row of `scores.parquet`: what one arm got for one principle or criterion of one reply."""

    eval: str
    dataset: str = ""
    dataset_version: int = 1
    dataset_hash: str = ""
    rubric: str = ""
    rubric_version: int = 1
    rubric_hash: str = ""
    arm: str
    model: str = ""
    scenario: str
    cluster: str
    stratum: str = ""
    stratum_weight: float | None = None
    """W_h inside the eval; None counts the stratum by the number of its scenarios."""
    scenario_weight: float = 1.0
    split: str = "dev"
    format: str = "plain"
    labels: str = "{}"
    """JSON: the scenario's labels."""
    seed: int
    """The epoch, 1 to K."""
    provider_seed: int | None = None
    """The seed asked of the provider."""
    principle: str
    criterion: str | None = None
    """None: the principle's score of the reply, which is what statistics read."""
    weight: float = 1.0
    """The criterion's weight; negative where met is bad, in this scenario."""
    grader: str = ""
    """"check", or the model that judged."""
    value: float | None
    """In [0, 1]; None is unscored, with a reason. Of a criterion: as asked, so that `weight` turns
    it where met is bad."""
    reason: str = ""
    should: str | None = None
    """Of a choice, what the scenario called for; None: no choice."""
    did: str | None = None
    """What was chosen; None where it is no choice, or nobody knows."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    cost: float | None = None
    """In dollars."""
    calls: int | None = None
    """How often the model under test was asked for this reply; None where nobody counted."""
    grader_calls: int | None = None
    """How often judges were asked about the reply; None where none was."""
    grader_replayed: int | None = None
    """How many of these calls were answered by what had been kept from before."""
    grader_input_tokens: int | None = None
    grader_output_tokens: int | None = None
    grader_cost: float | None = None
    """In dollars, of all answers, also of those that were kept from before."""
    grader_paid: float | None = None
    """In dollars, without the answers that were kept from before."""
    votes: str | None = None
    """JSON: [grader, value] of each of several answers to a criterion; of a principle, the score
    by each grader of a panel alone. None where one grader answered once."""
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplyRow:
    """One row of `replies.parquet`: what one arm said, and why it was graded so."""

    eval: str
    scenario: str
    arm: str
    seed: int
    prompt: str
    messages: str
    """JSON: a list of {"role", "text", "tool_calls"}."""
    reply: str
    document: str | None = None
    """The document as it stood at the end, where there is one."""
    versions: str = "[]"
    """JSON: all versions of all documents, a list of {"document", "by", "text", "form"}."""
    findings: str = "{}"
    """JSON: by "principle/criterion", {"value", "reason", "quote"}."""
    labels: str = "{}"
    """JSON: the scenario's labels."""
    error: str = ""
    """Why there is no reply; "" when there is one."""


Preference = Literal["a", "b", "tie"]
Order = Literal["ab", "ba"]


@dataclass(frozen=True, kw_only=True)
class PreferenceRow:
    """One row of `preferences.parquet`: one answer about two arms' replies to one scenario."""

    eval: str
    dataset: str = ""
    dataset_version: int = 1
    dataset_hash: str = ""
    scenario: str
    cluster: str
    stratum: str = ""
    stratum_weight: float | None = None
    """W_h inside the eval; None counts the stratum by the number of its scenarios."""
    scenario_weight: float = 1.0
    split: str = "dev"
    format: str = "plain"
    labels: str = "{}"
    """JSON: the scenario's labels."""
    seed: int
    """The epoch, 1 to K, of both replies."""
    principle: str | None = None
    """The principle that was asked about; None: which reply is better, all in all."""
    arm_a: str
    arm_b: str
    order: str
    """"ab" when the reply of arm_a was shown first, "ba" when that of arm_b was."""
    preference: str | None
    """"a", "b" or "tie"; None is unscored, with a reason."""
    reason: str = ""
    quote: str = ""
    """The passage that decided, verbatim; "" when there is none."""
    grader: str = ""
    sample: int = 1
    """Which time this grader was asked, from 1."""
    characters_a: float | None = None
    characters_b: float | None = None
    words_a: float | None = None
    words_b: float | None = None
    headings_a: float | None = None
    headings_b: float | None = None
    list_items_a: float | None = None
    list_items_b: float | None = None
    bold_a: float | None = None
    bold_b: float | None = None
    """Length and Markdown's dress of both replies; None where it is not known."""
    grader_calls: int | None = None
    """None where no judge was asked."""
    grader_input_tokens: int | None = None
    grader_output_tokens: int | None = None
    grader_cost: float | None = None
    """In dollars."""
