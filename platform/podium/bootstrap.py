"""What happens before Django can be imported: the right Python, the packages, a data folder, an address.

Standard library only, and nothing newer than Python 3.6 in its syntax: an old Python must be able to read this far, to
say in one sentence what to do. Everything goes through `make_ready`.
"""

import hashlib
import ipaddress
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from typing import Dict, List, NoReturn, Optional, Sequence, Tuple

OLDEST = (3, 11)
NEWEST_TRIED = 14  # python3.14, python3.13 … are looked for on PATH, newest first
STAMP = "podium-installed"
TRIED = "PODIUM_BOOTSTRAP_TRIED"  # set before another interpreter takes over, so that it never goes round in a circle
SERVING = ("up", "demo")

# What pip may take from the person's own environment: how to reach an index, nothing of where or what it installs
PIP_KEEPS = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_PROXY",
    "PIP_TRUSTED_HOST",
    "PIP_TIMEOUT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CACHE_DIR",
    "PIP_NO_CACHE_DIR",
    "PIP_CONFIG_FILE",
    "PIP_KEYRING_PROVIDER",
)
UNREACHABLE = re.compile(
    "name resolution|Name or service not known|nodename nor servname|Network is unreachable|Failed to establish a new"
    "|Connection refused|ConnectTimeout|ReadTimeout|ProxyError|No route to host|dns error|error sending request",
    re.IGNORECASE,
)


def make_ready(root: str, argv: List[str]) -> None:
    """Return when this interpreter can run the site; otherwise prepare one that can and let it take over."""
    _drop_foreign_paths(root, argv)
    extras = {"test": ["test"], "demo": ["kaggle", "notebooks"]}.get("".join(argv[1:2]), [])
    _have_packages(root, argv, extras)
    settle_address(root, argv)
    _have_data_folder(root, argv)


# The interpreter and its packages


def _have_packages(root: str, argv: List[str], extras: List[str]) -> None:
    tried = os.environ.pop(TRIED, "")
    if sys.version_info < OLDEST:
        _newer_python_takes_over(root, argv, tried)
    inside = _same_folder(sys.prefix, _venv(root))
    if _stands(root, extras, inside):
        return
    if not inside and _has_good_python(root):
        _take_over(_venv_python(root), root, argv, tried="venv")
    if tried == "packages":
        _stop("The packages were installed, and are still not found. Start afresh: rm -r " + _quoted(_venv(root)))
    installed = _install(root, argv, extras, inside)
    _take_over(_venv_python(root), root, argv, tried="packages" if installed else "venv")


def _stands(root: str, extras: List[str], inside: bool) -> bool:
    """Is everything there that pyproject.toml names, and (in our own .venv) in the versions that it names now?"""
    if inside and "UV_RUN_RECURSION_DEPTH" not in os.environ:  # under `uv run`, uv has seen to the versions
        stamp = _read(os.path.join(_venv(root), STAMP))
        if stamp and stamp != _fingerprint(root):
            return False
    return not _missing(root, extras)


def _missing(root: str, extras: List[str]) -> List[str]:
    from importlib import metadata  # noqa: PLC0415

    import tomllib  # noqa: PLC0415  (Python 3.11, which an older one never gets to)

    if not os.path.isfile(os.path.join(root, "pyproject.toml")):
        return []  # not a checkout: an image, into which pip has put everything
    with open(os.path.join(root, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project.get("optional-dependencies", {}).get(extra, [])
    missing = []
    for requirement in wanted:
        name = re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0]
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    return missing


def _fingerprint(root: str) -> str:
    """Return what an installation depends on: where it stands, and the two files that say what is in it."""
    parts = [root] + [_read(os.path.join(root, name)) for name in ("pyproject.toml", ".ci/constraints.txt")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _newer_python_takes_over(root: str, argv: List[str], tried: str) -> NoReturn:
    if not tried:
        if _has_good_python(root):
            _take_over(_venv_python(root), root, argv, tried="python")
        names = ["python3.%d" % minor for minor in range(NEWEST_TRIED, OLDEST[1] - 1, -1)]
        answers = [(name, _what_it_has(name)) for name in names]
        for name, has in sorted(answers, key=lambda pair: "venv" not in pair[1]):
            if has:
                _take_over(str(shutil.which(name)), root, argv, tried="python")
    found = "%d.%d" % sys.version_info[:2]
    _stop(
        "Podium needs Python 3.11 or newer; this is %s, and no newer one is on PATH. Mend it with: %s"
        % (found, _python_mend(argv))
    )


def _python_mend(argv: List[str]) -> str:
    if shutil.which("uv"):
        return "uv run " + _words(argv)
    return _sudo() + "apt install python3.11 python3.11-venv" if shutil.which("apt-get") else "installing Python 3.11"


def _what_it_has(name: str) -> str:
    """Run a Python and return what it has, or nothing: a name on PATH may be a shim for a version that is not there."""
    if not shutil.which(name):
        return ""
    ask = "import sys; assert sys.version_info >= (3, 11); print('python')\nimport venv, ensurepip; print('venv')"
    answer = subprocess.run([name, "-Ic", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return answer.stdout.decode().strip().replace("\n", " ")


def _take_over(python: str, root: str, argv: List[str], tried: str) -> NoReturn:
    os.environ[TRIED] = tried
    sys.stdout.flush()
    os.execv(python, [python, os.path.join(root, "manage.py")] + argv[1:])


def _drop_foreign_paths(root: str, argv: List[str]) -> None:
    """Start again without PYTHONPATH and PYTHONHOME: they put other projects' packages before ours."""
    names = [name for name in ("PYTHONPATH", "PYTHONHOME") if os.environ.pop(name, None)]
    if names:
        os.execv(sys.executable, [sys.executable, os.path.join(root, "manage.py")] + argv[1:])


# Making .venv


def _install(root: str, argv: List[str], extras: List[str], inside: bool) -> bool:
    """Install into .venv, which is made where it is missing. Return False where somebody else did it meanwhile."""
    _say_writable(root)
    lock = os.open(root, os.O_RDONLY)
    try:
        _wait_for_the_other(lock)
        if not inside and _read(os.path.join(_venv(root), STAMP)) == _fingerprint(root):
            return False
        _have_venv(root, argv)
        _run_installer(root, argv, extras)
        with open(os.path.join(_venv(root), STAMP), "w") as file:
            file.write(_fingerprint(root))
        return True
    finally:
        os.close(lock)


def _wait_for_the_other(lock: int) -> None:
    import fcntl  # noqa: PLC0415

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        _say("Another start is installing the packages; waiting for it …")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _say_writable(root: str) -> None:
    trouble = _not_writable(root)
    if trouble:
        _stop(
            'Podium keeps its packages in %s, and %s. Mend it with: sudo chown -R "$USER" %s'
            % (_quoted(_venv(root)), trouble, _quoted(root))
        )


def _have_venv(root: str, argv: List[str]) -> None:
    if _has_good_python(root):
        return
    import importlib.util  # noqa: PLC0415

    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        _stop(
            "This Python (%s) cannot make virtual environments. Mend it with: %s" % (sys.executable, _venv_mend(argv))
        )
    _say("First start: making .venv for Python %d.%d.%d …" % sys.version_info[:3])
    made = subprocess.run(
        [sys.executable, "-Im", "venv", "--clear", _venv(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if made.returncode:
        print(made.stdout.decode(errors="replace"), file=sys.stderr)
        _stop("The virtual environment could not be made. Mend it with: " + _venv_mend(argv))


def _venv_mend(argv: List[str]) -> str:
    if shutil.which("uv"):
        return "uv run " + _words(argv)
    if not shutil.which("apt-get"):
        return "your system's package manager: install Python's venv module"
    own = "python%d.%d" % sys.version_info[:2]
    debians = os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)
    return _sudo() + "apt install " + ("python3-venv" if debians else own + "-venv")


def _run_installer(root: str, argv: List[str], extras: List[str]) -> None:
    target = "%s[%s]" % (root, ",".join(extras)) if extras else root
    command = _installer(root) + ["-e", target]
    constraints = os.path.join(root, ".ci", "constraints.txt")
    if os.path.isfile(constraints):
        command += ["-c", constraints]
    what = "what the tests need" if "test" in extras else "Podium and the packages it stands on"
    _say("Installing %s into .venv. It takes a minute or two, once …" % what)
    status, output = _run_quietly(command, _pip_environment(), root)
    if not status:
        return
    print("\n".join(output.splitlines()[-15:]), file=sys.stderr)
    if UNREACHABLE.search(output):
        _stop("The package index could not be reached. Connect this machine to it, then again: python3 " + _words(argv))
    _stop("The packages could not be installed; the lines above say why. Then again: python3 " + _words(argv))


def _installer(root: str) -> List[str]:
    """Return the command that installs into .venv: its own pip, or uv for an environment that uv made without one."""
    python = _venv_python(root)
    if _runs(python, "import pip"):
        return [python, "-Im", "pip", "install", "--disable-pip-version-check", "--no-input"]
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", python]
    if subprocess.run(
        [python, "-Im", "ensurepip"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode:
        _stop("%s has no pip. Make it afresh: rm -r %s" % (python, _quoted(_venv(root))))
    return _installer(root)


def _pip_environment() -> Dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PIP_") or k in PIP_KEEPS}
    clean.pop("VIRTUAL_ENV", None)
    clean["PIP_USER"] = "0"  # over a `user = true` in pip's own settings file
    return clean


def _run_quietly(command: List[str], environment: Dict[str, str], root: str) -> Tuple[int, str]:
    """Run it, showing on a terminal one line that moves; return its status and everything that it said."""
    lines = []
    moving = sys.stdout.isatty()
    with subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        for raw in process.stdout or ():
            line = raw.decode(errors="replace").rstrip()
            lines.append(line)
            if moving and re.match(r"\s*(Collecting|Downloading|Installing|Using cached|\+)", line):
                sys.stdout.write("\r\033[K  " + line.strip()[:70])
                sys.stdout.flush()
    if moving:
        sys.stdout.write("\r\033[K")
    return process.returncode, "\n".join(lines)


# The data folder and the address


def data_folder(root: str) -> str:
    """Return the folder that settings will take as DATA_DIR."""
    return os.path.abspath(os.environ.get("PODIUM_DATA_DIR") or os.path.join(root, "var"))


def _have_data_folder(root: str, argv: List[str]) -> None:
    folder = data_folder(root)
    trouble = _not_writable(folder)
    if trouble:
        _stop(
            "Podium keeps its data in %s, and %s. Choose another folder: PODIUM_DATA_DIR=~/podium-data python3 %s"
            % (_quoted(folder), trouble, _words(argv))
        )


def _not_writable(folder: str) -> str:
    """Return why nothing can be written in a folder (made when missing), or nothing."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except FileExistsError:
        return "that is a file, not a folder"
    except OSError as error:
        return "it cannot be written (%s)" % (error.strerror or error)


def settle_address(root: str, argv: List[str]) -> None:
    """Set PODIUM_URL and PODIUM_ALLOWED_HOSTS, where the person did not, from `--bind` and `--port` of `up` and `demo`.

    Settings read both, in this process and in the ones it starts. Any other command (one that prints a link, say) takes
    the address that the site was last started at.
    """
    if argv[1:2] == ["demo"]:
        os.environ.setdefault("PODIUM_DEMO", "1")
    if argv[1:2] and argv[1] in SERVING:
        bind, port = option(argv, "bind", "127.0.0.1"), option(argv, "port", "8000")
        names = reachable_names(bind)
        os.environ.setdefault("PODIUM_URL", "http://%s:%s" % (names[0], port))
        os.environ.setdefault("PODIUM_ALLOWED_HOSTS", ",".join(_allowed(names)))
    else:
        last = _read(os.path.join(data_folder(root), "address")).strip()
        if last:
            os.environ.setdefault("PODIUM_URL", last)


def _allowed(names: Sequence[str]) -> List[str]:
    """Return the host names that the site answers to: the ones it is reached by, its own PODIUM_URL, and loopback."""
    public = re.sub(r"^https?://|[:/].*$", "", os.environ["PODIUM_URL"])
    return sorted({*names, public, "localhost", "127.0.0.1", "[::1]"})


def option(argv: Sequence[str], name: str, default: str) -> str:
    """Return the value of `--name VALUE` or `--name=VALUE`."""
    for position, word in enumerate(argv):
        if word == "--" + name and position + 1 < len(argv):
            return argv[position + 1]
        if word.startswith("--%s=" % name):
            return word.split("=", 1)[1]
    return default


def is_loopback(bind: str) -> bool:
    """Is this address reached from this machine alone?"""
    try:
        return ipaddress.ip_address(bind.strip("[]")).is_loopback
    except ValueError:
        return bind == "localhost"


def reachable_names(bind: str) -> List[str]:
    """Return the names under which a browser reaches `bind`, the best first."""
    if is_loopback(bind):
        return ["localhost"]
    if bind not in ("0.0.0.0", "::", "[::]", ""):  # noqa: S104  (looked at, not listened on)
        return [bind]
    host = socket.gethostname()
    return [name for name in (_own_address(), host) if name] or ["localhost"]


def _own_address() -> Optional[str]:
    """Return this machine's address in its network. Connecting a datagram socket sends nothing; it asks for a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


# Small things


def _venv(root: str) -> str:
    return os.path.join(root, ".venv")


def _venv_python(root: str) -> str:
    return os.path.join(_venv(root), "bin", "python")


def _has_good_python(root: str) -> bool:
    return _runs(_venv_python(root), "import sys; assert sys.version_info >= (3, 11)")


def _runs(python: str, code: str) -> bool:
    try:
        return not subprocess.run(
            [python, "-Ic", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        ).returncode
    except OSError:
        return False


def _same_folder(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _sudo() -> str:
    return "" if os.geteuid() == 0 else "sudo "


def _quoted(path: str) -> str:
    return shlex.quote(path)


def _words(argv: Sequence[str]) -> str:
    return " ".join(["manage.py"] + [shlex.quote(word) for word in argv[1:]])


def _say(sentence: str) -> None:
    print("Podium: " + sentence, flush=True)


def _stop(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(1)
