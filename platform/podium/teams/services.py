"""Every write to a team.

A membership changes only under the lock of the team that it leaves and of the one that it enters: sizes, and “nobody
leaves a team that has submitted”, hold whatever happens at the same moment.
"""

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from podium.accounts.models import FORMER, User
from podium.accounts.names import without_hidden
from podium.challenges.models import Challenge
from podium.challenges.rules import is_participant
from podium.challenges.selectors import teams_close
from podium.core import events
from podium.core.errors import Conflict, Forbidden
from podium.core.locks import locked
from podium.core.words import date, plural
from podium.teams import names
from podium.teams.models import Invitation, Membership, Team
from podium.teams.selectors import get_invitation, has_submitted, open_invitations, team_of

INVITATION_LIFE = timedelta(days=7)
MOST_OPEN_INVITATIONS = 20
NAME_ATTEMPTS = 5  # how often somebody else may take the name that was just free


def team_create_alone(challenge: Challenge, *, user: User) -> Team:
    """Make the team of one on which a person competes until they join another. It bears their name, made unique."""
    with transaction.atomic():
        team = _create_named(challenge, wanted=user.display_name, leader=user)
        Membership.objects.create(team=team, challenge=challenge, user=user)
        events.record(team, "team_create", actor=user)
    return team


def baseline_create(challenge: Challenge, *, name: str, actor: User) -> Team:
    """Make the team under whose name a baseline stands on the boards. Raises `Conflict` where the name is taken."""
    name = names.checked(name)
    with transaction.atomic():
        _require_free(challenge, name)
        team = Team.objects.create(challenge=challenge, name=name, kind=Team.Kind.BASELINE)
        events.record(team, "baseline_create", actor=actor)
    return team


def team_rename(team: Team, *, name: str, actor: User) -> None:
    """Give a team another name. Raises `Refusal` for an impossible one, `Conflict` for one that is taken."""
    name = names.checked(name)
    with transaction.atomic():
        fresh = locked(Team, team.pk)
        _require_open(fresh)
        _require_free(fresh.challenge, name, but=fresh)
        _name(fresh, name)
        events.record(fresh, "team_rename", actor=actor, to=name)
    team.name = name


def invitation_create(team: Team, *, actor: User) -> tuple[Invitation, str]:
    """Make a link that lets one person join. Return it with its token, which is never to be had again."""
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        fresh = locked(Team, team.pk)
        _require_open(fresh)
        _require_seat(fresh)
        if open_invitations(fresh).count() >= MOST_OPEN_INVITATIONS:
            raise Conflict(
                f"{MOST_OPEN_INVITATIONS} links are open already. Revoke one that nobody needs.",
                code="too_many_invitations",
            )
        invitation = Invitation.objects.create(
            team=fresh,
            digest=Invitation.digest_of(token),
            created_by=actor,
            expires_at=timezone.now() + INVITATION_LIFE,
        )
        events.record(fresh, "invitation_create", actor=actor, invitation=invitation.pk)
    return invitation, token


def invitation_revoke(invitation: Invitation, *, actor: User) -> None:
    """Make a link useless. Raises `Conflict` where somebody used it first; repeated, it changes nothing."""
    with transaction.atomic():
        _lock_teams({invitation.team_id})  # who accepts holds it too: one of the two comes first
        now = timezone.now()
        changed = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(revoked_at=now)
        if changed:
            events.record(invitation.team, "invitation_revoke", actor=actor, invitation=invitation.pk)
    invitation.refresh_from_db()
    if invitation.used_at:
        raise Conflict("Somebody has used this link already.", code="invitation_used")


def invitation_accept(token: str, *, user: User) -> Team:
    """Join the team of a link, and leave one's empty team of one for it. On the team already, it changes nothing.

    Raises `Forbidden` for who has not accepted the challenge's rules, `Conflict` where the link, the team or the
    person's own team does not allow it, 404 for a link that never was.
    """
    invitation = get_invitation(token)
    challenge = invitation.team.challenge
    with transaction.atomic():
        former = team_of(user, challenge)
        _lock_teams({invitation.team_id} | ({former.pk} if former else set()))
        invitation.refresh_from_db()
        if (team_of(user, challenge) or former) != former:
            raise _overtaken()
        if former == invitation.team:
            return invitation.team
        require_acceptable(invitation, user=user, former=former)
        unused = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None)
        if not unused.update(used_at=timezone.now(), used_by=user):
            invitation.refresh_from_db()
            require_acceptable(invitation, user=user, former=former)
            raise _overtaken()
        _move(user, invitation.team, former=former)
        events.record(invitation.team, "invitation_accept", actor=user, invitation=invitation.pk)
    return invitation.team


def require_acceptable(invitation: Invitation, *, user: User, former: Team | None) -> None:
    """Raise what stands against accepting an invitation: asked for the page before the button, and again under lock."""
    team = invitation.team
    if invitation.revoked_at:
        raise Conflict("This link was revoked. Ask the team's leader for another.", code="invitation_revoked")
    if invitation.used_at:
        raise Conflict("This link was used already: each lets one person join.", code="invitation_used")
    if invitation.expires_at <= timezone.now():
        raise Conflict(
            f"This link ended on {date(invitation.expires_at)}. Ask the team's leader for another.",
            code="invitation_expired",
        )
    _require_open(team)
    _require_seat(team)
    if former:
        _require_can_give_up(former)
    if not is_participant(user, team.challenge):  # last: who cannot join the team need not accept rules for it
        raise Forbidden("Accept the challenge's rules first, then open this link again.", code="rules_not_accepted")


def member_leave(team: Team, *, user: User) -> Team:
    """Leave a team that has not submitted, and compete alone from now on. Return the new team of one."""
    with transaction.atomic():
        fresh = locked(Team, team.pk)
        _require_open(fresh)
        membership = _membership(fresh, user)
        if fresh.memberships.count() == 1:
            raise Conflict("You are alone on this team, so there is nobody to leave.", code="alone")
        _require_unsubmitted(fresh, "This team has submitted, so nobody can leave it any more.")
        _take_off(membership, actor=user, event="member_leave")
        return team_create_alone(fresh.challenge, user=user)


def member_remove(team: Team, *, user: User, actor: User) -> Team:
    """Take a person off a team that has not submitted; they compete alone from then on. Return their new team."""
    with transaction.atomic():
        fresh = locked(Team, team.pk)
        _require_open(fresh)
        membership = _membership(fresh, user)
        if user == actor:
            raise Conflict("To go yourself, leave the team.", code="is_self")
        _require_unsubmitted(fresh, "This team has submitted, so nobody can be taken off it any more.")
        _take_off(membership, actor=actor, event="member_remove")
        return team_create_alone(fresh.challenge, user=user)


def member_forget(user: User) -> None:
    """Take a person whose account is being deleted off all teams. Call it inside the transaction that deletes it.

    A team without others and without submissions goes with them; one with submissions stays, under no person's name.
    """
    teams = sorted(user.memberships.values_list("team_id", flat=True))
    for pk in teams:
        team = locked(Team, pk)
        _take_off(_membership(team, user), actor=user, event="member_forget")
        team.refresh_from_db()
        if team.leader is None and not has_submitted(team):
            team.delete()
        elif _bears_name(team, user):
            heir = team.leader.display_name if team.leader else FORMER
            _name(team, names.free(team.challenge, heir))


def _create_named(challenge: Challenge, *, wanted: str, leader: User) -> Team:
    for attempt in range(NAME_ATTEMPTS):
        try:
            with transaction.atomic():
                return Team.objects.create(challenge=challenge, name=names.free(challenge, wanted), leader=leader)
        except IntegrityError:  # somebody with this name joined at the same moment
            if attempt == NAME_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _name(team: Team, name: str) -> None:
    team.name = name
    try:
        with transaction.atomic():
            team.save(update_fields=["name"])  # not `update`: boards listen, so that a search finds the new name
    except IntegrityError as error:
        raise _name_taken(name) from error


def _name_taken(name: str) -> Conflict:
    return Conflict(f"Another team of this challenge is called “{name}”.", code="name_taken", field="name")


def _require_free(challenge: Challenge, name: str, *, but: Team | None = None) -> None:
    if names.is_taken(challenge, name, but=but):
        raise _name_taken(name)


def _require_open(team: Team) -> None:
    closes = teams_close(team.challenge)
    if closes and closes <= timezone.now():
        raise Conflict(f"Teams stay as they are since {date(closes)}.", code="teams_closed")


def _require_seat(team: Team) -> None:
    size = team.challenge.team_size
    if team.memberships.count() >= size:
        raise Conflict(f"This team is full: {plural(size, 'person', 'people')} at most.", code="team_full")


def _require_unsubmitted(team: Team, message: str) -> None:
    if has_submitted(team):
        raise Conflict(message, code="team_submitted")


def _require_can_give_up(team: Team) -> None:
    if team.memberships.count() > 1:
        raise Conflict(f"You are on the team “{team.name}” with others. Leave it first.", code="on_a_team")
    _require_unsubmitted(
        team, f"Your team “{team.name}” has submitted, so you stay on it: submissions cannot move to another team."
    )


def _membership(team: Team, user: User) -> Membership:
    membership = team.memberships.filter(user=user).first()
    if membership is None:
        raise Conflict(f"{user.display_name} is not on this team.", code="not_on_team")
    return membership


def _lock_teams(pks: set[int]) -> None:
    """Lock teams in the order of their keys, so that two people who swap teams do not wait for each other."""
    try:
        for pk in sorted(pks):
            locked(Team, pk)
    except Team.DoesNotExist as error:
        raise _overtaken() from error


def _overtaken() -> Conflict:
    return Conflict("Your team or theirs changed at this very moment. Open the link again.", code="changed_meanwhile")


def _move(user: User, team: Team, *, former: Team | None) -> None:
    now = timezone.now()
    Membership.objects.update_or_create(challenge=team.challenge, user=user, defaults={"team": team, "joined_at": now})
    if former:
        events.record(former, "team_dissolve", actor=user, into=team.pk)
        former.delete()


def _take_off(membership: Membership, *, actor: User, event: str) -> None:
    """End a membership; where the leader goes, who has been there longest leads."""
    team, user = membership.team, membership.user
    membership.delete()
    events.record(team, event, actor=actor, user=user.pk)
    if team.leader_id == user.pk:
        heir = team.memberships.select_related("user").first()
        Team.objects.filter(pk=team.pk).update(leader=heir.user if heir else None)


def _bears_name(team: Team, user: User) -> bool:
    """Tell whether a team is called by a person's name, perhaps with the number that made it unique."""
    head, _, tail = team.name.rpartition(" ")
    name = head if tail.isdigit() else team.name
    own = {without_hidden(each)[: names.LONGEST].casefold() for each in (user.display_name, user.username)}
    return bool(own & {name.casefold(), team.name.casefold()})
