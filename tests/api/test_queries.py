"""The number of queries does not grow with the rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from podium.challenges.models import Challenge, Tag
from podium.challenges.services import challenge_join, dataset_publish
from podium.core.storage import store_bytes
from podium.submissions.models import Submission
from tests.api.asking import Asker
from tests.cast import person, predictions


def grow(cast, work):
    """More of everything that is listed."""
    for number in range(4):
        other = person(f"more{number}")
        challenge_join(cast.forest, user=other)
        cast.__dict__[other.username] = other
        Asker(cast, other.username).send(predictions(number))
        work()
        Challenge.objects.create(slug=f"c{number}", title="C", summary="", organiser="", visibility="public").tags.add(
            Tag.objects.create(name=f"t{number}", slug=f"t{number}")
        )
        dataset_publish(
            cast.forest,
            name=f"d{number}",
            audience="public",
            files={f"{number}.csv": store_bytes(b"1")},
            actor=cast.grace,
        )
        Submission.objects.filter(author=other).update(selected=True)


@pytest.mark.parametrize("name", ["grace", "more0"])
@pytest.mark.parametrize(
    "path",
    [
        "challenges/",
        "challenges/forest/",
        "challenges/forest/files/",
        "challenges/forest/submissions/",
        "challenges/forest/leaderboards/",
        "challenges/forest/leaderboards/public/",
    ],
)
def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(cast, ask, work, path, name):
    Asker(cast, "ada").send()
    work()
    cast.__dict__["more0"] = cast.ben
    before = queries(ask(name), path)
    cast.__dict__.pop("more0")
    grow(cast, work)
    assert queries(ask(name), path) == before <= 20


def queries(asker, path):
    asker.get(path)  # the token's use is noted once a minute
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert asker.get(path).status_code == 200
    return len(seen)
