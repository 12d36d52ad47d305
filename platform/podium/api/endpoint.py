"""What all REST views have in common."""

from collections.abc import Iterable
from typing import Any, cast

from django.utils.functional import cached_property
from rest_framework.exceptions import ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from podium.accounts.models import User
from podium.challenges.models import Challenge
from podium.challenges.rules import Person
from podium.challenges.selectors import get_visible
from podium.core.errors import TooLarge

LONGEST_BODY = 2**20


class JsonBody(JSONParser):
    """JSON; what is nested too deeply to be read is the sender's fault, too."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Read it."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


class AlwaysJson(BaseContentNegotiation):
    """Whatever a client says it accepts, it gets JSON, or the file that it asked for."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser for the body's type, if there is one."""
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, _request: Request, renderers: Iterable[BaseRenderer], _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the one renderer."""
        one = next(iter(renderers))
        return one, one.media_type or ""


class Endpoint(GenericAPIView[Any]):
    """An address of the API. Signed-in people only, unless it is `open_to_visitors`."""

    parser_classes: Any = [JsonBody]
    content_negotiation_class = AlwaysJson
    metadata_class = None
    longest_body: int | None = LONGEST_BODY

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that nobody needs, before it is read."""
        super().initial(request, *args, **kwargs)
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
        if self.longest_body is not None and announced > self.longest_body:
            raise TooLarge("The request is longer than 1 MB. It was not read.")

    @property
    def person(self) -> Person:
        """Whoever asks."""
        return self.request.user

    @property
    def user(self) -> User:
        """Whoever asks, where only people with an account get this far."""
        return cast(User, self.request.user)

    @cached_property
    def challenge(self) -> Challenge:
        """The challenge in the address; 404 for whoever may not see it."""
        return get_visible(self.person, self.kwargs["slug"])


class OpenEndpoint(Endpoint):
    """An address that answers visitors as well."""

    permission_classes = [AllowAny]
