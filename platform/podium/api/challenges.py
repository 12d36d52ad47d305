"""Challenges, joining them, and their files."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from podium.api.answers import file_answer
from podium.api.endpoint import Endpoint, OpenEndpoint
from podium.api.pagination import Numbered
from podium.api.schema import Fields, errors
from podium.challenges.files import FileOffer, file_for, files_for
from podium.challenges.listing import has_word
from podium.challenges.models import Challenge, RulesVersion
from podium.challenges.selectors import ENDED, RUNNING, UPCOMING, current_rules, standing, visible_to
from podium.challenges.services import challenge_join
from podium.core.errors import Conflict

STATES = [UPCOMING, RUNNING, ENDED]


class ChallengeFields(Fields):
    """A challenge, in short."""

    slug = serializers.SlugField(help_text="Its name in addresses.")
    title = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    opens = serializers.DateTimeField(allow_null=True, help_text="When its first phase opens.")
    closes = serializers.DateTimeField(allow_null=True, help_text="When its last phase closes.")


class Limit(serializers.IntegerField):
    """A limit; what is no limit in the database (0) is null here."""

    def to_representation(self, value: int) -> int | None:  # type: ignore[override]
        """Return it."""
        return value or None


class PhaseFields(Fields):
    """A window of time with its limits."""

    slug = serializers.SlugField()
    name = serializers.CharField()
    opens = serializers.DateTimeField()
    closes = serializers.DateTimeField()
    kinds = serializers.ListField(child=serializers.CharField(), help_text="What may be sent in.")
    daily_limit = Limit(allow_null=True, help_text="Submissions a team and day (UTC). Null: no limit.")
    total_limit = Limit(allow_null=True, help_text="Submissions a team in the whole phase. Null: no limit.")
    upload_limit_mb = serializers.IntegerField()
    final_selections = serializers.IntegerField(help_text="Submissions that a team may choose to count in the end.")


class RulesFields(Fields):
    """The rules that hold now, and whether you accepted them."""

    version = serializers.IntegerField()
    url = serializers.URLField(help_text="Where to read them.")
    accepted = serializers.IntegerField(allow_null=True, help_text="The newest version that you accepted.")


class ChallengeDetail(ChallengeFields):
    """A challenge, in full."""

    summary = serializers.CharField()
    organiser = serializers.CharField()
    prize = serializers.CharField()
    tags = serializers.SerializerMethodField()
    team_size = serializers.IntegerField(help_text="People a team, at most.")
    phases = PhaseFields(many=True)
    rules = serializers.SerializerMethodField()

    def get_tags(self, challenge: Challenge) -> list[str]:
        """Return the words that it is found by."""
        return [tag.slug for tag in challenge.tags.all()]

    @extend_schema_field(RulesFields(allow_null=True))
    def get_rules(self, challenge: Challenge) -> dict[str, Any] | None:
        """Return the rules that hold now; null while there are none."""
        request = self.context["request"]
        held = standing(request.user, challenge)
        if held.rules is None:
            return None
        accepted = held.accepted and held.accepted.rules.number
        url = request.build_absolute_uri(reverse("challenges:rules", args=[challenge.slug]))
        return {"version": held.rules.number, "url": url, "accepted": accepted}


class ChallengeQuery(Fields):
    """Which challenges to list."""

    state = serializers.ChoiceField(STATES, required=False)
    search = serializers.CharField(required=False, max_length=100, allow_blank=True, help_text="Words to look for.")


class FileFields(Fields):
    """A file of a challenge."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = serializers.CharField(help_text="Of its bytes; its ETag as well.")
    url = serializers.URLField(help_text="Where to fetch it. Ranges are answered, so it can be resumed.")


class JoinBody(Fields):
    """Which rules you accept."""

    rules = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that you read. Left out: the current one.",
    )


class JoinFields(Fields):
    """What you accepted, and when."""

    challenge = serializers.SlugField()
    rules = serializers.IntegerField()
    accepted_at = serializers.DateTimeField()


class Challenges(OpenEndpoint, ListAPIView[Challenge]):
    """Every challenge that you may see."""

    serializer_class = ChallengeFields

    @extend_schema(
        operation_id="challenges_list",
        parameters=[ChallengeQuery],
        responses={200: ChallengeFields(many=True), **errors(400, 401)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List challenges, the newest first."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Challenge]:
        """Return the ones that are asked for."""
        query = ChallengeQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        challenges = visible_to(self.person)
        if state := query.validated_data.get("state"):
            challenges = challenges.filter(Q(state=state))
        for word in query.validated_data.get("search", "").split()[:8]:
            challenges = challenges.filter(has_word(word))
        return challenges


class OneChallenge(OpenEndpoint):
    """A challenge."""

    @extend_schema(responses={200: ChallengeDetail, **errors(401, 404)})
    def get(self, request: Request, slug: str) -> Response:
        """Show a challenge with its phases and rules."""
        return Response(ChallengeDetail(self.challenge, context={"request": request}).data)


class Join(Endpoint):
    """Taking part."""

    @extend_schema(request=JoinBody, responses={200: JoinFields, **errors(400, 401, 403, 404, 409, 415)})
    def post(self, request: Request, slug: str) -> Response:
        """Accept the rules and take part. Repeated, it changes nothing."""
        body = JoinBody(data=request.data)
        body.is_valid(raise_exception=True)
        rules = _agreed(self.challenge, body.validated_data.get("rules"))
        acceptance = challenge_join(self.challenge, user=self.user, rules=rules)
        answer = {"challenge": slug, "rules": acceptance.rules.number, "accepted_at": acceptance.at}
        return Response(JoinFields(answer).data)


def _agreed(challenge: Challenge, number: int | None) -> RulesVersion | None:
    """Return the current rules; refuse when the person read other ones."""
    rules = current_rules(challenge)
    if number is not None and rules is not None and rules.number != number:
        raise Conflict(
            f"The rules that hold now are version {rules.number}, not {number}. Read them, then accept that version.",
            code="rules_changed",
        )
    return rules


class Files(OpenEndpoint):
    """A challenge's files."""

    pagination_class = Numbered

    @extend_schema(operation_id="files_list", responses={200: FileFields(many=True), **errors(400, 401, 404)})
    def get(self, request: Request, slug: str) -> Response:
        """List the files, by name."""
        offers = self.paginate_queryset(files_for(self.person, self.challenge))
        return self.get_paginated_response(FileFields([self._shown(offer) for offer in offers or []], many=True).data)

    def _shown(self, offer: FileOffer) -> dict[str, Any]:
        url = reverse("api:file", kwargs={"slug": self.kwargs["slug"], "name": offer.name})
        return {
            "name": offer.name,
            "size": offer.size,
            "sha256": offer.sha256,
            "url": self.request.build_absolute_uri(url),
        }


class File(OpenEndpoint):
    """One file of a challenge."""

    @extend_schema(
        operation_id="files_fetch",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            **errors(401, 403, 404, 416),
        },
    )
    def get(self, request: Request, slug: str, name: str) -> HttpResponseBase:
        """Fetch a file. `Range` with `If-Range` resumes a download that broke off."""
        blob = file_for(self.person, self.challenge, name).blob
        return file_answer(request, blob, name=name.rsplit("/", 1)[-1])
