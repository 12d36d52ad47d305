"""The hosts' own admin, at `/host/`. Django's own, at `/admin/`, is the operators' alone."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.views import logout
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver

from podium.challenges.rules import hosts_something
from podium.core.errors import Forbidden
from podium.core.uploads import refuse_if_longer

LARGEST_UPLOAD = 10_240 * 2**20  # what a phase may be set to take, a host may send
ELSEWHERE = {"view_on_site", "autocomplete"}  # Django's ways to any row of any app: no page here needs them


class HostSite(AdminSite):
    """A second admin for whoever has a role on a challenge. What they see and change there, `hosts.base` limits."""

    index_title = "Your challenges"
    index_template = "admin/host_index.html"
    site_url = "/challenges/"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Call the pages by the site's name."""
        title = f"{settings.SITE_NAME}, for hosts"
        return {**super().each_context(request), "site_header": title, "site_title": title}

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in operators and whoever has a role somewhere."""
        return bool(hosts_something(request.user))

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Leave out what reaches beyond a host's rows."""
        urls = [each for each in super().get_urls() if getattr(each, "name", None) not in ELSEWHERE]
        _look_for_tokens_late(urls)
        return urls

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Let hosts send large data: the body's limit is set before `super` reads it, to look for the token."""
        guarded = super().admin_view(view, cacheable)

        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if self.has_permission(request):
                refuse_if_longer(request, limit=LARGEST_UPLOAD)
            return guarded(request, *args, **kwargs)

        return limited

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people to the site's own sign-in; who is signed in and hosts nothing has no right here."""
        if self.has_permission(request):
            return redirect("host:index")
        if request.user.is_authenticated:
            raise Forbidden(
                "You host no challenge yet. An owner of one, or an operator of this site, can make you a host."
            )
        return redirect_to_login(request.GET.get("next", "/host/"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Sign out as everywhere."""
        return logout(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Passwords are changed where everybody's are."""
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The same."""
        return redirect("accounts:settings")


def _look_for_tokens_late(urls: list[URLResolver | URLPattern]) -> None:
    """Keep the middleware from reading a body before its limit is set; `admin_view` asks for the token itself."""
    pages = [url for each in urls if isinstance(each, URLResolver) for url in each.url_patterns]
    for page in pages:
        assert isinstance(page, URLPattern)
        page.callback.csrf_exempt = True  # type: ignore[attr-defined]


host_site = HostSite(name="host")
