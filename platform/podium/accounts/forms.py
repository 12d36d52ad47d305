"""Forms of accounts: allauth's in our words, and our own."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.files.uploadedfile import UploadedFile

from podium.accounts.models import ApiToken, User
from podium.accounts.names import complaint, tidied
from podium.accounts.pictures import UPLOAD_LIMIT, square
from podium.core.uploads import megabytes

PASSWORD_HELP = "At least 8 characters. No common password, and nothing like your name or address."  # noqa: S105
LABELS = {
    "email": ("E-mail", ""),
    "login": ("E-mail or user name", ""),
    "oldpassword": ("Present password", ""),
    "password": ("Password", ""),
    "password1": ("New password", PASSWORD_HELP),
    "remember": ("Stay signed in for 30 days", ""),
    "username": ("User name", str(User._meta.get_field("username").help_text)),
}


def _in_our_words(form: forms.Form) -> None:
    """Give allauth's fields our labels and help, and no second password: a mistyped one is soon reset."""
    form.fields.pop("password2", None)
    for name, field in form.fields.items():
        field.label, field.help_text = LABELS[name]
        field.widget.attrs.pop("placeholder", None)


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    """Sign in by address or user name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autocapitalize": "none"}


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]
    """Create an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)
        self.fields["password1"].label = "Password"
        self.fields["username"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false", "maxlength": "30"}


class AddEmailForm(allauth_forms.AddEmailForm):  # type: ignore[misc]
    """Change one's address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)
        self.fields["email"].label = "New address"


class ChangePasswordForm(allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """Change one's password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)


class SetPasswordForm(allauth_forms.SetPasswordForm):  # type: ignore[misc]
    """Set a first password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Ask for a link that sets a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)


class ResetPasswordKeyForm(allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """Set the new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)


class ReauthenticateForm(allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    """Give one's password once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self)


class ProfileForm(forms.ModelForm[User]):
    """What others see of a person."""

    photo = forms.FileField(
        label="Picture",
        required=False,
        help_text=f"PNG, JPEG, WebP or GIF, up to {megabytes(UPLOAD_LIMIT)}. It is cut to a square and made small; "
        "what the file says about camera and place is removed.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    no_photo = forms.BooleanField(label="Remove the picture", required=False)

    class Meta:
        model = User
        fields = ["name", "affiliation", "about"]
        labels = {"name": "Name", "affiliation": "Affiliation", "about": "About you"}
        help_texts = {
            "name": "As others shall see it. Empty: your user name.",
            "affiliation": "A university, a company, a town.",
            "about": "Markdown, up to 2,000 characters. Anybody can read it.",
        }
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"}), "about": forms.Textarea(attrs={"rows": 6})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.picture:
            del self.fields["no_photo"]

    def clean_name(self) -> str:
        """Refuse names that could look like another."""
        name = tidied(self.cleaned_data["name"])
        if name and (wrong := complaint(name, longest=80)):
            raise forms.ValidationError(wrong)
        return name

    def clean_affiliation(self) -> str:
        """Keep it on one line."""
        return tidied(self.cleaned_data["affiliation"])

    def clean_photo(self) -> bytes | None:
        """Return the picture as it will be kept."""
        photo: UploadedFile[bytes] | None = self.cleaned_data["photo"]
        return square(photo) if photo else None


class TokenForm(forms.ModelForm[ApiToken]):
    """Name a new token."""

    class Meta:
        model = ApiToken
        fields = ["name"]
        labels = {"name": "What is it for?"}
        help_texts = {"name": "So that you know later which one to revoke: “laptop”, “training server”."}


class DeleteForm(forms.Form):
    """Confirm, by one's password, that the account shall go."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Check it, as often as signing in allows."""
        password: str = self.cleaned_data["password"]
        if not password or not get_adapter().reauthenticate(self.user, password):
            raise forms.ValidationError("This is not your password.")
        return password


class OwnerForm(forms.Form):
    """What a link from `manage.py owner create` asks for: a password, and a user name where there is no account yet."""

    username = User._meta.get_field("username").formfield()
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = user or User(email=email)
        if user:
            del self.fields["username"]
        else:
            self.fields["username"].label = "User name"

    def clean_username(self) -> str:
        """Refuse one that is taken."""
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError("This user name is taken. Choose another.")
        return username

    def clean_password(self) -> str:
        """Hold operators to the rules for everybody's passwords."""
        password: str = self.cleaned_data["password"]
        if "username" in self.cleaned_data:
            self.person.username = self.cleaned_data["username"]
        validate_password(password, self.person)
        return password
