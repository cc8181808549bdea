"""Accounts and actors, created through the product's services."""

from dataclasses import dataclass

from core.database.db import transaction
from core.identity import queries
from core.identity.models import AdminUser
from core.identity.schemas import Actor, Caller, Role, SessionKind
from core.identity.service import sessions, sign_in_limits
from core.platform import crypto
from core.platform.ids import new_id

PASSWORD = "correct horse battery"
# bcrypt of PASSWORD at its lowest cost: at the usual one, checking it would take the tests minutes.
PASSWORD_HASH = "$2b$04$2yGy2zxjyrG62.J06JJmjOsiH8HbCIhNfPOEDhmu1.zvngbjiyvYK"
CALLER = Caller("127.0.0.1", "pytest", "request")


@dataclass(frozen=True)
class Person:
    """A signed-in account."""

    actor: Actor
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its requests."""
        return {"Authorization": f"Bearer {self.token}"}


def person(
    role: Role = Role.ADMIN, *, email: str | None = None, kind: SessionKind = SessionKind.API
) -> Person:
    """Return a signed-in account of a role."""
    address = email or f"{role.value}-{new_id().hex[-6:]}@example.com"
    with transaction() as session:
        session.add(
            AdminUser(
                id=new_id(),
                email=address,
                full_name=role.value.title(),
                role=role,
                password_hash=PASSWORD_HASH,
            )
        )
    with transaction() as session:
        attempt = sign_in_limits.begin(session, address, CALLER.ip_address)
        signed_in = sessions.finish_sign_in(
            session, attempt, matched_hash=PASSWORD_HASH, kind=kind, caller=CALLER
        )
    assert signed_in is not None
    with transaction() as session:
        found = queries.find_actor(session, crypto.fingerprint(signed_in.token), CALLER)
    assert found is not None
    return Person(found.actor, signed_in.token)
