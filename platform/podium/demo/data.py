"""The demo's data: four tables that come with scikit-learn, cut into what is given and what is asked.

Everything is the same at every start. The split is by a keyed hash of the id, as for any challenge; that its key stands
here in the open costs nothing, because the labels of these four tables stand in every copy of scikit-learn as well.
Nothing of Django is needed here: the processes that train the demo's models read the same tables.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

Array = NDArray[Any]
SPLIT_KEY = b"podium demo"

CELL_COLUMNS = (
    *("radius", "texture", "perimeter", "area", "smoothness"),
    *("compactness", "concavity", "concave_points", "symmetry", "fractal_dimension"),
)
BODY_COLUMNS = ("age", "sex", "bmi", "pressure", "tc", "ldl", "hdl", "tch", "ltg", "glucose")
PIXEL_COLUMNS = tuple(f"r{row}c{column}" for row in range(8) for column in range(8))
WINE_COLUMNS = (
    *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids"),
    *("nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280_od315", "proline"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in a shuffled order. Ids count them from 1; the first `given` are the training part, the others the test."""

    columns: Sequence[str]
    x: Array  # (rows, columns)
    y: Array  # (rows,)
    target: str
    asked_for: Literal["chance", "chances", "number", "label"]
    given: int
    public: float  # the chance of a test row to be public
    classes: tuple[int, ...] = ()  # where a submission has one probability column per class
    guess: float = 0.0  # what the sample file answers in every row
    group: str = ""  # the column by whose values scores are told apart as well

    @property
    def ids(self) -> Array:
        """The id of each row."""
        return np.arange(1, len(self.y) + 1)

    @property
    def asked(self) -> list[str]:
        """The columns that a submission has beside the id."""
        return [f"p{label}" for label in self.classes] or [self.target]

    @property
    def test_ids(self) -> Array:
        """The ids of the test part."""
        return self.ids[self.given :]

    @property
    def train(self) -> tuple[Array, Array]:
        """The training part: readings and answers."""
        return self.x[: self.given], self.y[: self.given]

    @property
    def test(self) -> Array:
        """The readings of the test part."""
        return self.x[self.given :]


@lru_cache
def table(slug: str) -> Table:
    """Return the table of one of the demo's challenges."""
    return TABLES[slug]()


def _order(rows: int, *, seed: int) -> Array:
    return np.random.default_rng(seed).permutation(rows)


def _cells() -> Table:
    source = load_breast_cancer()
    order = _order(len(source.target), seed=1)
    return Table(
        columns=CELL_COLUMNS,
        x=source.data[order, :10],  # the first ten of thirty columns are the means
        y=1 - source.target[order],  # scikit-learn calls benign 1; the question is about what is malignant
        target="malignant",
        asked_for="chance",
        given=120,
        public=0.3,
        guess=0.5,
    )


def _progression() -> Table:
    source = load_diabetes(scaled=False)
    order = _order(len(source.target), seed=2)
    return Table(
        columns=BODY_COLUMNS,
        x=source.data[order],
        y=source.target[order].astype(int),
        target="progression",
        asked_for="number",
        given=142,
        public=0.25,
        guess=150,
        group="sex",
    )


def _digits() -> Table:
    source = load_digits()
    order = _order(len(source.target), seed=3)
    return Table(
        columns=PIXEL_COLUMNS,
        x=source.data[order].astype(int),
        y=source.target[order],
        target="digit",
        asked_for="chances",
        given=400,
        public=0.3,
        classes=tuple(range(10)),
        guess=0.1,
    )


def _wine() -> Table:
    source = load_wine()
    order = _order(len(source.target), seed=4)
    return Table(
        columns=WINE_COLUMNS,
        x=source.data[order],
        y=source.target[order] + 1,
        target="cultivar",
        asked_for="label",
        given=60,
        public=0.3,
        guess=2,
    )


TABLES = {
    "cells-under-the-microscope": _cells,
    "a-year-later": _progression,
    "handwritten-digits": _digits,
    "three-cultivars": _wine,
}


def split_of(row_id: int, *, public: float) -> str:
    """Return the split of a row: the first eight bytes of HMAC-SHA256(key, id), as a share of their range, decide."""
    digest = hmac.new(SPLIT_KEY, str(row_id).encode(), hashlib.sha256).digest()
    return "public" if int.from_bytes(digest[:8]) / 2**64 < public else "private"


def files(table: Table) -> dict[str, bytes]:
    """Return what participants download: train.csv, test.csv, sample_submission.csv."""
    x, y = table.train
    return {
        "train.csv": csv(["id", *table.columns, table.target], zip(table.ids, *x.T, y, strict=False)),
        "test.csv": csv(["id", *table.columns], zip(table.test_ids, *table.test.T, strict=True)),
        "sample_submission.csv": csv(["id", *table.asked], ((i, *_guess(table)) for i in table.test_ids)),
    }


def solution(table: Table) -> bytes:
    """Return what scoring compares with: the answers of the test part, the split of each row, and its group."""
    answers = table.y[table.given :]
    rows = ([i, y, split_of(i, public=table.public)] for i, y in zip(table.test_ids, answers, strict=True))
    if not table.group:
        return csv(["id", table.target, "Usage"], rows)
    groups = table.test[:, list(table.columns).index(table.group)]
    return csv(
        ["id", table.target, "Usage", table.group], ([*row, group] for row, group in zip(rows, groups, strict=True))
    )


def csv(header: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a CSV file. Numbers are written as short as they can be read back."""
    lines = [",".join(header), *(",".join(_cell(value) for value in row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _cell(value: object) -> str:
    if isinstance(value, float | np.floating):
        short = f"{float(value):.6g}"
        return short if float(short) == float(value) else repr(float(value))
    return str(value)


def _guess(table: Table) -> list[float]:
    return [table.guess] * len(table.asked)
