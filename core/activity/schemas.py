"""Events as they come in."""

from core.intake import Id, JsonObject, Name, Row, Word


class NewEvent(Row):
    """One thing that happened in the product."""

    event_type: Name
    event_category: Name | None = None
    event_data: JsonObject | None = None
    user_id: Id | None = None
    session_id: Id | None = None
    error_code: Word | None = None
    error_message: Word | None = None
    ip_address: Word | None = None
    user_agent: Word | None = None
