"""The demo's challenges: what they are called, when they are, how they are scored."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from podium.demo import own_scorer
from podium.demo.data import table
from podium.demo.people import CELLS, DIGITS, PROGRESSION, WINE, WORDS
from podium.demo.training import Order


@dataclass(frozen=True, slots=True)
class Window:
    """Dates of a challenge, at one moment of the demo's life."""

    opens: datetime
    closes: datetime
    teams_final: datetime
    release: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A challenge to be built. Dates are days from today, so that the demo is alive whenever it is started."""

    slug: str
    title: str
    summary: str
    organiser: str
    tags: tuple[str, ...]
    prize: str = ""
    time_zone: str = "UTC"
    team_size: int = 4
    opens: int
    teams_final: int
    closes: int
    release: int
    daily_limit: int = 5
    metrics: tuple[dict[str, Any], ...]
    titles: dict[str, str] = field(default_factory=dict)  # of columns whose metric has a longer name
    spec: dict[str, Any] = field(default_factory=dict)
    baselines: tuple[tuple[str, Order], ...]

    @property
    def is_running(self) -> bool:
        """Whether it takes submissions now."""
        return self.opens < 0 < self.closes

    def window(self, now: datetime) -> Window:
        """Return its dates: it opens at nine in the morning and closes with the day, where its host lives."""
        return Window(
            opens=self._moment(now, self.opens, time(9)),
            teams_final=self._moment(now, self.teams_final, time(23, 59)),
            closes=self._moment(now, self.closes, time(23, 59)),
            release=self._moment(now, self.release, time(12)),
        )

    def _moment(self, now: datetime, days: int, at: time) -> datetime:
        zone = ZoneInfo(self.time_zone)
        there = datetime.combine(now.astimezone(zone).date() + timedelta(days=days), at, tzinfo=zone)
        return there.astimezone(UTC)  # where adding hours means hours, whenever clocks are changed over there

    @property
    def has_own_scorer(self) -> bool:
        """Whether it is scored by its host's own score(), and this machine can run it."""
        return bool(own_scorer.source(self.slug)) and not own_scorer.why_not()

    @property
    def scorer(self) -> dict[str, Any]:
        """How it is scored, as a task keeps it."""
        if self.has_own_scorer:
            own = {"id": "id", "split": "Usage", "source": own_scorer.source(self.slug), "params": {"cost": 1.0}}
            return {"kind": "function", "spec": own}
        this = table(self.slug)
        spec = {
            "id": "id",
            "split": "Usage",
            "target": [this.target],
            "predictions": this.asked,
            "metrics": list(self.metrics),
            **({"slices": [this.group]} if this.group else {}),
            **self.spec,
        }
        return {"kind": "metric", "spec": spec}

    def words(self, page: str, **numbers: object) -> str:
        """Return a page of the host's words, with numbers in the places `[[name]]`."""
        text = (WORDS / self.slug / f"{page}.md").read_text(encoding="utf-8")
        for name, number in numbers.items():
            text = text.replace(f"[[{name}]]", f"{number:,}" if isinstance(number, int) else str(number))
        return text


def _plain(slug: str, estimator: str, **params: Any) -> Order:
    return Order(slug=slug, estimator=estimator, params=params)


def _scaled(slug: str, **params: Any) -> Order:
    return Order(slug=slug, estimator="LogisticRegression", params=params, before="scale")


BLUEPRINTS = (  # the oldest first, so that ids of submissions follow time
    Blueprint(
        slug=PROGRESSION,
        title="A year later",
        summary="Foretell from one visit how far diabetes will have moved a year on.",
        organiser="Course ST 204, Northmoor University",
        tags=("medicine", "tabular", "regression"),
        prize="A bonus point in the exam",
        time_zone="Europe/London",
        opens=-58,
        teams_final=-28,
        closes=-16,
        release=-4,
        metrics=({"key": "rmse", "metric": "root_mean_squared_error"},),
        titles={"rmse": "RMSE"},
        baselines=(
            ("Mean of the training part", _plain(PROGRESSION, "DummyRegressor")),
            ("Least squares", _plain(PROGRESSION, "LinearRegression")),
        ),
    ),
    Blueprint(
        slug=CELLS,
        title="Cells under the microscope",
        summary="Tell malignant samples from benign ones by ten numbers about their cell nuclei.",
        organiser="Department of Pathology, Northmoor University",
        tags=("medicine", "tabular", "classification"),
        prize="1,000 € and a day in the laboratory",
        time_zone="Europe/London",
        opens=-24,
        teams_final=4,
        closes=15,
        release=25,
        metrics=({"key": "roc_auc", "metric": "roc_auc_score"},),
        spec={"kind": "probabilities"},
        baselines=(
            ("Everybody the same", _plain(CELLS, "DummyClassifier")),
            ("Logistic regression", _scaled(CELLS)),
        ),
    ),
    Blueprint(
        slug=DIGITS,
        title="Digits, from four hundred",
        summary="Read handwritten digits on a square of eight by eight, having seen only four hundred of them.",
        organiser="Small Data Circle, Pune",
        tags=("images", "classification", "few examples"),
        prize="Books for 300 €, chosen by the winners",
        time_zone="Asia/Kolkata",
        team_size=3,
        opens=-16,
        teams_final=10,
        closes=22,
        release=33,
        daily_limit=4,
        metrics=(
            {"key": "macro_f1", "metric": "f1_score", "params": {"average": "macro"}},
            {"key": "log_loss", "metric": "log_loss"},
        ),
        titles={"macro_f1": "Macro F1"},
        spec={"classes": list(range(10))},
        baselines=(
            ("Shares of the classes", _plain(DIGITS, "DummyClassifier")),
            ("Logistic regression", _scaled(DIGITS, max_iter=1000)),
        ),
    ),
    Blueprint(
        slug=WINE,
        title="Three cultivars",
        summary="Which vines does a wine come from? Thirteen readings of a laboratory know.",
        organiser="Vino e Numeri, a reading group in Asti",
        tags=("chemistry", "tabular", "classification"),
        prize="Twelve bottles, with labels",
        time_zone="Europe/Rome",
        opens=6,
        teams_final=24,
        closes=34,
        release=44,
        daily_limit=3,
        metrics=({"key": "accuracy", "metric": "accuracy_score"},),  # where its host's own score() cannot run
        titles={"score": "Worth"},
        baselines=(
            ("Always 2", _plain(WINE, "DummyClassifier")),
            ("Logistic regression", _scaled(WINE)),
        ),
    ),
)
