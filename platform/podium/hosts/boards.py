"""Boards and their columns at `/host/`."""

import math
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from podium.challenges.scorers import keys_of
from podium.core.words import listed
from podium.hosts.base import HostAdmin, HostFormSet, HostInline
from podium.hosts.challenges import BY_CHALLENGE
from podium.leaderboards.models import FIRST_IS_BEST, Board, Column
from podium.leaderboards.relative import WEIGHING, agreements
from podium.leaderboards.services import board_rebuild

SLICE = re.compile(r"([a-z]+):([^:=]+)(?:=(.*)|:(worst|gap|ratio))")  # private:sex=F, private:sex:worst
POSTED_KEY = re.compile(r"columns-\d+-key")


class ColumnForm(forms.ModelForm[Column]):
    """A column that names a score which there is."""

    class Meta:
        model = Column
        fields = ("key", "title", "task", "score_key", "split", "direction", "decimals", "position")
        help_texts = {
            "score_key": "The key of one of the task's metrics.",
            "split": "public or private; all where the solution is not split. A slice of it where the scorer has "
            "`slices`: private:sex=F, private:sex:worst, private:sex:gap.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("task", "score_key", "split"):  # computed columns, which have none, stand below
            self.fields[name].required = True

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
        whole, sliced = split.partition(":")[0], SLICE.fullmatch(split)
        if bool(spec.get("split")) == (whole == "all"):
            hint = "public or private" if spec.get("split") else "all"
            self.add_error("split", f"The split of this task's scores is {hint}.")
        elif ":" in split and (not sliced or sliced[2] not in (spec.get("slices") or [])):
            by = listed(spec.get("slices") or []) or "nothing: its scorer names no `slices`"
            self.add_error(
                "split", f"This task's scores are sliced by {by}. Write {whole}:column=value, or :worst, :gap."
            )


class ColumnFormSet(HostFormSet[Column]):
    """The columns of one board that are scores."""

    def clean(self) -> None:
        """Keep private scores, whole or in slices, from public boards."""
        super().clean()
        if self.instance.audience != Board.Audience.PUBLIC:
            return
        kept = [form for form in self.forms if form not in self.deleted_forms]
        splits = [form.cleaned_data.get("split") or "" for form in kept if form.is_valid()]
        if any(split.partition(":")[0] == "private" for split in splits):
            raise ValidationError(
                "A public board shows no private scores. Set its audience to “released”, and everybody sees them from "
                "the phase's private release on."
            )


class ColumnInline(HostInline[Column]):
    """The columns of a board that are scores. Of all columns, the one with the lowest position ranks."""

    model = Column
    form = ColumnForm
    formset = ColumnFormSet
    verbose_name_plural = "Columns: scores"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Column]:
        """Leave out what is computed."""
        return super().get_queryset(request).filter(computed="")


class PartsField(forms.CharField):
    """Columns with weights, as a person writes them: “auc 0.7, f1 0.3”; without a weight it is 1."""

    def prepare_value(self, value: Any) -> Any:
        """Write them."""
        if isinstance(value, dict):
            return ", ".join(key if weight == 1 else f"{key} {weight:g}" for key, weight in value.items())
        return super().prepare_value(value)

    def clean(self, value: Any) -> dict[str, float]:
        """Read them. Raises ValidationError, which says what is expected."""
        parts = {}
        for words in map(str.split, super().clean(value).split(",")):
            try:
                key, weight = words if len(words) == 2 else (*words, "1")
                parts[key] = float(weight)
            except ValueError:
                parts[" ".join(words)] = math.nan
        if wrong := [key for key, weight in parts.items() if not math.isfinite(weight)]:
            raise ValidationError(f"“{wrong[0]}” is no column with a weight. Write: auc 0.7, f1 0.3")
        return parts

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is written."""
        return bool(super().has_changed(self.prepare_value(initial) if initial else "", data))


class ComputedForm(forms.ModelForm[Column]):
    """A column that is computed over others of its board."""

    parts = PartsField(
        label="Of", help_text="Keys of score columns of this board, with weights where they differ: auc 0.7, f1 0.3"
    )

    class Meta:
        model = Column
        fields = ("key", "title", "computed", "parts", "direction", "decimals", "position")
        help_texts = {"direction": "Of a weighted sum; every other rule has its own."}
        labels = {"computed": "Rule"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["computed"].required = True
        self.fields["direction"].required = False

    def clean(self) -> dict[str, Any] | None:
        """Refuse weights where the rule has no use for them; ask for a direction where the rule has none."""
        data = super().clean() or {}
        rule, parts = data.get("computed"), data.get("parts") or {}
        if rule and rule != Column.Rule.WEIGHTED:
            data["direction"] = Column.Direction.LOWER if rule in FIRST_IS_BEST else Column.Direction.HIGHER
        elif not data.get("direction"):
            self.add_error("direction", "Say whether a higher or a lower sum is better.")
        if rule and rule not in WEIGHING and set(parts.values()) - {1.0}:
            self.add_error("parts", "This rule counts every column once: leave the weights out.")
        elif rule in WEIGHING - {Column.Rule.WEIGHTED} and any(weight <= 0 for weight in parts.values()):
            self.add_error("parts", "The weights of this rule are greater than 0.")
        return data


class ComputedFormSet(HostFormSet[Column]):
    """The computed columns of one board."""

    def clean(self) -> None:
        """Refuse parts that are no score columns of the board as it was sent."""
        super().clean()
        known = {str(value) for name, value in self.data.items() if POSTED_KEY.fullmatch(name)}
        for form in self.forms:
            if form in self.deleted_forms or not form.is_valid():
                continue
            if unknown := [key for key in form.cleaned_data.get("parts") or () if key not in known]:
                form.add_error("parts", f"No score column above has the key “{unknown[0]}”.")


class ComputedInline(HostInline[Column]):
    """What is computed over the columns above: a weighted sum, or a rule over all teams."""

    model = Column
    form = ComputedForm
    formset = ComputedFormSet
    extra = 0
    verbose_name_plural = "Columns: computed"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Column]:
        """Only what is computed."""
        return super().get_queryset(request).exclude(computed="")


class BoardAdmin(HostAdmin[Board]):
    """What is shown of which split, to whom. Saved, its entries are computed anew."""

    list_display = ("title", "challenge", "phase", "audience", "rule")
    list_filter = (BY_CHALLENGE, "audience")
    list_select_related = ("challenge", "phase")
    fields = (
        "challenge", "phase", ("title", "slug"), "position", "rule", "audience", "exact", "compared_with", "rows_share",
    )  # fmt: skip
    fixed = ("challenge", "slug")  # links to it keep working
    inlines = (ColumnInline, ComputedInline)
    change_form_template = "admin/host_board.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Say below the form how much the choice of a rule would decide."""
        board: Board | None = context["original"]
        return super().render_change_form(
            request, {**context, "agreements": agreements(board) if board else []}, *args, **kwargs
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the columns, then compute."""
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(formset.has_changed() for formset in formsets):
            board_rebuild(form.instance)

    def view_on_site(self, obj: Board) -> str:
        """Lead to the board."""
        return reverse("leaderboards:board", args=[obj.challenge.slug, obj.slug])
