"""Reading answers the way a person or a program does."""

from html.parser import HTMLParser
from typing import Any


def body(response: Any) -> bytes:
    """Return the bytes of an answer, streamed or not. Read to its end, a streamed one is closed by the client."""
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text(response: Any) -> str:
    """Return the words on a page, with single spaces between them."""
    parser = _Words()
    parser.feed(response.content.decode())
    return " ".join(" ".join(parser.words).split())


def found_titles(response: Any) -> list[tuple[str, list[str]]]:
    """Return what a list of challenges shows: each section that is there, with its titles in order."""
    sections = response.context["listing"].sections
    return [(s.state, [item.challenge.title for item in s.items]) for s in sections if s.count]
