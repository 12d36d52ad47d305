"""`manage.py environment build` and `environment list`: what participants' code and hosts' scorers run in."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from scoring.environments import PACKAGES, STANDARD, Environment, adopt, build, listed
from scoring.errors import HostError
from scoring.sandbox.backend import sandbox_here


class Command(BaseCommand):
    """Builds environments, and lists them."""

    help = "Build or list the environments that submitted code runs in: a Python with a listed set of packages."
    requires_system_checks: list[str] = []  # an environment is made before there is a database

    def add_arguments(self, parser: CommandParser) -> None:
        """Two commands in one."""
        inner = parser.add_subparsers(dest="what", metavar="build|image|list", required=True)
        make = inner.add_parser("build", help=f"make one, with {', '.join(PACKAGES)}")
        make.add_argument("name", nargs="?", default=STANDARD, help=f"its name (default: {STANDARD})")
        make.add_argument(
            "--with",
            dest="more",
            action="append",
            default=[],
            metavar="PACKAGE",
            help="one more package, like onnxruntime, torch or 'xgboost==3.*'; may be repeated",
        )
        make.add_argument("--python", default="", metavar="PATH", help="from this Python (default: /usr/bin/python3)")
        make.add_argument("--again", action="store_true", help="replace the one of that name; jobs in it fail")
        image = inner.add_parser("image", help="make one of an image that the container engine has")
        image.add_argument("name", help="its name")
        image.add_argument("image", help="an image with python3 and the packages, by name or id")
        image.add_argument("--engine", default="docker", choices=("docker", "podman"))
        image.add_argument("--again", action="store_true", help="replace the one of that name")
        show = inner.add_parser("list", help="say which there are, and what is in them")
        show.add_argument("--json", action="store_true", help="print one JSON object instead")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        """Do what was asked."""
        root = Path(settings.ENVIRONMENTS_DIR)
        try:
            if what == "build":
                self._build(root, **options)
            elif what == "image":
                self._adopt(root, **options)
            else:
                self._list(listed(root), as_json=options["json"])
        except HostError as error:
            raise CommandError(error.message) from error

    def _build(self, root: Path, *, name: str, more: list[str], python: str, again: bool, **_: Any) -> None:
        made = build(root, name, packages=(*PACKAGES, *more), python=python, again=again, say=self.stdout.write)
        self.stdout.write(_told(made))

    def _adopt(self, root: Path, *, name: str, image: str, engine: str, again: bool, **_: Any) -> None:
        self.stdout.write(_told(adopt(root, name, image, sandbox_here(engine, image=image), again=again)))

    def _list(self, found: tuple[Environment, ...], *, as_json: bool) -> None:
        if as_json:
            rows = [{"name": one.name, "python": one.version, "packages": dict(one.packages)} for one in found]
            self.stdout.write(json.dumps({"environments": rows}))
        elif found:
            self.stdout.write("\n".join(map(_told, found)))
        else:
            self.stdout.write("There is none yet. Make one: manage.py environment build")


def _told(environment: Environment) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    return f"{environment.name}: Python {environment.version} with {packages}"
