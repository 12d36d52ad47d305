"""A connection that breaks: everything is passed on to a site, until so many bytes of an answer have come."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

BUFFER = 1 << 16


@contextmanager
def breaking(url: str, after: list[int]) -> Iterator[str]:
    """Give the address of a way to `url` whose first connections end after so many bytes of answers each."""
    site = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as door:
        stop = threading.Event()
        worker = threading.Thread(
            target=_serve, args=(door, (site.hostname, site.port), list(after), stop), daemon=True
        )
        worker.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        stop.set()
        with socket.create_connection(door.getsockname()):  # wake it, so that it sees that it shall stop
            pass
        worker.join(5)


def _serve(door: socket.socket, site: tuple[str, int], after: list[int], stop: threading.Event) -> None:
    while True:
        client, _ = door.accept()
        if stop.is_set():
            client.close()
            return
        most = after.pop(0) if after else None
        threading.Thread(target=_pass_on, args=(client, site, most), daemon=True).start()


def _pass_on(client: socket.socket, site: tuple[str, int], most: int | None) -> None:
    with client, socket.create_connection(site) as server:
        threading.Thread(target=_copy, args=(client, server, None), daemon=True).start()
        _copy(server, client, most)


def _copy(source: socket.socket, target: socket.socket, most: int | None) -> None:
    try:
        while data := source.recv(BUFFER):
            target.sendall(data if most is None else data[:most])
            if most is not None:
                most -= min(len(data), most)
                if most == 0:
                    break
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side has gone: so does the other
