"""The workspace's fallback model: it answers when the provider of the model asked for fails."""

from dataclasses import replace

from core.database import settings
from core.database.db import transaction
from core.errors import Failure
from core.executions.schemas import PendingExecution
from core.providers import capabilities, catalogue
from core.providers.errors import CallFailed
from core.providers.schemas import Route
from core.quotas.cost_limits import check_cost
from core.quotas.service import reservations
from core.quotas.worst_case import worst_case

# What another model would be sent in vain
OF_THE_REQUEST = frozenset({"bad_request", "context_length", "too_long"})


def take_over(execution: PendingExecution, failure: CallFailed) -> Route | None:
    """Return the fallback model's route, with the most that it may use reserved; None when there is
    none, or it cannot take this call.
    """
    if failure.reason in OF_THE_REQUEST:
        return None
    try:
        with transaction() as session:
            name = settings.read(session, settings.Workspace).fallback_model
            if name is None or name == execution.route.model.id:
                return None
            route = catalogue.find_route(session, name)
            call = replace(execution.call, model=route.model.name)
            capabilities.check_supported(route.model, call)
            at = execution.created_at
            most = worst_case(session, route, call, at)
            check_cost(execution.new_execution.cost_limit_usd, most)
            # No further call: this one was counted when it began
            reservations.reserve(session, execution.id, execution.quotas, most, at=at, calls=0)
            return route
    # What is reported is the failure of the model that was asked for
    except Failure:
        return None
