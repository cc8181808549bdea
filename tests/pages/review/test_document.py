"""The page of a document."""

from core.identity.schemas import Role, SessionKind
from tests.factories import imports
from tests.factories.conversations import START
from tests.factories.identity import person
from tests.pages.conftest import Console, said

KNOWLEDGE = "review/knowledge/page.py"


def test_a_document_without_a_title_is_named_by_its_id_before_it_is_deleted(
    console: Console,
) -> None:
    imports.send("document", {"id": "faq-7", "content": "c", "created_at": START.isoformat()})
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), KNOWLEDGE)
    app.query_params["document"] = "faq-7"
    app.run()
    app.button(key="documents.delete").click().run()
    assert "“faq-7” will be deleted." in said(app)
