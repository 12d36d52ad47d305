"""What people do with submissions: send, cancel, choose the final ones. What workers do stands in `evaluation`."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import get_valid_filename

from podium.accounts.models import User
from podium.challenges.models import Phase
from podium.core import events, hardening
from podium.core.errors import Conflict, Forbidden, Refusal
from podium.core.locks import locked
from podium.core.models import Blob
from podium.core.storage import store
from podium.submissions import own_scorers
from podium.submissions.kinds import Look
from podium.submissions.models import Submission, SubmissionFile
from podium.submissions.opening import check_open
from podium.submissions.quota import allowance
from podium.submissions.signals import selection_changed, submission_finished
from podium.submissions.states import SubmissionState
from podium.submissions.tasks import advance
from podium.submissions.transitions import runs_cancel, submission_move
from podium.teams.models import Team
from podium.teams.selectors import team_of

LONGEST_NAME = 200


def submission_receive(
    phase: Phase,
    *,
    author: User,
    upload: UploadedFile[Any],
    description: str = "",
    idempotency_key: str | None = None,
    at: datetime | None = None,
    team: Team | None = None,
    trial: bool = False,
) -> Submission:
    """Take a team's file into a phase. The time that counts is now, when its last byte has arrived.

    With `team`, a host's: a baseline, without limits. A `trial` runs code on the public sample alone, for nothing.
    Refused with no row and no quota: 403 (rules, membership), 409 `phase_closed`, `scorer_closed`, `sandbox_missing`,
    413, 415, 429. What needs reading the file is judged later, by a worker.
    """
    at = at or timezone.now()
    row = Submission(
        phase=phase,
        author=author,
        description=description.strip()[:500],
        received_at=at,
        idempotency_key=idempotency_key or None,
        trial=trial,
    )
    if _replayed(author, idempotency_key) is None:
        try:
            return _receive_new(row, upload=upload, sender=team or team_of(author, phase.challenge))
        except (IntegrityError, Refusal):
            if _replayed(author, idempotency_key) is None:
                raise
            # the same key, a moment earlier: what it took up may be just what we were refused for
    first = _replayed(author, idempotency_key)
    assert first is not None
    return _same(first, phase, store(upload.chunks(), limit=phase.upload_limit_mb * 2**20))


def _receive_new(row: Submission, *, upload: UploadedFile[Any], sender: Team | None) -> Submission:
    """Look at the limits, so that nobody waits in vain; store the file; write the row."""
    assert row.author is not None
    look = Look(upload.name or "", upload)
    _check(row, sender, look=look)
    assert sender is not None  # _check refused otherwise
    blob = store(upload.chunks(), limit=row.phase.upload_limit_mb * 2**20)
    return _accept(row, team=sender.pk, blob=blob, look=look)


def _accept(row: Submission, *, team: int, blob: Blob, look: Look) -> Submission:
    """Write the row under the team's lock, having looked at every limit, as it is now, once more."""
    assert row.author is not None
    with transaction.atomic():
        row.team = _sender(team, author=row.author)
        row.phase = Phase.objects.select_related("challenge").get(pk=row.phase_id)
        in_time = _check(row, row.team, look=look)
        row.ranked = in_time and not row.trial
        row.uses_quota = row.team.kind == Team.Kind.PEOPLE and not row.trial
        row.kind = look.kind(row.phase)
        row.save(force_insert=True)
        SubmissionFile.objects.create(submission=row, name=clean_name(look.name), blob=blob)
        events.record(row, "submission_accept", actor=row.author, sha256=blob.sha256, size=blob.size)
        advance.enqueue(row.pk)
    return row


def _sender(pk: int, *, author: User) -> Team:
    """Return the team, locked, if it is still the author's: people change teams while a file is on its way."""
    with suppress(Team.DoesNotExist):
        team = locked(Team, pk)
        if team.kind != Team.Kind.PEOPLE or team.memberships.filter(user=author).exists():
            return team
    raise Conflict(
        "Your team changed while the file was on its way. See the page “Team”, then send it again.",
        code="changed_meanwhile",
    )


def _check(row: Submission, team: Team | None, *, look: Look) -> bool:
    """Refuse what is refused at the door; return whether it came in time."""
    phase, author, at = row.phase, row.author, row.received_at
    assert author is not None
    if team is not None and team.challenge_id != phase.challenge_id:
        raise Conflict("This team belongs to another challenge.", code="other_challenge")
    if closed := own_scorers.why_closed(phase):
        raise Conflict(f"“{phase.name}” takes no submissions. {closed}", code="scorer_closed")
    if hardening.is_shut():
        raise Conflict(f"“{phase.name}” takes no submissions. {hardening.SHUT}", code="sandbox_missing")
    if team is not None and team.kind == Team.Kind.BASELINE:
        if not author.has_perm("challenges.edit", phase.challenge):
            raise Forbidden("Only hosts send baselines.")
        check_open(phase, look.kind(phase), trial=row.trial)
        return True
    _check_membership(phase, team, author=author)
    in_time = _check_window(phase, at=at)
    check_open(phase, look.kind(phase), trial=row.trial)
    allowance(phase, team, at=at).check(trial=row.trial)
    return in_time


def _check_membership(phase: Phase, team: Team | None, *, author: User) -> None:
    if team is not None and team.memberships.filter(user=author).exists():
        return
    if author.has_perm("challenges.see_private", phase.challenge):
        raise Forbidden("Hosts see the hidden data, so they cannot take part.", code="is_host")
    raise Forbidden("Join the challenge first: accept its rules on the page “Rules”.", code="not_joined")


def _check_window(phase: Phase, *, at: datetime) -> bool:
    if phase.is_open(at):
        return True
    if at >= phase.closes and phase.late == Phase.Late.SCORE:
        return False
    if at < phase.opens:
        raise Conflict(f"“{phase.name}” opens on {phase.opens:%a %d %b %Y, %H:%M} UTC.", code="phase_closed")
    raise Conflict(f"“{phase.name}” closed on {phase.closes:%a %d %b %Y, %H:%M} UTC.", code="phase_closed")


def clean_name(name: str) -> str:
    """Return a file's name without folders and odd characters, its ending kept."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    if not base.strip(". "):
        return "predictions"
    kept = get_valid_filename(base).encode("utf-8", "replace")[-LONGEST_NAME:]  # a disk counts bytes
    return kept.decode(errors="ignore")


def _replayed(author: User, key: str | None) -> Submission | None:
    return Submission.objects.filter(author=author, idempotency_key=key).first() if key else None


def _same(submission: Submission, phase: Phase, blob: Blob) -> Submission:
    """Return the submission that a repeated key means, if it is the same one."""
    sent: Iterable[SubmissionFile] = submission.files.all()
    if submission.phase_id != phase.pk or blob.pk not in {file.blob_id for file in sent}:
        raise Conflict(
            "This Idempotency-Key was used for another file or phase. Take a new key for a new submission.",
            code="idempotency_mismatch",
        )
    return submission


def submission_cancel(submission: Submission, *, actor: User) -> None:
    """Stop a submission that is in flight. Before it ran it is given back; after that it is used."""
    with transaction.atomic():
        locked(Team, submission.team_id)
        row = locked(Submission, submission.pk)
        if row.is_finished:
            raise Conflict("It is finished already, so there is nothing to cancel.", code="finished")
        before_it_ran = row.state != SubmissionState.RUNNING
        now = timezone.now()
        submission_move(
            row.pk,
            SubmissionState.CANCELLED,
            finished_at=now,
            uses_quota=row.uses_quota and not before_it_ran,
            selected=False,
        )
        runs_cancel(row, finished_at=now)
        events.record(row, "submission_cancel", actor=actor, given_back=before_it_ran)
        row.refresh_from_db()
        submission_finished.send(sender=Submission, submission=row)
    submission.refresh_from_db()


def submission_select(submission: Submission, *, actor: User, selected: bool) -> None:
    """Choose a submission to count in the end, or choose it no longer. Possible until the phase closes."""
    with transaction.atomic():
        locked(Team, submission.team_id)
        row = locked(Submission, submission.pk)
        phase = row.phase
        if timezone.now() >= phase.closes:
            raise Conflict(
                f"Final submissions were chosen until {phase.closes:%a %d %b %Y, %H:%M} UTC.", code="phase_closed"
            )
        if row.selected == selected:
            return
        if selected:
            _check_selectable(row, phase)
        Submission.objects.filter(pk=row.pk).update(selected=selected)
        events.record(row, "submission_select" if selected else "submission_deselect", actor=actor)
        selection_changed.send(sender=Submission, team=row.team, phase=phase)
    submission.selected = selected


def _check_selectable(row: Submission, phase: Phase) -> None:
    if row.state != SubmissionState.SCORED or not row.ranked:
        raise Conflict("Only a scored submission that came in time can count in the end.", code="not_scored")
    chosen = Submission.objects.filter(phase=phase, team_id=row.team_id, selected=True).count()
    if chosen >= phase.final_selections:
        raise Conflict(
            f"{chosen} of {phase.final_selections} final submissions are chosen. Untick one before you tick another.",
            code="selection_full",
        )
