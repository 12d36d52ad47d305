"""Asking the API as a person with a token."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from podium.accounts.services import token_create
from tests.cast import Cast, predictions

V1 = "/api/v1/"
SUBMISSION_KEYS = {"id", "challenge", "phase", "team", "state", "created_at", "finished_at", "description", "selected"}
SUBMISSION_KEYS |= {"scores", "error", "kind", "trial", "stage"}
BY_ITSELF = {"log", "position", "expected_wait_s"}  # and only in the answer about one submission
SCORE_KEYS = {"column", "split", "value", "ci_low", "ci_high"}


class Asker:
    """Somebody with a token; a visitor has none."""

    def __init__(self, cast: Cast, name: str) -> None:
        self.key = "" if name == "visitor" else token_create(getattr(cast, name), name="test")[1]
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        self.client = Client(headers=headers, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        """Ask."""
        return self.client.get(path if path.startswith(("/", "http")) else V1 + path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send JSON."""
        answer: HttpResponse = self.client.post(V1 + path, body, content_type="application/json", headers=headers)
        return answer

    def send(
        self, data: bytes | None = None, *, slug: str = "forest", name: str = "mine.csv", key: str = "", **fields: str
    ) -> Any:
        """Send a file in."""
        form = {"file": SimpleUploadedFile(name, predictions(15) if data is None else data), **fields}
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(f"{V1}challenges/{slug}/submissions/", form, headers=headers)


def error_of(answer: Any, status: int) -> dict[str, Any]:
    """Return the error of an answer, having looked at its form."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "field", "retry_at"}
    assert body["error"]["message"][-1] in ".!?"
    error: dict[str, Any] = body["error"]
    return error
