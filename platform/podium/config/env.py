"""Typed access to the environment, and the files that a first start makes for itself."""

import os
import secrets
from pathlib import Path

from environs import Env

env = Env()

PROJECT_ROOT = Path(__file__).resolve().parents[3]
PACKAGE_ROOT = Path(__file__).resolve().parents[1]


def asset_folder(name: str) -> Path:
    """Return `templates/` or `static/`: at the top of a checkout, inside the package in an installed wheel."""
    in_checkout = PROJECT_ROOT / name
    return in_checkout if in_checkout.is_dir() else PACKAGE_ROOT / name


def data_folder() -> Path:
    """Return the folder that holds everything this site keeps: database, files, queue, keys."""
    default = PROJECT_ROOT / "var" if (PROJECT_ROOT / "manage.py").is_file() else Path.cwd() / "var"
    return Path(env.str("PODIUM_DATA_DIR", str(default))).resolve()


def kept_secret(path: Path) -> str:
    """Return the secret in `path`; at the first start make it, readable by its owner alone."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(50)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process made it first: theirs is the one that counts
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(fresh)
    return fresh
