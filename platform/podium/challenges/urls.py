"""Addresses of the app `challenges`."""

from django.urls import URLPattern, path

from podium.challenges import views

app_name = "challenges"
urlpatterns: list[URLPattern] = [
    path("challenges/", views.challenge_list, name="list"),
    path("challenges/<slug:slug>/", views.overview, name="overview"),
    path("challenges/<slug:slug>/pages/<slug:page>/", views.page, name="page"),
    path("challenges/<slug:slug>/data/", views.data, name="data"),
    path("challenges/<slug:slug>/data/all.zip", views.data_zip, name="data-zip"),
    path("challenges/<slug:slug>/data/<path:name>", views.data_file, name="data-file"),
    path("challenges/<slug:slug>/rules/", views.rules, name="rules"),
    path("challenges/<slug:slug>/rules/<int:number>/", views.rules, name="rules-version"),
    path("challenges/<slug:slug>/join/", views.join, name="join"),
]
