"""Run a program and its tests apart from everything: little time, little memory, nothing else."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from functools import lru_cache

SECONDS = 5
"""Of work, not of waiting: a busy machine fails no program."""
PATIENCE = 60
"""Seconds after which a program that neither works nor ends is given up."""
MEGABYTES = 256
LONGEST_ANSWER = 4096
"""Bytes of what a failed test says."""

# Runs in the other process, which has none of our modules. It says the secret word only when the
# tests have come to their end, so that a program that ends itself early has not passed. The word
# is read before the program starts; a program that looks for it in the memory of its own process
# finds it, and can pass: it is kept from doing harm, not from cheating.
RUNNER = r"""
import json, os, resource, sys
given = json.loads(sys.stdin.read())
out = given["out"]

def say(text, write=os.write):
    write(out, text.encode("utf-8", "replace")[: given["longest"]])

for name, limit in given["limits"].items():
    resource.setrlimit(getattr(resource, name), (limit, limit))
denied = (
    "socket.", "subprocess.", "os.", "shutil.", "ctypes.", "pty.", "mmap.", "fcntl.", "resource.",
    "signal.", "syslog.", "sqlite3.", "tempfile.", "glob.", "webbrowser.", "urllib.", "http.",
    "ftplib.", "smtplib.", "poplib.", "imaplib.", "telnetlib.", "gc.", "_posixsubprocess.",
    "faulthandler.",
)
roots = tuple(os.path.realpath(one) + os.sep for one in given["read"])

# Programs reach names of this module through `__main__`, and can put others into `builtins`. So
# what the watch needs is bound here, and no name of it is left behind.
def watch(
    event, arguments, kinds=(str, bytes), type=type, roots=roots, denied=denied,
    listing=("os.listdir", "os.scandir"), hidden=("_posixsubprocess", "_ctypes", "_posixshmem"),
    written=os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND,
    refusal=PermissionError,
):
    if event == "open" or event in listing:
        path = arguments[0]
        flags = arguments[2] if event == "open" else 0
        if type(path) in kinds and not flags & written:
            path = path if type(path) is str else path.decode("utf-8", "replace")
            if (path + "/").startswith(roots) and ".." not in path.split("/"):
                return
        raise refusal("no files here")
    if event.startswith(denied) or (event == "import" and arguments[0] in hidden):
        raise refusal("not here: " + event)

module = sys.modules["document"] = type(sys)("document")
scope = module.__dict__  # dataclasses look their own module up
program = compile(given["program"], "document", "exec", dont_inherit=True)
tests = compile(given["tests"], "tests", "exec", dont_inherit=True)
sys.path[:] = [one for one in sys.path if (one + os.sep).startswith(roots)]
sys.stdin = None
sys.modules["_posixsubprocess"] = type(sys)("_posixsubprocess")
sys.modules["_posixsubprocess"].fork_exec = None
for name in ("pidfd_open", "setpriority", "sched_setaffinity", "sched_setscheduler"):
    for place in (os, sys.modules["posix"]):
        vars(place).pop(name, None)
sys.addaudithook(watch)
del watch, denied, roots
try:
    exec(program, scope)
    exec(tests, scope)
except BaseException as error:
    line, trace = 0, error.__traceback__
    while trace:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == "tests" else line
        trace = trace.tb_next
    where = f"line {line} of the tests: " if line else ""
    say(f"{where}{type(error).__name__}: {error}")
else:
    say(given["word"])
"""


@lru_cache(maxsize=1024)
def run_tests(program: str, tests: str) -> str:
    """Run Python and then its tests, in one scope; what went wrong, or "" when nothing did.

    In a process of its own, without files, network or other programs, for 5 seconds of work and
    with 256 MB. Its output is thrown away. Equal programs with equal tests are run once.
    """
    for text, whose in ((program, ""), (tests, "the tests: ")):
        try:
            compile(text, "document", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return f"{whose}{type(error).__name__}: {error}"
    word = secrets.token_hex(16)
    reading, writing = os.pipe()
    given = {
        "program": program,
        "tests": tests,
        "word": word,
        "out": writing,
        "longest": LONGEST_ANSWER,
        "read": [sys.base_prefix],
        "limits": {
            "RLIMIT_CPU": SECONDS,
            "RLIMIT_AS": MEGABYTES * 2**20,
            "RLIMIT_FSIZE": 0,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 32,
        },
    }
    try:
        with tempfile.TemporaryDirectory() as empty:
            subprocess.run(
                [sys.executable, "-I", "-S", "-B", "-c", RUNNER],
                input=json.dumps(given).encode("utf-8", "surrogatepass"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=empty,
                env={"PYTHONHASHSEED": "0"},
                pass_fds=(writing,),
                timeout=PATIENCE,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return f"it did not end within {PATIENCE} seconds"
    finally:
        os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            said = answer.read(LONGEST_ANSWER).decode("utf-8", "replace")
    if said == word:
        return ""
    return (
        said or f"it ended before its tests did: more than {SECONDS} s, {MEGABYTES} MB, or an exit"
    )
