"""Every write to a person's account that allauth does not make: tokens, the first owner, the profile, the end of it."""

import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from podium.accounts.models import ApiToken, OwnerLink, User
from podium.accounts.selectors import obstacles_to_leaving, user_with_email
from podium.accounts.signals import account_deleting
from podium.core import events
from podium.core.errors import Conflict

TOKEN_PREFIX = "podium_"  # noqa: S105  (a word that scanners of leaked secrets can look for)
MOST_TOKENS = 20
USE_NOTED_EVERY = timedelta(minutes=1)
OWNER_LINK_LIFE = timedelta(hours=24)


def token_create(user: User, *, name: str) -> tuple[ApiToken, str]:
    """Make a key to the REST API. Return its row and the key itself, which is never to be had again."""
    key = TOKEN_PREFIX + secrets.token_urlsafe(32)
    if user.tokens.count() >= MOST_TOKENS:
        raise Conflict(f"You have {MOST_TOKENS} tokens. Revoke one that nothing uses.", code="too_many_tokens")
    with transaction.atomic():
        token = ApiToken.objects.create(user=user, name=name, digest=ApiToken.digest_of(key), hint=key[:12])
        events.record(token, "token_create", actor=user)
    return token, key


def token_revoke(token: ApiToken) -> None:
    """Make a key useless, at once."""
    with transaction.atomic():
        events.record(token, "token_revoke", actor=token.user)
        token.delete()


def user_for_token(key: str) -> User | None:
    """Return the person whose key this is, unless their account is closed. Notes the use, at most once a minute."""
    token = ApiToken.objects.select_related("user").filter(digest=ApiToken.digest_of(key)).first()
    if token is None or not token.user.is_active:
        return None
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token.user


def owner_link_create(*, email: str) -> str:
    """Return a link that makes the person with this address an operator: once, within a day. Older links end."""
    token, now = secrets.token_urlsafe(32), timezone.now()
    with transaction.atomic():
        OwnerLink.objects.filter(email__iexact=email, used_at=None, expires_at__gt=now).update(expires_at=now)
        link = OwnerLink.objects.create(
            email=email.lower(), digest=OwnerLink.digest_of(token), expires_at=now + OWNER_LINK_LIFE
        )
        events.record(link, "owner_link_create")
    return settings.BASE_URL + reverse("accounts:owner", args=[token])


def owner_link_use(link: OwnerLink, *, username: str, password: str) -> User:
    """Make the person of a link an operator with this password; `username` is for who has no account yet."""
    with transaction.atomic():
        now = timezone.now()
        if not OwnerLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now).update(used_at=now):
            raise Conflict("This link was used or is too old. Make another on the command line.", code="link_over")
        user = user_with_email(link.email) or User(username=username, email=link.email)
        user.is_staff = user.is_superuser = user.is_active = True
        user.email = link.email
        user.set_password(password)
        user.save()
        _verify(user, link.email)
        events.record(user, "owner_create", actor=user)
    return user


def _verify(user: User, email: str) -> None:
    """Make an address the person's own, verified and primary: who holds the command line vouches for it."""
    EmailAddress.objects.filter(user=user).exclude(email__iexact=email).update(primary=False)
    EmailAddress.objects.filter(email__iexact=email).exclude(user=user).delete()  # unverified claims of others
    EmailAddress.objects.update_or_create(
        user=user, email__iexact=email, defaults={"email": email, "verified": True, "primary": True}
    )


def picture_set(user: User, *, image: bytes | None) -> None:
    """Give a person a picture (bytes of `podium.accounts.pictures.square`), or none. The old file goes."""
    former = user.picture.name
    if image is None:
        user.picture = None
    else:
        user.picture.save(f"{secrets.token_hex(12)}.webp", ContentFile(image), save=False)
    user.save(update_fields=["picture"])
    if former:
        transaction.on_commit(lambda: user.picture.storage.delete(former))


def account_delete(user: User) -> None:
    """Delete an account and what it says of the person; submissions stay with their team, under no name.

    Raises `Conflict` for the only owner of a challenge and for the last operator.
    """
    name, email, picture = user.display_name, user.email, user.picture.name
    with transaction.atomic():
        account_deleting.send(sender=User, user=user)
        if obstacles := obstacles_to_leaving(user, lock=True):
            raise Conflict(" ".join(obstacles), code="cannot_leave")
        events.record(user, "account_delete")
        user.delete()
        transaction.on_commit(lambda: _say_goodbye(name=name, email=email))
        if picture:
            transaction.on_commit(lambda: User._meta.get_field("picture").storage.delete(picture))


def _say_goodbye(*, name: str, email: str) -> None:
    context = {"name": name, "site_name": settings.SITE_NAME, "site_url": settings.BASE_URL}
    text = render_to_string("emails/account_deleted.txt", context)
    send_mail(f"Your account at {settings.SITE_NAME} is deleted", text, None, [email], fail_silently=True)
