"""An executed notebook for its team to read: HTML out of a sandbox, so foreign, from which all that acts is taken."""

from __future__ import annotations

import re
from pathlib import Path

from scoring.runners.clearing import cleared

RAW, CLEAN = "podium-notebook.html", "podium-notebook.clean.html"
LARGEST = 8 << 20
TAGS = {
    *("a", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2"),
    *("h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "span", "strong", "sub"),
    *("summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}
IMAGE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]+")
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;"
    "padding:0 1rem}pre{overflow:auto;padding:.5rem;background:rgba(128,128,128,.12)}img{max-width:100%}"
    "table{border-collapse:collapse}td,th{padding:.2rem .6rem;border:1px solid rgba(128,128,128,.4);text-align:right}"
)


def rendered(out: Path) -> Path | None:
    """Return the notebook as a page without anything active, or None where the sandbox left no notebook."""
    source = out / RAW
    try:
        if source.stat().st_size > LARGEST:
            return None
        text = source.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    place = cleared(out / CLEAN)
    place.write_text(_page(clean(text)), encoding="utf-8")
    return place


def clean(html: str) -> str:
    """Return the HTML with nothing but texts, tables, and pictures that are in it already."""
    import nh3  # noqa: PLC0415 - only where a notebook was run

    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style", "title", "svg", "math", "iframe", "object", "template"},
        attributes={"img": {"alt", "src"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "a": {"href"}},
        attribute_filter=_attribute,
        url_schemes={"https", "data"},
        link_rel="noopener noreferrer nofollow",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if IMAGE.fullmatch(value) else None
    if name == "href":
        return value if value.startswith("https://") else None
    return value


def _page(body: str) -> str:
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>Notebook</title>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n'
