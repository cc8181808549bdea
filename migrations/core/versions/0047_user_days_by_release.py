"""days of users by release

Users and funnels of a release that was first seen before this, or within a day of it, are read from
raw rows, or not counted.

Revision: 0047, after 0046
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

# Events may be of a day from now.
SINCE = """
insert into settings (name, value)
select 'releaseplaces', jsonb_build_object('since', now() + interval '1 day')
where exists (select from releases)
on conflict (name) do update set value = excluded.value"""


def upgrade() -> None:
    """Apply."""
    op.execute(SINCE)
