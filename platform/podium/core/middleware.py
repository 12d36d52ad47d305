"""Refusals become answers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import http_date

from podium.core.errors import Refusal

TEMPLATES = {403: "403.html", 429: "429.html"}


class refusals:  # noqa: N801  (a middleware reads as a word in the settings)
    """Answer a `Refusal` that left a view: as JSON to programs, as a page to people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django calls this with what a view raised."""
        if not isinstance(error, Refusal):
            return None
        if request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", ""):
            answer: HttpResponse = JsonResponse({"error": error.as_dict()}, status=error.status)
        else:
            template = TEMPLATES.get(error.status, "400.html")
            answer = render(request, template, {"refusal": error}, status=error.status)
        if error.retry_at:
            answer["Retry-After"] = http_date(error.retry_at.timestamp())
        return answer
