"""Who is asking: a program with a token, or a person who is signed in on the site."""

import copy

from django.http import HttpRequest, QueryDict
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from podium.accounts.models import User
from podium.accounts.services import user_for_token


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer …`, with a key made on the page “Tokens”."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """Return the token's person; None where no bearer token is sent at all."""
        scheme, *rest = get_authorization_header(request).split()[:3] or [b""]
        if scheme.lower() != b"bearer":
            return None
        if len(rest) != 1:
            raise AuthenticationFailed("Send the token in one word: “Authorization: Bearer …”.")
        key = rest[0].decode("latin-1")
        user = user_for_token(key)
        if user is None:
            raise AuthenticationFailed("This token is unknown or was revoked. Make a new one in your settings.")
        return user, key

    def authenticate_header(self, _request: Request) -> str:
        """Say in `WWW-Authenticate` what would be taken."""
        return "Bearer"


class SignedIn(SessionAuthentication):
    """The site's own session, for the pages under `docs/`."""

    def enforce_csrf(self, request: Request | HttpRequest) -> None:
        """Take the CSRF token from the header alone.

        Django looks for it in the form first, and would read a whole upload before anybody asked how long it is.
        """
        django_request = request._request if isinstance(request, Request) else request
        without_body = copy.copy(django_request)
        without_body.POST = QueryDict()
        super().enforce_csrf(without_body)  # type: ignore[arg-type]
