"""Events as received, and as counted."""

from datetime import datetime
from typing import ClassVar

from core.identity.schemas import View
from core.ingest.intake import Id, JsonObject, Moment, Name, Row, Word, wrong_time

ALL_APPS = "*"


class NewEvent(Row):
    """One thing that happened in the product."""

    texts: ClassVar = ("event_data", "error_message", "user_agent", "extra")

    event_type: Name
    event_category: Name | None = None
    event_data: JsonObject | None = None
    user_id: Id | None = None
    session_id: Id | None = None
    error_code: Word | None = None
    error_message: Word | None = None
    ip_address: Word | None = None
    user_agent: Word | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return what is wrong with a time, or with the name of an app."""
        return "app: * stands for all apps, and is the name of none" if self.app == ALL_APPS else super().wrong(latest)


class NewUser(Row):
    """A user as his product knows him. What is not named goes to the traits; of each field the newest `updated_at` holds."""

    texts: ClassVar = ("email", "display_name", "traits", "extra")
    persons: ClassVar = ("id",)

    id: Id
    email: Word | None = None
    display_name: Word | None = None
    traits: JsonObject | None = None
    updated_at: Moment | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return what is wrong with a time."""
        return wrong_time("created_at", self.created_at, latest) or wrong_time("updated_at", self.updated_at, latest)


class TypeCourse(View):
    """One type of event: how many in all, and by interval: a day, an hour of a single day, or of very many days several."""

    event_type: str
    events: int
    errors: int
    starts: list[datetime]  # when each interval begins
    event_counts: list[int]
    error_counts: list[int]
