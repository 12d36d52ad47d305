"""What the doctor says about the queues."""

from collections.abc import Iterator

from django.db.utils import DatabaseError

from podium.core.doctor import OK, WARN, Finding
from podium.core.preparing import command_line
from podium.submissions.states import Queue
from podium.submissions.waiting import Load, Queues


def queues() -> Iterator[Finding]:
    """One line a queue in which something waits, or that somebody serves."""
    now = Queues()
    try:
        rows = [(queue, now.loads.get(queue, Load()), now.at_once(queue)) for queue in Queue]
    except DatabaseError:
        return  # another line says what is wrong with it
    for queue, load, at_once in rows:
        text = f"{load.waiting:,} waiting, {load.running:,} running, {at_once} at once"
        if at_once:
            yield Finding(f"Queue “{queue}”", OK, text)
        elif load.waiting:
            yield Finding(f"Queue “{queue}”", WARN, f"{text}: no worker takes them", command_line("up"))
