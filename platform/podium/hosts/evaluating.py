"""Data, tasks, phases and boards at `/host/`."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from podium.challenges.models import KEY, Challenge, Dataset, DatasetVersion, Phase, PhaseTask, Task
from podium.challenges.services import dataset_publish
from podium.core.storage import store
from podium.hosts.base import HostAdmin, HostInline, own_rows, person
from podium.leaderboards.models import Board, Column
from podium.leaderboards.services import board_defaults, board_rebuild, private_release
from scoring.errors import HostError
from scoring.spec import ScorerSpec

EXAMPLE = {
    "kind": "metric",
    "spec": {
        "id": "id",
        "split": "Usage",
        "target": ["label"],
        "predictions": ["label"],
        "metrics": [{"key": "accuracy", "metric": "accuracy_score", "params": {}}],
    },
}


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files, each checked like one."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Return the files."""
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


class DatasetForm(forms.ModelForm[DatasetVersion]):
    """The files of a version, sent together."""

    challenge = forms.ModelChoiceField(Challenge.objects.none())
    name = forms.CharField(
        max_length=60, validators=[KEY], help_text="A name that is there already gets a new version."
    )
    audience = forms.ChoiceField(choices=Dataset.Audience.choices, initial=Dataset.Audience.PARTICIPANTS)
    files = ManyFilesField(help_text="All files of this version. A task's reference is one file: CSV or Parquet.")

    class Meta:
        model = DatasetVersion
        fields = ("challenge", "name", "audience", "files", "note")

    def clean_files(self) -> list[UploadedFile]:
        """Refuse two files of one name."""
        files: list[UploadedFile] = self.cleaned_data["files"]
        names = [file.name for file in files]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValidationError(f"Two files are called {', '.join(map(str, sorted(doubled, key=str)))}.")
        return files


class DatasetVersionAdmin(HostAdmin[DatasetVersion]):
    """Versions of data: published, never changed."""

    list_display = ("dataset", "number", "challenge", "audience", "note", "created_at")
    list_select_related = ("dataset__challenge",)
    form = DatasetForm
    fields = ("challenge", "name", "audience", "files", "note")

    def get_fields(self, request: HttpRequest, obj: DatasetVersion | None = None) -> Sequence[str]:
        """Show what a version is once it is there."""
        return ("dataset", "number", "audience", "file_list", "sha256", "note", "created_at") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: DatasetVersion | None = None) -> tuple[str, ...]:
        """Nothing of a version changes."""
        return tuple(self.get_fields(request, obj)) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: scores were made with these very bytes."""
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer the host's own challenges."""
        form = super().get_form(request, obj, change, **kwargs)
        if "challenge" in form.base_fields:
            form.base_fields["challenge"].queryset = own_rows(Challenge.objects.all(), person(request), editing=True)
        return form

    def save_model(self, request: HttpRequest, obj: DatasetVersion, form: Any, change: bool) -> None:
        """Publish the files."""
        data = form.cleaned_data
        version = dataset_publish(
            data["challenge"],
            name=data["name"],
            audience=data["audience"],
            files={file.name: store(file.chunks()) for file in data["files"]},
            actor=person(request),
            note=data["note"],
        )
        obj.pk, obj.dataset, obj.number, obj.sha256 = version.pk, version.dataset, version.number, version.sha256
        obj._state.adding = False

    def challenge(self, version: DatasetVersion) -> Challenge:
        """The challenge that it belongs to."""
        return version.dataset.challenge

    def audience(self, version: DatasetVersion) -> str:
        """Who may read it."""
        return version.dataset.get_audience_display()

    def file_list(self, version: DatasetVersion) -> str:
        """Names and sizes."""
        rows = version.files.select_related("blob")
        return "\n".join(f"{file.path} ({file.blob.size:,} bytes)" for file in rows)


class TaskForm(forms.ModelForm[Task]):
    """A scorer is checked when it is written down, not when the first submission comes."""

    class Meta:
        model = Task
        fields = ("challenge", "name", "reference", "scorer")
        help_texts = {
            "reference": "The solution: the id column, the true values, and a column that says public or private.",
            "scorer": "Columns and metrics; the guide for hosts explains each word.",
        }

    def clean_scorer(self) -> dict[str, Any]:
        """Refuse what could not score."""
        scorer: dict[str, Any] = self.cleaned_data["scorer"] or {}
        if scorer.get("kind") != "metric":
            raise ValidationError('The kind of scorer is "metric" so far.')
        try:
            ScorerSpec.from_dict(scorer.get("spec") or {})
        except HostError as error:
            raise ValidationError(error.message) from error
        return scorer

    def clean(self) -> dict[str, Any] | None:
        """Refuse a reference of another challenge."""
        data = super().clean() or {}
        reference, challenge = data.get("reference"), data.get("challenge") or self.instance.challenge
        if reference and reference.dataset.challenge_id != challenge.pk:
            raise ValidationError({"reference": "This dataset belongs to another challenge."})
        return data


class TaskAdmin(HostAdmin[Task]):
    """What is predicted, and how it is scored."""

    list_display = ("name", "challenge", "reference")
    list_select_related = ("challenge", "reference__dataset")
    form = TaskForm

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with a scorer that works."""
        return {"scorer": EXAMPLE, **super().get_changeform_initial_data(request)}


class PhaseTaskInline(HostInline[PhaseTask]):
    """Which tasks a phase scores on."""

    model = PhaseTask


class PhaseForm(forms.ModelForm[Phase]):
    """A phase, with kinds as boxes."""

    kinds = forms.MultipleChoiceField(
        choices=[("predictions", "predictions")], initial=["predictions"], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Phase
        fields = ("challenge", "name", "slug", "position", "opens", "closes", "private_release", "kinds", "daily_limit",
                  "total_limit", "rejected_are_free", "late", "final_selections", "upload_limit_mb")  # fmt: skip


class PhaseAdmin(HostAdmin[Phase]):
    """When what may be sent. A phase without boards gets a public and a private one as soon as it has a task."""

    list_display = ("name", "challenge", "opens", "closes", "private_release")
    list_select_related = ("challenge",)
    form = PhaseForm
    fields = (
        "challenge", ("name", "slug"), "position", ("opens", "closes"), "private_release", "kinds",
        ("daily_limit", "total_limit"), "rejected_are_free", "late", "final_selections", "upload_limit_mb",
    )  # fmt: skip
    inlines = (PhaseTaskInline,)
    actions = ("release",)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the tasks, then make the boards that are missing."""
        super().save_related(request, form, formsets, change)
        phase: Phase = form.instance
        if phase.tasks.exists():
            board_defaults(phase.challenge, phase)

    def release(self, request: HttpRequest, phases: QuerySet[Phase]) -> None:
        """Make the private scores of ended phases public now."""
        for phase in phases.select_related("challenge"):
            if self.has_change_permission(request, phase):
                private_release(phase, person(request))
                self.message_user(request, f"{phase}: the private scores are public.", messages.SUCCESS)

    release.short_description = "Release the private scores now"  # type: ignore[attr-defined]


class ColumnInline(HostInline[Column]):
    """The columns of a board; the first one ranks."""

    model = Column


class BoardAdmin(HostAdmin[Board]):
    """What is shown of which split, to whom. Saved, its entries are computed anew."""

    list_display = ("title", "challenge", "phase", "audience", "rule")
    list_select_related = ("challenge", "phase")
    fields = (
        "challenge", "phase", ("title", "slug"), "position", "rule", "audience", "exact", "compared_with", "rows_share",
    )  # fmt: skip
    inlines = (ColumnInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the columns, then compute."""
        super().save_related(request, form, formsets, change)
        board_rebuild(form.instance)
