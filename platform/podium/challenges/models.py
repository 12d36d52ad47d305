"""Challenges and what they are made of."""

from datetime import datetime
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from podium.core.models import Blob

KEY = RegexValidator(r"^[a-z0-9][a-z0-9_.-]*$", "Small letters, digits, dots, dashes and underscores.")


def validate_timezone(value: str) -> None:
    """Refuse what is not an IANA time zone."""
    if value not in available_timezones():
        raise ValidationError(f"“{value}” is no time zone. Write it like Europe/Berlin.")


class Tag(models.Model):
    """A word to find challenges by."""

    name = models.CharField(max_length=40, unique=True)
    slug = models.SlugField(unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Challenge(models.Model):
    """What a host puts up."""

    class Visibility(models.TextChoices):
        DRAFT = "draft", "draft: hosts only"
        PRIVATE = "private", "private: hosts and participants only"
        PUBLIC = "public", "public"

    slug = models.SlugField(unique=True, max_length=80)
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=300, help_text="One sentence under the title.")
    organiser = models.CharField(max_length=120, help_text="Who puts it up, in words: a lab, a company, a class.")
    prize = models.CharField(max_length=200, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="challenges")
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.DRAFT)
    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_timezone])
    team_size = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1)], help_text="People a team, at most."
    )
    team_deadline = models.DateTimeField(
        null=True, blank=True, help_text="From then on teams stay as they are. Empty: the last phase's end."
    )
    join_deadline = models.DateTimeField(
        null=True, blank=True, help_text="From then on nobody new joins. Empty: the last phase's end."
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.title


class Role(models.Model):
    """A host's part in a challenge."""

    class Name(models.TextChoices):
        OWNER = "owner", "owner"
        EDITOR = "editor", "editor"
        JUDGE = "judge", "judge"

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="roles")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="roles")
    name = models.CharField(max_length=10, choices=Name)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["challenge", "user"], name="one_role_a_person")]

    def __str__(self) -> str:
        return f"{self.user}: {self.name} of {self.challenge}"


class Page(models.Model):
    """A page of the host's words, in Markdown. `overview` and `data` stand under their own tabs."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="pages")
    slug = models.SlugField(max_length=60)
    title = models.CharField(max_length=80)
    body = models.TextField(blank=True, max_length=200_000)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["challenge", "slug"], name="page_slug_once_a_challenge")]

    def __str__(self) -> str:
        return self.title


class RulesVersion(models.Model):
    """The rules as they were from some time on. Never changed: new words are a new version."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="rules_versions")
    number = models.PositiveIntegerField()
    body = models.TextField(max_length=200_000)
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["challenge", "number"], name="rules_number_once_a_challenge")]

    def __str__(self) -> str:
        return f"version {self.number}"


class Acceptance(models.Model):
    """Who accepted which version of the rules, and when. Being a participant is having one."""

    rules = models.ForeignKey(RulesVersion, on_delete=models.PROTECT, related_name="acceptances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="acceptances")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rules", "user"], name="rules_accepted_once")]

    def __str__(self) -> str:
        return f"{self.user} accepted {self.rules}"


class Dataset(models.Model):
    """Files under a name, for somebody."""

    class Audience(models.TextChoices):
        PUBLIC = "public", "anybody who sees the challenge"
        PARTICIPANTS = "participants", "participants"
        SCORING = "scoring", "scoring only: hosts see it, nobody else"

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=60, validators=[KEY])
    audience = models.CharField(max_length=12, choices=Audience, default=Audience.PARTICIPANTS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["challenge", "name"], name="dataset_name_once_a_challenge")]

    def __str__(self) -> str:
        return self.name


class DatasetVersion(models.Model):
    """A dataset as it was from some time on. Never changed; known by the SHA-256 over its files' names and hashes."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="dataset_number_once")]

    def __str__(self) -> str:
        return f"{self.dataset.name}, version {self.number}"


class DataFile(models.Model):
    """One file of a dataset version."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="data_path_once_a_version")]

    def __str__(self) -> str:
        return self.path


class Task(models.Model):
    """One hidden test set with one scorer.

    `scorer` is `{"kind": "metric", "spec": {…}}`; for the kind `metric` the spec is `scoring.spec.ScorerSpec`'s, for
    the hosts' own programs `function`, `evaluate` and `program` those of `scoring.scorers`.
    """

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="tasks")
    name = models.CharField(max_length=60, validators=[KEY])
    reference = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    scorer = models.JSONField(default=dict)
    environment = models.CharField(
        max_length=60, blank=True, help_text="What the hosts' own scorer runs in, by name. Empty: what the site has."
    )
    limits = models.JSONField(
        default=dict, blank=True, help_text="What it may use: wall_s, memory_mb, cpus, pids; left out: the usual."
    )
    split_key = models.CharField(
        max_length=64, blank=True, editable=False
    )  # secret: what assigns rows, see `splitting`

    class Meta:
        constraints = [models.UniqueConstraint(fields=["challenge", "name"], name="task_name_once_a_challenge")]

    def __str__(self) -> str:
        return self.name


class Phase(models.Model):
    """A window of time with its limits and its tasks."""

    class Late(models.TextChoices):
        REFUSE = "refuse", "refused"
        SCORE = "score", "scored, never ranked"

    class Resource(models.TextChoices):
        STANDARD = "standard", "an ordinary machine"
        GPU = "gpu", "a machine with a GPU"

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="phases")
    slug = models.SlugField(max_length=60, default="main")
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)
    opens = models.DateTimeField()
    closes = models.DateTimeField()
    private_release = models.DateTimeField(
        null=True, blank=True, help_text="When the private scores become public. Empty: when a host says so."
    )
    kinds = models.JSONField(default=list)  # submission kinds taken here, none: `predictions`
    daily_limit = models.PositiveSmallIntegerField(
        default=5, help_text="Submissions a team and day (UTC); 0: no limit."
    )
    total_limit = models.PositiveIntegerField(
        default=0, help_text="Submissions a team in the whole phase; 0: no limit."
    )
    rejected_are_free = models.BooleanField(default=True, help_text="A file that cannot be scored uses no quota.")
    late = models.CharField(max_length=10, choices=Late, default=Late.REFUSE)
    final_selections = models.PositiveSmallIntegerField(
        default=2, help_text="How many submissions a team may choose to count in the end."
    )
    upload_limit_mb = models.PositiveIntegerField(
        default=50, validators=[MinValueValidator(1), MaxValueValidator(10_240)]
    )
    resource = models.CharField(
        "code runs on",
        max_length=8,
        choices=Resource,
        default=Resource.STANDARD,
        help_text="A GPU only where this site has a worker with one.",
    )
    ladder = models.BooleanField(
        "use the Ladder",
        default=False,
        help_text="Participants see a new public score only where it beats their best by more than chance; else they "
        "see their best again. Probing then has no use, and honest teams see about half as many steps.",
    )
    environment = models.CharField(
        max_length=60, blank=True, help_text="What submitted code runs in, by name. Empty: the site's standard one."
    )
    inputs = models.ForeignKey(
        DatasetVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What submitted code reads: the test data, without the truth.",
    )
    sample_inputs = models.ForeignKey(
        DatasetVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The same files with a few public rows: code is tried on them first, and its team sees what it says.",
    )
    predict_limits = models.JSONField(
        default=dict, blank=True, help_text="What submitted code may use; left out: the usual."
    )
    expects = models.CharField(
        max_length=60, default="predictions.csv", help_text="The file that submitted code is to write."
    )
    show_error_lines = models.BooleanField(
        default=False,
        help_text="Where code stops on the hidden data, its team sees the line of their own file. A line can be made "
        "to depend on the data, so it gives a little away.",
    )
    model = models.JSONField(default=dict, blank=True, help_text="How models are fed: see the guide.")
    stream = models.JSONField(default=dict, blank=True, help_text="Feed the test data in batches: see the guide.")
    tasks = models.ManyToManyField(Task, through="PhaseTask", related_name="phases")

    class Meta:
        ordering = ["position", "opens", "id"]
        constraints = [
            models.UniqueConstraint(fields=["challenge", "slug"], name="phase_slug_once_a_challenge"),
            models.CheckConstraint(condition=Q(opens__lt=models.F("closes")), name="phase_opens_before_it_closes"),
            models.CheckConstraint(
                condition=Q(private_release=None) | Q(private_release__gte=models.F("closes")),
                name="private_scores_not_before_the_end",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_open(self, at: datetime) -> bool:
        """Tell whether ranked submissions are taken at a time. The closing instant itself is too late."""
        return self.opens <= at < self.closes

    @property
    def inputs_are_hidden(self) -> bool:
        """Whether what submitted code reads is for nobody else: what it prints is then for hosts."""
        return self.inputs is not None and self.inputs.dataset.audience == Dataset.Audience.SCORING

    def is_released(self, at: datetime) -> bool:
        """Tell whether the private scores are public at a time."""
        return self.private_release is not None and self.private_release <= at


class PhaseTask(models.Model):
    """A task's place in a phase."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="phase_tasks")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="phase_tasks")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["phase", "task"], name="task_once_a_phase")]

    def __str__(self) -> str:
        return f"{self.task} in {self.phase}"

    def clean(self) -> None:
        """Refuse a task of another challenge."""
        if self.task_id and self.phase_id and self.task.challenge_id != self.phase.challenge_id:
            raise ValidationError(f"The task “{self.task}” belongs to another challenge.")
