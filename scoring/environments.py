"""What participants' code runs in: a Python with a listed set of packages, which jobs see read-only.

An environment is a folder of its own below one root, made by :func:`build` and never changed afterwards::

    standard/manifest.json     its name, its Python, and each package with its exact version
    standard/venv/             a virtual environment, which is /environment in a sandbox

It is made of the machine's own Python, so that whoever a job is there may read it: a virtual environment is only links
into its base, which is bound as well where it is not under /usr. Packages come as wheels, of which no code is run while
they are installed.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoring.errors import HostError, shown
from scoring.errors import listed as in_words
from scoring.sandbox.backend import Sandbox
from scoring.sandbox.jobs import JobSpec, Tree

STANDARD = "standard"
HERE = "here"
PACKAGES = (
    *("numpy", "pandas", "scikit-learn", "scipy", "pyarrow"),
    *("nbclient", "nbconvert", "ipykernel"),  # to execute notebooks, and to show them
    "skops",  # to read scikit-learn's models without running what is in them
)
INSIDE = "/environment"
MANIFEST = "manifest.json"
STAMP = "podium-installed"
SYSTEM_PYTHON = "/usr/bin/python3"
OLDEST_PYTHON = (3, 11)
INSTALL_S = 1800
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
OF_A_VENV = {
    "bin",
    "etc",
    "include",
    "lib",
    "lib64",
    "man",
    "pyvenv.cfg",
    "share",
    ".gitignore",
    ".lock",
    "CACHEDIR.TAG",
}
"""What may lie in a virtual environment that jobs are to see, and our own mark of what was installed."""
SECRETS = ("PODIUM_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "PYTHON")
PIP = ("install", "--quiet", "--disable-pip-version-check")
LIST = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
LIST_ALL = (
    "import importlib.metadata as m, json, platform as p; "
    "print(json.dumps([p.python_version(), {d.name: d.version for d in m.distributions()}]))"
)
LOOK = "import json, sys, venv; print(json.dumps([sys.base_prefix, *sys.version_info[:3]]))"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A Python with packages. ``packages`` are versions by name, as PyPI normalises names."""

    name: str
    folder: Path
    """The virtual environment; a plain Python's prefix where it is none."""
    base: Path
    """The prefix of the Python that it is made of."""
    version: str
    packages: Mapping[str, str]
    image: str = ""
    """The image of a container engine that it is, if it is one: then there is no folder of packages."""

    def trees(self) -> tuple[Tree, ...]:
        """Return the folders that a job must see."""
        if self.image:
            return ()
        base = () if self.base.is_relative_to("/usr") else (Tree(source=self.base, target=str(self.base)),)
        return (*base, Tree(source=self.folder, target=INSIDE)) if self._is_virtual else base

    @property
    def python(self) -> str:
        """The interpreter's path inside a sandbox."""
        if self.image:
            return "python3"
        if self._is_virtual:
            return f"{INSIDE}/bin/python"
        return str(self.base / "bin" / f"python{'.'.join(self.version.split('.')[:2])}")

    @property
    def _is_virtual(self) -> bool:
        return (self.folder / "pyvenv.cfg").is_file()

    def version_of(self, package: str) -> str | None:
        """Return which version of a package is there."""
        return self.packages.get(canonicalize_name(package))

    def need(self, *packages: str, what: str) -> None:
        """Raise HostError where one of these is missing, which ``what`` needs."""
        if missing := [name for name in packages if self.version_of(name) is None]:
            words = " ".join(f"--with {name}" for name in missing)
            raise HostError(
                "environment_lacks",
                f"{what} needs {in_words(missing)}, which the environment {shown(self.name)} lacks. "
                f"Run: manage.py environment build NAME {words}",
            )

    @classmethod
    def of_this_python(cls) -> Environment:
        """Return the environment that this process runs in. Raises HostError where more than packages lies there."""
        folder, base = Path(sys.prefix), Path(sys.base_prefix).resolve()
        if folder.resolve() != base:
            _check_plain(folder)
        return cls(
            name=HERE, folder=folder, base=base, version=platform.python_version(), packages=_normalised(_installed())
        )


def _check_plain(folder: Path) -> None:
    """Refuse a virtual environment made in the middle of somebody's files: jobs would see them."""
    if others := sorted(item.name for item in folder.iterdir() if item.name not in {*OF_A_VENV, STAMP}):
        raise HostError(
            "environment_open",
            f"{folder} holds more than packages ({in_words(others)}), which jobs would see. "
            "Make the virtual environment in a folder of its own.",
        )


def _installed() -> dict[str, str]:
    return {item.name: item.version for item in importlib.metadata.distributions()}


def _normalised(packages: Mapping[str, str]) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in sorted(packages.items())}


def find(root: Path, name: str) -> Environment:
    """Return an environment by its name; ``here`` is that of this process. Raises HostError that says what to run."""
    if name == HERE:
        return Environment.of_this_python()
    if not NAME.fullmatch(name):
        raise HostError("environment_name", f"{shown(name)} is no name of an environment: a-z, 0-9 and -, up to 50.")
    folder = root / name
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        packages = {str(package): str(version) for package, version in manifest["packages"].items()}
        base, version, image = Path(manifest["base"]), str(manifest["python"]), str(manifest.get("image", ""))
    except FileNotFoundError:
        message = f"There is no environment {shown(name)} here. Run: manage.py environment build {name}"
        raise HostError("environment_missing", message) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"The environment {shown(name)} is damaged. Run: manage.py environment build {name} --again"
        raise HostError("environment_damaged", message) from error
    return Environment(name=name, folder=folder / "venv", base=base, version=version, packages=packages, image=image)


def listed(root: Path) -> tuple[Environment, ...]:
    """Return the environments that were built, by name."""
    folders = sorted(item for item in root.iterdir() if (item / MANIFEST).is_file()) if root.is_dir() else []
    return tuple(find(root, folder.name) for folder in folders if NAME.fullmatch(folder.name))


def build(
    root: Path,
    name: str = STANDARD,
    *,
    packages: Sequence[str] = PACKAGES,
    python: str = "",
    again: bool = False,
    say: Say = lambda _: None,
) -> Environment:
    """Make an environment with these packages (names, or names with versions as pip takes them), and return it.

    It appears when it is complete. With ``again`` one of that name is replaced: jobs that run in it fail. Raises
    HostError with what to do.
    """
    _check_new(root, name, again=again)
    wanted = [_requirement(text) for text in packages]
    base, version = _base(python)
    root.mkdir(parents=True, exist_ok=True)
    with workshop(root) as folder:
        _fill(folder / "venv", wanted, python=python or SYSTEM_PYTHON, say=say)
        there = _packages_in(folder / "venv")
        _put(folder, root / name, {"name": name, "python": version, "base": str(base), "packages": there})
    return find(root, name)


def adopt(root: Path, name: str, image: str, sandbox: Sandbox, *, again: bool = False) -> Environment:
    """Make an environment of an image that the engine of ``sandbox`` has, and return it.

    ``sandbox`` runs jobs of that image; its ``python3`` is asked in it what there is. Raises HostError.
    """
    _check_new(root, name, again=again)
    root.mkdir(parents=True, exist_ok=True)
    with workshop(root) as folder:
        (folder / "out").mkdir()
        result = sandbox.run(JobSpec(command=("python3", "-I", "-c", LIST_ALL), out=folder / "out", folder="/tmp"))  # noqa: S108
        (folder / "out").rmdir()
        if result.verdict != "ok":
            words = " ".join((result.detail or result.stderr).split())[-300:]
            raise HostError("environment_image", f"The image {shown(image)} does not say what is in it: {words}")
        version, packages = json.loads(result.stdout)
        there = {"name": name, "python": version, "base": "/", "image": image, "packages": _normalised(packages)}
        _put(folder, root / name, there)
    return find(root, name)


def _check_new(root: Path, name: str, *, again: bool) -> None:
    if name == HERE or not NAME.fullmatch(name):
        raise HostError("environment_name", f"{shown(name)} cannot be a name: a-z, 0-9 and -, up to 50, not `here`.")
    if (root / name).exists() and not again:
        raise HostError("environment_there", f"There is an environment {shown(name)} already. Replace it: --again")


def _requirement(text: str) -> str:
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        raise HostError("environment_package", f"{shown(text)} is not the name of a package.") from error
    if parsed.url is not None:
        raise HostError("environment_package", f"{shown(text)} is an address. Say the package's name.")
    return str(parsed)


def _base(python: str) -> tuple[Path, str]:
    """Return the prefix and the version of the Python to build from. Raises HostError where it cannot be."""
    program = python or SYSTEM_PYTHON
    install = "Install it: sudo apt-get install python3-venv; or name another with --python."
    try:
        seen = subprocess.run([program, "-I", "-c", LOOK], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostError("environment_python", f"{program} does not start. {install}") from error
    if seen.returncode:
        raise HostError("environment_python", f"{program} cannot make virtual environments. {install}")
    prefix, *version = json.loads(seen.stdout)
    if tuple(version) < OLDEST_PYTHON:
        raise HostError("environment_python", f"{program} is Python {version[0]}.{version[1]}; 3.11 is needed.")
    return Path(prefix).resolve(), ".".join(map(str, version))


@contextlib.contextmanager
def workshop(root: Path) -> Iterator[Path]:
    """Give a folder in which something is made that is to be below ``root``; nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, packages: Sequence[str], *, python: str, say: Say) -> None:
    say(f"Making a virtual environment from {python}")
    uv = shutil.which("uv")
    wheels = ("--only-binary", ":all:")
    if uv:
        _run([uv, "venv", "--quiet", "--python", python, str(folder)])
        install = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--link-mode",
            "copy",
            "--compile-bytecode",
            "--python",
            f"{folder}/bin/python",
        ]
    elif importlib.util.find_spec("pip"):  # ours does it: the environment needs none of its own
        _run([python, "-I", "-m", "venv", "--without-pip", str(folder)])
        install = [sys.executable, "-I", "-m", "pip", "--python", f"{folder}/bin/python", *PIP]
    else:
        _run([python, "-I", "-m", "venv", str(folder)])
        install = [f"{folder}/bin/python", "-I", "-m", "pip", *PIP]
    say(f"Installing {', '.join(packages)}")
    _run([*install, *wheels, *packages])


def _run(command: list[str]) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(SECRETS)}
    try:
        done = subprocess.run(
            command, env=clean, capture_output=True, text=True, timeout=INSTALL_S, check=False, umask=0o022
        )
    except subprocess.TimeoutExpired as error:
        raise HostError("environment_install", f"{_tool(command)} took longer than {INSTALL_S} s.") from error
    if done.returncode:
        raise HostError("environment_install", _why(command, done.stderr or done.stdout))


def _why(command: Sequence[str], said: str) -> str:
    """Return what the installer said, and what can be done without one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    words = " ".join(line for line in lines if "error" in line.lower())[:600] or " ".join(lines[-3:])[:600]
    own = [name for name in PACKAGES if name in _normalised(_installed())]
    here = (
        f" Where nothing can be fetched: the environment `here`, which is this site's own Python, has {in_words(own)}."
        if own
        else ""
    )
    return f"{_tool(command)} could not install the packages, so nothing was built. It said: {words}{here}"


def _tool(command: Sequence[str]) -> str:
    return "uv" if command[0].endswith("/uv") else "pip"


def _packages_in(folder: Path) -> dict[str, str]:
    seen = subprocess.run([f"{folder}/bin/python", "-I", "-c", LIST], capture_output=True, check=True, timeout=120)
    return _normalised(json.loads(seen.stdout))


def _put(folder: Path, place: Path, manifest: Mapping[str, Any]) -> None:
    """Write down what is in an environment, and move it to its place."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    if place.exists():
        old = place.with_name(f".old-{folder.name}")
        place.rename(old)
        folder.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        folder.rename(place)
