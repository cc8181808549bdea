"""The settings of the embedded Postgres."""

import os

from core.database.connections.query_slots import CORES

SETTINGS = {
    # No other machine and no other account of this one may connect
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # 75 of the web process, up to 121 of the worker (MAX_CONCURRENT_TESTS=100), 20 for each import
    # of a large file
    "max_connections": "250",
    # Beyond it, sorts and groups write files: 1.5 million rows by user take 2.1 s, with 4 MB 2.6 s
    "work_mem": "32MB",
    # After each checkpoint, the first change of a page writes all of it to the log once more
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # On an SSD, which most have: 4, the default, is that of a turning disk
    "random_page_cost": "1.1",
    # As in Attune's own log
    "log_timezone": "UTC",
    # Statements whose client is gone are cancelled.
    "client_connection_check_interval": "2s",
    # Slow statements, which show why a page is slow
    "log_min_duration_statement": "2000",
    # Parameters are user text, and so are the values that an error quotes: who sent the statement
    # learns of the error anyway.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def server_settings() -> dict[str, str]:
    """Return the settings, those that depend on the machine too."""
    # More processes than cores for a statement would take turns, each with a work_mem of its own
    return {**SETTINGS, "shared_buffers": _buffers(), "max_parallel_workers": str(CORES)}


def _buffers() -> str:
    """Return a sixteenth of the machine's memory, 128 MB to 1 GB (docs/decisions/0002)."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return f"{min(1024, max(128, memory_mb // 16))}MB"
