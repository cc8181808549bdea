"""Distributing raw rows over the nodes of a cluster, and when that is refused."""

import pytest

from core.embedded.postgres import Postgres
from core.errors import StartRefused
from core.platform.config import config
from core.platform.data_folder import LockedFolder
from core.processes import commands
from core.system.service import distribution
from tests import citus


@pytest.mark.skipif(bool(citus.INSTALLATION), reason="this database has Citus")
def test_a_database_without_citus_is_refused_in_one_sentence(database: Postgres) -> None:
    with pytest.raises(StartRefused) as refused:
        distribution.distribute(dry_run=True)
    assert "has no Citus" in refused.value.detail


def test_nothing_is_distributed_while_attune_runs_on_the_data_folder(
    own_folder: LockedFolder,
) -> None:
    running = config().model_copy(update={"data": own_folder.path})
    with pytest.raises(StartRefused) as refused:
        commands.distribute_rows(running, dry_run=False)
    assert "already runs" in refused.value.detail


@pytest.mark.skipif(not citus.INSTALLATION, reason="make prove ARGS=citus runs it")
def test_tables_that_are_distributed_stay_as_they_are(database: Postgres) -> None:
    done = distribution.distribute(dry_run=False)
    assert (done.nodes, [table.was_distributed for table in done.tables]) == (2, [True, True])
