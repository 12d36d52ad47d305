"""The guide: its pages are there, and what they name exists."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.test import Client

import podium.config
import scoring.metrics
from podium.client.main import podium as client
from podium.core.guide import AUDIENCES, all_pages
from scoring import sandbox
from scoring.metrics import registry

pytestmark = pytest.mark.django_db
PAGES = sorted(path.stem for path in (Path(settings.TEMPLATES_DIR) / "docs").glob("*.md"))
FIRST_CELL = re.compile(r"^\| `([A-Za-z0-9_]+)` \|", re.MULTILINE)


def body(page: str) -> str:
    return all_pages()[page].body


def test_the_index_leads_to_every_page() -> None:
    html = Client().get("/guide/").content.decode()
    assert [page for page in PAGES if f'href="/guide/{page}/"' not in html] == []
    assert [title for title in AUDIENCES.values() if title not in html] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_there_and_all_its_links_lead_somewhere(page: str) -> None:
    answer = Client().get(f"/guide/{page}/")
    assert answer.status_code == 200
    html = answer.content.decode()
    assert f"<h1>{all_pages()[page].title}</h1>".replace("'", "&#x27;") in html
    inside = html.partition("<main")[2].partition("</main>")[0]
    links = set(re.findall(r'href="(/[^"#]*)', inside))
    pages = [link for link in links if not link.startswith("/static/")]
    assert [link for link in pages if Client().get(link).status_code not in (200, 302)] == []
    ids = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)', inside)) <= ids


def test_a_page_that_is_not_there_is_404() -> None:
    assert Client().get("/guide/nothing/").status_code == 404
    assert Client().get("/guide/index/").status_code == 404


def test_commands_to_copy_name_this_site() -> None:
    html = Client().get("/guide/submit/").content.decode()
    assert f"podium login --url {settings.BASE_URL}" in html
    assert "SITE_URL" not in html


def test_every_setting_is_explained_and_every_explained_one_exists() -> None:
    folder = Path(podium.config.__file__ or "").parent
    read: set[str] = set()
    for name in ("settings.py", "env.py"):
        read |= set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (folder / name).read_text()))
    for path in Path(sandbox.__file__ or "").parent.glob("*.py"):  # workers' sandboxes read some themselves
        read |= set(re.findall(r'"(PODIUM_[A-Z_]+)"', path.read_text()))
    assert set(FIRST_CELL.findall(body("settings"))) == read


def test_every_metric_is_listed_with_its_direction() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (higher|lower) \|", body("metrics"), re.MULTILINE)
    assert dict(rows) == {metric.name: "higher" if metric.greater_is_better else "lower" for metric in registry}


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_site_that_is_named_exists(page: str) -> None:
    named = set(re.findall(r"manage\.py ([a-z]+)", body(page)))
    assert named <= set(get_commands())


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_client_that_is_named_exists(page: str) -> None:
    named = set(re.findall(r"(?:^|`)podium ([a-z]+)", body(page), re.MULTILINE))
    assert named <= set(client.commands)


def test_every_code_of_a_rejection_in_the_guide_is_one_that_scoring_gives() -> None:
    source = "".join(path.read_text() for path in Path(scoring.metrics.__file__ or "").parents[1].glob("*.py"))
    cells = re.findall(r"^\| (`[a-z_`, ]+) \|", body("formats"), re.MULTILINE)
    codes = {code for cell in cells for code in re.findall(r"`(\w+)`", cell)}
    assert codes
    assert {code for code in codes if f'"{code}"' not in source} == set()
