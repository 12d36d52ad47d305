"""The rows of a page as they stand: in steps, each with its whisker on one axis, and with the ranks it could have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from podium.core import words
from podium.core.plots import Scale, scale_for, ticks
from podium.leaderboards.intervals import Interval

if TYPE_CHECKING:
    from podium.leaderboards.selectors import BoardRow

STAIRS = 9  # then the line begins at the left again
AIR_PERCENT = 4  # beside the axis a word would be cut


@dataclass(slots=True)
class Step:
    """Rows that stand on one step: nobody on it is behind its first by more than chance explains."""

    number: int
    continues: bool  # from the page before
    rows: "list[BoardRow]" = field(default_factory=list)

    @property
    def stair(self) -> int:
        """How far to the right its line stands, from 0 to 8."""
        return (self.number - 1) % STAIRS


def in_steps(rows: "Iterable[BoardRow]", *, before: int | None = None) -> list[Step]:
    """Return rows, which are in order, by the step that they stand on.

    `before` is the step of the last ranked row of the page before. Baselines, and teams that were not compared since
    they moved, stand where their neighbours above do; no row is ever above a step that began before it.
    """
    rows = list(rows)
    current = before or next((row.entry.step for row in rows if row.entry.step), 1)
    steps = [Step(current, continues=before is not None)]
    for row in rows:
        own = max(row.entry.step or current, current)
        if own != current:
            current = own
            steps.append(Step(current, continues=False))
        steps[-1].rows.append(row)
    return [step for step in steps if step.rows]


def could_be(best: int | None, worst: int | None, rank: int | None) -> str:
    """Return “10–19”, or the one rank that it is; nothing where it is not known, or from before the team moved.

    >>> could_be(10, 19, 17), could_be(40, 40, 40), could_be(3, 5, 9)
    ('10–19', '40', '')
    """
    if best is None or worst is None or rank is None or not best <= rank <= worst:
        return ""
    return words.thousands(best) if best == worst else f"{words.thousands(best)}–{words.thousands(worst)}"


# Whiskers


@dataclass(frozen=True, slots=True)
class Whisker:
    """A score and its interval on the axis, in per cent from the left; `arm` is None where there is none."""

    dot: float
    arm: tuple[float, float] | None = None
    beyond: str = ""
    """For what is not on the axis: “← off the scale”."""

    @property
    def is_above(self) -> bool:
        """Whether it is beyond the right end."""
        return self.beyond.endswith("→")


@dataclass(frozen=True, slots=True)
class Axis:
    """What all whiskers of a page are drawn along."""

    scale: Scale
    ticks: list[tuple[float, str]]  # per cent from the left, and the value in words

    @classmethod
    def of(cls, shown: "Sequence[tuple[float, Interval | None]]", *, keep: "Sequence[float]" = ()) -> "Axis":
        """Return an axis that holds these scores with their intervals, but for those that would flatten the others."""
        ends = [end for value, around in shown for end in (value, *_ends(around))]
        scale = scale_for(ends, keep=keep)
        places = [(_percent(scale, value), text) for value, text in ticks(scale.low, scale.high)]
        inner = [(at, text) for at, text in places if AIR_PERCENT <= at <= 100 - AIR_PERCENT]
        return cls(scale, inner)

    def whisker(self, value: float, around: "Interval | None") -> Whisker:
        """Return where a score stands; what reaches beyond the axis ends with it."""
        if not self.scale.holds(value):
            return Whisker(0, beyond="← off the scale" if value < self.scale.low else "off the scale →")
        low, high = (value if end is None else end for end in ((around.low, around.high) if around else (None, None)))
        arm = (_percent(self.scale, low), _percent(self.scale, high)) if around else None
        return Whisker(_percent(self.scale, value), arm)


def _ends(around: "Interval | None") -> list[float]:
    return [end for end in (around.low, around.high) if end is not None] if around else []


def _percent(scale: Scale, value: float) -> float:
    return round(100 * scale.share(value), 1)
