"""Limits of Watch on ten million rows: `make bench ARGS=watch DATA=/tmp/much`, on a folder that
`make load` has filled.

It adds the super_admin bench@localhost to the folder: don't use it on one in use.
"""

import os
from pathlib import Path

from sqlalchemy import text

from benchmarks import program
from benchmarks.console import pages
from benchmarks.program import EMAIL, PASSWORD
from benchmarks.report import show
from benchmarks.watch import analysts, routes, services
from core.database.db import transaction
from core.identity import passwords
from core.identity.schemas import NewAccount, Role
from core.identity.service import accounts as service
from core.platform.config import Config, config
from core.processes.startup import opened_databases

PROMISED = 10_000_000
ENOUGH = 1_000_000  # of fewer a bench says little
MISSING = """
This is measured on a data folder with at least a million events and AI requests.
{folder} holds {events:,} and {requests:,}.
Fill one, which takes a quarter of an hour and 18 GB for ten million of each, then measure it:
  make load ROWS=10000000 DATA=/tmp/much
  make bench ARGS={part} DATA=/tmp/much"""
# As the last vacuum counted them: whoever loads rows ends with one.
ROWS = """
select coalesce(sum(greatest(reltuples, 0)), 0)::bigint from pg_inherits join pg_class
    on pg_class.oid = inhrelid
where inhparent = cast(:parent as regclass)"""


def is_wanted() -> bool:
    """Whether the environment names a folder with enough rows; other folders are left alone."""
    return bool(os.environ.get("DATA")) and min(_rows(config())) >= ENOUGH


def measure() -> bool:
    """Measure everything and print it; return whether all limits are met."""
    chosen = config()
    if not is_enough(chosen, "watch"):
        return False
    events, requests = _rows(chosen)
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(
        f"\nWatch, on {events:,} events and {requests:,} AI requests; the machine's load "
        f"before: {busy}"
    )
    if min(events, requests) < PROMISED * 0.99:
        print(f"The limits are those of {PROMISED:,} rows of each.")
    with opened_databases(chosen):
        _let_in()
        held = show("Watch, within the program and beside others", services.measure())
    with program.running(chosen.data, ATTUNE_LOCAL_MODEL="off") as running:
        held &= show("Watch pages, in a browser", pages.measure(running))
        held &= show("Watch over HTTP: p95 of 20", routes.measure(running))
        held &= show("Watch, many at once", analysts.measure(running))
    return held


def is_enough(chosen: Config, part: str) -> bool:
    """Return whether the folder has enough rows for a meaningful result; if not, print how to fill
    one.
    """
    events, requests = _rows(chosen)
    if min(events, requests) < ENOUGH:
        print(MISSING.format(folder=chosen.data, events=events, requests=requests, part=part))
    return min(events, requests) >= ENOUGH


def _rows(chosen: Config) -> tuple[int, int]:
    """Return the number of events and AI requests; 0 in a folder without a database."""
    if chosen.embedded_postgres and not (Path(chosen.data) / "postgres").exists():
        return 0, 0
    with opened_databases(chosen), transaction() as session:
        parents = ("user_activity_events", "ai_request_metrics")
        events, requests = (
            int(session.scalar(text(ROWS), {"parent": parent}) or 0) for parent in parents
        )
    return events, requests


def _let_in() -> None:
    """Create the account for the calls, or reset its password."""
    account = NewAccount(email=EMAIL, full_name="Bench", role=Role.SUPER_ADMIN)
    with transaction() as session:
        service.make_super_admin(session, account, passwords.hash_password(PASSWORD))
