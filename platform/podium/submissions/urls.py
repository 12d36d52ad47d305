"""Addresses of submissions."""

from django.urls import path

from podium.submissions import views

app_name = "submissions"
urlpatterns = [
    path("challenges/<slug:slug>/submit/", views.submit, name="submit"),
    path("submissions/<int:pk>/", views.detail, name="detail"),
    path("submissions/<int:pk>/state/", views.state, name="state"),
    path("submissions/<int:pk>/file/", views.file, name="file"),
    path("submissions/<int:pk>/log/<slug:stage>/", views.log, name="log"),
    path("submissions/<int:pk>/notebook/<slug:stage>/", views.notebook, name="notebook"),
    path("submissions/<int:pk>/predictions/", views.predictions, name="predictions"),
    path("submissions/<int:pk>/details/<int:run>/", views.details, name="details"),
    path("submissions/<int:pk>/select/", views.select, name="select"),
    path("submissions/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("my/", views.mine, name="mine"),
]
