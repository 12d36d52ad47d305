"""The guide at /guide/: Markdown files in `templates/docs/`, shipped with the site and true of this version of it.

A file begins with lines `name: value` (title, for, order, summary), then an empty line, then the text. `SITE_URL` in a
text becomes this site's address, so that commands can be copied as they stand; `METRIC_TABLES` becomes all metrics.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from podium.core.guide_metrics import metric_tables
from podium.core.markdown import Heading, outline

AUDIENCES = {
    "participants": "For those who take part",
    "hosts": "For hosts",
    "operators": "For operators",
    "contributors": "For contributors",
}


@dataclass(frozen=True, slots=True)
class GuidePage:
    """A page of the guide."""

    slug: str
    title: str
    audience: str
    order: int
    summary: str
    body: str

    @property
    def headings(self) -> list[Heading]:
        """The page's sections, for a list of them."""
        return [heading for heading in outline(self.body) if heading.level == 2]


def read_page(path: Path) -> GuidePage:
    """Read a page; a front line that is missing raises `KeyError`."""
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    front = dict(line.split(": ", 1) for line in head.splitlines())
    return GuidePage(
        slug=path.stem,
        title=front["title"],
        audience=front["for"],
        order=int(front["order"]),
        summary=front["summary"],
        body=_filled(body),
    )


def _filled(body: str) -> str:
    body = body.replace("SITE_URL", settings.BASE_URL)
    return body.replace("METRIC_TABLES", metric_tables()) if "METRIC_TABLES" in body else body


@lru_cache(maxsize=1)
def all_pages() -> dict[str, GuidePage]:
    """Return every page by its name in the address, in the order of the guide."""
    audiences = list(AUDIENCES)
    pages = [read_page(path) for path in (Path(settings.TEMPLATES_DIR) / "docs").glob("*.md")]
    pages.sort(key=lambda page: (audiences.index(page.audience), page.order))
    return {page.slug: page for page in pages}


def chapters() -> list[tuple[str, list[GuidePage]]]:
    """Return the pages by whom they are for."""
    pages = all_pages().values()
    return [(title, [page for page in pages if page.audience == audience]) for audience, title in AUDIENCES.items()]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show what the guide holds."""
    return render(request, "docs/index.html", {"chapters": chapters()})


@require_safe
def page(request: HttpRequest, page: str) -> HttpResponse:
    """Show a page of the guide."""
    pages = all_pages()
    if page not in pages:
        raise Http404("the guide has no such page")
    order = list(pages.values())
    at = order.index(pages[page])
    context = {
        "chapters": chapters(),
        "page": pages[page],
        "previous": order[at - 1] if at else None,
        "next": order[at + 1] if at + 1 < len(order) else None,
    }
    return render(request, "docs/page.html", context)
