"""Health of this installation's parts."""

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core import VERSION
from core.activity.queries.events import pending_since
from core.database import settings
from core.database.db import Database, transaction
from core.errors import Unavailable
from core.identity.permissions import Permission, require_any
from core.identity.schemas import Actor
from core.platform import clock
from core.providers import catalogue
from core.system.models import Heartbeat
from core.system.schemas import Condition, Dependency, Health

WORKER = "worker"
# The job comes each minute: one that waits behind others is no failure
WORKER_IS_LATE_AFTER = timedelta(minutes=3)


def health() -> Health:
    """Check both databases, the worker's last heartbeat, and whether a provider can be called.

    Opens transactions of its own: it must return also when a database is unavailable.
    """
    core = _database(Database.CORE)
    parts = {"core": core, "ai": _database(Database.AI)}
    if core.condition is Condition.HEALTHY:
        with transaction() as session:
            parts["worker"] = _worker(find_heartbeat(session, WORKER), pending_since(session))
            parts["providers"] = _providers(session)
    else:
        unknown = Dependency(
            condition=Condition.UNHEALTHY, detail="Unknown while the database is not responding."
        )
        parts |= {"worker": unknown, "providers": unknown}
    return Health(checked_at=clock.now(), version=VERSION, dependencies=parts)


def deleted_until(
    session: Session, table: str, since: datetime, *, actor: Actor
) -> datetime | None:
    """Return up to when retention has deleted rows of a table, if that is after a time."""
    require_any(actor, Permission.WATCH, Permission.READ_CONTENTS)
    return settings.read(session, settings.Sealed).gap_after(since, table)


def find_heartbeat(session: Session, name: str) -> datetime | None:
    """Return when a periodic task last ran, or None."""
    return session.scalar(select(Heartbeat.at).where(Heartbeat.name == name))


def _database(database: Database) -> Dependency:
    try:
        with transaction(database) as session:
            version = session.scalar(text("show server_version"))
    except Unavailable as failure:
        return Dependency(condition=Condition.UNHEALTHY, detail=failure.detail)
    return Dependency(condition=Condition.HEALTHY, detail=f"Postgres {version}")


def _worker(last: datetime | None, waiting_since: datetime | None) -> Dependency:
    if last is None:
        return Dependency(
            condition=Condition.UNHEALTHY,
            detail="No job has run yet. The first one starts within a minute.",
        )
    now = clock.now()
    late, behind = now - last, now - (waiting_since or now)
    words = f"The last heartbeat job ran {int(late.total_seconds())} s ago."
    if behind > timedelta(seconds=1):
        words += f" Users and funnels are {int(behind.total_seconds())} s behind."
    is_late = max(late, behind) > WORKER_IS_LATE_AFTER
    return Dependency(condition=Condition.UNHEALTHY if is_late else Condition.HEALTHY, detail=words)


def _providers(session: Session) -> Dependency:
    names = sorted({model.provider for model in catalogue.list_models(session)})
    if not names:
        return Dependency(
            condition=Condition.UNHEALTHY,
            detail="No provider is configured. Add an API key in Settings > Providers.",
        )
    return Dependency(condition=Condition.HEALTHY, detail=", ".join(names))
