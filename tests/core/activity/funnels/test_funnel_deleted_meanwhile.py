"""A funnel that becomes the workspace's while another admin deletes it stays."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.activity.errors import WorkspaceFunnelKept
from core.activity.service import saved_funnels
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


def test_a_funnel_that_becomes_the_workspaces_meanwhile_is_not_deleted(database: Postgres) -> None:
    actor = person(Role.SUPER_ADMIN).actor
    with transaction() as session:
        steps = saved_funnels.funnel_from(saved_funnels.list_funnels(session, actor=actor)[0])
        plain, chosen = (
            saved_funnels.definition_of("Trial", steps, is_workspace=is_workspace)
            for is_workspace in (False, True)
        )
        funnel = saved_funnels.create_funnel(session, plain, actor=actor)

    def delete() -> None:
        with transaction() as session:
            saved_funnels.delete_funnel(session, funnel.id, actor=actor)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            saved_funnels.change_funnel(session, funnel.id, chosen, actor=actor)
            session.flush()
            deleting = pool.submit(delete)
            with pytest.raises(TimeoutError):
                deleting.result(timeout=WAIT_S)
        with pytest.raises(WorkspaceFunnelKept):
            deleting.result(timeout=LONGEST_S)
