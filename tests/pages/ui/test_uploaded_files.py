"""Files that are uploaded to the console take a limited part of the memory."""

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages._ui import streamlit_internals

CONTENT = bytes(19 * 2**20)  # the largest file that a page takes has 20 MiB
NAMES = [f"{number}.zip" for number in range(40)]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> MemoryUploadedFileManager:
    # Put back at the end
    monkeypatch.setattr(MemoryUploadedFileManager, "add_file", MemoryUploadedFileManager.add_file)
    streamlit_internals.forget_old_files()
    return MemoryUploadedFileManager("/_stcore/upload_file")


def upload(files: MemoryUploadedFileManager, tab: str, name: str, content: bytes = CONTENT) -> None:
    files.add_file(tab, UploadedFileRec(name, name, "application/zip", content))


def kept(files: MemoryUploadedFileManager, tab: str) -> list[str]:
    return [file.name for file in files.get_files(tab, NAMES)]


def test_a_tab_keeps_its_newest_files(files: MemoryUploadedFileManager) -> None:
    # Streamlit keeps uploads until the tab is closed: 40 of 19 MiB took 760 MB
    for name in NAMES:
        upload(files, "a tab", name)
    assert kept(files, "a tab") == NAMES[-3:]


def test_a_tab_keeps_no_more_empty_files_than_a_page_takes(
    files: MemoryUploadedFileManager,
) -> None:
    names = [f"{number}.md" for number in range(streamlit_internals.MOST_FILES + 1)]
    for name in names:
        upload(files, "a tab", name, b"")
    assert [file.name for file in files.get_files("a tab", names)] == names[1:]


def test_of_many_tabs_those_that_uploaded_last_keep_their_files(
    files: MemoryUploadedFileManager,
) -> None:
    for name in NAMES:
        upload(files, f"tab of {name}", name)
    upload(files, f"tab of {NAMES[-1]}", NAMES[0])
    kept_in = [name for name in NAMES if kept(files, f"tab of {name}")]
    assert kept_in == NAMES[-25:]
    assert kept(files, f"tab of {NAMES[-1]}") == [NAMES[0], NAMES[-1]]
