"""The schema of the API, and the pages that show it."""

from typing import Any

from django.urls import reverse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from podium.api.authentication import BearerToken, SignedIn

Fields = serializers.Serializer[Any]

# What Swagger needs beyond the site's own policy: it styles with `style=` and draws its icons as data.
SWAGGER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ErrorDetail(Fields):
    """What went wrong, and what to do about it."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="A sentence, for people.")
    field = serializers.CharField(required=False, help_text="Which part of the request it is about.")
    retry_at = serializers.DateTimeField(required=False, help_text="From when on it may be tried again.")


class Error(Fields):
    """Every error looks like this."""

    error = ErrorDetail()


REASONS = {
    400: "The request cannot be understood.",
    401: "No token, or one that is unknown.",
    403: "You have no right to do this.",
    404: "There is no such thing, or it is not open to you.",
    405: "This address does not do that.",
    409: "The state of things does not allow it.",
    413: "More bytes than the limit.",
    415: "A type that is not taken here.",
    416: "The file has no such bytes.",
    429: "Too many requests, or a quota is used up. `Retry-After` says when to come back.",
    500: "Our fault. The message holds a reference for the operator.",
}


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    """Return how the schema words these errors, and those that every address may answer with."""
    return {status: OpenApiResponse(Error, REASONS[status]) for status in sorted({*statuses, 429, 500})}


class Docs(SpectacularSwaggerSplitView):
    """The schema to read and to try, served by this site alone."""

    url_name = "api:schema"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with the page, or (`?script`) with its one script."""
        self.url_self = reverse("api:docs")
        answer: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        answer["Content-Security-Policy"] = SWAGGER_POLICY
        return answer


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names a token."""

    target_class = BearerToken
    name = "token"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        """Describe it."""
        return {"type": "http", "scheme": "bearer", "description": "A token from the page “Tokens” of your settings."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names a session."""

    target_class = SignedIn
    name = "session"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        """Describe it."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "Signed in on the site. Writing needs the header `X-CSRFToken` as well.",
        }
