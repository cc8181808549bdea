"""Errors of quotas."""

from core.errors import Conflict, Invalid, LimitReached, NotFound, RateLimited


class QuotaMissing(NotFound):
    """No quota with this ID."""


class QuotaExists(Conflict):
    """This quota exists already. Change its limit instead."""


class QuotaTargetMissing(Invalid):
    """No account or API key with this ID."""


class QuotaNotWhole(Invalid):
    """Calls and tokens are counted in whole numbers."""


class QuotaExceeded(RateLimited):
    """A quota is used up. Ask an admin for more."""

    code = "limit_exceeded"


class PriceNeeded(Invalid):
    """This model has no price, and a quota limits your cost. An admin can add one in
    Settings > Prices.
    """


class CostLimitExceeded(LimitReached):
    """This call may cost more than its limit."""


class CostUnknown(Invalid):
    """This model has no price, so a cost limit can't be kept. An admin can add one in
    Settings > Prices.
    """
