"""Building one challenge of the demo: what its host puts up, the teams, and what they sent."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.text import slugify

from podium.accounts.models import User
from podium.challenges.models import Challenge, DatasetVersion, Page, Phase, PhaseTask, Tag, Task
from podium.challenges.services import (
    challenge_create,
    challenge_join,
    challenge_publish,
    dataset_publish,
    rules_publish,
)
from podium.core.storage import store_bytes
from podium.demo import coding, dating, own_scorer
from podium.demo.blueprints import Blueprint, Window
from podium.demo.data import Table, files, solution, split_of, table
from podium.demo.history import Sending, Visit, in_order
from podium.demo.people import ADA, HOST
from podium.demo.spoiling import spoil
from podium.demo.training import Workshop
from podium.leaderboards.listeners import stand_on_the_boards
from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.services import board_defaults, board_rebuild, board_snapshot
from podium.submissions.evaluation import run_evaluate, waiting_runs
from podium.submissions.models import Submission
from podium.submissions.quota import day_start
from podium.submissions.services import submission_cancel, submission_receive, submission_select
from podium.submissions.signals import submission_finished
from podium.submissions.states import SubmissionState
from podium.submissions.tasks import advance
from podium.submissions.workers import NoRoomError
from podium.teams.models import Team
from podium.teams.services import baseline_create, invitation_accept, invitation_create, team_rename

SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A challenge to be built, with the files that are being made for it."""

    blueprint: Blueprint
    now: datetime
    visits: list[Visit]
    sendings: list[Sending]
    files: "list[Future[bytes]]"  # of the sendings, in their order
    baselines: "list[Future[bytes]]"

    @classmethod
    def of(cls, blueprint: Blueprint, visits: list[Visit], shop: Workshop, *, now: datetime) -> "Plan":
        """Order the models of a challenge."""
        baselines = [shop.order(order) for _, order in blueprint.baselines]
        sendings = in_order(visits)
        # a file that is sent twice, once with a mistake, is one model
        orders = {id(sending.order): sending.order for sending in sendings if sending.order}
        made = {key: shop.order(order) for key, order in orders.items()}
        files = [sending.script.file() if sending.script else made[id(sending.order)] for sending in sendings]
        return cls(blueprint, now, visits, sendings, files, baselines)

    @property
    def window(self) -> Window:
        """The challenge's dates."""
        return self.blueprint.window(self.now)


def build(plan: Plan) -> Challenge:
    """Build it all. Until the end the phase is open, whatever its dates will be: services take nothing after them."""
    host = User.objects.get(username=HOST.username)
    window = plan.window
    put_up = min(window.opens - timedelta(days=5), plan.now - timedelta(days=4))
    with dating.happening(put_up):
        challenge, phase = _put_up(plan, host)
    _send_baselines(plan, challenge, phase, host, at=min(window.opens, plan.now - timedelta(days=3)))
    dating.challenge(challenge, put_up)
    people = User.objects.in_bulk(field_name="username")
    teams = {visit.crew.name: _form_team(challenge, visit, people) for visit in plan.visits}
    with boards_at_rest(phase):
        _send_all(plan, phase, teams, people)
    _choose(plan, phase, teams)
    _set_dates(challenge, phase, window)
    return challenge


@contextmanager
def boards_at_rest(phase: Phase) -> Iterator[None]:
    """Leave the boards alone while hundreds of submissions come in at once, and compute them whole in the end."""
    submission_finished.disconnect(stand_on_the_boards)
    try:
        yield
    finally:
        submission_finished.connect(stand_on_the_boards)
    for board in phase.boards.all():
        board_rebuild(board)


# What the host does


def _put_up(plan: Plan, host: User) -> tuple[Challenge, Phase]:
    blueprint = plan.blueprint
    challenge = challenge_create(
        owner=host,
        slug=blueprint.slug,
        title=blueprint.title,
        summary=blueprint.summary,
        organiser=blueprint.organiser,
        prize=blueprint.prize,
        time_zone=blueprint.time_zone,
        team_size=blueprint.team_size,
    )
    challenge.tags.set(
        Tag.objects.get_or_create(slug=slugify(name), defaults={"name": name})[0] for name in blueprint.tags
    )
    _write_pages(challenge, blueprint, host)
    phase = _make_phase(plan, challenge, host)
    challenge_publish(challenge, actor=host)
    return challenge, phase


def _write_pages(challenge: Challenge, blueprint: Blueprint, host: User) -> None:
    numbers = page_numbers(blueprint)
    for position, (slug, title) in enumerate({"overview": "Overview", "data": "Data"}.items()):
        body = blueprint.words(slug, **numbers)
        Page.objects.create(challenge=challenge, slug=slug, title=title, body=body, position=position)
    rules_publish(challenge, body=blueprint.words("rules", **numbers), actor=host)


def page_numbers(blueprint: Blueprint) -> dict[str, object]:
    """Return what the words of a challenge name in figures."""
    this = table(blueprint.slug)
    public = public_rows(blueprint)
    return {
        "train_rows": this.given,
        "test_rows": len(this.test_ids),
        "public_rows": public,
        "private_rows": len(this.test_ids) - public,
        "first_test": str(this.test_ids[0]),
        "low": int(this.train[1].min()),
        "high": int(this.train[1].max()),
        **_how_it_is_scored(blueprint),
    }


def _how_it_is_scored(blueprint: Blueprint) -> dict[str, str]:
    """Return the words about its metric, of a challenge whose host has one of their own that may not run here."""
    if not own_scorer.source(blueprint.slug):
        return {}
    return {"how": blueprint.words("by-score" if blueprint.has_own_scorer else "by-accuracy").rstrip()}


def public_rows(blueprint: Blueprint) -> int:
    """Return how many test rows are public."""
    this = table(blueprint.slug)
    return sum(split_of(row_id, public=this.public) == "public" for row_id in this.test_ids)


def _make_phase(plan: Plan, challenge: Challenge, host: User) -> Phase:
    this, blueprint = table(plan.blueprint.slug), plan.blueprint
    given = {name: store_bytes(data) for name, data in files(this).items()}
    data = dataset_publish(challenge, name="data", audience="participants", files=given, actor=host)
    hidden = {"solution.csv": store_bytes(solution(this))}
    reference = dataset_publish(challenge, name="solution", audience="scoring", files=hidden, actor=host)
    scorer, environment = blueprint.scorer, own_scorer.environment() if blueprint.has_own_scorer else ""
    task = Task.objects.create(
        challenge=challenge, name="main", reference=reference, scorer=scorer, environment=environment or ""
    )
    phase = Phase.objects.create(
        challenge=challenge,
        name="Main phase",
        opens=plan.window.opens,
        closes=max(plan.window.closes, timezone.now() + SOON),
        kinds=["predictions"],
        daily_limit=blueprint.daily_limit,
    )
    PhaseTask.objects.create(phase=phase, task=task)
    if any(sending.script for sending in plan.sendings):
        _take_code(phase, this, inputs=data, host=host)
    share = public_rows(blueprint) / len(this.test_ids)
    for board, part in zip(board_defaults(challenge, phase), (share, 1 - share), strict=True):
        Board.objects.filter(pk=board.pk).update(rows_share=part)
        for key, title in blueprint.titles.items():
            board.columns.filter(key=key).update(title=title)
    if this.group:
        _make_group_board(phase, task, this)
    return phase


def _take_code(phase: Phase, this: Table, *, inputs: DatasetVersion, host: User) -> None:
    sample = {name: store_bytes(data) for name, data in coding.sample_of(files(this)).items()}
    coding.take_code(phase)
    phase.inputs = inputs
    phase.sample_inputs = dataset_publish(phase.challenge, name="sample", audience="public", files=sample, actor=host)
    phase.full_clean()
    phase.save()


def _make_group_board(phase: Phase, task: Task, this: Table) -> Board:
    """Add a board that ranks by how a team does in each group, however many rows that has."""
    private = phase.boards.get(compared_with__isnull=False)
    score = private.columns.get()
    Column.objects.create(**_slice(private, score, f"{this.group}:gap", f"Gap by {this.group}", direction="lower"))
    board = Board.objects.create(
        challenge=phase.challenge,
        phase=phase,
        slug=f"by-{this.group}",
        title=f"By {this.group}",
        position=2,
        rule=private.rule,
        audience=private.audience,
        exact=True,
        compared_with=private,
        rows_share=private.rows_share,
    )
    names = sorted({f"{group:g}" for group in this.test[:, list(this.columns).index(this.group)]})
    parts = [
        Column.objects.create(**_slice(board, score, f"{this.group}={name}", f"{score.title}, {this.group} {name}"))
        for name in names
    ]
    mean = Column(
        board=board, key="mean_rank", title="Mean rank", computed=Column.Rule.MEAN_RANK, direction="lower", decimals=1
    )
    mean.parts = {column.key: 1.0 for column in parts}
    mean.full_clean()
    mean.save()
    return board


def _slice(board: Board, of: Column, part: str, title: str, **fields: object) -> dict[str, Any]:
    """Return a column for a slice of a score."""
    return {
        "board": board,
        "key": part.replace("=", "_").replace(":", "_"),
        "title": title,
        "task": of.task,
        "score_key": of.score_key,
        "split": f"{of.split}:{part}",
        "direction": of.direction,
        "decimals": of.decimals,
        "position": 1,
        **fields,
    }


def _send_baselines(plan: Plan, challenge: Challenge, phase: Phase, host: User, *, at: datetime) -> None:
    for (name, _), file in zip(plan.blueprint.baselines, plan.baselines, strict=True):
        team = baseline_create(challenge, name=name, actor=host)
        upload = SimpleUploadedFile(f"{slugify(name)}.csv", file.result())
        with dating.happening(at):
            submission = submission_receive(phase, author=host, upload=upload, description=name, at=at, team=team)
            _score(submission)


def _score(submission: Submission) -> None:
    """Do what workers would do, here and now; what finds no room is left to the first worker that has some."""
    advance(submission.pk)
    for pk in list(waiting_runs(submission.pk).values_list("pk", flat=True)):
        with suppress(NoRoomError):
            run_evaluate(pk)


def _set_dates(challenge: Challenge, phase: Phase, window: Window) -> None:
    Challenge.objects.filter(pk=challenge.pk).update(team_deadline=window.teams_final, join_deadline=window.teams_final)
    Phase.objects.filter(pk=phase.pk).update(closes=window.closes, private_release=window.release)


# What teams do


def _form_team(challenge: Challenge, visit: Visit, people: dict[str, User]) -> Team:
    """Have the leader join and name the team, and the others follow a link of theirs."""
    leader, *others = (people[person.username] for person in visit.crew.people)
    with dating.happening(visit.joined):
        challenge_join(challenge, user=leader)
        team = Team.objects.get(challenge=challenge, memberships__user=leader)
        if team.name != visit.crew.name:
            team_rename(team, name=visit.crew.name, actor=leader)
        for user in others:
            challenge_join(challenge, user=user)
            _, token = invitation_create(team, actor=leader)
            invitation_accept(token, user=user)
    dating.team(team, visit.joined)
    return team


def _send_all(plan: Plan, phase: Phase, teams: dict[str, Team], people: dict[str, User]) -> None:
    """Send and score everything in the order of time. Ranks are kept as of the last midnight, for movement."""
    today = day_start(plan.now)
    kept = False
    for sending, file in zip(plan.sendings, plan.files, strict=True):
        if sending.at >= today and not kept:
            kept = _keep_ranks(phase, today)
        _send(phase, teams[sending.team], people[sending.author], sending, file.result())
    if not kept:
        _keep_ranks(phase, today)


def _keep_ranks(phase: Phase, midnight: datetime) -> bool:
    for board in Board.objects.filter(phase=phase, compared_with=None):
        board_rebuild(board)
        board_snapshot(board, midnight.date())
    return True


def _send(phase: Phase, team: Team, author: User, sending: Sending, file: bytes) -> None:
    data = spoil(sending.mistake, file) if sending.mistake else file
    with dating.happening(sending.at):
        submission = submission_receive(
            phase,
            author=author,
            upload=SimpleUploadedFile(sending.name, data),
            description=sending.description,
            at=sending.at,
        )
        if sending.cancelled:
            submission_cancel(submission, actor=author)
        else:
            _score(submission)


def _choose(plan: Plan, phase: Phase, teams: dict[str, Team]) -> None:
    """Have some teams choose what counts in the end: two thirds where it ended, a third where it goes on."""
    share = 0.33 if plan.blueprint.is_running else 0.66
    for visit in plan.visits:
        random = Random(f"{plan.blueprint.slug}/{visit.crew.name}/finals")  # noqa: S311
        leader = visit.crew.people[0].username
        if leader == ADA or random.random() < share:
            _choose_finals(phase, teams[visit.crew.name], careful=leader == ADA or random.random() < 0.6, plan=plan)


def _choose_finals(phase: Phase, team: Team, *, careful: bool, plan: Plan) -> None:
    """The careful take their best public one and their latest; the bold their two latest."""
    scored = Submission.objects.filter(phase=phase, team=team, state=SubmissionState.SCORED).order_by("-received_at")
    best = Entry.objects.filter(board__phase=phase, board__compared_with=None, team=team).first()
    first = [best.submission] if careful and best else []
    wanted = {submission.pk: submission for submission in [*first, *scored]}  # each once, in this order
    with dating.happening(min(plan.now, plan.window.closes) - timedelta(hours=3)):
        for submission in list(wanted.values())[: phase.final_selections]:
            assert team.leader is not None  # just formed, and led
            submission_select(submission, actor=team.leader, selected=True)
