"""Tasks and phases at `/host/`."""

import json
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from podium.challenges.models import Dataset, Phase, PhaseTask, Task
from podium.challenges.references import UnreadableError, split_sizes
from podium.challenges.scorers import FUNCTION, METRIC, keys_of
from podium.challenges.splitting import task_split
from podium.core.errors import Refusal
from podium.core.words import percent
from podium.hosts import task_scorers
from podium.hosts.base import HostAdmin, HostInline
from podium.hosts.challenges import BY_CHALLENGE
from podium.hosts.code_phases import FIELDSET, CodePhaseForm
from podium.hosts.foresight import foresee
from podium.hosts.scope import person
from podium.leaderboards.models import Board, Column
from podium.leaderboards.services import board_defaults, board_rebuild, private_release
from podium.submissions.models import Run, Submission
from podium.teams.models import Team
from scoring.statistics.assignment import USUAL_SHARE, WARN_FROM

TOO_PUBLIC = "the private ranks rest on few rows, and little of the solution stays unknown. 25 to 30 % is usual."
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


class ReadableJSONField(forms.JSONField):
    """JSON that a person reads and writes: a line for each field."""

    def prepare_value(self, value: Any) -> Any:
        """Indent."""
        if isinstance(value, dict):
            return json.dumps(value, indent=2, ensure_ascii=False)
        return super().prepare_value(value)


class TaskForm(forms.ModelForm[Task]):
    """A scorer is checked when it is written down, not when the first submission comes."""

    scorer = ReadableJSONField(
        widget=forms.Textarea(attrs={"rows": 18, "cols": 80, "class": "vLargeTextField"}),
        help_text="Columns and metrics; the guide's page “Scorers” explains each word.",
    )

    scorer_file = forms.FileField(
        label="File of your own scorer",
        required=False,
        help_text="For the kinds function, evaluate and program: a .py or a .zip. It replaces the one before.",
    )
    limits = ReadableJSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text='What your own scorer may use: {"wall_s": 120, "memory_mb": 2048, "cpus": 1, "pids": 128}.',
    )
    split_rows = forms.BooleanField(
        label="Have Podium split the rows",
        required=False,
        help_text="For a solution without a column that says public or private. Which row is which follows from its id "
        "and a secret key, so nobody can tell, and the next version of the solution is split in the same way.",
    )
    public_percent = forms.IntegerField(
        label="Public, in per cent",
        min_value=1,
        max_value=99,
        initial=round(100 * USUAL_SHARE),
        required=False,
        help_text="25 to 30 is usual. From 50 on the public board gives away more than it leaves to decide.",
    )
    together = forms.CharField(
        label="Keep together",
        max_length=200,
        required=False,
        help_text="A column of the solution, like `patient`: rows that have the same value in it stay on one side.",
    )

    class Meta:
        model = Task
        fields = ("challenge", "name", "reference", "scorer", "environment", "limits")
        help_texts = {
            "name": "Small letters, digits, dots, dashes and underscores.",
            "reference": "The solution, for scoring only. For a metric one file: the id column, the true values, and a "
            "column that says public or private, unless Podium is to split the rows.",
        }

    def clean_environment(self) -> str:
        """Refuse what was not built."""
        name: str = self.cleaned_data["environment"].strip()
        task_scorers.check_environment(name)
        return name

    def clean_limits(self) -> dict[str, Any]:
        """Refuse what is no limit."""
        limits: dict[str, Any] = self.cleaned_data["limits"] or {}
        task_scorers.check_limits(limits)
        return limits

    def clean_scorer(self) -> dict[str, Any]:
        """Refuse what could not score."""
        scorer = self.cleaned_data["scorer"]
        if not isinstance(scorer, dict) or set(scorer) != {"kind", "spec"}:
            raise ValidationError('A scorer is an object with "kind" and "spec", like the example of a new task.')
        scorer = task_scorers.with_file(scorer, self.files.get(self.add_prefix("scorer_file")))
        chosen = self.cleaned_data.get("challenge")
        task_scorers.check(scorer, challenge=chosen.pk if chosen else self.instance.challenge_id)
        return scorer

    def clean(self) -> dict[str, Any] | None:
        """Refuse a reference of another challenge."""
        data = super().clean() or {}
        if data.get("split_rows") and (data.get("scorer") or {}).get("spec", {}).get("split"):
            self.add_error("split_rows", "The scorer names a column `split`. Take it out, and Podium splits the rows.")
        if data.get("split_rows") and not data.get("public_percent"):
            self.add_error("public_percent", "Say how many per cent of the rows are to be public.")
        reference, challenge = data.get("reference"), data.get("challenge")
        if data.get("split_rows") and (data.get("scorer") or {}).get("kind", METRIC) not in {METRIC, FUNCTION}:
            self.add_error("split_rows", "An evaluation script or a program splits its rows by itself.")
        if reference and data.get("scorer"):
            try:
                task_scorers.check_reference(reference, data["scorer"])
            except ValidationError as error:
                self.add_error("reference", error)
        if reference and challenge and reference.dataset.challenge_id != challenge.pk:
            self.add_error("reference", "This dataset belongs to another challenge.")
        return data


class TaskAdmin(HostAdmin[Task]):
    """What is predicted, and how it is scored."""

    list_display = ("name", "challenge", "reference")
    list_filter = (BY_CHALLENGE,)
    list_select_related = ("challenge", "reference__dataset")
    form = TaskForm
    fieldsets = (
        (None, {"fields": ("challenge", "name", "reference", "scorer")}),
        ("A scorer of your own", {"fields": ("scorer_file", "environment", "limits")}),
        ("Split", {"fields": ("split_rows", "public_percent", "together")}),
    )
    actions = ("try_it",)
    one_transaction = False  # splitting stores a file, and so does a scorer

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with a scorer that works."""
        return {"scorer": EXAMPLE, **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer hidden data only: what participants can read is no solution."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "reference":
            hidden = field.queryset.filter(dataset__audience=Dataset.Audience.SCORING)
            field.queryset = hidden.select_related("dataset__challenge")
        return field

    def save_model(self, request: HttpRequest, obj: Task, form: Any, change: bool) -> None:
        """Save, with the rows split where that was asked for, and say what does not follow by itself."""
        task_scorers.publish(obj, form.cleaned_data.get("scorer_file"), actor=person(request))
        if form.cleaned_data.get("split_rows"):
            self._split(request, obj, form)
        else:
            super().save_model(request, obj, form, change)
        if change and {"reference", "scorer"} & set(form.changed_data):
            for sentence in left_behind(obj):
                self.message_user(request, sentence, messages.WARNING)

    def has_try_permission(self, request: HttpRequest) -> bool:
        """Whoever edits some challenge; each task is asked for below."""
        return self.has_change_permission(request)

    @admin.action(permissions=["try"], description="Try its own scorer on the sample submission")
    def try_it(self, request: HttpRequest, tasks: QuerySet[Task]) -> None:
        """Score the sample submission, which leaves no trace."""
        for task in tasks.select_related("challenge", "reference"):
            if not person(request).has_perm("challenges.edit", task.challenge):
                continue
            works, said = task_scorers.tried(task)
            self.message_user(request, f"{task}: {said}", messages.SUCCESS if works else messages.WARNING)

    def _split(self, request: HttpRequest, task: Task, form: Any) -> None:
        share = form.cleaned_data["public_percent"] / 100
        changed = sorted({*form.changed_data, "reference", "scorer"} - {"split_rows", "public_percent", "together"})
        version = task_split(
            task, share=share, together=form.cleaned_data["together"], actor=person(request), changed=changed
        )
        self.message_user(request, f"“{version}” has the split, and is the task's reference now.", messages.SUCCESS)
        if share >= WARN_FROM:
            self.message_user(request, f"{percent(share)} of the rows are public: {TOO_PUBLIC}", messages.WARNING)


def left_behind(task: Task) -> list[str]:
    """Return what still stands as it was before a task was changed, each in a sentence."""
    sentences = []
    if runs := Run.objects.filter(task=task, state="scored").count():
        sentences.append(f"What was scored before keeps its scores ({runs}). What comes from now on gets the new ones.")
    keys = [item.key for item in keys_of(task.scorer)]
    for column in Column.objects.filter(task=task).exclude(score_key__in=keys).select_related("board"):
        sentences.append(
            f"The board “{column.board}” has a column for “{column.score_key}”, which this task no longer computes."
        )
    whole = Column.objects.filter(task=task, split="all")
    for column in whole.select_related("board") if task.scorer["spec"].get("split") else ():
        sentences.append(
            f"The board “{column.board}” has a column for all rows, and they are split now. Set its split to public."
        )
    return sentences


class PhaseTaskInline(HostInline[PhaseTask]):
    """Which tasks a phase scores on."""

    model = PhaseTask


class PhaseForm(CodePhaseForm):
    """A phase: when what may be sent."""

    class Meta:
        model = Phase
        fields = ("challenge", "name", "slug", "position", "opens", "closes", "private_release", "kinds", "daily_limit",
                  "total_limit", "rejected_are_free", "late", "final_selections", "upload_limit_mb",
                  "ladder", *CodePhaseForm.Meta.fields[1:])  # fmt: skip
        help_texts = {
            "opens": "In UTC.",
            "closes": "In UTC. The moment itself is too late.",
            "private_release": "In UTC, not before the end: when the private scores become public. Empty: when a host "
            "says so.",
        }

    def clean(self) -> dict[str, Any] | None:
        """Refuse times that run backwards."""
        data = super().clean() or {}
        opens, closes, release = data.get("opens"), data.get("closes"), data.get("private_release")
        if opens and closes and opens >= closes:
            self.add_error("closes", "A phase closes after it opens.")
        elif closes and release and release < closes:
            self.add_error("private_release", "Private scores are released when the phase is closed, not before.")
        if "ladder" in self.changed_data and people_submitted(self.instance):
            self.add_error("ladder", "Teams have submitted already: what they see of their scores stays as it is.")
        return data


def shares_say(boards: list[Board]) -> None:
    """Have new boards say on which share of the rows they are scored, where their solutions can be read."""
    for board in boards:
        column = board.columns.select_related("task__reference").first()
        if column is None or column.task is None:
            continue
        with suppress(UnreadableError):
            sizes = split_sizes(column.task)
            if rows := sizes.get(column.split):
                Board.objects.filter(pk=board.pk).update(rows_share=rows / sum(sizes.values()))


def people_submitted(phase: Phase) -> bool:
    """Tell whether a team of people has sent something into a phase."""
    return Submission.objects.filter(phase=phase.pk, team__kind=Team.Kind.PEOPLE).exists()


class PhaseAdmin(HostAdmin[Phase]):
    """When what may be sent. A phase without boards gets a public and a private one as soon as it has a task."""

    list_display = ("name", "challenge", "opens", "closes", "private_release")
    list_filter = (BY_CHALLENGE,)
    list_select_related = ("challenge",)
    form = PhaseForm
    fieldsets = (
        (None, {"fields": (
            "challenge", ("name", "slug"), "position", "opens", "closes", "private_release", "kinds",
            ("daily_limit", "total_limit"), "rejected_are_free", "late", "final_selections", "upload_limit_mb",
            "ladder",
        )}),
        FIELDSET,
    )  # fmt: skip
    fixed = ("challenge", "slug")  # programs name it
    inlines = (PhaseTaskInline,)
    actions = ("release",)
    change_form_template = "admin/host_foresight.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Say below the form what the phase will give away."""
        phase: Phase | None = context["original"]
        return super().render_change_form(
            request, {**context, "foresights": [foresee(phase)] if phase else []}, *args, **kwargs
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the tasks, then make the boards that are missing."""
        super().save_related(request, form, formsets, change)
        phase: Phase = form.instance
        if not phase.tasks.exists():
            return
        if not phase.boards.exists():
            shares_say(board_defaults(phase.challenge, phase))
        for board in board_defaults(phase.challenge, phase):
            if change and "final_selections" in form.changed_data:
                board_rebuild(board)

    def has_release_permission(self, request: HttpRequest) -> bool:
        """Whoever edits some challenge; each phase is asked for by the service."""
        return self.has_change_permission(request)

    @admin.action(permissions=["release"], description="Release the private scores now")
    def release(self, request: HttpRequest, phases: QuerySet[Phase]) -> None:
        """Make the private scores of ended phases public now."""
        for phase in phases.select_related("challenge"):
            try:
                private_release(phase, person(request))
            except Refusal as refusal:
                self.message_user(request, f"{phase}: {refusal.message}", messages.ERROR)
            else:
                self.message_user(request, f"{phase}: the private scores are public.", messages.SUCCESS)
