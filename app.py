"""Attune. `python app.py` starts everything: Postgres, the model server, the worker, and the console with its API.

`python app.py admin EMAIL` gives that account a new password, `python app.py verify` computes derived data again, and
`python app.py daily` does the daily job now, whether Attune runs or not.
"""

import gc
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

from core.database import bus, db, pools
from core.embedded import ahead, model_server
from core.embedded.child import Child
from core.embedded.worker import Worker
from core.errors import Failure, StartRefused
from core.imports import own_process
from core.platform import data_folder, logs
from core.platform.config import ROOT, Config, ProcessRole, config
from core.processes import worker
from core.processes.opening import addresses, open_up, opened, serving_engines, use_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import streamlit
    from starlette.types import ASGIApp

    from api import server

log = logging.getLogger("attune")


def main(arguments: list[str]) -> int:
    """Run the program in its role; return 0 after an orderly stop, and 1 when it cannot run, which it says why in one line."""
    try:
        chosen = config()
        logs.set_up(chosen.attune_log)
        match arguments:
            case []:
                return work(chosen) if chosen.attune_role is ProcessRole.WORKER else serve(chosen)
            case ["admin", email]:
                return repair_admin(chosen, email)
            case ["verify"]:
                return verify_rollups(chosen)
            case ["daily"]:
                return do_daily(chosen)
            case [own_process.COMMAND, import_id]:
                return do_import(chosen, import_id)
        raise StartRefused("Start it as `python app.py`, or `python app.py admin EMAIL`, `verify` or `daily`.")
    except Failure as refusal:
        sys.stderr.write(f"attune: {refusal.detail}\n")
        return 1
    except SystemExit as left:
        return int(left.code or 0)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def serve(chosen: Config) -> int:
    """Be the web process: bring everything up, serve until told to stop, take everything down."""
    os.chdir(ROOT)  # Streamlit looks for .streamlit/config.toml in the working folder
    from api import connections, server  # the worker and `make admin` do without what this loads

    connections.raise_file_limit()
    departure = server.Departure()
    departure.heed_signals()
    with ExitStack() as house, data_folder.in_words(chosen.data):
        try:
            held = house.enter_context(data_folder.held(chosen.data))
            listening = house.enter_context(server.listen(chosen))
            weights = model_server.weights(chosen.attune_local_model)
            with data_folder.in_words(chosen.data):
                held.announce(chosen.address)
                databases = open_up(chosen, house, departure.waiting)
                house.enter_context(serving_engines(databases))
                departure.step()
                _read_ahead(chosen)
                _introduce(chosen)
                _offer_demo(chosen)
                jobs = _children(chosen.data, weights, house, departure)
                pools.keep_small(*db.engines().all())
                end_answers = _answering(held, databases, house, departure, jobs)
            departure.step()
            app = assemble(chosen)
            # What was imported stays for good: the collector need not look at it again and again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(
                20_000, 20, 20
            )  # requests leave little behind: looking after every 700 objects is a tenth of the time
            server.serve(app, chosen, listening, departure, end_answers)
        finally:
            departure.leave()
    return 0


def assemble(chosen: Config) -> "ASGIApp":
    """Return the console with the API, the sign-in pages and the probes beside it, all behind the gate."""
    import streamlit

    from api import doors, probes
    from pages._ui import links, streamlit_internals
    from pages._ui.errors import on_script_error

    logs.adopt("streamlit", "uvicorn", "websockets")
    # What a page did not expect is logged once, by on_script_error.
    logging.getLogger("streamlit.error_util").setLevel(logging.CRITICAL)
    streamlit_internals.put_callbacks_first()
    readiness = probes.Readiness()

    @asynccontextmanager
    async def lifespan(_app: "streamlit.App") -> "AsyncIterator[dict[str, Any]]":
        readiness.is_ready = True
        threading.Thread(target=_get_ahead, args=(lambda: not readiness.is_ready,), name="get ahead", daemon=True).start()
        _say(f"Attune is ready at {chosen.address}\n")
        yield {}
        readiness.is_ready = False

    console = streamlit.App(ROOT / "pages" / "console.py", lifespan=lifespan, on_script_error=on_script_error)
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    return doors.behind_gate(chosen, readiness, console=console, index=index, pages=links.ADDRESSES)


def work(chosen: Config) -> int:
    """Be the worker."""
    with data_folder.in_words(chosen.data):
        use_key(chosen)
    worker.run(addresses(chosen))
    return 0


def do_import(chosen: Config, import_id: str) -> int:
    """Do what is due of an import, for the worker that started this process."""
    with data_folder.in_words(chosen.data):
        use_key(chosen)
    worker.run_import(addresses(chosen), UUID(import_id))
    return 0


def repair_admin(chosen: Config, email: str) -> int:
    """Make or repair a super_admin, whether Attune runs or not."""
    from core.identity import flows

    with opened(chosen):
        password = flows.new_super_admin(email)
        _say(f"{email} is a super_admin now.\n")
        _hand_over(email, password, chosen.data / "new-password.txt")
    return 0


def verify_rollups(chosen: Config) -> int:
    """Compare what is derived from raw rows with what comes of them now; return 1 when anything differs."""
    from core.system import verify

    with opened(chosen):
        checks = verify.verify()
    for check in checks:
        _say(f"{check.table:34} {check.rows:12,} rows {check.differences:10,} differences\n")
        _say("".join(f"    {example}\n" for example in check.examples))
    return int(any(check.differences for check in checks))


def do_daily(chosen: Config) -> int:
    """Do the daily job now."""
    from core.platform.ids import new_id
    from core.system import daily

    with opened(chosen):
        done = daily.run(f"{daily.JOB}-{new_id()}", triggered_by="make daily")
    for phase, duration_ms in done.durations_ms.items():
        _say(f"{phase:12} {duration_ms:8,} ms\n")
    return 0


def _read_ahead(chosen: Config) -> None:
    """Begin to bring into memory what the first page will ask for, while everything else is loaded."""

    def read() -> None:
        with suppress(Failure):  # a database that does not answer is said by who needs it
            ahead.read(chosen.data / "postgres")

    if chosen.embedded_postgres:
        threading.Thread(target=read, name="read ahead", daemon=True).start()


def _get_ahead(is_over: "Callable[[], bool]") -> None:
    """Load what pages are made of, and ask for what the first ones begin with, so that nobody waits for either."""
    import pages
    from core.insights import warm_up

    for module in pkgutil.walk_packages(pages.__path__, "pages."):
        if not module.name.endswith((".page", ".console")):  # scripts, which Streamlit runs
            importlib.import_module(module.name)
    warm_up.ask(is_over)


def _introduce(chosen: Config) -> None:
    """Make the first account if there is none, and say where everything is."""
    from core.identity import flows

    email = chosen.attune_admin_email
    given = chosen.attune_admin_password.get_secret_value() if chosen.attune_admin_password else None

    def hand_over(password: str) -> None:
        if given is None:
            _hand_over(email, password, chosen.data / "first-password.txt")
        else:
            _say(f"  account   {email}, with the password of ATTUNE_ADMIN_PASSWORD\n")

    _say(f"Attune {chosen.address}\n  data      {chosen.data}\n")
    flows.first_account(email, given, hand_over)


def _offer_demo(chosen: Config) -> None:
    """Let the demo workspace into a new database of our own; never into one that somebody brought."""
    from core.demo import service

    with db.transaction() as session:
        if chosen.embedded_postgres and service.decide(session, is_wanted=chosen.attune_demo):
            _say("  demo      is coming in; it can be removed on any page, and ATTUNE_DEMO=0 leaves it out\n")


def _hand_over(email: str, password: str, path: Path) -> None:
    """Show a password once on a terminal; where none is, put it into a file that only its owner reads."""
    if sys.stdout.isatty():
        _say(f"  account   {email}\n  password  {password}   (shown this once)\n")
        return
    data_folder.write_private(path, f"{email}\n{password}\n")
    _say(f"  account   {email}\n  password  in {path}   (read it, then delete it)\n")


def _children(data: Path, weights: Path | None, house: ExitStack, departure: "server.Departure") -> Worker:
    """Start the model server and the worker; the console need not wait for either. The worker, whose jobs may ask, ends first."""
    model_server.forget_address(data)
    house.callback(model_server.forget_address, data)
    jobs = Worker()
    started: list[Child] = [jobs] if weights is None else [model_server.ModelServer(data, weights), jobs]
    for child in started:
        house.callback(_stop, child, departure)
        threading.Thread(target=_start, args=(child,), name=f"start {child.name}", daemon=True).start()
    return jobs


def _stop(child: Child, departure: "server.Departure") -> None:
    child.stop(departure.hurry, within_s=departure.children_s)


def _start(child: Child) -> None:
    from core.providers import check

    try:
        child.start()
        if isinstance(child, model_server.ModelServer) and not child.stopping.is_set():
            check.warm("local")  # so that the first person who asks does not wait for a second's import
    except (OSError, RuntimeError, subprocess.SubprocessError, Failure):
        if not child.stopping.is_set():
            log.exception("%s did not start", child.name)


def _answering(
    held: data_folder.HeldFolder, addresses: db.Addresses, house: ExitStack, departure: "server.Departure", jobs: Worker
) -> "Callable[[], None]":
    """Begin to listen to other processes, and to make model calls; return how to end those, and jobs meanwhile."""
    from core.executions import runner

    listener = bus.Bus(addresses.core)
    listener.start()
    house.callback(listener.stop)
    calls = runner.Runner(held.instance())
    runner.use(calls)
    calls.start()

    def end() -> None:
        jobs.begin_to_stop()
        calls.stop(departure.answers_s, departure.hurry)

    return house.callback(end)


def _say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)  # a thread that still waits for somebody's answer must not hold us
