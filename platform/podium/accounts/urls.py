"""Addresses of the app `accounts`; allauth's own stand under /accounts/."""

from django.urls import URLPattern, path

from podium.accounts import views

app_name = "accounts"
urlpatterns: list[URLPattern] = [
    path("settings/", views.settings_page, name="settings"),
    path("settings/tokens/", views.tokens, name="tokens"),
    path("settings/tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
    path("settings/delete/", views.delete, name="delete"),
    path("people/<str:username>/", views.person, name="person"),
    path("owner/<str:token>/", views.owner, name="owner"),
]
