"""Warm up after a start: ask what the first pages will ask.

Of ten million rows the first answer takes seconds from a disk, and the next a tenth of one.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from uuid import UUID

from core.activity.queries import events, user_lists
from core.activity.queries.errors import error_codes
from core.activity.queries.funnels import segments, time_to_drop_off
from core.activity.queries.user_filter import UserFilter
from core.ai_metrics.queries.requests import request_lists as requests
from core.ai_metrics.requests import RequestOrder
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import Database, Session, read_session
from core.database.paging import Window
from core.errors import Failure
from core.identity.schemas import Actor, Caller, Role
from core.insights.findings import findings
from core.insights.kpis import overview_kpis
from core.insights.schemas import WatchScope
from core.presentation.periods import Period, Watched, last_days
from core.system import workspace

DAYS, DAYS_OF_API = 7, 30  # as a console shows them where nothing is chosen, and as the API answers
# It sees figures, and no contents
NOBODY = Actor(UUID(int=0), "", "Attune", Role.ANALYST, None, Caller())
FEW = Window(10)


def ask(is_over: Callable[[], bool]) -> None:
    """Run the first reads of the Watch pages until told to stop."""
    with suppress(Failure):  # who needs an answer says why there is none
        scope = WatchScope(last_days(DAYS, zone=workspace.zone()), Watched())
        for question in _questions(scope):
            if is_over():
                return
            with read_session() as core, read_session(Database.AI) as ai:
                question(core, ai)


def _questions(scope: WatchScope) -> Iterator[Callable[[Session, Session], object]]:
    yield partial(overview_kpis, scope=scope, actor=NOBODY)
    yield partial(findings, scope=scope, actor=NOBODY)
    span = scope.period, scope.watched
    yield lambda core, _: segments.list_segments(core, scope.watched, actor=NOBODY)
    for days in (scope.period, last_days(DAYS_OF_API, zone=scope.period.zone)):
        yield partial(_errors, days)
    yield lambda core, _: time_to_drop_off.read_time_to_drop_off(core, *span, actor=NOBODY)
    yield lambda core, _: user_lists.list_users(
        core, UserFilter(), scope.watched, window=FEW, actor=NOBODY
    )
    yield lambda core, _: requests.list_first(
        core, AiMetricsQuery(*span), RequestOrder.NEWEST, FEW, actor=NOBODY
    )


def _errors(days: Period, core: Session, _: Session) -> object:
    return error_codes.list_errors(
        core, events.EventFilter(), days, Watched(), window=FEW, actor=NOBODY
    )
