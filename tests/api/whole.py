"""The whole web process without its children: what `app.serve` serves, on an existing database.

Tests start it as a process of its own: a second process of the same program, with the console.
"""

import os
import sys

import app
from api.http import server
from core.database import bus
from core.database.connections import engines
from core.embedded.postgres import Postgres
from core.executions import runner
from core.platform import crypto, logs
from core.platform.config import ROOT, config
from core.platform.ids import new_id


def main() -> None:
    """Serve until told to stop; the first line out is the port."""
    os.chdir(ROOT)  # Streamlit looks for its configuration in the working folder
    chosen = config()
    logs.set_up(chosen.attune_log)
    given = chosen.attune_secret_key
    crypto.use(crypto.load(given.get_secret_value() if given else None, chosen.data))
    addresses = Postgres(chosen.data).addresses()
    engines.use(
        engines.Engines(
            engines.create(addresses.core, pool_size=5, overflow=10),
            engines.create(addresses.ai, pool_size=1, overflow=1),
        )
    )
    listener = bus.Bus(addresses.core)
    listener.start()
    calls = runner.Runner(new_id())
    runner.use(calls)
    calls.start()
    with server.listen(chosen) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        departure = server.Shutdown()
        server.serve(app.assemble(chosen), chosen, listening, departure, lambda: calls.stop(0.0))
    listener.stop()


if __name__ == "__main__":
    main()
