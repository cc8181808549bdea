"""Users and anonymous sessions in tables, each with a drawer."""

from collections.abc import Sequence
from functools import partial

from core.activity.queries import journeys, user_details
from core.activity.queries.funnels import funnel_sql
from core.activity.queries.user_lists import UserOrder
from core.activity.views import AnonymousSummary, OnboardingStatus, UserSummary
from core.database.paging import Page
from core.presentation import formatting
from core.presentation.periods import Watched
from pages._ui import columns, dialogs, frame, tables, text
from pages._ui.cache import Reads
from pages._ui.tables import Sorting, TableColumn

STATES: dict[OnboardingStatus, str] = {
    OnboardingStatus.COMPLETED: "Completed",
    OnboardingStatus.IN_PROGRESS: "In progress",
    OnboardingStatus.STUCK: "Stuck",
    OnboardingStatus.DROPPED: "Dropped off",
}
COLOURS = {"Completed": "green", "In progress": "blue", "Stuck": "orange", "Dropped off": "red"}


def draw_users(
    page: Page[UserSummary], reads: Reads, watched: Watched, zone: str, at: str, sorting: Sorting
) -> None:
    steps = _titles(reads)
    shown: Sequence[TableColumn[UserSummary]] = [
        columns.text("User", name_of),
        columns.chip("Status", lambda row: STATES[row.status], COLOURS),
        columns.bar(
            "Step", lambda row: row.step, format=f"%d of {len(steps)}", most=len(steps), width=130
        ),
        columns.text("Last step", lambda row: _title(steps, row.step), width=150),
        columns.moment(
            "First seen",
            lambda row: row.first_seen_at,
            zone,
            orders={UserOrder.NEWEST_FIRST: "↓", UserOrder.OLDEST_FIRST: "↑"},
        ),
        columns.moment(
            "Last seen",
            lambda row: row.last_seen_at,
            zone,
            orders={UserOrder.LAST_SEEN_FIRST: "↓", UserOrder.LAST_SEEN: "↑"},
        ),
        columns.text("Email", lambda row: row.email),
        columns.text(
            "ID",
            lambda row: row.external_id,
            orders={UserOrder.ID: "↑", UserOrder.ID_BACKWARDS: "↓"},
        ),
    ]
    tables.draw_page(
        page, shown, "user", name="users", at=at, on_open=dialogs.open_row, sorting=sorting
    )
    dialogs.draw_opened(
        page.items,
        "User",
        partial(_draw_user, reads, watched, zone),
        lambda id_: reads.ask(user_details.get_user, id_, watched),
    )


def draw_anonymous(
    page: Page[AnonymousSummary], reads: Reads, watched: Watched, zone: str, at: str
) -> None:
    steps = _titles(reads)
    shown: Sequence[TableColumn[AnonymousSummary]] = [
        columns.text("Session", lambda row: row.session_id),
        columns.chip("Status", lambda row: STATES[row.status], COLOURS),
        columns.bar(
            "Step", lambda row: row.step, format=f"%d of {len(steps)}", most=len(steps), width=130
        ),
        columns.text("Last step", lambda row: _title(steps, row.step), width=150),
        columns.moment("First seen", lambda row: row.first_seen_at, zone),
        columns.moment("Last seen", lambda row: row.last_seen_at, zone),
        columns.number("Events", lambda row: row.events, width=80),
        columns.number("Errors", lambda row: row.errors, width=80),
        columns.text("App", lambda row: row.app),
    ]
    tables.draw_page(page, shown, "session", name="users.sessions", at=at, on_open=dialogs.open_row)
    dialogs.draw_opened(
        page.items,
        "Anonymous session",
        partial(_draw_session, steps, watched, zone),
        lambda id_: reads.ask(journeys.read_anonymous, id_, watched, limit=1).session,
    )


def _titles(reads: Reads) -> list[str]:
    """Return the titles of the workspace funnel's steps."""
    return [step.title for step in reads.ask(funnel_sql.get_workspace_funnel).steps]


def _step(steps: Sequence[str], number: int) -> str:
    return f"{number} of {len(steps)} {_title(steps, number)}"


def _title(steps: Sequence[str], number: int) -> str:
    # The workspace's funnel may have got fewer steps since the row was read
    return steps[number - 1] if 0 < number <= len(steps) else ""


def _draw_user(reads: Reads, watched: Watched, zone: str, row: UserSummary) -> None:
    user, steps = reads.ask(user_details.get_user, str(row.id), watched), _titles(reads)
    frame.section(text.plain(name_of(row)), text.plain(user.why))
    frame.facts(
        {
            "Status": STATES[row.status],
            "Step": _step(steps, row.step),
            "First seen": formatting.moment(row.first_seen_at, zone),
            "Last seen": formatting.moment(row.last_seen_at, zone),
            "Events": f"{user.events:,} on {formatting.count(user.active_days, 'day')}",
            "Errors": f"{user.errors:,}",
            "Email": row.email,
        }
    )
    frame.copyable("ID", row.external_id)
    dialogs.draw_link("users", "Open journey", "route", user=str(row.id), **place_of(watched))


def _draw_session(steps: Sequence[str], watched: Watched, zone: str, row: AnonymousSummary) -> None:
    frame.section(text.plain(row.session_id), STATES[row.status].lower())
    frame.facts(
        {
            "Step": _step(steps, row.step),
            "First seen": formatting.moment(row.first_seen_at, zone) if row.first_seen_at else None,
            "Last seen": formatting.moment(row.last_seen_at, zone) if row.last_seen_at else None,
            "Events": f"{row.events:,}",
            "Errors": f"{row.errors:,}",
            "App": row.app,
        }
    )
    place = {"session": row.session_id, **place_of(watched)}
    dialogs.draw_link("users", "Open journey", "route", **place)


def place_of(watched: Watched) -> dict[str, str]:
    """Return the environment and app for a link, which would be of production without them."""
    given = watched.parameters
    return {name: given[name] for name in ("environment", "app") if name in given}


def name_of(user: UserSummary) -> str:
    return user.display_name or user.email or user.external_id
