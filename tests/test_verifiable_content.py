"""What instructions/verifiable says of itself is so, and all of it can be done."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml
from shipped import load_dataset
from typer.testing import CliRunner

from tastemaker.checks.following import instruction
from tastemaker.checks.registry import checks
from tastemaker.cli.main import app
from tastemaker.records import Reply
from tastemaker.scenario import Scenario

SCENARIOS = load_dataset("instructions/verifiable").scenarios
FILE = Path(__file__).parent / "replies/instructions/verifiable.yaml"
PAIRS = {one["scenario"]: one for one in yaml.safe_load(FILE.read_text(encoding="utf-8"))}
IFEVAL = {
    "keywords",
    "language",
    "length_constraints",
    "detectable_content",
    "detectable_format",
    "combination",
    "startend",
    "change_case",
    "punctuation",
}
FAMILIES = {
    "wording": "keywords words letters language",
    "parts": "lines sentences paragraphs length_constraints plain",
    "layout": "lists sections order table",
    "formats": "format detectable_format detectable_content combination",
    "signs": "marks punctuation case change_case startend",
}


def asked(scenario: Scenario) -> list[dict]:
    return scenario.expect["instructions"]


def failed(scenario: Scenario, text: str) -> list[str]:
    """The instructions that a reply does not follow, strictly read."""
    reply = Reply(text=text, prompt=scenario.prompt)
    found = {str(one): instruction(one)(reply) for one in asked(scenario)}
    return [f"{one}: {finding.reason}" for one, finding in found.items() if finding.value != 1]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_every_scenario_can_be_satisfied_and_a_plausible_reply_fails_it(scenario: Scenario):
    """Also where its instructions pull against each other."""
    assert failed(scenario, PAIRS[scenario.id]["good"]) == []
    assert failed(scenario, PAIRS[scenario.id]["bad"]) != []


def test_every_kind_of_instruction_is_asked_for_four_times_and_in_two_stories():
    uses, stories = Counter(), defaultdict(set)
    for scenario in SCENARIOS:
        for one in asked(scenario):
            uses[one["id"]] += 1
            stories[one["id"]].add(scenario.cluster)
    kinds = {name for name in checks() if ":" in name}

    assert len({kind for kind in kinds if kind.split(":")[0] in IFEVAL}) == 25
    assert {kind: uses[kind] for kind in kinds if uses[kind] < 4} == {}
    assert {kind: stories[kind] for kind in kinds if len(stories[kind]) < 2} == {}


def test_no_instruction_is_given_twice_alike():
    for scenario in SCENARIOS:
        told = [json.dumps(one, sort_keys=True) for one in asked(scenario)]
        assert len(set(told)) == len(told), scenario.id


def test_labels_say_how_many_of_which_family_and_whose():
    families = {part: name for name, parts in FAMILIES.items() for part in parts.split()}
    for scenario in SCENARIOS:
        parts = [one["id"].partition(":") for one in asked(scenario)]
        sources = {"ifeval" if part[0] in IFEVAL else "ours" for part in parts}
        first = parts[0][0] if parts[0][1] else "plain"

        assert scenario.labels["count"] == str(len(parts)), scenario.id
        assert scenario.labels["family"] == families[first], scenario.id
        expected = "both" if len(sources) == 2 else sources.pop()
        assert scenario.labels["kinds"] == expected, scenario.id
        assert 1 <= len(parts) <= 4
        turns = ["user", "assistant", "user"] if scenario.labels["turn"] == "later" else ["user"]
        assert [message.role for message in scenario.messages] == turns, scenario.id


def test_what_was_answered_before_is_another_requests_own_good_reply():
    """So the conversation up to the request is one in which all was done as it was asked."""
    replies = {one["good"].strip() for one in PAIRS.values()}
    later = [one for one in SCENARIOS if one.labels["turn"] == "later"]

    assert len(later) == 84
    for scenario in later:
        assert scenario.messages[1].text.strip() in replies, scenario.id


def test_what_is_to_be_repeated_is_the_whole_request():
    repeats = [
        (scenario, one["prompt_to_repeat"])
        for scenario in SCENARIOS
        for one in asked(scenario)
        if one["id"] == "combination:repeat_prompt"
    ]

    assert len(repeats) >= 4
    for scenario, text in repeats:
        assert text.strip() == scenario.messages[-1].text.strip(), scenario.id


def test_words_that_must_be_there_are_told_in_the_request():
    """What nobody told a model, no model can be blamed for."""
    for scenario in SCENARIOS:
        for one in asked(scenario):
            for key in ("keywords", "forbidden_words", "columns", "titles", "fields", "end_phrase"):
                told = one.get(key, ())
                for word in [told] if isinstance(told, str) else told:
                    named = word == "?" or word.strip(" .:").lower() in scenario.prompt.lower()
                    assert named, (scenario.id, word)


EXPERIMENT = """
experiment: try
evals: [instructions/verifiable]
seeds: 1
baseline: {good: {replies: ./good.jsonl}}
candidates: {bad: {replies: ./bad.jsonl}}
rules: {default: {margin: 0.1}}
"""


@pytest.mark.slow
def test_the_four_figures_stand_in_the_report_with_slices_by_number_and_family(project):
    """Recorded replies, no model: the good ones have 1 in all four, and the bad ones are worse."""
    dev = [one for one in SCENARIOS if one.split == "dev"]
    lines = {
        kind: "".join(
            json.dumps({"scenario": one.id, "seed": 1, "reply": PAIRS[one.id][kind]}) + "\n"
            for one in dev
        )
        for kind in ("good", "bad")
    }
    project({"try.yaml": EXPERIMENT, **{f"{kind}.jsonl": text for kind, text in lines.items()}})
    ran = CliRunner().invoke(app, ["run", "./try.yaml", "--limit", "48"])

    assert ran.exit_code == 1, ran.output
    told = json.loads(CliRunner().invoke(app, ["gate", "./try.yaml", "--json"]).output)
    found = {one["principle"]: one for one in told["verdicts"]}
    assert set(found) == {
        f"{level}-{reading}"
        for level in ("followed", "instructions")
        for reading in ("strict", "loose")
    }
    assert {round(one["baseline"]["mean"], 9) for one in found.values()} == {1.0}
    assert found["followed-strict"]["candidate_score"]["mean"] == 0
    assert {one["verdict"] for one in found.values()} == {"REGRESSED"}
    # Of an unfollowed prompt some instructions are followed.
    assert 0.05 < found["instructions-strict"]["candidate_score"]["mean"] < 0.5
    page = CliRunner().invoke(app, ["report", "./try.yaml", "--format", "json"]).output
    parts = {str(one) for one in json.loads(page)["slices"]["found"]}
    for label in ("labels.count", "labels.family"):
        assert any(label in one for one in parts), label
