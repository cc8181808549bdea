"""An import says on its page what would go wrong before it begins, and offers what to do."""

from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from sqlalchemy import text
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from core.imports import queries, runner
from core.imports.parsed import RowKind
from core.imports.schemas import ImportStart, ImportStatus, ImportView, NewMapping, RowCounts
from core.imports.service import files, imports, mappings
from core.imports.uploads import Upload
from core.platform.ids import new_id
from tests.factories.identity import Person, person
from tests.pages.conftest import SETTINGS, Console, said

NOW, LATER = "2026-03-04T05:06", "2126-03-04T05:06"


@pytest.fixture
def admin(runner: Runner) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def requests(*times: str, status: str = "ok") -> str:
    lines = [f"{at}:{second:02}Z,gpt-4o,80,{status}" for second, at in enumerate(times)]
    return "\n".join(["timestamp,model,latency_ms,status", *lines, ""])


def added(admin: Person, content: str) -> UUID:
    import_id = new_id()
    with Upload(import_id) as upload:
        upload.write(content.encode())
        stored = upload.keep()
    files.add(import_id, "requests.csv", stored, actor=admin.actor)
    return import_id


def opened(console: Console, admin: Person, import_id: UUID) -> AppTest:
    app = console(admin, SETTINGS).button_group[0].set_value("Import").run()
    return app.button(f"open-{import_id}").click().run()


def read(admin: Person, import_id: UUID) -> ImportView:
    with transaction() as session:
        return queries.get_import(session, import_id, actor=admin.actor)


def imported(admin: Person, import_id: UUID) -> ImportView:
    """Do the worker's part, and return the import."""
    runner.work(import_id, may_go_on=lambda: True)
    return read(admin, import_id)


def labelled(found: Any, label: str) -> Any:  # noqa: ANN401  an element
    return next(each for each in found if each.label == label)


def test_an_import_that_would_reject_most_rows_begins_once_that_is_accepted(
    console: Console, admin: Person
) -> None:
    import_id = added(admin, requests(NOW, LATER, LATER, LATER))
    app = opened(console, admin, import_id)
    app.button("imports.start").click().run()
    [warning] = app.warning
    assert "3 of 4 rows would be rejected" in warning.value
    assert read(admin, import_id).status is ImportStatus.READY
    app.button("imports.start-rest").click().run()
    counts = imported(admin, import_id).counts[RowKind.AI_REQUESTS]
    assert (counts.accepted, counts.rejected) == (1, 3)


def test_a_saved_mapping_that_reads_other_columns_says_which(
    console: Console, admin: Person
) -> None:
    import_id = added(admin, requests(NOW))
    mapping = read(admin, import_id).mapping
    assert mapping is not None
    with transaction() as session:
        for name in ("Same", "Other"):
            kept = NewMapping(name=name, mapping=mapping)
            mappings.save_mapping(session, kept, actor=admin.actor)
            mapping["fields"]["total_latency_ms"]["path"] = "duration"
    app = opened(console, admin, import_id)
    labelled(app.selectbox, "Mapping").select("Same").run()
    assert not app.warning
    labelled(app.selectbox, "Mapping").select("Other").run()
    [warning] = app.warning
    assert "this file do not have" in warning.value
    assert "“duration”" in warning.value
    assert "“status”" not in warning.value


def test_the_mapping_of_a_dry_run_is_not_called_detected(console: Console, admin: Person) -> None:
    import_id = added(admin, requests(NOW))
    mapping = read(admin, import_id).mapping
    assert mapping is not None
    mapping["fields"].pop("status")
    with transaction() as session:
        kept = NewMapping(name="Other", mapping=mapping)
        saved = mappings.save_mapping(session, kept, actor=admin.actor)
        imports.check(session, import_id, ImportStart(mapping_id=saved.id), actor=admin.actor)
    imported(admin, import_id)
    app = opened(console, admin, import_id)
    assert labelled(app.selectbox, "Mapping").options == ["Current mapping", "Other"]
    assert app.dataframe[0].value.set_index("Column").loc["status", "Field"] == "Keep as extra data"


def test_the_detected_mapping_is_back_after_a_dry_run_with_a_saved_one(
    console: Console, admin: Person
) -> None:
    import_id = added(admin, requests(NOW))
    detected = read(admin, import_id).mapping
    assert detected is not None
    other = detected | {"fields": {"created_at": detected["fields"]["created_at"]}}
    with transaction() as session:
        kept = NewMapping(name="Other", mapping=other)
        saved = mappings.save_mapping(session, kept, actor=admin.actor)
    assert "imports.detect" not in [each.key for each in opened(console, admin, import_id).button]
    with transaction() as session:
        imports.check(session, import_id, ImportStart(mapping_id=saved.id), actor=admin.actor)
    imported(admin, import_id)
    app = opened(console, admin, import_id)
    app.button("imports.detect").click().run()
    assert read(admin, import_id).mapping == detected
    assert app.dataframe[0].value.set_index("Column").loc["status", "Field"] == "status"


def test_a_file_of_an_unknown_row_type_is_imported_once_its_type_and_time_are_chosen(
    console: Console, admin: Person
) -> None:
    # A dry run took it for events, and the rows got the time of the import
    import_id = added(admin, "when;what\n2026-03-04 05:06:00;start\n2026-03-05 05:06:00;stop\n")
    app = opened(console, admin, import_id)
    assert "Could not detect the row type" in said(app)
    assert not [each for each in app.button if each.key in ("imports.try", "imports.start")]
    labelled(app.selectbox, "Row type").set_value(RowKind.EVENTS).run()
    assert app.button("imports.start").disabled
    labelled(app.selectbox, "Which column is the time of the row?").set_value("when").run()
    app.button("imports.start").click().run()
    found = imported(admin, import_id)
    assert found.counts[RowKind.EVENTS].accepted == 2
    assert found.first_at is not None
    assert f"{found.first_at:%Y-%m-%d}" == "2026-03-04"


def test_a_column_whose_name_tells_nothing_is_chosen_as_the_event_type(
    console: Console, admin: Person
) -> None:
    import_id = added(admin, "when;what\n2026-03-04 05:06:00;start\n2026-03-05 05:06:00;stop\n")
    app = opened(console, admin, import_id)
    labelled(app.selectbox, "Row type").set_value(RowKind.EVENTS).run()
    offered = labelled(app.selectbox, "Or the column of the event type")
    times = "when (2026-03-04 05:06:00, 2026-03-05 05:06:00)"
    assert offered.options == [times, "what (start, stop)"]
    offered.set_value(1).run()
    assert app.dataframe[0].value.set_index("Column").loc["what", "Field"] == "event_type"
    assert "Event type for all rows" not in [each.label for each in app.text_input]
    labelled(app.selectbox, "Which column is the time of the row?").set_value("when").run()
    app.button("imports.start").click().run()
    imported(admin, import_id)
    with transaction() as session:
        stored = session.scalars(text("select event_type from user_activity_events order by 1"))
        assert stored.all() == ["start", "stop"]


def test_a_file_whose_import_was_undone_is_read_again_for_another_row_type(
    console: Console, admin: Person
) -> None:
    # Without sample values, which an undo removes, nothing would be asked about times
    import_id = added(admin, requests(NOW))
    imports.start(import_id, ImportStart(), actor=admin.actor)
    imported(admin, import_id)
    with transaction() as session:
        imports.undo(session, import_id, actor=admin.actor)
    assert imported(admin, import_id).status is ImportStatus.UNDONE
    app = opened(console, admin, import_id)
    assert app.button("imports.start")
    labelled(app.selectbox, "Row type").set_value(RowKind.EVENTS).run()
    assert "imports.start" not in [each.key for each in app.button]
    app.button(f"imports.read-{import_id}").click().run()
    assert NOW in app.dataframe[0].value["Sample values"][0]


def test_columns_of_an_undone_import_are_changed_once_its_file_is_read_again(
    console: Console, admin: Person
) -> None:
    # An undo removes sample values, so the unit of another field would be guessed from nothing
    import_id = added(admin, requests(NOW))
    imports.start(import_id, ImportStart(), actor=admin.actor)
    imported(admin, import_id)
    with transaction() as session:
        imports.undo(session, import_id, actor=admin.actor)
    imported(admin, import_id)
    app = opened(console, admin, import_id)
    assert "Double-click a field" not in said(app)
    app.button("imports.try").click().run()
    assert imported(admin, import_id).status is ImportStatus.READY
    assert "Double-click a field" not in said(app.run())
    app.button(f"imports.read-{import_id}").click().run()
    assert "Double-click a field" in said(app)


def test_a_stopped_import_does_not_say_that_nothing_is_stored(
    console: Console, admin: Person
) -> None:
    import_id = added(admin, requests(NOW, NOW))
    app = opened(console, admin, import_id)
    app.button("imports.try").click().run()
    imported(admin, import_id)
    assert "of 2 records · nothing stored yet" in said(app.run())
    with transaction() as session:
        row = queries.get_row(session, import_id)
        row.position, row.status = 1, ImportStatus.CANCELLED
        row.counts = {RowKind.AI_REQUESTS: RowCounts(accepted=1).model_dump()}
    words = said(app.run())
    assert "Stopped after 1 record" in words
    assert "of 2 records" in words
    assert "nothing stored yet" not in words


def test_a_refusal_is_not_said_of_other_choices(console: Console, admin: Person) -> None:
    import_id = added(admin, requests(NOW, LATER, LATER, LATER))
    app = opened(console, admin, import_id)
    app.button("imports.start").click().run()
    assert app.warning
    labelled(app.selectbox, "Row type").set_value(RowKind.SCORES).run()
    assert not [each for each in app.warning if "would be rejected" in each.value]
    assert "imports.start-rest" not in [each.key for each in app.button]


def test_a_reload_shows_the_open_import_again(console: Console, admin: Person) -> None:
    import_id = added(admin, requests(NOW))
    app = opened(console, admin, import_id)
    assert app.query_params["import"] == str(import_id)
    again = console(admin, SETTINGS)
    again.query_params["section"], again.query_params["import"] = "Import", str(import_id)
    again.run()
    assert again.button("imports.start")
    again.button("imports.close").click().run()
    assert "import" not in again.query_params


def test_unknown_states_are_mapped_on_the_page(
    console: Console, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = added(admin, requests(NOW, NOW, status="erledigt"))
    app = opened(console, admin, import_id)
    assert "Unknown values of status of the first records" in said(app)
    assert app.button("imports.start").disabled
    edit = DeltaGenerator.data_editor

    def filled_in(
        place: DeltaGenerator,
        table: pd.DataFrame,
        **how: Any,  # noqa: ANN401  passed on
    ) -> pd.DataFrame:
        edited: pd.DataFrame = edit(place, table, **how)
        return edited.assign(**{"Map to": "ok"}) if "Map to" in edited else edited

    monkeypatch.setattr(DeltaGenerator, "data_editor", filled_in)
    app.run()
    app.button("imports.start").click().run()
    assert imported(admin, import_id).counts[RowKind.AI_REQUESTS].accepted == 2


def test_the_same_file_is_offered_to_another_environment_with_ids_of_its_own(
    console: Console, admin: Person
) -> None:
    first, second = (added(admin, requests(NOW, NOW)) for _ in range(2))
    opened(console, admin, first).button("imports.start").click().run()
    assert imported(admin, first).environment == "production"
    app = opened(console, admin, second)
    labelled(app.text_input, "Environment").set_value("staging").run()
    assert "This file was imported into production" in said(app)
    labelled(app.checkbox, "Import into staging with separate IDs").check().run()
    app.button("imports.start").click().run()
    found = imported(admin, second)
    assert (found.environment, found.counts[RowKind.AI_REQUESTS].accepted) == ("staging", 2)


def test_a_detected_file_type_is_overridden_on_the_page(console: Console, admin: Person) -> None:
    import_id = added(admin, "act,prompt\nTerminal,Act as a terminal\nPoet,Write poems\n")
    app = opened(console, admin, import_id)
    assert "not supported" in said(app)
    labelled(app.selectbox, "File type").select("Table: commas").run()
    app.button(f"imports.reread-{import_id}").click().run()
    assert read(admin, import_id).recognition["not_yet"] is None
