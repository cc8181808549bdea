"""How far one user has come in onboarding, exactly, with the reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.answers import OnboardingStatus
from core.activity.funnels import subject_rows
from core.activity.funnels.funnel import NEVER, ONBOARDING_CODES, STEPS, WINDOW, FunnelRule
from core.database.settings import Workspace, read
from core.platform import clock
from core.presentation.periods import Watched

RULE = FunnelRule(ONBOARDING_CODES)
REACHED = ", ".join(f"reached_{step}" for step in range(1, len(STEPS) + 1))
AT = ", ".join(f"from_micros({RULE.reached(number)})" for number in range(len(STEPS)))
MARKS = """
select mark >> 56, from_micros(mark & ((1::bigint << 56) - 1)) from (select marks from {rows} and subject = :subject) as his
cross join unnest(marks) as mark order by 1, 2"""
EPOCH_US = {"since_us": 0, "start_us": 0, "until_us": NEVER}
EVER = {"since": "-infinity", "start": "-infinity", "until": "infinity"}


@dataclass(frozen=True)
class OnboardingProgress:
    """When each step of onboarding was reached, and when each of its types happened at all (as far as marks are kept)."""

    reached: tuple[datetime | None, ...]
    happened: dict[str, list[datetime]]
    last_seen_at: datetime
    stuck_after: timedelta
    now: datetime

    @property
    def step(self) -> int:
        """The last step reached, 0 before the first."""
        return sum(each is not None for each in self.reached)

    @property
    def status(self) -> OnboardingStatus:
        """How he is counted."""
        if self.step == len(STEPS):
            return OnboardingStatus.COMPLETED
        if self.reached[0] is not None and self.reached[0] + WINDOW < self.now:
            return OnboardingStatus.DROPPED
        if self.last_seen_at < self.now - self.stuck_after:
            return OnboardingStatus.STUCK
        return OnboardingStatus.IN_PROGRESS

    @property
    def why(self) -> str:
        """Why he is counted so."""
        begun, step = self.reached[0], self.step
        if begun is None:
            return f"{self._name}: {STEPS[0]} never happened, so onboarding has not started.{self._others}"
        if step == len(STEPS):
            return (
                f"Completed: all {step} steps in order, the last ({STEPS[-1]}) {words(self.reached[-1], begun)} after the first."
            )
        missing, until = STEPS[step], begun + WINDOW
        done = f"step {step} ({STEPS[step - 1]}) was reached on {moment(self.reached[step - 1])}"
        if self.status is OnboardingStatus.DROPPED:
            ending = (
                f"step {step + 1} ({missing}) was not reached within {WINDOW.days} days of the first step (by {moment(until)})"
            )
        else:
            ending = f"step {step + 1} ({missing}) is not reached yet and counts until {moment(until)}"
        idle = f" No activity since {moment(self.last_seen_at)}." if self.status is OnboardingStatus.STUCK else ""
        return f"{self._name}: {done}, {ending}.{idle}{self._missed(missing, self.reached[step - 1], until)}"

    @property
    def _name(self) -> str:
        return self.status.value.replace("_", " ").capitalize()

    @property
    def _others(self) -> str:
        others = [name for name in STEPS[1:] if self.happened.get(name)]
        return f" Other steps completed ({', '.join(others)}) don't count without it." if others else ""

    def _missed(self, missing: str, since: datetime | None, until: datetime) -> str:
        """Say of a step that it did happen, but when it does not count."""
        times = self.happened.get(missing, [])
        early = [at for at in times if since is not None and at < since]
        late = [at for at in times if at > until]
        if early and not late:
            return f" {missing} happened on {moment(early[-1])}, before the previous step, so it doesn't count."
        return f" {missing} happened on {moment(late[0])}, after the conversion window, so it doesn't count." if late else ""


def read_progress(session: Session, subject: str, last_seen_at: datetime, watched: Watched) -> OnboardingProgress:
    """Return how far a user (`u:` and his key) or a session without one (`s:`) has come, of all apps unless one is named."""
    given = subject_rows.places(session, watched) | {"subject": subject}
    found = subject_rows.saved(RULE, f"{subject_rows.of(watched)} and subject = :subject")
    question = f"with {found.apart} select {REACHED} from {found.plain} union all select {AT} from rest"  # noqa: S608  our own
    row = session.execute(text(question), {**given, **EPOCH_US, **EVER}).first()
    happened: dict[str, list[datetime]] = {name: [] for name in STEPS}
    names = {coded.codes[0]: name for coded, name in zip(ONBOARDING_CODES, STEPS, strict=True)}
    for code, at in session.execute(text(MARKS.format(rows=subject_rows.of(watched))), given):
        if code in names:
            happened[names[code]].append(at)
    return OnboardingProgress(
        reached=tuple(row) if row is not None else (None,) * len(STEPS),
        happened=happened,
        last_seen_at=last_seen_at,
        stuck_after=stuck_after(session),
        now=clock.now(),
    )


def stuck_after(session: Session) -> timedelta:
    """Return after how long without a sign of life a user counts as stuck."""
    return timedelta(days=read(session, Workspace).stuck_after_days)


def moment(at: datetime | None) -> str:
    """Return a time as people write it, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "no date"


def words(late: datetime | None, early: datetime) -> str:
    """Return how long it took, in the two largest units."""
    seconds = int((late - early).total_seconds()) if late is not None else 0
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    parts: list[str] = []
    for name, length in units:
        count, seconds = divmod(seconds, length)
        if count and len(parts) < 2:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " and ".join(parts) or "no time"


def gaps(reached: Sequence[datetime | None]) -> list[float | None]:
    """Return the seconds from each step to the next."""
    pairs = pairwise(reached)
    return [None, *((late - early).total_seconds() if early and late else None for early, late in pairs)]
