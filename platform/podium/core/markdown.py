r"""The hosts' words: Markdown to safe HTML, with tables, formulas and coloured code.

How it stays safe. Raw HTML is not understood at all: it comes out as text. Formulas are turned into MathML here, and
the text in them is escaped again, for the converter does not do it. Then nh3 lets through only the elements and
attributes named below, whatever the steps before it did. Pictures may come from this site alone. How it stays bounded:
long texts are cut, and what is costly (formulas, colours) is counted.

Headings start at the second level, for the page has a first already. They get ids `h-…`, and `[text](#a-heading)` leads
to them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import nh3
from django.utils.safestring import SafeString, mark_safe
from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, String, _TokenType
from pygments.util import ClassNotFound

from podium.core.icons import icon

LONGEST_TEXT = 100_000
LONGEST_FORMULA = 2_000
DEEPEST_FORMULA = 40
MOST_FORMULAS = 400
LONGEST_COLOURED, MOST_COLOURED = 5_000, 20_000  # of one block, of a page: some lexers take quadratic time
LONGEST_RESULT = 2_000_000  # a text can name one long address thousands of times

_LANGUAGES = "bash ini json julia python r sh shell sql toml xml yaml"
_CLASSES = ((Comment, "c"), (String, "s"), (Keyword, "k"))

_TEXT = "p br hr strong em s code pre blockquote ul ol li a img h2 h3 h4 h5 h6 table thead tbody tr th td div span"
_MATH = (
    "math mrow mi mo mn ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts "
    "mprescripts mtable mtr mtd mstyle mpadded mphantom menclose"
)
_MATH_ATTRIBUTES = (
    "display displaystyle scriptlevel mathvariant stretchy fence form separator lspace rspace accent accentunder "
    "linethickness columnalign columnspacing rowspacing width height depth minsize maxsize largeop movablelimits "
    "symmetric notation"
)
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "pre": {"tabindex", "role", "aria-label"},
    "div": {"tabindex", "role", "aria-label"},
    **{heading: {"id"} for heading in ("h2", "h3", "h4", "h5", "h6")},
    **{element: set(_MATH_ATTRIBUTES.split()) for element in _MATH.split()},
}
_CLASSES_ALLOWED = {
    "div": {"code", "scroll", "formula"},
    "span": {"k", "s", "c"},
    "th": {"right", "centre"},
    "td": {"right", "centre"},
}
_LINK_SCHEMES = {"http", "https", "mailto"}
_CODE_OPENS = '<div class="code">'


@dataclass(frozen=True)
class Heading:
    """A heading of a rendered text, for a table of contents."""

    level: int
    anchor: str
    text: str


def render(text: str) -> SafeString:
    """Return safe HTML for a Markdown text; of what is longer than `LONGEST_TEXT` characters, the rest is left out."""
    return _rendered(text[: LONGEST_TEXT + 1])


@lru_cache(maxsize=64)
def _rendered(text: str) -> SafeString:
    body = _PARSER.render(_shortened(text))
    if len(body) > LONGEST_RESULT:
        body = f"<pre>{escape(_shortened(text))}</pre>"
    clean = nh3.clean(
        body,
        tags=set(f"{_TEXT} {_MATH}".split()),
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES_ALLOWED,
        url_schemes=_LINK_SCHEMES,
        link_rel="nofollow ugc noopener",
        attribute_filter=_attribute_filter,
        strip_comments=True,
    )
    return mark_safe(clean.replace(_CODE_OPENS, _CODE_OPENS + _copy_button()))  # noqa: S308  (nh3 cleaned it)


def outline(text: str) -> list[Heading]:
    """Return the headings of a Markdown text in order, with the ids they have on the page."""
    tokens = _PARSER.parse(_shortened(text))
    return [
        Heading(level=int(token.tag[1]), anchor=str(token.attrGet("id")), text=_plain(tokens[at + 1]))
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    kept = text[:LONGEST_TEXT].rpartition("\n")[0] or text[:LONGEST_TEXT]
    return f"{kept}\n\n*This text is longer than {LONGEST_TEXT:,} characters; the rest is not shown.*\n"


def _copy_button() -> str:
    label = '<button class="btn btn-small btn-quiet" type="button" data-copy hidden aria-label="Copy the code">'
    return f"{label}{icon('copy')}</button>"


def _attribute_filter(element: str, attribute: str, value: str) -> str | None:
    if element == "img" and attribute == "src" and not _is_ours(value):
        return None
    return value


def _is_ours(address: str) -> bool:
    """Return whether a picture comes from this site: no scheme, no host, no backslash that browsers read as a slash."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and not re.match(r"[\s/\\]{2}|\\", address)


def _anchor(text: str) -> str:
    return "h-" + (re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section")


def _plain(inline: Token) -> str:
    return "".join(
        child.content for child in inline.children or [] if child.type in ("text", "code_inline", "math_inline")
    )


def _place_headings(state: StateCore) -> None:
    """Move headings one level down, once, and give each an id of its own."""
    seen: dict[str, int] = {}
    for at, token in enumerate(state.tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if token.type == "heading_open":
            anchor = _anchor(_plain(state.tokens[at + 1]))
            seen[anchor] = seen.get(anchor, 0) + 1
            token.attrSet("id", anchor if seen[anchor] == 1 else f"{anchor}-{seen[anchor]}")


def _walk(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or [])


def _adapt_tokens(state: StateCore) -> None:
    """Turn what Markdown says into what the site's style sheets and rules expect."""
    formulas = code = 0
    for token in _walk(state.tokens):
        if token.type in ("th_open", "td_open"):
            _align(token)
        elif token.type == "link_open":
            href = str(token.attrGet("href") or "")
            if href.startswith("#") and not href.startswith("#h-"):
                token.attrSet("href", f"#{_anchor(href[1:])}")
        elif token.type == "fence":
            code += len(token.content)
            token.meta["too_much"] = len(token.content) > LONGEST_COLOURED or code > MOST_COLOURED
        elif token.type.startswith("math_"):
            formulas += 1
            token.meta["too_many"] = formulas > MOST_FORMULAS


def _align(cell: Token) -> None:
    style = str(cell.attrs.pop("style", ""))
    for word, name in (("right", "right"), ("center", "centre")):
        if word in style:
            cell.attrSet("class", name)


def _fence(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    token = tokens[at]
    language = token.info.split(maxsplit=1)[0].lower() if token.info.strip() else ""
    label = f"Example in {language.capitalize()}" if language in _LANGUAGES.split() else "Example"
    lexer = None if token.meta.get("too_much") else _lexer(language)
    code = "".join(_coloured(token.content.rstrip("\n"), lexer))
    return f'{_CODE_OPENS}<pre tabindex="0" role="group" aria-label="{label}"><code>{code}</code></pre></div>\n'


def _coloured(code: str, lexer: Lexer | None) -> Iterator[str]:
    if lexer is None:
        yield escape(code)
        return
    for name, run in groupby(lexer.get_tokens(code), key=lambda pair: _class(pair[0])):
        value = escape("".join(text for _, text in run))
        yield f'<span class="{name}">{value}</span>' if name else value


def _lexer(language: str) -> Lexer | None:
    if language not in _LANGUAGES.split():
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _class(kind: _TokenType) -> str:
    return next((name for family, name in _CLASSES if kind in family), "")


def _image(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    """Show a picture of this site; one from elsewhere becomes a link, so that no reader is counted by another host."""
    token = tokens[at]
    source, words = str(token.attrGet("src") or ""), escape(token.content)
    if _is_ours(source):
        return f'<img src="{escape(source)}" alt="{words}">'
    return f'<a href="{escape(source)}">{words or "Picture"}</a>'


def _formula(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    token = tokens[at]
    block = token.type != "math_inline"
    source = token.content.strip()
    mathml = None if token.meta.get("too_many") else formula(source, block=block)
    shown = mathml or f"<code>{escape(source)}</code>"
    return f'<div class="formula" tabindex="0" role="group" aria-label="Formula">{shown}</div>\n' if block else shown


def formula(source: str, *, block: bool = False) -> str | None:
    """Return MathML for LaTeX, or nothing where it is not understood, too long or too deep."""
    if len(source) > LONGEST_FORMULA or _depth(source) > DEEPEST_FORMULA:
        return None
    try:
        root = convert_to_element(source, display="block" if block else "inline")
    except Exception:  # the converter raises whatever its parser stumbles over; the page shows the source instead
        return None
    root.attrib.pop("xmlns", None)
    for element in root.iter():
        element.text = unescape(element.text) if element.text else None
    return ET.tostring(root, encoding="unicode")


def _depth(source: str) -> int:
    """Return how deep braces, environments and the like are nested, at most."""
    deep = deepest = 0
    for mark in re.findall(r"\\begin|\\left|\\end|\\right|\\.|[{}]", source):
        deep += mark in (r"\begin", r"\left", "{")
        deep -= mark in (r"\end", r"\right", "}")
        deepest = max(deepest, deep)
    return deepest


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
    parser.enable(["table", "strikethrough"])
    parser.disable(["html_block", "html_inline"])
    parser.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True)
    parser.core.ruler.push("podium_headings", _place_headings)
    parser.core.ruler.push("podium_tokens", _adapt_tokens)
    for name in ("fence", "code_block"):
        parser.add_render_rule(name, _fence)
    for name in ("math_inline", "math_inline_double", "math_block"):
        parser.add_render_rule(name, _formula)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


_PARSER = _parser()
