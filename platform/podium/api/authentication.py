"""Bearer tokens."""

from rest_framework.authentication import BaseAuthentication


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer …`."""
