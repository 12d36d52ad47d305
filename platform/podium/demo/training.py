"""The models that the demo's teams train. What a board shows is what such models really score.

A recipe is a family of models and the settings a team might try; an order is one model to be fitted. Orders are plain
data, so that other processes can fill them: `fill(order)` fits the model on the training part and answers the test.
Nothing of Django is needed here.
"""

import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from random import Random
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import BayesianRidge, HuberRegressor, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from podium.core.tether import tie_to_parent
from podium.demo.data import Array, Table, csv, table

ESTIMATORS: dict[str, type[BaseEstimator]] = {
    kind.__name__: kind
    for kind in (
        BayesianRidge,
        DecisionTreeClassifier,
        DecisionTreeRegressor,
        DummyClassifier,
        DummyRegressor,
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        GaussianNB,
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        HuberRegressor,
        KNeighborsClassifier,
        KNeighborsRegressor,
        Lasso,
        LinearDiscriminantAnalysis,
        LinearRegression,
        LogisticRegression,
        MLPClassifier,
        MultinomialNB,
        QuadraticDiscriminantAnalysis,
        RandomForestClassifier,
        RandomForestRegressor,
        Ridge,
        SVC,
        SVR,
    )
}
SEEDED = {name for name, kind in ESTIMATORS.items() if "random_state" in kind().get_params()}
SMALLEST = 1e-6  # no probability is exactly 0: log loss would be endless


@dataclass(frozen=True, slots=True)
class Order:
    """One model to be fitted for one team, or two whose answers are averaged."""

    slug: str
    estimator: str
    params: dict[str, Any] = field(default_factory=dict)
    before: str = ""  # "", "scale", "power" or "pca"
    rows: float = 1.0  # the share of training rows it sees
    columns: float = 1.0  # the share of columns it sees
    seed: int = 0
    blend: "Order | None" = None


@dataclass(frozen=True, slots=True)
class Between:
    """A setting from a range: whole numbers evenly, others evenly on a logarithmic scale, with two figures."""

    low: float
    high: float

    def draw(self, random: Random) -> float:
        """Return one of the range."""
        if isinstance(self.low, int):
            return random.randint(self.low, int(self.high))
        return float(f"{self.low * (self.high / self.low) ** random.random():.2g}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A family of models: what it is called, how early a team thinks of it, and the settings to choose from."""

    name: str
    estimator: str
    stage: int  # 1: the first thing one tries, 2: the next, 3: what careful people end with; 4 is two of 3, averaged
    choices: dict[str, Between] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    before: str = ""


LEAF = {"min_samples_leaf": Between(1, 4)}
CELLS = (
    Recipe(
        "decision tree", "DecisionTreeClassifier", 1, {"max_depth": Between(3, 6), "min_samples_leaf": Between(1, 9)}
    ),
    Recipe("nearest neighbours", "KNeighborsClassifier", 1, {"n_neighbors": Between(3, 15)}),
    Recipe("naive Bayes", "GaussianNB", 1, {"var_smoothing": Between(1e-9, 1e-4)}),
    Recipe("random forest", "RandomForestClassifier", 2, LEAF | {"n_estimators": Between(20, 60)}),
    Recipe("extra trees", "ExtraTreesClassifier", 2, LEAF | {"n_estimators": Between(20, 60)}),
    Recipe(
        "boosted trees", "GradientBoostingClassifier", 2, {"n_estimators": Between(30, 60), "max_depth": Between(1, 3)}
    ),
    Recipe("scaled neighbours", "KNeighborsClassifier", 2, {"n_neighbors": Between(7, 25)}, before="scale"),
    Recipe("naive Bayes on powers", "GaussianNB", 2, {"var_smoothing": Between(1e-6, 0.3)}, before="power"),
    Recipe("logistic regression", "LogisticRegression", 3, {"C": Between(0.05, 20.0)}, before="scale"),
    Recipe("logistic regression on powers", "LogisticRegression", 3, {"C": Between(0.05, 10.0)}, before="power"),
    Recipe("support vectors", "SVC", 3, {"C": Between(0.2, 5.0), "gamma": Between(0.01, 0.1)}, before="power"),
    Recipe(
        "discriminant analysis", "QuadraticDiscriminantAnalysis", 3, {"reg_param": Between(0.03, 0.5)}, before="power"
    ),
    Recipe(
        "small network",
        "MLPClassifier",
        3,
        {"alpha": Between(0.01, 1.0)},
        {"hidden_layer_sizes": (8,), "max_iter": 120},
        "power",
    ),
)
PROGRESSION = (
    Recipe(
        "regression tree", "DecisionTreeRegressor", 1, {"max_depth": Between(2, 4), "min_samples_leaf": Between(2, 12)}
    ),
    Recipe("nearest neighbours", "KNeighborsRegressor", 1, {"n_neighbors": Between(5, 18)}, before="scale"),
    Recipe("least squares", "LinearRegression", 1, before="scale"),
    Recipe("random forest", "RandomForestRegressor", 2, LEAF | {"n_estimators": Between(20, 60)}),
    Recipe("extra trees", "ExtraTreesRegressor", 2, LEAF | {"n_estimators": Between(20, 60)}),
    Recipe("boosted stumps", "GradientBoostingRegressor", 2, {"n_estimators": Between(25, 80)}, {"max_depth": 1}),
    Recipe("ridge", "Ridge", 2, {"alpha": Between(1.0, 80.0)}, before="scale"),
    Recipe("lasso", "Lasso", 3, {"alpha": Between(0.3, 5.0)}, before="scale"),
    Recipe("ridge on powers", "Ridge", 3, {"alpha": Between(5.0, 80.0)}, before="power"),
    Recipe("Huber regression", "HuberRegressor", 3, {"epsilon": Between(1.1, 2.0)}, {"max_iter": 500}, "scale"),
    Recipe("Bayesian ridge", "BayesianRidge", 3, {"lambda_1": Between(1e-6, 1e-3)}, before="power"),
    Recipe("support vectors", "SVR", 3, {"C": Between(15.0, 120.0), "gamma": Between(0.005, 0.04)}, before="power"),
)
DIGITS = (
    Recipe(
        "decision tree", "DecisionTreeClassifier", 1, {"max_depth": Between(6, 12), "min_samples_leaf": Between(2, 6)}
    ),
    Recipe("counting naive Bayes", "MultinomialNB", 1, {"alpha": Between(0.1, 3.0)}),
    Recipe("many neighbours", "KNeighborsClassifier", 1, {"n_neighbors": Between(12, 30)}),
    Recipe("logistic regression", "LogisticRegression", 2, {"C": Between(0.005, 0.3)}, before="scale"),
    Recipe(
        "discriminant analysis", "LinearDiscriminantAnalysis", 2, {"shrinkage": Between(0.05, 0.5)}, {"solver": "lsqr"}
    ),
    Recipe(
        "random forest", "RandomForestClassifier", 2, {"n_estimators": Between(20, 60), "max_features": Between(4, 12)}
    ),
    Recipe("nearest neighbours", "KNeighborsClassifier", 2, {"n_neighbors": Between(5, 11)}),
    Recipe("extra trees", "ExtraTreesClassifier", 3, {"n_estimators": Between(30, 60), "max_features": Between(4, 16)}),
    Recipe(
        "small network",
        "MLPClassifier",
        3,
        {"alpha": Between(0.1, 1.0)},
        {"hidden_layer_sizes": (24,), "max_iter": 80},
        "scale",
    ),
    Recipe("near ones by distance", "KNeighborsClassifier", 3, {"n_neighbors": Between(4, 9)}, {"weights": "distance"}),
    Recipe(
        "quadratic discriminant", "QuadraticDiscriminantAnalysis", 3, {"reg_param": Between(0.08, 0.5)}, before="pca"
    ),
    Recipe("logistic regression on components", "LogisticRegression", 3, {"C": Between(0.01, 0.3)}, before="pca"),
)
RECIPES = {"cells-under-the-microscope": CELLS, "a-year-later": PROGRESSION, "handwritten-digits": DIGITS}
LAST_STAGE = 4


def attempts(slug: str, *, seed: str, count: int, reach: int | None = None) -> Iterator[tuple[Order, str]]:
    """Yield what a team tries, one after the other, each with a description in the team's words.

    A team begins simply and comes to better families by and by, now and then goes back, and does not always improve.
    `reach` is the last stage that it comes to; without it, each team draws its own.
    """
    random = Random(f"{slug}/{seed}")  # noqa: S311  (what a team tries is no secret)
    reach = reach or random.choice((2, 3, 3, 4, 4))
    begins = random.choice((1, 1, 2))
    for number in range(count):
        progress = number / max(count - 1, 1)
        stage = round(begins + progress * (reach - begins) + random.uniform(-0.9, 0.6))
        yield _attempt(slug, min(max(stage, 1), reach), random)


def _attempt(slug: str, stage: int, random: Random) -> tuple[Order, str]:
    recipe = random.choice([recipe for recipe in RECIPES[slug] if recipe.stage == min(stage, LAST_STAGE - 1)])
    order = _order(slug, recipe, random)
    words = describe(recipe, order)
    if stage < LAST_STAGE:
        return order, words
    other, more = _attempt(slug, LAST_STAGE - 1, random)
    return replace(order, blend=other), f"mean of two: {words}; {more}"


def _order(slug: str, recipe: Recipe, random: Random) -> Order:
    return Order(
        slug=slug,
        estimator=recipe.estimator,
        params={name: values.draw(random) for name, values in recipe.choices.items()} | recipe.fixed,
        before=recipe.before,
        rows=random.choice((1.0, 1.0, 0.95, 0.9, 0.85, 0.8)),
        columns=random.choice((1.0, 1.0, 1.0, 0.9, 0.8)),
        seed=random.randrange(10_000),
    )


def describe(recipe: Recipe, order: Order) -> str:
    """Return an order in words: “random forest, n_estimators 60, on 80 % of the rows”."""
    words = [recipe.name, *(f"{name} {order.params[name]:g}" for name in recipe.choices)]
    words += [f"on {100 * order.rows:.0f}\N{NO-BREAK SPACE}% of the rows"] if order.rows < 1 else []
    words += ["without some columns"] if order.columns < 1 else []
    return ", ".join(words)


def fill(order: Order) -> bytes:
    """Fit the model and return its answers for the test part, as the file that the team sends in."""
    return answer_file(table(order.slug), answers(order))


def answers(order: Order) -> Array:
    """Fit the model and return its answers: (rows, columns asked)."""
    mine = _fitted_answers(order)
    return mine if order.blend is None else (mine + answers(order.blend)) / 2


def _fitted_answers(order: Order) -> Array:
    this = table(order.slug)
    random = np.random.default_rng(order.seed)
    x, y = this.train
    columns = _some(x.shape[1], order.columns, random)
    rows = _some(len(y), order.rows, random)
    model = _model(order)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a network was stopped early is the team's choice
        model.fit(x[np.ix_(rows, columns)], y[rows])
        return _asked(model, this.test[:, columns], this)


def _some(count: int, share: float, random: np.random.Generator) -> Array:
    return np.sort(random.permutation(count)[: max(1, round(count * share))])


def _model(order: Order) -> Any:
    seed = {"random_state": order.seed} if order.estimator in SEEDED else {}
    last = ESTIMATORS[order.estimator](**order.params, **seed)
    before = {"": [], "scale": [StandardScaler()], "power": [PowerTransformer()], "pca": [PCA(20, random_state=0)]}
    return make_pipeline(*before[order.before], last)


def _asked(model: Any, x: Array, this: Table) -> Array:
    if this.asked_for in ("number", "label"):
        return np.asarray(model.predict(x))[:, None]
    if this.asked_for == "chances":
        chances = np.clip(model.predict_proba(x), SMALLEST, None)
        return np.asarray(chances / chances.sum(axis=1, keepdims=True))
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(x)[:, 1:])
    margin = model.decision_function(x)[:, None]  # made a number from 0 to 1 by the logistic curve
    return np.asarray(1 / (1 + np.exp(-margin)))


def answer_file(this: Table, values: Array) -> bytes:
    """Return answers as a CSV file: probabilities with six decimals, quantities with two, labels as they are."""
    decimals = {"chance": 6, "chances": 6, "number": 2, "label": 0}[this.asked_for]
    rounded = values if this.asked_for == "label" else np.round(values, decimals)
    return csv(["id", *this.asked], zip(this.test_ids, *rounded.T, strict=True))


def quiet_process(parent: int) -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tie_to_parent(signal.SIGKILL, parent)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where orders are filled, in the order in which they come: in processes, or with none here and now."""

    pool: ProcessPoolExecutor | None = None

    def order(self, order: Order) -> "Future[bytes]":
        """Begin one."""
        if self.pool is not None:
            return self.pool.submit(fill, order)
        done: Future[bytes] = Future()
        done.set_result(fill(order))
        return done


@contextmanager
def workshop(processes: int) -> Iterator[Workshop]:
    """Train in processes of their own, one thread each, which end with the block."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    before = {name: os.environ.get(name) for name in threads}
    os.environ.update(threads)
    context = get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=quiet_process, initargs=(os.getpid(),))
    try:
        yield Workshop(pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
