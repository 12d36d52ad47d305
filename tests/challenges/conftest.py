"""Challenges to look at: any number of them, quickly."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

PutUp = Callable[..., Any]


@pytest.fixture
def put_up(cast: Any) -> PutUp:
    """Call it to put up a public challenge of heidi's: `put_up("digits", opens=-3, closes=5, tags=["Images"])`.

    Days count from now; without `opens` it has no phase.
    """
    from podium.challenges.models import Phase, Tag
    from podium.challenges.services import challenge_create, rules_publish

    def make(slug: str, *, opens: float | None = -10, closes: float = 10, **given: Any) -> Any:
        tags, kinds = given.pop("tags", ()), given.pop("kinds", ["predictions"])
        fields = {"title": slug.title(), "summary": f"About {slug}.", "organiser": "A club", "visibility": "public"}
        challenge = challenge_create(owner=cast.heidi, slug=slug, **{**fields, **given})
        challenge.tags.set(Tag.objects.get_or_create(name=name, defaults={"slug": name.lower()})[0] for name in tags)
        rules_publish(challenge, body="Be fair.", actor=cast.heidi)
        if opens is not None:
            now = timezone.now()
            Phase.objects.create(
                challenge=challenge,
                name="Main phase",
                opens=now + timedelta(days=opens),
                closes=now + timedelta(days=closes),
                kinds=kinds,
            )
        return challenge

    return make
