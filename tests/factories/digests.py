"""A week with data, and its digest."""

from datetime import timedelta
from uuid import UUID

from core.database.db import transaction
from core.digests.service import writing
from core.digests.service.writing import due_week
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import midnight
from core.saved_views import service as saved_views
from core.saved_views.schemas import NewSavedView, ViewPage
from tests.factories import ai_metrics


def kept_view(
    actor: Actor, name: str, page: ViewPage, *, is_shared: bool = False, **query: str
) -> UUID:
    """Save a view that the digest covers."""
    given = NewSavedView(name=name, page=page, query=query, is_shared=is_shared, in_digest=True)
    with transaction() as session:
        return saved_views.create_view(session, given, actor=actor).id


def two_weeks(errors: int = 0) -> None:
    """Send ten requests for each day of the last two complete weeks; one failed in the earlier,
    and this many of each day in the later.
    """
    start = midnight(due_week("UTC", clock.now()), "UTC") + timedelta(hours=9)
    for day in range(-7, 7):
        at = start + timedelta(days=day)
        ai_metrics.send(
            *(
                ai_metrics.request(
                    at + timedelta(minutes=number),
                    status="error" if number < (errors if day >= 0 else day == -7) else "ok",
                    app="web",
                )
                for number in range(10)
            )
        )


def write() -> bool:
    """Write the digest that is due."""
    return writing.write_due("UTC")
