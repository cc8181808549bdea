"""The start writes no warning of a library that an operator can do nothing about."""

import warnings

from pydantic.warnings import UnsupportedFieldAttributeWarning

from api import main


def test_a_warning_that_fastapi_causes_is_hidden_in_all_threads() -> None:
    # FastAPI hides it itself, until another thread restores its own filters
    with warnings.catch_warnings(record=True) as written:
        warnings.simplefilter("default")
        main.create()
        warnings.warn("of a route's alias", UnsupportedFieldAttributeWarning, stacklevel=1)
    assert written == []
