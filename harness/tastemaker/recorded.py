"""Replies, scores and preferences made elsewhere: no model is called for them."""

import csv
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tastemaker.errors import UserError
from tastemaker.experiment import Arm
from tastemaker.passages import shortened
from tastemaker.reading import delimiter, did_you_mean, shown, without_duplicates
from tastemaker.records import Call, Finding, PreferenceRow, ScoreRow, ToolCall
from tastemaker.rubric import Rubric, score_reply

MOST_PROBLEMS = 20
"""How many lines are named before the rest is counted."""
LARGEST_SEED = 2**53
"""Seeds above it are not told apart as floating-point numbers."""

Row = dict[str, Any]
Line = tuple[int, Row]

REPLY_COLUMNS = ("scenario", "seed", "reply")
REPLY_OPTIONS = ("eval", "model", "usage", "calls")
SCORE_COLUMNS = ("scenario", "seed", "principle", "value")
USAGE = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "input_tokens_cache_write",
    "input_tokens_cache_read",
    "reasoning_tokens",
)
"""What a reply may say it took, by Inspect's names."""
UNNAMED_EVAL = "scores"
"""What an eval is called that a scores file leaves unnamed."""
SCORE_OPTIONS = ("eval", "criterion", "cluster", "stratum", "weight", "should", "did")
PREFERENCE_COLUMNS = ("scenario", "seed", "arm_a", "arm_b", "order", "preference")
PREFERENCE_OPTIONS = (
    "eval",
    "principle",
    "cluster",
    "stratum",
    "weight",
    "length_a",
    "length_b",
    "rater",
    "note",
    "made",
    "about",
)
"""With the columns that people's preferences are exported with."""
UNSAID = ("", "CANNOT_ASSESS")
ORDERS = {"ab": "ba", "ba": "ab"}
"""The orders in which two replies are shown, and what each is when the arms change places."""
PREFERRED = ("a", "b", "tie")


RECORDED_MODEL = "none/none"
"""What stands for a model in the log of an arm whose replies were made elsewhere."""
LONGEST_CALL = 160
"""Characters of a call that a warning shows."""


@dataclass(frozen=True, kw_only=True)
class RecordedReply:
    """One line of a replies file."""

    scenario: str
    seed: int
    reply: str
    model: str = "recorded"
    usage: Mapping[str, int] = field(default_factory=dict)
    """Tokens: "input_tokens", "output_tokens", "total_tokens"."""
    calls: tuple[ToolCall, ...] = ()
    """What it called in the scenario's environment before it said this."""


@dataclass(frozen=True, kw_only=True)
class RecordedScore:
    """One line of a scores file."""

    scenario: str
    seed: int
    principle: str
    value: float | None
    """In [0, 1] after the declared range was applied; None where the file leaves it empty."""
    eval: str = UNNAMED_EVAL
    criterion: str | None = None
    cluster: str = ""
    """The scenario itself where the file says nothing."""
    stratum: str = ""
    weight: float = 1.0
    """Of the scenario; of the criterion where one is named."""
    should: str | None = None
    """Of a choice, what the scenario called for; None: no choice."""
    did: str | None = None
    """What was chosen; None where the file leaves it empty."""


Replies = dict[tuple[str, int], RecordedReply]
"""Of one eval, by scenario and seed."""


def read_replies_file(path: Path, scenarios: Mapping[str, Iterable[str]]) -> dict[str, Replies]:
    """The replies of a JSONL (or CSV, or Parquet) file, by eval.

    Args:
        path: Columns scenario, seed, reply; optional eval, model, usage, calls.
        scenarios: The scenarios of each eval; a row without an eval belongs to the only one that
            has its scenario.

    Raises:
        UserError: Naming each line with an unknown eval or scenario, a seed below 1, no text, a
            usage that is not numbers, or a (scenario, seed) that stood before.
    """
    known = {name: set(ids) for name, ids in scenarios.items()}
    problems = _Problems(path)
    replies: dict[str, Replies] = {name: {} for name in known}
    for line, row in _lines(path, REPLY_COLUMNS, REPLY_OPTIONS, problems):
        try:
            home, reply = _home(row, known), _reply(row)
        except ValueError as wrong:
            problems.add(line, str(wrong))
            continue
        key = (reply.scenario, reply.seed)
        if key in replies[home]:
            problems.add(line, f"scenario '{reply.scenario}', seed {reply.seed} stands twice")
        else:
            replies[home][key] = reply
    problems.raise_any()
    return replies


def _home(row: Row, known: Mapping[str, set[str]]) -> str:
    """The eval of a reply; a ValueError that says what is wrong with it."""
    named, scenario = _text(row.get("eval")), _text(row.get("scenario"))
    if named and named not in known:
        raise ValueError(f"unknown eval '{named}'{did_you_mean(named, known)}")
    homes = [name for name, ids in known.items() if scenario in ids and named in ("", name)]
    if len(homes) > 1:
        told = " and ".join(homes)
        raise ValueError(f"scenario '{scenario}' is in {told}: name one in a column 'eval'")
    if not homes:
        there = known[named] if named else set().union(*known.values())
        raise ValueError(f"unknown scenario '{scenario}'{did_you_mean(scenario, there)}")
    return homes[0]


def _reply(row: Row) -> RecordedReply:
    """The reply of a row; a ValueError that says what is wrong with it."""
    seed, text = _seed(row.get("seed")), row.get("reply")
    if seed is None:
        raise ValueError(f"expected a seed of 1 or more, found {row.get('seed')!r}")
    if not isinstance(text, str):
        raise ValueError("expected the reply as text")
    return RecordedReply(
        scenario=_text(row.get("scenario")),
        seed=seed,
        reply=text,
        model=_text(row.get("model")) or "recorded",
        usage=_usage(row.get("usage") or {}),
        calls=_calls(row.get("calls") or []),
    )


def read_scores_file(
    path: Path,
    *,
    limits: tuple[float, float] = (0.0, 1.0),
    scenarios: Mapping[str, Iterable[str]] | None = None,
) -> list[RecordedScore]:
    """The scores of a CSV, JSONL or Parquet file.

    Args:
        path: Columns scenario, seed, principle, value; optional eval, criterion, cluster, stratum,
            weight, should, did.
        limits: The declared range of `value`, mapped to [0, 1].
        scenarios: The scenarios of each eval, where they are known; a row without an eval belongs
            to the only one.

    Raises:
        UserError: Naming each line with an unknown eval or scenario, a value outside the range, a
            seed below 1, or a key that stood before.
    """
    known = None if scenarios is None else {name: set(ids) for name, ids in scenarios.items()}
    problems = _Problems(path)
    seen: set[tuple[str, str, int, str, str | None]] = set()
    scores = []
    for line, row in _lines(path, SCORE_COLUMNS, SCORE_OPTIONS, problems):
        score = _score(row, limits, known)
        if isinstance(score, str):
            problems.add(line, score)
            continue
        key = (score.eval, score.scenario, score.seed, score.principle, score.criterion)
        if key in seen:
            problems.add(line, f"{_told(score)} stands twice")
        seen.add(key)
        scores.append(score)
    problems.raise_any()
    if not scores:
        raise UserError(f"{shown(path)}: no scores in it")
    return scores


def _told(score: RecordedScore) -> str:
    home = f"eval '{score.eval}', " if score.eval != UNNAMED_EVAL else ""
    criterion = f", criterion '{score.criterion}'" if score.criterion else ""
    return (
        f"{home}scenario '{score.scenario}', seed {score.seed}, "
        f"principle '{score.principle}'{criterion}"
    )


def _score(
    row: Row, limits: tuple[float, float], known: Mapping[str, set[str]] | None
) -> RecordedScore | str:
    """The score of a row, or what is wrong with it."""
    scenario, seed = _text(row.get("scenario")), _seed(row.get("seed"))
    principle, home = _text(row.get("principle")), _text(row.get("eval"))
    if known is None:
        home = home or UNNAMED_EVAL
    else:
        home = home or (next(iter(known)) if len(known) == 1 else "")
        if home not in known:
            return f"unknown eval '{home}'{did_you_mean(home, known)}"
        if scenario not in known[home]:
            return f"unknown scenario '{scenario}'{did_you_mean(scenario, known[home])}"
    if not scenario or not principle:
        return f"expected text for '{'principle' if scenario else 'scenario'}', found none"
    if seed is None:
        return f"expected a seed of 1 or more, found {row.get('seed')!r}"
    value = _number(row.get("value"))
    if value is not None and not limits[0] <= value <= limits[1]:  # also where it is NaN
        return f"expected a value from {limits[0]:g} to {limits[1]:g}, found {row.get('value')!r}"
    weight = _number(row.get("weight"))
    criterion = _text(row.get("criterion")) or None
    if weight is not None and not (
        math.isfinite(weight) and (weight > 0 or (criterion and weight))
    ):
        wanted = "other than 0" if criterion else "above 0"
        return f"expected a weight {wanted}, found {row.get('weight')!r}"
    should, did = _text(row.get("should")) or None, _text(row.get("did")) or None
    if did is not None and should is None:
        return f"'did' says what was chosen ({did}), and 'should' does not say what was called for"
    return RecordedScore(
        scenario=scenario,
        seed=seed,
        principle=principle,
        value=None if value is None else (value - limits[0]) / (limits[1] - limits[0]),
        eval=home,
        criterion=criterion,
        cluster=_text(row.get("cluster")) or scenario,
        stratum=_text(row.get("stratum")),
        weight=1.0 if weight is None else weight,
        should=should,
        did=did,
    )


Asked = tuple[Rubric, Mapping[str, str]]
"""What a scenario is graded by: the rubric with its own criteria, and its labels."""


def score_rows(
    name: str,
    arm: Arm,
    *,
    scenarios: Mapping[str, Iterable[str]] | None = None,
    rubrics: Mapping[tuple[str, str], Asked] | None = None,
) -> list[ScoreRow]:
    """The rows of an arm that brings scores; errors as `read_scores_file`.

    Where a reply has scores for criteria and none for their principle, the principle's is what the
    rubric makes of them. Without a rubric it is their weighted mean (STATS section 1), unscored
    when one of them is, or is absent though another seed of the scenario has it.

    Args:
        name: Of the arm.
        arm: Names the file.
        scenarios: As `read_scores_file`.
        rubrics: By eval and scenario, where they are known.
    """
    assert arm.scores is not None
    read = read_scores_file(Path(arm.scores), limits=arm.range or (0.0, 1.0), scenarios=scenarios)
    told = {_reply_key(score) for score in read if score.criterion is None}
    parts: dict[tuple[str, str, str, int], list[RecordedScore]] = {}
    asked: dict[tuple[str, str, str], set[str]] = {}
    for score in read:
        key = _reply_key(score)
        if score.criterion is not None and key not in told:
            parts.setdefault(key, []).append(score)
            asked.setdefault(key[:3], set()).add(score.criterion)
    by = rubrics or {}
    whole = [
        _principle_score(scores, len(asked[key[:3]]))
        if key[:2] not in by
        else _score_by_rubric(scores, *by[key[:2]])
        for key, scores in parts.items()
    ]
    return [_row(name, score) for score in (*read, *whole)]


def score_place(arm: Arm, scenario: str) -> str:
    """Where a scenario stands first in the scores of an arm, as "file:line"."""
    assert arm.scores is not None
    path = Path(arm.scores)
    lines = _lines(path, SCORE_COLUMNS, SCORE_OPTIONS, _Problems(path))
    found = next((line for line, row in lines if _text(row.get("scenario")) == scenario), None)
    return shown(path) if found is None else f"{shown(path)}:{found}"


def _reply_key(score: RecordedScore) -> tuple[str, str, str, int]:
    return score.eval, score.scenario, score.principle, score.seed


def _principle_score(scores: list[RecordedScore], criteria: int) -> RecordedScore:
    total, value = sum(abs(score.weight) for score in scores), 0.0
    missing = len(scores) < criteria or any(score.value is None for score in scores)
    for score in scores:
        share = score.value or 0.0
        value += abs(score.weight) * (share if score.weight > 0 else 1 - share) / total
    return _whole(scores, None if missing else min(value, 1.0))


def _score_by_rubric(
    scores: list[RecordedScore], rubric: Rubric, labels: Mapping[str, str]
) -> RecordedScore:
    """With the rubric's weights, musts and points; unscored where a criterion of it is absent."""
    findings = {
        (one.principle, one.criterion or ""): Finding(value=one.value, reason="missing")
        for one in scores
    }
    found = score_reply(rubric, findings, labels).get(scores[0].principle)
    return _whole(scores, found.value if found else None)


def _whole(scores: list[RecordedScore], value: float | None) -> RecordedScore:
    return replace(scores[0], criterion=None, weight=1.0, value=value, should=None, did=None)


def _row(arm: str, score: RecordedScore) -> ScoreRow:
    is_criterion = score.criterion is not None
    return ScoreRow(
        eval=score.eval,
        arm=arm,
        model="recorded",
        scenario=score.scenario,
        cluster=score.cluster,
        stratum=score.stratum,
        scenario_weight=1.0 if is_criterion else score.weight,
        seed=score.seed,
        principle=score.principle,
        criterion=score.criterion,
        weight=score.weight if is_criterion else 1.0,
        grader="recorded",
        value=score.value,
        reason="" if score.value is not None else "missing",
        should=score.should,
        did=score.did,
    )


Known = Mapping[tuple[str, str], PreferenceRow]
"""What is known of each scenario, by (eval, scenario): a row with all but the answer."""


def preference_rows(
    path: Path, *, arms: Collection[str], known: Known, principles: Collection[str], whole: bool
) -> list[PreferenceRow]:
    """The rows of a CSV, JSONL or Parquet file of preferences.

    Args:
        path: Columns scenario, seed, arm_a, arm_b, order ("ab": the reply of arm_a was shown
            first), preference ("a", "b", "tie", or nothing); optional eval, principle, cluster,
            stratum, weight, and length_a and length_b in characters.
        arms: The arms of the experiment.
        known: Its scenarios; a row without an eval belongs to the only one.
        principles: What its rubrics or scores measure.
        whole: Whether `known` has all evals there are; else the file may bring an eval of its own,
            and say what its scenarios weigh.

    Raises:
        UserError: Naming each line with an unknown name, an order or a preference that is none, a
            seed below 1, a scenario told otherwise before or in `known`, or an answer that stood
            before.
    """
    problems = _Problems(path)
    reader = _PreferenceReader(arms, known, principles, whole)
    rows = []
    for line, row in _lines(path, PREFERENCE_COLUMNS, PREFERENCE_OPTIONS, problems):
        found = reader.read(row)
        if isinstance(found, str):
            problems.add(line, found)
        else:
            rows.append(found)
    problems.raise_any()
    if not rows:
        raise UserError(f"{shown(path)}: no preferences in it")
    return rows


def with_gaps(
    rows: Sequence[PreferenceRow],
    known: Known,
    measured: Mapping[tuple[str, str], Collection[str]],
    arms: Sequence[str],
) -> list[PreferenceRow]:
    """The rows of a file, and one without an answer for each pair that it leaves out.

    What a file leaves out is unscored, as a score would be: else it could leave out what is not
    liked. Expected is, of each question and seed that the file has, every known scenario that the
    question is about, between the baseline and each candidate. A file with evals of its own alone
    is about nothing that is known.

    Args:
        rows: Of the file.
        known: The scenarios of the experiment.
        measured: Their principles.
        arms: The baseline, then the candidates.
    """
    if not {row.eval for row in rows} & {home for home, _ in known}:
        return list(rows)
    there = {_compared(row) for row in rows}
    seeds = sorted({row.seed for row in rows})
    gaps = [
        replace(
            base, principle=name, seed=seed, arm_a=arm, arm_b=arms[0], grader="recorded",
            reason="missing",
        )
        for name in dict.fromkeys(row.principle for row in rows)
        for key, base in known.items()
        if name is None or name in measured[key]
        for seed in seeds
        for arm in arms[1:]
    ]  # fmt: skip
    return [*rows, *(gap for gap in gaps if _compared(gap) not in there)]


def _compared(row: PreferenceRow) -> tuple[Any, ...]:
    """What tells pairs apart, whoever judged them, and in whatever order."""
    return row.eval, row.scenario, row.seed, row.principle, frozenset((row.arm_a, row.arm_b))


class _PreferenceReader:
    """Rows of a file of preferences, each held against those before it."""

    def __init__(
        self, arms: Collection[str], known: Known, principles: Collection[str], whole: bool
    ) -> None:
        self.arms, self.known, self.principles, self.whole = arms, known, principles, whole
        self.evals: dict[str, set[str]] = {}
        for home, scenario in known:
            self.evals.setdefault(home, set()).add(scenario)
        self._told: dict[tuple[str, str], tuple[str, str, float]] = {}
        self._seen: set[tuple[Any, ...]] = set()

    def read(self, row: Row) -> PreferenceRow | str:
        """The row, or what is wrong with it."""
        home = _text(row.get("eval")) or (next(iter(self.evals)) if len(self.evals) == 1 else "")
        wrong = self._wrong_names(row, home) or _wrong_answer(row)
        if wrong:
            return wrong
        base = self._base(row, home)
        if isinstance(base, str):
            return base
        lengths = [_number(row.get(name)) for name in ("length_a", "length_b")]
        unsaid = _text(row["preference"]) in UNSAID
        found = replace(
            base,
            seed=_seed(row.get("seed")) or 1,
            principle=_text(row.get("principle")) or None,
            arm_a=_text(row["arm_a"]),
            arm_b=_text(row["arm_b"]),
            order=_text(row["order"]),
            preference=None if unsaid else _text(row["preference"]),
            reason="missing" if unsaid else "",
            grader=_text(row.get("rater")) or "recorded",
            characters_a=lengths[0],
            characters_b=lengths[1],
        )
        return self._repeated(found) or found

    def _wrong_names(self, row: Row, home: str) -> str:
        scenario, principle = _text(row.get("scenario")), _text(row.get("principle"))
        for name in ("arm_a", "arm_b"):
            arm = _text(row.get(name))
            if arm not in self.arms:
                return f"unknown arm '{arm}' in '{name}'{did_you_mean(arm, self.arms)}"
        if _text(row["arm_a"]) == _text(row["arm_b"]):
            return f"arm '{row['arm_a']}' is compared with itself"
        if not scenario:
            return "expected text for 'scenario', found none"
        if home not in self.evals and (self.whole or not home):
            return f"unknown eval '{home}'{did_you_mean(home, self.evals)}"
        scenarios = self.evals.get(home)
        if scenarios is not None and scenario not in scenarios:
            return f"unknown scenario '{scenario}'{did_you_mean(scenario, scenarios)}"
        if principle and principle not in self.principles:
            return f"unknown principle '{principle}'{did_you_mean(principle, self.principles)}"
        return ""

    def _base(self, row: Row, home: str) -> PreferenceRow | str:
        """All but the answer: as the experiment has it, or as the file says of an eval it brings.

        Clusters and weights decide how much an answer counts: a file that has others for a scenario
        than the scores would be another experiment.
        """
        scenario = _text(row["scenario"])
        base = self.known.get((home, scenario))
        weight = _number(row.get("weight"))
        if weight is not None and not (math.isfinite(weight) and weight > 0):
            return f"expected a weight above 0, found {row.get('weight')!r}"
        usual = base or _blank(home, scenario)
        told = (
            _text(row.get("cluster")) or usual.cluster,
            _text(row.get("stratum")) or usual.stratum,
            usual.scenario_weight if weight is None else weight,
        )
        if base is None:
            before, where = self._told.setdefault((home, scenario), told), "before"
        else:
            before = (base.cluster, base.stratum, base.scenario_weight)
            where = "in the dataset" if self.whole else "in the scores"
        for name, here, there in zip(("cluster", "stratum", "weight"), told, before, strict=True):
            if here != there:
                return f"scenario '{scenario}' has the {name} '{here}', and '{there}' {where}"
        return replace(usual, cluster=told[0], stratum=told[1], scenario_weight=told[2])

    def _repeated(self, row: PreferenceRow) -> str:
        straight = row.arm_a < row.arm_b
        arms = sorted((row.arm_a, row.arm_b))
        order = row.order if straight else ORDERS[row.order]
        key = (row.eval, row.scenario, row.seed, row.principle, row.grader, *arms, order)
        if key in self._seen:
            about = f", principle '{row.principle}'" if row.principle else ""
            return (
                f"scenario '{row.scenario}', seed {row.seed}{about}: {row.arm_a} and {row.arm_b} "
                "stand twice in this order"
            )
        self._seen.add(key)
        return ""


def _wrong_answer(row: Row) -> str:
    if _seed(row.get("seed")) is None:
        return f"expected a seed of 1 or more, found {row.get('seed')!r}"
    if _text(row.get("order")) not in ORDERS:
        return (
            "expected the order 'ab' (the reply of arm_a was shown first) or 'ba', found "
            f"{row.get('order')!r}"
        )
    if _text(row.get("preference")) not in (*PREFERRED, *UNSAID):
        return f"expected the preference 'a', 'b', 'tie' or nothing, found {row['preference']!r}"
    lengths = [_number(row.get(name)) for name in ("length_a", "length_b")]
    if (lengths[0] is None) != (lengths[1] is None):
        return "expected both lengths, or none"
    for length in lengths:
        if length is not None and not (math.isfinite(length) and length >= 0):
            return "expected lengths of 0 or more, in characters"
    return ""


def _blank(home: str, scenario: str) -> PreferenceRow:
    return PreferenceRow(
        eval=home,
        scenario=scenario,
        cluster=scenario,
        seed=1,
        arm_a="",
        arm_b="",
        order="ab",
        preference=None,
    )


def blank_of_score(row: ScoreRow) -> PreferenceRow:
    """What a score says of its scenario, as a row of preferences with all but the answer."""
    return replace(
        _blank(row.eval, row.scenario),
        dataset=row.dataset,
        cluster=row.cluster,
        stratum=row.stratum,
        stratum_weight=row.stratum_weight,
        scenario_weight=row.scenario_weight,
        split=row.split,
        format=row.format,
        labels=row.labels,
    )


class _Problems:
    """What is wrong with a file, line by line, told at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[str] = []

    def add(self, line: int, message: str) -> None:
        self.found.append(f"{shown(self.path)}:{line}: {message}")

    def raise_any(self) -> None:
        if self.found:
            told, more = self.found[:MOST_PROBLEMS], len(self.found) - MOST_PROBLEMS
            rest = [f"... and {more} more"] if more > 0 else []
            raise UserError("\n".join([*told, *rest]))


def _lines(
    path: Path, required: Iterable[str], optional: Iterable[str], problems: _Problems
) -> Iterator[Line]:
    """The rows of a file with the line each stands on; a column that is not ours is an error."""
    reader = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}.get(path.suffix)
    if reader is None:
        raise UserError(f"{shown(path)}: expected a file that ends in .csv, .jsonl or .parquet")
    allowed = {*required, *optional}
    reported: set[str] = set()
    try:
        for line, row in reader(path, problems):
            unknown = [name for name in row if name not in allowed]
            missing = [name for name in required if name not in row]
            for name in unknown:
                if name not in reported:
                    hint = did_you_mean(name, allowed)
                    problems.add(line, f"unknown column '{name}'{hint}")
            for name in missing:
                if name not in reported:
                    problems.add(line, f"the column '{name}' is missing")
            reported |= {*unknown, *missing}
            if not missing:
                yield line, row
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{shown(path)}: not UTF-8 text (byte {error.start})") from None


def _csv(path: Path, problems: _Problems) -> Iterator[Line]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        split_by = delimiter(file.readline())
        file.seek(0)
        rows = csv.reader(file, delimiter=split_by, strict=True)
        columns: list[str] = []
        ended = 0
        try:
            for cells in rows:
                line, ended = ended + 1, rows.line_num
                if not cells:
                    continue
                if not columns:
                    columns = _columns(cells, line, problems)
                elif len(cells) != len(columns):
                    problems.add(line, f"expected {len(columns)} cells, found {len(cells)}")
                else:
                    # A column without a name is an index that another program left.
                    cells_by_name = zip(columns, cells, strict=True)
                    yield line, {name: cell for name, cell in cells_by_name if name}
        except csv.Error as error:
            problems.add(rows.line_num, str(error))


def _columns(names: list[str], line: int, problems: _Problems) -> list[str]:
    for name, count in Counter(names).items():
        if name and count > 1:
            problems.add(line, f"the column '{name}' stands twice")
    return names


def _jsonl(path: Path, problems: _Problems) -> Iterator[Line]:
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line, object_pairs_hook=without_duplicates)
            except (ValueError, RecursionError) as error:
                problems.add(number, f"not JSON: {getattr(error, 'msg', error)}")
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                problems.add(number, "expected an object of keys and values")


def _parquet(path: Path, problems: _Problems) -> Iterator[Line]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        batches = pq.ParquetFile(path).iter_batches()
        number = 0
        for batch in batches:
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pa.ArrowInvalid as error:
        problems.add(0, f"not a Parquet file: {error}")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _seed(value: Any) -> int | None:
    number = _number(value)
    if number is None or not 1 <= number <= LARGEST_SEED or not number.is_integer():
        return None
    return int(number)


def _number(value: Any) -> float | None:
    """The number; None for an empty cell, NaN for what is no number."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _usage(given: Any) -> dict[str, int]:
    """The tokens that were counted; a ValueError that says what is wrong with them."""
    shape = 'expected usage as counts by name, like {"input_tokens": 12}'
    if not isinstance(given, dict):
        raise ValueError(shape)
    # In Parquet every row has every key, null where it was not said.
    counts = {name: count for name, count in given.items() if count is not None}
    for name, count in counts.items():
        if name not in USAGE:
            raise ValueError(f"unknown usage '{name}'{did_you_mean(name, USAGE)}")
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ValueError(shape)
    return counts


def told_malformed(arm: str, made: Iterable[tuple[str, int, Call]]) -> list[str]:
    """A warning about recorded calls that no tool could take, whatever was meant; mostly none.

    Args:
        arm: Whose calls.
        made: Scenario, seed and call.
    """
    calls = list(made)
    wrong = [one for one in calls if one[2].malformed]
    if not wrong:
        return []
    scenario, seed, call = wrong[0]
    given = json.dumps(dict(call.arguments), ensure_ascii=False, default=str)
    written = shortened(f"{call.name}({given})", LONGEST_CALL)
    return [
        f"{arm}: {len(wrong)} of {len(calls)} recorded calls could not be taken by any tool and "
        f"changed nothing; the first, of {scenario}, seed {seed}: {written}: {call.answer}"
    ]


def _calls(given: Any) -> tuple[ToolCall, ...]:
    """The tool calls of a reply, in CSV as JSON; a ValueError that says what is wrong with them."""
    shape = 'expected calls as a list of {"name": ..., "arguments": {...}}'
    try:
        listed = json.loads(given) if isinstance(given, str) else given
        calls = [ToolCall(name=one["name"], arguments=one.get("arguments", {})) for one in listed]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError(shape) from None
    if not all(isinstance(c.name, str) and isinstance(c.arguments, dict) for c in calls):
        raise ValueError(shape)
    return tuple(calls)
