"""The permission table of the contract: each role on each route."""

import httpx2
import pytest

from core.identity.permissions import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Permission
from core.identity.schemas import Role, Scope
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.api.routes import ANY_ID, Described, described
from tests.factories.identity import person

ALL = frozenset(Role)
ADMINS = frozenset({Role.SUPER_ADMIN, Role.ADMIN})
SUPER = frozenset({Role.SUPER_ADMIN})
WATCHERS = ALL - {Role.REVIEWER}
READERS = ALL - {Role.ANALYST}  # of what users and models say
NOBODY: frozenset[Role] = frozenset()  # keys only
# By the beginning of the path, with its method where that matters; the first that fits.
WHO = {
    f"/admin/ai/tuning/annotations/{ANY_ID}/adjudicate": ADMINS,
    f"/admin/ai/tuning/queue/{ANY_ID}/opinions": ADMINS,
    f"/admin/ai/tuning/queue/{ANY_ID}/adjudicate": ADMINS,
    "PUT /admin/ai/tuning/settings": ADMINS,
    "/admin/auth/": ALL,
    "/admin/accounts": SUPER,
    "/admin/ai/tuning/export": SUPER,
    "/admin/ai/tuning/summary": ALL,
    "/admin/ai/tuning/": READERS,
    "POST /admin/ai/knowledge/documents/proposals": READERS,
    "GET /admin/ai/knowledge/": READERS,
    "POST /admin/ai/knowledge/": ADMINS,
    "PUT /admin/ai/knowledge/": ADMINS,
    "DELETE /admin/ai/knowledge/": ADMINS,
    "PUT /admin/ai/scoring": ADMINS,
    "/admin/ai/": WATCHERS,
    "/admin/batch/": WATCHERS,
    "/admin/users": WATCHERS,
    "/admin/anonymous": WATCHERS,
    "/admin/onboarding/": WATCHERS,
    "/admin/overview": WATCHERS,
    "/admin/releases": WATCHERS,
    "/admin/system/retention": SUPER,
    "/admin/daily-metrics": WATCHERS,
    "GET /admin/funnels": WATCHERS,
    "POST /admin/funnels/preview": WATCHERS,
    "POST /admin/views": WATCHERS,  # of a Watch page
    "/admin/views": ALL,
    "/admin/digests": WATCHERS,
    "/admin/": ADMINS,
    "/evaluation/judges": WATCHERS,
    "/ab-tests": ADMINS,
    "/imports": ADMINS,
    "/insights/": ALL,  # what an actor may not see is left out
    "/analytics/": ADMINS,
    "/bots": ADMINS,
    "/comparisons": ADMINS,
    "/datasets": ADMINS,
    "/evaluation": ADMINS,
    "/models": ADMINS,
    "/providers": ADMINS,
    "/replay": ADMINS,
    "/scenarios": ADMINS,
    "/prompts/execute": ADMINS,
    "/sessions": ADMINS,
    "/templates": ADMINS,
    "/tools": ADMINS,
    "/tickets": READERS,
    "/ingest/": NOBODY,
    "/prompts/": ALL,  # reading and stopping one's own calls: whoever may make none has none
}
BODIES: dict[str, dict[str, object]] = {
    "/analytics/cost-estimation": {
        "calls_per_day": 1,
        "models": ["fake:echo"],
        "input_tokens": 1,
        "max_tokens": 1,
    },
    "/admin/ai/scoring": {"sample_share": 0.1},
    "/admin/ai/knowledge/documents/folder": {"files": [{"name": "a.md", "content": "a"}]},
    "/admin/ai/knowledge/documents": {"title": "a", "content": "b"},
    f"/admin/ai/tuning/annotations/{ANY_ID}": {},
    "/admin/ai/tuning/annotations": {"message_id": "a", "annotation_type": "approved"},
    "/admin/ai/tuning/drafts": {"fields": {}},
    "/admin/ai/tuning/queue/bulk": {"action": "skip", "ids": [ANY_ID]},
    f"/admin/ai/tuning/queue/{ANY_ID}/adjudicate": {"verdict": None},
    f"/admin/ai/tuning/queue/{ANY_ID}/done": {"annotation_type": "approved"},
    "/admin/ai/tuning/queue": {"message_id": "a"},
    "/admin/ai/tuning/settings": {"lease_minutes": 10},
    "/admin/accounts": {"email": "a@example.com", "full_name": "A", "role": "analyst"},
    "/admin/api-keys": {"name": "a", "scopes": ["ingest"]},
    "/admin/prices/reprice": {"dry_run": True},
    "/admin/prices": {
        "model": "a",
        "input": "1",
        "output": "1",
        "valid_from": "2026-01-01T00:00:00Z",
    },
    "/admin/services": {"name": "a", "chat_url": "https://127.0.0.1:9/chat", "token": "t"},
    "/admin/mcp-servers": {"name": "a", "url": "https://127.0.0.1:9/mcp"},
    f"/admin/quotas/{ANY_ID}": {"limit": 1},
    "/admin/quotas": {"scope": "workspace", "measure": "calls", "period": "day", "limit": 1},
    "/admin/providers": {"name": "a", "kind": "openai"},
    "/admin/funnels": {
        "name": "a",
        "steps": [{"event_types": ["a"]}, {"event_types": ["b"]}],
    },
    "/admin/system/cleanup": {"dry_run": True},
    "/admin/system/retention": {"event_days": 30},
    "/admin/redaction": {"mode": "off", "text": "x", "rules": {}},
    "/admin/digests": {"is_subscribed": True},
    f"/admin/views/{ANY_ID}": {"name": "a"},
    "/admin/views": {"name": "a", "page": "overview", "query": {}},
    "/admin/settings": {"default_prompt": "x"},
    "/admin/playground/chat": {"message": "x", "model": "fake:echo"},
    "/sessions/import": {"format": "attune-session"},
    f"/sessions/{ANY_ID}/messages/": {"rating": 1},
    f"/sessions/{ANY_ID}/unsent-message": {"message": "x"},
    f"/sessions/{ANY_ID}/branch": {"message_id": ANY_ID},
    f"/sessions/{ANY_ID}/share": {"accounts": []},
    f"/sessions/{ANY_ID}": {"name": "a"},
    "/sessions": {"name": "a"},
    f"/replay/{ANY_ID}/vote": {"outcome": "tie"},
    "/replay": {"message_id": "a"},
    f"/bots/results/{ANY_ID}/rating": {"rating": 4.5},
    f"/bots/results/{ANY_ID}/analysis": {"judge_model_id": "fake:echo"},
    f"/bots/{ANY_ID}/test-message": {"message": "x", "model_id": "fake:echo"},
    f"/bots/{ANY_ID}/restore": {"version": 1},
    f"/bots/{ANY_ID}/versions": {"note": "a"},
    f"/bots/{ANY_ID}": {"bot_name": "a"},
    "/bots": {"bot_name": "a"},
    f"/scenarios/{ANY_ID}/run": {"bot_id": ANY_ID, "model_id": "fake:echo"},
    "/scenarios/run-all": {"bot_id": ANY_ID, "model_id": "fake:echo"},
    f"/scenarios/{ANY_ID}": {"name": "a"},
    "/scenarios": {"name": "a", "user_messages": ["x"]},
    f"/comparisons/{ANY_ID}/turns": {"message": "x"},
    f"/comparisons/{ANY_ID}/vote": {"turn": 1, "outcome": "tie"},
    f"/comparisons/{ANY_ID}/keep": {"column": 1},
    f"/comparisons/{ANY_ID}/version": {"column": 1},
    "/comparisons": {"columns": [{"model": "fake:echo"}]},
    f"/datasets/{ANY_ID}/cases/from-annotations": {"ids": [ANY_ID]},
    f"/datasets/{ANY_ID}/cases/from-conversations": {"ids": [ANY_ID]},
    f"/datasets/{ANY_ID}/cases/from-votes": {},
    f"/datasets/{ANY_ID}/cases/from-playground": {"session_id": ANY_ID, "message_id": ANY_ID},
    f"/datasets/{ANY_ID}/cases/propose": {"model_id": "fake:echo"},
    f"/datasets/{ANY_ID}/cases/": {"messages": [{"role": "user", "content": "x"}]},
    f"/datasets/{ANY_ID}/cases": {"cases": [{"messages": [{"role": "user", "content": "x"}]}]},
    f"/datasets/{ANY_ID}": {"name": "a"},
    "/datasets": {"name": "a"},
    f"/evaluation/{ANY_ID}/answers": {"answers": [{"id": ANY_ID}]},
    f"/evaluation/{ANY_ID}/": {},
    "/evaluation/": {
        "name": "a",
        "target": {"model_id": "fake:echo"},
        "test_cases": [{"input": "x", "expected_output": {"type": "contains", "value": "x"}}],
    },
    f"/ab-tests/{ANY_ID}": {"test_name": "a"},
    "/ab-tests": {
        "test_name": "a",
        "variants": [{"template_id": "default"}, {"template_id": "default"}],
        "test_cases": [{"input": "x", "expected_output": {"type": "contains", "value": "x"}}],
    },
    "/imports/mappings": {"name": "a", "mapping": {}},
    "/imports/": {},
    f"/templates/{ANY_ID}/improve": {"model_id": "fake:echo"},
    f"/templates/{ANY_ID}/labels/{ANY_ID}/gate": {"dataset_id": ANY_ID, "least_rate": 0.9},
    f"/templates/{ANY_ID}/labels/": {},
    f"/templates/{ANY_ID}/labels": {"name": "production", "version": 1},
    f"/templates/{ANY_ID}/rate": {"rating": 5},
    f"/templates/{ANY_ID}/share": {"accounts": []},
    f"/templates/{ANY_ID}": {"prompt": "x"},
    "/templates": {"name": "a", "prompt": "x"},
    "/prompts/execute": {"model_id": "fake:echo", "prompt": "x"},
    f"/tickets/{ANY_ID}": {"status": "closed"},
    "/tickets": {"title": "a"},
    "/tools/": {},
}
SIGN_IN = ("/admin/auth/login", "/admin/auth/logout", "/admin/auth/refresh", "/callback/ai")


@pytest.mark.parametrize("role", Role)
def test_a_role_is_let_in_exactly_where_the_table_says(client: Client, role: Role) -> None:
    mine = client(person(role))
    answers = {route: ask(mine, route) for route in described() if route.path not in SIGN_IN}
    assert not {str(route) for route, answer in answers.items() if answer.status_code == 401}
    let_in = {str(route) for route, answer in answers.items() if answer.status_code != 403}
    assert let_in == {str(route) for route in answers if role in who(route)}
    assert {answer.json()["code"] for answer in answers.values() if answer.status_code == 403} <= {
        "forbidden"
    }


def who(route: Described) -> frozenset[Role]:
    """Return the roles of the first line of the table that a route belongs to."""
    return next(
        roles
        for path, roles in WHO.items()
        if path in (route.path[: len(path)], str(route)[: len(path)])
    )


def ask(mine: httpx2.Client, route: Described) -> httpx2.Response:
    body = next((body for path, body in BODIES.items() if route.path.startswith(path)), None)
    query = {"session_id": str(new_id())}
    return mine.request(
        route.method, route.path, params=query, json=body if route.takes_body else None
    )


def test_every_role_is_in_the_table() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)


def test_rows_come_in_by_keys_only() -> None:
    assert all(Permission.INGEST not in allowed for allowed in ROLE_PERMISSIONS.values())
    assert SCOPE_PERMISSIONS[Scope.INGEST] == {Permission.INGEST}


@pytest.mark.parametrize(
    "permission", [each for each in Permission if each is not Permission.INGEST]
)
def test_a_super_admin_may_everything_and_a_reviewer_reads_what_is_said_and_says_what_he_thinks(
    permission: Permission,
) -> None:
    assert permission in ROLE_PERMISSIONS[Role.SUPER_ADMIN]
    assert (permission in ROLE_PERMISSIONS[Role.REVIEWER]) is (
        permission in (Permission.READ_CONTENTS, Permission.ANNOTATE, Permission.HANDLE_TICKETS)
    )


def test_accounts_are_for_super_admins_only() -> None:
    assert {
        role for role, allowed in ROLE_PERMISSIONS.items() if Permission.MANAGE_ACCOUNTS in allowed
    } == SUPER
