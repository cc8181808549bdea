"""A page that was opened before an upgrade still loads what it draws for the first time."""

from pathlib import Path

import streamlit

from tests.api.raw import raw

MODULES = Path(streamlit.__file__).parent / "static" / "static" / "js"


def test_a_module_is_found_by_its_address_in_another_release(address: str) -> None:
    module = next(MODULES.glob("DataFrame.*.js"))
    answer = raw(address, f"/static/console-{'0' * 16}/{module.name}")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.body == module.read_bytes()


def test_a_module_that_this_release_does_not_have_is_missing(address: str) -> None:
    assert raw(address, f"/static/console-{'0' * 16}/DataFrame.gone.js").status == 404
