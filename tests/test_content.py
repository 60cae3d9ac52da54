"""Where content is found, what may be read, and what a fingerprint is of."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastemaker.content import (
    Place,
    file_fingerprint,
    fingerprint,
    folder,
    inside,
    local,
    names,
    open_reference,
    project_root,
    resolve,
)
from tastemaker.errors import UserError
from tastemaker.rubric import Rubric


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two rubrics, and a file beside it that is none of its business."""
    root = tmp_path / "project"
    (root / "rubrics/writing").mkdir(parents=True)
    (root / "tastemaker.toml").touch()
    (root / "rubrics/writing/email.yaml").write_text("rubric: writing/email\n")
    (root / "rubrics/kind.yaml").write_text("rubric: kind\n")
    (root / "rubrics/principles.yaml").write_text("principles: {}\n")
    (tmp_path / "secret.yaml").write_text("password: x\n")
    monkeypatch.chdir(root)
    return root


def refused(*call):
    """The message of the error that a call ends in."""
    function, *arguments = call
    with pytest.raises(UserError) as caught:
        function(*arguments)
    return str(caught.value)


def test_the_content_of_a_checkout_stands_at_its_top():
    assert folder("rubrics") == Path(__file__).resolve().parents[1] / "rubrics"


def test_the_project_root_is_the_nearest_marked_folder(tmp_path):
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)
    (tmp_path / "a/pyproject.toml").touch()
    (tmp_path / "tastemaker.toml").touch()

    assert project_root(deep) == tmp_path / "a"
    (deep / ".git").mkdir()
    assert project_root(deep) == deep


def test_a_name_is_looked_up_in_the_project(project):
    place = Place.at(project)

    assert resolve("rubric", "writing/email", place) == project / "rubrics/writing/email.yaml"
    assert resolve("rubric", "kind", place) == project / "rubrics/kind.yaml"


def test_the_names_are_those_of_the_project_and_the_built_in_ones(project):
    assert {"kind", "writing/email"} <= set(names("rubric", Place.at(project)))
    assert "principles" not in names("rubric", Place.at(project))


def test_a_path_starts_at_the_folder_of_the_file_it_stands_in(project):
    place = Place.at(project / "rubrics/writing")

    assert resolve("rubric", "./email.yaml", place) == project / "rubrics/writing/email.yaml"
    assert resolve("rubric", "../kind.yaml", place) == project / "rubrics/kind.yaml"
    assert resolve("rubric", "email.yaml", place) == project / "rubrics/writing/email.yaml"
    kind = str(project / "rubrics/kind.yaml")
    assert resolve("rubric", kind, place) == project / "rubrics/kind.yaml"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("writing/emial", "no rubric 'writing/emial': did you mean 'writing/email'?"),
        ("zzzzzzzz", "no rubric 'zzzzzzzz'"),
        ("./kindd.yaml", "no file './kindd.yaml'"),
        ("rubrics/kidn.yaml", "no file 'rubrics/kidn.yaml': did you mean 'kind.yaml'?"),
        (
            "Writing/../x",
            "expected a path or small letters, digits and hyphens, parts joined by '/' "
            "(like 'writing/email'), found 'Writing/../x'",
        ),
        ("", "expected a path or small letters, digits and hyphens, parts joined by '/' "
             "(like 'writing/email'), found ''"),
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_is_told(project, reference, message):
    assert refused(resolve, "rubric", reference, Place.at(project)) == message


def test_a_file_outside_the_project_is_refused_unless_allowed(project):
    place = Place.at(project)
    outside = project.parent / "secret.yaml"
    message = (
        f"'{outside}' lies outside the project {project}: move it inside, or pass --allow-outside"
    )

    assert refused(resolve, "rubric", "../secret.yaml", place) == message
    assert refused(resolve, "rubric", str(outside), place) == message
    allowed = Place.at(project, allow_outside=True)
    assert resolve("rubric", "../secret.yaml", allowed) == outside


def test_a_link_that_leads_outside_is_refused(project):
    (project / "rubrics/link.yaml").symlink_to(project.parent / "secret.yaml")
    (project / "rubrics/way").symlink_to(project.parent)

    for reference in ("link", "rubrics/link.yaml", "rubrics/way/secret.yaml"):
        assert "lies outside" in refused(resolve, "rubric", reference, Place.at(project))


def test_whether_a_file_outside_exists_is_not_told(project):
    place = Place.at(project)

    assert "lies outside" in refused(local, "../nothing-there.yaml", place)


def test_built_in_content_may_always_be_read(project):
    built_in = folder("rubrics") / "any.yaml"

    assert inside(built_in, Place.at(project)) == built_in


def test_a_file_found_by_its_name_must_have_that_name(project):
    (project / "rubrics/kind.yaml").write_text("about: x\nrubric: kin\n")

    assert refused(open_reference, "rubric", "kind") == (
        "rubrics/kind.yaml:2:9: expected 'kind', as the file is named, found 'kin'"
    )
    assert open_reference("rubric", Path("rubrics/kind.yaml"))[0].path == Path("rubrics/kind.yaml")


def test_what_a_file_refers_to_starts_at_its_folder_in_its_project(project):
    _, place = open_reference("rubric", "writing/email")

    assert (place.folder, place.root) == (project / "rubrics/writing", project)


def test_a_fingerprint_is_the_hash_of_canonical_json():
    expected = hashlib.sha256(b'{"a":[1,2.5,null],"b":"\\u00e9"}').hexdigest()

    assert fingerprint({"b": "é", "a": [1, 2.5, None]}) == f"sha256:{expected}"


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_keys_does_not_change_a_fingerprint(values):
    assert fingerprint(values) == fingerprint(dict(reversed(values.items())))


def test_models_and_records_have_the_fingerprint_of_their_content():
    @dataclass(frozen=True)
    class Record:
        path: Path
        values: tuple[int, ...]

    text = {"rubric": "x", "principles": {"p": {"criteria": {"c": {"ask": "Good?"}}}}}
    one, same = Rubric.model_validate(text), Rubric.model_validate(text)
    text["principles"]["p"]["criteria"]["c"]["ask"] = "Bad?"

    assert fingerprint(one) == fingerprint(same) != fingerprint(Rubric.model_validate(text))
    assert fingerprint(Record(Path("a/b"), (1, 2))) == fingerprint(
        {"path": "a/b", "values": [1, 2]}
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"x": object()}])
def test_what_is_no_data_has_no_fingerprint(value):
    with pytest.raises((TypeError, ValueError)):
        fingerprint(value)


def test_the_fingerprint_of_a_file_is_that_of_its_bytes(project):
    path = project / "rubrics/kind.yaml"

    assert file_fingerprint(path) == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert refused(file_fingerprint, project / "none").startswith("none: cannot be read")
