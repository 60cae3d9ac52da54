"""Replies and scores made elsewhere: what is read, and which line is to blame for what is not."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tastemaker.errors import UserError
from tastemaker.experiment import Arm, load_experiment
from tastemaker.recorded import (
    MOST_PROBLEMS,
    RecordedReply,
    RecordedScore,
    read_replies_file,
    read_scores_file,
    score_rows,
)
from tastemaker.results import load_results

FIRST = RecordedScore(scenario="a", seed=1, principle="clarity", value=0.25, cluster="a")
HEADER = "scenario,seed,principle,value"


@pytest.fixture
def file(tmp_path):
    """Write a file: text as it is, objects as JSONL, or as Parquet where the name says so."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif name.endswith(".parquet"):
            pq.write_table(pa.Table.from_pylist(content), path)
        else:
            path.write_text("\n".join(map(json.dumps, content)), encoding="utf-8")
        return path

    return write


@pytest.fixture
def scores(file):
    """Read a CSV of scores, its usual header given."""

    def read(*lines, header=HEADER, **options):
        return read_scores_file(file("s.csv", "\n".join([header, *lines])), **options)

    return read


@pytest.fixture
def wrong(scores):
    """What is said of a CSV of scores, without the name of the file."""

    def read(*lines, **options):
        with pytest.raises(UserError) as error:
            scores(*lines, **options)
        return [line.removeprefix("s.csv:") for line in str(error.value).split("\n")]

    return read


# Scores that can be read -------------------------------------------------------------------------

OBJECT = {"scenario": "a", "seed": 1, "principle": "clarity", "value": 0.25}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.csv", f"{HEADER}\na,1,clarity,0.25\n"),
        ("s.csv", f"\ufeff{HEADER}\r\n\r\na,1,clarity,0.25\r\n"),
        ("s.csv", "value,principle,seed,scenario\n.25,clarity,1.0,a"),
        ("s.csv", f"\ufeff{HEADER.replace(',', ';')}\r\na;1;clarity;0.25\r\n"),
        ("s.csv", f"{HEADER}\na,1,clarity,0.25\n".replace(",", "\t")),
        ("s.csv", f",{HEADER}\n0,a,1,clarity,0.25\n"),  # with an index, as data frames write it
        ("s.jsonl", [OBJECT]),
        ("s.jsonl", "\ufeff" + json.dumps(OBJECT) + "\n\n"),
        ("s.parquet", [OBJECT]),
    ],
)
def test_scores_are_read_from_csv_jsonl_and_parquet(file, name, content):
    assert read_scores_file(file(name, content)) == [FIRST]


def test_all_columns_of_a_scores_file(scores):
    (read,) = scores(
        "a,2,clarity,1,email,short,story,rare,-3",
        header=f"{HEADER},eval,criterion,cluster,stratum,weight",
    )

    assert read == RecordedScore(
        scenario="a", seed=2, principle="clarity", value=1.0, eval="email", criterion="short",
        cluster="story", stratum="rare", weight=-3.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "value"), [("1", 0.0), ("2", 0.25), ("5", 1.0), ("", None), ("1e0", 0.0)]
)
def test_a_declared_range_is_mapped_to_zero_and_one(scores, written, value):
    (read,) = scores(f"a,1,clarity,{written}", limits=(1.0, 5.0))

    assert read.value == value


def test_a_missing_value_is_missing_and_not_zero(file, scores):
    objects = [OBJECT | {"value": None}]

    assert scores("a,1,clarity,")[0].value is None
    assert read_scores_file(file("s.jsonl", objects))[0].value is None
    assert read_scores_file(file("s.parquet", [OBJECT | {"seed": 2}, *objects]))[1].value is None


def test_a_row_without_an_eval_belongs_to_the_only_one(scores):
    (read,) = scores("a,1,clarity,1", scenarios={"email": ["a", "b"]})

    assert read.eval == "email"


# Scores that cannot ------------------------------------------------------------------------------


def test_the_line_of_an_unknown_scenario_is_named_with_what_was_meant(wrong):
    known = {"email": ["invoice-late", "ask-refund"]}

    assert wrong("ask-refund,1,p,1", "invoice-lat,1,p,1", scenarios=known) == [
        "3: unknown scenario 'invoice-lat': did you mean 'invoice-late'?"
    ]


def test_the_line_of_an_unknown_eval_is_named(wrong):
    known = {"email": ["a"], "chat": ["a"]}
    header = f"{HEADER},eval"

    assert wrong("a,1,p,1,emial", "a,1,p,1,", header=header, scenarios=known) == [
        "2: unknown eval 'emial': did you mean 'email'?",
        "3: unknown eval ''",
    ]


def test_the_line_of_a_duplicate_is_named(wrong):
    assert wrong("a,1,p,1", "a,2,p,1", "a,1,q,1", "a,1.0,p,0") == [
        "5: scenario 'a', seed 1, principle 'p' stands twice"
    ]


def test_an_eval_that_is_not_named_is_the_one_called_scores(wrong):
    """Else a row could stand twice under the same key, and the later one would count."""
    lines = wrong("a,1,p,0,", "a,1,p,1,scores", header=f"{HEADER},eval")

    assert lines == ["3: scenario 'a', seed 1, principle 'p' stands twice"]


def test_a_key_that_stands_twice_in_a_line_says_nothing(file):
    path = file("s.jsonl", '{"scenario": "a", "seed": 1, "principle": "p", "value": 0, "value": 1}')

    with pytest.raises(
        UserError, match=r"s\.jsonl:1: not JSON: the key 'value' stands there twice"
    ):
        read_scores_file(path)


def test_a_duplicate_criterion_is_named_and_another_criterion_is_none(wrong):
    header = f"{HEADER},eval,criterion"

    assert wrong("a,1,p,1,e,x", "a,1,p,1,e,y", "a,1,p,1,e,", "a,1,p,1,e,x", header=header) == [
        "5: eval 'e', scenario 'a', seed 1, principle 'p', criterion 'x' stands twice"
    ]


@pytest.mark.parametrize("value", ["-0.01", "1.01", "nan", "inf", "high", "0,5"])
def test_a_value_outside_the_range_is_an_error_on_its_line(wrong, value):
    assert wrong("a,1,p,1", f'b,1,p,"{value}"') == [
        f"3: expected a value from 0 to 1, found '{value}'"
    ]


def test_a_value_outside_a_declared_range_is_an_error(wrong):
    assert wrong("a,1,p,0", limits=(1.0, 5.0)) == ["2: expected a value from 1 to 5, found '0'"]


@pytest.mark.parametrize("seed", ["0", "-1", "1.5", "x", "", "1e400", "99999999999999999999"])
def test_a_seed_is_a_whole_number_from_1(wrong, seed):
    assert wrong(f"a,{seed},p,1") == [f"2: expected a seed of 1 or more, found '{seed}'"]


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "heavy"])
def test_a_scenario_weighs_more_than_nothing(wrong, weight):
    assert wrong(f"a,1,p,1,{weight}", header=f"{HEADER},weight") == [
        f"2: expected a weight above 0, found '{weight}'"
    ]


def test_scenario_and_principle_must_be_there(wrong):
    assert wrong(",1,p,1", "a,1,,1") == [
        "2: expected text for 'scenario', found none",
        "3: expected text for 'principle', found none",
    ]


def test_a_column_that_is_not_ours_is_named_once_with_what_was_meant(wrong):
    assert wrong("a,1,p,1,x", "b,1,p,1,y", header=f"{HEADER},strata") == [
        "2: unknown column 'strata': did you mean 'stratum'?"
    ]


def test_a_column_that_is_missing_is_named_once(wrong):
    assert wrong("a,1,p", "b,1,p", header="scenario,seed,principle") == [
        "2: the column 'value' is missing"
    ]


def test_a_column_that_stands_twice_is_an_error(wrong):
    assert wrong("a,1,p,1,0", header=f"{HEADER},value") == ["1: the column 'value' stands twice"]


def test_rows_with_more_or_fewer_cells_than_columns_are_errors(wrong):
    """One cell too many is often a comma inside a text; one too few a file that was cut off."""
    assert wrong("a,1,p,1", "b,1,p,1,0", "c,1,p") == [
        "3: expected 4 cells, found 5",
        "4: expected 4 cells, found 3",
    ]


def test_the_line_where_a_row_begins_is_named(wrong):
    """The first row's scenario goes over two lines, so that the second stands on line 5."""
    assert wrong('"a\nb",1,p,1', "", "c,0,p,1") == ["5: expected a seed of 1 or more, found '0'"]


def test_a_quote_that_never_ends_is_an_error_with_its_line(wrong):
    assert wrong("a,1,p,1", 'b,1,p,"1') == ["3: unexpected end of data"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes"),
        ("[1]", "expected an object of keys and values"),
        ("[" * 100_000, "not JSON: maximum recursion depth exceeded"),
        ('{"scenario": "a", "seed": 1, "principle": "p", "value": true}',
         "expected a value from 0 to 1, found True"),
        ('{"scenario": "a", "seed": 1, "principle": "p", "value": NaN}',
         "expected a value from 0 to 1, found nan"),
        ('{"scenario": "a", "seed": 1, "principle": "p", "value": 1' + "0" * 400 + "}",
         "expected a value from 0 to 1, found 1000"),
        ('{"scenario": "a", "seed": 1, "principle": "p", "value": 1' + "0" * 5000 + "}",
         "not JSON: Exceeds the limit"),
        ('{"scenario": "a", "seed": 1, "principle": "p"}', "the column 'value' is missing"),
    ],
)  # fmt: skip
def test_a_bad_line_of_jsonl_is_named(file, line, said):
    path = file("s.jsonl", json.dumps(OBJECT) + "\n\n" + line)

    with pytest.raises(UserError) as error:
        read_scores_file(path)
    assert str(error.value).startswith(f"s.jsonl:3: {said}")
    assert "\n" not in str(error.value)


def test_only_the_first_problems_are_told_and_the_rest_is_counted(wrong):
    told = wrong(*(f"a,0,p{n},1" for n in range(MOST_PROBLEMS + 3)))

    assert len(told) == MOST_PROBLEMS + 1
    assert told[-1] == "... and 3 more"


def test_a_file_of_another_kind_is_refused(file):
    with pytest.raises(UserError, match=r"expected a file that ends in \.csv, \.jsonl or"):
        read_scores_file(file("s.xlsx", "x"))


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path):
    with pytest.raises(UserError, match=r"^s\.csv: no such file$"):
        read_scores_file(tmp_path / "s.csv")


@pytest.mark.parametrize("name", ["s.csv", "s.jsonl"])
def test_a_file_that_is_not_utf_8_is_refused(file, name):
    with pytest.raises(UserError, match="not UTF-8 text"):
        read_scores_file(file(name, f"{HEADER}\ncaf".encode() + b"\xe9,1,p,1"))


def test_a_parquet_file_that_is_none_is_refused(file):
    with pytest.raises(UserError, match="not a Parquet file"):
        read_scores_file(file("s.parquet", b"PAR1"))


@pytest.mark.parametrize(("name", "text"), [("s.csv", HEADER), ("s.csv", ""), ("s.jsonl", "\n")])
def test_a_file_without_scores_is_an_error(file, name, text):
    with pytest.raises(UserError, match="no scores in it"):
        read_scores_file(file(name, text))


# The rows of an arm ------------------------------------------------------------------------------


def values(rows):
    """By (scenario, seed, principle), the principles' scores alone."""
    return {(r.scenario, r.seed, r.principle): r.value for r in rows if r.criterion is None}


@pytest.fixture
def arm_rows(file):
    def read(*lines, header=f"{HEADER},criterion,weight", **arm):
        path = file("s.csv", "\n".join([header, *lines]))
        return score_rows("old", Arm(scores=str(path), **arm))

    return read


def test_criteria_become_their_principles_score(arm_rows):
    """(2 x 1 + 1 x 0.5 + 3 x (1 - 1)) / 6: the negative criterion is met, and that is bad."""
    rows = arm_rows("a,1,p,1,x,2", "a,1,p,0.5,y,", "a,1,p,1,z,-3")

    assert values(rows) == {("a", 1, "p"): pytest.approx(2.5 / 6)}
    assert [(r.criterion, r.value, r.weight) for r in rows if r.criterion] == [
        ("x", 1.0, 2.0),
        ("y", 0.5, 1.0),
        ("z", 1.0, -3.0),
    ]


def test_a_principle_is_unscored_when_one_of_its_criteria_is(arm_rows):
    assert values(arm_rows("a,1,p,1,x,", "a,1,p,,y,")) == {("a", 1, "p"): None}


def test_a_criterion_that_one_seed_lacks_leaves_its_principle_unscored(arm_rows):
    """The mean of the criteria that are there would be a score on another scale."""
    rows = arm_rows("a,1,p,1,x,", "a,1,p,0,y,", "a,2,p,1,x,", "b,1,p,1,x,")

    assert values(rows) == {("a", 1, "p"): 0.5, ("a", 2, "p"): None, ("b", 1, "p"): 1.0}


def test_a_principles_own_score_stands_before_that_of_its_criteria(arm_rows):
    rows = arm_rows("a,1,p,0,x,", "a,1,p,0.75,,", "a,2,p,0,x,")

    assert values(rows) == {("a", 1, "p"): 0.75, ("a", 2, "p"): 0.0}


def test_what_is_missing_says_so(arm_rows):
    (row,) = arm_rows("a,1,p,,,")

    assert (row.value, row.reason) == (None, "missing")


def test_an_arms_range_is_applied(arm_rows):
    assert values(arm_rows("a,1,p,2,,", range=(-2.0, 2.0))) == {("a", 1, "p"): 1.0}


def test_a_weight_is_the_scenarios_unless_a_criterion_is_named(arm_rows):
    whole, part, made = arm_rows("a,1,p,1,,3", "b,1,p,1,x,3")

    assert (whole.scenario_weight, whole.weight) == (3.0, 1.0)
    assert (part.scenario_weight, part.weight) == (1.0, 3.0)
    assert (made.scenario_weight, made.weight) == (1.0, 1.0)


# Replies -----------------------------------------------------------------------------------------

REPLY = {"scenario": "a", "seed": 1, "reply": "Hi, Ana."}


def replies_of(path, scenarios):
    """The replies of a file to one eval of these scenarios."""
    return read_replies_file(path, {"e": scenarios})["e"]


def test_replies_are_read_by_scenario_and_seed(file):
    usage = {"input_tokens": 3, "output_tokens": 4}
    path = file("r.jsonl", [REPLY, REPLY | {"seed": 2, "model": "m", "usage": usage}])

    assert replies_of(path, ["a"]) == {
        ("a", 1): RecordedReply(scenario="a", seed=1, reply="Hi, Ana."),
        ("a", 2): RecordedReply(scenario="a", seed=2, reply="Hi, Ana.", model="m", usage=usage),
    }


def test_replies_are_read_as_a_spreadsheet_with_decimal_commas_writes_them(file):
    path = file("r.csv", '\ufeffscenario;seed;reply\r\na;1;"Hi, Ana; Ben, too."\r\n')

    assert replies_of(path, ["a"])["a", 1].reply == "Hi, Ana; Ben, too."


@pytest.mark.parametrize("name", ["r.csv", "r.parquet"])
def test_replies_are_read_from_csv_and_parquet_too(file, name):
    text = 'scenario,seed,reply\na,1,"Hi, Ana."\n'
    path = file(name, text if name == "r.csv" else [REPLY])

    assert replies_of(path, ["a"]) == {
        ("a", 1): RecordedReply(scenario="a", seed=1, reply="Hi, Ana.")
    }


def test_usage_that_is_null_in_a_parquet_file_is_not_there(file):
    """A Parquet column of objects gives every row every key, null where it was not said."""
    rows = [REPLY | {"usage": {"input_tokens": 3}}, REPLY | {"seed": 2, "usage": {"output": 4}}]

    with pytest.raises(UserError, match=r"^r\.parquet:2: unknown usage 'output'"):
        replies_of(file("r.parquet", rows), ["a"])


def test_replies_to_several_evals_stand_in_one_file(file):
    """The eval is named only where a scenario's name stands in two."""
    rows = [REPLY, REPLY | {"scenario": "b", "eval": "f"}, REPLY | {"scenario": "c"}]
    found = read_replies_file(file("r.jsonl", rows), {"e": ["a", "b"], "f": ["b", "c"]})

    assert {name: list(replies) for name, replies in found.items()} == {
        "e": [("a", 1)],
        "f": [("b", 1), ("c", 1)],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenario": "b"}, "scenario 'b' is in e and f: name one in a column 'eval'"),
        ({"eval": "g"}, "unknown eval 'g'"),
        ({"eval": "f"}, "unknown scenario 'a'"),
        ({"scenario": "d"}, "unknown scenario 'd'"),
    ],
)
def test_a_reply_of_no_eval_or_of_two_is_an_error(file, change, said):
    path = file("r.jsonl", [REPLY | change])

    with pytest.raises(UserError) as error:
        read_replies_file(path, {"e": ["a", "b"], "f": ["b", "c"]})
    assert str(error.value).startswith(f"r.jsonl:1: {said}")


def test_an_empty_reply_is_a_reply(file):
    path = file("r.jsonl", [REPLY | {"reply": ""}])

    assert replies_of(path, ["a"])["a", 1].reply == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenario": "invoice"}, "unknown scenario 'invoice'"),
        ({"scenario": "a", "seed": 0}, "expected a seed of 1 or more, found 0"),
        ({"reply": None}, "expected the reply as text"),
        ({"reply": ["Hi"]}, "expected the reply as text"),
        ({"usage": {"input_tokens": "3"}}, "expected usage as counts by name"),
        ({"usage": {"input_tokens": -3}}, "expected usage as counts by name"),
        ({"usage": 3}, "expected usage as counts by name"),
        ({"usage": {"tokens_in": 3}}, "unknown usage 'tokens_in'"),
        ({"seed": 1}, "scenario 'a', seed 1 stands twice"),
        ({"cost": 1}, "unknown column 'cost'"),
    ],
)
def test_a_bad_reply_is_an_error_on_its_line(file, change, said):
    path = file("r.jsonl", [REPLY, REPLY | {"seed": 2} | change])

    with pytest.raises(UserError) as error:
        replies_of(path, ["a", "b"])
    assert str(error.value).startswith(f"r.jsonl:2: {said}")


def test_all_problems_of_a_reply_file_are_told_at_once(file):
    path = file("r.jsonl", [REPLY | {"scenario": "x"}, REPLY | {"seed": 0}, REPLY])

    with pytest.raises(UserError) as error:
        replies_of(path, ["a"])
    assert [line.split(":")[1] for line in str(error.value).split("\n")] == ["1", "2"]


def test_a_scenario_that_the_baseline_does_not_have_is_named_with_its_line(project):
    lines = {"old": ["one", "two"], "new": ["one", "tow"]}
    files = {
        f"{arm}.csv": "\n".join(["scenario,seed,principle,value", *(f"{s},1,p,1" for s in names)])
        for arm, names in lines.items()
    }
    experiment = (
        "experiment: try\nbaseline: {old: {scores: ./old.csv}}\n"
        "candidates: {new: {scores: ./new.csv}}\n"
    )
    folder = project(files | {"try.yaml": experiment})

    with pytest.raises(
        UserError, match=r"new\.csv:3: new: the baseline has no scenario 'tow'.*two"
    ):
        load_results(load_experiment(folder / "try.yaml"), folder / "logs")
