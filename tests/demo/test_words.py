"""What the hosts of the demo say is true: the programs on their pages run, and score what the pages say."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podium.core.markdown import render
from podium.demo.blueprints import BLUEPRINTS, Blueprint
from podium.demo.building import page_numbers, public_rows
from podium.demo.data import files, solution, table
from podium.demo.history import MISTAKES_OF
from podium.demo.spoiling import MISTAKES, spoil
from podium.demo.training import fill

IDS = [blueprint.slug for blueprint in BLUEPRINTS]
PROGRAM = re.compile(r"```python\n(.*?)```", re.DOTALL)


def program(blueprint: Blueprint) -> str:
    """Return the program that a challenge's overview shows."""
    found = PROGRAM.search(blueprint.words("overview"))
    assert found
    return found[1]


def scores(folder: Path, blueprint: Blueprint, file: bytes) -> dict[str, float]:
    """Score a file by the library alone, as a process of its own, with the challenge's first metric."""
    (folder / "solution.csv").write_bytes(solution(table(blueprint.slug)))
    (folder / "scored.csv").write_bytes(file)
    if blueprint.has_own_scorer:
        return _own_scores(folder, blueprint)
    from scoring.evaluate import evaluate
    from scoring.reference import read_reference
    from scoring.spec import ScorerSpec
    from scoring.tables import read_submission

    spec = ScorerSpec.from_dict(blueprint.scorer["spec"])
    reference = read_reference(folder / "solution.csv", spec=spec)
    predictions = read_submission(folder / "scored.csv", filename="scored.csv", spec=spec, reference=reference)
    values = evaluate(predictions, spec=spec, reference=reference)
    return {f"{value.key}, {value.split}": value.value for value in values if value.value is not None}


def _own_scores(folder: Path, blueprint: Blueprint) -> dict[str, float]:
    from scoring.scorers import FunctionJob
    from scoring.scorers.function import TrustedChild

    spec = blueprint.scorer["spec"]
    (folder / "metric.py").write_text(spec["source"])
    given = {"metric": folder / "metric.py", "solution": folder / "solution.csv", "submission": folder / "scored.csv"}
    job = FunctionJob(**given, filename="scored.csv", id_column="id", split_column="Usage", params=spec["params"])
    result = TrustedChild().score(job)
    assert result.verdict == "scored", result
    return {f"{one.key}, {one.split}": one.value for one in result.scores if one.value is not None}


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=IDS)
def test_the_program_on_the_overview_runs_and_scores_as_its_baseline(blueprint: Blueprint, tmp_path: Path) -> None:
    for name, data in files(table(blueprint.slug)).items():
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", program(blueprint)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    _, last = blueprint.baselines[-1]
    mine = scores(tmp_path, blueprint, (tmp_path / "mine.csv").read_bytes())
    assert mine == pytest.approx(scores(tmp_path, blueprint, fill(last)), rel=1e-3)


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=IDS)
def test_the_sample_file_can_be_scored(blueprint: Blueprint, tmp_path: Path) -> None:
    sample = files(table(blueprint.slug))["sample_submission.csv"]
    whole = [name for name in scores(tmp_path, blueprint, sample) if ":" not in name]
    assert len(whole) == 2 * len(blueprint.metrics)


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=IDS)
def test_no_test_row_is_in_the_training_part_and_both_splits_have_rows(blueprint: Blueprint) -> None:
    this = table(blueprint.slug)
    given = {line.split(b",")[0] for line in files(this)["train.csv"].splitlines()[1:]}
    asked = {line.split(b",")[0] for line in files(this)["test.csv"].splitlines()[1:]}
    assert not given & asked
    assert len(given) + len(asked) == len(this.y)
    assert 0.2 < public_rows(blueprint) / len(asked) < 0.4


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=IDS)
def test_pages_have_a_table_a_formula_and_code(blueprint: Blueprint) -> None:
    page = render(blueprint.words("overview", **page_numbers(blueprint)))
    for element in ("<table>", "<math", "<code>", "<h3"):
        assert element in page
    assert "[[" not in page


def test_predicting_nothing_scores_what_the_page_says(tmp_path: Path) -> None:
    by_slug = {blueprint.slug: blueprint for blueprint in BLUEPRINTS}
    digits = by_slug["handwritten-digits"]
    sample = files(table(digits.slug))["sample_submission.csv"]
    assert scores(tmp_path, digits, sample)["log_loss, public"] == pytest.approx(2.303, abs=5e-4)
    later = by_slug["a-year-later"]
    mean = scores(tmp_path, later, fill(later.baselines[0][1]))
    assert 75.5 <= (mean["rmse, public"] + mean["rmse, private"]) / 2 < 76.5


@pytest.mark.parametrize("blueprint", [each for each in BLUEPRINTS if each.opens < 0], ids=str)
def test_every_mistake_of_a_team_is_one_that_scoring_finds(blueprint: Blueprint, tmp_path: Path) -> None:
    from scoring.errors import SubmissionError

    good = fill(blueprint.baselines[-1][1])
    for kind in MISTAKES_OF[table(blueprint.slug).asked_for]:
        with pytest.raises(SubmissionError):
            scores(tmp_path, blueprint, spoil(kind, good))
    assert set(MISTAKES_OF[table(blueprint.slug).asked_for]) <= set(MISTAKES)


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=IDS)
@pytest.mark.parametrize("day", ["2026-03-30", "2026-10-27", "2027-01-02"])
def test_dates_are_in_order_and_no_change_of_clocks_lies_between_them(blueprint: Blueprint, day: str) -> None:
    window = blueprint.window(datetime.fromisoformat(day).replace(tzinfo=UTC))
    dates = [window.opens, window.teams_final, window.closes, window.release]
    assert dates == sorted(dates)
    assert {date.tzinfo for date in dates} == {UTC}


def test_a_file_is_the_same_at_every_start() -> None:
    order = BLUEPRINTS[0].baselines[-1][1]
    assert fill(order) == fill(order)
