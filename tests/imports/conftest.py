"""A folder for files."""

from pathlib import Path

import pytest

from tests.imports.files import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Make files in a folder of the test's own."""
    return Folder(tmp_path)
