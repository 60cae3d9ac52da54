"""Rows into tables and back, and tables into the panels that statistics start from."""

import subprocess
from dataclasses import fields, replace
from functools import partial
from typing import get_type_hints

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastemaker.errors import UserError
from tastemaker.records import ReplyRow, ScoreRow
from tastemaker.tables import (
    PREFERENCES,
    REPLIES,
    SCORES,
    SEAL,
    Arranged,
    panels,
    read_preferences,
    read_scores,
    read_table,
    replies_at,
    reply_table,
    reply_texts,
    score_table,
    scores_of_rows,
    write_preferences,
    write_tables,
)

row = partial(
    ScoreRow, eval="email", arm="old", scenario="s1", cluster="c1", seed=1, principle="honesty",
    value=1.0,
)  # fmt: skip
"""A score with everything but the point of the test filled in."""


def panel(rows, **options):
    """The panel of the only principle."""
    (made,) = panels(scores_of_rows(rows), ["old", "new"], **options).values()
    return made


def shares(made):
    """What each scenario counts for."""
    return dict(zip(made.scenarios, made.design.omega().tolist(), strict=True))


# Panels ------------------------------------------------------------------------------------------


def test_scores_stand_where_their_arm_scenario_and_seed_are():
    made = panel(
        [
            row(arm="new", scenario="s2", seed=2, value=0.25),
            row(arm="old", scenario="s1", seed=1, value=0.5),
            row(arm="old", scenario="s2", seed=2, value=0.75),
        ]
    )

    assert made.arms == ("old", "new")
    assert made.scenarios == ["email/s2", "email/s1"]
    expected = [[[np.nan, 0.75], [0.5, np.nan]], [[np.nan, 0.25], [np.nan, np.nan]]]
    assert np.array_equal(made.values, expected, equal_nan=True)


def test_unscored_and_absent_are_both_missing():
    made = panel([row(seed=1), row(seed=2, value=None, reason="error")])

    assert np.isnan(made.arm("old")).tolist() == [[False, True]]
    assert np.isnan(made.arm("new")).all()


def test_a_row_of_a_criterion_or_of_another_arm_is_not_in_a_panel():
    made = panel([row(), row(criterion="short", value=0.0), row(arm="third", scenario="s9")])

    assert made.scenarios == ["email/s1"]
    assert made.arm("old").tolist() == [[1.0]]


def test_panels_come_in_the_order_in_which_their_principles_appear():
    rows = [row(principle=name) for name in ("warmth", "clarity", "honesty", "clarity")]

    assert list(panels(scores_of_rows(rows), ["old"])) == ["warmth", "clarity", "honesty"]


def test_evals_count_alike_however_many_scenarios_they_have():
    rows = [row(eval="large", scenario=f"s{n}", cluster=f"s{n}") for n in range(4)]
    rows += [row(eval="small", scenario="s0", cluster="s0")]

    assert shares(panel(rows)) == {f"large/s{n}": 0.125 for n in range(4)} | {"small/s0": 0.5}


def test_evals_count_as_their_weights_say():
    rows = [row(eval=name, scenario=s) for name in ("one", "two") for s in ("a", "b")]
    found = shares(panel(rows, eval_weights={"one": 3.0, "two": 1.0}))

    assert found == {"one/a": 0.375, "one/b": 0.375, "two/a": 0.125, "two/b": 0.125}


def test_an_eval_that_weighs_nothing_is_left_out():
    rows = [row(eval=name, scenario=s) for name in ("one", "two") for s in ("a", "b")]
    found = panel(rows, eval_weights={"one": 0.0, "two": 1.0})

    assert shares(found) == {"two/a": 0.5, "two/b": 0.5}
    assert found.values.shape == (2, 2, 1)


def test_a_principle_of_nothing_but_weightless_evals_has_an_empty_panel():
    made = panel([row(eval="one")], eval_weights={"one": 0.0})

    assert list(made.scenarios) == []
    assert made.values.shape[:2] == (2, 0)


def test_strata_count_by_their_declared_weight_and_scenarios_share_it():
    """0.75 over two scenarios, 0.25 on one; the second eval has no strata. Half for each eval."""
    rows = [
        row(scenario="a", stratum="often", stratum_weight=0.75),
        row(scenario="b", stratum="often", stratum_weight=0.75),
        row(scenario="c", stratum="rare", stratum_weight=0.25),
        row(eval="other", scenario="d"),
    ]

    assert shares(panel(rows)) == {
        "email/a": 0.1875, "email/b": 0.1875, "email/c": 0.125, "other/d": 0.5,
    }  # fmt: skip


def test_strata_without_a_weight_count_by_their_scenarios():
    rows = [row(scenario=s, stratum=h) for s, h in (("a", "x"), ("b", "x"), ("c", "y"))]

    assert shares(panel(rows)) == pytest.approx({f"email/{s}": 1 / 3 for s in "abc"})


def test_strata_of_one_name_in_two_evals_are_two():
    rows = [row(eval=name, stratum="all", stratum_weight=1.0) for name in ("one", "two")]

    assert len(set(panel(rows).design.strata.tolist())) == 2


def test_scenarios_count_by_their_weight_inside_a_stratum():
    rows = [row(scenario="a", scenario_weight=3.0), row(scenario="b")]

    assert shares(panel(rows)) == {"email/a": 0.75, "email/b": 0.25}


def test_what_replies_take_counts_a_scenario_once_whatever_it_counts_for_a_principle():
    """s1 counts seven times for honesty (`per`): its replies are no more for that."""
    rows = [
        row(scenario=scenario, principle=principle, scenario_weight=weight, seconds=seconds)
        for scenario, times, seconds in (("s1", 7.0, 10.0), ("s2", 1.0, 20.0))
        for principle, weight in (("honesty", times), ("warmth", 1.0))
    ]
    for order in (rows, rows[::-1]):
        arranged = Arranged(scores_of_rows(order), ["old"])
        spent = arranged.spent("seconds", arranged.numbers["seconds"])

        assert shares(spent) == {"email/s1": 0.5, "email/s2": 0.5}
        assert dict(zip(spent.scenarios, spent.arm("old").ravel().tolist(), strict=True)) == {
            "email/s1": 10.0, "email/s2": 20.0,
        }  # fmt: skip


def test_equal_scenario_ids_in_two_evals_never_meet():
    made = panel([row(eval="one", value=0.0), row(eval="two", value=1.0)])

    assert made.scenarios == ["one/s1", "two/s1"]
    assert made.arm("old").tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize(
    ("datasets", "clusters"),
    [
        (("mail", "mail"), 1),  # two evals on one dataset: the same seed story
        (("mail", "chat"), 2),  # equal names in two datasets
        (("", ""), 2),  # without a dataset the eval stands for it
        (("", "mail"), 2),
    ],
)
def test_clusters_belong_to_their_dataset(datasets, clusters):
    made = panel([row(eval=f"eval{n}", dataset=name) for n, name in enumerate(datasets)])

    assert len(set(made.design.clusters.tolist())) == clusters


# To Parquet and back -----------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=3)
shares_of_one = st.none() | st.just(0.0) | st.floats(0.001, 1)
numbers = st.none() | st.integers(0, 2**40)
score_rows = st.builds(
    ScoreRow,
    **{
        name: {str: texts, str | None: st.none() | texts, int: st.integers(1, 5)}.get(
            kind, numbers if kind == int | None else shares_of_one
        )
        for name, kind in get_type_hints(ScoreRow).items()
    }
    | {"weight": st.floats(-3, 3), "scenario_weight": st.floats(0.5, 2)},
)


def assert_equal(one, other):
    """Columns that say the same, whatever codes they say it with."""
    assert one.texts.keys() == other.texts.keys()
    for name, column in one.texts.items():
        told = [[c.names[code] for code in c.codes] for c in (column, other.texts[name])]
        assert told[0] == told[1], name
    assert one.numbers.keys() == other.numbers.keys()
    for name, values in one.numbers.items():
        assert np.array_equal(values, other.numbers[name], equal_nan=True), name


@settings(max_examples=60, deadline=None)
@given(st.lists(score_rows, max_size=12))
def test_a_table_read_back_is_the_rows_in_memory(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("run")
    write_tables(folder, score_table(rows), reply_table([]))

    assert_equal(read_scores(folder), scores_of_rows(rows))
    assert read_table(folder / SCORES).to_pylist() == [
        {field.name: getattr(one, field.name) for field in fields(ScoreRow)} for one in rows
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(score_rows.map(lambda one: replace(one, criterion=None)), min_size=1, max_size=12))
def test_panels_are_the_same_from_a_table_and_from_memory(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("run")
    write_tables(folder, score_table(rows), reply_table([]))
    arms = list(dict.fromkeys(one.arm for one in rows))
    read, made = panels(read_scores(folder), arms), panels(scores_of_rows(rows), arms)

    assert list(read) == list(made) == list(dict.fromkeys(one.principle for one in rows))
    for name, expected in made.items():
        assert list(read[name].scenarios) == list(expected.scenarios)
        assert np.array_equal(read[name].values, expected.values, equal_nan=True)
        assert np.array_equal(read[name].design.omega(), expected.design.omega())


def test_a_table_of_an_earlier_version_says_nothing_of_calls(tmp_path):
    """It has no such column: absent, and not 0."""
    write_tables(tmp_path, score_table([row(calls=3)]), reply_table([]))
    (tmp_path / f"{SCORES}{SEAL}").unlink()
    whole = pq.read_table(tmp_path / SCORES)
    pq.write_table(whole.drop_columns(["calls"]), tmp_path / SCORES)

    assert whole["calls"].to_pylist() == [3]
    assert np.isnan(read_scores(tmp_path).numbers["calls"]).all()


def test_names_spread_over_many_row_groups_read_back_in_order(tmp_path):
    """Each row group has a dictionary of its own; codes of one are no codes of another."""
    rows = [row(scenario=f"s{n % 7}", principle=f"p{n % 3}", seed=n) for n in range(1, 50)]
    pq.write_table(score_table(rows), tmp_path / SCORES, row_group_size=4)

    assert_equal(read_scores(tmp_path), scores_of_rows(rows))


def test_replies_read_back_as_they_were_written(tmp_path):
    reply = ReplyRow(
        eval="email", scenario="s1", arm="old", seed=1, prompt="Hi \u202e", messages="[]",
        reply="tab\tand\nline", document=None,
    )  # fmt: skip
    write_tables(tmp_path, score_table([]), reply_table([reply]))

    assert read_table(tmp_path / REPLIES).to_pylist() == [vars(reply)]


def test_no_half_written_table_is_left_under_its_name(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    write_tables(folder, score_table([row()]), reply_table([]))

    tables = [REPLIES, f"{REPLIES}{SEAL}", SCORES, f"{SCORES}{SEAL}"]
    assert sorted(path.name for path in folder.iterdir()) == tables


# Seals -------------------------------------------------------------------------------------------


def edited(folder, name):
    """The table written anew by another hand, with the same rows: only its bytes are others."""
    pq.write_table(pq.read_table(folder / name), folder / name, compression="none")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (SCORES, read_scores),
        (REPLIES, reply_texts),
        (REPLIES, replies_at),
        (PREFERENCES, read_preferences),
    ],
)
def test_a_table_that_was_edited_is_refused_until_it_is_written_anew(tmp_path, name, read):
    def write():
        write_tables(tmp_path, score_table([row()]), reply_table([]))
        write_preferences(tmp_path, [])

    write()
    read(tmp_path)
    edited(tmp_path, name)

    with pytest.raises(UserError, match=rf"{name}: was edited after it was written"):
        read(tmp_path)
    write()
    read(tmp_path)


def test_a_seal_is_what_sha256sum_reads(tmp_path):
    write_tables(tmp_path, score_table([row()]), reply_table([]))
    command = ["sha256sum", "--check", f"{SCORES}{SEAL}", f"{REPLIES}{SEAL}"]

    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0


def test_without_a_seal_a_table_is_read_as_it_is(tmp_path):
    write_tables(tmp_path, score_table([row()]), reply_table([]))
    (tmp_path / f"{SCORES}{SEAL}").unlink()
    edited(tmp_path, SCORES)

    assert len(read_scores(tmp_path).numbers["value"]) == 1


# What is wrong -----------------------------------------------------------------------------------


def test_a_run_that_is_not_there_is_said_to_be_made_by_run(tmp_path):
    with pytest.raises(UserError, match=r"scores\.parquet: not there; `tastemaker run` writes it"):
        read_scores(tmp_path)


@pytest.mark.parametrize("content", [b"", b"scenario,seed\n", b"PAR1 and no more PAR1"])
def test_a_file_that_is_no_table_is_said_to_be_none(tmp_path, content):
    (tmp_path / SCORES).write_bytes(content)

    with pytest.raises(UserError, match=r"scores\.parquet: not a table of ours"):
        read_scores(tmp_path)


def test_a_table_of_somebody_else_is_said_to_be_none(tmp_path):
    pq.write_table(pa.table({"scenario": ["s1"], "seed": [1]}), tmp_path / SCORES)

    with pytest.raises(UserError, match="not a table of ours: no proper column 'eval'"):
        read_scores(tmp_path)


def test_a_column_of_another_kind_is_said_to_be_none_of_ours(tmp_path):
    table = score_table([row()])
    place = table.schema.get_field_index("value")
    pq.write_table(table.set_column(place, "value", pa.array(["high"])), tmp_path / SCORES)

    with pytest.raises(UserError, match="not a table of ours: no proper column 'value'"):
        read_scores(tmp_path)
