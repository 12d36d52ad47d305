"""The hosts' own admin, at `/host/`. Django's own, at `/admin/`, is the operators' alone."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from podium.challenges.models import Role
from podium.core.errors import Forbidden


class HostSite(AdminSite):
    """A second admin for whoever has a role on a challenge. What they see and change there, `hosts.base` limits."""

    site_header = site_title = "Hosting"
    index_title = "Your challenges"
    site_url = "/challenges/"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in operators and whoever has a role somewhere."""
        user = request.user
        if not user.is_authenticated or not user.is_active:
            return False
        return user.is_superuser or Role.objects.filter(user=user).exists()

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people to the site's own sign-in; who is signed in and hosts nothing has no right here."""
        if request.user.is_authenticated:
            raise Forbidden(
                "You host no challenge yet. An owner of one, or an operator of this site, can make you a host."
            )
        return redirect_to_login(request.GET.get("next", "/host/"))


host_site = HostSite(name="host")
