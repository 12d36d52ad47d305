"""What a phase's boards will give away and how lucky their leader will be, said to its hosts before it begins.

Everything follows from the columns that all may see: their decimals, how often a team may submit, and on how many rows
they are scored. Nothing here stops anybody: a finding is a sentence, and a warning a sentence that wants a decision.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil

from podium.challenges.models import Phase
from podium.challenges.references import UnreadableError, split_sizes
from podium.challenges.scorers import OWN_METRIC, runs_own
from podium.core.words import long_span, percent, plural, score, thousands
from podium.leaderboards.models import Board, Column
from podium.submissions.models import Score
from podium.submissions.own_scorers import why_closed
from podium.submissions.states import RunState
from scoring.spec import MetricSpec, ScorerSpec
from scoring.statistics.assignment import WARN_FROM
from scoring.statistics.leakage import bits_per_score, budget, log_loss_budget
from scoring.statistics.optimism import largest_se, optimism_of_equals

MOST_DECIMALS = 4
FEW_ROWS = 100
SMALL_SHARE = 0.1
TEAMS = 50  # so many equally good ones are what the leader's luck is told for
DAY = 86_400
CLIP = 2.0**-52  # of `log_loss`
DECIMALS = (2, 3, 4, 5, 6)
ROW = 26  # pixels


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact about a phase, for its hosts."""

    title: str
    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """How much one submission can read out, for so many decimals."""

    decimals: int
    labels: int
    is_shown: bool
    percent: float  # of the longest bar
    top: int = 0  # in pixels

    @property
    def width(self) -> float:
        """How long the bar is, in per cent of the drawing."""
        return round(0.66 * self.percent, 1)

    @property
    def end(self) -> float:
        """Where the bar ends, in per cent of the drawing."""
        return 24 + self.width


@dataclass(frozen=True, slots=True)
class Foresight:
    """What can be said of a phase before it begins."""

    phase: Phase
    findings: list[Finding] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    metric: str = ""  # what the bars are about

    @property
    def height(self) -> int:
        """How high the drawing of the bars is, in pixels."""
        return ROW * len(self.bars)

    @property
    def warnings(self) -> list[Finding]:
        """What wants a decision."""
        return [finding for finding in self.findings if finding.is_warning]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column that all may see, with what matters here."""

    column: Column
    metric: MetricSpec
    spec: ScorerSpec
    rows: int
    private: int

    @property
    def name(self) -> str:
        """The column's title within a sentence: “log loss”, but “ROC AUC”."""
        words = self.column.title
        return words[:1].lower() + words[1:] if words[1:].islower() else words

    @property
    def has_labels(self) -> bool:
        """Whether there are labels to be read out, and rows that have them."""
        return self.spec.wants_labels and self.rows > 0

    @property
    def has_known_attack(self) -> bool:
        """Whether it is known how to read out as many labels as are counted here; of other metrics that is a bound."""
        return self.metric.metric == "log_loss"

    def labels(self, decimals: int) -> int:
        """Return how many labels one submission can read out at most; of log loss that is known, else a bound."""
        if not self.has_labels:
            return 0
        if self.metric.metric == "log_loss":
            return int(log_loss_budget(self.rows, decimals, CLIP).labels_per_submission)
        entry = self.metric.entry
        low, high = max(entry.low, -1.0), min(entry.high, 1.0)  # where real scores lie, of a metric without bounds
        values = self.rows + 1 if entry.interval == "proportion" else None
        bits = bits_per_score(low=low, high=high, decimals=decimals, values=values)
        return int(budget(self.rows, bits, classes=len(self.spec.classes or "01")).labels_per_submission)


def foresee(phase: Phase) -> Foresight:
    """Return what can be said of a phase. At most one read of each reference, which is kept."""
    columns = list(_public_columns(phase))
    if not columns:
        return Foresight(
            phase, [Finding("Nothing to say yet", "Choose a task below: its boards and what they show follow.")]
        )
    if runs_own(phase):
        closed = why_closed(phase)
        return Foresight(phase, [Finding(OWN_METRIC, closed or OF_OWN, is_warning=bool(closed))])
    try:
        shown = [_facts(column) for column in columns]
    except UnreadableError as error:
        return Foresight(phase, [Finding("The solution cannot be read", str(error), is_warning=True)])
    most = max(shown, key=lambda one: one.labels(one.column.decimals))
    findings = [*_of_rows(shown[0]), *_of_decimals(shown), _of_labels(most, phase), *_of_luck(shown[0])]
    return Foresight(phase, findings, _bars(most), most.name)


def _public_columns(phase: Phase) -> Iterator[Column]:
    """Yield the scores that all may see while the phase goes on, each once."""
    columns = Column.objects.filter(board__phase=phase, board__audience=Board.Audience.PUBLIC, computed="")
    seen = set()
    for column in columns.select_related("task__reference").order_by("board__position", "position", "pk"):
        source = column.task_id, column.score_key, column.split
        if source not in seen:
            seen.add(source)
            yield column


def _facts(column: Column) -> _Shown:
    assert column.task is not None  # a score: the others were left out
    spec = ScorerSpec.from_dict(column.task.scorer["spec"])
    sizes = split_sizes(column.task)
    metric = next((one for one in spec.metrics if one.key == column.score_key), None)
    if metric is None:
        raise UnreadableError(f"The task “{column.task}” does not compute “{column.score_key}”.")
    return _Shown(column, metric, spec, _rows(sizes, column), sum(sizes.values()) - _rows(sizes, column))


def _rows(sizes: Mapping[str, int], column: Column) -> int:
    return sizes.get(column.split.partition(":")[0], 0)


# Findings


def _of_rows(one: _Shown) -> Iterator[Finding]:
    whole = one.rows + one.private
    share = one.rows / whole if whole else 0.0
    text = f"{thousands(one.rows)} of {plural(whole, 'row')} are public, {percent(share)}."
    if one.column.split.partition(":")[0] == "all":
        yield Finding(
            "Nothing is held back",
            f"The board is scored on all {plural(whole, 'row')}, so it decides in the end what it showed from the "
            "start. Split the rows, and what teams tune on is not what they are ranked by.",
            is_warning=True,
        )
    elif share >= WARN_FROM:
        yield Finding("Public rows", f"{text} Less is left to decide by than was shown: 25 to 30 % is usual.", True)
    elif share < SMALL_SHARE or one.rows < FEW_ROWS:
        yield Finding("Public rows", f"{text} That is little: the public ranks will be luck for the most part.", True)
    else:
        yield Finding("Public rows", f"{text} The others decide in the end.")


def _of_decimals(shown: list[_Shown]) -> Iterator[Finding]:
    for one in shown:
        if one.column.decimals > MOST_DECIMALS:
            yield Finding(
                "Decimals",
                f"{one.column.title} is shown to {plural(one.column.decimals, 'decimal')}. Four are enough to rank by, "
                "and each one more tells more about the hidden labels.",
                is_warning=True,
            )


def _of_labels(one: _Shown, phase: Phase) -> Finding:
    """Say how much a team that does nothing else could read out."""
    labels, decimals = one.labels(one.column.decimals), plural(one.column.decimals, "decimal")
    if not one.has_labels:
        return Finding("What the board gives away", OF_NUMBERS)
    lasts = (phase.closes - phase.opens).total_seconds()
    if not labels:
        return Finding(
            "What the board gives away", f"With {one.name} shown to {decimals}, no score gives a label away."
        )
    sent = _submissions(phase, lasts)
    start = f"With {one.name} shown to {decimals}, a team that probes on purpose can read at most "
    start += f"{plural(labels, 'label')} from each submission"
    if phase.ladder:
        return Finding("What the board gives away", f"{start}. {LADDER_ON}")
    if sent is None:
        return Finding("What the board gives away", f"{start}, and there is no limit. {REMEDY}", is_warning=True)
    needed = ceil(one.rows / labels)
    often = f"at {phase.daily_limit} a day, " if phase.daily_limit else ""
    if needed > sent:
        reach = f"{often}{thousands(sent * labels)} of {thousands(one.rows)} public labels in the whole phase"
    elif phase.daily_limit:
        reach = f"{often}all {thousands(one.rows)} public labels in {plural(ceil(needed / phase.daily_limit), 'day')}"
    else:
        reach = f"all {thousands(one.rows)} public labels in {plural(needed, 'submission')}"
    is_much = one.has_known_attack and 2 * sent * labels >= one.rows
    more = REMEDY if is_much else "" if one.has_known_attack else ONLY_A_BOUND
    text = f"{start}: {reach}. The phase runs for {long_span(lasts)}. The private rows stay safe. {more}"
    return Finding("What the board gives away", text.rstrip(), is_much)


OF_OWN = (
    "It is a program, so nothing can be said of what a score gives away. It may say more to a team than a number: what "
    "it raises as ParticipantVisibleError is shown."
)
OF_NUMBERS = (
    "The hidden values are numbers. A team that changes one prediction at a time reads a value from each submission, "
    "the more exactly the more decimals there are: fewer decimals and submissions, or the Ladder, keep that small."
)
ONLY_A_BOUND = "That is what the digits could hold; the attacks that are known on this metric read far less."
REMEDY = "Show fewer decimals, take fewer submissions, or use the Ladder."
LADDER_ON = "The Ladder is on: a score that is no better than chance is not shown, so probing tells next to nothing."


def _submissions(phase: Phase, seconds: float) -> int | None:
    """Return how many submissions a team may send in the whole phase; None where there is no limit."""
    limits = [phase.daily_limit * max(ceil(seconds / DAY), 1)] if phase.daily_limit else []
    return min([*limits, *([phase.total_limit] if phase.total_limit else [])], default=None)


def _of_luck(one: _Shown) -> Iterator[Finding]:
    """Say how much too good the first of the public board will look."""
    error, is_bound = _standard_error(one)
    if error is None:
        yield Finding(
            "The leader’s luck",
            "The first of a board is always a little lucky. How much follows from the first scored baseline: send one, "
            "and it stands here.",
        )
        return
    too_good = optimism_of_equals(TEAMS, error)
    word = "at most" if is_bound else "about"
    yield Finding(
        "The leader’s luck",
        f"Among {TEAMS} equally good teams, the first of the public board would look {word} "
        f"{score(too_good, max(one.column.decimals, 2))} too good, by luck alone. More public rows make that less.",
    )


def _standard_error(one: _Shown) -> tuple[float | None, bool]:
    """Return the standard error of a score on the public rows: a baseline's, else for a share of rows the greatest that
    there is, which makes what follows an “at most”."""
    measured = Score.objects.filter(
        seat__run__task=one.column.task_id,
        seat__run__state=RunState.SCORED,
        key=one.column.score_key,
        split=one.column.split,
        se__gt=0,
    )
    known: float | None = measured.order_by("-pk").values_list("se", flat=True).first()
    if known is not None:
        return known, False
    is_share = one.metric.entry.interval == "proportion" and one.rows > 0
    return (largest_se(one.rows, low=0, high=1) if is_share else None), True


def _bars(one: _Shown) -> list[Bar]:
    counts = {decimals: one.labels(decimals) for decimals in DECIMALS}
    longest = max(counts.values())
    return [
        Bar(decimals, labels, decimals == one.column.decimals, 100 * labels / longest, top=ROW * at)
        for at, (decimals, labels) in enumerate(counts.items())
        if longest
    ]
