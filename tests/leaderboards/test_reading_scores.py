"""Reading the scores of a few submissions takes as long on a site with many."""

import pytest
from django.db.models import Q

from podium.leaderboards.values import score_rows

pytestmark = pytest.mark.django_db


def test_scores_are_looked_for_by_submission_not_among_all_runs_of_the_task() -> None:
    rows = score_rows([(1, "auc", "public")]).filter(Q(seat__submission__in=range(1, 501)))
    assert "run_task_id" not in rows.explain()
