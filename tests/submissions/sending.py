"""Sending files through the front door."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from podium.submissions.models import Submission


def send(client: Client, data: bytes, *, name: str = "mine.csv", slug: str = "forest", **fields: str) -> HttpResponse:
    """Post a file to the submit page."""
    form = {"file": SimpleUploadedFile(name, data), **fields}
    answer: HttpResponse = client.post(f"/challenges/{slug}/submit/", form)
    return answer


def newest() -> Submission:
    """Return the submission that came last."""
    return Submission.objects.latest("pk")
