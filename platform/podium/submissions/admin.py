"""Submissions and runs, for operators: to look at. States move by services alone."""

from django.contrib import admin

from podium.core.admin import LookAdmin, LookInline
from podium.submissions.models import Run, RunLog, RunSubmission, Score, Submission, SubmissionFile


class FileInline(LookInline[SubmissionFile]):
    """What was sent."""

    model = SubmissionFile


class SeatInline(LookInline[RunSubmission]):
    """The runs of a submission, or the submissions of a run."""

    model = RunSubmission


class LogInline(LookInline[RunLog]):
    """What code printed at each stage of a run."""

    model = RunLog


@admin.register(Submission)
class SubmissionAdmin(LookAdmin[Submission]):
    """Look submissions up."""

    list_display = ["id", "team", "phase", "kind", "state", "received_at", "author", "error_code"]
    list_filter = ["state", "kind", "trial"]
    list_select_related = ["team", "phase", "author"]
    search_fields = ["=id", "team__name", "=author__username", "error_message"]
    ordering = ["-id"]
    inlines = [FileInline, SeatInline]


@admin.register(Run)
class RunAdmin(LookAdmin[Run]):
    """Look runs up: who held them, how they ended, what they said."""

    list_display = ["id", "task", "state", "attempt", "worker", "started_at", "finished_at"]
    list_filter = ["state"]
    list_select_related = ["task"]
    search_fields = ["=id", "log"]
    ordering = ["-id"]
    inlines = [SeatInline, LogInline]


@admin.register(Score)
class ScoreAdmin(LookAdmin[Score]):
    """Look scores up."""

    list_display = ["seat", "key", "split", "value"]
    list_select_related = ["seat__run", "seat__submission"]
    search_fields = ["=seat__submission__id", "=seat__run__id"]
    ordering = ["-id"]
