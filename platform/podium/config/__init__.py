"""Settings, addresses and the two applications: WSGI and Celery."""

from podium.config.celery import app as celery_app

__all__ = ["celery_app"]
