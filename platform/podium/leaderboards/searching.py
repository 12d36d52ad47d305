"""What an entry is found by: the names of its team and people, folded so that case and accents do not matter.

Kept with the entry, inside the index that keeps the board in order: a search reads that index alone.
"""

import unicodedata
from collections.abc import Collection, Iterable

from django.db.models import F, Value
from django.db.models.functions import Coalesce, NullIf

from podium.leaderboards.models import Entry
from podium.teams.models import Membership, Team

DISPLAY_NAME = Coalesce(NullIf(F("user__name"), Value("")), F("user__username"))  # of a membership's person
LONGEST = 1600  # bytes; an index row of PostgreSQL holds 2704


def folded(text: str) -> str:
    """Return a text without case, accents and doubled blanks.

    >>> folded("  Kappa  Café ")
    'kappa cafe'
    """
    letters = unicodedata.normalize("NFKD", text.casefold().replace("\0", ""))  # PostgreSQL takes no such character
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def joined(names: Iterable[str]) -> str:
    """Return names as they are kept, a line each, cut to what an index can hold."""
    return "\n".join(map(folded, names)).encode()[:LONGEST].decode(errors="ignore")


def words_of(teams: Collection[int]) -> dict[int, str]:
    """Return what each of these teams is found by, in two queries."""
    names: dict[int, list[str]] = {
        pk: [name] for pk, name in Team.objects.filter(pk__in=teams).values_list("pk", "name")
    }
    for team, name in Membership.objects.filter(team__in=teams).values_list("team_id", DISPLAY_NAME):
        names[team].append(name)
    return {pk: joined(own) for pk, own in names.items()}


def words_refresh(teams: Collection[int]) -> None:
    """Write down anew what the entries of these teams are found by."""
    for pk, words in words_of(teams).items():
        Entry.objects.filter(team=pk).exclude(words=words).update(words=words)
