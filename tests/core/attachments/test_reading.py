"""What files are before they are stored: text, image or PDF, and not too large."""

import struct
import tracemalloc
import zlib
from io import BytesIO

import pytest
from PIL import Image

from core.attachments import images, reading
from core.attachments.errors import AttachmentRefused
from core.attachments.schemas import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TEXT_CHARS,
    AttachmentKind,
    CheckedFile,
    NewAttachment,
)
from tests.factories.attachments import PDF, file, png


def checked(*files: dict[str, str]) -> tuple[CheckedFile, ...]:
    return reading.check([NewAttachment.model_validate(each) for each in files])


def refusal(*files: dict[str, str]) -> str:
    with pytest.raises(AttachmentRefused) as refused:
        checked(*files)
    return refused.value.detail


def image_of(content: bytes) -> Image.Image:
    [found] = checked(file("a", content))
    assert found.kind is AttachmentKind.IMAGE
    return Image.open(BytesIO(found.readable or b""))


@pytest.mark.parametrize(
    "content", ["naïve".encode(), "\ufeffnaïve".encode(), "naïve".encode("utf-16")]
)
def test_text_is_read_in_the_encodings_of_unicode(content: bytes) -> None:
    [found] = checked(file("a.txt", content))
    assert (found.kind, found.readable) == (AttachmentKind.TEXT, "naïve".encode())
    assert found.content == content


@pytest.mark.parametrize("content", [b"\x00\x01", b"caf\xe9", b"PK\x03\x04\xff\x00"])
def test_what_is_no_text_is_refused_by_name(content: bytes) -> None:
    assert refusal(file("a.txt", content)).startswith("“a.txt” is not a text file")


def test_a_file_is_what_its_content_says_and_not_its_name() -> None:
    kinds = [each.kind for each in checked(file("a.txt", png()), file("b.png", PDF))]
    assert kinds == [AttachmentKind.IMAGE, AttachmentKind.PDF]


def test_empty_large_and_many_files_are_refused() -> None:
    assert refusal(file("a", "")) == "“a” is empty."
    assert refusal(file("a", "x" * (MAX_FILE_BYTES + 1))) == "“a” is larger than 5 MiB."
    assert refusal(*[file("a", "x")] * (MAX_FILES + 1)) == "A message takes at most 5 files."
    large = [file("a", PDF + b"x" * (4 * 2**20))] * 3
    assert refusal(*large) == "The files have more than 10 MiB together."
    assert "characters" in refusal(file("a", "x" * MAX_TEXT_CHARS), file("b", "x"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\notes\\a.txt", "a.txt"),
        ("a\nb\u202etxt.exe", "a b txt.exe"),
        ("\x00", "file"),
        ("a" * 900, "a" * 200),
    ],
)
def test_a_name_has_no_folders_and_nothing_that_turns_or_breaks_its_line(
    name: str, expected: str
) -> None:
    assert reading.clean_name(name) == expected


def test_an_image_becomes_a_jpeg_of_at_most_1568_pixels() -> None:
    found = image_of(png(3000, 1500))
    assert (found.format, found.size) == ("JPEG", (1568, 784))
    assert image_of(png(40, 30)).size == (40, 30)


def test_an_image_loses_its_metadata_and_keeps_its_direction() -> None:
    out, exif = BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where it was taken"  # turned by 90 degrees
    Image.new("RGB", (40, 30), "blue").save(out, "JPEG", exif=exif)
    found = image_of(out.getvalue())
    assert found.size == (30, 40)
    assert not found.getexif()


def test_what_is_transparent_becomes_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    assert image_of(out.getvalue()).getpixel((4, 4)) == (255, 255, 255)


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says it has this many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 10**7)
    parts = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("side", [5000, 12_000, 60_000])
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(side: int) -> None:
    content = bomb(side, side)
    tracemalloc.start()
    try:
        with pytest.raises(AttachmentRefused):
            images.as_jpeg(content, "a")
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    finally:
        tracemalloc.stop()


def test_a_broken_image_is_refused() -> None:
    assert refusal(file("a.png", png()[:60])) == "“a.png” cannot be read as an image."
    assert "cannot be read" in refusal(file("a.gif", b"GIF89a"))
    assert "cannot be read" in refusal(file("a.webp", b"RIFF\0\0\0\0WEBPVP8 "))
