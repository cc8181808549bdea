"""Unknown addresses return 404, with a page for browsers."""

import pytest

from core.embedded.postgres import Postgres
from core.identity.schemas import SessionKind
from pages._ui.links import ADDRESSES
from tests.api.raw import Answer, raw
from tests.factories.identity import person

NOWHERE = [
    "/metrics",
    "/nope",
    "/overview/x",
    "/overview/x/y",
    "/index.html",
    "/home",
    "/console.py",
    "/Overview",
    "/tuning%20",
]


def ask(whole: str, path: str, *more: str, method: str = "GET") -> Answer:
    return raw(
        whole,
        path,
        f"Cookie: attune={person(kind=SessionKind.BROWSER).token}",
        *more,
        method=method,
    )


@pytest.mark.parametrize("path", NOWHERE)
def test_a_browser_gets_a_page_of_attune_with_404(
    whole: str, database: Postgres, path: str
) -> None:
    answer = ask(whole, path, "Accept: text/html")
    assert answer.status == 404
    assert b"Attune has no page at this address" in answer.body


@pytest.mark.parametrize(
    "path", ["/static/nope.js", "/static/js/nope.js", "/static//etc/passwd", "/static/"]
)
def test_a_file_that_is_not_there_is_not_the_page(
    whole: str, database: Postgres, path: str
) -> None:
    assert (raw(whole, path).status, ask(whole, path).status) == (404, 404)


def test_a_program_gets_a_problem_with_404(whole: str, database: Postgres) -> None:
    answer = ask(whole, "/metrics")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert ask(whole, "/nope", f"Origin: {whole}", method="POST").status == 404


def test_every_page_of_the_console_is_at_its_address(whole: str, database: Postgres) -> None:
    statuses = {
        path: ask(whole, f"/{path}", "Accept: text/html").status for path in ["", *ADDRESSES]
    }
    assert set(statuses.values()) == {200}, statuses
