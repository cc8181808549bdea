"""Attune. `python app.py` starts everything: Postgres, the model server, the worker, and the
console with its API.

`python app.py admin EMAIL` gives that account a new password, `python app.py verify` checks derived
data, and `python app.py daily` runs the daily job now, whether Attune runs or not. `python app.py
distribute`, while it does not run, distributes raw rows over the nodes of a Citus cluster.
"""

import gc

if __name__ == "__main__":
    # What imports create stays until the end: looking for garbage in it takes a fifth of a start
    gc.disable()

import importlib
import logging
import os
import pkgutil
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.database import bus, db
from core.database.connections import engines, pools
from core.embedded import model_server, read_ahead
from core.embedded.child import Child
from core.embedded.worker import Worker
from core.errors import Failure, StartRefused
from core.imports import own_process
from core.platform import data_folder, logs
from core.platform.config import ROOT, Config, ProcessRole, config
from core.processes import garbage
from core.processes.startup import addresses, open_databases, serving_engines, use_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import streamlit
    from starlette.types import ASGIApp

    from api.http import server

log = logging.getLogger("attune")


def main(arguments: list[str]) -> int:
    """Run the program in its role.

    Returns 0 after an orderly stop, 1 with one line on stderr when it cannot run, and 2 when
    `verify` found differences.
    """
    try:
        settings = config()
        logs.set_up(settings.attune_log)
        match arguments:
            case []:
                return (
                    run_worker(settings)
                    if settings.attune_role is ProcessRole.WORKER
                    else serve(settings)
                )
            case ["admin", email]:
                from core.processes import admin_accounts  # loads Streamlit, which takes a second

                return admin_accounts.reset(settings, email)
            case ["verify" | "daily" | "distribute" | "distribute-dry-run" as command]:
                from core.processes import commands  # the other roles don't need this import

                garbage.collect_less()
                return commands.COMMANDS[command](settings)
            case [own_process.COMMAND, import_id]:
                return run_import(settings, import_id)
        raise StartRefused(
            "Start it as `python app.py`, or `python app.py admin EMAIL`, `verify`, `daily` "
            "or `distribute`."
        )
    except Failure as error:
        sys.stderr.write(f"attune: {error.detail}\n")
        return 1
    except SystemExit as exit_request:
        return int(exit_request.code or 0)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def serve(settings: Config) -> int:
    """Run the web process: start everything, serve until stopped, stop everything."""
    os.chdir(ROOT)  # Streamlit looks for .streamlit/config.toml in the working folder
    from api.http import connections, server  # the worker and `make admin` don't need these imports

    connections.raise_file_limit()
    shutdown = server.Shutdown()
    shutdown.handle_signals()
    with ExitStack() as resources, data_folder.start_errors(settings.data):
        try:
            folder = resources.enter_context(data_folder.locked(settings.data))
            listening = resources.enter_context(server.listen(settings))
            weights = model_server.weights(settings.attune_local_model)
            with data_folder.start_errors(settings.data):
                folder.announce(settings.address)
                databases = open_databases(settings, resources, shutdown.waiting)
                resources.enter_context(serving_engines(databases))
                shutdown.exit_if_requested()
                _read_ahead(settings)
                _print(f"Attune {settings.address}\n  data      {settings.data}\n")
                _create_first_account(settings)
                _offer_demo(settings)
                jobs = _start_children(settings.data, weights, resources, shutdown)
                pools.keep_small(*engines.current().all())
                end_answers = _start_runner(folder, databases, resources, shutdown, jobs)
            shutdown.exit_if_requested()
            app = assemble(settings)
            garbage.collect_less()
            server.serve(app, settings, listening, shutdown, end_answers)
        finally:
            shutdown.begin()
    return 0


def assemble(settings: Config) -> "ASGIApp":
    """Return the console with the API, the sign-in pages and the probes, all behind the gate."""
    import streamlit

    from api import application, probes
    from pages._ui import links, streamlit_internals
    from pages._ui.errors import on_script_error

    logs.adopt("streamlit", "uvicorn", "websockets")
    # Unexpected errors of pages are logged once, by on_script_error.
    logging.getLogger("streamlit.error_util").setLevel(logging.CRITICAL)
    streamlit_internals.put_callbacks_first()
    # Streamlit answers them on the event loop: 500 requests of its git state took 20 s
    streamlit_internals.ignore_unused_messages()
    # Streamlit keeps each uploaded file until its tab is closed
    streamlit_internals.forget_old_files()
    readiness = probes.Readiness()

    @asynccontextmanager
    async def lifespan(_app: "streamlit.App") -> "AsyncIterator[dict[str, Any]]":
        readiness.is_ready = True
        threading.Thread(
            target=_warm_up, args=(lambda: not readiness.is_ready,), name="warm up", daemon=True
        ).start()
        _print(f"Attune is ready at {settings.address}\n")
        yield {}
        readiness.is_ready = False

    console = streamlit.App(
        ROOT / "pages" / "console.py", lifespan=lifespan, on_script_error=on_script_error
    )
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    return application.behind_gate(
        settings, readiness, console=console, index=index, pages=links.ADDRESSES
    )


def run_worker(settings: Config) -> int:
    """Run the worker process."""
    from core.processes import worker  # loads all jobs: what is refused is refused before

    with data_folder.start_errors(settings.data):
        use_key(settings)
    worker.run(addresses(settings))
    return 0


def run_import(settings: Config, import_id: str) -> int:
    """Do the due work of an import; the worker starts a process for it."""
    from core.processes import worker  # the web process doesn't need this import

    with data_folder.start_errors(settings.data):
        use_key(settings)
    worker.run_import(addresses(settings), UUID(import_id))
    return 0


def _read_ahead(settings: Config) -> None:
    """Read the files that first pages need into memory, in the background."""

    def read() -> None:
        with suppress(Failure):  # a database that is unavailable is reported where it is needed
            read_ahead.read(settings.data / "postgres")

    if settings.embedded_postgres:
        threading.Thread(target=read, name="read ahead", daemon=True).start()


def _warm_up(is_stopping: "Callable[[], bool]") -> None:
    """Import what the first call and the first visit need, and run the first page's queries."""
    import pages
    from core.insights import warm_up
    from core.providers import check

    check.keep_loaded()
    for module in pkgutil.walk_packages(pages.__path__, "pages."):
        if not module.name.endswith((".page", ".console")):  # scripts, which Streamlit runs
            importlib.import_module(module.name)
    warm_up.ask(is_stopping)


def _create_first_account(settings: Config) -> None:
    """Create the first account if there is none."""
    from core.processes import admin_accounts  # loads Streamlit: what is refused is refused before

    admin_accounts.create_first(settings)


def _offer_demo(settings: Config) -> None:
    """Start loading the demo workspace into a new embedded database."""
    from core.demo import service

    with db.transaction() as session:
        if settings.embedded_postgres and service.decide(session, is_wanted=settings.attune_demo):
            _print(
                "  demo      is being loaded; remove it on any page, or set ATTUNE_DEMO=0 to "
                "start without it\n"
            )


def _start_children(
    data: Path, weights: Path | None, resources: ExitStack, shutdown: "server.Shutdown"
) -> Worker:
    """Start the model server and the worker in the background.

    The worker stops first, because its jobs may call the model.
    """
    model_server.remove_address(data)
    resources.callback(model_server.remove_address, data)
    worker_process = Worker()
    children: list[Child] = (
        [worker_process]
        if weights is None
        else [model_server.ModelServer(data, weights), worker_process]
    )
    for child in children:
        resources.callback(_stop, child, shutdown)
        threading.Thread(
            target=_start, args=(child,), name=f"start {child.name}", daemon=True
        ).start()
    return worker_process


def _stop(child: Child, shutdown: "server.Shutdown") -> None:
    child.stop(shutdown.hurry, within_s=shutdown.children_s)


def _start(child: Child) -> None:
    from core.providers import check

    try:
        child.start()
        if isinstance(child, model_server.ModelServer) and not child.stopping.is_set():
            check.warm("local")  # so that the first call does not wait a second for the import
    except (OSError, RuntimeError, subprocess.SubprocessError, Failure):
        if not child.stopping.is_set():
            log.exception("%s did not start", child.name)


def _start_runner(
    folder: data_folder.LockedFolder,
    addresses: engines.Addresses,
    resources: ExitStack,
    shutdown: "server.Shutdown",
    worker_process: Worker,
) -> "Callable[[], None]":
    """Start the bus and the runner; return the function that ends answers and jobs."""
    from core.executions import runner

    listener = bus.Bus(addresses.core)
    listener.start()
    resources.callback(listener.stop)
    call_runner = runner.Runner(folder.instance())
    runner.use(call_runner)
    call_runner.start()

    def end() -> None:
        worker_process.begin_to_stop()
        call_runner.stop(shutdown.answers_s, shutdown.hurry)

    return resources.callback(end)


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)  # threads that still wait on the network must not block the exit
