"""Sending files in, and following what becomes of them."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from podium.api.answers import file_answer
from podium.api.endpoint import Endpoint
from podium.api.schema import Fields, errors
from podium.api.scores import ScoreFields, score_shown
from podium.api.throttles import Person, Uploads
from podium.challenges.models import Challenge, Phase
from podium.challenges.rules import require
from podium.core.uploads import refuse_if_longer
from podium.leaderboards.shown import scores_shown
from podium.submissions.kinds import CODE_KINDS
from podium.submissions.models import Submission
from podium.submissions.selectors import get_visible, logs_for, phase_for, stages_of, visible_to
from podium.submissions.services import submission_cancel, submission_receive, submission_select
from podium.submissions.states import Stage, SubmissionState
from podium.submissions.waiting import wait_of

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Any text of up to 200 characters, new for each submission. Sent again with the same file, it answers "
    "with the submission that exists already, so a request that broke off can be repeated.",
)
PHASE = OpenApiParameter("phase", description="The phase to send into, unless the form says so.")


class FaultFields(Fields):
    """Why a submission has no score."""

    code = serializers.CharField()
    message = serializers.CharField()
    row = serializers.IntegerField(allow_null=True)
    column = serializers.CharField(allow_null=True)


class SubmissionFields(Fields):
    """A submission, with the scores that you may see."""

    id = serializers.IntegerField()
    challenge = serializers.SlugField()
    phase = serializers.SlugField()
    team = serializers.CharField()
    kind = serializers.ChoiceField(Submission.Kind.choices)
    trial = serializers.BooleanField(help_text="Code that is only tried on the public sample: no score, no quota.")
    state = serializers.ChoiceField(SubmissionState.choices)
    stage = serializers.ChoiceField(Stage.choices, allow_null=True, help_text="What it is at while it runs.")
    created_at = serializers.DateTimeField(help_text="When its last byte had arrived.")
    finished_at = serializers.DateTimeField(allow_null=True)
    description = serializers.CharField()
    selected = serializers.BooleanField(help_text="Chosen to count in the end.")
    scores = ScoreFields(many=True)
    error = FaultFields(allow_null=True)


class LogFields(Fields):
    """What the code of a submission printed at one stage: the last 64 KiB."""

    stage = serializers.ChoiceField(Stage.choices)
    text = serializers.CharField()
    updated_at = serializers.DateTimeField()


class OneSubmissionFields(SubmissionFields):
    """A submission by itself, with how long it waits yet, and with what its code printed."""

    position = serializers.IntegerField(allow_null=True, help_text="In its queue, from 1, while it waits.")
    expected_wait_s = serializers.FloatField(allow_null=True, help_text="Until it is likely to begin, where known.")
    log = LogFields(many=True, help_text="Of code, as far as you may read it: its team what it printed on the sample.")


class SubmissionBody(Fields):
    """What is sent in."""

    file = serializers.FileField(allow_empty_file=True)
    phase = serializers.CharField(
        required=False, allow_blank=True, max_length=60, help_text="Left out: the current one."
    )
    description = serializers.CharField(required=False, allow_blank=True, max_length=500)
    trial = serializers.BooleanField(
        required=False, default=False, help_text="Only try code on the phase's public sample, for nothing."
    )


class SelectBody(Fields):
    """Whether it shall count in the end."""

    selected = serializers.BooleanField(default=True)


class Submissions(Endpoint):
    """The submissions of your team to a challenge; for its hosts, of all teams."""

    parser_classes = [MultiPartParser]
    throttle_classes = [Person, Uploads]
    longest_body = None  # the phase says how long

    @extend_schema(
        operation_id="submissions_list", responses={200: SubmissionFields(many=True), **errors(400, 401, 404)}
    )
    def get(self, request: Request, slug: str) -> Response:
        """List submissions, the newest first."""
        mine: QuerySet[Submission] = visible_to(self.person).filter(phase__challenge=self.challenge)
        page = self.paginate_queryset(mine) or []
        return self.get_paginated_response(shown(self, page))

    @extend_schema(
        operation_id="submissions_create",
        parameters=[KEY_HEADER, PHASE],
        request={"multipart/form-data": SubmissionBody},
        responses={
            201: SubmissionFields,
            200: OpenApiResponse(SubmissionFields, "This Idempotency-Key was answered before: the same submission."),
            **errors(400, 401, 403, 404, 409, 413, 415),
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Send a file in. It is on disk and in the database when the answer comes; its scores follow."""
        challenge, key = self.challenge, _idempotency_key(request)
        asked = request.query_params.get("phase", "")
        refuse_if_longer(request._request, limit=_largest(challenge, asked) * 2**20)
        body = SubmissionBody(data=request.data)
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        known = bool(key) and Submission.objects.filter(author=self.user, idempotency_key=key).exists()
        submission = submission_receive(
            phase_for(challenge, sent.get("phase") or asked),
            author=self.user,
            upload=sent["file"],
            description=sent.get("description", ""),
            idempotency_key=key,
            trial=sent["trial"],
        )
        return Response(shown(self, [get_visible(self.person, submission.pk)])[0], status=200 if known else 201)


class OneSubmission(Endpoint):
    """A submission."""

    @extend_schema(responses={200: OneSubmissionFields, **errors(401, 404)})
    def get(self, request: Request, pk: int) -> Response:
        """Show a submission: its state, its scores once there are any, and what its code printed so far."""
        submission = get_visible(self.person, pk)
        logs = LogFields(logs_for(self.person, submission), many=True).data if submission.kind in CODE_KINDS else []
        wait = wait_of(submission)
        waits = {"position": wait and wait.position, "expected_wait_s": wait and wait.expected_s}
        return Response({**shown(self, [submission])[0], **waits, "log": logs})


class Select(Endpoint):
    """Choosing what counts in the end."""

    @extend_schema(request=SelectBody, responses={200: SubmissionFields, **errors(400, 401, 403, 404, 409, 415)})
    def post(self, request: Request, pk: int) -> Response:
        """Choose a submission to count in the end, or (`{"selected": false}`) choose it no longer."""
        submission = get_visible(self.person, pk)
        require(self.person, "submissions.select", submission, "Only its team chooses what counts in the end.")
        body = SelectBody(data=request.data)
        body.is_valid(raise_exception=True)
        submission_select(submission, actor=self.user, selected=body.validated_data["selected"])
        return Response(shown(self, [submission])[0])


class Cancel(Endpoint):
    """Stopping a submission."""

    @extend_schema(request=None, responses={200: SubmissionFields, **errors(401, 403, 404, 409)})
    def post(self, request: Request, pk: int) -> Response:
        """Stop a submission that is not finished yet."""
        submission = get_visible(self.person, pk)
        require(self.person, "submissions.cancel", submission, "Only its team and the hosts' editors may cancel it.")
        submission_cancel(submission, actor=self.user)
        return Response(shown(self, [submission])[0])


class SubmissionFile(Endpoint):
    """The file that was sent."""

    @extend_schema(
        operation_id="submissions_file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **errors(401, 404, 416)},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Fetch the file of a submission, as it was sent."""
        file = next(iter(get_visible(self.person, pk).files.all()), None)
        if file is None:
            raise Http404("this submission has no file")
        return file_answer(request, file.blob, name=file.name)


def shown(endpoint: Endpoint, submissions: Iterable[Submission]) -> list[dict[str, Any]]:
    """Return submissions as the person may see them."""
    rows = list(submissions)
    scores, stages = scores_shown(endpoint.person, rows), stages_of(rows)
    return [
        dict(
            SubmissionFields(
                {
                    **_facts(row),
                    "stage": stages.get(row.pk),
                    "scores": [score_shown(one) for one in scores.get(row.pk, [])],
                }
            ).data
        )
        for row in rows
    ]


def _facts(row: Submission) -> dict[str, Any]:
    fault = {"code": row.error_code, "message": row.error_message, "row": row.error_row}
    return {
        "id": row.pk,
        "challenge": row.team.challenge.slug,
        "phase": row.phase.slug,
        "team": row.team.name,
        "kind": row.kind,
        "trial": row.trial,
        "state": row.state,
        "created_at": row.received_at,
        "finished_at": row.finished_at,
        "description": row.description,
        "selected": row.selected,
        "error": {**fault, "column": row.error_column or None} if row.error_code else None,
    }


def _idempotency_key(request: Request) -> str | None:
    """Return the key of a request, if it has one."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > 200 or not key.isprintable():
        message = "An Idempotency-Key has at most 200 printable characters."
        raise serializers.ValidationError({"Idempotency-Key": [message]})
    return key or None


def _largest(challenge: Challenge, phase: str) -> int:
    """Return the upload limit (MB) to hold a body to before it is read: the phase's that the address names, else the
    largest of those that still take files. The service holds the file to its own phase's."""
    phases = [one for one in challenge.phases.all() if phase in ("", one.slug)]
    taking = [one for one in phases if one.is_open(timezone.now()) or one.late == Phase.Late.SCORE]
    return max((one.upload_limit_mb for one in taking or phases), default=settings.UPLOAD_LIMIT_MB)
