"""Boards and their columns at `/host/`."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from podium.challenges.scorers import keys_of
from podium.hosts.base import HostAdmin, HostFormSet, HostInline
from podium.hosts.challenges import BY_CHALLENGE
from podium.leaderboards.models import Board, Column
from podium.leaderboards.services import board_rebuild


class ColumnForm(forms.ModelForm[Column]):
    """A column that names a score which there is."""

    class Meta:
        model = Column
        fields = ("key", "title", "task", "score_key", "split", "direction", "decimals", "position")
        help_texts = {
            "score_key": "The key of one of the task's metrics.",
            "split": "public or private; all where the solution is not split.",
        }

    def clean(self) -> dict[str, Any] | None:
        """Refuse what the task does not compute."""
        data = super().clean() or {}
        task, key, split = data.get("task"), data.get("score_key"), data.get("split")
        if task and key and split:
            self._check_source(task.scorer, key=key, split=split)
        return data

    def _check_source(self, scorer: dict[str, Any], *, key: str, split: str) -> None:
        spec, keys = scorer.get("spec") or {}, [item.key for item in keys_of(scorer)]
        if key not in keys:
            self.add_error("score_key", f"The task computes {', '.join(keys)}.")
        if bool(spec.get("split")) == (split == "all"):
            hint = "public or private" if spec.get("split") else "all"
            self.add_error("split", f"The split of this task's scores is {hint}.")


class ColumnFormSet(HostFormSet[Column]):
    """The columns of one board."""

    def clean(self) -> None:
        """Keep private scores from public boards."""
        super().clean()
        if self.instance.audience != Board.Audience.PUBLIC:
            return
        kept = [form for form in self.forms if form not in self.deleted_forms]
        if any(form.cleaned_data.get("split") == "private" for form in kept if form.is_valid()):
            raise ValidationError(
                "A public board shows no private scores. Set its audience to “released”, and everybody sees them from "
                "the phase's private release on."
            )


class ColumnInline(HostInline[Column]):
    """The columns of a board; the first one ranks."""

    model = Column
    form = ColumnForm
    formset = ColumnFormSet


class BoardAdmin(HostAdmin[Board]):
    """What is shown of which split, to whom. Saved, its entries are computed anew."""

    list_display = ("title", "challenge", "phase", "audience", "rule")
    list_filter = (BY_CHALLENGE, "audience")
    list_select_related = ("challenge", "phase")
    fields = (
        "challenge", "phase", ("title", "slug"), "position", "rule", "audience", "exact", "compared_with", "rows_share",
    )  # fmt: skip
    fixed = ("challenge", "slug")  # links to it keep working
    inlines = (ColumnInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the columns, then compute."""
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(formset.has_changed() for formset in formsets):
            board_rebuild(form.instance)

    def view_on_site(self, obj: Board) -> str:
        """Lead to the board."""
        return reverse("leaderboards:board", args=[obj.challenge.slug, obj.slug])
