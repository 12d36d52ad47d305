"""Addresses of the REST API, version 1."""

from django.urls import URLPattern, path, re_path
from drf_spectacular.views import SpectacularAPIView

from podium.api import challenges, leaderboards, people, submissions
from podium.api.missing import Missing
from podium.api.schema import Docs

app_name = "api"
urlpatterns: list[URLPattern] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", Docs.as_view(), name="docs"),
    path("me/", people.Me.as_view(), name="me"),
    path("challenges/", challenges.Challenges.as_view(), name="challenges"),
    path("challenges/<slug:slug>/", challenges.OneChallenge.as_view(), name="challenge"),
    path("challenges/<slug:slug>/join/", challenges.Join.as_view(), name="join"),
    path("challenges/<slug:slug>/files/", challenges.Files.as_view(), name="files"),
    path("challenges/<slug:slug>/files/<path:name>", challenges.File.as_view(), name="file"),
    path("challenges/<slug:slug>/submissions/", submissions.Submissions.as_view(), name="submissions"),
    path("challenges/<slug:slug>/leaderboards/", leaderboards.Boards.as_view(), name="boards"),
    path("challenges/<slug:slug>/leaderboards/<slug:board>/", leaderboards.Places.as_view(), name="board"),
    path("submissions/<int:pk>/", submissions.OneSubmission.as_view(), name="submission"),
    path("submissions/<int:pk>/select/", submissions.Select.as_view(), name="select"),
    path("submissions/<int:pk>/cancel/", submissions.Cancel.as_view(), name="cancel"),
    path("submissions/<int:pk>/file", submissions.SubmissionFile.as_view(), name="submission-file"),
    re_path(r"", Missing.as_view(), name="missing"),
]
