"""API keys that read conversations and knowledge, and nothing else."""

import httpx2
import pytest

from core.identity.schemas import Scope
from tests.api.access.test_permissions import BODIES
from tests.api.conftest import Client
from tests.api.routes import Described, described
from tests.factories.annotations import told
from tests.factories.conversations import conversation, stored
from tests.factories.history import count
from tests.factories.keys import api_key, bearing

REVIEW = "/admin/ai/tuning"
OPEN = (
    f"GET {REVIEW}/conversations",
    f"GET {REVIEW}/messages",
    f"GET {REVIEW}/replays",  # those that are shared with the caller: none, for a key
    "GET /admin/ai/knowledge/",
)
ROUTES = [
    each
    for each in described()
    if each.path.startswith("/admin/") and not each.path.startswith("/admin/auth/")
]


@pytest.fixture
def reader(client: Client) -> httpx2.Client:
    one: httpx2.Client = client()
    one.headers.update(bearing(api_key(Scope.READ_CONVERSATIONS)))
    return one


def test_it_is_let_in_where_words_are_read_and_nowhere_else(reader: httpx2.Client) -> None:
    opened = {str(route): ask(reader, route).status_code != 403 for route in ROUTES}
    assert opened == {route: route.startswith(OPEN) for route in opened}


def ask(reader: httpx2.Client, route: Described) -> httpx2.Response:
    body = next((body for path, body in BODIES.items() if route.path.startswith(path)), None)
    return reader.request(route.method, route.path, json=body if route.takes_body else None)


def test_it_reads_a_conversation_without_its_costs_and_that_is_written_down(
    reader: httpx2.Client,
) -> None:
    stored(conversation(messages=2))
    told()
    found = reader.get(f"{REVIEW}/conversations/c").raise_for_status().json()
    assert [each["content"] for each in found["messages"]] == ["text 0", "text 1"]
    assert all(each["cost_usd"] is None for each in found["messages"])
    assert count("audit_log", "action = 'conversation.open' and actor_type = 'key'") == 1
