"""Small bodies that unpack to as much as possible, all of them at once: memory stays bounded, and
others are served meanwhile.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.faults.kills.test_ingest_kills import make_key
from tests.faults.limits.small_bodies import EVENTS, IMPORTS, Body, all_bodies
from tests.faults.program import EMAIL, PASSWORD, Program, until

MOST_OF_THE_TREE_MB = 1500
TOO_MANY_AT_ONCE = {429, 503}


class Others:
    """What the tree of processes takes, and whether others are served, again and again."""

    def __init__(self, program: Program, key: str) -> None:
        """Send rows with a key that may."""
        self.used_mb: list[float] = []
        self.failed: list[str] = []
        self.slowest_s: dict[str, float] = {}
        self._program, self._key = program, {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=program.address, timeout=120, trust_env=False)
        program.clients.append(self._http)
        self._done = threading.Event()
        pauses_s = {self._look: 0.05, self._health: 0.2, self._good_row: 0.2, self._sign_in: 1.0}
        self._threads = [
            threading.Thread(target=self._repeat, args=item) for item in pauses_s.items()
        ]

    def __enter__(self) -> "Others":
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, act: Callable[[], object], pause_s: float) -> None:
        name = act.__name__.lstrip("_")
        while not self._done.wait(pause_s):
            began = time.monotonic()
            try:
                act()
            except (AssertionError, httpx2.HTTPError) as error:
                self.failed.append(f"{name}: {error!r}")
            took_s = time.monotonic() - began
            self.slowest_s[name] = round(max(took_s, self.slowest_s.get(name, 0)), 2)

    def _look(self) -> None:
        self.used_mb.append(self._program.memory_mb())

    def _health(self) -> None:
        assert self._http.get("/healthz").status_code == 200

    def _good_row(self) -> None:
        answer = self._http.post(EVENTS, json={"event_type": "good"}, headers=self._key)
        assert (answer.status_code, answer.json().get("accepted")) == (202, 1)

    def _sign_in(self) -> None:
        given = {"email": EMAIL, "password": PASSWORD}
        answer = self._http.post("/api/v1/admin/auth/login", json=given)
        assert answer.status_code == 200, answer.text


class Attacker:
    """A program and a user who send such bodies, on connections of their own."""

    def __init__(self, program: Program, key: str, connections: int) -> None:
        """Send rows with a key that may, and files as the first account."""
        self._key, self._me = f"Bearer {key}", program.sign_in().http
        self._http = httpx2.Client(
            base_url=program.address,
            timeout=300,
            trust_env=False,
            limits=httpx2.Limits(max_connections=connections),
        )
        program.clients.append(self._http)

    def send(self, name: str, body: Body) -> tuple[str, int] | None:
        """Send one, and return its answer when that is not right; have a file read that can be."""
        who = self._me.headers["Authorization"] if IMPORTS in body.path else self._key
        headers = {"Authorization": who, **body.headers}
        answer = self._http.post(body.path, content=body.content, headers=headers)
        if answer.status_code == 201 and answer.json()["status"] == "ready":
            self._try(answer.json()["id"])
        is_right = answer.status_code in body.statuses | TOO_MANY_AT_ONCE
        return None if is_right else (f"{name}: {answer.text}", answer.status_code)

    def _try(self, id_: str) -> None:
        self._me.post(f"/imports/{id_}/dry-run").raise_for_status()
        until(lambda: bool(self._me.get(f"/imports/{id_}").json()["dry_run"]), 60)


@pytest.mark.prove
@pytest.mark.parametrize("of_each", [1, 4])
def test_all_small_bodies_at_once_fill_no_memory_and_keep_nobody_out(
    installed: Program, of_each: int, capsys: pytest.CaptureFixture[str]
) -> None:
    program = installed.start()
    key, bodies = make_key(program), list(all_bodies().items()) * of_each
    attacker, began = Attacker(program, key, len(bodies)), time.monotonic()
    with Others(program, key) as others, ThreadPoolExecutor(len(bodies)) as at_once:
        answers = list(at_once.map(lambda named: attacker.send(*named), bodies))
    with capsys.disabled():
        print(  # noqa: T201  figures to quote
            f"\n  {len(bodies)} bodies in {time.monotonic() - began:.1f} s: "
            f"{others.used_mb[0]:.0f} to {max(others.used_mb):.0f} MB, slowest {others.slowest_s} s"
        )
    assert [answer for answer in answers if answer is not None] == []
    assert others.failed == []
    assert max(others.used_mb) < MOST_OF_THE_TREE_MB
    assert program.stop().code == 0
