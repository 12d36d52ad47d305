"""The demo's first start, one that was interrupted, and the ones after."""

import stat
from collections.abc import Callable

import pytest
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge
from podium.demo import building, logins
from podium.demo.fill import OCCUPIED, people_create
from tests.cast import person
from tests.demo.small import WINE

Build = Callable[[str], Challenge]


def test_what_is_interrupted_leaves_nothing_and_is_built_at_the_next_start(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(building, "_set_dates", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build(WINE)
    assert not Challenge.objects.exists()
    assert build(WINE).phases.get().opens > timezone.now()


def test_the_demo_does_not_move_in_with_others(db: None) -> None:
    person("somebody")
    with pytest.raises(SystemExit, match="empty one") as refusal:
        people_create([])
    assert str(refusal.value) == OCCUPIED


def test_passwords_are_for_their_owner_alone_and_stay_the_same(people: None) -> None:
    first = logins.passwords()
    assert stat.S_IMODE(logins.logins_file().stat().st_mode) == 0o600
    assert logins.passwords() == first
    assert [password in line for password, line in zip(first.values(), logins.lines(), strict=True)] == [True] * 3
    ada = User.objects.get(username="ada")
    ada.set_password("another one")
    ada.save()
    assert first["ada"] not in logins.lines()[0]
