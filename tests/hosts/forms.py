"""Filling in a page's form as a browser would: everything that the page brings goes back, but what a person changes."""

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client


class Form(HTMLParser):
    """The fields of a page's main form, with their values, and what may be chosen."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside = False
        self.values: dict[str, Any] = {}
        self.choices: dict[str, list[str]] = {}
        self.select: tuple[str, bool] | None = None
        self.area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a field up."""
        has = dict(attrs)
        name = has.get("name") or ""
        if tag == "form" and (has.get("id") or "").endswith("_form"):
            self.inside = True
        elif not self.inside or "__prefix__" in name:
            return
        elif tag == "input" and name and has.get("type") not in {"submit", "file"}:
            self._input(name, has)
        elif tag == "select" and name:
            self.select = (name, "multiple" in has)
            self.choices[name] = []
        elif tag == "option" and self.select:
            self._option(has.get("value") or "", chosen="selected" in has)
        elif tag == "textarea" and name:
            self.area, self.values[name] = name, ""

    def _input(self, name: str, has: dict[str, str | None]) -> None:
        if has.get("type") != "checkbox":
            self.values[name] = has.get("value") or ""
        elif "checked" in has:
            self.values[name] = has.get("value") or "on"

    def _option(self, value: str, *, chosen: bool) -> None:
        assert self.select
        name, several = self.select
        self.choices[name].append(value)
        if chosen:
            self.values[name] = [*self.values.get(name, []), value] if several else value

    def handle_data(self, data: str) -> None:
        """Take what stands in a text area."""
        if self.area:
            self.values[self.area] += data

    def handle_endtag(self, tag: str) -> None:
        """Leave a field, or the form."""
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = None
        elif tag == "textarea" and self.area:
            self.values[self.area] = self.values[self.area].removeprefix("\n")
            self.area = None


def form_at(client: Client, address: str) -> Form:
    """Open a page and return its form."""
    answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return Form(answer.content.decode())


def fill(client: Client, address: str, **fields: Any) -> HttpResponse:
    """Open a page, change these fields, and send it."""
    answer: HttpResponse = client.post(address, {**form_at(client, address).values, **fields})
    return answer


def saved(answer: HttpResponse) -> bool:
    """Tell whether a form was taken: it then leads on."""
    if answer.status_code == 200:
        print(errors(answer))  # noqa: T201  (pytest shows it where the test fails)
    return answer.status_code == 302


def errors(answer: HttpResponse) -> list[str]:
    """Return what a page says is wrong."""
    assert answer.status_code == 200, answer.status_code
    context: Any = answer.context  # type: ignore[attr-defined]
    return [str(error) for group in context["errors"] for error in (group if isinstance(group, list) else [group])]
