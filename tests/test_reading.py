"""Reading YAML strictly: what is refused, in which words, and at which place."""

import json
import os
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, model_validator

from tastemaker.errors import UserError
from tastemaker.reading import (
    BY_SHAPE,
    DEEPEST,
    LIST,
    MAPPING,
    SCALAR,
    FileModel,
    Flag,
    Id,
    Label,
    Number,
    Share,
    Text,
    Whole,
    data,
    parse,
    read,
    refuse,
    scalar,
)


class Part(FileModel):
    """A part with every kind of value that files hold."""

    id: Id
    text: Text = "some"
    many: tuple[Label, ...] = ()
    count: Whole = 1
    share: Share = 0.5
    number: Number = 0.0
    flag: Flag = False
    mode: Literal["mean", "points"] = "mean"
    either: Annotated[
        Annotated[str, SCALAR] | Annotated[tuple[str, ...], LIST], BY_SHAPE
    ] = "one"  # fmt: skip
    inner: Annotated[
        Annotated[str, SCALAR] | Annotated["Inner", MAPPING], BY_SHAPE
    ] = "none"  # fmt: skip


class Inner(FileModel):
    """A part of a part."""

    weight: Number


class File(FileModel):
    """A file of parts."""

    parts: dict[Id, Part] = Field(min_length=1)
    anything: dict[str, object] = Field(default={})


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the current folder, so that its path is shown as its name."""
    monkeypatch.chdir(tmp_path)

    def make(text, name="file.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def refused(path, model=File):
    """The lines of the error."""
    with pytest.raises(UserError) as caught:
        read(path, model)
    return str(caught.value).split("\n")


def test_a_good_file_is_read(write):
    file = read(write("parts:\n  a: {id: x, count: 3, share: 1}\n"), File)

    assert (file.parts["a"].count, file.parts["a"].share) == (3, 1.0)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None),
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("True", "True"), ("NULL", "NULL"),
        ("12", 12), ("-3", -3), ("007", 7), ("1_000", "1_000"), ("0x1F", "0x1F"),
        ("12:30", "12:30"),
        ("1.5", 1.5), (".5", 0.5), ("2.", 2.0), ("1e3", 1000.0), ("1e999", "1e999"),
        (".inf", ".inf"), (".nan", ".nan"), ("2024-01-01", "2024-01-01"), ("=", "="),
    ],
)  # fmt: skip
def test_scalars_are_read_as_yaml_1_2_does_and_the_rest_is_text(written, value):
    assert scalar(written) == value
    assert type(scalar(written)) is type(value)


def test_a_whole_number_of_thousands_of_digits_is_text():
    assert scalar("9" * 5000) == "9" * 5000


def test_where_text_is_wanted_the_text_that_was_written_is_taken(write):
    path = write("parts:\n  a: {id: 007, text: 1.50, many: [no, true, 2024-01-01, 1e3]}\n")

    part = read(path, File).parts["a"]

    assert (part.id, part.text) == ("007", "1.50")
    assert part.many == ("no", "true", "2024-01-01", "1e3")


def test_keys_are_always_the_text_that_was_written(write):
    assert list(read(write("parts:\n  007: {id: x}\n  no: {id: x}\n"), File).parts) == ["007", "no"]


def test_quoted_text_is_no_number(write):
    path = write("parts:\n  a: {id: x, count: '3'}\n")

    assert refused(path) == ["file.yaml:2:21: expected a whole number, found text '3'"]


def test_every_problem_is_told_at_once_with_its_place(write):
    path = write(
        """\
parts:
  a:
    id: Not Valid
    cuont: 3
    count: many
    share: 1.5
    flag: 1
    mode: pionts
    many: one
  b:
    text: ''
    number: .inf
    xyzzy: 1
  Bad Key: {id: x}
anything: []
"""
    )

    assert refused(path) == [
        "file.yaml:3:9: expected small letters, digits and hyphens (like 'follow-up'), "
        "found text 'Not Valid'",
        "file.yaml:4:5: unknown key 'cuont': did you mean 'count'?",
        "file.yaml:5:12: expected a whole number, found text 'many'",
        "file.yaml:6:12: expected less than or equal to 1, found the number 1.5",
        "file.yaml:7:11: expected true or false, found the number 1",
        "file.yaml:8:11: expected 'mean' or 'points', found text 'pionts': did you mean 'points'?",
        "file.yaml:9:11: expected a list, found text 'one'",
        "file.yaml:10:3: the key 'id' is missing",
        "file.yaml:11:11: expected text that is not blank, found text ''",
        "file.yaml:12:13: expected a number, found text '.inf'",
        "file.yaml:13:5: unknown key 'xyzzy': expected id, text, many, count, share, number, flag, "
        "mode, either or inner",
        "file.yaml:14:3: expected small letters, digits and hyphens (like 'follow-up'), "
        "found text 'Bad Key'",
        "file.yaml:15:1: expected keys and values, found a list",
    ]


def test_a_mistake_in_one_of_several_shapes_is_told_for_that_shape_only(write):
    path = write(
        "parts:\n"
        "  a: {id: x, either: {a: 1}}\n"
        "  b: {id: x, inner: [1]}\n"
        "  c: {id: x, inner: {wieght: 1}}\n"
        "  d: {id: x, either: [[1]]}\n"
    )

    assert refused(path) == [
        "file.yaml:2:14: expected text or a list, found keys and values",
        "file.yaml:3:14: expected text or keys and values, found a list",
        "file.yaml:4:14: the key 'weight' is missing",
        "file.yaml:4:22: unknown key 'wieght': did you mean 'weight'?",
        "file.yaml:5:23: expected text, found a list",
    ]


def test_a_key_that_looks_like_a_tag_of_ours_is_told_like_any_other(write):
    path = write("parts:\n  a: {id: x, inner: {weight: 1, (scalar): 2}}\n")

    assert refused(path) == ["file.yaml:2:33: unknown key '(scalar)': expected weight"]


def test_nothing_where_text_is_wanted_is_not_the_text_null(write):
    assert refused(write("parts:\n  a: {id: x, text: null}\n")) == [
        "file.yaml:2:20: expected text, found nothing"
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["file.yaml:1:1: the file is empty"]),
        ("# only a comment\n", ["file.yaml:1:1: the file is empty"]),
        ("---\n", ["file.yaml:1:1: the file is empty"]),
        ("just text", ["file.yaml:1:1: expected keys and values, found text 'just text'"]),
        ("parts: {}", ["file.yaml:1:1: expected at least 1, found none"]),
        (
            "parts:\n  a: {id: x}\n  a: {id: y}\n",
            ["file.yaml:3:3: the key 'a' stands here twice (also line 2)"],
        ),
        (
            "parts:\n  a: {id: x, id: y, cuont: 1}\n",
            [
                "file.yaml:2:14: the key 'id' stands here twice (also line 2)",
                "file.yaml:2:21: unknown key 'cuont': did you mean 'count'?",
            ],
        ),
        ("a: [1", ["file.yaml:2:1: not YAML: did not find expected ',' or ']'"]),
        ("a: b: c", ["file.yaml:1:5: not YAML: mapping values are not allowed in this context"]),
        ("parts:\n\ta: 1\n", ["file.yaml:2:1: a tab: YAML is indented with spaces"]),
        ("parts:\n  a:\n  \t b: 1\n", ["file.yaml:3:3: a tab: YAML is indented with spaces"]),
        ("parts: x\x07y", ["file.yaml:1:9: not YAML: a control character"]),
        ("a: é\nb: \x07", ["file.yaml:2:4: not YAML: a control character"]),
        (b"parts:\n  a: caf\xe9\n", ["file.yaml:2:9: not UTF-8 text: save the file as UTF-8"]),
        ("a: 1".encode("utf-16"), ["file.yaml:1:1: not UTF-8 text: save the file as UTF-8"]),
        ("parts: {a: {id: x}}\n---\nb: 2\n",
         ["file.yaml:2:1: a second document starts here; one file holds one"]),
    ],
)  # fmt: skip
def test_what_is_not_a_file_of_ours_ends_in_one_clear_error(write, text, lines):
    assert refused(write(text)) == lines


def test_anchors_aliases_tags_and_merge_keys_are_refused_where_they_stand(write):
    path = write(
        "parts:\n"
        "  a: &one {id: x}\n"
        "  b: *one\n"
        "  c: {<<: *one, id: !!str 5}\n"
        "  d: {id: !python/name:os.system x}\n"
        "  ? [e]\n"
        "  : {id: x}\n"
    )
    rest = "files here are plain data, write the value"

    assert [line for line in refused(path) if "expected" not in line] == [
        f"file.yaml:2:6: an anchor (&one): {rest} out",
        f"file.yaml:3:6: an alias (*one): {rest} out",
        f"file.yaml:4:7: a merge key (<<): {rest}s out",
        f"file.yaml:4:11: an alias (*one): {rest} out",
        "file.yaml:4:21: a tag (tag:yaml.org,2002:str): files here are plain data, leave it out",
        "file.yaml:5:11: a tag (!python/name:os.system): files here are plain data, leave it out",
        "file.yaml:6:5: a key must be text",
    ]


def test_aliases_that_would_explode_cost_nothing(write):
    """Nine levels of nine would be 387 million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]

    problems = refused(write("\n".join(lines)))

    assert sum("an alias" in line for line in problems) == 72


def test_an_alias_to_itself_is_refused(write):
    assert any("an alias (*a)" in line for line in refused(write("parts: &a [*a]")))


@pytest.mark.parametrize("levels", [DEEPEST + 1, 400, 100_000])
def test_nesting_is_bounded(write, levels):
    [line] = refused(write("[" * levels))

    assert line.endswith((f"nested more than {DEEPEST} levels deep", "nesting level"))


def test_a_byte_order_mark_is_passed_over(write):
    assert read(write(b"\xef\xbb\xbfparts: {a: {id: x}}"), File).parts["a"].id == "x"


def test_windows_line_ends_do_not_move_the_places(write):
    assert refused(write("parts:\r\n  a:\r\n    id: x\r\n    cuont: 1\r\n")) == [
        "file.yaml:4:5: unknown key 'cuont': did you mean 'count'?"
    ]


def test_a_file_that_is_missing_names_the_nearest_one(write, tmp_path):
    write("x", "email.yaml")

    assert refused(tmp_path / "emial.yaml") == [
        "emial.yaml: no such file: did you mean 'email.yaml'?"
    ]


def test_files_are_not_near_for_having_the_same_ending(write, tmp_path):
    write("x", "e9.yaml")
    write("x", "scores.jsonl")
    write("x", "scores.csv")

    assert refused(tmp_path / "there.yaml") == ["there.yaml: no such file"]
    assert refused(tmp_path / "scares.yaml") == ["scares.yaml: no such file"]
    assert "did you mean 'e9.yaml'?" in refused(tmp_path / "e9.yml")[0]
    for name in ("scors.csv", "scors.jsonl"):
        right = name.replace("scors", "scores")
        assert refused(tmp_path / name) == [f"{name}: no such file: did you mean '{right}'?"]


def test_a_folder_and_a_pipe_are_no_files(write, tmp_path):
    write("x")
    os.mkfifo(tmp_path / "pipe.yaml")

    assert refused(tmp_path / "pipe.yaml") == ["pipe.yaml: not a file"]
    (tmp_path / "folder.yaml").mkdir()
    assert refused(tmp_path / "folder.yaml") == ["folder.yaml: a folder, not a file"]


def test_a_path_with_a_null_character_is_told(tmp_path):
    [line] = refused(tmp_path / "a\0b")

    assert line.endswith("cannot be read: embedded null byte")


def test_a_huge_file_is_refused_before_it_is_parsed(write):
    with open(path := write(""), "wb") as file:
        file.truncate(33 * 2**20)

    assert refused(path) == ["file.yaml: larger than 32 MB"]


def test_what_a_terminal_would_obey_is_shown_as_an_escape(write):
    [line] = refused(write('parts: {a: {id: "\\e[31mred\\n"}}'))

    assert line.endswith(r"found text '\x1b[31mred\n'")


def test_long_text_is_shortened_in_errors(write):
    [line] = refused(write(f"parts: {{a: {{id: {'X' * 500}}}}}"))

    assert line.endswith(f"found text '{'X' * 57}...'")


def test_a_validator_says_several_things_each_at_its_own_place(write):
    class Strict(FileModel):
        low: Number
        high: Number

        @model_validator(mode="after")
        def _refuses(self):
            refuse((("low",), "too {low}"), (("high", "[key]"), "too high"))

    assert refused(write("low: 1\nhigh:   2\n"), Strict) == [
        "file.yaml:1:6: too {low}",
        "file.yaml:2:1: too high",
    ]


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="ab:-[]{}&*!|>'\"#%\n \t,?0.~é\x85\ufeff")))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "file.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")

    try:
        read(path, File)
    except UserError as error:
        assert str(error)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="abc"), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(alphabet="abc"), JSON_VALUES, min_size=1))
def test_json_is_read_as_the_values_it_holds(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("json") / "file.yaml"
    path.write_text(json.dumps(values))
    source = parse(path)

    assert not source.problems
    assert data(source.node) == values
