"""Is this container's program well? `python -m podium.core.healthy web|worker|coder|beat`: exit status 0 says yes.

Standard library only: it is asked every few seconds, and Django would take longer to start than to answer.
"""

import os
import socket
import sys
import time
import urllib.request
from pathlib import Path

WEB = "http://127.0.0.1:8000/health/"
STALE_SECONDS = 30  # podium.core.heartbeats gives a sign every five


def web() -> bool:
    """Does the site answer, and reach its database?"""
    request = urllib.request.Request(WEB, headers={"Host": "localhost"})
    with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310
        return bool(answer.status == 200)


def shows_itself(role: str) -> bool:
    """Has this machine's worker, coder or beat shown itself lately?"""
    sign = Path(os.environ["PODIUM_DATA_DIR"]) / "alive" / f"{role}@{socket.gethostname()}"
    return time.time() - sign.stat().st_mtime < STALE_SECONDS


if __name__ == "__main__":
    asked = sys.argv[1]
    sys.exit(0 if (web() if asked == "web" else shows_itself(asked)) else 1)
