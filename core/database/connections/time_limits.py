"""What ends a statement, a wait for a lock or a connection that takes too long. Jobs set longer
limits for their own transactions; monitor.py ends statements of a server that hangs.
"""

from typing import Any

# Of every connection
OPTIONS = "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s -c lock_timeout=10s"
# TCP keepalives detect a server whose machine or network is gone; local sockets don't need them.
ALIVE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
