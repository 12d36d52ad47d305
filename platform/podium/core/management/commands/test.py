"""`manage.py test`: install what the tests need, then run them all; see podium.core.testing."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from podium.core import testing

HELP = """Usage: manage.py test [--db sqlite|postgres|both] [what pytest takes]

Without a word: the whole suite, first on SQLite, then on a real PostgreSQL and Redis.
With words, just those tests, on SQLite unless --db says otherwise:
    manage.py test tests/teams -k rename
"""


class Command(BaseCommand):
    """Hands its words to pytest."""

    help = "Run the tests: all, or those that pytest's words choose."

    def run_from_argv(self, argv: list[str]) -> None:
        """Take the words as they are: pytest knows them, Django's parser does not."""
        words = argv[2:]
        if {"-h", "--help"} & set(words):
            self.stdout.write(HELP)
            return
        sys.exit(testing.main(words))

    def handle(self, *words: str, **options: Any) -> None:
        """Do the same for `call_command`."""
        if status := testing.main(words):
            sys.exit(status)
