"""Rates."""

import pytest
import time_machine
from django.utils import timezone

from tests.api.asking import V1, error_of


@pytest.fixture
def rates(settings):
    """Rates that a test can reach, at a time that stands still."""
    rates = {"anon": "3/min", "user": "4/min", "uploads": "2/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    with time_machine.travel(timezone.now().replace(second=20, microsecond=0), tick=False) as traveller:
        yield traveller


def test_a_visitor_who_asks_too_often_is_told_when_to_come_back(ask, rates):
    visitor = ask("visitor")
    assert [visitor.get("challenges/").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = visitor.get("challenges/")
    assert error_of(answer, 429)["code"] == "throttled"
    assert answer["Retry-After"] == "40"
    rates.shift(40)
    assert visitor.get("challenges/").status_code == 200


def test_a_forged_forwarding_header_buys_nothing(ask, rates):
    client = ask("visitor").client
    answers = [client.get(f"{V1}challenges/", headers={"x-forwarded-for": f"10.0.0.{n}"}) for n in range(4)]
    assert answers[-1].status_code == 429


def test_people_are_counted_each_for_themselves(ask, rates):
    ada = ask("ada")
    assert [ada.get("me/").status_code for _ in range(5)] == [200] * 4 + [429]
    assert ask("ben").get("me/").status_code == 200


def test_uploads_have_a_rate_of_their_own(ask, rates):
    ada = ask("ada")
    assert [ada.send().status_code for _ in range(3)] == [201, 201, 429]
    assert ada.get("challenges/forest/submissions/").status_code == 200
