"""Uploaded folders of Markdown: files, ZIP files, and invalid ones."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import pytest

from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.knowledge.documents import folders
from core.knowledge.documents.folders import MOST_BYTES
from core.knowledge.documents.schemas import MarkdownFile
from core.knowledge.errors import FolderRefused
from core.platform.ids import new_id
from tests.factories.identity import CALLER


def read_files(files: Sequence[tuple[str, bytes]], role: Role = Role.ADMIN) -> list[MarkdownFile]:
    return folders.read_files(
        files, actor=Actor(new_id(), "one@example.com", "One", role, None, CALLER)
    )


def packed(files: Mapping[str, str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as folder:
        for name, content in files.items():
            folder.writestr(name, content)
    return held.getvalue()


def overwritten(content: bytes, at: int) -> bytes:
    return content[:at] + b"\xff" * 10 + content[at + 10 :]


def test_markdown_is_read_from_files_and_zips_and_all_else_is_left() -> None:
    files = [
        ("guide.md", b"# Guide"),
        ("logo.png", b"\x89PNG"),
        ("more.zip", packed({"a/b.md": "# B", "__MACOSX/b.md": "", "c": ""})),
    ]
    assert [(each.name, each.content) for each in read_files(files)] == [
        ("guide.md", "# Guide"),
        ("a/b.md", "# B"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 but no more",
        packed({"a.md": "# A"})[:-30],
        overwritten(packed({"a.md": "hello world " * 500}), 40),
    ],
    ids=["empty", "a beginning", "cut off", "overwritten"],
)
def test_a_zip_that_is_broken_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(FolderRefused, match="cannot be read"):
        read_files([("guide.zip", content)])


def test_a_small_zip_that_becomes_large_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(FolderRefused):
        read_files([("bomb.zip", packed({"a.md": "0" * (MOST_BYTES + 10)}))])


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2], ids=["lzma", "bzip2"])
def test_a_zip_that_would_be_unpacked_whole_is_refused_before_it_is(
    method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = packed({"a.md": "0" * (MOST_BYTES + 10)}, method)
    monkeypatch.setattr(zipfile.ZipExtFile, "read", None)
    with pytest.raises(FolderRefused, match="Unsupported ZIP compression"):
        read_files([("bomb.zip", bomb)])


def test_who_may_not_change_knowledge_has_nothing_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_unpacked", None)
    with pytest.raises(Forbidden):
        read_files([("guide.md", b"# Guide")], Role.REVIEWER)


def test_without_any_markdown_it_is_refused() -> None:
    with pytest.raises(FolderRefused, match="No Markdown"):
        read_files([("logo.png", b"\x89PNG")])


def test_a_title_is_the_first_heading_else_the_name_in_words() -> None:
    files = read_files(
        [("getting-started_now.md", b"no heading"), ("x.md", b"text\n## Second ##\n# First #")]
    )
    assert [folders.title_of(each) for each in files] == ["getting started now", "First"]


def test_a_heading_of_any_length_is_read_in_one_step() -> None:
    # A heading with many spaces held the process for hours
    files = read_files([("x.md", b"# a" + b" " * 100_000 + b"b"), ("named.md", b"# ##\n")])
    assert [len(folders.title_of(each)) for each in files] == [500, len("named")]


def test_a_file_that_is_too_long_for_a_document_is_refused_and_not_cut_off() -> None:
    with pytest.raises(FolderRefused, match=r"long\.md has more than 1,000,000 characters"):
        read_files([("long.md", b"0" * 1_000_001)])
