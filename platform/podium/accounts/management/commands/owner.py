"""`manage.py owner create EMAIL`: the first operator of a site, and every further one."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from podium.accounts.services import owner_link_create


class Command(BaseCommand):
    """Prints a link that makes somebody an operator."""

    help = "Print a link with which the person of this address sets a password and becomes an operator of the site."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the act and the address."""
        acts = parser.add_subparsers(dest="act", required=True, metavar="create")
        create = acts.add_parser("create", help="print a link that holds for 24 hours and works once")
        create.add_argument("email", metavar="EMAIL")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        """Make the link; on a terminal, say what it is for."""
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"“{email}” is no e-mail address.") from error
        self.stdout.write(owner_link_create(email=email))
        if self.stdout.isatty():
            self.stderr.write("Open it within 24 hours to choose a password. It works once.")
