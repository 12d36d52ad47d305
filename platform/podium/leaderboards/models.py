"""Boards, their columns, and the entries that teams have on them."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from podium.challenges.models import KEY, Challenge, Phase, Task
from podium.submissions.models import Submission
from podium.teams.models import Team


class Board(models.Model):
    """A leaderboard over one phase and split."""

    class Rule(models.TextChoices):
        BEST = "best", "each team's best submission"
        LATEST = "latest", "each team's latest submission"
        SELECTED = "selected", "the best of each team's final submissions"

    class Audience(models.TextChoices):
        PUBLIC = "public", "anybody who sees the challenge"
        RELEASED = "released", "hosts; everybody from the phase's private release on"
        HOSTS = "hosts", "hosts only"

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="boards")
    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="boards")
    slug = models.SlugField(max_length=60)
    title = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)
    rule = models.CharField(max_length=10, choices=Rule, default=Rule.BEST)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.PUBLIC)
    exact = models.BooleanField(
        default=False,
        help_text="Rank by full values. Otherwise by the values as shown; of equal ones the earlier leads.",
    )
    compared_with = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # movement is against this board; else against yesterday
    rows_share = models.FloatField(
        null=True, blank=True, help_text="On which share of the test rows it is scored, 0 to 1. Empty: not said."
    )
    snapshot_day = models.DateField(null=True, editable=False)  # the day whose midnight `Entry.rank_before` is of
    changes = models.PositiveBigIntegerField(default=0, editable=False)  # counted; as of which of them, and when,
    compared_changes = models.PositiveBigIntegerField(default=0, editable=False)  # its entries were compared:
    compared_at = models.DateTimeField(null=True, editable=False)  # see `comparing`
    comparing_until = models.DateTimeField(null=True, editable=False)  # the lease of who compares them
    relative_due = models.DateTimeField(null=True, editable=False)  # since when columns over all teams are out of date
    relative_at = models.DateTimeField(null=True, editable=False)  # as of when they are

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["challenge", "slug"], name="board_slug_once_a_challenge"),
            models.CheckConstraint(
                condition=Q(rows_share=None) | Q(rows_share__gt=0, rows_share__lte=1), name="board_share_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_being_compared(self) -> bool:
        """Whether what tells its teams apart is older than its entries."""
        return self.changes != self.compared_changes

    @property
    def is_relative(self) -> bool:
        """Whether it has a column whose values depend on the other teams."""
        return any(column.is_relative for column in self.columns.all())

    def clean(self) -> None:
        """Refuse what belongs to another challenge."""
        own = {self.phase.challenge_id} if self.phase_id else set()
        own |= {self.compared_with.challenge_id} if self.compared_with else set()
        if own - {self.challenge_id}:
            raise ValidationError("The phase and the board it is compared with must belong to the same challenge.")


class Column(models.Model):
    """A column: one score key of one task and split, or a computation over other columns. The first one ranks."""

    class Direction(models.TextChoices):
        HIGHER = "higher", "higher is better"
        LOWER = "lower", "lower is better"

    class Rule(models.TextChoices):
        """What is computed of the columns named in `parts`. All but the first depend on the other teams as well."""

        WEIGHTED = "weighted", "weighted sum"
        MEAN_RANK = "mean_rank", "mean rank"
        BORDA = "borda", "Borda: teams beaten, over the columns"
        Z_MEAN = "z_mean", "mean of z-scores"
        COPELAND = "copeland", "Copeland: duels won, a draw being a half"
        PARETO = "pareto", "Pareto front, the first is 1"
        KEMENY = "kemeny", "Kemeny-Young: place in the order that contradicts the columns least"

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="columns")
    key = models.CharField(max_length=60, validators=[KEY])
    title = models.CharField(max_length=60)
    task = models.ForeignKey(Task, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    score_key = models.CharField(max_length=64, blank=True)
    split = models.CharField(max_length=200, blank=True)
    computed = models.CharField(max_length=10, choices=Rule, blank=True)  # empty: a score
    parts = models.JSONField(default=dict, blank=True)  # of a computation: column key to weight
    direction = models.CharField(max_length=6, choices=Direction)
    decimals = models.PositiveSmallIntegerField(default=4)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["board", "key"], name="column_key_once_a_board"),
            models.CheckConstraint(condition=Q(decimals__lte=15), name="column_decimals_exist"),
            models.CheckConstraint(condition=Q(computed="") ^ Q(task=None), name="column_is_a_score_or_computed"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse a task of another challenge; a rule over all teams has a direction of its own."""
        if self.task and self.board_id and self.task.challenge_id != self.board.challenge_id:
            raise ValidationError(f"The task “{self.task}” belongs to another challenge.")
        if self.is_relative:
            self.direction = self.Direction.LOWER if self.computed in FIRST_IS_BEST else self.Direction.HIGHER

    @property
    def higher_is_better(self) -> bool:
        """Whether more is better."""
        return self.direction == self.Direction.HIGHER

    @property
    def is_relative(self) -> bool:
        """Whether its values depend on the other teams."""
        return bool(self.computed) and self.computed != self.Rule.WEIGHTED

    @property
    def parts_on_board(self) -> list[str]:
        """What it is computed of, in words: titles, with weights where they differ from 1."""
        titles = {column.key: column.title for column in self.board.columns.all()}
        words = {key: titles.get(key, key) for key in self.parts}
        return [words[key] if weight == 1 else f"{weight:g} × {words[key]}" for key, weight in self.parts.items()]

    @property
    def is_private(self) -> bool:
        """Whether it is a private score, or a slice of one."""
        return self.split.partition(":")[0] == "private"


FIRST_IS_BEST = frozenset({Column.Rule.MEAN_RANK, Column.Rule.PARETO, Column.Rule.KEMENY})  # the others: more is better


class Entry(models.Model):
    """A team's row on a board, kept by services.

    The order of a board is the order of `place` (see `ranking`), which no two entries share. A rank is the number of
    ranked entries before, plus one.
    """

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="entries", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="entries")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="+")
    ranked = models.BooleanField(default=True)  # baselines are not
    place = models.BinaryField(max_length=25)
    words = models.TextField(blank=True)  # what it is found by: the names of team and people, see `searching`
    values = models.JSONField(default=dict)  # column key to number or null; rounded, unless the board is exact
    submissions = models.PositiveIntegerField(default=1)  # the team's that were scored in time
    last_at = models.DateTimeField()
    intervals = models.JSONField(default=dict)  # column key to how far the interval reaches below and above the value
    step = models.PositiveIntegerField(null=True)  # this and the next two: by comparison, null until there was one
    best_rank = models.PositiveIntegerField(null=True)
    worst_rank = models.PositiveIntegerField(null=True)
    rank_before = models.PositiveIntegerField(null=True)  # at the midnight of the board's `snapshot_day`
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["board", "place", "words"], name="entries_in_order"),  # pages, and search alone in it
            models.Index(fields=["board", "ranked", "place"], name="entries_by_rank"),
            models.Index(fields=["board", "updated_at", "ranked", "submissions"], name="entries_in_numbers"),
        ]
        constraints = [models.UniqueConstraint(fields=["board", "team"], name="entry_once_a_team")]

    def __str__(self) -> str:
        return f"{self.team} on {self.board}"
