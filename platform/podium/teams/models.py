"""Teams: who competes."""

import hashlib

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from podium.challenges.models import Challenge


class Team(models.Model):
    """Who competes: people, or a host's baseline. Alone, a person is a team of one."""

    class Kind(models.TextChoices):
        PEOPLE = "people", "people"
        BASELINE = "baseline", "baseline"

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="teams")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PEOPLE)
    name = models.CharField(max_length=60)
    leader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), "challenge", name="team_name_once_a_challenge")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person on a team. `challenge` repeats the team's, so that the database itself holds “one team a person”."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["joined_at", "id"]
        constraints = [models.UniqueConstraint(fields=["challenge", "user"], name="one_team_a_person")]

    def __str__(self) -> str:
        return f"{self.user} on {self.team}"


class Invitation(models.Model):
    """A link that lets whoever holds it join a team, until it is used, revoked or too old. Its token is kept hashed."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(used_at=None) | Q(revoked_at=None), name="invitation_used_or_revoked")
        ]

    def __str__(self) -> str:
        return f"invitation to {self.team}"

    @staticmethod
    def digest_of(token: str) -> str:
        """Return what is kept of a token."""
        return hashlib.sha256(token.encode()).hexdigest()
