"""How many requests a minute: counted in the cache that all processes share, in windows of the clock.

The rates stand in the settings (`DEFAULT_THROTTLE_RATES`). A count a window costs the same at the first request and at
the thousandth; a list of times, which the REST framework keeps by default, does not.
"""

import time
from typing import TYPE_CHECKING, ClassVar

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:  # the REST framework imports this module before its views are there
    from rest_framework.views import APIView

SECONDS = {"sec": 1, "min": 60, "hour": 3600, "day": 86_400}


class Windowed(BaseThrottle):
    """Counts requests of somebody in the current window."""

    scope: ClassVar[str]
    left = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request; tell whether it is within the rate."""
        whose = self.whose(request)
        return whose is None or self._count(whose)

    def whose(self, request: Request) -> str | None:
        """Return who is counted; None for whoever this rate is not about."""
        raise NotImplementedError

    def _count(self, whose: str) -> bool:
        most, window = self._rate()
        number, passed = divmod(time.time(), window)
        self.left = window - passed
        slot = f"rest:{self.scope}:{whose}:{int(number)}"
        cache.add(slot, 0, timeout=window)
        try:
            return cache.incr(slot) <= most
        except ValueError:  # the window ended between the two
            return True

    def _rate(self) -> tuple[int, int]:
        """Return how many requests in how many seconds."""
        most, window = str(api_settings.DEFAULT_THROTTLE_RATES[self.scope]).split("/")
        return int(most), SECONDS[window]

    def wait(self) -> float:
        """Return the seconds until the next window."""
        return self.left


class Anonymous(Windowed):
    """Requests without a token, by address."""

    scope = "anon"

    def whose(self, request: Request) -> str | None:
        """Return a visitor's address."""
        return None if request.user.is_authenticated else self.get_ident(request)


class Person(Windowed):
    """Requests of a person, from wherever."""

    scope = "user"

    def whose(self, request: Request) -> str | None:
        """Return the person."""
        return str(request.user.pk) if request.user.is_authenticated else None


class Uploads(Person):
    """Files that a person sends, which cost more than questions."""

    scope = "uploads"

    def whose(self, request: Request) -> str | None:
        """Return the person who sends; reading the list at the same address is no upload."""
        return super().whose(request) if request.method == "POST" else None
