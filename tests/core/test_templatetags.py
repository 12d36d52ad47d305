"""Tags, includes, forms and error pages, and the house rules of templates and style sheets."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import get_template, render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from podium.core.emblems import hue, initials
from podium.core.icons import ICONS
from tests.cast import Cast

TEMPLATES = Path(settings.TEMPLATES_DIR)
STATIC = Path(settings.STATIC_DIR)
PAGES = sorted(TEMPLATES.rglob("*.html"))
AT = datetime(2026, 12, 14, 23, 59, tzinfo=UTC)


def draw(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context, context.pop("request", None))  # type: ignore[arg-type]


def test_a_moment_is_a_time_that_machines_read_too() -> None:
    assert draw("{% when at %}", at=AT) == '<time datetime="2026-12-14T23:59:00Z">Mon 14 Dec 2026, 23:59 UTC</time>'
    assert "Tue 15 Dec 2026, 00:59 CET</time>" in draw('{% when at zone="Europe/Zurich" %}', at=AT)
    assert ">14 Dec</time>" in draw('{% when at style="day" %}', at=AT)
    assert draw("{% when at %}{% ago at %}{% until at %}", at=None) == "–––"


def test_a_state_has_a_shape_and_a_word() -> None:
    for state in ("received", "queued", "running", "scored", "rejected", "failed", "cancelled"):
        html = draw("{% state state %}", state=state)
        assert f"#i-{state}" in html
        assert state.title() in html


def test_an_emblem_is_the_same_everywhere_and_differs_between_teams() -> None:
    assert draw('{% emblem "Held Out" %}') == draw('{% emblem "Held Out" %}')
    assert len({draw("{% emblem name %}", name=f"team {each}") for each in range(50)}) > 40
    assert {hue(f"name {each}") for each in range(200)} == set(range(8))


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ines Halvorsen", "IH"),
        ("ada", "AD"),
        ("ruth_castellano", "RC"),
        ("A", "A"),
        ("", "?"),
        ("--", "?"),
        ("李 明", "李明"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_an_avatar_has_the_name_of_the_person_and_escapes_it(cast: Cast) -> None:
    cast.ada.name = '"><script>'
    html = draw("{% avatar user %}", user=cast.ada)
    assert "<script>" not in html
    assert 'role="img" aria-label="&quot;&gt;&lt;script&gt;"' in html
    assert "Former participant" in draw("{% avatar user %}", user=None)
    assert 'aria-hidden="true"' in draw("{% avatar user quiet=True %}", user=cast.ben)


def test_an_avatar_shows_the_picture_where_there_is_one(cast: Cast) -> None:
    cast.ada.picture.name = "people/ada.webp"
    html = draw('{% avatar user size="large" %}', user=cast.ada)
    assert '<img class="av av-large" src="/media/people/ada.webp"' in html


def test_a_quota_is_boxes_while_they_can_be_counted() -> None:
    html = draw("{% pips used=2 limit=5 %}")
    assert 'aria-label="3 of 5 submissions left today"' in html
    assert html.count('<li class="used">') == 2
    assert html.count("<li") == 5
    assert "1,400 of 1,500" in draw("{% pips used=100 limit=1500 %}")


def test_pagination_keeps_the_rest_of_the_query() -> None:
    request = RequestFactory().get("/challenges/?q=forest&page=7")
    html = draw('{% include "includes/pages.html" %}', page=Paginator(range(1000), 10).page(7), request=request)
    assert 'href="?q=forest&amp;page=8"' in html
    assert re.findall(r">([\d…]+)<", html) == ["1", "…", "6", "7", "8", "…", "100"]
    assert 'aria-current="page">7<' in html


def test_one_page_needs_no_pagination() -> None:
    assert draw('{% include "includes/pages.html" %}', page=Paginator(range(3), 10).page(1)).strip() == ""


class Example(forms.Form):
    name = forms.CharField(help_text="3 to 40 characters.")
    note = forms.CharField(widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(choices=[("a", "A")])
    agree = forms.BooleanField(label="I accept the rules")
    who = forms.ChoiceField(choices=[("a", "Anybody"), ("b", "People with a link")], widget=forms.RadioSelect)
    marked = forms.CharField(widget=forms.TextInput(attrs={"class": "input mono"}))


def test_every_form_has_label_help_control_and_error_in_this_order() -> None:
    html = str(Example({"name": ""}))
    name = html[: html.index('for="id_note"')]
    places = [name.index(part) for part in ("<label", 'id="id_name_helptext"', 'class="input"', 'id="id_name_error"')]
    assert places == sorted(places)
    assert 'aria-invalid="true"' in name
    assert 'aria-describedby="id_name_helptext id_name_error"' in name


def test_controls_have_their_class_and_keep_one_that_a_form_gave_them() -> None:
    html = str(Example())
    assert 'class="textarea"' in html
    assert 'class="select"' in html
    assert 'class="input mono"' in html
    assert html.count('<label class="choice"') == 3
    assert "<legend>Who</legend>" in html


def test_a_drop_zone_is_a_real_file_input() -> None:
    class Upload(forms.Form):
        file = forms.FileField(label="Predictions file")

    form = Upload({}, {})
    form.is_valid()
    html = draw('{% include "includes/drop.html" with note="CSV" max_bytes=5 %}', field=form["file"])
    assert '<input type="file" name="file"' in html
    assert 'data-max-bytes="5"' in html
    assert 'aria-describedby="id_file_helptext id_file_error"' in html


def test_what_a_message_says_is_escaped_and_marked_by_its_level(client: Client, cast: Cast) -> None:
    from django.contrib.messages.storage.base import Message

    html = render_to_string("includes/messages.html", {"messages": [Message(40, "<b>no</b>")]})
    assert "is-err" in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html


# Error pages


@pytest.mark.django_db
def test_a_wrong_address_is_answered_in_our_words(client: Client) -> None:
    answer = client.get("/no/such/<script>/")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "There is nothing on this step" in page
    assert "/no/such/&lt;script&gt;/" in page


def test_the_page_for_our_own_faults_needs_neither_context_nor_database() -> None:
    page = get_template("500.html").render()
    assert "It was not you" in page
    assert "{{" not in page


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "429"])
def test_error_pages_have_one_heading_and_a_way_on(name: str) -> None:
    page = render_to_string(f"{name}.html", {"site_name": "Podium"})
    assert page.count("<h1") == 1
    assert 'class="btn btn-primary" href="/' in page


@pytest.mark.django_db
def test_a_form_without_its_key_is_explained() -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {})
    assert answer.status_code == 403
    assert "That form was too old" in answer.content.decode()


# The shell


def test_everybody_finds_the_way_from_the_header(client: Client, cast: Cast) -> None:
    visitor = client.get(reverse("home")).content.decode()
    assert f'href="{reverse("account_login")}"' in visitor
    client.force_login(cast.ada)
    ada = client.get(reverse("home")).content.decode()
    for address in ("challenges:list", "guide:index", "submissions:mine", "accounts:settings", "account_logout"):
        assert f'"{reverse(address)}"' in ada
    assert f'href="{reverse("host:index")}"' not in ada


def test_only_who_hosts_sees_the_way_to_the_console(client: Client, cast: Cast) -> None:
    client.force_login(cast.grace)
    assert f'href="{reverse("host:index")}"' in client.get(reverse("home")).content.decode()


def test_the_header_links_to_no_nothing(client: Client, cast: Cast) -> None:
    for person in (None, cast.ada, cast.grace):
        if person:
            client.force_login(person)
        page = client.get(reverse("home")).content.decode()
        assert 'href=""' not in page
        assert 'action=""' not in page[: page.index("<main")]


# House rules


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_page_has_inline_style_or_script(path: Path) -> None:
    text = re.sub(r"{[%#].*?[%#]}", "", path.read_text())
    assert not re.search(r"\sstyle\s*=", text), "A strict policy forbids style attributes: give it a class."
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text), "A strict policy forbids inline scripts."
    assert not re.search(r"<\w[^>]*\son[a-z]+\s*=", text), "A strict policy forbids event attributes."
    assert not re.search(r'\b(src|href)="(https?:)?//', text) or "guide" in path.parts or "emails" in path.parts


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_icon_that_a_page_names_is_in_the_sprite(path: Path) -> None:
    named = set(re.findall(r"""{%\s*(?:icon|sprite)\s+["']([\w-]+)["']""", path.read_text()))
    assert named <= ICONS


def test_the_sprite_holds_exactly_the_icons_that_have_names() -> None:
    drawn = re.findall(r'<symbol id="i-([\w-]+)"', (STATIC / "img/icons.svg").read_text())
    assert sorted(drawn) == sorted(ICONS)


@pytest.mark.parametrize("path", sorted((STATIC / "css").glob("*.css")), ids=lambda path: path.name)
def test_colours_come_from_the_tokens(path: Path) -> None:
    if path.name == "tokens.css":
        return
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text())


def test_every_style_sheet_is_linked_once() -> None:
    linked = re.findall(r"css/([\w-]+)\.css", (TEMPLATES / "includes/styles.html").read_text())
    assert sorted(linked) == sorted(path.stem for path in (STATIC / "css").glob("*.css"))
