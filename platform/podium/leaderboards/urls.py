"""Addresses of the app `leaderboards`."""

from django.urls import URLPattern, path

from podium.leaderboards import views

app_name = "leaderboards"
urlpatterns: list[URLPattern] = [
    path("challenges/<slug:slug>/leaderboard/", views.board, name="board"),
    path("challenges/<slug:slug>/leaderboard/<slug:board>/", views.board, name="board"),
    path("challenges/<slug:slug>/leaderboard/<slug:board>/board.csv", views.board_csv, name="csv"),
]
