"""Addresses of the operators' own pages."""

from django.urls import path

from podium.submissions import operating

app_name = "operate"
urlpatterns = [path("queue/", operating.queue, name="queue")]
