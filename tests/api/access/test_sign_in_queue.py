"""A flood of sign-ins does not affect others: checks are limited, fair by network, and none is made
for locked attempts.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import httpx2
import pytest

from api.access import sign_in_queue
from api.access.sign_in_queue import CHECKS_AT_ONCE, Queue, TooManySignIns
from core.executions.runner import Runner
from core.identity import passwords
from core.identity.service import sign_in_limits
from core.platform.config import config
from tests import loops
from tests.api.conftest import Client, caller
from tests.api.serving import serving
from tests.factories.identity import PASSWORD, person

LOGINS = ("/api/v1/admin/auth/login", "/login")
Checks = list[str]
WRONG = "wrong password"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    """Return the passwords that were checked."""
    seen: Checks = []
    really = passwords.matches

    def seeing(password: str, password_hash: str | None) -> bool:
        seen.append(password)
        return password == PASSWORD and really(password, password_hash)

    monkeypatch.setattr(passwords, "matches", seeing)
    return seen


def attempt(
    address: str, path: str, email: str, password: str = WRONG, source: str = "203.0.113.7"
) -> httpx2.Response:
    body = {"email": email, "password": password}
    with caller(address, {"X-Forwarded-For": source}) as stranger:
        return stranger.post(path, json=body) if "api" in path else stranger.post(path, data=body)


@pytest.fixture(scope="module")
def behind_a_proxy() -> Iterator[str]:
    with serving(
        config().model_copy(update={"attune_trusted_proxies": frozenset({ip_network("127.0.0.1")})})
    ) as address:
        yield address


def test_a_locked_attempt_costs_no_check(
    checks: Checks, behind_a_proxy: str, runner: Runner
) -> None:
    one = person()
    for path in LOGINS * 4:
        assert attempt(behind_a_proxy, path, one.actor.email).status_code == 401
    assert len(checks) == sign_in_limits.MAX_FAILURES
    assert attempt(behind_a_proxy, LOGINS[0], one.actor.email, PASSWORD).status_code == 401
    assert (
        attempt(behind_a_proxy, LOGINS[0], one.actor.email, PASSWORD, "203.0.113.8").status_code
        == 200
    )


def test_a_locked_unknown_email_answers_like_a_known_one(
    checks: Checks, behind_a_proxy: str, runner: Runner
) -> None:
    emails = (person().actor.email, "nobody@example.com")
    answers = [
        [attempt(behind_a_proxy, LOGINS[0], email) for _ in range(7)][-1] for email in emails
    ]
    assert answers[0].json() == answers[1].json()
    assert len(checks) == 2 * sign_in_limits.MAX_FAILURES


def test_while_one_network_floods_another_signs_in(
    checks: Checks, behind_a_proxy: str, runner: Runner
) -> None:
    """Order, not time: of forty attempts from one network, at most those that are being checked
    come first.
    """
    one, holding = person(), Hold(checks)
    with ThreadPoolExecutor(41) as pool, holding:
        flood = [
            pool.submit(attempt, behind_a_proxy, LOGINS[0], f"user{number}@example.com")
            for number in range(40)
        ]
        holding.until(lambda: len(checks) == CHECKS_AT_ONCE)
        mine = pool.submit(
            attempt, behind_a_proxy, LOGINS[1], one.actor.email, PASSWORD, "203.0.113.8"
        )
        holding.until_waiting(41 - CHECKS_AT_ONCE)
        holding.release()
        assert mine.result().status_code == 303
        assert {each.result().status_code for each in flood} <= {401, 429}
    assert checks.index(PASSWORD) <= 2 * CHECKS_AT_ONCE


class Hold:
    """Lets no check end until released."""

    def __init__(self, checks: Checks) -> None:
        """Hold the checks."""
        self._patch, self._checks, self._go_on = pytest.MonkeyPatch(), checks, threading.Event()

    def __enter__(self) -> "Hold":
        """Begin to hold."""
        really = passwords.matches

        def held(password: str, password_hash: str | None) -> bool:
            right = really(password, password_hash)
            self._go_on.wait(60)
            return right

        self._patch.setattr(passwords, "matches", held)
        return self

    def __exit__(self, *_raised: object) -> None:
        """Let all go."""
        self._go_on.set()
        self._patch.undo()

    def release(self) -> None:
        """Let all go."""
        self._go_on.set()

    def until(self, is_true: Callable[[], bool]) -> None:
        """Wait until something is true."""
        for _ in range(6000):
            if is_true():
                return
            threading.Event().wait(0.01)
        raise AssertionError("it did not become so")

    def until_waiting(self, attempts: int) -> None:
        """Wait until so many attempts wait for their turn."""
        self.until(
            lambda: max(queue.waiting for queue in list(sign_in_queue.queues.values())) >= attempts
        )


def turns(*arrivals: str, throttled: str | None = None) -> list[str]:
    """Let these networks arrive while all checks are taken; return them in the order in which they
    have their turn.
    """
    served: list[str] = []

    async def one(queue: Queue, name: str) -> None:
        try:
            async with queue.turn(name.rstrip("0123456789")):
                served.append(name)
                await asyncio.sleep(0)
        except TooManySignIns:
            served.append(f"{name} refused")

    async def all_() -> None:
        queue, taken = Queue(), asyncio.Event()

        async def take() -> None:
            async with queue.turn("taken"):
                await taken.wait()

        takers = [asyncio.create_task(take()) for _ in range(CHECKS_AT_ONCE)]
        await asyncio.sleep(0)
        if throttled:
            queue.throttle(throttled)
        waiting = []
        for name in arrivals:
            waiting.append(asyncio.create_task(one(queue, name)))
            await asyncio.sleep(0)
        taken.set()
        await asyncio.gather(*takers, *waiting)

    loops.run(all_())
    return served


def test_networks_have_their_turns_one_after_the_other() -> None:
    assert turns("a1", "a2", "a3", "b1", "c1") == ["c1", "b1", "a3", "a2", "a1"]
    assert turns("a1", "a2", "b1", "b2") == ["b2", "a2", "b1", "a1"]


def test_a_network_has_so_many_places_and_its_oldest_attempt_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sign_in_queue, "MAX_PER_NETWORK", 2)
    assert turns("a1", "a2", "a3", "b1") == ["a1 refused", "b1", "a3", "a2"]


def test_all_networks_together_have_so_many_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_queue, "MAX_IN_TOTAL", 3)
    assert turns("a1", "a2", "a3", "b1") == ["a1 refused", "b1", "a3", "a2"]


def test_a_throttled_network_waits_before_the_work_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Long beside what "b1" needs, which is a few rounds of the event loop
    monkeypatch.setattr(sign_in_queue, "THROTTLE_WAIT_S", 0.5)
    assert turns("a1", "b1", throttled="a") == ["b1", "a1"]
    monkeypatch.setattr(sign_in_queue, "THROTTLE_WAIT_S", 60.0)
    monkeypatch.setattr(sign_in_queue, "MAX_WAIT_S", 0.5)
    assert turns("a1", "b1", throttled="a") == ["b1", "a1 refused"]


def test_a_crowded_out_attempt_is_429_on_the_page_and_in_the_api(
    monkeypatch: pytest.MonkeyPatch, client: Client, checks: Checks
) -> None:
    monkeypatch.setattr(sign_in_queue, "MAX_PER_NETWORK", 0)
    one = person()
    with Hold(checks) as holding, ThreadPoolExecutor(4) as pool:
        body = {"email": one.actor.email, "password": PASSWORD}
        taken = [
            pool.submit(client().post, "/admin/auth/login", json=body)
            for _ in range(CHECKS_AT_ONCE)
        ]
        holding.until(lambda: len(checks) == CHECKS_AT_ONCE)
        api = client().post("/admin/auth/login", json=body)
        page = client(prefix="").post("/login", data=body)
        holding.release()
        assert {each.result().status_code for each in taken} == {200}
    assert (api.status_code, api.json()["code"], api.headers["retry-after"]) == (
        429,
        "rate_limited",
        "5",
    )
    assert (page.status_code, "Wait a few seconds" in page.text) == (429, True)
    assert len(checks) == CHECKS_AT_ONCE
