"""Replies side by side, all the way: arms and a judge that only pretend, and a real client."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tastemaker.cli.main import app
from tastemaker.comparison import compare_arms, open_arm
from tastemaker.errors import UserError
from tastemaker.experiment import load_experiment
from tastemaker.graders import GradeStore
from tastemaker.judge.pairwise import pair_hash
from tastemaker.judge_check import pair_checks
from tastemaker.plan import make_plan
from tastemaker.report.markdown import as_markdown
from tastemaker.results import load_results
from tastemaker.run import run
from tastemaker.tables import PREFERENCES, read_preferences

RUBRIC = """
rubric: letter
principles:
  brevity:
    text: It is short.
    criteria:
      short: {check: words, with: {max: 50}}
  thanks:
    criteria:
      thanked: {check: contains, with: {text: Thank}, when: {kind: favour}}
"""
SCENARIO = '      - {{id: s{0}, prompt: "Number {0}.", labels: {{kind: {1}}}}}\n'
DATASET = "dataset: asked\nstrata:\n  all:\n    scenarios:\n" + "".join(
    SCENARIO.format(n, "favour" if n < 2 else "news") for n in range(8)
)
EXPERIMENT = """
experiment: try
evals: [{rubric: ./letter.yaml, dataset: ./asked.yaml}]
seeds: 2
baseline: {old: {model: acted/old}}
candidates: {new: {model: acted/new}}
grader: {model: acted/judge}
pairwise: true
"""


def replies_of(page):
    """The two replies of a page, in the order in which they are shown."""
    fence = re.search(r"lines that read (-----[0-9a-f]{24})\.", page)[1]
    return [
        re.search(rf"## {place} reply\n{fence}\n(.*?)\n{fence}\n", page, re.DOTALL)[1]
        for place in ("first", "second")
    ]


def answer(said):
    return json.dumps({"preference": {"quote": "none", "answer": said}})


def likes_first(messages, config):
    return answer("FIRST")


def likes_longer(messages, config):
    first, second = replies_of(messages[0].text)
    return answer("FIRST" if len(first) > len(second) else "SECOND")


@pytest.fixture
def small(project, actor):
    """`new` says more to six of eight prompts, and less to two."""

    def new(messages, config):
        number = int(re.search(r"\d+", messages[-1].text)[0])
        return f"Dear you, {number} and {config.seed}." if number % 4 else f"{number} {config.seed}"

    actor.says("old", lambda messages, config: f"Yes: {messages[-1].text} {config.seed}")
    actor.says("new", new)
    actor.says("judge", likes_longer)
    return project({"letter.yaml": RUBRIC, "asked.yaml": DATASET, "try.yaml": EXPERIMENT})


def change(folder, *pairs):
    text = EXPERIMENT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / "try.yaml").write_text(text)


def go(folder, **options):
    plan = make_plan(load_experiment(folder / "try.yaml"))
    run(plan, folder / "logs", grades=folder / "grades", **options)
    return plan


def found(folder):
    return load_results(load_experiment(folder / "try.yaml"), folder / "logs")


def only(results):
    [one] = results.preferences.found
    return one


# What comes out ----------------------------------------------------------------------------------


def test_a_judge_that_likes_the_first_place_prefers_nobody(small, actor):
    actor.says("judge", likes_first)
    go(small)
    one = only(found(small))

    assert one.win_rate.value == 0.5
    assert one.rate.consistency == 0.0
    assert one.rate.position_bias.value == 0.5
    assert (one.rate.win, one.rate.tie, one.rate.loss) == (0.5, 0.0, 0.5)
    assert one.rate.pairs == 16


def test_a_judge_that_likes_length_is_told_by_the_win_rate_at_equal_length(small, actor):
    """The candidate writes 7 characters more or 5 fewer; the longer wins but on s2 and s4, seed 1.

    The candidate's is longer on six scenarios of eight: w is 1 on five of them and 1/2 on one, 0
    and 1/2 on the others. So the longer wins 11 in 12 of its pairs, or 3 in 4.
    """

    def new(messages, config):
        number = int(re.search(r"\d+", messages[-1].text)[0])
        return f"{'No' if number % 4 == 0 else 'Yes, indeed so'} {number} {config.seed}"

    def mostly_longer(messages, config):
        first, second = replies_of(messages[0].text)
        odd = re.search(r"[24] 1$", first) is not None
        return answer("FIRST" if (len(first) > len(second)) != odd else "SECOND")

    actor.says("old", lambda messages, config: f"Number: {messages[-1].text[7:-1]} {config.seed}")
    actor.says("new", new)
    actor.says("judge", mostly_longer)
    go(small)
    one = only(found(small))

    assert one.forms["characters"] == ((6 * 18 + 2 * 6) / 8, 11)
    assert one.win_rate.value == 6 / 8
    assert one.rate.consistency == 1.0
    assert one.rate.position_bias.value == 0.0
    assert abs(one.length.win_rate.value - 0.5) < abs(one.win_rate.value - 0.5)


def test_where_the_longer_reply_always_wins_nothing_is_told_of_equal_length(small):
    go(small)
    one = only(found(small))

    assert one.win_rate.value == 6 / 8
    assert one.length is None
    assert one.length_decides
    assert "Length alone parts all wins from all losses" in as_markdown(found(small))


def test_the_table_has_both_orders_of_every_pair_with_lengths_and_words(small):
    go(small)
    rows = read_preferences(small / "logs")
    one, other = [row for row in rows if (row.scenario, row.seed) == ("s1", 2)]

    assert len(rows) == 8 * 2 * 2
    assert (one.order, other.order) == ("ab", "ba")
    assert one.preference == other.preference == "a"
    assert (one.arm_a, one.arm_b, one.principle, one.grader) == ("new", "old", None, "acted/judge")
    assert one.characters_a == len("Dear you, 1 and 2.")
    assert one.words_b == len("Yes: Number 1. 2".split())
    assert (one.cluster, one.stratum, one.dataset) == ("s1", "all", "asked")
    assert json.loads(one.labels) == {"kind": "favour"}
    assert (one.grader_calls, one.grader_input_tokens) == (1, 10)


def test_the_plan_counts_the_calls_and_the_record_holds_the_words(small, actor):
    plan = go(small)
    record = found(small).record

    assert plan.comparisons == actor.calls("judge") == 32
    assert plan.calls == 32 + 32
    assert record["pair"] == pair_hash()
    assert record["pairwise"]["by"] == "overall"


# What is asked, and how often --------------------------------------------------------------------


def test_a_second_run_asks_nothing(small, actor):
    go(small)
    before = len(actor.asked)
    go(small)

    assert len(actor.asked) == before
    assert only(found(small)).win_rate.value == 6 / 8


def test_a_changed_reply_is_compared_again_and_nothing_else(small, actor):
    go(small)
    before = actor.calls("judge")
    change(small, ("acted/new", "acted/newer"))
    said = actor.scripts["new"]

    def newer(messages, config):
        return "Other." if "Number 3" in messages[-1].text else said(messages, config)

    actor.says("newer", newer)
    go(small)

    assert actor.calls("judge") == before + 2 * 2  # two orders of "Other." with two old replies


def test_another_grader_is_asked_anew(small, actor):
    go(small)
    change(small, ("acted/judge", "acted/other"))
    actor.says("other", likes_first)
    go(small)

    assert actor.calls("other") == 32
    assert {row.grader for row in read_preferences(small / "logs")} == {"acted/other"}


def test_equal_replies_are_a_tie_that_nobody_is_asked_about(small, actor):
    actor.says("old", "Same.")
    actor.says("new", "Same.")
    go(small)

    assert actor.calls("judge") == 0
    one = only(found(small))
    assert (one.win_rate.value, one.rate.tie) == (0.5, 1.0)


def test_equal_questions_are_asked_once(small, actor):
    actor.says("old", "Old.")
    actor.says("new", "New one.")
    go(small)

    assert actor.calls("judge") == 8 * 2  # both seeds say the same


def test_principles_are_asked_about_where_they_apply(small, actor):
    change(small, ("pairwise: true", "pairwise: {by: both}"))
    plan = go(small)
    results = found(small)

    assert {one.principle for one in results.preferences.found} == {None, "brevity", "thanks"}
    scenarios = {one.principle: one.paired.scenarios for one in results.preferences.found}
    assert scenarios == {None: 8, "brevity": 8, "thanks": 2}
    assert plan.comparisons == actor.calls("judge") == (8 + 8 + 2) * 2 * 2
    pages = [text for model, text, _ in actor.asked if model == "judge"]
    assert sum("by this principle alone: It is short." in page for page in pages) == 32
    assert sum("by this principle alone: thanks." in page for page in pages) == 8


def test_every_grader_of_a_panel_is_asked_and_the_mean_counts(small, actor):
    actor.says("other", likes_first)
    change(small, ("{model: acted/judge}", "[{model: acted/judge}, {model: acted/other}]"))
    plan = go(small)
    one = only(found(small))

    assert plan.comparisons == actor.calls("judge") + actor.calls("other") == 64
    assert one.win_rate.value == (6 / 8 + 1 / 2) / 2
    assert one.rate.position_bias.value == 0.25


def test_samples_are_requests_of_their_own(small, actor):
    change(small, ("{model: acted/judge}", "{model: acted/judge, samples: 2}"))
    plan = go(small)

    assert plan.comparisons == actor.calls("judge") == 64
    assert {row.sample for row in read_preferences(small / "logs")} == {1, 2}


def test_all_pairs_of_arms_give_strengths(small, actor):
    actor.says("third", "I say the most of all of us, whatever the number is.")
    third = "new: {model: acted/new}, third: {model: acted/third}"
    change(small, ("new: {model: acted/new}", third), ("pairwise: true", "pairwise: {arms: all}"))
    plan = go(small)
    results = found(small)
    [ranking] = results.preferences.rankings
    strengths = {
        arm: found.value
        for arm, found in zip(ranking.strengths.arms, ranking.strengths.strengths, strict=True)
    }

    assert plan.comparisons == 3 * 32
    assert strengths["third"] > strengths["new"] > strengths["old"]
    assert ranking.strengths.virtual_opponent  # the third never loses
    assert "third +" in as_markdown(results)


def test_recorded_replies_take_part(small, actor):
    lines = [
        {"scenario": f"s{n}", "seed": seed, "reply": "A recorded reply, and a long one."}
        for n in range(7)
        for seed in (1, 2)
    ]
    (small / "said.jsonl").write_text("\n".join(map(json.dumps, lines)))
    change(small, ("{model: acted/new}", "{replies: ./said.jsonl}"))
    go(small)
    one = only(found(small))

    assert one.win_rate.value == pytest.approx(1.0)
    assert one.win_rate.high == 1.0
    assert one.rate.pairs == 14
    assert one.unscored == {"no_reply": 4}
    [gap, _] = [r for r in read_preferences(small / "logs") if (r.scenario, r.seed) == ("s7", 1)]
    assert (gap.preference, gap.reason) == (None, "no_reply: new (missing)")


def test_a_reply_that_failed_gives_no_comparison(small, actor):
    said = actor.scripts["new"]

    def fails(messages, config):
        return ValueError("no") if "Number 3" in messages[-1].text else said(messages, config)

    actor.says("new", fails)
    go(small)

    assert actor.calls("judge") == 28
    assert only(found(small)).unscored == {"no_reply": 4}


def test_what_was_said_before_and_the_document_are_shown(small, actor):
    (small / "asked.yaml").write_text(
        "dataset: asked\nstrata: {all: {scenarios: [{id: s1, document: The text., messages: ["
        "{role: user, content: Hello.}, {role: assistant, content: Yes?}, "
        "{role: user, content: Number 1.}]}]}}\n"
    )
    go(small)
    page = next(text for model, text, _ in actor.asked if model == "judge")

    assert "## what was said before" in page
    assert "[assistant]\nYes?" in page
    assert "## document" in page
    assert "The text." in page
    assert page.index("## prompt") < page.index("## first reply")


# What goes wrong ---------------------------------------------------------------------------------

GATED = ("pairwise: true", "pairwise: {rule: {margin: 0.3}}")


def test_a_grader_that_fails_makes_a_gated_preference_incomplete_and_the_next_run_whole(
    small, actor
):
    actor.says("judge", lambda messages, config: ValueError("down"))
    change(small, GATED)
    go(small)
    results = found(small)

    assert results.decision.outcome == "incomplete"
    assert "the grader failed" in results.decision.reasons[0]
    actor.says("judge", likes_longer)
    old = actor.calls("old")
    go(small)
    assert actor.calls("old") == old
    assert found(small).decision.outcome != "incomplete"


def test_a_spent_budget_leaves_the_rest_unscored(small, actor):
    change(small, ("pairwise: true", "pairwise: {rule: {}}\nbudget: {calls: 40}"))
    go(small)

    assert len(actor.asked) == 40
    assert found(small).decision.outcome == "incomplete"


def test_a_run_that_is_stopped_while_comparing_keeps_what_has_arrived(small, actor):
    change(small, GATED)

    def stops(messages, config):
        if actor.calls("judge") > 20:
            raise KeyboardInterrupt
        return likes_longer(messages, config)

    actor.says("judge", stops)
    with pytest.raises(KeyboardInterrupt):
        go(small)

    assert found(small).decision.outcome == "incomplete"
    actor.says("judge", likes_longer)
    before = actor.calls("judge")
    go(small)
    assert actor.calls("judge") - before == 32 - 20
    assert found(small).decision.outcome != "incomplete"


def test_without_a_grader_it_is_refused_before_the_first_call(small, actor):
    change(small, ("grader: {model: acted/judge}", ""))
    with pytest.raises(UserError, match=r"try\.yaml:.*nobody is named to judge: add `grader:"):
        go(small)

    assert actor.asked == []


def test_a_rule_that_changed_after_the_run_is_refused(small):
    go(small)
    change(small, GATED)
    with pytest.raises(UserError, match="changed after its run, in pairwise"):
        found(small)


def test_a_file_of_preferences_serves_a_run_and_asks_no_judge(small, actor):
    rows = ["scenario,seed,arm_a,arm_b,order,preference"]
    rows += [f"s{n},1,old,new,{order},b" for n in range(8) for order in ("ab", "ba")]
    (small / "liked.csv").write_text("\n".join(rows))
    change(
        small,
        ("grader: {model: acted/judge}", ""),
        ("pairwise: true", "pairwise: {preferences: ./liked.csv}"),
    )
    plan = go(small)

    assert plan.comparisons == actor.calls("judge") == 0
    assert only(found(small)).win_rate.value == 1.0
    assert {row.dataset for row in read_preferences(small / "logs")} == {"asked"}
    (small / "liked.csv").write_text("\n".join(rows[:-4]))
    go(small)
    assert only(found(small)).unscored == {"missing": 2}
    (small / "liked.csv").write_text("\n".join([f"{rows[0]},cluster", f"{rows[1]},other"]))
    with pytest.raises(UserError, match="the cluster 'other', and 's0' in the dataset"):
        go(small)
    (small / "liked.csv").write_text("\n".join(rows).replace("s3,", "s33,"))
    before = len(actor.asked)
    with pytest.raises(UserError, match=r"liked\.csv:8: unknown scenario 's33'"):
        go(small)
    assert len(actor.asked) == before


# The other commands ------------------------------------------------------------------------------


def test_compare_leaves_preferences_out_and_says_so(small):
    go(small)
    logs = str(small / "logs")
    results = compare_arms(open_arm(f"{logs}@old", candidate=False), open_arm(logs, candidate=True))

    assert results.preferences is None
    assert any("Preferences are left out" in text for text in results.warnings)


def test_compare_refuses_a_run_that_gates_a_preference_unless_that_is_meant(small):
    change(small, GATED)
    go(small)
    logs = str(small / "logs")
    arms = open_arm(f"{logs}@old", candidate=False), open_arm(logs, candidate=True)

    with pytest.raises(UserError, match="gates a preference"):
        compare_arms(*arms)
    assert compare_arms(*arms, declared=["pairwise"]).decision.verdicts


def test_the_judge_is_checked_for_its_liking_of_the_first_place(small, actor):
    actor.says("judge", likes_first)
    go(small)
    before = actor.calls("judge")
    store = GradeStore(small / "grades")
    [check] = pair_checks(load_experiment(small / "try.yaml"), small / "logs", store)
    store.close()

    assert actor.calls("judge") == before  # the run has asked all of it
    assert (check.pairs, check.consistency.value, check.position_bias.value) == (16, 0.0, 0.5)
    assert check.consistency.high < 0.6
    told = CliRunner().invoke(
        app,
        ["judge-check", "./try.yaml", "--logs", "logs", "--grades", "grades"],
        env={"COLUMNS": "200"},
    )
    assert told.exit_code == 0, told.output
    assert "asked, 16 pairs" in told.stdout
    assert "+0.50" in told.stdout


def test_a_steady_judge_is_the_same_both_ways(small, actor):
    change(small, ("pairwise: true", ""))
    go(small)
    store = GradeStore(small / "grades")
    [check] = pair_checks(load_experiment(small / "try.yaml"), small / "logs", store, replies=10)
    store.close()

    assert actor.calls("judge") == 20
    assert (check.pairs, check.consistency.value, check.position_bias.value) == (10, 1.0, 0.0)


def test_the_command_runs_and_tells(small):
    told = CliRunner().invoke(app, ["run", "./try.yaml", "--logs", "logs", "--grades", "grades"])

    assert "Preferences" in told.stdout
    assert "75.0%" in told.stdout
    assert "64 calls at most" in told.stderr
    assert (small / "logs" / PREFERENCES).is_file()


# Over the wire, and killed -----------------------------------------------------------------------

KILLED = """
import sys
from pathlib import Path
from tastemaker.experiment import load_experiment
from tastemaker.plan import make_plan
from tastemaker.run import run

run(make_plan(load_experiment(Path("try.yaml"))), Path("logs"), grades=Path("grades"))
"""


def over_the_wire(wire):
    """An experiment whose arms are recorded and whose judge is a real client of the server."""
    model = "{model: openai/gpt-4o, config: {max_connections: 1}}"
    text = EXPERIMENT.replace("{model: acted/judge}", model)
    for name, reply in (("old", "Yes."), ("new", "Yes, gladly.")):
        lines = [
            {"scenario": f"s{n}", "seed": seed, "reply": f"{reply} {n} {seed}"}
            for n in range(8)
            for seed in (1, 2)
        ]
        Path(f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
        text = text.replace(f"{{model: acted/{name}}}", f"{{replies: ./{name}.jsonl}}")
    Path("try.yaml").write_text(text)

    def judge(asked):
        first, second = replies_of(asked.page)
        assert asked.keys == ["preference"]
        said = "FIRST" if len(first) > len(second) else "SECOND"
        return wire.module.Answer(text=answer(said))

    wire.script = judge


def test_a_real_client_is_asked_in_both_orders(small, wire, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "dummy")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{wire.url}/v1")
    over_the_wire(wire)
    go(small)
    one = only(found(small))

    assert len(wire.asked) == 32
    assert (one.win_rate.value, one.rate.consistency) == (1.0, 1.0)
    form = wire.asked[0].form["properties"]["preference"]["properties"]["answer"]
    assert form["enum"] == ["FIRST", "SECOND", "TIE", "CANNOT_ASSESS"]


@pytest.mark.slow
def test_a_run_that_is_killed_while_comparing_pays_nothing_twice(small, wire, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "dummy")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{wire.url}/v1")
    over_the_wire(wire)
    judge, started = wire.script, []

    def kills(asked):
        if len(wire.asked) == 11:
            os.kill(started[0].pid, signal.SIGKILL)
        return judge(asked)

    wire.script = kills
    started.append(subprocess.Popen([sys.executable, "-c", KILLED]))
    assert started[0].wait() == -signal.SIGKILL
    wire.script = judge
    go(small)

    assert len(wire.asked) == 32 + 1  # the one that was on its way
    assert only(found(small)).win_rate.value == 1.0
