"""The settings of the embedded Postgres."""

import os

from core.database.connections.query_slots import CORES

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # 75 of the web process, up to 121 of the worker (MAX_CONCURRENT_TESTS=100), 20 for each import
    # of a large file
    "max_connections": "250",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements whose client is gone are cancelled.
    "client_connection_check_interval": "2s",
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
    return {**SETTINGS, "shared_buffers": _buffers(), "max_parallel_workers": str(CORES)}


def _buffers() -> str:
    """Return a sixteenth of the machine's memory, 128 MB to 1 GB."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return f"{min(1024, max(128, memory_mb // 16))}MB"
