"""Amounts of quotas in words."""

from decimal import Decimal

from core.presentation import formatting
from core.quotas.schemas import QuotaMeasure


def shown(amount: Decimal, measure: QuotaMeasure) -> str:
    """Return an amount with its unit: $0.42, 3 calls, 1,200 tokens."""
    if measure is QuotaMeasure.COST:
        return formatting.money(amount)
    return formatting.count(int(amount), measure.removesuffix("s"))


def limit_shown(limit: Decimal, measure: QuotaMeasure) -> str:
    """Return a limit with its unit, a cost as it was entered: $0.01, $0.00005."""
    return formatting.price(limit) if measure is QuotaMeasure.COST else shown(limit, measure)
