"""Data at `/host/`: versions of files, sent together, never changed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model
from django.http import HttpRequest

from podium.challenges.models import KEY, Challenge, DataFile, Dataset, DatasetVersion
from podium.challenges.services import dataset_publish
from podium.core.storage import store
from podium.hosts.base import HostAdmin
from podium.hosts.scope import OwnChoiceField, person

LONGEST_NAME: int = DataFile._meta.get_field("path").max_length or 0


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files, each checked like one."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        """Return the files; none is refused as a single one would be."""
        return [super(ManyFilesField, self).clean(file, initial) for file in data or [None]]


class DatasetForm(forms.ModelForm[DatasetVersion]):
    """The files of a version, sent together."""

    challenge = OwnChoiceField(Challenge.objects.none())
    name = forms.CharField(
        max_length=60, validators=[KEY], help_text="A name that is there already gets a new version."
    )
    audience = forms.ChoiceField(
        choices=[("", "---------"), *Dataset.Audience.choices], help_text="Who may read it. It stays with the name."
    )
    uploads = ManyFilesField(
        label="Files",
        max_length=LONGEST_NAME,
        help_text="All files of this version. A task's reference is one file: CSV or Parquet.",
    )

    class Meta:
        model = DatasetVersion
        fields = ("challenge", "name", "audience", "uploads", "note")

    def clean_uploads(self) -> list[UploadedFile[bytes]]:
        """Refuse two files of one name."""
        files: list[UploadedFile[bytes]] = self.cleaned_data["uploads"]
        names = [str(file.name) for file in files]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValidationError(f"Two files are called {', '.join(doubled)}.")
        return files

    def clean(self) -> dict[str, Any] | None:
        """Refuse to change who reads a dataset: a solution's next version is no more public than its first."""
        data = super().clean() or {}
        known = Dataset.objects.filter(challenge=data.get("challenge"), name=data.get("name", "")).first()
        if known and data.get("audience") not in {None, known.audience}:
            self.add_error(
                "audience",
                f"“{known.name}” is there already, for {known.get_audience_display()}. Choose the same again, or "
                "another name.",
            )
        return data


class DatasetVersionAdmin(HostAdmin[DatasetVersion]):
    """Versions of data: published, never changed."""

    list_display = ("dataset", "number", "belongs_to", "read_by", "note", "created_at")
    list_filter = (("dataset__challenge", RelatedOnlyFieldListFilter),)
    list_select_related = ("dataset__challenge",)
    search_fields = ("dataset__name",)
    form = DatasetForm
    fields = ("challenge", "name", "audience", "uploads", "note")
    one_transaction = False

    def get_fields(self, request: HttpRequest, obj: DatasetVersion | None = None) -> Any:
        """Show what a version is once it is there."""
        shown = ("dataset", "number", "belongs_to", "read_by", "file_list", "sha256", "note", "created_at")
        return shown if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: DatasetVersion | None = None) -> tuple[str, ...]:
        """Nothing of a version changes."""
        return tuple(self.get_fields(request, obj)) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: scores were made with these very bytes."""
        return False

    def save_model(self, request: HttpRequest, obj: DatasetVersion, form: Any, change: bool) -> None:
        """Publish the files."""
        data = form.cleaned_data
        version = dataset_publish(
            data["challenge"],
            name=data["name"],
            audience=data["audience"],
            files={file.name: store(file.chunks()) for file in data["uploads"]},
            actor=person(request),
            note=data["note"],
        )
        obj.pk, obj.dataset, obj.number, obj.sha256 = version.pk, version.dataset, version.number, version.sha256
        obj._state.adding = False

    @admin.display(description="challenge")
    def belongs_to(self, version: DatasetVersion) -> Challenge:
        """The challenge that it belongs to."""
        return version.dataset.challenge

    @admin.display(description="audience")
    def read_by(self, version: DatasetVersion) -> str:
        """Who may read it."""
        return version.dataset.get_audience_display()

    @admin.display(description="files")
    def file_list(self, version: DatasetVersion) -> str:
        """Names and sizes."""
        rows = version.files.select_related("blob")
        return "\n".join(f"{file.path} ({file.blob.size:,} bytes)" for file in rows)
