"""The Celery application: workers and beat start from here (`celery -A podium.config.celery …`)."""

import os

from celery import Celery

from podium.core import folder_queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podium.config.settings")
folder_queue.use()
app = Celery("podium")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
