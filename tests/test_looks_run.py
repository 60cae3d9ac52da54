"""Runs whose scenarios come in by looks: what is asked, what is not, and where they end."""

import json
import signal
from collections import Counter

import pytest
from inspect_ai.log import list_eval_logs
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.comparison import compare_arms, open_arm
from tastemaker.content import Place, fingerprint
from tastemaker.errors import UserError
from tastemaker.experiment import Grader as GraderEntry
from tastemaker.experiment import load_experiment
from tastemaker.graders import GradeStore
from tastemaker.plan import make_plan
from tastemaker.regrade import regrade
from tastemaker.report.data import as_data, exit_code
from tastemaker.results import load_results
from tastemaker.rubric import load_rubric
from tastemaker.run import run
from tastemaker.tables import REPLIES, SCORES, read_table

SCENARIOS = 60
PER_LOOK = SCENARIOS // 5
RUBRIC = """
rubric: kind
principles:
  brevity:
    criteria:
      short: {ask: "Is it short?"}
  warmth:
    criteria:
      warm: {ask: "Is it warm?"}
"""
DATASET = "dataset: many\nstrata:\n  all:\n    scenarios:\n" + "".join(
    f'      - {{id: s{n}, prompt: "Number {n}."}}\n' for n in range(SCENARIOS)
)
EXPERIMENT = """
experiment: try
evals: [{rubric: ./kind.yaml, dataset: ./many.yaml}]
seeds: 1
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
grader: {model: acted/judge}
rules: {default: {margin: 0.3}}
"""
EARLY = EXPERIMENT + "early_stopping: true\n"
EXTEND = EXPERIMENT + "on_inconclusive: extend\n"


def number_of(text):
    """The number of the scenario that a conversation is about."""
    return int(text.split("Number ")[1].split(".")[0])


def judge(verdicts):
    """A judge that says of a reply to scenario n what `verdicts(arm, criterion, n)` says."""

    def answer(messages, config):
        text = "\n".join(message.text for message in messages)
        arm, n = text.split("I am ")[1].split(" ")[0], number_of(text)
        return json.dumps(
            {
                name: {"quote": "", "answer": "MET" if verdicts(arm, name, n) else "UNMET"}
                for name in asked_of(text)
            }
        )

    return answer


def asked_of(text):
    """The criteria that a judge is asked about."""
    return [name for name in ("short", "warm") if f"Is it {name}?" in text]


@pytest.fixture
def looked(project, actor):
    """Make a project of 60 scenarios and a judge that says what is wanted of each reply."""

    def make(verdicts=equal, experiment=EARLY):
        for arm in ("old", "new"):
            actor.says(arm, replies_as(arm))
        actor.says("judge", judge(verdicts))
        return project({"kind.yaml": RUBRIC, "many.yaml": DATASET, "try.yaml": experiment})

    return make


def replies_as(arm):
    return lambda messages, config: f"I am {arm} and answer Number {number_of(messages[-1].text)}."


def equal(arm, criterion, n):
    return True


def collapsed(arm, criterion, n):
    """The candidate is never short."""
    return arm == "old" or criterion == "warm"


def noisy(arm, criterion, n):
    """Always short; warm in every second scenario, and never where the other arm is."""
    return criterion == "short" or (arm == "old") == (n % 2 == 0)


def go(folder, **options):
    plan = make_plan(load_experiment(folder / "try.yaml"), **options.pop("plan", {}))
    run(plan, folder / "logs", **options)
    return load_results(load_experiment(folder / "try.yaml"), folder / "logs")


def record(folder):
    return json.loads((folder / "logs" / "record.json").read_text())


def looks_of(folder):
    """By number of a scenario, the look at which it comes in."""
    entry = record(folder)["looks"]["entry"]["many"]
    return {int(cluster[1:]): look for cluster, look in entry.items()}


def judged(actor):
    """(criteria, scenario) of each call of the judge."""
    texts = [text for model, text, _ in actor.asked if model == "judge"]
    return [(tuple(asked_of(text)), number_of(text.split("I am ")[1])) for text in texts]


def test_a_clear_regression_stops_early_and_makes_exactly_the_calls_of_its_looks(looked, actor):
    """Twelve of twelve worse is not enough at look 1 (2^-12); 24 of 24 is."""
    folder = looked(collapsed)
    found = go(folder)

    verdicts = {v.principle: v for v in found.decision.verdicts}
    assert (verdicts["brevity"].kind, verdicts["brevity"].at.look) == ("REGRESSED", 2)
    assert Counter(model for model, _, _ in actor.asked) == {
        "old": 2 * PER_LOOK,
        "new": 2 * PER_LOOK,
        "judge": 4 * PER_LOOK,
    }
    assert (found.decision.outcome, exit_code(found)) == ("fail", 1)
    assert as_data(found)["looks"] == {
        "planned": 5,
        "used": 2,
        "share": 0.4,
        "next_is_asked_for": False,
        "decided": {"new": {"brevity": 2, "warmth": 2}},
    }


def test_the_schedule_stands_in_the_record_before_the_first_call(looked, actor):
    folder, seen = looked(), []

    def see(messages, config):
        seen.append(record(folder)["looks"]["entry"]["many"])
        return replies_as("old")(messages, config)

    actor.says("old", see)
    go(folder)

    assert all(len(entry) == SCENARIOS for entry in seen)
    assert Counter(seen[0].values()) == dict.fromkeys(range(1, 6), PER_LOOK)
    assert seen[0] == record(folder)["looks"]["entry"]["many"]


def test_equal_arms_end_when_they_are_certified_and_a_second_run_asks_nothing(looked, actor):
    """No cluster changed: 1 - .00063^(1/24) = .264, under the margin of .3; at look 1 it is .66."""
    folder = looked()
    found, calls = go(folder), len(actor.asked)
    again = go(folder)

    assert found.decision.outcome == "pass"
    assert found.decision.verdicts[0].paired.low == pytest.approx(-0.2644, abs=1e-3)
    assert calls == len(actor.asked) == 8 * PER_LOOK
    assert as_data(again) == as_data(found)


def test_what_is_decided_is_not_asked_again_and_is_not_missing(looked, actor):
    folder = looked(noisy)
    found = go(folder)
    looks = looks_of(folder)

    data = as_data(found)["looks"]
    assert (data["used"], data["decided"]["new"]["brevity"]) == (5, 2)
    asked = {(criteria, looks[n] > 2) for criteria, n in judged(actor)}
    assert asked == {(("short", "warm"), False), (("warm",), True)}
    rows = read_table(folder / "logs" / SCORES).to_pylist()
    assert {row["scenario"] for row in rows if row["principle"] == "brevity"} == {
        f"s{n}" for n, look in looks.items() if look <= 2
    }
    assert found.unscored == {"old": {}, "new": {}}
    assert found.decision.outcome != "incomplete"
    assert len({row["rubric_hash"] for row in rows}) == len({row["dataset_hash"] for row in rows})


def test_extend_asks_about_everything_and_ends_inconclusive_after_the_last_look(looked, actor):
    """Sixty differences of +1 and -1: 2.04 x 1 / sqrt(60) = .26, more than the margin of .2."""
    folder = looked(noisy, EXTEND.replace("0.3", "0.2"))
    found = go(folder)

    assert {criteria for criteria, _ in judged(actor)} == {("short", "warm")}
    assert actor.calls("new") == SCENARIOS
    assert (found.decision.outcome, exit_code(found)) == ("inconclusive", 3)
    assert as_data(found)["looks"]["used"] == 5
    before = len(actor.asked)
    assert go(folder).decision.outcome == "inconclusive"
    assert len(actor.asked) == before


def test_extend_ends_as_soon_as_the_gate_passes(looked, actor):
    found = go(looked(equal, EXTEND))

    assert found.decision.outcome == "pass"
    assert actor.calls("new") == 2 * PER_LOOK


def test_a_look_that_failed_is_not_examined_and_is_made_good_by_the_next_run(looked, actor):
    folder = looked()

    def fails_at_look_two(messages, config):
        n = number_of(messages[-1].text)
        return ValueError("down") if looks_of(folder)[n] == 2 else replies_as("new")(messages, 0)

    actor.says("new", fails_at_look_two)
    found = go(folder)
    assert found.decision.outcome == "incomplete"
    assert record(folder)["looks_taken"] == 1

    before = actor.calls("old")
    actor.says("new", replies_as("new"))
    found = go(folder)
    assert found.decision.outcome == "pass"
    assert actor.calls("old") == before == 2 * PER_LOOK


def test_a_pinned_baseline_serves_the_looks_without_a_call(looked, actor):
    folder = looked(noisy)
    go(folder, only=["old"])
    pinned, graded = actor.calls("old"), actor.calls("judge")
    found = go(folder)

    assert (pinned, graded) == (SCENARIOS, SCENARIOS)
    assert actor.calls("old") == pinned
    assert actor.calls("judge") == graded + actor.calls("new")
    assert as_data(found)["looks"]["used"] == 5
    assert found.unscored == {"old": {}, "new": {}}


@pytest.mark.slow
def test_the_same_verdicts_come_of_a_pinned_baseline_and_of_one_run_by_looks(
    looked, actor, tmp_path
):
    folder = looked(noisy)
    by_looks = as_data(go(folder))
    plan = make_plan(load_experiment(folder / "try.yaml"))
    for only in (["old"], []):
        run(plan, folder / "other", only=only)
    pinned = as_data(load_results(load_experiment(folder / "try.yaml"), folder / "other"))

    assert pinned["verdicts"] == by_looks["verdicts"]
    assert pinned["looks"] == by_looks["looks"]


def test_grading_again_asks_only_what_the_looks_asked(looked, actor):
    folder = looked(noisy)
    go(folder)
    first = judged(actor)
    actor.says("other", judge(noisy))
    store = GradeStore(folder / "again")
    done = regrade(
        folder / "logs",
        store,
        Place.at(folder),
        rubric=load_rubric(folder / "kind.yaml"),
        graders=[GraderEntry(model="acted/other")],
    )
    store.close()

    texts = [text for model, text, _ in actor.asked if model == "other"]
    again = [(tuple(asked_of(text)), number_of(text.split("I am ")[1])) for text in texts]
    assert done.replies == 2 * SCENARIOS
    assert sorted(again) == sorted(first)
    assert {change.changed for change in done.changes} == {0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("seeds: 1", "seeds: 1\nseed: 7"), "the look schedule changed since"),
        (("seeds: 1", "seeds: 2"), "the seeds changed since"),
        (("early_stopping: true", ""), "the look schedule changed since"),
    ],
)
def test_what_was_looked_at_is_not_tested_again_by_another_plan(looked, actor, change, words):
    folder = looked()
    go(folder)
    calls = len(actor.asked)
    (folder / "try.yaml").write_text(EARLY.replace(*change))

    with pytest.raises(UserError, match=f"2 of 5 looks were taken here, and {words}"):
        go(folder)
    assert len(actor.asked) == calls


def test_a_gate_by_other_rules_of_looking_is_refused(looked):
    folder = looked()
    go(folder)
    (folder / "try.yaml").write_text(EXPERIMENT)

    with pytest.raises(UserError, match="changed after its run, in early_stopping"):
        load_results(load_experiment(folder / "try.yaml"), folder / "logs")


def test_a_schedule_that_was_edited_is_refused(looked):
    folder = looked()
    go(folder)
    written = record(folder)
    written["looks"]["entry"]["many"]["s0"] = 5
    (folder / "logs" / "record.json").write_text(json.dumps(written))

    with pytest.raises(UserError, match="not the one that was drawn before the run"):
        load_results(load_experiment(folder / "try.yaml"), folder / "logs")


def test_a_schedule_of_another_draw_is_refused(looked):
    folder = looked()
    go(folder)
    written = record(folder)
    entry = written["looks"]["entry"]["many"]
    swapped = next(cluster for cluster in entry if entry[cluster] != entry["s0"])
    entry["s0"], entry[swapped] = entry[swapped], entry["s0"]
    known = {key: value for key, value in written["looks"].items() if key != "schedule"}
    written["looks"]["schedule"] = fingerprint(known)
    (folder / "logs" / "record.json").write_text(json.dumps(written))

    with pytest.raises(UserError, match="changed after its run, in the look schedule"):
        load_results(load_experiment(folder / "try.yaml"), folder / "logs")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("limit: 10\n", "early_stopping does not go with a limit"),
        ("ci_method: gaffke\n", "does not go with ci_method: gaffke"),
    ],
)
def test_what_does_not_go_with_looks_is_refused(looked, more, words):
    folder = looked(equal, EARLY + more)

    with pytest.raises(UserError, match=words):
        make_plan(load_experiment(folder / "try.yaml"))


def test_looks_that_would_bring_in_nothing_are_refused(looked):
    folder = looked()
    few = DATASET.splitlines(keepends=True)[:7]
    (folder / "many.yaml").write_text("".join(few))

    with pytest.raises(UserError, match="look 3 of 5 would bring in no scenario"):
        make_plan(load_experiment(folder / "try.yaml"))


def test_few_scenarios_are_warned_of_where_early_stopping_saves_little(looked):
    found = go(looked())

    told = "early_stopping saves little with 60 scenarios: it is worth its looks from 200 on."
    assert found.warnings[-1] == told


def test_a_run_without_looks_has_the_record_that_it_had_before_there_were_any(looked):
    folder = looked(equal, EXPERIMENT)
    found = go(folder)

    assert found.looks is None
    assert not {"looks", "early_stopping"} & record(folder).keys()
    assert as_data(found)["looks"] is None


@pytest.mark.slow
def test_runs_are_compared_only_over_equal_looks(looked, actor):
    folder = looked(noisy)
    go(folder)
    (folder / "try.yaml").write_text(
        EARLY.replace("new: {model: acted/new}", "two: {model: acted/two}")
    )
    actor.says("two", replies_as("new"))
    run(make_plan(load_experiment(folder / "try.yaml")), folder / "second")
    (folder / "try.yaml").write_text(EARLY.replace("seeds: 1", "seeds: 1\nseed: 7"))
    run(make_plan(load_experiment(folder / "try.yaml")), folder / "third")

    one = open_arm(f"{folder / 'logs'}@new", candidate=False)
    found = compare_arms(one, open_arm(f"{folder / 'second'}@two", candidate=True))
    assert {v.principle: v.at.look for v in found.decision.verdicts} == {"brevity": 2, "warmth": 5}
    assert {v.paired.difference for v in found.decision.verdicts} == {0.0}
    with pytest.raises(UserError, match=r"looks: .* and "):
        compare_arms(one, open_arm(f"{folder / 'third'}@new", candidate=True))


TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import includes

@task
def sums() -> Task:
    samples = [Sample(input=f"Number {n}.", target=f"Number {n}.") for n in range(30)]
    return Task(dataset=MemoryDataset(samples), scorer=includes())
"""


def test_a_task_whose_samples_have_no_ids_comes_in_by_looks_too(looked, actor):
    folder = looked(
        equal,
        EARLY.replace(
            "{rubric: ./kind.yaml, dataset: ./many.yaml}", "{task: ./sums.py@sums, principle: sums}"
        ),
    )
    (folder / "sums.py").write_text(TASK)
    found = go(folder)

    # Of 18 clusters none changed: 1 - .0042^(1/18) = .262.
    [verdict] = found.decision.verdicts
    assert (verdict.kind, verdict.at.look, verdict.paired.baseline.mean) == ("NON_INFERIOR", 3, 1.0)
    assert actor.calls("new") == 18
    replies = read_table(folder / "logs" / REPLIES).to_pylist()
    assert all(row["prompt"] in row["reply"] for row in replies)


def test_scenarios_to_which_nothing_applies_that_is_open_are_not_asked(looked, actor):
    """Only every fourth scenario is judged for warmth; brevity is decided at look 2."""
    folder = looked(noisy)
    (folder / "kind.yaml").write_text(RUBRIC.replace('warm?"}', 'warm?", when: {kind: q}}'))
    marked = DATASET.replace('0."}', '0.", labels: {kind: q}}').replace(
        '5."}', '5.", labels: {kind: q}}'
    )
    (folder / "many.yaml").write_text(marked)
    found = go(folder)

    late = [n for n, look in looks_of(folder).items() if look > 2 and n % 5 == 0]
    assert found.looks.at.look == 5
    assert actor.calls("new") == 2 * PER_LOOK + len(late)
    assert found.decision.outcome == "inconclusive"


def test_no_log_is_written_for_a_look_that_is_not_taken(looked):
    folder = looked()
    go(folder)

    assert len(list_eval_logs(str(folder / "logs"))) == 4  # two arms, two looks


@pytest.mark.slow
def test_a_run_killed_in_its_second_look_goes_on_there_and_pays_nothing_twice(project, run_alone):
    """Two arms, 12 scenarios a look: 48 calls up to look 2, at which equal arms are certified."""
    rubric = "rubric: kind\nprinciples: {p: {criteria: {short: {check: words, with: {max: 9}}}}}"
    arms = "baseline: {old: {model: slow/x, config: {max_connections: 2}}}\n"
    arms += "candidates: {new: {model: slow/x, system: Hm., config: {max_connections: 2}}}\n"
    start, rest = EARLY.split("baseline:")
    folder = project(
        {
            "kind.yaml": rubric,
            "many.yaml": DATASET,
            "try.yaml": start + arms + "rules:" + rest.split("rules:")[1],
        }
    )
    asked, kept = run_alone(folder, at=40, by=signal.SIGKILL)
    stopped = load_results(load_experiment(folder / "try.yaml"), folder / "logs")
    after, whole = run_alone(folder)

    found = load_results(load_experiment(folder / "try.yaml"), folder / "logs")
    assert stopped.decision.outcome == "incomplete"
    assert stopped.decision.reasons == (
        "Look 2 of 5 is still to be taken: the rule asks for it, and `tastemaker run` goes on "
        "with it.",
    )
    assert asked - kept <= 4  # only calls that were on their way are made again
    assert (whole, after - asked) == (48, 48 - kept)
    assert (found.decision.outcome, found.looks.at.look) == ("pass", 2)


def test_the_command_tells_each_look_and_the_report_where_each_verdict_was_decided(project):
    """Recorded replies need no model: four in five of the candidate's are too long."""
    replies = {
        arm: "\n".join(
            json.dumps(
                {"scenario": f"s{n}", "seed": 1, "reply": "Hm. " * (9 if n % 5 < bad else 1)}
            )
            for n in range(SCENARIOS)
        )
        for arm, bad in (("old", 0), ("new", 4))
    }
    start = EARLY.split("baseline:")[0]
    arms = "baseline: {old: {replies: ./old.jsonl}}\ncandidates: {new: {replies: ./new.jsonl}}\n"
    project(
        {
            "kind.yaml": "rubric: kind\nprinciples: {p: {criteria: {c: {check: words, "
            "with: {max: 5}}}}}",
            "many.yaml": DATASET,
            "try.yaml": start + arms + "early_stopping: true\nrules: {default: {margin: 0.3}}\n",
            "old.jsonl": replies["old"],
            "new.jsonl": replies["new"],
        }
    )
    result = CliRunner().invoke(app, ["run", "try.yaml"])

    assert result.exit_code == 1, result.output
    assert "Look 1 of 5: 20% of the scenarios.\n  Not decided: p (new).\n  Going on." in (
        result.stderr
    )
    assert "  Decided: p (new) REGRESSED.\n  No further look is asked for." in result.stderr
    told = " ".join(result.stdout.split())
    assert "Decided at look 2 of 5, 40% of the scenarios." in told
    assert "Looks: 2 of 5, 40% of the scenarios." in told
    again = CliRunner().invoke(app, ["gate", "try.yaml"])
    assert again.exit_code == 1
    assert "  Looks: 2 of 5, 40% of the scenarios." in again.stdout
