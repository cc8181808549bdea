"""The prompt and the experiment's arm behind the answers of the demo's assistant."""

from datetime import datetime
from typing import Any

from tools.demo.calendar import Calendar
from tools.demo.users import Person

PROMPT = "concierge"
# Versions with how many days before the last week they came out: between releases, so that the
# effects of both can be told apart.
VERSIONS = (("7", 400.0), ("8", 35.2), ("9", 17.6))
EXPERIMENT, ARMS, EXPERIMENT_DAYS = "shorter-answers", ("control", "shorter"), 9.2


def version(calendar: Calendar, at: datetime) -> str:
    """Return the version in production at a time."""
    return next(
        name
        for name, days in reversed(VERSIONS)
        if calendar.ago(days) <= at or days == VERSIONS[0][1]
    )


def references(calendar: Calendar, person: Person, at: datetime) -> dict[str, Any]:
    """Return what a request or a message says of its prompt and experiment."""
    found: dict[str, Any] = {"prompt": {"name": PROMPT, "version": version(calendar, at)}}
    if at >= calendar.ago(EXPERIMENT_DAYS):
        found["experiment"] = {"key": EXPERIMENT, "arm": ARMS[person.number % len(ARMS)]}
    return found
