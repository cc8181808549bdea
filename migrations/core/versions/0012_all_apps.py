"""subjects over all apps of an environment, and which apps there are

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LATER = ["reached_2", "reached_3", "reached_4", "reached_5", "sample"]
APPS = "insert into event_apps (environment, app) select distinct environment, app from subjects"
SET_APART = """
update subjects set is_whole = false
from (select subject, environment from subjects group by 1, 2 having count(*) > 1) as shared
where (subjects.subject, subjects.environment) = (shared.subject, shared.environment)"""

NEVER, WINDOW = 2**56 - 1, 30 * 24 * 3600 * 1_000_000
CODES = (0, 1, 3, 6, 8)
TIMES = "".join(
    f" cross join lateral (select mark_after(marks, {code}::bigint << 56, {f'at_{number}' if number else 0}) as at_{number + 1}"
    f" offset 0) as step_{number + 1}"
    for number, code in enumerate(CODES)
)
GAPS = " or ".join(
    f"mark_gap(marks, {code}::bigint << 56, at_{number}, least(at_{number + 1}, at_1 + {WINDOW}))"
    for number, code in enumerate(CODES[1:], 1)
)
REACHED = ", ".join(
    f"from_micros(case when at_1 < {NEVER} and at_{number} <= at_1 + {WINDOW} then at_{number} end)" for number in range(1, 6)
)
ALL_APPS = f"""
insert into subjects (environment, app, subject, marks, is_cut, is_unsure, reached_1, reached_2, reached_3, reached_4, reached_5)
select environment, '*', subject, marks, is_cut, is_cut and at_1 < {NEVER} and ({GAPS}), {REACHED}
from (
    select environment, subject, case when cardinality(whole) <= 16 then whole else marks_kept(whole) end as marks,
        was_cut or cardinality(whole) > 16 and marks_cut('{{}}', whole) as is_cut
    from (
        select environment, subject, bool_or(is_cut) as was_cut,
            coalesce(array_agg(distinct mark order by mark) filter (where mark is not null), '{{}}') as whole
        from subjects left join lateral unnest(marks) as mark on true where not is_whole group by 1, 2
    ) as every offset 0
) as kept{TIMES}"""  # noqa: S608  constants


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "event_apps",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "app", name=op.f("pk_event_apps")),
    )
    op.execute(APPS)
    op.add_column("subjects", sa.Column("is_whole", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.execute(SET_APART)
    op.execute(ALL_APPS)
    op.drop_index("ix_subjects_reached", table_name="subjects")
    for name, which in (("ix_subjects_reached", "is_whole"), ("ix_subjects_reached_apart", "not is_whole")):
        op.create_index(
            name,
            "subjects",
            ["environment", "app", "reached_1"],
            postgresql_include=LATER,
            postgresql_where=sa.text(f"not is_unsure and {which}"),
        )
