"""The outcomes of evaluations by case, so that comparisons count no results

Revision: 0079, after 0078
"""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

OF_OLD_ONES = """
insert into evaluation_outcomes (evaluation_id, target, positions, passed, scored, scores)
select
    evaluation_id,
    target,
    string_agg(int8send(position), ''::bytea order by position),
    string_agg(int8send(passed), ''::bytea order by position),
    string_agg(int8send(scored), ''::bytea order by position),
    string_agg(float8send(score), ''::bytea order by position)
from (
    select
        evaluation_id,
        target,
        position,
        count(*) filter (where passed) as passed,
        count(passed) as scored,
        coalesce(avg(score), 'NaN'::float8) as score
    from evaluation_results
    where status in ('completed', 'failed')
    group by evaluation_id, target, position
) cases
group by evaluation_id, target"""


def upgrade() -> None:
    """Apply."""
    columns = ("positions", "passed", "scored", "scores")
    op.create_table(
        "evaluation_outcomes",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.SmallInteger(), nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in columns),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluation_tests.id"],
            name="fk_evaluation_outcomes_evaluation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "target", name="pk_evaluation_outcomes"),
    )
    op.execute(sa.text(OF_OLD_ONES))
