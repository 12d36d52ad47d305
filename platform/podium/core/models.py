"""What every app builds on: events and blobs."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Event(models.Model):
    """Something that happened: every transition and every privileged act writes one. Rows are only ever added."""

    subject = models.CharField(max_length=60)  # "submission:17"
    name = models.CharField(max_length=60)  # "submission_accept"
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["subject", "id"])]

    def __str__(self) -> str:
        return f"{self.subject} {self.name}"


class Blob(models.Model):
    """The bytes with this SHA-256, once, wherever they are used. Never served by its address."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.sha256[:12]}… ({self.size} bytes)"
