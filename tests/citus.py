"""Three Citus nodes instead of the embedded Postgres, with the raw tables distributed over them.

CITUS names a Postgres installation (the folder that has `bin`) with the extension.
"""

import os
from pathlib import Path

import psycopg
import pytest

from core.database.connections import engines
from core.database.connections.engines import driver_address
from core.embedded import postgres, postgres_settings
from core.embedded.postgres import Postgres
from core.embedded.socket_folder import socket_folder
from core.system.service import distribution

INSTALLATION = os.environ.get("CITUS")
PORT = 5432
SETTINGS = {
    "shared_preload_libraries": "citus",
    "max_connections": "300",
    "max_prepared_transactions": "400",
    "fsync": "off",
    "citus.enable_statistics_collection": "off",
    "citus.enable_create_database_propagation": "off",
    "citus.shard_count": "2",
}


class Cluster(Postgres):
    """A coordinator and two workers that communicate through their sockets."""

    def __init__(self, data: Path, patch: pytest.MonkeyPatch) -> None:
        super().__init__(data)
        self.folders = [data, *(data / f"worker-{number}" for number in (1, 2))]
        for folder in self.folders[1:]:
            (folder / "logs").mkdir(parents=True)
        self.workers = [Postgres(folder) for folder in self.folders[1:]]
        patch.setattr(postgres, "_binaries", lambda: Path(INSTALLATION or "") / "bin")
        for name, value in SETTINGS.items():
            patch.setitem(postgres_settings.SETTINGS, name, value)

    def start(self) -> None:
        super().start()
        for worker in self.workers:
            worker.start()
        for node in (self, *self.workers):
            _run(node, "create extension citus")
        here, *others = (socket_folder(folder) for folder in self.folders)
        _run(self, f"select citus_set_coordinator_host('{here}', {PORT})")
        for other in others:
            _run(self, f"select citus_add_node('{other}', {PORT})")

    def distribute(self) -> None:
        distribution.distribute(dry_run=False)
        engines.current().core.dispose()  # its connection does not know the database's settings

    def stop(self) -> None:  # type: ignore[override]  # nobody hurries
        for worker in self.workers:
            worker.stop()
        super().stop()


def _run(node: Postgres, statement: str) -> None:
    with psycopg.connect(driver_address(node.addresses().core), autocommit=True) as connection:
        connection.execute(statement.encode())
