"""Code by REST: sent in, tried, followed."""

from podium.challenges.models import Phase
from tests.api.asking import error_of
from tests.submissions.coding import REPEATS, takes_code


def test_code_is_tried_for_nothing_and_its_log_comes_with_it(cast, ask, work):
    takes_code(cast.forest)
    ada = ask("ada")
    sent = ada.send(REPEATS.encode(), name="predict.py", trial="true").json()
    assert (sent["kind"], sent["trial"], sent["state"], sent["stage"]) == ("code", True, "received", None)
    work()
    done = ada.get(f"submissions/{sent['id']}/").json()
    assert (done["state"], done["scores"], done["error"]) == ("tried", [], None)
    assert [(one["stage"], "wrote 3 rows" in one["text"]) for one in done["log"]] == [("sample", True)]


def test_a_log_of_hidden_data_is_for_hosts(cast, ask, work):
    takes_code(cast.forest)
    pk = ask("ada").send(REPEATS.encode(), name="predict.py").json()["id"]
    work()
    stages = {
        name: [one["stage"] for one in ask(name).get(f"submissions/{pk}/").json()["log"]] for name in ("ada", "grace")
    }
    assert stages == {"ada": ["sample"], "grace": ["sample", "predict"]}


def test_the_sample_that_code_is_tried_on_is_among_the_files_under_its_own_folder(cast, ask):
    takes_code(cast.forest)
    names = {one["name"]: one["url"] for one in ask("visitor").get("challenges/forest/files/").json()["results"]}
    assert "sample_inputs/test.csv" in names
    assert "test.csv" not in names  # neither the hidden inputs, nor the sample a second time
    assert ask("visitor").get(names["sample_inputs/test.csv"]).getvalue().startswith(b"id,x\n")


def test_a_phase_without_what_runs_code_says_so_in_one_word_for_programs(cast, ask):
    takes_code(cast.forest, environment="not-built")
    assert error_of(ask("ada").send(REPEATS.encode(), name="predict.py"), 409)["code"] == "sandbox_missing"
    Phase.objects.filter(challenge=cast.forest).update(environment="here", inputs=None)
    assert error_of(ask("ada").send(REPEATS.encode(), name="predict.py"), 409)["code"] == "inputs_missing"


def test_predictions_and_phases_without_a_sample_have_no_trial(cast, ask):
    takes_code(cast.forest, sample=False)
    for name, data in (("predict.py", REPEATS.encode()), ("mine.csv", None)):
        assert error_of(ask("ada").send(data, name=name, trial="true"), 409)["code"] == "no_sample"


def test_trials_have_a_limit_of_their_own(cast, ask, monkeypatch):
    takes_code(cast.forest, daily_limit=1)
    monkeypatch.setattr("podium.submissions.quota.TRIALS_A_DAY", 2)
    answers = [ask("ada").send(REPEATS.encode(), name="predict.py", trial="true") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert ask("ada").send().status_code == 201  # and leave the quota alone
