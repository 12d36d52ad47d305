"""Every write to a challenge."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from allauth.account.models import EmailAddress
from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Acceptance, Challenge, DataFile, Dataset, DatasetVersion, Role, RulesVersion
from podium.challenges.selectors import current_rules, join_closes
from podium.challenges.signals import challenge_joined
from podium.core import events
from podium.core.errors import Conflict, Forbidden
from podium.core.locks import locked
from podium.core.models import Blob


def challenge_create(*, owner: User, **fields: Any) -> Challenge:
    """Put up a challenge as a draft (unless `visibility` says otherwise) with its first owner."""
    with transaction.atomic():
        challenge = Challenge.objects.create(**fields)
        Role.objects.create(challenge=challenge, user=owner, name=Role.Name.OWNER)
        events.record(challenge, "challenge_create", actor=owner)
    return challenge


def challenge_publish(challenge: Challenge, *, actor: User, visibility: str = Challenge.Visibility.PUBLIC) -> None:
    """Change who sees a challenge."""
    with transaction.atomic():
        Challenge.objects.filter(pk=challenge.pk).update(visibility=visibility)
        events.record(challenge, "challenge_publish", actor=actor, visibility=str(visibility))
    challenge.visibility = visibility


def rules_publish(challenge: Challenge, *, body: str, actor: User, note: str = "") -> RulesVersion:
    """Publish a new version of the rules. Who accepted an older one stays a participant."""
    with transaction.atomic():
        locked(Challenge, challenge.pk)
        last = challenge.rules_versions.aggregate(last=Max("number"))["last"] or 0
        version = RulesVersion.objects.create(challenge=challenge, number=last + 1, body=body, note=note)
        events.record(challenge, "rules_publish", actor=actor, number=version.number)
    return version


def dataset_publish(
    challenge: Challenge, *, name: str, audience: str, files: Mapping[str, Blob], actor: User | None, note: str = ""
) -> DatasetVersion:
    """Publish files as the newest version of a dataset; the dataset is made at its first version."""
    digest = hashlib.sha256(
        json.dumps(sorted((path, blob.sha256) for path, blob in files.items())).encode()
    ).hexdigest()
    with transaction.atomic():
        locked(Challenge, challenge.pk)
        dataset, _ = Dataset.objects.update_or_create(challenge=challenge, name=name, defaults={"audience": audience})
        last = dataset.versions.aggregate(last=Max("number"))["last"] or 0
        version = DatasetVersion.objects.create(dataset=dataset, number=last + 1, sha256=digest, note=note)
        DataFile.objects.bulk_create(DataFile(version=version, path=path, blob=blob) for path, blob in files.items())
        events.record(challenge, "dataset_publish", actor=actor, dataset=name, number=version.number)
    return version


def challenge_join(challenge: Challenge, *, user: User, rules: RulesVersion | None = None) -> Acceptance:
    """Accept the rules (by default the current ones) and become a participant. Repeated, it changes nothing.

    Raises `Forbidden` for hosts and for who has confirmed no e-mail address, `Conflict` where the entry deadline is
    over or there are no rules yet.
    """
    rules = rules or current_rules(challenge)
    if rules is None or rules.challenge_id != challenge.pk:
        raise Conflict("This challenge has no rules yet, so nobody can accept them.", code="no_rules")
    known = Acceptance.objects.filter(rules=rules, user=user).first()
    if known:
        return known
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise Forbidden("Confirm your e-mail address first: follow the link that was sent to you.", code="unverified")
    if user.has_perm("challenges.see_private", challenge) and not user.is_superuser:
        raise Forbidden("Hosts see the hidden data, so they cannot take part in their own challenge.", code="is_host")
    closes = join_closes(challenge)
    already_in = Acceptance.objects.filter(rules__challenge=challenge, user=user).exists()
    if closes and closes <= timezone.now() and not already_in:
        raise Conflict("The entry deadline is over: nobody new can join.", code="join_closed")
    with transaction.atomic():
        acceptance, made = Acceptance.objects.get_or_create(rules=rules, user=user)
        if made:
            events.record(challenge, "challenge_join", actor=user, rules=rules.number)
            if not already_in:
                challenge_joined.send(sender=Challenge, challenge=challenge, user=user)
    challenge.__dict__.pop("_participants_known", None)
    return acceptance


def part_save(row: models.Model, *, challenge: Challenge, actor: User, changed: Sequence[str] = ()) -> None:
    """Save a part of a challenge (a page, a phase, a task, a board, a column, or the challenge itself) and write down
    who changed which fields. What has versions or states has services of its own."""
    with transaction.atomic():
        row.full_clean()
        adding = row.pk is None
        row.save()
        name = f"{row._meta.model_name}_{'create' if adding else 'change'}"
        events.record(challenge, name, actor=actor, pk=row.pk, fields=list(changed))


def part_delete(row: models.Model, *, challenge: Challenge, actor: User) -> None:
    """Remove a part of a challenge that nothing depends on."""
    with transaction.atomic():
        events.record(challenge, f"{row._meta.model_name}_delete", actor=actor, pk=row.pk)
        row.delete()


def role_set(challenge: Challenge, *, user: User, name: str, actor: User) -> Role:
    """Give a person a role. Raises `Conflict` where they take part, or where the last owner would be gone."""
    with transaction.atomic():
        locked(Challenge, challenge.pk)
        if Acceptance.objects.filter(rules__challenge=challenge, user=user).exists():
            raise Conflict("Who takes part cannot host: hosts see the hidden data.", code="is_participant")
        role, _ = Role.objects.update_or_create(challenge=challenge, user=user, defaults={"name": name})
        _keep_an_owner(challenge)
        events.record(challenge, "role_set", actor=actor, user=user.pk, role=name)
    return role


def role_remove(role: Role, *, actor: User) -> None:
    """Take a role away. Raises `Conflict` where the last owner would be gone."""
    with transaction.atomic():
        challenge = locked(Challenge, role.challenge_id)
        events.record(challenge, "role_remove", actor=actor, user=role.user_id)
        role.delete()
        _keep_an_owner(challenge)


def _keep_an_owner(challenge: Challenge) -> None:
    if not challenge.roles.filter(name=Role.Name.OWNER).exists():
        raise Conflict("A challenge keeps at least one owner. Name another one first.", code="last_owner")
