"""The folder `platform/` never hides the standard library's module of that name, and a wheel is complete."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.start.site import ROOT


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "import platform; print(platform.system())"],
        ["-m", "pytest", "--version"],
        ["-m", "celery", "--version"],
        ["manage.py", "--version"],
    ],
)
def test_python_started_in_the_root_finds_its_own_platform(words: list[str]) -> None:
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_platform_is_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_a_wheel_has_the_code_the_templates_and_the_static_files(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("platform/podium", "podium"), ("scoring", "scoring"), ("templates", "podium/templates")):
        wanted = {
            f"{inside}/{path.relative_to(ROOT / folder)}"
            for path in (ROOT / folder).rglob("*")
            if path.suffix in {".py", ".html", ".md", ".txt"}
        }
        assert {name for name in wanted if "__pycache__" not in name} <= names
    assert "podium/static/css/tokens.css" in names
