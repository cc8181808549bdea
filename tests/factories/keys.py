"""API keys, created through the product's service."""

from core.database.db import transaction
from core.identity.schemas import CreatedApiKey, NewApiKey, Role, Scope
from core.identity.service import api_keys
from tests.factories.identity import person


def api_key(*scopes: Scope, **given: object) -> CreatedApiKey:
    """Return a new key, by default for ingest."""
    wanted = NewApiKey.model_validate(
        {"name": "a program", "scopes": scopes or (Scope.INGEST,), **given}
    )
    with transaction() as session:
        return api_keys.create(session, wanted, actor=person(Role.ADMIN).actor)


def bearing(made: CreatedApiKey) -> dict[str, str]:
    """Return the headers with a key."""
    return {"Authorization": f"Bearer {made.key}"}
