"""The cast: named people, each with one reason to be there, over two challenges.

Forest (grace hosts; jude judges): ada leads “Held Out”, ben is on it; chen competes alone as “Chen”.
Harbour (heidi hosts; nobody of Forest's has a part in it): dara takes part. It is private: a stranger gets 404.
root operates the site; vera has an account and no part in anything; a visitor has none.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge, Phase, PhaseTask, Role, Task
from podium.challenges.services import challenge_create, challenge_join, dataset_publish, rules_publish
from podium.core.storage import store_bytes
from podium.leaderboards.models import Board, Column
from podium.teams.models import Membership, Team

IDS = [f"row-{number}" for number in range(1, 21)]
TRUTH = [number * 7 % 3 % 2 for number in range(1, 21)]
SPLITS = ["public" if number % 2 else "private" for number in range(1, 21)]
SOLUTION = "id,label,Usage\n" + "".join(f"{i},{y},{s}\n" for i, y, s in zip(IDS, TRUTH, SPLITS, strict=True))
SAMPLE = "id,label\n" + "".join(f"{i},0\n" for i in IDS)
SPEC = {
    "id": "id",
    "split": "Usage",
    "target": ["label"],
    "predictions": ["label"],
    "metrics": [{"key": "accuracy", "metric": "accuracy_score", "params": {}}],
}


def predictions(right: int) -> bytes:
    """Return a file whose first `right` labels are right and whose others are wrong."""
    rows = (f"{i},{y if k < right else 1 - y}\n" for k, (i, y) in enumerate(zip(IDS, TRUTH, strict=True)))
    return ("id,label\n" + "".join(rows)).encode()


@dataclass
class Cast:
    """Everybody, and what they have to do with each other."""

    ada: User
    ben: User
    chen: User
    dara: User
    grace: User
    heidi: User
    jude: User
    root: User
    vera: User
    forest: Challenge
    harbour: Challenge
    held_out: Team

    def client(self, name: str) -> Client:
        """Return a browser in which this person is signed in; `visitor` is nobody."""
        client = Client()
        if name != "visitor":
            client.force_login(getattr(self, name), backend="django.contrib.auth.backends.ModelBackend")
        return client


def person(username: str, **fields: object) -> User:
    """Make a person with a verified address."""
    user = User.objects.create_user(username, f"{username}@example.org", "correct horse", **fields)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


def challenge_with_board(slug: str, host: User, *, opens: datetime, closes: datetime, **fields: object) -> Challenge:
    """Make a challenge that takes predictions, with data, rules, a phase, and a public and a private board."""
    challenge = challenge_create(
        owner=host, slug=slug, title=slug.title(), summary=f"About the {slug}.", organiser="A lab", **fields
    )
    rules_publish(challenge, body="Be fair.", actor=host)
    dataset_publish(
        challenge,
        name="data",
        audience="participants",
        files={"sample_submission.csv": store_bytes(SAMPLE.encode()), "train.csv": store_bytes(b"id,x,label\na,1,0\n")},
        actor=host,
    )
    reference = dataset_publish(
        challenge,
        name="solution",
        audience="scoring",
        files={"solution.csv": store_bytes(SOLUTION.encode())},
        actor=host,
    )
    task = Task.objects.create(
        challenge=challenge, name="main", reference=reference, scorer={"kind": "metric", "spec": SPEC}
    )
    phase = Phase.objects.create(
        challenge=challenge,
        slug="main",
        name="Main phase",
        opens=opens,
        closes=closes,
        private_release=closes + timedelta(days=1),
        kinds=["predictions"],
    )
    PhaseTask.objects.create(phase=phase, task=task)
    for position, (split, audience, rule) in enumerate(
        [("public", "public", "best"), ("private", "released", "selected")]
    ):
        board = Board.objects.create(
            challenge=challenge,
            phase=phase,
            slug=split,
            title=split.title(),
            position=position,
            audience=audience,
            rule=rule,
            exact=split == "private",
        )
        Column.objects.create(
            board=board,
            key="accuracy",
            title="Accuracy",
            task=task,
            score_key="accuracy",
            split=split,
            direction="higher",
            decimals=4,
        )
    public, private = challenge.boards.all()
    Board.objects.filter(pk=private.pk).update(compared_with=public)
    return challenge


def assemble() -> Cast:
    """Make everybody and both challenges, in the database that the test has."""
    people = {name: person(name) for name in ("ada", "ben", "chen", "dara", "grace", "heidi", "jude", "vera")}
    people["root"] = person("root", is_staff=True, is_superuser=True)
    now = timezone.now()
    window = {"opens": now - timedelta(days=10), "closes": now + timedelta(days=20)}
    forest = challenge_with_board("forest", people["grace"], visibility="public", **window)
    harbour = challenge_with_board("harbour", people["heidi"], visibility="private", **window)
    Role.objects.create(challenge=forest, user=people["jude"], name=Role.Name.JUDGE)
    for name in ("ada", "ben", "chen"):
        challenge_join(forest, user=people[name])
    challenge_join(harbour, user=people["dara"])
    held_out = Membership.objects.get(challenge=forest, user=people["ada"]).team
    Team.objects.filter(pk=held_out.pk).update(name="Held Out")
    _move(people["ben"], held_out)
    held_out.refresh_from_db()
    return Cast(forest=forest, harbour=harbour, held_out=held_out, **people)


def _move(user: User, team: Team) -> None:
    """Put a person, who so far competes alone, on a team."""
    alone = Membership.objects.get(challenge=team.challenge, user=user)
    former = alone.team
    Membership.objects.filter(pk=alone.pk).update(team=team)
    former.delete()
