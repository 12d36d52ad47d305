"""Addresses of the app `demo`."""

from django.urls import URLPattern, path

from podium.demo import views

app_name = "demo"
urlpatterns: list[URLPattern] = [path("mail/", views.mail, name="mail")]
