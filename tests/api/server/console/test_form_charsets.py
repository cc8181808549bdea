"""Streamlit reads uploaded forms by the charset that they name: only UTF-8 is let through."""

import pytest

from core.embedded.postgres import Postgres
from core.identity.schemas import SessionKind
from tests.api.raw import raw
from tests.factories.identity import person


def status(whole: str, kind: str) -> int:
    cookie = f"Cookie: attune={person(kind=SessionKind.BROWSER).token}"
    more = (cookie, f"Origin: {whole}", f"Content-Type: {kind}", "Content-Length: 0")
    return raw(whole, "/_stcore/upload_file/a/b", *more, method="PUT").status


@pytest.mark.parametrize("charset", ["punycode", "PUNYCODE", '"punycode"', "latin-1"])
def test_a_form_of_another_charset_is_refused(whole: str, database: Postgres, charset: str) -> None:
    # 300 KB of punycode kept the console and the API from answering for 23 s
    assert status(whole, f"multipart/form-data; boundary=x; charset={charset}") == 415


@pytest.mark.parametrize("more", ["", "; charset=UTF-8"])
def test_a_form_in_utf_8_reaches_streamlit(whole: str, database: Postgres, more: str) -> None:
    # Which refuses it without its own token
    assert status(whole, f"multipart/form-data; boundary=x{more}") == 403
