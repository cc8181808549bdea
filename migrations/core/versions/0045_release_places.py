"""parts and subjects of funnels by release

Funnels of a release that was first seen before this, or within a day of it, read raw rows.

Revision: 0045, after 0044
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "release_places.sql"
# Events may be of a day from now.
SINCE = """
insert into settings (name, value)
select 'releaseplaces', jsonb_build_object('since', now() + interval '1 day')
where exists (select from releases)"""


def upgrade() -> None:
    """Apply."""
    op.get_bind().connection.cursor().execute(SQL.read_text())
    op.add_column(
        "pending_events", sa.Column("release", sa.Text(), server_default="", nullable=False)
    )
    op.execute(SINCE)
