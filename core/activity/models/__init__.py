"""Tables of users, events and funnels; migrations find all of them through this package."""

from core.activity.models import events, funnels, users

__all__ = ["events", "funnels", "users"]
