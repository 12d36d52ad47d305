"""How allauth behaves here."""

from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

WRONG = "This name or address and this password do not belong together. Check both; capitals count in the password."


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's own ways, in our words. Its links lead to the site's public address, whatever a request's host says."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is closed.",
        "duplicate_email": "This is your address already.",
        "email_password_mismatch": WRONG,
        "username_password_mismatch": WRONG,
        "email_taken": "This address belongs to another account.",
        "enter_current_password": "This is not your present password.",
        "incorrect_password": "This is not your password.",
        "invalid_password_reset": "This link was used or is too old. Ask for another.",
        "rate_limited": "That was often enough for now. Wait a minute, then go on.",
        "same_as_current": "This is what it is already.",
        "too_many_login_attempts": "Too many attempts with a wrong password. Wait five minutes, or reset the password.",
        "username_taken": "This user name is taken. Choose another.",
    }

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign in until the browser closes; the form for it lengthens that where its box is ticked."""
        super().login(request, user)
        if "_session_expiry" not in request.session:
            request.session.set_expiry(0)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link that verifies an address."""
        return _public(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link that sets a new password."""
        # allauth's own address of a key, which is in two parts
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return _public(path.replace("UID-KEY", quote(key)))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; every template knows the site's name and address."""
        ours = {
            "site_name": settings.SITE_NAME,
            "site_url": settings.BASE_URL,
            "signup_url": _public(reverse("account_signup")),
        }
        super().send_mail(template_prefix, email, context | ours)


def _public(path: str) -> str:
    return settings.BASE_URL + path
