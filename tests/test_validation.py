"""What `check` looks at and what it says of each file; what a distribution yields."""

from pathlib import Path

import pytest

from tastemaker.content import Place, folder
from tastemaker.errors import UserError
from tastemaker.scenario import load_dataset
from tastemaker.validation import counts, find_files, prompt_rows, validate_file

RUBRIC = "rubric: kind\nprinciples: {p: {criteria: {c: {ask: Is it kind?}}}}\n"
DATASET = """
dataset: small
formats: [plain, markdown]
strata:
  often:
    weight: 3
    scenarios:
      - {id: a, prompt: Hi, labels: {kind: request}}
      - {id: b, cluster: story, prompt: Hello}
      - {id: c, cluster: story, messages: [{role: user, content: One}, {role: user, content: Two}]}
  rare:
    weight: 1
    scenarios:
      - {id: d, prompt: Hey}
"""
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./small.yaml}]
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
"""
VALUES = """
values:
  honesty:
    text: It says what is so.
    demands: [{situation: Somebody asks for a fact., demand: Say what is so.}]
"""
PRINCIPLES = "principles: {honesty: It says what is so.}\n"
PHRASES = """
phrases: house
groups: {office: {about: Ours., entries: [{phrase: circle~ back, why: When?, severity: 3}]}}
"""


def validated(root, name):
    return validate_file(root / name, Place.at(root))


# What is looked at -------------------------------------------------------------------------------


def test_a_file_is_itself_and_a_folder_is_all_yaml_below_it(project):
    root = project({"kind.yaml": RUBRIC, "more/b.yml": RUBRIC, "more/a.yaml": RUBRIC, "c.txt": ""})
    found = find_files([Path("kind.yaml"), Path("more")], Place.at(root))

    assert [path.relative_to(root).as_posix() for path in found] == [
        "kind.yaml",
        "more/a.yaml",
        "more/b.yml",
    ]


def test_a_file_named_twice_is_looked_at_once(project):
    root = project({"more/a.yaml": RUBRIC})
    found = find_files([Path("more/a.yaml"), Path("more")], Place.at(root))

    assert found == [root / "more/a.yaml"]


def test_without_paths_the_projects_content_is_looked_at_from_any_folder_of_it(project):
    root = project({"rubrics/kind.yaml": RUBRIC, "datasets/small.yaml": DATASET, "x.yaml": "no"})
    (root / "deep").mkdir()
    found = find_files(None, Place.at(root / "deep"))

    assert found == [root / "rubrics/kind.yaml", root / "datasets/small.yaml"]


def test_without_content_the_built_in_content_is_looked_at(project):
    found = find_files(None, Place.at(project({})))

    assert folder("rubrics") / "demo" / "email.yaml" in found


def test_a_path_that_is_not_there_is_an_error(project):
    with pytest.raises(UserError, match=r"^knd\.yaml: no such file or folder$"):
        find_files([Path("knd.yaml")], Place.at(project({"kind.yaml": RUBRIC})))


def test_nothing_to_look_at_is_an_error_and_not_a_success(project):
    with pytest.raises(UserError, match=r"^no YAML files in docs$"):
        find_files([Path("docs")], Place.at(project({"docs/readme.md": ""})))


# What is said of a file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (RUBRIC, "rubric"),
        (DATASET, "dataset"),
        (EXPERIMENT, "experiment"),
        (VALUES, "values"),
        (PRINCIPLES, "principles"),
        (PHRASES, "phrases"),
    ],
)
def test_a_file_is_read_as_what_its_top_key_says(project, text, kind):
    root = project({"kind.yaml": RUBRIC, "small.yaml": DATASET, "it.yaml": text})
    found = validated(root, "it.yaml")

    assert (found.kind, found.error, found.shown) == (kind, "", "it.yaml")


@pytest.mark.parametrize("text", ["rubics: kind", "- rubric", "just text"])
def test_a_file_of_no_kind_says_which_there_are(project, text):
    found = validated(project({"it.yaml": text}), "it.yaml")

    assert found.error == (
        "it.yaml:1:1: expected one of the keys rubric, dataset, experiment, values, principles, "
        "phrases or card at the top"
    )


def test_all_problems_of_a_file_are_told_with_their_places(project):
    text = RUBRIC.replace("ask: Is", "ak: Is") + "versoin: 2\n"
    found = validated(project({"it.yaml": text}), "it.yaml")

    assert found.kind == "rubric"
    assert found.error.split("\n") == [
        "it.yaml:2:33: unknown key 'ak': did you mean 'ask'?",
        "it.yaml:3:1: unknown key 'versoin': did you mean 'version'?",
    ]


@pytest.mark.parametrize("text", [RUBRIC, DATASET, EXPERIMENT, VALUES, PRINCIPLES, PHRASES])
def test_what_is_wrong_with_a_file_does_not_keep_others_from_being_looked_at(project, text):
    root = project({"kind.yaml": RUBRIC, "small.yaml": DATASET, "it.yaml": text + "wrong: 1\n"})

    assert "unknown key 'wrong'" in validated(root, "it.yaml").error


def test_what_is_valid_and_small_is_a_warning(project):
    found = validated(project({"it.yaml": DATASET + "split: {dev: 1}\n"}), "it.yaml")

    assert found.error == ""
    assert found.warnings == (
        "stratum 'often', split 'dev': only 2 clusters",
        "stratum 'rare', split 'dev': only 1 cluster",
    )


NUMBERS = """
dataset: small
strata:
  all:
    scenarios:
      - {id: a, prompt: Hi, expect: {phone: 0800, ask: ['0800', 5.0, 12, +49], year: 1969}}
      - {id: b, prompt: Hi, expect: {more: {version: 1.10}}, labels: {code: 007}, provenance: 010}
    templates:
      - {id: t, prompt: "Hi {n}", vars: {n: ['1', '2']}, expect: {code: 010, n: "{n}"}}
    file: rows.csv
"""


def test_a_number_that_was_perhaps_meant_as_text_is_a_warning(project):
    """Text comes back as it was written only where text is wanted; `expect` takes both."""
    rows = "prompt,expect.zip\nHi,01307\nHo,1307\n"
    found = validated(project({"it.yaml": NUMBERS, "rows.csv": rows}), "it.yaml")

    assert found.error == ""
    told = "is read as the number"
    assert found.warnings == (
        f"it.yaml:6:45: expect.phone: 0800 {told} 800; quote it if text is meant",
        f"it.yaml:6:74: expect.ask.3: +49 {told} 49; quote it if text is meant",
        f"it.yaml:7:54: expect.more.version: 1.10 {told} 1.1; quote it if text is meant",
        f"it.yaml:9:73: expect.code: 010 {told} 10; quote it if text is meant",
        f"rows.csv:2:1: expect.zip: 01307 {told} 1307; in JSONL it can be text",
    )


def test_a_number_in_a_check_that_was_perhaps_meant_as_text_is_a_warning(project):
    """An argument that only takes numbers, or only texts, has what it takes."""
    text = """rubric: kind
principles:
  p:
    criteria:
      called: {check: tool_arguments, with: {name: send_mail, arguments: {to: 0800, body: 0900x}}}
      long: {check: words, with: {max: 010}}
"""
    found = validated(project({"it.yaml": text}), "it.yaml")

    assert found.error == ""
    assert found.warnings == (
        "it.yaml:5:79: with.arguments.to: 0800 is read as the number 800; quote it if text is "
        "meant",
    )


STOCK = "rubric: kind\nprinciples: {p: {criteria: {c: {check: stock_phrases}}}}\n"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("", 1),
        ("rules: {default: {blocking: false}, p: {blocking: true}}\n", 1),
        ("rules: {p: {margin: 0.1}}\n", 1),
        ("rules: {p: {blocking: false}}\n", 0),
        ("rules: {default: {blocking: false}}\n", 0),
        ("rules: {p@small: {blocking: false}}\n", 0),
    ],
)
def test_a_blocking_principle_on_a_list_of_phrases_alone_is_warned_of(project, rules, told):
    root = project({"kind.yaml": STOCK, "small.yaml": DATASET, "it.yaml": EXPERIMENT + rules})
    found = validated(root, "it.yaml")

    assert found.error == ""
    resting = "./kind.yaml, p: rests on stock_phrases alone"
    assert sum(resting in one for one in found.warnings) == told


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("", "p (3; a margin of 0.05 takes 72)"),
        ("rules: {p: {margin: 0.5}}\n", "p (3; a margin of 0.5 takes 6)"),
        (
            "rules: {p@small: {margin: 0.5}}\n",
            "p (3; a margin of 0.05 takes 72), p@small (3; a margin of 0.5 takes 6)",
        ),
        (  # 0.25 ** 3 < 0.025, but the clusters weigh 2, 1 and 1: 16 / 6
            "rules: {default: {margin: 0.75}}\n",
            "p (3, by their weights worth 2.7; a margin of 0.75 takes 3)",
        ),
        ("rules: {default: {margin: 0.85}}\n", ""),  # 0.15 ** 2 < 0.025
        ("rules: {p: {blocking: false}}\n", ""),
    ],
)
def test_a_margin_that_too_few_clusters_can_certify_is_warned_of(project, rules, told):
    """Three clusters: two scenarios of the four tell one story."""
    root = project({"kind.yaml": RUBRIC, "small.yaml": DATASET, "it.yaml": EXPERIMENT + rules})

    lacking = "too few clusters to find these non-inferior: "
    found = [one for one in validated(root, "it.yaml").warnings if "clusters" in one]
    assert found == ([lacking + told] if told else [])


def test_clusters_of_a_principle_are_counted_over_all_of_its_evals(project):
    """Six, 3 of each eval with weights 2, 1, 1: they are worth 64 / 12, and 0.6 takes 5."""
    both = EXPERIMENT.replace("evals: [", "evals: [{rubric: ./kind.yaml, dataset: ./other.yaml}, ")
    files = {"other.yaml": DATASET.replace("dataset: small", "dataset: other")}
    files |= {"kind.yaml": RUBRIC, "small.yaml": DATASET}

    def told(rules):
        root = project(files | {"it.yaml": both + rules})
        return [one for one in validated(root, "it.yaml").warnings if "clusters" in one]

    assert both != EXPERIMENT
    assert told("rules: {p: {margin: 0.6}}\n") == []
    assert (
        "p (6, by their weights worth 5.3; a margin of 0.5 takes 6)"
        in told("rules: {p: {margin: 0.5}}\n")[0]
    )


def test_a_list_of_phrases_that_no_check_reads_is_warned_of(project):
    assert "banned_phrases" in validated(project({"it.yaml": PHRASES}), "it.yaml").warnings[0]
    assert validate_file(folder("rubrics") / "stock-phrases.yaml", Place.at(Path())).warnings == ()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{phrase: (a|b, why: W, severity: 1}", "a bracket that is not closed"),
        ("{phrase: a (b|), why: W, severity: 1}", "an alternative without a word: ''"),
        ("{phrase: '[a]', why: W, severity: 1}", "nothing in it must be there"),
        ("{phrase: a, pattern: b, why: W, severity: 1}", "one `phrase` or one `pattern`"),
        ("{pattern: '(', why: W, severity: 1}", "no regular expression: missing )"),
        ("{phrase: a, why: W, severity: 4}", "severity"),
        ("{phrase: circling back, why: W, severity: 1}", "'circling back' stands in office, "),
    ],
)
def test_what_is_wrong_with_a_list_of_phrases_is_told_with_its_place(project, entry, message):
    text = PHRASES.replace("severity: 3}", "severity: 3}, " + entry)
    error = validated(project({"it.yaml": text}), "it.yaml").error

    assert error.startswith("it.yaml:3:")
    assert message in error or message == "severity"


# What a distribution yields ----------------------------------------------------------------------


@pytest.fixture
def small(project):
    return load_dataset(project({"small.yaml": DATASET}) / "small.yaml")


def test_counts_of_a_distribution(small):
    assert list(counts(small)) == [
        "small, version 1: 4 scenarios in 3 clusters",
        "  stratum often: 3 scenarios, weight 0.750",
        "  stratum rare: 1 scenarios, weight 0.250",
        "  split dev: 4 scenarios",
        "  formats: plain, markdown",
    ]


def test_prompts_of_a_distribution(small):
    rows = list(prompt_rows(small))

    assert rows[0] == {
        "scenario": "a",
        "stratum": "often",
        "cluster": "a",
        "split": "dev",
        "format": "plain",
        "messages": [{"role": "user", "content": "Hi"}],
        "labels": {"kind": "request"},
    }
    assert [message["content"] for message in rows[2]["messages"]] == ["One", "Two"]


# What `run` refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        (
            "environment: {kind: canvas}",
            "it.yaml:4:44: no environment of these evals has the tool 'edit_documents': did you "
            "mean 'edit_document'?",
        ),
        ("", "it.yaml:4:44: no environment of these evals has the tool 'edit_documents'"),
    ],
    ids=["nearly", "no environment at all"],
)
def test_tools_of_an_arm_that_no_environment_has_are_refused_where_they_stand(
    project, environment, problem
):
    scenario = f"      - {{id: d, prompt: Hey, {environment}}}"
    dataset = DATASET.replace("      - {id: d, prompt: Hey}", scenario)
    arm = EXPERIMENT.replace("acted/old}", "acted/old, tools: [edit_documents]}")
    root = project({"kind.yaml": RUBRIC, "small.yaml": dataset, "it.yaml": arm})

    assert validated(root, "it.yaml").error == problem


def test_tools_that_an_environment_has_are_fine(project):
    dataset = DATASET.replace("prompt: Hey}", "prompt: Hey, environment: {kind: canvas}}")
    arm = EXPERIMENT.replace("acted/old}", "acted/old, tools: [edit_document]}")
    root = project({"kind.yaml": RUBRIC, "small.yaml": dataset, "it.yaml": arm})

    assert validated(root, "it.yaml").error == ""


def test_a_user_that_a_model_plays_needs_one_in_the_experiment(project):
    dataset = DATASET.replace("prompt: Hey}", "prompt: Hey, user: {goal: To know.}}")
    played = EXPERIMENT + "user: {model: acted/user}\n"
    files = {"kind.yaml": RUBRIC, "small.yaml": dataset, "it.yaml": EXPERIMENT, "on.yaml": played}
    root = project(files)

    assert validated(root, "it.yaml").error == (
        "it.yaml:3:1: small: its users are played by a model; add `user: {model: ...}` to the "
        "experiment"
    )
    assert validated(root, "on.yaml").error == ""


# Tools and what scenarios give -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "word", "problem"),
    [
        ("tool, with: {name: serch_web}", "serch_web", "name: 'serch_web'search_web"),
        (
            "tool, with: {name: search_web, before: edit_documents}",
            "edit_documents",
            "before: 'edit_documents'edit_document",
        ),
        (
            "tool_choice, with: {should: a, classes: {a: xyz, b: search_web}}",
            "classes",
            "classes: 'xyz'",
        ),
        (
            "path_followed, with: {steps: [find_contact, {name: send_mial}]}",
            "steps",
            "steps: 'send_mial'send_mail",
        ),
    ],
)
def test_a_misspelt_tool_in_a_check_is_refused_where_it_stands(project, check, word, problem):
    text = f"rubric: kind\nprinciples: {{p: {{criteria: {{c: {{check: {check}}}}}}}}}\n"
    argument, name, meant = problem.split("'")
    hint = f": did you mean '{meant}'?" if meant else ""

    error = validated(project({"it.yaml": text}), "it.yaml").error
    at = f"it.yaml:2:{text.splitlines()[1].index(word) + 1}"
    what = f"{argument}no environment has a tool '{name}'{hint}"
    assert error == f"{at}: {check.partition(',')[0]}: {what}"


SOURCES = """
rubric: small
principles:
  p:
    criteria:
      a: {check: contains, with: {text: {from: labels.kimd}}}
      b: {check: contains, with: {text: {from: labels.kind}}}
      c: {check: contains, with: {text: {from: labels.kind}}, when: {kind: request}}
      d: {check: tool, with: {name: {from: expect.looked}}}
      e: {check: contains, with: {text: {from: reference}}}
"""


def test_what_no_scenario_gives_is_warned_of_where_it_is_asked_for(project):
    """`kind` stands in one of four scenarios; the tool that one of them names is misspelt."""
    dataset = DATASET.replace("{kind: request}", "{kind: request}, expect: {looked: serch_web}")
    root = project({"rubrics/small.yaml": SOURCES, "datasets/small.yaml": dataset})
    found = validated(root, "datasets/small.yaml")

    assert found.error == ""
    asked = "4 scenarios that it is asked of"
    assert [one for one in found.warnings if "cluster" not in one] == [
        f"rubrics/small.yaml:6:35: p/a: none of {asked} gives labels.kimd: did you mean 'kind'?: "
        "unscored everywhere",
        f"rubrics/small.yaml:7:35: p/b: 3 of {asked} do not give labels.kind (b): unscored there",
        f"rubrics/small.yaml:9:31: p/d: 3 of {asked} do not give expect.looked (b): unscored there",
        "rubrics/small.yaml:9:31: p/d: expect.looked of a: no environment has a tool 'serch_web': "
        "did you mean 'search_web'?",
        f"rubrics/small.yaml:10:35: p/e: none of {asked} gives reference: unscored everywhere",
    ]


def test_a_rubric_of_the_datasets_name_that_lies_elsewhere_is_held_against_it_by_the_experiment(
    project,
):
    """With the dataset alone nobody looks into `kind.yaml`, though it is called `small`, too."""
    root = project({"kind.yaml": SOURCES, "small.yaml": DATASET, "it.yaml": EXPERIMENT})

    assert not [one for one in validated(root, "small.yaml").warnings if "labels.kimd" in one]
    [told] = [one for one in validated(root, "it.yaml").warnings if "labels.kimd" in one]
    assert told.startswith("kind.yaml:6:35: p/a: none of 4 scenarios that it is asked of gives ")


def test_an_eval_of_a_part_of_the_scenarios_is_asked_what_these_give(project):
    """The one scenario of this `kind` gives it."""
    evals = "evals: [{rubric: ./kind.yaml, dataset: ./small.yaml, where: {kind: request}}]"
    files = {
        "kind.yaml": SOURCES.split("      c:")[0].replace("kimd", "kind"),
        "small.yaml": DATASET.replace("prompt: Hi,", "prompt: Hi, split: dev,"),
        "it.yaml": EXPERIMENT.replace(EXPERIMENT.splitlines()[2], evals)
        + "rules: {default: {blocking: false}}\n",
    }

    assert validated(project(files), "it.yaml").warnings == ()
