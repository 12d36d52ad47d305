"""Who a token belongs to."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from podium.api.endpoint import Endpoint
from podium.api.schema import Fields, errors


class PersonFields(Fields):
    """You."""

    username = serializers.CharField()
    name = serializers.CharField(help_text="As others see it.")
    email = serializers.EmailField()


class Me(Endpoint):
    """You."""

    @extend_schema(operation_id="me", responses={200: PersonFields, **errors(401)})
    def get(self, request: Request) -> Response:
        """Tell who the token belongs to."""
        shown = {"username": self.user.username, "name": self.user.display_name, "email": self.user.email}
        return Response(PersonFields(shown).data)
