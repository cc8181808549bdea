"""A user's exact onboarding progress, with the reason for the status."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, Text, Uuid, bindparam, func, select, true
from sqlalchemy.orm import Session

from core.activity.queries.funnels import subject_rows
from core.activity.queries.funnels.funnel import Funnel, FunnelRule, Step, before
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.views import OnboardingStatus
from core.database.settings import Workspace, read
from core.platform import clock
from core.platform.clock import EPOCH
from core.presentation import formatting
from core.presentation.periods import Period, Watched

EVER = Period(EPOCH, datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class OnboardingProgress:
    """When each step of the workspace's funnel was reached, and when its events happened (marks
    kept).
    """

    funnel: Funnel
    reached: tuple[datetime | None, ...]
    happened: dict[str, list[datetime]]
    last_seen_at: datetime
    stuck_after: timedelta
    now: datetime

    @property
    def step(self) -> int:
        """The last step reached, 0 before the first."""
        return max(
            (number for number, at in enumerate(self.reached, 1) if at is not None), default=0
        )

    @property
    def seconds_from_previous(self) -> list[float | None]:
        """The seconds to each step from the required one before, as the funnel counts them."""
        steps = self.funnel.steps
        earlier = [None, *(self.reached[before(steps, number)] for number in range(1, len(steps)))]
        return [
            (late - early).total_seconds() if late and early else None
            for late, early in zip(self.reached, earlier, strict=True)
        ]

    @property
    def has_completed(self) -> bool:
        """Whether the last required step was reached."""
        return self.reached[self.funnel.last] is not None

    @property
    def status(self) -> OnboardingStatus:
        if self.has_completed:
            return OnboardingStatus.COMPLETED
        if self.reached[0] is not None and self.reached[0] + self.funnel.window < self.now:
            return OnboardingStatus.DROPPED
        if self.last_seen_at < self.now - self.stuck_after:
            return OnboardingStatus.STUCK
        return OnboardingStatus.IN_PROGRESS

    @property
    def why(self) -> str:
        """The reason for the status, as a sentence."""
        steps, begun = self.funnel.steps, self.reached[0]
        if begun is None:
            return (
                f"{self._name}: {step_text(steps[0])} never happened, so onboarding has not "
                f"started.{self._others}"
            )
        if self.has_completed:
            return self._completed(begun)
        number = self._next
        missing, until, step = step_text(steps[number]), begun + self.funnel.window, self.step
        reached, end = time_text(self.reached[step - 1]), time_text(until)
        done = f"step {step} ({step_text(steps[step - 1])}) was reached on {reached}"
        if self.status is OnboardingStatus.DROPPED:
            ending = (
                f"but step {number + 1} ({missing}) was not reached within "
                f"{self.funnel.window.days} days of the first step (by {end})"
            )
        else:
            ending = f"but step {number + 1} ({missing}) is not reached yet and counts until {end}"
        idle = (
            f" No activity since {time_text(self.last_seen_at)}."
            if self.status is OnboardingStatus.STUCK
            else ""
        )
        return f"{self._name}: {done}, {ending}.{idle}{self._missed(number, until)}"

    def _completed(self, begun: datetime) -> str:
        last = self.funnel.last
        required = sum(not step.optional for step in self.funnel.steps)
        whole = "all" if required == len(self.funnel.steps) else "all required"
        order = "in any order" if self.funnel.any_order else "in order"
        return (
            f"Completed: {whole} {required} steps {order}, the last "
            f"({step_text(self.funnel.steps[last])}) "
            f"{duration_text(self.reached[last], begun)} after the first."
        )

    @property
    def _next(self) -> int:
        """The first required step that was not reached, counted from 0."""
        return next(
            number
            for number, step in enumerate(self.funnel.steps)
            if not step.optional and self.reached[number] is None
        )

    @property
    def _name(self) -> str:
        return self.status.value.replace("_", " ").capitalize()

    @property
    def _others(self) -> str:
        others = [step_text(step) for step in self.funnel.steps[1:] if self._times(step)]
        return (
            f" Other steps completed ({', '.join(others)}) don't count without it."
            if others
            else ""
        )

    def _times(self, step: Step) -> list[datetime]:
        return sorted(at for name in step.event_types for at in self.happened.get(name, []))

    def _missed(self, number: int, until: datetime) -> str:
        """Return why an event of the missing step doesn't count, or an empty text."""
        step = self.funnel.steps[number]
        times, since = self._times(step), self.reached[before(self.funnel.steps, number)]
        early = [at for at in times if since is not None and at < since]
        late = [at for at in times if at > until]
        if late:
            at, where = late[0], "after the conversion window"
        elif early:
            # In any order, an earlier event within the window would count
            than = "conversion window" if self.funnel.any_order else "previous step"
            at, where = early[-1], f"before the {than}"
        else:
            return ""
        return f" {step_text(step)} happened on {time_text(at)}, {where}, so it doesn't count."


def read_progress(
    session: Session,
    last_seen_at: datetime,
    watched: Watched,
    *,
    user_id: UUID | None = None,
    session_id: str | None = None,
) -> OnboardingProgress:
    """Return the progress of a user or an anonymous session, in one app or in all."""
    present = read_workspace_funnel(session)
    reached, marks = _statements(present.rule, has_app=watched.app is not None)
    given = (
        subject_rows.parameters_of(session, watched)
        | subject_rows.span_parameters(EVER)
        | {"user_id": user_id, "session_id": session_id}
    )
    row = session.execute(reached, given).first()
    names = {
        code: name
        for coded, step in zip(present.codes, present.funnel.steps, strict=True)
        for code, name in zip(coded.codes, step.event_types, strict=True)
    }
    happened: dict[str, list[datetime]] = {name: [] for name in names.values()}
    for code, at in session.execute(marks, given):
        if code in names:
            happened[names[code]].append(at)
    return OnboardingProgress(
        funnel=present.funnel,
        reached=tuple(row) if row is not None else (None,) * len(present.codes),
        happened=happened,
        last_seen_at=last_seen_at,
        stuck_after=stuck_after(session),
        now=clock.now(),
    )


@lru_cache(maxsize=16)
def _statements(rule: FunnelRule, *, has_app: bool) -> tuple[CompoundSelect[Any], Select[Any]]:
    """Return the statements for the times of the steps, and for all kept marks."""
    user = func.user_subject(bindparam("user_id", type_=Uuid()))
    nobody = func.session_subject(bindparam("session_id", type_=Text))
    rows = subject_rows.select_subjects(has_app=has_app)
    rows = rows.where(rows.selected_columns.subject == func.coalesce(user, nobody))
    found, steps = subject_rows.saved(rule, rows), range(len(rule.steps))
    known = found.plain.with_only_columns(
        *(found.plain.selected_columns[f"reached_{step + 1}"] for step in steps)
    )
    reached = known.union_all(select(*(rule.reached(found.rest.c, step) for step in steps)))
    mark = (
        func.unnest(rows.selected_columns.marks).table_valued("mark", name="each").render_derived()
    )
    marks = rows.with_only_columns(
        func.mark_code(mark.c.mark), func.from_micros(func.mark_micros(mark.c.mark))
    ).join(mark, true())
    return reached, marks.order_by(mark.c.mark)


def step_text(step: Step) -> str:
    """Return a step in a sentence: its event types."""
    return " or ".join(step.event_types)


def stuck_after(session: Session) -> timedelta:
    """Return after how long without a sign of life a user counts as stuck."""
    return timedelta(days=read(session, Workspace).stuck_after_days)


def time_text(at: datetime | None) -> str:
    """Return a time as people write it, in UTC."""
    return formatting.moment_in_utc(at) if at is not None else "no date"


def duration_text(late: datetime | None, early: datetime) -> str:
    """Return a duration in its two largest units: 3 days and 2 hours."""
    seconds = int((late - early).total_seconds()) if late is not None else 0
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    parts: list[str] = []
    for name, length in units:
        count, seconds = divmod(seconds, length)
        if count and len(parts) < 2:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " and ".join(parts) or "no time"
