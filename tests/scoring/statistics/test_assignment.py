"""Which rows are public depends on the key and the id alone, and the share is what was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.statistics.assignment import keyed_number, public_rows, usage
from tests.scoring.statistics.cases import HASHED

KEY = "competition-7-secret"
IDS = [f"row-{number}" for number in range(20)]


def test_known_hashes() -> None:
    assert [keyed_number(KEY, name) for name in HASHED] == pytest.approx(list(HASHED.values()), abs=1e-12)
    public = public_rows(IDS, key=KEY, share=0.3)
    assert np.flatnonzero(public).tolist() == [0, 1, 9, 16]
    assert usage(public)[:3] == ["public", "public", "private"]


def test_ids_of_other_types_count_as_they_are_written() -> None:
    assert keyed_number(KEY, 7) == keyed_number(KEY.encode(), "7") == keyed_number(KEY, b"7")
    assert public_rows(np.arange(9), key=KEY, share=0.5).tolist() == public_rows(range(9), key=KEY, share=0.5).tolist()


def test_order_and_other_rows_change_nothing() -> None:
    public = dict(zip(IDS, public_rows(IDS, key=KEY, share=0.3).tolist(), strict=True))
    more = [*reversed(IDS), *[f"new-{number}" for number in range(30)]]
    again = dict(zip(more, public_rows(more, key=KEY, share=0.3).tolist(), strict=True))
    assert {name: again[name] for name in IDS} == public


def test_the_share_is_met_and_its_ends_are_ends() -> None:
    ids = range(20_000)
    assert public_rows(ids, key="k", share=0.25).mean() == pytest.approx(0.25, abs=0.01)
    assert not public_rows(IDS, key="k", share=0.0).any()
    assert public_rows(IDS, key="k", share=1.0).all()
    with pytest.raises(ValueError, match="share"):
        public_rows(IDS, key="k", share=30)


def test_clusters_stay_together() -> None:
    patients = np.repeat(np.arange(500), 4)
    public = public_rows(range(2000), key="k", share=0.3, clusters=patients)
    assert (public.reshape(500, 4).all(axis=1) | ~public.reshape(500, 4).any(axis=1)).all()
    assert public.mean() == pytest.approx(0.3, abs=0.06)
    with pytest.raises(ValueError, match="cluster labels"):
        public_rows(IDS, key="k", share=0.3, clusters=[1])


def test_strata_meet_the_share_exactly() -> None:
    target = np.array([1] * 10 + [0] * 990)
    public = public_rows(range(1000), key="k", share=0.3, strata=target)
    assert public[target == 1].sum() == 3
    assert public[target == 0].sum() == 297
    shuffled = np.random.default_rng(1).permutation(1000)
    assert public_rows(shuffled, key="k", share=0.3, strata=target[shuffled]).tolist() == public[shuffled].tolist()
    with pytest.raises(ValueError, match="strata"):
        public_rows(IDS, key="k", share=0.3, strata=[1])


def test_many_tiny_strata_add_up_to_the_share() -> None:
    public = public_rows(range(3000), key="k", share=0.3, strata=np.arange(3000))
    assert public.mean() == pytest.approx(0.3, abs=0.03)


def test_clusters_within_strata_go_together_and_nearly_meet_the_share() -> None:
    patients = np.repeat(np.arange(200), 5)
    ill = np.repeat(np.arange(200) < 20, 5)
    public = public_rows(range(1000), key="k", share=0.3, clusters=patients, strata=ill)
    assert (public.reshape(200, 5).all(axis=1) | ~public.reshape(200, 5).any(axis=1)).all()
    assert public[ill].sum() == 30
    assert public[~ill].sum() == 270


def test_no_rows_are_no_rows() -> None:
    assert public_rows([], key="k", share=0.3).tolist() == []
    assert public_rows([], key="k", share=0.3, strata=[]).tolist() == []
