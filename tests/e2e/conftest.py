"""A real site (web, worker, beat) and a real browser, once for all tests of this folder that a worker runs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.start.site import ROOT, START_SECONDS, Site, environment

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE, PHONE = (1440, 900), (390, 844)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the cast, that shows its mails."""
    data: Path = tmp_path_factory.mktemp("e2e") / "var"
    stage = [sys.executable, "-m", "tests.e2e.stage"]
    subprocess.run(stage, cwd=ROOT, env=environment(data), check=True, timeout=START_SECONDS)
    with Site(data, settings={"PODIUM_DEMO": "1"}) as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def open_page(browser: Browser, site: Site, *, size: tuple[int, int] = WIDE, dark: bool = False) -> Page:
    """Open a fresh, signed-out page; whatever it complains about fails the test at its end."""
    context = browser.new_context(
        base_url=f"http://localhost:{site.port}",
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.complaints = []  # type: ignore[attr-defined]
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    return page


def sign_in(page: Page, name: str, password: str = "correct horse") -> None:
    """Sign in as one of the cast."""
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/")
