"""What CI systems run: the gate's script, the one comment, the annotations, the hooks."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMMENT = ROOT / "integrations" / "github" / "comment.py"
GATE = ROOT / "integrations" / "github" / "gate.sh"
ME = {"type": "Bot", "login": "github-actions[bot]"}


# The comment -------------------------------------------------------------------------------------


class Api(BaseHTTPRequestHandler):
    """As much of GitHub's API as the script speaks with, two comments a page."""

    def do_GET(self):
        self.server.asked.append(("GET", self.path, None, self.headers["Authorization"]))
        page = int((re.search(r"&page=(\d+)$", self.path) or ["", "1"])[1])
        shown = self.server.comments[2 * page - 2 : 2 * page]
        more = len(self.server.comments) > 2 * page
        port = self.server.server_address[1]
        follow = f'<http://127.0.0.1:{port}/{self.path.strip("/")}&page={page + 1}>; rel="next"'
        self.answer(200, shown, {"Link": follow} if more else {})

    def do_POST(self):
        self.write()

    def do_PATCH(self):
        self.write()

    def write(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.command, self.path, body["body"], None))
        self.answer(self.server.status, {"id": 1}, {})

    def answer(self, status, content, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *words):
        pass


@pytest.fixture
def api():
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        server.comments, server.asked, server.status = [], [], 200
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def comment(api, tmp_path):
    """Run the script on a report, as the action does; what it printed."""
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))

    def run(text="# PASS: try\n", name="try"):
        (tmp_path / "report.md").write_text(text)
        done = subprocess.run(
            [sys.executable, str(COMMENT), name, str(tmp_path / "report.md")],
            env={
                "PATH": os.environ["PATH"],
                "GITHUB_API_URL": f"http://127.0.0.1:{api.server_address[1]}",
                "GITHUB_REPOSITORY": "team/assistant",
                "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
                "GITHUB_TOKEN": "a-secret-token",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert "a-secret-token" not in done.stdout + done.stderr
        return done.stdout.strip()

    return run


def test_the_first_run_writes_a_comment_under_the_pull_request(api, comment):
    assert comment() == "comment written"

    method, path, body, _ = api.asked[-1]
    assert (method, path) == ("POST", "/repos/team/assistant/issues/7/comments")
    assert body == "<!-- tastemaker: try -->\n# PASS: try\n"
    assert api.asked[0][3] == "Bearer a-secret-token"


def test_later_runs_update_that_comment_wherever_it_stands(api, comment):
    """Three pages of two: ours is the fifth, after one that only quotes the mark."""
    mark = "<!-- tastemaker: try -->\n"
    api.comments = [{"id": n, "user": ME, "body": "hello"} for n in range(3)]
    api.comments.append({"id": 3, "user": {"type": "User"}, "body": mark + "quoted"})
    api.comments.append({"id": 44, "user": ME, "body": mark + "old"})

    assert comment("# FAIL: try\n") == "comment updated"
    method, path, body, _ = api.asked[-1]
    assert (method, path) == ("PATCH", "/repos/team/assistant/issues/comments/44")
    assert body == mark + "# FAIL: try\n"
    assert [one[0] for one in api.asked] == ["GET", "GET", "GET", "PATCH"]


def test_each_experiment_has_a_comment_of_its_own(api, comment):
    api.comments = [{"id": 1, "user": ME, "body": "<!-- tastemaker: other -->\n"}]

    assert comment() == "comment written"


def test_a_fork_that_may_not_write_gets_a_warning_and_no_failure(api, comment):
    api.status = 403

    assert comment().startswith("::warning title=Tastemaker::No comment written: 403")


def test_a_report_that_is_too_long_is_cut_and_says_so(api, comment):
    comment("# FAIL\n<details>\n" + "a line of the report\n" * 5000 + "</details>\n")

    body = api.asked[-1][2]
    assert len(body) <= 65_536
    assert body.count("<details>") == body.count("</details>") == 1
    assert body.endswith("the whole report is among the run's artifacts.\n")


# The gate's script -------------------------------------------------------------------------------

EXPERIMENT = """
experiment: try
baseline: {old: {scores: ./old.csv}}
candidates: {new: {scores: ./new.csv}}
rules: {default: {margin: 0.1}}
"""


def scores(value):
    rows = "".join(f"s{n},1,honesty,{value(n)}\n" for n in range(80))
    return f"scenario,seed,principle,value\n{rows}"


@pytest.fixture
def gate(project, tmp_path):
    """Run the script on a candidate that fails every so many scenarios; what GitHub would see."""

    def run(every, **inputs):
        folder = project(
            {
                "try.yaml": EXPERIMENT,
                "old.csv": scores(lambda n: 1),
                "new.csv": scores(lambda n: int(n % every > 0)),
            }
        )
        for name in ("output", "summary"):
            (tmp_path / name).write_text("")
        done = subprocess.run(
            ["bash", str(GATE)],
            cwd=folder,
            env=os.environ
            | {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "GITHUB_OUTPUT": str(tmp_path / "output"),
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
                "EXPERIMENT": "try.yaml",
                **inputs,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        said = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
        return done, said, (tmp_path / "summary").read_text()

    return run


@pytest.mark.slow
def test_a_regression_is_told_in_every_place_that_github_shows(gate, tmp_path):
    done, said, summary = gate(4)

    assert done.returncode == 0, done.stderr
    assert (said["exit-code"], said["outcome"], said["name"]) == ("1", "fail", "try")
    assert summary.startswith("# FAIL: try")
    assert "::error title=honesty (new)%3A REGRESSED (beyond margin)::Worse" in done.stdout
    reports = tmp_path / said["reports"]
    assert {one.name for one in reports.iterdir()} >= {
        "forest.svg",
        *(f"report.{suffix}" for suffix in ("md", "xml", "html", "csv", "json")),
    }
    assert json.loads((reports / "report.json").read_text())["exit_code"] == 1


@pytest.mark.slow
def test_a_pass_exits_with_0_and_annotates_nothing_but_itself(gate):
    done, said, _ = gate(1000)

    assert (said["exit-code"], said["outcome"]) == ("0", "pass")
    assert "::error" not in done.stdout and "::warning" not in done.stdout
    assert "::notice title=PASS%3A try::" in done.stdout


@pytest.mark.slow
def test_a_mistake_in_the_files_has_no_reports(gate):
    _, said, summary = gate(4, EXPERIMENT="nothing.yaml")

    assert (said["exit-code"], said["outcome"]) == ("2", "mistake")
    assert "reports" not in said
    assert "could not run `nothing`" in summary


@pytest.mark.slow
def test_arguments_are_words_and_never_commands_or_file_names(gate, tmp_path):
    _, said, _ = gate(4, ARGUMENTS="--json * ; touch gone $(touch gone)")

    assert said["exit-code"] == "2"
    assert not (tmp_path / "gone").exists()


# The files that the services read ----------------------------------------------------------------


def test_the_action_hands_what_users_give_to_the_shell_as_variables_alone():
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = action["runs"]["steps"]

    assert action["runs"]["using"] == "composite"
    for step in steps:
        assert ("run" in step) == ("shell" in step)
        assert "${{" not in step.get("run", "")
    inputs = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(steps)))
    assert inputs == set(action["inputs"])
    told = set(re.findall(r'echo "([a-z-]+)=', GATE.read_text()))
    wanted = set(re.findall(r"steps\.gate\.outputs\.([a-z-]+)", (ROOT / "action.yml").read_text()))
    assert wanted == told


def test_the_gitlab_job_is_valid_shell_and_shows_the_junit_report():
    (job,) = yaml.safe_load((ROOT / "integrations" / "gitlab.yml").read_text()).values()

    for line in job["script"]:
        assert subprocess.run(["bash", "-n", "-c", line], check=False).returncode == 0, line
    assert job["artifacts"]["reports"]["junit"] == "tastemaker/report.xml"
    assert job["allow_failure"]["exit_codes"] == [3]


def test_the_hook_checks_the_content_that_changed():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    for name in ("rubrics/demo/email.yaml", "evals/experiments/demo.yaml"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], ".github/workflows/ci.yml")
    command = [*shlex.split(hook["entry"]), "rubrics/demo/email.yaml"]
    command[0] = str(Path(sys.executable).parent / command[0])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
