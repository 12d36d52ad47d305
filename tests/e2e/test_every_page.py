"""Every page, in both themes and widths: axe finds nothing, nothing scrolls sideways, nothing heavy, no other host."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response

from tests.e2e.conftest import PHONE, WIDE, open_page, sign_in
from tests.start.site import Site

pytestmark = pytest.mark.e2e

MOST_BYTES = 150_000  # as transferred, without images
PAGES = {
    "visitor": [
        "/",
        "/challenges/",
        "/challenges/?q=nothing-like-this",
        "/challenges/forest/",
        "/challenges/forest/data/",
        "/challenges/forest/rules/",
        "/challenges/forest/leaderboard/",
        "/guide/",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/people/ada/",
        "/demo/mail/",
        "/nowhere/",
    ],
    "ada": [
        "/",
        "/challenges/forest/",
        "/challenges/forest/data/",
        "/challenges/forest/rules/",
        "/challenges/forest/leaderboard/",
        "/challenges/forest/submit/",
        "/challenges/forest/team/",
        "/submissions/2/",
        "/my/",
        "/settings/",
        "/settings/tokens/",
        "/settings/delete/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/logout/",
    ],
    "grace": [
        "/challenges/forest/",
        "/challenges/forest/leaderboard/private/",
        "/challenges/forest/submit/",
        "/submissions/1/",
    ],
}


def weigh(page: Page) -> list[Response]:
    """Remember what a page asks for from now on."""
    answers: list[Response] = []

    def remember(answer: Response) -> None:  # Playwright takes no method of a built-in type
        answers.append(answer)

    page.on("response", remember)
    return answers


def faults(page: Page, path: str, answers: list[Response]) -> list[str]:
    """Open a page and say what is wrong with it."""
    answers.clear()
    page.goto(path, wait_until="networkidle")
    found = [
        f"{violation['id']}: {violation['nodes'][0]['html'][:120]}"
        for violation in Axe().run(page).response["violations"]
    ]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append("scrolls sideways")
    hosts = {urlsplit(answer.url).hostname for answer in answers}
    if hosts != {"localhost"}:
        found.append(f"asks {hosts}")
    words = [answer for answer in answers if answer.request.resource_type != "image"]
    weight = sum(answer.request.sizes()["responseBodySize"] for answer in words)
    if weight > MOST_BYTES:
        found.append(f"weighs {weight:,} bytes")
    return [f"{path}: {fault}" for fault in found]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("who", PAGES)
def test_pages_are_accessible_light_and_alone(
    browser: Browser, site: Site, who: str, size: tuple[int, int], dark: bool
) -> None:
    page = open_page(browser, site, size=size, dark=dark)
    if who != "visitor":
        sign_in(page, who)
    answers = weigh(page)
    found = [fault for path in PAGES[who] for fault in faults(page, path, answers)]
    page.context.close()
    assert not found, "\n".join(found)
