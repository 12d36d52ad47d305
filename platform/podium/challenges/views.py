"""Pages of challenges, and the files that they offer."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from podium.challenges import files, listing
from podium.challenges.forms import JoinForm
from podium.challenges.models import Challenge
from podium.challenges.selectors import get_visible, join_is_over, published_rules, standing, teams_close
from podium.challenges.services import challenge_join
from podium.core.downloads import download
from podium.core.errors import Forbidden
from podium.core.storage import blob_path

OWN_TABS = ("overview", "data")  # pages that stand under a tab of their own
ON_HOME = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what Podium is, and what runs on this site."""
    running, count = listing.running(request.user, most=ON_HOME)
    shown = max((item for item in running if item.challenge.visibility == "public"), key=_teams, default=None)
    context = {"running": running, "running_count": count, "board_of": shown.challenge if shown else None}
    return render(request, "home.html", context)


def _teams(item: listing.Item) -> int:
    return item.teams


@require_safe
def challenge_list(request: HttpRequest) -> HttpResponse:
    """Show the challenges: running, upcoming, ended; searched, filtered and sorted by the address's query."""
    found = listing.listing(request.user, request.GET)
    answer = render(request, "challenges/list.html", {"listing": found, "filter": found.filter})
    if "HX-Request" in request.headers:  # searching as one types: the address stays short, and can be sent to a friend
        query = found.filter.query()
        answer["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    answer["Vary"] = "Cookie, HX-Request"
    return answer


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a challenge is about."""
    return _page(request, get_visible(request.user, slug), "overview")


@require_safe
def page(request: HttpRequest, slug: str, page: str) -> HttpResponse:
    """Show a further page of the host's words."""
    challenge = get_visible(request.user, slug)
    if page in OWN_TABS or not challenge.pages.filter(slug=page).exists():
        raise Http404("this challenge has no such page")
    return _page(request, challenge, page)


def _page(request: HttpRequest, challenge: Challenge, slug: str) -> HttpResponse:
    prefetch_related_objects([challenge], "phases__phase_tasks__task", "tags", "pages")
    pages = {page.slug: page for page in challenge.pages.all()}
    further = [page for page in pages.values() if page.slug not in OWN_TABS]
    context = {"challenge": challenge, "tab": "overview", "page": pages.get(slug), "pages": further}
    return render(request, "challenges/overview.html", context)


@require_safe
def data(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the data are, and offer the files."""
    challenge = get_visible(request.user, slug)
    offers = files.files_for(request.user, challenge)
    context = {
        "challenge": challenge,
        "tab": "data",
        "page": challenge.pages.filter(slug="data").first(),
        "files": offers,
        "size": sum(file.size for file in offers),
        "within_reach": [file for file in offers if file.may_download],
        "join_is_over": join_is_over(challenge),
    }
    return render(request, "challenges/data.html", context)


@require_safe
def data_file(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    """Send one file, or the part of it that was asked for."""
    challenge = get_visible(request.user, slug)
    try:
        file = files.file_for(request.user, challenge, name)
    except Forbidden as refusal:
        return _sign_in_first(request, refusal)
    return download(request, blob_path(file.blob.sha256), name=PurePosixPath(name).name, etag=file.blob.sha256)


@require_safe
def data_zip(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Send all files that the reader may have, as one zip."""
    challenge = get_visible(request.user, slug)
    try:
        within_reach = files.files_within_reach(request.user, challenge)
    except Forbidden as refusal:
        return _sign_in_first(request, refusal)
    path, sha256 = files.all_as_zip(challenge, within_reach)
    return download(request, path, name=f"{challenge.slug}-data.zip", etag=sha256)


def _sign_in_first(request: HttpRequest, refusal: Forbidden) -> HttpResponse:
    """Send a visitor to the sign-in page and back here; let the refusal stand for everybody else."""
    if request.user.is_authenticated:
        raise refusal
    return redirect_to_login(request.get_full_path())


@require_safe
def rules(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """Show the rules that hold, or an older version of them."""
    return _rules(request, get_visible(request.user, slug), number=number)


@require_POST
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """Accept the rules that stood on the page, and take part."""
    challenge = get_visible(request.user, slug)
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(reverse("challenges:rules", kwargs={"slug": slug}))
    takes_part = standing(user, challenge).takes_part
    form = JoinForm(request.POST, challenge=challenge)
    if form.version and not form.is_valid():
        problems = [str(message) for errors in form.errors.values() for message in errors]
        return _rules(request, challenge, problems=problems)
    accepted = challenge_join(challenge, user=user, rules=form.version)
    if takes_part:
        messages.success(request, f"Recorded: you accept version {accepted.rules.number} of the rules.")
        return redirect("challenges:rules", slug=slug)
    messages.success(request, f"You take part in “{challenge.title}”. The data are yours to download.")
    return redirect("challenges:data", slug=slug)


def _rules(
    request: HttpRequest, challenge: Challenge, *, number: int | None = None, problems: Sequence[str] = ()
) -> HttpResponse:
    versions = list(published_rules(challenge).defer("body"))
    current = versions[0] if versions else None
    shown = current if number is None else get_object_or_404(published_rules(challenge), number=number)
    context = {
        "challenge": challenge,
        "tab": "rules",
        "versions": versions,
        "current": current,
        "shown": shown,
        "form": JoinForm(challenge=challenge),
        "problems": problems,
        "join_is_over": join_is_over(challenge),
        "teams_close": teams_close(challenge),
    }
    return render(request, "challenges/rules.html", context, status=422 if problems else 200)
