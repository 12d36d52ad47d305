"""Every address of the site: each app names its own in its `urls.py`."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.static import serve

from podium.api.missing import Missing
from podium.challenges.views import home
from podium.core.views import health
from podium.hosts.site import host_site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("health/", health, name="health"),
    path("", include("podium.core.urls")),
    path("", include("podium.challenges.urls")),
    path("", include("podium.teams.urls")),
    path("", include("podium.submissions.urls")),
    path("", include("podium.leaderboards.urls")),
    path("", include("podium.accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("api/v1/", include("podium.api.urls")),
    re_path(r"^api/", Missing.as_view()),
    path("demo/", include("podium.demo.urls")),
    path("host/", host_site.urls),
    path("operate/", include("podium.submissions.operate_urls")),
    path("admin/", admin.site.urls),
    re_path(r"^media/(?P<path>people/[\w.-]+)$", serve, {"document_root": settings.MEDIA_ROOT}),
]
