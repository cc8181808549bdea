"""releases: when each release of an app was seen first, for the marks on charts

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NO_IMPORT = "00000000-0000-0000-0000-000000000000"
SEEN = """
insert into releases (environment, app, release, import_id, first_seen_at)
select environment, app, release, coalesce(import_id, cast(:none as uuid)), min(created_at) from (
    select environment, app, release, import_id, created_at from user_activity_events where release <> ''
    union all select environment, app, release, import_id, created_at from ai_request_metrics where release <> ''
) as seen group by 1, 2, 3, 4"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "releases",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("environment", "app", "release", "import_id", name=op.f("pk_releases")),
    )
    op.get_bind().execute(sa.text(SEEN), {"none": NO_IMPORT})
