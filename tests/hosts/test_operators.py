"""Django's own admin, at /admin/: the operators' alone, and but for words and accounts, for looking."""

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

from podium.challenges.models import Page, Tag
from podium.core.events import record
from podium.core.models import Event
from podium.submissions.models import Submission
from podium.teams.services import baseline_create
from tests.cast import Cast, predictions
from tests.hosts.forms import fill, saved
from tests.submissions.sending import send

pytestmark = pytest.mark.django_db

CHANGEABLE = {"challenges.tag", "accounts.user"}
OURS = [model for model in admin.site._registry if model._meta.app_config.name.startswith("podium.")]


@pytest.fixture
def stage(cast: Cast) -> Cast:
    """The cast, with something to look at in every list."""
    from podium.submissions.tasks import drain

    Tag.objects.create(name="sand", slug="sand")
    Page.objects.create(challenge=cast.forest, slug="hints", title="Hints")
    baseline_create(cast.forest, name="Base", actor=cast.grace)
    send(cast.client("ada"), predictions(12))
    drain()
    record(cast.forest, "looked_at", actor=cast.root)
    return cast


def addresses(model: type[Model]) -> list[str]:
    """Return a model's list, and the page of its newest row."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    pk = model._default_manager.latest("pk").pk
    return [reverse(f"{name}_changelist"), f"{reverse(f'{name}_changelist')}?q=a", reverse(f"{name}_change", args=[pk])]


def test_operators_look_at_everything(stage: Cast) -> None:
    root = stage.client("root")
    answers = {address: root.get(address).status_code for model in OURS for address in addresses(model)}
    assert len(answers) == 3 * len(OURS)
    assert set(answers.values()) == {200}, answers


@pytest.mark.parametrize("person", ["visitor", "vera", "ada", "jude", "grace"])
def test_nobody_else_sees_any_of_it(stage: Cast, person: str) -> None:
    client = stage.client(person)
    answers = {address: client.get(address).status_code for model in OURS for address in addresses(model)}
    assert set(answers.values()) == {302}, answers


def test_nothing_is_added_changed_or_removed_there_but_words_and_accounts(stage: Cast) -> None:
    root = stage.client("root")
    for model in OURS:
        if model._meta.label_lower in CHANGEABLE:
            continue
        listed, _, changed = addresses(model)
        assert root.get(f"{listed}add/").status_code == 403, model
        assert root.post(changed, {"state": "scored", "name": "x"}).status_code == 403, model
        assert root.post(changed.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403, model
    assert Event.objects.filter(name="looked_at").count() == 1
    assert Submission.objects.get().state == "scored"


def test_operators_keep_the_words_to_find_challenges_by(cast: Cast) -> None:
    assert saved(fill(cast.client("root"), "/admin/challenges/tag/add/", name="birds", slug="birds"))
    choices = cast.client("grace").get(f"/host/challenges/challenge/{cast.forest.pk}/change/").content.decode()
    assert "birds" in choices
