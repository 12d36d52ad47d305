"""The page of one's team, and where an invitation's link leads."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from podium.accounts.models import User
from podium.challenges.forms import JoinForm
from podium.challenges.models import Challenge
from podium.challenges.rules import is_participant, require, role_of
from podium.challenges.selectors import get_visible, join_is_over
from podium.challenges.services import challenge_join
from podium.core.errors import Conflict, Forbidden, Refusal
from podium.teams import services
from podium.teams.forms import RenameForm
from podium.teams.models import Invitation, Team
from podium.teams.selectors import get_invitation, has_submitted, members_of, open_invitations, room_of, team_of

LEADER_ONLY = "Only the team's leader can do this."


@never_cache
@require_safe
@login_required
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one's team in a challenge, and what can be done with it."""
    challenge = get_visible(request.user, slug)
    return _page(request, challenge, team_of(request.user, challenge))


@require_POST
@login_required
def rename(request: HttpRequest, slug: str) -> HttpResponse:
    """Give one's team another name."""
    challenge, own = _led(request, slug)
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            services.team_rename(own, name=form.cleaned_data["name"], actor=_person(request))
        except Refusal as refusal:
            form.add_error("name", refusal.message)
        else:
            messages.success(request, f"Your team is called “{own.name}” now.")
            return redirect("teams:team", slug=slug)
    return _page(request, challenge, own, form=form, status=422)


@never_cache
@require_POST
@login_required
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a link that lets one person join, and show it this once."""
    challenge, own = _led(request, slug)
    invitation, token = services.invitation_create(own, actor=_person(request))
    link = settings.BASE_URL + reverse("teams:invitation", args=[token])
    return _page(request, challenge, own, link=link, fresh=invitation)


@require_POST
@login_required
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make one of the team's links useless."""
    _, own = _led(request, slug)
    services.invitation_revoke(get_object_or_404(own.invitations, pk=pk), actor=_person(request))
    messages.success(request, "The link is revoked. Nobody can use it any more.")
    return redirect("teams:team", slug=slug)


@require_POST
@login_required
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Leave one's team and compete alone."""
    _, own = _own(request, slug)
    alone = services.member_leave(own, user=_person(request))
    messages.success(request, f"You left “{own.name}” and compete as “{alone.name}” now.")
    return redirect("teams:team", slug=slug)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a person off one's team."""
    _, own = _led(request, slug)
    person = get_object_or_404(User, pk=pk, memberships__team=own)
    services.member_remove(own, user=person, actor=_person(request))
    messages.success(request, f"{person.display_name} is off the team and competes alone now.")
    return redirect("teams:team", slug=slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what an invitation means; accept it, and the challenge's rules with it where that is still to be done."""
    found = get_invitation(token)
    challenge = found.team.challenge
    if not request.user.is_authenticated:
        if request.method == "POST" or challenge.visibility != Challenge.Visibility.PUBLIC:
            return redirect_to_login(request.path)
        return render(request, "teams/invitation.html", {"invitation": found, "challenge": challenge})
    _require_visible(request.user, challenge)
    form = JoinForm(request.POST if request.method == "POST" else None, challenge=challenge)
    if request.method == "POST" and (is_participant(request.user, challenge) or form.is_valid()):
        return _accept(request, token, form)
    context = {"invitation": found, "challenge": challenge, "form": form, **_standing(request.user, found)}
    return render(request, "teams/invitation.html", context, status=422 if form.errors else 200)


def _accept(request: HttpRequest, token: str, form: JoinForm) -> HttpResponse:
    user, found = _person(request), get_invitation(token)
    challenge = found.team.challenge
    if not is_participant(user, challenge):
        if obstacle := _standing(user, found)["obstacle"]:
            raise Conflict(obstacle)  # before the rules are accepted: that could not be undone
        challenge_join(challenge, user=user, rules=form.version)
    joined = services.invitation_accept(token, user=user)
    messages.success(request, f"You are on the team “{joined.name}” now.")
    return redirect("teams:team", slug=challenge.slug)


def _standing(user: User, found: Invitation) -> dict[str, Any]:
    """Return how a person stands to an invitation: on the team already, what stands against it, what to accept."""
    challenge, own = found.team.challenge, team_of(user, found.team.challenge)
    joined = is_participant(user, challenge)
    standing = {"own": own, "joined": joined, "is_member": own == found.team, "obstacle": ""}
    if not joined and role_of(user, challenge) and not user.is_superuser:
        standing["obstacle"] = "You host this challenge. Hosts see the hidden data, so they cannot take part in it."
    elif not joined and join_is_over(challenge):
        standing["obstacle"] = "The entry deadline is over: nobody new can join the challenge."
    elif not standing["is_member"]:
        standing["obstacle"] = _refusal_of(user, found, own)
    return standing


def _refusal_of(user: User, found: Invitation, own: Team | None) -> str:
    try:
        services.require_acceptable(found, user=user, former=own)
    except Refusal as refusal:
        return "" if refusal.code == "rules_not_accepted" else refusal.message
    return ""


def _require_visible(user: User, challenge: Challenge) -> None:
    if not user.has_perm("challenges.view", challenge):
        raise Http404("no such invitation, or it is not for you")


def _page(
    request: HttpRequest,
    challenge: Challenge,
    own: Team | None,
    *,
    form: RenameForm | None = None,
    link: str = "",
    fresh: Invitation | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"challenge": challenge, "tab": "team", "team": own, "link": link, "fresh": fresh}
    if own:
        leads = request.user.has_perm("teams.lead", own) and own.leader_id == request.user.pk
        context |= {
            "members": members_of(own),
            "room": room_of(own),
            "submitted": has_submitted(own),
            "leads": leads,
            "invitations": open_invitations(own) if leads else [],
            "form": form or RenameForm(initial={"name": own.name}),
            "life": services.INVITATION_LIFE.days,
        }
    return render(request, "teams/team.html", context, status=status)


def _own(request: HttpRequest, slug: str) -> tuple[Challenge, Team]:
    """Return a challenge and one's team in it; 404 for strangers to the challenge, 403 for who takes no part."""
    challenge = get_visible(request.user, slug)
    own = team_of(request.user, challenge)
    if own is None:
        raise Forbidden("You take no part in this challenge.", code="not_joined")
    return challenge, own


def _led(request: HttpRequest, slug: str) -> tuple[Challenge, Team]:
    challenge, own = _own(request, slug)
    require(request.user, "teams.lead", own, LEADER_ONLY)
    return challenge, own


def _person(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise PermissionDenied  # `login_required` stands before it
    return request.user
