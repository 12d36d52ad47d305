"""`manage.py token create USERNAME`: a key to the REST API, for scripts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from podium.accounts.models import User
from podium.accounts.services import token_create


class Command(BaseCommand):
    """Prints a new token and nothing else."""

    help = "Make a token for a person; print the token and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the act and the person."""
        acts = parser.add_subparsers(dest="act", required=True, metavar="create")
        create = acts.add_parser("create", help="make a token and print it")
        create.add_argument("username", metavar="USERNAME")
        create.add_argument("--name", default="made on the command line", help="what the token is for")

    def handle(self, *args: Any, username: str, name: str, **options: Any) -> str:
        """Make it."""
        user = User.objects.filter(username__iexact=username).first()
        if user is None:
            raise CommandError(f"Nobody here has the user name “{username}”.")
        return token_create(user, name=name[:60])[1]
