"""Files as answers."""

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from podium.core.downloads import download
from podium.core.models import Blob
from podium.core.storage import blob_path


def file_answer(request: Request, blob: Blob, *, name: str) -> HttpResponseBase:
    """Answer with a file, or the part of it that is asked for."""
    answer = download(request._request, blob_path(blob.sha256), name=name, etag=blob.sha256)
    if answer.status_code != 416:
        return answer
    error = {"code": "no_such_range", "message": f"The file ends before: it has {blob.size:,} bytes."}
    return Response({"error": error}, status=416, headers={"Content-Range": answer["Content-Range"]})
