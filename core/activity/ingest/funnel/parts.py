"""What new events say of parts: a user, or a session whose owner is the user of its earliest
named event.
"""

from sqlalchemy import CTE, column

from core.database.sql_files import statement


def changed_parts() -> tuple[CTE, CTE, CTE]:
    """Return the CTEs of marks in new events, of new marks by part, and of the changed parts."""
    seen = statement(__package__, "seen_marks").columns().cte("seen")
    new = statement(__package__, "new_parts").columns(
        *map(column, ("environment", "app", "part", "linked_at", "linked_to", "marks"))
    )
    kept = statement(__package__, "keep_parts").columns(
        *map(column, ("environment", "app", "part", "owner", "former_owner", "marks", "is_cut"))
    )
    return seen, new.cte("parts"), kept.cte("kept")
