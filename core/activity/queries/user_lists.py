"""Lists of users with their onboarding status."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core.activity.answers import OnboardingStatus, UserSummary, UserView
from core.activity.errors import UserMissing
from core.activity.funnels import progress, subject_rows
from core.activity.funnels.funnel import STEPS, WINDOW
from core.activity.funnels.progress import OnboardingProgress
from core.activity.queries.events import IS_ERROR
from core.activity.schemas import ALL_APPS
from core.cache import memo
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.platform import clock
from core.presentation.periods import Watched, keys_of

COUNT = len(STEPS)
SHOWN = "id, external_id, email, display_name, first_seen_at, last_seen_at"
REACHED = ", ".join(f"reached_{number + 1}" for number in range(COUNT))
# With how far they are, one by one: with a limit, only as many as it takes.
ONE_BY_ONE = f"""select users.*, {REACHED} from ({{users}}) as users
left join lateral (select * from {{rows}} and subject = 'u:' || users.id offset 0) as begun on true"""  # noqa: S608  constants
STATUS = f"""case when reached_{COUNT} is not null then 'completed' when reached_1 + interval '{WINDOW.days} days' < :now
    then 'dropped' when last_seen_at < :idle_since then 'stuck' else 'in_progress' end"""
# What a status says of the users themselves.
SEEN = {
    OnboardingStatus.STUCK: "last_seen_slot <= :idle_since and last_seen_at < :idle_since",
    OnboardingStatus.IN_PROGRESS: "last_seen_slot > cast(:idle_since as timestamptz) - interval '10 minutes'"
    " and last_seen_at >= :idle_since",
}
STEP = f"num_nonnulls({REACHED})"
# A user whom nothing has placed in an environment yet (sent by himself, without an event) is in all of them.
PLACED_EACH = """coalesce(
    (select bool_or((environment, app) = (:environment, :place)) from user_spans where user_id = users.id), true)"""
# The same in two parts, each of which is a join, and of the work of several hands.
PLACED = "exists (select from user_spans where (user_id, environment, app) = (users.id, :environment, :place))"
PLACELESS = "not exists (select from user_spans where user_id = users.id and app = '*')"
EVERYBODY = "(select count(*) from user_spans where environment = :environment and app = :place)"
MANY = text(f"select reltuples >= {memo.MANY} from pg_class where oid = 'users'::regclass")  # noqa: S608  a number of our own
FEW = 20_000  # so many are named and then put in order; more are walked through in their order, until a page is full
COMPLETED = f"reached_{COUNT} is not null"
DROPPED = f"reached_{COUNT} is null and reached_1 < cast(:now as timestamptz) - interval '{WINDOW.days} days'"
ENDED = {OnboardingStatus.COMPLETED: COMPLETED, OnboardingStatus.DROPPED: DROPPED}
# Few have dropped out or come through, or many: an index of each half knows when they began. Who they are is then looked up.
HALF = """
select case when subject like 'u:%' then substr(subject, 3)::uuid end from {rows} and {half} and {ended}
    and (app, reached_1) in (select app, reached_1 from {rows} and {half} and {ended} offset 0)"""
HALVES = ("not is_unsure", "is_unsure")
# What one did under his name, and without one in sessions that are his.
OWN = """
select event.*, false as is_anonymous from user_activity_events as event
where user_id = :id and environment = :environment {filters}
union all
select event.*, true as is_anonymous from funnel_parts as part
join user_activity_events as event on event.session_id = substr(part.part, 3)
    and (event.environment, event.app) = (part.environment, part.app)
where part.owner = 'u:' || :id and part.environment = :environment and part.part like 's:%' and event.user_id is null {filters}"""
FILTERED = """
    and (cast(:app as text) is null or event.app = :app) and (cast(:release as text) is null or event.release = :release)"""
FIGURES = text(f"""
select (select count(distinct day) from user_days where user_id = :id and environment = :environment
        and (cast(:app as text) is null or app = :app)) as active_days,
    count(*) as events, count(*) filter (where {IS_ERROR}) as errors
from ({OWN.format(filters=FILTERED)}) as done""")  # noqa: S608  constants
FOUND = text("select * from users where id = any(:keys) order by array_position(cast(:keys as uuid[]), id) limit 1")


class UserOrder(StrEnum):
    """In which order users stand; a minus begins with the latest, or the last of the alphabet."""

    LAST_SEEN_FIRST = "-last_seen"
    LAST_SEEN = "last_seen"
    NEWEST_FIRST = "-first_seen"
    OLDEST_FIRST = "first_seen"
    ID = "external_id"
    ID_BACKWARDS = "-external_id"

    @property
    def sql(self) -> str:
        """Return it as SQL has it."""
        columns = {"last_seen": ("last_seen_slot", "last_seen_at"), "first_seen": ("first_seen_at",)}
        way = " desc" if self.startswith("-") else ""
        return f"order by {', '.join(name + way for name in columns.get(self.lstrip('-'), ('external_id',)))}, id"


class UserFilter(View):
    """Which users are wanted: `q` is a part of an id, address or name; `step` the last step reached."""

    q: str | None = None
    status: OnboardingStatus | None = None
    step: int | None = None


def list_users(
    session: Session,
    wanted: UserFilter,
    watched: Watched,
    order: UserOrder = UserOrder.LAST_SEEN_FIRST,
    *,
    window: Window,
    actor: Actor,
) -> Page[UserSummary]:
    """Return users with how far they are."""
    require(actor, Permission.WATCH)
    given = _given(session, wanted, watched)
    asked = UserListQuery(session, wanted, watched, given, is_large=bool(session.scalar(MANY)))
    few = asked.find_few()
    rows = _rows(asked, few, f"{order.sql} limit :limit offset :offset")
    rows = f"select * from ({rows}) as page {order.sql}"  # noqa: S608
    found = session.execute(text(rows), {**given, "limit": window.limit, "offset": window.offset}).mappings()
    items = [_summary(row, OnboardingStatus(row["status"]), row["step"]) for row in found]
    return Page(items, asked.count() if few is None else len(few))


def list_users_by_id(
    session: Session, wanted: UserFilter, watched: Watched, *, limit: int, after: UUID | None, actor: Actor
) -> list[UserSummary]:
    """Return the users that come after one of them, in the order of our ids, which nothing that happens changes."""
    require(actor, Permission.WATCH)
    given = _given(session, wanted, watched) | {"limit": limit, "after": after or UUID(int=0)}
    asked = UserListQuery(session, wanted, watched, given, is_large=bool(session.scalar(MANY)))
    rows = _rows(asked, asked.find_few(), "and id > :after order by id limit :limit")
    found = session.execute(text(f"select * from ({rows}) as page order by id"), given).mappings()  # noqa: S608
    return [_summary(row, OnboardingStatus(row["status"]), row["step"]) for row in found]


@dataclass(frozen=True)
class UserListQuery:
    """Which users are asked for. Of very many, what is found out is a minute old."""

    session: Session
    wanted: UserFilter
    watched: Watched
    given: dict[str, Any]
    is_large: bool

    @property
    def is_filtered(self) -> bool:
        """Whether not everybody is wanted."""
        return self.wanted != UserFilter() or self.watched.users is not None or self.watched.release is not None

    def are_many(self) -> bool:
        """Whether so many are wanted that naming them would take longer than counting: counted, where counts are remembered."""
        return self.is_large and self.count() > FEW

    def find_few(self) -> list[UUID] | None:
        """Return the keys of those who are wanted, or None when they are not few, or everybody is wanted."""
        if not self.is_filtered or self.are_many():
            return None
        parts = " union all ".join(f"(select id from users where {' and '.join(each)})" for each in self._parts())  # noqa: S608
        found = self._kept("few", f"select array(select id from ({parts}) as each limit {FEW + 1})")  # noqa: S608
        return found if len(found) <= FEW else None

    def count(self) -> int:
        """Return how many are wanted."""
        each = [f"(select count(*) from users where {' and '.join(part)})" for part in self._parts()]  # noqa: S608
        if not self.is_filtered:
            each[0] = EVERYBODY
        return int(self._kept("count", f"select {' + '.join(each)}"))

    def _parts(self) -> list[list[str]]:
        """Return the conditions on those who are placed, and on those who are not, of whom none has done anything."""
        conditions = [*_conditions(self.wanted, self.watched), *_standing(self.wanted, self.watched)]
        if self.wanted.status in ENDED or self.wanted.step:
            return [[PLACED, *conditions]]
        question = f"select array(select id from users where {PLACELESS} limit {FEW + 1})"  # noqa: S608
        self.given["placeless"] = self._kept("placeless", question, is_of_all=True)
        are_few = len(self.given["placeless"]) <= FEW
        return [[PLACED, *conditions], ["id = any(:placeless)" if are_few else PLACELESS, *conditions]]

    def _kept(self, name: str, question: str, *, is_of_all: bool = False) -> Any:  # noqa: ANN401  a number, or keys
        def ask() -> object:
            return self.session.scalar(text(question), self.given)

        key = ("users", name) if is_of_all else ("users", name, self.wanted, self.watched)
        return memo.kept(key, ask) if self.is_large else ask()


def _rows(asked: UserListQuery, few: list[UUID] | None, page: str) -> str:
    """Return a select of a page of users: of those who were named, or walked through."""
    if few is None:
        return _walked(asked.wanted, asked.watched, page)
    asked.given["few"] = few
    return _states(f"select * from users where id = any(:few) {page}", asked.watched)  # noqa: S608  names of our own


def _walked(wanted: UserFilter, watched: Watched, page: str) -> str:
    """Return a select of a page of users, looked for in the order in which they stand."""
    users = f"select * from users where {' and '.join([PLACED_EACH, *_conditions(wanted, watched)])}"  # noqa: S608  names of our own
    if wanted.status is None and wanted.step is None:
        return _states(f"{users} {page}", watched)
    seen = f"{users} and {SEEN[wanted.status]}" if wanted.status in SEEN else users
    steps = {"status = :status": wanted.status, "step = :step": wanted.step}
    where = " and ".join(condition for condition, value in steps.items() if value is not None)
    return f"select * from ({_states(seen, watched)}) as states where {where} {page}"  # noqa: S608


def _standing(wanted: UserFilter, watched: Watched) -> list[str]:
    """Return the conditions that a status and a step make."""
    found, rows = [], subject_rows.of(watched)
    begun = f"exists (select from {rows} and subject = 'u:' || users.id and ({{}}))"
    if wanted.status in ENDED:
        found.append(f"users.id in ({_ended(rows, wanted.status)})")
    elif wanted.status is not None:
        ended = " union all ".join(_ended(rows, each) for each in ENDED)
        found += [f"not exists (select from ({ended}) as ended (id) where ended.id = users.id)", SEEN[wanted.status]]
    if wanted.step == 0:
        found.append(f"not {begun.format('reached_1 is not null')}")
    elif wanted.step is not None:
        found.append(begun.format(f"{STEP} = :step"))
    return found


def _ended(rows: str, status: OnboardingStatus) -> str:
    """Return a select of the keys of those who have come through, or dropped out."""
    return " union all ".join(HALF.format(rows=rows, half=half, ended=ENDED[status]) for half in HALVES)


def get_user(session: Session, given: str, watched: Watched, *, actor: Actor) -> UserView:
    """Return a user by our id or the sender's; raise UserMissing."""
    require(actor, Permission.WATCH)
    row, found = find_progress(session, given, watched)
    asked = {"id": row["id"], "environment": watched.environment, "app": watched.app, "release": watched.release}
    figures = session.execute(FIGURES, asked).one()
    return UserView(
        **summarize(row, found).model_dump(),
        traits=row["traits"],
        reached=list(found.reached),
        active_days=figures.active_days,
        events=figures.events,
        errors=figures.errors,
        why=found.why,
    )


def find_progress(session: Session, given: str, watched: Watched) -> tuple[RowMapping, OnboardingProgress]:
    """Return a user's row and how far he is; raise UserMissing."""
    row = session.execute(FOUND, {"keys": list(keys_of("user", given))}).mappings().first()
    if row is None:
        raise UserMissing
    return row, progress.read_progress(session, f"u:{row['id']}", row["last_seen_at"], watched)


def summarize(row: RowMapping, found: OnboardingProgress) -> UserSummary:
    """Return a user in one line."""
    return _summary(row, found.status, found.step)


def escaped(part: str | None) -> str:
    """Return a part of a word as `like` takes it for itself."""
    return (part or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _summary(row: RowMapping, status: OnboardingStatus, step: int) -> UserSummary:
    known: dict[str, Any] = {name.strip(): row[name.strip()] for name in SHOWN.split(",")}
    return UserSummary(**known, status=status, step=step, step_event_type=STEPS[step - 1] if step else None)


def _states(users: str, watched: Watched) -> str:
    """Return a select of users with how far they are."""
    rows = ONE_BY_ONE.format(users=users, rows=subject_rows.of(watched))
    return f"select {SHOWN}, last_seen_slot, {STATUS} as status, {STEP} as step from ({rows}) as reached"  # noqa: S608  names of our own


def _conditions(wanted: UserFilter, watched: Watched) -> list[str]:
    found = []
    if watched.users is not None:
        found.append("users.id = any(:keys)")
    if wanted.q is not None:
        found.append("(search like lower(:part) or users.id = any(:q_keys))")
    if watched.release is not None:
        found.append(
            "exists (select from user_activity_events as event where event.user_id = users.id and release = :release"
            " and event.environment = :environment)"
        )
    return found


def _given(session: Session, wanted: UserFilter, watched: Watched) -> dict[str, Any]:
    now = clock.now()
    keys: tuple[UUID, ...] = watched.users or ()
    return subject_rows.places(session, watched) | {
        "place": ALL_APPS if watched.app is None else watched.app,
        "release": watched.release,
        "keys": list(keys),
        "part": f"%{escaped(wanted.q)}%",
        "q_keys": list(keys_of("user", wanted.q or "")),
        "now": now,
        "idle_since": now - progress.stuck_after(session),
        "status": wanted.status,
        "step": wanted.step,
    }
