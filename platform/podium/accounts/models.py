"""People and their tokens."""

import hashlib

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from podium.accounts.names import USERNAME_LENGTHS, username_complaint

FORMER = "Former participant"


def validate_username(username: str) -> None:
    """Refuse what cannot be a user name, wherever one is chosen."""
    if wrong := username_complaint(username):
        raise ValidationError(wrong, code="invalid_username")


class User(AbstractUser):
    """A person. `is_staff` and `is_superuser` make an operator of the site; hosts need neither."""

    username = models.CharField(
        "user name",
        max_length=150,
        unique=True,
        validators=[validate_username],
        help_text=f"{USERNAME_LENGTHS.start} to {USERNAME_LENGTHS.stop - 1} characters: letters from a to z, digits, "
        "dots, dashes, underscores. It is public, and stays.",
        error_messages={"unique": "This user name is taken. Choose another."},
    )
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(
        "name", max_length=80, blank=True, help_text="As others shall see it. Empty: your user name."
    )
    affiliation = models.CharField(max_length=120, blank=True)
    about = models.TextField(max_length=2000, blank=True, help_text="Markdown. Anybody can read it.")
    picture = models.ImageField(upload_to="people/", blank=True)

    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("username"), name="username_unique_whatever_case")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name that others see."""
        return self.name or self.username

    def get_full_name(self) -> str:
        """Django's name for the same."""
        return self.display_name

    def get_short_name(self) -> str:
        """Django's name for the first word of it."""
        return self.display_name.split()[0]


class ApiToken(models.Model):
    """A key to the REST API. Only its SHA-256 is kept: who reads the database cannot use it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)  # the first characters, so that a person tells one from another
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @staticmethod
    def digest_of(key: str) -> str:
        """Return what is kept of a key."""
        return hashlib.sha256(key.encode()).hexdigest()


class OwnerLink(models.Model):
    """A link that makes whoever follows it an operator, once. It is made on the command line alone, and kept hashed."""

    email = models.EmailField("e-mail")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"owner link for {self.email}"

    @staticmethod
    def digest_of(token: str) -> str:
        """Return what is kept of a token."""
        return hashlib.sha256(token.encode()).hexdigest()
