"""Addresses of the guide."""

from django.urls import URLPattern, path

from podium.core import guide

app_name = "guide"
urlpatterns: list[URLPattern] = [
    path("guide/", guide.index, name="index"),
    path("guide/<slug:page>/", guide.page, name="page"),
]
