"""The KPIs of a saved view: those that its page shows for its filters."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import signature
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from core.activity.queries import anonymous, user_lists
from core.activity.queries.active_users import count_active_users
from core.activity.queries.funnels import funnel_counts
from core.activity.queries.funnels.segments import Segment
from core.activity.queries.funnels.workspace_funnel import asked_funnel, read_workspace_funnel
from core.activity.queries.user_filter import UserFilter
from core.ai_metrics.queries import kpis as ai_kpis
from core.ai_metrics.views import AiMetricsQuery
from core.annotations.queries import annotation_list
from core.annotations.schemas import AnnotationFilter
from core.batches.queries.kpis import run_kpis
from core.batches.views import BatchRunQuery
from core.conversations.queries import conversations
from core.conversations.views import ConversationFilter
from core.database import settings
from core.database.paging import Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.kpis import overview_kpis
from core.insights.schemas import WatchScope
from core.knowledge.documents import queries as documents
from core.knowledge.feedback.kpis import feedback_kpis
from core.knowledge.feedback.queries import feedback_figures
from core.knowledge.memories import queries as memories
from core.knowledge.views import DocumentFilter, FeedbackFilter, MemoryFilter
from core.platform import clock
from core.presentation.comparison import NOT_KNOWN, TOO_EARLY, Kpi, Meaning, kpi, of_rate
from core.presentation.formatting import FigureUnit
from core.presentation.periods import DAY, Period, Watched, read_written
from core.saved_views.schemas import ViewPage
from core.scores.queries.conditions import HasScore

DEFAULT_DAYS = "7"  # of the console's pages
ONE = Window(1)
FilterKind = TypeVar("FilterKind")


@dataclass(frozen=True)
class FigureQuery:
    """A period, and a page's other filters by their names in its address."""

    period: Period
    values: Mapping[str, str]

    @property
    def watched(self) -> Watched:
        """The environment, app, release and user."""
        return self.filters(Watched)

    @property
    def scope(self) -> WatchScope:
        return WatchScope(self.period, self.watched)

    def filters(self, kind: type[FilterKind], **given: object) -> FilterKind:
        """Return filters from the values of these names; an invalid value selects nothing, as on
        the page.
        """
        found = dict(given)
        for name, parameter in signature(kind).parameters.items():
            if self.values.get(name) and name not in given:
                with suppress(ValidationError):
                    adapter = TypeAdapter[object](parameter.annotation)
                    found[name] = adapter.validate_python(self.values[name])
        return kind(**found)


def period_of(query: Mapping[str, str], zone: str) -> Period:
    """Return the period of a view; raise RangeRefused."""
    start, end = (query.get(edge, "") for edge in ("start", "end"))
    return read_written(query.get("days", DEFAULT_DAYS), start, end, zone=zone)


def read_figures(
    core: Session,
    ai: Session,
    page: ViewPage,
    query: Mapping[str, str],
    period: Period,
    *,
    actor: Actor,
) -> list[Kpi]:
    """Return the KPIs of a view in a period, the page's main figure first.

    Raises Forbidden, and Invalid where the page refuses the filters.
    """
    return READERS[page](core, ai, FigureQuery(period, query), actor)


def _overview(core: Session, ai: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    return overview_kpis(core, ai, query.scope, actor=actor)


def _users(core: Session, _: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    wanted, watched = query.filters(UserFilter), query.watched
    if query.values.get("anonymous") == "true":
        rows = anonymous.list_anonymous(core, wanted, watched, window=ONE, actor=actor)
        return [_count("anonymous", "Anonymous sessions", rows.total_count)]
    users = user_lists.list_users(core, wanted, watched, window=ONE, actor=actor)
    return [_count("users", "Users", users.total_count)]


def _onboarding(core: Session, _: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    """Return conversion and starts of the view's funnel; compared once every window has ended."""
    values, workspace = query.values, read_workspace_funnel(core).funnel
    days = values.get("window_days", "")
    funnel = (
        asked_funnel(
            core,
            values.get("steps"),
            int(days) if days.isdecimal() else workspace.window // DAY,
            any_order=values.get("any_order", str(workspace.any_order).lower()) == "true",
        )
        if {"steps", "window_days", "any_order"} & values.keys()
        else None
    )
    segment = Segment.read(values["segment"]) if "segment" in values else None
    found = funnel_counts.read_funnel(
        core, query.period, query.watched, funnel, segment, actor=actor
    )
    now, then = funnel_counts.conversions_of(found)
    is_over = query.period.end + found.window_days * DAY <= clock.now()
    change = (
        of_rate((now.converted, now.started), (then.converted, then.started), Meaning.GOOD)
        if is_over
        else TOO_EARLY
    )
    rates = now.rate, then.rate
    return [
        kpi("conversion", "Conversion", FigureUnit.SHARE, rates, change, []),
        _count("started", "Started onboarding", now.started, then.started),
    ]


def _engagement(core: Session, _: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    require(actor, Permission.WATCH)
    whole = count_active_users(core, query.period, query.watched)
    # They are known by day only: days that have ended are compared with as many before
    days = query.period.beside(clock.now()) or ()
    beside = [count_active_users(core, period, query.watched) for period in days]
    found = []
    for name, label in (("active", "Active users"), ("new", "New users")):
        value = getattr(whole, name)
        compared, before = (getattr(each, name) for each in beside) if beside else (None, None)
        made = _count(f"{name}_users", label, value, before)
        found.append(made if compared == value else made.model_copy(update={"compared": compared}))
    return found


def _ai_metrics(core: Session, _: Session, asked: FigureQuery, actor: Actor) -> list[Kpi]:
    query = asked.filters(AiMetricsQuery, period=asked.period, watched=asked.watched)
    return ai_kpis.ai_request_kpis(core, query, actor=actor)


def _batches(core: Session, _: Session, asked: FigureQuery, actor: Actor) -> list[Kpi]:
    query = asked.filters(BatchRunQuery, period=asked.period, watched=asked.watched)
    found = run_kpis(core, query, actor=actor)
    # Of runs with one status there are no rates
    return [each for each in found if query.status is None or each.name not in ("success", "bad")]


def _conversations(core: Session, _: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    score = HasScore.read(query.values, query.period.zone)
    wanted = query.filters(ConversationFilter, score=score)

    def count(period: Period) -> int:
        return conversations.list_conversations(
            core, wanted, period, query.watched, window=ONE, actor=actor
        ).total_count

    before = query.period.before(clock.now())
    # What retention has partly removed is not compared (docs/decisions/0018)
    is_there = settings.read(core, settings.Sealed).has_all(before.start, "conversations")
    earlier = count(before) if is_there else None
    return [_count("conversations", "Conversations", count(query.period), earlier)]


def _annotations(_: Session, ai: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    mine = {"author": actor.id} if query.values.get("author") == "me" else {"author": None}

    def count(period: Period) -> int:
        environment, start, end = query.watched.environment, period.start, period.end
        wanted = query.filters(
            AnnotationFilter, environment=environment, start=start, end=end, **mine
        )
        return annotation_list.list_annotations(ai, wanted, ONE, actor=actor).total_count

    before = query.period.before(clock.now())
    return [_count("annotations", "Annotations", count(query.period), count(before))]


def _documents(_: Session, ai: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    wanted = query.filters(DocumentFilter)
    total = documents.list_documents(ai, wanted, window=ONE, actor=actor).total_count
    return [_count("documents", "Documents", total)]


def _memories(core: Session, ai: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    wanted = query.filters(MemoryFilter)
    total = memories.list_memories(core, ai, wanted, window=ONE, actor=actor).total_count
    return [_count("memories", "Memories", total)]


def _feedback(core: Session, ai: Session, query: FigureQuery, actor: Actor) -> list[Kpi]:
    wanted = query.filters(FeedbackFilter)
    found = feedback_figures.feedback_stats(
        core, ai, wanted, query.period, query.watched, actor=actor
    )
    return feedback_kpis(found, zone=query.period.zone)


def _count(name: str, label: str, value: int, before: int | None = None) -> Kpi:
    return kpi(name, label, FigureUnit.COUNT, (value, before), NOT_KNOWN, [])


READERS: dict[ViewPage, Callable[[Session, Session, FigureQuery, Actor], list[Kpi]]] = {
    ViewPage.OVERVIEW: _overview,
    ViewPage.USERS: _users,
    ViewPage.ONBOARDING: _onboarding,
    ViewPage.ENGAGEMENT: _engagement,
    ViewPage.AI_METRICS: _ai_metrics,
    ViewPage.BATCH_HISTORY: _batches,
    ViewPage.CONVERSATIONS: _conversations,
    ViewPage.ANNOTATIONS: _annotations,
    ViewPage.DOCUMENTS: _documents,
    ViewPage.MEMORIES: _memories,
    ViewPage.FEEDBACK: _feedback,
}
