"""Of two saves of the workspace settings at once, the second is refused as if it came later."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database.db import transaction
from core.database.settings import SettingsChanged
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.system import workspace
from core.system.workspace import WorkspaceSettings
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


def test_a_save_that_waits_for_another_does_not_replace_its_default_prompt(
    database: Postgres,
) -> None:
    # Compared before the lock, the first was replaced without a word
    actor = person(Role.SUPER_ADMIN).actor
    with transaction() as session:
        shown = workspace.read(session, actor=actor)

    def save() -> None:
        given = WorkspaceSettings(default_prompt="Be brief.")
        with transaction() as session:
            workspace.change(session, given, actor=actor, loaded=shown)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            given = WorkspaceSettings(default_prompt="Be polite.")
            workspace.change(session, given, actor=actor, loaded=shown)
            second = pool.submit(save)
            with pytest.raises(TimeoutError):
                second.result(timeout=WAIT_S)
        with pytest.raises(SettingsChanged):
            second.result(timeout=LONGEST_S)
    with transaction() as session:
        assert workspace.read(session, actor=actor).default_prompt == "Be polite."
