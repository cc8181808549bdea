"""Keys of programs, made through the product's own service."""

from core.database.db import transaction
from core.identity import keys
from core.identity.schemas import MadeApiKey, NewApiKey, Role, Scope
from tests.factories.identity import person


def api_key(*scopes: Scope, **given: object) -> MadeApiKey:
    """Return a fresh key, by default one that lets rows in."""
    wanted = NewApiKey.model_validate({"name": "a program", "scopes": scopes or (Scope.INGEST,), **given})
    with transaction() as session:
        return keys.make(session, wanted, actor=person(Role.ADMIN).actor)


def bearing(made: MadeApiKey) -> dict[str, str]:
    """Return what its program sends."""
    return {"Authorization": f"Bearer {made.key}"}
