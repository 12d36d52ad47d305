"""Gunicorn's settings: `gunicorn -c python:podium.core.webserver`.

Threads, because a request mostly waits: for the database, or for the next piece of an upload, which goes to disk as it
comes. A silent upload is not a hung worker: the timeout is about the worker's main loop, not about one request.
"""

import signal
from pathlib import Path
from typing import Any

from django.conf import settings

from podium.core.tether import tie_to_parent

wsgi_app = "podium.config.wsgi:application"
worker_class = "gthread"
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
preload_app = True  # one import instead of one a worker
timeout = 60
graceful_timeout = 8
keepalive = 15
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (a heartbeat that never waits for a disk)
accesslog = None  # paths carry one-time links; a proxy that logs them is the operator's own choice
errorlog = "-"


def post_fork(_server: Any, worker: Any) -> None:
    """End each worker with its master, however that ends."""
    tie_to_parent(signal.SIGTERM, worker.ppid)
