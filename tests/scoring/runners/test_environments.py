"""Environments: built from a plain Python with pip, complete or not there at all."""

import json
import sys

import pytest

from scoring.environments import Environment, build, find, listed
from scoring.errors import HostError
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import JobSpec

BASE = sys._base_executable


def test_a_job_runs_in_the_environment_that_was_built(built, tmp_path):
    small = find(built, "small")
    code = "import packaging, sys; print(packaging.__version__, sys.prefix, '.'.join(map(str, sys.version_info[:3])))"
    spec = JobSpec(command=(small.python, "-I", "-c", code), out=tmp_path, trees=small.trees(), folder="/tmp")
    result = Bubblewrap().run(spec)
    assert result.stdout.split() == [small.packages["packaging"], "/environment", small.version], result


def test_what_was_built_is_listed_with_exact_versions(built):
    assert [one.name for one in listed(built)] == ["small"]
    manifest = json.loads((built / "small" / "manifest.json").read_text())
    assert manifest["packages"]["packaging"] == find(built, "small").version_of("Packaging")


def test_a_name_is_given_once(built):
    with pytest.raises(HostError, match="Replace it: --again"):
        build(built, "small", packages=["packaging"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"packages": ["podium-has-no-such-package"]}, "could not install the packages, so nothing was built"),
        ({"packages": ["--index-url=x"]}, "is not the name of a package"),
        ({"packages": ["x @ file:///x"]}, "is an address"),
        ({"python": "/nowhere/python"}, "does not start"),
        ({"name": "../up"}, "cannot be a name"),
        ({"name": "here"}, "cannot be a name"),
    ],
)
def test_what_cannot_be_built_leaves_nothing(tmp_path, monkeypatch, options, words):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    with pytest.raises(HostError) as caught:
        build(tmp_path, **{"name": "mine", "python": BASE, "packages": ["packaging"], **options})
    assert words in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_an_environment_that_is_not_there_says_what_to_run(tmp_path):
    with pytest.raises(HostError, match=r"Run: manage\.py environment build standard"):
        find(tmp_path, "standard")
    assert listed(tmp_path / "nowhere") == ()


def test_a_damaged_environment_says_what_to_run(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.json").write_text('{"packages": 3}')
    with pytest.raises(HostError, match=r"damaged\. Run: manage\.py environment build mine --again"):
        find(tmp_path, "mine")


def test_a_python_in_the_middle_of_files_is_not_shown_to_jobs(tmp_path, monkeypatch):
    (tmp_path / "pyvenv.cfg").write_text("")
    (tmp_path / "labels.csv").write_text("")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(HostError, match="holds more than packages"):
        Environment.of_this_python()
