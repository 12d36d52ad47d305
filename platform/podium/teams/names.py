"""What a team may be called: names are unique in a challenge, whatever their case."""

from collections.abc import Iterable

from podium.accounts.names import complaint, tidied, without_hidden
from podium.challenges.models import Challenge
from podium.core.errors import Refusal
from podium.teams.models import Team

LONGEST = 60
NAMELESS = "Team"


def checked(text: str) -> str:
    """Return a name as it is kept. Raises `Refusal` where it cannot be one."""
    name = tidied(text)
    if wrong := complaint(name, longest=LONGEST):
        raise Refusal(wrong, code="invalid_name", field="name")
    return name


def is_taken(challenge: Challenge, name: str, *, but: Team | None = None) -> bool:
    """Tell whether another team has a name. Ask inside the transaction that takes it."""
    return name.casefold() in _taken(challenge, name, but=but)


def free(challenge: Challenge, wanted: str) -> str:
    """Return a free name near the one that is wanted: itself, else “Ada 2”, “Ada 3”."""
    base = without_hidden(wanted)[:LONGEST].strip() or NAMELESS
    taken, name, number = _taken(challenge, base), base, 1
    while name.casefold() in taken:
        number += 1
        ending = f" {number}"
        name = base[: LONGEST - len(ending)].rstrip() + ending
    return name


def _taken(challenge: Challenge, name: str, *, but: Team | None = None) -> set[str]:
    """Return the folded names of the challenge that `name`, or `name` with a number, could meet.

    SQLite folds the case of ASCII alone, so a name beyond ASCII is compared here with all of them.
    """
    others = Team.objects.filter(challenge=challenge)
    if but:
        others = others.exclude(pk=but.pk)
    if name.isascii():
        others = others.filter(name__istartswith=name[: LONGEST - 10])
    names: Iterable[str] = others.values_list("name", flat=True).iterator()
    return {other.casefold() for other in names}
