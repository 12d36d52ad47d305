"""Errors with an addressee: what a service raises when it says no.

Every refusal has a code (stable, for programs), a sentence (for people) and an HTTP status. Pages, REST and the command
line all answer from the same object, so that a rule is worded once.
"""

from datetime import datetime


class Refusal(Exception):
    """A request that was understood and is refused. Subclasses fix status and code where they are always the same."""

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, code: str = "", field: str = "", retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.retry_at = retry_at

    def as_dict(self) -> dict[str, object]:
        """Return the body of a REST answer: `{code, message, field?, retry_at?}`."""
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.field:
            body["field"] = self.field
        if self.retry_at:
            body["retry_at"] = self.retry_at.isoformat()
        return body


class Forbidden(Refusal):
    """An insider without the right. A stranger gets 404 instead, from the selector."""

    status = 403
    code = "forbidden"


class Conflict(Refusal):
    """The state of things does not allow it (a phase is closed, a team is full, a name is taken)."""

    status = 409
    code = "conflict"


class TooLarge(Refusal):
    """More bytes than the limit."""

    status = 413
    code = "too_large"


class WrongType(Refusal):
    """A kind of file that is not taken here."""

    status = 415
    code = "wrong_type"


class TooMany(Refusal):
    """A quota is used up; `retry_at` tells when the next slot opens."""

    status = 429
    code = "quota_exceeded"
