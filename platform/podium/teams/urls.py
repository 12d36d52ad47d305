"""Addresses of the app `teams`."""

from django.urls import URLPattern, path

from podium.teams import views

app_name = "teams"
urlpatterns: list[URLPattern] = [
    path("challenges/<slug:slug>/team/", views.team, name="team"),
    path("challenges/<slug:slug>/team/name/", views.rename, name="rename"),
    path("challenges/<slug:slug>/team/invitations/", views.invite, name="invite"),
    path("challenges/<slug:slug>/team/invitations/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("challenges/<slug:slug>/team/leave/", views.leave, name="leave"),
    path("challenges/<slug:slug>/team/people/<int:pk>/remove/", views.remove, name="remove"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]
