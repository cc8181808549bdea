"""The first account of an installation is created with what its settings say, or refused."""

import pytest

from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import StartRefused
from core.identity import queries
from core.identity.service import first_account

EMAIL, PASSWORD = "first@example.com", "correct horse battery"


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("nobody", PASSWORD, "valid email address"),
        (EMAIL, "too short", "12 to 72 bytes"),
        (EMAIL, "x" * 73, "12 to 72 bytes"),
    ],
)
def test_one_that_cannot_be_is_refused_and_created_once_its_settings_can(
    database: Postgres, email: str, password: str, words: str
) -> None:
    with pytest.raises(StartRefused, match=words) as refused:
        first_account.create(email, password)
    assert "Change ATTUNE_ADMIN_EMAIL or ATTUNE_ADMIN_PASSWORD." in str(refused.value)
    with transaction() as session:
        assert not queries.has_accounts(session)
    assert first_account.create(EMAIL, PASSWORD) == PASSWORD
