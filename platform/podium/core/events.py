"""Writing down what happened."""

from typing import TYPE_CHECKING, Any

from django.db import models

from podium.core.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from podium.accounts.models import User


def subject_of(row: models.Model) -> str:
    """Return the name under which a row's events stand: `submission:17`."""
    return f"{row._meta.model_name}:{row.pk}"


def record(row: models.Model, name: str, *, actor: "User | AnonymousUser | None" = None, **data: Any) -> Event:
    """Write the event `name` of `row`, in the transaction of the act itself. `data` must be plain JSON, and holds no
    label, score or secret: hosts read events."""
    person = actor if actor is not None and actor.is_authenticated else None
    return Event.objects.create(subject=subject_of(row), name=name, actor_id=person.pk if person else None, data=data)


def history(row: models.Model) -> models.QuerySet[Event]:
    """Return the events of a row, oldest first."""
    return Event.objects.filter(subject=subject_of(row)).select_related("actor").order_by("id")
