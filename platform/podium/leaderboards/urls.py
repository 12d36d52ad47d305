"""Addresses of the app `leaderboards`."""

from django.urls import URLPattern

app_name = "leaderboards"
urlpatterns: list[URLPattern] = []
