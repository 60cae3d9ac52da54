"""What the writing evals say of themselves is so: first drafts, expectations, the experiment."""

import json
import re
from collections import Counter, defaultdict

import pandas as pd
import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.content import folder
from tastemaker.experiment import load_experiment
from tastemaker.scenario import load_dataset

LATER = "A draft that nobody wrote before."
DRAFTS = folder("datasets") / "writing/revision-first-drafts.jsonl"
ASKED_BY = {
    "writing/fiction": {
        "max_words": ("length", "limited"),
        "min_words": ("floor", "given"),
        "holds": ("must", "given"),
        "avoid": ("avoid", "given"),
        "sentences": ("sentences", "counted"),
        "opens": ("opens", "given"),
        "closes": ("closes", "given"),
    },
    "writing/thread-summary": {
        "owners": ("owners", "given"),
        "bystanders": ("bystander", "named"),
        "stale": ("current", "only"),
        "open": ("open", "yes"),
    },
}
"""What a scenario may expect, and the label that has it looked for."""


def test_there_is_a_first_draft_of_every_scenario_for_each_of_five_seeds():
    seeds = defaultdict(list)
    for line in DRAFTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        seeds[row["scenario"]].append(row["seed"])

    assert set(seeds) == {one.id for one in load_dataset("writing/revision").scenarios}
    assert set(map(tuple, seeds.values())) == {(1, 2, 3, 4, 5)}


def test_the_experiment_holds_second_drafts_against_the_recorded_first_ones():
    experiment = load_experiment("revision")

    assert experiment.arms["first-draft"].replies == str(DRAFTS)
    assert experiment.evals == ("writing/revision",)


def test_with_a_judge_the_experiment_asks_blind_and_in_both_orders_which_draft_is_better(
    project, actor
):
    """The lines that the shipped file keeps as comments, as they stand there."""

    def judge(messages, config):
        first, _, second = messages[0].text.partition("## second reply")
        told = "FIRST" if LATER in first else "SECOND" if LATER in second else "TIE"
        return json.dumps({"preference": {"quote": "none", "answer": told}})

    text = (folder("evals") / "experiments/revision.yaml").read_text(encoding="utf-8")
    for shipped, here in [
        ("# grader: {model: openai/gpt-4o}", "grader: {model: acted/judge}"),
        ("# pairwise: {by: overall}", "pairwise: {by: overall}"),
        ("model: local/smollm2-135m", "model: acted/second"),
        ("../../datasets/writing/revision-first-drafts.jsonl", "./drafts.jsonl"),
    ]:
        assert shipped in text
        text = text.replace(shipped, here)
    actor.says("second", LATER)
    actor.says("judge", judge)
    root = project({"try.yaml": text, "drafts.jsonl": DRAFTS.read_text(encoding="utf-8")})
    CliRunner().invoke(app, ["run", "./try.yaml", "--limit", "2", "--seeds", "1"])

    [table] = (root / "logs").rglob("preferences.parquet")
    rows = pd.read_parquet(table)
    pages = [page for model, page, _ in actor.asked if model == "judge" and "## second" in page]
    preferred = [getattr(row, f"arm_{row.preference}") for row in rows.itertuples()]
    assert sorted(rows["order"]) == ["ab", "ab", "ba", "ba"]
    assert preferred == ["second-draft"] * 4
    assert len(pages) == 4
    assert not any(name in page for page in pages for name in ("first-draft", "second-draft"))


def test_what_a_request_forbids_or_asks_for_stands_in_the_request():
    """Of stories: the words that must or must not be there, as the request says them."""
    for one in load_dataset("writing/fiction").scenarios:
        given = one.prompt.casefold()
        for text in one.expect.get("opens", []):
            assert text.casefold() in given, one.id
        if one.labels["language"] == "en":
            missing = [w for w in one.expect.get("avoid", []) if w.casefold()[:3] not in given]
            assert not missing or one.id == "continue-ferryboat-hens", (one.id, missing)


@pytest.mark.parametrize("name", ASKED_BY)
def test_what_is_expected_is_looked_for_and_what_is_looked_for_is_expected(name):
    for one in load_dataset(name).scenarios:
        for key, (label, value) in ASKED_BY[name].items():
            assert (key in one.expect) == (one.labels.get(label) == value), (one.id, key)


@pytest.mark.parametrize("name", ["email", "cover-letter", "thread-summary", "fiction"])
def test_a_card_says_how_its_splits_fall(name):
    splits = Counter(one.split for one in load_dataset(f"writing/{name}").scenarios)
    card = (folder("datasets") / f"writing/{name}.md").read_text(encoding="utf-8")
    [line] = (line for line in card.splitlines() if line.startswith("| splits"))

    assert re.findall(r"(dev|held-out): (\d+)", line) == [
        (split, str(splits[split])) for split in ("dev", "held-out")
    ]


@pytest.mark.parametrize("name", ["fiction", "thread-summary", "revision"])
def test_what_checks_look_for_is_text_and_not_a_number_that_yaml_made_of_it(name):
    for one in load_dataset(f"writing/{name}").scenarios:
        texts = [text for value in one.expect.values() if isinstance(value, list) for text in value]
        assert all(isinstance(text, str) and text for text in texts), one.id


def test_what_a_summary_must_name_stands_in_the_thread():
    for one in load_dataset("writing/thread-summary").scenarios:
        given = one.prompt.casefold()
        wanted = [*one.expect.get("owners", []), *one.expect.get("bystanders", [])]
        missing = [name for name in wanted if name.casefold() not in given]
        assert not missing, one.id
        strange = [fact for fact in one.expect["facts"] if fact.casefold() not in given]
        assert len(strange) <= 2, (one.id, strange)  # said otherwise: a sum, a word for a sign


def test_a_summary_is_shorter_than_its_thread():
    for one in load_dataset("writing/thread-summary").scenarios:
        if one.labels["language"] not in ("ja", "ar"):
            assert one.expect["max_words"] < len(one.prompt.split()), one.id


def test_what_a_second_draft_keeps_and_drops_stands_in_the_request():
    for one in load_dataset("writing/revision").scenarios:
        given = " ".join(m.text for m in one.messages if m.role == "user").casefold()
        named = [one.expect.get(key, []) for key in ("keeps", "drops", "quotes", "first")]
        missing = [text for texts in named for text in texts if text.casefold() not in given]
        assert not missing, one.id


@pytest.mark.slow
def test_first_drafts_lose_to_a_model_that_keeps_nothing_only_where_they_should(project, actor):
    """The candidate says one short line: no fault is left in it, and nothing is kept either."""
    actor.says("brief", "Closed.")
    project(
        {
            "drafts.jsonl": DRAFTS.read_text(encoding="utf-8"),
            "try.yaml": """
experiment: try
evals: [writing/revision]
seeds: 2
baseline: {first: {replies: ./drafts.jsonl}}
candidates: {brief: {model: acted/brief}}
""",
        }
    )
    run = CliRunner().invoke(app, ["run", "./try.yaml", "--json"])

    data = json.loads(run.stdout)
    told = {(one["measure"], one["arm"]): one["mean"] for one in data["alike"]["found"]}
    assert told["same opening, other seeds", "first"] == 1.0
    assert told["opening used elsewhere", "brief"] == 1.0
    assert told["opening used elsewhere", "first"] < 0.1
