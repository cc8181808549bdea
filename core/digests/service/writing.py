"""Write the digest of a week."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from core.database.connections.availability import is_outage
from core.database.db import Database, read_session, transaction
from core.digests.models import WeeklyDigest
from core.digests.schemas import WRITTEN, DigestContent, DigestSection
from core.digests.service import removed_data
from core.errors import Invalid, Unavailable
from core.identity.schemas import Actor, Caller, Role
from core.insights.findings import findings
from core.insights.schemas import WatchScope
from core.insights.view_figures import read_figures
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id
from core.presentation.comparison import Kpi
from core.presentation.periods import DAY, WEEK_DAYS, Period, Watched, in_address, midnight
from core.saved_views import queries as saved_views
from core.saved_views.schemas import SavedViewDetails, ViewPage

HOUR = 7  # of Monday, in the reporting time zone: by then the night's jobs have ended
# It reads figures, and no contents: findings quote nothing
ANALYST = Actor(UUID(int=0), "", "Attune", Role.ANALYST, None, Caller())
UNTIMED = (ViewPage.USERS, ViewPage.DOCUMENTS, ViewPage.MEMORIES)


def due_week(zone: str, now: datetime) -> date:
    """Return the Monday of the last week whose digest is due."""
    then = now.astimezone(ZoneInfo(zone)) - timedelta(hours=HOUR)
    return then.date() - timedelta(days=then.weekday() + WEEK_DAYS)


def write_due(zone: str) -> bool:
    """Write the last digest that is due, once; return whether it was written now."""
    week = due_week(zone, clock.now())
    with read_session() as core:
        is_written = core.scalar(select(exists().where(WeeklyDigest.week == week)))
        views = saved_views.list_in_digest(core)
    if is_written:
        return False
    period = Period(midnight(week, zone), midnight(week + WEEK_DAYS * DAY, zone), zone)
    content = _content(period, views)
    # Of a workspace without data there is nothing to say; next hour there may be
    if not any(figure.value for section in content.sections for figure in section.figures):
        return False
    row = {
        "id": new_id(),
        "week": week,
        "starts_at": period.start,
        "ends_at": period.end,
        "time_zone": zone,
    }
    with transaction() as session:
        kept = removed_data.without_removed_accounts(session, content)
        values = {**row, "content": kept.model_dump(mode="json")}
        new = insert(WeeklyDigest).values(values).on_conflict_do_nothing(index_elements=["week"])
        written = session.scalar(new.returning(WeeklyDigest.id))
        if written is not None:
            outbox.add(session, WRITTEN, {"digests": [str(written)]})
    return written is not None


def _content(period: Period, views: list[SavedViewDetails]) -> DigestContent:
    with read_session() as core, read_session(Database.AI) as ai:
        everything = read_figures(core, ai, ViewPage.OVERVIEW, {}, period, actor=ANALYST)
        overview = _section("Overview", ViewPage.OVERVIEW, {}, period, everything)
        found = findings(core, ai, WatchScope(period, Watched()), actor=ANALYST).items
    sections = [overview, *(_section_of(view, period) for view in views)]
    return DigestContent(sections=sections, findings=found)


def _section_of(view: SavedViewDetails, period: Period) -> DigestSection:
    # Counted with an admin's rights: accounts that may not read a page do not see its section
    owner = Actor(view.owner_id, "", view.owner_name, Role.ADMIN, None, Caller())
    figures = _figures(view, period, owner)
    section = _section(view.name, view.page, view.query, period, figures)
    return section.model_copy(update={"owner_id": view.owner_id, "is_shared": view.is_shared})


def _figures(view: SavedViewDetails, period: Period, actor: Actor) -> list[Kpi]:
    """Return a view's figures; none where its filters are invalid or its statements too slow."""
    try:
        # Sessions of its own: a statement's error is translated only when it leaves them
        with read_session() as core, read_session(Database.AI) as ai:
            return read_figures(core, ai, view.page, view.query, period, actor=actor)
    except Invalid:
        return []
    except Unavailable as failure:
        if is_outage(failure):
            raise
        return []


def _section(
    title: str, page: ViewPage, query: dict[str, str], period: Period, figures: list[Kpi]
) -> DigestSection:
    span = {"start": in_address(period.start), "end": in_address(period.end)}
    kept = {name: value for name, value in query.items() if name not in ("days", *span)}
    return DigestSection(
        title=title,
        page=page,
        query=kept if page in UNTIMED else kept | span,
        owner_id=None,
        is_shared=True,
        figures=figures,
    )
