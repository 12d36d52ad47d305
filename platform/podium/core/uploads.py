"""Uploads that stop at the limit, not after it."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest

from podium.core.errors import TooLarge
from podium.core.storage import incoming_folder

MULTIPART_SLACK = 1 << 20  # field names, boundaries, a description
UNASKED_LIMIT = 5 << 20  # at an address that has not said how much it takes


def megabytes(limit: int) -> str:
    """Return a limit in words: 52428800 → “50 MB”."""
    return f"{limit / 2**20:,.10g} MB"


def refuse_if_longer(request: HttpRequest, *, limit: int) -> None:
    """Refuse by the announced length, before a byte of the body is read, and hold later bytes to the same limit.

    Call it before anything touches `request.POST` or `request.FILES`.
    """
    request.upload_limit = limit  # type: ignore[attr-defined]  # read by the handler below
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    if announced > limit + MULTIPART_SLACK:
        raise TooLarge(f"The file is larger than the limit of {megabytes(limit)}. It was not read.")


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Writes an upload to the incoming folder and gives up at the first byte over the limit.

    The limit is for all files of a request together. Where no view has set one (any form can be sent a file, by
    anybody), it is small, and the refusal is Django's own, which needs no view to be answered.
    """

    received = 0

    def handle_raw_input(self, input_data: Any, META: dict[str, Any], content_length: int, *args: Any) -> None:  # noqa: N803
        """Refuse by the announced length what no view has asked for."""
        self.limit: int | None = getattr(self.request, "upload_limit", None)
        if self.limit is None and content_length > UNASKED_LIMIT:
            raise RequestDataTooBig("This address takes no such large request.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        incoming_folder()
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take a piece, or refuse it."""
        self.received += len(raw_data)
        if self.limit is not None and self.received > self.limit:
            self.upload_interrupted()
            raise TooLarge(f"The file is larger than the limit of {megabytes(self.limit)}.")
        super().receive_data_chunk(raw_data, start)
