"""The pages of submissions: send one, watch it, choose the final ones."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from podium.accounts.models import User
from podium.challenges.files import sample_names
from podium.challenges.models import Challenge, DataFile, Phase
from podium.challenges.rules import is_host, is_participant, require
from podium.challenges.selectors import SAMPLE, get_visible, newest_versions
from podium.core import events, hardening
from podium.core.downloads import download
from podium.core.errors import Conflict, Refusal
from podium.core.storage import blob_path, chunks_of
from podium.core.uploads import refuse_if_longer
from podium.submissions import own_scorers, selectors, services
from podium.submissions.forms import SubmitForm
from podium.submissions.kinds import CODE_KINDS, WHAT, Kind, kinds_of, runs_code
from podium.submissions.models import Run, Submission
from podium.submissions.opening import offer_of, why_closed
from podium.submissions.progress import progress_of
from podium.submissions.quota import allowance
from podium.submissions.states import RunState
from podium.teams.selectors import team_of

PER_PAGE = 20
NOTEBOOK_POLICY: dict[str, Any] = {
    "sandbox": True,  # no scripts, no forms, no origin
    "default-src": [NONE],
    "script-src": None,
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "font-src": None,
    "connect-src": None,
    "form-action": [NONE],
    "base-uri": [NONE],
    "frame-ancestors": [SELF],
}
SAMPLE_LINES = 4
MEASURED_WITHIN = timedelta(minutes=2)  # after that the page waits no longer for how sure a score is


def person(request: HttpRequest) -> User:
    """Return who is signed in; only for views behind `login_required`."""
    assert not isinstance(request.user, AnonymousUser)
    return request.user


@csrf_exempt  # the token stands in the body, which must not be read before its length was looked at; see below
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show the submit page, or take a file."""
    challenge = get_visible(request.user, slug)
    if request.method == "POST":
        try:
            largest = max((phase.upload_limit_mb for phase in challenge.phases.all()), default=1) * 2**20
            refuse_if_longer(request, limit=largest)
            return _take(request, challenge)
        except Refusal as refusal:
            return _page(request, challenge, form=SubmitForm(), refusal=refusal)
    return _page(request, challenge, form=SubmitForm())


@csrf_protect
def _take(request: HttpRequest, challenge: Challenge) -> HttpResponse:
    form = SubmitForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, challenge, form=form)
    phase = selectors.phase_for(challenge, form.cleaned_data["phase"])
    submission = services.submission_receive(
        phase,
        author=person(request),
        upload=form.cleaned_data["file"],
        description=form.cleaned_data["description"],
        idempotency_key=form.cleaned_data["once"] or None,
        trial=form.cleaned_data["trial"],
    )
    return redirect("submissions:detail", submission.pk)


def _page(
    request: HttpRequest, challenge: Challenge, *, form: SubmitForm, refusal: Refusal | None = None
) -> HttpResponse:
    status = refusal.status if refusal else 400 if form.errors else 200
    facts = _submit_facts(request, challenge)
    form.fit(facts["phase"])
    return render(
        request,
        "submissions/submit.html",
        {
            "challenge": challenge,
            "tab": "submit",
            "form": form,
            "refusal": refusal,
            **facts,
        },
        status=status,
    )


def _submit_facts(request: HttpRequest, challenge: Challenge) -> dict[str, Any]:
    """Return what the submit page says before the button."""
    user, now = person(request), timezone.now()
    try:
        phase: Phase | None = selectors.phase_for(challenge, request.GET.get("phase"))
    except Conflict:
        phase = None
    team = team_of(user, challenge)
    sent = selectors.of_team(team) if team else Submission.objects.none()
    return {
        "phase": phase,
        "open_phases": [each for each in challenge.phases.all() if each.is_open(now)],
        "is_open": bool(phase and phase.is_open(now)),
        "takes_late": bool(phase and phase.closes <= now and phase.late == Phase.Late.SCORE),
        "is_participant": is_participant(user, challenge),
        "is_host": is_host(user, challenge) and not is_participant(user, challenge),
        "team": team,
        "allowance": allowance(phase, team) if phase else None,
        "page": Paginator(sent.order_by("-id"), PER_PAGE).get_page(request.GET.get("page")),
        "chosen": sent.filter(phase=phase, selected=True).count() if team and phase else 0,
        "released": bool(phase and phase.is_released(now)),
        "shut": _why_shut(phase) if phase else "",
        "upcoming": bool(phase and phase.opens > now),
        "sample": sample_of(challenge),
        **_code_facts(phase),
        "max_bytes": phase.upload_limit_mb * 2**20 if phase else None,
        "once": get_random_string(20),  # a second click sends nothing twice
    }


def _code_facts(phase: Phase | None) -> dict[str, Any]:
    """Return what the submit page says of code, in a phase that takes some."""
    if phase is None or not runs_code(phase):
        return {"takes_code": False}
    return {
        "takes_code": True,
        "takes_predictions": Kind.PREDICTIONS in kinds_of(phase),
        "taken": [WHAT[kind] for kind in kinds_of(phase)],
        "kinds": kinds_of(phase),
        "closed": why_closed(phase),
        "offer": offer_of(phase),
        "sample_files": sample_names(phase),
    }


def _why_shut(phase: Phase) -> str:
    if closed := own_scorers.why_closed(phase):
        return closed
    return hardening.SHUT if hardening.is_shut() else ""


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample submission as the page shows it."""

    name: str
    lines: str
    rows: int


def sample_of(challenge: Challenge) -> Sample | None:
    """Return the first lines of the sample submission and its number of rows."""
    file = DataFile.objects.filter(version__in=newest_versions(challenge), path=SAMPLE).select_related("blob").first()
    if file is None:
        return None
    with blob_path(file.blob.sha256).open("rb") as bytes_:
        head = [bytes_.readline(200) for _ in range(SAMPLE_LINES)]
        rows = len(head) - 1 + sum(chunk.count(b"\n") for chunk in chunks_of(bytes_))
    return Sample(name=file.path, lines=b"".join(head).decode(errors="replace"), rows=rows)


@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # a notebook as it ran, in a frame
@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a submission: its state, its score, what happened."""
    submission = selectors.get_visible(request.user, pk)
    return render(request, "submissions/detail.html", _detail_facts(request, submission))


@login_required
@require_safe
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer with the fragment that asks for itself until the submission is finished."""
    submission = selectors.get_visible(request.user, pk)
    template = "row" if request.GET.get("as") == "row" else "reading"
    return render(request, f"submissions/includes/{template}.html", _detail_facts(request, submission))


def _detail_facts(request: HttpRequest, submission: Submission) -> dict[str, Any]:
    challenge, user = submission.team.challenge, person(request)
    runs = list(submission.runs.order_by("pk").select_related("task", "reference"))
    sees_log = user.has_perm("submissions.see_log", submission)
    is_code = submission.kind in CODE_KINDS
    logs = list(selectors.logs_for(user, submission)) if is_code else []
    return {
        "submission": submission,
        "challenge": challenge,
        "phase": submission.phase,
        "runs": runs,
        "run": runs[-1] if runs else None,
        "is_being_measured": any(measured_soon(run) for run in runs),
        "moments": {event.name: event.at for event in events.history(submission)},
        "may_select": user.has_perm("submissions.select", submission) and submission.phase.closes > timezone.now(),
        "may_cancel": user.has_perm("submissions.cancel", submission) and not submission.is_finished,
        "sees_log": sees_log,
        "detailed": [run for run in runs if run.details_id]
        if user.has_perm("submissions.see_details", submission)
        else [],
        "is_code": is_code,
        "logs": logs,
        "progress": progress_of(submission, runs) if is_code else None,
        "sees_predictions": any(run.predictions_id for run in runs) and any(log.stage == "predict" for log in logs),
        "chosen": Submission.objects.filter(phase=submission.phase, team=submission.team, selected=True).count(),
    }


def measured_soon(run: Run) -> bool:
    """Tell whether it is worth waiting to see how sure the scores of a run are."""
    is_fresh = run.finished_at is not None and timezone.now() - run.finished_at < MEASURED_WITHIN
    return is_fresh and run.state == RunState.SCORED and run.measured_at is None


@login_required
@require_POST
def select(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a submission to count in the end, or no longer."""
    submission = selectors.get_visible(request.user, pk)
    require(request.user, "submissions.select", submission, "Only its team chooses its final submissions.")
    services.submission_select(submission, actor=person(request), selected=request.POST.get("selected") == "on")
    return _back(request, submission)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a submission that is in flight."""
    submission = selectors.get_visible(request.user, pk)
    require(request.user, "submissions.cancel", submission, "Only its team and the hosts can cancel it.")
    services.submission_cancel(submission, actor=person(request))
    return _back(request, submission)


def _back(request: HttpRequest, submission: Submission) -> HttpResponse:
    if request.POST.get("from") == "list":
        return redirect("submissions:submit", submission.team.challenge.slug)
    return redirect("submissions:detail", submission.pk)


@login_required
@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the submitted file back."""
    sent = selectors.get_visible(request.user, pk).files.select_related("blob").get()
    return download(request, blob_path(sent.blob.sha256), name=sent.name, etag=sent.blob.sha256)


@login_required
@require_safe
def log(request: HttpRequest, pk: int, stage: str) -> HttpResponse:
    """Show what the code of a submission printed at a stage, as plain text."""
    kept = selectors.log_for(person(request), selectors.get_visible(request.user, pk), stage)
    answer = HttpResponse(kept.text, content_type="text/plain; charset=utf-8")
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@csp_replace(NOTEBOOK_POLICY)  # type: ignore[arg-type]  # it knows no arguments
@xframe_options_sameorigin
@login_required
@require_safe
def notebook(request: HttpRequest, pk: int, stage: str) -> HttpResponseBase:
    """Show a notebook as it ran. It is a stranger's page: it may load and run nothing, and has no origin."""
    kept = selectors.log_for(person(request), selectors.get_visible(request.user, pk), stage)
    if kept.rendered is None:
        raise Http404("this submission is no notebook")
    answer = FileResponse(blob_path(kept.rendered.sha256).open("rb"), content_type="text/html; charset=utf-8")
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@csp_replace(NOTEBOOK_POLICY)  # type: ignore[arg-type]
@xframe_options_sameorigin
@login_required
@require_safe
def details(request: HttpRequest, pk: int, run: int) -> HttpResponseBase:
    """Show what a host's program wrote about a submission: a stranger's page, as a notebook is."""
    submission = selectors.get_visible(request.user, pk)
    require(
        request.user, "submissions.see_details", submission, "The hosts keep what their program writes to themselves."
    )
    kept = submission.runs.select_related("details").filter(pk=run, details__isnull=False).first()
    if kept is None or kept.details is None:
        raise Http404("its scorer wrote no page")
    answer = FileResponse(blob_path(kept.details.sha256).open("rb"), content_type="text/html; charset=utf-8")
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@login_required
@require_safe
def predictions(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the file that the code of a submission wrote."""
    run = selectors.predicted_by(person(request), selectors.get_visible(request.user, pk))
    assert run.predictions is not None
    name, sha256 = run.predictions_name, run.predictions.sha256
    return download(request, blob_path(sha256), name=name, etag=sha256)


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show a person's challenges and latest submissions."""
    user = person(request)
    teams = [each.team for each in user.memberships.select_related("team", "challenge").order_by("-id")[:50]]
    sent = selectors.visible_to(user).filter(team__in=teams).order_by("-id")
    return render(
        request,
        "submissions/mine.html",
        {"teams": teams, "page": Paginator(sent, PER_PAGE).get_page(request.GET.get("page"))},
    )
