"""A recording server, and clients with short waits."""

from collections.abc import Callable, Iterator

import pytest

from attune_client import Client
from attune_client.sender import Pace
from tests.client.recorder import Recorder, recording

HURRIED = Pace(linger_s=0.01, first_wait_s=0.02, longest_wait_s=0.1)
MakeClient = Callable[..., Client]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Serve, and keep what comes in."""
    with recording() as serving:
        yield serving


@pytest.fixture
def make(recorder: Recorder) -> Iterator[MakeClient]:
    """Return how to make a client of the recorder, or of another address."""
    made: list[Client] = []

    def make_(url: str | None = None, **given: object) -> Client:
        given = {"pace": HURRIED, "timeout_s": 20.0} | given
        made.append(Client(url or recorder.url, "atn_key", **given))  # type: ignore[arg-type]  # passed on
        return made[-1]

    yield make_
    for client in made:
        client.close(0.0)


@pytest.fixture
def client(make: MakeClient) -> Client:
    """Return a client of the recorder."""
    return make(app="shop", environment="staging", release="1.2")
