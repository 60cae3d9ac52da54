"""Prompt distributions: what a file yields, how it is split, and every way to get it wrong."""

import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastemaker.content import file_fingerprint, fingerprint, folder
from tastemaker.errors import UserError
from tastemaker.records import Message, ToolCall
from tastemaker.scenario import Dataset, Scenario, load_dataset, select

EMAIL = """\
dataset: writing/email
about: Everyday work email, as people ask for it.
strata:
  follow-up:
    weight: 0.3
    scenarios:
      - id: invoice-late
        cluster: invoice
        prompt: |
          chase Dana for the invoice from march
        labels: {kind: request, audience: client}
        expect: {recipient: Dana}
    templates:
      - id: ask-{what}-{who}
        prompt: "Write a {tone} email to {who} asking for {what}."
        vars: {who: [my manager, a client], what: [a refund, an extension], tone: [warm, brief]}
        sample: 6
  from-users:
    weight: 0.2
    file: email-feedback.jsonl
formats: [plain, markdown, xml, json]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files into a project, which is also the current folder."""
    (tmp_path / "tastemaker.toml").touch()
    monkeypatch.chdir(tmp_path)

    def write(content, name="try.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def one_stratum(text):
    """A dataset file of one stratum."""
    return "dataset: try\nstrata:\n  s:\n" + text


def refused(path):
    """The lines of the error of a dataset."""
    with pytest.raises(UserError) as caught:
        load_dataset(path)
    return str(caught.value).split("\n")


def ids(dataset):
    """The ids of the scenarios, in their order."""
    return [scenario.id for scenario in dataset.scenarios]


# What a file yields


def test_the_example_of_the_design_is_read(project):
    project('{"id": "User 1", "prompt": "hi"}\n', "datasets/writing/email-feedback.jsonl")
    project(EMAIL, "datasets/writing/email.yaml")
    dataset = load_dataset("writing/email")
    first, *made, last = dataset.scenarios

    assert dataset.strata == pytest.approx({"follow-up": 0.6, "from-users": 0.4})
    assert dataset.formats == ("plain", "markdown", "xml", "json")
    assert (first.id, first.stratum, first.cluster) == ("invoice-late", "follow-up", "invoice")
    assert first.messages == (Message(role="user", text="chase Dana for the invoice from march\n"),)
    assert first.labels == {"kind": "request", "audience": "client"}
    assert first.expect == {"recipient": "Dana"}
    assert len(made) == 6
    assert {scenario.cluster for scenario in made} == {"ask-{what}-{who}"}
    assert (last.id, last.cluster, last.prompt) == ("User 1", "User 1", "hi")
    assert {scenario.split for scenario in dataset.scenarios} == {"dev"}


def test_strata_without_weights_weigh_the_same(project):
    text = "dataset: try\nstrata:\n" + "".join(
        f"  {s}: {{scenarios: [{{id: {s}, prompt: x}}]}}\n" for s in "abcd"
    )

    assert load_dataset(project(text)).strata == dict.fromkeys("abcd", 0.25)


def test_labels_and_ids_are_the_text_that_was_written(project):
    path = project(
        one_stratum(
            "    scenarios:\n      - {id: 007, prompt: 12, labels: {a: no, b: 2024-01-01, c: 1.0}}"
        )
    )
    [scenario] = load_dataset(path).scenarios

    assert (scenario.id, scenario.prompt) == ("007", "12")
    assert scenario.labels == {"a": "no", "b": "2024-01-01", "c": "1.0"}


def test_a_scenario_carries_all_that_it_may(project):
    path = project(
        one_stratum("""\
    scenarios:
      - id: all
        messages:
          - {role: user, content: Book it.}
          - role: assistant
            content: ""
            tool_calls: [{name: search_web, arguments: {query: rooms}, id: c1}]
          - {role: tool, content: done, tool_call_id: c1}
        weight: 2
        reference: Booked.
        document: Draft.
        selection: {text: Draft, occurrence: 1}
        tools: [search_web]
        environment: {kind: workspace, state: {search: No rooms.}}
        user: {persona: brisk, goal: A room.}
        history: [{when: Monday, messages: [{role: user, content: earlier}]}]
        now: 2026-03-09T14:30
        timezone: Europe/Berlin
        attachments: [a.txt]
        criteria: {clarity: {short: {ask: Is it short?}}}
        provenance: {from: a user}
""")
    )
    [scenario] = load_dataset(path).scenarios

    assert [message.role for message in scenario.messages] == ["user", "assistant", "tool"]
    assert scenario.messages[1].tool_calls == (
        ToolCall(name="search_web", arguments={"query": "rooms"}, id="c1"),
    )
    assert scenario.prompt == "Book it."
    assert (scenario.weight, scenario.reference, scenario.document) == (2.0, "Booked.", "Draft.")
    assert (scenario.selection.text, scenario.selection.occurrence) == ("Draft", 1)
    assert (scenario.environment.kind, scenario.tools) == ("workspace", ("search_web",))
    assert (scenario.user.goal, scenario.user.scripted) == ("A room.", False)
    assert scenario.history[0].when == "Monday"
    assert (scenario.now, scenario.timezone) == ("2026-03-09T14:30", "Europe/Berlin")
    assert scenario.criteria["clarity"]["short"].ask == "Is it short?"


def test_a_list_that_a_scenarios_own_check_reads_is_part_of_the_fingerprint(project):
    text = "dataset: d\nstrata: {s: {scenarios: [{id: a, prompt: x, criteria: CRITERIA}]}}\n"
    own = "{p: {c: {check: CHECK, with: {max: 2}}}}"
    made = {
        check: load_dataset(project(text.replace("CRITERIA", own.replace("CHECK", check))))
        for check in ("exclamations", "stock_phrases")
    }
    parts = {
        check: [one.name, one.version, one.strata, one.formats, one.scenarios]
        for check, one in made.items()
    }
    read = {"stock_phrases": file_fingerprint(folder("rubrics") / "stock-phrases.yaml")}

    assert made["exclamations"].fingerprint == fingerprint(parts["exclamations"])
    assert made["stock_phrases"].fingerprint == fingerprint([*parts["stock_phrases"], read])


def test_a_fingerprint_is_that_of_what_is_asked_and_not_of_how_it_is_described(project):
    text = one_stratum("    scenarios: [{id: a, prompt: x}]\n")
    before = load_dataset(project(text)).fingerprint

    assert load_dataset(project(text + "about: New words.\n")).fingerprint == before
    assert load_dataset(project(text.replace("prompt: x", "prompt: y"))).fingerprint != before


# Templates


TEMPLATE = one_stratum("""\
    templates:
      - id: ask-{what}
        prompt: Ask for {what}.
        vars: {what: [a refund, A Refund, more]}
""")


def test_ids_of_a_template_are_valid_and_unique(project):
    assert ids(load_dataset(project(TEMPLATE))) == ["ask-a-refund", "ask-a-refund-2", "ask-more"]


def test_a_template_may_say_its_clusters(project):
    dataset = load_dataset(project(TEMPLATE + '        cluster: "{what}"\n'))

    assert [scenario.cluster for scenario in dataset.scenarios] == ["a refund", "A Refund", "more"]


def test_templates_of_twins_draw_the_same_values(project):
    values = "{what: [a knife, a rope, a car, a pen], who: [Ana, Bo]}"
    path = project(
        one_stratum(f"""\
    templates:
      - {{id: "good-{{what}}-{{who}}", prompt: "Sell {{who}} {{what}}.", vars: {values}, sample: 3}}
      - {{id: "bad-{{what}}-{{who}}", prompt: "Steal {{what}} from {{who}}.", vars: {values},
         sample: 3, twin: "good-{{what}}-{{who}}"}}
""")
    )
    dataset = load_dataset(path)

    assert len(dataset.scenarios) == 6
    assert {scenario.cluster for scenario in dataset.scenarios} == {"good-{what}-{who}"}
    for scenario in dataset.scenarios:
        kind, _, values = scenario.id.partition("-")
        assert scenario.twin == f"{'bad' if kind == 'good' else 'good'}-{values}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("id: t, prompt: 'Hi {waht}', vars: {what: [a]}",
         ["try.yaml:5:26: no variable 'waht': did you mean 'what'?",
          "try.yaml:5:46: the variable 'what' is not used: it would only repeat"]),
        ("id: t, prompt: 'Hi {zzzz} {what}', vars: {what: [a]}",
         ["try.yaml:5:26: no variable 'zzzz'; write '{{zzzz}}' for the text itself"]),
        ("id: t, prompt: '{what} {what:>9}', vars: {what: [a]}",
         ["try.yaml:5:26: only '{what}' is filled in: '{what:>9}'"]),
        ("id: t, prompt: '{what}', vars: {what: [a, b]}, sample: 3",
         ["try.yaml:5:66: a sample of 3 from 2 combinations"]),
        ("id: t, prompt: '{what}', vars: {what: [a, a]}",
         ["try.yaml:5:36: 'what' has a value twice"]),
        ("id: t, prompt: '{what}', vars: {what: []}",
         ["try.yaml:5:43: expected at least 1, found none"]),
        ("id: t, prompt: hi, vars: {}", ["try.yaml:5:30: expected at least 1, found none"]),
        ("id: t, prompt: hi", ["try.yaml:5:9: the key 'vars' is missing"]),
        ("id: t, prompt: '{w}', vars: {w: [x]}, sample: 0",
         ["try.yaml:5:57: expected greater than or equal to 1, found the number 0"]),
        ("id: t, prompt: '{w}', vars: {w: [x]}, now: 'later'",
         ["try.yaml:5:54: expected a time like 2026-03-09T14:30, found text 'later'"]),
        ("id: t, prompt: '{w}', vars: {w: ['', x]}",
         ["try.yaml:5:26: expected text that is not blank, found text ''"]),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_filled_in_is_told(project, text, lines):
    assert refused(project(one_stratum(f"    templates:\n      - {{ {text} }}\n"))) == lines


def test_a_template_of_too_many_combinations_is_refused_before_they_are_made(project):
    values = ", ".join(map(str, range(100)))
    path = project(
        one_stratum(f"""\
    templates:
      - id: t
        prompt: "{{a}}{{b}}{{c}}{{d}}"
        vars: {{a: [{values}], b: [{values}], c: [{values}], d: [{values}]}}
        sample: 5
""")
    )

    assert refused(path) == ["try.yaml:7:9: 100000000 combinations; at most 100000"]


# Data files


CSV = 'id,prompt,labels.kind,weight,expect.days\n1,"Hi, you",no,2,3\nTwo words,7,true,,\n'
ROWS = [
    {"id": "1", "prompt": "Hi, you", "labels": {"kind": "no"}, "weight": 2, "expect": {"days": 3}},
    {"id": "Two words", "prompt": "7", "labels": {"kind": "true"}},
]


def write_parquet(path, rows):
    """Rows as a Parquet file, absent cells as null."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), path)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_rows_are_scenarios_whatever_the_kind_of_file(project, tmp_path, kind):
    project(CSV, "rows.csv")
    project("\n\n".join(map(json.dumps, ROWS)), "rows.jsonl")
    flat = [
        {"id": "1", "prompt": "Hi, you", "labels.kind": "no", "weight": 2.0, "expect.days": 3},
        {"id": "Two words", "prompt": "7", "labels.kind": "true"},
    ]
    write_parquet(tmp_path / "rows.parquet", flat)
    one, two = load_dataset(project(one_stratum(f"    file: rows.{kind}\n"))).scenarios

    assert (one.id, one.prompt, one.labels, one.weight) == ("1", "Hi, you", {"kind": "no"}, 2.0)
    assert one.expect == {"days": 3}
    assert (two.id, two.prompt, two.labels, two.weight) == ("Two words", "7", {"kind": "true"}, 1.0)
    assert two.expect == {}


def test_columns_are_mapped_by_name_and_others_are_left_alone(project):
    project("Question,Topic,Other\nWhy?,sky,x\n", "rows.csv")
    path = project(
        one_stratum("    file: rows.csv\n    columns: {prompt: Question, labels.topic: Topic}\n")
    )
    [scenario] = load_dataset(path).scenarios

    assert (scenario.prompt, scenario.labels) == ("Why?", {"topic": "sky"})


def test_a_row_without_an_id_is_known_by_what_it_says(project):
    path = project(one_stratum("    file: rows.jsonl\n"))
    project('{"prompt": "a"}\n{"prompt": "b"}\n', "rows.jsonl")
    before = ids(load_dataset(path))
    project('{"prompt": "new"}\n{"prompt": "b"}\n{"prompt": "a"}\n', "rows.jsonl")

    assert ids(load_dataset(path))[1:] == before[::-1]


def test_a_byte_order_mark_and_line_breaks_in_cells_are_fine(project):
    project('\ufeffid,prompt\r\na,"one\ntwo"\r\n', "rows.csv")

    assert (
        load_dataset(project(one_stratum("    file: rows.csv\n"))).scenarios[0].prompt == "one\ntwo"
    )


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("r.jsonl", '{"prompt": "a"}\n{"prompt": 5, "promt": 1}\n[1]\n{"prompt"\n{"prompt": NaN}\n',
         ["r.jsonl:3:1: expected a JSON object on each line",
          "r.jsonl:4:10: not JSON: Expecting ':' delimiter",
          "r.jsonl:5:1: not JSON: NaN is not a finite number"]),
        ("r.jsonl", '{"prompt": "a", "weight": -1}\n{"promt": 1, "labels": 3}\n',
         ["r.jsonl:1:1: weight: expected greater than 0, found the number -1",
          "r.jsonl:2:1: labels: expected keys and values, found the number 3",
          "r.jsonl:2:1: unknown key 'promt': did you mean 'prompt'?"]),
        ("r.jsonl", '{"prompt": "a", "prompt": "b"}',
         ["r.jsonl:1:1: not JSON: the key 'prompt' stands there twice"]),
        ("r.jsonl", '{"prompt": "a", "weight": 1e999}',
         ["r.jsonl:1:1: weight: expected a number, found text 'inf'"]),
        ("r.jsonl", '{"prompt": ' + "[" * 80 + "]" * 80 + "}",
         ["r.jsonl:1:1: nested more than 50 levels deep"]),
        ("r.jsonl", '{"prompt": ' + "[" * 9000 + "]" * 9000 + "}",
         ["r.jsonl:1:1: not JSON: maximum recursion depth exceeded while decoding a JSON array "
          "from a unicode string"]),
        ("r.jsonl", '{"prompt": "a", "id": "' + "x" * 201 + '"}',
         ["r.jsonl:1:1: id: expected at most 200 characters, found text '" + "x" * 57 + "...'"]),
        ("r.jsonl", "", ["r.jsonl:1:1: the file has no rows"]),
        ("r.jsonl", '{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}',
         ["r.jsonl:2:1: the id 'a' stands also in r.jsonl:1"]),
        ("r.csv", "id,prompt\na\nb,x,y\n\nc,z\n",
         ["r.csv:2:1: expected 2 cells, as in the header, found 1",
          "r.csv:3:1: expected 2 cells, as in the header, found 3"]),
        ("r.csv", "id,id,\na,b,c\n",
         ["r.csv:1:1: a column without a name", "r.csv:1:1: two columns 'id'"]),
        ("r.csv", 'id,prompt\na,"x"y\n', ["r.csv:2:1: not CSV: ',' expected after '\"'"]),
        ("r.csv", 'id,prompt\na,"x\ny"\nb,\n',
         ["r.csv:4:1: expected one `prompt` or one list of `messages`"]),
        ("r.csv", "id,prompt,weight\na,x,heavy\n",
         ["r.csv:2:1: weight: expected a number, found text 'heavy'"]),
        ("r.csv", b"id,prompt\na,caf\xe9\n", ["r.csv:2:6: not UTF-8 text: save the file as UTF-8"]),
        ("r.parquet", b"PAR1 or not", ["r.parquet:1:1: not Parquet: "]),
        ("r.xlsx", "x", ["r.xlsx: expected a file ending in .jsonl, .csv or .parquet"]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_data_file_is_told_with_its_line(project, name, content, lines):
    project(content, name)
    found = refused(project(one_stratum(f"    file: {name}\n")))

    assert len(found) == len(lines)
    assert all(told.startswith(line) for told, line in zip(found, lines, strict=True))


def test_half_a_surrogate_pair_is_no_text(project):
    project('{"prompt": "a", "expect": {"x": "\\ud800"}}', "r.jsonl")

    [line] = refused(project(one_stratum("    file: r.jsonl\n")))
    assert line.startswith("r.jsonl:1:1: not JSON: ")


def test_columns_that_are_not_there_are_told(project):
    project("id,Question\na,b\n", "r.csv")
    text = one_stratum("    file: r.csv\n    columns: {prompt: Qestion, labels.x: nothing}\n")

    assert refused(project(text)) == [
        "r.csv:1:1: no column 'Qestion' for 'prompt': did you mean 'Question'?",
        "r.csv:1:1: no column 'nothing' for 'labels.x': there is Question or id",
    ]


def test_a_data_file_outside_the_project_is_refused(project, tmp_path):
    (tmp_path.parent / "outside.jsonl").write_text('{"prompt": "secret"}')
    [line] = refused(project(one_stratum("    file: ../outside.jsonl\n")))

    assert line.startswith("try.yaml:4:11: ") and "lies outside the project" in line


# Every way to get it wrong


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("strata: {s: {scenarios: [{id: a, prompt: x}]}}",
         ["try.yaml:1:1: the key 'dataset' is missing"]),
        ("dataset: try", ["try.yaml:1:1: the key 'strata' is missing"]),
        ("dataset: try\nstrata: {}", ["try.yaml:2:1: expected at least 1, found none"]),
        ("dataset: try\nstrata:\n  s: {}\n  t: {weight: 1, scenarios: []}",
         ["try.yaml:3:3: the stratum is empty: give it `scenarios`, `templates` or a `file`",
          "try.yaml:4:3: the stratum is empty: give it `scenarios`, `templates` or a `file`"]),
        ("dataset: try\nstrata:\n  s: {weight: 0, scenarios: [{id: a, prompt: x}]}",
         ["try.yaml:2:1: the weights of the strata sum to 0"]),
        ("dataset: try\nstrata:\n  s: {weight: 1, scenarios: [{id: a, prompt: x}]}\n"
         "  t: {scenarios: [{id: b, prompt: x}]}",
         ["try.yaml:4:3: the key 'weight' is missing: every stratum has one, or none has"]),
        ("dataset: try\nstrata:\n  s: {weight: -1, scenarios: [{id: a, prompt: x}]}",
         ["try.yaml:3:15: expected greater than or equal to 0, found the number -1"]),
        ("dataset: try\nformats: [plain, markdwon]\nstrata: {s: {scenarios: [{id: a, prompt: x}]}}",
         ["try.yaml:2:18: expected 'plain', 'markdown', 'xml' or 'json', found text 'markdwon': "
          "did you mean 'markdown'?"]),
        ("dataset: try\nsplit: {dev: 1, held-out: 0}\n"
         "strata: {s: {scenarios: [{id: a, prompt: x}]}}",
         ["try.yaml:2:27: expected greater than 0, found the number 0"]),
        (one_stratum("    file: nothing.jsonl"), ["try.yaml:4:11: no file 'nothing.jsonl'"]),
        (one_stratum("    scenarios: [{id: a, prompt: x}]\n    columns: {prompt: x}"),
         ["try.yaml:5:5: 'columns' has no meaning without 'file'"]),
        (one_stratum("    file: x.csv\n    columns: {promt: x}"),
         ["try.yaml:5:15: unknown field 'promt': did you mean 'prompt'?"]),
    ],
)  # fmt: skip
def test_each_mistake_in_a_file_is_one_clear_line(project, text, lines):
    assert refused(project(text)) == lines


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        (["{prompt: x}"], ["5:9: the key 'id' is missing"]),
        (["{id: a}"], ["5:9: expected one `prompt` or one list of `messages`"]),
        (["{id: a, prompt: x, messages: [{role: user, content: x}]}"],
         ["5:9: expected one `prompt` or one list of `messages`"]),
        (["{id: a, prompt: x, labels: [b]}"], ["5:28: expected keys and values, found a list"]),
        (["{id: a, prompt: x, label: {b: c}}"],
         ["5:28: unknown key 'label': did you mean 'labels'?"]),
        (["{id: a, messages: [{role: usr, content: x}]}"],
         ["5:35: expected 'system', 'user', 'assistant' or 'tool', found text 'usr': "
          "did you mean 'user'?"]),
        (["{id: a, messages: [{role: assistant, content: x}]}"],
         ["5:35: the last message must be the user's or a tool's"]),
        (["{id: a, prompt: x, now: tomorrow, timezone: Mars/Olympus}"],
         ["5:33: expected a time like 2026-03-09T14:30, found text 'tomorrow'"]),
        (["{id: a, prompt: x, timezone: Mars/Olympus}"],
         ["5:38: expected a time zone like Europe/Berlin, found text 'Mars/Olympus'"]),
        (["{id: a, prompt: x, weight: 0}"], ["5:36: expected greater than 0, found the number 0"]),
        (["{id: a, prompt: x}", "{id: b, prompt: x}", "{id: a, prompt: y}"],
         ["7:14: the id 'a' stands also in try.yaml:5"]),
        (["{id: alpha, prompt: x}", "{id: b, prompt: x, twin: alhpa}"],
         ["6:34: no scenario 'alhpa': did you mean 'alpha'?"]),
        (["{id: a, prompt: x, twin: a}"], ["5:34: 'a' cannot be its own twin"]),
        (["{id: a, prompt: x, split: dev}", "{id: b, prompt: x, twin: a, split: held-out}"],
         ["6:44: 'b' in 'held-out', but 'a' of the same cluster is told to stand in 'dev'"]),
        (["{id: a, prompt: x, split: helt-out}"],
         ["5:35: no split 'helt-out': did you mean 'held-out'?"]),
        (["{id: a, prompt: x, criteria: {p: {c: {ask: x?, check: words}}}}"],
         ["5:43: a criterion is one `ask` or one `check`"]),
    ],
)  # fmt: skip
def test_each_mistake_in_a_scenario_is_one_clear_line(project, entries, lines):
    text = one_stratum("    scenarios:\n" + "".join(f"      - {entry}\n" for entry in entries))

    assert refused(project(text)) == [f"try.yaml:{line}" for line in lines]


def test_mistakes_of_all_entries_and_files_are_told_at_once(project):
    project('{"prompt": ""}\n', "r.jsonl")
    text = one_stratum("""\
    templates:
      - {id: t, prompt: "{x}{y}", vars: {x: [a]}}
  t:
    file: r.jsonl
  u:
    file: nothing.csv
""")

    assert refused(project(text)) == [
        "try.yaml:5:25: no variable 'y'; write '{{y}}' for the text itself",
        "try.yaml:9:11: no file 'nothing.csv'",
        "r.jsonl:1:1: prompt: expected text that is not blank, found text ''",
    ]


# Twins, clusters, splits


def test_twins_know_each_other_and_stand_in_one_cluster(project):
    path = project(
        one_stratum("""\
    scenarios:
      - {id: a, prompt: x, cluster: first}
      - {id: b, prompt: x, cluster: second, twin: a}
      - {id: c, prompt: x, cluster: second}
      - {id: d, prompt: x}
""")
    )
    a, b, c, d = load_dataset(path).scenarios

    assert (a.twin, b.twin, c.twin, d.twin) == ("b", "a", None, None)
    assert (a.cluster, b.cluster, c.cluster, d.cluster) == ("first", "first", "first", "d")


def written(clusters, split="{dev: 0.6, held-out: 0.4}"):
    """A dataset file of one stratum with one scenario for each cluster of the list."""
    lines = [f"      - {{id: s{i}, prompt: x, cluster: {c}}}\n" for i, c in enumerate(clusters)]
    return f"split: {split}\n" + one_stratum("    scenarios:\n" + "".join(lines))


def test_clusters_are_cut_at_the_quota(project):
    dataset = load_dataset(project(written([f"c{i}" for i in range(20)])))
    splits = [scenario.split for scenario in dataset.scenarios]

    assert (splits.count("dev"), splits.count("held-out")) == (12, 8)
    assert (dataset.splits, dataset.warnings) == (("dev", "held-out"), ())


def test_a_stratum_without_a_cluster_in_a_split_is_an_error(project):
    assert refused(project(written(["c0", "c0"]))) == [
        "try.yaml:4:3: no cluster for the split 'held-out': 1 in all, write more"
    ]


def test_fewer_than_five_clusters_in_a_split_are_a_warning(project):
    dataset = load_dataset(project(written([f"c{i}" for i in range(9)])))

    assert dataset.warnings == ("stratum 's', split 'held-out': only 4 clusters",)


def test_a_scenario_may_say_its_split(project):
    text = written([f"c{i}" for i in range(20)]).replace("cluster: c7}", "cluster: c7, split: dev}")
    dataset = load_dataset(project(text))

    assert dataset.scenarios[7].split == "dev"
    assert [s.split for s in dataset.scenarios].count("dev") == 12


@settings(max_examples=30, deadline=None)
@given(clusters=st.lists(st.integers(0, 12), min_size=1, max_size=40), seed=st.integers(0, 9))
def test_no_cluster_is_ever_parted(tmp_path_factory, clusters, seed):
    path = tmp_path_factory.mktemp("split") / "try.yaml"
    path.write_text(f"seed: {seed}\n" + written([f"c{c}" for c in clusters]))
    if len(set(clusters)) < 2:
        with pytest.raises(UserError, match="no cluster for the split"):
            load_dataset(path)
        return
    splits = {}
    for scenario in load_dataset(path).scenarios:
        splits.setdefault(scenario.cluster, set()).add(scenario.split)

    assert all(len(found) == 1 for found in splits.values())


def test_a_cluster_in_two_strata_is_not_parted(project):
    lines = "".join(f"      - {{id: {{s}}{i}, prompt: x, cluster: c{i}}}\n" for i in range(12))
    text = "dataset: try\nsplit: {dev: 1, held-out: 1}\nstrata:\n" + "".join(
        f"  {s}:\n    scenarios:\n{lines.replace('{s}', s)}" for s in "ab"
    )
    splits = {}
    for scenario in load_dataset(project(text)).scenarios:
        splits.setdefault(scenario.cluster, set()).add(scenario.split)

    assert [len(found) for found in splits.values()] == [1] * 12


# Parts of a dataset


@pytest.fixture
def dataset():
    """Make a dataset from stratum to how many scenarios each of its clusters has."""

    def make(**strata):
        scenarios = [
            Scenario(
                id=f"{stratum}{cluster}-{i}",
                dataset="d",
                stratum=stratum,
                cluster=f"{stratum}{cluster}",
                split="dev" if cluster % 2 == 0 else "held-out",
                messages=(Message(role="user", text="x"),),
            )
            for stratum, sizes in strata.items()
            for cluster, size in enumerate(sizes)
            for i in range(size)
        ]
        weights = dict.fromkeys(strata, 1 / len(strata))
        return Dataset(name="d", strata=weights, scenarios=tuple(scenarios))

    return make


def test_a_split_is_selected(dataset):
    assert ids(select(dataset(a=[2, 1, 1]), "held-out")) == ["a1-0"]


def test_a_limit_keeps_the_shares_of_the_strata(dataset):
    """60, 30 and 10 of 100: of 20 they have 12, 6 and 2."""
    limited = select(dataset(a=[1] * 60, b=[1] * 30, c=[1] * 10), limit=20)
    strata = [scenario.stratum for scenario in limited.scenarios]

    assert [strata.count(s) for s in "abc"] == [12, 6, 2]


def test_a_limit_sees_as_many_clusters_as_it_can(dataset):
    limited = select(dataset(a=[50, 2, 2, 2]), limit=4)

    assert {scenario.cluster for scenario in limited.scenarios} == {"a0", "a1", "a2", "a3"}


def test_a_limit_above_all_that_there_is_changes_nothing(dataset):
    whole = dataset(a=[1, 1])

    assert select(whole, limit=2) == select(whole, limit=99) == whole


def test_a_part_has_a_fingerprint_of_its_own(dataset):
    whole = dataset(a=[1] * 5)
    before = whole.fingerprint

    assert select(whole, limit=3).fingerprint != before == whole.fingerprint


def test_a_split_that_is_not_there_is_told(dataset):
    with pytest.raises(UserError) as caught:
        select(dataset(a=[1, 1]), "helt-out")

    assert str(caught.value) == "dataset d has no split 'helt-out': did you mean 'held-out'?"


SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=6)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), SIZES, min_size=1), st.integers(1, 60))
def test_a_limit_keeps_proportions_and_order_and_is_repeatable(strata, limit):
    scenarios = tuple(
        Scenario(id=f"{s}{c}-{i}", dataset="d", stratum=s, cluster=f"{s}{c}",
                 messages=(Message(role="user", text="x"),))
        for s, sizes in strata.items()
        for c, size in enumerate(sizes)
        for i in range(size)
    )  # fmt: skip
    whole = Dataset(name="d", strata=dict.fromkeys(strata, 1.0), scenarios=scenarios)
    limited = select(whole, limit=limit)
    total = len(scenarios)

    assert len(limited.scenarios) == min(limit, total)
    assert limited == select(whole, limit=limit)
    assert ids(limited) == [name for name in ids(whole) if name in set(ids(limited))]
    for stratum, sizes in strata.items():
        kept = sum(scenario.stratum == stratum for scenario in limited.scenarios)
        assert abs(kept - min(limit, total) * sum(sizes) / total) < 1


# Cost


def test_reading_a_dataset_imports_nothing_heavy(project):
    path = project(one_stratum("    scenarios: [{id: a, prompt: x}]\n"))
    code = (
        "import sys, pathlib; from tastemaker.scenario import load_dataset;"
        f"load_dataset(pathlib.Path({str(path)!r}));"
        "heavy = {'pandas', 'pyarrow', 'inspect_ai', 'scipy', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
