"""Funnels that another admin deletes meanwhile; one that becomes the workspace's stays."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from core.activity.errors import WorkspaceFunnelKept
from core.activity.models.funnels import SavedFunnelVersion
from core.activity.queries.funnels.workspace_funnel import latest_version
from core.activity.service import saved_funnels
from core.database.db import read_session, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


def test_a_funnel_that_becomes_the_workspaces_meanwhile_is_not_deleted(database: Postgres) -> None:
    # The check came before the other admin's change, and the workspace was left without a funnel
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


def test_a_list_leaves_out_a_funnel_that_is_deleted_while_it_is_read(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The latest version of a funnel that is gone was an internal error
    actor = person(Role.SUPER_ADMIN).actor
    with transaction() as session:
        [workspace] = saved_funnels.list_funnels(session, actor=actor)
        steps = saved_funnels.funnel_from(workspace)
        plain = saved_funnels.definition_of("Trial", steps, is_workspace=False)
        funnel = saved_funnels.create_funnel(session, plain, actor=actor)

    def read_after_a_deletion(session: Session, funnel_id: UUID) -> SavedFunnelVersion:
        monkeypatch.undo()
        with transaction() as another:
            saved_funnels.delete_funnel(another, funnel.id, actor=actor)
        return latest_version(session, funnel_id)

    monkeypatch.setattr(saved_funnels, "latest_version", read_after_a_deletion)
    with read_session() as session:
        assert [each.id for each in saved_funnels.list_funnels(session, actor=actor)] == [
            workspace.id
        ]
