"""The limit that a call sets to its own cost: `cost_limit_usd`."""

from decimal import Decimal

from core.quotas.errors import CostLimitExceeded, CostUnknown
from core.quotas.worst_case import WorstCase


def check_cost(limit: Decimal | None, most: WorstCase, spent: Decimal = Decimal(0)) -> None:
    """Raise CostLimitExceeded when what is to come may cost more than is left, or CostUnknown."""
    if limit is None:
        return
    if most.cost is None:
        raise CostUnknown
    if spent + most.cost <= limit:
        return
    before = f" in addition to {_usd(spent)} before" if spent else ""
    raise CostLimitExceeded(
        f"This call may cost up to {_usd(most.cost)}{before}, over its cost limit of "
        f"{_usd(limit)}. Raise the limit, or allow fewer tokens.",
        reason="cost_limit",
        limit="cost_limit_usd",
        value=float(limit),
        used=float(spent),
        worst_case=float(most.cost),
    )


def _usd(amount: Decimal) -> str:
    """Return the exact amount: $0.50, $0.00012."""
    is_whole_cents = amount == round(amount, 2)
    return f"${amount:.2f}" if is_whole_cents else f"${amount.normalize():f}"
