"""How long a token waits before it is sent: not at all after a pause, at most a frame in a
stream.
"""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from api.routes.test import playground_feed
from core.identity.schemas import Actor, Caller, Role
from tests import loops


class Socket:
    """Takes what is sent."""

    async def send_json(self, message: dict[str, Any]) -> None:
        """Take it."""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long the feed pauses, without the pauses."""
    noted: list[float] = []

    async def note(seconds: float) -> None:
        noted.append(seconds)

    # Only the feed's: servers that other tests have started pause, too
    monkeypatch.setattr(playground_feed, "asyncio", SimpleNamespace(sleep=note))
    return noted


def test_a_token_after_a_pause_is_sent_at_once_and_one_of_many_within_a_frame(
    pauses: list[float],
) -> None:
    async def follow() -> None:
        following = playground_feed.Feed(Socket(), uuid4(), actor, None)  # type: ignore[arg-type]
        await following.finish_frame()
        assert pauses == []
        await following.send_message({"type": "playground_token"})
        await following.finish_frame()

    actor = Actor(
        uuid4(), "a@example.com", "A", Role.ADMIN, uuid4(), Caller(), frozenset(), "production"
    )
    loops.run(follow())
    assert len(pauses) == 1
    assert pauses[0] <= 0.02
