"""Teams and submissions at `/host/`: to be looked at; baselines are made and sent here."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from podium.core.errors import Refusal
from podium.hosts.base import HostAdmin, own_rows, person
from podium.submissions.models import Submission
from podium.submissions.services import submission_cancel, submission_receive
from podium.teams.models import Team
from podium.teams.services import baseline_create


class TeamAdmin(HostAdmin[Team]):
    """Who competes. Hosts add baselines; people make their own teams."""

    list_display = ("name", "challenge", "kind", "leader", "created_at")
    list_select_related = ("challenge", "leader")
    list_filter = ("kind",)
    search_fields = ("name",)
    fields = ("challenge", "name")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: a team's name is its own."""
        return False

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """Make a baseline."""
        obj.pk = baseline_create(obj.challenge, name=obj.name, actor=person(request)).pk
        obj._state.adding = False


class BaselineForm(forms.ModelForm[Submission]):
    """A file for a baseline."""

    file = forms.FileField()

    class Meta:
        model = Submission
        fields = ("phase", "team", "description")


class SubmissionAdmin(HostAdmin[Submission]):
    """What was sent. States move by themselves; hosts can stop what is in flight, and send baselines."""

    list_display = ("id", "team", "phase", "state", "received_at", "author")
    list_select_related = ("team", "phase", "author")
    list_filter = ("state",)
    search_fields = ("team__name",)
    form = BaselineForm
    fields = ("phase", "team", "description", "file")
    actions = ("stop",)

    def get_fields(self, request: HttpRequest, obj: Submission | None = None) -> tuple[str, ...]:
        """Show a submission; ask for a baseline's."""
        if obj is None:
            return self.fields
        return ("phase", "team", "author", "description", "received_at", "finished_at", "state", "error_message")

    def get_readonly_fields(self, request: HttpRequest, obj: Submission | None = None) -> tuple[str, ...]:
        """Nothing of a submission is edited."""
        return self.get_fields(request, obj) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer baselines only: nobody sends for people."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "team":
            own = own_rows(Team.objects.filter(kind=Team.Kind.BASELINE), person(request), editing=True)
            field.queryset = own.select_related("challenge")
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

    def stop(self, request: HttpRequest, submissions: QuerySet[Submission]) -> None:
        """Cancel what is in flight."""
        for submission in submissions.select_related("team__challenge"):
            try:
                if person(request).has_perm("submissions.cancel", submission):
                    submission_cancel(submission, actor=person(request))
            except Refusal as refusal:
                self.message_user(request, f"{submission}: {refusal.message}", messages.WARNING)

    stop.short_description = "Cancel those in flight"  # type: ignore[attr-defined]
