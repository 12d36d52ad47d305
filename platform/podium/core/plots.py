"""Plots as data: what a template needs to draw inline SVG, with every position worked out.

Nothing here writes markup. A plot's paths live in a stretched `viewBox` 1000 wide and `height` high; its dots and words
stand at percentages of the same area, so that lines stretch and words never do. Each plot takes a title, a sentence
that says with numbers what is to be seen, and gives `empty` true when there is nothing to draw. Templates:
`includes/plots/steps.html`, `…/entries.html`, `…/shakeup.html`, and `includes/timeline.html`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from statistics import quantiles
from typing import Literal, TypeVar

from podium.core import words
from podium.core.timeline import Milestone, Timeline, timeline

__all__ = [
    "EntryPoint",
    "Milestone",
    "Plot",
    "Series",
    "Shift",
    "Timeline",
    "TrackStep",
    "entries_plot",
    "running_best",
    "shakeup_plot",
    "steps_plot",
    "timeline",
]

WIDTH = 1000
MOST_SERIES = 12
MOST_POINTS = 300  # of one series: more cannot be told apart on a screen
MOST_PAIRS = 40
LABEL_WIDE, LABEL_NARROW = 18, 11  # characters that fit beside a plot on a wide screen and on a phone
RANKED_WIDE, RANKED_NARROW = 26, 15  # the same beside a shake-up, which has more room there
LABEL_ROOM = 16  # px between the labels of two lines
FEW_TO_FENCE = 8

Role = Literal["you", "lead", "other", "baseline"]
T = TypeVar("T")


@dataclass(frozen=True)
class Text:
    """Words at a place: per cent from the left, per cent from the top."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    role: str = ""
    wide: bool = False
    """Only where there is room for it."""
    longest: tuple[int, int] = (LABEL_WIDE, LABEL_NARROW)

    @property
    def long(self) -> str:
        """The words cut for a wide screen."""
        return shortened(self.text, self.longest[0])

    @property
    def short(self) -> str:
        """The words cut for a phone."""
        return shortened(self.text, self.longest[1])


@dataclass(frozen=True)
class Path:
    """A line, as the `d` of an SVG path."""

    d: str
    role: str


@dataclass(frozen=True)
class Dot:
    """A point, in per cent."""

    x: float
    y: float
    role: str = ""


@dataclass(frozen=True)
class Plot:
    """Everything that the templates of plots draw."""

    title: str
    sentence: str
    height: int
    paths: Sequence[Path] = ()
    dots: Sequence[Dot] = ()
    grid: Sequence[Text] = ()
    """Horizontal lines, with what is written at their left."""
    axis: Sequence[Text] = ()
    """What is written below."""
    labels: Sequence[Text] = ()
    """What is written at the ends of lines."""
    note: str = ""
    """What the plot leaves out, in a sentence."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.paths and not self.dots


@dataclass(frozen=True)
class Series:
    """One line of best scores: moments in order, and the value from each on."""

    name: str
    points: Sequence[tuple[datetime, float]]
    role: Role = "other"


@dataclass(frozen=True)
class Scale:
    """Values to per cent from the top. Values beyond the ends stand at the ends."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Return how far up a value is, from 0 to 1."""
        if self.high <= self.low:
            return 0.5
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def percent(self, value: float) -> float:
        """Return how far from the top a value is, in per cent."""
        return round(100 * (1 - self.share(value)), 2)

    def holds(self, value: float) -> bool:
        """Return whether a value is on the scale."""
        return self.low <= value <= self.high


def shortened(text: str, longest: int) -> str:
    """Return a text cut to a length, with an ellipsis where it was cut."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def running_best(values: Iterable[float | None], *, higher_is_better: bool) -> list[float | None]:
    """Return the best value so far at every place; nothing before the first."""
    better: Callable[[float, float], float] = max if higher_is_better else min

    def best(before: float | None, value: float | None) -> float | None:
        if before is None or value is None:
            return before if value is None else value
        return better(before, value)

    return list(accumulate(values, best))


def nice_step(span: float, *, most: int = 5) -> float:
    """Return the smallest of 1, 2, 2.5 and 5 times a power of ten that cuts a span into at most `most` parts."""
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= raw * (1 - 1e-9))


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return three to five round values between two others, each with its words; for one value, that value."""
    if not high > low:
        return [(low, words.score(low, 4))]
    step = nice_step(high - low)
    decimals = max(0, -math.floor(math.log10(step)) + (1 if f"{step:e}".startswith("2.5") else 0))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(number * step, words.score(number * step, decimals)) for number in range(first, last + 1)]


def scale_for(values: Sequence[float], *, keep: Sequence[float] = ()) -> Scale:
    """Return a scale that holds the values with air around them, but not those that would flatten all others.

    Of eight or more, what lies farther from the middle half than three times its width is left outside, unless it is
    among those to keep.
    """
    inside = list(values)
    if len(values) >= FEW_TO_FENCE:
        lower, _, upper = quantiles(values, n=4)
        reach = 3 * (upper - lower)
        inside = [value for value in values if not reach or lower - reach <= value <= upper + reach]
    low, high = min([*inside, *keep]), max([*inside, *keep])
    air = 0.06 * (high - low) or abs(high) * 0.05 or 0.05
    return Scale(low - air, high + air)


def thinned(items: Sequence[T], most: int) -> list[T]:
    """Return at most `most` items, evenly spread, always with the first and the last."""
    if len(items) <= most:
        return list(items)
    return [items[round(at * (len(items) - 1) / (most - 1))] for at in range(most)]


def spread(labels: Sequence[Text], height: int) -> list[Text]:
    """Return labels at the ends of lines moved apart, so that none covers another, in their order from the top."""
    room = 100 * LABEL_ROOM / height
    placed: list[Text] = []
    for label in sorted(labels, key=lambda each: each.y):
        lowest = placed[-1].y + room if placed else label.y
        placed.append(replace(label, y=max(label.y, lowest)))
    overshoot = placed[-1].y - 100 if placed else 0.0
    for at in range(len(placed) - 1, -1, -1) if overshoot > 0 else ():
        ceiling = placed[at + 1].y - room if at + 1 < len(placed) else 100.0
        placed[at] = replace(placed[at], y=min(placed[at].y, ceiling))
    return [replace(label, y=round(label.y, 2)) for label in placed]


def grid_lines(scale: Scale) -> list[Text]:
    """Return the grid of a scale of values."""
    return [Text(0, scale.percent(value), text, anchor="end") for value, text in ticks(scale.low, scale.high)]


def off_scale(values: Iterable[float], scale: Scale) -> str:
    """Say how many values are beyond the ends of the scale, or nothing."""
    outside = [value for value in values if not scale.holds(value)]
    below = sum(value < scale.low for value in outside)
    parts = [(below, "below"), (len(outside) - below, "above")]
    said = words.listed([f"{count} {side}" for count, side in parts if count])
    return f"Off the scale: {said}." if said else ""


@dataclass(frozen=True)
class TimeAxis:
    """Moments to places, with what is written below."""

    start: datetime
    end: datetime

    def share(self, at: datetime) -> float:
        """Return how far along a moment is, from 0 to 1."""
        whole = (self.end - self.start).total_seconds()
        return min(max((at - self.start).total_seconds() / whole, 0.0), 1.0) if whole > 0 else 0.0

    def texts(self, end_word: str) -> list[Text]:
        """Return up to five dates or times from the start on, and a word for the end."""
        span = self.end - self.start
        by_day = span >= timedelta(days=2)
        step = self._step(span)
        moments = [self.start + step * number for number in range(5)]
        inner = [at for at in moments if self.share(at) <= 0.86 and at < self.end]
        shown = [
            Text(
                round(100 * self.share(at), 2),
                100,
                words.day_month(at) if by_day else words.clock_time(at).removesuffix(" UTC"),
                anchor="middle" if number else "start",
                wide=number % 2 == 1,
            )
            for number, at in enumerate(inner)
        ]
        return [*shown, Text(100, 100, end_word or words.day_month(self.end), anchor="end")]

    @staticmethod
    def _step(span: timedelta) -> timedelta:
        days = (1, 2, 3, 5, 7, 14, 21, 28, 56, 91, 182, 365)
        minutes = (1, 5, 15, 30, 60, 120, 180, 360, 720)
        steps = [*(timedelta(minutes=count) for count in minutes), *(timedelta(days=count) for count in days)]
        return next((step for step in steps if step * 5 > span), span / 4)


def step_path(points: Sequence[tuple[float, float]], height: int, *, to: float = 1.0) -> str:
    """Return the path of a best score: points are shares of the width and per cent from the top; it ends at `to`."""
    if not points:
        return ""
    drawn = [(round(WIDTH * x), round(height * y / 100, 1)) for x, y in points]
    moves = [f"M{drawn[0][0]} {drawn[0][1]:g}", *(f"H{x}V{y:g}" for x, y in drawn[1:])]
    return "".join(moves) + f"H{round(WIDTH * to)}"


def steps_plot(
    series: Sequence[Series],
    *,
    start: datetime,
    end: datetime,
    title: str,
    sentence: str,
    end_word: str = "today",
    height: int = 260,
) -> Plot:
    """Plot best scores over time: you in green, the leader dark, others grey, baselines dashed.

    `points` of each series are its improvements: the moment, and the value from then on. At most twelve series are
    drawn: you, the leader and the baselines always, others in the order given.
    """
    chosen = _chosen([one for one in series if one.points])
    if not chosen:
        return Plot(title, sentence, height)
    values = [value for one in chosen for _, value in one.points]
    ends = [one.points[-1][1] for one in chosen if one.role != "other"]
    scale, axis = scale_for(values, keep=ends), TimeAxis(start, end)
    labels = [
        Text(100, scale.percent(one.points[-1][1]), one.name, role=one.role) for one in chosen if one.role != "other"
    ]
    return Plot(
        title,
        sentence,
        height,
        paths=[Path(_series_path(one, scale, axis, height), one.role) for one in chosen],
        grid=grid_lines(scale),
        axis=axis.texts(end_word),
        labels=spread(labels, height),
        note=off_scale(values, scale),
    )


def _chosen(series: Sequence[Series]) -> list[Series]:
    """Keep the series that are named, and as many others as there is room for; the first drawn lies lowest."""
    order = {"other": 0, "baseline": 1, "lead": 2, "you": 3}
    named = [one for one in series if one.role != "other"]
    others = [one for one in series if one.role == "other"][: max(MOST_SERIES - len(named), 0)]
    return sorted([*others, *named], key=lambda one: order[one.role])


def _series_path(series: Series, scale: Scale, axis: TimeAxis, height: int) -> str:
    if series.role == "baseline":
        return f"M0 {height * scale.percent(series.points[-1][1]) / 100:g}H{WIDTH}"
    points = thinned(series.points, MOST_POINTS)
    return step_path([(axis.share(at), scale.percent(value)) for at, value in points], height)


@dataclass(frozen=True)
class EntryPoint:
    """One submission of a team: when, what it scored (if it did), and whether the page is about it."""

    at: datetime
    value: float | None
    is_this: bool = False


def entries_plot(
    points: Sequence[EntryPoint],
    *,
    higher_is_better: bool,
    decimals: int,
    title: str,
    sentence: str,
    end_word: str = "today",
    height: int = 200,
) -> Plot:
    """Plot a team's submissions in the order they were sent: a dot each, and the best so far as a step."""
    scored = [(point, point.value) for point in points if point.value is not None]
    if not scored:
        return Plot(title, sentence, height)
    values = [value for _, value in scored]
    best = [value for value in running_best(values, higher_is_better=higher_is_better) if value is not None]
    marked = next((at for at, (point, _) in enumerate(scored) if point.is_this), len(scored) - 1)
    scale = scale_for(values, keep=[best[-1], values[marked]])
    places = _places(len(scored))
    rises = [at for at in range(len(best)) if at == 0 or best[at] != best[at - 1]]
    shown = sorted({*thinned(range(len(scored)), MOST_POINTS), marked})
    path = [(places[at], scale.percent(best[at])) for at in thinned(rises, MOST_POINTS)]
    return Plot(
        title,
        sentence,
        height,
        paths=[Path(step_path(path, height), "you")] if len(scored) > 1 else [],
        dots=[
            Dot(round(100 * places[at], 2), scale.percent(values[at]), "you" if at == marked else "")
            for at in sorted(shown, key=lambda at: at == marked)
        ],
        grid=grid_lines(scale),
        axis=_ends(scored[0][0].at, scored[-1][0].at, end_word, len(scored)),
        labels=[Text(100, scale.percent(values[marked]), words.score(values[marked], decimals), role="you")],
        note=off_scale(values, scale),
    )


def _places(count: int) -> list[float]:
    return [0.5] if count == 1 else [at / (count - 1) for at in range(count)]


def _ends(first: datetime, last: datetime, end_word: str, count: int) -> list[Text]:
    closing = end_word or words.day_month(last)
    if count == 1:
        return [Text(50, 100, closing, anchor="middle")]
    return [Text(0, 100, words.day_month(first)), Text(100, 100, closing, anchor="end")]


@dataclass(frozen=True)
class TrackStep:
    """One step of a submission's life, for `includes/track.html`."""

    state: str
    detail: str = ""
    reached: bool = True
    turning: bool = False
    """It is here, and at work."""

    @property
    def wrong(self) -> bool:
        """Whether it ended badly here."""
        return self.reached and self.state in ("rejected", "failed")


@dataclass(frozen=True)
class Shift:
    """A team's rank on two boards, from 1."""

    name: str
    before: int
    after: int
    is_you: bool = False


def shakeup_plot(shifts: Sequence[Shift], *, title: str, sentence: str, before: str, after: str) -> Plot:
    """Plot ranks on two boards side by side, a line a team; `before` and `after` are the boards' names.

    The first forty of the second board are shown, and you wherever you are; what lies between is closed up, and the
    ranks that are written at both sides are the true ones.
    """
    ranked = sorted(shifts, key=lambda shift: shift.after)
    shown = [shift for at, shift in enumerate(ranked) if at < MOST_PAIRS or shift.is_you]
    if not shown:
        return Plot(title, sentence, 0)
    height = max(18 * len(shown), 90)
    left = {id(shift): _row(at, len(shown)) for at, shift in enumerate(sorted(shown, key=lambda shift: shift.before))}
    right = {id(shift): _row(at, len(shown)) for at, shift in enumerate(shown)}
    roles = {id(shift): "you" if shift.is_you else "lead" if shift is shown[0] else "other" for shift in shown}
    return Plot(
        title,
        sentence,
        height,
        paths=[
            Path(f"M0 {height * left[one] / 100:g}L{WIDTH} {height * right[one] / 100:g}", roles[one])
            for one in sorted(roles, key=lambda one: roles[one] == "you")
        ],
        dots=[Dot(x, side[one], roles[one]) for one in roles for x, side in ((0.0, left), (100.0, right))],
        labels=[
            *(Text(0, left[id(s)], words.thousands(s.before), "end", roles[id(s)]) for s in shown),
            *(_ranked_label(s, right[id(s)], roles[id(s)]) for s in shown),
        ],
        axis=[Text(0, 100, before), Text(100, 100, after, anchor="end")],
        note="" if len(shown) == len(shifts) else f"Shown: {len(shown)} of {words.plural(len(shifts), 'team')}.",
    )


def _ranked_label(shift: Shift, y: float, role: str) -> Text:
    text = f"{words.thousands(shift.after)} {shift.name}"
    return Text(100, y, text, role=role, longest=(RANKED_WIDE, RANKED_NARROW))


def _row(at: int, count: int) -> float:
    return round(100 * (at + 0.5) / count, 2)
