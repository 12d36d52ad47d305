"""What goes wrong, said so that a person knows what to do."""


class Trouble(Exception):
    """The end of a command: a code for programs, a sentence for people, an exit status for shells."""

    def __init__(self, code: str, message: str, *, field: str = "", exit_status: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.exit_status = exit_status

    def as_dict(self) -> dict[str, dict[str, str]]:
        """Return it as `--json` prints it."""
        body = {"code": self.code, "message": self.message}
        return {"error": {**body, "field": self.field} if self.field else body}
