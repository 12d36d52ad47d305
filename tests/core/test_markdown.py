"""The hosts' words become safe HTML, with tables, formulas and code, in bounded time."""

import re
import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from podium.core.markdown import LONGEST_TEXT, MOST_FORMULAS, Heading, formula, outline, render

SAFE_SCHEMES = {"", "http", "https", "mailto"}
OURS = {"button", "svg", "use"}  # the copy button, put in after the cleaning


class Found(HTMLParser):
    """What a browser would make of a text: its elements, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "<b onmouseover=alert(1)>x</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#10;script:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:alert(1))",
        "<javascript:alert(1)>",
        '[x](http://a "\\" onclick=alert(1) \\"")',
        '![x" onerror="alert(1)](/a.png)',
        "![x](javascript:alert(1))",
        "![x](data:image/svg+xml,<svg onload=alert(1)>)",
        "$\\text{<script>alert(1)</script>}$",
        "$\\text{&lt;script&gt;alert(1)}$",
        "$\\text{</mtext></math><img src=x onerror=alert(1)>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\style{background:url(javascript:alert(1))}{x}$",
        "$\\class{btn}{x}$",
        "$$\n</math><script>alert(1)</script>\n$$",
        "$\\<img src=x onerror=alert(1)>$",
        '```"><script>alert(1)</script>\nx\n```',
        '```python" onclick="alert(1)\nx\n```',
        "`<script>alert(1)</script>`",
        "# <script>alert(1)</script>",
        '# " onclick="alert(1)',
        "|<script>alert(1)</script>|\n|-|\n|<svg onload=alert(1)>|",
        "[x]: javascript:alert(1)\n\n[x]",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<!-- --><script>alert(1)</script>",
        '<div class="code">\n\n<script>alert(1)</script>',
    ],
)
def test_no_script_comes_through(attack: str) -> None:
    html = render(f"before\n\n{attack}\n\nafter")
    for tag, attributes in Found(html).elements:
        assert tag not in {"script", "iframe", "object", "embed", "style", "form", "input", "link", "meta", "base"}
        if tag in OURS:
            continue
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "srcset", "xlink:href"}]
        for name in ("href", "src"):
            assert urlsplit(attributes.get(name) or "").scheme in SAFE_SCHEMES
        assert "href" not in attributes or tag == "a"
    assert "before" in html
    assert "after" in html


def test_what_looks_like_html_is_shown_as_text() -> None:
    assert "<b>bold</b>" in Found(render("<b>bold</b>")).text


def test_headings_leave_the_first_level_to_the_page_and_can_be_linked_to() -> None:
    html = render("# Rules\n\n## Data\n\n## Data\n\n###### Small\n\n[there](#data)")
    assert '<h2 id="h-rules">Rules</h2>' in html
    assert '<h3 id="h-data">Data</h3>' in html
    assert '<h3 id="h-data-2">Data</h3>' in html
    assert '<h6 id="h-small">Small</h6>' in html
    assert 'href="#h-data"' in html


def test_the_outline_has_the_ids_of_the_page() -> None:
    text = "# What *to* predict\n\nwords\n\n## `id`\n"
    assert outline(text) == [Heading(2, "h-what-to-predict", "What to predict"), Heading(3, "h-id", "id")]


def test_links_do_not_vouch_for_where_they_lead() -> None:
    (link,) = [attributes for tag, attributes in Found(render("[x](https://example.org)")).elements if tag == "a"]
    assert link["rel"] == "nofollow ugc noopener"


def test_numbers_in_tables_line_up_by_class_and_not_by_style() -> None:
    html = render("| a | b |\n|---|--:|\n| x | 1 |")
    assert '<th class="right">b</th>' in html
    assert '<td class="right">1</td>' in html
    assert "style" not in html
    assert 'tabindex="0"' in html


def test_a_picture_of_this_site_is_shown() -> None:
    assert '<img src="/media/plot.png" alt="A plot">' in render("![A plot](/media/plot.png)")


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/a.png", "//elsewhere.example/a.png", "data:image/png,x"]
)
def test_a_picture_from_elsewhere_becomes_a_link_and_is_not_fetched(address: str) -> None:
    html = render(f"![A plot](<{address}>)")
    assert "<img" not in html
    assert "A plot" in html


@pytest.mark.parametrize(
    "address", ["/\\elsewhere.example/a.png", "\\\\elsewhere.example/a.png", "/\t/elsewhere.example"]
)
def test_backslashes_lead_to_no_other_host(address: str) -> None:
    for _, attributes in Found(render(f"![A plot](<{address}>)")).elements:
        assert not re.match(r"[/\\\s]{2}", attributes.get("src") or attributes.get("href") or "")


def test_formulas_become_mathml_in_the_line_and_on_their_own() -> None:
    html = render("So $a < b$, and\n\n$$\n\\frac{1}{7} \\sum_k x_k\n$$\n")
    assert '<math display="inline"><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow></math>' in html
    assert '<div class="formula"' in html
    assert '<math display="block">' in html
    assert "<mfrac>" in html


@pytest.mark.parametrize("source", ["\\frac{", "x_{", "\\left( x \\right", "{" * 3000, "\\begin{matrix}" * 200, "^^"])
def test_a_formula_that_is_not_understood_is_shown_as_it_was_written(source: str) -> None:
    assert formula(source) is None
    assert source in Found(render(f"${source}$")).text


def test_a_dollar_price_is_no_formula() -> None:
    assert "<math" not in render("It costs 5 $ or 6 $ a day.")


def test_code_has_colours_a_label_and_a_button_to_copy_it() -> None:
    html = render('```python\nimport x  # why\nprint("s")\n```')
    assert '<span class="k">import</span>' in html
    assert '<span class="c"># why</span>' in html
    assert '<span class="s">&quot;s&quot;</span>' in html or '<span class="s">"s"</span>' in html
    assert 'aria-label="Example in Python"' in html
    assert "data-copy hidden" in html
    assert Found(html).text.strip() == 'import x  # why\nprint("s")'


def test_code_in_a_language_that_nobody_knows_stays_plain() -> None:
    html = render("```brainf\n++ <x>\n```")
    assert "<span" not in html
    assert "++ &lt;x&gt;" in html


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    html = render("word " * LONGEST_TEXT)
    assert "longer than 100,000 characters" in html
    assert len(html) < 1.2 * LONGEST_TEXT


def test_too_many_formulas_are_shown_as_source() -> None:
    assert render("$x$ " * (MOST_FORMULAS + 50)).count("<math") == MOST_FORMULAS


def test_one_long_address_named_often_does_not_make_a_huge_page() -> None:
    assert len(render("[x]: /" + "a" * 5000 + "\n\n" + "[x] " * 20_000)) < 3_000_000


HOSTILE = {
    "brackets": "[" * LONGEST_TEXT,
    "images": "![" * (LONGEST_TEXT // 2),
    "stars": "*a " * (LONGEST_TEXT // 3),
    "quotes": ">" * LONGEST_TEXT,
    "lists": "\n".join("  " * deep + "- a" for deep in range(300)),
    "backticks": " ".join("`" * count for count in range(440)),
    "dollars": "$a " * (LONGEST_TEXT // 3),
    "tables": "a|b\n-|-\n" * (LONGEST_TEXT // 8),
    "wide table": "|a" * 500 + "|\n" + "|-" * 500 + "|\n" + ("|1" * 500 + "|\n") * 90,
    "formulas": ("$" + "\\frac{a}{b}" * 150 + "$\n\n") * 50,
    "code": ("```ini\n" + ": " * 2450 + "\n```\n") * 20,
    "backslashes": "\\" * LONGEST_TEXT,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    began = time.process_time()
    render(text)
    assert time.process_time() - began < 10
