"""Record signs of life."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.platform import clock
from core.system.models import Heartbeat


def beat(session: Session, name: str) -> None:
    """Record that `name` is alive now."""
    at = clock.now()
    session.execute(
        insert(Heartbeat)
        .values(name=name, at=at)
        .on_conflict_do_update(index_elements=["name"], set_={"at": at})
    )
