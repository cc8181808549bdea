"""Which apps have events, by environment."""

from sqlalchemy import FromClause, func, not_, select
from sqlalchemy.dialects.postgresql import Insert, insert

from core.activity.ingest.funnel.statements import STAR
from core.activity.models.events import EventApp
from core.database.tables import table_of

event_apps = table_of(EventApp)


def note_apps(rows: FromClause) -> Insert:
    """Return the statement that records which apps have events."""
    apps = (
        select(rows.c.environment, rows.c.app)
        .distinct()
        .where(rows.c.app != STAR, not_(func.is_release_place(rows.c.environment)))
        .order_by(rows.c.environment, rows.c.app)
    )
    return insert(event_apps).from_select(["environment", "app"], apps).on_conflict_do_nothing()
