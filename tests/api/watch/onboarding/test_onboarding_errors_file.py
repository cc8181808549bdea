"""Errors of onboarding as a file."""

import csv
import io
from datetime import timedelta

from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, store
from tests.factories.identity import person


def test_the_file_has_a_row_for_each_error_code(client: Client) -> None:
    at = clock.now() - timedelta(hours=1)
    store(
        [
            event("onboarding.login_error", at + timedelta(seconds=number), user_id="u")
            for number in range(2)
        ]
        + [event("onboarding.register_error", at, user_id="v", error_code="=E1")]
    )
    ask = client(person())
    answer = ask.get("/admin/onboarding/errors", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["error_code"], row["count"], row["users"]) for row in rows] == [
        ("", "2", "1"),
        ("'=E1", "1", "1"),
    ]
