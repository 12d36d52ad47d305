"""The way that everybody takes: sign up, confirm, join, download, submit, watch, see the rank."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import predictions
from tests.e2e.conftest import PHONE, WIDE, open_page
from tests.start.site import Site

pytestmark = pytest.mark.e2e


def sign_up(page: Page, name: str) -> None:
    """Make an account, and confirm its address by the mail that was sent."""
    page.goto("/accounts/signup/")
    page.locator("input[name=email]").fill(f"{name}@example.org")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password1]").fill("a long enough pass phrase")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/confirm-email/")
    page.goto("/demo/mail/")
    page.locator("a[href*='/accounts/confirm-email/']").first.click()
    page.locator("main button[type=submit]").click()
    page.wait_for_load_state()
    if page.locator("input[name=login]").count():
        page.locator("input[name=login]").fill(name)
        page.locator("input[name=password]").fill("a long enough pass phrase")
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/")


def join_and_download(page: Page, folder: Path) -> bytes:
    """Accept the rules and fetch the sample file."""
    page.goto("/challenges/forest/rules/")
    page.get_by_label(re.compile("I have read version 1")).check()
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/data/")
    with page.expect_download() as download:
        page.locator("a[href$='sample_submission.csv']").first.click()
    target = folder / "sample.csv"
    download.value.save_as(target)
    return target.read_bytes()


def submit(page: Page, file: Path) -> None:
    """Send a file in, and stay on its page until the score is there."""
    page.goto("/challenges/forest/submit/")
    expect(page.get_by_text("5 are left")).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Note to yourselves").fill("my first")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(r"/submissions/\d+/"))
    expect(page.locator("#reading .state-scored")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize(("name", "size"), [("nadia", WIDE), ("oskar", PHONE)], ids=["wide", "phone"])
def test_from_no_account_to_a_rank(
    browser: Browser, site: Site, tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    page = open_page(browser, site, size=size)
    sign_up(page, name)
    assert join_and_download(page, tmp_path).startswith(b"id,label\n")
    mine = tmp_path / "mine.csv"
    mine.write_bytes(predictions(14))

    submit(page, mine)

    expect(page.locator("#reading .value").first).to_have_text("0.7000")
    page.goto("/challenges/forest/leaderboard/")
    own = page.locator("tr.is-you").first
    expect(own).to_contain_text(name)
    expect(own).to_contain_text("0.7000")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_without_scripts_a_file_can_be_sent_all_the_same(browser: Browser, site: Site, tmp_path: Path) -> None:
    context = browser.new_context(base_url=f"http://localhost:{site.port}", java_script_enabled=False)
    page = context.new_page()
    page.goto("/accounts/login/?next=/challenges/forest/submit/")
    page.locator("input[name=login]").fill("chen")
    page.locator("input[name=password]").fill("correct horse")
    page.locator("main button[type=submit]").click()
    mine = tmp_path / "mine.csv"
    mine.write_bytes(b"id,label\n")
    page.locator("input[type=file]").set_input_files(mine)
    page.locator("main form button.btn-primary").click()
    for _ in range(100):
        page.reload()
        if page.locator("#reading .callout.is-err").count():
            break
        page.wait_for_timeout(300)
    expect(page.locator("#reading .callout.is-err")).to_contain_text("no rows of data")
