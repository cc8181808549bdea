"""requests that failed or are pending and have no tokens are none without a price: counts of before are brought down

Revision: 0024, after 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# The rollups follow by themselves, as they follow a reprice.
FEWER = """
insert into ai_request_deltas (at, environment, app, provider, model, status, requests, unpriced, input_tokens, output_tokens,
    cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_nano, latencies, latency_ms, first_tokens,
    first_token_ms)
select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as at, environment, app, provider, model, status,
    0, -count(*), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
from ai_request_metrics where status <> 'ok' and cost_usd is null and total_tokens is null
group by 1, 2, 3, 4, 5, 6"""


def upgrade() -> None:
    """Apply."""
    op.execute(FEWER)
