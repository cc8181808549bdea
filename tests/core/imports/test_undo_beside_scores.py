"""A score that arrives while its AI request is being undone keeps nothing of the request."""

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.imports.service.undo import raw_rows
from core.platform.ids import new_id
from core.scores import service as scores
from tests.factories.imports import row, send

pytestmark = pytest.mark.usefixtures("database")


def test_score_does_not_keep_the_prompt_version_of_a_request_that_goes() -> None:
    # One that arrived after the undo had looked for scores kept it for ever
    ours, request = new_id(), row("request", 1)
    score = {"id": "s", "name": "tone", "value": 1, "ai_request_id": request["id"]}
    send("request", request, import_id=ours)
    with transaction() as undoing:
        raw_rows.take_some(undoing, ours, raw=raw_rows.REQUESTS, latest=raw_rows.LATEST)
        send("score", score | {"created_at": request["created_at"]})
        scores.note_requests()
    with transaction() as session:
        versions = session.scalars(text("select request_versions from message_scores")).all()
    assert versions == [None]
