"""Sending files in and following them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from podium.challenges.models import Phase
from podium.submissions.models import Submission
from tests.api.asking import BY_ITSELF, SCORE_KEYS, SUBMISSION_KEYS, V1, error_of
from tests.cast import SPLITS, predictions


def right_in(split, right):
    """The accuracy on a split where the first `right` rows are right."""
    rows = [number for number, one in enumerate(SPLITS) if one == split]
    return sum(number < right for number in rows) / len(rows)


def test_a_file_sent_in_is_scored(ask, work):
    ada = ask("ada")
    answer = ada.send(predictions(15), description="The first one")
    assert answer.status_code == 201
    sent = answer.json()
    assert set(sent) == SUBMISSION_KEYS
    assert sent["description"] == "The first one"
    assert (sent["challenge"], sent["phase"], sent["team"]) == ("forest", "main", "Held Out")
    assert (sent["scores"], sent["error"], sent["finished_at"], sent["selected"]) == ([], None, None, False)
    work()
    done = ada.get(f"submissions/{sent['id']}/").json()
    assert set(done) == SUBMISSION_KEYS | BY_ITSELF
    assert done["state"] == "scored"
    assert done["finished_at"] >= done["created_at"]
    assert [set(score) for score in done["scores"]] == [SCORE_KEYS]
    value = {"column": "accuracy", "split": "public", "value": right_in("public", 15), "ci_low": None, "ci_high": None}
    assert done["scores"] == [value]


def test_hosts_see_the_private_score_as_well_and_a_team_once_it_is_released(cast, ask, work):
    pk = ask("ada").send(predictions(15)).json()["id"]
    work()
    splits = [score["split"] for score in ask("grace").get(f"submissions/{pk}/").json()["scores"]]
    assert sorted(splits) == ["private", "public"]
    past = timezone.now() - timedelta(days=1)
    Phase.objects.filter(challenge=cast.forest).update(closes=past, private_release=past)
    released = {score["split"]: score["value"] for score in ask("ben").get(f"submissions/{pk}/").json()["scores"]}
    assert released == {"public": right_in("public", 15), "private": right_in("private", 15)}


def test_a_file_that_cannot_be_scored_says_why(ask, work):
    ada = ask("ada")
    pk = ada.send(b"id,label\nrow-1,1\nrow-1,0\n").json()["id"]
    work()
    done = ada.get(f"submissions/{pk}/").json()
    assert done["state"] == "rejected"
    assert set(done["error"]) == {"code", "message", "row", "column"}
    assert done["error"]["message"]
    assert done["scores"] == []


@pytest.mark.parametrize(
    ("name", "status"),
    [("ada", 200), ("ben", 200), ("grace", 200), ("jude", 200), ("root", 200), ("chen", 404), ("heidi", 404),
     ("dara", 404), ("vera", 404), ("visitor", 401)],
)  # fmt: skip
def test_who_sees_a_submission_and_its_file(ask, name, status):
    pk = ask("ada").send().json()["id"]
    asker = ask(name)
    assert asker.get(f"submissions/{pk}/").status_code == status
    file = asker.get(f"submissions/{pk}/file")
    assert file.status_code == status
    if status == 200:
        assert file.getvalue() == predictions(15)


def test_a_team_lists_its_own_and_hosts_list_all(ask):
    first, second = ask("ada").send().json()["id"], ask("chen").send().json()["id"]

    def listed(name):
        return [one["id"] for one in ask(name).get("challenges/forest/submissions/").json()["results"]]

    assert listed("ben") == [first]
    assert listed("chen") == [second]
    assert listed("grace") == listed("jude") == [second, first]
    assert listed("vera") == listed("dara") == []
    assert error_of(ask("vera").get("challenges/harbour/submissions/"), 404)
    assert error_of(ask("visitor").get("challenges/forest/submissions/"), 401)


def test_the_same_key_is_the_same_submission(ask):
    ada = ask("ada")
    first, again = ada.send(key="k1"), ada.send(key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert error_of(ada.send(predictions(3), key="k1"), 409)["code"] == "idempotency_mismatch"
    assert ask("chen").send(key="k1").status_code == 201  # keys are each person's own
    assert Submission.objects.count() == 2


@pytest.mark.parametrize("key", ["x" * 201, "a\tb"])
def test_a_key_that_is_none(ask, key):
    assert error_of(ask("ada").send(key=key), 400)["field"] == "Idempotency-Key"


def test_who_may_not_send(ask):
    assert error_of(ask("visitor").send(), 401)
    assert error_of(ask("vera").send(), 403)["code"] == "not_joined"
    assert error_of(ask("grace").send(), 403)["code"] == "is_host"
    assert error_of(ask("ada").send(slug="harbour"), 404)
    assert not Submission.objects.exists()


def test_what_is_refused_at_the_door(cast, ask):
    ada = ask("ada")
    assert error_of(ada.send(name="mine.exe"), 415)["code"] == "wrong_type"
    assert error_of(ada.send(phase="nothing"), 409)["code"] == "no_such_phase"
    assert error_of(ada.send(description="x" * 501), 400)["field"] == "description"
    assert error_of(ada.send(description="\x00"), 400)["field"] == "description"
    no_file = ada.client.post(f"{V1}challenges/forest/submissions/", {"phase": "main"})
    assert error_of(no_file, 400)["field"] == "file"
    text = ada.client.post(f"{V1}challenges/forest/submissions/", {"file": "id,label"})
    assert error_of(text, 400)["field"] == "file"
    Phase.objects.filter(challenge=cast.forest).update(closes=timezone.now())
    assert error_of(ada.send(), 409)["code"] == "phase_closed"
    assert not Submission.objects.exists()


def test_a_used_up_quota_says_when_the_next_slot_opens(cast, ask, work):
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=1)
    ada = ask("ada")
    assert ada.send().status_code == 201
    work()
    answer = ada.send()
    error = error_of(answer, 429)
    assert error["code"] == "quota_exceeded"
    assert error["retry_at"]
    assert answer["Retry-After"].endswith("GMT")


def test_a_file_over_the_limit_is_refused_before_it_is_read(cast, ask, monkeypatch):
    Phase.objects.filter(challenge=cast.forest).update(upload_limit_mb=1)
    ada = ask("ada")
    assert error_of(ada.send(b"x" * (1 << 20 | 1)), 413)["code"] == "too_large"  # over the limit, within the slack
    monkeypatch.setattr("podium.core.uploads.LimitedUploadHandler.receive_data_chunk", None)
    error = error_of(ada.send(b"x" * (3 << 20)), 413)
    assert "not read" in error["message"]


def test_the_limit_is_that_of_the_phase_which_is_named(cast, ask):
    now = timezone.now()
    Phase.objects.filter(challenge=cast.forest).update(upload_limit_mb=1)
    Phase.objects.create(
        challenge=cast.forest, slug="large", name="Large", opens=now - timedelta(1), closes=now + timedelta(1),
        upload_limit_mb=9, kinds=["predictions"],
    )  # fmt: skip
    ada, data = ask("ada"), b"x" * (3 << 20)
    assert error_of(ada.send(data, phase="main"), 413)
    assert ada.send(data, phase="large").status_code == 201


def test_somebody_signed_in_may_send_as_much_as_the_phase_takes(cast, settings):
    settings.UPLOAD_LIMIT_MB = 1
    Phase.objects.filter(challenge=cast.forest).update(upload_limit_mb=9)
    from django.core.files.uploadedfile import SimpleUploadedFile

    form = {"file": SimpleUploadedFile("mine.csv", b"x" * (3 << 20))}
    assert cast.client("ada").post(f"{V1}challenges/forest/submissions/", form).status_code == 201


def test_choosing_what_counts_in_the_end(ask, work):
    ada = ask("ada")
    pk = ada.send().json()["id"]
    assert error_of(ada.post(f"submissions/{pk}/select/", {}), 409)["code"] == "not_scored"
    work()
    assert ada.post(f"submissions/{pk}/select/").json()["selected"] is True
    assert ask("ben").post(f"submissions/{pk}/select/", {"selected": False}).json()["selected"] is False
    assert error_of(ada.post(f"submissions/{pk}/select/", {"selected": "perhaps"}), 400)["field"] == "selected"
    assert error_of(ask("grace").post(f"submissions/{pk}/select/", {}), 403)
    assert error_of(ask("chen").post(f"submissions/{pk}/select/", {}), 404)


def test_cancelling(ask):
    ada = ask("ada")
    pk = ada.send().json()["id"]
    assert error_of(ask("chen").post(f"submissions/{pk}/cancel/"), 404)
    assert error_of(ask("jude").post(f"submissions/{pk}/cancel/"), 403)
    cancelled = ada.post(f"submissions/{pk}/cancel/")
    assert set(cancelled.json()) == SUBMISSION_KEYS
    assert cancelled.json()["state"] == "cancelled"
    assert error_of(ada.post(f"submissions/{pk}/cancel/"), 409)["code"] == "finished"


def test_a_number_that_no_submission_has(ask):
    for pk in (0, 10**6, 10**30):
        assert error_of(ask("ada").get(f"submissions/{pk}/"), 404)
