"""Images, made small enough for models before they are stored."""

import struct
from io import BytesIO
from threading import Lock

from PIL import Image, ImageOps

from core.attachments.errors import AttachmentRefused

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
MAX_PIXELS = 24_000_000
MAX_SIDE = 1568  # pixels; most models make larger ones smaller themselves
QUALITY = 88
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
# A decoded image has up to 100 MB: one at a time, however many are sent.
_decoding = Lock()


def is_image(content: bytes) -> bool:
    """Return whether a file says that it is an image of a known format."""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return is_webp or content.startswith(SIGNATURES)


def as_jpeg(content: bytes, name: str) -> bytes:
    """Return an image as a JPEG of up to MAX_SIDE pixels, without its metadata.

    Raises AttachmentRefused for one that is broken, or that has too many pixels: those are not
    decoded.
    """
    try:
        with _decoding, Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise AttachmentRefused(
                    f"“{name}” has more than {MAX_PIXELS // 10**6} million pixels."
                )
            return _encoded(_reduced(image))
    except BROKEN:
        raise AttachmentRefused(f"“{name}” cannot be read as an image.") from None


def _reduced(image: Image.Image) -> Image.Image:
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded at a smaller size at once
    reduced = ImageOps.exif_transpose(image.convert("RGBA" if _is_transparent(image) else "RGB"))
    reduced.thumbnail((MAX_SIDE, MAX_SIDE))
    return reduced


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _encoded(image: Image.Image) -> bytes:
    """Return a JPEG; what is transparent becomes white, as on a page."""
    if image.mode == "RGBA":
        page = Image.new("RGB", image.size, "white")
        page.paste(image, mask=image.getchannel("A"))
        image = page
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
