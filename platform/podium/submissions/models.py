"""Submissions, the runs that evaluate them, and the scores that come of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from podium.challenges.models import DatasetVersion, Phase, Task
from podium.core.models import Blob
from podium.submissions.states import IN_FLIGHT, Queue, RunState, Stage, SubmissionState
from podium.teams.models import Team

LARGEST = 1.7976931348623157e308  # the largest float64: what is beyond is inf


class Submission(models.Model):
    """What a team sends into a phase. `state` is moved by services only, along `states.TRANSITIONS`."""

    class Kind(models.TextChoices):
        PREDICTIONS = "predictions", "predictions"
        CODE = "code", "code"
        NOTEBOOK = "notebook", "a notebook"
        MODEL = "model", "a model"
        CONTAINER = "container", "a container"

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="submissions")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="submissions")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="submissions"
    )
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.PREDICTIONS)
    state = models.CharField(max_length=10, choices=SubmissionState, default=SubmissionState.RECEIVED)
    description = models.CharField(max_length=500, blank=True)
    selected = models.BooleanField(default=False)
    trial = models.BooleanField(default=False)  # to be tried on the public sample alone: no score, no place, no quota
    ranked = models.BooleanField(default=True)  # False: it came late, and is scored without a place
    received_at = models.DateTimeField(default=timezone.now)  # when the last byte had arrived
    finished_at = models.DateTimeField(null=True)
    uses_quota = models.BooleanField(default=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    error_row = models.BigIntegerField(null=True)
    error_column = models.CharField(max_length=200, blank=True)
    idempotency_key = models.CharField(max_length=200, null=True)  # noqa: DJ001  (unique where there is one)

    class Meta:
        indexes = [
            models.Index(fields=["team", "-id"]),
            models.Index(fields=["phase", "team", "received_at"]),
            models.Index(
                fields=["state", "received_at"],
                condition=Q(state__in=[str(state) for state in IN_FLIGHT]),
                name="submissions_in_flight",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["author", "idempotency_key"], name="idempotency_key_once_an_author"),
            models.CheckConstraint(condition=Q(state__in=SubmissionState.values), name="submission_state_known"),
        ]

    def __str__(self) -> str:
        return f"Submission {self.pk}"

    @property
    def is_finished(self) -> bool:
        """Whether nothing will change by itself any more."""
        return self.state not in IN_FLIGHT


class SubmissionFile(models.Model):
    """A file of a submission, under the name that it was sent with."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A worker that has shown itself: what it takes, and what isolation its machine offers. See `workers`."""

    name = models.CharField(max_length=120, unique=True)  # Celery's: “coder@machine”
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    queues = models.JSONField(default=list)  # that it was told to take
    isolation = models.JSONField(default=dict)  # see `scoring.sandbox.jobs.Isolation`; empty until it is tried
    concurrency = models.PositiveSmallIntegerField(default=1)
    memory_mb = models.PositiveIntegerField(default=0)  # of the machine
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Run(models.Model):
    """One attempt to evaluate submissions on one task. It repeats what it was run with, so that it can be run again."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="runs")
    reference = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    scorer = models.JSONField()  # the task's, as it was
    queue = models.CharField(max_length=8, choices=Queue, default=Queue.SCORE)  # which workers may take it
    submissions = models.ManyToManyField(Submission, through="RunSubmission", related_name="runs")
    state = models.CharField(max_length=10, choices=RunState, default=RunState.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    inputs = models.JSONField(default=dict)  # SHA-256 of submission, reference and scorer
    versions = models.JSONField(default=dict)  # of the libraries
    resources = models.JSONField(default=dict)  # wall_s, cpu_s, memory_mb
    log = models.TextField(blank=True)  # for hosts and operators only
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.SCORE)
    stage_at = models.DateTimeField(null=True)  # since when it is at it
    predictions = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT, related_name="+")  # of code: kept
    predictions_name = models.CharField(max_length=200, blank=True)
    details = models.ForeignKey(
        Blob, null=True, on_delete=models.PROTECT, related_name="+"
    )  # of a host's program: HTML
    measured_at = models.DateTimeField(null=True)  # when it was settled how sure its scores are: see `measuring`
    measure_attempt = models.PositiveSmallIntegerField(default=0)
    measure_until = models.DateTimeField(null=True)  # the lease of who measures it

    class Meta:
        indexes = [
            models.Index(
                fields=["state", "lease_until"], condition=Q(state__in=["waiting", "claimed"]), name="runs_to_do"
            ),
            models.Index(fields=["queue", "finished_at"], name="runs_lately"),  # how long they took: see `waiting`
            models.Index(fields=["state", "id"], condition=Q(measured_at=None), name="runs_to_measure"),
        ]
        constraints = [models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known")]

    def __str__(self) -> str:
        return f"Run {self.pk}"


class RunLog(models.Model):
    """What the code of a submission printed at one stage of a run: the last of it, renewed while it runs."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="logs")
    stage = models.CharField(max_length=8, choices=Stage)
    is_hidden = models.BooleanField(default=True)  # what it read was hidden from its team then, and so is what it says
    text = models.TextField(blank=True)
    rendered = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT, related_name="+")  # a notebook, as HTML
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "stage"], name="log_once_a_run_and_stage")]

    def __str__(self) -> str:
        return f"{self.run}, {self.stage}"


class RunSubmission(models.Model):
    """A submission's seat in a run: one, but for agents that play each other."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="seats")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="seats")
    seat = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "seat"], name="seat_once_a_run")]

    def __str__(self) -> str:
        return f"{self.submission} in {self.run}"


class Score(models.Model):
    """One number of one seat of one run. Null: the metric is undefined on this split, which only hosts may know."""

    seat = models.ForeignKey(RunSubmission, on_delete=models.CASCADE, related_name="scores")
    key = models.CharField(max_length=64)
    split = models.CharField(max_length=200)  # of a slice “private:column=group”, see `scoring.evaluate`
    value = models.FloatField(null=True)
    se = models.FloatField(null=True)  # this and what follows: null until it is measured, and where it is not known
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    level = models.FloatField(null=True)  # of the interval, like 0.95
    method = models.CharField(max_length=40, blank=True)
    units = models.PositiveBigIntegerField(null=True)  # rows, groups or clusters that it is a mean over
    evidence = models.CharField(max_length=300, blank=True)  # the file to compare it by: see `evidence`
    released = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+"
    )  # the score that all but hosts see in its place: the team's best so far on the Ladder. Null: this one

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat", "key", "split"], name="score_once_a_seat_key_split"),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__gte=-LARGEST, value__lte=LARGEST), name="score_is_finite"
            ),
            *(
                models.CheckConstraint(
                    condition=Q((name, None)) | Q((f"{name}__gte", -LARGEST), (f"{name}__lte", LARGEST)),
                    name=f"score_{name}_is_finite",
                )
                for name in ("se", "low", "high")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}, {self.split}: {self.value}"
