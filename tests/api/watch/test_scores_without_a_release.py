"""Scores and conversations without a release, app or prompt version have a filter, too."""

from datetime import timedelta

import pytest

from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.api.watch.conftest import got
from tests.factories.conversations import conversation, message, stored
from tests.factories.history import scored
from tests.factories.identity import person

NAMED = {
    "app": {"app": "web"},
    "release": {"release": "2"},
    "prompt_version": {"prompt_name": "support", "prompt_version": "7"},
    "model": {"model": "large"},
}


@pytest.mark.parametrize("name", ["app", "release"])
def test_scores_without_a_value_are_figures_of_none(client: Client, name: str) -> None:
    at = clock.now() - timedelta(hours=1)
    scored("a", 1, at)
    scored("b", 3, at, **NAMED[name])
    analyst = client(person(Role.ANALYST))
    rows = got(analyst, "/admin/ai/scores", **{name: "(none)"})["items"]
    assert [row["value"] for row in rows] == [1]


@pytest.mark.parametrize("name", list(NAMED))
def test_conversations_without_a_value_are_listed_as_none(client: Client, name: str) -> None:
    at = (clock.now() - timedelta(hours=1)).isoformat()
    plain = message(1, created_at=at, role="assistant")
    is_of_all = name in ("app", "release")
    of_all, of_message = (NAMED[name], {}) if is_of_all else ({}, NAMED[name])
    stored(conversation("a") | {"messages": [plain]})
    stored(conversation("b") | {"messages": [plain | of_message]} | of_all)
    reviewer = client(person(Role.REVIEWER))
    rows = got(reviewer, "/admin/ai/tuning/conversations", **{name: "(none)"})["items"]
    assert [row["external_id"] for row in rows] == ["a"]
