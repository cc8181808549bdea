"""Files that nothing needs any more go by themselves; what is under way, or still to be imported,
stays.
"""

import gzip
import io
import os
import shutil
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx2
import pandas as pd
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.errors import Unavailable
from core.identity.schemas import Role
from core.imports import uploads
from core.imports.containers.files import with_any_access
from core.imports.errors import DiskFull
from core.imports.recognition import recognize
from core.imports.service import files
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.identity import person

LINES = "id,created_at,event_type\ne1,2026-11-20T09:00:00Z,page.view\n"
Usage = namedtuple("Usage", ["total", "used", "free"])  # as shutil has it


@pytest.fixture
def me(client: Client) -> Iterator[httpx2.Client]:
    shutil.rmtree(uploads.folder(), ignore_errors=True)
    uploads.folder().mkdir()
    yield client(person(Role.ADMIN))
    shutil.rmtree(uploads.folder())


def upload(me: httpx2.Client) -> str:
    return str(
        me.post("/imports", params={"name": "file"}, content=LINES).raise_for_status().json()["id"]
    )


def lying(name: str, *, hours: float = 2) -> Path:
    """Return a file in the folder that was last written so long ago."""
    path = uploads.folder() / name
    path.touch()
    os.utime(path, (time.time() - hours * 3600,) * 2)
    return path


def test_what_nothing_names_goes_after_a_week(me: httpx2.Client) -> None:
    old, young = lying(str(new_id()), hours=24 * 7 + 1), lying(str(new_id()), hours=24 * 6)
    files.forget_abandoned()
    assert (old.exists(), young.exists()) == (False, True)


def test_a_file_that_was_to_be_removed_goes_and_one_that_is_to_be_imported_stays(
    me: httpx2.Client,
) -> None:
    removed, kept = upload(me), upload(me)
    me.delete(f"/imports/{removed}/file").raise_for_status()
    again, other = lying(removed), lying(kept, hours=500)
    files.forget_abandoned()
    assert (again.exists(), other.exists()) == (False, True)


def test_copies_that_a_kill_left_behind_go_but_not_those_of_imports_under_way(
    me: httpx2.Client,
) -> None:
    busy, done = upload(me), upload(me)
    with transaction() as session:
        session.execute(text("update imports set status = 'running' where id = :id"), {"id": busy})
    names = [f"unpacked-{busy}-abc", f"unpacked-{done}-abc", "unpacked-abc"]
    found = [lying(name) for name in names]
    fresh = lying(f"unpacked-{done}-def", hours=0.5)
    files.forget_abandoned()
    assert [path.exists() for path in found] == [True, False, False]
    assert fresh.exists()


def test_parts_and_what_is_no_import_stay_as_long_as_before(me: httpx2.Client) -> None:
    part, abandoned, other = (
        lying(f"{new_id()}.part"),
        lying(f"{new_id()}.part", hours=25),
        lying("README", hours=900),
    )
    files.forget_abandoned()
    assert [path.exists() for path in (part, abandoned, other)] == [True, False, True]


def test_a_copy_is_named_after_its_import_and_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / str(new_id())
    path.write_bytes(gzip.compress(b"x" * 3_000_000))
    with with_any_access(path) as plain:
        assert UUID(plain.name.removeprefix(uploads.UNPACKED)[:36]) == UUID(path.name)
        assert plain.read_bytes() == b"x" * 3_000_000
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_unpacked_where_the_database_would_have_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = io.BytesIO()
    pd.DataFrame({"a": [1]}).to_parquet(held)
    path = tmp_path / "packed"
    path.write_bytes(gzip.compress(held.getvalue()))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, uploads.KEPT_FREE - 1))
    with pytest.raises(DiskFull, match="Free some space"):
        recognize.recognize(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_could_not_be_looked_at_is_not_kept(
    me: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(recognize, "recognize", away)
    assert me.post("/imports", params={"name": "file"}, content=LINES).status_code == 503
    assert list(uploads.folder().iterdir()) == []
