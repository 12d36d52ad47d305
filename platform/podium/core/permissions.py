"""django-rules with types: predicates over a person and a row, and the permissions made of them."""

from collections.abc import Callable
from typing import Any, Protocol, cast

from rules.permissions import add_perm as _add_perm
from rules.predicates import predicate as _predicate


class Predicate(Protocol):
    """A question about a person and a row; `&`, `|` and `~` make further questions of it."""

    def __call__(self, user: Any, row: Any = ..., /) -> bool:
        """Ask."""

    def __and__(self, other: "Predicate", /) -> "Predicate":
        """Both."""

    def __or__(self, other: "Predicate", /) -> "Predicate":
        """Either."""

    def __invert__(self) -> "Predicate":
        """Not."""


def predicate(question: Callable[..., bool]) -> Predicate:
    """Make a function of a person and a row a predicate."""
    return cast(Predicate, _predicate(question))  # type: ignore[no-untyped-call]


def add_perm(name: str, rule: Predicate) -> None:
    """Name a permission. Twice is an error: every rule stands in one place."""
    _add_perm(name, rule)  # type: ignore[no-untyped-call]
