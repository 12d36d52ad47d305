"""A person's settings, their public page, and the link of the first operator. Signing in and up is allauth's."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from podium.accounts import services
from podium.accounts.forms import DeleteForm, OwnerForm, ProfileForm, TokenForm
from podium.accounts.models import User
from podium.accounts.pictures import UPLOAD_LIMIT
from podium.accounts.selectors import (
    get_owner_link,
    get_person,
    leaving,
    obstacles_to_leaving,
    public_parts,
    user_with_email,
)
from podium.core.errors import Refusal
from podium.core.uploads import refuse_if_longer

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@csrf_exempt  # the check reads the body; `_settings` makes it, after the body's length was looked at
@get_or_post
@login_required
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show and change one's profile."""
    refuse_if_longer(request, limit=UPLOAD_LIMIT)
    answer: HttpResponse = _settings(request)
    return answer


@csrf_protect
def _settings(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    preview = ""
    form = ProfileForm(request.POST or None, request.FILES or None, instance=user)
    if request.method == "POST" and form.is_valid():
        if "preview" not in request.POST:
            _save_profile(form)
            messages.success(request, "Your profile is saved.")
            return redirect("accounts:settings")
        preview = form.cleaned_data["about"] or "Nothing about you yet."
    saved = User.objects.get(pk=user.pk)  # the form writes into its instance, valid or not
    context = {"form": form, "section": "profile", "preview": preview, "saved": saved}
    return render(request, "accounts/settings.html", context)


def _save_profile(form: ProfileForm) -> None:
    user = form.save()
    if form.cleaned_data["photo"]:
        services.picture_set(user, image=form.cleaned_data["photo"])
    elif form.cleaned_data.get("no_photo"):
        services.picture_set(user, image=None)


@never_cache
@get_or_post
@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    """Show one's tokens; make one, and show its key this once."""
    user = _person(request)
    form, key = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, key = services.token_create(user, name=form.cleaned_data["name"])
            form = TokenForm()
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    context = {"form": form, "section": "tokens", "key": key, "tokens": user.tokens.order_by("-created_at", "-id")}
    return render(request, "accounts/tokens.html", context)


@require_POST
@login_required
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one of one's tokens useless."""
    token = get_object_or_404(_person(request).tokens, pk=pk)
    services.token_revoke(token)
    messages.success(request, f"The token “{token.name}” is revoked. Nothing can use it any more.")
    return redirect("accounts:tokens")


@sensitive_post_parameters("password")
@never_cache
@get_or_post
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    """Say what the end of the account means, and end it."""
    user = _person(request)
    form = DeleteForm(request.POST or None, user=user)
    obstacles = obstacles_to_leaving(user)
    if request.method == "POST" and not obstacles and form.is_valid():
        services.account_delete(user)
        logout(request)
        messages.success(request, "Your account is deleted.")
        return redirect("home")
    context = {"form": form, "section": "delete", "obstacles": obstacles, "leaving": leaving(user)}
    return render(request, "accounts/delete.html", context)


@require_safe
def person(request: HttpRequest, username: str) -> HttpResponse:
    """Show what anybody may know of a person."""
    someone = get_person(username)
    if someone.username != username:
        return redirect("accounts:person", username=someone.username, permanent=True)
    return render(request, "accounts/person.html", {"person": someone, "parts": public_parts(someone)})


@sensitive_post_parameters("password")
@never_cache
@get_or_post
def owner(request: HttpRequest, token: str) -> HttpResponse:
    """Let who holds a link from the command line choose a password and operate the site."""
    link = get_owner_link(token)
    known = user_with_email(link.email)
    form = OwnerForm(request.POST or None, email=link.email, user=known)
    if request.method == "POST" and form.is_valid():
        user = services.owner_link_use(
            link, username=form.cleaned_data.get("username", ""), password=form.cleaned_data["password"]
        )
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        request.session.set_expiry(0)
        messages.success(request, f"You operate {settings.SITE_NAME} now, {user.display_name}.")
        return redirect("home")
    return render(request, "accounts/owner.html", {"form": form, "link": link, "known": known})


def _person(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise PermissionDenied  # `login_required` stands before it
    return request.user
