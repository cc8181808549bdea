"""What made the answers that were rated is looked up by lists of their keys."""

from collections.abc import Sized

from sqlalchemy import event

from core.database.connections import engines
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.knowledge.feedback.queries import feedback_list
from core.platform.ids import new_id


def test_what_made_a_thousand_answers_is_asked_for_by_one_list(database: Postgres) -> None:
    # As many parameters take longer to pass and to plan than the rows to read
    counts: list[int] = []

    def note(
        _connection: object, _cursor: object, _statement: str, given: Sized, *_: object
    ) -> None:
        counts.append(len(given))

    event.listen(engines.current().core, "before_cursor_execute", note)
    try:
        with transaction() as session:
            found = feedback_list.origins_of(session, [(new_id(), new_id()) for _ in range(1000)])
    finally:
        event.remove(engines.current().core, "before_cursor_execute", note)
    assert found == [feedback_list.UNKNOWN] * 1000
    assert max(counts) == 1
