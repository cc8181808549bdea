"""The commands `verify`, `daily` and `distribute`; each returns the program's exit code."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from core.platform import data_folder
from core.platform.config import Config
from core.platform.ids import new_id
from core.processes.startup import open_databases, opened_databases
from core.system.service import daily_job, distribution
from core.system.service.verification import verify

DIFFERENCES_FOUND = 2  # 1 says that a command could not run


def verify_rollups(config: Config) -> int:
    """Compare derived data with raw rows; print differences, and return 2 for any."""
    with opened_databases(config):
        checks = verify.verify()
    for check in checks:
        sys.stdout.write(
            f"{check.table:34} {check.rows:12,} rows {check.differences:10,} differences\n"
        )
        sys.stdout.writelines(f"    {example}\n" for example in check.examples)
    return DIFFERENCES_FOUND if any(check.differences for check in checks) else 0


def run_daily(config: Config) -> int:
    with opened_databases(config):
        result = daily_job.run(f"{daily_job.JOB}-{new_id()}", triggered_by="make daily")
    for phase, duration_ms in result.durations_ms.items():
        sys.stdout.write(f"{phase:12} {duration_ms:8,} ms\n")
    return 0


def distribute_rows(config: Config, *, dry_run: bool) -> int:
    """Distribute the raw tables, or print which would be; StartRefused while Attune runs."""
    with ExitStack() as resources:
        resources.enter_context(data_folder.locked(config.data))
        open_databases(config, resources)
        result = distribution.distribute(dry_run=dry_run)
    verb = "would be distributed" if dry_run else "distributed"
    for table in result.tables:
        state = (
            "was distributed before"
            if table.was_distributed
            else f"{verb} over {result.nodes} nodes"
        )
        sys.stdout.write(f"{table.name:22} about {table.rows:14,} rows  {state}\n")
    return 0


COMMANDS: dict[str, Callable[[Config], int]] = {
    "verify": verify_rollups,
    "daily": run_daily,
    "distribute": partial(distribute_rows, dry_run=False),
    "distribute-dry-run": partial(distribute_rows, dry_run=True),
}
