"""Teams and submissions at `/host/`: to be looked at; baselines are made and sent here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from podium.core.errors import Refusal
from podium.hosts.base import HostAdmin
from podium.hosts.challenges import BY_CHALLENGE
from podium.hosts.scope import person
from podium.submissions.models import Submission
from podium.submissions.services import submission_cancel, submission_receive
from podium.teams.models import Team
from podium.teams.names import is_taken
from podium.teams.services import baseline_create


class BaselineForm(forms.ModelForm[Team]):
    """The name under which a baseline stands on the boards."""

    class Meta:
        model = Team
        fields = ("challenge", "name")
        help_texts = {"name": "This makes a baseline: it stands on the boards in its place and has no rank."}

    def clean(self) -> dict[str, Any] | None:
        """Refuse a name that is taken, before the database does so in its own words."""
        data = super().clean() or {}
        challenge, name = data.get("challenge"), data.get("name")
        if challenge and name and is_taken(challenge, name):
            self.add_error("name", f"Another team of this challenge is called “{name}”.")
        return data


class TeamAdmin(HostAdmin[Team]):
    """Who competes. Hosts add baselines; people make their own teams."""

    list_display = ("name", "challenge", "kind", "leader", "created_at")
    list_select_related = ("challenge", "leader")
    list_filter = (BY_CHALLENGE, "kind")
    search_fields = ("name",)
    form = BaselineForm
    fields = ("challenge", "name")

    def get_fields(self, request: HttpRequest, obj: Team | None = None) -> Any:
        """Show a team; ask for a baseline."""
        return ("challenge", "name", "kind", "leader", "people", "created_at") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        """A team's name is its own."""
        return tuple(self.get_fields(request, obj)) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """Make a baseline."""
        obj.pk = baseline_create(obj.challenge, name=obj.name, actor=person(request)).pk
        obj._state.adding = False

    def people(self, team: Team) -> str:
        """Who is on it."""
        return ", ".join(str(one.user) for one in team.memberships.select_related("user")) or "nobody: it is a baseline"


class BaselineFileForm(forms.ModelForm[Submission]):
    """A file for a baseline."""

    file = forms.FileField(help_text="A file, as participants send them.")

    class Meta:
        model = Submission
        fields = ("phase", "team", "description")
        help_texts = {"team": "One of your baselines: add it under “Teams” first."}


class SubmissionAdmin(HostAdmin[Submission]):
    """What was sent. States move by themselves; hosts can stop what is in flight, and send baselines."""

    list_display = ("id", "team", "phase", "state", "received_at", "author")
    list_select_related = ("team", "phase", "author")
    list_filter = (("phase__challenge", RelatedOnlyFieldListFilter), ("phase", RelatedOnlyFieldListFilter), "state")
    search_fields = ("team__name",)
    ordering = ("-id",)
    show_full_result_count = False
    form = BaselineFileForm
    fields = ("phase", "team", "description", "file")
    actions = ("stop",)
    one_transaction = False

    def get_fields(self, request: HttpRequest, obj: Submission | None = None) -> Any:
        """Show a submission; ask for a baseline's. Its scores stand on its own page."""
        shown = ("phase", "team", "author", "description", "received_at", "finished_at", "state", "error_message")
        return (*shown, "log") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Submission | None = None) -> tuple[str, ...]:
        """Nothing of a submission is edited."""
        return tuple(self.get_fields(request, obj)) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer baselines only: nobody sends for people."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "team":
            field.queryset = field.queryset.filter(kind=Team.Kind.BASELINE)
        return field

    def save_model(self, request: HttpRequest, obj: Submission, form: Any, change: bool) -> None:
        """Send a baseline's file in, like any other."""
        data = form.cleaned_data
        sent = submission_receive(
            data["phase"],
            author=person(request),
            upload=data["file"],
            description=data["description"],
            team=data["team"],
        )
        obj.pk = sent.pk
        obj._state.adding = False

    def log(self, submission: Submission) -> str:
        """What its runs said, for hosts."""
        return "\n".join(run.log for run in submission.runs.order_by("pk") if run.log) or "-"

    def view_on_site(self, obj: Submission) -> str:
        """Lead to its page, with its scores."""
        return reverse("submissions:detail", args=[obj.pk])

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Whoever edits some challenge; each submission is asked for below."""
        return self._may_edit(request, None)

    @admin.action(permissions=["stop"], description="Cancel those in flight")
    def stop(self, request: HttpRequest, submissions: QuerySet[Submission]) -> None:
        """Cancel what is in flight."""
        for submission in submissions.select_related("team__challenge"):
            self._stop(request, submission)

    def _stop(self, request: HttpRequest, submission: Submission) -> None:
        if not person(request).has_perm("submissions.cancel", submission):
            self.message_user(request, f"{submission}: you may look at it, not stop it.", messages.ERROR)
            return
        try:
            submission_cancel(submission, actor=person(request))
        except Refusal as refusal:
            self.message_user(request, f"{submission}: {refusal.message}", messages.WARNING)
        else:
            self.message_user(request, f"{submission} is cancelled.", messages.SUCCESS)
