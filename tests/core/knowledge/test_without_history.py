"""A document's history, with each of its former texts, is read only where it is shown."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from core.database.connections import engines
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.knowledge.documents import folders
from core.knowledge.documents.schemas import FolderBody, MarkdownFile
from core.tools.readers import KnowledgeSearch, search_knowledge
from tests.factories.identity import person


@pytest.fixture
def admin(database: Postgres) -> Actor:
    return person(Role.ADMIN).actor


@pytest.fixture
def asked(database: Postgres) -> Iterator[list[str]]:
    """Return the statements that read histories."""
    found: list[str] = []

    def note(*given: Any) -> None:  # noqa: ANN401  SQLAlchemy's own
        statement = str(given[2]).lower()
        if "from ai_kb_document_changes" in statement:
            found.append(statement)

    event.listen(engines.current().ai, "before_cursor_execute", note)
    yield found
    event.remove(engines.current().ai, "before_cursor_execute", note)


def bring_in(text: str, actor: Actor) -> tuple[int, int, int]:
    body = FolderBody(files=[MarkdownFile(name="refunds.md", content=text)])
    with transaction(Database.AI) as ai:
        found = folders.bring_in(ai, body, actor=actor)
    assert found.left_out == []
    return found.made, found.changed, found.unchanged


def test_a_folder_that_comes_again_and_a_search_of_a_model_read_none(
    admin: Actor, asked: list[str]
) -> None:
    # A history is up to a hundred former texts
    assert bring_in("# Refunds\n\nFive days.", admin) == (1, 0, 0)
    asked.clear()
    assert bring_in("# Refunds\n\nSix days.", admin) == (0, 1, 0)
    assert bring_in("# Refunds\n\nSix days.", admin) == (0, 0, 1)
    found = search_knowledge(KnowledgeSearch(query="refunds"), admin)
    assert found["documents"][0]["content"] == "# Refunds\n\nSix days."
    assert asked == []
