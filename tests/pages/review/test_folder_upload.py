"""The report of a folder that was uploaded as documents."""

from core.identity.schemas import Role, SessionKind
from core.knowledge.documents.schemas import FolderReport, SkippedFile
from tests.factories.identity import person
from tests.pages.conftest import Console, said

KNOWLEDGE = "review/knowledge/page.py"


def test_a_report_counts_the_files_it_does_not_name_and_is_closed(
    console: Console, database: object
) -> None:
    skipped = [SkippedFile(name=f"{number}.png", reason="Not text.") for number in range(23)]
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), KNOWLEDGE)
    app.session_state["documents.report"] = FolderReport(
        made=3, changed=0, unchanged=0, left_out=skipped
    )
    app.run()
    assert len(app.warning) == 20
    assert app.success[0].value.startswith("3 documents created")
    assert "3 more files were not uploaded." in said(app)
    app.button(key="documents.close_report").click().run()
    assert not app.success
    assert not app.warning
