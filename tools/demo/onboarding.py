"""Events of the demo's users."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tools.demo.calendar import DAY, Calendar
from tools.demo.users import Person

STRANGERS = 1710  # who began to register and never ended
BUG_CODE = "PF-422"
BUG_MESSAGE = "Taste profile could not be saved: rennet_preference is missing"
OTHER_ERRORS = {
    "register_error": (
        ("RG-409", "This e-mail address has an account already"),
        ("RG-400", "Password is too short: 10 characters at least"),
        ("RG-451", "Registration is not open in this country yet"),
    ),
    "login_error": (
        ("LG-401", "E-mail or password is wrong"),
        ("LG-410", "The confirmation link has run out"),
        ("LG-503", "Sign-in is overloaded, try again in a minute"),
    ),
    "portfolio_error": (
        ("PF-402", "The card was declined by the bank"),
        ("PF-409", "The last slice of this wheel has just been sold"),
        (BUG_CODE, BUG_MESSAGE),
    ),
}
ERROR_RATES = {"register_error": 0.07, "login_error": 0.09, "portfolio_error": 0.06}
FINISHES = 0.80  # of those who begin a board
FINISHES_WITH_BUG = 0.41


class Diary:
    """Writes events, each with its own id."""

    def __init__(self, random: Random, calendar: Calendar) -> None:
        """Begin with none."""
        self.random, self.calendar = random, calendar
        self._count = 0

    def event(
        self,
        kind: str,
        at: datetime,
        session: str,
        person: Person | None,
        **more: Any,  # noqa: ANN401  JSON
    ) -> dict[str, Any]:
        """Return an event as it is sent."""
        self._count += 1
        release = self.calendar.release(at)
        row = {
            "id": f"rind-event-{self._count:06d}",
            "event_type": kind,
            "created_at": at.isoformat(timespec="milliseconds"),
            "session_id": session,
            "release": release,
            **more,
        }
        if person is not None:
            row |= {
                "user_id": person.id,
                "ip_address": person.ip,
                "user_agent": person.device.format(release=release),
            }
        return row

    def failed(
        self, step: str, at: datetime, session: str, person: Person | None
    ) -> dict[str, Any]:
        """Return an error of a step of onboarding, one that may happen on any day."""
        code, message = self.random.choice(
            OTHER_ERRORS[step][:2] if step == "portfolio_error" else OTHER_ERRORS[step]
        )
        return self.event(
            f"onboarding.{step}", at, session, person, error_code=code, error_message=message
        )

    def strangers(self) -> Iterator[dict[str, Any]]:
        """Yield events of anonymous visitors."""
        for number in range(STRANGERS):
            at, session = self.calendar.moment(self.random), f"rind-visit-{number:05d}"
            yield self.event(
                "onboarding.register_start", at, session, None, event_data={"page": "/join"}
            )
            if self.random.random() < 0.3:
                yield self.failed("register_error", _later(at, 40), session, None)

    def onboard(self, person: Person) -> Iterator[dict[str, Any]]:
        """Yield how somebody comes in, and set when his board was built, if it was.

        The first event has no name yet: the session tells later whose it was.
        """
        random, at = self.random, person.joined_at
        session = f"rind-s-{person.number:05d}-0"
        yield self.event(
            "onboarding.register_start", at, session, None, event_data={"source": person.source}
        )
        if random.random() < ERROR_RATES["register_error"]:
            at = self._after(at, 45)
            yield self.failed("register_error", at, session, None)
        at = self._after(at, 120)
        if at >= self.calendar.until:
            return
        yield self.event(
            "onboarding.register_complete", at, session, person, event_data={"plan": person.plan}
        )
        if random.random() < 0.06:
            return
        at = self._after(at, 300) if random.random() < 0.8 else at + random.random() * 2 * DAY
        if random.random() < ERROR_RATES["login_error"]:
            yield from self._if_past(self.failed("login_error", at, session, person), at)
            at = self._after(at, 60)
        yield from self._if_past(self.event("onboarding.login_success", at, session, person), at)
        if random.random() < 0.07:
            return
        yield from self._build_board(person, at, session)

    def _build_board(self, person: Person, at: datetime, session: str) -> Iterator[dict[str, Any]]:
        random = self.random
        at = self._after(at, 400) if random.random() < 0.75 else at + random.random() * 1.5 * DAY
        yield from self._if_past(self.event("onboarding.portfolio_start", at, session, person), at)
        has_bug, meets_it = at in self.calendar.portfolio_bug, random.random()
        tries = random.choice((1, 1, 2, 3)) if has_bug and meets_it < 0.62 else 0
        for _ in range(tries):
            at = self._after(at, 90)
            failed = self.event(
                "onboarding.portfolio_error",
                at,
                session,
                person,
                error_code=BUG_CODE,
                error_message=BUG_MESSAGE,
            )
            yield from self._if_past(failed, at)
        if random.random() < ERROR_RATES["portfolio_error"]:
            at = self._after(at, 60)
            yield from self._if_past(self.failed("portfolio_error", at, session, person), at)
        if random.random() >= (FINISHES_WITH_BUG if has_bug else FINISHES):
            return
        at = self._after(at, 240)
        wheels = {"wheels": [cheese.name for cheese in person.board], "slices": sum(person.slices)}
        if at < self.calendar.until:
            person.board_at = at
            yield self.event(
                "onboarding.portfolio_complete", at, session, person, event_data=wheels
            )

    def live(self, person: Person) -> Iterator[dict[str, Any]]:
        """Yield events of an existing user's day: sign in, look, buy, leave."""
        if person.board_at is None:
            return
        random, since = self.random, max(person.board_at, self.calendar.start)
        days = (self.calendar.until - since) / DAY
        for number in range(1, 1 + min(8, int(random.expovariate(1 / (0.6 + days / 26))))):
            at = self.calendar.moment(random, since=since)
            session = f"rind-s-{person.number:05d}-{number}"
            yield self.event("onboarding.login_success", at, session, person)
            wheel = random.choice(person.board)
            looked = {"wheel": wheel.name, "cellar": wheel.cellar}
            yield from self._if_past(
                self.event("board.viewed", _later(at, 20), session, person, event_data=looked),
                _later(at, 20),
            )
            if random.random() < 0.22:
                bought = looked | {"slices": random.randint(1, 4), "price": str(wheel.price)}
                at = self._after(at, 200)
                yield from self._if_past(
                    self.event("slice.bought", at, session, person, event_data=bought), at
                )
            if random.random() < 0.4:
                at = self._after(at, 300)
                yield from self._if_past(self.event("auth.logout", at, session, person), at)

    def _after(self, at: datetime, seconds: float) -> datetime:
        return at + timedelta(seconds=8 + self.random.expovariate(1 / seconds))

    def _if_past(self, event: dict[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
        if at < self.calendar.until:
            yield event


def _later(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=seconds)
