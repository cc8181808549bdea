"""The conditions of score filters, on scores and on conversations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, exists, func, literal, or_, select

from core.conversations.models import Conversation, Message
from core.database.tables import table_of
from core.errors import Invalid
from core.ingest.external_ids import keys_of
from core.presentation.formatting import NONE, stored_value
from core.presentation.periods import Period, Watched, check_day, midnight
from core.scores.models import MessageScore
from core.scores.schemas import ScoreSubject
from core.scores.views import ScoreFilter

scores, talks, messages = table_of(MessageScore), table_of(Conversation), table_of(Message)
PROMPT_OF_MESSAGE: ColumnElement[str | None] = func.prompt_title(
    messages.c.prompt_name, messages.c.prompt_version, messages.c.prompt_label, type_=Text
)
ARM_OF_MESSAGE: ColumnElement[str | None] = func.arm_title(
    messages.c.experiment_key, messages.c.experiment_arm, type_=Text
)


def conditions(filters: ScoreFilter, period: Period, watched: Watched) -> list[ColumnElement[bool]]:
    """Return the conditions on scores of a period."""
    columns = scores.c
    found = [
        columns.environment == watched.environment,
        columns.created_at >= period.start,
        columns.created_at < period.end,
        *of_score(filters.name, filters.below, filters.above, filters.label),
    ]
    equal = {
        columns.app: watched.app,
        columns.release: watched.release,
        columns.source: filters.source,
        columns.subject_kind: filters.subject,
    }
    found += [column == stored_value(value) for column, value in equal.items() if value is not None]
    if filters.conversation is not None:
        found.append(columns.conversation_id.in_(keys_of("conversation", filters.conversation)))
    if filters.model is not None:
        found.append(_is_of_model(filters.model))
    if (version := filters.prompt_version) is not None:
        of_rest = PROMPT_OF_MESSAGE, talks.c.prompt_versions
        found.append(_is_of(version, columns.request_versions, *of_rest))
    if (arm := filters.experiment_arm) is not None:
        of_rest = ARM_OF_MESSAGE, talks.c.experiment_arms
        found.append(_is_of(arm, columns.request_arms, *of_rest))
    if watched.users is not None:
        theirs = select(talks.c.id).where(talks.c.user_id.in_(watched.users))
        found.append(or_(columns.user_id.in_(watched.users), columns.conversation_id.in_(theirs)))
    return found


def of_score(
    name: str | None, below: float | None, above: float | None, label: str | None
) -> list[ColumnElement[bool]]:
    """Return the conditions on what a score says."""
    columns = scores.c
    found = []
    if name is not None:
        found.append(columns.name == name)
    if below is not None:
        found.append(columns.value < below)
    if above is not None:
        found.append(columns.value > above)
    if label is not None:
        found.append(columns.label == label)
    return found


def _is_of_model(model: str) -> ColumnElement[bool]:
    columns = scores.c
    said = select(1).where(messages.c.id == columns.subject_id, messages.c.model == model)
    alone = select(1).where(talks.c.id == columns.conversation_id, talks.c.models == [model])
    is_message = columns.subject_kind == ScoreSubject.MESSAGE
    return or_(and_(is_message, exists(said)), and_(~is_message, exists(alone)))


def _is_of(
    given: str,
    of_requests: ColumnElement[list[str]],
    of_message: ColumnElement[str | None],
    of_talk: ColumnElement[list[str]],
) -> ColumnElement[bool]:
    """Return the condition on the version or arm of what a score is about."""
    columns, is_its_message = scores.c, messages.c.id == scores.c.subject_id
    named = exists(select(messages.c.id).where(is_its_message, of_message.is_not(None)))
    is_its_talk = talks.c.id == columns.conversation_id
    # Only where neither the message nor a request names one is it that of the conversation
    names_none = and_(~named, func.coalesce(func.cardinality(of_requests), 0) == 0)
    if given == NONE:
        alone = exists(select(talks.c.id).where(is_its_talk, func.cardinality(of_talk) == 1))
        is_talk = columns.subject_kind == ScoreSubject.CONVERSATION
        is_stored = or_(
            of_requests.is_not(None),
            exists(select(messages.c.id).where(is_its_message)),
            and_(is_talk, exists(select(talks.c.id).where(is_its_talk))),
        )
        return and_(names_none, ~alone, is_stored)
    said = exists(select(messages.c.id).where(is_its_message, of_message == given))
    alone = exists(select(talks.c.id).where(is_its_talk, of_talk == [given]))
    return or_(literal(given) == func.any(of_requests), said, and_(names_none, alone))


@dataclass(frozen=True)
class HasScore:
    """The conversations that have such a score, optionally one of a day in the reporting zone."""

    name: str
    below: float | None = None
    above: float | None = None
    label: str | None = None
    day: date | None = None
    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Raise RangeRefused for a day whose start or end no time may hold."""
        if self.day is not None:
            check_day(self.day)

    @classmethod
    def read(cls, values: Mapping[str, str | None], zone: str) -> "HasScore | None":
        """Return the condition of an address; without `score`, the name, none. Raises Invalid."""
        name = values.get("score")
        if not name:
            return None
        try:
            below, above = (
                float(value) if (value := values.get(bound)) else None
                for bound in ("score_below", "score_above")
            )
            on = values.get("scored_on")
            day = date.fromisoformat(on) if on else None
        except ValueError:
            raise Invalid("Enter scores as numbers and the day as 2026-11-20.") from None
        return cls(name, below, above, values.get("score_label") or None, day, zone)

    def __str__(self) -> str:
        """Return the condition in words, for the audit log."""
        parts = {"<": self.below, ">": self.above, "is": self.label, "on": self.day}
        said = [f"{how} {value}" for how, value in parts.items() if value is not None]
        return " ".join([self.name, *said])

    def holds(self, conversation_id: ColumnElement[UUID]) -> ColumnElement[bool]:
        """Return the condition on a conversation's key."""
        where = of_score(self.name, self.below, self.above, self.label)
        if self.day is not None:
            first, end = (
                midnight(each, self.zone) for each in (self.day, self.day + timedelta(days=1))
            )
            where += [scores.c.created_at >= first, scores.c.created_at < end]
        scored = select(scores.c.conversation_id).where(
            scores.c.conversation_id.is_not(None), *where
        )
        return conversation_id.in_(scored)
