"""What happens at the door: who may send, when, what, how often."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from podium.challenges.models import Phase
from podium.core.models import Blob, Event
from podium.core.storage import blob_path
from podium.submissions.models import Submission
from tests.cast import Cast, predictions
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
Work = Callable[[], None]


def test_ada_sends_a_file_and_sees_its_score(cast: Cast, work: Work) -> None:
    ada = cast.client("ada")
    answer = send(ada, predictions(14), description="a first try")
    submission = newest()
    assert (answer.status_code, answer["Location"]) == (302, f"/submissions/{submission.pk}/")
    assert submission.state == "received"
    assert "waits for a worker" in ada.get(answer["Location"]).text

    work()

    submission.refresh_from_db()
    assert submission.state == "scored"
    page = ada.get(answer["Location"]).text
    assert "0.7000" in page
    assert "mine.csv" in page
    assert "a first try" in page


def test_what_was_taken_is_on_disk_and_its_hash_is_written_down(cast: Cast) -> None:
    send(cast.client("ada"), predictions(5))
    file = newest().files.get()
    assert blob_path(file.blob.sha256).read_bytes() == predictions(5)
    event = Event.objects.get(subject=f"submission:{newest().pk}", name="submission_accept")
    assert event.data["sha256"] == file.blob.sha256
    assert event.actor == cast.ada


def test_the_same_bytes_twice_are_kept_once(cast: Cast) -> None:
    blobs = Blob.objects.count()
    send(cast.client("ada"), predictions(5))
    send(cast.client("chen"), predictions(5))
    assert Blob.objects.count() == blobs + 1


@pytest.mark.parametrize(
    ("who", "status", "words"),
    [("vera", 403, "Join the challenge first"), ("grace", 403, "Hosts see the hidden data"), ("visitor", 302, "")],
)
def test_only_participants_send(cast: Cast, who: str, status: int, words: str) -> None:
    answer = send(cast.client(who), predictions(5))
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert not Submission.objects.exists()


def test_a_stranger_to_a_private_challenge_finds_nothing(cast: Cast) -> None:
    assert send(cast.client("ada"), predictions(5), slug="harbour").status_code == 404


@pytest.mark.parametrize(
    ("shift", "words"), [(timedelta(days=-40), "closed on"), (timedelta(days=40), "opens on")], ids=["after", "before"]
)
def test_a_closed_phase_takes_nothing_and_says_when(cast: Cast, shift: timedelta, words: str) -> None:
    Phase.objects.filter(challenge=cast.forest).update(
        opens=F("opens") + shift, closes=F("closes") + shift, private_release=None
    )
    answer = send(cast.client("ada"), predictions(5))
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert not Submission.objects.exists()


def test_the_closing_instant_is_too_late(cast: Cast) -> None:
    phase = cast.forest.phases.get()
    assert phase.is_open(phase.closes - timedelta(microseconds=1))
    assert not phase.is_open(phase.closes)
    assert phase.is_open(phase.opens)


def test_a_phase_that_takes_late_ones_scores_them_without_a_place(cast: Cast, work: Work) -> None:
    phase = cast.forest.phases.get()
    Phase.objects.filter(pk=phase.pk).update(
        closes=timezone.now() - timedelta(hours=1), private_release=None, late=Phase.Late.SCORE
    )
    assert send(cast.client("ada"), predictions(9)).status_code == 302
    work()
    late = newest()
    assert (late.state, late.ranked) == ("scored", False)
    assert not cast.held_out.entries.exists()


@pytest.mark.parametrize("name", ["mine.xlsx", "mine.pdf", "mine", ".csv.exe"])
def test_a_kind_of_file_that_is_not_taken_is_refused_by_name(cast: Cast, name: str) -> None:
    answer = send(cast.client("ada"), b"x", name=name)
    assert answer.status_code == 415
    assert "Send .csv, .tsv or .parquet" in answer.content.decode()


def test_the_daily_quota_holds_and_names_the_next_slot(cast: Cast, work: Work) -> None:
    ada = cast.client("ada")
    for right in range(5):
        assert send(ada, predictions(right)).status_code == 302
        work()
    answer = send(ada, predictions(6))
    assert answer.status_code == 429
    assert "The next slot opens at 00:00 UTC" in answer.content.decode()
    assert Submission.objects.count() == 5
    assert "All 5 of today are used" in ada.get("/challenges/forest/submit/").text


def test_ben_shares_the_quota_of_his_team_and_chen_does_not(cast: Cast, work: Work) -> None:
    for right in range(5):
        send(cast.client("ada"), predictions(right))
        work()
    assert send(cast.client("ben"), predictions(6)).status_code == 429
    assert send(cast.client("chen"), predictions(6)).status_code == 302


def test_yesterdays_submissions_do_not_count_today(cast: Cast, work: Work) -> None:
    send(cast.client("ada"), predictions(1))
    Submission.objects.update(received_at=timezone.now() - timedelta(days=1))
    work()
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=1)
    assert send(cast.client("ada"), predictions(2)).status_code == 302


def test_the_limit_of_the_whole_phase_holds(cast: Cast, work: Work) -> None:
    Phase.objects.filter(challenge=cast.forest).update(total_limit=1)
    send(cast.client("ada"), predictions(1))
    work()
    answer = send(cast.client("ada"), predictions(2))
    assert answer.status_code == 429
    assert "All 1 submissions of this phase are used" in answer.content.decode()


def test_three_may_be_in_flight_and_no_more(cast: Cast) -> None:
    for right in range(3):
        assert send(cast.client("ada"), predictions(right)).status_code == 302
    answer = send(cast.client("ada"), predictions(4))
    assert answer.status_code == 429
    assert "still being scored" in answer.content.decode()


def test_a_second_click_sends_nothing_twice(cast: Cast) -> None:
    first = send(cast.client("ada"), predictions(3), once="abc")
    second = send(cast.client("ada"), predictions(3), once="abc")
    assert first["Location"] == second["Location"]
    assert Submission.objects.count() == 1


def test_a_key_that_was_used_for_another_file_is_refused(cast: Cast) -> None:
    send(cast.client("ada"), predictions(3), once="abc")
    assert send(cast.client("ada"), predictions(4), once="abc").status_code == 409


def test_a_file_over_the_limit_is_refused_before_it_is_read(cast: Cast) -> None:
    Phase.objects.filter(challenge=cast.forest).update(upload_limit_mb=1)
    answer = cast.client("ada").post(
        "/challenges/forest/submit/",
        data=b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(3 * 2**20),
    )
    assert answer.status_code == 413
    assert "larger than the limit of 1 MB. It was not read." in answer.text


def test_a_file_that_grows_over_the_limit_is_refused_at_that_byte(cast: Cast) -> None:
    Phase.objects.filter(challenge=cast.forest).update(upload_limit_mb=1)
    answer = send(cast.client("ada"), b"x" * (2**20 + 1))
    assert answer.status_code == 413
    assert not Submission.objects.exists()


def test_the_token_against_forgery_is_still_asked_for(cast: Cast) -> None:
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.ada, backend="django.contrib.auth.backends.ModelBackend")
    assert send(strict, predictions(3)).status_code == 403
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("../../etc/passwd.csv", "passwd.csv"), ("C:\\me\\mine.csv", "mine.csv"), ("my file!.csv", "my_file.csv")],
)
def test_names_lose_their_folders(cast: Cast, sent: str, kept: str) -> None:
    from podium.submissions.services import clean_name

    assert clean_name(sent) == kept


def test_a_name_is_cut_to_what_a_disk_takes(cast: Cast) -> None:
    from podium.submissions.services import clean_name

    kept = clean_name("é" * 250 + ".csv")
    assert (len(kept.encode()), kept[-5:]) == (200, "é.csv")
