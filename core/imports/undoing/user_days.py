"""The days of users that only an import has seen: gone with the last row that says so, whatever kind of row that is."""

from uuid import UUID

from core.database.staging import Connection, Stage, with_indexes

OF_ROWS = """
select day, environment, app, user_id from user_days
join (select distinct (created_at at time zone %(zone)s)::date as day, environment, app, user_id from {stage}
    where user_id is not null) as seen using (day, environment, app, user_id)
where import_id = %(import_id)s"""
OF_USERS = """
select day, environment, app, user_id from user_days where import_id = %(import_id)s and user_id = any(%(users)s)"""
HELD = """
insert into doubtful_days {doubtful}"""
DOUBTFUL = Stage("doubtful_days", {"day": "date", "environment": "text", "app": "text", "user_id": "uuid"})

# Of a day that others have seen, too, an import is the owner only as long as they are all imports.
WITHIN = """created_at >= since and created_at < until"""
JUDGE = f"""
with each as materialized (
    select *, day::timestamp at time zone %(zone)s as since, (day + 1)::timestamp at time zone %(zone)s as until
    from doubtful_days
),
judged as materialized (
    select each.*, is_seen, owner from each cross join lateral (
        select count(*) > 0 as is_seen, case
            when bool_or(import_id is null) then null
            when bool_or(import_id = %(import_id)s) then %(import_id)s::uuid
            else (array_agg(import_id order by import_id))[1] end as owner
        from (
            select import_id from user_activity_events as e where e.user_id = each.user_id and {WITHIN}
                and (e.environment, e.app) = (each.environment, each.app)
            union all
            select import_id from ai_request_metrics as r where r.user_id = each.user_id and {WITHIN}
                and (r.environment, r.app) = (each.environment, each.app)
            union all
            select import_id from conversations as c where c.user_id = each.user_id and {WITHIN}
                and (c.environment, c.app) = (each.environment, each.app)
            union all
            select m.import_id from conversations as c join messages as m on m.conversation_id = c.id
            where c.user_id = each.user_id and (c.environment, c.app) = (each.environment, each.app)
                and m.created_at >= since and m.created_at < until
        ) as seen
    ) as found
),
left_over as (
    update user_days set import_id = owner from judged where is_seen and owner is distinct from %(import_id)s
        and (user_days.user_id, user_days.day, user_days.environment, user_days.app)
            = (judged.user_id, judged.day, judged.environment, judged.app)
)
delete from user_days using judged where not is_seen
    and (user_days.user_id, user_days.day, user_days.environment, user_days.app)
        = (judged.user_id, judged.day, judged.environment, judged.app)"""  # noqa: S608  our own


def forget_seen(connection: Connection, import_id: UUID, gone: Stage, zone: str) -> None:
    """Forget the days of which the rows in `gone` were the last."""
    _forget(connection, OF_ROWS.format(stage=gone.name), {"import_id": import_id, "zone": zone})


def forget_of(connection: Connection, import_id: UUID, users: list[UUID], zone: str) -> None:
    """Forget the days of users of which no row is left."""
    _forget(connection, OF_USERS, {"import_id": import_id, "zone": zone, "users": users})


def _forget(connection: Connection, doubtful: str, given: dict[str, object]) -> None:
    DOUBTFUL.make(connection)
    connection.execute(HELD.format(doubtful=doubtful).encode(), given)
    if connection.execute("select from doubtful_days limit 1").fetchone() is None:
        return
    # Whoever stores rows waits here, or we for him: else a day that he has noted and not committed would be lost.
    connection.execute("lock table user_days in share row exclusive mode")
    connection.execute("analyze doubtful_days")
    with_indexes(connection, JUDGE, given)
